/* SPDX-License-Identifier: MPL-2.0 */
/*
 * What has been said: of the subject, and of every artifact in it.
 *
 * Baselines nest, so its members are walked level by level; each is looked at
 * once, however often and deep it is named, so that a baseline which contains
 * itself ends the walk like any other. What the ledger lends is copied before
 * the next question.
 */
#include <stdlib.h>
#include <string.h>

#include "node/mem.h"
#include "node/promote_private.h"

static void
copy_buf(struct cim_buf *out, const struct cim_buf *buf)
{
    *out = (struct cim_buf){0};
    if (buf->len && cim_buf_add(out, buf->p, buf->len))
        mem_fail();
}

void
promote_subject_copy(struct ledger_subject *out,
                     const struct ledger_subject *subject)
{
    *out = *subject;
    copy_buf(&out->topic, &subject->topic);
    copy_buf(&out->title, &subject->title);
    copy_buf(&out->url, &subject->url);
    copy_buf(&out->branch, &subject->branch);
}

/* ---- answers ------------------------------------------------------------*/

/* The newest word of one who may waive this, if it is that. */
static enum cim_err
find_waiver(struct store_reader *reader, const struct rule *rule,
            const struct ledger_subject *of, struct promote_answer *answer)
{
    enum cim_err err = CIM_OK;

    for (size_t i = 0; i < rule->n_waivers && !err; i++) {
        struct ledger_stamp said;

        err = ledger_said(reader, of, rule->waivers[i], answer->want->level,
                          &said);
        if (!err && said.state == LEDGER_WAIVED &&
            (answer->waiver.state == LEDGER_MISSING ||
             ledger_order(&answer->waiver.at, &said.at) < 0))
            answer->waiver = said;
    }
    return err;
}

static enum cim_err
answer_want(struct store_reader *reader, const struct rule *rule,
            const struct ledger_subject *of, struct promote_answer *answer)
{
    enum cim_err err = ledger_said(reader, of, answer->want->community,
                                   answer->want->level, &answer->said);

    return err ? err : find_waiver(reader, rule, of, answer);
}

static enum cim_err
add_ask(struct store_reader *reader, const struct rule *rule,
        const struct rule_need *need, const struct ledger_subject *of,
        struct promote_verdict *out)
{
    struct promote_ask *ask;
    enum cim_err err = CIM_OK;

    xgrow(&out->asks, &out->cap_asks, out->n_asks, sizeof *out->asks);
    ask = &out->asks[out->n_asks++];
    *ask =
        (struct promote_ask){.need = need,
                             .member = need->members,
                             .of = of->name,
                             .title = xtext(cim_buf_bytes(&of->title)),
                             .answers = xcalloc(need->n, sizeof *ask->answers)};
    for (size_t i = 0; i < need->n && !err; i++) {
        ask->answers[i].want = &need->wants[i];
        err = answer_want(reader, rule, of, &ask->answers[i]);
    }
    return err;
}

static enum cim_err
add_asks(struct store_reader *reader, const struct rule *rule, bool members,
         const struct ledger_subject *of, struct promote_verdict *out)
{
    enum cim_err err = CIM_OK;

    for (size_t i = 0; i < rule->n_needs && !err; i++)
        if (rule->needs[i].members == members)
            err = add_ask(reader, rule, &rule->needs[i], of, out);
    return err;
}

/* ---- members ------------------------------------------------------------*/

struct walk {
    struct promote_verdict *out;
    struct ledger_subject *v; /* owned; met so far, the baseline first */
    unsigned *depth;          /* owned; of each */
    size_t n, cap, cap_depth;
    unsigned below; /* depth of what is being found */
    size_t *slots;  /* owned; v's index + 1 by name */
    size_t mask;
};

static size_t *
slot_of(const struct walk *walk, const struct ledger_name *name)
{
    size_t at;

    memcpy(&at, name->id.b + sizeof name->id.b - sizeof at, sizeof at);
    for (at &= walk->mask; walk->slots[at]; at = (at + 1) & walk->mask)
        if (promote_name_cmp(&walk->v[walk->slots[at] - 1].name, name) == 0)
            break;
    return &walk->slots[at];
}

static void
meet(struct walk *walk, const struct ledger_subject *subject)
{
    size_t *slot = slot_of(walk, &subject->name);

    if (*slot)
        return;
    if (walk->n > PROMOTE_MEMBERS_MAX) {
        walk->out->too_much = true;
        return;
    }
    xgrow(&walk->v, &walk->cap, walk->n, sizeof *walk->v);
    xgrow(&walk->depth, &walk->cap_depth, walk->n, sizeof *walk->depth);
    walk->depth[walk->n] = walk->below;
    promote_subject_copy(&walk->v[walk->n++], subject);
    *slot = walk->n;
}

static void
add_loose(struct promote_verdict *out, enum ledger_how how, const char *wanted)
{
    if (out->n_loose > PROMOTE_MEMBERS_MAX) {
        out->too_much = true;
        return;
    }
    xgrow(&out->loose, &out->cap_loose, out->n_loose, sizeof *out->loose);
    out->loose[out->n_loose++] =
        (struct promote_loose){.how = how, .wanted = xstrdup(wanted)};
}

static bool
take_member(void *ctx, enum ledger_how how, const char *wanted,
            const struct ledger_subject *member)
{
    struct walk *walk = ctx;

    if (member)
        meet(walk, member);
    else
        add_loose(walk->out, how, wanted);
    return !walk->out->too_much;
}

static enum cim_err
open_baseline(struct store_reader *reader, struct walk *walk, size_t i)
{
    struct ledger_subject baseline;
    enum cim_err err;

    if (walk->depth[i] == PROMOTE_DEPTH_MAX) {
        walk->out->too_much = true;
        return CIM_OK;
    }
    walk->below = walk->depth[i] + 1;
    /* v moves as it grows. */
    promote_subject_copy(&baseline, &walk->v[i]);
    err = ledger_members(reader, &baseline, take_member, walk);
    ledger_subject_clear(&baseline);
    return err;
}

static void
walk_clear(struct walk *walk)
{
    for (size_t i = 0; i < walk->n; i++)
        ledger_subject_clear(&walk->v[i]);
    free(walk->v);
    free(walk->depth);
    free(walk->slots);
}

static enum cim_err
add_members(struct store_reader *reader, const struct rule *rule,
            const struct ledger_subject *baseline, struct promote_verdict *out)
{
    struct walk walk = {.out = out, .mask = 4 * PROMOTE_MEMBERS_MAX - 1};
    size_t artifacts = 0;
    enum cim_err err = CIM_OK;

    walk.slots = xcalloc(walk.mask + 1, sizeof *walk.slots);
    meet(&walk, baseline);
    for (size_t i = 0; i < walk.n && !err && !out->too_much; i++) {
        if (walk.v[i].kind == LEDGER_BASELINE) {
            err = open_baseline(reader, &walk, i);
            continue;
        }
        artifacts++;
        err = add_asks(reader, rule, true, &walk.v[i], out);
    }
    out->no_members = artifacts == 0 && out->n_loose == 0;
    walk_clear(&walk);
    return err;
}

enum cim_err
promote_gather(struct store_reader *reader, const struct rule *rule,
               const struct ledger_subject *subject,
               struct promote_verdict *out)
{
    bool members = false;
    enum cim_err err = add_asks(reader, rule, false, subject, out);

    for (size_t i = 0; i < rule->n_needs; i++)
        members = members || rule->needs[i].members;
    return err || !members ? err : add_members(reader, rule, subject, out);
}

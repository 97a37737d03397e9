/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The verdict in words: a sentence for each requirement that the outcome rests
 * on, or, when it is open, for each that is missing something, with who could
 * provide it. The same words go into the decision, so no time, no arrival and
 * nothing else of this node is in them.
 */
#include <ctype.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "node/mem.h"
#include "node/promote.h"

__attribute__((format(printf, 2, 3))) static void
put(struct cim_buf *out, const char *fmt, ...)
{
    char text[400];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    if (cim_buf_add_str(out, text))
        mem_fail();
}

/* "odl:019aab2c-..." */
static void
put_name(struct cim_buf *out, const struct ledger_name *name)
{
    char id[CIM_UUID_TEXT_LEN + 1];

    cim_uuid_text(&name->id, id);
    put(out, "%s:%s", name->community, id);
}

static void
put_by(struct cim_buf *out, const struct ledger_stamp *stamp)
{
    put(out, " (");
    put_name(out, &stamp->by);
    put(out, ")");
}

/* "7d": the largest unit that leaves nothing. */
static void
put_duration(struct cim_buf *out, int64_t ms)
{
    static const struct {
        char letter;
        int64_t ms;
    } units[] = {{'w', 604800000},
                 {'d', 86400000},
                 {'h', 3600000},
                 {'m', 60000},
                 {'s', 1000}};
    size_t i = 0;

    while (i < 4 && ms % units[i].ms)
        i++;
    put(out, "%" PRId64 "%c", ms / units[i].ms, units[i].letter);
}

/* ---- one answer ---------------------------------------------------------*/

/* "opnfv can say it or waive it, or odl, onap can waive it" */
static void
put_who(struct cim_buf *out, const struct rule *rule,
        const struct rule_want *want, const char *what)
{
    size_t others = 0;

    put(out, "; %s can %s%s", want->community, what,
        rule_may_waive(rule, want->community) ? " or waive it" : "");
    for (size_t i = 0; i < rule->n_waivers; i++)
        if (strcmp(rule->waivers[i], want->community) != 0)
            put(out, "%s%s", others++ ? ", " : ", or ", rule->waivers[i]);
    if (others)
        put(out, " can waive it");
}

/* "opnfv:OPNFV_ACCEPTANCE=FAILURE (opnfv:ID)" */
static void
put_said(struct cim_buf *out, const struct promote_answer *a)
{
    char word[24];

    snprintf(word, sizeof word, "%s", ledger_state_text(a->said.state));
    for (char *p = word; *p; p++)
        *p = (char)toupper((unsigned char)*p);
    put(out, "%s:%s=%s", a->want->community, a->want->level, word);
    put_by(out, &a->said);
}

static void
put_holds(struct cim_buf *out, const struct promote_answer *a)
{
    if (a->said.state == LEDGER_SUCCESS) {
        put_said(out, a);
        return;
    }
    put(out, "%s:%s waived by %s", a->want->community, a->want->level,
        a->waiver.by.community);
    put_by(out, &a->waiver);
}

static void
put_waits(struct cim_buf *out, const struct rule *rule,
          const struct promote_answer *a)
{
    const struct rule_want *want = a->want;

    switch (a->said.state) {
    case LEDGER_MISSING:
        put(out, "%s has not said %s", want->community, want->level);
        put_who(out, rule, want, "say it");
        return;
    case LEDGER_QUEUED:
    case LEDGER_RUNNING:
        put(out, "%s says %s is %s", want->community, want->level,
            ledger_state_text(a->said.state));
        put_by(out, &a->said);
        put_who(out, rule, want, "say how it ended");
        return;
    case LEDGER_WAIVED:
        put(out, "%s waived %s", want->community, want->level);
        put_by(out, &a->said);
        put(out, ", which the rule does not let it");
        put_who(out, rule, want, "say SUCCESS");
        return;
    default:
        put(out, "%s says %s is %s", want->community, want->level,
            ledger_state_text(a->said.state));
        put_by(out, &a->said);
        put_who(out, rule, want, "say it again");
    }
}

static void
put_stale(struct cim_buf *out, const struct rule *rule,
          const struct promote_answer *a)
{
    put_holds(out, a);
    put(out, " is more than ");
    put_duration(out, rule->fresh_ms);
    put(out, " older than the newest");
    put_who(out, rule, a->want, "say it again");
}

static void
put_answer(struct cim_buf *out, const struct rule *rule,
           const struct promote_answer *a)
{
    switch (a->word) {
    case PROMOTE_HOLDS:
        put_holds(out, a);
        break;
    case PROMOTE_AGAINST:
        put_said(out, a);
        break;
    case PROMOTE_STALE:
        put_stale(out, rule, a);
        break;
    case PROMOTE_WAITS:
        put_waits(out, rule, a);
        break;
    }
}

/* ---- one ask ------------------------------------------------------------*/

/* Of a decided outcome what it rests on; of an open one what is not there. */
static bool
is_told(const struct promote_verdict *v, const struct promote_answer *a)
{
    return v->outcome == PROMOTE_OPEN ? a->word != PROMOTE_HOLDS : a->used;
}

static size_t
count_held(const struct promote_ask *ask)
{
    size_t n = 0;

    for (size_t i = 0; i < ask->need->n; i++)
        n += ask->answers[i].word == PROMOTE_HOLDS;
    return n;
}

static void
put_head(struct cim_buf *out, const struct promote_ask *ask)
{
    put(out, "%s", ask->need->label);
    if (ask->member) {
        put(out, ", %s%s", ask->title, *ask->title ? " " : "");
        put_name(out, &ask->of);
    }
    put(out, ": ");
    if (ask->need->k < ask->need->n)
        put(out, "%zu of %zu needed, %zu there: ", ask->need->k, ask->need->n,
            count_held(ask));
}

/* False: nothing to tell of this one. */
static bool
put_ask(struct cim_buf *out, const struct rule *rule,
        const struct promote_verdict *v, const struct promote_ask *ask)
{
    size_t told = 0;

    if (v->outcome == PROMOTE_OPEN && count_held(ask) >= ask->need->k)
        return false;
    put_head(out, ask);
    for (size_t i = 0; i < ask->need->n; i++) {
        if (!is_told(v, &ask->answers[i]))
            continue;
        put(out, "%s", told++ ? ". " : "");
        put_answer(out, rule, &ask->answers[i]);
    }
    return told > 0;
}

static void
put_loose(struct cim_buf *out, const struct promote_loose *loose)
{
    put(out, "member '%.200s': ", loose->wanted);
    if (loose->how == LEDGER_CLAIMED)
        put(out, "more than one community has something of that name; who "
                 "defines the baseline can name it COMMUNITY:ID");
    else
        put(out, "not here; who made it can publish it, and this node has to "
                 "follow that or fetch it");
}

/* ---- all ----------------------------------------------------------------*/

struct teller {
    void (*each)(void *ctx, const char *text);
    void *ctx;
    struct cim_buf text;
};

static void
tell(struct teller *t)
{
    const char *text = cim_buf_cstr(&t->text);

    if (!text)
        mem_fail();
    t->each(t->ctx, text);
    cim_buf_reset(&t->text);
}

static void
tell_members(struct teller *t, const struct promote_verdict *v)
{
    for (size_t i = 0; i < v->n_loose; i++) {
        put_loose(&t->text, &v->loose[i]);
        tell(t);
    }
    if (v->no_members) {
        put(&t->text, "it has no artifact that could be asked; who defines "
                      "the baseline can name some");
        tell(t);
    }
    if (v->too_much) {
        put(&t->text,
            "it has more than %d members, or nests deeper than %d: not all "
            "of it is looked at",
            PROMOTE_MEMBERS_MAX, PROMOTE_DEPTH_MAX);
        tell(t);
    }
}

void
promote_reasons(const struct rule *rule, const struct promote_verdict *v,
                void (*each)(void *ctx, const char *text), void *ctx)
{
    struct teller t = {.each = each, .ctx = ctx};

    for (size_t i = 0; i < v->n_asks; i++) {
        if (put_ask(&t.text, rule, v, &v->asks[i]))
            tell(&t);
        cim_buf_reset(&t.text);
    }
    if (v->outcome == PROMOTE_OPEN)
        tell_members(&t, v);
    cim_buf_clear(&t.text);
}

/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Is there a decision to be said, and under which id?
 *
 * The id of a decision is a hash of what it says and of what it rests on, so
 * two nodes of one community, or one node twice, make the same event and it is
 * kept once. A community may come back to an outcome on the very same stamps
 * (a rule was changed and changed back, another node of it knew less): the id
 * then counts the turns, and after PROMOTE_TURNS_MAX of them the rule is
 * silent, so that two nodes that disagree cannot fill the mesh.
 */
#include <string.h>

#include "node/mem.h"
#include "node/promote_private.h"

/* ---- ids ----------------------------------------------------------------*/

static void
hash_text(struct cim_buf *in, const char *text)
{
    /* With its NUL, so that two texts cannot be read as others. */
    if (cim_buf_add(in, text, strlen(text) + 1))
        mem_fail();
}

static void
hash_name(struct cim_buf *in, const struct ledger_name *name)
{
    hash_text(in, name->community);
    if (cim_buf_add(in, name->id.b, sizeof name->id.b))
        mem_fail();
}

/* Version 8, of BLAKE2b-256 over: a word, community, rule, level, subject,
 * outcome, turn, and every stamp used. */
static struct cim_uuid
decision_id(const struct promote_case *c, const struct promote_verdict *v,
            unsigned turn)
{
    struct cim_buf in = {0};
    struct cim_hash hash;
    uint8_t n[8];

    hash_text(&in, "cimesh promote v1");
    hash_text(&in, c->community);
    hash_text(&in, c->rule->name);
    hash_text(&in, c->rule->level);
    hash_name(&in, &c->subject->name);
    hash_text(&in, promote_outcome_text(v->outcome));
    cim_u64be(turn, n);
    if (cim_buf_add(&in, n, sizeof n))
        mem_fail();
    for (size_t i = 0; i < v->n_used; i++)
        hash_name(&in, &v->used[i].by);
    hash = cim_hash_bytes(cim_buf_bytes(&in));
    cim_buf_clear(&in);
    return cim_uuid_v8(&hash);
}

struct cim_uuid
promote_overdue_id(const struct promote_case *c)
{
    struct cim_buf in = {0};
    struct cim_hash hash;

    hash_text(&in, "cimesh overdue v1");
    hash_text(&in, c->community);
    hash_text(&in, c->rule->name);
    hash_name(&in, &c->subject->name);
    hash = cim_hash_bytes(cim_buf_bytes(&in));
    cim_buf_clear(&in);
    return cim_uuid_v8(&hash);
}

static bool
take_any(void *ctx, const struct store_row *row)
{
    (void)row;
    *(bool *)ctx = true;
    return false;
}

/* The first turn that is not taken; PROMOTE_TURNS_MAX: all are. */
static enum cim_err
find_turn(const struct promote_case *c, const struct promote_verdict *v,
          unsigned *turn)
{
    for (*turn = 0; *turn < PROMOTE_TURNS_MAX; ++*turn) {
        struct cim_uuid id = decision_id(c, v, *turn);
        bool taken = false;
        enum cim_err err = store_find(c->reader, cim_bytes_str(c->community),
                                      &id, take_any, &taken);

        if (err && err != CIM_ENOENT)
            return err;
        if (!taken)
            break;
    }
    return CIM_OK;
}

/* ---- judging ------------------------------------------------------------*/

void
promote_judgement_clear(struct promote_judgement *j)
{
    promote_verdict_clear(&j->verdict);
    cim_draft_clear(&j->draft);
    *j = (struct promote_judgement){0};
}

/* Its own log goes on from there, whatever the clock says; that of another
 * node may be ahead, and what is said before it changes nothing. */
static bool
is_ahead(const struct promote_case *c, const struct promote_last *last)
{
    return c->now_ms && last->outcome != PROMOTE_OPEN &&
           last->stamp.at.time_ms >= c->now_ms &&
           !(c->node && strcmp(c->node, last->stamp.at.log.node) == 0);
}

static enum cim_err
decide(const struct promote_case *c, struct promote_judgement *j)
{
    const struct promote_verdict *v = &j->verdict;
    struct cim_uuid id;
    unsigned turn;
    bool knows = true;
    enum cim_err err = CIM_OK;

    j->due = PROMOTE_DUE_NOT;
    if (v->outcome == PROMOTE_OPEN || v->outcome == j->last.outcome)
        return CIM_OK;
    /* What this node decided on, it knew; it may be past retention by now. */
    if (j->last.outcome != PROMOTE_OPEN &&
        !(c->node && strcmp(c->node, j->last.stamp.at.log.node) == 0))
        err = promote_knows_causes(c->reader, &j->last.stamp, &knows);
    if (!err)
        err = find_turn(c, v, &turn);
    if (err)
        return err;
    if (knows && is_ahead(c, &j->last)) {
        j->due = PROMOTE_DUE_AHEAD;
        return CIM_OK;
    }
    if (!knows || turn == PROMOTE_TURNS_MAX) {
        j->due = knows ? PROMOTE_DUE_CONTESTED : PROMOTE_DUE_LATER;
        return CIM_OK;
    }
    id = decision_id(c, v, turn);
    err = promote_draft(c, v, &id, &j->draft);
    j->due = err == CIM_OK       ? PROMOTE_DUE
             : err == CIM_ENOENT ? PROMOTE_DUE_LATER
                                 : PROMOTE_DUE_NEVER;
    return err == CIM_EIO ? err : CIM_OK;
}

enum cim_err
promote_judge(const struct promote_case *c, struct promote_judgement *out)
{
    enum cim_err err = store_reader_hold(c->reader);

    *out = (struct promote_judgement){0};
    if (err)
        return err;
    err = promote_evaluate(c->reader, c->rule, c->subject, &out->verdict);
    if (!err)
        err = promote_last(c, &out->last);
    if (!err)
        err = decide(c, out);
    store_reader_release(c->reader);
    if (err)
        promote_judgement_clear(out);
    return err;
}

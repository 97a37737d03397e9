/* SPDX-License-Identifier: MPL-2.0 */
/*
 * What is decided again when a time has come: another node of the community
 * decided otherwise, and its clock is ahead of this one. What this node said
 * now would stand before that and change nothing.
 *
 * Kept in memory: after a restart the next event about a subject finds it.
 */
#include <string.h>

#include "node/judge_private.h"
#include "node/mem.h"

#define WAITS_MAX 1000 /* of a rule */

static size_t
find(const struct judge_seat *seat, const struct ledger_name *name)
{
    size_t i = 0;

    while (i < seat->n_waits &&
           promote_name_cmp(&seat->waits[i].name, name) != 0)
        i++;
    return i;
}

static void
forget(struct judge_seat *seat, const struct ledger_name *name)
{
    size_t at = find(seat, name);

    if (at < seat->n_waits)
        seat->waits[at] = seat->waits[--seat->n_waits];
}

/* One that is due stays until it is seen to be decided. */
void
judge_wait_note(struct judge_seat *seat, const struct ledger_name *name,
                const struct promote_judgement *j)
{
    size_t at = find(seat, name);

    if (j->due != PROMOTE_DUE && j->due != PROMOTE_DUE_AHEAD)
        forget(seat, name);
    if (j->due != PROMOTE_DUE_AHEAD || at == WAITS_MAX)
        return;
    if (at == seat->n_waits) {
        xgrow(&seat->waits, &seat->cap_waits, seat->n_waits,
              sizeof *seat->waits);
        seat->waits[seat->n_waits++] = (struct judge_wait){.name = *name};
    }
    seat->waits[at].at_ms = j->last.stamp.at.time_ms;
}

enum cim_err
judge_waits(struct judge *judge, struct judge_seat *seat,
            struct judge_task *task)
{
    enum cim_err err = CIM_OK;

    /* From the end: each may leave, and the last takes its place. */
    for (size_t i = seat->n_waits; i-- > 0 && !err;) {
        struct ledger_name name = seat->waits[i].name;
        struct ledger_subject subject;

        if (seat->waits[i].at_ms >= task->now_ms ||
            task->n_drafts >= JUDGE_DRAFTS_MAX)
            continue;
        err = ledger_get(judge->reader, &name, &subject);
        if (err == CIM_ENOENT) {
            forget(seat, &name);
            err = CIM_OK;
            continue;
        }
        if (!err)
            err = judge_one(judge, seat, &subject, task);
        ledger_subject_clear(&subject);
    }
    return err;
}

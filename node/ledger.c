/* SPDX-License-Identifier: MPL-2.0 */
#include "node/ledger.h"

#include <string.h>

static int
cmp_u64(uint64_t a, uint64_t b)
{
    return a < b ? -1 : a > b;
}

int
ledger_order(const struct ledger_place *a, const struct ledger_place *b)
{
    if (a->time_ms != b->time_ms)
        return a->time_ms < b->time_ms ? -1 : 1;
    int order = strcmp(a->log.node, b->log.node);
    if (!order)
        order = cmp_u64(a->log.epoch, b->log.epoch);
    return order ? order : cmp_u64(a->seq, b->seq);
}

void
ledger_subject_clear(struct ledger_subject *subject)
{
    cim_buf_clear(&subject->topic);
    cim_buf_clear(&subject->title);
    cim_buf_clear(&subject->url);
    cim_buf_clear(&subject->branch);
    *subject = (struct ledger_subject){0};
}

const char *
ledger_how_text(enum ledger_how how)
{
    switch (how) {
    case LEDGER_LINKED:
        return "linked";
    case LEDGER_BY_URL:
        return "by URL";
    case LEDGER_BY_NAME:
        return "by name";
    case LEDGER_ITSELF:
        return "its own";
    case LEDGER_CLAIMED:
        return "unresolved: claimed by more than one community";
    case LEDGER_ABSENT:
        break;
    }
    return "not here";
}

static const char *const states[] = {
    [LEDGER_MISSING] = "missing",   [LEDGER_QUEUED] = "queued",
    [LEDGER_RUNNING] = "running",   [LEDGER_SUCCESS] = "success",
    [LEDGER_UNSTABLE] = "unstable", [LEDGER_FAILURE] = "failure",
    [LEDGER_ABORTED] = "aborted",   [LEDGER_INCONCLUSIVE] = "inconclusive",
    [LEDGER_WAIVED] = "waived",     [LEDGER_EXPIRED] = "expired"};

const char *
ledger_state_text(enum ledger_state state)
{
    return states[state];
}

enum ledger_state
ledger_state_of(struct cim_bytes result)
{
    static const struct {
        const char *result;
        enum ledger_state state;
    } rows[] = {
        {"SUCCESS", LEDGER_SUCCESS},   {"FAILURE", LEDGER_FAILURE},
        {"UNSTABLE", LEDGER_UNSTABLE}, {"ABORTED", LEDGER_ABORTED},
        {"RUNNING", LEDGER_RUNNING},   {"QUEUED", LEDGER_QUEUED},
        {"WAIVED", LEDGER_WAIVED},     {"NOT_BUILT", LEDGER_INCONCLUSIVE},
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (cim_bytes_is(result, rows[i].result))
            return rows[i].state;
    return LEDGER_INCONCLUSIVE;
}

/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The rule's last decision, as the ledger has it: the newest stamp of the own
 * community and the rule's level whose ext names the rule. Somebody may have
 * said the same level by hand, or another rule may; that is not it.
 */
#include <stdlib.h>
#include <string.h>

#include "node/mem.h"
#include "node/promote_private.h"
#include "proto/wire.h"

#define STAMPS_MAX 1000 /* own stamps of a subject looked through */

/* ---- events as stored ---------------------------------------------------*/

static bool
take_event(void *ctx, const struct store_row *row)
{
    struct promote_stored *stored = ctx;

    if (cim_buf_add_bytes(&stored->bytes, row->bytes))
        mem_fail();
    stored->found = true;
    return false;
}

enum cim_err
promote_read(struct store_reader *reader, uint64_t arrival,
             struct promote_stored *out)
{
    const struct store_query query = {
        .after = arrival - 1, .upto = arrival, .limit = 1};
    uint64_t scanned;
    enum cim_err err;

    *out = (struct promote_stored){0};
    err = store_events(reader, &query, take_event, out, &scanned);
    if (!err && out->found)
        err = cim_event_parse(cim_buf_bytes(&out->bytes), CIM_FOLLOW,
                              &out->event, NULL);
    else if (!err)
        err = CIM_ENOENT;
    if (err)
        cim_buf_clear(&out->bytes);
    return err;
}

/* Is ext.rule this text? */
static bool
is_of_rule(const struct cim_event *event, const struct rule *rule)
{
    struct cim_reader r = {.data = event->ext};
    struct cim_bytes key, value;
    uint32_t pairs;

    if (!event->ext.len || cim_wire_map(&r, &pairs))
        return false;
    for (; pairs > 0; pairs--) {
        if (cim_wire_str(&r, &key))
            return false;
        if (cim_bytes_is(key, "rule"))
            return !cim_wire_str(&r, &value) && cim_bytes_is(value, rule->name);
        if (cim_wire_skip(&r, NULL))
            return false;
    }
    return false;
}

/* ---- the last decision --------------------------------------------------*/

/* Says this stamp that of the rule? */
static enum cim_err
is_decision(struct store_reader *reader, const struct rule *rule,
            const struct ledger_stamp *stamp, bool *is)
{
    struct promote_stored stored;
    enum cim_err err;

    *is = false;
    if (stamp->state != LEDGER_SUCCESS && stamp->state != LEDGER_FAILURE)
        return CIM_OK;
    err = promote_read(reader, stamp->arrival, &stored);
    if (err)
        return err == CIM_EIO ? err : CIM_OK;
    *is = stored.event.type == CIM_TYPE_CONFIDENCE &&
          is_of_rule(&stored.event, rule);
    cim_buf_clear(&stored.bytes);
    return CIM_OK;
}

struct own_stamps {
    const char *community, *level;
    struct ledger_stamp *v; /* owned; newest first */
    size_t n, cap;
};

static bool
take_own(void *ctx, const struct ledger_stamp *stamp)
{
    struct own_stamps *own = ctx;

    if (strcmp(stamp->by.community, own->community) != 0 ||
        strcmp(stamp->level, own->level) != 0)
        return true;
    xgrow(&own->v, &own->cap, own->n, sizeof *own->v);
    own->v[own->n++] = *stamp;
    return own->n < STAMPS_MAX;
}

/* Somebody else's word of that level is newer: look below it. */
static enum cim_err
find_below(const struct promote_case *c, struct ledger_stamp *stamp, bool *is)
{
    struct own_stamps own = {.community = c->community,
                             .level = c->rule->level};
    enum cim_err err =
        ledger_stamps(c->reader, c->subject, true, take_own, &own);

    for (size_t i = 0; i < own.n && !err && !*is; i++) {
        *stamp = own.v[i];
        err = is_decision(c->reader, c->rule, stamp, is);
    }
    free(own.v);
    return err;
}

enum cim_err
promote_last(const struct promote_case *c, struct promote_last *out)
{
    struct ledger_stamp stamp;
    bool is;
    enum cim_err err;

    *out = (struct promote_last){.outcome = PROMOTE_OPEN};
    err = ledger_said(c->reader, c->subject, c->community, c->rule->level,
                      &stamp);
    if (err || stamp.state == LEDGER_MISSING)
        return err;
    err = is_decision(c->reader, c->rule, &stamp, &is);
    if (!err && !is)
        err = find_below(c, &stamp, &is);
    if (err || !is)
        return err;
    out->stamp = stamp;
    out->outcome =
        stamp.state == LEDGER_SUCCESS ? PROMOTE_FULFILLED : PROMOTE_FAILED;
    return CIM_OK;
}

static bool
take_any(void *ctx, const struct store_row *row)
{
    (void)row;
    *(bool *)ctx = true;
    return false;
}

/* Is everything here that the last decision names as its cause? If not, who
 * made it knew more than this node does now. */
enum cim_err
promote_knows_causes(struct store_reader *reader,
                     const struct ledger_stamp *stamp, bool *knows)
{
    struct promote_stored stored;
    struct cim_bytes rel, of, id;
    enum cim_err err = promote_read(reader, stamp->arrival, &stored);
    struct cim_list list = {.data = stored.event.links};

    *knows = true;
    if (err)
        return err == CIM_EIO ? err : CIM_OK;
    while (!err && *knows && stored.event.links.len &&
           cim_link_next(&list, &rel, &of, &id)) {
        struct cim_uuid uuid;

        if (!cim_bytes_is(rel, "cause") || cim_uuid_parse(id, &uuid))
            continue;
        *knows = false;
        err = store_find(reader, of, &uuid, take_any, knows);
    }
    cim_buf_clear(&stored.bytes);
    return err;
}

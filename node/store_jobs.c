/* SPDX-License-Identifier: MPL-2.0 */
/* The small kinds of jobs: look-ups, starts, roster files, hooks, counters. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "node/failpoint.h"
#include "node/mem.h"
#include "node/store_private.h"

/* The event of ours that has this id: what it holds, and where it is. */
static bool
own_event(struct store *store, const char *self, struct store_lookup *look)
{
    sqlite3_stmt *st = sql_use(&store->db, SQL_OWN_EVENT);

    sql_blob(st, 1, cim_bytes_of(look->id.b, sizeof look->id.b));
    sql_str(st, 2, self);
    if (!sql_row(&store->db, st))
        return false;
    look->bytes = xbytes(sql_get_bytes(st, 0));
    look->seq = sql_get_u64(st, 1);
    look->epoch = sql_get_u64(st, 2);
    sql_end(st);
    return true;
}

void
store_look_up(struct store *store, struct store_job *job)
{
    for (size_t i = 0; i < job->n_lookups; i++) {
        struct store_lookup *look = &job->lookups[i];
        sqlite3_stmt *st = sql_use(&store->db, SQL_OWN_GET);

        look->state = STORE_NEW;
        look->epoch = look->seq = 0;
        free((void *)look->bytes.p); /* of a try that was rolled back */
        look->bytes = (struct cim_bytes){0};
        sql_blob(st, 1, cim_bytes_of(look->id.b, sizeof look->id.b));
        if (!sql_row(&store->db, st)) {
            if (own_event(store, job->self, look))
                look->state = STORE_BACK;
            continue;
        }
        bool same =
            cim_bytes_eq(sql_get_bytes(st, 0),
                         cim_bytes_of(look->given.b, sizeof look->given.b));
        look->state = same ? STORE_SAME : STORE_OTHER;
        look->seq = sql_get_u64(st, 1);
        look->epoch = sql_get_u64(st, 2);
        sql_end(st);
        if (!same)
            (void)own_event(store, job->self, look);
    }
}

void
store_starts(struct store *store, struct store_job *job)
{
    for (size_t i = 0; i < job->n_starts; i++) {
        const struct store_start *start = &job->starts[i];
        struct cim_bytes prefix = cim_prefix_bytes(&start->prefix);
        struct open_log *log =
            store_log_open(store, start->log.node, start->log.epoch);

        sqlite3_stmt *st = sql_use(&store->db, SQL_CURSOR_START);
        sql_int(st, 1, log->id);
        sql_text(st, 2, prefix);
        sql_u64(st, 3, start->seq);
        sql_run(&store->db, st);
        if (!prefix.len && !log->cursor && !log->cursor_dirty &&
            sqlite3_changes(store->db.h))
            log->cursor = start->seq;
        sql_simulate(&store->db, FAILPOINT(STORE_START));
    }
}

void
store_put_roster(struct store *store, struct store_job *job)
{
    bool gone = !job->roster.bytes.len;
    sqlite3_stmt *st =
        sql_use(&store->db, gone ? SQL_ROSTER_DROP : SQL_ROSTER_PUT);

    sql_str(st, 1, job->roster.name);
    if (!gone) {
        sql_u64(st, 2, job->roster.serial);
        sql_blob(st, 3, job->roster.bytes);
    }
    sql_run(&store->db, st);
    sql_simulate(&store->db, FAILPOINT(STORE_ROSTER));
}

void
store_count(struct store *store, struct store_job *job)
{
    for (size_t i = 0; i < job->n_counters; i++) {
        sqlite3_stmt *st = sql_use(&store->db, SQL_COUNTER_ADD);
        sql_str(st, 1, job->counters[i].name);
        sql_u64(st, 2, job->counters[i].add);
        sql_run(&store->db, st);
        sql_simulate(&store->db, FAILPOINT(STORE_COUNTER));
    }
}

/* ---- hooks --------------------------------------------------------------*/

/* "community:id" of the event, so that a run outlives it. */
static void
event_name(struct store *store, uint64_t arrival, char *out, size_t cap)
{
    sqlite3_stmt *st = sql_use(&store->db, SQL_RUN_EVENT);
    char community[CIM_NAME_MAX + 1];
    char text[CIM_UUID_TEXT_LEN + 1];
    struct cim_uuid id = {{0}};

    out[0] = '\0';
    sql_u64(st, 1, arrival);
    if (!sql_row(&store->db, st))
        return;
    sql_get_str(st, 0, community, sizeof community);
    struct cim_bytes raw = sql_get_bytes(st, 1);
    if (raw.len == sizeof id.b)
        memcpy(id.b, raw.p, sizeof id.b);
    sql_end(st);
    cim_uuid_text(&id, text);
    snprintf(out, cap, "%s:%s", community, text);
}

static void
run_put(struct store *store, const struct store_hook *hook, int64_t ended_ms)
{
    char event[CIM_NAME_MAX + 1 + CIM_UUID_TEXT_LEN + 1];

    event_name(store, hook->arrival, event, sizeof event);
    sqlite3_stmt *st = sql_use(&store->db, SQL_RUN_PUT);
    sql_str(st, 1, hook->name);
    sql_u64(st, 2, hook->arrival);
    sql_int(st, 3, hook->attempt);
    sql_int(st, 4, hook->state);
    sql_int(st, 5, hook->status);
    sql_int(st, 6, hook->at_ms);
    sql_int(st, 7, ended_ms);
    sql_str(st, 8, event);
    sql_str(st, 9, hook->output);
    sql_run(&store->db, st);
    st = sql_use(&store->db, SQL_RUN_TRIM);
    sql_str(st, 1, hook->name);
    sql_run(&store->db, st);
    sql_simulate(&store->db, FAILPOINT(STORE_RUN));
}

static void
run_end(struct store *store, const struct store_hook *hook)
{
    sqlite3_stmt *st = sql_use(&store->db, SQL_RUN_END);

    sql_str(st, 1, hook->name);
    sql_u64(st, 2, hook->arrival);
    sql_int(st, 3, hook->attempt);
    sql_int(st, 4, hook->state);
    sql_int(st, 5, hook->status);
    sql_int(st, 6, hook->at_ms);
    sql_str(st, 7, hook->output);
    sql_run(&store->db, st);
    if (!sqlite3_changes(store->db.h))
        run_put(store, hook, hook->at_ms);
    sql_simulate(&store->db, FAILPOINT(STORE_RUN_END));
}

void
store_put_hook(struct store *store, struct store_job *job)
{
    const struct store_hook *hook = &job->hook;

    if (hook->cursor != UINT64_MAX) {
        sqlite3_stmt *st = sql_use(&store->db, SQL_HOOK_SET);
        sql_str(st, 1, hook->name);
        sql_u64(st, 2, hook->cursor);
        sql_run(&store->db, st);
        sql_simulate(&store->db, FAILPOINT(STORE_HOOK));
    }
    if (!hook->run)
        return;
    if (hook->state == STORE_RUN_STARTED)
        run_put(store, hook, 0);
    else
        run_end(store, hook);
}

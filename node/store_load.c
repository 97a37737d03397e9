/* SPDX-License-Identifier: MPL-2.0 */
/* What a start reads: every log, roster file, key and counter. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "node/mem.h"
#include "node/store_private.h"

static enum cim_err
outcome(struct store *store)
{
    enum cim_err err = store->db.rc == SQLITE_OK ? CIM_OK : CIM_EIO;

    sql_clear(&store->db);
    return err;
}

void
store_log_state_clear(struct store_log_state *state)
{
    free(state->cursors);
    span_clear(&state->gaps);
    *state = (struct store_log_state){0};
}

static void
read_cursors(struct store *store, int64_t log, struct store_log_state *state)
{
    sqlite3_stmt *st = sql_use(&store->db, SQL_CURSOR_EACH);
    size_t cap = 0;

    sql_int(st, 1, log);
    while (sql_row(&store->db, st)) {
        struct store_cursor c = {.upto = sql_get_u64(st, 1)};
        sql_get_str(st, 0, c.prefix.text, sizeof c.prefix.text);
        c.prefix.len = (uint16_t)strlen(c.prefix.text);
        xgrow(&state->cursors, &cap, state->n_cursors, sizeof c);
        state->cursors[state->n_cursors++] = c;
    }
    store_gaps(store, log, &state->gaps);
}

static void
read_log(struct store *store, sqlite3_stmt *st, struct store_log_state *state)
{
    sql_get_str(st, 0, state->log.node, sizeof state->log.node);
    state->log.epoch = sql_get_u64(st, 1);
    kept_head(&store->db, st, 3, sqlite3_column_int64(st, 2), &state->head);
    if (!kept_names(&state->head, &state->log))
        state->head = (struct cim_signed_header){0};
    if (state->head.len)
        state->head_hash = cim_header_hash(cim_signed_bytes(&state->head));
    state->held = sql_get_u64(st, 6);
    state->floor = sql_get_u64(st, 7);
    state->min_time_ms = sqlite3_column_int64(st, 8);
    state->max_time_ms = sqlite3_column_int64(st, 9);
    state->equivocation = sqlite3_column_type(st, 10) != SQLITE_NULL;
    if (state->equivocation &&
        cim_signed_parse(sql_get_bytes(st, 10), sql_get_bytes(st, 11),
                         &state->other) != CIM_OK)
        state->other = (struct cim_signed_header){0};
}

enum cim_err
store_each_log(struct store *store,
               void (*each)(void *ctx, struct store_log_state *s), void *ctx)
{
    sqlite3_stmt *st = sql_use(&store->db, SQL_LOG_EACH);

    while (sql_row(&store->db, st)) {
        struct store_log_state state = {0};
        read_log(store, st, &state);
        read_cursors(store, sqlite3_column_int64(st, 2), &state);
        /* A refused publish may leave the name of a log without anything. */
        if (state.head.len || state.n_cursors || state.gaps.len)
            each(ctx, &state);
        store_log_state_clear(&state);
    }
    return outcome(store);
}

enum cim_err
store_each_roster(struct store *store,
                  void (*each)(void *ctx, const char *community,
                               uint64_t serial, struct cim_bytes bytes),
                  void *ctx)
{
    sqlite3_stmt *st = sql_use(&store->db, SQL_ROSTER_EACH);
    char name[CIM_NAME_MAX + 1];

    while (sql_row(&store->db, st)) {
        sql_get_str(st, 0, name, sizeof name);
        each(ctx, name, sql_get_u64(st, 1), sql_get_bytes(st, 2));
    }
    return outcome(store);
}

enum cim_err
store_each_key(struct store *store,
               void (*each)(void *ctx, const char *node,
                            const struct cim_signkey *key),
               void *ctx)
{
    sqlite3_stmt *st = sql_use(&store->db, SQL_KEY_EACH);
    char node[CIM_NODE_MAX + 1];
    struct cim_signkey key;

    while (sql_row(&store->db, st)) {
        struct cim_bytes raw = sql_get_bytes(st, 1);
        sql_get_str(st, 0, node, sizeof node);
        if (raw.len != sizeof key.b)
            continue;
        memcpy(key.b, raw.p, sizeof key.b);
        each(ctx, node, &key);
    }
    return outcome(store);
}

enum cim_err
store_each_counter(struct store *store,
                   void (*each)(void *ctx, const char *name, uint64_t value),
                   void *ctx)
{
    sqlite3_stmt *st = sql_use(&store->db, SQL_COUNTER_EACH);
    char name[sizeof((struct store_counter *)0)->name];

    while (sql_row(&store->db, st)) {
        sql_get_str(st, 0, name, sizeof name);
        each(ctx, name, sql_get_u64(st, 1));
    }
    return outcome(store);
}

enum cim_err
store_hook_cursor(struct store *store, const char *name, uint64_t *cursor,
                  bool *known)
{
    sqlite3_stmt *st = sql_use(&store->db, SQL_HOOK_GET);
    int64_t value;

    sql_str(st, 1, name);
    value = sql_value(&store->db, st, -1);
    *known = value >= 0;
    *cursor = value >= 0 ? (uint64_t)value : 0;
    return outcome(store);
}

enum cim_err
store_each_hook(struct store *store,
                void (*each)(void *ctx, const char *name, uint64_t cursor),
                void *ctx)
{
    sqlite3_stmt *st = sql_use(&store->db, SQL_HOOK_EACH);
    char name[STORE_HOOK_MAX + 1];

    while (sql_row(&store->db, st)) {
        sql_get_str(st, 0, name, sizeof name);
        each(ctx, name, sql_get_u64(st, 1));
    }
    return outcome(store);
}

uint64_t
store_last_arrival(struct store *store)
{
    return store->last_arrival;
}

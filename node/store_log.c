/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Logs the writer has open: read once, changed in memory, written back before
 * COMMIT. A log that grows in order costs no look-up of its own this way.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "node/failpoint.h"
#include "node/mem.h"
#include "node/store_private.h"

/* ---- interned names -----------------------------------------------------*/

static int64_t
intern(struct store *store, enum store_sql get, enum store_sql put,
       struct cim_bytes name)
{
    sqlite3_stmt *st = sql_use(&store->db, get);

    sql_text(st, 1, name);
    int64_t id = sql_value(&store->db, st, 0);
    if (id)
        return id;
    st = sql_use(&store->db, put);
    sql_text(st, 1, name);
    sql_run(&store->db, st);
    return sqlite3_last_insert_rowid(store->db.h);
}

static size_t
topic_slot(struct cim_bytes topic)
{
    uint32_t h = 2166136261u; /* FNV-1a */

    for (size_t i = 0; i < topic.len; i++)
        h = (h ^ topic.p[i]) * 16777619u;
    return (h ^ h >> 15) & (TOPICS_MAX - 1);
}

int64_t
store_topic(struct store *store, struct cim_bytes topic)
{
    if (!topic.len || topic.len > CIM_TOPIC_MAX)
        return 0;
    struct known_topic *known = &store->topics[topic_slot(topic)];
    if (known->id && cim_bytes_eq(cim_bytes_of(known->text, known->len), topic))
        return known->id;
    known->id = intern(store, SQL_TOPIC_GET, SQL_TOPIC_PUT, topic);
    known->len = (uint16_t)topic.len;
    memcpy(known->text, topic.p, topic.len);
    return known->id;
}

static int64_t
feed_of(struct store *store, const char *node)
{
    sqlite3_stmt *st = sql_use(&store->db, SQL_FEED_GET);

    sql_str(st, 1, node);
    int64_t id = sql_value(&store->db, st, 0);
    if (id)
        return id;
    int64_t community = intern(store, SQL_COMMUNITY_GET, SQL_COMMUNITY_PUT,
                               cim_community_of(cim_bytes_str(node)));
    st = sql_use(&store->db, SQL_FEED_PUT);
    sql_str(st, 1, node);
    sql_int(st, 2, community);
    sql_run(&store->db, st);
    return sqlite3_last_insert_rowid(store->db.h);
}

/* ---- open and close -----------------------------------------------------*/

static void
log_free(struct open_log *log)
{
    span_clear(&log->gaps);
    kept_clear(&log->batch);
    free(log);
}

static bool
log_read(struct store *store, struct open_log *log)
{
    sqlite3_stmt *st = sql_use(&store->db, SQL_LOG_GET);

    sql_str(st, 1, log->name.node);
    sql_u64(st, 2, log->name.epoch);
    if (!sql_row(&store->db, st))
        return false;
    log->id = sqlite3_column_int64(st, 0);
    kept_head(&store->db, st, 1, log->id, &log->head);
    if (!kept_names(&log->head, &log->name))
        log->head = (struct cim_signed_header){0};
    if (log->head.len)
        log->head_hash = cim_header_hash(cim_signed_bytes(&log->head));
    log->high = sql_get_u64(st, 4);
    log->top = sql_get_u64(st, 5);
    log->held = sql_get_u64(st, 6);
    log->floor = sql_get_u64(st, 7);
    log->min_time_ms = sqlite3_column_int64(st, 8);
    log->max_time_ms = sqlite3_column_int64(st, 9);
    log->community = sqlite3_column_int64(st, 10);
    log->equivocation = sqlite3_column_int(st, 11);
    sql_end(st);
    return true;
}

void
store_gaps(struct store *store, int64_t log, struct span_set *out)
{
    sqlite3_stmt *st = sql_use(&store->db, SQL_GAP_EACH);

    sql_int(st, 1, log);
    while (sql_row(&store->db, st)) {
        uint64_t first = sql_get_u64(st, 0);
        uint64_t n = sql_get_u64(st, 1);
        if (first && first <= CIM_SEQ_MAX && n <= CIM_SEQ_MAX)
            span_add(out, first, n);
    }
}

static void
log_make(struct store *store, struct open_log *log)
{
    int64_t feed = feed_of(store, log->name.node);
    sqlite3_stmt *st = sql_use(&store->db, SQL_LOG_PUT);

    sql_int(st, 1, feed);
    sql_u64(st, 2, log->name.epoch);
    sql_run(&store->db, st);
    sql_simulate(&store->db, FAILPOINT(STORE_LOG));
}

static uint64_t
cursor_read(struct store *store, struct open_log *log, struct cim_bytes prefix)
{
    sqlite3_stmt *st = sql_use(&store->db, SQL_CURSOR_GET);

    sql_int(st, 1, log->id);
    sql_text(st, 2, prefix);
    return (uint64_t)sql_value(&store->db, st, 0);
}

struct open_log *
store_log_open(struct store *store, const char *node, uint64_t epoch)
{
    for (size_t i = store->n_logs; i > 0; i--) {
        struct open_log *log = store->logs[i - 1];
        if (log->name.epoch == epoch && strcmp(log->name.node, node) == 0)
            return log;
    }
    if (store->n_logs == OPEN_LOGS_MAX) {
        /* Nobody holds one of them across the opening of another. */
        store_logs_flush(store);
        store_logs_drop(store);
    }
    struct open_log *log = xcalloc(1, sizeof *log);
    snprintf(log->name.node, sizeof log->name.node, "%s", node);
    log->name.epoch = epoch;
    if (!log_read(store, log)) {
        log_make(store, log);
        (void)log_read(store, log);
    }
    store_gaps(store, log->id, &log->gaps);
    log->cursor = cursor_read(store, log, cim_bytes_str(""));
    store->logs[store->n_logs++] = log;
    return log;
}

void
store_logs_drop(struct store *store)
{
    for (size_t i = 0; i < store->n_logs; i++)
        log_free(store->logs[i]);
    store->n_logs = 0;
}

/* ---- write back ---------------------------------------------------------*/

void
store_batch_flush(struct store *store, struct open_log *log)
{
    struct kept_batch *b = &log->batch;
    struct cim_buf nodes = {0};

    if (!log->batch_dirty)
        return;
    struct cim_digest sum = kept_sum(&b->sh);
    kept_nodes(&b->f, &nodes);
    sqlite3_stmt *st = sql_use(&store->db, SQL_BATCH_SET);
    sql_int(st, 1, b->id);
    sql_int(st, 2, b->log);
    sql_u64(st, 3, b->sh.h.first);
    sql_blob(st, 4, cim_signed_bytes(&b->sh));
    sql_blob(st, 5, cim_bytes_of(b->sh.sig.b, sizeof b->sh.sig.b));
    sql_blob(st, 6, cim_bytes_of(sum.b, sizeof sum.b));
    sql_blob(st, 7, cim_buf_bytes(&nodes));
    sql_int(st, 8, b->held);
    sql_run(&store->db, st);
    sql_simulate(&store->db, FAILPOINT(STORE_BATCH));
    cim_buf_clear(&nodes);
    log->batch_dirty = false;
}

static void
log_write(struct store *store, struct open_log *log)
{
    sqlite3_stmt *st = sql_use(&store->db, SQL_LOG_SET);
    struct cim_digest sum;

    if (log->head.len) {
        sum = kept_sum(&log->head);
        sql_blob(st, 1, cim_signed_bytes(&log->head));
        sql_blob(st, 2, cim_bytes_of(log->head.sig.b, sizeof log->head.sig.b));
        sql_blob(st, 3, cim_bytes_of(sum.b, sizeof sum.b));
    } else {
        for (int i = 1; i <= 3; i++)
            sql_null(st, i);
    }
    sql_u64(st, 4, log->high);
    sql_u64(st, 5, log->top);
    sql_u64(st, 6, log->held);
    sql_u64(st, 7, log->floor);
    sql_int(st, 8, log->min_time_ms);
    sql_int(st, 9, log->max_time_ms);
    sql_int(st, 10, log->id);
    sql_run(&store->db, st);
    sql_simulate(&store->db, FAILPOINT(STORE_HEAD));
    log->log_dirty = false;
}

static void
cursor_write(struct store *store, struct open_log *log, struct cim_bytes prefix,
             uint64_t upto)
{
    sqlite3_stmt *st = sql_use(&store->db, SQL_CURSOR_SET);

    sql_int(st, 1, log->id);
    sql_text(st, 2, prefix);
    sql_u64(st, 3, upto);
    sql_run(&store->db, st);
    sql_simulate(&store->db, FAILPOINT(STORE_CURSOR));
}

static void
gaps_write(struct store *store, struct open_log *log)
{
    sqlite3_stmt *st = sql_use(&store->db, SQL_GAP_DROP);

    sql_int(st, 1, log->id);
    sql_run(&store->db, st);
    for (size_t i = 0; i < log->gaps.len; i++) {
        st = sql_use(&store->db, SQL_GAP_PUT);
        sql_int(st, 1, log->id);
        sql_u64(st, 2, log->gaps.v[i].first);
        sql_u64(st, 3, log->gaps.v[i].n);
        sql_run(&store->db, st);
        sql_simulate(&store->db, FAILPOINT(STORE_GAP));
    }
    log->gaps_dirty = false;
}

void
store_logs_flush(struct store *store)
{
    for (size_t i = 0; i < store->n_logs; i++) {
        struct open_log *log = store->logs[i];
        store_batch_flush(store, log);
        if (log->log_dirty)
            log_write(store, log);
        if (log->cursor_dirty)
            cursor_write(store, log, cim_bytes_str(""), log->cursor);
        log->cursor_dirty = false;
        if (log->gaps_dirty)
            gaps_write(store, log);
        /* A batch that is complete gets no second slice. */
        if (log->batch.held == log->batch.sh.h.count)
            kept_clear(&log->batch);
    }
}

/* ---- cursors ------------------------------------------------------------*/

uint64_t
store_cursor_get(struct store *store, struct open_log *log,
                 struct cim_bytes prefix)
{
    return prefix.len ? cursor_read(store, log, prefix) : log->cursor;
}

void
store_cursor_set(struct store *store, struct open_log *log,
                 struct cim_bytes prefix, uint64_t upto)
{
    if (prefix.len) {
        cursor_write(store, log, prefix, upto);
        return;
    }
    log->cursor = upto;
    log->cursor_dirty = true;
}

void
store_contiguous(struct store *store, struct open_log *log)
{
    uint64_t upto = log->cursor;

    if (upto >= log->high)
        return;
    sqlite3_stmt *st = sql_use(&store->db, SQL_PLACE_FROM);
    sql_int(st, 1, log->id);
    sql_u64(st, 2, upto);
    while (sql_row(&store->db, st)) {
        if (sql_get_u64(st, 0) != upto + 1) {
            sql_end(st);
            break;
        }
        upto++;
    }
    if (upto != log->cursor)
        store_cursor_set(store, log, cim_bytes_str(""), upto);
}

/* SPDX-License-Identifier: MPL-2.0 */
/*
 * What leaves the store: events past retention, and events that rotted.
 *
 * A purged position goes on counting as held, so nothing is stored or hooked
 * twice; its leaf stays in its batch, so its neighbours stay provable. A
 * rotten event is moved aside and its position becomes a gap, so it is asked
 * for again. Both work on rows: what is open in memory is written back first.
 */
#include <stdlib.h>

#include "node/failpoint.h"
#include "node/mem.h"
#include "node/store_ledger.h"

#define PURGE_ROWS 512   /* a job, so that a commit is never held up long */
#define PURGE_FEW  64    /* ... where there is hardly room for a commit */
#define PURGE_LOOK 16384 /* rows looked at, some of them not old enough */
#define PLACE_NONE (-2)  /* no row: neither held, nor purged or refused */
#define ASIDE_KEEP 1000  /* rotten events kept to be looked at */

struct victim {
    uint64_t arrival, seq;
    int64_t log, batch;
    uint64_t bytes;
};

static struct open_log *
log_by_id(struct store *store, int64_t id)
{
    char node[CIM_NODE_MAX + 1];

    for (size_t i = 0; i < store->n_logs; i++)
        if (store->logs[i]->id == id)
            return store->logs[i];
    sqlite3_stmt *st = sql_use(&store->db, SQL_LOG_NAME);
    sql_int(st, 1, id);
    if (!sql_row(&store->db, st))
        return NULL;
    sql_get_str(st, 0, node, sizeof node);
    uint64_t epoch = sql_get_u64(st, 1);
    sql_end(st);
    return store_log_open(store, node, epoch);
}

static void
row_drop(struct store *store, const struct victim *v)
{
    store_ledger_drop(store, v->arrival);
    sqlite3_stmt *st = sql_use(&store->db, SQL_EVENT_DROP);
    sql_u64(st, 1, v->arrival);
    sql_run(&store->db, st);
    st = sql_use(&store->db, SQL_BATCH_LESS);
    sql_int(st, 1, v->batch);
    sql_run(&store->db, st);
    st = sql_use(&store->db, SQL_BATCH_DROP_EMPTY);
    sql_int(st, 1, v->batch);
    sql_run(&store->db, st);
    store->bytes -= v->bytes < store->bytes ? v->bytes : store->bytes;
    store->meta_dirty = true;
}

/* The row goes, and what counts it. */
static void
event_drop(struct store *store, const struct victim *v)
{
    struct open_log *log;

    row_drop(store, v);
    log = log_by_id(store, v->log);
    if (log && log->held) {
        log->held--;
        log->log_dirty = true;
    }
}

/* ---- retention ----------------------------------------------------------*/

static size_t
choose(struct store *store, const struct store_job *job, struct victim *out)
{
    sqlite3_stmt *st = sql_use(&store->db, SQL_EVENT_OLDEST);
    uint64_t left = store->bytes;
    size_t most = job->purge.few ? PURGE_FEW : PURGE_ROWS;
    size_t n = 0;

    sql_int(st, 1, 0);
    for (size_t i = 0; n < most && i < PURGE_LOOK; i++) {
        if (!sql_row(&store->db, st))
            return n;
        bool old = job->purge.before_ms &&
                   sqlite3_column_int64(st, 4) < job->purge.before_ms;
        bool over = job->purge.max_bytes && left > job->purge.max_bytes;
        if (!old && !over) {
            /* The clock may have been ahead once: look past such rows. */
            if (job->purge.before_ms)
                continue;
            break;
        }
        out[n] = (struct victim){.arrival = sql_get_u64(st, 0),
                                 .log = sqlite3_column_int64(st, 1),
                                 .seq = sql_get_u64(st, 2),
                                 .batch = sqlite3_column_int64(st, 3),
                                 .bytes = sql_get_u64(st, 5)};
        left -= out[n].bytes < left ? out[n].bytes : left;
        n++;
    }
    sql_end(st);
    return n;
}

/* Everything up to the floor is gone, or was refused. */
static void
raise_floor(struct store *store, struct open_log *log)
{
    sqlite3_stmt *st = sql_use(&store->db, SQL_PLACE_RANGE);

    sql_int(st, 1, log->id);
    sql_u64(st, 2, log->floor);
    sql_u64(st, 3, log->high);
    while (sql_row(&store->db, st)) {
        if (sql_get_u64(st, 0) != log->floor + 1 ||
            sqlite3_column_int64(st, 2) > 0) {
            sql_end(st);
            return;
        }
        log->floor++;
        log->log_dirty = true;
    }
}

static int
by_log(const void *a, const void *b)
{
    const struct victim *x = a;
    const struct victim *y = b;

    return (x->log > y->log) - (x->log < y->log);
}

/* What is left of each log that lost events. */
static void
tell_left(struct store *store, struct store_job *job, struct victim *victims,
          size_t n)
{
    size_t cap = 0;

    job->purge.n_left = 0; /* of a try that was rolled back */
    qsort(victims, n, sizeof *victims, by_log);
    for (size_t i = 0; i < n; i++) {
        if (i && victims[i].log == victims[i - 1].log)
            continue;
        struct open_log *log = log_by_id(store, victims[i].log);
        if (!log)
            continue;
        raise_floor(store, log);
        xgrow(&job->purge.left, &cap, job->purge.n_left,
              sizeof *job->purge.left);
        job->purge.left[job->purge.n_left++] = (struct store_left){
            .log = log->name, .held = log->held, .floor = log->floor};
    }
}

void
store_purge(struct store *store, struct store_job *job)
{
    struct victim *victims = xcalloc(PURGE_ROWS, sizeof *victims);

    store_logs_flush(store);
    store_logs_drop(store);
    size_t n = choose(store, job, victims);
    for (size_t i = 0; i < n; i++) {
        sqlite3_stmt *st = sql_use(&store->db, SQL_PLACE_PURGE);
        sql_int(st, 1, victims[i].log);
        sql_u64(st, 2, victims[i].seq);
        sql_u64(st, 3, victims[i].arrival);
        sql_run(&store->db, st);
        event_drop(store, &victims[i]);
        sql_simulate(&store->db, FAILPOINT(STORE_PURGE));
    }
    tell_left(store, job, victims, n);
    job->purge.purged = n;
    free(victims);
}

/* ---- rot ----------------------------------------------------------------*/

static void
aside_put(struct store *store, const struct victim *v, int64_t now_ms)
{
    struct cim_buf copy = {0};
    sqlite3_stmt *st = sql_use(&store->db, SQL_EVENT_GET);

    sql_u64(st, 1, v->arrival);
    if (sql_row(&store->db, st)) {
        if (cim_buf_add_bytes(&copy, sql_get_bytes(st, 3)) != CIM_OK)
            mem_fail();
        sql_end(st);
    }
    st = sql_use(&store->db, SQL_ASIDE_PUT);
    sql_int(st, 1, v->log);
    sql_u64(st, 2, v->seq);
    sql_u64(st, 3, v->arrival);
    sql_int(st, 4, now_ms);
    sql_blob(st, 5, cim_buf_bytes(&copy));
    sql_run(&store->db, st);
    st = sql_use(&store->db, SQL_ASIDE_TRIM);
    sql_int(st, 1, sqlite3_last_insert_rowid(store->db.h) - ASIDE_KEEP);
    sql_run(&store->db, st);
    sql_simulate(&store->db, FAILPOINT(STORE_ASIDE));
    cim_buf_clear(&copy);
}

static void
set_aside(struct store *store, const struct victim *v, int64_t now_ms)
{
    struct open_log *log = log_by_id(store, v->log);

    aside_put(store, v, now_ms);
    event_drop(store, v);
    sqlite3_stmt *st = sql_use(&store->db, SQL_PLACE_DROP);
    sql_int(st, 1, v->log);
    sql_u64(st, 2, v->seq);
    sql_run(&store->db, st);
    if (!log)
        return;
    span_add(&log->gaps, v->seq, 1);
    log->gaps_dirty = true;
}

/* The rows of a batch that lie within a batch's length of this position. */
static struct victim *
batch_rows(struct store *store, const struct victim *v, size_t *n)
{
    uint64_t reach = CIM_BATCH_EVENTS - 1;
    struct victim *rows = NULL;
    size_t cap = 0;

    *n = 0;
    sqlite3_stmt *st = sql_use(&store->db, SQL_BATCH_ROWS);
    sql_int(st, 1, v->log);
    sql_u64(st, 2, v->seq > reach ? v->seq - reach : 1);
    sql_u64(st, 3, v->seq + reach);
    sql_int(st, 4, v->batch);
    while (sql_row(&store->db, st)) {
        xgrow(&rows, &cap, *n, sizeof *rows);
        rows[(*n)++] = (struct victim){.seq = sql_get_u64(st, 0),
                                       .arrival = sql_get_u64(st, 1),
                                       .log = v->log,
                                       .batch = v->batch,
                                       .bytes = sql_get_bytes(st, 2).len};
    }
    return rows;
}

static void
write_mended(struct store *store, const struct kept_batch *kept)
{
    struct cim_buf nodes = {0};

    kept_nodes(&kept->f, &nodes);
    sqlite3_stmt *st = sql_use(&store->db, SQL_BATCH_NODES);
    sql_blob(st, 1, cim_buf_bytes(&nodes));
    sql_int(st, 2, kept->id);
    sql_run(&store->db, st);
    cim_buf_clear(&nodes);
}

static void
read_batch(struct store *store, int64_t id, struct kept_batch *kept)
{
    sqlite3_stmt *st = sql_use(&store->db, SQL_BATCH_GET);

    sql_int(st, 1, id);
    if (!sql_row(&store->db, st))
        return;
    kept_read(st, kept);
    sql_end(st);
    if (kept->sound)
        return;
    kept_mend(&store->db, kept);
    if (kept->sound)
        write_mended(store, kept);
}

static void
set_aside_batch(struct store *store, const struct victim *v, int64_t now_ms)
{
    size_t n = 0;
    struct victim *rows = batch_rows(store, v, &n);

    for (size_t i = 0; i < n; i++)
        set_aside(store, &rows[i], now_ms);
    free(rows);
}

static bool
columns_fit(struct store *store, const struct victim *v)
{
    sqlite3_stmt *place = sql_use(&store->db, SQL_PLACE_RANGE);
    sqlite3_stmt *st = sql_use(&store->db, SQL_CHECK_EVENT);
    int64_t topic = -1;

    sql_int(place, 1, v->log);
    sql_u64(place, 2, v->seq - 1);
    sql_u64(place, 3, v->seq);
    if (sql_row(&store->db, place))
        topic = sqlite3_column_int64(place, 1);
    sql_end(place);
    sql_u64(st, 1, v->arrival);
    bool fits = sql_row(&store->db, st) &&
                sqlite3_column_int64(st, 3) == topic &&
                kept_columns_fit(sql_get_bytes(st, 6), sql_get_bytes(st, 4),
                                 sql_get_bytes(st, 5));
    sql_end(st);
    return fits || store->db.rc != SQLITE_OK;
}

/* Looks again, as the writer sees it: was it the disk, or a passing error? */
static void
look_again(struct store *store, struct victim *v, int64_t now_ms)
{
    struct kept_batch kept = {0};
    sqlite3_stmt *st = sql_use(&store->db, SQL_EVENT_GET);

    sql_u64(st, 1, v->arrival);
    if (!sql_row(&store->db, st) || sqlite3_column_int64(st, 0) != v->log ||
        sql_get_u64(st, 1) != v->seq) {
        /* No event there, or another's: only the position is wrong. */
        sql_end(st);
        v->arrival = 0;
        set_aside(store, v, now_ms);
        return;
    }
    struct cim_bytes bytes = sql_get_bytes(st, 3);
    v->batch = sqlite3_column_int64(st, 2);
    v->bytes = bytes.len;
    read_batch(store, v->batch, &kept);
    bool fits =
        kept_fits(&kept, v->log, v->seq, bytes) && columns_fit(store, v);
    sql_end(st);
    if (!fits && kept.sound)
        set_aside(store, v, now_ms);
    if (!fits && !kept.sound)
        set_aside_batch(store, v, now_ms);
    kept_clear(&kept);
}

/* An event that no position leads to goes, and is asked for again. */
static void
set_stray_aside(struct store *store, struct store_job *job)
{
    struct victim v = {.arrival = job->aside.arrival};
    sqlite3_stmt *st = sql_use(&store->db, SQL_EVENT_GET);

    sql_u64(st, 1, v.arrival);
    if (!sql_row(&store->db, st))
        return;
    v.log = sqlite3_column_int64(st, 0);
    v.seq = sql_get_u64(st, 1);
    v.batch = sqlite3_column_int64(st, 2);
    v.bytes = sql_get_bytes(st, 3).len;
    sql_end(st);
    st = sql_use(&store->db, SQL_PLACE_GET);
    sql_int(st, 1, v.log);
    sql_u64(st, 2, v.seq);
    int64_t place = sql_value(&store->db, st, PLACE_NONE);
    if (place == (int64_t)v.arrival)
        return;
    aside_put(store, &v, job->now_ms);
    row_drop(store, &v);
    struct open_log *log = log_by_id(store, v.log);
    if (!log)
        return;
    if (place == PLACE_NONE && v.seq > log->floor && log->head.len &&
        v.seq <= cim_header_last(&log->head.h)) {
        span_add(&log->gaps, v.seq, 1);
        log->gaps_dirty = true;
    }
    span_copy(&job->gaps, &log->gaps);
}

/* What is kept of a log, as its rows tell it; all of it is written back. */
static void
mend_log(struct store *store, struct open_log *log)
{
    sqlite3_stmt *st = sql_use(&store->db, SQL_LOG_COUNT);

    sql_int(st, 1, log->id);
    if (!sql_row(&store->db, st))
        return;
    log->held = sql_get_u64(st, 0);
    log->high = sql_get_u64(st, 1);
    sql_end(st);
    log->top = log->high;
    if (log->floor > log->high)
        log->floor = 0;
    for (size_t i = 0; i < log->gaps.len; i++) {
        struct cim_span gap = log->gaps.v[i];
        st = sql_use(&store->db, SQL_PLACE_RANGE);
        sql_int(st, 1, log->id);
        sql_u64(st, 2, gap.first - 1);
        sql_u64(st, 3, gap.first + gap.n - 1);
        if (!sql_row(&store->db, st))
            continue;
        uint64_t seq = sql_get_u64(st, 0);
        sql_end(st);
        if (seq - gap.first >= gap.n)
            continue; /* a key that rotted */
        span_remove(&log->gaps, seq, 1);
        i = (size_t)-1; /* the list changed */
    }
    log->log_dirty = log->gaps_dirty = true;
}

void
store_aside(struct store *store, struct store_job *job)
{
    struct victim v = {.seq = job->aside.seq};

    store_logs_flush(store);
    store_logs_drop(store);
    store->meta_dirty = true; /* what is in memory is right */
    if (!job->aside.log.node[0] && v.seq == STORE_SEQ_LEDGER) {
        store_ledger_forget(store);
        return;
    }
    if (job->aside.arrival) {
        set_stray_aside(store, job);
        return;
    }
    sqlite3_stmt *st = sql_use(&store->db, SQL_LOG_FIND);
    sql_str(st, 1, job->aside.log.node);
    sql_u64(st, 2, job->aside.log.epoch);
    v.log = sql_value(&store->db, st, 0);
    if (!v.log)
        return;
    st = sql_use(&store->db, SQL_PLACE_GET);
    sql_int(st, 1, v.log);
    sql_u64(st, 2, v.seq);
    int64_t arrival = sql_value(&store->db, st, 0);
    struct open_log *log = log_by_id(store, v.log);
    if (log && !v.seq)
        mend_log(store, log);
    if (arrival > 0) {
        v.arrival = (uint64_t)arrival;
        look_again(store, &v, job->now_ms);
    }
    if (log)
        span_copy(&job->gaps, &log->gaps);
}

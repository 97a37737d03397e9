/* SPDX-License-Identifier: MPL-2.0 */
/*
 * STORE_KEEP: batches and the author's word on a range, all or nothing.
 *
 * What costs is done once a batch; what is in order costs nothing: a position
 * above the log's highest cannot be held, a header that follows the newest
 * one can contradict only that.
 */
#include <string.h>

#include "node/failpoint.h"
#include "node/mem.h"
#include "node/store_ledger.h"

/* ---- own ids ------------------------------------------------------------*/

/* False when the id was published before, unless it was this very event. */
static bool
own_put(struct store *store, int64_t log, const struct store_event *event)
{
    sqlite3_stmt *st = sql_use(&store->db, SQL_OWN_GET);

    sql_blob(st, 1, cim_bytes_of(event->id.b, sizeof event->id.b));
    if (sql_row(&store->db, st)) {
        bool same = sql_get_u64(st, 1) == event->seq &&
                    sqlite3_column_int64(st, 3) == log;
        sql_end(st);
        return same;
    }
    st = sql_use(&store->db, SQL_OWN_PUT);
    sql_blob(st, 1, cim_bytes_of(event->id.b, sizeof event->id.b));
    sql_blob(st, 2, cim_bytes_of(event->given.b, sizeof event->given.b));
    sql_int(st, 3, log);
    sql_u64(st, 4, event->seq);
    sql_run(&store->db, st);
    sql_simulate(&store->db, FAILPOINT(STORE_OWN));
    return true;
}

static void
own_take_back(struct store *store, const struct store_batch *batch, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        sqlite3_stmt *st = sql_use(&store->db, SQL_OWN_DROP);
        sql_blob(
            st, 1,
            cim_bytes_of(batch->events[i].id.b, sizeof batch->events[i].id.b));
        sql_run(&store->db, st);
    }
}

/*
 * All ids of the own batches first: when one was used before, what was put is
 * taken back and nothing else has happened yet, so no savepoint is needed.
 */
static enum cim_err
own_ids(struct store *store, struct store_job *job)
{
    for (size_t b = 0; b < job->n_batches; b++) {
        struct store_batch *batch = &job->batches[b];
        if (!batch->own)
            continue;
        int64_t log =
            store_log_open(store, batch->sh.h.node, batch->sh.h.epoch)->id;
        for (size_t i = 0; i < batch->n_events; i++) {
            if (own_put(store, log, &batch->events[i]))
                continue;
            own_take_back(store, batch, i);
            while (b-- > 0)
                if (job->batches[b].own)
                    own_take_back(store, &job->batches[b],
                                  job->batches[b].n_events);
            return CIM_ECONFLICT;
        }
    }
    return CIM_OK;
}

/* ---- the batch row ------------------------------------------------------*/

static void
batch_find(struct store *store, struct open_log *log,
           const struct cim_signed_header *sh)
{
    sqlite3_stmt *st = sql_use(&store->db, SQL_BATCH_AT);
    bool hit = false;

    sql_int(st, 1, log->id);
    sql_u64(st, 2, sh->h.first);
    while (!hit && sql_row(&store->db, st)) {
        hit = cim_bytes_eq(sql_get_bytes(st, 2), cim_signed_bytes(sh));
        if (hit)
            kept_read(st, &log->batch);
    }
    sql_end(st);
    if (hit && !log->batch.sh.len) {
        /* Its header is what came now; what rotted beside it is replaced. */
        log->batch.sh = *sh;
        log->batch.sound = false;
    }
}

static void
take_frontier(struct cim_frontier *to, const struct cim_frontier *from)
{
    struct cim_frontier copy = {0};

    copy.v = xcalloc(from->len, sizeof *copy.v);
    copy.len = copy.cap = from->len;
    memcpy(copy.v, from->v, from->len * sizeof *copy.v);
    cim_frontier_clear(to);
    *to = copy;
}

/* What both know; only what was checked against the root is merged. */
static void
merge_frontier(struct kept_batch *kept, const struct cim_frontier *more)
{
    struct cim_frontier both = {0};

    if (kept->f.len == kept->sh.h.count)
        return;
    enum cim_err err = cim_frontier_merge(&kept->f, more, &both);
    if (err == CIM_ENOMEM)
        mem_fail();
    if (err != CIM_OK) {
        cim_frontier_clear(&both);
        return;
    }
    cim_frontier_clear(&kept->f);
    kept->f = both;
}

/* Makes the batch the log's open one, with all that is known of its tree. */
static void
batch_open(struct store *store, struct open_log *log,
           const struct store_batch *batch)
{
    struct kept_batch *kept = &log->batch;

    if (!kept->id || !store_same_header(&kept->sh, &batch->sh)) {
        store_batch_flush(store, log);
        kept_clear(kept);
        if (batch->sh.h.first <= log->top)
            batch_find(store, log, &batch->sh);
        if (kept->id && !kept->sound)
            kept_mend(&store->db, kept);
    }
    if (!kept->id) {
        kept->id = store->next_batch++;
        kept->log = log->id;
        kept->sh = batch->sh;
    }
    if (kept->sound)
        merge_frontier(kept, &batch->frontier);
    else
        take_frontier(&kept->f, &batch->frontier);
    kept->sound = true;
    log->batch_dirty = true;
}

/* ---- events -------------------------------------------------------------*/

static bool
place_taken(struct store *store, struct open_log *log, uint64_t seq)
{
    if (seq > log->high)
        return false;
    sqlite3_stmt *st = sql_use(&store->db, SQL_PLACE_GET);
    sql_int(st, 1, log->id);
    sql_u64(st, 2, seq);
    bool taken = sql_row(&store->db, st);
    sql_end(st);
    return taken;
}

static bool
id_used(struct store *store, int64_t community, struct cim_bytes id)
{
    sqlite3_stmt *st = sql_use(&store->db, SQL_ID_USED);

    sql_blob(st, 1, id);
    sql_int(st, 2, community);
    bool used = sql_row(&store->db, st);
    sql_end(st);
    return used;
}

static void
place_put(struct store *store, struct open_log *log, uint64_t seq,
          int64_t topic, int64_t arrival)
{
    sqlite3_stmt *st = sql_use(&store->db, SQL_PLACE_PUT);

    sql_int(st, 1, log->id);
    sql_u64(st, 2, seq);
    sql_int(st, 3, topic);
    sql_int(st, 4, arrival);
    sql_run(&store->db, st);
    sql_simulate(&store->db, FAILPOINT(STORE_POSITION));
}

static void
refuse(struct store *store, struct open_log *log, const struct store_event *ev,
       int64_t now_ms)
{
    place_put(store, log, ev->seq, store_topic(store, ev->topic),
              PLACE_REFUSED);
    sqlite3_stmt *st = sql_use(&store->db, SQL_REFUSED_PUT);
    sql_int(st, 1, log->id);
    sql_u64(st, 2, ev->seq);
    sql_blob(st, 3, cim_bytes_of(ev->leaf.b, sizeof ev->leaf.b));
    sql_str(st, 4, cim_err_label(ev->refuse));
    sql_int(st, 5, now_ms);
    sql_run(&store->db, st);
    sql_simulate(&store->db, FAILPOINT(STORE_REFUSED));
}

/*
 * Unless the ledger is behind, or this transaction brought it much already:
 * then the event gets its turn when the store is idle. So a burst is kept as
 * fast as without a ledger, and what comes by the dozen is there at once.
 */
static void
ledger_put(struct store *store, const struct open_log *log,
           const struct store_event *ev, struct ledger_news *news)
{
    if (store->ledger_upto + 1 != ev->arrival ||
        store->ledger_here >= LEDGER_AT_ONCE)
        return;
    store->ledger_here++;
    news->arrival = ev->arrival;
    news->who = log->community;
    news->id = ev->id;
    news->at.time_ms = log->batch.sh.h.time_ms;
    news->at.log = log->name;
    news->at.seq = ev->seq;
    news->bytes = ev->bytes;
    store_ledger_put(store, news);
    store->ledger_upto = ev->arrival;
}

static void
event_put(struct store *store, struct open_log *log, struct store_event *ev,
          int64_t now_ms)
{
    static const struct cim_uuid none;
    struct cim_bytes id = cim_bytes_of(ev->id.b, sizeof ev->id.b);
    bool has_id = memcmp(&ev->id, &none, sizeof none) != 0;
    bool repeat = has_id && id_used(store, log->community, id);
    int64_t topic = store_topic(store, ev->topic);

    ev->arrival = ++store->last_arrival;
    sqlite3_stmt *st = sql_use(&store->db, SQL_EVENT_PUT);
    sql_u64(st, 1, ev->arrival);
    sql_int(st, 2, log->id);
    sql_u64(st, 3, ev->seq);
    sql_int(st, 4, topic);
    sql_int(st, 5, log->batch.id);
    sql_int(st, 6, log->community);
    sql_int(st, 7, now_ms);
    sql_int(st, 8,
            (repeat ? EVENT_REPEAT : 0) |
                (ev->seq < log->top ? EVENT_LATE : 0));
    if (has_id)
        sql_blob(st, 9, id);
    else
        sql_null(st, 9);
    sql_blob(st, 10, ev->bytes);
    sql_run(&store->db, st);
    sql_simulate(&store->db, FAILPOINT(STORE_EVENT));
    place_put(store, log, ev->seq, topic, (int64_t)ev->arrival);
    struct ledger_news news = {.topic = topic, .repeat = repeat};
    ledger_put(store, log, ev, &news);
    ev->stored = true;
    log->batch.held++;
    log->batch_dirty = true;
    log->held++;
    store->bytes += ev->bytes.len;
    store->meta_dirty = true;
    if (ev->seq > log->top)
        log->top = ev->seq;
}

/* The position counts as held from now on. */
static void
place_done(struct store *store, struct open_log *log, struct store_batch *batch,
           uint64_t seq)
{
    log->log_dirty = true;
    if (seq > log->high)
        log->high = seq;
    if (batch->covered && seq == log->cursor + 1)
        store_cursor_set(store, log, cim_bytes_str(""), seq);
    if (log->gaps.len && span_has(&log->gaps, seq)) {
        span_remove(&log->gaps, seq, 1);
        log->gaps_dirty = true;
        batch->gaps_changed = true;
    }
}

static void
keep_batch(struct store *store, struct store_job *job,
           struct store_batch *batch)
{
    struct open_log *log =
        store_log_open(store, batch->sh.h.node, batch->sh.h.epoch);
    bool opened = false;

    batch->n_stored = 0;
    batch->gaps_changed = false;
    store_keep_header(store, log, batch);
    for (size_t i = 0; i < batch->n_events; i++) {
        struct store_event *ev = &batch->events[i];
        ev->stored = ev->refused = false;
        if (place_taken(store, log, ev->seq))
            continue;
        if (ev->refuse != CIM_OK) {
            refuse(store, log, ev, job->now_ms);
            ev->refused = true;
        } else {
            if (!opened)
                batch_open(store, log, batch);
            opened = true;
            event_put(store, log, ev, job->now_ms);
            batch->n_stored++;
        }
        place_done(store, log, batch, ev->seq);
    }
    if (batch->covered) {
        store_contiguous(store, log);
        batch->contiguous = log->cursor;
    }
    batch->held = log->held;
    if (batch->gaps_changed)
        span_copy(&job->gaps, &log->gaps);
}

/* ---- the author's word --------------------------------------------------*/

/* Those of a span that do not count as held become gaps. */
static void
missing_span(struct store *store, struct open_log *log, uint64_t first,
             uint64_t last)
{
    span_add(&log->gaps, first, last - first + 1);
    sqlite3_stmt *st = sql_use(&store->db, SQL_PLACE_RANGE);
    sql_int(st, 1, log->id);
    sql_u64(st, 2, first - 1);
    sql_u64(st, 3, last);
    while (sql_row(&store->db, st))
        span_remove(&log->gaps, sql_get_u64(st, 0), 1);
    log->gaps_dirty = true;
}

static void
keep_cover(struct store *store, struct store_job *job)
{
    const struct store_cover *cover = &job->cover;
    struct open_log *log =
        store_log_open(store, cover->log.node, cover->log.epoch);
    uint64_t end = cover->covered;

    if (end > cover->after + CIM_FETCH_RANGE)
        end = cover->after + CIM_FETCH_RANGE;
    for (size_t i = 0; i < cover->n_missing; i++) {
        struct cim_span s = cover->missing[i];
        if (!s.n || !s.first || s.first > end ||
            s.first + s.n - 1 <= cover->after)
            continue;
        uint64_t first = s.first > cover->after ? s.first : cover->after + 1;
        uint64_t last = s.n - 1 < end - s.first ? s.first + s.n - 1 : end;
        missing_span(store, log, first, last);
    }
    for (size_t i = 0; i < cover->n_prefixes; i++) {
        struct cim_bytes prefix = cim_prefix_bytes(&cover->prefixes[i]);
        uint64_t upto = store_cursor_get(store, log, prefix);
        if (upto >= cover->after && cover->covered > upto)
            store_cursor_set(store, log, prefix, cover->covered);
    }
    span_copy(&job->gaps, &log->gaps);
    for (size_t i = job->n_batches; i-- > 0;) {
        struct store_batch *batch = &job->batches[i];
        if (!batch->covered || batch->sh.h.epoch != log->name.epoch ||
            strcmp(batch->sh.h.node, log->name.node) != 0)
            continue;
        /* Live events may wait right behind what was covered. */
        store_contiguous(store, log);
        batch->contiguous = log->cursor;
        return;
    }
}

enum cim_err
store_keep(struct store *store, struct store_job *job)
{
    enum cim_err err = own_ids(store, job);

    if (err != CIM_OK)
        return err;
    for (size_t i = 0; i < job->n_batches; i++)
        keep_batch(store, job, &job->batches[i]);
    if (job->cover.set)
        keep_cover(store, job);
    return CIM_OK;
}

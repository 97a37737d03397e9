/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The ledger of events that were stored before it was: in steps, by arrival,
 * so that a start neither waits nor scans. `ledger_upto` tells how far; what
 * is stored meanwhile waits its turn.
 */
#include <stdlib.h>
#include <string.h>

#include "node/mem.h"
#include "node/store_ledger.h"

#define STEP_EVENTS 1000 /* a job, so that a commit is never held up long */

/* An event's row, on its way. */
struct row {
    struct ledger_news news;
    int64_t log, batch;
    struct cim_buf bytes; /* owned */
};

static size_t
read_rows(struct store *store, struct row *rows, size_t n)
{
    sqlite3_stmt *st = sql_use(&store->db, SQL_LEDGER_NEXT);
    size_t found = 0;

    sql_u64(st, 1, store->ledger_upto);
    sql_u64(st, 2, n);
    while (found < n && sql_row(&store->db, st)) {
        struct row *row = &rows[found++];
        struct cim_bytes id = sql_get_bytes(st, 7);
        row->news = (struct ledger_news){
            .arrival = sql_get_u64(st, 0),
            .at.seq = sql_get_u64(st, 2),
            .topic = sqlite3_column_int64(st, 3),
            .who = sqlite3_column_int64(st, 5),
            .repeat = true}; /* an older program may not have known */
        row->log = sqlite3_column_int64(st, 1);
        row->batch = sqlite3_column_int64(st, 4);
        if (id.len == sizeof row->news.id.b)
            memcpy(row->news.id.b, id.p, sizeof row->news.id.b);
        if (cim_buf_add_bytes(&row->bytes, sql_get_bytes(st, 8)) != CIM_OK)
            mem_fail();
        row->news.bytes = cim_buf_bytes(&row->bytes);
    }
    if (found == n)
        sql_end(st);
    return found;
}

/* Node, epoch and header time of a batch; false when it rotted. */
static bool
read_place(struct store *store, int64_t batch, struct ledger_place *place)
{
    struct cim_signed_header sh;
    sqlite3_stmt *st = sql_use(&store->db, SQL_BATCH_GET);

    sql_int(st, 1, batch);
    if (!sql_row(&store->db, st))
        return false;
    bool whole = kept_header(st, 2, &sh);
    sql_end(st);
    if (!whole)
        return false;
    memcpy(place->log.node, sh.h.node, sizeof place->log.node);
    place->log.epoch = sh.h.epoch;
    place->time_ms = sh.h.time_ms;
    return true;
}

static void
step(struct store *store, size_t n)
{
    struct row *rows = xcalloc(n, sizeof *rows);
    struct ledger_place place = {0};
    int64_t batch = 0;
    bool whole = false;
    size_t found = read_rows(store, rows, n);

    for (size_t i = 0; i < found; i++) {
        struct row *row = &rows[i];
        if (row->batch != batch)
            whole = read_place(store, row->batch, &place);
        batch = row->batch;
        place.seq = row->news.at.seq;
        row->news.at = place;
        if (whole)
            store_ledger_put(store, &row->news);
        store->ledger_upto = row->news.arrival;
        cim_buf_clear(&row->bytes);
    }
    if (found < n && store->db.rc == SQLITE_OK)
        store->ledger_upto = store->last_arrival;
    store->meta_dirty = true;
    free(rows);
}

void
store_ledger_forget(struct store *store)
{
    static const enum store_sql all[] = {
        SQL_LEDGER_EMPTY_EVENT, SQL_LEDGER_EMPTY_SAID,   SQL_LEDGER_EMPTY_KEY,
        SQL_LEDGER_EMPTY_SAY,   SQL_LEDGER_EMPTY_MEMBER, SQL_LEDGER_EMPTY_WORD,
        SQL_LEDGER_EMPTY_AGAIN};

    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        sql_run_plain(&store->db, all[i]);
    store->ledger_upto = 0;
    store->meta_dirty = true;
    store->ledger_again = false;
}

void
store_ledger_build(struct store *store, struct store_job *job)
{
    /* What is in memory of open batches has to be in rows. */
    store_logs_flush(store);
    if (job->ledger.anew)
        store_ledger_forget(store);
    if (store->ledger_upto < store->last_arrival)
        step(store, job->ledger.events ? job->ledger.events : STEP_EVENTS);
}

bool
store_ledger_behind(const struct store *store)
{
    return store->ledger_upto < store->last_arrival || store->ledger_again;
}

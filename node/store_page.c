/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Catch-up pages and proofs: slices rebuilt from rows.
 *
 * A page goes up the positions asked for, gathers the events of one batch at
 * a time, and writes each group as one slice for as long as there is room. Of
 * the group that no longer fits whole it takes the most that does, so a page
 * is full, and one that has any match carries at least one.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "node/mem.h"
#include "node/store_reader.h"

/* What an answer needs beside slices and missing: fixed fields, at most. */
#define ANSWER_FIXED 64
#define SLICE_HEAD   5  /* a slice's bin head in the answer */
#define SPAN_MAX     19 /* a span in the answer */

/* Events of one batch, waiting to become a slice. */
struct group {
    int64_t batch;                 /* 0: none */
    const struct kept_batch *kept; /* lent by the reader */
    struct cim_buf bytes;          /* their bytes, one after the other */
    uint64_t seqs[CIM_BATCH_EVENTS];
    size_t lens[CIM_BATCH_EVENTS];
    size_t n;
};

struct page {
    struct store_reader *r;
    struct store_log log;
    int64_t log_id;
    size_t room; /* bytes left for slices */
    bool full;
    uint64_t covered;
    struct group group;
    struct cim_buf slices; /* one after the other */
    size_t *ends;          /* where each ends; owned */
    size_t n_slices, cap_slices;
    struct span_set missing;
};

/* ---- one group ----------------------------------------------------------*/

/* A group as cim_slice_write wants it. */
struct selection {
    struct cim_bytes events[CIM_BATCH_EVENTS];
    struct cim_run runs[CIM_BATCH_EVENTS];
    size_t n_runs;
};

static void
select_first(const struct group *g, size_t n, struct selection *s)
{
    const uint8_t *p = g->bytes.p;

    s->n_runs = 0;
    for (size_t i = 0; i < n; i++) {
        uint16_t index = (uint16_t)(g->seqs[i] - g->kept->sh.h.first);
        struct cim_run *run = s->n_runs ? &s->runs[s->n_runs - 1] : NULL;
        if (run && run->first + run->n == index)
            run->n++;
        else
            s->runs[s->n_runs++] = (struct cim_run){index, 1};
        s->events[i] = cim_bytes_of(p, g->lens[i]);
        p += g->lens[i];
    }
}

static size_t
size_of_first(const struct group *g, size_t n, struct selection *s)
{
    select_first(g, n, s);
    return cim_slice_size(&g->kept->sh, s->runs, s->n_runs, s->events, n) +
           SLICE_HEAD;
}

/* The most events from the front that fit; what follows them is known too
 * big, though a slice need not grow with each event. */
static size_t
most_that_fits(const struct page *page, struct selection *s)
{
    size_t lo = 0;
    size_t hi = page->group.n;

    if (size_of_first(&page->group, hi, s) <= page->room)
        return hi;
    while (lo + 1 < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (size_of_first(&page->group, mid, s) <= page->room)
            lo = mid;
        else
            hi = mid;
    }
    return lo;
}

static void
write_slice(struct page *page, size_t n, struct selection *s)
{
    const struct group *g = &page->group;
    size_t size = size_of_first(g, n, s);

    enum cim_err err = cim_slice_write(&g->kept->sh, &g->kept->f, s->runs,
                                       s->n_runs, s->events, n, &page->slices);
    if (err == CIM_ENOMEM)
        mem_fail();
    assert(err == CIM_OK); /* the frontier is sound and the indices ascend */
    xgrow(&page->ends, &page->cap_slices, page->n_slices, sizeof *page->ends);
    page->ends[page->n_slices++] = page->slices.len;
    page->room -= size;
}

/* Writes what has been gathered; the page is full when not all of it fits. */
static void
close_group(struct page *page)
{
    struct group *g = &page->group;

    if (g->n && !page->full) {
        struct selection *s = xcalloc(1, sizeof *s);
        size_t n = most_that_fits(page, s);
        if (n)
            write_slice(page, n, s);
        if (n < g->n) {
            page->full = true;
            page->covered = g->seqs[n] - 1;
        }
        free(s);
    }
    g->batch = 0;
    g->n = 0;
    cim_buf_reset(&g->bytes);
}

/* ---- gathering ----------------------------------------------------------*/

static void
rot(struct page *page, uint64_t seq)
{
    reader_rot(page->r, &page->log, seq);
    span_add(&page->missing, seq, 1);
    page->room -= page->room < SPAN_MAX ? page->room : SPAN_MAX;
}

static void
gather(struct page *page, uint64_t seq, struct cim_bytes bytes)
{
    struct group *g = &page->group;

    if (cim_buf_add_bytes(&g->bytes, bytes) != CIM_OK)
        mem_fail();
    g->seqs[g->n] = seq;
    g->lens[g->n++] = bytes.len;
}

static void
add_place(struct page *page, const struct place *place)
{
    struct group *g = &page->group;
    sqlite3_stmt *st = sql_use(page->r->db, SQL_EVENT_GET);

    sql_int(st, 1, place->arrival);
    if (!sql_row(page->r->db, st)) {
        if (page->r->db->rc == SQLITE_OK)
            rot(page, place->seq);
        return;
    }
    int64_t batch = sqlite3_column_int64(st, 2);
    struct cim_bytes bytes = sql_get_bytes(st, 3);
    if (batch != g->batch || g->n == CIM_BATCH_EVENTS) {
        close_group(page);
        g->batch = batch;
        g->kept = reader_batch(page->r, batch);
    }
    bool fits = g->kept && sqlite3_column_int64(st, 0) == page->log_id &&
                sql_get_u64(st, 1) == place->seq &&
                kept_fits(g->kept, page->log_id, place->seq, bytes);
    if (!fits)
        rot(page, place->seq);
    else if (!page->full)
        gather(page, place->seq, bytes);
    sql_end(st);
    /* More than there is room for: the group decides where to stop. */
    if (g->bytes.len > page->room)
        close_group(page);
}

static void
add_places(struct page *page, const struct place *places, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (places[i].arrival <= 0)
            continue; /* purged or refused: nothing to give */
        add_place(page, &places[i]);
        if (page->full)
            return;
    }
    close_group(page);
}

/* ---- what the author no longer has --------------------------------------*/

static void
find_missing(struct page *page, uint64_t after, struct topic_filter *filter)
{
    sqlite3_stmt *st = sql_use(page->r->db, SQL_PLACE_RANGE);
    uint64_t next = after + 1;

    sql_int(st, 1, page->log_id);
    sql_u64(st, 2, after);
    sql_u64(st, 3, page->covered);
    while (sql_row(page->r->db, st)) {
        uint64_t seq = sql_get_u64(st, 0);
        int64_t topic = sqlite3_column_int64(st, 1);
        if (seq < next || seq > page->covered)
            continue; /* a key that rotted: as if it were not there */
        span_add(&page->missing, next, seq - next);
        next = seq + 1;
        if (sqlite3_column_int64(st, 2) <= 0 &&
            (!topic || topic_filter_match(page->r, filter, topic)))
            span_add(&page->missing, seq, 1);
    }
    span_add(&page->missing, next, page->covered + 1 - next);
    size_t size = page->missing.len * SPAN_MAX;
    page->room -= size < page->room ? size : page->room;
}

/* ---- the answer ---------------------------------------------------------*/

static enum cim_err
write_answer(struct page *page, uint64_t rid, uint64_t last,
             struct cim_buf *out)
{
    struct cim_fetch_answer answer = {
        .rid = rid, .covered = page->covered, .last = last};
    size_t at = 0;

    span_remove(&page->missing, page->covered + 1, CIM_SEQ_MAX);
    answer.missing = page->missing.v;
    answer.n_missing = page->missing.len;
    answer.slices = xcalloc(page->n_slices, sizeof *answer.slices);
    answer.n_slices = page->n_slices;
    for (size_t i = 0; i < page->n_slices; i++) {
        answer.slices[i] =
            cim_bytes_of(page->slices.p + at, page->ends[i] - at);
        at = page->ends[i];
    }
    enum cim_err err = cim_fetch_answer_write(&answer, out);
    free(answer.slices);
    return err;
}

static bool
same_have(const struct cim_have *a, const struct cim_have *b)
{
    return a->n == b->n && (!a->n || cim_digest_eq(&a->digest, &b->digest));
}

static void
fill(struct page *page, const struct cim_fetch_ask *ask, bool author)
{
    struct topic_filter filter =
        topic_filter_of(ask->prefixes, ask->n_prefixes);
    size_t n = 0;
    struct place *places = reader_places(page->r, page->log_id, ask->after,
                                         page->covered, &filter, &n);
    struct cim_have have = places_have(places, n);

    if (author)
        find_missing(page, ask->after, &filter);
    if (!same_have(&have, &ask->have))
        add_places(page, places, n);
    if (!author)
        span_clear(&page->missing);
    free(places);
    topic_filter_clear(&filter);
}

/* What of (after, upto] this answerer can speak about. */
static uint64_t
reach(const struct cim_fetch_ask *ask, uint64_t last)
{
    uint64_t upto = ask->upto < last ? ask->upto : last;

    if (upto > ask->after && upto - ask->after > CIM_FETCH_RANGE)
        upto = ask->after + CIM_FETCH_RANGE;
    return upto < ask->after ? ask->after : upto;
}

enum cim_err
store_page(struct store_reader *r, const struct cim_fetch_ask *ask,
           const char *self, struct cim_buf *out)
{
    struct page *page = xcalloc(1, sizeof *page);
    struct found_log found = {0};
    uint64_t last = 0;

    page->r = r;
    page->room = CIM_PAGE_MAX - ANSWER_FIXED;
    page->log.epoch = ask->epoch;
    if (ask->node.len && ask->node.len <= CIM_NODE_MAX)
        memcpy(page->log.node, ask->node.p, ask->node.len);
    if (reader_begin(r) == CIM_OK)
        reader_log(r, &page->log, &found);
    page->log_id = found.id;
    if (found.head.len)
        last = cim_header_last(&found.head.h);
    page->covered = reach(ask, last);
    if (found.id && page->covered > ask->after)
        fill(page, ask, cim_bytes_is(ask->node, self));
    enum cim_err err = reader_end(r);
    if (err == CIM_OK)
        err = write_answer(page, ask->rid, last, out);
    cim_buf_clear(&page->group.bytes);
    cim_buf_clear(&page->slices);
    span_clear(&page->missing);
    free(page->ends);
    free(page);
    return err;
}

/* ---- a proof ------------------------------------------------------------*/

static enum cim_err
prove_row(struct store_reader *r, const struct store_log *log, int64_t log_id,
          uint64_t seq, sqlite3_stmt *st, struct cim_buf *out)
{
    const struct kept_batch *kept =
        reader_batch(r, sqlite3_column_int64(st, 2));
    struct cim_bytes bytes = sql_get_bytes(st, 3);

    if (r->db->rc != SQLITE_OK)
        return CIM_EIO;
    if (!kept || sql_get_u64(st, 1) != seq ||
        !kept_fits(kept, log_id, seq, bytes)) {
        reader_rot(r, log, seq);
        return CIM_EROOT;
    }
    struct cim_run run = {(uint16_t)(seq - kept->sh.h.first), 1};
    return cim_slice_write(&kept->sh, &kept->f, &run, 1, &bytes, 1, out);
}

enum cim_err
store_proof(struct store_reader *r, const struct store_log *log, uint64_t seq,
            struct cim_buf *out)
{
    enum cim_err err = CIM_ENOENT;
    struct found_log found = {0};

    if (reader_begin(r) == CIM_OK)
        reader_log(r, log, &found);
    sqlite3_stmt *st = sql_use(r->db, SQL_PLACE_GET);
    sql_int(st, 1, found.id);
    sql_u64(st, 2, seq);
    int64_t arrival = sql_value(r->db, st, 0);
    if (arrival > 0) {
        st = sql_use(r->db, SQL_EVENT_GET);
        sql_int(st, 1, arrival);
        if (sql_row(r->db, st)) {
            err = prove_row(r, log, found.id, seq, st, out);
        } else {
            reader_rot(r, log, seq);
            err = CIM_EROOT;
        }
        sql_end(st);
    }
    enum cim_err io = reader_end(r);
    return io != CIM_OK ? io : err;
}

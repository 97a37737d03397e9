/* SPDX-License-Identifier: MPL-2.0 */
#include "tests/fault/served.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/event.h"

__attribute__((format(printf, 2, 3))) static void
wrong(struct served *out, const char *fmt, ...)
{
    va_list ap;

    if (out->wrong[0])
        return;
    va_start(ap, fmt);
    vsnprintf(out->wrong, sizeof out->wrong, fmt, ap);
    va_end(ap);
}

/* True for CIM_OK; counts a refusal; anything else is wrong. */
static bool
went_well(struct served *out, enum cim_err err, const char *call)
{
    if (err == CIM_EIO)
        out->refused++;
    else if (err != CIM_OK)
        wrong(out, "%s: %s", call, cim_err_label(err));
    return err == CIM_OK;
}

/* ---- pages --------------------------------------------------------------*/

static void
judge_slice(const struct book_log *log, struct cim_bytes bytes,
            struct span_set *got, struct served *out)
{
    struct cim_slice slice;
    struct cim_proven proven;

    if (cim_slice_parse(bytes, &slice) != CIM_OK ||
        cim_slice_prove(&slice, &log->key, false, &proven) != CIM_OK) {
        wrong(out, "%s: a slice that does not prove", log->log.node);
        return;
    }
    const struct cim_header *h = &proven.slice.sh.h;
    if (h->epoch != log->log.epoch || strcmp(h->node, log->log.node) != 0)
        wrong(out, "%s: a slice of %s", log->log.node, h->node);
    for (size_t i = 0; i < proven.slice.n_events; i++) {
        uint64_t seq = h->first + cim_slice_index(&proven.slice, i);
        if (span_has(got, seq))
            wrong(out, "%s: %" PRIu64 " twice", log->log.node, seq);
        span_add(got, seq, 1);
        if (seq > log->n ||
            !cim_hash_eq(&proven.leaves[i], &log->events[seq - 1].leaf))
            wrong(out, "%s: %" PRIu64 " is not what was sealed", log->log.node,
                  seq);
        out->pages++;
    }
    cim_proven_clear(&proven);
}

/* How far it came; `after` when this is the end. */
static uint64_t
judge_page(struct store_reader *reader, const struct book_log *log, bool author,
           uint64_t after, struct served *out)
{
    struct cim_prefix all = prefix_of("");
    struct cim_fetch_ask ask = {.rid = 5,
                                .node = cim_bytes_str(log->log.node),
                                .epoch = log->log.epoch,
                                .after = after,
                                .upto = after + CIM_FETCH_RANGE,
                                .prefixes = &all,
                                .n_prefixes = 1};
    struct cim_buf frame = {0};
    struct cim_sync msg = {0};
    struct span_set got = {0};
    uint64_t covered = after;

    if (went_well(
            out,
            store_page(reader, &ask, author ? log->log.node : "x/y", &frame),
            "store_page")) {
        assert_int_equal(cim_sync_parse_answer(cim_buf_bytes(&frame), &msg),
                         CIM_OK);
        covered = msg.u.fetch.covered;
        if (msg.u.fetch.last > log->n)
            wrong(out, "%s: last %" PRIu64 " of %zu", log->log.node,
                  msg.u.fetch.last, log->n);
        for (size_t i = 0; i < msg.u.fetch.n_slices; i++)
            judge_slice(log, msg.u.fetch.slices[i], &got, out);
        for (size_t i = 0; i < msg.u.fetch.n_missing; i++)
            out->missing += msg.u.fetch.missing[i].n;
    }
    cim_sync_clear(&msg);
    cim_buf_clear(&frame);
    span_clear(&got);
    return covered;
}

void
served_pages(struct store_reader *reader, const struct book_log *log,
             bool author, struct served *out)
{
    uint64_t after = 0;
    uint64_t covered;

    while ((covered = judge_page(reader, log, author, after, out)) > after)
        after = covered;
}

/* ---- rows ---------------------------------------------------------------*/

struct rows {
    const struct book *book;
    struct served *out;
    struct span_set got[BOOK_LOGS];
    uint64_t arrival;
    bool in_order;
};

static bool
judge_row(void *ctx, const struct store_row *row)
{
    struct rows *rows = ctx;
    struct served *out = rows->out;
    const struct book_log *log = book_log_of(rows->book, &row->log);
    const struct book_event *e = book_find(rows->book, &row->log, row->seq);
    struct cim_hash leaf = cim_hash_leaf(row->bytes);

    if (!e) {
        wrong(out, "a row of %s %" PRIu64 "/%" PRIu64 ", which is not sealed",
              row->log.node, row->log.epoch, row->seq);
        return true;
    }
    if (!cim_hash_eq(&leaf, &e->leaf) || !cim_bytes_is(row->topic, e->topic) ||
        memcmp(&row->id, &e->id, sizeof e->id) != 0)
        wrong(out, "a row of %s %" PRIu64 "/%" PRIu64 " is not what was sealed",
              row->log.node, row->log.epoch, row->seq);
    struct span_set *got = &rows->got[log - rows->book->logs];
    if (rows->in_order &&
        (span_has(got, row->seq) || row->arrival <= rows->arrival))
        out->disorder++;
    span_add(got, row->seq, 1);
    rows->arrival = row->arrival;
    out->rows += rows->in_order;
    out->found += !rows->in_order;
    return true;
}

static void
rows_clear(struct rows *rows)
{
    for (size_t i = 0; i < BOOK_LOGS; i++)
        span_clear(&rows->got[i]);
}

void
served_rows(struct store_reader *reader, const struct book *book,
            struct served *out)
{
    struct rows rows = {.book = book, .out = out, .in_order = true};
    struct store_query query = {.limit = SIZE_MAX};
    uint64_t scanned = 0;

    (void)went_well(out,
                    store_events(reader, &query, judge_row, &rows, &scanned),
                    "store_events");
    rows_clear(&rows);
}

/* ---- one by one ---------------------------------------------------------*/

static void
judge_proof(struct store_reader *reader, const struct book_log *log,
            uint64_t seq, struct served *out)
{
    struct cim_buf bytes = {0};
    struct span_set got = {0};
    enum cim_err err = store_proof(reader, &log->log, seq, &bytes);

    if (err == CIM_OK) {
        size_t before = out->pages;
        judge_slice(log, cim_buf_bytes(&bytes), &got, out);
        if (out->pages != before + 1 || !span_has(&got, seq))
            wrong(out, "%s: the proof of %" PRIu64 " is of another",
                  log->log.node, seq);
        out->pages = before;
        out->proofs++;
    } else if (err != CIM_ENOENT && err != CIM_EROOT) {
        (void)went_well(out, err, "store_proof");
    }
    cim_buf_clear(&bytes);
    span_clear(&got);
}

static void
one_by_one(struct store_reader *reader, const struct book *book,
           const struct book_log *log, struct served *out)
{
    struct rows rows = {.book = book, .out = out};

    for (size_t i = 0; i < log->n; i++) {
        judge_proof(reader, log, i + 1, out);
        (void)went_well(out,
                        store_find(reader, (struct cim_bytes){0},
                                   &log->events[i].id, judge_row, &rows),
                        "store_find");
    }
    rows_clear(&rows);
}

struct served
served_all(struct store_reader *reader, const struct book *book)
{
    struct served out = {.wrong = ""};
    struct store_log log;
    uint64_t seq;

    for (size_t i = 0; i < book->n; i++) {
        served_pages(reader, &book->logs[i], i % 2, &out);
        one_by_one(reader, book, &book->logs[i], &out);
    }
    served_rows(reader, book, &out);
    while (store_reader_rotten(reader, &log, &seq))
        out.rotten++;
    return out;
}

bool
integrity_ok(struct store *store)
{
    sqlite3_stmt *st = NULL;
    bool ok = false;

    if (sqlite3_prepare_v2(store->db.h, "PRAGMA integrity_check", -1, &st,
                           NULL) == SQLITE_OK &&
        sqlite3_step(st) == SQLITE_ROW)
        ok = strcmp((const char *)sqlite3_column_text(st, 0), "ok") == 0;
    sqlite3_finalize(st);
    return ok;
}

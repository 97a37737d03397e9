/* SPDX-License-Identifier: MPL-2.0 */
#include "tests/fault/work.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/fault/work_steps.h"

/* ---- the book -----------------------------------------------------------*/

const struct book_log *
book_log_of(const struct book *book, const struct store_log *log)
{
    for (size_t i = 0; i < book->n; i++)
        if (book->logs[i].log.epoch == log->epoch &&
            strcmp(book->logs[i].log.node, log->node) == 0)
            return &book->logs[i];
    return NULL;
}

const struct book_event *
book_find(const struct book *book, const struct store_log *log, uint64_t seq)
{
    const struct book_log *l = book_log_of(book, log);

    return l && seq >= 1 && seq <= l->n ? &l->events[seq - 1] : NULL;
}

void
book_add(struct book *book, const struct author *a, const struct sealed *s)
{
    struct store_log log = log_of(a);
    struct book_log *l = (struct book_log *)book_log_of(book, &log);

    if (!l) {
        assert_true(book->n < BOOK_LOGS);
        l = &book->logs[book->n++];
        *l = (struct book_log){.log = log, .key = a->key};
    }
    assert_int_equal(l->n + 1, s->sh.h.first);
    for (size_t i = 0; i < s->n; i++) {
        xgrow(&l->events, &l->cap, l->n, sizeof *l->events);
        struct book_event *e = &l->events[l->n++];
        *e = (struct book_event){
            .leaf = cim_hash_leaf(cim_buf_bytes(&s->events[i])),
            .id = s->ids[i]};
        memcpy(e->topic, s->topics[i], sizeof e->topic);
    }
}

/* ---- the content --------------------------------------------------------*/

static void
add_row(struct cim_digester *d, sqlite3_stmt *st)
{
    for (int i = 0; i < sqlite3_column_count(st); i++) {
        cim_digester_add_u64(d, (uint64_t)sqlite3_column_type(st, i));
        struct cim_bytes b = sql_get_bytes(st, i);
        cim_digester_add_u64(d, b.len);
        cim_digester_add(d, b);
    }
}

static void
add_table(struct cim_digester *d, sqlite3 *h, const char *name)
{
    char *sql = xasprintf("SELECT * FROM \"%s\"", name);
    sqlite3_stmt *st = NULL;

    assert_int_equal(sqlite3_prepare_v2(h, sql, -1, &st, NULL), SQLITE_OK);
    free(sql);
    cim_digester_add(d, cim_bytes_str(name));
    while (sqlite3_step(st) == SQLITE_ROW)
        add_row(d, st);
    assert_int_equal(sqlite3_finalize(st), SQLITE_OK);
}

/* Every row of every table, in the order of its key. */
struct cim_digest
content_of(struct store *store)
{
    struct cim_digester d;
    sqlite3_stmt *st = NULL;

    cim_digester_init(&d);
    assert_int_equal(sqlite3_prepare_v2(store->db.h,
                                        "SELECT name FROM sqlite_schema WHERE"
                                        " type = 'table' AND name NOT LIKE"
                                        " 'sqlite_%' ORDER BY name",
                                        -1, &st, NULL),
                     SQLITE_OK);
    while (sqlite3_step(st) == SQLITE_ROW)
        add_table(&d, store->db.h, (const char *)sqlite3_column_text(st, 0));
    assert_int_equal(sqlite3_finalize(st), SQLITE_OK);
    return cim_digester_end(&d);
}

static uint64_t
wal_bytes(const struct work *w)
{
    size_t file = crash_find(w->disk, w->wal);

    return file == CRASH_NO_FILE ? 0 : w->disk->files[file].len;
}

static void
note_acked(struct work *w)
{
    xgrow(&w->acked, &w->cap_acked, w->n_acked, sizeof *w->acked);
    struct acked *a = &w->acked[w->n_acked++];
    *a = (struct acked){.content = content_of(w->store),
                        .ops = w->disk->n_ops,
                        .wal_bytes = wal_bytes(w),
                        .arrival = store_last_arrival(w->store),
                        .checkpoints = w->checkpoints};
}

/* ---- begin and end ------------------------------------------------------*/

/* The store looks whether its files are still there, on the real disk. */
static void
stand_in(const char *path)
{
    FILE *file = fopen(path, "w");

    assert_non_null(file);
    fclose(file);
}

void
work_start(struct work *w, uint64_t seed)
{
    *w = (struct work){.seed = seed, .rng = rng_of(seed), .retention = true};
    w->folder = folder_make();
    w->path = xasprintf("%s/store.db", w->folder);
    w->wal = xasprintf("%s-wal", w->path);
    stand_in(w->wal);
    crash_vfs_start(&w->vfs);
    w->disk = crash_disk_new();
    crash_vfs_mount(&w->vfs, w->disk);
    author_open(&w->own, "odl/ci-1", 7);
    author_open(&w->peer, "onap/ci-1", 9);
    author_open(&w->far, "opnfv/ci-1", 11);
}

void
work_end(struct work *w)
{
    work_drop(w);
    crash_vfs_disarm(&w->vfs);
    store_close(&w->store);
    if (w->half)
        sealed_free(&w->half);
    author_close(&w->own);
    author_close(&w->peer);
    author_close(&w->far);
    for (size_t i = 0; i < w->book.n; i++)
        free(w->book.logs[i].events);
    crash_vfs_end(&w->vfs);
    crash_disk_free(&w->disk);
    folder_remove(&w->folder);
    free(w->path);
    free(w->wal);
    free(w->acked);
}

enum cim_err
work_open(struct work *w)
{
    struct cim_diag diag = {""};
    enum cim_err err = store_open(w->path, &w->store, &diag);

    if (err == CIM_OK && !w->n_acked)
        note_acked(w);
    if (err != CIM_OK)
        assert_string_not_equal(diag.text, "");
    return err;
}

/* ---- steps --------------------------------------------------------------*/

void
work_drop(struct work *w)
{
    for (size_t i = 0; i < w->n_jobs; i++)
        store_job_destroy(&w->jobs[i]);
    w->n_jobs = 0;
}

void
work_draw(struct work *w)
{
    size_t n = rng_below(&w->rng, 4) ? 1 : 1 + rng_below(&w->rng, STEP_JOBS);

    work_drop(w);
    w->step++;
    for (size_t i = 0; i < n; i++)
        w->jobs[w->n_jobs++] = step_job(w);
}

enum cim_err
work_commit(struct work *w, bool *full)
{
    enum cim_err err = store_commit(w->store, w->jobs, w->n_jobs, full);

    if (err != CIM_OK) {
        for (size_t i = 0; i < w->n_jobs; i++)
            assert_int_equal(w->jobs[i]->err, CIM_EIO);
        return err;
    }
    work_drop(w);
    struct crash_fault armed = w->vfs.fault; /* looking is no part of it */
    crash_vfs_disarm(&w->vfs);
    note_acked(w);
    w->vfs.fault = armed;
    return CIM_OK;
}

void
work_checkpoint(struct work *w)
{
    w->store->wal_pages = 1u << 20; /* as if it were large */
    store_tidy(w->store);
    w->checkpoints++;
}

void
work_maybe_checkpoint(struct work *w)
{
    if (!rng_below(&w->rng, 12))
        work_checkpoint(w);
}

void
work_run(struct work *w, unsigned steps)
{
    bool full;

    for (unsigned i = 0; i < steps; i++) {
        work_draw(w);
        assert_int_equal(work_commit(w, &full), CIM_OK);
        work_maybe_checkpoint(w);
        if (!rng_below(&w->rng, 25)) {
            store_close(&w->store);
            assert_int_equal(work_open(w), CIM_OK);
        }
    }
}

void
work_twin(struct work *w, uint64_t seed, unsigned steps)
{
    bool full;

    work_start(w, seed);
    assert_int_equal(work_open(w), CIM_OK);
    for (unsigned i = 0; i < steps; i++) {
        work_draw(w);
        assert_int_equal(work_commit(w, &full), CIM_OK);
        work_maybe_checkpoint(w);
    }
    store_close(&w->store);
}

bool
content_is(struct store *store, const struct work *twin, size_t n,
           bool *one_more)
{
    struct cim_digest now = content_of(store);

    *one_more = false;
    if (cim_digest_eq(&now, &twin->acked[n].content))
        return true;
    *one_more = true;
    return n + 1 < twin->n_acked &&
           cim_digest_eq(&now, &twin->acked[n + 1].content);
}

/* ---- programs -----------------------------------------------------------*/

uint64_t
fault_seed(int argc, char **argv, const char *program)
{
    uint64_t seed = 1;

    if (argc == 3 && strcmp(argv[1], "--seed") == 0)
        seed = strtoull(argv[2], NULL, 10);
    else if (argc != 1) {
        fprintf(stderr, "usage: %s [--seed N]\n", argv[0]);
        exit(64);
    }
    printf("fault.%s: seed %" PRIu64 "; replay with %s --seed %" PRIu64 "\n",
           program, seed, argv[0], seed);
    return seed;
}

bool
fault_long(void)
{
    const char *text = getenv("CIM_LONG");

    return text && strcmp(text, "1") == 0;
}

/* SPDX-License-Identifier: MPL-2.0 */
/*
 * fault.rot - one flipped bit.
 *
 * In the main file at rest: the store refuses to open, or whatever it serves
 * is what was sealed, and what it does not serve it says, or its check does. In
 * the WAL: SQLite drops the tail, so the store has exactly the content after
 * some earlier commit: a shorter log, never another one; positions are below
 * what was acknowledged, so who remembers the head sees it.
 *
 *   rot_test [--seed N]      300 flips each; CIM_LONG=1: 3,000 and 2,000
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "node/store_check.h"
#include "tests/fault/served.h"

struct rot {
    uint64_t seed;
    struct work w;
    struct crash_disk *open; /* main and WAL, as a crash left it */
    struct crash_disk *shut; /* main only */
    size_t base;             /* commits in the main file of `open` */
    struct served all;
};

static int
set_up(void **state)
{
    struct rot *r = *state;
    bool full;

    work_start(&r->w, r->seed);
    r->w.retention = false;
    assert_int_equal(work_open(&r->w), CIM_OK);
    work_run(&r->w, 40);
    store_close(&r->w.store);
    assert_int_equal(work_open(&r->w), CIM_OK);
    r->base = r->w.n_acked - 1;
    for (int i = 0; i < 12; i++) {
        work_draw(&r->w);
        assert_int_equal(work_commit(&r->w, &full), CIM_OK);
    }
    r->open = crash_at(r->w.disk, r->w.disk->n_ops, CRASH_KEEP, 0);
    struct store_reader *reader = store_reader_of(r->w.store);
    r->all = served_all(reader, &r->w.book);
    assert_string_equal(r->all.wrong, "");
    store_reader_close(&reader);
    store_close(&r->w.store);
    r->shut = crash_at(r->w.disk, r->w.disk->n_ops, CRASH_KEEP, 0);
    return 0;
}

static int
tear_down(void **state)
{
    struct rot *r = *state;

    work_end(&r->w);
    crash_disk_free(&r->open);
    crash_disk_free(&r->shut);
    return 0;
}

static struct crash_disk *
flipped(const struct crash_disk *from, const char *name, uint64_t bit)
{
    struct crash_disk *disk = crash_at(from, SIZE_MAX, CRASH_KEEP, 0);
    size_t file = crash_find(disk, name);
    uint8_t byte = disk->files[file].p[bit / 8];

    byte = (uint8_t)(byte ^ 1u << bit % 8);
    crash_write(disk, file, bit / 8, &byte, 1);
    crash_sync(disk, CRASH_SYNC, file);
    return disk;
}

static uint64_t
draw_bit(struct rng *rng, const struct crash_disk *disk, const char *name)
{
    return rng_below(rng, disk->files[crash_find(disk, name)].len * 8);
}

/* The root pages of tables that say what events are and where they belong:
 * small, so that chance alone would hardly ever hit them. */
static size_t
small_pages(struct work *w, const struct crash_disk *disk, uint64_t *pages,
            size_t cap)
{
    struct crash_disk *copy = crash_at(disk, SIZE_MAX, CRASH_KEEP, 0);
    sqlite3_stmt *st = NULL;
    struct cim_diag diag = {""};
    size_t n = 0;

    crash_vfs_mount(&w->vfs, copy);
    assert_int_equal(store_open(w->path, &w->store, &diag), CIM_OK);
    assert_int_equal(
        sqlite3_prepare_v2(w->store->db.h,
                           "SELECT rootpage FROM sqlite_schema WHERE tbl_name"
                           " IN ('feed', 'log', 'topic', 'meta', 'community',"
                           " 'batch', 'position', 'event', 'key')",
                           -1, &st, NULL),
        SQLITE_OK);
    while (n < cap && sqlite3_step(st) == SQLITE_ROW)
        pages[n++] = (uint64_t)sqlite3_column_int64(st, 0);
    sqlite3_finalize(st);
    store_close(&w->store);
    crash_disk_free(&copy);
    return n;
}

/* A bit of a byte in use on one of these pages. */
static uint64_t
draw_small(struct rng *rng, const struct crash_disk *disk, const char *name,
           const uint64_t *pages, size_t n)
{
    const uint8_t *p = disk->files[crash_find(disk, name)].p;
    uint64_t at;

    do
        at = (pages[rng_below(rng, n)] - 1) * 4096 + rng_below(rng, 4096);
    while (!p[at]);
    return at * 8 + rng_below(rng, 8);
}

/* ---- the main file ------------------------------------------------------*/

struct rots {
    size_t refused, harmless, told, named, silent, disorder;
};

static bool
note_finding(void *ctx, const struct store_finding *finding)
{
    (void)finding;
    *(bool *)ctx = true;
    return false;
}

static bool
go_on(void *ctx, uint64_t done, uint64_t all)
{
    (void)ctx;
    (void)done;
    (void)all;
    return true;
}

/* What `cimesh fsck` asks. */
static bool
is_named(struct store_reader *reader)
{
    bool named = false;
    struct store_check check = {
        .found = note_finding, .go_on = go_on, .ctx = &named};
    struct cim_diag diag = {""};

    return store_check(reader, &check, &diag) != CIM_OK || named;
}

static void
count_served(const struct rot *r, const struct served *s, struct rots *count,
             struct store_reader *reader, const char *at)
{
    FAULT_CHECK(!s->wrong[0], "%s: %s", at, s->wrong);
    count->disorder += s->disorder > 0;
    if (s->rows == r->all.rows && s->pages == r->all.pages &&
        s->proofs == r->all.proofs && s->found == r->all.found)
        count->harmless++;
    else if (s->refused || s->rotten)
        count->told++;
    else if (s->missing > r->all.missing)
        count->told++;
    else if (is_named(reader))
        count->named++;
    else {
        if (getenv("FAULT_SHOW"))
            printf("silent: %s: rows %zu/%zu pages %zu/%zu proofs %zu/%zu"
                   " found %zu/%zu\n",
                   at, s->rows, r->all.rows, s->pages, r->all.pages, s->proofs,
                   r->all.proofs, s->found, r->all.found);
        count->silent++;
    }
}

/* What was named is set aside; after that it is not named again. */
static void
set_aside(struct store *store, struct store_reader *reader)
{
    struct store_log log;
    uint64_t seq;
    bool full;

    while (store_reader_rotten(reader, &log, &seq)) {
        struct store_job *job = store_job_new(STORE_ASIDE);
        job->aside.log = log;
        job->aside.seq = seq;
        enum cim_err err = store_commit(store, &job, 1, &full);
        store_job_destroy(&job);
        if (err != CIM_OK)
            return; /* final, as damage met while writing is */
    }
}

static void
look_at_main(struct rot *r, uint64_t bit, struct rots *count)
{
    struct crash_disk *disk = flipped(r->shut, r->w.path, bit);
    struct store_reader *reader = NULL;
    struct store *store = NULL;
    struct cim_diag diag = {""};
    char at[80];

    snprintf(at, sizeof at, "seed %" PRIu64 ", bit %" PRIu64, r->seed, bit);
    crash_vfs_mount(&r->w.vfs, disk);
    enum cim_err err = store_open(r->w.path, &store, &diag);
    if (err == CIM_OK)
        err = store_reader_open(r->w.path, &reader, &diag);
    if (err != CIM_OK) {
        FAULT_CHECK(diag.text[0], "%s: no word", at);
        count->refused++;
    } else {
        struct served s = served_all(reader, &r->w.book);
        count_served(r, &s, count, reader, at);
        served_rows(reader, &r->w.book, &s);
        set_aside(store, reader);
        s = served_all(reader, &r->w.book);
        FAULT_CHECK(!s.wrong[0], "%s: after setting aside: %s", at, s.wrong);
    }
    store_reader_close(&reader);
    store_close(&store);
    crash_disk_free(&disk);
}

static void
a_bit_of_the_main_file_is_never_served_wrong(void **state)
{
    struct rot *r = *state;
    struct rng rng = rng_of(r->seed ^ 0x707);
    size_t n = fault_long() ? 3000 : 300;
    struct rots count = {0};
    uint64_t pages[32];
    size_t n_pages = small_pages(&r->w, r->shut, pages, 32);

    for (size_t i = 0; i < n; i++)
        look_at_main(r,
                     i % 2
                         ? draw_small(&rng, r->shut, r->w.path, pages, n_pages)
                         : draw_bit(&rng, r->shut, r->w.path),
                     &count);
    printf("fault.rot: %zu bits of the main file, 0 served wrong; %zu refused"
           " to open, %zu harmless, %zu told, %zu named by the check, %zu less"
           " without a word; rows out of order %zu times\n",
           n, count.refused, count.harmless, count.told, count.named,
           count.silent, count.disorder);
    printf("rig B4 %zu bits\n", n);
    assert_int_equal(count.silent, 0);
}

/* ---- the WAL ------------------------------------------------------------*/

static size_t
look_at_wal(struct rot *r, uint64_t bit)
{
    struct crash_disk *disk = flipped(r->open, r->w.wal, bit);
    struct store *store = NULL;
    struct cim_diag diag = {""};
    size_t last = r->w.n_acked - 1;

    crash_vfs_mount(&r->w.vfs, disk);
    FAULT_CHECK(store_open(r->w.path, &store, &diag) == CIM_OK,
                "seed %" PRIu64 ", bit %" PRIu64 " of the WAL: %s", r->seed,
                bit, diag.text);
    struct cim_digest now = content_of(store);
    while (last > r->base && !cim_digest_eq(&now, &r->w.acked[last].content))
        last--;
    FAULT_CHECK(cim_digest_eq(&now, &r->w.acked[last].content),
                "seed %" PRIu64 ", bit %" PRIu64 " of the WAL: the content of"
                " no commit",
                r->seed, bit);
    store_close(&store);
    crash_disk_free(&disk);
    return last;
}

static void
a_bit_of_the_wal_gives_a_shorter_log_or_none_the_less(void **state)
{
    struct rot *r = *state;
    struct rng rng = rng_of(r->seed ^ 0x3a1);
    size_t n = fault_long() ? 2000 : 300;
    size_t shorter = 0;

    for (size_t i = 0; i < n; i++)
        shorter += look_at_wal(r, draw_bit(&rng, r->open, r->w.wal)) + 1 <
                   r->w.n_acked;
    printf("fault.rot: %zu bits of the WAL, 0 wrong; %zu shorter, each the"
           " content of an earlier commit\n",
           n, shorter);
    printf("rig B5 %zu bits\n", n);
    assert_true(shorter > 0);
}

#define TEST(name)                                                             \
    cmocka_unit_test_prestate_setup_teardown(name, set_up, tear_down, &r)

int
main(int argc, char **argv)
{
    struct rot r = {.seed = fault_seed(argc, argv, "rot")};
    const struct CMUnitTest tests[] = {
        TEST(a_bit_of_the_main_file_is_never_served_wrong),
        TEST(a_bit_of_the_wal_gives_a_shorter_log_or_none_the_less),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

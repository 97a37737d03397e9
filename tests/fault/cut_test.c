/* SPDX-License-Identifier: MPL-2.0 */
/*
 * fault.cut - the WAL and the main file, cut short.
 *
 * The WAL of a store at work (150 KB) is cut at every length: what opens must
 * have exactly the commits that end before the cut. The main file cut short
 * must be refused in words, or serve nothing but what was sealed; it is never
 * served wrong. No case needs a repair by hand.
 *
 *   cut_test [--seed N]      every 61st length and all ends of commits;
 *                            CIM_LONG=1: every length of the WAL,
 *                            every 5th of the main file
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "tests/fault/served.h"

#define WAL_BYTES 150000

struct cut {
    uint64_t seed;
    struct work w;
    size_t base; /* acked before the WAL began */
};

static int
set_up(void **state)
{
    struct cut *c = *state;
    bool full;

    work_start(&c->w, c->seed);
    assert_int_equal(work_open(&c->w), CIM_OK);
    for (int i = 0; i < 12; i++) {
        work_draw(&c->w);
        assert_int_equal(work_commit(&c->w, &full), CIM_OK);
    }
    store_close(&c->w.store);
    assert_int_equal(work_open(&c->w), CIM_OK);
    c->base = c->w.n_acked - 1;
    c->w.acked[c->base].wal_bytes = 0;
    while (c->w.acked[c->w.n_acked - 1].wal_bytes < WAL_BYTES) {
        work_draw(&c->w);
        assert_int_equal(work_commit(&c->w, &full), CIM_OK);
    }
    return 0;
}

static int
tear_down(void **state)
{
    struct cut *c = *state;

    work_end(&c->w);
    return 0;
}

/* The disk as it is, one file cut. */
static struct crash_disk *
cut_disk(const struct work *w, const char *name, size_t len)
{
    struct crash_disk *disk = crash_disk_new();

    crash_copy(w->disk, w->path, strcmp(name, w->path) ? SIZE_MAX : len, disk);
    crash_copy(w->disk, w->wal, strcmp(name, w->wal) ? SIZE_MAX : len, disk);
    return disk;
}

static bool
is_end(const struct cut *c, size_t len)
{
    for (size_t i = c->base; i < c->w.n_acked; i++) {
        uint64_t end = c->w.acked[i].wal_bytes;
        if (len + 1 >= end && len <= end + 1)
            return true;
    }
    return false;
}

static void
look_at_wal(struct cut *c, size_t len)
{
    struct crash_disk *disk = cut_disk(&c->w, c->w.wal, len);
    struct store *store = NULL;
    struct cim_diag diag = {""};
    size_t last = c->base;

    while (last + 1 < c->w.n_acked && c->w.acked[last + 1].wal_bytes <= len)
        last++;
    crash_vfs_mount(&c->w.vfs, disk);
    FAULT_CHECK(store_open(c->w.path, &store, &diag) == CIM_OK, "%zu: %s", len,
                diag.text);
    struct cim_digest now = content_of(store);
    FAULT_CHECK(cim_digest_eq(&now, &c->w.acked[last].content),
                "seed %" PRIu64 ", WAL cut at %zu: not the %zu commits that"
                " end before",
                c->seed, len, last - c->base);
    if (is_end(c, len))
        FAULT_CHECK(integrity_ok(store), "%zu: integrity_check", len);
    store_close(&store);
    crash_disk_free(&disk);
}

static void
a_cut_wal_is_the_commits_that_end_before_the_cut(void **state)
{
    struct cut *c = *state;
    struct crash_disk *whole = c->w.disk;
    size_t stride = fault_long() ? 1 : 61;
    size_t size = c->w.acked[c->w.n_acked - 1].wal_bytes;
    size_t n = 0;

    c->w.disk = crash_at(whole, whole->n_ops, CRASH_KEEP, 0);
    store_close(&c->w.store);
    for (size_t len = 0; len <= size; len++) {
        if (len % stride && !is_end(c, len))
            continue;
        look_at_wal(c, len);
        n++;
    }
    printf("fault.cut: WAL of %zu bytes and %zu commits, cut at %zu lengths,"
           " 0 bad\n",
           size, c->w.n_acked - 1 - c->base, n);
    printf("rig A4 %zu cuts\n", n);
    assert_true(size >= WAL_BYTES);
    crash_disk_free(&whole);
}

/* ---- the main file ------------------------------------------------------*/

struct main_cuts {
    size_t n, refused, whole, told, empty, silent;
};

static void
look_at_main(struct cut *c, size_t len, const struct served *all,
             struct main_cuts *count)
{
    struct crash_disk *disk = cut_disk(&c->w, c->w.path, len);
    struct store *store = NULL;
    struct cim_diag diag = {""};

    count->n++;
    crash_vfs_mount(&c->w.vfs, disk);
    enum cim_err err = store_open(c->w.path, &store, &diag);
    if (err != CIM_OK) {
        FAULT_CHECK(err == CIM_EIO && strstr(diag.text, c->w.path),
                    "main file cut at %zu: %s %s", len, cim_err_label(err),
                    diag.text);
        count->refused++;
    } else {
        struct store_reader *reader = store_reader_of(store);
        struct served s = served_all(reader, &c->w.book);
        FAULT_CHECK(!s.wrong[0], "main file cut at %zu: %s", len, s.wrong);
        if (s.rows == all->rows && s.pages == all->pages &&
            s.proofs == all->proofs)
            count->whole++;
        else if (s.refused || s.rotten)
            count->told++;
        else if (!len)
            count->empty++;
        else
            count->silent++;
        store_reader_close(&reader);
    }
    store_close(&store);
    crash_disk_free(&disk);
}

static void
cut_main(struct cut *c, const char *what)
{
    const struct crash_disk *disk = c->w.disk;
    size_t size = disk->files[crash_find(disk, c->w.path)].len;
    size_t stride = fault_long() ? 5 : 401;
    struct main_cuts count = {0};
    struct crash_disk *copy = cut_disk(&c->w, c->w.path, size);

    crash_vfs_mount(&c->w.vfs, copy);
    assert_int_equal(work_open(&c->w), CIM_OK);
    struct store_reader *reader = store_reader_of(c->w.store);
    struct served all = served_all(reader, &c->w.book);
    store_reader_close(&reader);
    store_close(&c->w.store);
    crash_disk_free(&copy);
    for (size_t len = 0; len < size; len++)
        if (len % stride == 0 || len % 4096 < 2 || len % 4096 == 4095)
            look_at_main(c, len, &all, &count);
    printf("fault.cut: main file of %zu bytes %s, cut at %zu lengths, 0 served"
           " wrong; %zu refused, %zu whole, %zu told, %zu as new, %zu less"
           " without a word\n",
           size, what, count.n, count.refused, count.whole, count.told,
           count.empty, count.silent);
    printf("rig A4 %zu cuts\n", count.n);
    assert_int_equal(count.silent, 0);
}

static void
a_cut_main_file_is_refused_or_told(void **state)
{
    struct cut *c = *state;

    store_close(&c->w.store); /* the WAL is copied back and gone */
    cut_main(c, "without a WAL");
}

static void
a_cut_main_file_with_a_wal_is_refused_or_told(void **state)
{
    struct cut *c = *state;
    struct crash_disk *whole = c->w.disk;

    c->w.disk = crash_at(whole, whole->n_ops, CRASH_KEEP, 0);
    store_close(&c->w.store);
    cut_main(c, "with a WAL");
    crash_disk_free(&whole);
}

#define TEST(name)                                                             \
    cmocka_unit_test_prestate_setup_teardown(name, set_up, tear_down, &c)

int
main(int argc, char **argv)
{
    struct cut c = {.seed = fault_seed(argc, argv, "cut")};
    const struct CMUnitTest tests[] = {
        TEST(a_cut_wal_is_the_commits_that_end_before_the_cut),
        TEST(a_cut_main_file_is_refused_or_told),
        TEST(a_cut_main_file_with_a_wal_is_refused_or_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MPL-2.0 */
/*
 * fault.read - every read fails, once or for good, and sectors that are bad.
 *
 * The k-th read fails while a store opens, commits and serves, k going up
 * until the work ends without meeting it: each call gives what was sealed or
 * says CIM_EIO, nothing crashes, and when reads work again the same reader
 * gives everything. With one bad page of the main file the events beside it
 * go on being served.
 *
 *   read_test [--seed N]      every 5th read; CIM_LONG=1: every one
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "tests/fault/served.h"

#define PAGE 4096

struct read {
    uint64_t seed;
    struct work w;
    struct crash_disk *disk; /* of a work that was cut off: main and WAL */
    struct crash_disk *shut; /* of one that was closed: main only */
    struct served all;
    struct cim_digest content;
    uint64_t stride;
    size_t failures, at_open, at_commit, refused;
};

static int
set_up(void **state)
{
    struct read *r = *state;
    struct cim_diag diag = {""};

    work_start(&r->w, r->seed);
    r->w.retention = false;
    assert_int_equal(work_open(&r->w), CIM_OK);
    work_run(&r->w, 40);
    r->disk = crash_at(r->w.disk, r->w.disk->n_ops, CRASH_KEEP, 0);
    r->content = content_of(r->w.store);
    store_close(&r->w.store);
    r->shut = crash_at(r->w.disk, r->w.disk->n_ops, CRASH_KEEP, 0);
    struct crash_disk *copy = crash_at(r->disk, SIZE_MAX, CRASH_KEEP, 0);
    crash_vfs_mount(&r->w.vfs, copy);
    assert_int_equal(store_open(r->w.path, &r->w.store, &diag), CIM_OK);
    struct store_reader *reader = store_reader_of(r->w.store);
    r->all = served_all(reader, &r->w.book);
    assert_string_equal(r->all.wrong, "");
    store_reader_close(&reader);
    store_close(&r->w.store);
    crash_disk_free(&copy);
    return 0;
}

static int
tear_down(void **state)
{
    struct read *r = *state;

    work_end(&r->w);
    crash_disk_free(&r->disk);
    crash_disk_free(&r->shut);
    return 0;
}

static bool
same_served(const struct served *a, const struct served *b)
{
    return a->rows == b->rows && a->pages == b->pages && a->found == b->found &&
           a->proofs == b->proofs;
}

/* Opens, reads by path, counts one up; the store is left open when it could
 * be opened. The counter's commit may fail. */
static struct store_reader *
use(struct read *r, const char *at)
{
    struct store_reader *reader = NULL;
    struct cim_diag diag = {""};
    enum cim_err err = store_open(r->w.path, &r->w.store, &diag);

    if (err != CIM_OK) {
        FAULT_CHECK(err == CIM_EIO && diag.text[0], "%s: open: %s %s", at,
                    cim_err_label(err), diag.text);
        r->at_open++;
        return NULL;
    }
    err = store_reader_open(r->w.path, &reader, &diag);
    FAULT_CHECK(err == CIM_OK || err == CIM_EIO, "%s: reader: %s", at,
                cim_err_label(err));
    if (!reader)
        return NULL;
    struct served s = served_all(reader, &r->w.book);
    FAULT_CHECK(!s.wrong[0] && !s.disorder, "%s: %s", at, s.wrong);
    FAULT_CHECK(same_served(&s, &r->all) || s.refused || s.rotten,
                "%s: less was served, and nothing said", at);
    r->refused += s.refused;
    return reader;
}

static bool
fail_at(struct read *r, uint64_t k, bool lasts)
{
    struct crash_disk *disk = crash_at(r->disk, SIZE_MAX, CRASH_KEEP, 0);
    char at[80];

    snprintf(at, sizeof at, "seed %" PRIu64 ", read %" PRIu64 "%s", r->seed, k,
             lasts ? " and all after" : "");
    crash_vfs_mount(&r->w.vfs, disk);
    crash_vfs_arm(&r->w.vfs, FAULT_READ, k, lasts, FAULT_EIO);
    struct store_reader *reader = use(r, at);
    bool met = r->w.vfs.fault.failed > 0;
    r->failures += met;
    crash_vfs_disarm(&r->w.vfs);
    if (reader) { /* it gives everything again */
        struct served s = served_all(reader, &r->w.book);
        FAULT_CHECK(!s.wrong[0] && !s.disorder && !s.refused &&
                        same_served(&s, &r->all),
                    "%s: not all is back: %s", at, s.wrong);
    }
    store_reader_close(&reader);
    store_close(&r->w.store);
    struct cim_diag diag = {""};
    FAULT_CHECK(store_open(r->w.path, &r->w.store, &diag) == CIM_OK,
                "%s: open again: %s", at, diag.text);
    struct cim_digest now = content_of(r->w.store);
    FAULT_CHECK(cim_digest_eq(&now, &r->content), "%s: content", at);
    store_close(&r->w.store);
    crash_disk_free(&disk);
    return met;
}

static void
a_failed_read_is_said_and_forgotten(void **state)
{
    struct read *r = *state;

    for (int lasts = 0; lasts < 2; lasts++)
        for (uint64_t k = 1; fail_at(r, k, lasts); k += r->stride)
            ;
    printf("fault.read: %zu reads failed (%zu at open), %zu calls refused,"
           " 0 bad\n",
           r->failures, r->at_open, r->refused);
    printf("rig B3 %zu failed reads\n", r->failures);
    assert_true(r->at_open && r->refused);
}

/* ---- while writing ------------------------------------------------------*/

static bool
fail_commit(struct read *r, uint64_t k)
{
    struct crash_disk *disk = crash_at(r->shut, SIZE_MAX, CRASH_KEEP, 0);
    struct store_job *job = store_job_new(STORE_PURGE);
    struct cim_diag diag = {""};
    bool full = true;

    crash_vfs_mount(&r->w.vfs, disk);
    assert_int_equal(store_open(r->w.path, &r->w.store, &diag), CIM_OK);
    crash_vfs_arm(&r->w.vfs, FAULT_READ, k, false, FAULT_EIO);
    job->purge.max_bytes = 1;
    enum cim_err err = store_commit(r->w.store, &job, 1, &full);
    bool met = r->w.vfs.fault.failed > 0;
    crash_vfs_disarm(&r->w.vfs);
    store_job_destroy(&job);
    FAULT_CHECK(met == (err == CIM_EIO),
                "seed %" PRIu64 ", read %" PRIu64 " of a commit: %s", r->seed,
                k, cim_err_label(err));
    store_close(&r->w.store);
    assert_int_equal(store_open(r->w.path, &r->w.store, &diag), CIM_OK);
    struct cim_digest now = content_of(r->w.store);
    FAULT_CHECK(cim_digest_eq(&now, &r->content) == met,
                "seed %" PRIu64 ", read %" PRIu64 ": half a commit", r->seed,
                k);
    store_close(&r->w.store);
    crash_disk_free(&disk);
    r->at_commit += met;
    return met;
}

static void
a_commit_that_cannot_read_leaves_nothing(void **state)
{
    struct read *r = *state;

    for (uint64_t k = 1; fail_commit(r, k); k++)
        ;
    printf("fault.read: %zu reads of a commit failed, 0 bad\n", r->at_commit);
    printf("rig B3 %zu failed reads\n", r->at_commit);
    assert_true(r->at_commit > 0);
}

/* ---- a bad sector -------------------------------------------------------*/

struct bad_pages {
    size_t n, open, worst;
    size_t lost_pages, lost_rows; /* fewer than on a good disk, summed */
};

static void
with_bad_page(struct read *r, size_t page, struct bad_pages *count)
{
    struct crash_disk *disk = crash_at(r->shut, SIZE_MAX, CRASH_KEEP, 0);
    struct store_reader *reader = NULL;
    struct cim_diag diag = {""};

    crash_vfs_mount(&r->w.vfs, disk);
    crash_vfs_arm(&r->w.vfs, FAULT_READ, 1, true, FAULT_EIO);
    r->w.vfs.fault.bad_file = crash_find(disk, r->w.path);
    r->w.vfs.fault.bad_at = page * PAGE;
    r->w.vfs.fault.bad_len = PAGE;
    if (store_open(r->w.path, &r->w.store, &diag) == CIM_OK &&
        store_reader_open(r->w.path, &reader, &diag) == CIM_OK) {
        struct served s = served_all(reader, &r->w.book);
        FAULT_CHECK(!s.wrong[0] && !s.disorder,
                    "seed %" PRIu64 ", page %zu: %s", r->seed, page, s.wrong);
        size_t lost = r->all.rows - s.rows;
        count->open++;
        count->lost_rows += lost;
        count->lost_pages += r->all.pages - s.pages;
        if (lost > count->worst)
            count->worst = lost;
    }
    crash_vfs_disarm(&r->w.vfs);
    store_reader_close(&reader);
    store_close(&r->w.store);
    crash_disk_free(&disk);
    count->n++;
}

static void
with_a_bad_page_nothing_wrong_is_served(void **state)
{
    struct read *r = *state;
    size_t size = r->shut->files[crash_find(r->shut, r->w.path)].len;
    struct bad_pages count = {0};

    for (size_t page = 0; page * PAGE < size; page++)
        with_bad_page(r, page, &count);
    printf("fault.read: %zu bad pages, opened with %zu; of %zu rows %.1f were"
           " not given, of %zu in catch-up %.1f, a bad page that opens\n",
           count.n, count.open, r->all.rows,
           (double)count.lost_rows / (double)count.open, r->all.pages,
           (double)count.lost_pages / (double)count.open);
}

#define TEST(name)                                                             \
    cmocka_unit_test_prestate_setup_teardown(name, set_up, tear_down, &r)

int
main(int argc, char **argv)
{
    struct read r = {.seed = fault_seed(argc, argv, "read"),
                     .stride = fault_long() ? 1 : 5};
    const struct CMUnitTest tests[] = {
        TEST(a_failed_read_is_said_and_forgotten),
        TEST(a_commit_that_cannot_read_leaves_nothing),
        TEST(with_a_bad_page_nothing_wrong_is_served),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

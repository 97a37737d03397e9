/* SPDX-License-Identifier: MPL-2.0 */
/* The reserve: made, given up, made again; and what a failure is called. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "node/store_private.h"
#include "tests/unit/store_help.h"

#define MEGABYTE (UINT64_C(1) << 20)
#define TOO_MUCH (UINT64_C(1) << 52) /* no disk has a 64th of that */

struct on_disk {
    char *folder, *path, *reserve;
    struct store *store;
};

static void
reopen(struct on_disk *f)
{
    struct cim_diag diag = {""};

    store_close(&f->store);
    assert_int_equal(store_open(f->path, &f->store, &diag), CIM_OK);
}

static int
set_up(void **state)
{
    struct on_disk *f = xcalloc(1, sizeof *f);

    f->folder = folder_make();
    f->path = xasprintf("%s/store.db", f->folder);
    f->reserve = xasprintf("%s.reserve", f->path);
    reopen(f);
    *state = f;
    return 0;
}

static int
tear_down(void **state)
{
    struct on_disk *f = *state;

    store_close(&f->store);
    folder_remove(&f->folder);
    free(f->path);
    free(f->reserve);
    free(f);
    return 0;
}

/* Bytes on the disk; -1: no file. */
static int64_t
reserved(const struct on_disk *f)
{
    struct stat st;

    return stat(f->reserve, &st) == 0 ? (int64_t)st.st_blocks * 512 : -1;
}

/* Adds 1 to a counter; what became of it. Frees nothing: the caller does. */
static struct store_job *
count(struct on_disk *f, bool *full)
{
    struct store_job *job = store_job_new(STORE_COUNT);

    job->counters = xcalloc(1, sizeof *job->counters);
    job->n_counters = 1;
    snprintf(job->counters[0].name, sizeof job->counters[0].name, "n");
    job->counters[0].add = 1;
    (void)!store_commit(f->store, &job, 1, full);
    return job;
}

static bool
comes_back_low(struct on_disk *f)
{
    bool full;
    struct store_job *job = count(f, &full);
    bool low = job->low;

    assert_int_equal(job->err, CIM_OK);
    store_job_destroy(&job);
    return low;
}

/* Stores events until the database may not grow further. */
static void
fill(struct on_disk *f)
{
    struct author a;
    bool full = false;

    author_open(&a, "odl/ci-1", 7);
    assert_true(store_exec(f->store, "PRAGMA max_page_count = 120"));
    while (!full) {
        struct store_job *job = store_job_new(STORE_KEEP);
        struct sealed *s = author_seal(&a, 8, 400, topic_each);
        job_all(job, s);
        (void)!store_commit(f->store, &job, 1, &full);
        store_job_destroy(&job);
        sealed_free(&s);
    }
    author_close(&a);
}

/* ---- the reserve --------------------------------------------------------*/

static void
a_reserve_is_made_when_idle_and_kept(void **state)
{
    struct on_disk *f = *state;

    store_reserve(f->store, MEGABYTE);
    assert_false(comes_back_low(f));
    assert_int_equal(reserved(f), -1);
    store_tidy(f->store);
    assert_true(reserved(f) >= (int64_t)MEGABYTE);
    reopen(f);
    store_reserve(f->store, MEGABYTE);
    assert_true(f->store->room.held);
}

static void
none_wanted_none_kept(void **state)
{
    struct on_disk *f = *state;

    store_reserve(f->store, MEGABYTE);
    store_tidy(f->store);
    store_reserve(f->store, 0);
    store_tidy(f->store);
    assert_int_equal(reserved(f), -1);
    assert_false(comes_back_low(f));
}

static void
a_larger_one_is_made_when_more_is_wanted(void **state)
{
    struct on_disk *f = *state;

    store_reserve(f->store, MEGABYTE / 64);
    store_tidy(f->store);
    store_reserve(f->store, 2 * MEGABYTE);
    store_tidy(f->store);
    assert_true(reserved(f) >= (int64_t)(2 * MEGABYTE));
}

static void
without_room_for_one_what_is_written_comes_back_low(void **state)
{
    struct on_disk *f = *state;

    store_reserve(f->store, TOO_MUCH);
    store_tidy(f->store);
    assert_int_equal(reserved(f), -1);
    assert_true(comes_back_low(f));
    assert_true(comes_back_low(f));
}

static void
a_full_disk_gets_the_reserve_first(void **state)
{
    struct on_disk *f = *state;
    struct stat st;

    store_reserve(f->store, MEGABYTE);
    store_tidy(f->store);
    fill(f);
    assert_false(f->store->room.held);
    assert_true(f->store->room.low);
    assert_int_equal(stat(f->reserve, &st), 0);
    assert_true(st.st_size < 32);
}

static void
it_is_made_again_when_there_is_room(void **state)
{
    struct on_disk *f = *state;

    store_reserve(f->store, MEGABYTE);
    store_tidy(f->store);
    fill(f);
    assert_true(store_exec(f->store, "PRAGMA max_page_count = 100000"));
    assert_false(comes_back_low(f));
    assert_true(reserved(f) >= (int64_t)MEGABYTE);
}

static void
one_given_up_is_remembered_over_a_restart(void **state)
{
    struct on_disk *f = *state;
    FILE *file = fopen(f->reserve, "w");

    assert_non_null(file);
    fprintf(file, "%llu\n", (unsigned long long)TOO_MUCH);
    fclose(file);
    reopen(f);
    store_reserve(f->store, TOO_MUCH);
    assert_true(comes_back_low(f));
    /* Less is wanted now, and there is room for that. */
    store_reserve(f->store, MEGABYTE);
    assert_false(comes_back_low(f));
    assert_true(reserved(f) >= (int64_t)MEGABYTE);
}

/* What retention frees is written again, without a larger file. */
static void
pages_freed_in_the_database_are_room(void **state)
{
    struct on_disk *f = *state;
    struct store_job *job = store_job_new(STORE_PURGE);

    fill(f);
    assert_true(store_exec(f->store, "PRAGMA max_page_count = 100000"));
    job->purge.max_bytes = 1;
    commit_ok(f->store, &job);
    f->store->room.path = xstrdup("/nonexistent/of/course");
    f->store->room.want = f->store->room.size = 64 * 1024;
    f->store->room.low = true;
    assert_false(comes_back_low(f));
}

/* ---- names of failures --------------------------------------------------*/

static void
a_statement_that_is_refused_is_a_bug_not_a_disk(void **state)
{
    struct on_disk *f = *state;
    bool full = true;

    assert_true(store_exec(f->store, "DROP TABLE counter"));
    for (int i = 0; i < 2; i++) {
        struct store_job *job = count(f, &full);
        assert_int_equal(job->err, CIM_EIO);
        assert_true(job->bug);
        assert_false(full || job->full);
        assert_non_null(strstr(job->why, "no such table: counter"));
        store_job_destroy(&job);
    }
}

static void
files_that_went_away_are_named(void **state)
{
    struct on_disk *f = *state;
    bool full = true;

    assert_int_equal(unlink(f->path), 0);
    struct store_job *job = count(f, &full);
    assert_int_equal(job->err, CIM_EIO);
    assert_false(job->bug || full);
    assert_non_null(strstr(job->why, "deleted or moved"));
    store_job_destroy(&job);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_reserve_is_made_when_idle_and_kept),
        TEST(none_wanted_none_kept),
        TEST(a_larger_one_is_made_when_more_is_wanted),
        TEST(without_room_for_one_what_is_written_comes_back_low),
        TEST(a_full_disk_gets_the_reserve_first),
        TEST(it_is_made_again_when_there_is_room),
        TEST(one_given_up_is_remembered_over_a_restart),
        TEST(pages_freed_in_the_database_are_room),
        TEST(a_statement_that_is_refused_is_a_bug_not_a_disk),
        TEST(files_that_went_away_are_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

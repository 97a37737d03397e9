/* SPDX-License-Identifier: MPL-2.0 */
/* What happens to a store: locks, versions, crashes, full disks. */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "node/store_private.h"
#include "tests/unit/store_help.h"

struct on_disk {
    char *folder, *path;
    struct store *store;
    struct author a;
};

static enum cim_err
open_path(const char *path, struct store **out, struct cim_diag *diag)
{
    *diag = (struct cim_diag){""};
    return store_open(path, out, diag);
}

static int
set_up(void **state)
{
    struct on_disk *f = xcalloc(1, sizeof *f);
    struct cim_diag diag;

    f->folder = folder_make();
    f->path = xasprintf("%s/store.db", f->folder);
    author_open(&f->a, "odl/ci-1", 7);
    assert_int_equal(open_path(f->path, &f->store, &diag), CIM_OK);
    *state = f;
    return 0;
}

static int
tear_down(void **state)
{
    struct on_disk *f = *state;

    store_close(&f->store);
    author_close(&f->a);
    folder_remove(&f->folder);
    free(f->path);
    free(f);
    return 0;
}

static uint64_t
held(struct store *store, const struct author *a)
{
    struct store_log_state st = state_of(store, a);
    uint64_t n = st.held;

    store_log_state_clear(&st);
    return n;
}

/* ---- open ---------------------------------------------------------------*/

static void
a_second_open_names_who_holds_it(void **state)
{
    struct on_disk *f = *state;
    struct store *second = NULL;
    struct cim_diag diag;
    char pid[32];

    snprintf(pid, sizeof pid, "(pid %ld)", (long)getpid());
    assert_int_equal(open_path(f->path, &second, &diag), CIM_EEXIST);
    assert_null(second);
    assert_non_null(strstr(diag.text, "another cimesh node"));
    assert_non_null(strstr(diag.text, pid));
    store_close(&f->store);
    assert_int_equal(open_path(f->path, &f->store, &diag), CIM_OK);
}

static void
a_lock_is_not_inherited(void **state)
{
    struct on_disk *f = *state;
    int flags = fcntl(f->store->lock_fd, F_GETFD);

    assert_true(flags & FD_CLOEXEC);
}

/* As a node that is killed while it starts a hook. */
static void
lock_and_die(const char *path)
{
    struct store *store = NULL;
    struct cim_diag diag;

    if (open_path(path, &store, &diag) == CIM_OK && fork() == 0) {
        usleep(300000);
        _exit(0);
    }
    raise(SIGKILL);
}

static void
a_lock_that_a_dead_node_left_to_its_child_is_waited_for(void **state)
{
    struct on_disk *f = *state;
    struct cim_diag diag;
    int status = 0;

    store_close(&f->store);
    pid_t pid = fork();
    if (pid == 0)
        lock_and_die(f->path);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(open_path(f->path, &f->store, &diag), CIM_OK);
}

static void
a_newer_schema_is_refused_and_left_alone(void **state)
{
    struct on_disk *f = *state;
    struct store_reader *reader = NULL;
    struct cim_diag diag;

    assert_true(store_exec(f->store, "PRAGMA user_version = 99"));
    store_close(&f->store);
    assert_int_equal(open_path(f->path, &f->store, &diag), CIM_EVERSION);
    assert_non_null(strstr(diag.text, "newer"));
    assert_int_equal(store_reader_open(f->path, &reader, &diag), CIM_EVERSION);
    assert_null(reader);
    assert_int_equal(open_path(f->path, &f->store, &diag), CIM_EVERSION);
}

static void
another_programs_database_is_refused(void **state)
{
    struct on_disk *f = *state;
    struct cim_diag diag;

    assert_true(store_exec(f->store, "PRAGMA application_id = 5"));
    store_close(&f->store);
    assert_int_equal(open_path(f->path, &f->store, &diag), CIM_EVERSION);
    assert_non_null(strstr(diag.text, "another program"));
}

static void
a_file_that_is_no_database_is_named(void **state)
{
    struct on_disk *f = *state;
    struct cim_diag diag;

    store_close(&f->store);
    FILE *file = fopen(f->path, "w");
    for (int i = 0; i < 500; i++)
        fputs("not a database at all, just text\n", file);
    fclose(file);
    assert_int_equal(open_path(f->path, &f->store, &diag), CIM_EIO);
    assert_non_null(strstr(diag.text, f->path));
    assert_non_null(strstr(diag.text, "backup"));
}

static void
a_missing_folder_is_named(void **state)
{
    struct store *store = NULL;
    struct cim_diag diag;

    (void)state;
    assert_int_equal(open_path("/nonexistent/of/course/x.db", &store, &diag),
                     CIM_EIO);
    assert_non_null(strstr(diag.text, "/nonexistent/of/course"));
}

static void
a_reader_of_nothing_says_so(void **state)
{
    struct on_disk *f = *state;
    struct store_reader *reader = NULL;
    struct cim_diag diag = {""};
    char *path = xasprintf("%s/none.db", f->folder);

    assert_int_equal(store_reader_open(path, &reader, &diag), CIM_ENOENT);
    assert_non_null(strstr(diag.text, "none.db"));
    assert_int_not_equal(access(path, F_OK), 0);
    free(path);
}

static void
others_may_not_read_the_file(void **state)
{
    struct on_disk *f = *state;
    struct stat st;

    assert_int_equal(stat(f->path, &st), 0);
    assert_int_equal(st.st_mode & 07, 0);
}

/* ---- crashes ------------------------------------------------------------*/

static void
copy_file(const char *from, const char *to, long limit)
{
    FILE *in = fopen(from, "r");
    FILE *out = fopen(to, "w");
    int c;

    assert_non_null(out);
    while (in && limit-- != 0 && (c = getc(in)) != EOF)
        putc(c, out);
    if (in)
        fclose(in);
    fclose(out);
}

/* As after a crash: what the disk has at this moment, the WAL cut short. */
static void
snapshot(const struct on_disk *f, const char *to, long wal_limit)
{
    char *wal_from = xasprintf("%s-wal", f->path);
    char *wal_to = xasprintf("%s-wal", to);
    char *shm = xasprintf("%s-shm", to);

    copy_file(f->path, to, -1);
    copy_file(wal_from, wal_to, wal_limit);
    unlink(shm);
    free(wal_from);
    free(wal_to);
    free(shm);
}

static long
wal_size(const struct on_disk *f)
{
    char *path = xasprintf("%s-wal", f->path);
    struct stat st = {0};

    assert_int_equal(stat(path, &st), 0);
    free(path);
    return (long)st.st_size;
}

static void
what_came_back_is_there_after_a_crash(void **state)
{
    struct on_disk *f = *state;
    char *copy = xasprintf("%s/copy.db", f->folder);
    struct cim_diag diag;

    for (uint64_t i = 1; i <= 20; i++) {
        struct sealed *s = author_seal(&f->a, 3, 200, topic_each);
        struct store *store = NULL;
        keep_all(f->store, s);
        snapshot(f, copy, -1);
        assert_int_equal(open_path(copy, &store, &diag), CIM_OK);
        assert_int_equal(held(store, &f->a), 3 * i);
        assert_int_equal(store_last_arrival(store), 3 * i);
        store_close(&store);
        sealed_free(&s);
    }
    free(copy);
}

/* Events and cursor are one: a job is in whole or not at all. */
static void
a_cut_log_gives_whole_transactions(void **state)
{
    struct on_disk *f = *state;
    char *copy = xasprintf("%s/copy.db", f->folder);
    struct cim_diag diag;
    long before = wal_size(f);

    for (int i = 0; i < 3; i++) {
        struct sealed *s = author_seal(&f->a, 4, 200, topic_each);
        struct store_job *job = store_job_new(STORE_KEEP);
        job_all(job, s)->covered = true;
        job_cover(job, &f->a, "odl/Ping/", (uint64_t)i * 4,
                  (uint64_t)i * 4 + 4);
        commit_ok(f->store, &job);
        sealed_free(&s);
    }
    for (long cut = before; cut <= wal_size(f); cut += 997) {
        struct store *store = NULL;
        snapshot(f, copy, cut);
        assert_int_equal(open_path(copy, &store, &diag), CIM_OK);
        struct store_log_state st = state_of(store, &f->a);
        assert_int_equal(st.held % 4, 0);
        assert_int_equal(st.n_cursors, st.held ? 2 : 0);
        for (size_t i = 0; i < st.n_cursors; i++)
            assert_int_equal(st.cursors[i].upto, st.held);
        store_log_state_clear(&st);
        store_close(&store);
    }
    free(copy);
}

/* ---- no room ------------------------------------------------------------*/

static void
a_full_disk_refuses_and_recovers(void **state)
{
    struct on_disk *f = *state;
    struct sealed *s = NULL;
    uint64_t acked = 0;
    bool full = false;

    assert_true(store_exec(f->store, "PRAGMA max_page_count = 120"));
    for (int i = 0; i < 1000 && !full; i++) {
        struct store_job *job = store_job_new(STORE_KEEP);
        s = author_seal(&f->a, 8, 400, topic_each);
        job_all(job, s)->covered = true;
        struct store_job *jobs[] = {job};
        if (store_commit(f->store, jobs, 1, &full) == CIM_OK)
            acked = job->last_arrival;
        else
            assert_int_equal(job->err, CIM_EIO);
        assert_int_equal(job->full, full);
        store_job_destroy(&job);
        if (!full)
            sealed_free(&s);
    }
    assert_true(full);
    assert_true(acked > 0);
    assert_int_equal(held(f->store, &f->a), acked);
    assert_int_equal(store_last_arrival(f->store), acked);
    assert_true(store_exec(f->store, "PRAGMA max_page_count = 100000"));
    keep_all(f->store, s);
    assert_int_equal(held(f->store, &f->a), acked + 8);
    assert_int_equal(store_last_arrival(f->store), acked + 8);
    sealed_free(&s);
}

static void
without_room_no_job_of_the_transaction_happens(void **state)
{
    struct on_disk *f = *state;
    struct sealed *small = author_seal(&f->a, 1, 200, topic_same);
    struct sealed *large = author_seal(&f->a, 900, 1000, topic_same);
    struct store_job *jobs[2];
    bool full = false;

    assert_true(store_exec(f->store, "PRAGMA max_page_count = 60"));
    for (int i = 0; i < 2; i++)
        jobs[i] = store_job_new(STORE_KEEP);
    job_all(jobs[0], small);
    job_all(jobs[1], large);
    assert_int_equal(store_commit(f->store, jobs, 2, &full), CIM_EIO);
    assert_true(full);
    assert_int_equal(jobs[0]->err, CIM_EIO);
    assert_true(jobs[0]->full);
    for (int i = 0; i < 2; i++)
        store_job_destroy(&jobs[i]);
    struct store_log_state st = state_of(f->store, &f->a);
    assert_int_equal(st.head.len, 0);
    store_log_state_clear(&st);
    keep_all(f->store, small);
    assert_int_equal(held(f->store, &f->a), 1);
    sealed_free(&small);
    sealed_free(&large);
}

static void
a_database_somebody_else_writes_is_no_room(void **state)
{
    struct on_disk *f = *state;
    struct store_job *job = store_job_new(STORE_COUNT);
    sqlite3 *other = NULL;
    bool full = false;

    assert_int_equal(sqlite3_open(f->path, &other), SQLITE_OK);
    assert_int_equal(sqlite3_exec(other, "BEGIN IMMEDIATE", 0, 0, 0),
                     SQLITE_OK);
    sqlite3_busy_timeout(f->store->db.h, 1);
    assert_int_equal(store_commit(f->store, &job, 1, &full), CIM_EIO);
    assert_true(full);
    sqlite3_close(other);
    commit_ok(f->store, &job);
}

static long
root_page(struct store *store, const char *table)
{
    sqlite3_stmt *st = NULL;

    assert_int_equal(sqlite3_prepare_v2(store->db.h,
                                        "SELECT rootpage FROM sqlite_schema"
                                        " WHERE name = ?",
                                        -1, &st, NULL),
                     SQLITE_OK);
    sqlite3_bind_text(st, 1, table, -1, SQLITE_STATIC);
    assert_int_equal(sqlite3_step(st), SQLITE_ROW);
    long page = (long)sqlite3_column_int64(st, 0);
    sqlite3_finalize(st);
    return page;
}

/* A damaged page is not something that passes. */
static void
damage_met_while_writing_is_final(void **state)
{
    struct on_disk *f = *state;
    struct sealed *s = author_seal(&f->a, 5, 200, topic_each);
    struct sealed *t = author_seal(&f->a, 1, 200, topic_each);
    struct store_job *jobs[] = {store_job_new(STORE_KEEP),
                                store_job_new(STORE_COUNT)};
    struct cim_diag diag;
    bool full = true;

    keep_all(f->store, s);
    long page = root_page(f->store, "position");
    store_close(&f->store);
    FILE *file = fopen(f->path, "r+");
    assert_non_null(file);
    fseek(file, (page - 1) * 4096, SEEK_SET);
    fputs("\xff\xff\xff\xff\xff\xff\xff\xff", file);
    fclose(file);
    assert_int_equal(open_path(f->path, &f->store, &diag), CIM_OK);
    job_all(jobs[0], t);
    assert_int_equal(store_commit(f->store, jobs, 1, &full), CIM_EIO);
    assert_false(full);
    assert_int_equal(store_commit(f->store, jobs + 1, 1, &full), CIM_EIO);
    assert_int_equal(jobs[1]->err, CIM_EIO);
    assert_false(full);
    store_job_destroy(&jobs[0]);
    store_job_destroy(&jobs[1]);
    sealed_free(&s);
    sealed_free(&t);
}

/* ---- files that go away -------------------------------------------------*/

static const char *const files[] = {"", "-wal", ".lock"};

/* Renames one of them, and commits. */
static void
commit_without(struct on_disk *f, const char *file)
{
    struct store_job *job = store_job_new(STORE_COUNT);
    char *from = xasprintf("%s%s", f->path, file);
    char *to = xasprintf("%s/away%s", f->folder, file);
    bool full = true;

    assert_int_equal(rename(from, to), 0);
    assert_int_equal(store_commit(f->store, &job, 1, &full), CIM_EIO);
    assert_int_equal(job->err, CIM_EIO);
    assert_false(full || job->full);
    assert_int_equal(rename(to, from), 0);
    /* Put back is too late: what was written meanwhile nobody knows. */
    assert_int_equal(store_commit(f->store, &job, 1, &full), CIM_EIO);
    assert_false(full);
    store_job_destroy(&job);
    free(from);
    free(to);
}

static void
what_nobody_would_find_again_is_not_committed(void **state)
{
    struct on_disk *f = *state;
    struct cim_diag diag;

    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        struct store_job *job = store_job_new(STORE_COUNT);
        commit_ok(f->store, &job);
        commit_without(f, files[i]);
        store_close(&f->store);
        assert_int_equal(open_path(f->path, &f->store, &diag), CIM_OK);
    }
}

static void
another_file_at_its_place_is_not_the_store(void **state)
{
    struct on_disk *f = *state;
    struct store_job *job = store_job_new(STORE_COUNT);
    char *copy = xasprintf("%s/copy.db", f->folder);
    bool full = true;

    snapshot(f, copy, -1);
    assert_int_equal(rename(copy, f->path), 0);
    assert_int_equal(store_commit(f->store, &job, 1, &full), CIM_EIO);
    assert_false(full);
    store_job_destroy(&job);
    free(copy);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_second_open_names_who_holds_it),
        TEST(a_lock_is_not_inherited),
        TEST(a_lock_that_a_dead_node_left_to_its_child_is_waited_for),
        TEST(a_newer_schema_is_refused_and_left_alone),
        TEST(another_programs_database_is_refused),
        TEST(a_file_that_is_no_database_is_named),
        TEST(a_missing_folder_is_named),
        TEST(a_reader_of_nothing_says_so),
        TEST(others_may_not_read_the_file),
        TEST(what_came_back_is_there_after_a_crash),
        TEST(a_cut_log_gives_whole_transactions),
        TEST(a_full_disk_refuses_and_recovers),
        TEST(without_room_no_job_of_the_transaction_happens),
        TEST(a_database_somebody_else_writes_is_no_room),
        TEST(damage_met_while_writing_is_final),
        TEST(what_nobody_would_find_again_is_not_committed),
        TEST(another_file_at_its_place_is_not_the_store),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MPL-2.0 */
/*
 * fault.migrate - a store of an older schema, brought up to date on a disk
 * that is cut off.
 *
 * tests/unit/schema_1.sql is what schema 1 kept. It is opened with one step
 * more, made up here, and the power goes after every write, with what was not
 * synced kept, dropped or torn: what is left is the old database or the new
 * one, and opening it again gives the new one. The program that knows only
 * schema 1 leaves the new one alone. The steps of this program are taken the
 * same way, and every event must still be what was signed.
 *
 *   migrate_test [--seed N]
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "node/store_check.h"
#include "tests/fault/served.h"

#define FIXTURE_EVENTS 5

static const char made_up[] =
    "CREATE TABLE extra(id INTEGER PRIMARY KEY, note TEXT NOT NULL);"
    "INSERT INTO extra SELECT arrival, hex(bytes) FROM event;"
    "ALTER TABLE event ADD COLUMN extra INTEGER NOT NULL DEFAULT 0;"
    "UPDATE event SET extra = arrival;"
    "CREATE INDEX event_extra ON event(extra);"
    "DROP INDEX run_event;";

/* No step 1 is needed: the fixture is past it. */
static const char *const made_up_steps[] = {"", made_up};
static const struct store_schema old_program = {made_up_steps, 1};
static const struct store_schema new_program = {made_up_steps, 2};

struct migrate {
    uint64_t seed;
    char *sql; /* owned: the fixture */
    struct work w;
    struct crash_disk *old; /* owned: the fixture, closed */
    size_t states;
};

/* ---- connections --------------------------------------------------------*/

static struct store_db
open_raw(struct work *w)
{
    struct store_db db = {0};

    assert_int_equal(sqlite3_open(w->path, &db.h), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db.h,
                                  "PRAGMA journal_mode = WAL;"
                                  "PRAGMA synchronous = FULL;",
                                  NULL, NULL, NULL),
                     SQLITE_OK);
    return db;
}

static enum cim_err
migrate(struct work *w, const struct store_schema *schema,
        struct cim_diag *diag)
{
    struct store_db db = open_raw(w);
    enum cim_err err = store_migrate_to(&db, schema, w->path, diag);

    sql_close(&db);
    return err;
}

static struct cim_digest
content(struct work *w, int64_t *version)
{
    struct store store = {.db = open_raw(w)};
    sqlite3_stmt *st = NULL;

    assert_int_equal(
        sqlite3_prepare_v2(store.db.h, "PRAGMA user_version", -1, &st, NULL),
        SQLITE_OK);
    *version = sql_value(&store.db, st, -1);
    sqlite3_finalize(st);
    struct cim_digest d = content_of(&store);
    sql_close(&store.db);
    return d;
}

/* ---- set-up -------------------------------------------------------------*/

static char *
read_text(const char *path)
{
    FILE *file = fopen(path, "r");
    struct cim_buf text = {0};
    char part[4096];
    size_t n;

    assert_non_null(file);
    while ((n = fread(part, 1, sizeof part, file)) > 0)
        assert_int_equal(cim_buf_add(&text, part, n), CIM_OK);
    fclose(file);
    char *copy = xtext(cim_buf_bytes(&text));
    cim_buf_clear(&text);
    return copy;
}

static int
set_up(void **state)
{
    struct migrate *m = *state;

    m->sql = read_text(TESTS_DIR "/unit/schema_1.sql");
    m->states = 0;
    work_start(&m->w, m->seed);
    struct store_db db = open_raw(&m->w);
    assert_int_equal(sqlite3_exec(db.h, m->sql, NULL, NULL, NULL), SQLITE_OK);
    sql_close(&db);
    m->old = crash_at(m->w.disk, m->w.disk->n_ops, CRASH_KEEP, 0);
    return 0;
}

static int
tear_down(void **state)
{
    struct migrate *m = *state;

    work_end(&m->w);
    crash_disk_free(&m->old);
    free(m->sql);
    return 0;
}

static struct crash_disk *
copy_of(const struct crash_disk *disk)
{
    return crash_at(disk, SIZE_MAX, CRASH_KEEP, 0);
}

/* ---- cuts ---------------------------------------------------------------*/

static void
look(struct migrate *m, const struct crash_disk *run, size_t ops,
     enum crash_mode mode, const struct cim_digest contents[2])
{
    struct crash_disk *disk = crash_at(run, ops, mode, m->seed + ops);
    struct cim_diag diag = {""};
    int64_t version = 0;
    char at[80];

    snprintf(at, sizeof at, "seed %" PRIu64 ", %zu operations, %s", m->seed,
             ops, crash_mode_name(mode));
    crash_vfs_mount(&m->w.vfs, disk);
    struct cim_digest now = content(&m->w, &version);
    FAULT_CHECK(version == 1 || version == 2, "%s: version %" PRId64, at,
                version);
    FAULT_CHECK(cim_digest_eq(&now, &contents[version - 1]),
                "%s: neither old nor new", at);
    FAULT_CHECK(migrate(&m->w, &new_program, &diag) == CIM_OK, "%s: %s", at,
                diag.text);
    now = content(&m->w, &version);
    FAULT_CHECK(version == 2 && cim_digest_eq(&now, &contents[1]),
                "%s: not the new one", at);
    crash_vfs_mount(&m->w.vfs, m->w.disk);
    crash_disk_free(&disk);
    m->states++;
}

static void
cut_anywhere_it_is_the_old_one_or_the_new_one(void **state)
{
    struct migrate *m = *state;
    struct crash_disk *run = copy_of(m->old);
    struct cim_digest contents[2];
    struct cim_diag diag = {""};
    int64_t version = 0;

    crash_vfs_mount(&m->w.vfs, run);
    contents[0] = content(&m->w, &version);
    assert_int_equal(version, 1);
    size_t first = run->n_ops;
    assert_int_equal(migrate(&m->w, &new_program, &diag), CIM_OK);
    contents[1] = content(&m->w, &version);
    assert_int_equal(version, 2);
    for (size_t ops = first; ops <= run->n_ops; ops++)
        for (int mode = 0; mode < CRASH_MODES; mode++)
            look(m, run, ops, (enum crash_mode)mode, contents);
    printf("fault.migrate: %zu states, 0 bad\nrig J2 %zu states\n", m->states,
           m->states);
    crash_vfs_mount(&m->w.vfs, m->w.disk);
    crash_disk_free(&run);
}

/* ---- failures -----------------------------------------------------------*/

/* Every write fails, once or for good: refused in words, and nothing changed;
 * with room again it goes through. */
static bool
fail_at(struct migrate *m, uint64_t k, bool lasts, enum fault_how how)
{
    struct crash_disk *disk = copy_of(m->old);
    struct cim_diag diag = {""};
    int64_t version = 0;

    crash_vfs_mount(&m->w.vfs, disk);
    struct store_db db = open_raw(&m->w);
    crash_vfs_arm(&m->w.vfs, FAULT_WRITE, k, lasts, how);
    enum cim_err err = store_migrate_to(&db, &new_program, m->w.path, &diag);
    bool met = m->w.vfs.fault.failed > 0;
    crash_vfs_disarm(&m->w.vfs);
    sql_close(&db);
    if (err != CIM_OK) {
        FAULT_CHECK(err == CIM_EIO && strstr(diag.text, m->w.path),
                    "write %" PRIu64 ": %s %s", k, cim_err_label(err),
                    diag.text);
        assert_int_equal(migrate(&m->w, &new_program, &diag), CIM_OK);
    }
    (void)content(&m->w, &version);
    assert_int_equal(version, 2);
    crash_vfs_mount(&m->w.vfs, m->w.disk);
    crash_disk_free(&disk);
    return met;
}

static void
a_disk_that_fails_leaves_the_old_one(void **state)
{
    struct migrate *m = *state;

    for (int how = FAULT_EIO; how <= FAULT_ENOSPC; how++)
        for (int lasts = 0; lasts < 2; lasts++)
            for (uint64_t k = 1; fail_at(m, k, lasts, (enum fault_how)how); k++)
                ;
}

/* ---- programs -----------------------------------------------------------*/

static void
an_older_program_leaves_a_newer_one_alone(void **state)
{
    struct migrate *m = *state;
    struct cim_diag diag = {""};
    int64_t version = 0;

    assert_int_equal(migrate(&m->w, &new_program, &diag), CIM_OK);
    struct cim_digest before = content(&m->w, &version);
    assert_int_equal(migrate(&m->w, &old_program, &diag), CIM_EVERSION);
    assert_non_null(strstr(diag.text, "newer cimesh"));
    assert_non_null(strstr(diag.text, "run the newer program"));
    struct cim_digest after = content(&m->w, &version);
    assert_true(cim_digest_eq(&before, &after));
}

static void
a_step_that_does_not_run_is_a_bug_and_changes_nothing(void **state)
{
    static const char *const wrong_steps[] = {
        "", "CREATE TABLE extra(id); UPDATE no_such_table SET a = 1"};
    const struct store_schema wrong = {wrong_steps, 2};
    struct migrate *m = *state;
    struct cim_diag diag = {""};
    int64_t version = 0;
    struct cim_digest before = content(&m->w, &version);

    assert_int_equal(migrate(&m->w, &wrong, &diag), CIM_ESTATE);
    assert_non_null(strstr(diag.text, "no such table: no_such_table"));
    struct cim_digest after = content(&m->w, &version);
    assert_int_equal(version, 1);
    assert_true(cim_digest_eq(&before, &after));
}

static bool
note_finding(void *ctx, const struct store_finding *finding)
{
    (void)ctx;
    fail_msg("%s: %s", store_rot_name(finding->what), finding->text);
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

/* Opens it, wherever it was cut, with the steps of this program. */
static void
is_whole(struct migrate *m)
{
    struct cim_diag diag = {""};
    struct store *store = NULL;
    struct store_check check = {.found = note_finding, .go_on = go_on};
    uint64_t stored = 0, last = 0;

    FAULT_CHECK(store_open(m->w.path, &store, &diag) == CIM_OK, "%s",
                diag.text);
    struct store_reader *reader = store_reader_of(store);
    assert_int_equal(store_check(reader, &check, &diag), CIM_OK);
    assert_int_equal(check.events, FIXTURE_EVENTS);
    assert_int_equal(store_totals(reader, &stored, &last), CIM_OK);
    assert_int_equal(stored, FIXTURE_EVENTS);
    assert_int_equal(last, FIXTURE_EVENTS);
    store_reader_close(&reader);
    store_close(&store);
}

static void
what_schema_1_kept_is_whole_today(void **state)
{
    struct migrate *m = *state;
    struct crash_disk *run = copy_of(m->old);

    crash_vfs_mount(&m->w.vfs, run);
    size_t first = run->n_ops;
    is_whole(m);
    size_t last = run->n_ops;
    for (size_t ops = first; ops <= last; ops++) {
        struct crash_disk *disk = crash_at(run, ops, CRASH_ANY, m->seed + ops);
        crash_vfs_mount(&m->w.vfs, disk);
        is_whole(m);
        crash_vfs_mount(&m->w.vfs, m->w.disk);
        crash_disk_free(&disk);
    }
    printf("rig J2 %zu states\n", last - first + 1);
    crash_vfs_mount(&m->w.vfs, m->w.disk);
    crash_disk_free(&run);
}

#define TEST(name)                                                             \
    cmocka_unit_test_prestate_setup_teardown(name, set_up, tear_down, &m)

int
main(int argc, char **argv)
{
    struct migrate m = {.seed = fault_seed(argc, argv, "migrate")};
    const struct CMUnitTest tests[] = {
        TEST(cut_anywhere_it_is_the_old_one_or_the_new_one),
        TEST(a_disk_that_fails_leaves_the_old_one),
        TEST(an_older_program_leaves_a_newer_one_alone),
        TEST(a_step_that_does_not_run_is_a_bug_and_changes_nothing),
        TEST(what_schema_1_kept_is_whole_today),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

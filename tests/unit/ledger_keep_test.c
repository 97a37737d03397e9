/* SPDX-License-Identifier: MPL-2.0 */
/* The ledger through the life of a store: migration, steps, rot, copies. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "node/store_check.h"
#include "node/store_copy.h"
#include "node/store_private.h"
#include "node/store_thread.h"
#include "tests/unit/ledger_desk.h"

/* A database as it was before there was a ledger. */
static const char without[] =
    "DROP TABLE ledger_event; DROP TABLE ledger_said; DROP TABLE ledger_key;"
    "DROP TABLE ledger_say; DROP TABLE ledger_member; DROP TABLE ledger_word;"
    "DROP TABLE ledger_again;"
    "DELETE FROM meta WHERE name = 'ledger_upto';"
    "PRAGMA user_version = 1";

struct on_disk {
    char *folder, *path;
    struct desk *desk;
};

static void
reopen(struct on_disk *d)
{
    struct cim_diag diag = {""};

    store_reader_close(&d->desk->reader);
    store_close(&d->desk->store);
    if (store_open(d->path, &d->desk->store, &diag) != CIM_OK)
        fail_msg("%s", diag.text);
    d->desk->reader = store_reader_of(d->desk->store);
}

static int
disk_up(void **state)
{
    struct on_disk *d = xcalloc(1, sizeof *d);

    desk_up((void **)&d->desk);
    d->folder = folder_make();
    d->path = xasprintf("%s/cimesh.db", d->folder);
    reopen(d);
    *state = d;
    return 0;
}

static int
disk_down(void **state)
{
    struct on_disk *d = *state;

    desk_down((void **)&d->desk);
    folder_remove(&d->folder);
    free(d->path);
    free(d);
    return 0;
}

static void
step(struct store *store, size_t events, bool anew)
{
    struct store_job *job = store_job_new(STORE_LEDGER);

    job->ledger.events = events;
    job->ledger.anew = anew;
    commit_ok(store, &job);
}

static void
assert_upto(struct desk *desk, uint64_t upto, uint64_t last)
{
    uint64_t is, all;

    assert_int_equal(ledger_upto(desk->reader, &is, &all), CIM_OK);
    assert_int_equal(is, upto);
    assert_int_equal(all, last);
}

static void
an_older_database_gets_its_ledger_in_steps(void **state)
{
    struct on_disk *d = *state;

    desk_artifact(d->desk, "odl/ci-1", 100, 1, "");
    desk_stamp(d->desk, "opnfv/ci-1", 200, 2, "");
    assert_true(store_exec(d->desk->store, without));
    reopen(d);
    assert_true(store_ledger_behind(d->desk->store));
    assert_upto(d->desk, 0, 2);
    assert_string_equal(desk_stamps(d->desk, "odl:1", false), "none");
    desk_stamp(d->desk, "onap/ci-1", 300, 3, "");
    assert_upto(d->desk, 0, 3);
    step(d->desk->store, 2, false);
    assert_upto(d->desk, 2, 3);
    assert_string_equal(
        desk_stamps(d->desk, "odl:1", false),
        "odl BUILT success its own; opnfv TESTED success by URL");
    step(d->desk->store, 2, false);
    assert_upto(d->desk, 3, 3);
    assert_false(store_ledger_behind(d->desk->store));
    assert_string_equal(desk_said(d->desk, "odl:1", "onap", "TESTED"),
                        "success by URL onap:3");
}

static void
the_store_thread_builds_it_while_nothing_else_is_to_do(void **state)
{
    struct on_disk *d = *state;
    struct store_reader *reader = NULL;
    struct cim_diag diag = {""};
    uint64_t upto = 0, last = 1;

    desk_artifact(d->desk, "odl/ci-1", 100, 1, "");
    desk_stamp(d->desk, "opnfv/ci-1", 200, 2, "");
    assert_true(store_exec(d->desk->store, without));
    reopen(d);
    store_reader_close(&d->desk->reader);
    struct store_thread *thread = store_thread_start(&d->desk->store);
    assert_int_equal(store_reader_open(d->path, &reader, &diag), CIM_OK);
    while (upto < last) {
        assert_int_equal(ledger_upto(reader, &upto, &last), CIM_OK);
        usleep(1000);
    }
    store_reader_close(&reader);
    store_thread_stop(&thread);
    assert_int_equal(last, 2);
    reopen(d);
    assert_string_equal(desk_said(d->desk, "odl:1", "opnfv", "TESTED"),
                        "success by URL opnfv:2");
}

static void
what_is_set_aside_while_it_is_built_is_left_out(void **state)
{
    struct on_disk *d = *state;

    desk_artifact(d->desk, "odl/ci-1", 100, 1, "");
    desk_stamp(d->desk, "opnfv/ci-1", 200, 2, "");
    desk_stamp(d->desk, "opnfv/ci-1", 300, 3, "");
    step(d->desk->store, 1, true);
    desk_aside(d->desk, "odl/ci-1", 1);
    desk_aside(d->desk, "opnfv/ci-1", 2);
    step(d->desk->store, 9, false);
    assert_string_equal(desk_stamped(d->desk, "opnfv:2"), "not here https://a");
    assert_string_equal(desk_stamped(d->desk, "opnfv:3"), "none");
}

static void
it_is_there_after_a_restart(void **state)
{
    struct on_disk *d = *state;

    desk_artifact(d->desk, "odl/ci-1", 100, 1, "");
    reopen(d);
    assert_false(store_ledger_behind(d->desk->store));
    desk_stamp(d->desk, "opnfv/ci-1", 200, 2, "");
    assert_string_equal(desk_said(d->desk, "odl:1", "opnfv", "TESTED"),
                        "success by URL opnfv:2");
}

static bool
go_on(void *ctx, uint64_t done, uint64_t all)
{
    (void)ctx;
    (void)done;
    (void)all;
    return true;
}

static void
a_copy_holds_it(void **state)
{
    struct on_disk *d = *state;
    struct store_copy_watch watch = {.go_on = go_on};
    struct cim_diag diag = {""};
    char *to = xasprintf("%s/copy.db", d->folder);
    uint64_t events = 0;

    desk_artifact(d->desk, "odl/ci-1", 100, 1, "");
    assert_int_equal(store_copy(d->path, to, &watch, &events, &diag), CIM_OK);
    store_reader_close(&d->desk->reader);
    assert_int_equal(store_reader_open(to, &d->desk->reader, &diag), CIM_OK);
    assert_string_equal(desk_stamps(d->desk, "odl:1", false),
                        "odl BUILT success its own");
    free(to);
}

/* ---- fsck ---------------------------------------------------------------*/

struct findings {
    struct store_finding v[16];
    size_t n;
};

static bool
keep_finding(void *ctx, const struct store_finding *finding)
{
    struct findings *f = ctx;

    assert_true(f->n < 16);
    f->v[f->n++] = *finding;
    return true;
}

static struct findings
look(struct on_disk *d)
{
    struct findings f = {.n = 0};
    struct store_check check = {
        .found = keep_finding, .go_on = go_on, .ctx = &f};
    struct cim_diag diag = {""};

    assert_int_equal(store_check(d->desk->reader, &check, &diag), CIM_OK);
    return f;
}

static void
say_all_kinds(struct desk *desk)
{
    desk_artifact(desk, "odl/ci-1", 100, 1, ",\"artifactName\":\"dist\"");
    desk_artifact(desk, "odl/ci-2", 120, 1, "");
    desk_baseline(desk, "opnfv/ci-1", 150, 2,
                  ",\"consistsOf\":[\"dist\",\"dist\",\"#1\"]");
    desk_stamp(desk, "onap/ci-1", 200, 3, ",\"artifactName\":\"dist\"");
    desk_stamp(desk, "onap/ci-1", 250, 4,
               ",\"artifactUrl\":\"https://mirror\","
               "\"artifactName\":\"dist\"");
    desk_stamp(desk, "onap/ci-2", 300, 5,
               ",\"links\":[{\"rel\":\"subject\",\"of\":\"opnfv\","
               "\"id\":\"#2\"}]");
}

static void
assert_whole(struct on_disk *d)
{
    struct findings f = look(d);

    if (f.n)
        fail_msg("%s: %s", store_rot_name(f.v[0].what), f.v[0].text);
}

static void
a_ledger_that_is_right_is_whole(void **state)
{
    struct on_disk *d = *state;

    say_all_kinds(d->desk);
    assert_whole(d);
}

/* In one transaction: whose the name is has to be looked at again, but the
 * stamp that has it is not there any more. */
static void
a_stamp_that_leaves_as_its_name_is_claimed_leaves_no_word(void **state)
{
    struct on_disk *d = *state;
    struct store_job *jobs[] = {store_job_new(STORE_KEEP),
                                store_job_new(STORE_ASIDE)};
    bool full = false;

    desk_artifact(d->desk, "odl/ci-1", 100, 1, ",\"artifactName\":\"dist\"");
    desk_stamp(d->desk, "opnfv/ci-1", 200, 2,
               ",\"artifactUrl\":\"https://mirror\","
               "\"artifactName\":\"dist\"");
    struct sealed *s =
        desk_seal(d->desk, "onap/ci-1", 300,
                  "{\"eventType\":\"ArtifactCreated\",\"eventId\":\"#3\","
                  "\"buildUrl\":\"https://ci/1\",\"artifactUrl\":\"https://c\","
                  "\"artifactName\":\"dist\",\"projectBranch\":\"master\","
                  "\"confidenceLevel\":{\"BUILT\":\"SUCCESS\"}}");
    job_all(jobs[0], s);
    jobs[1]->aside.log = log_of(desk_author(d->desk, "opnfv/ci-1"));
    jobs[1]->aside.seq = 1;
    assert_true(store_exec(d->desk->store,
                           "UPDATE event SET bytes = x'80' WHERE arrival = 2"));
    assert_int_equal(store_commit(d->desk->store, jobs, 2, &full), CIM_OK);
    assert_int_equal(jobs[1]->err, CIM_OK);
    assert_whole(d);
    for (size_t i = 0; i < 2; i++)
        store_job_destroy(&jobs[i]);
    sealed_free(&s);
}

/* One transaction with more than the ledger takes at once: what is over waits
 * until nothing else is to do, and what comes meanwhile behind it. */
static void
of_a_burst_the_rest_waits_its_turn(void **state)
{
    struct on_disk *d = *state;
    struct store_job *jobs[LEDGER_AT_ONCE + 2];
    size_t n = sizeof jobs / sizeof *jobs;
    bool full = false;

    for (size_t i = 0; i < n; i++) {
        char *json = xasprintf("{\"eventType\":\"ArtifactCreated\","
                               "\"eventId\":\"#%zu\",\"buildUrl\":"
                               "\"https://ci/1\",\"artifactUrl\":"
                               "\"https://a/%zu\",\"projectBranch\":"
                               "\"master\",\"confidenceLevel\":"
                               "{\"BUILT\":\"SUCCESS\"}}",
                               i + 1, i);
        struct sealed *s =
            desk_seal(d->desk, "odl/ci-1", 100 + (int64_t)i, json);
        jobs[i] = store_job_new(STORE_KEEP);
        job_all(jobs[i], s);
        sealed_free(&s);
        free(json);
    }
    assert_int_equal(store_commit(d->desk->store, jobs, n, &full), CIM_OK);
    for (size_t i = 0; i < n; i++)
        store_job_destroy(&jobs[i]);
    assert_upto(d->desk, LEDGER_AT_ONCE, n);
    assert_true(store_ledger_behind(d->desk->store));
    desk_stamp(d->desk, "opnfv/ci-1", 900, 900, "");
    assert_upto(d->desk, LEDGER_AT_ONCE, n + 1);
    step(d->desk->store, 0, false);
    assert_upto(d->desk, n + 1, n + 1);
    assert_whole(d);
}

/* Found, named once, and built anew. */
static void
found_and_mended(struct on_disk *d, const char *damage)
{
    struct cim_diag diag = {""};
    size_t remain = 0;

    if (!store_exec(d->desk->store, damage))
        fail_msg("%s", damage);
    struct findings f = look(d);
    if (f.n != 1 || f.v[0].what != STORE_ROT_LEDGER)
        fail_msg("%s: %zu findings", damage, f.n);
    store_reader_close(&d->desk->reader);
    store_close(&d->desk->store);
    assert_int_equal(store_mend(d->path, f.v, f.n, 1000, &remain, &diag),
                     CIM_OK);
    assert_int_equal(remain, 0);
    reopen(d);
    assert_false(store_ledger_behind(d->desk->store));
    assert_whole(d);
}

static void
a_ledger_that_is_wrong_is_found_and_built_anew(void **state)
{
    static const char *const damages[] = {
        "UPDATE ledger_say SET state = 5",
        "DELETE FROM ledger_key",
        "DELETE FROM ledger_member",
        "DELETE FROM ledger_say WHERE url IS NOT NULL",
        "UPDATE ledger_say SET stamp = stamp + 1",
        "UPDATE ledger_event SET title = 'x' WHERE title IS NOT NULL",
        "UPDATE ledger_event SET parts = NULL",
        "UPDATE ledger_word SET state = 9 WHERE said > 0",
        "INSERT INTO ledger_word VALUES(99, 0, 1, 0, x'00', 0)",
        "INSERT INTO ledger_key VALUES(x'00', 1, x'00', 1)",
        "DELETE FROM ledger_event WHERE arrival = 2",
        "DELETE FROM ledger_said"};
    struct on_disk *d = *state;

    say_all_kinds(d->desk);
    for (size_t i = 0; i < sizeof damages / sizeof *damages; i++)
        found_and_mended(d, damages[i]);
    assert_string_equal(desk_said(d->desk, "opnfv:2", "onap", "TESTED"),
                        "success linked onap:5");
}

static void
a_node_builds_it_anew_when_it_is_told_so(void **state)
{
    struct on_disk *d = *state;
    struct store_finding finding = {.what = STORE_ROT_LEDGER,
                                    .seq = STORE_SEQ_LEDGER};
    struct store_job *job = store_mend_job(&finding, 1000);

    say_all_kinds(d->desk);
    assert_true(store_exec(d->desk->store, "DELETE FROM ledger_key"));
    commit_ok(d->desk->store, &job);
    while (store_ledger_behind(d->desk->store))
        step(d->desk->store, 0, false);
    assert_whole(d);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, disk_up, disk_down)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(an_older_database_gets_its_ledger_in_steps),
        TEST(the_store_thread_builds_it_while_nothing_else_is_to_do),
        TEST(what_is_set_aside_while_it_is_built_is_left_out),
        TEST(it_is_there_after_a_restart),
        TEST(a_copy_holds_it),
        TEST(a_ledger_that_is_right_is_whole),
        TEST(of_a_burst_the_rest_waits_its_turn),
        TEST(a_stamp_that_leaves_as_its_name_is_claimed_leaves_no_word),
        TEST(a_ledger_that_is_wrong_is_found_and_built_anew),
        TEST(a_node_builds_it_anew_when_it_is_told_so),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

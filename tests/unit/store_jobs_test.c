/* SPDX-License-Identifier: MPL-2.0 */
/* Own ids, retention, and the other kinds of jobs. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "node/store_private.h"
#include "tests/unit/store_help.h"

static struct store_job *
keep_job(void)
{
    return store_job_new(STORE_KEEP);
}

/* ---- many small batches --------------------------------------------------*/

static int
count_steps(void *steps)
{
    ++*(unsigned *)steps;
    return 0;
}

/* What it takes to keep 100 batches of one event, in steps of SQLite. */
static unsigned
steps_of_100(struct fixture *f, struct sealed *const *s)
{
    unsigned steps = 0;

    sqlite3_progress_handler(f->store->db.h, 10, count_steps, &steps);
    for (unsigned i = 0; i < 100; i++)
        keep_all(f->store, s[i]);
    sqlite3_progress_handler(f->store->db.h, 0, NULL, NULL);
    return steps;
}

static void
a_batch_below_the_head_costs_the_same_however_many_are_held(void **state)
{
    struct fixture *f = *state;
    struct sealed *s[1001];
    unsigned first;

    for (unsigned i = 0; i < 1001; i++)
        s[i] = author_seal(&f->a, 1, 200, topic_same);
    keep_all(f->store, s[1000]);
    first = steps_of_100(f, s);
    for (unsigned i = 100; i < 900; i++)
        keep_all(f->store, s[i]);
    assert_in_range(steps_of_100(f, s + 900), first / 2, first + first / 2);
    for (unsigned i = 0; i < 1001; i++)
        sealed_free(&s[i]);
}

/* ---- own events ---------------------------------------------------------*/

static struct store_job *
lookup_job(uint64_t id, uint8_t given)
{
    struct store_job *job = store_job_new(STORE_LOOKUP);

    job->lookups = xcalloc(1, sizeof *job->lookups);
    job->n_lookups = 1;
    job->lookups[0].id = uuid_n(id);
    job->lookups[0].given.b[0] = given;
    return job;
}

static struct store_job *
own_job(const struct sealed *s, uint8_t given)
{
    struct store_job *job = keep_job();
    struct store_batch *batch = job_all(job, s);

    batch->own = true;
    batch->covered = true;
    for (size_t i = 0; i < batch->n_events; i++)
        batch->events[i].given.b[0] = given;
    return job;
}

static void
a_look_up_sees_earlier_jobs_of_its_transaction(void **state)
{
    struct fixture *f = *state;
    struct sealed *s = author_seal(&f->a, 3, 200, topic_same);
    struct store_job *jobs[] = {lookup_job(2, 1), own_job(s, 1),
                                lookup_job(2, 1), lookup_job(2, 9)};
    bool full;

    assert_int_equal(store_commit(f->store, jobs, 4, &full), CIM_OK);
    assert_int_equal(jobs[0]->lookups[0].state, STORE_NEW);
    assert_int_equal(jobs[2]->lookups[0].state, STORE_SAME);
    assert_int_equal(jobs[2]->lookups[0].epoch, 7);
    assert_int_equal(jobs[2]->lookups[0].seq, 2);
    assert_int_equal(jobs[3]->lookups[0].state, STORE_OTHER);
    for (int i = 0; i < 4; i++)
        store_job_destroy(&jobs[i]);
    sealed_free(&s);
}

static void
an_own_event_that_came_back_is_found_with_its_bytes(void **state)
{
    struct fixture *f = *state;
    struct sealed *s = author_seal(&f->a, 3, 200, topic_same);
    struct store_job *back = keep_job();
    struct store_job *jobs[] = {back, lookup_job(2, 1), lookup_job(2, 1)};
    bool full;

    job_all(back, s); /* as from a peer: nothing is known of what was given */
    memcpy(jobs[1]->self, "odl/ci-1", sizeof "odl/ci-1");
    memcpy(jobs[2]->self, "odl/ci-2", sizeof "odl/ci-2");
    assert_int_equal(store_commit(f->store, jobs, 3, &full), CIM_OK);
    const struct store_lookup *found = &jobs[1]->lookups[0];
    assert_int_equal(found->state, STORE_BACK);
    assert_int_equal(found->seq, 2);
    assert_true(cim_bytes_eq(found->bytes, cim_buf_bytes(&s->events[1])));
    assert_int_equal(jobs[2]->lookups[0].state, STORE_NEW);
    for (int i = 0; i < 3; i++)
        store_job_destroy(&jobs[i]);
    sealed_free(&s);
}

static void
an_own_id_used_before_applies_nothing_of_the_job(void **state)
{
    struct fixture *f = *state;
    struct cim_uuid ids[] = {uuid_n(50), uuid_n(2), uuid_n(51)};
    struct sealed *s = author_seal(&f->a, 3, 200, topic_same);
    struct sealed *t = author_seal_ids(&f->a, 3, ids);
    struct store_job *jobs[] = {own_job(s, 1), own_job(t, 1), lookup_job(50, 1),
                                lookup_job(3, 1)};
    bool full;

    assert_int_equal(store_commit(f->store, jobs, 4, &full), CIM_OK);
    assert_int_equal(jobs[0]->err, CIM_OK);
    assert_int_equal(jobs[1]->err, CIM_ECONFLICT);
    assert_int_equal(jobs[2]->lookups[0].state, STORE_NEW);
    assert_int_equal(jobs[3]->lookups[0].state, STORE_SAME);
    for (int i = 0; i < 4; i++)
        store_job_destroy(&jobs[i]);
    struct store_log_state st = state_of(f->store, &f->a);
    assert_int_equal(st.held, 3);
    assert_int_equal(cim_header_last(&st.head.h), 3);
    store_log_state_clear(&st);
    sealed_free(&s);
    sealed_free(&t);
}

static void
an_own_batch_with_one_id_twice_is_refused(void **state)
{
    struct fixture *f = *state;
    struct cim_uuid ids[] = {uuid_n(60), uuid_n(61), uuid_n(60)};
    struct sealed *s = author_seal_ids(&f->a, 3, ids);
    struct store_job *job = own_job(s, 1);
    struct store_job *look = lookup_job(60, 1);

    commit_job(f->store, job);
    assert_int_equal(job->err, CIM_ECONFLICT);
    commit_job(f->store, look);
    assert_int_equal(look->lookups[0].state, STORE_NEW);
    store_job_destroy(&job);
    store_job_destroy(&look);
    sealed_free(&s);
}

/* ---- retention ----------------------------------------------------------*/

static struct store_job *
purge_job(int64_t before_ms, uint64_t max_bytes)
{
    struct store_job *job = store_job_new(STORE_PURGE);

    job->purge.before_ms = before_ms;
    job->purge.max_bytes = max_bytes;
    return job;
}

static void
purged_events_are_neither_stored_again_nor_lost_count_of(void **state)
{
    struct fixture *f = *state;
    struct sealed *s = author_seal(&f->a, 6, 200, topic_same);
    struct sealed *t = author_seal(&f->a, 6, 200, topic_same);

    keep_all(f->store, s);
    keep_all(f->store, t);
    struct store_job *job = purge_job(t->sh.h.time_ms, 0);
    commit_job(f->store, job);
    assert_int_equal(job->purge.purged, 6);
    assert_int_equal(job->purge.n_left, 1);
    assert_string_equal(job->purge.left->log.node, "odl/ci-1");
    assert_int_equal(job->purge.left->held, 6);
    assert_int_equal(job->purge.left->floor, 6);
    store_job_destroy(&job);
    struct store_log_state st = state_of(f->store, &f->a);
    assert_int_equal(st.held, 6);
    assert_int_equal(st.floor, 6);
    assert_int_equal(cim_header_last(&st.head.h), 12);
    store_log_state_clear(&st);
    keep_all(f->store, s);
    assert_int_equal(store_last_arrival(f->store), 12);
    sealed_free(&s);
    sealed_free(&t);
}

static void
purging_all_keeps_the_head_and_never_reuses_an_arrival(void **state)
{
    struct fixture *f = *state;
    struct sealed *s = author_seal(&f->a, 6, 200, topic_same);
    struct sealed *t = author_seal(&f->a, 2, 200, topic_same);

    keep_all(f->store, s);
    struct store_job *job = purge_job(INT64_MAX, 0);
    commit_ok(f->store, &job);
    struct store_log_state st = state_of(f->store, &f->a);
    assert_int_equal(st.held, 0);
    assert_true(cim_hash_eq(&st.head_hash, &s->hash));
    store_log_state_clear(&st);
    keep_all(f->store, t);
    assert_int_equal(store_last_arrival(f->store), 8);
    sealed_free(&s);
    sealed_free(&t);
}

static void
purging_by_size_takes_the_oldest(void **state)
{
    struct fixture *f = *state;
    struct sealed *s = author_seal(&f->a, 10, 300, topic_same);
    uint64_t size = 0;

    for (size_t i = 0; i < s->n; i++)
        size += s->events[i].len;
    keep_all(f->store, s);
    struct store_job *job = purge_job(0, size);
    commit_job(f->store, job);
    assert_int_equal(job->purge.purged, 0);
    store_job_destroy(&job);
    job = purge_job(0, size - 1);
    commit_job(f->store, job);
    assert_int_equal(job->purge.purged, 1);
    store_job_destroy(&job);
    struct store_log_state st = state_of(f->store, &f->a);
    assert_int_equal(st.floor, 1);
    store_log_state_clear(&st);
    sealed_free(&s);
}

/* ---- the rest -----------------------------------------------------------*/

static void
see_counter(void *ctx, const char *name, uint64_t value)
{
    assert_string_equal(name, "refused signature");
    *(uint64_t *)ctx = value;
}

static void
counters_add_up(void **state)
{
    struct fixture *f = *state;
    uint64_t value = 0;

    for (int i = 0; i < 3; i++) {
        struct store_job *job = store_job_new(STORE_COUNT);
        job->counters = xcalloc(1, sizeof *job->counters);
        job->n_counters = 1;
        snprintf(job->counters[0].name, sizeof job->counters[0].name,
                 "refused signature");
        job->counters[0].add = 5;
        commit_ok(f->store, &job);
    }
    assert_int_equal(store_each_counter(f->store, see_counter, &value), CIM_OK);
    assert_int_equal(value, 15);
}

struct seen_roster {
    int n;
    uint64_t serial;
    size_t len;
};

static void
see_roster(void *ctx, const char *community, uint64_t serial,
           struct cim_bytes bytes)
{
    struct seen_roster *seen = ctx;

    assert_string_equal(community, "odl");
    seen->n++;
    seen->serial = serial;
    seen->len = bytes.len;
}

static void
put_roster(struct store *store, uint64_t serial, const char *text)
{
    struct store_job *job = store_job_new(STORE_ROSTER);

    snprintf(job->roster.name, sizeof job->roster.name, "odl");
    job->roster.serial = serial;
    if (text)
        job->roster.bytes = xbytes(cim_bytes_str(text));
    commit_ok(store, &job);
}

static void
the_last_accepted_roster_file_is_kept(void **state)
{
    struct fixture *f = *state;
    struct seen_roster seen = {0};

    put_roster(f->store, 1, "one");
    put_roster(f->store, 2, "other");
    assert_int_equal(store_each_roster(f->store, see_roster, &seen), CIM_OK);
    assert_int_equal(seen.n, 1);
    assert_int_equal(seen.serial, 2);
    assert_int_equal(seen.len, 5);
    put_roster(f->store, 0, NULL);
    assert_int_equal(store_each_roster(f->store, see_roster, &seen), CIM_OK);
    assert_int_equal(seen.n, 1);
}

static void
see_key(void *ctx, const char *node, const struct cim_signkey *key)
{
    const struct author *a = ctx;

    if (strcmp(node, a->node) == 0)
        assert_memory_equal(key, &a->key, sizeof *key);
}

static void
keys_that_verified_are_kept(void **state)
{
    struct fixture *f = *state;
    struct sealed *s = author_seal(&f->a, 1, 200, topic_same);

    keep_all(f->store, s);
    keep_all(f->store, s);
    assert_int_equal(store_each_key(f->store, see_key, &f->a), CIM_OK);
    assert_true(store_exec(f->store,
                           "CREATE TEMP TABLE u(n CHECK (n = 1));"
                           "INSERT INTO u SELECT count(*) FROM key;"));
    sealed_free(&s);
}

static void
put_hook(struct store *store, uint64_t cursor, uint32_t attempt,
         enum store_run_state state)
{
    struct store_job *job = store_job_new(STORE_HOOK);

    snprintf(job->hook.name, sizeof job->hook.name, "build");
    job->hook.cursor = cursor;
    job->hook.run = attempt > 0;
    job->hook.arrival = 3;
    job->hook.attempt = attempt;
    job->hook.state = state;
    job->hook.at_ms = 1000 + attempt;
    commit_ok(store, &job);
}

static void
a_hook_cursor_is_known_once_set(void **state)
{
    struct fixture *f = *state;
    uint64_t cursor = 9;
    bool known = true;

    assert_int_equal(store_hook_cursor(f->store, "build", &cursor, &known),
                     CIM_OK);
    assert_false(known);
    put_hook(f->store, 0, 0, STORE_RUN_OK);
    assert_int_equal(store_hook_cursor(f->store, "build", &cursor, &known),
                     CIM_OK);
    assert_true(known);
    assert_int_equal(cursor, 0);
    put_hook(f->store, 12, 0, STORE_RUN_OK);
    put_hook(f->store, UINT64_MAX, 1, STORE_RUN_STARTED);
    assert_int_equal(store_hook_cursor(f->store, "build", &cursor, &known),
                     CIM_OK);
    assert_int_equal(cursor, 12);
}

static void
the_newest_thousand_runs_are_kept(void **state)
{
    struct fixture *f = *state;

    for (uint32_t i = 1; i <= 1010; i++)
        put_hook(f->store, UINT64_MAX, i, STORE_RUN_STARTED);
    assert_true(store_exec(
        f->store, "CREATE TEMP TABLE u(n CHECK (n = 1000), m CHECK (m = 11));"
                  "INSERT INTO u SELECT count(*), min(attempt) FROM run;"));
}

static void
a_saved_database_comes_back(void **state)
{
    struct fixture *f = *state;
    struct sealed *s = author_seal(&f->a, 5, 200, topic_each);
    struct sealed *t = author_seal(&f->a, 5, 200, topic_each);
    struct cim_buf saved = {0};
    uint64_t n[3];

    keep_all(f->store, s);
    assert_int_equal(store_save(f->store, &saved), CIM_OK);
    n[0] = store_last_arrival(f->store);
    keep_all(f->store, t);
    n[1] = store_last_arrival(f->store);
    assert_int_equal(store_restore(f->store, cim_buf_bytes(&saved)), CIM_OK);
    n[2] = store_last_arrival(f->store);
    assert_int_equal(n[0], 5);
    assert_int_equal(n[1], 10);
    assert_int_equal(n[2], 5);
    struct store_log_state st = state_of(f->store, &f->a);
    assert_int_equal(st.held, 5);
    store_log_state_clear(&st);
    keep_all(f->store, t);
    assert_int_equal(store_last_arrival(f->store), 10);
    cim_buf_clear(&saved);
    sealed_free(&s);
    sealed_free(&t);
}

static void
more_logs_than_are_held_open_are_all_kept(void **state)
{
    struct fixture *f = *state;
    struct store_job *jobs[300];
    bool full;

    for (uint64_t round = 0; round < 2; round++) {
        for (uint64_t i = 0; i < 300; i++) {
            struct author a = f->b;
            a.epoch = 100 + i;
            a.last = round;
            struct sealed *s = author_seal(&a, 1, 200, topic_same);
            jobs[i] = keep_job();
            job_all(jobs[i], s)->covered = true;
            sealed_free(&s);
        }
        assert_int_equal(store_commit(f->store, jobs, 300, &full), CIM_OK);
        for (int i = 0; i < 300; i++)
            store_job_destroy(&jobs[i]);
    }
    assert_true(store_exec(f->store,
                           "CREATE TEMP TABLE u(n CHECK (n = 300));"
                           "INSERT INTO u SELECT count(*) FROM log WHERE"
                           " held = 2 AND high = 2;"
                           "INSERT INTO u SELECT count(*) FROM cursor WHERE"
                           " upto = 2;"));
}

#define TEST(name)                                                             \
    cmocka_unit_test_setup_teardown(name, fixture_up, fixture_down)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_batch_below_the_head_costs_the_same_however_many_are_held),
        TEST(a_look_up_sees_earlier_jobs_of_its_transaction),
        TEST(an_own_event_that_came_back_is_found_with_its_bytes),
        TEST(an_own_id_used_before_applies_nothing_of_the_job),
        TEST(an_own_batch_with_one_id_twice_is_refused),
        TEST(purged_events_are_neither_stored_again_nor_lost_count_of),
        TEST(purging_all_keeps_the_head_and_never_reuses_an_arrival),
        TEST(purging_by_size_takes_the_oldest),
        TEST(counters_add_up),
        TEST(the_last_accepted_roster_file_is_kept),
        TEST(keys_that_verified_are_kept),
        TEST(a_hook_cursor_is_known_once_set),
        TEST(the_newest_thousand_runs_are_kept),
        TEST(a_saved_database_comes_back),
        TEST(more_logs_than_are_held_open_are_all_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

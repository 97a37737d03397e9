/* SPDX-License-Identifier: MPL-2.0 */
#include "node/store_read.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "node/store_private.h"
#include "tests/unit/store_help.h"

/* ---- what a query gave --------------------------------------------------*/

struct seen {
    uint64_t arrivals[512];
    size_t n, stop_after;  /* 0: never */
    struct store_row last; /* without its views */
    char topic[64];
    uint64_t scanned;
};

static bool
see(void *ctx, const struct store_row *row)
{
    struct seen *seen = ctx;

    assert_true(seen->n < 512);
    assert_true(!seen->n || row->arrival > seen->arrivals[seen->n - 1]);
    seen->arrivals[seen->n++] = row->arrival;
    seen->last = *row;
    snprintf(seen->topic, sizeof seen->topic, "%.*s", (int)row->topic.len,
             (const char *)row->topic.p);
    return !seen->stop_after || seen->n < seen->stop_after;
}

static struct seen
run_query(struct fixture *f, const char *prefix, struct store_query query)
{
    struct seen seen = {.n = 0};
    struct cim_prefix p = prefix_of(prefix ? prefix : "");

    query.prefixes = &p;
    query.n_prefixes = prefix != NULL;
    if (!query.limit)
        query.limit = 1000;
    assert_int_equal(store_events(f->reader, &query, see, &seen, &seen.scanned),
                     CIM_OK);
    return seen;
}

/* 20 of odl, 20 of onap, 20 of odl: arrivals 1..60, topics t0..t9 each. */
static void
fill(struct fixture *f)
{
    struct sealed *s[3] = {author_seal(&f->a, 20, 200, topic_each),
                           author_seal(&f->b, 20, 200, topic_each),
                           author_seal(&f->a, 20, 200, topic_each)};

    for (int i = 0; i < 3; i++) {
        keep_all(f->store, s[i]);
        sealed_free(&s[i]);
    }
}

/* ---- events -------------------------------------------------------------*/

static void
everything_comes_in_arrival_order(void **state)
{
    struct fixture *f = *state;

    fill(f);
    struct seen seen = run_query(f, NULL, (struct store_query){0});
    assert_int_equal(seen.n, 60);
    assert_int_equal(seen.arrivals[59], 60);
    assert_int_equal(seen.scanned, 60);
    assert_string_equal(seen.last.log.node, "odl/ci-1");
    assert_int_equal(seen.last.log.epoch, 7);
    assert_int_equal(seen.last.seq, 40);
    assert_string_equal(seen.topic, "odl/Ping/t9/");
}

static void
a_prefix_selects(void **state)
{
    struct fixture *f = *state;

    fill(f);
    struct seen seen = run_query(f, "odl/Ping/t3/", (struct store_query){0});
    assert_int_equal(seen.n, 4);
    assert_int_equal(seen.arrivals[0], 4);
    assert_int_equal(seen.arrivals[2], 44);
    assert_int_equal(seen.scanned, 60);
    seen = run_query(f, "onap/", (struct store_query){0});
    assert_int_equal(seen.n, 20);
    seen = run_query(f, "od", (struct store_query){0});
    assert_int_equal(seen.n, 40);
    seen = run_query(f, "opnfv/", (struct store_query){0});
    assert_int_equal(seen.n, 0);
    assert_int_equal(seen.scanned, 60);
}

static void
several_prefixes_select_what_any_does(void **state)
{
    struct fixture *f = *state;
    struct cim_prefix p[] = {prefix_of("odl/Ping/t1/"), prefix_of("odl/Ping/"),
                             prefix_of("onap/Ping/t2")};
    struct store_query query = {.prefixes = p, .n_prefixes = 3, .limit = 1000};
    struct seen seen = {.n = 0};

    fill(f);
    assert_int_equal(store_events(f->reader, &query, see, &seen, &seen.scanned),
                     CIM_OK);
    assert_int_equal(seen.n, 42);
}

static void
a_query_goes_on_where_it_stopped(void **state)
{
    struct fixture *f = *state;
    uint64_t after = 0;
    size_t n = 0;

    fill(f);
    for (int i = 0; i < 100 && after < 60; i++) {
        struct seen seen =
            run_query(f, "odl/Ping/t7/",
                      (struct store_query){.after = after, .limit = 1});
        n += seen.n;
        assert_true(seen.scanned > after);
        after = seen.scanned;
    }
    assert_int_equal(n, 4);
}

static void
limits_end_a_query(void **state)
{
    struct fixture *f = *state;
    struct cim_prefix p = prefix_of("");
    struct store_query query = {.prefixes = &p, .n_prefixes = 1, .limit = 99};
    struct seen seen = {.stop_after = 3};

    fill(f);
    assert_int_equal(store_events(f->reader, &query, see, &seen, &seen.scanned),
                     CIM_OK);
    assert_int_equal(seen.n, 3);
    assert_int_equal(seen.scanned, 3);
    seen = run_query(f, NULL, (struct store_query){.limit = 7});
    assert_int_equal(seen.n, 7);
    assert_int_equal(seen.scanned, 7);
    seen = run_query(f, NULL, (struct store_query){.upto = 9, .after = 5});
    assert_int_equal(seen.n, 4);
    assert_int_equal(seen.scanned, 9);
    seen = run_query(f, NULL, (struct store_query){.max_bytes = 250});
    assert_int_equal(seen.n, 2);
    seen = run_query(f, NULL, (struct store_query){.after = 1000});
    assert_int_equal(seen.n, 0);
    assert_int_equal(seen.scanned, 1000);
}

static void
the_newest_come_in_arrival_order_too(void **state)
{
    struct fixture *f = *state;

    fill(f);
    struct seen seen =
        run_query(f, NULL, (struct store_query){.limit = 5, .newest = true});
    assert_int_equal(seen.n, 5);
    assert_int_equal(seen.arrivals[0], 56);
    assert_int_equal(seen.scanned, 60);
    seen = run_query(f, "odl/Ping/t3/",
                     (struct store_query){.limit = 3, .newest = true});
    assert_int_equal(seen.n, 3);
    assert_int_equal(seen.arrivals[0], 14);
    assert_int_equal(seen.arrivals[2], 54);
}

static void
since_selects_by_when_it_was_received(void **state)
{
    struct fixture *f = *state;

    fill(f);
    assert_true(store_exec(f->store, "UPDATE event SET received ="
                                     " 1000 + arrival * 10;"
                                     "DELETE FROM event WHERE arrival = 30"));
    for (int64_t since = 1000; since < 1620; since += 7) {
        struct seen seen =
            run_query(f, NULL, (struct store_query){.since_ms = since});
        uint64_t want = 0;
        for (int64_t i = 1; i <= 60; i++)
            want += i != 30 && 1000 + i * 10 >= since;
        assert_int_equal(seen.n, want);
        assert_int_equal(seen.scanned, 60);
    }
}

/* Interns more topics than are merged, so the scan is what answers. */
static void
many_topics_are_scanned_in_bounded_steps(void **state)
{
    struct fixture *f = *state;
    uint64_t after = 0;
    size_t n = 0;

    fill(f);
    assert_true(store_exec(
        f->store,
        "WITH RECURSIVE c(x) AS (VALUES(1) UNION ALL SELECT x + 1 FROM c"
        " WHERE x < 600) INSERT INTO topic(name) SELECT 'odl/Many/' || x || '/'"
        " FROM c;"
        /* And rows of another topic between the ones that match. */
        "WITH RECURSIVE c(x) AS (VALUES(61) UNION ALL SELECT x + 1 FROM c"
        " WHERE x < 50000) INSERT INTO event SELECT x, log, seq, 99999, batch,"
        " who, received, flags, id, bytes FROM c, event WHERE arrival = 1;"
        "UPDATE event SET arrival = 50001 WHERE arrival = 60;"
        "UPDATE meta SET value = 50001 WHERE name = 'last_arrival'"));
    int calls = 0;
    for (; after < 50001; calls++) {
        struct seen seen =
            run_query(f, "odl/", (struct store_query){.after = after});
        assert_true(seen.scanned > after);
        assert_true(seen.scanned - after <= 20001); /* 60 is not there */
        n += seen.n;
        after = seen.scanned;
    }
    assert_int_equal(n, 40);
    assert_int_equal(calls, 3);
}

static void
a_row_whose_topic_rotted_is_not_given(void **state)
{
    static const char *const damage[] = {
        "UPDATE event SET topic = 1 WHERE arrival = 12",
        "UPDATE event SET id = zeroblob(16) WHERE arrival = 12",
        "UPDATE event SET bytes = zeroblob(100) WHERE arrival = 12",
    };
    struct fixture *f = *state;
    struct store_log log;
    uint64_t seq = 0;

    for (int i = 0; i < 3; i++) {
        fill(f);
        assert_true(store_exec(f->store, damage[i]));
        struct seen seen = run_query(f, "odl/", (struct store_query){0});
        assert_int_equal(seen.n, 39);
        assert_true(store_reader_rotten(f->reader, &log, &seq));
        assert_int_equal(seq, 12);
        assert_false(store_reader_rotten(f->reader, &log, &seq));
        fixture_down(state);
        fixture_up(state);
        f = *state;
    }
}

/* ---- by id --------------------------------------------------------------*/

static void
an_id_is_found_in_one_community_or_in_all(void **state)
{
    struct fixture *f = *state;
    struct cim_uuid id = uuid_n(5); /* both authors count from 1 */
    struct seen seen = {.n = 0};

    fill(f);
    assert_int_equal(
        store_find(f->reader, cim_bytes_str("onap"), &id, see, &seen), CIM_OK);
    assert_int_equal(seen.n, 1);
    assert_int_equal(seen.arrivals[0], 25);
    seen.n = 0;
    assert_int_equal(
        store_find(f->reader, (struct cim_bytes){0}, &id, see, &seen), CIM_OK);
    assert_int_equal(seen.n, 2);
    seen.n = 0;
    assert_int_equal(
        store_find(f->reader, cim_bytes_str("opnfv"), &id, see, &seen), CIM_OK);
    assert_int_equal(seen.n, 0);
}

static void
a_hook_has_had_an_id_that_came_since_it_began(void **state)
{
    struct fixture *f = *state;
    struct cim_uuid ids[] = {uuid_n(1), uuid_n(1)};
    struct sealed *s = author_seal_ids(&f->a, 2, ids);
    struct cim_prefix match = prefix_of("odl/Ping/t0/");
    struct cim_prefix other = prefix_of("odl/Ping/t1/");
    bool had = true;

    keep_all(f->store, s);
    struct seen seen = run_query(f, NULL, (struct store_query){.limit = 1});
    assert_false(seen.last.repeat);
    assert_int_equal(store_had(f->reader, &seen.last, &match, 0, &had), CIM_OK);
    assert_false(had);
    seen = run_query(f, NULL, (struct store_query){.after = 1});
    assert_true(seen.last.repeat);
    assert_int_equal(store_had(f->reader, &seen.last, &match, 0, &had), CIM_OK);
    assert_true(had);
    assert_int_equal(store_had(f->reader, &seen.last, &match, 1, &had), CIM_OK);
    assert_false(had);
    assert_int_equal(store_had(f->reader, &seen.last, &other, 0, &had), CIM_OK);
    assert_false(had);
    sealed_free(&s);
}

/* ---- hooks, refusals, totals --------------------------------------------*/

static void
put_run(struct store *store, const char *hook, uint64_t arrival,
        uint32_t attempt, enum store_run_state state, int64_t at_ms)
{
    struct store_job *job = store_job_new(STORE_HOOK);

    snprintf(job->hook.name, sizeof job->hook.name, "%s", hook);
    job->hook.cursor = UINT64_MAX;
    job->hook.run = true;
    job->hook.arrival = arrival;
    job->hook.attempt = attempt;
    job->hook.state = state;
    job->hook.status = state == STORE_RUN_FAILED ? 3 : 0;
    job->hook.at_ms = at_ms;
    snprintf(job->hook.output, sizeof job->hook.output, "said %u", attempt);
    commit_ok(store, &job);
}

struct seen_runs {
    struct store_run runs[8];
    size_t n;
};

static void
see_run(void *ctx, const struct store_run *run)
{
    struct seen_runs *seen = ctx;

    assert_true(seen->n < 8);
    seen->runs[seen->n++] = *run;
}

static void
runs_are_told_newest_first(void **state)
{
    struct fixture *f = *state;
    struct seen_runs seen = {.n = 0};
    char name[80];
    char id[CIM_UUID_TEXT_LEN + 1];
    uint32_t attempts = 9;

    fill(f);
    put_run(f->store, "build", 3, 1, STORE_RUN_STARTED, 100);
    put_run(f->store, "build", 3, 1, STORE_RUN_FAILED, 150);
    put_run(f->store, "build", 3, 2, STORE_RUN_STARTED, 200);
    put_run(f->store, "other", 4, 1, STORE_RUN_OK, 300);
    assert_int_equal(store_runs(f->reader, "build", 8, see_run, &seen), CIM_OK);
    assert_int_equal(seen.n, 2);
    assert_int_equal(seen.runs[0].attempt, 2);
    assert_int_equal(seen.runs[0].state, STORE_RUN_STARTED);
    assert_int_equal(seen.runs[0].ended_ms, 0);
    assert_int_equal(seen.runs[1].state, STORE_RUN_FAILED);
    assert_int_equal(seen.runs[1].status, 3);
    assert_int_equal(seen.runs[1].started_ms, 100);
    assert_int_equal(seen.runs[1].ended_ms, 150);
    assert_string_equal(seen.runs[1].output, "said 1");
    struct cim_uuid uuid = uuid_n(3);
    cim_uuid_text(&uuid, id);
    snprintf(name, sizeof name, "odl:%s", id);
    assert_string_equal(seen.runs[0].event, name);
    seen.n = 0;
    assert_int_equal(store_runs(f->reader, NULL, 2, see_run, &seen), CIM_OK);
    assert_int_equal(seen.n, 2);
    assert_string_equal(seen.runs[0].hook, "other");
    assert_int_equal(seen.runs[0].ended_ms, 300);
    assert_int_equal(store_attempts(f->reader, "build", 3, &attempts), CIM_OK);
    assert_int_equal(attempts, 2);
    assert_int_equal(store_attempts(f->reader, "build", 4, &attempts), CIM_OK);
    assert_int_equal(attempts, 0);
}

static void
see_refusal(void *ctx, const struct store_refusal *r)
{
    struct store_refusal *last = ctx;

    if (!last->seq)
        *last = *r;
}

static void
refusals_are_told_newest_first(void **state)
{
    struct fixture *f = *state;
    struct sealed *s = author_seal(&f->a, 3, 200, topic_same);
    struct store_job *job = store_job_new(STORE_KEEP);
    struct store_batch *batch = job_all(job, s);
    struct store_refusal newest = {.seq = 0};

    batch->events[0].refuse = CIM_EEVENT;
    batch->events[2].refuse = CIM_ECOMMUNITY;
    commit_ok(f->store, &job);
    assert_int_equal(store_refusals(f->reader, 10, see_refusal, &newest),
                     CIM_OK);
    assert_int_equal(newest.seq, 3);
    assert_int_equal(newest.reason, CIM_ECOMMUNITY);
    assert_string_equal(newest.log.node, "odl/ci-1");
    assert_int_equal(newest.log.epoch, 7);
    sealed_free(&s);
}

static void
totals_count_all_logs(void **state)
{
    struct fixture *f = *state;
    uint64_t stored = 9;
    uint64_t last = 9;

    assert_int_equal(store_totals(f->reader, &stored, &last), CIM_OK);
    assert_int_equal(stored, 0);
    assert_int_equal(last, 0);
    fill(f);
    assert_int_equal(store_totals(f->reader, &stored, &last), CIM_OK);
    assert_int_equal(stored, 60);
    assert_int_equal(last, 60);
}

static void
a_reader_of_its_own_sees_what_is_committed(void **state)
{
    struct fixture *f = *state;
    char *folder = folder_make();
    char *path = xasprintf("%s/store.db", folder);
    struct cim_diag diag;
    uint64_t stored = 0;
    uint64_t last = 0;

    store_reader_close(&f->reader);
    store_close(&f->store);
    assert_int_equal(store_open(path, &f->store, &diag), CIM_OK);
    assert_int_equal(store_reader_open(path, &f->reader, &diag), CIM_OK);
    fill(f);
    assert_int_equal(store_totals(f->reader, &stored, &last), CIM_OK);
    assert_int_equal(stored, 60);
    assert_int_equal(run_query(f, "odl/", (struct store_query){0}).n, 40);
    store_tidy(f->store);
    fill(f);
    assert_int_equal(run_query(f, "odl/", (struct store_query){0}).n, 80);
    store_close(&f->store);
    store_reader_close(&f->reader);
    free(path);
    folder_remove(&folder);
}

#define TEST(name)                                                             \
    cmocka_unit_test_setup_teardown(name, fixture_up, fixture_down)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(everything_comes_in_arrival_order),
        TEST(a_prefix_selects),
        TEST(several_prefixes_select_what_any_does),
        TEST(a_query_goes_on_where_it_stopped),
        TEST(limits_end_a_query),
        TEST(the_newest_come_in_arrival_order_too),
        TEST(since_selects_by_when_it_was_received),
        TEST(many_topics_are_scanned_in_bounded_steps),
        TEST(a_row_whose_topic_rotted_is_not_given),
        TEST(an_id_is_found_in_one_community_or_in_all),
        TEST(a_hook_has_had_an_id_that_came_since_it_began),
        TEST(runs_are_told_newest_first),
        TEST(refusals_are_told_newest_first),
        TEST(totals_count_all_logs),
        TEST(a_reader_of_its_own_sees_what_is_committed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

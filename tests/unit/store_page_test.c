/* SPDX-License-Identifier: MPL-2.0 */
/* Catch-up pages and proofs. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "node/store_private.h"
#include "tests/unit/page_help.h"

static uint64_t
positions(const struct cim_span *v, size_t n)
{
    uint64_t sum = 0;

    for (size_t i = 0; i < n; i++)
        sum += v[i].n;
    return sum;
}

/* ---- pages --------------------------------------------------------------*/

static void
a_page_brings_every_match(void **state)
{
    struct fixture *f = *state;
    struct sealed *s = author_seal(&f->a, 40, 300, topic_each);
    struct sealed *t = author_seal(&f->a, 40, 300, topic_each);

    keep_all(f->store, s);
    keep_all(f->store, t);
    struct answer all = ask_page(f, "onap/ci-1", "", 0, 80, NULL);
    assert_int_equal(all.n_events, 80);
    assert_int_equal(all.msg.u.fetch.n_slices, 2);
    assert_int_equal(all.msg.u.fetch.covered, 80);
    assert_int_equal(all.msg.u.fetch.last, 80);
    answer_clear(&all);
    struct answer some = ask_page(f, "onap/ci-1", "odl/Ping/t3/", 10, 70, NULL);
    assert_int_equal(some.n_events, 6);
    assert_true(span_has(&some.got, 14));
    assert_int_equal(some.msg.u.fetch.covered, 70);
    answer_clear(&some);
    struct answer none = ask_page(f, "onap/ci-1", "odl/Other/", 0, 80, NULL);
    assert_int_equal(none.n_events, 0);
    assert_int_equal(none.msg.u.fetch.covered, 80);
    answer_clear(&none);
    sealed_free(&s);
    sealed_free(&t);
}

static void
covered_never_exceeds_the_head(void **state)
{
    struct fixture *f = *state;
    struct sealed *s = author_seal(&f->a, 5, 300, topic_same);

    keep_all(f->store, s);
    struct answer answer = ask_page(f, "odl/ci-1", "", 2, 5000, NULL);
    assert_int_equal(answer.msg.u.fetch.covered, 5);
    assert_int_equal(answer.msg.u.fetch.last, 5);
    assert_int_equal(answer.n_events, 3);
    assert_int_equal(answer.msg.u.fetch.n_missing, 0);
    answer_clear(&answer);
    answer = ask_page(f, "odl/ci-1", "", 9, 5000, NULL);
    assert_int_equal(answer.msg.u.fetch.covered, 9);
    answer_clear(&answer);
    sealed_free(&s);
}

static void
an_unknown_log_covers_nothing(void **state)
{
    struct fixture *f = *state;
    struct answer answer = ask_page(f, "odl/ci-1", "", 3, 100, NULL);

    assert_int_equal(answer.msg.u.fetch.covered, 3);
    assert_int_equal(answer.msg.u.fetch.last, 0);
    answer_clear(&answer);
}

static void
who_has_the_same_gets_no_events(void **state)
{
    struct fixture *f = *state;
    struct sealed *s = author_seal(&f->a, 20, 300, topic_each);
    struct store_log log = log_of(&f->a);
    struct cim_prefix prefix = prefix_of("odl/Ping/t1/");
    struct cim_have have;

    keep_all(f->store, s);
    assert_int_equal(store_have(f->reader, &log, 0, 20, &prefix, 1, &have),
                     CIM_OK);
    assert_int_equal(have.n, 2);
    struct answer answer = ask_page(f, "x/y", "odl/Ping/t1/", 0, 20, &have);
    assert_int_equal(answer.n_events, 0);
    assert_int_equal(answer.msg.u.fetch.covered, 20);
    answer_clear(&answer);
    have.digest.b[0] ^= 1;
    answer = ask_page(f, "x/y", "odl/Ping/t1/", 0, 20, &have);
    assert_int_equal(answer.n_events, 2);
    answer_clear(&answer);
    sealed_free(&s);
}

/* Pages one after the other until all is covered. */
static size_t
fetch_all(struct fixture *f, const char *prefix, uint64_t upto,
          struct span_set *got)
{
    uint64_t after = 0;
    size_t pages = 0;

    while (after < upto) {
        struct answer answer = ask_page(f, "x/y", prefix, after, upto, NULL);
        uint64_t covered = answer.msg.u.fetch.covered;
        assert_true(covered > after);
        for (size_t i = 0; i < answer.got.len; i++) {
            assert_true(answer.got.v[i].first > after);
            assert_true(answer.got.v[i].first + answer.got.v[i].n - 1 <=
                        covered);
            span_add(got, answer.got.v[i].first, answer.got.v[i].n);
        }
        /* A page that is not the last is as full as it can be. */
        if (covered < upto)
            assert_true(answer.frame.len > CIM_PAGE_MAX - 70 * 1024);
        after = covered;
        pages++;
        answer_clear(&answer);
    }
    return pages;
}

static void
pages_are_full_and_go_on_where_the_last_ended(void **state)
{
    struct fixture *f = *state;
    struct span_set got = {0};
    unsigned seed = 5;

    while (f->a.last < 9000) {
        size_t n = 1 + (size_t)rand_r(&seed) % 900;
        size_t bytes = 200 + (size_t)rand_r(&seed) % 600;
        struct sealed *s = author_seal(&f->a, n, bytes, topic_each);
        keep_all(f->store, s);
        sealed_free(&s);
    }
    size_t pages = fetch_all(f, "", f->a.last, &got);
    assert_int_equal(span_count(&got), f->a.last);
    assert_true(pages >= 4);
    span_clear(&got);
    size_t fewer = fetch_all(f, "odl/Ping/t4/", f->a.last, &got);
    assert_true(fewer < pages);
    assert_true(span_count(&got) > f->a.last / 10 - 30);
    span_clear(&got);
}

static void
a_page_carries_at_least_one_of_the_largest_events(void **state)
{
    struct fixture *f = *state;
    struct span_set got = {0};

    for (int i = 0; i < 40; i++) {
        struct sealed *s = author_seal(&f->a, 1, CIM_EVENT_MAX, topic_same);
        assert_true(s->events[0].len > CIM_EVENT_MAX - 200);
        keep_all(f->store, s);
        sealed_free(&s);
    }
    fetch_all(f, "", f->a.last, &got);
    assert_int_equal(span_count(&got), 40);
    span_clear(&got);
}

static void
slices_that_came_apart_go_out_together(void **state)
{
    struct fixture *f = *state;
    struct sealed *s = author_seal(&f->a, 30, 300, topic_each);
    unsigned order[] = {7, 3, 29, 0, 12, 11, 13};

    for (size_t i = 0; i < 7; i++) {
        struct store_job *job = store_job_new(STORE_KEEP);
        job_slice(job, s, &order[i], 1);
        commit_ok(f->store, &job);
    }
    struct answer answer = ask_page(f, "x/y", "", 0, 30, NULL);
    assert_int_equal(answer.n_events, 7);
    assert_int_equal(answer.msg.u.fetch.n_slices, 1);
    assert_int_equal(answer.msg.u.fetch.n_missing, 0);
    answer_clear(&answer);
    sealed_free(&s);
}

static void
purge_before(struct store *store, int64_t before_ms)
{
    struct store_job *job = store_job_new(STORE_PURGE);

    job->purge.before_ms = before_ms;
    commit_ok(store, &job);
}

static void
neighbours_of_purged_events_stay_provable(void **state)
{
    struct fixture *f = *state;
    struct span_set gaps = {0};
    struct sealed *s = author_seal(&f->a, 10, 300, topic_each);

    keep_all(f->store, s);
    assert_true(store_exec(f->store, "UPDATE event SET received = arrival"));
    purge_before(f->store, 5);
    struct answer answer = ask_page(f, "odl/ci-1", "", 0, 10, NULL);
    assert_int_equal(answer.n_events, 6);
    assert_int_equal(answer.msg.u.fetch.covered, 10);
    assert_int_equal(
        positions(answer.msg.u.fetch.missing, answer.msg.u.fetch.n_missing), 4);
    answer_clear(&answer);
    assert_int_equal(repair(f, &gaps), 0); /* purged is not rotten */
    /* Another's page says nothing of what is missing. */
    answer = ask_page(f, "onap/ci-1", "", 0, 10, NULL);
    assert_int_equal(answer.msg.u.fetch.n_missing, 0);
    answer_clear(&answer);
    /* Of purged ones the topic is still known. */
    answer = ask_page(f, "odl/ci-1", "odl/Ping/t2/", 0, 10, NULL);
    assert_int_equal(answer.msg.u.fetch.n_missing, 1);
    assert_int_equal(answer.msg.u.fetch.missing[0].first, 3);
    answer_clear(&answer);
    sealed_free(&s);
}

static void
what_lies_beyond_a_page_is_not_called_missing(void **state)
{
    struct fixture *f = *state;

    while (f->a.last < 4000) {
        struct sealed *s = author_seal(&f->a, 500, 600, topic_same);
        keep_all(f->store, s);
        sealed_free(&s);
    }
    assert_true(
        store_exec(f->store, "DELETE FROM position WHERE seq IN (5, 3999)"));
    struct answer answer = ask_page(f, "odl/ci-1", "", 0, 4000, NULL);
    assert_true(answer.msg.u.fetch.covered < 3000);
    assert_int_equal(answer.msg.u.fetch.n_missing, 1);
    assert_int_equal(answer.msg.u.fetch.missing[0].first, 5);
    answer_clear(&answer);
}

static void
an_author_names_what_it_never_got_back(void **state)
{
    struct fixture *f = *state;
    struct sealed *s = author_seal(&f->a, 10, 300, topic_each);
    unsigned some[] = {0, 1, 5};
    struct store_job *job = store_job_new(STORE_KEEP);

    job_slice(job, s, some, 3)->events[1].refuse = CIM_EEVENT;
    commit_ok(f->store, &job);
    struct answer answer = ask_page(f, "odl/ci-1", "", 0, 9, NULL);
    assert_int_equal(answer.n_events, 2);
    assert_int_equal(answer.msg.u.fetch.covered, 9);
    assert_int_equal(answer.msg.u.fetch.n_missing, 2);
    assert_int_equal(answer.msg.u.fetch.missing[0].first, 2);
    assert_int_equal(answer.msg.u.fetch.missing[0].n, 4);
    assert_int_equal(answer.msg.u.fetch.missing[1].first, 7);
    assert_int_equal(answer.msg.u.fetch.missing[1].n, 3);
    answer_clear(&answer);
    sealed_free(&s);
}

static void
equivocating_batches_are_served_each_with_its_own_header(void **state)
{
    struct fixture *f = *state;
    struct author fork = f->a;
    fork.time_ms += 9;
    fork.serial += 900;
    struct sealed *s = author_seal(&f->a, 6, 300, topic_each);
    struct sealed *t = author_seal(&fork, 6, 300, topic_each);
    unsigned even[] = {0, 2, 4};
    struct store_job *job = store_job_new(STORE_KEEP);

    job_slice(job, s, even, 3);
    job_all(job, t);
    commit_ok(f->store, &job);
    struct answer answer = ask_page(f, "x/y", "", 0, 6, NULL);
    assert_int_equal(answer.n_events, 6);
    answer_clear(&answer);
    sealed_free(&s);
    sealed_free(&t);
}

static void
a_refusal_without_topic_matches_everything_only(void **state)
{
    struct fixture *f = *state;
    struct sealed *s = author_seal(&f->a, 2, 300, topic_same);
    struct store_job *job = store_job_new(STORE_KEEP);
    struct store_batch *batch = job_all(job, s);
    struct store_log log = log_of(&f->a);
    struct cim_have have;

    batch->events[0].refuse = CIM_ETOPIC;
    batch->events[0].topic = (struct cim_bytes){0};
    commit_ok(f->store, &job);
    struct cim_prefix all = prefix_of("");
    struct cim_prefix odl = prefix_of("odl/");
    assert_int_equal(store_have(f->reader, &log, 0, 2, &all, 1, &have), CIM_OK);
    assert_int_equal(have.n, 2);
    assert_int_equal(store_have(f->reader, &log, 0, 2, &odl, 1, &have), CIM_OK);
    assert_int_equal(have.n, 1);
    sealed_free(&s);
}

/* ---- proofs -------------------------------------------------------------*/

static void
a_proof_is_a_slice_of_one_event(void **state)
{
    struct fixture *f = *state;
    struct sealed *s = author_seal(&f->a, 33, 300, topic_each);
    struct store_log log = log_of(&f->a);
    struct cim_buf out = {0};
    struct cim_slice slice;
    struct cim_proven proven;

    keep_all(f->store, s);
    assert_int_equal(store_proof(f->reader, &log, 21, &out), CIM_OK);
    assert_int_equal(cim_slice_parse(cim_buf_bytes(&out), &slice), CIM_OK);
    assert_int_equal(cim_slice_prove(&slice, &f->a.key, false, &proven),
                     CIM_OK);
    assert_int_equal(proven.slice.n_events, 1);
    assert_true(
        cim_bytes_eq(proven.slice.events[0], cim_buf_bytes(&s->events[20])));
    cim_proven_clear(&proven);
    cim_buf_clear(&out);
    assert_int_equal(store_proof(f->reader, &log, 34, &out), CIM_ENOENT);
    log.epoch++;
    assert_int_equal(store_proof(f->reader, &log, 1, &out), CIM_ENOENT);
    sealed_free(&s);
}

#define TEST(name)                                                             \
    cmocka_unit_test_setup_teardown(name, fixture_up, fixture_down)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_page_brings_every_match),
        TEST(covered_never_exceeds_the_head),
        TEST(an_unknown_log_covers_nothing),
        TEST(who_has_the_same_gets_no_events),
        TEST(pages_are_full_and_go_on_where_the_last_ended),
        TEST(a_page_carries_at_least_one_of_the_largest_events),
        TEST(slices_that_came_apart_go_out_together),
        TEST(neighbours_of_purged_events_stay_provable),
        TEST(what_lies_beyond_a_page_is_not_called_missing),
        TEST(an_author_names_what_it_never_got_back),
        TEST(equivocating_batches_are_served_each_with_its_own_header),
        TEST(a_refusal_without_topic_matches_everything_only),
        TEST(a_proof_is_a_slice_of_one_event),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

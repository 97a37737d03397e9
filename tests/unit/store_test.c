/* SPDX-License-Identifier: MPL-2.0 */
/* Batches, headers, cursors and gaps. */
#include "node/store.h"

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

/* ---- batches ------------------------------------------------------------*/

static void
a_batch_is_stored_in_arrival_order(void **state)
{
    struct fixture *f = *state;
    struct sealed *s = author_seal(&f->a, 10, 200, topic_each);
    struct store_job *job = keep_job();

    job_all(job, s);
    commit_job(f->store, job);
    assert_int_equal(job->batches[0].n_stored, 10);
    assert_int_equal(job->batches[0].held, 10);
    assert_true(job->batches[0].new_header);
    for (size_t i = 0; i < 10; i++) {
        assert_true(job->batches[0].events[i].stored);
        assert_int_equal(job->batches[0].events[i].arrival, i + 1);
    }
    assert_int_equal(job->last_arrival, 10);
    assert_int_equal(store_last_arrival(f->store), 10);
    store_job_destroy(&job);
    sealed_free(&s);
}

static void
a_held_position_is_dropped_silently(void **state)
{
    struct fixture *f = *state;
    struct sealed *s = author_seal(&f->a, 4, 200, topic_same);
    unsigned first[] = {1, 2};
    struct store_job *job = keep_job();

    job_slice(job, s, first, 2);
    job_all(job, s);
    commit_job(f->store, job);
    assert_int_equal(job->batches[1].n_stored, 2);
    assert_false(job->batches[1].events[1].stored);
    assert_true(job->batches[1].events[3].stored);
    assert_int_equal(job->batches[1].held, 4);
    assert_int_equal(job->last_arrival, 4);
    store_job_destroy(&job);
    keep_all(f->store, s);
    assert_int_equal(store_last_arrival(f->store), 4);
    sealed_free(&s);
}

static void
a_header_alone_moves_the_head(void **state)
{
    struct fixture *f = *state;
    struct sealed *s = author_seal(&f->a, 3, 200, topic_same);
    struct sealed *t = author_seal(&f->a, 2, 200, topic_same);
    struct store_job *job = keep_job();

    job_header(job, t);
    job_header(job, s);
    commit_job(f->store, job);
    assert_true(job->batches[0].new_header);
    assert_false(job->batches[1].new_header);
    assert_int_equal(job->batches[1].held, 0);
    store_job_destroy(&job);
    struct store_log_state st = state_of(f->store, &f->a);
    assert_int_equal(cim_header_last(&st.head.h), 5);
    assert_true(cim_hash_eq(&st.head_hash, &t->hash));
    assert_int_equal(st.min_time_ms, s->sh.h.time_ms);
    assert_int_equal(st.max_time_ms, t->sh.h.time_ms);
    store_log_state_clear(&st);
    sealed_free(&s);
    sealed_free(&t);
}

static void
a_refused_position_counts_as_held(void **state)
{
    struct fixture *f = *state;
    struct sealed *s = author_seal(&f->a, 3, 200, topic_same);
    struct store_job *job = keep_job();
    struct store_batch *batch = job_all(job, s);

    batch->covered = true;
    batch->events[1].refuse = CIM_EEVENT;
    commit_job(f->store, job);
    assert_int_equal(job->batches[0].n_stored, 2);
    assert_false(job->batches[0].events[1].stored);
    assert_int_equal(job->batches[0].contiguous, 3);
    store_job_destroy(&job);
    keep_all(f->store, s);
    assert_int_equal(store_last_arrival(f->store), 2);
    sealed_free(&s);
}

static void
a_covered_log_advances_by_contiguity(void **state)
{
    struct fixture *f = *state;
    struct sealed *s = author_seal(&f->a, 6, 200, topic_same);
    unsigned parts[3][2] = {{0, 1}, {4, 5}, {2, 3}};
    uint64_t then[3] = {2, 2, 6};

    for (int i = 0; i < 3; i++) {
        struct store_job *job = keep_job();
        job_slice(job, s, parts[i], 2)->covered = true;
        commit_job(f->store, job);
        assert_int_equal(job->batches[0].contiguous, then[i]);
        store_job_destroy(&job);
    }
    sealed_free(&s);
}

static void
late_and_repeated_events_are_marked(void **state)
{
    struct fixture *f = *state;
    struct cim_uuid ids[] = {uuid_n(1), uuid_n(2), uuid_n(1)};
    struct sealed *s = author_seal_ids(&f->a, 3, ids);
    struct sealed *other = author_seal_ids(&f->b, 1, ids);
    unsigned last[] = {2};
    struct store_job *job = keep_job();

    job_slice(job, s, last, 1);
    job_all(job, s);
    job_all(job, other);
    commit_ok(f->store, &job);
    /* Arrival 1 is position 3; 2 and 3 are 1 and 2; 4 another's. */
    assert_true(store_exec(f->store,
                           "CREATE TEMP TABLE t AS SELECT arrival, flags FROM"
                           " event WHERE (arrival, flags) IN ((1, 0), (2, 3),"
                           " (3, 2), (4, 0));"
                           "CREATE TEMP TABLE u(n CHECK (n = 4));"
                           "INSERT INTO u SELECT count(*) FROM t;"));
    sealed_free(&s);
    sealed_free(&other);
}

/* ---- equivocation -------------------------------------------------------*/

/* A second author with the same key, forking after `from` batches. */
static struct author
fork_of(const struct author *a)
{
    struct author fork = *a;

    fork.time_ms += 500;
    fork.serial += 500;
    return fork;
}

static void
overlapping_headers_are_both_kept(void **state)
{
    struct fixture *f = *state;
    struct author fork = fork_of(&f->a);
    struct sealed *s = author_seal(&f->a, 3, 200, topic_same);
    struct sealed *t = author_seal(&fork, 5, 200, topic_same);
    struct store_job *job = keep_job();

    job_all(job, s);
    job_all(job, t);
    commit_job(f->store, job);
    assert_false(job->batches[0].equivocation);
    assert_true(job->batches[1].equivocation);
    assert_int_equal(job->batches[1].n_stored, 2);
    store_job_destroy(&job);
    struct store_log_state st = state_of(f->store, &f->a);
    assert_true(st.equivocation);
    assert_true(
        cim_bytes_eq(cim_signed_bytes(&st.other), cim_signed_bytes(&t->sh)));
    assert_int_equal(st.held, 5);
    store_log_state_clear(&st);
    sealed_free(&s);
    sealed_free(&t);
}

static void
headers_that_share_one_position_equivocate(void **state)
{
    struct fixture *f = *state;
    struct author fork = f->a;
    struct sealed *s = author_seal(&f->a, 3, 200, topic_same);
    struct sealed *t = author_seal(&fork, 2, 200, topic_same);
    struct sealed *u = author_seal(&fork, 4, 200, topic_same);
    struct store_job *job = keep_job();

    job_header(job, s);
    job_header(job, u);
    commit_job(f->store, job);
    assert_true(job->batches[1].equivocation);
    store_job_destroy(&job);
    sealed_free(&s);
    sealed_free(&t);
    sealed_free(&u);
}

static void
a_header_that_names_another_predecessor_equivocates(void **state)
{
    struct fixture *f = *state;
    struct author fork = fork_of(&f->a);
    struct sealed *s = author_seal(&f->a, 3, 200, topic_same);
    struct sealed *t = author_seal(&fork, 3, 200, topic_same);
    struct sealed *u = author_seal(&fork, 3, 200, topic_same);

    /* The successor of t, whichever of it and s comes first. */
    for (int order = 0; order < 2; order++) {
        struct store_job *job = keep_job();
        job_header(job, order ? s : u);
        job_header(job, order ? u : s);
        commit_job(f->store, job);
        assert_true(job->batches[1].equivocation);
        store_job_destroy(&job);
        fixture_down(state);
        fixture_up(state);
        f = *state;
    }
    sealed_free(&s);
    sealed_free(&t);
    sealed_free(&u);
}

static void
an_older_batch_is_compared_with_those_around(void **state)
{
    struct fixture *f = *state;
    struct sealed *s[4];
    struct author fork;

    for (int i = 0; i < 4; i++) {
        if (i == 2)
            fork = fork_of(&f->a);
        s[i] = author_seal(&f->a, 2, 200, topic_same);
        if (i != 1)
            keep_all(f->store, s[i]);
    }
    keep_all(f->store, s[1]);
    struct store_log_state st = state_of(f->store, &f->a);
    assert_false(st.equivocation);
    store_log_state_clear(&st);
    struct sealed *t = author_seal(&fork, 1, 200, topic_same);
    struct store_job *job = keep_job();
    job_header(job, t);
    commit_job(f->store, job);
    assert_true(job->batches[0].equivocation);
    store_job_destroy(&job);
    for (int i = 0; i < 4; i++)
        sealed_free(&s[i]);
    sealed_free(&t);
}

static void
an_honest_log_in_any_order_never_equivocates(void **state)
{
    struct fixture *f = *state;
    struct sealed *s[12];
    unsigned seed = 3;

    for (int i = 0; i < 12; i++)
        s[i] =
            author_seal(&f->a, 1 + (size_t)rand_r(&seed) % 9, 200, topic_each);
    for (int i = 0; i < 200; i++) {
        const struct sealed *x = s[rand_r(&seed) % 12];
        unsigned index = (unsigned)rand_r(&seed) % (unsigned)x->n;
        struct store_job *job = keep_job();
        if (i % 3)
            job_slice(job, x, &index, 1);
        else
            job_header(job, x);
        commit_job(f->store, job);
        assert_false(job->batches[0].equivocation);
        store_job_destroy(&job);
    }
    for (int i = 0; i < 12; i++)
        sealed_free(&s[i]);
}

/* ---- cover and gaps -----------------------------------------------------*/

static uint64_t
cursor_of(struct fixture *f, const char *prefix)
{
    struct store_log_state st = state_of(f->store, &f->a);
    uint64_t upto = 0;

    for (size_t i = 0; i < st.n_cursors; i++)
        if (strcmp(st.cursors[i].prefix.text, prefix) == 0)
            upto = st.cursors[i].upto;
    store_log_state_clear(&st);
    return upto;
}

static void
cover_moves_only_cursors_that_reach_it(void **state)
{
    struct fixture *f = *state;
    struct store_job *job = keep_job();

    job_cover(job, &f->a, "odl/Ping/", 0, 50);
    commit_ok(f->store, &job);
    job = keep_job();
    job_cover(job, &f->a, "odl/Ping/", 40, 90);
    job_cover(job, &f->a, "odl/Pong/", 40, 90);
    job_cover(job, &f->a, "", 40, 90);
    commit_ok(f->store, &job);
    assert_int_equal(cursor_of(f, "odl/Ping/"), 90);
    assert_int_equal(cursor_of(f, "odl/Pong/"), 0);
    assert_int_equal(cursor_of(f, ""), 0);
    job = keep_job();
    job_cover(job, &f->a, "odl/Ping/", 0, 60);
    commit_ok(f->store, &job);
    assert_int_equal(cursor_of(f, "odl/Ping/"), 90);
}

static void
live_events_behind_what_was_covered_count(void **state)
{
    struct fixture *f = *state;
    struct sealed *s = author_seal(&f->a, 6, 200, topic_same);
    unsigned tail[] = {4, 5};
    struct store_job *job = keep_job();

    job_slice(job, s, tail, 2)->covered = true;
    job_cover(job, &f->a, "", 0, 4);
    commit_job(f->store, job);
    assert_int_equal(job->batches[0].contiguous, 6);
    store_job_destroy(&job);
    assert_int_equal(cursor_of(f, ""), 6);
    sealed_free(&s);
}

static void
missing_positions_become_gaps_until_they_come(void **state)
{
    struct fixture *f = *state;
    struct sealed *s = author_seal(&f->a, 8, 200, topic_same);
    unsigned some[] = {3};
    unsigned more[] = {1, 2, 4};
    struct store_job *job = keep_job();

    job_slice(job, s, some, 1);
    job_cover(job, &f->a, "", 0, 6);
    /* Beyond what is covered nothing was said. */
    job->cover.missing = xcalloc(1, sizeof(struct cim_span));
    job->cover.missing[0] = (struct cim_span){2, 7};
    job->cover.n_missing = 1;
    commit_job(f->store, job);
    assert_int_equal(job->gaps.len, 2);
    assert_int_equal(span_count(&job->gaps), 4);
    assert_false(span_has(&job->gaps, 4));
    store_job_destroy(&job);

    job = keep_job();
    job_slice(job, s, more, 3)->events[0].refuse = CIM_EEVENT;
    commit_job(f->store, job);
    assert_true(job->batches[0].gaps_changed);
    assert_int_equal(job->gaps.len, 1);
    assert_true(span_has(&job->gaps, 6));
    store_job_destroy(&job);
    struct store_log_state st = state_of(f->store, &f->a);
    assert_int_equal(span_count(&st.gaps), 1);
    store_log_state_clear(&st);
    sealed_free(&s);
}

static void
a_start_is_a_first_cursor_and_only_once(void **state)
{
    struct fixture *f = *state;
    struct sealed *s = author_seal(&f->a, 9, 200, topic_same);
    unsigned next[] = {5, 6};

    for (int i = 0; i < 2; i++) {
        struct store_job *job = store_job_new(STORE_STARTS);
        job->starts = xcalloc(2, sizeof *job->starts);
        job->n_starts = 2;
        job->starts[0] = (struct store_start){log_of(&f->a), prefix_of(""), 5};
        job->starts[1] =
            (struct store_start){log_of(&f->a), prefix_of("odl/Ping/"), 5};
        job->starts[i].seq += (uint64_t)i * 100;
        commit_ok(f->store, &job);
    }
    assert_int_equal(cursor_of(f, "odl/Ping/"), 5);
    struct store_job *job = keep_job();
    job_slice(job, s, next, 2)->covered = true;
    commit_job(f->store, job);
    assert_int_equal(job->batches[0].contiguous, 7);
    store_job_destroy(&job);
    sealed_free(&s);
}

#define TEST(name)                                                             \
    cmocka_unit_test_setup_teardown(name, fixture_up, fixture_down)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_batch_is_stored_in_arrival_order),
        TEST(a_held_position_is_dropped_silently),
        TEST(a_header_alone_moves_the_head),
        TEST(a_refused_position_counts_as_held),
        TEST(a_covered_log_advances_by_contiguity),
        TEST(late_and_repeated_events_are_marked),
        TEST(overlapping_headers_are_both_kept),
        TEST(headers_that_share_one_position_equivocate),
        TEST(a_header_that_names_another_predecessor_equivocates),
        TEST(an_older_batch_is_compared_with_those_around),
        TEST(an_honest_log_in_any_order_never_equivocates),
        TEST(cover_moves_only_cursors_that_reach_it),
        TEST(live_events_behind_what_was_covered_count),
        TEST(missing_positions_become_gaps_until_they_come),
        TEST(a_start_is_a_first_cursor_and_only_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

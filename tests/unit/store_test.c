/* SPDX-License-Identifier: MPL-2.0 */
#include "node/store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "node/store_private.h"
#include "tests/unit/store_help.h"

/* A store in memory and two authors, for every test. */
struct fixture {
    struct store *store;
    struct author a, b;
};

static int
set_up(void **state)
{
    struct fixture *f = xcalloc(1, sizeof *f);
    struct cim_diag diag = {""};

    assert_int_equal(store_open(":memory:", &f->store, &diag), CIM_OK);
    author_open(&f->a, "odl/ci-1", 7);
    author_open(&f->b, "onap/ci-1", 9);
    *state = f;
    return 0;
}

static int
tear_down(void **state)
{
    struct fixture *f = *state;

    author_close(&f->a);
    author_close(&f->b);
    store_close(&f->store);
    free(f);
    return 0;
}

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
        tear_down(state);
        set_up(state);
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

    for (uint64_t epoch = 1; epoch <= 600; epoch++) {
        struct author a = f->b;
        a.epoch = 100 + epoch % 300;
        a.last = epoch > 300;
        struct sealed *s = author_seal(&a, 1, 200, topic_same);
        keep_all(f->store, s);
        sealed_free(&s);
    }
    assert_true(store_exec(f->store,
                           "CREATE TEMP TABLE u(n CHECK (n = 300));"
                           "INSERT INTO u SELECT count(*) FROM log WHERE"
                           " held = 2 AND high = 2;"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

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
        TEST(a_header_that_names_another_predecessor_equivocates),
        TEST(an_older_batch_is_compared_with_those_around),
        TEST(an_honest_log_in_any_order_never_equivocates),
        TEST(cover_moves_only_cursors_that_reach_it),
        TEST(live_events_behind_what_was_covered_count),
        TEST(missing_positions_become_gaps_until_they_come),
        TEST(a_start_is_a_first_cursor_and_only_once),
        TEST(a_look_up_sees_earlier_jobs_of_its_transaction),
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

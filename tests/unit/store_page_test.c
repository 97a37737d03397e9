/* SPDX-License-Identifier: MPL-2.0 */
/* Catch-up pages, proofs, and what happens when rows rot. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "node/store_private.h"
#include "proto/event.h"
#include "tests/unit/store_help.h"

struct fixture {
    struct store *store;
    struct store_reader *reader;
    struct author a;
};

static int
set_up(void **state)
{
    struct fixture *f = xcalloc(1, sizeof *f);
    struct cim_diag diag = {""};

    assert_int_equal(store_open(":memory:", &f->store, &diag), CIM_OK);
    f->reader = store_reader_of(f->store);
    author_open(&f->a, "odl/ci-1", 7);
    *state = f;
    return 0;
}

static int
tear_down(void **state)
{
    struct fixture *f = *state;

    author_close(&f->a);
    store_reader_close(&f->reader);
    store_close(&f->store);
    free(f);
    return 0;
}

/* ---- asking -------------------------------------------------------------*/

/* An answer, every slice of it proven. clear frees. */
struct answer {
    struct cim_buf frame;
    struct cim_sync msg;
    struct span_set got; /* positions of proven events */
    size_t n_events;
};

static void
answer_clear(struct answer *answer)
{
    cim_sync_clear(&answer->msg);
    cim_buf_clear(&answer->frame);
    span_clear(&answer->got);
}

static void
prove_slices(struct answer *answer, const struct author *a, const char *prefix)
{
    const struct cim_fetch_answer *fetch = &answer->msg.u.fetch;
    struct cim_prefix want = prefix_of(prefix);

    for (size_t i = 0; i < fetch->n_slices; i++) {
        struct cim_slice slice;
        struct cim_proven proven;
        assert_int_equal(cim_slice_parse(fetch->slices[i], &slice), CIM_OK);
        assert_int_equal(cim_slice_prove(&slice, &a->key, false, &proven),
                         CIM_OK);
        for (size_t k = 0; k < proven.slice.n_events; k++) {
            uint64_t seq =
                proven.slice.sh.h.first + cim_slice_index(&proven.slice, k);
            struct cim_event event;
            assert_int_equal(cim_event_parse(proven.slice.events[k], CIM_FOLLOW,
                                             &event, NULL),
                             CIM_OK);
            assert_true(cim_prefix_match(&want, event.topic));
            assert_false(span_has(&answer->got, seq));
            span_add(&answer->got, seq, 1);
            answer->n_events++;
        }
        cim_proven_clear(&proven);
    }
}

/* Asks as one who holds `have` (NULL: nothing) and is called `self`. */
static struct answer
ask_page(struct fixture *f, const char *self, const char *prefix,
         uint64_t after, uint64_t upto, const struct cim_have *have)
{
    struct answer answer = {.n_events = 0};
    struct cim_prefix want = prefix_of(prefix);
    struct cim_fetch_ask ask = {.rid = 77,
                                .node = cim_bytes_str(f->a.node),
                                .epoch = f->a.epoch,
                                .after = after,
                                .upto = upto,
                                .prefixes = &want,
                                .n_prefixes = 1};

    if (have)
        ask.have = *have;
    assert_int_equal(store_page(f->reader, &ask, self, &answer.frame), CIM_OK);
    assert_true(answer.frame.len <= CIM_PAGE_MAX);
    assert_int_equal(
        cim_sync_parse_answer(cim_buf_bytes(&answer.frame), &answer.msg),
        CIM_OK);
    assert_int_equal(answer.msg.kind, CIM_SYNC_FETCH);
    assert_int_equal(answer.msg.rid, 77);
    prove_slices(&answer, &f->a, prefix);
    return answer;
}

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

/* ---- rot ----------------------------------------------------------------*/

/* Flips one bit of a blob column of one row. */
static void
flip(struct store *store, const char *table, const char *column, int64_t row,
     unsigned bit)
{
    sqlite3_blob *blob = NULL;
    uint8_t byte;

    assert_int_equal(
        sqlite3_blob_open(store->db.h, "main", table, column, row, 1, &blob),
        SQLITE_OK);
    int at = (int)(bit / 8) % sqlite3_blob_bytes(blob);
    sqlite3_blob_read(blob, &byte, 1, at);
    byte = (uint8_t)(byte ^ 1u << bit % 8);
    assert_int_equal(sqlite3_blob_write(blob, &byte, 1, at), SQLITE_OK);
    sqlite3_blob_close(blob);
}

/* Sets aside all that was reported; how many that were. */
static size_t
repair(struct fixture *f, struct span_set *gaps)
{
    struct store_log log;
    uint64_t seq;
    size_t n = 0;

    while (store_reader_rotten(f->reader, &log, &seq)) {
        struct store_job *job = store_job_new(STORE_ASIDE);
        assert_string_equal(log.node, f->a.node);
        job->aside.log = log;
        job->aside.seq = seq;
        commit_job(f->store, job);
        assert_int_equal(job->err, CIM_OK);
        span_copy(gaps, &job->gaps);
        store_job_destroy(&job);
        n++;
    }
    return n;
}

static void
a_rotten_event_is_named_and_never_served(void **state)
{
    struct fixture *f = *state;
    struct sealed *s = author_seal(&f->a, 12, 300, topic_each);
    struct span_set gaps = {0};
    struct cim_buf out = {0};
    struct store_log log = log_of(&f->a);

    keep_all(f->store, s);
    flip(f->store, "event", "bytes", 5, 8 * 100 + 3);
    struct answer answer = ask_page(f, "odl/ci-1", "", 0, 12, NULL);
    assert_int_equal(answer.n_events, 11);
    assert_false(span_has(&answer.got, 5));
    assert_int_equal(answer.msg.u.fetch.n_missing, 1);
    assert_int_equal(answer.msg.u.fetch.missing[0].first, 5);
    answer_clear(&answer);
    assert_int_equal(store_proof(f->reader, &log, 5, &out), CIM_EROOT);
    assert_int_equal(store_proof(f->reader, &log, 6, &out), CIM_OK);
    cim_buf_clear(&out);

    assert_int_equal(repair(f, &gaps), 2);
    assert_int_equal(span_count(&gaps), 1);
    assert_true(span_has(&gaps, 5));
    assert_int_equal(store_proof(f->reader, &log, 5, &out), CIM_ENOENT);

    /* It comes again and is whole. */
    keep_all(f->store, s);
    struct store_log_state st = state_of(f->store, &f->a);
    assert_int_equal(st.held, 12);
    assert_int_equal(st.gaps.len, 0);
    store_log_state_clear(&st);
    answer = ask_page(f, "odl/ci-1", "", 0, 12, NULL);
    assert_int_equal(answer.n_events, 12);
    assert_int_equal(answer.msg.u.fetch.n_missing, 0);
    answer_clear(&answer);
    assert_int_equal(repair(f, &gaps), 0);
    span_clear(&gaps);
    sealed_free(&s);
}

static void
setting_aside_what_is_whole_changes_nothing(void **state)
{
    struct fixture *f = *state;
    struct sealed *s = author_seal(&f->a, 3, 300, topic_each);

    keep_all(f->store, s);
    for (uint64_t seq = 1; seq <= 5; seq++) {
        struct store_job *job = store_job_new(STORE_ASIDE);
        job->aside.log = log_of(&f->a);
        job->aside.seq = seq;
        commit_job(f->store, job);
        assert_int_equal(job->gaps.len, 0);
        store_job_destroy(&job);
    }
    struct store_log_state st = state_of(f->store, &f->a);
    assert_int_equal(st.held, 3);
    store_log_state_clear(&st);
    sealed_free(&s);
}

static void
a_rotten_tree_is_mended_from_its_events(void **state)
{
    struct fixture *f = *state;
    struct sealed *s = author_seal(&f->a, 12, 300, topic_each);

    keep_all(f->store, s);
    for (unsigned bit = 0; bit < 8 * 300; bit += 41) {
        flip(f->store, "batch", "nodes", 1, bit);
        struct answer answer = ask_page(f, "x/y", "", 0, 12, NULL);
        assert_int_equal(answer.n_events, 12);
        answer_clear(&answer);
        flip(f->store, "batch", "nodes", 1, bit);
    }
    sealed_free(&s);
}

static void
a_rotten_header_sets_its_batch_aside_and_no_other(void **state)
{
    static const char *const columns[] = {"header", "sig", "sum"};
    struct fixture *f = *state;
    struct sealed *s = author_seal(&f->a, 8, 300, topic_each);
    struct sealed *t = author_seal(&f->a, 8, 300, topic_each);
    struct span_set gaps = {0};

    for (int i = 0; i < 3; i++) {
        keep_all(f->store, s);
        keep_all(f->store, t);
        int64_t row = i ? 2 + i : 1; /* a batch set aside comes back anew */
        flip(f->store, "batch", columns[i], row, 8 * 7 + 1);
        struct answer answer = ask_page(f, "x/y", "", 0, 16, NULL);
        assert_int_equal(answer.n_events, 8);
        assert_int_equal(span_has(&answer.got, 9), true);
        answer_clear(&answer);
        assert_int_equal(repair(f, &gaps), 8);
        assert_int_equal(span_count(&gaps), 8);
    }
    keep_all(f->store, s);
    struct answer answer = ask_page(f, "x/y", "", 0, 16, NULL);
    assert_int_equal(answer.n_events, 16);
    answer_clear(&answer);
    span_clear(&gaps);
    sealed_free(&s);
    sealed_free(&t);
}

static void
a_row_that_lost_its_way_is_named(void **state)
{
    static const char *const damage[] = {
        "UPDATE event SET seq = 99 WHERE arrival = 4",
        "UPDATE event SET log = 99 WHERE arrival = 4",
        "UPDATE event SET batch = 99 WHERE arrival = 4",
        "UPDATE position SET arrival = 5 WHERE seq = 4",
        "UPDATE position SET arrival = 500 WHERE seq = 4",
        "DELETE FROM event WHERE arrival = 4",
    };

    for (size_t i = 0; i < sizeof damage / sizeof *damage; i++) {
        struct fixture *f = *state;
        struct sealed *s = author_seal(&f->a, 8, 300, topic_each);
        struct span_set gaps = {0};
        keep_all(f->store, s);
        assert_true(store_exec(f->store, damage[i]));
        struct answer answer = ask_page(f, "x/y", "", 0, 8, NULL);
        assert_false(span_has(&answer.got, 4));
        answer_clear(&answer);
        assert_true(repair(f, &gaps) >= 1);
        assert_true(span_has(&gaps, 4));
        keep_all(f->store, s);
        answer = ask_page(f, "x/y", "", 0, 8, NULL);
        assert_int_equal(answer.n_events, 8);
        answer_clear(&answer);
        span_clear(&gaps);
        sealed_free(&s);
        tear_down(state);
        set_up(state);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

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
        TEST(an_author_names_what_it_never_got_back),
        TEST(equivocating_batches_are_served_each_with_its_own_header),
        TEST(a_refusal_without_topic_matches_everything_only),
        TEST(a_proof_is_a_slice_of_one_event),
        TEST(a_rotten_event_is_named_and_never_served),
        TEST(setting_aside_what_is_whole_changes_nothing),
        TEST(a_rotten_tree_is_mended_from_its_events),
        TEST(a_rotten_header_sets_its_batch_aside_and_no_other),
        TEST(a_row_that_lost_its_way_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

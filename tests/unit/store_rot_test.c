/* SPDX-License-Identifier: MPL-2.0 */
/* Rows that rot: named, never served, fetched again. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "node/store_private.h"
#include "tests/unit/page_help.h"

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
a_rotten_tree_of_a_batch_held_in_part_is_mended_where_it_can_be(void **state)
{
    struct fixture *f = *state;
    struct sealed *s = author_seal(&f->a, 16, 300, topic_each);
    unsigned some[] = {0, 1, 2, 9};
    struct store_job *job = store_job_new(STORE_KEEP);
    struct span_set gaps = {0};

    job_slice(job, s, some, 4);
    commit_ok(f->store, &job);
    /* A byte of form, then lo, n and hash of each subtree: the second leaf. */
    flip(f->store, "batch", "nodes", 1, 8 * (1 + 36 + 4 + 8));
    struct answer answer = ask_page(f, "x/y", "", 0, 16, NULL);
    assert_int_equal(answer.n_events, 4);
    answer_clear(&answer);
    flip(f->store, "batch", "nodes", 1, 8 * (1 + 36 + 4 + 8));
    /* The fourth is the only trace of an event not held. */
    flip(f->store, "batch", "nodes", 1, 8 * (1 + 3 * 36 + 4 + 8));
    answer = ask_page(f, "x/y", "", 0, 16, NULL);
    assert_int_equal(answer.n_events, 0);
    answer_clear(&answer);
    assert_int_equal(repair(f, &gaps), 4);
    assert_int_equal(span_count(&gaps), 4);
    keep_all(f->store, s);
    answer = ask_page(f, "x/y", "", 0, 16, NULL);
    assert_int_equal(answer.n_events, 16);
    answer_clear(&answer);
    span_clear(&gaps);
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
a_rotten_head_is_taken_from_the_newest_batch(void **state)
{
    struct fixture *f = *state;
    struct sealed *s = author_seal(&f->a, 8, 300, topic_each);
    struct sealed *t = author_seal(&f->a, 8, 300, topic_each);

    keep_all(f->store, s);
    keep_all(f->store, t);
    for (unsigned bit = 0; bit < 8 * 150; bit += 13) {
        flip(f->store, "log", "header", 1, bit);
        struct store_log_state st = state_of(f->store, &f->a);
        assert_true(cim_hash_eq(&st.head_hash, &t->hash));
        store_log_state_clear(&st);
        struct answer answer = ask_page(f, "odl/ci-1", "", 0, 5000, NULL);
        assert_int_equal(answer.msg.u.fetch.last, 16);
        assert_int_equal(answer.msg.u.fetch.covered, 16);
        answer_clear(&answer);
        flip(f->store, "log", "header", 1, bit);
    }
    sealed_free(&s);
    sealed_free(&t);
}

/* The row that leads to a log's head leads to another's. */
static void
a_head_of_another_log_is_nobodys(void **state)
{
    struct fixture *f = *state;
    struct sealed *s = author_seal(&f->a, 12, 300, topic_each);
    struct sealed *t = author_seal(&f->b, 3, 300, topic_each);

    keep_all(f->store, s);
    keep_all(f->store, t);
    assert_true(store_exec(f->store, "UPDATE feed SET node = 'x/ci-1' WHERE"
                                     " node = 'odl/ci-1'; UPDATE feed SET"
                                     " node = 'odl/ci-1' WHERE node ="
                                     " 'onap/ci-1'; UPDATE log SET epoch = 7"));
    struct answer answer = ask_page(f, "odl/ci-1", "", 0, 12, NULL);
    assert_int_equal(answer.n_events, 0);
    assert_int_equal(answer.msg.u.fetch.last, 0);
    answer_clear(&answer);
    struct store_log_state st = state_of(f->store, &f->a);
    assert_int_equal(st.head.len, 0);
    store_log_state_clear(&st);
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
        fixture_down(state);
        fixture_up(state);
    }
}

/* ---- a bit anywhere in the file ----------------------------------------*/

#define FLIPS 400

struct original {
    const struct sealed *s[2];
    size_t seen;
};

static bool
same_as_sealed(void *ctx, const struct store_row *row)
{
    struct original *o = ctx;

    o->seen++;
    for (int i = 0; i < 2; i++) {
        const struct cim_header *h = &o->s[i]->sh.h;
        if (row->seq < h->first || row->seq > cim_header_last(h))
            continue;
        assert_true(cim_bytes_eq(
            row->bytes, cim_buf_bytes(&o->s[i]->events[row->seq - h->first])));
        return true;
    }
    fail();
    return false;
}

/* Whatever is answered is what was signed; errors are fine. */
static void
read_damaged(const char *path, struct original *o, const struct author *a)
{
    struct store_reader *reader = NULL;
    struct cim_prefix all = prefix_of("");
    struct store_query query = {.limit = 1000};
    struct cim_fetch_ask ask = {.node = cim_bytes_str(a->node),
                                .epoch = a->epoch,
                                .upto = 1000,
                                .prefixes = &all,
                                .n_prefixes = 1};
    struct cim_diag diag;
    struct cim_buf out = {0};
    struct cim_sync msg;
    uint64_t scanned;

    if (store_reader_open(path, &reader, &diag) != CIM_OK)
        return;
    enum cim_err err =
        store_events(reader, &query, same_as_sealed, o, &scanned);
    assert_true(err == CIM_OK || err == CIM_EIO);
    if (store_page(reader, &ask, a->node, &out) == CIM_OK) {
        assert_int_equal(cim_sync_parse_answer(cim_buf_bytes(&out), &msg),
                         CIM_OK);
        for (size_t i = 0; i < msg.u.fetch.n_slices; i++) {
            struct cim_slice slice;
            struct cim_proven proven;
            assert_int_equal(cim_slice_parse(msg.u.fetch.slices[i], &slice),
                             CIM_OK);
            assert_int_equal(cim_slice_prove(&slice, &a->key, false, &proven),
                             CIM_OK);
            cim_proven_clear(&proven);
        }
        cim_sync_clear(&msg);
    }
    cim_buf_clear(&out);
    store_reader_close(&reader);
}

/* The writer opens it, or says why not, and lives through a job. */
static void
write_damaged(const char *path, const struct sealed *more)
{
    struct store *store = NULL;
    struct cim_diag diag;

    if (store_open(path, &store, &diag) != CIM_OK)
        return;
    struct store_job *jobs[] = {store_job_new(STORE_KEEP),
                                store_job_new(STORE_ASIDE),
                                store_job_new(STORE_PURGE)};
    bool full;
    job_all(jobs[0], more);
    jobs[1]->aside.log.epoch = more->sh.h.epoch;
    memcpy(jobs[1]->aside.log.node, more->sh.h.node, sizeof more->sh.h.node);
    jobs[1]->aside.seq = 3;
    jobs[2]->purge.max_bytes = 5000;
    enum cim_err err = store_commit(store, jobs, 3, &full);
    assert_true(err == CIM_OK || err == CIM_EIO);
    for (int i = 0; i < 3; i++)
        store_job_destroy(&jobs[i]);
    store_close(&store);
}

static void
write_file(const char *path, struct cim_bytes bytes)
{
    FILE *file = fopen(path, "w");

    assert_non_null(file);
    assert_int_equal(fwrite(bytes.p, 1, bytes.len, file), bytes.len);
    fclose(file);
}

static void
a_flipped_bit_never_changes_what_is_served(void **state)
{
    struct fixture *f = *state;
    struct original o = {.s = {author_seal(&f->a, 30, 300, topic_each),
                               author_seal(&f->a, 9, 3000, topic_each)}};
    struct sealed *more = author_seal(&f->a, 2, 300, topic_each);
    char *folder = folder_make();
    char *path = xasprintf("%s/store.db", folder);
    struct cim_buf whole = {0};
    unsigned seed = 1;

    keep_all(f->store, o.s[0]);
    keep_all(f->store, o.s[1]);
    assert_int_equal(store_save(f->store, &whole), CIM_OK);
    for (int i = 0; i < FLIPS; i++) {
        size_t at = (size_t)rand_r(&seed) % whole.len;
        uint8_t bit = (uint8_t)(1u << rand_r(&seed) % 8);
        whole.p[at] ^= bit;
        write_file(path, cim_buf_bytes(&whole));
        read_damaged(path, &o, &f->a);
        if (i % 8 == 0)
            write_damaged(path, more);
        whole.p[at] ^= bit;
    }
    assert_true(o.seen > 39 * (FLIPS / 2));
    cim_buf_clear(&whole);
    free(path);
    folder_remove(&folder);
    sealed_free((struct sealed **)&o.s[0]);
    sealed_free((struct sealed **)&o.s[1]);
    sealed_free(&more);
}

#define TEST(name)                                                             \
    cmocka_unit_test_setup_teardown(name, fixture_up, fixture_down)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_rotten_event_is_named_and_never_served),
        TEST(setting_aside_what_is_whole_changes_nothing),
        TEST(a_rotten_tree_is_mended_from_its_events),
        TEST(a_rotten_tree_of_a_batch_held_in_part_is_mended_where_it_can_be),
        TEST(a_rotten_header_sets_its_batch_aside_and_no_other),
        TEST(a_rotten_head_is_taken_from_the_newest_batch),
        TEST(a_head_of_another_log_is_nobodys),
        TEST(a_row_that_lost_its_way_is_named),
        TEST(a_flipped_bit_never_changes_what_is_served),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

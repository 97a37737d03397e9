/* SPDX-License-Identifier: MPL-2.0 */
/* The check names what is not whole, all of it and nothing else. */
#include "node/store_check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "node/store_private.h"
#include "tests/unit/page_help.h"

#define FOUND_MAX 64

struct findings {
    struct store_finding v[FOUND_MAX];
    size_t n;
    uint64_t events, logs;
};

static bool
take(void *ctx, const struct store_finding *f)
{
    struct findings *all = ctx;

    assert_true(all->n < FOUND_MAX);
    all->v[all->n++] = *f;
    return true;
}

static bool
go_on(void *ctx, uint64_t done, uint64_t all)
{
    (void)ctx;
    assert_true(done <= all + 1);
    return true;
}

static struct findings
check(struct fixture *f)
{
    struct findings all = {.n = 0};
    struct store_check ask = {.found = take, .go_on = go_on, .ctx = &all};
    struct cim_diag diag;

    assert_int_equal(store_check(f->reader, &ask, &diag), CIM_OK);
    assert_false(ask.ended);
    all.events = ask.events;
    all.logs = ask.logs;
    return all;
}

static void
mend(struct fixture *f, const struct findings *all)
{
    for (size_t i = 0; i < all->n; i++) {
        struct store_job *job = store_mend_job(&all->v[i], 1);
        commit_job(f->store, job);
        assert_int_equal(job->err, CIM_OK);
        store_job_destroy(&job);
    }
}

/* Three batches of one log, the last of them in part, and one of another. */
struct kept {
    struct sealed *s[3];
    struct sealed *b;
};

static struct kept
keep_some(struct fixture *f)
{
    static const unsigned some[] = {0, 1, 5};
    struct kept k = {.b = author_seal(&f->b, 4, 300, topic_same)};
    struct store_job *job = store_job_new(STORE_KEEP);

    for (int i = 0; i < 3; i++)
        k.s[i] = author_seal(&f->a, 8, 300, topic_each);
    keep_all(f->store, k.s[0]);
    keep_all(f->store, k.s[1]);
    job_slice(job, k.s[2], some, 3);
    commit_ok(f->store, &job);
    keep_all(f->store, k.b);
    return k;
}

static void
forget(struct kept *k)
{
    for (int i = 0; i < 3; i++)
        sealed_free(&k->s[i]);
    sealed_free(&k->b);
}

static void
flip(struct store *store, const char *table, const char *column, int64_t row)
{
    sqlite3_blob *blob = NULL;
    uint8_t byte;

    assert_int_equal(
        sqlite3_blob_open(store->db.h, "main", table, column, row, 1, &blob),
        SQLITE_OK);
    int at = sqlite3_blob_bytes(blob) / 2;
    sqlite3_blob_read(blob, &byte, 1, at);
    byte ^= 4;
    assert_int_equal(sqlite3_blob_write(blob, &byte, 1, at), SQLITE_OK);
    sqlite3_blob_close(blob);
}

static void
what_is_whole_has_no_finding(void **state)
{
    struct fixture *f = *state;
    struct kept k = keep_some(f);
    struct store_job *job = store_job_new(STORE_PURGE);

    struct findings all = check(f);
    assert_int_equal(all.n, 0);
    assert_int_equal(all.events, 8 + 8 + 3 + 4);
    assert_int_equal(all.logs, 2);
    job->purge.max_bytes = 300 * 12;
    commit_ok(f->store, &job);
    all = check(f);
    assert_int_equal(all.n, 0);
    assert_true(all.events < 23);
    forget(&k);
}

static void
each_event_that_rotted_is_named_and_comes_again(void **state)
{
    struct fixture *f = *state;
    struct kept k = keep_some(f);

    for (int64_t row = 1; row <= 23; row += 5)
        flip(f->store, "event", "bytes", row);
    struct findings all = check(f);
    assert_int_equal(all.n, 5);
    for (size_t i = 0; i < all.n; i++) {
        static const uint64_t seqs[] = {1, 6, 11, 16, 2};
        assert_int_equal(all.v[i].what, STORE_ROT_EVENT);
        assert_int_equal(all.v[i].seq, seqs[i]);
        assert_string_equal(all.v[i].log.node, i < 4 ? f->a.node : f->b.node);
    }
    mend(f, &all);
    struct store_log_state st = state_of(f->store, &f->a);
    assert_int_equal(span_count(&st.gaps), 4);
    store_log_state_clear(&st);
    all = check(f);
    assert_int_equal(all.n, 0);
    assert_int_equal(all.events, 18);
    for (int i = 0; i < 3; i++)
        keep_all(f->store, k.s[i]);
    keep_all(f->store, k.b);
    all = check(f);
    assert_int_equal(all.n, 0);
    assert_int_equal(all.events, 28);
    forget(&k);
}

static void
every_kind_of_damage_is_told_and_mended(void **state)
{
    static const struct {
        const char *damage;
        enum store_rot what;
        uint64_t seq;
        size_t n, after; /* findings, and events that are left */
    } rows[] = {
        {"UPDATE event SET topic = 1 WHERE arrival = 4", STORE_ROT_COLUMNS, 4,
         1, 22},
        {"UPDATE event SET id = zeroblob(16) WHERE arrival = 4",
         STORE_ROT_COLUMNS, 4, 1, 22},
        {"UPDATE position SET topic = 77 WHERE log = 1 AND seq = 4",
         STORE_ROT_COLUMNS, 4, 1, 22},
        {"UPDATE event SET batch = 99 WHERE arrival = 4", STORE_ROT_BATCH, 4, 1,
         22},
        {"DELETE FROM event WHERE arrival = 4", STORE_ROT_POSITION, 4, 1, 22},
        {"UPDATE position SET arrival = 900 WHERE log = 1 AND seq = 4",
         STORE_ROT_POSITION, 4, 2, 22},
        {"UPDATE batch SET header = zeroblob(20) WHERE id = 1", STORE_ROT_BATCH,
         1, 8, 15},
        {"UPDATE batch SET nodes = zeroblob(200) WHERE id = 1", STORE_ROT_TREE,
         1, 1, 23},
        {"UPDATE log SET header = zeroblob(20) WHERE id = 1", STORE_ROT_HEAD, 0,
         1, 23},
        {"UPDATE log SET held = held + 1 WHERE id = 1", STORE_ROT_COUNTS, 0, 1,
         23},
        {"UPDATE log SET high = 3 WHERE id = 1", STORE_ROT_COUNTS, 0, 1, 23},
        {"INSERT INTO gap VALUES(1, 3, 4), (1, 20, 2)", STORE_ROT_GAP, 0, 1,
         23},
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct fixture *f = *state;
        struct kept k = keep_some(f);
        assert_true(store_exec(f->store, rows[i].damage));
        struct findings all = check(f);
        if (all.n != rows[i].n)
            print_error("%s: %zu findings\n", rows[i].damage, all.n);
        assert_int_equal(all.n, rows[i].n);
        assert_int_equal(all.v[0].what, rows[i].what);
        assert_int_equal(all.v[0].seq, rows[i].seq);
        assert_string_equal(all.v[0].log.node, f->a.node);
        mend(f, &all);
        all = check(f);
        if (all.n)
            print_error("%s: %s stays\n", rows[i].damage,
                        store_rot_name(all.v[0].what));
        assert_int_equal(all.n, 0);
        assert_int_equal(all.events, rows[i].after);
        for (int s = 0; s < 3; s++)
            keep_all(f->store, k.s[s]);
        all = check(f);
        assert_int_equal(all.n, 0);
        assert_int_equal(all.events, 28);
        forget(&k);
        fixture_down(state);
        fixture_up(state);
    }
}

/* All rows count on the newest arrival, which outlives its event. */
static void
rotten_counts_of_the_store_are_named_and_told_anew(void **state)
{
    struct fixture *f = *state;
    static const char *const names[] = {"last_arrival", "bytes", "next_batch"};
    struct kept k = keep_some(f);
    uint64_t stored, last;

    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char *sql = xasprintf("UPDATE meta SET value = value & 4 WHERE name"
                              " = '%s'",
                              names[i]);
        assert_true(store_exec(f->store, sql));
        free(sql);
        assert_int_equal(store_totals(f->reader, &stored, &last), CIM_OK);
        assert_int_equal(last, 23);
        struct findings all = check(f);
        assert_int_equal(all.n, 1);
        assert_int_equal(all.v[0].what, STORE_ROT_META);
        /* A start reads it all again. */
        store_load_meta(f->store);
        assert_int_equal(store_last_arrival(f->store), 23);
        mend(f, &all);
        all = check(f);
        assert_int_equal(all.n, 0);
    }
    forget(&k);
}

static void
a_gap_that_is_held_in_part_keeps_the_rest(void **state)
{
    struct fixture *f = *state;
    struct kept k = keep_some(f);

    assert_true(store_exec(f->store, "INSERT INTO gap VALUES(1, 16, 5)"));
    struct findings all = check(f);
    mend(f, &all);
    /* 17, 18 and 22 are held of the third batch. */
    struct store_log_state st = state_of(f->store, &f->a);
    assert_int_equal(span_count(&st.gaps), 2);
    assert_true(span_has(&st.gaps, 19) && span_has(&st.gaps, 20));
    store_log_state_clear(&st);
    forget(&k);
}

static void
what_no_writer_can_mend_stays_and_changes_nothing(void **state)
{
    static const struct {
        const char *damage;
        enum store_rot what;
        size_t n;
    } rows[] = {
        {"DELETE FROM key WHERE node LIKE 'odl%'", STORE_ROT_KEY, 4},
        {"UPDATE feed SET node = 'odl/ci-9' WHERE node = 'odl/ci-1'",
         STORE_ROT_SIGNATURE, 4},
        {"INSERT INTO cursor VALUES(1, 'odl/', 9223372036854775807)",
         STORE_ROT_CURSOR, 1},
        {"INSERT INTO cursor VALUES(1, 'No Topic', 3)", STORE_ROT_CURSOR, 1},
        {"INSERT INTO position VALUES(77, 1, 0, 0)", STORE_ROT_LOG, 1},
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct fixture *f = *state;
        struct kept k = keep_some(f);
        assert_true(store_exec(f->store, rows[i].damage));
        for (int twice = 0; twice < 2; twice++) {
            struct findings all = check(f);
            if (all.n != rows[i].n)
                print_error("%s: %zu findings\n", rows[i].damage, all.n);
            assert_int_equal(all.n, rows[i].n);
            for (size_t j = 0; j < all.n; j++)
                assert_int_equal(all.v[j].what, rows[i].what);
            assert_false(store_rot_mendable(rows[i].what));
            assert_int_equal(all.events, 23);
        }
        forget(&k);
        fixture_down(state);
        fixture_up(state);
    }
}

static void
a_signature_is_checked_and_not_only_its_sum(void **state)
{
    struct fixture *f = *state;
    struct kept k = keep_some(f);
    struct cim_signed_header sh = k.s[0]->sh;
    sqlite3_stmt *st = NULL;

    sh.sig.b[7] ^= 1;
    struct cim_digest sum = kept_sum(&sh);
    assert_int_equal(
        sqlite3_prepare_v2(f->store->db.h,
                           "UPDATE batch SET sig = ?, sum = ? WHERE id = 1", -1,
                           &st, NULL),
        SQLITE_OK);
    sql_blob(st, 1, cim_bytes_of(sh.sig.b, sizeof sh.sig.b));
    sql_blob(st, 2, cim_bytes_of(sum.b, sizeof sum.b));
    assert_int_equal(sqlite3_step(st), SQLITE_DONE);
    sqlite3_finalize(st);
    struct findings all = check(f);
    assert_int_equal(all.n, 1);
    assert_int_equal(all.v[0].what, STORE_ROT_SIGNATURE);
    assert_int_equal(all.v[0].seq, 1);
    forget(&k);
}

/* ---- a bit anywhere in the file ----------------------------------------*/

#define FLIPS 300

static bool
take_some(void *ctx, const struct store_finding *f)
{
    struct findings *all = ctx;

    assert_true(strlen(f->text) < sizeof f->text);
    all->v[all->n++] = *f;
    return all->n < FOUND_MAX;
}

static bool
always(void *ctx, uint64_t done, uint64_t all)
{
    (void)ctx;
    (void)done;
    (void)all;
    return true;
}

static void
write_file(const char *path, struct cim_bytes bytes)
{
    FILE *file = fopen(path, "w");

    assert_non_null(file);
    assert_int_equal(fwrite(bytes.p, 1, bytes.len, file), bytes.len);
    fclose(file);
}

/* CIM_OK and findings, or an error that says why. */
static enum cim_err
check_file(const char *path, struct findings *all)
{
    struct store_check ask = {.found = take_some, .go_on = always, .ctx = all};
    struct store_reader *reader = NULL;
    struct cim_diag diag = {{0}};

    all->n = 0;
    enum cim_err err = store_reader_open(path, &reader, &diag);
    if (err == CIM_OK)
        err = store_check(reader, &ask, &diag);
    store_reader_close(&reader);
    assert_true(err == CIM_OK || diag.text[0]);
    all->events = ask.events;
    return err;
}

static void
a_flipped_bit_is_found_or_harmless(void **state)
{
    struct fixture *f = *state;
    struct kept k = keep_some(f);
    struct sealed *big = author_seal(&f->b, 60, 3000, topic_each);
    char *folder = folder_make();
    char *path = xasprintf("%s/store.db", folder);
    struct cim_buf whole = {0};
    struct findings all;
    unsigned seed = 7, found = 0, mended = 0;

    keep_all(f->store, big);
    assert_int_equal(store_save(f->store, &whole), CIM_OK);
    for (int i = 0; i < FLIPS; i++) {
        size_t at = (size_t)rand_r(&seed) % whole.len, remain = 0;
        uint8_t bit = (uint8_t)(1u << rand_r(&seed) % 8);
        struct cim_diag diag;
        whole.p[at] ^= bit;
        write_file(path, cim_buf_bytes(&whole));
        whole.p[at] ^= bit;
        enum cim_err err = check_file(path, &all);
        found += err != CIM_OK || all.n;
        if (err != CIM_OK || !all.n ||
            store_mend(path, all.v, all.n, 1, &remain, &diag) != CIM_OK)
            continue;
        bool repaired = !remain && all.n < FOUND_MAX;
        if (repaired && check_file(path, &all) == CIM_OK && !all.n)
            mended++;
    }
    assert_true(found > FLIPS / 4);
    print_message("%u found, %u mended\n", found, mended);
    assert_true(mended > found / 2);
    cim_buf_clear(&whole);
    free(path);
    folder_remove(&folder);
    sealed_free(&big);
    forget(&k);
}

#define TEST(name)                                                             \
    cmocka_unit_test_setup_teardown(name, fixture_up, fixture_down)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_is_whole_has_no_finding),
        TEST(each_event_that_rotted_is_named_and_comes_again),
        TEST(every_kind_of_damage_is_told_and_mended),
        TEST(rotten_counts_of_the_store_are_named_and_told_anew),
        TEST(a_gap_that_is_held_in_part_keeps_the_rest),
        TEST(what_no_writer_can_mend_stays_and_changes_nothing),
        TEST(a_flipped_bit_is_found_or_harmless),
        TEST(a_signature_is_checked_and_not_only_its_sum),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

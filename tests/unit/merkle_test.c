/* SPDX-License-Identifier: MPL-2.0 */
/* merkle_test - frontiers, nodes and proofs against the model. */
#include "tests/unit/merkle_model.h"

/* ---- root ----------------------------------------------------------------*/

static void
root_has_the_shape_of_the_rfc(void **state)
{
    /* seven leaves: ((01)(23)) ((45)6) */
    struct cim_hash a = cim_hash_inner(&leaves[0], &leaves[1]);
    struct cim_hash b = cim_hash_inner(&leaves[2], &leaves[3]);
    struct cim_hash c = cim_hash_inner(&leaves[4], &leaves[5]);
    struct cim_hash left = cim_hash_inner(&a, &b);
    struct cim_hash right = cim_hash_inner(&c, &leaves[6]);
    struct cim_hash want = cim_hash_inner(&left, &right);
    struct cim_hash root = cim_merkle_root(leaves, 7);

    (void)state;
    assert_true(cim_hash_eq(&root, &want));
    root = cim_merkle_root(leaves, 1);
    assert_true(cim_hash_eq(&root, &leaves[0]));
}

static void
root_of_every_count_is_the_models(void **state)
{
    (void)state;
    for (size_t i = 0; i < N_COUNTS; i++) {
        uint32_t count = count_at(i);
        struct cim_frontier f = all_leaves(count);
        struct cim_hash want = naive_hash(0, count), got;
        struct cim_hash root = cim_merkle_root(leaves, count);
        assert_true(cim_hash_eq(&root, &want));
        assert_int_equal(cim_frontier_root(&f, count, &got), CIM_OK);
        assert_true(cim_hash_eq(&got, &want));
        cim_frontier_clear(&f);
    }
}

/* ---- frontier ------------------------------------------------------------*/

static void
frontier_with_subtrees_gives_the_same_root(void **state)
{
    struct chance c = {21};
    struct selection s;

    (void)state;
    for (size_t i = 0; i < N_COUNTS; i++) {
        uint32_t count = count_at(i);
        struct cim_frontier f = {0};
        struct cim_buf nodes = {0};
        struct cim_hash want = naive_hash(0, count), got;
        choose(&c, count, 5, &s);
        naive_frontier(s.chosen, 0, count, &f, &nodes);
        assert_int_equal(cim_frontier_root(&f, count, &got), CIM_OK);
        assert_true(cim_hash_eq(&got, &want));
        cim_frontier_clear(&f);
        cim_buf_clear(&nodes);
    }
}

static void
frontier_of_another_count_is_refused(void **state)
{
    struct cim_frontier f = all_leaves(7);
    struct cim_hash root;

    (void)state;
    for (uint32_t count = 0; count <= 40; count++)
        if (count != 7)
            assert_int_equal(cim_frontier_root(&f, count, &root), CIM_EFORM);
    assert_int_equal(cim_frontier_root(&f, UINT32_MAX, &root), CIM_EFORM);
    cim_frontier_clear(&f);
}

static void
frontier_that_is_no_row_of_subtrees_is_refused(void **state)
{
    static const struct cim_node rows[][4] = {
        {{0}},                                  /* no leaves */
        {{.lo = 0, .n = 1}, {.lo = 1, .n = 0}}, /* an empty one */
        {{.lo = 0, .n = 3}, {.lo = 3, .n = 1}}, /* 3: no subtree of 4 */
        {{.lo = 0, .n = 1}, {.lo = 1, .n = 2}, {.lo = 3, .n = 1}},
        {{.lo = 0, .n = 2}, {.lo = 3, .n = 1}}, /* a hole */
        {{.lo = 0, .n = 2}, {.lo = 1, .n = 2}}, /* overlapping */
        {{.lo = 2, .n = 2}, {.lo = 0, .n = 2}}, /* swapped */
        {{.lo = 0, .n = 2}, {.lo = 2, .n = 4}}, /* too far */
        {{.lo = 0, .n = 4}, {.lo = 4, .n = 1}}, /* one more */
        {{.lo = 1, .n = 4}},                    /* not from the start */
    };
    struct cim_hash root;

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct cim_frontier f = {0};
        for (size_t k = 0; k < 4 && (k == 0 || rows[i][k].lo || rows[i][k].n);
             k++)
            assert_int_equal(
                cim_frontier_add(&f, rows[i][k].lo, rows[i][k].n, &leaves[0]),
                CIM_OK);
        assert_int_equal(cim_frontier_root(&f, 4, &root), CIM_EFORM);
        cim_frontier_clear(&f);
    }
    assert_int_equal(cim_frontier_root(&(struct cim_frontier){0}, 4, &root),
                     CIM_EFORM);
}

/* ---- nodes and check -----------------------------------------------------*/

static void
check_selection(const struct selection *s, uint32_t count,
                const struct cim_frontier *from)
{
    struct cim_frontier want = {0}, got = {0};
    struct cim_buf naive = {0}, nodes = {0};
    struct cim_hash root = naive_hash(0, count);

    naive_frontier(s->chosen, 0, count, &want, &naive);
    assert_int_equal(cim_merkle_nodes(from, count, s->runs, s->n_runs, &nodes),
                     CIM_OK);
    assert_true(cim_bytes_eq(cim_buf_bytes(&nodes), cim_buf_bytes(&naive)));
    assert_int_equal(cim_merkle_check(count, s->runs, s->n_runs, s->leaves,
                                      cim_buf_bytes(&nodes), &root, &got),
                     CIM_OK);
    assert_frontiers_equal(&got, &want);
    assert_int_equal(cim_merkle_check(count, s->runs, s->n_runs, s->leaves,
                                      cim_buf_bytes(&nodes), &root, NULL),
                     CIM_OK);
    cim_frontier_clear(&want);
    cim_frontier_clear(&got);
    cim_buf_clear(&naive);
    cim_buf_clear(&nodes);
}

static void
nodes_of_every_selection_are_the_models(void **state)
{
    struct chance c = {22};
    struct selection s;

    (void)state;
    for (size_t i = 0; i < N_COUNTS; i++) {
        uint32_t count = count_at(i);
        struct cim_frontier f = all_leaves(count);
        for (size_t k = 1; k <= 12; k++) {
            choose(&c, count, k * k, &s);
            check_selection(&s, count, &f);
        }
        cim_frontier_clear(&f);
    }
}

static void
every_selection_of_a_small_batch_proves(void **state)
{
    struct selection s;

    (void)state;
    for (uint32_t count = 1; count <= 9; count++) {
        struct cim_frontier f = all_leaves(count);
        for (uint32_t bits = 1; bits < UINT32_C(1) << count; bits++) {
            size_t at = 0;
            memset(&s, 0, sizeof s);
            for (uint32_t i = 0; i < count; i++) {
                if (!(bits >> i & 1))
                    continue;
                s.chosen[i] = true;
                s.leaves[at++] = leaves[i];
                if (i && s.chosen[i - 1])
                    s.runs[s.n_runs - 1].n++;
                else
                    s.runs[s.n_runs++] = (struct cim_run){(uint16_t)i, 1};
            }
            check_selection(&s, count, &f);
        }
        cim_frontier_clear(&f);
    }
}

static void
part_of_what_is_held_can_be_passed_on(void **state)
{
    struct chance c = {23};
    struct selection held, less;

    (void)state;
    for (size_t i = 0; i < N_COUNTS; i++) {
        uint32_t count = count_at(i);
        struct cim_frontier f = {0};
        struct cim_buf nodes = {0};
        choose(&c, count, 2, &held);
        naive_frontier(held.chosen, 0, count, &f, &nodes);
        /* a first run and a last event of what is held */
        memset(&less, 0, sizeof less);
        less.runs[less.n_runs++] = held.runs[0];
        if (held.n_runs > 1) {
            struct cim_run last = held.runs[held.n_runs - 1];
            last.first = (uint16_t)(last.first + last.n - 1);
            last.n = 1;
            less.runs[less.n_runs++] = last;
        }
        size_t at = 0;
        for (size_t r = 0; r < less.n_runs; r++)
            for (uint16_t k = 0; k < less.runs[r].n; k++) {
                less.chosen[less.runs[r].first + k] = true;
                less.leaves[at++] = leaves[less.runs[r].first + k];
            }
        check_selection(&less, count, &f);
        cim_frontier_clear(&f);
        cim_buf_clear(&nodes);
    }
}

static void
an_event_that_is_not_held_cannot_be_passed_on(void **state)
{
    struct cim_frontier f = {0};
    struct cim_buf nodes = {0};
    struct cim_hash pair = naive_hash(2, 2);
    const struct cim_run run = {2, 1};

    (void)state;
    assert_int_equal(cim_frontier_add(&f, 0, 1, &leaves[0]), CIM_OK);
    assert_int_equal(cim_frontier_add(&f, 1, 1, &leaves[1]), CIM_OK);
    assert_int_equal(cim_frontier_add(&f, 2, 2, &pair), CIM_OK);
    assert_int_equal(cim_merkle_nodes(&f, 4, &run, 1, &nodes), CIM_EFORM);
    cim_frontier_clear(&f);
    cim_buf_clear(&nodes);
}

static void
runs_that_are_no_selection_are_refused(void **state)
{
    static const struct {
        struct cim_run runs[2];
        size_t n;
    } bad[] = {
        {{{0, 0}}, 0},         {{{0, 0}}, 1},         {{{7, 1}}, 1},
        {{{6, 2}}, 1},         {{{0, 8}}, 1},         {{{0, 2}, {2, 1}}, 2},
        {{{0, 2}, {1, 1}}, 2}, {{{4, 1}, {0, 1}}, 2}, {{{0, 1}, {2, 0}}, 2},
        {{{0, 65535}}, 1},     {{{65535, 65535}}, 1},
    };
    struct cim_frontier f = all_leaves(7), got = {0};
    struct cim_buf nodes = {0};
    struct cim_hash root = naive_hash(0, 7);

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_int_equal(cim_merkle_nodes(&f, 7, bad[i].runs, bad[i].n, &nodes),
                         CIM_EFORM);
        assert_int_equal(cim_merkle_check(7, bad[i].runs, bad[i].n, leaves,
                                          (struct cim_bytes){0}, &root, &got),
                         CIM_EROOT);
        assert_null(got.v);
    }
    cim_frontier_clear(&f);
    cim_buf_clear(&nodes);
}

static void
a_proof_with_anything_changed_is_refused(void **state)
{
    struct chance c = {24};
    struct selection s;
    const uint32_t count = 13;
    struct cim_frontier f = all_leaves(count), got = {0};
    struct cim_hash root = naive_hash(0, count);
    struct cim_buf nodes = {0};

    (void)state;
    choose(&c, count, 4, &s);
    assert_int_equal(cim_merkle_nodes(&f, count, s.runs, s.n_runs, &nodes),
                     CIM_OK);
    for (size_t i = 0; i <= nodes.len; i++) {
        struct cim_bytes some = cim_bytes_of(nodes.p, i);
        if (i < nodes.len) {
            nodes.p[i] ^= 0x10;
            assert_int_equal(cim_merkle_check(count, s.runs, s.n_runs, s.leaves,
                                              cim_buf_bytes(&nodes), &root,
                                              &got),
                             CIM_EROOT);
            nodes.p[i] ^= 0x10;
            assert_int_equal(cim_merkle_check(count, s.runs, s.n_runs, s.leaves,
                                              some, &root, &got),
                             CIM_EROOT);
        }
    }
    cim_buf_add(&nodes, leaves[0].b, 32);
    assert_int_equal(cim_merkle_check(count, s.runs, s.n_runs, s.leaves,
                                      cim_buf_bytes(&nodes), &root, &got),
                     CIM_EROOT);
    nodes.len -= 31;
    assert_int_equal(cim_merkle_check(count, s.runs, s.n_runs, s.leaves,
                                      cim_buf_bytes(&nodes), &root, &got),
                     CIM_EROOT);
    nodes.len -= 1;
    root.b[31] ^= 1;
    assert_int_equal(cim_merkle_check(count, s.runs, s.n_runs, s.leaves,
                                      cim_buf_bytes(&nodes), &root, &got),
                     CIM_EROOT);
    assert_null(got.v);
    cim_frontier_clear(&f);
    cim_buf_clear(&nodes);
}

/* ---- merge ---------------------------------------------------------------*/

static void
merging_knows_what_either_knows(void **state)
{
    struct chance c = {25};
    struct selection a, b, both;

    (void)state;
    for (size_t i = 0; i < N_COUNTS; i++)
        for (size_t k = 1; k <= 6; k++) {
            uint32_t count = count_at(i);
            struct cim_frontier fa = {0}, fb = {0}, want = {0}, got = {0};
            struct cim_buf nodes = {0};
            choose(&c, count, k * k, &a);
            choose(&c, count, 4, &b);
            memset(&both, 0, sizeof both);
            for (uint32_t e = 0; e < count; e++)
                both.chosen[e] = a.chosen[e] || b.chosen[e];
            naive_frontier(a.chosen, 0, count, &fa, &nodes);
            naive_frontier(b.chosen, 0, count, &fb, &nodes);
            naive_frontier(both.chosen, 0, count, &want, &nodes);
            assert_int_equal(cim_frontier_merge(&fa, &fb, &got), CIM_OK);
            assert_frontiers_equal(&got, &want);
            cim_frontier_clear(&got);
            assert_int_equal(cim_frontier_merge(&fb, &fa, &got), CIM_OK);
            assert_frontiers_equal(&got, &want);
            cim_frontier_clear(&got);
            cim_frontier_clear(&fa);
            cim_frontier_clear(&fb);
            cim_frontier_clear(&want);
            cim_buf_clear(&nodes);
        }
}

static void
rows_of_two_batches_do_not_merge(void **state)
{
    struct cim_frontier a = all_leaves(4), b = {0}, none = {0}, out = {0};
    struct cim_hash pair = naive_hash(0, 2);

    (void)state;
    assert_int_equal(cim_frontier_merge(&a, &none, &out), CIM_EFORM);
    assert_int_equal(cim_frontier_merge(&none, &a, &out), CIM_EFORM);
    b = all_leaves(3);
    assert_int_equal(cim_frontier_merge(&a, &b, &out), CIM_EFORM);
    cim_frontier_clear(&b);
    b = all_leaves(4);
    b.v[2].hash.b[0] ^= 1; /* another event 2 */
    assert_int_equal(cim_frontier_merge(&a, &b, &out), CIM_EFORM);
    cim_frontier_clear(&b);
    assert_int_equal(cim_frontier_add(&b, 0, 2, &pair), CIM_OK);
    b.v[0].n = 3; /* cuts through the other's entries at the end */
    assert_int_equal(cim_frontier_add(&b, 3, 2, &pair), CIM_OK);
    assert_int_equal(cim_frontier_merge(&a, &b, &out), CIM_EFORM);
    b.v[0].n = 2;
    b.v[1].lo = 2;
    a.v[1].lo = 2; /* a hole */
    assert_int_equal(cim_frontier_merge(&a, &b, &out), CIM_EFORM);
    assert_null(out.v);
    cim_frontier_clear(&a);
    cim_frontier_clear(&b);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(root_has_the_shape_of_the_rfc),
        cmocka_unit_test(root_of_every_count_is_the_models),
        cmocka_unit_test(frontier_with_subtrees_gives_the_same_root),
        cmocka_unit_test(frontier_of_another_count_is_refused),
        cmocka_unit_test(frontier_that_is_no_row_of_subtrees_is_refused),
        cmocka_unit_test(nodes_of_every_selection_are_the_models),
        cmocka_unit_test(every_selection_of_a_small_batch_proves),
        cmocka_unit_test(part_of_what_is_held_can_be_passed_on),
        cmocka_unit_test(an_event_that_is_not_held_cannot_be_passed_on),
        cmocka_unit_test(runs_that_are_no_selection_are_refused),
        cmocka_unit_test(a_proof_with_anything_changed_is_refused),
        cmocka_unit_test(merging_knows_what_either_knows),
        cmocka_unit_test(rows_of_two_batches_do_not_merge),
    };

    if (cim_sodium_start() != CIM_OK)
        return 1;
    make_leaves(0);
    return cmocka_run_group_tests(tests, NULL, NULL);
}

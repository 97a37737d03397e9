/* SPDX-License-Identifier: MPL-2.0 */
/*
 * slice_test - the slice as a property: every honest one proves, every other
 * one is refused.
 *
 * Honest slices are written for every count of 1 to 64 and for 1,024 events
 * with many selections. Of each, every event, node and run is changed, moved,
 * added and dropped in turn and the slice put together again: well-formed, and
 * untrue.
 */
#include "tests/unit/slice_desk.h"

/* ---- honest slices -------------------------------------------------------*/

static void
assert_proves(struct desk *d)
{
    struct cim_proven proven;
    size_t i = 0;

    assert_int_equal(cim_slice_size(&d->s.sh, d->pick.runs, d->pick.n_runs,
                                    d->pick.events, d->pick.n),
                     d->out.len);
    assert_int_equal(sealed_prove(cim_buf_bytes(&d->out), &d->s.key, &proven),
                     CIM_OK);
    assert_int_equal(proven.slice.n_events, d->pick.n);
    for (size_t r = 0; r < d->pick.n_runs; r++)
        for (uint32_t k = 0; k < d->pick.runs[r].n; k++, i++) {
            struct cim_hash leaf = cim_hash_leaf(d->pick.events[i]);
            assert_int_equal(cim_slice_index(&proven.slice, i),
                             d->pick.runs[r].first + k);
            assert_true(
                cim_bytes_eq(proven.slice.events[i], d->pick.events[i]));
            assert_true(cim_hash_eq(&proven.leaves[i], &leaf));
        }
    struct cim_hash hash = cim_header_hash(cim_signed_bytes(&d->s.sh));
    assert_true(cim_hash_eq(&proven.header_hash, &hash));
    cim_proven_clear(&proven);
}

static void
every_selection_proves_and_has_the_size_foretold(void **state)
{
    struct desk *d = *state;
    struct chance c = {31};
    bool chosen[CIM_BATCH_EVENTS];

    for (size_t n = 1; n <= 65; n++) {
        make(d, n <= 64 ? n : CIM_BATCH_EVENTS);
        for (size_t k = 1; k <= 10; k++) {
            choose(&c, d->s.n, k * k, chosen);
            write_slice(d, chosen);
            assert_proves(d);
        }
    }
}

/* Numbers change their length at these; so do counts at 16. */
static void
the_size_is_foretold_at_every_edge(void **state)
{
    static const uint16_t edges[] = {1, 15, 16, 127, 128, 129, 255, 256, 257};
    struct desk *d = *state;
    bool chosen[CIM_BATCH_EVENTS];

    make(d, CIM_BATCH_EVENTS);
    for (size_t i = 0; i < 81; i++) {
        memset(chosen, 0, sizeof chosen);
        memset(chosen + edges[i / 9], 1, edges[i % 9]);
        write_slice(d, chosen);
        assert_proves(d);
    }
    for (size_t n = 14; n < 18; n++) { /* so many runs of one event */
        memset(chosen, 0, sizeof chosen);
        for (size_t i = 0; i < n; i++)
            chosen[2 * i] = true;
        write_slice(d, chosen);
        assert_proves(d);
    }
}

static void
what_was_proven_can_be_written_again(void **state)
{
    struct desk *d = *state;
    struct chance c = {32};
    bool chosen[64];
    struct cim_buf again = {0};

    for (size_t n = 1; n <= 64; n++) {
        struct cim_proven p;
        make(d, n);
        choose(&c, n, 3, chosen);
        write_slice(d, chosen);
        assert_int_equal(sealed_prove(cim_buf_bytes(&d->out), &d->s.key, &p),
                         CIM_OK);
        cim_buf_reset(&again);
        assert_int_equal(cim_slice_write(&p.slice.sh, &p.frontier, p.slice.runs,
                                         p.slice.n_runs, p.slice.events,
                                         p.slice.n_events, &again),
                         CIM_OK);
        assert_true(
            cim_bytes_eq(cim_buf_bytes(&again), cim_buf_bytes(&d->out)));
        cim_proven_clear(&p);
    }
    cim_buf_clear(&again);
}

static void
two_slices_of_a_batch_merge_into_what_both_hold(void **state)
{
    struct desk *d = *state;
    struct chance c = {33};
    bool a[64], b[64], both[64];

    for (size_t n = 1; n <= 64; n++) {
        struct cim_proven pa, pb, pc;
        struct cim_frontier merged = {0};
        struct cim_buf other = {0};
        make(d, n);
        choose(&c, n, 4, a);
        choose(&c, n, 4, b);
        for (size_t i = 0; i < n; i++)
            both[i] = a[i] || b[i];
        write_slice(d, a);
        cim_buf_add_bytes(&other, cim_buf_bytes(&d->out));
        assert_int_equal(sealed_prove(cim_buf_bytes(&other), &d->s.key, &pa),
                         CIM_OK);
        write_slice(d, b);
        assert_int_equal(sealed_prove(cim_buf_bytes(&d->out), &d->s.key, &pb),
                         CIM_OK);
        assert_int_equal(
            cim_frontier_merge(&pa.frontier, &pb.frontier, &merged), CIM_OK);
        cim_proven_clear(&pa);
        cim_proven_clear(&pb);
        /* the merged frontier serves a slice of all that either held */
        write_slice(d, both);
        cim_buf_reset(&other);
        assert_int_equal(cim_slice_write(&d->s.sh, &merged, d->pick.runs,
                                         d->pick.n_runs, d->pick.events,
                                         d->pick.n, &other),
                         CIM_OK);
        assert_true(
            cim_bytes_eq(cim_buf_bytes(&other), cim_buf_bytes(&d->out)));
        assert_int_equal(sealed_prove(cim_buf_bytes(&other), &d->s.key, &pc),
                         CIM_OK);
        assert_int_equal(pc.frontier.len, merged.len);
        cim_proven_clear(&pc);
        cim_frontier_clear(&merged);
        cim_buf_clear(&other);
    }
}

/* ---- untrue slices -------------------------------------------------------*/

/* Each event changed, dropped, doubled, swapped with the next. */
static void
damage_events(struct desk *d)
{
    struct parts *p = &d->parts;
    struct parts whole = *p;
    static const uint8_t other[] = "other";

    for (size_t i = 0; i < whole.n_events; i++) {
        p->events[i] = cim_bytes_of(other, sizeof other);
        refused(d);
        p->events[i] = cim_bytes_of(whole.events[i].p, whole.events[i].len - 1);
        refused(d);
        *p = whole;
        memmove(&p->events[i], &p->events[i + 1],
                (whole.n_events - i - 1) * sizeof *p->events);
        p->n_events--;
        refused(d);
        *p = whole;
        memmove(&p->events[i + 1], &whole.events[i],
                (whole.n_events - i) * sizeof *p->events);
        p->n_events++;
        refused(d);
        *p = whole;
        for (size_t k = i + 1; k < whole.n_events; k += 1 + k / 4) {
            p->events[i] = whole.events[k];
            p->events[k] = whole.events[i];
            refused(d);
            *p = whole;
        }
    }
}

/* Each node changed, dropped, doubled, swapped with the next. */
static void
damage_nodes(struct desk *d)
{
    struct cim_bytes whole = d->parts.nodes;
    size_t n = whole.len / CIM_HASH_LEN;
    uint8_t *copy = malloc(whole.len + CIM_HASH_LEN);

    assert_non_null(copy);
    for (size_t i = 0; i < n; i++) {
        uint8_t *at = copy + i * CIM_HASH_LEN;
        const uint8_t *from = whole.p + i * CIM_HASH_LEN;
        memcpy(copy, whole.p, whole.len);
        d->parts.nodes = cim_bytes_of(copy, whole.len);
        at[i % CIM_HASH_LEN] ^= 1;
        refused(d);
        at[i % CIM_HASH_LEN] ^= 1;
        if (i + 1 < n) {
            memcpy(at, from + CIM_HASH_LEN, CIM_HASH_LEN);
            memcpy(at + CIM_HASH_LEN, from, CIM_HASH_LEN);
            refused(d);
        }
        memcpy(copy, whole.p, whole.len);
        memmove(at, from + CIM_HASH_LEN, (n - i - 1) * CIM_HASH_LEN);
        d->parts.nodes.len = whole.len - CIM_HASH_LEN;
        refused(d);
        memcpy(copy, whole.p, whole.len);
        memcpy(at + CIM_HASH_LEN, from, (n - i) * CIM_HASH_LEN);
        d->parts.nodes.len = whole.len + CIM_HASH_LEN;
        refused(d);
    }
    d->parts.nodes = whole;
    free(copy);
}

/* Each run moved, made longer or shorter, dropped, split, put elsewhere. */
static void
damage_runs(struct desk *d)
{
    struct parts *p = &d->parts;
    struct parts whole = *p;

    for (size_t i = 0; i < whole.n_runs; i++) {
        p->runs[i].first++;
        refused(d);
        p->runs[i].first = (uint16_t)(whole.runs[i].first - 1);
        refused(d);
        p->runs[i] = whole.runs[i];
        p->runs[i].n++;
        refused(d);
        p->runs[i].n = (uint16_t)(whole.runs[i].n - 1);
        refused(d);
        *p = whole;
        memmove(&p->runs[i], &p->runs[i + 1],
                (whole.n_runs - i - 1) * sizeof *p->runs);
        p->n_runs--;
        refused(d);
        *p = whole;
        if (i + 1 < whole.n_runs) {
            p->runs[i] = whole.runs[i + 1];
            p->runs[i + 1] = whole.runs[i];
            refused(d);
            *p = whole;
        }
        if (whole.runs[i].n > 1) { /* the same events, as two runs */
            memmove(&p->runs[i + 1], &whole.runs[i],
                    (whole.n_runs - i) * sizeof *p->runs);
            p->n_runs++;
            p->runs[i].n = 1;
            p->runs[i + 1].first++;
            p->runs[i + 1].n--;
            refused(d);
            *p = whole;
        }
    }
}

static void
nothing_of_a_slice_can_be_changed_moved_added_or_dropped(void **state)
{
    struct desk *d = *state;
    struct chance c = {34};
    bool chosen[64];

    for (size_t n = 1; n <= 64; n++) {
        make(d, n);
        for (size_t k = 1; k <= 5; k += 2) {
            choose(&c, n, k, chosen);
            write_slice(d, chosen);
            assert_int_equal(verdict(d), CIM_OK);
            damage_events(d);
            damage_nodes(d);
            damage_runs(d);
            assert_int_equal(verdict(d), CIM_OK);
        }
    }
}

static void
nothing_of_a_slice_of_the_largest_batch_either(void **state)
{
    struct desk *d = *state;
    struct chance c = {35};
    bool chosen[CIM_BATCH_EVENTS];

    make(d, CIM_BATCH_EVENTS);
    choose(&c, d->s.n, 100, chosen);
    write_slice(d, chosen);
    assert_int_equal(verdict(d), CIM_OK);
    damage_events(d);
    damage_nodes(d);
    damage_runs(d);
}

/* Events and runs in another order, both alike: still another slice. */
static void
a_selection_in_another_order_is_refused(void **state)
{
    struct desk *d = *state;
    bool chosen[64] = {false};
    struct parts *p = &d->parts;

    make(d, 9);
    chosen[1] = chosen[4] = chosen[7] = true;
    write_slice(d, chosen);
    struct cim_run run = p->runs[0];
    struct cim_bytes event = p->events[0];
    p->runs[0] = p->runs[2];
    p->runs[2] = run;
    p->events[0] = p->events[2];
    p->events[2] = event;
    assert_int_equal(verdict(d), CIM_EFORM);
}

/* A subtree's two hashes instead of its one: the recursion has no place. */
static void
a_finer_proof_than_needed_is_refused(void **state)
{
    struct desk *d = *state;
    bool chosen[4] = {true};

    make(d, 4);
    write_slice(d, chosen);
    assert_int_equal(d->nodes.len, 2 * CIM_HASH_LEN);
    cim_buf_reset(&d->nodes);
    for (size_t i = 1; i < 4; i++)
        cim_buf_add(&d->nodes, d->s.frontier.v[i].hash.b, CIM_HASH_LEN);
    d->parts.nodes = cim_buf_bytes(&d->nodes);
    assert_int_equal(verdict(d), CIM_EROOT);
}

static void
parts_of_another_batch_do_not_fit(void **state)
{
    struct desk *d = *state;
    struct sealed *other = calloc(1, sizeof *other);
    bool chosen[8] = {false, true, true, false, false, true};
    struct parts whole;

    assert_non_null(other);
    make(d, 8);
    sealed_make(other, 8, 1);
    write_slice(d, chosen);
    whole = d->parts;
    d->parts.header = cim_signed_bytes(&other->sh);
    assert_int_equal(verdict(d), CIM_EROOT);
    d->parts.sig = cim_bytes_of(other->sh.sig.b, CIM_SIG_LEN);
    assert_int_equal(verdict(d), CIM_EROOT);
    d->parts = whole;
    d->parts.sig = cim_bytes_of(other->sh.sig.b, CIM_SIG_LEN);
    assert_int_equal(verdict(d), CIM_ESIG);
    sealed_clear(other);
    free(other);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(every_selection_proves_and_has_the_size_foretold),
        TEST(the_size_is_foretold_at_every_edge),
        TEST(what_was_proven_can_be_written_again),
        TEST(two_slices_of_a_batch_merge_into_what_both_hold),
        TEST(nothing_of_a_slice_can_be_changed_moved_added_or_dropped),
        TEST(nothing_of_a_slice_of_the_largest_batch_either),
        TEST(a_selection_in_another_order_is_refused),
        TEST(a_finer_proof_than_needed_is_refused),
        TEST(parts_of_another_batch_do_not_fit),
    };

    if (cim_sodium_start() != CIM_OK)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}

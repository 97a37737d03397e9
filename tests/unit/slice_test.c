/* SPDX-License-Identifier: MPL-2.0 */
/*
 * slice_test - the slice as a property: every honest one proves, every other
 * one is refused.
 *
 * Honest slices are written for every count of 1 to 64 and for 1,024 events
 * with many selections. Of each, every event and every node is changed, moved,
 * added and dropped in turn; damage is done to the parts of the message, which
 * are then put together again, so that it is well-formed and simply untrue.
 */
#include "proto/slice.h"

#include "proto/wire.h"
#include "tests/unit/chance.h"
#include "tests/unit/sealed.h"

/* A slice taken apart, to be written with any of its parts altered. */
struct parts {
    struct cim_bytes header, sig, nodes;
    struct cim_run runs[CIM_BATCH_EVENTS + 1];
    size_t n_runs;
    struct cim_bytes events[CIM_BATCH_EVENTS + 1];
    size_t n_events;
};

static void
parts_write(const struct parts *p, struct cim_buf *out)
{
    cim_buf_reset(out);
    cim_wire_put_array(out, 5);
    cim_wire_put_bin(out, p->header);
    cim_wire_put_bin(out, p->sig);
    cim_wire_put_array(out, (uint32_t)p->n_runs);
    for (size_t i = 0; i < p->n_runs; i++) {
        cim_wire_put_array(out, 2);
        cim_wire_put_uint(out, p->runs[i].first);
        cim_wire_put_uint(out, p->runs[i].n);
    }
    cim_wire_put_array(out, (uint32_t)p->n_events);
    for (size_t i = 0; i < p->n_events; i++)
        cim_wire_put_bin(out, p->events[i]);
    cim_wire_put_bin(out, p->nodes);
}

static void
parts_of(const struct sealed *s, const struct pick *pick,
         const struct cim_buf *nodes, struct parts *out)
{
    out->header = cim_signed_bytes(&s->sh);
    out->sig = cim_bytes_of(s->sh.sig.b, CIM_SIG_LEN);
    out->nodes = cim_buf_bytes(nodes);
    out->n_runs = pick->n_runs;
    out->n_events = pick->n;
    memcpy(out->runs, pick->runs, pick->n_runs * sizeof *pick->runs);
    memcpy(out->events, pick->events, pick->n * sizeof *pick->events);
}

struct desk {
    struct sealed s;
    struct pick pick;
    struct parts parts;
    struct cim_buf out, nodes, damaged;
};

static int
set_up(void **state)
{
    *state = calloc(1, sizeof(struct desk));
    return *state ? 0 : -1;
}

static int
tear_down(void **state)
{
    struct desk *d = *state;

    sealed_clear(&d->s);
    cim_buf_clear(&d->out);
    cim_buf_clear(&d->nodes);
    cim_buf_clear(&d->damaged);
    free(d);
    return 0;
}

static void
make(struct desk *d, size_t n)
{
    sealed_clear(&d->s);
    sealed_make(&d->s, n, 0);
}

/* A slice of these events in d->out, its pieces in d->pick and d->parts. */
static void
write_slice(struct desk *d, const bool *chosen)
{
    sealed_pick(&d->s, chosen, &d->pick);
    cim_buf_reset(&d->out);
    cim_buf_reset(&d->nodes);
    assert_int_equal(sealed_write(&d->s, &d->pick, &d->out), CIM_OK);
    assert_int_equal(cim_merkle_nodes(&d->s.frontier, (uint32_t)d->s.n,
                                      d->pick.runs, d->pick.n_runs, &d->nodes),
                     CIM_OK);
    parts_of(&d->s, &d->pick, &d->nodes, &d->parts);
}

static void
choose(struct chance *c, size_t n, size_t rarely, bool *chosen)
{
    for (size_t i = 0; i < n; i++)
        chosen[i] = chance_below(c, rarely) == 0;
    chosen[chance_below(c, n)] = true;
}

/* Parses a copy of just these bytes, so that a byte read beyond is seen. */
static enum cim_err
parse_exact(const uint8_t *p, size_t len)
{
    struct cim_slice slice;
    uint8_t *copy = malloc(len ? len : 1);

    assert_non_null(copy);
    if (len)
        memcpy(copy, p, len);
    enum cim_err err = cim_slice_parse(cim_bytes_of(copy, len), &slice);
    cim_slice_clear(&slice);
    free(copy);
    return err;
}

/* The verdict on d->parts as they are now. */
static enum cim_err
verdict(struct desk *d)
{
    struct cim_proven proven;

    parts_write(&d->parts, &d->damaged);
    enum cim_err err =
        sealed_prove(cim_buf_bytes(&d->damaged), &d->s.key, &proven);
    if (err == CIM_OK)
        cim_proven_clear(&proven);
    return err;
}

static void
refused(struct desk *d)
{
    enum cim_err err = verdict(d);

    assert_true(err == CIM_EROOT || err == CIM_EFORM);
}

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

/* ---- key and signature ---------------------------------------------------*/

static void
key_and_signature_are_told_apart(void **state)
{
    struct desk *d = *state;
    struct cim_identity *other = sealed_identity(9);
    struct cim_signkey key = cim_identity_signkey(other);
    bool chosen[3] = {true};
    struct cim_slice slice;
    struct cim_proven p;
    uint8_t sig[CIM_SIG_LEN];

    make(d, 3);
    write_slice(d, chosen);
    assert_int_equal(cim_slice_parse(cim_buf_bytes(&d->out), &slice), CIM_OK);
    assert_int_equal(cim_slice_prove(&slice, &key, false, &p), CIM_EKEY);
    assert_int_equal(cim_slice_prove(&slice, &key, true, &p), CIM_EKEY);
    /* on failure the slice keeps its arrays and can be tried again */
    assert_int_equal(cim_slice_prove(&slice, &d->s.key, false, &p), CIM_OK);
    assert_null(slice.events);
    cim_proven_clear(&p);
    memcpy(sig, d->s.sh.sig.b, sizeof sig);
    sig[0] ^= 1;
    d->parts.sig = cim_bytes_of(sig, sizeof sig);
    assert_int_equal(verdict(d), CIM_ESIG);
    cim_identity_close(&other);
}

/* Remembered signatures save time and never the root's check. */
static void
a_remembered_signature_vouches_for_the_header_alone(void **state)
{
    struct desk *d = *state;
    bool chosen[3] = {true};
    struct cim_slice slice;
    struct cim_proven p;

    make(d, 3);
    write_slice(d, chosen);
    assert_int_equal(cim_slice_parse(cim_buf_bytes(&d->out), &slice), CIM_OK);
    slice.sh.sig.b[5] ^= 1; /* not looked at */
    assert_int_equal(cim_slice_prove(&slice, &d->s.key, true, &p), CIM_OK);
    cim_proven_clear(&p);
    d->parts.events[0] = cim_bytes_str("other");
    parts_write(&d->parts, &d->damaged);
    assert_int_equal(cim_slice_parse(cim_buf_bytes(&d->damaged), &slice),
                     CIM_OK);
    assert_int_equal(cim_slice_prove(&slice, &d->s.key, true, &p), CIM_EROOT);
    cim_slice_clear(&slice);
}

/* ---- form and limits -----------------------------------------------------*/

static void
a_slice_cut_at_any_byte_is_short(void **state)
{
    struct desk *d = *state;
    bool chosen[20] = {false, true, true, false, false, true};

    make(d, 20);
    write_slice(d, chosen);
    for (size_t n = 0; n < d->out.len; n++)
        assert_int_equal(parse_exact(d->out.p, n), CIM_ESHORT);
    cim_buf_add_u8(&d->out, 0xc0);
    assert_int_equal(parse_exact(d->out.p, d->out.len), CIM_ETRAIL);
}

/* No damaged byte may crash, be read beyond, or prove. */
static void
a_slice_with_any_byte_changed_does_not_prove(void **state)
{
    struct desk *d = *state;
    bool chosen[20] = {false, true, true, false, false, true};
    struct chance c = {36};

    make(d, 20);
    write_slice(d, chosen);
    for (size_t i = 0; i < d->out.len; i++)
        for (int k = 0; k < 6; k++) {
            uint8_t was = d->out.p[i];
            uint8_t now = (uint8_t)chance_below(&c, 256);
            struct cim_proven p;
            if (now == was)
                continue;
            d->out.p[i] = now;
            assert_int_not_equal(
                sealed_prove(cim_buf_bytes(&d->out), &d->s.key, &p), CIM_OK);
            d->out.p[i] = was;
        }
}

static void
parts_of_another_form_are_refused(void **state)
{
    struct desk *d = *state;
    bool chosen[8] = {true, true};
    struct parts whole;

    make(d, 8);
    write_slice(d, chosen);
    whole = d->parts;
    d->parts.nodes.len--;
    assert_int_equal(verdict(d), CIM_EFORM);
    d->parts = whole;
    d->parts.sig.len--;
    assert_int_equal(verdict(d), CIM_EFORM);
    d->parts = whole;
    d->parts.header.len--;
    assert_int_equal(verdict(d), CIM_ESHORT);
    d->parts = whole;
    d->parts.events[1].len = 0;
    assert_int_equal(verdict(d), CIM_EFORM);
    d->parts = whole;
    d->parts.n_runs = d->parts.n_events = 0;
    assert_int_equal(verdict(d), CIM_EFORM);
    d->parts = whole;
    d->parts.runs[0] = (struct cim_run){7, 2};
    assert_int_equal(verdict(d), CIM_EFORM);
    parts_write(&whole, &d->damaged);
    d->damaged.p[0] = 0x96;
    cim_buf_add_u8(&d->damaged, 0xc0);
    assert_int_equal(parse_exact(d->damaged.p, d->damaged.len), CIM_EFORM);
}

static void
a_header_of_another_version_is_called_so(void **state)
{
    struct desk *d = *state;
    bool chosen[2] = {true};
    uint8_t header[CIM_HEADER_MAX];

    make(d, 2);
    write_slice(d, chosen);
    memcpy(header, d->parts.header.p, d->parts.header.len);
    header[1] = 2;
    d->parts.header.p = header;
    assert_int_equal(verdict(d), CIM_EVERSION);
}

static void
a_run_is_a_pair(void **state)
{
    struct desk *d = *state;
    bool chosen[2] = {true};

    make(d, 2);
    write_slice(d, chosen);
    cim_buf_reset(&d->damaged);
    cim_wire_put_array(&d->damaged, 5);
    cim_wire_put_bin(&d->damaged, d->parts.header);
    cim_wire_put_bin(&d->damaged, d->parts.sig);
    cim_buf_add_str(&d->damaged, "\x91\x93"); /* [[0, 1, nil]] */
    cim_buf_add(&d->damaged, "\x00\x01\xc0\x91", 4);
    cim_wire_put_bin(&d->damaged, d->parts.events[0]);
    cim_wire_put_bin(&d->damaged, d->parts.nodes);
    assert_int_equal(parse_exact(d->damaged.p, d->damaged.len), CIM_EFORM);
}

/* Frames of count runs, with no event for them: the counts must not count. */
static void
counts_without_bytes_get_no_memory(void **state)
{
    static const char runs[] = "\xdd\x0f\xff\xff\xff";
    struct desk *d = *state;
    bool chosen[2] = {true};

    make(d, 2);
    write_slice(d, chosen);
    cim_buf_reset(&d->damaged);
    cim_wire_put_array(&d->damaged, 5);
    cim_wire_put_bin(&d->damaged, d->parts.header);
    cim_wire_put_bin(&d->damaged, d->parts.sig);
    cim_buf_add(&d->damaged, runs, sizeof runs - 1);
    assert_int_equal(parse_exact(d->damaged.p, d->damaged.len), CIM_ESHORT);
}

static void
sizes_are_bounded(void **state)
{
    struct desk *d = *state;
    bool chosen[17] = {true};
    uint8_t *much = calloc(1, CIM_SLICE_MAX + 1);

    assert_non_null(much);
    make(d, 17);
    write_slice(d, chosen);
    assert_int_equal(parse_exact(much, CIM_SLICE_MAX + 1), CIM_ETOOBIG);
    d->parts.events[0] = cim_bytes_of(much, CIM_EVENT_MAX + 1);
    assert_int_equal(verdict(d), CIM_ETOOBIG);
    d->parts.events[0] = cim_bytes_of(much, CIM_EVENT_MAX);
    assert_int_equal(verdict(d), CIM_EROOT);
    /* more bytes than a batch may have */
    memset(chosen, 1, sizeof chosen);
    write_slice(d, chosen);
    for (size_t i = 0; i < 15; i++)
        d->parts.events[i] = cim_bytes_of(much, CIM_EVENT_MAX);
    assert_int_equal(verdict(d), CIM_ETOOBIG);
    free(much);
}

/* ---- writing -------------------------------------------------------------*/

static void
a_slice_that_is_none_is_not_written(void **state)
{
    struct desk *d = *state;
    struct pick *pick = &d->pick;
    bool chosen[8] = {true, false, true};
    uint8_t *much = calloc(1, CIM_EVENT_MAX + 1);

    assert_non_null(much);
    make(d, 8);
    write_slice(d, chosen);
    cim_buf_reset(&d->out);
    cim_buf_add_str(&d->out, "before");
    pick->n = 1;
    assert_int_equal(sealed_write(&d->s, pick, &d->out), CIM_EFORM);
    pick->n = 2;
    pick->runs[1].first = 1;
    assert_int_equal(sealed_write(&d->s, pick, &d->out), CIM_EFORM);
    pick->runs[1].first = 2;
    pick->events[1].len = 0;
    assert_int_equal(sealed_write(&d->s, pick, &d->out), CIM_EFORM);
    pick->events[1] = cim_bytes_of(much, CIM_EVENT_MAX + 1);
    assert_int_equal(sealed_write(&d->s, pick, &d->out), CIM_ETOOBIG);
    assert_true(cim_bytes_is(cim_buf_bytes(&d->out), "before"));
    pick->events[1] = d->s.events[2];
    d->out.max = 64;
    assert_int_equal(sealed_write(&d->s, pick, &d->out), CIM_ETOOBIG);
    assert_true(cim_bytes_is(cim_buf_bytes(&d->out), "before"));
    free(much);
}

static void
more_than_a_batch_may_hold_is_not_written(void **state)
{
    struct desk *d = *state;
    bool chosen[16];
    uint8_t *much = calloc(1, CIM_EVENT_MAX);

    assert_non_null(much);
    memset(chosen, 1, sizeof chosen);
    make(d, 16);
    write_slice(d, chosen);
    cim_buf_reset(&d->out);
    for (size_t i = 0; i < 15; i++)
        d->pick.events[i] = cim_bytes_of(much, CIM_EVENT_MAX);
    d->pick.events[15].len = 1;
    assert_int_equal(sealed_write(&d->s, &d->pick, &d->out), CIM_ETOOBIG);
    d->pick.events[14].len--;
    assert_int_equal(sealed_write(&d->s, &d->pick, &d->out), CIM_OK);
    free(much);
}

static void
a_batch_has_events_within_its_limits(void **state)
{
    struct desk *d = *state;
    struct cim_identity *id = sealed_identity(7);
    struct cim_header h = sealed_header(id);
    struct cim_signed_header sh;
    struct cim_bytes events[CIM_BATCH_EVENTS + 1];
    uint8_t *much = calloc(1, CIM_EVENT_MAX + 1);

    assert_non_null(much);
    for (size_t i = 0; i <= CIM_BATCH_EVENTS; i++)
        events[i] = cim_bytes_of(much, 1);
    assert_int_equal(cim_batch_seal(&h, id, events, 0, &sh, &d->s.frontier),
                     CIM_EFORM);
    assert_int_equal(cim_batch_seal(&h, id, events, CIM_BATCH_EVENTS + 1, &sh,
                                    &d->s.frontier),
                     CIM_EFORM);
    events[1].len = 0;
    assert_int_equal(cim_batch_seal(&h, id, events, 2, &sh, &d->s.frontier),
                     CIM_EFORM);
    events[1].len = CIM_EVENT_MAX + 1;
    assert_int_equal(cim_batch_seal(&h, id, events, 2, &sh, &d->s.frontier),
                     CIM_ETOOBIG);
    for (size_t i = 0; i < 15; i++)
        events[i].len = CIM_EVENT_MAX;
    assert_int_equal(cim_batch_seal(&h, id, events, 16, &sh, &d->s.frontier),
                     CIM_ETOOBIG);
    assert_null(d->s.frontier.v);
    assert_int_equal(cim_batch_seal(&h, id, events, 15, &sh, &d->s.frontier),
                     CIM_OK);
    assert_int_equal(sh.h.count, 15);
    free(much);
    cim_identity_close(&id);
}

/* The largest batch there may be fits into one slice. */
static void
the_largest_batch_travels_whole(void **state)
{
    struct desk *d = *state;
    struct cim_identity *id = sealed_identity(7);
    struct cim_header h = sealed_header(id);
    struct cim_signed_header sh;
    struct cim_bytes events[CIM_BATCH_EVENTS];
    const struct cim_run all = {0, CIM_BATCH_EVENTS};
    uint8_t text[CIM_BATCH_MAX / CIM_BATCH_EVENTS] = {0};

    for (size_t i = 0; i < CIM_BATCH_EVENTS; i++)
        events[i] = cim_bytes_of(text, sizeof text);
    assert_int_equal(
        cim_batch_seal(&h, id, events, CIM_BATCH_EVENTS, &sh, &d->s.frontier),
        CIM_OK);
    assert_int_equal(cim_slice_write(&sh, &d->s.frontier, &all, 1, events,
                                     CIM_BATCH_EVENTS, &d->out),
                     CIM_OK);
    assert_int_equal(parse_exact(d->out.p, d->out.len), CIM_OK);
    cim_identity_close(&id);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

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
        TEST(key_and_signature_are_told_apart),
        TEST(a_remembered_signature_vouches_for_the_header_alone),
        TEST(a_slice_cut_at_any_byte_is_short),
        TEST(a_slice_with_any_byte_changed_does_not_prove),
        TEST(parts_of_another_form_are_refused),
        TEST(a_header_of_another_version_is_called_so),
        TEST(a_run_is_a_pair),
        TEST(counts_without_bytes_get_no_memory),
        TEST(sizes_are_bounded),
        TEST(a_slice_that_is_none_is_not_written),
        TEST(more_than_a_batch_may_hold_is_not_written),
        TEST(a_batch_has_events_within_its_limits),
        TEST(the_largest_batch_travels_whole),
    };

    if (cim_sodium_start() != CIM_OK)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}

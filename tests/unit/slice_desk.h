/* SPDX-License-Identifier: MPL-2.0 */
/*
 * slice_desk - a batch, a slice of it, and the slice taken apart, so that it
 * can be put together again well-formed and untrue.
 */
#ifndef CIM_TESTS_SLICE_DESK_H
#define CIM_TESTS_SLICE_DESK_H

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

static inline void
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

static inline void
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

static inline int
set_up(void **state)
{
    *state = calloc(1, sizeof(struct desk));
    return *state ? 0 : -1;
}

static inline int
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

static inline void
make(struct desk *d, size_t n)
{
    sealed_clear(&d->s);
    sealed_make(&d->s, n, 0);
}

/* A slice of these events in d->out, its pieces in d->pick and d->parts. */
static inline void
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

static inline void
choose(struct chance *c, size_t n, size_t rarely, bool *chosen)
{
    for (size_t i = 0; i < n; i++)
        chosen[i] = chance_below(c, rarely) == 0;
    chosen[chance_below(c, n)] = true;
}

/* Parses a copy of just these bytes, so that a byte read beyond is seen. */
static inline enum cim_err
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
static inline enum cim_err
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

static inline void
refused(struct desk *d)
{
    enum cim_err err = verdict(d);

    assert_true(err == CIM_EROOT || err == CIM_EFORM);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

#endif

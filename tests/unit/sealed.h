/* SPDX-License-Identifier: MPL-2.0 */
/*
 * sealed - batches of made-up events, sealed by a fixed identity.
 *
 * Events are any bytes here: nothing below the event rules looks into them.
 */
#ifndef CIM_TESTS_SEALED_H
#define CIM_TESTS_SEALED_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "proto/slice.h"

#define EPOCH UINT64_C(1795359600123)
#define NOW   INT64_C(1795359600123)

/* The identity whose seeds are all `seed`; the caller closes it. */
static inline struct cim_identity *
sealed_identity(uint8_t seed)
{
    struct cim_identity *id = NULL;
    uint8_t sign[32], curve[32];

    memset(sign, seed, sizeof sign);
    memset(curve, seed + 1, sizeof curve);
    assert_int_equal(cim_identity_from_seeds(sign, curve, &id), CIM_OK);
    return id;
}

/* A header of "odl/ci-1" as its publisher fills it before sealing. */
static inline struct cim_header
sealed_header(const struct cim_identity *id)
{
    struct cim_header h = {.node = "odl/ci-1",
                           .epoch = EPOCH,
                           .first = 1,
                           .count = 1,
                           .time_ms = NOW};
    struct cim_signkey key = cim_identity_signkey(id);

    h.key = cim_keyid_of(&key);
    return h;
}

struct sealed {
    struct cim_signkey key;
    uint8_t text[CIM_BATCH_EVENTS][8]; /* what the events hold */
    struct cim_bytes events[CIM_BATCH_EVENTS];
    size_t n;
    struct cim_signed_header sh;
    struct cim_frontier frontier; /* all leaves */
};

/* Event i holds i and salt; lengths vary between 3 and 8 bytes. */
static inline void
sealed_make(struct sealed *s, size_t n, uint8_t salt)
{
    struct cim_identity *id = sealed_identity(7);
    struct cim_header h = sealed_header(id);

    memset(s, 0, sizeof *s);
    s->key = cim_identity_signkey(id);
    s->n = n;
    for (size_t i = 0; i < n; i++) {
        uint8_t text[8] = {(uint8_t)(i >> 8), (uint8_t)i, salt, 1, 2, 3, 4, 5};
        memcpy(s->text[i], text, sizeof text);
        s->events[i] = cim_bytes_of(s->text[i], 3 + i % 6);
    }
    assert_int_equal(cim_batch_seal(&h, id, s->events, n, &s->sh, &s->frontier),
                     CIM_OK);
    cim_identity_close(&id);
}

static inline void
sealed_clear(struct sealed *s)
{
    cim_frontier_clear(&s->frontier);
}

/* Some of a batch: its runs and its events. */
struct pick {
    struct cim_run runs[CIM_BATCH_EVENTS / 2 + 1];
    size_t n_runs;
    struct cim_bytes events[CIM_BATCH_EVENTS];
    size_t n;
};

/* The events for which chosen[i] is set. */
static inline void
sealed_pick(const struct sealed *s, const bool *chosen, struct pick *out)
{
    out->n = out->n_runs = 0;
    for (size_t i = 0; i < s->n; i++) {
        if (!chosen[i])
            continue;
        out->events[out->n++] = s->events[i];
        if (i && chosen[i - 1])
            out->runs[out->n_runs - 1].n++;
        else
            out->runs[out->n_runs++] =
                (struct cim_run){.first = (uint16_t)i, .n = 1};
    }
}

static inline enum cim_err
sealed_write(const struct sealed *s, const struct pick *pick,
             struct cim_buf *out)
{
    return cim_slice_write(&s->sh, &s->frontier, pick->runs, pick->n_runs,
                           pick->events, pick->n, out);
}

/* Parses and proves; on success *out is the caller's. */
static inline enum cim_err
sealed_prove(struct cim_bytes frame, const struct cim_signkey *key,
             struct cim_proven *out)
{
    struct cim_slice slice;
    enum cim_err err = cim_slice_parse(frame, &slice);

    if (err)
        return err;
    err = cim_slice_prove(&slice, key, false, out);
    if (err)
        cim_slice_clear(&slice);
    return err;
}

#endif

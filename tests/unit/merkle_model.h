/* SPDX-License-Identifier: MPL-2.0 */
/*
 * merkle_model - the tree once more, naive.
 *
 * A subtree's hash is computed from all its leaves, top down, and a range is
 * cut by counting bits: no code and no idea is shared with merkle.c.
 */
#ifndef CIM_TESTS_MERKLE_MODEL_H
#define CIM_TESTS_MERKLE_MODEL_H

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "keys/sign.h"
#include "proto/merkle.h"
#include "tests/unit/chance.h"

static struct cim_hash leaves[CIM_BATCH_EVENTS];

static inline void
make_leaves(uint8_t salt)
{
    for (size_t i = 0; i < CIM_BATCH_EVENTS; i++) {
        uint8_t event[3] = {(uint8_t)(i >> 8), (uint8_t)i, salt};
        leaves[i] = cim_hash_leaf(cim_bytes_of(event, sizeof event));
    }
}

/* Left part of n: the highest bit of n - 1. */
static inline uint32_t
naive_left(uint32_t n)
{
    uint32_t bit = UINT32_C(1) << 31;

    while (!((n - 1) & bit))
        bit >>= 1;
    return bit;
}

static inline struct cim_hash
naive_hash(uint32_t lo, uint32_t n)
{
    if (n == 1)
        return leaves[lo];
    uint32_t k = naive_left(n);
    uint8_t both[65] = {1};
    struct cim_hash left = naive_hash(lo, k), right = naive_hash(lo + k, n - k);
    memcpy(both + 1, left.b, 32);
    memcpy(both + 33, right.b, 32);
    return cim_hash_bytes(cim_bytes_of(both, sizeof both));
}

static inline bool
any_chosen(const bool *chosen, uint32_t lo, uint32_t n)
{
    for (uint32_t i = lo; i < lo + n; i++)
        if (chosen[i])
            return true;
    return false;
}

/* Frontier and nodes of a selection, by definition. */
static inline void
naive_frontier(const bool *chosen, uint32_t lo, uint32_t n,
               struct cim_frontier *f, struct cim_buf *nodes)
{
    if (!any_chosen(chosen, lo, n) || n == 1) {
        struct cim_hash hash = naive_hash(lo, n);
        assert_int_equal(cim_frontier_add(f, (uint16_t)lo, (uint16_t)n, &hash),
                         CIM_OK);
        if (!chosen[lo] || n > 1)
            cim_buf_add(nodes, hash.b, sizeof hash.b);
        return;
    }
    uint32_t k = naive_left(n);
    naive_frontier(chosen, lo, k, f, nodes);
    naive_frontier(chosen, lo + k, n - k, f, nodes);
}

static inline void
assert_frontiers_equal(const struct cim_frontier *a,
                       const struct cim_frontier *b)
{
    assert_int_equal(a->len, b->len);
    for (size_t i = 0; i < a->len; i++) {
        assert_int_equal(a->v[i].lo, b->v[i].lo);
        assert_int_equal(a->v[i].n, b->v[i].n);
        assert_true(cim_hash_eq(&a->v[i].hash, &b->v[i].hash));
    }
}

struct selection {
    bool chosen[CIM_BATCH_EVENTS];
    struct cim_run runs[CIM_BATCH_EVENTS];
    size_t n_runs;
    struct cim_hash leaves[CIM_BATCH_EVENTS];
};

/* Chooses about one in `rarely`, but at least one. */
static inline void
choose(struct chance *c, uint32_t count, size_t rarely, struct selection *s)
{
    size_t at = 0;

    memset(s, 0, sizeof *s);
    for (uint32_t i = 0; i < count; i++)
        s->chosen[i] = chance_below(c, rarely) == 0;
    s->chosen[chance_below(c, count)] = true;
    for (uint32_t i = 0; i < count; i++) {
        if (!s->chosen[i])
            continue;
        s->leaves[at++] = leaves[i];
        if (i && s->chosen[i - 1])
            s->runs[s->n_runs - 1].n++;
        else
            s->runs[s->n_runs++] = (struct cim_run){(uint16_t)i, 1};
    }
}

static inline struct cim_frontier
all_leaves(uint32_t count)
{
    struct cim_frontier f = {0};

    for (uint32_t i = 0; i < count; i++)
        assert_int_equal(cim_frontier_add(&f, (uint16_t)i, 1, &leaves[i]),
                         CIM_OK);
    return f;
}

/* The 64 smallest counts, and some around powers of two. */
static inline uint32_t
count_at(size_t i)
{
    static const uint32_t more[] = {65,  100, 127, 128,  129,
                                    511, 513, 777, 1023, 1024};

    return i < 64 ? (uint32_t)i + 1 : more[i - 64];
}
#define N_COUNTS 74

#endif

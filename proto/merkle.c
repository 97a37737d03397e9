/* SPDX-License-Identifier: MPL-2.0 */
/*
 * All of it is one recursion over (lo, n): a range of leaves is the next
 * entry of a row, or it splits at the largest power of two below n and its
 * hash is inner(left, right). A batch has at most 1,024 leaves, so the
 * recursion is at most 11 deep.
 */
#include "proto/merkle.h"

#include <stdlib.h>
#include <string.h>

/* Largest power of two below n; n >= 2. */
static uint32_t
split_of(uint32_t n)
{
    uint32_t k = 1;

    while (k * 2 < n)
        k *= 2;
    return k;
}

void
cim_frontier_clear(struct cim_frontier *f)
{
    free(f->v);
    *f = (struct cim_frontier){0};
}

enum cim_err
cim_frontier_add(struct cim_frontier *f, uint16_t lo, uint16_t n,
                 const struct cim_hash *hash)
{
    if (f->len == f->cap) {
        size_t cap = f->cap ? f->cap * 2 : 16;
        struct cim_node *v = reallocarray(f->v, cap, sizeof *v);
        if (!v)
            return CIM_ENOMEM;
        f->v = v;
        f->cap = cap;
    }
    f->v[f->len++] = (struct cim_node){.lo = lo, .n = n, .hash = *hash};
    return CIM_OK;
}

struct cim_hash
cim_merkle_root(const struct cim_hash *leaves, uint32_t count)
{
    if (count == 1)
        return leaves[0];
    uint32_t k = split_of(count);
    struct cim_hash left = cim_merkle_root(leaves, k);
    struct cim_hash right = cim_merkle_root(leaves + k, count - k);
    return cim_hash_inner(&left, &right);
}

/* ---- frontier ------------------------------------------------------------*/

/* A row being read from left to right. */
struct row {
    const struct cim_frontier *f;
    size_t at;
};

static const struct cim_node *
row_next(const struct row *row)
{
    return row->at < row->f->len ? &row->f->v[row->at] : NULL;
}

/* Hash of (lo, n) from the row's next entries, which must make it up. */
static enum cim_err
row_hash(struct row *row, uint32_t lo, uint32_t n, struct cim_hash *out)
{
    const struct cim_node *next = row_next(row);
    struct cim_hash left, right;

    if (!next || next->lo != lo || next->n > n)
        return CIM_EFORM;
    if (next->n == n) {
        *out = next->hash;
        row->at++;
        return CIM_OK;
    }
    if (n == 1)
        return CIM_EFORM; /* an entry of no leaves */
    uint32_t k = split_of(n);
    enum cim_err err = row_hash(row, lo, k, &left);
    if (!err)
        err = row_hash(row, lo + k, n - k, &right);
    if (!err)
        *out = cim_hash_inner(&left, &right);
    return err;
}

enum cim_err
cim_frontier_root(const struct cim_frontier *f, uint32_t count,
                  struct cim_hash *root)
{
    struct row row = {.f = f};

    if (count == 0 || count > CIM_BATCH_EVENTS)
        return CIM_EFORM;
    enum cim_err err = row_hash(&row, 0, count, root);
    return !err && row.at != f->len ? CIM_EFORM : err;
}

/* ---- selection -----------------------------------------------------------*/

/* Runs being read from left to right, asked with rising lo. */
struct runs {
    const struct cim_run *v;
    size_t n, at;
};

/* Is any index of [lo, lo + n) selected? */
static bool
runs_touch(struct runs *runs, uint32_t lo, uint32_t n)
{
    while (runs->at < runs->n &&
           (uint32_t)runs->v[runs->at].first + runs->v[runs->at].n <= lo)
        runs->at++;
    return runs->at < runs->n && runs->v[runs->at].first < lo + n;
}

static bool
runs_valid(const struct cim_run *runs, size_t n_runs, uint32_t count)
{
    uint32_t least = 0; /* the next run starts at or above this */

    if (n_runs == 0)
        return false;
    for (size_t i = 0; i < n_runs; i++) {
        if (runs[i].n == 0 || runs[i].first < least ||
            (uint32_t)runs[i].first + runs[i].n > count)
            return false;
        least = (uint32_t)runs[i].first + runs[i].n + 1;
    }
    return true;
}

/* Appends what (lo, n) adds to the nodes of a slice. */
static enum cim_err
collect(struct row *row, struct runs *runs, uint32_t lo, uint32_t n,
        struct cim_buf *out)
{
    struct cim_hash hash;
    enum cim_err err;

    if (!runs_touch(runs, lo, n)) {
        err = row_hash(row, lo, n, &hash);
        return err ? err : cim_buf_add(out, hash.b, sizeof hash.b);
    }
    if (n == 1) {
        /* selected: its leaf comes with the event, the row steps over it */
        return row_hash(row, lo, 1, &hash);
    }
    uint32_t k = split_of(n);
    err = collect(row, runs, lo, k, out);
    return err ? err : collect(row, runs, lo + k, n - k, out);
}

enum cim_err
cim_merkle_nodes(const struct cim_frontier *f, uint32_t count,
                 const struct cim_run *runs, size_t n_runs, struct cim_buf *out)
{
    struct row row = {.f = f};
    struct runs sel = {.v = runs, .n = n_runs};

    if (!runs_valid(runs, n_runs, count))
        return CIM_EFORM;
    enum cim_err err = collect(&row, &sel, 0, count, out);
    return !err && row.at != f->len ? CIM_EFORM : err;
}

/* ---- check ---------------------------------------------------------------*/

struct check {
    struct runs runs;
    const struct cim_hash *leaves;
    size_t leaf_at;
    struct cim_bytes nodes;
    size_t node_at; /* bytes */
    struct cim_frontier *frontier;
};

/* A known subtree: into the frontier, if one is wanted. */
static enum cim_err
note(struct check *c, uint32_t lo, uint32_t n, const struct cim_hash *hash)
{
    return c->frontier
               ? cim_frontier_add(c->frontier, (uint16_t)lo, (uint16_t)n, hash)
               : CIM_OK;
}

static enum cim_err
check_range(struct check *c, uint32_t lo, uint32_t n, struct cim_hash *out)
{
    struct cim_hash left, right;

    if (!runs_touch(&c->runs, lo, n)) {
        if (c->nodes.len - c->node_at < CIM_HASH_LEN)
            return CIM_EROOT;
        memcpy(out->b, c->nodes.p + c->node_at, CIM_HASH_LEN);
        c->node_at += CIM_HASH_LEN;
        return note(c, lo, n, out);
    }
    if (n == 1) {
        *out = c->leaves[c->leaf_at++];
        return note(c, lo, 1, out);
    }
    uint32_t k = split_of(n);
    enum cim_err err = check_range(c, lo, k, &left);
    if (!err)
        err = check_range(c, lo + k, n - k, &right);
    if (!err)
        *out = cim_hash_inner(&left, &right);
    return err;
}

enum cim_err
cim_merkle_check(uint32_t count, const struct cim_run *runs, size_t n_runs,
                 const struct cim_hash *leaves, struct cim_bytes nodes,
                 const struct cim_hash *root, struct cim_frontier *frontier)
{
    struct cim_frontier found = {0};
    struct check c = {.runs = {.v = runs, .n = n_runs},
                      .leaves = leaves,
                      .nodes = nodes,
                      .frontier = frontier ? &found : NULL};
    struct cim_hash top;

    if (!runs_valid(runs, n_runs, count))
        return CIM_EROOT;
    enum cim_err err = check_range(&c, 0, count, &top);
    if (!err && (c.node_at != nodes.len || !cim_hash_eq(&top, root)))
        err = CIM_EROOT;
    if (err)
        cim_frontier_clear(&found);
    else if (frontier)
        *frontier = found;
    return err;
}

/* ---- merge ---------------------------------------------------------------*/

/* The finer row's entries for the range of the coarser one's next entry. */
static enum cim_err
merge_range(struct row *fine, struct row *coarse, struct cim_frontier *out)
{
    const struct cim_node *whole = row_next(coarse), *next = row_next(fine);
    uint32_t at = whole->lo, end = at + whole->n;

    if (next->n == whole->n && !cim_hash_eq(&next->hash, &whole->hash))
        return CIM_EFORM;
    while (at < end) {
        next = row_next(fine);
        if (!next || next->n == 0 || next->lo != at || at + next->n > end)
            return CIM_EFORM;
        enum cim_err err =
            cim_frontier_add(out, next->lo, next->n, &next->hash);
        if (err)
            return err;
        at += next->n;
        fine->at++;
    }
    coarse->at++;
    return CIM_OK;
}

enum cim_err
cim_frontier_merge(const struct cim_frontier *a, const struct cim_frontier *b,
                   struct cim_frontier *out)
{
    struct row ra = {.f = a}, rb = {.f = b};
    struct cim_frontier both = {0};
    enum cim_err err = CIM_OK;

    while (!err && (row_next(&ra) || row_next(&rb))) {
        const struct cim_node *na = row_next(&ra), *nb = row_next(&rb);
        if (!na || !nb || na->lo != nb->lo)
            err = CIM_EFORM;
        else if (na->n <= nb->n)
            err = merge_range(&ra, &rb, &both);
        else
            err = merge_range(&rb, &ra, &both);
    }
    if (err)
        cim_frontier_clear(&both);
    else
        *out = both;
    return err;
}

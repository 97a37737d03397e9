/* SPDX-License-Identifier: MPL-2.0 */
#include "proto/slice.h"

#include <stdlib.h>
#include <string.h>

#include "proto/wire.h"

#define ELEMENTS  5
#define MAX_DEPTH 8
/* Values in a slice: per event a run of three values and the event itself. */
#define MAX_ITEMS (5 * CIM_BATCH_EVENTS + 16)

void
cim_slice_clear(struct cim_slice *slice)
{
    free(slice->runs);
    free(slice->events);
    slice->runs = NULL;
    slice->events = NULL;
    slice->n_runs = slice->n_events = 0;
}

/* An event's size; all of them are added up in *total. */
static enum cim_err
check_event(struct cim_bytes event, size_t *total)
{
    if (event.len == 0)
        return CIM_EFORM;
    *total += event.len;
    return event.len > CIM_EVENT_MAX ? CIM_ETOOBIG : CIM_OK;
}

/* ---- parse ---------------------------------------------------------------*/

/* One [first, n]; *least is where it may start, then where the next may. */
static enum cim_err
read_run(struct cim_reader *r, uint32_t count, uint32_t *least,
         struct cim_run *out)
{
    uint64_t first = 0, n = 0;
    uint32_t elements;
    enum cim_err err = cim_wire_array(r, &elements);

    if (!err && elements != 2)
        err = CIM_EFORM;
    if (!err)
        err = cim_wire_uint(r, CIM_BATCH_EVENTS, &first);
    if (!err)
        err = cim_wire_uint(r, CIM_BATCH_EVENTS, &n);
    if (!err && (n == 0 || first < *least || first + n > count))
        err = CIM_EFORM;
    if (err)
        return err;
    *out = (struct cim_run){.first = (uint16_t)first, .n = (uint16_t)n};
    *least = (uint32_t)(first + n + 1);
    return CIM_OK;
}

static enum cim_err
read_runs(struct cim_reader *r, struct cim_slice *out, size_t *selected)
{
    uint32_t n, least = 0;
    enum cim_err err = cim_wire_array(r, &n);

    if (!err && (n == 0 || n > CIM_BATCH_EVENTS))
        err = CIM_EFORM;
    if (err)
        return err;
    out->runs = calloc(n, sizeof *out->runs);
    if (!out->runs)
        return CIM_ENOMEM;
    *selected = 0;
    for (uint32_t i = 0; !err && i < n; i++) {
        err = read_run(r, out->sh.h.count, &least, &out->runs[i]);
        *selected += out->runs[i].n;
    }
    out->n_runs = n;
    return err;
}

static enum cim_err
read_events(struct cim_reader *r, struct cim_slice *out, size_t selected)
{
    size_t total = 0;
    uint32_t n;
    enum cim_err err = cim_wire_array(r, &n);

    if (!err && n != selected)
        err = CIM_EFORM;
    if (err)
        return err;
    out->events = calloc(n, sizeof *out->events);
    if (!out->events)
        return CIM_ENOMEM;
    for (uint32_t i = 0; !err && i < n; i++) {
        err = cim_wire_bin(r, &out->events[i]);
        if (!err)
            err = check_event(out->events[i], &total);
    }
    out->n_events = n;
    return !err && n > 1 && total > CIM_BATCH_MAX ? CIM_ETOOBIG : err;
}

static enum cim_err
read_slice(struct cim_reader *r, struct cim_slice *out)
{
    struct cim_bytes header, sig;
    size_t selected = 0;
    uint32_t n;
    enum cim_err err = cim_wire_array(r, &n);

    if (!err && n != ELEMENTS)
        err = CIM_EFORM;
    if (!err)
        err = cim_wire_bin(r, &header);
    if (!err)
        err = cim_wire_bin(r, &sig);
    if (!err)
        err = cim_signed_parse(header, sig, &out->sh);
    if (!err)
        err = read_runs(r, out, &selected);
    if (!err)
        err = read_events(r, out, selected);
    if (!err)
        err = cim_wire_bin(r, &out->nodes);
    if (!err && out->nodes.len % CIM_HASH_LEN)
        err = CIM_EFORM;
    return err;
}

enum cim_err
cim_slice_parse(struct cim_bytes frame, struct cim_slice *out)
{
    struct cim_reader r = {.data = frame};

    *out = (struct cim_slice){0};
    if (frame.len > CIM_SLICE_MAX)
        return CIM_ETOOBIG;
    enum cim_err err = cim_wire_skim(frame, MAX_DEPTH, MAX_ITEMS);
    if (!err)
        err = read_slice(&r, out);
    if (err)
        cim_slice_clear(out);
    return err;
}

uint32_t
cim_slice_index(const struct cim_slice *slice, size_t i)
{
    size_t run = 0;

    while (i >= slice->runs[run].n)
        i -= slice->runs[run++].n;
    return (uint32_t)(slice->runs[run].first + i);
}

/* ---- prove ---------------------------------------------------------------*/

void
cim_proven_clear(struct cim_proven *proven)
{
    cim_slice_clear(&proven->slice);
    cim_frontier_clear(&proven->frontier);
    free(proven->leaves);
    proven->leaves = NULL;
}

enum cim_err
cim_slice_prove(struct cim_slice *slice, const struct cim_signkey *key,
                bool sig_known, struct cim_proven *out)
{
    const struct cim_header *h = &slice->sh.h;
    struct cim_keyid id = cim_keyid_of(key);
    struct cim_hash *leaves;
    struct cim_frontier frontier = {0};

    if (!cim_keyid_eq(&id, &h->key))
        return CIM_EKEY;
    leaves = calloc(slice->n_events, sizeof *leaves);
    if (!leaves)
        return CIM_ENOMEM;
    for (size_t i = 0; i < slice->n_events; i++)
        leaves[i] = cim_hash_leaf(slice->events[i]);
    enum cim_err err =
        cim_merkle_check(h->count, slice->runs, slice->n_runs, leaves,
                         slice->nodes, &h->root, &frontier);
    if (!err && !sig_known)
        err = cim_signed_verify(&slice->sh, key);
    if (err) {
        cim_frontier_clear(&frontier);
        free(leaves);
        return err;
    }
    *out = (struct cim_proven){
        .slice = *slice,
        .leaves = leaves,
        .frontier = frontier,
        .header_hash = cim_header_hash(cim_signed_bytes(&slice->sh))};
    *slice = (struct cim_slice){0};
    return CIM_OK;
}

/* ---- write ---------------------------------------------------------------*/

static size_t
uint_size(uint64_t value)
{
    return value < 0x80 ? 1 : value < 0x100 ? 2 : value < 0x10000 ? 3 : 5;
}

static size_t
array_size(size_t n)
{
    return n < 16 ? 1 : n < 0x10000 ? 3 : 5;
}

static size_t
bin_size(size_t len)
{
    return len + (len < 0x100 ? 2 : len < 0x10000 ? 3 : 5);
}

/* Nodes a slice of these runs has: subtrees of (lo, n) without a selected
 * index. `run` is the first run that may touch the range. */
static size_t
count_nodes(const struct cim_run *runs, size_t n_runs, uint32_t lo, uint32_t n)
{
    size_t at = 0;
    uint32_t k = 1;

    while (at < n_runs && (uint32_t)runs[at].first + runs[at].n <= lo)
        at++;
    if (at == n_runs || runs[at].first >= lo + n)
        return 1;
    if (runs[at].first <= lo && (uint32_t)runs[at].first + runs[at].n >= lo + n)
        return 0;
    while (k * 2 < n)
        k *= 2;
    return count_nodes(runs + at, n_runs - at, lo, k) +
           count_nodes(runs + at, n_runs - at, lo + k, n - k);
}

size_t
cim_slice_size(const struct cim_signed_header *sh, const struct cim_run *runs,
               size_t n_runs, const struct cim_bytes *events, size_t n_events)
{
    size_t size = 1 + bin_size(sh->len) + bin_size(CIM_SIG_LEN);

    size += array_size(n_runs);
    for (size_t i = 0; i < n_runs; i++)
        size += 1 + uint_size(runs[i].first) + uint_size(runs[i].n);
    size += array_size(n_events);
    for (size_t i = 0; i < n_events; i++)
        size += bin_size(events[i].len);
    return size +
           bin_size(CIM_HASH_LEN * count_nodes(runs, n_runs, 0, sh->h.count));
}

static void
put_runs(struct cim_buf *out, const struct cim_run *runs, size_t n_runs)
{
    cim_wire_put_array(out, (uint32_t)n_runs);
    for (size_t i = 0; i < n_runs; i++) {
        cim_wire_put_array(out, 2);
        cim_wire_put_uint(out, runs[i].first);
        cim_wire_put_uint(out, runs[i].n);
    }
}

/* Do these events fill these runs? */
static enum cim_err
check_selection(const struct cim_run *runs, size_t n_runs,
                const struct cim_bytes *events, size_t n_events)
{
    size_t selected = 0, total = 0;
    enum cim_err err = CIM_OK;

    for (size_t i = 0; i < n_runs; i++)
        selected += runs[i].n;
    if (selected != n_events)
        return CIM_EFORM;
    for (size_t i = 0; !err && i < n_events; i++)
        err = check_event(events[i], &total);
    return !err && n_events > 1 && total > CIM_BATCH_MAX ? CIM_ETOOBIG : err;
}

enum cim_err
cim_slice_write(const struct cim_signed_header *sh,
                const struct cim_frontier *f, const struct cim_run *runs,
                size_t n_runs, const struct cim_bytes *events, size_t n_events,
                struct cim_buf *out)
{
    struct cim_buf nodes = {0};
    size_t before = out->len;
    enum cim_err err = check_selection(runs, n_runs, events, n_events);

    if (!err)
        err = cim_merkle_nodes(f, sh->h.count, runs, n_runs, &nodes);
    if (!err) {
        cim_wire_put_array(out, ELEMENTS);
        cim_wire_put_bin(out, cim_signed_bytes(sh));
        cim_wire_put_bin(out, cim_bytes_of(sh->sig.b, sizeof sh->sig.b));
        put_runs(out, runs, n_runs);
        cim_wire_put_array(out, (uint32_t)n_events);
        for (size_t i = 0; i < n_events; i++)
            cim_wire_put_bin(out, events[i]);
        cim_wire_put_bin(out, cim_buf_bytes(&nodes));
        err = out->err;
    }
    if (!err && out->len - before > CIM_SLICE_MAX)
        err = CIM_ETOOBIG;
    if (err)
        out->len = before;
    cim_buf_clear(&nodes);
    return err;
}

/* ---- seal ----------------------------------------------------------------*/

static enum cim_err
check_batch(const struct cim_bytes *events, size_t n)
{
    size_t total = 0;
    enum cim_err err = CIM_OK;

    if (n == 0 || n > CIM_BATCH_EVENTS)
        return CIM_EFORM;
    for (size_t i = 0; !err && i < n; i++)
        err = check_event(events[i], &total);
    return !err && n > 1 && total > CIM_BATCH_MAX ? CIM_ETOOBIG : err;
}

enum cim_err
cim_batch_seal(struct cim_header *h, const struct cim_identity *id,
               const struct cim_bytes *events, size_t n,
               struct cim_signed_header *out, struct cim_frontier *frontier)
{
    struct cim_frontier f = {0};
    enum cim_err err = check_batch(events, n);

    for (size_t i = 0; !err && i < n; i++) {
        struct cim_hash leaf = cim_hash_leaf(events[i]);
        err = cim_frontier_add(&f, (uint16_t)i, 1, &leaf);
    }
    h->count = (uint32_t)n;
    if (!err)
        err = cim_frontier_root(&f, h->count, &h->root);
    if (!err)
        err = cim_header_seal(h, id, out);
    if (err)
        cim_frontier_clear(&f);
    else
        *frontier = f;
    return err;
}

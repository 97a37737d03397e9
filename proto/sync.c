/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Every message is skimmed first, so the counts below are bounded by bytes
 * that are there; arrays are allocated once, of the declared length.
 */
#include "proto/sync.h"

#include <stdlib.h>
#include <string.h>

#include "proto/wire.h"

#define MAX_DEPTH 8
#define VERSION   1
/* Values an ask of 16 KiB or an answer of 1 MiB could hold at the most. */
#define ASK_ITEMS    4096
#define ANSWER_ITEMS (64 * 1024)
/* Slices, entries and spans of one answer. */
#define LIST_MAX 16384
/* Bytes of the shortest entry: a header of 88, a signature, their heads. */
#define ENTRY_MIN 158
/* Characters of a refusal's reason. */
#define REASON_MAX 32

/* ---- reading -------------------------------------------------------------*/

static enum cim_err
read_digest(struct cim_reader *r, bool *known, struct cim_digest *out)
{
    struct cim_bytes b = {0};
    enum cim_err err = cim_wire_bin(r, &b);

    if (!err && b.len != 0 && b.len != CIM_DIGEST_LEN)
        err = CIM_EFORM;
    if (err)
        return err;
    *known = b.len != 0;
    if (*known)
        memcpy(out->b, b.p, b.len);
    return CIM_OK;
}

/* What is held, of `range` positions: [..., n, digest]. */
static enum cim_err
read_have(struct cim_reader *r, uint64_t range, struct cim_have *have)
{
    bool known = false;
    struct cim_digester d;
    enum cim_err err = cim_wire_uint(r, range, &have->n);

    if (!err)
        err = read_digest(r, &known, &have->digest);
    if (err || have->n)
        return !err && !known ? CIM_EFORM : err;
    cim_digester_init(&d);
    struct cim_digest nothing = cim_digester_end(&d);
    if (known && !cim_digest_eq(&nothing, &have->digest))
        return CIM_EFORM;
    have->digest = nothing;
    return CIM_OK;
}

/* An array head of at most max elements. */
static enum cim_err
read_count(struct cim_reader *r, uint32_t max, uint32_t *n)
{
    enum cim_err err = cim_wire_array(r, n);

    return !err && *n > max ? CIM_ETOOBIG : err;
}

/* A list's memory; NULL with CIM_OK when it is empty. */
static enum cim_err
list_new(uint32_t n, size_t size, void *out)
{
    void *p = n ? calloc(n, size) : NULL;

    memcpy(out, &p, sizeof p);
    return n && !p ? CIM_ENOMEM : CIM_OK;
}

static enum cim_err
read_after(struct cim_reader *r, struct cim_heads_ask *ask)
{
    uint32_t n;
    enum cim_err err = cim_wire_array(r, &n);

    if (!err && n != 2)
        err = CIM_EFORM;
    if (!err)
        err = cim_wire_str(r, &ask->after_node);
    if (!err && ask->after_node.len != 0 && !cim_node_valid(ask->after_node))
        err = CIM_EFORM;
    if (!err)
        err = cim_wire_uint(r, CIM_SEQ_MAX, &ask->after_epoch);
    return !err && !ask->after_node.len && ask->after_epoch ? CIM_EFORM : err;
}

static enum cim_err
read_heads_ask(struct cim_reader *r, struct cim_heads_ask *ask)
{
    uint32_t n;
    enum cim_err err = read_count(r, CIM_HEADS_NODES, &n);

    if (!err)
        err = list_new(n, sizeof *ask->nodes, &ask->nodes);
    for (uint32_t i = 0; !err && i < n; i++) {
        err = cim_wire_str(r, &ask->nodes[i]);
        if (!err && !cim_node_valid(ask->nodes[i]))
            err = CIM_EFORM;
        ask->n_nodes = i + 1;
    }
    if (!err)
        err = read_digest(r, &ask->known, &ask->digest);
    return err ? err : read_after(r, ask);
}

static enum cim_err
read_prefixes(struct cim_reader *r, struct cim_fetch_ask *ask)
{
    struct cim_bytes text;
    uint32_t n;
    enum cim_err err = read_count(r, CIM_PREFIXES_MAX, &n);

    if (!err && n == 0)
        err = CIM_EFORM;
    if (!err)
        err = list_new(n, sizeof *ask->prefixes, &ask->prefixes);
    for (uint32_t i = 0; !err && i < n; i++) {
        err = cim_wire_str(r, &text);
        if (!err && cim_prefix_from_wire(text, &ask->prefixes[i]))
            err = CIM_EFORM;
        ask->n_prefixes = i + 1;
    }
    return err;
}

static enum cim_err
read_fetch_ask(struct cim_reader *r, struct cim_fetch_ask *ask)
{
    enum cim_err err = cim_wire_str(r, &ask->node);

    if (!err && !cim_node_valid(ask->node))
        err = CIM_EFORM;
    if (!err)
        err = cim_wire_uint(r, CIM_SEQ_MAX, &ask->epoch);
    if (!err)
        err = cim_wire_uint(r, CIM_SEQ_MAX, &ask->after);
    if (!err)
        err = cim_wire_uint(r, CIM_SEQ_MAX, &ask->upto);
    if (!err && ask->upto <= ask->after)
        err = CIM_EFORM;
    if (!err && ask->upto - ask->after > CIM_FETCH_RANGE)
        err = CIM_ETOOBIG;
    if (!err)
        err = read_prefixes(r, ask);
    return err ? err : read_have(r, ask->upto - ask->after, &ask->have);
}

static enum cim_err
read_entry(struct cim_reader *r, struct cim_heads_entry *out)
{
    struct cim_bytes header, sig;
    uint32_t n;
    enum cim_err err = cim_wire_array(r, &n);

    if (!err && n != 3)
        err = CIM_EFORM;
    if (!err)
        err = cim_wire_bin(r, &header);
    if (!err)
        err = cim_wire_bin(r, &sig);
    if (!err)
        err = cim_wire_uint(r, CIM_SEQ_MAX, &out->held);
    return err ? err : cim_signed_parse(header, sig, &out->head);
}

/* Entries go up by node, then epoch. */
static bool
in_order(const struct cim_header *a, const struct cim_header *b)
{
    int order = strcmp(a->node, b->node);

    return order ? order < 0 : a->epoch < b->epoch;
}

static enum cim_err
read_entries(struct cim_reader *r, struct cim_heads_answer *a)
{
    uint32_t n = 0;
    enum cim_err err = read_count(r, LIST_MAX, &n);

    if (!err && n > (r->data.len - r->at) / ENTRY_MIN)
        err = CIM_ESHORT;
    if (!err)
        err = list_new(n, sizeof *a->entries, &a->entries);
    for (uint32_t i = 0; !err && i < n; i++) {
        err = read_entry(r, &a->entries[i]);
        if (!err && i &&
            !in_order(&a->entries[i - 1].head.h, &a->entries[i].head.h))
            err = CIM_EFORM;
        a->n_entries = i + 1;
    }
    return err;
}

static enum cim_err
read_heads_answer(struct cim_reader *r, struct cim_heads_answer *a)
{
    bool known = false;
    enum cim_err err = read_digest(r, &known, &a->digest);

    if (!err && !known)
        err = CIM_EFORM;
    if (!err)
        err = cim_wire_bool(r, &a->more);
    if (!err)
        err = read_entries(r, a);
    return !err && a->more && a->n_entries == 0 ? CIM_EFORM : err;
}

static enum cim_err
read_span(struct cim_reader *r, uint64_t *least, struct cim_span *out)
{
    uint32_t n;
    enum cim_err err = cim_wire_array(r, &n);

    if (!err && n != 2)
        err = CIM_EFORM;
    if (!err)
        err = cim_wire_uint(r, CIM_SEQ_MAX, &out->first);
    if (!err)
        err = cim_wire_uint(r, CIM_FETCH_RANGE, &out->n);
    if (!err && (out->n == 0 || out->first < *least))
        err = CIM_EFORM;
    if (!err)
        *least = out->first + out->n + 1;
    return err;
}

/* Spans go up, do not touch, and end at covered or before. */
static enum cim_err
read_missing(struct cim_reader *r, struct cim_fetch_answer *a)
{
    uint64_t least = 1;
    uint32_t n = 0;
    enum cim_err err = read_count(r, LIST_MAX, &n);

    if (!err)
        err = list_new(n, sizeof *a->missing, &a->missing);
    for (uint32_t i = 0; !err && i < n; i++) {
        err = read_span(r, &least, &a->missing[i]);
        if (!err && least - 2 > a->covered)
            err = CIM_EFORM;
        a->n_missing = i + 1;
    }
    return err;
}

static enum cim_err
read_fetch_answer(struct cim_reader *r, struct cim_fetch_answer *a)
{
    uint32_t n = 0;
    enum cim_err err = cim_wire_uint(r, CIM_SEQ_MAX, &a->covered);

    if (!err)
        err = cim_wire_uint(r, CIM_SEQ_MAX, &a->last);
    if (!err)
        err = read_missing(r, a);
    if (!err)
        err = read_count(r, LIST_MAX, &n);
    if (!err)
        err = list_new(n, sizeof *a->slices, &a->slices);
    for (uint32_t i = 0; !err && i < n; i++) {
        err = cim_wire_bin(r, &a->slices[i]);
        if (!err && a->slices[i].len == 0)
            err = CIM_EFORM;
        a->n_slices = i + 1;
    }
    return err;
}

/* A label goes into counters and logs: one short word, or it is refused. */
static enum cim_err
read_reason(struct cim_reader *r, struct cim_bytes *reason)
{
    enum cim_err err = cim_wire_str(r, reason);

    if (!err && (reason->len == 0 || reason->len > REASON_MAX))
        err = CIM_EFORM;
    for (size_t i = 0; !err && i < reason->len; i++)
        if (reason->p[i] != '-' && (reason->p[i] < 'a' || reason->p[i] > 'z'))
            err = CIM_EFORM;
    return err;
}

/* Version, kind, request id; elements is what the array holds in all. */
static enum cim_err
read_start(struct cim_reader *r, struct cim_bytes *kind, uint64_t *rid,
           uint32_t *elements)
{
    uint64_t version = 0;
    enum cim_err err = cim_wire_array(r, elements);

    if (!err && *elements < 3)
        err = CIM_EFORM;
    if (!err)
        err = cim_wire_uint(r, CIM_SEQ_MAX, &version);
    if (!err && version != VERSION)
        err = CIM_EVERSION;
    if (!err)
        err = cim_wire_str(r, kind);
    return err ? err : cim_wire_uint(r, CIM_SEQ_MAX, rid);
}

enum cim_err
cim_sync_parse_ask(struct cim_bytes frame, struct cim_sync *out)
{
    struct cim_reader r = {.data = frame};
    struct cim_bytes kind = {0};
    uint32_t n = 0;

    *out = (struct cim_sync){0};
    if (frame.len > CIM_SYNC_ASK_MAX)
        return CIM_ETOOBIG;
    enum cim_err err = cim_wire_skim(frame, MAX_DEPTH, ASK_ITEMS);
    if (!err)
        err = read_start(&r, &kind, &out->rid, &n);
    if (err)
        return err;
    if (cim_bytes_is(kind, "heads") && n == 6) {
        out->kind = CIM_SYNC_HEADS;
        out->u.heads_ask.rid = out->rid;
        err = read_heads_ask(&r, &out->u.heads_ask);
        if (err)
            free(out->u.heads_ask.nodes);
    } else if (cim_bytes_is(kind, "fetch") && n == 10) {
        out->kind = CIM_SYNC_FETCH;
        out->u.fetch_ask.rid = out->rid;
        err = read_fetch_ask(&r, &out->u.fetch_ask);
        if (err)
            free(out->u.fetch_ask.prefixes);
    } else {
        err = CIM_EFORM;
    }
    out->is_ask = true;
    if (err)
        memset(&out->u, 0, sizeof out->u);
    return err;
}

static void
answer_clear(struct cim_sync *msg)
{
    if (msg->kind == CIM_SYNC_HEADS)
        free(msg->u.heads.entries);
    if (msg->kind == CIM_SYNC_FETCH) {
        free(msg->u.fetch.missing);
        free(msg->u.fetch.slices);
    }
    memset(&msg->u, 0, sizeof msg->u);
}

enum cim_err
cim_sync_parse_answer(struct cim_bytes frame, struct cim_sync *out)
{
    struct cim_reader r = {.data = frame};
    struct cim_bytes kind = {0};
    uint32_t n = 0;

    *out = (struct cim_sync){0};
    if (frame.len > CIM_MSG_DEALER_MAX)
        return CIM_ETOOBIG;
    enum cim_err err = cim_wire_skim(frame, MAX_DEPTH, ANSWER_ITEMS);
    if (!err)
        err = read_start(&r, &kind, &out->rid, &n);
    if (err)
        return err;
    if (cim_bytes_is(kind, "heads") && n == 6) {
        out->kind = CIM_SYNC_HEADS;
        out->u.heads.rid = out->rid;
        err = read_heads_answer(&r, &out->u.heads);
    } else if (cim_bytes_is(kind, "fetch") && n == 7) {
        out->kind = CIM_SYNC_FETCH;
        out->u.fetch.rid = out->rid;
        err = read_fetch_answer(&r, &out->u.fetch);
    } else if (cim_bytes_is(kind, "refused") && n == 4) {
        out->kind = CIM_SYNC_REFUSED;
        err = read_reason(&r, &out->u.reason);
    } else {
        err = CIM_EFORM;
    }
    if (err)
        answer_clear(out);
    return err;
}

void
cim_sync_clear(struct cim_sync *msg)
{
    if (!msg->is_ask) {
        answer_clear(msg);
        return;
    }
    if (msg->kind == CIM_SYNC_HEADS)
        free(msg->u.heads_ask.nodes);
    if (msg->kind == CIM_SYNC_FETCH)
        free(msg->u.fetch_ask.prefixes);
    memset(&msg->u, 0, sizeof msg->u);
}

/* ---- writing -------------------------------------------------------------*/

static void
put_start(struct cim_buf *out, uint32_t elements, const char *kind,
          uint64_t rid)
{
    cim_wire_put_array(out, elements);
    cim_wire_put_uint(out, VERSION);
    cim_wire_put_str(out, cim_bytes_str(kind));
    cim_wire_put_uint(out, rid);
}

static void
put_digest(struct cim_buf *out, bool known, const struct cim_digest *digest)
{
    cim_wire_put_bin(out,
                     cim_bytes_of(digest->b, known ? sizeof digest->b : 0));
}

/* A message that did not become whole is taken back. */
static enum cim_err
end(struct cim_buf *out, size_t before, size_t max)
{
    enum cim_err err = out->err;

    if (!err && out->len - before > max)
        err = CIM_ETOOBIG;
    if (err)
        out->len = before;
    return err;
}

enum cim_err
cim_heads_ask_write(const struct cim_heads_ask *ask, struct cim_buf *out)
{
    size_t before = out->len;

    put_start(out, 6, "heads", ask->rid);
    cim_wire_put_array(out, (uint32_t)ask->n_nodes);
    for (size_t i = 0; i < ask->n_nodes; i++)
        cim_wire_put_str(out, ask->nodes[i]);
    put_digest(out, ask->known, &ask->digest);
    cim_wire_put_array(out, 2);
    cim_wire_put_str(out, ask->after_node);
    cim_wire_put_uint(out, ask->after_epoch);
    return end(out, before, CIM_SYNC_ASK_MAX);
}

enum cim_err
cim_heads_answer_write(const struct cim_heads_answer *a, struct cim_buf *out)
{
    size_t before = out->len;

    put_start(out, 6, "heads", a->rid);
    put_digest(out, true, &a->digest);
    cim_wire_put_bool(out, a->more);
    cim_wire_put_array(out, (uint32_t)a->n_entries);
    for (size_t i = 0; i < a->n_entries; i++) {
        const struct cim_heads_entry *e = &a->entries[i];
        cim_wire_put_array(out, 3);
        cim_wire_put_bin(out, cim_signed_bytes(&e->head));
        cim_wire_put_bin(out,
                         cim_bytes_of(e->head.sig.b, sizeof e->head.sig.b));
        cim_wire_put_uint(out, e->held);
    }
    return end(out, before, CIM_PAGE_MAX);
}

enum cim_err
cim_fetch_ask_write(const struct cim_fetch_ask *ask, struct cim_buf *out)
{
    size_t before = out->len;

    put_start(out, 10, "fetch", ask->rid);
    cim_wire_put_str(out, ask->node);
    cim_wire_put_uint(out, ask->epoch);
    cim_wire_put_uint(out, ask->after);
    cim_wire_put_uint(out, ask->upto);
    cim_wire_put_array(out, (uint32_t)ask->n_prefixes);
    for (size_t i = 0; i < ask->n_prefixes; i++)
        cim_wire_put_str(out, cim_prefix_bytes(&ask->prefixes[i]));
    cim_wire_put_uint(out, ask->have.n);
    put_digest(out, ask->have.n > 0, &ask->have.digest);
    return end(out, before, CIM_SYNC_ASK_MAX);
}

enum cim_err
cim_fetch_answer_write(const struct cim_fetch_answer *a, struct cim_buf *out)
{
    size_t before = out->len;

    put_start(out, 7, "fetch", a->rid);
    cim_wire_put_uint(out, a->covered);
    cim_wire_put_uint(out, a->last);
    cim_wire_put_array(out, (uint32_t)a->n_missing);
    for (size_t i = 0; i < a->n_missing; i++) {
        cim_wire_put_array(out, 2);
        cim_wire_put_uint(out, a->missing[i].first);
        cim_wire_put_uint(out, a->missing[i].n);
    }
    cim_wire_put_array(out, (uint32_t)a->n_slices);
    for (size_t i = 0; i < a->n_slices; i++)
        cim_wire_put_bin(out, a->slices[i]);
    return end(out, before, CIM_PAGE_MAX);
}

enum cim_err
cim_refused_write(uint64_t rid, enum cim_err reason, struct cim_buf *out)
{
    size_t before = out->len;

    put_start(out, 4, "refused", rid);
    cim_wire_put_str(out, cim_bytes_str(cim_err_label(reason)));
    return end(out, before, CIM_SYNC_ASK_MAX);
}

void
cim_heads_digest_add(struct cim_digester *d,
                     const struct cim_signed_header *head, uint64_t held)
{
    struct cim_hash hash = cim_header_hash(cim_signed_bytes(head));

    cim_digester_add(d, cim_bytes_of(hash.b, sizeof hash.b));
    cim_digester_add_u64(d, held);
}

/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Reading; sync_write.c writes. Every message is skimmed first, so the counts
 * below are bounded by bytes that are there; arrays are allocated once, of the
 * declared length.
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
read_slices(struct cim_reader *r, uint32_t max, struct cim_bytes **slices,
            size_t *n_slices)
{
    uint32_t n = 0;
    enum cim_err err = read_count(r, max, &n);

    if (!err)
        err = list_new(n, sizeof **slices, slices);
    for (uint32_t i = 0; !err && i < n; i++) {
        err = cim_wire_bin(r, &(*slices)[i]);
        if (!err && (*slices)[i].len == 0)
            err = CIM_EFORM;
        *n_slices = i + 1;
    }
    return err;
}

static enum cim_err
read_fetch_answer(struct cim_reader *r, struct cim_fetch_answer *a)
{
    enum cim_err err = cim_wire_uint(r, CIM_SEQ_MAX, &a->covered);

    if (!err)
        err = cim_wire_uint(r, CIM_SEQ_MAX, &a->last);
    if (!err)
        err = read_missing(r, a);
    return err ? err : read_slices(r, LIST_MAX, &a->slices, &a->n_slices);
}

/* An id as its 16 bytes; the same rules as for its text. */
static enum cim_err
read_find_ask(struct cim_reader *r, struct cim_find_ask *ask)
{
    char text[CIM_UUID_TEXT_LEN + 1];
    struct cim_bytes id = {0};
    enum cim_err err = cim_wire_str(r, &ask->community);

    if (!err && !cim_name_valid(ask->community))
        err = CIM_EFORM;
    if (!err)
        err = cim_wire_bin(r, &id);
    if (!err && id.len != sizeof ask->id.b)
        err = CIM_EFORM;
    if (err)
        return err;
    memcpy(ask->id.b, id.p, sizeof ask->id.b);
    cim_uuid_text(&ask->id, text);
    return cim_uuid_parse(cim_bytes_str(text), &ask->id);
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

    if (!err && *elements == 0)
        err = CIM_EFORM;
    if (!err)
        err = cim_wire_uint(r, INT64_MAX, &version);
    if (err)
        return err;
    /* Kind and request id keep their places in every version. */
    err = *elements < 3 ? CIM_EFORM : cim_wire_str(r, kind);
    if (!err)
        err = cim_wire_uint(r, CIM_SEQ_MAX, rid);
    return version != VERSION ? CIM_EVERSION : err;
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
    } else if (cim_bytes_is(kind, "find") && n == 5) {
        out->kind = CIM_SYNC_FIND;
        out->u.find_ask.rid = out->rid;
        err = read_find_ask(&r, &out->u.find_ask);
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
    if (msg->kind == CIM_SYNC_FIND)
        free(msg->u.find.slices);
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
    } else if (cim_bytes_is(kind, "find") && n == 4) {
        out->kind = CIM_SYNC_FIND;
        out->u.find.rid = out->rid;
        err = read_slices(&r, CIM_FIND_MAX, &out->u.find.slices,
                          &out->u.find.n_slices);
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

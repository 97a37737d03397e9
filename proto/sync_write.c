/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Writers of the catch-up messages. Each appends elements in the order of the
 * grammar in sync.h, and takes them back when the message does not become
 * whole or is larger than its receiver takes.
 */
#include "proto/sync.h"
#include "proto/wire.h"

static void
put_start(struct cim_buf *out, uint32_t elements, const char *kind,
          uint64_t rid)
{
    cim_wire_put_array(out, elements);
    cim_wire_put_uint(out, 1); /* version */
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
cim_find_ask_write(const struct cim_find_ask *ask, struct cim_buf *out)
{
    size_t before = out->len;

    put_start(out, 5, "find", ask->rid);
    cim_wire_put_str(out, ask->community);
    cim_wire_put_bin(out, cim_bytes_of(ask->id.b, sizeof ask->id.b));
    return end(out, before, CIM_SYNC_ASK_MAX);
}

enum cim_err
cim_find_answer_write(const struct cim_find_answer *a, struct cim_buf *out)
{
    size_t before = out->len;

    put_start(out, 4, "find", a->rid);
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
cim_heads_digest_add(struct cim_digester *d, const struct cim_hash *header,
                     uint64_t held)
{
    cim_digester_add(d, cim_bytes_of(header->b, sizeof header->b));
    cim_digester_add_u64(d, held);
}

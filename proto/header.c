/* SPDX-License-Identifier: MPL-2.0 */
#include "proto/header.h"

#include <string.h>

#include "proto/topic.h"
#include "proto/wire.h"

#define ELEMENTS  9
#define MAX_DEPTH 8 /* of any structure but events: WIRE.md section 3 */

uint64_t
cim_header_last(const struct cim_header *h)
{
    return h->first + h->count - 1;
}

static bool
in_range(const struct cim_header *h)
{
    return cim_node_valid(cim_bytes_str(h->node)) && h->epoch <= CIM_SEQ_MAX &&
           h->first >= 1 && h->first <= CIM_SEQ_MAX && h->count >= 1 &&
           h->count <= CIM_BATCH_EVENTS && cim_header_last(h) <= CIM_SEQ_MAX &&
           h->time_ms >= 0 && h->time_ms <= (int64_t)CIM_SEQ_MAX;
}

enum cim_err
cim_header_encode(const struct cim_header *h, struct cim_buf *out)
{
    if (!in_range(h))
        return CIM_EFORM;
    cim_wire_put_array(out, ELEMENTS);
    cim_wire_put_uint(out, 1);
    cim_wire_put_str(out, cim_bytes_str(h->node));
    cim_wire_put_bin(out, cim_bytes_of(h->key.b, sizeof h->key.b));
    cim_wire_put_uint(out, h->epoch);
    cim_wire_put_uint(out, h->first);
    cim_wire_put_uint(out, h->count);
    cim_wire_put_bin(out, cim_bytes_of(h->root.b, sizeof h->root.b));
    cim_wire_put_bin(out, cim_bytes_of(h->prev.b, sizeof h->prev.b));
    cim_wire_put_uint(out, (uint64_t)h->time_ms);
    return out->err;
}

static enum cim_err
read_fixed(struct cim_reader *r, uint8_t *to, size_t len)
{
    struct cim_bytes b;
    enum cim_err err = cim_wire_bin(r, &b);

    if (err)
        return err;
    if (b.len != len)
        return CIM_EFORM;
    memcpy(to, b.p, len);
    return CIM_OK;
}

static enum cim_err
read_node(struct cim_reader *r, struct cim_header *out)
{
    struct cim_bytes node;
    enum cim_err err = cim_wire_str(r, &node);

    if (err)
        return err;
    if (!cim_node_valid(node))
        return CIM_EFORM;
    memcpy(out->node, node.p, node.len);
    out->node[node.len] = '\0';
    return CIM_OK;
}

/* The elements after the version, in order. */
static enum cim_err
read_elements(struct cim_reader *r, struct cim_header *out)
{
    uint64_t count = 0, time = 0;
    enum cim_err err = read_node(r, out);

    if (!err)
        err = read_fixed(r, out->key.b, sizeof out->key.b);
    if (!err)
        err = cim_wire_uint(r, CIM_SEQ_MAX, &out->epoch);
    if (!err)
        err = cim_wire_uint(r, CIM_SEQ_MAX, &out->first);
    if (!err)
        err = cim_wire_uint(r, CIM_BATCH_EVENTS, &count);
    if (!err)
        err = read_fixed(r, out->root.b, sizeof out->root.b);
    if (!err)
        err = read_fixed(r, out->prev.b, sizeof out->prev.b);
    if (!err)
        err = cim_wire_uint(r, CIM_SEQ_MAX, &time);
    out->count = (uint32_t)count;
    out->time_ms = (int64_t)time;
    return err;
}

enum cim_err
cim_header_parse(struct cim_bytes bytes, struct cim_header *out)
{
    struct cim_reader r = {.data = bytes};
    struct cim_header h = {0};
    uint64_t version;
    uint32_t n;

    if (bytes.len > CIM_HEADER_MAX)
        return CIM_ETOOBIG;
    enum cim_err err = cim_wire_skim(bytes, MAX_DEPTH, CIM_HEADER_MAX);
    if (!err)
        err = cim_wire_array(&r, &n);
    if (!err && n == 0)
        err = CIM_EFORM;
    if (!err)
        err = cim_wire_uint(&r, INT64_MAX, &version);
    if (!err && version != 1)
        err = CIM_EVERSION;
    if (!err && n != ELEMENTS)
        err = CIM_EFORM;
    if (!err)
        err = read_elements(&r, &h);
    if (!err && !in_range(&h))
        err = CIM_EFORM;
    if (!err)
        *out = h;
    return err;
}

struct cim_hash
cim_header_hash(struct cim_bytes bytes)
{
    return cim_hash_bytes(bytes);
}

/* ---- with its signature --------------------------------------------------*/

struct cim_bytes
cim_signed_bytes(const struct cim_signed_header *sh)
{
    return cim_bytes_of(sh->bytes, sh->len);
}

static void
set_bytes(struct cim_signed_header *sh, struct cim_bytes bytes)
{
    memcpy(sh->bytes, bytes.p, bytes.len);
    memset(sh->bytes + bytes.len, 0, sizeof sh->bytes - bytes.len);
    sh->len = (uint16_t)bytes.len;
}

enum cim_err
cim_header_seal(const struct cim_header *h, const struct cim_identity *id,
                struct cim_signed_header *out)
{
    struct cim_buf buf = {.max = CIM_HEADER_MAX};
    enum cim_err err = cim_header_encode(h, &buf);

    if (err == CIM_OK) {
        out->h = *h;
        set_bytes(out, cim_buf_bytes(&buf));
        cim_identity_sign(id, CIM_CONTEXT_BATCH, cim_buf_bytes(&buf),
                          &out->sig);
    }
    cim_buf_clear(&buf);
    return err;
}

enum cim_err
cim_signed_parse(struct cim_bytes header, struct cim_bytes sig,
                 struct cim_signed_header *out)
{
    enum cim_err err = cim_header_parse(header, &out->h);

    if (err)
        return err;
    if (sig.len != CIM_SIG_LEN)
        return CIM_EFORM;
    set_bytes(out, header);
    memcpy(out->sig.b, sig.p, CIM_SIG_LEN);
    return CIM_OK;
}

enum cim_err
cim_signed_verify(const struct cim_signed_header *sh,
                  const struct cim_signkey *key)
{
    struct cim_keyid id = cim_keyid_of(key);

    if (!cim_keyid_eq(&id, &sh->h.key))
        return CIM_EKEY;
    return cim_verify(key, CIM_CONTEXT_BATCH, cim_signed_bytes(sh), &sh->sig);
}

/* ---- beacon --------------------------------------------------------------*/

enum cim_err
cim_beacon_encode(const struct cim_signed_header *sh, struct cim_buf *out)
{
    if (!sh)
        return CIM_OK;
    cim_wire_put_array(out, 2);
    cim_wire_put_bin(out, cim_signed_bytes(sh));
    cim_wire_put_bin(out, cim_bytes_of(sh->sig.b, sizeof sh->sig.b));
    return out->err;
}

enum cim_err
cim_beacon_parse(struct cim_bytes frame, struct cim_signed_header *out,
                 bool *none)
{
    struct cim_reader r = {.data = frame};
    struct cim_bytes header, sig;
    uint32_t n;

    *none = frame.len == 0;
    if (*none)
        return CIM_OK;
    enum cim_err err = cim_wire_skim(frame, MAX_DEPTH, 8);
    if (!err)
        err = cim_wire_array(&r, &n);
    if (!err && n != 2)
        err = CIM_EFORM;
    if (!err)
        err = cim_wire_bin(&r, &header);
    if (!err)
        err = cim_wire_bin(&r, &sig);
    return err ? err : cim_signed_parse(header, sig, out);
}

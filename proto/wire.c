/* SPDX-License-Identifier: MPL-2.0 */
/*
 * `head` decodes one value's head (type, number, length or count) and checks
 * what can be seen there: shortest form, allowed type, bytes left. The reader
 * steps over heads and believes nothing, so a caller that forgot to skim
 * (wire_skim.c) gets errors, not memory. Writing is msgpack-c's packer into a
 * cim_buf.
 */
#include "proto/wire.h"

#include <string.h>

#include <msgpack.h>

/* ---- heads ---------------------------------------------------------------*/

static uint64_t
big_endian(const uint8_t *p, size_t n)
{
    uint64_t value = 0;

    for (size_t i = 0; i < n; i++)
        value = value << 8 | p[i];
    return value;
}

/* What the first byte says: kind, and how the number after it is held. */
struct form {
    enum cim_wire_kind kind;
    uint8_t number; /* bytes of number after the first one; 0: in `small` */
    bool is_signed; /* an int of the negative family */
    int64_t small;  /* fixint, fixstr length, fix count, boolean */
    uint64_t least; /* shortest form: the number is at least this */
};

static bool
fixed_form(uint8_t c, struct form *f)
{
    if (c <= 0x7f)
        *f = (struct form){.kind = CIM_WIRE_INT, .small = c};
    else if (c <= 0x8f)
        *f = (struct form){.kind = CIM_WIRE_MAP, .small = c & 0x0f};
    else if (c <= 0x9f)
        *f = (struct form){.kind = CIM_WIRE_ARRAY, .small = c & 0x0f};
    else if (c <= 0xbf)
        *f = (struct form){.kind = CIM_WIRE_STR, .small = c & 0x1f};
    else if (c >= 0xe0)
        *f = (struct form){.kind = CIM_WIRE_INT, .small = (int8_t)c};
    else
        return false;
    return true;
}

static bool
form_of(uint8_t c, struct form *f)
{
    static const struct form forms[] = {
        [0x00] = {CIM_WIRE_NIL, 0, false, 0, 0},  /* c0 */
        [0x02] = {CIM_WIRE_BOOL, 0, false, 0, 0}, /* c2 false */
        [0x03] = {CIM_WIRE_BOOL, 0, false, 1, 0}, /* c3 true */
        [0x04] = {CIM_WIRE_BIN, 1, false, 0, 0},  /* c4 bin 8 */
        [0x05] = {CIM_WIRE_BIN, 2, false, 0, 0x100},
        [0x06] = {CIM_WIRE_BIN, 4, false, 0, 0x10000},
        [0x0c] = {CIM_WIRE_INT, 1, false, 0, 0x80}, /* cc uint 8 */
        [0x0d] = {CIM_WIRE_INT, 2, false, 0, 0x100},
        [0x0e] = {CIM_WIRE_INT, 4, false, 0, 0x10000},
        [0x0f] = {CIM_WIRE_INT, 8, false, 0, 0x100000000},
        [0x10] = {CIM_WIRE_INT, 1, true, 0, 0}, /* d0 int 8 */
        [0x11] = {CIM_WIRE_INT, 2, true, 0, 0},
        [0x12] = {CIM_WIRE_INT, 4, true, 0, 0},
        [0x13] = {CIM_WIRE_INT, 8, true, 0, 0},
        [0x19] = {CIM_WIRE_STR, 1, false, 0, 32}, /* d9 str 8 */
        [0x1a] = {CIM_WIRE_STR, 2, false, 0, 0x100},
        [0x1b] = {CIM_WIRE_STR, 4, false, 0, 0x10000},
        [0x1c] = {CIM_WIRE_ARRAY, 2, false, 0, 16}, /* dc array 16 */
        [0x1d] = {CIM_WIRE_ARRAY, 4, false, 0, 0x10000},
        [0x1e] = {CIM_WIRE_MAP, 2, false, 0, 16}, /* de map 16 */
        [0x1f] = {CIM_WIRE_MAP, 4, false, 0, 0x10000},
    };

    if (fixed_form(c, f))
        return true;
    *f = forms[c - 0xc0];
    /* What the table leaves out is zero like nil: 0xc1, floats, ext. */
    return c == 0xc0 || f->kind != CIM_WIRE_NIL;
}

/* A negative integer that fits no shorter signed form. */
static bool
signed_shortest(int64_t value, unsigned bytes)
{
    switch (bytes) {
    case 1:
        return value < -32;
    case 2:
        return value < INT8_MIN;
    case 4:
        return value < INT16_MIN;
    default:
        return value < INT32_MIN;
    }
}

static enum cim_err
integer_of(const struct form *f, uint64_t raw, struct cim_wire_value *out)
{
    if (!f->is_signed) {
        if (raw < f->least || raw > INT64_MAX)
            return CIM_EFORM;
        out->integer = (int64_t)raw;
        return CIM_OK;
    }
    unsigned shift = 64 - 8u * f->number;
    out->integer = (int64_t)(raw << shift) >> shift;
    return signed_shortest(out->integer, f->number) ? CIM_OK : CIM_EFORM;
}

/* What a string, bin or count says, against the bytes left after the head. */
static enum cim_err
length_of(const struct form *f, uint64_t n, struct cim_bytes rest,
          struct cim_wire_value *out)
{
    if (f->number && n < f->least)
        return CIM_EFORM;
    if (n > rest.len || (f->kind == CIM_WIRE_MAP && n * 2 > rest.len))
        return CIM_ESHORT;
    if (f->kind == CIM_WIRE_STR || f->kind == CIM_WIRE_BIN)
        out->bytes = cim_bytes_of(rest.p, (size_t)n);
    else
        out->n = (uint32_t)n;
    return CIM_OK;
}

/* One head at the front of data; *used counts string and bin contents in. */
static enum cim_err
head(struct cim_bytes data, struct cim_wire_value *out, size_t *used)
{
    struct form f;
    enum cim_err err = CIM_OK;

    *out = (struct cim_wire_value){.kind = CIM_WIRE_END};
    if (data.len == 0)
        return CIM_ESHORT;
    if (!form_of(data.p[0], &f))
        return CIM_EFORM;
    size_t len = 1 + (size_t)f.number;
    if (data.len < len)
        return CIM_ESHORT;
    uint64_t raw =
        f.number ? big_endian(data.p + 1, f.number) : (uint64_t)f.small;
    struct cim_bytes rest = cim_bytes_of(data.p + len, data.len - len);
    out->kind = f.kind;
    if (f.kind == CIM_WIRE_BOOL)
        out->boolean = f.small;
    else if (f.kind == CIM_WIRE_INT && !f.number)
        out->integer = f.small;
    else if (f.kind == CIM_WIRE_INT)
        err = integer_of(&f, raw, out);
    else if (f.kind != CIM_WIRE_NIL)
        err = length_of(&f, raw, rest, out);
    *used = len + out->bytes.len;
    return err;
}

/* ---- reader --------------------------------------------------------------*/

enum cim_err
cim_wire_next(struct cim_reader *r, struct cim_wire_value *out)
{
    size_t used = 0;

    if (r->at >= r->data.len) {
        *out = (struct cim_wire_value){.kind = CIM_WIRE_END};
        return CIM_OK;
    }
    enum cim_err err =
        head(cim_bytes_of(r->data.p + r->at, r->data.len - r->at), out, &used);
    if (err == CIM_OK)
        r->at += used;
    return err;
}

enum cim_err
cim_wire_skip(struct cim_reader *r, struct cim_bytes *raw)
{
    struct cim_reader ahead = *r;
    struct cim_wire_value v;
    uint64_t left = 1;

    while (left > 0) {
        enum cim_err err = cim_wire_next(&ahead, &v);
        if (err)
            return err;
        if (v.kind == CIM_WIRE_END)
            return CIM_ESHORT;
        left--;
        if (v.kind == CIM_WIRE_ARRAY)
            left += v.n;
        else if (v.kind == CIM_WIRE_MAP)
            left += 2 * (uint64_t)v.n;
    }
    if (raw)
        *raw = cim_bytes_of(r->data.p + r->at, ahead.at - r->at);
    r->at = ahead.at;
    return CIM_OK;
}

static enum cim_err
next_of(struct cim_reader *r, enum cim_wire_kind kind,
        struct cim_wire_value *out)
{
    struct cim_reader ahead = *r;
    enum cim_err err = cim_wire_next(&ahead, out);

    if (err)
        return err;
    if (out->kind != kind)
        return out->kind == CIM_WIRE_END ? CIM_ESHORT : CIM_EFORM;
    *r = ahead;
    return CIM_OK;
}

enum cim_err
cim_wire_array(struct cim_reader *r, uint32_t *n)
{
    struct cim_wire_value v;
    enum cim_err err = next_of(r, CIM_WIRE_ARRAY, &v);

    if (err == CIM_OK)
        *n = v.n;
    return err;
}

enum cim_err
cim_wire_map(struct cim_reader *r, uint32_t *pairs)
{
    struct cim_wire_value v;
    enum cim_err err = next_of(r, CIM_WIRE_MAP, &v);

    if (err == CIM_OK)
        *pairs = v.n;
    return err;
}

enum cim_err
cim_wire_str(struct cim_reader *r, struct cim_bytes *out)
{
    struct cim_wire_value v;
    enum cim_err err = next_of(r, CIM_WIRE_STR, &v);

    if (err == CIM_OK)
        *out = v.bytes;
    return err;
}

enum cim_err
cim_wire_bin(struct cim_reader *r, struct cim_bytes *out)
{
    struct cim_wire_value v;
    enum cim_err err = next_of(r, CIM_WIRE_BIN, &v);

    if (err == CIM_OK)
        *out = v.bytes;
    return err;
}

enum cim_err
cim_wire_uint(struct cim_reader *r, uint64_t max, uint64_t *out)
{
    struct cim_reader ahead = *r;
    struct cim_wire_value v;
    enum cim_err err = next_of(&ahead, CIM_WIRE_INT, &v);

    if (err)
        return err;
    if (v.integer < 0 || (uint64_t)v.integer > max)
        return CIM_EFORM;
    *out = (uint64_t)v.integer;
    *r = ahead;
    return CIM_OK;
}

enum cim_err
cim_wire_bool(struct cim_reader *r, bool *out)
{
    struct cim_wire_value v;
    enum cim_err err = next_of(r, CIM_WIRE_BOOL, &v);

    if (err == CIM_OK)
        *out = v.boolean;
    return err;
}

/* ---- writer --------------------------------------------------------------*/

static int
append(void *data, const char *p, size_t len)
{
    return cim_buf_add(data, p, len) == CIM_OK ? 0 : -1;
}

static msgpack_packer
packer(struct cim_buf *buf)
{
    msgpack_packer pk;

    msgpack_packer_init(&pk, buf, append);
    return pk;
}

void
cim_wire_put_array(struct cim_buf *buf, uint32_t n)
{
    msgpack_packer pk = packer(buf);

    msgpack_pack_array(&pk, n);
}

void
cim_wire_put_map(struct cim_buf *buf, uint32_t pairs)
{
    msgpack_packer pk = packer(buf);

    msgpack_pack_map(&pk, pairs);
}

void
cim_wire_put_str(struct cim_buf *buf, struct cim_bytes text)
{
    msgpack_packer pk = packer(buf);

    msgpack_pack_str(&pk, text.len);
    msgpack_pack_str_body(&pk, text.p, text.len);
}

void
cim_wire_put_bin(struct cim_buf *buf, struct cim_bytes data)
{
    msgpack_packer pk = packer(buf);

    msgpack_pack_bin(&pk, data.len);
    msgpack_pack_bin_body(&pk, data.p, data.len);
}

void
cim_wire_put_int(struct cim_buf *buf, int64_t value)
{
    msgpack_packer pk = packer(buf);

    msgpack_pack_int64(&pk, value);
}

void
cim_wire_put_uint(struct cim_buf *buf, uint64_t value)
{
    msgpack_packer pk = packer(buf);

    msgpack_pack_uint64(&pk, value);
}

void
cim_wire_put_bool(struct cim_buf *buf, bool value)
{
    msgpack_packer pk = packer(buf);

    if (value)
        msgpack_pack_true(&pk);
    else
        msgpack_pack_false(&pk);
}

void
cim_wire_put_nil(struct cim_buf *buf)
{
    msgpack_packer pk = packer(buf);

    msgpack_pack_nil(&pk);
}

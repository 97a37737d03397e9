/* SPDX-License-Identifier: MPL-2.0 */
/*
 * wire_model - WIRE.md section 3 once more, recursive and naive.
 *
 * model_random writes a random value through an ops table, so that the same
 * value can be written by the library and by the model. model_judge says
 * whether bytes keep the profile.
 */
#ifndef CIM_TESTS_WIRE_MODEL_H
#define CIM_TESTS_WIRE_MODEL_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/wire.h"
#include "tests/unit/chance.h"

/* ---- writing -------------------------------------------------------------*/

struct model_ops {
    void (*integer)(struct cim_buf *buf, int64_t value);
    void (*text)(struct cim_buf *buf, struct cim_bytes text);
    void (*binary)(struct cim_buf *buf, struct cim_bytes data);
    void (*array)(struct cim_buf *buf, uint32_t n);
    void (*map)(struct cim_buf *buf, uint32_t pairs);
    void (*boolean)(struct cim_buf *buf, bool value);
    void (*nil)(struct cim_buf *buf);
};

static inline void
model_be(struct cim_buf *buf, uint8_t first, uint64_t value, unsigned bytes)
{
    cim_buf_add_u8(buf, first);
    while (bytes-- > 0)
        cim_buf_add_u8(buf, (uint8_t)(value >> 8 * bytes));
}

static inline void
model_integer(struct cim_buf *buf, int64_t v)
{
    if (v >= -32 && v <= 127)
        cim_buf_add_u8(buf, (uint8_t)v);
    else if (v >= 0)
        v <= 0xff         ? model_be(buf, 0xcc, (uint64_t)v, 1)
        : v <= 0xffff     ? model_be(buf, 0xcd, (uint64_t)v, 2)
        : v <= 0xffffffff ? model_be(buf, 0xce, (uint64_t)v, 4)
                          : model_be(buf, 0xcf, (uint64_t)v, 8);
    else
        v >= -0x80          ? model_be(buf, 0xd0, (uint64_t)v, 1)
        : v >= -0x8000      ? model_be(buf, 0xd1, (uint64_t)v, 2)
        : v >= -0x80000000L ? model_be(buf, 0xd2, (uint64_t)v, 4)
                            : model_be(buf, 0xd3, (uint64_t)v, 8);
}

static inline void
model_text(struct cim_buf *buf, struct cim_bytes text)
{
    if (text.len < 32)
        cim_buf_add_u8(buf, (uint8_t)(0xa0 | text.len));
    else
        model_be(buf, text.len < 256 ? 0xd9 : 0xda, text.len,
                 text.len < 256 ? 1 : 2);
    cim_buf_add_bytes(buf, text);
}

static inline void
model_binary(struct cim_buf *buf, struct cim_bytes data)
{
    model_be(buf, data.len < 256 ? 0xc4 : 0xc5, data.len,
             data.len < 256 ? 1 : 2);
    cim_buf_add_bytes(buf, data);
}

static inline void
model_array(struct cim_buf *buf, uint32_t n)
{
    n < 16 ? (void)cim_buf_add_u8(buf, (uint8_t)(0x90 | n))
           : model_be(buf, 0xdc, n, 2);
}

static inline void
model_map(struct cim_buf *buf, uint32_t n)
{
    n < 16 ? (void)cim_buf_add_u8(buf, (uint8_t)(0x80 | n))
           : model_be(buf, 0xde, n, 2);
}

static inline void
model_boolean(struct cim_buf *buf, bool value)
{
    cim_buf_add_u8(buf, value ? 0xc3 : 0xc2);
}

static inline void
model_nil(struct cim_buf *buf)
{
    cim_buf_add_u8(buf, 0xc0);
}

static const struct model_ops *const model_naive = &(const struct model_ops){
    model_integer, model_text,    model_binary, model_array,
    model_map,     model_boolean, model_nil};
static const struct model_ops *const model_ours = &(const struct model_ops){
    cim_wire_put_int, cim_wire_put_str,  cim_wire_put_bin, cim_wire_put_array,
    cim_wire_put_map, cim_wire_put_bool, cim_wire_put_nil};

/* Integers around every power of two, where forms change. */
static inline int64_t
model_random_integer(struct chance *c)
{
    uint64_t v = (UINT64_C(1) << chance_below(c, 63)) + chance_below(c, 3) - 1;

    return chance_below(c, 2) ? (int64_t)v : -(int64_t)v;
}

static inline void
model_random_bytes(struct chance *c, struct cim_buf *buf,
                   const struct model_ops *ops)
{
    static const size_t edges[] = {0, 1, 31, 32, 255, 256, 300, 5};
    uint8_t data[300];
    char text[4 * 80];
    size_t n = edges[chance_below(c, 8)];

    if (chance_below(c, 2)) {
        memset(data, 'x', sizeof data);
        ops->text(buf, cim_bytes_of(data, n));
    } else if (chance_below(c, 2)) {
        n = chance_text(c, n % 80, text);
        ops->text(buf, cim_bytes_of(text, n));
    } else {
        for (size_t i = 0; i < n; i++)
            data[i] = (uint8_t)chance_below(c, 256);
        ops->binary(buf, cim_bytes_of(data, n));
    }
}

static inline void
model_random(struct chance *c, unsigned depth, struct cim_buf *buf,
             const struct model_ops *ops)
{
    size_t n =
        chance_below(c, 8) ? chance_below(c, 4) : 14 + chance_below(c, 5);
    char key[24];

    switch (chance_below(c, depth ? 9 : 5)) {
    case 0:
        ops->nil(buf);
        return;
    case 1:
        ops->boolean(buf, chance_below(c, 2));
        return;
    case 2:
    case 3:
        ops->integer(buf, model_random_integer(c));
        return;
    case 4:
        model_random_bytes(c, buf, ops);
        return;
    case 5:
    case 6:
        ops->array(buf, (uint32_t)n);
        for (size_t i = 0; i < n; i++)
            model_random(c, depth - 1, buf, ops);
        return;
    default:
        ops->map(buf, (uint32_t)n);
        for (size_t i = 0; i < n; i++) {
            snprintf(key, sizeof key, "%c%zu", "xyz"[chance_below(c, 3)], i);
            ops->text(buf, cim_bytes_str(key));
            model_random(c, depth - 1, buf, ops);
        }
    }
}

/* Writes a value as it was read. */
static inline void
model_put(struct cim_buf *buf, const struct cim_wire_value *v)
{
    switch (v->kind) {
    case CIM_WIRE_NIL:
        model_nil(buf);
        break;
    case CIM_WIRE_BOOL:
        model_boolean(buf, v->boolean);
        break;
    case CIM_WIRE_INT:
        model_integer(buf, v->integer);
        break;
    case CIM_WIRE_STR:
        model_text(buf, v->bytes);
        break;
    case CIM_WIRE_BIN:
        model_binary(buf, v->bytes);
        break;
    case CIM_WIRE_ARRAY:
        model_array(buf, v->n);
        break;
    case CIM_WIRE_MAP:
        model_map(buf, v->n);
        break;
    case CIM_WIRE_END:
        break;
    }
}

/* ---- judging -------------------------------------------------------------*/

/* A byte that starts something, or ends a range. */
static inline uint8_t
model_edge_byte(struct chance *c)
{
    static const uint8_t edges[] = {
        0x00, 0x01, 0x7f, 0x80, 0x81, 0x82, 0x90, 0x91, 0x92, 0xa0, 0xa1,
        0xbf, 0xc0, 0xc1, 0xc2, 0xc3, 0xc4, 0xc5, 0xc7, 0xca, 0xcc, 0xcd,
        0xce, 0xcf, 0xd0, 0xd1, 0xd2, 0xd3, 0xd4, 0xd9, 0xda, 0xdc, 0xdd,
        0xde, 0xdf, 0xe0, 0xff, 'x',  'y',  '0',  '1',  0x20, 0x0f, 0xfe};

    return edges[chance_below(c, sizeof edges)];
}

struct model {
    const uint8_t *p;
    size_t len, at, items;
};

static inline bool
model_take(struct model *m, unsigned bytes, uint64_t *out)
{
    *out = 0;
    if (m->len - m->at < bytes)
        return false;
    while (bytes-- > 0)
        *out = *out << 8 | m->p[m->at++];
    return true;
}

/* The number after a first byte of some family, shortest or refused. */
static inline bool
model_number(struct model *m, unsigned which, uint64_t fix, uint64_t *out)
{
    unsigned bytes = 1U << which;

    if (!model_take(m, bytes, out))
        return false;
    return *out >= (which ? UINT64_C(1) << 4 * bytes : fix);
}

static inline bool
model_bytes(struct model *m, bool text, uint64_t n)
{
    if (n > m->len - m->at)
        return false;
    const uint8_t *p = m->p + m->at;
    m->at += (size_t)n;
    return !text || (cim_utf8_valid(cim_bytes_of(p, (size_t)n)) &&
                     (n == 0 || !memchr(p, 0, (size_t)n)));
}

static inline bool model_value(struct model *m, unsigned depth);

static inline bool
model_container(struct model *m, unsigned depth, bool map, uint64_t n)
{
    struct cim_bytes keys[64];

    if (depth == 0 || n * (map ? 2 : 1) > m->len - m->at)
        return false;
    for (uint64_t i = 0; i < n; i++) {
        if (map) {
            size_t from = m->at;
            uint8_t first = m->at < m->len ? m->p[m->at] : 0;
            bool text = (first >= 0xa0 && first <= 0xbf) ||
                        (first >= 0xd9 && first <= 0xdb);
            if (!text || i >= 64 || !model_value(m, 0))
                return false;
            keys[i] = cim_bytes_of(m->p + from, m->at - from);
            for (uint64_t k = 0; k < i; k++)
                if (cim_bytes_eq(keys[k], keys[i]))
                    return false;
        }
        if (!model_value(m, depth - 1))
            return false;
    }
    return true;
}

static inline bool
model_signed(struct model *m, unsigned bytes)
{
    uint64_t raw;

    if (!model_take(m, bytes, &raw))
        return false;
    int64_t v = bytes == 1   ? (int8_t)raw
                : bytes == 2 ? (int16_t)raw
                : bytes == 4 ? (int32_t)raw
                             : (int64_t)raw;
    return bytes == 1   ? v < -32
           : bytes == 2 ? v < -128
           : bytes == 4 ? v < -32768
                        : v < -0x80000000LL;
}

static inline bool
model_value(struct model *m, unsigned depth)
{
    uint64_t n;

    if (m->at == m->len || m->items-- == 0)
        return false;
    uint8_t c = m->p[m->at++];
    if (c < 0x80 || c >= 0xe0 || c == 0xc0 || c == 0xc2 || c == 0xc3)
        return true;
    if (c < 0x90)
        return model_container(m, depth, true, c & 15);
    if (c < 0xa0)
        return model_container(m, depth, false, c & 15);
    if (c < 0xc0)
        return model_bytes(m, true, c & 31);
    if (c >= 0xc4 && c <= 0xc6)
        return model_number(m, c - 0xc4U, 0, &n) && model_bytes(m, false, n);
    if (c >= 0xcc && c <= 0xcf)
        return model_number(m, c - 0xccU, 128, &n) && n <= INT64_MAX;
    if (c >= 0xd0 && c <= 0xd3)
        return model_signed(m, 1U << (c - 0xd0));
    if (c >= 0xd9 && c <= 0xdb)
        return model_number(m, c - 0xd9U, 32, &n) && model_bytes(m, true, n);
    if (c == 0xdc || c == 0xde)
        return model_take(m, 2, &n) && n > 15 &&
               model_container(m, depth, c == 0xde, n);
    if (c == 0xdd || c == 0xdf)
        return model_take(m, 4, &n) && n > 0xffff &&
               model_container(m, depth, c == 0xdf, n);
    return false;
}

static inline bool
model_judge(struct cim_bytes data, unsigned depth, size_t items)
{
    struct model m = {.p = data.p, .len = data.len, .items = items};

    return model_value(&m, depth) && m.at == m.len;
}

/* ---- the walker, watched -------------------------------------------------*/

/* Skims a copy of just these bytes, so that a byte read beyond is seen. */
static inline enum cim_err
skim_exact(const void *p, size_t len, unsigned depth, unsigned items)
{
    uint8_t *copy = malloc(len ? len : 1);

    if (!copy)
        abort();
    memcpy(copy, p, len);
    enum cim_err err = cim_wire_skim(cim_bytes_of(copy, len), depth, items);
    free(copy);
    return err;
}

#endif

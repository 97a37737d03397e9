/* SPDX-License-Identifier: MPL-2.0 */
#include "keys/bytes.h"

#include <stdlib.h>
#include <string.h>

#include <sodium.h>

struct cim_bytes
cim_bytes_of(const void *p, size_t len)
{
    return (struct cim_bytes){.p = p, .len = len};
}

struct cim_bytes
cim_bytes_str(const char *text)
{
    return cim_bytes_of(text, strlen(text));
}

int
cim_bytes_cmp(struct cim_bytes a, struct cim_bytes b)
{
    size_t n = a.len < b.len ? a.len : b.len;
    int order = n ? memcmp(a.p, b.p, n) : 0;

    if (order)
        return order;
    return a.len < b.len ? -1 : a.len > b.len;
}

bool
cim_bytes_eq(struct cim_bytes a, struct cim_bytes b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.p, b.p, a.len) == 0);
}

bool
cim_bytes_is(struct cim_bytes a, const char *text)
{
    return cim_bytes_eq(a, cim_bytes_str(text));
}

/* ---- buffer --------------------------------------------------------------*/

void
cim_buf_clear(struct cim_buf *buf)
{
    size_t max = buf->max;

    free(buf->p);
    *buf = (struct cim_buf){.max = max};
}

void
cim_buf_reset(struct cim_buf *buf)
{
    buf->len = 0;
    buf->err = CIM_OK;
}

/* Room for len more bytes and a NUL; doubles, so appending is linear. */
static enum cim_err
reserve(struct cim_buf *buf, size_t len)
{
    if (buf->err)
        return buf->err;
    if (len > SIZE_MAX / 4 - buf->len ||
        (buf->max && len > buf->max - buf->len))
        return buf->err = CIM_ETOOBIG;
    size_t need = buf->len + len + 1;
    if (need <= buf->cap_now)
        return CIM_OK;
    size_t cap = buf->cap_now ? buf->cap_now : 64;
    while (cap < need)
        cap *= 2;
    uint8_t *p = realloc(buf->p, cap);
    if (!p)
        return buf->err = CIM_ENOMEM;
    buf->p = p;
    buf->cap_now = cap;
    return CIM_OK;
}

enum cim_err
cim_buf_add(struct cim_buf *buf, const void *p, size_t len)
{
    enum cim_err err = reserve(buf, len);

    if (err == CIM_OK && len) {
        memcpy(buf->p + buf->len, p, len);
        buf->len += len;
    }
    return err;
}

enum cim_err
cim_buf_add_bytes(struct cim_buf *buf, struct cim_bytes b)
{
    return cim_buf_add(buf, b.p, b.len);
}

enum cim_err
cim_buf_add_str(struct cim_buf *buf, const char *text)
{
    return cim_buf_add(buf, text, strlen(text));
}

enum cim_err
cim_buf_add_u8(struct cim_buf *buf, uint8_t byte)
{
    return cim_buf_add(buf, &byte, 1);
}

struct cim_bytes
cim_buf_bytes(const struct cim_buf *buf)
{
    return cim_bytes_of(buf->p, buf->len);
}

const char *
cim_buf_cstr(struct cim_buf *buf)
{
    if (reserve(buf, 0))
        return NULL;
    buf->p[buf->len] = '\0';
    return (const char *)buf->p;
}

/* ---- text forms ----------------------------------------------------------*/

#define VARIANT sodium_base64_VARIANT_URLSAFE_NO_PADDING

void
cim_b64_encode(const uint8_t *p, size_t len, char *out)
{
    sodium_bin2base64(out, sodium_base64_ENCODED_LEN(len, VARIANT), p, len,
                      VARIANT);
}

enum cim_err
cim_b64_decode(const char *text, size_t text_len, uint8_t *out, size_t cap,
               size_t *len)
{
    const char *end;

    /* libsodium 1.0.18 takes bytes above 0x7f for 'A' where char is signed */
    for (size_t i = 0; i < text_len; i++)
        if ((unsigned char)text[i] > 0x7f)
            return CIM_EFORM;
    if (text_len / 4 * 3 + (text_len % 4 ? text_len % 4 - 1 : 0) > cap)
        return CIM_ETOOBIG;
    if (sodium_base642bin(out, cap, text, text_len, NULL, len, &end, VARIANT) ||
        end != text + text_len)
        return CIM_EFORM;
    return CIM_OK;
}

void
cim_hex_encode(const uint8_t *p, size_t len, char *out)
{
    sodium_bin2hex(out, len * 2 + 1, p, len);
}

enum cim_err
cim_hex_decode(const char *text, size_t text_len, uint8_t *out, size_t len)
{
    size_t got;
    const char *end;

    if (text_len != len * 2 ||
        sodium_hex2bin(out, len, text, text_len, NULL, &got, &end) ||
        got != len || end != text + text_len)
        return CIM_EFORM;
    return CIM_OK;
}

/* ---- UTF-8 ---------------------------------------------------------------*/

/*
 * The second byte's range is narrower after some first bytes: that is what
 * keeps out overlong forms, surrogates and what lies beyond U+10FFFF (RFC
 * 3629).
 */
size_t
cim_utf8_next(const uint8_t *p, size_t left, uint32_t *code)
{
    uint8_t lo = 0x80, hi = 0xbf;
    size_t n;

    *code = p[0];
    if (p[0] < 0x80)
        return 1;
    if (p[0] >= 0xc2 && p[0] <= 0xdf)
        n = 2;
    else if (p[0] >= 0xe0 && p[0] <= 0xef)
        n = 3;
    else if (p[0] >= 0xf0 && p[0] <= 0xf4)
        n = 4;
    else
        return 0;
    if (p[0] == 0xe0)
        lo = 0xa0;
    if (p[0] == 0xed)
        hi = 0x9f;
    if (p[0] == 0xf0)
        lo = 0x90;
    if (p[0] == 0xf4)
        hi = 0x8f;
    if (left < n || p[1] < lo || p[1] > hi)
        return 0;
    *code &= 0x7fu >> n;
    for (size_t i = 1; i < n; i++) {
        if ((p[i] & 0xc0) != 0x80)
            return 0;
        *code = *code << 6 | (p[i] & 0x3fu);
    }
    return n;
}

bool
cim_utf8_unsafe(uint32_t c)
{
    return c < 0x20 || (c >= 0x7f && c <= 0x9f) || c == 0x61c || c == 0x200e ||
           c == 0x200f || (c >= 0x2028 && c <= 0x202e) ||
           (c >= 0x2066 && c <= 0x2069) || c == 0xfeff;
}

bool
cim_utf8_valid(struct cim_bytes text)
{
    uint32_t code;

    for (size_t at = 0, n; at < text.len; at += n) {
        n = cim_utf8_next(text.p + at, text.len - at, &code);
        if (n == 0)
            return false;
    }
    return true;
}

void
cim_u64be(uint64_t value, uint8_t out[static 8])
{
    for (int i = 7; i >= 0; i--) {
        out[i] = (uint8_t)value;
        value >>= 8;
    }
}

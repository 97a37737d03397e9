/* SPDX-License-Identifier: MPL-2.0 */
/*
 * bytes - a lent view, an owned buffer, and the two text forms of bytes.
 *
 * A view never owns: it points into somebody's frame, row or buffer and lives
 * no longer than that. A buffer owns and grows up to a cap set by the caller,
 * so no input can make it grow without bound.
 */
#ifndef CIM_KEYS_BYTES_H
#define CIM_KEYS_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "keys/err.h"

/* Lent bytes; p may be NULL when len is 0. Text is UTF-8, not terminated. */
struct cim_bytes {
    const uint8_t *p;
    size_t len;
};

struct cim_bytes cim_bytes_of(const void *p, size_t len);
struct cim_bytes cim_bytes_str(const char *text); /* without the NUL */
bool cim_bytes_eq(struct cim_bytes a, struct cim_bytes b);
bool cim_bytes_is(struct cim_bytes a, const char *text);

/* memcmp order, a prefix first: <0, 0, >0. */
int cim_bytes_cmp(struct cim_bytes a, struct cim_bytes b);

/*
 * An owned, growing buffer. {0} is a valid empty one without a cap; clear
 * frees. Writers return CIM_ENOMEM, or CIM_ETOOBIG past the cap; once one
 * failed, err keeps the first error and later writes do nothing, so a run of
 * writes may be checked once at its end.
 */
struct cim_buf {
    uint8_t *p;
    size_t len, cap_now;
    size_t max; /* bytes; 0 = no limit */
    enum cim_err err;
};

void cim_buf_clear(struct cim_buf *buf);
void cim_buf_reset(struct cim_buf *buf); /* len 0, err OK, memory kept */
enum cim_err cim_buf_add(struct cim_buf *buf, const void *p, size_t len);
enum cim_err cim_buf_add_bytes(struct cim_buf *buf, struct cim_bytes b);
enum cim_err cim_buf_add_str(struct cim_buf *buf, const char *text);
enum cim_err cim_buf_add_u8(struct cim_buf *buf, uint8_t byte);
struct cim_bytes cim_buf_bytes(const struct cim_buf *buf);

/* Bytes 0..len-1 plus a NUL after them, not counted; NULL on CIM_ENOMEM. */
const char *cim_buf_cstr(struct cim_buf *buf);

/*
 * Unpadded base64url (RFC 4648 section 5). Encode writes
 * CIM_B64_LEN(len) characters and a NUL; decode takes the canonical form only
 * (no padding, no white space, no stray trailing bits).
 *   out   char[>= CIM_B64_LEN(len) + 1] / uint8_t[cap], owned by the caller
 *   Errors (decode): CIM_EFORM, CIM_ETOOBIG when cap is too small.
 */
#define CIM_B64_LEN(len) (((len)*4 + 2) / 3)
void cim_b64_encode(const uint8_t *p, size_t len, char *out);
CIM_MUST enum cim_err cim_b64_decode(const char *text, size_t text_len,
                                     uint8_t *out, size_t cap, size_t *len);

/* Lower-case hex; out has 2 * len + 1 characters. */
void cim_hex_encode(const uint8_t *p, size_t len, char *out);
/* Exactly 2 * len lower- or upper-case digits. Errors: CIM_EFORM. */
CIM_MUST enum cim_err cim_hex_decode(const char *text, size_t text_len,
                                     uint8_t *out, size_t len);

/* True for valid UTF-8 (RFC 3629: no surrogates, no overlong forms). */
bool cim_utf8_valid(struct cim_bytes text);
/* Length of the well-formed character at p, uint8_t[left], left >= 1, and its
 * code point; 0 when there is none. */
size_t cim_utf8_next(const uint8_t *p, size_t left, uint32_t *code);
/* May a terminal show it as something else, or something else because of it?
 * C0, DEL, C1, line and paragraph separators, direction marks, BOM. */
bool cim_utf8_unsafe(uint32_t code);

/* Big-endian, 8 bytes. */
void cim_u64be(uint64_t value, uint8_t out[static 8]);

#endif

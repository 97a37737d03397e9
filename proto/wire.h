/* SPDX-License-Identifier: MPL-2.0 */
/*
 * wire - bounded MessagePack: skim first, then read; and a writer.
 *
 * msgpack-c allocates what a declared count asks for (5 bytes can ask for 8
 * gigabytes), so nothing here hands it unchecked bytes. cim_wire_skim walks a
 * message once without allocating and vouches for its shape; the reader then
 * steps over those same bytes. This is the only door to msgpack-c.
 * Source: WIRE.md, "MessagePack profile".
 */
#ifndef CIM_PROTO_WIRE_H
#define CIM_PROTO_WIRE_H

#include <stdbool.h>

#include "keys/bytes.h"

/*
 * Walks exactly one value over the whole of data and checks the profile:
 * depth, number of values, every declared length and count against the bytes
 * left, shortest forms, UTF-8 without NUL in strings, map keys that are
 * strings and unique within their map, no floats, ext types or 0xc1, integers
 * within -2^63..2^63-1, nothing after the value.
 *   max_depth  containers within containers, 1..32
 *   max_items  values in all
 * Errors: CIM_ESHORT, CIM_ETRAIL, CIM_EDEPTH, CIM_ETOOBIG (items), CIM_EFORM.
 * CIM_ETOOBIG also for more than 4,096 keys in the maps that are open at once.
 * Cost:   linear; no allocation; 17 KiB of stack; a key is looked up among
 *         those of its map by bisection.
 */
CIM_MUST enum cim_err cim_wire_skim(struct cim_bytes data, unsigned max_depth,
                                    unsigned max_items);

enum cim_wire_kind {
    CIM_WIRE_NIL,
    CIM_WIRE_BOOL,
    CIM_WIRE_INT,
    CIM_WIRE_STR,
    CIM_WIRE_BIN,
    CIM_WIRE_ARRAY, /* n values follow */
    CIM_WIRE_MAP,   /* 2 n values follow: key, value, ... */
    CIM_WIRE_END    /* no bytes left */
};

struct cim_wire_value {
    enum cim_wire_kind kind;
    bool boolean;
    int64_t integer;
    struct cim_bytes bytes; /* str and bin: lent from the reader's data */
    uint32_t n;             /* array: values; map: pairs */
};

/*
 * Reads skimmed bytes from left to right. A reader is a plain value: copy it
 * to look ahead. {.data = x} is a fresh one.
 */
struct cim_reader {
    struct cim_bytes data;
    size_t at; /* bytes read */
};

/* The next value or container head. Errors: CIM_ESHORT, CIM_EFORM. */
CIM_MUST enum cim_err cim_wire_next(struct cim_reader *r,
                                    struct cim_wire_value *out);

/* Steps over the next value with all it holds; raw gets its bytes if given. */
CIM_MUST enum cim_err cim_wire_skip(struct cim_reader *r,
                                    struct cim_bytes *raw);

/* The next value, of this kind or CIM_EFORM. */
CIM_MUST enum cim_err cim_wire_array(struct cim_reader *r, uint32_t *n);
CIM_MUST enum cim_err cim_wire_map(struct cim_reader *r, uint32_t *pairs);
CIM_MUST enum cim_err cim_wire_str(struct cim_reader *r, struct cim_bytes *out);
CIM_MUST enum cim_err cim_wire_bin(struct cim_reader *r, struct cim_bytes *out);
/* 0..max, else CIM_EFORM. */
CIM_MUST enum cim_err cim_wire_uint(struct cim_reader *r, uint64_t max,
                                    uint64_t *out);
CIM_MUST enum cim_err cim_wire_bool(struct cim_reader *r, bool *out);

/* Writers append shortest forms; errors stay in buf->err (bytes.h). */
void cim_wire_put_array(struct cim_buf *buf, uint32_t n);
void cim_wire_put_map(struct cim_buf *buf, uint32_t pairs);
void cim_wire_put_str(struct cim_buf *buf, struct cim_bytes text);
void cim_wire_put_bin(struct cim_buf *buf, struct cim_bytes data);
void cim_wire_put_int(struct cim_buf *buf, int64_t value);
void cim_wire_put_uint(struct cim_buf *buf, uint64_t value);
void cim_wire_put_bool(struct cim_buf *buf, bool value);
void cim_wire_put_nil(struct cim_buf *buf);

#endif

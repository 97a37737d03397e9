/* SPDX-License-Identifier: MPL-2.0 */
/* uuid - event ids: RFC 9562 versions 7 (time) and 8 (content). */
#ifndef CIM_PROTO_UUID_H
#define CIM_PROTO_UUID_H

#include "keys/hash.h"

#define CIM_UUID_TEXT_LEN 36

/* 16 bytes, for keys of maps and tables. */
struct cim_uuid {
    uint8_t b[16];
};

/*
 * Any RFC 9562 UUID in lower case, 8-4-4-4-12, variant 10x, version 1..8.
 * Errors: CIM_EFORM.
 */
CIM_MUST enum cim_err cim_uuid_parse(struct cim_bytes text,
                                     struct cim_uuid *out);
void cim_uuid_text(const struct cim_uuid *id,
                   char out[static CIM_UUID_TEXT_LEN + 1]);

/* Version 7 from a wall clock in ms and 10 random bytes. */
struct cim_uuid cim_uuid_v7(int64_t time_ms, const uint8_t random[static 10]);

/* Version 8: the first 16 bytes of the hash, version and variant set. */
struct cim_uuid cim_uuid_v8(const struct cim_hash *content);

#endif

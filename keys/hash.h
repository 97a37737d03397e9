/* SPDX-License-Identifier: MPL-2.0 */
/*
 * hash - BLAKE2b with the lengths and prefixes the protocol uses.
 *
 * A leaf and an inner node of the batch tree start with different bytes, so
 * neither can be passed off as the other (RFC 9162 section 2.1.1, with
 * BLAKE2b-256 in place of SHA-256). Source: WIRE.md, "Hashes".
 */
#ifndef CIM_KEYS_HASH_H
#define CIM_KEYS_HASH_H

#include <stdbool.h>
#include <stdint.h>

#include "keys/bytes.h"

#define CIM_HASH_LEN   32
#define CIM_DIGEST_LEN 16

struct cim_hash {
    uint8_t b[CIM_HASH_LEN];
};

/* A short digest, for comparing lists; never signed. */
struct cim_digest {
    uint8_t b[CIM_DIGEST_LEN];
};

struct cim_hash cim_hash_bytes(struct cim_bytes data); /* BLAKE2b-256 */
struct cim_hash cim_hash_leaf(struct cim_bytes event); /* 0x00 || event */
struct cim_hash cim_hash_inner(const struct cim_hash *left,
                               const struct cim_hash *right); /* 0x01 || ... */
bool cim_hash_eq(const struct cim_hash *a, const struct cim_hash *b);

/* Incremental BLAKE2b-128 (heads digest, have digest). Plain value. */
struct cim_digester {
    _Alignas(64) uint8_t state[384]; /* crypto_generichash_state */
};
void cim_digester_init(struct cim_digester *d);
void cim_digester_add(struct cim_digester *d, struct cim_bytes data);
void cim_digester_add_u64(struct cim_digester *d, uint64_t value); /* u64be */
struct cim_digest cim_digester_end(struct cim_digester *d);
bool cim_digest_eq(const struct cim_digest *a, const struct cim_digest *b);

#endif

/* SPDX-License-Identifier: MPL-2.0 */
/*
 * sign - Ed25519 public keys and signatures under a context string.
 *
 * What is signed is always a context string, its NUL, and the exact bytes:
 * a signature made for one purpose verifies for no other. Verification is
 * libsodium's strict one (RFC 8032; small-order and non-canonical keys and
 * S + L are refused). Source: WIRE.md, "Signatures".
 */
#ifndef CIM_KEYS_SIGN_H
#define CIM_KEYS_SIGN_H

#include <stdbool.h>
#include <stdint.h>

#include "keys/bytes.h"

#define CIM_KEY_LEN      32
#define CIM_KEY_TEXT_LEN 43 /* unpadded base64url of 32 bytes */
#define CIM_SIG_LEN      64
#define CIM_KEYID_LEN    8

#define CIM_CONTEXT_BATCH "cimesh batch v1" /* + its NUL, then header bytes */
#define CIM_CONTEXT_KEY   "cimesh key v1"   /* + its NUL, then public key */

/* Ed25519 public key. */
struct cim_signkey {
    uint8_t b[CIM_KEY_LEN];
};
/* Curve25519 public key, for CURVE. */
struct cim_curvekey {
    uint8_t b[CIM_KEY_LEN];
};
struct cim_signature {
    uint8_t b[CIM_SIG_LEN];
};
/* First 8 bytes of BLAKE2b-256(CIM_CONTEXT_KEY || 0 || public key). */
struct cim_keyid {
    uint8_t b[CIM_KEYID_LEN];
};

/*
 * Initialises libsodium; before anything else here, from one thread.
 * Errors: CIM_EIO (no randomness).
 */
CIM_MUST enum cim_err cim_sodium_start(void);

struct cim_keyid cim_keyid_of(const struct cim_signkey *key);
bool cim_keyid_eq(const struct cim_keyid *a, const struct cim_keyid *b);

/*
 * Verifies sig over context || 0 || data.
 * Errors: CIM_ESIG, also above 1,024 bytes in all. Cost: about 40 us.
 */
CIM_MUST enum cim_err cim_verify(const struct cim_signkey *key,
                                 const char *context, struct cim_bytes data,
                                 const struct cim_signature *sig);

/*
 * Text form of a key: 43 characters and a NUL. Parse refuses what is not
 * canonical and the all-zero key: CIM_EFORM, diag says which.
 */
void cim_key_text(const uint8_t key[static CIM_KEY_LEN],
                  char out[static CIM_KEY_TEXT_LEN + 1]);
CIM_MUST enum cim_err cim_key_parse(struct cim_bytes text,
                                    uint8_t out[static CIM_KEY_LEN],
                                    struct cim_diag *diag);

/*
 * Fingerprint for people to compare over the phone: 8 groups of 4 hex digits
 * of BLAKE2b-256(CIM_CONTEXT_KEY || 0 || key), "1a2b-3c4d-...": 39 characters
 * and a NUL; its first 16 digits are the key id.
 */
#define CIM_FINGERPRINT_LEN 39
void cim_fingerprint(const struct cim_signkey *key,
                     char out[static CIM_FINGERPRINT_LEN + 1]);

/* Random bytes from the system, for ids and epochs. */
void cim_random(void *out, size_t len);

#endif

/* SPDX-License-Identifier: MPL-2.0 */
/*
 * identity - a node's two key pairs and the file that keeps them.
 *
 * One Ed25519 pair signs events, one Curve25519 pair is for CURVE; they are
 * independent, so one can be replaced without the other. Secrets live in
 * guarded, locked memory and are wiped when the identity is closed. The file
 * is text, mode 0600, and is made so that it exists whole or not at all.
 * Source: WIRE.md, "Keys"; the file format is described in identity.c.
 */
#ifndef CIM_KEYS_IDENTITY_H
#define CIM_KEYS_IDENTITY_H

#include "keys/sign.h"

struct cim_identity; /* opaque: never copied, printed, stored or sent */

/*
 * Makes two fresh key pairs; *out is the caller's, cim_identity_close frees.
 * Errors: CIM_ENOMEM.
 */
CIM_MUST enum cim_err cim_identity_make(struct cim_identity **out);

/*
 * The same from two 32-byte seeds (Ed25519 seed, Curve25519 secret), for test
 * vectors. Errors: CIM_ENOMEM.
 */
CIM_MUST enum cim_err cim_identity_from_seeds(const uint8_t sign[static 32],
                                              const uint8_t curve[static 32],
                                              struct cim_identity **out);

/*
 * Writes the key file: O_CREAT|O_EXCL 0600 under a temporary name, fsync,
 * link to path without replacing, fsync of the folder.
 * Errors: CIM_EEXIST (nothing changed), CIM_ENOENT (no such folder), CIM_EIO,
 * CIM_EPERM, CIM_ENOMEM; diag names path.
 */
CIM_MUST enum cim_err cim_identity_save(const struct cim_identity *id,
                                        const char *path,
                                        struct cim_diag *diag);

/*
 * Reads a key file: a regular file of at most 4 KiB that no one but its owner
 * may read, owned by the caller or root. One of root's that it lends to a
 * group (0440: what service managers do with secrets) is fine for others.
 * Errors: CIM_ENOENT, CIM_EPERM (others may read it), CIM_EFORM, CIM_EIO,
 * CIM_ENOMEM; diag says what to do.
 */
CIM_MUST enum cim_err cim_identity_load(const char *path,
                                        struct cim_identity **out,
                                        struct cim_diag *diag);

/*
 * Parses the text of a key file (what load reads); for load and the fuzzer.
 * Errors: CIM_EFORM, CIM_ENOMEM.
 */
CIM_MUST enum cim_err cim_identity_parse(struct cim_bytes text,
                                         struct cim_identity **out,
                                         struct cim_diag *diag);

void cim_identity_close(struct cim_identity **id); /* wipes, frees, NULLs */

struct cim_signkey cim_identity_signkey(const struct cim_identity *id);
struct cim_curvekey cim_identity_curvekey(const struct cim_identity *id);

/*
 * Signs context || 0 || data, together at most 1,024 bytes (asserted).
 * Deterministic (RFC 8032). Cost: about 15 us.
 */
void cim_identity_sign(const struct cim_identity *id, const char *context,
                       struct cim_bytes data, struct cim_signature *out);

/*
 * The Curve25519 secret, lent until close, for the CURVE options of sockets
 * and nothing else.
 */
const uint8_t *cim_identity_curve_secret(const struct cim_identity *id);

#endif

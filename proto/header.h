/* SPDX-License-Identifier: MPL-2.0 */
/*
 * header - the signed statement about a batch.
 *
 * An array of nine: [1, node, key id, epoch, first, count, root, prev, time].
 * One signature over a header covers every event of its batch. A header says
 * who, which log, which positions, what they hash to, what came before and
 * when; nothing here knows whether the key is trusted. Source: WIRE.md,
 * "Header".
 */
#ifndef CIM_PROTO_HEADER_H
#define CIM_PROTO_HEADER_H

#include "keys/hash.h"
#include "keys/identity.h"
#include "proto/limits.h"

struct cim_header {
    char node[CIM_NODE_MAX + 1]; /* "odl/ci-1", NUL-terminated */
    struct cim_keyid key;
    uint64_t epoch; /* 0..CIM_SEQ_MAX */
    uint64_t first; /* 1..CIM_SEQ_MAX */
    uint32_t count; /* 1..CIM_BATCH_EVENTS */
    struct cim_hash root;
    struct cim_hash prev; /* hash of the previous header; zero when none */
    int64_t time_ms;      /* UTC since 1970, 0..CIM_SEQ_MAX */
};

/* Position of the last event. */
uint64_t cim_header_last(const struct cim_header *h);

/* Appends the bytes that are signed. Errors: CIM_EFORM, CIM_ENOMEM. */
CIM_MUST enum cim_err cim_header_encode(const struct cim_header *h,
                                        struct cim_buf *out);

/*
 * Parses a header that is exactly these bytes, in shortest forms.
 * Errors: CIM_ETOOBIG, CIM_ESHORT, CIM_ETRAIL, CIM_EFORM, CIM_EVERSION.
 */
CIM_MUST enum cim_err cim_header_parse(struct cim_bytes bytes,
                                       struct cim_header *out);

/* BLAKE2b-256 of the encoded bytes: what the next header's prev holds. */
struct cim_hash cim_header_hash(struct cim_bytes bytes);

/*
 * A header with its signature, as it is kept and as a beacon and a heads
 * answer carry it. A plain value; the bytes are the ones that were signed.
 */
struct cim_signed_header {
    struct cim_header h;
    struct cim_signature sig;
    uint8_t bytes[CIM_HEADER_MAX];
    uint16_t len;
};
struct cim_bytes cim_signed_bytes(const struct cim_signed_header *sh);

/* Encodes h, signs it, fills out. Errors: CIM_EFORM, CIM_ENOMEM. */
CIM_MUST enum cim_err cim_header_seal(const struct cim_header *h,
                                      const struct cim_identity *id,
                                      struct cim_signed_header *out);

/*
 * Header and signature from two frames; the signature is not yet checked.
 * Errors: as cim_header_parse; CIM_EFORM when sig is not 64 bytes.
 */
CIM_MUST enum cim_err cim_signed_parse(struct cim_bytes header,
                                       struct cim_bytes sig,
                                       struct cim_signed_header *out);

/* Verifies sig under key. Errors: CIM_EKEY (other key id), CIM_ESIG. */
CIM_MUST enum cim_err cim_signed_verify(const struct cim_signed_header *sh,
                                        const struct cim_signkey *key);

/*
 * Beacon payload: [header, signature], or empty when nothing was ever sealed
 * (sh NULL; *none true). Errors: CIM_ENOMEM; parsing: as cim_signed_parse.
 */
CIM_MUST enum cim_err cim_beacon_encode(const struct cim_signed_header *sh,
                                        struct cim_buf *out);
CIM_MUST enum cim_err cim_beacon_parse(struct cim_bytes frame,
                                       struct cim_signed_header *out,
                                       bool *none);

#endif

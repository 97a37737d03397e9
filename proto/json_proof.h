/* SPDX-License-Identifier: MPL-2.0 */
/*
 * json_proof - an event with its proof, as text to keep or to mail.
 *
 * {"topic": "odl/.../", "slice": "<base64url>"}: what `show --proof` writes
 * and `verify` reads. Reading says nothing about truth: parse and prove the
 * slice (slice.h) for that. Source: WIRE.md, "JSON forms".
 */
#ifndef CIM_PROTO_JSON_PROOF_H
#define CIM_PROTO_JSON_PROOF_H

#include "keys/bytes.h"
#include "proto/limits.h"

/* A proof as text is at most this long, in bytes. */
#define CIM_PROOF_TEXT_MAX (CIM_B64_LEN(CIM_SLICE_MAX) + 1024)

/*
 * One JSON object with exactly these two keys.
 *   topic  gets the topic, a well-formed one
 *   slice  gets the slice's bytes, 1..CIM_SLICE_MAX, unchecked
 * Both are reset first. Errors: CIM_EFORM, CIM_ETOPIC, CIM_ETOOBIG,
 * CIM_ENOMEM; diag says what is wrong and where.
 */
CIM_MUST enum cim_err cim_proof_read(struct cim_bytes text,
                                     struct cim_buf *topic,
                                     struct cim_buf *slice,
                                     struct cim_diag *diag);

/* Appends the object, one line without a newline. Errors: CIM_ENOMEM. */
CIM_MUST enum cim_err cim_proof_write(struct cim_bytes topic,
                                      struct cim_bytes slice,
                                      struct cim_buf *out);

#endif

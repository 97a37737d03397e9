/* SPDX-License-Identifier: MPL-2.0 */
/*
 * slice - events of one batch with what it takes to check them.
 *
 * [header, signature, runs, events, nodes]. A slice travels on PUB, fills
 * catch-up pages, is rebuilt from the store, and is what `verify` reads:
 * one unit and one algorithm everywhere. Bytes from outside become a struct
 * cim_slice by parsing, and a struct cim_proven only by checking root and
 * signature: what takes a proven slice cannot be handed anything else.
 * Source: WIRE.md, "Slice".
 */
#ifndef CIM_PROTO_SLICE_H
#define CIM_PROTO_SLICE_H

#include "proto/header.h"
#include "proto/merkle.h"

/*
 * A parsed slice: form and limits hold, nothing is proven. Views point into
 * the frame. clear frees the arrays.
 */
struct cim_slice {
    struct cim_signed_header sh;
    struct cim_run *runs; /* n_runs >= 1, owned */
    size_t n_runs;
    struct cim_bytes *events; /* n_events >= 1, owned array of lent views */
    size_t n_events;
    struct cim_bytes nodes; /* lent, 32 bytes each */
};

/*
 * Parses form and limits.
 *   frame  bytes[1..CIM_SLICE_MAX], lent; must outlive out
 * Errors: CIM_ESHORT, CIM_ETRAIL, CIM_ETOOBIG, CIM_EFORM, CIM_EVERSION,
 * CIM_ENOMEM. Cost: linear in frame, two allocations.
 */
CIM_MUST enum cim_err cim_slice_parse(struct cim_bytes frame,
                                      struct cim_slice *out);
void cim_slice_clear(struct cim_slice *slice);

/* Batch index of the i-th event (0-based); its position is first + index. */
uint32_t cim_slice_index(const struct cim_slice *slice, size_t i);

/*
 * A slice whose root and signature were checked under a key the caller
 * trusts for that node. Only cim_slice_prove makes one.
 */
struct cim_proven {
    struct cim_slice slice;
    struct cim_hash *leaves;      /* n_events, owned */
    struct cim_frontier frontier; /* owned */
    struct cim_hash header_hash;
};

/*
 * Recomputes the root from the slice's events and nodes, then verifies the
 * signature. Takes slice's arrays over into out on success; on failure slice
 * keeps them.
 *   key       the signer's; its id must be the header's
 *   sig_known the caller remembers this very (header, signature) as verified
 *             under this key: the signature is not verified again
 * Errors: CIM_EKEY, CIM_EROOT, CIM_ESIG, in this order; CIM_ENOMEM.
 * Cost: a hash an event and a node; about 40 us unless sig_known.
 */
CIM_MUST enum cim_err cim_slice_prove(struct cim_slice *slice,
                                      const struct cim_signkey *key,
                                      bool sig_known, struct cim_proven *out);
void cim_proven_clear(struct cim_proven *proven);

/*
 * Writes a slice.
 *   f       frontier with every selected index as a leaf
 *   events  the selected events' bytes, in order
 *   out     gets it appended; on failure its bytes are as before
 * Errors: CIM_EFORM, CIM_ETOOBIG, CIM_ENOMEM.
 */
CIM_MUST enum cim_err cim_slice_write(const struct cim_signed_header *sh,
                                      const struct cim_frontier *f,
                                      const struct cim_run *runs, size_t n_runs,
                                      const struct cim_bytes *events,
                                      size_t n_events, struct cim_buf *out);

/*
 * Encoded size of a slice of these runs and this many event bytes, exact, to
 * fill messages up to a limit without writing them twice.
 */
size_t cim_slice_size(const struct cim_signed_header *sh,
                      const struct cim_run *runs, size_t n_runs,
                      const struct cim_bytes *events, size_t n_events);

/*
 * Seals events into a batch: fills root and count of *h, signs.
 *   h       node, key, epoch, first, prev, time set by the caller
 *   events  n 1..CIM_BATCH_EVENTS, together at most CIM_BATCH_MAX or n = 1
 *   out     the signed header; frontier of all leaves
 * Errors: CIM_EFORM, CIM_ETOOBIG, CIM_ENOMEM.
 */
CIM_MUST enum cim_err cim_batch_seal(struct cim_header *h,
                                     const struct cim_identity *id,
                                     const struct cim_bytes *events, size_t n,
                                     struct cim_signed_header *out,
                                     struct cim_frontier *frontier);

#endif

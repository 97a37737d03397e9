/* SPDX-License-Identifier: MPL-2.0 */
/*
 * merkle - what is known of a batch's tree.
 *
 * The tree has the shape of RFC 9162 section 2.1: a range of n > 1 leaves
 * splits at the largest power of two below n. A frontier is a row of subtrees
 * that together cover the batch from left to right, each with its hash:
 *
 *         root                 count 5; events 1 and 2 known:
 *        /    \
 *       o      4               frontier = (0,1) (1,1) (2,1) (3,1) (4,1)
 *      / \                     or, with subtree hashes for what is not held,
 *    o     o                   frontier = (0,1) (1,1) (2,1) (3,1) (4,1)
 *   0 1   2 3                  only 0 held: (0,1) (1,1) (2,2) (4,1)
 *
 * The same structure is what a slice carries, what the store keeps beside the
 * events it holds, and what two slices of one batch merge into.
 * Source: WIRE.md, "Tree".
 */
#ifndef CIM_PROTO_MERKLE_H
#define CIM_PROTO_MERKLE_H

#include "keys/hash.h"
#include "proto/limits.h"

struct cim_node {
    uint16_t lo, n; /* leaves lo..lo+n-1, a subtree of the batch's shape */
    struct cim_hash hash;
};

/* Owned; {0} is empty; clear frees. Ascending, covers 0..count-1 exactly. */
struct cim_frontier {
    struct cim_node *v;
    size_t len, cap;
};
void cim_frontier_clear(struct cim_frontier *f);
CIM_MUST enum cim_err cim_frontier_add(struct cim_frontier *f, uint16_t lo,
                                       uint16_t n, const struct cim_hash *hash);

/* Selected indices: ascending, non-adjacent, n >= 1. */
struct cim_run {
    uint16_t first, n;
};

/* Root of a batch from all its leaf hashes, count 1..CIM_BATCH_EVENTS. */
struct cim_hash cim_merkle_root(const struct cim_hash *leaves, uint32_t count);

/*
 * Root from a frontier. Errors: CIM_EFORM when it is not one for count.
 */
CIM_MUST enum cim_err cim_frontier_root(const struct cim_frontier *f,
                                        uint32_t count, struct cim_hash *root);

/*
 * The nodes a slice of these runs needs, in the order its checker reads them
 * (left to right), appended to out as 32-byte hashes. Every selected index
 * must be a leaf of the frontier. Errors: CIM_EFORM, CIM_ENOMEM.
 */
CIM_MUST enum cim_err cim_merkle_nodes(const struct cim_frontier *f,
                                       uint32_t count,
                                       const struct cim_run *runs,
                                       size_t n_runs, struct cim_buf *out);

/*
 * What a slice proves: from the selected leaves' hashes, in order, and the
 * nodes, the root; all leaves and nodes must be used.
 *   frontier  if not NULL, set on CIM_OK to the slice's (owned by the caller)
 * Errors: CIM_EROOT (does not fit, or something is left over), CIM_ENOMEM.
 */
CIM_MUST enum cim_err
cim_merkle_check(uint32_t count, const struct cim_run *runs, size_t n_runs,
                 const struct cim_hash *leaves, struct cim_bytes nodes,
                 const struct cim_hash *root, struct cim_frontier *frontier);

/*
 * The finer of two frontiers of one batch, part by part: what both together
 * know. Both must have been checked against the same root.
 *   out  set on CIM_OK, owned by the caller
 * Errors: CIM_EFORM (not of one batch, or not whole), CIM_ENOMEM.
 */
CIM_MUST enum cim_err cim_frontier_merge(const struct cim_frontier *a,
                                         const struct cim_frontier *b,
                                         struct cim_frontier *out);

#endif

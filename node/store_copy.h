/* SPDX-License-Identifier: MPL-2.0 */
/*
 * store_copy - the whole database as a file of its own, while a node runs.
 *
 * The copy is what was committed at one moment: one read transaction is held
 * for its length, in which the writer goes on and its WAL grows.
 */
#ifndef CIM_NODE_STORE_COPY_H
#define CIM_NODE_STORE_COPY_H

#include <stdbool.h>
#include <stdint.h>

#include "keys/bytes.h"

/* Told now and then; false ends the copy. Of pages copied and in all. */
struct store_copy_watch {
    bool (*go_on)(void *ctx, uint64_t done, uint64_t all);
    void *ctx;
};

/*
 * Makes the file `to` from the database `from` and brings it to the disk. One
 * that exists stays as it is; after an error there is none. While it is
 * written it is called to.tmp-PID.
 *   events  stored in it
 * Errors: CIM_ENOENT (no database), CIM_EVERSION, CIM_EEXIST, CIM_EPERM,
 * CIM_ESTATE (go_on ended it), CIM_EIO; diag says what to do.
 */
CIM_MUST enum cim_err store_copy(const char *from, const char *to,
                                 const struct store_copy_watch *watch,
                                 uint64_t *events, struct cim_diag *diag);

#endif

/* SPDX-License-Identifier: MPL-2.0 */
/* promote_private - what the files of promote share. */
#ifndef CIM_NODE_PROMOTE_PRIVATE_H
#define CIM_NODE_PROMOTE_PRIVATE_H

#include "node/promote.h"

/* ---- promote_gather.c ---------------------------------------------------*/

/* Asks of everything the rule needs; nothing is settled. Errors: CIM_EIO. */
CIM_MUST enum cim_err promote_gather(struct store_reader *reader,
                                     const struct rule *rule,
                                     const struct ledger_subject *subject,
                                     struct promote_verdict *out);

/* ---- promote_last.c -----------------------------------------------------*/

struct promote_stored {
    struct cim_buf bytes;   /* owned; clear it */
    struct cim_event event; /* views into bytes */
    bool found;
};
/* One event as it is stored. Errors: CIM_ENOENT (rotten, or gone since),
 * CIM_EIO; then out is empty. */
CIM_MUST enum cim_err promote_read(struct store_reader *reader,
                                   uint64_t arrival,
                                   struct promote_stored *out);

/* Is everything held that this decision names as its cause? If not, who made
 * it knew more than this node does now. Errors: CIM_EIO. */
CIM_MUST enum cim_err promote_knows_causes(struct store_reader *reader,
                                           const struct ledger_stamp *stamp,
                                           bool *knows);

/* ---- promote_decide.c, promote_draft.c ----------------------------------*/

struct cim_uuid promote_overdue_id(const struct promote_case *c);

/* Errors: CIM_EIO, CIM_ENOENT (the newest stamp cannot be read), CIM_ETOPIC
 * and others: it cannot be said. */
CIM_MUST enum cim_err promote_draft(const struct promote_case *c,
                                    const struct promote_verdict *verdict,
                                    const struct cim_uuid *id,
                                    struct cim_draft *out);

#endif

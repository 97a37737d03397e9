/* SPDX-License-Identifier: MPL-2.0 */
/*
 * trace_private - what the trace*.c files share.
 *
 *   trace.c        the walk
 *   trace_event.c  what an event itself says; whom a text means
 *   trace_text.c   as a tree, as a digraph
 */
#ifndef CIM_NODE_TRACE_PRIVATE_H
#define CIM_NODE_TRACE_PRIVATE_H

#include "node/trace.h"

#define TRACE_LINKS_MAX 32 /* looked at, of one event */

struct trace_link {
    enum trace_rel rel; /* CAUSE, SUPERSEDES */
    struct ledger_name to;
};

/* What the event itself says, beyond what the ledger keeps of it. */
struct trace_said {
    struct ledger_subject event; /* owned until taken */
    enum trace_kind kind;
    char rule[CIM_NAME_MAX + 1], levels[256];
    struct trace_link links[TRACE_LINKS_MAX];
    size_t n_links;
    bool more_links, found;
};

/* The event of this name, or of this arrival unless it is 0; found tells.
 * Errors: CIM_EIO. */
CIM_MUST enum cim_err trace_look_up(struct store_reader *reader,
                                    const struct ledger_name *name,
                                    uint64_t arrival, struct trace_said *said);

bool trace_same_name(const struct ledger_name *a, const struct ledger_name *b);
/* buf becomes a copy of text. */
void trace_set(struct cim_buf *buf, struct cim_bytes text);

#endif

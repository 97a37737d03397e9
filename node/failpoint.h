/* SPDX-License-Identifier: MPL-2.0 */
/*
 * failpoint - named moments at which a test stops, delays or fails the node.
 *
 * In builds with CIM_FAILPOINTS (debug, sanitizers, rig), $CIMESH_FAILPOINT is
 *
 *     NAME=ACTION[@K][;NAME=...]       at most one action a name
 *
 *     crash          SIGKILL to this process
 *     sleep:MS       the thread that passes waits
 *     error:ERRNO    a name (EIO, ENOSPC, ...) or a number; places that can
 *                    fail do as if the system had said so, others go on
 *     @K             when passed for the K-th time (1); @K+ from then on
 *
 * Other builds contain nothing of it: FAILPOINT() is 0 and the variable is
 * not looked at. The names are in failpoint_list.h.
 */
#ifndef CIM_NODE_FAILPOINT_H
#define CIM_NODE_FAILPOINT_H

#include "keys/err.h"
#include "node/failpoint_list.h"

enum failpoint {
#define FAILPOINT_ENUM(name, label, meaning) FAILPOINT_##name,
    FAILPOINTS(FAILPOINT_ENUM)
#undef FAILPOINT_ENUM
        FAILPOINT_N
};

#ifdef CIM_FAILPOINTS
/* Reads a list of actions (NULL, "": none); before any thread is made.
 * CIM_EFORM with a sentence when it breaks the grammar. */
CIM_MUST enum cim_err failpoint_start(const char *text, struct cim_diag *diag);

/* Counts, and does what was asked for here. Any thread. Returns 0, or the
 * errno to simulate. */
int failpoint_pass(enum failpoint which);

const char *failpoint_label(enum failpoint which);
const char *failpoint_meaning(enum failpoint which);

#define FAILPOINT(name) failpoint_pass(FAILPOINT_##name)
#else
#define FAILPOINT(name) 0
#endif

#endif

/* SPDX-License-Identifier: MPL-2.0 */
/* safe - what others wrote, for a terminal. */
#ifndef CIM_NODE_SAFE_H
#define CIM_NODE_SAFE_H

#include "keys/bytes.h"

/* Appends text; what a terminal acts on comes out as \u202e and the like,
 * what is not UTF-8 as '?'. */
void safe_add(struct cim_buf *out, struct cim_bytes text);

/* printf of our own words, at most 1 KiB a call. */
void safe_put(struct cim_buf *out, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

#endif

/* SPDX-License-Identifier: MPL-2.0 */
/*
 * mem - allocation in the node: it succeeds, or the process ends.
 *
 * The library reports CIM_ENOMEM; the node stops at once, with a line that
 * says so and exit code 71: the store makes a crash safe, half-done work would
 * not be.
 */
#ifndef CIM_NODE_MEM_H
#define CIM_NODE_MEM_H

#include <stddef.h>

#include "keys/bytes.h"

#define MEM_EXIT 71 /* the system: no memory */

void *xcalloc(size_t n, size_t size);
void *xrealloc(void *p, size_t size);
char *xstrdup(const char *text);
char *xstrndup(const char *text, size_t len);
/* A copy of the bytes plus a NUL. */
char *xtext(struct cim_bytes text);
/* A copy of the bytes; an owned view, free() its p. */
struct cim_bytes xbytes(struct cim_bytes b);
char *xasprintf(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* Grows *array so that it holds n + 1 items of this size; doubles. */
void xgrow(void *array, size_t *cap, size_t n, size_t item);

/* For CIM_ENOMEM out of the library. */
_Noreturn void mem_fail(void);

#endif

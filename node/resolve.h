/* SPDX-License-Identifier: MPL-2.0 */
/*
 * resolve - host names to addresses, without anybody waiting.
 *
 * libzmq would resolve in its I/O thread, and a dead name server would hold
 * up every link there. So names are looked up by glibc's own threads, and the
 * loop asks now and then whether the answer is there.
 */
#ifndef CIM_NODE_RESOLVE_H
#define CIM_NODE_RESOLVE_H

#include <stdbool.h>
#include <stddef.h>

struct resolve; /* one look-up under way */

/* True for "tcp://127.0.0.1:7570" and "tcp://[::1]:7570". */
bool resolve_is_numeric(const char *endpoint);

/* Begins a look-up of "tcp://HOST:PORT". NULL when it is not of that form or
 * no look-up can be made now. */
struct resolve *resolve_start(const char *endpoint);

enum resolve_state { RESOLVE_WAIT, RESOLVE_DONE, RESOLVE_FAILED };
/*
 * Is it there? Frees and NULLs it unless RESOLVE_WAIT.
 *   pick  which of several addresses: pick modulo their number
 *   out   char[cap], the endpoint with an address in it, on RESOLVE_DONE
 */
enum resolve_state resolve_poll(struct resolve **r, unsigned pick, char *out,
                                size_t cap);

/* Gives up on it. One that cannot be stopped frees nothing: its thread still
 * writes there. */
void resolve_drop(struct resolve **r);

#endif

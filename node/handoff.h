/* SPDX-License-Identifier: MPL-2.0 */
/*
 * handoff - a worker thread that is given pointers and gives them back.
 *
 * What is behind a pointer belongs to one thread at a time: whoever gave it
 * away does not look at it until it comes back. Pointers come back in the
 * order the worker finishes them. Built on zactor: both ends are sockets, so
 * the loop polls its end beside its others.
 */
#ifndef CIM_NODE_HANDOFF_H
#define CIM_NODE_HANDOFF_H

#include <stdbool.h>

struct handoff;      /* the owner's end */
struct handoff_side; /* the worker's end */

/* Runs until handoff_next says so; ctx is its own. */
typedef void handoff_fn(struct handoff_side *side, void *ctx);

struct handoff *handoff_start(handoff_fn *work, void *ctx);
/* The worker finishes what was given, ends, is joined; drop frees what
 * nobody took. */
void handoff_stop(struct handoff **handoff, void (*drop)(void *item));

void *handoff_pipe(struct handoff *handoff); /* zsock_t to poll; then take */
void handoff_give(struct handoff *handoff, void *item); /* not NULL */
void *handoff_take(struct handoff *handoff);            /* NULL: none now */

/* What the worker sees. */
enum handoff_next {
    HANDOFF_ITEM, /* *item */
    HANDOFF_NONE, /* nothing came within the time */
    HANDOFF_STOP  /* all items were seen: return */
};
/*   wait_ms  0: do not wait; -1: for ever */
enum handoff_next handoff_next(struct handoff_side *side, int wait_ms,
                               void **item);
void handoff_back(struct handoff_side *side, void *item);

#endif

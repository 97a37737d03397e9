/* SPDX-License-Identifier: MPL-2.0 */
/*
 * store_thread - the only writer, a thread of its own.
 *
 * Everything that waits when it turns to its pipe goes into one transaction,
 * so groups grow by themselves under load and an fsync serves many jobs. Jobs
 * come back in the order they were given.
 */
#ifndef CIM_NODE_STORE_THREAD_H
#define CIM_NODE_STORE_THREAD_H

#include "node/store.h"

struct store_thread;

/* Takes the store. */
struct store_thread *store_thread_start(struct store **store);
/* Finishes what was submitted, closes the store, joins. Jobs not taken are
 * freed. */
void store_thread_stop(struct store_thread **thread);

void *store_thread_pipe(struct store_thread *thread); /* zsock_t to poll */
void store_thread_submit(struct store_thread *thread,
                         struct store_job *job); /* takes */
struct store_job *store_thread_take(struct store_thread *thread);

#endif

/* SPDX-License-Identifier: MPL-2.0 */
/*
 * A pointer travels as a frame of its own size, NULL says stop. libzmq orders
 * memory when it passes a message on, but in code a thread checker does not
 * see; the two counters say the same in C11's words, for the price of an
 * uncontended add.
 */
#include "node/handoff.h"

#include <stdatomic.h>
#include <stdlib.h>

#include <czmq.h>

#include "node/mem.h"

struct handoff_side {
    zsock_t *pipe;
    struct handoff *owner;
    bool stopped; /* NULL came */
};

struct handoff {
    zactor_t *actor;
    handoff_fn *work;
    void *ctx;
    atomic_uint given, returned;
};

static void
send_item(zsock_t *pipe, void *item, atomic_uint *count)
{
    void *raw = zsock_resolve(pipe);

    atomic_fetch_add_explicit(count, 1, memory_order_release);
    /* The pipes have no high-water mark, so this never waits for long. */
    while (zmq_send(raw, &item, sizeof item, 0) < 0 && errno == EINTR)
        ;
}

static bool
recv_item(zsock_t *pipe, void **item, atomic_uint *count)
{
    void *raw = zsock_resolve(pipe);
    int n;

    do
        n = zmq_recv(raw, item, sizeof *item, ZMQ_DONTWAIT);
    while (n < 0 && errno == EINTR);
    if (n != (int)sizeof *item)
        return false;
    (void)atomic_load_explicit(count, memory_order_acquire);
    return true;
}

/* ---- the worker's end ---------------------------------------------------*/

enum handoff_next
handoff_next(struct handoff_side *side, int wait_ms, void **item)
{
    if (side->stopped)
        return HANDOFF_STOP;
    zmq_pollitem_t poll = {zsock_resolve(side->pipe), 0, ZMQ_POLLIN, 0};

    while (!recv_item(side->pipe, item, &side->owner->given)) {
        if (!wait_ms)
            return HANDOFF_NONE;
        int n = zmq_poll(&poll, 1, wait_ms);
        if (n == 0)
            return HANDOFF_NONE;
        if (n < 0 && errno != EINTR) {
            side->stopped = true; /* the context went away */
            return HANDOFF_STOP;
        }
    }
    if (*item)
        return HANDOFF_ITEM;
    side->stopped = true;
    return HANDOFF_STOP;
}

void
handoff_back(struct handoff_side *side, void *item)
{
    send_item(side->pipe, item, &side->owner->returned);
}

static void
run(zsock_t *pipe, void *arg)
{
    struct handoff_side side = {.pipe = pipe, .owner = arg};

    zsock_signal(pipe, 0);
    side.owner->work(&side, side.owner->ctx);
    handoff_back(&side, NULL);
    /* zactor_destroy says $TERM, then waits for the signal zactor sends. */
    zmsg_t *term = zmsg_recv(pipe);
    zmsg_destroy(&term);
}

/* ---- the owner's end ----------------------------------------------------*/

struct handoff *
handoff_start(handoff_fn *work, void *ctx)
{
    struct handoff *handoff = xcalloc(1, sizeof *handoff);

    handoff->work = work;
    handoff->ctx = ctx;
    handoff->actor = zactor_new(run, handoff);
    if (!handoff->actor)
        mem_fail();
    return handoff;
}

void
handoff_stop(struct handoff **p, void (*drop)(void *item))
{
    struct handoff *handoff = *p;

    *p = NULL;
    if (!handoff)
        return;
    zsock_t *pipe = zactor_sock(handoff->actor);
    zmq_pollitem_t poll = {zsock_resolve(pipe), 0, ZMQ_POLLIN, 0};
    send_item(pipe, NULL, &handoff->given);
    for (;;) {
        void *item = NULL;
        if (!recv_item(pipe, &item, &handoff->returned)) {
            if (zmq_poll(&poll, 1, -1) < 0 && errno != EINTR)
                break;
            continue;
        }
        if (!item)
            break;
        drop(item);
    }
    zactor_destroy(&handoff->actor);
    free(handoff);
}

void *
handoff_pipe(struct handoff *handoff)
{
    return zactor_sock(handoff->actor);
}

void
handoff_give(struct handoff *handoff, void *item)
{
    send_item(zactor_sock(handoff->actor), item, &handoff->given);
}

void *
handoff_take(struct handoff *handoff)
{
    void *item = NULL;

    if (!recv_item(zactor_sock(handoff->actor), &item, &handoff->returned))
        return NULL;
    return item;
}

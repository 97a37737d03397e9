/* SPDX-License-Identifier: MPL-2.0 */
/*
 * frames - one ZeroMQ message, read whole, with a bound on what is kept.
 *
 * A message may have any number of frames; libzmq has them all in memory by
 * the time the first is read. Frames past the bound are read and dropped, so
 * the next read starts with the next message whatever a peer sends.
 */
#ifndef CIM_NODE_FRAMES_H
#define CIM_NODE_FRAMES_H

#include <zmq.h>

#include "keys/bytes.h"

#define FRAMES_MAX 12

/* A plain value; clear after each read. */
struct frames {
    zmq_msg_t v[FRAMES_MAX];
    size_t n;     /* kept */
    size_t total; /* received; n when all were kept */
};

/* The next message of this socket; false when none waits. Never blocks. */
bool frames_read(void *sock, struct frames *out);
void frames_clear(struct frames *f);

/* Lent until clear; empty beyond the end. */
struct cim_bytes frames_at(struct frames *f, size_t i);

/* The User-Id our own zap.h gave the sender, or NULL. Read from the last
 * frame: a routing id has no properties. */
const char *frames_user(struct frames *f);

/* Sends one frame without waiting; false when it cannot be sent now. */
bool frames_send(void *sock, struct cim_bytes data, bool more);

#endif

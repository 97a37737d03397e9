/* SPDX-License-Identifier: MPL-2.0 */
/*
 * link_frames - one ZeroMQ message, read whole, with a bound on what is kept.
 *
 * A message may have any number of frames; libzmq has them all in memory by
 * the time the first is read. Frames past the bound are read and dropped, so
 * the next read starts with the next message whatever a peer sends.
 */
#ifndef CIM_NODE_LINK_FRAMES_H
#define CIM_NODE_LINK_FRAMES_H

#include <zmq.h>

#include "keys/bytes.h"

#define LINK_FRAMES_MAX 12

/* A plain value; clear after each read. */
struct link_frames {
    zmq_msg_t v[LINK_FRAMES_MAX];
    size_t n;     /* kept */
    size_t total; /* received; n when all were kept */
};

/* The next message of this socket; false when none waits. Never blocks. */
bool link_frames_read(void *sock, struct link_frames *out);
void link_frames_clear(struct link_frames *f);

/* Lent until clear; empty beyond the end. */
struct cim_bytes link_frames_at(struct link_frames *f, size_t i);

/* The User-Id our own zap.h gave the sender, or NULL. Read from the last
 * frame: a routing id has no properties. */
const char *link_frames_user(struct link_frames *f);

/* The connection it came by, as a number that may be another one's by now:
 * link_server_drop checks. -1: not known. */
int link_frames_fd(struct link_frames *f);
/* The address of its other end as text, or NULL. */
const char *link_frames_from(struct link_frames *f);

/* Sends one frame without waiting; false when it cannot be sent now. */
bool link_frames_send(void *sock, struct cim_bytes data, bool more);

#endif

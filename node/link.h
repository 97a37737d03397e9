/* SPDX-License-Identifier: MPL-2.0 */
/*
 * link - the connections to peers: all sockets of the mesh, in the loop.
 *
 * Own side: one XPUB (events) and one ROUTER (sync), CURVE servers, behind
 * the ZAP reader of zap.h. Per peer: one SUB and one DEALER with the server
 * key of the roster. A supervisor per peer closes and makes sockets anew that
 * libzmq does not repair by itself. Frames go in and out; what they mean is
 * the mesh's business (mesh.h) and the store's.
 *
 *   link.c         open, close, apply a roster
 *   link_peer.c    one peer: dial, watch, repair
 *   link_server.c  the two sockets that are dialled: bind, cut
 *   link_member.c  quotas of those who dial
 *   link_pub.c     XPUB: publish, subscriptions
 *   link_sub.c     SUB per peer
 *   link_sync.c    ROUTER and DEALERs: asks, pages through serve.h
 *   zap.c          who may connect
 */
#ifndef CIM_NODE_LINK_H
#define CIM_NODE_LINK_H

#include <czmq.h>

#include "node/mesh.h"
#include "node/serve.h"

struct links;

struct links_config {
    zloop_t *loop;
    struct mesh *mesh;
    const struct cim_identity *identity;
    const char *self;
    const char *events, *sync; /* bind endpoints; "" for a follower */
    int reconnect_ms;          /* 0: the default; tests set it low */
};

/* Binds. Errors: CIM_EIO (address in use, bad endpoint), with diag. */
CIM_MUST enum cim_err links_open(const struct links_config *config,
                                 struct links **out, struct cim_diag *diag);
void links_close(struct links **links);

/* Dials new peers, drops those gone, applies changed keys, endpoints and
 * subscriptions; a removed key is cut by unbind and bind. */
void links_apply(struct links *links, const struct roster *roster,
                 bool readers_any);

/* Effects of the mesh. */
void links_ask(struct links *links, const char *peer, struct cim_bytes frame);
void links_publish(struct links *links, struct cim_bytes topic,
                   struct cim_bytes frame);

/* A page the serve thread made for a peer's fetch; takes the task. */
void links_page(struct links *links, struct serve_task *task);
/* Where fetches go to be answered. */
void links_set_serve(struct links *links, struct serve *serve);

/* Supervisor; call every second or more often. */
void links_tick(struct links *links);

/* The store is behind: SUBs are not read until it has caught up. What does
 * not fit into their queues the publishers drop, and catch-up brings it. */
void links_hold(struct links *links, bool held);

/* The store has done some work: peers that wait for room there are read on. */
void links_resume(struct links *links);

/* Why there is no link to this peer, as far as the sockets tell: "", or a few
 * words for people. Lent for ever. */
const char *links_trouble(const struct links *links, const char *peer);

/* Peers dialled; endpoints as bound, "" when this node is not dialled. */
size_t links_count(const struct links *links);
const char *links_events(const struct links *links);
const char *links_sync(const struct links *links);

#endif

/* SPDX-License-Identifier: MPL-2.0 */
/* A SUB per peer: so what comes in is known to be from that peer's node. */
#include <string.h>

#include "node/clock.h"
#include "node/failpoint.h"
#include "node/link_frames.h"
#include "node/link_private.h"
#include "node/mem.h"

static void
handle(struct link_peer *peer, struct link_frames *f)
{
    peer->frame_mono_ms = clock_mono_ms();
    peer->failures = 0;
    (void)FAILPOINT(LIVE_RECEIVED);
    if (f->total == 2)
        mesh_live(peer->links->mesh, peer->name, link_frames_at(f, 0),
                  link_frames_at(f, 1));
    else
        link_refuse(peer->links, peer->name, CIM_EFORM);
    (void)FAILPOINT(LIVE_GIVEN);
}

static int
on_message(zloop_t *loop, zmq_pollitem_t *item, void *arg)
{
    struct link_end *end = arg;
    struct link_frames f;

    (void)loop;
    /* A message may be the one that makes the store fall behind, or that uses
     * up its sender's share. */
    for (int i = 0; i < LINK_PER_TURN && !end->peer->links->held; i++) {
        if (!mesh_hears(end->peer->links->mesh, end->peer->name)) {
            end->deaf = true;
            link_sub_read(end, false);
            break;
        }
        bool got = link_frames_read(item->socket, &f);

        if (got)
            handle(end->peer, &f);
        link_frames_clear(&f);
        if (!got)
            break;
    }
    return 0;
}

void
link_sub_resume(struct link_end *end)
{
    struct links *links = end->peer->links;

    if (!end->deaf || !mesh_hears(links->mesh, end->peer->name))
        return;
    end->deaf = false;
    if (!links->held)
        link_sub_read(end, true);
}

void
link_sub_read(struct link_end *end, bool on)
{
    struct links *links = end->peer->links;
    zmq_pollitem_t item = {.socket = end->sock};

    if (!end->sock)
        return;
    zloop_poller_end(links->loop, &item);
    if (on)
        link_sock_read(links, end->sock, on_message, end);
}

/*
 * SNDHWM 0: subscriptions beyond it vanish without an error. RCVHWM bounds
 * what waits while the loop is busy; what does not fit the publisher drops,
 * and catch-up brings it.
 */
void
link_sub_setup(struct link_end *end)
{
    static const struct link_option options[] = {
        {ZMQ_RCVHWM, 1000},
        {ZMQ_SNDHWM, 0},
        {ZMQ_MAXMSGSIZE, CIM_MSG_SUB_MAX},
    };
    struct link_peer *peer = end->peer;

    link_options(end->sock, options, sizeof options / sizeof *options);
    free(peer->prefixes);
    peer->prefixes = NULL;
    peer->n_prefixes = 0;
    link_sub_subscribe(peer);
}

static void
set(struct link_peer *peer, int option, const struct cim_prefix *prefix)
{
    (void)!zmq_setsockopt(peer->sub.sock, option, prefix->text, prefix->len);
}

static bool
has(const struct cim_prefix *list, size_t n, const struct cim_prefix *prefix)
{
    for (size_t i = 0; i < n; i++)
        if (list[i].len == prefix->len &&
            memcmp(list[i].text, prefix->text, prefix->len) == 0)
            return true;
    return false;
}

/* What we want of this peer: the follows that touch it, and its beacons. */
static struct cim_prefix *
wanted(const struct link_peer *peer, size_t *n)
{
    struct cim_prefix *list = xcalloc(CIM_FOLLOWS_MAX + 1, sizeof *list);
    struct cim_prefix *beacon;

    *n = mesh_subscriptions(peer->links->mesh, peer->name, list);
    beacon = &list[(*n)++];
    beacon->len = (uint16_t)snprintf(beacon->text, sizeof beacon->text,
                                     "!head/%s/", peer->name);
    return list;
}

void
link_sub_subscribe(struct link_peer *peer)
{
    size_t n;
    struct cim_prefix *list;

    if (!peer->sub.sock)
        return;
    list = wanted(peer, &n);
    for (size_t i = 0; i < n; i++)
        if (!has(peer->prefixes, peer->n_prefixes, &list[i]))
            set(peer, ZMQ_SUBSCRIBE, &list[i]);
    for (size_t i = 0; i < peer->n_prefixes; i++)
        if (!has(list, n, &peer->prefixes[i]))
            set(peer, ZMQ_UNSUBSCRIBE, &peer->prefixes[i]);
    free(peer->prefixes);
    peer->prefixes = list;
    peer->n_prefixes = n;
}

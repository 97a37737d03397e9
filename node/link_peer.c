/* SPDX-License-Identifier: MPL-2.0 */
/*
 * One peer: two connecting sockets, each with a monitor, and their supervisor.
 *
 * libzmq repairs a link that broke, but not every one: after a refusal, a
 * protocol error or a frame over the limit its endpoint stays dead for good
 * and says nothing. So the supervisor watches what the monitor tells and when
 * the last frame came (a beacon comes every 5 s), and when in doubt does what
 * always works: close both sockets, make new ones. What was lost meanwhile
 * catch-up brings.
 */
#include <string.h>

#include "node/clock.h"
#include "node/journal.h"
#include "node/link_frames.h"
#include "node/link_private.h"
#include "node/mem.h"

#define WATCHED                                                                \
    (ZMQ_EVENT_CONNECTED | ZMQ_EVENT_CONNECT_RETRIED |                         \
     ZMQ_EVENT_DISCONNECTED | ZMQ_EVENT_HANDSHAKE_SUCCEEDED |                  \
     ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL |                                    \
     ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL | ZMQ_EVENT_HANDSHAKE_FAILED_AUTH)

/* ---- sockets ------------------------------------------------------------*/

void *
link_sock_new(int type)
{
    return zmq_socket(zsys_init(), type);
}

void
link_sock_close(struct links *links, void **sock)
{
    zmq_pollitem_t item = {.socket = *sock};

    if (!*sock)
        return;
    zloop_poller_end(links->loop, &item);
    zmq_close(*sock);
    *sock = NULL;
}

void
link_sock_read(struct links *links, void *sock, zloop_fn *handler, void *arg)
{
    zmq_pollitem_t item = {.socket = sock, .events = ZMQ_POLLIN};

    zloop_poller(links->loop, &item, handler, arg);
    zloop_poller_set_tolerant(links->loop, &item);
}

/* ---- one end ------------------------------------------------------------*/

static void
on_event(struct link_end *end, unsigned event)
{
    switch (event) {
    case ZMQ_EVENT_CONNECTED:
        end->unreachable = false;
        break;
    case ZMQ_EVENT_CONNECT_RETRIED:
        /* After a break, or because nobody took the connection. */
        if (!end->lost_mono_ms) {
            end->unreachable = true;
            end->denied = false;
        }
        end->lost_mono_ms = 0;
        break;
    case ZMQ_EVENT_HANDSHAKE_SUCCEEDED:
        end->up = end->fresh = true;
        end->denied = end->unreachable = false;
        break;
    case ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL:
        end->denied = true;
        break;
    case ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL:
    case ZMQ_EVENT_HANDSHAKE_FAILED_AUTH:
        end->denied = end->failed = true;
        break;
    case ZMQ_EVENT_DISCONNECTED:
        end->up = false;
        end->lost_mono_ms = clock_mono_ms();
        break;
    default:
        break;
    }
}

/* Frame 0 of a monitor's message: event (u16), value (u32); 1: endpoint. */
static int
on_monitor(zloop_t *loop, zmq_pollitem_t *item, void *arg)
{
    struct link_frames f;

    (void)loop;
    for (int i = 0; i < LINK_PER_TURN; i++) {
        bool got = link_frames_read(item->socket, &f);
        struct cim_bytes data = link_frames_at(&f, 0);
        uint16_t event = 0;

        if (got && data.len >= sizeof event)
            memcpy(&event, data.p, sizeof event);
        link_frames_clear(&f);
        if (!got)
            break;
        on_event(arg, event);
    }
    return 0;
}

/* No limit on what waits: libzmq's I/O thread would stop at it. */
static bool
monitor_open(struct link_end *end)
{
    static const struct link_option options[] = {{ZMQ_RCVHWM, 0},
                                                 {ZMQ_LINGER, 0}};
    struct links *links = end->peer->links;
    char name[64];

    snprintf(name, sizeof name, "inproc://cimesh.monitor.%u",
             links->monitors++);
    end->monitor = link_sock_new(ZMQ_PAIR);
    if (!end->monitor || zmq_socket_monitor(end->sock, name, WATCHED) < 0)
        return false;
    link_options(end->monitor, options, sizeof options / sizeof *options);
    if (zmq_connect(end->monitor, name) < 0)
        return false;
    link_sock_read(links, end->monitor, on_monitor, end);
    return true;
}

static void
end_close(struct link_end *end)
{
    struct links *links = end->peer->links;

    if (end->sock)
        zmq_socket_monitor(end->sock, NULL, 0);
    link_sock_close(links, &end->monitor);
    link_sock_close(links, &end->sock);
    end->up = end->failed = false;
    end->lost_mono_ms = end->mute_mono_ms = 0;
}

static void
setup(struct link_end *end)
{
    struct link_peer *peer = end->peer;
    int ms = peer->links->reconnect_ms;
    const struct link_option options[] = {
        {ZMQ_HANDSHAKE_IVL, LINK_HANDSHAKE_MS},
        {ZMQ_RECONNECT_IVL, ms},
        {ZMQ_RECONNECT_IVL_MAX, 30 * ms},
        {ZMQ_CONNECT_TIMEOUT, 10000},
        {ZMQ_TCP_MAXRT, 30000},
        {ZMQ_TCP_KEEPALIVE, 1},
        {ZMQ_TCP_KEEPALIVE_IDLE, 60},
        {ZMQ_TCP_KEEPALIVE_INTVL, 15},
        {ZMQ_TCP_KEEPALIVE_CNT, 4},
        {ZMQ_LINGER, 0},
        {ZMQ_IPV6, strchr(end->at, '[') != NULL},
    };

    link_options(end->sock, options, sizeof options / sizeof *options);
    if (end->type == ZMQ_SUB)
        link_sub_setup(end);
    else
        link_dealer_setup(end);
}

/* Every other try takes the key announced as the next one, so a peer that
 * changed its key before its roster file reached us is still found. */
static void
setup_curve(struct link_end *end)
{
    struct link_peer *peer = end->peer;
    const struct cim_identity *id = peer->links->identity;
    bool next = peer->has_next && peer->links_made % 2 == 0;
    struct cim_curvekey own = cim_identity_curvekey(id);
    void *sock = end->sock;
    int rc;

    rc = zmq_setsockopt(sock, ZMQ_CURVE_SERVERKEY,
                        next ? peer->curve_next.b : peer->curve.b, CIM_KEY_LEN);
    rc |= zmq_setsockopt(sock, ZMQ_CURVE_PUBLICKEY, own.b, CIM_KEY_LEN);
    rc |= zmq_setsockopt(sock, ZMQ_CURVE_SECRETKEY,
                         cim_identity_curve_secret(id), CIM_KEY_LEN);
    if (rc != 0) {
        log_fatal("LINK-OPTION", "what=curve error=\"%s\"",
                  zmq_strerror(zmq_errno()));
        abort();
    }
}

static void
end_open(struct link_end *end)
{
    struct links *links = end->peer->links;

    end->sock = link_sock_new(end->type);
    if (!end->sock) {
        log_folded(LOG_LEVEL_WARN, "LINK-SOCKET", end->peer->name,
                   "peer=%s error=\"%s\" hint=\"raise the limit of open "
                   "files\"",
                   end->peer->name, zmq_strerror(zmq_errno()));
        end->failed = true;
        return;
    }
    setup(end);
    setup_curve(end);
    end->failed = !monitor_open(end);
    if (zmq_connect(end->sock, end->at) < 0) {
        log_folded(LOG_LEVEL_WARN, "LINK-CONNECT", end->at,
                   "peer=%s endpoint=%s error=\"%s\"", end->peer->name, end->at,
                   zmq_strerror(zmq_errno()));
        end->failed = true;
    }
    if (end->type == ZMQ_DEALER)
        link_dealer_read(end);
    else
        link_sub_read(end, !links->held);
}

/* At once when the address is known; a name is looked up again every time. */
static void
end_dial(struct link_end *end)
{
    resolve_drop(&end->asked);
    if (resolve_is_numeric(end->endpoint))
        snprintf(end->at, sizeof end->at, "%s", end->endpoint);
    else
        end->asked = resolve_start(end->endpoint);
    if (end->at[0])
        end_open(end);
}

static void
end_poll(struct link_end *end)
{
    char at[sizeof end->at];
    enum resolve_state state;

    if (!end->asked)
        return;
    state = resolve_poll(&end->asked, end->peer->failures, at, sizeof at);
    if (state == RESOLVE_WAIT)
        return;
    end->unresolved = state == RESOLVE_FAILED;
    if (end->unresolved || strcmp(at, end->at) == 0)
        return;
    memcpy(end->at, at, sizeof at);
    end_close(end);
    end_open(end);
}

static bool
end_is_dead(const struct link_end *end, int64_t now)
{
    return end->failed ||
           (end->lost_mono_ms && now - end->lost_mono_ms > LINK_UNREPAIRED_MS);
}

static void
end_init(struct link_end *end, struct link_peer *peer, int type,
         const char *endpoint)
{
    end->peer = peer;
    end->type = type;
    snprintf(end->endpoint, sizeof end->endpoint, "%s", endpoint);
}

/* ---- the peer -----------------------------------------------------------*/

static void
dial(struct link_peer *peer)
{
    peer->links_made++;
    peer->linked_mono_ms = clock_mono_ms();
    peer->relink_mono_ms = 0;
    end_dial(&peer->sub);
    end_dial(&peer->dealer);
}

struct link_peer *
link_peer_new(struct links *links, const struct roster_node *node)
{
    struct link_peer *peer = xcalloc(1, sizeof *peer);

    peer->links = links;
    memcpy(peer->name, node->name, sizeof peer->name);
    peer->curve = node->curve;
    peer->curve_next = node->curve_next;
    peer->has_next = node->has_curve_next;
    end_init(&peer->sub, peer, ZMQ_SUB, node->events);
    end_init(&peer->dealer, peer, ZMQ_DEALER, node->sync);
    dial(peer);
    return peer;
}

void
link_peer_destroy(struct link_peer **peer)
{
    if (!*peer)
        return;
    resolve_drop(&(*peer)->sub.asked);
    resolve_drop(&(*peer)->dealer.asked);
    end_close(&(*peer)->sub);
    end_close(&(*peer)->dealer);
    free((*peer)->prefixes);
    free(*peer);
    *peer = NULL;
}

void
link_peer_relink(struct link_peer *peer)
{
    log_debug("LINK-ANEW", "peer=%s failures=%u", peer->name, peer->failures);
    peer->failures++;
    end_close(&peer->sub);
    end_close(&peer->dealer);
    dial(peer);
}

bool
link_peer_same(const struct link_peer *peer, const struct roster_node *node)
{
    return strcmp(peer->sub.endpoint, node->events) == 0 &&
           strcmp(peer->dealer.endpoint, node->sync) == 0 &&
           memcmp(peer->curve.b, node->curve.b, CIM_KEY_LEN) == 0 &&
           peer->has_next == node->has_curve_next &&
           memcmp(peer->curve_next.b, node->curve_next.b, CIM_KEY_LEN) == 0;
}

/* Doubles with each failure, with jitter: peers must not come in step. */
static int64_t
wait_ms(const struct link_peer *peer)
{
    int64_t ms = (int64_t)peer->links->reconnect_ms * LINK_RELINK_FACTOR;
    uint16_t jitter;

    ms <<= peer->failures < 8 ? peer->failures : 8;
    if (ms > LINK_RELINK_MAX)
        ms = LINK_RELINK_MAX;
    cim_random(&jitter, sizeof jitter);
    return ms / 2 + ms * jitter / 65536;
}

/*
 * Asks go out, beacons come in, but never an answer: something between
 * forgot the one connection and not the other. TCP finds that within half a
 * minute; what ends TCP on the way, like a balancer, can hide it for ever.
 */
static void
redial_mute(struct link_end *dealer, int64_t now)
{
    if (!dealer->mute_mono_ms || now - dealer->mute_mono_ms < LINK_MUTE_MS)
        return;
    log_debug("LINK-MUTE", "peer=%s", dealer->peer->name);
    end_close(dealer);
    end_dial(dealer);
}

void
link_peer_tick(struct link_peer *peer)
{
    int64_t now = clock_mono_ms();
    int64_t last = peer->frame_mono_ms > peer->linked_mono_ms
                       ? peer->frame_mono_ms
                       : peer->linked_mono_ms;
    bool silent = now - last > LINK_SILENCE_MS && !peer->links->held;

    end_poll(&peer->sub);
    end_poll(&peer->dealer);
    redial_mute(&peer->dealer, now);
    if (peer->dealer.fresh) {
        peer->dealer.fresh = false;
        mesh_relinked(peer->links->mesh, peer->name);
    }
    if (!silent && !end_is_dead(&peer->sub, now) &&
        !end_is_dead(&peer->dealer, now))
        peer->relink_mono_ms = 0;
    else if (!peer->relink_mono_ms)
        peer->relink_mono_ms = now + wait_ms(peer);
    else if (now >= peer->relink_mono_ms)
        link_peer_relink(peer);
}

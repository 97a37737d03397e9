/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The two sockets that are dialled: CURVE servers behind zap.h.
 *
 * A key that leaves the roster keeps its connection: libzmq asks only when a
 * connection is made. So all connections are cut by unbind and bind; whoever
 * is still welcome is back within a second and catches up what it missed.
 *
 * A connection over its quota is cut alone, so nobody else pays for it: the
 * message that was too much names its descriptor. libzmq closes descriptors in
 * a thread of its own, and the number may be another connection's by now. So
 * it has to be one of this port, from the address the message came from; what
 * can still be hit is a second connection from there, which comes back.
 */
#include <errno.h>
#include <netdb.h>
#include <string.h>
#include <sys/socket.h>

#include "node/journal.h"
#include "node/link_frames.h"
#include "node/link_private.h"

#define ZAP_ENFORCE_DOMAIN 93 /* a number only: zmq.h calls it a draft */
#define REBIND_MS          5

void
link_options(void *sock, const struct link_option *options, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        int small = (int)options[i].value;
        int rc =
            options[i].name == ZMQ_MAXMSGSIZE
                ? zmq_setsockopt(sock, ZMQ_MAXMSGSIZE, &options[i].value,
                                 sizeof options[i].value)
                : zmq_setsockopt(sock, options[i].name, &small, sizeof small);

        if (rc == 0)
            continue;
        log_fatal("LINK-OPTION", "option=%d value=%lld error=\"%s\"",
                  options[i].name, (long long)options[i].value,
                  zmq_strerror(zmq_errno()));
        abort();
    }
}

static void
setup(struct links *links, void *sock)
{
    static const struct link_option options[] = {
        {ZMQ_CURVE_SERVER, 1},
        {ZAP_ENFORCE_DOMAIN, 1},
        {ZMQ_HANDSHAKE_IVL, LINK_HANDSHAKE_MS},
        {ZMQ_BACKLOG, 128},
        {ZMQ_TCP_KEEPALIVE, 1},
        {ZMQ_TCP_KEEPALIVE_IDLE, 60},
        {ZMQ_TCP_KEEPALIVE_INTVL, 15},
        {ZMQ_TCP_KEEPALIVE_CNT, 4},
        {ZMQ_TCP_MAXRT, 30000},
    };
    struct cim_curvekey key = cim_identity_curvekey(links->identity);
    int rc =
        zmq_setsockopt(sock, ZMQ_ZAP_DOMAIN, ZAP_DOMAIN, strlen(ZAP_DOMAIN));

    rc |= zmq_setsockopt(sock, ZMQ_CURVE_PUBLICKEY, key.b, sizeof key.b);
    rc |=
        zmq_setsockopt(sock, ZMQ_CURVE_SECRETKEY,
                       cim_identity_curve_secret(links->identity), CIM_KEY_LEN);
    if (rc != 0) {
        log_fatal("LINK-OPTION", "what=curve error=\"%s\"",
                  zmq_strerror(zmq_errno()));
        abort();
    }
    link_options(sock, options, sizeof options / sizeof *options);
}

/* "*" listens to both, but not on a host without IPv6. */
static int
bind_either(void *sock, const char *endpoint)
{
    struct link_option ipv6 = {ZMQ_IPV6, strpbrk(endpoint, "*[") != NULL};
    int rc;

    link_options(sock, &ipv6, 1);
    rc = zmq_bind(sock, endpoint);
    if (rc < 0 && (errno == EAFNOSUPPORT || errno == EADDRNOTAVAIL)) {
        ipv6.value = 0;
        link_options(sock, &ipv6, 1);
        rc = zmq_bind(sock, endpoint);
    }
    return rc;
}

enum cim_err
link_server_make(struct links *links, struct link_server *server, int type,
                 struct cim_diag *diag)
{
    server->sock = zsock_new(type);
    if (!server->sock) {
        cim_diag_set(diag, "cannot make a socket: %s",
                     zmq_strerror(zmq_errno()));
        return CIM_EIO;
    }
    setup(links, zsock_resolve(server->sock));
    return CIM_OK;
}

enum cim_err
link_server_bind(struct link_server *server, const char *endpoint,
                 struct cim_diag *diag)
{
    size_t len = sizeof server->endpoint;
    void *sock = zsock_resolve(server->sock);

    if (bind_either(sock, endpoint) < 0) {
        cim_diag_set(diag,
                     "cannot listen at %s: %s; is another program there, or "
                     "is the address not this host's?",
                     endpoint, zmq_strerror(zmq_errno()));
        return CIM_EIO;
    }
    /* With the wildcards filled in: what unbind wants to hear. */
    if (zmq_getsockopt(sock, ZMQ_LAST_ENDPOINT, server->endpoint, &len) < 0)
        snprintf(server->endpoint, sizeof server->endpoint, "%s", endpoint);
    server->bound = true;
    return CIM_OK;
}

void
link_server_close(struct links *links, struct link_server *server)
{
    if (server->sock)
        zloop_reader_end(links->loop, server->sock);
    zsock_destroy(&server->sock);
    server->bound = false;
}

static bool
rebind(struct link_server *server)
{
    if (!server->sock || server->bound)
        return true;
    server->bound =
        zmq_bind(zsock_resolve(server->sock), server->endpoint) == 0;
    if (!server->bound)
        log_folded(LOG_LEVEL_DEBUG, "LINK-REBIND", server->endpoint,
                   "endpoint=%s error=\"%s\"", server->endpoint,
                   zmq_strerror(zmq_errno()));
    return server->bound;
}

/* libzmq lets the port go some milliseconds later, from its own thread. */
static int
on_rebind(zloop_t *loop, int timer, void *arg)
{
    struct links *links = arg;
    bool done = rebind(&links->pub);

    if (rebind(&links->router) && done) {
        zloop_timer_end(loop, timer);
        links->rebind_timer = -1;
    }
    return 0;
}

static void
unbind(struct link_server *server)
{
    if (!server->sock || !server->bound)
        return;
    if (zmq_unbind(zsock_resolve(server->sock), server->endpoint) == 0)
        server->bound = false;
    else
        log_warn("LINK-UNBIND", "endpoint=%s error=\"%s\"", server->endpoint,
                 zmq_strerror(zmq_errno()));
}

void
links_cut(struct links *links)
{
    unbind(&links->pub);
    unbind(&links->router);
    link_members_cut(links);
    if (links->rebind_timer < 0)
        links->rebind_timer =
            zloop_timer(links->loop, REBIND_MS, 0, on_rebind, links);
}

/* ---- one connection -----------------------------------------------------*/

/* Is this end of it our port, as bound? */
static bool
is_of_port(const struct link_server *server, int fd)
{
    struct sockaddr_storage own;
    socklen_t len = sizeof own;
    char port[8];
    const char *bound = strrchr(server->endpoint, ':');

    return bound && getsockname(fd, (struct sockaddr *)&own, &len) == 0 &&
           (own.ss_family == AF_INET || own.ss_family == AF_INET6) &&
           getnameinfo((struct sockaddr *)&own, len, NULL, 0, port, sizeof port,
                       NI_NUMERICSERV) == 0 &&
           strcmp(port, bound + 1) == 0;
}

static bool
is_from(const char *address, int fd)
{
    struct sockaddr_storage other;
    socklen_t len = sizeof other;
    char host[64];

    return address && getpeername(fd, (struct sockaddr *)&other, &len) == 0 &&
           getnameinfo((struct sockaddr *)&other, len, host, sizeof host, NULL,
                       0, NI_NUMERICHOST) == 0 &&
           strcmp(host, address) == 0;
}

bool
link_server_drop(const struct link_server *server, struct link_frames *f)
{
    int fd = link_frames_fd(f);

    return fd >= 0 && is_of_port(server, fd) &&
           is_from(link_frames_from(f), fd) && shutdown(fd, SHUT_RDWR) == 0;
}

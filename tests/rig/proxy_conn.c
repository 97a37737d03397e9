/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The connections of rig_proxy: each direction is a queue of pieces with the
 * time from which they may go on, and a bound beyond which nothing is read.
 */
#include <errno.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "tests/rig/proxy.h"

double
now_s(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* -1..1 */
static double
spread(struct proxy *x)
{
    x->random ^= x->random << 13;
    x->random ^= x->random >> 7;
    x->random ^= x->random << 17;
    return (double)(x->random >> 11) / (double)(UINT64_C(1) << 52) - 1;
}

static void
drop_pieces(struct flow *flow)
{
    while (flow->first != NULL) {
        struct piece *next = flow->first->next;
        free(flow->first);
        flow->first = next;
    }
    *flow = (struct flow){0};
}

void
conn_hang_up(struct conn *c, bool reset)
{
    struct linger now = {.l_onoff = 1};

    for (int i = 0; i < 2; i++) {
        if (c->fd[i] >= 0 && reset)
            setsockopt(c->fd[i], SOL_SOCKET, SO_LINGER, &now, sizeof now);
        if (c->fd[i] >= 0)
            close(c->fd[i]);
        c->fd[i] = -1;
        drop_pieces(&c->flow[i]);
    }
    c->connected = c->lost = c->forgotten = false;
}

static void
thin(int fd)
{
    int bytes = THIN_MAX;

    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes);
    setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof bytes);
}

void
conn_welcome(struct proxy *x, struct door *door)
{
    struct link *link = &x->links[door->link];
    int on = 1;
    struct conn *c = NULL;
    int fd = accept4(door->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

    for (unsigned i = 0; i < CONNS_MAX && c == NULL; i++)
        c = x->conns[i].fd[0] < 0 ? &x->conns[i] : NULL;
    if (fd < 0 || c == NULL) {
        if (fd >= 0)
            close(fd);
        return;
    }
    *c = (struct conn){.fd = {fd, -1}, .link = door->link};
    c->fd[1] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    setsockopt(c->fd[0], IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    setsockopt(c->fd[1], IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (link->rate > 0) {
        thin(c->fd[0]);
        thin(c->fd[1]);
    }
    link->conns++;
    if (connect(c->fd[1], (struct sockaddr *)&door->to, sizeof door->to) < 0 &&
        errno != EINPROGRESS)
        conn_hang_up(c, true);
}

bool
conn_may_read(const struct proxy *x, const struct conn *c, enum way way)
{
    const struct link *link = &x->links[c->link];
    size_t most = link->rate > 0 ? THIN_MAX : HOLD_MAX;

    return c->connected && !link->cut[way] && !c->flow[way].ended &&
           c->flow[way].held < most;
}

double
conn_due_s(const struct proxy *x, const struct conn *c, enum way way)
{
    const struct piece *piece = c->flow[way].first;

    if (!c->connected || piece == NULL || x->links[c->link].cut[way])
        return 0;
    return piece->due_s;
}

void
conn_read(struct proxy *x, struct conn *c, enum way way)
{
    static char bytes[PIECE_MAX];
    struct link *link = &x->links[c->link];
    struct flow *flow = &c->flow[way];
    size_t most = link->rate > 0 ? 512 : sizeof bytes;
    ssize_t n = recv(c->fd[way], bytes, most, 0);

    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n < 0) {
        conn_hang_up(c, true);
        return;
    }
    if (n == 0) {
        flow->ended = true;
        return;
    }
    link->bytes[way] += (uint64_t)n;
    if (link->swallow[way] || c->forgotten) {
        c->lost = true;
        return;
    }
    struct piece *piece = malloc(sizeof *piece + (size_t)n);
    if (piece == NULL)
        abort();
    *piece = (struct piece){.len = (size_t)n};
    memcpy(piece->bytes, bytes, (size_t)n);
    piece->due_s = now_s() + link->delay_s + link->jitter_s * spread(x);
    if (piece->due_s < flow->last_due_s)
        piece->due_s = flow->last_due_s;
    flow->last_due_s = piece->due_s;
    if (flow->first == NULL)
        flow->first = piece;
    else
        flow->last->next = piece;
    flow->last = piece;
    flow->held += (size_t)n;
}

size_t
link_allowed(struct link *link, enum way way, size_t want)
{
    if (link->rate <= 0)
        return want;
    double now = now_s();
    for (int i = 0; i < 2; i++) {
        link->credit[i] += (now - link->credit_at_s) * link->rate;
        if (link->credit[i] > link->rate / 10 + 1)
            link->credit[i] = link->rate / 10 + 1;
    }
    link->credit_at_s = now;
    return (double)want < link->credit[way] ? want
           : link->credit[way] < 0          ? 0
                                            : (size_t)link->credit[way];
}

void
conn_write(struct proxy *x, struct conn *c, enum way way)
{
    struct flow *flow = &c->flow[way];
    struct link *link = &x->links[c->link];

    while (flow->first != NULL && flow->first->due_s <= now_s()) {
        struct piece *piece = flow->first;
        size_t want = link_allowed(link, way, piece->len - piece->sent);
        if (want == 0)
            return;
        ssize_t n = send(c->fd[!way], piece->bytes + piece->sent, want,
                         MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n < 0) {
            if (errno != EAGAIN && errno != EINTR)
                conn_hang_up(c, true);
            return;
        }
        piece->sent += (size_t)n;
        flow->held -= (size_t)n;
        link->credit[way] -= (double)n;
        if (piece->sent < piece->len)
            return;
        flow->first = piece->next;
        free(piece);
    }
}

void
conn_pass_end(struct conn *c)
{
    for (int way = 0; way < 2; way++) {
        struct flow *flow = &c->flow[way];
        if (flow->ended && !flow->told && flow->first == NULL) {
            shutdown(c->fd[!way], SHUT_WR);
            flow->told = true;
        }
    }
    if (c->flow[UP].told && c->flow[DOWN].told)
        conn_hang_up(c, false);
}

/* SPDX-License-Identifier: MPL-2.0 */
/*
 * rig_proxy - TCP links that can be made bad, without root.
 *
 * Commands come on standard input, one a line, and each is answered with a
 * line, "ok" or "error WHY". LINK is a number that the caller chose; several
 * ports may belong to one link. Up is from the side that dialled to the side
 * that listens, down the way back.
 *
 *     open LINK PORT HOST TO   listens on 127.0.0.1:PORT for HOST:TO
 *     delay LINK MS JITTER     each piece is late by MS +- JITTER, in order
 *     throttle LINK BYTES      bytes a second each way (0: no bound); the
 *                              sender feels it, as on a thin line
 *     cut LINK WAY             up, down or both: nothing moves, nothing is
 *                              lost; new connections wait. A partition.
 *     swallow LINK WAY         what is sent that way disappears: half-open
 *     forget LINK              what is sent on the connections there are
 *                              disappears, new ones work: a NAT forgot them
 *     refuse LINK              resets all connections, refuses new ones
 *     reset LINK               resets all connections, once
 *     heal LINK                as it was; connections that lost bytes are reset
 *     count LINK               "ok CONNECTIONS BYTES-UP BYTES-DOWN" so far
 *
 * One thread, poll(2). A direction of a connection holds at most HOLD_MAX
 * bytes: beyond, its sender has to wait.
 */
#include "tests/rig/proxy.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

/* ---- commands ---- */

static bool
listen_at(struct door *door)
{
    struct sockaddr_in at = {.sin_family = AF_INET,
                             .sin_port = htons(door->port),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int on = 1;

    door->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    setsockopt(door->fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(door->fd, (struct sockaddr *)&at, sizeof at) == 0 &&
        listen(door->fd, 128) == 0)
        return true;
    close(door->fd);
    door->fd = -1;
    return false;
}

static const char *
open_door(struct proxy *x, unsigned link, const char *rest)
{
    struct door door = {.fd = -1, .link = link};
    char host[64];
    unsigned port, to;

    if (sscanf(rest, "%u %63s %u", &port, host, &to) != 3 ||
        x->n_doors == DOORS_MAX)
        return "error PORT HOST TO";
    door.port = (uint16_t)port;
    door.to = (struct sockaddr_in){.sin_family = AF_INET,
                                   .sin_port = htons((uint16_t)to)};
    if (inet_pton(AF_INET, host, &door.to.sin_addr) != 1)
        return "error HOST is an IPv4 address";
    if (!listen_at(&door))
        return "error the port is taken";
    x->doors[x->n_doors++] = door;
    return "ok";
}

static void
reset_all(struct proxy *x, unsigned link, bool only_lost)
{
    for (unsigned i = 0; i < CONNS_MAX; i++) {
        struct conn *c = &x->conns[i];
        if (c->fd[0] >= 0 && c->link == link && (c->lost || !only_lost))
            conn_hang_up(c, true);
    }
}

static void
forget_all(struct proxy *x, unsigned link)
{
    for (unsigned i = 0; i < CONNS_MAX; i++)
        if (x->conns[i].fd[0] >= 0 && x->conns[i].link == link)
            x->conns[i].forgotten = true;
}

/* While it refuses, there are no doors. */
static const char *
set_doors(struct proxy *x, unsigned link, bool there)
{
    bool fine = true;

    for (unsigned i = 0; i < x->n_doors; i++) {
        struct door *door = &x->doors[i];
        if (door->link != link)
            continue;
        if (!there && door->fd >= 0) {
            close(door->fd);
            door->fd = -1;
        }
        if (there && door->fd < 0)
            fine = listen_at(door) && fine;
    }
    return fine ? "ok" : "error the port was taken";
}

static const char *
set_ways(bool ways[2], const char *rest)
{
    bool up = !strncmp(rest, "up", 2), down = !strncmp(rest, "down", 4);
    bool both = !strncmp(rest, "both", 4);

    if (!up && !down && !both)
        return "error up, down or both";
    ways[UP] = ways[UP] || up || both;
    ways[DOWN] = ways[DOWN] || down || both;
    return "ok";
}

static const char *
heal(struct proxy *x, unsigned n)
{
    struct link *link = &x->links[n];
    struct link clean = {.conns = link->conns,
                         .bytes = {link->bytes[0], link->bytes[1]}};

    *link = clean;
    reset_all(x, n, true);
    return set_doors(x, n, true);
}

static const char *
obey(struct proxy *x, const char *line, char *answer, size_t cap)
{
    char word[16];
    unsigned n;
    int at = 0;
    double a = 0, b = 0;

    if (sscanf(line, "%15s %u %n", word, &n, &at) < 2 || n >= LINKS_MAX)
        return "error COMMAND LINK ...";
    struct link *link = &x->links[n];
    const char *rest = line + at;
    if (!strcmp(word, "open"))
        return open_door(x, n, rest);
    if (!strcmp(word, "cut"))
        return set_ways(link->cut, rest);
    if (!strcmp(word, "swallow"))
        return set_ways(link->swallow, rest);
    if (!strcmp(word, "heal"))
        return heal(x, n);
    if (!strcmp(word, "forget")) {
        forget_all(x, n);
        return "ok";
    }
    if (!strcmp(word, "reset") || !strcmp(word, "refuse")) {
        reset_all(x, n, false);
        return !strcmp(word, "refuse") ? set_doors(x, n, false) : "ok";
    }
    if (!strcmp(word, "delay") && sscanf(rest, "%lf %lf", &a, &b) == 2) {
        link->delay_s = a / 1e3;
        link->jitter_s = b / 1e3;
        return "ok";
    }
    if (!strcmp(word, "throttle") && sscanf(rest, "%lf", &a) == 1) {
        link->rate = a;
        link->credit_at_s = now_s();
        return "ok";
    }
    if (!strcmp(word, "count")) {
        snprintf(answer, cap, "ok %llu %llu %llu",
                 (unsigned long long)link->conns,
                 (unsigned long long)link->bytes[UP],
                 (unsigned long long)link->bytes[DOWN]);
        return answer;
    }
    return "error no such command";
}

/* False when there will be no more. */
static bool
listen_to(struct proxy *x)
{
    char answer[128];
    ssize_t n = read(STDIN_FILENO, x->text + x->text_len,
                     sizeof x->text - 1 - x->text_len);

    if (n <= 0)
        return false;
    x->text_len += (size_t)n;
    x->text[x->text_len] = '\0';
    char *line = x->text, *end;
    while ((end = strchr(line, '\n')) != NULL) {
        *end = '\0';
        puts(obey(x, line, answer, sizeof answer));
        line = end + 1;
    }
    fflush(stdout);
    x->text_len = strlen(line);
    memmove(x->text, line, x->text_len + 1);
    return true;
}

/* ---- the loop ---- */

struct watch {
    struct pollfd fds[1 + DOORS_MAX + 2 * CONNS_MAX];
    int who[1 + DOORS_MAX + 2 * CONNS_MAX]; /* connection, or -1 */
    nfds_t n;
    double next_s; /* when something is due */
};

static void
watch_fd(struct watch *w, int fd, short events, int who)
{
    w->fds[w->n] = (struct pollfd){.fd = fd, .events = events};
    w->who[w->n++] = who;
}

/* What a flow waits for: to write now, or a time. */
static bool
wants_write(struct proxy *x, struct conn *c, enum way way, struct watch *w)
{
    double now = now_s(), due = conn_due_s(x, c, way);

    if (due > 0 && due <= now && x->links[c->link].rate > 0 &&
        link_allowed(&x->links[c->link], way, 1) == 0)
        due = now + 0.01;
    if (due > now && due < w->next_s)
        w->next_s = due;
    return due > 0 && due <= now;
}

static void
watch_conn(struct proxy *x, unsigned i, struct watch *w)
{
    struct conn *c = &x->conns[i];

    if (!c->connected) {
        watch_fd(w, c->fd[1], POLLOUT, (int)i);
        return;
    }
    for (int side = 0; side < 2; side++) {
        short events = 0;
        if (conn_may_read(x, c, (enum way)side))
            events |= POLLIN;
        if (wants_write(x, c, (enum way) !side, w))
            events |= POLLOUT;
        if (events)
            watch_fd(w, c->fd[side], events, (int)i);
    }
}

static void
serve_conn(struct proxy *x, struct conn *c, const struct pollfd *got)
{
    int error = 0;
    socklen_t len = sizeof error;

    if (got->fd != c->fd[0] && got->fd != c->fd[1])
        return; /* hung up a moment ago */
    if (!c->connected) {
        getsockopt(c->fd[1], SOL_SOCKET, SO_ERROR, &error, &len);
        if (error)
            conn_hang_up(c, true);
        else
            c->connected = true;
        return;
    }
    int side = got->fd == c->fd[1];
    if (got->revents & POLLOUT)
        conn_write(x, c, (enum way) !side);
    if (c->fd[0] >= 0 && got->revents & (POLLIN | POLLHUP | POLLERR) &&
        conn_may_read(x, c, (enum way)side))
        conn_read(x, c, (enum way)side);
    if (c->fd[0] >= 0)
        conn_pass_end(c);
}

static bool
turn(struct proxy *x, struct watch *w)
{
    w->n = 0;
    w->next_s = now_s() + 1;
    watch_fd(w, STDIN_FILENO, POLLIN, -1);
    for (unsigned i = 0; i < x->n_doors; i++) {
        const struct link *link = &x->links[x->doors[i].link];
        bool cut = link->cut[UP] || link->cut[DOWN];
        watch_fd(w, cut ? -1 : x->doors[i].fd, POLLIN, -1);
    }
    for (unsigned i = 0; i < CONNS_MAX; i++)
        if (x->conns[i].fd[0] >= 0)
            watch_conn(x, i, w);
    int ms = (int)((w->next_s - now_s()) * 1e3) + 1;
    if (poll(w->fds, w->n, ms) < 0 && errno != EINTR)
        return false;
    for (nfds_t i = 1; i < w->n; i++) {
        if (w->fds[i].revents == 0)
            continue;
        if (w->who[i] < 0)
            conn_welcome(x, &x->doors[i - 1]);
        else
            serve_conn(x, &x->conns[w->who[i]], &w->fds[i]);
    }
    return w->fds[0].revents == 0 || listen_to(x);
}

int
main(void)
{
    static struct proxy x;
    static struct watch w;
    struct rlimit files = {4200, 4200};

    setrlimit(RLIMIT_NOFILE, &files);
    x.random = UINT64_C(88172645463325252);
    for (unsigned i = 0; i < CONNS_MAX; i++)
        x.conns[i].fd[0] = x.conns[i].fd[1] = -1;
    while (turn(&x, &w))
        continue;
    return 0;
}

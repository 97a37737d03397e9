/* SPDX-License-Identifier: MPL-2.0 */
/*
 * proxy - what rig_proxy knows: links, the doors that lead to them, the
 * connections that came in, and the bytes under way in each direction.
 */
#ifndef CIM_TESTS_RIG_PROXY_H
#define CIM_TESTS_RIG_PROXY_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    LINKS_MAX = 256,
    DOORS_MAX = 512,
    CONNS_MAX = 2048,
    PIECE_MAX = 16384,
    HOLD_MAX = 1 << 18, /* with a delay: what is under way */
    THIN_MAX = 4096,    /* throttled: so that the sender feels it soon */
};
enum way { UP, DOWN };

struct piece {
    struct piece *next;
    double due_s;
    size_t len, sent;
    char bytes[];
};

/* One direction of a connection: read from[way], written to from[!way]. */
struct flow {
    struct piece *first, *last; /* owned */
    size_t held;
    double last_due_s;
    bool ended, told; /* by the reader; passed on */
};

struct conn {
    int fd[2]; /* of who dialled, of whom it dialled; -1: free */
    unsigned link;
    bool connected, lost, forgotten;
    struct flow flow[2];
};

struct link {
    double delay_s, jitter_s, rate;
    bool cut[2], swallow[2];
    double credit[2], credit_at_s;
    uint64_t bytes[2], conns;
};

struct door {
    int fd; /* -1: refusing */
    unsigned link;
    uint16_t port;
    struct sockaddr_in to;
};

struct proxy {
    struct link links[LINKS_MAX];
    struct door doors[DOORS_MAX];
    unsigned n_doors;
    struct conn conns[CONNS_MAX];
    uint64_t random;
    char text[4096]; /* of commands */
    size_t text_len;
};

/* Monotonic. */
double now_s(void);

/* Takes a connection at this door, and dials for it. */
void conn_welcome(struct proxy *x, struct door *door);

/* Ends both sides; reset: as if one had died. */
void conn_hang_up(struct conn *c, bool reset);

/* Whether there is room for more of this direction, and it may move. */
bool conn_may_read(const struct proxy *x, const struct conn *c, enum way way);
void conn_read(struct proxy *x, struct conn *c, enum way way);

/* When the first piece is due, 0 when none may move. */
double conn_due_s(const struct proxy *x, const struct conn *c, enum way way);
void conn_write(struct proxy *x, struct conn *c, enum way way);

/* How many of so many bytes a throttled link lets through now. */
size_t link_allowed(struct link *link, enum way way, size_t want);

/* Passes on an end when all before it was; both ended: done. */
void conn_pass_end(struct conn *c);

#endif

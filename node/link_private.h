/* SPDX-License-Identifier: MPL-2.0 */
/*
 * link_private - what the link_*.c files share; nobody else includes it.
 *
 * struct links owns everything: the two server sockets with the members that
 * use them, and a link_peer for each node of the roster that can be dialled.
 */
#ifndef CIM_NODE_LINK_PRIVATE_H
#define CIM_NODE_LINK_PRIVATE_H

#include "node/link.h"
#include "node/link_frames.h"
#include "node/resolve.h"
#include "node/zap.h"

#define LINK_PER_TURN 64 /* messages read from one socket before the next */

#define LINK_CURVE_BYTES 64 /* more than CURVE adds to a frame (33) */

/* Times that follow from reconnect_ms, which tests set low. */
#define LINK_RECONNECT_MS  500 /* libzmq's first try; its last: 30 times it */
#define LINK_HANDSHAKE_MS  2000
#define LINK_SILENCE_MS    20000 /* no frame for so long: made anew */
#define LINK_MUTE_MS       60000 /* no answer to any ask: sync made anew */
#define LINK_RELINK_FACTOR 10    /* of reconnect_ms: least wait to do so */
#define LINK_RELINK_MAX    60000
#define LINK_UNREPAIRED_MS 1000 /* libzmq says at once that it retries */

/* Quotas of those who dial us. */
#define LINK_SUBS_MEMBER    (CIM_FOLLOWS_MAX + 1) /* and its beacons */
#define LINK_SUBS_READER    32
#define LINK_PAGES_MEMBER   2
#define LINK_PAGES_READER   1
#define LINK_PAGES_READERS  8 /* all of them together */
#define LINK_READERS_MAX    256
#define LINK_READER_IDLE_MS (60 * 60 * 1000)

/* ---- members: who dials us (link_member.c) ------------------------------*/

struct link_member {
    char user[ZAP_USER_MAX + 1]; /* a node's name, or "?KEY" */
    bool reader;
    uint64_t subs[LINK_SUBS_MEMBER]; /* hashes of the prefixes it holds */
    size_t n_subs;
    unsigned pages;        /* in the serve thread */
    int64_t tokens;        /* asks it may make now, in 1/1000 */
    int64_t frame_tokens;  /* the same for frames on sync, good or bad */
    int64_t frame_mono_ms; /* its last one */
    int64_t sub_tokens;    /* the same for subscriptions that come and go */
    int64_t sub_mono_ms;   /* its last subscription */
    int64_t seen_mono_ms;  /* its last ask */
    int64_t until_mono_ms; /* suspended until then; 0 */
};

struct link_members {
    struct link_member **v; /* owned */
    size_t n, cap;
    size_t n_readers;
    unsigned reader_pages;
};

void link_members_clear(struct link_members *m);
/* Who this is, by the roster and the settings in force; NULL for somebody
 * neither in the roster nor admitted as a reader, or suspended. */
struct link_member *link_member(struct links *links, const char *user);
/* zap.h: room for one more reader? */
bool link_member_admit(void *links, const char *user);
/* Forgets who left the roster, and idle readers. */
void link_members_sweep(struct links *links);
/* Everybody's subscriptions went away with the connections. */
void link_members_cut(struct links *links);
/* One more subscription; false when it is one too many, or too soon. */
bool link_member_subscribe(struct link_member *m, struct cim_bytes prefix);
void link_member_unsubscribe(struct link_member *m, struct cim_bytes prefix);
/* A subscription that ended with its connection, so nobody knows whose. */
void link_members_unsubscribe(struct links *links, struct cim_bytes prefix);
/* Is one more frame of it on sync to be looked at? */
bool link_member_frame(struct link_member *m);
/* May it ask once more now? */
bool link_member_ask(struct link_member *m);
/* May it have one more page made now? Counts it; link_page_end undoes it. */
bool link_page_begin(struct links *links, struct link_member *m);
void link_page_end(struct links *links, const char *user);
/* Over its quota: its key is refused for a while. */
void link_member_suspend(struct links *links, struct link_member *m);

/* ---- server sockets (link_server.c) -------------------------------------*/

struct link_server {
    zsock_t *sock;
    char endpoint[ROSTER_ENDPOINT_MAX + 1]; /* as bound, with its port */
    bool bound;
};

struct link_option {
    int name;
    int64_t value;
};

/* A failing option is a bug of ours: ends the process. */
void link_options(void *sock, const struct link_option *options, size_t n);
/* A socket of this type with all that servers have in common; options of its
 * own come next, then bind. Errors: CIM_EIO, with diag. */
CIM_MUST enum cim_err link_server_make(struct links *links,
                                       struct link_server *server, int type,
                                       struct cim_diag *diag);
CIM_MUST enum cim_err link_server_bind(struct link_server *server,
                                       const char *endpoint,
                                       struct cim_diag *diag);
void link_server_close(struct links *links, struct link_server *server);
/* Drops every accepted connection; who may comes back by itself. */
void links_cut(struct links *links);
/* Drops the one connection that this message came by. False: it cannot be
 * told for sure, or is gone already. */
bool link_server_drop(const struct link_server *server, struct link_frames *f);

/* ---- peers: whom we dial (link.c, link_peer.c) --------------------------*/

/* One connecting socket with its monitor. */
struct link_end {
    struct link_peer *peer;
    int type; /* ZMQ_SUB, ZMQ_DEALER */
    char endpoint[ROSTER_ENDPOINT_MAX + 1];
    char at[ROSTER_ENDPOINT_MAX + 1];     /* the same with an address, or "" */
    struct resolve *asked;                /* owned; NULL */
    void *sock, *monitor;                 /* of libzmq, owned; NULL */
    bool deaf;                            /* SUB: unread for a while */
    bool up;                              /* handshake done */
    bool fresh;                           /* ... and the mesh not told yet */
    bool failed;                          /* libzmq will not try again */
    bool unresolved, unreachable, denied; /* what went wrong last */
    int64_t lost_mono_ms; /* disconnected, and no retry seen yet; 0 */
    int64_t mute_mono_ms; /* DEALER: the first ask since an answer; 0 */
};

struct link_peer {
    struct links *links;
    char name[CIM_NODE_MAX + 1];
    struct cim_curvekey curve, curve_next;
    bool has_next;
    struct link_end sub, dealer;
    struct cim_prefix *prefixes; /* owned: subscribed */
    size_t n_prefixes;
    unsigned links_made;
    unsigned failures;      /* links made without a frame */
    int64_t linked_mono_ms; /* this link was made */
    int64_t frame_mono_ms;  /* its newest frame on SUB; 0 */
    int64_t relink_mono_ms; /* to be made anew then; 0 */
};

struct links {
    zloop_t *loop;
    struct mesh *mesh;
    struct serve *serve;
    const struct cim_identity *identity;
    char self[CIM_NODE_MAX + 1];
    bool readers_any;
    int reconnect_ms;
    bool held; /* SUBs are not read: the store is behind */
    struct zap *zap;
    struct roster *roster; /* owned copy */
    struct link_server pub, router;
    struct link_members members;
    int64_t sweep_mono_ms;
    int rebind_timer;         /* zloop's id; -1 */
    struct link_peer **peers; /* owned, by name */
    size_t n_peers, cap_peers;
    unsigned monitors; /* made so far, for their names */
};

struct link_peer *link_peer_new(struct links *links,
                                const struct roster_node *node);
void link_peer_destroy(struct link_peer **peer);
/* Closes what is open and dials again. */
void link_peer_relink(struct link_peer *peer);
/* The same keys and endpoints still? */
bool link_peer_same(const struct link_peer *peer,
                    const struct roster_node *node);
void link_peer_tick(struct link_peer *peer);
struct link_peer *link_peer_find(const struct links *links, const char *name);

/* Counts something that somebody sent and that never reached the mesh. */
void link_refuse(struct links *links, const char *who, enum cim_err reason);

/* ---- one socket each (link_pub.c, link_sub.c, link_sync.c) --------------*/

CIM_MUST enum cim_err link_pub_open(struct links *links, const char *endpoint,
                                    struct cim_diag *diag);
CIM_MUST enum cim_err link_router_open(struct links *links,
                                       const char *endpoint,
                                       struct cim_diag *diag);
/*
 * Sockets while the node runs. Not zsock: czmq ends the process when no
 * descriptor is left, and whoever dials us can bring that about.
 */
void *link_sock_new(int type); /* NULL: errno */
void link_sock_close(struct links *links, void **sock);
void link_sock_read(struct links *links, void *sock, zloop_fn *handler,
                    void *arg);

/* Options and reader of a fresh SUB; and its subscriptions. */
void link_sub_setup(struct link_end *end);
void link_sub_read(struct link_end *end, bool on);
void link_sub_subscribe(struct link_peer *peer);
/* It has used up its share and was left unread: may it go on? */
void link_sub_resume(struct link_end *end);
void link_dealer_setup(struct link_end *end);
void link_dealer_read(struct link_end *end);

#endif

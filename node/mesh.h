/* SPDX-License-Identifier: MPL-2.0 */
/*
 * mesh - the decisions: what DESIGN calls log, head, cursor, gap, catch-up.
 *
 * No socket, file, thread or clock in here: frames, store answers and ticks
 * come in; frames, store jobs and notes go out through struct mesh_effects.
 * So the same code runs in the node and, five times over, in one process
 * under a simulated network, store and clock (tests/model).
 *
 *   mesh.c         life, peers
 *   mesh_jobs.c    notes, counters, store jobs
 *   mesh_link.c    frames in, beacons out, silence
 *   mesh_feed.c    feeds and logs, their cursors, who offers what
 *   mesh_log.c     heads, gaps, two writers, equivocation
 *   mesh_intake.c  the one path of every event: prove, judge, submit
 *   mesh_heads.c   lists of heads, asked for and answered
 *   mesh_catchup.c whom to ask for what, when to stop
 *   mesh_fetch.c   one log from one peer, page by page
 *   mesh_find.c    one event by its name, asked of peers
 *   mesh_follow.c  what is wanted of whom, and from where on
 *   mesh_author.c  the own log: requests, other writers of it
 *   mesh_plan.c    ids published before, or twice in a group
 *   mesh_seal.c    epochs, batches, slices
 *   mesh_share.c   what one peer may cost the others
 *   mesh_view.c    status and peers
 *
 * Not reentrant: an effect must not call back into the mesh; it queues.
 */
#ifndef CIM_NODE_MESH_H
#define CIM_NODE_MESH_H

#include "keys/identity.h"
#include "node/follow.h"
#include "node/roster.h"
#include "node/store.h"
#include "node/view.h"
#include "proto/json.h"

struct mesh;

/* How many matching positions are held: asked of the store, see mesh_have. */
struct mesh_have_ask {
    uint64_t token; /* comes back */
    struct store_log log;
    uint64_t after, upto;
    struct cim_prefix prefixes[CIM_PREFIXES_MAX];
    size_t n_prefixes;
    struct cim_have have; /* the answer */
    enum cim_err err;
};

/* A request to publish: drafts in, places out, all or nothing. */
struct mesh_place {
    uint64_t epoch, seq;
    bool again; /* published before with the same content */
};
struct mesh_request {
    struct cim_draft *drafts; /* owned, 1..CIM_BATCH_EVENTS */
    size_t n;
    void *owner; /* the submitter's, untouched */
    /* set by the mesh */
    struct mesh_place *places; /* owned, n; on CIM_OK */
    enum cim_err err; /* CIM_ECONFLICT (bad: which one), CIM_ESTATE (two
                         writers, stopping), CIM_EIO */
    bool full;        /* CIM_EIO: no room; try again later */
    size_t bad;
};
struct mesh_request *mesh_request_new(size_t n);
void mesh_request_destroy(struct mesh_request **request);

/* One event wanted by its name, asked of peers one after the other. */
struct mesh_found {
    char peer[CIM_NODE_MAX + 1]; /* who had it */
    struct store_log log;
    uint64_t seq;
    struct cim_buf topic, event, slice; /* owned; slice: its proof */
    bool kept;                          /* it is followed, and stored now */
};
struct mesh_find {
    char community[CIM_NAME_MAX + 1];
    struct cim_uuid id;
    void *owner; /* the submitter's, untouched */
    /* set by the mesh */
    struct mesh_found found[CIM_FIND_MAX];
    size_t n;
    unsigned asked, answered; /* peers */
    enum cim_err err;         /* CIM_ENOENT (nobody gave it), CIM_EKEY (the
                                 community is not in the roster), CIM_EQUOTA
                                 (too many are looked for) */
};
#define MESH_SEARCHES_MAX 8 /* at a time */
struct mesh_find *mesh_find_new(const char *community,
                                const struct cim_uuid *id);
void mesh_find_destroy(struct mesh_find **find);

/* What somebody should be told: one line in the log, rate-limited there. */
enum mesh_note_kind {
    MESH_PEER_UP,
    MESH_PEER_DOWN,
    MESH_REFUSED,     /* reason: what a peer sent and why it is refused */
    MESH_UNKNOWN_KEY, /* a log waits for our roster */
    MESH_GAP,         /* the author no longer has positions */
    MESH_GAP_CLOSED,
    MESH_EQUIVOCATION, /* two headers for one position */
    MESH_TWO_WRITERS,  /* two nodes use one key */
    MESH_STOPPED,      /* ... ours: publishing stops */
    MESH_RECOVERED,    /* own events came back from peers */
    MESH_STORAGE       /* full, and usable again */
};
struct mesh_note {
    enum mesh_note_kind kind;
    const char *peer; /* who it was learnt from; "" none */
    const char *node; /* whose log; "" none */
    uint64_t epoch, seq, n;
    enum cim_err reason;
    const char *text; /* more for people; lent; never from a peer unescaped */
};

struct mesh_effects {
    void *ctx;
    /* To a peer's sync port. Lost when it cannot be sent; time-outs decide. */
    void (*ask)(void *ctx, const char *peer, struct cim_bytes frame);
    /* To all who subscribe: topic, then a slice or a beacon. */
    void (*publish)(void *ctx, struct cim_bytes topic, struct cim_bytes frame);
    /* Takes the job; it comes back, in order, through mesh_job_done. */
    void (*submit)(void *ctx, struct store_job *job);
    /* Takes the ask; it comes back through mesh_have_done. Any order. */
    void (*have)(void *ctx, struct mesh_have_ask *ask);
    /* The request is answered; the owner takes it. */
    void (*answered)(void *ctx, struct mesh_request *request);
    /* The search is over; the owner takes it. */
    void (*found)(void *ctx, struct mesh_find *find);
    /* Events up to this arrival are committed: streams and hooks may look. */
    void (*stored)(void *ctx, uint64_t arrival);
    void (*note)(void *ctx, const struct mesh_note *note);
    int64_t (*now_ms)(void *ctx);  /* wall clock, UTC */
    int64_t (*mono_ms)(void *ctx); /* never steps */
    void (*random)(void *ctx, void *out, size_t len);
};

/* ---- life ---------------------------------------------------------------*/

/*
 *   self      "odl/ci-1"
 *   identity  lent for the mesh's life
 *   roster    copied; follows copied
 */
struct mesh *mesh_new(const char *self, const struct cim_identity *identity,
                      const struct mesh_effects *effects);
void mesh_destroy(struct mesh **mesh);

/* Before mesh_start: every log the store knows (store_each_log), and every
 * counter. The state is copied. */
void mesh_load_log(struct mesh *mesh, const struct store_log_state *state);
void mesh_load_counter(struct mesh *mesh, const char *name, uint64_t value);

/* Replaces the roster: peers come and go, logs that waited for a key go on. */
void mesh_set_roster(struct mesh *mesh, const struct roster *roster);

/* Replaces the follows; new ones with now start at the heads known (a
 * STORE_STARTS job) and are kept apart from the ones a restart finds. */
void mesh_set_follows(struct mesh *mesh, const struct follow_list *follows);

/* The clock starts; beacons, asks and the wait before a first batch. */
void mesh_start(struct mesh *mesh);

/* Everything due by now. Call at least every 250 ms. */
void mesh_tick(struct mesh *mesh);

/* No new requests; true once nothing of our own is in flight. */
bool mesh_drain(struct mesh *mesh);

/* ---- what comes in ------------------------------------------------------*/

/* A message of a peer's PUB side: topic frame and payload frame. */
void mesh_live(struct mesh *mesh, const char *peer, struct cim_bytes topic,
               struct cim_bytes payload);

/* An answer from a peer's sync side. */
void mesh_answer(struct mesh *mesh, const char *peer, struct cim_bytes frame);

/* The link to a peer was made anew: whatever was asked there is lost. */
void mesh_relinked(struct mesh *mesh, const char *peer);

/* A peer asks for heads: appends the answer. Errors: CIM_ENOMEM. */
CIM_MUST enum cim_err mesh_heads(struct mesh *mesh,
                                 const struct cim_heads_ask *ask,
                                 struct cim_buf *out);

/* Takes the request; it comes back through effects->answered. */
void mesh_publish(struct mesh *mesh, struct mesh_request *request);

/* Takes the search; it comes back through effects->found within 5 s. */
void mesh_find(struct mesh *mesh, struct mesh_find *find);

/* A job came back from the store; takes it. Ours, and any STORE_ASIDE and
 * STORE_PURGE. */
void mesh_job_done(struct mesh *mesh, struct store_job *job);
void mesh_have_done(struct mesh *mesh, struct mesh_have_ask *ask);

/* Something a peer sent was refused before it reached the mesh. */
void mesh_count_refused(struct mesh *mesh, const char *peer,
                        enum cim_err reason);

/* ---- what is asked ------------------------------------------------------*/

bool mesh_ready(const struct mesh *mesh); /* may seal */
/* False while this peer has used up its share: what it sends is to be left
 * unread. Ask again after each job that came back, and after each tick. */
bool mesh_hears(const struct mesh *mesh, const char *peer);
bool mesh_peer_up(const struct mesh *mesh, const char *peer);
/* mono ms of the newest frame from it; 0 never. */
int64_t mesh_peer_seen(const struct mesh *mesh, const char *peer);

/* Prefixes to subscribe to at this peer: those of our follows that touch its
 * community, in a stable order. out has room for CIM_FOLLOWS_MAX. */
size_t mesh_subscriptions(const struct mesh *mesh, const char *peer,
                          struct cim_prefix *out);

/* Fill all but what the node itself knows (storage, warnings of files). */
void mesh_view_status(const struct mesh *mesh, struct view_status *out);
void mesh_view_peers(const struct mesh *mesh, struct view_peers *out);

#endif

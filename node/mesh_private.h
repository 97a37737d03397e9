/* SPDX-License-Identifier: MPL-2.0 */
/*
 * mesh_private - the state of the decisions, shared by the mesh_*.c files.
 *
 *   mesh -+- peers   nodes of the roster that can be dialled, by name
 *         |            requests in flight, lists of heads, when last heard
 *         +- feeds   nodes whose events are wanted here, and our own, by name
 *         |    +- logs    one an epoch: head, cursors, gaps, what is offered
 *         +- author  our own log: requests, the open epoch, other writers
 *         +- sigs    signatures that were verified
 *
 * Peers come and go with the roster; feeds stay until the end, and logs that
 * are in a line or have a fetch in flight: the oldest of a node with too many
 * epochs are forgotten otherwise (mesh_feed.c).
 */
#ifndef CIM_NODE_MESH_PRIVATE_H
#define CIM_NODE_MESH_PRIVATE_H

#include "node/mesh.h"
#include "node/mesh_limits.h"

/* ---- what is known of logs ----------------------------------------------*/

/* How far a prefix is complete in a log. Prefix interned. */
struct mesh_cursor {
    const struct cim_prefix *prefix;
    uint64_t upto;
};

/*
 * How far a peer was asked for what it has: everything in (from, at] of the
 * way to end, while its entry was this one.
 */
struct mesh_pass {
    uint64_t mark, from, at, end;
    size_t chunk; /* of prefixes, 32 at a time */
    bool done;
};

/* What a peer said it has of a log. mark tells one entry from another. */
struct mesh_offer {
    struct mesh_peer *peer;
    uint64_t last, mark;
    struct mesh_pass pass; /* for what is wanted */
    struct mesh_pass gaps; /* the author: for what it said it no longer has */
};

struct mesh_log {
    struct mesh_feed *feed;
    uint64_t epoch;
    struct cim_signed_header head; /* newest one seen; len 0: none */
    struct cim_hash head_hash;
    struct cim_hash kept_hash; /* newest one the store keeps */
    bool has_time;
    int64_t min_time_ms, max_time_ms; /* of all valid headers seen */
    uint64_t held, floor;
    uint64_t shown;  /* newest position the author showed */
    uint64_t target; /* what catch-up goes for: shown, once a beacon */
    struct mesh_cursor *cursors; /* owned */
    size_t n_cursors, cap_cursors;
    struct span_set gaps;
    struct mesh_offer *offers; /* owned */
    size_t n_offers, cap_offers;
    uint64_t fetch; /* request id of the one fetch in flight; 0: none */
    bool equivocation;
    bool todo;   /* catch-up has to look at it; in the mesh's line */
    bool queued; /* waits for a free request; in a peer's line */
    struct mesh_log *next_todo, *next_queued;
};

/* First in, first out; linked through the logs. */
struct mesh_line {
    struct mesh_log *first, *last;
};

/* A prefix in force for a feed. */
struct mesh_want {
    const struct cim_prefix *prefix; /* interned */
    bool now;                        /* since = now */
    bool awaits; /* starts at the first heads its author shows */
};

struct mesh_feed {
    char name[CIM_NODE_MAX + 1];
    bool own;
    bool listed;             /* in the roster */
    struct mesh_peer *peer;  /* the author, when it can be dialled */
    struct mesh_want *wants; /* owned; own: one, everything */
    size_t n_wants;
    bool covered;           /* "" is among them and does not await */
    struct mesh_log **logs; /* owned, by epoch */
    size_t n_logs, cap_logs;
    uint64_t forgotten; /* the newest epoch of logs that made room; 0 none */
    uint64_t forgotten_held;
    bool two_writers;
    struct view_writer writers[2];
    bool equivocation; /* in one that was forgotten */
};

/* ---- peers --------------------------------------------------------------*/

enum mesh_ask_kind { ASK_NONE, ASK_HEADS, ASK_FETCH, ASK_FIND };
enum mesh_ask_state { ASK_DIGEST, ASK_SENT, ASK_STORING };
enum mesh_why {
    WHY_AUTHOR, /* its own log: moves cursors */
    WHY_GAPS,   /* its own log: what it said it no longer has */
    WHY_OTHER   /* somebody else's log, or ours */
};

/* A request, from the first look at what is held to the stored page. */
struct mesh_ask {
    enum mesh_ask_kind kind;
    enum mesh_ask_state state;
    uint64_t rid;
    int64_t sent_ms;      /* mono */
    struct mesh_log *log; /* FETCH, and the rest */
    enum mesh_why why;
    bool stop;       /* the page ends the pass with this peer */
    uint64_t search; /* FIND: its number */
    uint64_t mark, after, upto, end, covered;
    struct cim_prefix *prefixes; /* owned */
    size_t n_prefixes;
};

/* Lists of heads: names in chunks that fit a request, entries in pages. */
struct mesh_heads {
    bool due;        /* to be asked for as soon as may be */
    bool answered;   /* every chunk, once since the start */
    int64_t next_ms; /* mono: when it is due by itself */
    size_t chunk;
    struct cim_digest *known; /* owned, one a chunk */
    bool *has_known;          /* owned */
    struct cim_digest page;   /* of the pages so far of this chunk */
    bool paged, mixed;        /* some seen; not all of one list */
    bool bad;                 /* something in this asking was refused */
    char after_node[CIM_NODE_MAX + 1];
    uint64_t after_epoch;
};

/* What it may still cost now, and what the store has of it. */
struct mesh_share {
    int64_t left_us, at_ms; /* at that mono ms */
    size_t jobs, job_bytes;
};

struct mesh_peer {
    char name[CIM_NODE_MAX + 1];
    struct mesh_feed *feed; /* its events, when wanted */
    bool up;
    int64_t heard_ms, answered_ms; /* mono; 0 never */
    unsigned unanswered;
    int64_t patience_ms; /* how long an answer is waited for */
    int64_t quiet_ms;    /* mono: no fetch before */
    struct mesh_ask asks[MESH_ASKS_MAX];
    struct mesh_heads heads;
    struct mesh_line line; /* logs that wait for a free request */
    struct mesh_share share;
    uint64_t range;         /* positions asked for at once */
    struct cim_hash beacon; /* newest header its beacons showed */
    uint64_t head_epoch, head_seq;
    int64_t head_ms;
    uint64_t refused;
    enum cim_err last_reason;
    bool unknown_key; /* what it signs our roster cannot tell yet */
    bool kept;        /* set_roster: still there */
};

/* ---- the own log --------------------------------------------------------*/

/* A request in line. Owned by the line or the group. */
struct mesh_item {
    struct mesh_request *request;
    struct mesh_item *next;
};

/* Places that two drafts of a group share. */
struct mesh_shared {
    struct mesh_place *to;
    const struct mesh_place *from;
};

/* What of a group is to be sealed, in order, and where it goes. */
struct mesh_plan {
    const struct cim_draft **drafts; /* owned array */
    struct mesh_place **places;      /* owned array */
    size_t n;
    struct mesh_shared *shared; /* owned */
    size_t n_shared;
};

enum mesh_author_state { AUTHOR_IDLE, AUTHOR_LOOKUP, AUTHOR_SEALED };

struct mesh_author {
    enum mesh_author_state state;
    struct mesh_item *first, **end; /* the line */
    struct mesh_item *group;        /* in hand */
    struct mesh_plan plan;
    bool may_seal; /* links have answered, or time is up */
    bool draining;
    int64_t started_ms;    /* wall */
    int64_t start_ms;      /* header times above it were not made before */
    int64_t wait_until_ms; /* mono */
    uint64_t epoch, seq;   /* open epoch, 0 none; its newest position */
    struct cim_hash prev;
    uint64_t last_epoch; /* highest seen under our name */
    int64_t max_time_ms; /* of the feed's headers */
    unsigned writers;    /* headers of somebody else, epochs rising */
    uint64_t writers_epoch;
    bool stopped;
};

/* ---- the rest -----------------------------------------------------------*/

struct mesh_sig {
    struct cim_hash header;
    struct cim_signature sig;
    uint64_t generation;
    bool used;
    bool kept; /* the header was given to the store */
};

/* Store jobs carry one of these as owner; the mesh keeps them in a ring, so
 * that jobs which never come back leave nothing behind. */
enum mesh_job_kind {
    JOB_PEERS, /* live slices, headers */
    JOB_PAGE,
    JOB_LOOKUP,
    JOB_OWN,
    JOB_COUNT,
    JOB_START, /* where follows start */
    JOB_FOUND  /* an event that was looked for by its name */
};
struct mesh_task {
    struct mesh_task *prev, *next;
    enum mesh_job_kind kind;
    size_t bytes;
    uint64_t rid;           /* PAGE; FOUND: the search's number */
    struct mesh_peer *peer; /* whose share it is; NULL */
};

/* Storage: for all; for what has to be written but events; for nothing. */
enum mesh_room { ROOM_OK, ROOM_LOW, ROOM_NONE };

/* What counters say about since = now: see mesh_follow.c. */
struct mesh_mark {
    char name[48];
    uint64_t value;
};

struct mesh {
    char self[CIM_NODE_MAX + 1];
    const struct cim_identity *identity;
    struct cim_keyid key_id;
    struct mesh_effects fx;
    bool started;
    struct roster *roster;
    struct follow_list follows;
    struct mesh_peer **peers; /* owned, by name */
    size_t n_peers;
    struct mesh_feed **feeds; /* owned, by name */
    size_t n_feeds, cap_feeds;
    struct mesh_feed *own;
    struct cim_prefix **prefixes; /* interned, owned */
    size_t n_prefixes, cap_prefixes;
    const struct cim_prefix *everything; /* "", interned */
    char **names; /* asked for in heads; lent from feeds, owned array */
    size_t n_names;
    size_t *chunks; /* owned: first name of each, and the end */
    size_t n_chunks;
    struct mesh_line todo; /* logs catch-up has to look at */
    struct mesh_author author;
    struct mesh_sig *sigs;
    uint64_t next_rid, first_rid;
    struct mesh_task tasks;   /* the ring's anchor */
    size_t jobs, job_bytes;   /* in flight for peers */
    struct store_job **later; /* owned: starts that found no room */
    size_t n_later, cap_later;
    enum mesh_room room;
    bool broken; /* storage: failed for good */
    bool counting;
    int64_t beacon_ms, count_ms; /* mono: next */
    /* In all; given to the store; written there. */
    uint64_t refused[CIM_ERR_N], counted[CIM_ERR_N], written[CIM_ERR_N];
    struct mesh_mark *marks; /* owned */
    size_t n_marks, cap_marks;
    struct mesh_search *searches; /* owned list, at most MESH_SEARCHES_MAX */
    uint64_t last_search;         /* their numbers */
};

/* mesh.c */
int64_t mesh_mono(const struct mesh *m);
int64_t mesh_now(const struct mesh *m);
struct mesh_peer *mesh_peer_find(const struct mesh *m, const char *name);
/* Silent, or answers no more: others are asked for what it has. */
void mesh_peer_lost(struct mesh *m, struct mesh_peer *peer);
void mesh_heard(struct mesh *m, struct mesh_peer *peer, bool live);

/* mesh_jobs.c: notes, counters, jobs */
void mesh_note(const struct mesh *m, const struct mesh_note *note);
/* Counts and tells a refusal. peer, log may be NULL. */
void mesh_refuse(struct mesh *m, struct mesh_peer *peer,
                 const struct mesh_log *log, uint64_t seq, enum cim_err reason);
/* The same for a key that our roster does not know yet. */
void mesh_unknown_key(struct mesh *m, struct mesh_peer *peer, const char *node,
                      uint64_t epoch);
struct mesh_task *mesh_submit(struct mesh *m, struct store_job *job,
                              enum mesh_job_kind kind, size_t bytes,
                              uint64_t rid);
void mesh_counters_tick(struct mesh *m);
void mesh_jobs_init(struct mesh *m);
void mesh_jobs_clear(struct mesh *m);

/* mesh_link.c: frames in, beacons out, silence: public functions only */

/* mesh_feed.c: feeds, logs, cursors, offers */
struct mesh_feed *mesh_feed_find(const struct mesh *m, struct cim_bytes name);
struct mesh_feed *mesh_feed_get(struct mesh *m, const char *name);
void mesh_feed_free(struct mesh_feed *feed);
/* Where this epoch's log is among the feed's, or would be. */
size_t mesh_log_place(const struct mesh_feed *feed, uint64_t epoch);
struct mesh_log *mesh_log_find(const struct mesh_feed *feed, uint64_t epoch);
/* NULL: it is older than the MESH_EPOCHS_MAX that are known, or these are all
 * being caught up with. Others may be forgotten for it: hold no pointer. */
struct mesh_log *mesh_log_get(struct mesh *m, struct mesh_feed *feed,
                              uint64_t epoch);
bool mesh_log_forgotten(const struct mesh_feed *feed, uint64_t epoch);
struct store_log mesh_log_name(const struct mesh_log *log);
uint64_t mesh_log_last(const struct mesh_log *log); /* head's; 0: none */
uint64_t mesh_cursor(const struct mesh_log *log,
                     const struct cim_prefix *prefix);
void mesh_cursor_raise(struct mesh_log *log, const struct cim_prefix *prefix,
                       uint64_t upto);
bool mesh_cursor_known(const struct mesh_log *log,
                       const struct cim_prefix *prefix);
struct mesh_offer *mesh_offer_get(struct mesh_log *log, struct mesh_peer *peer);
struct mesh_offer *mesh_offer_find(const struct mesh_log *log,
                                   const struct mesh_peer *peer);
void mesh_offers_forget(struct mesh *m, const struct mesh_peer *peer);

/* mesh_log.c: heads, gaps, two writers */
/* A valid header: times, two writers, what the author shows, our own key. */
void mesh_log_show(struct mesh *m, struct mesh_log *log, struct mesh_peer *peer,
                   const struct cim_signed_header *sh,
                   const struct cim_hash *hash);
/* True when the store keeps the log's newest header. */
bool mesh_log_head_kept(const struct mesh_log *log);
/* A batch of our own is committed. */
void mesh_log_made(struct mesh *m, const struct cim_header *h);
/* An event was set aside: its position is a gap that anybody may fill. */
void mesh_log_aside(struct mesh *m, const struct store_job *job);
void mesh_log_purged(struct mesh *m, const struct store_job *job);
/* A job came back: heads, cursors, gaps as they are now. */
void mesh_log_kept(struct mesh *m, const struct store_job *job);

/* mesh_follow.c: prefixes in force, where they start */
const struct cim_prefix *mesh_intern(struct mesh *m,
                                     const struct cim_prefix *prefix);
void mesh_wants_apply(struct mesh *m);
/* The author showed all its heads: follows that awaited them start there. */
void mesh_wants_start(struct mesh *m, struct mesh_feed *feed);
void mesh_mark_add(struct mesh *m, const char *name, uint64_t add);
bool mesh_wants_match(const struct mesh_feed *feed, struct cim_bytes topic);

/* mesh_intake.c: prove, judge, submit */
struct mesh_keep { /* a STORE_KEEP job in the making */
    struct store_job *job;
    size_t cap, bytes;
};
/* What a slice has to be, besides proven. */
struct mesh_asked {
    struct mesh_peer *peer;
    struct mesh_feed *feed;
    struct mesh_log *log;   /* page: this log; NULL: any of the feed */
    struct cim_bytes topic; /* live: of every event; len 0: any */
    uint64_t after, upto;   /* page: positions */
    const struct cim_prefix *prefixes; /* page */
    size_t n_prefixes;
};
/* Takes frame, a copy. Errors: of the slice; CIM_EKEY, CIM_ERETIRED. */
CIM_MUST enum cim_err mesh_keep_slice(struct mesh *m, struct mesh_keep *keep,
                                      const struct mesh_asked *asked,
                                      struct cim_bytes frame);
/* A signed header on its own, from a beacon or a list. Same errors. */
CIM_MUST enum cim_err mesh_keep_header(struct mesh *m, struct mesh_keep *keep,
                                       struct mesh_peer *peer,
                                       const struct cim_signed_header *sh,
                                       struct mesh_log **log);
/* Submits what was gathered, if anything, on that peer's account. */
void mesh_keep_submit(struct mesh *m, struct mesh_keep *keep,
                      struct mesh_peer *peer);
void mesh_live_slice(struct mesh *m, struct mesh_peer *peer,
                     struct cim_bytes topic, struct cim_bytes payload);
void mesh_sigs_unkeep(struct mesh *m);
/*
 * A slice of one event of any node, proven and judged; nothing is kept.
 *   event  bytes and topic are lent from the frame
 * Errors: of the slice, CIM_EKEY, CIM_ERETIRED, CIM_EUNASKED (not one event),
 * of the event.
 */
CIM_MUST enum cim_err mesh_prove_event(struct mesh *m, struct mesh_peer *peer,
                                       struct cim_bytes frame,
                                       struct store_log *log,
                                       struct store_event *event);

/* mesh_share.c: what one peer may cost the others */
void mesh_share_open(const struct mesh *m, struct mesh_share *share);
void mesh_share_draw(const struct mesh *m, struct mesh_peer *peer, int64_t us);
/* False: overdrawn; nothing is asked of it now. */
bool mesh_share_left(const struct mesh *m, const struct mesh_peer *peer);
void mesh_share_job(struct mesh_task *task, struct mesh_peer *peer);
void mesh_share_job_done(const struct mesh_task *task);
void mesh_share_forget(struct mesh *m, const struct mesh_peer *peer);
/* May a live slice of this size be given to the store? */
bool mesh_share_room(const struct mesh *m, const struct mesh_peer *peer,
                     size_t bytes);

/* mesh_heads.c: lists of heads, asked and answered */
void mesh_names_apply(struct mesh *m);
void mesh_heads_forget(struct mesh *m); /* digests: all is listed anew */
void mesh_heads_clear(struct mesh_heads *heads);
bool mesh_heads_asked(const struct mesh_peer *peer); /* one in flight */
void mesh_heads_ask(struct mesh *m, struct mesh_peer *peer);
void mesh_heads_answer(struct mesh *m, struct mesh_peer *peer,
                       const struct cim_heads_answer *answer);

/* mesh_catchup.c: whom to ask for what, when to stop */
/* Up, answering, and not asking for quiet. */
bool mesh_usable(const struct mesh_peer *peer);
void mesh_wake(struct mesh *m, struct mesh_log *log);
void mesh_wake_feed(struct mesh *m, struct mesh_feed *feed);
void mesh_wake_all(struct mesh *m);
/* The author was heard of: what it showed is gone for. */
void mesh_aim(struct mesh *m, struct mesh_feed *feed);
void mesh_pump(struct mesh *m);
struct mesh_ask *mesh_ask_find(struct mesh *m, uint64_t rid,
                               struct mesh_peer **peer);
struct mesh_ask *mesh_ask_free(struct mesh_peer *peer);
void mesh_ask_end(struct mesh *m, struct mesh_peer *peer, struct mesh_ask *ask);
void mesh_advance(struct mesh *m, struct mesh_peer *peer);
void mesh_asks_forget(struct mesh *m, struct mesh_peer *peer);
void mesh_asks_drop(struct mesh *m, struct mesh_peer *peer);
void mesh_asks_tick(struct mesh *m, struct mesh_peer *peer);

/* mesh_find.c: one event by its name */
void mesh_find_tick(struct mesh *m);
void mesh_find_answer(struct mesh *m, struct mesh_peer *peer,
                      struct mesh_ask *ask, const struct cim_sync *msg);
void mesh_find_stored(struct mesh *m, uint64_t search,
                      const struct store_job *job);
void mesh_find_clear(struct mesh *m);

/* mesh_fetch.c: one log from one peer, page by page */
void mesh_fetch_start(struct mesh *m, struct mesh_peer *peer,
                      struct mesh_ask *ask);
void mesh_fetch_answer(struct mesh *m, struct mesh_peer *peer,
                       struct mesh_ask *ask,
                       const struct cim_fetch_answer *answer);
void mesh_fetch_done(struct mesh *m, struct mesh_peer *peer,
                     struct mesh_ask *ask);
void mesh_fetch_give_up(struct mesh *m, struct mesh_peer *peer,
                        struct mesh_ask *ask);
void mesh_fetch_stored(struct mesh *m, uint64_t rid,
                       const struct store_job *job);

/* mesh_author.c: the own log */
void mesh_author_init(struct mesh *m);
void mesh_author_clear(struct mesh *m);
void mesh_author_start(struct mesh *m);
void mesh_author_tick(struct mesh *m);
void mesh_author_pump(struct mesh *m);
/* A valid header under our own key; called before it is kept. */
void mesh_author_shown(struct mesh *m, struct mesh_log *log,
                       const struct cim_signed_header *sh,
                       const struct cim_hash *hash,
                       const struct mesh_peer *peer);
/* ... that we do not hold: seal higher from now on. */
void mesh_author_foreign(struct mesh *m, const struct cim_signed_header *sh,
                         const char *peer);
void mesh_author_looked_up(struct mesh *m, struct store_job *job);
void mesh_author_committed(struct mesh *m, struct store_job *job);

/* mesh_plan.c: what of a group is new */
void mesh_plan_make(struct mesh_plan *plan, struct mesh_item *items,
                    const struct store_lookup *lookups);
void mesh_plan_share(struct mesh_plan *plan);
void mesh_plan_clear(struct mesh_plan *plan);

/* False: somebody used epochs under our name up to the highest there is. */
bool mesh_seal_possible(const struct mesh_author *a);
/* mesh_seal.c: the plan's events as batches of one job; slices of it */
struct store_job *mesh_seal(struct mesh *m,
                            const struct cim_draft *const *drafts,
                            struct mesh_place *const *places, size_t n);
void mesh_seal_publish(struct mesh *m, const struct store_job *job);

#endif

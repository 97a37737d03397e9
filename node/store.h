/* SPDX-License-Identifier: MPL-2.0 */
/*
 * store - everything that outlives the process, in one SQLite database.
 *
 * One writer (this file), any number of readers (store_read.h), each with a
 * connection of its own: WAL, synchronous=FULL, so a job that came back
 * committed survives a power cut. Jobs are applied in order; what one job
 * changes is visible at once or not at all, and a transaction holds as many
 * jobs as were waiting. Nothing here knows threads: the store thread
 * (store_thread.h) and the simulator drive the same calls.
 *
 * A row per event (log, seq, topic, id, bytes) with interned logs and topics;
 * header, signature and the frontier of what is not held once per batch.
 * Every position is held, refused, purged or absent; the first three count
 * as held.
 */
#ifndef CIM_NODE_STORE_H
#define CIM_NODE_STORE_H

#include <stdbool.h>

#include "node/follow.h"
#include "node/span.h"
#include "proto/slice.h"
#include "proto/sync.h"
#include "proto/uuid.h"

struct store;

/* A log: the events of one node in one epoch. A plain value. */
struct store_log {
    char node[CIM_NODE_MAX + 1];
    uint64_t epoch;
};

/* ---- jobs ---------------------------------------------------------------*/

/* One event of a batch that is to be kept. Views lent until the job ends. */
struct store_event {
    uint64_t seq;
    struct cim_bytes bytes;
    struct cim_bytes topic; /* len 0 when it could not be read */
    struct cim_uuid id;     /* zero when it could not be read */
    struct cim_hash leaf;
    enum cim_err refuse;   /* CIM_OK: keep; else remember the refusal */
    struct cim_hash given; /* own events: hash of what the caller gave */
    /* set by the store */
    bool refused;     /* its refusal is new here */
    bool stored;      /* new here; false: the position was held */
    uint64_t arrival; /* its place in arrival order, when stored */
};

/*
 * A proven batch part: events (maybe none: a header seen in a beacon or a
 * heads answer) and what is known of the tree (no events: one subtree, the
 * root).
 */
struct store_batch {
    struct cim_signed_header sh;
    struct cim_hash header_hash;
    struct cim_signkey key;       /* the one that verified it, kept for ever */
    struct cim_frontier frontier; /* owned */
    struct store_event *events;   /* owned, n_events */
    size_t n_events;
    void *frame;  /* owned memory the views point into */
    bool own;     /* sealed by this run */
    bool covered; /* everything of this log is followed: the
                     cursor of "" moves by contiguity */
    /* set by the store */
    bool new_header;   /* the log's head moved to this header */
    bool equivocation; /* contradicts a header held; both kept */
    size_t n_stored;
    uint64_t held;       /* events stored of this log, after */
    uint64_t contiguous; /* covered: the cursor of "", after */
    bool gaps_changed;
};

/*
 * The author's word on a range of its own log: with the batches of this job
 * every match of these prefixes in (after, covered] is held here. Moves the
 * cursors that are >= after; what is missing and not held becomes a gap.
 */
struct store_cover {
    bool set;
    struct store_log log;
    struct cim_prefix *prefixes; /* owned */
    size_t n_prefixes;
    uint64_t after, covered;
    struct cim_span *missing; /* owned */
    size_t n_missing;
};

/*
 * Has this node published this id, and was it the same content? BACK: it did,
 * but this store does not know what the caller gave: the event came back from
 * peers after a restore. OTHER and BACK say what is stored; compare with that.
 */
enum store_lookup_state { STORE_NEW, STORE_SAME, STORE_OTHER, STORE_BACK };
struct store_lookup {
    struct cim_uuid id;
    struct cim_hash given;
    /* set by the store */
    enum store_lookup_state state;
    uint64_t epoch, seq;    /* not NEW */
    struct cim_bytes bytes; /* OTHER, BACK: the stored event; owned p */
};

/* Where a follow starts in a log that has a head already (since = now). */
struct store_start {
    struct store_log log;
    struct cim_prefix prefix;
    uint64_t seq;
};

/* A hook's progress, or a rule's: "!promote/RULE". */
#define STORE_HOOK_MAX (CIM_NAME_MAX + 16)
enum store_run_state { STORE_RUN_STARTED, STORE_RUN_OK, STORE_RUN_FAILED };
struct store_hook {
    char name[STORE_HOOK_MAX + 1];
    uint64_t cursor;  /* arrival done up to; ~0: leave as it is */
    bool run;         /* the rest describes a run */
    uint64_t arrival; /* of the event it was for */
    uint32_t attempt;
    enum store_run_state state;
    int status; /* exit status, or -signal */
    int64_t at_ms;
    char output[512]; /* the tail of what it wrote, printable, may be "" */
};

#define STORE_SEQ_LEDGER 1

enum store_kind {
    STORE_KEEP,   /* batches and cover */
    STORE_LOOKUP, /* lookups */
    STORE_STARTS, /* starts; a first cursor for each, once */
    STORE_ROSTER, /* accepted roster file: name, serial, bytes; or removed */
    STORE_HOOK,   /* hook */
    STORE_COUNT,  /* counters to add to */
    STORE_ASIDE,  /* an event whose bytes no longer fit its root, or else rot */
    STORE_PURGE,  /* retention */
    STORE_LEDGER  /* the next step of a ledger that is behind; or all anew */
};

struct store_counter {
    char name[48];
    uint64_t add;
};

/* What a purge left of a log. */
struct store_left {
    struct store_log log;
    uint64_t held, floor; /* as in store_log_state */
};

/*
 * What the store is asked to do, and, when it comes back, what became of it.
 * The submitter makes it, gives it away, and gets it back once: committed, or
 * with err. {kind, 0...} is empty; store_job_destroy frees all that is owned.
 */
struct store_job {
    enum store_kind kind;
    void *owner;    /* the submitter's, untouched */
    int64_t now_ms; /* receivedAt of what is stored */

    struct store_batch *batches; /* owned */
    size_t n_batches;
    struct store_cover cover;
    char self[CIM_NODE_MAX + 1];  /* LOOKUP: whose ids */
    struct store_lookup *lookups; /* owned */
    size_t n_lookups;
    struct store_start *starts; /* owned */
    size_t n_starts;
    struct store_hook hook;
    struct store_counter *counters; /* owned */
    size_t n_counters;
    struct { /* STORE_ROSTER; bytes.len 0: the community left */
        char name[CIM_NAME_MAX + 1];
        uint64_t serial;
        struct cim_bytes bytes; /* owned p */
    } roster;
    struct { /* STORE_ASIDE: looked at again, then set aside or mended */
        struct store_log log;
        uint64_t seq;     /* 0: what is kept of the log itself; of no log
                             STORE_SEQ_LEDGER: the ledger is built anew */
        uint64_t arrival; /* not 0: an event that no position leads to */
    } aside;
    struct { /* STORE_PURGE: oldest first, until both hold; 0 = no limit */
        int64_t before_ms;
        uint64_t max_bytes;
        bool few; /* a small bite: there is hardly room to commit */
        /* set by the store */
        uint64_t purged;         /* not 0: there may be more, ask again */
        struct store_left *left; /* owned; of each log that lost events */
        size_t n_left;
    } purge;

    struct {           /* STORE_LEDGER */
        bool anew;     /* it goes first, all of it */
        size_t events; /* of this step; 0: 1,000 */
    } ledger;

    /* set by the store */
    enum cim_err err;      /* CIM_OK: committed */
    bool full;             /* err: no room (disk full, read-only); may pass */
    bool read_only;        /* full: it is the latter */
    bool low;              /* committed, but room is nearly gone: the reserve
                              was given up for it; no more events, please */
    bool bug;              /* err, not full: a statement of ours was refused */
    const char *why;       /* err, not full: in words; lent by the store */
    struct span_set gaps;  /* of the log of cover or of the last batch with
                              gaps_changed */
    uint64_t last_arrival; /* newest arrival in the store, after */
};
struct store_job *store_job_new(enum store_kind kind);
void store_job_destroy(struct store_job **job);
/* False: that it went well says nothing about room on the disk. */
bool store_job_writes(const struct store_job *job);

/* ---- the database -------------------------------------------------------*/

/*
 * Opens or makes the database, migrates its schema in one transaction, and
 * checks that nobody else holds it (a lock file beside it names the pid).
 *   path  a file; ":memory:" for the simulator and tests
 * Without room to open it the reserve is given up first.
 * Errors: CIM_EEXIST (another process holds it; diag names its pid),
 * CIM_EVERSION (made by a newer program), CIM_ESTATE (a step of the schema
 * does not run: a bug), CIM_EIO, CIM_EPERM; diag says what to do.
 */
CIM_MUST enum cim_err store_open(const char *path, struct store **out,
                                 struct cim_diag *diag);
void store_close(struct store **store);

/*
 * Applies jobs in order in one transaction and commits. A job whose own
 * content cannot be applied gets its err, the others go on; when the
 * transaction fails, all have err, nothing was changed.
 * Returns CIM_OK, CIM_EIO with *full (no room: may pass) or without (fsync
 * or the like failed, or the files were deleted or moved: the process must
 * end, exit 74; with bug in the jobs 70).
 */
CIM_MUST enum cim_err store_commit(struct store *store, struct store_job **jobs,
                                   size_t n, bool *full);

/*
 * Keeps a file of so many bytes beside the database, PATH.reserve, that is
 * given up when the disk is full, so that what has to be written then still
 * can be: the end of what is going on, retention, hooks, counters. From then
 * on jobs come back low, until there is room to make it again. It is made by
 * store_tidy, smaller when the disk is small; no room for any is low, too.
 *   bytes  0: none; what lies there is removed
 */
void store_reserve(struct store *store, uint64_t bytes);

/* The ledger does not know of all events yet: a STORE_LEDGER job adds some. */
bool store_ledger_behind(const struct store *store);

/* Copies the WAL back when it is large, makes the reserve; call when idle. */
void store_tidy(struct store *store);

/* Simulator and tests: the whole database as bytes, and back. */
CIM_MUST enum cim_err store_save(struct store *store, struct cim_buf *out);
CIM_MUST enum cim_err store_restore(struct store *store, struct cim_bytes in);

/* ---- what a start reads -------------------------------------------------*/

/* A cursor: (log, prefix) is known complete up to here. */
struct store_cursor {
    struct cim_prefix prefix;
    uint64_t upto;
};

/* All that is known of a log but its events. clear frees. */
struct store_log_state {
    struct store_log log;
    struct cim_signed_header head; /* newest header */
    struct cim_hash head_hash;
    uint64_t held;       /* events stored */
    uint64_t floor;      /* everything up to here was purged; 0 none */
    int64_t min_time_ms; /* of its headers */
    int64_t max_time_ms;
    struct store_cursor *cursors; /* owned */
    size_t n_cursors;
    struct span_set gaps;
    bool equivocation;
    struct cim_signed_header other; /* equivocation: the second header */
};
void store_log_state_clear(struct store_log_state *state);

/* Calls each for every log, by (node, epoch). State lent for the call. */
CIM_MUST enum cim_err
store_each_log(struct store *store,
               void (*each)(void *ctx, struct store_log_state *s), void *ctx);

/* Calls each for every accepted roster file. Views lent for the call. */
CIM_MUST enum cim_err
store_each_roster(struct store *store,
                  void (*each)(void *ctx, const char *community,
                               uint64_t serial, struct cim_bytes bytes),
                  void *ctx);

/* Every key that ever verified something here. */
CIM_MUST enum cim_err store_each_key(
    struct store *store,
    void (*each)(void *ctx, const char *node, const struct cim_signkey *key),
    void *ctx);

CIM_MUST enum cim_err
store_each_counter(struct store *store,
                   void (*each)(void *ctx, const char *name, uint64_t value),
                   void *ctx);

/* A hook's cursor; *known false when it never ran here. */
CIM_MUST enum cim_err store_hook_cursor(struct store *store, const char *name,
                                        uint64_t *cursor, bool *known);
/* The cursors of all hooks that ever ran here, configured today or not. */
CIM_MUST enum cim_err store_each_hook(struct store *store,
                                      void (*each)(void *ctx, const char *name,
                                                   uint64_t cursor),
                                      void *ctx);
uint64_t store_last_arrival(struct store *store);

#endif

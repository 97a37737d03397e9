/* SPDX-License-Identifier: MPL-2.0 */
/*
 * store_read - what is read while the node runs.
 *
 * Each reader is a read-only connection of its own, used by one thread. Every
 * call opens its read transaction and ends it before it returns, so no reader
 * ever waits for a client with one open. Bytes that leave the store are
 * checked against the batch root first: rot is named, never served.
 */
#ifndef CIM_NODE_STORE_READ_H
#define CIM_NODE_STORE_READ_H

#include "node/store.h"
#include "proto/json.h"

struct store_reader;

/* Errors: CIM_ENOENT, CIM_EIO, CIM_EVERSION. */
CIM_MUST enum cim_err store_reader_open(const char *path,
                                        struct store_reader **out,
                                        struct cim_diag *diag);
/* The simulator: reads through the writer's own connection. */
struct store_reader *store_reader_of(struct store *store);
void store_reader_close(struct store_reader **reader);

/*
 * Until the release every call sees one and the same state of the store. Not
 * across a wait, and not twice: a reader that holds keeps the writer from
 * shortening its log. Errors: CIM_EIO (then nothing is held).
 */
CIM_MUST enum cim_err store_reader_hold(struct store_reader *reader);
void store_reader_release(struct store_reader *reader);

/* Rot found since the last call: position of an event whose bytes no longer
 * fit; false when none. The caller submits a STORE_ASIDE job for it. */
bool store_reader_rotten(struct store_reader *reader, struct store_log *log,
                         uint64_t *seq);

/*
 * How many matching positions in (after, upto] count as held, and which.
 * upto - after <= CIM_FETCH_RANGE. Errors: CIM_EIO.
 */
CIM_MUST enum cim_err store_have(struct store_reader *reader,
                                 const struct store_log *log, uint64_t after,
                                 uint64_t upto,
                                 const struct cim_prefix *prefixes,
                                 size_t n_prefixes, struct cim_have *out);

/*
 * Answers a fetch: appends a whole answer message of at most CIM_PAGE_MAX.
 *   self  this node's name: `missing` is told of its own logs only
 * Errors: CIM_EIO, CIM_ENOMEM.
 */
CIM_MUST enum cim_err store_page(struct store_reader *reader,
                                 const struct cim_fetch_ask *ask,
                                 const char *self, struct cim_buf *out);

/* A stored event as queries give it. Views lent for the call. */
struct store_row {
    uint64_t arrival;
    int64_t received_ms;
    struct store_log log;
    uint64_t seq;
    struct cim_bytes topic;
    struct cim_uuid id;
    bool repeat; /* its community used this id before */
    bool late;   /* a later position of its log arrived before it */
    struct cim_bytes bytes;
};

struct store_query {
    const struct cim_prefix *prefixes; /* any of them; n 0: everything */
    size_t n_prefixes;
    uint64_t after;   /* arrival > after */
    uint64_t upto;    /* arrival <= upto; 0: no bound */
    int64_t since_ms; /* received at or after; 0: no bound */
    size_t limit;     /* rows, >= 1 */
    size_t max_bytes; /* of events; the row that passes it is the last */
    bool newest;      /* the last `limit` matches instead of the first;
                         still given in arrival order */
};

/*
 * Calls each for every match in arrival order; stops early when it returns
 * false.
 *   scanned  arrival up to which everything was looked at: go on after it
 * Errors: CIM_EIO.
 */
CIM_MUST enum cim_err
store_events(struct store_reader *reader, const struct store_query *query,
             bool (*each)(void *ctx, const struct store_row *row), void *ctx,
             uint64_t *scanned);

/* Every event of this id, of one community or (len 0) of any. */
CIM_MUST enum cim_err
store_find(struct store_reader *reader, struct cim_bytes community,
           const struct cim_uuid *id,
           bool (*each)(void *ctx, const struct store_row *row), void *ctx);

/*
 * A slice of just this event: its proof.
 * Errors: CIM_ENOENT, CIM_EROOT (rot), CIM_EIO, CIM_ENOMEM.
 */
CIM_MUST enum cim_err store_proof(struct store_reader *reader,
                                  const struct store_log *log, uint64_t seq,
                                  struct cim_buf *out);

/* Events stored in all; newest arrival. */
CIM_MUST enum cim_err store_totals(struct store_reader *reader,
                                   uint64_t *stored, uint64_t *last_arrival);

/* The newest runs of a hook (NULL: of all), newest first. */
struct store_run {
    char hook[CIM_NAME_MAX + 1];
    uint64_t arrival;
    char event[CIM_NAME_MAX + 1 + CIM_UUID_TEXT_LEN + 1]; /* community:id */
    uint32_t attempt;
    enum store_run_state state;
    int status;
    int64_t started_ms, ended_ms; /* ended 0: still running, or cut off */
    char output[512];
};
CIM_MUST enum cim_err
store_runs(struct store_reader *reader, const char *hook, size_t limit,
           void (*each)(void *ctx, const struct store_run *run), void *ctx);

/* The arrival after which a hook began: its first cursor; 0: unknown hook. */
CIM_MUST enum cim_err store_hook_start(struct store_reader *reader,
                                       const char *hook, uint64_t *start);

/* Attempts made so far for this (hook, arrival). */
CIM_MUST enum cim_err store_attempts(struct store_reader *reader,
                                     const char *hook, uint64_t arrival,
                                     uint32_t *attempts);

/* Same community and id, an earlier arrival that matches the prefix and lies
 * after `from`: the hook has had it already. */
CIM_MUST enum cim_err store_had(struct store_reader *reader,
                                const struct store_row *row,
                                const struct cim_prefix *prefix, uint64_t from,
                                bool *had);

/* Refused positions, newest first, for status and peers. */
struct store_refusal {
    struct store_log log;
    uint64_t seq;
    enum cim_err reason;
};
CIM_MUST enum cim_err
store_refusals(struct store_reader *reader, size_t limit,
               void (*each)(void *ctx, const struct store_refusal *r),
               void *ctx);

#endif

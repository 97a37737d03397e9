/* SPDX-License-Identifier: MPL-2.0 */
/*
 * store_reader - what the files of the readers share. Private to them.
 *
 * A call is a read transaction: begin, look, end. Batches that were found
 * sound are remembered with the bytes they were found sound in, so the next
 * call compares instead of hashing.
 */
#ifndef CIM_NODE_STORE_READER_H
#define CIM_NODE_STORE_READER_H

#include "node/store_private.h"
#include "node/store_read.h"

#define READER_BATCHES 16   /* remembered */
#define READER_ROTTEN  1024 /* positions waiting to be told */

struct rotten {
    struct store_log log;
    uint64_t seq;
};

struct seen_batch {
    struct kept_batch kept;
    struct cim_buf raw; /* header, signature, sum and nodes as they were */
};

struct store_reader {
    struct store_db *db;
    struct store_db own; /* when it is not the writer's */
    struct seen_batch seen[READER_BATCHES];
    struct rotten *rotten; /* READER_ROTTEN, a ring */
    size_t rotten_first, rotten_n;
    bool held; /* calls are parts of one transaction */
};

/* Errors: CIM_EIO. */
CIM_MUST enum cim_err reader_begin(struct store_reader *r);
CIM_MUST enum cim_err reader_end(struct store_reader *r);

/* The batch, sound or not; NULL when there is none. Lent until the next. */
const struct kept_batch *reader_batch(struct store_reader *r, int64_t id);
void reader_rot(struct store_reader *r, const struct store_log *log,
                uint64_t seq);

/* A log's row; id 0 when there is none. head.len 0 when it has none. */
struct found_log {
    int64_t id;
    struct cim_signed_header head;
};
void reader_log(struct store_reader *r, const struct store_log *log,
                struct found_log *out);

/*
 * Which interned topics match some prefixes: asked once a topic and call.
 * Made by topic_filter_of; clear frees.
 */
struct topic_filter {
    const struct cim_prefix *prefixes; /* lent */
    size_t n_prefixes;
    bool all; /* one is "": everything, also what has no topic */
    struct filter_slot {
        int64_t topic; /* 0: free */
        bool match;
    } * slots; /* owned */
    size_t cap, n;
};
struct topic_filter topic_filter_of(const struct cim_prefix *prefixes,
                                    size_t n);
void topic_filter_clear(struct topic_filter *filter);
bool topic_filter_match(struct store_reader *r, struct topic_filter *filter,
                        int64_t topic);

/* One past all texts with this prefix; false when there is none. */
bool reader_prefix_end(const struct cim_prefix *prefix, struct cim_prefix *end);

/* A position that counts as held and matches. */
struct place {
    uint64_t seq;
    int64_t arrival; /* or PLACE_* */
};
/* Those in (after, upto], ascending; owned array. */
struct place *reader_places(struct store_reader *r, int64_t log, uint64_t after,
                            uint64_t upto, struct topic_filter *filter,
                            size_t *n);
/* How many there are, and which. */
struct cim_have places_have(const struct place *places, size_t n);

#endif

/* SPDX-License-Identifier: MPL-2.0 */
/*
 * store_help - authors that seal real batches, and jobs made of them.
 *
 * For the tests of what keeps events: every batch is signed, every slice is
 * parsed and proven, so what they store is what a node would.
 */
#ifndef CIM_TESTS_STORE_HELP_H
#define CIM_TESTS_STORE_HELP_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "node/mem.h"
#include "node/store.h"
#include "node/store_read.h"

/* A writer of one log. */
struct author {
    char node[CIM_NODE_MAX + 1];
    struct cim_identity *id;
    struct cim_signkey key;
    uint64_t epoch, last;
    struct cim_hash prev;
    int64_t time_ms;
    uint64_t serial; /* of ids */
};
void author_open(struct author *a, const char *node, uint64_t epoch);
void author_close(struct author *a);

/* A batch with all its events. Owned; clear frees. */
struct sealed {
    struct cim_signed_header sh;
    struct cim_signkey key;
    struct cim_hash hash;
    struct cim_frontier frontier;
    struct cim_buf events[CIM_BATCH_EVENTS];
    char topics[CIM_BATCH_EVENTS][CIM_TOPIC_MAX + 1];
    struct cim_uuid ids[CIM_BATCH_EVENTS];
    size_t n;
};
/* n events of about this many bytes; the i-th has topic COMMUNITY/Ping/tK/
 * with K = topic_of(i) % 10. */
struct sealed *author_seal(struct author *a, size_t n, size_t bytes,
                           unsigned (*topic_of)(size_t i));
/* The same with these ids. */
struct sealed *author_seal_ids(struct author *a, size_t n,
                               const struct cim_uuid *ids);
/* An event of the author's community, read from JSON as a node reads it. */
struct sealed *author_seal_json(struct author *a, const char *const *texts,
                                size_t n);
void sealed_free(struct sealed **s);
unsigned topic_same(size_t i); /* 0 */
unsigned topic_each(size_t i); /* i */
struct cim_uuid uuid_n(uint64_t n);

/* A slice of these batch indices, proven, as a batch added to the job. */
struct store_batch *job_slice(struct store_job *job, const struct sealed *s,
                              const unsigned *indices, size_t n);
/* All of it. */
struct store_batch *job_all(struct store_job *job, const struct sealed *s);
/* Just the header. */
struct store_batch *job_header(struct store_job *job, const struct sealed *s);
void job_cover(struct store_job *job, const struct author *a,
               const char *prefix, uint64_t after, uint64_t covered);

/* Commits one job, which must go through the transaction; job->err tells. */
void commit_job(struct store *store, struct store_job *job);
/* ... and must be CIM_OK; frees it. */
void commit_ok(struct store *store, struct store_job **job);
/* Stores all of the batch. */
void keep_all(struct store *store, const struct sealed *s);

struct cim_prefix prefix_of(const char *text);
struct store_log log_of(const struct author *a);

/* For every test: a store in memory, a reader of it and two authors. */
struct fixture {
    struct store *store;
    struct store_reader *reader;
    struct author a, b; /* odl/ci-1 and onap/ci-1 */
};
int fixture_up(void **state);
int fixture_down(void **state);

/* A fresh folder below $TMPDIR; removed with all in it by folder_remove. */
char *folder_make(void);
void folder_remove(char **folder);

/* The state of one log, or all zero. clear frees. */
struct store_log_state state_of(struct store *store, const struct author *a);

#endif

/* SPDX-License-Identifier: MPL-2.0 */
/*
 * work - a store at work on a crash_disk, and the truth about it.
 *
 * Steps drawn from a seed: own batches, peers' batches whole and in part, the
 * author's word on a range, look-ups, refused publishes, starts, roster files,
 * hooks, counters, retention, checkpoints, restarts. After every commit that
 * came back OK the whole content is hashed: a crash after it must leave
 * exactly that content, or that of the one commit that was in flight.
 * The book knows every event ever sealed, so nothing wrong can be served.
 */
#ifndef CIM_TESTS_WORK_H
#define CIM_TESTS_WORK_H

#include "node/store_private.h"
#include "tests/fault/crash_vfs.h"
#include "tests/unit/store_help.h"

/* ---- the book ------------------------------------------------------------*/

struct book_event {
    struct cim_hash leaf;
    struct cim_uuid id;
    char topic[32];
};

/* A log as its author made it. */
struct book_log {
    struct store_log log;
    struct cim_signkey key;
    struct book_event *events; /* seq - 1 */
    size_t n, cap;
};

#define BOOK_LOGS 16
struct book {
    struct book_log logs[BOOK_LOGS];
    size_t n;
};
/* NULL: nobody ever sealed this. */
const struct book_event *book_find(const struct book *book,
                                   const struct store_log *log, uint64_t seq);
const struct book_log *book_log_of(const struct book *book,
                                   const struct store_log *log);

/* ---- the work ------------------------------------------------------------*/

/* The content after a commit. */
struct acked {
    struct cim_digest content;
    size_t ops;           /* of the disk, when it was acknowledged */
    uint64_t wal_bytes;   /* length of the WAL then */
    uint64_t arrival;     /* newest */
    unsigned checkpoints; /* before it */
};

#define STEP_JOBS 3
struct work {
    uint64_t seed;
    struct rng rng;
    char *folder, *path, *wal;
    struct crash_vfs vfs;
    struct crash_disk *disk; /* owned */
    struct store *store;
    struct author own, peer, far;
    struct sealed *half; /* of peer: its second part is yet to come */
    struct book book;
    struct acked *acked; /* [0]: the empty store */
    size_t n_acked, cap_acked;
    struct store_job *jobs[STEP_JOBS]; /* of the step */
    size_t n_jobs;
    unsigned step, checkpoints;
    bool retention; /* steps may purge */
};

/* Empty disk, nothing opened yet. */
void work_start(struct work *w, uint64_t seed);
void work_end(struct work *w);

/* Opens the store on what is mounted; CIM_OK notes the content as acked[0]
 * when nothing is. */
enum cim_err work_open(struct work *w);

/* Draws the jobs of the next step; work_commit frees them when it went well,
 * else they wait to be tried again. */
void work_draw(struct work *w);
enum cim_err work_commit(struct work *w, bool *full);
void work_drop(struct work *w); /* the jobs, untried or failed */
void work_checkpoint(struct work *w);

void work_maybe_checkpoint(struct work *w); /* one step in twelve */

/* n steps that must go well, checkpoints and restarts among them. */
void work_run(struct work *w, unsigned steps);

/*
 * The same steps without restarts, on a disk of their own that never fails:
 * what the content is after each. work_end it.
 */
void work_twin(struct work *w, uint64_t seed, unsigned steps);
/* Is the content now that after `n` commits, or (else) after one more? */
bool content_is(struct store *store, const struct work *twin, size_t n,
                bool *one_more);

struct cim_digest content_of(struct store *store);

/* ---- programs ------------------------------------------------------------*/

/* From --seed N, else 1; prints it. */
uint64_t fault_seed(int argc, char **argv, const char *program);
bool fault_long(void); /* CIM_LONG=1: the full counts */

/* Stops the test with where it was. */
#define FAULT_CHECK(ok, ...)                                                   \
    do {                                                                       \
        if (!(ok))                                                             \
            fail_msg(__VA_ARGS__);                                             \
    } while (0)

#endif

/* SPDX-License-Identifier: MPL-2.0 */
/*
 * serve - the thread that reads: pages for peers, digests, hooks' next event.
 *
 * The loop never waits for the disk: it gives a task away and finds it done
 * on the pipe later, in order.
 */
#ifndef CIM_NODE_SERVE_H
#define CIM_NODE_SERVE_H

#include "node/mesh.h"
#include "node/store_read.h"

enum serve_kind {
    SERVE_HAVE, /* have */
    SERVE_PAGE, /* a peer's fetch or find: frame in, answer out */
    SERVE_NEXT, /* a hook's next event */
    SERVE_TOTALS
};

struct serve_task {
    enum serve_kind kind;
    void *owner; /* the submitter's, untouched */

    struct mesh_have_ask *have; /* HAVE: owned; filled */

    struct cim_buf frame;  /* PAGE: the fetch ask as received */
    struct cim_buf route;  /* PAGE: the router's, opaque */
    struct cim_buf answer; /* PAGE: set */

    struct cim_prefix prefix; /* NEXT: arrival > after, and not had before */
    uint64_t after;
    struct { /* NEXT: set */
        bool found;
        uint64_t scanned; /* nothing to do up to here */
        uint64_t arrival;
        uint32_t attempts; /* made so far */
        bool late;
        struct store_log log;
        uint64_t seq;
        int64_t received_ms;
        struct cim_buf bytes; /* the event */
    } next;
    char hook[CIM_NAME_MAX + 1]; /* NEXT: whose attempts */

    uint64_t stored, last_arrival; /* TOTALS: set */

    bool rotten; /* set: an event whose bytes no longer fit was met */
    struct store_log rotten_log;
    uint64_t rotten_seq;

    enum cim_err err;
};
struct serve_task *serve_task_new(enum serve_kind kind);
void serve_task_destroy(struct serve_task **task);

struct serve;
/* Opens its own reader. Errors: as store_reader_open. */
CIM_MUST enum cim_err serve_start(const char *data_file, const char *self,
                                  struct serve **out, struct cim_diag *diag);
void serve_stop(struct serve **serve);
void *serve_pipe(struct serve *serve); /* zsock_t to poll; then take */
void serve_submit(struct serve *serve, struct serve_task *task); /* takes */
struct serve_task *serve_take(struct serve *serve); /* NULL: none now */

#endif

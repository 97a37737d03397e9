/* SPDX-License-Identifier: MPL-2.0 */
/*
 * promoter - the loop's half of promotion: cursors, publishing, time.
 *
 *   walk a stretch -> publish its decisions -> all answered -> move the cursor
 *
 * One stretch is in hand at a time. A rule's cursor is kept like a hook's; it
 * moves after the decisions are committed, and a decision that is made again
 * is the same event, so between any two steps the node may end: at least once
 * and idempotent is once. The loop waits for nothing here: judging is done in
 * a thread of its own (judge.h).
 */
#ifndef CIM_NODE_PROMOTER_H
#define CIM_NODE_PROMOTER_H

#include "node/hook.h"
#include "node/judge.h"

struct promoter;

struct promoter_config {
    struct judge *judge; /* lent */
    struct store_thread *store;
    void (*publish)(void *ctx, struct mesh_request *request); /* takes */
    void (*answer)(void *ctx, struct api_call *call);         /* takes */
    void (*rotten)(void *ctx, const struct store_log *log, uint64_t seq);
    int64_t (*now_ms)(void *ctx);
    int64_t (*mono_ms)(void *ctx);
    void *ctx;
};
struct promoter *promoter_new(const struct promoter_config *config);
void promoter_destroy(struct promoter **promoter);

/* Applies the configured rules; a new one starts at the present (arrival
 * `last`) unless backfill. known: cursors from the store. */
void promoter_apply(struct promoter *promoter, const struct settings *settings,
                    const struct hook_known *known, size_t n_known,
                    uint64_t last);

/* Committed: there is an event with this arrival. */
void promoter_stored(struct promoter *promoter, uint64_t arrival);
/* A request came back; true when it was one of these, and is taken. */
bool promoter_answered(struct promoter *promoter, struct mesh_request *request);
/* Its STORE_HOOK jobs are those whose owner this is; takes the job. */
bool promoter_owns(const struct promoter *promoter,
                   const struct store_job *job);
void promoter_job_done(struct promoter *promoter, struct store_job *job);
/* The judge's pipe can be read. */
void promoter_judged(struct promoter *promoter);
void promoter_tick(struct promoter *promoter);
/* A question of the API: answered later. Takes. */
void promoter_ask(struct promoter *promoter, struct api_call *call);
/* No new decisions; true once none waits for its commit. */
bool promoter_drain(struct promoter *promoter);

/* As of the last look at the clock. */
size_t promoter_overdue(const struct promoter *promoter);

#endif

/* SPDX-License-Identifier: MPL-2.0 */
/*
 * hook - a prefix bound to a CI trigger, at least once per event.
 *
 * Each hook has a cursor over the arrival order of this node's store. It
 * moves when the trigger accepted (exit 0); until then the event is tried
 * again, with back-off, and the attempt is counted on disk before it starts.
 * Kinds of triggers are a table of functions; exec is the first.
 *
 *   hook.c       cursors, attempts, back-off: what to run next
 *   hook_exec.c  child processes: stdin, output, scratch folder, end
 *   hook_env.c   their environment
 */
#ifndef CIM_NODE_HOOK_H
#define CIM_NODE_HOOK_H

#include <czmq.h>

#include "node/serve.h"
#include "node/settings.h"
#include "node/store_thread.h"
#include "node/view.h"

struct hooks;

struct hooks_config {
    zloop_t *loop;
    struct store_thread *store;
    struct serve *serve;
    const char *dir;         /* site directory: CIMESH_DIR */
    const char *scratch_dir; /* a folder a run is made here */
    const char *community;
    int64_t (*now_ms)(void *ctx);  /* wall clock, UTC */
    int64_t (*mono_ms)(void *ctx); /* never steps; NULL: the system's */
    void *ctx;
};
/* Makes the scratch folder, and ends what an earlier run of the node left in
 * it. Everything in config is lent for the life of the hooks but the texts,
 * which are copied. */
struct hooks *hooks_new(const struct hooks_config *config);
/* Kills what runs, by process group, and waits for it. */
void hooks_destroy(struct hooks **hooks);

/* Applies the configured hooks; a new one starts at the present (arrival
 * `last`) unless backfill. known: cursors from the store. */
struct hook_known {
    char name[STORE_HOOK_MAX + 1]; /* of a hook, or of a rule */
    uint64_t cursor;
    bool known;
};
void hooks_apply(struct hooks *hooks, const struct settings *settings,
                 const struct hook_known *known, size_t n_known, uint64_t last);

/* Committed: there is an event with this arrival. */
void hooks_stored(struct hooks *hooks, uint64_t arrival);
/* SERVE_NEXT and STORE_HOOK come back. What is rotten in a task is the
 * caller's to report, before. Both take. */
void hooks_served(struct hooks *hooks, struct serve_task *task);
void hooks_job_done(struct hooks *hooks, struct store_job *job);
void hooks_children(struct hooks *hooks); /* after SIGCHLD */
void hooks_tick(struct hooks *hooks);     /* about once a second or oftener */
/* No new runs; true once none is left. */
bool hooks_drain(struct hooks *hooks);
void hooks_view(const struct hooks *hooks, struct view_hooks *out);

#endif

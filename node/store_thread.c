/* SPDX-License-Identifier: MPL-2.0 */
#include "node/store_thread.h"

#include <stdlib.h>

#include "node/handoff.h"
#include "node/mem.h"

#define GROUP_JOBS    256
#define GROUP_BYTES   (4 * 1024 * 1024) /* of events in one transaction */
#define IDLE_MS       20   /* without a job: time to copy the WAL back */
#define BUSY_GROUPS   64   /* or after this many groups without a pause */
#define LEDGER_GROUPS 16   /* between two steps of a ledger that is behind */
#define AGAIN_MS      1000 /* after a step that failed */

struct store_thread {
    struct handoff *handoff;
    struct store *store; /* the worker's while it runs */
};

/* Jobs that become one transaction, in order. */
struct group {
    struct store_job *jobs[GROUP_JOBS];
    size_t n;
    size_t bytes;
};

static size_t
job_bytes(const struct store_job *job)
{
    size_t bytes = 0;

    for (size_t b = 0; b < job->n_batches; b++)
        for (size_t i = 0; i < job->batches[b].n_events; i++)
            bytes += job->batches[b].events[i].bytes.len;
    return bytes;
}

static void
group_add(struct group *group, struct store_job *job)
{
    group->jobs[group->n++] = job;
    group->bytes += job_bytes(job);
}

static void
commit(struct handoff_side *side, struct store *store, struct group *group)
{
    bool full = false;

    if (store_commit(store, group->jobs, group->n, &full) != CIM_OK) {
        /* Every job says so; the loop decides. */
    }
    for (size_t i = 0; i < group->n; i++)
        handoff_back(side, group->jobs[i]);
    group->n = 0;
    group->bytes = 0;
}

/* The first job is waited for, all that wait behind it come along. */
static enum handoff_next
collect(struct handoff_side *side, struct group *group, int wait_ms)
{
    void *item = NULL;
    enum handoff_next next = handoff_next(side, wait_ms, &item);

    while (next == HANDOFF_ITEM) {
        group_add(group, item);
        if (group->n == GROUP_JOBS || group->bytes >= GROUP_BYTES)
            break;
        next = handoff_next(side, 0, &item);
    }
    return next;
}

/* How long to wait for a job. */
static int
patience(const struct store *store, unsigned groups, bool built)
{
    if (store_ledger_behind(store))
        return built ? 0 : AGAIN_MS;
    return groups ? IDLE_MS : -1;
}

/* The next step of a ledger that is behind. */
static bool
build(struct store *store)
{
    struct store_job *job = store_job_new(STORE_LEDGER);
    bool full = false;
    enum cim_err err = store_commit(store, &job, 1, &full);

    store_job_destroy(&job);
    return err == CIM_OK;
}

static void
work(struct handoff_side *side, void *ctx)
{
    struct store_thread *thread = ctx;
    struct group *group = xcalloc(1, sizeof *group);
    enum handoff_next next;
    unsigned groups = 0; /* since it was last tidied */
    bool built = true;   /* the last step of the ledger went through */

    store_tidy(thread->store);
    do {
        next = collect(side, group, patience(thread->store, groups, built));
        bool idle = !group->n;
        if (!idle) {
            commit(side, thread->store, group);
            groups++;
        }
        if (store_ledger_behind(thread->store) &&
            (idle || groups % LEDGER_GROUPS == 0)) {
            built = build(thread->store);
            groups += idle;
            idle = false;
        }
        if (groups && (idle || groups >= BUSY_GROUPS)) {
            store_tidy(thread->store);
            groups = 0;
        }
    } while (next != HANDOFF_STOP);
    free(group);
}

static void
drop(void *item)
{
    struct store_job *job = item;

    store_job_destroy(&job);
}

struct store_thread *
store_thread_start(struct store **store)
{
    struct store_thread *thread = xcalloc(1, sizeof *thread);

    thread->store = *store;
    *store = NULL;
    thread->handoff = handoff_start(work, thread);
    return thread;
}

void
store_thread_stop(struct store_thread **p)
{
    struct store_thread *thread = *p;

    *p = NULL;
    if (!thread)
        return;
    handoff_stop(&thread->handoff, drop);
    store_close(&thread->store);
    free(thread);
}

void *
store_thread_pipe(struct store_thread *thread)
{
    return handoff_pipe(thread->handoff);
}

void
store_thread_submit(struct store_thread *thread, struct store_job *job)
{
    handoff_give(thread->handoff, job);
}

struct store_job *
store_thread_take(struct store_thread *thread)
{
    return handoff_take(thread->handoff);
}

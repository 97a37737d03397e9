/* SPDX-License-Identifier: MPL-2.0 */
/* Notes and counters, and store jobs: given, and come back. */
#include <stdlib.h>
#include <string.h>

#include "node/mem.h"
#include "node/mesh_private.h"

/* ---- notes and counters --------------------------------------------------*/

void
mesh_note(const struct mesh *m, const struct mesh_note *note)
{
    struct mesh_note copy = *note;

    if (!copy.peer)
        copy.peer = "";
    if (!copy.node)
        copy.node = "";
    if (!copy.text)
        copy.text = "";
    m->fx.note(m->fx.ctx, &copy);
}

static void
count_refused(struct mesh *m, struct mesh_peer *peer, enum cim_err reason)
{
    m->refused[reason]++;
    if (!peer)
        return;
    peer->refused++;
    peer->last_reason = reason;
}

void
mesh_refuse(struct mesh *m, struct mesh_peer *peer, const struct mesh_log *log,
            uint64_t seq, enum cim_err reason)
{
    count_refused(m, peer, reason);
    mesh_note(m, &(struct mesh_note){.kind = MESH_REFUSED,
                                     .peer = peer ? peer->name : "",
                                     .node = log ? log->feed->name : "",
                                     .epoch = log ? log->epoch : 0,
                                     .seq = seq,
                                     .reason = reason});
}

void
mesh_unknown_key(struct mesh *m, struct mesh_peer *peer, const char *node,
                 uint64_t epoch)
{
    count_refused(m, peer, CIM_EKEY);
    if (!strcmp(peer->name, node))
        peer->unknown_key = true;
    mesh_note(m, &(struct mesh_note){.kind = MESH_UNKNOWN_KEY,
                                     .peer = peer->name,
                                     .node = node,
                                     .epoch = epoch,
                                     .reason = CIM_EKEY});
}

void
mesh_count_refused(struct mesh *mesh, const char *peer, enum cim_err reason)
{
    count_refused(mesh, mesh_peer_find(mesh, peer), reason);
}

void
mesh_load_counter(struct mesh *mesh, const char *name, uint64_t value)
{
    static const char refused[] = "refused.";

    if (!strncmp(name, "since.", 6) || !strncmp(name, "await.", 6))
        mesh_mark_add(mesh, name, value);
    if (strncmp(name, refused, sizeof refused - 1))
        return;
    for (unsigned e = 0; e < CIM_ERR_N; e++)
        if (!strcmp(cim_err_label((enum cim_err)e), name + sizeof refused - 1))
            mesh->refused[e] = mesh->written[e] = value;
}

/* ---- jobs ----------------------------------------------------------------*/

void
mesh_jobs_init(struct mesh *m)
{
    m->tasks.prev = m->tasks.next = &m->tasks;
}

static void
task_free(struct mesh_task *task)
{
    if (!task)
        return;
    task->prev->next = task->next;
    task->next->prev = task->prev;
    free(task);
}

void
mesh_jobs_clear(struct mesh *m)
{
    while (m->tasks.next != &m->tasks)
        task_free(m->tasks.next);
    for (size_t i = 0; i < m->n_later; i++)
        store_job_destroy(&m->later[i]);
    free(m->later);
}

struct mesh_task *
mesh_submit(struct mesh *m, struct store_job *job, enum mesh_job_kind kind,
            size_t bytes, uint64_t rid)
{
    struct mesh_task *task = xcalloc(1, sizeof *task);

    *task = (struct mesh_task){.prev = m->tasks.prev,
                               .next = &m->tasks,
                               .kind = kind,
                               .bytes = bytes,
                               .rid = rid};
    task->prev->next = task->next->prev = task;
    job->owner = task;
    m->jobs += kind == JOB_PEERS || kind == JOB_FOUND;
    m->job_bytes += bytes;
    m->fx.submit(m->fx.ctx, job);
    return task;
}

static void
count_job(struct store_job *job, const char *name, uint64_t add)
{
    struct store_counter *c;

    job->counters =
        xrealloc(job->counters, (job->n_counters + 1) * sizeof *job->counters);
    c = &job->counters[job->n_counters++];
    *c = (struct store_counter){.add = add};
    strncpy(c->name, name, sizeof c->name - 1);
}

/* What was counted since the last time. With nothing to count it asks how the
 * store is: a failed checkpoint, files that went away, room that came back. */
static void
write_counters(struct mesh *m)
{
    struct store_job *job = store_job_new(STORE_COUNT);

    for (unsigned e = 0; e < CIM_ERR_N; e++) {
        char name[48] = "refused.";

        if (m->refused[e] == m->written[e])
            continue;
        strncat(name, cim_err_label((enum cim_err)e),
                sizeof name - strlen(name) - 1);
        count_job(job, name, m->refused[e] - m->written[e]);
    }
    if (m->room != ROOM_OK)
        count_job(job, "storage.full", 1);
    m->counting = true;
    memcpy(m->counted, m->refused, sizeof m->counted);
    mesh_submit(m, job, JOB_COUNT, 0, 0);
}

void
mesh_counters_tick(struct mesh *m)
{
    int64_t now = mesh_mono(m);

    if (now < m->count_ms || m->counting)
        return;
    m->count_ms = now + (m->room == ROOM_OK ? MESH_COUNT_MS : MESH_ROOM_MS);
    write_counters(m);
}

/* Where follows start has to be on disk before anything that builds on it:
 * what found no room is given again first. */
static void
keep_for_later(struct mesh *m, struct store_job *job)
{
    struct store_job *again = store_job_new(job->kind);

    again->starts = job->starts;
    again->n_starts = job->n_starts;
    again->counters = job->counters;
    again->n_counters = job->n_counters;
    job->starts = NULL;
    job->counters = NULL;
    job->n_starts = job->n_counters = 0;
    xgrow(&m->later, &m->cap_later, m->n_later, sizeof *m->later);
    m->later[m->n_later++] = again;
}

static void
submit_later(struct mesh *m)
{
    size_t n = m->n_later;

    m->n_later = 0;
    for (size_t i = 0; i < n; i++)
        mesh_submit(m, m->later[i], JOB_START, 0, 0);
}

/*
 * Low: what was given is committed, and no more events are taken in, own or
 * others', so that the room left serves the rest.
 */
static void
storage_seen(struct mesh *m, const struct store_job *job)
{
    static const char *const names[] = {"usable again", "low", "full"};
    enum mesh_room before = m->room;
    bool none = job->err == CIM_EIO && job->full;

    if (job->err == CIM_EIO && !job->full)
        m->broken = true;
    /* That something could be read says nothing about room. */
    bool news = store_job_writes(job) ||
                (job->kind == STORE_COUNT && job->low && m->room == ROOM_OK);
    if (!none && (job->err != CIM_OK || !news))
        return;
    m->room = none ? ROOM_NONE : job->low ? ROOM_LOW : ROOM_OK;
    if (m->room == before)
        return;
    mesh_note(m, &(struct mesh_note){.kind = MESH_STORAGE,
                                     .reason = job->err,
                                     .text = names[m->room]});
    if (before == ROOM_OK)
        m->count_ms = mesh_mono(m) + MESH_ROOM_MS;
    if (before == ROOM_NONE)
        submit_later(m);
    if (m->room == ROOM_OK)
        mesh_wake_all(m);
}

static void
tell_stored(struct mesh *m, const struct store_job *job)
{
    bool news = false;

    for (size_t i = 0; i < job->n_batches; i++)
        news = news || job->batches[i].n_stored;
    if (news)
        m->fx.stored(m->fx.ctx, job->last_arrival);
}

static void
peers_job_done(struct mesh *m, const struct store_job *job)
{
    if (job->err == CIM_OK)
        mesh_log_kept(m, job);
    else
        mesh_sigs_unkeep(m);
    tell_stored(m, job);
}

static void
task_done(struct mesh *m, const struct mesh_task *task, struct store_job *job)
{
    switch (task->kind) {
    case JOB_PEERS:
        m->jobs--;
        peers_job_done(m, job);
        break;
    case JOB_PAGE:
        peers_job_done(m, job);
        mesh_fetch_stored(m, task->rid, job);
        break;
    case JOB_FOUND:
        m->jobs--;
        peers_job_done(m, job);
        mesh_find_stored(m, task->rid, job);
        break;
    case JOB_LOOKUP:
        mesh_author_looked_up(m, job);
        break;
    case JOB_OWN:
        mesh_author_committed(m, job);
        break;
    case JOB_COUNT:
        m->counting = false;
        if (job->err == CIM_OK)
            memcpy(m->written, m->counted, sizeof m->written);
        break;
    case JOB_START:
        if (job->err != CIM_OK)
            keep_for_later(m, job);
        break;
    }
}

void
mesh_job_done(struct mesh *mesh, struct store_job *job)
{
    struct mesh_task *task = job->owner;

    storage_seen(mesh, job);
    if (job->kind == STORE_ASIDE) {
        mesh_log_aside(mesh, job);
    } else if (job->kind == STORE_PURGE) {
        mesh_log_purged(mesh, job);
    } else {
        mesh->job_bytes -= task->bytes;
        mesh_share_job_done(task);
        task_done(mesh, task, job);
    }
    task_free(task);
    store_job_destroy(&job);
    mesh_author_pump(mesh);
    mesh_pump(mesh);
}

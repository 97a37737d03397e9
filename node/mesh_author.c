/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The own log: requests in, places out, and what else is signed in our name.
 *
 *   line  ->  looked up  ->  sealed  ->  committed: publish, then answer
 *
 * One group is in hand at a time; what comes meanwhile waits and makes the
 * next one, so groups grow by themselves under load. Ids are looked up after
 * the group before was committed, so only ids of the same group need to be
 * compared here.
 *
 * The first batch waits until every peer has said what it holds under our
 * name, or 5 s: a node whose store was restored from a backup learns of the
 * positions it used before, and seals above them.
 */
#include <stdlib.h>
#include <string.h>

#include "node/mem.h"
#include "node/mesh_private.h"

/* ---- requests ------------------------------------------------------------*/

struct mesh_request *
mesh_request_new(size_t n)
{
    struct mesh_request *request = xcalloc(1, sizeof *request);

    request->drafts = xcalloc(n, sizeof *request->drafts);
    request->n = n;
    return request;
}

void
mesh_request_destroy(struct mesh_request **request)
{
    if (!*request)
        return;
    for (size_t i = 0; i < (*request)->n; i++)
        cim_draft_clear(&(*request)->drafts[i]);
    free((*request)->drafts);
    free((*request)->places);
    free(*request);
    *request = NULL;
}

static void
answer(struct mesh *m, struct mesh_request *request)
{
    if (request->err != CIM_OK) {
        free(request->places);
        request->places = NULL;
    }
    m->fx.answered(m->fx.ctx, request);
}

/* Answers all of a chain of items, and frees them. */
static void
answer_all(struct mesh *m, struct mesh_item *items, enum cim_err err, bool full)
{
    while (items) {
        struct mesh_item *item = items;

        items = item->next;
        if (item->request->err == CIM_OK) {
            item->request->err = err;
            item->request->full = full;
        }
        answer(m, item->request);
        free(item);
    }
}

static void
refuse_line(struct mesh *m, enum cim_err err)
{
    struct mesh_author *a = &m->author;
    struct mesh_item *line = a->first;

    a->first = NULL;
    a->end = &a->first;
    answer_all(m, line, err, false);
}

/* ---- life ----------------------------------------------------------------*/

void
mesh_author_init(struct mesh *m)
{
    m->author.end = &m->author.first;
}

static void
free_items(struct mesh_item *items)
{
    while (items) {
        struct mesh_item *item = items;

        items = item->next;
        mesh_request_destroy(&item->request);
        free(item);
    }
}

void
mesh_author_clear(struct mesh *m)
{
    free_items(m->author.first);
    free_items(m->author.group);
    mesh_plan_clear(&m->author.plan);
}

void
mesh_author_start(struct mesh *m)
{
    struct mesh_author *a = &m->author;

    a->started_ms = a->start_ms = mesh_now(m);
    for (size_t i = 0; i < m->own->n_logs; i++) {
        const struct mesh_log *log = m->own->logs[i];

        a->last_epoch = log->epoch;
        if (log->has_time && log->max_time_ms > a->max_time_ms)
            a->max_time_ms = log->max_time_ms;
    }
    /* In the time of headers, which a clock that was set back lags behind. */
    if (a->start_ms < a->max_time_ms)
        a->start_ms = a->max_time_ms;
    a->may_seal = !m->own->n_logs || !m->n_peers;
    a->wait_until_ms = mesh_mono(m) + CIM_FIRST_SEAL_MS;
}

static bool
all_answered(const struct mesh *m)
{
    for (size_t i = 0; i < m->n_peers; i++)
        if (!m->peers[i]->heads.answered)
            return false;
    return true;
}

void
mesh_author_tick(struct mesh *m)
{
    struct mesh_author *a = &m->author;

    if (!a->may_seal)
        a->may_seal = all_answered(m) || mesh_mono(m) >= a->wait_until_ms;
    mesh_author_pump(m);
}

bool
mesh_ready(const struct mesh *mesh)
{
    const struct mesh_author *a = &mesh->author;

    return mesh->started && a->may_seal && !a->stopped && !a->draining &&
           !mesh->broken;
}

bool
mesh_drain(struct mesh *mesh)
{
    struct mesh_author *a = &mesh->author;

    a->draining = true;
    if (!a->may_seal)
        refuse_line(mesh, CIM_ESTATE);
    mesh_author_pump(mesh);
    return a->state == AUTHOR_IDLE && !a->first;
}

/* ---- requests in ---------------------------------------------------------*/

/* Everything published here is in our community's name. */
static enum cim_err
check(const struct mesh *m, struct mesh_request *request)
{
    struct cim_bytes self = cim_bytes_str(m->self);

    for (size_t i = 0; i < request->n; i++) {
        enum cim_err err =
            cim_event_speaks_for(request->drafts[i].event.topic, self);

        request->bad = i;
        if (err != CIM_OK)
            return err;
    }
    request->bad = 0;
    return CIM_OK;
}

void
mesh_publish(struct mesh *mesh, struct mesh_request *request)
{
    struct mesh_author *a = &mesh->author;
    struct mesh_item *item;

    if (a->stopped || a->draining)
        request->err = CIM_ESTATE;
    else if (mesh->broken)
        request->err = CIM_EIO;
    else
        request->err = check(mesh, request);
    if (request->err != CIM_OK) {
        answer(mesh, request);
        return;
    }
    item = xcalloc(1, sizeof *item);
    item->request = request;
    *a->end = item;
    a->end = &item->next;
    mesh_author_pump(mesh);
}

/* ---- a group -------------------------------------------------------------*/

static size_t
request_bytes(const struct mesh_request *request)
{
    size_t bytes = 0;

    for (size_t i = 0; i < request->n; i++)
        bytes += request->drafts[i].bytes.len;
    return bytes;
}

/* Moves whole requests from the line to the group, up to its limits. */
static void
gather(struct mesh_author *a)
{
    struct mesh_item **end = &a->group;
    size_t events = 0;
    size_t bytes = 0;

    while (a->first) {
        struct mesh_item *item = a->first;

        events += item->request->n;
        bytes += request_bytes(item->request);
        if (a->group &&
            (events > MESH_GROUP_EVENTS || bytes > MESH_GROUP_BYTES))
            break;
        a->first = item->next;
        item->next = NULL;
        *end = item;
        end = &item->next;
    }
    if (!a->first)
        a->end = &a->first;
}

/* An id made here a moment ago is new: only given ones are looked up. */
static struct store_job *
lookup_job(const struct mesh *m, const struct mesh_item *group)
{
    struct store_job *job = store_job_new(STORE_LOOKUP);
    size_t cap = 0;

    memcpy(job->self, m->self, sizeof job->self);
    for (; group; group = group->next)
        for (size_t i = 0; i < group->request->n; i++) {
            const struct cim_draft *draft = &group->request->drafts[i];

            if (!draft->id_given)
                continue;
            xgrow(&job->lookups, &cap, job->n_lookups, sizeof *job->lookups);
            job->lookups[job->n_lookups++] =
                (struct store_lookup){.id = draft->id, .given = draft->given};
        }
    return job;
}

static void
group_done(struct mesh *m, enum cim_err err, bool full)
{
    struct mesh_author *a = &m->author;
    struct mesh_item *group = a->group;

    a->group = NULL;
    a->state = AUTHOR_IDLE;
    mesh_plan_clear(&a->plan);
    answer_all(m, group, err, full);
}

static void
seal_group(struct mesh *m, const struct store_lookup *lookups)
{
    struct mesh_author *a = &m->author;

    if (a->stopped || !mesh_seal_possible(a)) {
        group_done(m, CIM_ESTATE, false);
        return;
    }
    mesh_plan_make(&a->plan, a->group, lookups);
    if (!a->plan.n) {
        group_done(m, CIM_OK, false);
        return;
    }
    /* What was published before is said all the same; and where there is no
     * room at all, this is a try like any other. */
    if (m->room == ROOM_LOW) {
        group_done(m, CIM_EIO, true);
        return;
    }
    a->state = AUTHOR_SEALED;
    mesh_submit(m, mesh_seal(m, a->plan.drafts, a->plan.places, a->plan.n),
                JOB_OWN, 0, 0);
    mesh_plan_share(&a->plan);
}

void
mesh_author_pump(struct mesh *m)
{
    struct mesh_author *a = &m->author;
    struct store_job *job;

    while (a->state == AUTHOR_IDLE && a->first && a->may_seal && m->started) {
        gather(a);
        a->state = AUTHOR_LOOKUP;
        job = lookup_job(m, a->group);
        if (job->n_lookups) {
            mesh_submit(m, job, JOB_LOOKUP, 0, 0);
            return;
        }
        store_job_destroy(&job);
        seal_group(m, NULL);
    }
}

void
mesh_author_looked_up(struct mesh *m, struct store_job *job)
{
    if (job->err != CIM_OK)
        group_done(m, job->err, job->full);
    else
        seal_group(m, job->lookups);
}

/* Committed: only now does anybody hear of it. */
void
mesh_author_committed(struct mesh *m, struct store_job *job)
{
    struct mesh_author *a = &m->author;

    if (job->err != CIM_OK) {
        /* Not stored; these positions are never used again all the same. */
        a->epoch = 0;
        group_done(m, job->err, job->full);
        return;
    }
    for (size_t i = 0; i < job->n_batches; i++)
        mesh_log_made(m, &job->batches[i].sh.h);
    mesh_log_kept(m, job);
    mesh_seal_publish(m, job);
    /* Whoever got an answer finds what it speaks of. */
    m->fx.stored(m->fx.ctx, job->last_arrival);
    group_done(m, CIM_OK, false);
}

/* ---- other writers -------------------------------------------------------*/

static void
note_writer(const struct mesh *m, enum mesh_note_kind kind,
            const struct cim_signed_header *sh, const char *peer)
{
    mesh_note(m, &(struct mesh_note){.kind = kind,
                                     .peer = peer,
                                     .node = m->self,
                                     .epoch = sh->h.epoch,
                                     .seq = cim_header_last(&sh->h)});
}

void
mesh_author_foreign(struct mesh *m, const struct cim_signed_header *sh,
                    const char *peer)
{
    struct mesh_author *a = &m->author;

    if (sh->h.epoch > a->last_epoch)
        a->last_epoch = sh->h.epoch;
    if (sh->h.time_ms > a->max_time_ms)
        a->max_time_ms = sh->h.time_ms;
    if (a->epoch <= sh->h.epoch)
        a->epoch = 0;
    /* Lost with a restored backup, or made by somebody else just now? */
    if (sh->h.time_ms <= a->start_ms || sh->h.epoch <= a->writers_epoch)
        return;
    a->writers++;
    a->writers_epoch = sh->h.epoch;
    if (a->writers == 1)
        note_writer(m, MESH_TWO_WRITERS, sh, peer);
    if (a->stopped || (a->writers < 2 && mesh_seal_possible(a)))
        return;
    a->stopped = true;
    note_writer(m, MESH_STOPPED, sh, peer);
    refuse_line(m, CIM_ESTATE);
}

void
mesh_author_shown(struct mesh *m, struct mesh_log *log,
                  const struct cim_signed_header *sh,
                  const struct cim_hash *hash, const struct mesh_peer *peer)
{
    uint64_t last = cim_header_last(&sh->h);
    uint64_t whole = mesh_cursor(log, m->everything);

    if (log->head.len && cim_hash_eq(&log->head_hash, hash))
        return;
    /* All positions up to there are held here. If its header is another one,
     * the store finds the contradiction when it is kept. */
    if (last <= whole || last <= log->floor)
        return;
    /* What a peer has when it first answers was there before this run, however
     * far the clock was set back since. */
    if (peer && !peer->heads.answered && sh->h.time_ms > m->author.start_ms)
        m->author.start_ms = sh->h.time_ms;
    mesh_author_foreign(m, sh, peer ? peer->name : "");
}

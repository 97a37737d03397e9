/* SPDX-License-Identifier: MPL-2.0 */
#include "tests/fault/work_steps.h"

#include <stdio.h>
#include <string.h>

static size_t
draw_count(struct work *w)
{
    return 1 + rng_below(&w->rng, rng_below(&w->rng, 4) ? 4 : 16);
}

/* Some need overflow pages. */
static size_t
draw_bytes(struct work *w)
{
    return rng_below(&w->rng, 8) ? 200 + rng_below(&w->rng, 300) : 6000;
}

static struct sealed *
draw_batch(struct work *w, struct author *a)
{
    struct sealed *s = author_seal(a, draw_count(w), draw_bytes(w), topic_each);

    book_add(&w->book, a, s);
    return s;
}

static void
next_epoch(struct author *a)
{
    a->epoch++;
    a->last = 0;
}

static struct store_job *
own_batch(struct work *w)
{
    struct store_job *job = store_job_new(STORE_KEEP);

    if (!rng_below(&w->rng, 12) && w->book.n < BOOK_LOGS)
        next_epoch(&w->own);
    struct sealed *s = draw_batch(w, &w->own);
    struct store_batch *batch = job_all(job, s);
    batch->own = batch->covered = true;
    for (size_t i = 0; i < batch->n_events; i++)
        batch->events[i].given = batch->events[i].leaf;
    sealed_free(&s);
    return job;
}

/* A publish whose id was used for other content: refused, nothing kept. */
static struct store_job *
own_conflict(struct work *w)
{
    struct store_log log = log_of(&w->own);
    const struct book_event *old = book_find(&w->book, &log, 1);
    struct author before = w->own;

    if (!old)
        return own_batch(w);
    struct store_job *job = store_job_new(STORE_KEEP);
    struct cim_uuid ids[2] = {uuid_n(1000000 + w->step), old->id};
    struct sealed *s = author_seal_ids(&w->own, 2, ids);
    job_all(job, s)->own = true;
    sealed_free(&s);
    w->own = before;
    return job;
}

/* Everything of peer is followed; now and then a batch comes in two parts. */
static struct store_job *
peer_batch(struct work *w)
{
    struct store_job *job = store_job_new(STORE_KEEP);
    unsigned part[CIM_BATCH_EVENTS];
    size_t n = 0;
    bool second = w->half != NULL;
    struct sealed *s = second ? w->half : draw_batch(w, &w->peer);
    bool whole = !second && (s->n < 2 || rng_below(&w->rng, 3));

    for (unsigned i = 0; i < s->n; i++)
        if (whole || i % 2 == second)
            part[n++] = i;
    job_slice(job, s, part, n)->covered = true;
    w->half = whole || second ? NULL : s;
    if (!w->half)
        sealed_free(&s);
    return job;
}

/* Of far only topic t1 is followed; its author says what was in a range. */
static struct store_job *
far_cover(struct work *w)
{
    struct store_job *job = store_job_new(STORE_KEEP);
    uint64_t after = w->far.last;
    struct sealed *s = draw_batch(w, &w->far);
    unsigned one = 1;

    if (s->n < 2)
        job_header(job, s);
    else if (rng_below(&w->rng, 4))
        job_slice(job, s, &one, 1);
    else {
        job_header(job, s);
        job->cover.missing = xcalloc(1, sizeof *job->cover.missing);
        job->cover.missing[0] = (struct cim_span){after + 2, 1};
        job->cover.n_missing = 1;
    }
    job_cover(job, &w->far, "opnfv/Ping/t1/", after, w->far.last);
    sealed_free(&s);
    return job;
}

static struct store_job *
look_up(struct work *w)
{
    struct store_log log = log_of(&w->own);
    const struct book_event *e =
        book_find(&w->book, &log, 1 + rng_below(&w->rng, w->own.last + 1));
    struct store_job *job = store_job_new(STORE_LOOKUP);

    job->lookups = xcalloc(1, sizeof *job->lookups);
    job->n_lookups = 1;
    job->lookups[0].id = e ? e->id : uuid_n(9999999);
    return job;
}

static struct store_job *
start(struct work *w)
{
    struct store_job *job = store_job_new(STORE_STARTS);

    job->starts = xcalloc(1, sizeof *job->starts);
    job->n_starts = 1;
    job->starts[0].log = log_of(&w->peer);
    job->starts[0].prefix = prefix_of("onap/Ping/t2/");
    job->starts[0].seq = w->peer.last;
    return job;
}

static struct store_job *
hook(struct work *w)
{
    struct store_job *job = store_job_new(STORE_HOOK);
    uint64_t last = w->n_acked ? w->acked[w->n_acked - 1].arrival : 0;

    snprintf(job->hook.name, sizeof job->hook.name, "deploy-%u", w->step % 3);
    job->hook.cursor = rng_below(&w->rng, 3) ? last : UINT64_MAX;
    job->hook.run = last > 0;
    job->hook.arrival = last;
    job->hook.attempt = 1;
    job->hook.state = rng_below(&w->rng, 2) ? STORE_RUN_STARTED : STORE_RUN_OK;
    job->hook.at_ms = 5000 + w->step;
    return job;
}

static struct store_job *
roster(struct work *w)
{
    struct store_job *job = store_job_new(STORE_ROSTER);

    snprintf(job->roster.name, sizeof job->roster.name, "onap");
    job->roster.serial = w->step;
    if (rng_below(&w->rng, 4))
        job->roster.bytes = xbytes(cim_bytes_str("roster = 1\nend = 1\n"));
    return job;
}

static struct store_job *
count(struct work *w)
{
    struct store_job *job = store_job_new(STORE_COUNT);

    job->counters = xcalloc(1, sizeof *job->counters);
    job->n_counters = 1;
    snprintf(job->counters[0].name, sizeof job->counters[0].name, "steps");
    job->counters[0].add = w->step;
    return job;
}

static struct store_job *
purge(struct work *w)
{
    struct store_job *job = store_job_new(STORE_PURGE);

    job->purge.max_bytes = 1 + w->store->bytes / 2;
    return job;
}

/* Nothing rotted: changes nothing. */
static struct store_job *
aside(struct work *w)
{
    struct store_job *job = store_job_new(STORE_ASIDE);

    job->aside.log = log_of(&w->peer);
    job->aside.seq = 1 + rng_below(&w->rng, w->peer.last + 1);
    return job;
}

struct store_job *
step_job(struct work *w)
{
    static struct store_job *(*const draw[])(struct work *) = {
        own_batch,  own_batch,  own_batch,  own_batch, peer_batch,
        peer_batch, peer_batch, peer_batch, far_cover, far_cover,
        hook,       hook,       hook,       look_up,   own_conflict,
        start,      roster,     count,      aside,     purge};
    size_t n = sizeof draw / sizeof *draw - !w->retention;
    struct store_job *job = draw[rng_below(&w->rng, n)](w);

    job->now_ms = 1000000 + w->step;
    return job;
}

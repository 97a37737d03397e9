/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Sealing: epochs, batches, and the slices that go out once they are stored.
 *
 * An epoch begins with its first batch and is higher than any seen under our
 * name, so a position is never used twice, whatever was lost or restored.
 * The time of headers never falls along the feed, whatever the clock does.
 */
#include <string.h>

#include "node/mem.h"
#include "node/mesh_private.h"

/* ---- epochs --------------------------------------------------------------*/

/* The last header known under our name: what the epoch's first one names. */
static struct cim_hash
newest_header(const struct mesh_feed *own)
{
    static const struct cim_hash none;

    for (size_t i = own->n_logs; i-- > 0;)
        if (own->logs[i]->head.len)
            return own->logs[i]->head_hash;
    return none;
}

#define EPOCH_STEP 0xfffff /* a mask */

bool
mesh_seal_possible(const struct mesh_author *a)
{
    return a->epoch || a->last_epoch < CIM_SEQ_MAX - EPOCH_STEP - 1;
}

static void
epoch_open(struct mesh *m)
{
    struct mesh_author *a = &m->author;
    uint64_t now = (uint64_t)mesh_now(m);
    uint32_t random;

    /* Ahead of the clock only when it stands behind an epoch: then at random,
     * so that two restores of one backup do not meet. */
    m->fx.random(m->fx.ctx, &random, sizeof random);
    a->epoch = now;
    if (a->epoch <= a->last_epoch)
        a->epoch = a->last_epoch + 1 + (random & EPOCH_STEP);
    a->last_epoch = a->epoch;
    a->seq = 0;
    a->prev = newest_header(m->own);
}

/* ---- batches -------------------------------------------------------------*/

/* How many of these fit one batch: at least one. */
static size_t
batch_size(const struct cim_draft *const *drafts, size_t n)
{
    size_t bytes = drafts[0]->bytes.len;
    size_t fit = 1;

    while (fit < n && fit < CIM_BATCH_EVENTS &&
           bytes + drafts[fit]->bytes.len <= CIM_BATCH_MAX)
        bytes += drafts[fit++]->bytes.len;
    return fit;
}

static void
fill_event(struct store_event *event, const struct cim_draft *draft,
           uint64_t seq, const struct cim_hash *leaf)
{
    *event = (struct store_event){.seq = seq,
                                  .bytes = cim_buf_bytes(&draft->bytes),
                                  .topic = draft->event.topic,
                                  .id = draft->id,
                                  .leaf = *leaf,
                                  .given = draft->given};
}

static void
seal_batch(struct mesh *m, const struct cim_draft *const *drafts, size_t n,
           struct store_batch *batch)
{
    struct mesh_author *a = &m->author;
    struct cim_header h = {.key = m->key_id,
                           .epoch = a->epoch,
                           .first = a->seq + 1,
                           .prev = a->prev};
    struct cim_bytes events[CIM_BATCH_EVENTS];

    memcpy(h.node, m->self, sizeof h.node);
    h.time_ms = mesh_now(m);
    if (h.time_ms < a->max_time_ms)
        h.time_ms = a->max_time_ms;
    for (size_t i = 0; i < n; i++)
        events[i] = cim_buf_bytes(&drafts[i]->bytes);
    *batch = (struct store_batch){.own = true, .covered = true};
    if (cim_batch_seal(&h, m->identity, events, n, &batch->sh,
                       &batch->frontier) != CIM_OK)
        mem_fail();
    batch->header_hash = cim_header_hash(cim_signed_bytes(&batch->sh));
    batch->key = cim_identity_signkey(m->identity);
    batch->events = xcalloc(n, sizeof *batch->events);
    batch->n_events = n;
    for (size_t i = 0; i < n; i++)
        fill_event(&batch->events[i], drafts[i], h.first + i,
                   &batch->frontier.v[i].hash);
    a->seq += n;
    a->prev = batch->header_hash;
    a->max_time_ms = h.time_ms;
}

struct store_job *
mesh_seal(struct mesh *m, const struct cim_draft *const *drafts,
          struct mesh_place *const *places, size_t n)
{
    struct store_job *job = store_job_new(STORE_KEEP);
    struct mesh_author *a = &m->author;
    size_t cap = 0;

    job->now_ms = mesh_now(m);
    if (!a->epoch)
        epoch_open(m);
    for (size_t done = 0; done < n;) {
        size_t size = batch_size(drafts + done, n - done);

        for (size_t i = 0; i < size; i++)
            *places[done + i] =
                (struct mesh_place){.epoch = a->epoch, .seq = a->seq + 1 + i};
        xgrow(&job->batches, &cap, job->n_batches, sizeof *job->batches);
        seal_batch(m, drafts + done, size, &job->batches[job->n_batches++]);
        done += size;
    }
    return job;
}

/* ---- slices --------------------------------------------------------------*/

/* What a slice takes besides its events: header, signature, one run, the
 * nodes beside it, and how their lengths are written. */
#define SLICE_REST (CIM_HEADER_MAX + CIM_SIG_LEN + 20 * CIM_HASH_LEN + 64)
#define EVENT_REST 5

/* Consecutive events of one topic that fit a live slice, from this one on. */
static size_t
slice_events(const struct store_batch *batch, size_t first)
{
    const struct store_event *events = batch->events;
    size_t bytes = SLICE_REST + events[first].bytes.len + EVENT_REST;
    size_t n = 1;

    while (first + n < batch->n_events &&
           cim_bytes_eq(events[first + n].topic, events[first].topic)) {
        bytes += events[first + n].bytes.len + EVENT_REST;
        if (bytes > CIM_SLICE_LIVE)
            break;
        n++;
    }
    return n;
}

static void
publish_batch(struct mesh *m, const struct store_batch *batch)
{
    struct cim_bytes events[CIM_BATCH_EVENTS];
    struct cim_buf frame = {0};

    for (size_t i = 0; i < batch->n_events; i++)
        events[i] = batch->events[i].bytes;
    for (size_t first = 0; first < batch->n_events;) {
        size_t n = slice_events(batch, first);
        struct cim_run run = {.first = (uint16_t)first, .n = (uint16_t)n};

        cim_buf_reset(&frame);
        if (cim_slice_write(&batch->sh, &batch->frontier, &run, 1,
                            events + first, n, &frame) != CIM_OK)
            mem_fail();
        m->fx.publish(m->fx.ctx, batch->events[first].topic,
                      cim_buf_bytes(&frame));
        first += n;
    }
    cim_buf_clear(&frame);
}

void
mesh_seal_publish(struct mesh *m, const struct store_job *job)
{
    for (size_t i = 0; i < job->n_batches; i++)
        publish_batch(m, &job->batches[i]);
}

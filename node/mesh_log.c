/* SPDX-License-Identifier: MPL-2.0 */
/*
 * What is seen and kept of logs: heads, gaps, and who is seen to write twice.
 *
 * A log's head is the newest valid header seen, whoever showed it; what its
 * author showed is what catch-up may go for (shown), and goes for (target)
 * once a beacon.
 */
#include <stdlib.h>
#include <string.h>

#include "node/mem.h"
#include "node/mesh_private.h"

/* ---- headers -------------------------------------------------------------*/

static void
writers_found(struct mesh_feed *feed, struct view_writer older,
              struct view_writer younger)
{
    feed->two_writers = true;
    feed->writers[0] = older;
    feed->writers[1] = younger;
}

/* Tells both, and is true, when a header of this time cannot stand beside the
 * node's other logs: along a feed the time of headers never falls. */
static bool
time_contradicts(const struct mesh_log *log, int64_t time_ms)
{
    struct mesh_feed *feed = log->feed;
    struct view_writer this = {log->epoch, time_ms};
    bool earliest = !log->has_time || time_ms < log->min_time_ms;
    bool latest = !log->has_time || time_ms > log->max_time_ms;
    size_t at = mesh_log_place(feed, log->epoch);

    for (size_t i = 0; earliest && i < at; i++)
        if (feed->logs[i]->has_time && feed->logs[i]->max_time_ms > time_ms) {
            writers_found(feed,
                          (struct view_writer){feed->logs[i]->epoch,
                                               feed->logs[i]->max_time_ms},
                          this);
            return true;
        }
    for (size_t i = at + 1; latest && i < feed->n_logs; i++)
        if (feed->logs[i]->has_time && feed->logs[i]->min_time_ms < time_ms) {
            writers_found(feed, this,
                          (struct view_writer){feed->logs[i]->epoch,
                                               feed->logs[i]->min_time_ms});
            return true;
        }
    return false;
}

static void
add_time(struct mesh_log *log, int64_t time_ms)
{
    if (!log->has_time || time_ms < log->min_time_ms)
        log->min_time_ms = time_ms;
    if (!log->has_time || time_ms > log->max_time_ms)
        log->max_time_ms = time_ms;
    log->has_time = true;
}

static void
head_seen(struct mesh_log *log, const struct cim_signed_header *sh,
          const struct cim_hash *hash)
{
    if (cim_header_last(&sh->h) <= mesh_log_last(log))
        return;
    log->head = *sh;
    log->head_hash = *hash;
}

static void
note_log(const struct mesh *m, enum mesh_note_kind kind,
         const struct mesh_log *log, const struct mesh_peer *peer, uint64_t seq,
         uint64_t n)
{
    mesh_note(m, &(struct mesh_note){.kind = kind,
                                     .peer = peer ? peer->name : "",
                                     .node = log->feed->name,
                                     .epoch = log->epoch,
                                     .seq = seq,
                                     .n = n});
}

void
mesh_log_show(struct mesh *m, struct mesh_log *log, struct mesh_peer *peer,
              const struct cim_signed_header *sh, const struct cim_hash *hash)
{
    struct mesh_feed *feed = log->feed;
    uint64_t last = cim_header_last(&sh->h);

    if (feed->own) {
        mesh_author_shown(m, log, sh, hash, peer);
    } else if (!feed->two_writers && time_contradicts(log, sh->h.time_ms)) {
        note_log(m, MESH_TWO_WRITERS, log, peer, last, 0);
    }
    add_time(log, sh->h.time_ms);
    head_seen(log, sh, hash);
    if (peer && peer == feed->peer && last > log->shown)
        log->shown = last;
}

bool
mesh_log_head_kept(const struct mesh_log *log)
{
    return log->head.len && cim_hash_eq(&log->head_hash, &log->kept_hash);
}

void
mesh_log_made(struct mesh *m, const struct cim_header *h)
{
    add_time(mesh_log_get(m, m->own, h->epoch), h->time_ms);
}

/* ---- what the store says -------------------------------------------------*/

static void
batch_kept(struct mesh *m, const struct store_batch *batch)
{
    struct mesh_feed *feed = mesh_feed_find(m, cim_bytes_str(batch->sh.h.node));
    struct mesh_log *log = feed ? mesh_log_find(feed, batch->sh.h.epoch) : NULL;

    if (!log)
        return;
    log->held = batch->held;
    if (batch->new_header) {
        head_seen(log, &batch->sh, &batch->header_hash);
        log->kept_hash = batch->header_hash;
    }
    if (batch->covered)
        mesh_cursor_raise(log, m->everything, batch->contiguous);
    /* A position is refused once, however often it comes. */
    for (size_t i = 0; i < batch->n_events; i++)
        if (batch->events[i].refused)
            mesh_refuse(m, feed->peer, log, batch->events[i].seq,
                        batch->events[i].refuse);
    if (batch->equivocation) {
        if (!log->equivocation)
            note_log(m, MESH_EQUIVOCATION, log, NULL, batch->sh.h.first, 0);
        log->equivocation = true;
        if (feed->own)
            mesh_author_foreign(m, &batch->sh, "");
    }
}

static void
gaps_kept(struct mesh *m, struct mesh_log *log, const struct span_set *gaps)
{
    uint64_t before = span_count(&log->gaps);
    uint64_t after = span_count(gaps);

    span_clear(&log->gaps);
    span_copy(&log->gaps, gaps);
    if (after > before)
        note_log(m, MESH_GAP, log, NULL, gaps->v[0].first, after);
    else if (before && !after)
        note_log(m, MESH_GAP_CLOSED, log, NULL, 0, before);
}

/* The log that job->gaps belongs to, or NULL when nothing changed. */
static struct mesh_log *
log_of_gaps(const struct mesh *m, const struct store_job *job)
{
    const struct mesh_feed *feed;
    const struct store_batch *batch = NULL;

    if (job->cover.set) {
        feed = mesh_feed_find(m, cim_bytes_str(job->cover.log.node));
        return feed ? mesh_log_find(feed, job->cover.log.epoch) : NULL;
    }
    for (size_t i = 0; i < job->n_batches; i++)
        if (job->batches[i].gaps_changed)
            batch = &job->batches[i];
    if (!batch)
        return NULL;
    feed = mesh_feed_find(m, cim_bytes_str(batch->sh.h.node));
    return feed ? mesh_log_find(feed, batch->sh.h.epoch) : NULL;
}

void
mesh_log_kept(struct mesh *m, const struct store_job *job)
{
    const struct store_cover *cover = &job->cover;
    struct mesh_log *log = log_of_gaps(m, job);

    for (size_t i = 0; i < job->n_batches; i++)
        batch_kept(m, &job->batches[i]);
    if (log && cover->set)
        for (size_t i = 0; i < cover->n_prefixes; i++) {
            const struct cim_prefix *p = mesh_intern(m, &cover->prefixes[i]);

            if (mesh_cursor(log, p) >= cover->after)
                mesh_cursor_raise(log, p, cover->covered);
        }
    if (log)
        gaps_kept(m, log, &job->gaps);
}

void
mesh_log_aside(struct mesh *m, const struct store_job *job)
{
    struct mesh_feed *feed =
        mesh_feed_find(m, cim_bytes_str(job->aside.log.node));
    struct mesh_log *log =
        feed ? mesh_log_find(feed, job->aside.log.epoch) : NULL;

    if (!log || job->err != CIM_OK)
        return;
    span_clear(&log->gaps);
    span_copy(&log->gaps, &job->gaps);
    for (size_t i = 0; i < log->n_offers; i++)
        log->offers[i].pass = log->offers[i].gaps = (struct mesh_pass){0};
    mesh_wake(m, log);
}

void
mesh_log_purged(struct mesh *m, const struct store_job *job)
{
    for (size_t i = 0; i < job->purge.n_left && job->err == CIM_OK; i++) {
        const struct store_left *left = &job->purge.left[i];
        struct mesh_feed *feed =
            mesh_feed_find(m, cim_bytes_str(left->log.node));
        struct mesh_log *log =
            feed ? mesh_log_find(feed, left->log.epoch) : NULL;

        if (!log)
            continue;
        log->held = left->held;
        log->floor = left->floor;
    }
}

/* ---- at the start --------------------------------------------------------*/

static void
load_times(struct mesh_log *log, const struct store_log_state *state)
{
    if (!log->feed->own && !time_contradicts(log, state->min_time_ms))
        (void)time_contradicts(log, state->max_time_ms);
    add_time(log, state->min_time_ms);
    add_time(log, state->max_time_ms);
}

void
mesh_load_log(struct mesh *m, const struct store_log_state *state)
{
    struct mesh_feed *feed = mesh_feed_get(m, state->log.node);
    struct mesh_log *log = mesh_log_get(m, feed, state->log.epoch);

    if (!log)
        return;
    log->head = state->head;
    log->head_hash = log->kept_hash = state->head_hash;
    log->held = state->held;
    log->floor = state->floor;
    if (state->head.len)
        load_times(log, state);
    log->equivocation = state->equivocation;
    for (size_t i = 0; i < state->n_cursors; i++)
        mesh_cursor_raise(log, mesh_intern(m, &state->cursors[i].prefix),
                          state->cursors[i].upto);
    span_copy(&log->gaps, &state->gaps);
}

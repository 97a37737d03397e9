/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Feeds and logs: heads, cursors, gaps, and who is seen to write twice.
 *
 * Both are sorted arrays searched by halves: nodes by name, logs by epoch.
 * A log's head is the newest valid header seen, whoever showed it; what its
 * author showed is what catch-up may go for (shown), and goes for (target)
 * once a beacon.
 */
#include <stdlib.h>
#include <string.h>

#include "node/mem.h"
#include "node/mesh_private.h"

/* ---- feeds ---------------------------------------------------------------*/

static size_t
feed_place(const struct mesh *m, struct cim_bytes name, bool *found)
{
    size_t lo = 0;
    size_t hi = m->n_feeds;

    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        int order = cim_bytes_cmp(cim_bytes_str(m->feeds[mid]->name), name);

        if (order == 0) {
            *found = true;
            return mid;
        }
        if (order < 0)
            lo = mid + 1;
        else
            hi = mid;
    }
    *found = false;
    return lo;
}

struct mesh_feed *
mesh_feed_find(const struct mesh *m, struct cim_bytes name)
{
    bool found;
    size_t at = feed_place(m, name, &found);

    return found ? m->feeds[at] : NULL;
}

struct mesh_feed *
mesh_feed_get(struct mesh *m, const char *name)
{
    bool found;
    size_t at = feed_place(m, cim_bytes_str(name), &found);

    if (found)
        return m->feeds[at];
    xgrow(&m->feeds, &m->cap_feeds, m->n_feeds, sizeof *m->feeds);
    memmove(m->feeds + at + 1, m->feeds + at,
            (m->n_feeds - at) * sizeof *m->feeds);
    m->n_feeds++;
    m->feeds[at] = xcalloc(1, sizeof *m->feeds[at]);
    memcpy(m->feeds[at]->name, name, strlen(name));
    return m->feeds[at];
}

static void
log_free(struct mesh_log *log)
{
    free(log->cursors);
    free(log->offers);
    span_clear(&log->gaps);
    free(log);
}

void
mesh_feed_free(struct mesh_feed *feed)
{
    for (size_t i = 0; i < feed->n_logs; i++)
        log_free(feed->logs[i]);
    free(feed->logs);
    free(feed->wants);
    free(feed);
}

/* ---- logs ----------------------------------------------------------------*/

/* Mostly the newest epoch is meant, so that is looked at first. */
static size_t
log_place(const struct mesh_feed *feed, uint64_t epoch)
{
    size_t lo = 0;
    size_t hi = feed->n_logs;

    if (hi && feed->logs[hi - 1]->epoch < epoch)
        return hi;
    if (hi && feed->logs[hi - 1]->epoch == epoch)
        return hi - 1;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;

        if (feed->logs[mid]->epoch < epoch)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

struct mesh_log *
mesh_log_find(const struct mesh_feed *feed, uint64_t epoch)
{
    size_t at = log_place(feed, epoch);

    if (at < feed->n_logs && feed->logs[at]->epoch == epoch)
        return feed->logs[at];
    return NULL;
}

/* Nothing is on its way for it, and no line holds it. */
static bool
is_idle(const struct mesh_log *log)
{
    return !log->todo && !log->queued && !log->fetch;
}

/* Something of it is still to come: that it will not is counted. */
static bool
is_behind(const struct mesh_log *log)
{
    for (size_t i = 0; i < log->feed->n_wants; i++)
        if (mesh_cursor(log, log->feed->wants[i].prefix) < mesh_log_last(log))
            return true;
    return log->gaps.len != 0;
}

/*
 * The oldest logs make room. The store keeps what it has of them, but they
 * are no longer listed, nor caught up with.
 */
static void
forget_oldest(struct mesh *m, struct mesh_feed *feed)
{
    size_t n = 0;
    bool told = false;

    while (n < MESH_EPOCHS_MAX / 16 && is_idle(feed->logs[n])) {
        struct mesh_log *log = feed->logs[n++];

        if (is_behind(log) && told)
            mesh_count_refused(m, feed->name, CIM_EQUOTA);
        else if (is_behind(log))
            mesh_refuse(m, feed->peer, log, mesh_log_last(log), CIM_EQUOTA);
        told = told || is_behind(log);
        feed->forgotten = log->epoch;
        feed->forgotten_held += log->held;
        feed->equivocation = feed->equivocation || log->equivocation;
        log_free(log);
    }
    feed->n_logs -= n;
    memmove(feed->logs, feed->logs + n, feed->n_logs * sizeof *feed->logs);
}

bool
mesh_log_forgotten(const struct mesh_feed *feed, uint64_t epoch)
{
    return feed->forgotten && epoch <= feed->forgotten;
}

struct mesh_log *
mesh_log_get(struct mesh *m, struct mesh_feed *feed, uint64_t epoch)
{
    size_t at = log_place(feed, epoch);

    if (at < feed->n_logs && feed->logs[at]->epoch == epoch)
        return feed->logs[at];
    if (mesh_log_forgotten(feed, epoch))
        return NULL;
    if (feed->n_logs >= MESH_EPOCHS_MAX && !feed->own && at) {
        forget_oldest(m, feed);
        at = log_place(feed, epoch);
    }
    if (feed->n_logs >= MESH_EPOCHS_MAX && !feed->own)
        return NULL;
    xgrow(&feed->logs, &feed->cap_logs, feed->n_logs, sizeof *feed->logs);
    memmove(feed->logs + at + 1, feed->logs + at,
            (feed->n_logs - at) * sizeof *feed->logs);
    feed->n_logs++;
    feed->logs[at] = xcalloc(1, sizeof *feed->logs[at]);
    feed->logs[at]->feed = feed;
    feed->logs[at]->epoch = epoch;
    return feed->logs[at];
}

struct store_log
mesh_log_name(const struct mesh_log *log)
{
    struct store_log name = {.epoch = log->epoch};

    memcpy(name.node, log->feed->name, sizeof name.node);
    return name;
}

uint64_t
mesh_log_last(const struct mesh_log *log)
{
    return log->head.len ? cim_header_last(&log->head.h) : 0;
}

/* ---- cursors -------------------------------------------------------------*/

static struct mesh_cursor *
cursor_find(const struct mesh_log *log, const struct cim_prefix *prefix)
{
    for (size_t i = 0; i < log->n_cursors; i++)
        if (log->cursors[i].prefix == prefix)
            return &log->cursors[i];
    return NULL;
}

uint64_t
mesh_cursor(const struct mesh_log *log, const struct cim_prefix *prefix)
{
    const struct mesh_cursor *cursor = cursor_find(log, prefix);

    return cursor ? cursor->upto : 0;
}

bool
mesh_cursor_known(const struct mesh_log *log, const struct cim_prefix *prefix)
{
    return cursor_find(log, prefix) != NULL;
}

void
mesh_cursor_raise(struct mesh_log *log, const struct cim_prefix *prefix,
                  uint64_t upto)
{
    struct mesh_cursor *cursor = cursor_find(log, prefix);

    if (!cursor) {
        xgrow(&log->cursors, &log->cap_cursors, log->n_cursors,
              sizeof *log->cursors);
        cursor = &log->cursors[log->n_cursors++];
        *cursor = (struct mesh_cursor){.prefix = prefix};
    }
    if (upto > cursor->upto)
        cursor->upto = upto;
}

/* ---- offers --------------------------------------------------------------*/

struct mesh_offer *
mesh_offer_find(const struct mesh_log *log, const struct mesh_peer *peer)
{
    for (size_t i = 0; i < log->n_offers; i++)
        if (log->offers[i].peer == peer)
            return &log->offers[i];
    return NULL;
}

struct mesh_offer *
mesh_offer_get(struct mesh_log *log, struct mesh_peer *peer)
{
    struct mesh_offer *offer = mesh_offer_find(log, peer);

    if (offer)
        return offer;
    xgrow(&log->offers, &log->cap_offers, log->n_offers, sizeof *log->offers);
    offer = &log->offers[log->n_offers++];
    *offer = (struct mesh_offer){.peer = peer};
    return offer;
}

void
mesh_offers_forget(struct mesh *m, const struct mesh_peer *peer)
{
    for (size_t f = 0; f < m->n_feeds; f++)
        for (size_t i = 0; i < m->feeds[f]->n_logs; i++) {
            struct mesh_log *log = m->feeds[f]->logs[i];
            struct mesh_offer *offer = mesh_offer_find(log, peer);

            if (offer)
                *offer = log->offers[--log->n_offers];
        }
}

/* ---- headers -------------------------------------------------------------*/

/* True when a header of this time cannot stand beside the node's other logs:
 * along a feed the time of headers never falls. */
static bool
time_contradicts(const struct mesh_log *log, int64_t time_ms)
{
    const struct mesh_feed *feed = log->feed;
    bool earliest = !log->has_time || time_ms < log->min_time_ms;
    bool latest = !log->has_time || time_ms > log->max_time_ms;
    size_t at = log_place(feed, log->epoch);

    for (size_t i = 0; earliest && i < at; i++)
        if (feed->logs[i]->has_time && feed->logs[i]->max_time_ms > time_ms)
            return true;
    for (size_t i = at + 1; latest && i < feed->n_logs; i++)
        if (feed->logs[i]->has_time && feed->logs[i]->min_time_ms < time_ms)
            return true;
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
        feed->two_writers = true;
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
    if (!log->feed->own && (time_contradicts(log, state->min_time_ms) ||
                            time_contradicts(log, state->max_time_ms)))
        log->feed->two_writers = true;
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

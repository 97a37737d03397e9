/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Feeds and logs: found, made, forgotten; their cursors, and who offers what.
 *
 * Both are sorted arrays searched by halves: nodes by name, logs by epoch.
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
size_t
mesh_log_place(const struct mesh_feed *feed, uint64_t epoch)
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
    size_t at = mesh_log_place(feed, epoch);

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
    size_t at = mesh_log_place(feed, epoch);

    if (at < feed->n_logs && feed->logs[at]->epoch == epoch)
        return feed->logs[at];
    if (mesh_log_forgotten(feed, epoch))
        return NULL;
    if (feed->n_logs >= MESH_EPOCHS_MAX && !feed->own && at) {
        forget_oldest(m, feed);
        at = mesh_log_place(feed, epoch);
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

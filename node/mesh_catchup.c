/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Catch-up: whom to ask for what, and when to stop.
 *
 * Logs that may lack something stand in a line; each is looked at in turn:
 *
 *   1. Its author first, from the lowest cursor to what the author showed.
 *      Only the author's word moves a cursor.
 *   2. When the author is away, or its answers lead no further: every other
 *      peer with something of the log, from the lowest cursor or gap.
 *   3. For gaps, what the author no longer has: everybody, and the author
 *      again once its entry changed.
 *   4. Logs under our own name: everybody, from the first hole.
 *
 * A peer is asked once for a range while its entry in the list of heads stays
 * the same (struct mesh_pass); one log has one fetch in flight, one peer two
 * requests. A log whose peers are busy waits in the line of one of them.
 */
#include <stdlib.h>
#include <string.h>

#include "node/mem.h"
#include "node/mesh_private.h"

/* ---- lines ---------------------------------------------------------------*/

static void
todo_push(struct mesh_line *line, struct mesh_log *log)
{
    log->todo = true;
    log->next_todo = NULL;
    if (line->last)
        line->last->next_todo = log;
    else
        line->first = log;
    line->last = log;
}

static struct mesh_log *
todo_pop(struct mesh_line *line)
{
    struct mesh_log *log = line->first;

    if (!log)
        return NULL;
    line->first = log->next_todo;
    if (!line->first)
        line->last = NULL;
    log->todo = false;
    return log;
}

static void
queue_push(struct mesh_line *line, struct mesh_log *log)
{
    log->queued = true;
    log->next_queued = NULL;
    if (line->last)
        line->last->next_queued = log;
    else
        line->first = log;
    line->last = log;
}

static struct mesh_log *
queue_pop(struct mesh_line *line)
{
    struct mesh_log *log = line->first;

    if (!log)
        return NULL;
    line->first = log->next_queued;
    if (!line->first)
        line->last = NULL;
    log->queued = false;
    return log;
}

void
mesh_wake(struct mesh *m, struct mesh_log *log)
{
    if (!log->todo && !log->fetch)
        todo_push(&m->todo, log);
}

void
mesh_wake_feed(struct mesh *m, struct mesh_feed *feed)
{
    for (size_t i = 0; i < feed->n_logs; i++)
        mesh_wake(m, feed->logs[i]);
}

void
mesh_wake_all(struct mesh *m)
{
    for (size_t i = 0; i < m->n_feeds; i++)
        if (m->feeds[i]->n_wants)
            mesh_wake_feed(m, m->feeds[i]);
}

void
mesh_aim(struct mesh *m, struct mesh_feed *feed)
{
    for (size_t i = 0; i < feed->n_logs; i++) {
        struct mesh_log *log = feed->logs[i];

        if (log->shown > log->target)
            log->target = log->shown;
        mesh_wake(m, log);
    }
}

/* ---- requests ------------------------------------------------------------*/

struct mesh_ask *
mesh_ask_free(struct mesh_peer *peer)
{
    for (size_t i = 0; i < MESH_ASKS_MAX; i++)
        if (peer->asks[i].kind == ASK_NONE)
            return &peer->asks[i];
    return NULL;
}

struct mesh_ask *
mesh_ask_find(struct mesh *m, uint64_t rid, struct mesh_peer **peer)
{
    for (size_t i = 0; i < m->n_peers; i++)
        for (size_t k = 0; k < MESH_ASKS_MAX; k++)
            if (m->peers[i]->asks[k].kind != ASK_NONE &&
                m->peers[i]->asks[k].rid == rid) {
                *peer = m->peers[i];
                return &m->peers[i]->asks[k];
            }
    return NULL;
}

/* A request is free: heads that are due go first, then the next log that
 * waits for this peer. */
void
mesh_advance(struct mesh *m, struct mesh_peer *peer)
{
    struct mesh_log *log;

    mesh_heads_ask(m, peer);
    if (!mesh_ask_free(peer))
        return;
    log = queue_pop(&peer->line);
    if (log)
        mesh_wake(m, log);
}

/* The request is over; its log is looked at again. */
void
mesh_ask_end(struct mesh *m, struct mesh_peer *peer, struct mesh_ask *ask)
{
    struct mesh_log *log = ask->log;

    free(ask->prefixes);
    *ask = (struct mesh_ask){0};
    if (log) {
        log->fetch = 0;
        mesh_wake(m, log);
    }
    mesh_advance(m, peer);
}

/* What was asked there is lost, and nobody's fault. */
void
mesh_asks_drop(struct mesh *m, struct mesh_peer *peer)
{
    struct mesh_log *log;

    for (size_t i = 0; i < MESH_ASKS_MAX; i++)
        if (peer->asks[i].kind == ASK_HEADS || peer->asks[i].kind == ASK_FIND ||
            (peer->asks[i].kind == ASK_FETCH &&
             peer->asks[i].state != ASK_STORING))
            mesh_ask_end(m, peer, &peer->asks[i]);
    while ((log = queue_pop(&peer->line)))
        mesh_wake(m, log);
}

/* The peer is gone for good: nothing is asked of it any more. */
void
mesh_asks_forget(struct mesh *m, struct mesh_peer *peer)
{
    struct mesh_log *log;

    for (size_t i = 0; i < MESH_ASKS_MAX; i++) {
        log = peer->asks[i].log;
        free(peer->asks[i].prefixes);
        peer->asks[i] = (struct mesh_ask){0};
        if (log) {
            log->fetch = 0;
            mesh_wake(m, log);
        }
    }
    while ((log = queue_pop(&peer->line)))
        mesh_wake(m, log);
}

bool
mesh_usable(const struct mesh_peer *peer)
{
    return peer->up && peer->unanswered < MESH_AWAY && !peer->quiet_ms;
}

/* Unanswered: the next one is waited for longer; after three in a row the
 * peer counts as away, and others are asked. */
static void
ask_unanswered(struct mesh *m, struct mesh_peer *peer, struct mesh_ask *ask)
{
    bool heads = ask->kind == ASK_HEADS;

    peer->unanswered++;
    peer->patience_ms *= 2;
    if (peer->patience_ms > MESH_ASK_MAX_MS)
        peer->patience_ms = MESH_ASK_MAX_MS;
    /* On a thin line a page may take longer than anybody waits. */
    if (ask->kind == ASK_FETCH && peer->range > MESH_RANGE_MIN)
        peer->range =
            peer->range / 8 > MESH_RANGE_MIN ? peer->range / 8 : MESH_RANGE_MIN;
    mesh_ask_end(m, peer, ask);
    if (heads && peer->unanswered < MESH_AWAY)
        peer->heads.due = true;
    if (peer->unanswered == MESH_AWAY)
        mesh_peer_lost(m, peer);
}

void
mesh_asks_tick(struct mesh *m, struct mesh_peer *peer)
{
    int64_t now = mesh_mono(m);
    struct mesh_heads *h = &peer->heads;

    for (size_t i = 0; i < MESH_ASKS_MAX; i++)
        if (peer->asks[i].kind != ASK_NONE && peer->asks[i].state == ASK_SENT &&
            now - peer->asks[i].sent_ms >= peer->patience_ms)
            ask_unanswered(m, peer, &peer->asks[i]);
    if (now >= h->next_ms)
        h->due = true;
    mesh_heads_ask(m, peer);
    /* What waited for its allowance; when that is spent, it waits again. */
    for (size_t i = 0; i < MESH_ASKS_MAX && mesh_share_left(m, peer); i++)
        if (peer->line.first && mesh_ask_free(peer))
            mesh_wake(m, queue_pop(&peer->line));
    if (peer->quiet_ms && now >= peer->quiet_ms) {
        peer->quiet_ms = 0;
        mesh_wake_all(m);
    }
}

/* ---- passes --------------------------------------------------------------*/

/*
 * The pass for (lo, end] under this entry: the one that is under way, or
 * done, when it asks for all of that; else a new one.
 */
static void
pass_open(struct mesh_pass *pass, uint64_t mark, uint64_t lo, uint64_t end)
{
    if (pass->mark == mark && pass->from <= lo && end <= pass->end)
        return;
    *pass = (struct mesh_pass){.mark = mark, .from = lo, .at = lo, .end = end};
}

/* ---- decisions -----------------------------------------------------------*/

/* What one look at a log found out. */
struct look {
    struct mesh *m;
    struct mesh_log *log;
    struct mesh_peer *busy; /* could be asked, when a request is free */
};

static bool
start(struct look *look, struct mesh_peer *peer, enum mesh_why why,
      uint64_t mark, uint64_t after, uint64_t end)
{
    struct mesh_ask *ask = mesh_ask_free(peer);

    if (!ask || !mesh_share_left(look->m, peer)) {
        look->busy = peer;
        return false;
    }
    *ask = (struct mesh_ask){.kind = ASK_FETCH,
                             .log = look->log,
                             .why = why,
                             .mark = mark,
                             .after = after,
                             .end = end};
    mesh_fetch_start(look->m, peer, ask);
    return true;
}

/* The lowest cursor below this position, or UINT64_MAX. */
static uint64_t
lowest_cursor(const struct mesh_log *log, uint64_t below)
{
    const struct mesh_feed *feed = log->feed;
    uint64_t lowest = UINT64_MAX;

    for (size_t i = 0; i < feed->n_wants; i++) {
        uint64_t upto = mesh_cursor(log, feed->wants[i].prefix);

        if (!feed->wants[i].awaits && upto < below && upto < lowest)
            lowest = upto;
    }
    return lowest;
}

static uint64_t
last_gap(const struct mesh_log *log)
{
    const struct cim_span *span = &log->gaps.v[log->gaps.len - 1];

    return span->first + span->n - 1;
}

/* Somebody else's turn: the least silent first, then who has most. */
static bool
ask_others(struct look *look, uint64_t lo, uint64_t end)
{
    struct mesh_log *log = look->log;
    struct mesh_offer *best = NULL;

    for (size_t i = 0; i < log->n_offers; i++) {
        struct mesh_offer *o = &log->offers[i];
        uint64_t upto = o->last < end ? o->last : end;

        if (o->peer == log->feed->peer || upto <= lo || !mesh_usable(o->peer))
            continue;
        pass_open(&o->pass, o->mark, lo, upto);
        if (o->pass.done)
            continue;
        if (!mesh_ask_free(o->peer) || !mesh_share_left(look->m, o->peer))
            look->busy = o->peer;
        else if (!best || o->peer->unanswered < best->peer->unanswered ||
                 (o->peer->unanswered == best->peer->unanswered &&
                  o->last > best->last))
            best = o;
    }
    if (!best)
        return false;
    return start(look, best->peer, WHY_OTHER, best->mark, best->pass.at,
                 best->pass.end);
}

/* Its author's turn. *stuck: it was asked, and that leads no further. */
static bool
ask_author(struct look *look, bool *stuck)
{
    struct mesh_log *log = look->log;
    struct mesh_peer *peer = log->feed->peer;
    struct mesh_offer *offer = mesh_offer_get(log, peer);
    uint64_t lo = lowest_cursor(log, log->target);

    *stuck = false;
    if (lo == UINT64_MAX)
        return false;
    pass_open(&offer->pass, offer->mark, lo, log->target);
    *stuck = offer->pass.done;
    return !*stuck &&
           start(look, peer, WHY_AUTHOR, offer->mark, lo, log->target);
}

static bool
ask_author_again(struct look *look)
{
    struct mesh_log *log = look->log;
    struct mesh_offer *offer = mesh_offer_get(log, log->feed->peer);
    uint64_t lo = log->gaps.v[0].first - 1;

    pass_open(&offer->gaps, offer->mark, lo, last_gap(log));
    return !offer->gaps.done &&
           start(look, log->feed->peer, WHY_GAPS, offer->mark, offer->gaps.at,
                 offer->gaps.end);
}

static bool
look_at_others_log(struct look *look)
{
    struct mesh_log *log = look->log;
    struct mesh_peer *author = log->feed->peer;
    bool away = !author || !mesh_usable(author);
    bool stuck = false;
    uint64_t lo = UINT64_MAX;

    if (!away && ask_author(look, &stuck))
        return true;
    if (look->busy)
        return false;
    if (away || stuck)
        lo = lowest_cursor(log, UINT64_MAX);
    if (log->gaps.len && log->gaps.v[0].first - 1 < lo)
        lo = log->gaps.v[0].first - 1;
    if (lo == UINT64_MAX)
        return false;
    if (ask_others(look, lo, away || stuck ? UINT64_MAX : last_gap(log)))
        return true;
    return !away && log->gaps.len && ask_author_again(look);
}

static bool
look_at_own_log(struct look *look)
{
    const struct mesh_log *log = look->log;
    uint64_t lo = mesh_cursor(log, look->m->everything);

    if (lo < log->floor)
        lo = log->floor;
    if (log->gaps.len && log->gaps.v[0].first - 1 < lo)
        lo = log->gaps.v[0].first - 1;
    return ask_others(look, lo, UINT64_MAX);
}

static void
look_at(struct mesh *m, struct mesh_log *log)
{
    struct look look = {.m = m, .log = log};
    bool started;

    if (log->fetch || !log->feed->n_wants)
        return;
    if (log->feed->own)
        started = look_at_own_log(&look);
    else
        started = look_at_others_log(&look);
    if (!started && look.busy && !log->queued)
        queue_push(&look.busy->line, log);
}

void
mesh_pump(struct mesh *m)
{
    struct mesh_log *log;

    /* Pages that wait for the disk are enough: none is asked for meanwhile. */
    if (m->room != ROOM_OK || !m->started || m->job_bytes >= MESH_JOB_BYTES_MAX)
        return;
    while ((log = todo_pop(&m->todo)))
        look_at(m, log);
}

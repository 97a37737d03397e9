/* SPDX-License-Identifier: MPL-2.0 */
/* What status and peers show: copies of what is known, as it is now. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "node/mem.h"
#include "node/mesh_private.h"

/* ---- one feed ------------------------------------------------------------*/

/* Positions between the furthest cursor behind and the newest head known. */
static uint64_t
lag_of(const struct mesh_log *log)
{
    const struct mesh_feed *feed = log->feed;
    uint64_t last = mesh_log_last(log);
    uint64_t lag = 0;

    if (log->shown > last)
        last = log->shown;
    for (size_t i = 0; i < feed->n_wants; i++) {
        uint64_t upto = mesh_cursor(log, feed->wants[i].prefix);

        if (!feed->wants[i].awaits && upto < last && last - upto > lag)
            lag = last - upto;
    }
    return lag;
}

static void
show_cursors(struct view_peer *v, size_t *cap, const struct mesh_log *log)
{
    for (size_t i = 0; i < log->feed->n_wants; i++) {
        const struct cim_prefix *prefix = log->feed->wants[i].prefix;

        if (!mesh_cursor_known(log, prefix))
            continue;
        xgrow(&v->cursors, cap, v->n_cursors, sizeof *v->cursors);
        v->cursors[v->n_cursors++] =
            (struct view_cursor){.epoch = log->epoch,
                                 .prefix = *prefix,
                                 .upto = mesh_cursor(log, prefix)};
    }
}

static void
show_feed(struct view_peer *v, const struct mesh_feed *feed)
{
    size_t cap = 0;

    v->two_writers = feed->two_writers;
    memcpy(v->writers, feed->writers, sizeof v->writers);
    v->equivocation = feed->equivocation;
    v->held = feed->forgotten_held;
    v->followed = feed->n_wants > 0;
    for (size_t i = 0; i < feed->n_logs; i++) {
        const struct mesh_log *log = feed->logs[i];
        uint64_t last = mesh_log_last(log);

        v->held += log->held;
        v->lag += lag_of(log);
        v->gaps += span_count(&log->gaps);
        v->equivocation = v->equivocation || log->equivocation;
        if (last) {
            v->head_epoch = log->epoch;
            v->head_seq = last;
            v->head_ms = log->max_time_ms;
        }
        show_cursors(v, &cap, log);
    }
}

/* ---- peers ---------------------------------------------------------------*/

static int64_t
last_sign(const struct mesh_peer *peer)
{
    return peer->heard_ms > peer->answered_ms ? peer->heard_ms
                                              : peer->answered_ms;
}

static void
show_state(const struct mesh *m, const struct mesh_peer *peer,
           struct view_peer *v)
{
    int64_t ago_s = (mesh_mono(m) - last_sign(peer)) / 1000;
    bool never = !last_sign(peer);

    if (v->two_writers)
        snprintf(v->state, sizeof v->state, "two nodes use its key");
    else if (peer->unknown_key)
        snprintf(v->state, sizeof v->state, "unknown key");
    else if (peer->up && peer->unanswered >= MESH_AWAY)
        snprintf(v->state, sizeof v->state, "does not answer");
    else if (peer->up)
        snprintf(v->state, sizeof v->state, "up");
    else if (never)
        snprintf(v->state, sizeof v->state, "never heard of");
    else
        snprintf(v->state, sizeof v->state, "down for %lld s",
                 (long long)ago_s);
}

static void
show_peer(const struct mesh *m, const struct mesh_peer *peer,
          struct view_peer *v)
{
    memcpy(v->node, peer->name, sizeof v->node);
    v->up = peer->up;
    if (last_sign(peer))
        v->last_seen_ms = mesh_now(m) - (mesh_mono(m) - last_sign(peer));
    v->refused = peer->refused;
    if (peer->refused)
        v->last_reason = cim_err_label(peer->last_reason);
    if (peer->feed)
        show_feed(v, peer->feed);
    if (peer->head_epoch > v->head_epoch ||
        (peer->head_epoch == v->head_epoch && peer->head_seq > v->head_seq)) {
        v->head_epoch = peer->head_epoch;
        v->head_seq = peer->head_seq;
        v->head_ms = peer->head_ms;
    }
    show_state(m, peer, v);
}

/* A node of the roster that nobody can dial; its events need a relay. */
static void
show_undialled(const struct mesh_feed *feed, struct view_peer *v)
{
    memcpy(v->node, feed->name, sizeof v->node);
    show_feed(v, feed);
    snprintf(v->state, sizeof v->state, "cannot be dialled");
}

void
mesh_view_peers(const struct mesh *mesh, struct view_peers *out)
{
    size_t n = mesh->n_peers;

    for (size_t i = 0; i < mesh->n_feeds; i++)
        if (mesh->feeds[i]->listed && !mesh->feeds[i]->peer &&
            !mesh->feeds[i]->own)
            n++;
    *out = (struct view_peers){.v = xcalloc(n, sizeof *out->v)};
    for (size_t i = 0; i < mesh->n_peers; i++)
        show_peer(mesh, mesh->peers[i], &out->v[out->n++]);
    for (size_t i = 0; i < mesh->n_feeds; i++)
        if (mesh->feeds[i]->listed && !mesh->feeds[i]->peer &&
            !mesh->feeds[i]->own)
            show_undialled(mesh->feeds[i], &out->v[out->n++]);
}

/* ---- status --------------------------------------------------------------*/

static void
show_own(const struct mesh *m, struct view_status *out)
{
    const struct mesh_author *a = &m->author;

    for (size_t i = m->own->n_logs; i-- > 0 && !out->epoch;)
        if (mesh_log_head_kept(m->own->logs[i])) {
            out->epoch = m->own->logs[i]->epoch;
            out->seq = mesh_log_last(m->own->logs[i]);
        }
    out->two_writers = a->writers > 0;
    if (a->stopped)
        snprintf(out->publishing, sizeof out->publishing,
                 "stopped: two writers");
    else if (a->draining)
        snprintf(out->publishing, sizeof out->publishing, "stopping");
    else if (!a->may_seal)
        snprintf(out->publishing, sizeof out->publishing, "waiting for peers");
    else
        snprintf(out->publishing, sizeof out->publishing, "ok");
}

static void
show_refused(const struct mesh *m, struct view_status *out)
{
    for (unsigned e = 0; e < CIM_ERR_N; e++)
        if (m->refused[e])
            out->refused[out->n_refused++] = (struct view_count){
                .reason = cim_err_label((enum cim_err)e), .n = m->refused[e]};
}

void
mesh_view_status(const struct mesh *mesh, struct view_status *out)
{
    *out = (struct view_status){0};
    memcpy(out->node, mesh->self, sizeof out->node);
    show_own(mesh, out);
    out->ready = mesh_ready(mesh);
    snprintf(out->storage, sizeof out->storage, "%s",
             mesh->broken              ? "failed"
             : mesh->room == ROOM_NONE ? "full"
             : mesh->room == ROOM_LOW  ? "low"
                                       : "ok");
    out->peers_all = (unsigned)mesh->n_peers;
    for (size_t i = 0; i < mesh->n_peers; i++)
        out->peers_up += mesh->peers[i]->up;
    for (size_t i = 0; i < mesh->n_feeds; i++)
        out->stored += mesh->feeds[i]->forgotten_held;
    for (size_t i = 0; i < mesh->n_feeds; i++)
        for (size_t k = 0; k < mesh->feeds[i]->n_logs; k++) {
            out->gaps += span_count(&mesh->feeds[i]->logs[k]->gaps);
            out->stored += mesh->feeds[i]->logs[k]->held;
        }
    out->started_ms = mesh->author.started_ms;
    show_refused(mesh, out);
}

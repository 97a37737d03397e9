/* SPDX-License-Identifier: MPL-2.0 */
/*
 * What one peer may cost the others.
 *
 * The loop and the store are shared; a peer that sends without end would make
 * everybody wait. So each has an allowance of its own, a bucket that fills
 * with time and that whatever it sends draws on: signatures to verify most of
 * all, then frames by their size, headers to keep, and pages that brought
 * nothing. While it is overdrawn nothing is read or asked from that peer: its
 * events stay with it, and are caught up with as the bucket fills. Pages full
 * of events cost little here: two at a time, each asked for when the one
 * before is stored, are bounded by themselves.
 *
 * Of the store each peer may keep only so many jobs waiting, and always a
 * few, however many the others have there.
 *
 * Costs are microseconds on a slow core; that they are roughly right is
 * enough.
 */
#include <string.h>

#include "node/mesh_private.h"

/* A quarter of a core for each, and a second of that at once. */
#define SHARE_US_A_MS 250
#define SHARE_US_MAX  250000

void
mesh_share_open(const struct mesh *m, struct mesh_share *share)
{
    *share =
        (struct mesh_share){.left_us = SHARE_US_MAX, .at_ms = mesh_mono(m)};
}

static int64_t
left_now(const struct mesh *m, const struct mesh_share *share)
{
    int64_t ms = mesh_mono(m) - share->at_ms;

    if (ms < 0)
        return share->left_us;
    if (ms > SHARE_US_MAX)
        return SHARE_US_MAX;
    if (share->left_us + ms * SHARE_US_A_MS > SHARE_US_MAX)
        return SHARE_US_MAX;
    return share->left_us + ms * SHARE_US_A_MS;
}

void
mesh_share_draw(const struct mesh *m, struct mesh_peer *peer, int64_t us)
{
    peer->share.left_us = left_now(m, &peer->share) - us;
    peer->share.at_ms = mesh_mono(m);
}

bool
mesh_share_left(const struct mesh *m, const struct mesh_peer *peer)
{
    return left_now(m, &peer->share) > 0;
}

/* ---- jobs of the store ---------------------------------------------------*/

void
mesh_share_job(struct mesh_task *task, struct mesh_peer *peer)
{
    task->peer = peer;
    peer->share.jobs++;
    peer->share.job_bytes += task->bytes;
}

void
mesh_share_job_done(const struct mesh_task *task)
{
    if (!task->peer)
        return;
    task->peer->share.jobs--;
    task->peer->share.job_bytes -= task->bytes;
}

void
mesh_share_forget(struct mesh *m, const struct mesh_peer *peer)
{
    struct mesh_task *task = m->tasks.next;

    for (; task != &m->tasks; task = task->next)
        if (task->peer == peer)
            task->peer = NULL;
}

bool
mesh_share_room(const struct mesh *m, const struct mesh_peer *peer,
                size_t bytes)
{
    const struct mesh_share *share = &peer->share;

    if (m->room != ROOM_OK)
        return false;
    if (share->jobs < MESH_PEER_JOBS_MIN &&
        share->job_bytes + bytes <= MESH_PEER_BYTES_MIN)
        return true;
    return m->jobs < MESH_JOBS_MAX &&
           m->job_bytes + bytes <= MESH_JOB_BYTES_MAX;
}

bool
mesh_hears(const struct mesh *mesh, const char *name)
{
    const struct mesh_peer *peer = mesh_peer_find(mesh, name);

    return !peer || (mesh_share_left(mesh, peer) &&
                     peer->share.jobs < MESH_PEER_JOBS_MAX &&
                     peer->share.job_bytes < MESH_PEER_BYTES_MAX);
}

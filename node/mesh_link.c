/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Frames in and beacons out: what peers send, and when they count as gone.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "node/mem.h"
#include "node/mesh_private.h"

#define HEAD_TOPIC "!head/"

/* ---- live ----------------------------------------------------------------*/

static bool
is_beacon(struct cim_bytes topic)
{
    return topic.len && topic.p[0] == '!';
}

/* "!head/NODE/" of this very node. */
static bool
beacon_of(struct cim_bytes topic, const char *name)
{
    char expected[sizeof HEAD_TOPIC + CIM_NODE_MAX + 1];

    snprintf(expected, sizeof expected, HEAD_TOPIC "%s/", name);
    return cim_bytes_is(topic, expected);
}

static void
peer_head(struct mesh_peer *peer, const struct cim_header *h)
{
    peer->head_epoch = h->epoch;
    peer->head_seq = cim_header_last(h);
    peer->head_ms = h->time_ms;
}

/* Another header than before: there is something to ask for. */
static enum cim_err
beacon_moved(struct mesh *m, struct mesh_peer *peer,
             const struct cim_signed_header *sh, const struct cim_hash *hash)
{
    struct mesh_keep keep = {0};
    struct mesh_log *log;
    enum cim_err err = mesh_keep_header(m, &keep, peer, sh, &log);

    mesh_keep_submit(m, &keep, peer);
    /* Whatever is wrong with it is said once, not every five seconds. */
    peer->beacon = *hash;
    if (err != CIM_OK)
        return err;
    peer_head(peer, &sh->h);
    peer->heads.due = true;
    mesh_heads_ask(m, peer);
    return CIM_OK;
}

static enum cim_err
beacon(struct mesh *m, struct mesh_peer *peer, struct cim_bytes payload)
{
    struct cim_signed_header sh;
    struct cim_hash hash;
    bool none;
    enum cim_err err = cim_beacon_parse(payload, &sh, &none);

    if (err != CIM_OK || none)
        return err;
    if (strcmp(sh.h.node, peer->name) != 0)
        return CIM_EUNASKED;
    hash = cim_header_hash(cim_signed_bytes(&sh));
    if (cim_hash_eq(&hash, &peer->beacon))
        return CIM_OK;
    return beacon_moved(m, peer, &sh, &hash);
}

void
mesh_live(struct mesh *mesh, const char *name, struct cim_bytes topic,
          struct cim_bytes payload)
{
    struct mesh_peer *peer = mesh_peer_find(mesh, name);
    enum cim_err err = CIM_OK;

    if (!peer)
        return;
    mesh_heard(mesh, peer, true);
    mesh_share_draw(mesh, peer,
                    MESH_COST_FRAME + (int64_t)payload.len / MESH_COST_BYTES);
    if (!is_beacon(topic)) {
        mesh_live_slice(mesh, peer, topic, payload);
        mesh_pump(mesh);
        return;
    }
    if (beacon_of(topic, peer->name))
        err = beacon(mesh, peer, payload);
    else
        err = CIM_ETOPIC;
    if (err == CIM_EKEY)
        mesh_unknown_key(mesh, peer, peer->name, 0);
    else if (err != CIM_OK)
        mesh_refuse(mesh, peer, NULL, 0, err);
    if (peer->feed)
        mesh_aim(mesh, peer->feed);
    mesh_pump(mesh);
}

/* ---- answers -------------------------------------------------------------*/

/* In time or late, it is there; how long it took is how long to wait. */
static void
answered(struct mesh *m, struct mesh_peer *peer, const struct mesh_ask *ask)
{
    if (ask) {
        int64_t took = mesh_mono(m) - ask->sent_ms;

        peer->patience_ms = 2 * took;
        if (peer->patience_ms < MESH_ASK_MS)
            peer->patience_ms = MESH_ASK_MS;
        if (peer->patience_ms > MESH_ASK_MAX_MS)
            peer->patience_ms = MESH_ASK_MAX_MS;
    }
    mesh_heard(m, peer, false);
}

static void
refused_answer(struct mesh *m, struct mesh_peer *peer, struct mesh_ask *ask)
{
    peer->patience_ms *= 2;
    if (peer->patience_ms > MESH_ASK_MAX_MS)
        peer->patience_ms = MESH_ASK_MAX_MS;
    mesh_fetch_give_up(m, peer, ask);
}

/* Something came under the number of a request of ours. */
static void
take_answer(struct mesh *m, struct mesh_peer *peer, struct mesh_ask *ask,
            const struct cim_sync *msg)
{
    bool heads = ask->kind == ASK_HEADS;

    if (ask->kind == ASK_FIND) {
        mesh_find_answer(m, peer, ask, msg);
    } else if (msg->kind == CIM_SYNC_REFUSED) {
        refused_answer(m, peer, ask);
    } else if (msg->kind != (heads ? CIM_SYNC_HEADS : CIM_SYNC_FETCH)) {
        mesh_refuse(m, peer, NULL, 0, CIM_EFORM);
        refused_answer(m, peer, ask);
    } else if (heads) {
        *ask = (struct mesh_ask){0};
        mesh_heads_answer(m, peer, &msg->u.heads);
        mesh_advance(m, peer);
    } else {
        mesh_fetch_answer(m, peer, ask, &msg->u.fetch);
    }
}

void
mesh_answer(struct mesh *mesh, const char *name, struct cim_bytes frame)
{
    struct mesh_peer *peer = mesh_peer_find(mesh, name);
    struct mesh_peer *asked = NULL;
    struct mesh_ask *ask;
    struct cim_sync msg = {0};
    enum cim_err err;

    if (!peer)
        return;
    err = cim_sync_parse_answer(frame, &msg);
    if (err == CIM_ENOMEM)
        mem_fail();
    ask = mesh_ask_find(mesh, msg.rid, &asked);
    if (asked != peer || ask->state != ASK_SENT)
        ask = NULL;
    if (err != CIM_OK) {
        mesh_refuse(mesh, peer, NULL, 0, err);
        if (ask && ask->kind == ASK_FIND)
            mesh_ask_end(mesh, peer, ask);
        else if (ask)
            refused_answer(mesh, peer, ask);
    } else if (ask) {
        answered(mesh, peer, ask);
        take_answer(mesh, peer, ask, &msg);
    } else if (msg.rid >= mesh->first_rid && msg.rid < mesh->next_rid) {
        answered(mesh, peer, NULL);
    } else {
        mesh_refuse(mesh, peer, NULL, 0, CIM_EUNASKED);
    }
    cim_sync_clear(&msg);
    mesh_pump(mesh);
}

/* ---- time ----------------------------------------------------------------*/

static int64_t
last_sign(const struct mesh_peer *peer)
{
    return peer->heard_ms > peer->answered_ms ? peer->heard_ms
                                              : peer->answered_ms;
}

static void
peer_tick(struct mesh *m, struct mesh_peer *peer)
{
    int64_t now = mesh_mono(m);

    if (peer->up && now - last_sign(peer) > CIM_SILENCE_MS) {
        peer->up = false;
        mesh_note(
            m, &(struct mesh_note){.kind = MESH_PEER_DOWN, .peer = peer->name});
        mesh_peer_lost(m, peer);
    }
    /* Its live side is silent but it answers: ask before that counts. */
    if (peer->up && now - peer->heard_ms > MESH_PROBE_MS &&
        peer->heads.next_ms > peer->answered_ms + MESH_PROBE_MS)
        peer->heads.next_ms = peer->answered_ms + MESH_PROBE_MS;
    mesh_asks_tick(m, peer);
}

static void
send_beacon(struct mesh *m)
{
    const struct mesh_feed *own = m->own;
    char topic[sizeof HEAD_TOPIC + CIM_NODE_MAX + 1];
    struct cim_buf frame = {0};

    snprintf(topic, sizeof topic, HEAD_TOPIC "%s/", m->self);
    for (size_t i = own->n_logs; i-- > 0 && !frame.len;)
        if (mesh_log_head_kept(own->logs[i]) &&
            cim_beacon_encode(&own->logs[i]->head, &frame) != CIM_OK)
            mem_fail();
    m->fx.publish(m->fx.ctx, cim_bytes_str(topic), cim_buf_bytes(&frame));
    cim_buf_clear(&frame);
}

void
mesh_tick(struct mesh *mesh)
{
    int64_t now = mesh_mono(mesh);

    if (!mesh->started)
        return;
    for (size_t i = 0; i < mesh->n_peers; i++)
        peer_tick(mesh, mesh->peers[i]);
    if (now >= mesh->beacon_ms) {
        mesh->beacon_ms = now + CIM_BEACON_MS;
        send_beacon(mesh);
    }
    mesh_counters_tick(mesh);
    mesh_find_tick(mesh);
    mesh_author_tick(mesh);
    mesh_pump(mesh);
}

/* ---- what is asked -------------------------------------------------------*/

bool
mesh_peer_up(const struct mesh *mesh, const char *name)
{
    const struct mesh_peer *peer = mesh_peer_find(mesh, name);

    return peer && peer->up;
}

int64_t
mesh_peer_seen(const struct mesh *mesh, const char *name)
{
    const struct mesh_peer *peer = mesh_peer_find(mesh, name);

    return peer ? peer->heard_ms : 0;
}

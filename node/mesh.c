/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The mesh's entry points: what comes in, what is due, what went wrong.
 *
 * Every call from outside changes state, and ends with a look at the logs
 * that may lack something (mesh_pump). Nothing here waits, and no effect
 * calls back.
 */
#include "node/mesh.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "node/mem.h"
#include "node/mesh_private.h"

/* ---- life ----------------------------------------------------------------*/

struct mesh *
mesh_new(const char *self, const struct cim_identity *identity,
         const struct mesh_effects *effects)
{
    struct mesh *m = xcalloc(1, sizeof *m);
    struct cim_signkey key = cim_identity_signkey(identity);
    struct cim_prefix everything = {.len = 0};

    assert(strlen(self) <= CIM_NODE_MAX);
    memcpy(m->self, self, strlen(self));
    m->identity = identity;
    m->key_id = cim_keyid_of(&key);
    m->fx = *effects;
    m->roster = roster_new();
    mesh_jobs_init(m);
    m->sigs = xcalloc(MESH_SIGS, sizeof *m->sigs);
    m->everything = mesh_intern(m, &everything);
    m->own = mesh_feed_get(m, self);
    m->own->own = true;
    mesh_author_init(m);
    return m;
}

static void
peer_free(struct mesh_peer *peer)
{
    for (size_t i = 0; i < MESH_ASKS_MAX; i++)
        free(peer->asks[i].prefixes);
    mesh_heads_clear(&peer->heads);
    free(peer);
}

void
mesh_destroy(struct mesh **mesh)
{
    struct mesh *m = *mesh;

    if (!m)
        return;
    mesh_author_clear(m);
    mesh_find_clear(m);
    mesh_jobs_clear(m);
    for (size_t i = 0; i < m->n_peers; i++)
        peer_free(m->peers[i]);
    for (size_t i = 0; i < m->n_feeds; i++)
        mesh_feed_free(m->feeds[i]);
    for (size_t i = 0; i < m->n_prefixes; i++)
        free(m->prefixes[i]);
    roster_destroy(&m->roster);
    follow_list_clear(&m->follows);
    free(m->peers);
    free(m->feeds);
    free(m->prefixes);
    free(m->names);
    free(m->chunks);
    free(m->sigs);
    free(m->marks);
    free(m);
    *mesh = NULL;
}

int64_t
mesh_mono(const struct mesh *m)
{
    return m->fx.mono_ms(m->fx.ctx);
}

int64_t
mesh_now(const struct mesh *m)
{
    return m->fx.now_ms(m->fx.ctx);
}

void
mesh_start(struct mesh *mesh)
{
    uint64_t random;
    int64_t now = mesh_mono(mesh);

    mesh->fx.random(mesh->fx.ctx, &random, sizeof random);
    mesh->first_rid = mesh->next_rid = (random >> 16) + 1;
    mesh->beacon_ms = now;
    mesh->count_ms = now + MESH_ROOM_MS;
    mesh->started = true;
    mesh_wants_apply(mesh);
    mesh_names_apply(mesh);
    mesh_author_start(mesh);
    mesh_tick(mesh);
}

/* ---- peers ---------------------------------------------------------------*/

struct mesh_peer *
mesh_peer_find(const struct mesh *m, const char *name)
{
    size_t lo = 0;
    size_t hi = m->n_peers;

    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        int order = strcmp(m->peers[mid]->name, name);

        if (order == 0)
            return m->peers[mid];
        if (order < 0)
            lo = mid + 1;
        else
            hi = mid;
    }
    return NULL;
}

static struct mesh_peer *
peer_new(const struct mesh *m, const char *name)
{
    struct mesh_peer *peer = xcalloc(1, sizeof *peer);

    memcpy(peer->name, name, strlen(name));
    mesh_share_open(m, &peer->share);
    peer->range = CIM_FETCH_RANGE;
    peer->patience_ms = MESH_ASK_MS;
    peer->heads.due = true;
    peer->heads.next_ms = m->started ? mesh_mono(m) + CIM_POLL_MS : 0;
    return peer;
}

/* Leaves the old array behind with the peers that are gone. */
static void
peers_of_roster(struct mesh *m)
{
    struct mesh_peer **peers = NULL;
    size_t cap = 0;
    size_t n = 0;

    for (size_t i = 0; i < m->roster->n; i++) {
        const struct roster_community *c = m->roster->communities[i];

        for (size_t k = 0; k < c->n_nodes; k++) {
            struct mesh_peer *peer = mesh_peer_find(m, c->nodes[k].name);

            if (!c->nodes[k].sync[0] || !strcmp(c->nodes[k].name, m->self))
                continue;
            if (!peer)
                peer = peer_new(m, c->nodes[k].name);
            peer->kept = true;
            xgrow(&peers, &cap, n, sizeof *peers);
            peers[n++] = peer;
        }
    }
    for (size_t i = 0; i < m->n_peers; i++) {
        if (m->peers[i]->kept)
            continue;
        mesh_asks_forget(m, m->peers[i]);
        mesh_offers_forget(m, m->peers[i]);
        mesh_share_forget(m, m->peers[i]);
        peer_free(m->peers[i]);
    }
    free(m->peers);
    m->peers = peers;
    m->n_peers = n;
}

/* "odl/ci-1" < "odl-x/ci-1" as communities, not as names: sort by name. */
static int
by_name(const void *a, const void *b)
{
    const struct mesh_peer *const *x = a;
    const struct mesh_peer *const *y = b;

    return strcmp((*x)->name, (*y)->name);
}

void
mesh_set_roster(struct mesh *mesh, const struct roster *roster)
{
    roster_destroy(&mesh->roster);
    mesh->roster = roster_copy(roster);
    for (size_t i = 0; i < mesh->n_feeds; i++)
        mesh->feeds[i]->peer = NULL;
    peers_of_roster(mesh);
    if (mesh->n_peers)
        qsort(mesh->peers, mesh->n_peers, sizeof(struct mesh_peer *), by_name);
    for (size_t i = 0; i < mesh->n_peers; i++) {
        mesh->peers[i]->kept = false;
        mesh->peers[i]->unknown_key = false;
        mesh->peers[i]->beacon = (struct cim_hash){{0}};
    }
    if (!mesh->started)
        return;
    mesh_wants_apply(mesh);
    mesh_names_apply(mesh);
    mesh_wake_all(mesh);
    mesh_pump(mesh);
}

void
mesh_set_follows(struct mesh *mesh, const struct follow_list *follows)
{
    follow_list_clear(&mesh->follows);
    follow_list_copy(&mesh->follows, follows);
    if (!mesh->started)
        return;
    mesh_wants_apply(mesh);
    mesh_names_apply(mesh);
    mesh_wake_all(mesh);
    mesh_pump(mesh);
}

void
mesh_relinked(struct mesh *mesh, const char *name)
{
    struct mesh_peer *peer = mesh_peer_find(mesh, name);

    if (!peer)
        return;
    peer->heads.due = true;
    /* How long answers took on the old connection says nothing about it. */
    peer->patience_ms = MESH_ASK_MS;
    mesh_asks_drop(mesh, peer);
    mesh_heads_ask(mesh, peer);
    mesh_pump(mesh);
}

/* A frame came from it: a live one, or an answer. */
void
mesh_heard(struct mesh *m, struct mesh_peer *peer, bool live)
{
    bool back = !peer->up || (!live && peer->unanswered >= MESH_AWAY);

    if (live)
        peer->heard_ms = mesh_mono(m);
    else
        peer->answered_ms = mesh_mono(m);
    if (!live)
        peer->unanswered = 0;
    if (!back)
        return;
    if (!peer->up)
        mesh_note(
            m, &(struct mesh_note){.kind = MESH_PEER_UP, .peer = peer->name});
    peer->up = true;
    peer->heads.due = peer->heads.due || (live && !mesh_heads_asked(peer));
    mesh_heads_ask(m, peer);
    mesh_wake_all(m);
}

void
mesh_peer_lost(struct mesh *m, struct mesh_peer *peer)
{
    if (!peer->feed)
        return;
    mesh_wake_feed(m, peer->feed);
    for (size_t i = 0; i < m->n_peers; i++)
        if (m->peers[i] != peer && m->peers[i]->up) {
            m->peers[i]->heads.due = true;
            mesh_heads_ask(m, m->peers[i]);
        }
}

/* SPDX-License-Identifier: MPL-2.0 */
#include "node/link.h"

#include <string.h>

#include "node/clock.h"
#include "node/journal.h"
#include "node/link_private.h"
#include "node/mem.h"

#define SWEEP_MS 10000

void
link_refuse(struct links *links, const char *who, enum cim_err reason)
{
    mesh_count_refused(links->mesh, who, reason);
}

static enum cim_err
open_all(struct links *links, const struct links_config *config,
         struct cim_diag *diag)
{
    enum cim_err err = zap_open(links->loop, &links->zap, diag);

    if (!err && config->events[0])
        err = link_pub_open(links, config->events, diag);
    if (!err && config->sync[0])
        err = link_router_open(links, config->sync, diag);
    return err;
}

enum cim_err
links_open(const struct links_config *config, struct links **out,
           struct cim_diag *diag)
{
    struct links *links = xcalloc(1, sizeof *links);
    enum cim_err err;

    links->loop = config->loop;
    links->mesh = config->mesh;
    links->identity = config->identity;
    links->rebind_timer = -1;
    links->reconnect_ms =
        config->reconnect_ms ? config->reconnect_ms : LINK_RECONNECT_MS;
    snprintf(links->self, sizeof links->self, "%s", config->self);
    err = open_all(links, config, diag);
    if (err)
        links_close(&links);
    *out = links;
    return err;
}

/* The reader of zap.h goes last: no server socket may live without it. */
void
links_close(struct links **pointer)
{
    struct links *links = *pointer;

    if (!links)
        return;
    if (links->rebind_timer >= 0)
        zloop_timer_end(links->loop, links->rebind_timer);
    for (size_t i = 0; i < links->n_peers; i++)
        link_peer_destroy(&links->peers[i]);
    free(links->peers);
    link_server_close(links, &links->router);
    link_server_close(links, &links->pub);
    zap_close(&links->zap);
    link_members_clear(&links->members);
    roster_destroy(&links->roster);
    free(links);
    *pointer = NULL;
}

struct link_peer *
link_peer_find(const struct links *links, const char *name)
{
    for (size_t i = 0; i < links->n_peers; i++)
        if (strcmp(links->peers[i]->name, name) == 0)
            return links->peers[i];
    return NULL;
}

/* ---- a roster -----------------------------------------------------------*/

static bool
key_left(const struct roster *now, const struct roster_node *node,
         const struct cim_curvekey *key)
{
    const struct roster_node *holder = roster_by_curve(now, key->b);

    return !holder || strcmp(holder->name, node->name) != 0;
}

/* True when some key that was let in no longer is. */
static bool
any_key_left(const struct roster *before, const struct roster *now)
{
    for (size_t i = 0; before && i < before->n; i++) {
        const struct roster_community *c = before->communities[i];

        for (size_t j = 0; j < c->n_nodes; j++) {
            const struct roster_node *node = &c->nodes[j];

            if (key_left(now, node, &node->curve) ||
                (node->has_curve_next &&
                 key_left(now, node, &node->curve_next)))
                return true;
        }
    }
    return false;
}

static bool
is_dialled(const struct links *links, const struct roster_node *node)
{
    return node && node->events[0] && node->sync[0] &&
           strcmp(node->name, links->self) != 0;
}

/* Those that left, or are no longer dialled the same way. */
static void
drop_peers(struct links *links)
{
    for (size_t i = links->n_peers; i-- > 0;) {
        struct link_peer *peer = links->peers[i];
        const struct roster_node *node =
            roster_node(links->roster, cim_bytes_str(peer->name));

        if (is_dialled(links, node) && link_peer_same(peer, node))
            continue;
        link_peer_destroy(&links->peers[i]);
        links->peers[i] = links->peers[--links->n_peers];
    }
}

static void
add_peer(struct links *links, const struct roster_node *node)
{
    if (!is_dialled(links, node))
        return;
    if (link_peer_find(links, node->name)) {
        link_sub_subscribe(link_peer_find(links, node->name));
        return;
    }
    xgrow(&links->peers, &links->cap_peers, links->n_peers,
          sizeof *links->peers);
    links->peers[links->n_peers++] = link_peer_new(links, node);
}

void
links_apply(struct links *links, const struct roster *roster, bool readers_any)
{
    struct roster *before = links->roster;
    bool cut = (before && any_key_left(before, roster)) ||
               (links->readers_any && !readers_any);

    links->roster = roster_copy(roster);
    links->readers_any = readers_any;
    zap_set_roster(links->zap, links->roster);
    zap_set_readers(links->zap, readers_any ? link_member_admit : NULL, links);
    drop_peers(links);
    for (size_t i = 0; i < roster->n; i++)
        for (size_t j = 0; j < roster->communities[i]->n_nodes; j++)
            add_peer(links, &roster->communities[i]->nodes[j]);
    link_members_sweep(links);
    if (cut)
        links_cut(links);
    roster_destroy(&before);
}

/* ---- running ------------------------------------------------------------*/

void
links_tick(struct links *links)
{
    int64_t now = clock_mono_ms();

    for (size_t i = 0; i < links->n_peers; i++)
        link_peer_tick(links->peers[i]);
    links_resume(links);
    if (now - links->sweep_mono_ms < SWEEP_MS)
        return;
    links->sweep_mono_ms = now;
    link_members_sweep(links);
}

void
links_hold(struct links *links, bool held)
{
    if (links->held == held)
        return;
    links->held = held;
    log_debug(held ? "LINK-HELD" : "LINK-GOES-ON", "peers=%zu", links->n_peers);
    for (size_t i = 0; i < links->n_peers; i++)
        link_sub_read(&links->peers[i]->sub, !held);
}

void
links_resume(struct links *links)
{
    for (size_t i = 0; i < links->n_peers; i++)
        link_sub_resume(&links->peers[i]->sub);
}

void
links_set_serve(struct links *links, struct serve *serve)
{
    links->serve = serve;
}

const char *
links_trouble(const struct links *links, const char *name)
{
    const struct link_peer *peer = link_peer_find(links, name);

    if (!peer)
        return "";
    if (peer->sub.unresolved || peer->dealer.unresolved)
        return "its host name does not resolve";
    if (peer->sub.denied || peer->dealer.denied)
        return "reached, not let in: do the rosters agree?";
    if (peer->sub.unreachable || peer->dealer.unreachable)
        return "nobody answers at its endpoint";
    return "";
}

size_t
links_count(const struct links *links)
{
    return links->n_peers;
}

const char *
links_events(const struct links *links)
{
    return links->pub.endpoint;
}

const char *
links_sync(const struct links *links)
{
    return links->router.endpoint;
}

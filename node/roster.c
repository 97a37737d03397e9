/* SPDX-License-Identifier: MPL-2.0 */
/*
 * roster - the communities trusted here, sorted by name, and their nodes.
 *
 * A roster's generation is a hash of what it says, the sum of one hash a
 * community: equal rosters have equal generations, so what was remembered
 * under one of them holds under the other.
 */
#include "node/roster.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "keys/hash.h"
#include "node/mem.h"
#include "proto/topic.h"

/* ---- the generation ------------------------------------------------------*/

static void
digest_text(struct cim_digester *d, const char *text)
{
    cim_digester_add(d, cim_bytes_of(text, strlen(text) + 1));
}

static void
digest_key(struct cim_digester *d, const uint8_t key[static CIM_KEY_LEN])
{
    cim_digester_add(d, cim_bytes_of(key, CIM_KEY_LEN));
}

static void
digest_node(struct cim_digester *d, const struct roster_node *node)
{
    digest_text(d, node->name);
    digest_text(d, node->events);
    digest_text(d, node->sync);
    digest_key(d, node->sign.b);
    digest_key(d, node->curve.b);
    cim_digester_add_u64(d, node->has_sign_next);
    if (node->has_sign_next)
        digest_key(d, node->sign_next.b);
    cim_digester_add_u64(d, node->has_curve_next);
    if (node->has_curve_next)
        digest_key(d, node->curve_next.b);
    cim_digester_add_u64(d, node->n_retired);
    for (unsigned i = 0; i < node->n_retired; i++) {
        digest_key(d, node->retired[i].sign.b);
        cim_digester_add_u64(d, node->retired[i].upto_epoch);
        cim_digester_add_u64(d, node->retired[i].upto_seq);
    }
}

static uint64_t
community_hash(const struct roster_community *c)
{
    struct cim_digester d;
    struct cim_digest digest;
    uint64_t hash;

    cim_digester_init(&d);
    digest_text(&d, c->name);
    cim_digester_add_u64(&d, c->serial);
    digest_text(&d, c->contact);
    for (size_t i = 0; i < c->n_nodes; i++)
        digest_node(&d, &c->nodes[i]);
    digest = cim_digester_end(&d);
    memcpy(&hash, digest.b, sizeof hash);
    return hash;
}

/* ---- communities ---------------------------------------------------------*/

struct roster_community *
roster_community_new(const char *name)
{
    struct roster_community *c = xcalloc(1, sizeof *c);

    assert(strlen(name) <= CIM_NAME_MAX);
    memcpy(c->name, name, strlen(name));
    return c;
}

struct roster_community *
roster_community_copy(const struct roster_community *community)
{
    struct roster_community *copy = xcalloc(1, sizeof *copy);

    *copy = *community;
    copy->nodes = xcalloc(community->n_nodes, sizeof *copy->nodes);
    if (community->n_nodes)
        memcpy(copy->nodes, community->nodes,
               community->n_nodes * sizeof *copy->nodes);
    return copy;
}

void
roster_community_destroy(struct roster_community **community)
{
    if (!*community)
        return;
    free((*community)->nodes);
    free(*community);
    *community = NULL;
}

struct roster_node *
roster_community_add(struct roster_community *community, const char *node)
{
    size_t at = 0;

    assert(strlen(node) <= CIM_NODE_MAX);
    while (at < community->n_nodes &&
           strcmp(community->nodes[at].name, node) < 0)
        at++;
    community->nodes = xrealloc(community->nodes, (community->n_nodes + 1) *
                                                      sizeof *community->nodes);
    memmove(community->nodes + at + 1, community->nodes + at,
            (community->n_nodes - at) * sizeof *community->nodes);
    community->n_nodes++;
    community->nodes[at] = (struct roster_node){0};
    memcpy(community->nodes[at].name, node, strlen(node));
    return &community->nodes[at];
}

/* ---- the roster ----------------------------------------------------------*/

struct roster *
roster_new(void)
{
    return xcalloc(1, sizeof(struct roster));
}

void
roster_destroy(struct roster **roster)
{
    if (!*roster)
        return;
    for (size_t i = 0; i < (*roster)->n; i++)
        roster_community_destroy(&(*roster)->communities[i]);
    free((*roster)->communities);
    free(*roster);
    *roster = NULL;
}

/* Where a community of this name stands, or would stand. */
static size_t
place_of(const struct roster *roster, struct cim_bytes name, bool *found)
{
    size_t lo = 0;
    size_t hi = roster->n;

    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        int order =
            cim_bytes_cmp(cim_bytes_str(roster->communities[mid]->name), name);

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

void
roster_put(struct roster *roster, struct roster_community **community)
{
    bool found;
    size_t at = place_of(roster, cim_bytes_str((*community)->name), &found);

    if (found) {
        roster->generation -= community_hash(roster->communities[at]);
        roster_community_destroy(&roster->communities[at]);
    } else {
        roster->communities =
            xrealloc(roster->communities,
                     (roster->n + 1) * sizeof(struct roster_community *));
        memmove(roster->communities + at + 1, roster->communities + at,
                (roster->n - at) * sizeof(struct roster_community *));
        roster->n++;
    }
    roster->generation += community_hash(*community);
    roster->communities[at] = *community;
    *community = NULL;
}

struct roster *
roster_copy(const struct roster *roster)
{
    struct roster *copy = roster_new();

    copy->communities = xcalloc(roster->n, sizeof(struct roster_community *));
    copy->n = roster->n;
    copy->generation = roster->generation;
    for (size_t i = 0; i < roster->n; i++)
        copy->communities[i] = roster_community_copy(roster->communities[i]);
    return copy;
}

const struct roster_community *
roster_find(const struct roster *roster, struct cim_bytes community)
{
    bool found;
    size_t at = place_of(roster, community, &found);

    return found ? roster->communities[at] : NULL;
}

const struct roster_node *
roster_node(const struct roster *roster, struct cim_bytes node)
{
    const struct roster_community *c =
        roster_find(roster, cim_community_of(node));

    for (size_t i = 0; c && i < c->n_nodes; i++)
        if (cim_bytes_is(node, c->nodes[i].name))
            return &c->nodes[i];
    return NULL;
}

static bool
has_curve(const struct roster_node *node,
          const uint8_t curve[static CIM_KEY_LEN])
{
    return !memcmp(node->curve.b, curve, CIM_KEY_LEN) ||
           (node->has_curve_next &&
            !memcmp(node->curve_next.b, curve, CIM_KEY_LEN));
}

const struct roster_node *
roster_by_curve(const struct roster *roster,
                const uint8_t curve[static CIM_KEY_LEN])
{
    for (size_t i = 0; i < roster->n; i++) {
        const struct roster_community *c = roster->communities[i];

        for (size_t k = 0; k < c->n_nodes; k++)
            if (has_curve(&c->nodes[k], curve))
                return &c->nodes[k];
    }
    return NULL;
}

static bool
is_key(const struct cim_signkey *key, const struct cim_keyid *id)
{
    struct cim_keyid have = cim_keyid_of(key);

    return cim_keyid_eq(&have, id);
}

static uint64_t
upto_in(const struct roster_retired *retired, uint64_t epoch)
{
    if (epoch > retired->upto_epoch)
        return 0;
    return epoch < retired->upto_epoch ? UINT64_MAX : retired->upto_seq;
}

uint64_t
roster_upto(const struct roster *roster, struct cim_bytes node,
            const struct cim_keyid *id, uint64_t epoch)
{
    const struct roster_node *n = roster_node(roster, node);

    for (unsigned i = 0; n && i < n->n_retired; i++)
        if (is_key(&n->retired[i].sign, id))
            return upto_in(&n->retired[i], epoch);
    return 0;
}

/* Retired first: a key that is retired and still listed counts as retired. */
enum cim_err
roster_key(const struct roster *roster, struct cim_bytes node,
           const struct cim_keyid *id, uint64_t epoch, uint64_t last_seq,
           struct cim_signkey *key)
{
    const struct roster_node *n = roster_node(roster, node);

    if (!n)
        return CIM_EKEY;
    for (unsigned i = 0; i < n->n_retired; i++) {
        const struct roster_retired *r = &n->retired[i];

        if (!is_key(&r->sign, id))
            continue;
        *key = r->sign;
        return last_seq > upto_in(r, epoch) ? CIM_ERETIRED : CIM_OK;
    }
    if (is_key(&n->sign, id)) {
        *key = n->sign;
        return CIM_OK;
    }
    if (n->has_sign_next && is_key(&n->sign_next, id)) {
        *key = n->sign_next;
        return CIM_OK;
    }
    return CIM_EKEY;
}

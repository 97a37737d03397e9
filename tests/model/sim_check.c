/* SPDX-License-Identifier: MPL-2.0 */
/*
 * What must hold.
 *
 *   I1   every acknowledged event that somebody wants, and that its author or
 *        a reachable honest peer still stores, is stored there in the end
 *   I1b  ... once
 *   I2   no cursor passes a position that its author held when it said so,
 *        and that is neither held nor refused here
 *   I3   never two events for one position of an honest author
 *   I4   two nodes with one key, and two batches for one position, are
 *        noticed by somebody
 *   I5   when nothing is new, nothing is fetched
 *   and nobody is accused who did nothing (FALSE).
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "node/mem.h"
#include "node/mesh_private.h"
#include "tests/model/sim.h"

/* ---- places --------------------------------------------------------------*/

static size_t
slot(const struct sim_places *set, unsigned name, uint64_t epoch, uint64_t seq)
{
    uint64_t h = (epoch * 31 + seq * 7 + name) * UINT64_C(0x9e3779b97f4a7c15);
    size_t at = (size_t)(h >> 32) & (set->cap - 1);

    while (set->v[at].seq &&
           (set->v[at].name != name || set->v[at].epoch != epoch ||
            set->v[at].seq != seq))
        at = (at + 1) & (set->cap - 1);
    return at;
}

struct sim_place *
sim_place_find(const struct sim_places *set, unsigned name, uint64_t epoch,
               uint64_t seq)
{
    size_t at;

    if (!set->cap)
        return NULL;
    at = slot(set, name, epoch, seq);
    return set->v[at].seq && !set->v[at].rotted ? &set->v[at] : NULL;
}

static void
grow(struct sim_places *set)
{
    struct sim_places bigger = {.cap = set->cap ? set->cap * 2 : 64};

    bigger.v = xcalloc(bigger.cap, sizeof *bigger.v);
    bigger.n = set->n;
    for (size_t i = 0; i < set->cap; i++) {
        const struct sim_place *p = &set->v[i];

        if (p->seq)
            bigger.v[slot(&bigger, p->name, p->epoch, p->seq)] = *p;
    }
    free(set->v);
    *set = bigger;
}

struct sim_place *
sim_place_add(struct sim_places *set, const struct sim_place *place)
{
    size_t at;

    if (set->n * 2 >= set->cap)
        grow(set);
    at = slot(set, place->name, place->epoch, place->seq);
    if (!set->v[at].seq)
        set->n++;
    set->v[at] = *place;
    return &set->v[at];
}

void
sim_places_copy(struct sim_places *to, const struct sim_places *from)
{
    free(to->v);
    *to = *from;
    to->v = xcalloc(from->cap, sizeof *to->v);
    if (from->cap)
        memcpy(to->v, from->v, from->cap * sizeof *to->v);
}

/* ---- during the run ------------------------------------------------------*/

/* Its frames are garbled: what it says of its own log may be anything. */
static bool
garbles(const struct sim *sim, unsigned name)
{
    return sim->plan->lie == SIM_GARBLED && sim->plan->liar == name;
}

static bool
honest(const struct sim *sim, unsigned name)
{
    return !sim->plan->cloned[name] && !(sim->plan->equivocates && !name) &&
           !garbles(sim, name);
}

static void
check_oracle(struct sim_node *node, const struct sim_place *place)
{
    struct sim *sim = node->sim;
    const struct sim_place *known =
        sim_place_find(&sim->oracle, place->name, place->epoch, place->seq);

    if (!known)
        sim_place_add(&sim->oracle, place);
    else if (known->leaf != place->leaf && honest(sim, place->name))
        sim_violation(sim, "I3", "%u: another event at %c/%" PRIu64 "/%" PRIu64,
                      node->index, 'a' + place->name, place->epoch, place->seq);
}

static void
check_event(struct sim_node *node, const struct store_batch *batch,
            const struct store_event *event, int64_t now_ms)
{
    struct sim_place place = {.epoch = batch->sh.h.epoch,
                              .seq = event->seq,
                              .received_ms = now_ms,
                              .name = (uint8_t)sim_name_of(batch->sh.h.node),
                              .topic = (uint8_t)sim_topic_of(event->topic),
                              .stored = event->stored};
    const struct sim_place *held =
        sim_place_find(&node->places, place.name, place.epoch, place.seq);

    memcpy(&place.leaf, event->leaf.b, sizeof place.leaf);
    if (event->stored && held)
        sim_violation(node->sim, "I1b", "%u: %c/%" PRIu64 "/%" PRIu64 " twice",
                      node->index, 'a' + place.name, place.epoch, place.seq);
    if (event->refuse != CIM_OK)
        sim_violation(node->sim, "REFUSE", "%u refuses %c/%" PRIu64 "/%" PRIu64,
                      node->index, 'a' + place.name, place.epoch, place.seq);
    if (!event->stored)
        return;
    node->sim->count.stored++;
    sim_place_add(&node->places, &place);
    check_oracle(node, &place);
}

static bool
cover_names(const struct store_cover *cover, unsigned name, unsigned topic)
{
    struct cim_prefix text;

    sim_prefix(name, topic, &text);
    for (size_t i = 0; i < cover->n_prefixes; i++)
        if (cim_prefix_match(&cover->prefixes[i], cim_prefix_bytes(&text)))
            return true;
    return false;
}

/* Everything the author held in the range it covers is held here now. */
static void
check_cover(struct sim_node *node, const struct store_cover *cover)
{
    const struct sim_reply *r = &node->reply;
    unsigned name = sim_name_of(cover->log.node);

    if (r->name != name || r->epoch != cover->log.epoch ||
        r->after != cover->after || !honest(node->sim, name))
        return;
    for (unsigned i = 0; i < r->n; i++)
        if (r->seqs[i] <= cover->covered &&
            cover_names(cover, name, r->topics[i]) &&
            !sim_place_find(&node->places, name, r->epoch, r->seqs[i]))
            sim_violation(
                node->sim, "I2",
                "%u: cursor of %c/%" PRIu64 " to %" PRIu64 " past %" PRIu64,
                node->index, 'a' + name, r->epoch, cover->covered, r->seqs[i]);
}

static unsigned
prefix_index(const struct cim_prefix *prefix)
{
    return prefix->len > 2 ? sim_topic_of(cim_prefix_bytes(prefix)) : SIM_ALL;
}

static void
note_start(struct sim_node *node, const struct store_start *start)
{
    if (node->n_starts == 64)
        return;
    node->starts[node->n_starts++] =
        (struct sim_start){.name = sim_name_of(start->log.node),
                           .prefix = prefix_index(&start->prefix),
                           .epoch = start->log.epoch,
                           .seq = start->seq};
}

void
sim_check_job(struct sim_node *node, const struct store_job *job)
{
    if (job->err != CIM_OK) {
        sim_violation(node->sim, "STORE", "%u: a job failed: %s", node->index,
                      cim_err_label(job->err));
        return;
    }
    for (size_t i = 0; i < job->n_batches; i++) {
        const struct store_batch *b = &job->batches[i];

        for (size_t k = 0; k < b->n_events; k++)
            check_event(node, b, &b->events[k], job->now_ms);
        if (b->own) {
            node->last_epoch = b->sh.h.epoch;
            node->last_seq = cim_header_last(&b->sh.h);
        }
    }
    if (job->cover.set)
        check_cover(node, &job->cover);
    for (size_t i = 0; i < job->n_starts; i++)
        note_start(node, &job->starts[i]);
}

static bool
still_stored(void *ctx, const struct store_row *row)
{
    struct sim_node *node = ctx;
    struct sim_place *place = sim_place_find(
        &node->places, sim_name_of(row->log.node), row->log.epoch, row->seq);

    if (place)
        place->stored = true;
    else
        sim_violation(node->sim, "STORE", "%u: a row nobody stored",
                      node->index);
    return true;
}

void
sim_check_purge(struct sim_node *node)
{
    struct store_query query = {.limit = 100000, .max_bytes = 1u << 30};
    uint64_t scanned;

    for (size_t i = 0; i < node->places.cap; i++)
        node->places.v[i].stored = false;
    if (store_events(node->reader, &query, still_stored, node, &scanned) !=
        CIM_OK)
        sim_violation(node->sim, "STORE", "%u: cannot list", node->index);
}

void
sim_check_acked(struct sim_node *node, const struct mesh_request *r)
{
    struct sim *sim = node->sim;

    node->published_ms = sim->now_ms;
    for (size_t i = 0; i < r->n; i++) {
        struct sim_place place = {
            .epoch = r->places[i].epoch,
            .seq = r->places[i].seq,
            .name = (uint8_t)node->name,
            .topic = (uint8_t)sim_topic_of(r->drafts[i].event.topic),
            .key = (uint8_t)node->key};
        struct cim_hash leaf =
            cim_hash_leaf(cim_buf_bytes(&r->drafts[i].bytes));

        memcpy(&place.leaf, leaf.b, sizeof place.leaf);
        check_oracle(node, &place);
        sim_place_add(&sim->acked, &place);
        sim->count.acked++;
        sim_trace(sim, "%u acked %c/%" PRIu64 "/%" PRIu64 " t%u", node->index,
                  'a' + node->name, place.epoch, place.seq, place.topic);
    }
}

static bool
clock_stepped(const struct sim *sim, unsigned name)
{
    for (unsigned i = 0; i < sim->plan->n_acts; i++)
        if (sim->plan->acts[i].kind == SIM_CLOCK &&
            sim->nodes[sim->plan->acts[i].node].name == name)
            return true;
    return false;
}

static const char *const note_names[] = {
    "up",      "down",       "refused",      "unknown key",
    "gap",     "gap closed", "equivocation", "two writers",
    "stopped", "recovered",  "storage"};

void
sim_check_note(struct sim_node *node, const struct mesh_note *note)
{
    unsigned name = note->node[0] ? sim_name_of(note->node) : 0;

    sim_trace(node->sim, "%u note %s peer=%s %s/%" PRIu64 "/%" PRIu64 " %s %s",
              node->index, note_names[note->kind], note->peer, note->node,
              note->epoch, note->seq,
              note->reason ? cim_err_label(note->reason) : "", note->text);
    if (note->kind != MESH_EQUIVOCATION && note->kind != MESH_TWO_WRITERS &&
        note->kind != MESH_STOPPED)
        return;
    node->sim->noticed[name] = true;
    /* "Shown" by the node itself is a suspicion; the others are verdicts.
     * With its clock set back, what a node lost and what another one writes
     * cannot be told apart. */
    if (!honest(node->sim, name) || node->sim->alarm[name] ||
        clock_stepped(node->sim, name) ||
        (note->kind == MESH_TWO_WRITERS && node->name == name))
        return;
    node->sim->alarm[name] = true;
    sim_violation(node->sim, "FALSE", "%u: %s of %c", node->index,
                  note_names[note->kind], 'a' + name);
}

/* ---- after the run -------------------------------------------------------*/

/* Positions beyond what the roster grants a retired key are nobody's. */
static bool
beyond(const struct sim *sim, const struct sim_place *p)
{
    const uint64_t *upto = sim->upto[p->name][p->key];

    if (p->key == sim->keys[p->name])
        return false;
    return p->epoch > upto[0] || (p->epoch == upto[0] && p->seq > upto[1]);
}

/* A follow since now need not have what came before its start. */
static bool
started_after(const struct sim_node *node, unsigned prefix,
              const struct sim_place *p)
{
    const struct mesh_feed *feed;
    char name[CIM_NODE_MAX + 1];

    for (unsigned i = 0; i < node->n_starts; i++)
        if (node->starts[i].name == p->name &&
            node->starts[i].prefix == prefix &&
            node->starts[i].epoch == p->epoch && node->starts[i].seq >= p->seq)
            return true;
    sim_name(p->name, name);
    feed = mesh_feed_find(node->mesh, cim_bytes_str(name));
    for (size_t i = 0; feed && i < feed->n_wants; i++)
        if (feed->wants[i].awaits &&
            prefix_index(feed->wants[i].prefix) == prefix)
            return true;
    return false;
}

static bool
wants(const struct sim_node *node, const struct sim_place *p)
{
    struct cim_prefix text;

    if (node->name == p->name)
        return true;
    sim_prefix(p->name, p->topic, &text);
    for (size_t i = 0; i < node->follows.n; i++) {
        const struct follow *f = &node->follows.v[i];

        if (cim_prefix_match(&f->prefix, cim_prefix_bytes(&text)) &&
            !(f->now && started_after(node, prefix_index(&f->prefix), p)))
            return true;
    }
    return false;
}

/* Somebody it can reach, honest and answering, still stores it. */
static const struct sim_node *
holder(struct sim *sim, const struct sim_node *node, const struct sim_place *p)
{
    for (unsigned name = 0; name < sim->plan->n_nodes; name++) {
        const struct sim_node *peer = sim_peer(sim, node, name);
        const struct sim_place *held;

        if (name == node->name || !peer->up || peer->syncdead ||
            (sim->plan->lie && sim->plan->liar == peer->index))
            continue;
        held = sim_place_find(&peer->places, p->name, p->epoch, p->seq);
        if (held && held->stored && held->leaf == p->leaf)
            return peer;
    }
    return NULL;
}

static void
check_node(struct sim *sim, const struct sim_node *node)
{
    for (size_t i = 0; i < sim->acked.cap; i++) {
        const struct sim_place *p = &sim->acked.v[i];
        const struct sim_node *from;

        if (!p->seq || beyond(sim, p) || garbles(sim, p->name) ||
            !wants(node, p) ||
            sim_place_find(&node->places, p->name, p->epoch, p->seq))
            continue;
        from = holder(sim, node, p);
        if (from)
            sim_violation(sim, "I1",
                          "%u lacks %c/%" PRIu64 "/%" PRIu64
                          " t%u, stored at %u",
                          node->index, 'a' + p->name, p->epoch, p->seq,
                          p->topic, from->index);
    }
}

/* Somebody both can reach, who tells the truth. */
static bool
witness(const struct sim *sim, unsigned name)
{
    for (unsigned i = 0; i < sim->plan->n_nodes; i++) {
        const struct sim_node *node = &sim->nodes[i];

        if (node->name != name && node->up && !node->syncdead &&
            !(sim->plan->lie && sim->plan->liar == i))
            return true;
    }
    return false;
}

/* Both wrote, both live, under a key that is good, by clocks that agree:
 * somebody must have seen it. */
static void
check_noticed(struct sim *sim)
{
    const struct sim_node *twin = &sim->nodes[sim->plan->n_nodes];
    const struct sim_node *first;

    if (sim->n_nodes == sim->plan->n_nodes)
        return;
    first = &sim->nodes[twin->name];
    if (twin->up && first->up && twin->published_ms && first->published_ms &&
        !sim->keys[twin->name] && !clock_stepped(sim, twin->name) &&
        witness(sim, twin->name) && !sim->noticed[twin->name])
        sim_violation(sim, "I4", "nobody noticed the clone of %c",
                      'a' + twin->name);
}

void
sim_check_end(struct sim *sim)
{
    bool dead = sim->plan->lie == SIM_GARBLED;

    for (unsigned i = 0; i < sim->n_nodes; i++) {
        dead = dead || sim->nodes[i].syncdead;
        if (sim->nodes[i].up)
            check_node(sim, &sim->nodes[i]);
    }
    check_noticed(sim);
    if (sim->quiet_fetches && !dead)
        sim_violation(sim, "I5", "%" PRIu64 " fetches with nothing new",
                      sim->quiet_fetches);
}

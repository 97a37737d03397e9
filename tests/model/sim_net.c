/* SPDX-License-Identifier: MPL-2.0 */
/* What peers get of what a node sends: late, or not at all, or a lie. */
#include <stdlib.h>
#include <string.h>

#include "node/mem.h"
#include "proto/slice.h"
#include "tests/model/sim.h"

struct sim_node *
sim_peer(struct sim *sim, const struct sim_node *node, unsigned name)
{
    return &sim->nodes[sim->route[node->index][name]];
}

bool
sim_connected(const struct sim *sim, const struct sim_node *a,
              const struct sim_node *b)
{
    return a->up && b->up && a->name != b->name &&
           !sim->parted[a->index][b->index];
}

static enum sim_lie
lie_of(const struct sim_node *node)
{
    const struct sim_plan *plan = node->sim->plan;

    return plan->liar == node->index ? plan->lie : SIM_HONEST;
}

/* A bit flipped, or the end cut off, in every second frame of such a liar. */
static void
garble(struct sim_node *node, struct cim_buf *frame)
{
    struct sim *sim = node->sim;
    unsigned at;

    if (lie_of(node) != SIM_GARBLED || !frame->len || sim_chance(sim, 2))
        return;
    at = sim_chance(sim, (unsigned)frame->len);
    if (sim_chance(sim, 8))
        frame->p[at] ^= (uint8_t)(1u << sim_chance(sim, 8));
    else
        frame->len = at;
}

/* ---- live ----------------------------------------------------------------*/

static void
arrive_live(struct sim *sim, struct sim_event *event)
{
    struct sim_node *node = &sim->nodes[event->node];
    char from[CIM_NODE_MAX + 1];

    sim_name(sim->nodes[event->from].name, from);
    if (event->gen == node->gen && node->up)
        mesh_live(node->mesh, from, cim_buf_bytes(&event->topic),
                  cim_buf_bytes(&event->frame));
}

static bool
subscribed(const struct sim_node *node, const struct sim_node *to,
           struct cim_bytes topic)
{
    struct cim_prefix prefixes[CIM_FOLLOWS_MAX];
    char name[CIM_NODE_MAX + 1];
    size_t n;

    if (topic.p[0] == '!')
        return true;
    sim_name(to->name, name);
    n = mesh_subscriptions(node->mesh, name, prefixes);
    for (size_t i = 0; i < n; i++)
        if (cim_prefix_match(&prefixes[i], topic))
            return true;
    return false;
}

static void
send_live(struct sim_node *node, struct sim_node *to, struct cim_bytes topic,
          struct cim_bytes frame)
{
    struct sim *sim = node->sim;
    struct sim_event *event;

    if (sim_peer(sim, to, node->name) != node ||
        !sim_connected(sim, node, to) || !subscribed(to, node, topic) ||
        sim_chance(sim, 100) < sim->drop_pub)
        return;
    sim->count.pubs++;
    event = sim_at(sim, 10 + sim_chance(sim, 200), arrive_live);
    event->node = to->index;
    event->gen = to->gen;
    event->from = node->index;
    if (cim_buf_add_bytes(&event->topic, topic) != CIM_OK ||
        cim_buf_add_bytes(&event->frame, frame) != CIM_OK)
        mem_fail();
    garble(node, &event->frame);
}

/* Another batch for the same positions, well signed: what equivocates. */
static void
other_batch(const struct sim_node *node, struct cim_bytes frame,
            struct cim_bytes topic, struct cim_buf *out)
{
    struct cim_slice slice = {0};
    struct cim_signed_header sh;
    struct cim_frontier f = {0};
    struct cim_bytes events[3];
    struct cim_run run = {.first = 0, .n = (uint16_t)node->equiv};
    uint8_t made[3][600];

    (void)topic;
    if (cim_slice_parse(frame, &slice) != CIM_OK)
        return;
    for (unsigned i = 0; i < node->equiv; i++) {
        size_t len = slice.events[0].len;

        /* The URL's last character is the event's last byte. */
        memcpy(made[i], slice.events[0].p, len);
        made[i][len - 1] = (uint8_t)('5' + i);
        events[i] = cim_bytes_of(made[i], len);
    }
    if (cim_batch_seal(&slice.sh.h, sim_identity(node->name, node->key), events,
                       node->equiv, &sh, &f) != CIM_OK ||
        cim_slice_write(&sh, &f, &run, 1, events, node->equiv, out) != CIM_OK)
        mem_fail();
    cim_frontier_clear(&f);
    cim_slice_clear(&slice);
}

void
sim_net_publish(struct sim_node *node, struct cim_bytes topic,
                struct cim_bytes frame)
{
    struct sim *sim = node->sim;
    struct cim_buf other = {0};

    if (node->equiv && topic.p[0] != '!') {
        other_batch(node, frame, topic, &other);
        node->equiv = 0;
    }
    for (unsigned i = 0; i < sim->n_nodes; i++) {
        struct sim_node *to = &sim->nodes[i];

        if (to != node)
            send_live(node, to, topic,
                      other.len && to->index % 2 == 0 ? cim_buf_bytes(&other)
                                                      : frame);
    }
    cim_buf_clear(&other);
}

/* ---- asks and answers ----------------------------------------------------*/

static void
arrive_answer(struct sim *sim, struct sim_event *event)
{
    struct sim_node *node = &sim->nodes[event->node];
    char from[CIM_NODE_MAX + 1];

    sim_name(sim->nodes[event->from].name, from);
    if (event->gen == node->gen && node->up)
        mesh_answer(node->mesh, from, cim_buf_bytes(&event->frame));
}

static void
send_answer(struct sim_node *node, struct sim_node *to, struct cim_buf *frame)
{
    struct sim *sim = node->sim;
    struct sim_event *event;

    if (!sim_connected(sim, node, to) || sim_chance(sim, 100) < sim->drop_sync)
        return;
    event = sim_at(sim, 10 + sim_chance(sim, 100), arrive_answer);
    event->node = to->index;
    event->gen = to->gen;
    event->from = node->index;
    event->frame = *frame;
    *frame = (struct cim_buf){0};
    garble(node, &event->frame);
}

static void
answer_heads(struct sim_node *node, struct cim_heads_ask *ask,
             struct cim_buf *out)
{
    char name[CIM_NODE_MAX + 1];
    size_t n = 0;

    sim_name(node->name, name);
    if (lie_of(node) == SIM_STALE) {
        for (size_t i = 0; i < ask->n_nodes; i++)
            if (cim_bytes_is(ask->nodes[i], name))
                ask->nodes[n++] = ask->nodes[i];
        ask->n_nodes = n;
    }
    if (mesh_heads(node->mesh, ask, out) != CIM_OK)
        mem_fail();
}

static bool
wanted(const struct cim_fetch_ask *ask, unsigned name, unsigned topic)
{
    struct cim_prefix text;

    sim_prefix(name, topic, &text);
    for (size_t i = 0; i < ask->n_prefixes; i++)
        if (cim_prefix_match(&ask->prefixes[i], cim_prefix_bytes(&text)))
            return true;
    return false;
}

/* Remembers what the answerer holds of what is asked. */
static void
note_reply(struct sim_node *node, struct sim_node *to,
           const struct cim_fetch_ask *ask)
{
    struct sim_reply *r = &to->reply;
    unsigned name = (unsigned)(ask->node.p[0] - 'a');

    *r = (struct sim_reply){
        .name = name, .epoch = ask->epoch, .after = ask->after};
    for (size_t i = 0; i < node->places.cap && r->n < 64; i++) {
        const struct sim_place *p = &node->places.v[i];

        if (!p->seq || !p->stored || p->name != name ||
            p->epoch != ask->epoch || p->seq <= ask->after ||
            p->seq > ask->upto || !wanted(ask, name, p->topic))
            continue;
        r->seqs[r->n] = p->seq;
        r->topics[r->n++] = p->topic;
    }
}

static void
answer_fetch(struct sim_node *node, struct sim_node *to,
             const struct cim_fetch_ask *ask, struct cim_buf *out)
{
    struct cim_fetch_answer lie = {.rid = ask->rid};
    char self[CIM_NODE_MAX + 1];
    bool own;

    sim_name(node->name, self);
    own = cim_bytes_is(ask->node, self);
    if (!own && (lie_of(node) == SIM_EMPTY || lie_of(node) == SIM_STUCK)) {
        lie.covered = lie_of(node) == SIM_EMPTY ? ask->upto : ask->after;
        lie.last = ask->upto;
        if (cim_fetch_answer_write(&lie, out) != CIM_OK)
            mem_fail();
        return;
    }
    if (own)
        note_reply(node, to, ask);
    if (store_page(node->reader, ask, self, out) != CIM_OK)
        sim_violation(node->sim, "STORE", "%u: no page", node->index);
    node->sim->count.pages++;
}

static void
arrive_ask(struct sim *sim, struct sim_event *event)
{
    struct sim_node *node = &sim->nodes[event->node];
    struct sim_node *from = &sim->nodes[event->from];
    struct cim_buf out = {0};
    struct cim_sync msg = {0};

    if (event->gen != node->gen || !node->up)
        return;
    if (cim_sync_parse_ask(cim_buf_bytes(&event->frame), &msg) != CIM_OK)
        sim_violation(sim, "SIM", "%u: an ask that cannot be read",
                      from->index);
    else if (msg.kind == CIM_SYNC_HEADS)
        answer_heads(node, &msg.u.heads_ask, &out);
    else
        answer_fetch(node, from, &msg.u.fetch_ask, &out);
    cim_sync_clear(&msg);
    if (out.len)
        send_answer(node, from, &out);
    cim_buf_clear(&out);
}

static void
count_ask(struct sim *sim, struct cim_bytes frame)
{
    struct cim_sync msg = {0};

    if (cim_sync_parse_ask(frame, &msg) != CIM_OK)
        return;
    if (msg.kind == CIM_SYNC_HEADS) {
        sim->count.heads++;
    } else {
        sim->count.fetches++;
        sim->quiet_fetches += sim->quiet;
    }
    cim_sync_clear(&msg);
}

void
sim_net_ask(struct sim_node *node, const char *peer, struct cim_bytes frame)
{
    struct sim *sim = node->sim;
    struct sim_node *to = sim_peer(sim, node, sim_name_of(peer));
    struct sim_event *event;

    count_ask(sim, frame);
    if (!sim_connected(sim, node, to) || to->syncdead ||
        sim_chance(sim, 100) < sim->drop_sync)
        return;
    event = sim_at(sim, 10 + sim_chance(sim, 100), arrive_ask);
    event->node = to->index;
    event->gen = to->gen;
    event->from = node->index;
    if (cim_buf_add_bytes(&event->frame, frame) != CIM_OK)
        mem_fail();
}

/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The walk is breadth first: a line of nodes, each looked at once for each
 * direction it was reached in. Up and down do not mix: from an artifact up to
 * its baselines the walk does not come down again to their other members.
 *
 * What the ledger lends it lends for the call, so each look first gathers
 * copies and then goes on from them.
 */
#include "node/trace.h"

#include <stdlib.h>
#include <string.h>

#include "node/mem.h"
#include "node/trace_private.h"

void
trace_clear(struct trace *trace)
{
    for (size_t i = 0; i < trace->n_nodes; i++)
        ledger_subject_clear(&trace->nodes[i].event);
    free(trace->nodes);
    free(trace->edges);
    *trace = (struct trace){0};
}

/* ---- the graph ----------------------------------------------------------*/

#define NONE SIZE_MAX

/* What is asked and what came of it, while a walk is under way. */
struct walk {
    struct store_reader *reader;
    struct trace *trace;
    size_t *line; /* owned: nodes to look at, in order */
    size_t n_line, cap_line, at;
    unsigned *due; /* owned, TRACE_NODES_MAX: directions yet to be walked */
};

static size_t
find_node(const struct trace *trace, const struct ledger_name *name)
{
    for (size_t i = 0; i < trace->n_nodes; i++)
        if (trace_same_name(&trace->nodes[i].event.name, name))
            return i;
    return NONE;
}

/* NULL: the graph is full, which it remembers. */
static struct trace_node *
add_node(struct walk *w, enum trace_kind kind, unsigned depth)
{
    struct trace *t = w->trace;

    if (t->n_nodes == TRACE_NODES_MAX) {
        t->cut = true;
        return NULL;
    }
    xgrow(&t->nodes, &t->cap_nodes, t->n_nodes, sizeof *t->nodes);
    t->nodes[t->n_nodes] = (struct trace_node){.kind = kind, .depth = depth};
    return &t->nodes[t->n_nodes++];
}

static struct trace_edge *
add_edge(struct walk *w, size_t from, size_t to, enum trace_rel rel)
{
    struct trace *t = w->trace;

    if (t->n_edges == TRACE_EDGES_MAX) {
        t->cut = true;
        return NULL;
    }
    xgrow(&t->edges, &t->cap_edges, t->n_edges, sizeof *t->edges);
    t->edges[t->n_edges] =
        (struct trace_edge){.from = from, .to = to, .rel = rel};
    return &t->edges[t->n_edges++];
}

/* To be looked at in these directions, unless it was. */
static void
enqueue(struct walk *w, size_t node, unsigned directions)
{
    struct trace_node *n = &w->trace->nodes[node];
    bool waits = w->due[node] != 0;

    directions &= ~n->walked;
    if (waits || (directions == 0 && n->stamps_walked)) {
        w->due[node] |= directions;
        return;
    }
    w->due[node] = directions;
    xgrow(&w->line, &w->cap_line, w->n_line, sizeof *w->line);
    w->line[w->n_line++] = node;
}

/* ---- what a node is about -----------------------------------------------*/

static void
take_said(struct trace_node *node, struct trace_said *said)
{
    memcpy(node->rule, said->rule, sizeof node->rule);
    memcpy(node->levels, said->levels, sizeof node->levels);
    if (node->event.arrival == 0) {
        ledger_subject_clear(&node->event);
        node->event = said->event;
        node->kind = said->kind;
        said->event = (struct ledger_subject){0};
    }
}

/* The node of a subject; NONE when the graph is full. */
static size_t
subject_node(struct walk *w, const struct ledger_subject *subject,
             unsigned depth)
{
    size_t i = find_node(w->trace, &subject->name);

    if (i != NONE)
        return i;
    struct trace_node *node = add_node(
        w, subject->kind == LEDGER_ARTIFACT ? TRACE_ARTIFACT : TRACE_BASELINE,
        depth);
    if (node == NULL)
        return NONE;
    trace_subject_copy(&node->event, subject);
    return w->trace->n_nodes - 1;
}

/* ... of an event that is only named; looked up when its turn comes. */
static size_t
event_node(struct walk *w, const struct ledger_name *name, unsigned depth)
{
    size_t i = find_node(w->trace, name);

    if (i != NONE)
        return i;
    struct trace_node *node = add_node(w, TRACE_WANTED, depth);
    if (node == NULL)
        return NONE;
    node->event.name = *name;
    return w->trace->n_nodes - 1;
}

/* ... of what is wanted and not found: one for each that wants it. */
static size_t
wanted_node(struct walk *w, const struct ledger_name *from, const char *wanted,
            unsigned depth)
{
    struct ledger_name name = {0};
    struct cim_uuid id;

    if (!trace_name(wanted, &name) &&
        cim_uuid_parse(cim_bytes_str(wanted), &id) == CIM_OK) {
        name = *from;
        name.id = id;
    }
    if (name.community[0] != '\0') {
        size_t i = find_node(w->trace, &name);
        if (i != NONE)
            return i;
    }
    struct trace_node *node = add_node(w, TRACE_WANTED, depth);
    if (node == NULL)
        return NONE;
    node->event.name = name;
    trace_set(&node->event.title, cim_bytes_str(wanted));
    return w->trace->n_nodes - 1;
}

/* ---- gathering from the ledger ------------------------------------------*/

/* One thing that the ledger named. Owned. */
struct found {
    enum ledger_how how;
    bool is_subject;
    struct ledger_subject subject;
    char *wanted;
};

struct gathered {
    struct found *v; /* owned */
    size_t n, cap;
};

static bool
gather(struct gathered *g, enum ledger_how how, const char *wanted,
       const struct ledger_subject *subject)
{
    xgrow(&g->v, &g->cap, g->n, sizeof *g->v);
    struct found *f = &g->v[g->n++];
    *f = (struct found){.how = how, .is_subject = subject != NULL};
    if (subject != NULL)
        trace_subject_copy(&f->subject, subject);
    f->wanted = xstrdup(wanted != NULL ? wanted : "");
    return g->n <= TRACE_NODES_MAX;
}

static bool
gather_member(void *ctx, enum ledger_how how, const char *wanted,
              const struct ledger_subject *subject)
{
    bool found = how != LEDGER_ABSENT && how != LEDGER_CLAIMED;

    return gather(ctx, how, wanted, found ? subject : NULL);
}

static bool
gather_part(void *ctx, enum ledger_how how,
            const struct ledger_subject *baseline)
{
    return gather(ctx, how, NULL, baseline);
}

static void
gathered_clear(struct gathered *g)
{
    for (size_t i = 0; i < g->n; i++) {
        ledger_subject_clear(&g->v[i].subject);
        free(g->v[i].wanted);
    }
    free(g->v);
}

struct stamps {
    struct ledger_stamp *v; /* owned */
    size_t n, cap;
};

static bool
gather_stamp(void *ctx, const struct ledger_stamp *stamp)
{
    struct stamps *stamps = ctx;

    xgrow(&stamps->v, &stamps->cap, stamps->n, sizeof *stamps->v);
    stamps->v[stamps->n++] = *stamp;
    return stamps->n <= TRACE_EDGES_MAX;
}

/* ---- looking at a node --------------------------------------------------*/

static void
add_found(struct walk *w, size_t from, const struct found *f,
          enum trace_rel rel, unsigned directions)
{
    const struct trace_node *node = &w->trace->nodes[from];
    struct ledger_name name = node->event.name;
    unsigned depth = node->depth + 1;
    size_t to = f->is_subject ? subject_node(w, &f->subject, depth)
                              : wanted_node(w, &name, f->wanted, depth);
    struct trace_edge *edge = to != NONE ? add_edge(w, from, to, rel) : NULL;

    if (edge == NULL)
        return;
    edge->how = f->how;
    if (f->is_subject)
        enqueue(w, to, directions);
}

/* Members going down, baselines going up; at the end of the depth only
 * whether there are some. */
static enum cim_err
look_at_parts(struct walk *w, size_t i, unsigned direction)
{
    struct gathered g = {0};
    struct trace_node *node = &w->trace->nodes[i];
    const struct ledger_subject *subject = &node->event;
    bool down = direction == TRACE_DOWN;
    enum cim_err err = CIM_OK;

    if (down && node->kind == TRACE_BASELINE)
        err = ledger_members(w->reader, subject, gather_member, &g);
    else if (!down)
        err = ledger_part_of(w->reader, subject, gather_part, &g);
    if (node->depth >= w->trace->depth) {
        node->cut |= g.n > 0;
        w->trace->cut_depth |= g.n > 0;
    } else {
        for (size_t k = 0; k < g.n; k++)
            add_found(w, i, &g.v[k], down ? TRACE_MEMBER : TRACE_PART_OF,
                      direction);
    }
    gathered_clear(&g);
    return err;
}

static enum cim_err
look_at_stamps(struct walk *w, size_t i)
{
    struct stamps stamps = {0};
    unsigned depth = w->trace->nodes[i].depth;
    enum cim_err err = ledger_stamps(w->reader, &w->trace->nodes[i].event,
                                     false, gather_stamp, &stamps);

    for (size_t k = 0; k < stamps.n; k++) {
        const struct ledger_stamp *s = &stamps.v[k];
        if (s->how == LEDGER_ITSELF) {
            w->trace->nodes[i].own = true;
            continue;
        }
        size_t to = event_node(w, &s->by, depth);
        struct trace_edge *edge =
            to != NONE ? add_edge(w, i, to, TRACE_STAMPED_BY) : NULL;
        if (edge == NULL)
            break;
        edge->how = s->how;
        edge->state = s->state;
        memcpy(edge->level, s->level, sizeof edge->level);
        enqueue(w, to, 0);
    }
    free(stamps.v);
    return err;
}

static bool
is_stamped_by(const struct trace *t, size_t subject, size_t stamp)
{
    for (size_t i = 0; i < t->n_edges; i++)
        if (t->edges[i].rel == TRACE_STAMPED_BY &&
            t->edges[i].from == subject && t->edges[i].to == stamp)
            return true;
    return false;
}

/* Why it was said, and what it replaces. That a test was started by what it
 * tested is no news. */
static void
look_at_links(struct walk *w, size_t i, const struct trace_said *said)
{
    unsigned depth = w->trace->nodes[i].depth;

    for (size_t k = 0; k < said->n_links; k++) {
        size_t to = find_node(w->trace, &said->links[k].to);
        if (to == i || (to != NONE && is_stamped_by(w->trace, to, i)))
            continue;
        if (to == NONE && depth >= w->trace->depth) {
            w->trace->nodes[i].cut = w->trace->cut_depth = true;
            continue;
        }
        if (to == NONE)
            to = event_node(w, &said->links[k].to, depth + 1);
        struct trace_edge *edge =
            to != NONE ? add_edge(w, i, to, said->links[k].rel) : NULL;
        if (edge == NULL)
            return;
        edge->how = LEDGER_LINKED;
        enqueue(w, to, 0);
    }
    w->trace->nodes[i].cut |= said->more_links;
}

/* A stamp that nobody led to but its own name, or a cause. */
static enum cim_err
look_at_stamped(struct walk *w, size_t i, unsigned directions)
{
    struct gathered g = {0};
    struct ledger_name name = w->trace->nodes[i].event.name;

    for (size_t k = 0; k < w->trace->n_edges; k++)
        if (w->trace->edges[k].rel == TRACE_STAMPED_BY &&
            w->trace->edges[k].to == i)
            return CIM_OK;
    enum cim_err err = ledger_stamped(w->reader, &name, gather_member, &g);
    for (size_t k = 0; k < g.n; k++)
        add_found(w, i, &g.v[k], TRACE_STAMPS, directions);
    gathered_clear(&g);
    return err;
}

static bool
has_subject(const struct trace_node *node)
{
    return node->kind == TRACE_ARTIFACT || node->kind == TRACE_BASELINE;
}

/* What a name that a link gave turned out to be. */
static enum cim_err
identify(struct walk *w, size_t i, struct trace_said *said)
{
    struct trace_node *node = &w->trace->nodes[i];
    struct ledger_subject subject = {0};
    enum cim_err err =
        trace_look_up(w->reader, &node->event.name, node->event.arrival, said);

    if (err != CIM_OK || !said->found)
        return err;
    bool named = node->kind == TRACE_WANTED;
    take_said(node, said);
    if (!named || !has_subject(node))
        return CIM_OK;
    err = ledger_get(w->reader, &node->event.name, &subject);
    if (err == CIM_OK) {
        ledger_subject_clear(&node->event);
        node->event = subject;
    }
    return err == CIM_ENOENT ? CIM_OK : err;
}

/* The first look at a node: what it is, who stamped it, why it was said. */
static enum cim_err
look_first(struct walk *w, size_t i, unsigned directions)
{
    struct trace_said *said = xcalloc(1, sizeof *said);
    enum cim_err err = identify(w, i, said);

    w->trace->nodes[i].stamps_walked = true;
    if (err == CIM_OK && has_subject(&w->trace->nodes[i]))
        err = look_at_stamps(w, i);
    if (err == CIM_OK && w->trace->nodes[i].kind == TRACE_STAMP)
        err = look_at_stamped(w, i, directions);
    if (err == CIM_OK)
        look_at_links(w, i, said);
    ledger_subject_clear(&said->event);
    free(said);
    return err;
}

static enum cim_err
look_at(struct walk *w, size_t i)
{
    unsigned directions = w->due[i];
    enum cim_err err = CIM_OK;

    w->due[i] = 0;
    if (!w->trace->nodes[i].stamps_walked)
        err = look_first(w, i, directions);
    if (err != CIM_OK || !has_subject(&w->trace->nodes[i]))
        return err;
    w->trace->nodes[i].walked |= directions;
    if ((directions & TRACE_UP) != 0)
        err = look_at_parts(w, i, TRACE_UP);
    if (err == CIM_OK && (directions & TRACE_DOWN) != 0)
        err = look_at_parts(w, i, TRACE_DOWN);
    return err;
}

enum cim_err
trace_walk(struct store_reader *reader, const struct trace_start *start,
           unsigned directions, unsigned depth, struct trace *out)
{
    struct walk w = {.reader = reader, .trace = out};
    enum cim_err err = CIM_OK;

    *out = (struct trace){.depth = depth};
    w.due = xcalloc(TRACE_NODES_MAX, sizeof *w.due);
    size_t first = event_node(&w, &start->name, 0);
    enqueue(&w, first, directions);
    while (w.at < w.n_line && err == CIM_OK)
        err = look_at(&w, w.line[w.at++]);
    if (err == CIM_OK && out->nodes[first].kind == TRACE_WANTED)
        err = CIM_ENOENT;
    free(w.line);
    free(w.due);
    return err;
}

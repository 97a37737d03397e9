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

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "node/mem.h"
#include "proto/event.h"
#include "proto/wire.h"

/* ---- names --------------------------------------------------------------*/

bool
trace_name(const char *text, struct ledger_name *out)
{
    const char *colon = strchr(text, ':');
    size_t len = colon != NULL ? (size_t)(colon - text) : 0;

    if (len == 0 || !cim_name_valid(cim_bytes_of(text, len)) ||
        cim_uuid_parse(cim_bytes_str(colon + 1), &out->id) != CIM_OK)
        return false;
    snprintf(out->community, sizeof out->community, "%.*s", (int)len, text);
    return true;
}

void
trace_name_text(const struct ledger_name *name,
                char out[static TRACE_NAME_LEN + 1])
{
    char id[CIM_UUID_TEXT_LEN + 1];

    cim_uuid_text(&name->id, id);
    snprintf(out, TRACE_NAME_LEN + 1, "%s:%s", name->community, id);
}

static bool
same_name(const struct ledger_name *a, const struct ledger_name *b)
{
    return strcmp(a->community, b->community) == 0 &&
           memcmp(&a->id, &b->id, sizeof a->id) == 0;
}

static void
copy_text(struct cim_buf *to, const struct cim_buf *from)
{
    if (cim_buf_add_bytes(to, cim_buf_bytes(from)) != CIM_OK)
        mem_fail();
}

void
trace_subject_copy(struct ledger_subject *to, const struct ledger_subject *from)
{
    *to = *from;
    to->topic = to->title = to->url = to->branch = (struct cim_buf){0};
    copy_text(&to->topic, &from->topic);
    copy_text(&to->title, &from->title);
    copy_text(&to->url, &from->url);
    copy_text(&to->branch, &from->branch);
}

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
        if (same_name(&trace->nodes[i].event.name, name))
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

/* ---- events -------------------------------------------------------------*/

struct link {
    enum trace_rel rel;
    struct ledger_name to;
};

/* What the event itself says, beyond what the ledger keeps of it. */
struct said {
    struct ledger_subject event; /* owned until taken */
    enum trace_kind kind;
    char rule[CIM_NAME_MAX + 1], levels[256];
    struct link links[CIM_PREFIXES_MAX];
    size_t n_links;
    bool more_links, found;
};

static void
read_rule(struct cim_bytes ext, char out[static CIM_NAME_MAX + 1])
{
    struct cim_reader r = {.data = ext};
    struct cim_bytes key, value;
    uint32_t pairs = 0;

    if (ext.len == 0 || cim_wire_map(&r, &pairs) != CIM_OK)
        return;
    for (; pairs > 0; pairs--) {
        if (cim_wire_str(&r, &key) != CIM_OK)
            return;
        if (!cim_bytes_is(key, "rule")) {
            if (cim_wire_skip(&r, NULL) != CIM_OK)
                return;
            continue;
        }
        if (cim_wire_str(&r, &value) == CIM_OK && cim_name_valid(value))
            snprintf(out, CIM_NAME_MAX + 1, "%.*s", (int)value.len,
                     (const char *)value.p);
        return;
    }
}

static void
read_levels(struct cim_bytes levels, char *out, size_t cap)
{
    struct cim_list list = {.data = levels};
    struct cim_bytes name, result;
    size_t at = 0;

    while (levels.len > 0 && cim_level_next(&list, &name, &result)) {
        int n = snprintf(out + at, cap - at, "%s%.*s=%.*s", at > 0 ? "," : "",
                         (int)name.len, (const char *)name.p, (int)result.len,
                         (const char *)result.p);
        if (n < 0 || (size_t)n >= cap - at) {
            snprintf(out + (at < cap - 4 ? at : cap - 4), 4, "...");
            return;
        }
        at += (size_t)n;
    }
}

static void
read_links(struct cim_bytes links, struct said *said)
{
    struct cim_list list = {.data = links};
    struct cim_bytes rel, of, id;

    while (links.len > 0 && cim_link_next(&list, &rel, &of, &id)) {
        bool cause = cim_bytes_is(rel, "cause");
        if (!cause && !cim_bytes_is(rel, "supersedes"))
            continue;
        if (said->n_links == sizeof said->links / sizeof *said->links) {
            said->more_links = true;
            return;
        }
        struct link *link = &said->links[said->n_links];
        link->rel = cause ? TRACE_CAUSE : TRACE_SUPERSEDES;
        snprintf(link->to.community, sizeof link->to.community, "%.*s",
                 (int)of.len, (const char *)of.p);
        if (cim_uuid_parse(id, &link->to.id) == CIM_OK)
            said->n_links++;
    }
}

static void
set_buf(struct cim_buf *buf, struct cim_bytes text)
{
    cim_buf_reset(buf);
    if (cim_buf_add_bytes(buf, text) != CIM_OK)
        mem_fail();
}

static struct cim_bytes
either(struct cim_bytes first, struct cim_bytes second)
{
    return first.len > 0 ? first : second;
}

static bool
read_event(void *ctx, const struct store_row *row)
{
    static const enum trace_kind kinds[] = {TRACE_OTHER, TRACE_ARTIFACT,
                                            TRACE_BASELINE, TRACE_STAMP};
    struct said *said = ctx;
    struct ledger_subject *s = &said->event;
    struct cim_event e;

    if (cim_event_parse(row->bytes, CIM_FOLLOW, &e, NULL) != CIM_OK)
        return true;
    said->found = true;
    said->kind = e.v > 1 ? TRACE_OTHER : kinds[e.type];
    struct cim_bytes who = cim_community_of(e.topic);
    snprintf(s->name.community, sizeof s->name.community, "%.*s", (int)who.len,
             (const char *)who.p);
    s->name.id = row->id;
    s->arrival = row->arrival;
    s->at = (struct ledger_place){.log = row->log, .seq = row->seq};
    s->at.time_ms = e.time_ms; /* as said; ledger subjects have the header's */
    set_buf(&s->topic, e.topic);
    set_buf(&s->branch, e.project_branch);
    bool baseline = said->kind != TRACE_ARTIFACT;
    set_buf(&s->title, baseline ? either(e.baseline_name, e.artifact_name)
                                : either(e.artifact_name, e.baseline_name));
    set_buf(&s->url, baseline ? either(e.baseline_url, e.artifact_url)
                              : either(e.artifact_url, e.baseline_url));
    read_levels(e.levels, said->levels, sizeof said->levels);
    read_rule(e.ext, said->rule);
    read_links(e.links, said);
    return false;
}

/* The event of this name, or of this arrival when it is known. */
static enum cim_err
look_up(struct walk *w, const struct ledger_name *name, uint64_t arrival,
        struct said *said)
{
    struct store_query query = {
        .after = arrival - 1, .upto = arrival, .limit = 1};
    uint64_t scanned;

    *said = (struct said){0};
    if (arrival > 0)
        return store_events(w->reader, &query, read_event, said, &scanned);
    return store_find(w->reader, cim_bytes_str(name->community), &name->id,
                      read_event, said);
}

/* ---- what a node is about -----------------------------------------------*/

static void
take_said(struct trace_node *node, struct said *said)
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
    set_buf(&node->event.title, cim_bytes_str(wanted));
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
look_at_links(struct walk *w, size_t i, const struct said *said)
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
identify(struct walk *w, size_t i, struct said *said)
{
    struct trace_node *node = &w->trace->nodes[i];
    struct ledger_subject subject = {0};
    enum cim_err err = look_up(w, &node->event.name, node->event.arrival, said);

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
    struct said *said = xcalloc(1, sizeof *said);
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
    directions &= ~w->trace->nodes[i].walked;
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

/* ---- where it starts ----------------------------------------------------*/

/* Of one text: more of them change nothing. */
#define FIND_MAX 256

struct finding {
    struct trace_start *out;
    bool baseline, found;
    unsigned seen;
};

static bool
take_start(void *ctx, const struct ledger_subject *s)
{
    struct finding *f = ctx;
    struct trace_start *out = f->out;

    if (++f->seen > FIND_MAX)
        return false;
    if (f->baseline && s->kind != LEDGER_BASELINE)
        return true;
    if (!f->found) {
        f->found = out->subject = true;
        out->name = s->name;
        snprintf(out->others, sizeof out->others, "%s", s->name.community);
        return true;
    }
    if (strcmp(s->name.community, out->name.community) == 0)
        return true;
    size_t len = strlen(out->others);
    out->ambiguous = true;
    if (len + strlen(s->name.community) + 3 < sizeof out->others &&
        strstr(out->others, s->name.community) == NULL)
        snprintf(out->others + len, sizeof out->others - len, ", %s",
                 s->name.community);
    return true;
}

static bool
take_event(void *ctx, const struct store_row *row)
{
    *(uint64_t *)ctx = row->arrival;
    return false;
}

enum cim_err
trace_find(struct store_reader *reader, const char *text, bool baseline,
           struct trace_start *out)
{
    struct finding f = {.out = out, .baseline = baseline};
    struct ledger_name name;
    uint64_t arrival = 0;

    *out = (struct trace_start){0};
    enum cim_err err = ledger_find(reader, text, take_start, &f);
    if ((err != CIM_OK && err != CIM_ENOENT) || f.found)
        return err;
    if (baseline || !trace_name(text, &name))
        return CIM_ENOENT;
    err = store_find(reader, cim_bytes_str(name.community), &name.id,
                     take_event, &arrival);
    out->name = name;
    return err == CIM_OK && arrival == 0 ? CIM_ENOENT : err;
}

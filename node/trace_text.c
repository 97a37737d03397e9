/* SPDX-License-Identifier: MPL-2.0 */
/* A graph as an indented tree, and as a digraph for Graphviz. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "node/mem.h"
#include "node/safe.h"
#include "node/trace.h"

const char *
trace_kind_text(enum trace_kind kind)
{
    static const char *const texts[] = {"artifact", "baseline", "stamp",
                                        "event", "wanted"};

    return texts[kind];
}

const char *
trace_rel_text(enum trace_rel rel)
{
    static const char *const texts[] = {"member", "partOf", "stampedBy",
                                        "stamps", "cause",  "supersedes"};

    return texts[rel];
}

/* ---- how ----------------------------------------------------------------*/

void
trace_where(const char *community, const struct view_peers *peers,
            struct cim_buf *out)
{
    size_t len = strlen(community), up = 0, all = 0;
    bool followed = false;

    safe_put(out, "not here: %s has it", community);
    for (size_t i = 0; i < peers->n; i++) {
        const struct view_peer *p = &peers->v[i];
        if (strncmp(p->node, community, len) != 0 || p->node[len] != '/')
            continue;
        all++;
        up += p->up;
        followed |= p->followed;
        if (p->up)
            safe_put(out, "%s %s", up > 1 ? "," : "; up:", p->node);
    }
    if (all == 0)
        safe_put(out, "; no node of it is in the roster to be asked");
    else if (up == 0)
        safe_put(out, "; none of its nodes is up");
    if (all > 0)
        safe_put(out, followed ? "; followed here" : "; not followed here");
}

void
trace_how(const struct trace *trace, const struct trace_edge *edge,
          const struct view_peers *peers, struct cim_buf *out)
{
    const struct trace_node *to = &trace->nodes[edge->to];

    if (edge->how == LEDGER_CLAIMED || to->kind != TRACE_WANTED)
        safe_put(out, "%s", ledger_how_text(edge->how));
    else if (to->event.name.community[0] != '\0')
        trace_where(to->event.name.community, peers, out);
    else
        safe_put(out, "unresolved");
}

/* ---- the tree -----------------------------------------------------------*/

struct tree {
    const struct trace *trace;
    const struct view_peers *peers;
    struct cim_buf *out;
    bool *shown; /* owned, a node each */
};

static void
put_buf(struct cim_buf *out, const char *before, const struct cim_buf *text)
{
    if (text->len == 0)
        return;
    cim_buf_add_str(out, before);
    safe_add(out, cim_buf_bytes(text));
}

/* "artifact odl-1.2.0 AUTORELEASE=SUCCESS", "PROMOTED=SUCCESS of opnfv-1" */
static void
put_what(const struct trace_node *n, struct cim_buf *out)
{
    if (n->kind == TRACE_WANTED) {
        put_buf(out, "'", &n->event.title);
        safe_put(out, n->event.title.len > 0 ? "'" : "an event");
        return;
    }
    if (n->kind == TRACE_STAMP) {
        safe_put(out, "stamp %s", n->levels);
        put_buf(out, " on ",
                n->event.title.len > 0 ? &n->event.title : &n->event.url);
        return;
    }
    safe_put(out, "%s", trace_kind_text(n->kind));
    put_buf(out, " ",
            n->event.title.len > 0 ? &n->event.title : &n->event.topic);
    if (n->levels[0] != '\0')
        safe_put(out, " %s", n->levels);
}

static void
put_name(const struct trace_node *n, struct cim_buf *out)
{
    char name[TRACE_NAME_LEN + 1];

    if (n->event.name.community[0] == '\0')
        return;
    trace_name_text(&n->event.name, name);
    safe_put(out, "  %s", name);
}

static void
put_edge(const struct tree *tree, const struct trace_edge *edge)
{
    static const char *const words[] = {"consists of ", "part of ",   "", "",
                                        "because of ",  "instead of "};
    const struct trace_node *to = &tree->trace->nodes[edge->to];
    struct cim_buf *out = tree->out;

    if (edge->rel == TRACE_STAMPED_BY) {
        safe_put(out, "%s %s, said by %s", edge->level,
                 ledger_state_text(edge->state), to->event.name.community);
        if (to->rule[0] != '\0')
            safe_put(out, " by its rule %s", to->rule);
    } else {
        cim_buf_add_str(out, words[edge->rel]);
        put_what(to, out);
    }
    cim_buf_add_str(out, " (");
    trace_how(tree->trace, edge, tree->peers, out);
    cim_buf_add_str(out, ")");
    put_name(to, out);
}

static bool
has_more(const struct trace *trace, size_t node)
{
    for (size_t i = 0; i < trace->n_edges; i++)
        if (trace->edges[i].from == node)
            return true;
    return false;
}

static void put_node(const struct tree *tree, size_t node, unsigned indent);

/* Below a line: where it is to be had, and what hangs on it. */
static void
put_below(const struct tree *tree, size_t node, unsigned indent)
{
    static const enum trace_rel order[] = {TRACE_STAMPED_BY, TRACE_STAMPS,
                                           TRACE_PART_OF,    TRACE_MEMBER,
                                           TRACE_CAUSE,      TRACE_SUPERSEDES};
    const struct trace *t = tree->trace;
    const struct trace_node *n = &t->nodes[node];

    if (n->kind != TRACE_STAMP && n->event.url.len > 0) {
        safe_put(tree->out, "%*s", (int)indent, "");
        put_buf(tree->out, "", &n->event.url);
        safe_put(tree->out, "\n");
    }
    for (size_t k = 0; k < sizeof order / sizeof *order; k++)
        for (size_t i = 0; i < t->n_edges; i++) {
            if (t->edges[i].from != node || t->edges[i].rel != order[k])
                continue;
            safe_put(tree->out, "%*s", (int)indent, "");
            put_edge(tree, &t->edges[i]);
            put_node(tree, t->edges[i].to, indent);
        }
    if (n->cut)
        safe_put(tree->out, "%*s... more of it is not shown\n", (int)indent,
                 "");
}

/* The rest of a node's line and what is below it, where it is met first. */
static void
put_node(const struct tree *tree, size_t node, unsigned indent)
{
    if (!tree->shown[node]) {
        tree->shown[node] = true;
        safe_put(tree->out, "\n");
        put_below(tree, node, indent + 4);
        return;
    }
    safe_put(tree->out, has_more(tree->trace, node) ? ", shown above\n" : "\n");
}

static void
put_cuts(const struct trace *trace, const char *before, struct cim_buf *out)
{
    if (trace->cut_depth)
        safe_put(out,
                 "%scut at depth %u: there is more, --depth shows up to "
                 "%d steps\n",
                 before, trace->depth, TRACE_DEPTH_MAX);
    if (trace->cut)
        safe_put(out,
                 "%scut: a graph shows at most %d events and %d edges; "
                 "start closer to what is wanted\n",
                 before, TRACE_NODES_MAX, TRACE_EDGES_MAX);
}

void
trace_tree(const struct trace *trace, const struct view_peers *peers,
           struct cim_buf *out)
{
    struct tree tree = {.trace = trace, .peers = peers, .out = out};

    tree.shown = xcalloc(trace->n_nodes, sizeof *tree.shown);
    put_what(&trace->nodes[0], out);
    if (trace->nodes[0].rule[0] != '\0')
        safe_put(out, ", by the rule %s", trace->nodes[0].rule);
    put_name(&trace->nodes[0], out);
    put_node(&tree, 0, 0);
    put_cuts(trace, "", out);
    free(tree.shown);
}

/* ---- the digraph --------------------------------------------------------*/

/* As a string of DOT: quotes and backslashes escaped. */
static void
put_quoted(struct cim_buf *out, const struct cim_buf *text)
{
    for (size_t i = 0; i < text->len; i++) {
        if (text->p[i] == '"' || text->p[i] == '\\')
            cim_buf_add_u8(out, '\\');
        cim_buf_add_u8(out, text->p[i]);
    }
}

static void
dot_node(const struct trace *trace, size_t i, struct cim_buf *out)
{
    static const char *const shapes[] = {"box", "folder", "note", "oval",
                                         "plaintext"};
    const struct trace_node *n = &trace->nodes[i];
    struct cim_buf label = {0};

    put_what(n, &label);
    put_name(n, &label);
    safe_put(out, "    n%zu [shape=%s, label=\"", i, shapes[n->kind]);
    put_quoted(out, &label);
    safe_put(out, "\"];\n");
    cim_buf_clear(&label);
}

static void
dot_edge(const struct trace *trace, const struct trace_edge *edge,
         const struct view_peers *peers, struct cim_buf *out)
{
    struct cim_buf label = {0};

    if (edge->rel == TRACE_STAMPED_BY)
        safe_put(&label, "%s %s, ", edge->level,
                 ledger_state_text(edge->state));
    else
        safe_put(&label, "%s, ", trace_rel_text(edge->rel));
    trace_how(trace, edge, peers, &label);
    safe_put(out, "    n%zu -> n%zu [label=\"", edge->from, edge->to);
    put_quoted(out, &label);
    safe_put(out, "\"];\n");
    cim_buf_clear(&label);
}

void
trace_dot(const struct trace *trace, const struct view_peers *peers,
          struct cim_buf *out)
{
    safe_put(out, "digraph trace {\n    rankdir=LR;\n");
    put_cuts(trace, "    // ", out);
    for (size_t i = 0; i < trace->n_nodes; i++)
        dot_node(trace, i, out);
    for (size_t i = 0; i < trace->n_edges; i++)
        dot_edge(trace, &trace->edges[i], peers, out);
    safe_put(out, "}\n");
}

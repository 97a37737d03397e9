/* SPDX-License-Identifier: MPL-2.0 */
/*
 * trace - from an artifact to the baselines it is in, who stamped them and
 * what was promoted for it, and back; over communities.
 *
 * A graph of events and of what they say about each other, walked from one of
 * them over the ledger. Down leads to what something is made of, up to what
 * it is part of; who stamped a subject is shown on both ways, and why he did.
 * What is named and not held stays in the graph, as wanted and where to find
 * it. Nothing is walked twice, so circles end; depth and size are bounded,
 * and the graph says when it was cut.
 */
#ifndef CIM_NODE_TRACE_H
#define CIM_NODE_TRACE_H

#include "node/ledger.h"
#include "node/view.h"

#define TRACE_DEPTH_MAX 16   /* steps from one subject to the next */
#define TRACE_NODES_MAX 512  /* events in one graph */
#define TRACE_EDGES_MAX 4096 /* ... and what they say about each other */

enum trace_kind {
    TRACE_ARTIFACT,
    TRACE_BASELINE,
    TRACE_STAMP, /* ConfidenceLevelModified */
    TRACE_OTHER, /* any other event */
    TRACE_WANTED /* named, and not found here; named.community "" for a text
                    that is no event's name */
};
const char *trace_kind_text(enum trace_kind kind); /* "artifact" */

/* What an edge says: FROM ... TO. */
enum trace_rel {
    TRACE_MEMBER,     /* consists of */
    TRACE_PART_OF,    /* is part of */
    TRACE_STAMPED_BY, /* is stamped by; level and state say what */
    TRACE_STAMPS,     /* stamps */
    TRACE_CAUSE,      /* was said because of */
    TRACE_SUPERSEDES
};
const char *trace_rel_text(enum trace_rel rel); /* "member", for programs */

#define TRACE_UP   1u
#define TRACE_DOWN 2u

struct trace_node {
    enum trace_kind kind;
    struct ledger_subject event; /* owned; of any kind, WANTED: title is what
                                    was wanted, as written */
    char rule[CIM_NAME_MAX + 1]; /* a promotion by this rule; "" none */
    char levels[256];            /* of an event: "A=SUCCESS,B=FAILURE" */
    bool own;                    /* levels are an artifact's own */
    unsigned depth, walked;      /* TRACE_UP, TRACE_DOWN */
    bool stamps_walked;
    bool cut; /* there is more of it */
};

struct trace_edge {
    size_t from, to; /* of nodes */
    enum trace_rel rel;
    enum ledger_how how;
    char level[CIM_LEVEL_MAX + 1]; /* STAMPED_BY */
    enum ledger_state state;
};

struct trace {
    struct trace_node *nodes; /* owned; the first is where it starts */
    size_t n_nodes, cap_nodes;
    struct trace_edge *edges; /* owned; those of one node in their order */
    size_t n_edges, cap_edges;
    bool cut;       /* more events or edges than a graph may have */
    bool cut_depth; /* deeper than asked for */
    unsigned depth; /* asked for */
};
void trace_clear(struct trace *trace);

/* Whom a text means. */
struct trace_start {
    bool subject;                      /* else any other event */
    struct ledger_name name;           /* found */
    bool ambiguous;                    /* several communities have one */
    char others[CIM_NAME_MAX * 4 + 8]; /* ... these, "odl, onap" */
};

/*
 * By COMMUNITY:ID, ID, URL or NAME; the newest of a community.
 *   baseline  only baselines will do
 * Errors: CIM_ENOENT (nothing here is called so), CIM_EIO.
 */
CIM_MUST enum cim_err trace_find(struct store_reader *reader, const char *text,
                                 bool baseline, struct trace_start *out);

/*
 * The graph from there. directions: TRACE_UP, TRACE_DOWN or both; depth
 * 1..TRACE_DEPTH_MAX. Errors: CIM_ENOENT, CIM_EIO; out is cleared by the
 * caller in any case.
 */
CIM_MUST enum cim_err trace_walk(struct store_reader *reader,
                                 const struct trace_start *start,
                                 unsigned directions, unsigned depth,
                                 struct trace *out);

/* COMMUNITY:ID; false for any other text. */
bool trace_name(const char *text, struct ledger_name *out);
/* "odl:019a..." */
#define TRACE_NAME_LEN (CIM_NAME_MAX + 1 + CIM_UUID_TEXT_LEN)
void trace_name_text(const struct ledger_name *name,
                     char out[static TRACE_NAME_LEN + 1]);

/* to is overwritten, and owned. */
void trace_subject_copy(struct ledger_subject *to,
                        const struct ledger_subject *from);

/* How an edge found its end: "linked", "by name", or where to look for what is
 * not here: "not here: odl has it; we do not follow odl; odl/ci-1 is up". */
void trace_how(const struct trace *trace, const struct trace_edge *edge,
               const struct view_peers *peers, struct cim_buf *out);

/* ... of events of this community. */
void trace_where(const char *community, const struct view_peers *peers,
                 struct cim_buf *out);

/* For people: an indented tree. For Graphviz: a digraph. */
void trace_tree(const struct trace *trace, const struct view_peers *peers,
                struct cim_buf *out);
void trace_dot(const struct trace *trace, const struct view_peers *peers,
               struct cim_buf *out);

#endif

/* SPDX-License-Identifier: MPL-2.0 */
/* GET /v1/trace/WHAT: the graph around an event, as JSON, as a tree for
 * people (text/plain) or for Graphviz (text/vnd.graphviz). */
#include <jansson.h>

#include "node/http_json.h"
#include "node/http_private.h"

static json_t *
node_json(const struct trace_node *n)
{
    json_t *object = json_object();
    char name[TRACE_NAME_LEN + 1];

    http_json_text(object, "kind", trace_kind_text(n->kind));
    if (n->event.name.community[0] != '\0') {
        trace_name_text(&n->event.name, name);
        http_json_text(object, "event", name);
        http_json_text(object, "community", n->event.name.community);
    }
    http_json_set(object, "here", json_boolean(n->kind != TRACE_WANTED));
    http_json_buf(object, n->kind == TRACE_WANTED ? "wanted" : "name",
                  &n->event.title);
    if (n->kind != TRACE_WANTED) {
        http_json_buf(object, "topic", &n->event.topic);
        http_json_buf(object, "url", &n->event.url);
        http_json_time(object, "time", n->event.at.time_ms);
        http_json_text(object, "levels", n->levels);
    }
    if (n->rule[0] != '\0')
        http_json_text(object, "rule", n->rule);
    if (n->cut)
        http_json_set(object, "cut", json_true());
    return object;
}

static json_t *
edge_json(const struct trace *trace, const struct trace_edge *edge,
          const struct view_peers *peers)
{
    json_t *object = json_object();
    struct cim_buf how = {0};

    trace_how(trace, edge, peers, &how);
    http_json_int(object, "from", edge->from);
    http_json_int(object, "to", edge->to);
    http_json_text(object, "rel", trace_rel_text(edge->rel));
    http_json_buf(object, "how", &how);
    if (edge->rel == TRACE_STAMPED_BY) {
        http_json_text(object, "level", edge->level);
        http_json_text(object, "state", ledger_state_text(edge->state));
    }
    cim_buf_clear(&how);
    return object;
}

static json_t *
trace_json(const struct trace *trace, const struct view_peers *peers)
{
    json_t *object = json_object(), *nodes = json_array(),
           *edges = json_array();

    for (size_t i = 0; i < trace->n_nodes; i++)
        http_json_add(nodes, node_json(&trace->nodes[i]));
    for (size_t i = 0; i < trace->n_edges; i++)
        http_json_add(edges, edge_json(trace, &trace->edges[i], peers));
    http_json_set(object, "nodes", nodes);
    http_json_set(object, "edges", edges);
    http_json_int(object, "depth", trace->depth);
    http_json_set(object, "cut", json_boolean(trace->cut || trace->cut_depth));
    return object;
}

static void
reply(struct http_request *request, const struct trace *trace)
{
    const struct view_peers *peers = &request->answer->peers;
    struct cim_buf buf = {0};
    const char *type = "application/json";

    if (http_wants(request, "text/vnd.graphviz")) {
        type = "text/vnd.graphviz";
        trace_dot(trace, peers, &buf);
    } else if (http_wants(request, "text/plain")) {
        type = "text/plain; charset=utf-8";
        trace_tree(trace, peers, &buf);
    } else {
        http_json_put(&buf, trace_json(trace, peers));
    }
    if (http_hold(request, buf.cap_now)) {
        http_reply(request, 200, type, &buf, NULL);
        return;
    }
    cim_buf_clear(&buf);
    http_reply_problem(request, request->problem);
}

void
http_trace(struct http_request *request)
{
    const struct http_params *params = &request->params;
    unsigned directions =
        (params->up ? TRACE_UP : 0) | (params->down ? TRACE_DOWN : 0);
    struct trace_start start;
    struct trace trace = {0};

    if (!http_has_reader(request) || !http_has_answer(request, API_PEERS) ||
        !http_ledger_ready(request) ||
        !http_find_start(request, request->rest, false, &request->answer->peers,
                         &start))
        return;
    enum cim_err err =
        trace_walk(request->http->reader, &start,
                   directions != 0 ? directions : TRACE_UP | TRACE_DOWN,
                   params->depth > 0 ? params->depth : TRACE_DEPTH_MAX, &trace);
    if (err == CIM_OK)
        reply(request, &trace);
    else
        http_refuse_read(request);
    trace_clear(&trace);
}

/* SPDX-License-Identifier: MPL-2.0 */
/* What the loop knows, as JSON or for people, and what else it is asked. */
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "node/http_json.h"
#include "node/http_private.h"

void
http_view_status(const struct view_status *v, struct cim_buf *out)
{
    json_t *status = json_object(), *peers = json_object();
    json_t *refused = json_object(), *warnings = json_array();

    http_json_text(status, "node", v->node);
    http_json_int(status, "epoch", v->epoch);
    http_json_int(status, "seq", v->seq);
    http_json_int(status, "stored", v->stored);
    http_json_set(status, "ready", json_boolean(v->ready));
    http_json_text(status, "storage", v->storage);
    http_json_text(status, "publishing", v->publishing);
    http_json_int(peers, "up", v->peers_up);
    http_json_int(peers, "all", v->peers_all);
    http_json_set(status, "peers", peers);
    http_json_int(status, "gaps", v->gaps);
    http_json_int(status, "overdue", v->overdue);
    http_json_set(status, "twoWriters", json_boolean(v->two_writers));
    for (size_t i = 0; i < v->n_refused; i++)
        http_json_int(refused, v->refused[i].reason, v->refused[i].n);
    http_json_set(status, "refused", refused);
    http_json_time(status, "startedAt", v->started_ms);
    for (size_t i = 0; i < v->n_warnings; i++)
        json_array_append_new(warnings, json_string(v->warnings[i]));
    http_json_set(status, "warnings", warnings);
    http_json_put(out, status);
}

static json_t *
cursors_of(const struct view_peer *p)
{
    json_t *list = json_array();
    char prefix[CIM_TOPIC_MAX + 2];

    for (size_t i = 0; i < p->n_cursors; i++) {
        json_t *cursor = json_object();
        cim_prefix_show(&p->cursors[i].prefix, prefix);
        http_json_int(cursor, "epoch", p->cursors[i].epoch);
        http_json_text(cursor, "prefix", prefix);
        http_json_int(cursor, "upto", p->cursors[i].upto);
        json_array_append_new(list, cursor);
    }
    return list;
}

static json_t *
head_of(const struct view_peer *p)
{
    json_t *head;

    if (p->head_epoch == 0)
        return json_null();
    head = json_object();
    http_json_int(head, "epoch", p->head_epoch);
    http_json_int(head, "seq", p->head_seq);
    http_json_time(head, "time", p->head_ms);
    return head;
}

/* What shows that two nodes use its key. */
static json_t *
writers_of(const struct view_peer *p)
{
    json_t *list = json_array();

    for (size_t i = 0; p->two_writers && i < 2; i++) {
        json_t *writer = json_object();
        http_json_int(writer, "epoch", p->writers[i].epoch);
        http_json_time(writer, "time", p->writers[i].time_ms);
        json_array_append_new(list, writer);
    }
    return list;
}

static json_t *
peer_of(const struct view_peer *p)
{
    json_t *peer = json_object();

    http_json_text(peer, "node", p->node);
    http_json_set(peer, "up", json_boolean(p->up));
    http_json_text(peer, "state", p->state);
    http_json_time(peer, "lastSeen", p->last_seen_ms);
    http_json_set(peer, "head", head_of(p));
    http_json_set(peer, "cursors", cursors_of(p));
    http_json_set(peer, "followed", json_boolean(p->followed));
    http_json_int(peer, "held", p->held);
    http_json_int(peer, "lag", p->lag);
    http_json_int(peer, "gaps", p->gaps);
    http_json_int(peer, "refused", p->refused);
    if (p->last_reason != NULL)
        http_json_text(peer, "lastReason", p->last_reason);
    else
        http_json_set(peer, "lastReason", json_null());
    http_json_set(peer, "twoWriters", json_boolean(p->two_writers));
    http_json_set(peer, "writers", writers_of(p));
    http_json_set(peer, "equivocation", json_boolean(p->equivocation));
    return peer;
}

void
http_view_peers(const struct view_peers *v, struct cim_buf *out)
{
    json_t *list = json_array();

    for (size_t i = 0; i < v->n; i++)
        json_array_append_new(list, peer_of(&v->v[i]));
    http_json_put(out, list);
}

void
http_view_hooks(const struct view_hooks *v, struct cim_buf *out)
{
    json_t *list = json_array();
    char prefix[CIM_TOPIC_MAX + 2];

    for (size_t i = 0; i < v->n; i++) {
        const struct view_hook *h = &v->v[i];
        json_t *hook = json_object();
        cim_prefix_show(&h->prefix, prefix);
        http_json_text(hook, "name", h->name);
        http_json_text(hook, "topic", prefix);
        http_json_text(hook, "exec", h->exec);
        http_json_int(hook, "cursor", h->cursor);
        http_json_int(hook, "waiting", h->waiting);
        http_json_set(hook, "running", json_boolean(h->running));
        http_json_int(hook, "attempt", h->attempt);
        if (h->event[0] != '\0')
            http_json_text(hook, "event", h->event);
        else
            http_json_set(hook, "event", json_null());
        http_json_time(hook, "retryAt", h->retry_ms);
        json_array_append_new(list, hook);
    }
    http_json_put(out, list);
}

void
http_view_run(const struct store_run *run, struct cim_buf *out)
{
    static const char *const states[] = {"started", "ok", "failed"};
    json_t *object = json_object();

    http_json_text(object, "hook", run->hook);
    http_json_text(object, "event", run->event);
    http_json_int(object, "arrival", run->arrival);
    http_json_int(object, "attempt", run->attempt);
    http_json_text(object, "state", states[run->state]);
    http_json_set(object, "status", json_integer(run->status));
    http_json_time(object, "startedAt", run->started_ms);
    http_json_time(object, "endedAt", run->ended_ms);
    http_json_text(object, "output", run->output);
    http_json_put(out, object);
}

/* ---- the routes */

static void
reply_view(struct http_request *request, bool text, struct cim_buf *buf)
{
    http_reply(request, 200,
               text ? "text/plain; charset=utf-8" : "application/json", buf,
               NULL);
}

bool
http_has_answer(struct http_request *request, enum api_kind kind)
{
    if (request->answer != NULL)
        return true;
    http_ask(request, api_call_new(kind), HTTP_ASK_MS);
    return false;
}

void
http_status(struct http_request *request)
{
    bool text = http_wants(request, "text/plain");
    struct cim_buf buf = {0};

    if (!http_has_answer(request, API_STATUS))
        return;
    (text ? http_text_status : http_view_status)(&request->answer->status,
                                                 &buf);
    reply_view(request, text, &buf);
}

void
http_check(struct http_request *request)
{
    struct cim_buf buf = {0};

    if (!http_has_answer(request, API_STATUS))
        return;
    http_text_check(&request->answer->status, &buf);
    reply_view(request, true, &buf);
}

void
http_peers(struct http_request *request)
{
    bool text = http_wants(request, "text/plain");
    struct cim_buf buf = {0};

    if (!http_has_answer(request, API_PEERS))
        return;
    (text ? http_text_peers : http_view_peers)(&request->answer->peers, &buf);
    reply_view(request, text, &buf);
}

void
http_hooks(struct http_request *request)
{
    bool text = http_wants(request, "text/plain");
    struct cim_buf buf = {0};

    if (!http_has_answer(request, API_HOOKS))
        return;
    (text ? http_text_hooks : http_view_hooks)(&request->answer->hooks, &buf);
    reply_view(request, text, &buf);
}

struct runs {
    struct cim_buf buf;
    bool text;
};

static void
add_run(void *ctx, const struct store_run *run)
{
    struct runs *runs = ctx;

    (runs->text ? http_text_run : http_view_run)(run, &runs->buf);
}

void
http_runs(struct http_request *request)
{
    const struct http_params *params = &request->params;
    struct runs runs = {.text = http_wants(request, "text/plain")};
    enum cim_err err = CIM_EIO;

    if (request->http->reader != NULL)
        err = store_runs(request->http->reader,
                         params->hook[0] != '\0' ? params->hook : NULL,
                         params->limit ? params->limit : 20, add_run, &runs);
    if (err == CIM_OK) {
        if (runs.text && runs.buf.len == 0)
            cim_buf_add_str(&runs.buf, "no runs yet\n");
        reply_view(request, runs.text, &runs.buf);
        return;
    }
    cim_buf_clear(&runs.buf);
    http_refuse(request, 500, "io", "the store cannot be read",
                "'cimesh status' and the node's log say more");
}

void
http_reload(struct http_request *request)
{
    struct api_call *call = request->answer;
    char refused[24];
    struct http_header headers[2] = {{NULL, NULL}, {NULL, NULL}};

    if (!http_has_answer(request, API_RELOAD))
        return;
    if (call->err == CIM_OK) {
        snprintf(refused, sizeof refused, "%zu", call->refused);
        if (call->refused > 0)
            headers[0] = (struct http_header){"Cimesh-Refused", refused};
        http_reply(request, 200, "text/plain; charset=utf-8", &call->text,
                   headers);
        return;
    }
    http_refuse(request, 422, "configuration",
                call->diag.text[0] != '\0' ? call->diag.text
                                           : cim_err_text(call->err),
                "nothing was changed; repair it and reload again");
}

/* Rot that was found by `cimesh fsck`; what is whole is left as it is. */
void
http_aside(struct http_request *request)
{
    const struct http_params *params = &request->params;

    if (request->answer != NULL) {
        http_reply_text(request, 202, "it is looked at again\n");
        return;
    }
    struct api_call *call = api_call_new(API_ASIDE);
    call->rotten_log = params->log;
    call->rotten_seq = params->seq;
    call->rotten_arrival = params->arrival;
    http_ask(request, call, HTTP_ASK_MS);
}

/* The loop turns when it answers. */
void
http_livez(struct http_request *request)
{
    if (http_has_answer(request, API_STATUS))
        http_reply_text(request, 200,
                        request->params.verbose ? "[+]loop ok\nlivez passed\n"
                                                : "ok\n");
}

void
http_readyz(struct http_request *request)
{
    const struct http *http = request->http;
    char text[256];

    if (http->ready)
        snprintf(text, sizeof text, "%s",
                 request->params.verbose ? "[+]ready ok\nreadyz passed\n"
                                         : "ok\n");
    else if (request->params.verbose)
        snprintf(text, sizeof text, "[-]ready failed: %s\nreadyz failed\n",
                 http->why_not);
    else
        snprintf(text, sizeof text, "not ready: %s\n", http->why_not);
    http_reply_text(request, http->ready ? 200 : 503, text);
}

/* SPDX-License-Identifier: MPL-2.0 */
/* What the loop knows, as JSON or for people, and what else it is asked. */
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "node/http_private.h"
#include "node/mem.h"

static void
set(json_t *object, const char *key, json_t *value)
{
    if (json_object_set_new(object, key, value) != 0)
        mem_fail();
}

static void
set_int(json_t *object, const char *key, uint64_t n)
{
    set(object, key, json_integer((json_int_t)n));
}

/* Text that is not valid UTF-8 becomes null. */
static void
set_text(json_t *object, const char *key, const char *text)
{
    json_t *value = json_string(text);

    set(object, key, value != NULL ? value : json_null());
}

/* null for 0: never, none. */
static void
set_time(json_t *object, const char *key, int64_t ms)
{
    char text[CIM_TIME_TEXT_LEN + 1];

    if (ms <= 0) {
        set(object, key, json_null());
        return;
    }
    cim_time_text(ms, text);
    set_text(object, key, text);
}

static void
put(struct cim_buf *out, json_t *value)
{
    char *text = json_dumps(value, JSON_COMPACT);

    if (text == NULL)
        mem_fail();
    cim_buf_add_str(out, text);
    cim_buf_add_u8(out, '\n');
    free(text);
    json_decref(value);
}

void
http_view_status(const struct view_status *v, struct cim_buf *out)
{
    json_t *status = json_object(), *peers = json_object();
    json_t *refused = json_object(), *warnings = json_array();

    set_text(status, "node", v->node);
    set_int(status, "epoch", v->epoch);
    set_int(status, "seq", v->seq);
    set_int(status, "stored", v->stored);
    set(status, "ready", json_boolean(v->ready));
    set_text(status, "storage", v->storage);
    set_text(status, "publishing", v->publishing);
    set_int(peers, "up", v->peers_up);
    set_int(peers, "all", v->peers_all);
    set(status, "peers", peers);
    set_int(status, "gaps", v->gaps);
    set(status, "twoWriters", json_boolean(v->two_writers));
    for (size_t i = 0; i < v->n_refused; i++)
        set_int(refused, v->refused[i].reason, v->refused[i].n);
    set(status, "refused", refused);
    set_time(status, "startedAt", v->started_ms);
    for (size_t i = 0; i < v->n_warnings; i++)
        json_array_append_new(warnings, json_string(v->warnings[i]));
    set(status, "warnings", warnings);
    put(out, status);
}

static json_t *
cursors_of(const struct view_peer *p)
{
    json_t *list = json_array();
    char prefix[CIM_TOPIC_MAX + 2];

    for (size_t i = 0; i < p->n_cursors; i++) {
        json_t *cursor = json_object();
        cim_prefix_show(&p->cursors[i].prefix, prefix);
        set_int(cursor, "epoch", p->cursors[i].epoch);
        set_text(cursor, "prefix", prefix);
        set_int(cursor, "upto", p->cursors[i].upto);
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
    set_int(head, "epoch", p->head_epoch);
    set_int(head, "seq", p->head_seq);
    set_time(head, "time", p->head_ms);
    return head;
}

/* What shows that two nodes use its key. */
static json_t *
writers_of(const struct view_peer *p)
{
    json_t *list = json_array();

    for (size_t i = 0; p->two_writers && i < 2; i++) {
        json_t *writer = json_object();
        set_int(writer, "epoch", p->writers[i].epoch);
        set_time(writer, "time", p->writers[i].time_ms);
        json_array_append_new(list, writer);
    }
    return list;
}

static json_t *
peer_of(const struct view_peer *p)
{
    json_t *peer = json_object();

    set_text(peer, "node", p->node);
    set(peer, "up", json_boolean(p->up));
    set_text(peer, "state", p->state);
    set_time(peer, "lastSeen", p->last_seen_ms);
    set(peer, "head", head_of(p));
    set(peer, "cursors", cursors_of(p));
    set_int(peer, "held", p->held);
    set_int(peer, "lag", p->lag);
    set_int(peer, "gaps", p->gaps);
    set_int(peer, "refused", p->refused);
    if (p->last_reason != NULL)
        set_text(peer, "lastReason", p->last_reason);
    else
        set(peer, "lastReason", json_null());
    set(peer, "twoWriters", json_boolean(p->two_writers));
    set(peer, "writers", writers_of(p));
    set(peer, "equivocation", json_boolean(p->equivocation));
    return peer;
}

void
http_view_peers(const struct view_peers *v, struct cim_buf *out)
{
    json_t *list = json_array();

    for (size_t i = 0; i < v->n; i++)
        json_array_append_new(list, peer_of(&v->v[i]));
    put(out, list);
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
        set_text(hook, "name", h->name);
        set_text(hook, "topic", prefix);
        set_text(hook, "exec", h->exec);
        set_int(hook, "cursor", h->cursor);
        set_int(hook, "waiting", h->waiting);
        set(hook, "running", json_boolean(h->running));
        set_int(hook, "attempt", h->attempt);
        if (h->event[0] != '\0')
            set_text(hook, "event", h->event);
        else
            set(hook, "event", json_null());
        set_time(hook, "retryAt", h->retry_ms);
        json_array_append_new(list, hook);
    }
    put(out, list);
}

void
http_view_run(const struct store_run *run, struct cim_buf *out)
{
    static const char *const states[] = {"started", "ok", "failed"};
    json_t *object = json_object();

    set_text(object, "hook", run->hook);
    set_text(object, "event", run->event);
    set_int(object, "arrival", run->arrival);
    set_int(object, "attempt", run->attempt);
    set_text(object, "state", states[run->state]);
    set(object, "status", json_integer(run->status));
    set_time(object, "startedAt", run->started_ms);
    set_time(object, "endedAt", run->ended_ms);
    set_text(object, "output", run->output);
    put(out, object);
}

/* ---- the routes */

static void
reply_view(struct http_request *request, bool text, struct cim_buf *buf)
{
    http_reply(request, 200,
               text ? "text/plain; charset=utf-8" : "application/json", buf,
               NULL);
}

/* False: asked now, the answer comes later. */
static bool
has_answer(struct http_request *request, enum api_kind kind)
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

    if (!has_answer(request, API_STATUS))
        return;
    (text ? http_text_status : http_view_status)(&request->answer->status,
                                                 &buf);
    reply_view(request, text, &buf);
}

void
http_check(struct http_request *request)
{
    struct cim_buf buf = {0};

    if (!has_answer(request, API_STATUS))
        return;
    http_text_check(&request->answer->status, &buf);
    reply_view(request, true, &buf);
}

void
http_peers(struct http_request *request)
{
    bool text = http_wants(request, "text/plain");
    struct cim_buf buf = {0};

    if (!has_answer(request, API_PEERS))
        return;
    (text ? http_text_peers : http_view_peers)(&request->answer->peers, &buf);
    reply_view(request, text, &buf);
}

void
http_hooks(struct http_request *request)
{
    bool text = http_wants(request, "text/plain");
    struct cim_buf buf = {0};

    if (!has_answer(request, API_HOOKS))
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

    if (!has_answer(request, API_RELOAD))
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
    if (has_answer(request, API_STATUS))
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

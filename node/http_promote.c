/* SPDX-License-Identifier: MPL-2.0 */
/* GET /v1/promote, /v1/promote/explain/SUBJECT, /v1/promote/dry-run/RULE:
 * asked of the judge by way of the loop, as JSON or for people. */
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "node/http_json.h"
#include "node/http_private.h"
#include "node/mem.h"
#include "node/suggest.h"

#define DRY_STEP   200 /* verdicts of a dry run in one answer */
#define LIST_LEAST 20  /* newest subjects of each rule, unless asked */
#define TEXT_MAX   2200

/* ---- JSON ---------------------------------------------------------------*/

/* null for text that is not valid UTF-8, or empty. */
static json_t *
text_json(const char *text)
{
    json_t *value = *text ? json_string(text) : NULL;

    return value != NULL ? value : json_null();
}

static json_t *
name_json(const struct ledger_name *name)
{
    char id[CIM_UUID_TEXT_LEN + 1], text[sizeof name->community + sizeof id];

    cim_uuid_text(&name->id, id);
    snprintf(text, sizeof text, "%s:%s", name->community, id);
    return json_string(text);
}

static const char *
kind_text(enum ledger_kind kind)
{
    return kind == LEDGER_ARTIFACT ? "ArtifactCreated" : "BaselineDefined";
}

static json_t *
want_json(const struct view_want *w)
{
    static const char *const words[] = {"waits", "holds", "against", "stale"};
    bool said = w->waived || w->state != LEDGER_MISSING;
    json_t *object = json_object();

    http_json_set(object, "need", json_string(w->need));
    http_json_set(object, "member",
                  w->member ? name_json(&w->of) : json_null());
    http_json_set(object, "community", json_string(w->community));
    http_json_set(object, "level", json_string(w->level));
    http_json_set(object, "state", json_string(ledger_state_text(w->state)));
    http_json_set(object, "standing", json_string(words[w->word]));
    http_json_set(object, "waived", json_boolean(w->waived));
    http_json_set(object, "event", said ? name_json(&w->by) : json_null());
    return object;
}

static json_t *
decision_json(const struct view_verdict *v)
{
    json_t *object;

    if (v->decided == PROMOTE_OPEN)
        return json_null();
    object = json_object();
    http_json_set(object, "outcome",
                  json_string(promote_outcome_text(v->decided)));
    http_json_set(object, "event", name_json(&v->decision.by));
    http_json_time(object, "at", v->decision.at.time_ms);
    return object;
}

static json_t *
verdict_json(const struct view_verdict *v, bool whole)
{
    json_t *object = json_object(), *wants = json_array();
    json_t *reasons = json_array();

    http_json_set(object, "rule", json_string(v->rule));
    http_json_set(object, "level", json_string(v->level));
    http_json_set(object, "subject", name_json(&v->subject));
    http_json_set(object, "eventType", json_string(kind_text(v->kind)));
    http_json_set(object, "name", text_json(v->title));
    http_json_set(object, "url", text_json(v->url));
    http_json_time(object, "definedAt", v->defined_ms);
    http_json_set(
        object, "outcome",
        json_string(v->expired ? "expired" : promote_outcome_text(v->outcome)));
    http_json_set(object, "overdue", json_boolean(v->overdue));
    http_json_set(object, "decision", decision_json(v));
    http_json_set(object, "due", json_boolean(v->due == PROMOTE_DUE));
    for (size_t i = 0; i < v->n_wants; i++)
        http_json_add(wants, want_json(&v->wants[i]));
    for (size_t i = 0; i < v->n_reasons; i++)
        http_json_add(reasons, text_json(v->reasons[i]));
    http_json_set(object, "reasons", reasons);
    if (whole) {
        http_json_set(object, "requirements", wants);
        http_json_set(object, "mayWaive", text_json(v->may_waive));
    } else {
        json_decref(wants);
    }
    return object;
}

static json_t *
rule_json(const struct view_promote *view, const struct view_rule *rule)
{
    json_t *object = json_object(), *subjects = json_array();

    http_json_set(object, "rule", json_string(rule->name));
    http_json_set(object, "eventType", json_string(kind_text(rule->kind)));
    http_json_set(object, "level", json_string(rule->level));
    http_json_set(object, "fresh", json_integer(rule->fresh_ms / 1000));
    http_json_set(object, "within", json_integer(rule->within_ms / 1000));
    http_json_set(object, "waiting", json_integer((json_int_t)rule->waiting));
    http_json_set(object, "overdue", json_integer((json_int_t)rule->overdue));
    for (size_t i = 0; i < view->n; i++)
        if (strcmp(view->v[i].rule, rule->name) == 0)
            http_json_add(subjects, verdict_json(&view->v[i], false));
    http_json_set(object, "subjects", subjects);
    return object;
}

static void
write_json(const struct view_promote *view, struct cim_buf *out)
{
    json_t *list = json_array();

    if (view->what == VIEW_PROMOTE_DRY_RUN) {
        json_decref(list);
        for (size_t i = 0; i < view->n; i++)
            http_json_put(out, verdict_json(&view->v[i], true));
        return;
    }
    if (view->what == VIEW_PROMOTE_LIST)
        for (size_t i = 0; i < view->n_rules; i++)
            http_json_add(list, rule_json(view, &view->rules[i]));
    else
        for (size_t i = 0; i < view->n; i++)
            http_json_add(list, verdict_json(&view->v[i], true));
    http_json_put(out, list);
}

/* ---- refusals -----------------------------------------------------------*/

static void
refuse_rule(struct http_request *request, const struct view_promote *view)
{
    struct http_problem *p = http_problem_set(request, 404, "absent");
    const char **names = xcalloc(view->n_rules + 1, sizeof *names);
    const char *near;

    for (size_t i = 0; i < view->n_rules; i++)
        names[i] = view->rules[i].name;
    near = suggest(view->rule, names);
    cim_diag_set(&p->detail, "there is no rule '%s' here", view->rule);
    if (near != NULL)
        cim_diag_set(&p->hint, "did you mean '%s'?", near);
    else
        cim_diag_set(&p->hint, "'cimesh promote list' shows them; they stand "
                               "in cimesh.zpl under `promote`");
    free(names);
    http_reply_problem(request, p);
}

static void
refuse_subject(struct http_request *request, const struct view_promote *view)
{
    struct http_problem *p = http_problem_set(request, 404, "absent");

    cim_diag_set(&p->detail, "this node has no artifact or baseline '%.80s'%s",
                 view->text,
                 view->building ? " yet; the ledger is still being built" : "");
    cim_diag_set(&p->hint, "name it by COMMUNITY:ID, ID, URL or name; 'cimesh "
                           "log' lists what is here");
    http_reply_problem(request, p);
}

/* ---- replies ------------------------------------------------------------*/

static void
reply(struct http_request *request, const struct view_promote *view)
{
    bool text = http_wants(request, "text/plain");
    bool lines = view->what == VIEW_PROMOTE_DRY_RUN;
    struct cim_buf buf = {0};
    char next[24];

    (text ? http_text_promote : write_json)(view, &buf);
    snprintf(next, sizeof next, "%llu", (unsigned long long)view->scanned);
    struct http_header headers[] = {{lines ? "Cimesh-Next" : NULL, next},
                                    {view->more ? "Cimesh-More" : NULL, "1"},
                                    {NULL, NULL}};
    http_reply(request, 200,
               text    ? "text/plain; charset=utf-8"
               : lines ? "application/x-ndjson"
                       : "application/json",
               &buf, headers);
}

/* The answer is here. */
static void
finish(struct http_request *request)
{
    const struct view_promote *view = &request->answer->promote;

    if (view->no_rule)
        refuse_rule(request, view);
    else if (view->err)
        http_refuse(request, 500, "io", "the store cannot be read",
                    "'cimesh status' and the node's log say more");
    else if (view->what == VIEW_PROMOTE_EXPLAIN && view->subjects == 0)
        refuse_subject(request, view);
    else
        reply(request, view);
}

static struct view_promote *
ask_of(struct api_call *call, enum view_promote_what what)
{
    call->promote.what = what;
    return &call->promote;
}

void
http_promote(struct http_request *request)
{
    struct api_call *call;

    if (request->answer != NULL) {
        finish(request);
        return;
    }
    call = api_call_new(API_PROMOTE);
    ask_of(call, VIEW_PROMOTE_LIST)->limit =
        request->params.limit ? request->params.limit : LIST_LEAST;
    http_ask(request, call, HTTP_CALL_MS);
}

void
http_promote_explain(struct http_request *request)
{
    struct view_promote *view;
    struct api_call *call;

    if (request->answer != NULL) {
        finish(request);
        return;
    }
    if (strlen(request->rest) > TEXT_MAX ||
        !cim_utf8_valid(cim_bytes_str(request->rest))) {
        http_refuse(request, 400, "subject",
                    "this can name neither an artifact nor a baseline",
                    "write COMMUNITY:ID, ID, a URL or a name");
        return;
    }
    call = api_call_new(API_PROMOTE);
    view = ask_of(call, VIEW_PROMOTE_EXPLAIN);
    view->text = xstrdup(request->rest);
    memcpy(view->rule, request->params.rule, sizeof view->rule);
    http_ask(request, call, HTTP_CALL_MS);
}

void
http_promote_dry_run(struct http_request *request)
{
    struct store_query query = {0};
    struct view_promote *view;
    struct api_call *call;

    if (request->answer != NULL) {
        finish(request);
        return;
    }
    if (!cim_name_valid(cim_bytes_str(request->rest))) {
        http_refuse(request, 400, "rule", "this cannot be the name of a rule",
                    "'cimesh promote list' shows them");
        return;
    }
    if (!http_since(request, false, &query))
        return;
    call = api_call_new(API_PROMOTE);
    view = ask_of(call, VIEW_PROMOTE_DRY_RUN);
    memcpy(view->rule, request->rest, strlen(request->rest) + 1);
    view->after = query.after;
    view->since_ms = query.since_ms;
    view->limit = DRY_STEP;
    http_ask(request, call, HTTP_CALL_MS);
}

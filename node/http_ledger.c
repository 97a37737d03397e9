/* SPDX-License-Identifier: MPL-2.0 */
/* GET /v1/ledger/SUBJECT: one artifact or baseline, what is said of it, what
 * it consists of and what it is part of. GET /v1/diff: two baselines. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "node/diff.h"
#include "node/http_json.h"
#include "node/http_private.h"
#include "node/mem.h"

#define LIST_MAX 4096 /* entries of one list */

/* ---- as JSON ------------------------------------------------------------*/

static void
set_name(json_t *object, const char *key, const struct ledger_name *name)
{
    char text[TRACE_NAME_LEN + 1];

    trace_name_text(name, text);
    http_json_text(object, key, text);
}

json_t *
http_subject_json(const struct ledger_subject *s)
{
    json_t *object = json_object();
    char id[CIM_UUID_TEXT_LEN + 1];

    cim_uuid_text(&s->name.id, id);
    set_name(object, "subject", &s->name);
    http_json_text(object, "kind",
                   s->kind == LEDGER_ARTIFACT ? "artifact" : "baseline");
    http_json_text(object, "community", s->name.community);
    http_json_text(object, "eventId", id);
    http_json_buf(object, "topic", &s->topic);
    http_json_buf(object, "name", &s->title);
    http_json_buf(object, "url", &s->url);
    http_json_buf(object, "branch", &s->branch);
    http_json_time(object, "time", s->at.time_ms);
    return object;
}

json_t *
http_stamp_json(const struct ledger_stamp *stamp)
{
    json_t *object = json_object();

    http_json_text(object, "community", stamp->by.community);
    http_json_text(object, "level", stamp->level);
    http_json_text(object, "state", ledger_state_text(stamp->state));
    http_json_text(object, "how", ledger_how_text(stamp->how));
    set_name(object, "by", &stamp->by);
    http_json_time(object, "time", stamp->at.time_ms);
    return object;
}

/* ---- whom a text means --------------------------------------------------*/

static void
refuse_absent(struct http_request *request, const char *text, bool baseline,
              const struct view_peers *peers)
{
    struct http_problem *p = http_problem_set(request, 404, "absent");
    struct ledger_name name;
    struct cim_buf where = {0};

    if (peers != NULL && trace_name(text, &name)) {
        trace_where(name.community, peers, &where);
        cim_diag_set(&p->detail, "%s is %s", text, cim_buf_cstr(&where));
        cim_diag_set(&p->hint, "'cimesh fetch %s' asks every peer for it",
                     text);
    } else {
        cim_diag_set(&p->detail, "no %s here is called '%.120s'",
                     baseline ? "baseline" : "artifact or baseline", text);
        cim_diag_set(&p->hint,
                     "give COMMUNITY:ID, a URL or a name; 'cimesh log' lists "
                     "what is here");
    }
    cim_buf_clear(&where);
    http_reply_problem(request, p);
}

bool
http_find_start(struct http_request *request, const char *text, bool baseline,
                const struct view_peers *peers, struct trace_start *out)
{
    enum cim_err err = trace_find(request->http->reader, text, baseline, out);

    if (err == CIM_ENOENT) {
        refuse_absent(request, text, baseline, peers);
        return false;
    }
    if (err != CIM_OK) {
        http_refuse_read(request);
        return false;
    }
    if (!out->ambiguous)
        return true;
    struct http_problem *p = http_problem_set(request, 409, "ambiguous");
    cim_diag_set(&p->detail, "'%.80s' is claimed by more than one: %s", text,
                 out->others);
    cim_diag_set(&p->hint, "name the one meant as COMMUNITY:ID");
    http_reply_problem(request, p);
    return false;
}

bool
http_ledger_ready(struct http_request *request)
{
    uint64_t upto = 0, last = 0;

    if (ledger_upto(request->http->reader, &upto, &last) != CIM_OK) {
        http_refuse_read(request);
        return false;
    }
    if (upto >= last)
        return true;
    struct http_problem *p = http_problem_set(request, 503, "building");
    cim_diag_set(&p->detail,
                 "the ledger is being built: it knows of %" PRIu64
                 " of %" PRIu64 " events",
                 upto, last);
    cim_diag_set(&p->hint, "try again in a moment");
    http_reply_problem(request, p);
    return false;
}

/* ---- one subject --------------------------------------------------------*/

static bool
add_stamp(void *ctx, const struct ledger_stamp *stamp)
{
    json_t *list = ctx;

    http_json_add(list, http_stamp_json(stamp));
    return json_array_size(list) < LIST_MAX;
}

static bool
add_member(void *ctx, enum ledger_how how, const char *wanted,
           const struct ledger_subject *member)
{
    json_t *list = ctx;
    bool found =
        member != NULL && how != LEDGER_ABSENT && how != LEDGER_CLAIMED;
    json_t *object = found ? http_subject_json(member) : json_object();

    http_json_text(object, "wanted", wanted);
    http_json_text(object, "how", ledger_how_text(how));
    http_json_add(list, object);
    return json_array_size(list) < LIST_MAX;
}

static bool
add_part(void *ctx, enum ledger_how how, const struct ledger_subject *baseline)
{
    json_t *list = ctx;
    json_t *object = http_subject_json(baseline);

    http_json_text(object, "how", ledger_how_text(how));
    http_json_add(list, object);
    return json_array_size(list) < LIST_MAX;
}

static enum cim_err
describe(struct store_reader *reader, const struct ledger_subject *subject,
         json_t *object)
{
    json_t *stamps = json_array(), *members = json_array(),
           *part_of = json_array();

    http_json_set(object, "stamps", stamps);
    http_json_set(object, "members", members);
    http_json_set(object, "partOf", part_of);
    enum cim_err err = ledger_stamps(reader, subject, false, add_stamp, stamps);
    if (err == CIM_OK && subject->kind == LEDGER_BASELINE)
        err = ledger_members(reader, subject, add_member, members);
    if (err == CIM_OK)
        err = ledger_part_of(reader, subject, add_part, part_of);
    return err;
}

/* The subject of a start; false: it is none, or gone, which was said. */
static bool
get_subject(struct http_request *request, const struct trace_start *start,
            struct ledger_subject *out)
{
    enum cim_err err = CIM_ENOENT;

    if (start->subject)
        err = ledger_get(request->http->reader, &start->name, out);
    if (err == CIM_ENOENT)
        http_refuse(request, 404, "absent",
                    "this event defines no artifact and no baseline",
                    "'cimesh trace' shows what it is about");
    else if (err != CIM_OK)
        http_refuse_read(request);
    return err == CIM_OK;
}

void
http_ledger(struct http_request *request)
{
    struct trace_start start;
    struct ledger_subject subject = {0};
    struct cim_buf buf = {0};

    if (!http_has_reader(request) || !http_ledger_ready(request) ||
        !http_find_start(request, request->rest, false, NULL, &start) ||
        !get_subject(request, &start, &subject))
        return;
    json_t *object = http_subject_json(&subject);
    enum cim_err err = describe(request->http->reader, &subject, object);
    http_json_put(&buf, object);
    ledger_subject_clear(&subject);
    if (err == CIM_OK) {
        http_reply(request, 200, "application/json", &buf, NULL);
        return;
    }
    cim_buf_clear(&buf);
    http_refuse_read(request);
}

/* ---- two baselines ------------------------------------------------------*/

static json_t *
item_json(const struct diff_item *item)
{
    json_t *object =
        item->is_subject ? http_subject_json(&item->subject) : json_object();

    if (!item->is_subject)
        http_json_text(object, "wanted", item->wanted);
    if (item->via[0] != '\0')
        http_json_text(object, "via", item->via);
    http_json_text(object, "how", ledger_how_text(item->how));
    return object;
}

static json_t *
stamps_json(const struct diff_stamps *stamps)
{
    json_t *list = json_array();

    for (size_t i = 0; i < stamps->n; i++) {
        json_t *object = json_object();
        http_json_text(object, "community", stamps->v[i].community);
        http_json_text(object, "level", stamps->v[i].level);
        http_json_text(object, "a", ledger_state_text(stamps->v[i].a));
        http_json_text(object, "b", ledger_state_text(stamps->v[i].b));
        http_json_add(list, object);
    }
    return list;
}

static json_t *
diff_json(const struct diff *diff)
{
    json_t *object = json_object(), *added = json_array(),
           *removed = json_array(), *changed = json_array();

    for (size_t i = 0; i < diff->a.n; i++)
        if (diff->a.v[i].fate == DIFF_ALONE)
            http_json_add(removed, item_json(&diff->a.v[i]));
    for (size_t i = 0; i < diff->b.n; i++) {
        const struct diff_item *item = &diff->b.v[i];
        if (item->fate == DIFF_ALONE) {
            http_json_add(added, item_json(item));
        } else if (item->fate == DIFF_CHANGED) {
            json_t *pair = json_object();
            http_json_set(pair, "from", item_json(&diff->a.v[item->other]));
            http_json_set(pair, "to", item_json(item));
            http_json_set(pair, "stamps", stamps_json(&item->stamps));
            http_json_add(changed, pair);
        }
    }
    http_json_set(object, "a", http_subject_json(&diff->a.baseline));
    http_json_set(object, "b", http_subject_json(&diff->b.baseline));
    http_json_set(object, "added", added);
    http_json_set(object, "removed", removed);
    http_json_set(object, "changed", changed);
    http_json_int(object, "same", diff->n_same);
    http_json_set(object, "stamps", stamps_json(&diff->stamps));
    http_json_set(object, "cut", json_boolean(diff->cut));
    return object;
}

void
http_diff(struct http_request *request)
{
    const struct http_params *params = &request->params;
    struct trace_start a, b;
    struct diff diff = {0};
    struct cim_buf buf = {0};
    bool text = http_wants(request, "text/plain");

    if (!http_has_reader(request))
        return;
    if (params->a == NULL || params->b == NULL) {
        http_refuse(request, 400, "parameter", "two baselines: a= and b=",
                    "/v1/diff?a=opnfv-1.0&b=opnfv-1.1");
        return;
    }
    if (!http_ledger_ready(request) ||
        !http_find_start(request, params->a, true, NULL, &a) ||
        !http_find_start(request, params->b, true, NULL, &b))
        return;
    enum cim_err err =
        diff_make(request->http->reader, &a.name, &b.name, &diff);
    if (err == CIM_OK && text)
        diff_text(&diff, &buf);
    else if (err == CIM_OK)
        http_json_put(&buf, diff_json(&diff));
    diff_clear(&diff);
    if (err == CIM_OK)
        http_reply(request, 200,
                   text ? "text/plain; charset=utf-8" : "application/json",
                   &buf, NULL);
    else
        http_refuse_read(request);
}

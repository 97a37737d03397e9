/* SPDX-License-Identifier: MPL-2.0 */
/*
 * GET /v1/latest: the newest artifact or baseline of which all that is asked
 * for is said. Where there is none the answer names the newest ones and what
 * each of them lacks. The header Cimesh-Next is the arrival up to which that
 * holds at least: /v1/stream?after= goes on from there.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "node/http_json.h"
#include "node/http_private.h"
#include "node/mem.h"
#include "node/safe.h"
#include "proto/json_template.h"

#define NEAR_MAX 3   /* of those that lack something, how many are named */
#define HINT_MAX 130 /* bytes: one more still fits */

/* ---- the question -------------------------------------------------------*/

static bool
bad_with(struct http_request *request, const char *with, const char *why)
{
    struct http_problem *p = http_problem_set(request, 400, "parameter");

    cim_diag_set(&p->detail, "with=%.100s: %s", with, why);
    cim_diag_set(&p->hint, "[COMMUNITY:]LEVEL=RESULT, such as "
                           "opnfv:OPNFV_ACCEPTANCE=SUCCESS");
    http_reply_problem(request, p);
    return false;
}

/* "[COMMUNITY:]LEVEL=RESULT"; false: a problem was told. */
static bool
read_with(struct http_request *request, const char *with,
          struct ledger_want *out)
{
    const char *colon = strchr(with, ':'), *equal = strchr(with, '=');
    struct cim_bytes community = {0}, level, result;

    if (equal == NULL)
        return bad_with(request, with, "no RESULT");
    if (colon != NULL && colon < equal)
        community = cim_bytes_of(with, (size_t)(colon++ - with));
    else if (request->params.by != NULL)
        community = cim_bytes_str(request->params.by);
    else
        return bad_with(request, with,
                        "who has to say it? name a community "
                        "here or with by=");
    if (colon == NULL || colon > equal)
        colon = with;
    level = cim_bytes_of(colon, (size_t)(equal - colon));
    result = cim_bytes_str(equal + 1);
    if (!cim_name_valid(community))
        return bad_with(request, with, "no name of a community");
    if (!cim_level_name_valid(level))
        return bad_with(request, with, "no name of a level");
    if (!cim_result_valid(result))
        return bad_with(request, with,
                        "RESULT is SUCCESS, UNSTABLE, FAILURE, ABORTED, "
                        "NOT_BUILT, QUEUED, RUNNING, INCONCLUSIVE or WAIVED");
    snprintf(out->community, sizeof out->community, "%.*s", (int)community.len,
             (const char *)community.p);
    snprintf(out->level, sizeof out->level, "%.*s", (int)level.len,
             (const char *)level.p);
    out->state = ledger_state_of(result);
    return true;
}

struct question {
    struct ledger_want wants[HTTP_WITH_MAX];
    struct ledger_query query;
};

static bool
read_question(struct http_request *request, struct question *q)
{
    const struct http_params *params = &request->params;
    size_t n = 0;

    if (params->n_topics != 1) {
        http_refuse(request, 400, "parameter", "one topic= has to be given",
                    "/v1/latest?topic=opnfv/BaselineDefined/");
        return false;
    }
    for (; n < params->n_with; n++)
        if (!read_with(request, params->with[n], &q->wants[n]))
            return false;
    if (n == 0 && params->by != NULL) {
        struct ledger_want *want = &q->wants[n++];
        *want =
            (struct ledger_want){.level = "PROMOTED", .state = LEDGER_SUCCESS};
        snprintf(want->community, sizeof want->community, "%s", params->by);
    }
    q->query = (struct ledger_query){.prefix = params->topics[0],
                                     .branch = params->branch,
                                     .name = params->name,
                                     .wants = q->wants,
                                     .n_wants = n};
    return true;
}

/* ---- subjects that came of it -------------------------------------------*/

struct newest {
    struct ledger_subject v[NEAR_MAX]; /* owned */
    size_t n, max;
};

static bool
take_subject(void *ctx, const struct ledger_subject *subject)
{
    struct newest *newest = ctx;

    trace_subject_copy(&newest->v[newest->n++], subject);
    return newest->n < newest->max;
}

static void
newest_clear(struct newest *newest)
{
    for (size_t i = 0; i < newest->n; i++)
        ledger_subject_clear(&newest->v[i]);
}

/* ---- there is none ------------------------------------------------------*/

static void
put_wants(const struct ledger_query *query, struct cim_buf *out)
{
    for (size_t i = 0; i < query->n_wants; i++)
        safe_put(out, "%s%s:%s %s", i > 0 ? ", " : "",
                 query->wants[i].community, query->wants[i].level,
                 ledger_state_text(query->wants[i].state));
}

/* "odl-1.2.0 lacks onap:PROMOTED success (is missing)" */
static enum cim_err
put_lack(struct store_reader *reader, const struct ledger_query *query,
         const struct ledger_subject *s, struct cim_buf *out)
{
    char name[TRACE_NAME_LEN + 1];
    bool first = true;

    trace_name_text(&s->name, name);
    if (s->title.len > 0 && s->title.len <= 60)
        safe_add(out, cim_buf_bytes(&s->title));
    else
        safe_put(out, "%s", name);
    cim_buf_add_str(out, " lacks ");
    for (size_t i = 0; i < query->n_wants; i++) {
        const struct ledger_want *want = &query->wants[i];
        struct ledger_stamp stamp = {0};
        enum cim_err err =
            ledger_said(reader, s, want->community, want->level, &stamp);
        if (err != CIM_OK)
            return err;
        if (stamp.state == want->state)
            continue;
        safe_put(out, "%s%s:%s (%s)", first ? "" : " and ", want->community,
                 want->level, ledger_state_text(stamp.state));
        first = false;
    }
    return CIM_OK;
}

static void
say_what(const struct http_request *request, const struct ledger_query *query,
         bool any, struct cim_buf *out)
{
    char prefix[CIM_TOPIC_MAX + 2];

    cim_prefix_show(&query->prefix, prefix);
    safe_put(out, "no artifact or baseline under %s", prefix);
    if (query->branch != NULL) {
        cim_buf_add_str(out, " of branch ");
        safe_add(out, cim_bytes_str(request->params.branch));
    }
    if (query->name != NULL) {
        cim_buf_add_str(out, " named ");
        safe_add(out, cim_bytes_str(request->params.name));
    }
    if (!any) {
        cim_buf_add_str(out, " is here");
        return;
    }
    cim_buf_add_str(out, " has ");
    put_wants(query, out);
}

static void
refuse_none(struct http_request *request, const struct ledger_query *query,
            const char *next)
{
    struct store_reader *reader = request->http->reader;
    struct ledger_query any = *query;
    struct newest newest = {.max = NEAR_MAX};
    struct cim_buf detail = {0}, hint = {0};

    any.n_wants = 0;
    enum cim_err err = ledger_newest(reader, &any, take_subject, &newest);
    for (size_t i = 0; i < newest.n && err == CIM_OK && hint.len < HINT_MAX;
         i++) {
        cim_buf_add_str(&hint, i > 0 ? "; " : "the newest: ");
        err = put_lack(reader, query, &newest.v[i], &hint);
    }
    say_what(request, query, newest.n > 0, &detail);
    if (newest.n == 0)
        safe_put(&hint, "'cimesh log' lists what is here, 'cimesh peers' "
                        "whom it is heard from");
    if (err == CIM_OK) {
        struct http_problem *p = http_problem_set(request, 404, "none");
        cim_diag_set(&p->detail, "%s", cim_buf_cstr(&detail));
        cim_diag_set(&p->hint, "%s", cim_buf_cstr(&hint));
        snprintf(p->next, sizeof p->next, "%s", next);
        http_reply_problem(request, p);
    } else {
        http_refuse_read(request);
    }
    newest_clear(&newest);
    cim_buf_clear(&detail);
    cim_buf_clear(&hint);
}

/* ---- there is one -------------------------------------------------------*/

static bool
take_line(void *ctx, const struct store_row *row)
{
    struct cim_buf *line = ctx;

    if (http_event_line(row, CIM_FORM_JSON, line) != CIM_OK)
        cim_buf_reset(line);
    return false;
}

/* The event itself as JSON. */
static enum cim_err
event_line(struct store_reader *reader, const struct ledger_subject *subject,
           struct cim_buf *out)
{
    struct store_query query = {
        .after = subject->arrival - 1, .upto = subject->arrival, .limit = 1};
    uint64_t scanned;
    enum cim_err err = store_events(reader, &query, take_line, out, &scanned);

    return err == CIM_OK && out->len == 0 ? CIM_EIO : err;
}

static bool
add_stamp(void *ctx, const struct ledger_stamp *stamp)
{
    json_t *list = ctx;

    http_json_add(list, http_stamp_json(stamp));
    return json_array_size(list) < HTTP_LIMIT;
}

static enum cim_err
write_json(struct store_reader *reader, const struct ledger_subject *subject,
           const struct cim_buf *line, struct cim_buf *out)
{
    json_t *object = http_subject_json(subject), *stamps = json_array();
    json_t *event = json_loadb((const char *)line->p, line->len, 0, NULL);
    enum cim_err err = ledger_stamps(reader, subject, false, add_stamp, stamps);

    http_json_set(object, "stamps", stamps);
    http_json_set(object, "event", event != NULL ? event : json_null());
    http_json_put(out, object);
    return err;
}

static void
reply_one(struct http_request *request, const struct ledger_subject *subject,
          const char *next)
{
    const char *template = request->params.template;
    struct cim_buf line = {0}, buf = {0};
    struct http_header headers[] = {{"Cimesh-Next", next}, {NULL, NULL}};
    bool text = template != NULL || http_wants(request, "text/plain");
    enum cim_err err = event_line(request->http->reader, subject, &line);

    if (template == NULL)
        template = subject->kind == LEDGER_ARTIFACT ? "%{artifactUrl}"
                                                    : "%{baselineUrl}";
    if (err == CIM_OK && text) {
        err = cim_json_template(cim_buf_bytes(&line), template, &buf);
        cim_buf_add_u8(&buf, '\n');
    } else if (err == CIM_OK) {
        err = write_json(request->http->reader, subject, &line, &buf);
    }
    cim_buf_clear(&line);
    if (err == CIM_OK) {
        http_reply(request, 200,
                   text ? "text/plain; charset=utf-8" : "application/json",
                   &buf, headers);
        return;
    }
    cim_buf_clear(&buf);
    http_refuse_read(request);
}

void
http_latest(struct http_request *request)
{
    struct question *q;
    struct newest newest = {.max = 1};
    char next[24];

    if (!http_has_reader(request) || !http_ledger_ready(request))
        return;
    q = xcalloc(1, sizeof *q);
    snprintf(next, sizeof next, "%" PRIu64, request->http->arrival);
    if (read_question(request, q)) {
        enum cim_err err = ledger_newest(request->http->reader, &q->query,
                                         take_subject, &newest);
        if (err != CIM_OK)
            http_refuse_read(request);
        else if (newest.n == 0)
            refuse_none(request, &q->query, next);
        else
            reply_one(request, &newest.v[0], next);
    }
    newest_clear(&newest);
    free(q);
}

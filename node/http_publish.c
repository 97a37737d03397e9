/* SPDX-License-Identifier: MPL-2.0 */
/*
 * POST /v1/events: the body becomes drafts while it comes in, then one
 * request to the loop, all or nothing; the reply comes after the commit.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "node/clock.h"
#include "node/failpoint.h"
#include "node/http_private.h"
#include "node/mem.h"

static const char *const types[] = {"application/json", "application/x-ndjson",
                                    "application/ndjson", "application/jsonl"};

static bool
type_known(const char *type)
{
    size_t n = strcspn(type, "; \t");

    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (strlen(types[i]) == n && strncasecmp(types[i], type, n) == 0)
            return true;
    return false;
}

static bool
too_long(const char *length)
{
    return length != NULL && strtoull(length, NULL, 10) > HTTP_BODY_MAX;
}

/* At once to a client that waits to be told; another one would be stopped in
 * the middle of sending and never read why, so its body is read away. */
static void
refuse_length(struct http_request *request)
{
    const char *expect = MHD_lookup_connection_value(request->conn->mhd,
                                                     MHD_HEADER_KIND, "Expect");
    struct http_problem *p = http_problem_set(request, 413, "too-big");

    cim_diag_set(&p->detail, "a request may hold 32 MiB");
    cim_diag_set(&p->hint, "send the events in several requests");
    if (expect != NULL)
        http_reply_problem(request, p);
}

void
http_publish_begin(struct http_request *request)
{
    struct MHD_Connection *mhd = request->conn->mhd;
    const char *type =
        MHD_lookup_connection_value(mhd, MHD_HEADER_KIND, "Content-Type");
    const char *length =
        MHD_lookup_connection_value(mhd, MHD_HEADER_KIND, "Content-Length");

    if (too_long(length))
        refuse_length(request);
    if (request->problem != NULL || request->route->run != http_publish)
        return;
    if (type != NULL && !type_known(type)) {
        struct http_problem *p = http_problem_set(request, 415, "media-type");
        cim_diag_set(&p->detail, "an event cannot be of type '%.80s'", type);
        cim_diag_set(&p->hint, "send Content-Type: application/json, or "
                               "application/x-ndjson for one event a line");
        return;
    }
    request->body = xcalloc(1, sizeof *request->body);
    http_body_init(request->body, &request->http->chance,
                   request->http->community, clock_wall_ms());
}

static unsigned
status_of(enum cim_err err)
{
    switch (err) {
    case CIM_EFORM:
        return 400;
    case CIM_ETOOBIG:
        return 413;
    case CIM_ECONFLICT:
        return 409;
    case CIM_ESTATE:
        return 503;
    case CIM_EIO:
        return 500;
    default:
        return 422;
    }
}

static void
refuse_body(struct http_request *request)
{
    const struct http_body *body = request->body;
    struct http_problem *p = http_problem_set(request, status_of(body->err),
                                              cim_err_label(body->err));

    p->detail = body->diag;
    if (p->detail.text[0] == '\0')
        cim_diag_set(&p->detail, "%s", cim_err_text(body->err));
    p->index = body->bad;
    cim_diag_set(&p->hint, "nothing of this request was published");
    http_reply_problem(request, p);
}

static void
submit(struct http_request *request)
{
    struct http_body *body = request->body;
    struct api_call *call = api_call_new(API_PUBLISH);

    (void)FAILPOINT(REQUEST_PARSED);
    call->request = mesh_request_new(body->n);
    free(call->request->drafts);
    call->request->drafts = body->drafts;
    call->request->n = body->n;
    body->drafts = NULL;
    body->n = body->cap = 0;
    cim_buf_clear(&body->rest);
    http_ask(request, call, HTTP_CALL_MS);
}

static void
refuse_answer(struct http_request *request)
{
    const struct api_call *call = request->answer;
    const struct mesh_request *m = call->request;
    enum cim_err err = call->err != CIM_OK ? call->err : m->err;
    struct http_problem *p =
        http_problem_set(request, m->full ? 507 : status_of(err),
                         m->full ? "full" : cim_err_label(err));

    if (call->diag.text[0] != '\0')
        p->detail = call->diag;
    if (m->full) {
        cim_diag_set(&p->detail, "there is no room to store events");
        cim_diag_set(&p->hint, "make room on the disk, then send it again");
    } else if (err == CIM_ECONFLICT) {
        char id[CIM_UUID_TEXT_LEN + 1] = "";
        if (m->bad < m->n)
            cim_uuid_text(&m->drafts[m->bad].id, id);
        p->index = m->bad + 1;
        cim_diag_set(&p->detail,
                     "eventId %s was published before with other content", id);
        cim_diag_set(&p->hint, "take a new id, or leave it out");
    } else if (err == CIM_ESTATE && p->detail.text[0] == '\0') {
        cim_diag_set(&p->detail, "this node does not publish at present");
        cim_diag_set(&p->hint, "'cimesh status' says why");
    } else if (p->detail.text[0] == '\0') {
        cim_diag_set(&p->detail, "%s", cim_err_text(err));
    }
    http_reply_problem(request, p);
}

static void
reply_places(struct http_request *request)
{
    const struct mesh_request *m = request->answer->request;
    struct cim_buf buf = {0};
    unsigned status = 200;

    for (size_t i = 0; i < m->n; i++) {
        const struct mesh_place *place = &m->places[i];
        char line[256], id[CIM_UUID_TEXT_LEN + 1];
        cim_uuid_text(&m->drafts[i].id, id);
        int n = snprintf(
            line, sizeof line,
            "{\"eventId\":\"%s\",\"node\":\"%s\",\"epoch\":%llu,"
            "\"seq\":%llu,\"again\":%s}\n",
            id, request->http->node, (unsigned long long)place->epoch,
            (unsigned long long)place->seq, place->again ? "true" : "false");
        cim_buf_add(&buf, line, (size_t)n);
        if (!place->again)
            status = 201;
    }
    (void)FAILPOINT(REPLY_MADE);
    http_reply(request, status, "application/x-ndjson", &buf, NULL);
}

void
http_publish(struct http_request *request)
{
    if (request->answer == NULL) {
        (void)FAILPOINT(REQUEST_READ);
        if (http_body_end(request->body) == CIM_OK)
            submit(request);
        else
            refuse_body(request);
    } else if (request->answer->err != CIM_OK ||
               request->answer->request->err != CIM_OK) {
        refuse_answer(request);
    } else {
        reply_places(request);
    }
}

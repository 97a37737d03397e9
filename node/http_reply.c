/* SPDX-License-Identifier: MPL-2.0 */
/* Replies, and problems as application/problem+json (RFC 9457). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "node/http_private.h"
#include "node/mem.h"

bool
http_hold(struct http_request *request, size_t bytes)
{
    struct http *http = request->http;
    size_t others = http->held - request->held;

    if (bytes > HTTP_HELD_MAX - others) {
        struct http_problem *p = http_problem_set(request, 503, "busy");
        cim_diag_set(&p->detail, "more is under way than the node keeps in "
                                 "memory at a time");
        cim_diag_set(&p->hint, "try again in a moment");
        bytes = 0;
    }
    http->held = others + bytes;
    request->held = bytes;
    return bytes > 0;
}

static bool
mentions(const char *list, const char *type)
{
    return list != NULL && strcasestr(list, type) != NULL;
}

bool
http_wants(struct http_request *request, const char *type)
{
    return mentions(MHD_lookup_connection_value(request->conn->mhd,
                                                MHD_HEADER_KIND, "Accept"),
                    type);
}

static void
queue(struct http_request *request, unsigned status,
      struct MHD_Response *response, enum http_phase phase)
{
    if (request->conn->over || request->http->ending)
        MHD_add_response_header(response, "Connection", "close");
    MHD_add_response_header(response, "Cache-Control", "no-store");
    http_conn_phase(request->conn, phase);
    request->queued = MHD_queue_response(request->conn->mhd, status, response);
    request->replied = true;
    MHD_destroy_response(response);
}

void
http_reply(struct http_request *request, unsigned status, const char *type,
           struct cim_buf *buf, const struct http_header *headers)
{
    if (buf->err != CIM_OK)
        mem_fail();
    struct MHD_Response *response = MHD_create_response_from_buffer(
        buf->len, buf->p, MHD_RESPMEM_MUST_FREE);
    if (response == NULL)
        mem_fail();
    *buf = (struct cim_buf){0};
    MHD_add_response_header(response, "Content-Type", type);
    for (; headers != NULL && headers->name != NULL; headers++)
        MHD_add_response_header(response, headers->name, headers->value);
    queue(request, status, response, HTTP_WRITE);
}

void
http_reply_stream(struct http_request *request, MHD_ContentReaderCallback give,
                  void *ctx, const char *type)
{
    struct MHD_Response *response = MHD_create_response_from_callback(
        MHD_SIZE_UNKNOWN, HTTP_BLOCK, give, ctx, NULL);

    if (response == NULL)
        mem_fail();
    MHD_add_response_header(response, "Content-Type", type);
    queue(request, 200, response, HTTP_STREAM);
}

void
http_reply_text(struct http_request *request, unsigned status, const char *text)
{
    struct cim_buf buf = {0};

    cim_buf_add_str(&buf, text);
    http_reply(request, status, "text/plain; charset=utf-8", &buf, NULL);
}

struct http_problem *
http_problem_set(struct http_request *request, unsigned status,
                 const char *label)
{
    if (request->problem != NULL)
        free(request->problem);
    request->problem = xcalloc(1, sizeof *request->problem);
    request->problem->status = status;
    request->problem->label = label;
    return request->problem;
}

static void
set(json_t *object, const char *key, json_t *value)
{
    if (json_object_set_new(object, key, value) != 0)
        mem_fail();
}

/* What came from outside may be cut in the middle of a character. */
static json_t *
text(const char *s)
{
    json_t *value = json_string(s);

    if (value != NULL)
        return value;
    char *ascii = xstrdup(s);
    for (char *c = ascii; *c != '\0'; c++)
        if ((*c & 0x80) != 0)
            *c = '?';
    value = json_string(ascii);
    free(ascii);
    return value;
}

void
http_reply_problem(struct http_request *request,
                   const struct http_problem *problem)
{
    struct cim_buf buf = {0};
    char type[64];
    json_t *object = json_object();

    snprintf(type, sizeof type, "urn:cimesh:%s", problem->label);
    set(object, "type", json_string(type));
    set(object, "title",
        json_string(MHD_get_reason_phrase_for(problem->status)));
    set(object, "status", json_integer((json_int_t)problem->status));
    set(object, "detail", text(problem->detail.text));
    if (problem->hint.text[0] != '\0')
        set(object, "hint", text(problem->hint.text));
    if (problem->index > 0)
        set(object, "index", json_integer((json_int_t)problem->index));
    char *body = json_dumps(object, JSON_COMPACT);
    if (body == NULL)
        mem_fail();
    cim_buf_add_str(&buf, body);
    cim_buf_add_u8(&buf, '\n');
    free(body);
    json_decref(object);
    struct http_header headers[2] = {{NULL, NULL}, {NULL, NULL}};
    if (problem->status == 405)
        headers[0] = (struct http_header){"Allow", request->allow};
    else if (problem->status == 503 || problem->status == 507)
        headers[0] = (struct http_header){"Retry-After", "2"};
    else if (problem->next[0] != '\0')
        headers[0] = (struct http_header){"Cimesh-Next", problem->next};
    http_reply(request, problem->status, "application/problem+json", &buf,
               headers);
}

void
http_refuse(struct http_request *request, unsigned status, const char *label,
            const char *detail, const char *hint)
{
    struct http_problem *p = http_problem_set(request, status, label);

    cim_diag_set(&p->detail, "%s", detail);
    cim_diag_set(&p->hint, "%s", hint);
    http_reply_problem(request, p);
}

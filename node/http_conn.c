/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Connections and the requests on them. An idle time-out does not stop a
 * client that sends a byte now and then, so each phase has a deadline of its
 * own and the sweep shuts down what is past it. When all places are taken a
 * newcomer gets the place of the connection that has been without a whole
 * request for the longest; are all of them busy, it is told 503.
 */
#include <stdlib.h>
#include <sys/socket.h>

#include "node/clock.h"
#include "node/failpoint.h"
#include "node/http_private.h"
#include "node/mem.h"

#define READS_PER_TURN 1
#define STALLED_MS     5000 /* a stream this long unread may lose its place */

/* ---- connections */

void
http_conn_phase(struct http_conn *conn, enum http_phase phase)
{
    conn->phase = phase;
    conn->since_mono_ms = clock_mono_ms();
}

void
http_conn_suspend(struct http_conn *conn)
{
    conn->suspended = true;
    MHD_suspend_connection(conn->mhd);
}

void
http_conn_resume(struct http_conn *conn)
{
    if (!conn->suspended)
        return;
    conn->suspended = false;
    MHD_resume_connection(conn->mhd);
}

static void
leave_line(struct http_conn *conn)
{
    conn->http->n_line -= conn->line != 0;
    conn->line = 0;
}

static struct http_conn *
first_in_line(const struct http *http)
{
    struct http_conn *first = NULL;

    for (struct http_conn *c = http->conns; c != NULL && http->n_line;
         c = c->next)
        if (c->line && (first == NULL || c->line < first->line))
            first = c;
    return first;
}

void
http_conn_next(struct http *http)
{
    struct http_conn *first;

    for (http->reads = 0; http->reads < READS_PER_TURN; http->reads++) {
        first = first_in_line(http);
        if (first == NULL)
            return;
        leave_line(first);
        first->its_turn = true;
        http_conn_resume(first);
    }
}

bool
http_conn_read(struct http_conn *conn)
{
    struct http *http = conn->http;
    bool now = conn->its_turn || http->ending || conn->cut;
    uint64_t place = conn->line; /* something else may have woken it */

    leave_line(conn);
    conn->its_turn = false;
    if (now)
        return true;
    if (!http->n_line && http->reads < READS_PER_TURN) {
        http->reads++;
        return true;
    }
    http->n_line++;
    conn->line = place ? place : ++http->line_last;
    http_conn_suspend(conn);
    return false;
}

static bool
may_read(struct http_request *request)
{
    if (!http_route_reads(request->route) || http_conn_read(request->conn))
        return true;
    http_conn_phase(request->conn, HTTP_WAIT);
    return false;
}

void
http_conn_cut(struct http_conn *conn)
{
    if (!conn->cut) {
        conn->cut = true;
        conn->http->n_cut++;
        shutdown(conn->fd, SHUT_RDWR);
    }
    http_conn_give_up(conn);
}

void
http_conn_give_up(struct http_conn *conn)
{
    struct http_request *request = conn->request;

    if (request != NULL && request->wait != NULL) {
        request->wait->request = NULL;
        request->wait = NULL;
        request->gave_up = true;
    }
    http_conn_resume(conn);
}

/* The longest in this phase; NULL when none is. */
static struct http_conn *
longest(struct http *http, enum http_phase phase)
{
    struct http_conn *found = NULL;

    for (struct http_conn *c = http->conns; c != NULL; c = c->next)
        if (c->phase == phase && !c->cut && !c->suspended &&
            (found == NULL || c->since_mono_ms < found->since_mono_ms))
            found = c;
    return found;
}

static bool
make_room(struct http *http)
{
    if (http->n_conns - http->n_cut < http->max_conns)
        return true;
    struct http_conn *victim = longest(http, HTTP_HEAD);
    if (victim == NULL)
        victim = longest(http, HTTP_IDLE);
    if (victim == NULL)
        return false;
    http_conn_cut(victim);
    return true;
}

bool
http_conn_stream_room(struct http *http)
{
    if (http->n_streams < http->max_conns / 2 + 1)
        return true;
    struct http_conn *victim = longest(http, HTTP_STREAM);
    if (victim == NULL || clock_mono_ms() - victim->since_mono_ms < STALLED_MS)
        return false;
    http_conn_cut(victim);
    return true;
}

static void
open_conn(struct http *http, struct MHD_Connection *mhd, void **context)
{
    struct http_conn *conn = xcalloc(1, sizeof *conn);

    conn->http = http;
    conn->mhd = mhd;
    conn->fd = MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CONNECTION_FD)
                   ->connect_fd;
    conn->over = !make_room(http);
    http_conn_phase(conn, HTTP_HEAD);
    conn->next = http->conns;
    if (conn->next != NULL)
        conn->next->prev = conn;
    http->conns = conn;
    http->n_conns++;
    *context = conn;
}

static void
close_conn(struct http *http, struct http_conn *conn)
{
    if (conn->prev != NULL)
        conn->prev->next = conn->next;
    else
        http->conns = conn->next;
    if (conn->next != NULL)
        conn->next->prev = conn->prev;
    leave_line(conn);
    http->n_conns--;
    http->n_cut -= conn->cut;
    free(conn);
}

void
http_conn_notify(void *cls, struct MHD_Connection *mhd, void **context,
                 enum MHD_ConnectionNotificationCode code)
{
    if (code == MHD_CONNECTION_NOTIFY_STARTED)
        open_conn(cls, mhd, context);
    else if (*context != NULL)
        close_conn(cls, *context);
}

static int64_t
limit_ms(const struct http_conn *conn)
{
    switch (conn->phase) {
    case HTTP_HEAD:
        return HTTP_HEAD_MS;
    case HTTP_IDLE:
        return HTTP_IDLE_MS;
    case HTTP_BODY:
        return HTTP_BODY_MS;
    case HTTP_WRITE:
        return HTTP_WRITE_MS;
    case HTTP_STREAM:
        return conn->suspended ? INT64_MAX : HTTP_STALL_MS;
    case HTTP_WAIT:
        break;
    }
    return INT64_MAX;
}

void
http_conn_sweep(struct http *http, int64_t mono_ms)
{
    for (struct http_conn *c = http->conns; c != NULL; c = c->next) {
        if (!c->cut && mono_ms - c->since_mono_ms > limit_ms(c))
            http_conn_cut(c);
        else if (c->request != NULL && c->request->wait != NULL &&
                 mono_ms > c->request->wait->until_mono_ms)
            http_conn_give_up(c);
    }
}

/* ---- requests */

static struct http_request *
new_request(struct http *http, struct MHD_Connection *mhd)
{
    struct http_request *request = xcalloc(1, sizeof *request);

    request->http = http;
    request->conn =
        MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_SOCKET_CONTEXT)
            ->socket_context;
    request->conn->request = request;
    http_conn_phase(request->conn, HTTP_BODY);
    return request;
}

static void
free_request(struct http_request *request)
{
    http_conn_give_up(request->conn);
    request->conn->request = NULL;
    request->http->held -= request->held;
    if (request->body != NULL)
        http_body_clear(request->body);
    free(request->body);
    api_call_destroy(&request->answer);
    http_stream_destroy(&request->stream);
    free(request->params.topics);
    free(request->problem);
    free(request->rest);
    free(request);
}

static void
refuse_busy(struct http_request *request)
{
    http_refuse(request, 503, "busy",
                "the node serves as many connections as it may",
                "try again in a moment");
}

/* The headers are whole. */
static void
begin(struct http_request *request, const char *method, const char *url)
{
    if (request->conn->over) {
        refuse_busy(request);
        return;
    }
    if (request->http->ending) {
        http_refuse(request, 503, "stopping", "the node is stopping",
                    "try again when it runs");
        return;
    }
    http_route_find(request, method, url);
    if (request->problem == NULL)
        http_param_read(request, request->conn->mhd);
    http_publish_begin(request);
}

static void
feed(struct http_request *request, struct cim_bytes text)
{
    struct http_body *body = request->body;

    if (body == NULL || request->problem != NULL)
        return;
    http_body_feed(body, text);
    if (!http_hold(request, body->held + body->rest.cap_now))
        http_body_clear(body);
}

static void
finish(struct http_request *request)
{
    if (request->problem != NULL)
        http_reply_problem(request, request->problem);
    else if (request->gave_up && request->http->ending)
        http_refuse(request, 503, "stopping", "the node is stopping",
                    "try again when it runs; an event sent again with the "
                    "same id is stored once");
    else if (request->gave_up)
        http_refuse(request, 503, "late", "the node did not answer in time",
                    "try again; an event sent again with the same id is "
                    "stored once");
    else if (may_read(request))
        request->route->run(request);
}

enum MHD_Result
http_conn_handle(void *cls, struct MHD_Connection *mhd, const char *url,
                 const char *method, const char *version, const char *data,
                 size_t *size, void **context)
{
    struct http_request *request = *context;

    (void)version;
    if (request == NULL) {
        request = *context = new_request(cls, mhd);
        begin(request, method, url);
    } else if (*size > 0) {
        feed(request, cim_bytes_of(data, *size));
        *size = 0;
    } else if (!request->replied) {
        finish(request);
    }
    return request->replied ? request->queued : MHD_YES;
}

void
http_conn_completed(void *cls, struct MHD_Connection *mhd, void **context,
                    enum MHD_RequestTerminationCode code)
{
    struct http_request *request = *context;

    (void)cls;
    (void)mhd;
    (void)code;
    if (request == NULL)
        return;
    *context = NULL;
    if (request->answer != NULL && request->answer->kind == API_PUBLISH)
        (void)FAILPOINT(REPLY_SENT);
    struct http_conn *conn = request->conn;
    free_request(request);
    http_conn_phase(conn, HTTP_IDLE);
}

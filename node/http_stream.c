/* SPDX-License-Identifier: MPL-2.0 */
/*
 * GET /v1/stream: stored events first, then what comes. A stream is a cursor
 * over the arrival order and a buffer of one page: it is filled when the
 * client has taken the last one, so a slow client makes nothing grow. With
 * nothing to say it is suspended, until news or the next heartbeat.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "node/clock.h"
#include "node/http_private.h"
#include "node/mem.h"

#define PAGE_BYTES (32 * 1024) /* of events, as stored */
#define PAGE_ROWS  256

struct http_stream {
    struct http *http;
    struct http_conn *conn;
    struct store_query query; /* prefixes of the request's params */
    enum cim_form form;
    bool sse;
    bool beat; /* a heartbeat is due */
    int64_t spoke_mono_ms;
    struct cim_buf page;
    size_t taken; /* of page */
};

void
http_stream_destroy(struct http_stream **stream)
{
    if (*stream == NULL)
        return;
    (*stream)->http->n_streams--;
    cim_buf_clear(&(*stream)->page);
    free(*stream);
    *stream = NULL;
}

static bool
add_row(void *ctx, const struct store_row *row)
{
    struct http_stream *s = ctx;
    struct cim_buf *page = &s->page;
    size_t len = page->len;
    char id[32];

    if (s->sse) {
        snprintf(id, sizeof id,
                 "id: %llu\ndata: ", (unsigned long long)row->arrival);
        cim_buf_add_str(page, id);
    }
    if (http_event_line(row, s->form, page) == CIM_OK)
        cim_buf_add_str(page, s->sse ? "\n\n" : "\n");
    else
        page->len = len;
    return true;
}

/* False: the store failed. */
static bool
fill(struct http_stream *s)
{
    cim_buf_reset(&s->page);
    s->taken = 0;
    if (s->query.after < s->http->arrival) {
        uint64_t scanned = s->query.after;
        if (store_events(s->http->reader, &s->query, add_row, s, &scanned) !=
                CIM_OK ||
            s->page.err != CIM_OK)
            return false;
        s->query.after = scanned;
    }
    if (s->page.len == 0 && s->beat)
        cim_buf_add_str(&s->page, s->sse ? ":\n\n" : "\n");
    s->beat = false;
    return true;
}

static ssize_t
give(void *cls, uint64_t at, char *out, size_t max)
{
    struct http_stream *s = cls;

    (void)at;
    s->conn->since_mono_ms = clock_mono_ms();
    if (s->http->ending)
        return MHD_CONTENT_READER_END_OF_STREAM;
    if (s->taken == s->page.len && s->query.after < s->http->arrival &&
        !http_conn_read(s->conn))
        return 0;
    if (s->taken == s->page.len && !fill(s))
        return MHD_CONTENT_READER_END_WITH_ERROR;
    size_t n = s->page.len - s->taken;
    if (n == 0) {
        /* Long scans go on in the next turn, so that others get theirs. */
        if (s->query.after < s->http->arrival)
            s->http->wake = true;
        http_conn_suspend(s->conn);
        return 0;
    }
    n = n < max ? n : max;
    memcpy(out, s->page.p + s->taken, n);
    s->taken += n;
    s->spoke_mono_ms = s->conn->since_mono_ms;
    return (ssize_t)n;
}

static void
resume_at(struct http_request *request)
{
    const char *last = MHD_lookup_connection_value(
        request->conn->mhd, MHD_HEADER_KIND, "Last-Event-ID");

    if (last == NULL || strspn(last, "0123456789") != strlen(last))
        return;
    request->params.after = strtoull(last, NULL, 10);
    request->params.has_after = *last != '\0';
    request->params.since[0] = '\0';
}

static struct http_stream *
new_stream(struct http_request *request, const struct store_query *query)
{
    struct http_stream *s = xcalloc(1, sizeof *s);

    s->http = request->http;
    s->conn = request->conn;
    s->query = *query;
    s->query.prefixes = request->params.topics;
    s->query.n_prefixes = request->params.n_topics;
    s->query.limit = PAGE_ROWS;
    s->query.max_bytes = PAGE_BYTES;
    s->form = request->params.form;
    s->sse = http_wants(request, "text/event-stream");
    s->spoke_mono_ms = clock_mono_ms();
    s->http->n_streams++;
    return s;
}

void
http_stream_start(struct http_request *request)
{
    struct store_query query = {0};

    resume_at(request);
    if (request->http->reader == NULL ||
        !http_conn_stream_room(request->http)) {
        http_refuse(request, 503, "busy",
                    "the node serves as many streams as it may",
                    "try again in a moment");
        return;
    }
    if (!http_since(request, true, &query))
        return;
    request->stream = new_stream(request, &query);
    http_reply_stream(request, give, request->stream,
                      request->stream->sse ? "text/event-stream"
                                           : "application/x-ndjson");
}

void
http_stream_wake(struct http *http, bool news, int64_t mono_ms)
{
    for (struct http_conn *c = http->conns; c != NULL; c = c->next) {
        if (c->phase != HTTP_STREAM || !c->suspended || c->line)
            continue;
        struct http_stream *s = c->request->stream;
        if (!news && mono_ms - s->spoke_mono_ms >= HTTP_BEAT_MS)
            s->beat = true;
        if (news || s->beat)
            http_conn_resume(c);
    }
}

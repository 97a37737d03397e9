/* SPDX-License-Identifier: MPL-2.0 */
/* GET /v1/events and GET /v1/events/[COMMUNITY:]ID: what is stored. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "node/clock.h"
#include "node/http_private.h"
#include "proto/json_proof.h"

enum cim_err
http_event_line(const struct store_row *row, enum cim_form form,
                struct cim_buf *out)
{
    struct cim_place place = {.node = cim_bytes_str(row->log.node),
                              .epoch = row->log.epoch,
                              .seq = row->seq,
                              .received_ms = row->received_ms,
                              .arrival = row->arrival};

    return cim_json_write(row->bytes, &place, form, out);
}

void
http_refuse_read(struct http_request *request)
{
    http_refuse(request, 500, "io", "the store cannot be read",
                "'cimesh status' and the node's log say more");
}

/* "odl:ID" or "ID". False: not of this form. */
static bool
parse_name(const char *text, struct cim_bytes *community, struct cim_uuid *id)
{
    const char *colon = strchr(text, ':');

    *community = cim_bytes_of(NULL, 0);
    if (colon != NULL) {
        *community = cim_bytes_of(text, (size_t)(colon - text));
        if (!cim_name_valid(*community))
            return false;
        text = colon + 1;
    }
    return cim_uuid_parse(cim_bytes_str(text), id) == CIM_OK;
}

/* ---- since */

static bool
take_arrival(void *ctx, const struct store_row *row)
{
    *(uint64_t *)ctx = row->arrival;
    return false;
}

static bool
since_event(struct http_request *request, struct cim_bytes community,
            const struct cim_uuid *id, uint64_t *after)
{
    *after = 0;
    if (store_find(request->http->reader, community, id, take_arrival, after) !=
        CIM_OK) {
        http_refuse_read(request);
        return false;
    }
    if (*after > 0) {
        if (*after < request->params.after)
            *after = request->params.after;
        return true;
    }
    http_refuse(request, 404, "absent",
                "since names an event that this node "
                "does not have",
                "'cimesh log' lists what it has");
    return false;
}

bool
http_since(struct http_request *request, bool stream, struct store_query *query)
{
    const char *since = request->params.since;
    struct cim_bytes community;
    struct cim_uuid id;
    int64_t ms;

    query->after = request->params.after;
    if (*since == '\0' || strcmp(since, "now") == 0) {
        if (!request->params.has_after && (stream || *since != '\0'))
            query->after = request->http->arrival;
        return true;
    }
    if (strcmp(since, "all") == 0)
        return true;
    if (http_param_duration(since, &ms)) {
        query->since_ms = clock_wall_ms() - ms;
        return true;
    }
    if (cim_time_parse(cim_bytes_str(since), &query->since_ms) == CIM_OK)
        return true;
    if (parse_name(since, &community, &id) && community.len > 0)
        return since_event(request, community, &id, &query->after);
    struct http_problem *p = http_problem_set(request, 400, "parameter");
    cim_diag_set(&p->detail,
                 "since=%.80s: has to be all, now, a duration (90s, 15m, 1h, "
                 "7d, 2w), a time (2026-11-22T12:34:56Z) or COMMUNITY:ID",
                 since);
    http_reply_problem(request, p);
    return false;
}

/* ---- lists */

struct page {
    struct cim_buf buf;
    enum cim_form form;
    size_t n;
};

static bool
add_line(void *ctx, const struct store_row *row)
{
    struct page *page = ctx;
    size_t len = page->buf.len;

    if (http_event_line(row, page->form, &page->buf) == CIM_OK) {
        cim_buf_add_u8(&page->buf, '\n');
        page->n++;
    } else {
        page->buf.len = len; /* bytes that were refused have no JSON form */
    }
    return true;
}

bool
http_has_reader(struct http_request *request)
{
    if (request->http->reader != NULL)
        return true;
    http_refuse(request, 503, "no-store", "this node has no store to read", "");
    return false;
}

void
http_events(struct http_request *request)
{
    const struct http_params *params = &request->params;
    struct page page = {.form = params->form};
    struct store_query query = {.prefixes = params->topics,
                                .n_prefixes = params->n_topics,
                                .limit = params->limit ? params->limit : 100,
                                .max_bytes = params->newest ? 0 : HTTP_PAGE_MAX,
                                .newest = params->newest};
    uint64_t scanned = 0;
    char next[24];

    if (!http_has_reader(request) || !http_since(request, false, &query))
        return;
    scanned = query.after;
    if (store_events(request->http->reader, &query, add_line, &page,
                     &scanned) != CIM_OK) {
        cim_buf_clear(&page.buf);
        http_refuse_read(request);
        return;
    }
    if (page.buf.len > 0 && !http_hold(request, page.buf.cap_now)) {
        cim_buf_clear(&page.buf);
        http_reply_problem(request, request->problem);
        return;
    }
    snprintf(next, sizeof next, "%llu", (unsigned long long)scanned);
    bool more = !params->newest && scanned < request->http->arrival;
    struct http_header headers[] = {{"Cimesh-Next", next},
                                    {more ? "Cimesh-More" : NULL, "1"},
                                    {NULL, NULL}};
    http_reply(request, 200, "application/x-ndjson", &page.buf, headers);
}

/* ---- one event */

struct proofs {
    struct page page;
    struct store_reader *reader;
    struct place { /* of each match: proofs are read after the search */
        struct store_log log;
        uint64_t seq;
        char topic[CIM_TOPIC_MAX + 1];
    } v[16];
    size_t n;
};

static bool
note_place(void *ctx, const struct store_row *row)
{
    struct proofs *proofs = ctx;
    struct place *place = &proofs->v[proofs->n++];

    place->log = row->log;
    place->seq = row->seq;
    snprintf(place->topic, sizeof place->topic, "%.*s", (int)row->topic.len,
             (const char *)row->topic.p);
    return proofs->n < sizeof proofs->v / sizeof *proofs->v;
}

static enum cim_err
add_proof(struct store_reader *reader, const struct place *place,
          struct cim_buf *out)
{
    struct cim_buf slice = {0};
    enum cim_err err = store_proof(reader, &place->log, place->seq, &slice);

    if (err == CIM_OK)
        err = cim_proof_write(cim_bytes_str(place->topic),
                              cim_buf_bytes(&slice), out);
    if (err == CIM_OK)
        cim_buf_add_u8(out, '\n');
    cim_buf_clear(&slice);
    return err;
}

static enum cim_err
find(struct http_request *request, struct cim_bytes community,
     const struct cim_uuid *id, struct page *page)
{
    struct store_reader *reader = request->http->reader;
    struct proofs proofs = {.reader = reader};

    if (!request->params.proof)
        return store_find(reader, community, id, add_line, page);
    enum cim_err err = store_find(reader, community, id, note_place, &proofs);
    for (; page->n < proofs.n && err == CIM_OK; page->n++)
        err = add_proof(reader, &proofs.v[page->n], &page->buf);
    return err;
}

void
http_event(struct http_request *request)
{
    struct page page = {.form = request->params.form};
    struct cim_bytes community;
    struct cim_uuid id;

    if (!http_has_reader(request))
        return;
    if (!parse_name(request->rest, &community, &id)) {
        http_refuse(request, 400, "parameter",
                    "an event is named by ID or COMMUNITY:ID, with a UUID in "
                    "lower case",
                    "'cimesh log' lists events with their names");
        return;
    }
    enum cim_err err = find(request, community, &id, &page);
    if (err != CIM_OK || page.n == 0) {
        cim_buf_clear(&page.buf);
        if (err == CIM_OK || err == CIM_ENOENT)
            http_refuse(request, 404, "absent",
                        "this node has no event of that id",
                        "it may not have arrived yet: 'cimesh peers' shows "
                        "what is missing");
        else if (err == CIM_EROOT)
            http_refuse(request, 500, "root",
                        "what is stored no longer fits what was signed",
                        "the node fetches it again from its peers");
        else
            http_refuse_read(request);
        return;
    }
    http_reply(request, 200, "application/x-ndjson", &page.buf, NULL);
}

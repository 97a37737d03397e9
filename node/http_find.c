/* SPDX-License-Identifier: MPL-2.0 */
/*
 * POST /v1/fetch/COMMUNITY:ID: one event, from here or from any peer. What
 * is held here is answered from the store; else the peers are asked. The
 * header Cimesh-From says who had it ("" for this node), Cimesh-Kept: 1 that
 * it is stored here now.
 */
#include <stdio.h>
#include <string.h>

#include "node/http_private.h"
#include "proto/json_proof.h"

static bool
is_held(void *ctx, const struct store_row *row)
{
    (void)row;
    *(bool *)ctx = true;
    return false;
}

/* False: it is not here, or that was said. */
static bool
serve_held(struct http_request *request, const struct ledger_name *name)
{
    bool held = false;

    if (store_find(request->http->reader, cim_bytes_str(name->community),
                   &name->id, is_held, &held) != CIM_OK) {
        http_refuse_read(request);
        return true;
    }
    if (held)
        http_event(request);
    return held;
}

static void
refuse_find(struct http_request *request, const char *text,
            const struct mesh_find *find)
{
    struct http_problem *p;

    if (find->err == CIM_EKEY) {
        p = http_problem_set(request, 403, "roster");
        cim_diag_set(&p->detail,
                     "%s is not in the roster: nobody's word for what it said "
                     "could be checked",
                     find->community);
        cim_diag_set(&p->hint, "'cimesh roster add' its roster file first");
    } else if (find->err == CIM_EQUOTA) {
        p = http_problem_set(request, 503, "busy");
        cim_diag_set(&p->detail, "%d events are being looked for already",
                     MESH_SEARCHES_MAX);
        cim_diag_set(&p->hint, "try again in a moment");
    } else {
        p = http_problem_set(request, 404, "absent");
        cim_diag_set(&p->detail,
                     "nobody has %s: %u peers were asked, %u answered", text,
                     find->asked, find->answered);
        cim_diag_set(&p->hint,
                     "'cimesh peers' shows who is up; nodes of %s "
                     "hold what it said, unless they have purged it",
                     find->community);
    }
    http_reply_problem(request, p);
}

static enum cim_err
add_found(const struct mesh_found *f, const struct http_params *params,
          struct cim_buf *out)
{
    struct cim_place place = {.node = cim_bytes_str(f->log.node),
                              .epoch = f->log.epoch,
                              .seq = f->seq};
    enum cim_err err;

    if (params->proof)
        err = cim_proof_write(cim_buf_bytes(&f->topic),
                              cim_buf_bytes(&f->slice), out);
    else
        err =
            cim_json_write(cim_buf_bytes(&f->event), &place, params->form, out);
    if (err == CIM_OK)
        cim_buf_add_u8(out, '\n');
    return err;
}

static void
reply_found(struct http_request *request, const struct mesh_find *find)
{
    struct cim_buf buf = {0};
    bool kept = false;
    struct http_header headers[] = {
        {"Cimesh-From", find->found[0].peer}, {NULL, NULL}, {NULL, NULL}};

    for (size_t i = 0; i < find->n; i++) {
        size_t len = buf.len;
        if (add_found(&find->found[i], &request->params, &buf) != CIM_OK)
            buf.len = len;
        kept |= find->found[i].kept;
    }
    if (kept)
        headers[1] = (struct http_header){"Cimesh-Kept", "1"};
    http_reply(request, 200, "application/x-ndjson", &buf, headers);
}

void
http_find(struct http_request *request)
{
    struct ledger_name name;

    if (!http_has_reader(request))
        return;
    if (!trace_name(request->rest, &name)) {
        http_refuse(request, 400, "parameter",
                    "an event is named by COMMUNITY:ID, with a UUID in lower "
                    "case",
                    "'cimesh trace' shows the names of what is not here");
        return;
    }
    if (request->answer == NULL) {
        if (serve_held(request, &name))
            return;
        struct api_call *call = api_call_new(API_FIND);
        call->find = mesh_find_new(name.community, &name.id);
        http_ask(request, call, HTTP_FIND_MS);
        return;
    }
    const struct mesh_find *find = request->answer->find;
    if (find->err != CIM_OK)
        refuse_find(request, request->rest, find);
    else
        reply_found(request, find);
}

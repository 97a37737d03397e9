/* SPDX-License-Identifier: MPL-2.0 */
/*
 * api - calls from the HTTP thread to the loop, by pointer over a pipe.
 *
 * The HTTP thread parses and formats; only what needs the node's live state
 * goes to the loop: publish, views, reload. A call has one owner at a time:
 * the HTTP thread makes it and gives it to the loop, which fills the answer
 * and gives it back. What is stored the HTTP thread reads itself, with a
 * store_reader of its own; the loop only tells it that there is more.
 */
#ifndef CIM_NODE_API_H
#define CIM_NODE_API_H

#include "node/mesh.h"
#include "node/view_promote.h"

enum api_kind {
    API_PUBLISH, /* request */
    API_STATUS,
    API_PEERS,
    API_HOOKS,
    API_FIND,    /* find */
    API_PROMOTE, /* promote: asked and answered */
    API_RELOAD,  /* text: what changed, a line each, then `refused` lines of
                    roster files; err and diag if nothing was taken */
    API_ASIDE,   /* rotten_log, rotten_seq, rotten_arrival: have it looked at
                    again; answered when that is queued */
    API_ROTTEN   /* an event whose bytes no longer fit was met while reading:
                    the loop sets it aside and frees the call */
};

struct api_call {
    enum api_kind kind;
    void *owner; /* the HTTP thread's connection, untouched by the loop */
    struct mesh_request *request; /* PUBLISH: owned */
    struct mesh_find *find;       /* FIND: owned */
    struct view_status status;
    struct view_peers peers;
    struct view_hooks hooks;
    struct view_promote promote;
    struct cim_buf text;
    size_t refused;              /* RELOAD */
    struct store_log rotten_log; /* ROTTEN, ASIDE: as a STORE_ASIDE job */
    uint64_t rotten_seq, rotten_arrival;
    enum cim_err err;
    struct cim_diag diag;
};
struct api_call *api_call_new(enum api_kind kind);
void api_call_destroy(struct api_call **call);

#endif

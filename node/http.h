/* SPDX-License-Identifier: MPL-2.0 */
/*
 * http - the local API on a Unix socket, a thread of its own.
 *
 * libmicrohttpd runs inside this actor's loop, beside the pipe to the node's
 * loop; connections that wait for a commit or for news are suspended, so no
 * thread waits. Slow clients cost a cursor and a bounded buffer, not memory.
 * Routes and forms: README and `cimesh help api`.
 */
#ifndef CIM_NODE_HTTP_H
#define CIM_NODE_HTTP_H

#include "node/api.h"

struct http;

struct http_config {
    const char *socket;    /* path, at most 107 bytes; its folder is made 0750
                              when absent; a live one of another node is
                              refused, a stale one replaced */
    const char *data_file; /* for the reader; ":none:" in tests */
    const char *node;      /* "odl/ci-1", for forms and defaults */
    unsigned max_connections; /* 0: default 256 */
};

/* Errors: CIM_EEXIST (another process answers there), CIM_EIO, CIM_EPERM,
 * CIM_ETOOBIG (path), with diag. */
CIM_MUST enum cim_err http_start(const struct http_config *config,
                                 struct http **out, struct cim_diag *diag);
/* Ends open streams, answers what waits with 503, joins the thread. */
void http_stop(struct http **http);

/* The loop's end, to poll for reading; then take until NULL. */
int http_fd(const struct http *http);
struct api_call *http_take(struct http *http);
/* Gives a finished call back; takes it. */
void http_answer(struct http *http, struct api_call *call);
/* Events up to this arrival are committed. Cheap; folds. */
void http_stored(struct http *http, uint64_t arrival);
/* For /readyz: what the loop knows, sent when it changes. */
void http_health(struct http *http, bool ready, const char *why_not);

#endif

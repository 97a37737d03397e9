/* SPDX-License-Identifier: MPL-2.0 */
/*
 * http_client - the command line's way to its node: HTTP on the Unix socket.
 *
 * The only door to libcurl. Blocking calls for one request, and a stream that
 * hands over whole lines as they come.
 */
#ifndef CIM_NODE_HTTP_CLIENT_H
#define CIM_NODE_HTTP_CLIENT_H

#include <stdbool.h>

#include "keys/bytes.h"

struct http_client;

/*
 * For the node of this site directory (api socket as in its cimesh.zpl).
 * Errors: CIM_EFORM (configuration), CIM_ENOENT; diag. Does not connect.
 */
CIM_MUST enum cim_err http_client_open(const char *dir,
                                       struct http_client **out,
                                       struct cim_diag *diag);
void http_client_close(struct http_client **client);

struct http_reply {
    long status; /* 200, ... */
    struct cim_buf body;
    char type[64]; /* Content-Type */
};
void http_reply_clear(struct http_reply *reply);

/*
 * One request. path starts with "/v1/", already encoded; body len 0: GET.
 * Errors: CIM_ENOENT (no node answers; diag says how to start one), CIM_EIO.
 */
CIM_MUST enum cim_err
http_client_call(struct http_client *client, const char *path, const char *type,
                 struct cim_bytes body, const char *accept,
                 struct http_reply *out, struct cim_diag *diag);

/*
 * Streams lines (without newline) until `line` returns false, the node closes
 * or wait_ms passed (0: for ever; *timed_out). A status other than 200 is
 * returned in *status with the body in diag.
 */
CIM_MUST enum cim_err http_client_stream(
    struct http_client *client, const char *path, int64_t wait_ms,
    bool (*line)(void *ctx, const char *text, size_t len), void *ctx,
    long *status, bool *timed_out, struct cim_diag *diag);

/* The exit code (cmd.h) for a reply that is not 2xx, and its sentence, from
 * problem+json: detail and hint. */
int http_client_problem(const struct http_reply *reply, struct cim_diag *diag);

/* Appends text percent-encoded for a query. */
void http_client_escape(struct cim_buf *out, struct cim_bytes text);

#endif

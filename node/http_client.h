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
 * For the node of this site directory (api socket as in its cimesh.zpl); where
 * there is no site, for the one whose socket is $CIMESH_API: so a job needs
 * the socket and nothing else of the node.
 * Errors: CIM_EFORM (configuration), CIM_ENOENT; diag. Does not connect.
 */
CIM_MUST enum cim_err http_client_open(const char *dir,
                                       struct http_client **out,
                                       struct cim_diag *diag);
void http_client_close(struct http_client **client);

/* Of the site directory: "odl"; "" without one. Lent. */
const char *http_client_community(const struct http_client *client);

struct http_reply {
    long status; /* 200, ... */
    struct cim_buf body;
    char type[64];  /* Content-Type */
    char next[32];  /* Cimesh-Next: arrival after which a list goes on */
    bool more;      /* Cimesh-More: there is more of it by now */
    char from[80];  /* Cimesh-From: the peer that had it */
    bool kept;      /* Cimesh-Kept: it is stored here now */
    size_t refused; /* Cimesh-Refused: so many last lines say what was not
                       taken */
};
void http_reply_clear(struct http_reply *reply);

/*
 * One request. path starts with '/', its values already encoded; type NULL:
 * GET, else POST of this body, which may be empty.
 * Errors: CIM_ENOENT (no node answers; diag says how to start one), CIM_EPERM
 * (the socket is not for this user), CIM_EIO.
 */
CIM_MUST enum cim_err
http_client_call(struct http_client *client, const char *path, const char *type,
                 struct cim_bytes body, const char *accept,
                 struct http_reply *out, struct cim_diag *diag);

/* Why a stream ended. */
enum http_end {
    HTTP_END_LINE,    /* line said so */
    HTTP_END_NODE,    /* the node closed it */
    HTTP_END_TIME,    /* wait_ms passed */
    HTTP_END_WATCH,   /* nobody reads watch_fd any more */
    HTTP_END_REFUSED, /* another status than 200: in refused */
};
struct http_stream_ask {
    const char *path;
    int64_t wait_ms; /* 0: for ever */
    int watch_fd;    /* stdout, or -1: none */
    bool (*line)(void *ctx, const char *text, size_t len); /* not the empty
                                                ones: heartbeats */
    void *ctx;
};
/* Streams whole lines, without newline, until it ends. Errors: as call. */
CIM_MUST enum cim_err http_client_stream(struct http_client *client,
                                         const struct http_stream_ask *ask,
                                         enum http_end *end,
                                         struct http_reply *refused,
                                         struct cim_diag *diag);

/*
 * Posts bodies one after the other on n connections at a time, for a bench.
 *   next  the next body (lent until done), false: no more
 *   done  called with what next gave, the reply's status (0: no answer) and
 *         the time from sending to the whole reply
 * Errors: as call, of the first that failed.
 */
struct http_load {
    const char *path, *type;
    unsigned n; /* 1..64 */
    bool (*next)(void *ctx, struct cim_bytes *body);
    void (*done)(void *ctx, struct cim_bytes body, long status,
                 int64_t took_us);
    void *ctx;
};
CIM_MUST enum cim_err http_client_load(struct http_client *client,
                                       const struct http_load *load,
                                       struct cim_diag *diag);

/* The exit code (cmd.h) for a reply that is not 2xx, and its sentence, from
 * problem+json: detail and hint. index (or NULL): number of the bad event
 * from 1, 0 none. */
int http_client_problem(const struct http_reply *reply, struct cim_diag *diag);
size_t http_client_index(const struct http_reply *reply);

/* Appends text percent-encoded for a query. */
void http_client_escape(struct cim_buf *out, struct cim_bytes text);

#endif

/* SPDX-License-Identifier: MPL-2.0 */
/*
 * http_help - the HTTP actor on a real socket, and a loop to talk to it.
 *
 * The test is client and loop at once: while it waits for a reply it answers
 * the calls that come over the pipe, as told by struct desk.
 */
#ifndef CIM_TESTS_HTTP_HELP_H
#define CIM_TESTS_HTTP_HELP_H

#include "node/http.h"
#include "tests/unit/store_help.h"

#define CALLS_MAX 64

struct desk {
    char *folder;
    char socket[100], data[100];
    struct http *http;
    struct store *store; /* NULL: none */
    struct author odl;
    uint64_t arrival;
    /* how calls are answered */
    bool hold; /* they are kept in calls, until desk_release */
    struct api_call *calls[CALLS_MAX];
    size_t n_calls;
    enum cim_err err;
    struct cim_diag diag;
    bool full, again;
    size_t bad;
    uint64_t seq;
    size_t published; /* events of all requests so far */
};

/* The actor without a store, with one, with this many connections. */
void desk_open(struct desk *desk, bool store, unsigned max_connections);
void desk_close(struct desk *desk);
/* n more events of odl/ci-1 in the store, of topics odl/Ping/t0/ to t9/. */
void desk_keep(struct desk *desk, size_t n);
/* Answers what is held, the last one first. */
void desk_release(struct desk *desk);
/* Answers calls until this many are held. */
void desk_wait_calls(struct desk *desk, size_t n);

int desk_connect(struct desk *desk);
void desk_send(int fd, const char *text);
/* "GET path" with this header line (or ""). */
void desk_get(int fd, const char *path, const char *header);
void desk_post(int fd, const char *path, const char *type, const char *body);

struct http_answer { /* owned; clear frees */
    int status;
    char *head, *body;
};
/* The next whole reply on fd, answering calls meanwhile. */
struct http_answer desk_reply(struct desk *desk, int fd);
void http_answer_clear(struct http_answer *answer);
/* Everything so far until it contains this text, n times; a chunked stream's
 * framing included. Owned. */
char *desk_until(struct desk *desk, int fd, const char *text, size_t n);
/* True when the other side closes before it says anything. */
bool desk_closed(struct desk *desk, int fd);

/* One connection, one request; checks the status; the body is owned. */
char *desk_ask(struct desk *desk, const char *path, const char *header,
               int status);
char *desk_publish(struct desk *desk, const char *body, int status);

#endif

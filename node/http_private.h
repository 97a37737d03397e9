/* SPDX-License-Identifier: MPL-2.0 */
/*
 * http_private - what the http_*.c files share. All of it lives in the HTTP
 * thread, but for the two ends of the pipe.
 *
 *   http.c          start, stop, the thread's loop, the pipe
 *   http_socket.c   the Unix socket: folder, stale ones, rights
 *   http_conn.c     connections: limits, deadlines, requests begin and end
 *   http_route.c    which request goes where
 *   http_param.c    what may stand behind the '?'
 *   http_reply.c    replies and problems
 *   http_publish.c  POST /v1/events
 *   http_events.c   GET /v1/events and one event
 *   http_stream.c   GET /v1/stream
 *   http_promote.c, http_promote_text.c   rules, and what they decide
 *   http_view.c, http_text.c   status, peers, hooks as JSON and for people
 *   http_latest.c   GET /v1/latest
 *   http_ledger.c   GET /v1/ledger/, /v1/diff
 *   http_trace.c    GET /v1/trace/
 *   http_find.c     POST /v1/fetch/
 */
#ifndef CIM_NODE_HTTP_PRIVATE_H
#define CIM_NODE_HTTP_PRIVATE_H

#include <microhttpd.h>

#include "node/http.h"
#include "node/http_body.h"
#include "node/store_read.h"
#include "node/trace.h"

/* Times, ms. */
#define HTTP_HEAD_MS    5000   /* from connect to the end of the headers */
#define HTTP_IDLE_MS    15000  /* between two requests */
#define HTTP_BODY_MS    15000  /* from the headers to the end of the body */
#define HTTP_WRITE_MS   30000  /* a reply is taken by the client */
#define HTTP_STALL_MS   600000 /* a stream is read on at all */
#define HTTP_CALL_MS    60000  /* the loop answers a publish */
#define HTTP_ASK_MS     5000   /* ... anything else */
#define HTTP_FIND_MS    8000   /* ... a search among peers, which takes 5 s */
#define HTTP_BEAT_MS    15000  /* a quiet stream shows that it lives */
#define HTTP_SWEEP_MS   250
#define HTTP_GOODBYE_MS 1000 /* at the end: replies that are under way */

#define HTTP_CONNECTIONS_MAX 800 /* below the pipe's high-water mark */
#define HTTP_SPARE           64  /* connections that are only told 503 */
#define HTTP_BUFFER          (16 * 1024) /* a connection's; wiped per request */
#define HTTP_BLOCK           (32 * 1024) /* of a stream, at a time */
#define HTTP_HELD_MAX        (128 * 1024 * 1024) /* bodies and replies in all */
#define HTTP_PAGE_MAX        (256 * 1024) /* events of one reply, as stored */
#define HTTP_LIMIT           1000         /* ... and how many */
#define HTTP_WITH_MAX        16           /* stamps that one question names */

enum http_phase {
    HTTP_HEAD,  /* its first request is not whole yet */
    HTTP_IDLE,  /* between two requests */
    HTTP_BODY,  /* the body comes in */
    HTTP_WAIT,  /* suspended: the loop has the call */
    HTTP_WRITE, /* the reply goes out */
    HTTP_STREAM
};

/* One connection; owned by the list in struct http. */
struct http_conn {
    struct http *http;
    struct http_conn *prev, *next;
    struct MHD_Connection *mhd;
    int fd;
    enum http_phase phase;
    int64_t since_mono_ms; /* of the phase, or of a stream's last progress */
    bool suspended;
    uint64_t line;                /* its place in line; 0: it is in none */
    bool its_turn;                /* it stood in line, and may read */
    bool over;                    /* beyond the limit: told 503 */
    bool cut;                     /* shut down; libmicrohttpd will notice */
    struct http_request *request; /* lent; NULL between requests */
};

/* What stands behind the '?'. */
struct http_params {
    struct cim_prefix *topics; /* owned */
    size_t n_topics, cap_topics;
    bool has_after;
    uint64_t after;
    char since[128]; /* as typed; "" absent */
    size_t limit;    /* 0: absent */
    bool newest, proof, verbose;
    enum cim_form form;
    char hook[CIM_NAME_MAX + 1], rule[CIM_NAME_MAX + 1];
    struct store_log log; /* node and epoch */
    uint64_t seq, arrival;
    const char *with[HTTP_WITH_MAX]; /* as typed; lent, as are all below */
    size_t n_with;
    const char *by, *branch, *name, *template, *a, *b; /* NULL: absent */
    bool up, down;
    unsigned depth; /* 0: absent */
};

/* A call in the loop's hands: outlives the request that gave up on it. Owned
 * by the list in struct http. */
struct http_wait {
    struct http_wait *next;
    struct http_request *request; /* NULL: nobody waits any more */
    int64_t until_mono_ms;
};

/* One request; made by http_conn.c, freed when libmicrohttpd ends it. */
struct http_request {
    struct http_conn *conn;
    struct http *http; /* the same as conn's */
    const struct http_route *route;
    char *rest;        /* owned: the path's last part */
    const char *allow; /* 405: the methods it knows */
    struct http_params params;
    struct http_body *body;       /* owned; publish only */
    struct http_wait *wait;       /* lent; NULL when none is out */
    struct api_call *answer;      /* owned; the call came back */
    bool gave_up;                 /* ... or did not in time */
    bool begun;                   /* headers were looked at */
    bool replied;                 /* a reply is queued */
    enum MHD_Result queued;       /* what queueing it said */
    size_t held;                  /* of http->held */
    struct http_stream *stream;   /* owned */
    struct http_problem *problem; /* owned: told when the body is through */
};

struct http_problem {
    unsigned status;
    const char *label; /* "urn:cimesh:LABEL" */
    struct cim_diag detail, hint;
    size_t index;  /* of the event, from 1; 0: none */
    char next[24]; /* the header Cimesh-Next; "" none */
};

enum http_message_kind {
    HTTP_MSG_CALL,   /* to the loop */
    HTTP_MSG_HEARD,  /* to the loop: news was read, more may come */
    HTTP_MSG_ANSWER, /* to the thread */
    HTTP_MSG_NEWS,
    HTTP_MSG_END
};
struct http_message {
    enum http_message_kind kind;
    struct api_call *call;
    uint64_t arrival; /* to the thread, always: newest committed */
    bool ready;
    char why_not[128];
};

struct http {
    /* the loop's end */
    int up[2];                /* pipe to the loop: its end is up[0] */
    struct http_message news; /* what the thread should know */
    bool news_due, news_sent; /* newer than sent; sent and not heard */
    void *thread;             /* pthread_t, see http.c */

    /* the thread's end */
    int down[2]; /* pipe from the loop */
    struct MHD_Daemon *daemon;
    int listener;
    char *socket; /* owned path */
    bool given;   /* the service manager made it, and keeps it */
    char node[CIM_NODE_MAX + 1];
    struct cim_bytes community;  /* of node */
    struct store_reader *reader; /* NULL: none */
    struct http_chance chance;   /* for ids */
    struct http_conn *conns;
    unsigned n_conns, n_cut, n_streams, max_conns;
    struct http_wait *waits;
    size_t held; /* bytes of bodies and replies */
    uint64_t arrival;
    bool ready;
    char why_not[128];
    bool ending;
    bool wake; /* a stream has more to look at */
    /* Pages that are read from the store: one a turn, so that others do not
     * wait for all who want one. */
    unsigned reads;     /* in this turn */
    uint64_t line_last; /* the newest place given */
    size_t n_line;
    int64_t swept_mono_ms;
};

/* ---- http_socket.c */
CIM_MUST enum cim_err http_socket_open(const char *path, int *out,
                                       struct cim_diag *diag);

/* ---- http.c: gives a call to the loop; the request is suspended. */
void http_ask(struct http_request *request, struct api_call *call,
              int64_t wait_ms);

/* ---- http_conn.c: callbacks of libmicrohttpd, and the sweep. */
void http_conn_notify(void *cls, struct MHD_Connection *mhd, void **context,
                      enum MHD_ConnectionNotificationCode code);
enum MHD_Result http_conn_handle(void *cls, struct MHD_Connection *mhd,
                                 const char *url, const char *method,
                                 const char *version, const char *data,
                                 size_t *size, void **context);
void http_conn_completed(void *cls, struct MHD_Connection *mhd, void **context,
                         enum MHD_RequestTerminationCode code);
void http_conn_phase(struct http_conn *conn, enum http_phase phase);
void http_conn_suspend(struct http_conn *conn);
/* May it read a page now? False: it is suspended, and called again. */
bool http_conn_read(struct http_conn *conn);
/* A new turn: the first in line go on. */
void http_conn_next(struct http *http);
void http_conn_resume(struct http_conn *conn);
void http_conn_cut(struct http_conn *conn);
/* Its call is no longer waited for; goes on, whatever it waited for. */
void http_conn_give_up(struct http_conn *conn);
void http_conn_sweep(struct http *http, int64_t mono_ms);
/* Room for one more stream; cuts one that nobody reads if need be. */
bool http_conn_stream_room(struct http *http);

/* ---- http_route.c */
struct http_route {
    const char *method;
    const char *path;   /* one ending in '/' takes what follows as rest */
    const char *params; /* names, each between spaces */
    void (*run)(struct http_request *request); /* body complete, or answered */
};
/* It reads the store, in the thread that serves everybody. */
bool http_route_reads(const struct http_route *route);
/* Sets request->route and rest, or request->problem. */
void http_route_find(struct http_request *request, const char *method,
                     const char *url);

/* ---- http_param.c */
/* All of them, or request->problem. */
void http_param_read(struct http_request *request, struct MHD_Connection *mhd);
/* "1h", "90s", ...; false when it is none. */
bool http_param_duration(const char *text, int64_t *ms);

/* ---- http_reply.c: one of these, once a request. */
struct http_header {
    const char *name, *value;
};
/* Takes buf's memory. headers: more of them, ended by a NULL name; or NULL. */
void http_reply(struct http_request *request, unsigned status, const char *type,
                struct cim_buf *buf, const struct http_header *headers);
/* give is asked for more whenever the client took the last. */
void http_reply_stream(struct http_request *request,
                       MHD_ContentReaderCallback give, void *ctx,
                       const char *type);
void http_reply_text(struct http_request *request, unsigned status,
                     const char *text);
void http_reply_problem(struct http_request *request,
                        const struct http_problem *problem);
/* Notes a problem, to be told when the body is through; the caller fills in
 * detail and hint. */
struct http_problem *http_problem_set(struct http_request *request,
                                      unsigned status, const char *label);
/* ... at once. */
void http_refuse(struct http_request *request, unsigned status,
                 const char *label, const char *detail, const char *hint);
/* What the request keeps in memory, of HTTP_HELD_MAX. False: no room, and a
 * problem is set. */
bool http_hold(struct http_request *request, size_t bytes);
/* The client asks for this type. */
bool http_wants(struct http_request *request, const char *type);

/* ---- what the routes run */
void http_publish(struct http_request *request);
void http_events(struct http_request *request);
void http_event(struct http_request *request);
void http_stream_start(struct http_request *request);
void http_status(struct http_request *request);
void http_check(struct http_request *request);
void http_peers(struct http_request *request);
void http_hooks(struct http_request *request);
void http_runs(struct http_request *request);
void http_promote(struct http_request *request);
void http_promote_explain(struct http_request *request);
void http_promote_dry_run(struct http_request *request);
void http_aside(struct http_request *request);
void http_reload(struct http_request *request);
void http_latest(struct http_request *request);
void http_ledger(struct http_request *request);
void http_diff(struct http_request *request);
void http_trace(struct http_request *request);
void http_find(struct http_request *request);
void http_livez(struct http_request *request);
void http_readyz(struct http_request *request);

/* ---- http_publish.c: looks at the headers of a POST. */
void http_publish_begin(struct http_request *request);

/* ---- http_events.c */
/* Where a query starts: after and since of the parameters.
 * False: a problem was set. */
bool http_since(struct http_request *request, bool stream,
                struct store_query *query);
CIM_MUST enum cim_err http_event_line(const struct store_row *row,
                                      enum cim_form form, struct cim_buf *out);

/* False: there is no store, which was said. */
bool http_has_reader(struct http_request *request);
void http_refuse_read(struct http_request *request);

/* ---- http_ledger.c */
struct json_t;
struct json_t *http_subject_json(const struct ledger_subject *subject);
struct json_t *http_stamp_json(const struct ledger_stamp *stamp);
/* Whom a text means; false: nobody or several, which was said. */
bool http_find_start(struct http_request *request, const char *text,
                     bool baseline, const struct view_peers *peers,
                     struct trace_start *out);
/* False: the ledger is being built anew, which was said. */
bool http_ledger_ready(struct http_request *request);

/* ---- http_stream.c */
void http_stream_destroy(struct http_stream **stream);
/* Resumes those that may have something to say: all when there is news, else
 * those whose heartbeat is due. */
void http_stream_wake(struct http *http, bool news, int64_t mono_ms);

/* ---- http_promote_text.c */
void http_text_promote(const struct view_promote *view, struct cim_buf *out);

/* ---- http_view.c, http_text.c */
/* False: asked now, the answer comes later. */
bool http_has_answer(struct http_request *request, enum api_kind kind);
void http_view_status(const struct view_status *v, struct cim_buf *out);
void http_view_peers(const struct view_peers *v, struct cim_buf *out);
void http_view_hooks(const struct view_hooks *v, struct cim_buf *out);
void http_view_run(const struct store_run *run, struct cim_buf *out);
void http_text_status(const struct view_status *v, struct cim_buf *out);
/* One line: "CIMESH OK|WARNING|CRITICAL - what | numbers". */
void http_text_check(const struct view_status *v, struct cim_buf *out);
void http_text_peers(const struct view_peers *v, struct cim_buf *out);
void http_text_hooks(const struct view_hooks *v, struct cim_buf *out);
void http_text_run(const struct store_run *run, struct cim_buf *out);

#endif

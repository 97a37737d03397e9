/* SPDX-License-Identifier: MPL-2.0 */
/*
 * http_body - the text of a request to drafts of events, as it comes in.
 *
 * A body is one JSON object, over as many lines as it likes, or one object a
 * line (NDJSON). Which of the two shows at the end of its first line: the
 * object is whole there, or it is not. Lines are turned into drafts at once,
 * so what waits as text is never more than one object, whatever the body's
 * length and however slowly it comes.
 */
#ifndef CIM_NODE_HTTP_BODY_H
#define CIM_NODE_HTTP_BODY_H

#include "proto/json.h"

/* Text of one request in all; 1,024 events rarely come near it. */
#define HTTP_BODY_MAX (32 * 1024 * 1024)

enum http_shape { HTTP_SHAPE_OPEN, HTTP_SHAPE_LINES, HTTP_SHAPE_WHOLE };

/* Random bytes for ids, drawn from the system for 64 of them at a time. */
struct http_chance {
    uint8_t b[640];
    size_t left;
};

struct http_body {
    struct http_chance *chance; /* lent */
    struct cim_bytes community; /* lent: of the node */
    int64_t now_ms;             /* eventTime where none is given */
    enum http_shape shape;
    struct cim_buf rest;      /* text of an object that is not whole yet */
    size_t len;               /* text seen */
    struct cim_draft *drafts; /* owned, at most CIM_BATCH_EVENTS */
    size_t n, cap;
    size_t held;      /* memory of drafts and rest, about */
    enum cim_err err; /* the first one; nothing is read after it */
    size_t bad;       /* err: number of the object, from 1 */
    struct cim_diag diag;
};

/* clear frees what is left. */
void http_body_init(struct http_body *body, struct http_chance *chance,
                    struct cim_bytes community, int64_t now_ms);
void http_body_clear(struct http_body *body);

/* The next part of the text, any length. Errors stay in body->err. */
void http_body_feed(struct http_body *body, struct cim_bytes text);

/*
 * The text is complete.
 * Errors: those of cim_json_read; CIM_EFORM when there is no event in it,
 * CIM_ETOOBIG for a body, an object or a number of events over the limit.
 */
CIM_MUST enum cim_err http_body_end(struct http_body *body);

/* The shape of a text that starts with this first line. */
enum http_shape http_body_shape(struct cim_bytes first_line);

#endif

/* SPDX-License-Identifier: MPL-2.0 */
/*
 * http_json - what jansson needs before its first use, and short ways to
 * build objects.
 *
 * Without memory jansson may leave out a character and go on; so it gets an
 * allocator that ends the process instead, as mem.h does.
 */
#ifndef CIM_NODE_HTTP_JSON_H
#define CIM_NODE_HTTP_JSON_H

#include "keys/bytes.h"

struct json_t; /* jansson's */

/* Once, before any JSON is read or written and any thread started. */
void http_json_start(void);

/* Takes value. */
void http_json_set(struct json_t *object, const char *key,
                   struct json_t *value);
void http_json_int(struct json_t *object, const char *key, uint64_t n);
/* Text that is not valid UTF-8 becomes null; so does an empty buffer. */
void http_json_text(struct json_t *object, const char *key, const char *text);
void http_json_buf(struct json_t *object, const char *key,
                   const struct cim_buf *text);
/* ms since 1970 as RFC 3339; null for 0: never, none. */
void http_json_time(struct json_t *object, const char *key, int64_t ms);
/* Takes item. */
void http_json_add(struct json_t *list, struct json_t *item);
/* Appends it as one line; takes value. */
void http_json_put(struct cim_buf *out, struct json_t *value);

#endif

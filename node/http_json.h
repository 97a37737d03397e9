/* SPDX-License-Identifier: MPL-2.0 */
/*
 * http_json - what jansson needs before its first use.
 *
 * Without memory jansson may leave out a character and go on; so it gets an
 * allocator that ends the process instead, as mem.h does.
 */
#ifndef CIM_NODE_HTTP_JSON_H
#define CIM_NODE_HTTP_JSON_H

/* Once, before any JSON is read or written and any thread started. */
void http_json_start(void);

#endif

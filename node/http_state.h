/* SPDX-License-Identifier: MPL-2.0 */
/* http_state - what `status` and `peers` answer, read back from their JSON. */
#ifndef CIM_NODE_HTTP_STATE_H
#define CIM_NODE_HTTP_STATE_H

#include <stdbool.h>

#include "keys/bytes.h"
#include "proto/limits.h"

struct http_state_peer {
    char node[CIM_NODE_MAX + 1];
    bool up, heard; /* heard: ever, in this run */
    bool two_writers, equivocation;
    int64_t head_ms; /* time of its newest header; 0: none */
    uint64_t gaps;
};

struct http_state {
    bool ready, two_writers;
    char storage[16], publishing[48];
    uint64_t gaps;
    char **warnings; /* owned, as all below */
    size_t n_warnings;
    struct http_state_peer *peers;
    size_t n_peers;
};

/* From the two bodies. False when they are not what a node answers. */
bool http_state_read(struct cim_bytes status, struct cim_bytes peers,
                     struct http_state *out);
void http_state_clear(struct http_state *state);
/* NULL: not among them. */
const struct http_state_peer *http_state_find(const struct http_state *state,
                                              const char *node);

#endif

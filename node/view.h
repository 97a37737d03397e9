/* SPDX-License-Identifier: MPL-2.0 */
/*
 * view - what status, peers and hooks show: copies, apart from live state.
 *
 * The loop fills them, the HTTP thread prints them. Plain data, owned by
 * whoever holds it; clear frees the arrays.
 */
#ifndef CIM_NODE_VIEW_H
#define CIM_NODE_VIEW_H

#include <stdbool.h>

#include "node/store.h"

struct view_count { /* refused: a label of err.h and how often */
    const char *reason;
    uint64_t n;
};

struct view_status {
    char node[CIM_NODE_MAX + 1];
    uint64_t epoch, seq; /* 0: nothing sealed in this run, or ever */
    uint64_t stored;     /* events in the store, own and others' */
    bool ready;          /* reading, serving and publishing */
    char storage[16];    /* "ok", "low", "full", "read-only", "failed" */
    char publishing[32]; /* "ok", "waiting for peers", "stopped: two writers"*/
    unsigned peers_up, peers_all;
    uint64_t gaps;    /* positions known missing */
    uint64_t overdue; /* subjects that a rule should have decided on */
    bool two_writers; /* somebody else signs with our key */
    struct view_count refused[CIM_ERR_N];
    size_t n_refused;
    int64_t started_ms;
    char *warnings[16]; /* owned; what somebody should look at, sentences */
    size_t n_warnings;
};
void view_status_clear(struct view_status *v);

struct view_cursor {
    uint64_t epoch;
    struct cim_prefix prefix;
    uint64_t upto;
};

/* One of two headers that cannot be of one writer: an older epoch that goes
 * on after a younger one began. */
struct view_writer {
    uint64_t epoch;
    int64_t time_ms;
};

struct view_peer {
    char node[CIM_NODE_MAX + 1];
    bool up;
    bool followed;                 /* something of it is wanted here */
    int64_t last_seen_ms;          /* 0: never in this run */
    uint64_t head_epoch, head_seq; /* newest of its feed known; 0: none */
    int64_t head_ms;
    uint64_t held; /* its events stored here */
    uint64_t lag;  /* positions between the cursors and its heads */
    uint64_t gaps;
    uint64_t refused;        /* messages and events refused from it */
    const char *last_reason; /* label of the newest refusal, or NULL */
    bool two_writers, equivocation;
    struct view_writer writers[2]; /* two_writers: older epoch, younger one */
    char state[64];              /* "up", "down for 42 s", "unknown key", ... */
    struct view_cursor *cursors; /* owned */
    size_t n_cursors;
};
struct view_peers {
    struct view_peer *v; /* owned */
    size_t n;
};
void view_peers_clear(struct view_peers *v);

struct view_hook {
    char name[CIM_NAME_MAX + 1];
    struct cim_prefix prefix;
    char exec[256];   /* the command, shortened */
    uint64_t cursor;  /* arrival done up to */
    uint64_t waiting; /* arrivals not looked at yet */
    uint32_t attempt; /* of the event in hand; 0: none */
    bool running;
    int64_t retry_ms; /* wall time of the next attempt; 0: none */
    char event[CIM_NAME_MAX + CIM_UUID_TEXT_LEN + 2]; /* in hand, or "" */
};
struct view_hooks {
    struct view_hook *v; /* owned */
    size_t n;
};
void view_hooks_clear(struct view_hooks *v);

#endif

/* SPDX-License-Identifier: MPL-2.0 */
/*
 * mesh_limits - what a peer can make grow, and where it ends; how long what is
 * waited for. Not part of the protocol: nodes may differ in these.
 */
#ifndef CIM_NODE_MESH_LIMITS_H
#define CIM_NODE_MESH_LIMITS_H

/* Logs of another node; older ones are forgotten. An epoch begins with its
 * first batch after a start, so four a day fill eleven years; at 1 KiB each a
 * hostile node costs 16 MiB. */
#define MESH_EPOCHS_MAX 16384
/* Spans of positions an author says it no longer has, over all its logs. */
#define MESH_GAPS_MAX 4096
/* Store jobs in flight for what peers sent. Beyond this a live slice is
 * dropped: catch-up brings it when there is room. */
#define MESH_JOBS_MAX      64
#define MESH_JOB_BYTES_MAX (16u * 1024 * 1024)
/* ... of one peer: above the one its live slices are left unread; the other it
 * has room for whatever the rest wait for. */
#define MESH_PEER_JOBS_MAX  24
#define MESH_PEER_BYTES_MAX (4u * 1024 * 1024)
#define MESH_PEER_JOBS_MIN  4
#define MESH_PEER_BYTES_MIN (256u * 1024)
/* What a peer's allowance pays, in microseconds: see mesh_share.c. */
#define MESH_COST_FRAME     10
#define MESH_COST_BYTES     256 /* so many for one more */
#define MESH_COST_SIGNATURE 40
#define MESH_COST_HEADER    50    /* one to be kept: a row of the store */
#define MESH_COST_EMPTY     12500 /* a page that brought nothing: 20 a second */
/* Remembered signatures, a power of two; 128 bytes each. */
#define MESH_SIGS 4096
/* Requests in flight at one peer. */
#define MESH_ASKS_MAX 2
/* Slices in a page above which the next one is asked for over fewer positions:
 * each may cost a signature and rows of its own, and others wait meanwhile. */
#define MESH_PAGE_SLICES 1024
/* An answer is waited for this long; doubles with each that does not come. */
#define MESH_ASK_MS     3000
#define MESH_ASK_MAX_MS 60000
/* Positions asked for at once when larger pages did not come in time. */
#define MESH_RANGE_MIN 32
/* So many unanswered in a row, and the peer counts as away. */
#define MESH_AWAY 3
/* An event is looked for by its name for so long. */
#define MESH_SEARCH_MS 5000
/* A peer that has not answered by then is not waited for alone. */
#define MESH_SEARCH_NEXT_MS 1000
/* Entries in one page of heads: at most 350 KiB, and soon written. */
#define MESH_HEADS_PAGE 1024
/* Names in one heads request: as many as fit. */
#define MESH_NAMES_BYTES (CIM_SYNC_ASK_MAX - 512)
/* Own events sealed in one job: more only adds to the wait of the first. */
#define MESH_GROUP_EVENTS 4096
#define MESH_GROUP_BYTES  (4u * 1024 * 1024)
/* Counters are written this often, and without room the store is tried. */
#define MESH_COUNT_MS 5000
#define MESH_ROOM_MS  1000
/* A list of heads is asked for again of a peer that is heard of only by its
 * answers, before their silence counts. */
#define MESH_PROBE_MS 10000

#endif

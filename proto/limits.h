/* SPDX-License-Identifier: MPL-2.0 */
/*
 * limits - every size, count and time limit of the protocol, with its reason.
 *
 * These are part of WIRE.md: nodes that differ in them cut each other's links,
 * because libzmq never reconnects after a frame over the receiver's limit.
 */
#ifndef CIM_PROTO_LIMITS_H
#define CIM_PROTO_LIMITS_H

/* Names and topics. */
#define CIM_NAME_MAX     32  /* characters of a community or node part */
#define CIM_NODE_MAX     65  /* "community/node" */
#define CIM_TOPIC_MAX    200 /* bytes; libzmq NULL breaks at 246..255 */
#define CIM_TYPE_MAX     64  /* characters of an event type */
#define CIM_LEVEL_MAX    64  /* characters of a confidence level's name */
#define CIM_PREFIXES_MAX 32  /* prefixes in one fetch */
#define CIM_FOLLOWS_MAX  256 /* subscriptions one member may hold */

/* Events, batches and slices, in bytes unless said. */
#define CIM_EVENT_MAX    (64 * 1024)   /* one event */
#define CIM_EVENT_DEPTH  6             /* containers within containers */
#define CIM_EVENT_ITEMS  4096          /* values in one event */
#define CIM_TEXT_MAX     200           /* a name: artifact, branch, baseline */
#define CIM_URL_MAX      2048          /* a URL */
#define CIM_JSON_MAX     (256 * 1024)  /* an event as JSON text */
#define CIM_BATCH_EVENTS 1024          /* events in a batch */
#define CIM_BATCH_MAX    (960 * 1024)  /* a batch's events, unless just one */
#define CIM_HEADER_MAX   256           /* an encoded header */
#define CIM_SLICE_LIVE   (64 * 1024)   /* a live slice of several events */
#define CIM_SLICE_MAX    (1024 * 1024) /* any slice */
#define CIM_PAGE_MAX     (1024 * 1024) /* a catch-up answer */
#define CIM_FETCH_RANGE  16384         /* positions a fetch may ask for */
#define CIM_HEADS_NODES  512           /* nodes one heads request may name */
#define CIM_SYNC_ASK_MAX (16 * 1024)   /* a catch-up request */
#define CIM_FIND_MAX     8             /* events of one name in an answer */
#define CIM_SEQ_MAX      ((UINT64_C(1) << 53) - 1) /* epoch and seq */

/* What the sockets accept; CURVE adds 33 bytes to a frame. */
#define CIM_MSG_SUB_MAX    (68 * 1024)
#define CIM_MSG_DEALER_MAX (1024 * 1024 + 4096)
#define CIM_MSG_ROUTER_MAX CIM_SYNC_ASK_MAX
#define CIM_MSG_XPUB_MAX   1024

/* Times, ms. */
#define CIM_BEACON_MS     5000  /* a beacon goes out */
#define CIM_SILENCE_MS    15000 /* this long without one: the link is down */
#define CIM_POLL_MS       30000 /* heads are asked of every peer */
#define CIM_FIRST_SEAL_MS 5000  /* wait for peers' heads of our own name */

#endif

/* SPDX-License-Identifier: MPL-2.0 */
/*
 * sync - the catch-up messages: heads, fetch and find, asks and answers.
 *
 * One ZeroMQ frame each, a MessagePack array that starts with version, kind
 * and request id:
 *
 *   ask    [1, "heads", rid, [node...], digest (bin 0|16), from (str, uint)]
 *   answer [1, "heads", rid, digest (bin 16), more (bool), entries]
 *          entries: [[header, signature, held]...] by (node, epoch)
 *   ask    [1, "fetch", rid, node, epoch, after, upto, [prefix...], n, digest]
 *   answer [1, "fetch", rid, covered, last, missing, [slice (bin)...]]
 *          missing: [[first, n]...] ascending
 *   ask    [1, "find", rid, community, event id (bin 16)]
 *   answer [1, "find", rid, [slice (bin)...]]
 *   answer [1, "refused", rid, reason (a label of err.h)]
 *
 * Source: WIRE.md, "Catch-up".
 */
#ifndef CIM_PROTO_SYNC_H
#define CIM_PROTO_SYNC_H

#include "proto/header.h"
#include "proto/topic.h"
#include "proto/uuid.h"

enum cim_sync_kind {
    CIM_SYNC_HEADS,
    CIM_SYNC_FETCH,
    CIM_SYNC_FIND,
    CIM_SYNC_REFUSED
};

/* What of a log is held: how many matching positions, and which (digest over
 * u64be of each, ascending). n 0: digest is of nothing. */
struct cim_have {
    uint64_t n;
    struct cim_digest digest;
};

struct cim_heads_ask {
    uint64_t rid;
    struct cim_bytes *nodes; /* n_nodes, owned array of lent names */
    size_t n_nodes;          /* 0..CIM_HEADS_NODES */
    bool known;              /* digest is the last list's */
    struct cim_digest digest;
    /* Go on after this entry; node "" = from the start. */
    struct cim_bytes after_node;
    uint64_t after_epoch;
};

/* What of one log a peer says it has. */
struct cim_heads_entry {
    struct cim_signed_header head; /* newest header; signature unchecked */
    uint64_t held;                 /* events stored of this log */
};

struct cim_heads_answer {
    uint64_t rid;
    struct cim_digest digest; /* of the whole list */
    bool same; /* digest equals the asked one; not on the wire: parsed false */
    bool more; /* ask again after the last entry */
    struct cim_heads_entry *entries; /* owned */
    size_t n_entries;
};

struct cim_fetch_ask {
    uint64_t rid;
    struct cim_bytes node; /* lent */
    uint64_t epoch;
    uint64_t after, upto;        /* positions (after, upto]; at most 16,384 */
    struct cim_prefix *prefixes; /* owned, 1..CIM_PREFIXES_MAX */
    size_t n_prefixes;
    struct cim_have have;
};

struct cim_span { /* positions first..first+n-1 */
    uint64_t first, n;
};

struct cim_fetch_answer {
    uint64_t rid;
    uint64_t covered; /* after..upto: all matches up to here are in or equal */
    uint64_t last;    /* the answerer's own head of this log */
    struct cim_span *missing; /* owned; author only: no longer held */
    size_t n_missing;
    struct cim_bytes *slices; /* owned array of lent frames */
    size_t n_slices;
};

/* One event by its name; ids are unique per node only, so there may be more
 * than one of a community. */
struct cim_find_ask {
    uint64_t rid;
    struct cim_bytes community; /* lent */
    struct cim_uuid id;
};

struct cim_find_answer {
    uint64_t rid;
    struct cim_bytes *slices; /* owned array of lent frames, an event each */
    size_t n_slices;          /* 0: not held; at most CIM_FIND_MAX */
};

/* Any message, as received. Views are lent from the frame. */
struct cim_sync {
    enum cim_sync_kind kind;
    bool is_ask; /* which side of the union; set by the parsers */
    uint64_t rid;
    union {
        struct cim_heads_ask heads_ask;
        struct cim_heads_answer heads;
        struct cim_fetch_ask fetch_ask;
        struct cim_fetch_answer fetch;
        struct cim_find_ask find_ask;
        struct cim_find_answer find;
        struct cim_bytes reason; /* refused */
    } u;
};

/*
 * Parse form and limits: an ask of at most CIM_SYNC_ASK_MAX bytes, an answer
 * of at most CIM_MSG_DEALER_MAX. clear frees the arrays.
 * Errors: CIM_ESHORT, CIM_ETRAIL, CIM_ETOOBIG, CIM_EFORM, CIM_EVERSION,
 * CIM_ENOMEM; out->rid is set when it could be read, else 0.
 */
CIM_MUST enum cim_err cim_sync_parse_ask(struct cim_bytes frame,
                                         struct cim_sync *out);
CIM_MUST enum cim_err cim_sync_parse_answer(struct cim_bytes frame,
                                            struct cim_sync *out);
void cim_sync_clear(struct cim_sync *msg);

/*
 * Writers append one whole message, or nothing. Errors: CIM_ENOMEM,
 * CIM_ETOOBIG above CIM_SYNC_ASK_MAX (asks) or CIM_PAGE_MAX (answers).
 */
CIM_MUST enum cim_err cim_heads_ask_write(const struct cim_heads_ask *ask,
                                          struct cim_buf *out);
CIM_MUST enum cim_err cim_heads_answer_write(const struct cim_heads_answer *a,
                                             struct cim_buf *out);
CIM_MUST enum cim_err cim_fetch_ask_write(const struct cim_fetch_ask *ask,
                                          struct cim_buf *out);
CIM_MUST enum cim_err cim_fetch_answer_write(const struct cim_fetch_answer *a,
                                             struct cim_buf *out);
CIM_MUST enum cim_err cim_find_ask_write(const struct cim_find_ask *ask,
                                         struct cim_buf *out);
CIM_MUST enum cim_err cim_find_answer_write(const struct cim_find_answer *a,
                                            struct cim_buf *out);
CIM_MUST enum cim_err cim_refused_write(uint64_t rid, enum cim_err reason,
                                        struct cim_buf *out);

/* Digest of a heads list: BLAKE2b-128 over each entry's header hash and
 * u64be(held), by (node, epoch). Feed every entry, then end. */
void cim_heads_digest_add(struct cim_digester *d, const struct cim_hash *header,
                          uint64_t held);

#endif

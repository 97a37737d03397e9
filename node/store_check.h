/* SPDX-License-Identifier: MPL-2.0 */
/*
 * store_check - looks at all that is stored, and has mended what is not whole.
 *
 * The check only reads, a chunk a transaction, so a running node goes on. What
 * it finds becomes jobs for the writer (STORE_ASIDE), which looks again before
 * it changes anything: the node's when one runs, else store_mend's own.
 */
#ifndef CIM_NODE_STORE_CHECK_H
#define CIM_NODE_STORE_CHECK_H

#include "node/store_read.h"

/* X(constant, name, can the writer mend it, what it means) */
#define STORE_ROTS(X)                                                          \
    X(STORE_ROT_EVENT, "event", true, "its bytes are not what was signed")     \
    X(STORE_ROT_COLUMNS, "columns", true,                                      \
      "topic or id beside the bytes is not what they say")                     \
    X(STORE_ROT_POSITION, "position", true, "it leads to no event of its own") \
    X(STORE_ROT_BATCH, "batch", true,                                          \
      "header or tree of its batch is rotten, so it cannot be proven")         \
    X(STORE_ROT_TREE, "tree", true,                                            \
      "the tree of its batch is rotten; its events tell it anew")              \
    X(STORE_ROT_STRAY, "stray", true, "an event that no position leads to")    \
    X(STORE_ROT_HEAD, "head", true,                                            \
      "the newest header of the log is rotten; its batches tell it anew")      \
    X(STORE_ROT_COUNTS, "counts", true,                                        \
      "the log counts other events than it holds")                             \
    X(STORE_ROT_META, "meta", true,                                            \
      "the counts of the whole store are rotten; its rows tell them anew")     \
    X(STORE_ROT_GAP, "gap", true, "what is held is called missing")            \
    X(STORE_ROT_KEY, "key", false,                                             \
      "no key is kept that verifies its header; restore a backup, or go on:"   \
      " peers check it with their own")                                        \
    X(STORE_ROT_SIGNATURE, "signature", false,                                 \
      "its header is not signed by the key kept for it, or is another log's;"  \
      " restore a backup")                                                     \
    X(STORE_ROT_CURSOR, "cursor", false,                                       \
      "a cursor is no position, or its prefix no topic; restore a backup")     \
    X(STORE_ROT_LOG, "log", false,                                             \
      "positions of a log that is not there; restore a backup")                \
    X(STORE_ROT_LEDGER, "ledger", true,                                        \
      "it is not what the events give; it is built anew from them")            \
    X(STORE_ROT_DATABASE, "database", true, "")

enum store_rot {
#define STORE_ROT_ENUM(constant, name, mend, text) constant,
    STORE_ROTS(STORE_ROT_ENUM)
#undef STORE_ROT_ENUM
};

struct store_finding {
    enum store_rot what;
    struct store_log log; /* node "" when it is not known */
    uint64_t seq;         /* 0: the whole log */
    uint64_t arrival;     /* STRAY: of the event; else 0 */
    char text[200];       /* what is wrong */
};
const char *store_rot_name(enum store_rot what);
/* STORE_ROT_DATABASE only while no node runs. */
bool store_rot_mendable(enum store_rot what);

struct store_check {
    /* false ends the check */
    bool (*found)(void *ctx, const struct store_finding *finding);
    bool (*go_on)(void *ctx, uint64_t done, uint64_t all); /* events */
    void *ctx;
    /* set by the check */
    uint64_t events, logs;
    bool ended; /* by found or go_on */
};

/* Errors: CIM_EIO (rows cannot be read at all; diag). */
CIM_MUST enum cim_err store_check(struct store_reader *reader,
                                  struct store_check *check,
                                  struct cim_diag *diag);

/* The job that has the writer look at it again. The caller's. */
struct store_job *store_mend_job(const struct store_finding *finding,
                                 int64_t now_ms);

/*
 * Mends what can be, while no node runs. remain: how many of n are left.
 * Errors: as store_open; CIM_EIO.
 */
CIM_MUST enum cim_err store_mend(const char *path,
                                 const struct store_finding *findings, size_t n,
                                 int64_t now_ms, size_t *remain,
                                 struct cim_diag *diag);

#endif

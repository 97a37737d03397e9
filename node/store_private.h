/* SPDX-License-Identifier: MPL-2.0 */
/*
 * store_private - what the files of the writer share, and hooks for its tests.
 *
 * The writer is the only one that changes the database, so what it read once
 * stays true: logs and the batch each is in the middle of are kept open in
 * memory and written back before COMMIT. A roll-back forgets them all.
 */
#ifndef CIM_NODE_STORE_PRIVATE_H
#define CIM_NODE_STORE_PRIVATE_H

#include <sys/types.h>

#include "node/store.h"
#include "node/store_sql.h"

#define STORE_SCHEMA      2
#define STORE_APPLICATION 0x63696d65 /* "cime": whose database it is */

#define STORE_BUSY_MS 5000 /* for another program's backup, say */

#define LEDGER_AT_ONCE 64 /* events of one transaction */

#define EVENT_REPEAT 1 /* flags of an event row */
#define EVENT_LATE   2

/* ---- a batch as it is kept (store_batch.c) ------------------------------*/

/*
 * Header, signature and the finest frontier seen, held events' leaves
 * included: so one rotten row costs one event, not its batch, and an event is
 * checked without reading its neighbours. Owns f.
 */
struct kept_batch {
    int64_t id; /* 0: none */
    int64_t log;
    struct cim_signed_header sh;
    struct cim_frontier f;
    uint32_t held; /* events stored */
    bool sound;    /* sh is what was signed and f gives its root */
};
void kept_clear(struct kept_batch *b);
/* Header, signature and sum from three columns; false when they rotted. */
bool kept_header(sqlite3_stmt *st, int column, struct cim_signed_header *sh);
/* What is kept beside the bytes of an event says what they say. */
bool kept_columns_fit(struct cim_bytes bytes, struct cim_bytes topic,
                      struct cim_bytes id);
/* From a row of SQL_BATCH_GET or SQL_BATCH_AT; out->sound tells rot. */
void kept_read(sqlite3_stmt *st, struct kept_batch *out);
/* A log's newest header from columns header, signature, sum; when that rotted,
 * the newest batch's; len 0 when there is none. */
void kept_head(struct store_db *db, sqlite3_stmt *st, int column, int64_t log,
               struct cim_signed_header *head);
/* A head that is another log's: the rows that lead to it rotted. */
bool kept_names(const struct cim_signed_header *head,
                const struct store_log *log);
/* Rebuilds a frontier that no longer gives the root from the events held. */
void kept_mend(struct store_db *db, struct kept_batch *b);
/* Over header and signature: what sound is told by. */
struct cim_digest kept_sum(const struct cim_signed_header *sh);
void kept_nodes(const struct cim_frontier *f, struct cim_buf *out);
/* The leaf at this position, or NULL when it is not known. */
const struct cim_hash *kept_leaf(const struct kept_batch *b, uint64_t seq);
/* True when these bytes are the event that was signed for this position. */
bool kept_fits(const struct kept_batch *b, int64_t log, uint64_t seq,
               struct cim_bytes bytes);

/* ---- logs that are open (store_log.c) -----------------------------------*/

#define OPEN_LOGS_MAX 256

struct open_log {
    struct store_log name;
    int64_t id;
    int64_t community;
    struct cim_signed_header head; /* len 0: none yet */
    struct cim_hash head_hash;
    uint64_t high; /* the highest position that counts as held */
    uint64_t top;  /* the highest event ever stored */
    uint64_t held, floor;
    int64_t min_time_ms, max_time_ms;
    bool equivocation; /* a pair is kept */
    uint64_t cursor;   /* of prefix "" */
    struct span_set gaps;
    struct cim_signkey key; /* kept already */
    bool key_known;
    struct kept_batch batch; /* the one last added to */
    bool log_dirty, cursor_dirty, gaps_dirty, batch_dirty;
};

#define TOPICS_MAX 512 /* remembered ids; a power of two */
struct known_topic {
    int64_t id; /* 0: free */
    uint16_t len;
    char text[CIM_TOPIC_MAX];
};

struct store_file { /* which one it is, wherever it lies */
    dev_t dev;
    ino_t ino;
};

/* The reserve file; see store_room.c. */
struct store_room {
    char *path;    /* owned; NULL: none is kept */
    uint64_t want; /* bytes, as configured */
    uint64_t size; /* of the one held, or last held; 0 never */
    bool held;
    bool low;        /* given up, or never got, for want of room */
    int64_t next_ms; /* mono: not tried again before */
};

struct store {
    struct store_db db;
    char *path, *lock_path, *wal_path; /* owned; NULL in memory */
    struct store_file file, lock_file; /* as opened */
    int lock_fd;                       /* -1: none, in memory */
    bool failed;                       /* for good: nothing is tried again */
    bool bug;                          /* failed: a statement was refused */
    char why[240];                     /* failed: in words */
    struct store_room room;
    uint64_t last_arrival;
    uint64_t bytes; /* of all events stored */
    int64_t next_batch;
    uint64_t ledger_upto; /* arrivals the ledger knows of */
    unsigned ledger_here; /* events put into it by this transaction */
    bool ledger_again;    /* words of it have to be looked at again */
    bool meta_dirty;
    struct open_log *logs[OPEN_LOGS_MAX];
    size_t n_logs;
    struct known_topic *topics; /* TOPICS_MAX */
    unsigned wal_pages;
};

/* The log, opened; made when it is new. Lent until the next one is opened. */
struct open_log *store_log_open(struct store *store, const char *node,
                                uint64_t epoch);
void store_logs_flush(struct store *store);
void store_logs_drop(struct store *store);
void store_batch_flush(struct store *store, struct open_log *log);

/* Adds the gaps of a log as the database has them. */
void store_gaps(struct store *store, int64_t log, struct span_set *out);
int64_t store_topic(struct store *store, struct cim_bytes topic);
uint64_t store_cursor_get(struct store *store, struct open_log *log,
                          struct cim_bytes prefix);
void store_cursor_set(struct store *store, struct open_log *log,
                      struct cim_bytes prefix, uint64_t upto);
/* Moves the cursor of "" over all that follows it without a hole. */
void store_contiguous(struct store *store, struct open_log *log);

/* What is kept in memory, as the database has it. */
void store_load_meta(struct store *store);

/* ---- counts over everything (store_meta.c) ------------------------------*/

struct store_counts {
    uint64_t last_arrival;
    uint64_t bytes, next_batch; /* not sound: any */
    uint64_t ledger_upto;       /* not under the sum: fsck compares it all */
    bool sound;
};
struct store_counts store_counts_read(struct store_db *db);
void store_counts_write(struct store_db *db, const struct store_counts *c);

/* ---- lock and files (store_lock.c) --------------------------------------*/

/* Errors: CIM_EEXIST (diag names the pid), CIM_EPERM, CIM_EIO. */
CIM_MUST enum cim_err store_lock(const char *path, int *out,
                                 struct cim_diag *diag);
void store_note_files(struct store *store, const char *path);
/* Whoever opens these paths later finds what is written here. */
bool store_in_place(const struct store *store);

/* ---- commit (store_commit.c) --------------------------------------------*/

/* Copies the WAL back and gives its blocks back, unless somebody reads from it
 * just now; false when not all of it is copied, or the store failed. */
bool store_shrink(struct store *store);
/* What SQLite says when a statement is wrong, not the disk. */
bool store_rc_is_bug(int rc);

/* ---- the reserve file (store_room.c) ------------------------------------*/

/* Bytes that the disk of the database has left. */
uint64_t store_room_free(const struct store *store);
/* Gives the reserve up; false when there is none. low from then on. */
bool store_room_release(struct store *store);
/* After a commit: makes it again when there is room, and low ends. */
void store_room_regain(struct store *store);
/* When idle: makes one that is not there. */
void store_room_tidy(struct store *store);
void store_room_clear(struct store *store);
/* Before a database can be opened: true when one lay there and is given up. */
bool store_room_drop(const char *path);

/* ---- kinds of jobs ------------------------------------------------------*/

/* Sets equivocation and new_header of the batch (store_header.c). */
void store_keep_header(struct store *store, struct open_log *log,
                       struct store_batch *batch);
bool store_same_header(const struct cim_signed_header *a,
                       const struct cim_signed_header *b);

enum cim_err store_keep(struct store *store, struct store_job *job);
void store_look_up(struct store *store, struct store_job *job);
void store_starts(struct store *store, struct store_job *job);
void store_put_roster(struct store *store, struct store_job *job);
void store_put_hook(struct store *store, struct store_job *job);
void store_count(struct store *store, struct store_job *job);
void store_aside(struct store *store, struct store_job *job);
void store_purge(struct store *store, struct store_job *job);

/* ---- schema (store_schema.c) --------------------------------------------*/

/* Steps from nothing to the newest, SQL each. */
struct store_schema {
    const char *const *steps;
    int64_t n;
};
/* Errors: CIM_EVERSION, CIM_ESTATE (a step does not run), CIM_EIO. */
CIM_MUST enum cim_err store_migrate_to(struct store_db *db,
                                       const struct store_schema *schema,
                                       const char *path, struct cim_diag *diag);
CIM_MUST enum cim_err store_migrate(struct store_db *db, const char *path,
                                    struct cim_diag *diag);
CIM_MUST enum cim_err store_schema_check(struct store_db *db, const char *path,
                                         struct cim_diag *diag);

/* ---- tests --------------------------------------------------------------*/

/* Runs SQL as it stands; true when it went through. */
bool store_exec(struct store *store, const char *sql);

#endif

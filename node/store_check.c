/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Log by log, position by position: is the event there, is it what was signed,
 * under a header that a kept key signed? Then what no position leads to.
 */
#include "node/store_check.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "node/mem.h"
#include "node/store_ledger_reader.h"
#include "proto/topic.h"

#define CHUNK_PLACES 1024  /* looked at in one transaction */
#define CHUNK_EVENTS 65536 /* arrivals */
#define MESSAGES     20    /* of the database's own check */

static const struct {
    const char *name;
    bool mendable;
    const char *text;
} rots[] = {
#define STORE_ROT_ROW(constant, name, mend, text) {name, mend, text},
    STORE_ROTS(STORE_ROT_ROW)
#undef STORE_ROT_ROW
};

const char *
store_rot_name(enum store_rot what)
{
    return rots[what].name;
}

bool
store_rot_mendable(enum store_rot what)
{
    return rots[what].mendable;
}

struct kept_key {
    char node[CIM_NODE_MAX + 1];
    struct cim_keyid id;
    struct cim_signkey key;
};

struct one_log {
    int64_t id;
    struct store_log name;
};

struct walk {
    struct store_reader *r;
    struct store_check *check;
    struct kept_key *keys; /* owned */
    size_t n_keys, cap_keys;
    struct one_log *logs; /* owned */
    size_t n_logs, cap_logs;
    uint64_t all; /* events, about */
    const struct one_log *log;
    int64_t judged; /* batch whose header was looked at; 0 none */
    int64_t broken; /* batch that proves nothing; 0 none */
};

static void
found(struct walk *w, enum store_rot what, uint64_t seq)
{
    struct store_finding f = {.what = what, .seq = seq};

    if (w->log)
        f.log = w->log->name;
    snprintf(f.text, sizeof f.text, "%s", rots[what].text);
    if (!w->check->ended && w->r->db->rc == SQLITE_OK)
        w->check->ended = !w->check->found(w->check->ctx, &f);
}

static void
tell(struct walk *w)
{
    if (!w->check->ended)
        w->check->ended =
            !w->check->go_on(w->check->ctx, w->check->events, w->all);
}

/* ---- headers ------------------------------------------------------------*/

static void
read_keys(struct walk *w)
{
    sqlite3_stmt *st = sql_use(w->r->db, SQL_KEY_EACH);

    w->n_keys = 0;
    while (sql_row(w->r->db, st)) {
        struct cim_bytes raw = sql_get_bytes(st, 1);
        struct kept_key *key;
        if (raw.len != sizeof key->key.b)
            continue;
        xgrow(&w->keys, &w->cap_keys, w->n_keys, sizeof *w->keys);
        key = &w->keys[w->n_keys++];
        sql_get_str(st, 0, key->node, sizeof key->node);
        memcpy(key->key.b, raw.p, sizeof key->key.b);
        key->id = cim_keyid_of(&key->key);
    }
}

static const struct kept_key *
key_of(const struct walk *w, const struct cim_header *h)
{
    for (size_t i = 0; i < w->n_keys; i++)
        if (cim_keyid_eq(&w->keys[i].id, &h->key) &&
            strcmp(w->keys[i].node, h->node) == 0)
            return &w->keys[i];
    return NULL;
}

/* The header of a batch or of a head, whose bytes are as they were stored. */
static void
check_header(struct walk *w, const struct cim_signed_header *sh, uint64_t seq)
{
    const struct kept_key *key = key_of(w, &sh->h);

    if (strcmp(sh->h.node, w->log->name.node) != 0 ||
        sh->h.epoch != w->log->name.epoch) {
        found(w, STORE_ROT_SIGNATURE, seq);
        return;
    }
    if (!key) { /* a key that came while this went on */
        read_keys(w);
        key = key_of(w, &sh->h);
    }
    if (!key)
        found(w, STORE_ROT_KEY, seq);
    else if (cim_signed_verify(sh, &key->key) != CIM_OK)
        found(w, STORE_ROT_SIGNATURE, seq);
}

/* True when events of this batch can be checked; says once what is wrong. */
static bool
check_batch(struct walk *w, int64_t id, const struct kept_batch *kept,
            uint64_t seq)
{
    if (!kept || !kept->sound) {
        w->broken = id;
        return false;
    }
    if (w->judged == id)
        return true;
    w->judged = id;
    /* The reader forgets the bytes of a batch that it had to mend. */
    if (!w->r->seen[(uint64_t)id % READER_BATCHES].raw.len)
        found(w, STORE_ROT_TREE, seq);
    check_header(w, &kept->sh, seq);
    return true;
}

/* ---- positions ----------------------------------------------------------*/

struct spot {
    uint64_t seq;
    int64_t topic, arrival;
};

static void
check_event(struct walk *w, const struct spot *spot, sqlite3_stmt *st)
{
    int64_t id = sqlite3_column_int64(st, 2);
    struct cim_bytes bytes = sql_get_bytes(st, 6);

    if (sqlite3_column_int64(st, 0) != w->log->id ||
        sql_get_u64(st, 1) != spot->seq) {
        found(w, STORE_ROT_POSITION, spot->seq);
        return;
    }
    const struct kept_batch *kept =
        w->broken == id ? NULL : reader_batch(w->r, id);
    if (!check_batch(w, id, kept, spot->seq))
        found(w, STORE_ROT_BATCH, spot->seq);
    else if (!kept_fits(kept, w->log->id, spot->seq, bytes))
        found(w, STORE_ROT_EVENT, spot->seq);
    else if (sqlite3_column_int64(st, 3) != spot->topic ||
             !kept_columns_fit(bytes, sql_get_bytes(st, 4),
                               sql_get_bytes(st, 5)))
        found(w, STORE_ROT_COLUMNS, spot->seq);
}

static void
check_spot(struct walk *w, const struct spot *spot)
{
    if (spot->arrival <= 0)
        return; /* purged or refused: nothing is kept of it */
    sqlite3_stmt *st = sql_use(w->r->db, SQL_CHECK_EVENT);
    sql_int(st, 1, spot->arrival);
    w->check->events++;
    if (!sql_row(w->r->db, st)) {
        found(w, STORE_ROT_POSITION, spot->seq);
        return;
    }
    check_event(w, spot, st);
    sql_end(st);
}

/* The next positions of the log; false at its end. */
static bool
check_chunk(struct walk *w, struct spot *spots, uint64_t *after)
{
    size_t n = 0;

    if (reader_begin(w->r) == CIM_OK) {
        sqlite3_stmt *st = sql_use(w->r->db, SQL_PLACE_RANGE);
        sql_int(st, 1, w->log->id);
        sql_u64(st, 2, *after);
        sql_u64(st, 3, INT64_MAX);
        while (n < CHUNK_PLACES && sql_row(w->r->db, st))
            spots[n++] = (struct spot){.seq = sql_get_u64(st, 0),
                                       .topic = sqlite3_column_int64(st, 1),
                                       .arrival = sqlite3_column_int64(st, 2)};
        if (n == CHUNK_PLACES)
            sql_end(st);
        w->judged = w->broken = 0;
        for (size_t i = 0; i < n && !w->check->ended; i++)
            check_spot(w, &spots[i]);
    }
    /* In pages that rotted the order may be any. */
    bool more = n == CHUNK_PLACES && spots[n - 1].seq > *after;
    if (more)
        *after = spots[n - 1].seq;
    return more;
}

/* ---- logs ---------------------------------------------------------------*/

static void
check_head(struct walk *w)
{
    struct cim_signed_header head;
    sqlite3_stmt *st = sql_use(w->r->db, SQL_LOG_FIND);

    sql_str(st, 1, w->log->name.node);
    sql_u64(st, 2, w->log->name.epoch);
    if (!sql_row(w->r->db, st))
        return;
    bool none = sqlite3_column_type(st, 1) == SQLITE_NULL;
    bool whole = kept_header(st, 1, &head);
    sql_end(st);
    if (whole)
        check_header(w, &head, 0);
    else if (!none)
        found(w, STORE_ROT_HEAD, 0);
}

static void
check_counts(struct walk *w)
{
    sqlite3_stmt *st = sql_use(w->r->db, SQL_LOG_COUNT);
    uint64_t held = 0, high = 0;

    sql_int(st, 1, w->log->id);
    if (sql_row(w->r->db, st)) {
        held = sql_get_u64(st, 0);
        high = sql_get_u64(st, 1);
        sql_end(st);
    }
    st = sql_use(w->r->db, SQL_LOG_GET);
    sql_str(st, 1, w->log->name.node);
    sql_u64(st, 2, w->log->name.epoch);
    if (!sql_row(w->r->db, st))
        return;
    bool right = sql_get_u64(st, 4) >= high && sql_get_u64(st, 6) == held &&
                 sql_get_u64(st, 7) <= sql_get_u64(st, 4);
    sql_end(st);
    if (!right)
        found(w, STORE_ROT_COUNTS, 0);
}

static void
check_gaps(struct walk *w)
{
    sqlite3_stmt *st = sql_use(w->r->db, SQL_GAP_HELD);

    sql_int(st, 1, w->log->id);
    if (sql_value(w->r->db, st, 0))
        found(w, STORE_ROT_GAP, 0);
}

static void
check_cursors(struct walk *w)
{
    sqlite3_stmt *st = sql_use(w->r->db, SQL_CURSOR_EACH);
    struct cim_diag diag;

    sql_int(st, 1, w->log->id);
    while (sql_row(w->r->db, st)) {
        struct cim_bytes text = sql_get_bytes(st, 0);
        struct cim_prefix prefix;
        if (sql_get_u64(st, 1) > CIM_SEQ_MAX ||
            (text.len && cim_prefix_parse(text, &prefix, &diag) != CIM_OK))
            found(w, STORE_ROT_CURSOR, 0);
    }
}

static enum cim_err
check_log(struct walk *w, const struct one_log *log, struct spot *spots)
{
    uint64_t after = 0;
    bool more = true;

    w->log = log;
    w->check->logs++;
    if (reader_begin(w->r) == CIM_OK) {
        check_head(w);
        check_counts(w);
        check_gaps(w);
        check_cursors(w);
    }
    enum cim_err err = reader_end(w->r);
    while (err == CIM_OK && more && !w->check->ended) {
        more = check_chunk(w, spots, &after);
        err = reader_end(w->r);
        tell(w);
    }
    return err;
}

static enum cim_err
read_logs(struct walk *w)
{
    if (reader_begin(w->r) == CIM_OK) {
        read_keys(w);
        w->all =
            (uint64_t)sql_value(w->r->db, sql_use(w->r->db, SQL_STORED), 0);
        sqlite3_stmt *st = sql_use(w->r->db, SQL_LOG_EACH);
        while (sql_row(w->r->db, st)) {
            struct one_log *log;
            xgrow(&w->logs, &w->cap_logs, w->n_logs, sizeof *w->logs);
            log = &w->logs[w->n_logs++];
            *log = (struct one_log){.id = sqlite3_column_int64(st, 2)};
            sql_get_str(st, 0, log->name.node, sizeof log->name.node);
            log->name.epoch = sql_get_u64(st, 1);
        }
    }
    return reader_end(w->r);
}

/* Positions whose log is gone: each id once, by the next one there is. */
static enum cim_err
check_lost_logs(struct walk *w)
{
    int64_t id = INT64_MIN;

    w->log = NULL;
    if (reader_begin(w->r) == CIM_OK) {
        if (!store_counts_read(w->r->db).sound)
            found(w, STORE_ROT_META, 0);
        for (;;) {
            sqlite3_stmt *st = sql_use(w->r->db, SQL_PLACE_LOG);
            sql_int(st, 1, id);
            int64_t next = sql_value(w->r->db, st, INT64_MIN);
            if (next <= id)
                break;
            id = next;
            st = sql_use(w->r->db, SQL_LOG_NAME);
            sql_int(st, 1, id);
            bool known = sql_row(w->r->db, st);
            sql_end(st);
            if (!known)
                found(w, STORE_ROT_LOG, 0);
        }
    }
    return reader_end(w->r);
}

/* ---- events that no position leads to -----------------------------------*/

static void
found_stray(struct walk *w, sqlite3_stmt *st)
{
    struct store_finding f = {.what = STORE_ROT_STRAY,
                              .arrival = sql_get_u64(st, 0),
                              .seq = sql_get_u64(st, 2)};

    for (size_t i = 0; i < w->n_logs; i++)
        if (w->logs[i].id == sqlite3_column_int64(st, 1))
            f.log = w->logs[i].name;
    snprintf(f.text, sizeof f.text, "%s", rots[f.what].text);
    w->check->ended = !w->check->found(w->check->ctx, &f);
}

static enum cim_err
check_strays(struct walk *w)
{
    enum cim_err err = CIM_OK;
    uint64_t after = 0, last = 0;

    do {
        if (reader_begin(w->r) == CIM_OK) {
            last = (uint64_t)sql_value(w->r->db,
                                       sql_use(w->r->db, SQL_EVENT_LAST), 0);
            sqlite3_stmt *st = sql_use(w->r->db, SQL_EVENT_STRAY);
            sql_u64(st, 1, after);
            sql_u64(st, 2, after + CHUNK_EVENTS);
            while (sql_row(w->r->db, st)) {
                found_stray(w, st);
                if (!w->check->ended)
                    continue;
                sql_end(st);
                break;
            }
        }
        err = reader_end(w->r);
        after += CHUNK_EVENTS;
        tell(w);
    } while (err == CIM_OK && after < last && !w->check->ended);
    return err;
}

/* ---- the ledger ---------------------------------------------------------*/

static bool
tell_ledger(void *ctx, uint64_t done)
{
    struct walk *w = ctx;

    (void)done;
    tell(w);
    return !w->check->ended;
}

static enum cim_err
check_ledger(struct walk *w)
{
    bool fits = true;
    enum cim_err err = ledger_check(w->r, &fits, tell_ledger, w);

    w->log = NULL;
    if (!fits)
        found(w, STORE_ROT_LEDGER, STORE_SEQ_LEDGER);
    return err;
}

/* ---- the database -------------------------------------------------------*/

/* What SQLite finds by itself: pages, rows out of order, indexes. */
static enum cim_err
check_database(struct walk *w)
{
    sqlite3_stmt *st = NULL;

    sql_clear(w->r->db);
    int rc = sqlite3_prepare_v2(w->r->db->h, "PRAGMA integrity_check(20)", -1,
                                &st, NULL);
    while (rc == SQLITE_OK && !w->check->ended &&
           sqlite3_step(st) == SQLITE_ROW) {
        struct store_finding f = {.what = STORE_ROT_DATABASE};
        sql_get_str(st, 0, f.text, sizeof f.text);
        if (strcmp(f.text, "ok") != 0)
            w->check->ended = !w->check->found(w->check->ctx, &f);
    }
    rc = sqlite3_finalize(st);
    return rc == SQLITE_OK ? CIM_OK : CIM_EIO;
}

enum cim_err
store_check(struct store_reader *reader, struct store_check *check,
            struct cim_diag *diag)
{
    struct walk w = {.r = reader, .check = check};
    struct spot *spots = xcalloc(CHUNK_PLACES, sizeof *spots);
    enum cim_err err = check_database(&w);

    check->events = check->logs = 0;
    if (err == CIM_OK)
        err = read_logs(&w);
    for (size_t i = 0; err == CIM_OK && i < w.n_logs && !check->ended; i++)
        err = check_log(&w, &w.logs[i], spots);
    if (err == CIM_OK && !check->ended)
        err = check_lost_logs(&w);
    if (err == CIM_OK && !check->ended)
        err = check_strays(&w);
    if (err == CIM_OK && !check->ended)
        err = check_ledger(&w);
    if (err != CIM_OK)
        cim_diag_set(diag,
                     "the database cannot be read to its end: %s; check the"
                     " disk, then restore a backup: cimesh backup --help",
                     sqlite3_errmsg(reader->db->h));
    free(spots);
    free(w.keys);
    free(w.logs);
    return err;
}

/* SPDX-License-Identifier: MPL-2.0 */
/* Readers: open, what they share, and the short questions. */
#include "node/store_read.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "node/mem.h"
#include "node/store_reader.h"

#define BUSY_MS 2000

/* ---- open and close -----------------------------------------------------*/

static struct store_reader *
reader_new(void)
{
    struct store_reader *r = xcalloc(1, sizeof *r);

    r->db = &r->own;
    r->rotten = xcalloc(READER_ROTTEN, sizeof *r->rotten);
    return r;
}

static enum cim_err
connect_reader(struct store_reader *r, const char *path, struct cim_diag *diag)
{
    int flags = SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX;
    int rc = sqlite3_open_v2(path, &r->own.h, flags, NULL);

    if (rc == SQLITE_OK) {
        sqlite3_busy_timeout(r->own.h, BUSY_MS);
        rc = sqlite3_exec(r->own.h,
                          "PRAGMA trusted_schema = OFF;"
                          "PRAGMA cell_size_check = ON;"
                          "PRAGMA temp_store = MEMORY;"
                          "PRAGMA query_only = ON;"
                          "PRAGMA cache_size = -8192;",
                          NULL, NULL, NULL);
    }
    if (rc == SQLITE_OK)
        return store_schema_check(&r->own, path, diag);
    cim_diag_set(diag, "%s: %s; may this user read it?", path,
                 sqlite3_errmsg(r->own.h));
    return CIM_EIO;
}

enum cim_err
store_reader_open(const char *path, struct store_reader **out,
                  struct cim_diag *diag)
{
    struct store_reader *r;
    enum cim_err err;

    *out = NULL;
    if (access(path, F_OK) != 0) {
        cim_diag_set(diag,
                     "%s: no such database; a node makes it when it"
                     " first runs",
                     path);
        return CIM_ENOENT;
    }
    r = reader_new();
    err = connect_reader(r, path, diag);
    if (err == CIM_OK)
        *out = r;
    else
        store_reader_close(&r);
    return err;
}

struct store_reader *
store_reader_of(struct store *store)
{
    struct store_reader *r = reader_new();

    r->db = &store->db;
    return r;
}

void
store_reader_close(struct store_reader **p)
{
    struct store_reader *r = *p;

    *p = NULL;
    if (!r)
        return;
    for (size_t i = 0; i < READER_BATCHES; i++) {
        kept_clear(&r->seen[i].kept);
        cim_buf_clear(&r->seen[i].raw);
    }
    sql_close(&r->own);
    free(r->rotten);
    free(r);
}

/* ---- shared -------------------------------------------------------------*/

enum cim_err
reader_begin(struct store_reader *r)
{
    sql_clear(r->db);
    if (!r->held)
        sql_run_plain(r->db, SQL_BEGIN_READ);
    return r->db->rc == SQLITE_OK ? CIM_OK : CIM_EIO;
}

enum cim_err
reader_end(struct store_reader *r)
{
    enum cim_err err = r->db->rc == SQLITE_OK ? CIM_OK : CIM_EIO;

    sql_clear(r->db);
    if (!r->held && !sqlite3_get_autocommit(r->db->h))
        sql_run_plain(r->db, SQL_COMMIT);
    sql_clear(r->db);
    return err;
}

enum cim_err
store_reader_hold(struct store_reader *r)
{
    enum cim_err err = reader_begin(r);

    if (err)
        err = reader_end(r);
    else
        r->held = true;
    return err;
}

void
store_reader_release(struct store_reader *r)
{
    enum cim_err err;

    r->held = false;
    err = reader_end(r);
    (void)err; /* the calls have told */
}

void
reader_rot(struct store_reader *r, const struct store_log *log, uint64_t seq)
{
    if (r->rotten_n == READER_ROTTEN)
        return; /* it is met again */
    struct rotten *rotten =
        &r->rotten[(r->rotten_first + r->rotten_n++) % READER_ROTTEN];
    rotten->log = *log;
    rotten->seq = seq;
}

bool
store_reader_rotten(struct store_reader *r, struct store_log *log,
                    uint64_t *seq)
{
    if (!r->rotten_n)
        return false;
    *log = r->rotten[r->rotten_first].log;
    *seq = r->rotten[r->rotten_first].seq;
    r->rotten_first = (r->rotten_first + 1) % READER_ROTTEN;
    r->rotten_n--;
    return true;
}

/* Header, signature, sum and nodes, one after the other. */
static bool
same_raw(const struct cim_buf *raw, sqlite3_stmt *st)
{
    size_t at = 0;

    for (int i = 2; i < 6; i++) {
        struct cim_bytes b = sql_get_bytes(st, i);
        if (b.len > raw->len - at ||
            (b.len && memcmp(raw->p + at, b.p, b.len) != 0))
            return false;
        at += b.len;
    }
    return at == raw->len;
}

const struct kept_batch *
reader_batch(struct store_reader *r, int64_t id)
{
    struct seen_batch *seen = &r->seen[(uint64_t)id % READER_BATCHES];
    sqlite3_stmt *st = sql_use(r->db, SQL_BATCH_GET);

    sql_int(st, 1, id);
    if (!sql_row(r->db, st))
        return NULL;
    if (seen->kept.id == id && same_raw(&seen->raw, st)) {
        sql_end(st);
        return &seen->kept;
    }
    cim_buf_reset(&seen->raw);
    for (int i = 2; i < 6; i++)
        cim_buf_add_bytes(&seen->raw, sql_get_bytes(st, i));
    if (seen->raw.err != CIM_OK)
        mem_fail();
    kept_read(st, &seen->kept);
    sql_end(st);
    if (!seen->kept.sound) {
        kept_mend(r->db, &seen->kept);
        cim_buf_reset(&seen->raw); /* looked at anew next time */
    }
    return &seen->kept;
}

void
reader_log(struct store_reader *r, const struct store_log *log,
           struct found_log *out)
{
    sqlite3_stmt *st = sql_use(r->db, SQL_LOG_FIND);

    *out = (struct found_log){0};
    sql_str(st, 1, log->node);
    sql_u64(st, 2, log->epoch);
    if (!sql_row(r->db, st))
        return;
    out->id = sqlite3_column_int64(st, 0);
    kept_head(r->db, st, 1, out->id, &out->head);
    sql_end(st);
    if (!kept_names(&out->head, log))
        *out = (struct found_log){0};
}

/* ---- topics -------------------------------------------------------------*/

struct topic_filter
topic_filter_of(const struct cim_prefix *prefixes, size_t n)
{
    struct topic_filter filter = {.prefixes = prefixes, .n_prefixes = n};

    for (size_t i = 0; i < n; i++)
        filter.all |= prefixes[i].len == 0;
    return filter;
}

void
topic_filter_clear(struct topic_filter *filter)
{
    free(filter->slots);
    *filter = (struct topic_filter){0};
}

static struct filter_slot *
slot_of(struct topic_filter *filter, int64_t topic)
{
    size_t i = (size_t)((uint64_t)topic * 0x9e3779b97f4a7c15u >> 32);

    for (;; i++) {
        struct filter_slot *slot = &filter->slots[i & (filter->cap - 1)];
        if (!slot->topic || slot->topic == topic)
            return slot;
    }
}

static void
grow_slots(struct topic_filter *filter)
{
    struct topic_filter bigger = *filter;

    bigger.cap = filter->cap ? filter->cap * 2 : 64;
    bigger.slots = xcalloc(bigger.cap, sizeof *bigger.slots);
    for (size_t i = 0; i < filter->cap; i++)
        if (filter->slots[i].topic)
            *slot_of(&bigger, filter->slots[i].topic) = filter->slots[i];
    free(filter->slots);
    *filter = bigger;
}

static bool
match_name(struct store_reader *r, const struct topic_filter *filter,
           int64_t topic)
{
    sqlite3_stmt *st = sql_use(r->db, SQL_TOPIC_NAME);
    bool match = false;

    sql_int(st, 1, topic);
    if (!sql_row(r->db, st))
        return false;
    struct cim_bytes name = sql_get_bytes(st, 0);
    for (size_t i = 0; !match && i < filter->n_prefixes; i++)
        match = cim_prefix_match(&filter->prefixes[i], name);
    sql_end(st);
    return match;
}

bool
topic_filter_match(struct store_reader *r, struct topic_filter *filter,
                   int64_t topic)
{
    if (filter->all)
        return true;
    if (topic <= 0)
        return false;
    if (filter->n * 2 >= filter->cap)
        grow_slots(filter);
    struct filter_slot *slot = slot_of(filter, topic);
    if (!slot->topic) {
        slot->match = match_name(r, filter, topic);
        slot->topic = topic;
        filter->n++;
    }
    return slot->match;
}

/* ---- positions ----------------------------------------------------------*/

struct place *
reader_places(struct store_reader *r, int64_t log, uint64_t after,
              uint64_t upto, struct topic_filter *filter, size_t *n)
{
    sqlite3_stmt *st = sql_use(r->db, SQL_PLACE_RANGE);
    struct place *places = NULL;
    size_t cap = 0;
    uint64_t before = after;

    *n = 0;
    sql_int(st, 1, log);
    sql_u64(st, 2, after);
    sql_u64(st, 3, upto);
    while (*n < CIM_FETCH_RANGE && sql_row(r->db, st)) {
        uint64_t seq = sql_get_u64(st, 0);
        if (seq <= before || seq > upto)
            continue; /* a key that rotted: as if it were not there */
        before = seq;
        if (!topic_filter_match(r, filter, sqlite3_column_int64(st, 1)))
            continue;
        xgrow(&places, &cap, *n, sizeof *places);
        places[*n].seq = seq;
        places[(*n)++].arrival = sqlite3_column_int64(st, 2);
    }
    sql_end(st);
    return places;
}

struct cim_have
places_have(const struct place *places, size_t n)
{
    struct cim_have have = {.n = n};
    struct cim_digester d;

    cim_digester_init(&d);
    for (size_t i = 0; i < n; i++)
        cim_digester_add_u64(&d, places[i].seq);
    have.digest = cim_digester_end(&d);
    return have;
}

/* ---- short questions ----------------------------------------------------*/

enum cim_err
store_have(struct store_reader *r, const struct store_log *log, uint64_t after,
           uint64_t upto, const struct cim_prefix *prefixes, size_t n_prefixes,
           struct cim_have *out)
{
    struct topic_filter filter = topic_filter_of(prefixes, n_prefixes);
    struct found_log found;
    struct place *places = NULL;
    size_t n = 0;

    if (reader_begin(r) == CIM_OK) {
        reader_log(r, log, &found);
        if (found.id)
            places = reader_places(r, found.id, after, upto, &filter, &n);
    }
    *out = places_have(places, n);
    free(places);
    topic_filter_clear(&filter);
    return reader_end(r);
}

enum cim_err
store_totals(struct store_reader *r, uint64_t *stored, uint64_t *last_arrival)
{
    *stored = *last_arrival = 0;
    if (reader_begin(r) == CIM_OK) {
        *stored = (uint64_t)sql_value(r->db, sql_use(r->db, SQL_STORED), 0);
        *last_arrival = store_counts_read(r->db).last_arrival;
    }
    return reader_end(r);
}

static void
read_run(sqlite3_stmt *st, struct store_run *run)
{
    sql_get_str(st, 0, run->hook, sizeof run->hook);
    run->arrival = sql_get_u64(st, 1);
    sql_get_str(st, 2, run->event, sizeof run->event);
    run->attempt = (uint32_t)sql_get_u64(st, 3);
    run->state = (enum store_run_state)sqlite3_column_int(st, 4);
    run->status = sqlite3_column_int(st, 5);
    run->started_ms = sqlite3_column_int64(st, 6);
    run->ended_ms = sqlite3_column_int64(st, 7);
    sql_get_str(st, 8, run->output, sizeof run->output);
}

enum cim_err
store_runs(struct store_reader *r, const char *hook, size_t limit,
           void (*each)(void *ctx, const struct store_run *run), void *ctx)
{
    if (reader_begin(r) == CIM_OK) {
        sqlite3_stmt *st = sql_use(r->db, hook ? SQL_RUN_OF : SQL_RUN_EACH);
        if (hook)
            sql_str(st, 1, hook);
        sql_u64(st, hook ? 2 : 1, limit);
        while (sql_row(r->db, st)) {
            struct store_run run;
            read_run(st, &run);
            each(ctx, &run);
        }
    }
    return reader_end(r);
}

enum cim_err
store_hook_start(struct store_reader *r, const char *hook, uint64_t *start)
{
    *start = 0;
    if (reader_begin(r) == CIM_OK) {
        sqlite3_stmt *st = sql_use(r->db, SQL_HOOK_START);
        sql_str(st, 1, hook);
        *start = (uint64_t)sql_value(r->db, st, 0);
    }
    return reader_end(r);
}

enum cim_err
store_attempts(struct store_reader *r, const char *hook, uint64_t arrival,
               uint32_t *attempts)
{
    *attempts = 0;
    if (reader_begin(r) == CIM_OK) {
        sqlite3_stmt *st = sql_use(r->db, SQL_RUN_ATTEMPTS);
        sql_str(st, 1, hook);
        sql_u64(st, 2, arrival);
        *attempts = (uint32_t)sql_value(r->db, st, 0);
    }
    return reader_end(r);
}

static enum cim_err
reason_of(const char *label)
{
    for (int err = 0; err < CIM_ERR_N; err++)
        if (strcmp(cim_err_label((enum cim_err)err), label) == 0)
            return (enum cim_err)err;
    return CIM_EEVENT;
}

enum cim_err
store_refusals(struct store_reader *r, size_t limit,
               void (*each)(void *ctx, const struct store_refusal *refusal),
               void *ctx)
{
    if (reader_begin(r) == CIM_OK) {
        sqlite3_stmt *st = sql_use(r->db, SQL_REFUSED_EACH);
        sql_u64(st, 1, limit);
        while (sql_row(r->db, st)) {
            struct store_refusal refusal = {.seq = sql_get_u64(st, 2)};
            char label[32];
            sql_get_str(st, 0, refusal.log.node, sizeof refusal.log.node);
            refusal.log.epoch = sql_get_u64(st, 1);
            sql_get_str(st, 3, label, sizeof label);
            refusal.reason = reason_of(label);
            each(ctx, &refusal);
        }
    }
    return reader_end(r);
}

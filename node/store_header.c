/* SPDX-License-Identifier: MPL-2.0 */
/*
 * A header that came: does it contradict one we hold, is it the newest?
 *
 * Two headers of a log contradict each other when their positions overlap, or
 * when one follows the other and does not name it. Only what lies beside a
 * new header can contradict it, so what is compared is the head and, for a
 * header that is not ahead of it, the batches that begin within it or just
 * after, and the last one that begins before: those further down end before
 * that one begins, unless a contradiction was found among them already.
 */
#include <string.h>

#include "node/store_private.h"

bool
store_same_header(const struct cim_signed_header *a,
                  const struct cim_signed_header *b)
{
    return cim_bytes_eq(cim_signed_bytes(a), cim_signed_bytes(b));
}

/* Two headers of one log that an honest author cannot both have made. */
static bool
contradict(const struct cim_signed_header *a, const struct cim_signed_header *b)
{
    if (store_same_header(a, b))
        return false;
    if (a->h.first > b->h.first) {
        const struct cim_signed_header *first = b;
        b = a;
        a = first;
    }
    if (cim_header_last(&a->h) >= b->h.first)
        return true;
    if (cim_header_last(&a->h) + 1 != b->h.first)
        return false;
    struct cim_hash hash = cim_header_hash(cim_signed_bytes(a));
    return !cim_hash_eq(&hash, &b->h.prev);
}

/* Looks among the batches kept; the other one in *found. */
static bool
contradiction_kept(struct store *store, struct open_log *log,
                   const struct cim_signed_header *sh,
                   struct cim_signed_header *found)
{
    bool hit = false;

    store_batch_flush(store, log);
    sqlite3_stmt *st = sql_use(&store->db, SQL_BATCH_NEAR);
    sql_int(st, 1, log->id);
    sql_u64(st, 2, sh->h.first);
    sql_u64(st, 3, cim_header_last(&sh->h) + 1);
    while (!hit && sql_row(&store->db, st))
        hit = cim_signed_parse(sql_get_bytes(st, 0), sql_get_bytes(st, 1),
                               found) == CIM_OK &&
              contradict(found, sh);
    sql_end(st);
    return hit;
}

static bool
contradiction(struct store *store, struct open_log *log,
              const struct cim_signed_header *sh,
              struct cim_signed_header *found)
{
    const struct cim_signed_header *head = &log->head;

    /* These were looked at when they first came. */
    if (!head->len || store_same_header(head, sh) ||
        (log->batch.id && store_same_header(&log->batch.sh, sh)))
        return false;
    if (contradict(head, sh)) {
        *found = *head;
        return true;
    }
    /* No batch kept reaches past the head, so nothing else can be near. */
    if (sh->h.first > cim_header_last(&head->h))
        return false;
    return contradiction_kept(store, log, sh, found);
}

static void
keep_pair(struct store *store, struct open_log *log,
          const struct cim_signed_header *a, const struct cim_signed_header *b)
{
    sqlite3_stmt *st = sql_use(&store->db, SQL_EQUIVOCATION_PUT);

    sql_int(st, 1, log->id);
    sql_blob(st, 2, cim_signed_bytes(a));
    sql_blob(st, 3, cim_bytes_of(a->sig.b, sizeof a->sig.b));
    sql_blob(st, 4, cim_signed_bytes(b));
    sql_blob(st, 5, cim_bytes_of(b->sig.b, sizeof b->sig.b));
    sql_run(&store->db, st);
    log->equivocation = true;
}

static void
keep_key(struct store *store, struct open_log *log,
         const struct cim_signkey *key)
{
    if (log->key_known && memcmp(&log->key, key, sizeof *key) == 0)
        return;
    sqlite3_stmt *st = sql_use(&store->db, SQL_KEY_PUT);
    sql_str(st, 1, log->name.node);
    sql_blob(st, 2, cim_bytes_of(key->b, sizeof key->b));
    sql_run(&store->db, st);
    log->key = *key;
    log->key_known = true;
}

void
store_keep_header(struct store *store, struct open_log *log,
                  struct store_batch *batch)
{
    const struct cim_signed_header *sh = &batch->sh;
    struct cim_signed_header other;
    int64_t time_ms = sh->h.time_ms;

    batch->equivocation = contradiction(store, log, sh, &other);
    if (batch->equivocation && !log->equivocation)
        keep_pair(store, log, &other, sh);
    keep_key(store, log, &batch->key);
    bool none = !log->head.len;
    if (none || time_ms < log->min_time_ms) {
        log->min_time_ms = time_ms;
        log->log_dirty = true;
    }
    if (none || time_ms > log->max_time_ms) {
        log->max_time_ms = time_ms;
        log->log_dirty = true;
    }
    batch->new_header =
        none || cim_header_last(&sh->h) > cim_header_last(&log->head.h);
    if (batch->new_header) {
        log->head = *sh;
        log->head_hash = batch->header_hash;
        log->log_dirty = true;
    }
}

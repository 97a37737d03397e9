/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Stored events in arrival order, by id, and what a hook has had.
 *
 * Candidates are arrivals, checked one by one against their batch before
 * anybody sees them. When the prefixes select few topics, candidates come
 * from the topic index: the smallest next arrival among the topics, again and
 * again. Otherwise they come from a scan that ends after SCAN_ROWS rows, with
 * a mark where to go on. The newest have no such mark: where the scan ends
 * before there are enough, all the topics are asked after all.
 */
#include <stdlib.h>
#include <string.h>

#include "node/mem.h"
#include "node/store_reader.h"
#include "proto/event.h"

#define SCAN_ROWS   20000     /* looked at in one call */
#define FEW_TOPICS  256       /* more: scan first */
#define MANY_TOPICS (1 << 20) /* 16 MiB; more: scan to the end */
#define FIND_ROWS   10000     /* events of one id */

/* ---- candidates ---------------------------------------------------------*/

/* Arrivals in (after, upto] that match, one way or the other. */
struct candidates {
    struct store_reader *r;
    const struct store_query *query;
    uint64_t after, upto;
    bool down;
    bool few;
    struct topic_filter filter; /* many topics: a scan */
    sqlite3_stmt *scan;
    size_t left; /* rows it may still look at */
    uint64_t at; /* the row it last looked at */
    struct topic_place {
        int64_t topic;
        uint64_t next; /* its next arrival; 0: none left */
    } * topics;        /* owned */
    size_t n_topics, cap_topics;
};

bool
reader_prefix_end(const struct cim_prefix *prefix, struct cim_prefix *end)
{
    *end = *prefix;
    while (end->len && (uint8_t)end->text[end->len - 1] == 0x7f)
        end->len--;
    if (!end->len)
        return false;
    end->text[end->len - 1]++;
    return true;
}

/* The topics of one prefix, behind those that are there; false: too many. */
static bool
add_topics(struct candidates *c, const struct cim_prefix *prefix, size_t most)
{
    sqlite3_stmt *st = sql_use(c->r->db, SQL_TOPIC_RANGE);
    struct cim_prefix end;

    sql_text(st, 1, cim_prefix_bytes(prefix));
    if (reader_prefix_end(prefix, &end))
        sql_text(st, 2, cim_prefix_bytes(&end));
    else
        sql_blob(st, 2, cim_bytes_of("", 0)); /* comes after all text */
    while (sql_row(c->r->db, st)) {
        if (c->n_topics == most) {
            sql_end(st);
            return false;
        }
        xgrow(&c->topics, &c->cap_topics, c->n_topics, sizeof *c->topics);
        c->topics[c->n_topics++].topic = sqlite3_column_int64(st, 0);
    }
    return true;
}

static uint64_t
topic_next(struct candidates *c, int64_t topic)
{
    sqlite3_stmt *st =
        sql_use(c->r->db, c->down ? SQL_TOPIC_DOWN : SQL_TOPIC_UP);

    sql_int(st, 1, topic);
    sql_u64(st, 2, c->after);
    sql_u64(st, 3, c->upto);
    return (uint64_t)sql_value(c->r->db, st, 0);
}

/* False: there are more than that. A topic of two prefixes is there twice. */
static bool
find_topics(struct candidates *c, size_t most)
{
    bool all = true;

    c->n_topics = 0;
    for (size_t i = 0; all && i < c->query->n_prefixes; i++)
        all = add_topics(c, &c->query->prefixes[i], most);
    for (size_t i = 0; all && i < c->n_topics; i++)
        c->topics[i].next = topic_next(c, c->topics[i].topic);
    return all;
}

static void
scan_open(struct candidates *c, size_t rows)
{
    c->left = rows;
    c->scan = sql_use(c->r->db, c->down ? SQL_SCAN_DOWN : SQL_SCAN_UP);
    sql_u64(c->scan, 1, c->after);
    sql_u64(c->scan, 2, c->upto);
}

static void
candidates_open(struct candidates *c)
{
    const struct store_query *query = c->query;

    c->filter = topic_filter_of(query->prefixes, query->n_prefixes);
    c->filter.all |= query->n_prefixes == 0;
    c->at = c->after;
    c->few = !c->filter.all && find_topics(c, FEW_TOPICS);
    if (!c->few)
        scan_open(c, c->down && c->filter.all ? SIZE_MAX : SCAN_ROWS);
}

static void
candidates_close(struct candidates *c)
{
    sql_end(c->scan);
    topic_filter_clear(&c->filter);
    free(c->topics);
}

/* Which of the topics comes next; NULL at the end. */
static const struct topic_place *
merge_best(const struct candidates *c)
{
    const struct topic_place *best = NULL;

    for (size_t i = 0; i < c->n_topics; i++) {
        const struct topic_place *t = &c->topics[i];
        if (t->next &&
            (!best || (c->down ? t->next > best->next : t->next < best->next)))
            best = t;
    }
    return best;
}

/* The next by the topic index; 0 at the end. */
static uint64_t
merge_next(struct candidates *c)
{
    const struct topic_place *best = merge_best(c);

    if (!best)
        return 0;
    uint64_t arrival = best->next;
    if (c->down)
        c->upto = arrival - 1;
    else
        c->after = arrival;
    for (size_t i = 0; i < c->n_topics; i++)
        if (c->topics[i].next == arrival)
            c->topics[i].next = topic_next(c, c->topics[i].topic);
    return arrival;
}

/* Downwards, when many topics have been quiet for long. */
static uint64_t
leave_scan(struct candidates *c)
{
    sql_end(c->scan);
    c->scan = NULL;
    c->upto = c->at - 1;
    c->few = find_topics(c, MANY_TOPICS);
    if (c->few)
        return merge_next(c);
    scan_open(c, SIZE_MAX);
    return 0;
}

/* The next match of the scan; 0: none in the rows it may look at. */
static uint64_t
scan_next(struct candidates *c)
{
    for (; c->scan && c->left > 0; c->left--) {
        if (!sql_row(c->r->db, c->scan)) {
            c->scan = NULL;
            return 0;
        }
        c->at = sql_get_u64(c->scan, 0);
        if (topic_filter_match(c->r, &c->filter,
                               sqlite3_column_int64(c->scan, 1))) {
            c->left--;
            return c->at;
        }
    }
    return 0;
}

/* *cut: the scan looked at all it may, there may be more. */
static uint64_t
candidates_next(struct candidates *c, bool *cut)
{
    *cut = false;
    if (c->few)
        return merge_next(c);
    uint64_t arrival = scan_next(c);
    if (arrival || !c->scan)
        return arrival;
    if (!c->down) {
        *cut = true;
        return 0;
    }
    arrival = leave_scan(c);
    return arrival || c->few ? arrival : scan_next(c);
}

/* ---- rows ---------------------------------------------------------------*/

static void
read_row(sqlite3_stmt *st, struct store_row *row)
{
    *row = (struct store_row){.arrival = sql_get_u64(st, 0),
                              .received_ms = sqlite3_column_int64(st, 1),
                              .seq = sql_get_u64(st, 4),
                              .topic = sql_get_bytes(st, 5),
                              .bytes = sql_get_bytes(st, 8)};
    sql_get_str(st, 2, row->log.node, sizeof row->log.node);
    row->log.epoch = sql_get_u64(st, 3);
    struct cim_bytes id = sql_get_bytes(st, 6);
    if (id.len == sizeof row->id.b)
        memcpy(row->id.b, id.p, sizeof row->id.b);
    int flags = sqlite3_column_int(st, 7);
    row->repeat = flags & EVENT_REPEAT;
    row->late = flags & EVENT_LATE;
}

/* The log it is kept in is the one its header names. */
static bool
log_fits(const struct store_row *row, const struct cim_header *h)
{
    return row->log.epoch == h->epoch && strcmp(row->log.node, h->node) == 0;
}

/* Reads and checks; the statement stays open while row is used. */
static sqlite3_stmt *
open_row(struct store_reader *r, uint64_t arrival, struct store_row *row)
{
    sqlite3_stmt *st = sql_use(r->db, SQL_ROW);

    sql_u64(st, 1, arrival);
    if (!sql_row(r->db, st))
        return NULL;
    read_row(st, row);
    const struct kept_batch *kept =
        reader_batch(r, sqlite3_column_int64(st, 10));
    if (kept &&
        kept_fits(kept, sqlite3_column_int64(st, 9), row->seq, row->bytes) &&
        log_fits(row, &kept->sh.h) &&
        kept_columns_fit(row->bytes, row->topic, sql_get_bytes(st, 6)))
        return st;
    if (r->db->rc == SQLITE_OK)
        reader_rot(r, &row->log, row->seq);
    sql_end(st);
    return NULL;
}

/* ---- store_events -------------------------------------------------------*/

struct delivery {
    const struct store_query *query;
    bool (*each)(void *ctx, const struct store_row *row);
    void *ctx;
    size_t n, bytes;
};

/* False when no more is wanted. */
static bool
deliver(struct store_reader *r, struct delivery *d, uint64_t arrival)
{
    struct store_row row;
    sqlite3_stmt *st = open_row(r, arrival, &row);

    if (!st)
        return true;
    bool more = true;
    if (!d->query->since_ms || row.received_ms >= d->query->since_ms) {
        d->n++;
        d->bytes += row.bytes.len;
        more = d->each(d->ctx, &row) && d->n < d->query->limit &&
               (!d->query->max_bytes || d->bytes <= d->query->max_bytes);
    }
    sql_end(st);
    return more;
}

/*
 * The arrival before the first one received at or after since: by halving, as
 * the clock mostly goes forward. Where it was set back, events received since
 * but stored before such a step may be left out.
 */
static uint64_t
before_since(struct store_reader *r, const struct store_query *query,
             uint64_t upto)
{
    uint64_t lo = query->after; /* at or before the answer */
    uint64_t hi = upto;         /* received since, or the end */

    while (lo < hi) {
        uint64_t mid = lo + (hi - lo) / 2;
        sqlite3_stmt *st = sql_use(r->db, SQL_RECEIVED);
        sql_u64(st, 1, mid + 1);
        sql_u64(st, 2, hi);
        if (!sql_row(r->db, st)) {
            if (r->db->rc != SQLITE_OK)
                return lo;
            hi = mid; /* nothing between: the same as at mid */
            continue;
        }
        uint64_t arrival = sql_get_u64(st, 0);
        bool since = sqlite3_column_int64(st, 1) >= query->since_ms;
        sql_end(st);
        if (since)
            hi = mid;
        else
            lo = arrival;
    }
    return lo;
}

static void
run_upwards(struct candidates *c, struct delivery *d, uint64_t *scanned)
{
    bool cut = false;
    uint64_t end = c->upto;
    uint64_t arrival;

    while ((arrival = candidates_next(c, &cut)) != 0) {
        if (deliver(c->r, d, arrival))
            continue;
        *scanned = arrival;
        return;
    }
    *scanned = cut ? c->at : end;
}

static void
run_newest(struct candidates *c, struct delivery *d, uint64_t *scanned)
{
    uint64_t *found = NULL;
    size_t n = 0;
    size_t cap = 0;
    bool cut = false;
    uint64_t arrival;

    *scanned = c->upto;
    while (n < d->query->limit && (arrival = candidates_next(c, &cut)) != 0) {
        xgrow(&found, &cap, n, sizeof *found);
        found[n++] = arrival;
    }
    while (n > 0 && deliver(c->r, d, found[n - 1]))
        n--;
    free(found);
}

enum cim_err
store_events(struct store_reader *r, const struct store_query *query,
             bool (*each)(void *ctx, const struct store_row *row), void *ctx,
             uint64_t *scanned)
{
    struct candidates *c = xcalloc(1, sizeof *c);
    struct delivery d = {.query = query, .each = each, .ctx = ctx};

    *scanned = query->after;
    if (reader_begin(r) == CIM_OK) {
        c->r = r;
        c->query = query;
        c->upto = store_counts_read(r->db).last_arrival;
        if (query->upto && query->upto < c->upto)
            c->upto = query->upto;
        c->after = query->after;
        c->down = query->newest;
        if (c->upto > c->after)
            *scanned = c->upto;
        if (query->since_ms && c->after < c->upto)
            c->after = before_since(r, query, c->upto);
    }
    if (c->r && c->after < c->upto) {
        candidates_open(c);
        if (c->down)
            run_newest(c, &d, scanned);
        else
            run_upwards(c, &d, scanned);
        candidates_close(c);
    }
    free(c);
    return reader_end(r);
}

/* ---- by id --------------------------------------------------------------*/

static int64_t
community_id(struct store_reader *r, struct cim_bytes community)
{
    sqlite3_stmt *st = sql_use(r->db, SQL_COMMUNITY_GET);

    sql_text(st, 1, community);
    return sql_value(r->db, st, 0);
}

enum cim_err
store_find(struct store_reader *r, struct cim_bytes community,
           const struct cim_uuid *id,
           bool (*each)(void *ctx, const struct store_row *row), void *ctx)
{
    uint64_t *found = NULL;
    size_t n = 0;
    size_t cap = 0;

    if (reader_begin(r) == CIM_OK) {
        int64_t who = community.len ? community_id(r, community) : 0;
        sqlite3_stmt *st = sql_use(r->db, SQL_ID_FIND);
        sql_blob(st, 1, cim_bytes_of(id->b, sizeof id->b));
        if (community.len)
            sql_int(st, 2, who);
        else
            sql_null(st, 2);
        sql_int(st, 3, FIND_ROWS);
        while (sql_row(r->db, st)) {
            xgrow(&found, &cap, n, sizeof *found);
            found[n++] = sql_get_u64(st, 0);
        }
    }
    bool more = true;
    for (size_t i = 0; more && i < n; i++) {
        struct store_row row;
        sqlite3_stmt *st = open_row(r, found[i], &row);
        if (!st)
            continue;
        more = each(ctx, &row);
        sql_end(st);
    }
    free(found);
    return reader_end(r);
}

enum cim_err
store_had(struct store_reader *r, const struct store_row *row,
          const struct cim_prefix *prefix, uint64_t from, bool *had)
{
    struct topic_filter filter = topic_filter_of(prefix, 1);

    *had = false;
    if (reader_begin(r) == CIM_OK) {
        struct cim_bytes node = cim_bytes_str(row->log.node);
        int64_t who = community_id(r, cim_community_of(node));
        sqlite3_stmt *st = sql_use(r->db, SQL_ID_BEFORE);
        sql_blob(st, 1, cim_bytes_of(row->id.b, sizeof row->id.b));
        sql_int(st, 2, who);
        sql_u64(st, 3, from);
        sql_u64(st, 4, row->arrival);
        while (!*had && sql_row(r->db, st))
            *had = topic_filter_match(r, &filter, sqlite3_column_int64(st, 0));
        sql_end(st);
    }
    topic_filter_clear(&filter);
    return reader_end(r);
}

/* SPDX-License-Identifier: MPL-2.0 */
/*
 * What an event may have changed: itself, what it stamps, its neighbours under
 * the same URL or name, whose words move, and all baselines they are in.
 */
#include <stdlib.h>

#include "node/mem.h"
#include "node/store_ledger_reader.h"

#define LEVELS_UP   16   /* baselines of baselines */
#define TOUCHED_MAX 1024 /* subjects of one community */
#define HOLDERS_MAX 5000 /* looked at, of one text */
#define STAMPS_MAX  1000 /* looked at, of one URL */
#define SAME_MAX    16   /* events of one id */

/* How many of a community are among those found. */
struct share {
    int64_t who;
    size_t n;
};

struct touch {
    struct store_db *db;
    struct ledger_list found;
    struct share *shares; /* owned */
    size_t n_shares, cap_shares;
};

static struct share *
share_of(struct touch *t, int64_t subject)
{
    sqlite3_stmt *st = sql_use(t->db, SQL_LEDGER_WHO);

    sql_int(st, 1, subject);
    int64_t who = sql_value(t->db, st, 0);
    for (size_t i = 0; i < t->n_shares; i++)
        if (t->shares[i].who == who)
            return &t->shares[i];
    xgrow(&t->shares, &t->cap_shares, t->n_shares, sizeof *t->shares);
    t->shares[t->n_shares] = (struct share){.who = who};
    return &t->shares[t->n_shares++];
}

/* However many baselines one community makes of the artifacts of others, it
 * leaves their own to be looked at. */
static void
add(struct touch *t, int64_t arrival)
{
    if (!arrival)
        return;
    for (size_t i = 0; i < t->found.n; i++)
        if (t->found.v[i] == arrival)
            return;
    struct share *share = share_of(t, arrival);
    if (share->n >= TOUCHED_MAX)
        return;
    share->n++;
    ledger_list_add(&t->found, arrival);
}

static bool
add_stamped(void *ctx, struct ledger_hit hit, struct cim_bytes wanted)
{
    (void)wanted;
    add(ctx, hit.subject);
    return true;
}

/* The one before and the one after: their words end or begin elsewhere. */
static void
add_near(struct touch *t, const struct ledger_key *key, int64_t who,
         const struct ledger_at *at)
{
    static const enum store_sql near[] = {SQL_KEYS_BEFORE, SQL_KEYS_AFTER};

    for (size_t i = 0; i < 2; i++) {
        sqlite3_stmt *st = sql_use(t->db, near[i]);
        sql_blob(st, 1, ledger_key_bytes(key));
        sql_int(st, 2, who);
        sql_blob(st, 3, ledger_at_bytes(at));
        int64_t subject = sql_value(t->db, st, 0);
        if (subject)
            add(t, subject);
    }
}

static void
add_holders(struct touch *t, const struct ledger_key *key)
{
    struct ledger_list holders = {0};

    ledger_list_key(t->db, key, HOLDERS_MAX, &holders);
    for (size_t i = 0; i < holders.n; i++)
        add(t, holders.v[i]);
    ledger_list_clear(&holders);
}

/* Stamps of a URL that somebody has do not count by name any more. */
static void
add_by_name(struct touch *t, const struct ledger_key *url)
{
    struct ledger_list stamps = {0};
    sqlite3_stmt *st = sql_use(t->db, SQL_SAY_STAMPS);

    sql_blob(st, 1, ledger_key_bytes(url));
    sql_int(st, 2, STAMPS_MAX);
    while (sql_row(t->db, st))
        ledger_list_add(&stamps, sqlite3_column_int64(st, 0));
    for (size_t i = 0; i < stamps.n; i++)
        add(t, ledger_named_by(t->db, stamps.v[i]));
    ledger_list_clear(&stamps);
}

/* Did it have the key before this event came? */
static bool
had(struct touch *t, const struct ledger_key *key, int64_t who, int64_t arrival)
{
    sqlite3_stmt *st = sql_use(t->db, SQL_KEYS_OLDER);

    sql_blob(st, 1, ledger_key_bytes(key));
    sql_int(st, 2, who);
    sql_int(st, 3, arrival);
    return sql_value(t->db, st, 0);
}

/* How many other communities had the key; two are as good as more. */
static int
others_had(struct touch *t, const struct ledger_key *key, int64_t who,
           int64_t arrival)
{
    int64_t holder = 0;
    int n = 0;

    while (n < 2) {
        sqlite3_stmt *st = sql_use(t->db, SQL_KEYS_NEXT_WHO);
        sql_blob(st, 1, ledger_key_bytes(key));
        sql_int(st, 2, holder);
        holder = sql_value(t->db, st, 0);
        if (!holder)
            return n;
        n += holder != who && had(t, key, holder, arrival);
    }
    return n;
}

static void
touch_text(struct touch *t, const struct ledger_seed *seed,
           enum ledger_key_of of, int64_t before)
{
    struct cim_bytes text = of == LEDGER_KEY_URL ? seed->url : seed->title;
    struct ledger_key key = ledger_key_of_kind(of, seed->kind, text);

    if (!text.len)
        return;
    bool own = had(t, &key, seed->who, before);
    int others = others_had(t, &key, seed->who, before);
    add_near(t, &key, seed->who, &seed->at);
    if (!own && others == 1)
        add_holders(t, &key); /* claimed from now on */
    if (!own && !others && of == LEDGER_KEY_URL)
        add_by_name(t, &key);
}

static void
add_part_of(struct touch *t, const struct ledger_seed *seed)
{
    struct ledger_list baselines = {0};

    ledger_list_part_of(t->db, seed, &baselines);
    for (size_t i = 0; i < baselines.n; i++)
        add(t, baselines.v[i]);
    ledger_list_clear(&baselines);
}

static bool
counts(struct store_db *db, int64_t arrival)
{
    sqlite3_stmt *st = sql_use(db, SQL_LEDGER_KIND);

    sql_int(st, 1, arrival);
    bool active = sql_row(db, st) && sqlite3_column_int(st, 1);
    sql_end(st);
    return active;
}

static void
touch_subject(struct touch *t, int64_t arrival)
{
    struct ledger_subject s;

    if (!ledger_read_subject(t->db, arrival, &s))
        return;
    struct ledger_seed seed = ledger_seed_of(t->db, &s);
    /* What does not count any more is compared with all there are now. */
    int64_t before = INT64_MAX;
    if (counts(t->db, arrival)) {
        add(t, arrival);
        before = arrival;
    } else {
        add_part_of(t, &seed);
    }
    touch_text(t, &seed, LEDGER_KEY_URL, before);
    touch_text(t, &seed, LEDGER_KEY_TITLE, before);
    ledger_subject_clear(&s);
}

/* With it all that have its id: one of them counted, or counts. */
static void
touch_event(struct touch *t, int64_t arrival)
{
    struct ledger_list same = {0};
    sqlite3_stmt *st = sql_use(t->db, SQL_LEDGER_SAME);

    sql_int(st, 1, arrival);
    sql_int(st, 2, SAME_MAX);
    while (sql_row(t->db, st))
        ledger_list_add(&same, sqlite3_column_int64(st, 0));
    for (size_t i = 0; i < same.n; i++)
        if (!ledger_each_stamped(t->db, same.v[i], add_stamped, t))
            touch_subject(t, same.v[i]);
    ledger_list_clear(&same);
}

/* The baselines they are in, level by level; each subject is looked at once. */
static void
add_baselines(struct touch *t)
{
    size_t done = 0;

    for (int level = 0; level < LEVELS_UP && done < t->found.n; level++) {
        size_t end = t->found.n;
        for (; done < end; done++) {
            struct ledger_subject s;
            if (!ledger_read_subject(t->db, t->found.v[done], &s))
                continue;
            struct ledger_seed seed = ledger_seed_of(t->db, &s);
            add_part_of(t, &seed);
            ledger_subject_clear(&s);
        }
    }
}

enum cim_err
ledger_touched(struct store_reader *r, uint64_t arrival,
               bool (*each)(void *ctx, const struct ledger_subject *s),
               void *ctx)
{
    struct touch t = {.db = r->db};

    if (reader_begin(r) == CIM_OK) {
        touch_event(&t, (int64_t)arrival);
        add_baselines(&t);
        ledger_list_tell(r->db, &t.found, each, ctx);
    }
    ledger_list_clear(&t.found);
    free(t.shares);
    return reader_end(r);
}

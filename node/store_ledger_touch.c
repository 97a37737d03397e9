/* SPDX-License-Identifier: MPL-2.0 */
/*
 * What an event may have changed: itself, what it stamps, its neighbours under
 * the same URL or name, whose words move, and all baselines they are in.
 */
#include <stdlib.h>

#include "node/mem.h"
#include "node/store_ledger_reader.h"

#define LEVELS_UP   16   /* baselines of baselines */
#define TOUCHED_MAX 5000 /* subjects in all */

struct touch {
    struct store_db *db;
    struct ledger_list found;
};

static void
add(struct touch *t, int64_t arrival)
{
    if (t->found.n >= TOUCHED_MAX)
        return;
    for (size_t i = 0; i < t->found.n; i++)
        if (t->found.v[i] == arrival)
            return;
    ledger_list_add(&t->found, arrival);
}

static bool
add_stamped(void *ctx, struct ledger_hit hit, struct cim_bytes wanted)
{
    (void)wanted;
    if (hit.subject)
        add(ctx, hit.subject);
    return true;
}

/* The one before and the one after, of whoever has the text too. */
static void
add_neighbours(struct touch *t, const struct ledger_key *key,
               const struct ledger_at *at)
{
    static const enum store_sql near[] = {SQL_KEYS_BEFORE, SQL_KEYS_AFTER};
    int64_t who = 0;

    for (;;) {
        sqlite3_stmt *st = sql_use(t->db, SQL_KEYS_NEXT_WHO);
        sql_blob(st, 1, ledger_key_bytes(key));
        sql_int(st, 2, who);
        who = sql_value(t->db, st, 0);
        if (!who)
            return;
        for (size_t i = 0; i < 2; i++) {
            st = sql_use(t->db, near[i]);
            sql_blob(st, 1, ledger_key_bytes(key));
            sql_int(st, 2, who);
            sql_blob(st, 3, ledger_at_bytes(at));
            int64_t subject = sql_value(t->db, st, 0);
            if (subject)
                add(t, subject);
        }
    }
}

static void
touch_subject(struct touch *t, int64_t arrival)
{
    struct ledger_subject s;

    if (!ledger_read_subject(t->db, arrival, &s))
        return;
    struct ledger_seed seed = ledger_seed_of(t->db, &s);
    add(t, arrival);
    if (seed.url.len) {
        struct ledger_key key =
            ledger_key_of_kind(LEDGER_KEY_URL, seed.kind, seed.url);
        add_neighbours(t, &key, &seed.at);
    }
    if (seed.title.len) {
        struct ledger_key key =
            ledger_key_of_kind(LEDGER_KEY_TITLE, seed.kind, seed.title);
        add_neighbours(t, &key, &seed.at);
    }
    ledger_subject_clear(&s);
}

/* The baselines they are in, level by level; each subject is looked at once. */
static void
add_baselines(struct touch *t)
{
    size_t done = 0;

    for (int level = 0; level < LEVELS_UP && done < t->found.n; level++) {
        size_t end = t->found.n;
        for (; done < end; done++) {
            struct ledger_list baselines = {0};
            struct ledger_subject s;
            if (!ledger_read_subject(t->db, t->found.v[done], &s))
                continue;
            struct ledger_seed seed = ledger_seed_of(t->db, &s);
            ledger_list_part_of(t->db, &seed, &baselines);
            for (size_t i = 0; i < baselines.n; i++)
                add(t, baselines.v[i]);
            ledger_list_clear(&baselines);
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
        if (!ledger_each_stamped(r->db, (int64_t)arrival, add_stamped, &t))
            touch_subject(&t, (int64_t)arrival);
        add_baselines(&t);
        ledger_list_tell(r->db, &t.found, each, ctx);
    }
    ledger_list_clear(&t.found);
    return reader_end(r);
}

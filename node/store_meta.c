/* SPDX-License-Identifier: MPL-2.0 */
/*
 * What the store counts over everything, and how rot in it is told.
 *
 * The newest arrival outlives its event, so rows alone do not tell it: a sum
 * over the three numbers is kept beside them. Where it does not fit, rows and
 * the cursors of hooks tell the least it can be. A database of before the sum
 * has none, and is believed.
 */
#include "node/store_private.h"

#define NO_SUM (-1) /* a sum has 63 bits */

static int64_t
get(struct store_db *db, const char *name, int64_t otherwise)
{
    sqlite3_stmt *st = sql_use(db, SQL_META_GET);

    sql_str(st, 1, name);
    return sql_value(db, st, otherwise);
}

static void
put(struct store_db *db, const char *name, uint64_t value)
{
    sqlite3_stmt *st = sql_use(db, SQL_META_PUT);

    sql_str(st, 1, name);
    sql_u64(st, 2, value);
    sql_run(db, st);
}

static int64_t
sum_of(const struct store_counts *c)
{
    uint64_t sum = UINT64_C(0x9e3779b97f4a7c15);
    const uint64_t values[] = {c->last_arrival, c->bytes, c->next_batch};

    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        sum = (sum ^ values[i]) * UINT64_C(0xff51afd7ed558ccd);
        sum ^= sum >> 32;
    }
    return (int64_t)(sum & INT64_MAX);
}

struct store_counts
store_counts_read(struct store_db *db)
{
    struct store_counts c = {
        .last_arrival = (uint64_t)get(db, "last_arrival", 0),
        .bytes = (uint64_t)get(db, "bytes", 0),
        .next_batch = (uint64_t)get(db, "next_batch", 0),
        .ledger_upto = (uint64_t)get(db, "ledger_upto", 0)};
    int64_t sum = get(db, "sum", NO_SUM);

    c.sound = sum == NO_SUM || sum == sum_of(&c);
    if (!c.sound)
        c.last_arrival =
            (uint64_t)sql_value(db, sql_use(db, SQL_ARRIVAL_LEAST), 0);
    return c;
}

void
store_counts_write(struct store_db *db, const struct store_counts *c)
{
    put(db, "last_arrival", c->last_arrival);
    put(db, "bytes", c->bytes);
    put(db, "next_batch", c->next_batch);
    put(db, "ledger_upto", c->ledger_upto);
    put(db, "sum", (uint64_t)sum_of(c));
}

/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Is the ledger what the events give? Each event is read again and what it
 * puts under keys is looked for, row by row; what is there besides is told by
 * counting. The words, an index, are told anew from the rest.
 */
#include <stdlib.h>
#include <string.h>

#include "node/mem.h"
#include "node/store_ledger_reader.h"

#define CHUNK_EVENTS 1024 /* between two words to who waits */

struct inspection {
    struct store_db *db;
    bool words;  /* they are told, none waits to be looked at again */
    bool rotten; /* an event is not what was signed: found elsewhere */
    /* of what there has to be */
    int64_t events, keys, says, members, index;
};

static bool
has_row(struct store_db *db, sqlite3_stmt *st)
{
    bool found = sql_row(db, st);

    if (found)
        sql_end(st);
    return found;
}

static bool
has_key(struct inspection *in, const struct ledger_entry *e,
        const struct ledger_part *part)
{
    sqlite3_stmt *st = sql_use(in->db, SQL_KEYS_IS);

    sql_blob(st, 1, ledger_key_bytes(&part->key));
    sql_int(st, 2, e->who);
    sql_blob(st, 3, ledger_at_bytes(&e->at));
    sql_int(st, 4, e->arrival);
    in->keys++;
    return has_row(in->db, st);
}

/* One that is there twice counts once. */
static bool
is_again(const struct ledger_entry *e, size_t i)
{
    for (size_t j = 0; j < i; j++)
        if (e->v[j].kind == e->v[i].kind && e->v[j].said == e->v[i].said &&
            cim_bytes_eq(ledger_key_bytes(&e->v[j].key),
                         ledger_key_bytes(&e->v[i].key)))
            return true;
    return false;
}

static bool
has_say(struct inspection *in, const struct ledger_entry *e, size_t i)
{
    const struct ledger_part *part = &e->v[i];
    sqlite3_stmt *st = sql_use(in->db, SQL_SAY_IS);

    sql_blob(st, 1, ledger_key_bytes(&part->key));
    sql_int(st, 2, part->said);
    sql_blob(st, 3, ledger_at_bytes(&e->at));
    sql_int(st, 4, e->arrival);
    sql_int(st, 5, (int64_t)part->state);
    if (part->url.len)
        sql_blob(st, 6, ledger_key_bytes(&part->url));
    else
        sql_null(st, 6);
    in->says += !is_again(e, i);
    return has_row(in->db, st);
}

static bool
has_member(struct inspection *in, const struct ledger_entry *e, size_t i)
{
    sqlite3_stmt *st = sql_use(in->db, SQL_MEMBER_IS);

    sql_blob(st, 1, ledger_key_bytes(&e->v[i].key));
    sql_int(st, 2, e->who);
    sql_blob(st, 3, ledger_at_bytes(&e->at));
    sql_int(st, 4, e->arrival);
    in->members += !is_again(e, i);
    return has_row(in->db, st);
}

static bool
has_parts(struct inspection *in, const struct ledger_entry *e)
{
    bool right = true;

    for (size_t i = 0; right && i < e->n; i++)
        switch (e->v[i].kind) {
        case LEDGER_PART_SAY:
            right = has_say(in, e, i);
            break;
        case LEDGER_PART_MEMBER:
            right = has_member(in, e, i);
            break;
        default:
            right = has_key(in, e, &e->v[i]);
        }
    return right;
}

/* ---- words --------------------------------------------------------------*/

static bool
has_word(struct inspection *in, const struct ledger_seed *seed, int64_t group,
         int64_t said, int64_t state)
{
    sqlite3_stmt *st = sql_use(in->db, SQL_WORD_IS);

    sql_int(st, 1, seed->arrival);
    sql_int(st, 2, said);
    sql_int(st, 3, group);
    sql_int(st, 4, state);
    sql_blob(st, 5, ledger_at_bytes(&seed->at));
    in->index++;
    return has_row(in->db, st);
}

static bool
has_words_of(struct inspection *in, const struct ledger_seed *seed,
             int64_t topic, int64_t said, int64_t state)
{
    return has_word(in, seed, topic, said, state) &&
           (seed->kind != LEDGER_BASELINE ||
            has_word(in, seed, -seed->who, said, state));
}

static int
by_number(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a;
    int64_t y = *(const int64_t *)b;

    return x < y ? -1 : x > y;
}

static struct ledger_list
list_said(struct inspection *in, const struct ledger_sources *sources)
{
    struct ledger_list list = {0};
    size_t n = 0;

    for (size_t i = 0; i < sources->n; i++) {
        int64_t said = 0;
        for (;;) {
            sqlite3_stmt *st = sql_use(in->db, SQL_SAY_SAID);
            sql_blob(st, 1, ledger_key_bytes(&sources->v[i].key));
            sql_int(st, 2, said);
            said = sql_value(in->db, st, 0);
            if (!said)
                break;
            xgrow(&list.v, &list.cap, list.n, sizeof *list.v);
            list.v[list.n++] = said;
        }
    }
    if (list.n)
        qsort(list.v, list.n, sizeof *list.v, by_number);
    for (size_t i = 0; i < list.n; i++)
        if (!n || list.v[n - 1] != list.v[i])
            list.v[n++] = list.v[i];
    list.n = n;
    return list;
}

static bool
has_words(struct inspection *in, const struct ledger_entry *e)
{
    struct ledger_seed seed = {.arrival = e->arrival,
                               .who = e->who,
                               .kind = e->kind,
                               .community = e->community,
                               .id = e->id,
                               .at = e->at,
                               .title = e->title,
                               .url = e->url};
    struct ledger_sources sources;
    bool right = has_words_of(in, &seed, e->topic, 0, 0);

    ledger_sources_of(in->db, &seed, &sources);
    struct ledger_list said = list_said(in, &sources);
    for (size_t i = 0; right && i < said.n; i++) {
        struct ledger_word word = ledger_last_word(in->db, &sources, said.v[i]);
        if (word.stamp)
            right = has_words_of(in, &seed, e->topic, said.v[i],
                                 (int64_t)word.state);
    }
    ledger_list_clear(&said);
    return right;
}

/* ---- events -------------------------------------------------------------*/

static bool
same_text(sqlite3_stmt *st, int column, struct cim_bytes text)
{
    return cim_bytes_eq(sql_get_bytes(st, column), text);
}

/* Its row says what it has to; *counts: and its parts are there. */
static bool
has_event(struct inspection *in, struct ledger_entry *e, bool *counts)
{
    struct cim_bytes id = cim_bytes_of(e->id.b, sizeof e->id.b);
    sqlite3_stmt *st = sql_use(in->db, SQL_LEDGER_FIRST);

    sql_blob(st, 1, id);
    sql_int(st, 2, e->who);
    *counts = sql_value(in->db, st, 0) == e->arrival;
    struct cim_buf packed = ledger_entry_pack(e);
    st = sql_use(in->db, SQL_LEDGER_ROW);
    sql_int(st, 1, e->arrival);
    bool right =
        sql_row(in->db, st) && sqlite3_column_int(st, 0) == e->kind &&
        sqlite3_column_int64(st, 1) == e->who && same_text(st, 2, id) &&
        same_text(st, 3, ledger_at_bytes(&e->at)) &&
        sqlite3_column_int64(st, 4) == e->topic && same_text(st, 5, e->title) &&
        same_text(st, 6, e->url) && same_text(st, 7, e->branch) &&
        (sqlite3_column_type(st, 8) != SQLITE_NULL) == *counts &&
        (!*counts || same_text(st, 8, cim_buf_bytes(&packed)));
    sql_end(st);
    in->events++;
    cim_buf_clear(&packed);
    return right;
}

static bool
check_entry(struct inspection *in, struct ledger_entry *e)
{
    bool counts = false;

    ledger_entry_parts(e);
    bool right =
        has_event(in, e, &counts) && (!counts || has_parts(in, e)) &&
        (!counts || !in->words || e->kind == LEDGER_STAMP || has_words(in, e));
    ledger_entry_clear(e);
    return right;
}

static bool
check_row(struct inspection *in, struct store_reader *r, sqlite3_stmt *st)
{
    struct ledger_entry e = {.db = in->db,
                             .arrival = sqlite3_column_int64(st, 0),
                             .topic = sqlite3_column_int64(st, 3),
                             .who = sqlite3_column_int64(st, 5)};
    const struct kept_batch *batch =
        reader_batch(r, sqlite3_column_int64(st, 4));
    struct cim_bytes id = sql_get_bytes(st, 7);

    if (!batch || id.len != sizeof e.id.b ||
        !kept_fits(batch, sqlite3_column_int64(st, 1), sql_get_u64(st, 2),
                   sql_get_bytes(st, 8))) {
        in->rotten = true;
        return true;
    }
    if (!ledger_entry_read(&e, sql_get_bytes(st, 8)))
        return true;
    struct ledger_place at = {.time_ms = batch->sh.h.time_ms,
                              .log.epoch = batch->sh.h.epoch,
                              .seq = sql_get_u64(st, 2)};
    memcpy(at.log.node, batch->sh.h.node, sizeof at.log.node);
    memcpy(e.id.b, id.p, id.len);
    e.at = ledger_at_of(&at);
    return check_entry(in, &e);
}

static bool
count_is(struct inspection *in, enum store_sql which, int64_t wanted)
{
    return sql_value(in->db, sql_use(in->db, which), -1) == wanted;
}

static bool
counts_fit(struct inspection *in)
{
    return count_is(in, SQL_LEDGER_COUNT, in->events) &&
           count_is(in, SQL_KEYS_COUNT, in->keys) &&
           count_is(in, SQL_SAY_COUNT, in->says) &&
           count_is(in, SQL_MEMBER_COUNT, in->members) &&
           (!in->words || count_is(in, SQL_WORD_COUNT, in->index));
}

enum cim_err
ledger_check(struct store_reader *r, bool *fits,
             bool (*go_on)(void *ctx, uint64_t done), void *ctx)
{
    struct inspection in = {.db = r->db};
    struct store_counts counts;
    uint64_t done = 0;
    bool more = true;

    *fits = true;
    if (reader_begin(r) != CIM_OK)
        return reader_end(r);
    counts = store_counts_read(r->db);
    more = counts.ledger_upto >= counts.last_arrival;
    in.words = !sql_value(r->db, sql_use(r->db, SQL_AGAIN_ANY), 1);
    sqlite3_stmt *st = sql_use(r->db, SQL_LEDGER_NEXT);
    sql_int(st, 1, 0);
    sql_int(st, 2, INT64_MAX);
    while (more && *fits && sql_row(r->db, st)) {
        *fits = check_row(&in, r, st);
        if (++done % CHUNK_EVENTS == 0)
            more = go_on(ctx, done);
    }
    sql_end(st);
    if (more && *fits && !in.rotten)
        *fits = counts_fit(&in);
    return reader_end(r);
}

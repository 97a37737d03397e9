/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The ledger's writer: what an event adds, and takes away when it leaves; and
 * which of several events with one id counts.
 */
#include "node/store_ledger.h"

#include <stdlib.h>
#include <string.h>

#include "node/mem.h"

/* ---- rows under keys ----------------------------------------------------*/

static void
put_key(struct ledger_entry *e, const struct ledger_part *part)
{
    sqlite3_stmt *st = sql_use(e->db, SQL_KEYS_PUT);

    sql_blob(st, 1, ledger_key_bytes(&part->key));
    sql_int(st, 2, e->who);
    sql_blob(st, 3, ledger_at_bytes(&e->at));
    sql_int(st, 4, e->arrival);
    sql_run(e->db, st);
}

static void
put_say(struct ledger_entry *e, const struct ledger_part *part)
{
    sqlite3_stmt *st = sql_use(e->db, SQL_SAY_PUT);

    sql_blob(st, 1, ledger_key_bytes(&part->key));
    sql_int(st, 2, part->said);
    sql_blob(st, 3, ledger_at_bytes(&e->at));
    sql_int(st, 4, e->arrival);
    sql_int(st, 5, (int64_t)part->state);
    if (part->url.len)
        sql_blob(st, 6, ledger_key_bytes(&part->url));
    else
        sql_null(st, 6);
    sql_run(e->db, st);
}

static void
put_member(struct ledger_entry *e, const struct ledger_part *part)
{
    sqlite3_stmt *st = sql_use(e->db, SQL_MEMBER_PUT);

    sql_blob(st, 1, ledger_key_bytes(&part->key));
    sql_int(st, 2, e->who);
    sql_blob(st, 3, ledger_at_bytes(&e->at));
    sql_int(st, 4, e->arrival);
    sql_run(e->db, st);
}

static void
put_part(struct ledger_entry *e, const struct ledger_part *part)
{
    if (part->kind == LEDGER_PART_SAY)
        put_say(e, part);
    else if (part->kind == LEDGER_PART_MEMBER)
        put_member(e, part);
    else
        put_key(e, part);
}

static void
drop_part(struct store_db *db, const struct ledger_part *part, int64_t who,
          const struct ledger_at *at)
{
    bool say = part->kind == LEDGER_PART_SAY;
    bool member = part->kind == LEDGER_PART_MEMBER;
    sqlite3_stmt *st = sql_use(db, say      ? SQL_SAY_DROP
                                   : member ? SQL_MEMBER_DROP
                                            : SQL_KEYS_DROP);

    sql_blob(st, 1, ledger_key_bytes(&part->key));
    sql_int(st, 2, say ? part->said : who);
    sql_blob(st, 3, ledger_at_bytes(at));
    sql_run(db, st);
}

/* ---- an event counts from now on ----------------------------------------*/

/* The subject that words under this key are for; 0 none. */
static int64_t
meant(struct ledger_entry *e, const struct ledger_part *part)
{
    if (part->url.len && ledger_key_held(e->db, ledger_key_bytes(&part->url)))
        return 0;
    return ledger_by_key(e->db, &part->key, &e->at, LEDGER_LINKED).subject;
}

static void
activate_stamp(struct store *store, struct ledger_entry *e)
{
    int64_t subject = 0;

    for (size_t i = 0; i < e->n; i++) {
        const struct ledger_part *part = &e->v[i];
        struct ledger_new_word word = {part->said, e->arrival, part->state,
                                       &e->at};
        put_say(e, part);
        if (!i || !cim_bytes_eq(ledger_key_bytes(&part->key),
                                ledger_key_bytes(&e->v[i - 1].key)))
            subject = meant(e, part);
        if (subject)
            ledger_say_added(store, subject, &word);
    }
}

/* True when something was said of it before it came. */
static bool
activate_subject(struct store *store, struct ledger_entry *e)
{
    struct ledger_seed seed = {
        .arrival = e->arrival, .who = e->who, .kind = e->kind, .at = e->at};
    bool awaited = false;

    ledger_put_subject(store, &seed, e->topic, 0, LEDGER_MISSING);
    for (size_t i = 0; i < e->n; i++) {
        const struct ledger_part *part = &e->v[i];
        /* Before its own words are under it. */
        if (part->kind == LEDGER_PART_OWN)
            awaited = ledger_holders_changed(store, &part->key, e->who, &e->at,
                                             false);
        put_part(e, part);
        if (part->kind == LEDGER_PART_SAY)
            ledger_put_subject(store, &seed, e->topic, part->said, part->state);
    }
    return awaited;
}

/* True when something is said of what this subject has. */
static bool
texts_changed(struct store *store, struct cim_bytes parts, int64_t who,
              const struct ledger_at *at)
{
    struct ledger_part part = {.said = 0};
    bool said = false;

    while (ledger_part_next(&parts, &part))
        if (part.kind == LEDGER_PART_URL || part.kind == LEDGER_PART_TITLE)
            said |= ledger_holders_changed(store, &part.key, who, at,
                                           part.kind == LEDGER_PART_URL);
    return said;
}

static void
words_changed(struct store *store, struct cim_bytes parts,
              const struct ledger_at *at)
{
    struct ledger_part part = {.said = 0};

    while (ledger_part_next(&parts, &part))
        if (part.kind == LEDGER_PART_SAY)
            ledger_say_under(store, &part.key, at, part.said);
}

static void
text_or_null(sqlite3_stmt *st, int i, struct cim_bytes text)
{
    if (text.len)
        sql_text(st, i, text);
    else
        sql_null(st, i);
}

/* packed NULL: it does not count. */
static void
put_row(struct ledger_entry *e, const struct cim_buf *packed)
{
    sqlite3_stmt *st = sql_use(e->db, SQL_LEDGER_PUT);

    sql_int(st, 1, e->arrival);
    sql_int(st, 2, e->kind);
    sql_int(st, 3, e->who);
    sql_blob(st, 4, cim_bytes_of(e->id.b, sizeof e->id.b));
    sql_blob(st, 5, ledger_at_bytes(&e->at));
    sql_int(st, 6, e->topic);
    text_or_null(st, 7, e->title);
    text_or_null(st, 8, e->url);
    text_or_null(st, 9, e->branch);
    if (packed)
        sql_blob(st, 10, cim_buf_bytes(packed));
    else
        sql_null(st, 10);
    sql_run(e->db, st);
}

static void
activate(struct store *store, struct ledger_entry *e)
{
    ledger_entry_parts(e);
    struct cim_buf packed = ledger_entry_pack(e);
    struct cim_bytes parts = cim_buf_bytes(&packed);

    put_row(e, &packed);
    if (e->kind == LEDGER_STAMP) {
        activate_stamp(store, e);
    } else {
        bool awaited = activate_subject(store, e);
        /* Words that waited may be later than its own. */
        if (texts_changed(store, parts, e->who, &e->at) || awaited)
            words_changed(store, parts, &e->at);
    }
    cim_buf_clear(&packed);
    ledger_entry_clear(e);
}

/* ---- an event counts no more --------------------------------------------*/

/* What a row says; parts owned. */
struct kept_row {
    int kind;
    int64_t who, topic;
    struct cim_uuid id;
    struct ledger_at at;
    bool active;
    struct cim_buf parts;
};

static bool
row_get(struct store *store, int64_t arrival, struct kept_row *out)
{
    sqlite3_stmt *st = sql_use(&store->db, SQL_LEDGER_GET);

    *out = (struct kept_row){0};
    sql_int(st, 1, arrival);
    if (!sql_row(&store->db, st))
        return false;
    out->kind = sqlite3_column_int(st, 0);
    out->who = sqlite3_column_int64(st, 1);
    struct cim_bytes id = sql_get_bytes(st, 2);
    if (id.len == sizeof out->id.b)
        memcpy(out->id.b, id.p, sizeof out->id.b);
    out->at = ledger_at_raw(sql_get_bytes(st, 3));
    out->topic = sqlite3_column_int64(st, 4);
    out->active = sqlite3_column_type(st, 7) != SQLITE_NULL;
    if (cim_buf_add_bytes(&out->parts, sql_get_bytes(st, 7)) != CIM_OK)
        mem_fail();
    sql_end(st);
    return true;
}

void
ledger_say_parts(struct store *store, int64_t stamp,
                 const struct ledger_key *but, int64_t said)
{
    struct kept_row row;
    struct ledger_part part = {.said = 0};

    if (!row_get(store, stamp, &row))
        return;
    struct cim_bytes parts = cim_buf_bytes(&row.parts);
    while (ledger_part_next(&parts, &part))
        if (part.kind == LEDGER_PART_SAY && part.said == said &&
            !cim_bytes_eq(ledger_key_bytes(&part.key), ledger_key_bytes(but)))
            ledger_say_under(store, &part.key, &row.at, said);
    cim_buf_clear(&row.parts);
}

/* Its own row goes, too, or stays without parts. */
static void
deactivate(struct store *store, int64_t arrival, const struct kept_row *row,
           bool leaves)
{
    struct cim_bytes parts = cim_buf_bytes(&row->parts);
    struct ledger_part part = {.said = 0};

    while (ledger_part_next(&parts, &part))
        drop_part(&store->db, &part, row->who, &row->at);
    sqlite3_stmt *st =
        sql_use(&store->db, leaves ? SQL_LEDGER_DROP : SQL_LEDGER_SHADOW);
    sql_int(st, 1, arrival);
    sql_run(&store->db, st);
    parts = cim_buf_bytes(&row->parts);
    if (row->kind == LEDGER_STAMP) {
        words_changed(store, parts, &row->at);
        return;
    }
    st = sql_use(&store->db, SQL_WORD_DROP_ALL);
    sql_int(st, 1, arrival);
    sql_run(&store->db, st);
    (void)texts_changed(store, parts, row->who, &row->at);
}

/* ---- repeated ids -------------------------------------------------------*/

struct first {
    int64_t arrival; /* 0: none has the id */
    struct ledger_at at;
    bool active;
};

static struct first
first_of(struct store *store, int64_t who, const struct cim_uuid *id)
{
    struct first first = {0};
    sqlite3_stmt *st = sql_use(&store->db, SQL_LEDGER_FIRST);

    sql_blob(st, 1, cim_bytes_of(id->b, sizeof id->b));
    sql_int(st, 2, who);
    if (!sql_row(&store->db, st))
        return first;
    first.arrival = sqlite3_column_int64(st, 0);
    first.at = ledger_at_raw(sql_get_bytes(st, 1));
    first.active = !sqlite3_column_int(st, 2);
    sql_end(st);
    return first;
}

/* The first in order of an id gets its rows when it was not it before. */
static void
promote(struct store *store, int64_t who, const struct cim_uuid *id)
{
    struct first first = first_of(store, who, id);
    struct ledger_entry e = {.db = &store->db,
                             .intern = true,
                             .arrival = first.arrival,
                             .who = who,
                             .id = *id,
                             .at = first.at};
    struct kept_row row;

    if (!first.arrival || first.active || !row_get(store, first.arrival, &row))
        return;
    cim_buf_clear(&row.parts);
    e.topic = row.topic;
    sqlite3_stmt *st = sql_use(&store->db, SQL_EVENT_GET);
    sql_int(st, 1, first.arrival);
    if (!sql_row(&store->db, st))
        return;
    if (ledger_entry_read(&e, sql_get_bytes(st, 3)))
        activate(store, &e);
    sql_end(st);
}

/* Another event of its community may have its id: is this one the first? */
static bool
is_first(struct store *store, const struct ledger_entry *e)
{
    struct first first = first_of(store, e->who, &e->id);
    struct kept_row row;

    if (!first.arrival)
        return true;
    if (ledger_at_cmp(&first.at, &e->at) < 0)
        return false;
    if (first.active && row_get(store, first.arrival, &row)) {
        deactivate(store, first.arrival, &row, false);
        cim_buf_clear(&row.parts);
    }
    return true;
}

/* ---- in and out ---------------------------------------------------------*/

void
store_ledger_put(struct store *store, const struct ledger_news *news)
{
    struct ledger_entry e = {.db = &store->db,
                             .intern = true,
                             .arrival = (int64_t)news->arrival,
                             .who = news->who,
                             .topic = news->topic,
                             .id = news->id,
                             .at = ledger_at_of(&news->at)};

    if (!ledger_entry_read(&e, news->bytes))
        return;
    if (!news->repeat || is_first(store, &e))
        activate(store, &e);
    else
        put_row(&e, NULL);
}

void
store_ledger_drop(struct store *store, uint64_t arrival)
{
    struct kept_row row;

    if (!row_get(store, (int64_t)arrival, &row))
        return;
    if (row.active) {
        deactivate(store, (int64_t)arrival, &row, true);
        promote(store, row.who, &row.id);
    } else {
        sqlite3_stmt *st = sql_use(&store->db, SQL_LEDGER_DROP);
        sql_u64(st, 1, arrival);
        sql_run(&store->db, st);
    }
    cim_buf_clear(&row.parts);
}

/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The ledger's writer: what an event adds, and takes away when it leaves.
 *
 * In `parts` of its row an event remembers what it put where: each a letter,
 * a key and for words a number, so that it can be taken back even when its own
 * bytes rotted.
 */
#include "node/store_ledger.h"

#include <stdlib.h>
#include <string.h>

#include "node/mem.h"
#include "proto/event.h"
#include "proto/topic.h"

#define PART_BYTES 10 /* without its key */

enum part_kind {
    PART_OWN = 'o', /* the key of its exact name */
    PART_URL = 'u',
    PART_TITLE = 't',
    PART_SAY = 's',
    PART_MEMBER = 'm'
};

struct part {
    enum part_kind kind;
    struct ledger_key key;
    int64_t said;
};

struct level {
    int64_t said;
    enum ledger_state state;
};

/* An event on its way into the tables. */
struct entry {
    struct store *store;
    int64_t arrival, who, topic;
    int kind;
    struct cim_bytes community;
    struct cim_uuid id;
    struct ledger_at at;
    struct cim_event event;
    struct level levels[LEDGER_LEVELS_MAX];
    size_t n_levels;
    bool awaited;         /* a subject of which something was said before */
    struct cim_buf parts; /* owned */
    struct ledger_key last_key; /* of parts */
};

/* ---- parts --------------------------------------------------------------*/

/* A key that is the one before is not written again. */
static void
part_add(struct entry *e, const struct part *part)
{
    bool same = cim_bytes_eq(ledger_key_bytes(&part->key),
                             ledger_key_bytes(&e->last_key));
    struct cim_buf *parts = &e->parts;
    uint8_t be[8];

    cim_u64be((uint64_t)part->said, be);
    cim_buf_add_u8(parts, (uint8_t)part->kind);
    cim_buf_add(parts, be, sizeof be);
    cim_buf_add_u8(parts, same ? 0 : part->key.len);
    if (!same)
        cim_buf_add(parts, part->key.b, part->key.len);
    if (parts->err != CIM_OK)
        mem_fail();
    e->last_key = part->key;
}

/* out starts as {0} and is the one before from then on. */
static bool
part_next(struct cim_bytes *parts, struct part *out)
{
    const uint8_t *p = parts->p;

    if (parts->len < PART_BYTES)
        return false;
    size_t len = p[9];
    if (parts->len - PART_BYTES < len)
        return false;
    out->kind = (enum part_kind)p[0];
    out->said = 0;
    for (size_t i = 1; i <= 8; i++)
        out->said = (int64_t)((uint64_t)out->said << 8 | p[i]);
    if (len)
        out->key = ledger_key_raw(cim_bytes_of(p + PART_BYTES, len));
    *parts = cim_bytes_of(p + PART_BYTES + len, parts->len - PART_BYTES - len);
    return true;
}

static void
part_drop(struct store_db *db, const struct part *part, int64_t who,
          const struct ledger_at *at)
{
    sqlite3_stmt *st = NULL;

    switch (part->kind) {
    case PART_OWN:
    case PART_URL:
    case PART_TITLE:
        st = sql_use(db, SQL_KEYS_DROP);
        sql_int(st, 2, who);
        sql_blob(st, 3, ledger_at_bytes(at));
        break;
    case PART_SAY:
        st = sql_use(db, SQL_SAY_DROP);
        sql_int(st, 2, part->said);
        sql_blob(st, 3, ledger_at_bytes(at));
        break;
    case PART_MEMBER:
        st = sql_use(db, SQL_MEMBER_DROP);
        sql_blob(st, 2, ledger_at_bytes(at));
        break;
    }
    sql_blob(st, 1, ledger_key_bytes(&part->key));
    sql_run(db, st);
}

/* ---- what an event adds -------------------------------------------------*/

static void
put_key(struct entry *e, enum part_kind kind, const struct ledger_key *key)
{
    struct part part = {.kind = kind, .key = *key};
    sqlite3_stmt *st = sql_use(&e->store->db, SQL_KEYS_PUT);
    sql_blob(st, 1, ledger_key_bytes(&part.key));
    sql_int(st, 2, e->who);
    sql_blob(st, 3, ledger_at_bytes(&e->at));
    sql_int(st, 4, e->arrival);
    sql_run(&e->store->db, st);
    part_add(e, &part);
}

static void
add_key(struct entry *e, enum ledger_key_of of, struct cim_bytes text)
{
    struct ledger_key key = ledger_key_of_kind(of, e->kind, text);

    if (text.len)
        put_key(e, of == LEDGER_KEY_URL ? PART_URL : PART_TITLE, &key);
}

static int64_t
said_of(struct store *store, int64_t who, struct cim_bytes level)
{
    sqlite3_stmt *st = sql_use(&store->db, SQL_SAID_FIND);

    sql_int(st, 1, who);
    sql_text(st, 2, level);
    int64_t said = sql_value(&store->db, st, 0);
    if (said)
        return said;
    st = sql_use(&store->db, SQL_SAID_PUT);
    sql_int(st, 1, who);
    sql_text(st, 2, level);
    sql_run(&store->db, st);
    return sqlite3_last_insert_rowid(store->db.h);
}

static void
read_levels(struct entry *e)
{
    struct cim_list list = {.data = e->event.levels};
    struct cim_bytes name = {0}, result = {0};

    while (e->n_levels < LEDGER_LEVELS_MAX &&
           cim_level_next(&list, &name, &result))
        e->levels[e->n_levels++] = (struct level){
            said_of(e->store, e->who, name), ledger_state_of(result)};
}

/* The same words under one key, of the subject that it means; url: only while
 * nobody has it. */
static void
add_words(struct entry *e, const struct ledger_key *key,
          const struct ledger_key *url, int64_t subject)
{
    for (size_t i = 0; i < e->n_levels; i++) {
        const struct level *levels = e->levels;
        struct part part = {PART_SAY, *key, levels[i].said};
        sqlite3_stmt *st = sql_use(&e->store->db, SQL_SAY_PUT);
        sql_blob(st, 1, ledger_key_bytes(key));
        sql_int(st, 2, levels[i].said);
        sql_blob(st, 3, ledger_at_bytes(&e->at));
        sql_int(st, 4, e->arrival);
        sql_int(st, 5, (int64_t)levels[i].state);
        if (url)
            sql_blob(st, 6, ledger_key_bytes(url));
        else
            sql_null(st, 6);
        sql_run(&e->store->db, st);
        part_add(e, &part);
        struct ledger_new_word word = {levels[i].said, e->arrival,
                                       levels[i].state, &e->at};
        if (subject)
            ledger_say_added(e->store, subject, &word);
    }
}

static struct ledger_hit
meant(struct entry *e, const struct ledger_key *key)
{
    return ledger_by_key(&e->store->db, key, &e->at, LEDGER_LINKED);
}

/* True when the stamp says by link what it means. */
static bool
add_linked_words(struct entry *e)
{
    struct cim_list list = {.data = e->event.links};
    struct cim_bytes rel = {0}, of = {0}, id = {0};
    size_t n = 0;

    while (n < LEDGER_LINKS_MAX && cim_link_next(&list, &rel, &of, &id)) {
        struct cim_uuid uuid;
        if (!cim_bytes_is(rel, "subject") ||
            cim_uuid_parse(id, &uuid) != CIM_OK)
            continue;
        struct ledger_key key = ledger_key_link(of, &uuid);
        add_words(e, &key, NULL, meant(e, &key).subject);
        n++;
    }
    return n > 0;
}

static void
add_stamp(struct entry *e)
{
    struct ledger_aim aim = ledger_aim_of(&e->event);
    struct ledger_key url, title;

    read_levels(e);
    if (add_linked_words(e))
        return;
    url = ledger_key_of_kind(LEDGER_KEY_URL, aim.kind, aim.url);
    struct ledger_hit hit = meant(e, &url);
    add_words(e, &url, NULL, hit.subject);
    if (!aim.title.len)
        return;
    title = ledger_key_of_kind(LEDGER_KEY_TITLE, aim.kind, aim.title);
    bool falls = hit.how == LEDGER_ABSENT;
    add_words(e, &title, &url, falls ? meant(e, &title).subject : 0);
}

static void
add_member(struct entry *e, const struct ledger_key *key)
{
    struct part part = {.kind = PART_MEMBER, .key = *key};
    sqlite3_stmt *st = sql_use(&e->store->db, SQL_MEMBER_PUT);

    sql_blob(st, 1, ledger_key_bytes(key));
    sql_blob(st, 2, ledger_at_bytes(&e->at));
    sql_int(st, 3, e->arrival);
    sql_run(&e->store->db, st);
    part_add(e, &part);
}

static void
add_members(struct entry *e)
{
    struct cim_list list = {.data = e->event.consists_of};
    struct cim_list links = {.data = e->event.links};
    struct cim_bytes text = {0}, rel = {0}, of = {0}, id = {0};
    struct cim_uuid uuid;
    struct ledger_key key;

    while (cim_member_next(&list, &text)) {
        struct ledger_member_text member;
        ledger_member_read(text, &member);
        if (member.form == MEMBER_EXACT)
            key = ledger_key_link(member.community, &member.id);
        else if (member.form == MEMBER_ID)
            key = ledger_key_text(LEDGER_KEY_ID, cim_bytes_of(member.id.b, 16));
        else
            key = ledger_key_text(LEDGER_KEY_MEMBER, text);
        add_member(e, &key);
    }
    while (cim_link_next(&links, &rel, &of, &id)) {
        if (!cim_bytes_is(rel, "element") ||
            cim_uuid_parse(id, &uuid) != CIM_OK)
            continue;
        key = ledger_key_link(of, &uuid);
        add_member(e, &key);
    }
}

static void
add_subject(struct entry *e)
{
    bool baseline = e->kind == LEDGER_BASELINE;
    const struct cim_event *event = &e->event;

    struct ledger_key own = ledger_key_link(e->community, &e->id);
    /* Before its own words are there: do others wait for it? */
    e->awaited = ledger_holders_changed(e->store, &own, e->who, &e->at, false);
    put_key(e, PART_OWN, &own);
    add_key(e, LEDGER_KEY_URL,
            baseline ? event->baseline_url : event->artifact_url);
    add_key(e, LEDGER_KEY_TITLE,
            baseline ? event->baseline_name : event->artifact_name);
    struct ledger_seed seed = {
        .arrival = e->arrival, .who = e->who, .kind = e->kind, .at = e->at};
    ledger_put_subject(e->store, &seed, e->topic, 0, LEDGER_MISSING);
    if (baseline) {
        add_members(e);
        return;
    }
    read_levels(e);
    add_words(e, &own, NULL, 0);
    for (size_t i = e->n_levels; i-- > 0;) /* of one said twice the first */
        ledger_put_subject(e->store, &seed, e->topic, e->levels[i].said,
                           e->levels[i].state);
}

/* ---- rows ---------------------------------------------------------------*/

static int
kind_of(const struct cim_event *event)
{
    switch (event->type) {
    case CIM_TYPE_ARTIFACT:
        return LEDGER_ARTIFACT;
    case CIM_TYPE_BASELINE:
        return LEDGER_BASELINE;
    case CIM_TYPE_CONFIDENCE:
        return LEDGER_STAMP;
    case CIM_TYPE_OWN:
        break;
    }
    return -1;
}

/* False for what the ledger has no use for. */
static bool
entry_read(struct entry *e, struct cim_bytes bytes)
{
    if (cim_event_parse(bytes, CIM_FOLLOW, &e->event, NULL) != CIM_OK ||
        e->event.v != 1)
        return false;
    e->kind = kind_of(&e->event);
    e->community = cim_community_of(e->event.topic);
    return e->kind >= 0;
}

static void
activate(struct entry *e)
{
    if (e->kind == LEDGER_STAMP)
        add_stamp(e);
    else
        add_subject(e);
}

/* What a row says; parts owned. */
struct kept {
    int kind;
    int64_t who, topic;
    struct cim_uuid id;
    struct ledger_at at;
    bool active;
    struct cim_buf parts;
};

static bool
kept_get(struct store *store, int64_t arrival, struct kept *out)
{
    sqlite3_stmt *st = sql_use(&store->db, SQL_LEDGER_GET);

    *out = (struct kept){0};
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

/* True when something is said of what this subject has. */
static bool
texts_changed(struct store *store, struct cim_bytes parts, int64_t who,
              const struct ledger_at *at)
{
    struct part part = {.said = 0};
    bool said = false;

    while (part_next(&parts, &part))
        if (part.kind == PART_URL || part.kind == PART_TITLE)
            said |= ledger_holders_changed(store, &part.key, who, at,
                                           part.kind == PART_URL);
    return said;
}

static void
words_changed(struct store *store, struct cim_bytes parts,
              const struct ledger_at *at)
{
    struct part part = {.said = 0};

    while (part_next(&parts, &part))
        if (part.kind == PART_SAY)
            ledger_say_under(store, &part.key, at, part.said);
}

/* Once its row is there: words that waited for it may be later than its own,
 * and those of its neighbours move. */
static void
activated(struct entry *e)
{
    struct cim_bytes parts = cim_buf_bytes(&e->parts);

    if (e->kind == LEDGER_STAMP)
        return;
    e->awaited |= texts_changed(e->store, parts, e->who, &e->at);
    if (e->awaited)
        words_changed(e->store, parts, &e->at);
}

void
ledger_say_parts(struct store *store, int64_t stamp,
                 const struct ledger_key *but, int64_t said)
{
    struct kept kept;

    if (!kept_get(store, stamp, &kept))
        return;
    struct cim_bytes parts = cim_buf_bytes(&kept.parts);
    struct part part = {.said = 0};
    while (part_next(&parts, &part))
        if (part.kind == PART_SAY && part.said == said &&
            !cim_bytes_eq(ledger_key_bytes(&part.key), ledger_key_bytes(but)))
            ledger_say_under(store, &part.key, &kept.at, said);
    cim_buf_clear(&kept.parts);
}

static void
text_or_null(sqlite3_stmt *st, int i, struct cim_bytes text)
{
    if (text.len)
        sql_text(st, i, text);
    else
        sql_null(st, i);
}

static void
row_put(struct entry *e, bool active)
{
    bool baseline = e->kind == LEDGER_BASELINE;
    bool subject = e->kind != LEDGER_STAMP;
    struct cim_bytes none = {0};
    const struct cim_event *event = &e->event;
    sqlite3_stmt *st = sql_use(&e->store->db, SQL_LEDGER_PUT);

    sql_int(st, 1, e->arrival);
    sql_int(st, 2, e->kind);
    sql_int(st, 3, e->who);
    sql_blob(st, 4, cim_bytes_of(e->id.b, sizeof e->id.b));
    sql_blob(st, 5, ledger_at_bytes(&e->at));
    sql_int(st, 6, e->topic);
    text_or_null(st, 7,
                 !subject   ? none
                 : baseline ? event->baseline_name
                            : event->artifact_name);
    text_or_null(st, 8,
                 !subject   ? none
                 : baseline ? event->baseline_url
                            : event->artifact_url);
    text_or_null(st, 9, subject ? event->project_branch : none);
    if (active)
        sql_blob(st, 10, cim_buf_bytes(&e->parts));
    else
        sql_null(st, 10);
    sql_run(&e->store->db, st);
}

static void
set_parts(struct store *store, int64_t arrival, const struct cim_buf *parts)
{
    sqlite3_stmt *st = sql_use(&store->db, SQL_LEDGER_PARTS);

    if (parts)
        sql_blob(st, 1, cim_buf_bytes(parts));
    else
        sql_null(st, 1);
    sql_int(st, 2, arrival);
    sql_run(&store->db, st);
}

static void
deactivate(struct store *store, int64_t arrival, const struct kept *kept)
{
    struct cim_bytes parts = cim_buf_bytes(&kept->parts);
    struct part part = {.said = 0};

    while (part_next(&parts, &part))
        part_drop(&store->db, &part, kept->who, &kept->at);
    if (kept->kind == LEDGER_STAMP)
        return;
    sqlite3_stmt *st = sql_use(&store->db, SQL_WORD_DROP_ALL);
    sql_int(st, 1, arrival);
    sql_run(&store->db, st);
}

/* Once its own row is gone, or has no parts any more. */
static void
deactivated(struct store *store, const struct kept *kept)
{
    struct cim_bytes parts = cim_buf_bytes(&kept->parts);

    if (kept->kind == LEDGER_STAMP)
        words_changed(store, parts, &kept->at);
    else
        (void)texts_changed(store, parts, kept->who, &kept->at);
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
    struct entry e = {.store = store, .arrival = first.arrival, .at = first.at};
    struct kept kept;

    if (!first.arrival || first.active ||
        !kept_get(store, first.arrival, &kept))
        return;
    e.who = kept.who;
    e.topic = kept.topic;
    e.id = kept.id;
    sqlite3_stmt *st = sql_use(&store->db, SQL_EVENT_GET);
    sql_int(st, 1, first.arrival);
    if (sql_row(&store->db, st)) {
        if (entry_read(&e, sql_get_bytes(st, 3)))
            activate(&e);
        sql_end(st);
    }
    set_parts(store, first.arrival, &e.parts);
    activated(&e);
    cim_buf_clear(&e.parts);
    cim_buf_clear(&kept.parts);
}

/* Another event of its community has its id: is this one the first? */
static bool
is_first(struct entry *e)
{
    struct first first = first_of(e->store, e->who, &e->id);
    struct kept kept;

    if (!first.arrival)
        return true;
    if (ledger_at_cmp(&first.at, &e->at) < 0)
        return false;
    if (first.active && kept_get(e->store, first.arrival, &kept)) {
        deactivate(e->store, first.arrival, &kept);
        set_parts(e->store, first.arrival, NULL);
        deactivated(e->store, &kept);
        cim_buf_clear(&kept.parts);
    }
    return true;
}

/* ---- in and out ---------------------------------------------------------*/

void
store_ledger_put(struct store *store, const struct ledger_news *news)
{
    struct entry e = {.store = store,
                      .arrival = (int64_t)news->arrival,
                      .who = news->who,
                      .topic = news->topic,
                      .id = news->id,
                      .at = ledger_at_of(&news->at)};

    if (!entry_read(&e, news->bytes))
        return;
    bool active = !news->repeat || is_first(&e);
    if (active)
        activate(&e);
    row_put(&e, active);
    if (active)
        activated(&e);
    cim_buf_clear(&e.parts);
}

void
store_ledger_drop(struct store *store, uint64_t arrival)
{
    struct kept kept;

    if (!kept_get(store, (int64_t)arrival, &kept))
        return;
    if (kept.active)
        deactivate(store, (int64_t)arrival, &kept);
    sqlite3_stmt *st = sql_use(&store->db, SQL_LEDGER_DROP);
    sql_u64(st, 1, arrival);
    sql_run(&store->db, st);
    if (kept.active) {
        deactivated(store, &kept);
        promote(store, kept.who, &kept.id);
    }
    cim_buf_clear(&kept.parts);
}

/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Whose a text is, and where the words of a subject are.
 *
 * A text that subjects of two communities have is nobody's. Of one community's
 * the newest is meant that is not later than who names it, else the oldest. So
 * between a subject and the next with its text all that names it means it, and
 * what came before the oldest means the oldest.
 */
#include <string.h>

#include "node/store_ledger.h"

/* ---- texts --------------------------------------------------------------*/

struct owner {
    bool held, claimed;
    int64_t who;
    int64_t only;        /* the only subject that has it; 0: there are more */
    struct ledger_at at; /* of it */
};

/* Mostly there is one: found at the first look. */

static struct owner
owner_of(struct store_db *db, const struct ledger_key *key)
{
    struct owner owner = {0};
    sqlite3_stmt *st = sql_use(db, SQL_KEYS_TWO);

    sql_blob(st, 1, ledger_key_bytes(key));
    if (!sql_row(db, st))
        return owner;
    owner.held = true;
    owner.who = sqlite3_column_int64(st, 0);
    owner.only = sqlite3_column_int64(st, 1);
    owner.at = ledger_at_raw(sql_get_bytes(st, 2));
    if (!sql_row(db, st))
        return owner;
    sql_end(st);
    owner.only = 0;
    st = sql_use(db, SQL_KEYS_WHO);
    sql_blob(st, 1, ledger_key_bytes(key));
    if (!sql_row(db, st))
        return owner;
    owner.claimed = owner.who != sqlite3_column_int64(st, 1);
    sql_end(st);
    return owner;
}

/* The nearest with the key, up to, before or after a place. */
static int64_t
near(struct store_db *db, enum store_sql which, const struct ledger_key *key,
     int64_t who, struct ledger_at *at)
{
    sqlite3_stmt *st = sql_use(db, which);
    int64_t subject = 0;

    sql_blob(st, 1, ledger_key_bytes(key));
    sql_int(st, 2, who);
    sql_blob(st, 3, ledger_at_bytes(at));
    if (!sql_row(db, st))
        return 0;
    subject = sqlite3_column_int64(st, 0);
    *at = ledger_at_raw(sql_get_bytes(st, 1));
    sql_end(st);
    return subject;
}

static int64_t
meant(struct store_db *db, const struct ledger_key *key,
      const struct owner *owner, struct ledger_at *at)
{
    int64_t subject = owner->only;

    if (subject)
        *at = owner->at;
    if (!subject)
        subject = near(db, SQL_KEYS_UPTO, key, owner->who, at);
    return subject ? subject : near(db, SQL_KEYS_AFTER, key, owner->who, at);
}

struct ledger_hit
ledger_by_key(struct store_db *db, const struct ledger_key *key,
              const struct ledger_at *at, enum ledger_how how)
{
    struct owner owner = owner_of(db, key);
    struct ledger_at place = *at;

    if (!owner.held)
        return (struct ledger_hit){.how = LEDGER_ABSENT};
    if (owner.claimed)
        return (struct ledger_hit){.how = LEDGER_CLAIMED};
    return (struct ledger_hit){.how = how,
                               .subject = meant(db, key, &owner, &place)};
}

struct ledger_hit
ledger_by_aim(struct store_db *db, const struct ledger_aim *aim,
              const struct ledger_at *at)
{
    struct ledger_hit hit = {.how = LEDGER_ABSENT};

    if (aim->url.len) {
        struct ledger_key key =
            ledger_key_of_kind(LEDGER_KEY_URL, aim->kind, aim->url);
        hit = ledger_by_key(db, &key, at, LEDGER_BY_URL);
    }
    if (hit.how == LEDGER_ABSENT && aim->title.len) {
        struct ledger_key key =
            ledger_key_of_kind(LEDGER_KEY_TITLE, aim->kind, aim->title);
        hit = ledger_by_key(db, &key, at, LEDGER_BY_NAME);
    }
    return hit;
}

bool
ledger_key_held(struct store_db *db, struct cim_bytes key)
{
    sqlite3_stmt *st = sql_use(db, SQL_KEYS_WHO);

    sql_blob(st, 1, key);
    if (!sql_row(db, st))
        return false;
    bool held = sqlite3_column_type(st, 0) != SQLITE_NULL;
    sql_end(st);
    return held;
}

struct ledger_at
ledger_place_of(struct store_db *db, int64_t arrival)
{
    sqlite3_stmt *st = sql_use(db, SQL_LEDGER_NAME);
    struct ledger_at at = ledger_at_first();

    sql_int(st, 1, arrival);
    if (!sql_row(db, st))
        return at;
    at = ledger_at_raw(sql_get_bytes(st, 2));
    sql_end(st);
    return at;
}

/* ---- exact names --------------------------------------------------------*/

int64_t
ledger_who(struct store_db *db, struct cim_bytes community)
{
    sqlite3_stmt *st = sql_use(db, SQL_COMMUNITY_GET);

    sql_text(st, 1, community);
    return sql_value(db, st, 0);
}

/* The subject of this id: the first event in order that has it, if it is. */
static int64_t
subject_of_id(struct store_db *db, int64_t who, const struct cim_uuid *id)
{
    sqlite3_stmt *st = sql_use(db, SQL_LEDGER_FIRST);
    int64_t subject = 0;

    sql_blob(st, 1, cim_bytes_of(id->b, sizeof id->b));
    sql_int(st, 2, who);
    if (!sql_row(db, st))
        return 0;
    if (sqlite3_column_int(st, 3) != LEDGER_STAMP)
        subject = sqlite3_column_int64(st, 0);
    sql_end(st);
    return subject;
}

struct ledger_hit
ledger_by_link(struct store_db *db, struct cim_bytes community,
               const struct cim_uuid *id)
{
    int64_t who = ledger_who(db, community);
    int64_t subject = who ? subject_of_id(db, who, id) : 0;

    return (struct ledger_hit){subject ? LEDGER_LINKED : LEDGER_ABSENT,
                               subject};
}

/* Of any community, as long as only one has it. */
static struct ledger_hit
by_id(struct store_db *db, const struct cim_uuid *id)
{
    struct ledger_hit hit = {.how = LEDGER_ABSENT};
    sqlite3_stmt *st = sql_use(db, SQL_LEDGER_OF_ID);

    sql_blob(st, 1, cim_bytes_of(id->b, sizeof id->b));
    while (sql_row(db, st)) {
        int64_t subject = subject_of_id(db, sqlite3_column_int64(st, 0), id);
        if (!subject)
            continue;
        if (hit.subject) {
            sql_end(st);
            return (struct ledger_hit){.how = LEDGER_CLAIMED};
        }
        hit = (struct ledger_hit){LEDGER_LINKED, subject};
    }
    return hit;
}

/* ---- members ------------------------------------------------------------*/

/* Artifacts and baselines together. */
static struct ledger_hit
by_either(struct store_db *db, enum ledger_key_of of, struct cim_bytes text,
          const struct ledger_at *at)
{
    enum ledger_how how = of == LEDGER_KEY_URL ? LEDGER_BY_URL : LEDGER_BY_NAME;
    struct ledger_key keys[2];
    struct ledger_at places[2] = {*at, *at};
    struct owner owners[2];
    int64_t found[2];

    for (int kind = LEDGER_ARTIFACT; kind <= LEDGER_BASELINE; kind++) {
        keys[kind] = ledger_key_of_kind(of, kind, text);
        owners[kind] = owner_of(db, &keys[kind]);
        if (owners[kind].claimed)
            return (struct ledger_hit){.how = LEDGER_CLAIMED};
    }
    if (!owners[0].held || !owners[1].held) {
        int kind = owners[1].held;
        return ledger_by_key(db, &keys[kind], at, how);
    }
    if (owners[0].who != owners[1].who)
        return (struct ledger_hit){.how = LEDGER_CLAIMED};
    for (int kind = 0; kind < 2; kind++)
        found[kind] = meant(db, &keys[kind], &owners[kind], &places[kind]);
    /* Not later than `at` goes first, and of two such the newer. */
    bool before0 = ledger_at_cmp(&places[0], at) <= 0;
    bool before1 = ledger_at_cmp(&places[1], at) <= 0;
    bool newer1 = ledger_at_cmp(&places[0], &places[1]) < 0;
    bool second = before0 != before1 ? before1 : before0 == newer1;
    return (struct ledger_hit){how, found[second]};
}

struct ledger_hit
ledger_by_member(struct store_db *db, struct cim_bytes community,
                 struct cim_bytes text, const struct ledger_at *at)
{
    struct ledger_member_text member;
    struct ledger_hit hit;

    ledger_member_read(text, &member);
    if (member.form == MEMBER_EXACT)
        return ledger_by_link(db, member.community, &member.id);
    if (member.form == MEMBER_ID) {
        hit = ledger_by_link(db, community, &member.id);
        return hit.subject ? hit : by_id(db, &member.id);
    }
    hit = by_either(db, LEDGER_KEY_URL, text, at);
    return hit.how == LEDGER_ABSENT ? by_either(db, LEDGER_KEY_TITLE, text, at)
                                    : hit;
}

/* ---- words --------------------------------------------------------------*/

static void
add_source(struct store_db *db, struct ledger_sources *out,
           const struct ledger_seed *seed, enum ledger_key_of of)
{
    struct cim_bytes text = of == LEDGER_KEY_URL ? seed->url : seed->title;
    struct ledger_source *source = &out->v[out->n];

    if (!text.len)
        return;
    source->key = ledger_key_of_kind(of, seed->kind, text);
    source->how = of == LEDGER_KEY_URL ? LEDGER_BY_URL : LEDGER_BY_NAME;
    struct owner owner = owner_of(db, &source->key);
    if (!owner.held || owner.claimed)
        return;
    source->low = source->high = seed->at;
    struct ledger_at before = seed->at;
    if (owner.only) {
        source->low = ledger_at_first();
        source->high = ledger_at_last();
        out->n++;
        return;
    }
    if (!near(db, SQL_KEYS_BEFORE, &source->key, owner.who, &before))
        source->low = ledger_at_first();
    if (!near(db, SQL_KEYS_AFTER, &source->key, owner.who, &source->high))
        source->high = ledger_at_last();
    out->n++;
}

void
ledger_sources_of(struct store_db *db, const struct ledger_seed *seed,
                  struct ledger_sources *out)
{
    out->n = 1;
    out->v[0] = (struct ledger_source){
        .key = ledger_key_link(seed->community, &seed->id),
        .low = ledger_at_first(),
        .high = ledger_at_last(),
        .how = LEDGER_LINKED};
    add_source(db, out, seed, LEDGER_KEY_URL);
    add_source(db, out, seed, LEDGER_KEY_TITLE);
}

/* By name only words count whose URL nobody has. */
struct ledger_word
ledger_word_in(struct store_db *db, const struct ledger_source *source,
               int64_t said)
{
    struct ledger_word word = {.how = source->how};
    sqlite3_stmt *st = sql_use(db, SQL_SAY_LAST);
    unsigned left = LEDGER_NAME_LOOK;

    sql_blob(st, 1, ledger_key_bytes(&source->key));
    sql_int(st, 2, said);
    sql_blob(st, 3, ledger_at_bytes(&source->low));
    sql_blob(st, 4, ledger_at_bytes(&source->high));
    while (left-- > 0 && sql_row(db, st)) {
        bool has_url = sqlite3_column_type(st, 3) != SQLITE_NULL;
        if (has_url && ledger_key_held(db, sql_get_bytes(st, 3)))
            continue;
        word.at = ledger_at_raw(sql_get_bytes(st, 0));
        word.stamp = sqlite3_column_int64(st, 1);
        word.state = (enum ledger_state)sqlite3_column_int(st, 2);
        break;
    }
    sql_end(st);
    return word;
}

struct ledger_word
ledger_last_word(struct store_db *db, const struct ledger_sources *sources,
                 int64_t said)
{
    struct ledger_word last = {.stamp = 0};

    for (size_t i = 0; i < sources->n; i++) {
        struct ledger_word word = ledger_word_in(db, &sources->v[i], said);
        if (word.stamp &&
            (!last.stamp || ledger_at_cmp(&word.at, &last.at) > 0))
            last = word;
    }
    return last;
}

int64_t
ledger_said_find(struct store_db *db, const char *community, const char *level)
{
    int64_t who = ledger_who(db, cim_bytes_str(community));
    sqlite3_stmt *st = sql_use(db, SQL_SAID_FIND);

    sql_int(st, 1, who);
    sql_str(st, 2, level);
    return sql_value(db, st, 0);
}

/* SPDX-License-Identifier: MPL-2.0 */
/*
 * ledger_word: the state of each level of each subject, for the newest that
 * holds to be found without looking at all the others.
 *
 * Only an index: whatever it finds is looked at again before it is told, so
 * where it is behind something is found late, never wrongly. A stamp changes
 * the words of what it names, at once. A subject may move any number of words
 * that were said of its URL or name: that is noted in ledger_again, a range of
 * subjects under a key, and done in small steps, a few keys a commit in turn.
 * Noting a range again widens it, so nobody makes this cost more than a step a
 * commit by saying the same URL again and again.
 */
#include <string.h>

#include "node/mem.h"
#include "node/store_ledger.h"
#include "proto/topic.h"

#define STEP_WORDS 512 /* looked at in a commit */
#define TURN_WORDS 64  /* of them for one key, before the next has its turn */

/* ---- a word -------------------------------------------------------------*/

/* A subject as its row has it; views live until the statement goes on. */
static sqlite3_stmt *
open_seed(struct store *store, int64_t subject, struct ledger_seed *out,
          int64_t *topic, struct ledger_place *place)
{
    sqlite3_stmt *st = sql_use(&store->db, SQL_LEDGER_SEED);

    sql_int(st, 1, subject);
    if (!sql_row(&store->db, st))
        return NULL;
    struct cim_bytes id = sql_get_bytes(st, 2);
    struct cim_bytes at = sql_get_bytes(st, 3);
    if (!ledger_at_place(at, place) || id.len != sizeof out->id.b ||
        sqlite3_column_int(st, 0) == LEDGER_STAMP) {
        sql_end(st);
        return NULL;
    }
    *out = (struct ledger_seed){
        .arrival = subject,
        .kind = sqlite3_column_int(st, 0),
        .who = sqlite3_column_int64(st, 1),
        .community = cim_community_of(cim_bytes_str(place->log.node)),
        .at = ledger_at_raw(at),
        .title = sql_get_bytes(st, 5),
        .url = sql_get_bytes(st, 6)};
    memcpy(out->id.b, id.p, id.len);
    *topic = sqlite3_column_int64(st, 4);
    return st;
}

/* What is said at a level: state and who says it last. */
struct say {
    int64_t said, state, stamp;
};

static void
put_word(struct store *store, const struct ledger_seed *seed, int64_t group,
         const struct say *say)
{
    sqlite3_stmt *st = sql_use(&store->db, SQL_WORD_PUT);

    sql_int(st, 1, seed->arrival);
    sql_int(st, 2, say->said);
    sql_int(st, 3, group);
    sql_int(st, 4, say->state);
    sql_blob(st, 5, ledger_at_bytes(&seed->at));
    sql_int(st, 6, say->stamp);
    sql_run(&store->db, st);
}

static void
put_words(struct store *store, const struct ledger_seed *seed, int64_t topic,
          const struct say *say)
{
    put_word(store, seed, topic, say);
    if (seed->kind == LEDGER_BASELINE)
        put_word(store, seed, -seed->who, say);
}

void
ledger_put_subject(struct store *store, const struct ledger_seed *seed,
                   int64_t topic, int64_t said, enum ledger_state state)
{
    struct say say = {said, (int64_t)state, said ? seed->arrival : 0};

    put_words(store, seed, topic, &say);
}

static void
drop_words(struct store *store, int64_t subject, int64_t said)
{
    sqlite3_stmt *st = sql_use(&store->db, SQL_WORD_DROP);

    sql_int(st, 1, subject);
    sql_int(st, 2, said);
    sql_run(&store->db, st);
}

/* The word as the index has it; stamp 0: none. */
static struct say
get_word(struct store *store, int64_t subject, int64_t said)
{
    struct say say = {.said = said};
    sqlite3_stmt *st = sql_use(&store->db, SQL_WORD_GET);

    sql_int(st, 1, subject);
    sql_int(st, 2, said);
    if (!sql_row(&store->db, st))
        return say;
    say.state = sqlite3_column_int64(st, 0);
    say.stamp = sqlite3_column_int64(st, 1);
    sql_end(st);
    return say;
}

static void
change_word(struct store *store, const struct ledger_seed *seed, int64_t topic,
            const struct say *was, const struct say *is)
{
    if (was->stamp == is->stamp && was->state == is->state)
        return;
    if (was->stamp && is->stamp && was->state == is->state) {
        sqlite3_stmt *st = sql_use(&store->db, SQL_WORD_STAMP);
        sql_int(st, 1, is->stamp);
        sql_int(st, 2, seed->arrival);
        sql_int(st, 3, is->said);
        sql_run(&store->db, st);
        return;
    }
    if (was->stamp)
        drop_words(store, seed->arrival, is->said);
    if (is->stamp)
        put_words(store, seed, topic, is);
}

/* What is said of it at this level, again. */
static void
say_again(struct store *store, int64_t subject, int64_t said)
{
    struct ledger_seed seed;
    struct ledger_place place;
    struct ledger_sources sources;
    int64_t topic = 0;
    sqlite3_stmt *row = open_seed(store, subject, &seed, &topic, &place);

    if (!row)
        return;
    ledger_sources_of(&store->db, &seed, &sources);
    struct ledger_word word = ledger_last_word(&store->db, &sources, said);
    struct say was = get_word(store, subject, said);
    struct say is = {said, (int64_t)word.state, word.stamp};
    change_word(store, &seed, topic, &was, &is);
    sql_end(row);
}

void
ledger_say_added(struct store *store, int64_t subject,
                 const struct ledger_new_word *word)
{
    struct say was = get_word(store, subject, word->said);
    struct say is = {word->said, (int64_t)word->state, word->stamp};
    struct ledger_seed seed;
    struct ledger_place place;
    int64_t topic = 0;

    if (was.stamp) {
        struct ledger_at at = ledger_place_of(&store->db, was.stamp);
        if (!at.len) {
            say_again(store, subject, word->said);
            return;
        }
        if (ledger_at_cmp(&at, word->at) >= 0)
            return;
    }
    sqlite3_stmt *row = open_seed(store, subject, &seed, &topic, &place);
    if (row)
        change_word(store, &seed, topic, &was, &is);
    sql_end(row);
}

void
ledger_say_under(struct store *store, const struct ledger_key *key,
                 const struct ledger_at *at, int64_t said)
{
    struct ledger_hit hit = ledger_by_key(&store->db, key, at, LEDGER_BY_URL);

    if (hit.subject)
        say_again(store, hit.subject, said);
}

/* ---- what has to be looked at again -------------------------------------*/

enum again {
    AGAIN_SUBJECTS, /* those of a community under a key, in a range */
    AGAIN_NAMES     /* of stamps under a URL: what their names mean */
};

static void
note(struct store *store, const struct ledger_key *key, int64_t who,
     enum again what, const struct ledger_at range[2])
{
    sqlite3_stmt *st = sql_use(&store->db, SQL_AGAIN_PUT);

    sql_blob(st, 1, ledger_key_bytes(key));
    sql_int(st, 2, who);
    sql_int(st, 3, what);
    sql_blob(st, 4, ledger_at_bytes(&range[0]));
    sql_blob(st, 5, ledger_at_bytes(&range[1]));
    sql_run(&store->db, st);
    store->ledger_again = true;
}

/* The neighbour in this direction, or where it is itself. */
static struct ledger_at
neighbour(struct store *store, enum store_sql which,
          const struct ledger_key *key, int64_t who, const struct ledger_at *at)
{
    sqlite3_stmt *st = sql_use(&store->db, which);
    struct ledger_at near = *at;

    sql_blob(st, 1, ledger_key_bytes(key));
    sql_int(st, 2, who);
    sql_blob(st, 3, ledger_at_bytes(at));
    if (!sql_row(&store->db, st))
        return near;
    near = ledger_at_raw(sql_get_bytes(st, 1));
    sql_end(st);
    return near;
}

/* Who else has the key, as far as it matters. */
struct holders {
    int64_t other; /* a community; 0 none */
    bool many;     /* there are more of them */
    bool own;      /* this one has it besides at this place */
};

static struct holders
holders_of(struct store *store, const struct ledger_key *key, int64_t who,
           const struct ledger_at *at)
{
    struct holders holders = {0};
    int64_t holder = 0;

    while (!holders.many) {
        sqlite3_stmt *st = sql_use(&store->db, SQL_KEYS_NEXT_WHO);
        sql_blob(st, 1, ledger_key_bytes(key));
        sql_int(st, 2, holder);
        holder = sql_value(&store->db, st, 0);
        if (!holder)
            break;
        if (holder == who)
            continue;
        holders.many = holders.other != 0;
        holders.other = holder;
    }
    sqlite3_stmt *st = sql_use(&store->db, SQL_KEYS_BESIDES);
    sql_blob(st, 1, ledger_key_bytes(key));
    sql_int(st, 2, who);
    sql_blob(st, 3, ledger_at_bytes(at));
    holders.own = sql_value(&store->db, st, 0);
    return holders;
}

bool
ledger_holders_changed(struct store *store, const struct ledger_key *key,
                       int64_t who, const struct ledger_at *at, bool is_url)
{
    struct ledger_at all[2] = {ledger_at_first(), ledger_at_last()};
    sqlite3_stmt *st = sql_use(&store->db, SQL_SAY_SAID);

    sql_blob(st, 1, ledger_key_bytes(key));
    sql_int(st, 2, 0);
    if (!sql_value(&store->db, st, 0))
        return false; /* nothing is said under it */
    struct holders holders = holders_of(store, key, who, at);
    if (!holders.other) {
        struct ledger_at near[2] = {
            neighbour(store, SQL_KEYS_BEFORE, key, who, at),
            neighbour(store, SQL_KEYS_AFTER, key, who, at)};
        note(store, key, who, AGAIN_SUBJECTS, near);
        /* The first to have the URL, or the last. */
        if (is_url && !holders.own)
            note(store, key, 0, AGAIN_NAMES, all);
    } else if (!holders.many && !holders.own) {
        /* The only other one shares it from now on, or does no more. */
        note(store, key, holders.other, AGAIN_SUBJECTS, all);
    }
    return true;
}

/* A row of ledger_again, on its way. */
struct task {
    struct ledger_key key;
    int64_t who;
    enum again what;
    struct ledger_at low, high;
    int64_t said; /* done up to, of the subject at low */
};

static bool
next_task(struct store *store, struct task *out)
{
    sqlite3_stmt *st = sql_use(&store->db, SQL_AGAIN_NEXT);

    if (!sql_row(&store->db, st))
        return false;
    *out = (struct task){.key = ledger_key_raw(sql_get_bytes(st, 0)),
                         .who = sqlite3_column_int64(st, 1),
                         .what = (enum again)sqlite3_column_int(st, 2),
                         .low = ledger_at_raw(sql_get_bytes(st, 3)),
                         .high = ledger_at_raw(sql_get_bytes(st, 4)),
                         .said = sqlite3_column_int64(st, 5)};
    sql_end(st);
    return true;
}

static void
task_save(struct store *store, const struct task *task)
{
    sqlite3_stmt *st = sql_use(&store->db, SQL_AGAIN_SAVE);

    sql_blob(st, 1, ledger_at_bytes(&task->low));
    sql_int(st, 2, task->said);
    sql_blob(st, 3, ledger_key_bytes(&task->key));
    sql_int(st, 4, task->who);
    sql_int(st, 5, task->what);
    sql_run(&store->db, st);
}

static void
task_done(struct store *store, const struct task *task)
{
    sqlite3_stmt *st = sql_use(&store->db, SQL_AGAIN_DROP);

    sql_blob(st, 1, ledger_key_bytes(&task->key));
    sql_int(st, 2, task->who);
    sql_int(st, 3, task->what);
    sql_run(&store->db, st);
}

/* The next level that is said under the key, or that the index has of the
 * subject: its stamp may have left since, when the key was claimed. */
static int64_t
next_said(struct store *store, const struct task *task, int64_t subject)
{
    sqlite3_stmt *st = sql_use(&store->db, SQL_SAY_SAID);

    sql_blob(st, 1, ledger_key_bytes(&task->key));
    sql_int(st, 2, task->said);
    int64_t under = sql_value(&store->db, st, 0);
    st = sql_use(&store->db, SQL_WORD_SAID);
    sql_int(st, 1, subject);
    sql_int(st, 2, task->said);
    int64_t has = sql_value(&store->db, st, 0);
    return !under || (has && has < under) ? has : under;
}

/* One level of one subject; false at the end. */
static bool
subject_step(struct store *store, struct task *task)
{
    sqlite3_stmt *st = sql_use(&store->db, SQL_KEYS_RANGE);

    sql_blob(st, 1, ledger_key_bytes(&task->key));
    sql_int(st, 2, task->who);
    sql_blob(st, 3, ledger_at_bytes(&task->low));
    sql_blob(st, 4, ledger_at_bytes(&task->high));
    if (!sql_row(&store->db, st))
        return false;
    int64_t subject = sqlite3_column_int64(st, 0);
    struct ledger_at at = ledger_at_raw(sql_get_bytes(st, 1));
    sql_end(st);
    int64_t said = next_said(store, task, subject);
    if (said) {
        say_again(store, subject, said);
        task->said = said;
        task->low = at;
        return true;
    }
    task->said = 0;
    task->low = ledger_at_next(&at);
    return true;
}

/* One word of one stamp; false at the end. Here low is where it stands, said
 * the level it is of. */
static bool
name_step(struct store *store, struct task *task)
{
    sqlite3_stmt *st = sql_use(&store->db, SQL_SAY_WALK);

    sql_blob(st, 1, ledger_key_bytes(&task->key));
    sql_int(st, 2, task->said);
    sql_blob(st, 3, ledger_at_bytes(&task->low));
    if (!sql_row(&store->db, st))
        return false;
    task->said = sqlite3_column_int64(st, 0);
    task->low = ledger_at_raw(sql_get_bytes(st, 1));
    int64_t stamp = sqlite3_column_int64(st, 2);
    sql_end(st);
    ledger_say_parts(store, stamp, &task->key, task->said);
    task->low = ledger_at_next(&task->low);
    return true;
}

void
ledger_again(struct store *store)
{
    int left = STEP_WORDS;
    struct task task;

    while (left > 0 && store->ledger_again) {
        if (!next_task(store, &task)) {
            store->ledger_again = false;
            return;
        }
        bool more = true;
        for (int i = 0; more && i < TURN_WORDS && left > 0; i++, left--)
            more = task.what == AGAIN_SUBJECTS ? subject_step(store, &task)
                                               : name_step(store, &task);
        if (store->db.rc != SQLITE_OK)
            return;
        if (more)
            task_save(store, &task);
        else
            task_done(store, &task);
    }
}

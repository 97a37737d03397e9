/* SPDX-License-Identifier: MPL-2.0 */
/* What is said of a subject: level by level, the last word or all. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "node/mem.h"
#include "node/store_ledger_reader.h"

#define WORDS_MAX 10000 /* of one level, when all are asked for */

/* A level of somebody that is said of a subject. */
struct level {
    int64_t said;
    char community[CIM_NAME_MAX + 1];
    char level[CIM_LEVEL_MAX + 1];
};
struct levels {
    struct level *v; /* owned */
    size_t n, cap;
};

static void
add_level(struct store_db *db, struct levels *levels, int64_t said)
{
    struct level *level;
    sqlite3_stmt *st = sql_use(db, SQL_SAID_GET);

    sql_int(st, 1, said);
    if (!sql_row(db, st))
        return;
    xgrow(&levels->v, &levels->cap, levels->n, sizeof *levels->v);
    level = &levels->v[levels->n++];
    level->said = said;
    sql_get_str(st, 0, level->community, sizeof level->community);
    sql_get_str(st, 1, level->level, sizeof level->level);
    sql_end(st);
}

static int
by_community(const void *a, const void *b)
{
    const struct level *x = a;
    const struct level *y = b;
    int order = strcmp(x->community, y->community);

    return order ? order : strcmp(x->level, y->level);
}

/* Every level that is said under the keys of a subject, each once, sorted. */
static void
read_levels(struct store_db *db, const struct ledger_sources *sources,
            struct levels *out)
{
    size_t n = 0;

    for (size_t i = 0; i < sources->n; i++) {
        int64_t said = 0;
        for (;;) {
            sqlite3_stmt *st = sql_use(db, SQL_SAY_SAID);
            sql_blob(st, 1, ledger_key_bytes(&sources->v[i].key));
            sql_int(st, 2, said);
            said = sql_value(db, st, 0);
            if (!said)
                break;
            add_level(db, out, said);
        }
    }
    if (out->n)
        qsort(out->v, out->n, sizeof *out->v, by_community);
    for (size_t i = 0; i < out->n; i++)
        if (!n || out->v[n - 1].said != out->v[i].said)
            out->v[n++] = out->v[i];
    out->n = n;
}

static bool
read_stamp(struct store_db *db, const struct ledger_word *word,
           const struct ledger_seed *seed, const char *level,
           struct ledger_stamp *out)
{
    sqlite3_stmt *st = sql_use(db, SQL_LEDGER_NAME);

    *out = (struct ledger_stamp){.arrival = (uint64_t)word->stamp,
                                 .state = word->state,
                                 .how = word->how};
    sql_int(st, 1, word->stamp);
    if (!sql_row(db, st))
        return false;
    struct cim_bytes id = sql_get_bytes(st, 1);
    bool whole = ledger_at_place(sql_get_bytes(st, 2), &out->at) &&
                 id.len == sizeof out->by.id.b;
    if (whole) {
        memcpy(out->by.id.b, id.p, id.len);
        ledger_community(&out->at, out->by.community);
        snprintf(out->level, sizeof out->level, "%s", level);
        if (word->stamp == seed->arrival)
            out->how = LEDGER_ITSELF;
    }
    sql_end(st);
    return whole;
}

struct words {
    struct ledger_word *v; /* owned */
    size_t n, cap;
};

static int
word_newest_first(const void *a, const void *b)
{
    return ledger_at_cmp(&((const struct ledger_word *)b)->at,
                         &((const struct ledger_word *)a)->at);
}

static void
read_words(struct store_db *db, const struct ledger_sources *sources,
           int64_t said, struct words *out)
{
    out->n = 0;
    for (size_t i = 0; i < sources->n; i++)
        for (struct ledger_source source = sources->v[i]; out->n < WORDS_MAX;) {
            struct ledger_word word = ledger_word_in(db, &source, said);
            if (!word.stamp)
                break;
            xgrow(&out->v, &out->cap, out->n, sizeof *out->v);
            out->v[out->n++] = word;
            source.high = word.at;
        }
    if (out->n)
        qsort(out->v, out->n, sizeof *out->v, word_newest_first);
}

enum cim_err
ledger_stamps(struct store_reader *r, const struct ledger_subject *subject,
              bool all, bool (*each)(void *ctx, const struct ledger_stamp *s),
              void *ctx)
{
    struct levels levels = {0};
    struct words words = {0};
    struct ledger_sources sources;
    bool more = true;

    if (reader_begin(r) == CIM_OK) {
        struct ledger_seed seed = ledger_seed_of(r->db, subject);
        ledger_sources_of(r->db, &seed, &sources);
        read_levels(r->db, &sources, &levels);
        for (size_t i = 0; more && i < levels.n; i++) {
            read_words(r->db, &sources, levels.v[i].said, &words);
            size_t n = all || !words.n ? words.n : 1;
            for (size_t j = 0; more && j < n; j++) {
                struct ledger_stamp stamp;
                if (read_stamp(r->db, &words.v[j], &seed, levels.v[i].level,
                               &stamp))
                    more = each(ctx, &stamp);
            }
        }
    }
    free(levels.v);
    free(words.v);
    return reader_end(r);
}

enum cim_err
ledger_said(struct store_reader *r, const struct ledger_subject *subject,
            const char *community, const char *level, struct ledger_stamp *out)
{
    *out = (struct ledger_stamp){.state = LEDGER_MISSING, .how = LEDGER_ABSENT};
    if (reader_begin(r) == CIM_OK) {
        struct ledger_seed seed = ledger_seed_of(r->db, subject);
        struct ledger_sources sources;
        int64_t said = ledger_said_find(r->db, community, level);
        if (said) {
            ledger_sources_of(r->db, &seed, &sources);
            struct ledger_word word = ledger_last_word(r->db, &sources, said);
            if (!word.stamp || !read_stamp(r->db, &word, &seed, level, out))
                *out = (struct ledger_stamp){.state = LEDGER_MISSING,
                                             .how = LEDGER_ABSENT};
        }
    }
    return reader_end(r);
}

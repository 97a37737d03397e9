/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The newest subject for which everything wanted is said.
 *
 * ledger_word lists subjects in groups: an artifact under its topic, a
 * baseline under its topic and its community. The prefix chooses the groups;
 * of each the newest candidate is known, and the newest of all goes next.
 */
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include "node/mem.h"
#include "node/store_ledger_reader.h"
#include "proto/topic.h"

struct group {
    int64_t id;
    int64_t subject; /* its next candidate; 0: none left */
    struct ledger_at at;
};

struct search {
    struct store_db *db;
    const struct ledger_query *query;
    struct group *groups; /* owned */
    size_t n_groups, cap;
    char *name; /* owned; NULL: any */
};

/* ---- groups -------------------------------------------------------------*/

static void
add_group(struct search *s, int64_t id)
{
    xgrow(&s->groups, &s->cap, s->n_groups, sizeof *s->groups);
    s->groups[s->n_groups++] = (struct group){.id = id, .at = ledger_at_last()};
}

static void
find_groups(struct search *s)
{
    sqlite3_stmt *st = sql_use(s->db, SQL_TOPIC_RANGE);
    struct cim_prefix end;

    sql_text(st, 1, cim_prefix_bytes(&s->query->prefix));
    if (reader_prefix_end(&s->query->prefix, &end))
        sql_text(st, 2, cim_prefix_bytes(&end));
    else
        sql_blob(st, 2, cim_bytes_of("", 0)); /* comes after all text */
    while (sql_row(s->db, st))
        add_group(s, sqlite3_column_int64(st, 0));
}

/* ---- candidates ---------------------------------------------------------*/

static void
next_candidate(struct search *s, struct group *group)
{
    sqlite3_stmt *st = sql_use(s->db, SQL_WORD_NEXT);

    group->subject = 0;
    sql_int(st, 1, 0);
    sql_int(st, 2, 0);
    sql_int(st, 3, group->id);
    sql_blob(st, 4, ledger_at_bytes(&group->at));
    if (!sql_row(s->db, st))
        return;
    group->subject = sqlite3_column_int64(st, 0);
    group->at = ledger_at_raw(sql_get_bytes(st, 1));
    sql_end(st);
}

static struct group *
newest_group(struct search *s)
{
    struct group *best = NULL;

    for (size_t i = 0; i < s->n_groups; i++) {
        struct group *group = &s->groups[i];
        if (group->subject &&
            (!best || ledger_at_cmp(&group->at, &best->at) > 0))
            best = group;
    }
    return best;
}

/* ---- does it hold -------------------------------------------------------*/

static bool
name_fits(const struct search *s, const struct ledger_subject *subject)
{
    char *title = xtext(cim_buf_bytes(&subject->title));
    bool fits = fnmatch(s->query->name, title, 0) == 0;

    free(title);
    return fits;
}

static bool
is_said(struct search *s, const struct ledger_sources *sources,
        const struct ledger_want *want)
{
    int64_t said = ledger_said_find(s->db, want->community, want->level);
    struct ledger_word word = {.stamp = 0};

    if (said)
        word = ledger_last_word(s->db, sources, said);
    return (word.stamp ? word.state : LEDGER_MISSING) == want->state;
}

static bool
holds(struct search *s, const struct ledger_subject *subject)
{
    const struct ledger_query *query = s->query;
    struct ledger_sources sources;

    if (subject->arrival <= query->after ||
        (query->branch &&
         !cim_bytes_is(cim_buf_bytes(&subject->branch), query->branch)) ||
        (query->name && !name_fits(s, subject)))
        return false;
    struct ledger_seed seed = ledger_seed_of(s->db, subject);
    ledger_sources_of(s->db, &seed, &sources);
    for (size_t i = 0; i < query->n_wants; i++)
        if (!is_said(s, &sources, &query->wants[i]))
            return false;
    return true;
}

enum cim_err
ledger_newest(struct store_reader *r, const struct ledger_query *query,
              bool (*each)(void *ctx, const struct ledger_subject *s),
              void *ctx)
{
    struct search s = {.db = r->db, .query = query};
    struct group *group = NULL;
    bool more = true;

    if (reader_begin(r) == CIM_OK) {
        find_groups(&s);
        for (size_t i = 0; i < s.n_groups; i++)
            next_candidate(&s, &s.groups[i]);
        while (more && (group = newest_group(&s)) != NULL) {
            struct ledger_subject subject;
            if (ledger_read_subject(r->db, group->subject, &subject) &&
                holds(&s, &subject))
                more = each(ctx, &subject);
            ledger_subject_clear(&subject);
            next_candidate(&s, group);
        }
    }
    free(s.groups);
    return reader_end(r);
}

/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The newest subject for which everything wanted is said.
 *
 * ledger_word lists subjects in groups: an artifact under its topic, a
 * baseline under its topic and its community; once because they exist, and
 * once for each level and state that is said of them. The prefix chooses the
 * groups. In each the newest is sought that every want has, by leaping from
 * want to want; the newest of all groups goes next, and is looked at again:
 * the words are an index only.
 */
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "node/mem.h"
#include "node/store_ledger_reader.h"
#include "proto/topic.h"

#define FEW_TITLES      2000 /* that begin as wanted: these are looked at */
#define BASELINE_TOPICS 256  /* more: by community, and each looked at */

/* Where subjects stand that are wanted for one reason. */
struct driver {
    int64_t said; /* 0: only that they exist */
    int64_t state;
};

struct group {
    int64_t id;
    int64_t subject;     /* its next candidate */
    struct ledger_at at; /* of it; before: nothing was looked at yet */
};

struct search {
    struct store_db *db;
    const struct ledger_query *query;
    struct driver *drivers; /* owned, at least one */
    size_t n_drivers;
    struct group *groups; /* owned; a heap, the newest on top */
    size_t n_groups, cap;
    bool check_topic; /* a group may hold what the prefix does not match */
};

/* ---- groups -------------------------------------------------------------*/

static void
add_group(struct search *s, int64_t id)
{
    xgrow(&s->groups, &s->cap, s->n_groups, sizeof *s->groups);
    s->groups[s->n_groups++] = (struct group){.id = id, .at = ledger_at_last()};
}

static bool
branch_fits(const struct search *s, struct cim_bytes topic)
{
    return !s->query->branch ||
           cim_topic_spells(cim_topic_segment(topic, 2),
                            cim_bytes_str(s->query->branch));
}

/* Its topics become groups; false when there are more than `most`. */
static bool
add_topics(struct search *s, const struct cim_prefix *prefix, int64_t most)
{
    bool artifacts = most == INT64_MAX;
    struct cim_prefix end;
    sqlite3_stmt *st = sql_use(s->db, SQL_LEDGER_TOPICS);

    sql_text(st, 1, cim_prefix_bytes(prefix));
    if (reader_prefix_end(prefix, &end))
        sql_text(st, 2, cim_prefix_bytes(&end));
    else
        sql_blob(st, 2, cim_bytes_of("", 0)); /* comes after all text */
    sql_int(st, 3, artifacts ? most : most + 1);
    for (int64_t n = 0; sql_row(s->db, st); n++) {
        if (n == most) {
            sql_end(st);
            return false;
        }
        if (!artifacts || branch_fits(s, sql_get_bytes(st, 1)))
            add_group(s, sqlite3_column_int64(st, 0));
    }
    return true;
}

/* What is wanted of this type and community; false: nothing. */
static bool
narrow(const struct search *s, const char *community, const char *type,
       struct cim_prefix *out)
{
    const struct cim_prefix *prefix = &s->query->prefix;
    int len = snprintf(out->text, sizeof out->text, "%s/%s/", community, type);

    out->len = (uint16_t)len;
    if (cim_prefix_match(prefix, cim_prefix_bytes(out)))
        return true;
    bool inside = cim_prefix_match(out, cim_prefix_bytes(prefix));
    *out = *prefix;
    return inside;
}

/* A community's baselines are one group when they have too many names. */
static void
add_community(struct search *s, int64_t who, const char *community)
{
    struct cim_prefix prefix;

    if (narrow(s, community, "ArtifactCreated", &prefix))
        (void)add_topics(s, &prefix, INT64_MAX);
    if (!narrow(s, community, "BaselineDefined", &prefix))
        return;
    size_t before = s->n_groups;
    if (add_topics(s, &prefix, BASELINE_TOPICS))
        return;
    s->n_groups = before;
    s->check_topic = true;
    add_group(s, -who);
}

static void
find_groups(struct search *s)
{
    sqlite3_stmt *st = sql_use(s->db, SQL_COMMUNITY_EACH);

    while (sql_row(s->db, st)) {
        char community[CIM_NAME_MAX + 1];
        sql_get_str(st, 1, community, sizeof community);
        add_community(s, sqlite3_column_int64(st, 0), community);
    }
}

/* ---- wants --------------------------------------------------------------*/

/* False when nobody ever said what is wanted. */
static bool
find_drivers(struct search *s)
{
    s->drivers = xcalloc(s->query->n_wants + 1, sizeof *s->drivers);
    for (size_t i = 0; i < s->query->n_wants; i++) {
        const struct ledger_want *want = &s->query->wants[i];
        if (want->state == LEDGER_MISSING)
            continue; /* no row says so */
        int64_t said = ledger_said_find(s->db, want->community, want->level);
        if (!said)
            return false;
        s->drivers[s->n_drivers++] =
            (struct driver){said, (int64_t)want->state};
    }
    if (!s->n_drivers)
        s->n_drivers = 1; /* that it exists */
    return true;
}

/* ---- candidates ---------------------------------------------------------*/

/* The newest before a place that this driver has; 0 none. */
static int64_t
newest_before(struct search *s, const struct driver *driver, int64_t group,
              struct ledger_at *at)
{
    sqlite3_stmt *st = sql_use(s->db, SQL_WORD_NEXT);

    sql_int(st, 1, driver->said);
    sql_int(st, 2, driver->state);
    sql_int(st, 3, group);
    sql_blob(st, 4, ledger_at_bytes(at));
    if (!sql_row(s->db, st))
        return 0;
    int64_t subject = sqlite3_column_int64(st, 0);
    *at = ledger_at_raw(sql_get_bytes(st, 1));
    sql_end(st);
    return subject;
}

/* The next that all drivers have: each leaps to where the last one stands. */
static bool
next_candidate(struct search *s, struct group *group)
{
    struct ledger_at before = group->at;
    size_t agree = 0;
    size_t i = 0;

    while (agree < s->n_drivers) {
        struct ledger_at at = before;
        int64_t subject = newest_before(s, &s->drivers[i], group->id, &at);
        if (!subject)
            return false;
        if (agree && ledger_at_cmp(&at, &group->at) == 0) {
            agree++;
        } else {
            agree = 1;
            group->at = at;
            group->subject = subject;
            before = ledger_at_next(&at);
        }
        i = (i + 1) % s->n_drivers;
    }
    return true;
}

static bool
newer(const struct group *a, const struct group *b)
{
    return ledger_at_cmp(&a->at, &b->at) > 0;
}

static void
sink(struct search *s, size_t i)
{
    for (;;) {
        size_t best = i;
        for (size_t child = 2 * i + 1; child <= 2 * i + 2; child++)
            if (child < s->n_groups &&
                newer(&s->groups[child], &s->groups[best]))
                best = child;
        if (best == i)
            return;
        struct group swap = s->groups[i];
        s->groups[i] = s->groups[best];
        s->groups[best] = swap;
        i = best;
    }
}

static void
make_heap(struct search *s)
{
    size_t n = 0;

    for (size_t i = 0; i < s->n_groups; i++)
        if (next_candidate(s, &s->groups[i]))
            s->groups[n++] = s->groups[i];
    s->n_groups = n;
    for (size_t i = n / 2; i-- > 0;)
        sink(s, i);
}

/* The group on top goes on, or leaves. */
static void
advance(struct search *s)
{
    if (!next_candidate(s, &s->groups[0]))
        s->groups[0] = s->groups[--s->n_groups];
    sink(s, 0);
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
        (s->check_topic &&
         !cim_prefix_match(&query->prefix, cim_buf_bytes(&subject->topic))) ||
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

/* ---- by name ------------------------------------------------------------*/

/* Those whose names begin as the wanted one, when they are few. */
static bool
list_titles(struct search *s, struct ledger_list *out)
{
    struct cim_prefix first = {.len = 0};
    struct cim_prefix end;

    if (!s->query->name)
        return false;
    size_t len = strcspn(s->query->name, "*?[\\");
    if (!len || len >= sizeof first.text)
        return false;
    memcpy(first.text, s->query->name, len);
    first.len = (uint16_t)len;
    if (!reader_prefix_end(&first, &end))
        return false;
    sqlite3_stmt *st = sql_use(s->db, SQL_LEDGER_TITLES);
    sql_text(st, 1, cim_prefix_bytes(&first));
    sql_text(st, 2, cim_prefix_bytes(&end));
    sql_int(st, 3, FEW_TITLES + 1);
    while (sql_row(s->db, st)) {
        xgrow(&out->v, &out->cap, out->n, sizeof *out->v);
        out->v[out->n++] = sqlite3_column_int64(st, 0);
    }
    return out->n <= FEW_TITLES;
}

static bool
run_titles(struct search *s,
           bool (*each)(void *ctx, const struct ledger_subject *subject),
           void *ctx)
{
    struct ledger_list list = {0};
    bool few = list_titles(s, &list);
    bool more = few;

    s->check_topic = true;
    if (few)
        ledger_list_sort(s->db, &list);
    for (size_t i = 0; more && i < list.n; i++) {
        struct ledger_subject subject;
        if (ledger_read_subject(s->db, list.v[i], &subject) &&
            holds(s, &subject))
            more = each(ctx, &subject);
        ledger_subject_clear(&subject);
    }
    ledger_list_clear(&list);
    return few;
}

static void
run(struct search *s,
    bool (*each)(void *ctx, const struct ledger_subject *subject), void *ctx)
{
    bool more = true;

    if (run_titles(s, each, ctx))
        return;

    find_groups(s);
    make_heap(s);
    while (more && s->n_groups) {
        struct ledger_subject subject;
        if (ledger_read_subject(s->db, s->groups[0].subject, &subject) &&
            holds(s, &subject))
            more = each(ctx, &subject);
        ledger_subject_clear(&subject);
        if (more)
            advance(s);
    }
}

enum cim_err
ledger_newest(struct store_reader *r, const struct ledger_query *query,
              bool (*each)(void *ctx, const struct ledger_subject *s),
              void *ctx)
{
    struct search s = {.db = r->db, .query = query};

    if (reader_begin(r) == CIM_OK && find_drivers(&s))
        run(&s, each, ctx);
    free(s.groups);
    free(s.drivers);
    return reader_end(r);
}

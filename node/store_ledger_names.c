/* SPDX-License-Identifier: MPL-2.0 */
/*
 * What events name, and who names a subject: stamps, members, baselines. Their
 * texts are read from the events themselves.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "node/mem.h"
#include "node/store_ledger_reader.h"
#include "proto/event.h"
#include "proto/topic.h"

/* Baselines of one community looked at, by one key, newest first: so nobody
 * hides those of others behind many of its own. */
#define PART_OF 1024

/* The event of a row, read; its views live in the buffer. */
static bool
read_event(struct store_db *db, int64_t arrival, struct cim_buf *bytes,
           struct cim_event *event)
{
    sqlite3_stmt *st = sql_use(db, SQL_EVENT_GET);

    cim_buf_reset(bytes);
    sql_int(st, 1, arrival);
    if (!sql_row(db, st))
        return false;
    if (cim_buf_add_bytes(bytes, sql_get_bytes(st, 3)) != CIM_OK)
        mem_fail();
    sql_end(st);
    return cim_event_parse(cim_buf_bytes(bytes), CIM_FOLLOW, event, NULL) ==
               CIM_OK &&
           event->v == 1;
}

struct telling {
    struct store_db *db;
    bool (*each)(void *ctx, enum ledger_how how, const char *wanted,
                 const struct ledger_subject *subject);
    void *ctx;
    bool more;
};

static void
tell(struct telling *t, struct ledger_hit hit, struct cim_bytes wanted)
{
    struct ledger_subject s = {0};
    char *text = xtext(wanted);
    bool found = hit.subject && ledger_read_subject(t->db, hit.subject, &s);

    if (hit.subject && !found)
        hit.how = LEDGER_ABSENT;
    t->more = t->each(t->ctx, hit.how, text, found ? &s : NULL);
    ledger_subject_clear(&s);
    free(text);
}

static void
link_text(struct cim_bytes of, struct cim_bytes id,
          char out[CIM_NAME_MAX + CIM_UUID_TEXT_LEN + 2])
{
    snprintf(out, CIM_NAME_MAX + CIM_UUID_TEXT_LEN + 2, "%.*s:%.*s",
             (int)of.len, (const char *)of.p, (int)id.len, (const char *)id.p);
}

static void
each_aim(struct store_db *db, const struct cim_event *event,
         const struct ledger_at *at,
         bool (*each)(void *ctx, struct ledger_hit hit,
                      struct cim_bytes wanted),
         void *ctx)
{
    struct cim_list list = {.data = event->links};
    struct cim_bytes rel = {0}, of = {0}, id = {0};
    struct cim_uuid uuid;
    bool more = true;
    size_t n = 0;

    while (more && n < LEDGER_LINKS_MAX &&
           cim_link_next(&list, &rel, &of, &id)) {
        char wanted[CIM_NAME_MAX + CIM_UUID_TEXT_LEN + 2];
        if (!cim_bytes_is(rel, "subject") ||
            cim_uuid_parse(id, &uuid) != CIM_OK)
            continue;
        n++;
        link_text(of, id, wanted);
        more = each(ctx, ledger_by_link(db, of, &uuid), cim_bytes_str(wanted));
    }
    if (n)
        return;
    struct ledger_aim aim = ledger_aim_of(event);
    struct ledger_hit hit = ledger_by_aim(db, &aim, at);
    (void)each(ctx, hit,
               hit.how == LEDGER_BY_NAME || !aim.url.len ? aim.title : aim.url);
}

bool
ledger_each_stamped(struct store_db *db, int64_t arrival,
                    bool (*each)(void *ctx, struct ledger_hit hit,
                                 struct cim_bytes wanted),
                    void *ctx)
{
    struct ledger_at at = ledger_place_of(db, arrival);
    struct cim_buf bytes = {0};
    struct cim_event event;
    sqlite3_stmt *st = sql_use(db, SQL_LEDGER_KIND);

    sql_int(st, 1, arrival);
    bool stamp = sql_value(db, st, -1) == LEDGER_STAMP &&
                 read_event(db, arrival, &bytes, &event);
    if (stamp)
        each_aim(db, &event, &at, each, ctx);
    cim_buf_clear(&bytes);
    return stamp;
}

int64_t
ledger_named_by(struct store_db *db, int64_t stamp)
{
    struct ledger_at at = ledger_place_of(db, stamp);
    struct ledger_hit hit = {.subject = 0};
    struct cim_buf bytes = {0};
    struct cim_event event;

    if (read_event(db, stamp, &bytes, &event)) {
        struct ledger_aim aim = ledger_aim_of(&event);
        aim.url.len = 0;
        hit = ledger_by_aim(db, &aim, &at);
    }
    cim_buf_clear(&bytes);
    return hit.subject;
}

static bool
tell_stamped(void *ctx, struct ledger_hit hit, struct cim_bytes wanted)
{
    struct telling *t = ctx;

    tell(t, hit, wanted);
    return t->more;
}

enum cim_err
ledger_stamped(struct store_reader *r, const struct ledger_name *stamp,
               bool (*each)(void *ctx, enum ledger_how how, const char *wanted,
                            const struct ledger_subject *subject),
               void *ctx)
{
    struct telling t = {r->db, each, ctx, true};
    bool found = false;

    if (reader_begin(r) == CIM_OK) {
        int64_t who = ledger_who(r->db, cim_bytes_str(stamp->community));
        sqlite3_stmt *st = sql_use(r->db, SQL_LEDGER_FIRST);
        sql_blob(st, 1, cim_bytes_of(stamp->id.b, sizeof stamp->id.b));
        sql_int(st, 2, who);
        int64_t arrival = sql_value(r->db, st, 0);
        found =
            arrival && ledger_each_stamped(r->db, arrival, tell_stamped, &t);
    }
    enum cim_err err = reader_end(r);
    return err == CIM_OK && !found ? CIM_ENOENT : err;
}

/* ---- members ------------------------------------------------------------*/

/* The link again as a member: its subject was found, or it was asked for. */
static bool
named_already(const struct cim_event *event, const struct ledger_list *found,
              struct ledger_hit hit, struct cim_bytes of, struct cim_bytes id)
{
    struct cim_list list = {.data = event->consists_of};
    struct cim_bytes community = cim_community_of(event->topic);
    struct cim_bytes text = {0};
    char wanted[CIM_NAME_MAX + CIM_UUID_TEXT_LEN + 2];

    for (size_t i = 0; hit.subject && i < found->n; i++)
        if (found->v[i] == hit.subject)
            return true;
    if (hit.subject)
        return false;
    link_text(of, id, wanted);
    while (cim_member_next(&list, &text))
        if (cim_bytes_is(text, wanted) ||
            (cim_bytes_eq(text, id) && cim_bytes_eq(of, community)))
            return true;
    return false;
}

static void
tell_members(struct telling *t, const struct cim_event *event,
             const struct ledger_at *at)
{
    struct cim_bytes community = cim_community_of(event->topic);
    struct cim_list list = {.data = event->consists_of};
    struct cim_list links = {.data = event->links};
    struct cim_bytes text = {0}, rel = {0}, of = {0}, id = {0};
    struct ledger_list found = {0};
    struct cim_uuid uuid;

    while (t->more && cim_member_next(&list, &text)) {
        struct ledger_hit hit = ledger_by_member(t->db, community, text, at);
        if (hit.subject)
            ledger_list_add(&found, hit.subject);
        tell(t, hit, text);
    }
    while (t->more && cim_link_next(&links, &rel, &of, &id)) {
        char wanted[CIM_NAME_MAX + CIM_UUID_TEXT_LEN + 2];
        if (!cim_bytes_is(rel, "element") ||
            cim_uuid_parse(id, &uuid) != CIM_OK)
            continue;
        struct ledger_hit hit = ledger_by_link(t->db, of, &uuid);
        if (named_already(event, &found, hit, of, id))
            continue;
        if (hit.subject)
            ledger_list_add(&found, hit.subject);
        link_text(of, id, wanted);
        tell(t, hit, cim_bytes_str(wanted));
    }
    ledger_list_clear(&found);
}

enum cim_err
ledger_members(struct store_reader *r, const struct ledger_subject *baseline,
               bool (*each)(void *ctx, enum ledger_how how, const char *wanted,
                            const struct ledger_subject *member),
               void *ctx)
{
    struct telling t = {r->db, each, ctx, true};
    struct cim_buf bytes = {0};
    struct cim_event event;

    if (reader_begin(r) == CIM_OK && baseline->kind == LEDGER_BASELINE &&
        read_event(r->db, (int64_t)baseline->arrival, &bytes, &event)) {
        struct ledger_at at = ledger_at_of(&baseline->at);
        tell_members(&t, &event, &at);
    }
    cim_buf_clear(&bytes);
    return reader_end(r);
}

/* ---- the baselines it is part of ----------------------------------------*/

/* Only such texts have to be looked up: a baseline may list thousands. */
static bool
may_mean(struct cim_bytes text, const struct ledger_seed *subject)
{
    struct ledger_member_text member;

    ledger_member_read(text, &member);
    if (member.form != MEMBER_TEXT)
        return memcmp(&member.id, &subject->id, sizeof member.id) == 0;
    return cim_bytes_eq(text, subject->title) ||
           cim_bytes_eq(text, subject->url);
}

/* How this baseline has it as a direct member; ABSENT when it has not. */
static enum ledger_how
member_how(struct store_db *db, int64_t baseline,
           const struct ledger_seed *subject, struct cim_buf *bytes)
{
    struct cim_bytes text = {0}, rel = {0}, of = {0}, id = {0};
    struct ledger_at at = ledger_place_of(db, baseline);
    struct cim_event event;
    struct cim_uuid uuid;

    if (!read_event(db, baseline, bytes, &event))
        return LEDGER_ABSENT;
    struct cim_bytes community = cim_community_of(event.topic);
    struct cim_list list = {.data = event.consists_of};
    struct cim_list links = {.data = event.links};
    while (cim_member_next(&list, &text)) {
        struct ledger_hit hit = {.subject = 0};
        if (may_mean(text, subject))
            hit = ledger_by_member(db, community, text, &at);
        if (hit.subject == subject->arrival)
            return hit.how;
    }
    while (cim_link_next(&links, &rel, &of, &id))
        if (cim_bytes_is(rel, "element") &&
            cim_uuid_parse(id, &uuid) == CIM_OK &&
            memcmp(&uuid, &subject->id, sizeof uuid) == 0 &&
            ledger_by_link(db, of, &uuid).subject == subject->arrival)
            return LEDGER_LINKED;
    return LEDGER_ABSENT;
}

static void
list_baselines(struct store_db *db, const struct ledger_key *key,
               struct ledger_list *out)
{
    for (int64_t who = 0;;) {
        sqlite3_stmt *st = sql_use(db, SQL_MEMBER_WHO);
        sql_blob(st, 1, ledger_key_bytes(key));
        sql_int(st, 2, who);
        who = sql_value(db, st, 0);
        if (!who)
            return;
        st = sql_use(db, SQL_MEMBER_OF);
        sql_blob(st, 1, ledger_key_bytes(key));
        sql_int(st, 2, who);
        sql_u64(st, 3, PART_OF);
        while (sql_row(db, st))
            ledger_list_add(out, sqlite3_column_int64(st, 0));
    }
}

void
ledger_list_part_of(struct store_db *db, const struct ledger_seed *seed,
                    struct ledger_list *out)
{
    struct ledger_key link = ledger_key_link(seed->community, &seed->id);
    struct ledger_key id = ledger_key_text(
        LEDGER_KEY_ID, cim_bytes_of(seed->id.b, sizeof seed->id.b));
    struct ledger_key url = ledger_key_text(LEDGER_KEY_MEMBER, seed->url);
    struct ledger_key title = ledger_key_text(LEDGER_KEY_MEMBER, seed->title);

    list_baselines(db, &link, out);
    list_baselines(db, &id, out);
    if (seed->url.len)
        list_baselines(db, &url, out);
    if (seed->title.len)
        list_baselines(db, &title, out);
    ledger_list_sort(db, out);
}

enum cim_err
ledger_part_of(struct store_reader *r, const struct ledger_subject *subject,
               bool (*each)(void *ctx, enum ledger_how how,
                            const struct ledger_subject *baseline),
               void *ctx)
{
    struct ledger_list found = {0};
    struct cim_buf bytes = {0};
    bool more = true;

    if (reader_begin(r) == CIM_OK) {
        struct ledger_seed seed = ledger_seed_of(r->db, subject);
        ledger_list_part_of(r->db, &seed, &found);
        for (size_t i = 0; more && i < found.n; i++) {
            struct ledger_subject s;
            enum ledger_how how = member_how(r->db, found.v[i], &seed, &bytes);
            if (how == LEDGER_ABSENT ||
                !ledger_read_subject(r->db, found.v[i], &s))
                continue;
            more = each(ctx, how, &s);
            ledger_subject_clear(&s);
        }
    }
    cim_buf_clear(&bytes);
    ledger_list_clear(&found);
    return reader_end(r);
}

/* SPDX-License-Identifier: MPL-2.0 */
/* Subjects: one, and all that a text may mean. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "node/mem.h"
#include "node/store_ledger_reader.h"
#include "proto/topic.h"

#define FIND_MAX 1000 /* subjects one text may mean */

/* ---- one subject --------------------------------------------------------*/

static void
take(struct cim_buf *buf, sqlite3_stmt *st, int column)
{
    if (cim_buf_add_bytes(buf, sql_get_bytes(st, column)) != CIM_OK)
        mem_fail();
}

void
ledger_community(const struct ledger_place *at, char out[CIM_NAME_MAX + 1])
{
    struct cim_bytes name = cim_community_of(cim_bytes_str(at->log.node));

    snprintf(out, CIM_NAME_MAX + 1, "%.*s", (int)name.len,
             (const char *)name.p);
}

bool
ledger_read_subject(struct store_db *db, int64_t arrival,
                    struct ledger_subject *out)
{
    sqlite3_stmt *st = sql_use(db, SQL_LEDGER_SUBJECT);

    *out = (struct ledger_subject){0};
    sql_int(st, 1, arrival);
    if (!sql_row(db, st))
        return false;
    struct cim_bytes id = sql_get_bytes(st, 2);
    bool whole = ledger_at_place(sql_get_bytes(st, 3), &out->at) &&
                 id.len == sizeof out->name.id.b &&
                 sqlite3_column_int(st, 1) != LEDGER_STAMP;
    if (whole) {
        out->arrival = (uint64_t)arrival;
        out->kind = (enum ledger_kind)sqlite3_column_int(st, 1);
        memcpy(out->name.id.b, id.p, id.len);
        ledger_community(&out->at, out->name.community);
        take(&out->topic, st, 4);
        take(&out->title, st, 5);
        take(&out->url, st, 6);
        take(&out->branch, st, 7);
    }
    sql_end(st);
    return whole;
}

struct ledger_seed
ledger_seed_of(struct store_db *db, const struct ledger_subject *s)
{
    struct cim_bytes community = cim_bytes_str(s->name.community);

    return (struct ledger_seed){.arrival = (int64_t)s->arrival,
                                .who = ledger_who(db, community),
                                .kind = (int)s->kind,
                                .community = community,
                                .id = s->name.id,
                                .at = ledger_at_of(&s->at),
                                .title = cim_buf_bytes(&s->title),
                                .url = cim_buf_bytes(&s->url)};
}

enum cim_err
ledger_get(struct store_reader *r, const struct ledger_name *name,
           struct ledger_subject *out)
{
    bool found = false;

    *out = (struct ledger_subject){0};
    if (reader_begin(r) == CIM_OK) {
        struct ledger_hit hit =
            ledger_by_link(r->db, cim_bytes_str(name->community), &name->id);
        found = hit.subject && ledger_read_subject(r->db, hit.subject, out);
    }
    enum cim_err err = reader_end(r);
    return err == CIM_OK && !found ? CIM_ENOENT : err;
}

/* ---- lists of subjects --------------------------------------------------*/

void
ledger_list_add(struct ledger_list *list, int64_t arrival)
{
    for (size_t i = list->n; i > 0 && list->n < 64; i--)
        if (list->v[i - 1] == arrival)
            return;
    xgrow(&list->v, &list->cap, list->n, sizeof *list->v);
    list->v[list->n++] = arrival;
}

struct placed {
    struct ledger_at at;
    int64_t arrival;
};

static int
newest_first(const void *a, const void *b)
{
    return ledger_at_cmp(&((const struct placed *)b)->at,
                         &((const struct placed *)a)->at);
}

void
ledger_list_sort(struct store_db *db, struct ledger_list *list)
{
    struct placed *placed = xcalloc(list->n + 1, sizeof *placed);
    size_t n = 0;

    for (size_t i = 0; i < list->n; i++)
        placed[i] =
            (struct placed){ledger_place_of(db, list->v[i]), list->v[i]};
    qsort(placed, list->n, sizeof *placed, newest_first);
    for (size_t i = 0; i < list->n; i++)
        if (!n || list->v[n - 1] != placed[i].arrival)
            list->v[n++] = placed[i].arrival;
    list->n = n;
    free(placed);
}

void
ledger_list_clear(struct ledger_list *list)
{
    free(list->v);
    *list = (struct ledger_list){0};
}

void
ledger_list_tell(struct store_db *db, const struct ledger_list *list,
                 bool (*each)(void *ctx, const struct ledger_subject *s),
                 void *ctx)
{
    bool more = true;

    for (size_t i = 0; more && i < list->n; i++) {
        struct ledger_subject s;
        if (ledger_read_subject(db, list->v[i], &s))
            more = each(ctx, &s);
        ledger_subject_clear(&s);
    }
}

void
ledger_list_key(struct store_db *db, const struct ledger_key *key, size_t limit,
                struct ledger_list *out)
{
    sqlite3_stmt *st = sql_use(db, SQL_KEYS_EACH);

    sql_blob(st, 1, ledger_key_bytes(key));
    sql_u64(st, 2, limit);
    while (sql_row(db, st))
        ledger_list_add(out, sqlite3_column_int64(st, 0));
}

static void
list_id(struct store_db *db, const struct cim_uuid *id, struct ledger_list *out)
{
    char community[CIM_NAME_MAX + 1];
    struct ledger_list who = {0};
    sqlite3_stmt *st = sql_use(db, SQL_LEDGER_OF_ID);

    sql_blob(st, 1, cim_bytes_of(id->b, sizeof id->b));
    while (sql_row(db, st))
        ledger_list_add(&who, sqlite3_column_int64(st, 0));
    for (size_t i = 0; i < who.n; i++) {
        st = sql_use(db, SQL_COMMUNITY_NAME);
        sql_int(st, 1, who.v[i]);
        if (!sql_row(db, st))
            continue;
        sql_get_str(st, 0, community, sizeof community);
        sql_end(st);
        struct ledger_hit hit =
            ledger_by_link(db, cim_bytes_str(community), id);
        if (hit.subject)
            ledger_list_add(out, hit.subject);
    }
    ledger_list_clear(&who);
}

enum cim_err
ledger_find(struct store_reader *r, const char *text,
            bool (*each)(void *ctx, const struct ledger_subject *s), void *ctx)
{
    struct ledger_member_text member;
    struct ledger_list found = {0};
    struct cim_bytes bytes = cim_bytes_str(text);

    ledger_member_read(bytes, &member);
    if (reader_begin(r) == CIM_OK) {
        if (member.form == MEMBER_EXACT) {
            struct ledger_hit hit =
                ledger_by_link(r->db, member.community, &member.id);
            if (hit.subject)
                ledger_list_add(&found, hit.subject);
        }
        if (member.form == MEMBER_ID)
            list_id(r->db, &member.id, &found);
        for (int i = 0; i < 4 && member.form == MEMBER_TEXT; i++) {
            struct ledger_key key = ledger_key_of_kind(
                i < 2 ? LEDGER_KEY_URL : LEDGER_KEY_TITLE, i % 2, bytes);
            ledger_list_key(r->db, &key, FIND_MAX, &found);
        }
        ledger_list_sort(r->db, &found);
        ledger_list_tell(r->db, &found, each, ctx);
    }
    ledger_list_clear(&found);
    return reader_end(r);
}

/* ---- its state ----------------------------------------------------------*/

enum cim_err
ledger_upto(struct store_reader *r, uint64_t *upto, uint64_t *last)
{
    *upto = *last = 0;
    if (reader_begin(r) == CIM_OK) {
        sqlite3_stmt *st = sql_use(r->db, SQL_META_GET);
        sql_str(st, 1, "ledger_upto");
        *upto = (uint64_t)sql_value(r->db, st, 0);
        st = sql_use(r->db, SQL_META_GET);
        sql_str(st, 1, "last_arrival");
        *last = (uint64_t)sql_value(r->db, st, 0);
    }
    return reader_end(r);
}

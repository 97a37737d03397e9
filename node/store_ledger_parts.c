/* SPDX-License-Identifier: MPL-2.0 */
/*
 * What an event puts under which keys: told by its bytes and nothing else.
 *
 * In `parts` of its row an event remembers this, kind, level and key each, so
 * that it can be taken back even when its own bytes rotted.
 */
#include <stdlib.h>
#include <string.h>

#include "node/mem.h"
#include "node/store_ledger.h"
#include "proto/topic.h"

#define PACKED_BYTES 10 /* a part without its key */

/* ---- packed -------------------------------------------------------------*/

static void
pack(struct cim_buf *out, const struct ledger_part *part,
     const struct ledger_part *before)
{
    /* A key that is the one before is not written again. */
    bool same = before && cim_bytes_eq(ledger_key_bytes(&part->key),
                                       ledger_key_bytes(&before->key));
    uint8_t be[8];

    cim_u64be((uint64_t)part->said, be);
    cim_buf_add_u8(out, (uint8_t)part->kind);
    cim_buf_add(out, be, sizeof be);
    cim_buf_add_u8(out, same ? 0 : part->key.len);
    if (!same)
        cim_buf_add(out, part->key.b, part->key.len);
}

struct cim_buf
ledger_entry_pack(const struct ledger_entry *e)
{
    struct cim_buf out = {0};

    for (size_t i = 0; i < e->n; i++)
        pack(&out, &e->v[i], i ? &e->v[i - 1] : NULL);
    if (out.err != CIM_OK)
        mem_fail();
    return out;
}

bool
ledger_part_next(struct cim_bytes *packed, struct ledger_part *out)
{
    const uint8_t *p = packed->p;

    if (packed->len < PACKED_BYTES)
        return false;
    size_t len = p[9];
    if (packed->len - PACKED_BYTES < len)
        return false;
    out->kind = (enum ledger_part_kind)p[0];
    out->said = 0;
    for (size_t i = 1; i <= 8; i++)
        out->said = (int64_t)((uint64_t)out->said << 8 | p[i]);
    if (len)
        out->key = ledger_key_raw(cim_bytes_of(p + PACKED_BYTES, len));
    *packed =
        cim_bytes_of(p + PACKED_BYTES + len, packed->len - PACKED_BYTES - len);
    return true;
}

/* ---- words --------------------------------------------------------------*/

struct level {
    int64_t said;
    enum ledger_state state;
};
struct levels {
    struct level v[LEDGER_LEVELS_MAX];
    size_t n;
};

static int64_t
said_of(struct ledger_entry *e, struct cim_bytes level)
{
    sqlite3_stmt *st = sql_use(e->db, SQL_SAID_FIND);

    sql_int(st, 1, e->who);
    sql_text(st, 2, level);
    int64_t said = sql_value(e->db, st, 0);
    if (said || !e->intern)
        return said;
    st = sql_use(e->db, SQL_SAID_PUT);
    sql_int(st, 1, e->who);
    sql_text(st, 2, level);
    sql_run(e->db, st);
    return sqlite3_last_insert_rowid(e->db->h);
}

/* Of a level that is there twice the first. */
static void
add_level(struct levels *levels, int64_t said, struct cim_bytes result)
{
    for (size_t i = 0; i < levels->n; i++)
        if (levels->v[i].said == said)
            return;
    levels->v[levels->n++] = (struct level){said, ledger_state_of(result)};
}

static void
read_levels(struct ledger_entry *e, struct levels *out)
{
    struct cim_list list = {.data = e->event.levels};
    struct cim_bytes name = {0}, result = {0};

    out->n = 0;
    for (size_t i = 0; i < LEDGER_LEVELS_MAX; i++) {
        if (!cim_level_next(&list, &name, &result))
            return;
        add_level(out, said_of(e, name), result);
    }
}

static struct ledger_part *
add(struct ledger_entry *e, enum ledger_part_kind kind,
    const struct ledger_key *key)
{
    xgrow(&e->v, &e->cap, e->n, sizeof *e->v);
    e->v[e->n] = (struct ledger_part){.kind = kind, .key = *key};
    return &e->v[e->n++];
}

/* The same words under one key; url: only while nobody has it. */
static void
add_words(struct ledger_entry *e, const struct levels *levels,
          const struct ledger_key *key, const struct ledger_key *url)
{
    for (size_t i = 0; i < levels->n; i++) {
        struct ledger_part *part = add(e, LEDGER_PART_SAY, key);
        part->said = levels->v[i].said;
        part->state = levels->v[i].state;
        if (url)
            part->url = *url;
    }
}

/* True when the stamp says by link what it means. */
static bool
add_linked_words(struct ledger_entry *e, const struct levels *levels)
{
    struct cim_list list = {.data = e->event.links};
    struct cim_bytes rel = {0}, of = {0}, id = {0};
    struct cim_uuid uuid;
    size_t n = 0;

    while (n < LEDGER_LINKS_MAX && cim_link_next(&list, &rel, &of, &id)) {
        if (!cim_bytes_is(rel, "subject") ||
            cim_uuid_parse(id, &uuid) != CIM_OK)
            continue;
        struct ledger_key key = ledger_key_link(of, &uuid);
        add_words(e, levels, &key, NULL);
        n++;
    }
    return n > 0;
}

static void
add_stamp(struct ledger_entry *e)
{
    struct ledger_aim aim = ledger_aim_of(&e->event);
    struct levels levels;
    struct ledger_key url, title;

    read_levels(e, &levels);
    if (add_linked_words(e, &levels))
        return;
    url = ledger_key_of_kind(LEDGER_KEY_URL, aim.kind, aim.url);
    add_words(e, &levels, &url, NULL);
    if (!aim.title.len)
        return;
    title = ledger_key_of_kind(LEDGER_KEY_TITLE, aim.kind, aim.title);
    add_words(e, &levels, &title, &url);
}

/* ---- subjects -----------------------------------------------------------*/

static void
add_members(struct ledger_entry *e)
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
        add(e, LEDGER_PART_MEMBER, &key);
    }
    while (cim_link_next(&links, &rel, &of, &id)) {
        if (!cim_bytes_is(rel, "element") ||
            cim_uuid_parse(id, &uuid) != CIM_OK)
            continue;
        key = ledger_key_link(of, &uuid);
        add(e, LEDGER_PART_MEMBER, &key);
    }
}

static void
add_subject(struct ledger_entry *e)
{
    struct ledger_key own = ledger_key_link(e->community, &e->id);
    struct ledger_key url = ledger_key_of_kind(LEDGER_KEY_URL, e->kind, e->url);
    struct ledger_key title =
        ledger_key_of_kind(LEDGER_KEY_TITLE, e->kind, e->title);
    struct levels levels;

    add(e, LEDGER_PART_OWN, &own);
    if (e->url.len)
        add(e, LEDGER_PART_URL, &url);
    if (e->title.len)
        add(e, LEDGER_PART_TITLE, &title);
    if (e->kind == LEDGER_BASELINE) {
        add_members(e);
        return;
    }
    read_levels(e, &levels);
    add_words(e, &levels, &own, NULL);
}

/* ---- the event ----------------------------------------------------------*/

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

bool
ledger_entry_read(struct ledger_entry *e, struct cim_bytes bytes)
{
    const struct cim_event *event = &e->event;

    if (cim_event_parse(bytes, CIM_FOLLOW, &e->event, NULL) != CIM_OK ||
        event->v != 1)
        return false;
    e->kind = kind_of(event);
    e->community = cim_community_of(event->topic);
    e->title = e->url = e->branch = (struct cim_bytes){0};
    if (e->kind == LEDGER_ARTIFACT || e->kind == LEDGER_BASELINE) {
        bool artifact = e->kind == LEDGER_ARTIFACT;
        e->title = artifact ? event->artifact_name : event->baseline_name;
        e->url = artifact ? event->artifact_url : event->baseline_url;
        e->branch = event->project_branch;
    }
    return e->kind >= 0;
}

void
ledger_entry_parts(struct ledger_entry *e)
{
    e->n = 0;
    if (e->kind == LEDGER_STAMP)
        add_stamp(e);
    else
        add_subject(e);
}

void
ledger_entry_clear(struct ledger_entry *e)
{
    free(e->v);
    e->v = NULL;
    e->n = e->cap = 0;
}

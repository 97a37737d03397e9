/* SPDX-License-Identifier: MPL-2.0 */
/* Keys and places of the ledger: texts and order as bytes. */
#include <string.h>

#include "node/store_ledger.h"
#include "proto/event.h"
#include "proto/topic.h"

#define TIME_BYTES 7 /* all numbers of a place are below 2^53 */

/* ---- keys ---------------------------------------------------------------*/

static struct ledger_key
key_of(enum ledger_key_of of, char kind, struct cim_bytes text)
{
    struct ledger_key key = {.b = {(uint8_t)of, (uint8_t)kind}, .len = 2};
    size_t tail = LEDGER_KEY_TEXT - CIM_DIGEST_LEN;
    struct cim_digester d;

    if (text.len <= LEDGER_KEY_TEXT) {
        if (text.len)
            memcpy(key.b + 2, text.p, text.len);
        key.len = (uint8_t)(2 + text.len);
        return key;
    }
    cim_digester_init(&d);
    cim_digester_add(&d, text);
    struct cim_digest digest = cim_digester_end(&d);
    memcpy(key.b + 2, text.p + text.len - tail, tail);
    memcpy(key.b + 2 + tail, digest.b, sizeof digest.b);
    key.b[1] = (uint8_t)(kind + 'A' - 'a'); /* so it is no short text */
    key.len = 2 + LEDGER_KEY_TEXT;
    return key;
}

struct ledger_key
ledger_key_text(enum ledger_key_of of, struct cim_bytes text)
{
    return key_of(of, 'x', text);
}

struct ledger_key
ledger_key_of_kind(enum ledger_key_of of, int kind, struct cim_bytes text)
{
    return key_of(of, kind == LEDGER_ARTIFACT ? 'a' : 'b', text);
}

struct ledger_key
ledger_key_link(struct cim_bytes community, const struct cim_uuid *id)
{
    uint8_t text[sizeof id->b + CIM_NAME_MAX];
    size_t len = community.len <= CIM_NAME_MAX ? community.len : 0;

    memcpy(text, id->b, sizeof id->b);
    if (len)
        memcpy(text + sizeof id->b, community.p, len);
    return key_of(LEDGER_KEY_LINK, 'x', cim_bytes_of(text, sizeof id->b + len));
}

struct cim_bytes
ledger_key_bytes(const struct ledger_key *key)
{
    return cim_bytes_of(key->b, key->len);
}

struct ledger_key
ledger_key_raw(struct cim_bytes bytes)
{
    struct ledger_key key = {.len = 0};

    if (bytes.len > 0 && bytes.len <= sizeof key.b) {
        memcpy(key.b, bytes.p, bytes.len);
        key.len = (uint8_t)bytes.len;
    }
    return key;
}

/* ---- places -------------------------------------------------------------*/

static void
add_number(struct ledger_at *at, uint64_t value)
{
    uint8_t be[8];

    cim_u64be(value, be);
    memcpy(at->b + at->len, be + 8 - TIME_BYTES, TIME_BYTES);
    at->len = (uint8_t)(at->len + TIME_BYTES);
}

/* time, node, NUL, epoch, seq: the NUL sorts a name before its extensions. */
struct ledger_at
ledger_at_of(const struct ledger_place *place)
{
    struct ledger_at at = {.len = 0};
    size_t len = strlen(place->log.node) + 1;

    add_number(&at, (uint64_t)place->time_ms);
    memcpy(at.b + at.len, place->log.node, len);
    at.len = (uint8_t)(at.len + len);
    add_number(&at, place->log.epoch);
    add_number(&at, place->seq);
    return at;
}

struct ledger_at
ledger_at_raw(struct cim_bytes bytes)
{
    struct ledger_at at = {.len = 0};

    if (bytes.len > 0 && bytes.len <= sizeof at.b) {
        memcpy(at.b, bytes.p, bytes.len);
        at.len = (uint8_t)bytes.len;
    }
    return at;
}

struct cim_bytes
ledger_at_bytes(const struct ledger_at *at)
{
    return cim_bytes_of(at->b, at->len);
}

int
ledger_at_cmp(const struct ledger_at *a, const struct ledger_at *b)
{
    return cim_bytes_cmp(ledger_at_bytes(a), ledger_at_bytes(b));
}

struct ledger_at
ledger_at_first(void)
{
    return (struct ledger_at){.len = 0};
}

struct ledger_at
ledger_at_last(void)
{
    return (struct ledger_at){.b = {0xff}, .len = 1};
}

struct ledger_at
ledger_at_next(const struct ledger_at *at)
{
    struct ledger_at next = *at;

    if (next.len < sizeof next.b)
        next.b[next.len++] = 0;
    return next;
}

static uint64_t
get_number(const uint8_t *p)
{
    uint64_t value = 0;

    for (int i = 0; i < TIME_BYTES; i++)
        value = value << 8 | p[i];
    return value;
}

bool
ledger_at_place(struct cim_bytes at, struct ledger_place *out)
{
    const size_t numbers = (size_t)TIME_BYTES * 3;

    *out = (struct ledger_place){0};
    if (at.len <= numbers + 1 || at.len > numbers + sizeof out->log.node)
        return false;
    size_t len = at.len - numbers; /* of the node and its NUL */
    const uint8_t *node = at.p + TIME_BYTES;
    if (memchr(node, 0, len) != node + len - 1)
        return false;
    out->time_ms = (int64_t)get_number(at.p);
    memcpy(out->log.node, node, len);
    out->log.epoch = get_number(node + len);
    out->seq = get_number(node + len + TIME_BYTES);
    return true;
}

/* ---- what events name ---------------------------------------------------*/

void
ledger_member_read(struct cim_bytes text, struct ledger_member_text *out)
{
    const uint8_t *colon = memchr(text.p, ':', text.len);

    *out = (struct ledger_member_text){.form = MEMBER_TEXT};
    if (cim_uuid_parse(text, &out->id) == CIM_OK) {
        out->form = MEMBER_ID;
        return;
    }
    if (!colon)
        return;
    size_t len = (size_t)(colon - text.p);
    struct cim_bytes id = cim_bytes_of(colon + 1, text.len - len - 1);
    out->community = cim_bytes_of(text.p, len);
    if (cim_name_valid(out->community) &&
        cim_uuid_parse(id, &out->id) == CIM_OK)
        out->form = MEMBER_EXACT;
}

struct ledger_aim
ledger_aim_of(const struct cim_event *event)
{
    if (event->baseline_url.len)
        return (struct ledger_aim){.kind = LEDGER_BASELINE,
                                   .url = event->baseline_url,
                                   .title = event->baseline_name};
    return (struct ledger_aim){.kind = LEDGER_ARTIFACT,
                               .url = event->artifact_url,
                               .title = event->artifact_name};
}

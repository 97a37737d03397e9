/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The json form is written straight from an event's bytes, without a tree:
 * first the keys people look for, then the rest as it stands. So an event of
 * a later version is shown whole.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "proto/event_rules.h"
#include "proto/json_private.h"

/* Length of the character at p, or 0 when it can be written as it is. */
static size_t
needs_escape(const uint8_t *p, size_t left, uint32_t *code)
{
    size_t n = cim_utf8_next(p, left, code);

    return cim_utf8_unsafe(*code) || *code == '"' || *code == '\\' ? n : 0;
}

void
cim_json_put_text(struct cim_buf *out, struct cim_bytes text)
{
    char escape[8];
    size_t start = 0;

    cim_buf_add_u8(out, '"');
    for (size_t i = 0; i < text.len;) {
        uint32_t code;
        size_t n = needs_escape(text.p + i, text.len - i, &code);
        if (n == 0) {
            i++;
            continue;
        }
        cim_buf_add(out, text.p + start, i - start);
        if (code == '"' || code == '\\')
            snprintf(escape, sizeof escape, "\\%c", (char)code);
        else
            snprintf(escape, sizeof escape, "\\u%04x", code & 0xffff);
        cim_buf_add_str(out, escape);
        i += n;
        start = i;
    }
    if (text.len > start)
        cim_buf_add(out, text.p + start, text.len - start);
    cim_buf_add_u8(out, '"');
}

void
cim_json_put_key(struct cim_buf *out, bool *first, const char *key)
{
    cim_buf_add_str(out, *first ? "\"" : ",\"");
    cim_buf_add_str(out, key);
    cim_buf_add_str(out, "\":");
    *first = false;
}

static void
put_int(struct cim_buf *out, int64_t value)
{
    char text[24];

    snprintf(text, sizeof text, "%" PRId64, value);
    cim_buf_add_str(out, text);
}

void
cim_json_put_time(struct cim_buf *out, int64_t time_ms)
{
    char text[CIM_TIME_TEXT_LEN + 1];

    if (time_ms < 0 || time_ms > CIM_TIME_LAST_MS) {
        put_int(out, time_ms);
        return;
    }
    cim_time_text(time_ms, text);
    cim_json_put_text(out, cim_bytes_str(text));
}

/* Bytes have no JSON form of their own: base64url text. */
static enum cim_err
put_bin(struct cim_buf *out, struct cim_bytes data)
{
    char *text = malloc(CIM_B64_LEN(data.len) + 1);

    if (text == NULL)
        return CIM_ENOMEM;
    cim_b64_encode(data.p, data.len, text);
    cim_json_put_text(out, cim_bytes_str(text));
    free(text);
    return CIM_OK;
}

/* The elements of an array, or keys and values of a map. */
static enum cim_err
put_elements(struct cim_buf *out, struct cim_reader *r, uint32_t n, bool map)
{
    enum cim_err err = CIM_OK;
    struct cim_bytes key;

    cim_buf_add_u8(out, map ? '{' : '[');
    for (uint32_t i = 0; i < n && err == CIM_OK; i++) {
        if (i > 0)
            cim_buf_add_u8(out, ',');
        if (map) {
            err = cim_wire_str(r, &key);
            if (err != CIM_OK)
                break;
            cim_json_put_text(out, key);
            cim_buf_add_u8(out, ':');
        }
        err = cim_json_put_value(out, r);
    }
    cim_buf_add_u8(out, map ? '}' : ']');
    return err;
}

enum cim_err
cim_json_put_value(struct cim_buf *out, struct cim_reader *r)
{
    struct cim_wire_value value;
    enum cim_err err = cim_wire_next(r, &value);

    if (err != CIM_OK)
        return err;
    switch (value.kind) {
    case CIM_WIRE_NIL:
        cim_buf_add_str(out, "null");
        return CIM_OK;
    case CIM_WIRE_BOOL:
        cim_buf_add_str(out, value.boolean ? "true" : "false");
        return CIM_OK;
    case CIM_WIRE_INT:
        put_int(out, value.integer);
        return CIM_OK;
    case CIM_WIRE_STR:
        cim_json_put_text(out, value.bytes);
        return CIM_OK;
    case CIM_WIRE_BIN:
        return put_bin(out, value.bytes);
    case CIM_WIRE_ARRAY:
        return put_elements(out, r, value.n, false);
    case CIM_WIRE_MAP:
        return put_elements(out, r, value.n, true);
    case CIM_WIRE_END:
        break;
    }
    return CIM_EFORM;
}

/* A later version's eventTime may be anything. */
static enum cim_err
put_event_time(struct cim_buf *out, struct cim_bytes raw)
{
    struct cim_reader r = {.data = raw};
    uint64_t value;

    if (cim_wire_uint(&r, CIM_SEQ_MAX, &value) == CIM_OK) {
        cim_json_put_time(out, (int64_t)value);
        return CIM_OK;
    }
    r = (struct cim_reader){.data = raw};
    return cim_json_put_value(out, &r);
}

/* Position of name among the keys that come first, or the number of them. */
#define LEADING 4
static size_t
leading_find(struct cim_bytes name)
{
    static const enum cim_field_id ids[LEADING] = {CIM_F_ID, CIM_F_TYPE,
                                                   CIM_F_TIME, CIM_F_TOPIC};
    size_t i = 0;

    while (i < LEADING && !cim_bytes_is(name, cim_fields[ids[i]].name))
        i++;
    return i;
}

bool
cim_json_place_key(struct cim_bytes name)
{
    return cim_bytes_is(name, "node") || cim_bytes_is(name, "epoch") ||
           cim_bytes_is(name, "seq") || cim_bytes_is(name, "receivedAt") ||
           cim_bytes_is(name, "arrival");
}

static enum cim_err
put_leading(struct cim_buf *out, struct cim_bytes event, bool *first)
{
    static const char *const names[LEADING] = {"eventId", "eventType",
                                               "eventTime", "topic"};
    struct cim_bytes raw[LEADING] = {{0}}, name, value;
    struct cim_reader r = {.data = event};
    uint32_t pairs;
    enum cim_err err = cim_wire_map(&r, &pairs);

    for (; pairs > 0 && err == CIM_OK; pairs--) {
        err = cim_wire_str(&r, &name);
        if (err == CIM_OK)
            err = cim_wire_skip(&r, &value);
        if (err == CIM_OK && leading_find(name) < LEADING)
            raw[leading_find(name)] = value;
    }
    for (size_t i = 0; i < LEADING && err == CIM_OK; i++) {
        if (raw[i].p == NULL)
            continue;
        cim_json_put_key(out, first, names[i]);
        r = (struct cim_reader){.data = raw[i]};
        err =
            i == 2 ? put_event_time(out, raw[i]) : cim_json_put_value(out, &r);
    }
    return err;
}

/* A field that is named like a part of the place would hide it: left out. */
static enum cim_err
put_rest(struct cim_buf *out, struct cim_bytes event, bool *first)
{
    struct cim_reader r = {.data = event};
    struct cim_bytes name;
    uint32_t pairs;
    enum cim_err err = cim_wire_map(&r, &pairs);

    for (; pairs > 0 && err == CIM_OK; pairs--) {
        err = cim_wire_str(&r, &name);
        if (err != CIM_OK)
            break;
        if (leading_find(name) < LEADING || cim_json_place_key(name)) {
            err = cim_wire_skip(&r, NULL);
            continue;
        }
        if (!*first)
            cim_buf_add_u8(out, ',');
        *first = false;
        cim_json_put_text(out, name);
        cim_buf_add_u8(out, ':');
        err = cim_json_put_value(out, &r);
    }
    return err;
}

static void
put_place(struct cim_buf *out, const struct cim_place *place, bool *first)
{
    if (place->node.p != NULL) {
        cim_json_put_key(out, first, "node");
        cim_json_put_text(out, place->node);
        cim_json_put_key(out, first, "epoch");
        put_int(out, (int64_t)place->epoch);
        cim_json_put_key(out, first, "seq");
        put_int(out, (int64_t)place->seq);
    }
    if (place->received_ms != 0) {
        cim_json_put_key(out, first, "receivedAt");
        cim_json_put_time(out, place->received_ms);
    }
    if (place->arrival != 0) {
        cim_json_put_key(out, first, "arrival");
        put_int(out, (int64_t)place->arrival);
    }
}

static enum cim_err
write_json(struct cim_bytes event, const struct cim_place *place,
           struct cim_buf *out)
{
    bool first = true;

    cim_buf_add_u8(out, '{');
    enum cim_err err = put_leading(out, event, &first);
    if (err == CIM_OK)
        err = put_rest(out, event, &first);
    if (err != CIM_OK)
        return err;
    if (place != NULL)
        put_place(out, place, &first);
    cim_buf_add_u8(out, '}');
    return out->err;
}

enum cim_err
cim_json_write(struct cim_bytes event, const struct cim_place *place,
               enum cim_form form, struct cim_buf *out)
{
    size_t start = out->len;
    enum cim_err err = out->err;

    if (err != CIM_OK)
        return err;
    if (form == CIM_FORM_OPENCI || event.len > CIM_EVENT_MAX ||
        cim_wire_skim(event, CIM_EVENT_DEPTH, CIM_EVENT_ITEMS) != CIM_OK)
        return CIM_EFORM;
    err = form == CIM_FORM_SEED ? cim_seed_write(event, out)
                                : write_json(event, place, out);
    if (err == CIM_OK)
        return CIM_OK;
    out->len = start;
    return err == CIM_ENOMEM || err == CIM_ETOOBIG ? err : CIM_EFORM;
}

/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Every input form is brought to the keys of the json form, and that becomes
 * an event twice: once as the publisher's bytes, completed and in the
 * caller's order, and once for the hash of what was given, with nothing
 * completed and maps sorted, so that a retry gives the same hash however it
 * is written. There eventTime is INT64_MIN when absent, and for a time
 * without a date -1 - ms of the day, whatever day it is retried on.
 */
#include "proto/json.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "proto/event_rules.h"
#include "proto/json_private.h"
#include "proto/topic.h"

#define DAY_MS INT64_C(86400000)

void
cim_draft_clear(struct cim_draft *draft)
{
    cim_buf_clear(&draft->bytes);
    *draft = (struct cim_draft){0};
}

struct cim_bytes
cim_json_text(const json_t *value)
{
    if (!json_is_string(value))
        return cim_bytes_of(NULL, 0);
    return cim_bytes_of(json_string_value(value), json_string_length(value));
}

/* Changes of one letter it takes to come from a to b, case aside. */
#define WORD_MAX 32
static size_t
distance(const char *a, const char *b)
{
    size_t row[WORD_MAX + 1], n = strlen(b);

    if (n > WORD_MAX || strlen(a) > WORD_MAX)
        return WORD_MAX;
    for (size_t j = 0; j <= n; j++)
        row[j] = j;
    for (size_t i = 1; a[i - 1] != '\0'; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= n; j++) {
            bool same = tolower((unsigned char)a[i - 1]) ==
                        tolower((unsigned char)b[j - 1]);
            size_t best = diagonal + (same ? 0 : 1);
            diagonal = row[j];
            if (row[j] + 1 < best)
                best = row[j] + 1;
            if (row[j - 1] + 1 < best)
                best = row[j - 1] + 1;
            row[j] = best;
        }
    }
    return row[n];
}

const char *
cim_suggest(const char *key, const char *const *known, size_t n)
{
    size_t least = strlen(key) / 3 + 1;
    const char *best = NULL;

    for (size_t i = 0; i < n; i++) {
        size_t d = distance(key, known[i]);
        if (d < least) {
            least = d;
            best = known[i];
        }
    }
    return best;
}

static enum cim_err
check_keys(json_t *obj, struct cim_diag *diag)
{
    const char *names[CIM_FIELDS], *key;
    json_t *value;

    json_object_foreach(obj, key, value)
    {
        struct cim_bytes name = cim_bytes_str(key);
        if (cim_json_place_key(name) || cim_field_find(name) < CIM_FIELDS)
            continue;
        for (size_t i = 0; i < CIM_FIELDS; i++)
            names[i] = cim_fields[i].name;
        const char *near = cim_suggest(key, names, CIM_FIELDS);
        if (near != NULL)
            cim_diag_set(diag, "%.64s: unknown field, did you mean '%s'?", key,
                         near);
        else
            cim_diag_set(diag, "%.64s: unknown field; put your own under 'ext'",
                         key);
        return CIM_EFIELD;
    }
    return CIM_OK;
}

/* What is read from one object on its way to two encodings. */
struct reading {
    json_t *obj; /* lent, json keys */
    enum cim_form form;
    const struct cim_fill *fill;
    struct cim_event given; /* texts lent from obj */
    int64_t time_ms;        /* resolved eventTime */
    char id[CIM_UUID_TEXT_LEN + 1];
    struct cim_buf topic; /* owned */
    struct cim_buf raws;  /* owned: the encoded maps and lists */
    struct cim_diag *diag;
};

static enum cim_err
wrong(const struct reading *rd, enum cim_field_id id)
{
    cim_diag_set(rd->diag, "%s: has to be %s", cim_fields[id].name,
                 cim_fields[id].holds);
    return CIM_EEVENT;
}

static enum cim_err
read_texts(struct reading *rd)
{
    for (unsigned i = 0; i < CIM_FIELDS; i++) {
        const struct cim_field *field = &cim_fields[i];
        const json_t *value = json_object_get(rd->obj, field->name);
        if (field->shape != CIM_SHAPE_TEXT || value == NULL)
            continue;
        struct cim_bytes text = cim_json_text(value);
        if (text.p == NULL || (field->valid != NULL && !field->valid(text)))
            return wrong(rd, (enum cim_field_id)i);
        *cim_field_bytes(&rd->given, field) = text;
    }
    rd->given.type = cim_type_of(rd->given.type_name);
    return CIM_OK;
}

static enum cim_err
read_version(struct reading *rd)
{
    const json_t *value = json_object_get(rd->obj, "v");

    rd->given.v = 1;
    if (value == NULL ||
        (json_is_integer(value) && json_integer_value(value) == 1))
        return CIM_OK;
    return wrong(rd, CIM_F_V);
}

static enum cim_err
read_time_text(struct reading *rd, struct cim_bytes text)
{
    bool known = cim_time_parse(text, &rd->time_ms) == CIM_OK;
    int64_t day_ms;

    if (!known && rd->form != CIM_FORM_JSON)
        known = cim_job_time_parse(text, &rd->time_ms) == CIM_OK;
    if (known) {
        rd->given.time_ms = rd->time_ms;
        return CIM_OK;
    }
    if (rd->form == CIM_FORM_JSON ||
        cim_day_time_parse(text, &day_ms) != CIM_OK)
        return wrong(rd, CIM_F_TIME);
    rd->given.time_ms = -1 - day_ms;
    rd->time_ms = rd->fill->now_ms / DAY_MS * DAY_MS + day_ms;
    return CIM_OK;
}

static enum cim_err
read_time(struct reading *rd)
{
    const json_t *value = json_object_get(rd->obj, "eventTime");

    if (value == NULL) {
        rd->time_ms = rd->fill->now_ms;
        rd->given.time_ms = INT64_MIN;
        return CIM_OK;
    }
    if (json_is_string(value))
        return read_time_text(rd, cim_json_text(value));
    if (!json_is_integer(value) || json_integer_value(value) < 0 ||
        json_integer_value(value) > (json_int_t)CIM_SEQ_MAX)
        return wrong(rd, CIM_F_TIME);
    rd->time_ms = rd->given.time_ms = json_integer_value(value);
    return CIM_OK;
}

/*
 * The topic by rule, or the given one with its last '/' if that was left out.
 * One that equals the rule's is not counted as given.
 */
static enum cim_err
read_topic(struct reading *rd)
{
    struct cim_event *given = &rd->given;
    struct cim_bytes typed = given->topic;
    enum cim_err err = cim_event_topic(given, rd->fill->community, &rd->topic);

    given->topic = cim_bytes_of(NULL, 0);
    if (err == CIM_ENOMEM)
        return err;
    if (typed.p == NULL) {
        struct cim_bytes subject = cim_event_subject(given);
        if (err != CIM_OK)
            cim_diag_set(rd->diag,
                         "topic: '%.*s' cannot be part of one: not '.' or "
                         "'..', and at most %d bytes with community and type",
                         (int)subject.len, (const char *)subject.p,
                         CIM_TOPIC_MAX);
        return err;
    }
    size_t len = rd->topic.len;
    size_t typed_len = typed.len > 0 && typed.p[typed.len - 1] == '/'
                           ? typed.len - 1
                           : typed.len;
    if (err == CIM_OK && typed_len == len - 1 &&
        memcmp(typed.p, rd->topic.p, typed_len) == 0)
        return CIM_OK;
    cim_buf_reset(&rd->topic);
    cim_buf_add(&rd->topic, typed.p, typed_len);
    cim_buf_add_u8(&rd->topic, '/');
    given->topic = cim_buf_bytes(&rd->topic);
    return rd->topic.err;
}

static enum cim_err put_value(struct cim_buf *out, json_t *value, bool sorted,
                              unsigned depth);

static int
compare_keys(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static enum cim_err
put_map(struct cim_buf *out, json_t *map, bool sorted, unsigned depth)
{
    const char *few[16], **keys = few, *key;
    size_t n = json_object_size(map), i = 0;
    enum cim_err err = CIM_OK;
    json_t *value;

    if (n > sizeof few / sizeof *few)
        keys = malloc(n * sizeof *keys);
    if (keys == NULL)
        return CIM_ENOMEM;
    json_object_foreach(map, key, value) keys[i++] = key;
    if (sorted)
        qsort(keys, n, sizeof *keys, compare_keys);
    cim_wire_put_map(out, (uint32_t)n);
    for (i = 0; i < n && err == CIM_OK; i++) {
        cim_wire_put_str(out, cim_bytes_str(keys[i]));
        err = put_value(out, json_object_get(map, keys[i]), sorted, depth);
    }
    if (keys != few)
        free(keys);
    return err;
}

static enum cim_err
put_list(struct cim_buf *out, json_t *list, bool sorted, unsigned depth)
{
    enum cim_err err = CIM_OK;

    cim_wire_put_array(out, (uint32_t)json_array_size(list));
    for (size_t i = 0; i < json_array_size(list) && err == CIM_OK; i++)
        err = put_value(out, json_array_get(list, i), sorted, depth);
    return err;
}

/* depth counts the containers that may still be opened. */
static enum cim_err
put_value(struct cim_buf *out, json_t *value, bool sorted, unsigned depth)
{
    switch (json_typeof(value)) {
    case JSON_OBJECT:
        return depth == 0 ? CIM_EDEPTH : put_map(out, value, sorted, depth - 1);
    case JSON_ARRAY:
        return depth == 0 ? CIM_EDEPTH
                          : put_list(out, value, sorted, depth - 1);
    case JSON_STRING:
        cim_wire_put_str(out, cim_json_text(value));
        break;
    case JSON_INTEGER:
        cim_wire_put_int(out, json_integer_value(value));
        break;
    case JSON_TRUE:
    case JSON_FALSE:
        cim_wire_put_bool(out, json_is_true(value));
        break;
    case JSON_REAL:
    case JSON_NULL:
        return CIM_EEVENT;
    }
    return out->err;
}

static enum cim_err
raw_failed(const struct reading *rd, const char *name, enum cim_err err)
{
    if (err == CIM_EEVENT)
        cim_diag_set(rd->diag,
                     "%s: null and numbers with a fraction are not allowed",
                     name);
    else if (err == CIM_EDEPTH)
        cim_diag_set(rd->diag, "%s: nested deeper than %d levels", name,
                     CIM_EVENT_DEPTH - 1);
    else if (err == CIM_ETOOBIG)
        cim_diag_set(rd->diag, "%s: larger than an event of %d bytes may be",
                     name, CIM_EVENT_MAX);
    return err == CIM_EDEPTH ? CIM_EEVENT : err;
}

/* Encodes maps and lists one after the other, then points event at them: the
 * buffer moves while it grows. */
static enum cim_err
put_raws(struct reading *rd, bool sorted, struct cim_event *event)
{
    size_t ends[CIM_FIELDS] = {0}, start = 0;

    cim_buf_reset(&rd->raws);
    for (unsigned i = CIM_F_LEVELS; i < CIM_FIELDS; i++) {
        json_t *value = json_object_get(rd->obj, cim_fields[i].name);
        enum cim_err err = value == NULL ? CIM_OK
                                         : put_value(&rd->raws, value, sorted,
                                                     CIM_EVENT_DEPTH - 1);
        if (err != CIM_OK)
            return raw_failed(rd, cim_fields[i].name, err);
        ends[i] = rd->raws.len;
    }
    for (unsigned i = CIM_F_LEVELS; i < CIM_FIELDS; start = ends[i++])
        if (ends[i] > start)
            *cim_field_bytes(event, &cim_fields[i]) =
                cim_bytes_of(rd->raws.p + start, ends[i] - start);
    return CIM_OK;
}

static enum cim_err
hash_given(struct reading *rd, struct cim_buf *scratch, struct cim_hash *out)
{
    struct cim_event event = rd->given;
    enum cim_err err = put_raws(rd, true, &event);

    if (err == CIM_OK)
        err = cim_event_encode(&event, scratch);
    if (err == CIM_OK)
        *out = cim_hash_bytes(cim_buf_bytes(scratch));
    cim_buf_reset(scratch);
    return err;
}

/* The event completed, encoded and checked as any other. */
static enum cim_err
finish(struct reading *rd, struct cim_draft *out)
{
    struct cim_event event = rd->given;

    out->id_given = event.id.p != NULL;
    if (!out->id_given) {
        cim_uuid_text(&rd->fill->id, rd->id);
        event.id = cim_bytes_str(rd->id);
    }
    event.time_ms = rd->time_ms;
    event.topic = cim_buf_bytes(&rd->topic);
    enum cim_err err = put_raws(rd, false, &event);
    if (err == CIM_OK)
        err = cim_event_encode(&event, &out->bytes);
    if (err == CIM_ETOOBIG)
        cim_diag_set(rd->diag, "event: more than %d bytes", CIM_EVENT_MAX);
    if (err == CIM_OK)
        err = cim_event_parse(cim_buf_bytes(&out->bytes), CIM_PUBLISH,
                              &out->event, rd->diag);
    if (err == CIM_OK)
        err = cim_uuid_parse(out->event.id, &out->id);
    if (err != CIM_OK)
        return err;
    err = cim_event_speaks_for(out->event.topic, rd->fill->community);
    if (err != CIM_OK)
        cim_diag_set(rd->diag, "topic: this node speaks for '%.*s' only",
                     (int)rd->fill->community.len,
                     (const char *)rd->fill->community.p);
    return err;
}

static enum cim_err
make_draft(struct reading *rd, struct cim_draft *out)
{
    enum cim_err err = check_keys(rd->obj, rd->diag);

    out->bytes.max = rd->raws.max = CIM_EVENT_MAX;
    if (err == CIM_OK && json_object_get(rd->obj, "eventType") == NULL) {
        cim_diag_set(rd->diag, "eventType: missing; every event needs it");
        err = CIM_EEVENT;
    }
    if (err == CIM_OK)
        err = read_texts(rd);
    if (err == CIM_OK)
        err = read_version(rd);
    if (err == CIM_OK)
        err = read_time(rd);
    if (err == CIM_OK)
        err = read_topic(rd);
    if (err == CIM_OK)
        err = hash_given(rd, &out->bytes, &out->given);
    if (err == CIM_OK)
        err = finish(rd, out);
    cim_buf_clear(&rd->topic);
    cim_buf_clear(&rd->raws);
    return err;
}

static enum cim_form
form_of(json_t *obj)
{
    const char *key;
    json_t *value;

    if (json_object_get(obj, "eventType") != NULL)
        return CIM_FORM_JSON;
    if (json_object_get(obj, "type") != NULL)
        return CIM_FORM_OPENCI;
    json_object_foreach(obj, key, value)
    {
        if (cim_seed_key(cim_bytes_str(key)) != NULL)
            return CIM_FORM_SEED;
    }
    return CIM_FORM_JSON;
}

static enum cim_err
load(struct cim_bytes text, json_t **out, struct cim_diag *diag)
{
    json_error_t error = {0};

    if (text.len > CIM_JSON_MAX) {
        cim_diag_set(diag, "event: more than %d bytes of JSON", CIM_JSON_MAX);
        return CIM_ETOOBIG;
    }
    *out = json_loadb(text.len == 0 ? "" : (const char *)text.p, text.len,
                      JSON_REJECT_DUPLICATES, &error);
    if (*out != NULL && json_is_object(*out))
        return CIM_OK;
    if (*out == NULL && (json_error_code(&error) == json_error_out_of_memory ||
                         error.text[0] == '\0'))
        return CIM_ENOMEM;
    if (*out == NULL)
        cim_diag_set(diag, "JSON: line %d, column %d: %s", error.line,
                     error.column, error.text);
    else
        cim_diag_set(diag, "JSON: an event has to be one object");
    return CIM_EFORM;
}

enum cim_err
cim_json_read(struct cim_bytes text, const struct cim_fill *fill,
              struct cim_draft *out, struct cim_diag *diag)
{
    json_t *root = NULL, *obj = NULL;
    enum cim_err err = load(text, &root, diag);

    *out = (struct cim_draft){0};
    if (err != CIM_OK)
        goto out;
    out->form = form_of(root);
    if (out->form == CIM_FORM_SEED)
        err = cim_seed_read(root, &obj, diag);
    else if (out->form == CIM_FORM_OPENCI)
        err = cim_openci_read(root, fill->community, &obj, diag);
    else
        obj = json_incref(root);
    if (err != CIM_OK)
        goto out;
    struct reading rd = {
        .obj = obj, .form = out->form, .fill = fill, .diag = diag};
    err = make_draft(&rd, out);
out:
    json_decref(obj);
    json_decref(root);
    if (err != CIM_OK)
        cim_draft_clear(out);
    return err;
}

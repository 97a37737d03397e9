/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Reading an event takes two steps, because v may stand anywhere and decides
 * what the other fields mean: first every field's bytes are found, then each
 * is read by its row of cim_fields.
 */
#include "proto/event.h"

#include "proto/event_rules.h"
#include "proto/topic.h"
#include "proto/wire.h"

struct found {
    struct cim_bytes raw[CIM_FIELDS]; /* p NULL: absent */
    struct cim_bytes unknown;         /* name of the first such field */
};

static enum cim_err
find_fields(struct cim_bytes bytes, struct found *found, struct cim_diag *diag)
{
    struct cim_reader r = {.data = bytes};
    struct cim_bytes name, raw;
    uint32_t pairs;
    enum cim_err err = cim_wire_map(&r, &pairs);

    if (err != CIM_OK) {
        cim_diag_set(diag, "event: has to be a map");
        return err;
    }
    for (; pairs > 0; pairs--) {
        err = cim_wire_str(&r, &name);
        if (err == CIM_OK)
            err = cim_wire_skip(&r, &raw);
        if (err != CIM_OK)
            return err;
        enum cim_field_id id = cim_field_find(name);
        if (id < CIM_FIELDS)
            found->raw[id] = raw;
        else if (found->unknown.p == NULL)
            found->unknown = name;
    }
    return CIM_OK;
}

static enum cim_err
wrong(const struct cim_field *field, struct cim_diag *diag)
{
    cim_diag_set(diag, "%s: has to be %s", field->name, field->holds);
    return CIM_EEVENT;
}

static enum cim_err
absent(const struct cim_field *field, struct cim_diag *diag)
{
    cim_diag_set(diag, "%s: missing; every event needs it", field->name);
    return CIM_EEVENT;
}

static enum cim_err
read_version(struct cim_bytes raw, enum cim_strict strict, int64_t *v,
             struct cim_diag *diag)
{
    struct cim_reader r = {.data = raw};
    uint64_t value;

    if (raw.p == NULL)
        return absent(&cim_fields[CIM_F_V], diag);
    if (cim_wire_uint(&r, INT64_MAX, &value) != CIM_OK || value == 0)
        return wrong(&cim_fields[CIM_F_V], diag);
    if (value > 1 && strict == CIM_PUBLISH) {
        cim_diag_set(diag, "v: this program publishes version 1 only");
        return CIM_EVERSION;
    }
    *v = (int64_t)value;
    return CIM_OK;
}

static enum cim_err
read_text(const struct cim_field *field, struct cim_bytes raw,
          struct cim_bytes *out, struct cim_diag *diag)
{
    struct cim_reader r = {.data = raw};

    if (cim_wire_str(&r, out) != CIM_OK)
        return wrong(field, diag);
    if (field->valid == NULL)
        return cim_topic_check(*out, diag);
    return field->valid(*out) ? CIM_OK : wrong(field, diag);
}

static enum cim_err
read_time(const struct cim_field *field, struct cim_bytes raw, int64_t *out,
          struct cim_diag *diag)
{
    struct cim_reader r = {.data = raw};
    uint64_t value;

    if (cim_wire_uint(&r, CIM_SEQ_MAX, &value) != CIM_OK)
        return wrong(field, diag);
    *out = (int64_t)value;
    return CIM_OK;
}

static enum cim_err
read_field(enum cim_field_id id, struct cim_bytes raw, struct cim_event *event,
           struct cim_diag *diag)
{
    const struct cim_field *field = &cim_fields[id];

    if (field->shape == CIM_SHAPE_INT)
        return read_time(field, raw, cim_field_int(event, field), diag);
    if (field->shape == CIM_SHAPE_TEXT)
        return read_text(field, raw, cim_field_bytes(event, field), diag);
    *cim_field_bytes(event, field) = raw;
    return field->check(raw, diag);
}

/* Of a higher version only the fields that name and route an event. */
static bool
is_read(enum cim_field_id id, int64_t v)
{
    return v == 1 || id == CIM_F_ID || id == CIM_F_TYPE || id == CIM_F_TOPIC;
}

static bool
is_needed(enum cim_field_id id)
{
    return id == CIM_F_ID || id == CIM_F_TYPE || id == CIM_F_TIME ||
           id == CIM_F_TOPIC;
}

static enum cim_err
read_fields(const struct found *found, struct cim_event *event,
            struct cim_diag *diag)
{
    for (unsigned i = CIM_F_V + 1; i < CIM_FIELDS; i++) {
        enum cim_field_id id = (enum cim_field_id)i;
        enum cim_err err = CIM_OK;
        if (!is_read(id, event->v))
            continue;
        if (found->raw[i].p != NULL)
            err = read_field(id, found->raw[i], event, diag);
        else if (is_needed(id))
            err = absent(&cim_fields[i], diag);
        if (err != CIM_OK)
            return err;
    }
    event->type = cim_type_of(event->type_name);
    return CIM_OK;
}

static enum cim_err
check_form(struct cim_bytes bytes, struct cim_diag *diag)
{
    enum cim_err err =
        bytes.len > CIM_EVENT_MAX
            ? CIM_ETOOBIG
            : cim_wire_skim(bytes, CIM_EVENT_DEPTH, CIM_EVENT_ITEMS);

    if (err == CIM_ETOOBIG)
        cim_diag_set(diag, "event: more than %d bytes or %d values",
                     CIM_EVENT_MAX, CIM_EVENT_ITEMS);
    else if (err == CIM_EDEPTH)
        cim_diag_set(diag, "event: nested deeper than %d levels",
                     CIM_EVENT_DEPTH);
    else if (err != CIM_OK)
        cim_diag_set(diag, "event: its bytes are %s", cim_err_text(err));
    return err;
}

enum cim_err
cim_event_parse(struct cim_bytes bytes, enum cim_strict strict,
                struct cim_event *out, struct cim_diag *diag)
{
    struct found found = {0};
    struct cim_event event = {0};
    enum cim_err err = check_form(bytes, diag);

    if (err == CIM_OK)
        err = find_fields(bytes, &found, diag);
    if (err == CIM_OK)
        err = read_version(found.raw[CIM_F_V], strict, &event.v, diag);
    if (err != CIM_OK)
        return err;
    event.unknown_fields = found.unknown.p != NULL;
    if (event.unknown_fields && strict == CIM_PUBLISH) {
        cim_diag_set(diag, "%.*s: unknown field; put your own under 'ext'",
                     (int)(found.unknown.len < 64 ? found.unknown.len : 64),
                     (const char *)found.unknown.p);
        return CIM_EFIELD;
    }
    err = read_fields(&found, &event, diag);
    if (err == CIM_OK)
        err = cim_event_rules(&event, diag);
    if (err == CIM_OK)
        *out = event;
    return err;
}

static void
put_field(struct cim_event *event, const struct cim_field *field,
          struct cim_buf *out)
{
    cim_wire_put_str(out, cim_bytes_str(field->name));
    if (field->shape == CIM_SHAPE_INT)
        cim_wire_put_int(out, *cim_field_int(event, field));
    else if (field->shape == CIM_SHAPE_TEXT)
        cim_wire_put_str(out, *cim_field_bytes(event, field));
    else
        cim_buf_add_bytes(out, *cim_field_bytes(event, field));
}

static bool
is_present(struct cim_event *event, const struct cim_field *field)
{
    return field->shape == CIM_SHAPE_INT ||
           (cim_field_bytes(event, field)->p != NULL &&
            (field->shape == CIM_SHAPE_TEXT ||
             cim_field_bytes(event, field)->len > 0));
}

enum cim_err
cim_event_encode(const struct cim_event *event, struct cim_buf *out)
{
    struct cim_event copy = *event;
    uint32_t n = 0;

    for (unsigned i = 0; i < CIM_FIELDS; i++)
        n += is_present(&copy, &cim_fields[i]);
    cim_wire_put_map(out, n);
    for (unsigned i = 0; i < CIM_FIELDS; i++)
        if (is_present(&copy, &cim_fields[i]))
            put_field(&copy, &cim_fields[i], out);
    return out->err;
}

/* Steps to the next element; the head is read at the first call. */
static bool
list_more(struct cim_list *list, enum cim_wire_kind kind, struct cim_reader *r)
{
    *r = (struct cim_reader){.data = list->data, .at = list->at};
    if (r->at == 0) {
        struct cim_wire_value head;
        if (cim_wire_next(r, &head) != CIM_OK || head.kind != kind)
            return false;
        list->left = head.n;
        list->at = r->at;
    }
    if (list->left == 0)
        return false;
    list->left--;
    return true;
}

bool
cim_level_next(struct cim_list *list, struct cim_bytes *name,
               struct cim_bytes *result)
{
    struct cim_reader r;

    if (!list_more(list, CIM_WIRE_MAP, &r) ||
        cim_wire_str(&r, name) != CIM_OK || cim_wire_str(&r, result) != CIM_OK)
        return false;
    list->at = r.at;
    return true;
}

bool
cim_member_next(struct cim_list *list, struct cim_bytes *member)
{
    struct cim_reader r;

    if (!list_more(list, CIM_WIRE_ARRAY, &r) ||
        cim_wire_str(&r, member) != CIM_OK)
        return false;
    list->at = r.at;
    return true;
}

bool
cim_link_next(struct cim_list *list, struct cim_bytes *rel,
              struct cim_bytes *of, struct cim_bytes *id)
{
    struct cim_reader r;
    struct cim_bytes key;
    uint32_t pairs;

    if (!list_more(list, CIM_WIRE_ARRAY, &r) ||
        cim_wire_map(&r, &pairs) != CIM_OK)
        return false;
    for (; pairs > 0; pairs--) {
        if (cim_wire_str(&r, &key) != CIM_OK)
            return false;
        struct cim_bytes *value = cim_bytes_is(key, "rel")  ? rel
                                  : cim_bytes_is(key, "of") ? of
                                                            : id;
        if (cim_wire_str(&r, value) != CIM_OK)
            return false;
    }
    list->at = r.at;
    return true;
}

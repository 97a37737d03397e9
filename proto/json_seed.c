/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The seed form: upper-case keys, text values, every confidence level a key
 * of its own. It carries no event type, so the type follows from the keys.
 */
#include <ctype.h>
#include <string.h>

#include "proto/event_rules.h"
#include "proto/json_private.h"
#include "proto/topic.h"

#define SEED_NAME(seed, json) seed,
static const char *const seed_names[] = {CIM_SEED_KEYS(SEED_NAME)};
#undef SEED_NAME
#define SEED_N (sizeof seed_names / sizeof *seed_names)

static struct cim_bytes
trim(struct cim_bytes text)
{
    while (text.len > 0 && text.p[0] == ' ')
        text = cim_bytes_of(text.p + 1, text.len - 1);
    while (text.len > 0 && text.p[text.len - 1] == ' ')
        text.len--;
    return text;
}

/* "a, b" to ["a", "b"]; nothing but blanks to []. */
static json_t *
split(struct cim_bytes text)
{
    json_t *list = json_array();

    if (list == NULL || trim(text).len == 0)
        return list;
    for (;;) {
        const uint8_t *comma = memchr(text.p, ',', text.len);
        size_t n = comma == NULL ? text.len : (size_t)(comma - text.p);
        struct cim_bytes part = trim(cim_bytes_of(text.p, n));
        if (json_array_append_new(
                list, json_stringn((const char *)part.p, part.len)) != 0) {
            json_decref(list);
            return NULL;
        }
        if (comma == NULL)
            return list;
        text = cim_bytes_of(text.p + n + 1, text.len - n - 1);
    }
}

static bool
is_nearly_result(struct cim_bytes value)
{
    char upper[16];

    if (value.p == NULL || value.len >= sizeof upper)
        return false;
    for (size_t i = 0; i < value.len; i++)
        upper[i] = (char)toupper(value.p[i]);
    return cim_result_valid(cim_bytes_of(upper, value.len));
}

static enum cim_err
unknown(const char *key, struct cim_bytes value, struct cim_diag *diag)
{
    const char *near = cim_suggest(key, seed_names, SEED_N);

    if (cim_result_valid(value)) {
        cim_diag_set(diag,
                     "%.64s: cannot be a confidence level's name: a letter, "
                     "then up to 63 of A-Z a-z 0-9 _ . -",
                     key);
        return CIM_EFIELD;
    }
    if (near != NULL && !is_nearly_result(value))
        cim_diag_set(diag, "%.64s: unknown key, did you mean '%s'?", key, near);
    else
        cim_diag_set(diag,
                     "%.64s: unknown key; a confidence level has to be "
                     "SUCCESS, UNSTABLE, FAILURE, ABORTED, NOT_BUILT, QUEUED, "
                     "RUNNING, INCONCLUSIVE or WAIVED",
                     key);
    return CIM_EFIELD;
}

static enum cim_err
read_key(const char *key, json_t *value, json_t *out, json_t *levels,
         struct cim_diag *diag)
{
    struct cim_bytes name = cim_bytes_str(key), text = cim_json_text(value);
    const char *json_key = cim_seed_key(name);
    int failed;

    if (json_key == NULL) {
        if (!cim_result_valid(text) || !cim_level_name_valid(name))
            return unknown(key, text, diag);
        failed = json_object_set(levels, key, value);
    } else if (strcmp(json_key, "consistsOf") == 0 && text.p != NULL) {
        failed = json_object_set_new(out, json_key, split(text));
    } else {
        failed = json_object_set(out, json_key, value);
    }
    return failed != 0 ? CIM_ENOMEM : CIM_OK;
}

static enum cim_err
infer_type(json_t *out, bool has_level, struct cim_diag *diag)
{
    const char *type = NULL;

    if (json_object_get(out, "eventType") != NULL)
        return CIM_OK;
    if (json_object_get(out, "consistsOf") != NULL)
        type = "BaselineDefined";
    else if (json_object_get(out, "baselineName") != NULL && has_level)
        type = "ConfidenceLevelModified";
    else if (json_object_get(out, "artifactUrl") != NULL &&
             json_object_get(out, "projectBranch") != NULL)
        type = "ArtifactCreated";
    if (type == NULL) {
        cim_diag_set(diag,
                     "EVENT_TYPE: missing, and not to be told from CONSIST_OF, "
                     "from BASELINE_NAME with a level, or from ARTIFACT_URL "
                     "with PROJECT_BRANCH");
        return CIM_EEVENT;
    }
    return json_object_set_new(out, "eventType", json_string(type)) == 0
               ? CIM_OK
               : CIM_ENOMEM;
}

enum cim_err
cim_seed_read(json_t *in, json_t **out, struct cim_diag *diag)
{
    json_t *result = json_object(), *levels = json_object(), *value;
    enum cim_err err = result == NULL || levels == NULL ? CIM_ENOMEM : CIM_OK;
    const char *key;

    if (err == CIM_OK)
        json_object_foreach(in, key, value)
        {
            err = read_key(key, value, result, levels, diag);
            if (err != CIM_OK)
                break;
        }
    if (err == CIM_OK && json_object_size(levels) > 0 &&
        json_object_set(result, "confidenceLevel", levels) != 0)
        err = CIM_ENOMEM;
    if (err == CIM_OK)
        err = infer_type(result, json_object_size(levels) > 0, diag);
    if (err != CIM_OK) {
        json_decref(result);
        result = NULL;
    }
    json_decref(levels);
    *out = result;
    return err;
}

static void
put_text(struct cim_buf *out, bool *first, const char *key,
         struct cim_bytes text)
{
    if (text.p == NULL)
        return;
    cim_json_put_key(out, first, key);
    cim_json_put_text(out, text);
}

static enum cim_err
put_raw(struct cim_buf *out, bool *first, const char *key, struct cim_bytes raw)
{
    struct cim_reader r = {.data = raw};

    if (raw.len == 0)
        return CIM_OK;
    cim_json_put_key(out, first, key);
    return cim_json_put_value(out, &r);
}

/* A blank at either end of a member would be lost between commas. */
static bool
can_be_joined(struct cim_bytes raw)
{
    struct cim_list list = {.data = raw};
    struct cim_bytes member;

    while (cim_member_next(&list, &member))
        if (trim(member).len != member.len)
            return false;
    return true;
}

static enum cim_err
put_members(struct cim_buf *out, bool *first, struct cim_bytes raw)
{
    struct cim_list list = {.data = raw};
    struct cim_buf joined = {0};
    struct cim_bytes member;
    enum cim_err err = CIM_OK;

    if (raw.len == 0 || !can_be_joined(raw))
        return put_raw(out, first, "CONSIST_OF", raw);
    for (bool more = false; cim_member_next(&list, &member); more = true) {
        if (more)
            cim_buf_add_u8(&joined, ',');
        cim_buf_add_bytes(&joined, member);
    }
    err = joined.err;
    cim_json_put_key(out, first, "CONSIST_OF");
    cim_json_put_text(out, cim_buf_bytes(&joined));
    cim_buf_clear(&joined);
    return err;
}

/* The topic, unless reading the rest would give the same one. */
static bool
is_topic_by_rule(const struct cim_event *event)
{
    return event->v == 1 &&
           (event->type != CIM_TYPE_OWN ||
            (cim_bytes_is(cim_topic_segment(event->topic, 2), "-") &&
             cim_topic_segment(event->topic, 3).len == 0));
}

static void
put_texts(struct cim_buf *out, bool *first, const struct cim_event *event)
{
    put_text(out, first, "EVENT_ID", event->id);
    put_text(out, first, "EVENT_TYPE", event->type_name);
    if (event->v == 1) {
        cim_json_put_key(out, first, "EVENT_TIME");
        cim_json_put_time(out, event->time_ms);
    }
    if (!is_topic_by_rule(event))
        put_text(out, first, "TOPIC", event->topic);
    put_text(out, first, "BUILD_URL", event->build_url);
    put_text(out, first, "ARTIFACT_URL", event->artifact_url);
    put_text(out, first, "ARTIFACT_NAME", event->artifact_name);
    put_text(out, first, "ARTIFACT_DIGEST", event->artifact_digest);
    put_text(out, first, "PROJECT_BRANCH", event->project_branch);
    put_text(out, first, "BASELINE_NAME", event->baseline_name);
    put_text(out, first, "BASELINE_URL", event->baseline_url);
}

static void
put_levels(struct cim_buf *out, bool *first, struct cim_bytes raw)
{
    struct cim_list list = {.data = raw};
    struct cim_bytes name, result;

    while (cim_level_next(&list, &name, &result)) {
        if (!*first)
            cim_buf_add_u8(out, ',');
        *first = false;
        cim_json_put_text(out, name);
        cim_buf_add_u8(out, ':');
        cim_json_put_text(out, result);
    }
}

enum cim_err
cim_seed_write(struct cim_bytes bytes, struct cim_buf *out)
{
    struct cim_event event;
    bool first = true;
    enum cim_err err = cim_event_parse(bytes, CIM_FOLLOW, &event, NULL);

    if (err != CIM_OK)
        return err;
    cim_buf_add_u8(out, '{');
    put_texts(out, &first, &event);
    err = put_members(out, &first, event.consists_of);
    if (err == CIM_OK)
        err = put_raw(out, &first, "LINKS", event.links);
    if (err == CIM_OK)
        err = put_raw(out, &first, "EXT", event.ext);
    if (err != CIM_OK)
        return err;
    put_levels(out, &first, event.levels);
    cim_buf_add_u8(out, '}');
    return out->err;
}

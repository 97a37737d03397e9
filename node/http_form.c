/* SPDX-License-Identifier: MPL-2.0 */
#include "node/http_form.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "node/cmd.h"
#include "node/mem.h"
#include "proto/topic.h"
#include "proto/uuid.h"

struct http_form {
    json_t *object; /* owned */
};

static const char *const fields[] = {
    "eventId",      "eventTime",    "topic",          "buildUrl",
    "artifactUrl",  "artifactName", "artifactDigest", "projectBranch",
    "baselineName", "baselineUrl",  "consistsOf",     NULL};

struct http_form *
http_form_new(void)
{
    struct http_form *form = xcalloc(1, sizeof *form);

    if ((form->object = json_object()) == NULL)
        mem_fail();
    return form;
}

void
http_form_destroy(struct http_form **form)
{
    if (*form == NULL)
        return;
    json_decref((*form)->object);
    free(*form);
    *form = NULL;
}

/* ---- fields */

static json_t *
split(const char *text)
{
    json_t *list = json_array();

    while (*text != '\0') {
        size_t n = strcspn(text, ",");
        json_t *part = json_stringn(text, n);
        if (part == NULL || json_array_append_new(list, part) != 0) {
            json_decref(list);
            return NULL;
        }
        text += n + (text[n] == ',');
    }
    return list;
}

static enum cim_err
put(json_t *object, const char *name, json_t *value, const char *word,
    struct cim_diag *diag)
{
    if (value == NULL) {
        cim_diag_set(diag, "%.100s: not UTF-8", word);
        return CIM_EFIELD;
    }
    if (json_object_get(object, name) != NULL) {
        json_decref(value);
        cim_diag_set(diag, "%.100s: %s is given twice", word, name);
        return CIM_EEXIST;
    }
    if (json_object_set_new(object, name, value) != 0)
        mem_fail();
    return CIM_OK;
}

/* The map of this name, made when absent. */
static json_t *
map(struct http_form *form, const char *name)
{
    json_t *found = json_object_get(form->object, name);

    if (found != NULL)
        return found;
    found = json_object();
    if (json_object_set_new(form->object, name, found) != 0)
        mem_fail();
    return found;
}

static enum cim_err
put_json(struct http_form *form, const char *name, const char *text,
         const char *word, struct cim_diag *diag)
{
    json_error_t error;
    json_t *value =
        json_loads(text, JSON_DECODE_ANY | JSON_REJECT_DUPLICATES, &error);

    if (value == NULL) {
        cim_diag_set(diag, "%.100s: ':=' takes JSON: %s", word, error.text);
        return CIM_EFORM;
    }
    return put(map(form, "ext"), name, value, word, diag);
}

static enum cim_err
no_field(const char *word, const char *name, struct cim_diag *diag)
{
    const char *near = suggest(name, fields);

    if (near != NULL)
        cim_diag_set(diag, "'%.60s' is no field, did you mean '%s'?", name,
                     near);
    else
        cim_diag_set(diag,
                     "'%.60s' is no field; there are eventId, eventTime, "
                     "topic, buildUrl, artifactUrl, artifactName, "
                     "artifactDigest, projectBranch, baselineName, "
                     "baselineUrl, consistsOf, confidenceLevel.NAME, ext.NAME",
                     *name != '\0' ? name : word);
    return CIM_EFIELD;
}

static const char *
after(const char *name, const char *start)
{
    size_t n = strlen(start);

    return strncmp(name, start, n) == 0 && name[n] != '\0' ? name + n : NULL;
}

static bool
is_field(const char *name)
{
    for (size_t i = 0; fields[i] != NULL; i++)
        if (strcmp(fields[i], name) == 0)
            return true;
    return false;
}

/* Digits and no more of them than ms can have. */
static bool
is_number(const char *text)
{
    size_t n = strspn(text, "0123456789");

    return n > 0 && n <= 16 && text[n] == '\0';
}

static enum cim_err
put_word(struct http_form *form, const char *name, const char *value,
         const char *word, struct cim_diag *diag)
{
    const char *level = after(name, "confidenceLevel.");
    const char *ext = after(name, "ext.");

    if (level != NULL)
        return put(map(form, "confidenceLevel"), level, json_string(value),
                   word, diag);
    if (ext != NULL)
        return put(map(form, "ext"), ext, json_string(value), word, diag);
    if (!is_field(name))
        return no_field(word, name, diag);
    if (strcmp(name, "eventTime") == 0 && is_number(value))
        return put(form->object, name, json_integer(strtoll(value, NULL, 10)),
                   word, diag);
    return put(form->object, name,
               strcmp(name, "consistsOf") == 0 ? split(value)
                                               : json_string(value),
               word, diag);
}

enum cim_err
http_form_word(struct http_form *form, const char *word, struct cim_diag *diag)
{
    const char *equals = strchr(word, '=');
    enum cim_err err;

    if (equals == NULL || equals == word) {
        cim_diag_set(diag, "'%.100s' is not of the form field=value", word);
        return CIM_EFIELD;
    }
    bool json = equals > word + 1 && equals[-1] == ':';
    char *name = xstrndup(word, (size_t)(equals - word) - json);
    if (!json) {
        err = put_word(form, name, equals + 1, word, diag);
    } else if (after(name, "ext.") != NULL) {
        err = put_json(form, name + 4, equals + 1, word, diag);
    } else {
        cim_diag_set(diag, "%.100s: ':=' is for ext.NAME only", word);
        err = CIM_EFIELD;
    }
    free(name);
    return err;
}

void
http_form_default(struct http_form *form, const char *field, const char *value)
{
    struct cim_diag unused;

    if (!http_form_has(form, field) &&
        put(form->object, field,
            strcmp(field, "consistsOf") == 0 ? split(value)
                                             : json_string(value),
            field, &unused) != CIM_OK)
        return; /* not UTF-8: the event will lack it, and be refused */
}

bool
http_form_has(const struct http_form *form, const char *field)
{
    return json_object_get(form->object, field) != NULL;
}

bool
http_form_has_levels(const struct http_form *form)
{
    return http_form_has(form, "confidenceLevel");
}

const char *
http_form_get(const struct http_form *form, const char *field)
{
    return json_string_value(json_object_get(form->object, field));
}

/* ---- links */

static bool
has_link(const json_t *links, const json_t *link)
{
    const json_t *other;
    size_t i;

    json_array_foreach(links, i, other)
    {
        if (json_equal(other, link))
            return true;
    }
    return false;
}

/* Takes link. */
static void
add_link(json_t *object, const char *key, json_t *link)
{
    json_t *links = json_object_get(object, key);

    if (links == NULL) {
        links = json_array();
        if (json_object_set_new(object, key, links) != 0)
            mem_fail();
    }
    if (!json_is_array(links) || has_link(links, link))
        json_decref(link);
    else if (json_array_append_new(links, link) != 0)
        mem_fail();
}

/* From "COMMUNITY:ID" or "ID". NULL when it is neither. */
static json_t *
new_link(const char *rel, size_t rel_len, const char *name,
         const char *community)
{
    const char *colon = strchr(name, ':');
    size_t n = colon != NULL ? (size_t)(colon - name) : strlen(community);
    const char *of = colon != NULL ? name : community;
    const char *id = colon != NULL ? colon + 1 : name;
    struct cim_uuid uuid;

    if (!cim_name_valid(cim_bytes_of(of, n)) ||
        cim_uuid_parse(cim_bytes_str(id), &uuid) != CIM_OK)
        return NULL;
    return json_pack("{s:s%, s:s%, s:s}", "rel", rel, rel_len, "of", of, n,
                     "id", id);
}

enum cim_err
http_form_link(struct http_form *form, const char *text, const char *community,
               struct cim_diag *diag)
{
    const char *equals = strchr(text, '=');
    json_t *link = NULL;

    if (equals != NULL && equals != text)
        link = new_link(text, (size_t)(equals - text), equals + 1, community);
    if (link == NULL) {
        cim_diag_set(diag,
                     "'%.100s' is not of the form REL=[COMMUNITY:]ID, with "
                     "cause, subject, element or supersedes as REL and an "
                     "event id in lower case",
                     text);
        return CIM_EFIELD;
    }
    add_link(form->object, "links", link);
    return CIM_OK;
}

static const char *
links_key(json_t *object)
{
    const char *key;
    json_t *value;

    if (json_object_get(object, "eventType") != NULL)
        return "links";
    if (json_object_get(object, "type") != NULL)
        return NULL; /* the prototype's form knows no links */
    json_object_foreach(object, key, value)
    {
        if (isupper((unsigned char)key[0]))
            return "LINKS";
    }
    return "links";
}

static void
add_line(struct cim_buf *out, const json_t *object)
{
    char *text = json_dumps(object, JSON_COMPACT);

    if (text == NULL)
        mem_fail();
    cim_buf_add_str(out, text);
    cim_buf_add_u8(out, '\n');
    free(text);
}

void
http_form_add_cause(struct cim_bytes text, const char *cause,
                    struct cim_buf *out)
{
    json_t *object = json_loadb((const char *)text.p, text.len,
                                JSON_REJECT_DUPLICATES, NULL);
    json_t *link = new_link("cause", 5, cause, "");
    const char *key = json_is_object(object) ? links_key(object) : NULL;

    if (key != NULL && link != NULL) {
        add_link(object, key, json_incref(link));
        add_line(out, object);
    } else {
        cim_buf_add_bytes(out, text);
        cim_buf_add_u8(out, '\n');
    }
    json_decref(link);
    json_decref(object);
}

/* ---- ids */

static int
compare(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void
add_text(struct cim_buf *out, const char *text)
{
    cim_buf_add(out, text, strlen(text) + 1);
}

static void
add_levels(struct cim_buf *out, json_t *levels)
{
    size_t n = json_object_size(levels), i = 0;
    const char **names = xcalloc(n, sizeof *names), *name;
    json_t *value;

    json_object_foreach(levels, name, value) names[i++] = name;
    qsort(names, n, sizeof *names, compare);
    for (i = 0; i < n; i++) {
        const char *result =
            json_string_value(json_object_get(levels, names[i]));
        add_text(out, names[i]);
        add_text(out, result != NULL ? result : "");
    }
    free(names);
}

void
http_form_derive_id(struct http_form *form)
{
    static const char *const about[] = {
        "buildUrl",      "eventType",    "topic",
        "artifactUrl",   "artifactName", "artifactDigest",
        "projectBranch", "baselineName", "baselineUrl"};
    char id[CIM_UUID_TEXT_LEN + 1];
    struct cim_buf text = {0};

    add_text(&text, "cimesh job event v1");
    for (size_t i = 0; i < sizeof about / sizeof *about; i++) {
        const char *value = http_form_get(form, about[i]);
        add_text(&text, value != NULL ? value : "");
    }
    add_levels(&text, json_object_get(form->object, "confidenceLevel"));
    struct cim_hash hash = cim_hash_bytes(cim_buf_bytes(&text));
    struct cim_uuid uuid = cim_uuid_v8(&hash);
    cim_uuid_text(&uuid, id);
    http_form_default(form, "eventId", id);
    cim_buf_clear(&text);
}

void
http_form_write(const struct http_form *form, struct cim_buf *out)
{
    add_line(out, form->object);
}

/* ---- replies */

void
http_form_id(const char *line, size_t len, char out[static 40])
{
    json_t *object = json_loadb(line, len, 0, NULL);
    const char *id = json_string_value(json_object_get(object, "eventId"));

    snprintf(out, 40, "%s", id != NULL ? id : "");
    json_decref(object);
}

static const char *
text_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));

    return text != NULL ? text : "";
}

void
http_form_problem(struct cim_bytes text, struct http_problem_text *out)
{
    static const char urn[] = "urn:cimesh:";
    json_t *object = text.len > 0
                         ? json_loadb((const char *)text.p, text.len, 0, NULL)
                         : NULL;
    const char *type = text_of(object, "type");

    *out = (struct http_problem_text){0};
    cim_diag_set(&out->detail, "%s", text_of(object, "detail"));
    cim_diag_set(&out->hint, "%s", text_of(object, "hint"));
    if (strncmp(type, urn, sizeof urn - 1) == 0)
        snprintf(out->label, sizeof out->label, "%.*s",
                 (int)sizeof out->label - 1, type + sizeof urn - 1);
    json_int_t index = json_integer_value(json_object_get(object, "index"));
    out->index = index > 0 ? (size_t)index : 0;
    json_decref(object);
}

/* SPDX-License-Identifier: MPL-2.0 */
/*
 * A template is walked by next(), which yields one part at a time: literal
 * bytes or the path of a field. Checking and filling are the same walk.
 */
#include "proto/json_template.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#define PATH_MAX_LEN 256

struct part {
    bool field;
    struct cim_bytes text; /* lent: literal bytes, or the field's path */
};

/* "%{...}" and "%%" at *p; NULL when it is neither. */
static const char *
percent(const char *p, struct part *out)
{
    const char *end;

    if (p[1] == '%') {
        *out = (struct part){false, cim_bytes_of(p, 1)};
        return p + 2;
    }
    if (p[1] != '{' || !(end = strchr(p, '}')) || end == p + 2 ||
        end - p - 2 > PATH_MAX_LEN)
        return NULL;
    *out = (struct part){true, cim_bytes_of(p + 2, (size_t)(end - p - 2))};
    return end + 1;
}

static const char *
backslash(const char *p, struct part *out)
{
    static const struct {
        char letter;
        const char *means;
    } escapes[] = {{'n', "\n"}, {'t', "\t"}, {'\\', "\\"}};

    for (size_t i = 0; i < sizeof escapes / sizeof *escapes; i++) {
        if (p[1] != escapes[i].letter)
            continue;
        *out = (struct part){false, cim_bytes_of(escapes[i].means, 1)};
        return p + 2;
    }
    return NULL;
}

/* One part at p, which is not the end; what follows it, or NULL. */
static const char *
next(const char *p, struct part *out)
{
    size_t len;

    if (*p == '%')
        return percent(p, out);
    if (*p == '\\')
        return backslash(p, out);
    len = strcspn(p, "%\\");
    *out = (struct part){false, cim_bytes_of(p, len)};
    return p + len;
}

/*
 * The value at a path. Names may hold dots themselves (levels, ext), so the
 * whole rest is tried as a name before it is split at its first dot.
 */
static const json_t *
find(const json_t *object, struct cim_bytes path)
{
    const char *p = (const char *)path.p, *dot;
    const json_t *value;
    size_t len;

    while (json_is_object(object)) {
        len = path.len - (size_t)(p - (const char *)path.p);
        if ((value = json_object_getn(object, p, len)))
            return value;
        if (!(dot = memchr(p, '.', len)))
            return NULL;
        object = json_object_getn(object, p, (size_t)(dot - p));
        p = dot + 1;
    }
    return NULL;
}

static void
add_text(struct cim_buf *out, const char *text, size_t text_len)
{
    const uint8_t *p = (const uint8_t *)text;
    char escape[8];
    uint32_t c;

    for (size_t i = 0, len; i < text_len; i += len) {
        if (!(len = cim_utf8_next(p + i, text_len - i, &c)))
            break; /* jansson's text is UTF-8 */
        if (cim_utf8_unsafe(c)) {
            snprintf(escape, sizeof escape, "\\u%04x", (unsigned)c & 0xffff);
            cim_buf_add_str(out, escape);
        } else {
            cim_buf_add(out, p + i, len);
        }
    }
}

/* A value inside a list or map, or any scalar. */
static void
add_scalar(struct cim_buf *out, const json_t *value)
{
    char *text;

    if (json_is_string(value)) {
        add_text(out, json_string_value(value), json_string_length(value));
        return;
    }
    text =
        json_dumps(value, JSON_ENCODE_ANY | JSON_ENSURE_ASCII | JSON_COMPACT);
    if (!text)
        out->err = CIM_ENOMEM;
    else
        add_text(out, text, strlen(text));
    free(text);
}

static void
add_value(struct cim_buf *out, json_t *value)
{
    const char *name, *comma = "";
    const json_t *item;
    size_t i;

    if (json_is_array(value)) {
        json_array_foreach(value, i, item)
        {
            cim_buf_add_str(out, i ? "," : "");
            add_scalar(out, item);
        }
    } else if (json_is_object(value)) {
        json_object_foreach(value, name, item)
        {
            cim_buf_add_str(out, comma);
            add_text(out, name, strlen(name));
            cim_buf_add_str(out, "=");
            add_scalar(out, item);
            comma = ",";
        }
    } else if (!json_is_null(value)) {
        add_scalar(out, value);
    }
}

static enum cim_err
fill(const json_t *object, const char *template, struct cim_buf *out)
{
    struct part part;
    const json_t *value;

    for (const char *p = template; *p;) {
        if (!(p = next(p, &part)))
            return CIM_EFORM;
        if (!part.field)
            cim_buf_add_bytes(out, part.text);
        else if ((value = find(object, part.text)))
            add_value(out, (json_t *)value);
    }
    return out->err;
}

enum cim_err
cim_json_template_check(const char *template, struct cim_diag *diag)
{
    struct part part;
    const char *p = template, *after;

    for (; *p; p = after) {
        if ((after = next(p, &part)))
            continue;
        cim_diag_set(diag,
                     "template, character %d: '%.12s' is neither %%{field}, "
                     "%%%% nor one of \\n \\t \\\\; write %%%% for a percent "
                     "sign",
                     (int)(p - template) + 1, p);
        return CIM_EFORM;
    }
    return CIM_OK;
}

enum cim_err
cim_json_template(struct cim_bytes json, const char *template,
                  struct cim_buf *out)
{
    json_error_t error;
    json_t *object = json_loadb((const char *)json.p, json.len, 0, &error);
    enum cim_err err;

    if (!object)
        return json_error_code(&error) == json_error_out_of_memory ? CIM_ENOMEM
                                                                   : CIM_EFORM;
    err = json_is_object(object) ? fill(object, template, out) : CIM_EFORM;
    json_decref(object);
    return err;
}

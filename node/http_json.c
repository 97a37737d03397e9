/* SPDX-License-Identifier: MPL-2.0 */
#include "node/http_json.h"

#include <stdlib.h>

#include <jansson.h>

#include "node/mem.h"
#include "proto/json.h"

static void *
take(size_t size)
{
    return xrealloc(NULL, size);
}

void
http_json_start(void)
{
    json_set_alloc_funcs(take, free);
}

void
http_json_set(json_t *object, const char *key, json_t *value)
{
    if (json_object_set_new(object, key, value) != 0)
        mem_fail();
}

void
http_json_int(json_t *object, const char *key, uint64_t n)
{
    http_json_set(object, key, json_integer((json_int_t)n));
}

void
http_json_text(json_t *object, const char *key, const char *text)
{
    json_t *value = json_string(text);

    http_json_set(object, key, value != NULL ? value : json_null());
}

void
http_json_buf(json_t *object, const char *key, const struct cim_buf *text)
{
    json_t *value =
        text->len > 0 ? json_stringn((const char *)text->p, text->len) : NULL;

    http_json_set(object, key, value != NULL ? value : json_null());
}

void
http_json_time(json_t *object, const char *key, int64_t ms)
{
    char text[CIM_TIME_TEXT_LEN + 1];

    if (ms <= 0) {
        http_json_set(object, key, json_null());
        return;
    }
    cim_time_text(ms, text);
    http_json_text(object, key, text);
}

void
http_json_add(json_t *list, json_t *item)
{
    if (json_array_append_new(list, item) != 0)
        mem_fail();
}

void
http_json_put(struct cim_buf *out, json_t *value)
{
    char *text = json_dumps(value, JSON_COMPACT);

    if (text == NULL)
        mem_fail();
    cim_buf_add_str(out, text);
    cim_buf_add_u8(out, '\n');
    free(text);
    json_decref(value);
}

/* SPDX-License-Identifier: MPL-2.0 */
#include "node/http_state.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "node/mem.h"
#include "proto/json.h"

static json_t *
load(struct cim_bytes text)
{
    return text.len ? json_loadb((const char *)text.p, text.len, 0, NULL)
                    : NULL;
}

static const char *
text_of(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));

    return text ? text : "";
}

static uint64_t
count_of(const json_t *object, const char *name)
{
    json_int_t n = json_integer_value(json_object_get(object, name));

    return n > 0 ? (uint64_t)n : 0;
}

static bool
flag_of(const json_t *object, const char *name)
{
    return json_is_true(json_object_get(object, name));
}

static void
read_warnings(const json_t *list, struct http_state *out)
{
    out->warnings = xcalloc(json_array_size(list) + 1, sizeof *out->warnings);
    for (size_t i = 0; i < json_array_size(list); i++) {
        const char *text = json_string_value(json_array_get(list, i));
        if (text)
            out->warnings[out->n_warnings++] = xstrdup(text);
    }
}

static int64_t
time_of(const json_t *object, const char *name)
{
    int64_t ms = 0;

    if (cim_time_parse(cim_bytes_str(text_of(object, name)), &ms))
        return 0;
    return ms;
}

static void
read_peers(const json_t *list, struct http_state *out)
{
    out->peers = xcalloc(json_array_size(list) + 1, sizeof *out->peers);
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *from = json_array_get(list, i);
        struct http_state_peer *p = &out->peers[out->n_peers++];

        snprintf(p->node, sizeof p->node, "%s", text_of(from, "node"));
        p->up = flag_of(from, "up");
        p->heard = json_is_string(json_object_get(from, "lastSeen"));
        p->two_writers = flag_of(from, "twoWriters");
        p->equivocation = flag_of(from, "equivocation");
        p->head_ms = time_of(json_object_get(from, "head"), "time");
        p->gaps = count_of(from, "gaps");
    }
}

bool
http_state_read(struct cim_bytes status, struct cim_bytes peers,
                struct http_state *out)
{
    json_t *s = load(status), *p = load(peers);
    bool fits = json_is_object(s) && json_is_array(p);

    *out = (struct http_state){0};
    if (fits) {
        out->ready = flag_of(s, "ready");
        out->two_writers = flag_of(s, "twoWriters");
        out->gaps = count_of(s, "gaps");
        snprintf(out->storage, sizeof out->storage, "%s",
                 text_of(s, "storage"));
        snprintf(out->publishing, sizeof out->publishing, "%s",
                 text_of(s, "publishing"));
        read_warnings(json_object_get(s, "warnings"), out);
        read_peers(p, out);
    }
    json_decref(s);
    json_decref(p);
    return fits;
}

void
http_state_clear(struct http_state *state)
{
    for (size_t i = 0; i < state->n_warnings; i++)
        free(state->warnings[i]);
    free(state->warnings);
    free(state->peers);
    *state = (struct http_state){0};
}

const struct http_state_peer *
http_state_find(const struct http_state *state, const char *node)
{
    for (size_t i = 0; i < state->n_peers; i++)
        if (strcmp(state->peers[i].node, node) == 0)
            return &state->peers[i];
    return NULL;
}

/* SPDX-License-Identifier: MPL-2.0 */
#include "node/http_body.h"

#include <stdlib.h>
#include <string.h>

#include "keys/sign.h"
#include "node/mem.h"

#define RANDOM_ID 10 /* bytes an id takes */

void
http_body_init(struct http_body *body, struct http_chance *chance,
               struct cim_bytes community, int64_t now_ms)
{
    *body = (struct http_body){
        .chance = chance, .community = community, .now_ms = now_ms};
    body->rest.max = CIM_JSON_MAX;
}

void
http_body_clear(struct http_body *body)
{
    for (size_t i = 0; i < body->n; i++)
        cim_draft_clear(&body->drafts[i]);
    free(body->drafts);
    body->drafts = NULL;
    body->n = body->cap = body->held = 0;
    cim_buf_clear(&body->rest);
}

static bool
is_blank(struct cim_bytes text)
{
    for (size_t i = 0; i < text.len; i++)
        if (memchr(" \t\r\n", text.p[i], 4) == NULL)
            return false;
    return true;
}

enum http_shape
http_body_shape(struct cim_bytes first_line)
{
    bool quoted = false, escaped = false;
    size_t depth = 0;

    for (size_t i = 0; i < first_line.len; i++) {
        uint8_t c = first_line.p[i];
        if (quoted) {
            quoted = escaped || c != '"';
            escaped = !escaped && c == '\\';
        } else if (c == '"') {
            quoted = true;
        } else if (c == '{' || c == '[') {
            depth++;
        } else if ((c == '}' || c == ']') && depth > 0) {
            depth--;
        }
    }
    return depth > 0 ? HTTP_SHAPE_WHOLE : HTTP_SHAPE_LINES;
}

static void
fail(struct http_body *body, enum cim_err err)
{
    if (err == CIM_ENOMEM)
        mem_fail();
    if (body->err != CIM_OK)
        return;
    body->err = err;
    body->bad = body->n + 1;
}

static void
too_big(struct http_body *body, const char *what)
{
    if (body->err == CIM_OK)
        cim_diag_set(&body->diag, "%s", what);
    fail(body, CIM_ETOOBIG);
}

static struct cim_fill
next_fill(struct http_body *body)
{
    struct http_chance *chance = body->chance;

    if (chance->left < RANDOM_ID) {
        cim_random(chance->b, sizeof chance->b);
        chance->left = sizeof chance->b;
    }
    chance->left -= RANDOM_ID;
    return (struct cim_fill){
        .community = body->community,
        .now_ms = body->now_ms,
        .id = cim_uuid_v7(body->now_ms, chance->b + chance->left)};
}

static void
read_object(struct http_body *body, struct cim_bytes text)
{
    if (body->err != CIM_OK || is_blank(text))
        return;
    if (body->n == CIM_BATCH_EVENTS) {
        too_big(body, "a request may hold at most 1024 events; send the rest "
                      "with another one");
        return;
    }
    if (text.len > CIM_JSON_MAX) {
        too_big(body, "one event is more than 256 KiB of JSON");
        return;
    }
    struct cim_fill fill = next_fill(body);
    xgrow(&body->drafts, &body->cap, body->n, sizeof *body->drafts);
    struct cim_draft *draft = &body->drafts[body->n];
    *draft = (struct cim_draft){0};
    enum cim_err err = cim_json_read(text, &fill, draft, &body->diag);
    if (err != CIM_OK) {
        cim_draft_clear(draft);
        fail(body, err);
        return;
    }
    body->held += sizeof *draft + draft->bytes.cap_now;
    body->n++;
}

static void
keep(struct http_body *body, struct cim_bytes text)
{
    enum cim_err err = cim_buf_add_bytes(&body->rest, text);

    if (err == CIM_ETOOBIG)
        too_big(body, "one event is more than 256 KiB of JSON; several go one "
                      "a line");
    else if (err != CIM_OK)
        fail(body, err);
}

/* A line is whole: at once from the chunk, or with what was kept of it. */
static void
end_line(struct http_body *body, struct cim_bytes line)
{
    if (body->shape == HTTP_SHAPE_WHOLE) {
        keep(body, line);
        keep(body, cim_bytes_str("\n"));
        return;
    }
    if (body->rest.len > 0) {
        keep(body, line);
        line = cim_buf_bytes(&body->rest);
    }
    if (body->shape == HTTP_SHAPE_OPEN && !is_blank(line)) {
        body->shape = http_body_shape(line);
        if (body->shape == HTTP_SHAPE_WHOLE) {
            if (body->rest.len == 0)
                keep(body, line);
            keep(body, cim_bytes_str("\n"));
            return;
        }
    }
    read_object(body, line);
    cim_buf_reset(&body->rest);
}

void
http_body_feed(struct http_body *body, struct cim_bytes text)
{
    body->len += text.len;
    if (body->len > HTTP_BODY_MAX)
        too_big(body, "a request may hold at most 32 MiB; send the rest with "
                      "another one");
    while (text.len > 0 && body->err == CIM_OK) {
        const uint8_t *end = memchr(text.p, '\n', text.len);
        if (end == NULL) {
            keep(body, text);
            return;
        }
        size_t n = (size_t)(end - text.p);
        end_line(body, cim_bytes_of(text.p, n));
        text = cim_bytes_of(end + 1, text.len - n - 1);
    }
}

enum cim_err
http_body_end(struct http_body *body)
{
    if (body->err == CIM_OK)
        read_object(body, cim_buf_bytes(&body->rest));
    if (body->err == CIM_OK && body->n == 0) {
        cim_diag_set(&body->diag, "the body holds no event");
        fail(body, CIM_EFORM);
    }
    return body->err;
}

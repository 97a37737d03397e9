/* SPDX-License-Identifier: MPL-2.0 */
/*
 * publish --file: one JSON object over many lines, or one a line. Which it is
 * shows at its first line. Requests are filled to the limit, so what goes in
 * together is all there or not at all.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "node/cmd_publish.h"
#include "node/http_body.h"
#include "node/mem.h"

#define PART_BYTES (16 * 1024 * 1024) /* of one request */

struct input {
    const struct publish *publish;
    struct publish_part part;
    enum http_shape shape;
    struct cim_buf body;
    size_t n;    /* events in body */
    size_t line; /* read so far */
};

static int
send_part(struct input *in)
{
    int rc = 0;

    if (in->n > 0)
        rc = publish_send(in->publish, cim_buf_bytes(&in->body), &in->part);
    in->part.before += in->n;
    in->n = 0;
    cim_buf_reset(&in->body);
    return rc;
}

static void
add(struct input *in, struct cim_bytes text)
{
    if (in->publish->cause != NULL) {
        http_form_add_cause(text, in->publish->cause, &in->body);
        return;
    }
    cim_buf_add_bytes(&in->body, text);
    cim_buf_add_u8(&in->body, '\n');
}

static bool
is_blank(struct cim_bytes line)
{
    for (size_t i = 0; i < line.len; i++)
        if (memchr(" \t\r", line.p[i], 3) == NULL)
            return false;
    return true;
}

/* 0 or the exit code. */
static int
take_line(struct input *in, struct cim_bytes line)
{
    if (in->shape == HTTP_SHAPE_OPEN && !is_blank(line))
        in->shape = http_body_shape(line);
    if (in->shape == HTTP_SHAPE_WHOLE) {
        cim_buf_add_bytes(&in->body, line);
        cim_buf_add_u8(&in->body, '\n');
        if (in->body.len <= CIM_JSON_MAX)
            return 0;
        return cmd_fail(CMD_DATA, "publish",
                        "%s: one object of more than 256 KiB; several go one "
                        "a line",
                        in->part.file);
    }
    if (is_blank(line))
        return 0;
    add(in, line);
    in->n++;
    return in->n == CIM_BATCH_EVENTS || in->body.len >= PART_BYTES
               ? send_part(in)
               : 0;
}

static int
end_input(struct input *in)
{
    if (in->shape == HTTP_SHAPE_OPEN)
        return cmd_fail(CMD_DATA, "publish", "%s: there is no event in it",
                        in->part.file);
    if (in->shape == HTTP_SHAPE_WHOLE) {
        struct cim_buf whole = in->body;
        in->body = (struct cim_buf){0};
        add(in, cim_buf_bytes(&whole));
        cim_buf_clear(&whole);
        in->n = 1;
    }
    return send_part(in);
}

/* The next line without its end, as much of it as may be, and one byte more
 * of a longer one. False at the end of the file. */
static bool
next_line(FILE *file, char *line, size_t *len)
{
    int c = getc_unlocked(file);

    *len = 0;
    if (c == EOF)
        return false;
    for (; c != EOF && c != '\n' && *len <= CIM_JSON_MAX;
         c = getc_unlocked(file))
        line[(*len)++] = (char)c;
    return true;
}

static int
too_long(const struct input *in)
{
    return cmd_fail(CMD_DATA, "publish",
                    "%s: line %zu has more than 256 KiB; an event may not",
                    in->part.file, in->line);
}

static int
read_lines(struct input *in, FILE *file)
{
    char *line = xcalloc(1, CIM_JSON_MAX + 1);
    size_t len;
    int rc = 0;

    while (rc == 0 && next_line(file, line, &len)) {
        in->line++;
        rc = len > CIM_JSON_MAX ? too_long(in)
                                : take_line(in, cim_bytes_of(line, len));
    }
    free(line);
    if (rc == 0 && ferror(file))
        rc = cmd_fail(CMD_STORAGE, "publish", "%s: %s", in->part.file,
                      strerror(errno));
    return rc != 0 ? rc : end_input(in);
}

int
publish_file(const struct publish *publish, const char *path)
{
    bool standard = strcmp(path, "-") == 0;
    struct input in = {.publish = publish,
                       .part.file = standard ? "stdin" : path};
    FILE *file = standard ? stdin : fopen(path, "re");

    if (file == NULL)
        return cmd_fail(errno == EACCES ? CMD_DENIED : CMD_NOTFOUND, "publish",
                        "%s: %s", path, strerror(errno));
    int rc = read_lines(&in, file);
    cim_buf_clear(&in.body);
    if (!standard)
        fclose(file);
    return rc;
}

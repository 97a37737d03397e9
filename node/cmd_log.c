/* SPDX-License-Identifier: MPL-2.0 */
/* cimesh log - what is stored, in the order it arrived. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "node/cmd_client.h"
#include "proto/json_template.h"

const char cmd_log_help[] =
    "Examples:\n"
    "    cimesh log\n"
    "    cimesh log odl/ -n 20\n"
    "    cimesh log odl/ArtifactCreated/master --since 7d --json\n"
    "\n"
    "A line for each stored event: time, name, topic, levels, URL.\n"
    "    -n N          only the newest N, 1 to 1000\n"
    "    --since WHEN  all, 15m, 1h, 7d, 2026-11-22T12:00:00Z, COMMUNITY:ID\n"
    "    --json        one event a line\n"
    "    --format F    json or seed, for --json\n"
    "    --template T  one line each: %{topic}, %{confidenceLevel.NAME}, ...\n"
    "Exit codes: 0; 66 --since names an event that is not here; 69 no node\n"
    "runs here.\n";

struct log {
    const char *newest, *since, *format, *template; /* as given */
    bool json;
    struct cim_buf text; /* lines to print */
};

/* time, community:id, topic, levels, URL */
static void
add_brief(const char *line, size_t len, struct cim_buf *out)
{
    struct cim_bytes json = cim_bytes_of(line, len);
    struct cim_buf topic = {0};
    char community[40];

    if (cim_json_template(json, "%{topic}", &topic) == CIM_OK) {
        snprintf(community, sizeof community,
                 "  %.*s:", (int)strcspn(cim_buf_cstr(&topic), "/"),
                 cim_buf_cstr(&topic));
        if (cim_json_template(json, "%{eventTime}", out) == CIM_OK)
            cim_buf_add_str(out, community);
        if (cim_json_template(json,
                              "%{eventId}  %{topic}  %{confidenceLevel}  "
                              "%{artifactUrl}%{baselineUrl}",
                              out) != CIM_OK)
            cim_buf_add_bytes(out, json);
    }
    while (out->len > 0 && out->p[out->len - 1] == ' ')
        out->len--;
    cim_buf_clear(&topic);
}

static void
add_line(struct log *log, const char *line, size_t len)
{
    if (log->template != NULL) {
        if (cim_json_template(cim_bytes_of(line, len), log->template,
                              &log->text) != CIM_OK)
            return;
    } else if (log->json) {
        cim_buf_add(&log->text, line, len);
    } else {
        add_brief(line, len, &log->text);
    }
    cim_buf_add_u8(&log->text, '\n');
}

/* False when nobody reads. */
static bool
print_page(struct log *log, const struct cim_buf *body)
{
    const char *p = (const char *)body->p;
    size_t left = body->len;

    cim_buf_reset(&log->text);
    while (left > 0) {
        const char *end = memchr(p, '\n', left);
        size_t len = end != NULL ? (size_t)(end - p) : left;
        if (len > 0)
            add_line(log, p, len);
        left -= end != NULL ? len + 1 : len;
        p += len + 1;
    }
    return cmd_client_print(log->text.p, log->text.len);
}

/* 0 or the exit code. */
static int
print_all(struct log *log, struct http_client *client, struct cim_buf *path)
{
    size_t len = path->len;
    bool more = true;
    int rc = 0;

    while (more && rc == 0) {
        struct http_reply reply = {0};
        rc = cmd_client_get(client, "log", cim_buf_cstr(path), NULL, &reply);
        if (rc == 0)
            more = print_page(log, &reply.body) && reply.more;
        path->len = len;
        cmd_client_query(path, "after", reply.next);
        http_reply_clear(&reply);
    }
    return rc;
}

static int
make_path(const struct log *log, int argc, char **argv, struct cim_buf *path)
{
    struct cim_diag diag = {0};
    unsigned long n;

    if (log->template != NULL &&
        cim_json_template_check(log->template, &diag) != CIM_OK)
        return cmd_usage("log", "--template: %s", diag.text);
    cim_buf_add_str(path, "/v1/events");
    if (log->newest != NULL) {
        if (cmd_client_number("log", "-n", log->newest, 1, 1000, &n) != 0)
            return CMD_USAGE;
        cmd_client_query(path, "newest", "1");
    }
    cmd_client_query(path, "limit", log->newest != NULL ? log->newest : "1000");
    if (log->since != NULL)
        cmd_client_query(path, "since", log->since);
    if (log->format != NULL)
        cmd_client_query(path, "format", log->format);
    return cmd_client_topics(path, "log", argc - 1, argv + 1);
}

int
cmd_log(const struct cmd_context *ctx, int argc, char **argv)
{
    struct log log = {.json = ctx->json};
    const struct cmd_option options[] = {
        {.name = "-n", .value = &log.newest},
        {.name = "--since", .value = &log.since},
        {.name = "--format", .value = &log.format},
        {.name = "--template", .value = &log.template},
        {0}};
    struct http_client *client = NULL;
    struct cim_buf path = {0};
    int rc = cmd_options("log", &argc, argv, options);

    if (rc == 0)
        rc = make_path(&log, argc, argv, &path);
    if (rc == 0)
        rc = cmd_client_open(ctx, "log", &client);
    if (rc == 0) {
        log.json = log.json || log.format != NULL;
        rc = print_all(&log, client, &path);
    }
    http_client_close(&client);
    cim_buf_clear(&log.text);
    cim_buf_clear(&path);
    return rc;
}

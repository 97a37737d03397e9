/* SPDX-License-Identifier: MPL-2.0 */
/* cimesh show - one event, or its proof. */
#include <stdio.h>
#include <string.h>

#include "node/cmd_client.h"
#include "proto/json_template.h"

const char cmd_show_help[] =
    "Examples:\n"
    "    cimesh show odl:019aab2c-5f3e-7c61-9f0e-2b1f5a6d7c88\n"
    "    cimesh show 019aab2c-5f3e-7c61-9f0e-2b1f5a6d7c88 --json\n"
    "    cimesh show odl:019aab2c-5f3e-7c61-9f0e-2b1f5a6d7c88 --proof \\\n"
    "        >proof.json\n"
    "\n"
    "An id is unique within a node only: without COMMUNITY: every event of\n"
    "that id is shown.\n"
    "    --json        one event a line\n"
    "    --format F    json or seed, for --json\n"
    "    --proof       {topic, slice}: what 'cimesh verify' checks\n"
    "Exit codes: 0; 66 not here; 69 no node runs here.\n";

static const char *const fields[] = {
    "eventId",       "eventType",    "eventTime",    "topic",
    "buildUrl",      "artifactUrl",  "artifactName", "artifactDigest",
    "projectBranch", "baselineName", "baselineUrl",  "confidenceLevel",
    "consistsOf",    "links",        "ext",          "node",
    "epoch",         "seq",          "receivedAt",   "arrival"};

static void
add_field(const char *name, struct cim_bytes json, struct cim_buf *out)
{
    struct cim_buf value = {0};
    char template[32], label[32];

    snprintf(template, sizeof template, "%%{%s}", name);
    if (cim_json_template(json, template, &value) == CIM_OK && value.len > 0) {
        snprintf(label, sizeof label, "%-16s ", name);
        cim_buf_add_str(out, label);
        cim_buf_add_bytes(out, cim_buf_bytes(&value));
        cim_buf_add_u8(out, '\n');
    }
    cim_buf_clear(&value);
}

void
cmd_show_print(const struct cim_buf *body)
{
    const char *p = (const char *)body->p, *end;
    size_t left = body->len;
    struct cim_buf out = {0};

    while (left > 0 && (end = memchr(p, '\n', left)) != NULL) {
        size_t len = (size_t)(end - p);
        if (out.len > 0)
            cim_buf_add_u8(&out, '\n');
        for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
            add_field(fields[i], cim_bytes_of(p, len), &out);
        left -= len + 1;
        p = end + 1;
    }
    cmd_client_print(out.p, out.len);
    cim_buf_clear(&out);
}

static int
show(const struct cmd_context *ctx, const char *path, bool raw)
{
    struct http_client *client = NULL;
    struct http_reply reply = {0};
    int rc = cmd_client_open(ctx, "show", &client);

    if (rc == 0)
        rc = cmd_client_get(client, "show", path, NULL, &reply);
    if (rc == 0 && raw)
        cmd_client_print(reply.body.p, reply.body.len);
    else if (rc == 0)
        cmd_show_print(&reply.body);
    http_reply_clear(&reply);
    http_client_close(&client);
    return rc;
}

int
cmd_show_line(const struct cmd_show_ask *ask, int argc, char **argv,
              struct cim_buf *path, bool *raw)
{
    bool proof = false;
    const char *format = NULL;
    const struct cmd_option options[] = {{.name = "--proof", .flag = &proof},
                                         {.name = "--format", .value = &format},
                                         {0}};
    int rc = cmd_options(ask->cmd, &argc, argv, options);

    if (rc != 0)
        return rc;
    if (argc != 2)
        return cmd_usage(ask->cmd, "one event's %s", ask->names);
    cim_buf_add_str(path, ask->path);
    http_client_escape(path, cim_bytes_str(argv[1]));
    if (proof)
        cmd_client_query(path, "proof", "1");
    if (format != NULL)
        cmd_client_query(path, "format", format);
    *raw = *raw || proof || format != NULL;
    return 0;
}

int
cmd_show(const struct cmd_context *ctx, int argc, char **argv)
{
    static const struct cmd_show_ask ask = {"show", "/v1/events/",
                                            "ID or COMMUNITY:ID"};
    struct cim_buf path = {0};
    bool raw = ctx->json;
    int rc = cmd_show_line(&ask, argc, argv, &path, &raw);

    if (rc == 0)
        rc = show(ctx, cim_buf_cstr(&path), raw);
    cim_buf_clear(&path);
    return rc;
}

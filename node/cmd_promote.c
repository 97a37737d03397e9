/* SPDX-License-Identifier: MPL-2.0 */
/* cimesh promote - what the rules decide, and why. */
#include <string.h>

#include "node/cmd_client.h"

const char cmd_promote_help[] =
    "Examples:\n"
    "    cimesh promote list\n"
    "    cimesh promote explain opnfv-odl-1.2.0\n"
    "    cimesh promote explain opnfv:019aab2c-5f3e-7c61-9f0e-2b1f5a6d7c88\n"
    "    cimesh promote dry-run opnfv-release --since 7d\n"
    "\n"
    "Rules stand in cimesh.zpl under `promote`. A decision is an event like "
    "any\n"
    "other: 'cimesh log' shows it, hooks can fire on it, others see it.\n"
    "\n"
    "list      each rule, and where its newest subjects stand\n"
    "    -n N          how many of each, 1 to 1000; else 20\n"
    "explain   why a subject is promoted or is not: what holds, what is\n"
    "          missing, who could provide it. SUBJECT: COMMUNITY:ID, ID, URL\n"
    "          or name of an artifact or a baseline\n"
    "    --rule RULE   by this rule only\n"
    "dry-run   what the rule would decide on what is stored; nothing is said\n"
    "    --since WHEN  all, 15m, 1h, 7d, 2026-11-22T12:00:00Z, COMMUNITY:ID\n"
    "JSON: outcome fulfilled, failed, open or expired; decision {outcome,\n"
    "event, at} or null; requirements, each with its standing; reasons.\n"
    "Exit codes: 0; 65 no name of a subject; 66 no such subject or rule here;\n"
    "69 no node runs here.\n";

static int
list(const struct cmd_context *ctx, const char *limit)
{
    struct cim_buf path = {0};
    unsigned long n;
    int rc = 0;

    if (limit != NULL)
        rc = cmd_client_number("promote", "-n", limit, 1, 1000, &n);
    cim_buf_add_str(&path, "/v1/promote");
    if (limit != NULL)
        cmd_client_query(&path, "limit", limit);
    if (rc == 0)
        rc = cmd_client_show(ctx, "promote", cim_buf_cstr(&path));
    cim_buf_clear(&path);
    return rc;
}

static int
explain(const struct cmd_context *ctx, const char *subject, const char *rule)
{
    struct cim_buf path = {0};
    int rc;

    if (*subject == '\0')
        return cmd_fail(CMD_DATA, "promote",
                        "an empty text names no subject; write COMMUNITY:ID, "
                        "ID, a URL or a name");
    cim_buf_add_str(&path, "/v1/promote/explain/");
    http_client_escape(&path, cim_bytes_str(subject));
    if (rule != NULL)
        cmd_client_query(&path, "rule", rule);
    rc = cmd_client_show(ctx, "promote", cim_buf_cstr(&path));
    cim_buf_clear(&path);
    return rc;
}

/* Page by page, as the node works it out. */
static int
print_pages(const struct cmd_context *ctx, struct http_client *client,
            struct cim_buf *path)
{
    size_t len = path->len;
    bool more = true;
    int rc = 0;

    while (more && rc == 0) {
        struct http_reply reply = {0};

        rc = cmd_client_get(client, "promote", cim_buf_cstr(path),
                            ctx->json ? "application/json" : "text/plain",
                            &reply);
        if (rc == 0)
            more = cmd_client_print(reply.body.p, reply.body.len) && reply.more;
        path->len = len;
        cmd_client_query(path, "after", reply.next);
        http_reply_clear(&reply);
    }
    return rc;
}

static int
dry_run(const struct cmd_context *ctx, const char *rule, const char *since)
{
    struct http_client *client = NULL;
    struct cim_buf path = {0};
    int rc = cmd_client_open(ctx, "promote", &client);

    cim_buf_add_str(&path, "/v1/promote/dry-run/");
    http_client_escape(&path, cim_bytes_str(rule));
    if (since != NULL)
        cmd_client_query(&path, "since", since);
    if (rc == 0) {
        rc = print_pages(ctx, client, &path);
    }
    http_client_close(&client);
    cim_buf_clear(&path);
    return rc;
}

int
cmd_promote(const struct cmd_context *ctx, int argc, char **argv)
{
    static const char *const words[] = {"list", "explain", "dry-run", NULL};
    const char *limit = NULL, *rule = NULL, *since = NULL;
    const struct cmd_option options[] = {{.name = "-n", .value = &limit},
                                         {.name = "--rule", .value = &rule},
                                         {.name = "--since", .value = &since},
                                         {0}};
    int rc = cmd_options("promote", &argc, argv, options);
    const char *word = argc > 1 ? argv[1] : "list";

    if (rc != 0)
        return rc;
    if (strcmp(word, "list") == 0) {
        if (argc > 2 || rule != NULL || since != NULL)
            return cmd_usage("promote", "'list' takes -n only");
        return list(ctx, limit);
    }
    if (strcmp(word, "explain") == 0) {
        if (argc != 3 || limit != NULL || since != NULL)
            return cmd_usage("promote", "explain SUBJECT [--rule RULE]");
        return explain(ctx, argv[2], rule);
    }
    if (strcmp(word, "dry-run") == 0) {
        if (argc != 3 || limit != NULL || rule != NULL)
            return cmd_usage("promote", "dry-run RULE [--since WHEN]");
        return dry_run(ctx, argv[2], since);
    }
    return cmd_unknown("promote", "subcommand", word, words);
}

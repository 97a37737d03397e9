/* SPDX-License-Identifier: MPL-2.0 */
/* cimesh trace - what an artifact went into, what a baseline is made of, who
 * stamped it and why. */
#include <stdio.h>

#include "node/cmd_client.h"

const char cmd_trace_help[] =
    "Examples:\n"
    "    cimesh trace odl-1.2.0\n"
    "    cimesh trace https://nexus.example.org/odl-1.2.0.tar.gz --up\n"
    "    cimesh trace opnfv:019aab2c-5f3e-7c61-9f0e-2b1f5a6d7c88 --down\n"
    "    cimesh trace opnfv-2.0 --dot | dot -Tsvg >trace.svg\n"
    "\n"
    "From an artifact to the baselines it is part of, their stamps and\n"
    "promotions, and back; over communities. Each line says how its end was\n"
    "found: linked, by URL, by name, claimed by several, unresolved, or not\n"
    "here and who has it.\n"
    "    --up        only to what it is part of\n"
    "    --down      only to what it is made of\n"
    "    --depth N   at most N steps from one subject to the next, 1 to 16\n"
    "    --json      nodes and edges\n"
    "    --dot       for Graphviz\n"
    "Exit codes: 0; 65 the name is claimed by several communities; 66 not\n"
    "here; 69 no node runs here; 75 the ledger is being built.\n";

static int
show(const struct cmd_context *ctx, const char *path, const char *accept)
{
    struct http_client *client = NULL;
    struct http_reply reply = {0};
    int rc = cmd_client_open(ctx, "trace", &client);

    if (rc == 0)
        rc = cmd_client_get(client, "trace", path, accept, &reply);
    if (rc == 0)
        cmd_client_print(reply.body.p, reply.body.len);
    http_reply_clear(&reply);
    http_client_close(&client);
    return rc;
}

int
cmd_trace(const struct cmd_context *ctx, int argc, char **argv)
{
    bool up = false, down = false, dot = false;
    const char *depth = NULL;
    const struct cmd_option options[] = {{.name = "--up", .flag = &up},
                                         {.name = "--down", .flag = &down},
                                         {.name = "--dot", .flag = &dot},
                                         {.name = "--depth", .value = &depth},
                                         {0}};
    struct cim_buf path = {0};
    unsigned long n;
    int rc = cmd_options("trace", &argc, argv, options);

    if (rc != 0)
        return rc;
    if (argc != 2 || argv[1][0] == '\0')
        return cmd_usage("trace", "one COMMUNITY:ID, URL or name");
    if (dot && ctx->json)
        return cmd_usage("trace", "either --json or --dot");
    if (depth != NULL &&
        cmd_client_number("trace", "--depth", depth, 1, 16, &n))
        return CMD_USAGE;
    cim_buf_add_str(&path, "/v1/trace/");
    http_client_escape(&path, cim_bytes_str(argv[1]));
    if (up)
        cmd_client_query(&path, "up", "1");
    if (down)
        cmd_client_query(&path, "down", "1");
    if (depth != NULL)
        cmd_client_query(&path, "depth", depth);
    rc = show(ctx, cim_buf_cstr(&path),
              dot         ? "text/vnd.graphviz"
              : ctx->json ? "application/json"
                          : "text/plain");
    cim_buf_clear(&path);
    return rc;
}

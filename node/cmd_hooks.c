/* SPDX-License-Identifier: MPL-2.0 */
/* cimesh hooks - what is triggered here, and how it ended. */
#include <string.h>

#include "node/cmd_client.h"

const char cmd_hooks_help[] =
    "Examples:\n"
    "    cimesh hooks\n"
    "    cimesh hooks runs\n"
    "    cimesh hooks runs test-odl -n 100 --json\n"
    "\n"
    "list      each hook: what it runs, what it waits for, what failed\n"
    "runs      the newest runs of one hook or of all, newest first\n"
    "    -n N      how many, 1 to 1000; else 20\n"
    "Exit codes: 0; 69 no node runs here; 77 its socket is not for you.\n";

static int
runs(const struct cmd_context *ctx, int argc, char **argv, const char *limit)
{
    struct cim_buf path = {0};
    unsigned long n = 20;
    int rc = 0;

    if (argc > 3)
        return cmd_usage("hooks", "unexpected argument: %s", argv[3]);
    if (limit != NULL)
        rc = cmd_client_number("hooks", "-n", limit, 1, 1000, &n);
    if (rc != 0)
        return rc;
    cim_buf_add_str(&path, "/v1/hooks/runs");
    if (limit != NULL)
        cmd_client_query(&path, "limit", limit);
    if (argc > 2)
        cmd_client_query(&path, "hook", argv[2]);
    rc = cmd_client_show(ctx, "hooks", cim_buf_cstr(&path));
    cim_buf_clear(&path);
    return rc;
}

int
cmd_hooks(const struct cmd_context *ctx, int argc, char **argv)
{
    static const char *const words[] = {"list", "runs", NULL};
    const char *limit = NULL;
    const struct cmd_option options[] = {{.name = "-n", .value = &limit}, {0}};
    int rc = cmd_options("hooks", &argc, argv, options);

    if (rc != 0)
        return rc;
    if (argc > 1 && strcmp(argv[1], "runs") == 0)
        return runs(ctx, argc, argv, limit);
    if (argc > 1 && strcmp(argv[1], "list") != 0)
        return cmd_unknown("hooks", "subcommand", argv[1], words);
    if (argc > 2 || limit != NULL)
        return cmd_usage("hooks", "'list' takes no more than that");
    return cmd_client_show(ctx, "hooks", "/v1/hooks");
}

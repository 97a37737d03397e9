/* SPDX-License-Identifier: MPL-2.0 */
/* cimesh status - is my node well, who is up, is anything missing. */
#include "node/cmd_client.h"

const char cmd_status_help[] =
    "Examples:\n"
    "    cimesh\n"
    "    cimesh status --json\n"
    "\n"
    "JSON: node, epoch, seq, stored, ready, storage, publishing, peers {up,\n"
    "all}, gaps, overdue, twoWriters, refused {REASON: n}, startedAt,\n"
    "warnings.\n"
    "Exit codes: 0; 69 no node runs here; 77 its socket is not for you.\n";

int
cmd_status(const struct cmd_context *ctx, int argc, char **argv)
{
    static const struct cmd_option none[] = {{0}};
    int rc = cmd_options("status", &argc, argv, none);

    if (rc != 0)
        return rc;
    if (argc > 1)
        return cmd_usage("status", "unexpected argument: %s", argv[1]);
    return cmd_client_show(ctx, "status", "/v1/status");
}

/* SPDX-License-Identifier: MPL-2.0 */
/* cimesh peers - each peer: state, heads, cursors, lag, gaps, refusals. */
#include "node/cmd_client.h"

const char cmd_peers_help[] =
    "Examples:\n"
    "    cimesh peers\n"
    "    cimesh peers --json\n"
    "\n"
    "HELD: its events stored here. LAG: positions it has published that are\n"
    "not looked at yet. GAPS: positions nobody has any more, so far.\n"
    "JSON: a list of node, up, state, lastSeen, head, cursors, held, lag,\n"
    "gaps, refused, lastReason, twoWriters, writers, equivocation.\n"
    "Exit codes: 0; 69 no node runs here; 77 its socket is not for you.\n";

int
cmd_peers(const struct cmd_context *ctx, int argc, char **argv)
{
    static const struct cmd_option none[] = {{0}};
    int rc = cmd_options("peers", &argc, argv, none);

    if (rc != 0)
        return rc;
    if (argc > 1)
        return cmd_usage("peers", "unexpected argument: %s", argv[1]);
    return cmd_client_show(ctx, "peers", "/v1/peers");
}

/* SPDX-License-Identifier: MPL-2.0 */
/* cimesh node - runs the node in the foreground. */
#include <stdlib.h>
#include <string.h>

#include "node/cmd.h"
#include "node/journal.h"
#include "node/node.h"

const char cmd_node_help[] =
    "Examples:\n"
    "    cimesh node\n"
    "    CIMESH_LOG=debug cimesh --dir /srv/odl node\n"
    "\n"
    "Ends on SIGTERM and SIGINT, reads its files again on SIGHUP.\n"
    "CIMESH_LOG is debug, info (default) or warn.\n"
    "Exit codes: 0 it was asked to end; 71 an address is in use, 74 the disk\n"
    "failed, 75 another node runs on this directory, 77 others may read the\n"
    "key file, 78 configuration.\n";

/* From $CIMESH_LOG; false for a word it does not know. */
static bool
open_journal(void)
{
    const char *level = getenv("CIMESH_LOG");

    if (!level || !*level || strcmp(level, "info") == 0)
        journal_open(LOG_LEVEL_INFO);
    else if (strcmp(level, "debug") == 0)
        journal_open(LOG_LEVEL_DEBUG);
    else if (strcmp(level, "warn") == 0)
        journal_open(LOG_LEVEL_WARN);
    else
        return false;
    return true;
}

int
cmd_node(const struct cmd_context *ctx, int argc, char **argv)
{
    if (argc > 1)
        return cmd_usage("node", "unexpected argument: %s", argv[1]);
    if (!open_journal())
        return cmd_usage("node",
                         "CIMESH_LOG is \"%s\": it may be debug, info or warn",
                         getenv("CIMESH_LOG"));
    return node_run(ctx->dir);
}

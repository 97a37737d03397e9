/* SPDX-License-Identifier: MPL-2.0 */
/* cimesh node - runs the node in the foreground. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "node/cmd.h"
#include "node/file.h"
#include "node/journal.h"
#include "node/node.h"
#include "node/zpl.h"
#include "proto/limits.h"

const char cmd_node_help[] =
    "Examples:\n"
    "    cimesh node\n"
    "    CIMESH_LOG=debug cimesh --dir /srv/odl node\n"
    "    CIMESH_NODE=odl/ci-1 CIMESH_ENDPOINT=tcp://ci.example.org:7570 \\\n"
    "        cimesh --dir /var/lib/cimesh node\n"
    "\n"
    "Ends on SIGTERM and SIGINT, reads its files again on SIGHUP.\n"
    "CIMESH_LOG is debug, info (default) or warn.\n"
    "With CIMESH_NODE a site that is not there is made first, as by init,\n"
    "with CIMESH_ENDPOINT, CIMESH_SYNC, CIMESH_CONTACT, CIMESH_KEY and\n"
    "CIMESH_API as options, and its roster file is shown.\n"
    "Exit codes: 0 it was asked to end; 70 the database refused a statement, "
    "a\n"
    "bug; 71 an address is in use, or no memory is left; 74 the disk failed;\n"
    "75 another node runs on this directory; 77 others may read the key file;\n"
    "78 configuration.\n";

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

/* The option and its value, when the variable has one. */
static void
add_option(char **argv, int *argc, const char *option, const char *variable)
{
    const char *value = getenv(variable);

    if (!value || !*value)
        return;
    argv[(*argc)++] = (char *)option; /* which init does not change */
    argv[(*argc)++] = (char *)value;
}

static void
show_roster_file(const struct cmd_context *ctx, const char *node)
{
    char name[CIM_NAME_MAX + sizeof "roster/.zpl"];
    struct cim_buf text = {0};
    char *path;

    snprintf(name, sizeof name, "roster/%.*s.zpl", (int)strcspn(node, "/"),
             node);
    path = file_join(ctx->dir, name);
    if (!file_read(path, ZPL_FILE_MAX, &text, NULL))
        fprintf(stderr, "%s, to be given to the others:\n%.*s", path,
                (int)text.len, (const char *)text.p);
    cim_buf_clear(&text);
    free(path);
}

/*
 * Makes the site when there is none and $CIMESH_NODE names it: in a container,
 * whose volume is empty at first. Returns 0 or the exit code of init.
 */
static int
first_start(const struct cmd_context *ctx)
{
    char *node = getenv("CIMESH_NODE"), *path, *argv[14] = {0};
    int argc = 0, code = 0;
    struct stat st;

    if (!node || !*node)
        return 0;
    path = file_join(ctx->dir, "cimesh.zpl");
    if (lstat(path, &st) < 0 && errno == ENOENT) {
        argv[argc++] = (char *)"init";
        argv[argc++] = node;
        add_option(argv, &argc, "--endpoint", "CIMESH_ENDPOINT");
        add_option(argv, &argc, "--sync", "CIMESH_SYNC");
        add_option(argv, &argc, "--contact", "CIMESH_CONTACT");
        add_option(argv, &argc, "--key", "CIMESH_KEY");
        add_option(argv, &argc, "--api", "CIMESH_API");
        if (!(code = cmd_init(ctx, argc, argv)))
            show_roster_file(ctx, node);
        fflush(stdout);
    }
    free(path);
    return code;
}

int
cmd_node(const struct cmd_context *ctx, int argc, char **argv)
{
    int code;

    if (argc > 1)
        return cmd_usage("node", "unexpected argument: %s", argv[1]);
    if (!open_journal())
        return cmd_usage("node",
                         "CIMESH_LOG is \"%s\": it may be debug, info or warn",
                         getenv("CIMESH_LOG"));
    if ((code = first_start(ctx)))
        return code;
    return node_run(ctx->dir);
}

/* SPDX-License-Identifier: MPL-2.0 */
/* cimesh backup - the store as a file of its own, while the node runs. */
#include <inttypes.h>
#include <stdio.h>

#include "node/cmd.h"
#include "node/progress.h"
#include "node/settings.h"
#include "node/store_copy.h"

const char cmd_backup_help[] =
    "Examples:\n"
    "    cimesh backup /backup/odl-$(date +%F).db\n"
    "    cimesh --dir /srv/odl backup /backup/odl.db --json\n"
    "\n"
    "Copies the store, as it is at this moment, to FILE, whether the node\n"
    "runs or not, and brings it to the disk. FILE appears whole or not at\n"
    "all; one that exists is not replaced. Prints FILE and its events.\n"
    "\n"
    "It holds all events, positions, hook progress and accepted roster\n"
    "files. It does not hold the secret keys (keys/) nor the configuration\n"
    "(cimesh.zpl, roster/): keep copies of those too, the keys in a safe\n"
    "place.\n"
    "\n"
    "To restore: stop the node; put FILE in place of data/cimesh.db (or where\n"
    "`data` under `paths` says); remove data/cimesh.db-wal and -shm; start "
    "the\n"
    "node. It reuses no position: it publishes in a higher epoch from then "
    "on,\n"
    "and gets what it published after the backup back from its peers. Hooks "
    "go\n"
    "on where they were at the backup: those of later events run again.\n"
    "\n"
    "Exit codes: 0; 66 no store here; 74 cannot read the store or write FILE;\n"
    "77 not allowed to; 78 FILE exists, or no site here.\n";

static bool
go_on(void *ctx, uint64_t done, uint64_t all)
{
    progress_say(ctx, done, all);
    return !progress_signalled();
}

static int
copy(const char *from, const char *to, bool json)
{
    struct cim_diag diag = {{0}};
    struct progress progress;
    struct store_copy_watch watch = {.go_on = go_on, .ctx = &progress};
    uint64_t events;

    progress_hold_signals();
    progress_start(&progress, "backup", "pages");
    enum cim_err err = store_copy(from, to, &watch, &events, &diag);
    progress_clear(&progress);
    if (err) {
        int code = cmd_fail(cmd_exit_of(err), "backup", "%s", diag.text);
        progress_die();
        return code;
    }
    if (json) {
        fputs("{\"file\":", stdout);
        cmd_print_json(to);
        printf(",\"events\":%" PRIu64 "}\n", events);
    } else {
        printf("%s: %" PRIu64 " events\n", to, events);
    }
    return CMD_OK;
}

int
cmd_backup(const struct cmd_context *ctx, int argc, char **argv)
{
    static const struct cmd_option none[] = {{0}};
    struct settings *settings = NULL;
    int code = cmd_options("backup", &argc, argv, none);

    if (code)
        return code;
    if (argc != 2 || !*argv[1])
        return cmd_usage("backup", "one FILE is needed: where the copy goes");
    if ((code = cmd_site(ctx, "backup", &settings)))
        return code;
    code = copy(settings->data_file, argv[1], ctx->json);
    settings_destroy(&settings);
    return code;
}

/* SPDX-License-Identifier: MPL-2.0 */
/*
 * main - the table of subcommands and the way into one of them.
 *
 * --dir, --json and --help may stand before or after the subcommand; the rest
 * is the subcommand's own. Without one it is `status`.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "keys/sign.h"
#include "node/clock.h"
#include "node/cmd.h"
#include "node/failpoint.h"
#include "node/http_json.h"

#define DEFAULT_DIR "/etc/cimesh"

const struct cmd cmd_table[] = {
    {"init", "COMMUNITY/NODE [--endpoint tcp://HOST:PORT] [...]",
     "make a site directory: keys, configuration, roster file", cmd_init_help,
     cmd_init, false},
    {"node", "", "run this node in the foreground, log on stderr",
     cmd_node_help, cmd_node, false},
    {"roster",
     "add [--replace] FILE | show [COMMUNITY]\n"
     "       | check [FILE...] | diff FILE | remove COMMUNITY",
     "the communities trusted here", cmd_roster_help, cmd_roster, false},
    {"follow", "TOPIC... [--since all|now]", "hear this from others",
     cmd_follow_help, cmd_follow, false},
    {"unfollow", "TOPIC...", "hear this no more", cmd_unfollow_help,
     cmd_unfollow, false},
    {"publish", "TYPE field=value ... | --from-env | --file FILE|-",
     "say what happened: signed, kept and sent to who follows",
     cmd_publish_help, cmd_publish, false},
    {"sub", "PREFIX... [-C N] [-W SECONDS] [--since WHEN]",
     "show events as they arrive", cmd_sub_help, cmd_sub, false},
    {"log", "[PREFIX...] [-n N] [--since WHEN]", "show what is stored",
     cmd_log_help, cmd_log, false},
    {"show", "[COMMUNITY:]ID [--proof]", "show one event, or its proof",
     cmd_show_help, cmd_show, false},
    {"latest",
     "PREFIX [--branch B] [--name N]\n"
     "       [--with COMMUNITY:LEVEL=RESULT]... [--by COMMUNITY]\n"
     "       [--template T] [--wait SECONDS]",
     "the URL of the newest that holds", cmd_latest_help, cmd_latest, false},
    {"trace", "COMMUNITY:ID | URL | NAME [--up|--down] [--depth N] [--dot]",
     "what it is made of and part of, who stamped it", cmd_trace_help,
     cmd_trace, false},
    {"diff", "BASELINE BASELINE", "what changed between two baselines",
     cmd_diff_help, cmd_diff, false},
    {"fetch", "COMMUNITY:ID [--proof]", "get one event from any peer",
     cmd_fetch_help, cmd_fetch, false},
    {"verify", "FILE|-", "is this what a community said? without a node",
     cmd_verify_help, cmd_verify, false},
    {"status", "", "is my node well, who is up, is anything missing",
     cmd_status_help, cmd_status, false},
    {"check", "[--alive]", "the same for Nagios: one line, four exit codes",
     cmd_check_help, cmd_check, false},
    {"doctor", "", "what is wrong here, and what to do next", cmd_doctor_help,
     cmd_doctor, false},
    {"peers", "", "each peer: heads, lag, gaps, refusals", cmd_peers_help,
     cmd_peers, false},
    {"hooks", "[list | runs [HOOK] [-n N]]",
     "what is triggered here, and how it ended", cmd_hooks_help, cmd_hooks,
     false},
    {"promote", "[list | explain SUBJECT | dry-run RULE]",
     "what the rules decide, and why", cmd_promote_help, cmd_promote, false},
    {"key", "show", "this node's public keys and fingerprint", cmd_key_help,
     cmd_key, false},
    {"reload", "", "the running node reads its files again", cmd_reload_help,
     cmd_reload, false},
    {"bench", "[--connections N] [--batch N] [--events N] [--seconds S]",
     "how many events a second this node acknowledges", cmd_bench_help,
     cmd_bench, false},
    {"backup", "FILE", "copy the store to FILE, while the node runs",
     cmd_backup_help, cmd_backup, false},
    {"fsck", "[--dry-run]", "is all that is stored still what was signed",
     cmd_fsck_help, cmd_fsck, false},
    {"failpoints", "", "the moments at which a test may stop this build",
     cmd_failpoints_help, cmd_failpoints, true},
    {NULL, NULL, NULL, NULL, NULL, false},
};

struct line {
    struct cmd_context ctx;
    bool help, version;
    int argc; /* of the subcommand; 0: none was named */
    char **argv;
};

/* A general option at argv[*i]: 1 taken, 0 not one, -1 said on stderr. */
static int
general(struct line *line, char **argv, int *i)
{
    const char *arg = argv[*i];

    if (strcmp(arg, "--json") == 0) {
        line->ctx.json = true;
    } else if (strcmp(arg, "--help") == 0 || strcmp(arg, "-h") == 0) {
        line->help = true;
    } else if (strncmp(arg, "--dir=", 6) == 0) {
        line->ctx.dir = arg + 6;
    } else if (strcmp(arg, "--dir") == 0) {
        line->ctx.dir = argv[*i + 1] ? argv[++*i] : "";
    } else {
        return 0;
    }
    if (*line->ctx.dir)
        return 1;
    cmd_usage("", "--dir needs the site directory as its value");
    return -1;
}

/* Before the subcommand. Returns its index, argc without one, or -1. */
static int
read_front(struct line *line, int argc, char **argv)
{
    static const char *const known[] = {"--dir", "--json", "--help",
                                        "--version", NULL};
    int i, taken;

    for (i = 1; i < argc && argv[i][0] == '-'; i++) {
        if (strcmp(argv[i], "--version") == 0) {
            line->version = true;
            continue;
        }
        if ((taken = general(line, argv, &i)) == 1)
            continue;
        if (taken == 0)
            cmd_unknown("", "option", argv[i], known);
        return -1;
    }
    return i < argc ? i : argc;
}

/* Takes the general options out of what follows the subcommand. */
static int
read_rest(struct line *line, char **argv)
{
    int n = 1, taken;

    line->argv = argv;
    for (int i = 1; argv[i]; i++) {
        if (strcmp(argv[i], "--") == 0) {
            for (; argv[i]; i++)
                argv[n++] = argv[i];
            break;
        }
        if ((taken = general(line, argv, &i)) < 0)
            return -1;
        if (taken == 0)
            argv[n++] = argv[i];
    }
    argv[n] = NULL;
    line->argc = n;
    return 0;
}

static int
run(const struct line *line, const char *name)
{
    static char status[] = "status";
    char *alone[] = {status, NULL};

    for (const struct cmd *c = cmd_table; c->name; c++)
        if (strcmp(c->name, name) == 0)
            return line->argc ? c->run(&line->ctx, line->argc, line->argv)
                              : c->run(&line->ctx, 1, alone);
    return cmd_help(name); /* says what it may have been */
}

static int
dispatch(struct line *line, int argc, char **argv)
{
    int at = read_front(line, argc, argv);

    if (at < 0 || (at < argc && read_rest(line, argv + at) < 0))
        return CMD_USAGE;
    if (line->version) {
        puts("cimesh " CIM_VERSION);
        return CMD_OK;
    }
    if (line->argc && strcmp(line->argv[0], "help") == 0)
        return cmd_help(line->argc > 1 ? line->argv[1] : NULL);
    if (line->help)
        return cmd_help(line->argc ? line->argv[0] : NULL);
    return run(line, line->argc ? line->argv[0] : "status");
}

/* A closed 0, 1 or 2 would be given to the next file opened: a database. */
static void
fill_standard_fds(void)
{
    int fd;

    do
        fd = open("/dev/null", O_RDWR | O_CLOEXEC);
    while (fd >= 0 && fd <= 2);
    if (fd > 2)
        close(fd);
}

/* What was printed has to have arrived; a reader that left is no failure. */
static int
finish(int rc)
{
    if ((fflush(stdout) != 0 || ferror(stdout)) && errno != EPIPE && rc == 0)
        return cmd_fail(CMD_STORAGE, "", "stdout: %s", strerror(errno));
    return rc;
}

/* What tests set; in other builds nothing is looked at. */
static int
start_test_doors(void)
{
    struct cim_diag diag = {{0}};
    enum cim_err err = clock_start(&diag);

#ifdef CIM_FAILPOINTS
    if (err == CIM_OK)
        err = failpoint_start(getenv("CIMESH_FAILPOINT"), &diag);
#endif
    return err == CIM_OK ? CMD_OK : cmd_fail(CMD_USAGE, "", "%s", diag.text);
}

int
main(int argc, char **argv)
{
    const char *dir = getenv("CIMESH_DIR");
    struct line line = {.ctx.dir = dir && *dir ? dir : DEFAULT_DIR};

    fill_standard_fds();
    /* A reader that leaves is no failure of ours: see finish. */
    signal(SIGPIPE, SIG_IGN);
    http_json_start();
    if (cim_sodium_start())
        return cmd_fail(CMD_SYSTEM, "",
                        "the crypto library does not start; is there a "
                        "source of random numbers (/dev/urandom)?");
    int code = start_test_doors();
    if (code != CMD_OK)
        return code;
    return finish(dispatch(&line, argc, argv));
}

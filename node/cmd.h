/* SPDX-License-Identifier: MPL-2.0 */
/*
 * cmd - the subcommands: one table serves dispatch, help and suggestions.
 *
 * One cmd_*.c per subcommand (or family). stdout is data, stderr is talk.
 */
#ifndef CIM_NODE_CMD_H
#define CIM_NODE_CMD_H

#include <stdbool.h>

#include "keys/bytes.h"
#include "node/suggest.h"

/* Exit codes: sysexits(3), and timeout(1)'s 124. */
enum cmd_exit {
    CMD_OK = 0,
    CMD_USAGE = 64,       /* the command line */
    CMD_DATA = 65,        /* bad input data */
    CMD_NOTFOUND = 66,    /* nothing found */
    CMD_UNAVAILABLE = 69, /* no node answers */
    CMD_BUG = 70,         /* ours */
    CMD_SYSTEM = 71,      /* out of memory, no process */
    CMD_STORAGE = 74,     /* cannot read or write */
    CMD_AGAIN = 75,       /* try again later: full, busy, stopping */
    CMD_DENIED = 77,      /* not allowed */
    CMD_CONFIG = 78,      /* configuration */
    CMD_TIMEOUT = 124     /* waited too long */
};

struct cmd_context {
    const char *dir; /* site directory, from --dir, CIMESH_DIR or the default */
    bool json;       /* --json was given */
};

struct cmd {
    const char *name;    /* "publish" */
    const char *usage;   /* "TYPE field=value ... | --file FILE|-" */
    const char *summary; /* one line for the list */
    const char *help;    /* examples, an empty line, options, exit codes */
    /* argv[0] is the name; --dir, --json and --help are taken out. */
    int (*run)(const struct cmd_context *ctx, int argc, char **argv);
    bool hidden; /* for tests: not in the list of commands */
};

/* The table in main.c, NULL-named row at the end. */
extern const struct cmd cmd_table[];

/* "cimesh publish: message" on stderr, a hint to --help; returns 64. */
int cmd_usage(const char *cmd, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
/* "cimesh publish: message" on stderr; returns code. */
int cmd_fail(enum cmd_exit code, const char *cmd, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* The exit code that goes with an error. */
enum cmd_exit cmd_exit_of(enum cim_err err);

/* "'pubish' is no WHAT, did you mean 'publish'?" as cmd_usage. */
int cmd_unknown(const char *cmd, const char *what, const char *word,
                const char *const *words);

/* Values of an option that may be given again. */
#define CMD_VALUES_MAX 32
struct cmd_values {
    const char *v[CMD_VALUES_MAX];
    size_t n;
};
/* One option: exactly one of value, values and flag is set. */
struct cmd_option {
    const char *name;   /* "--since" or "-C"; NULL ends a table */
    const char **value; /* takes a value; lent from argv */
    struct cmd_values *values;
    bool *flag; /* takes none */
};
/*
 * Takes the options out of argv and leaves argv[0] and the words, in order.
 * "--since 1h", "--since=1h", "-C 5" and "-C5"; "--" ends options; "-" is a
 * word. Returns 0, or 64 with the sentence on stderr.
 */
int cmd_options(const char *cmd, int *argc, char **argv,
                const struct cmd_option *options);

/*
 * Tells a running node to read its files again: what changed goes to stderr.
 * That no node runs is fine, and said. Returns 0 or the exit code; roster
 * files that it refuses are named, 78 if that of community (or NULL) is one.
 */
int cmd_apply(const struct cmd_context *ctx, const char *cmd,
              const char *community);

/*
 * cimesh.zpl of the site directory; settings_destroy frees it. Returns 0, or
 * the exit code with the sentence on stderr: 78, 77 when it may not be read.
 */
struct settings;
int cmd_site(const struct cmd_context *ctx, const char *cmd,
             struct settings **out);

/* `cimesh help` and `cimesh help WORD`, on stdout; returns 0 or 64. */
int cmd_help(const char *word);

/* text as a JSON string, with its quotes, on stdout. */
void cmd_print_json(const char *text);

/* Each cmd_NAME.c has the text of --help beside what it describes. */
extern const char cmd_init_help[], cmd_node_help[], cmd_roster_help[],
    cmd_follow_help[], cmd_unfollow_help[], cmd_key_help[], cmd_reload_help[],
    cmd_publish_help[], cmd_sub_help[], cmd_log_help[], cmd_show_help[],
    cmd_verify_help[], cmd_status_help[], cmd_peers_help[], cmd_hooks_help[],
    cmd_bench_help[], cmd_check_help[], cmd_doctor_help[], cmd_backup_help[],
    cmd_fsck_help[], cmd_failpoints_help[], cmd_latest_help[], cmd_trace_help[],
    cmd_diff_help[], cmd_fetch_help[], cmd_promote_help[];

int cmd_init(const struct cmd_context *ctx, int argc, char **argv);
int cmd_node(const struct cmd_context *ctx, int argc, char **argv);
int cmd_roster(const struct cmd_context *ctx, int argc, char **argv);
int cmd_follow(const struct cmd_context *ctx, int argc, char **argv);
int cmd_unfollow(const struct cmd_context *ctx, int argc, char **argv);
int cmd_key(const struct cmd_context *ctx, int argc, char **argv);
int cmd_reload(const struct cmd_context *ctx, int argc, char **argv);
int cmd_publish(const struct cmd_context *ctx, int argc, char **argv);
int cmd_sub(const struct cmd_context *ctx, int argc, char **argv);
int cmd_log(const struct cmd_context *ctx, int argc, char **argv);
int cmd_show(const struct cmd_context *ctx, int argc, char **argv);
int cmd_verify(const struct cmd_context *ctx, int argc, char **argv);
int cmd_status(const struct cmd_context *ctx, int argc, char **argv);
int cmd_check(const struct cmd_context *ctx, int argc, char **argv);
int cmd_doctor(const struct cmd_context *ctx, int argc, char **argv);
int cmd_peers(const struct cmd_context *ctx, int argc, char **argv);
int cmd_promote(const struct cmd_context *ctx, int argc, char **argv);
int cmd_hooks(const struct cmd_context *ctx, int argc, char **argv);
int cmd_backup(const struct cmd_context *ctx, int argc, char **argv);
int cmd_fsck(const struct cmd_context *ctx, int argc, char **argv);
int cmd_latest(const struct cmd_context *ctx, int argc, char **argv);
int cmd_trace(const struct cmd_context *ctx, int argc, char **argv);
int cmd_diff(const struct cmd_context *ctx, int argc, char **argv);
int cmd_fetch(const struct cmd_context *ctx, int argc, char **argv);
int cmd_bench(const struct cmd_context *ctx, int argc, char **argv);
int cmd_failpoints(const struct cmd_context *ctx, int argc, char **argv);

#endif

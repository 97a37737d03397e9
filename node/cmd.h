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
    const char *help;    /* examples first, then options, then exit codes */
    int (*run)(const struct cmd_context *ctx, int argc, char **argv);
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

/* The closest of these words, or NULL: for "did you mean". */
const char *suggest(const char *word, const char *const *words);

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
int cmd_peers(const struct cmd_context *ctx, int argc, char **argv);
int cmd_hooks(const struct cmd_context *ctx, int argc, char **argv);
int cmd_bench(const struct cmd_context *ctx, int argc, char **argv);

#endif

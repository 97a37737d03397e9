/* SPDX-License-Identifier: MPL-2.0 */
/* cmd_roster - what the verbs of `cimesh roster` share. */
#ifndef CIM_NODE_CMD_ROSTER_H
#define CIM_NODE_CMD_ROSTER_H

#include <stdio.h>

#include "node/cmd.h"
#include "node/roster_file.h"
#include "node/settings.h"

/* The roster folder of a site; settings NULL where there is only a roster. */
struct cmd_site {
    struct settings *settings;
    char *dir; /* owned: the folder */
    struct roster_load load;
};

/*
 * Reads it; files that are refused are told on stderr. Returns 0 or the exit
 * code, with the sentence on stderr; clear in both cases.
 */
int cmd_site_open(const struct cmd_context *ctx, const char *cmd,
                  struct cmd_site *out);
void cmd_site_clear(struct cmd_site *site);
/* DIR/NAME.zpl; the caller's. */
char *cmd_site_path(const struct cmd_site *site, const char *community);

/* One file's community; 0 or the exit code with the sentence on stderr. */
int cmd_roster_read(const char *path, struct roster_community **out,
                    struct cim_buf *bytes);

/* Name, serial, contact; each node with endpoints and fingerprint. */
void cmd_roster_print(const struct roster_community *c, FILE *out);

/* What differs, a line each: "+ odl/ci-2 ...". held may be NULL. False when
 * nothing does. */
bool cmd_roster_print_diff(const struct roster_community *held,
                           const struct roster_community *fresh, FILE *out);

int cmd_roster_add(const struct cmd_context *ctx, int argc, char **argv);
int cmd_roster_show(const struct cmd_context *ctx, int argc, char **argv);

#endif

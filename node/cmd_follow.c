/* SPDX-License-Identifier: MPL-2.0 */
/* cmd_follow - follow and unfollow: what this node wants from others. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "node/cmd.h"
#include "node/file.h"
#include "node/settings.h"

const char cmd_follow_help[] =
    "Examples:\n"
    "    cimesh follow odl/                       all that odl says\n"
    "    cimesh follow odl/ArtifactCreated/master\n"
    "    cimesh follow 'odl/Art*' --since now     by characters; no history\n"
    "    cimesh follow '*'                        everybody in the roster\n"
    "\n"
    "Adds topics to `follow` in cimesh.zpl, keeps its comments, and tells the\n"
    "running node. A topic matches whole segments unless it ends in '*'.\n"
    "    --since all    also what was said before (default)\n"
    "    --since now    only what is said from now on\n"
    "\n"
    "Exit codes: 0; 64 no such form of topic; 65 followed otherwise; 78 no\n"
    "site here, or a mistake in cimesh.zpl.\n";

const char cmd_unfollow_help[] =
    "Examples:\n"
    "    cimesh unfollow odl/ArtifactCreated/master\n"
    "\n"
    "Takes a topic out of `follow` in cimesh.zpl and tells the running node.\n"
    "What was received stays.\n"
    "\n"
    "Exit codes: 0; 66 it is not followed; 78 no site here, or a mistake in\n"
    "cimesh.zpl.\n";

static int
parse(const char *cmd, const char *typed, struct cim_prefix *out)
{
    struct cim_diag diag = {{0}};

    if (!cim_prefix_parse(cim_bytes_str(typed), out, &diag))
        return 0;
    return cmd_usage(cmd, "'%.100s': %s", typed, diag.text);
}

/* All are well formed before the first is written. */
static int
check_topics(const char *cmd, char **topics)
{
    struct cim_prefix unused;
    int code = 0;

    for (; *topics && !code; topics++)
        code = parse(cmd, *topics, &unused);
    return code;
}

/* A follow of somebody who is not here yet is fine, but worth a word. */
static void
warn_absent(const struct settings *settings, const struct cim_prefix *prefix)
{
    struct cim_bytes name = cim_community_of(cim_prefix_bytes(prefix));
    char file[CIM_NAME_MAX + 5], *path;
    struct cim_buf text = {0};

    if (!cim_name_valid(name) || !memchr(prefix->text, '/', prefix->len))
        return;
    snprintf(file, sizeof file, "%.*s.zpl", (int)name.len,
             (const char *)name.p);
    path = file_join(settings->roster_dir, file);
    if (file_read(path, ROSTER_TEXT_MAX, &text, NULL) == CIM_ENOENT)
        fprintf(stderr,
                "%.*s is not in the roster yet; with its file: cimesh roster "
                "add %s\n",
                (int)name.len, (const char *)name.p, file);
    cim_buf_clear(&text);
    free(path);
}

static int
edit_failed(const char *cmd, enum cim_err err, const struct cim_diag *diag)
{
    enum cmd_exit code =
        err == CIM_EFORM || err == CIM_ETOOBIG ? CMD_CONFIG : cmd_exit_of(err);

    return cmd_fail(code, cmd, "%s", diag->text);
}

static int
follow_one(const struct cmd_context *ctx, const struct settings *settings,
           const char *typed, bool now, bool *any)
{
    struct cim_prefix prefix;
    struct cim_diag diag = {{0}};
    bool changed = false;
    enum cim_err err;
    int code = parse("follow", typed, &prefix);

    if (code)
        return code;
    err = settings_follow_add(ctx->dir, &prefix, now, &changed, &diag);
    if (err)
        return edit_failed("follow", err, &diag);
    if (!changed)
        fprintf(stderr, "%s is followed already.\n", typed);
    *any |= changed;
    warn_absent(settings, &prefix);
    return 0;
}

int
cmd_follow(const struct cmd_context *ctx, int argc, char **argv)
{
    const char *since = "all";
    const struct cmd_option options[] = {{.name = "--since", .value = &since},
                                         {0}};
    struct settings *settings;
    bool any = false, now;
    int code = cmd_options("follow", &argc, argv, options), told;

    if (code)
        return code;
    if (argc < 2)
        return cmd_usage("follow", "which topic? For instance odl/");
    now = strcmp(since, "now") == 0;
    if (!now && strcmp(since, "all") != 0)
        return cmd_usage("follow", "--since is 'all' or 'now', not '%s'",
                         since);
    if ((code = check_topics("follow", argv + 1)) ||
        (code = cmd_site(ctx, "follow", &settings)))
        return code;
    for (int i = 1; i < argc && !code; i++)
        code = follow_one(ctx, settings, argv[i], now, &any);
    settings_destroy(&settings);
    told = any ? cmd_apply(ctx, "follow", NULL) : 0;
    return code ? code : told;
}

int
cmd_unfollow(const struct cmd_context *ctx, int argc, char **argv)
{
    static const struct cmd_option none[] = {{0}};
    struct settings *settings;
    struct cim_prefix prefix;
    struct cim_diag diag = {{0}};
    bool changed = false, any = false;
    enum cim_err err;
    int code = cmd_options("unfollow", &argc, argv, none), told;

    if (code)
        return code;
    if (argc < 2)
        return cmd_usage("unfollow", "which topic?");
    if ((code = check_topics("unfollow", argv + 1)) ||
        (code = cmd_site(ctx, "unfollow", &settings)))
        return code;
    settings_destroy(&settings);
    for (int i = 1; i < argc && !code; i++) {
        if ((code = parse("unfollow", argv[i], &prefix)))
            break;
        err = settings_follow_remove(ctx->dir, &prefix, &changed, &diag);
        if (err)
            code = edit_failed("unfollow", err, &diag);
        any |= changed;
    }
    told = any ? cmd_apply(ctx, "unfollow", NULL) : 0;
    return code ? code : told;
}

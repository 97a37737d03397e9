/* SPDX-License-Identifier: MPL-2.0 */
/* cmd_roster - the communities trusted here: check, diff, remove. */
#include "node/cmd_roster.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "node/file.h"
#include "node/mem.h"

const char cmd_roster_help[] =
    "Examples:\n"
    "    cimesh roster add opnfv.zpl      trust a community, or its new file\n"
    "    curl -s https://opnfv.example.org/opnfv.zpl | cimesh roster add -\n"
    "    cimesh roster show               who is trusted, with fingerprints\n"
    "    cimesh roster diff opnfv.zpl     what add would change\n"
    "    cimesh roster check              this site's files\n"
    "    cimesh roster check opnfv.zpl    a file before it is sent\n"
    "    cimesh roster remove opnfv\n"
    "\n"
    "add checks the file, shows whom it names, installs it in roster/ and\n"
    "tells the running node. Compare the fingerprints with their owner over\n"
    "another channel, by phone for instance. A key that changed without\n"
    "having been announced needs --replace. The file of another node of our\n"
    "own community is merged into ours, whose serial is raised; give the\n"
    "merged file to everybody. FILE may be '-', standard input.\n"
    "show takes --json.\n"
    "\n"
    "Exit codes: 0; 65 a mistake in FILE, or it is older than what is here;\n"
    "66 no such file or community; 77 a key changed or belongs to somebody\n"
    "else; 78 a mistake in this site's own files.\n";

/* ---- shared ------------------------------------------------------------- */

static void
tell_refused(const char *cmd, const struct roster_load *load)
{
    for (size_t i = 0; i < load->n_changes; i++)
        if (load->changes[i].what == ROSTER_REFUSED)
            fprintf(stderr, "cimesh %s: left out: %s\n", cmd,
                    load->changes[i].diag.text);
}

int
cmd_site_open(const struct cmd_context *ctx, const char *cmd,
              struct cmd_site *out)
{
    struct cim_diag diag = {{0}};
    enum cim_err err = settings_load(ctx->dir, &out->settings, &diag);

    out->dir = NULL;
    out->load = (struct roster_load){0};
    if (err && err != CIM_ENOENT)
        return cmd_fail(err == CIM_EPERM ? CMD_DENIED : CMD_CONFIG, cmd, "%s",
                        diag.text);
    out->dir = err ? file_join(ctx->dir, "roster")
                   : xstrdup(out->settings->roster_dir);
    if ((err = roster_dir_load(out->dir, NULL, 0, &out->load, &diag)))
        return cmd_fail(err == CIM_EPERM ? CMD_DENIED : CMD_CONFIG, cmd,
                        "%s; the roster is a folder of the site: name the "
                        "site with --dir, or make one: cimesh init",
                        diag.text);
    tell_refused(cmd, &out->load);
    return 0;
}

void
cmd_site_clear(struct cmd_site *site)
{
    settings_destroy(&site->settings);
    roster_load_clear(&site->load);
    free(site->dir);
}

char *
cmd_site_path(const struct cmd_site *site, const char *community)
{
    char *file = xasprintf("%s.zpl", community);
    char *path = file_join(site->dir, file);

    free(file);
    return path;
}

int
cmd_roster_read(const char *path, struct roster_community **out,
                struct cim_buf *bytes)
{
    struct cim_diag diag = {{0}};
    enum cim_err err = roster_file_load(path, out, bytes, &diag);

    return err ? cmd_fail(cmd_exit_of(err), "roster", "%s", diag.text) : 0;
}

/* ---- check -------------------------------------------------------------- */

static int
check_file(const char *path, const struct roster *beside)
{
    struct roster_community *c = NULL;
    struct cim_buf bytes = {0};
    struct cim_diag diag = {{0}};
    enum cim_err err;
    int code = cmd_roster_read(path, &c, &bytes);

    if (!code && beside &&
        (err = roster_file_fits(
             beside, roster_find(beside, cim_bytes_str(c->name)), c, &diag)))
        code = cmd_fail(err == CIM_EVERSION ? CMD_DATA : CMD_DENIED, "roster",
                        "%s: %s", path, diag.text);
    if (!code)
        printf("%s: ok, %s serial %" PRIu64 ", nodes: %zu\n", path, c->name,
               c->serial, c->n_nodes);
    if (c)
        roster_community_destroy(&c);
    cim_buf_clear(&bytes);
    return code;
}

/* What this node wants from somebody who is not here is worth a word. */
static void
warn_absent(const struct settings *s, const struct roster *roster,
            const char *what, const char *label,
            const struct cim_prefix *prefix)
{
    struct cim_bytes name = cim_community_of(cim_prefix_bytes(prefix));

    if (!cim_name_valid(name) || roster_find(roster, name) ||
        !memchr(prefix->text, '/', prefix->len))
        return;
    fprintf(stderr,
            "Warning: %s's %s '%s' names %.*s, which is not in the roster.\n",
            s->node, what, label, (int)name.len, (const char *)name.p);
}

static int
check_own(const struct settings *s, const struct roster *roster)
{
    for (size_t i = 0; i < s->n_follows; i++)
        for (size_t j = 0; j < s->follows[i].n; j++)
            warn_absent(s, roster, "follow", s->follows[i].label,
                        &s->follows[i].prefixes[j]);
    for (size_t i = 0; i < s->n_hooks; i++)
        warn_absent(s, roster, "hook", s->hooks[i].name, &s->hooks[i].prefix);
    if (roster_node(roster, cim_bytes_str(s->node)))
        return 0;
    return cmd_fail(CMD_CONFIG, "roster",
                    "%s/%s.zpl does not name this node, %s; put its entry "
                    "back (keys: cimesh key show)",
                    s->roster_dir, s->community, s->node);
}

static int
check_site(const struct cmd_site *site)
{
    const struct roster *roster = site->load.roster;
    size_t refused = 0;
    int code = 0;

    for (size_t i = 0; i < site->load.n_changes; i++)
        refused += site->load.changes[i].what == ROSTER_REFUSED;
    if (site->settings)
        code = check_own(site->settings, roster);
    for (size_t i = 0; i < roster->n; i++)
        printf("%s/%s.zpl: ok, serial %" PRIu64 ", nodes: %zu\n", site->dir,
               roster->communities[i]->name, roster->communities[i]->serial,
               roster->communities[i]->n_nodes);
    return refused ? CMD_CONFIG : code;
}

static int
check(const struct cmd_context *ctx, int argc, char **argv)
{
    struct cmd_site site = {0};
    int code, worst;

    /* Files can be checked where there is no site. */
    if (argc > 1 && access(ctx->dir, X_OK) != 0) {
        for (worst = 0; *++argv;)
            if ((code = check_file(*argv, NULL)) > worst)
                worst = code;
        return worst;
    }
    worst = cmd_site_open(ctx, "roster", &site);
    if (!worst && argc == 1)
        worst = check_site(&site);
    for (int i = 1; i < argc && site.load.roster; i++)
        if ((code = check_file(argv[i], site.load.roster)) > worst)
            worst = code;
    cmd_site_clear(&site);
    return worst;
}

/* ---- diff, remove ------------------------------------------------------- */

static int
diff(const struct cmd_context *ctx, int argc, char **argv)
{
    struct roster_community *fresh = NULL;
    struct cim_buf bytes = {0};
    struct cmd_site site = {0};
    int code;

    if (argc != 2)
        return cmd_usage("roster", "diff takes one FILE, or '-'");
    code = cmd_site_open(ctx, "roster", &site);
    if (!code)
        code = cmd_roster_read(argv[1], &fresh, &bytes);
    if (!code && !cmd_roster_print_diff(
                     roster_find(site.load.roster, cim_bytes_str(fresh->name)),
                     fresh, stdout))
        fprintf(stderr, "No difference: %s is in force here.\n", fresh->name);
    if (fresh)
        roster_community_destroy(&fresh);
    cim_buf_clear(&bytes);
    cmd_site_clear(&site);
    return code;
}

static int
remove_file(const struct cmd_context *ctx, const struct cmd_site *site,
            const char *name)
{
    struct cim_diag diag = {{0}};
    char *path;
    int code = 0;

    if (!cim_name_valid(cim_bytes_str(name)))
        return cmd_usage("roster", "'%s' is no name of a community", name);
    if (site->settings && strcmp(site->settings->community, name) == 0)
        return cmd_fail(CMD_DENIED, "roster",
                        "%s is this node's own community; it stays", name);
    path = cmd_site_path(site, name);
    if (unlink(path) != 0)
        code = cmd_fail(cmd_exit_of(file_error(path, errno, &diag)), "roster",
                        "%s; who is here: cimesh roster show", diag.text);
    else
        fprintf(stderr, "Removed %s. What it said stays stored.\n", path);
    free(path);
    return code ? code : cmd_apply(ctx, "roster", NULL);
}

static int
remove_community(const struct cmd_context *ctx, int argc, char **argv)
{
    struct cmd_site site = {0};
    int code;

    if (argc != 2)
        return cmd_usage("roster", "remove takes one COMMUNITY");
    code = cmd_site_open(ctx, "roster", &site);
    if (!code)
        code = remove_file(ctx, &site, argv[1]);
    cmd_site_clear(&site);
    return code;
}

/* ---- dispatch ----------------------------------------------------------- */

int
cmd_roster(const struct cmd_context *ctx, int argc, char **argv)
{
    static const struct {
        const char *name;
        int (*run)(const struct cmd_context *ctx, int argc, char **argv);
    } verbs[] = {{"add", cmd_roster_add},
                 {"show", cmd_roster_show},
                 {"check", check},
                 {"diff", diff},
                 {"remove", remove_community}};
    static const char *const names[] = {"add",  "show",   "check",
                                        "diff", "remove", NULL};
    static const struct cmd_option none[] = {{0}};
    int code;

    if (argc < 2)
        return cmd_usage("roster", "say add, show, check, diff or remove");
    for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++) {
        if (strcmp(argv[1], verbs[i].name) != 0)
            continue;
        argc--;
        argv++;
        /* add has an option of its own and reads the line itself. */
        if (i > 0 && (code = cmd_options("roster", &argc, argv, none)))
            return code;
        return verbs[i].run(ctx, argc, argv);
    }
    return cmd_unknown("roster", "verb of roster", argv[1], names);
}

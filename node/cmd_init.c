/* SPDX-License-Identifier: MPL-2.0 */
/*
 * cmd_init - makes a site directory: keys, configuration, roster file.
 *
 * Whole or not at all: what was made is remembered and taken away again when
 * a later step fails, and nothing that was there is ever touched. A mark in
 * the folder says that an init began; cimesh.zpl is the last file made. Where
 * the first is and the second is not, an init was killed: the next one starts
 * anew.
 */
#include "node/cmd_init.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "keys/identity.h"
#include "node/cmd.h"
#include "node/file.h"
#include "node/mem.h"
#include "node/roster_file.h"
#include "node/zpl.h"
#include "proto/topic.h"

#define MARK ".init-unfinished" /* holds the name of the roster file */

const char cmd_init_help[] =
    "Examples:\n"
    "    cimesh init odl/ci-1 --endpoint tcp://ci.example.org:7570\n"
    "    cimesh --dir ./site init odl/ci-1 --endpoint tcp://127.0.0.1:7570\n"
    "    cimesh init odl/desk-3         a follower that nobody can dial\n"
    "\n"
    "Makes the site directory: a key pair, cimesh.zpl and roster/odl.zpl,\n"
    "the file to give to others. Prints the roster file's path.\n"
    "    --endpoint tcp://HOST:PORT  what others dial for events\n"
    "    --sync tcp://HOST:PORT      what they dial for what they missed;\n"
    "                                default: the next port\n"
    "    --contact TEXT              whom to ask, for the roster file\n"
    "    --key FILE                  a key file made before; it stays there\n"
    "    --api PATH                  the local socket; default run/api.sock\n"
    "    --system                    data in /var/lib/cimesh, the socket in\n"
    "                                /run/cimesh: for the packaged service\n"
    "\n"
    "Exit codes: 0; 78 something is there already, and nothing was changed;\n"
    "77 not allowed to write there; 74 cannot write.\n";

/* ---- the command line --------------------------------------------------- */

static int
read_endpoints(struct init *in, const char *events, const char *sync)
{
    if (!events && sync)
        return cmd_usage("init", "--sync without --endpoint; give both, or "
                                 "none for a node nobody can dial");
    if (!events)
        return 0;
    in->dialled = true;
    if (endpoint_parse(events, ENDPOINT_DIAL, &in->events, &in->diag))
        return cmd_usage("init", "--endpoint: %s", in->diag.text);
    in->sync = in->events;
    in->sync.port++;
    if (sync && endpoint_parse(sync, ENDPOINT_DIAL, &in->sync, &in->diag))
        return cmd_usage("init", "--sync: %s", in->diag.text);
    if (in->sync.port > 65535)
        return cmd_usage("init", "there is no port behind 65535 for catch-up; "
                                 "give one with --sync");
    if (in->sync.port == in->events.port &&
        strcmp(in->sync.host, in->events.host) == 0)
        return cmd_usage("init", "--sync needs a port of its own");
    return 0;
}

static int
check_contact(const struct init *in)
{
    struct cim_buf quoted = {0};
    bool fits = strlen(in->contact) <= ROSTER_CONTACT_MAX &&
                !zpl_quote(cim_bytes_str(in->contact), &quoted);

    cim_buf_clear(&quoted);
    return fits ? 0
                : cmd_usage("init",
                            "--contact is 1 to %d bytes of text, without "
                            "control characters and not with both kinds of "
                            "quotes",
                            ROSTER_CONTACT_MAX);
}

/* It has to stand in cimesh.zpl; NULL is fine. */
static int
check_path(const char *option, const char *path)
{
    struct cim_buf quoted = {0};
    bool fits = !path || !zpl_quote(cim_bytes_str(path), &quoted);

    cim_buf_clear(&quoted);
    return fits ? 0
                : cmd_usage("init",
                            "%s is a path without control characters and "
                            "without both kinds of quotes",
                            option);
}

static int
read_line(struct init *in, int argc, char **argv)
{
    const char *events = NULL, *sync = NULL;
    const struct cmd_option options[] = {
        {.name = "--endpoint", .value = &events},
        {.name = "--sync", .value = &sync},
        {.name = "--contact", .value = &in->contact},
        {.name = "--key", .value = &in->key_file},
        {.name = "--api", .value = &in->api},
        {.name = "--system", .flag = &in->system},
        {0}};
    struct cim_bytes community;
    int code = cmd_options("init", &argc, argv, options);

    if (code)
        return code;
    if (argc != 2)
        return cmd_usage("init", "one name is needed, COMMUNITY/NODE, for "
                                 "instance odl/ci-1");
    in->node = argv[1];
    if (!cim_node_valid(cim_bytes_str(in->node)))
        return cmd_usage("init",
                         "'%s' is no node name; write COMMUNITY/NODE, each 1 "
                         "to %d of a-z, 0-9 and '-', for instance odl/ci-1",
                         in->node, CIM_NAME_MAX);
    community = cim_community_of(cim_bytes_str(in->node));
    memcpy(in->community, community.p, community.len);
    if ((code = read_endpoints(in, events, sync)) ||
        (code = check_path("--key", in->key_file)) ||
        (code = check_path("--api", in->api)))
        return code;
    return in->contact ? check_contact(in) : 0;
}

/* ---- making ------------------------------------------------------------- */

static void
remember(struct init *in, const char *path)
{
    if (in->n_made < sizeof in->made / sizeof *in->made)
        in->made[in->n_made++] = xstrdup(path);
}

static void
undo(struct init *in)
{
    for (size_t i = in->n_made; i > 0; i--)
        if (remove(in->made[i - 1]) != 0)
            fprintf(stderr, "cimesh init: %s: left behind: %s\n",
                    in->made[i - 1], strerror(errno));
}

static enum cim_err
make_folder(struct init *in, const char *path, mode_t mode)
{
    struct stat st;

    if (mkdir(path, mode) == 0) {
        remember(in, path);
        return CIM_OK;
    }
    if (errno == EEXIST && stat(path, &st) == 0 && S_ISDIR(st.st_mode))
        return CIM_OK;
    return file_error(path, errno, &in->diag);
}

/* The folder and those above it. */
static enum cim_err
make_path(struct init *in, const char *path)
{
    char *part = xstrdup(path);
    enum cim_err err = CIM_OK;

    for (char *p = part + 1; *p && !err; p++) {
        if (*p != '/')
            continue;
        *p = '\0';
        err = make_folder(in, part, 0755);
        *p = '/';
    }
    if (!err)
        err = make_folder(in, part, 0755);
    free(part);
    return err;
}

static enum cim_err
make_folders(struct init *in)
{
    static const struct {
        const char *name, *system;
        mode_t mode;
    } folders[] = {{"keys", "keys", 0700},
                   {"roster", "roster", 0755},
                   {"data", SYSTEM_DATA, 0700},
                   {"run", SYSTEM_RUN, 0755}};
    enum cim_err err = make_path(in, in->dir);

    for (size_t i = 0; i < sizeof folders / sizeof *folders && !err; i++) {
        const char *name = in->system ? folders[i].system : folders[i].name;
        char *path = file_join(in->dir, name);

        err = make_folder(in, path, folders[i].mode);
        free(path);
    }
    return err;
}

static enum cim_err
make_file(struct init *in, const char *path, struct cim_buf *text)
{
    enum cim_err err = file_make(path, cim_buf_bytes(text), 0644, &in->diag);

    if (!err)
        remember(in, path);
    cim_buf_clear(text);
    return err;
}

/* New keys, or those of --key. */
static enum cim_err
make_keys(struct init *in, struct cim_identity **id)
{
    enum cim_err err;

    if (in->key_file)
        return cim_identity_load(in->key, id, &in->diag);
    if ((err = cim_identity_make(id)) ||
        (err = cim_identity_save(*id, in->key, &in->diag)))
        return err;
    remember(in, in->key);
    return CIM_OK;
}

static enum cim_err
make_files(struct init *in)
{
    struct cim_buf mark = {0}, roster = {0}, config = {0};
    struct cim_identity *id = NULL;
    struct roster_community *c;
    enum cim_err err;

    if ((err = make_folders(in)))
        return err;
    if (cim_buf_add_str(&mark, strrchr(in->roster, '/') + 1))
        mem_fail();
    if ((err = make_file(in, in->mark, &mark)))
        return err;
    if (!(err = make_keys(in, &id))) {
        c = init_community(in, id);
        err = roster_file_write(c, &roster);
        roster_community_destroy(&c);
        init_config(in, &config);
    }
    if (!err)
        err = make_file(in, in->roster, &roster);
    if (!err)
        err = make_file(in, in->config, &config);
    cim_buf_clear(&roster);
    cim_buf_clear(&config);
    cim_identity_close(&id);
    return err;
}

/* What a killed init left; a key that was given is not its work. With a
 * configuration it was as good as done. */
static void
clear_unfinished(const struct init *in)
{
    struct cim_buf name = {0};
    struct cim_diag diag;
    bool done = access(in->config, F_OK) == 0 || access(in->data, F_OK) == 0;

    if (!done && file_read(in->mark, CIM_NAME_MAX + 8, &name, &diag) == 0 &&
        name.len && !memchr(name.p, '/', name.len)) {
        char *roster = xasprintf("%s/roster/%.*s", in->dir, (int)name.len,
                                 (const char *)name.p);
        (void)unlink(roster);
        if (!in->key_file)
            (void)unlink(in->key);
        free(roster);
    }
    (void)unlink(in->mark);
    cim_buf_clear(&name);
}

static int
check_absent(const struct init *in)
{
    const char *paths[] = {in->config, in->roster, in->data,
                           in->key_file ? NULL : in->key};
    struct stat st;

    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++)
        if (paths[i] && lstat(paths[i], &st) == 0)
            return cmd_fail(CMD_CONFIG, "init",
                            "%s exists already; nothing was changed. For "
                            "another node: --dir DIR",
                            paths[i]);
    return 0;
}

static int
make(struct init *in)
{
    enum cim_err err;
    int code;

    clear_unfinished(in);
    if ((code = check_absent(in)))
        return code;
    if (!(err = make_files(in))) {
        (void)unlink(in->mark);
        return 0;
    }
    undo(in);
    return cmd_fail(cmd_exit_of(err), "init", "%s; nothing was left behind",
                    in->diag.text[0] ? in->diag.text : cim_err_text(err));
}

static void
tell(const struct init *in, const char *dir)
{
    printf("%s\n", in->roster);
    fprintf(stderr,
            "Made %s for %s. Next:\n"
            "    1. give %s to the other communities\n"
            "    2. cimesh --dir %s roster add THEIR.zpl\n"
            "    3. cimesh --dir %s follow COMMUNITY/\n"
            "    4. ",
            dir, in->node, in->roster, dir, dir);
    if (in->system)
        fputs("systemctl enable --now cimesh.socket cimesh.service\n", stderr);
    else
        fprintf(stderr, "cimesh --dir %s node\n", dir);
    if (in->dialled && !endpoint_is_loopback(&in->events))
        fprintf(stderr, "Ports %u and %u have to be open for them.\n",
                in->events.port, in->sync.port);
}

int
cmd_init(const struct cmd_context *ctx, int argc, char **argv)
{
    struct init in = {0};
    char file[sizeof in.community + 16];
    int code = read_line(&in, argc, argv);

    if (code)
        return code;
    snprintf(file, sizeof file, "roster/%s.zpl", in.community);
    in.dir = file_join("", ctx->dir);
    in.key = in.key_file ? file_absolute(in.key_file)
                         : file_join(in.dir, "keys/node.key");
    in.roster = file_join(in.dir, file);
    in.config = file_join(in.dir, "cimesh.zpl");
    in.mark = file_join(in.dir, MARK);
    in.data = in.system ? xstrdup(SYSTEM_DATA "/cimesh.db")
                        : file_join(in.dir, "data/cimesh.db");
    if (!(code = make(&in)))
        tell(&in, ctx->dir);
    for (size_t i = 0; i < in.n_made; i++)
        free(in.made[i]);
    char *paths[] = {in.dir, in.key, in.roster, in.config, in.data, in.mark};
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++)
        free(paths[i]);
    return code;
}

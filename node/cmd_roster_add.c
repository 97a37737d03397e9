/* SPDX-License-Identifier: MPL-2.0 */
/*
 * roster add: a file from somebody else becomes trust here.
 *
 * Another community's file is installed byte for byte, so that it stays the
 * same everywhere. A file of our own community is merged: nodes that we do
 * not know are added to our file, our own entry is ours alone, and the serial
 * is raised. Unless it is a newer version of our own file, made by a node
 * that merged first: then it is installed as it is, or two nodes would raise
 * each other's serial for ever.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "node/cmd_roster.h"
#include "node/file.h"
#include "node/mem.h"

struct add {
    const struct cmd_context *ctx;
    struct cmd_site site;
    bool replace;
    struct roster_community *fresh;      /* owned */
    struct cim_buf bytes;                /* as read */
    const struct roster_community *held; /* lent from site */
    char *path;                          /* owned: where it goes */
};

static const struct roster_node *
find(const struct roster_community *c, const char *name)
{
    for (size_t i = 0; i < c->n_nodes; i++)
        if (strcmp(c->nodes[i].name, name) == 0)
            return &c->nodes[i];
    return NULL;
}

static bool
same_keys(const struct roster_node *a, const struct roster_node *b)
{
    return memcmp(a->sign.b, b->sign.b, CIM_KEY_LEN) == 0 &&
           memcmp(a->curve.b, b->curve.b, CIM_KEY_LEN) == 0;
}

/* ---- changed keys ------------------------------------------------------- */

/* A key may become the one that was announced before. */
static bool
key_changed(const struct roster_node *held, const struct roster_node *fresh)
{
    bool sign = memcmp(held->sign.b, fresh->sign.b, CIM_KEY_LEN) == 0 ||
                (held->has_sign_next &&
                 memcmp(held->sign_next.b, fresh->sign.b, CIM_KEY_LEN) == 0);
    bool curve = memcmp(held->curve.b, fresh->curve.b, CIM_KEY_LEN) == 0 ||
                 (held->has_curve_next &&
                  memcmp(held->curve_next.b, fresh->curve.b, CIM_KEY_LEN) == 0);

    return !sign || !curve;
}

/* Without its retired key nobody can check what a node signed before. */
static void
warn_forgotten(const struct roster_node *held, const struct roster_node *fresh)
{
    if (memcmp(held->sign.b, fresh->sign.b, CIM_KEY_LEN) == 0)
        return;
    for (unsigned i = 0; i < fresh->n_retired; i++)
        if (memcmp(held->sign.b, fresh->retired[i].sign.b, CIM_KEY_LEN) == 0)
            return;
    fprintf(stderr,
            "Warning: %s has a new signing key, and its old one is not under\n"
            "`retired`: what it signed before cannot be fetched any more.\n",
            fresh->name);
}

static int
check_changes(const struct add *add, const struct roster_community *fresh)
{
    const struct roster_node *was;

    for (size_t i = 0; add->held && i < fresh->n_nodes; i++) {
        if (!(was = find(add->held, fresh->nodes[i].name)))
            continue;
        warn_forgotten(was, &fresh->nodes[i]);
        if (!key_changed(was, &fresh->nodes[i]) || add->replace)
            continue;
        return cmd_fail(CMD_DENIED, "roster",
                        "%s has another key than before, which was not "
                        "announced; ask its owner over another channel, then: "
                        "cimesh roster add --replace FILE",
                        fresh->nodes[i].name);
    }
    return 0;
}

static int
check_fits(const struct add *add, const struct roster_community *fresh)
{
    struct cim_diag diag = {{0}};
    enum cim_err err =
        roster_file_fits(add->site.load.roster, add->held, fresh, &diag);

    if (err)
        return cmd_fail(err == CIM_EVERSION ? CMD_DATA : CMD_DENIED, "roster",
                        "%s", diag.text);
    return check_changes(add, fresh);
}

/* ---- installing --------------------------------------------------------- */

static int
install(const struct add *add, struct cim_bytes text)
{
    struct cim_diag diag = {{0}};
    enum cim_err err = file_replace(add->path, text, 0644, &diag);

    if (err)
        return cmd_fail(err == CIM_EPERM ? CMD_DENIED : CMD_STORAGE, "roster",
                        "%s", diag.text);
    fprintf(stderr, "Installed %s.\n", add->path);
    return cmd_apply(add->ctx, "roster", add->fresh->name);
}

/* What is there but was refused cannot be compared with what comes. */
static int
check_unreadable(const struct add *add)
{
    const struct roster_load *load = &add->site.load;

    if (add->held || add->replace)
        return 0;
    for (size_t i = 0; i < load->n_changes; i++)
        if (load->changes[i].what == ROSTER_REFUSED &&
            strcmp(load->changes[i].name, add->fresh->name) == 0)
            return cmd_fail(CMD_DENIED, "roster",
                            "the file that is there cannot be compared with "
                            "this one (see above); repair it, or: cimesh "
                            "roster add --replace FILE");
    return 0;
}

static int
add_other(const struct add *add)
{
    int code = check_unreadable(add);

    if (add->held)
        cmd_roster_print_diff(add->held, add->fresh, stderr);
    if (!code)
        code = check_fits(add, add->fresh);
    if (code)
        return code;
    if (add->held && roster_file_same(add->held, add->fresh)) {
        fprintf(stderr, "%s, serial %" PRIu64 ", is here already.\n",
                add->fresh->name, add->fresh->serial);
        return 0;
    }
    return install(add, cim_buf_bytes(&add->bytes));
}

/* ---- our own community -------------------------------------------------- */

/* Our file with the other's nodes put in. The caller's. */
static struct roster_community *
merged(const struct add *add, const char *self)
{
    struct roster_community *c = roster_community_copy(add->held);
    const struct roster_community *fresh = add->fresh;
    struct roster_node *node;

    for (size_t i = 0; i < fresh->n_nodes; i++) {
        if (strcmp(fresh->nodes[i].name, self) == 0)
            continue;
        node = (struct roster_node *)(uintptr_t)find(c, fresh->nodes[i].name);
        if (!node)
            node = roster_community_add(c, fresh->nodes[i].name);
        *node = fresh->nodes[i];
    }
    if (!roster_file_same(c, add->held))
        c->serial = (fresh->serial > c->serial ? fresh->serial : c->serial) + 1;
    return c;
}

static int
merge(const struct add *add, const char *self)
{
    struct roster_community *c = merged(add, self);
    struct cim_buf text = {0};
    int code = 0;

    if (roster_file_same(c, add->held))
        fprintf(stderr, "Our file holds all of this already.\n");
    else if (c->n_nodes > ROSTER_NODES_MAX)
        code = cmd_fail(CMD_DATA, "roster",
                        "together more than %d nodes of one community",
                        ROSTER_NODES_MAX);
    else if (!(code = check_fits(add, c))) {
        if (roster_file_write(c, &text))
            mem_fail();
        cmd_roster_print_diff(add->held, c, stderr);
        fprintf(stderr,
                "Merged; our file, now serial %" PRIu64 ", is what "
                "everybody needs.\n",
                c->serial);
        code = install(add, cim_buf_bytes(&text));
    }
    cim_buf_clear(&text);
    roster_community_destroy(&c);
    return code;
}

static int
add_own(const struct add *add)
{
    const char *self = add->site.settings->node;
    const struct roster_node *ours, *theirs;

    if (!add->held)
        return cmd_fail(CMD_CONFIG, "roster",
                        "this node's own %s is missing or refused (see "
                        "above); repair it first",
                        add->path);
    ours = find(add->held, self);
    theirs = find(add->fresh, self);
    if (ours && theirs && !same_keys(ours, theirs))
        return cmd_fail(CMD_DENIED, "roster",
                        "the file has other keys for %s, which is this node; "
                        "give its maker %s",
                        self, add->path);
    if (theirs && add->fresh->serial > add->held->serial)
        return add_other(add);
    return merge(add, self);
}

/* ---- the command -------------------------------------------------------- */

static int
run(struct add *add, const char *file)
{
    const struct settings *settings;
    int code = cmd_site_open(add->ctx, "roster", &add->site);

    if (!code)
        code = cmd_roster_read(file, &add->fresh, &add->bytes);
    if (code)
        return code;
    settings = add->site.settings;
    add->held =
        roster_find(add->site.load.roster, cim_bytes_str(add->fresh->name));
    add->path = cmd_site_path(&add->site, add->fresh->name);
    cmd_roster_print(add->fresh, stderr);
    if (!add->held)
        fprintf(stderr,
                "Compare the fingerprints with %s over another "
                "channel, by phone.\n",
                add->fresh->name);
    return settings && strcmp(settings->community, add->fresh->name) == 0
               ? add_own(add)
               : add_other(add);
}

int
cmd_roster_add(const struct cmd_context *ctx, int argc, char **argv)
{
    struct add add = {.ctx = ctx};
    const struct cmd_option options[] = {
        {.name = "--replace", .flag = &add.replace}, {0}};
    int code = cmd_options("roster", &argc, argv, options);

    if (code)
        return code;
    if (argc != 2)
        return cmd_usage("roster", "add takes one FILE, or '-'");
    code = run(&add, argv[1]);
    if (add.fresh)
        roster_community_destroy(&add.fresh);
    cim_buf_clear(&add.bytes);
    free(add.path);
    cmd_site_clear(&add.site);
    return code;
}

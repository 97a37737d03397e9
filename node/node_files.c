/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Settings and roster: the first load, and what of them needs a person's eye.
 */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "node/clock.h"
#include "node/file.h"
#include "node/journal.h"
#include "node/mem.h"
#include "node/node_private.h"
#include "node/notify.h"

/* ---- warnings -----------------------------------------------------------*/

void
node_warnings_clear(struct node *node)
{
    for (size_t i = 0; i < node->n_warnings; i++)
        free(node->warnings[i]);
    node->n_warnings = 0;
}

__attribute__((format(printf, 3, 4))) static void
warn(struct node *node, const char *code, const char *fmt, ...)
{
    size_t most = sizeof node->warnings / sizeof *node->warnings;
    struct cim_diag diag;
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(diag.text, sizeof diag.text, fmt, ap);
    va_end(ap);
    log_warn(code, "text=\"%s\"", diag.text);
    if (node->n_warnings < most)
        node->warnings[node->n_warnings++] = xstrdup(diag.text);
}

static bool
is_absent(const struct node *node, const struct cim_prefix *prefix)
{
    struct cim_bytes community = cim_community_of(cim_prefix_bytes(prefix));

    return prefix->len > 0 && memchr(prefix->text, '/', prefix->len) &&
           !roster_find(node->roster, community);
}

static void
warn_absent(struct node *node, const char *kind, const char *label,
            const struct cim_prefix *prefix)
{
    char shown[CIM_TOPIC_MAX + 2];
    struct cim_bytes community = cim_community_of(cim_prefix_bytes(prefix));

    if (!is_absent(node, prefix))
        return;
    cim_prefix_show(prefix, shown);
    warn(node, "SETTINGS-ABSENT",
         "%s %s: topic %s: there is no community %.*s in the roster; add its "
         "file with `cimesh roster add FILE`, or take the topic out",
         kind, label, shown, (int)community.len, (const char *)community.p);
}

/* Each community of a rule that nobody knows, once. */
static void
warn_rule(struct node *node, const struct rule *rule)
{
    char told[RULE_NEEDS_MAX][CIM_NAME_MAX + 1];
    size_t n = 0;

    for (size_t i = 0; i < rule->n_needs; i++)
        for (size_t j = 0; j < rule->needs[i].n; j++) {
            const char *name = rule->needs[i].wants[j].community;
            bool known = roster_find(node->roster, cim_bytes_str(name));

            for (size_t k = 0; k < n && !known; k++)
                known = strcmp(told[k], name) == 0;
            if (known || n == RULE_NEEDS_MAX)
                continue;
            memcpy(told[n++], name, sizeof told[0]);
            warn(node, "SETTINGS-ABSENT",
                 "promote %s: there is no community %s in the roster, so what "
                 "it is asked for cannot be said; add its file with `cimesh "
                 "roster add FILE`",
                 rule->name, name);
        }
    for (size_t i = 0; i < rule->n_topics; i++)
        warn_absent(node, "promote", rule->name, &rule->topics[i]);
}

void
node_find_warnings(struct node *node, const struct roster_load *load)
{
    const struct settings *s = node->settings;

    for (size_t i = 0; load && i < load->n_changes; i++)
        if (load->changes[i].what == ROSTER_REFUSED)
            warn(node, "ROSTER-REFUSED", "%s", load->changes[i].diag.text);
    for (size_t i = 0; i < s->n_follows; i++)
        for (size_t j = 0; j < s->follows[i].n; j++)
            warn_absent(node, "follow", s->follows[i].label,
                        &s->follows[i].prefixes[j]);
    for (size_t i = 0; i < s->n_hooks; i++)
        warn_absent(node, "hook", s->hooks[i].name, &s->hooks[i].prefix);
    for (size_t i = 0; i < s->n_rules; i++)
        warn_rule(node, &s->rules[i]);
}

/* ---- roster -------------------------------------------------------------*/

bool
node_own_entry_fits(const struct node *node, const struct roster *roster,
                    struct cim_diag *diag)
{
    const char *self = node->settings->node;
    const struct roster_node *own = roster_node(roster, cim_bytes_str(self));
    struct cim_signkey sign = cim_identity_signkey(node->identity);
    struct cim_curvekey curve = cim_identity_curvekey(node->identity);

    if (!own) {
        cim_diag_set(diag,
                     "%s/%s.zpl: node %s is not in it; a node has to stand in "
                     "its own community's file",
                     node->settings->roster_dir, node->settings->community,
                     self);
        return false;
    }
    if ((memcmp(own->sign.b, sign.b, CIM_KEY_LEN) != 0 &&
         !(own->has_sign_next &&
           memcmp(own->sign_next.b, sign.b, CIM_KEY_LEN) == 0)) ||
        (memcmp(own->curve.b, curve.b, CIM_KEY_LEN) != 0 &&
         !(own->has_curve_next &&
           memcmp(own->curve_next.b, curve.b, CIM_KEY_LEN) == 0))) {
        cim_diag_set(diag,
                     "%s/%s.zpl: the keys of %s are not those of %s; put back "
                     "the key file, or the roster file that belongs to it",
                     node->settings->roster_dir, node->settings->community,
                     self, node->settings->key_file);
        return false;
    }
    return true;
}

static struct store_job *
roster_job(const struct roster_change *change)
{
    struct store_job *job = store_job_new(STORE_ROSTER);

    memcpy(job->roster.name, change->name, sizeof job->roster.name);
    job->roster.serial = change->serial;
    if (change->what != ROSTER_REMOVED)
        job->roster.bytes = xbytes(cim_buf_bytes(&change->bytes));
    job->now_ms = clock_wall_ms();
    return job;
}

static void
accepted_remove(struct node *node, const char *name)
{
    for (size_t i = 0; i < node->n_accepted; i++) {
        if (strcmp(node->accepted[i].name, name) != 0)
            continue;
        cim_buf_clear(&node->accepted[i].bytes);
        node->accepted[i] = node->accepted[--node->n_accepted];
        return;
    }
}

static void
accepted_put(void *ctx, const char *name, uint64_t serial,
             struct cim_bytes bytes)
{
    struct node *node = ctx;
    struct roster_accepted *a;

    accepted_remove(node, name);
    node->accepted = xrealloc(node->accepted,
                              (node->n_accepted + 1) * sizeof *node->accepted);
    a = &node->accepted[node->n_accepted++];
    *a = (struct roster_accepted){.serial = serial};
    snprintf(a->name, sizeof a->name, "%s", name);
    if (cim_buf_add_bytes(&a->bytes, bytes))
        mem_fail();
}

struct store_job *
node_accept_change(struct node *node, const struct roster_change *change)
{
    switch (change->what) {
    case ROSTER_ADDED:
    case ROSTER_CHANGED:
        accepted_put(node, change->name, change->serial,
                     cim_buf_bytes(&change->bytes));
        return roster_job(change);
    case ROSTER_REMOVED:
        accepted_remove(node, change->name);
        return roster_job(change);
    case ROSTER_REFUSED:
        break;
    }
    return NULL;
}

/* At start the store has no thread yet. */
static int
keep_changes(struct node *node, const struct roster_load *load,
             struct cim_diag *diag)
{
    bool full = false;
    int code = CMD_OK;

    for (size_t i = 0; i < load->n_changes && code == CMD_OK; i++) {
        struct store_job *job = node_accept_change(node, &load->changes[i]);

        if (job && store_commit(node->store, &job, 1, &full) && !full) {
            cim_diag_set(diag, "%s: cannot be written; check the disk",
                         node->settings->data_file);
            code = CMD_STORAGE;
        }
        store_job_destroy(&job);
    }
    if (full)
        node->storage = NODE_STORAGE_FULL;
    return code;
}

int
node_load_roster(struct node *node, struct cim_diag *diag)
{
    struct roster_load load = {0};
    int code = CMD_CONFIG;

    if (store_each_roster(node->store, accepted_put, node)) {
        cim_diag_set(diag, "%s: cannot be read", node->settings->data_file);
        return CMD_STORAGE;
    }
    if (roster_dir_load(node->settings->roster_dir, node->accepted,
                        node->n_accepted, &load, diag))
        return CMD_CONFIG;
    if (node_own_entry_fits(node, load.roster, diag))
        code = keep_changes(node, &load, diag);
    if (code == CMD_OK) {
        node->roster = load.roster;
        load.roster = NULL;
        node_find_warnings(node, &load);
    }
    roster_load_clear(&load);
    return code;
}

/* ---- settings and keys --------------------------------------------------*/

int
node_load_settings(struct node *node, struct cim_diag *diag)
{
    enum cim_err err = settings_load(node->dir, &node->settings, diag);

    if (err == CIM_ENOMEM)
        mem_fail();
    return err ? CMD_CONFIG : CMD_OK;
}

/* The key that the service manager hands over. CIM_ENOENT: it hands none. */
static enum cim_err
load_credential(struct cim_identity **out, struct cim_diag *diag)
{
    const char *folder = notify_credentials();
    enum cim_err err;
    char *path;

    if (!folder)
        return CIM_ENOENT;
    path = file_join(folder, "node.key");
    err = cim_identity_load(path, out, diag);
    free(path);
    return err;
}

int
node_load_identity(struct node *node, struct cim_diag *diag)
{
    enum cim_err err = load_credential(&node->identity, diag);

    if (err == CIM_ENOENT)
        err =
            cim_identity_load(node->settings->key_file, &node->identity, diag);
    if (err == CIM_ENOMEM)
        mem_fail();
    if (err == CIM_EPERM)
        return CMD_DENIED;
    return err ? CMD_CONFIG : CMD_OK;
}

void
node_apply_follows(struct node *node)
{
    struct follow_list list = {0};

    settings_follow_list(node->settings, &list);
    mesh_set_follows(node->mesh, &list);
    follow_list_clear(&list);
}

static void
put_hook(void *ctx, const char *name, uint64_t cursor)
{
    struct node *node = ctx;
    struct hook_known *known = NULL;

    for (size_t i = 0; i < node->n_known; i++)
        if (strcmp(node->known[i].name, name) == 0)
            known = &node->known[i];
    if (!known) {
        node->known =
            xrealloc(node->known, (node->n_known + 1) * sizeof *node->known);
        known = &node->known[node->n_known++];
        snprintf(known->name, sizeof known->name, "%s", name);
    }
    known->cursor = cursor;
    known->known = true;
}

enum cim_err
node_load_hooks(struct node *node)
{
    return store_each_hook(node->store, put_hook, node);
}

void
node_hook_saved(struct node *node, const struct store_job *job)
{
    if (!job->err && job->hook.cursor != UINT64_MAX)
        put_hook(node, job->hook.name, job->hook.cursor);
}

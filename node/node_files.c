/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Settings and roster: the first load, reloads, and what of them needs a
 * person's eye.
 *
 * A reload computes what is new beside what is in force, and only when all of
 * it may stand replaces the one by the other. Roster files are judged one by
 * one (a bad one changes nothing), cimesh.zpl as a whole.
 */
#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

#include "node/journal.h"
#include "node/mem.h"
#include "node/node_private.h"

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

/* Anew after each load: what was put right is no longer told. */
static void
find_warnings(struct node *node, const struct roster_load *load)
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
}

/* ---- roster -------------------------------------------------------------*/

/* Our own entry must be there, with the keys we have: others hold the same
 * file and would refuse what we sign otherwise. */
static bool
own_entry_fits(const struct node *node, const struct roster *roster,
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
    job->now_ms = zclock_time();
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

/* Remembers one change; returns what the store is to keep of it, or NULL. */
static struct store_job *
accept_change(struct node *node, const struct roster_change *change)
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
        struct store_job *job = accept_change(node, &load->changes[i]);

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
    if (own_entry_fits(node, load.roster, diag))
        code = keep_changes(node, &load, diag);
    if (code == CMD_OK) {
        node->roster = load.roster;
        load.roster = NULL;
        find_warnings(node, &load);
    }
    roster_load_clear(&load);
    return code;
}

/* ---- settings and keys --------------------------------------------------*/

int
node_load_settings(struct node *node, struct cim_diag *diag)
{
    return settings_load(node->dir, &node->settings, diag) ? CMD_CONFIG
                                                           : CMD_OK;
}

int
node_load_identity(struct node *node, struct cim_diag *diag)
{
    enum cim_err err =
        cim_identity_load(node->settings->key_file, &node->identity, diag);

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

/* ---- reload -------------------------------------------------------------*/

__attribute__((format(printf, 2, 3))) static void
tell(struct cim_buf *out, const char *fmt, ...)
{
    struct cim_diag line;
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(line.text, sizeof line.text, fmt, ap);
    va_end(ap);
    log_info("RELOAD", "text=\"%s\"", line.text);
    if (cim_buf_add_str(out, line.text) || cim_buf_add_str(out, "\n"))
        mem_fail();
}

static void
tell_roster(const struct roster_load *load, struct cim_buf *out)
{
    for (size_t i = 0; i < load->n_changes; i++) {
        const struct roster_change *c = &load->changes[i];

        if (c->what == ROSTER_REFUSED)
            tell(out, "roster %s: refused, stays as it was: %s", c->name,
                 c->diag.text);
        else if (c->what == ROSTER_REMOVED)
            tell(out, "roster %s: removed", c->name);
        else
            tell(out, "roster %s: %s, serial %" PRIu64, c->name,
                 c->what == ROSTER_ADDED ? "added" : "changed", c->serial);
    }
}

/* What a running node cannot change, it says and leaves. */
static void
tell_restart(const struct settings *old, struct settings *fresh,
             struct cim_buf *out)
{
    const struct {
        const char *name, *old, *fresh;
    } fixed[] = {
        {"node name", old->node, fresh->node},
        {"node events", old->events, fresh->events},
        {"node sync", old->sync, fresh->sync},
        {"key_file", old->key_file, fresh->key_file},
        {"data_file", old->data_file, fresh->data_file},
        {"roster_dir", old->roster_dir, fresh->roster_dir},
        {"api_socket", old->api_socket, fresh->api_socket},
        {"scratch_dir", old->scratch_dir, fresh->scratch_dir},
    };

    for (size_t i = 0; i < sizeof fixed / sizeof *fixed; i++)
        if (strcmp(fixed[i].old, fixed[i].fresh) != 0)
            tell(out,
                 "cimesh.zpl: %s changed from %s to %s: takes a restart of the "
                 "node",
                 fixed[i].name, fixed[i].old, fixed[i].fresh);
}

static bool
has_prefix(const struct follow_list *list, const struct follow *f)
{
    for (size_t i = 0; i < list->n; i++)
        if (list->v[i].now == f->now &&
            cim_bytes_eq(cim_prefix_bytes(&list->v[i].prefix),
                         cim_prefix_bytes(&f->prefix)))
            return true;
    return false;
}

static void
tell_missing(const struct follow_list *in, const struct follow_list *of,
             const char *what, struct cim_buf *out)
{
    char shown[CIM_TOPIC_MAX + 2];

    for (size_t i = 0; i < of->n; i++) {
        if (has_prefix(in, &of->v[i]))
            continue;
        cim_prefix_show(&of->v[i].prefix, shown);
        tell(out, "follow %s: %s", shown, what);
    }
}

static void
tell_follows(const struct settings *old, const struct settings *fresh,
             struct cim_buf *out)
{
    struct follow_list before = {0}, now = {0};

    settings_follow_list(old, &before);
    settings_follow_list(fresh, &now);
    tell_missing(&before, &now, "added", out);
    tell_missing(&now, &before, "removed", out);
    follow_list_clear(&before);
    follow_list_clear(&now);
}

static const struct settings_hook *
find_hook(const struct settings *s, const char *name)
{
    for (size_t i = 0; i < s->n_hooks; i++)
        if (strcmp(s->hooks[i].name, name) == 0)
            return &s->hooks[i];
    return NULL;
}

static bool
hook_same(const struct settings_hook *a, const struct settings_hook *b)
{
    return strcmp(a->exec, b->exec) == 0 && a->parallel == b->parallel &&
           a->timeout_s == b->timeout_s && a->backfill == b->backfill &&
           cim_bytes_eq(cim_prefix_bytes(&a->prefix),
                        cim_prefix_bytes(&b->prefix));
}

static void
tell_hooks(const struct settings *old, const struct settings *fresh,
           struct cim_buf *out)
{
    for (size_t i = 0; i < fresh->n_hooks; i++) {
        const struct settings_hook *hook = &fresh->hooks[i];
        const struct settings_hook *was = find_hook(old, hook->name);

        if (!was || !hook_same(was, hook))
            tell(out, "hook %s: %s", hook->name, was ? "changed" : "added");
    }
    for (size_t i = 0; i < old->n_hooks; i++)
        if (!find_hook(fresh, old->hooks[i].name))
            tell(out, "hook %s: removed", old->hooks[i].name);
}

static void
tell_settings(const struct settings *old, struct settings *fresh,
              struct cim_buf *out)
{
    tell_restart(old, fresh, out);
    tell_follows(old, fresh, out);
    tell_hooks(old, fresh, out);
    if (old->readers_any != fresh->readers_any)
        tell(out, "readers: %s", fresh->readers_any ? "any" : "roster");
    if (old->keep_days != fresh->keep_days ||
        old->keep_bytes != fresh->keep_bytes)
        tell(out, "retention: changed");
}

/* What is bound to the first load stays as it was. */
static void
take_settings(struct node *node, struct settings **fresh)
{
    struct settings *old = node->settings, *now = *fresh;
    struct settings kept = *now;

    memcpy(now->node, old->node, sizeof now->node);
    memcpy(now->community, old->community, sizeof now->community);
    memcpy(now->events, old->events, sizeof now->events);
    memcpy(now->sync, old->sync, sizeof now->sync);
    now->key_file = old->key_file;
    now->data_file = old->data_file;
    now->roster_dir = old->roster_dir;
    now->api_socket = old->api_socket;
    now->scratch_dir = old->scratch_dir;
    old->key_file = kept.key_file;
    old->data_file = kept.data_file;
    old->roster_dir = kept.roster_dir;
    old->api_socket = kept.api_socket;
    old->scratch_dir = kept.scratch_dir;
    settings_destroy(&node->settings);
    node->settings = now;
    *fresh = NULL;
}

static void
take_roster(struct node *node, struct roster_load *load)
{
    for (size_t i = 0; i < load->n_changes; i++) {
        struct store_job *job = accept_change(node, &load->changes[i]);

        if (job)
            node_submit(node, job);
    }
    roster_destroy(&node->roster);
    node->roster = load->roster;
    load->roster = NULL;
}

static bool
is_changed(const struct roster_load *load)
{
    for (size_t i = 0; i < load->n_changes; i++)
        if (load->changes[i].what != ROSTER_REFUSED)
            return true;
    return false;
}

static void
apply(struct node *node, struct settings **settings, struct roster_load *load,
      struct cim_buf *out)
{
    bool roster_changed = is_changed(load);

    tell_roster(load, out);
    tell_settings(node->settings, *settings, out);
    if (out->len == 0)
        tell(out, "nothing changed");
    take_settings(node, settings);
    if (roster_changed) {
        take_roster(node, load);
        mesh_set_roster(node->mesh, node->roster);
    }
    node_warnings_clear(node);
    find_warnings(node, load);
    node_apply_follows(node);
    links_apply(node->links, node->roster, node->settings->readers_any);
    hooks_apply(node->hooks, node->settings, node->known, node->n_known,
                node->last_arrival);
}

enum cim_err
node_reload(struct node *node, struct cim_buf *out, struct cim_diag *diag)
{
    struct settings *settings = NULL;
    struct roster_load load = {0};
    enum cim_err err = settings_load(node->dir, &settings, diag);

    if (!err)
        err = roster_dir_load(node->settings->roster_dir, node->accepted,
                              node->n_accepted, &load, diag);
    if (!err && !own_entry_fits(node, load.roster, diag))
        err = CIM_ESTATE;
    if (!err)
        apply(node, &settings, &load, out);
    settings_destroy(&settings);
    roster_load_clear(&load);
    return err;
}

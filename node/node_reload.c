/* SPDX-License-Identifier: MPL-2.0 */
/*
 * A reload computes what is new beside what is in force, and only when all of
 * it may stand replaces the one by the other. Roster files are judged one by
 * one (a bad one changes nothing), cimesh.zpl as a whole.
 */
#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

#include "node/failpoint.h"
#include "node/journal.h"
#include "node/mem.h"
#include "node/node_private.h"

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

        if (c->what == ROSTER_REMOVED)
            tell(out, "roster %s: removed", c->name);
        else if (c->what != ROSTER_REFUSED)
            tell(out, "roster %s: %s, serial %" PRIu64, c->name,
                 c->what == ROSTER_ADDED ? "added" : "changed", c->serial);
    }
}

static size_t
tell_refused(const struct roster_load *load, struct cim_buf *out)
{
    size_t n = 0;

    for (size_t i = 0; i < load->n_changes; i++) {
        const struct roster_change *c = &load->changes[i];

        if (c->what != ROSTER_REFUSED)
            continue;
        tell(out, "roster %s: refused, stays as it was: %s", c->name,
             c->diag.text);
        n++;
    }
    return n;
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

static const struct rule *
find_rule(const struct settings *s, const char *name)
{
    for (size_t i = 0; i < s->n_rules; i++)
        if (strcmp(s->rules[i].name, name) == 0)
            return &s->rules[i];
    return NULL;
}

static void
tell_rules(const struct settings *old, const struct settings *fresh,
           struct cim_buf *out)
{
    for (size_t i = 0; i < fresh->n_rules; i++) {
        const struct rule *rule = &fresh->rules[i];
        const struct rule *was = find_rule(old, rule->name);

        if (!was || !rule_same(was, rule))
            tell(out, "rule %s: %s", rule->name, was ? "changed" : "added");
    }
    for (size_t i = 0; i < old->n_rules; i++)
        if (!find_rule(fresh, old->rules[i].name))
            tell(out, "rule %s: removed", old->rules[i].name);
}

static void
tell_settings(const struct settings *old, struct settings *fresh,
              struct cim_buf *out)
{
    tell_restart(old, fresh, out);
    tell_follows(old, fresh, out);
    tell_hooks(old, fresh, out);
    tell_rules(old, fresh, out);
    if (old->readers_any != fresh->readers_any)
        tell(out, "readers: %s", fresh->readers_any ? "any" : "roster");
    if (old->keep_days != fresh->keep_days ||
        old->keep_bytes != fresh->keep_bytes)
        tell(out, "retention: changed");
    if (old->reserve_bytes != fresh->reserve_bytes)
        tell(out, "cimesh.zpl: reserve changed: takes a restart of the node");
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
        struct store_job *job = node_accept_change(node, &load->changes[i]);

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

/* Returns how many roster files were refused. */
static size_t
apply(struct node *node, struct settings **settings, struct roster_load *load,
      struct cim_buf *out)
{
    bool roster_changed = is_changed(load);
    size_t refused;

    tell_roster(load, out);
    tell_settings(node->settings, *settings, out);
    if (out->len == 0)
        tell(out, "nothing changed");
    refused = tell_refused(load, out);
    take_settings(node, settings);
    if (roster_changed) {
        take_roster(node, load);
        (void)FAILPOINT(ROSTER_SWAPPED);
        mesh_set_roster(node->mesh, node->roster);
    }
    node_warnings_clear(node);
    node_find_warnings(node, load);
    node_apply_follows(node);
    links_apply(node->links, node->roster, node->settings->readers_any);
    hooks_apply(node->hooks, node->settings, node->known, node->n_known,
                node->last_arrival);
    promoter_apply(node->promoter, node->settings, node->known, node->n_known,
                   node->last_arrival);
    (void)FAILPOINT(RELOAD_DONE);
    return refused;
}

enum cim_err
node_reload(struct node *node, struct cim_buf *out, size_t *refused,
            struct cim_diag *diag)
{
    struct settings *settings = NULL;
    struct roster_load load = {0};
    enum cim_err err = settings_load(node->dir, &settings, diag);

    if (!err)
        err = roster_dir_load(node->settings->roster_dir, node->accepted,
                              node->n_accepted, &load, diag);
    if (!err && !node_own_entry_fits(node, load.roster, diag))
        err = CIM_ESTATE;
    if (!err)
        *refused = apply(node, &settings, &load, out);
    settings_destroy(&settings);
    roster_load_clear(&load);
    return err;
}

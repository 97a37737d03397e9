/* SPDX-License-Identifier: MPL-2.0 */
/*
 * One table a section says which keys there are; a reader a section takes the
 * values. A key, its default and what it means are listed in `cimesh init`'s
 * file and in settings.h.
 */
#include "node/settings.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "node/endpoint.h"
#include "node/file.h"
#include "node/mem.h"
#include "node/number.h"
#include "node/settings_private.h"

#define KEEP_DAYS_MAX   36500
#define SOCKET_PATH_MAX 107 /* sun_path, less its NUL */

static const struct zpl_key top_keys[] = {
    {"cimesh", true, false, false},  {"node", true, true, false},
    {"follow", false, true, false},  {"hooks", false, true, false},
    {"promote", false, true, false}, {"store", false, true, false},
    {"paths", false, true, false},   {0}};
static const struct zpl_key node_keys[] = {{"name", true, false, false},
                                           {"events", false, false, false},
                                           {"sync", false, false, false},
                                           {"readers", false, false, false},
                                           {0}};
static const struct zpl_key follow_keys[] = {
    {"topic", true, false, true}, {"since", false, false, false}, {0}};
static const struct zpl_key store_keys[] = {{"keep-days", false, false, false},
                                            {"keep-size", false, false, false},
                                            {"reserve", false, false, false},
                                            {0}};
static const struct zpl_key path_keys[] = {
    {"key", false, false, false},     {"data", false, false, false},
    {"roster", false, false, false},  {"api", false, false, false},
    {"scratch", false, false, false}, {0}};

const struct zpl_key settings_any_section[] = {{"*", false, true, false}, {0}};

enum cim_err
settings_choice(const struct settings_in *in, const struct zpl_item *section,
                const char *name, const char *const words[2], bool *first)
{
    struct zpl_item item;

    *first = false;
    if (!zpl_find(in->zpl, section, name, &item))
        return CIM_OK;
    *first = strcmp(item.value, words[0]) == 0;
    if (*first || strcmp(item.value, words[1]) == 0)
        return CIM_OK;
    return zpl_bad(in->zpl, &item, in->diag,
                   "'%.40s' is neither \"%s\" nor \"%s\"", item.value, words[0],
                   words[1]);
}

enum cim_err
settings_label(const struct settings_in *in, const struct zpl_item *section,
               char out[static CIM_NAME_MAX + 1])
{
    if (!cim_name_valid(cim_bytes_str(section->name)))
        return zpl_bad(in->zpl, section, in->diag,
                       "a label has 1 to %d of a-z, 0-9 and '-', and does not "
                       "start with '-'",
                       CIM_NAME_MAX);
    snprintf(out, CIM_NAME_MAX + 1, "%.32s", section->name);
    return CIM_OK;
}

enum cim_err
settings_topic(const struct settings_in *in, const struct zpl_item *item,
               struct cim_prefix *out)
{
    struct cim_diag why;

    if (cim_prefix_parse(cim_bytes_str(item->value), out, &why))
        return zpl_bad(in->zpl, item, in->diag, "%s", why.text);
    return CIM_OK;
}

/* ---- node --------------------------------------------------------------- */

static enum cim_err
read_bind(const struct settings_in *in, const struct zpl_item *section,
          const char *name, char out[static ROSTER_ENDPOINT_MAX + 1])
{
    struct endpoint endpoint;
    struct zpl_item item;
    struct cim_diag why;

    if (!zpl_find(in->zpl, section, name, &item))
        return CIM_OK;
    if (endpoint_parse(item.value, ENDPOINT_BIND, &endpoint, &why))
        return zpl_bad(in->zpl, &item, in->diag, "%s", why.text);
    endpoint_text(&endpoint, out);
    return CIM_OK;
}

static enum cim_err
read_name(const struct settings_in *in, const struct zpl_item *section)
{
    struct zpl_item item = *section;
    struct cim_bytes name, community;

    (void)zpl_find(in->zpl, section, "name", &item);
    name = cim_bytes_str(item.value);
    if (!cim_node_valid(name))
        return zpl_bad(in->zpl, &item, in->diag,
                       "'%.80s' is no node name; write COMMUNITY/NODE, each 1 "
                       "to %d of a-z, 0-9 and '-'",
                       item.value, CIM_NAME_MAX);
    community = cim_community_of(name);
    memcpy(in->s->node, name.p, name.len);
    memcpy(in->s->community, community.p, community.len);
    return CIM_OK;
}

static enum cim_err
read_node(const struct settings_in *in, const struct zpl_item *section)
{
    static const char *const readers[] = {"any", "roster"};
    struct settings *s = in->s;
    enum cim_err err;

    if ((err = zpl_check(in->zpl, section, node_keys, in->diag)) ||
        (err = read_name(in, section)) ||
        (err = read_bind(in, section, "events", s->events)) ||
        (err = read_bind(in, section, "sync", s->sync)) ||
        (err =
             settings_choice(in, section, "readers", readers, &s->readers_any)))
        return err;
    if (!s->events[0] != !s->sync[0])
        return zpl_bad(in->zpl, section, in->diag,
                       "'%s' is missing; a node binds both endpoints, or "
                       "neither when nobody can dial it",
                       s->events[0] ? "sync" : "events");
    if (s->events[0] && strcmp(s->events, s->sync) == 0)
        return zpl_bad(in->zpl, section, in->diag,
                       "events and sync are the same endpoint; give sync a "
                       "port of its own");
    return CIM_OK;
}

/* ---- follow ------------------------------------------------------------- */

/* No prefix twice: what it is followed since would have two answers. */
static enum cim_err
check_followed(const struct settings_in *in, const struct zpl_item *item,
               const struct cim_prefix *prefix)
{
    size_t n = 0;

    for (size_t i = 0; i < in->s->n_follows; i++)
        for (size_t j = 0; j < in->s->follows[i].n; j++, n++)
            if (cim_bytes_eq(cim_prefix_bytes(&in->s->follows[i].prefixes[j]),
                             cim_prefix_bytes(prefix)))
                return zpl_bad(in->zpl, item, in->diag,
                               "followed already under '%s'; remove one",
                               in->s->follows[i].label);
    if (n >= CIM_FOLLOWS_MAX)
        return zpl_bad(in->zpl, item, in->diag,
                       "more than %d topics; follow shorter prefixes",
                       CIM_FOLLOWS_MAX);
    return CIM_OK;
}

static enum cim_err
read_follow(const struct settings_in *in, const struct zpl_item *section)
{
    static const char *const since[] = {"now", "all"};
    struct settings_follow *f = &in->s->follows[in->s->n_follows++];
    struct zpl_item item = {0};
    size_t cap = 0;
    enum cim_err err;

    if ((err = settings_label(in, section, f->label)) ||
        (err = zpl_check(in->zpl, section, follow_keys, in->diag)) ||
        (err = settings_choice(in, section, "since", since, &f->now)))
        return err;
    while (zpl_next(in->zpl, section, &item)) {
        struct cim_prefix prefix;

        if (strcmp(item.name, "topic") != 0)
            continue;
        if ((err = settings_topic(in, &item, &prefix)) ||
            (err = check_followed(in, &item, &prefix)))
            return err;
        xgrow(&f->prefixes, &cap, f->n, sizeof *f->prefixes);
        f->prefixes[f->n++] = prefix;
    }
    return CIM_OK;
}

size_t
settings_count(const struct zpl *zpl, const struct zpl_item *section)
{
    struct zpl_item item = {0};
    size_t n = 0;

    while (zpl_next(zpl, section, &item))
        n++;
    return n;
}

static enum cim_err
read_follows(const struct settings_in *in, const struct zpl_item *section)
{
    struct zpl_item item = {0};
    enum cim_err err =
        zpl_check(in->zpl, section, settings_any_section, in->diag);

    in->s->follows =
        xcalloc(settings_count(in->zpl, section), sizeof *in->s->follows);
    while (!err && zpl_next(in->zpl, section, &item))
        err = read_follow(in, &item);
    return err;
}

/* ---- store, paths ------------------------------------------------------- */

static enum cim_err
read_size(const struct settings_in *in, const struct zpl_item *section,
          const char *name, const char *zero, uint64_t *out)
{
    static const uint64_t units[] = {UINT64_C(1) << 10, UINT64_C(1) << 20,
                                     UINT64_C(1) << 30, UINT64_C(1) << 40};
    struct zpl_item item;

    if (zpl_find(in->zpl, section, name, &item) &&
        !number_with_unit(cim_bytes_str(item.value), "KMGT", units,
                          UINT64_C(1) << 53, out))
        return zpl_bad(in->zpl, &item, in->diag,
                       "'%.40s' is no size; write 500M, 10G or 1T, 0 for %s",
                       item.value, zero);
    return CIM_OK;
}

static enum cim_err
read_store(const struct settings_in *in, const struct zpl_item *section)
{
    struct zpl_item item;
    uint64_t days = 0;
    enum cim_err err;

    if ((err = zpl_check(in->zpl, section, store_keys, in->diag)))
        return err;
    if (zpl_find(in->zpl, section, "keep-days", &item) &&
        (err = zpl_number(in->zpl, &item, 0, KEEP_DAYS_MAX, &days, in->diag)))
        return err;
    in->s->keep_days = (unsigned)days;
    err = read_size(in, section, "keep-size", "no limit", &in->s->keep_bytes);
    return err ? err
               : read_size(in, section, "reserve", "none",
                           &in->s->reserve_bytes);
}

static void
read_path(const struct settings_in *in, const struct zpl_item *section,
          const char *name, char **path, const char *dir)
{
    struct zpl_item item;

    if (!zpl_find(in->zpl, section, name, &item))
        return;
    free(*path);
    *path = file_join(dir, item.value);
}

static enum cim_err
read_paths(const struct settings_in *in, const struct zpl_item *section,
           const char *dir)
{
    struct settings *s = in->s;
    enum cim_err err = zpl_check(in->zpl, section, path_keys, in->diag);

    if (err)
        return err;
    read_path(in, section, "key", &s->key_file, dir);
    read_path(in, section, "data", &s->data_file, dir);
    read_path(in, section, "roster", &s->roster_dir, dir);
    read_path(in, section, "api", &s->api_socket, dir);
    read_path(in, section, "scratch", &s->scratch_dir, dir);
    return CIM_OK;
}

/* The system's limit for a socket is short, so a deep --dir may pass it. */
static enum cim_err
check_socket(const struct settings_in *in, const struct zpl_item *top)
{
    if (strlen(in->s->api_socket) <= SOCKET_PATH_MAX)
        return CIM_OK;
    return zpl_bad(in->zpl, top, in->diag,
                   "the socket's path %.60s... is longer than %d bytes; give "
                   "a shorter one: `api = \"/run/...\"` under `paths`",
                   in->s->api_socket, SOCKET_PATH_MAX);
}

/* ---- the file ----------------------------------------------------------- */

static enum cim_err
read_all(const struct settings_in *in, const char *dir)
{
    struct zpl_item top = zpl_root(in->zpl), item = top;
    enum cim_err err = zpl_check(in->zpl, &top, top_keys, in->diag);

    if (err)
        return err;
    (void)zpl_find(in->zpl, &top, "cimesh", &item);
    if (strcmp(item.value, "1") != 0)
        return zpl_bad(in->zpl, &item, in->diag,
                       "version '%.20s'; this program reads `cimesh = 1`",
                       item.value);
    if (zpl_find(in->zpl, &top, "node", &item))
        err = read_node(in, &item);
    if (!err && zpl_find(in->zpl, &top, "follow", &item))
        err = read_follows(in, &item);
    if (!err && zpl_find(in->zpl, &top, "hooks", &item))
        err = settings_read_hooks(in, &item);
    if (!err && zpl_find(in->zpl, &top, "promote", &item))
        err = settings_read_promote(in, &item);
    if (!err && zpl_find(in->zpl, &top, "store", &item))
        err = read_store(in, &item);
    if (!err && zpl_find(in->zpl, &top, "paths", &item))
        err = read_paths(in, &item, dir);
    return err ? err : check_socket(in, &top);
}

static struct settings *
defaults(const char *dir)
{
    struct settings *s = xcalloc(1, sizeof *s);

    s->reserve_bytes = UINT64_C(64) << 20;
    s->key_file = file_join(dir, "keys/node.key");
    s->data_file = file_join(dir, "data/cimesh.db");
    s->roster_dir = file_join(dir, "roster");
    s->api_socket = file_join(dir, "run/api.sock");
    s->scratch_dir = file_join(dir, "run/hooks");
    return s;
}

enum cim_err
settings_parse(struct cim_bytes text, const char *name, const char *dir,
               struct settings **out, struct cim_diag *diag)
{
    struct settings_in in = {.diag = diag};
    struct zpl *zpl;
    enum cim_err err;
    char *root;

    *out = NULL;
    if ((err = zpl_parse(text, name, &zpl, diag)))
        return err;
    root = file_absolute(dir);
    in.zpl = zpl;
    in.s = defaults(root);
    if ((err = read_all(&in, root)))
        settings_destroy(&in.s);
    *out = in.s;
    free(root);
    zpl_destroy(&zpl);
    return err;
}

enum cim_err
settings_load(const char *dir, struct settings **out, struct cim_diag *diag)
{
    char *path = file_join(dir, "cimesh.zpl");
    struct cim_buf text = {0};
    enum cim_err err;

    *out = NULL;
    if (!(err = file_read(path, ZPL_FILE_MAX, &text, diag)))
        err = settings_parse(cim_buf_bytes(&text), path, dir, out, diag);
    else if (err == CIM_ENOENT)
        cim_diag_set(diag,
                     "%s: there is no site here; name it with --dir or "
                     "$CIMESH_DIR, or make one: cimesh init",
                     path);
    cim_buf_clear(&text);
    free(path);
    return err;
}

void
settings_destroy(struct settings **settings)
{
    struct settings *s = *settings;

    if (!s)
        return;
    for (size_t i = 0; i < s->n_follows; i++)
        free(s->follows[i].prefixes);
    for (size_t i = 0; i < s->n_hooks; i++) {
        for (size_t j = 0; s->hooks[i].argv[j]; j++)
            free(s->hooks[i].argv[j]);
        free(s->hooks[i].exec);
    }
    for (size_t i = 0; i < s->n_rules; i++)
        rule_clear(&s->rules[i]);
    free(s->follows);
    free(s->hooks);
    free(s->rules);
    free(s->key_file);
    free(s->data_file);
    free(s->roster_dir);
    free(s->api_socket);
    free(s->scratch_dir);
    free(s);
    *settings = NULL;
}

void
settings_follow_list(const struct settings *settings, struct follow_list *out)
{
    size_t cap = 0;

    *out = (struct follow_list){0};
    for (size_t i = 0; i < settings->n_follows; i++) {
        const struct settings_follow *f = &settings->follows[i];

        for (size_t j = 0; j < f->n; j++) {
            xgrow(&out->v, &cap, out->n, sizeof *out->v);
            out->v[out->n++] = (struct follow){f->prefixes[j], f->now};
        }
    }
}

/* SPDX-License-Identifier: MPL-2.0 */
/*
 * From the text of one file to one community. The file's keys are tables for
 * zpl_check; what follows reads values that are known to be there.
 */
#include "node/roster_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "node/endpoint.h"
#include "node/file.h"
#include "node/mem.h"
#include "node/number.h"
#include "node/zpl.h"
#include "proto/topic.h"

static const struct zpl_key top_keys[] = {{"roster", true, false, false},
                                          {"community", true, true, false},
                                          {"nodes", true, true, false},
                                          {0}};
static const struct zpl_key community_keys[] = {
    {"name", true, false, false},
    {"serial", true, false, false},
    {"contact", false, false, false},
    {0}};
static const struct zpl_key any_section[] = {{"*", true, true, false}, {0}};
static const struct zpl_key node_keys[] = {
    {"events", false, false, false},    {"sync", false, false, false},
    {"sign", true, false, false},       {"curve", true, false, false},
    {"sign-next", false, false, false}, {"curve-next", false, false, false},
    {"retired", false, true, false},    {0}};
static const struct zpl_key retired_keys[] = {
    {"sign", true, false, false}, {"upto", true, false, false}, {0}};

/* A key of this file and the line it stands on. */
struct seen {
    uint8_t key[CIM_KEY_LEN];
    unsigned line;
};

struct in {
    const struct zpl *zpl;
    struct cim_diag *diag;
    struct seen *seen;
    size_t n_seen, cap;
};

/* The key under name, which no other line may have; *has says if it is there
 * (NULL: it is, the table saw to that). */
static enum cim_err
read_key(struct in *in, const struct zpl_item *section, const char *name,
         uint8_t out[static CIM_KEY_LEN], bool *has)
{
    struct zpl_item item;
    struct cim_diag why;
    bool found = zpl_find(in->zpl, section, name, &item);

    if (has)
        *has = found;
    if (!found)
        return CIM_OK;
    if (cim_key_parse(cim_bytes_str(item.value), out, &why))
        return zpl_bad(in->zpl, &item, in->diag, "%s", why.text);
    for (size_t i = 0; i < in->n_seen; i++)
        if (memcmp(in->seen[i].key, out, CIM_KEY_LEN) == 0)
            return zpl_bad(in->zpl, &item, in->diag,
                           "the same key as on line %u; every key has one use",
                           in->seen[i].line);
    xgrow(&in->seen, &in->cap, in->n_seen, sizeof *in->seen);
    memcpy(in->seen[in->n_seen].key, out, CIM_KEY_LEN);
    in->seen[in->n_seen++].line = item.line;
    return CIM_OK;
}

static enum cim_err
read_endpoint(struct in *in, const struct zpl_item *section, const char *name,
              char out[static ROSTER_ENDPOINT_MAX + 1])
{
    struct endpoint endpoint;
    struct zpl_item item;
    struct cim_diag why;

    if (!zpl_find(in->zpl, section, name, &item))
        return CIM_OK;
    if (endpoint_parse(item.value, ENDPOINT_DIAL, &endpoint, &why))
        return zpl_bad(in->zpl, &item, in->diag, "%s", why.text);
    endpoint_text(&endpoint, out);
    return CIM_OK;
}

static enum cim_err
read_endpoints(struct in *in, const struct zpl_item *section,
               struct roster_node *node)
{
    enum cim_err err;

    if ((err = read_endpoint(in, section, "events", node->events)) ||
        (err = read_endpoint(in, section, "sync", node->sync)))
        return err;
    if (!node->events[0] != !node->sync[0])
        return zpl_bad(in->zpl, section, in->diag,
                       "'%s' is missing; a node has both endpoints, or "
                       "neither when nobody can dial it",
                       node->events[0] ? "sync" : "events");
    if (node->events[0] && strcmp(node->events, node->sync) == 0)
        return zpl_bad(in->zpl, section, in->diag,
                       "events and sync are the same endpoint; give sync a "
                       "port of its own");
    return CIM_OK;
}

/* ---- retired keys ------------------------------------------------------- */

static enum cim_err
read_upto(struct in *in, const struct zpl_item *section,
          struct roster_retired *out)
{
    struct zpl_item item;
    const char *slash;

    if (!zpl_find(in->zpl, section, "upto", &item))
        return CIM_EFORM;
    slash = strchr(item.value, '/');
    if (slash &&
        number_parse(cim_bytes_of(item.value, (size_t)(slash - item.value)),
                     CIM_SEQ_MAX, &out->upto_epoch) &&
        number_parse(cim_bytes_str(slash + 1), CIM_SEQ_MAX, &out->upto_seq))
        return CIM_OK;
    return zpl_bad(in->zpl, &item, in->diag,
                   "'%.60s' is no position; write \"EPOCH/SEQ\", the last one "
                   "this key signed",
                   item.value);
}

static enum cim_err
read_retired(struct in *in, const struct zpl_item *section,
             struct roster_node *node)
{
    struct zpl_item list, item = {0};
    struct roster_retired *retired;
    enum cim_err err;

    if (!zpl_find(in->zpl, section, "retired", &list))
        return CIM_OK;
    if ((err = zpl_check(in->zpl, &list, any_section, in->diag)))
        return err;
    while (zpl_next(in->zpl, &list, &item)) {
        if (node->n_retired >= ROSTER_RETIRED_MAX)
            return zpl_bad(in->zpl, &item, in->diag,
                           "more than %d retired keys of one node",
                           ROSTER_RETIRED_MAX);
        retired = &node->retired[node->n_retired++];
        if ((err = zpl_check(in->zpl, &item, retired_keys, in->diag)) ||
            (err = read_key(in, &item, "sign", retired->sign.b, NULL)) ||
            (err = read_upto(in, &item, retired)))
            return err;
    }
    return CIM_OK;
}

/* ---- nodes, community --------------------------------------------------- */

static enum cim_err
read_node(struct in *in, const struct zpl_item *section,
          struct roster_community *c)
{
    struct roster_node *node;
    char name[CIM_NODE_MAX + 1];
    enum cim_err err;

    if (!cim_name_valid(cim_bytes_str(section->name)))
        return zpl_bad(in->zpl, section, in->diag,
                       "no name of a node; 1 to %d of a-z, 0-9 and '-', not "
                       "'-' first",
                       CIM_NAME_MAX);
    if (c->n_nodes >= ROSTER_NODES_MAX)
        return zpl_bad(in->zpl, section, in->diag,
                       "more than %d nodes of one community", ROSTER_NODES_MAX);
    if ((err = zpl_check(in->zpl, section, node_keys, in->diag)))
        return err;
    snprintf(name, sizeof name, "%.32s/%.32s", c->name, section->name);
    node = roster_community_add(c, name);
    if ((err = read_key(in, section, "sign", node->sign.b, NULL)) ||
        (err = read_key(in, section, "curve", node->curve.b, NULL)) ||
        (err = read_key(in, section, "sign-next", node->sign_next.b,
                        &node->has_sign_next)) ||
        (err = read_key(in, section, "curve-next", node->curve_next.b,
                        &node->has_curve_next)) ||
        (err = read_endpoints(in, section, node)))
        return err;
    return read_retired(in, section, node);
}

static enum cim_err
read_head(struct in *in, const struct zpl_item *section,
          struct roster_community **out)
{
    struct zpl_item name = *section, item;
    struct roster_community *c;
    enum cim_err err;

    if ((err = zpl_check(in->zpl, section, community_keys, in->diag)))
        return err;
    if (!zpl_find(in->zpl, section, "name", &name) ||
        !cim_name_valid(cim_bytes_str(name.value)))
        return zpl_bad(in->zpl, &name, in->diag,
                       "'%.40s' is no name of a community; 1 to %d of a-z, "
                       "0-9 and '-', not '-' first",
                       name.value, CIM_NAME_MAX);
    *out = c = roster_community_new(name.value);
    if (!zpl_find(in->zpl, section, "serial", &item))
        return CIM_EFORM;
    if ((err =
             zpl_number(in->zpl, &item, 1, CIM_SEQ_MAX, &c->serial, in->diag)))
        return err;
    if (!zpl_find(in->zpl, section, "contact", &item))
        return CIM_OK;
    if (strlen(item.value) > ROSTER_CONTACT_MAX)
        return zpl_bad(in->zpl, &item, in->diag, "longer than %d bytes",
                       ROSTER_CONTACT_MAX);
    snprintf(c->contact, sizeof c->contact, "%s", item.value);
    return CIM_OK;
}

static enum cim_err
read_all(struct in *in, struct roster_community **out)
{
    struct zpl_item top = zpl_root(in->zpl), item, node = {0};
    enum cim_err err;

    if ((err = zpl_check(in->zpl, &top, top_keys, in->diag)))
        return err;
    if (zpl_find(in->zpl, &top, "roster", &item) &&
        strcmp(item.value, "1") != 0)
        return zpl_bad(in->zpl, &item, in->diag,
                       "version '%.20s'; this program reads `roster = 1`",
                       item.value);
    if (!zpl_find(in->zpl, &top, "community", &item) ||
        (err = read_head(in, &item, out)))
        return err ? err : CIM_EFORM;
    if (!zpl_find(in->zpl, &top, "nodes", &item) ||
        (err = zpl_check(in->zpl, &item, any_section, in->diag)))
        return err ? err : CIM_EFORM;
    while (zpl_next(in->zpl, &item, &node))
        if ((err = read_node(in, &node, *out)))
            return err;
    return CIM_OK;
}

enum cim_err
roster_file_parse(struct cim_bytes text, const char *name,
                  struct roster_community **out, struct cim_diag *diag)
{
    struct in in = {.diag = diag};
    struct zpl *zpl;
    enum cim_err err;

    *out = NULL;
    if ((err = zpl_parse(text, name, &zpl, diag)))
        return err;
    in.zpl = zpl;
    err = read_all(&in, out);
    if (err && *out)
        roster_community_destroy(out);
    free(in.seen);
    zpl_destroy(&zpl);
    return err;
}

enum cim_err
roster_file_load(const char *path, struct roster_community **out,
                 struct cim_buf *bytes, struct cim_diag *diag)
{
    const char *name = strcmp(path, "-") == 0 ? "standard input" : path;
    enum cim_err err;

    *out = NULL;
    cim_buf_reset(bytes);
    if ((err = file_read(path, ZPL_FILE_MAX, bytes, diag)))
        return err;
    return roster_file_parse(cim_buf_bytes(bytes), name, out, diag);
}

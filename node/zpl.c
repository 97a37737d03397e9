/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The lines of zpl_text and the tree of zconfig are the same keys in the same
 * order; they are joined here, so that every key knows its line. If they ever
 * differ the file is refused: two readers of a file of trust must agree.
 */
#include "node/zpl.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <czmq.h>

#include "node/file.h"
#include "node/mem.h"
#include "node/number.h"
#include "node/suggest.h"
#include "node/zpl_text.h"

struct entry { /* [0] is the root */
    zconfig_t *node;
    unsigned line;
    bool has_value;
    struct entry *parent;
    struct entry *child; /* first */
    struct entry *next;  /* sibling */
};

struct zpl {
    char *name;
    struct cim_bytes text;
    zconfig_t *config;
    struct entry *entries;
    size_t n;
};

/* ---- making ------------------------------------------------------------- */

static bool
same(zconfig_t *node, const struct zpl_line *line)
{
    const char *value = zconfig_value(node);

    return cim_bytes_is(line->name, zconfig_name(node)) &&
           cim_bytes_is(line->value, value ? value : "");
}

/*
 * Joins the children of parent with lines from *at on. Recursion is as deep
 * as the file, at most ZPL_DEPTH_MAX. False when the two differ.
 */
static bool
join(struct zpl *zpl, struct entry *parent, const struct zpl_line *lines,
     size_t *at)
{
    zconfig_t *child = zconfig_child(parent->node);
    struct entry **link = &parent->child, *e;

    for (; child; child = zconfig_next(child)) {
        if (*at + 1 >= zpl->n || !same(child, &lines[*at]))
            return false;
        e = &zpl->entries[*at + 1];
        e->node = child;
        e->line = lines[*at].line;
        e->has_value = lines[*at].value.p != NULL;
        e->parent = parent;
        *link = e;
        link = &e->next;
        ++*at;
        if (!join(zpl, e, lines, at))
            return false;
    }
    return true;
}

static enum cim_err
build(struct zpl *zpl, const struct zpl_line *lines, size_t n,
      struct cim_diag *diag)
{
    zchunk_t *chunk = zchunk_new(zpl->text.p, zpl->text.len);
    size_t at = 0;

    if (!chunk)
        mem_fail();
    zpl->config = zconfig_chunk_load(chunk);
    zchunk_destroy(&chunk);
    zpl->entries = xcalloc(n + 1, sizeof *zpl->entries);
    zpl->n = n + 1;
    zpl->entries[0] = (struct entry){.node = zpl->config, .line = 1};
    if (zpl->config && join(zpl, zpl->entries, lines, &at) && at == n)
        return CIM_OK;
    cim_diag_set(diag,
                 "%s: two readers of this file disagree about it, which is "
                 "a fault of this program; please report it with the file",
                 zpl->name);
    return CIM_ESTATE;
}

enum cim_err
zpl_parse(struct cim_bytes text, const char *name, struct zpl **out,
          struct cim_diag *diag)
{
    struct zpl_line *lines;
    struct zpl *zpl;
    enum cim_err err;
    size_t n;

    *out = NULL;
    if ((err = zpl_text_check(text, name, &lines, &n, diag)))
        return err;
    zpl = xcalloc(1, sizeof *zpl);
    zpl->name = xstrdup(name);
    zpl->text = xbytes(text);
    err = build(zpl, lines, n, diag);
    free(lines);
    if (err)
        zpl_destroy(&zpl);
    *out = zpl;
    return err;
}

enum cim_err
zpl_load(const char *path, struct zpl **out, struct cim_diag *diag)
{
    struct cim_buf text = {0};
    enum cim_err err;

    *out = NULL;
    if (!(err = file_read(path, ZPL_FILE_MAX, &text, diag)))
        err = zpl_parse(cim_buf_bytes(&text), path, out, diag);
    cim_buf_clear(&text);
    return err;
}

void
zpl_destroy(struct zpl **zpl)
{
    if (!*zpl)
        return;
    zconfig_destroy(&(*zpl)->config);
    free((*zpl)->entries);
    free((void *)(uintptr_t)(*zpl)->text.p);
    free((*zpl)->name);
    free(*zpl);
    *zpl = NULL;
}

/* ---- reading ------------------------------------------------------------ */

struct cim_bytes
zpl_text(const struct zpl *zpl)
{
    return zpl->text;
}

const char *
zpl_name(const struct zpl *zpl)
{
    return zpl->name;
}

static struct zpl_item
item_of(struct entry *e)
{
    const char *value = zconfig_value(e->node);

    return (struct zpl_item){.name = zconfig_name(e->node),
                             .value = value ? value : "",
                             .line = e->line,
                             .node = e};
}

struct zpl_item
zpl_root(const struct zpl *zpl)
{
    return item_of(zpl->entries);
}

bool
zpl_next(const struct zpl *zpl, const struct zpl_item *parent,
         struct zpl_item *child)
{
    struct entry *e = child->node ? ((struct entry *)child->node)->next
                                  : ((struct entry *)parent->node)->child;

    /* The last of the file is `end = 1`: form, not content. */
    if (!e || (parent->node == zpl->entries && !e->next))
        return false;
    *child = item_of(e);
    return true;
}

bool
zpl_find(const struct zpl *zpl, const struct zpl_item *section,
         const char *name, struct zpl_item *out)
{
    struct zpl_item child = {0};

    while (zpl_next(zpl, section, &child)) {
        if (strcmp(child.name, name) != 0)
            continue;
        *out = child;
        return true;
    }
    return false;
}

/* ---- checking ----------------------------------------------------------- */

/* Appends "nodes/ci-1/events"; recursion is as deep as the file. */
static void
add_path(const struct entry *e, struct cim_buf *out)
{
    if (!e->parent)
        return;
    add_path(e->parent, out);
    cim_buf_add_str(out, out->len ? "/" : "");
    cim_buf_add_str(out, zconfig_name(e->node));
}

enum cim_err
zpl_bad(const struct zpl *zpl, const struct zpl_item *item,
        struct cim_diag *diag, const char *fmt, ...)
{
    struct cim_buf path = {.max = 160};
    char text[sizeof diag->text];
    const char *where;
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    add_path(item->node, &path);
    where = cim_buf_cstr(&path);
    cim_diag_set(diag, "%s:%u: %s%s%s", zpl->name, item->line,
                 where ? where : "", path.len ? ": " : "", text);
    cim_buf_clear(&path);
    return CIM_EFORM;
}

static const struct zpl_key *
key_of(const struct zpl_key *keys, const char *name)
{
    for (; keys->name; keys++)
        if (strcmp(keys->name, name) == 0 || strcmp(keys->name, "*") == 0)
            return keys;
    return NULL;
}

static enum cim_err
unknown_key(const struct zpl *zpl, const struct zpl_item *item,
            const struct zpl_key *keys, struct cim_diag *diag)
{
    const char *names[32], *meant;
    size_t n = 0;

    for (; keys->name && n < 31; keys++)
        names[n++] = keys->name;
    names[n] = NULL;
    if ((meant = suggest(item->name, names)))
        return zpl_bad(zpl, item, diag, "unknown key, did you mean '%s'?",
                       meant);
    return zpl_bad(zpl, item, diag, "unknown key; remove the line");
}

/* An earlier child of this name, or NULL. */
static const struct entry *
earlier(const struct zpl_item *section, const struct zpl_item *item)
{
    const struct entry *e = ((struct entry *)section->node)->child;

    for (; e != item->node; e = e->next)
        if (strcmp(zconfig_name(e->node), item->name) == 0)
            return e;
    return NULL;
}

static enum cim_err
check_key(const struct zpl *zpl, const struct zpl_item *section,
          const struct zpl_item *item, const struct zpl_key *key,
          struct cim_diag *diag)
{
    const struct entry *e = item->node, *first = NULL;

    if (key->section && e->has_value)
        return zpl_bad(zpl, item, diag,
                       "a section has no value; write '%s' alone and what "
                       "belongs to it below, indented",
                       item->name);
    if (!key->section && !e->has_value)
        return zpl_bad(zpl, item, diag, "needs a value: %s = \"...\"",
                       item->name);
    if (!key->repeat)
        first = earlier(section, item);
    if (first)
        return zpl_bad(zpl, item, diag,
                       "given twice, first on line %u; remove one",
                       first->line);
    return CIM_OK;
}

static enum cim_err
check_missing(const struct zpl *zpl, const struct zpl_item *section,
              const struct zpl_key *keys, struct cim_diag *diag)
{
    for (; keys->name; keys++) {
        struct zpl_item found = {0};
        bool any = strcmp(keys->name, "*") == 0;

        if (!keys->required ||
            (any ? zpl_next(zpl, section, &found)
                 : zpl_find(zpl, section, keys->name, &found)))
            continue;
        if (any)
            return zpl_bad(zpl, section, diag, "is empty");
        return zpl_bad(zpl, section, diag, "'%s' is missing; add it",
                       keys->name);
    }
    return CIM_OK;
}

enum cim_err
zpl_check(const struct zpl *zpl, const struct zpl_item *section,
          const struct zpl_key *keys, struct cim_diag *diag)
{
    struct zpl_item item = {0};
    const struct zpl_key *key;
    enum cim_err err;

    while (zpl_next(zpl, section, &item)) {
        if (!(key = key_of(keys, item.name)))
            return unknown_key(zpl, &item, keys, diag);
        if ((err = check_key(zpl, section, &item, key, diag)))
            return err;
    }
    return check_missing(zpl, section, keys, diag);
}

/* ---- values ------------------------------------------------------------- */

enum cim_err
zpl_number(const struct zpl *zpl, const struct zpl_item *item, uint64_t min,
           uint64_t max, uint64_t *out, struct cim_diag *diag)
{
    if (number_parse(cim_bytes_str(item->value), max, out) && *out >= min)
        return CIM_OK;
    return zpl_bad(zpl, item, diag,
                   "'%.40s' is not a number from %" PRIu64 " to %" PRIu64,
                   item->value, min, max);
}

enum cim_err
zpl_quote(struct cim_bytes text, struct cim_buf *out)
{
    const char *quote = text.len && memchr(text.p, '"', text.len) ? "'" : "\"";

    if (text.len == 0 || memchr(text.p, *quote, text.len))
        return CIM_EFORM;
    for (size_t i = 0, n; i < text.len; i += n) {
        uint32_t code;

        n = cim_utf8_next(text.p + i, text.len - i, &code);
        if (n == 0 || cim_utf8_unsafe(code))
            return CIM_EFORM;
    }
    cim_buf_add_str(out, quote);
    cim_buf_add_bytes(out, text);
    return cim_buf_add_str(out, quote);
}

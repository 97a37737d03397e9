/* SPDX-License-Identifier: MPL-2.0 */
/*
 * From a community to the text of its file, and what two communities, or two
 * versions of one, have to do with each other.
 */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "node/file.h"
#include "node/mem.h"
#include "node/roster_file.h"
#include "node/zpl.h"

static void line(struct cim_buf *out, unsigned depth, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

static void
line(struct cim_buf *out, unsigned depth, const char *fmt, ...)
{
    char text[512];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    for (unsigned i = 0; i < depth; i++)
        cim_buf_add_str(out, "    ");
    cim_buf_add_str(out, text);
    cim_buf_add_str(out, "\n");
}

static void
key_line(struct cim_buf *out, unsigned depth, const char *name,
         const uint8_t key[static CIM_KEY_LEN])
{
    char text[CIM_KEY_TEXT_LEN + 1];

    cim_key_text(key, text);
    line(out, depth, "%s = \"%s\"", name, text);
}

static void
write_node(struct cim_buf *out, const struct roster_node *node)
{
    const struct roster_retired *r;

    line(out, 1, "%s", strchr(node->name, '/') + 1);
    if (node->events[0]) {
        line(out, 2, "events = \"%s\"", node->events);
        line(out, 2, "sync = \"%s\"", node->sync);
    }
    key_line(out, 2, "sign", node->sign.b);
    key_line(out, 2, "curve", node->curve.b);
    if (node->has_sign_next)
        key_line(out, 2, "sign-next", node->sign_next.b);
    if (node->has_curve_next)
        key_line(out, 2, "curve-next", node->curve_next.b);
    if (node->n_retired)
        line(out, 2, "retired");
    for (unsigned i = 0; i < node->n_retired; i++) {
        r = &node->retired[i];
        line(out, 3, "key-%u", i + 1);
        key_line(out, 4, "sign", r->sign.b);
        line(out, 4, "upto = \"%" PRIu64 "/%" PRIu64 "\"", r->upto_epoch,
             r->upto_seq);
    }
}

enum cim_err
roster_file_write(const struct roster_community *c, struct cim_buf *out)
{
    line(out, 0, "# The nodes of %s: safe to publish, the same for everybody.",
         c->name);
    line(out, 0, "roster = 1");
    line(out, 0, "community");
    line(out, 1, "name = \"%s\"", c->name);
    line(out, 1, "serial = \"%" PRIu64 "\"", c->serial);
    if (c->contact[0]) {
        cim_buf_add_str(out, "    contact = ");
        if (zpl_quote(cim_bytes_str(c->contact), out))
            return CIM_EFORM;
        cim_buf_add_str(out, "\n");
    }
    line(out, 0, "nodes");
    for (size_t i = 0; i < c->n_nodes; i++)
        write_node(out, &c->nodes[i]);
    line(out, 0, "end = 1");
    return out->err;
}

enum cim_err
roster_file_save(const struct roster_community *c, const char *path,
                 struct cim_diag *diag)
{
    struct cim_buf text = {0};
    enum cim_err err = roster_file_write(c, &text);

    if (!err)
        err = file_replace(path, cim_buf_bytes(&text), 0644, diag);
    cim_buf_clear(&text);
    return err;
}

bool
roster_file_same(const struct roster_community *a,
                 const struct roster_community *b)
{
    struct cim_buf x = {0}, y = {0};
    bool same = !roster_file_write(a, &x) && !roster_file_write(b, &y) &&
                cim_bytes_eq(cim_buf_bytes(&x), cim_buf_bytes(&y));

    cim_buf_clear(&x);
    cim_buf_clear(&y);
    return same;
}

/* ---- who holds which key ------------------------------------------------ */

#define NODE_KEYS_MAX (4 + ROSTER_RETIRED_MAX)

/* The node's keys of every kind; how many. */
static size_t
keys_of(const struct roster_node *node, const uint8_t *out[NODE_KEYS_MAX])
{
    size_t n = 0;

    out[n++] = node->sign.b;
    out[n++] = node->curve.b;
    if (node->has_sign_next)
        out[n++] = node->sign_next.b;
    if (node->has_curve_next)
        out[n++] = node->curve_next.b;
    for (unsigned i = 0; i < node->n_retired; i++)
        out[n++] = node->retired[i].sign.b;
    return n;
}

static bool
share_key(const struct roster_node *a, const struct roster_node *b)
{
    const uint8_t *x[NODE_KEYS_MAX], *y[NODE_KEYS_MAX];
    size_t n = keys_of(a, x), m = keys_of(b, y);

    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < m; j++)
            if (memcmp(x[i], y[j], CIM_KEY_LEN) == 0)
                return true;
    return false;
}

static enum cim_err
check_apart(const struct roster_community *other,
            const struct roster_community *fresh, struct cim_diag *diag)
{
    for (size_t i = 0; i < other->n_nodes; i++)
        for (size_t j = 0; j < fresh->n_nodes; j++) {
            if (!share_key(&other->nodes[i], &fresh->nodes[j]))
                continue;
            cim_diag_set(diag,
                         "%s: a key of it belongs to %s already; ask both "
                         "communities whose it is",
                         fresh->nodes[j].name, other->nodes[i].name);
            return CIM_ECONFLICT;
        }
    return CIM_OK;
}

enum cim_err
roster_file_fits(const struct roster *others,
                 const struct roster_community *held,
                 const struct roster_community *fresh, struct cim_diag *diag)
{
    enum cim_err err;

    if (held && fresh->serial < held->serial) {
        cim_diag_set(diag,
                     "%s: serial %" PRIu64 " is older than serial %" PRIu64
                     ", which is in force; ask %s for the newest file",
                     fresh->name, fresh->serial, held->serial, fresh->name);
        return CIM_EVERSION;
    }
    if (held && fresh->serial == held->serial &&
        !roster_file_same(held, fresh)) {
        cim_diag_set(diag,
                     "%s: serial %" PRIu64 " is in force with other content; "
                     "%s has to raise it with every change",
                     fresh->name, fresh->serial, fresh->name);
        return CIM_ECONFLICT;
    }
    for (size_t i = 0; i < others->n; i++)
        if (strcmp(others->communities[i]->name, fresh->name) != 0 &&
            (err = check_apart(others->communities[i], fresh, diag)))
            return err;
    return CIM_OK;
}

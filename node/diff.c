/* SPDX-License-Identifier: MPL-2.0 */
#include "node/diff.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "node/mem.h"
#include "node/safe.h"
#include "node/trace.h"

/* ---- gathering ----------------------------------------------------------*/

struct opening {
    struct diff_side *side;
    const char *via;
    bool cut;
};

static bool
same_name(const struct ledger_name *a, const struct ledger_name *b)
{
    return strcmp(a->community, b->community) == 0 &&
           memcmp(&a->id, &b->id, sizeof a->id) == 0;
}

/* The same thing, found or not. */
static bool
same_item(const struct diff_item *a, const struct diff_item *b)
{
    if (a->is_subject != b->is_subject)
        return false;
    return a->is_subject ? same_name(&a->subject.name, &b->subject.name)
                         : strcmp(a->wanted, b->wanted) == 0;
}

static void
item_clear(struct diff_item *item)
{
    ledger_subject_clear(&item->subject);
    free(item->wanted);
    free(item->key);
    free(item->stamps.v);
}

static bool
add_item(void *ctx, enum ledger_how how, const char *wanted,
         const struct ledger_subject *member)
{
    struct opening *o = ctx;
    struct diff_side *side = o->side;
    bool found =
        member != NULL && how != LEDGER_ABSENT && how != LEDGER_CLAIMED;

    if (side->n == DIFF_ITEMS_MAX) {
        o->cut = true;
        return false;
    }
    xgrow(&side->v, &side->cap, side->n, sizeof *side->v);
    struct diff_item *item = &side->v[side->n];
    *item = (struct diff_item){.how = how, .is_subject = found};
    item->wanted = xstrdup(wanted != NULL ? wanted : "");
    if (found)
        trace_subject_copy(&item->subject, member);
    snprintf(item->via, sizeof item->via, "%s", o->via);
    for (size_t i = 0; i < side->n; i++)
        if (same_item(&side->v[i], item)) {
            item_clear(item);
            return true; /* in two of its parts, or a circle */
        }
    side->n++;
    return true;
}

/* The members, then those of each baseline among them, and so on. */
static enum cim_err
open_side(struct store_reader *reader, const struct ledger_name *name,
          struct diff_side *side, bool *cut)
{
    struct opening o = {.side = side, .via = ""};
    enum cim_err err = ledger_get(reader, name, &side->baseline);

    if (err == CIM_OK)
        err = ledger_members(reader, &side->baseline, add_item, &o);
    for (size_t i = 0; i < side->n && err == CIM_OK; i++) {
        struct ledger_subject inner = {0};
        char via[CIM_TEXT_MAX + 1];
        if (!side->v[i].is_subject ||
            side->v[i].subject.kind != LEDGER_BASELINE ||
            same_name(&side->v[i].subject.name, name))
            continue;
        trace_subject_copy(&inner, &side->v[i].subject);
        snprintf(via, sizeof via, "%s", cim_buf_cstr(&inner.title));
        o.via = via;
        err = ledger_members(reader, &inner, add_item, &o);
        ledger_subject_clear(&inner);
    }
    *cut |= o.cut;
    return err;
}

/* ---- stamps -------------------------------------------------------------*/

struct said {
    struct diff_stamps *stamps;
    bool b;
};

static struct diff_stamp *
find_stamp(struct diff_stamps *stamps, const struct ledger_stamp *s)
{
    for (size_t i = 0; i < stamps->n; i++)
        if (strcmp(stamps->v[i].community, s->by.community) == 0 &&
            strcmp(stamps->v[i].level, s->level) == 0)
            return &stamps->v[i];
    return NULL;
}

static bool
note_stamp(void *ctx, const struct ledger_stamp *s)
{
    struct said *said = ctx;
    struct diff_stamps *all = said->stamps;
    struct diff_stamp *stamp = find_stamp(all, s);

    if (stamp == NULL) {
        xgrow(&all->v, &all->cap, all->n, sizeof *all->v);
        stamp = &all->v[all->n++];
        *stamp = (struct diff_stamp){0};
        snprintf(stamp->community, sizeof stamp->community, "%s",
                 s->by.community);
        snprintf(stamp->level, sizeof stamp->level, "%s", s->level);
    }
    *(said->b ? &stamp->b : &stamp->a) = s->state;
    return all->n < DIFF_ITEMS_MAX;
}

/* What is said of both alike is left out. */
static enum cim_err
compare_stamps(struct store_reader *reader, const struct ledger_subject *a,
               const struct ledger_subject *b, struct diff_stamps *out)
{
    struct said of_a = {.stamps = out}, of_b = {.stamps = out, .b = true};
    enum cim_err err = ledger_stamps(reader, a, false, note_stamp, &of_a);
    size_t n = 0;

    if (err == CIM_OK)
        err = ledger_stamps(reader, b, false, note_stamp, &of_b);
    for (size_t i = 0; i < out->n; i++)
        if (out->v[i].a != out->v[i].b)
            out->v[n++] = out->v[i];
    out->n = n;
    return err;
}

/* ---- pairs --------------------------------------------------------------*/

void
diff_stem(struct cim_bytes text, struct cim_buf *out)
{
    for (size_t i = 0; i < text.len; i++) {
        if (text.p[i] < '0' || text.p[i] > '9') {
            cim_buf_add_u8(out, text.p[i]);
            continue;
        }
        /* "1.20.3" is one number, "1.20-rc1" two. */
        while (i + 1 < text.len &&
               ((text.p[i + 1] >= '0' && text.p[i + 1] <= '9') ||
                (text.p[i + 1] == '.' && i + 2 < text.len &&
                 text.p[i + 2] >= '0' && text.p[i + 2] <= '9')))
            i++;
        cim_buf_add_u8(out, '#');
    }
}

/* COMMUNITY, kind and stem. */
static char *
item_key(const struct diff_item *item)
{
    const struct ledger_subject *s = &item->subject;
    struct cim_buf key = {0};

    if (item->is_subject) {
        cim_buf_add_str(&key, s->name.community);
        cim_buf_add_str(&key, s->kind == LEDGER_ARTIFACT ? " artifact "
                                                         : " baseline ");
        diff_stem(cim_buf_bytes(s->title.len > 0 ? &s->title : &s->url), &key);
    } else {
        diff_stem(cim_bytes_str(item->wanted), &key);
    }
    char *text = xstrdup(cim_buf_cstr(&key));
    cim_buf_clear(&key);
    return text;
}

static void
side_keys(struct diff_side *side)
{
    for (size_t i = 0; i < side->n; i++)
        side->v[i].key = item_key(&side->v[i]);
}

static void
pair_same(struct diff *diff)
{
    for (size_t i = 0; i < diff->b.n; i++)
        for (size_t k = 0; k < diff->a.n; k++)
            if (diff->a.v[k].fate == DIFF_ALONE &&
                same_item(&diff->a.v[k], &diff->b.v[i])) {
                diff->a.v[k].fate = diff->b.v[i].fate = DIFF_SAME;
                diff->n_same++;
                break;
            }
}

/* The first of a that is alone and has this key. */
static struct diff_item *
counterpart(struct diff *diff, const char *key)
{
    for (size_t k = 0; k < diff->a.n; k++)
        if (diff->a.v[k].fate == DIFF_ALONE &&
            strcmp(diff->a.v[k].key, key) == 0)
            return &diff->a.v[k];
    return NULL;
}

static enum cim_err
pair_changed(struct store_reader *reader, struct diff *diff)
{
    enum cim_err err = CIM_OK;

    for (size_t i = 0; i < diff->b.n && err == CIM_OK; i++) {
        struct diff_item *to = &diff->b.v[i];
        struct diff_item *from =
            to->fate == DIFF_ALONE ? counterpart(diff, to->key) : NULL;
        if (from == NULL)
            continue;
        from->fate = to->fate = DIFF_CHANGED;
        from->other = i;
        to->other = (size_t)(from - diff->a.v);
        if (from->is_subject && to->is_subject)
            err = compare_stamps(reader, &from->subject, &to->subject,
                                 &to->stamps);
    }
    return err;
}

enum cim_err
diff_make(struct store_reader *reader, const struct ledger_name *a,
          const struct ledger_name *b, struct diff *out)
{
    *out = (struct diff){0};
    enum cim_err err = open_side(reader, a, &out->a, &out->cut);

    if (err == CIM_OK)
        err = open_side(reader, b, &out->b, &out->cut);
    if (err == CIM_OK)
        err = compare_stamps(reader, &out->a.baseline, &out->b.baseline,
                             &out->stamps);
    if (err != CIM_OK)
        return err;
    side_keys(&out->a);
    side_keys(&out->b);
    pair_same(out);
    return pair_changed(reader, out);
}

static void
side_clear(struct diff_side *side)
{
    for (size_t i = 0; i < side->n; i++)
        item_clear(&side->v[i]);
    free(side->v);
    ledger_subject_clear(&side->baseline);
}

void
diff_clear(struct diff *diff)
{
    side_clear(&diff->a);
    side_clear(&diff->b);
    free(diff->stamps.v);
    *diff = (struct diff){0};
}

/* ---- for people ---------------------------------------------------------*/

static void
put_title(const struct ledger_subject *s, struct cim_buf *out)
{
    char name[TRACE_NAME_LEN + 1];

    trace_name_text(&s->name, name);
    if (s->title.len + s->url.len > 0)
        safe_add(out, cim_buf_bytes(s->title.len > 0 ? &s->title : &s->url));
    safe_put(out, "  %s", name);
}

static void
put_item(const char *sign, const struct diff_item *item, struct cim_buf *out)
{
    safe_put(out, "%s ", sign);
    if (item->is_subject) {
        put_title(&item->subject, out);
    } else {
        cim_buf_add_str(out, "'");
        safe_add(out, cim_bytes_str(item->wanted));
        safe_put(out, "' (%s)", ledger_how_text(item->how));
    }
    if (item->via[0] != '\0') {
        cim_buf_add_str(out, " in ");
        safe_add(out, cim_bytes_str(item->via));
    }
    cim_buf_add_str(out, "\n");
}

static void
put_stamps(const char *indent, const struct diff_stamps *stamps,
           struct cim_buf *out)
{
    for (size_t i = 0; i < stamps->n; i++)
        safe_put(out, "%s%s:%s was %s, is %s\n", indent, stamps->v[i].community,
                 stamps->v[i].level, ledger_state_text(stamps->v[i].a),
                 ledger_state_text(stamps->v[i].b));
}

void
diff_text(const struct diff *diff, struct cim_buf *out)
{
    cim_buf_add_str(out, "--- ");
    put_title(&diff->a.baseline, out);
    cim_buf_add_str(out, "\n+++ ");
    put_title(&diff->b.baseline, out);
    cim_buf_add_str(out, "\n");
    put_stamps("    ", &diff->stamps, out);
    for (size_t i = 0; i < diff->b.n; i++) {
        const struct diff_item *item = &diff->b.v[i];
        if (item->fate != DIFF_CHANGED)
            continue;
        put_item("-", &diff->a.v[item->other], out);
        put_item("+", item, out);
        put_stamps("    ", &item->stamps, out);
    }
    for (size_t i = 0; i < diff->a.n; i++)
        if (diff->a.v[i].fate == DIFF_ALONE)
            put_item("-", &diff->a.v[i], out);
    for (size_t i = 0; i < diff->b.n; i++)
        if (diff->b.v[i].fate == DIFF_ALONE)
            put_item("+", &diff->b.v[i], out);
    safe_put(out, "%zu the same\n", diff->n_same);
    if (diff->cut)
        safe_put(out, "cut: one of them has more than %d members\n",
                 DIFF_ITEMS_MAX);
}

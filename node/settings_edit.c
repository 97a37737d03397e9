/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Edits are insertions and deletions of whole lines, found by the line
 * numbers the parser gives; all other bytes stay as their author wrote them.
 * What comes out is parsed before it replaces the file.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "node/file.h"
#include "node/mem.h"
#include "node/settings_private.h"

struct edit {
    const char *dir;
    char *path; /* owned */
    int lock;   /* the folder, so that two edits do not lose one */
    struct cim_buf text;
    struct zpl *zpl;
    struct zpl_item follow;
    bool has_follow;
    struct cim_diag *diag;
};

/* ---- lines -------------------------------------------------------------- */

/* Offset of the first byte of this line, 1..; the end behind the last. */
static size_t
line_at(struct cim_bytes text, unsigned line)
{
    const uint8_t *eol;
    size_t at = 0;

    for (; line > 1 && at < text.len; line--) {
        eol = memchr(text.p + at, '\n', text.len - at);
        at = eol ? (size_t)(eol - text.p) + 1 : text.len;
    }
    return at;
}

static void
replace_bytes(struct edit *e, size_t from, size_t to, const char *block)
{
    struct cim_buf out = {0};

    cim_buf_add(&out, e->text.p, from);
    cim_buf_add_str(&out, block);
    if (cim_buf_add(&out, e->text.p + to, e->text.len - to))
        mem_fail();
    cim_buf_clear(&e->text);
    e->text = out;
}

static void
insert_after(struct edit *e, unsigned line, const char *block)
{
    size_t at = line_at(cim_buf_bytes(&e->text), line + 1);

    replace_bytes(e, at, at, block);
}

static void
delete_lines(struct edit *e, unsigned first, unsigned last)
{
    struct cim_bytes text = cim_buf_bytes(&e->text);

    replace_bytes(e, line_at(text, first), line_at(text, last + 1), "");
}

/* Line of the last key in this section, its own when it is empty. */
static unsigned
last_line(const struct zpl *zpl, const struct zpl_item *section)
{
    struct zpl_item child = {0}, last = {0};

    while (zpl_next(zpl, section, &child))
        last = child;
    return last.node ? last_line(zpl, &last) : section->line;
}

/* The line before `end = 1`, which is the file's last key. */
static unsigned
line_before_end(struct cim_bytes text)
{
    size_t at, next;
    unsigned line = 1, found = 0;

    for (at = 0; at < text.len; at = next, line++) {
        next = at + line_at(cim_bytes_of(text.p + at, text.len - at), 2);
        if (text.len - at >= 3 && memcmp(text.p + at, "end", 3) == 0)
            found = line;
    }
    return found - 1;
}

/* ---- what is followed --------------------------------------------------- */

struct place { /* of a followed topic */
    struct zpl_item label, topic;
    size_t n_topics; /* under the label */
    bool now;
};

static bool
is_now(const struct zpl *zpl, const struct zpl_item *label)
{
    struct zpl_item since;

    return zpl_find(zpl, label, "since", &since) &&
           strcmp(since.value, "now") == 0;
}

static bool
is_topic(const struct zpl_item *item, const struct cim_prefix *prefix)
{
    struct cim_prefix other;

    return strcmp(item->name, "topic") == 0 &&
           !cim_prefix_parse(cim_bytes_str(item->value), &other, NULL) &&
           cim_bytes_eq(cim_prefix_bytes(&other), cim_prefix_bytes(prefix));
}

static bool
find_place(const struct edit *e, const struct cim_prefix *prefix,
           struct place *out)
{
    struct zpl_item label = {0};
    bool found = false;

    while (!found && e->has_follow && zpl_next(e->zpl, &e->follow, &label)) {
        struct zpl_item item = {0};

        *out = (struct place){.label = label, .now = is_now(e->zpl, &label)};
        while (zpl_next(e->zpl, &label, &item)) {
            out->n_topics += strcmp(item.name, "topic") == 0;
            if (is_topic(&item, prefix)) {
                out->topic = item;
                found = true;
            }
        }
    }
    return found;
}

/* ---- open, save --------------------------------------------------------- */

static void
edit_close(struct edit *e)
{
    zpl_destroy(&e->zpl);
    cim_buf_clear(&e->text);
    free(e->path);
    if (e->lock >= 0)
        close(e->lock);
}

static enum cim_err
edit_open(struct edit *e, const char *dir, struct cim_diag *diag)
{
    struct settings *settings;
    struct zpl_item top;
    enum cim_err err;

    *e = (struct edit){.dir = dir, .diag = diag, .lock = -1};
    e->path = file_join(dir, "cimesh.zpl");
    e->lock = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (e->lock >= 0 && flock(e->lock, LOCK_EX) != 0)
        return file_error(dir, errno, diag);
    if ((err = settings_load(dir, &settings, diag)))
        return err;
    settings_destroy(&settings);
    if ((err = file_read(e->path, ZPL_FILE_MAX, &e->text, diag)) ||
        (err = zpl_parse(cim_buf_bytes(&e->text), e->path, &e->zpl, diag)))
        return err;
    top = zpl_root(e->zpl);
    e->has_follow = zpl_find(e->zpl, &top, "follow", &e->follow);
    return CIM_OK;
}

static enum cim_err
edit_save(struct edit *e)
{
    struct settings *settings;
    enum cim_err err = settings_parse(cim_buf_bytes(&e->text), e->path, e->dir,
                                      &settings, e->diag);

    if (err)
        return err;
    settings_destroy(&settings);
    return file_replace(e->path, cim_buf_bytes(&e->text), 0644, e->diag);
}

/* ---- follow ------------------------------------------------------------- */

/* The community of the prefix, or "all" when it names none whole. */
static void
base_label(const struct cim_prefix *prefix, char out[static CIM_NAME_MAX + 1])
{
    struct cim_bytes community = cim_community_of(cim_prefix_bytes(prefix));

    if (cim_name_valid(community))
        snprintf(out, CIM_NAME_MAX + 1, "%.*s", (int)community.len,
                 (const char *)community.p);
    else
        snprintf(out, CIM_NAME_MAX + 1, "all");
}

/*
 * The label a new topic goes under: the community's; when that one has another
 * `since`, one with the word or a number behind it. True when it is there.
 */
static bool
find_label(const struct edit *e, const struct cim_prefix *prefix, bool now,
           char name[static CIM_NAME_MAX + 1], struct zpl_item *out)
{
    char base[CIM_NAME_MAX + 1];

    base_label(prefix, base);
    for (unsigned i = 0;; i++) {
        if (i == 0)
            snprintf(name, CIM_NAME_MAX + 1, "%s", base);
        else if (i == 1)
            snprintf(name, CIM_NAME_MAX + 1, "%.28s-%s", base,
                     now ? "now" : "all");
        else
            snprintf(name, CIM_NAME_MAX + 1, "%.24s-%u", base, i % 100000);
        if (!e->has_follow || !zpl_find(e->zpl, &e->follow, name, out))
            return false;
        if (is_now(e->zpl, out) == now)
            return true;
    }
}

static void
add_to_label(struct edit *e, const struct zpl_item *label, const char *topic)
{
    char *block = xasprintf("        topic = \"%s\"\n", topic);
    struct zpl_item item = {0};
    unsigned line = label->line;

    while (zpl_next(e->zpl, label, &item))
        if (strcmp(item.name, "topic") == 0)
            line = item.line;
    insert_after(e, line, block);
    free(block);
}

static void
add_label(struct edit *e, const char *name, const char *topic, bool now)
{
    char *block = xasprintf("%s    %s\n"
                            "        topic = \"%s\"\n"
                            "        since = \"%s\"\n",
                            e->has_follow ? "" : "follow\n", name, topic,
                            now ? "now" : "all");

    insert_after(e,
                 e->has_follow ? last_line(e->zpl, &e->follow)
                               : line_before_end(cim_buf_bytes(&e->text)),
                 block);
    free(block);
}

static enum cim_err
add(struct edit *e, const struct cim_prefix *prefix, bool now, bool *changed)
{
    char topic[CIM_TOPIC_MAX + 2], name[CIM_NAME_MAX + 1];
    struct zpl_item label;
    struct place place;

    cim_prefix_show(prefix, topic);
    if (find_place(e, prefix, &place)) {
        if (place.now == now)
            return CIM_OK;
        cim_diag_set(e->diag,
                     "%s:%u: %s is followed with since = \"%s\"; change it "
                     "there, or unfollow it first",
                     e->path, place.topic.line, topic,
                     place.now ? "now" : "all");
        return CIM_ECONFLICT;
    }
    if (find_label(e, prefix, now, name, &label))
        add_to_label(e, &label, topic);
    else
        add_label(e, name, topic, now);
    *changed = true;
    return edit_save(e);
}

enum cim_err
settings_follow_add(const char *dir, const struct cim_prefix *prefix, bool now,
                    bool *changed, struct cim_diag *diag)
{
    struct edit edit;
    enum cim_err err = edit_open(&edit, dir, diag);

    *changed = false;
    if (!err)
        err = add(&edit, prefix, now, changed);
    edit_close(&edit);
    return err;
}

static enum cim_err
take_away(struct edit *e, const struct cim_prefix *prefix, bool *changed)
{
    char topic[CIM_TOPIC_MAX + 2];
    struct place place;

    if (!find_place(e, prefix, &place)) {
        cim_prefix_show(prefix, topic);
        cim_diag_set(e->diag,
                     "%s is not followed; what is stands under `follow` in %s",
                     topic, e->path);
        return CIM_ENOENT;
    }
    if (place.n_topics > 1)
        delete_lines(e, place.topic.line, place.topic.line);
    else
        delete_lines(e, place.label.line, last_line(e->zpl, &place.label));
    *changed = true;
    return edit_save(e);
}

enum cim_err
settings_follow_remove(const char *dir, const struct cim_prefix *prefix,
                       bool *changed, struct cim_diag *diag)
{
    struct edit edit;
    enum cim_err err = edit_open(&edit, dir, diag);

    *changed = false;
    if (!err)
        err = take_away(&edit, prefix, changed);
    edit_close(&edit);
    return err;
}

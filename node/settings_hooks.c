/* SPDX-License-Identifier: MPL-2.0 */
/* The section `hooks` of cimesh.zpl. */
#include <stdlib.h>
#include <string.h>

#include "node/mem.h"
#include "node/number.h"
#include "node/settings_private.h"

#define HOOK_TIMEOUT_S     3600
#define HOOK_TIMEOUT_MAX_S (30 * 86400)
#define HOOK_PARALLEL_MAX  16

static const struct zpl_key hook_keys[] = {
    {"topic", true, false, false},     {"exec", true, false, false},
    {"backfill", false, false, false}, {"parallel", false, false, false},
    {"timeout", false, false, false},  {0}};

/* The word at *p, quotes taken away, or NULL with *why. */
static char *
next_word(const char **p, const char **why)
{
    char *word = xcalloc(1, strlen(*p) + 1), *end = word;
    bool quoted = false;

    for (; **p && (quoted || **p != ' '); ++*p) {
        if (**p == '"')
            quoted = !quoted;
        else
            *end++ = **p;
    }
    if (!quoted)
        return word;
    free(word);
    *why = "a double quote is not closed";
    return NULL;
}

/* Spaces split, double quotes group, nothing is expanded. */
static const char *
split_command(const char *text, char *argv[static SETTINGS_ARGS_MAX + 1])
{
    const char *why = NULL;
    size_t n = 0;

    for (;;) {
        text += strspn(text, " ");
        if (!*text)
            break;
        if (n == SETTINGS_ARGS_MAX)
            return "more than 32 words; put them into a script";
        if (!(argv[n++] = next_word(&text, &why)))
            return why;
    }
    if (n == 0 || argv[0][0] != '/')
        return "the first word has to be the absolute path of a program";
    return NULL;
}

static enum cim_err
read_limits(const struct settings_in *in, const struct zpl_item *section,
            struct settings_hook *hook)
{
    static const uint64_t units[] = {1, 60, 3600, 86400};
    struct zpl_item item;
    uint64_t value = 1;
    enum cim_err err;

    if (zpl_find(in->zpl, section, "parallel", &item) &&
        (err = zpl_number(in->zpl, &item, 1, HOOK_PARALLEL_MAX, &value,
                          in->diag)))
        return err;
    hook->parallel = (unsigned)value;
    value = HOOK_TIMEOUT_S;
    if (zpl_find(in->zpl, section, "timeout", &item) &&
        (!number_with_unit(cim_bytes_str(item.value), "smhd", units,
                           HOOK_TIMEOUT_MAX_S, &value) ||
         value == 0))
        return zpl_bad(in->zpl, &item, in->diag,
                       "'%.40s' is no time; write seconds, or 90s, 10m, 2h, "
                       "at most 30d",
                       item.value);
    hook->timeout_s = (unsigned)value;
    return CIM_OK;
}

static enum cim_err
read_hook(const struct settings_in *in, const struct zpl_item *section)
{
    static const char *const backfill[] = {"yes", "no"};
    struct settings_hook *hook = &in->s->hooks[in->s->n_hooks++];
    struct zpl_item item = *section;
    const char *why;
    enum cim_err err;

    if ((err = settings_label(in, section, hook->name)) ||
        (err = zpl_check(in->zpl, section, hook_keys, in->diag)) ||
        (err = settings_choice(in, section, "backfill", backfill,
                               &hook->backfill)) ||
        (err = read_limits(in, section, hook)))
        return err;
    (void)zpl_find(in->zpl, section, "topic", &item);
    if ((err = settings_topic(in, &item, &hook->prefix)))
        return err;
    (void)zpl_find(in->zpl, section, "exec", &item);
    hook->exec = xstrdup(item.value);
    if ((why = split_command(item.value, hook->argv)))
        return zpl_bad(in->zpl, &item, in->diag, "%s", why);
    return CIM_OK;
}

enum cim_err
settings_read_hooks(const struct settings_in *in,
                    const struct zpl_item *section)
{
    struct zpl_item item = {0};
    enum cim_err err =
        zpl_check(in->zpl, section, settings_any_section, in->diag);

    in->s->hooks =
        xcalloc(settings_count(in->zpl, section), sizeof *in->s->hooks);
    while (!err && zpl_next(in->zpl, section, &item))
        err = read_hook(in, &item);
    return err;
}

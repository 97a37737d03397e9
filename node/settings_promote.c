/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The section `promote` of cimesh.zpl: a label a rule.
 *
 * `topic` is the only key that may repeat, so requirements are labelled
 * children, and a list within one is text with commas.
 */
#include <stdlib.h>
#include <string.h>

#include "node/mem.h"
#include "node/number.h"
#include "node/settings_private.h"

#define DURATION_MAX_S (3660ull * 86400) /* ten years */
#define DEFAULT_LEVEL  "PROMOTED"

static const struct zpl_key rule_keys[] = {
    {"subject", true, false, false},   {"topic", false, false, true},
    {"name", false, false, false},     {"level", false, false, false},
    {"fresh", false, false, false},    {"within", false, false, false},
    {"overdue", false, false, false},  {"waive", false, false, false},
    {"backfill", false, false, false}, {"require", false, true, false},
    {"members", false, true, false},   {0}};
static const struct zpl_key need_keys[] = {{"*", true, false, false}, {0}};

/* ---- single values ------------------------------------------------------*/

static enum cim_err
read_duration(const struct settings_in *in, const struct zpl_item *section,
              const char *name, int64_t *ms)
{
    static const uint64_t units[] = {1, 60, 3600, 86400, 604800};
    struct zpl_item item;
    uint64_t seconds;

    if (!zpl_find(in->zpl, section, name, &item))
        return CIM_OK;
    if (!number_with_unit(cim_bytes_str(item.value), "smhdw", units,
                          DURATION_MAX_S, &seconds) ||
        seconds == 0)
        return zpl_bad(in->zpl, &item, in->diag,
                       "'%.40s' is no time; write 90s, 10m, 24h, 7d or 2w, at "
                       "most ten years",
                       item.value);
    *ms = (int64_t)seconds * 1000;
    return CIM_OK;
}

static enum cim_err
check_level(const struct settings_in *in, const struct zpl_item *item,
            struct cim_bytes level)
{
    if (cim_level_name_valid(level))
        return CIM_OK;
    return zpl_bad(in->zpl, item, in->diag,
                   "'%.*s' cannot be a level's name: a letter, up to 63 more "
                   "of A-Z a-z 0-9 _ . -, and no key of the seed form",
                   (int)(level.len < 64 ? level.len : 64),
                   (const char *)level.p);
}

static enum cim_err
read_level(const struct settings_in *in, const struct zpl_item *section,
           struct rule *rule)
{
    struct zpl_item item = {.value = DEFAULT_LEVEL};
    enum cim_err err;

    (void)zpl_find(in->zpl, section, "level", &item);
    if ((err = check_level(in, &item, cim_bytes_str(item.value))))
        return err;
    memcpy(rule->level, item.value, strlen(item.value) + 1);
    return CIM_OK;
}

static enum cim_err
read_subject(const struct settings_in *in, const struct zpl_item *section,
             struct rule *rule)
{
    static const char *const kinds[] = {"BaselineDefined", "ArtifactCreated"};
    struct zpl_item item;
    bool baseline;
    enum cim_err err =
        settings_choice(in, section, "subject", kinds, &baseline);

    rule->kind = baseline ? LEDGER_BASELINE : LEDGER_ARTIFACT;
    if (err || !zpl_find(in->zpl, section, "name", &item))
        return err;
    if (!*item.value || strlen(item.value) > CIM_TEXT_MAX)
        return zpl_bad(in->zpl, &item, in->diag,
                       "has to be 1 to %d bytes; '*' stands for any "
                       "characters",
                       CIM_TEXT_MAX);
    rule->title = xstrdup(item.value);
    return CIM_OK;
}

static enum cim_err
read_overdue(const struct settings_in *in, const struct zpl_item *section,
             struct rule *rule)
{
    struct zpl_item item;

    if (!zpl_find(in->zpl, section, "overdue", &item))
        return CIM_OK;
    if (strcmp(item.value, "event") != 0)
        return zpl_bad(in->zpl, &item, in->diag,
                       "'%.40s' is not \"event\"; without the line overdue "
                       "verdicts show in status only",
                       item.value);
    if (!rule->within_ms)
        return zpl_bad(in->zpl, &item, in->diag,
                       "nothing is ever overdue without `within`; add it");
    rule->overdue_event = true;
    return CIM_OK;
}

static enum cim_err
read_topics(const struct settings_in *in, const struct zpl_item *section,
            struct rule *rule)
{
    struct zpl_item item = {0};
    size_t cap = 0;
    enum cim_err err;

    while (zpl_next(in->zpl, section, &item)) {
        struct cim_prefix prefix;

        if (strcmp(item.name, "topic") != 0)
            continue;
        if (rule->n_topics == RULE_TOPICS_MAX)
            return zpl_bad(in->zpl, &item, in->diag,
                           "more than %d topics; write shorter prefixes",
                           RULE_TOPICS_MAX);
        if ((err = settings_topic(in, &item, &prefix)))
            return err;
        xgrow(&rule->topics, &cap, rule->n_topics, sizeof *rule->topics);
        rule->topics[rule->n_topics++] = prefix;
    }
    return CIM_OK;
}

/* ---- lists --------------------------------------------------------------*/

static struct cim_bytes
trimmed(struct cim_bytes text)
{
    while (text.len && text.p[0] == ' ') {
        text.p++;
        text.len--;
    }
    while (text.len && text.p[text.len - 1] == ' ')
        text.len--;
    return text;
}

/* The part of *rest up to a comma, trimmed; false when there is none left. */
static bool
next_part(struct cim_bytes *rest, struct cim_bytes *part)
{
    const uint8_t *comma;

    if (!rest->p)
        return false;
    comma = rest->len ? memchr(rest->p, ',', rest->len) : NULL;
    *part = *rest;
    if (comma) {
        part->len = (size_t)(comma - rest->p);
        rest->p = comma + 1;
        rest->len -= part->len + 1;
    } else {
        *rest = cim_bytes_of(NULL, 0);
    }
    *part = trimmed(*part);
    return true;
}

static enum cim_err
add_waiver(const struct settings_in *in, const struct zpl_item *item,
           struct cim_bytes name, struct rule *rule)
{
    char(*waiver)[CIM_NAME_MAX + 1] = &rule->waivers[rule->n_waivers];

    if (!cim_name_valid(name))
        return zpl_bad(in->zpl, item, in->diag,
                       "'%.*s' is no community; write their names with commas "
                       "between: \"opnfv, odl\"",
                       (int)(name.len < 40 ? name.len : 40),
                       (const char *)name.p);
    if (rule->n_waivers == RULE_WAIVERS_MAX)
        return zpl_bad(in->zpl, item, in->diag, "more than %d communities",
                       RULE_WAIVERS_MAX);
    memcpy(*waiver, name.p, name.len);
    for (size_t i = 0; i < rule->n_waivers; i++)
        if (strcmp(rule->waivers[i], *waiver) == 0)
            return zpl_bad(in->zpl, item, in->diag,
                           "names '%s' twice; remove one", *waiver);
    rule->n_waivers++;
    return CIM_OK;
}

static enum cim_err
read_waivers(const struct settings_in *in, const struct zpl_item *section,
             struct rule *rule)
{
    struct zpl_item item;
    struct cim_bytes rest, part;
    enum cim_err err = CIM_OK;

    if (!zpl_find(in->zpl, section, "waive", &item))
        return CIM_OK;
    rest = cim_bytes_str(item.value);
    rule->waivers = xcalloc(RULE_WAIVERS_MAX + 1, sizeof *rule->waivers);
    while (!err && next_part(&rest, &part))
        err = add_waiver(in, &item, part, rule);
    return err;
}

/* ---- requirements -------------------------------------------------------*/

static enum cim_err
bad_want(const struct settings_in *in, const struct zpl_item *item,
         struct cim_bytes text)
{
    return zpl_bad(in->zpl, item, in->diag,
                   "'%.*s' is no requirement; write COMMUNITY:LEVEL=SUCCESS, "
                   "more of them with commas between, \"2 of \" in front when "
                   "not all are needed",
                   (int)(text.len < 60 ? text.len : 60), (const char *)text.p);
}

/* A rule's own decision must not be what it waits for. */
static enum cim_err
check_want(const struct settings_in *in, const struct zpl_item *item,
           const struct rule *rule, const struct rule_need *need)
{
    const struct rule_want *want = &need->wants[need->n - 1];

    if (strcmp(want->community, in->s->community) == 0 &&
        strcmp(want->level, rule->level) == 0)
        return zpl_bad(in->zpl, item, in->diag,
                       "%s:%s is what this rule itself decides; a rule cannot "
                       "wait for itself",
                       want->community, want->level);
    for (size_t i = 0; i + 1 < need->n; i++)
        if (strcmp(want->community, need->wants[i].community) == 0 &&
            strcmp(want->level, need->wants[i].level) == 0)
            return zpl_bad(in->zpl, item, in->diag,
                           "asks for %s:%s twice; remove one", want->community,
                           want->level);
    return CIM_OK;
}

/* COMMUNITY:LEVEL=SUCCESS. Names have no ':', levels no '='. */
static enum cim_err
read_want(const struct settings_in *in, const struct zpl_item *item,
          struct cim_bytes text, struct rule_need *need)
{
    const uint8_t *colon = text.len ? memchr(text.p, ':', text.len) : NULL;
    const uint8_t *equals = text.len ? memchr(text.p, '=', text.len) : NULL;
    struct rule_want *want = &need->wants[need->n];
    struct cim_bytes community, level;
    enum cim_err err;

    if (!colon || !equals || equals < colon)
        return bad_want(in, item, text);
    community = cim_bytes_of(text.p, (size_t)(colon - text.p));
    level = cim_bytes_of(colon + 1, (size_t)(equals - colon) - 1);
    if (!cim_name_valid(community))
        return bad_want(in, item, text);
    if ((err = check_level(in, item, level)))
        return err;
    text = cim_bytes_of(equals + 1, text.len - (size_t)(equals + 1 - text.p));
    if (!cim_bytes_is(text, "SUCCESS"))
        return zpl_bad(in->zpl, item, in->diag,
                       "'%.*s': a rule waits for SUCCESS only; write "
                       "=SUCCESS",
                       (int)(text.len < 40 ? text.len : 40),
                       (const char *)text.p);
    memcpy(want->community, community.p, community.len);
    memcpy(want->level, level.p, level.len);
    need->n++;
    return CIM_OK;
}

/* "2 of " at the front of *rest is taken away; *k is 0 without. */
static bool
read_count(struct cim_bytes *rest, uint64_t *k)
{
    size_t digits = 0;

    *k = 0;
    *rest = trimmed(*rest);
    while (digits < rest->len && rest->p[digits] >= '0' &&
           rest->p[digits] <= '9')
        digits++;
    if (digits == 0 || rest->len < digits + 4 ||
        memcmp(rest->p + digits, " of ", 4) != 0)
        return true;
    if (!number_parse(cim_bytes_of(rest->p, digits), RULE_WANTS_MAX, k) ||
        *k == 0)
        return false;
    rest->p += digits + 4;
    rest->len -= digits + 4;
    return true;
}

static enum cim_err
read_wants(const struct settings_in *in, const struct zpl_item *item,
           const struct rule *rule, struct rule_need *need)
{
    struct cim_bytes rest = cim_bytes_str(item->value), part;
    uint64_t k;
    enum cim_err err = CIM_OK;

    if (!read_count(&rest, &k))
        return bad_want(in, item, rest);
    need->wants = xcalloc(RULE_WANTS_MAX, sizeof *need->wants);
    while (!err && next_part(&rest, &part)) {
        if (need->n == RULE_WANTS_MAX)
            return zpl_bad(in->zpl, item, in->diag,
                           "more than %d in one requirement", RULE_WANTS_MAX);
        if (!(err = read_want(in, item, part, need)))
            err = check_want(in, item, rule, need);
    }
    if (err)
        return err;
    if (k > need->n)
        return zpl_bad(in->zpl, item, in->diag,
                       "asks for %u of %zu; that can never hold", (unsigned)k,
                       need->n);
    need->k = k ? (size_t)k : need->n;
    return CIM_OK;
}

static enum cim_err
read_needs(const struct settings_in *in, const struct zpl_item *section,
           const char *name, struct rule *rule)
{
    struct zpl_item group, item = {0};
    enum cim_err err;

    if (!zpl_find(in->zpl, section, name, &group))
        return CIM_OK;
    if ((err = zpl_check(in->zpl, &group, need_keys, in->diag)))
        return err;
    while (zpl_next(in->zpl, &group, &item)) {
        struct rule_need *need = &rule->needs[rule->n_needs];

        if (rule->n_needs == RULE_NEEDS_MAX)
            return zpl_bad(in->zpl, &item, in->diag,
                           "more than %d requirements in one rule",
                           RULE_NEEDS_MAX);
        rule->n_needs++;
        need->members = strcmp(name, "members") == 0;
        if ((err = settings_label(in, &item, need->label)) ||
            (err = read_wants(in, &item, rule, need)))
            return err;
    }
    return CIM_OK;
}

static enum cim_err
read_requirements(const struct settings_in *in, const struct zpl_item *section,
                  struct rule *rule)
{
    struct zpl_item item;
    enum cim_err err;

    rule->needs = xcalloc(RULE_NEEDS_MAX, sizeof *rule->needs);
    if ((err = read_needs(in, section, "require", rule)) ||
        (err = read_needs(in, section, "members", rule)))
        return err;
    if (rule->n_needs == 0)
        return zpl_bad(in->zpl, section, in->diag,
                       "asks for nothing; add `require` or `members`");
    if (rule->kind == LEDGER_ARTIFACT &&
        zpl_find(in->zpl, section, "members", &item))
        return zpl_bad(in->zpl, &item, in->diag,
                       "an artifact has no members; use subject = "
                       "\"BaselineDefined\", or `require`");
    return CIM_OK;
}

/* ---- rules --------------------------------------------------------------*/

static enum cim_err
read_rule(const struct settings_in *in, const struct zpl_item *section)
{
    static const char *const backfill[] = {"yes", "no"};
    struct rule *rule = &in->s->rules[in->s->n_rules++];
    enum cim_err err;

    if ((err = settings_label(in, section, rule->name)) ||
        (err = zpl_check(in->zpl, section, rule_keys, in->diag)) ||
        (err = read_subject(in, section, rule)) ||
        (err = read_topics(in, section, rule)) ||
        (err = read_level(in, section, rule)) ||
        (err = read_duration(in, section, "fresh", &rule->fresh_ms)) ||
        (err = read_duration(in, section, "within", &rule->within_ms)) ||
        (err = read_overdue(in, section, rule)) ||
        (err = read_waivers(in, section, rule)) ||
        (err = settings_choice(in, section, "backfill", backfill,
                               &rule->backfill)))
        return err;
    return read_requirements(in, section, rule);
}

enum cim_err
settings_read_promote(const struct settings_in *in,
                      const struct zpl_item *section)
{
    struct zpl_item item = {0};
    enum cim_err err =
        zpl_check(in->zpl, section, settings_any_section, in->diag);

    in->s->rules = xcalloc(RULES_MAX, sizeof *in->s->rules);
    while (!err && zpl_next(in->zpl, section, &item)) {
        if (in->s->n_rules == RULES_MAX)
            return zpl_bad(in->zpl, &item, in->diag, "more than %d rules",
                           RULES_MAX);
        err = read_rule(in, &item);
    }
    return err;
}

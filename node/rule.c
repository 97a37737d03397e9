/* SPDX-License-Identifier: MPL-2.0 */
#include "node/rule.h"

#include <stdlib.h>
#include <string.h>

#include "node/mem.h"

void
rule_clear(struct rule *rule)
{
    for (size_t i = 0; i < rule->n_needs; i++)
        free(rule->needs[i].wants);
    free(rule->needs);
    free(rule->topics);
    free(rule->title);
    free(rule->waivers);
    *rule = (struct rule){0};
}

static void *
copy(const void *array, size_t n, size_t size)
{
    void *out = n ? xcalloc(n, size) : NULL;

    if (n)
        memcpy(out, array, n * size);
    return out;
}

void
rule_copy(struct rule *out, const struct rule *rule)
{
    *out = *rule;
    out->topics = copy(rule->topics, rule->n_topics, sizeof *rule->topics);
    out->title = rule->title ? xstrdup(rule->title) : NULL;
    out->waivers = copy(rule->waivers, rule->n_waivers, sizeof *rule->waivers);
    out->needs = copy(rule->needs, rule->n_needs, sizeof *rule->needs);
    for (size_t i = 0; i < rule->n_needs; i++)
        out->needs[i].wants = copy(rule->needs[i].wants, rule->needs[i].n,
                                   sizeof *rule->needs[i].wants);
}

/* ---- comparing ----------------------------------------------------------*/

static bool
same_text(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}

static bool
same_need(const struct rule_need *a, const struct rule_need *b)
{
    if (strcmp(a->label, b->label) != 0 || a->members != b->members ||
        a->k != b->k || a->n != b->n)
        return false;
    for (size_t i = 0; i < a->n; i++)
        if (strcmp(a->wants[i].community, b->wants[i].community) != 0 ||
            strcmp(a->wants[i].level, b->wants[i].level) != 0)
            return false;
    return true;
}

static bool
same_lists(const struct rule *a, const struct rule *b)
{
    if (a->n_topics != b->n_topics || a->n_waivers != b->n_waivers ||
        a->n_needs != b->n_needs)
        return false;
    for (size_t i = 0; i < a->n_topics; i++)
        if (!cim_bytes_eq(cim_prefix_bytes(&a->topics[i]),
                          cim_prefix_bytes(&b->topics[i])))
            return false;
    for (size_t i = 0; i < a->n_waivers; i++)
        if (strcmp(a->waivers[i], b->waivers[i]) != 0)
            return false;
    for (size_t i = 0; i < a->n_needs; i++)
        if (!same_need(&a->needs[i], &b->needs[i]))
            return false;
    return true;
}

bool
rule_same(const struct rule *a, const struct rule *b)
{
    return strcmp(a->name, b->name) == 0 && a->kind == b->kind &&
           same_text(a->title, b->title) && strcmp(a->level, b->level) == 0 &&
           a->fresh_ms == b->fresh_ms && a->within_ms == b->within_ms &&
           a->overdue_event == b->overdue_event && a->backfill == b->backfill &&
           same_lists(a, b);
}

/* ---- asking -------------------------------------------------------------*/

/* After a mismatch only the last '*' takes one byte more, so the cost is at
 * most the product of the lengths. */
bool
rule_glob(const char *glob, struct cim_bytes text)
{
    const char *star = NULL;
    size_t at = 0, from = 0;

    while (at < text.len) {
        if (*glob == '*') {
            star = glob++;
            from = at;
        } else if (*glob == '?' || (*glob && *glob == (char)text.p[at])) {
            glob++;
            at++;
        } else if (star) {
            glob = star + 1;
            at = ++from;
        } else {
            return false;
        }
    }
    while (*glob == '*')
        glob++;
    return *glob == '\0';
}

bool
rule_concerns(const struct rule *rule, const struct ledger_subject *subject)
{
    struct cim_bytes topic = cim_buf_bytes(&subject->topic);
    bool match = rule->n_topics == 0;

    for (size_t i = 0; i < rule->n_topics && !match; i++)
        match = cim_prefix_match(&rule->topics[i], topic);
    return match && rule->kind == subject->kind &&
           (!rule->title ||
            rule_glob(rule->title, cim_buf_bytes(&subject->title)));
}

bool
rule_may_waive(const struct rule *rule, const char *community)
{
    for (size_t i = 0; i < rule->n_waivers; i++)
        if (strcmp(rule->waivers[i], community) == 0)
            return true;
    return false;
}

/* SPDX-License-Identifier: MPL-2.0 */
/* cimesh.zpl: what is accepted keeps what the rest of the node relies on. */
#include "node/settings.h"

#include <string.h>

#include "tests/fuzz/fuzz.h"

static void
check_hook(const struct settings_hook *hook)
{
    size_t n = 0;

    while (hook->argv[n])
        n++;
    must(n >= 1 && n <= SETTINGS_ARGS_MAX && hook->argv[0][0] == '/');
    must(hook->parallel >= 1 && hook->parallel <= 16 && hook->timeout_s >= 1);
    must(cim_name_valid(cim_bytes_str(hook->name)));
}

static void
check_need(const struct rule_need *need)
{
    must(need->n >= 1 && need->n <= RULE_WANTS_MAX);
    must(need->k >= 1 && need->k <= need->n);
    for (size_t i = 0; i < need->n; i++) {
        must(cim_name_valid(cim_bytes_str(need->wants[i].community)));
        must(cim_level_name_valid(cim_bytes_str(need->wants[i].level)));
    }
}

static void
check_rule(const struct rule *rule)
{
    struct rule copy;

    must(cim_name_valid(cim_bytes_str(rule->name)));
    must(cim_level_name_valid(cim_bytes_str(rule->level)));
    must(rule->fresh_ms >= 0 && rule->within_ms >= 0);
    must(!rule->overdue_event || rule->within_ms > 0);
    must(rule->n_needs >= 1 && rule->n_needs <= RULE_NEEDS_MAX);
    must(rule->n_topics <= RULE_TOPICS_MAX);
    must(rule->n_waivers <= RULE_WAIVERS_MAX);
    for (size_t i = 0; i < rule->n_needs; i++)
        check_need(&rule->needs[i]);
    rule_copy(&copy, rule);
    must(rule_same(&copy, rule));
    rule_clear(&copy);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cim_diag diag = {{0}};
    struct settings *s;
    struct follow_list list;
    enum cim_err err =
        settings_parse(cim_bytes_of(data, size), "f.zpl", "/site", &s, &diag);

    must(err != CIM_ESTATE && !err == !!s);
    must(!err || diag.text[0]);
    if (err)
        return 0;
    must(cim_node_valid(cim_bytes_str(s->node)));
    must(!s->events[0] == !s->sync[0]);
    must(s->key_file[0] == '/' && s->api_socket[0] == '/');
    for (size_t i = 0; i < s->n_hooks; i++)
        check_hook(&s->hooks[i]);
    must(s->n_rules <= RULES_MAX);
    for (size_t i = 0; i < s->n_rules; i++)
        check_rule(&s->rules[i]);
    settings_follow_list(s, &list);
    must(list.n <= CIM_FOLLOWS_MAX);
    free(list.v);
    settings_destroy(&s);
    return 0;
}

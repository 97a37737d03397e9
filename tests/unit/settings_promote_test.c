/* SPDX-License-Identifier: MPL-2.0 */
/* settings: the rules under `promote`, read, and their mistakes named. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "node/settings.h"

#define HEAD                                                                   \
    "cimesh = 1\n"                                                             \
    "node\n"                                                                   \
    "    name = \"opnfv/ci-1\"\n"                                              \
    "promote\n"                                                                \
    "    r\n"
#define BASE     HEAD "        subject = \"BaselineDefined\"\n"
#define REQUIRE  "        require\n            a = "
#define A        REQUIRE "\"odl:X=SUCCESS\"\n"
#define END      "end = 1\n"
#define WANT(as) BASE REQUIRE "\"" as "\"\n" END

static enum cim_err
parse(const char *text, struct settings **out, struct cim_diag *diag)
{
    return settings_parse(cim_bytes_str(text), "cimesh.zpl", "/site", out,
                          diag);
}

static struct settings *
accepted(const char *text)
{
    struct cim_diag diag = {{0}};
    struct settings *s;

    if (parse(text, &s, &diag))
        fail_msg("%s", diag.text);
    return s;
}

static void
refused(const char *text, const char *said)
{
    struct cim_diag diag = {{0}};
    struct settings *s;

    assert_int_equal(parse(text, &s, &diag), CIM_EFORM);
    assert_null(s);
    if (!strstr(diag.text, said))
        fail_msg("'%s' does not say '%s'", diag.text, said);
}

static void
least_rule_has_defaults(void **state)
{
    struct settings *s = accepted(BASE A END);
    const struct rule *r = &s->rules[0];

    (void)state;
    assert_int_equal(s->n_rules, 1);
    assert_string_equal(r->name, "r");
    assert_int_equal(r->kind, LEDGER_BASELINE);
    assert_string_equal(r->level, "PROMOTED");
    assert_int_equal(r->n_topics, 0);
    assert_null(r->title);
    assert_true(r->fresh_ms == 0 && r->within_ms == 0);
    assert_false(r->overdue_event || r->backfill);
    assert_int_equal(r->n_waivers, 0);
    assert_int_equal(r->n_needs, 1);
    assert_int_equal(r->needs[0].k, 1);
    settings_destroy(&s);
}

static void
full_rule_is_read(void **state)
{
    struct settings *s = accepted(
        BASE "        topic = \"opnfv/BaselineDefined\"\n"
             "        topic = \"odl/B*\"\n"
             "        name = \"opnfv-*\"\n"
             "        level = \"RELEASED\"\n"
             "        fresh = \"7d\"\n"
             "        within = 24h\n"
             "        overdue = \"event\"\n"
             "        waive = \"opnfv,  odl\"\n"
             "        backfill = \"yes\"\n"
             "        require\n"
             "            acceptance = \"opnfv:OPNFV_ACCEPTANCE=SUCCESS\"\n"
             "            sites = \"2 of odl:X=SUCCESS ,onap:Y=SUCCESS, "
             "3com:Z.1=SUCCESS\"\n"
             "        members\n"
             "            built = \"odl:A=SUCCESS, odl:B=SUCCESS\"\n" END);
    const struct rule *r = &s->rules[0];

    (void)state;
    assert_int_equal(r->n_topics, 2);
    assert_string_equal(r->topics[0].text, "opnfv/BaselineDefined/");
    assert_string_equal(r->title, "opnfv-*");
    assert_string_equal(r->level, "RELEASED");
    assert_true(r->fresh_ms == INT64_C(604800000));
    assert_true(r->within_ms == INT64_C(86400000));
    assert_true(r->overdue_event && r->backfill);
    assert_int_equal(r->n_waivers, 2);
    assert_true(rule_may_waive(r, "odl") && rule_may_waive(r, "opnfv"));
    assert_false(rule_may_waive(r, "onap"));
    assert_int_equal(r->n_needs, 3);
    assert_string_equal(r->needs[1].label, "sites");
    assert_int_equal(r->needs[1].k, 2);
    assert_int_equal(r->needs[1].n, 3);
    assert_string_equal(r->needs[1].wants[2].community, "3com");
    assert_string_equal(r->needs[1].wants[2].level, "Z.1");
    assert_false(r->needs[1].members);
    assert_true(r->needs[2].members);
    assert_int_equal(r->needs[2].k, 2);
    settings_destroy(&s);
}

static void
mistakes_in_keys_are_named(void **state)
{
    (void)state;
    refused(HEAD A END, "cimesh.zpl:5: promote/r: 'subject' is missing");
    refused(HEAD "        subject = \"Baseline\"\n" A END,
            "cimesh.zpl:6: promote/r/subject: 'Baseline' is neither "
            "\"BaselineDefined\" nor \"ArtifactCreated\"");
    refused(BASE "        freh = \"7d\"\n" A END,
            "cimesh.zpl:7: promote/r/freh: unknown key, did you mean 'fresh'?");
    refused(BASE "        fresh = \"7y\"\n" A END,
            "cimesh.zpl:7: promote/r/fresh: '7y' is no time");
    refused(BASE "        within = \"0h\"\n" A END, "'0h' is no time");
    refused(BASE "        within = \"99999w\"\n" A END, "is no time");
    refused(BASE "        overdue = \"event\"\n" A END,
            "cimesh.zpl:7: promote/r/overdue: nothing is ever overdue "
            "without `within`");
    refused(BASE "        within = 1h\n        overdue = \"yes\"\n" A END,
            "'yes' is not \"event\"");
    refused(BASE "        level = \"ARTIFACT_URL\"\n" A END,
            "cimesh.zpl:7: promote/r/level: 'ARTIFACT_URL' cannot be a "
            "level's name");
    refused(BASE "        topic = \"o*l\"\n" A END,
            "cimesh.zpl:7: promote/r/topic: ");
    refused(BASE "        backfill = \"maybe\"\n" A END, "'maybe' is neither");
    refused(BASE "        level = \"A\"\n        level = \"B\"\n" A END,
            "cimesh.zpl:8: promote/r/level: given twice");
    refused("cimesh = 1\nnode\n    name = \"a/b\"\npromote\n    R\n"
            "        subject = \"BaselineDefined\"\n" A END,
            "cimesh.zpl:5: promote/R: a label has");
}

static void
mistakes_in_waivers_are_named(void **state)
{
    (void)state;
    refused(BASE "        waive = \"odl, \"\n" A END,
            "cimesh.zpl:7: promote/r/waive: '' is no community");
    refused(BASE "        waive = \"odl onap\"\n" A END,
            "'odl onap' is no community");
    refused(BASE "        waive = \"odl,odl\"\n" A END, "names 'odl' twice");
}

static void
mistakes_in_requirements_are_named(void **state)
{
    (void)state;
    refused(BASE END, "cimesh.zpl:5: promote/r: asks for nothing");
    refused(BASE "        require\n            A = \"odl:X=SUCCESS\"\n" END,
            "cimesh.zpl:8: promote/r/require/A: a label has");
    refused(WANT("odl:X"), "cimesh.zpl:8: promote/r/require/a: 'odl:X' is no "
                           "requirement; write COMMUNITY:LEVEL=SUCCESS");
    refused(WANT("X=SUCCESS"), "is no requirement");
    refused(WANT("odl=X:SUCCESS"), "is no requirement");
    refused(WANT("Odl:X=SUCCESS"), "is no requirement");
    refused(WANT("odl:X=SUCCESS,"), "'' is no requirement");
    refused(WANT("odl:X=FAILURE"), "'FAILURE': a rule waits for SUCCESS only");
    refused(WANT("odl:EVENT_ID=SUCCESS"), "cannot be a level's name");
    refused(WANT("odl:X=SUCCESS, odl:X=SUCCESS"), "asks for odl:X twice");
    refused(WANT("2 of odl:X=SUCCESS"), "asks for 2 of 1; that can never hold");
    refused(WANT("0 of odl:X=SUCCESS"), "is no requirement");
    refused(HEAD "        subject = \"ArtifactCreated\"\n        members\n"
                 "            a = \"odl:X=SUCCESS\"\n" END,
            "cimesh.zpl:7: promote/r/members: an artifact has no members");
}

static void
rule_does_not_wait_for_itself(void **state)
{
    struct settings *s;

    (void)state;
    refused(WANT("opnfv:PROMOTED=SUCCESS"),
            "cimesh.zpl:8: promote/r/require/a: opnfv:PROMOTED is what this "
            "rule itself decides");
    refused(BASE "        level = \"GO\"\n" REQUIRE
                 "\"1 of odl:X=SUCCESS, opnfv:GO=SUCCESS\"\n" END,
            "opnfv:GO is what this rule itself decides");
    s = accepted(WANT("odl:PROMOTED=SUCCESS, opnfv:GO=SUCCESS"));
    settings_destroy(&s);
}

static void
counts_have_limits(void **state)
{
    char text[8192];
    size_t n = 0;

    (void)state;
    n += (size_t)snprintf(text, sizeof text, BASE REQUIRE "\"odl:X0=SUCCESS");
    for (int i = 1; i <= RULE_WANTS_MAX; i++)
        n += (size_t)snprintf(text + n, sizeof text - n, ",odl:X%d=SUCCESS", i);
    snprintf(text + n, sizeof text - n, "\"\n" END);
    refused(text, "more than 32 in one requirement");
    n = (size_t)snprintf(text, sizeof text, BASE "        require\n");
    for (int i = 0; i <= RULE_NEEDS_MAX; i++)
        n += (size_t)snprintf(text + n, sizeof text - n,
                              "            a%d = \"odl:X=SUCCESS\"\n", i);
    snprintf(text + n, sizeof text - n, END);
    refused(text, "more than 32 requirements in one rule");
}

/* ---- what a rule concerns ------------------------------------------------*/

static void
glob_stands_for_whole_names(void **state)
{
    static const struct {
        const char *glob, *text;
        bool match;
    } cases[] = {
        {"*", "", true},           {"?", "", false},      {"a*", "abc", true},
        {"a*", "ba", false},       {"*c", "abcc", true},  {"a?c", "abc", true},
        {"a*b*c", "aXbXbc", true}, {"a*b", "ab-", false}, {"ab", "abc", false},
        {"abc", "ab", false},      {"[a]", "a", false},   {"**a", "a", true}};

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        if (rule_glob(cases[i].glob, cim_bytes_str(cases[i].text)) !=
            cases[i].match)
            fail_msg("'%s' and '%s'", cases[i].glob, cases[i].text);
}

static struct ledger_subject
subject(enum ledger_kind kind, const char *topic, const char *title)
{
    struct ledger_subject s = {.kind = kind};

    assert_int_equal(cim_buf_add_str(&s.topic, topic), CIM_OK);
    assert_int_equal(cim_buf_add_str(&s.title, title), CIM_OK);
    return s;
}

static void
concerns(const struct rule *rule, enum ledger_kind kind, const char *topic,
         const char *title, bool expected)
{
    struct ledger_subject s = subject(kind, topic, title);

    if (rule_concerns(rule, &s) != expected)
        fail_msg("%s %s", topic, title);
    cim_buf_clear(&s.topic);
    cim_buf_clear(&s.title);
}

static void
rule_concerns_kind_topic_and_name(void **state)
{
    struct settings *s = accepted(BASE "        topic = \"odl/B*\"\n"
                                       "        topic = \"onap/\"\n"
                                       "        name = \"n-*\"\n" A END);
    const struct rule *r = &s->rules[0];

    (void)state;
    concerns(r, LEDGER_BASELINE, "odl/BaselineDefined/n-1/", "n-1", true);
    concerns(r, LEDGER_BASELINE, "onap/BaselineDefined/n-1/", "n-1", true);
    concerns(r, LEDGER_BASELINE, "odl/Xx/n-1/", "n-1", false);
    concerns(r, LEDGER_BASELINE, "odl/BaselineDefined/m-1/", "m-1", false);
    concerns(r, LEDGER_ARTIFACT, "odl/BaselineDefined/n-1/", "n-1", false);
    concerns(r, LEDGER_BASELINE, "odl/BaselineDefined/-/", "", false);
    settings_destroy(&s);
}

static void
same_rules_are_the_same(void **state)
{
    static const char *const others[] = {
        BASE "        fresh = \"1d\"\n" A END,
        BASE "        waive = \"odl\"\n" A END,
        BASE "        topic = \"odl/\"\n" A END,
        BASE "        name = \"x\"\n" A END,
        WANT("odl:Y=SUCCESS"),
        WANT("1 of odl:X=SUCCESS, odl:Y=SUCCESS"),
        BASE "        members\n            a = \"odl:X=SUCCESS\"\n" END};
    struct settings *a = accepted(BASE A END), *b = accepted(BASE A END);

    (void)state;
    assert_true(rule_same(&a->rules[0], &b->rules[0]));
    settings_destroy(&b);
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        b = accepted(others[i]);
        assert_false(rule_same(&a->rules[0], &b->rules[0]));
        settings_destroy(&b);
    }
    settings_destroy(&a);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(least_rule_has_defaults),
        cmocka_unit_test(full_rule_is_read),
        cmocka_unit_test(mistakes_in_keys_are_named),
        cmocka_unit_test(mistakes_in_waivers_are_named),
        cmocka_unit_test(mistakes_in_requirements_are_named),
        cmocka_unit_test(rule_does_not_wait_for_itself),
        cmocka_unit_test(counts_have_limits),
        cmocka_unit_test(glob_stands_for_whole_names),
        cmocka_unit_test(rule_concerns_kind_topic_and_name),
        cmocka_unit_test(same_rules_are_the_same),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

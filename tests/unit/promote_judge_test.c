/* SPDX-License-Identifier: MPL-2.0 */
/*
 * promote: verdicts and decisions from a ledger, as the judge makes them.
 *
 * opnfv decides. Ids are numbers, as in ledger_desk.h: "odl:7".
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "node/promote.h"
#include "node/settings.h"
#include "tests/unit/ledger_desk.h"

struct court {
    struct desk *desk;
    struct settings *settings;
    const char *node; /* who asks, or NULL */
    struct promote_judgement j;
    struct cim_buf text;
};

static int
setup(void **state)
{
    struct court *court = xcalloc(1, sizeof *court);
    void *desk = NULL;

    assert_int_equal(desk_up(&desk), 0);
    court->desk = desk;
    *state = court;
    return 0;
}

static int
teardown(void **state)
{
    struct court *court = *state;
    void *desk = court->desk;

    promote_judgement_clear(&court->j);
    settings_destroy(&court->settings);
    cim_buf_clear(&court->text);
    free(court);
    return desk_down(&desk);
}

/* keys: lines below the rule's name, without their indent. */
static void
rule_is(struct court *court, const char *keys)
{
    struct cim_buf text = {0};
    struct cim_diag diag = {{0}};

    settings_destroy(&court->settings);
    cim_buf_add_str(&text, "cimesh = 1\nnode\n    name = \"opnfv/ci-1\"\n"
                           "promote\n    r\n        ");
    for (const char *p = keys; *p; p++) {
        cim_buf_add_u8(&text, (uint8_t)*p);
        if (*p == '\n')
            cim_buf_add_str(&text, "        ");
    }
    cim_buf_add_str(&text, "\nend = 1\n");
    if (settings_parse(cim_buf_bytes(&text), "f", "/", &court->settings, &diag))
        fail_msg("%s", diag.text);
    cim_buf_clear(&text);
}

static void
judge(struct court *court, const char *subject, enum promote_outcome outcome,
      enum promote_due due)
{
    struct ledger_name name = desk_name(subject);
    struct ledger_subject s;
    struct promote_case c = {.reader = court->desk->reader,
                             .community = "opnfv",
                             .node = court->node,
                             .rule = &court->settings->rules[0],
                             .subject = &s};

    promote_judgement_clear(&court->j);
    assert_int_equal(ledger_get(court->desk->reader, &name, &s), CIM_OK);
    assert_int_equal(promote_judge(&c, &court->j), CIM_OK);
    ledger_subject_clear(&s);
    if (court->j.verdict.outcome != outcome)
        fail_msg("%s instead of %s",
                 promote_outcome_text(court->j.verdict.outcome),
                 promote_outcome_text(outcome));
    assert_int_equal(court->j.due, due);
}

/* The decision as JSON; lent. */
static const char *
written(struct court *court)
{
    cim_buf_reset(&court->text);
    assert_int_equal(cim_json_write(cim_buf_bytes(&court->j.draft.bytes), NULL,
                                    CIM_FORM_JSON, &court->text),
                     CIM_OK);
    return cim_buf_cstr(&court->text);
}

static void
has(const char *text, const char *part)
{
    if (!strstr(text, part))
        fail_msg("no '%s' in %s", part, text);
}

/* What was decided is published by this node. */
static void
publish(struct court *court, const char *node, int64_t time_ms)
{
    assert_int_equal(court->j.due, PROMOTE_DUE);
    desk_say(court->desk, node, time_ms, written(court));
}

#define BASELINE "subject = \"BaselineDefined\"\n"
#define ARTIFACT "subject = \"ArtifactCreated\"\n"
#define TESTED   "require\n    a = \"odl:TESTED=SUCCESS\""
#define ON_B     ",\"baselineName\":\"daily\",\"baselineUrl\":\"https://b\""
#define SAYS(level, result)                                                    \
    ",\"confidenceLevel\":{\"" level "\":\"" result "\"}"

/* ---- decisions -----------------------------------------------------------*/

static void
decision_says_what_it_rests_on(void **state)
{
    struct court *court = *state;
    const char *json;

    rule_is(court,
            BASELINE "level = \"GO\"\n" TESTED "\n    b = \"onap:X=SUCCESS\"");
    desk_baseline(court->desk, "opnfv/ci-1", 100, 1,
                  ",\"projectBranch\":\"m\"");
    desk_stamp(court->desk, "onap/ci-1", 300, 2, ON_B SAYS("X", "SUCCESS"));
    desk_stamp(court->desk, "odl/ci-1", 200, 3, ON_B);
    judge(court, "opnfv:1", PROMOTE_FULFILLED, PROMOTE_DUE);
    json = written(court);
    has(json, "\"eventType\":\"ConfidenceLevelModified\"");
    has(json, "\"eventTime\":\"1970-01-01T00:00:00.300Z\"");
    has(json, "\"topic\":\"opnfv/ConfidenceLevelModified/daily/\"");
    has(json, "\"buildUrl\":\"https://ci/3\"");
    has(json, "\"projectBranch\":\"m\"");
    has(json, "\"baselineName\":\"daily\",\"baselineUrl\":\"https://b\"");
    has(json, "\"confidenceLevel\":{\"GO\":\"SUCCESS\"}");
    has(json, "\"ext\":{\"rule\":\"r\",\"reasons\":[\"a: odl:TESTED=SUCCESS (");
    assert_int_equal(court->j.verdict.n_used, 2);
    assert_string_equal(court->j.verdict.used[0].by.community, "odl");
    assert_true(court->j.verdict.newest.at.time_ms == 300);
}

static void
decision_is_made_once(void **state)
{
    struct court *court = *state;

    rule_is(court, BASELINE TESTED);
    desk_baseline(court->desk, "opnfv/ci-1", 100, 1, "");
    judge(court, "opnfv:1", PROMOTE_OPEN, PROMOTE_DUE_NOT);
    desk_stamp(court->desk, "odl/ci-1", 200, 2, ON_B);
    judge(court, "opnfv:1", PROMOTE_FULFILLED, PROMOTE_DUE);
    publish(court, "opnfv/ci-1", 300);
    judge(court, "opnfv:1", PROMOTE_FULFILLED, PROMOTE_DUE_NOT);
    assert_int_equal(court->j.last.outcome, PROMOTE_FULFILLED);
    /* More of the same does not make another. */
    desk_stamp(court->desk, "odl/ci-1", 400, 3, ON_B);
    judge(court, "opnfv:1", PROMOTE_FULFILLED, PROMOTE_DUE_NOT);
}

static void
open_after_a_decision_says_nothing(void **state)
{
    struct court *court = *state;

    rule_is(court, BASELINE TESTED);
    desk_baseline(court->desk, "opnfv/ci-1", 100, 1, "");
    desk_stamp(court->desk, "odl/ci-1", 200, 2, ON_B);
    judge(court, "opnfv:1", PROMOTE_FULFILLED, PROMOTE_DUE);
    publish(court, "opnfv/ci-1", 300);
    desk_stamp(court->desk, "odl/ci-1", 400, 3, ON_B SAYS("TESTED", "RUNNING"));
    judge(court, "opnfv:1", PROMOTE_OPEN, PROMOTE_DUE_NOT);
    desk_stamp(court->desk, "odl/ci-1", 500, 4, ON_B);
    judge(court, "opnfv:1", PROMOTE_FULFILLED, PROMOTE_DUE_NOT);
}

static void
each_change_of_outcome_is_said(void **state)
{
    struct court *court = *state;
    struct cim_uuid first;

    rule_is(court, BASELINE TESTED);
    desk_baseline(court->desk, "opnfv/ci-1", 100, 1, "");
    desk_stamp(court->desk, "odl/ci-1", 200, 2, ON_B SAYS("TESTED", "FAILURE"));
    judge(court, "opnfv:1", PROMOTE_FAILED, PROMOTE_DUE);
    has(written(court), "\"confidenceLevel\":{\"PROMOTED\":\"FAILURE\"}");
    first = court->j.draft.id;
    publish(court, "opnfv/ci-1", 300);
    desk_stamp(court->desk, "odl/ci-1", 400, 3, ON_B);
    judge(court, "opnfv:1", PROMOTE_FULFILLED, PROMOTE_DUE);
    assert_memory_not_equal(first.b, court->j.draft.id.b, 16);
    publish(court, "opnfv/ci-1", 500);
    desk_stamp(court->desk, "odl/ci-1", 600, 4, ON_B SAYS("TESTED", "ABORTED"));
    judge(court, "opnfv:1", PROMOTE_FAILED, PROMOTE_DUE);
    assert_memory_not_equal(first.b, court->j.draft.id.b, 16);
}

static void
late_event_that_is_older_changes_nothing(void **state)
{
    struct court *court = *state;

    rule_is(court, BASELINE TESTED);
    desk_baseline(court->desk, "opnfv/ci-1", 100, 1, "");
    desk_stamp(court->desk, "odl/ci-1", 400, 2, ON_B);
    judge(court, "opnfv:1", PROMOTE_FULFILLED, PROMOTE_DUE);
    publish(court, "opnfv/ci-1", 500);
    desk_stamp(court->desk, "odl/ci-2", 300, 3, ON_B SAYS("TESTED", "FAILURE"));
    judge(court, "opnfv:1", PROMOTE_FULFILLED, PROMOTE_DUE_NOT);
}

/* Two ledgers of the same events, which came in another order. */
static void
same_events_make_the_same_bytes(void **state)
{
    struct court *court = *state;
    struct desk *first = court->desk;
    void *second = NULL;
    struct cim_buf bytes = {0};

    rule_is(court, BASELINE "fresh = 1h\n" TESTED
                            "\n    b = \"1 of onap:X=SUCCESS, odl:Y=SUCCESS\"");
    desk_baseline(first, "opnfv/ci-1", 100, 1, "");
    desk_stamp(first, "odl/ci-1", 200, 2, ON_B);
    desk_stamp(first, "onap/ci-1", 300, 3, ON_B SAYS("X", "FAILURE"));
    desk_stamp(first, "onap/ci-2", 400, 4, ON_B SAYS("X", "SUCCESS"));
    judge(court, "opnfv:1", PROMOTE_FULFILLED, PROMOTE_DUE);
    cim_buf_add_bytes(&bytes, cim_buf_bytes(&court->j.draft.bytes));
    assert_int_equal(desk_up(&second), 0);
    court->desk = second;
    desk_stamp(second, "onap/ci-2", 400, 4, ON_B SAYS("X", "SUCCESS"));
    desk_stamp(second, "odl/ci-1", 200, 2, ON_B);
    desk_stamp(second, "onap/ci-1", 300, 3, ON_B SAYS("X", "FAILURE"));
    desk_baseline(second, "opnfv/ci-1", 100, 1, "");
    judge(court, "opnfv:1", PROMOTE_FULFILLED, PROMOTE_DUE);
    assert_int_equal(bytes.len, court->j.draft.bytes.len);
    assert_memory_equal(bytes.p, court->j.draft.bytes.p, bytes.len);
    cim_buf_clear(&bytes);
    court->desk = first;
    assert_int_equal(desk_down(&second), 0);
}

static void
word_by_hand_is_not_the_rules(void **state)
{
    struct court *court = *state;

    rule_is(court, BASELINE TESTED);
    desk_baseline(court->desk, "opnfv/ci-1", 100, 1, "");
    desk_stamp(court->desk, "odl/ci-1", 200, 2, ON_B);
    desk_stamp(court->desk, "opnfv/ci-1", 250, 3,
               ON_B SAYS("PROMOTED", "SUCCESS"));
    judge(court, "opnfv:1", PROMOTE_FULFILLED, PROMOTE_DUE);
    publish(court, "opnfv/ci-1", 300);
    desk_stamp(
        court->desk, "opnfv/ci-1", 400, 4,
        ON_B SAYS("PROMOTED", "FAILURE") ",\"ext\":{\"rule\":\"other\"}");
    judge(court, "opnfv:1", PROMOTE_FULFILLED, PROMOTE_DUE_NOT);
    assert_int_equal(court->j.last.outcome, PROMOTE_FULFILLED);
    desk_stamp(court->desk, "odl/ci-1", 500, 5, ON_B SAYS("TESTED", "FAILURE"));
    judge(court, "opnfv:1", PROMOTE_FAILED, PROMOTE_DUE);
}

static void
others_cannot_decide_for_us(void **state)
{
    struct court *court = *state;

    rule_is(court, BASELINE TESTED);
    desk_baseline(court->desk, "opnfv/ci-1", 100, 1, "");
    desk_stamp(court->desk, "odl/ci-1", 200, 2, ON_B);
    desk_stamp(court->desk, "odl/ci-1", 250, 3,
               ON_B SAYS("PROMOTED", "SUCCESS") ",\"ext\":{\"rule\":\"r\"}");
    judge(court, "opnfv:1", PROMOTE_FULFILLED, PROMOTE_DUE);
}

/* ---- turns ---------------------------------------------------------------*/

static void
turns_on_the_same_stamps_end(void **state)
{
    static const char *const rules[] = {
        BASELINE TESTED, BASELINE "require\n    a = \"odl:OTHER=SUCCESS\""};
    struct court *court = *state;
    int64_t now = 1000;

    rule_is(court, rules[0]);
    desk_baseline(court->desk, "opnfv/ci-1", 100, 1, "");
    desk_stamp(court->desk, "odl/ci-1", 200, 2, ON_B);
    desk_stamp(court->desk, "odl/ci-1", 300, 3, ON_B SAYS("OTHER", "FAILURE"));
    for (int turn = 0; turn < PROMOTE_TURNS_MAX; turn++) {
        rule_is(court, rules[0]);
        judge(court, "opnfv:1", PROMOTE_FULFILLED, PROMOTE_DUE);
        publish(court, "opnfv/ci-1", now++);
        rule_is(court, rules[1]);
        judge(court, "opnfv:1", PROMOTE_FAILED, PROMOTE_DUE);
        publish(court, "opnfv/ci-2", now++);
    }
    rule_is(court, rules[0]);
    judge(court, "opnfv:1", PROMOTE_FULFILLED, PROMOTE_DUE_CONTESTED);
    /* A new stamp is a new matter. */
    desk_stamp(court->desk, "odl/ci-1", now, 4, ON_B);
    judge(court, "opnfv:1", PROMOTE_FULFILLED, PROMOTE_DUE);
}

static void
who_knows_less_is_silent(void **state)
{
    struct court *court = *state;
    char *decision;

    rule_is(court, BASELINE TESTED);
    desk_baseline(court->desk, "opnfv/ci-1", 100, 1, "");
    desk_stamp(court->desk, "odl/ci-1", 200, 2, ON_B SAYS("TESTED", "FAILURE"));
    /* Another node of opnfv has seen odl's next stamp already. */
    decision = xasprintf(
        "{\"eventType\":\"ConfidenceLevelModified\",\"eventId\":\"#9\","
        "\"buildUrl\":\"https://ci/3\"%s,\"ext\":{\"rule\":\"r\"},\"links\":["
        "{\"rel\":\"subject\",\"of\":\"opnfv\",\"id\":\"#1\"},"
        "{\"rel\":\"cause\",\"of\":\"odl\",\"id\":\"#3\"}]}",
        ON_B SAYS("PROMOTED", "SUCCESS"));
    desk_say(court->desk, "opnfv/ci-2", 500, decision);
    free(decision);
    judge(court, "opnfv:1", PROMOTE_FAILED, PROMOTE_DUE_LATER);
    court->node = "opnfv/ci-2"; /* it knew, and has forgotten */
    judge(court, "opnfv:1", PROMOTE_FAILED, PROMOTE_DUE);
    court->node = "opnfv/ci-1";
    judge(court, "opnfv:1", PROMOTE_FAILED, PROMOTE_DUE_LATER);
    desk_stamp(court->desk, "odl/ci-1", 400, 3, ON_B);
    judge(court, "opnfv:1", PROMOTE_FULFILLED, PROMOTE_DUE_NOT);
    desk_stamp(court->desk, "odl/ci-1", 600, 4, ON_B SAYS("TESTED", "FAILURE"));
    judge(court, "opnfv:1", PROMOTE_FAILED, PROMOTE_DUE);
}

/* ---- stamps --------------------------------------------------------------*/

static void
own_levels_of_an_artifact_count(void **state)
{
    struct court *court = *state;

    rule_is(court, ARTIFACT "require\n    a = \"odl:BUILT=SUCCESS\"");
    desk_artifact(court->desk, "odl/ci-1", 100, 1, "");
    judge(court, "odl:1", PROMOTE_FULFILLED, PROMOTE_DUE);
    has(written(court), "\"rel\":\"cause\",\"of\":\"odl\"");
    has(written(court), "\"artifactUrl\":\"https://a\"");
    has(written(court), "opnfv/ConfidenceLevelModified/master/");
}

static void
waivers_are_found_in_the_ledger(void **state)
{
    struct court *court = *state;

    rule_is(court, BASELINE "waive = \"fdio, opnfv\"\n" TESTED);
    desk_baseline(court->desk, "opnfv/ci-1", 100, 1, "");
    desk_stamp(court->desk, "odl/ci-1", 200, 2, ON_B SAYS("TESTED", "FAILURE"));
    desk_stamp(court->desk, "onap/ci-1", 300, 3, ON_B SAYS("TESTED", "WAIVED"));
    judge(court, "opnfv:1", PROMOTE_FAILED, PROMOTE_DUE);
    desk_stamp(court->desk, "opnfv/ci-1", 400, 4,
               ON_B SAYS("TESTED", "WAIVED"));
    judge(court, "opnfv:1", PROMOTE_FULFILLED, PROMOTE_DUE);
    assert_string_equal(court->j.verdict.used[0].by.community, "opnfv");
    /* It is taken back by saying anything else. */
    desk_stamp(court->desk, "opnfv/ci-1", 500, 5,
               ON_B SAYS("TESTED", "INCONCLUSIVE"));
    judge(court, "opnfv:1", PROMOTE_FAILED, PROMOTE_DUE);
}

/* ---- members -------------------------------------------------------------*/

#define BUILT BASELINE "members\n    built = \"odl:BUILT=SUCCESS\""
#define CALLED(n)                                                              \
    ",\"artifactName\":\"a" n "\",\"artifactUrl\":\"https://a/" n "\""
#define NAMED(n, list)                                                         \
    ",\"baselineName\":\"b" n "\",\"baselineUrl\":\"https://b/" n              \
    "\",\"consistsOf\":[" list "]"

static void
nested_members_are_asked_once(void **state)
{
    struct court *court = *state;

    rule_is(court, BUILT);
    desk_artifact(court->desk, "odl/ci-1", 100, 1, CALLED("1"));
    desk_artifact(court->desk, "odl/ci-1", 110, 2, CALLED("2"));
    desk_baseline(court->desk, "onap/ci-1", 200, 3,
                  NAMED("3", "\"a2\",\"a1\""));
    desk_baseline(court->desk, "opnfv/ci-1", 300, 4,
                  NAMED("4", "\"a1\",\"b3\""));
    judge(court, "opnfv:4", PROMOTE_FULFILLED, PROMOTE_DUE);
    assert_int_equal(court->j.verdict.n_asks, 2);
    desk_stamp(court->desk, "odl/ci-1", 400, 5,
               ",\"artifactUrl\":\"https://a/2\"" SAYS("BUILT", "UNSTABLE"));
    judge(court, "opnfv:4", PROMOTE_FAILED, PROMOTE_DUE);
    assert_int_equal(court->j.verdict.n_used, 1);
}

static void
baseline_within_itself_ends(void **state)
{
    struct court *court = *state;

    rule_is(court, BUILT);
    desk_artifact(court->desk, "odl/ci-1", 100, 1, CALLED("1"));
    desk_baseline(court->desk, "opnfv/ci-1", 200, 2, NAMED("2", "\"b3\""));
    desk_baseline(court->desk, "opnfv/ci-1", 200, 3,
                  NAMED("3", "\"b2\",\"a1\",\"b3\""));
    judge(court, "opnfv:2", PROMOTE_FULFILLED, PROMOTE_DUE);
    assert_int_equal(court->j.verdict.n_asks, 1);
}

static void
unknown_member_keeps_it_open_until_it_comes(void **state)
{
    struct court *court = *state;

    rule_is(court, BUILT);
    desk_artifact(court->desk, "odl/ci-1", 100, 1, CALLED("1"));
    desk_baseline(court->desk, "opnfv/ci-1", 200, 2,
                  NAMED("2", "\"a1\",\"a9\""));
    judge(court, "opnfv:2", PROMOTE_OPEN, PROMOTE_DUE_NOT);
    assert_int_equal(court->j.verdict.n_loose, 1);
    assert_string_equal(court->j.verdict.loose[0].wanted, "a9");
    desk_artifact(court->desk, "odl/ci-1", 150, 9, CALLED("9"));
    judge(court, "opnfv:2", PROMOTE_FULFILLED, PROMOTE_DUE);
}

static void
member_of_two_communities_is_claimed(void **state)
{
    struct court *court = *state;

    rule_is(court, BUILT);
    desk_artifact(court->desk, "odl/ci-1", 100, 1, CALLED("1"));
    desk_artifact(court->desk, "onap/ci-1", 110, 2, CALLED("1"));
    desk_baseline(court->desk, "opnfv/ci-1", 200, 3, NAMED("3", "\"a1\""));
    judge(court, "opnfv:3", PROMOTE_OPEN, PROMOTE_DUE_NOT);
    assert_int_equal(court->j.verdict.loose[0].how, LEDGER_CLAIMED);
}

static void
empty_baseline_is_open(void **state)
{
    struct court *court = *state;

    rule_is(court, BUILT);
    desk_baseline(court->desk, "opnfv/ci-1", 200, 2, "");
    judge(court, "opnfv:2", PROMOTE_OPEN, PROMOTE_DUE_NOT);
    assert_true(court->j.verdict.no_members);
}

static void
what_nests_too_deep_is_open(void **state)
{
    struct court *court = *state;

    rule_is(court, BUILT);
    desk_artifact(court->desk, "odl/ci-1", 100, 99, CALLED("99"));
    desk_baseline(court->desk, "opnfv/ci-1", 200, 1, NAMED("1", "\"a99\""));
    for (unsigned i = 2; i <= PROMOTE_DEPTH_MAX + 1; i++) {
        char *more = xasprintf(",\"baselineName\":\"b%u\",\"baselineUrl\":"
                               "\"https://b/%u\",\"consistsOf\":[\"b%u\"]",
                               i, i, i - 1);
        desk_baseline(court->desk, "opnfv/ci-1", 200 + i, i, more);
        free(more);
    }
    judge(court, "opnfv:16", PROMOTE_FULFILLED, PROMOTE_DUE);
    judge(court, "opnfv:17", PROMOTE_OPEN, PROMOTE_DUE_NOT);
    assert_true(court->j.verdict.too_much);
}

/* ---- what cannot be said -------------------------------------------------*/

static void
name_too_long_for_a_topic(void **state)
{
    struct court *court = *state;
    char name[176], *more;

    memset(name, 'n', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    rule_is(court, BASELINE "members\n    a = \"odl:BUILT=SUCCESS\"");
    desk_artifact(court->desk, "odl/ci-1", 100, 1, CALLED("1"));
    more = xasprintf(",\"baselineName\":\"%s\",\"baselineUrl\":\"https://b/9\","
                     "\"consistsOf\":[\"a1\"]",
                     name);
    desk_baseline(court->desk, "odl/ci-1", 200, 2, more);
    free(more);
    judge(court, "odl:2", PROMOTE_FULFILLED, PROMOTE_DUE_NEVER);
    rule_is(court, ARTIFACT "require\n    a = \"odl:BUILT=SUCCESS\"");
    more = xasprintf(",\"artifactName\":\"%s\"", name);
    desk_artifact(court->desk, "odl/ci-1", 300, 3, more);
    free(more);
    judge(court, "odl:3", PROMOTE_FULFILLED, PROMOTE_DUE);
    has(written(court), "opnfv/ConfidenceLevelModified/master/");
}

static void
many_causes_are_capped(void **state)
{
    struct court *court = *state;
    struct cim_buf members = {0};
    size_t links = 0;

    rule_is(court, BUILT);
    for (unsigned i = 1; i <= PROMOTE_CAUSES_MAX + 5; i++) {
        char *more = xasprintf(",\"artifactName\":\"a%u\",\"artifactUrl\":"
                               "\"https://a/%u\"",
                               i, i);
        desk_artifact(court->desk, "odl/ci-1", 100, i, more);
        free(more);
        more = xasprintf("%s\"a%u\"", i > 1 ? "," : "", i);
        cim_buf_add_str(&members, more);
        free(more);
    }
    char *more = xasprintf(",\"baselineName\":\"b\",\"baselineUrl\":"
                           "\"https://b/9\",\"consistsOf\":[%s]",
                           cim_buf_cstr(&members));
    desk_baseline(court->desk, "opnfv/ci-1", 200, 900, more);
    free(more);
    cim_buf_clear(&members);
    judge(court, "opnfv:900", PROMOTE_FULFILLED, PROMOTE_DUE);
    assert_int_equal(court->j.verdict.n_used, PROMOTE_CAUSES_MAX + 5);
    for (const char *p = written(court); (p = strstr(p, "\"rel\":\"cause\""));
         p++)
        links++;
    assert_int_equal(links, PROMOTE_CAUSES_MAX);
    has(written(court), "more\"]");
}

static void
overdue_is_the_same_whenever_it_is_said(void **state)
{
    struct court *court = *state;
    struct ledger_name name = desk_name("opnfv:1");
    struct ledger_subject s;
    struct cim_draft drafts[2];
    struct promote_case c = {
        .reader = court->desk->reader, .community = "opnfv", .subject = &s};

    rule_is(court, BASELINE "within = 1s\noverdue = event\n" TESTED);
    c.rule = &court->settings->rules[0];
    desk_baseline(court->desk, "opnfv/ci-1", 100, 1, "");
    for (int i = 0; i < 2; i++) {
        assert_int_equal(ledger_get(court->desk->reader, &name, &s), CIM_OK);
        assert_int_equal(promote_overdue(&c, &drafts[i]), CIM_OK);
        ledger_subject_clear(&s);
        desk_stamp(court->desk, "odl/ci-1", 200, 2, ON_B);
    }
    assert_int_equal(drafts[0].bytes.len, drafts[1].bytes.len);
    assert_memory_equal(drafts[0].bytes.p, drafts[1].bytes.p,
                        drafts[0].bytes.len);
    assert_true(cim_bytes_is(drafts[0].event.topic, "opnfv/VerdictOverdue/r/"));
    assert_true(drafts[0].event.time_ms == 1100);
    assert_true(cim_bytes_is(drafts[0].event.baseline_name, "daily"));
    for (int i = 0; i < 2; i++)
        cim_draft_clear(&drafts[i]);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        T(decision_says_what_it_rests_on),
        T(decision_is_made_once),
        T(open_after_a_decision_says_nothing),
        T(each_change_of_outcome_is_said),
        T(late_event_that_is_older_changes_nothing),
        T(same_events_make_the_same_bytes),
        T(word_by_hand_is_not_the_rules),
        T(others_cannot_decide_for_us),
        T(turns_on_the_same_stamps_end),
        T(who_knows_less_is_silent),
        T(own_levels_of_an_artifact_count),
        T(waivers_are_found_in_the_ledger),
        T(nested_members_are_asked_once),
        T(baseline_within_itself_ends),
        T(unknown_member_keeps_it_open_until_it_comes),
        T(member_of_two_communities_is_claimed),
        T(empty_baseline_is_open),
        T(what_nests_too_deep_is_open),
        T(name_too_long_for_a_topic),
        T(many_causes_are_capped),
        T(overdue_is_the_same_whenever_it_is_said),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MPL-2.0 */
/*
 * promote: what follows from what was said, without a ledger.
 *
 * A test writes a rule as in cimesh.zpl and answers as words: a letter for the
 * state, the header time behind it, and "/w" with a time when it is waived by
 * one who may: "S100", "F20/w30", "-" for nothing said.
 */
#include "node/promote.h"

#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "node/mem.h"
#include "node/settings.h"

struct desk {
    struct settings *settings;
    const struct rule *rule;
    struct promote_verdict verdict;
    unsigned serial;     /* of stamp ids */
    struct cim_buf said; /* reasons, a line each */
};

static int
setup(void **state)
{
    *state = xcalloc(1, sizeof(struct desk));
    return 0;
}

static int
teardown(void **state)
{
    struct desk *desk = *state;

    promote_verdict_clear(&desk->verdict);
    settings_destroy(&desk->settings);
    cim_buf_clear(&desk->said);
    free(desk);
    return 0;
}

/* keys: lines below the rule's name, without their indent. */
static void
rule_is(struct desk *desk, const char *keys)
{
    struct cim_buf text = {0};
    struct cim_diag diag = {{0}};

    promote_verdict_clear(&desk->verdict);
    settings_destroy(&desk->settings);
    cim_buf_add_str(&text, "cimesh = 1\nnode\n    name = \"opnfv/ci-1\"\n"
                           "promote\n    r\n"
                           "        subject = \"BaselineDefined\"\n        ");
    for (const char *p = keys; *p; p++) {
        cim_buf_add_u8(&text, (uint8_t)*p);
        if (*p == '\n')
            cim_buf_add_str(&text, "        ");
    }
    cim_buf_add_str(&text, "\nend = 1\n");
    if (settings_parse(cim_buf_bytes(&text), "f", "/", &desk->settings, &diag))
        fail_msg("%s", diag.text);
    desk->rule = &desk->settings->rules[0];
    cim_buf_clear(&text);
}

static struct ledger_stamp
stamp(struct desk *desk, const char *community, enum ledger_state state,
      const char *time)
{
    struct ledger_stamp s = {.state = state, .at.time_ms = atoi(time)};

    snprintf(s.by.community, sizeof s.by.community, "%s", community);
    s.by.id.b[15] = (uint8_t)++desk->serial;
    return s;
}

static enum ledger_state
state_of(char letter)
{
    static const char letters[] = "-QRSUFAIW";
    const char *at = strchr(letters, letter);

    assert_true(letter && at);
    return (enum ledger_state)(at - letters);
}

/* The i-th need, of the subject or (title) of a member. */
static void
ask(struct desk *desk, size_t i, const char *title, const char *answers)
{
    struct promote_verdict *v = &desk->verdict;
    const struct rule_need *need = &desk->rule->needs[i];
    struct promote_ask *a;

    xgrow(&v->asks, &v->cap_asks, v->n_asks, sizeof *v->asks);
    a = &v->asks[v->n_asks++];
    *a = (struct promote_ask){.need = need,
                              .member = need->members,
                              .of.community = "odl",
                              .title = xstrdup(title ? title : ""),
                              .answers = xcalloc(need->n, sizeof *a->answers)};
    for (size_t j = 0; j < need->n; j++) {
        const char *waived = strchr(answers, '/');
        const char *end = answers + strcspn(answers, " ");

        a->answers[j].want = &need->wants[j];
        if (*answers != '-')
            a->answers[j].said = stamp(desk, need->wants[j].community,
                                       state_of(*answers), answers + 1);
        if (waived && waived < end)
            a->answers[j].waiver =
                stamp(desk, "onap", LEDGER_WAIVED, waived + 2);
        answers = *end ? end + 1 : end;
    }
}

static void
settles(struct desk *desk, enum promote_outcome outcome)
{
    promote_settle(desk->rule, &desk->verdict);
    if (desk->verdict.outcome != outcome)
        fail_msg("%s instead of %s",
                 promote_outcome_text(desk->verdict.outcome),
                 promote_outcome_text(outcome));
}

/* One need, these answers, this outcome. */
static void
gives(struct desk *desk, const char *answers, enum promote_outcome outcome)
{
    promote_verdict_clear(&desk->verdict);
    ask(desk, 0, NULL, answers);
    promote_settle(desk->rule, &desk->verdict);
    if (desk->verdict.outcome != outcome)
        fail_msg("%s: %s instead of %s", answers,
                 promote_outcome_text(desk->verdict.outcome),
                 promote_outcome_text(outcome));
}

#define ONE   "require\n    a = \"odl:X=SUCCESS\""
#define TWO   "require\n    a = \"odl:X=SUCCESS\"\n    b = \"onap:Y=SUCCESS\""
#define THREE "odl:X=SUCCESS, onap:Y=SUCCESS, opnfv:Z=SUCCESS\""

/* ---- three outcomes ------------------------------------------------------*/

static void
success_fulfils(void **state)
{
    struct desk *desk = *state;

    rule_is(desk, ONE);
    gives(desk, "S100", PROMOTE_FULFILLED);
    assert_int_equal(desk->verdict.n_used, 1);
    assert_true(desk->verdict.newest.at.time_ms == 100);
}

static void
missing_is_neither_failed_nor_passed(void **state)
{
    struct desk *desk = *state;

    rule_is(desk, ONE);
    gives(desk, "-", PROMOTE_OPEN);
    assert_int_equal(desk->verdict.n_used, 0);
}

static void
queued_running_inconclusive_are_open(void **state)
{
    struct desk *desk = *state;

    rule_is(desk, ONE);
    gives(desk, "Q1", PROMOTE_OPEN);
    gives(desk, "R1", PROMOTE_OPEN);
    gives(desk, "I1", PROMOTE_OPEN);
}

static void
failure_unstable_aborted_fail(void **state)
{
    struct desk *desk = *state;

    rule_is(desk, ONE);
    gives(desk, "F1", PROMOTE_FAILED);
    gives(desk, "U1", PROMOTE_FAILED);
    gives(desk, "A1", PROMOTE_FAILED);
    assert_int_equal(desk->verdict.n_used, 1);
}

static void
all_needs_have_to_hold(void **state)
{
    struct desk *desk = *state;

    rule_is(desk, TWO);
    ask(desk, 0, NULL, "S1");
    ask(desk, 1, NULL, "-");
    settles(desk, PROMOTE_OPEN);
    assert_int_equal(desk->verdict.n_used, 0);
    desk->verdict.asks[1].answers[0].said =
        stamp(desk, "onap", LEDGER_SUCCESS, "2");
    settles(desk, PROMOTE_FULFILLED);
    assert_int_equal(desk->verdict.n_used, 2);
}

static void
one_failure_decides_whatever_is_missing(void **state)
{
    struct desk *desk = *state;

    rule_is(desk, TWO);
    ask(desk, 0, NULL, "-");
    ask(desk, 1, NULL, "F5");
    settles(desk, PROMOTE_FAILED);
    assert_int_equal(desk->verdict.n_used, 1);
    assert_string_equal(desk->verdict.used[0].by.community, "onap");
}

static void
failure_rests_on_failures_only(void **state)
{
    struct desk *desk = *state;

    rule_is(desk, TWO);
    ask(desk, 0, NULL, "S9");
    ask(desk, 1, NULL, "F5");
    settles(desk, PROMOTE_FAILED);
    assert_int_equal(desk->verdict.n_used, 1);
    assert_true(desk->verdict.newest.at.time_ms == 5);
}

/* ---- k of n --------------------------------------------------------------*/

static void
two_of_three_hold(void **state)
{
    struct desk *desk = *state;

    rule_is(desk, "require\n    a = \"2 of " THREE);
    gives(desk, "S1 S2 -", PROMOTE_FULFILLED);
    gives(desk, "S1 F2 S3", PROMOTE_FULFILLED);
    assert_int_equal(desk->verdict.n_used, 2);
    gives(desk, "S1 S2 S3", PROMOTE_FULFILLED);
    assert_int_equal(desk->verdict.n_used, 3);
}

static void
two_of_three_wait_while_two_can_hold(void **state)
{
    struct desk *desk = *state;

    rule_is(desk, "require\n    a = \"2 of " THREE);
    gives(desk, "- - -", PROMOTE_OPEN);
    gives(desk, "S1 F2 -", PROMOTE_OPEN);
    gives(desk, "S1 F2 R3", PROMOTE_OPEN);
    gives(desk, "F1 - -", PROMOTE_OPEN);
}

static void
two_of_three_fail_when_two_cannot_hold(void **state)
{
    struct desk *desk = *state;

    rule_is(desk, "require\n    a = \"2 of " THREE);
    gives(desk, "F1 U2 -", PROMOTE_FAILED);
    assert_int_equal(desk->verdict.n_used, 2);
    gives(desk, "F1 A2 S3", PROMOTE_FAILED);
    assert_int_equal(desk->verdict.n_used, 2);
    gives(desk, "F1 U2 A3", PROMOTE_FAILED);
    assert_int_equal(desk->verdict.n_used, 3);
}

static void
all_of_three_is_the_default(void **state)
{
    struct desk *desk = *state;

    rule_is(desk, "require\n    a = \"" THREE);
    gives(desk, "S1 S2 -", PROMOTE_OPEN);
    gives(desk, "S1 S2 F3", PROMOTE_FAILED);
    gives(desk, "S1 S2 S3", PROMOTE_FULFILLED);
}

/* ---- waivers -------------------------------------------------------------*/

static void
waived_by_one_who_may_holds(void **state)
{
    struct desk *desk = *state;

    rule_is(desk, "waive = \"onap\"\n" ONE);
    gives(desk, "-/w7", PROMOTE_FULFILLED);
    gives(desk, "R1/w7", PROMOTE_FULFILLED);
    gives(desk, "F1/w7", PROMOTE_FULFILLED);
    assert_int_equal(desk->verdict.n_used, 1);
    assert_string_equal(desk->verdict.used[0].by.community, "onap");
    assert_true(desk->verdict.newest.at.time_ms == 7);
}

static void
waived_by_one_who_may_not_waits(void **state)
{
    struct desk *desk = *state;

    rule_is(desk, "waive = \"onap\"\n" ONE);
    gives(desk, "W1", PROMOTE_OPEN);
}

static void
success_is_used_before_a_waiver(void **state)
{
    struct desk *desk = *state;

    rule_is(desk, "waive = \"onap\"\n" ONE);
    gives(desk, "S3/w7", PROMOTE_FULFILLED);
    assert_int_equal(desk->verdict.n_used, 1);
    assert_string_equal(desk->verdict.used[0].by.community, "odl");
}

static void
waiver_counts_in_k_of_n(void **state)
{
    struct desk *desk = *state;

    rule_is(desk, "waive = \"onap\"\nrequire\n    a = \"2 of " THREE);
    gives(desk, "F1/w4 F2 S3", PROMOTE_FULFILLED);
    gives(desk, "F1/w4 F2 -", PROMOTE_OPEN);
    gives(desk, "F1/w4 F2 F3", PROMOTE_FAILED);
}

/* ---- members -------------------------------------------------------------*/

#define BUILT "members\n    built = \"odl:X=SUCCESS\""

static void
every_member_is_asked(void **state)
{
    struct desk *desk = *state;

    rule_is(desk, ONE "\n" BUILT);
    ask(desk, 0, NULL, "S1");
    ask(desk, 1, "m1", "S2");
    ask(desk, 1, "m2", "-");
    settles(desk, PROMOTE_OPEN);
    desk->verdict.asks[2].answers[0].said =
        stamp(desk, "odl", LEDGER_SUCCESS, "3");
    settles(desk, PROMOTE_FULFILLED);
    assert_int_equal(desk->verdict.n_used, 3);
    desk->verdict.asks[2].answers[0].said.state = LEDGER_FAILURE;
    settles(desk, PROMOTE_FAILED);
    assert_int_equal(desk->verdict.n_used, 1);
}

static void
loosen(struct desk *desk, enum ledger_how how, const char *wanted)
{
    struct promote_verdict *v = &desk->verdict;

    xgrow(&v->loose, &v->cap_loose, v->n_loose, sizeof *v->loose);
    v->loose[v->n_loose++] =
        (struct promote_loose){.how = how, .wanted = xstrdup(wanted)};
}

static void
unresolved_members_keep_it_open(void **state)
{
    struct desk *desk = *state;

    rule_is(desk, ONE "\n" BUILT);
    ask(desk, 0, NULL, "S1");
    ask(desk, 1, "m1", "S2");
    loosen(desk, LEDGER_ABSENT, "m2");
    settles(desk, PROMOTE_OPEN);
    assert_int_equal(desk->verdict.n_used, 0);
}

static void
claimed_members_keep_it_open(void **state)
{
    struct desk *desk = *state;

    rule_is(desk, BUILT);
    ask(desk, 0, "m1", "S2");
    loosen(desk, LEDGER_CLAIMED, "m2");
    settles(desk, PROMOTE_OPEN);
}

static void
failure_decides_beside_unresolved_members(void **state)
{
    struct desk *desk = *state;

    rule_is(desk, BUILT);
    ask(desk, 0, "m1", "F2");
    loosen(desk, LEDGER_ABSENT, "m2");
    settles(desk, PROMOTE_FAILED);
}

static void
no_members_and_too_many_are_open(void **state)
{
    struct desk *desk = *state;

    rule_is(desk, ONE "\n" BUILT);
    ask(desk, 0, NULL, "S1");
    desk->verdict.no_members = true;
    settles(desk, PROMOTE_OPEN);
    desk->verdict.no_members = false;
    desk->verdict.too_much = true;
    settles(desk, PROMOTE_OPEN);
    rule_is(desk, BUILT);
    settles(desk, PROMOTE_OPEN); /* asked of nobody */
}

/* ---- freshness: 1 s = 1000 -----------------------------------------------*/

static void
fresh_counts_from_the_newest(void **state)
{
    struct desk *desk = *state;

    rule_is(desk, "fresh = 1s\n" TWO);
    ask(desk, 0, NULL, "S1000");
    ask(desk, 1, NULL, "S2000");
    settles(desk, PROMOTE_FULFILLED);
    desk->verdict.asks[1].answers[0].said.at.time_ms = 2001;
    settles(desk, PROMOTE_OPEN);
    assert_int_equal(desk->verdict.asks[0].answers[0].word, PROMOTE_STALE);
    assert_int_equal(desk->verdict.asks[1].answers[0].word, PROMOTE_HOLDS);
    assert_int_equal(desk->verdict.n_used, 0);
}

static void
without_fresh_stamps_hold_for_ever(void **state)
{
    struct desk *desk = *state;

    rule_is(desk, TWO);
    ask(desk, 0, NULL, "S1");
    ask(desk, 1, NULL, "S2000000000");
    settles(desk, PROMOTE_FULFILLED);
}

static void
later_success_that_is_not_needed_makes_nothing_stale(void **state)
{
    struct desk *desk = *state;

    rule_is(desk, "fresh = 1s\nrequire\n    a = \"2 of " THREE);
    gives(desk, "S1000 S1500 S9000", PROMOTE_FULFILLED);
    assert_int_equal(desk->verdict.n_used, 2);
    assert_true(desk->verdict.newest.at.time_ms == 1500);
}

static void
newest_that_holds_together_is_used(void **state)
{
    struct desk *desk = *state;

    rule_is(desk, "fresh = 1s\nrequire\n    a = \"2 of " THREE);
    gives(desk, "S1000 S8500 S9000", PROMOTE_FULFILLED);
    assert_int_equal(desk->verdict.n_used, 2);
    assert_true(desk->verdict.newest.at.time_ms == 9000);
    gives(desk, "S1000 S5000 S9000", PROMOTE_OPEN);
}

static void
waivers_get_old_too(void **state)
{
    struct desk *desk = *state;

    rule_is(desk, "fresh = 1s\nwaive = onap\n" TWO);
    ask(desk, 0, NULL, "F1/w1000");
    ask(desk, 1, NULL, "S3000");
    settles(desk, PROMOTE_OPEN);
    assert_int_equal(desk->verdict.asks[0].answers[0].word, PROMOTE_STALE);
}

static void
failures_do_not_get_old(void **state)
{
    struct desk *desk = *state;

    rule_is(desk, "fresh = 1s\n" TWO);
    ask(desk, 0, NULL, "F1");
    ask(desk, 1, NULL, "S9000");
    settles(desk, PROMOTE_FAILED);
}

static void
expired_is_by_the_clock_of_who_asks(void **state)
{
    struct desk *desk = *state;

    rule_is(desk, "fresh = 1s\n" ONE);
    gives(desk, "S1000", PROMOTE_FULFILLED);
    assert_false(promote_expired(desk->rule, &desk->verdict, 2000));
    assert_true(promote_expired(desk->rule, &desk->verdict, 2001));
    gives(desk, "F1000", PROMOTE_FAILED);
    assert_false(promote_expired(desk->rule, &desk->verdict, 9000));
    rule_is(desk, ONE);
    gives(desk, "S1000", PROMOTE_FULFILLED);
    assert_false(promote_expired(desk->rule, &desk->verdict, 1 << 30));
}

/* ---- what it rests on ----------------------------------------------------*/

static void
used_stamps_are_in_order_and_once(void **state)
{
    struct desk *desk = *state;
    struct promote_answer *a;

    rule_is(desk, "require\n    a = \"" THREE);
    ask(desk, 0, NULL, "S1 S2 S3");
    a = desk->verdict.asks[0].answers;
    a[2].said.by = a[0].said.by; /* one event says both */
    settles(desk, PROMOTE_FULFILLED);
    assert_int_equal(desk->verdict.n_used, 2);
    assert_string_equal(desk->verdict.used[0].by.community, "odl");
    assert_string_equal(desk->verdict.used[1].by.community, "onap");
}

static void
newest_is_by_ledger_order(void **state)
{
    struct desk *desk = *state;
    struct promote_answer *a;

    rule_is(desk, "require\n    a = \"" THREE);
    ask(desk, 0, NULL, "S5 S5 S5");
    a = desk->verdict.asks[0].answers;
    snprintf(a[0].said.at.log.node, CIM_NODE_MAX, "odl/a");
    snprintf(a[1].said.at.log.node, CIM_NODE_MAX, "onap/z");
    snprintf(a[2].said.at.log.node, CIM_NODE_MAX, "onap/a");
    settles(desk, PROMOTE_FULFILLED);
    assert_string_equal(desk->verdict.newest.at.log.node, "onap/z");
}

static void
settling_again_changes_nothing(void **state)
{
    struct desk *desk = *state;

    rule_is(desk, "fresh = 1s\nwaive = onap\nrequire\n    a = \"2 of " THREE);
    gives(desk, "S1000 F2/w1200 S9000", PROMOTE_FULFILLED);
    settles(desk, PROMOTE_FULFILLED);
    assert_int_equal(desk->verdict.n_used, 2);
}

/* ---- words ---------------------------------------------------------------*/

static void
take_reason(void *ctx, const char *text)
{
    struct desk *desk = ctx;

    cim_buf_add_str(&desk->said, text);
    cim_buf_add_u8(&desk->said, '\n');
}

#define ID(n) "00000000-0000-0000-0000-00000000000" n

static void
says(struct desk *desk, const char *expected)
{
    cim_buf_reset(&desk->said);
    promote_settle(desk->rule, &desk->verdict);
    promote_reasons(desk->rule, &desk->verdict, take_reason, desk);
    assert_string_equal(cim_buf_cstr(&desk->said), expected);
}

static void
fulfilled_names_each_stamp(void **state)
{
    struct desk *desk = *state;

    rule_is(desk, "waive = \"onap\"\nrequire\n    a = \"odl:X=SUCCESS\"\n"
                  "    s = \"2 of " THREE);
    ask(desk, 0, NULL, "S1");
    ask(desk, 1, NULL, "F2/w3 S4 -");
    says(desk,
         "a: odl:X=SUCCESS (odl:" ID(
             "1") ")\n"
                  "s: 2 of 3 needed, 2 there: odl:X waived by onap (onap:" ID(
                      "3") "). onap:Y=SUCCESS (onap:" ID("4") ")\n");
}

static void
failed_names_what_is_against(void **state)
{
    struct desk *desk = *state;

    rule_is(desk, TWO);
    ask(desk, 0, NULL, "S1");
    ask(desk, 1, NULL, "U2");
    says(desk, "b: onap:Y=UNSTABLE (onap:" ID("2") ")\n");
}

static void
missing_names_who_could_provide_it(void **state)
{
    struct desk *desk = *state;

    rule_is(desk, ONE);
    ask(desk, 0, NULL, "-");
    says(desk, "a: odl has not said X; odl can say it\n");
    rule_is(desk, "waive = \"onap, odl\"\n" ONE);
    ask(desk, 0, NULL, "-");
    says(desk, "a: odl has not said X; odl can say it or waive it, or onap can "
               "waive it\n");
    rule_is(desk, "waive = \"onap, opnfv\"\n" ONE);
    ask(desk, 0, NULL, "-");
    says(desk, "a: odl has not said X; odl can say it, or onap, opnfv can "
               "waive it\n");
}

static void
waiting_says_what_for(void **state)
{
    struct desk *desk = *state;

    rule_is(desk, ONE);
    ask(desk, 0, NULL, "R1");
    says(desk, "a: odl says X is running (odl:" ID("1") "); odl can say how it "
                                                        "ended\n");
    rule_is(desk, ONE);
    ask(desk, 0, NULL, "W1");
    says(desk, "a: odl waived X (odl:" ID("2") "), which the rule does not let "
                                               "it; odl can say SUCCESS\n");
    rule_is(desk, ONE);
    ask(desk, 0, NULL, "I1");
    says(desk,
         "a: odl says X is inconclusive (odl:" ID("3") "); odl can say it "
                                                       "again\n");
}

static void
stale_says_how_old(void **state)
{
    struct desk *desk = *state;

    rule_is(desk, "fresh = 36h\n" TWO);
    ask(desk, 0, NULL, "S1");
    ask(desk, 1, NULL, "S200000000");
    says(desk,
         "a: odl:X=SUCCESS (odl:" ID("1") ") is more than 36h older than "
                                          "the newest; odl can say it again\n");
}

static void
members_are_named(void **state)
{
    struct desk *desk = *state;

    rule_is(desk, BUILT);
    ask(desk, 0, "m1", "-");
    loosen(desk, LEDGER_ABSENT, "m2");
    loosen(desk, LEDGER_CLAIMED, "m3");
    says(desk, "built, m1 odl:" ID(
                   "0") ": odl has not said X; odl can say it\n"
                        "member 'm2': not here; who made it can publish it, "
                        "and this node has "
                        "to follow that or fetch it\n"
                        "member 'm3': more than one community has something of "
                        "that name; who "
                        "defines the baseline can name it COMMUNITY:ID\n");
}

static void
what_holds_is_not_told_while_open(void **state)
{
    struct desk *desk = *state;

    rule_is(desk, TWO);
    ask(desk, 0, NULL, "S1");
    ask(desk, 1, NULL, "-");
    says(desk, "b: onap has not said Y; onap can say it\n");
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        T(success_fulfils),
        T(missing_is_neither_failed_nor_passed),
        T(queued_running_inconclusive_are_open),
        T(failure_unstable_aborted_fail),
        T(all_needs_have_to_hold),
        T(one_failure_decides_whatever_is_missing),
        T(failure_rests_on_failures_only),
        T(two_of_three_hold),
        T(two_of_three_wait_while_two_can_hold),
        T(two_of_three_fail_when_two_cannot_hold),
        T(all_of_three_is_the_default),
        T(waived_by_one_who_may_holds),
        T(waived_by_one_who_may_not_waits),
        T(success_is_used_before_a_waiver),
        T(waiver_counts_in_k_of_n),
        T(every_member_is_asked),
        T(unresolved_members_keep_it_open),
        T(claimed_members_keep_it_open),
        T(failure_decides_beside_unresolved_members),
        T(no_members_and_too_many_are_open),
        T(fresh_counts_from_the_newest),
        T(without_fresh_stamps_hold_for_ever),
        T(later_success_that_is_not_needed_makes_nothing_stale),
        T(newest_that_holds_together_is_used),
        T(waivers_get_old_too),
        T(failures_do_not_get_old),
        T(expired_is_by_the_clock_of_who_asks),
        T(used_stamps_are_in_order_and_once),
        T(newest_is_by_ledger_order),
        T(settling_again_changes_nothing),
        T(fulfilled_names_each_stamp),
        T(failed_names_what_is_against),
        T(missing_names_who_could_provide_it),
        T(waiting_says_what_for),
        T(stale_says_how_old),
        T(members_are_named),
        T(what_holds_is_not_told_while_open),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

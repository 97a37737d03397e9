/* SPDX-License-Identifier: MPL-2.0 */
/* What is said of a subject, and by whom: links, URLs, names, order. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "node/store_private.h"
#include "tests/unit/ledger_desk.h"

#define LINK(n)                                                                \
    ",\"links\":[{\"rel\":\"subject\",\"of\":\"odl\",\"id\":\"#" #n "\"}]"
#define LEVEL(name, result) ",\"confidenceLevel\":{\"" name "\":\"" result "\"}"
#define URL(text)           ",\"artifactUrl\":\"" text "\""
#define NAME(text)          ",\"artifactName\":\"" text "\""

static void
an_artifact_says_its_own_levels(void **state)
{
    struct desk *desk = *state;

    desk_artifact(desk, "odl/ci-1", 100, 1, LEVEL("BUILT", "FAILURE"));
    assert_string_equal(desk_stamps(desk, "odl:1", false),
                        "odl BUILT failure its own");
}

static void
a_stamp_finds_its_subject_by_link(void **state)
{
    struct desk *desk = *state;

    desk_artifact(desk, "odl/ci-1", 100, 1, "");
    desk_stamp(desk, "opnfv/ci-1", 200, 2, LINK(1) URL("https://other"));
    assert_string_equal(desk_said(desk, "odl:1", "opnfv", "TESTED"),
                        "success linked opnfv:2");
    assert_string_equal(desk_stamped(desk, "opnfv:2"), "linked odl:1");
}

static void
a_link_to_nothing_falls_back_to_nothing(void **state)
{
    struct desk *desk = *state;

    desk_artifact(desk, "odl/ci-1", 100, 1, "");
    desk_stamp(desk, "opnfv/ci-1", 200, 2, LINK(9));
    assert_string_equal(desk_said(desk, "odl:1", "opnfv", "TESTED"), "missing");
    assert_non_null(strstr(desk_stamped(desk, "opnfv:2"), "not here odl:"));
}

static void
a_stamp_finds_its_subject_by_url(void **state)
{
    struct desk *desk = *state;

    desk_artifact(desk, "odl/ci-1", 100, 1, "");
    desk_stamp(desk, "opnfv/ci-1", 200, 2, "");
    assert_string_equal(desk_said(desk, "odl:1", "opnfv", "TESTED"),
                        "success by URL opnfv:2");
}

static void
a_url_that_nobody_has_falls_to_the_name(void **state)
{
    struct desk *desk = *state;

    desk_artifact(desk, "odl/ci-1", 100, 1, NAME("dist"));
    desk_stamp(desk, "opnfv/ci-1", 200, 2, URL("https://mirror") NAME("dist"));
    assert_string_equal(desk_said(desk, "odl:1", "opnfv", "TESTED"),
                        "success by name opnfv:2");
    desk_artifact(desk, "odl/ci-1", 300, 3, URL("https://mirror"));
    assert_string_equal(desk_said(desk, "odl:1", "opnfv", "TESTED"), "missing");
    assert_string_equal(desk_said(desk, "odl:3", "opnfv", "TESTED"),
                        "success by URL opnfv:2");
}

static void
a_stamp_may_come_before_its_subject(void **state)
{
    struct desk *desk = *state;

    desk_stamp(desk, "opnfv/ci-1", 50, 2, "");
    assert_string_equal(desk_stamped(desk, "opnfv:2"), "not here https://a");
    desk_artifact(desk, "odl/ci-1", 100, 1, "");
    assert_string_equal(desk_said(desk, "odl:1", "opnfv", "TESTED"),
                        "success by URL opnfv:2");
}

static void
a_url_of_two_communities_is_nobodys(void **state)
{
    struct desk *desk = *state;

    desk_artifact(desk, "odl/ci-1", 100, 1, "");
    desk_artifact(desk, "onap/ci-1", 150, 3, "");
    desk_stamp(desk, "opnfv/ci-1", 200, 2, "");
    assert_string_equal(desk_said(desk, "odl:1", "opnfv", "TESTED"), "missing");
    assert_string_equal(desk_said(desk, "onap:3", "opnfv", "TESTED"),
                        "missing");
    assert_string_equal(desk_stamped(desk, "opnfv:2"), "claimed https://a");
}

static void
of_one_url_built_twice_the_newest_by_then_is_meant(void **state)
{
    struct desk *desk = *state;

    desk_artifact(desk, "odl/ci-1", 100, 1, "");
    desk_stamp(desk, "opnfv/ci-1", 200, 2, LEVEL("TESTED", "FAILURE"));
    desk_artifact(desk, "odl/ci-1", 300, 3, "");
    desk_stamp(desk, "opnfv/ci-1", 400, 4, "");
    assert_string_equal(desk_said(desk, "odl:1", "opnfv", "TESTED"),
                        "failure by URL opnfv:2");
    assert_string_equal(desk_said(desk, "odl:3", "opnfv", "TESTED"),
                        "success by URL opnfv:4");
}

static void
the_later_stamp_replaces_the_earlier_in_any_order_of_arrival(void **state)
{
    struct desk *desk = *state;

    desk_artifact(desk, "odl/ci-1", 100, 1, "");
    desk_stamp(desk, "opnfv/ci-2", 400, 4, LINK(1));
    desk_stamp(desk, "opnfv/ci-1", 300, 3, LEVEL("TESTED", "FAILURE"));
    assert_string_equal(desk_said(desk, "odl:1", "opnfv", "TESTED"),
                        "success linked opnfv:4");
    assert_string_equal(desk_stamps(desk, "odl:1", true),
                        "odl BUILT success its own; opnfv TESTED success"
                        " linked; opnfv TESTED failure by URL");
}

static void
communities_and_levels_stand_beside_each_other(void **state)
{
    struct desk *desk = *state;

    desk_artifact(desk, "odl/ci-1", 100, 1, "");
    desk_stamp(desk, "opnfv/ci-1", 200, 2, LEVEL("B", "RUNNING"));
    desk_stamp(desk, "opnfv/ci-1", 300, 3, LEVEL("A", "QUEUED"));
    desk_stamp(desk, "onap/ci-1", 400, 4, LEVEL("B", "WAIVED"));
    assert_string_equal(desk_stamps(desk, "odl:1", false),
                        "odl BUILT success its own; onap B waived by URL;"
                        " opnfv A queued by URL; opnfv B running by URL");
}

static void
a_repeated_id_counts_once_and_the_first_in_order(void **state)
{
    struct desk *desk = *state;

    desk_artifact(desk, "odl/ci-1", 200, 1, URL("https://late"));
    desk_artifact(desk, "odl/ci-2", 100, 1, URL("https://early"));
    desk_stamp(desk, "opnfv/ci-1", 300, 2, URL("https://early"));
    desk_stamp(desk, "opnfv/ci-1", 300, 3, URL("https://late"));
    assert_string_equal(desk_find(desk, "https://late"), "");
    assert_string_equal(desk_find(desk, "https://early"), "odl:1");
    assert_string_equal(desk_said(desk, "odl:1", "opnfv", "TESTED"),
                        "success by URL opnfv:2");
    desk_aside(desk, "odl/ci-2", 1);
    assert_string_equal(desk_find(desk, "https://late"), "odl:1");
    assert_string_equal(desk_said(desk, "odl:1", "opnfv", "TESTED"),
                        "success by URL opnfv:3");
}

static void
one_event_may_stamp_several(void **state)
{
    struct desk *desk = *state;

    desk_artifact(desk, "odl/ci-1", 100, 1, "");
    desk_artifact(desk, "odl/ci-1", 100, 2, URL("https://b"));
    desk_stamp(desk, "opnfv/ci-1", 200, 3,
               ",\"links\":[{\"rel\":\"subject\",\"of\":\"odl\",\"id\":\"#1\"},"
               "{\"rel\":\"subject\",\"of\":\"odl\",\"id\":\"#2\"}]");
    assert_string_equal(desk_stamped(desk, "opnfv:3"),
                        "linked odl:1; linked odl:2");
    assert_string_equal(desk_said(desk, "odl:2", "opnfv", "TESTED"),
                        "success linked opnfv:3");
}

static void
what_leaves_takes_its_word_along(void **state)
{
    struct desk *desk = *state;

    desk_artifact(desk, "odl/ci-1", 100, 1, "");
    desk_stamp(desk, "opnfv/ci-1", 200, 2, LEVEL("TESTED", "FAILURE"));
    desk_stamp(desk, "opnfv/ci-1", 300, 3, "");
    desk_aside(desk, "opnfv/ci-1", 2);
    assert_string_equal(desk_said(desk, "odl:1", "opnfv", "TESTED"),
                        "failure by URL opnfv:2");
    desk_aside(desk, "odl/ci-1", 1);
    assert_string_equal(desk_stamps(desk, "odl:1", false), "none");
    assert_string_equal(desk_stamped(desk, "opnfv:2"), "not here https://a");
}

static void
retention_takes_all_rows(void **state)
{
    struct desk *desk = *state;
    struct store_job *job = store_job_new(STORE_PURGE);

    desk_artifact(desk, "odl/ci-1", 100, 1, NAME("x"));
    desk_baseline(desk, "opnfv/ci-1", 200, 2, ",\"consistsOf\":[\"x\",\"#1\"]");
    desk_stamp(desk, "opnfv/ci-1", 300, 3, NAME("x"));
    job->purge.before_ms = 1000;
    commit_ok(desk->store, &job);
    assert_string_equal(desk_find(desk, "x"), "");
    assert_true(store_exec(desk->store,
                           "CREATE TEMP TABLE none(n CHECK(n = 0));"
                           "INSERT INTO none SELECT count(*) FROM ledger_event;"
                           "INSERT INTO none SELECT count(*) FROM ledger_key;"
                           "INSERT INTO none SELECT count(*) FROM ledger_say;"
                           "INSERT INTO none SELECT count(*) FROM ledger_word;"
                           "INSERT INTO none SELECT count(*)"
                           " FROM ledger_member"));
}

static void
settle(struct desk *desk)
{
    while (store_ledger_behind(desk->store)) {
        struct store_job *job = store_job_new(STORE_LEDGER);
        commit_ok(desk->store, &job);
    }
}

static const char *
newest_with(struct desk *desk, const char *community, const char *level)
{
    struct ledger_want want = {.state = LEDGER_SUCCESS};
    struct ledger_query query = {
        .prefix = prefix_of(""), .wants = &want, .n_wants = 1};

    snprintf(want.community, sizeof want.community, "%s", community);
    snprintf(want.level, sizeof want.level, "%s", level);
    return desk_newest(desk, &query);
}

static void
the_newest_that_holds_is_the_newest_in_order(void **state)
{
    struct desk *desk = *state;

    desk_artifact(desk, "odl/ci-1", 300, 3, URL("https://3"));
    desk_artifact(desk, "odl/ci-2", 100, 1, URL("https://1"));
    desk_artifact(desk, "odl/ci-1", 400, 4, URL("https://4"));
    desk_stamp(desk, "opnfv/ci-1", 900, 9, LINK(1));
    desk_stamp(desk, "opnfv/ci-1", 800, 8, LINK(3));
    assert_string_equal(newest_with(desk, "opnfv", "TESTED"), "odl:3 odl:1");
    desk_stamp(desk, "opnfv/ci-1", 950, 10, LINK(3) LEVEL("TESTED", "ABORTED"));
    assert_string_equal(newest_with(desk, "opnfv", "TESTED"), "odl:1");
    assert_string_equal(newest_with(desk, "opnfv", "OTHER"), "");
}

/* 20 stamps of 64 levels each wait for an artifact: more than a commit does. */
static void
many_words_move_in_steps_and_are_never_told_wrongly(void **state)
{
    struct desk *desk = *state;

    for (unsigned i = 0; i < 20; i++) {
        struct cim_buf more = {0};
        cim_buf_add_str(&more, ",\"confidenceLevel\":{");
        for (unsigned k = 0; k < 64; k++) {
            char *text =
                xasprintf("%s\"L%u\":\"SUCCESS\"", k ? "," : "", i * 64 + k);
            cim_buf_add_str(&more, text);
            free(text);
        }
        cim_buf_add(&more, "}", 2);
        desk_stamp(desk, "opnfv/ci-1", 200 + i, 100 + i, (const char *)more.p);
        cim_buf_clear(&more);
    }
    desk_artifact(desk, "odl/ci-1", 100, 1, "");
    assert_true(store_ledger_behind(desk->store));
    assert_string_equal(newest_with(desk, "opnfv", "L1279"), "");
    assert_string_equal(desk_said(desk, "odl:1", "opnfv", "L1279"),
                        "success by URL opnfv:119");
    settle(desk);
    assert_string_equal(newest_with(desk, "opnfv", "L1279"), "odl:1");
    /* Nobody's from now on: at once, whatever the index says. */
    desk_artifact(desk, "onap/ci-1", 150, 2, "");
    assert_true(store_ledger_behind(desk->store));
    assert_string_equal(newest_with(desk, "opnfv", "L1279"), "");
    settle(desk);
    assert_string_equal(newest_with(desk, "opnfv", "L1279"), "");
}

struct met {
    size_t n[2]; /* of opnfv, of all others */
};

static bool
meet(void *ctx, const struct ledger_subject *s)
{
    struct met *met = ctx;

    met->n[strcmp(s->name.community, "opnfv") != 0]++;
    return true;
}

static bool
meet_part(void *ctx, enum ledger_how how, const struct ledger_subject *s)
{
    (void)how;
    return meet(ctx, s);
}

/* Somebody lists the artifact in as many baselines as it likes: what changes
 * of it still reaches the older ones of others, and what these are part of. */
static void
many_baselines_of_one_hide_none_of_another(void **state)
{
    struct desk *desk = *state;
    struct met touched = {{0}}, part_of = {{0}};
    struct ledger_subject s;
    struct ledger_name name = desk_name("odl:1");

    desk_artifact(desk, "odl/ci-1", 100, 1, "");
    desk_baseline(desk, "opnfv/ci-1", 200, 2,
                  ",\"consistsOf\":[\"https://a\"]");
    desk_baseline(desk, "opnfv/ci-1", 300, 3,
                  ",\"baselineUrl\":\"https://outer\",\"consistsOf\":"
                  "[\"https://b\"]");
    for (unsigned i = 0; i < 5100; i++)
        desk_baseline(desk, "fdio/ci-1", 400 + i, 10 + i,
                      ",\"baselineUrl\":\"https://f\",\"consistsOf\":"
                      "[\"https://a\",\"https://b\"]");
    desk_stamp(desk, "odl/ci-1", 9000, 9000, "");
    assert_int_equal(ledger_touched(desk->reader, 5100 + 4, meet, &touched),
                     CIM_OK);
    assert_int_equal(touched.n[0], 2);
    assert_true(touched.n[1] > 1000 && touched.n[1] < 2000);
    assert_int_equal(ledger_get(desk->reader, &name, &s), CIM_OK);
    assert_int_equal(ledger_part_of(desk->reader, &s, meet_part, &part_of),
                     CIM_OK);
    assert_int_equal(part_of.n[0], 1);
    ledger_subject_clear(&s);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, desk_up, desk_down)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(an_artifact_says_its_own_levels),
        TEST(a_stamp_finds_its_subject_by_link),
        TEST(a_link_to_nothing_falls_back_to_nothing),
        TEST(a_stamp_finds_its_subject_by_url),
        TEST(a_url_that_nobody_has_falls_to_the_name),
        TEST(a_stamp_may_come_before_its_subject),
        TEST(a_url_of_two_communities_is_nobodys),
        TEST(of_one_url_built_twice_the_newest_by_then_is_meant),
        TEST(the_later_stamp_replaces_the_earlier_in_any_order_of_arrival),
        TEST(communities_and_levels_stand_beside_each_other),
        TEST(a_repeated_id_counts_once_and_the_first_in_order),
        TEST(one_event_may_stamp_several),
        TEST(what_leaves_takes_its_word_along),
        TEST(retention_takes_all_rows),
        TEST(the_newest_that_holds_is_the_newest_in_order),
        TEST(many_words_move_in_steps_and_are_never_told_wrongly),
        TEST(many_baselines_of_one_hide_none_of_another),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

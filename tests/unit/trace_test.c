/* SPDX-License-Identifier: MPL-2.0 */
/* The graph around an event, and what differs between two baselines, of
 * stores made by hand. */
#include "node/trace.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "node/diff.h"
#include "tests/unit/ledger_desk.h"

#define NAME(text)     ",\"artifactName\":\"" text "\""
#define AT(text)       ",\"artifactUrl\":\"https://" text "\""
#define BASELINE(text) ",\"baselineName\":\"" text "\""
#define BASE(text)                                                             \
    ",\"baselineName\":\"" text "\",\"baselineUrl\":\"https://b/" text "\""
#define OF(members)         ",\"consistsOf\":[" members "]"
#define LEVEL(name, result) ",\"confidenceLevel\":{\"" name "\":\"" result "\"}"
#define LINK(rel, of, n)                                                       \
    "{\"rel\":\"" rel "\",\"of\":\"" of "\",\"id\":\"#" n "\"}"
#define LINKS(list) ",\"links\":[" list "]"

/* An event's name as the desk numbers it. */
static void
put_name(const struct ledger_name *name, struct cim_buf *out)
{
    unsigned long long n = 0;
    char text[64];

    for (size_t i = 9; i < 16; i++)
        n = n << 8 | name->id.b[i];
    snprintf(text, sizeof text, "%s:%llu", name->community, n);
    cim_buf_add_str(out, text);
}

static void
put_node(const struct trace_node *n, struct cim_buf *out)
{
    if (n->event.name.community[0] != '\0')
        put_name(&n->event.name, out);
    else
        cim_buf_add_bytes(out, cim_buf_bytes(&n->event.title));
}

/* "odl:1 partOf opnfv:2 (by name); ..." into desk->text. */
static const char *
edges(struct desk *desk, const struct trace *t)
{
    struct view_peers peers = {0};
    struct cim_buf out = {0};

    for (size_t i = 0; i < t->n_edges; i++) {
        const struct trace_edge *e = &t->edges[i];
        if (i > 0)
            cim_buf_add_str(&out, "; ");
        put_node(&t->nodes[e->from], &out);
        cim_buf_add_str(&out, " ");
        cim_buf_add_str(&out, trace_rel_text(e->rel));
        cim_buf_add_str(&out, " ");
        put_node(&t->nodes[e->to], &out);
        cim_buf_add_str(&out, " (");
        trace_how(t, e, &peers, &out);
        cim_buf_add_str(&out, ")");
    }
    if (t->cut || t->cut_depth)
        cim_buf_add_str(&out, " cut");
    snprintf(desk->text, sizeof desk->text, "%s", cim_buf_cstr(&out));
    cim_buf_clear(&out);
    return desk->text;
}

static void
walk(struct desk *desk, const char *from, unsigned directions, unsigned depth,
     struct trace *out)
{
    struct trace_start start = {.name = desk_name(from)};

    assert_int_equal(trace_walk(desk->reader, &start, directions, depth, out),
                     CIM_OK);
}

static const char *
trace(struct desk *desk, const char *from, unsigned directions, unsigned depth)
{
    struct trace t = {0};

    walk(desk, from, directions, depth, &t);
    edges(desk, &t);
    trace_clear(&t);
    return desk->text;
}

static char *
tree(struct desk *desk, const char *from, const struct view_peers *peers)
{
    struct trace t = {0};
    struct cim_buf out = {0};

    walk(desk, from, TRACE_UP | TRACE_DOWN, 16, &t);
    trace_tree(&t, peers, &out);
    trace_clear(&t);
    char *text = xstrdup(cim_buf_cstr(&out));
    cim_buf_clear(&out);
    return text;
}

/* Two artifacts in a baseline, a test of it, a promotion because of that. */
static void
play(struct desk *desk)
{
    desk_artifact(desk, "odl/ci-1", 100, 1, NAME("odl-1") AT("odl-1"));
    desk_artifact(desk, "onap/ci-1", 110, 2, NAME("onap-1") AT("onap-1"));
    desk_baseline(desk, "opnfv/ci-1", 200, 3,
                  BASE("opnfv-1") OF("\"odl-1\",\"onap-1\"")
                      LINKS(LINK("element", "odl", "1")));
    desk_stamp(desk, "opnfv/ci-1", 300, 4,
               BASE("opnfv-1") LINKS(LINK("subject", "opnfv", "3") "," LINK(
                   "cause", "opnfv", "3")));
    desk_stamp(
        desk, "onap/ci-1", 400, 5,
        BASE("opnfv-1") LEVEL("PROMOTED", "SUCCESS")
            LINKS(LINK("subject", "opnfv", "3") "," LINK(
                "cause", "opnfv", "4")) ",\"ext\":{\"rule\":\"release\"}");
}

static void
up_leads_to_baselines_stamps_and_promotions(void **state)
{
    struct desk *desk = *state;

    play(desk);
    assert_string_equal(trace(desk, "odl:1", TRACE_UP, 16),
                        "odl:1 partOf opnfv:3 (by name); "
                        "opnfv:3 stampedBy onap:5 (linked); "
                        "opnfv:3 stampedBy opnfv:4 (linked); "
                        "onap:5 cause opnfv:4 (linked)");
}

static void
down_leads_to_members_and_not_up_again(void **state)
{
    struct desk *desk = *state;

    play(desk);
    desk_baseline(desk, "opnfv/ci-1", 500, 6, BASE("all") OF("\"opnfv-1\""));
    assert_string_equal(trace(desk, "opnfv:3", TRACE_DOWN, 16),
                        "opnfv:3 stampedBy onap:5 (linked); "
                        "opnfv:3 stampedBy opnfv:4 (linked); "
                        "opnfv:3 member odl:1 (by name); "
                        "opnfv:3 member onap:2 (by name); "
                        "onap:5 cause opnfv:4 (linked)");
    assert_string_equal(trace(desk, "opnfv:6", TRACE_DOWN, 1),
                        "opnfv:6 member opnfv:3 (by name); "
                        "opnfv:3 stampedBy onap:5 (linked); "
                        "opnfv:3 stampedBy opnfv:4 (linked); "
                        "onap:5 cause opnfv:4 (linked) cut");
}

static void
a_promotion_leads_to_what_it_promotes(void **state)
{
    struct desk *desk = *state;

    play(desk);
    const char *text = trace(desk, "onap:5", TRACE_DOWN, 16);
    assert_non_null(strstr(text, "onap:5 stamps opnfv:3 (linked)"));
    assert_non_null(strstr(text, "onap:5 cause opnfv:4 (linked)"));
    assert_non_null(strstr(text, "opnfv:3 member odl:1 (by name)"));
}

static void
what_is_not_here_is_named_with_who_has_it(void **state)
{
    struct desk *desk = *state;
    struct view_peer v[] = {{.node = "odl/ci-1", .up = true},
                            {.node = "odlx/ci-1", .up = true},
                            {.node = "onap/ci-1", .followed = true}};
    struct view_peers peers = {.v = v, .n = 3};

    desk_baseline(
        desk, "opnfv/ci-1", 200, 3,
        BASE("opnfv-1") OF("\"vanished\"")
            LINKS(LINK("element", "odl", "7") "," LINK(
                "element", "onap", "8") "," LINK("cause", "fdio", "9")));
    char *text = tree(desk, "opnfv:3", &peers);
    assert_non_null(strstr(text, "consists of 'vanished' (unresolved)"));
    assert_non_null(strstr(text, "(not here: odl has it; up: odl/ci-1; not "
                                 "followed here)  odl:"));
    assert_non_null(strstr(text, "(not here: onap has it; none of its nodes is "
                                 "up; followed here)  onap:"));
    assert_non_null(strstr(text, "because of an event (not here: fdio has it; "
                                 "no node of it is in the roster"));
    assert_null(strstr(text, "odlx"));
    free(text);
}

static void
what_two_claim_is_nobodys(void **state)
{
    struct desk *desk = *state;

    desk_artifact(desk, "odl/ci-1", 100, 1, NAME("dist") AT("1"));
    desk_artifact(desk, "onap/ci-1", 100, 2, NAME("dist") AT("2"));
    desk_baseline(desk, "opnfv/ci-1", 200, 3, BASE("b") OF("\"dist\""));
    assert_string_equal(trace(desk, "opnfv:3", TRACE_DOWN, 16),
                        "opnfv:3 member dist (unresolved: claimed by more "
                        "than one community)");
}

static void
a_tree_shows_people_what_there_is(void **state)
{
    struct desk *desk = *state;
    struct view_peers peers = {0};

    play(desk);
    char *text = tree(desk, "odl:1", &peers);
    assert_non_null(strstr(text, "artifact odl-1 BUILT=SUCCESS  odl:"));
    assert_non_null(strstr(text, "\n    https://odl-1\n"));
    assert_non_null(strstr(text, "\n    part of baseline opnfv-1 (by name)"));
    assert_non_null(strstr(
        text, "\n        PROMOTED success, said by onap by its rule release "
              "(linked)  onap:"));
    assert_non_null(strstr(text, "\n            because of stamp "
                                 "TESTED=SUCCESS on opnfv-1 (linked)"));
    free(text);
}

static void
nothing_acts_on_a_terminal(void **state)
{
    struct desk *desk = *state;
    struct view_peers peers = {0};

    desk_artifact(desk, "odl/ci-1", 100, 1, NAME("a\\u202eb"));
    char *text = tree(desk, "odl:1", &peers);
    assert_non_null(strstr(text, "a\\u202eb"));
    free(text);
}

static void
a_circle_ends(void **state)
{
    struct desk *desk = *state;

    desk_baseline(desk, "odl/ci-1", 100, 1, BASE("one") OF("\"two\",\"one\""));
    desk_baseline(desk, "odl/ci-1", 110, 2, BASE("two") OF("\"one\""));
    assert_string_equal(trace(desk, "odl:1", TRACE_DOWN, 16),
                        "odl:1 member odl:2 (by name); "
                        "odl:1 member odl:1 (by name); "
                        "odl:2 member odl:1 (by name)");
    assert_string_equal(trace(desk, "odl:1", TRACE_UP, 16),
                        "odl:1 partOf odl:2 (by name); "
                        "odl:1 partOf odl:1 (by name); "
                        "odl:2 partOf odl:1 (by name)");
}

static void
depth_is_bounded_and_said(void **state)
{
    struct desk *desk = *state;
    char more[256];
    struct trace t = {0};

    for (unsigned i = 1; i <= 20; i++) {
        snprintf(more, sizeof more, BASE("b%u") OF("\"b%u\""), i, i, i - 1);
        desk_baseline(desk, "odl/ci-1", 100 + (int64_t)i, i, more);
    }
    walk(desk, "odl:20", TRACE_DOWN, 16, &t);
    assert_int_equal(t.n_nodes, 17);
    assert_true(t.cut_depth);
    assert_false(t.cut);
    trace_clear(&t);
}

static void
size_is_bounded_and_said(void **state)
{
    struct desk *desk = *state;
    char *more = xcalloc(1, 64 * 1024);
    size_t len = 0;
    struct trace t = {0};
    struct cim_buf out = {0};

    len += (size_t)snprintf(more, 64 * 1024, BASE("big") ",\"consistsOf\":[");
    for (unsigned i = 0; i < 700; i++)
        len += (size_t)snprintf(more + len, 16, "%s\"m%u\"", i ? "," : "", i);
    snprintf(more + len, 2, "]");
    desk_baseline(desk, "odl/ci-1", 100, 1, more);
    walk(desk, "odl:1", TRACE_DOWN, 16, &t);
    assert_int_equal(t.n_nodes, TRACE_NODES_MAX);
    assert_true(t.cut);
    trace_tree(&t, &(struct view_peers){0}, &out);
    assert_non_null(strstr(cim_buf_cstr(&out), "cut: a graph shows at most"));
    cim_buf_clear(&out);
    trace_clear(&t);
    free(more);
}

static void
a_digraph_escapes_what_it_quotes(void **state)
{
    struct desk *desk = *state;
    struct trace t = {0};
    struct cim_buf out = {0};

    desk_artifact(desk, "odl/ci-1", 100, 1, NAME("say \\\"hi\\\" \\\\"));
    walk(desk, "odl:1", TRACE_UP, 16, &t);
    trace_dot(&t, &(struct view_peers){0}, &out);
    assert_non_null(strstr(cim_buf_cstr(&out), "say \\\"hi\\\" \\\\"));
    assert_ptr_equal(strstr(cim_buf_cstr(&out), "digraph trace {"), out.p);
    cim_buf_clear(&out);
    trace_clear(&t);
}

static void
a_start_is_found_by_name_url_and_id(void **state)
{
    struct desk *desk = *state;
    struct trace_start start;
    char id[CIM_UUID_TEXT_LEN + 1], text[64];

    play(desk);
    struct ledger_name stamp = desk_name("opnfv:4");
    cim_uuid_text(&stamp.id, id);
    snprintf(text, sizeof text, "opnfv:%s", id);
    assert_int_equal(trace_find(desk->reader, "odl-1", false, &start), CIM_OK);
    assert_true(start.subject && !start.ambiguous);
    assert_int_equal(trace_find(desk->reader, "https://onap-1", false, &start),
                     CIM_OK);
    assert_string_equal(start.name.community, "onap");
    assert_int_equal(trace_find(desk->reader, text, false, &start), CIM_OK);
    assert_false(start.subject);
    assert_int_equal(trace_find(desk->reader, "odl-1", true, &start),
                     CIM_ENOENT);
    assert_int_equal(trace_find(desk->reader, "nothing", false, &start),
                     CIM_ENOENT);
    desk_artifact(desk, "onap/ci-1", 500, 9, NAME("odl-1") AT("x"));
    assert_int_equal(trace_find(desk->reader, "odl-1", false, &start), CIM_OK);
    assert_true(start.ambiguous);
    assert_string_equal(start.others, "onap, odl");
}

/* ---- diff ---------------------------------------------------------------*/

/* The lines of a diff with the names taken out, joined by "|". */
static const char *
diff(struct desk *desk, const char *a, const char *b)
{
    struct ledger_name of_a = desk_name(a), of_b = desk_name(b);
    struct diff d;
    struct cim_buf out = {0};
    size_t len = 0;

    assert_int_equal(diff_make(desk->reader, &of_a, &of_b, &d), CIM_OK);
    diff_text(&d, &out);
    for (const char *c = cim_buf_cstr(&out); *c != '\0'; c++) {
        if ((strncmp(c, "  odl:", 6) == 0 || strncmp(c, "  opnfv:", 8) == 0) &&
            c[-1] != ' ')
            c += strcspn(c + 2, " \n") + 2;
        desk->text[len++] = *c == '\n' ? '|' : *c;
    }
    desk->text[len] = '\0';
    cim_buf_clear(&out);
    diff_clear(&d);
    return desk->text;
}

static void
members_added_removed_changed_and_the_same(void **state)
{
    struct desk *desk = *state;

    desk_artifact(desk, "odl/ci-1", 100, 1, NAME("odl-1.2.0") AT("1"));
    desk_artifact(desk, "odl/ci-1", 110, 2, NAME("odl-1.10.0") AT("2"));
    desk_artifact(desk, "odl/ci-1", 120, 3, NAME("aaa") AT("3"));
    desk_artifact(desk, "odl/ci-1", 130, 4, NAME("bbb") AT("4"));
    desk_artifact(desk, "odl/ci-1", 140, 5, NAME("ccc") AT("5"));
    desk_stamp(desk, "opnfv/ci-1", 150, 6, AT("1"));
    desk_stamp(desk, "opnfv/ci-1", 160, 7, AT("2") LEVEL("TESTED", "FAILURE"));
    desk_baseline(desk, "opnfv/ci-1", 200, 8,
                  BASE("opnfv-1") OF("\"odl-1.2.0\",\"aaa\",\"bbb\""));
    desk_baseline(desk, "opnfv/ci-1", 210, 9,
                  BASE("opnfv-2") OF("\"odl-1.10.0\",\"bbb\",\"ccc\""));
    desk_stamp(desk, "opnfv/ci-1", 220, 10,
               BASE("opnfv-2") LEVEL("ACCEPTED", "SUCCESS"));
    assert_string_equal(diff(desk, "opnfv:8", "opnfv:9"),
                        "--- opnfv-1|+++ opnfv-2|"
                        "    opnfv:ACCEPTED was missing, is success|"
                        "- odl-1.2.0|+ odl-1.10.0|"
                        "    opnfv:TESTED was success, is failure|"
                        "- aaa|+ ccc|1 the same|");
}

static void
nested_baselines_are_opened(void **state)
{
    struct desk *desk = *state;

    desk_artifact(desk, "odl/ci-1", 100, 1, NAME("x") AT("1"));
    desk_artifact(desk, "odl/ci-1", 110, 2, NAME("y") AT("2"));
    desk_baseline(desk, "odl/ci-1", 120, 3, BASE("in-1") OF("\"x\",\"out-1\""));
    desk_baseline(desk, "odl/ci-1", 130, 4, BASE("in-2") OF("\"x\",\"y\""));
    desk_baseline(desk, "odl/ci-1", 140, 5, BASE("out-1") OF("\"in-1\""));
    desk_baseline(desk, "odl/ci-1", 150, 6,
                  BASE("out-2") OF("\"in-2\",\"gone\""));
    assert_string_equal(diff(desk, "odl:5", "odl:6"),
                        "--- out-1|+++ out-2|- in-1|+ in-2|- out-1 in in-1|"
                        "+ 'gone' (not here)|+ y in in-2|1 the same|");
}

static void
a_stem_is_a_name_without_its_numbers(void **state)
{
    static const char *const stems[][2] = {
        {"odl-1.2.0", "odl-#"}, {"odl-1.20.0-rc2", "odl-#-rc#"},
        {"2018.11.22", "#"},    {"plain", "plain"},
        {"x1.", "x#."},         {"a1.b2", "a#.b#"},
    };
    struct cim_buf out = {0};

    (void)state;
    for (size_t i = 0; i < sizeof stems / sizeof *stems; i++) {
        cim_buf_reset(&out);
        diff_stem(cim_bytes_str(stems[i][0]), &out);
        assert_string_equal(cim_buf_cstr(&out), stems[i][1]);
    }
    cim_buf_clear(&out);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, desk_up, desk_down)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(up_leads_to_baselines_stamps_and_promotions),
        TEST(down_leads_to_members_and_not_up_again),
        TEST(a_promotion_leads_to_what_it_promotes),
        TEST(what_is_not_here_is_named_with_who_has_it),
        TEST(what_two_claim_is_nobodys),
        TEST(a_tree_shows_people_what_there_is),
        TEST(nothing_acts_on_a_terminal),
        TEST(a_circle_ends),
        TEST(depth_is_bounded_and_said),
        TEST(size_is_bounded_and_said),
        TEST(a_digraph_escapes_what_it_quotes),
        TEST(a_start_is_found_by_name_url_and_id),
        TEST(members_added_removed_changed_and_the_same),
        TEST(nested_baselines_are_opened),
        TEST(a_stem_is_a_name_without_its_numbers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

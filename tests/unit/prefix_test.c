/* SPDX-License-Identifier: MPL-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "proto/topic.h"
#include "tests/unit/chance.h"

#define N(array) (sizeof(array) / sizeof *(array))

static struct cim_bytes
str(const char *text)
{
    return cim_bytes_str(text);
}

static struct cim_prefix
prefix(const char *typed)
{
    struct cim_prefix out;
    struct cim_diag diag = {{0}};

    if (cim_prefix_parse(str(typed), &out, &diag) != CIM_OK)
        fail_msg("%s: %s", typed, diag.text);
    return out;
}

static void
typed_prefix_means_whole_segments_unless_starred(void **state)
{
    static const char *const rows[][2] = {
        {"*", ""},
        {"odl", "odl/"},
        {"odl/", "odl/"},
        {"odl*", "odl"},
        {"odl/*", "odl/"},
        {"odl/Art*", "odl/Art"},
        {"odl/ArtifactCreated/master", "odl/ArtifactCreated/master/"},
        {"odl/ArtifactCreated/master/", "odl/ArtifactCreated/master/"},
        {"odl/X/a%2F*", "odl/X/a%2F"},
    };

    (void)state;
    for (size_t i = 0; i < N(rows); i++) {
        struct cim_prefix p = prefix(rows[i][0]);
        assert_string_equal(p.text, rows[i][1]);
        assert_int_equal(p.len, strlen(rows[i][1]));
    }
}

static void
typed_nonsense_is_refused_with_a_reason(void **state)
{
    static const char *const bad[] = {"",
                                      "/",
                                      "**",
                                      "o*l",
                                      "odl/*/master",
                                      "odl//",
                                      "odl//*",
                                      "ODL/X",
                                      "odl/a b",
                                      "!head",
                                      "odl/X/stable/\xc3\xa9",
                                      "odl/%zz",
                                      "odl/../x",
                                      "odl/X/%41*"};
    struct cim_prefix out;
    struct cim_diag diag;

    (void)state;
    for (size_t i = 0; i < N(bad); i++) {
        diag.text[0] = '\0';
        assert_int_equal(cim_prefix_parse(str(bad[i]), &out, &diag),
                         CIM_ETOPIC);
        assert_memory_equal(diag.text, "topic: ", 7);
    }
}

static void
character_outside_the_alphabet_is_named(void **state)
{
    struct cim_prefix out;
    struct cim_diag diag;

    (void)state;
    assert_int_equal(cim_prefix_parse(str("odl/X/a~b"), &out, &diag),
                     CIM_ETOPIC);
    assert_non_null(strstr(diag.text, "'~'"));
    assert_non_null(strstr(diag.text, "%7E"));
}

/* A topic of a few segments out of few words, so that prefixes meet. */
static size_t
any_topic(struct chance *chance, char *out)
{
    static const char *const words[] = {"X",    "Xy",     "a",           "a.b",
                                        "a%2F", "%C3%A9", "%F0%90%80%80"};
    static const char *const communities[] = {"odl", "od", "odl-x", "onap"};
    size_t segments = 1 + chance_below(chance, 3);

    strcpy(out, communities[chance_below(chance, N(communities))]);
    strcat(out, "/");
    for (; segments > 0; segments--) {
        strcat(out, words[chance_below(chance, N(words))]);
        strcat(out, "/");
    }
    return strlen(out);
}

static void
every_start_of_a_topic_is_a_prefix_on_the_wire(void **state)
{
    struct chance chance = {13};
    struct cim_prefix out;
    char topic[CIM_TOPIC_MAX + 1];

    (void)state;
    for (int round = 0; round < 300; round++) {
        size_t len = any_topic(&chance, topic);
        for (size_t n = 0; n <= len; n++) {
            assert_int_equal(cim_prefix_from_wire(cim_bytes_of(topic, n), &out),
                             CIM_OK);
            assert_true(cim_prefix_match(&out, cim_bytes_of(topic, len)));
        }
    }
}

static void
wire_prefix_no_topic_can_have_is_refused(void **state)
{
    static const char *const bad[] = {
        "/",         "Odl",        "odl//",   "odl/X/%41",  "odl/%a",
        "odl/ ",     "odl/*",      "!head/",  "odl/%C3%20", "odl/%80",
        "odl/%C3%C", "odl/%ED%A0", "odl/..//"};
    struct cim_prefix out;
    char longer[CIM_TOPIC_MAX + 2] = "odl/";

    (void)state;
    for (size_t i = 0; i < N(bad); i++)
        assert_int_equal(cim_prefix_from_wire(str(bad[i]), &out), CIM_ETOPIC);
    memset(longer + 4, 'a', sizeof longer - 4);
    assert_int_equal(
        cim_prefix_from_wire(cim_bytes_of(longer, CIM_TOPIC_MAX + 1), &out),
        CIM_ETOPIC);
}

/* By segments, as a person means it. */
static bool
naive_match(const char *typed, const char *topic)
{
    size_t n = strlen(typed);

    if (n > 0 && typed[n - 1] == '*')
        return strncmp(typed, topic, n - 1) == 0;
    if (n > 0 && typed[n - 1] == '/')
        n--;
    return strncmp(typed, topic, n) == 0 && topic[n] == '/';
}

static void
matching_agrees_with_a_naive_matcher(void **state)
{
    struct chance chance = {17};
    char topic[CIM_TOPIC_MAX + 1], typed[CIM_TOPIC_MAX + 2];
    unsigned matches = 0;

    (void)state;
    for (int round = 0; round < 30000; round++) {
        any_topic(&chance, topic);
        size_t len = any_topic(&chance, typed);
        if (chance_below(&chance, 2) == 0)
            strcpy(typed + chance_below(&chance, len + 1), "*");
        else if (chance_below(&chance, 2) == 0)
            *strrchr(typed, '/') = '\0';
        struct cim_prefix p = prefix(typed);
        bool match = cim_prefix_match(&p, str(topic));
        assert_int_equal(match, naive_match(typed, topic));
        matches += match;
    }
    assert_true(matches > 500);
}

static void
what_is_shown_can_be_typed_again(void **state)
{
    struct chance chance = {19};
    char topic[CIM_TOPIC_MAX + 1], shown[CIM_TOPIC_MAX + 2];

    (void)state;
    for (int round = 0; round < 3000; round++) {
        struct cim_prefix p;
        size_t len = any_topic(&chance, topic);
        size_t cut = chance_below(&chance, len + 1);
        assert_int_equal(cim_prefix_from_wire(cim_bytes_of(topic, cut), &p),
                         CIM_OK);
        cim_prefix_show(&p, shown);
        struct cim_prefix again = prefix(shown);
        assert_string_equal(again.text, p.text);
    }
}

static void
only_the_whole_and_the_community_cover_it(void **state)
{
    struct cim_prefix all = prefix("*"), odl = prefix("odl"),
                      start = prefix("od*"), type = prefix("odl/X");

    (void)state;
    assert_true(cim_prefix_covers(&all, str("odl")));
    assert_true(cim_prefix_covers(&odl, str("odl")));
    assert_false(cim_prefix_covers(&odl, str("odl-x")));
    assert_false(cim_prefix_covers(&start, str("odl")));
    assert_false(cim_prefix_covers(&type, str("odl")));
}

static void
prefix_touches_communities_it_can_match(void **state)
{
    static const struct {
        const char *typed, *community;
        bool touches;
    } rows[] = {
        {"*", "odl", true},       {"odl", "odl", true},
        {"odl/X/y", "odl", true}, {"od*", "odl", true},
        {"odl*", "odl", true},    {"odl*", "odl-x", true},
        {"odl", "odl-x", false},  {"odl-x", "odl", false},
        {"onap", "odl", false},   {"odl-x*", "odl", false},
    };

    (void)state;
    for (size_t i = 0; i < N(rows); i++) {
        struct cim_prefix p = prefix(rows[i].typed);
        assert_int_equal(cim_prefix_touches(&p, str(rows[i].community)),
                         rows[i].touches);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(typed_prefix_means_whole_segments_unless_starred),
        cmocka_unit_test(typed_nonsense_is_refused_with_a_reason),
        cmocka_unit_test(character_outside_the_alphabet_is_named),
        cmocka_unit_test(every_start_of_a_topic_is_a_prefix_on_the_wire),
        cmocka_unit_test(wire_prefix_no_topic_can_have_is_refused),
        cmocka_unit_test(matching_agrees_with_a_naive_matcher),
        cmocka_unit_test(what_is_shown_can_be_typed_again),
        cmocka_unit_test(only_the_whole_and_the_community_cover_it),
        cmocka_unit_test(prefix_touches_communities_it_can_match),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

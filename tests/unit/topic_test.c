/* SPDX-License-Identifier: MPL-2.0 */
#include "proto/topic.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/chance.h"

#define N(array) (sizeof(array) / sizeof *(array))

static struct cim_bytes
str(const char *text)
{
    return cim_bytes_str(text);
}

static void
names_are_short_lower_case_words(void **state)
{
    static const char *const good[] = {"odl", "0", "a-b-",
                                       "abcdefghijklmnopqrstuvwxyz012345"};
    static const char *const bad[] = {
        "",    "-a",  "ODL",      "a_b",
        "a/b", "a b", "\xc3\xa9", "abcdefghijklmnopqrstuvwxyz0123456"};

    (void)state;
    for (size_t i = 0; i < N(good); i++)
        assert_true(cim_name_valid(str(good[i])));
    for (size_t i = 0; i < N(bad); i++)
        assert_false(cim_name_valid(str(bad[i])));
}

static void
node_is_two_names(void **state)
{
    static const char *const bad[] = {"",      "odl",   "odl/",   "/ci-1",
                                      "o/d/l", "odl//", "Odl/ci", "odl/Ci"};

    (void)state;
    assert_true(cim_node_valid(str("odl/ci-1")));
    for (size_t i = 0; i < N(bad); i++)
        assert_false(cim_node_valid(str(bad[i])));
}

static void
community_is_what_comes_before_the_slash(void **state)
{
    (void)state;
    assert_true(cim_bytes_is(cim_community_of(str("odl/ci-1")), "odl"));
    assert_true(cim_bytes_is(cim_community_of(str("odl")), "odl"));
    assert_int_equal(cim_community_of(str("")).len, 0);
}

static void
well_spelt_topics_pass(void **state)
{
    static const char *const good[] = {
        "odl/ArtifactCreated/",
        "odl/ArtifactCreated/master/",
        "odl/X/stable%2Fcarbon/",
        "odl/X/%C3%A9/",
        "odl/X/.../",
        "odl/X/a.b_c+d-e/f/g/",
        "odl/X/%20/",
    };

    (void)state;
    for (size_t i = 0; i < N(good); i++)
        assert_int_equal(cim_topic_check(str(good[i]), NULL), CIM_OK);
}

static void
other_topics_are_refused(void **state)
{
    static const char *const bad[] = {
        "",
        "/",
        "odl",
        "odl/",
        "odl/X",
        "odl/X/master",
        "odl//",
        "odl/X//",
        "/odl/X/",
        "ODL/X/",
        "!head/odl/ci-1/",
        "odl/./",
        "odl/X/../",
        "odl/X/a b/",
        "odl/X/*/",
        "odl/X/\xc3\xa9/",
        "odl/X/%c3%a9/", /* lower-case escapes */
        "odl/X/%C3/",    /* half a character */
        "odl/X/%41/",    /* 'A' needs no escape */
        "odl/X/%2E/",
        "odl/X/%00/",
        "odl/X/%/",
        "odl/X/%2/",
        "odl/X/%G0/",
        "odl/X/%ED%A0%80/", /* a surrogate */
    };
    struct cim_diag diag;

    (void)state;
    for (size_t i = 0; i < N(bad); i++) {
        diag.text[0] = '\0';
        assert_int_equal(cim_topic_check(str(bad[i]), &diag), CIM_ETOPIC);
        assert_memory_equal(diag.text, "topic: ", 7);
    }
}

static void
topic_has_at_most_200_bytes(void **state)
{
    char text[CIM_TOPIC_MAX + 2] = "odl/X/";

    (void)state;
    memset(text + 6, 'a', sizeof text - 6);
    text[199] = '/';
    assert_int_equal(cim_topic_check(cim_bytes_of(text, 200), NULL), CIM_OK);
    text[199] = 'a';
    text[200] = '/';
    assert_int_equal(cim_topic_check(cim_bytes_of(text, 201), NULL),
                     CIM_ETOPIC);
}

static void
add_spells_and_closes_a_segment(void **state)
{
    struct cim_buf out = {0};

    (void)state;
    assert_int_equal(cim_topic_add(&out, str("odl")), CIM_OK);
    assert_int_equal(cim_topic_add(&out, str("a/b%\xc3\xa9 ~")), CIM_OK);
    assert_true(cim_bytes_is(cim_buf_bytes(&out), "odl/a%2Fb%25%C3%A9%20%7E/"));
    cim_buf_clear(&out);
}

static void
add_refuses_what_no_segment_can_spell(void **state)
{
    static const char *const bad[] = {"", ".", "..", "\xff", "\xc3"};
    struct cim_buf out = {0};

    (void)state;
    assert_int_equal(cim_topic_add(&out, str("odl")), CIM_OK);
    for (size_t i = 0; i < N(bad); i++)
        assert_int_equal(cim_topic_add(&out, str(bad[i])), CIM_ETOPIC);
    assert_int_equal(cim_topic_add(&out, cim_bytes_of("a\0b", 3)), CIM_ETOPIC);
    assert_true(cim_bytes_is(cim_buf_bytes(&out), "odl/"));
    cim_buf_clear(&out);
}

static void
add_fills_a_topic_to_the_last_byte(void **state)
{
    char text[CIM_TOPIC_MAX];
    struct cim_buf out = {0};

    (void)state;
    memset(text, 'a', sizeof text);
    assert_int_equal(cim_topic_add(&out, cim_bytes_of(text, 200)), CIM_ETOPIC);
    assert_int_equal(out.len, 0);
    assert_int_equal(cim_topic_add(&out, cim_bytes_of(text, 199)), CIM_OK);
    assert_int_equal(out.len, CIM_TOPIC_MAX);
    cim_buf_reset(&out);
    memset(text, ' ', sizeof text);
    assert_int_equal(cim_topic_add(&out, cim_bytes_of(text, 66)), CIM_OK);
    cim_buf_reset(&out);
    assert_int_equal(cim_topic_add(&out, cim_bytes_of(text, 67)), CIM_ETOPIC);
    cim_buf_clear(&out);
}

static void
segments_are_found_by_number(void **state)
{
    struct cim_bytes topic = str("odl/X/a%2Fb/");

    (void)state;
    assert_true(cim_bytes_is(cim_topic_segment(topic, 0), "odl"));
    assert_true(cim_bytes_is(cim_topic_segment(topic, 2), "a%2Fb"));
    assert_int_equal(cim_topic_segment(topic, 3).len, 0);
    assert_int_equal(cim_topic_segment(topic, 9).len, 0);
}

/* Percent-decoding as anybody would write it. */
static size_t
decode(struct cim_bytes segment, char *out)
{
    size_t len = 0;

    for (size_t i = 0; i < segment.len; i++) {
        char hex[3] = {0};
        if (segment.p[i] != '%') {
            out[len++] = (char)segment.p[i];
            continue;
        }
        memcpy(hex, segment.p + i + 1, 2);
        out[len++] = (char)strtoul(hex, NULL, 16);
        i += 2;
    }
    return len;
}

static void
every_text_has_one_spelling_and_comes_back(void **state)
{
    struct chance chance = {7};

    (void)state;
    for (int round = 0; round < 20000; round++) {
        char text[64], back[CIM_TOPIC_MAX];
        struct cim_buf out = {0};
        size_t len = chance_text(&chance, 1 + chance_below(&chance, 12), text);
        cim_buf_add_str(&out, "odl/X/");
        enum cim_err err = cim_topic_add(&out, cim_bytes_of(text, len));
        if (err != CIM_OK) {
            assert_true(len <= 2 && text[0] == '.');
            cim_buf_clear(&out);
            continue;
        }
        struct cim_bytes topic = cim_buf_bytes(&out);
        struct cim_bytes segment = cim_topic_segment(topic, 2);
        assert_int_equal(cim_topic_check(topic, NULL), CIM_OK);
        assert_int_equal(decode(segment, back), len);
        assert_memory_equal(back, text, len);
        assert_true(cim_topic_spells(segment, cim_bytes_of(text, len)));
        assert_false(cim_topic_spells(segment, cim_bytes_of(text, len - 1)));
        cim_buf_clear(&out);
    }
}

static void
a_second_spelling_is_refused(void **state)
{
    struct chance chance = {11};

    (void)state;
    for (int round = 0; round < 5000; round++) {
        char topic[CIM_TOPIC_MAX + 1] = "odl/X/";
        static const char plain[] = "abzAZ09._+-";
        size_t n = 1 + chance_below(&chance, 8);
        size_t odd = chance_below(&chance, n);
        for (size_t i = 0; i < n; i++) {
            int c = plain[chance_below(&chance, sizeof plain - 1)];
            char *end = topic + strlen(topic);
            snprintf(end, 4, i == odd ? "%%%02X" : "%c", (unsigned)c);
        }
        strcat(topic, "/");
        assert_int_equal(cim_topic_check(str(topic), NULL), CIM_ETOPIC);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_short_lower_case_words),
        cmocka_unit_test(node_is_two_names),
        cmocka_unit_test(community_is_what_comes_before_the_slash),
        cmocka_unit_test(well_spelt_topics_pass),
        cmocka_unit_test(other_topics_are_refused),
        cmocka_unit_test(topic_has_at_most_200_bytes),
        cmocka_unit_test(add_spells_and_closes_a_segment),
        cmocka_unit_test(add_refuses_what_no_segment_can_spell),
        cmocka_unit_test(add_fills_a_topic_to_the_last_byte),
        cmocka_unit_test(segments_are_found_by_number),
        cmocka_unit_test(every_text_has_one_spelling_and_comes_back),
        cmocka_unit_test(a_second_spelling_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

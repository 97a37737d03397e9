/* SPDX-License-Identifier: MPL-2.0 */
#include "proto/json.h"

#include <stdlib.h>

#include "proto/topic.h"
#include "proto/wire.h"
#include "tests/unit/chance.h"
#include "tests/unit/draft.h"

static void
what_is_left_out_is_filled_in(void **state)
{
    struct reader *r = *state;

    reads(r, "{" ARTIFACT "}");
    assert_int_equal(r->draft.form, CIM_FORM_JSON);
    assert_int_equal(r->draft.event.v, 1);
    assert_true(cim_bytes_is(r->draft.event.id, FRESH));
    assert_memory_equal(r->draft.id.b, r->fill.id.b, 16);
    assert_false(r->draft.id_given);
    assert_int_equal(r->draft.event.time_ms, NOW_MS);
    assert_true(
        cim_bytes_is(r->draft.event.topic, "odl/ArtifactCreated/master/"));
}

static void
what_is_given_is_kept(void **state)
{
    struct reader *r = *state;

    reads(r, "{\"v\":1,\"eventId\":\"" ID "\",\"eventTime\":"
             "\"2026-11-22T12:34:56.789Z\",\"topic\":\"odl/Weather/oslo/\","
             "\"links\":[{\"rel\":\"cause\",\"of\":\"onap\",\"id\":\"" ID
             "\"}],\"ext\":{\"a\":[1,true,{\"b\":\"c\"}]}," OWN "}");
    assert_true(r->draft.id_given);
    assert_true(cim_bytes_is(r->draft.event.id, ID));
    assert_int_equal(r->draft.event.time_ms, INT64_C(1795350896789));
    assert_true(cim_bytes_is(r->draft.event.topic, "odl/Weather/oslo/"));
    assert_true(r->draft.event.links.len > 0);
    assert_true(r->draft.event.ext.len > 0);
}

static void
time_may_be_a_number(void **state)
{
    struct reader *r = *state;

    reads(r, "{\"eventTime\":1,\"topic\":\"odl/Weather/-\"," OWN "}");
    assert_int_equal(r->draft.event.time_ms, 1);
    refuses(r, "{\"eventTime\":-1," OWN "}", CIM_EEVENT, "eventTime: ");
    refuses(r, "{\"eventTime\":1.5," OWN "}", CIM_EEVENT, "eventTime: ");
    refuses(r, "{\"eventTime\":9007199254740992," OWN "}", CIM_EEVENT,
            "eventTime: ");
    refuses(r, "{\"eventTime\":\"12:34:56UTC\"," OWN "}", CIM_EEVENT,
            "eventTime: ");
}

static void
topic_may_lack_its_last_slash(void **state)
{
    struct reader *r = *state;

    reads(r, "{\"topic\":\"odl/Weather/oslo\"," OWN "}");
    assert_true(cim_bytes_is(r->draft.event.topic, "odl/Weather/oslo/"));
    refuses(r, "{\"topic\":\"odl/Weather/oslo//\"," OWN "}", CIM_ETOPIC,
            "topic: ");
}

static void
topic_of_another_community_is_refused(void **state)
{
    struct reader *r = *state;

    refuses(r, "{\"topic\":\"onap/Weather/-/\"," OWN "}", CIM_ECOMMUNITY,
            "topic: this node speaks for 'odl' only");
}

static void
what_is_not_json_is_refused_with_its_place(void **state)
{
    struct reader *r = *state;

    refuses(r, "", CIM_EFORM, "JSON: ");
    refuses(r, "{\n  \"a\": }", CIM_EFORM, "JSON: line 2, column 8");
    refuses(r, "[]", CIM_EFORM, "JSON: ");
    refuses(r, "{" OWN "} {}", CIM_EFORM, "JSON: ");
    refuses(r, "{" OWN ",\"v\":1,\"v\":1}", CIM_EFORM, "JSON: ");
    refuses(r, "{\"a\":\"\xff\"}", CIM_EFORM, "JSON: ");
    refuses(r, "{\"a\":\"\\u0000\"}", CIM_EFORM, "JSON: ");
    refuses(r, "{\"a\":\"\\ud800\"}", CIM_EFORM, "JSON: ");
    refuses(r, "{\"a\":9223372036854775808}", CIM_EFORM, "JSON: ");
}

static void
text_is_at_most_256_kib(void **state)
{
    struct reader *r = *state;
    char *text = malloc(CIM_JSON_MAX + 1);

    assert_non_null(text);
    memset(text, ' ', CIM_JSON_MAX + 1);
    memcpy(text, "{" OWN "}", sizeof "{" OWN "}" - 1);
    assert_int_equal(read_bytes(r, cim_bytes_of(text, CIM_JSON_MAX)), CIM_OK);
    assert_int_equal(read_bytes(r, cim_bytes_of(text, CIM_JSON_MAX + 1)),
                     CIM_ETOOBIG);
    free(text);
}

static void
event_larger_than_64_kib_is_refused(void **state)
{
    struct reader *r = *state;
    static char text[CIM_EVENT_MAX + 256];

    strcpy(text, "{" OWN ",\"ext\":{\"a\":\"");
    size_t len = strlen(text);
    memset(text + len, 'a', CIM_EVENT_MAX);
    strcpy(text + len + CIM_EVENT_MAX, "\"}}");
    assert_int_equal(read_text(r, text), CIM_ETOOBIG);
    strcpy(text + len + CIM_EVENT_MAX - 256, "\"}}");
    reads(r, text);
}

static void
unknown_field_gets_a_suggestion(void **state)
{
    struct reader *r = *state;

    refuses(r, "{\"artefactUrl\":\"\"," ARTIFACT "}", CIM_EFIELD,
            "artefactUrl: unknown field, did you mean 'artifactUrl'?");
    refuses(r, "{\"BUILD_URL\":\"\"," ARTIFACT "}", CIM_EFIELD,
            "BUILD_URL: unknown field, did you mean 'buildUrl'?");
    refuses(r, "{\"colour\":\"red\"," ARTIFACT "}", CIM_EFIELD,
            "colour: unknown field; put your own under 'ext'");
}

static void
wrong_values_name_their_field(void **state)
{
    struct reader *r = *state;
    static const char *const rows[][2] = {
        {"\"v\":2", "v: "},
        {"\"v\":\"1\"", "v: "},
        {"\"eventId\":\"x\"", "eventId: "},
        {"\"eventId\":\"018F6B2E-7C4D-7A3B-9E5F-0123456789AB\"", "eventId: "},
        {"\"eventTime\":null", "eventTime: "},
        {"\"artifactName\":5", "artifactName: "},
        {"\"artifactName\":\"\"", "artifactName: "},
        {"\"artifactDigest\":\"sha1:00\"", "artifactDigest: "},
        {"\"baselineUrl\":\"no url\"", "baselineUrl: "},
        {"\"confidenceLevel\":{\"A\":\"GOOD\"}", "confidenceLevel.A: "},
        {"\"confidenceLevel\":{}", "confidenceLevel: "},
        {"\"confidenceLevel\":\"{'A': 'SUCCESS'}\"", "confidenceLevel: "},
        {"\"confidenceLevel\":{\"A\":1.5}", "confidenceLevel: "},
        {"\"consistsOf\":\"a,b\"", "consistsOf: "},
        {"\"links\":{}", "links: "},
        {"\"links\":[{\"rel\":\"cause\"}]", "links: "},
        {"\"ext\":{\"a\":null}", "ext: null"},
        {"\"ext\":{\"a\":0.5}", "ext: null and numbers"},
        {"\"ext\":{\"a\":-9223372036854775808}", "ext: "},
        {"\"ext\":[[[[[[1]]]]]]", "ext: "},
        {"\"ext\":{\"a\":[[[[[1]]]]]}", "ext: nested deeper"},
    };
    char text[256];

    for (size_t i = 0; i < N(rows); i++) {
        snprintf(text, sizeof text, "{%s," OWN "}", rows[i][0]);
        refuses(r, text, CIM_EEVENT, rows[i][1]);
    }
}

static void
missing_fields_are_named(void **state)
{
    struct reader *r = *state;

    refuses(r, "{}", CIM_EEVENT, "eventType: missing");
    refuses(r, "{\"eventType\":\"Weather\"}", CIM_EEVENT, "buildUrl: missing");
    refuses(r, "{\"eventType\":\"ArtifactCreated\",\"buildUrl\":\"a:b\"}",
            CIM_EEVENT, "artifactUrl: missing");
    refuses(r,
            "{\"eventType\":\"ArtifactCreated\",\"buildUrl\":\"a:b\","
            "\"artifactUrl\":\"a:b\"}",
            CIM_EEVENT, "projectBranch: missing");
}

static void
subject_that_cannot_be_a_segment_is_refused(void **state)
{
    struct reader *r = *state;

    refuses(r,
            "{\"eventType\":\"BaselineDefined\",\"buildUrl\":\"a:b\","
            "\"baselineUrl\":\"a:b\",\"consistsOf\":[],"
            "\"baselineName\":\"..\"}",
            CIM_ETOPIC, "topic: '..'");
}

static void
what_only_output_has_may_come_back(void **state)
{
    struct reader *r = *state;
    struct cim_place place = {.node = cim_bytes_str("odl/ci-1"),
                              .epoch = 7,
                              .seq = 8,
                              .received_ms = NOW_MS,
                              .arrival = 9};
    struct cim_buf json = {0};

    reads(r, "{\"eventId\":\"" ID "\",\"eventTime\":5," ARTIFACT "}");
    struct cim_hash given = r->draft.given;
    assert_int_equal(cim_json_write(cim_buf_bytes(&r->draft.bytes), &place,
                                    CIM_FORM_JSON, &json),
                     CIM_OK);
    reads(r, cim_buf_cstr(&json));
    assert_true(cim_hash_eq(&given, &r->draft.given));
    cim_buf_clear(&json);
}

static void
given_is_the_same_however_it_is_written(void **state)
{
    struct reader *r = *state;
    static const char *const same[] = {
        "{\"eventTime\":3600000,\"ext\":{\"a\":1,\"b\":{\"c\":2,\"d\":3}},"
        "\"confidenceLevel\":{\"A\":\"SUCCESS\",\"B\":\"FAILURE\"}," OWN "}",
        "{" OWN ",\"confidenceLevel\":{\"B\":\"FAILURE\",\"A\":\"SUCCESS\"},"
        "\"ext\":{\"b\":{\"d\":3,\"c\":2},\"a\":1},\"v\":1,"
        "\"eventTime\":\"1970-01-01T02:00:00+01:00\","
        "\"topic\":\"odl/Weather/-\"}"};

    reads(r, same[0]);
    struct cim_hash first = r->draft.given;
    r->fill.now_ms += 99999;
    r->fill.id.b[0] ^= 1;
    reads(r, same[1]);
    assert_true(cim_hash_eq(&first, &r->draft.given));
}

static void
given_does_not_depend_on_what_is_filled_in(void **state)
{
    struct reader *r = *state;

    reads(r, "{" ARTIFACT "}");
    struct cim_hash first = r->draft.given;
    r->fill.now_ms += 1;
    r->fill.id.b[0] ^= 1;
    reads(r, "{" ARTIFACT "}");
    assert_true(cim_hash_eq(&first, &r->draft.given));
}

static void
given_differs_with_any_field(void **state)
{
    struct reader *r = *state;
    static const char *const others[] = {
        "{" ARTIFACT ",\"eventTime\":5}",
        "{" ARTIFACT ",\"artifactName\":\"a\"}",
        "{" ARTIFACT ",\"ext\":{}}",
        "{" ARTIFACT ",\"links\":[]}",
        "{" ARTIFACT ",\"consistsOf\":[]}",
        "{" ARTIFACT ",\"consistsOf\":[\"a\",\"b\"]}",
        "{" ARTIFACT ",\"consistsOf\":[\"b\",\"a\"]}",
        "{" ARTIFACT ",\"eventId\":\"" ID "\"}",
        "{" ARTIFACT "}",
    };
    struct cim_hash seen[N(others)];

    for (size_t i = 0; i < N(others); i++) {
        reads(r, others[i]);
        seen[i] = r->draft.given;
        for (size_t j = 0; j < i; j++)
            assert_false(cim_hash_eq(&seen[i], &seen[j]));
    }
}

static void
json_has_the_keys_people_look_for_first(void **state)
{
    struct reader *r = *state;
    struct cim_place place = {.node = cim_bytes_str("odl/ci-1"),
                              .epoch = 7,
                              .seq = 8,
                              .received_ms = NOW_MS,
                              .arrival = 9};

    reads(r, "{" ARTIFACT ",\"ext\":{\"z\":[1,-2,true,{}],\"a\":false}}");
    assert_int_equal(cim_json_write(cim_buf_bytes(&r->draft.bytes), &place,
                                    CIM_FORM_JSON, &r->json),
                     CIM_OK);
    assert_string_equal(
        cim_buf_cstr(&r->json),
        "{\"eventId\":\"" FRESH "\",\"eventType\":\"ArtifactCreated\","
        "\"eventTime\":\"2026-11-22T15:00:00.123Z\","
        "\"topic\":\"odl/ArtifactCreated/master/\",\"v\":1,"
        "\"buildUrl\":\"https://ci/1\",\"artifactUrl\":\"https://nexus/a.zip\","
        "\"projectBranch\":\"master\","
        "\"confidenceLevel\":{\"AUTORELEASE\":\"SUCCESS\"},"
        "\"ext\":{\"z\":[1,-2,true,{}],\"a\":false},"
        "\"node\":\"odl/ci-1\",\"epoch\":7,\"seq\":8,"
        "\"receivedAt\":\"2026-11-22T15:00:00.123Z\",\"arrival\":9}");
}

static void
unknown_place_is_left_out(void **state)
{
    struct reader *r = *state;

    reads(r, "{" OWN "}");
    assert_null(strstr(written(r, CIM_FORM_JSON), "node"));
    assert_null(strstr(written(r, CIM_FORM_JSON), "receivedAt"));
    assert_null(strstr(written(r, CIM_FORM_JSON), "arrival"));
}

static void
what_upsets_a_terminal_is_escaped(void **state)
{
    static const char *const rows[][2] = {
        {"\\u001b[2J", "\\u001b[2J"},
        {"\\n\\t\\\"\\\\/", "\\u000a\\u0009\\\"\\\\/"},
        {"\x7f", "\\u007f"},
        {"\xc2\x80\xc2\x9f", "\\u0080\\u009f"},
        {"\xc2\xa0\xc3\xa9", "\xc2\xa0\xc3\xa9"},
        {"\xd8\x9c", "\\u061c"},
        {"\xe2\x80\x8e\xe2\x80\x8f", "\\u200e\\u200f"},
        {"\xe2\x80\xaa\xe2\x80\xae", "\\u202a\\u202e"},
        {"\xe2\x81\xa6\xe2\x81\xa9", "\\u2066\\u2069"},
        {"\xe2\x82\xac\xf0\x9f\x98\x80", "\xe2\x82\xac\xf0\x9f\x98\x80"},
    };
    struct reader *r = *state;
    char text[256], want[64];

    for (size_t i = 0; i < N(rows); i++) {
        snprintf(text, sizeof text, "{" OWN ",\"ext\":{\"%s\":\"%s\"}}",
                 rows[i][0], rows[i][0]);
        snprintf(want, sizeof want, "{\"%s\":\"%s\"}", rows[i][1], rows[i][1]);
        reads(r, text);
        assert_non_null(strstr(written(r, CIM_FORM_JSON), want));
    }
}

/* An event of version 2 with whatever version 2 may bring. */
static void
put_later_event(struct cim_buf *out)
{
    cim_wire_put_map(out, 8);
    cim_wire_put_str(out, cim_bytes_str("new"));
    cim_wire_put_array(out, 2);
    cim_wire_put_nil(out);
    cim_wire_put_bin(out, cim_bytes_of("\x00\xff", 2));
    cim_wire_put_str(out, cim_bytes_str("v"));
    cim_wire_put_int(out, 2);
    cim_wire_put_str(out, cim_bytes_str("seq"));
    cim_wire_put_int(out, 666);
    cim_wire_put_str(out, cim_bytes_str("topic"));
    cim_wire_put_str(out, cim_bytes_str("odl/Weather/-/"));
    cim_wire_put_str(out, cim_bytes_str("eventTime"));
    cim_wire_put_str(out, cim_bytes_str("soon"));
    cim_wire_put_str(out, cim_bytes_str("eventId"));
    cim_wire_put_str(out, cim_bytes_str(ID));
    cim_wire_put_str(out, cim_bytes_str("eventType"));
    cim_wire_put_str(out, cim_bytes_str("Weather"));
    cim_wire_put_str(out, cim_bytes_str("buildUrl"));
    cim_wire_put_bool(out, false);
}

static void
later_version_is_shown_whole(void **state)
{
    struct reader *r = *state;
    struct cim_place place = {
        .node = cim_bytes_str("odl/a"), .epoch = 1, .seq = 2};

    put_later_event(&r->draft.bytes);
    assert_int_equal(cim_json_write(cim_buf_bytes(&r->draft.bytes), &place,
                                    CIM_FORM_JSON, &r->json),
                     CIM_OK);
    assert_string_equal(cim_buf_cstr(&r->json),
                        "{\"eventId\":\"" ID "\",\"eventType\":\"Weather\","
                        "\"eventTime\":\"soon\",\"topic\":\"odl/Weather/-/\","
                        "\"new\":[null,\"AP8\"],\"v\":2,\"buildUrl\":false,"
                        "\"node\":\"odl/a\",\"epoch\":1,\"seq\":2}");
}

static void
later_version_has_a_seed_form(void **state)
{
    struct reader *r = *state;

    put_later_event(&r->draft.bytes);
    assert_string_equal(written(r, CIM_FORM_SEED),
                        "{\"EVENT_ID\":\"" ID "\",\"EVENT_TYPE\":\"Weather\","
                        "\"TOPIC\":\"odl/Weather/-/\"}");
}

static void
unchecked_bytes_write_nothing(void **state)
{
    struct reader *r = *state;
    static const struct cim_place nowhere;

    cim_buf_add_str(&r->json, "x");
    assert_int_equal(cim_json_write(cim_bytes_of("\x81\xa1", 2), &nowhere,
                                    CIM_FORM_JSON, &r->json),
                     CIM_EFORM);
    assert_int_equal(cim_json_write(cim_bytes_of("\xc0", 1), &nowhere,
                                    CIM_FORM_JSON, &r->json),
                     CIM_EFORM);
    assert_int_equal(cim_json_write(cim_bytes_of("\x80", 1), &nowhere,
                                    CIM_FORM_SEED, &r->json),
                     CIM_EFORM);
    assert_string_equal(cim_buf_cstr(&r->json), "x");
}

static void
time_beyond_year_9999_is_a_number(void **state)
{
    struct reader *r = *state;

    reads(r, "{\"eventTime\":253402300799999," OWN "}");
    assert_non_null(strstr(written(r, CIM_FORM_JSON),
                           "\"eventTime\":\"9999-12-31T23:59:59.999Z\""));
    reads(r, "{\"eventTime\":253402300800000," OWN "}");
    assert_non_null(
        strstr(written(r, CIM_FORM_JSON), "\"eventTime\":253402300800000,"));
}

/* Both forms give back the same bytes. */
static void
what_is_written_reads_as_the_same_event(void **state)
{
    struct reader *r = *state;
    struct chance chance = {29};

    for (int round = 0; round < 3000; round++) {
        char branch[64] = "n", topic_text[64] = "m", text[1024];
        chance_text(&chance, 6, branch + 1);
        chance_text(&chance, 6, topic_text + 1);
        snprintf(text, sizeof text,
                 "{%s,\"projectBranch\":\"%s\",\"eventTime\":%u,"
                 "\"ext\":{\"%s\":%d}}",
                 chance_below(&chance, 2) == 0 ? BASELINE : OWN, branch,
                 (unsigned)chance_below(&chance, 1000000), topic_text,
                 (int)chance_below(&chance, 1000) - 500);
        reads(r, text);
        struct cim_buf bytes = r->draft.bytes;
        r->draft.bytes = (struct cim_buf){0};
        for (int form = CIM_FORM_JSON; form <= CIM_FORM_SEED; form++) {
            struct cim_place nowhere = {0};
            cim_buf_reset(&r->json);
            assert_int_equal(cim_json_write(cim_buf_bytes(&bytes), &nowhere,
                                            (enum cim_form)form, &r->json),
                             CIM_OK);
            reads(r, cim_buf_cstr(&r->json));
            assert_int_equal(r->draft.form, form);
            assert_true(cim_bytes_eq(cim_buf_bytes(&bytes),
                                     cim_buf_bytes(&r->draft.bytes)));
        }
        cim_buf_clear(&bytes);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_is_left_out_is_filled_in),
        TEST(what_is_given_is_kept),
        TEST(time_may_be_a_number),
        TEST(topic_may_lack_its_last_slash),
        TEST(topic_of_another_community_is_refused),
        TEST(what_is_not_json_is_refused_with_its_place),
        TEST(text_is_at_most_256_kib),
        TEST(event_larger_than_64_kib_is_refused),
        TEST(unknown_field_gets_a_suggestion),
        TEST(wrong_values_name_their_field),
        TEST(missing_fields_are_named),
        TEST(subject_that_cannot_be_a_segment_is_refused),
        TEST(what_only_output_has_may_come_back),
        TEST(given_is_the_same_however_it_is_written),
        TEST(given_does_not_depend_on_what_is_filled_in),
        TEST(given_differs_with_any_field),
        TEST(json_has_the_keys_people_look_for_first),
        TEST(unknown_place_is_left_out),
        TEST(what_upsets_a_terminal_is_escaped),
        TEST(later_version_is_shown_whole),
        TEST(later_version_has_a_seed_form),
        TEST(unchecked_bytes_write_nothing),
        TEST(time_beyond_year_9999_is_a_number),
        TEST(what_is_written_reads_as_the_same_event),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MPL-2.0 */
/* The seed's and the prototype's forms, and times as text. */
#include <stdlib.h>

#include "proto/wire.h"
#include "tests/unit/chance.h"
#include "tests/unit/draft.h"

#define SEED_ARTIFACT                                                          \
    "\"BUILD_URL\":\"https://ci/1\",\"ARTIFACT_URL\":\"https://a\","           \
    "\"PROJECT_BRANCH\":\"master\",\"AUTORELEASE\":\"SUCCESS\""

static void
seed_type_follows_from_the_keys(void **state)
{
    struct reader *r = *state;

    reads(r, "{" SEED_ARTIFACT "}");
    assert_int_equal(r->draft.form, CIM_FORM_SEED);
    assert_int_equal(r->draft.event.type, CIM_TYPE_ARTIFACT);
    reads(r, "{\"BASELINE_NAME\":\"b\",\"BASELINE_URL\":\"a:b\"," SEED_ARTIFACT
             "}");
    assert_int_equal(r->draft.event.type, CIM_TYPE_CONFIDENCE);
    reads(r, "{\"BASELINE_NAME\":\"b\",\"BASELINE_URL\":\"a:b\","
             "\"CONSIST_OF\":\"\"," SEED_ARTIFACT "}");
    assert_int_equal(r->draft.event.type, CIM_TYPE_BASELINE);
    reads(r, "{\"EVENT_TYPE\":\"Weather\"," SEED_ARTIFACT "}");
    assert_int_equal(r->draft.event.type, CIM_TYPE_OWN);
}

static void
seed_without_a_telling_key_is_refused(void **state)
{
    struct reader *r = *state;

    refuses(r, "{\"BUILD_URL\":\"a:b\",\"ARTIFACT_URL\":\"a:b\"}", CIM_EEVENT,
            "EVENT_TYPE: missing");
    refuses(r, "{\"BASELINE_NAME\":\"b\",\"BASELINE_URL\":\"a:b\"}", CIM_EEVENT,
            "EVENT_TYPE: missing");
}

static void
seed_keys_with_a_result_are_levels(void **state)
{
    struct reader *r = *state;
    struct cim_bytes name, result;

    reads(r, "{\"B\":\"QUEUED\"," SEED_ARTIFACT "}");
    struct cim_list list = {.data = r->draft.event.levels};
    assert_true(cim_level_next(&list, &name, &result));
    assert_true(cim_bytes_is(name, "B") && cim_bytes_is(result, "QUEUED"));
    assert_true(cim_level_next(&list, &name, &result));
    assert_true(cim_bytes_is(name, "AUTORELEASE"));
    assert_false(cim_level_next(&list, &name, &result));
}

static void
seed_keys_nobody_knows_are_refused(void **state)
{
    struct reader *r = *state;

    refuses(r, "{\"CONSISTS_OF\":\"a\"," SEED_ARTIFACT "}", CIM_EFIELD,
            "CONSISTS_OF: unknown key, did you mean 'CONSIST_OF'?");
    refuses(r, "{\"DEPLOY\":\"success\"," SEED_ARTIFACT "}", CIM_EFIELD,
            "DEPLOY: unknown key; a confidence level has to be SUCCESS");
    refuses(r, "{\"FOO\":5," SEED_ARTIFACT "}", CIM_EFIELD, "FOO: unknown key");
    refuses(r, "{\"A B\":\"SUCCESS\"," SEED_ARTIFACT "}", CIM_EFIELD,
            "A B: cannot be a confidence level's name");
    refuses(r, "{\"BUILD_URL\":5}", CIM_EEVENT, "EVENT_TYPE: ");
    refuses(r, "{\"EVENT_TYPE\":\"Weather\",\"BUILD_URL\":5}", CIM_EEVENT,
            "buildUrl: ");
}

static void
seed_members_are_joined_by_commas(void **state)
{
    struct reader *r = *state;
    struct cim_list list;
    struct cim_bytes member;

    reads(r, "{\"BASELINE_NAME\":\"b\",\"BASELINE_URL\":\"a:b\","
             "\"CONSIST_OF\":\" a, b c ,d\",\"BUILD_URL\":\"a:b\"}");
    list = (struct cim_list){.data = r->draft.event.consists_of};
    assert_true(cim_member_next(&list, &member));
    assert_true(cim_bytes_is(member, "a"));
    assert_true(cim_member_next(&list, &member));
    assert_true(cim_bytes_is(member, "b c"));
    assert_true(cim_member_next(&list, &member));
    assert_true(cim_bytes_is(member, "d"));
    assert_false(cim_member_next(&list, &member));
    refuses(r,
            "{\"BASELINE_NAME\":\"b\",\"BASELINE_URL\":\"a:b\","
            "\"CONSIST_OF\":\"a,,b\",\"BUILD_URL\":\"a:b\"}",
            CIM_EEVENT, "consistsOf: ");
}

static void
seed_keeps_blanks_of_members_in_a_list(void **state)
{
    struct reader *r = *state;

    reads(r, "{" OWN ",\"consistsOf\":[\"a\",\" b\"]}");
    assert_non_null(
        strstr(written(r, CIM_FORM_SEED), "\"CONSIST_OF\":[\"a\",\" b\"]"));
    struct cim_hash given = r->draft.given;
    reads(r, "{\"EVENT_TYPE\":\"Weather\",\"BUILD_URL\":\"https://ci/3\","
             "\"CONSIST_OF\":[\"a\",\" b\"]}");
    assert_true(cim_hash_eq(&given, &r->draft.given));
}

static void
seed_time_without_date_is_of_today(void **state)
{
    struct reader *r = *state;
    char text[CIM_TIME_TEXT_LEN + 1];

    reads(r, "{\"EVENT_TIME\":\"12:34:56UTC\"," SEED_ARTIFACT "}");
    cim_time_text(r->draft.event.time_ms, text);
    assert_string_equal(text, "2026-11-22T12:34:56.000Z");
    reads(r,
          "{\"EVENT_TIME\":\"2018-04-01T12:34:56+02:00\"," SEED_ARTIFACT "}");
    cim_time_text(r->draft.event.time_ms, text);
    assert_string_equal(text, "2018-04-01T10:34:56.000Z");
    reads(r, "{\"EVENT_TIME\":\"2018-04-01_12:34:56UTC\"," SEED_ARTIFACT "}");
    cim_time_text(r->draft.event.time_ms, text);
    assert_string_equal(text, "2018-04-01T12:34:56.000Z");
    refuses(r, "{\"EVENT_TIME\":\"12:34\"," SEED_ARTIFACT "}", CIM_EEVENT,
            "eventTime: ");
}

static void
seed_retried_tomorrow_is_the_same_content(void **state)
{
    struct reader *r = *state;
    const char *text = "{\"EVENT_ID\":\"" ID "\",\"EVENT_TIME\":"
                       "\"23:59:59UTC\"," SEED_ARTIFACT "}";

    reads(r, text);
    struct cim_hash given = r->draft.given;
    r->fill.now_ms += INT64_C(86400000);
    reads(r, text);
    assert_true(cim_hash_eq(&given, &r->draft.given));
    reads(r, "{\"EVENT_ID\":\"" ID "\",\"EVENT_TIME\":"
             "\"23:59:58UTC\"," SEED_ARTIFACT "}");
    assert_false(cim_hash_eq(&given, &r->draft.given));
}

static void
same_content_in_json_and_seed_is_the_same(void **state)
{
    struct reader *r = *state;

    reads(r, "{" SEED_ARTIFACT "}");
    struct cim_hash given = r->draft.given;
    reads(r, "{\"confidenceLevel\":{\"AUTORELEASE\":\"SUCCESS\"},"
             "\"buildUrl\":\"https://ci/1\",\"artifactUrl\":\"https://a\","
             "\"projectBranch\":\"master\",\"eventType\":\"ArtifactCreated\"}");
    assert_true(cim_hash_eq(&given, &r->draft.given));
}

static void
seed_is_written_with_the_seeds_keys(void **state)
{
    struct reader *r = *state;

    reads(r, "{" ARTIFACT ",\"artifactName\":\"n\",\"consistsOf\":"
             "[\"a\",\"b\"],\"links\":[{\"rel\":\"cause\",\"of\":\"onap\","
             "\"id\":\"" ID "\"}],\"ext\":{\"a\":1}}");
    assert_string_equal(
        written(r, CIM_FORM_SEED),
        "{\"EVENT_ID\":\"" FRESH "\",\"EVENT_TYPE\":\"ArtifactCreated\","
        "\"EVENT_TIME\":\"2026-11-22T15:00:00.123Z\","
        "\"BUILD_URL\":\"https://ci/1\",\"ARTIFACT_URL\":\"https://nexus/a.zip"
        "\",\"ARTIFACT_NAME\":\"n\",\"PROJECT_BRANCH\":\"master\","
        "\"CONSIST_OF\":\"a,b\",\"LINKS\":[{\"rel\":\"cause\",\"of\":\"onap\","
        "\"id\":\"" ID "\"}],\"EXT\":{\"a\":1},\"AUTORELEASE\":\"SUCCESS\"}");
}

static void
seed_names_the_topic_only_when_it_is_free(void **state)
{
    struct reader *r = *state;

    reads(r, "{" OWN "}");
    assert_null(strstr(written(r, CIM_FORM_SEED), "TOPIC"));
    reads(r, "{\"topic\":\"odl/Weather/oslo/\"," OWN "}");
    assert_non_null(
        strstr(written(r, CIM_FORM_SEED), "\"TOPIC\":\"odl/Weather/oslo/\""));
}

/* tests/vectors/openci/NAME.json as the node of community would read it. */
static void
reads_example(struct reader *r, const char *name, const char *community)
{
    char path[512], text[4096];

    snprintf(path, sizeof path, TESTS_DIR "/vectors/openci/%s.json", name);
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    size_t n = fread(text, 1, sizeof text - 1, file);
    fclose(file);
    text[n] = '\0';
    r->fill.community = cim_bytes_str(community);
    reads(r, text);
    assert_int_equal(r->draft.form, CIM_FORM_OPENCI);
    assert_true(r->draft.id_given);
}

static void
prototype_artifact_becomes_artifact_created(void **state)
{
    struct reader *r = *state;

    reads_example(r, "ArtifactPublishedEvent", "odl");
    const struct cim_event *e = &r->draft.event;
    assert_int_equal(e->type, CIM_TYPE_ARTIFACT);
    assert_true(cim_bytes_is(e->artifact_url, "https://url/to/artifact"));
    assert_true(cim_bytes_is(e->topic, "odl/ArtifactCreated/master/"));
    assert_int_equal(e->time_ms, INT64_C(1795350896000));
    assert_non_null(strstr(written(r, CIM_FORM_JSON),
                           "\"confidenceLevel\":{\"odlAutoRelease\":"
                           "\"SUCCESS\"}"));
}

static void
prototype_composition_becomes_an_empty_baseline(void **state)
{
    struct reader *r = *state;

    reads_example(r, "CompositionDefinedEvent", "opnfv");
    const struct cim_event *e = &r->draft.event;
    assert_int_equal(e->type, CIM_TYPE_BASELINE);
    assert_true(cim_bytes_is(e->baseline_name, "os-odl-nofeature"));
    assert_true(
        cim_bytes_is(e->topic, "opnfv/BaselineDefined/os-odl-nofeature/"));
    assert_non_null(strstr(written(r, CIM_FORM_JSON), "\"consistsOf\":[]"));
}

static void
prototype_stamp_becomes_confidence_level_modified(void **state)
{
    struct reader *r = *state;

    reads_example(r, "ConfidenceLevelModifiedEvent", "opnfv");
    const struct cim_event *e = &r->draft.event;
    assert_int_equal(e->type, CIM_TYPE_CONFIDENCE);
    assert_true(
        cim_bytes_is(e->baseline_url, "https://url/to/compositionMetadata"));
    assert_true(cim_bytes_is(
        e->topic, "opnfv/ConfidenceLevelModified/os-odl-nofeature/"));
}

static void
prototype_id_goes_to_ext_and_content_makes_the_id(void **state)
{
    static const char *const names[][2] = {
        {"ArtifactPublishedEvent", "odl"},
        {"CompositionDefinedEvent", "opnfv"},
        {"ConfidenceLevelModifiedEvent", "opnfv"}};
    struct reader *r = *state;
    struct cim_uuid ids[N(names)];

    for (size_t i = 0; i < N(names); i++) {
        reads_example(r, names[i][0], names[i][1]);
        assert_non_null(strstr(written(r, CIM_FORM_JSON),
                               "\"prototypeId\":\"bef7bb67-c8bc-40f1-95d7-"
                               "3704b23bfbf4\""));
        assert_int_equal(r->draft.id.b[6] >> 4, 8);
        ids[i] = r->draft.id;
        for (size_t j = 0; j < i; j++)
            assert_memory_not_equal(ids[i].b, ids[j].b, 16);
        struct cim_hash given = r->draft.given;
        r->fill.now_ms += INT64_C(86400000);
        reads_example(r, names[i][0], names[i][1]);
        assert_memory_equal(ids[i].b, r->draft.id.b, 16);
        assert_true(cim_hash_eq(&given, &r->draft.given));
    }
}

#define PROTOTYPE                                                              \
    "\"id\":\"7\",\"time\":\"12:34:56UTC\",\"buildUrl\":\"https://ci/1\","     \
    "\"branch\":\"master\",\"artifactLocation\":\"https://a\""

static void
prototype_order_of_keys_does_not_change_the_id(void **state)
{
    struct reader *r = *state;

    reads(r, "{\"type\":\"ArtifactPublishedEvent\",\"origin\":\"Odl\","
             "\"confidenceLevel\":{\"A\":\"SUCCESS\",\"B\":\"SUCCESS\"},"
             "\"scenario\":\"k8\"," PROTOTYPE "}");
    struct cim_uuid id = r->draft.id;
    assert_non_null(strstr(written(r, CIM_FORM_JSON),
                           "\"ext\":{\"prototypeId\":\"7\","
                           "\"scenario\":\"k8\"}"));
    reads(r, "{" PROTOTYPE ",\"scenario\":\"k8\",\"origin\":\"Odl\","
             "\"confidenceLevel\":{\"B\":\"SUCCESS\",\"A\":\"SUCCESS\"},"
             "\"type\":\"ArtifactPublishedEvent\"}");
    assert_memory_equal(id.b, r->draft.id.b, 16);
}

static void
prototype_of_another_origin_is_refused(void **state)
{
    struct reader *r = *state;

    refuses(r,
            "{\"type\":\"ArtifactPublishedEvent\",\"origin\":\"odl-x\","
            "\"confidenceLevel\":{\"A\":\"SUCCESS\"}," PROTOTYPE "}",
            CIM_ECOMMUNITY, "origin: has to be 'odl'");
    refuses(r,
            "{\"type\":\"ArtifactPublishedEvent\",\"origin\":\"o\","
            "\"confidenceLevel\":{\"A\":\"SUCCESS\"}," PROTOTYPE "}",
            CIM_ECOMMUNITY, "origin: has to be 'odl'");
    refuses(r,
            "{\"type\":\"ArtifactPublishedEvent\",\"origin\":\"OPNFV\","
            "\"confidenceLevel\":{\"A\":\"SUCCESS\"}," PROTOTYPE "}",
            CIM_ECOMMUNITY, "origin: has to be 'odl'");
    refuses(r,
            "{\"type\":\"ArtifactPublishedEvent\","
            "\"confidenceLevel\":{\"A\":\"SUCCESS\"}," PROTOTYPE "}",
            CIM_ECOMMUNITY, "origin: ");
}

static void
prototype_mistakes_are_named(void **state)
{
    struct reader *r = *state;

    refuses(r, "{\"type\":\"ArtifactCreatedEvent\",\"origin\":\"odl\"}",
            CIM_EEVENT, "type: has to be ArtifactPublishedEvent");
    refuses(r,
            "{\"type\":\"ArtifactPublishedEvent\",\"origin\":\"odl\","
            "\"confidenceLevel\":\"{'A': 'SUCCESS'}\"," PROTOTYPE "}",
            CIM_EEVENT, "confidenceLevel: has to be an object");
    refuses(r,
            "{\"type\":\"ArtifactPublishedEvent\",\"origin\":\"odl\","
            "\"artefactLocation\":\"\"," PROTOTYPE "}",
            CIM_EFIELD,
            "artefactLocation: unknown key, did you mean 'artifactLocation'?");
    refuses(r,
            "{\"type\":\"ArtifactPublishedEvent\",\"origin\":\"odl\","
            "\"scenario\":5," PROTOTYPE "}",
            CIM_EEVENT, "scenario: has to be text");
    refuses(r,
            "{\"type\":\"ArtifactPublishedEvent\",\"origin\":\"odl\"," PROTOTYPE
            "}",
            CIM_EEVENT, "confidenceLevel: missing");
}

static void
times_parse_as_rfc_3339(void **state)
{
    static const struct {
        const char *text;
        int64_t ms;
    } rows[] = {
        {"1970-01-01T00:00:00Z", 0},
        {"1970-01-01T00:00:00.5Z", 500},
        {"1970-01-01t00:00:00.0019z", 1},
        {"1970-01-01T01:00:00+01:00", 0},
        {"1969-12-31T23:30:00-00:30", 0},
        {"2000-02-29T23:59:59.999Z", INT64_C(951868799999)},
        {"2026-11-22T12:34:56.789Z", INT64_C(1795350896789)},
        {"2016-12-31T23:59:60Z", INT64_C(1483228800000)},
        {"9999-12-31T23:59:59.999Z", INT64_C(253402300799999)},
    };
    int64_t ms;

    (void)state;
    for (size_t i = 0; i < N(rows); i++) {
        assert_int_equal(cim_time_parse(cim_bytes_str(rows[i].text), &ms),
                         CIM_OK);
        assert_true(ms == rows[i].ms);
    }
}

static void
other_times_are_refused(void **state)
{
    static const char *const bad[] = {
        "",
        "2026-11-22",
        "2026-11-22T12:34:56",
        "2026-11-22 12:34:56Z",
        "2026-11-22T12:34Z",
        "2026-11-22T12:34:56.Z",
        "2026-11-22T12:34:56Z ",
        "2026-11-22T24:00:00Z",
        "2026-11-22T12:60:00Z",
        "2026-11-22T12:34:61Z",
        "2026-13-01T00:00:00Z",
        "2026-00-01T00:00:00Z",
        "2026-02-29T00:00:00Z",
        "2100-02-29T00:00:00Z",
        "2026-04-31T00:00:00Z",
        "2026-04-00T00:00:00Z",
        "1969-12-31T23:59:59Z",
        "9999-12-31T23:59:59-00:01",
        "2026-11-22T12:34:56+0100",
        "2026-11-22T12:34:56+25:00",
        "+026-11-22T12:34:56Z",
    };
    int64_t ms;

    (void)state;
    for (size_t i = 0; i < N(bad); i++)
        assert_int_equal(cim_time_parse(cim_bytes_str(bad[i]), &ms), CIM_EFORM);
}

static void
every_day_comes_back_from_its_text(void **state)
{
    char text[CIM_TIME_TEXT_LEN + 1];
    struct chance chance = {31};
    int64_t ms;

    (void)state;
    for (int64_t day = 0; day <= 2932896; day += 1 + day / 40000) {
        int64_t at = day * 86400000 + (int64_t)chance_below(&chance, 86400000);
        cim_time_text(at, text);
        assert_int_equal(cim_time_parse(cim_bytes_str(text), &ms), CIM_OK);
        assert_true(ms == at);
    }
}

static void
time_text_stays_within_its_years(void **state)
{
    char text[CIM_TIME_TEXT_LEN + 1];

    (void)state;
    cim_time_text(-1, text);
    assert_string_equal(text, "1970-01-01T00:00:00.000Z");
    cim_time_text(INT64_MAX, text);
    assert_string_equal(text, "9999-12-31T23:59:59.999Z");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(seed_type_follows_from_the_keys),
        TEST(seed_without_a_telling_key_is_refused),
        TEST(seed_keys_with_a_result_are_levels),
        TEST(seed_keys_nobody_knows_are_refused),
        TEST(seed_members_are_joined_by_commas),
        TEST(seed_keeps_blanks_of_members_in_a_list),
        TEST(seed_time_without_date_is_of_today),
        TEST(seed_retried_tomorrow_is_the_same_content),
        TEST(same_content_in_json_and_seed_is_the_same),
        TEST(seed_is_written_with_the_seeds_keys),
        TEST(seed_names_the_topic_only_when_it_is_free),
        TEST(prototype_artifact_becomes_artifact_created),
        TEST(prototype_composition_becomes_an_empty_baseline),
        TEST(prototype_stamp_becomes_confidence_level_modified),
        TEST(prototype_id_goes_to_ext_and_content_makes_the_id),
        TEST(prototype_order_of_keys_does_not_change_the_id),
        TEST(prototype_of_another_origin_is_refused),
        TEST(prototype_mistakes_are_named),
        TEST(times_parse_as_rfc_3339),
        TEST(other_times_are_refused),
        TEST(every_day_comes_back_from_its_text),
        TEST(time_text_stays_within_its_years),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

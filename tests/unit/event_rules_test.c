/* SPDX-License-Identifier: MPL-2.0 */
#include "proto/event_rules.h"

#include "tests/unit/desk.h"

static void
each_type_parses(void **state)
{
    struct desk *desk = *state;

    assert_int_equal(parse(desk), CIM_OK);
    assert_int_equal(desk->parsed.type, CIM_TYPE_ARTIFACT);
    as_baseline(desk);
    assert_int_equal(parse(desk), CIM_OK);
    assert_int_equal(desk->parsed.type, CIM_TYPE_BASELINE);
    as_stamp(desk);
    assert_int_equal(parse(desk), CIM_OK);
    assert_int_equal(desk->parsed.type, CIM_TYPE_CONFIDENCE);
    as_own(desk);
    assert_int_equal(parse(desk), CIM_OK);
    assert_int_equal(desk->parsed.type, CIM_TYPE_OWN);
}

static void
fields_every_event_needs(void **state)
{
    struct desk *desk = *state;
    struct cim_bytes *const texts[] = {&desk->event.id, &desk->event.type_name,
                                       &desk->event.topic,
                                       &desk->event.build_url};
    static const char *const names[] = {"eventId", "eventType", "topic",
                                        "buildUrl"};

    for (size_t i = 0; i < N(texts); i++) {
        struct cim_bytes kept = *texts[i];
        *texts[i] = cim_bytes_of(NULL, 0);
        refused(desk, CIM_EEVENT, names[i]);
        *texts[i] = kept;
    }
}

static void
fields_an_artifact_needs(void **state)
{
    struct desk *desk = *state;
    struct cim_bytes *const members[] = {&desk->event.artifact_url,
                                         &desk->event.project_branch,
                                         &desk->event.levels};
    static const char *const names[] = {"artifactUrl", "projectBranch",
                                        "confidenceLevel"};

    for (size_t i = 0; i < N(members); i++) {
        struct cim_bytes kept = *members[i];
        *members[i] = cim_bytes_of(NULL, 0);
        refused(desk, CIM_EEVENT, names[i]);
        *members[i] = kept;
    }
}

static void
fields_a_baseline_needs(void **state)
{
    struct desk *desk = *state;
    struct cim_bytes *const members[] = {&desk->event.baseline_name,
                                         &desk->event.baseline_url,
                                         &desk->event.consists_of};
    static const char *const names[] = {"baselineName", "baselineUrl",
                                        "consistsOf"};

    as_baseline(desk);
    for (size_t i = 0; i < N(members); i++) {
        struct cim_bytes kept = *members[i];
        *members[i] = cim_bytes_of(NULL, 0);
        refused(desk, CIM_EEVENT, names[i]);
        *members[i] = kept;
    }
}

static void
baseline_may_consist_of_nothing(void **state)
{
    struct desk *desk = *state;

    as_baseline(desk);
    desk->event.consists_of = members_of(&desk->members, NULL, 0);
    assert_int_equal(parse(desk), CIM_OK);
}

static void
stamp_needs_a_level_and_what_is_stamped(void **state)
{
    struct desk *desk = *state;

    as_stamp(desk);
    desk->event.levels = cim_bytes_of(NULL, 0);
    refused(desk, CIM_EEVENT, "confidenceLevel");
    desk->event.levels = levels_of(&desk->levels, "");
    refused(desk, CIM_EEVENT, "confidenceLevel");
    desk->event.levels = levels_of(&desk->levels, "A=SUCCESS");
    desk->event.artifact_url = cim_bytes_of(NULL, 0);
    assert_int_equal(parse(desk), CIM_OK);
    desk->event.baseline_url = cim_bytes_of(NULL, 0);
    refused(desk, CIM_EEVENT, "baselineName and baselineUrl, or artifactUrl");
    desk->event.artifact_url = str("https://example.org/a");
    assert_int_equal(parse(desk), CIM_OK);
}

static void
topic_of_a_stamp_is_baseline_else_artifact_else_branch(void **state)
{
    struct desk *desk = *state;
    struct cim_event *e = &desk->event;

    as_stamp(desk);
    e->artifact_name = str("odl-1.2");
    assert_int_equal(parse(desk), CIM_OK);
    e->baseline_name = cim_bytes_of(NULL, 0);
    refused(desk, CIM_ETOPIC, "topic");
    e->topic = str("opnfv/ConfidenceLevelModified/odl-1.2/");
    assert_int_equal(parse(desk), CIM_OK);
    e->artifact_name = cim_bytes_of(NULL, 0);
    e->topic = str("opnfv/ConfidenceLevelModified/master/");
    assert_int_equal(parse(desk), CIM_OK);
    e->project_branch = cim_bytes_of(NULL, 0);
    refused(desk, CIM_ETOPIC, "topic");
    e->topic = str("opnfv/ConfidenceLevelModified/-/");
    assert_int_equal(parse(desk), CIM_OK);
}

static void
topic_of_an_artifact_is_its_branch(void **state)
{
    struct desk *desk = *state;

    desk->event.artifact_name = str("odl-1.2");
    desk->event.baseline_name = str("daily");
    assert_int_equal(parse(desk), CIM_OK);
    desk->event.project_branch = str("stable/carbon");
    refused(desk, CIM_ETOPIC, "topic");
    desk->event.topic = str("odl/ArtifactCreated/stable%2Fcarbon/");
    assert_int_equal(parse(desk), CIM_OK);
}

static void
topic_of_the_three_types_holds_nothing_else(void **state)
{
    static const char *const bad[] = {
        "odl/ArtifactCreated/",          "odl/ArtifactCreated/master/x/",
        "odl/ArtifactCreated/Master/",   "odl/BaselineDefined/master/",
        "odl/artifactcreated/master/",   "odl/ArtifactCreated/master",
        "odl/ArtifactCreated/%6Daster/", "ODL/ArtifactCreated/master/"};
    struct desk *desk = *state;

    for (size_t i = 0; i < N(bad); i++) {
        desk->event.topic = str(bad[i]);
        refused(desk, CIM_ETOPIC, "topic");
    }
}

static void
topic_of_an_own_type_is_free_after_the_type(void **state)
{
    struct desk *desk = *state;

    as_own(desk);
    desk->event.topic = str("odl/Weather2/oslo/rain/");
    assert_int_equal(parse(desk), CIM_OK);
    desk->event.topic = str("odl/Weather2/");
    refused(desk, CIM_ETOPIC, "topic");
    desk->event.topic = str("odl/Weather/oslo/");
    refused(desk, CIM_ETOPIC, "topic");
}

static void
type_names_are_letters_and_digits(void **state)
{
    struct desk *desk = *state;
    static const char *const bad[] = {"", "2x", "a-b", "a b", "a/b"};

    for (size_t i = 0; i < N(bad); i++) {
        desk->event.type_name = str(bad[i]);
        refused(desk, CIM_EEVENT, "eventType");
    }
    assert_true(cim_type_name_valid(str(
        "a234567890123456789012345678901234567890123456789012345678901234")));
    assert_false(cim_type_name_valid(str(
        "a2345678901234567890123456789012345678901234567890123456789012345")));
}

static void
ids_are_lower_case_uuids(void **state)
{
    struct desk *desk = *state;

    desk->event.id = str("018F6B2E-7C4D-7A3B-9E5F-0123456789AB");
    refused(desk, CIM_EEVENT, "eventId");
}

static void
urls_have_a_scheme_and_no_spaces(void **state)
{
    struct desk *desk = *state;
    static const char *const good[] = {
        "https://url/to/build/#", "pkg:maven/org.odl/karaf@1.2",
        "oci+v1.x-y://h", "https://example.org/\xc3\xa9"};
    static const char *const bad[] = {"",
                                      "x",
                                      "://x",
                                      "https:",
                                      "HTTPS://x",
                                      "1x://y",
                                      "a b://x",
                                      "https://a b",
                                      "https://a\n",
                                      "https://\x7f",
                                      "-a://x",
                                      "https://\xc2\x85",
                                      "/job/1"};

    for (size_t i = 0; i < N(good); i++) {
        desk->event.build_url = str(good[i]);
        assert_int_equal(parse(desk), CIM_OK);
    }
    for (size_t i = 0; i < N(bad); i++) {
        desk->event.build_url = str(bad[i]);
        refused(desk, CIM_EEVENT, "buildUrl");
    }
}

static void
texts_have_limits(void **state)
{
    struct desk *desk = *state;
    char text[CIM_URL_MAX + 1] = "x:";

    memset(text + 2, 'a', sizeof text - 2);
    desk->event.artifact_url = cim_bytes_of(text, CIM_URL_MAX);
    desk->event.artifact_name = cim_bytes_of(text, CIM_TEXT_MAX);
    assert_int_equal(parse(desk), CIM_OK);
    desk->event.artifact_name = cim_bytes_of(text, CIM_TEXT_MAX + 1);
    refused(desk, CIM_EEVENT, "artifactName");
    desk->event.artifact_name = cim_bytes_of(text, 0);
    refused(desk, CIM_EEVENT, "artifactName");
    desk->event.artifact_name = str("a\tb");
    refused(desk, CIM_EEVENT, "artifactName");
    desk->event.artifact_name = str("\xe2\x80\xae rtl is text");
    assert_int_equal(parse(desk), CIM_OK);
    desk->event.artifact_url = cim_bytes_of(text, CIM_URL_MAX + 1);
    refused(desk, CIM_EEVENT, "artifactUrl");
}

static void
digests_are_sha256_in_lower_case(void **state)
{
    struct desk *desk = *state;
    char text[sizeof DIGEST] = DIGEST;

    desk->event.artifact_digest = str(text);
    assert_int_equal(parse(desk), CIM_OK);
    text[70] = 'F';
    refused(desk, CIM_EEVENT, "artifactDigest");
    desk->event.artifact_digest = str("sha256:0123");
    refused(desk, CIM_EEVENT, "artifactDigest");
    desk->event.artifact_digest = str(DIGEST "0");
    refused(desk, CIM_EEVENT, "artifactDigest");
}

static void
level_names_are_words_and_no_seed_keys(void **state)
{
    struct desk *desk = *state;
    static const char *const bad[] = {
        "1A",    "_A",    "A B", "\xc3\xa9",   "EVENT_ID",
        "TOPIC", "LINKS", "EXT", "CONSIST_OF", "ARTIFACT_DIGEST"};

    desk->event.levels =
        levels_of(&desk->levels, "a=SUCCESS,Event_Id=WAIVED,A.b-c_9=QUEUED");
    assert_int_equal(parse(desk), CIM_OK);
    for (size_t i = 0; i < N(bad); i++) {
        char text[64];
        snprintf(text, sizeof text, "OK=SUCCESS,%s=SUCCESS", bad[i]);
        desk->event.levels = levels_of(&desk->levels, text);
        refused(desk, CIM_EEVENT, "confidenceLevel");
    }
}

static void
results_are_nine_words(void **state)
{
    struct desk *desk = *state;
    static const char *const good[] = {"SUCCESS", "UNSTABLE",     "FAILURE",
                                       "ABORTED", "NOT_BUILT",    "QUEUED",
                                       "RUNNING", "INCONCLUSIVE", "WAIVED"};
    static const char *const bad[] = {"success", "OK", "PASSED", "SUCCESS "};
    char text[64];

    for (size_t i = 0; i < N(good); i++) {
        snprintf(text, sizeof text, "A=%s", good[i]);
        desk->event.levels = levels_of(&desk->levels, text);
        assert_int_equal(parse(desk), CIM_OK);
    }
    for (size_t i = 0; i < N(bad); i++) {
        snprintf(text, sizeof text, "A=%s", bad[i]);
        desk->event.levels = levels_of(&desk->levels, text);
        refused(desk, CIM_EEVENT, "confidenceLevel.A");
    }
}

static void
members_are_text_without_commas(void **state)
{
    struct desk *desk = *state;
    static const char *const bad[] = {"", "a,b", "a\nb"};

    as_baseline(desk);
    for (size_t i = 0; i < N(bad); i++) {
        desk->event.consists_of = members_of(&desk->members, bad + i, 1);
        refused(desk, CIM_EEVENT, "consistsOf");
    }
}

static void
links_name_relation_community_and_id(void **state)
{
    struct desk *desk = *state;
    static const char *const rels[] = {"cause", "subject", "element",
                                       "supersedes"};

    for (size_t i = 0; i < N(rels); i++) {
        desk->event.links = link_of(&desk->links, rels[i], "odl", ID);
        assert_int_equal(parse(desk), CIM_OK);
    }
    desk->event.links = link_of(&desk->links, "because", "odl", ID);
    refused(desk, CIM_EEVENT, "links");
    desk->event.links = link_of(&desk->links, "cause", "ODL", ID);
    refused(desk, CIM_EEVENT, "links");
    desk->event.links = link_of(&desk->links, "cause", "odl", "7");
    refused(desk, CIM_EEVENT, "links");
}

static void
links_have_exactly_three_keys(void **state)
{
    struct desk *desk = *state;

    cim_wire_put_array(&desk->links, 1);
    cim_wire_put_map(&desk->links, 2);
    cim_wire_put_str(&desk->links, str("rel"));
    cim_wire_put_str(&desk->links, str("cause"));
    cim_wire_put_str(&desk->links, str("id"));
    cim_wire_put_str(&desk->links, str(ID));
    desk->event.links = cim_buf_bytes(&desk->links);
    refused(desk, CIM_EEVENT, "links");
    desk->event.links = levels_of(&desk->links, "cause=SUCCESS");
    refused(desk, CIM_EEVENT, "links");
}

static void
ext_holds_text_integers_booleans_lists_and_maps(void **state)
{
    struct desk *desk = *state;
    struct cim_buf *ext = &desk->ext;

    cim_wire_put_map(ext, 2);
    cim_wire_put_str(ext, str("odl.list"));
    cim_wire_put_array(ext, 3);
    cim_wire_put_int(ext, -INT64_MAX);
    cim_wire_put_bool(ext, true);
    cim_wire_put_str(ext, str("any\ntext"));
    cim_wire_put_str(ext, str("m"));
    cim_wire_put_map(ext, 1);
    cim_wire_put_str(ext, str("n"));
    cim_wire_put_int(ext, INT64_MAX);
    desk->event.ext = cim_buf_bytes(ext);
    assert_int_equal(parse(desk), CIM_OK);
}

static void
ext_holds_no_nil_no_bin_and_no_64th_bit(void **state)
{
    struct desk *desk = *state;
    struct cim_buf *ext = &desk->ext;

    for (int i = 0; i < 3; i++) {
        cim_buf_reset(ext);
        cim_wire_put_map(ext, 1);
        cim_wire_put_str(ext, str("a"));
        cim_wire_put_array(ext, 1);
        if (i == 0)
            cim_wire_put_nil(ext);
        else if (i == 1)
            cim_wire_put_bin(ext, str("x"));
        else
            cim_wire_put_int(ext, INT64_MIN);
        desk->event.ext = cim_buf_bytes(ext);
        refused(desk, CIM_EEVENT, "ext");
    }
}

static void
time_is_not_negative_and_below_2_to_53(void **state)
{
    struct desk *desk = *state;

    desk->event.time_ms = (int64_t)CIM_SEQ_MAX;
    assert_int_equal(parse(desk), CIM_OK);
    desk->event.time_ms = (int64_t)CIM_SEQ_MAX + 1;
    refused(desk, CIM_EEVENT, "eventTime");
    desk->event.time_ms = -1;
    refused(desk, CIM_EEVENT, "eventTime");
}

/* The event with one more pair in front, or another v. */
static void
topic_follows_from_type_and_subject(void **state)
{
    struct desk *desk = *state;
    struct cim_buf *out = &desk->topic;

    desk->event.project_branch = str("stable/x");
    assert_int_equal(cim_event_topic(&desk->event, str("odl"), out), CIM_OK);
    assert_true(
        cim_bytes_is(cim_buf_bytes(out), "odl/ArtifactCreated/stable%2Fx/"));
    cim_buf_reset(out);
    as_own(desk);
    assert_int_equal(cim_event_topic(&desk->event, str("odl"), out), CIM_OK);
    assert_true(cim_bytes_is(cim_buf_bytes(out), "odl/Weather2/-/"));
    cim_buf_reset(out);
    as_baseline(desk);
    desk->event.baseline_name = str("..");
    assert_int_equal(cim_event_topic(&desk->event, str("odl"), out),
                     CIM_ETOPIC);
    cim_buf_reset(out);
    assert_int_equal(cim_event_topic(&desk->event, str("ODL"), out),
                     CIM_ETOPIC);
}

static void
node_speaks_for_its_own_community_only(void **state)
{
    struct cim_bytes topic = str("odl/X/-/");

    (void)state;
    assert_int_equal(cim_event_speaks_for(topic, str("odl/ci-1")), CIM_OK);
    assert_int_equal(cim_event_speaks_for(topic, str("odl")), CIM_OK);
    assert_int_equal(cim_event_speaks_for(topic, str("od/ci-1")),
                     CIM_ECOMMUNITY);
    assert_int_equal(cim_event_speaks_for(topic, str("odl-x/ci-1")),
                     CIM_ECOMMUNITY);
    assert_int_equal(cim_event_speaks_for(str(""), str("")), CIM_ECOMMUNITY);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(each_type_parses),
        TEST(fields_every_event_needs),
        TEST(fields_an_artifact_needs),
        TEST(fields_a_baseline_needs),
        TEST(baseline_may_consist_of_nothing),
        TEST(stamp_needs_a_level_and_what_is_stamped),
        TEST(topic_of_a_stamp_is_baseline_else_artifact_else_branch),
        TEST(topic_of_an_artifact_is_its_branch),
        TEST(topic_of_the_three_types_holds_nothing_else),
        TEST(topic_of_an_own_type_is_free_after_the_type),
        TEST(type_names_are_letters_and_digits),
        TEST(ids_are_lower_case_uuids),
        TEST(urls_have_a_scheme_and_no_spaces),
        TEST(texts_have_limits),
        TEST(digests_are_sha256_in_lower_case),
        TEST(level_names_are_words_and_no_seed_keys),
        TEST(results_are_nine_words),
        TEST(members_are_text_without_commas),
        TEST(links_name_relation_community_and_id),
        TEST(links_have_exactly_three_keys),
        TEST(ext_holds_text_integers_booleans_lists_and_maps),
        TEST(ext_holds_no_nil_no_bin_and_no_64th_bit),
        TEST(time_is_not_negative_and_below_2_to_53),
        TEST(topic_follows_from_type_and_subject),
        TEST(node_speaks_for_its_own_community_only),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

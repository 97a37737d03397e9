/* SPDX-License-Identifier: MPL-2.0 */
#include "proto/event.h"

#include "tests/unit/chance.h"
#include "tests/unit/desk.h"

static void
encode_with(struct desk *desk, const char *key, int64_t v)
{
    struct cim_buf plain = {0};

    desk->event.v = v;
    assert_int_equal(cim_event_encode(&desk->event, &plain), CIM_OK);
    cim_buf_reset(&desk->bytes);
    assert_int_equal(plain.p[0] & 0xf0, 0x80);
    cim_wire_put_map(&desk->bytes, (plain.p[0] & 15U) + (key != NULL));
    if (key != NULL) {
        cim_wire_put_str(&desk->bytes, str(key));
        cim_wire_put_nil(&desk->bytes);
    }
    cim_buf_add(&desk->bytes, plain.p + 1, plain.len - 1);
    cim_buf_clear(&plain);
}

static void
unknown_field_is_refused_at_publish_and_kept_by_followers(void **state)
{
    struct desk *desk = *state;

    encode_with(desk, "colour", 1);
    assert_int_equal(parse_bytes(desk, CIM_PUBLISH), CIM_EFIELD);
    assert_non_null(strstr(desk->diag.text, "colour"));
    assert_int_equal(parse_bytes(desk, CIM_FOLLOW), CIM_OK);
    assert_true(desk->parsed.unknown_fields);
    encode_with(desk, NULL, 1);
    assert_int_equal(parse_bytes(desk, CIM_FOLLOW), CIM_OK);
    assert_false(desk->parsed.unknown_fields);
}

static void
higher_version_is_checked_for_topic_id_and_type_only(void **state)
{
    struct desk *desk = *state;
    struct cim_event *e = &desk->event;

    e->build_url = cim_bytes_of(NULL, 0);
    e->levels = levels_of(&desk->levels, "x=whatever");
    e->time_ms = -5;
    e->topic = str("odl/ArtifactCreated/else/where/");
    encode_with(desk, NULL, 2);
    assert_int_equal(parse_bytes(desk, CIM_PUBLISH), CIM_EVERSION);
    assert_int_equal(parse_bytes(desk, CIM_FOLLOW), CIM_OK);
    assert_int_equal(desk->parsed.v, 2);
    assert_true(cim_bytes_is(desk->parsed.id, ID));
    assert_null(desk->parsed.levels.p);
    e->topic = str("odl//");
    encode_with(desk, NULL, 2);
    assert_int_equal(parse_bytes(desk, CIM_FOLLOW), CIM_ETOPIC);
    e->topic = str("odl/Other/x/");
    encode_with(desk, NULL, 2);
    assert_int_equal(parse_bytes(desk, CIM_FOLLOW), CIM_ETOPIC);
    e->topic = cim_bytes_of(NULL, 0);
    encode_with(desk, NULL, 2);
    assert_int_equal(parse_bytes(desk, CIM_FOLLOW), CIM_EEVENT);
}

static void
version_is_at_least_1(void **state)
{
    struct desk *desk = *state;

    encode_with(desk, NULL, 0);
    assert_int_equal(parse_bytes(desk, CIM_FOLLOW), CIM_EEVENT);
    encode_with(desk, NULL, -1);
    assert_int_equal(parse_bytes(desk, CIM_FOLLOW), CIM_EEVENT);
    assert_memory_equal(desk->diag.text, "v: ", 3);
}

static void
wrong_kinds_are_refused(void **state)
{
    static const char *const names[] = {"v",          "eventId",  "eventTime",
                                        "topic",      "buildUrl", "links",
                                        "consistsOf", "ext"};
    struct desk *desk = *state;

    for (size_t i = 0; i < N(names); i++) {
        struct cim_reader r;
        struct cim_bytes key, value;
        uint32_t pairs;
        struct cim_buf copy = {0};
        desk->event.consists_of = members_of(&desk->members, NULL, 0);
        desk->event.links = members_of(&desk->links, NULL, 0);
        cim_buf_reset(&desk->ext);
        cim_wire_put_map(&desk->ext, 0);
        desk->event.ext = cim_buf_bytes(&desk->ext);
        assert_int_equal(parse(desk), CIM_OK);
        r = (struct cim_reader){.data = cim_buf_bytes(&desk->bytes)};
        assert_int_equal(cim_wire_map(&r, &pairs), CIM_OK);
        cim_wire_put_map(&copy, pairs);
        for (; pairs > 0; pairs--) {
            assert_int_equal(cim_wire_str(&r, &key), CIM_OK);
            assert_int_equal(cim_wire_skip(&r, &value), CIM_OK);
            cim_wire_put_str(&copy, key);
            if (cim_bytes_is(key, names[i]))
                cim_wire_put_bool(&copy, true);
            else
                cim_buf_add_bytes(&copy, value);
        }
        cim_buf_reset(&desk->bytes);
        cim_buf_add_bytes(&desk->bytes, cim_buf_bytes(&copy));
        cim_buf_clear(&copy);
        assert_int_equal(parse_bytes(desk, CIM_FOLLOW), CIM_EEVENT);
        assert_memory_equal(desk->diag.text, names[i], strlen(names[i]));
    }
}

static void
what_is_no_map_is_refused(void **state)
{
    struct desk *desk = *state;

    assert_int_equal(parse_bytes(desk, CIM_FOLLOW), CIM_ESHORT);
    cim_wire_put_array(&desk->bytes, 0);
    assert_int_equal(parse_bytes(desk, CIM_FOLLOW), CIM_EFORM);
    cim_wire_put_array(&desk->bytes, 0);
    assert_int_equal(parse_bytes(desk, CIM_FOLLOW), CIM_ETRAIL);
}

static void
event_has_at_most_64_kib(void **state)
{
    static char text[CIM_EVENT_MAX];
    struct desk *desk = *state;

    memset(text, 'a', sizeof text);
    cim_wire_put_map(&desk->ext, 1);
    cim_wire_put_str(&desk->ext, str("a"));
    desk->event.ext = cim_buf_bytes(&desk->ext);
    /* An empty text has 1 byte, one of this length 3 before its own. */
    cim_wire_put_str(&desk->ext, str(""));
    desk->event.ext = cim_buf_bytes(&desk->ext);
    assert_int_equal(parse(desk), CIM_OK);
    size_t room = CIM_EVENT_MAX - desk->bytes.len - 2;
    for (size_t more = 0; more < 2; more++) {
        cim_buf_reset(&desk->ext);
        cim_wire_put_map(&desk->ext, 1);
        cim_wire_put_str(&desk->ext, str("a"));
        cim_wire_put_str(&desk->ext, cim_bytes_of(text, room + more));
        desk->event.ext = cim_buf_bytes(&desk->ext);
        assert_int_equal(parse(desk), more == 0 ? CIM_OK : CIM_ETOOBIG);
    }
}

static void
lists_are_walked_in_order(void **state)
{
    struct desk *desk = *state;
    struct cim_bytes name, result, of;

    struct cim_list list = {
        .data = levels_of(&desk->levels, "B=SUCCESS,A=FAILURE")};
    assert_true(cim_level_next(&list, &name, &result));
    assert_true(cim_bytes_is(name, "B"));
    assert_true(cim_level_next(&list, &name, &result));
    assert_true(cim_bytes_is(name, "A"));
    assert_true(cim_bytes_is(result, "FAILURE"));
    assert_false(cim_level_next(&list, &name, &result));
    assert_false(cim_level_next(&list, &name, &result));

    as_baseline(desk);
    list = (struct cim_list){.data = desk->event.consists_of};
    assert_true(cim_member_next(&list, &name));
    assert_true(cim_member_next(&list, &name));
    assert_true(cim_bytes_is(name, ID));
    assert_false(cim_member_next(&list, &name));

    list = (struct cim_list){.data = link_of(&desk->links, "cause", "odl", ID)};
    assert_true(cim_link_next(&list, &name, &of, &result));
    assert_true(cim_bytes_is(name, "cause"));
    assert_true(cim_bytes_is(of, "odl"));
    assert_true(cim_bytes_is(result, ID));
    assert_false(cim_link_next(&list, &name, &of, &result));
}

static void
absent_lists_are_empty(void **state)
{
    struct cim_list list = {.left = 0};
    struct cim_bytes a, b, c;

    (void)state;
    assert_false(cim_level_next(&list, &a, &b));
    assert_false(cim_member_next(&list, &a));
    assert_false(cim_link_next(&list, &a, &b, &c));
}

static void
same_text(struct cim_bytes a, struct cim_bytes b)
{
    assert_int_equal(a.p == NULL, b.p == NULL);
    assert_true(cim_bytes_eq(a, b));
}

static void
same_event(const struct cim_event *a, const struct cim_event *b)
{
    assert_true(a->v == b->v && a->time_ms == b->time_ms);
    assert_int_equal(a->type, b->type);
    same_text(a->id, b->id);
    same_text(a->type_name, b->type_name);
    same_text(a->topic, b->topic);
    same_text(a->build_url, b->build_url);
    same_text(a->artifact_url, b->artifact_url);
    same_text(a->artifact_name, b->artifact_name);
    same_text(a->artifact_digest, b->artifact_digest);
    same_text(a->project_branch, b->project_branch);
    same_text(a->baseline_name, b->baseline_name);
    same_text(a->baseline_url, b->baseline_url);
    same_text(a->levels, b->levels);
    same_text(a->consists_of, b->consists_of);
    same_text(a->links, b->links);
    same_text(a->ext, b->ext);
}

static struct cim_bytes
some_text(struct chance *chance, char out[static 64])
{
    size_t len = chance_text(chance, 1 + chance_below(chance, 8), out + 1);

    out[0] = 'n'; /* so that it is not "." */
    return cim_bytes_of(out, len + 1);
}

/* A valid event of any type with any of the optional fields. */
static void
any_event(struct desk *desk, struct chance *chance, char text[4][64])
{
    struct cim_event *e = &desk->event;
    static const char *const members[] = {"a", "b c", ID};

    switch (chance_below(chance, 4)) {
    case 0:
        as_baseline(desk);
        desk->event.consists_of =
            members_of(&desk->members, members,
                       (uint32_t)chance_below(chance, N(members) + 1));
        break;
    case 1:
        as_stamp(desk);
        break;
    case 2:
        as_own(desk);
        break;
    default:
        break;
    }
    e->time_ms = (int64_t)(chance_u64(chance) & CIM_SEQ_MAX);
    e->project_branch = some_text(chance, text[0]);
    if (e->baseline_name.p != NULL)
        e->baseline_name = some_text(chance, text[1]);
    if (chance_below(chance, 2) == 0)
        e->artifact_name = some_text(chance, text[2]);
    if (chance_below(chance, 2) == 0)
        e->artifact_digest = str(DIGEST);
    if (chance_below(chance, 2) == 0)
        e->links = link_of(&desk->links, "element", "onap", ID);
    if (chance_below(chance, 2) == 0) {
        cim_wire_put_map(&desk->ext, 1);
        cim_wire_put_str(&desk->ext, some_text(chance, text[3]));
        cim_wire_put_int(&desk->ext, (int64_t)chance_u64(chance) / 2);
        e->ext = cim_buf_bytes(&desk->ext);
    }
    assert_int_equal(cim_event_topic(e, str("odl"), &desk->topic), CIM_OK);
    e->topic = cim_buf_bytes(&desk->topic);
}

static void
random_events_come_back_from_their_bytes(void **state)
{
    struct chance chance = {23};

    for (int round = 0; round < 5000; round++) {
        struct desk *desk = *state;
        char text[4][64];
        tear_down(state);
        set_up(state);
        any_event(desk, &chance, text);
        if (parse(desk) != CIM_OK)
            fail_msg("round %d: %s", round, desk->diag.text);
        same_event(&desk->event, &desk->parsed);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(unknown_field_is_refused_at_publish_and_kept_by_followers),
        TEST(higher_version_is_checked_for_topic_id_and_type_only),
        TEST(version_is_at_least_1),
        TEST(wrong_kinds_are_refused),
        TEST(what_is_no_map_is_refused),
        TEST(event_has_at_most_64_kib),
        TEST(lists_are_walked_in_order),
        TEST(absent_lists_are_empty),
        TEST(random_events_come_back_from_their_bytes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

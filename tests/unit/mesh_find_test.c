/* SPDX-License-Identifier: MPL-2.0 */
/* One event by its name: whom it is asked of, what is made of an answer. */
#include <stdio.h>
#include <string.h>

#include "tests/unit/mesh_desk.h"

#define T0 "odl/Ping/t0/"

static void
look_for(struct desk *d, const char *community, const struct cim_uuid *id)
{
    mesh_find(d->mesh, mesh_find_new(community, id));
}

/* The search that ended; fails the test if none did. */
static const struct mesh_find *
result(const struct desk *d)
{
    assert_int_equal(d->n_found, 1);
    return d->found[0];
}

static void
what_is_followed_is_found_and_stored(void **state)
{
    struct desk *d = *state;

    desk_follow(d, "odl/", false);
    desk_meet(d);
    struct sealed *s = desk_seal(&d->odl, T0, 1);
    struct cim_buf slice = desk_slice(s);
    look_for(d, "odl", &s->ids[0]);
    assert_false(desk_was_asked(d, ONAP, CIM_SYNC_FIND));
    desk_found(d, ODL, &slice, 1);
    desk_disk(d);
    assert_int_equal(result(d)->err, CIM_OK);
    assert_int_equal(result(d)->n, 1);
    assert_string_equal(result(d)->found[0].peer, ODL);
    assert_true(result(d)->found[0].kept);
    assert_int_equal(desk_held(d, &d->odl), 1);
    assert_int_equal(desk_cursor(d, &d->odl, "odl/"), 0);
    cim_buf_clear(&slice);
    sealed_free(&s);
}

static void
what_is_not_followed_is_shown_and_not_stored(void **state)
{
    struct desk *d = *state;

    desk_follow(d, "odl/Pong/", false);
    desk_meet(d);
    struct sealed *s = desk_seal(&d->odl, T0, 1);
    struct cim_buf slice = desk_slice(s);
    look_for(d, "odl", &s->ids[0]);
    desk_found(d, ODL, &slice, 1);
    desk_disk(d);
    assert_int_equal(result(d)->n, 1);
    assert_false(result(d)->found[0].kept);
    assert_int_equal(result(d)->found[0].seq, 1);
    assert_int_equal(desk_held(d, &d->odl), 0);
    cim_buf_clear(&slice);
    sealed_free(&s);
}

static void
others_are_asked_when_the_author_has_none(void **state)
{
    struct desk *d = *state;

    desk_meet(d);
    struct sealed *s = desk_seal(&d->odl, T0, 1);
    struct cim_buf slice = desk_slice(s);
    look_for(d, "odl", &s->ids[0]);
    desk_found(d, ODL, NULL, 0);
    desk_found(d, ONAP, &slice, 1);
    assert_string_equal(result(d)->found[0].peer, ONAP);
    assert_int_equal(result(d)->asked, 2);
    cim_buf_clear(&slice);
    sealed_free(&s);
}

static void
an_older_node_is_passed_over_and_not_blamed(void **state)
{
    struct desk *d = *state;
    struct cim_uuid id = uuid_n(7);

    desk_meet(d);
    look_for(d, "odl", &id);
    desk_refuses(d, ODL, CIM_SYNC_FIND);
    desk_found(d, ONAP, NULL, 0);
    assert_int_equal(result(d)->err, CIM_ENOENT);
    assert_int_equal(result(d)->asked, 2);
    assert_int_equal(result(d)->answered, 1);
    assert_int_equal(desk_refused(d, CIM_EFORM), 0);
}

static void
a_silent_peer_holds_nobody_up(void **state)
{
    struct desk *d = *state;
    struct cim_uuid id = uuid_n(7);

    desk_meet(d);
    look_for(d, "odl", &id);
    desk_pass(d, 500);
    assert_false(desk_was_asked(d, ONAP, CIM_SYNC_FIND));
    desk_pass(d, 750);
    assert_true(desk_was_asked(d, ONAP, CIM_SYNC_FIND));
    desk_pass(d, 1000);
    assert_int_equal(d->n_found, 0);
    desk_pass(d, 3000);
    assert_int_equal(result(d)->err, CIM_ENOENT);
    assert_int_equal(result(d)->answered, 0);
}

/* What comes instead of the event that was asked for. */
static void
is_refused(struct desk *d, const struct cim_buf *slice, const char *community,
           const struct cim_uuid *id, enum cim_err reason)
{
    desk_meet(d);
    look_for(d, community, id);
    desk_found(d, strcmp(community, "odl") == 0 ? ODL : ONAP, slice, 1);
    assert_int_equal(desk_refused(d, reason), 1);
    assert_int_equal(d->n_found, 0);
}

static void
another_event_is_refused(void **state)
{
    struct desk *d = *state;
    struct cim_uuid id = uuid_n(12345);
    struct sealed *s = desk_seal(&d->odl, T0, 1);
    struct cim_buf slice = desk_slice(s);

    is_refused(d, &slice, "odl", &id, CIM_EUNASKED);
    cim_buf_clear(&slice);
    sealed_free(&s);
}

static void
an_event_of_another_community_is_refused(void **state)
{
    struct desk *d = *state;
    struct sealed *s = desk_seal(&d->odl, T0, 1);
    struct cim_buf slice = desk_slice(s);

    is_refused(d, &slice, "onap", &s->ids[0], CIM_EUNASKED);
    cim_buf_clear(&slice);
    sealed_free(&s);
}

static void
several_events_in_a_slice_are_refused(void **state)
{
    struct desk *d = *state;
    struct sealed *s = desk_seal(&d->odl, T0, 2);
    struct cim_buf slice = desk_slice(s);

    is_refused(d, &slice, "odl", &s->ids[0], CIM_EUNASKED);
    cim_buf_clear(&slice);
    sealed_free(&s);
}

static void
what_is_not_proven_is_refused(void **state)
{
    struct desk *d = *state;
    struct sealed *s = desk_seal(&d->odl, T0, 1);
    struct cim_buf slice = desk_slice(s);

    slice.p[slice.len - 5] ^= 1;
    is_refused(d, &slice, "odl", &s->ids[0], CIM_EROOT);
    cim_buf_clear(&slice);
    sealed_free(&s);
}

static void
whom_nobody_could_check_is_not_looked_for(void **state)
{
    struct desk *d = *state;
    struct cim_uuid id = uuid_n(7);

    desk_meet(d);
    look_for(d, "fdio", &id);
    assert_int_equal(result(d)->err, CIM_EKEY);
    assert_int_equal(result(d)->asked, 0);
}

static void
a_peer_has_one_find_at_a_time(void **state)
{
    struct desk *d = *state;
    size_t open = 0;

    desk_meet(d);
    for (unsigned i = 0; i < MESH_SEARCHES_MAX; i++) {
        struct cim_uuid id = uuid_n(i);
        look_for(d, "odl", &id);
    }
    for (size_t i = 0; i < d->n_asked; i++)
        open += !d->asked[i].answered && strcmp(d->asked[i].to, ODL) == 0;
    assert_int_equal(open, 1);
    assert_int_equal(d->n_found, 0);
    struct cim_uuid more = uuid_n(99);
    look_for(d, "odl", &more);
    assert_int_equal(result(d)->err, CIM_EQUOTA);
    desk_pass(d, 6000);
    assert_int_equal(d->n_found, MESH_SEARCHES_MAX + 1);
}

static void
a_lost_link_ends_the_request(void **state)
{
    struct desk *d = *state;
    struct cim_uuid id = uuid_n(7);

    desk_meet(d);
    look_for(d, "odl", &id);
    mesh_relinked(d->mesh, ODL);
    desk_pass(d, 250);
    assert_true(desk_was_asked(d, ONAP, CIM_SYNC_FIND));
    desk_found(d, ONAP, NULL, 0);
    assert_int_equal(result(d)->err, CIM_ENOENT);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, desk_up, desk_down)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_is_followed_is_found_and_stored),
        TEST(what_is_not_followed_is_shown_and_not_stored),
        TEST(others_are_asked_when_the_author_has_none),
        TEST(an_older_node_is_passed_over_and_not_blamed),
        TEST(a_silent_peer_holds_nobody_up),
        TEST(another_event_is_refused),
        TEST(an_event_of_another_community_is_refused),
        TEST(several_events_in_a_slice_are_refused),
        TEST(what_is_not_proven_is_refused),
        TEST(whom_nobody_could_check_is_not_looked_for),
        TEST(a_peer_has_one_find_at_a_time),
        TEST(a_lost_link_ends_the_request),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

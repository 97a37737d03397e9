/* SPDX-License-Identifier: MPL-2.0 */
/* Catch-up: whom a node asks for what, and what moves a cursor. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/mesh_desk.h"

#define T0 "odl/Ping/t0/"
#define T1 "odl/Ping/t1/"

static void
what_was_missed_is_fetched_from_its_author(void **state)
{
    struct desk *d = *state;
    struct sealed *s;

    desk_follow(d, "odl/", false);
    desk_meet(d);
    s = desk_theirs(d, T0, 5);
    desk_beacon(d, ODL, s);
    desk_heads(d, ODL, &s, 1);
    desk_page(d, ODL);
    assert_int_equal(desk_held(d, &d->odl), 5);
    assert_int_equal(desk_cursor(d, &d->odl, ""), 5);
    assert_false(desk_was_asked(d, ODL, CIM_SYNC_FETCH));
    sealed_free(&s);
}

static void
all_prefixes_of_a_log_go_in_one_fetch(void **state)
{
    struct desk *d = *state;
    struct sealed *s;
    struct cim_sync msg = {0};

    desk_follow(d, T0, false);
    desk_follow(d, T1, false);
    desk_meet(d);
    s = desk_theirs(d, T0, 5);
    desk_beacon(d, ODL, s);
    desk_asked(d, ODL, CIM_SYNC_FETCH, &msg);
    assert_int_equal(msg.u.fetch_ask.n_prefixes, 2);
    assert_int_equal(msg.u.fetch_ask.after, 0);
    assert_int_equal(msg.u.fetch_ask.upto, 5);
    cim_sync_clear(&msg);
    desk_page(d, ODL);
    assert_int_equal(desk_cursor(d, &d->odl, T0), 5);
    assert_int_equal(desk_cursor(d, &d->odl, T1), 5);
    sealed_free(&s);
}

static void
fetch_says_what_is_held_already(void **state)
{
    struct desk *d = *state;
    struct sealed *s[2];
    struct cim_sync msg = {0};

    desk_follow(d, T0, false);
    desk_meet(d);
    s[0] = desk_theirs(d, T1, 2);
    s[1] = desk_theirs(d, T0, 3);
    desk_live(d, s[1], T0);
    desk_beacon(d, ODL, s[1]);
    desk_asked(d, ODL, CIM_SYNC_FETCH, &msg);
    assert_int_equal(msg.u.fetch_ask.have.n, 3);
    cim_sync_clear(&msg);
    desk_page(d, ODL);
    assert_int_equal(desk_held(d, &d->odl), 3);
    assert_int_equal(desk_cursor(d, &d->odl, T0), 5);
    sealed_free(&s[0]);
    sealed_free(&s[1]);
}

static void
filtered_follower_asks_once_a_beacon(void **state)
{
    struct desk *d = *state;
    struct sealed *s[3];

    desk_follow(d, T0, false);
    desk_meet(d);
    for (unsigned i = 0; i < 3; i++) {
        s[i] = desk_theirs(d, T0, 1);
        desk_live(d, s[i], T0);
    }
    assert_false(desk_was_asked(d, ODL, CIM_SYNC_FETCH));
    desk_beacon(d, ODL, s[2]);
    assert_true(desk_was_asked(d, ODL, CIM_SYNC_FETCH));
    for (unsigned i = 0; i < 3; i++)
        sealed_free(&s[i]);
}

static void
follower_of_everything_needs_no_fetch(void **state)
{
    struct desk *d = *state;
    struct sealed *s;

    desk_follow(d, "odl/", false);
    desk_meet(d);
    s = desk_theirs(d, T0, 3);
    desk_live(d, s, T0);
    desk_beacon(d, ODL, s);
    assert_int_equal(desk_cursor(d, &d->odl, ""), 3);
    assert_false(desk_was_asked(d, ODL, CIM_SYNC_FETCH));
    sealed_free(&s);
}

/* odl is away; onap says that it holds this much of its log. */
static void
odl_away(struct desk *d, struct sealed *s)
{
    desk_pass(d, 14000);
    desk_beacon(d, ONAP, NULL);
    desk_pass(d, 2000);
    assert_false(mesh_peer_up(d->mesh, ODL));
    desk_heads(d, ONAP, &s, 1);
}

static void
others_are_asked_while_the_author_is_away(void **state)
{
    struct desk *d = *state;
    struct sealed *s;

    desk_follow(d, "odl/", false);
    desk_meet(d);
    s = desk_theirs(d, T0, 4);
    odl_away(d, s);
    desk_page(d, ONAP);
    assert_int_equal(desk_held(d, &d->odl), 4);
    sealed_free(&s);
}

static void
only_the_authors_word_moves_a_cursor(void **state)
{
    struct desk *d = *state;
    struct sealed *s;

    desk_follow(d, T0, false);
    desk_meet(d);
    s = desk_theirs(d, T0, 4);
    odl_away(d, s);
    desk_page(d, ONAP);
    assert_int_equal(desk_held(d, &d->odl), 4);
    assert_int_equal(desk_cursor(d, &d->odl, T0), 0);
    desk_beacon(d, ODL, s);
    desk_heads(d, ODL, &s, 1);
    desk_page(d, ODL);
    assert_int_equal(desk_cursor(d, &d->odl, T0), 4);
    sealed_free(&s);
}

static void
other_peer_is_asked_once_for_an_entry(void **state)
{
    struct desk *d = *state;
    struct sealed *s;

    desk_follow(d, T0, false);
    desk_meet(d);
    s = desk_theirs(d, T0, 4);
    odl_away(d, s);
    desk_empty_page(d, ONAP, 4, 4);
    assert_false(desk_was_asked(d, ONAP, CIM_SYNC_FETCH));
    for (int i = 0; i < 7; i++) {
        desk_pass(d, 4500);
        desk_beacon(d, ONAP, NULL);
    }
    desk_heads(d, ONAP, &s, 1);
    assert_false(desk_was_asked(d, ONAP, CIM_SYNC_FETCH));
    sealed_free(&s);
}

static void
page_that_leads_no_further_ends_the_pass(void **state)
{
    struct desk *d = *state;
    struct sealed *s;

    desk_follow(d, "odl/", false);
    desk_meet(d);
    s = desk_theirs(d, T0, 4);
    odl_away(d, s);
    desk_empty_page(d, ONAP, 0, 4);
    assert_false(desk_was_asked(d, ONAP, CIM_SYNC_FETCH));
    sealed_free(&s);
}

static void
author_that_lost_its_tail_is_not_asked_for_it(void **state)
{
    struct desk *d = *state;
    struct sealed *s;

    desk_follow(d, "odl/", false);
    desk_meet(d);
    s = desk_seal(&d->odl, T0, 4);
    desk_beacon(d, ODL, s);
    desk_empty_page(d, ODL, 2, 2);
    assert_false(desk_was_asked(d, ODL, CIM_SYNC_FETCH));
    sealed_free(&s);
}

/* Positions 1 to 4 are asked for; a slice of 1 to 6 comes. */
static void
positions_that_were_not_asked_for_are_not_kept(void **state)
{
    struct desk *d = *state;
    struct author twin;
    struct sealed *s[2];
    struct cim_sync msg = {0};
    struct cim_buf slice, out = {0};
    struct cim_bytes slices[1];
    struct cim_fetch_answer a = {
        .covered = 4, .last = 4, .slices = slices, .n_slices = 1};

    desk_follow(d, "odl/", false);
    desk_meet(d);
    twin = d->odl;
    s[0] = desk_seal(&twin, T0, 4);
    s[1] = desk_seal(&d->odl, T0, 6);
    odl_away(d, s[0]);
    slice = desk_slice(s[1]);
    slices[0] = cim_buf_bytes(&slice);
    desk_asked(d, ONAP, CIM_SYNC_FETCH, &msg);
    a.rid = msg.rid;
    assert_int_equal(cim_fetch_answer_write(&a, &out), CIM_OK);
    mesh_answer(d->mesh, ONAP, cim_buf_bytes(&out));
    desk_disk(d);
    assert_int_equal(desk_held(d, &d->odl), 4);
    assert_int_equal(desk_refused(d, CIM_EUNASKED), 1);
    cim_sync_clear(&msg);
    cim_buf_clear(&out);
    cim_buf_clear(&slice);
    sealed_free(&s[0]);
    sealed_free(&s[1]);
}

static void
new_prefix_is_asked_of_others_that_were_asked_before(void **state)
{
    struct desk *d = *state;
    struct sealed *s;

    desk_follow(d, T0, false);
    desk_meet(d);
    s = desk_theirs(d, T1, 4);
    odl_away(d, s);
    desk_page(d, ONAP);
    assert_int_equal(desk_held(d, &d->odl), 0);
    desk_follow(d, T1, false);
    desk_disk(d);
    desk_page(d, ONAP);
    assert_int_equal(desk_held(d, &d->odl), 4);
    sealed_free(&s);
}

static void
header_that_found_no_room_is_given_again(void **state)
{
    struct desk *d = *state;
    struct sealed *s;
    struct store_log_state log;

    desk_follow(d, T0, false);
    desk_meet(d);
    s = desk_theirs(d, T1, 1);
    d->full = true;
    desk_beacon(d, ODL, s);
    d->full = false;
    desk_pass(d, 6000);
    mesh_relinked(d->mesh, ODL);
    desk_heads(d, ODL, &s, 1);
    log = state_of(d->store, &d->odl);
    assert_true(cim_hash_eq(&log.head_hash, &s->hash));
    store_log_state_clear(&log);
    sealed_free(&s);
}

static void
low_room_takes_nothing_from_peers_and_fetches_it_later(void **state)
{
    struct desk *d = *state;
    struct sealed *s;

    desk_follow(d, T0, false);
    desk_meet(d);
    d->low = true;
    mesh_publish(d->mesh, desk_request("opnfv/Ping/t0/", 1, 1));
    desk_disk(d);
    s = desk_theirs(d, T0, 4);
    desk_live(d, s, T0);
    desk_beacon(d, ODL, s);
    assert_int_equal(desk_held(d, &d->odl), 0);
    assert_false(desk_was_asked(d, ODL, CIM_SYNC_FETCH));
    d->low = false;
    desk_pass(d, 1500);
    desk_page(d, ODL);
    assert_int_equal(desk_held(d, &d->odl), 4);
    sealed_free(&s);
}

static void
three_unanswered_requests_mean_away(void **state)
{
    struct desk *d = *state;
    struct sealed *s;

    desk_follow(d, "odl/", false);
    desk_meet(d);
    s = desk_theirs(d, T0, 4);
    desk_beacon(d, ODL, s);
    desk_heads(d, ODL, &s, 1);
    assert_true(desk_was_asked(d, ODL, CIM_SYNC_FETCH));
    for (int i = 0; i < 6; i++) {
        desk_pass(d, 4000);
        desk_beacon(d, ODL, s);
        desk_beacon(d, ONAP, NULL);
    }
    desk_heads(d, ONAP, &s, 1);
    desk_page(d, ONAP);
    assert_int_equal(desk_held(d, &d->odl), 4);
    sealed_free(&s);
}

/* Else a thin line would begin the same long page again and again. */
static void
page_that_did_not_come_is_asked_for_in_smaller_ones(void **state)
{
    struct desk *d = *state;
    struct cim_sync msg = {0};
    struct sealed *s;

    desk_follow(d, "odl/", false);
    desk_meet(d);
    s = desk_theirs(d, T0, 1000);
    desk_beacon(d, ODL, s);
    desk_heads(d, ODL, &s, 1);
    desk_asked(d, ODL, CIM_SYNC_FETCH, &msg);
    assert_int_equal(msg.u.fetch_ask.upto, 1000);
    cim_sync_clear(&msg);
    for (int i = 0; i < 4; i++) {
        desk_beacon(d, ODL, s);
        desk_pass(d, 4000);
    }
    desk_asked(d, ODL, CIM_SYNC_FETCH, &msg);
    assert_true(msg.u.fetch_ask.upto - msg.u.fetch_ask.after < 1000);
    cim_sync_clear(&msg);
    sealed_free(&s);
}

/* A partition makes it wait longer and longer; its end starts anew. */
static void
new_connection_is_not_waited_for_as_long_as_the_old_one(void **state)
{
    struct desk *d = *state;
    struct sealed *s;
    size_t asked;

    desk_follow(d, "odl/", false);
    desk_meet(d);
    s = desk_theirs(d, T0, 4);
    for (int i = 0; i < 12; i++) {
        desk_beacon(d, ODL, s);
        desk_pass(d, 4000);
    }
    mesh_relinked(d->mesh, ODL);
    desk_beacon(d, ODL, s);
    asked = d->n_asked;
    desk_pass(d, 3500);
    sealed_free(&s);
    s = desk_theirs(d, T0, 1);
    desk_beacon(d, ODL, s); /* there is something to ask for */
    assert_true(d->n_asked > asked);
    sealed_free(&s);
}

static void
any_answer_ends_being_away(void **state)
{
    struct desk *d = *state;
    struct sealed *s;

    desk_follow(d, "odl/", false);
    desk_meet(d);
    s = desk_theirs(d, T0, 4);
    desk_beacon(d, ODL, s);
    for (int i = 0; i < 6; i++) {
        desk_pass(d, 4000);
        desk_beacon(d, ODL, s);
    }
    for (size_t i = 0; i < d->n_asked; i++)
        d->asked[i].answered = true;
    desk_pass(d, 14000);
    assert_false(desk_was_asked(d, ODL, CIM_SYNC_FETCH));
    desk_heads(d, ODL, &s, 1);
    desk_page(d, ODL);
    assert_int_equal(desk_held(d, &d->odl), 4);
    sealed_free(&s);
}

static void
at_most_two_requests_are_in_flight(void **state)
{
    struct desk *d = *state;
    struct sealed *s[4];
    size_t open = 0;

    desk_follow(d, "odl/", false);
    desk_meet(d);
    for (unsigned i = 0; i < 4; i++) {
        d->odl.epoch++;
        d->odl.last = 0;
        s[i] = desk_theirs(d, T0, 1);
    }
    desk_poll(d);
    for (size_t i = 0; i < d->n_asked; i++)
        d->asked[i].answered =
            strcmp(d->asked[i].to, ODL) != 0 || i + 2 < d->n_asked;
    desk_heads(d, ODL, s, 4);
    for (size_t i = 0; i < d->n_asked; i++)
        open += !d->asked[i].answered;
    assert_int_equal(open, 2);
    for (unsigned i = 0; i < 4; i++)
        desk_page(d, ODL);
    for (unsigned i = 0; i < 4; i++)
        sealed_free(&s[i]);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, desk_up, desk_down)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_was_missed_is_fetched_from_its_author),
        TEST(all_prefixes_of_a_log_go_in_one_fetch),
        TEST(fetch_says_what_is_held_already),
        TEST(filtered_follower_asks_once_a_beacon),
        TEST(follower_of_everything_needs_no_fetch),
        TEST(others_are_asked_while_the_author_is_away),
        TEST(only_the_authors_word_moves_a_cursor),
        TEST(other_peer_is_asked_once_for_an_entry),
        TEST(page_that_leads_no_further_ends_the_pass),
        TEST(author_that_lost_its_tail_is_not_asked_for_it),
        TEST(positions_that_were_not_asked_for_are_not_kept),
        TEST(new_prefix_is_asked_of_others_that_were_asked_before),
        TEST(header_that_found_no_room_is_given_again),
        TEST(low_room_takes_nothing_from_peers_and_fetches_it_later),
        TEST(three_unanswered_requests_mean_away),
        TEST(page_that_did_not_come_is_asked_for_in_smaller_ones),
        TEST(new_connection_is_not_waited_for_as_long_as_the_old_one),
        TEST(any_answer_ends_being_away),
        TEST(at_most_two_requests_are_in_flight),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

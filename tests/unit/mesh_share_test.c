/* SPDX-License-Identifier: MPL-2.0 */
/* What one peer may cost the others: asking, reading, and room in the store. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/mesh_desk.h"

#define T0 "odl/Ping/t0/"

/* odl signs a head far ahead of anything it will ever send. */
static struct sealed *
far_head(struct desk *d, uint64_t last)
{
    struct sealed *s;

    d->odl.last = last - 1;
    s = desk_seal(&d->odl, T0, 1);
    desk_beacon(d, ODL, s);
    desk_heads(d, ODL, &s, 1);
    return s;
}

/* Makes room: what was answered is forgotten. */
static void
tidy(struct desk *d)
{
    size_t n = 0;

    for (size_t i = 0; i < d->n_asked; i++)
        if (d->asked[i].answered)
            cim_buf_clear(&d->asked[i].frame);
        else
            d->asked[n++] = d->asked[i];
    d->n_asked = n;
    d->n_notes = 0;
}

/* How far the waiting fetch asks. */
static uint64_t
next_upto(struct desk *d)
{
    struct cim_sync msg = {0};
    uint64_t upto;

    desk_asked(d, ODL, CIM_SYNC_FETCH, &msg);
    upto = msg.u.fetch_ask.upto;
    cim_sync_clear(&msg);
    return upto;
}

/* Answers whatever is asked for so many ms; how many pages that were. */
static unsigned
empty_pages(struct desk *d, int64_t ms, uint64_t short_by, uint64_t last)
{
    unsigned n = 0;

    for (; ms > 0; ms -= 100) {
        while (desk_was_asked(d, ODL, CIM_SYNC_FETCH)) {
            uint64_t upto = next_upto(d);

            desk_empty_page(d, ODL, short_by ? upto - short_by : upto, last);
            n++;
        }
        tidy(d);
        d->mono_ms += 100;
        mesh_tick(d->mesh);
        desk_disk(d);
    }
    return n;
}

static void
page_without_slices_that_stops_short_ends_the_pass(void **state)
{
    struct desk *d = *state;
    struct sealed *s;

    desk_follow(d, "odl/", false);
    desk_meet(d);
    s = far_head(d, CIM_SEQ_MAX);
    /* One more, since the list of heads came after the beacon. */
    assert_in_range(empty_pages(d, 1000, 1, CIM_SEQ_MAX), 1, 2);
    sealed_free(&s);
}

static void
page_without_slices_up_to_the_head_moves_the_cursor(void **state)
{
    struct desk *d = *state;
    struct sealed *s;

    desk_follow(d, "odl/", false);
    desk_meet(d);
    s = far_head(d, 100);
    desk_empty_page(d, ODL, 60, 60);
    assert_int_equal(desk_cursor(d, &d->odl, ""), 60);
    sealed_free(&s);
}

static void
pages_that_bring_nothing_are_paced(void **state)
{
    struct desk *d = *state;
    struct sealed *s;

    desk_follow(d, "odl/", false);
    desk_meet(d);
    s = far_head(d, CIM_SEQ_MAX);
    empty_pages(d, 2000, 0, CIM_SEQ_MAX);
    assert_in_range(empty_pages(d, 5000, 0, CIM_SEQ_MAX), 80, 120);
    sealed_free(&s);
}

static void
others_are_asked_while_one_is_paced(void **state)
{
    struct desk *d = *state;
    struct sealed *far, *s = desk_seal(&d->onap, "onap/Ping/t0/", 3);

    desk_follow(d, "odl/", false);
    desk_follow(d, "onap/", false);
    desk_meet(d);
    far = far_head(d, CIM_SEQ_MAX);
    empty_pages(d, 2000, 0, CIM_SEQ_MAX);
    keep_all(d->theirs, s);
    desk_beacon(d, ONAP, s);
    assert_true(desk_was_asked(d, ONAP, CIM_SYNC_FETCH));
    desk_page(d, ONAP);
    assert_int_equal(desk_held(d, &d->onap), 3);
    sealed_free(&s);
    sealed_free(&far);
}

/* n slices of one event each; the disk stands still. */
static void
flood(struct desk *d, struct author *a, const char *topic, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        struct sealed *s = desk_seal(a, topic, 1);
        struct cim_buf frame = desk_slice(s);

        mesh_live(d->mesh, a->node, cim_bytes_str(topic),
                  cim_buf_bytes(&frame));
        cim_buf_clear(&frame);
        sealed_free(&s);
    }
}

static void
flooding_peer_is_left_unread_and_others_are_heard(void **state)
{
    struct desk *d = *state;

    desk_follow(d, "odl/", false);
    desk_follow(d, "onap/", false);
    desk_meet(d);
    assert_true(mesh_hears(d->mesh, ODL));
    flood(d, &d->odl, T0, 24);
    assert_false(mesh_hears(d->mesh, ODL));
    assert_true(mesh_hears(d->mesh, ONAP));
    desk_turn(d);
    assert_true(mesh_hears(d->mesh, ODL));
}

static void
flood_leaves_room_for_a_few_jobs_of_others(void **state)
{
    struct desk *d = *state;

    desk_follow(d, "odl/", false);
    desk_follow(d, "onap/", false);
    desk_meet(d);
    flood(d, &d->odl, T0, 80);
    flood(d, &d->onap, "onap/Ping/t0/", 4);
    desk_disk(d);
    assert_int_equal(desk_held(d, &d->onap), 4);
}

static void
peer_that_makes_us_verify_without_end_is_left_unread_for_a_while(void **state)
{
    struct desk *d = *state;
    unsigned n = 0;

    desk_follow(d, "odl/", false);
    desk_meet(d);
    while (mesh_hears(d->mesh, ODL) && n < 20000) {
        flood(d, &d->odl, T0, 1);
        desk_disk(d);
        n++;
    }
    assert_in_range(n, 2000, 10000);
    assert_true(mesh_hears(d->mesh, ONAP));
    desk_pass(d, 250);
    assert_true(mesh_hears(d->mesh, ODL));
}

static void
page_of_many_small_batches_makes_the_next_one_shorter(void **state)
{
    struct desk *d = *state;
    struct sealed *s = NULL;

    for (unsigned i = 0; i < 4500; i++) {
        if (s)
            sealed_free(&s);
        s = desk_seal(&d->odl, T0, 1);
        keep_all(d->theirs, s);
    }
    desk_follow(d, "odl/", false);
    desk_meet(d);
    desk_beacon(d, ODL, s);
    desk_heads(d, ODL, &s, 1);
    assert_int_equal(next_upto(d), 4500);
    desk_page(d, ODL);
    assert_in_range(desk_held(d, &d->odl), 1500, 4000); /* 1 MiB */
    d->mono_ms += 1000;
    mesh_tick(d->mesh);
    desk_disk(d);
    assert_in_range(next_upto(d) - desk_held(d, &d->odl), 900, 1100);
    sealed_free(&s);
}

static void
list_of_heads_is_not_asked_for_while_the_peer_is_overdrawn(void **state)
{
    struct desk *d = *state;
    struct sealed *far;

    desk_follow(d, "odl/", false);
    desk_meet(d);
    far = far_head(d, CIM_SEQ_MAX);
    empty_pages(d, 2000, 0, CIM_SEQ_MAX);
    while (desk_was_asked(d, ODL, CIM_SYNC_FETCH))
        desk_empty_page(d, ODL, next_upto(d), CIM_SEQ_MAX);
    mesh_relinked(d->mesh, ODL);
    assert_false(desk_was_asked(d, ODL, CIM_SYNC_HEADS));
    desk_pass(d, 250);
    assert_true(desk_was_asked(d, ODL, CIM_SYNC_HEADS));
    sealed_free(&far);
}

/* A header of one event in an epoch of its own, from its author's list. */
static void
show_epoch(struct desk *d, uint64_t epoch)
{
    struct sealed *s;

    d->odl.epoch = epoch;
    d->odl.last = 0;
    s = desk_seal(&d->odl, T0, 1);
    desk_beacon(d, ODL, s);
    tidy(d);
    sealed_free(&s);
}

static void
node_with_too_many_epochs_is_followed_in_its_newest(void **state)
{
    struct desk *d = *state;
    struct sealed *s;
    struct view_peers v;

    desk_start(d);
    for (uint64_t e = 1; e <= 16384; e++) {
        show_epoch(d, e);
        d->mono_ms += 10;
    }
    desk_follow(d, "odl/", false);
    d->odl.epoch = 16385;
    d->odl.last = 0;
    s = desk_seal(&d->odl, T0, 3);
    desk_live(d, s, T0);
    assert_int_equal(desk_held(d, &d->odl), 3);
    mesh_view_peers(d->mesh, &v);
    assert_int_equal(v.v[0].head_epoch, 16385);
    view_peers_clear(&v);
    /* What made room for it was never caught up with, and stays away. */
    assert_in_range(desk_refused(d, CIM_EQUOTA), 1, 1024);
    d->mono_ms += 1000;
    show_epoch(d, 1);
    assert_in_range(desk_refused(d, CIM_EQUOTA), 1, 1024);
    sealed_free(&s);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, desk_up, desk_down)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(page_without_slices_that_stops_short_ends_the_pass),
        TEST(page_without_slices_up_to_the_head_moves_the_cursor),
        TEST(pages_that_bring_nothing_are_paced),
        TEST(others_are_asked_while_one_is_paced),
        TEST(flooding_peer_is_left_unread_and_others_are_heard),
        TEST(flood_leaves_room_for_a_few_jobs_of_others),
        TEST(peer_that_makes_us_verify_without_end_is_left_unread_for_a_while),
        TEST(node_with_too_many_epochs_is_followed_in_its_newest),
        TEST(page_of_many_small_batches_makes_the_next_one_shorter),
        TEST(list_of_heads_is_not_asked_for_while_the_peer_is_overdrawn),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

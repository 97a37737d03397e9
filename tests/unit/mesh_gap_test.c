/* SPDX-License-Identifier: MPL-2.0 */
/* What an author no longer has, and what cannot be proven: ask the next. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/mesh_desk.h"

#define T0 "odl/Ping/t0/"
#define T1 "odl/Ping/t1/"

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

/* odl lost its first two events; onap may have them. */
static void
author_misses_two(struct desk *d, struct sealed *s[2])
{
    struct store_job *job = store_job_new(STORE_PURGE);

    s[0] = desk_theirs(d, T0, 2);
    s[1] = desk_theirs(d, T0, 2);
    job->purge.max_bytes = 1;
    commit_ok(d->theirs, &job);
    keep_all(d->theirs, s[1]);
}

/* Answers odl's fetch: all of the second batch, the first is missing. */
static void
page_with_gap(struct desk *d, const struct sealed *second)
{
    struct cim_sync msg = {0};
    struct desk_frame *ask = desk_asked(d, ODL, CIM_SYNC_FETCH, &msg);
    struct cim_span missing = {.first = 1, .n = 2};
    struct cim_buf slice = desk_slice(second);
    struct cim_bytes slices[1] = {cim_buf_bytes(&slice)};
    struct cim_fetch_answer a = {.rid = msg.rid,
                                 .covered = 4,
                                 .last = 4,
                                 .missing = &missing,
                                 .n_missing = 1,
                                 .slices = slices,
                                 .n_slices = 1};
    struct cim_buf out = {0};

    assert_int_equal(cim_fetch_answer_write(&a, &out), CIM_OK);
    ask->answered = true;
    mesh_answer(d->mesh, ODL, cim_buf_bytes(&out));
    desk_disk(d);
    cim_sync_clear(&msg);
    cim_buf_clear(&out);
    cim_buf_clear(&slice);
}

/* Answers a fetch with this batch, as far as it goes. */
static void
page_of(struct desk *d, const char *peer, const struct sealed *s,
        uint64_t covered)
{
    struct cim_sync msg = {0};
    struct desk_frame *ask = desk_asked(d, peer, CIM_SYNC_FETCH, &msg);
    struct cim_buf slice = desk_slice(s);
    struct cim_bytes slices[1] = {cim_buf_bytes(&slice)};
    struct cim_fetch_answer a = {.rid = msg.rid,
                                 .covered = covered,
                                 .last = 4,
                                 .slices = slices,
                                 .n_slices = 1};
    struct cim_buf out = {0};

    assert_int_equal(cim_fetch_answer_write(&a, &out), CIM_OK);
    ask->answered = true;
    mesh_answer(d->mesh, peer, cim_buf_bytes(&out));
    desk_disk(d);
    cim_sync_clear(&msg);
    cim_buf_clear(&out);
    cim_buf_clear(&slice);
}

static void
gap_is_asked_of_others_and_closed_by_a_find(void **state)
{
    struct desk *d = *state;
    struct sealed *s[2];

    desk_follow(d, "odl/", false);
    desk_meet(d);
    author_misses_two(d, s);
    desk_beacon(d, ODL, s[1]);
    page_with_gap(d, s[1]);
    assert_int_equal(desk_noted(d, MESH_GAP), 1);
    assert_int_equal(desk_cursor(d, &d->odl, ""), 4);
    desk_poll(d);
    desk_heads(d, ONAP, &s[1], 1);
    page_of(d, ONAP, s[0], 2);
    assert_int_equal(desk_held(d, &d->odl), 4);
    assert_int_equal(desk_noted(d, MESH_GAP_CLOSED), 1);
    sealed_free(&s[0]);
    sealed_free(&s[1]);
}

/* Answers the last heads ask of odl: this head, so many events held. */
static void
odl_holds(struct desk *d, const struct sealed *s, uint64_t held)
{
    struct cim_sync msg = {0};
    struct desk_frame *ask = desk_asked(d, ODL, CIM_SYNC_HEADS, &msg);
    struct cim_heads_entry entry = {.head = s->sh, .held = held};
    struct cim_heads_answer a = {
        .rid = msg.rid, .entries = &entry, .n_entries = 1};
    struct cim_buf out = {0};

    a.digest.b[0] = (uint8_t)held;
    assert_int_equal(cim_heads_answer_write(&a, &out), CIM_OK);
    ask->answered = true;
    mesh_answer(d->mesh, ODL, cim_buf_bytes(&out));
    desk_disk(d);
    cim_sync_clear(&msg);
    cim_buf_clear(&out);
}

static void
gap_is_asked_of_the_author_again_when_its_entry_changes(void **state)
{
    struct desk *d = *state;
    struct sealed *s[2];

    desk_follow(d, "odl/", false);
    desk_meet(d);
    author_misses_two(d, s);
    desk_poll(d);
    odl_holds(d, s[1], 2);
    page_with_gap(d, s[1]);
    assert_false(desk_was_asked(d, ODL, CIM_SYNC_FETCH));
    desk_poll(d);
    odl_holds(d, s[1], 2);
    assert_false(desk_was_asked(d, ODL, CIM_SYNC_FETCH));
    desk_poll(d);
    odl_holds(d, s[1], 4);
    page_of(d, ODL, s[0], 2);
    assert_int_equal(desk_held(d, &d->odl), 4);
    assert_int_equal(desk_noted(d, MESH_GAP_CLOSED), 1);
    sealed_free(&s[0]);
    sealed_free(&s[1]);
}

static void
purged_events_are_no_longer_counted_as_stored(void **state)
{
    struct desk *d = *state;
    struct store_job *job = store_job_new(STORE_PURGE);
    struct sealed *s = desk_theirs(d, T0, 4);
    struct view_status status;

    desk_follow(d, "odl/", false);
    desk_meet(d);
    desk_live(d, s, T0);
    mesh_view_status(d->mesh, &status);
    assert_int_equal(status.stored, 4);
    view_status_clear(&status);
    job->purge.max_bytes = 1;
    commit_job(d->store, job);
    mesh_job_done(d->mesh, job);
    mesh_view_status(d->mesh, &status);
    assert_int_equal(status.stored, 0);
    view_status_clear(&status);
    sealed_free(&s);
}

static void
event_set_aside_is_fetched_again(void **state)
{
    struct desk *d = *state;
    struct sealed *s;
    struct store_job *job = store_job_new(STORE_ASIDE);

    desk_follow(d, "odl/", false);
    desk_meet(d);
    s = desk_theirs(d, T0, 3);
    desk_live(d, s, T0);
    desk_beacon(d, ODL, s);
    desk_heads(d, ODL, &s, 1);
    job->aside.log = log_of(&d->odl);
    job->aside.seq = 2;
    span_add(&job->gaps, 2, 1); /* as the store does for rot */
    mesh_job_done(d->mesh, job);
    desk_disk(d);
    assert_true(desk_was_asked(d, ODL, CIM_SYNC_FETCH));
    sealed_free(&s);
}

static void
unproven_page_says_nothing_and_the_next_peer_is_asked(void **state)
{
    struct desk *d = *state;
    struct sealed *s;

    desk_follow(d, "odl/", false);
    desk_meet(d);
    s = desk_theirs(d, T0, 4);
    desk_beacon(d, ODL, s);
    desk_heads(d, ODL, &s, 1);
    s->events[0].p[s->events[0].len - 1] ^= 1;
    page_of(d, ODL, s, 4);
    s->events[0].p[s->events[0].len - 1] ^= 1;
    assert_int_equal(desk_held(d, &d->odl), 0);
    assert_int_equal(desk_cursor(d, &d->odl, ""), 0);
    assert_int_equal(desk_refused(d, CIM_EROOT), 1);
    desk_poll(d);
    desk_heads(d, ONAP, &s, 1);
    page_of(d, ONAP, s, 4);
    assert_int_equal(desk_held(d, &d->odl), 4);
    sealed_free(&s);
}

static void
key_nobody_knows_in_a_third_peers_page_blocks_nothing(void **state)
{
    struct desk *d = *state;
    struct sealed *s;

    desk_follow(d, "odl/", false);
    desk_meet(d);
    s = desk_theirs(d, T0, 4);
    odl_away(d, s);
    /* The key id in the header's bytes, after [1, node. */
    s->sh.bytes[2 + 1 + strlen(ODL) + 2] ^= 1;
    page_of(d, ONAP, s, 4);
    s->sh.bytes[2 + 1 + strlen(ODL) + 2] ^= 1;
    assert_int_equal(desk_noted(d, MESH_UNKNOWN_KEY), 1);
    desk_beacon(d, ODL, s);
    desk_heads(d, ODL, &s, 1);
    desk_page(d, ODL);
    assert_int_equal(desk_held(d, &d->odl), 4);
    sealed_free(&s);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, desk_up, desk_down)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(gap_is_asked_of_others_and_closed_by_a_find),
        TEST(gap_is_asked_of_the_author_again_when_its_entry_changes),
        TEST(purged_events_are_no_longer_counted_as_stored),
        TEST(event_set_aside_is_fetched_again),
        TEST(unproven_page_says_nothing_and_the_next_peer_is_asked),
        TEST(key_nobody_knows_in_a_third_peers_page_blocks_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

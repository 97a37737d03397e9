/* SPDX-License-Identifier: MPL-2.0 */
/* Intake: what is proven, what is judged, what is blamed on whom. */
#include <stdlib.h>
#include <string.h>

#include "tests/unit/mesh_desk.h"

#define T0 "odl/Ping/t0/"
#define T1 "odl/Ping/t1/"

static struct view_peer
peer_view(struct desk *d, const char *name)
{
    struct view_peers v;
    struct view_peer found = {.up = false};

    mesh_view_peers(d->mesh, &v);
    for (size_t i = 0; i < v.n; i++)
        if (!strcmp(v.v[i].node, name))
            found = v.v[i];
    found.cursors = NULL;
    view_peers_clear(&v);
    return found;
}

static void
live_slice_is_stored_once(void **state)
{
    struct desk *d = *state;
    struct sealed *s;

    desk_follow(d, "odl/", false);
    desk_meet(d);
    s = desk_seal(&d->odl, T0, 3);
    desk_live(d, s, T0);
    assert_int_equal(desk_held(d, &d->odl), 3);
    assert_int_equal(d->stored, 3);
    desk_live(d, s, T0);
    assert_int_equal(desk_held(d, &d->odl), 3);
    assert_int_equal(d->stored, 3);
    sealed_free(&s);
}

static void
repeated_slice_costs_no_job_once_it_is_covered(void **state)
{
    struct desk *d = *state;
    struct sealed *s;
    uint64_t commits;

    desk_follow(d, "odl/", false);
    desk_meet(d);
    s = desk_seal(&d->odl, T0, 3);
    desk_live(d, s, T0);
    commits = d->commits;
    desk_live(d, s, T0);
    assert_int_equal(d->commits, commits);
    sealed_free(&s);
}

static void
forged_slice_is_refused_and_counted(void **state)
{
    struct desk *d = *state;
    struct sealed *s;

    desk_follow(d, "odl/", false);
    desk_meet(d);
    s = desk_seal(&d->odl, T0, 2);
    s->sh.sig.b[0] ^= 1;
    desk_live(d, s, T0);
    assert_int_equal(desk_held(d, &d->odl), 0);
    assert_int_equal(desk_refused(d, CIM_ESIG), 1);
    assert_int_equal(peer_view(d, ODL).refused, 1);
    assert_string_equal(peer_view(d, ODL).last_reason, "signature");
    assert_int_equal(desk_noted(d, MESH_REFUSED), 1);
    s->sh.sig.b[0] ^= 1;
    desk_live(d, s, T0);
    assert_int_equal(desk_held(d, &d->odl), 2);
    sealed_free(&s);
}

static void
known_signature_does_not_vouch_for_other_events(void **state)
{
    struct desk *d = *state;
    struct sealed *s;

    desk_follow(d, "odl/", false);
    desk_meet(d);
    s = desk_seal(&d->odl, T0, 1);
    desk_beacon(d, ODL, s);
    s->events[0].p[s->events[0].len - 1] ^= 1;
    desk_live(d, s, T0);
    assert_int_equal(desk_held(d, &d->odl), 0);
    assert_int_equal(desk_refused(d, CIM_EROOT), 1);
    sealed_free(&s);
}

static void
known_header_does_not_vouch_for_another_signature(void **state)
{
    struct desk *d = *state;
    struct sealed *s;

    desk_follow(d, "odl/", false);
    desk_meet(d);
    s = desk_seal(&d->odl, T0, 1);
    desk_beacon(d, ODL, s);
    s->sh.sig.b[9] ^= 1;
    desk_live(d, s, T0);
    assert_int_equal(desk_held(d, &d->odl), 0);
    assert_int_equal(desk_refused(d, CIM_ESIG), 1);
    sealed_free(&s);
}

static void
event_of_another_community_is_refused_and_remembered(void **state)
{
    struct desk *d = *state;
    struct sealed *s;

    desk_follow(d, "odl/", false);
    desk_meet(d);
    s = desk_seal(&d->odl, "onap/Ping/t0/", 1);
    desk_live(d, s, "onap/Ping/t0/");
    assert_int_equal(desk_held(d, &d->odl), 0);
    assert_int_equal(desk_refused(d, CIM_ECOMMUNITY), 1);
    /* It counts as held: the cursor passed it, nobody is asked for it. */
    assert_int_equal(desk_cursor(d, &d->odl, ""), 1);
    desk_beacon(d, ODL, s);
    assert_false(desk_was_asked(d, ODL, CIM_SYNC_FETCH));
    sealed_free(&s);
}

static void
bytes_that_are_no_event_are_refused_and_remembered(void **state)
{
    struct desk *d = *state;
    struct sealed *s;

    desk_follow(d, "odl/", false);
    desk_meet(d);
    s = desk_seal(&d->odl, NULL, 1);
    desk_live(d, s, T0);
    assert_int_equal(desk_held(d, &d->odl), 0);
    assert_int_equal(desk_refused(d, CIM_EFORM), 1);
    assert_int_equal(desk_cursor(d, &d->odl, ""), 1);
    sealed_free(&s);
}

static void
refused_position_is_counted_once_however_often_it_comes(void **state)
{
    struct desk *d = *state;
    struct sealed *s;

    desk_follow(d, T0, false);
    desk_meet(d);
    s = desk_seal(&d->odl, NULL, 1);
    desk_live(d, s, T0);
    desk_live(d, s, T0);
    assert_int_equal(desk_held(d, &d->odl), 0);
    assert_int_equal(desk_refused(d, CIM_EFORM), 1);
    sealed_free(&s);
}

static void
slice_of_another_node_is_refused(void **state)
{
    struct desk *d = *state;
    struct sealed *s;
    struct cim_buf frame;

    desk_follow(d, "odl/", false);
    desk_follow(d, "onap/", false);
    desk_meet(d);
    s = desk_seal(&d->onap, "onap/Ping/t0/", 1);
    frame = desk_slice(s);
    mesh_live(d->mesh, ODL, cim_bytes_str("onap/Ping/t0/"),
              cim_buf_bytes(&frame));
    desk_disk(d);
    assert_int_equal(desk_held(d, &d->onap), 0);
    assert_int_equal(desk_refused(d, CIM_EUNASKED), 1);
    cim_buf_clear(&frame);
    sealed_free(&s);
}

static void
topic_frame_has_to_be_the_topic_of_its_events(void **state)
{
    struct desk *d = *state;
    struct sealed *s;

    desk_follow(d, "odl/", false);
    desk_meet(d);
    s = desk_seal(&d->odl, T1, 1);
    desk_live(d, s, T0);
    assert_int_equal(desk_held(d, &d->odl), 0);
    assert_int_equal(desk_refused(d, CIM_ETOPIC), 1);
    sealed_free(&s);
}

static void
topic_that_nobody_follows_is_not_stored(void **state)
{
    struct desk *d = *state;
    struct sealed *s;

    desk_follow(d, T0, false);
    desk_meet(d);
    s = desk_seal(&d->odl, T1, 1);
    desk_live(d, s, T1);
    assert_int_equal(desk_held(d, &d->odl), 0);
    assert_int_equal(desk_refused(d, CIM_EUNASKED), 1);
    sealed_free(&s);
}

static void
live_slice_of_several_events_is_bounded(void **state)
{
    struct desk *d = *state;
    struct sealed *s;

    desk_follow(d, "odl/", false);
    desk_meet(d);
    s = desk_seal(&d->odl, T0, 800);
    desk_live(d, s, T0);
    assert_int_equal(desk_held(d, &d->odl), 0);
    assert_int_equal(desk_refused(d, CIM_ETOOBIG), 1);
    sealed_free(&s);
}

static void
what_waits_for_the_store_is_bounded(void **state)
{
    struct desk *d = *state;
    struct sealed *s[100];

    desk_follow(d, "odl/", false);
    desk_meet(d);
    for (size_t i = 0; i < 100; i++) {
        struct cim_buf frame;

        s[i] = desk_seal(&d->odl, T0, 1);
        frame = desk_slice(s[i]);
        mesh_live(d->mesh, ODL, cim_bytes_str(T0), cim_buf_bytes(&frame));
        cim_buf_clear(&frame);
    }
    assert_int_equal(d->n_jobs, 64);
    assert_int_equal(desk_refused(d, CIM_EQUOTA), 36);
    desk_disk(d);
    assert_int_equal(desk_held(d, &d->odl), 64);
    for (size_t i = 0; i < 100; i++)
        sealed_free(&s[i]);
}

static void
unknown_key_waits_for_the_roster(void **state)
{
    struct desk *d = *state;
    struct sealed *s;
    struct roster_community *c;

    desk_follow(d, "odl/", false);
    desk_meet(d);
    c = roster_community_copy(roster_find(d->roster, cim_bytes_str("odl")));
    c->nodes[0].sign = d->onap.key;
    roster_put(d->roster, &c);
    mesh_set_roster(d->mesh, d->roster);
    s = desk_seal(&d->odl, T0, 1);
    desk_heads(d, ODL, &s, 1);
    desk_live(d, s, T0);
    assert_int_equal(desk_held(d, &d->odl), 0);
    assert_true(desk_noted(d, MESH_UNKNOWN_KEY) > 0);
    assert_int_equal(desk_noted(d, MESH_REFUSED), 0);
    c = roster_community_copy(roster_find(d->roster, cim_bytes_str("odl")));
    c->nodes[0].sign = d->odl.key;
    c->serial = 3;
    roster_put(d->roster, &c);
    mesh_set_roster(d->mesh, d->roster);
    keep_all(d->theirs, s);
    desk_heads(d, ODL, &s, 1);
    desk_page(d, ODL);
    assert_int_equal(desk_held(d, &d->odl), 1);
    sealed_free(&s);
}

/* odl's key is retired as of this position. */
static void
retire(struct desk *d, uint64_t upto_seq, uint64_t serial)
{
    struct roster_community *c =
        roster_community_copy(roster_find(d->roster, cim_bytes_str("odl")));
    struct roster_node *n = &c->nodes[0];

    n->sign.b[0] ^= 1;
    n->n_retired = 1;
    n->retired[0] = (struct roster_retired){
        .sign = d->odl.key, .upto_epoch = d->odl.epoch, .upto_seq = upto_seq};
    c->serial = serial;
    roster_put(d->roster, &c);
    mesh_set_roster(d->mesh, d->roster);
}

static void
retired_key_counts_up_to_its_last_position(void **state)
{
    struct desk *d = *state;
    struct sealed *s[2];

    desk_follow(d, "odl/", false);
    desk_meet(d);
    s[0] = desk_seal(&d->odl, T0, 2);
    s[1] = desk_seal(&d->odl, T0, 2);
    retire(d, 2, 2);
    desk_live(d, s[0], T0);
    desk_live(d, s[1], T0);
    assert_int_equal(desk_held(d, &d->odl), 2);
    assert_int_equal(desk_refused(d, CIM_ERETIRED), 1);
    /* The refusal is dropped with the roster that made it. */
    retire(d, 4, 3);
    desk_live(d, s[1], T0);
    assert_int_equal(desk_held(d, &d->odl), 4);
    sealed_free(&s[0]);
    sealed_free(&s[1]);
}

static void
what_precedes_the_end_of_a_key_is_fetched_below_a_head_beyond(void **state)
{
    struct desk *d = *state;
    struct sealed *s[2];

    desk_follow(d, "odl/", false);
    desk_meet(d);
    s[0] = desk_seal(&d->odl, T0, 2);
    s[1] = desk_seal(&d->odl, T0, 2);
    keep_all(d->theirs, s[0]);
    keep_all(d->theirs, s[1]);
    retire(d, 2, 2);
    desk_heads(d, ODL, &s[1], 1);
    desk_page(d, ODL);
    assert_int_equal(desk_held(d, &d->odl), 2);
    assert_int_equal(desk_cursor(d, &d->odl, ""), 2);
    sealed_free(&s[0]);
    sealed_free(&s[1]);
}

static void
two_batches_for_one_position_are_shown(void **state)
{
    struct desk *d = *state;
    struct author twin = d->odl;
    struct sealed *s[2];

    desk_follow(d, "odl/", false);
    desk_meet(d);
    s[0] = desk_seal(&d->odl, T0, 1);
    s[1] = desk_seal(&twin, T1, 1);
    desk_live(d, s[0], T0);
    desk_live(d, s[1], T1);
    assert_int_equal(desk_held(d, &d->odl), 1);
    assert_int_equal(desk_noted(d, MESH_EQUIVOCATION), 1);
    assert_true(peer_view(d, ODL).equivocation);
    sealed_free(&s[0]);
    sealed_free(&s[1]);
}

static void
older_epoch_later_in_time_means_two_writers(void **state)
{
    struct desk *d = *state;
    struct author other = d->odl;
    struct sealed *s[2];

    desk_follow(d, "odl/", false);
    desk_meet(d);
    other.epoch++;
    s[0] = desk_seal(&other, T0, 1);
    d->odl.time_ms += 10;
    s[1] = desk_seal(&d->odl, T0, 1);
    desk_live(d, s[0], T0);
    assert_false(peer_view(d, ODL).two_writers);
    desk_live(d, s[1], T0);
    assert_true(peer_view(d, ODL).two_writers);
    assert_true(peer_view(d, ODL).writers[0].epoch <
                peer_view(d, ODL).writers[1].epoch);
    assert_true(peer_view(d, ODL).writers[0].time_ms >
                peer_view(d, ODL).writers[1].time_ms);
    assert_int_equal(desk_noted(d, MESH_TWO_WRITERS), 1);
    sealed_free(&s[0]);
    sealed_free(&s[1]);
}

static void
beacon_has_to_be_the_peers_own(void **state)
{
    struct desk *d = *state;
    struct sealed *s;
    struct cim_buf frame = {0};

    desk_meet(d);
    s = desk_seal(&d->onap, "onap/Ping/t0/", 1);
    assert_int_equal(cim_beacon_encode(&s->sh, &frame), CIM_OK);
    mesh_live(d->mesh, ODL, cim_bytes_str("!head/onap/ci-1/"),
              cim_buf_bytes(&frame));
    mesh_live(d->mesh, ODL, cim_bytes_str("!head/odl/ci-1/"),
              cim_buf_bytes(&frame));
    assert_int_equal(desk_refused(d, CIM_ETOPIC), 1);
    assert_int_equal(desk_refused(d, CIM_EUNASKED), 1);
    cim_buf_clear(&frame);
    sealed_free(&s);
}

static void
refusals_are_counted_over_a_restart(void **state)
{
    struct desk *d = *state;

    desk_meet(d);
    mesh_count_refused(d->mesh, ODL, CIM_ETOOBIG);
    mesh_count_refused(d->mesh, ODL, CIM_ETOOBIG);
    desk_pass(d, 6000);
    desk_restart(d);
    mesh_count_refused(d->mesh, ODL, CIM_ETOOBIG);
    assert_int_equal(desk_refused(d, CIM_ETOOBIG), 3);
}

static void
answer_nobody_asked_for_is_refused(void **state)
{
    struct desk *d = *state;
    struct cim_fetch_answer a = {.rid = 1, .covered = 5, .last = 5};
    struct cim_buf out = {0};

    desk_meet(d);
    assert_int_equal(cim_fetch_answer_write(&a, &out), CIM_OK);
    mesh_answer(d->mesh, ODL, cim_buf_bytes(&out));
    mesh_answer(d->mesh, ODL, cim_bytes_str("garbage"));
    assert_int_equal(desk_refused(d, CIM_EUNASKED), 1);
    assert_int_equal(peer_view(d, ODL).refused, 2);
    cim_buf_clear(&out);
}

static void
silence_of_15_seconds_means_down(void **state)
{
    struct desk *d = *state;

    desk_meet(d);
    assert_true(mesh_peer_up(d->mesh, ODL));
    desk_pass(d, 14000);
    desk_beacon(d, ONAP, NULL);
    desk_pass(d, 2000);
    assert_false(mesh_peer_up(d->mesh, ODL));
    assert_true(mesh_peer_up(d->mesh, ONAP));
    assert_int_equal(desk_noted(d, MESH_PEER_DOWN), 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, desk_up, desk_down)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(live_slice_is_stored_once),
        TEST(repeated_slice_costs_no_job_once_it_is_covered),
        TEST(forged_slice_is_refused_and_counted),
        TEST(known_signature_does_not_vouch_for_other_events),
        TEST(known_header_does_not_vouch_for_another_signature),
        TEST(event_of_another_community_is_refused_and_remembered),
        TEST(bytes_that_are_no_event_are_refused_and_remembered),
        TEST(refused_position_is_counted_once_however_often_it_comes),
        TEST(slice_of_another_node_is_refused),
        TEST(topic_frame_has_to_be_the_topic_of_its_events),
        TEST(topic_that_nobody_follows_is_not_stored),
        TEST(live_slice_of_several_events_is_bounded),
        TEST(what_waits_for_the_store_is_bounded),
        TEST(unknown_key_waits_for_the_roster),
        TEST(retired_key_counts_up_to_its_last_position),
        TEST(what_precedes_the_end_of_a_key_is_fetched_below_a_head_beyond),
        TEST(two_batches_for_one_position_are_shown),
        TEST(older_epoch_later_in_time_means_two_writers),
        TEST(beacon_has_to_be_the_peers_own),
        TEST(refusals_are_counted_over_a_restart),
        TEST(answer_nobody_asked_for_is_refused),
        TEST(silence_of_15_seconds_means_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

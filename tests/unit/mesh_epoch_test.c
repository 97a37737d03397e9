/* SPDX-License-Identifier: MPL-2.0 */
/* Epochs: when a node may seal, above what, and who else writes its log. */
#include <stdlib.h>
#include <string.h>

#include "tests/unit/mesh_desk.h"

#define T0 "opnfv/Ping/t0/"
#define T1 "opnfv/Ping/t1/"

static void
publish(struct desk *d, uint64_t id, unsigned given)
{
    mesh_publish(d->mesh, desk_request(T0, id, given));
    desk_disk(d);
}

static void
each_run_seals_in_an_epoch_of_its_own(void **state)
{
    struct desk *d = *state;
    uint64_t first;
    struct cim_slice before = {0};
    struct cim_slice after = {0};
    struct cim_hash hash;

    desk_meet(d);
    publish(d, 1, 1);
    first = desk_answer(d, 0)->places[0].epoch;
    desk_slices(d, &before);
    hash = cim_header_hash(cim_signed_bytes(&before.sh));
    cim_slice_clear(&before);
    desk_restart(d);
    desk_pass(d, 6000);
    publish(d, 2, 1);
    assert_true(desk_answer(d, 0)->places[0].epoch > first);
    assert_int_equal(desk_answer(d, 0)->places[0].seq, 1);
    /* Its first header names the last one of the run before. */
    desk_slices(d, &after);
    assert_true(cim_hash_eq(&hash, &after.sh.h.prev));
    cim_slice_clear(&after);
}

static void
epoch_passes_the_last_one_when_the_clock_stands_behind(void **state)
{
    struct desk *d = *state;
    uint64_t first;

    desk_meet(d);
    publish(d, 1, 1);
    first = desk_answer(d, 0)->places[0].epoch;
    d->wall_ms -= 1000000;
    desk_restart(d);
    desk_pass(d, 6000);
    publish(d, 2, 1);
    assert_true(desk_answer(d, 0)->places[0].epoch > first);
}

static void
first_start_waits_for_nobody(void **state)
{
    struct desk *d = *state;

    desk_start(d);
    assert_true(mesh_ready(d->mesh));
    publish(d, 1, 1);
    assert_int_equal(d->n_answered, 1);
}

static void
later_start_waits_for_what_peers_hold_of_us(void **state)
{
    struct desk *d = *state;

    desk_meet(d);
    publish(d, 1, 1);
    desk_restart(d);
    publish(d, 2, 1);
    assert_int_equal(d->n_answered, 0);
    assert_string_equal(desk_status(d).publishing, "waiting for peers");
    desk_heads(d, ODL, NULL, 0);
    desk_heads(d, ONAP, NULL, 0);
    desk_pass(d, 250);
    assert_int_equal(d->n_answered, 1);
}

static void
later_start_waits_no_longer_than_5_seconds(void **state)
{
    struct desk *d = *state;

    desk_meet(d);
    publish(d, 1, 1);
    desk_restart(d);
    publish(d, 2, 1);
    desk_pass(d, 4750);
    assert_int_equal(d->n_answered, 0);
    desk_pass(d, 250);
    assert_int_equal(d->n_answered, 1);
}

static void
restored_node_seals_above_what_it_lost_and_gets_it_back(void **state)
{
    struct desk *d = *state;
    struct sealed *lost;

    /* Peers hold what this run of it no longer does. */
    d->self.epoch = 6000000;
    d->self.time_ms = 4000000;
    lost = desk_seal(&d->self, T0, 3);
    keep_all(d->theirs, lost);
    desk_meet(d);
    publish(d, 100, 1);
    desk_restart(d);
    publish(d, 101, 1);
    desk_heads(d, ODL, &lost, 1);
    desk_page(d, ODL);
    desk_heads(d, ONAP, NULL, 0);
    desk_pass(d, 250);
    assert_int_equal(desk_held(d, &d->self), 3);
    assert_int_equal(desk_noted(d, MESH_RECOVERED), 1);
    assert_true(desk_answer(d, 0)->places[0].epoch > 6000000);
    assert_int_equal(desk_answer(d, 0)->err, CIM_OK);
    sealed_free(&lost);
}

static void
header_of_our_own_seen_later_closes_the_epoch(void **state)
{
    struct desk *d = *state;
    struct sealed *lost;
    uint64_t first;

    desk_meet(d);
    publish(d, 1, 1);
    first = desk_answer(d, 0)->places[0].epoch;
    d->self.epoch = first + 7;
    d->self.time_ms = 4000000;
    lost = desk_seal(&d->self, T0, 1);
    desk_pass(d, 31000);
    desk_heads(d, ODL, &lost, 1);
    publish(d, 2, 1);
    assert_true(desk_answer(d, 1)->places[0].epoch > first + 7);
    assert_int_equal(desk_noted(d, MESH_TWO_WRITERS), 0);
    sealed_free(&lost);
}

/* What was published after the copy that was put back, under a clock that was
 * ahead; two runs of it. */
static void
clock_set_back_before_a_restore_is_no_second_writer(void **state)
{
    struct desk *d = *state;
    struct sealed *s[2];

    desk_meet(d);
    publish(d, 1, 1);
    desk_restart(d);
    d->self.time_ms = d->wall_ms + 3600000;
    for (unsigned i = 0; i < 2; i++) {
        d->self.epoch = 7000000 + i;
        d->self.last = 0;
        s[i] = desk_seal(&d->self, T0, 1);
    }
    desk_heads(d, ODL, s, 2);
    desk_heads(d, ONAP, s, 2);
    assert_int_equal(desk_noted(d, MESH_TWO_WRITERS), 0);
    assert_int_equal(desk_noted(d, MESH_STOPPED), 0);
    desk_pass(d, 250);
    publish(d, 2, 1);
    assert_int_equal(desk_answer(d, 0)->err, CIM_OK);
    assert_true(desk_answer(d, 0)->places[0].epoch > 7000001);
    sealed_free(&s[0]);
    sealed_free(&s[1]);
}

/* The newest of the batches published, as the peers hold it. */
static struct sealed *
mine(struct desk *d)
{
    struct cim_slice slice = {0};
    struct sealed *s = xcalloc(1, sizeof *s);

    desk_slices(d, &slice);
    s->sh = slice.sh;
    s->hash = cim_header_hash(cim_signed_bytes(&slice.sh));
    s->key = d->self.key;
    s->n = slice.n_events;
    for (size_t i = 0; i < s->n; i++)
        assert_int_equal(cim_buf_add_bytes(&s->events[i], slice.events[i]),
                         CIM_OK);
    cim_slice_clear(&slice);
    return s;
}

static void
own_event_of_this_run_that_rotted_is_no_second_writer(void **state)
{
    struct desk *d = *state;
    struct store_job *job = store_job_new(STORE_ASIDE);
    struct sealed *s[3];

    desk_meet(d);
    for (unsigned i = 0; i < 3; i++) {
        desk_pass(d, 250);
        publish(d, i + 1, 1);
        s[i] = mine(d);
    }
    memcpy(job->aside.log.node, SELF, sizeof SELF);
    job->aside.log.epoch = s[0]->sh.h.epoch;
    job->aside.seq = 1;
    span_add(&job->gaps, 1, 1); /* as the store does for rot */
    mesh_job_done(d->mesh, job);
    desk_pass(d, 31000);
    /* odl is behind: it shows what is not our newest. */
    desk_heads(d, ODL, &s[1], 1);
    desk_heads(d, ONAP, &s[0], 1);
    assert_int_equal(desk_noted(d, MESH_TWO_WRITERS), 0);
    assert_true(desk_was_asked(d, ODL, CIM_SYNC_FETCH));
    publish(d, 4, 1);
    assert_int_equal(desk_answer(d, 3)->places[0].epoch, s[0]->sh.h.epoch);
    for (unsigned i = 0; i < 3; i++)
        sealed_free(&s[i]);
}

static void
two_writers_stop_publishing(void **state)
{
    struct desk *d = *state;
    struct sealed *s[2];

    desk_meet(d);
    publish(d, 1, 1);
    d->self.time_ms = d->wall_ms + 100000;
    for (unsigned i = 0; i < 2; i++) {
        d->self.epoch = 7000000 + i;
        d->self.last = 0;
        s[i] = desk_seal(&d->self, T0, 1);
    }
    desk_pass(d, 31000);
    desk_heads(d, ODL, s, 1);
    assert_int_equal(desk_noted(d, MESH_TWO_WRITERS), 1);
    assert_true(desk_status(d).two_writers);
    publish(d, 2, 1);
    assert_int_equal(desk_answer(d, 1)->err, CIM_OK);
    desk_pass(d, 31000);
    desk_heads(d, ODL, s, 2);
    assert_int_equal(desk_noted(d, MESH_STOPPED), 1);
    publish(d, 3, 1);
    assert_int_equal(desk_answer(d, 2)->err, CIM_ESTATE);
    assert_false(mesh_ready(d->mesh));
    sealed_free(&s[0]);
    sealed_free(&s[1]);
}

static void
highest_epoch_used_by_another_stops_publishing(void **state)
{
    struct desk *d = *state;
    struct sealed *s;

    desk_meet(d);
    publish(d, 1, 1);
    d->self.epoch = CIM_SEQ_MAX;
    d->self.time_ms = d->wall_ms + 100000;
    s = desk_seal(&d->self, T0, 1);
    desk_pass(d, 31000);
    desk_heads(d, ODL, &s, 1);
    publish(d, 2, 1);
    assert_int_equal(desk_answer(d, 1)->err, CIM_ESTATE);
    desk_restart(d);
    desk_pass(d, 6000);
    publish(d, 2, 1);
    assert_int_equal(desk_answer(d, 0)->err, CIM_ESTATE);
    sealed_free(&s);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, desk_up, desk_down)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(each_run_seals_in_an_epoch_of_its_own),
        TEST(epoch_passes_the_last_one_when_the_clock_stands_behind),
        TEST(first_start_waits_for_nobody),
        TEST(later_start_waits_for_what_peers_hold_of_us),
        TEST(later_start_waits_no_longer_than_5_seconds),
        TEST(restored_node_seals_above_what_it_lost_and_gets_it_back),
        TEST(header_of_our_own_seen_later_closes_the_epoch),
        TEST(clock_set_back_before_a_restore_is_no_second_writer),
        TEST(own_event_of_this_run_that_rotted_is_no_second_writer),
        TEST(two_writers_stop_publishing),
        TEST(highest_epoch_used_by_another_stops_publishing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

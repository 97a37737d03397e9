/* SPDX-License-Identifier: MPL-2.0 */
/* The own log: requests, groups, epochs, and who else signs in our name. */
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
event_gets_the_next_place(void **state)
{
    struct desk *d = *state;

    desk_meet(d);
    publish(d, 1, 1);
    publish(d, 2, 1);
    assert_int_equal(desk_answer(d, 0)->err, CIM_OK);
    assert_int_equal(desk_answer(d, 0)->places[0].epoch, 5000000);
    assert_int_equal(desk_answer(d, 0)->places[0].seq, 1);
    assert_int_equal(desk_answer(d, 1)->places[0].epoch, 5000000);
    assert_int_equal(desk_answer(d, 1)->places[0].seq, 2);
    assert_int_equal(d->stored, 2);
}

static void
nobody_hears_of_it_before_it_is_committed(void **state)
{
    struct desk *d = *state;

    desk_meet(d);
    mesh_publish(d->mesh, desk_request(T0, 1, 1));
    assert_int_equal(desk_slices(d, NULL), 0);
    assert_int_equal(d->n_answered, 0);
    desk_disk(d);
    assert_int_equal(desk_slices(d, NULL), 1);
    assert_true(d->published[d->n_published - 1].order < d->answered_order[0]);
}

static void
same_id_and_content_is_one_event(void **state)
{
    struct desk *d = *state;

    desk_meet(d);
    publish(d, 1, 1);
    publish(d, 1, 1);
    assert_false(desk_answer(d, 0)->places[0].again);
    assert_true(desk_answer(d, 1)->places[0].again);
    assert_int_equal(desk_answer(d, 1)->places[0].seq, 1);
    assert_int_equal(desk_slices(d, NULL), 1);
}

static void
same_id_with_other_content_is_a_conflict(void **state)
{
    struct desk *d = *state;

    desk_meet(d);
    publish(d, 1, 1);
    publish(d, 1, 2);
    assert_int_equal(desk_answer(d, 1)->err, CIM_ECONFLICT);
    assert_null(desk_answer(d, 1)->places);
}

static void
ids_are_compared_within_a_group_too(void **state)
{
    struct desk *d = *state;

    desk_meet(d);
    /* The first is in hand; the other three make the next group. */
    mesh_publish(d->mesh, desk_request(T0, 1, 1));
    mesh_publish(d->mesh, desk_request(T0, 2, 1));
    mesh_publish(d->mesh, desk_request(T0, 2, 1));
    mesh_publish(d->mesh, desk_request(T0, 2, 2));
    desk_disk(d);
    assert_int_equal(desk_answer(d, 1)->places[0].seq, 2);
    assert_false(desk_answer(d, 1)->places[0].again);
    assert_int_equal(desk_answer(d, 2)->places[0].seq, 2);
    assert_true(desk_answer(d, 2)->places[0].again);
    assert_int_equal(desk_answer(d, 3)->err, CIM_ECONFLICT);
    assert_int_equal(desk_slices(d, NULL), 2);
}

/* A request of two drafts. */
static struct mesh_request *
pair(uint64_t a, unsigned given_a, uint64_t b, unsigned given_b)
{
    struct mesh_request *both = mesh_request_new(2);
    struct mesh_request *one = desk_request(T0, a, given_a);
    struct mesh_request *two = desk_request(T0, b, given_b);

    both->drafts[0] = one->drafts[0];
    both->drafts[1] = two->drafts[0];
    memset(&one->drafts[0], 0, sizeof *one->drafts);
    memset(&two->drafts[0], 0, sizeof *two->drafts);
    mesh_request_destroy(&one);
    mesh_request_destroy(&two);
    return both;
}

static void
request_is_taken_whole_or_not_at_all(void **state)
{
    struct desk *d = *state;

    desk_meet(d);
    publish(d, 9, 1);
    mesh_publish(d->mesh, desk_request(T0, 1, 1));
    mesh_publish(d->mesh, pair(2, 1, 9, 2));
    mesh_publish(d->mesh, pair(2, 2, 3, 1));
    desk_disk(d);
    assert_int_equal(desk_answer(d, 2)->err, CIM_ECONFLICT);
    assert_int_equal(desk_answer(d, 2)->bad, 1);
    /* What the refused one would have used up is free for the next. */
    assert_int_equal(desk_answer(d, 3)->err, CIM_OK);
    assert_int_equal(desk_answer(d, 3)->places[0].seq, 3);
    assert_int_equal(desk_answer(d, 3)->places[1].seq, 4);
}

static void
other_communitys_topic_is_refused(void **state)
{
    struct desk *d = *state;

    desk_meet(d);
    mesh_publish(d->mesh, desk_request("odl/Ping/t0/", 1, 1));
    desk_disk(d);
    assert_int_equal(desk_answer(d, 0)->err, CIM_ECOMMUNITY);
}

/* A request of this many events, ids from first on. */
static struct mesh_request *
many(size_t n, uint64_t first)
{
    struct mesh_request *all = mesh_request_new(n);

    for (size_t i = 0; i < n; i++) {
        struct mesh_request *one = desk_request(T0, first + i, 1);

        all->drafts[i] = one->drafts[0];
        memset(&one->drafts[0], 0, sizeof *one->drafts);
        mesh_request_destroy(&one);
    }
    return all;
}

static void
group_is_one_job_of_several_batches(void **state)
{
    struct desk *d = *state;
    struct store_job *job;

    desk_meet(d);
    mesh_publish(d->mesh, many(1, 1));
    mesh_publish(d->mesh, many(1000, 10));
    mesh_publish(d->mesh, many(1000, 2000));
    while (d->n_jobs && d->jobs[0]->n_batches != 2)
        desk_turn(d);
    assert_int_equal(d->n_jobs, 1);
    job = d->jobs[0];
    assert_int_equal(job->batches[0].n_events, CIM_BATCH_EVENTS);
    assert_int_equal(job->batches[1].n_events, 2000 - CIM_BATCH_EVENTS);
    assert_int_equal(job->batches[1].sh.h.first,
                     cim_header_last(&job->batches[0].sh.h) + 1);
    assert_true(
        cim_hash_eq(&job->batches[1].sh.h.prev, &job->batches[0].header_hash));
    desk_disk(d);
    assert_int_equal(desk_answer(d, 2)->places[999].seq, 2001);
}

static void
consecutive_events_of_one_topic_share_a_slice(void **state)
{
    struct desk *d = *state;
    struct cim_slice slice = {0};

    desk_meet(d);
    mesh_publish(d->mesh, desk_request(T0, 1, 1));
    mesh_publish(d->mesh, desk_request(T0, 2, 1));
    mesh_publish(d->mesh, desk_request(T0, 3, 1));
    mesh_publish(d->mesh, desk_request(T1, 4, 1));
    desk_disk(d);
    /* The first alone; two of t0; one of t1: the last is of a batch of 3. */
    assert_int_equal(desk_slices(d, &slice), 3);
    assert_int_equal(slice.n_events, 1);
    assert_int_equal(slice.sh.h.count, 3);
    cim_slice_clear(&slice);
}

static void
headers_form_a_chain_and_time_never_falls(void **state)
{
    struct desk *d = *state;
    struct cim_slice one = {0};
    struct cim_slice two = {0};
    struct cim_hash hash;

    desk_meet(d);
    publish(d, 1, 1);
    desk_slices(d, &one);
    d->wall_ms -= 100000;
    publish(d, 2, 1);
    desk_slices(d, &two);
    hash = cim_header_hash(cim_signed_bytes(&one.sh));
    assert_true(cim_hash_eq(&hash, &two.sh.h.prev));
    assert_int_equal(two.sh.h.time_ms, one.sh.h.time_ms);
    cim_slice_clear(&one);
    cim_slice_clear(&two);
}

static void
full_disk_refuses_and_goes_on_in_a_new_epoch(void **state)
{
    struct desk *d = *state;
    uint64_t first;

    desk_meet(d);
    publish(d, 1, 1);
    first = desk_answer(d, 0)->places[0].epoch;
    d->full = true;
    publish(d, 2, 1);
    assert_int_equal(desk_answer(d, 1)->err, CIM_EIO);
    assert_true(desk_answer(d, 1)->full);
    assert_string_equal(desk_status(d).storage, "full");
    assert_int_equal(desk_slices(d, NULL), 1);
    d->full = false;
    d->wall_ms += 1000;
    publish(d, 2, 1);
    assert_int_equal(desk_answer(d, 2)->err, CIM_OK);
    assert_true(desk_answer(d, 2)->places[0].epoch > first);
    assert_int_equal(desk_answer(d, 2)->places[0].seq, 1);
    assert_string_equal(desk_status(d).storage, "ok");
    assert_int_equal(desk_noted(d, MESH_STORAGE), 2);
}

/* What was in hand when it became low is committed, and said so. */
static void
low_room_takes_no_more_and_still_knows_what_it_has(void **state)
{
    struct desk *d = *state;

    desk_meet(d);
    d->low = true;
    publish(d, 1, 1);
    assert_int_equal(desk_answer(d, 0)->err, CIM_OK);
    assert_string_equal(desk_status(d).storage, "low");
    publish(d, 2, 1);
    assert_int_equal(desk_answer(d, 1)->err, CIM_EIO);
    assert_true(desk_answer(d, 1)->full);
    publish(d, 1, 1);
    assert_int_equal(desk_answer(d, 2)->err, CIM_OK);
    assert_true(desk_answer(d, 2)->places[0].again);
    assert_int_equal(desk_slices(d, NULL), 1);
}

static void
low_room_ends_within_two_seconds(void **state)
{
    struct desk *d = *state;

    desk_meet(d);
    d->low = true;
    publish(d, 1, 1);
    d->low = false;
    desk_pass(d, 2000);
    assert_string_equal(desk_status(d).storage, "ok");
    publish(d, 2, 1);
    assert_int_equal(desk_answer(d, 1)->err, CIM_OK);
    assert_int_equal(desk_answer(d, 1)->places[0].seq, 2);
    assert_int_equal(desk_noted(d, MESH_STORAGE), 2);
}

static void
draining_ends_once_nothing_is_in_flight(void **state)
{
    struct desk *d = *state;

    desk_meet(d);
    mesh_publish(d->mesh, desk_request(T0, 1, 1));
    assert_false(mesh_drain(d->mesh));
    mesh_publish(d->mesh, desk_request(T0, 2, 1));
    assert_int_equal(desk_answer(d, 0)->err, CIM_ESTATE);
    desk_disk(d);
    assert_true(mesh_drain(d->mesh));
    assert_int_equal(desk_answer(d, 1)->err, CIM_OK);
}

static void
beacon_shows_the_newest_header(void **state)
{
    struct desk *d = *state;
    struct cim_signed_header sh;
    bool none;

    desk_start(d);
    assert_string_equal(d->published[0].to, "!head/opnfv/ci-1/");
    assert_int_equal(d->published[0].frame.len, 0);
    publish(d, 1, 1);
    desk_pass(d, 5000);
    assert_string_equal(d->published[d->n_published - 1].to,
                        "!head/opnfv/ci-1/");
    assert_int_equal(
        cim_beacon_parse(cim_buf_bytes(&d->published[d->n_published - 1].frame),
                         &sh, &none),
        CIM_OK);
    assert_false(none);
    assert_int_equal(sh.h.epoch, desk_answer(d, 0)->places[0].epoch);
    assert_int_equal(cim_header_last(&sh.h), 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, desk_up, desk_down)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(event_gets_the_next_place),
        TEST(nobody_hears_of_it_before_it_is_committed),
        TEST(same_id_and_content_is_one_event),
        TEST(same_id_with_other_content_is_a_conflict),
        TEST(ids_are_compared_within_a_group_too),
        TEST(request_is_taken_whole_or_not_at_all),
        TEST(other_communitys_topic_is_refused),
        TEST(group_is_one_job_of_several_batches),
        TEST(consecutive_events_of_one_topic_share_a_slice),
        TEST(headers_form_a_chain_and_time_never_falls),
        TEST(full_disk_refuses_and_goes_on_in_a_new_epoch),
        TEST(low_room_takes_no_more_and_still_knows_what_it_has),
        TEST(low_room_ends_within_two_seconds),
        TEST(draining_ends_once_nothing_is_in_flight),
        TEST(beacon_shows_the_newest_header),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

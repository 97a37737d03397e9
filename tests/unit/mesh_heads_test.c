/* SPDX-License-Identifier: MPL-2.0 */
/* Lists of heads, asked and answered, and where follows start. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/mesh_desk.h"

#define T0 "odl/Ping/t0/"
#define T1 "odl/Ping/t1/"

static void
list_that_is_unchanged_costs_a_line(void **state)
{
    struct desk *d = *state;
    struct sealed *s;
    struct cim_heads_ask ask = {.rid = 5};
    struct cim_bytes names[1] = {cim_bytes_str(ODL)};
    struct cim_buf out = {0};
    struct cim_sync msg = {0};

    desk_follow(d, "odl/", false);
    desk_meet(d);
    s = desk_theirs(d, T0, 1);
    desk_live(d, s, T0);
    ask.nodes = names;
    ask.n_nodes = 1;
    assert_int_equal(mesh_heads(d->mesh, &ask, &out), CIM_OK);
    assert_int_equal(cim_sync_parse_answer(cim_buf_bytes(&out), &msg), CIM_OK);
    assert_int_equal(msg.u.heads.n_entries, 1);
    assert_int_equal(msg.u.heads.entries[0].held, 1);
    ask.known = true;
    ask.digest = msg.u.heads.digest;
    cim_sync_clear(&msg);
    cim_buf_reset(&out);
    assert_int_equal(mesh_heads(d->mesh, &ask, &out), CIM_OK);
    assert_true(out.len < 64);
    cim_buf_clear(&out);
    sealed_free(&s);
}

/* Ten communities of 64 nodes more, all followed. */
static void
crowd(struct desk *d)
{
    for (unsigned k = 0; k < 10; k++) {
        char name[CIM_NODE_MAX + 1];
        struct roster_community *c;

        snprintf(name, sizeof name, "c%u", k);
        c = roster_community_new(name);
        for (unsigned i = 0; i < ROSTER_NODES_MAX; i++) {
            snprintf(name, sizeof name, "c%u/ci-%u", k, i);
            (void)roster_community_add(c, name);
        }
        roster_put(d->roster, &c);
    }
    desk_follow(d, "", false);
}

static size_t
names_asked(struct desk *d)
{
    struct cim_sync msg = {0};
    size_t n;

    desk_asked(d, ODL, CIM_SYNC_HEADS, &msg);
    n = msg.u.heads_ask.n_nodes;
    cim_sync_clear(&msg);
    return n;
}

static void
many_names_are_asked_for_in_chunks(void **state)
{
    struct desk *d = *state;

    crowd(d);
    desk_start(d);
    assert_int_equal(names_asked(d), CIM_HEADS_NODES);
    desk_heads(d, ODL, NULL, 0);
    assert_int_equal(names_asked(d), 643 - CIM_HEADS_NODES);
    desk_heads(d, ODL, NULL, 0);
    assert_false(desk_was_asked(d, ODL, CIM_SYNC_HEADS));
}

/* What this node answers to one who has read up to this epoch of odl. */
static struct cim_sync
heads_after(struct desk *d, uint64_t epoch, struct cim_buf *out)
{
    struct cim_bytes names[1] = {cim_bytes_str(ODL)};
    struct cim_heads_ask ask = {.rid = 5, .nodes = names, .n_nodes = 1};
    struct cim_sync msg = {0};

    ask.after_node = epoch ? names[0] : cim_bytes_str("");
    ask.after_epoch = epoch;
    cim_buf_reset(out);
    assert_int_equal(mesh_heads(d->mesh, &ask, out), CIM_OK);
    assert_int_equal(cim_sync_parse_answer(cim_buf_bytes(out), &msg), CIM_OK);
    return msg;
}

static void
long_list_is_answered_in_pages(void **state)
{
    struct desk *d = *state;
    struct store_job *job = store_job_new(STORE_KEEP);
    struct cim_buf out = {0};
    struct cim_sync msg;
    uint64_t last;

    for (unsigned i = 0; i < 1500; i++) {
        struct sealed *s;

        d->odl.epoch++;
        d->odl.last = 0;
        s = desk_seal(&d->odl, T0, 1);
        job_header(job, s);
        sealed_free(&s);
    }
    commit_ok(d->store, &job);
    desk_follow(d, "odl/", false);
    desk_start(d);
    msg = heads_after(d, 0, &out);
    assert_true(msg.u.heads.more);
    last = msg.u.heads.entries[msg.u.heads.n_entries - 1].head.h.epoch;
    cim_sync_clear(&msg);
    msg = heads_after(d, last, &out);
    assert_false(msg.u.heads.more);
    assert_int_equal(msg.u.heads.entries[0].head.h.epoch, last + 1);
    assert_int_equal(
        msg.u.heads.entries[msg.u.heads.n_entries - 1].head.h.epoch,
        d->odl.epoch);
    cim_sync_clear(&msg);
    cim_buf_clear(&out);
}

static void
list_in_pages_is_read_to_its_end(void **state)
{
    struct desk *d = *state;
    struct sealed *s[2];
    struct cim_sync msg = {0};
    struct cim_heads_entry entry;
    struct cim_heads_answer a = {
        .entries = &entry, .n_entries = 1, .more = true};
    struct cim_buf out = {0};
    struct desk_frame *ask;

    desk_follow(d, T0, false);
    desk_start(d);
    s[0] = desk_theirs(d, T0, 1);
    d->odl.epoch++;
    d->odl.last = 0;
    s[1] = desk_theirs(d, T0, 1);
    ask = desk_asked(d, ODL, CIM_SYNC_HEADS, &msg);
    a.rid = msg.rid;
    cim_sync_clear(&msg);
    entry = (struct cim_heads_entry){.head = s[0]->sh, .held = 1};
    assert_int_equal(cim_heads_answer_write(&a, &out), CIM_OK);
    ask->answered = true;
    mesh_answer(d->mesh, ODL, cim_buf_bytes(&out));
    desk_asked(d, ODL, CIM_SYNC_HEADS, &msg);
    assert_int_equal(msg.u.heads_ask.after_epoch, s[0]->sh.h.epoch);
    assert_false(msg.u.heads_ask.known);
    cim_sync_clear(&msg);
    desk_heads(d, ODL, &s[1], 1);
    desk_page(d, ODL);
    desk_page(d, ODL);
    d->odl.epoch--;
    assert_int_equal(desk_held(d, &d->odl), 1);
    cim_buf_clear(&out);
    sealed_free(&s[0]);
    sealed_free(&s[1]);
}

static void
follow_since_now_starts_at_the_first_heads_of_the_author(void **state)
{
    struct desk *d = *state;
    struct sealed *s[2];

    desk_follow(d, T0, true);
    s[0] = desk_theirs(d, T0, 3);
    desk_start(d);
    desk_beacon(d, ODL, s[0]);
    assert_false(desk_was_asked(d, ODL, CIM_SYNC_FETCH));
    desk_heads(d, ODL, &s[0], 1);
    assert_false(desk_was_asked(d, ODL, CIM_SYNC_FETCH));
    assert_int_equal(desk_cursor(d, &d->odl, T0), 3);
    s[1] = desk_theirs(d, T0, 2);
    desk_beacon(d, ODL, s[1]);
    desk_page(d, ODL);
    assert_int_equal(desk_held(d, &d->odl), 2);
    sealed_free(&s[0]);
    sealed_free(&s[1]);
}

static void
follow_since_now_goes_on_after_a_restart(void **state)
{
    struct desk *d = *state;
    struct sealed *s;

    desk_follow(d, T0, true);
    desk_start(d);
    desk_beacon(d, ODL, NULL);
    desk_heads(d, ODL, NULL, 0);
    desk_restart(d);
    /* A new epoch, made while this node was down: from its beginning. */
    s = desk_theirs(d, T0, 3);
    desk_beacon(d, ODL, s);
    desk_heads(d, ODL, &s, 1);
    desk_page(d, ODL);
    assert_int_equal(desk_held(d, &d->odl), 3);
    sealed_free(&s);
}

static void
follow_since_now_keeps_its_start_through_a_full_disk(void **state)
{
    struct desk *d = *state;
    struct sealed *s;

    desk_follow(d, T0, true);
    s = desk_theirs(d, T0, 3);
    desk_start(d);
    desk_disk(d);
    d->full = true;
    desk_beacon(d, ODL, s);
    desk_heads(d, ODL, &s, 1);
    d->full = false;
    desk_pass(d, 6000);
    assert_int_equal(desk_cursor(d, &d->odl, T0), 3);
    sealed_free(&s);
}

static void
prefix_added_later_has_a_cursor_of_its_own(void **state)
{
    struct desk *d = *state;
    struct sealed *s[2];

    desk_follow(d, T0, false);
    desk_meet(d);
    s[0] = desk_theirs(d, T1, 2);
    s[1] = desk_theirs(d, T0, 2);
    desk_beacon(d, ODL, s[1]);
    desk_page(d, ODL);
    assert_int_equal(desk_held(d, &d->odl), 2);
    desk_follow(d, T1, false);
    desk_disk(d);
    desk_page(d, ODL);
    assert_int_equal(desk_held(d, &d->odl), 4);
    assert_int_equal(desk_cursor(d, &d->odl, T1), 4);
    sealed_free(&s[0]);
    sealed_free(&s[1]);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, desk_up, desk_down)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(list_that_is_unchanged_costs_a_line),
        TEST(many_names_are_asked_for_in_chunks),
        TEST(long_list_is_answered_in_pages),
        TEST(list_in_pages_is_read_to_its_end),
        TEST(follow_since_now_starts_at_the_first_heads_of_the_author),
        TEST(follow_since_now_goes_on_after_a_restart),
        TEST(follow_since_now_keeps_its_start_through_a_full_disk),
        TEST(prefix_added_later_has_a_cursor_of_its_own),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

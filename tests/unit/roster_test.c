/* SPDX-License-Identifier: MPL-2.0 */
/* Look-ups of the roster: who is who, and which key was good until when. */
#include "node/roster.h"

#include <stdlib.h>
#include <string.h>

#include "tests/unit/store_help.h"

static struct cim_signkey
key(uint8_t n)
{
    struct cim_signkey k = {{n, 1, 2, 3}};

    return k;
}

static struct roster_node *
add(struct roster_community *c, const char *name, uint8_t sign)
{
    struct roster_node *n = roster_community_add(c, name);

    n->sign = key(sign);
    memset(n->curve.b, sign, sizeof n->curve.b);
    return n;
}

static int
set_up(void **state)
{
    struct roster *roster = roster_new();
    struct roster_community *odl = roster_community_new("odl");
    struct roster_community *x = roster_community_new("odl-x");
    struct roster_node *n;

    if (cim_sodium_start() != CIM_OK)
        return 1;
    add(odl, "odl/ci-2", 2);
    n = add(odl, "odl/ci-1", 1);
    n->has_sign_next = true;
    n->sign_next = key(7);
    n->has_curve_next = true;
    memset(n->curve_next.b, 8, sizeof n->curve_next.b);
    n->n_retired = 1;
    n->retired[0] = (struct roster_retired){
        .sign = key(9), .upto_epoch = 100, .upto_seq = 5};
    add(x, "odl-x/ci-1", 3);
    roster_put(roster, &x);
    roster_put(roster, &odl);
    *state = roster;
    return 0;
}

static int
tear_down(void **state)
{
    struct roster *roster = *state;

    roster_destroy(&roster);
    return 0;
}

static enum cim_err
ask(struct roster *roster, const char *node, uint8_t sign, uint64_t epoch,
    uint64_t seq)
{
    struct cim_signkey want = key(sign);
    struct cim_keyid id = cim_keyid_of(&want);
    struct cim_signkey got;
    enum cim_err err =
        roster_key(roster, cim_bytes_str(node), &id, epoch, seq, &got);

    if (err != CIM_EKEY)
        assert_memory_equal(got.b, want.b, sizeof got.b);
    return err;
}

static void
communities_and_nodes_stand_by_name(void **state)
{
    struct roster *roster = *state;

    assert_int_equal(roster->n, 2);
    assert_string_equal(roster->communities[0]->name, "odl");
    assert_string_equal(roster->communities[0]->nodes[0].name, "odl/ci-1");
    assert_string_equal(roster->communities[0]->nodes[1].name, "odl/ci-2");
}

static void
node_is_found_by_its_whole_name(void **state)
{
    struct roster *roster = *state;

    assert_non_null(roster_node(roster, cim_bytes_str("odl/ci-2")));
    assert_null(roster_node(roster, cim_bytes_str("odl/ci-3")));
    assert_null(roster_node(roster, cim_bytes_str("odl/ci-")));
    assert_null(roster_node(roster, cim_bytes_str("onap/ci-1")));
    assert_null(roster_find(roster, cim_bytes_str("od")));
}

static void
node_is_found_by_its_curve_key_now_or_next(void **state)
{
    struct roster *roster = *state;
    uint8_t curve[CIM_KEY_LEN];

    memset(curve, 1, sizeof curve);
    assert_string_equal(roster_by_curve(roster, curve)->name, "odl/ci-1");
    memset(curve, 8, sizeof curve);
    assert_string_equal(roster_by_curve(roster, curve)->name, "odl/ci-1");
    memset(curve, 9, sizeof curve);
    assert_null(roster_by_curve(roster, curve));
}

/* All zero is no key: a node without curve-next is not found by it. */
static void
absent_next_key_is_nobodys(void **state)
{
    struct roster *roster = *state;
    uint8_t curve[CIM_KEY_LEN] = {0};

    assert_null(roster_by_curve(roster, curve));
}

static void
keys_now_and_next_are_good_for_any_position(void **state)
{
    assert_int_equal(ask(*state, "odl/ci-1", 1, 1, 1), CIM_OK);
    assert_int_equal(ask(*state, "odl/ci-1", 7, 1u << 30, 9), CIM_OK);
}

static void
retired_key_is_good_up_to_its_last_position(void **state)
{
    assert_int_equal(ask(*state, "odl/ci-1", 9, 99, 1000), CIM_OK);
    assert_int_equal(ask(*state, "odl/ci-1", 9, 100, 5), CIM_OK);
    assert_int_equal(ask(*state, "odl/ci-1", 9, 100, 6), CIM_ERETIRED);
    assert_int_equal(ask(*state, "odl/ci-1", 9, 101, 1), CIM_ERETIRED);
}

static void
last_position_of_a_retired_key_is_told(void **state)
{
    struct cim_signkey retired = key(9);
    struct cim_keyid id = cim_keyid_of(&retired);
    struct cim_bytes node = cim_bytes_str("odl/ci-1");

    assert_true(roster_upto(*state, node, &id, 99) == UINT64_MAX);
    assert_int_equal(roster_upto(*state, node, &id, 100), 5);
    assert_int_equal(roster_upto(*state, node, &id, 101), 0);
}

static void
key_of_another_node_is_unknown(void **state)
{
    assert_int_equal(ask(*state, "odl/ci-2", 1, 1, 1), CIM_EKEY);
    assert_int_equal(ask(*state, "odl/ci-9", 1, 1, 1), CIM_EKEY);
}

static void
generation_tells_rosters_apart_by_what_they_say(void **state)
{
    struct roster *roster = *state;
    struct roster *copy = roster_copy(roster);
    uint64_t before = roster->generation;
    struct roster_community *c =
        roster_community_copy(roster_find(roster, cim_bytes_str("odl")));

    assert_true(copy->generation == before);
    c->nodes[0].n_retired = 0;
    roster_put(copy, &c);
    assert_true(copy->generation != before);
    assert_int_equal(copy->n, 2);
    c = roster_community_copy(roster_find(roster, cim_bytes_str("odl")));
    roster_put(copy, &c);
    assert_true(copy->generation == before);
    roster_destroy(&copy);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(communities_and_nodes_stand_by_name),
        TEST(node_is_found_by_its_whole_name),
        TEST(node_is_found_by_its_curve_key_now_or_next),
        TEST(absent_next_key_is_nobodys),
        TEST(keys_now_and_next_are_good_for_any_position),
        TEST(retired_key_is_good_up_to_its_last_position),
        TEST(last_position_of_a_retired_key_is_told),
        TEST(key_of_another_node_is_unknown),
        TEST(generation_tells_rosters_apart_by_what_they_say),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

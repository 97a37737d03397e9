/* SPDX-License-Identifier: MPL-2.0 */
#include "node/follow.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct follow_list
two(struct follow *v)
{
    memset(v, 0, 2 * sizeof *v);
    assert_int_equal(
        cim_prefix_parse(cim_bytes_str("odl/Ping/"), &v[0].prefix, NULL),
        CIM_OK);
    assert_int_equal(
        cim_prefix_parse(cim_bytes_str("onap/"), &v[1].prefix, NULL), CIM_OK);
    v[1].now = true;
    return (struct follow_list){v, 2};
}

static void
a_topic_matches_when_one_prefix_does(void **state)
{
    struct follow v[2];
    struct follow_list list = two(v);

    (void)state;
    assert_true(follow_match(&list, cim_bytes_str("odl/Ping/x/")));
    assert_true(follow_match(&list, cim_bytes_str("onap/Any/x/")));
    assert_false(follow_match(&list, cim_bytes_str("odl/Pong/x/")));
    assert_false(follow_match(&list, cim_bytes_str("opnfv/Ping/x/")));
}

static void
a_community_is_touched_by_part_and_covered_by_all(void **state)
{
    struct follow v[2];
    struct follow_list list = two(v);

    (void)state;
    assert_true(follow_touches(&list, cim_bytes_str("odl")));
    assert_false(follow_covers(&list, cim_bytes_str("odl")));
    assert_true(follow_covers(&list, cim_bytes_str("onap")));
    assert_false(follow_touches(&list, cim_bytes_str("opnfv")));
}

static void
a_copy_is_apart(void **state)
{
    struct follow v[2];
    struct follow_list list = two(v);
    struct follow_list copy = {0};

    (void)state;
    follow_list_copy(&copy, &list);
    memset(v, 0, sizeof v);
    assert_int_equal(copy.n, 2);
    assert_true(copy.v[1].now);
    assert_true(follow_covers(&copy, cim_bytes_str("onap")));
    follow_list_clear(&copy);
    assert_null(copy.v);
    assert_false(follow_match(&copy, cim_bytes_str("onap/Any/x/")));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_topic_matches_when_one_prefix_does),
        cmocka_unit_test(a_community_is_touched_by_part_and_covered_by_all),
        cmocka_unit_test(a_copy_is_apart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

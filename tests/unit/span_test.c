/* SPDX-License-Identifier: MPL-2.0 */
#include "node/span.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define ROOM 64 /* positions 1..ROOM-1 of the naive set */

static void
check(const struct span_set *set, const bool *naive)
{
    uint64_t n = 0;
    uint64_t end = 0;

    for (uint64_t i = 1; i < ROOM; i++) {
        assert_int_equal(span_has(set, i), naive[i]);
        n += naive[i];
    }
    assert_int_equal(span_count(set), n);
    for (size_t i = 0; i < set->len; i++) {
        assert_true(set->v[i].n >= 1);
        assert_true(i == 0 || set->v[i].first > end);
        end = set->v[i].first + set->v[i].n;
    }
}

static void
a_set_is_what_was_added_less_what_was_removed(void **state)
{
    unsigned seed = 1;

    (void)state;
    for (int round = 0; round < 300; round++) {
        struct span_set set = {0};
        bool naive[ROOM] = {false};
        for (int step = 0; step < 40; step++) {
            uint64_t first = 1 + (uint64_t)(rand_r(&seed) % (ROOM - 1));
            uint64_t n = (uint64_t)rand_r(&seed) % 8;
            bool add = rand_r(&seed) % 3 != 0;
            if (first + n > ROOM)
                n = ROOM - first;
            if (add)
                span_add(&set, first, n);
            else
                span_remove(&set, first, n);
            for (uint64_t i = first; i < first + n; i++)
                naive[i] = add;
            check(&set, naive);
        }
        span_clear(&set);
    }
}

static void
neighbours_become_one_span(void **state)
{
    struct span_set set = {0};

    (void)state;
    span_add(&set, 1, 2);
    span_add(&set, 5, 2);
    span_add(&set, 3, 2);
    assert_int_equal(set.len, 1);
    assert_int_equal(set.v[0].first, 1);
    assert_int_equal(set.v[0].n, 6);
    span_clear(&set);
}

static void
removing_from_the_middle_leaves_two(void **state)
{
    struct span_set set = {0};

    (void)state;
    span_add(&set, 10, 10);
    span_remove(&set, 12, 3);
    assert_int_equal(set.len, 2);
    assert_int_equal(set.v[0].n, 2);
    assert_int_equal(set.v[1].first, 15);
    assert_int_equal(set.v[1].n, 5);
    span_clear(&set);
}

static void
a_copy_is_apart(void **state)
{
    struct span_set set = {0};
    struct span_set copy = {0};

    (void)state;
    span_add(&set, 1, 3);
    span_add(&copy, 9, 9);
    span_copy(&copy, &set);
    span_add(&set, 7, 1);
    assert_int_equal(copy.len, 1);
    assert_int_equal(span_count(&copy), 3);
    span_clear(&set);
    span_copy(&copy, &set);
    assert_int_equal(copy.len, 0);
    span_clear(&copy);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_set_is_what_was_added_less_what_was_removed),
        cmocka_unit_test(neighbours_become_one_span),
        cmocka_unit_test(removing_from_the_middle_leaves_two),
        cmocka_unit_test(a_copy_is_apart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

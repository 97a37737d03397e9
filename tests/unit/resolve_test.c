/* SPDX-License-Identifier: MPL-2.0 */
/* resolve: names to addresses, without waiting. */
#include "node/resolve.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

static enum resolve_state
wait_for(struct resolve **r, char *out, size_t cap)
{
    const struct timespec pause = {.tv_nsec = 5000000};
    enum resolve_state state;

    while ((state = resolve_poll(r, 0, out, cap)) == RESOLVE_WAIT)
        nanosleep(&pause, NULL);
    return state;
}

static void
an_address_is_known_from_a_name(void **state)
{
    (void)state;
    assert_true(resolve_is_numeric("tcp://127.0.0.1:7570"));
    assert_true(resolve_is_numeric("tcp://[::1]:7570"));
    assert_false(resolve_is_numeric("tcp://localhost:7570"));
    assert_false(resolve_is_numeric("tcp://127.0.0.1"));
    assert_false(resolve_is_numeric("ipc://127.0.0.1:1"));
}

static void
localhost_becomes_a_loopback_endpoint(void **state)
{
    struct resolve *r = resolve_start("tcp://localhost:7570");
    char out[256];

    (void)state;
    assert_non_null(r);
    assert_int_equal(wait_for(&r, out, sizeof out), RESOLVE_DONE);
    assert_null(r);
    assert_string_equal(out, "tcp://127.0.0.1:7570");
    assert_true(resolve_is_numeric(out));
}

static void
a_name_that_does_not_exist_fails(void **state)
{
    struct resolve *r = resolve_start("tcp://host.invalid:7570");
    char out[256];

    (void)state;
    assert_non_null(r);
    assert_int_equal(wait_for(&r, out, sizeof out), RESOLVE_FAILED);
    assert_null(r);
}

static void
what_is_no_tcp_endpoint_is_not_looked_up(void **state)
{
    (void)state;
    assert_null(resolve_start("tcp://localhost"));
    assert_null(resolve_start("inproc://x:1"));
    assert_null(resolve_start("tcp://:1"));
}

static void
one_under_way_can_be_given_up(void **state)
{
    struct resolve *r = resolve_start("tcp://localhost:7570");

    (void)state;
    resolve_drop(&r);
    assert_null(r);
    resolve_drop(&r);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_address_is_known_from_a_name),
        cmocka_unit_test(localhost_becomes_a_loopback_endpoint),
        cmocka_unit_test(a_name_that_does_not_exist_fails),
        cmocka_unit_test(what_is_no_tcp_endpoint_is_not_looked_up),
        cmocka_unit_test(one_under_way_can_be_given_up),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

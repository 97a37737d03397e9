/* SPDX-License-Identifier: MPL-2.0 */
#include "node/clock.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define HOUR_MS 3600000

static char path[] = "/tmp/cimesh-clock-XXXXXX";

static void
set_clock(int64_t wall_ms, int64_t mono_ms)
{
    int64_t moved[2] = {wall_ms, mono_ms};
    int fd = open(path, O_WRONLY);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, moved, sizeof moved), sizeof moved);
    close(fd);
}

static int
make_file(void **state)
{
    int fd = mkstemp(path);

    (void)state;
    assert_true(fd >= 0);
    close(fd);
    return setenv("CIMESH_TEST_CLOCK", path, 1);
}

static int
remove_file(void **state)
{
    (void)state;
    return unlink(path);
}

static void
a_file_too_short_is_refused_by_name(void **state)
{
    struct cim_diag diag;

    (void)state;
    assert_int_equal(clock_start(&diag), CIM_EIO);
    assert_non_null(strstr(diag.text, path));
}

static void
wall_time_follows_the_file_at_once(void **state)
{
    struct cim_diag diag;
    int64_t before;

    (void)state;
    set_clock(0, 0);
    assert_int_equal(clock_start(&diag), CIM_OK);
    before = clock_wall_ms();
    set_clock(-HOUR_MS, 0);
    assert_in_range(before - clock_wall_ms(), HOUR_MS / 2, HOUR_MS);
    set_clock(HOUR_MS, 0);
    assert_in_range(clock_wall_ms() - before, HOUR_MS, HOUR_MS * 3 / 2);
}

static void
monotonic_time_moves_apart_from_wall_time(void **state)
{
    struct cim_diag diag;
    int64_t before, before_us, wall;

    (void)state;
    set_clock(0, 0);
    assert_int_equal(clock_start(&diag), CIM_OK);
    before = clock_mono_ms();
    before_us = clock_mono_us();
    wall = clock_wall_ms();
    set_clock(0, HOUR_MS);
    assert_in_range(clock_mono_ms() - before, HOUR_MS, HOUR_MS * 3 / 2);
    assert_in_range(clock_mono_us() - before_us, HOUR_MS * INT64_C(1000),
                    HOUR_MS * INT64_C(1500));
    assert_in_range(clock_wall_ms() - wall, 0, HOUR_MS / 2);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_too_short_is_refused_by_name),
        cmocka_unit_test(wall_time_follows_the_file_at_once),
        cmocka_unit_test(monotonic_time_moves_apart_from_wall_time),
    };

    return cmocka_run_group_tests(tests, make_file, remove_file);
}

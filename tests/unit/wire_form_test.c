/* SPDX-License-Identifier: MPL-2.0 */
/* wire_form_test - what the profile refuses, row by row, and its bounds. */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/wire_model.h"

#define N(array) (sizeof(array) / sizeof *(array))

static struct cim_bytes
str(const char *text)
{
    return cim_bytes_str(text);
}

static enum cim_err
skim(const void *p, size_t len)
{
    return skim_exact(p, len, 8, 4096);
}

/* ---- what is refused, by name --------------------------------------------*/

struct row {
    const char *bytes;
    size_t len;
    enum cim_err want;
};
#define ROW(text, err)                                                         \
    {                                                                          \
        text, sizeof(text) - 1, err                                            \
    }

static void
check_rows(const struct row *rows, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        enum cim_err got = skim(rows[i].bytes, rows[i].len);
        if (got != rows[i].want)
            fail_msg("row %zu (%02x...): %s, not %s", i,
                     (unsigned char)rows[i].bytes[0], cim_err_label(got),
                     cim_err_label(rows[i].want));
    }
}

static void
integers_have_their_shortest_form_within_63_bits(void **state)
{
    static const struct row rows[] = {
        ROW("\x00", CIM_OK),
        ROW("\x7f", CIM_OK),
        ROW("\xe0", CIM_OK),
        ROW("\xff", CIM_OK),
        ROW("\xcc\x7f", CIM_EFORM),
        ROW("\xcc\x80", CIM_OK),
        ROW("\xcd\x00\xff", CIM_EFORM),
        ROW("\xcd\x01\x00", CIM_OK),
        ROW("\xce\x00\x00\xff\xff", CIM_EFORM),
        ROW("\xce\x00\x01\x00\x00", CIM_OK),
        ROW("\xcf\x00\x00\x00\x00\xff\xff\xff\xff", CIM_EFORM),
        ROW("\xcf\x00\x00\x00\x01\x00\x00\x00\x00", CIM_OK),
        ROW("\xcf\x7f\xff\xff\xff\xff\xff\xff\xff", CIM_OK),
        ROW("\xcf\x80\x00\x00\x00\x00\x00\x00\x00", CIM_EFORM),
        ROW("\xd0\xe0", CIM_EFORM),
        ROW("\xd0\xdf", CIM_OK),
        ROW("\xd0\x80", CIM_OK),
        ROW("\xd0\x05", CIM_EFORM),
        ROW("\xd1\xff\x80", CIM_EFORM),
        ROW("\xd1\xff\x7f", CIM_OK),
        ROW("\xd1\x01\x00", CIM_EFORM),
        ROW("\xd2\xff\xff\x80\x00", CIM_EFORM),
        ROW("\xd2\xff\xff\x7f\xff", CIM_OK),
        ROW("\xd3\xff\xff\xff\xff\x80\x00\x00\x00", CIM_EFORM),
        ROW("\xd3\xff\xff\xff\xff\x7f\xff\xff\xff", CIM_OK),
        ROW("\xd3\x80\x00\x00\x00\x00\x00\x00\x00", CIM_OK),
        ROW("\xd3\x00\x00\x00\x01\x00\x00\x00\x00", CIM_EFORM),
    };

    (void)state;
    check_rows(rows, N(rows));
}

static void
lengths_and_counts_have_their_shortest_form(void **state)
{
    static const struct row rows[] = {
        ROW("\xd9\x01"
            "a",
            CIM_EFORM),
        ROW("\xda\x00\x01"
            "a",
            CIM_EFORM),
        ROW("\xdb\x00\x00\x00\x01"
            "a",
            CIM_EFORM),
        ROW("\xc4\x00", CIM_OK),
        ROW("\xc5\x00\x01x", CIM_EFORM),
        ROW("\xc6\x00\x00\x00\x01x", CIM_EFORM),
        ROW("\xdc\x00\x01\xc0", CIM_EFORM),
        ROW("\xdd\x00\x00\x00\x01\xc0", CIM_EFORM),
        ROW("\xde\x00\x00", CIM_EFORM),
        ROW("\xdf\x00\x00\x00\x00", CIM_EFORM),
        ROW("\x80", CIM_OK),
        ROW("\x90", CIM_OK),
        ROW("\xa0", CIM_OK),
    };

    (void)state;
    check_rows(rows, N(rows));
}

static void
types_beyond_the_profile_are_refused(void **state)
{
    static const struct row rows[] = {
        ROW("\xc0", CIM_OK),
        ROW("\xc1", CIM_EFORM),
        ROW("\xc2", CIM_OK),
        ROW("\xc3", CIM_OK),
        ROW("\xc7\x00\x01", CIM_EFORM),
        ROW("\xc8\x00\x00\x01", CIM_EFORM),
        ROW("\xc9\x00\x00\x00\x00\x01", CIM_EFORM),
        ROW("\xca\x00\x00\x00\x00", CIM_EFORM),
        ROW("\xcb\x00\x00\x00\x00\x00\x00\x00\x00", CIM_EFORM),
        ROW("\xd4\x01x", CIM_EFORM),
        ROW("\xd5\x01xx", CIM_EFORM),
        ROW("\xd6\xff\x00\x00\x00\x00", CIM_EFORM),
        ROW("\xd7\xff\x00\x00\x00\x00\x00\x00\x00\x00", CIM_EFORM),
        ROW("\xd8\x01xxxxxxxxxxxxxxxx", CIM_EFORM),
        ROW("\x91\xca\x00\x00\x00\x00", CIM_EFORM),
    };

    (void)state;
    check_rows(rows, N(rows));
}

static void
declared_sizes_beyond_the_bytes_are_short(void **state)
{
    static const struct row rows[] = {
        ROW("", CIM_ESHORT),
        ROW("\xdd\x0f\xff\xff\xff", CIM_ESHORT),
        ROW("\xdf\x7f\xff\xff\xff", CIM_ESHORT),
        ROW("\xdf\xff\xff\xff\xff", CIM_ESHORT),
        ROW("\xdb\xff\xff\xff\xff", CIM_ESHORT),
        ROW("\xc6\xff\xff\xff\xff", CIM_ESHORT),
        ROW("\x92\xc0", CIM_ESHORT),
        ROW("\x81\xa1"
            "a",
            CIM_ESHORT),
        ROW("\x82\xa1"
            "a\xc0",
            CIM_ESHORT),
        ROW("\xa2"
            "a",
            CIM_ESHORT),
        ROW("\xcd\x01", CIM_ESHORT),
        ROW("\xdc\x00", CIM_ESHORT),
    };

    (void)state;
    check_rows(rows, N(rows));
}

static void
text_is_utf8_without_nul(void **state)
{
    static const struct row rows[] = {
        ROW("\xa2\xc3\xbc", CIM_OK),
        ROW("\xa1\xc3", CIM_EFORM),
        ROW("\xa2\xc0\x80", CIM_EFORM),
        ROW("\xa3\xed\xa0\x80", CIM_EFORM),
        ROW("\xa4\xf4\x90\x80\x80", CIM_EFORM),
        ROW("\xa3"
            "a\0b",
            CIM_EFORM),
        ROW("\x81\xa1\xff\xc0", CIM_EFORM),
        ROW("\xc4\x03"
            "a\0\xff",
            CIM_OK),
    };

    (void)state;
    check_rows(rows, N(rows));
}

static void
keys_are_text_and_differ_within_their_map(void **state)
{
    static const struct row rows[] = {
        ROW("\x81\x01\x02", CIM_EFORM),
        ROW("\x81\xc4\x01"
            "a\xc0",
            CIM_EFORM),
        ROW("\x81\xc0\xc0", CIM_EFORM),
        ROW("\x81\x90\xc0", CIM_EFORM),
        ROW("\x82\xa1"
            "a\xc0\xa1"
            "a\xc0",
            CIM_EFORM),
        ROW("\x82\xa1"
            "a\xc0\xa1"
            "b\xc0",
            CIM_OK),
        ROW("\x83\xa1"
            "b\xc0\xa1"
            "a\xc0\xa1"
            "b\xc0",
            CIM_EFORM),
        ROW("\x82\xa0\xc0\xa0\xc0", CIM_EFORM),
        /* the same key in another map, inside and beside */
        ROW("\x81\xa1"
            "a\x81\xa1"
            "a\xc0",
            CIM_OK),
        ROW("\x92\x81\xa1"
            "a\xc0\x81\xa1"
            "a\xc0",
            CIM_OK),
        /* outer keys are remembered across an inner map */
        ROW("\x82\xa1"
            "a\x81\xa1"
            "b\xc0\xa1"
            "a\xc0",
            CIM_EFORM),
        ROW("\x82\xa1"
            "a\x81\xa1"
            "b\xc0\xa1"
            "b\xc0",
            CIM_OK),
    };

    (void)state;
    check_rows(rows, N(rows));
}

/* ---- bounds --------------------------------------------------------------*/

static void
depth_is_bounded_where_it_is_said(void **state)
{
    uint8_t p[40];

    (void)state;
    memset(p, 0x91, sizeof p);
    for (unsigned depth = 1; depth <= 32; depth++) {
        p[depth] = 0x05;
        assert_int_equal(skim_exact(p, depth + 1, depth, 100), CIM_OK);
        if (depth > 1)
            assert_int_equal(skim_exact(p, depth + 1, depth - 1, 100),
                             CIM_EDEPTH);
        p[depth] = 0x90; /* an empty container is a level too */
        assert_int_equal(skim_exact(p, depth + 1, depth, 100), CIM_EDEPTH);
        p[depth] = 0x91;
    }
    p[39] = 0x05;
    assert_int_equal(skim_exact(p, 40, 1000, 100), CIM_EDEPTH);
}

static void
values_are_counted_with_keys_and_containers(void **state)
{
    /* [{a: 1}, [], nil]: 6 values */
    static const char bytes[] = "\x93\x81\xa1"
                                "a\x01\x90\xc0";

    (void)state;
    assert_int_equal(skim_exact(bytes, sizeof bytes - 1, 8, 6), CIM_OK);
    assert_int_equal(skim_exact(bytes, sizeof bytes - 1, 8, 5), CIM_ETOOBIG);
}

/* A map of n keys of equal length that differ in their last bytes only. */
static void
put_wide_map(struct cim_buf *buf, uint32_t n, bool repeat_last)
{
    char key[17];

    cim_buf_reset(buf);
    cim_wire_put_map(buf, n);
    for (uint32_t i = 0; i < n; i++) {
        /* from both ends inwards: the worst order for an ordered list */
        uint32_t at = repeat_last && i == n - 1 ? 0
                      : i % 2                   ? n - 1 - i / 2
                                                : i / 2;
        snprintf(key, sizeof key, "aaaaaaaaaa%06x", (unsigned)at);
        cim_wire_put_str(buf, str(key));
        cim_wire_put_nil(buf);
    }
}

static void
keys_differ_in_the_widest_map_too(void **state)
{
    struct cim_buf buf = {0};

    (void)state;
    put_wide_map(&buf, 2047, false);
    assert_int_equal(skim_exact(buf.p, buf.len, 6, 4096), CIM_OK);
    put_wide_map(&buf, 2047, true);
    assert_int_equal(skim_exact(buf.p, buf.len, 6, 4096), CIM_EFORM);
    put_wide_map(&buf, 4096, false);
    assert_int_equal(skim_exact(buf.p, buf.len, 6, 100000), CIM_OK);
    put_wide_map(&buf, 4097, false);
    assert_int_equal(skim_exact(buf.p, buf.len, 6, 100000), CIM_ETOOBIG);
    cim_buf_clear(&buf);
}

static void
keys_of_maps_that_were_closed_take_no_room(void **state)
{
    struct cim_buf buf = {0};
    char key[8];

    (void)state;
    cim_wire_put_array(&buf, 100);
    for (int i = 0; i < 100; i++) {
        cim_wire_put_map(&buf, 100);
        for (int k = 0; k < 100; k++) {
            snprintf(key, sizeof key, "%d", k);
            cim_wire_put_str(&buf, str(key));
            cim_wire_put_bool(&buf, true);
        }
    }
    assert_int_equal(skim_exact(buf.p, buf.len, 6, 100000), CIM_OK);
    cim_buf_clear(&buf);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(integers_have_their_shortest_form_within_63_bits),
        cmocka_unit_test(lengths_and_counts_have_their_shortest_form),
        cmocka_unit_test(types_beyond_the_profile_are_refused),
        cmocka_unit_test(declared_sizes_beyond_the_bytes_are_short),
        cmocka_unit_test(text_is_utf8_without_nul),
        cmocka_unit_test(keys_are_text_and_differ_within_their_map),
        cmocka_unit_test(depth_is_bounded_where_it_is_said),
        cmocka_unit_test(values_are_counted_with_keys_and_containers),
        cmocka_unit_test(keys_differ_in_the_widest_map_too),
        cmocka_unit_test(keys_of_maps_that_were_closed_take_no_room),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

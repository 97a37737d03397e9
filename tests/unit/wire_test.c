/* SPDX-License-Identifier: MPL-2.0 */
/*
 * wire_test - the walker, the reader and the writers against a naive model.
 *
 * The model is in wire_model.h: a writer and a recursive judge that follow
 * WIRE.md section 3 sentence by sentence, without a thought for speed.
 */
#include "proto/wire.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/chance.h"
#include "tests/unit/wire_model.h"

static struct cim_bytes
str(const char *text)
{
    return cim_bytes_str(text);
}

/* ---- against the model ---------------------------------------------------*/

static void
random_values_are_written_as_the_model_writes_them(void **state)
{
    struct chance c = {7};
    struct cim_buf ours = {0}, naive = {0};

    (void)state;
    for (int i = 0; i < 3000; i++) {
        cim_buf_reset(&ours);
        cim_buf_reset(&naive);
        struct chance again = c;
        model_random(&c, 4, &ours, model_ours);
        model_random(&again, 4, &naive, model_naive);
        assert_int_equal(ours.err, CIM_OK);
        assert_true(cim_bytes_eq(cim_buf_bytes(&ours), cim_buf_bytes(&naive)));
        assert_int_equal(skim_exact(ours.p, ours.len, 32, 100000), CIM_OK);
    }
    cim_buf_clear(&ours);
    cim_buf_clear(&naive);
}

static void
random_values_cut_at_any_byte_are_short(void **state)
{
    struct chance c = {8};
    struct cim_buf buf = {0};

    (void)state;
    for (int i = 0; i < 300; i++) {
        cim_buf_reset(&buf);
        model_random(&c, 4, &buf, model_naive);
        for (size_t n = 0; n < buf.len && n < 600; n++)
            assert_int_equal(skim_exact(buf.p, n, 32, 100000), CIM_ESHORT);
        cim_buf_add_u8(&buf, 0xc0);
        assert_int_equal(skim_exact(buf.p, buf.len, 32, 100000), CIM_ETRAIL);
    }
    cim_buf_clear(&buf);
}

static void
damaged_values_are_judged_as_the_model_judges_them(void **state)
{
    struct chance c = {9};
    struct cim_buf buf = {0};
    unsigned good = 0, bad = 0;

    (void)state;
    for (int i = 0; i < 60000; i++) {
        cim_buf_reset(&buf);
        model_random(&c, 3, &buf, model_naive);
        for (size_t n = 1 + chance_below(&c, 3); n > 0; n--)
            buf.p[chance_below(&c, buf.len)] = model_edge_byte(&c);
        bool want = model_judge(cim_buf_bytes(&buf), 3, 60);
        assert_int_equal(skim_exact(buf.p, buf.len, 3, 60) == CIM_OK, want);
        want ? good++ : bad++;
    }
    assert_true(good > 3000);
    assert_true(bad > 3000);
    cim_buf_clear(&buf);
}

static void
noise_is_judged_as_the_model_judges_it(void **state)
{
    struct chance c = {10};
    uint8_t p[12];

    (void)state;
    for (int i = 0; i < 300000; i++) {
        size_t n = chance_below(&c, sizeof p + 1);
        for (size_t k = 0; k < n; k++)
            p[k] = chance_below(&c, 2) ? model_edge_byte(&c)
                                       : (uint8_t)chance_below(&c, 256);
        assert_int_equal(skim_exact(p, n, 3, 6) == CIM_OK,
                         model_judge(cim_bytes_of(p, n), 3, 6));
    }
}

static void
a_reader_gives_what_was_written(void **state)
{
    struct chance c = {11};
    struct cim_buf buf = {0}, again = {0};

    (void)state;
    for (int i = 0; i < 3000; i++) {
        cim_buf_reset(&buf);
        cim_buf_reset(&again);
        model_random(&c, 4, &buf, model_naive);
        struct cim_reader r = {.data = cim_buf_bytes(&buf)};
        struct cim_wire_value v;
        do {
            assert_int_equal(cim_wire_next(&r, &v), CIM_OK);
            model_put(&again, &v);
        } while (v.kind != CIM_WIRE_END);
        assert_true(cim_bytes_eq(cim_buf_bytes(&buf), cim_buf_bytes(&again)));
    }
    cim_buf_clear(&buf);
    cim_buf_clear(&again);
}

/* ---- reader --------------------------------------------------------------*/

static void
a_reader_of_another_kind_stays_where_it_is(void **state)
{
    struct cim_reader r = {.data = str("\x05\xa1"
                                       "b")};
    struct cim_bytes bytes;
    uint64_t number;
    uint32_t n;
    bool truth;

    (void)state;
    assert_int_equal(cim_wire_str(&r, &bytes), CIM_EFORM);
    assert_int_equal(cim_wire_bin(&r, &bytes), CIM_EFORM);
    assert_int_equal(cim_wire_array(&r, &n), CIM_EFORM);
    assert_int_equal(cim_wire_map(&r, &n), CIM_EFORM);
    assert_int_equal(cim_wire_bool(&r, &truth), CIM_EFORM);
    assert_int_equal(r.at, 0);
    assert_int_equal(cim_wire_uint(&r, 4, &number), CIM_EFORM);
    assert_int_equal(r.at, 0);
    assert_int_equal(cim_wire_uint(&r, 5, &number), CIM_OK);
    assert_int_equal(number, 5);
    assert_int_equal(cim_wire_uint(&r, 5, &number), CIM_EFORM);
    assert_int_equal(cim_wire_str(&r, &bytes), CIM_OK);
    assert_true(cim_bytes_is(bytes, "b"));
    assert_int_equal(cim_wire_str(&r, &bytes), CIM_ESHORT);
    assert_int_equal(cim_wire_uint(&r, 5, &number), CIM_ESHORT);
}

static void
a_negative_number_is_no_uint(void **state)
{
    struct cim_reader r = {.data = str("\xff")};
    uint64_t number = 77;

    (void)state;
    assert_int_equal(cim_wire_uint(&r, UINT64_MAX, &number), CIM_EFORM);
    assert_int_equal(number, 77);
}

static void
a_reader_believes_nothing_that_was_not_skimmed(void **state)
{
    struct cim_reader r = {.data = str("\xdd\x0f\xff\xff\xff")};
    struct cim_wire_value v;
    uint32_t n;

    (void)state;
    assert_int_equal(cim_wire_array(&r, &n), CIM_ESHORT);
    assert_int_equal(cim_wire_next(&r, &v), CIM_ESHORT);
    assert_int_equal(cim_wire_skip(&r, NULL), CIM_ESHORT);
    r.data = str("\xca");
    assert_int_equal(cim_wire_next(&r, &v), CIM_EFORM);
    r.data = str("\x92\x92\x01\x02");
    assert_int_equal(cim_wire_skip(&r, NULL), CIM_ESHORT);
    assert_int_equal(r.at, 0);
}

static void
the_end_is_a_kind_of_its_own(void **state)
{
    struct cim_reader r = {.data = {0}};
    struct cim_wire_value v;

    (void)state;
    assert_int_equal(cim_wire_next(&r, &v), CIM_OK);
    assert_int_equal(v.kind, CIM_WIRE_END);
    assert_int_equal(cim_wire_skip(&r, NULL), CIM_ESHORT);
}

static void
skipping_gives_the_bytes_of_one_whole_value(void **state)
{
    /* {a: [1, {b: "x"}]}, then true */
    static const char bytes[] = "\x81\xa1"
                                "a\x92\x01\x81\xa1"
                                "b\xa1x\xc3";
    struct cim_reader r = {.data = cim_bytes_of(bytes, sizeof bytes - 1)};
    struct cim_bytes raw;
    bool truth = false;

    (void)state;
    assert_int_equal(cim_wire_skip(&r, &raw), CIM_OK);
    assert_true(cim_bytes_eq(raw, cim_bytes_of(bytes, sizeof bytes - 2)));
    assert_int_equal(cim_wire_bool(&r, &truth), CIM_OK);
    assert_true(truth);
    assert_int_equal(r.at, r.data.len);
}

static void
writers_keep_the_first_error(void **state)
{
    struct cim_buf buf = {.max = 3};

    (void)state;
    cim_wire_put_array(&buf, 2);
    cim_wire_put_str(&buf, str("abc"));
    cim_wire_put_nil(&buf);
    assert_int_equal(buf.err, CIM_ETOOBIG);
    cim_buf_clear(&buf);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_values_are_written_as_the_model_writes_them),
        cmocka_unit_test(random_values_cut_at_any_byte_are_short),
        cmocka_unit_test(damaged_values_are_judged_as_the_model_judges_them),
        cmocka_unit_test(noise_is_judged_as_the_model_judges_it),
        cmocka_unit_test(a_reader_gives_what_was_written),
        cmocka_unit_test(a_reader_of_another_kind_stays_where_it_is),
        cmocka_unit_test(a_negative_number_is_no_uint),
        cmocka_unit_test(a_reader_believes_nothing_that_was_not_skimmed),
        cmocka_unit_test(the_end_is_a_kind_of_its_own),
        cmocka_unit_test(skipping_gives_the_bytes_of_one_whole_value),
        cmocka_unit_test(writers_keep_the_first_error),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

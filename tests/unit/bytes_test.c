/* SPDX-License-Identifier: MPL-2.0 */
#include "keys/bytes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/chance.h"

static struct cim_bytes
str(const char *text)
{
    return cim_bytes_str(text);
}

/* ---- views ---------------------------------------------------------------*/

static void
views_are_equal_by_content_alone(void **state)
{
    struct cim_bytes none = {0};

    (void)state;
    assert_true(cim_bytes_eq(none, str("")));
    assert_true(cim_bytes_eq(str("ab"), cim_bytes_of("abc", 2)));
    assert_false(cim_bytes_eq(str("ab"), str("abc")));
    assert_false(cim_bytes_eq(str("ab"), str("aB")));
    assert_true(cim_bytes_is(str("odl"), "odl"));
    assert_false(cim_bytes_is(str("odl"), "od"));
    assert_true(cim_bytes_is(none, ""));
}

static void
views_are_ordered_as_memcmp_with_a_prefix_first(void **state)
{
    (void)state;
    assert_true(cim_bytes_cmp(str("a"), str("ab")) < 0);
    assert_true(cim_bytes_cmp(str("ab"), str("a")) > 0);
    assert_true(cim_bytes_cmp(str("b"), str("ab")) > 0);
    assert_true(cim_bytes_cmp(str("\x7f"), str("\x80")) < 0);
    assert_int_equal(cim_bytes_cmp(str("ab"), str("ab")), 0);
    assert_int_equal(cim_bytes_cmp((struct cim_bytes){0}, str("")), 0);
    assert_true(cim_bytes_cmp((struct cim_bytes){0}, str("a")) < 0);
}

/* ---- buffer --------------------------------------------------------------*/

static void
buffer_holds_what_was_added_in_order(void **state)
{
    struct cim_buf buf = {0};
    char want[3000];

    (void)state;
    for (size_t i = 0; i < sizeof want; i++) {
        want[i] = (char)(i * 7);
        assert_int_equal(cim_buf_add_u8(&buf, (uint8_t)want[i]), CIM_OK);
    }
    assert_int_equal(cim_buf_add(&buf, NULL, 0), CIM_OK);
    assert_true(
        cim_bytes_eq(cim_buf_bytes(&buf), cim_bytes_of(want, sizeof want)));
    cim_buf_reset(&buf);
    cim_buf_add_str(&buf, "od");
    cim_buf_add_bytes(&buf, str("l"));
    assert_true(cim_bytes_is(cim_buf_bytes(&buf), "odl"));
    cim_buf_clear(&buf);
    assert_null(buf.p);
    assert_int_equal(buf.len, 0);
}

static void
buffer_refuses_what_passes_its_cap(void **state)
{
    struct cim_buf buf = {.max = 4};

    (void)state;
    assert_int_equal(cim_buf_add_str(&buf, "abcd"), CIM_OK);
    assert_int_equal(cim_buf_add_u8(&buf, 'e'), CIM_ETOOBIG);
    assert_int_equal(buf.len, 4);
    cim_buf_reset(&buf);
    assert_int_equal(cim_buf_add_str(&buf, "abcde"), CIM_ETOOBIG);
    assert_int_equal(buf.len, 0);
    cim_buf_clear(&buf);
}

static void
buffer_refuses_a_length_beyond_memory(void **state)
{
    struct cim_buf buf = {0};

    (void)state;
    cim_buf_add_str(&buf, "x");
    assert_int_equal(cim_buf_add(&buf, "", SIZE_MAX), CIM_ETOOBIG);
    assert_int_equal(buf.len, 1);
    cim_buf_clear(&buf);
}

static void
first_error_stays_until_reset(void **state)
{
    struct cim_buf buf = {.max = 2};

    (void)state;
    cim_buf_add_str(&buf, "abc");
    assert_int_equal(cim_buf_add_str(&buf, "a"), CIM_ETOOBIG);
    assert_int_equal(buf.err, CIM_ETOOBIG);
    assert_int_equal(buf.len, 0);
    assert_null(cim_buf_cstr(&buf));
    cim_buf_reset(&buf);
    assert_int_equal(cim_buf_add_str(&buf, "a"), CIM_OK);
    cim_buf_clear(&buf);
}

static void
c_string_ends_after_the_bytes_and_counts_no_nul(void **state)
{
    struct cim_buf buf = {.max = 64};

    (void)state;
    assert_string_equal(cim_buf_cstr(&buf), "");
    for (size_t i = 0; i < 64; i++)
        cim_buf_add_u8(&buf, 'x');
    assert_int_equal(strlen(cim_buf_cstr(&buf)), 64);
    assert_int_equal(buf.len, 64);
    cim_buf_clear(&buf);
}

/* ---- text forms ----------------------------------------------------------*/

static void
base64url_is_that_of_the_rfc(void **state)
{
    static const char *const pairs[][2] = {
        {"", ""},
        {"f", "Zg"},
        {"fo", "Zm8"},
        {"foo", "Zm9v"},
        {"foob", "Zm9vYg"},
        {"fooba", "Zm9vYmE"},
        {"foobar", "Zm9vYmFy"},
        {"\xfb\xff\xfe", "-__-"},
    };
    uint8_t back[8];
    char text[16];
    size_t len;

    (void)state;
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        struct cim_bytes raw = str(pairs[i][0]);
        cim_b64_encode(raw.p, raw.len, text);
        assert_string_equal(text, pairs[i][1]);
        assert_int_equal(CIM_B64_LEN(raw.len), strlen(text));
        assert_int_equal(
            cim_b64_decode(text, strlen(text), back, sizeof back, &len),
            CIM_OK);
        assert_true(cim_bytes_eq(cim_bytes_of(back, len), raw));
    }
}

static void
base64url_round_trips_at_every_length(void **state)
{
    struct chance c = {1};
    uint8_t raw[100], back[100];
    char text[CIM_B64_LEN(100) + 1];
    size_t len;

    (void)state;
    for (size_t n = 0; n <= sizeof raw; n++) {
        for (size_t i = 0; i < n; i++)
            raw[i] = (uint8_t)chance_below(&c, 256);
        cim_b64_encode(raw, n, text);
        assert_int_equal(strlen(text), CIM_B64_LEN(n));
        assert_int_equal(cim_b64_decode(text, strlen(text), back, n, &len),
                         CIM_OK);
        assert_int_equal(len, n);
        assert_memory_equal(back, raw, n);
    }
}

static void
base64url_has_one_spelling(void **state)
{
    static const char *const bad[] = {"Zg==", "Zm8=",  "Zh",        "Zm9",
                                      "Z",    "Zm9vY", "Zm9v Zm9v", "Zg\n",
                                      "+__-", "-/_-",  "Zm\x80v"};
    uint8_t out[16];
    size_t len;

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (cim_b64_decode(bad[i], strlen(bad[i]), out, sizeof out, &len) !=
            CIM_EFORM)
            fail_msg("taken: %s", bad[i]);
    assert_int_equal(cim_b64_decode("Zg\0", 3, out, sizeof out, &len),
                     CIM_EFORM);
    assert_int_equal(cim_b64_decode("Zm9v", 4, out, 2, &len), CIM_ETOOBIG);
}

static void
hex_is_lower_case_and_read_in_either(void **state)
{
    uint8_t out[3];
    char text[7];

    (void)state;
    cim_hex_encode((const uint8_t *)"\x00\xaf\x5c", 3, text);
    assert_string_equal(text, "00af5c");
    assert_int_equal(cim_hex_decode("00aF5C", 6, out, 3), CIM_OK);
    assert_memory_equal(out, "\x00\xaf\x5c", 3);
    assert_int_equal(cim_hex_decode("00af5", 5, out, 3), CIM_EFORM);
    assert_int_equal(cim_hex_decode("00af5c00", 8, out, 3), CIM_EFORM);
    assert_int_equal(cim_hex_decode("00ag5c", 6, out, 3), CIM_EFORM);
    assert_int_equal(cim_hex_decode("0x af5", 6, out, 3), CIM_EFORM);
}

/* ---- UTF-8 ---------------------------------------------------------------*/

/* Decodes by arithmetic, not by ranges: the model to compare with. */
static bool
naive_utf8(const uint8_t *p, size_t len)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};

    for (size_t i = 0; i < len;) {
        size_t n = p[i] < 0x80             ? 1
                   : (p[i] & 0xe0) == 0xc0 ? 2
                   : (p[i] & 0xf0) == 0xe0 ? 3
                   : (p[i] & 0xf8) == 0xf0 ? 4
                                           : 0;
        uint32_t code = n == 1 ? p[i] : p[i] & (0x7fU >> n);
        if (n == 0 || n > len - i)
            return false;
        for (size_t k = 1; k < n; k++) {
            if ((p[i + k] & 0xc0) != 0x80)
                return false;
            code = code << 6 | (p[i + k] & 0x3fU);
        }
        if ((n > 1 && code < least[n]) || code > 0x10ffff ||
            (code >= 0xd800 && code < 0xe000))
            return false;
        i += n;
    }
    return true;
}

static void
utf8_of_up_to_three_bytes_is_judged_as_the_model_does(void **state)
{
    uint8_t p[3];

    (void)state;
    for (unsigned first = 0; first < 256; first++)
        for (unsigned second = 0; second < 256; second++)
            for (unsigned third = 0x3f; third < 0x102; third += 0x41) {
                p[0] = (uint8_t)first;
                p[1] = (uint8_t)second;
                p[2] = (uint8_t)third;
                for (size_t n = 0; n <= 3; n++)
                    assert_int_equal(cim_utf8_valid(cim_bytes_of(p, n)),
                                     naive_utf8(p, n));
            }
}

static void
a_character_has_a_length_and_a_code(void **state)
{
    static const struct {
        const char *text;
        size_t n;
        uint32_t code;
    } rows[] = {{"a", 1, 'a'},
                {"\xc3\xa9z", 2, 0xe9},
                {"\xe2\x82\xac", 3, 0x20ac},
                {"\xf0\x9f\x98\x80", 4, 0x1f600}};
    uint32_t code;

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const uint8_t *p = (const uint8_t *)rows[i].text;
        assert_int_equal(cim_utf8_next(p, strlen(rows[i].text), &code),
                         rows[i].n);
        assert_int_equal(code, rows[i].code);
        assert_int_equal(cim_utf8_next(p, rows[i].n - 1 + (i == 0), &code),
                         i == 0);
    }
}

static void
what_a_terminal_acts_on_is_unsafe(void **state)
{
    static const uint32_t unsafe[] = {0,      0x1b,   0x7f,   0x80,   0x9b,
                                      0x9f,   0x61c,  0x200e, 0x200f, 0x2028,
                                      0x202a, 0x202e, 0x2066, 0x2069, 0xfeff};
    static const uint32_t safe[] = {' ',    '~',    0xa0,   0x61b,
                                    0x61d,  0x200d, 0x2010, 0x2027,
                                    0x202f, 0x206a, 0xfffd};

    (void)state;
    for (size_t i = 0; i < sizeof unsafe / sizeof *unsafe; i++)
        assert_true(cim_utf8_unsafe(unsafe[i]));
    for (size_t i = 0; i < sizeof safe / sizeof *safe; i++)
        assert_false(cim_utf8_unsafe(safe[i]));
}

static void
utf8_of_four_bytes_is_judged_as_the_model_does(void **state)
{
    static const uint8_t edge[] = {0x00, 0x7f, 0x80, 0x8f, 0x90,
                                   0x9f, 0xa0, 0xbf, 0xc0, 0xff};
    uint8_t p[5] = {0};

    (void)state;
    for (unsigned first = 0xe0; first < 256; first++)
        for (unsigned i = 0; i < 1000; i++) {
            p[0] = (uint8_t)first;
            p[1] = edge[i % 10];
            p[2] = edge[i / 10 % 10];
            p[3] = edge[i / 100];
            for (size_t n = 1; n <= 5; n++)
                assert_int_equal(cim_utf8_valid(cim_bytes_of(p, n)),
                                 naive_utf8(p, n));
        }
}

static void
u64_is_written_big_end_first(void **state)
{
    uint8_t out[8];

    (void)state;
    cim_u64be(UINT64_C(0x0102030405060708), out);
    assert_memory_equal(out, "\1\2\3\4\5\6\7\10", 8);
    cim_u64be(UINT64_MAX, out);
    assert_memory_equal(out, "\xff\xff\xff\xff\xff\xff\xff\xff", 8);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(views_are_equal_by_content_alone),
        cmocka_unit_test(views_are_ordered_as_memcmp_with_a_prefix_first),
        cmocka_unit_test(buffer_holds_what_was_added_in_order),
        cmocka_unit_test(buffer_refuses_what_passes_its_cap),
        cmocka_unit_test(buffer_refuses_a_length_beyond_memory),
        cmocka_unit_test(first_error_stays_until_reset),
        cmocka_unit_test(c_string_ends_after_the_bytes_and_counts_no_nul),
        cmocka_unit_test(base64url_is_that_of_the_rfc),
        cmocka_unit_test(base64url_round_trips_at_every_length),
        cmocka_unit_test(base64url_has_one_spelling),
        cmocka_unit_test(hex_is_lower_case_and_read_in_either),
        cmocka_unit_test(utf8_of_up_to_three_bytes_is_judged_as_the_model_does),
        cmocka_unit_test(a_character_has_a_length_and_a_code),
        cmocka_unit_test(what_a_terminal_acts_on_is_unsafe),
        cmocka_unit_test(utf8_of_four_bytes_is_judged_as_the_model_does),
        cmocka_unit_test(u64_is_written_big_end_first),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

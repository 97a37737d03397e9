/* SPDX-License-Identifier: MPL-2.0 */
/* A HELLO as a CURVE server reads it, and its WELCOME. */
#include "keys/hello.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

struct server {
    struct cim_curvekey public;
    uint8_t secret[CIM_KEY_LEN];
};

static void
make_server(struct server *s)
{
    crypto_box_keypair(s->public.b, s->secret);
}

/* RFC 26: the box holds 64 zeros and opens with the server's secret key. */
static bool
reads(const struct server *s, const uint8_t hello[static CIM_HELLO_LEN])
{
    uint8_t nonce[crypto_box_NONCEBYTES] = "CurveZMQHELLO---", zeros[64];

    memcpy(nonce + 16, hello + 112, 8);
    return memcmp(hello, "\x05HELLO\x01\x00", 8) == 0 &&
           crypto_box_open_easy(zeros, hello + 120, 80, nonce, hello + 80,
                                s->secret) == 0 &&
           sodium_is_zero(zeros, sizeof zeros);
}

static void
welcome(const struct server *s, const struct cim_hello *to,
        uint8_t out[static CIM_WELCOME_LEN])
{
    uint8_t nonce[crypto_box_NONCEBYTES] = "WELCOME-", plain[128] = {7};

    memcpy(out, "\x07WELCOME", 8);
    randombytes_buf(out + 8, 16);
    memcpy(nonce + 8, out + 8, 16);
    assert_int_equal(crypto_box_easy(out + 24, plain, sizeof plain, nonce,
                                     to->public, s->secret),
                     0);
}

static void
only_the_server_it_is_for_reads_a_hello(void **state)
{
    (void)state;
    struct server right, other;
    struct cim_hello hello;
    uint8_t frame[CIM_HELLO_LEN];

    make_server(&right);
    make_server(&other);
    assert_int_equal(cim_hello_make(&right.public, &hello, frame), CIM_OK);
    assert_true(reads(&right, frame));
    assert_false(reads(&other, frame));
}

static void
only_its_welcome_is_believed(void **state)
{
    (void)state;
    struct server right, other;
    struct cim_hello hello;
    uint8_t frame[CIM_HELLO_LEN], answer[CIM_WELCOME_LEN];

    make_server(&right);
    make_server(&other);
    assert_int_equal(cim_hello_make(&right.public, &hello, frame), CIM_OK);
    welcome(&right, &hello, answer);
    assert_true(cim_hello_welcomed(&hello, &right.public, answer));
    assert_false(cim_hello_welcomed(&hello, &other.public, answer));
    for (size_t i = 0; i < CIM_WELCOME_LEN; i++) {
        answer[i] ^= 1;
        assert_false(cim_hello_welcomed(&hello, &right.public, answer));
        answer[i] ^= 1;
    }
    welcome(&other, &hello, answer);
    assert_false(cim_hello_welcomed(&hello, &right.public, answer));
}

static void
a_key_that_is_none_is_refused(void **state)
{
    (void)state;
    const struct cim_curvekey zero = {{0}};
    struct cim_hello hello;
    uint8_t frame[CIM_HELLO_LEN];

    assert_int_equal(cim_hello_make(&zero, &hello, frame), CIM_EFORM);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_the_server_it_is_for_reads_a_hello),
        cmocka_unit_test(only_its_welcome_is_believed),
        cmocka_unit_test(a_key_that_is_none_is_refused),
    };

    if (cim_sodium_start())
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}

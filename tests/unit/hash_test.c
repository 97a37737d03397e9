/* SPDX-License-Identifier: MPL-2.0 */
/* Expected values come from another implementation of BLAKE2b (hashlib). */
#include "keys/hash.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "keys/sign.h"

static void
assert_hex(const void *p, size_t len, const char *hex)
{
    uint8_t want[64];

    assert_int_equal(cim_hex_decode(hex, strlen(hex), want, len), CIM_OK);
    assert_memory_equal(p, want, len);
}

static void
hash_is_blake2b_256(void **state)
{
    struct cim_hash none = cim_hash_bytes((struct cim_bytes){0});
    struct cim_hash abc = cim_hash_bytes(cim_bytes_str("abc"));

    (void)state;
    assert_hex(none.b, 32,
               "0e5751c026e543b2e8ab2eb06099daa1"
               "d1e5df47778f7787faab45cdf12fe3a8");
    assert_hex(abc.b, 32,
               "bddd813c634239723171ef3fee98579b"
               "94964e3bb1cb3e427262c8c068d52319");
}

static void
leaf_is_the_hash_of_zero_and_the_event(void **state)
{
    struct cim_hash leaf = cim_hash_leaf(cim_bytes_str("abc"));

    (void)state;
    assert_hex(leaf.b, 32,
               "4b44b5a5f9e6fafead231e4d609a8e88"
               "053a6053c087b68e24e31faf0fb8dfe7");
}

static void
inner_is_the_hash_of_one_left_and_right(void **state)
{
    struct cim_hash left, right;

    (void)state;
    for (uint8_t i = 0; i < 32; i++) {
        left.b[i] = i;
        right.b[i] = (uint8_t)(i + 32);
    }
    struct cim_hash inner = cim_hash_inner(&left, &right);
    assert_hex(inner.b, 32,
               "65a386efc0b9954da9312c6e07616c71"
               "02c8074eb3d204ef7dba08d049b7ba73");
    inner = cim_hash_inner(&right, &left);
    assert_int_not_equal(inner.b[0], 0x65);
}

static void
an_event_of_two_hashes_is_no_inner_node(void **state)
{
    struct cim_hash both[2] = {cim_hash_bytes(cim_bytes_str("l")),
                               cim_hash_bytes(cim_bytes_str("r"))};
    struct cim_hash leaf = cim_hash_leaf(cim_bytes_of(both, sizeof both));
    struct cim_hash inner = cim_hash_inner(&both[0], &both[1]);

    (void)state;
    assert_false(cim_hash_eq(&leaf, &inner));
    assert_true(cim_hash_eq(&leaf, &leaf));
}

static struct cim_digest
digest_in_pieces(struct cim_bytes data, size_t piece)
{
    struct cim_digester d;

    cim_digester_init(&d);
    for (size_t at = 0; at < data.len; at += piece) {
        size_t n = data.len - at < piece ? data.len - at : piece;
        cim_digester_add(&d, cim_bytes_of(data.p + at, n));
    }
    return cim_digester_end(&d);
}

static void
digest_is_blake2b_128_however_it_is_fed(void **state)
{
    uint8_t data[300];
    struct cim_digest one, all;

    (void)state;
    one = digest_in_pieces(cim_bytes_str("abc"), 1);
    assert_hex(one.b, 16, "cf4ab791c62b8d2b2109c90275287816");
    one = digest_in_pieces((struct cim_bytes){0}, 1);
    assert_hex(one.b, 16, "cae66941d9efbd404e4d88758ea67670");
    memset(data, 'x', sizeof data);
    all = digest_in_pieces(cim_bytes_of(data, sizeof data), sizeof data);
    for (size_t piece = 1; piece < sizeof data; piece += 13) {
        one = digest_in_pieces(cim_bytes_of(data, sizeof data), piece);
        assert_true(cim_digest_eq(&one, &all));
    }
}

static void
digest_of_numbers_is_that_of_their_eight_bytes(void **state)
{
    struct cim_digester d;
    struct cim_digest a, b;

    (void)state;
    cim_digester_init(&d);
    cim_digester_add_u64(&d, 0x0102);
    cim_digester_add_u64(&d, 3);
    a = cim_digester_end(&d);
    b = digest_in_pieces(cim_bytes_of("\0\0\0\0\0\0\1\2\0\0\0\0\0\0\0\3", 16),
                         16);
    assert_true(cim_digest_eq(&a, &b));
    b.b[15] ^= 1;
    assert_false(cim_digest_eq(&a, &b));
}

static void
a_digester_is_a_plain_value(void **state)
{
    struct cim_digester d, copy;
    struct cim_digest a, b;

    (void)state;
    cim_digester_init(&d);
    cim_digester_add(&d, cim_bytes_str("abc"));
    copy = d;
    a = cim_digester_end(&d);
    b = cim_digester_end(&copy);
    assert_true(cim_digest_eq(&a, &b));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hash_is_blake2b_256),
        cmocka_unit_test(leaf_is_the_hash_of_zero_and_the_event),
        cmocka_unit_test(inner_is_the_hash_of_one_left_and_right),
        cmocka_unit_test(an_event_of_two_hashes_is_no_inner_node),
        cmocka_unit_test(digest_is_blake2b_128_however_it_is_fed),
        cmocka_unit_test(digest_of_numbers_is_that_of_their_eight_bytes),
        cmocka_unit_test(a_digester_is_a_plain_value),
    };

    if (cim_sodium_start() != CIM_OK)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}

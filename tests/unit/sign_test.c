/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Key and signature of the fixed seed come from RFC 8032 section 7.1 and from
 * another implementation (PyNaCl).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "keys/hash.h"
#include "keys/identity.h"

#define SEED "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60"
#define PUBLIC                                                                 \
    "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"
#define PUBLIC_TEXT "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"
/* over "cimesh batch v1", NUL, "hello" */
#define SIGNATURE                                                              \
    "30c9b39f3b91c4917e1a047cf4221f388449519442cf755a059295335fa3a111"         \
    "f3f5edc3c397843bf4a4cbccbea3f393cbe9ab5c6a56d32f3f275bd884c2ac0c"

struct desk {
    struct cim_identity *id;
    struct cim_signkey key;
    struct cim_signature sig; /* of "hello" */
};

static void
unhex(const char *hex, uint8_t *out, size_t len)
{
    assert_int_equal(cim_hex_decode(hex, strlen(hex), out, len), CIM_OK);
}

static int
set_up(void **state)
{
    static struct desk desk;
    uint8_t seed[32];

    unhex(SEED, seed, 32);
    assert_int_equal(cim_identity_from_seeds(seed, seed, &desk.id), CIM_OK);
    desk.key = cim_identity_signkey(desk.id);
    cim_identity_sign(desk.id, CIM_CONTEXT_BATCH, cim_bytes_str("hello"),
                      &desk.sig);
    *state = &desk;
    return 0;
}

static int
tear_down(void **state)
{
    struct desk *desk = *state;

    cim_identity_close(&desk->id);
    return 0;
}

static enum cim_err
verify(const struct desk *desk, const char *context, const char *data)
{
    return cim_verify(&desk->key, context, cim_bytes_str(data), &desk->sig);
}

static void
key_and_signature_are_those_of_others(void **state)
{
    struct desk *desk = *state;
    uint8_t want[CIM_SIG_LEN];

    unhex(PUBLIC, want, 32);
    assert_memory_equal(desk->key.b, want, 32);
    unhex(SIGNATURE, want, CIM_SIG_LEN);
    assert_memory_equal(desk->sig.b, want, CIM_SIG_LEN);
    assert_int_equal(verify(desk, CIM_CONTEXT_BATCH, "hello"), CIM_OK);
}

static void
signature_is_for_this_data_alone(void **state)
{
    struct desk *desk = *state;

    assert_int_equal(verify(desk, CIM_CONTEXT_BATCH, "hellO"), CIM_ESIG);
    assert_int_equal(verify(desk, CIM_CONTEXT_BATCH, "hello "), CIM_ESIG);
    assert_int_equal(verify(desk, CIM_CONTEXT_BATCH, ""), CIM_ESIG);
}

static void
signature_is_for_this_context_alone(void **state)
{
    struct desk *desk = *state;

    assert_int_equal(verify(desk, CIM_CONTEXT_KEY, "hello"), CIM_ESIG);
    assert_int_equal(verify(desk, "", "hello"), CIM_ESIG);
    assert_int_equal(verify(desk, "cimesh batch v", "1\0hello"), CIM_ESIG);
    assert_int_equal(verify(desk, CIM_CONTEXT_BATCH "hello", ""), CIM_ESIG);
}

static void
signature_with_any_bit_changed_is_refused(void **state)
{
    struct desk *desk = *state;

    for (size_t bit = 0; bit < 8 * CIM_SIG_LEN; bit++) {
        desk->sig.b[bit / 8] ^= (uint8_t)(1U << bit % 8);
        assert_int_equal(verify(desk, CIM_CONTEXT_BATCH, "hello"), CIM_ESIG);
        desk->sig.b[bit / 8] ^= (uint8_t)(1U << bit % 8);
    }
}

static void
signature_is_for_this_key_alone(void **state)
{
    struct desk *desk = *state;
    struct cim_identity *other = NULL;

    assert_int_equal(cim_identity_make(&other), CIM_OK);
    desk->key = cim_identity_signkey(other);
    assert_int_equal(verify(desk, CIM_CONTEXT_BATCH, "hello"), CIM_ESIG);
    cim_identity_close(&other);
}

/* S and S + L give the same point; only the smaller one may verify. */
static void
signature_with_the_group_order_added_is_refused(void **state)
{
    static const uint8_t order[32] = {
        0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7,
        0xa2, 0xde, 0xf9, 0xde, 0x14, 0,    0,    0,    0,    0,    0,
        0,    0,    0,    0,    0,    0,    0,    0,    0,    0x10};
    struct desk *desk = *state;
    unsigned carry = 0;

    for (size_t i = 0; i < 32; i++) {
        carry += desk->sig.b[32 + i] + (unsigned)order[i];
        desk->sig.b[32 + i] = (uint8_t)carry;
        carry >>= 8;
    }
    assert_int_equal(carry, 0);
    assert_int_equal(verify(desk, CIM_CONTEXT_BATCH, "hello"), CIM_ESIG);
}

/* Under the neutral element as key, R = S B verifies for every message. */
static void
small_order_key_is_refused(void **state)
{
    struct desk *desk = *state;

    memset(&desk->key, 0, sizeof desk->key);
    desk->key.b[0] = 1;
    memset(&desk->sig, 0, sizeof desk->sig);
    desk->sig.b[0] = 1;
    assert_int_equal(verify(desk, CIM_CONTEXT_BATCH, "hello"), CIM_ESIG);
}

static void
more_data_than_is_ever_signed_is_refused(void **state)
{
    struct desk *desk = *state;
    uint8_t much[1024] = {0};

    assert_int_equal(cim_verify(&desk->key, CIM_CONTEXT_BATCH,
                                cim_bytes_of(much, sizeof much), &desk->sig),
                     CIM_ESIG);
    assert_int_equal(
        cim_verify(&desk->key, "c", cim_bytes_of(much, 1023), &desk->sig),
        CIM_ESIG);
    cim_identity_sign(desk->id, "c", cim_bytes_of(much, 1022), &desk->sig);
    assert_int_equal(
        cim_verify(&desk->key, "c", cim_bytes_of(much, 1022), &desk->sig),
        CIM_OK);
}

static void
key_id_and_fingerprint_are_of_the_key_under_its_context(void **state)
{
    struct desk *desk = *state;
    struct {
        char text[CIM_FINGERPRINT_LEN + 1], after;
    } print = {.after = 'x'};
    struct cim_keyid id = cim_keyid_of(&desk->key), other = id;

    assert_memory_equal(id.b, "\x9f\x14\x02\xa8\xc4\xb5\xdd\x6f", 8);
    cim_fingerprint(&desk->key, print.text);
    assert_string_equal(print.text, "9f14-02a8-c4b5-dd6f-455c-309f-6401-a07d");
    assert_int_equal(print.after, 'x');
    assert_true(cim_keyid_eq(&id, &other));
    other.b[7] ^= 1;
    assert_false(cim_keyid_eq(&id, &other));
}

static void
key_text_is_read_as_it_was_written(void **state)
{
    struct desk *desk = *state;
    char text[CIM_KEY_TEXT_LEN + 1];
    uint8_t back[CIM_KEY_LEN];

    cim_key_text(desk->key.b, text);
    assert_string_equal(text, PUBLIC_TEXT);
    assert_int_equal(cim_key_parse(cim_bytes_str(text), back, NULL), CIM_OK);
    assert_memory_equal(back, desk->key.b, CIM_KEY_LEN);
}

static void
key_text_of_another_form_is_refused_with_a_reason(void **state)
{
    static const char *const bad[] = {
        "",
        "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHUR",
        PUBLIC_TEXT "=",
        PUBLIC_TEXT "o",
        "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo",
        "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURp",
        "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHUR ",
        "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
    };
    uint8_t out[CIM_KEY_LEN];

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct cim_diag diag = {""};
        if (cim_key_parse(cim_bytes_str(bad[i]), out, &diag) != CIM_EFORM)
            fail_msg("taken: %s", bad[i]);
        assert_non_null(strstr(diag.text, "key"));
    }
}

static void
random_bytes_differ(void **state)
{
    uint8_t a[32] = {0}, b[32] = {0};

    (void)state;
    cim_random(a, sizeof a);
    cim_random(b, sizeof b);
    assert_memory_not_equal(a, b, sizeof a);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(key_and_signature_are_those_of_others),
        TEST(signature_is_for_this_data_alone),
        TEST(signature_is_for_this_context_alone),
        TEST(signature_with_any_bit_changed_is_refused),
        TEST(signature_is_for_this_key_alone),
        TEST(signature_with_the_group_order_added_is_refused),
        TEST(small_order_key_is_refused),
        TEST(more_data_than_is_ever_signed_is_refused),
        TEST(key_id_and_fingerprint_are_of_the_key_under_its_context),
        TEST(key_text_is_read_as_it_was_written),
        TEST(key_text_of_another_form_is_refused_with_a_reason),
        TEST(random_bytes_differ),
    };

    if (cim_sodium_start() != CIM_OK)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MPL-2.0 */
#include "proto/uuid.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define TEXT "018f6b2e-7c4d-7a3b-9e5f-0123456789ab"

static enum cim_err
parse(const char *text)
{
    struct cim_uuid id;

    return cim_uuid_parse(cim_bytes_str(text), &id);
}

static void
text_comes_back(void **state)
{
    struct cim_uuid id;
    char text[CIM_UUID_TEXT_LEN + 1];

    (void)state;
    assert_int_equal(cim_uuid_parse(cim_bytes_str(TEXT), &id), CIM_OK);
    assert_int_equal(id.b[0], 0x01);
    assert_int_equal(id.b[15], 0xab);
    cim_uuid_text(&id, text);
    assert_string_equal(text, TEXT);
}

static void
other_forms_are_refused(void **state)
{
    static const char *const bad[] = {
        "",
        "018F6B2E-7C4D-7A3B-9E5F-0123456789AB",
        "018f6b2e7c4d7a3b9e5f0123456789ab",
        "018f6b2e-7c4d-7a3b-9e5f-0123456789a",
        "018f6b2e-7c4d-7a3b-9e5f-0123456789abc",
        "018f6b2e-7c4d-7a3b-9e5f-0123456789ag",
        "018f6b2e-7c4d-7a3b-9e5f00123456789ab",
        "{18f6b2e-7c4d-7a3b-9e5f-0123456789a}",
    };

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(parse(bad[i]), CIM_EFORM);
}

static void
versions_1_to_8_of_the_rfc_variant_only(void **state)
{
    char text[] = TEXT;

    (void)state;
    for (int i = 0; i < 16; i++) {
        text[14] = "0123456789abcdef"[i];
        assert_int_equal(parse(text), i >= 1 && i <= 8 ? CIM_OK : CIM_EFORM);
    }
    text[14] = '4';
    for (int i = 0; i < 16; i++) {
        text[19] = "0123456789abcdef"[i];
        assert_int_equal(parse(text), i >= 8 && i <= 11 ? CIM_OK : CIM_EFORM);
    }
}

static void
version_7_starts_with_the_time(void **state)
{
    static const uint8_t ones[10] = {255, 255, 255, 255, 255,
                                     255, 255, 255, 255, 255};
    struct cim_uuid id = cim_uuid_v7(INT64_C(0x0123456789ab), ones);
    char text[CIM_UUID_TEXT_LEN + 1];

    (void)state;
    cim_uuid_text(&id, text);
    assert_string_equal(text, "01234567-89ab-7fff-bfff-ffffffffffff");
    assert_int_equal(parse(text), CIM_OK);
}

static void
version_8_is_the_start_of_the_hash(void **state)
{
    struct cim_hash hash;
    char text[CIM_UUID_TEXT_LEN + 1];

    (void)state;
    memset(hash.b, 0, sizeof hash.b);
    hash.b[0] = 0xaa;
    hash.b[16] = 0x77;
    struct cim_uuid id = cim_uuid_v8(&hash);
    cim_uuid_text(&id, text);
    assert_string_equal(text, "aa000000-0000-8000-8000-000000000000");
    assert_int_equal(parse(text), CIM_OK);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_comes_back),
        cmocka_unit_test(other_forms_are_refused),
        cmocka_unit_test(versions_1_to_8_of_the_rfc_variant_only),
        cmocka_unit_test(version_7_starts_with_the_time),
        cmocka_unit_test(version_8_is_the_start_of_the_hash),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

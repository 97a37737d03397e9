/* SPDX-License-Identifier: MPL-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "keys/bytes.h"

static void
labels_are_words_of_the_protocol_and_differ(void **state)
{
    (void)state;
    for (unsigned i = 0; i < CIM_ERR_N; i++) {
        const char *label = cim_err_label((enum cim_err)i);
        assert_true(strlen(label) > 0);
        assert_int_equal(strspn(label, "abcdefghijklmnopqrstuvwxyz-"),
                         strlen(label));
        for (unsigned k = 0; k < i; k++)
            assert_string_not_equal(label, cim_err_label((enum cim_err)k));
    }
    assert_string_equal(cim_err_label(CIM_EKEY), "unknown-key");
}

static void
every_error_has_a_sentence_without_full_stop(void **state)
{
    (void)state;
    for (unsigned i = 0; i < CIM_ERR_N; i++) {
        const char *text = cim_err_text((enum cim_err)i);
        assert_true(strlen(text) > 4);
        assert_true(text[strlen(text) - 1] != '.');
    }
}

static void
an_error_beyond_the_list_has_a_name_too(void **state)
{
    (void)state;
    assert_non_null(cim_err_text((enum cim_err)CIM_ERR_N));
    assert_non_null(cim_err_label((enum cim_err)9999));
}

static void
diag_takes_its_arguments_and_null_is_fine(void **state)
{
    struct cim_diag diag;

    (void)state;
    cim_diag_set(&diag, "%s:%d: what", "roster/odl.zpl", 7);
    assert_string_equal(diag.text, "roster/odl.zpl:7: what");
    cim_diag_set(NULL, "%s", "nobody reads this");
}

static void
diag_shows_text_alone_whatever_goes_in(void **state)
{
    struct cim_diag diag;

    (void)state;
    cim_diag_set(&diag, "%s",
                 "a\nb\x1b[31mc\x7f\xc2\x9b"
                 "d\xff\xc3"
                 "e");
    assert_string_equal(diag.text, "a?b?[31mc???d??e");
    cim_diag_set(&diag, "%s",
                 "\xe2\x80\xae"
                 "dlo");
    assert_string_equal(diag.text, "???dlo");
    cim_diag_set(&diag, "%s",
                 "Gr\xc3\xbc\xc3\x9f"
                 "e \xf0\x9f\x8c\x8d");
    assert_string_equal(diag.text, "Gr\xc3\xbc\xc3\x9f"
                                   "e \xf0\x9f\x8c\x8d");
}

static void
diag_that_is_cut_stays_text(void **state)
{
    struct cim_diag diag;
    char text[400];

    (void)state;
    for (size_t lead = 0; lead < 4; lead++) {
        memset(text, 'x', lead);
        for (size_t i = lead; i + 3 < sizeof text; i += 3)
            memcpy(text + i, "\xe2\x82\xac", 4);
        cim_diag_set(&diag, "%s", text);
        assert_true(strlen(diag.text) >= sizeof diag.text - 4);
        assert_true(cim_utf8_valid(cim_bytes_str(diag.text)));
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(labels_are_words_of_the_protocol_and_differ),
        cmocka_unit_test(every_error_has_a_sentence_without_full_stop),
        cmocka_unit_test(an_error_beyond_the_list_has_a_name_too),
        cmocka_unit_test(diag_takes_its_arguments_and_null_is_fine),
        cmocka_unit_test(diag_shows_text_alone_whatever_goes_in),
        cmocka_unit_test(diag_that_is_cut_stays_text),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

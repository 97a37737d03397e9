/* SPDX-License-Identifier: MPL-2.0 */
/* json_template, json_proof: lines by template, proofs as text. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "proto/json_proof.h"
#include "proto/json_template.h"

static void
fills(const char *json, const char *template, const char *line)
{
    struct cim_buf out = {0};

    assert_int_equal(cim_json_template_check(template, NULL), CIM_OK);
    assert_int_equal(cim_json_template(cim_bytes_str(json), template, &out),
                     CIM_OK);
    assert_string_equal(cim_buf_cstr(&out), line);
    cim_buf_clear(&out);
}

static void
template_names_fields(void **state)
{
    (void)state;
    fills("{\"topic\": \"odl/X/-/\", \"seq\": 12}", "%{topic} at %{seq}",
          "odl/X/-/ at 12");
    fills("{\"a\": true}", "[%{a}][%{absent}][%{a.b}]", "[true][][]");
    fills("{\"a\": null}", "<%{a}>", "<>");
    fills("{}", "100%%\\t\\n\\\\", "100%\t\n\\");
}

static void
template_goes_into_maps(void **state)
{
    const char *json = "{\"confidenceLevel\": {\"A.B\": \"SUCCESS\", "
                       "\"A\": \"FAILURE\"}, \"ext\": {\"deep\": {\"x\": 1}}}";

    (void)state;
    fills(json, "%{confidenceLevel.A}", "FAILURE");
    fills(json, "%{confidenceLevel.A.B}", "SUCCESS");
    fills(json, "%{ext.deep.x}", "1");
    fills(json, "%{ext.deep.y}", "");
    fills(json, "%{confidenceLevel}", "A.B=SUCCESS,A=FAILURE");
    fills(json, "%{ext}", "deep={\"x\":1}");
}

static void
template_joins_lists(void **state)
{
    (void)state;
    fills("{\"l\": [\"a\", 2, [3]]}", "%{l}", "a,2,[3]");
    fills("{\"l\": []}", "<%{l}>", "<>");
}

static void
template_output_is_safe(void **state)
{
    (void)state;
    fills("{\"a\": \"x\\u001b[31m\\u0007\\n\"}", "%{a}",
          "x\\u001b[31m\\u0007\\u000a");
    fills("{\"a\": \"\\u202eevil\\u2066\\u009b\\u007f\"}", "%{a}",
          "\\u202eevil\\u2066\\u009b\\u007f");
    fills("{\"a\": {\"\\u001b\": \"v\"}}", "%{a}", "\\u001b=v");
    fills("{\"a\": \"gr\\u00fcn \\ud83d\\ude00\"}", "%{a}",
          "gr\xc3\xbcn \xf0\x9f\x98\x80");
}

static void
template_mistakes_are_named(void **state)
{
    static const char *const bad[] = {"%",       "%x", "a %{b", "%{}",
                                      "a \\q b", "\\", "%%%"};
    struct cim_buf out = {0};
    struct cim_diag diag;

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_int_equal(cim_json_template_check(bad[i], &diag), CIM_EFORM);
        assert_int_equal(cim_json_template(cim_bytes_str("{}"), bad[i], &out),
                         CIM_EFORM);
    }
    assert_int_equal(cim_json_template_check("abc %q", &diag), CIM_EFORM);
    assert_non_null(strstr(diag.text, "character 5: '%q'"));
    cim_buf_clear(&out);
}

static void
template_takes_objects_only(void **state)
{
    struct cim_buf out = {0};

    (void)state;
    assert_int_equal(cim_json_template(cim_bytes_str("[]"), "x", &out),
                     CIM_EFORM);
    assert_int_equal(cim_json_template(cim_bytes_str("{"), "x", &out),
                     CIM_EFORM);
    cim_buf_clear(&out);
}

/* ---- proofs ------------------------------------------------------------- */

static void
proof_reads_what_it_writes(void **state)
{
    struct cim_buf text = {0}, topic = {0}, slice = {0};

    (void)state;
    assert_int_equal(cim_proof_write(cim_bytes_str("odl/X/-/"),
                                     cim_bytes_of("\x00\xff\x10", 3), &text),
                     CIM_OK);
    assert_string_equal(cim_buf_cstr(&text),
                        "{\"topic\": \"odl/X/-/\", \"slice\": \"AP8Q\"}");
    assert_int_equal(cim_proof_read(cim_buf_bytes(&text), &topic, &slice, NULL),
                     CIM_OK);
    assert_true(cim_bytes_is(cim_buf_bytes(&topic), "odl/X/-/"));
    assert_true(
        cim_bytes_eq(cim_buf_bytes(&slice), cim_bytes_of("\x00\xff\x10", 3)));
    cim_buf_clear(&text);
    cim_buf_clear(&topic);
    cim_buf_clear(&slice);
}

static void
proof_refused(const char *text, enum cim_err err, const char *said)
{
    struct cim_buf topic = {0}, slice = {0};
    struct cim_diag diag = {{0}};

    assert_int_equal(cim_proof_read(cim_bytes_str(text), &topic, &slice, &diag),
                     err);
    if (!strstr(diag.text, said))
        fail_msg("'%s' does not say '%s'", diag.text, said);
    cim_buf_clear(&topic);
    cim_buf_clear(&slice);
}

static void
proof_is_exactly_two_texts(void **state)
{
    (void)state;
    proof_refused("nonsense", CIM_EFORM, "not JSON at column");
    proof_refused("[]", CIM_EFORM, "'topic' is missing");
    proof_refused("{\"topic\": \"odl/X/-/\"}", CIM_EFORM, "'slice' is missing");
    proof_refused("{\"topic\": 1, \"slice\": \"AA\"}", CIM_EFORM, "'topic'");
    proof_refused("{\"topic\": \"odl/X/-/\", \"slice\": \"AA\", \"x\": 1}",
                  CIM_EFORM, "no others");
    proof_refused("{\"topic\": \"odl/X/-/\", \"topic\": \"odl/X/-/\", "
                  "\"slice\": \"AA\"}",
                  CIM_EFORM, "not JSON");
    proof_refused("{\"topic\": \"odl/X/-/\", \"slice\": \"AA\"} x", CIM_EFORM,
                  "not JSON");
    proof_refused("{\"topic\": \"nope\", \"slice\": \"AA\"}", CIM_ETOPIC, "");
}

static void
proof_slice_is_canonical_base64url(void **state)
{
    (void)state;
    proof_refused("{\"topic\": \"odl/X/-/\", \"slice\": \"\"}", CIM_EFORM,
                  "'slice'");
    proof_refused("{\"topic\": \"odl/X/-/\", \"slice\": \"AA==\"}", CIM_EFORM,
                  "'slice'");
    proof_refused("{\"topic\": \"odl/X/-/\", \"slice\": \"AB\"}", CIM_EFORM,
                  "'slice'");
    proof_refused("{\"topic\": \"odl/X/-/\", \"slice\": \"a+/b\"}", CIM_EFORM,
                  "'slice'");
}

static void
proof_has_a_limit(void **state)
{
    size_t len = CIM_PROOF_TEXT_MAX + 1;
    struct cim_buf topic = {0}, slice = {0};
    char *text = malloc(len);

    (void)state;
    assert_non_null(text);
    memset(text, ' ', len);
    assert_int_equal(
        cim_proof_read(cim_bytes_of(text, len), &topic, &slice, NULL),
        CIM_ETOOBIG);
    free(text);
    cim_buf_clear(&topic);
    cim_buf_clear(&slice);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(template_names_fields),
        cmocka_unit_test(template_goes_into_maps),
        cmocka_unit_test(template_joins_lists),
        cmocka_unit_test(template_output_is_safe),
        cmocka_unit_test(template_mistakes_are_named),
        cmocka_unit_test(template_takes_objects_only),
        cmocka_unit_test(proof_reads_what_it_writes),
        cmocka_unit_test(proof_is_exactly_two_texts),
        cmocka_unit_test(proof_slice_is_canonical_base64url),
        cmocka_unit_test(proof_has_a_limit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MPL-2.0 */
#include "node/http_form.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define ID "018f6b2e-7c4d-7a3b-9e5f-0123456789ab"

static int
set_up(void **state)
{
    *state = http_form_new();
    return 0;
}

static int
tear_down(void **state)
{
    struct http_form *form = *state;

    http_form_destroy(&form);
    return 0;
}

static void
takes(struct http_form *form, const char *word)
{
    struct cim_diag diag = {""};

    if (http_form_word(form, word, &diag) != CIM_OK)
        fail_msg("%s: %s", word, diag.text);
}

static void
refuses(struct http_form *form, const char *word, enum cim_err err,
        const char *part)
{
    struct cim_diag diag = {""};

    assert_int_equal(http_form_word(form, word, &diag), err);
    if (strstr(diag.text, part) == NULL)
        fail_msg("%s: no '%s' in '%s'", word, part, diag.text);
}

static void
is(const struct http_form *form, const char *text)
{
    struct cim_buf out = {0};

    http_form_write(form, &out);
    assert_string_equal(cim_buf_cstr(&out), text);
    cim_buf_clear(&out);
}

static void
words_become_fields(void **state)
{
    struct http_form *form = *state;

    takes(form, "projectBranch=a=b");
    takes(form, "consistsOf=x,y");
    takes(form, "confidenceLevel.A.B=SUCCESS");
    takes(form, "ext.n=7");
    takes(form, "ext.m:={\"a\":[7]}");
    is(form, "{\"projectBranch\":\"a=b\",\"consistsOf\":[\"x\",\"y\"],"
             "\"confidenceLevel\":{\"A.B\":\"SUCCESS\"},"
             "\"ext\":{\"n\":\"7\",\"m\":{\"a\":[7]}}}\n");
}

static void
a_time_is_text_or_milliseconds(void **state)
{
    struct http_form *other = http_form_new();

    takes(*state, "eventTime=1795350896789");
    is(*state, "{\"eventTime\":1795350896789}\n");
    takes(other, "eventTime=2026-11-22T12:34:56Z");
    is(other, "{\"eventTime\":\"2026-11-22T12:34:56Z\"}\n");
    http_form_destroy(&other);
}

static void
an_empty_list_is_empty(void **state)
{
    takes(*state, "consistsOf=");
    is(*state, "{\"consistsOf\":[]}\n");
}

static void
wrong_words_are_refused(void **state)
{
    struct http_form *form = *state;

    refuses(form, "sunny", CIM_EFIELD, "field=value");
    refuses(form, "=x", CIM_EFIELD, "field=value");
    refuses(form, "artifactURL=x", CIM_EFIELD, "did you mean 'artifactUrl'");
    refuses(form, "eventType=x", CIM_EFIELD, "eventT");
    refuses(form, "confidenceLevel=x", CIM_EFIELD, "confidenceLevel");
    refuses(form, "ext.=x", CIM_EFIELD, "ext");
    refuses(form, "ext.a:={", CIM_EFORM, "JSON");
    refuses(form, "topic:=1", CIM_EFIELD, "ext.NAME only");
    refuses(form, "topic=\xff", CIM_EFIELD, "UTF-8");
    takes(form, "topic=a");
    refuses(form, "topic=b", CIM_EEXIST, "twice");
    is(form, "{\"topic\":\"a\"}\n");
}

static void
defaults_do_not_replace(void **state)
{
    takes(*state, "buildUrl=https://a");
    http_form_default(*state, "buildUrl", "https://b");
    http_form_default(*state, "eventType", "A");
    is(*state, "{\"buildUrl\":\"https://a\",\"eventType\":\"A\"}\n");
}

static void
links_have_a_community(void **state)
{
    struct cim_diag diag = {""};

    assert_int_equal(http_form_link(*state, "cause=" ID, "odl", &diag), CIM_OK);
    assert_int_equal(http_form_link(*state, "cause=onap:" ID, "odl", &diag),
                     CIM_OK);
    assert_int_equal(http_form_link(*state, "cause=odl:" ID, "x", &diag),
                     CIM_OK);
    assert_int_equal(http_form_link(*state, "cause=ODL:" ID, "x", &diag),
                     CIM_EFIELD);
    assert_int_equal(http_form_link(*state, "cause", "x", &diag), CIM_EFIELD);
    is(*state, "{\"links\":[{\"rel\":\"cause\",\"of\":\"odl\",\"id\":\"" ID
               "\"},{\"rel\":\"cause\",\"of\":\"onap\",\"id\":\"" ID "\"}]}\n");
}

static const char *
id_of(const char *const *words)
{
    static char id[40];
    struct http_form *form = http_form_new();

    http_form_default(form, "eventType", "A");
    for (; *words != NULL; words++)
        takes(form, *words);
    http_form_derive_id(form);
    strncpy(id, http_form_get(form, "eventId"), sizeof id - 1);
    http_form_destroy(&form);
    return id;
}

static void
a_jobs_id_follows_from_what_it_says(void **state)
{
    static const char *const one[] = {"buildUrl=https://a", "projectBranch=m",
                                      "confidenceLevel.A=SUCCESS",
                                      "confidenceLevel.B=FAILURE", NULL};
    static const char *const other[] = {
        "confidenceLevel.B=FAILURE", "confidenceLevel.A=SUCCESS",
        "projectBranch=m",           "ext.note=retry",
        "buildUrl=https://a",        NULL};
    static const char *const third[] = {"buildUrl=https://a", "projectBranch=m",
                                        "confidenceLevel.A=SUCCESS",
                                        "confidenceLevel.B=SUCCESS", NULL};
    char first[40];

    (void)state;
    snprintf(first, sizeof first, "%s", id_of(one));
    assert_int_equal(first[14], '8');
    assert_string_equal(id_of(other), first);
    assert_string_not_equal(id_of(third), first);
}

static void
adds(const char *text, const char *expected)
{
    struct cim_buf out = {0};

    http_form_add_cause(cim_bytes_str(text), "odl:" ID, &out);
    assert_string_equal(cim_buf_cstr(&out), expected);
    cim_buf_clear(&out);
}

#define LINK "{\"rel\":\"cause\",\"of\":\"odl\",\"id\":\"" ID "\"}"

static void
a_cause_is_added_in_each_form(void **state)
{
    (void)state;
    adds("{\"eventType\":\n\"A\"}",
         "{\"eventType\":\"A\",\"links\":[" LINK "]}\n");
    adds("{\"EVENT_TYPE\":\"A\"}",
         "{\"EVENT_TYPE\":\"A\",\"LINKS\":[" LINK "]}\n");
    adds("{\"eventType\":\"A\",\"links\":[" LINK "]}",
         "{\"eventType\":\"A\",\"links\":[" LINK "]}\n");
    adds("{\"type\":\"AEvent\"}", "{\"type\":\"AEvent\"}\n");
    adds("{\"eventType\":\"A\",\"eventType\":\"A\"}",
         "{\"eventType\":\"A\",\"eventType\":\"A\"}\n");
    adds("nonsense", "nonsense\n");
}

static void
problems_are_read(void **state)
{
    struct http_problem_text p;

    (void)state;
    http_form_problem(
        cim_bytes_str("{\"type\":\"urn:cimesh:event\",\"detail\":\"a\","
                      "\"hint\":\"b\",\"index\":7}"),
        &p);
    assert_string_equal(p.label, "event");
    assert_string_equal(p.detail.text, "a");
    assert_string_equal(p.hint.text, "b");
    assert_int_equal(p.index, 7);
    http_form_problem(cim_bytes_str("<html>"), &p);
    assert_string_equal(p.detail.text, "");
    http_form_problem(cim_bytes_of(NULL, 0), &p);
    assert_int_equal(p.index, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(words_become_fields),
        TEST(a_time_is_text_or_milliseconds),
        TEST(an_empty_list_is_empty),
        TEST(wrong_words_are_refused),
        TEST(defaults_do_not_replace),
        TEST(links_have_a_community),
        TEST(a_jobs_id_follows_from_what_it_says),
        TEST(a_cause_is_added_in_each_form),
        TEST(problems_are_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

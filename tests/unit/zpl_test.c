/* SPDX-License-Identifier: MPL-2.0 */
/* zpl: what is refused, on which line, and what a reader then sees. */
#include "node/zpl.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "node/zpl_text.h"

static enum cim_err
parse(const char *text, struct zpl **out, struct cim_diag *diag)
{
    return zpl_parse(cim_bytes_str(text), "t.zpl", out, diag);
}

/* Refused, with this in what is said. */
static void
refused(const char *text, const char *said)
{
    struct cim_diag diag = {{0}};
    struct zpl *zpl;

    assert_int_equal(parse(text, &zpl, &diag), CIM_EFORM);
    assert_null(zpl);
    if (!strstr(diag.text, said))
        fail_msg("'%s' does not say '%s'", diag.text, said);
}

static struct zpl *
accepted(const char *text)
{
    struct cim_diag diag = {{0}};
    struct zpl *zpl;

    if (parse(text, &zpl, &diag))
        fail_msg("%s", diag.text);
    return zpl;
}

static void
reads_keys_with_lines_and_values(void **state)
{
    struct zpl *zpl = accepted("# first\n"
                               "a = 1\n"
                               "\n"
                               "b # a section\n"
                               "    c = \"x # y\" # comment\n"
                               "    d = 'a \"b\" c'\n"
                               "end = 1\n");
    struct zpl_item top = zpl_root(zpl), b, item = {0};

    (void)state;
    assert_true(zpl_find(zpl, &top, "b", &b));
    assert_int_equal(b.line, 4);
    assert_string_equal(b.value, "");
    assert_true(zpl_next(zpl, &b, &item));
    assert_string_equal(item.value, "x # y");
    assert_int_equal(item.line, 5);
    assert_true(zpl_next(zpl, &b, &item));
    assert_string_equal(item.value, "a \"b\" c");
    assert_false(zpl_next(zpl, &b, &item));
    zpl_destroy(&zpl);
}

static void
end_is_form_and_no_key(void **state)
{
    struct zpl *zpl = accepted("a = 1\nend = 1");
    struct zpl_item top = zpl_root(zpl), item = {0};

    (void)state;
    assert_true(zpl_next(zpl, &top, &item));
    assert_string_equal(item.name, "a");
    assert_false(zpl_next(zpl, &top, &item));
    zpl_destroy(&zpl);
}

static void
a_file_has_to_end(void **state)
{
    (void)state;
    refused("a = 1\n", "t.zpl:1: the file does not end with `end = 1`");
    refused("", "does not end");
    refused("a = 1\nend = 2\n", "does not end");
    refused("a = 1\nend\n", "does not end");
    refused("a\n    end = 1\n", "does not end");
    refused("end = 1\na = 1\n", "t.zpl:2: 'a' stands behind");
    refused("end = 1\nend = 1\n", "t.zpl:2: 'end' stands behind");
}

static void
indentation_is_four_spaces_a_level(void **state)
{
    (void)state;
    refused("a\n  b = 1\nend = 1\n", "t.zpl:2: indented by 2 spaces");
    refused("  # c\nend = 1\n", "t.zpl:1: indented by 2");
    refused("    a = 1\nend = 1\n", "t.zpl:1: indented too deep");
    refused("a\n        b = 1\nend = 1\n", "t.zpl:2: indented too deep");
    refused("a\n\tb = 1\nend = 1\n", "t.zpl:2: a tab");
    refused("a = 1\n    b = 1\nend = 1\n", "t.zpl:2: indented under 'a'");
    refused("a\n    a\n        a\n            a\n                a\n"
            "                    a\n                        a\n"
            "                            a\n"
            "                                a\nend = 1\n",
            "t.zpl:9: sections within sections");
}

static void
values_stand_in_quotes(void **state)
{
    (void)state;
    refused("a = b c\nend = 1\n", "t.zpl:1: 'a' is followed by more text");
    refused("a = \"b\nend = 1\n", "t.zpl:1: the value's closing \"");
    refused("a = 'b\"\nend = 1\n", "t.zpl:1: the value's closing '");
    refused("a = \"b\" c\nend = 1\n", "followed by more text");
    refused("a = \"b\"c\"\nend = 1\n", "followed by more text");
    refused("a =\nend = 1\n", "t.zpl:1: no value after '='");
    refused("a = \"\"\nend = 1\n", "t.zpl:1: an empty value");
    refused("a = tcp://x\nend = 1\n", "followed by more text");
    refused("a = # c\nend = 1\n", "no value");
    refused("= 1\nend = 1\n", "t.zpl:1: a line is NAME");
    refused("a b\nend = 1\n", "followed by more text");
}

static void
bytes_are_text(void **state)
{
    struct cim_diag diag = {{0}};
    struct zpl *zpl;

    (void)state;
    refused("a = \"\xff\"\nend = 1\n", "t.zpl:1: not UTF-8");
    refused("a = 1\r\nend = 1\r\n", "t.zpl:1: a Windows line end");
    refused("a = \"\033[1m\"\nend = 1\n", "t.zpl:1: a control character (0x1b");
    assert_int_equal(
        zpl_parse(cim_bytes_of("a\0b\nend = 1\n", 12), "t.zpl", &zpl, &diag),
        CIM_EFORM);
    assert_non_null(strstr(diag.text, "control character (0x00)"));
    refused("a = \"\xc2\x9b"
            "1m\"\nend = 1\n",
            "character U+009B");
    refused("# \xe2\x80\xae\nend = 1\n", "character U+202E");
    refused("\xef\xbb\xbf"
            "a = 1\nend = 1\n",
            "character U+FEFF");
    zpl = accepted("a = \"\xc3\xa9\"\nend = 1\n");
    zpl_destroy(&zpl);
}

static void
sizes_are_bounded(void **state)
{
    char *big = malloc(ZPL_FILE_MAX + 2);
    struct cim_diag diag = {{0}};
    struct zpl *zpl;

    (void)state;
    assert_non_null(big);
    memset(big, '#', ZPL_FILE_MAX + 1);
    assert_int_equal(
        zpl_parse(cim_bytes_of(big, ZPL_FILE_MAX + 1), "t.zpl", &zpl, &diag),
        CIM_ETOOBIG);
    big[ZPL_LINE_MAX + 1] = '\0';
    refused(big, "1001 bytes on one line");
    for (size_t i = 0; i < 4 * (ZPL_KEYS_MAX + 1); i += 4)
        memcpy(big + i, "a=1\n", 5);
    refused(big, "t.zpl:1025: more than 1024 keys in one section");
    for (size_t i = 0; i < 8 * (ZPL_KEYS_MAX + 1); i += 8)
        memcpy(big + i, i / 8 % 1000 ? "    a=1\n" : "aaaaaaa\n", 9);
    refused(big, "t.zpl:8193: more than 8192 keys in one file");
    free(big);
}

static const struct zpl_key keys[] = {{"name", true, false, false},
                                      {"topic", false, false, true},
                                      {"nodes", false, true, false},
                                      {0}};

static void
check_says(const char *text, const char *said)
{
    struct zpl *zpl = accepted(text);
    struct zpl_item top = zpl_root(zpl);
    struct cim_diag diag = {{0}};

    if (said) {
        assert_int_equal(zpl_check(zpl, &top, keys, &diag), CIM_EFORM);
        assert_string_equal(diag.text, said);
    } else {
        assert_int_equal(zpl_check(zpl, &top, keys, &diag), CIM_OK);
    }
    zpl_destroy(&zpl);
}

static void
check_names_unknown_missing_repeated(void **state)
{
    (void)state;
    check_says("name = x\ntopic = a\ntopic = b\nnodes\nend = 1\n", NULL);
    check_says("name = x\nnoeds\nend = 1\n",
               "t.zpl:2: noeds: unknown key, did you mean 'nodes'?");
    check_says("name = x\nzzzzzz = 1\nend = 1\n",
               "t.zpl:2: zzzzzz: unknown key; remove the line");
    check_says("topic = x\nend = 1\n", "t.zpl:1: 'name' is missing; add it");
    check_says("name = x\ntopic = a\nname = y\nend = 1\n",
               "t.zpl:3: name: given twice, first on line 1; remove one");
    check_says("name\nend = 1\n",
               "t.zpl:1: name: needs a value: name = \"...\"");
    check_says("name = x\nnodes = 3\nend = 1\n",
               "t.zpl:2: nodes: a section has no value; write 'nodes' alone "
               "and what belongs to it below, indented");
}

static void
bad_names_the_path(void **state)
{
    struct zpl *zpl = accepted("a\n    b\n        c = 1\nend = 1\n");
    struct zpl_item a, b, c, top = zpl_root(zpl);
    struct cim_diag diag;

    (void)state;
    assert_true(zpl_find(zpl, &top, "a", &a));
    assert_true(zpl_find(zpl, &a, "b", &b));
    assert_true(zpl_find(zpl, &b, "c", &c));
    assert_int_equal(zpl_bad(zpl, &c, &diag, "is %d", 1), CIM_EFORM);
    assert_string_equal(diag.text, "t.zpl:3: a/b/c: is 1");
    zpl_destroy(&zpl);
}

static void
only_regular_files_load(void **state)
{
    struct cim_diag diag = {{0}};
    struct zpl *zpl;

    (void)state;
    assert_int_equal(zpl_load("/tmp", &zpl, &diag), CIM_EFORM);
    assert_non_null(strstr(diag.text, "/tmp: a folder"));
    assert_int_equal(zpl_load("/dev/zero", &zpl, &diag), CIM_EFORM);
    assert_int_equal(zpl_load("/nowhere/x.zpl", &zpl, &diag), CIM_ENOENT);
}

static void
quotes_are_chosen(void **state)
{
    struct cim_buf out = {0};

    (void)state;
    assert_int_equal(zpl_quote(cim_bytes_str("it's"), &out), CIM_OK);
    assert_true(cim_bytes_is(cim_buf_bytes(&out), "\"it's\""));
    cim_buf_reset(&out);
    assert_int_equal(zpl_quote(cim_bytes_str("a \"b\""), &out), CIM_OK);
    assert_true(cim_bytes_is(cim_buf_bytes(&out), "'a \"b\"'"));
    assert_int_equal(zpl_quote(cim_bytes_str("'\""), &out), CIM_EFORM);
    assert_int_equal(zpl_quote(cim_bytes_str("a\nb"), &out), CIM_EFORM);
    assert_int_equal(zpl_quote(cim_bytes_str("\xe2\x80\xae"), &out), CIM_EFORM);
    assert_int_equal(zpl_quote(cim_bytes_str("\xff"), &out), CIM_EFORM);
    assert_int_equal(zpl_quote(cim_bytes_str(""), &out), CIM_EFORM);
    cim_buf_clear(&out);
}

/* zconfig complains on stdout, where data belongs. */
static void
nothing_is_printed(void **state)
{
    static const char *const texts[] = {
        "a = 1\nend = 1\n",
        "a\n    b = 'x' # y\n\n    # z\n            # deep\nend = 1",
        "   \n  \n# c\nend = 1 # c\n        \n",
        "a=1\nb   =   \"x\"   \nend=1\n",
    };
    FILE *file = tmpfile();
    int saved = dup(STDOUT_FILENO);

    (void)state;
    assert_non_null(file);
    fflush(stdout);
    dup2(fileno(file), STDOUT_FILENO);
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct zpl *zpl = accepted(texts[i]);
        zpl_destroy(&zpl);
    }
    fflush(stdout);
    dup2(saved, STDOUT_FILENO);
    close(saved);
    assert_int_equal(fseek(file, 0, SEEK_END), 0);
    assert_int_equal(ftell(file), 0);
    fclose(file);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_keys_with_lines_and_values),
        cmocka_unit_test(end_is_form_and_no_key),
        cmocka_unit_test(a_file_has_to_end),
        cmocka_unit_test(indentation_is_four_spaces_a_level),
        cmocka_unit_test(values_stand_in_quotes),
        cmocka_unit_test(bytes_are_text),
        cmocka_unit_test(sizes_are_bounded),
        cmocka_unit_test(check_names_unknown_missing_repeated),
        cmocka_unit_test(bad_names_the_path),
        cmocka_unit_test(only_regular_files_load),
        cmocka_unit_test(quotes_are_chosen),
        cmocka_unit_test(nothing_is_printed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

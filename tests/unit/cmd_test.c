/* SPDX-License-Identifier: MPL-2.0 */
/* cmd, suggest: options out of a command line, and what was probably meant. */
#include "node/cmd.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

/* What is said goes to stderr; here it is only in the way. */
static int
quiet(void **state)
{
    static int saved;

    fflush(stderr);
    saved = dup(STDERR_FILENO);
    *state = &saved;
    return freopen("/dev/null", "w", stderr) ? 0 : -1;
}

static int
loud(void **state)
{
    const int *saved = *state;

    fflush(stderr);
    return dup2(*saved, STDERR_FILENO) < 0 || close(*saved);
}

struct read {
    const char *since, *n;
    struct cmd_values links;
    bool proof;
    int argc;
    char *argv[12];
};

static int
parse(struct read *r, const char *line)
{
    static char text[128];
    const struct cmd_option options[] = {
        {.name = "--since", .value = &r->since},
        {.name = "-C", .value = &r->n},
        {.name = "--link", .values = &r->links},
        {.name = "--proof", .flag = &r->proof},
        {0}};

    memset(r, 0, sizeof *r);
    snprintf(text, sizeof text, "%s", line);
    for (char *p = strtok(text, " "); p; p = strtok(NULL, " "))
        r->argv[r->argc++] = p;
    return cmd_options("show", &r->argc, r->argv, options);
}

static void
options_and_words_are_told_apart(void **state)
{
    struct read r;

    (void)state;
    assert_int_equal(parse(&r, "show a --since 1h -C5 b --proof c=--d"), 0);
    assert_string_equal(r.since, "1h");
    assert_string_equal(r.n, "5");
    assert_true(r.proof);
    assert_int_equal(r.argc, 4);
    assert_string_equal(r.argv[1], "a");
    assert_string_equal(r.argv[2], "b");
    assert_string_equal(r.argv[3], "c=--d");
    assert_null(r.argv[4]);
}

static void
values_may_be_joined(void **state)
{
    struct read r;

    (void)state;
    assert_int_equal(parse(&r, "show --since=all -C 7 -"), 0);
    assert_string_equal(r.since, "all");
    assert_string_equal(r.n, "7");
    assert_string_equal(r.argv[1], "-");
}

static void
an_option_may_come_again(void **state)
{
    struct read r;

    (void)state;
    assert_int_equal(parse(&r, "show --link a=1 --link=b=2"), 0);
    assert_int_equal(r.links.n, 2);
    assert_string_equal(r.links.v[1], "b=2");
}

static void
two_dashes_end_options(void **state)
{
    struct read r;

    (void)state;
    assert_int_equal(parse(&r, "show -- --proof"), 0);
    assert_false(r.proof);
    assert_string_equal(r.argv[1], "--proof");
}

static void
bad_options_are_usage_errors(void **state)
{
    struct read r;

    (void)state;
    assert_int_equal(parse(&r, "show --prof"), CMD_USAGE);
    assert_int_equal(parse(&r, "show --proof=yes"), CMD_USAGE);
    assert_int_equal(parse(&r, "show --since"), CMD_USAGE);
    assert_int_equal(parse(&r, "show -x"), CMD_USAGE);
}

static void
typos_are_recognised(void **state)
{
    static const char *const words[] = {"publish", "peers",  "show",   "sub",
                                        "status",  "roster", "reload", "log",
                                        "key",     NULL};

    (void)state;
    assert_string_equal(suggest("pubish", words), "publish");
    assert_string_equal(suggest("publihs", words), "publish");
    assert_string_equal(suggest("rooster", words), "roster");
    assert_string_equal(suggest("stauts", words), "status");
    assert_string_equal(suggest("lgo", words), "log");
    assert_string_equal(suggest("rel", words), "reload");
    assert_null(suggest("frobnicate", words));
    assert_null(suggest("xy", words));
    assert_null(suggest("", words));
    assert_null(
        suggest("a-word-far-longer-than-any-of-those-there-are", words));
}

static void
every_error_has_an_exit_code(void **state)
{
    (void)state;
    assert_int_equal(cmd_exit_of(CIM_OK), 0);
    assert_int_equal(cmd_exit_of(CIM_ENOMEM), 71);
    assert_int_equal(cmd_exit_of(CIM_EIO), 74);
    assert_int_equal(cmd_exit_of(CIM_ENOENT), 66);
    assert_int_equal(cmd_exit_of(CIM_EPERM), 77);
    assert_int_equal(cmd_exit_of(CIM_EKEY), 77);
    assert_int_equal(cmd_exit_of(CIM_ECONFLICT), 65);
    assert_int_equal(cmd_exit_of(CIM_EQUOTA), 75);
    for (int e = 1; e < CIM_ERR_N; e++)
        assert_int_not_equal(cmd_exit_of((enum cim_err)e), 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(options_and_words_are_told_apart),
        cmocka_unit_test(values_may_be_joined),
        cmocka_unit_test(an_option_may_come_again),
        cmocka_unit_test(two_dashes_end_options),
        cmocka_unit_test_setup_teardown(bad_options_are_usage_errors, quiet,
                                        loud),
        cmocka_unit_test(typos_are_recognised),
        cmocka_unit_test(every_error_has_an_exit_code),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

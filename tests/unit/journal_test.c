/* SPDX-License-Identifier: MPL-2.0 */
/* journal: what reaches stderr, and what a flood leaves of it. */
#include "node/journal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

/* stderr goes to a file during a test; text reads it back. */
struct capture {
    FILE *file;
    int saved;
    char text[8192];
};

static int
setup(void **state)
{
    struct capture *c = calloc(1, sizeof *c);

    assert_non_null(c);
    c->file = tmpfile();
    c->saved = dup(STDERR_FILENO);
    dup2(fileno(c->file), STDERR_FILENO);
    journal_open(LOG_LEVEL_INFO);
    *state = c;
    return 0;
}

static int
teardown(void **state)
{
    struct capture *c = *state;

    fflush(stderr);
    dup2(c->saved, STDERR_FILENO);
    close(c->saved);
    fclose(c->file);
    free(c);
    return 0;
}

static const char *
text(struct capture *c)
{
    size_t n;

    fflush(stderr);
    rewind(c->file);
    n = fread(c->text, 1, sizeof c->text - 1, c->file);
    c->text[n] = 0;
    return c->text;
}

static unsigned
lines(const char *t)
{
    unsigned n = 0;

    for (; *t; t++)
        n += *t == '\n';
    return n;
}

static void
a_line_has_time_level_code_and_values(void **state)
{
    const char *t;

    log_warn("PEER-DOWN", "peer=%s", "odl/ci-1");
    t = text(*state);
    assert_int_equal(t[10], 'T');
    assert_int_equal(t[23], 'Z');
    assert_string_equal(t + 24, " warn PEER-DOWN peer=odl/ci-1\n");
}

static void
what_is_below_the_level_is_not_written(void **state)
{
    log_debug("NODE-X", "a=1");
    log_folded(LOG_LEVEL_DEBUG, "NODE-X", "k", "a=1");
    assert_string_equal(text(*state), "");
    journal_open(LOG_LEVEL_DEBUG);
    log_debug("NODE-X", "a=1");
    assert_int_equal(lines(text(*state)), 1);
}

static void
a_flood_of_one_code_and_key_is_one_line(void **state)
{
    for (int i = 0; i < 1000; i++)
        log_folded(LOG_LEVEL_WARN, "FLOOD-A", "peer", "n=%d", i);
    assert_int_equal(lines(text(*state)), 1);
    assert_non_null(strstr(text(*state), "n=0\n"));
}

static void
other_codes_and_keys_are_not_folded_together(void **state)
{
    log_folded(LOG_LEVEL_WARN, "FLOOD-B", "a", "x=1");
    log_folded(LOG_LEVEL_WARN, "FLOOD-B", "b", "x=1");
    log_folded(LOG_LEVEL_WARN, "FLOOD-C", "a", "x=1");
    assert_int_equal(lines(text(*state)), 3);
}

static void
a_line_longer_than_its_room_is_cut_and_stays_one_line(void **state)
{
    char *long_text = calloc(1, 5001);

    assert_non_null(long_text);
    memset(long_text, 'x', 5000);
    log_warn("LONG", "v=%s", long_text);
    free(long_text);
    assert_int_equal(lines(text(*state)), 1);
    assert_true(strlen(text(*state)) < 2048);
}

static void
bytes_from_outside_come_out_printable_and_bounded(void **state)
{
    char out[16];

    (void)state;
    assert_string_equal(
        journal_safe(cim_bytes_of("a\n\"\x1b\x1b", 5), out, sizeof out),
        "a\\x0a\\x22\\x1b");
    assert_string_equal(journal_safe(cim_bytes_str("odl/ci-1"), out, 16),
                        "odl/ci-1");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_line_has_time_level_code_and_values,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_below_the_level_is_not_written,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(a_flood_of_one_code_and_key_is_one_line,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(
            other_codes_and_keys_are_not_folded_together, setup, teardown),
        cmocka_unit_test_setup_teardown(
            a_line_longer_than_its_room_is_cut_and_stays_one_line, setup,
            teardown),
        cmocka_unit_test(bytes_from_outside_come_out_printable_and_bounded),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

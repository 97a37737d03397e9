/* SPDX-License-Identifier: MPL-2.0 */
#include "node/failpoint.h"

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "node/clock.h"

/* Counters live as long as the process: each test has points of its own. */
static void
use(const char *text)
{
    struct cim_diag diag = {{0}};

    assert_int_equal(failpoint_start(text, &diag), CIM_OK);
}

static void
without_a_rule_nothing_happens(void **state)
{
    (void)state;
    use(NULL);
    assert_int_equal(FAILPOINT(STORE_BEGIN), 0);
    use("");
    assert_int_equal(FAILPOINT(STORE_BEGIN), 0);
}

static void
an_error_comes_the_kth_time_only(void **state)
{
    (void)state;
    use("store-commit=error:ENOSPC@3");
    assert_int_equal(FAILPOINT(STORE_COMMIT), 0);
    assert_int_equal(FAILPOINT(STORE_COMMIT), 0);
    assert_int_equal(FAILPOINT(STORE_COMMIT), ENOSPC);
    assert_int_equal(FAILPOINT(STORE_COMMIT), 0);
}

static void
a_plus_means_from_then_on(void **state)
{
    (void)state;
    use("store-event=error:EIO@2+");
    assert_int_equal(FAILPOINT(STORE_EVENT), 0);
    assert_int_equal(FAILPOINT(STORE_EVENT), EIO);
    assert_int_equal(FAILPOINT(STORE_EVENT), EIO);
}

static void
points_of_one_list_count_apart(void **state)
{
    (void)state;
    use("store-head=error:5;store-own=error:EMFILE@2");
    assert_int_equal(FAILPOINT(STORE_OWN), 0);
    assert_int_equal(FAILPOINT(STORE_HEAD), 5);
    assert_int_equal(FAILPOINT(STORE_OWN), EMFILE);
}

static void
sleep_holds_the_thread(void **state)
{
    int64_t before = clock_mono_ms();

    (void)state;
    use("page-sent=sleep:60");
    assert_int_equal(FAILPOINT(PAGE_SENT), 0);
    assert_true(clock_mono_ms() - before >= 59);
}

static void
crash_is_a_kill_nobody_can_catch(void **state)
{
    int status = 0;
    pid_t pid;

    (void)state;
    use("hook-forked=crash@2");
    pid = fork();
    if (pid == 0) {
        (void)FAILPOINT(HOOK_FORKED);
        (void)FAILPOINT(HOOK_FORKED);
        _exit(0);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

static void
what_breaks_the_grammar_is_refused(void **state)
{
    static const char *const bad[] = {
        "nonsense=crash",
        "store-commit",
        "store-commit=",
        "store-commit=stop",
        "store-commit=crash@",
        "store-commit=crash@0",
        "store-commit=crash@x",
        "store-commit=sleep:",
        "store-commit=crash@2-",
        "store-commit=error:",
        "store-commit=error:EX",
        ";",
        "=crash",
        "store-commit=crash;;",
        "store-commit=crash;store-commit=crash@2"};

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct cim_diag diag = {{0}};

        assert_int_equal(failpoint_start(bad[i], &diag), CIM_EFORM);
        assert_non_null(strstr(diag.text, "CIMESH_FAILPOINT"));
    }
}

static void
labels_are_unique(void **state)
{
    (void)state;
    for (int i = 0; i < FAILPOINT_N; i++)
        for (int j = 0; j < i; j++)
            assert_string_not_equal(failpoint_label((enum failpoint)i),
                                    failpoint_label((enum failpoint)j));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_a_rule_nothing_happens),
        cmocka_unit_test(an_error_comes_the_kth_time_only),
        cmocka_unit_test(a_plus_means_from_then_on),
        cmocka_unit_test(points_of_one_list_count_apart),
        cmocka_unit_test(sleep_holds_the_thread),
        cmocka_unit_test(crash_is_a_kill_nobody_can_catch),
        cmocka_unit_test(what_breaks_the_grammar_is_refused),
        cmocka_unit_test(labels_are_unique),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

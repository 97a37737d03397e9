/* SPDX-License-Identifier: MPL-2.0 */
#include "node/http_json.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>
#include <jansson.h>

/* In a child: asks jansson's allocator for more than there is. */
static void
ask_too_much(void)
{
    const struct rlimit none = {0, 0};
    json_malloc_t take;
    json_free_t give;

    setrlimit(RLIMIT_CORE, &none);
    http_json_start();
    json_get_alloc_funcs(&take, &give);
    give(take(PTRDIFF_MAX / 2));
    _exit(0);
}

static void
ends_the_process_without_memory(void **state)
{
    pid_t pid = fork();
    int status;

    (void)state;
    if (pid == 0)
        ask_too_much();
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_false(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static void
makes_and_frees_what_there_is_memory_for(void **state)
{
    json_t *object;

    (void)state;
    http_json_start();
    object = json_object();
    assert_int_equal(json_object_set_new(object, "a", json_string("b")), 0);
    assert_string_equal(json_string_value(json_object_get(object, "a")), "b");
    json_decref(object);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ends_the_process_without_memory),
        cmocka_unit_test(makes_and_frees_what_there_is_memory_for),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

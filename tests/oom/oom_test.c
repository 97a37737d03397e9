/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The linker turns the library's calls of malloc and its kin into calls of the
 * functions below (--wrap): no allocator has to be passed around for this.
 * They keep a set of what is allocated, so that a leak is seen without any
 * sanitizer. What other libraries allocate inside is not seen here.
 */
#include "tests/oom/oom.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "keys/sign.h"

/* ---- the allocator -------------------------------------------------------*/

void *__real_malloc(size_t size);
void *__real_realloc(void *p, size_t size);
void __real_free(void *p);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *p, size_t size);
void *__wrap_reallocarray(void *p, size_t n, size_t size);
void __wrap_free(void *p);

#define LIVE_MAX 4096

static struct {
    bool on;        /* counting, and failing */
    size_t calls;   /* allocations since it was switched on */
    size_t fail_at; /* the one to fail, from 1; 0: none */
    bool for_good;  /* all after it fail as well */
    size_t n_live;
    void *live[LIVE_MAX];
} heap;

static bool
must_fail(void)
{
    if (!heap.on)
        return false;
    heap.calls++;
    if (heap.fail_at == 0 || heap.calls < heap.fail_at ||
        (heap.calls > heap.fail_at && !heap.for_good))
        return false;
    errno = ENOMEM;
    return true;
}

static void *
remember(void *p)
{
    if (heap.on && p) {
        assert_true(heap.n_live < LIVE_MAX);
        heap.live[heap.n_live++] = p;
    }
    return p;
}

static void
forget(const void *p)
{
    for (size_t i = heap.n_live; i > 0; i--)
        if (heap.live[i - 1] == p) {
            heap.live[i - 1] = heap.live[--heap.n_live];
            return;
        }
}

void *
__wrap_malloc(size_t size)
{
    return must_fail() ? NULL : remember(__real_malloc(size));
}

void *
__wrap_calloc(size_t n, size_t size)
{
    unsigned char *p;

    if (must_fail() || (size && n > SIZE_MAX / size))
        return NULL;
    p = remember(__real_malloc(n && size ? n * size : 1));
    for (size_t i = 0; p && i < n * size; i++)
        p[i] = 0;
    return p;
}

void *
__wrap_realloc(void *p, size_t size)
{
    if (must_fail())
        return NULL;
    forget(p);
    return remember(__real_realloc(p, size));
}

void *
__wrap_reallocarray(void *p, size_t n, size_t size)
{
    return size && n > SIZE_MAX / size ? NULL : __wrap_realloc(p, n * size);
}

void
__wrap_free(void *p)
{
    forget(p);
    __real_free(p);
}

/* ---- the test ------------------------------------------------------------*/

static enum cim_err
run(scenario_fn *scenario, size_t fail_at, bool for_good)
{
    heap.calls = 0;
    heap.fail_at = fail_at;
    heap.for_good = for_good;
    heap.on = true;
    enum cim_err err = scenario();
    heap.on = false;
    if (heap.n_live)
        fail_msg("allocation %zu fails: %zu are left behind", fail_at,
                 heap.n_live);
    return err;
}

/* *state is the row below. */
struct row {
    const char *name;
    scenario_fn *run;
    size_t least; /* allocations it makes: fewer, and it tests nothing */
};

static void
every_failed_allocation_is_answered(void **state)
{
    const struct row *row = *state;

    assert_int_equal(run(row->run, 0, false), CIM_OK);
    size_t calls = heap.calls;
    assert_true(calls >= row->least);
    for (size_t n = 1; n <= calls; n++) {
        enum cim_err once = run(row->run, n, false);
        enum cim_err on = run(row->run, n, true);
        if (once != CIM_ENOMEM || on != CIM_ENOMEM)
            fail_msg("allocation %zu of %zu fails: %s, %s", n, calls,
                     cim_err_label(once), cim_err_label(on));
    }
    assert_int_equal(run(row->run, 0, false), CIM_OK);
}

static struct row rows[] = {
    {"buffer", oom_buffer, 3}, {"identity", oom_identity, 3},
    {"event", oom_event, 2},   {"slice", oom_slice, 10},
    {"merge", oom_merge, 6},   {"beacon", oom_beacon, 2},
    {"heads", oom_heads, 4},   {"fetch", oom_fetch, 5},
    {"find", oom_find, 3},     {"refused", oom_refused, 1},
    {"json", oom_json, 8},     {"seed", oom_seed, 6},
    {"openci", oom_openci, 6},
};
#define N_ROWS (sizeof rows / sizeof *rows)

int
main(void)
{
    struct CMUnitTest tests[N_ROWS];

    if (cim_sodium_start() != CIM_OK)
        return 1;
    for (size_t i = 0; i < N_ROWS; i++)
        tests[i] = (struct CMUnitTest){.name = rows[i].name,
                                       .test_func =
                                           every_failed_allocation_is_answered,
                                       .initial_state = &rows[i]};
    return cmocka_run_group_tests_name("oom", tests, NULL, NULL);
}

/* SPDX-License-Identifier: MPL-2.0 */
/*
 * oom_node - the node's program, in which one allocation fails on demand.
 *
 * Linked with the whole program, malloc and its kin wrapped (--wrap), so what
 * our code asks for is counted; what libraries ask for inside is not. The file
 * that $CIMESH_OOM names is mapped: four 64-bit numbers, with which a test
 * says from outside, at any moment, which allocation from now on is to fail.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

void *__real_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *p, size_t size);
void *__real_reallocarray(void *p, size_t n, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *p, size_t size);
void *__wrap_reallocarray(void *p, size_t n, size_t size);

static struct control {
    _Atomic uint64_t armed, calls; /* calls: since it was armed */
    uint64_t fail_at;              /* from 1 */
    uint64_t for_good;             /* all after it fail as well */
} * control;

__attribute__((constructor)) static void
map_control(void)
{
    const char *path = getenv("CIMESH_OOM");
    int fd = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
    void *p = MAP_FAILED;

    if (fd >= 0) {
        p = mmap(NULL, sizeof *control, PROT_READ | PROT_WRITE, MAP_SHARED, fd,
                 0);
        close(fd);
    }
    if (p != MAP_FAILED)
        control = p;
}

static bool
must_fail(void)
{
    if (!control || !control->armed)
        return false;
    uint64_t n = atomic_fetch_add(&control->calls, 1) + 1;
    if (n != control->fail_at && (n < control->fail_at || !control->for_good))
        return false;
    errno = ENOMEM;
    return true;
}

void *
__wrap_malloc(size_t size)
{
    return must_fail() ? NULL : __real_malloc(size);
}

void *
__wrap_calloc(size_t n, size_t size)
{
    return must_fail() ? NULL : __real_calloc(n, size);
}

void *
__wrap_realloc(void *p, size_t size)
{
    return must_fail() ? NULL : __real_realloc(p, size);
}

void *
__wrap_reallocarray(void *p, size_t n, size_t size)
{
    return must_fail() ? NULL : __real_reallocarray(p, n, size);
}

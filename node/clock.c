/* SPDX-License-Identifier: MPL-2.0 */
#include "node/clock.h"

#include <time.h>

#ifdef CIM_FAILPOINTS
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

struct test_clock {
    int64_t wall_ms, mono_ms; /* added to what the system says */
};

/* Of the process, as time itself is: set once, before the first thread. */
static const struct test_clock *test_clock;

static const struct test_clock *
map(const char *path)
{
    struct stat st;
    void *p = MAP_FAILED;
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    if (fd >= 0 && fstat(fd, &st) == 0) {
        errno = EINVAL;
        if (st.st_size >= (off_t)sizeof *test_clock)
            p = mmap(NULL, sizeof *test_clock, PROT_READ, MAP_SHARED, fd, 0);
    }
    int error = errno;
    if (fd >= 0)
        close(fd);
    errno = error;
    return p == MAP_FAILED ? NULL : p;
}

enum cim_err
clock_start(struct cim_diag *diag)
{
    const char *path = getenv("CIMESH_TEST_CLOCK");

    if (!path || !*path)
        return CIM_OK;
    test_clock = map(path);
    if (test_clock)
        return CIM_OK;
    cim_diag_set(diag,
                 "CIMESH_TEST_CLOCK: %s: %s; it names a file of 16 bytes, two "
                 "little-endian numbers",
                 path, strerror(errno));
    return CIM_EIO;
}

static int64_t
wall_moved_ms(void)
{
    return test_clock ? __atomic_load_n(&test_clock->wall_ms, __ATOMIC_RELAXED)
                      : 0;
}

static int64_t
mono_moved_ms(void)
{
    return test_clock ? __atomic_load_n(&test_clock->mono_ms, __ATOMIC_RELAXED)
                      : 0;
}
#else
enum cim_err
clock_start(struct cim_diag *diag)
{
    (void)diag;
    return CIM_OK;
}

static int64_t
wall_moved_ms(void)
{
    return 0;
}

static int64_t
mono_moved_ms(void)
{
    return 0;
}
#endif

static struct timespec
read_clock(clockid_t id)
{
    struct timespec t;

    clock_gettime(id, &t);
    return t;
}

int64_t
clock_wall_ms(void)
{
    struct timespec t = read_clock(CLOCK_REALTIME);

    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000 + wall_moved_ms();
}

int64_t
clock_mono_ms(void)
{
    struct timespec t = read_clock(CLOCK_MONOTONIC);

    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000 + mono_moved_ms();
}

int64_t
clock_mono_us(void)
{
    struct timespec t = read_clock(CLOCK_MONOTONIC);

    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000 +
           mono_moved_ms() * 1000;
}

/* SPDX-License-Identifier: MPL-2.0 */
/*
 * fault - a disk that fails, preloaded into a node.
 *
 * While a file PREFIX.full exists, writes to database files fail as on a full
 * disk; while PREFIX.readonly exists, as on one that was remounted read-only;
 * while PREFIX.sync exists, fsync fails as on a broken one; while PREFIX.slow
 * exists, it takes half a second. PREFIX is in $CIMESH_FAULT, so a test turns
 * faults on and off from outside.
 */
#include <dlfcn.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

ssize_t pwrite(int fd, const void *data, size_t n, off_t at);
ssize_t pwrite64(int fd, const void *data, size_t n, off64_t at);
int ftruncate64(int fd, off64_t len);
int ftruncate(int fd, off_t len);
int fsync(int fd);
int fdatasync(int fd);

static bool
is_on(const char *kind)
{
    const char *prefix = getenv("CIMESH_FAULT");
    char path[4096];

    if (!prefix)
        return false;
    snprintf(path, sizeof path, "%s.%s", prefix, kind);
    return access(path, F_OK) == 0;
}

static bool
is_database(int fd)
{
    char link[64], path[4096];
    ssize_t n;

    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    n = readlink(link, path, sizeof path - 1);
    if (n < 0)
        return false;
    path[n] = 0;
    return strstr(path, "cimesh.db") != NULL;
}

/* 0, or why nothing can be written there now. */
static int
refusal(int fd)
{
    if (!is_database(fd))
        return 0;
    return is_on("full") ? ENOSPC : is_on("readonly") ? EROFS : 0;
}

ssize_t
pwrite64(int fd, const void *data, size_t n, off64_t at)
{
    ssize_t (*real)(int, const void *, size_t, off64_t);
    int code = refusal(fd);

    *(void **)&real = dlsym(RTLD_NEXT, "pwrite64");
    if (code) {
        errno = code;
        return -1;
    }
    return real(fd, data, n, at);
}

int
ftruncate64(int fd, off64_t len)
{
    int (*real)(int, off64_t);
    int code = refusal(fd);

    *(void **)&real = dlsym(RTLD_NEXT, "ftruncate64");
    /* What is full may be cut. */
    if (code == EROFS) {
        errno = code;
        return -1;
    }
    return real(fd, len);
}

int
ftruncate(int fd, off_t len)
{
    return ftruncate64(fd, len);
}

ssize_t
pwrite(int fd, const void *data, size_t n, off_t at)
{
    return pwrite64(fd, data, n, at);
}

static int
sync_or_fail(int fd, const char *name)
{
    int (*real)(int);

    *(void **)&real = dlsym(RTLD_NEXT, name);
    if (is_database(fd) && is_on("sync")) {
        errno = EIO;
        return -1;
    }
    if (is_database(fd) && is_on("slow"))
        usleep(500000);
    return real(fd);
}

int
fsync(int fd)
{
    return sync_or_fail(fd, "fsync");
}

int
fdatasync(int fd)
{
    return sync_or_fail(fd, "fdatasync");
}

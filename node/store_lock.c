/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Which process has the store, and whether its files are still where whoever
 * opens it later looks for them. SQLite goes on writing to a file that was
 * deleted or moved, without an error.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "node/mem.h"
#include "node/store_private.h"

#define HOLDER_MAX    24  /* bytes of a pid as text */
#define LOCK_TRIES    500 /* while whoever took the lock is dead */
#define LOCK_PAUSE_US 10000

/* ---- the lock -----------------------------------------------------------*/

/* What the holder wrote: its pid, "" when it cannot be told. */
static void
read_holder(int fd, char pid[static HOLDER_MAX])
{
    ssize_t n = pread(fd, pid, HOLDER_MAX - 1, 0);

    pid[n > 0 ? n : 0] = '\0';
    pid[strcspn(pid, "\n")] = '\0';
}

static enum cim_err
cannot_lock(const char *path, int fd, struct cim_diag *diag)
{
    int code = errno;
    char pid[HOLDER_MAX] = "";

    if (code == EWOULDBLOCK) {
        read_holder(fd, pid);
        cim_diag_set(diag,
                     "another cimesh node (pid %s) holds %s; stop it first, or"
                     " use another site directory",
                     pid[0] ? pid : "unknown", path);
        return CIM_EEXIST;
    }
    cim_diag_set(diag, "%s.lock: %s; the folder must exist and be writable",
                 path, strerror(code));
    return code == EACCES || code == EPERM ? CIM_EPERM : CIM_EIO;
}

static bool
holder_is_dead(int fd)
{
    char text[HOLDER_MAX];

    read_holder(fd, text);
    long pid = atol(text);
    return pid > 0 && kill((pid_t)pid, 0) != 0 && errno == ESRCH;
}

/* A node that was killed while it started a hook leaves the lock to the child
 * for the moment until that lets go of all it inherited. */
static int
take_lock(int fd)
{
    for (int left = LOCK_TRIES; flock(fd, LOCK_EX | LOCK_NB) != 0; left--) {
        if (errno != EWOULDBLOCK)
            return -1;
        if (!left || !holder_is_dead(fd)) {
            errno = EWOULDBLOCK;
            return -1;
        }
        (void)usleep(LOCK_PAUSE_US);
    }
    return 0;
}

/* The lock lives as long as the descriptor; the file stays, empty or not. */
enum cim_err
store_lock(const char *path, int *out, struct cim_diag *diag)
{
    char *name = xasprintf("%s.lock", path);
    int fd = open(name, O_RDWR | O_CREAT | O_CLOEXEC, 0640);

    free(name);
    if (fd < 0)
        return cannot_lock(path, fd, diag);
    if (take_lock(fd) != 0) {
        enum cim_err err = cannot_lock(path, fd, diag);
        close(fd);
        return err;
    }
    if (ftruncate(fd, 0) == 0)
        dprintf(fd, "%ld\n", (long)getpid());
    *out = fd;
    return CIM_OK;
}

/* ---- files --------------------------------------------------------------*/

static struct store_file
file_at(const char *path)
{
    struct stat st;

    if (stat(path, &st) != 0)
        return (struct store_file){0};
    return (struct store_file){.dev = st.st_dev, .ino = st.st_ino};
}

void
store_note_files(struct store *store, const char *path)
{
    store->path = xstrdup(path);
    store->lock_path = xasprintf("%s.lock", path);
    store->wal_path = xasprintf("%s-wal", path);
    store->file = file_at(path);
    store->lock_file = file_at(store->lock_path);
}

static bool
same_file(const struct store_file *a, const char *path)
{
    struct store_file b = file_at(path);

    return a->dev == b.dev && a->ino == b.ino;
}

/* Whoever opens these paths later finds what is written here. A WAL is made
 * by the first write, so there is one after each commit. No file at all: the
 * database is in memory, or a test keeps it somewhere else. */
bool
store_in_place(const struct store *store)
{
    return !store->file.ino ||
           (same_file(&store->file, store->path) &&
            same_file(&store->lock_file, store->lock_path) &&
            access(store->wal_path, F_OK) == 0);
}

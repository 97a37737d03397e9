/* SPDX-License-Identifier: MPL-2.0 */
/*
 * What an earlier run of the node left: processes of its hooks, and folders.
 *
 * The kernel kills the leader of a hook with its node, but not what that has
 * started: a build would go on beside its own repeat. It is known by where it
 * works, or, when it went elsewhere, by the environment that every hook of
 * this site gets and hands down.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "node/hook_private.h"
#include "node/journal.h"
#include "node/mem.h"

#define ENVIRON_MAX   (256 * 1024) /* of a process, read; the rest is passed */
#define KILL_PASSES   10
#define KILL_PAUSE_US 2000

static bool
works_in(const char *pid, const char *folder)
{
    char link[64], cwd[4096];
    size_t len = strlen(folder);

    (void)snprintf(link, sizeof(link), "/proc/%.20s/cwd", pid);
    ssize_t n = readlink(link, cwd, sizeof(cwd) - 1);
    if (n <= 0)
        return false;
    cwd[n] = 0;
    return strncmp(cwd, folder, len) == 0 && cwd[len] == '/';
}

static size_t
read_environ(const char *pid, char *out, size_t cap)
{
    char path[64];
    size_t len = 0;
    ssize_t n = 0;

    (void)snprintf(path, sizeof(path), "/proc/%.20s/environ", pid);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    while (fd >= 0 && len < cap && (n = read(fd, out + len, cap - len)) > 0)
        len += (size_t)n;
    if (fd >= 0)
        close(fd);
    return len;
}

/* Is this line one of the environment's, whole or up to its end? */
static bool
has(const char *vars, size_t len, const char *line, bool whole)
{
    size_t n = strlen(line) + whole;

    for (size_t at = 0; at + n <= len;) {
        if (memcmp(vars + at, line, n) == 0)
            return true;
        const char *end = memchr(vars + at, 0, len - at);
        if (!end)
            return false;
        at = (size_t)(end - vars) + 1;
    }
    return false;
}

/* Jobs may well have CIMESH_DIR; an attempt is what only hooks are told. */
static bool
has_our_environment(const char *pid, const char *dir_line, char *room)
{
    size_t len = read_environ(pid, room, ENVIRON_MAX);

    return has(room, len, dir_line, true) &&
           has(room, len, "CIMESH_ATTEMPT=", false);
}

static void
kill_left(pid_t pid)
{
    pid_t group = getpgid(pid);

    log_warn("HOOK-LEFT", "pid=%d: killed, left by an earlier run of this node",
             (int)pid);
    if (group > 1 && group != getpgrp())
        kill(-group, SIGKILL);
    kill(pid, SIGKILL);
}

/* How many there were. */
static size_t
kill_leftovers(const struct hook_place *place)
{
    char *line = xasprintf("CIMESH_DIR=%s", place->dir);
    char *room = xcalloc(1, ENVIRON_MAX);
    DIR *proc = opendir("/proc");
    size_t n = 0;

    for (struct dirent *e; proc && (e = readdir(proc)) != NULL;) {
        if (e->d_name[0] < '1' || e->d_name[0] > '9')
            continue;
        pid_t pid = (pid_t)atol(e->d_name);
        /* Whoever started this node may have been told an attempt. */
        if (pid == getpid() || pid == getppid() || getpgid(pid) == getpgrp())
            continue;
        if (works_in(e->d_name, place->scratch) ||
            has_our_environment(e->d_name, line, room)) {
            kill_left(pid);
            n++;
        }
    }
    if (proc)
        closedir(proc);
    free(room);
    free(line);
    return n;
}

void
hook_exec_recover(const struct hook_place *place)
{
    char **dirs = NULL;
    size_t n = 0, cap = 0;
    DIR *scratch = NULL;

    /* Again: one that forks may have been a step ahead. */
    for (int i = 0; i < KILL_PASSES && kill_leftovers(place) > 0; i++)
        (void)usleep(KILL_PAUSE_US);
    scratch = opendir(place->scratch);
    for (struct dirent *e; scratch && (e = readdir(scratch)) != NULL;) {
        if (e->d_name[0] == '.')
            continue;
        xgrow(&dirs, &cap, n, sizeof(*dirs));
        dirs[n++] = xasprintf("%s/%s", place->scratch, e->d_name);
    }
    if (scratch)
        closedir(scratch);
    pid_t rm = n > 0 ? hook_remove_folders(dirs, n) : 0;
    while (rm > 0 && waitpid(rm, NULL, 0) < 0 && errno == EINTR)
        ;
    for (size_t i = 0; i < n; i++)
        free(dirs[i]);
    free(dirs);
}

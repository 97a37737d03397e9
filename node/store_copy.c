/* SPDX-License-Identifier: MPL-2.0 */
/*
 * By SQLite's backup calls, a megabyte at a time. They would start over with
 * every commit of another process, were the source not inside a transaction
 * that was begun before: so all of it is of one moment.
 */
#include "node/store_copy.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "node/failpoint.h"
#include "node/file.h"
#include "node/mem.h"
#include "node/store_reader.h"

#define STEP_PAGES 256 /* of 4 KiB */
#define BUSY_MS    100 /* between tries, when the source is locked */

/* ---- the pages ----------------------------------------------------------*/

static enum cim_err
cannot_copy(int rc, sqlite3 *to, const char *path, struct cim_diag *diag)
{
    int sys = rc == SQLITE_OK ? 0 : sqlite3_system_errno(to);

    if (rc == SQLITE_FULL)
        sys = ENOSPC;
    cim_diag_set(diag,
                 "%s: %s; nothing was kept of it: name a place with room, or"
                 " check the disks",
                 path, sys ? strerror(sys) : sqlite3_errstr(rc));
    return CIM_EIO;
}

static enum cim_err
copy_pages(sqlite3_backup *copy, const struct store_copy_watch *watch, int *rc)
{
    for (;;) {
        *rc = sqlite3_backup_step(copy, STEP_PAGES);
        (void)FAILPOINT(BACKUP_STEP);
        if (*rc == SQLITE_DONE)
            return CIM_OK;
        if (*rc == SQLITE_BUSY || *rc == SQLITE_LOCKED)
            sqlite3_sleep(BUSY_MS);
        else if (*rc != SQLITE_OK)
            return CIM_EIO;
        uint64_t all = (uint64_t)sqlite3_backup_pagecount(copy);
        uint64_t left = (uint64_t)sqlite3_backup_remaining(copy);
        if (!watch->go_on(watch->ctx, all > left ? all - left : 0, all))
            return CIM_ESTATE;
    }
}

/* Nothing of it is believed before all of it is synced: no journal. */
static enum cim_err
copy_into(struct store_reader *r, const char *path,
          const struct store_copy_watch *watch, struct cim_diag *diag)
{
    sqlite3 *to = NULL;
    sqlite3_backup *copy = NULL;
    enum cim_err err = CIM_EIO;
    int rc = sqlite3_open_v2(path, &to, SQLITE_OPEN_READWRITE, NULL);

    if (rc == SQLITE_OK)
        rc = sqlite3_exec(to,
                          "PRAGMA journal_mode = OFF;"
                          "PRAGMA synchronous = OFF;",
                          NULL, NULL, NULL);
    if (rc == SQLITE_OK) {
        copy = sqlite3_backup_init(to, "main", r->db->h, "main");
        rc = sqlite3_errcode(to);
    }
    if (copy) {
        err = copy_pages(copy, watch, &rc);
        int end = sqlite3_backup_finish(copy);
        if (err == CIM_OK && end != SQLITE_OK)
            err = CIM_EIO;
        rc = end != SQLITE_OK ? end : rc;
    }
    if (err == CIM_EIO)
        err = cannot_copy(rc, to, path, diag);
    if (err == CIM_ESTATE)
        cim_diag_set(diag, "ended before it was done; nothing was kept of it");
    sqlite3_close(to);
    return err;
}

/* ---- the file -----------------------------------------------------------*/

static enum cim_err
exists(const char *path, struct cim_diag *diag)
{
    cim_diag_set(diag,
                 "%s exists, and is not replaced; name another file, or"
                 " move this one away",
                 path);
    return CIM_EEXIST;
}

static int
sync_path(const char *path, int flags)
{
    int fd = open(path, flags | O_CLOEXEC);
    int rc = fd < 0 ? -1 : fsync(fd);
    int code = errno;

    if (fd >= 0)
        close(fd);
    errno = code;
    return rc;
}

/* Under its name, unless there is one; on the disk before it is so called. */
static enum cim_err
put_in_place(const char *temporary, const char *to, struct cim_diag *diag)
{
    const char *slash = strrchr(to, '/');
    char *folder = slash ? xstrndup(to, (size_t)(slash - to) + 1) : NULL;
    enum cim_err err = CIM_OK;
    int rc = sync_path(temporary, O_RDWR);

    if (rc == 0 && link(temporary, to) != 0) {
        rc = -1;
        /* A file system without links: its rename may refuse to replace. */
        if (errno == EPERM || errno == EOPNOTSUPP || errno == ENOSYS)
            rc = renameat2(AT_FDCWD, temporary, AT_FDCWD, to, RENAME_NOREPLACE);
    }
    if (rc == 0)
        rc = sync_path(folder ? folder : ".", O_RDONLY | O_DIRECTORY);
    if (rc != 0 && errno == EEXIST)
        err = exists(to, diag);
    else if (rc != 0)
        err = file_error(to, errno, diag);
    free(folder);
    return err;
}

/* Whoever may read the store may read its copy. */
static enum cim_err
make_file(const char *path, struct cim_diag *diag)
{
    int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0640);

    if (fd < 0)
        return file_error(path, errno, diag);
    close(fd);
    return CIM_OK;
}

/* "TO.tmp-PID" of a process that is no more: a backup that was killed. */
static bool
is_left(const char *name, const char *prefix)
{
    size_t len = strlen(prefix);
    char *end;

    if (strncmp(name, prefix, len) != 0 || name[len] < '1' || name[len] > '9')
        return false;
    long pid = strtol(name + len, &end, 10);
    return *end == '\0' && pid <= INT_MAX && kill((pid_t)pid, 0) != 0 &&
           errno == ESRCH;
}

/* They are as large as the store, and nobody else would take them away. */
static void
remove_left(const char *to)
{
    const char *slash = strrchr(to, '/');
    char *folder =
        slash ? xstrndup(to, (size_t)(slash - to) + 1) : xstrdup(".");
    char *prefix = xasprintf("%s.tmp-", slash ? slash + 1 : to);
    DIR *dir = opendir(folder);

    for (struct dirent *e; dir && (e = readdir(dir)) != NULL;)
        if (is_left(e->d_name, prefix))
            (void)unlinkat(dirfd(dir), e->d_name, 0);
    if (dir)
        closedir(dir);
    free(prefix);
    free(folder);
}

static enum cim_err
copy_snapshot(struct store_reader *r, const char *to,
              const struct store_copy_watch *watch, struct cim_diag *diag)
{
    char *temporary = xasprintf("%s.tmp-%ld", to, (long)getpid());
    enum cim_err err;

    remove_left(to);
    err = make_file(temporary, diag);

    if (err == CIM_OK) {
        err = copy_into(r, temporary, watch, diag);
        (void)FAILPOINT(BACKUP_WHOLE);
        if (err == CIM_OK)
            err = put_in_place(temporary, to, diag);
        (void)FAILPOINT(BACKUP_NAMED);
        unlink(temporary);
    }
    free(temporary);
    return err;
}

enum cim_err
store_copy(const char *from, const char *to,
           const struct store_copy_watch *watch, uint64_t *events,
           struct cim_diag *diag)
{
    struct store_reader *r = NULL;
    enum cim_err err;

    *events = 0;
    if (access(to, F_OK) == 0)
        return exists(to, diag);
    err = store_reader_open(from, &r, diag);
    if (err != CIM_OK)
        return err;
    err = reader_begin(r);
    *events = (uint64_t)sql_value(r->db, sql_use(r->db, SQL_STORED), 0);
    if (r->db->rc != SQLITE_OK) {
        cim_diag_set(diag, "%s: %s; check the disk, and who may read it", from,
                     sqlite3_errstr(r->db->rc));
        err = CIM_EIO;
    }
    if (err == CIM_OK)
        err = copy_snapshot(r, to, watch, diag);
    store_reader_close(&r); /* and with it the transaction */
    return err;
}

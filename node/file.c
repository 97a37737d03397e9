/* SPDX-License-Identifier: MPL-2.0 */
#include "node/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "node/failpoint.h"
#include "node/mem.h"

enum cim_err
file_error(const char *path, int error, struct cim_diag *diag)
{
    cim_diag_set(diag, "%s: %s", path, strerror(error));
    switch (error) {
    case ENOENT:
    case ENOTDIR:
        return CIM_ENOENT;
    case EACCES:
    case EPERM:
    case EROFS:
        return CIM_EPERM;
    case EEXIST:
        return CIM_EEXIST;
    case ENOMEM:
        return CIM_ENOMEM;
    default:
        return CIM_EIO;
    }
}

char *
file_join(const char *dir, const char *name)
{
    size_t len = strlen(dir);

    if (name[0] == '/' || len == 0)
        return xstrdup(name);
    return xasprintf("%s%s%s", dir, dir[len - 1] == '/' ? "" : "/", name);
}

char *
file_absolute(const char *path)
{
    char *here, *joined;

    if (path[0] == '/' || !(here = getcwd(NULL, 0)))
        return xstrdup(path);
    joined = strcmp(path, ".") == 0 ? xstrdup(here) : file_join(here, path);
    free(here);
    return joined;
}

/* ---- reading ------------------------------------------------------------ */

static enum cim_err
read_all(int fd, const char *path, size_t max, struct cim_buf *out,
         struct cim_diag *diag)
{
    uint8_t part[4096];
    size_t total = 0;
    ssize_t n;

    while ((n = read(fd, part, sizeof part)) != 0) {
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return file_error(path, errno, diag);
        total += (size_t)n;
        if (total > max) {
            cim_diag_set(diag,
                         "%s: larger than %zu bytes; is it the right "
                         "file?",
                         path, max);
            return CIM_ETOOBIG;
        }
        if (cim_buf_add(out, part, (size_t)n))
            mem_fail();
    }
    return CIM_OK;
}

enum cim_err
file_read(const char *path, size_t max, struct cim_buf *out,
          struct cim_diag *diag)
{
    enum cim_err err;
    struct stat st;
    int fd;

    if (strcmp(path, "-") == 0)
        return read_all(STDIN_FILENO, "standard input", max, out, diag);
    /* O_NONBLOCK: opening a pipe by mistake does not wait for a writer. */
    fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0)
        return file_error(path, errno, diag);
    if (fstat(fd, &st) != 0) {
        err = file_error(path, errno, diag);
    } else if (!S_ISREG(st.st_mode)) {
        cim_diag_set(diag, "%s: %s, not a regular file; name the file itself",
                     path,
                     S_ISDIR(st.st_mode) ? "a folder" : "a pipe or device");
        err = CIM_EFORM;
    } else {
        err = read_all(fd, path, max, out, diag);
    }
    close(fd);
    return err;
}

/* ---- writing ------------------------------------------------------------ */

static int
write_all(int fd, struct cim_bytes text)
{
    ssize_t n;

    for (size_t at = 0; at < text.len; at += (size_t)n) {
        n = write(fd, text.p + at, text.len - at);
        if (n < 0 && errno == EINTR)
            n = 0;
        else if (n < 0)
            return -1;
    }
    return fsync(fd);
}

static int
sync_folder(const char *path)
{
    const char *slash = strrchr(path, '/');
    char *dir =
        slash ? xstrndup(path, (size_t)(slash - path) + 1) : xstrdup(".");
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC), rc = -1;

    if (fd >= 0) {
        rc = fsync(fd);
        close(fd);
    }
    free(dir);
    return rc;
}

/* "dir/.name.XXXXXX": hidden, so that no reader of the folder takes it. */
static char *
temporary_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    int dir_len = slash ? (int)(slash - path) + 1 : 0;

    return xasprintf("%.*s.%s.XXXXXX", dir_len, path, path + dir_len);
}

/* The new text under a temporary name, on disk; -1 with errno. */
static int
write_temporary(char *temporary, struct cim_bytes text, mode_t mode,
                const struct stat *old)
{
    int fd = mkostemp(temporary, O_CLOEXEC), error;

    if (fd < 0)
        return -1;
    /* Giving a file away needs privileges; without them it stays ours. */
    if (old && fchown(fd, old->st_uid, old->st_gid) != 0)
        errno = 0;
    if (fchmod(fd, mode) == 0 && write_all(fd, text) == 0 && close(fd) == 0)
        return 0;
    error = errno;
    close(fd);
    unlink(temporary);
    errno = error;
    return -1;
}

static enum cim_err
write_file(const char *path, struct cim_bytes text, mode_t mode, bool replace,
           struct cim_diag *diag)
{
    char *temporary = temporary_name(path);
    enum cim_err err = CIM_OK;
    struct stat st;
    bool exists = replace && stat(path, &st) == 0;
    int rc;

    rc = write_temporary(temporary, text, exists ? st.st_mode & 07777 : mode,
                         exists ? &st : NULL);
    if (rc != 0) {
        err = file_error(path, errno, diag);
        free(temporary);
        return err;
    }
    (void)FAILPOINT(FILE_WRITTEN);
    /* link(2) refuses to replace, rename(2) replaces. */
    rc = replace ? rename(temporary, path) : link(temporary, path);
    if (rc != 0)
        err = file_error(path, errno, diag);
    (void)FAILPOINT(FILE_NAMED);
    if (rc != 0 || !replace)
        unlink(temporary);
    if (rc == 0 && sync_folder(path) != 0)
        err = file_error(path, errno, diag);
    free(temporary);
    return err;
}

enum cim_err
file_replace(const char *path, struct cim_bytes text, mode_t mode,
             struct cim_diag *diag)
{
    /* A link to the file stays one: what it names is replaced. */
    char *target = realpath(path, NULL);
    enum cim_err err =
        write_file(target ? target : path, text, mode, true, diag);

    free(target);
    return err;
}

enum cim_err
file_make(const char *path, struct cim_bytes text, mode_t mode,
          struct cim_diag *diag)
{
    return write_file(path, text, mode, false, diag);
}

/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The listener. It is made under a name and a mode that let nobody in before
 * it is finished: the mode is taken away from the socket before bind gives it
 * a name, then owner and group are let in. A socket found there is replaced
 * only when nobody answers on it.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "node/http_private.h"
#include "node/mem.h"

#define BACKLOG 1024 /* beyond it a connect fails at once */

static enum cim_err
failed(struct cim_diag *diag, const char *what, const char *path)
{
    enum cim_err err = errno == EACCES || errno == EPERM ? CIM_EPERM : CIM_EIO;

    cim_diag_set(diag, "api socket %s: cannot %s: %s", path, what,
                 strerror(errno));
    return err;
}

static enum cim_err
make_folder(const char *path, struct cim_diag *diag)
{
    const char *slash = strrchr(path, '/');
    enum cim_err err = CIM_OK;

    if (slash == NULL || slash == path)
        return CIM_OK;
    char *folder = xstrndup(path, (size_t)(slash - path));
    if (mkdir(folder, 0750) != 0 && errno != EEXIST)
        err = failed(diag, "make its folder", path);
    free(folder);
    return err;
}

static enum cim_err
set_address(const char *path, struct sockaddr_un *address,
            struct cim_diag *diag)
{
    size_t len = strlen(path);

    *address = (struct sockaddr_un){.sun_family = AF_UNIX};
    if (len >= sizeof address->sun_path) {
        cim_diag_set(diag,
                     "api socket %.60s...: a Unix socket's path may have 107 "
                     "bytes, this one has %zu; choose a shorter one",
                     path, len);
        return CIM_ETOOBIG;
    }
    memcpy(address->sun_path, path, len);
    return CIM_OK;
}

/* Removes what is there if it is a socket on which nobody listens. */
static enum cim_err
remove_stale(int fd, const struct sockaddr_un *address, struct cim_diag *diag)
{
    const char *path = address->sun_path;
    struct stat st;

    if (lstat(path, &st) != 0)
        return errno == ENOENT ? CIM_OK : failed(diag, "look at it", path);
    if (!S_ISSOCK(st.st_mode)) {
        cim_diag_set(
            diag, "api socket %s: something else is there; move it away", path);
        return CIM_EEXIST;
    }
    if (connect(fd, (const struct sockaddr *)address, sizeof *address) == 0 ||
        errno == EAGAIN) {
        cim_diag_set(diag,
                     "api socket %s: another node answers there; stop it, or "
                     "use another site directory",
                     path);
        return CIM_EEXIST;
    }
    if (errno != ECONNREFUSED)
        return failed(diag, "try it", path);
    return unlink(path) == 0 ? CIM_OK : failed(diag, "replace it", path);
}

static enum cim_err
listen_on(int fd, const struct sockaddr_un *address, struct cim_diag *diag)
{
    const char *path = address->sun_path;

    if (fchmod(fd, 0600) != 0 ||
        bind(fd, (const struct sockaddr *)address, sizeof *address) != 0)
        return failed(diag, "make it", path);
    if (listen(fd, BACKLOG) != 0 || chmod(path, 0660) != 0) {
        enum cim_err err = failed(diag, "listen on it", path);
        unlink(path);
        return err;
    }
    return CIM_OK;
}

static int
new_socket(void)
{
    return socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
}

enum cim_err
http_socket_open(const char *path, int *out, struct cim_diag *diag)
{
    struct sockaddr_un address;
    int probe = -1, fd = -1;
    enum cim_err err = set_address(path, &address, diag);

    if (err == CIM_OK)
        err = make_folder(path, diag);
    if (err != CIM_OK)
        return err;
    probe = new_socket();
    fd = new_socket();
    if (probe < 0 || fd < 0)
        err = failed(diag, "make it", path);
    if (err == CIM_OK)
        err = remove_stale(probe, &address, diag);
    if (err == CIM_OK)
        err = listen_on(fd, &address, diag);
    if (probe >= 0)
        close(probe);
    if (err == CIM_OK)
        *out = fd;
    else if (fd >= 0)
        close(fd);
    return err;
}

/* SPDX-License-Identifier: MPL-2.0 */
#include "node/notify.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <sys/socket.h>

#include <systemd/sd-daemon.h>

#include "node/clock.h"

void
notify_ready(const char *status)
{
    (void)sd_notifyf(0, "READY=1\nSTATUS=%s", status);
}

void
notify_reloading(void)
{
    (void)sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%" PRId64,
                     clock_mono_us());
}

void
notify_stopping(void)
{
    (void)sd_notify(0, "STOPPING=1");
}

bool
notify_watched(int64_t *ms)
{
    uint64_t us = 0;

    if (sd_watchdog_enabled(0, &us) <= 0)
        return false;
    *ms = (int64_t)(us / 1000);
    return true;
}

void
notify_alive(void)
{
    (void)sd_notify(0, "WATCHDOG=1");
}

int
notify_socket(const char *path)
{
    int n = sd_listen_fds(0);

    for (int fd = SD_LISTEN_FDS_START; fd < SD_LISTEN_FDS_START + n; fd++)
        if (sd_is_socket_unix(fd, SOCK_STREAM, 1, path, 0) > 0) {
            int flags = fcntl(fd, F_GETFL);
            if (flags >= 0)
                (void)fcntl(fd, F_SETFL, flags | O_NONBLOCK);
            return fd;
        }
    return -1;
}

const char *
notify_credentials(void)
{
    const char *folder = getenv("CREDENTIALS_DIRECTORY");

    return folder && folder[0] == '/' ? folder : NULL;
}

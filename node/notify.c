/* SPDX-License-Identifier: MPL-2.0 */
#include "node/notify.h"

#include <inttypes.h>
#include <time.h>

#include <systemd/sd-daemon.h>

void
notify_ready(const char *status)
{
    (void)sd_notifyf(0, "READY=1\nSTATUS=%s", status);
}

void
notify_reloading(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    (void)sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%" PRId64,
                     (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000);
}

void
notify_stopping(void)
{
    (void)sd_notify(0, "STOPPING=1");
}

/* SPDX-License-Identifier: MPL-2.0 */
#include "node/notify.h"

#include <inttypes.h>

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

/* SPDX-License-Identifier: MPL-2.0 */
#include "node/progress.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "node/clock.h"

#define FIRST_MS    1000
#define TERMINAL_MS 200
#define PLAIN_MS    10000

void
progress_start(struct progress *p, const char *cmd, const char *unit)
{
    *p = (struct progress){.cmd = cmd,
                           .unit = unit,
                           .terminal = isatty(STDERR_FILENO) == 1,
                           .started_mono_ms = clock_mono_ms()};
    p->said_mono_ms = p->started_mono_ms;
}

static void
say(const struct progress *p, uint64_t done, uint64_t all, int64_t ms)
{
    uint64_t rate = ms > 0 ? done * 1000 / (uint64_t)ms : 0;

    fprintf(stderr, "cimesh %s: %" PRIu64, p->cmd, done);
    if (all)
        fprintf(stderr, " of %" PRIu64, all);
    fprintf(stderr, " %s, %" PRIu64 "/s", p->unit, rate);
    if (rate && all > done)
        fprintf(stderr, ", %" PRIu64 " s left", (all - done) / rate + 1);
}

void
progress_say(struct progress *p, uint64_t done, uint64_t all)
{
    int64_t now = clock_mono_ms(), ms = now - p->started_mono_ms;
    int64_t pause = p->terminal ? TERMINAL_MS : PLAIN_MS;

    if (now - p->said_mono_ms < pause || (p->terminal && ms < FIRST_MS))
        return;
    p->said_mono_ms = now;
    if (p->terminal)
        fputs("\r\033[K", stderr);
    say(p, done, all, ms);
    if (!p->terminal)
        fputc('\n', stderr);
    fflush(stderr);
    p->shown = p->terminal;
}

void
progress_clear(struct progress *p)
{
    if (p->shown)
        fputs("\r\033[K", stderr);
    fflush(stderr);
    p->shown = false;
}

/* ---- signals ------------------------------------------------------------ */

static sigset_t
endings(void)
{
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGHUP);
    return set;
}

void
progress_hold_signals(void)
{
    sigset_t set = endings();

    sigprocmask(SIG_BLOCK, &set, NULL);
}

bool
progress_signalled(void)
{
    sigset_t set;

    return sigpending(&set) == 0 &&
           (sigismember(&set, SIGINT) == 1 || sigismember(&set, SIGTERM) == 1 ||
            sigismember(&set, SIGHUP) == 1);
}

void
progress_die(void)
{
    sigset_t set = endings();

    sigprocmask(SIG_UNBLOCK, &set, NULL);
}

/* SPDX-License-Identifier: MPL-2.0 */
/*
 * progress - how far long work is, on stderr.
 *
 * On a terminal one line that is written over, from the first second on;
 * elsewhere a plain line every ten seconds. Work that is done sooner says
 * nothing.
 */
#ifndef CIM_NODE_PROGRESS_H
#define CIM_NODE_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

struct progress {
    const char *cmd;  /* "backup" */
    const char *unit; /* "events" */
    bool terminal, shown;
    int64_t started_mono_ms, said_mono_ms;
};

void progress_start(struct progress *p, const char *cmd, const char *unit);
/* Call often; all 0 when it is not known. */
void progress_say(struct progress *p, uint64_t done, uint64_t all);
/* Takes the terminal's line away, for what is printed next. */
void progress_clear(struct progress *p);

/*
 * SIGINT, SIGTERM and SIGHUP wait from now on; true when one came. What was
 * half done is cleaned up, then progress_die ends the process with it; without
 * one that does nothing.
 */
void progress_hold_signals(void);
bool progress_signalled(void);
void progress_die(void);

#endif

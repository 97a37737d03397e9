/* SPDX-License-Identifier: MPL-2.0 */
/*
 * clock - the one door to time in node/.
 *
 * Wall time is for people, headers and retention; monotonic time is for every
 * wait and deadline. Nothing else here reads a clock (tests/lint/layering.sh),
 * so a test can move both.
 *
 * The test clock, in builds with CIM_FAILPOINTS only: $CIMESH_TEST_CLOCK names
 * a file of two little-endian 64-bit numbers, the milliseconds to add to wall
 * time (may be negative) and to monotonic time (may only grow). The file is
 * mapped and looked at with every call, so a change of it takes effect at
 * once; the timers of the loop go on ticking in real time.
 */
#ifndef CIM_NODE_CLOCK_H
#define CIM_NODE_CLOCK_H

#include <stdint.h>

#include "keys/err.h"

/* Before any thread is made. CIM_EIO with a sentence when the file that
 * $CIMESH_TEST_CLOCK names cannot be mapped. */
CIM_MUST enum cim_err clock_start(struct cim_diag *diag);

int64_t clock_wall_ms(void); /* since 1970, UTC */
int64_t clock_mono_ms(void);
int64_t clock_mono_us(void);

#endif

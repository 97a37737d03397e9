/* SPDX-License-Identifier: MPL-2.0 */
/*
 * oom - what libcimesh does when there is no memory.
 *
 * A scenario is a piece of honest use of the library that gives back all it
 * took, on success and on failure alike. The test runs it once to count the
 * allocations, then again and again with the 1st, 2nd, ... of them failing.
 *
 * To add one: write it in a scenarios_*.c beside this file (listed in
 * tests/CMakeLists.txt), declare it below, add its row to oom_test.c.
 */
#ifndef CIM_TESTS_OOM_H
#define CIM_TESTS_OOM_H

#include "keys/err.h"

/* CIM_OK, or the first error; anything but CIM_OK and CIM_ENOMEM is a bug. */
typedef enum cim_err scenario_fn(void);

/* scenarios_library.c */
scenario_fn oom_buffer, oom_identity, oom_event, oom_slice, oom_merge,
    oom_beacon, oom_heads, oom_fetch, oom_find, oom_refused;

/* scenarios_json.c */
scenario_fn oom_json, oom_seed, oom_openci;

#endif

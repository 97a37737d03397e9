/* SPDX-License-Identifier: MPL-2.0 */
/* fuzz - what every fuzz target has: its entry, and the way it complains. */
#ifndef CIM_TESTS_FUZZ_H
#define CIM_TESTS_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What has to hold for every input; abort is what a fuzzer reports. */
static inline void
must(bool holds)
{
    if (!holds)
        abort();
}

#endif

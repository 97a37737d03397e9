/* SPDX-License-Identifier: MPL-2.0 */
/*
 * A parsed slice is within its header; a proven one, written again from its
 * frontier, is the same slice. The signature is taken as known, under a key
 * of 32 bytes 1: roots can be made without a secret, signatures cannot.
 */
#include "proto/slice.h"

#include <string.h>

#include "tests/fuzz/fuzz.h"

static void
check_parsed(const struct cim_slice *slice)
{
    must(slice->n_events >= 1 && slice->n_events <= slice->sh.h.count);
    must(slice->n_runs >= 1 && slice->nodes.len % CIM_HASH_LEN == 0);
    for (size_t i = 0; i < slice->n_events; i++) {
        must(cim_slice_index(slice, i) < slice->sh.h.count);
        must(i == 0 ||
             cim_slice_index(slice, i - 1) < cim_slice_index(slice, i));
    }
}

static void
check_proven(const struct cim_proven *proven, struct cim_bytes frame)
{
    const struct cim_slice *slice = &proven->slice;
    struct cim_buf again = {0};

    must(cim_slice_size(&slice->sh, slice->runs, slice->n_runs, slice->events,
                        slice->n_events) == frame.len);
    must(cim_slice_write(&slice->sh, &proven->frontier, slice->runs,
                         slice->n_runs, slice->events, slice->n_events,
                         &again) == CIM_OK);
    must(cim_bytes_eq(cim_buf_bytes(&again), frame));
    cim_buf_clear(&again);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cim_bytes frame = cim_bytes_of(data, size);
    struct cim_slice slice;
    struct cim_proven proven;
    struct cim_signkey key;

    memset(key.b, 1, sizeof key.b);
    if (cim_slice_parse(frame, &slice) != CIM_OK)
        return 0;
    check_parsed(&slice);
    if (cim_slice_prove(&slice, &key, true, &proven) == CIM_OK) {
        check_proven(&proven, frame);
        cim_proven_clear(&proven);
    } else {
        cim_slice_clear(&slice);
    }
    return 0;
}

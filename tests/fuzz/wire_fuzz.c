/* SPDX-License-Identifier: MPL-2.0 */
/*
 * What skim passes can be read to its end and, since every form is the
 * shortest, writing it again gives the same bytes. What it refuses the reader
 * refuses too, or reads, but never past its end.
 */
#include "proto/wire.h"

#include "tests/fuzz/fuzz.h"

static void
copy_value(struct cim_buf *out, const struct cim_wire_value *value)
{
    switch (value->kind) {
    case CIM_WIRE_NIL:
        cim_wire_put_nil(out);
        break;
    case CIM_WIRE_BOOL:
        cim_wire_put_bool(out, value->boolean);
        break;
    case CIM_WIRE_INT:
        cim_wire_put_int(out, value->integer);
        break;
    case CIM_WIRE_STR:
        cim_wire_put_str(out, value->bytes);
        break;
    case CIM_WIRE_BIN:
        cim_wire_put_bin(out, value->bytes);
        break;
    case CIM_WIRE_ARRAY:
        cim_wire_put_array(out, value->n);
        break;
    case CIM_WIRE_MAP:
        cim_wire_put_map(out, value->n);
        break;
    case CIM_WIRE_END:
        break;
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cim_bytes input = cim_bytes_of(data, size), raw;
    struct cim_reader r = {.data = input}, skipper = {.data = input};
    struct cim_wire_value value;
    struct cim_buf copy = {0};
    bool skimmed = cim_wire_skim(input, 8, 4096) == CIM_OK;
    enum cim_err err;

    while ((err = cim_wire_next(&r, &value)) == CIM_OK &&
           value.kind != CIM_WIRE_END)
        copy_value(&copy, &value);
    if (cim_wire_skip(&skipper, &raw) == CIM_OK)
        must(skipper.at <= size && raw.len == skipper.at);
    if (skimmed)
        must(err == CIM_OK && skipper.at == size &&
             cim_bytes_eq(cim_buf_bytes(&copy), input));
    cim_buf_clear(&copy);
    return 0;
}

/* SPDX-License-Identifier: MPL-2.0 */
/*
 * A template and an object, a NUL between them: what comes out is printable.
 * The whole input is also taken as a proof.
 */
#include <string.h>

#include "proto/json_proof.h"
#include "proto/json_template.h"
#include "tests/fuzz/fuzz.h"

static void
as_proof(struct cim_bytes input)
{
    struct cim_buf topic = {0}, slice = {0}, text = {0}, again = {0};

    if (cim_proof_read(input, &topic, &slice, NULL) == CIM_OK) {
        must(slice.len >= 1 && slice.len <= CIM_SLICE_MAX);
        must(cim_proof_write(cim_buf_bytes(&topic), cim_buf_bytes(&slice),
                             &text) == CIM_OK);
        must(cim_proof_read(cim_buf_bytes(&text), &topic, &again, NULL) ==
             CIM_OK);
        must(cim_bytes_eq(cim_buf_bytes(&slice), cim_buf_bytes(&again)));
    }
    cim_buf_clear(&topic);
    cim_buf_clear(&slice);
    cim_buf_clear(&text);
    cim_buf_clear(&again);
}

/* The template's own bytes are the caller's; one of fields alone is not. */
static void
as_template(const char *template, struct cim_bytes json)
{
    bool fine = cim_json_template_check(template, NULL) == CIM_OK;
    struct cim_buf out = {0};

    must(cim_json_template(json, template, &out) != CIM_OK || fine);
    cim_buf_reset(&out);
    if (cim_json_template(json, "%{a}%{b.c}%{confidenceLevel}", &out) == CIM_OK)
        for (size_t i = 0; i < out.len; i++)
            must(out.p[i] >= 0x20 && out.p[i] != 0x7f);
    cim_buf_clear(&out);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint8_t *nul = size ? memchr(data, '\0', size) : NULL;

    as_proof(cim_bytes_of(data, size));
    if (nul)
        as_template((const char *)data,
                    cim_bytes_of(nul + 1, size - (size_t)(nul - data) - 1));
    return 0;
}

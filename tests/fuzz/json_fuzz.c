/* SPDX-License-Identifier: MPL-2.0 */
/*
 * What is read as an event is one that may be published, and what is written
 * of it reads as the same bytes. The same text gives the same hash, whatever
 * the node fills in.
 */
#include "proto/json.h"

#include "tests/fuzz/fuzz.h"

static void
comes_back(const struct cim_draft *draft, const struct cim_fill *fill,
           enum cim_form form)
{
    struct cim_buf json = {0};
    struct cim_draft again;

    must(cim_json_write(cim_buf_bytes(&draft->bytes), NULL, form, &json) ==
         CIM_OK);
    if (json.len <= CIM_JSON_MAX) {
        must(cim_json_read(cim_buf_bytes(&json), fill, &again, NULL) == CIM_OK);
        /* The seed form has levels last and times in ms of its years. */
        must(form == CIM_FORM_SEED ||
             cim_bytes_eq(cim_buf_bytes(&again.bytes),
                          cim_buf_bytes(&draft->bytes)));
        cim_draft_clear(&again);
    }
    cim_buf_clear(&json);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cim_bytes text = cim_bytes_of(data, size);
    struct cim_fill fill = {.community = cim_bytes_str("odl"),
                            .now_ms = INT64_C(1795359600123)};
    struct cim_fill later = fill;
    struct cim_draft draft, retry;
    struct cim_event event;
    struct cim_diag diag;

    later.now_ms += INT64_C(86400000);
    for (size_t i = 0; i < sizeof fill.id.b; i++)
        fill.id.b[i] = later.id.b[i] = 0x88;
    if (cim_json_read(text, &fill, &draft, &diag) != CIM_OK) {
        must(draft.bytes.p == NULL);
        return 0;
    }
    must(cim_event_parse(cim_buf_bytes(&draft.bytes), CIM_PUBLISH, &event,
                         NULL) == CIM_OK);
    comes_back(&draft, &fill, CIM_FORM_JSON);
    comes_back(&draft, &fill, CIM_FORM_SEED);
    must(cim_json_read(text, &later, &retry, NULL) == CIM_OK);
    must(cim_hash_eq(&draft.given, &retry.given));
    cim_draft_clear(&draft);
    cim_draft_clear(&retry);
    return 0;
}

/* SPDX-License-Identifier: MPL-2.0 */
/* Reading and writing the JSON forms; jansson's own memory is not seen. */
#include "proto/json.h"
#include "tests/oom/oom.h"

/* Reads text and writes it in both forms. */
static enum cim_err
read_and_write(const char *text)
{
    struct cim_fill fill = {.community = cim_bytes_str("odl"), .now_ms = 1};
    struct cim_draft draft;
    struct cim_buf out = {0};

    fill.id.b[6] = 0x70;
    fill.id.b[8] = 0x80;
    enum cim_err err = cim_json_read(cim_bytes_str(text), &fill, &draft, NULL);
    for (int form = CIM_FORM_JSON; form <= CIM_FORM_SEED && !err; form++)
        err = cim_json_write(cim_buf_bytes(&draft.bytes), NULL,
                             (enum cim_form)form, &out);
    cim_buf_clear(&out);
    cim_draft_clear(&draft);
    return err;
}

enum cim_err
oom_json(void)
{
    return read_and_write(
        "{\"eventType\":\"Weather\",\"buildUrl\":\"a:b\",\"consistsOf\":[\"a\"]"
        ","
        "\"topic\":\"odl/Weather/oslo\",\"ext\":{"
        "\"q\":1,\"p\":1,\"o\":1,\"n\":1,\"m\":1,\"l\":1,\"k\":1,\"j\":1,"
        "\"i\":1,\"h\":1,\"g\":1,\"f\":1,\"e\":1,\"d\":1,\"c\":1,\"b\":1,"
        "\"a\":[true,{}]}}");
}

enum cim_err
oom_seed(void)
{
    return read_and_write("{\"BUILD_URL\":\"a:b\",\"BASELINE_NAME\":\"m\","
                          "\"BASELINE_URL\":\"a:b\",\"CONSIST_OF\":\"a,b,c\","
                          "\"A\":\"SUCCESS\"}");
}

enum cim_err
oom_openci(void)
{
    return read_and_write("{\"type\":\"CompositionDefinedEvent\",\"id\":\"7\","
                          "\"scenario\":\"s\",\"time\":\"12:34:56UTC\","
                          "\"origin\":\"odl\",\"buildUrl\":\"a:b\","
                          "\"branch\":\"master\",\"compositionName\":\"b\","
                          "\"compositionMetadataUrl\":\"a:b\"}");
}

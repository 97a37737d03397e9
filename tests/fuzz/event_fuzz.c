/* SPDX-License-Identifier: MPL-2.0 */
/*
 * What publishers may send followers take; every event that was parsed can be
 * walked and shown in both forms; and one of this version comes back from its
 * JSON as the event it was.
 */

#include "proto/json.h"
#include "proto/topic.h"
#include "tests/fuzz/fuzz.h"

static void
walk_lists(const struct cim_event *event)
{
    struct cim_list levels = {.data = event->levels},
                    members = {.data = event->consists_of},
                    links = {.data = event->links};
    struct cim_bytes a, b, c;

    while (cim_level_next(&levels, &a, &b))
        must(cim_level_name_valid(a) && cim_result_valid(b));
    while (cim_member_next(&members, &a))
        must(a.len > 0);
    while (cim_link_next(&links, &a, &b, &c))
        must(cim_rel_valid(a) && cim_name_valid(b));
    must(levels.at == event->levels.len);
    must(members.at == event->consists_of.len);
    must(links.at == event->links.len);
}

/* Read back, the bytes are those of encoding what was parsed. */
static void
comes_back(const struct cim_event *event, struct cim_bytes json)
{
    struct cim_fill fill = {.community = cim_community_of(event->topic)};
    struct cim_draft draft;
    struct cim_buf bytes = {0};

    must(cim_json_read(json, &fill, &draft, NULL) == CIM_OK);
    must(cim_event_encode(event, &bytes) == CIM_OK);
    must(cim_bytes_eq(cim_buf_bytes(&bytes), cim_buf_bytes(&draft.bytes)));
    cim_buf_clear(&bytes);
    cim_draft_clear(&draft);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cim_bytes bytes = cim_bytes_of(data, size);
    struct cim_event event, strict;
    struct cim_buf json = {0}, seed = {0};
    struct cim_diag diag;
    bool publish =
        cim_event_parse(bytes, CIM_PUBLISH, &strict, &diag) == CIM_OK;
    bool follow = cim_event_parse(bytes, CIM_FOLLOW, &event, &diag) == CIM_OK;

    must(follow || !publish);
    if (!follow)
        return 0;
    walk_lists(&event);
    must(cim_json_write(bytes, NULL, CIM_FORM_JSON, &json) == CIM_OK);
    must(cim_json_write(bytes, NULL, CIM_FORM_SEED, &seed) == CIM_OK);
    if (publish && json.len <= CIM_JSON_MAX)
        comes_back(&event, cim_buf_bytes(&json));
    if (publish && seed.len <= CIM_JSON_MAX)
        comes_back(&event, cim_buf_bytes(&seed));
    cim_buf_clear(&json);
    cim_buf_clear(&seed);
    return 0;
}

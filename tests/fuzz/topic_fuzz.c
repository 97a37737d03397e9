/* SPDX-License-Identifier: MPL-2.0 */
/*
 * One input is taken as a topic, a typed prefix, a prefix from the wire and
 * the text of a segment: what passes as one has to agree with the others.
 */
#include "proto/topic.h"

#include <string.h>

#include "tests/fuzz/fuzz.h"

static void
as_topic(struct cim_bytes input)
{
    struct cim_prefix prefix;
    struct cim_diag diag;

    if (cim_topic_check(input, &diag) != CIM_OK)
        return;
    must(cim_name_valid(cim_community_of(input)));
    for (size_t n = 0; n <= input.len; n++) {
        must(cim_prefix_from_wire(cim_bytes_of(input.p, n), &prefix) == CIM_OK);
        must(cim_prefix_match(&prefix, input));
        must(cim_prefix_touches(&prefix, cim_community_of(input)));
    }
}

static void
as_prefix(struct cim_bytes input)
{
    char shown[CIM_TOPIC_MAX + 2];
    struct cim_prefix prefix, again;
    struct cim_diag diag;

    if (cim_prefix_from_wire(input, &prefix) == CIM_OK) {
        cim_prefix_show(&prefix, shown);
        must(cim_prefix_parse(cim_bytes_str(shown), &again, NULL) == CIM_OK);
        must(strcmp(prefix.text, again.text) == 0);
    }
    if (cim_prefix_parse(input, &prefix, &diag) == CIM_OK)
        must(cim_prefix_from_wire(cim_prefix_bytes(&prefix), &again) == CIM_OK);
}

static void
as_segment(struct cim_bytes input)
{
    struct cim_buf topic = {0};

    cim_buf_add_str(&topic, "odl/");
    if (cim_topic_add(&topic, input) == CIM_OK) {
        struct cim_bytes bytes = cim_buf_bytes(&topic);
        must(cim_topic_check(bytes, NULL) == CIM_OK);
        must(cim_topic_spells(cim_topic_segment(bytes, 1), input));
        must(cim_topic_segment(bytes, 2).len == 0);
    } else {
        must(topic.len == 4);
    }
    cim_buf_clear(&topic);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cim_bytes input = cim_bytes_of(data, size);

    as_topic(input);
    as_prefix(input);
    as_segment(input);
    must(!cim_node_valid(input) || cim_name_valid(cim_community_of(input)));
    return 0;
}

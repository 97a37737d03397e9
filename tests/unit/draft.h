/* SPDX-License-Identifier: MPL-2.0 */
/*
 * draft - reading JSON as the node "odl/ci-1" does at a fixed time.
 */
#ifndef CIM_TESTS_DRAFT_H
#define CIM_TESTS_DRAFT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "proto/json.h"

#define N(array) (sizeof(array) / sizeof *(array))
#define ID       "018f6b2e-7c4d-7a3b-9e5f-0123456789ab"
#define FRESH    "019e7a00-0000-7000-8000-000000000000"
#define NOW_MS   INT64_C(1795359600123) /* 2026-11-22T15:00:00.123Z */

/* The least an event of each type has. */
#define ARTIFACT                                                               \
    "\"eventType\":\"ArtifactCreated\",\"buildUrl\":\"https://ci/1\","         \
    "\"artifactUrl\":\"https://nexus/a.zip\",\"projectBranch\":\"master\","    \
    "\"confidenceLevel\":{\"AUTORELEASE\":\"SUCCESS\"}"
#define BASELINE                                                               \
    "\"eventType\":\"BaselineDefined\",\"buildUrl\":\"https://ci/2\","         \
    "\"baselineName\":\"daily\",\"baselineUrl\":\"https://b\","                \
    "\"consistsOf\":[\"a\"]"
#define OWN "\"eventType\":\"Weather\",\"buildUrl\":\"https://ci/3\""

struct reader {
    struct cim_draft draft;
    struct cim_diag diag;
    struct cim_fill fill;
    struct cim_buf json;
};

static inline int
set_up(void **state)
{
    static struct reader reader;

    memset(&reader, 0, sizeof reader);
    reader.fill.community = cim_bytes_str("odl");
    reader.fill.now_ms = NOW_MS;
    *state = &reader;
    return cim_uuid_parse(cim_bytes_str(FRESH), &reader.fill.id) == CIM_OK ? 0
                                                                           : 1;
}

static inline int
tear_down(void **state)
{
    struct reader *reader = *state;

    cim_draft_clear(&reader->draft);
    cim_buf_clear(&reader->json);
    return 0;
}

static inline enum cim_err
read_bytes(struct reader *reader, struct cim_bytes text)
{
    cim_draft_clear(&reader->draft);
    reader->diag.text[0] = '\0';
    return cim_json_read(text, &reader->fill, &reader->draft, &reader->diag);
}

static inline enum cim_err
read_text(struct reader *reader, const char *text)
{
    return read_bytes(reader, cim_bytes_str(text));
}

static inline void
reads(struct reader *reader, const char *text)
{
    if (read_text(reader, text) != CIM_OK)
        fail_msg("%s: %s", text, reader->diag.text);
}

/* Refused with err, and diag starts with start. */
static inline void
refuses(struct reader *reader, const char *text, enum cim_err err,
        const char *start)
{
    if (read_text(reader, text) != err ||
        strncmp(reader->diag.text, start, strlen(start)) != 0)
        fail_msg("%s: '%s' is not '%s...'", text, reader->diag.text, start);
    assert_int_equal(reader->draft.bytes.len, 0);
}

/* What the draft is as JSON text; lent. */
static inline const char *
written(struct reader *reader, enum cim_form form)
{
    static const struct cim_place nowhere;

    cim_buf_reset(&reader->json);
    assert_int_equal(cim_json_write(cim_buf_bytes(&reader->draft.bytes),
                                    &nowhere, form, &reader->json),
                     CIM_OK);
    return cim_buf_cstr(&reader->json);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

#endif

/* SPDX-License-Identifier: MPL-2.0 */
/*
 * desk - a valid event to change, and what it takes to encode and parse it.
 */
#ifndef CIM_TESTS_DESK_H
#define CIM_TESTS_DESK_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "proto/event.h"
#include "proto/topic.h"
#include "proto/wire.h"

#define N(array) (sizeof(array) / sizeof *(array))
#define ID       "018f6b2e-7c4d-7a3b-9e5f-0123456789ab"
#define DIGEST                                                                 \
    "sha256:"                                                                  \
    "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

/* What a test needs to encode and parse; the buffers keep the raw members. */
struct desk {
    struct cim_event event;
    struct cim_buf levels, members, links, ext, topic, bytes;
    struct cim_event parsed;
    struct cim_diag diag;
};

static inline struct cim_bytes
str(const char *text)
{
    return cim_bytes_str(text);
}

/* "A=SUCCESS,B=FAILURE" as a map; "" as an empty one. */
static inline struct cim_bytes
levels_of(struct cim_buf *buf, const char *text)
{
    char copy[256], *save = NULL;
    uint32_t n = *text != '\0';

    cim_buf_reset(buf);
    for (const char *p = text; *p != '\0'; p++)
        n += *p == ',';
    cim_wire_put_map(buf, n);
    snprintf(copy, sizeof copy, "%s", text);
    for (char *pair = strtok_r(copy, ",", &save); pair != NULL;
         pair = strtok_r(NULL, ",", &save)) {
        char *equals = strchr(pair, '=');
        *equals = '\0';
        cim_wire_put_str(buf, str(pair));
        cim_wire_put_str(buf, str(equals + 1));
    }
    return cim_buf_bytes(buf);
}

static inline struct cim_bytes
members_of(struct cim_buf *buf, const char *const *texts, uint32_t n)
{
    cim_buf_reset(buf);
    cim_wire_put_array(buf, n);
    for (uint32_t i = 0; i < n; i++)
        cim_wire_put_str(buf, str(texts[i]));
    return cim_buf_bytes(buf);
}

static inline struct cim_bytes
link_of(struct cim_buf *buf, const char *rel, const char *of, const char *id)
{
    cim_buf_reset(buf);
    cim_wire_put_array(buf, 1);
    cim_wire_put_map(buf, 3);
    cim_wire_put_str(buf, str("rel"));
    cim_wire_put_str(buf, str(rel));
    cim_wire_put_str(buf, str("of"));
    cim_wire_put_str(buf, str(of));
    cim_wire_put_str(buf, str("id"));
    cim_wire_put_str(buf, str(id));
    return cim_buf_bytes(buf);
}

static inline int
set_up(void **state)
{
    static struct desk desk;
    struct cim_event *e = &desk.event;

    memset(&desk, 0, sizeof desk);
    e->v = 1;
    e->id = str(ID);
    e->type_name = str("ArtifactCreated");
    e->type = CIM_TYPE_ARTIFACT;
    e->time_ms = INT64_C(1795359296789);
    e->topic = str("odl/ArtifactCreated/master/");
    e->build_url = str("https://ci.example.org/1/");
    e->artifact_url = str("https://nexus.example.org/a.zip");
    e->project_branch = str("master");
    e->levels = levels_of(&desk.levels, "AUTORELEASE=SUCCESS");
    *state = &desk;
    return 0;
}

static inline int
tear_down(void **state)
{
    struct desk *desk = *state;

    cim_buf_clear(&desk->levels);
    cim_buf_clear(&desk->members);
    cim_buf_clear(&desk->links);
    cim_buf_clear(&desk->ext);
    cim_buf_clear(&desk->topic);
    cim_buf_clear(&desk->bytes);
    return 0;
}

static inline enum cim_err
parse_bytes(struct desk *desk, enum cim_strict strict)
{
    desk->diag.text[0] = '\0';
    return cim_event_parse(cim_buf_bytes(&desk->bytes), strict, &desk->parsed,
                           &desk->diag);
}

static inline enum cim_err
parse(struct desk *desk)
{
    cim_buf_reset(&desk->bytes);
    assert_int_equal(cim_event_encode(&desk->event, &desk->bytes), CIM_OK);
    enum cim_err err = parse_bytes(desk, CIM_PUBLISH);
    assert_int_equal(parse_bytes(desk, CIM_FOLLOW), err);
    return err;
}

/* The event is refused, by both strictnesses, and diag starts with field. */
static inline void
refused(struct desk *desk, enum cim_err err, const char *field)
{
    assert_int_equal(parse(desk), err);
    if (strncmp(desk->diag.text, field, strlen(field)) != 0)
        fail_msg("'%s' does not name '%s'", desk->diag.text, field);
}

static inline void
as_baseline(struct desk *desk)
{
    static const char *const members[] = {"odl-master-1.2.3", ID};

    desk->event.type_name = str("BaselineDefined");
    desk->event.type = CIM_TYPE_BASELINE;
    desk->event.topic = str("opnfv/BaselineDefined/daily%2F1/");
    desk->event.baseline_name = str("daily/1");
    desk->event.baseline_url = str("https://example.org/daily-1.json");
    desk->event.consists_of = members_of(&desk->members, members, 2);
}

static inline void
as_stamp(struct desk *desk)
{
    as_baseline(desk);
    desk->event.type_name = str("ConfidenceLevelModified");
    desk->event.type = CIM_TYPE_CONFIDENCE;
    desk->event.topic = str("opnfv/ConfidenceLevelModified/daily%2F1/");
    desk->event.consists_of = cim_bytes_of(NULL, 0);
}

static inline void
as_own(struct desk *desk)
{
    desk->event.type_name = str("Weather2");
    desk->event.type = CIM_TYPE_OWN;
    desk->event.topic = str("odl/Weather2/-/");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

#endif

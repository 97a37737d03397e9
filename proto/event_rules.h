/* SPDX-License-Identifier: MPL-2.0 */
/*
 * event_rules - the table of an event's fields; shared by codec and JSON.
 *
 * One row a field: its name, its place in struct cim_event, its shape on the
 * wire, and what it may hold, as a check and as words. Private to proto/.
 * Source: WIRE.md, "Event".
 */
#ifndef CIM_PROTO_EVENT_RULES_H
#define CIM_PROTO_EVENT_RULES_H

#include "proto/event.h"

/* In the order of struct cim_event, which is the order of encoding. */
enum cim_field_id {
    CIM_F_V,
    CIM_F_ID,
    CIM_F_TYPE,
    CIM_F_TIME,
    CIM_F_TOPIC,
    CIM_F_BUILD_URL,
    CIM_F_ARTIFACT_URL,
    CIM_F_ARTIFACT_NAME,
    CIM_F_ARTIFACT_DIGEST,
    CIM_F_BRANCH,
    CIM_F_BASELINE_NAME,
    CIM_F_BASELINE_URL,
    CIM_F_LEVELS,
    CIM_F_CONSISTS_OF,
    CIM_F_LINKS,
    CIM_F_EXT,
    CIM_FIELDS
};

enum cim_shape {
    CIM_SHAPE_INT,  /* int64_t */
    CIM_SHAPE_TEXT, /* struct cim_bytes: the string's bytes */
    CIM_SHAPE_RAW   /* struct cim_bytes: a MessagePack array or map */
};

struct cim_field {
    const char *name;
    size_t len;    /* of name */
    size_t offset; /* in struct cim_event */
    enum cim_shape shape;
    bool (*valid)(struct cim_bytes value); /* text but topic */
    enum cim_err (*check)(struct cim_bytes raw,
                          struct cim_diag *diag); /* raw */
    const char *holds;                            /* for people; int and text */
};

extern const struct cim_field cim_fields[CIM_FIELDS];

/* The row of this name, or CIM_FIELDS. */
enum cim_field_id cim_field_find(struct cim_bytes name);

/* The member of event a text or raw row names. */
struct cim_bytes *cim_field_bytes(struct cim_event *event,
                                  const struct cim_field *field);
int64_t *cim_field_int(struct cim_event *event, const struct cim_field *field);

/*
 * What the fields have to be together: required ones, the topic's agreement.
 * Every field is valid by itself already. v > 1: topic and eventType only.
 * Errors: CIM_EEVENT, CIM_ETOPIC; diag names the field.
 */
CIM_MUST enum cim_err cim_event_rules(const struct cim_event *event,
                                      struct cim_diag *diag);

/* Text of 1..CIM_TEXT_MAX bytes without control characters. */
bool cim_text_valid(struct cim_bytes text);

/* The text that a topic's third segment spells; "-" when there is none. */
struct cim_bytes cim_event_subject(const struct cim_event *event);

/*
 * The keys of the seed form, which no confidence level may have as its name.
 * X(seed key, json key)
 */
#define CIM_SEED_KEYS(X)                                                       \
    X("EVENT_ID", "eventId")                                                   \
    X("EVENT_TYPE", "eventType")                                               \
    X("EVENT_TIME", "eventTime")                                               \
    X("TOPIC", "topic")                                                        \
    X("BUILD_URL", "buildUrl")                                                 \
    X("ARTIFACT_URL", "artifactUrl")                                           \
    X("ARTIFACT_NAME", "artifactName")                                         \
    X("ARTIFACT_DIGEST", "artifactDigest")                                     \
    X("PROJECT_BRANCH", "projectBranch")                                       \
    X("BASELINE_NAME", "baselineName")                                         \
    X("BASELINE_URL", "baselineUrl")                                           \
    X("CONSIST_OF", "consistsOf")                                              \
    X("LINKS", "links")                                                        \
    X("EXT", "ext")

/* The json key of a seed key, or NULL. */
const char *cim_seed_key(struct cim_bytes name);

#endif

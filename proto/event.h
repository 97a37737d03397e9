/* SPDX-License-Identifier: MPL-2.0 */
/*
 * event - one fact: its fields, its rules, its bytes.
 *
 * An event is a MessagePack map with string keys. Its publisher's bytes are
 * what is hashed, signed, stored and passed on; nobody encodes them again, so
 * parsing gives views into them and encoding happens once, at publish.
 * Source: WIRE.md, "Event".
 */
#ifndef CIM_PROTO_EVENT_H
#define CIM_PROTO_EVENT_H

#include "keys/bytes.h"
#include "proto/limits.h"

enum cim_type {               /* eventType */
                CIM_TYPE_OWN, /* a community's own */
                CIM_TYPE_ARTIFACT,
                CIM_TYPE_BASELINE,
                CIM_TYPE_CONFIDENCE
};

/*
 * The fields. Absent text has p NULL. The raw members are MessagePack values
 * as they stand in the event, absent with len 0; cim_event_* below walk them.
 */
struct cim_event {
    int64_t v;                  /* 1 */
    struct cim_bytes id;        /* eventId: 36 characters, lower case */
    struct cim_bytes type_name; /* eventType */
    enum cim_type type;
    int64_t time_ms; /* eventTime, UTC since 1970 */
    struct cim_bytes topic;
    struct cim_bytes build_url;
    struct cim_bytes artifact_url, artifact_name, artifact_digest;
    struct cim_bytes project_branch;
    struct cim_bytes baseline_name, baseline_url;
    struct cim_bytes levels;      /* raw map: confidenceLevel */
    struct cim_bytes consists_of; /* raw array of strings */
    struct cim_bytes links;       /* raw array of {rel, of, id} */
    struct cim_bytes ext;         /* raw map */
    bool unknown_fields;          /* kept and passed on, not understood */
};

enum cim_strict {
    CIM_PUBLISH, /* unknown fields and v other than 1 are refused */
    CIM_FOLLOW   /* they are kept; v > 1: only topic, eventId, eventType */
};

/*
 * Skims, reads and checks every rule but the community rule.
 *   bytes  bytes[1..CIM_EVENT_MAX], lent; out's views point into it
 *   out    filled on CIM_OK only
 * Errors: CIM_ETOOBIG, CIM_ESHORT, CIM_ETRAIL, CIM_EDEPTH, CIM_EFORM,
 * CIM_EVERSION, CIM_ETOPIC, CIM_EEVENT, CIM_EFIELD (publish); diag names the
 * field and what it may hold.
 * Cost: linear, no allocation.
 */
CIM_MUST enum cim_err cim_event_parse(struct cim_bytes bytes,
                                      enum cim_strict strict,
                                      struct cim_event *out,
                                      struct cim_diag *diag);

/*
 * Writes the event's bytes, fields in the order of struct cim_event, absent
 * ones left out. No rule is checked: parse the result with CIM_PUBLISH.
 * Errors: CIM_ENOMEM, CIM_ETOOBIG.
 */
CIM_MUST enum cim_err cim_event_encode(const struct cim_event *event,
                                       struct cim_buf *out);

/*
 * The topic an event of this community has by rule: COMMUNITY/TYPE/SUBJECT/,
 * for own types SUBJECT is "-". Errors: CIM_ETOPIC, CIM_ENOMEM.
 */
CIM_MUST enum cim_err cim_event_topic(const struct cim_event *event,
                                      struct cim_bytes community,
                                      struct cim_buf *out);

/* CIM_ECOMMUNITY unless the first topic segment is the node's community. */
CIM_MUST enum cim_err cim_event_speaks_for(struct cim_bytes topic,
                                           struct cim_bytes node);

enum cim_type cim_type_of(struct cim_bytes type_name);
bool cim_type_name_valid(struct cim_bytes type_name);
bool cim_level_name_valid(struct cim_bytes name);  /* and no seed key */
bool cim_result_valid(struct cim_bytes result);    /* SUCCESS, FAILURE, ... */
bool cim_rel_valid(struct cim_bytes rel);          /* cause, subject, ... */
bool cim_digest_text_valid(struct cim_bytes text); /* sha256:<64 hex> */

/* One level, one member or one link at a time; false at the end. Start with
 * {.data = event.levels} and so on; the array or map head is read first. */
struct cim_list {
    struct cim_bytes data;
    size_t at;
    uint32_t left;
};
bool cim_level_next(struct cim_list *list, struct cim_bytes *name,
                    struct cim_bytes *result);
bool cim_member_next(struct cim_list *list, struct cim_bytes *member);
bool cim_link_next(struct cim_list *list, struct cim_bytes *rel,
                   struct cim_bytes *of, struct cim_bytes *id);

#endif

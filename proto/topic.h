/* SPDX-License-Identifier: MPL-2.0 */
/*
 * topic - names, topics and prefixes.
 *
 * A topic is "COMMUNITY/TYPE/SUBJECT/...": segments, each closed by '/', so a
 * prefix that ends in '/' can never match half a name. A segment's characters
 * outside [A-Za-z0-9._+-] are written as upper-case percent-encoded UTF-8,
 * and only those, so everything has one spelling. Source: WIRE.md, "Topics".
 */
#ifndef CIM_PROTO_TOPIC_H
#define CIM_PROTO_TOPIC_H

#include <stdbool.h>

#include "keys/bytes.h"
#include "proto/limits.h"

/* [a-z0-9][a-z0-9-]{0,31}: a community, or the second part of a node name. */
bool cim_name_valid(struct cim_bytes name);

/* "community/node". */
bool cim_node_valid(struct cim_bytes node);

/* The community of a node name or topic: the bytes before the first '/'. */
struct cim_bytes cim_community_of(struct cim_bytes node_or_topic);

/*
 * Checks a whole topic: 2..CIM_TOPIC_MAX bytes, at least two segments, the
 * first a community name, every segment well spelt, none empty, "." or "..".
 * Errors: CIM_ETOPIC, with diag.
 */
CIM_MUST enum cim_err cim_topic_check(struct cim_bytes topic,
                                      struct cim_diag *diag);

/*
 * Appends one segment's spelling and '/', from any UTF-8 text.
 * Errors: CIM_ETOPIC (empty, ".", "..", NUL, not UTF-8, or out grows past
 * CIM_TOPIC_MAX; out is as before), CIM_ENOMEM.
 */
CIM_MUST enum cim_err cim_topic_add(struct cim_buf *out, struct cim_bytes text);

/* True when segment is the spelling of text. */
bool cim_topic_spells(struct cim_bytes segment, struct cim_bytes text);

/* The i-th segment, still percent-encoded; len 0 when there is none. */
struct cim_bytes cim_topic_segment(struct cim_bytes topic, unsigned i);

/*
 * A prefix as the machines use it: plain bytes to compare, "" is everything.
 */
struct cim_prefix {
    char text[CIM_TOPIC_MAX + 1];
    uint16_t len;
};

/*
 * From what a person typed: "odl/X/master" and "odl/X/master/" match whole
 * segments, "odl/Art*" matches by characters, "*" is everything, '*' anywhere
 * else is refused. Text not ending in '*' gets a closing '/'. Segments are
 * not re-spelt: a character outside the alphabet is an error that names it.
 * Errors: CIM_ETOPIC, with diag.
 */
CIM_MUST enum cim_err cim_prefix_parse(struct cim_bytes typed,
                                       struct cim_prefix *out,
                                       struct cim_diag *diag);

/* From the wire: any spelling a prefix of a valid topic may have, or "". */
CIM_MUST enum cim_err cim_prefix_from_wire(struct cim_bytes bytes,
                                           struct cim_prefix *out);

struct cim_bytes cim_prefix_bytes(const struct cim_prefix *prefix);
bool cim_prefix_match(const struct cim_prefix *prefix, struct cim_bytes topic);

/*
 * True for the prefixes that stand for all of this community, "" and "odl/".
 * One by characters, such as "od", is treated like any other filter.
 */
bool cim_prefix_covers(const struct cim_prefix *prefix,
                       struct cim_bytes community);

/* True when some topic of this community can match. */
bool cim_prefix_touches(const struct cim_prefix *prefix,
                        struct cim_bytes community);

/* Back to what a person would type: "*", "odl/Art*" or "odl/Art/". */
void cim_prefix_show(const struct cim_prefix *prefix,
                     char out[static CIM_TOPIC_MAX + 2]);

#endif

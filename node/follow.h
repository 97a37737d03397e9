/* SPDX-License-Identifier: MPL-2.0 */
/*
 * follow - a topic prefix wanted from others.
 *
 * Follows are given by a node's own configuration. What a follow means for a
 * log is its prefix; a log is covered when one prefix takes everything of its
 * community.
 */
#ifndef CIM_NODE_FOLLOW_H
#define CIM_NODE_FOLLOW_H

#include <stdbool.h>

#include "proto/topic.h"

struct follow {
    struct cim_prefix prefix;
    bool now; /* since = "now": from the heads known when it was accepted */
};

/* A plain list; the array is owned by whoever holds the list. */
struct follow_list {
    struct follow *v;
    size_t n;
};

void follow_list_clear(struct follow_list *list);
void follow_list_copy(struct follow_list *to, const struct follow_list *from);

/* True when some follow can match a topic of this community. */
bool follow_touches(const struct follow_list *list, struct cim_bytes community);
/* True when one of them takes every topic of this community. */
bool follow_covers(const struct follow_list *list, struct cim_bytes community);
bool follow_match(const struct follow_list *list, struct cim_bytes topic);

#endif

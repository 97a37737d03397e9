/* SPDX-License-Identifier: MPL-2.0 */
/* span - a set of positions as ascending, non-adjacent runs. */
#ifndef CIM_NODE_SPAN_H
#define CIM_NODE_SPAN_H

#include <stdbool.h>

#include "proto/sync.h"

/* {0} is empty; clear frees. */
struct span_set {
    struct cim_span *v; /* owned, ascending, non-adjacent, n >= 1 */
    size_t len, cap;
};

void span_clear(struct span_set *set);
void span_add(struct span_set *set, uint64_t first, uint64_t n);
void span_remove(struct span_set *set, uint64_t first, uint64_t n);
bool span_has(const struct span_set *set, uint64_t position);
uint64_t span_count(const struct span_set *set); /* positions in all */
void span_copy(struct span_set *to, const struct span_set *from);

#endif

/* SPDX-License-Identifier: MPL-2.0 */
/* page_help - catch-up pages asked of a store, every slice of them proven. */
#ifndef CIM_TESTS_PAGE_HELP_H
#define CIM_TESTS_PAGE_HELP_H

#include "tests/unit/store_help.h"

/* clear frees. */
struct answer {
    struct cim_buf frame;
    struct cim_sync msg;
    struct span_set got; /* positions of proven events */
    size_t n_events;
};
void answer_clear(struct answer *answer);

/* Asks as one who holds `have` (NULL: nothing); the store is self's. */
struct answer ask_page(struct fixture *f, const char *self, const char *prefix,
                       uint64_t after, uint64_t upto,
                       const struct cim_have *have);

/* Sets aside all that was reported as rotten; how many that were. gaps gets
 * those of the log after the last of them. */
size_t repair(struct fixture *f, struct span_set *gaps);

#endif

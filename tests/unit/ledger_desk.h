/* SPDX-License-Identifier: MPL-2.0 */
/*
 * ledger_desk - communities that speak at given times, and a ledger of it.
 *
 * Events are JSON; #7 in it stands for the id with this number. What the
 * ledger says comes back as one line of text.
 */
#ifndef CIM_TESTS_LEDGER_DESK_H
#define CIM_TESTS_LEDGER_DESK_H

#include "node/ledger.h"
#include "tests/unit/store_help.h"

#define DESK_AUTHORS 16

struct desk {
    struct store *store;
    struct store_reader *reader;
    struct author authors[DESK_AUTHORS];
    size_t n_authors;
    char text[8192]; /* the last answer */
};
int desk_up(void **state);
int desk_down(void **state);

/* The node's log in its epoch 7. */
struct author *desk_author(struct desk *desk, const char *node);
/* A batch of one event, sealed at this time; stored by keep_all. */
struct sealed *desk_seal(struct desk *desk, const char *node, int64_t time_ms,
                         const char *json);
/* The same, and stored. */
void desk_say(struct desk *desk, const char *node, int64_t time_ms,
              const char *json);
/* The three types, with what they need filled in; more is JSON fields with a
 * leading comma, or "". */
void desk_artifact(struct desk *desk, const char *node, int64_t time_ms,
                   unsigned id, const char *more);
void desk_baseline(struct desk *desk, const char *node, int64_t time_ms,
                   unsigned id, const char *more);
void desk_stamp(struct desk *desk, const char *node, int64_t time_ms,
                unsigned id, const char *more);

/* The event at this arrival leaves, as after a check that found it rotten. */
void desk_aside(struct desk *desk, const char *node, uint64_t seq);

/* "odl:7" of an id made of a number; else "?" */
struct ledger_name desk_name(const char *text);

/* "opnfv ACCEPTANCE success by URL; ...", or "none" when it is no subject. */
const char *desk_stamps(struct desk *desk, const char *subject, bool all);
/* "success linked opnfv:9", "missing" */
const char *desk_said(struct desk *desk, const char *subject,
                      const char *community, const char *level);
/* "linked odl:7; by name odl:8; not here x" */
const char *desk_members(struct desk *desk, const char *baseline);
const char *desk_part_of(struct desk *desk, const char *subject);
const char *desk_stamped(struct desk *desk, const char *stamp);
/* "odl:7 odl:8" */
const char *desk_find(struct desk *desk, const char *text);
const char *desk_touched(struct desk *desk, uint64_t arrival);
const char *desk_newest(struct desk *desk, const struct ledger_query *query);

#endif

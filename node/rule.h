/* SPDX-License-Identifier: MPL-2.0 */
/*
 * rule - what a community asks for before it promotes something.
 *
 * One label under `promote` in cimesh.zpl (settings_promote.c reads it). A
 * rule is plain data: promote.h says what follows from it and the ledger.
 */
#ifndef CIM_NODE_RULE_H
#define CIM_NODE_RULE_H

#include "node/ledger.h"

#define RULES_MAX        64 /* in one file */
#define RULE_NEEDS_MAX   32 /* require and members together */
#define RULE_WANTS_MAX   32 /* words in one requirement */
#define RULE_WAIVERS_MAX 32
#define RULE_TOPICS_MAX  32

/* "opnfv:OPNFV_ACCEPTANCE=SUCCESS": this community has to say this level. */
struct rule_want {
    char community[CIM_NAME_MAX + 1];
    char level[CIM_LEVEL_MAX + 1];
};

/* One line under `require` or `members`: k of these. */
struct rule_need {
    char label[CIM_NAME_MAX + 1];
    bool members; /* of every artifact in the baseline, not of itself */
    size_t k, n;  /* 1 <= k <= n */
    struct rule_want *wants; /* owned, n */
};

struct rule {
    char name[CIM_NAME_MAX + 1];
    enum ledger_kind kind;
    struct cim_prefix *topics; /* owned; of subjects; none: every topic */
    size_t n_topics;
    char *title;                       /* owned glob over the name; NULL: any */
    char level[CIM_LEVEL_MAX + 1];     /* what a decision says */
    int64_t fresh_ms;                  /* 0: stamps hold for ever */
    int64_t within_ms;                 /* 0: never overdue */
    bool overdue_event;                /* say VerdictOverdue, too */
    bool backfill;                     /* also what was there before the rule */
    char (*waivers)[CIM_NAME_MAX + 1]; /* owned; who may waive */
    size_t n_waivers;
    struct rule_need *needs; /* owned; `require` first */
    size_t n_needs;
};
void rule_clear(struct rule *rule); /* to {0} */
void rule_copy(struct rule *out, const struct rule *rule);
bool rule_same(const struct rule *a, const struct rule *b);

/* Is it about this kind, topic and name? */
bool rule_concerns(const struct rule *rule,
                   const struct ledger_subject *subject);
bool rule_may_waive(const struct rule *rule, const char *community);

/* '*' stands for any characters, '?' for one byte; nothing else is special. */
bool rule_glob(const char *glob, struct cim_bytes text);

#endif

/* SPDX-License-Identifier: MPL-2.0 */
/*
 * view_promote - what is asked about rules, and what the judge answers.
 *
 * The HTTP thread asks, the judge fills in copies that need no rule and no
 * ledger any more, the HTTP thread prints them.
 */
#ifndef CIM_NODE_VIEW_PROMOTE_H
#define CIM_NODE_VIEW_PROMOTE_H

#include "node/promote.h"

#define VIEW_WANTS_MAX   1024        /* of one verdict; more are left out */
#define VIEW_REASONS_MAX (16 * 1024) /* bytes of them; the rest is left out */

struct view_want { /* one wanted word, of the subject or a member */
    char need[CIM_NAME_MAX + 1];
    bool member;
    struct ledger_name of;
    char community[CIM_NAME_MAX + 1];
    char level[CIM_LEVEL_MAX + 1];
    enum promote_word word;
    enum ledger_state state; /* as said by community */
    struct ledger_name by;   /* state not MISSING; or waived */
    bool waived;             /* it holds by a waiver: by says whose */
};

struct view_verdict { /* one rule, one subject */
    char rule[CIM_NAME_MAX + 1];
    char level[CIM_LEVEL_MAX + 1];
    struct ledger_name subject;
    enum ledger_kind kind;
    char *title, *url; /* owned; may be "" */
    int64_t defined_ms;
    enum promote_outcome outcome, decided; /* decided OPEN: nothing yet */
    struct ledger_stamp decision;          /* decided not OPEN */
    enum promote_due due;
    bool expired; /* of a fulfilled one: older than `fresh` now */
    bool overdue;
    struct view_want *wants; /* owned */
    size_t n_wants;
    char **reasons; /* owned */
    size_t n_reasons, cap_reasons, reasons_bytes;
    char *may_waive; /* owned; "odl, onap", or "" */
};

struct view_rule {
    char name[CIM_NAME_MAX + 1];
    char level[CIM_LEVEL_MAX + 1];
    enum ledger_kind kind;
    int64_t fresh_ms, within_ms;
    uint64_t waiting; /* arrivals not looked at yet */
    size_t overdue;
};

enum view_promote_what {
    VIEW_PROMOTE_LIST,    /* rules; newest subjects, `limit` a rule */
    VIEW_PROMOTE_EXPLAIN, /* text: a subject; rule: or "" for all */
    VIEW_PROMOTE_DRY_RUN  /* rule; subjects after `after`, since `since_ms` */
};

struct view_promote {
    enum view_promote_what what; /* the question */
    char rule[CIM_NAME_MAX + 1];
    char *text; /* owned */
    size_t limit;
    uint64_t after;
    int64_t since_ms;

    struct view_rule *rules; /* the answer; owned; all rules there are */
    size_t n_rules;
    struct view_verdict *v; /* owned */
    size_t n, cap;
    size_t subjects;  /* EXPLAIN: that the text means; n may be 0 all the same*/
    uint64_t scanned; /* DRY_RUN: go on after it */
    bool more;
    bool no_rule;  /* there is none of this name */
    bool building; /* the ledger is not complete yet */
    enum cim_err err;
};
void view_promote_clear(struct view_promote *view);

/* Appends one, from a judgement. */
struct view_verdict *view_promote_add(struct view_promote *view,
                                      const struct rule *rule,
                                      const struct ledger_subject *subject,
                                      const struct promote_judgement *j);

#endif

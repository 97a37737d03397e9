/* SPDX-License-Identifier: MPL-2.0 */
/*
 * promote - what follows from a rule and the ledger for one subject.
 *
 * Pure: a reader of the ledger in, an outcome, its reasons and the event that
 * would say so out. No clock, no memory of its own, nothing of this node but
 * its community: the same ledger gives the same bytes on every node that asks.
 * The last decision is itself read from the ledger, so a crash, a restart or
 * another order of arrival cannot make one twice.
 *
 *   promote_gather.c  what has been said of the subject and of its members
 *   promote.c         what follows: fulfilled, failed, or open
 *   promote_words.c   the same in words
 *   promote_last.c    the last decision
 *   promote_decide.c  is one due, and under which id
 *   promote_draft.c   the event that says so
 */
#ifndef CIM_NODE_PROMOTE_H
#define CIM_NODE_PROMOTE_H

#include "node/rule.h"

#define PROMOTE_MEMBERS_MAX 4096 /* artifacts looked at; more: open */
#define PROMOTE_DEPTH_MAX   16   /* baselines within baselines */
#define PROMOTE_CAUSES_MAX  256  /* stamps a decision links to */
#define PROMOTE_TURNS_MAX   3    /* the same decision on the same stamps */

enum promote_outcome {
    PROMOTE_OPEN,      /* neither passed nor failed */
    PROMOTE_FULFILLED, /* all that is asked for holds */
    PROMOTE_FAILED     /* something cannot hold as things stand */
};
/* "open", "fulfilled", "failed" */
const char *promote_outcome_text(enum promote_outcome outcome);

/* ---- the verdict --------------------------------------------------------*/

enum promote_word {                /* where one wanted word stands */
                    PROMOTE_WAITS, /* missing, queued, running, inconclusive, or
                                      waived by one who may not */
                    PROMOTE_HOLDS, /* success, or waived by one who may */
                    PROMOTE_AGAINST, /* failure, unstable, aborted */
                    PROMOTE_STALE    /* would hold; too old beside the others */
};

struct promote_answer {           /* to one want of a need */
    const struct rule_want *want; /* lent from the rule */
    struct ledger_stamp said;     /* its last word; state MISSING: none */
    struct ledger_stamp waiver;   /* of one who may; MISSING: none */
    enum promote_word word;
    bool used; /* the outcome rests on it */
};

struct promote_ask {              /* one need, of one subject */
    const struct rule_need *need; /* lent from the rule */
    bool member;                  /* asked of a member, not of the subject */
    struct ledger_name of;
    char *title;                    /* owned; "" when it has none */
    struct promote_answer *answers; /* owned, need->n */
    size_t holds, against;          /* answers that do */
};

struct promote_loose {   /* a member that is nobody here */
    enum ledger_how how; /* LEDGER_ABSENT, LEDGER_CLAIMED */
    char *wanted;        /* owned; as the baseline names it */
};

struct promote_verdict {
    enum promote_outcome outcome;
    struct promote_ask *asks; /* owned; require, then member by member */
    size_t n_asks, cap_asks;
    struct promote_loose *loose; /* owned */
    size_t n_loose, cap_loose;
    bool no_members;           /* asked of members, and it has no artifact */
    bool too_much;             /* more members or deeper than is looked at */
    struct ledger_stamp *used; /* owned; by (community, id), each once */
    size_t n_used;
    struct ledger_stamp newest; /* of them in ledger order */
};
void promote_verdict_clear(struct promote_verdict *verdict);

/* Asks the ledger, and settles. Errors: CIM_EIO. */
CIM_MUST enum cim_err promote_evaluate(struct store_reader *reader,
                                       const struct rule *rule,
                                       const struct ledger_subject *subject,
                                       struct promote_verdict *out);
/* What follows from the answers: sets everything else. */
void promote_settle(const struct rule *rule, struct promote_verdict *verdict);

/* Fulfilled, but by what is older than the rule's `fresh` at this time. */
bool promote_expired(const struct rule *rule,
                     const struct promote_verdict *verdict, int64_t now_ms);

/* Each reason as a sentence, without times: what the outcome rests on; of an
 * open one what is missing, and who could provide it. */
void promote_reasons(const struct rule *rule,
                     const struct promote_verdict *verdict,
                     void (*each)(void *ctx, const char *text), void *ctx);

/* ---- decisions ----------------------------------------------------------*/

/* Who asks what of which ledger. */
struct promote_case {
    struct store_reader *reader;
    const char *community; /* who decides: the node's own */
    const char *node;      /* which of its nodes asks; NULL: any */
    const struct rule *rule;
    const struct ledger_subject *subject;
    int64_t now_ms; /* what is said now stands there in order; 0: at the end */
};

/* The rule's last word on the subject. Errors: CIM_EIO. */
struct promote_last {
    enum promote_outcome outcome; /* PROMOTE_OPEN: it has none */
    struct ledger_stamp stamp;
};
CIM_MUST enum cim_err promote_last(const struct promote_case *c,
                                   struct promote_last *out);

enum promote_due {                    /* is there a decision to be said? */
                   PROMOTE_DUE,       /* draft says it */
                   PROMOTE_DUE_NOT,   /* open, or decided so already */
                   PROMOTE_DUE_LATER, /* the last one rests on what is not here
                                         yet */
                   PROMOTE_DUE_CONTESTED, /* said PROMOTE_TURNS_MAX times:
                                            somebody of the community decides
                                            otherwise each time */
                   PROMOTE_DUE_AHEAD, /* the last one, of another node, is later
                                         than now: ours would not count */
                   PROMOTE_DUE_NEVER /* it has no topic: the name is too long */
};

struct promote_judgement {
    struct promote_verdict verdict;
    struct promote_last last;
    enum promote_due due;
    struct cim_draft draft; /* owned; empty unless PROMOTE_DUE */
};
void promote_judgement_clear(struct promote_judgement *judgement);

/* All of it, from one state of the ledger. Errors: CIM_EIO. */
CIM_MUST enum cim_err promote_judge(const struct promote_case *c,
                                    struct promote_judgement *out);

/*
 * The event that nothing was decided within the rule's time: VerdictOverdue,
 * the same whenever and wherever it is made. Errors: CIM_EIO, CIM_ENOENT.
 */
CIM_MUST enum cim_err promote_overdue(const struct promote_case *c,
                                      struct cim_draft *out);

/* An owned copy. */
void promote_subject_copy(struct ledger_subject *out,
                          const struct ledger_subject *subject);
int promote_name_cmp(const struct ledger_name *a, const struct ledger_name *b);

#endif

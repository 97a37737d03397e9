/* SPDX-License-Identifier: MPL-2.0 */
/*
 * judge - the thread that applies the rules, with a reader of its own.
 *
 * The loop (promoter.h) gives it stretches of the arrival order; the judge
 * finds the subjects whose standing they touch, judges each once, and gives
 * back what is to be published and how far it came. It publishes nothing and
 * remembers nothing that the store does not know, but for which subjects have
 * no decision yet, so that it can tell which are overdue.
 *
 *   judge.c        the thread; walking the arrivals
 *   judge_clock.c  what waits for its first decision, and what is overdue
 *   judge_ask.c    list, explain, dry-run
 */
#ifndef CIM_NODE_JUDGE_H
#define CIM_NODE_JUDGE_H

#include "node/api.h"
#include "node/rule.h"

#define JUDGE_WALK_MAX   256 /* arrivals in one step */
#define JUDGE_DRAFTS_MAX 64  /* about, of one step */

enum judge_kind {
    JUDGE_RULES, /* these are the rules from now on */
    JUDGE_WALK,  /* the next arrivals, for one rule */
    JUDGE_CLOCK, /* what is overdue by now? */
    JUDGE_ASK    /* a question of the API */
};

struct judge_rule {
    struct rule rule; /* owned */
    uint64_t start;   /* arrival after which it began */
    bool start_known; /* false: as in the store */
};

struct judge_task {
    enum judge_kind kind;
    unsigned generation; /* the submitter's, untouched */

    struct judge_rule *rules; /* RULES: owned */
    size_t n_rules;

    char rule[CIM_NAME_MAX + 1]; /* WALK: whose */
    uint64_t after;              /* WALK */
    uint64_t reached;            /* WALK: set; looked at up to here */

    int64_t now_ms; /* WALK, CLOCK, ASK */
    bool again;     /* CLOCK: what was told of did not get out */

    struct api_call *call; /* ASK: owned; answered */
    uint64_t last;         /* ASK: newest arrival */

    struct cim_draft *drafts; /* WALK, CLOCK: owned; set */
    size_t n_drafts, cap_drafts;
    struct cim_diag trouble; /* WALK: set; a line for the log, or "" */
    size_t overdue;          /* CLOCK: set; of all rules */

    bool rotten; /* set: an event whose bytes no longer fit was met */
    struct store_log rotten_log;
    uint64_t rotten_seq;

    enum cim_err err; /* CIM_ESTATE: the ledger is still being built */
};
struct judge_task *judge_task_new(enum judge_kind kind);
void judge_task_destroy(struct judge_task **task);

struct judge;
/* Opens its own reader. Errors: as store_reader_open. */
CIM_MUST enum cim_err judge_start(const char *data_file, const char *node,
                                  struct judge **out, struct cim_diag *diag);
void judge_stop(struct judge **judge);
void *judge_pipe(struct judge *judge); /* zsock_t to poll; then take */
void judge_submit(struct judge *judge, struct judge_task *task); /* takes */
struct judge_task *judge_take(struct judge *judge); /* NULL: none now */

/* The cursor of a rule is kept under this name. */
void judge_cursor_name(const char *rule, char out[static STORE_HOOK_MAX + 1]);

#endif

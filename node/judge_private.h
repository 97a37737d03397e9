/* SPDX-License-Identifier: MPL-2.0 */
/* judge_private - what the files of the judge share; all in its thread. */
#ifndef CIM_NODE_JUDGE_PRIVATE_H
#define CIM_NODE_JUDGE_PRIVATE_H

#include <stdatomic.h>

#include "node/handoff.h"
#include "node/judge.h"

/* Subjects of one step, each once. */
struct judge_set {
    struct ledger_subject *v; /* owned */
    size_t n, cap;
};
/* Copies it in, unless it is there. */
void judge_set_add(struct judge_set *set, const struct ledger_subject *s);
void judge_set_clear(struct judge_set *set);

/* A subject that the rule has decided nothing of yet. */
struct judge_open {
    struct ledger_name name;
    int64_t due_ms;
    bool checked; /* it is known to be undecided */
    bool told;    /* its VerdictOverdue is made */
};

/* One that is to be decided again, but not before a time. */
struct judge_wait {
    struct ledger_name name;
    int64_t at_ms;
};

struct judge_seat { /* a rule at work */
    struct judge_rule of;
    struct judge_open *open; /* owned; by name; only with `within` */
    size_t n_open, cap_open;
    struct judge_wait *waits; /* owned */
    size_t n_waits, cap_waits;
    size_t next;      /* of open, to be checked */
    bool filled;      /* with what the ledger knew */
    bool sweep;       /* also those that were checked */
    int64_t swept_ms; /* retention takes subjects: looked for again */
};

struct judge {
    struct handoff *handoff;
    struct store_reader *reader; /* the thread's while it runs */
    char node[CIM_NODE_MAX + 1], community[CIM_NAME_MAX + 1];
    atomic_bool ending;       /* set by who stops the thread */
    struct judge_seat *seats; /* owned */
    size_t n_seats;
    int64_t now_ms; /* of the task in hand */
};

/* Is the ledger complete, and up to where? CIM_ESTATE: not yet. */
CIM_MUST enum cim_err judge_ledger(struct judge *judge, uint64_t *last);
struct judge_seat *judge_seat_find(struct judge *judge, const char *name);
struct promote_case judge_case(const struct judge *judge,
                               const struct judge_seat *seat,
                               const struct ledger_subject *subject);
/* Adds a draft where a decision is due. */
CIM_MUST enum cim_err judge_one(struct judge *judge, struct judge_seat *seat,
                                const struct ledger_subject *subject,
                                struct judge_task *task);
void judge_add_draft(struct judge_task *task, struct cim_draft *draft);

/* ---- judge_clock.c ------------------------------------------------------*/

/* What a judgement says about it. */
void judge_open_note(struct judge_seat *seat,
                     const struct ledger_subject *subject, bool decided);
bool judge_is_overdue(const struct judge_seat *seat,
                      const struct ledger_name *name, int64_t now_ms);
size_t judge_count_overdue(const struct judge_seat *seat, int64_t now_ms);
void judge_clock(struct judge *judge, struct judge_task *task);

/* ---- judge_wait.c -------------------------------------------------------*/

/* The judgement says that its time is yet to come, or that it is not. */
void judge_wait_note(struct judge_seat *seat, const struct ledger_name *name,
                     const struct promote_judgement *judgement);
/* Those whose time has come. */
CIM_MUST enum cim_err judge_waits(struct judge *judge, struct judge_seat *seat,
                                  struct judge_task *task);

/* ---- judge_ask.c --------------------------------------------------------*/

void judge_ask(struct judge *judge, struct judge_task *task);

#endif

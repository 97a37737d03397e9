/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The thread, and its walk along the arrivals.
 *
 * Order does not matter for what is decided, only for when: each touched
 * subject is judged by what the ledger holds at that moment, so a stretch that
 * is walked twice after a crash decides nothing twice.
 */
#include "node/judge.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "node/failpoint.h"
#include "node/judge_private.h"
#include "node/mem.h"

/* ---- tasks --------------------------------------------------------------*/

struct judge_task *
judge_task_new(enum judge_kind kind)
{
    struct judge_task *task = xcalloc(1, sizeof *task);

    task->kind = kind;
    return task;
}

void
judge_task_destroy(struct judge_task **p)
{
    struct judge_task *task = *p;

    *p = NULL;
    if (!task)
        return;
    for (size_t i = 0; i < task->n_rules; i++)
        rule_clear(&task->rules[i].rule);
    for (size_t i = 0; i < task->n_drafts; i++)
        cim_draft_clear(&task->drafts[i]);
    free(task->rules);
    free(task->drafts);
    api_call_destroy(&task->call);
    free(task);
}

void
judge_cursor_name(const char *rule, char out[static STORE_HOOK_MAX + 1])
{
    snprintf(out, STORE_HOOK_MAX + 1, "!promote/%.32s", rule);
}

void
judge_add_draft(struct judge_task *task, struct cim_draft *draft)
{
    xgrow(&task->drafts, &task->cap_drafts, task->n_drafts,
          sizeof *task->drafts);
    task->drafts[task->n_drafts++] = *draft;
    *draft = (struct cim_draft){0};
}

/* ---- sets ---------------------------------------------------------------*/

void
judge_set_add(struct judge_set *set, const struct ledger_subject *s)
{
    for (size_t i = 0; i < set->n; i++)
        if (promote_name_cmp(&set->v[i].name, &s->name) == 0)
            return;
    xgrow(&set->v, &set->cap, set->n, sizeof *set->v);
    promote_subject_copy(&set->v[set->n++], s);
}

void
judge_set_clear(struct judge_set *set)
{
    for (size_t i = 0; i < set->n; i++)
        ledger_subject_clear(&set->v[i]);
    free(set->v);
    *set = (struct judge_set){0};
}

/* ---- rules --------------------------------------------------------------*/

struct judge_seat *
judge_seat_find(struct judge *judge, const char *name)
{
    for (size_t i = 0; i < judge->n_seats; i++)
        if (strcmp(judge->seats[i].of.rule.name, name) == 0)
            return &judge->seats[i];
    return NULL;
}

static void
seats_clear(struct judge *judge)
{
    for (size_t i = 0; i < judge->n_seats; i++) {
        rule_clear(&judge->seats[i].of.rule);
        free(judge->seats[i].open);
        free(judge->seats[i].waits);
    }
    free(judge->seats);
    judge->seats = NULL;
    judge->n_seats = 0;
}

/* An unchanged rule keeps what it knows; another begins anew. */
static enum cim_err
seat_fill(struct judge *old, struct judge *judge, struct judge_seat *seat)
{
    struct judge_seat *was = judge_seat_find(old, seat->of.rule.name);
    char name[STORE_HOOK_MAX + 1];
    enum cim_err err = CIM_OK;

    if (was && rule_same(&was->of.rule, &seat->of.rule)) {
        seat->of.start = was->of.start;
        seat->open = was->open;
        seat->n_open = was->n_open;
        seat->cap_open = was->cap_open;
        seat->next = was->next;
        seat->filled = was->filled;
        seat->swept_ms = was->swept_ms;
        was->open = NULL;
        seat->waits = was->waits;
        seat->n_waits = was->n_waits;
        seat->cap_waits = was->cap_waits;
        was->waits = NULL;
        return CIM_OK;
    }
    if (!seat->of.start_known) {
        judge_cursor_name(seat->of.rule.name, name);
        err = store_hook_start(judge->reader, name, &seat->of.start);
    }
    return err;
}

static void
take_rules(struct judge *judge, struct judge_task *task)
{
    struct judge old = {.seats = judge->seats, .n_seats = judge->n_seats};

    judge->n_seats = task->n_rules;
    judge->seats =
        xcalloc(task->n_rules ? task->n_rules : 1, sizeof *judge->seats);
    for (size_t i = 0; i < task->n_rules; i++) {
        enum cim_err err;

        judge->seats[i].of = task->rules[i];
        task->rules[i].rule = (struct rule){0};
        err = seat_fill(&old, judge, &judge->seats[i]);
        if (err)
            task->err = err;
    }
    seats_clear(&old);
}

/* ---- walking ------------------------------------------------------------*/

struct walk {
    const struct rule *rule;
    struct judge_set set;
};

static bool
take_touched(void *ctx, const struct ledger_subject *s)
{
    struct walk *walk = ctx;

    if (rule_concerns(walk->rule, s))
        judge_set_add(&walk->set, s);
    return true;
}

enum cim_err
judge_ledger(struct judge *judge, uint64_t *last)
{
    uint64_t upto;
    enum cim_err err = ledger_upto(judge->reader, &upto, last);

    return err ? err : upto < *last ? CIM_ESTATE : CIM_OK;
}

static void
note_trouble(struct judge_task *task, const struct ledger_subject *s,
             enum promote_due due)
{
    static const char *const why[] = {
        [PROMOTE_DUE_LATER] =
            "the last decision rests on an event that has not arrived here: "
            "decided again when it has",
        [PROMOTE_DUE_CONTESTED] =
            "it was decided to and fro on the same stamps: another node of "
            "this community has another text of the rule; make them the same",
        [PROMOTE_DUE_AHEAD] =
            "the last decision, by another node of this community, is later "
            "than this node's clock: decided again when that time has come; "
            "set both clocks right",
        [PROMOTE_DUE_NEVER] = "its name is too long for a topic: no decision "
                              "can be published"};
    char id[CIM_UUID_TEXT_LEN + 1];

    cim_uuid_text(&s->name.id, id);
    cim_diag_set(&task->trouble, "%s:%s: %s", s->name.community, id, why[due]);
}

enum cim_err
judge_one(struct judge *judge, struct judge_seat *seat,
          const struct ledger_subject *s, struct judge_task *task)
{
    const struct promote_case c = judge_case(judge, seat, s);
    struct promote_judgement j;
    enum cim_err err = promote_judge(&c, &j);

    if (err)
        return err;
    if (j.due > PROMOTE_DUE_NOT)
        note_trouble(task, s, j.due);
    judge_wait_note(seat, &s->name, &j);
    judge_open_note(seat, s,
                    j.last.outcome != PROMOTE_OPEN || j.due == PROMOTE_DUE);
    if (j.due == PROMOTE_DUE)
        judge_add_draft(task, &j.draft);
    promote_judgement_clear(&j);
    return CIM_OK;
}

struct promote_case
judge_case(const struct judge *judge, const struct judge_seat *seat,
           const struct ledger_subject *subject)
{
    return (struct promote_case){.reader = judge->reader,
                                 .community = judge->community,
                                 .node = judge->node,
                                 .rule = &seat->of.rule,
                                 .subject = subject,
                                 .now_ms = judge->now_ms};
}

static void
do_walk(struct judge *judge, struct judge_task *task)
{
    struct judge_seat *seat = judge_seat_find(judge, task->rule);
    struct walk walk = {.rule = seat ? &seat->of.rule : NULL};
    uint64_t last = 0;

    task->reached = task->after;
    task->err = seat ? judge_ledger(judge, &last) : CIM_ENOENT;
    for (unsigned n = 0; !task->err && task->reached < last; n++) {
        if (n == JUDGE_WALK_MAX || walk.set.n >= JUDGE_DRAFTS_MAX)
            break;
        task->reached++;
        task->err =
            ledger_touched(judge->reader, task->reached, take_touched, &walk);
    }
    for (size_t i = 0; i < walk.set.n && !task->err; i++)
        task->err = judge_one(judge, seat, &walk.set.v[i], task);
    judge_set_clear(&walk.set);
    if (task->n_drafts)
        (void)FAILPOINT(JUDGE_WALKED);
}

/* ---- the thread ---------------------------------------------------------*/

/* At the end what waits in line is not worked on. */
static void
do_task(struct judge *judge, struct judge_task *task)
{
    if (atomic_load(&judge->ending))
        return;
    judge->now_ms = task->now_ms;
    switch (task->kind) {
    case JUDGE_RULES:
        take_rules(judge, task);
        break;
    case JUDGE_WALK:
        do_walk(judge, task);
        break;
    case JUDGE_CLOCK:
        judge_clock(judge, task);
        break;
    case JUDGE_ASK:
        judge_ask(judge, task);
        break;
    }
    task->rotten = store_reader_rotten(judge->reader, &task->rotten_log,
                                       &task->rotten_seq);
}

static void
work(struct handoff_side *side, void *ctx)
{
    void *item = NULL;

    while (handoff_next(side, -1, &item) == HANDOFF_ITEM) {
        do_task(ctx, item);
        handoff_back(side, item);
    }
}

static void
drop(void *item)
{
    struct judge_task *task = item;

    judge_task_destroy(&task);
}

enum cim_err
judge_start(const char *data_file, const char *node, struct judge **out,
            struct cim_diag *diag)
{
    struct cim_bytes community = cim_community_of(cim_bytes_str(node));
    struct judge *judge = xcalloc(1, sizeof *judge);
    enum cim_err err = store_reader_open(data_file, &judge->reader, diag);

    *out = NULL;
    if (err) {
        free(judge);
        return err;
    }
    snprintf(judge->node, sizeof judge->node, "%s", node);
    snprintf(judge->community, sizeof judge->community, "%.*s",
             (int)community.len, (const char *)community.p);
    judge->handoff = handoff_start(work, judge);
    *out = judge;
    return CIM_OK;
}

void
judge_stop(struct judge **p)
{
    struct judge *judge = *p;

    *p = NULL;
    if (!judge)
        return;
    atomic_store(&judge->ending, true);
    handoff_stop(&judge->handoff, drop);
    store_reader_close(&judge->reader);
    seats_clear(judge);
    free(judge);
}

void *
judge_pipe(struct judge *judge)
{
    return handoff_pipe(judge->handoff);
}

void
judge_submit(struct judge *judge, struct judge_task *task)
{
    handoff_give(judge->handoff, task);
}

struct judge_task *
judge_take(struct judge *judge)
{
    return handoff_take(judge->handoff);
}

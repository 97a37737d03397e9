/* SPDX-License-Identifier: MPL-2.0 */
#include "node/promoter.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "node/failpoint.h"
#include "node/journal.h"
#include "node/mem.h"

#define TROUBLE_MS 5000 /* the store, the mesh or the ledger is not ready */
#define CLOCK_MS   1000 /* between looks at what is overdue */
#define SAVE_EVERY 4096 /* arrivals passed without a decision */

struct seat {            /* one rule */
    struct rule rule;    /* owned */
    uint64_t position;   /* walked, and all of it published, up to here */
    uint64_t saved;      /* the cursor on disk */
    int64_t ask_mono_ms; /* no walk before */
};

struct promoter {
    struct promoter_config config;
    struct seat *seats; /* owned */
    size_t n_seats, turn;
    unsigned generation; /* of the rules */
    uint64_t last;       /* newest arrival known */
    bool draining;

    /* What is in hand: with the judge, then with the mesh. */
    bool judging;
    size_t out;  /* requests not answered yet */
    bool failed; /* one of them could not be published */
    bool clock;  /* they are about what is overdue */
    char rule[CIM_NAME_MAX + 1];
    uint64_t reached;

    size_t overdue;
    bool tell_again;       /* what was overdue did not get out */
    int64_t clock_mono_ms; /* of the next look */
};

static int64_t
mono_ms(const struct promoter *p)
{
    return p->config.mono_ms(p->config.ctx);
}

static struct seat *
seat_find(struct promoter *p, const char *name)
{
    for (size_t i = 0; i < p->n_seats; i++)
        if (strcmp(p->seats[i].rule.name, name) == 0)
            return &p->seats[i];
    return NULL;
}

/* ---- life ---------------------------------------------------------------*/

struct promoter *
promoter_new(const struct promoter_config *config)
{
    struct promoter *p = xcalloc(1, sizeof *p);

    p->config = *config;
    return p;
}

static void
seats_clear(struct seat *seats, size_t n)
{
    for (size_t i = 0; i < n; i++)
        rule_clear(&seats[i].rule);
    free(seats);
}

void
promoter_destroy(struct promoter **promoter)
{
    if (!*promoter)
        return;
    seats_clear((*promoter)->seats, (*promoter)->n_seats);
    free(*promoter);
    *promoter = NULL;
}

/* ---- cursors ------------------------------------------------------------*/

static void
save_cursor(struct promoter *p, struct seat *seat)
{
    struct store_job *job = store_job_new(STORE_HOOK);

    judge_cursor_name(seat->rule.name, job->hook.name);
    job->owner = p;
    job->now_ms = job->hook.at_ms = p->config.now_ms(p->config.ctx);
    job->hook.cursor = seat->saved = seat->position;
    store_thread_submit(p->config.store, job);
}

bool
promoter_owns(const struct promoter *p, const struct store_job *job)
{
    return p && job->owner == p;
}

/* A cursor that was not kept costs a walk over what was walked. */
void
promoter_job_done(struct promoter *p, struct store_job *job)
{
    (void)p;
    if (job->err)
        log_folded(LOG_LEVEL_WARN, "PROMOTE-CURSOR", job->hook.name,
                   "rule=%s: cursor not kept: %s", job->hook.name,
                   cim_err_text(job->err));
    store_job_destroy(&job);
}

/* ---- configuration ------------------------------------------------------*/

static const struct hook_known *
known_find(const struct hook_known *known, size_t n, const char *rule)
{
    char name[STORE_HOOK_MAX + 1];

    judge_cursor_name(rule, name);
    for (size_t i = 0; i < n; i++)
        if (known[i].known && strcmp(known[i].name, name) == 0)
            return &known[i];
    return NULL;
}

/* A rule that was never here gets its first cursor on disk at once, so that a
 * crash cannot move its start. True: it has just begun. */
static bool
seat_begin(struct promoter *p, struct seat *seat,
           const struct hook_known *known)
{
    if (known) {
        seat->position = seat->saved = known->cursor;
        return false;
    }
    seat->position = seat->rule.backfill ? 0 : p->last;
    save_cursor(p, seat);
    return true;
}

static void
give_rules(struct promoter *p, struct judge_task *task)
{
    task->generation = ++p->generation;
    judge_submit(p->config.judge, task);
    p->clock_mono_ms = 0;
}

void
promoter_apply(struct promoter *p, const struct settings *settings,
               const struct hook_known *known, size_t n_known, uint64_t last)
{
    struct judge_task *task = judge_task_new(JUDGE_RULES);
    size_t n = settings->n_rules;
    struct seat *seats = xcalloc(n ? n : 1, sizeof *seats);

    if (last > p->last)
        p->last = last;
    task->rules = xcalloc(n ? n : 1, sizeof *task->rules);
    task->n_rules = n;
    for (size_t i = 0; i < n; i++) {
        const struct rule *rule = &settings->rules[i];
        const struct seat *was = seat_find(p, rule->name);
        struct judge_rule *out = &task->rules[i];

        if (was)
            seats[i] = *was;
        rule_copy(&seats[i].rule, rule);
        rule_copy(&out->rule, rule);
        out->start_known =
            !was &&
            seat_begin(p, &seats[i], known_find(known, n_known, rule->name));
        out->start = seats[i].position;
    }
    seats_clear(p->seats, p->n_seats);
    p->seats = seats;
    p->n_seats = n;
    p->turn = 0;
    give_rules(p, task);
    promoter_tick(p);
}

/* ---- what comes next ----------------------------------------------------*/

static struct seat *
next_seat(struct promoter *p)
{
    int64_t now = mono_ms(p);

    for (size_t i = 0; i < p->n_seats; i++) {
        struct seat *seat = &p->seats[p->turn++ % p->n_seats];

        if (seat->position < p->last && now >= seat->ask_mono_ms)
            return seat;
    }
    return NULL;
}

static bool
all_walked(const struct promoter *p)
{
    for (size_t i = 0; i < p->n_seats; i++)
        if (p->seats[i].position < p->last)
            return false;
    return p->n_seats > 0;
}

static struct judge_task *
next_task(struct promoter *p)
{
    struct seat *seat = next_seat(p);
    struct judge_task *task;

    if (seat) {
        task = judge_task_new(JUDGE_WALK);
        memcpy(task->rule, seat->rule.name, sizeof task->rule);
        task->after = seat->position;
        task->now_ms = p->config.now_ms(p->config.ctx);
        return task;
    }
    /* Only then is it known that nothing decides what looks overdue. */
    if (!all_walked(p) || mono_ms(p) < p->clock_mono_ms)
        return NULL;
    task = judge_task_new(JUDGE_CLOCK);
    task->now_ms = p->config.now_ms(p->config.ctx);
    task->again = p->tell_again;
    p->tell_again = false;
    p->clock_mono_ms = mono_ms(p) + CLOCK_MS;
    return task;
}

static void
pump(struct promoter *p)
{
    struct judge_task *task;

    if (p->judging || p->out || p->draining || !(task = next_task(p)))
        return;
    p->judging = true;
    task->generation = p->generation;
    judge_submit(p->config.judge, task);
}

/* Everything of the stretch is committed, or has to be walked again. */
static void
hand_done(struct promoter *p)
{
    struct seat *seat = p->clock ? NULL : seat_find(p, p->rule);

    if (p->clock)
        p->tell_again = p->tell_again || p->failed;
    else if (seat && p->failed)
        seat->ask_mono_ms = mono_ms(p) + TROUBLE_MS;
    else if (seat && p->reached > seat->position)
        seat->position = p->reached;
}

/* ---- publishing ---------------------------------------------------------*/

bool
promoter_answered(struct promoter *p, struct mesh_request *request)
{
    if (!p || request->owner != p)
        return false;
    p->out--;
    if (request->err == CIM_ECONFLICT)
        log_warn("PROMOTE-CONFLICT",
                 "text=\"this decision was published before in other words, "
                 "by another version of the program; that one stays\"");
    else if (request->err)
        p->failed = true;
    mesh_request_destroy(&request);
    if (p->out)
        return true;
    struct seat *seat = p->clock ? NULL : seat_find(p, p->rule);
    (void)FAILPOINT(PROMOTE_SAID);
    hand_done(p);
    if (seat && !p->failed)
        save_cursor(p, seat);
    pump(p);
    return true;
}

static void
tell(const struct cim_draft *draft, const char *rule)
{
    struct cim_bytes topic = draft->event.topic, id = draft->event.id;

    log_info("PROMOTE", "rule=%s event=%.*s topic=%.*s", rule, (int)id.len,
             (const char *)id.p, (int)topic.len, (const char *)topic.p);
}

/* Each in a request of its own: a conflict is about one. The mesh puts them
 * into one batch all the same. An answer may come before publish returns. */
static void
publish(struct promoter *p, struct judge_task *task)
{
    struct mesh_request **requests = xcalloc(task->n_drafts, sizeof *requests);
    size_t n = task->n_drafts;

    (void)FAILPOINT(PROMOTE_DUE);
    p->out = n;
    for (size_t i = 0; i < n; i++) {
        tell(&task->drafts[i], *p->rule ? p->rule : "-");
        requests[i] = mesh_request_new(1);
        requests[i]->drafts[0] = task->drafts[i];
        task->drafts[i] = (struct cim_draft){0};
        requests[i]->owner = p;
    }
    for (size_t i = 0; i < n; i++)
        p->config.publish(p->config.ctx, requests[i]);
    free(requests);
}

/* ---- answers of the judge -----------------------------------------------*/

static void
note_trouble(const struct promoter *p, const struct judge_task *task)
{
    if (task->rotten)
        p->config.rotten(p->config.ctx, &task->rotten_log, task->rotten_seq);
    if (*task->trouble.text)
        log_folded(LOG_LEVEL_WARN, "PROMOTE-HELD", task->rule,
                   "rule=%s text=\"%s\"", task->rule, task->trouble.text);
    if (task->err && task->err != CIM_ESTATE)
        log_folded(LOG_LEVEL_WARN, "PROMOTE-READ", task->rule,
                   "rule=%s: cannot read the store: %s", task->rule,
                   cim_err_text(task->err));
}

/* A stretch that was walked for rules of before is walked again. */
static void
walked(struct promoter *p, struct judge_task *task)
{
    struct seat *seat = seat_find(p, task->rule);

    p->judging = false;
    if (task->generation != p->generation)
        return;
    p->clock = task->kind == JUDGE_CLOCK;
    p->failed = task->err != CIM_OK;
    p->reached = task->reached;
    memcpy(p->rule, task->rule, sizeof p->rule);
    if (p->clock && !task->err)
        p->overdue = task->overdue;
    if (!task->err && task->n_drafts && !p->draining) {
        publish(p, task);
        return;
    }
    if (task->n_drafts)
        return; /* stopping: the next start walks it again */
    hand_done(p);
    if (seat && seat->position > seat->saved + SAVE_EVERY)
        save_cursor(p, seat);
}

static void
judged(struct promoter *p, struct judge_task *task)
{
    struct api_call *call = task->call;

    note_trouble(p, task);
    switch (task->kind) {
    case JUDGE_RULES:
        break;
    case JUDGE_ASK:
        task->call = NULL;
        for (size_t i = 0; i < call->promote.n_rules; i++) {
            struct view_rule *rule = &call->promote.rules[i];
            const struct seat *seat = seat_find(p, rule->name);

            if (seat)
                rule->waiting =
                    p->last > seat->position ? p->last - seat->position : 0;
        }
        p->config.answer(p->config.ctx, call);
        break;
    case JUDGE_WALK:
    case JUDGE_CLOCK:
        walked(p, task);
        break;
    }
    judge_task_destroy(&task);
}

void
promoter_judged(struct promoter *p)
{
    struct judge_task *task;

    while ((task = judge_take(p->config.judge)))
        judged(p, task);
    pump(p);
}

/* ---- what happens -------------------------------------------------------*/

void
promoter_stored(struct promoter *p, uint64_t arrival)
{
    if (arrival > p->last)
        p->last = arrival;
    pump(p);
}

void
promoter_tick(struct promoter *p)
{
    pump(p);
}

void
promoter_ask(struct promoter *p, struct api_call *call)
{
    struct judge_task *task = judge_task_new(JUDGE_ASK);

    task->call = call;
    task->now_ms = p->config.now_ms(p->config.ctx);
    task->last = p->last;
    judge_submit(p->config.judge, task);
}

bool
promoter_drain(struct promoter *p)
{
    if (!p->draining)
        for (size_t i = 0; i < p->n_seats; i++)
            if (p->seats[i].position > p->seats[i].saved)
                save_cursor(p, &p->seats[i]);
    p->draining = true;
    return p->out == 0;
}

size_t
promoter_overdue(const struct promoter *p)
{
    return p->overdue;
}

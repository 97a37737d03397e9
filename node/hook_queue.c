/* SPDX-License-Identifier: MPL-2.0 */
/*
 * One hook: what it runs next.
 *
 * A hook looks through the arrivals with `position`: everything up to it was
 * looked at, and what matched is in a slot or done. A slot is one event on its
 * way, and every step that must not be forgotten is on disk before the next:
 *
 *   DUE --attempt counted--> STARTING --committed--> COUNTED --> RUNNING
 *    ^                                                              | ended
 *    +-- failed: back-off --------------------------------------- SAVING
 *                                              accepted, committed |
 *                                                          FREE <---+
 *
 * The cursor on disk is just below the lowest event that is not accepted yet,
 * so a start finds what was under way and runs it again as the next attempt.
 * With one slot (the default) events go strictly in order. When the store has
 * no room, a step waits as DUE or UNSAVED until it has. When the machine has
 * no descriptor or process left, the attempt waits as COUNTED: that is no
 * failure of the hook, and costs it no attempt.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "node/failpoint.h"
#include "node/hook_private.h"
#include "node/journal.h"
#include "node/mem.h"

#define GRACE_MS     5000 /* between asking a run to end and forcing it */
#define TROUBLE_MS   5000 /* the store refused: until it is asked again */
#define LACKING_MS   500  /* no child could be made: until it is tried again */
#define SAVE_EVERY   4096 /* arrivals passed without a run, then the cursor */
#define CURSOR_STAYS UINT64_MAX

/* Whole seconds until the next attempt, by attempts made. */
static const unsigned backoff_s[] = {1, 5, 30, 120, 600, 1800, 3600};

/* With a tenth of jitter, so that hooks that failed together part. */
static int64_t
backoff_ms(uint32_t attempts)
{
    size_t n = sizeof(backoff_s) / sizeof(*backoff_s);
    int64_t ms = 1000 * (int64_t)backoff_s[attempts < n ? attempts - 1 : n - 1];
    uint32_t random;

    cim_random(&random, sizeof(random));
    return ms + ms * (int64_t)(random % 200) / 1000;
}

/* ---- slots and cursor ---------------------------------------------------*/

static bool
slot_accepted(const struct hook_slot *slot)
{
    return (slot->state == SLOT_UNSAVED || slot->state == SLOT_SAVING) &&
           slot->result.ok;
}

uint64_t
hook_cursor(const struct hook *hook)
{
    uint64_t cursor = hook->position;

    for (size_t i = 0; i < HOOK_SLOTS; i++) {
        const struct hook_slot *slot = &hook->slots[i];
        if (slot->state != SLOT_FREE && !slot_accepted(slot) &&
            slot->event.arrival <= cursor)
            cursor = slot->event.arrival - 1;
    }
    return cursor;
}

static void
slot_free(struct hook_slot *slot)
{
    cim_buf_clear(&slot->event.bytes);
    slot->state = SLOT_FREE;
}

static struct hook_slot *
free_slot(struct hook *hook)
{
    struct hook_slot *found = NULL;
    unsigned busy = 0;

    for (size_t i = 0; i < HOOK_SLOTS; i++) {
        if (hook->slots[i].state != SLOT_FREE)
            busy++;
        else if (found == NULL)
            found = &hook->slots[i];
    }
    return busy < hook->parallel ? found : NULL;
}

/* ---- jobs for the store -------------------------------------------------*/

static struct store_job *
job_new(struct hook *hook, void *owner)
{
    struct store_job *job = store_job_new(STORE_HOOK);

    job->owner = owner;
    job->now_ms = hooks_wall_ms(hook->hooks);
    job->hook.at_ms = job->now_ms;
    memcpy(job->hook.name, hook->name, sizeof(hook->name));
    job->hook.cursor = CURSOR_STAYS;
    return job;
}

void
hook_save_cursor(struct hook *hook)
{
    struct store_job *job = job_new(hook, hook);

    job->hook.cursor = hook_cursor(hook);
    hook->saved = job->hook.cursor;
    hook->save_again = false;
    hook->cursor_jobs++;
    store_thread_submit(hook->hooks->config.store, job);
}

static struct store_job *
run_job(struct hook_slot *slot, enum store_run_state state)
{
    struct store_job *job = job_new(slot->hook, slot);

    job->hook.run = true;
    job->hook.arrival = slot->event.arrival;
    job->hook.attempt = slot->event.attempt;
    job->hook.state = state;
    return job;
}

static void
slot_start(struct hook_slot *slot)
{
    slot->state = SLOT_STARTING;
    store_thread_submit(slot->hook->hooks->config.store,
                        run_job(slot, STORE_RUN_STARTED));
}

static void
slot_save(struct hook_slot *slot)
{
    struct hook *hook = slot->hook;
    struct store_job *job =
        run_job(slot, slot->result.ok ? STORE_RUN_OK : STORE_RUN_FAILED);

    slot->state = SLOT_SAVING;
    job->hook.status = slot->result.status;
    memcpy(job->hook.output, slot->result.output, sizeof(job->hook.output));
    job->hook.cursor = hook_cursor(hook);
    hook->saved = job->hook.cursor;
    store_thread_submit(hook->hooks->config.store, job);
}

/* ---- runs ---------------------------------------------------------------*/

static void
tell(const struct hook_slot *slot)
{
    const struct hook_result *r = &slot->result;

    if (r->ok)
        log_info(
            "HOOK-OK", "hook=%s event=%s attempt=%" PRIu32 " output=\"%s\"",
            slot->hook->name, slot->event.name, slot->event.attempt, r->output);
    else
        log_warn("HOOK-FAILED",
                 "hook=%s event=%s attempt=%" PRIu32 " status=%d output=\"%s\"",
                 slot->hook->name, slot->event.name, slot->event.attempt,
                 r->status, r->output);
}

static void
slot_ended(struct hook_slot *slot)
{
    tell(slot);
    slot_save(slot);
}

static void
slot_run(struct hook_slot *slot)
{
    struct hook *hook = slot->hook;
    struct hooks *hooks = hook->hooks;

    slot->asked = false;
    slot->run = hook->kind->start(&hooks->place, hook->name, hook->argv,
                                  &slot->event, &slot->result);
    if (slot->run == NULL && slot->result.lacking) {
        log_folded(LOG_LEVEL_WARN, "HOOK-WAITS", hook->name,
                   "hook=%s event=%s text=\"%s; tried again soon\"", hook->name,
                   slot->event.name, slot->result.output);
        slot->state = SLOT_COUNTED;
        slot->due_mono_ms = hooks_mono_ms(hooks) + LACKING_MS;
        return;
    }
    if (slot->run == NULL) {
        slot_ended(slot);
        return;
    }
    slot->state = SLOT_RUNNING;
    slot->due_mono_ms = hooks_mono_ms(hooks) + 1000 * (int64_t)hook->timeout_s;
    log_info("HOOK-RUN", "hook=%s event=%s attempt=%" PRIu32, hook->name,
             slot->event.name, slot->event.attempt);
}

static void
slot_poll(struct hook_slot *slot)
{
    if (slot->state != SLOT_RUNNING ||
        !slot->hook->kind->ended(slot->run, &slot->result))
        return;
    slot->hook->kind->destroy(&slot->run);
    slot_ended(slot);
}

void
hook_poll(struct hook *hook)
{
    for (size_t i = 0; i < HOOK_SLOTS; i++)
        slot_poll(&hook->slots[i]);
}

bool
hook_owns(const struct hook *hook, pid_t pid)
{
    for (size_t i = 0; i < HOOK_SLOTS; i++)
        if (hook->slots[i].run && hook->kind->owns(hook->slots[i].run, pid))
            return true;
    return false;
}

static void
slot_limit(struct hook_slot *slot, int64_t now)
{
    if (slot->state != SLOT_RUNNING || now < slot->due_mono_ms)
        return;
    if (!slot->asked)
        log_warn("HOOK-TIMEOUT",
                 "hook=%s event=%s: ended, it took longer "
                 "than %u s",
                 slot->hook->name, slot->event.name, slot->hook->timeout_s);
    slot->hook->kind->stop(slot->run, slot->asked);
    slot->asked = true;
    slot->due_mono_ms = now + GRACE_MS;
}

void
hook_limit(struct hook *hook)
{
    int64_t now = hooks_mono_ms(hook->hooks);

    for (size_t i = 0; i < HOOK_SLOTS; i++)
        slot_limit(&hook->slots[i], now);
}

/* ---- what comes next ----------------------------------------------------*/

static bool
hook_paused(const struct hook *hook)
{
    return hook->removed || hook->hooks->draining;
}

static void
hook_ask(struct hook *hook)
{
    struct serve_task *task = serve_task_new(SERVE_NEXT);

    task->owner = hook;
    task->prefix = hook->prefix;
    task->after = hook->position;
    memcpy(task->hook, hook->name, sizeof(hook->name));
    hook->asked = true;
    serve_submit(hook->hooks->config.serve, task);
}

static void
slot_pump(struct hook_slot *slot, int64_t now)
{
    if (now < slot->due_mono_ms)
        return;
    if (slot->state == SLOT_UNSAVED)
        slot_save(slot);
    else if (slot->state == SLOT_DUE && !hook_paused(slot->hook))
        slot_start(slot);
    else if (slot->state == SLOT_COUNTED && !hook_paused(slot->hook))
        slot_run(slot);
}

void
hook_pump(struct hook *hook)
{
    int64_t now = hooks_mono_ms(hook->hooks);

    for (size_t i = 0; i < HOOK_SLOTS; i++)
        slot_pump(&hook->slots[i], now);
    if (hook_paused(hook))
        return;
    if (hook->save_again && now >= hook->save_mono_ms)
        hook_save_cursor(hook);
    if (!hook->asked && now >= hook->ask_mono_ms &&
        hook->position < hook->hooks->last && free_slot(hook) != NULL)
        hook_ask(hook);
}

static void
slot_fill(struct hook_slot *slot, struct serve_task *task)
{
    struct cim_bytes community =
        cim_community_of(cim_bytes_str(task->next.log.node));
    struct cim_event fields;
    struct cim_bytes id = {0};

    if (cim_event_parse(cim_buf_bytes(&task->next.bytes), CIM_FOLLOW, &fields,
                        NULL) == CIM_OK)
        id = fields.id;
    slot->event = (struct hook_event){
        .log = task->next.log,
        .seq = task->next.seq,
        .arrival = task->next.arrival,
        .attempt = task->next.attempts + 1,
        .late = task->next.late,
        .received_ms = task->next.received_ms,
        .bytes = task->next.bytes,
    };
    task->next.bytes = (struct cim_buf){0};
    (void)snprintf(slot->event.name, sizeof(slot->event.name), "%.*s:%.*s",
                   (int)community.len, community.p, (int)id.len, id.p);
    slot->state = SLOT_DUE;
    slot->due_mono_ms = hooks_mono_ms(slot->hook->hooks);
}

/* Moves on; an answer that moves nothing is asked for again later. */
static void
hook_move(struct hook *hook, uint64_t position)
{
    if (position > hook->position)
        hook->position = position;
    else
        hook->ask_mono_ms = hooks_mono_ms(hook->hooks) + TROUBLE_MS;
}

void
hook_served(struct hook *hook, struct serve_task *task)
{
    struct hook_slot *slot = free_slot(hook);
    uint64_t position = hook->position;

    hook->asked = false;
    if (task->err != CIM_OK) {
        log_folded(LOG_LEVEL_WARN, "HOOK-READ", hook->name,
                   "hook=%s: cannot read the store: %s", hook->name,
                   cim_err_text(task->err));
    } else if (!task->next.found) {
        position = task->next.scanned;
    } else if (slot != NULL) {
        position = task->next.arrival;
        slot_fill(slot, task);
    }
    hook_move(hook, position);
    serve_task_destroy(&task);
    if (hook_cursor(hook) > hook->saved + SAVE_EVERY)
        hook_save_cursor(hook);
    hook_pump(hook);
}

/* ---- answers of the store -----------------------------------------------*/

static void
slot_saved(struct hook_slot *slot)
{
    (void)FAILPOINT(HOOK_SAVED);
    if (slot->result.ok) {
        slot_free(slot);
        return;
    }
    slot->state = SLOT_DUE;
    slot->due_mono_ms =
        hooks_mono_ms(slot->hook->hooks) + backoff_ms(slot->event.attempt);
    slot->event.attempt++;
}

static void
slot_job_done(struct hook_slot *slot, enum cim_err err)
{
    bool starting = slot->state == SLOT_STARTING;

    if (err != CIM_OK) {
        slot->state = starting ? SLOT_DUE : SLOT_UNSAVED;
        slot->due_mono_ms = hooks_mono_ms(slot->hook->hooks) + TROUBLE_MS;
    } else if (!starting) {
        slot_saved(slot);
    } else if (hook_paused(slot->hook)) {
        slot->state = SLOT_COUNTED; /* runs if the hook comes back */
        slot->due_mono_ms = hooks_mono_ms(slot->hook->hooks);
    } else {
        slot_run(slot);
    }
}

static void
cursor_job_done(struct hook *hook, enum cim_err err)
{
    hook->cursor_jobs--;
    if (err == CIM_OK)
        return;
    hook->save_again = true;
    hook->save_mono_ms = hooks_mono_ms(hook->hooks) + TROUBLE_MS;
}

void
hook_job_done(struct hook *hook, struct store_job *job)
{
    if (job->hook.run)
        slot_job_done(job->owner, job->err);
    else
        cursor_job_done(hook, job->err);
    store_job_destroy(&job);
    hook_pump(hook);
}

bool
hook_idle(const struct hook *hook)
{
    for (size_t i = 0; i < HOOK_SLOTS; i++)
        if (hook->slots[i].state != SLOT_FREE &&
            hook->slots[i].state != SLOT_DUE &&
            hook->slots[i].state != SLOT_COUNTED)
            return false;
    return !hook->asked && hook->cursor_jobs == 0;
}

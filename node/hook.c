/* SPDX-License-Identifier: MPL-2.0 */
/*
 * All hooks: configuration, life, view. What one of them does next is in
 * hook_queue.c.
 */
#include "node/hook.h"

#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "node/clock.h"
#include "node/hook_private.h"
#include "node/journal.h"
#include "node/mem.h"

int64_t
hooks_wall_ms(const struct hooks *hooks)
{
    return hooks->config.now_ms(hooks->config.ctx);
}

int64_t
hooks_mono_ms(const struct hooks *hooks)
{
    return hooks->config.mono_ms ? hooks->config.mono_ms(hooks->config.ctx)
                                 : clock_mono_ms();
}

/* ---- configuration ------------------------------------------------------*/

static struct hook *
hook_find(struct hooks *hooks, const char *name)
{
    for (size_t i = 0; i < hooks->n; i++)
        if (strcmp(hooks->v[i]->name, name) == 0)
            return hooks->v[i];
    return NULL;
}

static char **
argv_copy(char *const *argv)
{
    size_t n = 0;

    while (argv[n] != NULL)
        n++;
    char **copy = xcalloc(n + 1, sizeof(*copy));
    for (size_t i = 0; i < n; i++)
        copy[i] = xstrdup(argv[i]);
    return copy;
}

static void
hook_command_clear(struct hook *hook)
{
    for (char **a = hook->argv; a && *a; a++)
        free(*a);
    free(hook->argv);
    free(hook->exec);
}

static void
hook_configure(struct hook *hook, const struct settings_hook *settings)
{
    hook_command_clear(hook);
    hook->argv = argv_copy(settings->argv);
    hook->exec = xstrdup(settings->exec);
    hook->prefix = settings->prefix;
    hook->parallel = settings->parallel;
    hook->timeout_s = settings->timeout_s;
    hook->removed = false;
}

/* A hook that was never here gets its first cursor on disk at once, so that a
 * crash cannot move its start. */
static void
hook_add(struct hooks *hooks, const struct settings_hook *settings,
         const struct hook_known *known)
{
    struct hook *hook = xcalloc(1, sizeof(*hook));

    hook->hooks = hooks;
    hook->kind = &hook_exec;
    memcpy(hook->name, settings->name, sizeof(hook->name));
    for (size_t i = 0; i < HOOK_SLOTS; i++)
        hook->slots[i].hook = hook;
    xgrow(&hooks->v, &hooks->cap, hooks->n, sizeof(*hooks->v));
    hooks->v[hooks->n++] = hook;
    hook_configure(hook, settings);
    if (known != NULL) {
        hook->position = hook->saved = known->cursor;
    } else {
        hook->position = settings->backfill ? 0 : hooks->last;
        hook_save_cursor(hook);
    }
}

void
hooks_apply(struct hooks *hooks, const struct settings *settings,
            const struct hook_known *known, size_t n_known, uint64_t last)
{
    if (last > hooks->last)
        hooks->last = last;
    for (size_t i = 0; i < hooks->n; i++)
        hooks->v[i]->removed = true;
    for (size_t i = 0; i < settings->n_hooks; i++) {
        const struct settings_hook *s = &settings->hooks[i];
        struct hook *hook = hook_find(hooks, s->name);
        const struct hook_known *k = NULL;
        for (size_t j = 0; j < n_known; j++)
            if (known[j].known && strcmp(known[j].name, s->name) == 0)
                k = &known[j];
        if (hook != NULL)
            hook_configure(hook, s);
        else
            hook_add(hooks, s, k);
    }
    hooks_tick(hooks);
}

/* ---- life ---------------------------------------------------------------*/

static char *
absolute(const char *path)
{
    char *real = realpath(path, NULL);
    char *copy = xstrdup(real ? real : path);

    free(real);
    return copy;
}

static void
make_folders(const char *path)
{
    char *copy = xstrdup(path);

    for (char *p = copy + 1; *p != 0; p++)
        if (*p == '/') {
            *p = 0;
            (void)mkdir(copy, 0755);
            *p = '/';
        }
    (void)mkdir(copy, 0700);
    free(copy);
}

struct hooks *
hooks_new(const struct hooks_config *config)
{
    struct hooks *hooks = xcalloc(1, sizeof(*hooks));
    const char *path = getenv("PATH");

    make_folders(config->scratch_dir);
    hooks->config = *config;
    hooks->place = (struct hook_place){
        .loop = config->loop,
        .dir = absolute(config->dir),
        .scratch = absolute(config->scratch_dir),
        .path = xstrdup(path ? path : "/usr/local/bin:/usr/bin:/bin"),
    };
    hook_exec_recover(&hooks->place);
    return hooks;
}

static void
hook_destroy(struct hook *hook)
{
    for (size_t i = 0; i < HOOK_SLOTS; i++) {
        struct hook_slot *slot = &hook->slots[i];
        if (slot->run != NULL)
            hook->kind->destroy(&slot->run);
        cim_buf_clear(&slot->event.bytes);
    }
    hook_command_clear(hook);
    free(hook);
}

void
hooks_destroy(struct hooks **hooks_p)
{
    struct hooks *hooks = *hooks_p;

    if (hooks == NULL)
        return;
    for (size_t i = 0; i < hooks->n; i++)
        hook_destroy(hooks->v[i]);
    free(hooks->v);
    free(hooks->place.dir);
    free(hooks->place.scratch);
    free(hooks->place.path);
    free(hooks);
    *hooks_p = NULL;
}

/* A hook that is no longer configured goes when nothing of it is out. */
static void
forget_removed(struct hooks *hooks)
{
    for (size_t i = hooks->n; i-- > 0;) {
        if (!hooks->v[i]->removed || !hook_idle(hooks->v[i]))
            continue;
        hook_destroy(hooks->v[i]);
        hooks->v[i] = hooks->v[--hooks->n];
    }
}

/* ---- what happens -------------------------------------------------------*/

void
hooks_stored(struct hooks *hooks, uint64_t arrival)
{
    if (arrival > hooks->last)
        hooks->last = arrival;
    for (size_t i = 0; i < hooks->n; i++)
        hook_pump(hooks->v[i]);
}

void
hooks_served(struct hooks *hooks, struct serve_task *task)
{
    (void)hooks;
    hook_served(task->owner, task);
}

void
hooks_job_done(struct hooks *hooks, struct store_job *job)
{
    struct hook_slot *slot = job->owner;

    (void)hooks;
    hook_job_done(job->hook.run ? slot->hook : job->owner, job);
}

/* As the first process of a container the node inherits what its hooks leave
 * behind, and nobody else collects it. */
static bool
inherits_orphans(void)
{
    int reaper = 0;

    return getpid() == 1 ||
           (prctl(PR_GET_CHILD_SUBREAPER, &reaper) == 0 && reaper != 0);
}

static void
collect_orphans(const struct hooks *hooks)
{
    for (;;) {
        siginfo_t info = {0};
        if (waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) != 0 ||
            info.si_pid == 0)
            return;
        for (size_t i = 0; i < hooks->n; i++)
            if (hook_owns(hooks->v[i], info.si_pid))
                return; /* its turn comes with the next poll */
        (void)waitpid(info.si_pid, NULL, 0);
    }
}

void
hooks_children(struct hooks *hooks)
{
    for (size_t i = 0; i < hooks->n; i++)
        hook_poll(hooks->v[i]);
    if (inherits_orphans())
        collect_orphans(hooks);
}

void
hooks_tick(struct hooks *hooks)
{
    hooks_children(hooks);
    for (size_t i = 0; i < hooks->n; i++) {
        hook_limit(hooks->v[i]);
        hook_pump(hooks->v[i]);
    }
    forget_removed(hooks);
}

bool
hooks_drain(struct hooks *hooks)
{
    bool idle = true;

    hooks->draining = true;
    for (size_t i = 0; i < hooks->n; i++)
        idle = hook_idle(hooks->v[i]) && idle;
    return idle;
}

/* ---- view ---------------------------------------------------------------*/

static void
view_slot(const struct hook_slot *slot, struct view_hook *view)
{
    const struct hooks *hooks = slot->hook->hooks;

    view->running = slot->state == SLOT_RUNNING;
    view->attempt = slot->event.attempt;
    memcpy(view->event, slot->event.name, sizeof(slot->event.name));
    if (slot->state == SLOT_DUE || slot->state == SLOT_COUNTED)
        view->retry_ms =
            hooks_wall_ms(hooks) + slot->due_mono_ms - hooks_mono_ms(hooks);
}

static void
view_hook(const struct hook *hook, struct view_hook *view)
{
    const struct hook_slot *lowest = NULL;

    memcpy(view->name, hook->name, sizeof(view->name));
    view->prefix = hook->prefix;
    (void)snprintf(view->exec, sizeof(view->exec), "%s", hook->exec);
    view->cursor = hook_cursor(hook);
    view->waiting = hook->hooks->last > hook->position
                        ? hook->hooks->last - hook->position
                        : 0;
    for (size_t i = 0; i < HOOK_SLOTS; i++) {
        const struct hook_slot *slot = &hook->slots[i];
        if (slot->state != SLOT_FREE &&
            (lowest == NULL || slot->event.arrival < lowest->event.arrival))
            lowest = slot;
    }
    if (lowest != NULL)
        view_slot(lowest, view);
}

void
hooks_view(const struct hooks *hooks, struct view_hooks *out)
{
    out->v = xcalloc(hooks->n ? hooks->n : 1, sizeof(*out->v));
    out->n = 0;
    for (size_t i = 0; i < hooks->n; i++)
        if (!hooks->v[i]->removed)
            view_hook(hooks->v[i], &out->v[out->n++]);
}

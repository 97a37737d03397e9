/* SPDX-License-Identifier: MPL-2.0 */
/* The queue of what will happen, and one run from start to verdict. */
#include "tests/model/sim.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "node/mem.h"

#define EVENTS_MAX      400000 /* more in one run: it does not come to rest */
#define HEAL_PUBLISH_MS 20000
#define QUIET_FROM_MS   220000 /* after the healing */
#define QUIET_UPTO_MS   320000

/* ---- the queue -----------------------------------------------------------*/

static bool
before(const struct sim_event *a, const struct sim_event *b)
{
    if (a->at_ms != b->at_ms)
        return a->at_ms < b->at_ms;
    return a->order < b->order;
}

static void
swap(struct sim *sim, size_t a, size_t b)
{
    struct sim_event *event = sim->queue[a];

    sim->queue[a] = sim->queue[b];
    sim->queue[b] = event;
}

static void
push(struct sim *sim, struct sim_event *event)
{
    size_t at = sim->n_queue;

    xgrow(&sim->queue, &sim->cap_queue, sim->n_queue, sizeof *sim->queue);
    sim->queue[sim->n_queue++] = event;
    while (at && before(sim->queue[at], sim->queue[(at - 1) / 2])) {
        swap(sim, at, (at - 1) / 2);
        at = (at - 1) / 2;
    }
}

static struct sim_event *
pop(struct sim *sim)
{
    struct sim_event *event = sim->queue[0];
    size_t at = 0;

    sim->queue[0] = sim->queue[--sim->n_queue];
    for (;;) {
        size_t least = at;

        for (size_t child = 2 * at + 1; child <= 2 * at + 2; child++)
            if (child < sim->n_queue &&
                before(sim->queue[child], sim->queue[least]))
                least = child;
        if (least == at)
            return event;
        swap(sim, at, least);
        at = least;
    }
}

struct sim_event *
sim_at(struct sim *sim, int64_t in_ms,
       void (*run)(struct sim *, struct sim_event *))
{
    struct sim_event *event = xcalloc(1, sizeof *event);

    event->at_ms = sim->now_ms + in_ms;
    event->order = sim->order++;
    event->run = run;
    push(sim, event);
    return event;
}

static void
event_free(struct sim_event *event)
{
    cim_buf_clear(&event->topic);
    cim_buf_clear(&event->frame);
    free(event->p);
    free(event);
}

/* ---- talk ----------------------------------------------------------------*/

unsigned
sim_chance(struct sim *sim, unsigned n)
{
    return (unsigned)chance_below(&sim->chance, n);
}

void
sim_trace(const struct sim *sim, const char *fmt, ...)
{
    va_list ap;

    if (!sim->trace)
        return;
    printf("%8.3f ", (double)sim->now_ms / 1000);
    va_start(ap, fmt);
    vprintf(fmt, ap);
    va_end(ap);
    putchar('\n');
}

void
sim_violation(struct sim *sim, const char *kind, const char *fmt, ...)
{
    char text[200];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    if (!sim->violations++) {
        snprintf(sim->kind, sizeof sim->kind, "%s", kind);
        snprintf(sim->first, sizeof sim->first, "%s", text);
    }
    sim_trace(sim, "VIOLATION %s: %s", kind, text);
}

/* ---- one run -------------------------------------------------------------*/

static void
heal(struct sim *sim, struct sim_event *event)
{
    (void)event;
    sim_trace(sim, "--- everything works again");
    sim_heal(sim);
}

static void
set_quiet(struct sim *sim, struct sim_event *event)
{
    sim->quiet = event->act.flag;
}

static void
last_words(struct sim *sim, struct sim_event *event)
{
    static const uint8_t topics[2] = {0, 1};
    struct sim_node *node = &sim->nodes[event->node];

    if (node->up)
        sim_node_publish(node, topics, 2);
}

static void
set_up(struct sim *sim)
{
    const struct sim_plan *plan = sim->plan;

    sim->drop_pub = plan->drop_pub;
    sim->drop_sync = plan->drop_sync;
    for (unsigned i = 0; i < SIM_NODES; i++)
        for (unsigned name = 0; name < SIM_NAMES; name++)
            sim->route[i][name] = name;
    for (unsigned i = 0; i < plan->n_nodes; i++)
        sim_node_init(sim, i, i);
    for (unsigned i = 0; i < plan->n_nodes; i++)
        sim_node_start(&sim->nodes[i]);
    for (unsigned i = 0; i < plan->n_acts; i++)
        sim_at(sim, plan->acts[i].at_ms, sim_act)->act = plan->acts[i];
    sim_at(sim, plan->heal_ms, heal);
    for (unsigned i = 0; i < SIM_NODES; i++)
        sim_at(sim, plan->heal_ms + HEAL_PUBLISH_MS + i * 1300, last_words)
            ->node = i;
    sim_at(sim, plan->heal_ms + QUIET_FROM_MS, set_quiet)->act.flag = true;
    sim_at(sim, plan->heal_ms + QUIET_UPTO_MS, set_quiet);
}

void
sim_run(struct sim *sim, const struct sim_plan *plan, uint64_t seed, bool trace)
{
    int64_t end_ms = plan->heal_ms + QUIET_UPTO_MS;

    *sim = (struct sim){.plan = plan, .trace = trace};
    sim->chance.state = seed * UINT64_C(0x9e3779b97f4a7c15) + 1;
    set_up(sim);
    while (sim->n_queue && sim->queue[0]->at_ms <= end_ms) {
        struct sim_event *event = pop(sim);

        sim->now_ms = event->at_ms;
        event->run(sim, event);
        event_free(event);
        if (++sim->count.events > EVENTS_MAX) {
            sim_violation(sim, "I5", "more than %d events", EVENTS_MAX);
            return;
        }
    }
    sim_check_end(sim);
}

void
sim_clear(struct sim *sim)
{
    while (sim->n_queue)
        event_free(pop(sim));
    free(sim->queue);
    for (unsigned i = 0; i < sim->n_nodes; i++)
        sim_node_clear(&sim->nodes[i]);
    free(sim->oracle.v);
    free(sim->acked.v);
}

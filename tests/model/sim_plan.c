/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Plans: who follows whom, who publishes when, and what goes wrong.
 *
 * A few kinds of faults a plan, each a few times, at random: mixtures find
 * what single faults do not.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/model/sim.h"

enum fault {
    F_CRASH,
    F_RESTORE,
    F_PART,
    F_FOLLOW,
    F_CLOCK,
    F_FULL,
    F_PURGE,
    F_ROTATE,
    F_AWAY,
    F_SYNCDEAD,
    F_CLONE,
    F_EQUIV,
    F_KILL,
    F_LIE,
    F_KINDS
};

struct planner {
    struct sim_plan *plan;
    struct chance c;
};

static unsigned
below(struct planner *p, unsigned n)
{
    return (unsigned)chance_below(&p->c, n);
}

static bool
percent(struct planner *p, unsigned n)
{
    return below(p, 100) < n;
}

static struct sim_act *
add(struct planner *p, int64_t at_ms, enum sim_kind kind, unsigned node)
{
    static struct sim_act spare;
    struct sim_plan *plan = p->plan;
    struct sim_act *act =
        plan->n_acts < SIM_ACTS ? &plan->acts[plan->n_acts++] : &spare;

    *act = (struct sim_act){.at_ms = at_ms, .kind = kind, .node = node};
    if (act->at_ms >= plan->heal_ms)
        act->at_ms = plan->heal_ms - 100;
    return act;
}

/* ---- faults --------------------------------------------------------------*/

static void
plan_two(struct planner *p, int64_t at_ms, int64_t end_ms, enum sim_kind first,
         enum sim_kind second)
{
    unsigned node = below(p, p->plan->n_nodes);

    add(p, at_ms, first, node);
    add(p, end_ms, second, node);
}

static void
plan_part(struct planner *p, int64_t at_ms, int64_t end_ms)
{
    unsigned a = below(p, p->plan->n_nodes);
    unsigned b = below(p, p->plan->n_nodes);

    if (a == b)
        return;
    add(p, at_ms, SIM_PART, a)->other = b;
    add(p, end_ms, SIM_UNPART, a)->other = b;
}

static void
plan_follow(struct planner *p, int64_t at_ms)
{
    unsigned a = below(p, p->plan->n_nodes);
    unsigned b = below(p, p->plan->n_nodes);
    struct sim_act *act;

    if (a == b)
        return;
    act = add(p, at_ms, SIM_FOLLOW, a);
    act->other = b;
    act->n = below(p, SIM_PREFIXES);
    act->flag = percent(p, 33);
}

static void
plan_clock(struct planner *p, int64_t at_ms)
{
    static const int64_t steps[3] = {500, 60000, 1000000};
    int64_t step = steps[below(p, 3)];

    add(p, at_ms, SIM_CLOCK, below(p, p->plan->n_nodes))->ms =
        percent(p, 67) ? -step : step;
}

static void
plan_rotate(struct planner *p, int64_t at_ms)
{
    add(p, at_ms, SIM_ROTATE, below(p, p->plan->n_nodes));
    for (unsigned i = 0; i < p->plan->n_nodes; i++)
        add(p, at_ms + below(p, 40000), SIM_ROSTER, i);
}

static void
plan_clone(struct planner *p, int64_t at_ms)
{
    unsigned n = p->plan->n_nodes;
    unsigned node = below(p, n);
    int64_t rest_ms = p->plan->heal_ms - at_ms;

    add(p, at_ms, SIM_CLONE, node)->mask = below(p, 1u << n);
    p->plan->cloned[node] = true;
    for (unsigned i = 0; i < 5 && rest_ms > 0; i++) {
        struct sim_act *act =
            add(p, at_ms + below(p, (unsigned)rest_ms), SIM_PUB, n);

        act->n = 1;
        act->topics[0] = (uint8_t)below(p, SIM_TOPICS);
    }
}

static void
plan_syncdead(struct planner *p, int64_t at_ms, int64_t end_ms)
{
    unsigned node = below(p, p->plan->n_nodes);

    add(p, at_ms, SIM_SYNCDEAD, node)->flag = true;
    if (percent(p, 50))
        add(p, end_ms, SIM_SYNCDEAD, node);
}

static void
plan_purge(struct planner *p, int64_t at_ms)
{
    static const unsigned parts[3] = {30, 60, 100};

    add(p, at_ms, SIM_PURGE, below(p, p->plan->n_nodes))->n =
        parts[below(p, 3)];
}

static void
plan_equiv(struct planner *p, int64_t at_ms)
{
    add(p, at_ms, SIM_EQUIV, 0)->n = 1 + below(p, 3);
    p->plan->equivocates = true;
}

static void
plan_lie(struct planner *p)
{
    p->plan->liar = below(p, p->plan->n_nodes);
    p->plan->lie = (enum sim_lie)(SIM_EMPTY + below(p, 3));
    if (percent(p, 25))
        p->plan->lie = SIM_GARBLED;
}

static void
plan_fault(struct planner *p, enum fault fault)
{
    int64_t at_ms = below(p, (unsigned)p->plan->heal_ms);
    int64_t end_ms = at_ms + 1 + below(p, 20000) + below(p, 20000);

    switch (fault) {
    case F_CRASH:
    case F_AWAY:
        plan_two(p, at_ms, end_ms, SIM_CRASH, SIM_START);
        break;
    case F_RESTORE:
        plan_two(p, at_ms, end_ms, SIM_BACKUP, SIM_RESTORE);
        break;
    case F_PART:
        plan_part(p, at_ms, end_ms);
        break;
    case F_FOLLOW:
        plan_follow(p, at_ms);
        break;
    case F_CLOCK:
        plan_clock(p, at_ms);
        break;
    case F_FULL:
        plan_two(p, at_ms, end_ms, SIM_FULL, SIM_ROOM);
        break;
    case F_PURGE:
        plan_purge(p, at_ms);
        break;
    case F_ROTATE:
        plan_rotate(p, at_ms);
        break;
    case F_SYNCDEAD:
        plan_syncdead(p, at_ms, end_ms);
        break;
    case F_CLONE:
        plan_clone(p, at_ms);
        break;
    case F_EQUIV:
        plan_equiv(p, at_ms);
        break;
    case F_KILL:
        add(p, at_ms, SIM_KILL, below(p, p->plan->n_nodes));
        break;
    default:
        plan_lie(p);
        break;
    }
}

/* ---- a plan --------------------------------------------------------------*/

static void
plan_follows(struct planner *p)
{
    for (unsigned i = 0; i < p->plan->n_nodes; i++)
        for (unsigned k = 0; k < p->plan->n_nodes; k++) {
            uint8_t *bits = &p->plan->follows[i][k];

            if (i == k || !percent(p, 85))
                continue;
            if (percent(p, 35)) {
                *bits = 1u << SIM_ALL;
                continue;
            }
            *bits = (uint8_t)(1u << below(p, SIM_TOPICS));
            if (percent(p, 33))
                *bits = (uint8_t)(*bits | 1u << below(p, SIM_TOPICS));
        }
}

static void
plan_pubs(struct planner *p)
{
    static const unsigned sizes[5] = {1, 1, 2, 3, 6};
    unsigned n = 6 + below(p, 34);

    while (n--) {
        int64_t at_ms = below(p, (unsigned)p->plan->heal_ms);
        struct sim_act *act =
            add(p, at_ms, SIM_PUB, below(p, p->plan->n_nodes));

        act->n = sizes[below(p, 5)];
        for (unsigned i = 0; i < act->n; i++)
            act->topics[i] = (uint8_t)below(p, SIM_TOPICS);
    }
}

static int
by_time(const void *a, const void *b)
{
    const struct sim_act *x = a;
    const struct sim_act *y = b;

    return (x->at_ms > y->at_ms) - (x->at_ms < y->at_ms);
}

void
sim_plan_make(struct sim_plan *plan, uint64_t seed)
{
    static const unsigned sizes[4] = {3, 3, 4, 5};
    static const unsigned heals[3] = {40000, 80000, 120000};
    static const unsigned drops_pub[3] = {0, 20, 50};
    static const unsigned drops_sync[3] = {0, 10, 30};
    static const unsigned times[4] = {1, 1, 2, 3};
    struct planner p = {.plan = plan,
                        .c = {seed * UINT64_C(0xd1342543de82ef95) + 7}};

    *plan = (struct sim_plan){.n_nodes = 0};
    (void)chance_u64(&p.c);
    plan->n_nodes = sizes[below(&p, 4)];
    plan->heal_ms = heals[below(&p, 3)];
    plan->drop_pub = drops_pub[below(&p, 3)];
    plan->drop_sync = drops_sync[below(&p, 3)];
    plan_follows(&p);
    plan_pubs(&p);
    for (unsigned f = 0; f < F_KINDS; f++) {
        unsigned n =
            f == F_CLONE || f == F_KILL || f == F_LIE ? 1 : times[below(&p, 4)];

        if (percent(&p, 29))
            while (n--)
                plan_fault(&p, (enum fault)f);
    }
    qsort(plan->acts, plan->n_acts, sizeof *plan->acts, by_time);
}

/* ---- for people ----------------------------------------------------------*/

static const char *const kind_names[SIM_KINDS] = {
    "publish", "crash",  "start",    "backup", "restore", "clone", "part",
    "unpart",  "follow", "clock",    "full",   "room",    "purge", "equivocate",
    "rotate",  "roster", "syncdead", "kill",   "rot"};

void
sim_act_print(const struct sim_act *act)
{
    printf("%8.3f --- %s %u", (double)act->at_ms / 1000, kind_names[act->kind],
           act->node);
    if (act->kind == SIM_PUB)
        for (unsigned i = 0; i < act->n; i++)
            printf(" t%u", act->topics[i]);
    if (act->kind == SIM_PART || act->kind == SIM_UNPART)
        printf(" from %u", act->other);
    if (act->kind == SIM_FOLLOW)
        printf(" %c t%u since %s", 'a' + (int)act->other, act->n,
               act->flag ? "now" : "all");
    if (act->kind == SIM_CLOCK)
        printf(" %" PRId64 " ms", act->ms);
    if (act->kind == SIM_ROT)
        printf(" of %c", 'a' + (int)act->other);
    if (act->kind == SIM_CLONE)
        printf(" for 0x%x", act->mask);
    if (act->kind == SIM_PURGE || act->kind == SIM_EQUIV)
        printf(" %u", act->n);
    if (act->kind == SIM_SYNCDEAD)
        printf(" %s", act->flag ? "on" : "off");
    putchar('\n');
}

void
sim_plan_print(const struct sim_plan *plan)
{
    printf("nodes %u, heals at %.1f s, loss pub %u%% sync %u%%", plan->n_nodes,
           (double)plan->heal_ms / 1000, plan->drop_pub, plan->drop_sync);
    if (plan->lie)
        printf(", %u lies (%d)", plan->liar, (int)plan->lie);
    putchar('\n');
    for (unsigned i = 0; i < plan->n_nodes; i++) {
        printf("  %u follows", i);
        for (unsigned k = 0; k < plan->n_nodes; k++)
            for (unsigned t = 0; t < SIM_PREFIXES; t++)
                if (plan->follows[i][k] >> t & 1) {
                    if (t == SIM_ALL)
                        printf(" %c/*", 'a' + (int)k);
                    else
                        printf(" %c/t%u", 'a' + (int)k, t);
                }
        putchar('\n');
    }
    for (unsigned i = 0; i < plan->n_acts; i++)
        sim_act_print(&plan->acts[i]);
}

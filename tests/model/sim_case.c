/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Plans made by hand: cases that were once open, and what became of them.
 *
 * The rules were first tried in a model with pages of four events and one
 * prefix a fetch. What that one left open is here, as a plan where the model
 * can show it and as a remark where it cannot:
 *
 * - An author purges a range, followers note the gap, and the author gets the
 *   range back from an old backup: a gap is asked for again when the author's
 *   heads entry changes. purged_and_back.
 * - Rows that rot are set aside, and fetched again like a gap: rot_at_follower,
 *   rot_at_author.
 * - Several prefixes go in one fetch: two_prefixes (and a third of the random
 *   plans).
 * - A clone whose two writers hardly anybody sees: each of the two is shown
 *   what the other wrote by any peer that both can reach. clone_in_the_dark
 *   has one peer who knows only the clone. Without a peer that both reach
 *   nobody can know; that is no violation (check_noticed).
 * - A false alarm, and a false stop, of two writers when clocks are set back
 *   and backups restored again and again: what was lost with a restore and
 *   what another one writes look alike when the clock says that both are from
 *   after the start. What a peer has when it first answers counts as from
 *   before; beyond that a node whose clock is set back may suspect itself, and
 *   sim_check_note takes no offence. back_in_time is the plain case.
 * - A snapshot of memory and disk that goes on in the middle of an epoch seals
 *   the same positions twice. Nothing can prevent that from inside; what peers
 *   then see is equivocation, which SIM_EQUIV makes: noticed, both kept.
 * - Hooks are no decision of the mesh: unit.hook, mesh.50-hook-kill, and the
 *   rows about hooks in tests/rig.
 * - Relays are not built.
 */
#include "tests/model/sim.h"

#define SECOND 1000

static struct sim_act *
add(struct sim_plan *plan, int64_t at_s, enum sim_kind kind, unsigned node)
{
    struct sim_act *act = &plan->acts[plan->n_acts++];

    *act = (struct sim_act){.at_ms = at_s * SECOND, .kind = kind, .node = node};
    return act;
}

/* n events, of the topics in turn. */
static void
publish(struct sim_plan *plan, int64_t at_s, unsigned node, unsigned n)
{
    struct sim_act *act = add(plan, at_s, SIM_PUB, node);

    act->n = n;
    for (unsigned i = 0; i < n; i++)
        act->topics[i] = (uint8_t)(i % SIM_TOPICS);
}

static void
part(struct sim_plan *plan, int64_t at_s, enum sim_kind kind, unsigned a,
     unsigned b)
{
    add(plan, at_s, kind, a)->other = b;
}

/* Three nodes; b and c follow these prefixes of a. */
static void
three(struct sim_plan *plan, unsigned b, unsigned c)
{
    *plan = (struct sim_plan){.n_nodes = 3, .heal_ms = 60 * SECOND};
    plan->follows[1][0] = (uint8_t)b;
    plan->follows[2][0] = (uint8_t)c;
}

static void
purged_and_back(struct sim_plan *plan)
{
    three(plan, 1u << SIM_ALL, 0);
    part(plan, 1, SIM_PART, 0, 1);
    publish(plan, 8, 0, 6);
    add(plan, 10, SIM_BACKUP, 0);
    add(plan, 12, SIM_PURGE, 0)->n = 100;
    part(plan, 14, SIM_UNPART, 0, 1);
    add(plan, 40, SIM_RESTORE, 0);
}

static void
rot_at_follower(struct sim_plan *plan)
{
    three(plan, 1u << SIM_ALL, 1u << SIM_ALL);
    publish(plan, 8, 0, 6);
    publish(plan, 9, 0, 3);
    part(plan, 20, SIM_ROT, 1, 0);
}

static void
rot_at_author(struct sim_plan *plan)
{
    three(plan, 1u << SIM_ALL, 1u << 1);
    publish(plan, 8, 0, 6);
    publish(plan, 9, 0, 3);
    part(plan, 20, SIM_ROT, 0, 0);
}

static void
two_prefixes(struct sim_plan *plan)
{
    three(plan, 1u << 0 | 1u << 2, 1u << 1 | 1u << 2);
    part(plan, 1, SIM_PART, 0, 1);
    for (unsigned i = 0; i < 6; i++)
        publish(plan, 8 + i, 0, 6);
    part(plan, 30, SIM_UNPART, 0, 1);
    add(plan, 40, SIM_CRASH, 2);
    publish(plan, 41, 0, 6);
    add(plan, 42, SIM_START, 2);
}

static void
clone_in_the_dark(struct sim_plan *plan)
{
    three(plan, 1u << SIM_ALL, 0);
    plan->cloned[0] = true;
    publish(plan, 8, 0, 2);
    add(plan, 10, SIM_CLONE, 0)->mask = 1u << 1;
    publish(plan, 20, 0, 2);
    publish(plan, 21, 3, 2);
}

static void
back_in_time(struct sim_plan *plan)
{
    three(plan, 1u << SIM_ALL, 1u << SIM_ALL);
    publish(plan, 8, 0, 2);
    add(plan, 10, SIM_BACKUP, 0);
    publish(plan, 12, 0, 2);
    add(plan, 14, SIM_CLOCK, 0)->ms = -60 * SECOND;
    add(plan, 16, SIM_RESTORE, 0);
    publish(plan, 30, 0, 2);
    add(plan, 40, SIM_RESTORE, 0);
    publish(plan, 50, 0, 2);
}

const struct sim_case sim_cases[] = {
    {"purged, then back from an old backup", purged_and_back},
    {"rot at a follower", rot_at_follower},
    {"rot at the author", rot_at_author},
    {"two prefixes in a fetch", two_prefixes},
    {"a clone that one peer knows, the original nobody", clone_in_the_dark},
    {"a clock set back, a backup restored twice", back_in_time}};
const size_t sim_n_cases = sizeof sim_cases / sizeof *sim_cases;

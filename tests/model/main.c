/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The command: many seeds, one seed, or the shortest plan that still fails.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tests/model/sim.h"

static double
seconds(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* ---- many ----------------------------------------------------------------*/

struct tally {
    struct sim_count count;
    unsigned seeds, failed;
};

static void
tally_add(struct tally *t, const struct sim *sim)
{
    t->seeds++;
    t->failed += sim->violations != 0;
    t->count.events += sim->count.events;
    t->count.pubs += sim->count.pubs;
    t->count.heads += sim->count.heads;
    t->count.fetches += sim->count.fetches;
    t->count.pages += sim->count.pages;
    t->count.acked += sim->count.acked;
    t->count.stored += sim->count.stored;
}

static void
run_seed(struct tally *tally, uint64_t seed)
{
    static struct sim_plan plan;
    static struct sim sim;

    sim_plan_make(&plan, seed);
    sim_run(&sim, &plan, seed, false);
    if (sim.violations)
        printf("seed %" PRIu64 ": %s: %s (%u in all)\n", seed, sim.kind,
               sim.first, sim.violations);
    tally_add(tally, &sim);
    sim_clear(&sim);
}

static int
run_seeds(uint64_t first, uint64_t last)
{
    struct tally t = {0};
    double start = seconds();
    double took;

    for (uint64_t seed = first; seed <= last; seed++)
        run_seed(&t, seed);
    took = seconds() - start;
    printf("seeds %" PRIu64 "..%" PRIu64 ": %u plans in %.1f s (%.0f a "
           "minute), %u with violations\n",
           first, last, t.seeds, took, t.seeds / took * 60, t.failed);
    printf("acked %" PRIu64 ", stored %" PRIu64 ", live %" PRIu64
           ", heads %" PRIu64 ", fetches %" PRIu64 ", pages %" PRIu64 "\n",
           t.count.acked, t.count.stored, t.count.pubs, t.count.heads,
           t.count.fetches, t.count.pages);
    printf("rig model %u plans\n", t.seeds);
    if (t.failed)
        printf("one of them again, step by step: sim --seed N --trace\n");
    return t.failed ? 1 : 0;
}

/*
 * Plans that once showed a fault of ours: a start that found no room on the
 * disk, a head beyond the end of a retired key, epochs ahead of the clock
 * after a restore, clocks set back before a restore, a clone nobody follows,
 * an unknown key in a third peer's page.
 */
static const uint64_t regressions[] = {3466, 7784, 227, 857, 3327, 133, 20337};

static int
run_regressions(void)
{
    struct tally t = {0};

    for (size_t i = 0; i < sizeof regressions / sizeof *regressions; i++)
        run_seed(&t, regressions[i]);
    printf("%u plans that failed once, %u with violations\n", t.seeds,
           t.failed);
    return t.failed ? 1 : 0;
}

static int
run_cases(bool trace)
{
    static struct sim_plan plan;
    static struct sim sim;
    struct tally t = {0};

    for (size_t i = 0; i < sim_n_cases; i++) {
        sim_cases[i].make(&plan);
        if (trace)
            sim_plan_print(&plan);
        sim_run(&sim, &plan, i + 1, trace);
        printf("%s: %s %s\n", sim_cases[i].name,
               sim.violations ? sim.kind : "ok", sim.first);
        tally_add(&t, &sim);
        sim_clear(&sim);
    }
    return t.failed ? 1 : 0;
}

/* ---- one -----------------------------------------------------------------*/

static int
run_one(uint64_t seed, bool trace)
{
    static struct sim_plan plan;
    static struct sim sim;
    int bad;

    sim_plan_make(&plan, seed);
    sim_plan_print(&plan);
    sim_run(&sim, &plan, seed, trace);
    if (sim.violations)
        printf("%s: %s (%u in all)\n", sim.kind, sim.first, sim.violations);
    else
        printf("ok\n");
    bad = sim.violations != 0;
    sim_clear(&sim);
    return bad;
}

/* ---- the shortest --------------------------------------------------------*/

static bool
fails(const struct sim_plan *plan, uint64_t seed, const char *kind)
{
    static struct sim sim;
    bool same;

    sim_run(&sim, plan, seed, false);
    same = sim.violations && !strcmp(sim.kind, kind);
    sim_clear(&sim);
    return same;
}

static struct sim_plan
without(const struct sim_plan *plan, unsigned at, unsigned n)
{
    struct sim_plan less = *plan;

    if (at + n > less.n_acts)
        n = less.n_acts - at;
    memmove(less.acts + at, less.acts + at + n,
            (less.n_acts - at - n) * sizeof *less.acts);
    less.n_acts -= n;
    return less;
}

/* Takes acts away, many at a time and then fewer, while it still fails. */
static void
shrink_acts(struct sim_plan *plan, uint64_t seed, const char *kind)
{
    static struct sim_plan less;

    for (unsigned n = plan->n_acts / 2 + 1; n; n /= 2)
        for (unsigned at = 0; at < plan->n_acts;) {
            less = without(plan, at, n);
            if (fails(&less, seed, kind))
                *plan = less;
            else
                at += n;
        }
}

static void
shrink_rest(struct sim_plan *plan, uint64_t seed, const char *kind)
{
    static struct sim_plan less;

    less = *plan;
    less.drop_pub = less.drop_sync = 0;
    if (fails(&less, seed, kind))
        *plan = less;
    for (unsigned i = 0; i < SIM_NAMES; i++)
        for (unsigned k = 0; k < SIM_NAMES; k++) {
            less = *plan;
            less.follows[i][k] = 0;
            if (plan->follows[i][k] && fails(&less, seed, kind))
                *plan = less;
        }
}

static int
shrink(uint64_t seed)
{
    static struct sim_plan plan;
    static struct sim sim;
    char kind[sizeof sim.kind];

    sim_plan_make(&plan, seed);
    sim_run(&sim, &plan, seed, false);
    memcpy(kind, sim.kind, sizeof kind);
    sim_clear(&sim);
    if (!kind[0]) {
        printf("seed %" PRIu64 " holds\n", seed);
        return 0;
    }
    shrink_acts(&plan, seed, kind);
    shrink_rest(&plan, seed, kind);
    shrink_acts(&plan, seed, kind);
    sim_plan_print(&plan);
    sim_run(&sim, &plan, seed, true);
    sim_clear(&sim);
    return 1;
}

/* ---- command line --------------------------------------------------------*/

static int
usage(void)
{
    fputs("usage: sim --seeds FIRST LAST | --regressions | --cases [--trace] "
          "| --seed N [--trace] | --shrink N\n",
          stderr);
    return 64;
}

static uint64_t
number(const char *text)
{
    return strtoull(text, NULL, 10);
}

int
main(int argc, char **argv)
{
    int code = 64;

    if (cim_sodium_start() != CIM_OK)
        return 71;
    if (argc == 4 && !strcmp(argv[1], "--seeds"))
        code = run_seeds(number(argv[2]), number(argv[3]));
    else if (argc == 2 && !strcmp(argv[1], "--regressions"))
        code = run_regressions();
    else if (argc >= 2 && !strcmp(argv[1], "--cases"))
        code = run_cases(argc == 3 && !strcmp(argv[2], "--trace"));
    else if (argc >= 3 && !strcmp(argv[1], "--seed"))
        code =
            run_one(number(argv[2]), argc == 4 && !strcmp(argv[3], "--trace"));
    else if (argc == 3 && !strcmp(argv[1], "--shrink"))
        code = shrink(number(argv[2]));
    else
        usage();
    sim_identities_clear();
    return code;
}

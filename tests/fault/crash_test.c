/* SPDX-License-Identifier: MPL-2.0 */
/*
 * fault.crash - power cuts at every operation of a store at work.
 *
 * A work of some sixty commits leaves a list of thousands of writes and syncs.
 * For every prefix of it, and for random ones in which what was not synced is
 * dropped, torn or reordered, the disk is rebuilt and opened by the real
 * store. It must hold exactly the content after the last commit that was
 * acknowledged by then, or after the one that was in flight; so nothing acked
 * is lost, nothing is half there. Each must pass integrity_check and go on
 * working; each content that is seen must serve only what was sealed, with
 * proofs, and so must one state in eight.
 *
 *   crash_test [--seed N]      CIM_LONG=1: 20,000 states instead of 2,000
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/fault/served.h"

struct crash {
    uint64_t seed;
    size_t want, states, by_mode[CRASH_MODES];
    size_t in_flight; /* where the commit in flight was there in whole */
    size_t commits, ops;
    bool *served; /* of this work: contents that were asked for everything */
};

/* Index of the content this state has; it has to be one of two. */
static size_t
content_index(struct crash *c, const struct work *w, struct store *store,
              size_t ops)
{
    struct cim_digest now = content_of(store);
    size_t first = 0;

    while (first + 1 < w->n_acked && w->acked[first + 1].ops <= ops)
        first++;
    for (size_t i = first; i <= first + 1 && i < w->n_acked; i++)
        if (cim_digest_eq(&now, &w->acked[i].content)) {
            c->in_flight += i > first;
            return i;
        }
    return SIZE_MAX;
}

static void
goes_on(struct store *store)
{
    struct store_job *job = store_job_new(STORE_COUNT);

    job->counters = xcalloc(1, sizeof *job->counters);
    job->n_counters = 1;
    snprintf(job->counters[0].name, sizeof job->counters[0].name, "after");
    commit_ok(store, &job);
}

static void
ask_all(struct work *w, const char *at)
{
    struct store_reader *reader = store_reader_of(w->store);
    struct served served = served_all(reader, &w->book);

    FAULT_CHECK(!served.wrong[0] && !served.disorder, "%s: %s", at,
                served.wrong);
    FAULT_CHECK(!served.refused && !served.rotten, "%s: refused or rotten", at);
    store_reader_close(&reader);
}

static void
look(struct crash *c, struct work *w, size_t ops, enum crash_mode mode,
     uint64_t seed)
{
    struct crash_disk *disk = crash_at(w->disk, ops, mode, seed);
    struct cim_diag diag = {""};
    char at[160];

    snprintf(at, sizeof at,
             "work seed %" PRIu64 ", %zu of %zu operations, %s, seed %" PRIu64,
             w->seed, ops, w->disk->n_ops, crash_mode_name(mode), seed);
    crash_vfs_mount(&w->vfs, disk);
    FAULT_CHECK(store_open(w->path, &w->store, &diag) == CIM_OK, "%s: %s", at,
                diag.text);
    size_t index = content_index(c, w, w->store, ops);
    FAULT_CHECK(index != SIZE_MAX, "%s: not what was acknowledged", at);
    FAULT_CHECK(integrity_ok(w->store), "%s: integrity_check", at);
    if (!c->served[index] || c->states % 8 == 0)
        ask_all(w, at);
    c->served[index] = true;
    goes_on(w->store);
    store_close(&w->store);
    crash_disk_free(&disk);
    c->states++;
    c->by_mode[mode]++;
}

static void
one_work(struct crash *c, uint64_t seed)
{
    struct work w;
    struct rng rng = rng_of(seed ^ 0xc4a5);

    work_start(&w, seed);
    assert_int_equal(work_open(&w), CIM_OK);
    work_run(&w, 40);
    store_close(&w.store);
    c->commits += w.n_acked;
    c->ops += w.disk->n_ops;
    c->served = xcalloc(w.n_acked, sizeof *c->served);
    size_t share = 600; /* states of one work */
    size_t stride = w.disk->n_ops / (share / 2) + 1;
    for (size_t ops = 0; ops <= w.disk->n_ops; ops += stride)
        look(c, &w, ops, CRASH_KEEP, 0);
    for (size_t i = 0; i < share / 2 + 1; i++)
        look(c, &w, rng_below(&rng, w.disk->n_ops + 1),
             (enum crash_mode)(1 + rng_below(&rng, CRASH_MODES - 1)),
             rng_next(&rng) >> 32);
    free(c->served);
    work_end(&w);
}

static void
what_was_acknowledged_is_there_after_any_power_cut(void **state)
{
    struct crash *c = *state;

    for (uint64_t seed = c->seed; c->states < c->want; seed++)
        one_work(c, seed);
    printf("fault.crash: %zu states, 0 bad; %zu commits, %zu operations;"
           " in flight and there %zu times;",
           c->states, c->commits, c->ops, c->in_flight);
    for (int i = 0; i < CRASH_MODES; i++)
        printf(" %s %zu", crash_mode_name((enum crash_mode)i), c->by_mode[i]);
    printf("\nrig A3 %zu states\n", c->states);
}

int
main(int argc, char **argv)
{
    struct crash c = {.seed = fault_seed(argc, argv, "crash")};
    const struct CMUnitTest tests[] = {cmocka_unit_test_prestate(
        what_was_acknowledged_is_there_after_any_power_cut, &c)};

    c.want = fault_long() ? 20000 : 2000;
    return cmocka_run_group_tests(tests, NULL, NULL);
}

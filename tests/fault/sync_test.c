/* SPDX-License-Identifier: MPL-2.0 */
/*
 * fault.sync - every sync fails, once or for good, with EIO or ENOSPC.
 *
 * For the k-th sync, k going up until the work ends without meeting it: after
 * a sync that failed no commit may come back OK and none may be called "full",
 * for the process has to end. Then the power goes, and what was acknowledged
 * before is all there: without an acknowledgement a commit is there in whole
 * or not at all.
 *
 *   sync_test [--seed N]      CIM_LONG=1: ten times the works
 */
#include <inttypes.h>
#include <stdio.h>

#include "tests/fault/served.h"

#define STEPS 30
#define CUTS  4 /* of the power, after each failure */

struct sync {
    uint64_t seed;
    unsigned works;
    size_t failures, at_open, at_commit, at_checkpoint, refused, cuts;
};

static void
refuses_from_now_on(struct sync *s, struct work *w, uint64_t k)
{
    bool full = true;

    for (int i = 0; i < 3; i++) {
        enum cim_err err = work_commit(w, &full);
        FAULT_CHECK(err == CIM_EIO && !full,
                    "seed %" PRIu64 ", sync %" PRIu64
                    ": a commit after the failure: %s, full %d",
                    w->seed, k, cim_err_label(err), full);
        s->refused++;
    }
}

/* True when the sync was met. */
static bool
run(struct sync *s, struct work *w)
{
    bool full;

    crash_vfs_mount(&w->vfs, w->disk);
    if (work_open(w) != CIM_OK) {
        s->at_open++;
        return true;
    }
    for (int i = 0; i < STEPS; i++) {
        if (w->n_jobs == 0)
            work_draw(w);
        enum cim_err err = work_commit(w, &full);
        if (err != CIM_OK) {
            FAULT_CHECK(w->vfs.fault.failed && !full,
                        "seed %" PRIu64 ", step %d: full %d", w->seed, i, full);
            s->at_commit++;
            return true;
        }
        FAULT_CHECK(!w->vfs.fault.failed,
                    "seed %" PRIu64 ", step %d: acknowledged after a failed"
                    " sync",
                    w->seed, i);
        work_maybe_checkpoint(w);
        if (w->vfs.fault.failed) {
            s->at_checkpoint++;
            work_draw(w);
            return true;
        }
    }
    return w->vfs.fault.failed > 0;
}

static void
power_cut(struct sync *s, struct work *w, const struct work *twin, uint64_t k)
{
    size_t n = w->n_acked ? w->n_acked - 1 : 0;

    for (uint64_t i = 0; i < CUTS; i++) {
        struct crash_disk *disk =
            crash_at(w->disk, w->disk->n_ops, CRASH_ANY, k * CUTS + i);
        struct store *store = NULL;
        struct cim_diag diag = {""};
        bool one_more;

        crash_vfs_mount(&w->vfs, disk);
        FAULT_CHECK(store_open(w->path, &store, &diag) == CIM_OK, "%s",
                    diag.text);
        FAULT_CHECK(content_is(store, twin, n, &one_more),
                    "seed %" PRIu64 ", sync %" PRIu64 ", cut %" PRIu64
                    ": not what was acknowledged",
                    w->seed, k, i);
        FAULT_CHECK(integrity_ok(store), "integrity_check");
        store_close(&store);
        crash_disk_free(&disk);
        s->cuts++;
    }
}

/* False when there is no k-th sync. */
static bool
fail_at(struct sync *s, const struct work *twin, uint64_t k, bool lasts,
        enum fault_how how)
{
    struct work w;

    work_start(&w, twin->seed);
    crash_vfs_arm(&w.vfs, FAULT_SYNC, k, lasts, how);
    bool met = run(s, &w);
    if (met) {
        s->failures++;
        if (w.store)
            refuses_from_now_on(s, &w, k);
        work_drop(&w);
        store_close(&w.store);
        crash_vfs_disarm(&w.vfs);
        power_cut(s, &w, twin, k);
    }
    work_end(&w);
    return met;
}

static void
nothing_is_acknowledged_after_a_failed_sync(void **state)
{
    struct sync *s = *state;

    for (uint64_t seed = s->seed; seed < s->seed + s->works; seed++) {
        struct work twin;
        work_twin(&twin, seed, STEPS + 1);
        /* A network's disk may be full only when it comes to syncing. */
        for (int how = FAULT_EIO; how <= FAULT_ENOSPC; how++)
            for (int lasts = 0; lasts < 2; lasts++)
                for (uint64_t k = 1;
                     fail_at(s, &twin, k, lasts, (enum fault_how)how); k++)
                    ;
        work_end(&twin);
    }
    printf("fault.sync: %zu failures (%zu at open, %zu at commit, %zu at"
           " checkpoint), %zu later commits refused, %zu power cuts, 0 bad\n",
           s->failures, s->at_open, s->at_commit, s->at_checkpoint, s->refused,
           s->cuts);
    printf("rig A5 %zu failed syncs\n", s->failures);
    assert_true(s->at_open && s->at_commit && s->at_checkpoint);
}

int
main(int argc, char **argv)
{
    struct sync s = {.seed = fault_seed(argc, argv, "sync"),
                     .works = fault_long() ? 10 : 2};
    const struct CMUnitTest tests[] = {cmocka_unit_test_prestate(
        nothing_is_acknowledged_after_a_failed_sync, &s)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}

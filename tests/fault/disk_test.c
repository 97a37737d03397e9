/* SPDX-License-Identifier: MPL-2.0 */
/*
 * fault.disk - every write finds the disk full, or read-only.
 *
 * For the k-th write, k going up until the work ends without meeting it, once
 * or until room is made: the commit is refused as "full" and nothing of it is
 * there, what was acknowledged can be read all the while, and the same commit
 * goes through when there is room. At the end the content is that of a work
 * that never met a full disk.
 *
 *   disk_test [--seed N]      every 7th write; CIM_LONG=1: every one
 */
#include <inttypes.h>
#include <stdio.h>

#include "tests/fault/served.h"

#define STEPS 20

struct disk {
    uint64_t seed;
    uint64_t stride;
    size_t failures, at_open, at_commit, elsewhere;
};

static void
still_readable(struct work *w, const char *at)
{
    struct store_reader *reader = store_reader_of(w->store);
    struct store_reader *other = NULL;
    struct cim_diag diag = {""};
    struct cim_digest now = content_of(w->store);

    FAULT_CHECK(cim_digest_eq(&now, &w->acked[w->n_acked - 1].content),
                "%s: the content is not that of the last commit", at);
    struct served s = served_all(reader, &w->book);
    FAULT_CHECK(!s.wrong[0] && !s.disorder && !s.refused && !s.rotten,
                "%s: %s, refused %zu", at, s.wrong, s.refused);
    store_reader_close(&reader);
    FAULT_CHECK(store_reader_open(w->path, &other, &diag) == CIM_OK,
                "%s: a new reader: %s", at, diag.text);
    s = served_all(other, &w->book);
    FAULT_CHECK(!s.wrong[0] && !s.disorder && !s.refused,
                "%s: a new reader: %s, refused %zu", at, s.wrong, s.refused);
    store_reader_close(&other);
}

static void
step(struct disk *d, struct work *w, const char *at)
{
    bool full = false;

    work_draw(w);
    if (work_commit(w, &full) != CIM_OK) {
        d->at_commit++;
        FAULT_CHECK(w->vfs.fault.failed && full, "%s: step %u refused, full %d",
                    at, w->step, full);
        for (size_t i = 0; i < w->n_jobs; i++)
            assert_true(w->jobs[i]->full);
        still_readable(w, at);
        if (w->vfs.fault.lasts) {
            FAULT_CHECK(work_commit(w, &full) == CIM_EIO && full,
                        "%s: still without room", at);
        }
        crash_vfs_disarm(&w->vfs); /* room */
        FAULT_CHECK(work_commit(w, &full) == CIM_OK,
                    "%s: step %u refused when there was room, full %d", at,
                    w->step, full);
    }
    work_maybe_checkpoint(w);
}

/* False when there is no k-th write. */
static bool
fail_at(struct disk *d, const struct work *twin, uint64_t k, bool lasts,
        enum fault_how how)
{
    struct work w;
    char at[80];

    snprintf(at, sizeof at, "seed %" PRIu64 ", write %" PRIu64 "%s, %s",
             twin->seed, k, lasts ? " and all after" : "",
             how == FAULT_ENOSPC ? "full" : "read-only");
    work_start(&w, twin->seed);
    crash_vfs_arm(&w.vfs, FAULT_WRITE, k, lasts, how);
    size_t before = d->at_commit;
    bool met = work_open(&w) != CIM_OK;
    if (met) {
        d->at_open++;
        crash_vfs_disarm(&w.vfs);
        FAULT_CHECK(work_open(&w) == CIM_OK, "%s: open when there is room", at);
    }
    for (int i = 0; i < STEPS; i++) {
        step(d, &w, at);
        met |= w.vfs.fault.failed > 0;
    }
    met |= d->at_commit > before;
    d->elsewhere += w.vfs.fault.failed > 0;
    d->failures += met;
    crash_vfs_disarm(&w.vfs);
    struct cim_digest now = content_of(w.store);
    FAULT_CHECK(cim_digest_eq(&now, &twin->acked[STEPS].content),
                "%s: the end is not the same", at);
    FAULT_CHECK(integrity_ok(w.store), "%s: integrity_check", at);
    work_end(&w);
    return met;
}

static void
a_full_disk_refuses_reads_go_on_and_it_recovers(void **state)
{
    struct disk *d = *state;
    struct work twin;

    work_twin(&twin, d->seed, STEPS);
    for (int how = FAULT_ENOSPC; how <= FAULT_EROFS; how++)
        for (int lasts = 0; lasts < 2; lasts++)
            for (uint64_t k = 1;
                 fail_at(d, &twin, k, lasts, (enum fault_how)how);
                 k += d->stride)
                ;
    work_end(&twin);
    printf("fault.disk: %zu writes failed (%zu at open, %zu at commit, %zu at"
           " checkpoint only), 0 bad\n",
           d->failures, d->at_open, d->at_commit, d->elsewhere);
    printf("rig B1 %zu failed writes\n", d->failures);
    assert_true(d->at_open && d->at_commit);
}

int
main(int argc, char **argv)
{
    struct disk d = {.seed = fault_seed(argc, argv, "disk"),
                     .stride = fault_long() ? 1 : 7};
    const struct CMUnitTest tests[] = {cmocka_unit_test_prestate(
        a_full_disk_refuses_reads_go_on_and_it_recovers, &d)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MPL-2.0 */
/*
 * fault.compound - a power cut, then trouble while recovering from it.
 *
 * A state that a power cut leaves is opened while some call fails: a read, a
 * write, a sync, a full disk, once or for good. The open goes well or says
 * CIM_EIO. Then the power goes again, in the middle of that recovery. However
 * often: once nothing fails the content is that of the last commit that was
 * acknowledged, or of the one in flight.
 *
 *   compound_test [--seed N]      500 states; CIM_LONG=1: 2,000
 */
#include <inttypes.h>
#include <stdio.h>

#include "tests/fault/served.h"

struct compound {
    uint64_t seed;
    size_t want, states, failed_opens, failures, cuts;
};

static size_t
acked_at(const struct work *w, size_t ops)
{
    size_t i = 0;

    while (i + 1 < w->n_acked && w->acked[i + 1].ops <= ops)
        i++;
    return i;
}

static void
arm(struct crash_vfs *vfs, struct rng *rng)
{
    static const unsigned kinds[] = {FAULT_SYNC, FAULT_WRITE, FAULT_WRITE,
                                     FAULT_READ, FAULT_ALL};
    unsigned kind = kinds[rng_below(rng, 5)];
    enum fault_how how =
        kind == FAULT_WRITE ? (enum fault_how)rng_below(rng, 3) : FAULT_EIO;

    crash_vfs_arm(vfs, kind, 1 + rng_below(rng, 12), rng_below(rng, 2), how);
}

/* One try to recover; what a second power cut leaves of it. */
static struct crash_disk *
trouble(struct compound *c, struct work *w, struct crash_disk *disk,
        struct rng *rng, const char *at)
{
    struct cim_diag diag = {""};
    size_t before = disk->n_ops;

    crash_vfs_mount(&w->vfs, disk);
    arm(&w->vfs, rng);
    enum cim_err err = store_open(w->path, &w->store, &diag);
    FAULT_CHECK(err == CIM_OK || (err == CIM_EIO && diag.text[0]), "%s: %s", at,
                cim_err_label(err));
    c->failed_opens += err != CIM_OK;
    if (err == CIM_OK)
        work_checkpoint(w);
    c->failures += w->vfs.fault.failed > 0;
    store_close(&w->store);
    crash_vfs_disarm(&w->vfs);
    size_t ops = before + rng_below(rng, disk->n_ops - before + 1);
    struct crash_disk *next = crash_at(
        disk, ops, (enum crash_mode)rng_below(rng, CRASH_MODES), rng_next(rng));
    crash_disk_free(&disk);
    c->cuts++;
    return next;
}

static void
one_state(struct compound *c, struct work *w, struct rng *rng)
{
    uint64_t seed = rng_next(rng) >> 32;
    struct rng mine = rng_of(seed);
    size_t ops = rng_below(&mine, w->disk->n_ops + 1);
    size_t n = acked_at(w, ops);
    struct store *store = NULL;
    struct cim_diag diag = {""};
    bool one_more;
    char at[96];

    snprintf(at, sizeof at,
             "work seed %" PRIu64 ", %zu operations, seed %" PRIu64, w->seed,
             ops, seed);
    struct crash_disk *disk = crash_at(w->disk, ops, CRASH_ANY, seed);
    for (size_t i = 1 + rng_below(&mine, 3); i > 0; i--)
        disk = trouble(c, w, disk, &mine, at);
    crash_vfs_mount(&w->vfs, disk);
    FAULT_CHECK(store_open(w->path, &store, &diag) == CIM_OK, "%s: %s", at,
                diag.text);
    FAULT_CHECK(content_is(store, w, n, &one_more),
                "%s: not what was acknowledged", at);
    FAULT_CHECK(integrity_ok(store), "%s: integrity_check", at);
    store_close(&store);
    crash_disk_free(&disk);
    c->states++;
}

static void
a_recovery_can_be_repeated(void **state)
{
    struct compound *c = *state;

    for (uint64_t seed = c->seed; c->states < c->want; seed++) {
        struct work w;
        struct rng rng = rng_of(seed ^ 0xc0);
        work_start(&w, seed);
        assert_int_equal(work_open(&w), CIM_OK);
        work_run(&w, 40);
        store_close(&w.store);
        for (size_t i = 0; i < 250; i++)
            one_state(c, &w, &rng);
        work_end(&w);
    }
    printf("fault.compound: %zu states, %zu recoveries with %zu failures, %zu"
           " of them refused to open, each cut off; 0 bad\n",
           c->states, c->cuts, c->failures, c->failed_opens);
    printf("rig A7 %zu states\n", c->states);
    assert_true(c->failed_opens && c->failures > c->failed_opens);
}

int
main(int argc, char **argv)
{
    struct compound c = {.seed = fault_seed(argc, argv, "compound"),
                         .want = fault_long() ? 2000 : 500};
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_prestate(a_recovery_can_be_repeated, &c)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}

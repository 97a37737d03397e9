/* SPDX-License-Identifier: MPL-2.0 */
/*
 * store_bench - how many events a second the store takes, and gives back.
 *
 *   store_bench [FOLDER] [EVENTS] [BATCH] [BYTES]     default: . 512000 256 300
 *
 * One log, one batch a transaction, each with its fsync; the WAL is copied
 * back in between as the store thread does under load. Batches are sealed
 * before the clock starts. Then all of it is read back as catch-up pages.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "tests/unit/store_help.h"

#define ROUND 64 /* batches sealed ahead of the clock */

static double
now_s(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

struct times {
    double commit, checkpoint, slowest;
};

static void
commit_round(struct store *store, struct store_job **jobs, size_t n,
             struct times *times)
{
    for (size_t i = 0; i < n; i++) {
        bool full;
        double start = now_s();
        if (store_commit(store, &jobs[i], 1, &full) != CIM_OK) {
            fprintf(stderr, "commit failed\n");
            exit(74);
        }
        double took = now_s() - start;
        times->commit += took;
        if (took > times->slowest)
            times->slowest = took;
        store_job_destroy(&jobs[i]);
    }
    double start = now_s();
    store_tidy(store);
    double took = now_s() - start;
    times->checkpoint += took;
}

static uint64_t
read_pages(const char *path, const struct author *a)
{
    struct store_reader *reader = NULL;
    struct cim_diag diag = {""};
    struct cim_prefix all = {.len = 0};
    struct cim_fetch_ask ask = {.node = cim_bytes_str(a->node),
                                .epoch = a->epoch,
                                .prefixes = &all,
                                .n_prefixes = 1};
    struct cim_buf out = {0};
    uint64_t bytes = 0;

    if (store_reader_open(path, &reader, &diag) != CIM_OK)
        exit(74);
    while (ask.after < a->last) {
        struct cim_sync msg;
        ask.upto = ask.after + CIM_FETCH_RANGE;
        cim_buf_reset(&out);
        if (store_page(reader, &ask, "x/y", &out) != CIM_OK ||
            cim_sync_parse_answer(cim_buf_bytes(&out), &msg) != CIM_OK)
            exit(70);
        ask.after = msg.u.fetch.covered;
        bytes += out.len;
        cim_sync_clear(&msg);
    }
    cim_buf_clear(&out);
    store_reader_close(&reader);
    return bytes;
}

int
main(int argc, char **argv)
{
    const char *folder = argc > 1 ? argv[1] : ".";
    size_t events = argc > 2 ? strtoul(argv[2], NULL, 10) : 512000;
    size_t batch = argc > 3 ? strtoul(argv[3], NULL, 10) : 256;
    size_t bytes = argc > 4 ? strtoul(argv[4], NULL, 10) : 300;
    char *path = xasprintf("%s/store-bench.db", folder);
    struct store_job *jobs[ROUND];
    struct store *store = NULL;
    struct cim_diag diag = {""};
    struct times times = {0};
    struct author a;

    unlink(path);
    author_open(&a, "odl/ci-1", 7);
    if (store_open(path, &store, &diag) != CIM_OK) {
        fprintf(stderr, "%s\n", diag.text);
        return 74;
    }
    while (a.last < events) {
        for (size_t i = 0; i < ROUND; i++) {
            struct sealed *s = author_seal(&a, batch, bytes, topic_each);
            jobs[i] = store_job_new(STORE_KEEP);
            jobs[i]->now_ms = s->sh.h.time_ms;
            job_all(jobs[i], s)->covered = true;
            sealed_free(&s);
        }
        commit_round(store, jobs, ROUND, &times);
    }
    double total = times.commit + times.checkpoint;
    printf("store  %zu events of %zu bytes, %zu a commit: %.0f events/s"
           " (commits %.2f s, slowest %.1f ms, checkpoints %.2f s)\n",
           (size_t)a.last, bytes, batch, (double)a.last / total, times.commit,
           times.slowest * 1e3, times.checkpoint);
    double start = now_s();
    uint64_t read = read_pages(path, &a);
    double took = now_s() - start;
    printf("pages  %.0f events/s, %.0f MB/s\n", (double)a.last / took,
           (double)read / took / 1e6);
    store_close(&store);
    author_close(&a);
    unlink(path);
    free(path);
    return 0;
}

/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The store against a naive one: random jobs, in memory and in a file that is
 * closed and opened again after every transaction.
 *
 * The naive store is an array of positions for each log; every answer of the
 * real one about cursors, gaps, counts and held positions has to agree.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "node/store_private.h"
#include "tests/unit/store_help.h"

#define AUTHORS 3
#define BATCHES 24
#define PLACES  200

enum place { ABSENT, HELD, REFUSED, PURGED };

/* One log, naively. */
struct naive {
    enum place places[PLACES];
    unsigned topic[PLACES];
    bool refuse[PLACES];
    bool gap[PLACES];
    uint64_t arrival[PLACES];
    uint64_t cursor[2]; /* of "", of the first topic */
    uint64_t head;
    bool covered; /* everything of this log is followed */
};

struct world {
    struct store *store;
    char *path; /* NULL: in memory */
    struct author authors[AUTHORS];
    struct sealed *sealed[AUTHORS][BATCHES];
    size_t n_sealed[AUTHORS];
    struct naive logs[AUTHORS];
    uint64_t arrival;
    unsigned seed;
};

static unsigned
pick(struct world *w, unsigned n)
{
    return (unsigned)rand_r(&w->seed) % n;
}

static const char *
prefix_text(const struct world *w, unsigned author, unsigned which)
{
    static char text[64];
    struct cim_bytes c =
        cim_community_of(cim_bytes_str(w->authors[author].node));

    if (!which)
        return "";
    snprintf(text, sizeof text, "%.*s/Ping/t0/", (int)c.len, (const char *)c.p);
    return text;
}

/* ---- one job, in both stores --------------------------------------------*/

static void
contiguous(struct naive *log)
{
    while (log->cursor[0] + 1 < PLACES &&
           log->places[log->cursor[0] + 1] != ABSENT)
        log->cursor[0]++;
}

static void
random_batch(struct world *w, struct store_job *job, unsigned author)
{
    struct naive *log = &w->logs[author];
    const struct sealed *s =
        w->sealed[author][pick(w, (unsigned)w->n_sealed[author])];
    unsigned indices[8];
    size_t n = 0;

    for (unsigned i = 0; i < s->n; i++)
        if (pick(w, 2))
            indices[n++] = i;
    if (cim_header_last(&s->sh.h) > log->head)
        log->head = cim_header_last(&s->sh.h);
    if (!n) {
        job_header(job, s)->covered = log->covered;
        if (log->covered)
            contiguous(log);
        return;
    }
    struct store_batch *batch = job_slice(job, s, indices, n);
    batch->covered = log->covered;
    for (size_t i = 0; i < n; i++) {
        uint64_t seq = batch->events[i].seq;
        if (log->refuse[seq])
            batch->events[i].refuse = CIM_EEVENT;
        if (log->places[seq] != ABSENT)
            continue;
        log->gap[seq] = false;
        log->places[seq] = log->refuse[seq] ? REFUSED : HELD;
        if (!log->refuse[seq])
            log->arrival[seq] = ++w->arrival;
    }
    if (log->covered)
        contiguous(log);
}

static void
random_cover(struct world *w, struct store_job *job, unsigned author,
             bool covered)
{
    struct naive *log = &w->logs[author];
    unsigned which = pick(w, 3);
    uint64_t after = pick(w, (unsigned)w->authors[author].last + 1);
    uint64_t upto = after + pick(w, 20);

    if (upto > w->authors[author].last)
        upto = w->authors[author].last;
    if (which < 2)
        job_cover(job, &w->authors[author], prefix_text(w, author, which),
                  after, upto);
    else
        for (unsigned i = 0; i < 2; i++)
            job_cover(job, &w->authors[author], prefix_text(w, author, i),
                      after, upto);
    struct cim_span missing = {1 + pick(w, PLACES), pick(w, 9)};
    job->cover.missing = xcalloc(1, sizeof missing);
    job->cover.missing[0] = missing;
    job->cover.n_missing = 1;
    for (uint64_t i = missing.first; i < missing.first + missing.n; i++)
        if (i > after && i <= upto && log->places[i] == ABSENT)
            log->gap[i] = true;
    for (unsigned i = 0; i < 2; i++)
        if ((which == i || which == 2) && log->cursor[i] >= after &&
            upto > log->cursor[i])
            log->cursor[i] = upto;
    if (covered && log->covered)
        contiguous(log);
}

/* The n oldest events, by size. */
static void
random_purge(struct world *w, struct store_job *job)
{
    uint64_t before = pick(w, (unsigned)w->arrival + 1);

    job->purge.before_ms = (int64_t)before + 1;
    for (unsigned a = 0; a < AUTHORS; a++)
        for (unsigned i = 1; i < PLACES; i++)
            if (w->logs[a].places[i] == HELD && w->logs[a].arrival[i] <= before)
                w->logs[a].places[i] = PURGED;
}

static struct store_job *
random_job(struct world *w)
{
    unsigned author = pick(w, AUTHORS);

    if (pick(w, 12) == 0) {
        struct store_job *job = store_job_new(STORE_PURGE);
        random_purge(w, job);
        return job;
    }
    struct store_job *job = store_job_new(STORE_KEEP);
    unsigned n = pick(w, 3);
    for (unsigned i = 0; i < n; i++)
        random_batch(w, job, author);
    if (!n || pick(w, 3) == 0)
        random_cover(w, job, author, n > 0);
    job->now_ms = (int64_t)1 << 40;
    return job;
}

/* Received at the time its arrival number says, so that purging by time is
 * purging by arrival: one event a transaction would do, so stamps are set. */
static void
stamp(struct world *w)
{
    assert_true(store_exec(w->store, "UPDATE event SET received = arrival"
                                     " WHERE received <> arrival"));
}

/* ---- compare ------------------------------------------------------------*/

static void
compare_places(struct world *w, struct store_reader *reader, unsigned author)
{
    const struct naive *log = &w->logs[author];
    struct store_log name = log_of(&w->authors[author]);

    for (unsigned which = 0; which < 2; which++) {
        struct cim_prefix prefix = prefix_of(prefix_text(w, author, which));
        struct cim_have have = {0};
        struct cim_digester d;
        uint64_t n = 0;
        cim_digester_init(&d);
        for (uint64_t i = 1; i < PLACES; i++) {
            if (log->places[i] == ABSENT || (which && log->topic[i] != 0))
                continue;
            cim_digester_add_u64(&d, i);
            n++;
        }
        struct cim_digest digest = cim_digester_end(&d);
        assert_int_equal(
            store_have(reader, &name, 0, PLACES, &prefix, 1, &have), CIM_OK);
        assert_int_equal(have.n, n);
        assert_true(cim_digest_eq(&have.digest, &digest));
    }
}

static uint64_t
cursor_in(const struct store_log_state *st, const char *prefix)
{
    for (size_t i = 0; i < st->n_cursors; i++)
        if (strcmp(st->cursors[i].prefix.text, prefix) == 0)
            return st->cursors[i].upto;
    return 0;
}

static void
compare_log(struct world *w, unsigned author)
{
    const struct naive *log = &w->logs[author];
    struct store_log_state st = state_of(w->store, &w->authors[author]);
    uint64_t held = 0;

    for (uint64_t i = 1; i < PLACES; i++) {
        held += log->places[i] == HELD;
        assert_int_equal(span_has(&st.gaps, i), log->gap[i]);
    }
    assert_int_equal(st.held, held);
    assert_int_equal(st.head.len ? cim_header_last(&st.head.h) : 0, log->head);
    for (unsigned i = 0; i < 2; i++)
        assert_int_equal(cursor_in(&st, prefix_text(w, author, i)),
                         log->cursor[i]);
    assert_false(st.equivocation);
    store_log_state_clear(&st);
}

static void
compare(struct world *w)
{
    struct store_reader *reader = store_reader_of(w->store);

    for (unsigned a = 0; a < AUTHORS; a++) {
        compare_log(w, a);
        compare_places(w, reader, a);
    }
    store_reader_close(&reader);
}

/* ---- the run ------------------------------------------------------------*/

static void
open_world(struct world *w)
{
    struct cim_diag diag = {""};
    const char *path = w->path ? w->path : ":memory:";

    assert_int_equal(store_open(path, &w->store, &diag), CIM_OK);
}

static unsigned
topic_few(size_t i)
{
    return (unsigned)(i % 3);
}

static void
make_authors(struct world *w)
{
    static const char *const names[AUTHORS] = {"odl/ci-1", "odl/ci-2",
                                               "onap/ci-1"};

    for (unsigned a = 0; a < AUTHORS; a++) {
        struct naive *log = &w->logs[a];
        author_open(&w->authors[a], names[a], 5);
        log->covered = a == 0;
        for (size_t b = 0; b < BATCHES; b++) {
            uint64_t first = w->authors[a].last + 1;
            struct sealed *s =
                author_seal(&w->authors[a], 1 + pick(w, 8), 200, topic_few);
            w->sealed[a][w->n_sealed[a]++] = s;
            for (size_t i = 0; i < s->n; i++) {
                log->topic[first + i] = topic_few(i);
                log->refuse[first + i] = pick(w, 10) == 0;
            }
        }
        assert_true(w->authors[a].last < PLACES);
    }
}

static void
run_world(unsigned seed, char *path, int steps)
{
    struct world *w = xcalloc(1, sizeof *w);

    w->seed = seed;
    w->path = path;
    make_authors(w);
    open_world(w);
    for (int step = 0; step < steps; step++) {
        struct store_job *jobs[3];
        size_t n = 1 + pick(w, 3);
        bool full;
        for (size_t i = 0; i < n; i++)
            jobs[i] = random_job(w);
        /* A purge goes by stamps, which come after the commit. */
        for (size_t i = 0, k; i < n; i = k) {
            for (k = i + 1; k < n && jobs[k]->kind != STORE_PURGE; k++)
                ;
            assert_int_equal(store_commit(w->store, jobs + i, k - i, &full),
                             CIM_OK);
            stamp(w);
        }
        for (size_t i = 0; i < n; i++) {
            assert_int_equal(jobs[i]->err, CIM_OK);
            store_job_destroy(&jobs[i]);
        }
        if (path) {
            store_close(&w->store);
            open_world(w);
        }
        compare(w);
    }
    assert_int_equal(store_last_arrival(w->store), w->arrival);
    store_close(&w->store);
    for (unsigned a = 0; a < AUTHORS; a++) {
        for (size_t b = 0; b < w->n_sealed[a]; b++)
            sealed_free(&w->sealed[a][b]);
        author_close(&w->authors[a]);
    }
    free(w);
}

static void
random_jobs_agree_with_the_naive_store(void **state)
{
    (void)state;
    for (unsigned seed = 1; seed <= 12; seed++)
        run_world(seed, NULL, 60);
}

static void
random_jobs_agree_when_reopened_after_each_step(void **state)
{
    (void)state;
    for (unsigned seed = 100; seed <= 103; seed++) {
        char *folder = folder_make();
        char *path = xasprintf("%s/store.db", folder);
        run_world(seed, path, 40);
        free(path);
        folder_remove(&folder);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_jobs_agree_with_the_naive_store),
        cmocka_unit_test(random_jobs_agree_when_reopened_after_each_step),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MPL-2.0 */
/*
 * ledger_bench - what the ledger costs, and how fast it answers.
 *
 *   ledger_bench [FOLDER] [EVENTS] [BATCH]            default: . 1000000 256
 *
 * A year of five communities: odl builds on ten branches, opnfv and the others
 * stamp by link, URL and name, opnfv defines a baseline of every tenth build.
 * OLD was said of every build for the first tenth and never again; EVEN and
 * ODD are said of ten builds each in turn, THREE of one branch, NEVER of none.
 * All of it goes into a store, one batch a commit, once with the ledger and, a
 * tenth of it, once without. Then each question is asked a few hundred times.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "node/ledger.h"
#include "node/store_private.h"
#include "tests/unit/store_help.h"

#define ASKED 300 /* times a question is asked */

static double
now_s(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

/* Of this process, whatever else the machine does. */
static double
cpu_s(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
    return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

/* ---- events -------------------------------------------------------------*/

/* Each build is a round of ten events; 1 is the first. */
enum { ROUND = 10 };

static const char *const nodes[] = {"odl/ci-1", "opnfv/ci-1", "onap/ci-1",
                                    "fdio/ci-1"};

static void
uuid_text(uint64_t n, char out[CIM_UUID_TEXT_LEN + 1])
{
    struct cim_uuid id = uuid_n(n);

    cim_uuid_text(&id, out);
}

static char *
stamp(uint64_t build, uint64_t id, const char *level, const char *target)
{
    char text[CIM_UUID_TEXT_LEN + 1];

    uuid_text(id, text);
    return xasprintf("{\"eventType\":\"ConfidenceLevelModified\","
                     "\"eventId\":\"%s\",\"buildUrl\":\"https://ci.example/"
                     "job/test/%llu/\",\"confidenceLevel\":{\"%s\":\"%s\"},%s}",
                     text, (unsigned long long)id, level,
                     build % 3 ? "SUCCESS" : "FAILURE", target);
}

static char *
url_of(uint64_t build)
{
    return xasprintf("https://nexus.example/odl/%llu.tar.gz",
                     (unsigned long long)build);
}

static char *
artifact(uint64_t build)
{
    char id[CIM_UUID_TEXT_LEN + 1];
    char *url = url_of(build);

    uuid_text(build, id);
    char *text =
        xasprintf("{\"eventType\":\"ArtifactCreated\",\"eventId\":\"%s\","
                  "\"buildUrl\":\"https://ci.example/job/odl/%llu/\","
                  "\"artifactUrl\":\"%s\",\"artifactName\":\"odl-%llu\","
                  "\"projectBranch\":\"branch-%llu\","
                  "\"confidenceLevel\":{\"AUTORELEASE\":\"SUCCESS\"}}",
                  id, (unsigned long long)build, url, (unsigned long long)build,
                  (unsigned long long)(build % 10));
    free(url);
    return text;
}

static char *
baseline(uint64_t build, uint64_t id)
{
    char text[CIM_UUID_TEXT_LEN + 1];

    uuid_text(id, text);
    return xasprintf(
        "{\"eventType\":\"BaselineDefined\",\"eventId\":\"%s\","
        "\"buildUrl\":\"https://ci.example/job/compose/%llu/\","
        "\"baselineName\":\"opnfv-%llu\",\"baselineUrl\":\"https://"
        "nexus.example/opnfv/%llu.json\",\"consistsOf\":[\"odl-%llu\","
        "\"odl-%llu\",\"openstack-2026.2\"]}",
        text, (unsigned long long)build, (unsigned long long)build,
        (unsigned long long)build, (unsigned long long)build,
        (unsigned long long)(build > 1 ? build - 1 : 1));
}

/* Who says the i-th event of a round, and what. */
static const char *
event(uint64_t build, unsigned i, uint64_t last, char **out)
{
    uint64_t id = build * 100 + i + (UINT64_C(1) << 40);
    char link_id[CIM_UUID_TEXT_LEN + 1];
    char *url = url_of(build);
    char *by_url = xasprintf("\"artifactUrl\":\"%s\"", url);
    char *by_name =
        xasprintf("\"artifactUrl\":\"https://mirror.example/%llu\","
                  "\"artifactName\":\"odl-%llu\"",
                  (unsigned long long)build, (unsigned long long)build);
    uuid_text(build, link_id);
    char *by_link = xasprintf("%s,\"links\":[{\"rel\":\"subject\",\"of\":"
                              "\"odl\",\"id\":\"%s\"}]",
                              by_url, link_id);
    bool old = build < last / 10;
    const char *node = nodes[i % 4];

    if (i == 0)
        *out = artifact(build);
    else if (i == 1 && build % 10 == 0)
        *out = baseline(build, id);
    else if (i == 1)
        *out = stamp(build, id, old ? "OLD" : "NEW", by_link);
    else if (i == 2)
        *out = stamp(build, id, build / 10 % 2 ? "ODD" : "EVEN", by_url);
    else if (i == 3 && build % 10 == 3)
        *out = stamp(build, id, "THREE", by_link);
    else if (i < 6)
        *out = stamp(build, id, "QUEUE", by_link);
    else if (i < 8)
        *out = stamp(build, id, "MIRROR", by_name);
    else
        *out = stamp(build, id, "TESTED", by_url);
    free(url);
    free(by_url);
    free(by_name);
    free(by_link);
    return node;
}

/* ---- the store ----------------------------------------------------------*/

struct load {
    struct store *store;
    struct author authors[4];
    double commit_s, cpu_s, slowest_s;
    uint64_t events;
};

static void
keep(struct load *load, struct author *author, char **texts, size_t n)
{
    struct store_job *job = store_job_new(STORE_KEEP);
    struct sealed *s = author_seal_json(author, (const char *const *)texts, n);
    bool full;

    job->now_ms = s->sh.h.time_ms;
    job_all(job, s)->covered = true;
    double start = now_s();
    double cpu = cpu_s();
    if (store_commit(load->store, &job, 1, &full) != CIM_OK)
        exit(74);
    store_tidy(load->store);
    load->cpu_s += cpu_s() - cpu;
    double took = now_s() - start;
    load->commit_s += took;
    if (took > load->slowest_s)
        load->slowest_s = took;
    load->events += n;
    sealed_free(&s);
    store_job_destroy(&job);
}

static void
fill(struct load *load, uint64_t builds, size_t batch)
{
    char *texts[4][CIM_BATCH_EVENTS];
    size_t n[4] = {0};

    for (uint64_t build = 1; build <= builds; build++)
        for (unsigned i = 0; i < ROUND; i++) {
            unsigned who = i % 4;
            (void)event(build, i, builds, &texts[who][n[who]]);
            if (++n[who] < batch)
                continue;
            load->authors[who].time_ms = (int64_t)(build * 60000);
            keep(load, &load->authors[who], texts[who], n[who]);
            while (n[who] > 0)
                free(texts[who][--n[who]]);
        }
    for (unsigned who = 0; who < 4; who++) {
        load->authors[who].time_ms = (int64_t)((builds + 1) * 60000);
        if (n[who])
            keep(load, &load->authors[who], texts[who], n[who]);
        while (n[who] > 0)
            free(texts[who][--n[who]]);
    }
}

static uint64_t
file_bytes(const char *path)
{
    struct stat st;

    return stat(path, &st) == 0 ? (uint64_t)st.st_size : 0;
}

static void
make(const char *path, uint64_t builds, size_t batch, bool with)
{
    struct load *load = xcalloc(1, sizeof *load);
    struct cim_diag diag = {""};

    unlink(path);
    if (store_open(path, &load->store, &diag) != CIM_OK) {
        fprintf(stderr, "%s\n", diag.text);
        exit(74);
    }
    if (!with)
        load->store->ledger_upto = INT64_MAX; /* nothing is next */
    for (size_t i = 0; i < 4; i++)
        author_open(&load->authors[i], nodes[i], 7);
    fill(load, builds, batch);
    uint64_t rounds = 0;
    double start = now_s();
    for (; with && store_ledger_behind(load->store); rounds++) {
        struct store_job *job = store_job_new(STORE_LEDGER);
        commit_ok(load->store, &job);
    }
    if (rounds)
        printf("       settled in %llu steps, %.2f s\n",
               (unsigned long long)rounds, now_s() - start);
    for (size_t i = 0; i < 4; i++)
        author_close(&load->authors[i]);
    store_close(&load->store);
    printf("%s %llu events, %zu a commit: %.1f us an event (%.1f us of the"
           " processor), slowest commit %.0f ms, %.0f bytes an event\n",
           with ? "ledger" : "without", (unsigned long long)load->events, batch,
           load->commit_s / (double)load->events * 1e6,
           load->cpu_s / (double)load->events * 1e6, load->slowest_s * 1e3,
           (double)file_bytes(path) / (double)load->events);
    fflush(stdout);
    free(load);
}

/* ---- questions ----------------------------------------------------------*/

struct ask {
    struct store_reader *reader;
    uint64_t builds;
    size_t told, most;
    unsigned seed;
};

static bool
count(void *ctx, const struct ledger_subject *s)
{
    struct ask *ask = ctx;

    (void)s;
    return ++ask->told < ask->most;
}

static bool
count_stamp(void *ctx, const struct ledger_stamp *s)
{
    (void)s;
    ((struct ask *)ctx)->told++;
    return true;
}

static bool
count_named(void *ctx, enum ledger_how how, const char *wanted,
            const struct ledger_subject *s)
{
    (void)how;
    (void)wanted;
    return count(ctx, s) || true;
}

static bool
count_baseline(void *ctx, enum ledger_how how, const struct ledger_subject *s)
{
    return count_named(ctx, how, "", s);
}

static uint64_t
any_build(struct ask *ask)
{
    uint64_t r =
        (uint64_t)rand_r(&ask->seed) << 16 ^ (uint64_t)rand_r(&ask->seed);

    return 1 + r % ask->builds;
}

static void
subject(struct ask *ask, const char *community, uint64_t id,
        struct ledger_subject *out)
{
    struct ledger_name name = {.id = uuid_n(id)};

    snprintf(name.community, sizeof name.community, "%s", community);
    if (ledger_get(ask->reader, &name, out) != CIM_OK) {
        fprintf(stderr, "%s:%llu is not there\n", community,
                (unsigned long long)id);
        exit(70);
    }
}

static void
must(enum cim_err err)
{
    if (err != CIM_OK)
        exit(74);
}

static void
ask_get(struct ask *ask)
{
    struct ledger_subject s;

    subject(ask, "odl", any_build(ask), &s);
    ledger_subject_clear(&s);
}

static void
ask_find(struct ask *ask)
{
    char *url = url_of(any_build(ask));

    must(ledger_find(ask->reader, url, count, ask));
    free(url);
}

static void
ask_stamps(struct ask *ask)
{
    struct ledger_subject s;

    subject(ask, "odl", any_build(ask), &s);
    must(ledger_stamps(ask->reader, &s, true, count_stamp, ask));
    ledger_subject_clear(&s);
}

static void
ask_said(struct ask *ask)
{
    struct ledger_subject s;
    struct ledger_stamp stamp;

    subject(ask, "odl", any_build(ask), &s);
    must(ledger_said(ask->reader, &s, "opnfv", "TESTED", &stamp));
    ledger_subject_clear(&s);
}

static void
ask_stamped(struct ask *ask)
{
    struct ledger_name name = {
        .community = "onap",
        .id = uuid_n(any_build(ask) * 100 + 2 + (UINT64_C(1) << 40))};

    must(ledger_stamped(ask->reader, &name, count_named, ask));
}

static void
ask_members(struct ask *ask)
{
    struct ledger_subject s;
    uint64_t build = any_build(ask) / 10 * 10;

    subject(ask, "opnfv", (build ? build : 10) * 100 + 1 + (UINT64_C(1) << 40),
            &s);
    must(ledger_members(ask->reader, &s, count_named, ask));
    ledger_subject_clear(&s);
}

static void
ask_part_of(struct ask *ask)
{
    struct ledger_subject s;
    uint64_t build = any_build(ask) / 10 * 10;

    subject(ask, "odl", build ? build : 10, &s);
    must(ledger_part_of(ask->reader, &s, count_baseline, ask));
    ledger_subject_clear(&s);
}

static void
ask_touched(struct ask *ask)
{
    must(ledger_touched(ask->reader, any_build(ask) * ROUND, count, ask));
}

/* COMMUNITY:LEVEL is success; or NULL. */
static void
newest(struct ask *ask, const char *prefix, const char *name, const char *one,
       const char *other)
{
    struct ledger_want wants[2] = {{.state = LEDGER_SUCCESS},
                                   {.state = LEDGER_SUCCESS}};
    const char *texts[] = {one, other};
    struct ledger_query query = {
        .prefix = prefix_of(prefix), .name = name, .wants = wants};

    for (size_t i = 0; i < 2 && texts[i]; i++) {
        const char *colon = strchr(texts[i], ':');
        snprintf(wants[i].community, sizeof wants[i].community, "%.*s",
                 (int)(colon - texts[i]), texts[i]);
        snprintf(wants[i].level, sizeof wants[i].level, "%s", colon + 1);
        query.n_wants++;
    }
    ask->most = 1;
    must(ledger_newest(ask->reader, &query, count, ask));
    ask->most = SIZE_MAX;
}

static void
ask_latest(struct ask *ask)
{
    newest(ask, "odl/ArtifactCreated/", NULL, NULL, NULL);
}

static void
ask_latest_tested(struct ask *ask)
{
    newest(ask, "odl/ArtifactCreated/branch-3/", NULL, "onap:ODD", NULL);
}

static void
ask_given_up(struct ask *ask)
{
    newest(ask, "odl/", NULL, "opnfv:OLD", NULL);
}

static void
ask_never_said(struct ask *ask)
{
    newest(ask, "", NULL, "opnfv:NEVER", NULL);
}

static void
ask_never_there(struct ask *ask)
{
    newest(ask, "odl/ArtifactCreated/branch-4/", NULL, "fdio:THREE", NULL);
}

static void
ask_never_both(struct ask *ask)
{
    newest(ask, "odl/", NULL, "opnfv:OLD", "opnfv:NEW");
}

static void
ask_never_meet(struct ask *ask)
{
    newest(ask, "odl/", NULL, "onap:ODD", "onap:EVEN");
}

static void
ask_name(struct ask *ask)
{
    newest(ask, "odl/", "odl-12345*", NULL, NULL);
}

static void
ask_no_such_name(struct ask *ask)
{
    newest(ask, "odl/", "nothing-*", NULL, NULL);
}

static void
ask_no_such_end(struct ask *ask)
{
    newest(ask, "odl/", "*-nothing", NULL, NULL);
}

static int
by_size(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;

    return x < y ? -1 : x > y;
}

static void
measure(struct ask *ask, const char *what, void (*question)(struct ask *),
        size_t n)
{
    double took[ASKED];

    ask->told = 0;
    for (size_t i = 0; i < n; i++) {
        double start = now_s();
        question(ask);
        took[i] = (now_s() - start) * 1e3;
    }
    qsort(took, n, sizeof *took, by_size);
    printf("%-34s median %8.3f ms, worst %8.3f ms, told %.1f\n", what,
           took[n / 2], took[n - 1], (double)ask->told / (double)n);
    fflush(stdout);
}

static void
questions(const char *path, uint64_t builds)
{
    struct ask ask = {.builds = builds, .most = SIZE_MAX, .seed = 1};
    struct cim_diag diag = {""};
    struct rusage usage;

    if (store_reader_open(path, &ask.reader, &diag) != CIM_OK)
        exit(74);
    measure(&ask, "get", ask_get, ASKED);
    measure(&ask, "find by URL", ask_find, ASKED);
    measure(&ask, "stamps, all", ask_stamps, ASKED);
    measure(&ask, "said", ask_said, ASKED);
    measure(&ask, "stamped", ask_stamped, ASKED);
    measure(&ask, "members", ask_members, ASKED);
    measure(&ask, "part of", ask_part_of, ASKED);
    measure(&ask, "touched", ask_touched, ASKED);
    measure(&ask, "newest", ask_latest, ASKED);
    measure(&ask, "newest tested, of a branch", ask_latest_tested, ASKED);
    measure(&ask, "newest, level given up", ask_given_up, ASKED);
    measure(&ask, "newest, level never said", ask_never_said, ASKED);
    measure(&ask, "newest, never of this branch", ask_never_there, ASKED);
    measure(&ask, "newest, one ended, one began", ask_never_both, ASKED);
    measure(&ask, "newest, two in turn, never both", ask_never_meet, 5);
    measure(&ask, "newest of a name", ask_name, 5);
    measure(&ask, "newest, no such name", ask_no_such_name, 5);
    measure(&ask, "newest, no such end of a name", ask_no_such_end, 5);
    store_reader_close(&ask.reader);
    getrusage(RUSAGE_SELF, &usage);
    printf("memory at most %.0f MB\n", (double)usage.ru_maxrss / 1024);
}

int
main(int argc, char **argv)
{
    const char *folder = argc > 1 ? argv[1] : ".";
    uint64_t events = argc > 2 ? strtoull(argv[2], NULL, 10) : 1000000;
    size_t batch = argc > 3 ? strtoul(argv[3], NULL, 10) : 256;
    char *path = xasprintf("%s/ledger-bench.db", folder);

    make(path, events / ROUND / 10, batch, false);
    make(path, events / ROUND / 10, batch, true);
    make(path, events / ROUND, batch, true);
    questions(path, events / ROUND);
    unlink(path);
    free(path);
    return 0;
}

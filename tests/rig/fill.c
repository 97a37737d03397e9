/* SPDX-License-Identifier: MPL-2.0 */
/*
 * fill - a store with a long past, made fast.
 *
 *   fill DATABASE EVENTS [epochs=4] [batch=64] [branches=200] NODE=KEYFILE...
 *
 * Every NODE gets an equal share of the events, sealed with its own key into
 * signed batches of several epochs, spread over the 90 days before now, as a
 * follower of everything would have stored them. The first NODE is the one
 * whose database it is. Branches are chosen as projects choose them: most
 * events are of master, some of a few stable branches, the rest of many that
 * hardly anybody builds. The database must not exist yet.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "node/mem.h"
#include "node/store.h"
#include "proto/event.h"
#include "proto/wire.h"
#include "tests/unit/chance.h"

#define PAST_MS (INT64_C(90) * 86400 * 1000)
#define ROUND   64 /* batches in a transaction */

struct writer {
    char node[CIM_NODE_MAX + 1];
    struct cim_identity *id;
    struct cim_signkey key;
    uint64_t epoch, last; /* of the open log */
    unsigned epochs;      /* opened so far */
    uint64_t sealed;      /* events in all */
    struct cim_hash prev;
};

struct fill {
    struct store *store;
    struct writer *writers;
    size_t n_writers;
    unsigned long events, epochs, batch, branches;
    unsigned long made;
    int64_t start_ms, now_ms;
    struct chance chance;
};

_Noreturn static void
die(int code, const char *what, const char *why)
{
    fprintf(stderr, "fill: %s: %s\n", what, why);
    exit(code);
}

static void
must(enum cim_err err, const char *what)
{
    if (err != CIM_OK)
        die(70, what, cim_err_text(err));
}

/* ---- events -------------------------------------------------------------*/

static void
choose_branch(struct fill *f, char *out, size_t cap)
{
    size_t dice = chance_below(&f->chance, 10);

    if (dice < 7)
        snprintf(out, cap, "master");
    else if (dice < 9)
        snprintf(out, cap, "stable-%zu", chance_below(&f->chance, 8));
    else
        snprintf(out, cap, "topic-%zu", chance_below(&f->chance, f->branches));
}

/* One event's bytes behind those that are there. */
static void
add_event(struct fill *f, const struct writer *w, struct cim_uuid *id,
          struct cim_buf *out)
{
    char text[CIM_UUID_TEXT_LEN + 1], branch[24], build[64], artifact[80];
    uint8_t random[10];
    struct cim_buf topic = {0}, levels = {0};
    struct cim_event e = {.v = 1, .time_ms = f->now_ms};

    for (size_t i = 0; i < sizeof random; i++)
        random[i] = (uint8_t)chance_below(&f->chance, 256);
    *id = cim_uuid_v7(f->now_ms, random);
    cim_uuid_text(id, text);
    choose_branch(f, branch, sizeof branch);
    snprintf(build, sizeof build, "https://ci.example.org/job/%lu/", f->made);
    snprintf(artifact, sizeof artifact, "https://nexus.example.org/%s/%lu.zip",
             branch, f->made);
    cim_wire_put_map(&levels, 1);
    cim_wire_put_str(&levels, cim_bytes_str("AUTORELEASE"));
    cim_wire_put_str(&levels, cim_bytes_str("SUCCESS"));
    e.id = cim_bytes_str(text);
    e.type_name = cim_bytes_str("ArtifactCreated");
    e.type = CIM_TYPE_ARTIFACT;
    e.build_url = cim_bytes_str(build);
    e.artifact_url = cim_bytes_str(artifact);
    e.project_branch = cim_bytes_str(branch);
    e.levels = cim_buf_bytes(&levels);
    must(cim_event_topic(&e, cim_community_of(cim_bytes_str(w->node)), &topic),
         "topic");
    e.topic = cim_buf_bytes(&topic);
    must(cim_event_encode(&e, out), "event");
    cim_buf_clear(&topic);
    cim_buf_clear(&levels);
    f->made++;
}

/* ---- batches ------------------------------------------------------------*/

/* A log of its own for every share of the writer's events. */
static void
open_epoch(struct fill *f, struct writer *w)
{
    uint64_t share = f->events / f->n_writers / f->epochs + 1;

    if (w->epochs && w->sealed < w->epochs * share)
        return;
    w->epochs++;
    w->epoch = (uint64_t)f->now_ms + w->epochs;
    w->last = 0;
}

/* Seals n events of one buffer into the batch. */
static void
seal(struct fill *f, struct writer *w, struct store_batch *batch,
     const size_t *ends, size_t n)
{
    struct cim_header h = {.key = cim_keyid_of(&w->key),
                           .epoch = w->epoch,
                           .first = w->last + 1,
                           .prev = w->prev,
                           .time_ms = f->now_ms};
    struct cim_bytes events[CIM_BATCH_EVENTS];
    const uint8_t *p = batch->frame;
    size_t at = 0;

    memcpy(h.node, w->node, sizeof h.node);
    for (size_t i = 0; i < n; i++) {
        struct store_event *e = &batch->events[i];
        struct cim_event parsed;
        events[i] = cim_bytes_of(p + at, ends[i] - at);
        must(cim_event_parse(events[i], CIM_PUBLISH, &parsed, NULL), "event");
        e->seq = h.first + i;
        e->bytes = events[i];
        e->topic = parsed.topic;
        e->leaf = e->given = cim_hash_leaf(events[i]);
        at = ends[i];
    }
    must(cim_batch_seal(&h, w->id, events, n, &batch->sh, &batch->frontier),
         "batch");
    batch->n_events = n;
    batch->header_hash = cim_header_hash(cim_signed_bytes(&batch->sh));
    batch->key = w->key;
    batch->own = w == f->writers;
    batch->covered = true;
    w->prev = batch->header_hash;
    w->last += n;
    w->sealed += n;
}

static struct store_job *
next_job(struct fill *f, struct writer *w)
{
    struct store_job *job = store_job_new(STORE_KEEP);
    struct cim_buf bytes = {0};
    size_t ends[CIM_BATCH_EVENTS];
    size_t n = f->events - f->made;

    if (n > f->batch)
        n = f->batch;
    job->batches = xcalloc(1, sizeof *job->batches);
    job->n_batches = 1;
    job->batches->events = xcalloc(n, sizeof *job->batches->events);
    open_epoch(f, w);
    for (size_t i = 0; i < n; i++) {
        add_event(f, w, &job->batches->events[i].id, &bytes);
        ends[i] = bytes.len;
    }
    job->batches->frame = bytes.p;
    seal(f, w, job->batches, ends, n);
    job->now_ms = f->now_ms;
    return job;
}

static void
fill(struct fill *f)
{
    struct store_job *jobs[ROUND];
    size_t turn = 0;

    while (f->made < f->events) {
        size_t n = 0;
        bool full = false;
        for (; n < ROUND && f->made < f->events; n++) {
            f->now_ms =
                f->start_ms + (int64_t)((double)f->made / (double)f->events *
                                        (double)PAST_MS);
            jobs[n] = next_job(f, &f->writers[turn++ % f->n_writers]);
        }
        must(store_commit(f->store, jobs, n, &full), "commit");
        for (size_t i = 0; i < n; i++) {
            must(jobs[i]->err, "job");
            store_job_destroy(&jobs[i]);
        }
        store_tidy(f->store);
    }
}

/* ---- command line -------------------------------------------------------*/

static bool
option(struct fill *f, const char *arg)
{
    return sscanf(arg, "epochs=%lu", &f->epochs) == 1 ||
           sscanf(arg, "batch=%lu", &f->batch) == 1 ||
           sscanf(arg, "branches=%lu", &f->branches) == 1;
}

static void
add_writer(struct fill *f, const char *arg)
{
    const char *key = strchr(arg, '=');
    struct cim_diag diag = {""};

    if (!key || !cim_node_valid(cim_bytes_of(arg, (size_t)(key - arg))))
        die(64, arg, "has to be NODE=KEYFILE");
    struct writer *w = &f->writers[f->n_writers++];
    memcpy(w->node, arg, (size_t)(key - arg));
    if (cim_identity_load(key + 1, &w->id, &diag) != CIM_OK)
        die(65, key + 1, diag.text);
    w->key = cim_identity_signkey(w->id);
}

int
main(int argc, char **argv)
{
    struct fill f = {.epochs = 4,
                     .batch = 64,
                     .branches = 200,
                     .chance = {20261122},
                     .start_ms = (int64_t)time(NULL) * 1000 - PAST_MS};
    struct cim_diag diag = {""};

    must(cim_sodium_start(), "sodium");
    f.writers = xcalloc((size_t)argc, sizeof *f.writers);
    f.events = argc > 2 ? strtoul(argv[2], NULL, 10) : 0;
    for (int i = 3; i < argc; i++)
        if (!option(&f, argv[i]))
            add_writer(&f, argv[i]);
    if (!f.n_writers || !f.epochs || !f.branches || !f.batch ||
        f.batch > CIM_BATCH_EVENTS)
        die(64, "usage", "fill DATABASE EVENTS [OPTION=N]... NODE=KEYFILE...");
    if (access(argv[1], F_OK) == 0)
        die(73, argv[1], "exists; name a new file");
    if (store_open(argv[1], &f.store, &diag) != CIM_OK)
        die(74, argv[1], diag.text);
    fill(&f);
    printf("rig fill %lu events\n", f.made);
    store_close(&f.store);
    for (size_t i = 0; i < f.n_writers; i++)
        cim_identity_close(&f.writers[i].id);
    free(f.writers);
    return 0;
}

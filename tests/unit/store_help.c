/* SPDX-License-Identifier: MPL-2.0 */
#include "tests/unit/store_help.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "proto/event.h"
#include "proto/wire.h"

void
author_open(struct author *a, const char *node, uint64_t epoch)
{
    uint8_t sign[32] = {1};
    uint8_t curve[32] = {2};

    assert_int_equal(cim_sodium_start(), CIM_OK);
    *a = (struct author){.epoch = epoch, .time_ms = 1000000};
    snprintf(a->node, sizeof a->node, "%s", node);
    memcpy(sign + 1, node, strlen(node) < 30 ? strlen(node) : 30);
    assert_int_equal(cim_identity_from_seeds(sign, curve, &a->id), CIM_OK);
    a->key = cim_identity_signkey(a->id);
}

void
author_close(struct author *a)
{
    cim_identity_close(&a->id);
}

unsigned
topic_same(size_t i)
{
    (void)i;
    return 0;
}

unsigned
topic_each(size_t i)
{
    return (unsigned)(i % 10);
}

struct cim_uuid
uuid_n(uint64_t n)
{
    struct cim_uuid id = {{0}};

    cim_u64be(n, id.b + 8);
    id.b[6] = 0x70;
    id.b[8] = 0x80;
    id.b[0] = 0x01;
    return id;
}

/* ext: {"pad": "xxx..."} */
static void
put_padding(struct cim_buf *ext, size_t len)
{
    char *pad = xcalloc(1, len + 1);

    memset(pad, 'x', len);
    cim_wire_put_map(ext, 1);
    cim_wire_put_str(ext, cim_bytes_str("pad"));
    cim_wire_put_str(ext, cim_bytes_of(pad, len));
    assert_int_equal(ext->err, CIM_OK);
    free(pad);
}

static void
make_event(const struct author *a, struct sealed *s, size_t i, size_t bytes)
{
    char id[CIM_UUID_TEXT_LEN + 1];
    struct cim_event event = {.v = 1, .time_ms = a->time_ms};
    struct cim_buf ext = {0};

    cim_uuid_text(&s->ids[i], id);
    event.id = cim_bytes_str(id);
    event.type_name = cim_bytes_str("Ping");
    event.topic = cim_bytes_str(s->topics[i]);
    event.build_url = cim_bytes_str("https://ci.example.org/job/1/");
    /* The other fields take about 160 bytes. */
    put_padding(&ext, bytes > 180 ? bytes - 180 : 1);
    event.ext = cim_buf_bytes(&ext);
    assert_int_equal(cim_event_encode(&event, &s->events[i]), CIM_OK);
    assert_int_equal(cim_event_parse(cim_buf_bytes(&s->events[i]), CIM_PUBLISH,
                                     &event, NULL),
                     CIM_OK);
    cim_buf_clear(&ext);
}

static struct sealed *
seal(struct author *a, struct sealed *s)
{
    struct cim_header h = {.key = cim_keyid_of(&a->key),
                           .epoch = a->epoch,
                           .first = a->last + 1,
                           .prev = a->prev,
                           .time_ms = ++a->time_ms};
    struct cim_bytes *events = xcalloc(s->n, sizeof *events);

    memcpy(h.node, a->node, sizeof h.node);
    for (size_t i = 0; i < s->n; i++)
        events[i] = cim_buf_bytes(&s->events[i]);
    assert_int_equal(
        cim_batch_seal(&h, a->id, events, s->n, &s->sh, &s->frontier), CIM_OK);
    free(events);
    s->key = a->key;
    s->hash = cim_header_hash(cim_signed_bytes(&s->sh));
    a->prev = s->hash;
    a->last += s->n;
    return s;
}

struct sealed *
author_seal(struct author *a, size_t n, size_t bytes,
            unsigned (*topic_of)(size_t i))
{
    struct sealed *s = xcalloc(1, sizeof *s);
    struct cim_bytes community = cim_community_of(cim_bytes_str(a->node));

    s->n = n;
    for (size_t i = 0; i < n; i++) {
        s->ids[i] = uuid_n(++a->serial);
        snprintf(s->topics[i], sizeof s->topics[i], "%.*s/Ping/t%u/",
                 (int)community.len, (const char *)community.p, topic_of(i));
        make_event(a, s, i, bytes);
    }
    return seal(a, s);
}

struct sealed *
author_seal_ids(struct author *a, size_t n, const struct cim_uuid *ids)
{
    struct sealed *s = xcalloc(1, sizeof *s);
    struct cim_bytes community = cim_community_of(cim_bytes_str(a->node));

    s->n = n;
    for (size_t i = 0; i < n; i++) {
        s->ids[i] = ids[i];
        snprintf(s->topics[i], sizeof s->topics[i], "%.*s/Ping/t0/",
                 (int)community.len, (const char *)community.p);
        make_event(a, s, i, 200);
    }
    return seal(a, s);
}

struct sealed *
author_seal_json(struct author *a, const char *const *texts, size_t n)
{
    struct cim_fill fill = {.community =
                                cim_community_of(cim_bytes_str(a->node))};
    struct sealed *s = xcalloc(1, sizeof *s);

    s->n = n;
    for (size_t i = 0; i < n; i++) {
        struct cim_draft draft = {0};
        struct cim_diag diag = {""};
        fill.id = uuid_n(++a->serial);
        fill.now_ms = a->time_ms;
        if (cim_json_read(cim_bytes_str(texts[i]), &fill, &draft, &diag) !=
            CIM_OK)
            fail_msg("%s: %s", texts[i], diag.text);
        s->ids[i] = draft.id;
        snprintf(s->topics[i], sizeof s->topics[i], "%.*s",
                 (int)draft.event.topic.len, (const char *)draft.event.topic.p);
        s->events[i] = draft.bytes;
        draft.bytes = (struct cim_buf){0};
        cim_draft_clear(&draft);
    }
    return seal(a, s);
}

void
sealed_free(struct sealed **p)
{
    struct sealed *s = *p;

    *p = NULL;
    for (size_t i = 0; i < s->n; i++)
        cim_buf_clear(&s->events[i]);
    cim_frontier_clear(&s->frontier);
    free(s);
}

/* ---- jobs ---------------------------------------------------------------*/

static struct store_batch *
add_batch(struct store_job *job, const struct sealed *s)
{
    job->batches =
        xrealloc(job->batches, (job->n_batches + 1) * sizeof *job->batches);
    struct store_batch *batch = &job->batches[job->n_batches++];
    *batch = (struct store_batch){
        .sh = s->sh, .header_hash = s->hash, .key = s->key};
    return batch;
}

/* The slice's bytes, for these indices. */
static struct cim_buf
slice_bytes(const struct sealed *s, const unsigned *indices, size_t n)
{
    struct cim_buf out = {0};
    struct cim_run *runs = xcalloc(n, sizeof *runs);
    struct cim_bytes *events = xcalloc(n, sizeof *events);
    size_t n_runs = 0;

    for (size_t i = 0; i < n; i++) {
        struct cim_run *run = n_runs ? &runs[n_runs - 1] : NULL;
        if (run && run->first + run->n == (int)indices[i])
            run->n++;
        else
            runs[n_runs++] = (struct cim_run){(uint16_t)indices[i], 1};
        events[i] = cim_buf_bytes(&s->events[indices[i]]);
    }
    assert_int_equal(
        cim_slice_write(&s->sh, &s->frontier, runs, n_runs, events, n, &out),
        CIM_OK);
    free(runs);
    free(events);
    return out;
}

struct store_batch *
job_slice(struct store_job *job, const struct sealed *s,
          const unsigned *indices, size_t n)
{
    struct store_batch *batch = add_batch(job, s);
    struct cim_buf frame = slice_bytes(s, indices, n);
    size_t len = frame.len;
    struct cim_slice slice;
    struct cim_proven proven = {0};

    /* The job outlives what it is made of: topics go behind the slice. */
    for (size_t i = 0; i < n; i++)
        cim_buf_add(&frame, s->topics[indices[i]], sizeof s->topics[0]);
    assert_int_equal(frame.err, CIM_OK);
    assert_int_equal(cim_slice_parse(cim_bytes_of(frame.p, len), &slice),
                     CIM_OK);
    assert_int_equal(cim_slice_prove(&slice, &s->key, true, &proven), CIM_OK);
    batch->frame = frame.p;
    batch->frontier = proven.frontier;
    proven.frontier = (struct cim_frontier){0};
    batch->events = xcalloc(n, sizeof *batch->events);
    batch->n_events = n;
    for (size_t i = 0; i < n; i++) {
        struct store_event *ev = &batch->events[i];
        ev->seq = s->sh.h.first + indices[i];
        ev->bytes = proven.slice.events[i];
        ev->topic = cim_bytes_str((const char *)frame.p + len +
                                  i * sizeof s->topics[0]);
        ev->id = s->ids[indices[i]];
        ev->leaf = proven.leaves[i];
    }
    cim_proven_clear(&proven);
    return batch;
}

struct store_batch *
job_all(struct store_job *job, const struct sealed *s)
{
    unsigned indices[CIM_BATCH_EVENTS];

    for (unsigned i = 0; i < s->n; i++)
        indices[i] = i;
    return job_slice(job, s, indices, s->n);
}

struct store_batch *
job_header(struct store_job *job, const struct sealed *s)
{
    struct store_batch *batch = add_batch(job, s);

    assert_int_equal(cim_frontier_add(&batch->frontier, 0,
                                      (uint16_t)s->sh.h.count, &s->sh.h.root),
                     CIM_OK);
    return batch;
}

void
job_cover(struct store_job *job, const struct author *a, const char *prefix,
          uint64_t after, uint64_t covered)
{
    job->cover.set = true;
    job->cover.log = log_of(a);
    job->cover.prefixes =
        xrealloc(job->cover.prefixes,
                 (job->cover.n_prefixes + 1) * sizeof *job->cover.prefixes);
    job->cover.prefixes[job->cover.n_prefixes++] = prefix_of(prefix);
    job->cover.after = after;
    job->cover.covered = covered;
}

void
commit_job(struct store *store, struct store_job *job)
{
    bool full = true;

    assert_int_equal(store_commit(store, &job, 1, &full), CIM_OK);
    assert_false(full);
}

void
commit_ok(struct store *store, struct store_job **job)
{
    commit_job(store, *job);
    assert_int_equal((*job)->err, CIM_OK);
    store_job_destroy(job);
}

void
keep_all(struct store *store, const struct sealed *s)
{
    struct store_job *job = store_job_new(STORE_KEEP);

    job->now_ms = s->sh.h.time_ms;
    job_all(job, s);
    commit_ok(store, &job);
}

/* ---- the fixture --------------------------------------------------------*/

int
fixture_up(void **state)
{
    struct fixture *f = xcalloc(1, sizeof *f);
    struct cim_diag diag = {""};

    assert_int_equal(store_open(":memory:", &f->store, &diag), CIM_OK);
    f->reader = store_reader_of(f->store);
    author_open(&f->a, "odl/ci-1", 7);
    author_open(&f->b, "onap/ci-1", 9);
    *state = f;
    return 0;
}

int
fixture_down(void **state)
{
    struct fixture *f = *state;

    author_close(&f->a);
    author_close(&f->b);
    store_reader_close(&f->reader);
    store_close(&f->store);
    free(f);
    return 0;
}

/* ---- small things -------------------------------------------------------*/

struct cim_prefix
prefix_of(const char *text)
{
    struct cim_prefix prefix = {.len = (uint16_t)strlen(text)};

    snprintf(prefix.text, sizeof prefix.text, "%s", text);
    return prefix;
}

struct store_log
log_of(const struct author *a)
{
    struct store_log log = {.epoch = a->epoch};

    snprintf(log.node, sizeof log.node, "%s", a->node);
    return log;
}

char *
folder_make(void)
{
    const char *tmp = getenv("TMPDIR");
    char *folder = xasprintf("%s/cimesh-test-XXXXXX", tmp ? tmp : "/tmp");

    assert_non_null(mkdtemp(folder));
    return folder;
}

void
folder_remove(char **p)
{
    DIR *dir = opendir(*p);
    struct dirent *entry;

    assert_non_null(dir);
    while ((entry = readdir(dir)) != NULL) {
        char *path = xasprintf("%s/%s", *p, entry->d_name);
        unlink(path);
        free(path);
    }
    closedir(dir);
    rmdir(*p);
    free(*p);
    *p = NULL;
}

struct finding {
    struct store_log log;
    struct store_log_state state;
};

static void
find_state(void *ctx, struct store_log_state *s)
{
    struct finding *f = ctx;

    if (strcmp(s->log.node, f->log.node) != 0 || s->log.epoch != f->log.epoch)
        return;
    f->state = *s;
    s->cursors = NULL; /* taken */
    s->gaps = (struct span_set){0};
}

struct store_log_state
state_of(struct store *store, const struct author *a)
{
    struct finding f = {.log = log_of(a)};

    assert_int_equal(store_each_log(store, find_state, &f), CIM_OK);
    return f.state;
}

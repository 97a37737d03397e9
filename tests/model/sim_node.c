/* SPDX-License-Identifier: MPL-2.0 */
/*
 * A node: its run, its disk, its clock, and the effects of its mesh.
 *
 * The disk takes what was submitted so far, a little later, as one commit; a
 * crash in between loses it, or loses only the news of it. What was asked of
 * the reading side comes back a little later too.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "node/mem.h"
#include "tests/model/sim.h"

#define TICK_MS 250
#define WALL_MS INT64_C(1790000000000) /* at the start */
#define TYPE    "Build"

/* ---- names ---------------------------------------------------------------*/

void
sim_name(unsigned name, char out[static CIM_NODE_MAX + 1])
{
    snprintf(out, CIM_NODE_MAX + 1, "%c/ci-1", 'a' + (int)name);
}

unsigned
sim_name_of(const char *node)
{
    return (unsigned)(node[0] - 'a');
}

/* "a/Build/t1/" */
unsigned
sim_topic_of(struct cim_bytes topic)
{
    return topic.len > 9 ? (unsigned)(topic.p[9] - '0') : SIM_ALL;
}

void
sim_prefix(unsigned name, unsigned prefix, struct cim_prefix *out)
{
    int n;

    *out = (struct cim_prefix){.len = 0};
    if (prefix == SIM_ALL)
        n = snprintf(out->text, sizeof out->text, "%c/", 'a' + (int)name);
    else
        n = snprintf(out->text, sizeof out->text, "%c/" TYPE "/t%u/",
                     'a' + (int)name, prefix);
    out->len = (uint16_t)n;
}

/* Made once a process: keys are the same in every run. */
static struct cim_identity *identities[SIM_NAMES][SIM_KEYS];

const struct cim_identity *
sim_identity(unsigned name, unsigned key)
{
    struct cim_identity **id = &identities[name][key];
    uint8_t sign[32] = {(uint8_t)(name + 1), (uint8_t)(key + 1), 1};
    uint8_t curve[32] = {(uint8_t)(name + 1), (uint8_t)(key + 1), 2};

    if (!*id && cim_identity_from_seeds(sign, curve, id) != CIM_OK)
        mem_fail();
    return *id;
}

void
sim_identities_clear(void)
{
    for (unsigned i = 0; i < SIM_NAMES; i++)
        for (unsigned k = 0; k < SIM_KEYS; k++)
            if (identities[i][k])
                cim_identity_close(&identities[i][k]);
}

/* ---- the disk ------------------------------------------------------------*/

static void
no_room(struct store_job *job)
{
    job->err = CIM_EIO;
    job->full = true;
}

/* One transaction, as the store thread makes it. */
static void
commit_all(struct sim_node *node)
{
    bool full;

    if (node->full) {
        for (size_t i = 0; i < node->n_jobs; i++)
            if (node->jobs[i]->kind == STORE_LOOKUP)
                (void)!store_commit(node->store, &node->jobs[i], 1, &full);
            else
                no_room(node->jobs[i]);
        return;
    }
    if (store_commit(node->store, node->jobs, node->n_jobs, &full) != CIM_OK)
        sim_violation(node->sim, "STORE", "%u: commit failed", node->index);
    for (size_t i = 0; i < node->n_jobs; i++)
        sim_check_job(node, node->jobs[i]);
}

static void
disk(struct sim *sim, struct sim_event *event)
{
    struct sim_node *node = &sim->nodes[event->node];
    struct store_job **jobs = node->jobs;
    size_t n = node->n_jobs;

    if (event->gen != node->gen)
        return;
    commit_all(node);
    node->jobs = NULL;
    node->n_jobs = node->cap_jobs = 0;
    node->committing = false;
    node->sealed = 0;
    for (size_t i = 0; i < n; i++)
        mesh_job_done(node->mesh, jobs[i]);
    free(jobs);
}

static void
fx_submit(void *ctx, struct store_job *job)
{
    struct sim_node *node = ctx;
    struct sim_event *event;

    xgrow(&node->jobs, &node->cap_jobs, node->n_jobs, sizeof *node->jobs);
    node->jobs[node->n_jobs++] = job;
    if (job->n_batches && job->batches[0].own)
        node->sealed++;
    if (node->committing)
        return;
    node->committing = true;
    event = sim_at(node->sim, 20 + sim_chance(node->sim, 60), disk);
    event->node = node->index;
    event->gen = node->gen;
}

static void
have_ready(struct sim *sim, struct sim_event *event)
{
    struct sim_node *node = &sim->nodes[event->node];
    struct mesh_have_ask *ask = event->p;

    if (event->gen != node->gen)
        return;
    ask->err = store_have(node->reader, &ask->log, ask->after, ask->upto,
                          ask->prefixes, ask->n_prefixes, &ask->have);
    if (ask->err != CIM_OK)
        sim_violation(sim, "STORE", "%u: have failed", node->index);
    event->p = NULL;
    mesh_have_done(node->mesh, ask);
}

static void
fx_have(void *ctx, struct mesh_have_ask *ask)
{
    struct sim_node *node = ctx;
    struct sim_event *event =
        sim_at(node->sim, 1 + sim_chance(node->sim, 10), have_ready);

    event->node = node->index;
    event->gen = node->gen;
    event->p = ask;
}

/* ---- other effects -------------------------------------------------------*/

static void
fx_ask(void *ctx, const char *peer, struct cim_bytes frame)
{
    sim_net_ask(ctx, peer, frame);
}

static void
fx_publish(void *ctx, struct cim_bytes topic, struct cim_bytes frame)
{
    sim_net_publish(ctx, topic, frame);
}

static void
fx_answered(void *ctx, struct mesh_request *request)
{
    struct sim_node *node = ctx;

    if (request->err == CIM_OK)
        sim_check_acked(node, request);
    else
        sim_trace(node->sim, "%u publish refused: %s", node->index,
                  cim_err_label(request->err));
    mesh_request_destroy(&request);
}

static void
fx_stored(void *ctx, uint64_t arrival)
{
    (void)ctx;
    (void)arrival;
}

static void
fx_note(void *ctx, const struct mesh_note *note)
{
    sim_check_note(ctx, note);
}

static int64_t
fx_now_ms(void *ctx)
{
    const struct sim_node *node = ctx;

    return WALL_MS + node->sim->now_ms + node->off_ms;
}

static int64_t
fx_mono_ms(void *ctx)
{
    return 1 + ((const struct sim_node *)ctx)->sim->now_ms;
}

static void
fx_random(void *ctx, void *out, size_t len)
{
    struct sim_node *node = ctx;
    uint8_t *p = out;

    for (size_t i = 0; i < len; i++)
        p[i] = (uint8_t)sim_chance(node->sim, 256);
}

/* ---- publishing ----------------------------------------------------------*/

static void
fill_draft(struct sim_node *node, unsigned topic, struct cim_draft *draft)
{
    struct sim *sim = node->sim;
    char id[CIM_UUID_TEXT_LEN + 1];
    struct cim_prefix text;
    struct cim_event event = {.v = 1,
                              .id = {(const uint8_t *)id, CIM_UUID_TEXT_LEN},
                              .type_name = cim_bytes_str(TYPE),
                              .build_url = cim_bytes_str("https://ci/1")};
    uint8_t random[10] = {0};

    cim_u64be(++sim->serial, random);
    draft->id = cim_uuid_v7(fx_now_ms(node), random);
    cim_uuid_text(&draft->id, id);
    sim_prefix(node->name, topic, &text);
    event.topic = cim_prefix_bytes(&text);
    event.time_ms = fx_now_ms(node);
    if (cim_event_encode(&event, &draft->bytes) != CIM_OK ||
        cim_event_parse(cim_buf_bytes(&draft->bytes), CIM_PUBLISH,
                        &draft->event, NULL) != CIM_OK)
        sim_violation(sim, "SIM", "cannot make an event");
    draft->given = cim_hash_bytes(cim_buf_bytes(&draft->bytes));
    draft->id_given = sim->serial & 1;
}

void
sim_node_publish(struct sim_node *node, const uint8_t *topics, unsigned n)
{
    struct mesh_request *request = mesh_request_new(n);

    for (unsigned i = 0; i < n; i++)
        fill_draft(node, topics[i], &request->drafts[i]);
    mesh_publish(node->mesh, request);
}

/* ---- life ----------------------------------------------------------------*/

static void
tick(struct sim *sim, struct sim_event *event)
{
    struct sim_node *node = &sim->nodes[event->node];
    struct sim_event *next;

    if (event->gen != node->gen)
        return;
    mesh_tick(node->mesh);
    next = sim_at(sim, TICK_MS, tick);
    next->node = node->index;
    next->gen = node->gen;
}

static void
load_log(void *ctx, struct store_log_state *state)
{
    mesh_load_log(ctx, state);
}

static void
load_counter(void *ctx, const char *name, uint64_t value)
{
    mesh_load_counter(ctx, name, value);
}

/* The roster as far as this node has read of new keys. */
static struct roster *
roster_of(const struct sim_node *node)
{
    const struct sim *sim = node->sim;
    struct roster *roster = roster_new();

    for (unsigned i = 0; i < sim->plan->n_nodes; i++) {
        char name[CIM_NODE_MAX + 1];
        char community[2] = {(char)('a' + i), '\0'};
        struct roster_community *c = roster_community_new(community);
        struct roster_node *n;
        unsigned keys = node->known_keys[i];

        sim_name(i, name);
        n = roster_community_add(c, name);
        c->serial = keys + 1;
        strcpy(n->events, "tcp://sim:1");
        strcpy(n->sync, "tcp://sim:2");
        n->sign = cim_identity_signkey(sim_identity(i, keys));
        n->curve = cim_identity_curvekey(sim_identity(i, keys));
        for (unsigned k = 0; k < keys; k++)
            n->retired[n->n_retired++] = (struct roster_retired){
                .sign = cim_identity_signkey(sim_identity(i, k)),
                .upto_epoch = sim->upto[i][k][0],
                .upto_seq = sim->upto[i][k][1]};
        roster_put(roster, &c);
    }
    return roster;
}

void
sim_node_roster(struct sim_node *node)
{
    struct roster *roster = roster_of(node);

    mesh_set_roster(node->mesh, roster);
    roster_destroy(&roster);
}

void
sim_node_start(struct sim_node *node)
{
    const struct mesh_effects effects = {.ctx = node,
                                         .ask = fx_ask,
                                         .publish = fx_publish,
                                         .submit = fx_submit,
                                         .have = fx_have,
                                         .answered = fx_answered,
                                         .stored = fx_stored,
                                         .note = fx_note,
                                         .now_ms = fx_now_ms,
                                         .mono_ms = fx_mono_ms,
                                         .random = fx_random};
    struct sim_event *event;
    char name[CIM_NODE_MAX + 1];

    sim_name(node->name, name);
    node->gen++;
    node->up = true;
    node->mesh = mesh_new(name, sim_identity(node->name, node->key), &effects);
    if (store_each_log(node->store, load_log, node->mesh) != CIM_OK ||
        store_each_counter(node->store, load_counter, node->mesh) != CIM_OK)
        sim_violation(node->sim, "STORE", "%u: cannot be read", node->index);
    sim_node_roster(node);
    mesh_set_follows(node->mesh, &node->follows);
    mesh_start(node->mesh);
    event = sim_at(node->sim, sim_chance(node->sim, TICK_MS), tick);
    event->node = node->index;
    event->gen = node->gen;
    sim_trace(node->sim, "%u starts", node->index);
}

static void
drop_jobs(struct sim_node *node)
{
    for (size_t i = 0; i < node->n_jobs; i++)
        store_job_destroy(&node->jobs[i]);
    free(node->jobs);
    node->jobs = NULL;
    node->n_jobs = node->cap_jobs = 0;
    node->committing = false;
    node->sealed = 0;
}

/* What was on its way to the disk arrived there, or did not. */
void
sim_node_crash(struct sim_node *node)
{
    if (!node->up)
        return;
    sim_trace(node->sim, "%u crashes", node->index);
    if (node->n_jobs && sim_chance(node->sim, 2))
        commit_all(node);
    drop_jobs(node);
    mesh_destroy(&node->mesh);
    node->up = false;
    node->gen++;
}

static void
add_follow(struct sim_node *node, unsigned name, unsigned prefix)
{
    struct follow_list *list = &node->follows;

    list->v = xrealloc(list->v, (list->n + 1) * sizeof *list->v);
    list->v[list->n] = (struct follow){.now = false};
    sim_prefix(name, prefix, &list->v[list->n++].prefix);
}

void
sim_node_init(struct sim *sim, unsigned index, unsigned name)
{
    struct sim_node *node = &sim->nodes[index];
    struct cim_diag diag;

    *node = (struct sim_node){.sim = sim, .index = index, .name = name};
    if (sim->n_nodes <= index)
        sim->n_nodes = index + 1;
    if (store_open(":memory:", &node->store, &diag) != CIM_OK) {
        fprintf(stderr, "sim: %s\n", diag.text);
        abort();
    }
    node->reader = store_reader_of(node->store);
    for (unsigned i = 0; i < SIM_NAMES; i++)
        for (unsigned p = 0; p < SIM_PREFIXES; p++)
            if (sim->plan->follows[name][i] >> p & 1)
                add_follow(node, i, p);
}

void
sim_node_clear(struct sim_node *node)
{
    drop_jobs(node);
    mesh_destroy(&node->mesh);
    store_reader_close(&node->reader);
    store_close(&node->store);
    follow_list_clear(&node->follows);
    free(node->places.v);
    sim_state_clear(&node->backup);
}

/* ---- backups -------------------------------------------------------------*/

void
sim_state_clear(struct sim_state *state)
{
    cim_buf_clear(&state->store);
    free(state->places.v);
    *state = (struct sim_state){0};
}

void
sim_node_backup(struct sim_node *node, struct sim_state *out)
{
    sim_state_clear(out);
    if (store_save(node->store, &out->store) != CIM_OK)
        sim_violation(node->sim, "STORE", "%u: cannot save", node->index);
    sim_places_copy(&out->places, &node->places);
    memcpy(out->starts, node->starts, sizeof out->starts);
    out->n_starts = node->n_starts;
    out->last_epoch = node->last_epoch;
    out->last_seq = node->last_seq;
}

void
sim_node_restore(struct sim_node *node, const struct sim_state *from)
{
    if (store_restore(node->store, cim_buf_bytes(&from->store)) != CIM_OK)
        sim_violation(node->sim, "STORE", "%u: cannot restore", node->index);
    store_reader_close(&node->reader);
    node->reader = store_reader_of(node->store);
    sim_places_copy(&node->places, &from->places);
    memcpy(node->starts, from->starts, sizeof node->starts);
    node->n_starts = from->n_starts;
    node->last_epoch = from->last_epoch;
    node->last_seq = from->last_seq;
}

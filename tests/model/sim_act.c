/* SPDX-License-Identifier: MPL-2.0 */
/* What goes wrong, one function a fault, and the healing at the end. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "node/mem.h"
#include "node/store_private.h"
#include "tests/model/sim.h"

typedef void act_fn(struct sim *sim, struct sim_node *node,
                    const struct sim_act *act);

static void
act_pub(struct sim *sim, struct sim_node *node, const struct sim_act *act)
{
    (void)sim;
    if (node->up)
        sim_node_publish(node, act->topics, act->n);
}

static void
act_crash(struct sim *sim, struct sim_node *node, const struct sim_act *act)
{
    (void)sim;
    (void)act;
    sim_node_crash(node);
}

static void
act_start(struct sim *sim, struct sim_node *node, const struct sim_act *act)
{
    (void)sim;
    (void)act;
    if (!node->up && !node->killed)
        sim_node_start(node);
}

static void
act_backup(struct sim *sim, struct sim_node *node, const struct sim_act *act)
{
    (void)sim;
    (void)act;
    sim_node_backup(node, &node->backup);
    node->has_backup = true;
}

static void
act_restore(struct sim *sim, struct sim_node *node, const struct sim_act *act)
{
    (void)sim;
    (void)act;
    if (!node->has_backup)
        return;
    sim_node_crash(node);
    sim_node_restore(node, &node->backup);
    if (!node->killed)
        sim_node_start(node);
}

static void
act_clone(struct sim *sim, struct sim_node *node, const struct sim_act *act)
{
    struct sim_state copy = {0};
    struct sim_node *twin;

    if (sim->n_nodes > sim->plan->n_nodes)
        return;
    sim_node_init(sim, sim->n_nodes, node->name);
    twin = &sim->nodes[sim->n_nodes - 1];
    twin->off_ms = node->off_ms;
    twin->key = node->key;
    memcpy(twin->known_keys, node->known_keys, sizeof twin->known_keys);
    follow_list_clear(&twin->follows);
    follow_list_copy(&twin->follows, &node->follows);
    sim_node_backup(node, &copy);
    sim_node_restore(twin, &copy);
    sim_state_clear(&copy);
    for (unsigned i = 0; i < SIM_NODES; i++)
        if (i != node->index && (act->mask >> i & 1))
            sim->route[i][node->name] = twin->index;
    sim_node_start(twin);
}

static void
set_part(struct sim *sim, const struct sim_act *act, bool parted)
{
    sim->parted[act->node][act->other] = parted;
    sim->parted[act->other][act->node] = parted;
}

static void
act_part(struct sim *sim, struct sim_node *node, const struct sim_act *act)
{
    (void)node;
    set_part(sim, act, true);
}

static void
act_unpart(struct sim *sim, struct sim_node *node, const struct sim_act *act)
{
    (void)node;
    set_part(sim, act, false);
}

static void
act_follow(struct sim *sim, struct sim_node *node, const struct sim_act *act)
{
    struct follow_list *list = &node->follows;
    struct cim_prefix prefix;

    (void)sim;
    sim_prefix(act->other, act->n, &prefix);
    for (size_t i = 0; i < list->n; i++)
        if (cim_bytes_eq(cim_prefix_bytes(&list->v[i].prefix),
                         cim_prefix_bytes(&prefix)))
            return;
    list->v = xrealloc(list->v, (list->n + 1) * sizeof *list->v);
    list->v[list->n++] = (struct follow){.prefix = prefix, .now = act->flag};
    if (node->up)
        mesh_set_follows(node->mesh, list);
}

static void
act_clock(struct sim *sim, struct sim_node *node, const struct sim_act *act)
{
    (void)sim;
    node->off_ms += act->ms;
}

static void
act_full(struct sim *sim, struct sim_node *node, const struct sim_act *act)
{
    (void)sim;
    (void)act;
    node->full = true;
}

static void
act_room(struct sim *sim, struct sim_node *node, const struct sim_act *act)
{
    (void)sim;
    (void)act;
    node->full = false;
}

static int
by_age(const void *a, const void *b)
{
    const int64_t *x = a;
    const int64_t *y = b;

    return (*x > *y) - (*x < *y);
}

/* Retention: everything received before the event at n percent. */
static void
act_purge(struct sim *sim, struct sim_node *node, const struct sim_act *act)
{
    struct store_job *job = store_job_new(STORE_PURGE);
    int64_t *ages = xcalloc(node->places.n, sizeof *ages);
    size_t n = 0;
    bool full;

    for (size_t i = 0; i < node->places.cap; i++)
        if (node->places.v[i].seq && node->places.v[i].stored)
            ages[n++] = node->places.v[i].received_ms;
    if (n)
        qsort(ages, n, sizeof *ages, by_age);
    if (n)
        job->purge.before_ms = ages[(n - 1) * act->n / 100] + 1;
    free(ages);
    if (n && !node->full && store_commit(node->store, &job, 1, &full) != CIM_OK)
        sim_violation(sim, "STORE", "%u: cannot purge", node->index);
    if (node->up && n && !node->full)
        mesh_job_done(node->mesh, job);
    else
        store_job_destroy(&job);
    sim_check_purge(node);
}

static void
act_equiv(struct sim *sim, struct sim_node *node, const struct sim_act *act)
{
    static const uint8_t topics[2] = {0, 0};

    (void)sim;
    if (!node->up || node->sealed)
        return;
    node->equiv = act->n;
    sim_node_publish(node, topics, 2);
}

/* A new key: the old one is good for what was sealed so far. */
static void
act_rotate(struct sim *sim, struct sim_node *node, const struct sim_act *act)
{
    unsigned old = sim->keys[node->name];

    (void)act;
    if (!node->up || node->sealed || old + 1 == SIM_KEYS)
        return;
    sim->upto[node->name][old][0] = node->last_epoch;
    sim->upto[node->name][old][1] = node->last_seq;
    sim->keys[node->name] = old + 1;
    sim_node_crash(node);
    node->key = old + 1;
    node->known_keys[node->name] = old + 1;
    sim_node_start(node);
}

static void
act_roster(struct sim *sim, struct sim_node *node, const struct sim_act *act)
{
    (void)act;
    memcpy(node->known_keys, sim->keys, sizeof node->known_keys);
    if (node->up)
        sim_node_roster(node);
}

static void
act_syncdead(struct sim *sim, struct sim_node *node, const struct sim_act *act)
{
    (void)sim;
    node->syncdead = act->flag;
}

static void
act_kill(struct sim *sim, struct sim_node *node, const struct sim_act *act)
{
    (void)sim;
    (void)act;
    node->killed = true;
    sim_node_crash(node);
}

static void
rot_aside(struct sim_node *node, const struct store_log *log, uint64_t seq)
{
    struct store_job *job = store_job_new(STORE_ASIDE);
    struct sim_place *place =
        sim_place_find(&node->places, sim_name_of(log->node), log->epoch, seq);
    bool full;

    job->aside.log = *log;
    job->aside.seq = seq;
    if (store_commit(node->store, &job, 1, &full) != CIM_OK)
        sim_violation(node->sim, "STORE", "%u: cannot set aside", node->index);
    if (place)
        place->rotted = true;
    if (node->up)
        mesh_job_done(node->mesh, job);
    else
        store_job_destroy(&job);
}

static bool
look_at(void *ctx, const struct store_row *row)
{
    (void)ctx;
    (void)row;
    return true;
}

/* Bits fall over on the disk; who reads them finds out. */
static void
act_rot(struct sim *sim, struct sim_node *node, const struct sim_act *act)
{
    struct store_query query = {.limit = 100000, .max_bytes = 1u << 30};
    char name[CIM_NODE_MAX + 1], sql[300];
    struct store_log log;
    uint64_t scanned, seq;

    sim_name(act->other, name);
    snprintf(sql, sizeof sql,
             "UPDATE event SET bytes = zeroblob(length(bytes)) WHERE log IN"
             " (SELECT l.id FROM log l JOIN feed f ON f.id = l.feed"
             " WHERE f.node = '%s')",
             name);
    if (!store_exec(node->store, sql) ||
        store_events(node->reader, &query, look_at, NULL, &scanned) != CIM_OK)
        sim_violation(sim, "STORE", "%u: cannot rot", node->index);
    while (store_reader_rotten(node->reader, &log, &seq))
        rot_aside(node, &log, seq);
}

static act_fn *const acts[SIM_KINDS] = {[SIM_PUB] = act_pub,
                                        [SIM_CRASH] = act_crash,
                                        [SIM_START] = act_start,
                                        [SIM_BACKUP] = act_backup,
                                        [SIM_RESTORE] = act_restore,
                                        [SIM_CLONE] = act_clone,
                                        [SIM_PART] = act_part,
                                        [SIM_UNPART] = act_unpart,
                                        [SIM_FOLLOW] = act_follow,
                                        [SIM_CLOCK] = act_clock,
                                        [SIM_FULL] = act_full,
                                        [SIM_ROOM] = act_room,
                                        [SIM_PURGE] = act_purge,
                                        [SIM_EQUIV] = act_equiv,
                                        [SIM_ROTATE] = act_rotate,
                                        [SIM_ROSTER] = act_roster,
                                        [SIM_SYNCDEAD] = act_syncdead,
                                        [SIM_KILL] = act_kill,
                                        [SIM_ROT] = act_rot};

void
sim_act(struct sim *sim, struct sim_event *event)
{
    const struct sim_act *act = &event->act;

    if (act->node >= sim->n_nodes)
        return;
    if (sim->trace)
        sim_act_print(act);
    acts[act->kind](sim, &sim->nodes[act->node], act);
}

void
sim_heal(struct sim *sim)
{
    sim->drop_pub = sim->drop_sync = 0;
    memset(sim->parted, 0, sizeof sim->parted);
    for (unsigned i = 0; i < sim->n_nodes; i++) {
        struct sim_node *node = &sim->nodes[i];

        node->full = false;
        memcpy(node->known_keys, sim->keys, sizeof node->known_keys);
        if (node->up)
            sim_node_roster(node);
        else if (!node->killed)
            sim_node_start(node);
    }
}

/* SPDX-License-Identifier: MPL-2.0 */
#include "node/node.h"

#include <errno.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "node/clock.h"
#include "node/failpoint.h"
#include "node/journal.h"
#include "node/mem.h"
#include "node/node_private.h"
#include "node/notify.h"

#define FILES_MAX 65536 /* open files; more than that only slows closing */

/* A peer costs two sockets, two monitors and the two ends they watch. */
#define SOCKETS_PER_PEER 6
#define SOCKETS_LEAST    1024

/* ---- effects of the mesh ------------------------------------------------*/

static void
effect_ask(void *ctx, const char *peer, struct cim_bytes frame)
{
    struct node *node = ctx;

    if (node->links)
        links_ask(node->links, peer, frame);
}

static void
effect_publish(void *ctx, struct cim_bytes topic, struct cim_bytes frame)
{
    struct node *node = ctx;

    if (node->links)
        links_publish(node->links, topic, frame);
}

static void
effect_submit(void *ctx, struct store_job *job)
{
    if (job->n_batches && job->batches[0].own) {
        (void)FAILPOINT(BATCH_SIGNED);
        if (job->batches[0].sh.h.first == 1)
            (void)FAILPOINT(EPOCH_BEGUN);
    }
    node_submit(ctx, job);
}

static void
effect_have(void *ctx, struct mesh_have_ask *ask)
{
    struct node *node = ctx;
    struct serve_task *task = serve_task_new(SERVE_HAVE);

    task->have = ask;
    serve_submit(node->serve, task);
}

static void
effect_answered(void *ctx, struct mesh_request *request)
{
    struct node *node = ctx;

    if (!promoter_answered(node->promoter, request))
        node_api_answered(node, request);
    (void)FAILPOINT(ANSWER_GIVEN);
}

static void
effect_found(void *ctx, struct mesh_find *find)
{
    node_api_found(ctx, find);
}

static void
effect_stored(void *ctx, uint64_t arrival)
{
    struct node *node = ctx;

    node->last_arrival = arrival;
    if (node->http)
        http_stored(node->http, arrival);
    if (node->hooks)
        hooks_stored(node->hooks, arrival);
    if (node->promoter)
        promoter_stored(node->promoter, arrival);
}

static int64_t
effect_now_ms(void *ctx)
{
    (void)ctx;
    return clock_wall_ms();
}

static int64_t
effect_mono_ms(void *ctx)
{
    (void)ctx;
    return clock_mono_ms();
}

static void
effect_random(void *ctx, void *out, size_t len)
{
    (void)ctx;
    cim_random(out, len);
}

/* ---- start --------------------------------------------------------------*/

static void
raise_limits(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
        return;
    limit.rlim_cur =
        limit.rlim_max < FILES_MAX ? limit.rlim_max : (rlim_t)FILES_MAX;
    if (setrlimit(RLIMIT_NOFILE, &limit) < 0)
        log_warn("NODE-LIMIT", "what=nofile error=\"%s\"", strerror(errno));
}

/* czmq keeps its hands off signals and stdout; all before its first socket. */
static void
start_zmq(const struct roster *roster)
{
    size_t peers = 0;

    for (size_t i = 0; i < roster->n; i++)
        peers += roster->communities[i]->n_nodes;
    zsys_handler_set(NULL);
    zsys_init();
    zsys_set_logstream(stderr);
    zsys_set_io_threads(2);
    /* As much again and more: a roster grows while the node runs. */
    zsys_set_max_sockets(SOCKETS_LEAST + 2 * SOCKETS_PER_PEER * peers);
    zsys_set_linger(0);
    zsys_set_pipehwm(0);
}

static int
start_machine(struct node *node, struct cim_diag *diag)
{
    node->signal_fd = node_signals_open();
    if (node->signal_fd < 0 || cim_sodium_start()) {
        cim_diag_set(diag, "the system gives no signals or no randomness: %s",
                     strerror(errno));
        return CMD_SYSTEM;
    }
    raise_limits();
    return CMD_OK;
}

static int
start_store(struct node *node, struct cim_diag *diag)
{
    switch (store_open(node->settings->data_file, &node->store, diag)) {
    case CIM_OK:
        store_reserve(node->store, node->settings->reserve_bytes);
        return CMD_OK;
    case CIM_EEXIST:
        return CMD_AGAIN;
    case CIM_EPERM:
        return CMD_DENIED;
    case CIM_EVERSION:
        return CMD_CONFIG;
    case CIM_ESTATE:
        return CMD_BUG;
    default:
        return CMD_STORAGE;
    }
}

static void
load_log(void *ctx, struct store_log_state *state)
{
    mesh_load_log(((struct node *)ctx)->mesh, state);
}

static void
load_counter(void *ctx, const char *name, uint64_t value)
{
    mesh_load_counter(((struct node *)ctx)->mesh, name, value);
}

/* All that the store knows, read before its thread takes it. */
static int
start_mesh(struct node *node, struct cim_diag *diag)
{
    const struct mesh_effects effects = {
        .ctx = node,
        .ask = effect_ask,
        .publish = effect_publish,
        .submit = effect_submit,
        .have = effect_have,
        .answered = effect_answered,
        .found = effect_found,
        .stored = effect_stored,
        .note = node_note,
        .now_ms = effect_now_ms,
        .mono_ms = effect_mono_ms,
        .random = effect_random,
    };

    node->mesh = mesh_new(node->settings->node, node->identity, &effects);
    if (store_each_log(node->store, load_log, node) ||
        store_each_counter(node->store, load_counter, node) ||
        node_load_hooks(node)) {
        cim_diag_set(diag,
                     "%s: cannot be read; restore it from a backup, or move "
                     "it away: the node then fetches what its peers have",
                     node->settings->data_file);
        return CMD_STORAGE;
    }
    node->last_arrival = store_last_arrival(node->store);
    return CMD_OK;
}

static int
start_threads(struct node *node, struct cim_diag *diag)
{
    node->loop = zloop_new();
    zloop_set_nonstop(node->loop, true);
    node->store_thread = store_thread_start(&node->store);
    if (serve_start(node->settings->data_file, node->settings->node,
                    &node->serve, diag))
        return CMD_STORAGE;
    mesh_set_roster(node->mesh, node->roster);
    node_apply_follows(node);
    return CMD_OK;
}

static int
start_links(struct node *node, struct cim_diag *diag)
{
    /* Test knob: links come back after this long instead of half a second,
     * so that a test which breaks them does not wait. */
    const char *knob = getenv("CIMESH_TEST_RECONNECT_MS");
    const struct links_config config = {
        .loop = node->loop,
        .mesh = node->mesh,
        .identity = node->identity,
        .self = node->settings->node,
        .events = node->settings->events,
        .sync = node->settings->sync,
        .reconnect_ms = knob ? atoi(knob) : 0,
    };

    if (links_open(&config, &node->links, diag))
        return CMD_SYSTEM;
    links_set_serve(node->links, node->serve);
    links_apply(node->links, node->roster, node->settings->readers_any);
    return CMD_OK;
}

static int
start_hooks(struct node *node)
{
    const struct hooks_config config = {
        .loop = node->loop,
        .store = node->store_thread,
        .serve = node->serve,
        .dir = node->dir,
        .scratch_dir = node->settings->scratch_dir,
        .community = node->settings->community,
        .now_ms = effect_now_ms,
        .ctx = node,
    };

    node->hooks = hooks_new(&config);
    hooks_apply(node->hooks, node->settings, node->known, node->n_known,
                node->last_arrival);
    return CMD_OK;
}

static int
start_http(struct node *node, struct cim_diag *diag)
{
    const struct http_config config = {
        .socket = node->settings->api_socket,
        .data_file = node->settings->data_file,
        .node = node->settings->node,
    };

    switch (http_start(&config, &node->http, diag)) {
    case CIM_OK:
        http_stored(node->http, node->last_arrival);
        return CMD_OK;
    case CIM_EEXIST:
        return CMD_AGAIN;
    case CIM_EPERM:
        return CMD_DENIED;
    case CIM_ETOOBIG:
        return CMD_CONFIG;
    default:
        return CMD_SYSTEM;
    }
}

/* The start order; each step uses what the ones before it made. */
static int
start(struct node *node, struct cim_diag *diag)
{
    int code = start_machine(node, diag);

    if (!code)
        code = node_load_settings(node, diag);
    if (!code)
        code = node_load_identity(node, diag);
    if (!code)
        code = start_store(node, diag);
    (void)FAILPOINT(START_STORE);
    if (!code)
        code = node_load_roster(node, diag);
    if (!code)
        code = start_mesh(node, diag);
    if (code)
        return code;
    start_zmq(node->roster);
    code = start_threads(node, diag);
    if (!code)
        code = start_links(node, diag);
    (void)FAILPOINT(START_LINKS);
    if (!code)
        code = start_hooks(node);
    (void)FAILPOINT(START_HOOKS);
    if (!code)
        code = node_start_promoter(node, diag);
    if (!code)
        code = start_http(node, diag);
    if (!code)
        mesh_start(node->mesh);
    return code;
}

static void
say_ready(const struct node *node)
{
    const char *events = links_events(node->links);
    size_t peers = links_count(node->links);
    char line[800];

    snprintf(line, sizeof line, "%s is ready: %s%s%s%s, %zu peer%s",
             node->settings->node, *events ? "events " : "nobody dials it",
             events, *events ? ", sync " : "", links_sync(node->links), peers,
             peers == 1 ? "" : "s");
    fprintf(stderr, "cimesh: %s\n", line);
    notify_ready(line);
}

/* ---- stop ---------------------------------------------------------------*/

/* In reverse; each takes NULL. The store thread finishes what it was given
 * before it ends, so it goes after all who give. */
static void
stop(struct node *node)
{
    http_stop(&node->http);
    judge_stop(&node->judge);
    hooks_destroy(&node->hooks);
    links_close(&node->links);
    serve_stop(&node->serve);
    store_thread_stop(&node->store_thread);
    (void)FAILPOINT(STOP_STORE);
    mesh_destroy(&node->mesh);
    promoter_destroy(&node->promoter);
    node_api_clear(node);
    store_close(&node->store);
    zloop_destroy(&node->loop);
    roster_destroy(&node->roster);
    for (size_t i = 0; i < node->n_accepted; i++)
        cim_buf_clear(&node->accepted[i].bytes);
    free(node->accepted);
    free(node->known);
    node_warnings_clear(node);
    cim_identity_close(&node->identity);
    settings_destroy(&node->settings);
    if (node->signal_fd >= 0)
        close(node->signal_fd);
}

int
node_run(const char *dir)
{
    struct node node = {.dir = dir,
                        .signal_fd = -1,
                        .health = -1,
                        .started_ms = clock_wall_ms()};
    struct cim_diag diag = {0};

    node.exit_code = start(&node, &diag);
    if (node.exit_code) {
        fprintf(stderr, "cimesh: %s\n", diag.text);
    } else {
        say_ready(&node);
        (void)FAILPOINT(START_READY);
        node_run_loop(&node);
        (void)FAILPOINT(STOP_DRAINED);
    }
    stop(&node);
    return node.exit_code;
}

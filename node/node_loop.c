/* SPDX-License-Identifier: MPL-2.0 */
/* What the loop wakes up for: pipes of the other threads, signals, ticks. */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "node/clock.h"
#include "node/failpoint.h"
#include "node/journal.h"
#include "node/mem.h"
#include "node/node_private.h"
#include "node/notify.h"

#define TASKS_PER_TURN 64

/* ---- the end ------------------------------------------------------------*/

static void
stop(struct node *node)
{
    if (node->stop_mono_ms) {
        node->stop_now = true; /* asked twice: no more waiting */
        return;
    }
    log_info("NODE-STOP", "why=signal");
    notify_stopping();
    node->stop_mono_ms = clock_mono_ms();
    http_health(node->http, false, "stopping");
    (void)FAILPOINT(STOP_ASKED);
}

/* Everything of our own is committed and told, hooks had their moment. */
static bool
is_drained(struct node *node)
{
    int64_t passed = clock_mono_ms() - node->stop_mono_ms;
    bool mesh = mesh_drain(node->mesh);
    bool hooks = hooks_drain(node->hooks) || passed > NODE_HOOKS_MS;
    bool promoter = promoter_drain(node->promoter);

    return (mesh && hooks && promoter) || passed > NODE_STOP_MS;
}

/* What a zloop handler returns: -1 ends the loop. */
static int
go_on(struct node *node)
{
    if (node->stop_now)
        return -1;
    return node->stop_mono_ms && is_drained(node) ? -1 : 0;
}

static void
storage_failed(struct node *node, const struct store_job *job)
{
    const char *file = node->settings->data_file;
    const char *why = job->why ? job->why : "";

    node->storage = NODE_STORAGE_FAILED;
    node->exit_code = job->bug ? CMD_BUG : CMD_STORAGE;
    node->stop_now = true;
    if (job->bug)
        log_fatal("STORAGE-BUG",
                  "file=%s why=\"%s\" text=\"the database refused a "
                  "statement of cimesh: the node ends, nothing unwritten was "
                  "acknowledged; look for rot with `cimesh fsck`, and report "
                  "this line\"",
                  file, why);
    else
        log_fatal("STORAGE-FAILED",
                  "file=%s why=\"%s\" text=\"the disk refused to keep what "
                  "was written, or the file was deleted or moved: the node "
                  "ends, nothing unwritten was acknowledged; check the disk, "
                  "then start it again\"",
                  file, why);
}

/* ---- store and serve ----------------------------------------------------*/

void
node_submit(struct node *node, struct store_job *job)
{
    node->jobs_out++;
    if (node->jobs_out > NODE_JOBS_HIGH && node->links)
        links_hold(node->links, true);
    store_thread_submit(node->store_thread, job);
}

static void
note_storage(struct node *node, const struct store_job *job)
{
    if (job->err == CIM_EIO && !job->full)
        storage_failed(node, job);
    else if (job->full)
        node->storage =
            job->read_only ? NODE_STORAGE_READ_ONLY : NODE_STORAGE_FULL;
    else if (job->err == CIM_OK && job->low && node->storage == NODE_STORAGE_OK)
        node->storage = NODE_STORAGE_LOW;
    else if (job->err == CIM_OK && node->storage != NODE_STORAGE_FAILED &&
             store_job_writes(job))
        node->storage = job->low ? NODE_STORAGE_LOW : NODE_STORAGE_OK;
}

/* To whom a finished job belongs. */
static void
job_done(struct node *node, struct store_job *job)
{
    note_storage(node, job);
    if (job->n_batches && job->batches[0].own)
        (void)FAILPOINT(OWN_COMMITTED);
    else if (job->kind == STORE_KEEP)
        (void)FAILPOINT(PAGE_STORED);
    switch (job->kind) {
    case STORE_HOOK:
        node_hook_saved(node, job);
        if (promoter_owns(node->promoter, job))
            promoter_job_done(node->promoter, job);
        else
            hooks_job_done(node->hooks, job);
        break;
    case STORE_ROSTER:
        if (job->err)
            log_warn("STORE-JOB", "kind=roster error=%s",
                     cim_err_label(job->err));
        store_job_destroy(&job);
        break;
    case STORE_PURGE:
        if (job->err)
            log_warn("STORE-JOB", "kind=purge error=%s",
                     cim_err_label(job->err));
        else if (job->purge.purged)
            node->purge_mono_ms = 0; /* with the next tick */
        mesh_job_done(node->mesh, job);
        break;
    default:
        mesh_job_done(node->mesh, job);
        break;
    }
}

static int
on_store(zloop_t *loop, zsock_t *pipe, void *arg)
{
    struct node *node = arg;
    struct store_job *job;

    (void)loop;
    (void)pipe;
    for (int i = 0; i < TASKS_PER_TURN; i++) {
        job = store_thread_take(node->store_thread);
        if (!job)
            break;
        node->jobs_out -= job->kind != STORE_HOOK; /* those hooks submit */
        job_done(node, job);
    }
    if (node->jobs_out < NODE_JOBS_LOW)
        links_hold(node->links, false);
    links_resume(node->links);
    return go_on(node);
}

void
node_set_aside(struct node *node, const struct store_log *log, uint64_t seq,
               uint64_t arrival)
{
    struct store_job *job = store_job_new(STORE_ASIDE);

    job->aside.log = *log;
    job->aside.seq = seq;
    job->aside.arrival = arrival;
    job->now_ms = clock_wall_ms();
    log_warn("STORE-ROT",
             "node=%s epoch=%llu seq=%llu text=\"no longer what was signed or "
             "stored: looked at again, set aside, to be fetched again\"",
             log->node, (unsigned long long)log->epoch,
             (unsigned long long)seq);
    node_submit(node, job);
}

static void
task_done(struct node *node, struct serve_task *task)
{
    struct mesh_have_ask *have = task->have;

    if (task->rotten)
        node_set_aside(node, &task->rotten_log, task->rotten_seq, 0);
    switch (task->kind) {
    case SERVE_HAVE:
        task->have = NULL;
        serve_task_destroy(&task);
        mesh_have_done(node->mesh, have);
        break;
    case SERVE_PAGE:
        links_page(node->links, task);
        break;
    case SERVE_NEXT:
        hooks_served(node->hooks, task);
        break;
    case SERVE_TOTALS:
        serve_task_destroy(&task);
        break;
    }
}

static int
on_serve(zloop_t *loop, zsock_t *pipe, void *arg)
{
    struct node *node = arg;
    struct serve_task *task;

    (void)loop;
    (void)pipe;
    for (int i = 0; i < TASKS_PER_TURN; i++) {
        task = serve_take(node->serve);
        if (!task)
            break;
        task_done(node, task);
    }
    return go_on(node);
}

static int
on_judge(zloop_t *loop, zsock_t *pipe, void *arg)
{
    struct node *node = arg;

    (void)loop;
    (void)pipe;
    promoter_judged(node->promoter);
    return go_on(node);
}

static int
on_http(zloop_t *loop, zmq_pollitem_t *item, void *arg)
{
    struct node *node = arg;
    struct api_call *call;

    (void)loop;
    (void)item;
    for (int i = 0; i < TASKS_PER_TURN; i++) {
        call = http_take(node->http);
        if (!call)
            break;
        node_api(node, call);
    }
    return go_on(node);
}

/* ---- signals ------------------------------------------------------------*/

int
node_signals_open(void)
{
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGHUP);
    sigaddset(&set, SIGCHLD);
    signal(SIGPIPE, SIG_IGN);
    if (sigprocmask(SIG_BLOCK, &set, NULL) < 0)
        return -1;
    return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

static void
reload(struct node *node)
{
    struct cim_buf text = {0};
    struct cim_diag diag = {0};
    enum cim_err err;
    size_t refused;

    notify_reloading();
    err = node_reload(node, &text, &refused, &diag);
    if (err)
        log_warn("RELOAD-REFUSED", "text=\"%s\"", diag.text);
    cim_buf_clear(&text);
    notify_ready(err ? "running; the last reload was refused" : "running");
}

static int
on_signal(zloop_t *loop, zmq_pollitem_t *item, void *arg)
{
    struct node *node = arg;
    struct signalfd_siginfo info;

    (void)loop;
    while (read(item->fd, &info, sizeof info) == (ssize_t)sizeof info) {
        if (info.ssi_signo == SIGCHLD)
            hooks_children(node->hooks);
        else if (info.ssi_signo == SIGHUP)
            reload(node);
        else
            stop(node);
    }
    return go_on(node);
}

/* ---- ticks --------------------------------------------------------------*/

static void
purge(struct node *node)
{
    const struct settings *s = node->settings;
    int64_t now_ms = clock_wall_ms(), now = clock_mono_ms();
    int64_t every =
        node->storage == NODE_STORAGE_OK ? NODE_PURGE_MS : NODE_PURGE_LOW_MS;
    struct store_job *job;

    if ((!s->keep_days && !s->keep_bytes) ||
        (node->purge_mono_ms && now - node->purge_mono_ms < every))
        return;
    node->purge_mono_ms = now;
    job = store_job_new(STORE_PURGE);
    job->now_ms = now_ms;
    if (s->keep_days)
        job->purge.before_ms = now_ms - (int64_t)s->keep_days * 86400000;
    job->purge.max_bytes = s->keep_bytes;
    job->purge.few = node->storage != NODE_STORAGE_OK;
    node_submit(node, job);
}

/* What /readyz says; the mesh words it as status does. */
static void
tell_health(struct node *node)
{
    bool ready = mesh_ready(node->mesh) && node->storage == NODE_STORAGE_OK;
    struct view_status view;
    char why[64] = "";

    if (node->stop_mono_ms || node->health == ready)
        return;
    node->health = ready;
    if (!ready) {
        mesh_view_status(node->mesh, &view);
        snprintf(why, sizeof why, "publishing: %s", view.publishing);
        view_status_clear(&view);
    }
    http_health(node->http, ready,
                node->storage == NODE_STORAGE_OK ||
                        node->storage == NODE_STORAGE_FAILED
                    ? why
                    : "no room to store events");
}

static int
on_tick(zloop_t *loop, int timer, void *arg)
{
    struct node *node = arg;

    (void)loop;
    (void)timer;
    mesh_tick(node->mesh);
    links_tick(node->links);
    hooks_tick(node->hooks);
    promoter_tick(node->promoter);
    purge(node);
    tell_health(node);
    return go_on(node);
}

/* The loop turns: what a supervisor wants to hear. */
static int
on_watch(zloop_t *loop, int timer, void *arg)
{
    (void)loop;
    (void)timer;
    (void)arg;
    notify_alive();
    return 0;
}

/* ---- the loop -----------------------------------------------------------*/

static void
read_pipe(struct node *node, void *pipe, zloop_reader_fn *handler)
{
    zloop_reader(node->loop, pipe, handler, node);
    zloop_reader_set_tolerant(node->loop, pipe);
}

void
node_run_loop(struct node *node)
{
    zmq_pollitem_t signals = {.fd = node->signal_fd, .events = ZMQ_POLLIN};
    zmq_pollitem_t calls = {.fd = http_fd(node->http), .events = ZMQ_POLLIN};
    int64_t watch_ms;

    read_pipe(node, store_thread_pipe(node->store_thread), on_store);
    read_pipe(node, serve_pipe(node->serve), on_serve);
    read_pipe(node, judge_pipe(node->judge), on_judge);
    zloop_poller(node->loop, &calls, on_http, node);
    zloop_poller_set_tolerant(node->loop, &calls);
    zloop_poller(node->loop, &signals, on_signal, node);
    zloop_timer(node->loop, NODE_TICK_MS, 0, on_tick, node);
    if (notify_watched(&watch_ms))
        zloop_timer(node->loop, (size_t)(watch_ms / 3 + 1), 0, on_watch, NULL);
    while (!node->stop_now && zloop_start(node->loop) == 0)
        ;
    zloop_reader_end(node->loop, store_thread_pipe(node->store_thread));
    zloop_reader_end(node->loop, serve_pipe(node->serve));
    zloop_reader_end(node->loop, judge_pipe(node->judge));
    zloop_poller_end(node->loop, &calls);
    zloop_poller_end(node->loop, &signals);
}

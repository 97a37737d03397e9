/* SPDX-License-Identifier: MPL-2.0 */
/*
 * An actor: a thread with a loop of its own over two things, the epoll
 * descriptor of libmicrohttpd, which runs no thread itself, and a pipe from
 * the node's loop. A request that needs the node's live state becomes a call:
 * the connection is suspended, the call goes over the pipe, comes back filled,
 * and the connection goes on. News (what is committed, ready or not) is sent
 * once and then only after the thread said that it heard, so a busy thread
 * finds the newest and no queue.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "node/clock.h"
#include "node/http_private.h"
#include "node/mem.h"
#include "node/notify.h"

#define ROTTEN_MAX 16 /* told in one turn */

/* ---- the pipes: one each way, of pointers. Never more of them than
 * connections and a few, so a write finds room. */

static void
pipe_send(const int ends[2], const struct http_message *message)
{
    struct http_message *copy = xcalloc(1, sizeof *copy);

    *copy = *message;
    while (write(ends[1], &copy, sizeof copy) < 0 && errno == EINTR)
        ;
}

static bool
pipe_take(const int ends[2], struct http_message *message)
{
    struct http_message *copy;
    ssize_t n;

    do
        n = read(ends[0], &copy, sizeof copy);
    while (n < 0 && errno == EINTR);
    if (n != (ssize_t)sizeof copy)
        return false;
    *message = *copy;
    free(copy);
    return true;
}

static bool
pipe_open(int ends[2])
{
    return pipe2(ends, O_CLOEXEC) == 0 &&
           fcntl(ends[0], F_SETFL, O_NONBLOCK) == 0;
}

/* ---- the thread */

void
http_ask(struct http_request *request, struct api_call *call, int64_t wait_ms)
{
    struct http *http = request->http;
    struct http_wait *wait = xcalloc(1, sizeof *wait);

    wait->request = request;
    wait->until_mono_ms = clock_mono_ms() + wait_ms;
    wait->next = http->waits;
    http->waits = wait;
    request->wait = wait;
    call->owner = wait;
    http_conn_phase(request->conn, HTTP_WAIT);
    http_conn_suspend(request->conn);
    struct http_message message = {.kind = HTTP_MSG_CALL, .call = call};
    pipe_send(http->up, &message);
}

static void
free_wait(struct http *http, struct http_wait *wait)
{
    struct http_wait **at = &http->waits;

    while (*at != wait)
        at = &(*at)->next;
    *at = wait->next;
    free(wait);
}

static void
answered(struct http *http, struct api_call *call)
{
    struct http_wait *wait = call->owner;
    struct http_request *request = wait->request;

    free_wait(http, wait);
    if (request == NULL) {
        api_call_destroy(&call);
        return;
    }
    request->wait = NULL;
    request->answer = call;
    http_conn_resume(request->conn);
}

/* Events met that no longer fit their batch; the loop sets them aside. */
static void
tell_rotten(struct http *http)
{
    struct http_message message = {.kind = HTTP_MSG_CALL};
    struct store_log log;
    uint64_t seq;

    for (int i = 0; i < ROTTEN_MAX && http->reader != NULL &&
                    store_reader_rotten(http->reader, &log, &seq);
         i++) {
        message.call = api_call_new(API_ROTTEN);
        message.call->rotten_log = log;
        message.call->rotten_seq = seq;
        pipe_send(http->up, &message);
    }
}

static void
heard(struct http *http, const struct http_message *news)
{
    struct http_message reply = {.kind = HTTP_MSG_HEARD};

    http->ready = news->ready;
    memcpy(http->why_not, news->why_not, sizeof http->why_not);
    pipe_send(http->up, &reply);
}

static void
read_pipe(struct http *http)
{
    uint64_t arrival = http->arrival;
    struct http_message message;

    while (pipe_take(http->down, &message)) {
        if (message.arrival > http->arrival)
            http->arrival = message.arrival;
        if (message.kind == HTTP_MSG_ANSWER)
            answered(http, message.call);
        else if (message.kind == HTTP_MSG_NEWS)
            heard(http, &message);
        else if (message.kind == HTTP_MSG_END)
            http->ending = true;
    }
    if (http->arrival > arrival)
        http->wake = true;
}

static int
wait_ms(struct http *http)
{
    MHD_UNSIGNED_LONG_LONG timeout;

    if (http->wake || http->n_line)
        return 0;
    if (MHD_get_timeout(http->daemon, &timeout) == MHD_YES &&
        timeout < HTTP_SWEEP_MS)
        return (int)timeout;
    return HTTP_SWEEP_MS;
}

static void
turn(struct http *http)
{
    const union MHD_DaemonInfo *info =
        MHD_get_daemon_info(http->daemon, MHD_DAEMON_INFO_EPOLL_FD);
    struct pollfd fds[] = {{.fd = http->down[0], .events = POLLIN},
                           {.fd = info->epoll_fd, .events = POLLIN}};

    poll(fds, 2, wait_ms(http));
    if (fds[0].revents != 0)
        read_pipe(http);
    if (http->wake) {
        http->wake = false;
        http_stream_wake(http, true, 0);
    }
    http_conn_next(http);
    MHD_run(http->daemon);
    tell_rotten(http);
    int64_t mono_ms = clock_mono_ms();
    if (mono_ms - http->swept_mono_ms >= HTTP_SWEEP_MS) {
        http->swept_mono_ms = mono_ms;
        http_conn_sweep(http, mono_ms);
        http_stream_wake(http, false, mono_ms);
    }
}

/* What waits is told 503, streams end, replies under way get a moment. */
static void
say_goodbye(struct http *http)
{
    int64_t until_ms = clock_mono_ms() + HTTP_GOODBYE_MS;
    bool last = false;

    MHD_quiesce_daemon(http->daemon);
    while (http->conns != NULL && !last) {
        last = clock_mono_ms() >= until_ms;
        for (struct http_conn *c = http->conns; c != NULL; c = c->next) {
            http_conn_give_up(c);
            if (last || c->phase == HTTP_HEAD || c->phase == HTTP_IDLE)
                http_conn_cut(c);
        }
        turn(http);
    }
}

static void *
run(void *arg)
{
    struct http *http = arg;

    pthread_setname_np(pthread_self(), "http");
    while (!http->ending)
        turn(http);
    say_goodbye(http);
    MHD_stop_daemon(http->daemon);
    return NULL;
}

/* ---- start and stop, in the loop's thread */

static bool
start_daemon(struct http *http)
{
    http->daemon = MHD_start_daemon(
        MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL,
        http_conn_handle, http, MHD_OPTION_LISTEN_SOCKET, http->listener,
        MHD_OPTION_CONNECTION_LIMIT, http->max_conns + HTTP_SPARE,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)HTTP_BUFFER,
        MHD_OPTION_CONNECTION_TIMEOUT, 0u, MHD_OPTION_NOTIFY_CONNECTION,
        http_conn_notify, http, MHD_OPTION_NOTIFY_COMPLETED,
        http_conn_completed, http, MHD_OPTION_END);
    return http->daemon != NULL;
}

/* Signals are the main thread's business. */
static bool
start_thread(struct http *http)
{
    sigset_t all, before;
    pthread_t *thread = xcalloc(1, sizeof *thread);

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int failed = pthread_create(thread, NULL, run, http);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (failed) {
        free(thread);
        return false;
    }
    http->thread = thread;
    return true;
}

static void
release(struct http *http)
{
    int *const pipes[] = {http->up, http->down};

    if (http->listener >= 0)
        close(http->listener);
    store_reader_close(&http->reader);
    for (size_t i = 0; i < 2; i++)
        for (size_t j = 0; j < 2; j++)
            if (pipes[i][j] >= 0)
                close(pipes[i][j]);
    while (http->waits != NULL)
        free_wait(http, http->waits);
    free(http->socket);
    free(http->thread);
    free(http);
}

static enum cim_err
open_reader(struct http *http, const char *data_file, struct cim_diag *diag)
{
    uint64_t stored;

    if (data_file == NULL || strcmp(data_file, ":none:") == 0)
        return CIM_OK;
    enum cim_err err = store_reader_open(data_file, &http->reader, diag);
    if (err == CIM_OK)
        err = store_totals(http->reader, &stored, &http->arrival);
    return err;
}

static enum cim_err
open_pipes(struct http *http, struct cim_diag *diag)
{
    http->up[0] = http->up[1] = http->down[0] = http->down[1] = -1;
    if (pipe_open(http->up) && pipe_open(http->down))
        return CIM_OK;
    cim_diag_set(diag, "api socket %s: no pipe: %s", http->socket,
                 strerror(errno));
    return CIM_EIO;
}

static unsigned
connections(const struct http_config *config)
{
    unsigned n = config->max_connections;

    if (n == 0)
        n = 256;
    return n < HTTP_CONNECTIONS_MAX ? n : HTTP_CONNECTIONS_MAX;
}

/* The one that the service manager made for us, or our own. */
static enum cim_err
open_listener(struct http *http, struct cim_diag *diag)
{
    http->listener = notify_socket(http->socket);
    http->given = http->listener >= 0;
    return http->given ? CIM_OK
                       : http_socket_open(http->socket, &http->listener, diag);
}

static void
remove_socket(const struct http *http)
{
    if (!http->given)
        unlink(http->socket);
}

enum cim_err
http_start(const struct http_config *config, struct http **out,
           struct cim_diag *diag)
{
    struct http *http = xcalloc(1, sizeof *http);

    http->listener = -1;
    http->max_conns = connections(config);
    http->socket = xstrdup(config->socket);
    snprintf(http->node, sizeof http->node, "%s", config->node);
    http->community = cim_community_of(cim_bytes_str(http->node));
    snprintf(http->why_not, sizeof http->why_not, "starting");
    enum cim_err err = open_pipes(http, diag);
    if (err == CIM_OK)
        err = open_reader(http, config->data_file, diag);
    if (err == CIM_OK)
        err = open_listener(http, diag);
    if (err == CIM_OK && (!start_daemon(http) || !start_thread(http))) {
        cim_diag_set(diag, "api socket %s: cannot serve it: %s", http->socket,
                     strerror(errno));
        if (http->daemon != NULL)
            MHD_stop_daemon(http->daemon);
        remove_socket(http);
        err = CIM_EIO;
    }
    if (err != CIM_OK) {
        release(http);
        return err;
    }
    *out = http;
    return CIM_OK;
}

void
http_stop(struct http **http)
{
    struct http *h = *http;
    struct http_message message = {.kind = HTTP_MSG_END};

    if (h == NULL)
        return;
    *http = NULL;
    remove_socket(h);
    pipe_send(h->down, &message);
    pthread_join(*(pthread_t *)h->thread, NULL);
    while (pipe_take(h->up, &message))
        api_call_destroy(&message.call);
    release(h);
}

/* ---- the loop's end */

int
http_fd(const struct http *http)
{
    return http->up[0];
}

static void
send_news(struct http *http)
{
    if (http->news_sent || !http->news_due)
        return;
    http->news.kind = HTTP_MSG_NEWS;
    pipe_send(http->down, &http->news);
    http->news_sent = true;
    http->news_due = false;
}

struct api_call *
http_take(struct http *http)
{
    struct http_message message;

    while (pipe_take(http->up, &message)) {
        if (message.kind == HTTP_MSG_CALL)
            return message.call;
        http->news_sent = false;
        send_news(http);
    }
    return NULL;
}

void
http_answer(struct http *http, struct api_call *call)
{
    struct http_message message = {
        .kind = HTTP_MSG_ANSWER, .call = call, .arrival = http->news.arrival};

    pipe_send(http->down, &message);
}

void
http_stored(struct http *http, uint64_t arrival)
{
    http->news.arrival = arrival;
    http->news_due = true;
    send_news(http);
}

void
http_health(struct http *http, bool ready, const char *why_not)
{
    struct http_message *news = &http->news;

    news->ready = ready;
    snprintf(news->why_not, sizeof news->why_not, "%s",
             why_not == NULL ? "" : why_not);
    http->news_due = true;
    send_news(http);
}

/* SPDX-License-Identifier: MPL-2.0 */
#include "tests/unit/http_help.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define PATIENCE_MS 60000

void
desk_open(struct desk *desk, bool store, unsigned max_connections)
{
    struct cim_diag diag = {""};

    *desk = (struct desk){.folder = folder_make()};
    snprintf(desk->socket, sizeof desk->socket, "%s/run/api.sock",
             desk->folder);
    snprintf(desk->data, sizeof desk->data, "%s/cimesh.db", desk->folder);
    author_open(&desk->odl, "odl/ci-1", 7);
    if (store)
        assert_int_equal(store_open(desk->data, &desk->store, &diag), CIM_OK);
    struct http_config config = {.socket = desk->socket,
                                 .data_file = store ? desk->data : ":none:",
                                 .node = "odl/ci-1",
                                 .max_connections = max_connections};
    if (http_start(&config, &desk->http, &diag) != CIM_OK)
        fail_msg("%s", diag.text);
}

void
desk_close(struct desk *desk)
{
    http_stop(&desk->http);
    for (size_t i = 0; i < desk->n_calls; i++)
        api_call_destroy(&desk->calls[i]);
    store_close(&desk->store);
    author_close(&desk->odl);
    *strrchr(desk->socket, '/') = '\0';
    rmdir(desk->socket);
    folder_remove(&desk->folder);
}

void
desk_keep(struct desk *desk, size_t n)
{
    struct sealed *s = author_seal(&desk->odl, n, 100, topic_each);

    keep_all(desk->store, s);
    sealed_free(&s);
    desk->arrival = store_last_arrival(desk->store);
    http_stored(desk->http, desk->arrival);
}

/* ---- the loop */

static void
publish(struct desk *desk, struct mesh_request *request)
{
    request->err = desk->err;
    request->full = desk->full;
    request->bad = desk->bad;
    if (desk->err != CIM_OK)
        return;
    if (request->places == NULL)
        request->places = xcalloc(request->n, sizeof *request->places);
    for (size_t i = 0; i < request->n; i++)
        request->places[i] = (struct mesh_place){
            .epoch = 7, .seq = ++desk->seq, .again = desk->again};
    desk->published += request->n;
}

static void
show_status(struct view_status *v)
{
    snprintf(v->node, sizeof v->node, "odl/ci-1");
    snprintf(v->storage, sizeof v->storage, "ok");
    snprintf(v->publishing, sizeof v->publishing, "ok");
    v->epoch = 7;
    v->seq = 12;
    v->stored = 1234567;
    v->ready = true;
    v->peers_up = 2;
    v->peers_all = 3;
    v->gaps = 4;
    v->refused[0] = (struct view_count){"signature", 5};
    v->n_refused = 1;
    v->started_ms = 1;
    v->warnings[0] = xstrdup("the disk is old");
    v->n_warnings = 1;
}

static void
show_peers(struct view_peers *v)
{
    v->v = xcalloc(1, sizeof *v->v);
    v->n = 1;
    struct view_peer *p = v->v;
    snprintf(p->node, sizeof p->node, "onap/ci-1");
    snprintf(p->state, sizeof p->state, "up");
    p->up = true;
    p->last_seen_ms = 1795359600123;
    p->head_epoch = 9;
    p->head_seq = 100;
    p->lag = 3;
    p->cursors = xcalloc(1, sizeof *p->cursors);
    p->cursors[0].epoch = 9;
    p->cursors[0].prefix = prefix_of("onap/");
    p->cursors[0].upto = 97;
    p->n_cursors = 1;
}

static void
answer(struct desk *desk, struct api_call *call)
{
    if (call->kind == API_PUBLISH)
        publish(desk, call->request);
    else if (call->kind == API_STATUS)
        show_status(&call->status);
    else if (call->kind == API_PEERS)
        show_peers(&call->peers);
    else if (call->kind == API_RELOAD) {
        call->err = desk->err;
        call->diag = desk->diag;
        cim_buf_add_str(&call->text, "follow odl/ added\n");
    }
    http_answer(desk->http, call);
}

static void
take_calls(struct desk *desk)
{
    struct api_call *call;

    while ((call = http_take(desk->http)) != NULL) {
        if (!desk->hold) {
            answer(desk, call);
            continue;
        }
        assert_true(desk->n_calls < CALLS_MAX);
        desk->calls[desk->n_calls++] = call;
    }
}

/* Until fd is readable; -1: until something came over the pipe. */
static void
wait_for(struct desk *desk, int fd)
{
    struct pollfd fds[] = {{.fd = http_fd(desk->http), .events = POLLIN},
                           {.fd = fd, .events = POLLIN}};

    for (;;) {
        take_calls(desk);
        if (poll(fds, 2, PATIENCE_MS) <= 0)
            fail_msg("nothing came for a minute");
        if (fd < 0 || fds[1].revents != 0)
            return;
    }
}

void
desk_release(struct desk *desk)
{
    desk->hold = false;
    while (desk->n_calls > 0)
        answer(desk, desk->calls[--desk->n_calls]);
}

void
desk_wait_calls(struct desk *desk, size_t n)
{
    take_calls(desk);
    while (desk->n_calls < n) {
        wait_for(desk, -1);
        take_calls(desk);
    }
}

/* ---- the client */

int
desk_connect(struct desk *desk)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    memcpy(address.sun_path, desk->socket, strlen(desk->socket));
    assert_true(fd >= 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof address),
                     0);
    return fd;
}

void
desk_send(int fd, const char *text)
{
    size_t len = strlen(text);

    while (len > 0) {
        ssize_t n = send(fd, text, len, MSG_NOSIGNAL);
        if (n <= 0)
            return; /* the reply says why */
        text += n;
        len -= (size_t)n;
    }
}

void
desk_get(int fd, const char *path, const char *header)
{
    char *text = xasprintf("GET %s HTTP/1.1\r\nHost: x\r\n%s%s\r\n", path,
                           header, *header != '\0' ? "\r\n" : "");

    desk_send(fd, text);
    free(text);
}

void
desk_post(int fd, const char *path, const char *type, const char *body)
{
    char *text = xasprintf("POST %s HTTP/1.1\r\nHost: x\r\n"
                           "Content-Type: %s\r\nContent-Length: %zu\r\n\r\n%s",
                           path, type, strlen(body), body);

    desk_send(fd, text);
    free(text);
}

/* Reads more into buf; false at the end. */
static bool
read_more(struct desk *desk, int fd, struct cim_buf *buf)
{
    char chunk[65536];

    wait_for(desk, fd);
    ssize_t n = recv(fd, chunk, sizeof chunk, 0);
    if (n <= 0)
        return false;
    cim_buf_add(buf, chunk, (size_t)n);
    return true;
}

struct http_answer
desk_reply(struct desk *desk, int fd)
{
    struct http_answer answer = {0};
    struct cim_buf buf = {0};
    const char *text = "", *end = NULL, *length;

    while (end == NULL) {
        if (!read_more(desk, fd, &buf))
            fail_msg("closed without a reply");
        text = cim_buf_cstr(&buf);
        end = strstr(text, "\r\n\r\n");
    }
    size_t head = (size_t)(end - text);
    length = strstr(text, "Content-Length: ");
    assert_non_null(length);
    size_t body = strtoull(length + 16, NULL, 10);
    while (buf.len < head + 4 + body)
        assert_true(read_more(desk, fd, &buf));
    answer.status = atoi(cim_buf_cstr(&buf) + 9);
    answer.head = xstrndup(cim_buf_cstr(&buf), head);
    answer.body = xstrndup(cim_buf_cstr(&buf) + head + 4, body);
    assert_int_equal(buf.len, head + 4 + body);
    cim_buf_clear(&buf);
    return answer;
}

void
http_answer_clear(struct http_answer *answer)
{
    free(answer->head);
    free(answer->body);
    *answer = (struct http_answer){0};
}

static size_t
count(const char *text, const char *word)
{
    size_t n = 0;

    for (; (text = strstr(text, word)) != NULL; text++)
        n++;
    return n;
}

char *
desk_until(struct desk *desk, int fd, const char *text, size_t n)
{
    struct cim_buf buf = {0};

    while (buf.len == 0 || count(cim_buf_cstr(&buf), text) < n)
        if (!read_more(desk, fd, &buf))
            fail_msg("ended after: %s", cim_buf_cstr(&buf));
    char *all = xstrdup(cim_buf_cstr(&buf));
    cim_buf_clear(&buf);
    return all;
}

bool
desk_closed(struct desk *desk, int fd)
{
    struct cim_buf buf = {0};
    bool closed = !read_more(desk, fd, &buf);

    cim_buf_clear(&buf);
    return closed;
}

static char *
body_of(struct desk *desk, int fd, int status)
{
    struct http_answer answer = desk_reply(desk, fd);
    char *body = answer.body;

    if (answer.status != status)
        fail_msg("%d instead of %d: %s", answer.status, status, body);
    answer.body = NULL;
    http_answer_clear(&answer);
    close(fd);
    return body;
}

char *
desk_ask(struct desk *desk, const char *path, const char *header, int status)
{
    int fd = desk_connect(desk);

    desk_get(fd, path, header);
    return body_of(desk, fd, status);
}

char *
desk_publish(struct desk *desk, const char *body, int status)
{
    int fd = desk_connect(desk);

    desk_post(fd, "/v1/events", "application/json", body);
    return body_of(desk, fd, status);
}

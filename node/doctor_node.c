/* SPDX-License-Identifier: MPL-2.0 */
/* The running node, as it says itself; its socket and its ports. */
#include <errno.h>
#include <inttypes.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "node/doctor.h"
#include "node/endpoint.h"
#include "node/http_client.h"

/* ---- the socket ---------------------------------------------------------*/

/* 0: somebody listens there; else errno. */
static int
try_socket(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), error = 0;

    if (fd < 0)
        return errno;
    snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
    if (connect(fd, (const struct sockaddr *)&address, sizeof address) != 0)
        error = errno;
    close(fd);
    return error;
}

static bool
check_socket(struct doctor *d)
{
    const char *path = d->settings->api_socket;
    int error = try_socket(path);
    struct doctor_fault fault = {CMD_UNAVAILABLE, "node",
                                 "cimesh node, or systemctl start cimesh"};

    switch (error) {
    case 0:
        return true;
    case ENOENT:
        doctor_fault(d, fault, "no node runs: there is no %s", path);
        break;
    case ECONNREFUSED:
        doctor_fault(d, fault,
                     "stale socket: nobody listens on %s, its node was killed; "
                     "the next start replaces it",
                     path);
        break;
    case EACCES:
    case EPERM:
        fault = (struct doctor_fault){
            CMD_DENIED, "node",
            "join the group that owns it: usermod -aG GROUP USER"};
        doctor_fault(d, fault, "%s: not allowed", path);
        break;
    default:
        doctor_fault(d, fault, "%s: %s", path, strerror(error));
    }
    return false;
}

/* ---- a port that somebody else has --------------------------------------*/

static void
check_port(struct doctor *d, const char *name, const char *endpoint)
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM,
                                   .ai_flags = AI_PASSIVE};
    struct addrinfo *list = NULL;
    struct endpoint e;
    char port[8];
    int fd, one = 1;

    if (endpoint_parse(endpoint, ENDPOINT_BIND, &e, NULL))
        return;
    snprintf(port, sizeof port, "%u", e.port);
    if (getaddrinfo(strcmp(e.host, "*") == 0 ? NULL : e.host, port, &hints,
                    &list) != 0)
        return;
    fd = socket(list->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd >= 0) {
        (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
        if (bind(fd, list->ai_addr, list->ai_addrlen) != 0)
            doctor_fault(d,
                         (struct doctor_fault){
                             CMD_SYSTEM, "own port",
                             errno == EADDRINUSE
                                 ? "stop who has it (ss -ltnp), or take "
                                   "another port in cimesh.zpl and in our "
                                   "roster file"
                                 : "correct it under `node` in cimesh.zpl"},
                         "cannot listen on %s for %s: %s", endpoint, name,
                         strerror(errno));
        close(fd);
    }
    freeaddrinfo(list);
}

/* ---- what the node says -------------------------------------------------*/

static bool
ask(struct doctor *d, struct http_client *client)
{
    struct http_reply status = {0}, peers = {0};
    const struct cim_bytes none = {0};
    struct cim_diag diag = {{0}};
    bool fits = !http_client_call(client, "/v1/status", NULL, none,
                                  "application/json", &status, &diag) &&
                !http_client_call(client, "/v1/peers", NULL, none,
                                  "application/json", &peers, &diag) &&
                http_state_read(cim_buf_bytes(&status.body),
                                cim_buf_bytes(&peers.body), &d->state);

    if (!fits)
        doctor_fault(d,
                     (struct doctor_fault){CMD_UNAVAILABLE, "node",
                                           "look at its log; restart it"},
                     "it does not answer: %s",
                     diag.text[0] ? diag.text : "not what a node says");
    http_reply_clear(&status);
    http_reply_clear(&peers);
    return fits;
}

static void
check_storage(struct doctor *d)
{
    const struct http_state *s = &d->state;

    if (strcmp(s->storage, "ok") != 0)
        doctor_fault(d,
                     (struct doctor_fault){
                         CMD_STORAGE, "storage",
                         "make room, or the disk writable; it goes on by "
                         "itself"},
                     "it is %s: nothing can be published", s->storage);
    if (s->two_writers)
        doctor_fault(d,
                     (struct doctor_fault){
                         CMD_AGAIN, "own key",
                         "stop one of them, and give it a key of its own: "
                         "cimesh --dir DIR init COMMUNITY/OTHER"},
                     "two nodes sign with the key of %s", d->settings->node);
    else if (strcmp(s->publishing, "ok") != 0)
        doctor_fault(d,
                     (struct doctor_fault){CMD_AGAIN, "publishing",
                                           "wait some seconds and look again"},
                     "%s", s->publishing);
    if (s->gaps)
        doctor_fault(d,
                     (struct doctor_fault){
                         CMD_NOTFOUND, "gaps",
                         "cimesh peers shows whose; they close by themselves "
                         "when somebody turns up who has the events"},
                     "%" PRIu64 " positions are missing", s->gaps);
    /* Files are judged by doctor_site.c, in the words of their own. */
    for (size_t i = 0; i < s->n_warnings; i++)
        doctor_fault(d,
                     (struct doctor_fault){CMD_CONFIG, "the node warns",
                                           "mend it, then: cimesh reload"},
                     "%s", s->warnings[i]);
}

void
doctor_node(struct doctor *d)
{
    struct http_client *client = NULL;
    struct cim_diag diag = {{0}};

    if (!check_socket(d)) {
        if (d->settings->events[0]) {
            check_port(d, "events", d->settings->events);
            check_port(d, "sync", d->settings->sync);
        }
        return;
    }
    if (http_client_open(d->ctx->dir, &client, &diag))
        return;
    d->runs = ask(d, client);
    http_client_close(&client);
    if (!d->runs)
        return;
    check_storage(d);
    if (d->state.ready)
        doctor_fine(d, "node", "runs and may publish");
}

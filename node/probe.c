/* SPDX-License-Identifier: MPL-2.0 */
/* Source: RFC 23/ZMTP (greeting), RFC 26/CurveZMQ (HELLO, WELCOME). */
#include "node/probe.h"

#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "keys/hello.h"
#include "node/clock.h"
#include "node/endpoint.h"

#define GREETING_LEN  64
#define SIGNATURE_LEN 10
#define COMMAND       0x04 /* flags of a short command frame */

struct caller {
    int fd;
    int64_t until_mono_ms;
};

/* ---- a socket with one deadline -----------------------------------------*/

static bool
ready(const struct caller *c, short events)
{
    struct pollfd p = {.fd = c->fd, .events = events};
    int64_t left = c->until_mono_ms - clock_mono_ms();

    return left > 0 && poll(&p, 1, (int)left) == 1;
}

static bool
send_all(const struct caller *c, const uint8_t *p, size_t n)
{
    while (n) {
        ssize_t sent = send(c->fd, p, n, MSG_NOSIGNAL);

        if (sent < 0 && errno == EAGAIN && ready(c, POLLOUT))
            continue;
        if (sent <= 0)
            return false;
        p += sent;
        n -= (size_t)sent;
    }
    return true;
}

/* False: closed, or late; *late tells. */
static bool
take_all(const struct caller *c, uint8_t *p, size_t n, bool *late)
{
    *late = false;
    while (n) {
        ssize_t taken = recv(c->fd, p, n, 0);

        if (taken < 0 && errno == EAGAIN) {
            *late = !ready(c, POLLIN);
            if (*late)
                return false;
            continue;
        }
        if (taken <= 0)
            return false;
        p += taken;
        n -= (size_t)taken;
    }
    return true;
}

/* ---- connecting ---------------------------------------------------------*/

static enum probe_result
of_errno(int error)
{
    switch (error) {
    case ECONNREFUSED:
    case ECONNRESET:
        return PROBE_CLOSED;
    case ETIMEDOUT:
    case EINPROGRESS:
        return PROBE_SILENT;
    default:
        return PROBE_NO_WAY;
    }
}

static enum probe_result
connect_one(struct caller *c, const struct addrinfo *a)
{
    socklen_t len = sizeof(int);
    int error = 0;

    c->fd = socket(a->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (c->fd < 0)
        return PROBE_NO_WAY;
    if (connect(c->fd, a->ai_addr, a->ai_addrlen) != 0) {
        error = errno;
        if (error == EINPROGRESS && ready(c, POLLOUT) &&
            getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &error, &len) != 0)
            error = errno;
    }
    if (!error)
        return PROBE_OK;
    close(c->fd);
    c->fd = -1;
    return of_errno(error);
}

/* The first address that answers; of several failures the last. */
static enum probe_result
connect_any(struct caller *c, const struct endpoint *e)
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    enum probe_result result = PROBE_NAME;
    struct addrinfo *list;
    char port[8];

    snprintf(port, sizeof port, "%u", e->port);
    if (getaddrinfo(e->host, port, &hints, &list) != 0)
        return PROBE_NAME;
    for (const struct addrinfo *a = list; a; a = a->ai_next)
        if ((result = connect_one(c, a)) == PROBE_OK)
            break;
    freeaddrinfo(list);
    return result;
}

/* ---- the first words ----------------------------------------------------*/

static bool
greet(const struct caller *c, bool *late)
{
    static const uint8_t ours[GREETING_LEN] = {
        0xff, 0, 0, 0, 0, 0, 0, 0, 1, 0x7f, 3, 1, 'C', 'U', 'R', 'V', 'E'};
    uint8_t theirs[GREETING_LEN];

    return send_all(c, ours, sizeof ours) &&
           take_all(c, theirs, SIGNATURE_LEN, late) && theirs[0] == 0xff &&
           (theirs[9] & 1) &&
           take_all(c, theirs + SIGNATURE_LEN, GREETING_LEN - SIGNATURE_LEN,
                    late) &&
           theirs[SIGNATURE_LEN] >= 3 &&
           memcmp(theirs + 12, "CURVE", sizeof "CURVE") == 0;
}

/* Who cannot read the HELLO, because it was made for another key, closes. */
static bool
welcomed(const struct caller *c, const struct cim_curvekey *key)
{
    uint8_t frame[2 + CIM_HELLO_LEN] = {COMMAND, CIM_HELLO_LEN};
    uint8_t answer[2 + CIM_WELCOME_LEN];
    struct cim_hello hello;
    bool late;

    return cim_hello_make(key, &hello, frame + 2) == CIM_OK &&
           send_all(c, frame, sizeof frame) &&
           take_all(c, answer, sizeof answer, &late) && answer[0] == COMMAND &&
           answer[1] == CIM_WELCOME_LEN &&
           cim_hello_welcomed(&hello, key, answer + 2);
}

enum probe_result
probe(const char *endpoint, const struct cim_curvekey *key, int timeout_ms)
{
    struct caller c = {.fd = -1, .until_mono_ms = clock_mono_ms() + timeout_ms};
    struct endpoint e;
    enum probe_result result;
    bool late = false;

    if (endpoint_parse(endpoint, ENDPOINT_DIAL, &e, NULL))
        return PROBE_NAME;
    result = connect_any(&c, &e);
    if (result == PROBE_OK && !greet(&c, &late))
        result = late ? PROBE_SILENT : PROBE_OTHER;
    else if (result == PROBE_OK && !welcomed(&c, key))
        result = PROBE_KEY;
    if (c.fd >= 0)
        close(c.fd);
    return result;
}

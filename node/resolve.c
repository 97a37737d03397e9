/* SPDX-License-Identifier: MPL-2.0 */
#include "node/resolve.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "node/mem.h"

#define SCHEME "tcp://"

struct resolve {
    char *host, *port; /* owned */
    struct addrinfo hints;
    struct gaicb ask;
};

/* "tcp://HOST:PORT" or "tcp://[ADDRESS]:PORT" into copies, or false. */
static bool
split(const char *endpoint, char **host, char **port)
{
    const char *start = endpoint + strlen(SCHEME), *colon, *end;

    if (strncmp(endpoint, SCHEME, strlen(SCHEME)) != 0)
        return false;
    colon = strrchr(start, ':');
    if (!colon || colon == start || !colon[1])
        return false;
    end = colon;
    if (*start == '[' && end[-1] == ']') {
        start++;
        end--;
    }
    *host = xstrndup(start, (size_t)(end - start));
    *port = xstrdup(colon + 1);
    return true;
}

bool
resolve_is_numeric(const char *endpoint)
{
    struct in6_addr address;
    char *host = NULL, *port = NULL;
    bool numeric = false;

    if (split(endpoint, &host, &port))
        numeric = inet_pton(AF_INET, host, &address) == 1 ||
                  inet_pton(AF_INET6, host, &address) == 1;
    free(host);
    free(port);
    return numeric;
}

static void
destroy(struct resolve *r)
{
    if (r->ask.ar_result)
        freeaddrinfo(r->ask.ar_result);
    free(r->host);
    free(r->port);
    free(r);
}

/* RFC 6761 section 6.3: always loopback, and no server is asked for it; a
 * small container has no hosts file that would say so. */
static void
fix_localhost(struct resolve *r)
{
    if (strcmp(r->host, "localhost") != 0)
        return;
    free(r->host);
    r->host = xstrdup("127.0.0.1");
}

struct resolve *
resolve_start(const char *endpoint)
{
    struct resolve *r = xcalloc(1, sizeof *r);
    struct gaicb *list[1] = {&r->ask};

    if (!split(endpoint, &r->host, &r->port)) {
        destroy(r);
        return NULL;
    }
    fix_localhost(r);
    r->hints.ai_socktype = SOCK_STREAM;
    r->hints.ai_flags = AI_ADDRCONFIG | AI_NUMERICSERV;
    r->ask.ar_name = r->host;
    r->ask.ar_service = r->port;
    r->ask.ar_request = &r->hints;
    if (getaddrinfo_a(GAI_NOWAIT, list, 1, NULL) != 0) {
        destroy(r);
        return NULL;
    }
    return r;
}

static bool
put_address(const struct resolve *r, unsigned pick, char *out, size_t cap)
{
    const struct addrinfo *a = r->ask.ar_result;
    char text[INET6_ADDRSTRLEN + 24];
    unsigned n = 0;

    for (const struct addrinfo *i = a; i; i = i->ai_next)
        n++;
    if (n == 0)
        return false;
    for (unsigned i = 0; i < pick % n; i++)
        a = a->ai_next;
    if (getnameinfo(a->ai_addr, a->ai_addrlen, text, sizeof text, NULL, 0,
                    NI_NUMERICHOST) != 0)
        return false;
    snprintf(out, cap,
             a->ai_family == AF_INET6 ? SCHEME "[%s]:%s" : SCHEME "%s:%s", text,
             r->port);
    return true;
}

enum resolve_state
resolve_poll(struct resolve **r, unsigned pick, char *out, size_t cap)
{
    int err = gai_error(&(*r)->ask);
    enum resolve_state state = RESOLVE_FAILED;

    if (err == EAI_INPROGRESS)
        return RESOLVE_WAIT;
    if (err == 0 && put_address(*r, pick, out, cap))
        state = RESOLVE_DONE;
    destroy(*r);
    *r = NULL;
    return state;
}

void
resolve_drop(struct resolve **r)
{
    if (*r && gai_cancel(&(*r)->ask) != EAI_NOTCANCELED)
        destroy(*r);
    *r = NULL;
}

/* SPDX-License-Identifier: MPL-2.0 */
#include "node/endpoint.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "node/number.h"

#define SCHEME "tcp://"

static bool
is_host_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           (c >= '0' && c <= '9') || c == '-' || c == '.';
}

/* A DNS name or an IPv4 address; what is all digits and dots is the latter. */
static bool
host_valid(const char *host, enum endpoint_use use)
{
    struct in_addr v4;
    size_t len = strlen(host);

    if (strcmp(host, "*") == 0)
        return use == ENDPOINT_BIND;
    if (strspn(host, "0123456789.") == len)
        return inet_pton(AF_INET, host, &v4) == 1 &&
               (use == ENDPOINT_BIND || v4.s_addr != 0);
    for (size_t i = 0; i < len; i++)
        if (!is_host_char(host[i]))
            return false;
    return len > 0 && len <= 240 && host[0] != '-' && host[0] != '.' &&
           !strstr(host, "..");
}

static bool
v6_valid(const char *host, enum endpoint_use use)
{
    struct in6_addr v6;

    return inet_pton(AF_INET6, host, &v6) == 1 &&
           (use == ENDPOINT_BIND || !IN6_IS_ADDR_UNSPECIFIED(&v6));
}

/* HOST and PORT of "HOST:PORT" or "[HOST]:PORT". */
static bool
split(const char *text, struct endpoint *out)
{
    const char *colon = strrchr(text, ':');
    size_t len = colon ? (size_t)(colon - text) : 0;
    uint64_t port;

    if (!colon || !number_parse(cim_bytes_str(colon + 1), 65535, &port) ||
        port == 0)
        return false;
    out->port = (unsigned)port;
    out->v6 = len > 2 && text[0] == '[' && text[len - 1] == ']';
    if (out->v6) {
        text++;
        len -= 2;
    }
    memcpy(out->host, text, len);
    out->host[len] = '\0';
    return true;
}

enum cim_err
endpoint_parse(const char *text, enum endpoint_use use, struct endpoint *out,
               struct cim_diag *diag)
{
    memset(out, 0, sizeof *out);
    if (strlen(text) <= ROSTER_ENDPOINT_MAX &&
        strncmp(text, SCHEME, strlen(SCHEME)) == 0 &&
        split(text + strlen(SCHEME), out) &&
        (out->v6 ? v6_valid(out->host, use) : host_valid(out->host, use)))
        return CIM_OK;
    cim_diag_set(
        diag,
        "'%.80s' is no endpoint; write tcp://HOST:PORT, HOST a name "
        "or address%s, IPv6 in brackets, PORT 1 to 65535",
        text, use == ENDPOINT_BIND ? " or *" : " that others can dial, not *");
    return CIM_EFORM;
}

void
endpoint_text(const struct endpoint *e,
              char out[static ROSTER_ENDPOINT_MAX + 1])
{
    snprintf(out, ROSTER_ENDPOINT_MAX + 1, SCHEME "%s%.240s%s:%u",
             e->v6 ? "[" : "", e->host, e->v6 ? "]" : "", e->port);
}

bool
endpoint_is_loopback(const struct endpoint *e)
{
    struct in6_addr v6;

    if (e->v6)
        return inet_pton(AF_INET6, e->host, &v6) == 1 &&
               IN6_IS_ADDR_LOOPBACK(&v6);
    return strcmp(e->host, "localhost") == 0 ||
           (strspn(e->host, "0123456789.") == strlen(e->host) &&
            strncmp(e->host, "127.", 4) == 0);
}

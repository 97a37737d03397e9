/* SPDX-License-Identifier: MPL-2.0 */
/*
 * endpoint - tcp://HOST:PORT, to dial or to bind.
 *
 * HOST is a name, an IPv4 address or an IPv6 address in brackets; to bind
 * also '*', all addresses. PORT is 1..65535. No other form of libzmq's is
 * taken: what a roster names is what everybody dials.
 */
#ifndef CIM_NODE_ENDPOINT_H
#define CIM_NODE_ENDPOINT_H

#include <stdbool.h>

#include "keys/bytes.h"
#include "node/roster.h"

struct endpoint {
    char host[ROSTER_ENDPOINT_MAX + 1]; /* IPv6 without brackets; "*" */
    unsigned port;
    bool v6;
};

enum endpoint_use { ENDPOINT_DIAL, ENDPOINT_BIND };

/* Errors: CIM_EFORM; diag says what it has to look like, without a place. */
CIM_MUST enum cim_err endpoint_parse(const char *text, enum endpoint_use use,
                                     struct endpoint *out,
                                     struct cim_diag *diag);

/* Back to text. */
void endpoint_text(const struct endpoint *e,
                   char out[static ROSTER_ENDPOINT_MAX + 1]);

/* An address that only this machine reaches: 127.0.0.0/8, ::1, localhost. */
bool endpoint_is_loopback(const struct endpoint *e);

#endif

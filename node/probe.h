/* SPDX-License-Identifier: MPL-2.0 */
/*
 * probe - who listens at an endpoint? From outside, as a peer would see it.
 *
 * Resolves, connects, and exchanges the first words of a link: so "no such
 * name", "nobody listens", "a firewall", "something else listens" and "a node
 * with another key" are told apart. Blocking; for `cimesh doctor`.
 */
#ifndef CIM_NODE_PROBE_H
#define CIM_NODE_PROBE_H

#include "keys/sign.h"

enum probe_result {
    PROBE_OK,     /* the node with this key */
    PROBE_NAME,   /* the name does not resolve */
    PROBE_CLOSED, /* refused: nobody listens there */
    PROBE_SILENT, /* no answer in time: a firewall, or a machine that is off */
    PROBE_NO_WAY, /* no route, or this machine may not */
    PROBE_OTHER,  /* something answers that is no node */
    PROBE_KEY     /* a node, but not with this key */
};

/* endpoint: tcp://HOST:PORT. At most some seconds. */
enum probe_result probe(const char *endpoint, const struct cim_curvekey *key,
                        int timeout_ms);

#endif

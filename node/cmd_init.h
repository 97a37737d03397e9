/* SPDX-License-Identifier: MPL-2.0 */
/* cmd_init - what `cimesh init` was asked for, and the texts that it makes. */
#ifndef CIM_NODE_CMD_INIT_H
#define CIM_NODE_CMD_INIT_H

#include <stdbool.h>

#include "keys/identity.h"
#include "node/endpoint.h"
#include "node/roster.h"

/* Where --system puts what changes while the node runs; FHS 3.0. */
#define SYSTEM_DATA "/var/lib/cimesh"
#define SYSTEM_RUN  "/run/cimesh"

struct init {
    const char *node; /* "odl/ci-1" */
    char community[CIM_NAME_MAX + 1];
    const char *contact;
    const char *key_file; /* a key that is there already, or NULL */
    const char *api;      /* where the local socket is to be, or NULL */
    struct endpoint events, sync;
    bool dialled;                                    /* has endpoints */
    bool system;                                     /* --system */
    char *dir, *key, *roster, *config, *data, *mark; /* owned paths */
    char *made[64]; /* owned; to take away on failure, newest last */
    size_t n_made;
    struct cim_diag diag;
};

/* Appends the text of cimesh.zpl. */
void init_config(const struct init *in, struct cim_buf *out);
/* The community with this one node; the caller's. */
struct roster_community *init_community(const struct init *in,
                                        const struct cim_identity *id);

#endif

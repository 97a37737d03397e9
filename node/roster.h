/* SPDX-License-Identifier: MPL-2.0 */
/*
 * roster - the communities trusted here: who is who.
 *
 * One community a file, the same for everybody. This is the data and its
 * look-ups; roster_file.h reads and writes the files and decides which ones
 * are accepted. A roster is built, then handed over whole: the part of the
 * node that uses it never sees one half changed.
 */
#ifndef CIM_NODE_ROSTER_H
#define CIM_NODE_ROSTER_H

#include <stdbool.h>

#include "keys/sign.h"
#include "proto/limits.h"

#define ROSTER_ENDPOINT_MAX 255
#define ROSTER_CONTACT_MAX  200
#define ROSTER_RETIRED_MAX  32
#define ROSTER_NODES_MAX    64
#define ROSTER_TEXT_MAX     (256 * 1024)

/* A key that no longer signs: valid up to this position, for ever. */
struct roster_retired {
    struct cim_signkey sign;
    uint64_t upto_epoch, upto_seq;
};

/* One node. A plain value. Endpoints are "" for a node nobody can dial. */
struct roster_node {
    char name[CIM_NODE_MAX + 1]; /* "odl/ci-1" */
    char events[ROSTER_ENDPOINT_MAX + 1];
    char sync[ROSTER_ENDPOINT_MAX + 1];
    struct cim_signkey sign, sign_next;
    struct cim_curvekey curve, curve_next;
    bool has_sign_next, has_curve_next;
    struct roster_retired retired[ROSTER_RETIRED_MAX];
    unsigned n_retired;
};

struct roster_community {
    char name[CIM_NAME_MAX + 1];
    uint64_t serial; /* 1..; raised with every change of the file */
    char contact[ROSTER_CONTACT_MAX + 1];
    struct roster_node *nodes; /* owned, by name */
    size_t n_nodes;
};

struct roster {
    struct roster_community **communities; /* owned, by name */
    size_t n;
    uint64_t generation; /* differs between any two rosters of one run */
};

struct roster *roster_new(void);
void roster_destroy(struct roster **roster);

/* Takes the community; one of that name is replaced. Bumps generation. */
void roster_put(struct roster *roster, struct roster_community **community);
struct roster *roster_copy(const struct roster *roster);
struct roster_community *roster_community_new(const char *name);
struct roster_community *
roster_community_copy(const struct roster_community *community);
void roster_community_destroy(struct roster_community **community);
/* A zeroed node of this full name, lent, to be filled in. */
struct roster_node *roster_community_add(struct roster_community *community,
                                         const char *node);

/* NULL when absent; lent. */
const struct roster_community *roster_find(const struct roster *roster,
                                           struct cim_bytes community);
const struct roster_node *roster_node(const struct roster *roster,
                                      struct cim_bytes node);

/* The node this CURVE key (now or next) belongs to, or NULL. */
const struct roster_node *
roster_by_curve(const struct roster *roster,
                const uint8_t curve[static CIM_KEY_LEN]);

/*
 * The signing key with this id of this node, if it may have signed up to this
 * position: key now or next, or a retired one.
 *   key   set on CIM_OK and CIM_ERETIRED
 * Errors: CIM_EKEY (no such node or key), CIM_ERETIRED (beyond upto).
 */
CIM_MUST enum cim_err roster_key(const struct roster *roster,
                                 struct cim_bytes node,
                                 const struct cim_keyid *id, uint64_t epoch,
                                 uint64_t last_seq, struct cim_signkey *key);

/* The last position in this epoch that this retired key may have signed;
 * UINT64_MAX: all of it; 0: none, or the key is not a retired one. */
uint64_t roster_upto(const struct roster *roster, struct cim_bytes node,
                     const struct cim_keyid *id, uint64_t epoch);

#endif

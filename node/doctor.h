/* SPDX-License-Identifier: MPL-2.0 */
/*
 * doctor - what is wrong with this site, and what to do next.
 *
 * Checks from the inside out: the files, the disk, the node, the peers. Each
 * finding is a sentence with its cause and the next command. A check that
 * another one's fault makes meaningless is left out.
 *
 *   cmd_doctor.c    the order of checks, findings as text or JSON
 *   doctor_site.c   files, keys, roster, disk
 *   doctor_node.c   the running node, its socket, its ports
 *   doctor_peers.c  each peer, from here
 */
#ifndef CIM_NODE_DOCTOR_H
#define CIM_NODE_DOCTOR_H

#include "keys/identity.h"
#include "node/cmd.h"
#include "node/http_state.h"
#include "node/roster_file.h"
#include "node/settings.h"

struct doctor {
    const struct cmd_context *ctx;
    struct settings *settings; /* NULL: cannot be read */
    struct cim_identity *identity;
    struct roster_load roster; /* roster.roster NULL: none */
    struct http_state state;
    bool runs; /* the node answers, state is there */
    unsigned fine, faults;
    int code; /* of the first fault */
};

/* All is well with this. */
void doctor_fine(struct doctor *d, const char *what, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* code: what the command ends with; next: what to do, a command if one helps;
 * fmt: the cause. */
struct doctor_fault {
    int code;
    const char *what, *next;
};
void doctor_fault(struct doctor *d, struct doctor_fault fault, const char *fmt,
                  ...) __attribute__((format(printf, 3, 4)));

void doctor_site(struct doctor *d);
void doctor_node(struct doctor *d);
void doctor_peers(struct doctor *d);

#endif

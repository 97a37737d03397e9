/* SPDX-License-Identifier: MPL-2.0 */
/*
 * zap - who may connect: the answers to libzmq's question about a CURVE key.
 *
 * One per process, bound before the first server socket and closed after the
 * last: without it libzmq lets everybody in. (The server sockets have
 * ZAP_ENFORCE_DOMAIN set as well, so they would refuse then.) An unknown key
 * is answered 300, never 400: 400 makes an honest client give up for good,
 * 300 lets it in by itself once it is in the roster.
 *
 * What it vouches for is the User-Id of every message: a node's name, or
 * "?KEY" for a reader outside the roster. Source: ZeroMQ RFC 27.
 */
#ifndef CIM_NODE_ZAP_H
#define CIM_NODE_ZAP_H

#include <czmq.h>

#include "node/roster.h"

#define ZAP_DOMAIN     "cimesh"
#define ZAP_USER_MAX   CIM_NODE_MAX /* characters of a User-Id */
#define ZAP_SUSPEND_MS (10 * 60 * 1000)

struct zap;

/* Binds and reads in the loop. Errors: CIM_EIO, with diag. */
CIM_MUST enum cim_err zap_open(zloop_t *loop, struct zap **out,
                               struct cim_diag *diag);
void zap_close(struct zap **zap);

/* The roster in force; lent until the next call or close. NULL: nobody. */
void zap_set_roster(struct zap *zap, const struct roster *roster);
/* readers = "any": asked of keys outside the roster, by their User-Id, "?KEY";
 * false when there are too many already. NULL: nobody outside the roster. */
void zap_set_readers(struct zap *zap,
                     bool (*admit)(void *ctx, const char *user), void *ctx);

/* Refuses this user's key until ZAP_SUSPEND_MS from now. */
void zap_suspend(struct zap *zap, const char *user);

/*
 * The decision alone, for tests: the User-Id for this request, or false.
 *   key  bytes[n], the credentials frame
 */
bool zap_admits(struct zap *zap, struct cim_bytes domain,
                struct cim_bytes mechanism, struct cim_bytes key,
                char user[static ZAP_USER_MAX + 1]);

#endif

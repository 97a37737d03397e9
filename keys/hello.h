/* SPDX-License-Identifier: MPL-2.0 */
/*
 * hello - the first exchange of a CURVE link, to find out who answers.
 *
 * A client shows no key of its own before the server proved that it holds the
 * one it is known by. So whoever sends a HELLO and checks the WELCOME learns
 * whether the right node listens at an address, and tells nothing. For
 * diagnosis only; links are libzmq's. Source: RFC 26/CurveZMQ.
 */
#ifndef CIM_KEYS_HELLO_H
#define CIM_KEYS_HELLO_H

#include "keys/sign.h"

#define CIM_HELLO_LEN   200 /* body of the command HELLO */
#define CIM_WELCOME_LEN 168 /* ... WELCOME */

/* A client's key for one exchange. */
struct cim_hello {
    uint8_t public[CIM_KEY_LEN], secret[CIM_KEY_LEN];
};

/* A fresh key, and the command to send to who has to hold `server`.
 * Errors: CIM_EFORM (no usable public key). */
CIM_MUST enum cim_err cim_hello_make(const struct cim_curvekey *server,
                                     struct cim_hello *hello,
                                     uint8_t out[static CIM_HELLO_LEN]);

/* True when this WELCOME was made with the secret key of `server`. */
bool cim_hello_welcomed(const struct cim_hello *hello,
                        const struct cim_curvekey *server,
                        const uint8_t welcome[static CIM_WELCOME_LEN]);

#endif

/* SPDX-License-Identifier: MPL-2.0 */
/* sign_private - the string that is signed; shared by sign and identity. */
#ifndef CIM_KEYS_SIGN_PRIVATE_H
#define CIM_KEYS_SIGN_PRIVATE_H

#include "keys/hash.h"
#include "keys/sign.h"

/* bytes: the longest context, its NUL, and a header with room to spare */
#define SIGN_STRING_MAX 1024

/* Writes context || 0 || data; returns its length. */
size_t sign_string(const char *context, struct cim_bytes data,
                   uint8_t out[static SIGN_STRING_MAX]);

#endif

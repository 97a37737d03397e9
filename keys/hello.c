/* SPDX-License-Identifier: MPL-2.0 */
#include "keys/hello.h"

#include <string.h>

#include <sodium.h>

#define HELLO_NAME   "\x05HELLO"
#define WELCOME_NAME "\x07WELCOME"
#define PREFIX_LEN   16 /* of a long nonce: then 8 bytes of a short one */

/* Places in HELLO: name, version, padding, client key, nonce, box of zeros. */
enum { VERSION_AT = 6, KEY_AT = 80, NONCE_AT = 112, BOX_AT = 120, ZEROS = 64 };
/* In WELCOME: name, nonce, box of the server's short-term key and a cookie. */
enum { WELCOME_NONCE_AT = 8, WELCOME_BOX_AT = 24, WELCOME_BOX = 144 };

enum cim_err
cim_hello_make(const struct cim_curvekey *server, struct cim_hello *hello,
               uint8_t out[static CIM_HELLO_LEN])
{
    static const uint8_t zeros[ZEROS];
    uint8_t nonce[crypto_box_NONCEBYTES] = "CurveZMQHELLO---";

    crypto_box_keypair(hello->public, hello->secret);
    memset(out, 0, CIM_HELLO_LEN);
    memcpy(out, HELLO_NAME, sizeof HELLO_NAME - 1);
    out[VERSION_AT] = 1;
    memcpy(out + KEY_AT, hello->public, CIM_KEY_LEN);
    out[NONCE_AT + 7] = 1;
    memcpy(nonce + PREFIX_LEN, out + NONCE_AT, 8);
    return crypto_box_easy(out + BOX_AT, zeros, sizeof zeros, nonce, server->b,
                           hello->secret)
               ? CIM_EFORM
               : CIM_OK;
}

bool
cim_hello_welcomed(const struct cim_hello *hello,
                   const struct cim_curvekey *server,
                   const uint8_t welcome[static CIM_WELCOME_LEN])
{
    uint8_t nonce[crypto_box_NONCEBYTES] = "WELCOME-";
    uint8_t plain[WELCOME_BOX - crypto_box_MACBYTES];

    if (memcmp(welcome, WELCOME_NAME, sizeof WELCOME_NAME - 1) != 0)
        return false;
    memcpy(nonce + 8, welcome + WELCOME_NONCE_AT, PREFIX_LEN);
    return crypto_box_open_easy(plain, welcome + WELCOME_BOX_AT, WELCOME_BOX,
                                nonce, server->b, hello->secret) == 0;
}

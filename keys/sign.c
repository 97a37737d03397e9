/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The signed string is built in one buffer, because libsodium's detached
 * Ed25519 takes one. What is signed here is small (a header has at most 256
 * bytes), so a buffer on the stack does; anything larger is a caller's bug.
 */
#include <assert.h>
#include <string.h>

#include <sodium.h>

#include "keys/sign_private.h"

enum cim_err
cim_sodium_start(void)
{
    return sodium_init() < 0 ? CIM_EIO : CIM_OK;
}

size_t
sign_string(const char *context, struct cim_bytes data,
            uint8_t out[static SIGN_STRING_MAX])
{
    size_t len = strlen(context) + 1;

    assert(len + data.len <= SIGN_STRING_MAX);
    memcpy(out, context, len);
    if (data.len)
        memcpy(out + len, data.p, data.len);
    return len + data.len;
}

static struct cim_hash
key_hash(const struct cim_signkey *key)
{
    uint8_t text[SIGN_STRING_MAX];
    size_t len =
        sign_string(CIM_CONTEXT_KEY, cim_bytes_of(key->b, sizeof key->b), text);

    return cim_hash_bytes(cim_bytes_of(text, len));
}

struct cim_keyid
cim_keyid_of(const struct cim_signkey *key)
{
    struct cim_hash hash = key_hash(key);
    struct cim_keyid id;

    memcpy(id.b, hash.b, sizeof id.b);
    return id;
}

bool
cim_keyid_eq(const struct cim_keyid *a, const struct cim_keyid *b)
{
    return memcmp(a->b, b->b, sizeof a->b) == 0;
}

enum cim_err
cim_verify(const struct cim_signkey *key, const char *context,
           struct cim_bytes data, const struct cim_signature *sig)
{
    uint8_t text[SIGN_STRING_MAX];

    if (strlen(context) + 1 + data.len > sizeof text)
        return CIM_ESIG;
    size_t len = sign_string(context, data, text);
    return crypto_sign_verify_detached(sig->b, text, len, key->b) ? CIM_ESIG
                                                                  : CIM_OK;
}

void
cim_key_text(const uint8_t key[static CIM_KEY_LEN],
             char out[static CIM_KEY_TEXT_LEN + 1])
{
    cim_b64_encode(key, CIM_KEY_LEN, out);
}

enum cim_err
cim_key_parse(struct cim_bytes text, uint8_t out[static CIM_KEY_LEN],
              struct cim_diag *diag)
{
    size_t len = 0;

    if (text.len != CIM_KEY_TEXT_LEN ||
        cim_b64_decode((const char *)text.p, text.len, out, CIM_KEY_LEN,
                       &len) ||
        len != CIM_KEY_LEN) {
        cim_diag_set(diag, "a key is 43 characters of base64url (A-Z a-z 0-9 "
                           "- _), as 'cimesh key show' prints it");
        return CIM_EFORM;
    }
    if (sodium_is_zero(out, CIM_KEY_LEN)) {
        cim_diag_set(diag, "the all-zero key is no key");
        return CIM_EFORM;
    }
    return CIM_OK;
}

void
cim_fingerprint(const struct cim_signkey *key,
                char out[static CIM_FINGERPRINT_LEN + 1])
{
    struct cim_hash hash = key_hash(key);

    for (int i = 0; i < 8; i++) {
        cim_hex_encode(hash.b + i * 2, 2, out + i * 5);
        out[i * 5 + 4] = i < 7 ? '-' : '\0';
    }
}

void
cim_random(void *out, size_t len)
{
    randombytes_buf(out, len);
}

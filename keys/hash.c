/* SPDX-License-Identifier: MPL-2.0 */
#include "keys/hash.h"

#include <assert.h>
#include <string.h>

#include <sodium.h>

_Static_assert(sizeof(crypto_generichash_state) <=
                   sizeof((struct cim_digester){0}.state),
               "cim_digester has room for libsodium's state");

struct cim_hash
cim_hash_bytes(struct cim_bytes data)
{
    struct cim_hash hash;

    crypto_generichash(hash.b, sizeof hash.b, data.p, data.len, NULL, 0);
    return hash;
}

struct cim_hash
cim_hash_leaf(struct cim_bytes event)
{
    static const uint8_t tag = 0x00;
    crypto_generichash_state state;
    struct cim_hash hash;

    crypto_generichash_init(&state, NULL, 0, sizeof hash.b);
    crypto_generichash_update(&state, &tag, 1);
    crypto_generichash_update(&state, event.p, event.len);
    crypto_generichash_final(&state, hash.b, sizeof hash.b);
    return hash;
}

struct cim_hash
cim_hash_inner(const struct cim_hash *left, const struct cim_hash *right)
{
    uint8_t both[1 + 2 * CIM_HASH_LEN];

    both[0] = 0x01;
    memcpy(both + 1, left->b, CIM_HASH_LEN);
    memcpy(both + 1 + CIM_HASH_LEN, right->b, CIM_HASH_LEN);
    return cim_hash_bytes(cim_bytes_of(both, sizeof both));
}

bool
cim_hash_eq(const struct cim_hash *a, const struct cim_hash *b)
{
    return memcmp(a->b, b->b, sizeof a->b) == 0;
}

static crypto_generichash_state *
state_of(struct cim_digester *d)
{
    return (crypto_generichash_state *)(void *)d->state;
}

void
cim_digester_init(struct cim_digester *d)
{
    crypto_generichash_init(state_of(d), NULL, 0, CIM_DIGEST_LEN);
}

void
cim_digester_add(struct cim_digester *d, struct cim_bytes data)
{
    crypto_generichash_update(state_of(d), data.p, data.len);
}

void
cim_digester_add_u64(struct cim_digester *d, uint64_t value)
{
    uint8_t be[8];

    cim_u64be(value, be);
    cim_digester_add(d, cim_bytes_of(be, sizeof be));
}

struct cim_digest
cim_digester_end(struct cim_digester *d)
{
    struct cim_digest digest;

    crypto_generichash_final(state_of(d), digest.b, sizeof digest.b);
    return digest;
}

bool
cim_digest_eq(const struct cim_digest *a, const struct cim_digest *b)
{
    return memcmp(a->b, b->b, sizeof a->b) == 0;
}

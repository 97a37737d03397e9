/* SPDX-License-Identifier: MPL-2.0 */
/*
 * sync_desk - one message, parsed; and messages written by hand.
 *
 * What the writers would not make is written by the functions at the end:
 * the grammar of WIRE.md section 11 in calls.
 */
#ifndef CIM_TESTS_SYNC_DESK_H
#define CIM_TESTS_SYNC_DESK_H

#include <stdio.h>

#include "proto/sync.h"
#include "proto/wire.h"
#include "tests/unit/chance.h"
#include "tests/unit/sealed.h"

struct desk {
    struct cim_buf out;
    struct cim_sync msg;
};

static inline int
set_up(void **state)
{
    static struct desk desk;

    memset(&desk, 0, sizeof desk);
    *state = &desk;
    return 0;
}

static inline int
tear_down(void **state)
{
    struct desk *d = *state;

    cim_sync_clear(&d->msg);
    cim_buf_clear(&d->out);
    return 0;
}

static inline struct cim_bytes
str(const char *text)
{
    return cim_bytes_str(text);
}

static inline enum cim_err
parse(struct desk *d, bool ask)
{
    struct cim_bytes frame = cim_buf_bytes(&d->out);

    cim_sync_clear(&d->msg);
    return ask ? cim_sync_parse_ask(frame, &d->msg)
               : cim_sync_parse_answer(frame, &d->msg);
}

/* Parses every beginning of the message, each in bytes of its own. */
static inline void
assert_short_when_cut(const struct desk *d, bool ask)
{
    for (size_t n = 0; n < d->out.len; n++) {
        struct cim_sync msg;
        uint8_t *cut = malloc(n ? n : 1);
        assert_non_null(cut);
        memcpy(cut, d->out.p, n);
        struct cim_bytes frame = cim_bytes_of(cut, n);
        assert_int_equal(ask ? cim_sync_parse_ask(frame, &msg)
                             : cim_sync_parse_answer(frame, &msg),
                         CIM_ESHORT);
        cim_sync_clear(&msg);
        free(cut);
    }
}

static inline void
assert_trailing_byte_is_refused(struct desk *d, bool ask)
{
    cim_buf_add_u8(&d->out, 0xc0);
    assert_int_equal(parse(d, ask), CIM_ETRAIL);
    d->out.len--;
}

/* No damage may crash, be read beyond, or leak. */
static inline void
damage(struct desk *d, bool ask)
{
    struct chance c = {41};

    for (int i = 0; i < 4000; i++) {
        size_t at = chance_below(&c, d->out.len);
        uint8_t was = d->out.p[at];
        d->out.p[at] = (uint8_t)chance_below(&c, 256);
        (void)!parse(d, ask);
        d->out.p[at] = was;
    }
}

static inline void
start(struct desk *d, uint32_t elements, const char *kind)
{
    cim_buf_reset(&d->out);
    cim_wire_put_array(&d->out, elements);
    cim_wire_put_uint(&d->out, 1);
    cim_wire_put_str(&d->out, str(kind));
    cim_wire_put_uint(&d->out, 77);
}

static inline void
put_pair(struct cim_buf *out, uint64_t a, uint64_t b)
{
    cim_wire_put_array(out, 2);
    cim_wire_put_uint(out, a);
    cim_wire_put_uint(out, b);
}

static const uint8_t ones[65] = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
                                 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1};

static inline void
put_digest(struct cim_buf *out, size_t len)
{
    cim_wire_put_bin(out, cim_bytes_of(ones, len));
}

static inline struct cim_digest
digest_of_nothing(void)
{
    struct cim_digester d;

    cim_digester_init(&d);
    return cim_digester_end(&d);
}

static inline struct cim_signed_header
head_of(const char *node, uint64_t epoch)
{
    struct cim_identity *id = sealed_identity(7);
    struct cim_header h = sealed_header(id);
    struct cim_signed_header sh;

    snprintf(h.node, sizeof h.node, "%s", node);
    h.epoch = epoch;
    assert_int_equal(cim_header_seal(&h, id, &sh), CIM_OK);
    cim_identity_close(&id);
    return sh;
}

/* [1, "heads", 77, n nodes, digest, [after, epoch]] */
static inline enum cim_err
heads_ask(struct desk *d, uint32_t n, const char *node, size_t digest,
          const char *after)
{
    start(d, 6, "heads");
    cim_wire_put_array(&d->out, n);
    for (uint32_t i = 0; i < n; i++)
        cim_wire_put_str(&d->out, str(node));
    put_digest(&d->out, digest);
    cim_wire_put_array(&d->out, 2);
    cim_wire_put_str(&d->out, str(after));
    cim_wire_put_uint(&d->out, *after ? 9 : 0);
    return parse(d, true);
}

struct fetch {
    const char *node;
    uint64_t epoch, after, upto;
    uint32_t n_prefixes;
    const char *prefix;
    uint64_t n;
    size_t digest;
};

static inline enum cim_err
fetch_ask(struct desk *d, struct fetch f)
{
    start(d, 10, "fetch");
    cim_wire_put_str(&d->out, str(f.node));
    cim_wire_put_uint(&d->out, f.epoch);
    cim_wire_put_uint(&d->out, f.after);
    cim_wire_put_uint(&d->out, f.upto);
    cim_wire_put_array(&d->out, f.n_prefixes);
    for (uint32_t i = 0; i < f.n_prefixes; i++)
        cim_wire_put_str(&d->out, str(f.prefix));
    cim_wire_put_uint(&d->out, f.n);
    put_digest(&d->out, f.digest);
    return parse(d, true);
}

/* [1, "fetch", 77, covered, 9, missing, [slice]] */
static inline enum cim_err
fetch_answer(struct desk *d, uint64_t covered, const struct cim_span *missing,
             uint32_t n, const char *slice)
{
    start(d, 7, "fetch");
    cim_wire_put_uint(&d->out, covered);
    cim_wire_put_uint(&d->out, 9);
    cim_wire_put_array(&d->out, n);
    for (uint32_t i = 0; i < n; i++)
        put_pair(&d->out, missing[i].first, missing[i].n);
    cim_wire_put_array(&d->out, 1);
    cim_wire_put_bin(&d->out, str(slice));
    return parse(d, false);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

#endif

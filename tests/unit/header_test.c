/* SPDX-License-Identifier: MPL-2.0 */
#include "proto/header.h"

#include "proto/wire.h"
#include "tests/unit/sealed.h"

struct desk {
    struct cim_identity *id;
    struct cim_header h, parsed;
    struct cim_buf buf;
};

static int
set_up(void **state)
{
    static struct desk desk;

    memset(&desk, 0, sizeof desk);
    desk.id = sealed_identity(7);
    desk.h = sealed_header(desk.id);
    memset(desk.h.root.b, 0xaa, 32);
    memset(desk.h.prev.b, 0xbb, 32);
    *state = &desk;
    return 0;
}

static int
tear_down(void **state)
{
    struct desk *desk = *state;

    cim_identity_close(&desk->id);
    cim_buf_clear(&desk->buf);
    return 0;
}

/* Parses a copy of just these bytes, so that a byte read beyond is seen. */
static enum cim_err
parse_exact(const uint8_t *p, size_t len, struct cim_header *out)
{
    uint8_t *copy = malloc(len ? len : 1);

    assert_non_null(copy);
    if (len)
        memcpy(copy, p, len);
    enum cim_err err = cim_header_parse(cim_bytes_of(copy, len), out);
    free(copy);
    return err;
}

static enum cim_err
parse(struct desk *desk)
{
    return parse_exact(desk->buf.p, desk->buf.len, &desk->parsed);
}

static void
encode(struct desk *desk)
{
    cim_buf_reset(&desk->buf);
    assert_int_equal(cim_header_encode(&desk->h, &desk->buf), CIM_OK);
}

static void
assert_round_trip(struct desk *desk)
{
    const struct cim_header *a = &desk->h, *b = &desk->parsed;

    encode(desk);
    assert_true(desk->buf.len <= CIM_HEADER_MAX);
    assert_int_equal(parse(desk), CIM_OK);
    assert_string_equal(a->node, b->node);
    assert_true(cim_keyid_eq(&a->key, &b->key));
    assert_true(a->epoch == b->epoch && a->first == b->first &&
                a->count == b->count && a->time_ms == b->time_ms);
    assert_true(cim_hash_eq(&a->root, &b->root));
    assert_true(cim_hash_eq(&a->prev, &b->prev));
}

/* The header written by hand, with n elements and this version. */
static void
write_raw(struct desk *desk, uint32_t n, uint64_t version)
{
    const struct cim_header *h = &desk->h;
    struct cim_buf *buf = &desk->buf;

    cim_buf_reset(buf);
    cim_wire_put_array(buf, n);
    cim_wire_put_uint(buf, version);
    cim_wire_put_str(buf, cim_bytes_str(h->node));
    cim_wire_put_bin(buf, cim_bytes_of(h->key.b, 8));
    cim_wire_put_uint(buf, h->epoch);
    cim_wire_put_uint(buf, h->first);
    cim_wire_put_uint(buf, h->count);
    cim_wire_put_bin(buf, cim_bytes_of(h->root.b, 32));
    cim_wire_put_bin(buf, cim_bytes_of(h->prev.b, 32));
    cim_wire_put_uint(buf, (uint64_t)h->time_ms);
    for (uint32_t i = 9; i < n; i++)
        cim_wire_put_nil(buf);
}

static void
header_is_the_nine_elements_of_the_protocol(void **state)
{
    struct desk *desk = *state;
    struct cim_bytes encoded;
    struct cim_buf kept;

    encode(desk);
    kept = desk->buf;
    desk->buf = (struct cim_buf){0};
    write_raw(desk, 9, 1);
    encoded = cim_buf_bytes(&desk->buf);
    assert_true(cim_bytes_eq(encoded, cim_buf_bytes(&kept)));
    cim_buf_clear(&kept);
}

static void
header_is_read_as_it_was_written(void **state)
{
    static const uint64_t edges[] = {1,          127,        128,
                                     255,        256,        65535,
                                     65536,      UINT32_MAX, UINT64_C(1) << 32,
                                     CIM_SEQ_MAX};
    struct desk *desk = *state;

    for (size_t i = 0; i < sizeof edges / sizeof *edges; i++) {
        desk->h.first = desk->h.epoch = edges[i];
        desk->h.time_ms = (int64_t)edges[i];
        assert_round_trip(desk);
    }
    desk->h.epoch = 0;
    desk->h.time_ms = 0;
    assert_round_trip(desk);
}

static void
largest_header_is_below_its_limit(void **state)
{
    struct desk *desk = *state;

    memset(desk->h.node, 'a', CIM_NODE_MAX);
    desk->h.node[CIM_NAME_MAX] = '/';
    desk->h.node[CIM_NODE_MAX] = '\0';
    desk->h.epoch = CIM_SEQ_MAX;
    desk->h.count = CIM_BATCH_EVENTS;
    desk->h.first = CIM_SEQ_MAX - CIM_BATCH_EVENTS + 1;
    desk->h.time_ms = (int64_t)CIM_SEQ_MAX;
    assert_round_trip(desk);
    assert_true(cim_header_last(&desk->parsed) == CIM_SEQ_MAX);
}

/* Neither written nor read. */
static void
refuse(struct desk *desk)
{
    struct cim_buf out = {0};

    assert_int_equal(cim_header_encode(&desk->h, &out), CIM_EFORM);
    assert_int_equal(out.len, 0);
    write_raw(desk, 9, 1);
    assert_int_equal(parse(desk), CIM_EFORM);
    cim_buf_clear(&out);
}

static void
positions_beyond_their_limits_are_refused(void **state)
{
    struct desk *desk = *state;
    struct cim_header good = desk->h;

    desk->h.epoch = CIM_SEQ_MAX + 1;
    refuse(desk);
    desk->h = good;
    desk->h.first = 0;
    refuse(desk);
    desk->h.first = CIM_SEQ_MAX + 1;
    refuse(desk);
    desk->h.first = CIM_SEQ_MAX;
    desk->h.count = 2;
    refuse(desk);
    desk->h = good;
    desk->h.count = 0;
    refuse(desk);
    desk->h.count = CIM_BATCH_EVENTS + 1;
    refuse(desk);
    desk->h = good;
    desk->h.time_ms = (int64_t)CIM_SEQ_MAX + 1;
    refuse(desk);
}

static void
a_time_before_1970_is_refused(void **state)
{
    struct desk *desk = *state;
    struct cim_buf out = {0};

    desk->h.time_ms = -1;
    assert_int_equal(cim_header_encode(&desk->h, &out), CIM_EFORM);
    desk->h.time_ms = 0;
    encode(desk);
    desk->buf.p[desk->buf.len - 1] = 0xff;
    assert_int_equal(parse(desk), CIM_EFORM);
    cim_buf_clear(&out);
}

static void
names_that_are_none_are_refused(void **state)
{
    static const char *const bad[] = {"",       "odl",      "odl/",   "/ci",
                                      "Odl/ci", "odl/ci/x", "odl/-c", "o l/c"};
    struct desk *desk = *state;

    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        strcpy(desk->h.node, bad[i]);
        refuse(desk);
    }
}

static void
header_cut_at_any_byte_is_short(void **state)
{
    struct desk *desk = *state;

    encode(desk);
    for (size_t n = 0; n < desk->buf.len; n++)
        assert_int_equal(parse_exact(desk->buf.p, n, &desk->parsed),
                         CIM_ESHORT);
}

static void
bytes_after_the_header_are_refused(void **state)
{
    struct desk *desk = *state;

    encode(desk);
    cim_buf_add_u8(&desk->buf, 0xc0);
    assert_int_equal(parse(desk), CIM_ETRAIL);
}

static void
longer_or_shorter_arrays_are_refused(void **state)
{
    struct desk *desk = *state;

    write_raw(desk, 10, 1);
    assert_int_equal(parse(desk), CIM_EFORM);
    cim_buf_reset(&desk->buf);
    cim_wire_put_array(&desk->buf, 2);
    cim_wire_put_uint(&desk->buf, 1);
    cim_wire_put_str(&desk->buf, cim_bytes_str("odl/ci-1"));
    assert_int_equal(parse(desk), CIM_EFORM);
    cim_buf_reset(&desk->buf);
    cim_wire_put_array(&desk->buf, 0);
    assert_int_equal(parse(desk), CIM_EFORM);
}

static void
another_version_is_called_so_whatever_its_shape(void **state)
{
    struct desk *desk = *state;

    write_raw(desk, 9, 2);
    assert_int_equal(parse(desk), CIM_EVERSION);
    write_raw(desk, 12, 2);
    assert_int_equal(parse(desk), CIM_EVERSION);
    write_raw(desk, 9, 0);
    assert_int_equal(parse(desk), CIM_EVERSION);
}

static void
more_bytes_than_a_header_has_are_too_many(void **state)
{
    struct desk *desk = *state;
    uint8_t much[CIM_HEADER_MAX + 1] = {0};

    assert_int_equal(parse_exact(much, sizeof much, &desk->parsed),
                     CIM_ETOOBIG);
}

/* Every element replaced by one of each other kind. */
static void
elements_of_another_kind_are_refused(void **state)
{
    static const char *const others[] = {"\xc0",      "\xc3", "\x05", "\xa1x",
                                         "\xc4\x01x", "\x90", "\x80"};
    struct desk *desk = *state;
    struct cim_reader r;
    struct cim_bytes raw;
    uint32_t n;

    encode(desk);
    r = (struct cim_reader){.data = cim_buf_bytes(&desk->buf)};
    assert_int_equal(cim_wire_array(&r, &n), CIM_OK);
    for (unsigned element = 0; element < 9; element++) {
        size_t from = r.at;
        assert_int_equal(cim_wire_skip(&r, &raw), CIM_OK);
        for (size_t i = 0; i < 7; i++) {
            struct cim_buf bad = {0};
            bool number =
                element == 0 || (element > 2 && element < 6) || element == 8;
            if (number && others[i][0] == 5)
                continue;
            cim_buf_add(&bad, desk->buf.p, from);
            cim_buf_add_str(&bad, others[i]);
            cim_buf_add(&bad, desk->buf.p + r.at, desk->buf.len - r.at);
            assert_int_equal(parse_exact(bad.p, bad.len, &desk->parsed),
                             CIM_EFORM);
            cim_buf_clear(&bad);
        }
    }
}

static void
numbers_in_a_longer_form_are_refused(void **state)
{
    struct desk *desk = *state;
    struct cim_buf bad = {0};

    encode(desk);
    assert_int_equal(desk->buf.p[1], 1);
    cim_buf_add(&bad, "\x99\xcc\x01", 3);
    cim_buf_add(&bad, desk->buf.p + 2, desk->buf.len - 2);
    assert_int_equal(parse_exact(bad.p, bad.len, &desk->parsed), CIM_EFORM);
    cim_buf_clear(&bad);
}

/* Bytes say it all; the fields were compared above. */
static void
assert_signed_equal(const struct cim_signed_header *a,
                    const struct cim_signed_header *b)
{
    assert_true(cim_bytes_eq(cim_signed_bytes(a), cim_signed_bytes(b)));
    assert_memory_equal(a->sig.b, b->sig.b, CIM_SIG_LEN);
    assert_string_equal(a->h.node, b->h.node);
    assert_true(a->h.count == b->h.count);
}

/* ---- signed --------------------------------------------------------------*/

static void
sealed_header_verifies_under_its_key(void **state)
{
    struct desk *desk = *state;
    struct cim_signed_header sh, again;
    struct cim_signkey key = cim_identity_signkey(desk->id);

    assert_int_equal(cim_header_seal(&desk->h, desk->id, &sh), CIM_OK);
    encode(desk);
    assert_true(cim_bytes_eq(cim_signed_bytes(&sh), cim_buf_bytes(&desk->buf)));
    assert_int_equal(cim_signed_verify(&sh, &key), CIM_OK);
    assert_int_equal(cim_signed_parse(cim_signed_bytes(&sh),
                                      cim_bytes_of(sh.sig.b, 64), &again),
                     CIM_OK);
    assert_signed_equal(&again, &sh);
}

static void
sealing_what_is_no_header_is_refused(void **state)
{
    struct desk *desk = *state;
    struct cim_signed_header sh;

    desk->h.count = 0;
    assert_int_equal(cim_header_seal(&desk->h, desk->id, &sh), CIM_EFORM);
}

static void
another_key_is_told_from_a_bad_signature(void **state)
{
    struct desk *desk = *state;
    struct cim_identity *other = sealed_identity(9);
    struct cim_signkey key = cim_identity_signkey(desk->id);
    struct cim_signkey key2 = cim_identity_signkey(other);
    struct cim_signed_header sh;

    assert_int_equal(cim_header_seal(&desk->h, desk->id, &sh), CIM_OK);
    assert_int_equal(cim_signed_verify(&sh, &key2), CIM_EKEY);
    sh.bytes[sh.len - 1] ^= 1;
    assert_int_equal(cim_signed_verify(&sh, &key), CIM_ESIG);
    /* sealed by another under this key's id */
    assert_int_equal(cim_header_seal(&desk->h, other, &sh), CIM_OK);
    assert_int_equal(cim_signed_verify(&sh, &key), CIM_ESIG);
    cim_identity_close(&other);
}

static void
a_signature_of_another_length_is_refused(void **state)
{
    struct desk *desk = *state;
    struct cim_signed_header sh;
    uint8_t sig[65] = {0};

    encode(desk);
    for (size_t n = 0; n <= 65; n++)
        assert_int_equal(cim_signed_parse(cim_buf_bytes(&desk->buf),
                                          cim_bytes_of(sig, n), &sh),
                         n == 64 ? CIM_OK : CIM_EFORM);
}

static void
header_hash_is_that_of_its_bytes(void **state)
{
    struct desk *desk = *state;

    encode(desk);
    struct cim_hash a = cim_header_hash(cim_buf_bytes(&desk->buf));
    struct cim_hash b = cim_hash_bytes(cim_buf_bytes(&desk->buf));
    assert_true(cim_hash_eq(&a, &b));
}

/* ---- beacon --------------------------------------------------------------*/

static void
beacon_carries_the_signed_header(void **state)
{
    struct desk *desk = *state;
    struct cim_signed_header sh, got;
    bool none = true;

    assert_int_equal(cim_header_seal(&desk->h, desk->id, &sh), CIM_OK);
    assert_int_equal(cim_beacon_encode(&sh, &desk->buf), CIM_OK);
    assert_int_equal(cim_beacon_parse(cim_buf_bytes(&desk->buf), &got, &none),
                     CIM_OK);
    assert_false(none);
    assert_signed_equal(&got, &sh);
    for (size_t n = 1; n < desk->buf.len; n++)
        assert_int_equal(
            cim_beacon_parse(cim_bytes_of(desk->buf.p, n), &got, &none),
            CIM_ESHORT);
    cim_buf_add_u8(&desk->buf, 0);
    assert_int_equal(cim_beacon_parse(cim_buf_bytes(&desk->buf), &got, &none),
                     CIM_ETRAIL);
}

static void
empty_beacon_says_that_nothing_was_sealed(void **state)
{
    struct desk *desk = *state;
    struct cim_signed_header got;
    bool none = false;

    assert_int_equal(cim_beacon_encode(NULL, &desk->buf), CIM_OK);
    assert_int_equal(desk->buf.len, 0);
    assert_int_equal(cim_beacon_parse((struct cim_bytes){0}, &got, &none),
                     CIM_OK);
    assert_true(none);
}

static void
beacon_of_another_shape_is_refused(void **state)
{
    struct desk *desk = *state;
    struct cim_signed_header sh, got;
    bool none;

    assert_int_equal(cim_header_seal(&desk->h, desk->id, &sh), CIM_OK);
    assert_int_equal(cim_beacon_encode(&sh, &desk->buf), CIM_OK);
    cim_buf_add_u8(&desk->buf, 0xc0);
    desk->buf.p[0] = 0x93;
    assert_int_equal(cim_beacon_parse(cim_buf_bytes(&desk->buf), &got, &none),
                     CIM_EFORM);
    assert_int_equal(cim_beacon_parse(cim_bytes_str("\xc0"), &got, &none),
                     CIM_EFORM);
    assert_int_equal(
        cim_beacon_parse(cim_bytes_str("\x92\xc0\xc0"), &got, &none),
        CIM_EFORM);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(header_is_the_nine_elements_of_the_protocol),
        TEST(header_is_read_as_it_was_written),
        TEST(largest_header_is_below_its_limit),
        TEST(positions_beyond_their_limits_are_refused),
        TEST(a_time_before_1970_is_refused),
        TEST(names_that_are_none_are_refused),
        TEST(header_cut_at_any_byte_is_short),
        TEST(bytes_after_the_header_are_refused),
        TEST(longer_or_shorter_arrays_are_refused),
        TEST(another_version_is_called_so_whatever_its_shape),
        TEST(more_bytes_than_a_header_has_are_too_many),
        TEST(elements_of_another_kind_are_refused),
        TEST(numbers_in_a_longer_form_are_refused),
        TEST(sealed_header_verifies_under_its_key),
        TEST(sealing_what_is_no_header_is_refused),
        TEST(another_key_is_told_from_a_bad_signature),
        TEST(a_signature_of_another_length_is_refused),
        TEST(header_hash_is_that_of_its_bytes),
        TEST(beacon_carries_the_signed_header),
        TEST(empty_beacon_says_that_nothing_was_sealed),
        TEST(beacon_of_another_shape_is_refused),
    };

    if (cim_sodium_start() != CIM_OK)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}

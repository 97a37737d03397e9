/* SPDX-License-Identifier: MPL-2.0 */
/*
 * slice_form_test - keys, signatures, form and limits of slices and batches.
 */
#include "tests/unit/slice_desk.h"

/* ---- key and signature ---------------------------------------------------*/

static void
key_and_signature_are_told_apart(void **state)
{
    struct desk *d = *state;
    struct cim_identity *other = sealed_identity(9);
    struct cim_signkey key = cim_identity_signkey(other);
    bool chosen[3] = {true};
    struct cim_slice slice;
    struct cim_proven p;
    uint8_t sig[CIM_SIG_LEN];

    make(d, 3);
    write_slice(d, chosen);
    assert_int_equal(cim_slice_parse(cim_buf_bytes(&d->out), &slice), CIM_OK);
    assert_int_equal(cim_slice_prove(&slice, &key, false, &p), CIM_EKEY);
    assert_int_equal(cim_slice_prove(&slice, &key, true, &p), CIM_EKEY);
    /* on failure the slice keeps its arrays and can be tried again */
    assert_int_equal(cim_slice_prove(&slice, &d->s.key, false, &p), CIM_OK);
    assert_null(slice.events);
    cim_proven_clear(&p);
    memcpy(sig, d->s.sh.sig.b, sizeof sig);
    sig[0] ^= 1;
    d->parts.sig = cim_bytes_of(sig, sizeof sig);
    assert_int_equal(verdict(d), CIM_ESIG);
    cim_identity_close(&other);
}

/* Remembered signatures save time and never the root's check. */
static void
a_remembered_signature_vouches_for_the_header_alone(void **state)
{
    struct desk *d = *state;
    bool chosen[3] = {true};
    struct cim_slice slice;
    struct cim_proven p;

    make(d, 3);
    write_slice(d, chosen);
    assert_int_equal(cim_slice_parse(cim_buf_bytes(&d->out), &slice), CIM_OK);
    slice.sh.sig.b[5] ^= 1; /* not looked at */
    assert_int_equal(cim_slice_prove(&slice, &d->s.key, true, &p), CIM_OK);
    cim_proven_clear(&p);
    d->parts.events[0] = cim_bytes_str("other");
    parts_write(&d->parts, &d->damaged);
    assert_int_equal(cim_slice_parse(cim_buf_bytes(&d->damaged), &slice),
                     CIM_OK);
    assert_int_equal(cim_slice_prove(&slice, &d->s.key, true, &p), CIM_EROOT);
    cim_slice_clear(&slice);
}

/* ---- form and limits -----------------------------------------------------*/

static void
a_slice_cut_at_any_byte_is_short(void **state)
{
    struct desk *d = *state;
    bool chosen[20] = {false, true, true, false, false, true};

    make(d, 20);
    write_slice(d, chosen);
    for (size_t n = 0; n < d->out.len; n++)
        assert_int_equal(parse_exact(d->out.p, n), CIM_ESHORT);
    cim_buf_add_u8(&d->out, 0xc0);
    assert_int_equal(parse_exact(d->out.p, d->out.len), CIM_ETRAIL);
}

/* No damaged byte may crash, be read beyond, or prove. */
static void
a_slice_with_any_byte_changed_does_not_prove(void **state)
{
    struct desk *d = *state;
    bool chosen[20] = {false, true, true, false, false, true};
    struct chance c = {36};

    make(d, 20);
    write_slice(d, chosen);
    for (size_t i = 0; i < d->out.len; i++)
        for (int k = 0; k < 6; k++) {
            uint8_t was = d->out.p[i];
            uint8_t now = (uint8_t)chance_below(&c, 256);
            struct cim_proven p;
            if (now == was)
                continue;
            d->out.p[i] = now;
            assert_int_not_equal(
                sealed_prove(cim_buf_bytes(&d->out), &d->s.key, &p), CIM_OK);
            d->out.p[i] = was;
        }
}

static void
parts_of_another_form_are_refused(void **state)
{
    struct desk *d = *state;
    bool chosen[8] = {true, true};
    struct parts whole;

    make(d, 8);
    write_slice(d, chosen);
    whole = d->parts;
    d->parts.nodes.len--;
    assert_int_equal(verdict(d), CIM_EFORM);
    d->parts = whole;
    d->parts.sig.len--;
    assert_int_equal(verdict(d), CIM_EFORM);
    d->parts = whole;
    d->parts.header.len--;
    assert_int_equal(verdict(d), CIM_ESHORT);
    d->parts = whole;
    d->parts.events[1].len = 0;
    assert_int_equal(verdict(d), CIM_EFORM);
    d->parts = whole;
    d->parts.n_runs = d->parts.n_events = 0;
    assert_int_equal(verdict(d), CIM_EFORM);
    d->parts = whole;
    d->parts.runs[0] = (struct cim_run){7, 2};
    assert_int_equal(verdict(d), CIM_EFORM);
    parts_write(&whole, &d->damaged);
    d->damaged.p[0] = 0x96;
    cim_buf_add_u8(&d->damaged, 0xc0);
    assert_int_equal(parse_exact(d->damaged.p, d->damaged.len), CIM_EFORM);
}

static void
a_header_of_another_version_is_called_so(void **state)
{
    struct desk *d = *state;
    bool chosen[2] = {true};
    uint8_t header[CIM_HEADER_MAX];

    make(d, 2);
    write_slice(d, chosen);
    memcpy(header, d->parts.header.p, d->parts.header.len);
    header[1] = 2;
    d->parts.header.p = header;
    assert_int_equal(verdict(d), CIM_EVERSION);
}

static void
a_run_is_a_pair(void **state)
{
    struct desk *d = *state;
    bool chosen[2] = {true};

    make(d, 2);
    write_slice(d, chosen);
    cim_buf_reset(&d->damaged);
    cim_wire_put_array(&d->damaged, 5);
    cim_wire_put_bin(&d->damaged, d->parts.header);
    cim_wire_put_bin(&d->damaged, d->parts.sig);
    cim_buf_add_str(&d->damaged, "\x91\x93"); /* [[0, 1, nil]] */
    cim_buf_add(&d->damaged, "\x00\x01\xc0\x91", 4);
    cim_wire_put_bin(&d->damaged, d->parts.events[0]);
    cim_wire_put_bin(&d->damaged, d->parts.nodes);
    assert_int_equal(parse_exact(d->damaged.p, d->damaged.len), CIM_EFORM);
}

/* Frames of count runs, with no event for them: the counts must not count. */
static void
counts_without_bytes_get_no_memory(void **state)
{
    static const char runs[] = "\xdd\x0f\xff\xff\xff";
    struct desk *d = *state;
    bool chosen[2] = {true};

    make(d, 2);
    write_slice(d, chosen);
    cim_buf_reset(&d->damaged);
    cim_wire_put_array(&d->damaged, 5);
    cim_wire_put_bin(&d->damaged, d->parts.header);
    cim_wire_put_bin(&d->damaged, d->parts.sig);
    cim_buf_add(&d->damaged, runs, sizeof runs - 1);
    assert_int_equal(parse_exact(d->damaged.p, d->damaged.len), CIM_ESHORT);
}

static void
sizes_are_bounded(void **state)
{
    struct desk *d = *state;
    bool chosen[17] = {true};
    uint8_t *much = calloc(1, CIM_SLICE_MAX + 1);

    assert_non_null(much);
    make(d, 17);
    write_slice(d, chosen);
    assert_int_equal(parse_exact(much, CIM_SLICE_MAX + 1), CIM_ETOOBIG);
    d->parts.events[0] = cim_bytes_of(much, CIM_EVENT_MAX + 1);
    assert_int_equal(verdict(d), CIM_ETOOBIG);
    d->parts.events[0] = cim_bytes_of(much, CIM_EVENT_MAX);
    assert_int_equal(verdict(d), CIM_EROOT);
    /* more bytes than a batch may have */
    memset(chosen, 1, sizeof chosen);
    write_slice(d, chosen);
    for (size_t i = 0; i < 15; i++)
        d->parts.events[i] = cim_bytes_of(much, CIM_EVENT_MAX);
    assert_int_equal(verdict(d), CIM_ETOOBIG);
    free(much);
}

/* ---- writing -------------------------------------------------------------*/

static void
a_slice_that_is_none_is_not_written(void **state)
{
    struct desk *d = *state;
    struct pick *pick = &d->pick;
    bool chosen[8] = {true, false, true};
    uint8_t *much = calloc(1, CIM_EVENT_MAX + 1);

    assert_non_null(much);
    make(d, 8);
    write_slice(d, chosen);
    cim_buf_reset(&d->out);
    cim_buf_add_str(&d->out, "before");
    pick->n = 1;
    assert_int_equal(sealed_write(&d->s, pick, &d->out), CIM_EFORM);
    pick->n = 2;
    pick->runs[1].first = 1;
    assert_int_equal(sealed_write(&d->s, pick, &d->out), CIM_EFORM);
    pick->runs[1].first = 2;
    pick->events[1].len = 0;
    assert_int_equal(sealed_write(&d->s, pick, &d->out), CIM_EFORM);
    pick->events[1] = cim_bytes_of(much, CIM_EVENT_MAX + 1);
    assert_int_equal(sealed_write(&d->s, pick, &d->out), CIM_ETOOBIG);
    assert_true(cim_bytes_is(cim_buf_bytes(&d->out), "before"));
    pick->events[1] = d->s.events[2];
    d->out.max = 64;
    assert_int_equal(sealed_write(&d->s, pick, &d->out), CIM_ETOOBIG);
    assert_true(cim_bytes_is(cim_buf_bytes(&d->out), "before"));
    free(much);
}

static void
more_than_a_batch_may_hold_is_not_written(void **state)
{
    struct desk *d = *state;
    bool chosen[16];
    uint8_t *much = calloc(1, CIM_EVENT_MAX);

    assert_non_null(much);
    memset(chosen, 1, sizeof chosen);
    make(d, 16);
    write_slice(d, chosen);
    cim_buf_reset(&d->out);
    for (size_t i = 0; i < 15; i++)
        d->pick.events[i] = cim_bytes_of(much, CIM_EVENT_MAX);
    d->pick.events[15].len = 1;
    assert_int_equal(sealed_write(&d->s, &d->pick, &d->out), CIM_ETOOBIG);
    d->pick.events[14].len--;
    assert_int_equal(sealed_write(&d->s, &d->pick, &d->out), CIM_OK);
    free(much);
}

static void
a_batch_has_events_within_its_limits(void **state)
{
    struct desk *d = *state;
    struct cim_identity *id = sealed_identity(7);
    struct cim_header h = sealed_header(id);
    struct cim_signed_header sh;
    struct cim_bytes events[CIM_BATCH_EVENTS + 1];
    uint8_t *much = calloc(1, CIM_EVENT_MAX + 1);

    assert_non_null(much);
    for (size_t i = 0; i <= CIM_BATCH_EVENTS; i++)
        events[i] = cim_bytes_of(much, 1);
    assert_int_equal(cim_batch_seal(&h, id, events, 0, &sh, &d->s.frontier),
                     CIM_EFORM);
    assert_int_equal(cim_batch_seal(&h, id, events, CIM_BATCH_EVENTS + 1, &sh,
                                    &d->s.frontier),
                     CIM_EFORM);
    events[1].len = 0;
    assert_int_equal(cim_batch_seal(&h, id, events, 2, &sh, &d->s.frontier),
                     CIM_EFORM);
    events[1].len = CIM_EVENT_MAX + 1;
    assert_int_equal(cim_batch_seal(&h, id, events, 2, &sh, &d->s.frontier),
                     CIM_ETOOBIG);
    for (size_t i = 0; i < 15; i++)
        events[i].len = CIM_EVENT_MAX;
    assert_int_equal(cim_batch_seal(&h, id, events, 16, &sh, &d->s.frontier),
                     CIM_ETOOBIG);
    assert_null(d->s.frontier.v);
    assert_int_equal(cim_batch_seal(&h, id, events, 15, &sh, &d->s.frontier),
                     CIM_OK);
    assert_int_equal(sh.h.count, 15);
    free(much);
    cim_identity_close(&id);
}

/* The largest batch there may be fits into one slice. */
static void
the_largest_batch_travels_whole(void **state)
{
    struct desk *d = *state;
    struct cim_identity *id = sealed_identity(7);
    struct cim_header h = sealed_header(id);
    struct cim_signed_header sh;
    struct cim_bytes events[CIM_BATCH_EVENTS];
    const struct cim_run all = {0, CIM_BATCH_EVENTS};
    uint8_t text[CIM_BATCH_MAX / CIM_BATCH_EVENTS] = {0};

    for (size_t i = 0; i < CIM_BATCH_EVENTS; i++)
        events[i] = cim_bytes_of(text, sizeof text);
    assert_int_equal(
        cim_batch_seal(&h, id, events, CIM_BATCH_EVENTS, &sh, &d->s.frontier),
        CIM_OK);
    assert_int_equal(cim_slice_write(&sh, &d->s.frontier, &all, 1, events,
                                     CIM_BATCH_EVENTS, &d->out),
                     CIM_OK);
    assert_int_equal(parse_exact(d->out.p, d->out.len), CIM_OK);
    cim_identity_close(&id);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(key_and_signature_are_told_apart),
        TEST(a_remembered_signature_vouches_for_the_header_alone),
        TEST(a_slice_cut_at_any_byte_is_short),
        TEST(a_slice_with_any_byte_changed_does_not_prove),
        TEST(parts_of_another_form_are_refused),
        TEST(a_header_of_another_version_is_called_so),
        TEST(a_run_is_a_pair),
        TEST(counts_without_bytes_get_no_memory),
        TEST(sizes_are_bounded),
        TEST(a_slice_that_is_none_is_not_written),
        TEST(more_than_a_batch_may_hold_is_not_written),
        TEST(a_batch_has_events_within_its_limits),
        TEST(the_largest_batch_travels_whole),
    };

    if (cim_sodium_start() != CIM_OK)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MPL-2.0 */
/* sync_fetch_test - as sync_test, for fetch. */
#include "tests/unit/sync_desk.h"

/* ---- fetch, asked --------------------------------------------------------*/

static void
fetch_ask_is_read_as_it_was_written(void **state)
{
    struct desk *d = *state;
    struct cim_prefix prefixes[3];
    struct cim_fetch_ask ask = {.rid = 77,
                                .node = str("odl/ci-1"),
                                .epoch = EPOCH,
                                .after = 16384,
                                .upto = 32768,
                                .prefixes = prefixes,
                                .n_prefixes = 3,
                                .have = {.n = 16384}};
    const struct cim_fetch_ask *got = &d->msg.u.fetch_ask;

    memset(ask.have.digest.b, 5, sizeof ask.have.digest.b);
    assert_int_equal(cim_prefix_from_wire(str(""), &prefixes[0]), CIM_OK);
    assert_int_equal(cim_prefix_from_wire(str("odl/Art"), &prefixes[1]),
                     CIM_OK);
    assert_int_equal(cim_prefix_from_wire(str("odl/X/"), &prefixes[2]), CIM_OK);
    assert_int_equal(cim_fetch_ask_write(&ask, &d->out), CIM_OK);
    assert_int_equal(parse(d, true), CIM_OK);
    assert_int_equal(d->msg.kind, CIM_SYNC_FETCH);
    assert_true(d->msg.rid == 77 && got->rid == 77 && got->epoch == EPOCH);
    assert_true(cim_bytes_is(got->node, "odl/ci-1"));
    assert_true(got->after == 16384 && got->upto == 32768);
    assert_int_equal(got->n_prefixes, 3);
    for (size_t i = 0; i < 3; i++)
        assert_true(cim_bytes_eq(cim_prefix_bytes(&got->prefixes[i]),
                                 cim_prefix_bytes(&prefixes[i])));
    assert_true(got->have.n == 16384);
    assert_true(cim_digest_eq(&got->have.digest, &ask.have.digest));
    assert_short_when_cut(d, true);
    assert_trailing_byte_is_refused(d, true);
    damage(d, true);
}

static void
limits_of_a_fetch_ask_hold(void **state)
{
    static const struct {
        struct fetch f;
        enum cim_err want;
    } rows[] = {
        {{"odl/ci", 5, 0, 16384, 1, "odl/", 9, 16}, CIM_OK},
        {{"odl/ci", 0, CIM_SEQ_MAX - 1, CIM_SEQ_MAX, 32, "odl/", 1, 16},
         CIM_OK},
        {{"odl", 5, 0, 9, 1, "odl/", 9, 16}, CIM_EFORM},
        {{"odl/ci", CIM_SEQ_MAX + 1, 0, 9, 1, "", 9, 16}, CIM_EFORM},
        {{"odl/ci", 5, CIM_SEQ_MAX, CIM_SEQ_MAX + 1, 1, "", 1, 16}, CIM_EFORM},
        {{"odl/ci", 5, 9, 9, 1, "", 0, 0}, CIM_EFORM},
        {{"odl/ci", 5, 9, 8, 1, "", 0, 0}, CIM_EFORM},
        {{"odl/ci", 5, 0, 16385, 1, "", 9, 16}, CIM_ETOOBIG},
        {{"odl/ci", 5, 0, 9, 0, "", 9, 16}, CIM_EFORM},
        {{"odl/ci", 5, 0, 9, 33, "", 9, 16}, CIM_ETOOBIG},
        {{"odl/ci", 5, 0, 9, 1, "o l", 9, 16}, CIM_EFORM},
        {{"odl/ci", 5, 0, 9, 1, "!head/", 9, 16}, CIM_EFORM},
        {{"odl/ci", 5, 0, 9, 1, "", 10, 16}, CIM_EFORM},
        {{"odl/ci", 5, 0, 9, 1, "", 1, 0}, CIM_EFORM},
        {{"odl/ci", 5, 0, 9, 1, "", 1, 15}, CIM_EFORM},
        {{"odl/ci", 5, 0, 9, 1, "", 0, 16}, CIM_EFORM},
    };
    struct desk *d = *state;

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        enum cim_err got = fetch_ask(d, rows[i].f);
        if (got != rows[i].want)
            fail_msg("row %zu: %s", i, cim_err_label(got));
    }
}

static void
having_nothing_is_an_empty_digest_or_that_of_nothing(void **state)
{
    struct desk *d = *state;
    struct cim_digest nothing = digest_of_nothing();
    struct fetch f = {"odl/ci", 5, 0, 9, 1, "", 0, 0};

    assert_int_equal(fetch_ask(d, f), CIM_OK);
    assert_true(cim_digest_eq(&d->msg.u.fetch_ask.have.digest, &nothing));
    d->out.len -= 2;
    cim_wire_put_bin(&d->out, cim_bytes_of(nothing.b, sizeof nothing.b));
    assert_int_equal(parse(d, true), CIM_OK);
    assert_true(cim_digest_eq(&d->msg.u.fetch_ask.have.digest, &nothing));
}

/* ---- fetch, answered -----------------------------------------------------*/

static void
fetch_answer_is_read_as_it_was_written(void **state)
{
    struct desk *d = *state;
    struct cim_span missing[] = {{1, 2}, {4, 1}, {100, 16000}};
    struct cim_bytes slices[] = {str("one"), str("two")};
    struct cim_fetch_answer a = {.rid = 77,
                                 .covered = 16099,
                                 .last = CIM_SEQ_MAX,
                                 .missing = missing,
                                 .n_missing = 3,
                                 .slices = slices,
                                 .n_slices = 2};
    const struct cim_fetch_answer *got = &d->msg.u.fetch;

    assert_int_equal(cim_fetch_answer_write(&a, &d->out), CIM_OK);
    assert_int_equal(parse(d, false), CIM_OK);
    assert_int_equal(d->msg.kind, CIM_SYNC_FETCH);
    assert_true(got->rid == 77 && got->covered == 16099 &&
                got->last == CIM_SEQ_MAX);
    assert_int_equal(got->n_missing, 3);
    for (size_t i = 0; i < 3; i++)
        assert_true(got->missing[i].first == missing[i].first &&
                    got->missing[i].n == missing[i].n);
    assert_int_equal(got->n_slices, 2);
    assert_true(cim_bytes_is(got->slices[0], "one"));
    assert_true(cim_bytes_is(got->slices[1], "two"));
    assert_short_when_cut(d, false);
    assert_trailing_byte_is_refused(d, false);
    damage(d, false);
}

static void
empty_fetch_answer_is_read(void **state)
{
    struct desk *d = *state;
    struct cim_fetch_answer a = {.rid = 1, .covered = 9, .last = 3};

    assert_int_equal(cim_fetch_answer_write(&a, &d->out), CIM_OK);
    assert_int_equal(parse(d, false), CIM_OK);
    assert_int_equal(d->msg.u.fetch.n_missing + d->msg.u.fetch.n_slices, 0);
}

static void
limits_of_a_fetch_answer_hold(void **state)
{
    static const struct {
        struct cim_span missing[2];
        uint32_t n;
        enum cim_err want;
    } rows[] = {
        {{{1, 9}}, 1, CIM_OK},
        {{{1, 2}, {4, 6}}, 2, CIM_OK},
        {{{0, 2}}, 1, CIM_EFORM},
        {{{1, 0}}, 1, CIM_EFORM},
        {{{1, 10}}, 1, CIM_EFORM}, /* beyond covered */
        {{{10, 1}}, 1, CIM_EFORM},
        {{{CIM_SEQ_MAX, 16384}}, 1, CIM_EFORM},
        {{{CIM_SEQ_MAX + 1, 1}}, 1, CIM_EFORM},
        {{{1, 2}, {3, 1}}, 2, CIM_EFORM}, /* touching */
        {{{1, 2}, {2, 1}}, 2, CIM_EFORM},
        {{{4, 2}, {1, 1}}, 2, CIM_EFORM},
        {{{1, 16385}}, 1, CIM_EFORM},
    };
    struct desk *d = *state;

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        enum cim_err got =
            fetch_answer(d, 9, rows[i].missing, rows[i].n, "slice");
        if (got != rows[i].want)
            fail_msg("row %zu: %s", i, cim_err_label(got));
    }
    assert_int_equal(fetch_answer(d, CIM_SEQ_MAX, NULL, 0, "s"), CIM_OK);
    assert_int_equal(fetch_answer(d, CIM_SEQ_MAX + 1, NULL, 0, "s"), CIM_EFORM);
    assert_int_equal(fetch_answer(d, 9, NULL, 0, ""), CIM_EFORM);
}

static void
an_answer_beyond_its_size_is_neither_written_nor_read(void **state)
{
    struct desk *d = *state;
    uint8_t *much = calloc(1, CIM_MSG_DEALER_MAX + 1);
    struct cim_bytes slice = cim_bytes_of(much, CIM_PAGE_MAX);
    struct cim_fetch_answer a = {.slices = &slice, .n_slices = 1};

    assert_non_null(much);
    assert_int_equal(cim_fetch_answer_write(&a, &d->out), CIM_ETOOBIG);
    assert_int_equal(d->out.len, 0);
    slice.len = CIM_PAGE_MAX - 17;
    assert_int_equal(cim_fetch_answer_write(&a, &d->out), CIM_ETOOBIG);
    slice.len = CIM_PAGE_MAX - 18;
    assert_int_equal(cim_fetch_answer_write(&a, &d->out), CIM_OK);
    assert_int_equal(d->out.len, CIM_PAGE_MAX);
    assert_int_equal(parse(d, false), CIM_OK);
    cim_sync_clear(&d->msg);
    assert_int_equal(cim_sync_parse_answer(
                         cim_bytes_of(much, CIM_MSG_DEALER_MAX + 1), &d->msg),
                     CIM_ETOOBIG);
    free(much);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(fetch_ask_is_read_as_it_was_written),
        TEST(limits_of_a_fetch_ask_hold),
        TEST(having_nothing_is_an_empty_digest_or_that_of_nothing),
        TEST(fetch_answer_is_read_as_it_was_written),
        TEST(empty_fetch_answer_is_read),
        TEST(limits_of_a_fetch_answer_hold),
        TEST(an_answer_beyond_its_size_is_neither_written_nor_read),
    };

    if (cim_sodium_start() != CIM_OK)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MPL-2.0 */
/*
 * sync_test - heads and refusals there and back, every limit, every byte cut
 * off, and what all catch-up messages have in common.
 */
#include "tests/unit/sync_desk.h"

/* ---- heads, asked --------------------------------------------------------*/

static void
heads_ask_is_read_as_it_was_written(void **state)
{
    struct desk *d = *state;
    struct cim_bytes nodes[] = {str("odl/ci-1"), str("opnfv/x")};
    struct cim_heads_ask ask = {.rid = CIM_SEQ_MAX,
                                .nodes = nodes,
                                .n_nodes = 2,
                                .known = true,
                                .after_node = str("odl/ci-1"),
                                .after_epoch = EPOCH};
    const struct cim_heads_ask *got = &d->msg.u.heads_ask;

    memset(ask.digest.b, 5, sizeof ask.digest.b);
    assert_int_equal(cim_heads_ask_write(&ask, &d->out), CIM_OK);
    assert_int_equal(parse(d, true), CIM_OK);
    assert_int_equal(d->msg.kind, CIM_SYNC_HEADS);
    assert_true(d->msg.is_ask);
    assert_true(d->msg.rid == ask.rid && got->rid == ask.rid);
    assert_int_equal(got->n_nodes, 2);
    assert_true(cim_bytes_is(got->nodes[0], "odl/ci-1"));
    assert_true(cim_bytes_is(got->nodes[1], "opnfv/x"));
    assert_true(got->known);
    assert_true(cim_digest_eq(&got->digest, &ask.digest));
    assert_true(cim_bytes_is(got->after_node, "odl/ci-1"));
    assert_true(got->after_epoch == EPOCH);
    assert_short_when_cut(d, true);
    assert_trailing_byte_is_refused(d, true);
    damage(d, true);
}

static void
first_heads_ask_knows_nothing(void **state)
{
    struct desk *d = *state;
    struct cim_heads_ask ask = {.rid = 1};

    assert_int_equal(cim_heads_ask_write(&ask, &d->out), CIM_OK);
    assert_int_equal(parse(d, true), CIM_OK);
    assert_false(d->msg.u.heads_ask.known);
    assert_int_equal(d->msg.u.heads_ask.n_nodes, 0);
    assert_int_equal(d->msg.u.heads_ask.after_node.len, 0);
    assert_short_when_cut(d, true);
}

static void
limits_of_a_heads_ask_hold(void **state)
{
    struct desk *d = *state;

    assert_int_equal(heads_ask(d, CIM_HEADS_NODES, "odl/ci", 16, ""), CIM_OK);
    assert_int_equal(heads_ask(d, CIM_HEADS_NODES + 1, "odl/ci", 16, ""),
                     CIM_ETOOBIG);
    assert_int_equal(heads_ask(d, 1, "odl", 16, ""), CIM_EFORM);
    assert_int_equal(heads_ask(d, 1, "", 16, ""), CIM_EFORM);
    assert_int_equal(heads_ask(d, 1, "odl/ci", 15, ""), CIM_EFORM);
    assert_int_equal(heads_ask(d, 1, "odl/ci", 17, ""), CIM_EFORM);
    assert_int_equal(heads_ask(d, 1, "odl/ci", 0, "odl/ci"), CIM_OK);
    assert_int_equal(heads_ask(d, 1, "odl/ci", 0, "odl"), CIM_EFORM);
    assert_int_equal(heads_ask(d, 1, "odl/ci", 0, ""), CIM_OK);
    d->out.p[d->out.len - 1] = 1; /* an epoch after no node */
    assert_int_equal(parse(d, true), CIM_EFORM);
}

static void
an_ask_beyond_its_size_is_neither_written_nor_read(void **state)
{
    struct desk *d = *state;
    char name[CIM_NODE_MAX + 1];
    struct cim_bytes nodes[CIM_HEADS_NODES];
    struct cim_heads_ask ask = {.nodes = nodes, .n_nodes = CIM_HEADS_NODES};

    memset(name, 'a', CIM_NODE_MAX);
    name[CIM_NAME_MAX] = '/';
    name[CIM_NODE_MAX] = '\0';
    for (size_t i = 0; i < CIM_HEADS_NODES; i++)
        nodes[i] = str(name);
    cim_buf_add_str(&d->out, "before");
    assert_int_equal(cim_heads_ask_write(&ask, &d->out), CIM_ETOOBIG);
    assert_true(cim_bytes_is(cim_buf_bytes(&d->out), "before"));
    assert_int_equal(heads_ask(d, CIM_HEADS_NODES, name, 16, ""), CIM_ETOOBIG);
}

/* ---- heads, answered -----------------------------------------------------*/

static void
heads_answer_is_read_as_it_was_written(void **state)
{
    struct desk *d = *state;
    struct cim_heads_entry entries[] = {
        {.head = head_of("odl/ci-1", 5), .held = 0},
        {.head = head_of("odl/ci-1", 6), .held = CIM_SEQ_MAX},
        {.head = head_of("opnfv/ci", 1), .held = 3},
    };
    struct cim_heads_answer a = {
        .rid = 77, .more = true, .entries = entries, .n_entries = 3};
    const struct cim_heads_answer *got = &d->msg.u.heads;

    memset(a.digest.b, 5, sizeof a.digest.b);
    assert_int_equal(cim_heads_answer_write(&a, &d->out), CIM_OK);
    assert_int_equal(parse(d, false), CIM_OK);
    assert_int_equal(d->msg.kind, CIM_SYNC_HEADS);
    assert_false(d->msg.is_ask);
    assert_true(got->rid == 77 && got->more && !got->same);
    assert_true(cim_digest_eq(&got->digest, &a.digest));
    assert_int_equal(got->n_entries, 3);
    for (size_t i = 0; i < 3; i++) {
        assert_true(got->entries[i].held == entries[i].held);
        assert_true(cim_bytes_eq(cim_signed_bytes(&got->entries[i].head),
                                 cim_signed_bytes(&entries[i].head)));
        assert_memory_equal(got->entries[i].head.sig.b, entries[i].head.sig.b,
                            CIM_SIG_LEN);
    }
    assert_short_when_cut(d, false);
    assert_trailing_byte_is_refused(d, false);
    damage(d, false);
}

static void
unchanged_heads_are_one_line(void **state)
{
    struct desk *d = *state;
    struct cim_heads_answer a = {.rid = 1, .same = true};

    assert_int_equal(cim_heads_answer_write(&a, &d->out), CIM_OK);
    assert_true(d->out.len < 32);
    assert_int_equal(parse(d, false), CIM_OK);
    assert_int_equal(d->msg.u.heads.n_entries, 0);
    assert_null(d->msg.u.heads.entries);
}

static void
entries_go_up_by_node_and_epoch(void **state)
{
    static const struct {
        const char *node;
        uint64_t epoch;
    } after[] = {
        {"odl/ci-2", 6}, {"odl/ci-2", 5}, {"odl/ci-1", 7}, {"aaa/ci-1", 7}};
    struct desk *d = *state;
    struct cim_heads_entry entries[2] = {{.head = head_of("odl/ci-2", 6)}};
    struct cim_heads_answer a = {.entries = entries, .n_entries = 2};

    for (size_t i = 0; i < sizeof after / sizeof *after; i++) {
        entries[1].head = head_of(after[i].node, after[i].epoch);
        cim_buf_reset(&d->out);
        assert_int_equal(cim_heads_answer_write(&a, &d->out), CIM_OK);
        assert_int_equal(parse(d, false), CIM_EFORM);
    }
}

static void
put_entry(struct cim_buf *out, uint32_t n, size_t sig, uint64_t held)
{
    struct cim_signed_header sh = head_of("odl/ci", 5);

    cim_wire_put_array(out, n);
    cim_wire_put_bin(out, cim_signed_bytes(&sh));
    cim_wire_put_bin(out, cim_bytes_of(ones, sig));
    cim_wire_put_uint(out, held);
    for (uint32_t i = 3; i < n; i++)
        cim_wire_put_nil(out);
}

/* [1, "heads", 77, digest, more, [entry]] */
static enum cim_err
heads_answer(struct desk *d, size_t digest, uint32_t n, size_t sig,
             uint64_t held)
{
    start(d, 6, "heads");
    put_digest(&d->out, digest);
    cim_wire_put_bool(&d->out, false);
    cim_wire_put_array(&d->out, 1);
    put_entry(&d->out, n, sig, held);
    return parse(d, false);
}

static void
limits_of_a_heads_answer_hold(void **state)
{
    struct desk *d = *state;

    assert_int_equal(heads_answer(d, 16, 3, 64, CIM_SEQ_MAX), CIM_OK);
    assert_int_equal(heads_answer(d, 0, 3, 64, 1), CIM_EFORM);
    assert_int_equal(heads_answer(d, 15, 3, 64, 1), CIM_EFORM);
    assert_int_equal(heads_answer(d, 16, 4, 64, 1), CIM_EFORM);
    assert_int_equal(heads_answer(d, 16, 3, 63, 1), CIM_EFORM);
    assert_int_equal(heads_answer(d, 16, 3, 65, 1), CIM_EFORM);
    assert_int_equal(heads_answer(d, 16, 3, 64, CIM_SEQ_MAX + 1), CIM_EFORM);
    /* more to come after nothing */
    start(d, 6, "heads");
    put_digest(&d->out, 16);
    cim_wire_put_bool(&d->out, true);
    cim_wire_put_array(&d->out, 0);
    assert_int_equal(parse(d, false), CIM_EFORM);
}

/* Entries as single bytes: many fit, none of them is an entry. */
static void
entries_get_memory_only_for_bytes_that_can_hold_them(void **state)
{
    struct desk *d = *state;

    start(d, 6, "heads");
    put_digest(&d->out, 16);
    cim_wire_put_bool(&d->out, false);
    cim_wire_put_array(&d->out, 10000);
    for (int i = 0; i < 10000; i++)
        cim_wire_put_nil(&d->out);
    assert_int_equal(parse(d, false), CIM_ESHORT);
}

static void
digest_of_heads_is_over_their_hashes_and_counts(void **state)
{
    struct cim_signed_header a = head_of("odl/ci", 5), b = head_of("odl/ci", 6);
    struct cim_hash ha = cim_header_hash(cim_signed_bytes(&a));
    struct cim_hash hb = cim_header_hash(cim_signed_bytes(&b));
    struct cim_digester one, two;

    (void)state;
    cim_digester_init(&one);
    cim_heads_digest_add(&one, &ha, 3);
    cim_heads_digest_add(&one, &hb, 258);
    cim_digester_init(&two);
    cim_digester_add(&two, cim_bytes_of(ha.b, 32));
    cim_digester_add(&two, cim_bytes_of("\0\0\0\0\0\0\0\3", 8));
    cim_digester_add(&two, cim_bytes_of(hb.b, 32));
    cim_digester_add(&two, cim_bytes_of("\0\0\0\0\0\0\1\2", 8));
    struct cim_digest x = cim_digester_end(&one), y = cim_digester_end(&two);
    assert_true(cim_digest_eq(&x, &y));
}

/* ---- refused -------------------------------------------------------------*/

static void
refusal_carries_the_label(void **state)
{
    struct desk *d = *state;

    for (unsigned i = 1; i < CIM_ERR_N; i++) {
        cim_buf_reset(&d->out);
        assert_int_equal(cim_refused_write(77, (enum cim_err)i, &d->out),
                         CIM_OK);
        assert_int_equal(parse(d, false), CIM_OK);
        assert_int_equal(d->msg.kind, CIM_SYNC_REFUSED);
        assert_true(d->msg.rid == 77);
        assert_true(
            cim_bytes_is(d->msg.u.reason, cim_err_label((enum cim_err)i)));
    }
    assert_short_when_cut(d, false);
    assert_trailing_byte_is_refused(d, false);
}

static void
a_reason_that_is_no_word_is_refused(void **state)
{
    static const char *const bad[] = {
        "",        "Quota", "a b",
        "a\nb",    "q1",    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
        "\xc3\xbc"};
    struct desk *d = *state;

    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        start(d, 4, "refused");
        cim_wire_put_str(&d->out, str(bad[i]));
        assert_int_equal(parse(d, false), CIM_EFORM);
    }
    start(d, 4, "refused");
    cim_wire_put_str(&d->out, str("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"));
    assert_int_equal(parse(d, false), CIM_OK);
}

/* ---- what all have in common ---------------------------------------------*/

static void
asks_and_answers_are_not_taken_for_each_other(void **state)
{
    struct desk *d = *state;
    struct fetch f = {"odl/ci", 5, 0, 9, 1, "", 9, 16};

    assert_int_equal(fetch_ask(d, f), CIM_OK);
    assert_int_equal(parse(d, false), CIM_EFORM);
    assert_int_equal(fetch_answer(d, 9, NULL, 0, "s"), CIM_OK);
    assert_int_equal(parse(d, true), CIM_EFORM);
    assert_int_equal(heads_ask(d, 1, "odl/ci", 16, ""), CIM_OK);
    assert_int_equal(parse(d, false), CIM_EFORM);
    start(d, 4, "refused");
    cim_wire_put_str(&d->out, str("quota"));
    assert_int_equal(parse(d, true), CIM_EFORM);
}

static void
request_id_is_known_as_soon_as_it_could_be_read(void **state)
{
    struct desk *d = *state;

    start(d, 4, "colour");
    cim_wire_put_nil(&d->out);
    assert_int_equal(parse(d, true), CIM_EFORM);
    assert_true(d->msg.rid == 77);
    assert_int_equal(heads_ask(d, 1, "odl", 16, ""), CIM_EFORM);
    assert_true(d->msg.rid == 77);
    cim_buf_reset(&d->out);
    cim_buf_add_str(&d->out, "\x93\x01\xa5heads\xc0");
    assert_int_equal(parse(d, true), CIM_EFORM);
    assert_true(d->msg.rid == 0);
}

static void
another_version_is_called_so(void **state)
{
    struct desk *d = *state;
    struct fetch f = {"odl/ci", 5, 0, 9, 1, "", 9, 16};

    assert_int_equal(fetch_ask(d, f), CIM_OK);
    d->out.p[1] = 2;
    assert_int_equal(parse(d, true), CIM_EVERSION);
    assert_int_equal(parse(d, false), CIM_EVERSION);
    d->out.p[1] = 0;
    assert_int_equal(parse(d, true), CIM_EVERSION);
}

static void
arrays_of_another_length_are_refused(void **state)
{
    static const char *const kinds[] = {"heads", "fetch", "refused"};
    struct desk *d = *state;

    for (size_t kind = 0; kind < 3; kind++)
        for (uint32_t n = 3; n < 14; n++) {
            start(d, n, kinds[kind]);
            for (uint32_t i = 3; i < n; i++)
                cim_wire_put_array(&d->out, 0);
            assert_int_equal(parse(d, true), CIM_EFORM);
            assert_int_equal(parse(d, false), CIM_EFORM);
        }
    cim_buf_reset(&d->out);
    cim_buf_add_str(&d->out, "\x91\x01");
    assert_int_equal(parse(d, true), CIM_EFORM);
}

static void
declared_counts_without_bytes_are_short(void **state)
{
    static const char head[] = "\x96\x01\xa5heads\x07\xdd\x0f\xff\xff\xff";
    struct desk *d = *state;

    cim_buf_add(&d->out, head, sizeof head - 1);
    assert_int_equal(parse(d, true), CIM_ESHORT);
    assert_int_equal(parse(d, false), CIM_ESHORT);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(heads_ask_is_read_as_it_was_written),
        TEST(first_heads_ask_knows_nothing),
        TEST(limits_of_a_heads_ask_hold),
        TEST(an_ask_beyond_its_size_is_neither_written_nor_read),
        TEST(heads_answer_is_read_as_it_was_written),
        TEST(unchanged_heads_are_one_line),
        TEST(entries_go_up_by_node_and_epoch),
        TEST(limits_of_a_heads_answer_hold),
        TEST(entries_get_memory_only_for_bytes_that_can_hold_them),
        TEST(digest_of_heads_is_over_their_hashes_and_counts),
        TEST(refusal_carries_the_label),
        TEST(a_reason_that_is_no_word_is_refused),
        TEST(asks_and_answers_are_not_taken_for_each_other),
        TEST(request_id_is_known_as_soon_as_it_could_be_read),
        TEST(another_version_is_called_so),
        TEST(arrays_of_another_length_are_refused),
        TEST(declared_counts_without_bytes_are_short),
    };

    if (cim_sodium_start() != CIM_OK)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MPL-2.0 */
/*
 * sync_test - each message there and back, every limit, every byte cut off.
 *
 * Messages that the writers would not make are written by hand: `start` and
 * `put_*` below are the grammar of WIRE.md section 11 in calls.
 */
#include "proto/sync.h"

#include <stdio.h>

#include "proto/wire.h"
#include "tests/unit/chance.h"
#include "tests/unit/sealed.h"

struct desk {
    struct cim_buf out;
    struct cim_sync msg;
};

static int
set_up(void **state)
{
    static struct desk desk;

    memset(&desk, 0, sizeof desk);
    *state = &desk;
    return 0;
}

static int
tear_down(void **state)
{
    struct desk *d = *state;

    cim_sync_clear(&d->msg);
    cim_buf_clear(&d->out);
    return 0;
}

static struct cim_bytes
str(const char *text)
{
    return cim_bytes_str(text);
}

static enum cim_err
parse(struct desk *d, bool ask)
{
    struct cim_bytes frame = cim_buf_bytes(&d->out);

    cim_sync_clear(&d->msg);
    return ask ? cim_sync_parse_ask(frame, &d->msg)
               : cim_sync_parse_answer(frame, &d->msg);
}

/* Parses every beginning of the message, each in bytes of its own. */
static void
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

static void
assert_trailing_byte_is_refused(struct desk *d, bool ask)
{
    cim_buf_add_u8(&d->out, 0xc0);
    assert_int_equal(parse(d, ask), CIM_ETRAIL);
    d->out.len--;
}

/* No damage may crash, be read beyond, or leak. */
static void
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

static void
start(struct desk *d, uint32_t elements, const char *kind)
{
    cim_buf_reset(&d->out);
    cim_wire_put_array(&d->out, elements);
    cim_wire_put_uint(&d->out, 1);
    cim_wire_put_str(&d->out, str(kind));
    cim_wire_put_uint(&d->out, 77);
}

static void
put_pair(struct cim_buf *out, uint64_t a, uint64_t b)
{
    cim_wire_put_array(out, 2);
    cim_wire_put_uint(out, a);
    cim_wire_put_uint(out, b);
}

static const uint8_t ones[65] = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
                                 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1};

static void
put_digest(struct cim_buf *out, size_t len)
{
    cim_wire_put_bin(out, cim_bytes_of(ones, len));
}

static struct cim_digest
digest_of_nothing(void)
{
    struct cim_digester d;

    cim_digester_init(&d);
    return cim_digester_end(&d);
}

static struct cim_signed_header
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

/* [1, "heads", 77, n nodes, digest, [after, epoch]] */
static enum cim_err
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
    cim_heads_digest_add(&one, &a, 3);
    cim_heads_digest_add(&one, &b, 258);
    cim_digester_init(&two);
    cim_digester_add(&two, cim_bytes_of(ha.b, 32));
    cim_digester_add(&two, cim_bytes_of("\0\0\0\0\0\0\0\3", 8));
    cim_digester_add(&two, cim_bytes_of(hb.b, 32));
    cim_digester_add(&two, cim_bytes_of("\0\0\0\0\0\0\1\2", 8));
    struct cim_digest x = cim_digester_end(&one), y = cim_digester_end(&two);
    assert_true(cim_digest_eq(&x, &y));
}

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

struct fetch {
    const char *node;
    uint64_t epoch, after, upto;
    uint32_t n_prefixes;
    const char *prefix;
    uint64_t n;
    size_t digest;
};

static enum cim_err
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

/* [1, "fetch", 77, covered, 9, missing, [slice]] */
static enum cim_err
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

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

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
        TEST(fetch_ask_is_read_as_it_was_written),
        TEST(limits_of_a_fetch_ask_hold),
        TEST(having_nothing_is_an_empty_digest_or_that_of_nothing),
        TEST(fetch_answer_is_read_as_it_was_written),
        TEST(empty_fetch_answer_is_read),
        TEST(limits_of_a_fetch_answer_hold),
        TEST(an_answer_beyond_its_size_is_neither_written_nor_read),
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

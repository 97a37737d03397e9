/* SPDX-License-Identifier: MPL-2.0 */
/*
 * vectors_test - the named byte strings of tests/vectors, read by the library.
 *
 * They were made by an independent program from WIRE.md alone; WIRE.md
 * section 16 says what each kind gives and what has to be found.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "keys/identity.h"
#include "proto/event.h"
#include "proto/slice.h"
#include "proto/sync.h"
#include "proto/topic.h"
#include "proto/wire.h"

static json_t *vectors;

struct hex {
    uint8_t *p;
    size_t len;
};

static struct hex
unhex(const char *text)
{
    assert_non_null(text);
    struct hex h = {.len = strlen(text) / 2};

    h.p = calloc(1, h.len + 1);
    assert_non_null(h.p);
    assert_int_equal(cim_hex_decode(text, strlen(text), h.p, h.len), CIM_OK);
    return h;
}

static const char *
text_of(const json_t *v, const char *key)
{
    return json_string_value(json_object_get(v, key));
}

static int64_t
int_of(const json_t *v, const char *key)
{
    return json_integer_value(json_object_get(v, key));
}

static struct hex
hex_of(const json_t *v, const char *key)
{
    return unhex(text_of(v, key));
}

static struct cim_bytes
lent(struct hex h)
{
    return cim_bytes_of(h.p, h.len);
}

static void
assert_hex(const json_t *v, const char *key, const void *p, size_t len)
{
    struct hex want = hex_of(v, key);

    assert_int_equal(want.len, len);
    assert_memory_equal(want.p, p, len);
    free(want.p);
}

static struct cim_identity *
identity_of(const char *name)
{
    struct cim_identity *id = NULL;
    json_t *v;
    size_t i;

    json_array_foreach(vectors, i, v)
    {
        if (strcmp(text_of(v, "name"), name) != 0)
            continue;
        struct hex sign = hex_of(v, "signSeed");
        struct hex curve = hex_of(v, "curveSeed");
        assert_int_equal(sign.len, 32);
        assert_int_equal(curve.len, 32);
        assert_int_equal(cim_identity_from_seeds(sign.p, curve.p, &id), CIM_OK);
        free(sign.p);
        free(curve.p);
        return id;
    }
    fail_msg("no key vector named %s", name);
    return NULL;
}

static struct cim_signkey
key_of(const json_t *v)
{
    struct cim_identity *id = identity_of(text_of(v, "key"));
    struct cim_signkey key = cim_identity_signkey(id);

    cim_identity_close(&id);
    return key;
}

static enum cim_err
run_key(const json_t *v)
{
    struct cim_identity *id = identity_of(text_of(v, "name"));
    struct cim_signkey sign = cim_identity_signkey(id);
    struct cim_curvekey curve = cim_identity_curvekey(id);
    struct cim_keyid keyid = cim_keyid_of(&sign);
    char text[CIM_KEY_TEXT_LEN + 1];

    assert_hex(v, "sign", sign.b, sizeof sign.b);
    assert_hex(v, "curve", curve.b, sizeof curve.b);
    assert_hex(v, "keyId", keyid.b, sizeof keyid.b);
    cim_key_text(sign.b, text);
    assert_string_equal(text, text_of(v, "signText"));
    cim_identity_close(&id);
    return CIM_OK;
}

static enum cim_err
run_leaf(const json_t *v)
{
    struct hex event = hex_of(v, "hex");
    struct cim_hash hash = cim_hash_leaf(lent(event));

    assert_hex(v, "hash", hash.b, sizeof hash.b);
    free(event.p);
    return CIM_OK;
}

static enum cim_err
run_inner(const json_t *v)
{
    struct hex left = hex_of(v, "left"), right = hex_of(v, "right");
    struct cim_hash l, r, hash;

    assert_int_equal(left.len, 32);
    assert_int_equal(right.len, 32);
    memcpy(l.b, left.p, 32);
    memcpy(r.b, right.p, 32);
    hash = cim_hash_inner(&l, &r);
    assert_hex(v, "hash", hash.b, sizeof hash.b);
    free(left.p);
    free(right.p);
    return CIM_OK;
}

static enum cim_err
run_signature(const json_t *v)
{
    struct hex header = hex_of(v, "hex"), given = hex_of(v, "signature");
    struct cim_signkey key = key_of(v);
    struct cim_signature sig, made;

    assert_int_equal(given.len, CIM_SIG_LEN);
    memcpy(sig.b, given.p, CIM_SIG_LEN);
    enum cim_err err = cim_verify(&key, CIM_CONTEXT_BATCH, lent(header), &sig);
    if (err == CIM_OK) {
        struct cim_identity *id = identity_of(text_of(v, "key"));
        cim_identity_sign(id, CIM_CONTEXT_BATCH, lent(header), &made);
        assert_memory_equal(made.b, sig.b, CIM_SIG_LEN);
        cim_identity_close(&id);
    }
    free(header.p);
    free(given.p);
    return err;
}

static enum cim_err
run_msgpack(const json_t *v)
{
    struct hex data = hex_of(v, "hex");
    enum cim_err err = cim_wire_skim(lent(data), (unsigned)int_of(v, "depth"),
                                     (unsigned)int_of(v, "items"));

    free(data.p);
    return err;
}

static enum cim_err
run_topic(const json_t *v)
{
    return cim_topic_check(cim_bytes_str(text_of(v, "text")), NULL);
}

static enum cim_err
run_segment(const json_t *v)
{
    struct cim_buf out = {0};
    enum cim_err err = cim_topic_add(&out, cim_bytes_str(text_of(v, "text")));

    if (err == CIM_OK)
        assert_true(cim_bytes_is(cim_buf_bytes(&out), text_of(v, "segment")));
    cim_buf_clear(&out);
    return err;
}

static enum cim_err
run_prefix(const json_t *v)
{
    struct cim_prefix prefix;
    enum cim_err err =
        cim_prefix_parse(cim_bytes_str(text_of(v, "typed")), &prefix, NULL);

    if (err == CIM_OK)
        assert_true(
            cim_bytes_is(cim_prefix_bytes(&prefix), text_of(v, "prefix")));
    return err;
}

static enum cim_err
run_event(const json_t *v)
{
    struct hex data = hex_of(v, "hex");
    bool publish = strcmp(text_of(v, "as"), "publish") == 0;
    struct cim_event event;
    enum cim_err err = cim_event_parse(
        lent(data), publish ? CIM_PUBLISH : CIM_FOLLOW, &event, NULL);

    free(data.p);
    return err;
}

static enum cim_err
run_speaks(const json_t *v)
{
    return cim_event_speaks_for(cim_bytes_str(text_of(v, "topic")),
                                cim_bytes_str(text_of(v, "node")));
}

static void
compare_header(const json_t *v, const struct cim_header *h,
               struct cim_bytes bytes)
{
    struct cim_hash hash = cim_header_hash(bytes);
    struct cim_buf again = {0};

    assert_string_equal(h->node, text_of(v, "node"));
    assert_hex(v, "keyId", h->key.b, sizeof h->key.b);
    assert_hex(v, "root", h->root.b, sizeof h->root.b);
    assert_hex(v, "prev", h->prev.b, sizeof h->prev.b);
    assert_hex(v, "hash", hash.b, sizeof hash.b);
    assert_int_equal(h->epoch, int_of(v, "epoch"));
    assert_int_equal(h->first, int_of(v, "first"));
    assert_int_equal(h->count, int_of(v, "count"));
    assert_int_equal(h->time_ms, int_of(v, "time"));
    assert_int_equal(cim_header_encode(h, &again), CIM_OK);
    assert_true(cim_bytes_eq(cim_buf_bytes(&again), bytes));
    cim_buf_clear(&again);
}

static enum cim_err
run_header(const json_t *v)
{
    struct hex data = hex_of(v, "hex");
    struct cim_header h;
    enum cim_err err = cim_header_parse(lent(data), &h);

    if (err == CIM_OK)
        compare_header(v, &h, lent(data));
    free(data.p);
    return err;
}

static enum cim_err
run_tree(const json_t *v)
{
    json_t *events = json_object_get(v, "events"), *one;
    struct cim_hash leaves[CIM_BATCH_EVENTS];
    size_t i;

    json_array_foreach(events, i, one)
    {
        struct hex event = unhex(json_string_value(one));
        leaves[i] = cim_hash_leaf(lent(event));
        free(event.p);
    }
    struct cim_hash root =
        cim_merkle_root(leaves, (uint32_t)json_array_size(events));
    assert_hex(v, "root", root.b, sizeof root.b);
    return CIM_OK;
}

static void
compare_slice(const json_t *v, const struct cim_slice *slice)
{
    json_t *events = json_object_get(v, "events");
    json_t *indices = json_object_get(v, "indices");

    assert_int_equal(slice->n_events, json_array_size(events));
    for (size_t i = 0; i < slice->n_events; i++) {
        struct hex want = unhex(json_string_value(json_array_get(events, i)));
        assert_true(cim_bytes_eq(slice->events[i], lent(want)));
        assert_int_equal(cim_slice_index(slice, i),
                         json_integer_value(json_array_get(indices, i)));
        free(want.p);
    }
}

static enum cim_err
run_slice(const json_t *v)
{
    struct hex data = hex_of(v, "hex");
    struct cim_signkey key = key_of(v);
    struct cim_slice slice;
    struct cim_proven proven;
    enum cim_err err = cim_slice_parse(lent(data), &slice);

    if (err == CIM_OK) {
        err = cim_slice_prove(&slice, &key, false, &proven);
        if (err == CIM_OK) {
            compare_slice(v, &proven.slice);
            cim_proven_clear(&proven);
        } else {
            cim_slice_clear(&slice);
        }
    }
    free(data.p);
    return err;
}

static enum cim_err
run_beacon(const json_t *v)
{
    struct hex data = hex_of(v, "hex");
    struct cim_signkey key = key_of(v);
    struct cim_signed_header sh;
    bool none = false;
    enum cim_err err = cim_beacon_parse(lent(data), &sh, &none);

    if (err == CIM_OK) {
        assert_int_equal(none, json_is_true(json_object_get(v, "none")));
        if (!none)
            err = cim_signed_verify(&sh, &key);
    }
    free(data.p);
    return err;
}

static enum cim_err
run_sync(const json_t *v, bool ask)
{
    static const char *const names[] = {"heads", "fetch", "find", "refused"};
    struct hex data = hex_of(v, "hex");
    struct cim_sync msg;
    enum cim_err err = ask ? cim_sync_parse_ask(lent(data), &msg)
                           : cim_sync_parse_answer(lent(data), &msg);

    if (err == CIM_OK) {
        if (text_of(v, "message")) {
            assert_string_equal(names[msg.kind], text_of(v, "message"));
            assert_int_equal(msg.rid, int_of(v, "rid"));
        }
        cim_sync_clear(&msg);
    }
    free(data.p);
    return err;
}

static enum cim_err
run_ask(const json_t *v)
{
    return run_sync(v, true);
}

static enum cim_err
run_answer(const json_t *v)
{
    return run_sync(v, false);
}

static const struct {
    const char *kind;
    enum cim_err (*run)(const json_t *v);
    unsigned least; /* vectors of this kind there have to be */
} kinds[] = {
    {"key", run_key, 2},          {"leaf", run_leaf, 2},
    {"inner", run_inner, 1},      {"signature", run_signature, 4},
    {"msgpack", run_msgpack, 30}, {"topic", run_topic, 20},
    {"segment", run_segment, 8},  {"prefix", run_prefix, 8},
    {"event", run_event, 40},     {"speaks", run_speaks, 4},
    {"header", run_header, 12},   {"tree", run_tree, 9},
    {"slice", run_slice, 24},     {"beacon", run_beacon, 4},
    {"ask", run_ask, 12},         {"answer", run_answer, 12},
};
#define N_KINDS (sizeof kinds / sizeof *kinds)

static size_t
kind_of(const json_t *v)
{
    size_t k = 0;

    while (k < N_KINDS && strcmp(kinds[k].kind, text_of(v, "kind")) != 0)
        k++;
    if (k == N_KINDS)
        fail_msg("%s: unknown kind %s", text_of(v, "name"), text_of(v, "kind"));
    return k;
}

static void
test_every_vector_gives_the_verdict_it_expects(void **state)
{
    unsigned seen[N_KINDS] = {0}, wrong = 0;
    json_t *v;
    size_t i;

    (void)state;
    json_array_foreach(vectors, i, v)
    {
        size_t k = kind_of(v);
        seen[k]++;
        const char *got = cim_err_label(kinds[k].run(v));
        if (strcmp(got, text_of(v, "expect")) == 0)
            continue;
        print_error("%s: expected %s, got %s (%s)\n", text_of(v, "name"),
                    text_of(v, "expect"), got, text_of(v, "note"));
        wrong++;
    }
    for (size_t k = 0; k < N_KINDS; k++)
        if (seen[k] < kinds[k].least) {
            print_error("only %u vectors of kind %s\n", seen[k], kinds[k].kind);
            wrong++;
        }
    print_message("%zu vectors\n", json_array_size(vectors));
    assert_int_equal(wrong, 0);
}

/* vectors_test [FILE]: other vectors than those of the tree. */
int
main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_vector_gives_the_verdict_it_expects),
    };
    json_error_t error;

    if (cim_sodium_start() != CIM_OK)
        return 1;
    const char *file = argc > 1 ? argv[1] : TESTS_DIR "/vectors/vectors.json";
    vectors = json_load_file(file, 0, &error);
    if (!json_is_array(vectors)) {
        fprintf(stderr, "%s:%d: %s\n", file, error.line, error.text);
        return 1;
    }
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    json_decref(vectors);
    return failed;
}

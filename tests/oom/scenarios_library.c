/* SPDX-License-Identifier: MPL-2.0 */
#include <string.h>

#include "proto/event.h"
#include "proto/slice.h"
#include "proto/sync.h"
#include "proto/wire.h"
#include "tests/oom/oom.h"

#define EVENTS 40

/* ---- buffers, keys, events -----------------------------------------------*/

enum cim_err
oom_buffer(void)
{
    struct cim_buf buf = {0};

    for (int i = 0; i < 100; i++)
        cim_buf_add_str(&buf, "some text that makes it grow");
    enum cim_err err = buf.err;
    if (!err && !cim_buf_cstr(&buf))
        err = CIM_ENOMEM;
    /* once it failed it stays as it was, and can be used again */
    cim_buf_reset(&buf);
    if (!err)
        err = cim_buf_add_u8(&buf, 'x');
    cim_buf_clear(&buf);
    return err;
}

enum cim_err
oom_identity(void)
{
    static const char text[] =
        "cimesh node key 1: keep this file secret\n"
        "sign = AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA\n"
        "curve = AgIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA\n";
    static const uint8_t seed[32] = {1};
    struct cim_identity *a = NULL, *b = NULL, *c = NULL;
    enum cim_err err = cim_identity_make(&a);

    if (!err)
        err = cim_identity_from_seeds(seed, seed, &b);
    if (!err)
        err = cim_identity_parse(cim_bytes_str(text), &c, NULL);
    cim_identity_close(&a);
    cim_identity_close(&b);
    cim_identity_close(&c);
    return err;
}

enum cim_err
oom_event(void)
{
    struct cim_event event = {
        .v = 1,
        .id = cim_bytes_str("018f6b2e-7c4d-7a3b-9e5f-0123456789ab"),
        .type_name = cim_bytes_str("Weather"),
        .time_ms = 1,
        .build_url = cim_bytes_str("https://ci/1"),
    };
    struct cim_buf topic = {0}, bytes = {0};
    enum cim_err err = cim_event_topic(&event, cim_bytes_str("odl"), &topic);

    event.topic = cim_buf_bytes(&topic);
    if (!err)
        err = cim_event_encode(&event, &bytes);
    if (!err)
        err = cim_event_parse(cim_buf_bytes(&bytes), CIM_PUBLISH, &event, NULL);
    cim_buf_clear(&topic);
    cim_buf_clear(&bytes);
    return err;
}

/* ---- batches and slices --------------------------------------------------*/

struct batch {
    struct cim_identity *id;
    struct cim_signkey key;
    uint8_t text[EVENTS];
    struct cim_bytes events[EVENTS];
    struct cim_signed_header sh;
    struct cim_frontier frontier;
};

static enum cim_err
batch_make(struct batch *b)
{
    static const uint8_t seed[32] = {7};
    struct cim_header h = {
        .node = "odl/ci-1", .epoch = 5, .first = 1, .time_ms = 5};

    memset(b, 0, sizeof *b);
    enum cim_err err = cim_identity_from_seeds(seed, seed, &b->id);
    if (err)
        return err;
    b->key = cim_identity_signkey(b->id);
    h.key = cim_keyid_of(&b->key);
    for (size_t i = 0; i < EVENTS; i++) {
        b->text[i] = (uint8_t)i;
        b->events[i] = cim_bytes_of(&b->text[i], 1);
    }
    return cim_batch_seal(&h, b->id, b->events, EVENTS, &b->sh, &b->frontier);
}

static void
batch_clear(struct batch *b)
{
    cim_identity_close(&b->id);
    cim_frontier_clear(&b->frontier);
}

static enum cim_err
prove(struct cim_bytes frame, const struct batch *b, struct cim_proven *out)
{
    struct cim_slice slice;
    enum cim_err err = cim_slice_parse(frame, &slice);

    if (err)
        return err;
    err = cim_slice_prove(&slice, &b->key, false, out);
    cim_slice_clear(&slice); /* empty when it was taken over */
    return err;
}

/* A proven slice of the one run. */
static enum cim_err
prove_run(const struct batch *b, struct cim_run run, struct cim_buf *frame,
          struct cim_proven *out)
{
    enum cim_err err = cim_slice_write(&b->sh, &b->frontier, &run, 1,
                                       &b->events[run.first], run.n, frame);

    return err ? err : prove(cim_buf_bytes(frame), b, out);
}

enum cim_err
oom_slice(void)
{
    struct batch b;
    struct cim_buf frame = {0};
    struct cim_proven proven = {0};
    enum cim_err err = batch_make(&b);

    if (!err)
        err = prove_run(&b, (struct cim_run){3, 20}, &frame, &proven);
    cim_proven_clear(&proven);
    cim_buf_clear(&frame);
    batch_clear(&b);
    return err;
}

enum cim_err
oom_merge(void)
{
    struct batch b;
    struct cim_buf one = {0}, two = {0}, nodes = {0};
    struct cim_proven left = {0}, right = {0};
    struct cim_frontier both = {0};
    const struct cim_run middle = {5, 10};
    enum cim_err err = batch_make(&b);

    if (!err)
        err = prove_run(&b, (struct cim_run){0, 9}, &one, &left);
    if (!err)
        err = prove_run(&b, (struct cim_run){9, 9}, &two, &right);
    if (!err)
        err = cim_frontier_merge(&left.frontier, &right.frontier, &both);
    if (!err)
        err = cim_merkle_nodes(&both, EVENTS, &middle, 1, &nodes);
    cim_proven_clear(&left);
    cim_proven_clear(&right);
    cim_frontier_clear(&both);
    cim_buf_clear(&one);
    cim_buf_clear(&two);
    cim_buf_clear(&nodes);
    batch_clear(&b);
    return err;
}

enum cim_err
oom_beacon(void)
{
    struct batch b;
    struct cim_signed_header sh;
    struct cim_buf frame = {0};
    bool none;
    enum cim_err err = batch_make(&b);

    if (!err)
        err = cim_beacon_encode(&b.sh, &frame);
    if (!err)
        err = cim_beacon_parse(cim_buf_bytes(&frame), &sh, &none);
    cim_buf_clear(&frame);
    batch_clear(&b);
    return err;
}

/* ---- catch-up ------------------------------------------------------------*/

static enum cim_err
read_back(struct cim_buf *frame, bool ask)
{
    struct cim_sync msg;
    enum cim_err err = ask ? cim_sync_parse_ask(cim_buf_bytes(frame), &msg)
                           : cim_sync_parse_answer(cim_buf_bytes(frame), &msg);

    cim_sync_clear(&msg); /* allowed after a failure too */
    cim_buf_clear(frame);
    return err;
}

enum cim_err
oom_heads(void)
{
    struct batch b;
    struct cim_bytes node = cim_bytes_str("odl/ci-1");
    struct cim_heads_ask ask = {.rid = 1, .nodes = &node, .n_nodes = 1};
    struct cim_heads_entry entry;
    struct cim_heads_answer answer = {
        .rid = 1, .entries = &entry, .n_entries = 1};
    struct cim_buf frame = {0};
    enum cim_err err = batch_make(&b);

    if (!err)
        err = cim_heads_ask_write(&ask, &frame);
    if (!err)
        err = read_back(&frame, true);
    if (!err) {
        entry = (struct cim_heads_entry){.head = b.sh, .held = 40};
        err = cim_heads_answer_write(&answer, &frame);
    }
    if (!err)
        err = read_back(&frame, false);
    cim_buf_clear(&frame);
    batch_clear(&b);
    return err;
}

enum cim_err
oom_fetch(void)
{
    struct cim_prefix prefix = {.text = "odl/", .len = 4};
    struct cim_fetch_ask ask = {.rid = 1,
                                .node = cim_bytes_str("odl/ci-1"),
                                .upto = 9,
                                .prefixes = &prefix,
                                .n_prefixes = 1};
    struct cim_span missing = {.first = 1, .n = 2};
    struct cim_bytes slice = cim_bytes_str("slice");
    struct cim_fetch_answer answer = {.rid = 1,
                                      .covered = 9,
                                      .last = 9,
                                      .missing = &missing,
                                      .n_missing = 1,
                                      .slices = &slice,
                                      .n_slices = 1};
    struct cim_buf frame = {0};
    enum cim_err err = cim_fetch_ask_write(&ask, &frame);

    if (!err)
        err = read_back(&frame, true);
    if (!err)
        err = cim_fetch_answer_write(&answer, &frame);
    if (!err)
        err = read_back(&frame, false);
    cim_buf_clear(&frame);
    return err;
}

enum cim_err
oom_find(void)
{
    struct cim_find_ask ask = {
        .rid = 1, .community = cim_bytes_str("odl"), .id = {{0}}};
    struct cim_bytes slice = cim_bytes_str("slice");
    struct cim_find_answer answer = {.rid = 1, .slices = &slice, .n_slices = 1};
    struct cim_buf frame = {0};

    ask.id.b[6] = 0x70;
    ask.id.b[8] = 0x80;
    enum cim_err err = cim_find_ask_write(&ask, &frame);
    if (!err)
        err = read_back(&frame, true);
    if (!err)
        err = cim_find_answer_write(&answer, &frame);
    if (!err)
        err = read_back(&frame, false);
    cim_buf_clear(&frame);
    return err;
}

enum cim_err
oom_refused(void)
{
    struct cim_buf frame = {0};
    enum cim_err err = cim_refused_write(1, CIM_EQUOTA, &frame);

    if (!err)
        err = read_back(&frame, false);
    cim_buf_clear(&frame);
    return err;
}

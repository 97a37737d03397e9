/* SPDX-License-Identifier: MPL-2.0 */
/*
 * seal - a program that uses libcimesh and nothing else of cimesh.
 *
 *     cc seal.c $(pkg-config --cflags --libs cimesh) -o seal
 *
 * It says one fact, seals it into a batch, writes the slice that anybody can
 * check, and then is anybody: it parses the slice, proves it under the public
 * key, and reads the event.
 */
#include <stdio.h>
#include <time.h>

#include "keys/identity.h"
#include "proto/event.h"
#include "proto/slice.h"
#include "proto/uuid.h"
#include "proto/wire.h"

#define NODE "odl/ci-1"

/* The bytes of "weather is fine", said now by community odl. */
static enum cim_err
say(int64_t now_ms, struct cim_buf *out)
{
    uint8_t random[10];
    char text[CIM_UUID_TEXT_LEN + 1];
    struct cim_buf ext = {0};
    struct cim_event event = {
        .v = 1,
        .type_name = cim_bytes_str("Weather"),
        .time_ms = now_ms,
        .topic = cim_bytes_str("odl/Weather/-/"),
        .build_url = cim_bytes_str("https://ci.example.org/job/weather/1/"),
    };

    cim_random(random, sizeof random);
    struct cim_uuid id = cim_uuid_v7(now_ms, random);
    cim_uuid_text(&id, text);
    event.id = cim_bytes_str(text);
    cim_wire_put_map(&ext, 1);
    cim_wire_put_str(&ext, cim_bytes_str("odlSky"));
    cim_wire_put_str(&ext, cim_bytes_str("fine"));
    event.ext = cim_buf_bytes(&ext);
    enum cim_err err = ext.err ? ext.err : cim_event_encode(&event, out);
    cim_buf_clear(&ext);
    return err;
}

/* What a node does once for each batch. */
static enum cim_err
seal(const struct cim_identity *id, int64_t now_ms, struct cim_bytes event,
     struct cim_buf *slice)
{
    const struct cim_run all = {.first = 0, .n = 1};
    struct cim_signkey key = cim_identity_signkey(id);
    struct cim_header header = {.node = NODE,
                                .key = cim_keyid_of(&key),
                                .epoch = (uint64_t)now_ms,
                                .first = 1,
                                .time_ms = now_ms};
    struct cim_signed_header sealed;
    struct cim_frontier frontier = {0};
    enum cim_err err =
        cim_batch_seal(&header, id, &event, 1, &sealed, &frontier);

    if (err == CIM_OK)
        err = cim_slice_write(&sealed, &frontier, &all, 1, &event, 1, slice);
    cim_frontier_clear(&frontier);
    return err;
}

/* What everybody else can do, for ever, with just the public key. */
static enum cim_err
check(struct cim_bytes bytes, const struct cim_signkey *key)
{
    struct cim_slice slice;
    struct cim_proven proven;
    struct cim_event event;
    enum cim_err err = cim_slice_parse(bytes, &slice);

    if (err)
        return err;
    err = cim_slice_prove(&slice, key, false, &proven);
    if (err) {
        cim_slice_clear(&slice);
        return err;
    }
    err = cim_event_parse(proven.slice.events[0], CIM_FOLLOW, &event, NULL);
    if (err == CIM_OK)
        err = cim_event_speaks_for(event.topic, cim_bytes_str(NODE));
    if (err == CIM_OK)
        printf("ok %s/1 %.*s %.*s\n", proven.slice.sh.h.node,
               (int)event.topic.len, (const char *)event.topic.p,
               (int)event.id.len, (const char *)event.id.p);
    cim_proven_clear(&proven);
    return err;
}

int
main(void)
{
    int64_t now_ms = (int64_t)time(NULL) * 1000;
    struct cim_identity *id = NULL;
    struct cim_buf event = {0}, slice = {0};
    enum cim_err err = cim_sodium_start();

    if (!err)
        err = cim_identity_make(&id);
    if (!err)
        err = say(now_ms, &event);
    if (!err)
        err = seal(id, now_ms, cim_buf_bytes(&event), &slice);
    if (!err) {
        struct cim_signkey key = cim_identity_signkey(id);
        err = check(cim_buf_bytes(&slice), &key);
    }
    if (err)
        fprintf(stderr, "seal: %s\n", cim_err_text(err));
    cim_buf_clear(&slice);
    cim_buf_clear(&event);
    cim_identity_close(&id);
    return err ? 1 : 0;
}

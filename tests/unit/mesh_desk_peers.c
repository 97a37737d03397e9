/* SPDX-License-Identifier: MPL-2.0 */
/* What the test sends and answers in the place of peers. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/wire.h"
#include "tests/unit/mesh_desk.h"

/* ---- what peers send -----------------------------------------------------*/

void
desk_event(const char *topic, const struct cim_uuid *u, const char *url,
           struct cim_buf *out)
{
    char id[CIM_UUID_TEXT_LEN + 1];
    struct cim_event event = {.v = 1,
                              .time_ms = 1000,
                              .type_name = cim_bytes_str("Ping"),
                              .build_url = cim_bytes_str(url)};

    cim_uuid_text(u, id);
    event.id = cim_bytes_str(id);
    if (!topic) {
        cim_wire_put_str(out, cim_bytes_str("no event"));
        return;
    }
    event.topic = cim_bytes_str(topic);
    assert_int_equal(cim_event_encode(&event, out), CIM_OK);
}

struct sealed *
desk_seal(struct author *a, const char *topic, size_t n)
{
    struct sealed *s = xcalloc(1, sizeof *s);
    struct cim_bytes events[CIM_BATCH_EVENTS];
    struct cim_header h = {.key = cim_keyid_of(&a->key),
                           .epoch = a->epoch,
                           .first = a->last + 1,
                           .prev = a->prev,
                           .time_ms = ++a->time_ms};

    memcpy(h.node, a->node, sizeof h.node);
    s->n = n;
    for (size_t i = 0; i < n; i++) {
        s->ids[i] = uuid_n(++a->serial);
        snprintf(s->topics[i], sizeof s->topics[i], "%s", topic ? topic : "");
        desk_event(topic, &s->ids[i], "https://ci/1", &s->events[i]);
        events[i] = cim_buf_bytes(&s->events[i]);
    }
    assert_int_equal(cim_batch_seal(&h, a->id, events, n, &s->sh, &s->frontier),
                     CIM_OK);
    s->key = a->key;
    s->hash = cim_header_hash(cim_signed_bytes(&s->sh));
    a->prev = s->hash;
    a->last += n;
    return s;
}

struct cim_buf
desk_slice(const struct sealed *s)
{
    struct cim_bytes events[CIM_BATCH_EVENTS];
    struct cim_run run = {.first = 0, .n = (uint16_t)s->n};
    struct cim_buf out = {0};

    for (size_t i = 0; i < s->n; i++)
        events[i] = cim_buf_bytes(&s->events[i]);
    assert_int_equal(
        cim_slice_write(&s->sh, &s->frontier, &run, 1, events, s->n, &out),
        CIM_OK);
    return out;
}

void
desk_live(struct desk *d, const struct sealed *s, const char *topic)
{
    struct cim_buf frame = desk_slice(s);

    mesh_live(d->mesh, s->sh.h.node, cim_bytes_str(topic),
              cim_buf_bytes(&frame));
    cim_buf_clear(&frame);
    desk_disk(d);
}

void
desk_beacon(struct desk *d, const char *peer, const struct sealed *s)
{
    char topic[CIM_TOPIC_MAX];
    struct cim_buf frame = {0};

    snprintf(topic, sizeof topic, "!head/%s/", peer);
    if (s)
        assert_int_equal(cim_beacon_encode(&s->sh, &frame), CIM_OK);
    mesh_live(d->mesh, peer, cim_bytes_str(topic), cim_buf_bytes(&frame));
    cim_buf_clear(&frame);
    desk_disk(d);
}

/* ---- what peers are asked ------------------------------------------------*/

static struct desk_frame *
find_ask(struct desk *d, const char *peer, enum cim_sync_kind kind,
         struct cim_sync *msg)
{
    for (size_t i = d->n_asked; i-- > 0;) {
        struct desk_frame *f = &d->asked[i];

        if (f->answered || strcmp(f->to, peer) != 0)
            continue;
        assert_int_equal(cim_sync_parse_ask(cim_buf_bytes(&f->frame), msg),
                         CIM_OK);
        if (msg->kind == kind)
            return f;
        cim_sync_clear(msg);
    }
    return NULL;
}

struct desk_frame *
desk_asked(struct desk *d, const char *peer, enum cim_sync_kind kind,
           struct cim_sync *msg)
{
    struct desk_frame *f = find_ask(d, peer, kind, msg);

    assert_non_null(f);
    return f;
}

bool
desk_was_asked(struct desk *d, const char *peer, enum cim_sync_kind kind)
{
    struct cim_sync msg = {0};
    bool asked = find_ask(d, peer, kind, &msg) != NULL;

    cim_sync_clear(&msg);
    return asked;
}

static void
answer(struct desk *d, struct desk_frame *ask, struct cim_buf *out)
{
    ask->answered = true;
    mesh_answer(d->mesh, ask->to, cim_buf_bytes(out));
    cim_buf_clear(out);
    desk_disk(d);
}

void
desk_heads(struct desk *d, const char *peer, struct sealed *const *s, size_t n)
{
    struct cim_sync msg = {0};
    struct desk_frame *ask = desk_asked(d, peer, CIM_SYNC_HEADS, &msg);
    struct cim_heads_answer a = {.rid = msg.rid, .n_entries = n};
    struct cim_digester digester;
    struct cim_buf out = {0};

    a.entries = xcalloc(n, sizeof *a.entries);
    cim_digester_init(&digester);
    for (size_t i = 0; i < n; i++) {
        a.entries[i].head = s[i]->sh;
        a.entries[i].held = cim_header_last(&s[i]->sh.h);
        cim_heads_digest_add(&digester, &s[i]->hash, a.entries[i].held);
    }
    a.digest = cim_digester_end(&digester);
    a.same = msg.u.heads_ask.known &&
             cim_digest_eq(&msg.u.heads_ask.digest, &a.digest);
    if (a.same)
        a.n_entries = 0;
    assert_int_equal(cim_heads_answer_write(&a, &out), CIM_OK);
    free(a.entries);
    cim_sync_clear(&msg);
    answer(d, ask, &out);
}

void
desk_page(struct desk *d, const char *peer)
{
    struct cim_sync msg = {0};
    struct desk_frame *ask = desk_asked(d, peer, CIM_SYNC_FETCH, &msg);
    struct cim_buf out = {0};

    assert_int_equal(store_page(d->their_reader, &msg.u.fetch_ask, peer, &out),
                     CIM_OK);
    cim_sync_clear(&msg);
    answer(d, ask, &out);
}

void
desk_empty_page(struct desk *d, const char *peer, uint64_t covered,
                uint64_t last)
{
    struct cim_sync msg = {0};
    struct desk_frame *ask = desk_asked(d, peer, CIM_SYNC_FETCH, &msg);
    struct cim_fetch_answer a = {
        .rid = msg.rid, .covered = covered, .last = last};
    struct cim_buf out = {0};

    assert_int_equal(cim_fetch_answer_write(&a, &out), CIM_OK);
    cim_sync_clear(&msg);
    answer(d, ask, &out);
}

void
desk_found(struct desk *d, const char *peer, const struct cim_buf *slices,
           size_t n)
{
    struct cim_bytes views[CIM_FIND_MAX];
    struct cim_sync msg;
    struct desk_frame *ask = desk_asked(d, peer, CIM_SYNC_FIND, &msg);
    struct cim_find_answer a = {.rid = msg.rid, .slices = views, .n_slices = n};
    struct cim_buf out = {0};

    for (size_t i = 0; i < n; i++)
        views[i] = cim_buf_bytes(&slices[i]);
    assert_int_equal(cim_find_answer_write(&a, &out), CIM_OK);
    cim_sync_clear(&msg);
    answer(d, ask, &out);
}

void
desk_refuses(struct desk *d, const char *peer, enum cim_sync_kind kind)
{
    struct cim_sync msg;
    struct desk_frame *ask = desk_asked(d, peer, kind, &msg);
    struct cim_buf out = {0};

    assert_int_equal(cim_refused_write(msg.rid, CIM_EFORM, &out), CIM_OK);
    cim_sync_clear(&msg);
    answer(d, ask, &out);
}

struct mesh_request *
desk_answer(const struct desk *d, size_t i)
{
    assert_true(i < d->n_answered);
    return d->answered[i];
}

size_t
desk_slices(const struct desk *d, struct cim_slice *last)
{
    size_t n = 0;

    for (size_t i = 0; i < d->n_published; i++) {
        if (d->published[i].to[0] == '!')
            continue;
        n++;
        if (!last)
            continue;
        cim_slice_clear(last);
        assert_int_equal(
            cim_slice_parse(cim_buf_bytes(&d->published[i].frame), last),
            CIM_OK);
    }
    return n;
}

struct view_status
desk_status(const struct desk *d)
{
    struct view_status v;

    mesh_view_status(d->mesh, &v);
    return v;
}

struct sealed *
desk_theirs(struct desk *d, const char *topic, size_t n)
{
    struct sealed *s = desk_seal(&d->odl, topic, n);

    keep_all(d->theirs, s);
    return s;
}

void
desk_poll(struct desk *d)
{
    for (int i = 0; i < 7; i++) {
        desk_pass(d, 4500);
        desk_beacon(d, ODL, NULL);
        desk_beacon(d, ONAP, NULL);
    }
}

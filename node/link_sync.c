/* SPDX-License-Identifier: MPL-2.0 */
/*
 * ROUTER and DEALERs: catch-up. An ask is one frame, so is its answer; heads
 * are answered at once from memory, pages by the serve thread.
 *
 * An answer goes back over the routing id its ask came with, to nobody else.
 * Who asked is never read from a routing id (peers choose their own) but from
 * the User-Id that zap.h vouched for.
 */
#include <string.h>

#include "node/clock.h"
#include "node/failpoint.h"
#include "node/journal.h"
#include "node/link_frames.h"
#include "node/link_private.h"
#include "node/mem.h"

/* Where a page goes when it is done: kept in the task, opaque to it. */
struct route {
    uint64_t rid;
    char user[ZAP_USER_MAX + 1];
    uint8_t id_len;
    uint8_t id[255];
};

/* Dropped when it cannot be sent: the asker's time-out decides. */
static void
reply(struct links *links, struct cim_bytes id, struct cim_bytes answer)
{
    void *sock = zsock_resolve(links->router.sock);

    if (link_frames_send(sock, id, true))
        (void)link_frames_send(sock, answer, false);
}

static void
reply_refused(struct links *links, struct cim_bytes id, uint64_t rid,
              enum cim_err reason)
{
    struct cim_buf out = {0};

    if (cim_refused_write(rid, reason, &out) == CIM_OK)
        reply(links, id, cim_buf_bytes(&out));
    cim_buf_clear(&out);
}

static enum cim_err
answer_heads(struct links *links, struct link_member *m, struct cim_bytes id,
             const struct cim_heads_ask *ask)
{
    struct cim_buf out = {0};
    enum cim_err err;

    /* Readers learn heads from beacons and slices. */
    if (m->reader)
        return CIM_EQUOTA;
    if (!link_member_ask(m))
        return CIM_EQUOTA;
    err = mesh_heads(links->mesh, ask, &out);
    if (err == CIM_OK)
        reply(links, id, cim_buf_bytes(&out));
    (void)FAILPOINT(HEADS_SENT);
    cim_buf_clear(&out);
    return err;
}

static enum cim_err
submit_fetch(struct links *links, struct link_member *m, struct cim_bytes id,
             uint64_t rid, struct cim_bytes frame)
{
    struct route route = {.rid = rid};
    struct serve_task *task;

    if (!links->serve || id.len > sizeof route.id)
        return CIM_EQUOTA;
    if (m->reader && !link_member_ask(m))
        return CIM_EQUOTA;
    if (!link_page_begin(links, m))
        return CIM_EQUOTA;
    memcpy(route.user, m->user, sizeof route.user);
    route.id_len = (uint8_t)id.len;
    memcpy(route.id, id.p, id.len);
    task = serve_task_new(SERVE_PAGE);
    if (cim_buf_add_bytes(&task->frame, frame) ||
        cim_buf_add(&task->route, &route, sizeof route))
        mem_fail();
    serve_submit(links->serve, task);
    return CIM_OK;
}

static enum cim_err
handle_ask(struct links *links, struct link_member *m, struct link_frames *f)
{
    struct cim_bytes id = link_frames_at(f, 0), frame = link_frames_at(f, 1);
    struct cim_sync msg;
    enum cim_err err;

    if (f->total != 2)
        return CIM_EFORM;
    err = cim_sync_parse_ask(frame, &msg);
    if (err) {
        reply_refused(links, id, msg.rid, err);
        return err;
    }
    if (msg.kind == CIM_SYNC_HEADS)
        err = answer_heads(links, m, id, &msg.u.heads_ask);
    else
        err = submit_fetch(links, m, id, msg.rid, frame);
    if (err)
        reply_refused(links, id, msg.rid, err);
    cim_sync_clear(&msg);
    return err;
}

/* Asked too often: not even refused, which would cost more than to ask. */
static enum cim_err
take_ask(struct links *links, struct link_member *m, struct link_frames *f)
{
    return link_member_frame(m) ? handle_ask(links, m, f) : CIM_EQUOTA;
}

static int
on_ask(zloop_t *loop, zsock_t *sock, void *arg)
{
    struct links *links = arg;
    struct link_frames f;

    (void)loop;
    for (int i = 0; i < LINK_PER_TURN; i++) {
        bool got = link_frames_read(zsock_resolve(sock), &f);
        struct link_member *m =
            got ? link_member(links, link_frames_user(&f)) : NULL;
        enum cim_err err = m ? take_ask(links, m, &f) : CIM_OK;

        if (err)
            link_refuse(links, m->user, err);
        if (got && !m)
            (void)link_server_drop(&links->router, &f);
        link_frames_clear(&f);
        if (!got)
            break;
    }
    return 0;
}

enum cim_err
link_router_open(struct links *links, const char *endpoint,
                 struct cim_diag *diag)
{
    static const struct link_option options[] = {
        {ZMQ_SNDHWM, 4},
        {ZMQ_RCVHWM, 64},
        {ZMQ_MAXMSGSIZE, CIM_MSG_ROUTER_MAX + LINK_CURVE_BYTES},
        {ZMQ_ROUTER_MANDATORY, 1},
        {ZMQ_LINGER, 1000},
    };
    struct link_server *router = &links->router;
    enum cim_err err;

    err = link_server_make(links, router, ZMQ_ROUTER, diag);
    if (err)
        return err;
    link_options(zsock_resolve(router->sock), options,
                 sizeof options / sizeof *options);
    err = link_server_bind(router, endpoint, diag);
    if (err)
        return err;
    zloop_reader(links->loop, router->sock, on_ask, links);
    zloop_reader_set_tolerant(links->loop, router->sock);
    return CIM_OK;
}

void
links_page(struct links *links, struct serve_task *task)
{
    struct route route;

    memcpy(&route, task->route.p, sizeof route);
    link_page_end(links, route.user);
    if (links->router.sock) {
        struct cim_bytes id = cim_bytes_of(route.id, route.id_len);

        if (task->err)
            reply_refused(links, id, route.rid, task->err);
        else
            reply(links, id, cim_buf_bytes(&task->answer));
        (void)FAILPOINT(PAGE_SENT);
    }
    serve_task_destroy(&task);
}

static int
on_answer(zloop_t *loop, zmq_pollitem_t *item, void *arg)
{
    struct link_end *end = arg;
    struct link_peer *peer = end->peer;
    struct link_frames f;

    (void)loop;
    for (int i = 0; i < LINK_PER_TURN; i++) {
        bool got = link_frames_read(item->socket, &f);

        if (got)
            end->mute_mono_ms = 0;
        if (got)
            (void)FAILPOINT(PAGE_RECEIVED);
        if (got && f.total == 1)
            mesh_answer(peer->links->mesh, peer->name, link_frames_at(&f, 0));
        else if (got)
            link_refuse(peer->links, peer->name, CIM_EFORM);
        if (got)
            (void)FAILPOINT(PAGE_GIVEN);
        link_frames_clear(&f);
        if (!got)
            break;
    }
    return 0;
}

/*
 * At most two asks are in flight, so few frames ever wait. IMMEDIATE: an ask
 * without a connection is lost at once, not sent when nobody waits for its
 * answer any more; the mesh is told of each new connection and asks then.
 */
void
link_dealer_setup(struct link_end *end)
{
    static const struct link_option options[] = {
        {ZMQ_RCVHWM, 4},
        {ZMQ_SNDHWM, 4},
        {ZMQ_MAXMSGSIZE, CIM_MSG_DEALER_MAX},
        {ZMQ_IMMEDIATE, 1},
    };

    link_options(end->sock, options, sizeof options / sizeof *options);
}

void
link_dealer_read(struct link_end *end)
{
    link_sock_read(end->peer->links, end->sock, on_answer, end);
}

void
links_ask(struct links *links, const char *peer, struct cim_bytes frame)
{
    struct link_peer *p = link_peer_find(links, peer);

    if (p && p->dealer.sock && frame.len <= CIM_SYNC_ASK_MAX &&
        link_frames_send(p->dealer.sock, frame, false) &&
        !p->dealer.mute_mono_ms)
        p->dealer.mute_mono_ms = clock_mono_ms();
    (void)FAILPOINT(PAGE_ASKED);
}

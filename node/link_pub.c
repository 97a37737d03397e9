/* SPDX-License-Identifier: MPL-2.0 */
/* XPUB: what we publish, and who subscribes to what. */
#include "node/failpoint.h"
#include "node/journal.h"
#include "node/link_frames.h"
#include "node/link_private.h"

/* Subscriptions queue without bound until they are read. */
#define PUB_PER_TURN 1024

static struct link_member *
suspend(struct links *links, struct link_member *m)
{
    link_member_suspend(links, m);
    return NULL;
}

/* [1 subscribe | 0 unsubscribe, prefix] */
static void
handle(struct links *links, struct link_frames *f)
{
    struct cim_bytes data = link_frames_at(f, 0), prefix;
    const char *user = link_frames_user(f);
    struct link_member *m = link_member(links, user);

    if (f->total != 1 || data.len == 0 || data.p[0] > 1) {
        if (m)
            link_refuse(links, m->user, CIM_EFORM);
        return;
    }
    prefix = cim_bytes_of(data.p + 1, data.len - 1);
    if (!user && data.p[0] == 0)
        link_members_unsubscribe(links, prefix);
    if (m && data.p[0] == 0)
        link_member_unsubscribe(m, prefix);
    else if (m && !link_member_subscribe(m, prefix))
        m = suspend(links, m);
    /* Whoever may not, or not any more, and still sends. */
    if (user && !m)
        (void)link_server_drop(&links->pub, f);
}

static int
on_subscription(zloop_t *loop, zsock_t *sock, void *arg)
{
    struct link_frames f;

    (void)loop;
    for (int i = 0; i < PUB_PER_TURN; i++) {
        bool got = link_frames_read(zsock_resolve(sock), &f);

        if (got)
            handle(arg, &f);
        link_frames_clear(&f);
        if (!got)
            break;
    }
    return 0;
}

enum cim_err
link_pub_open(struct links *links, const char *endpoint, struct cim_diag *diag)
{
    static const struct link_option options[] = {
        {ZMQ_SNDHWM, 256},
        {ZMQ_MAXMSGSIZE, CIM_MSG_XPUB_MAX},
        {ZMQ_XPUB_VERBOSER, 1},
        {ZMQ_LINGER, 0},
    };
    struct link_server *pub = &links->pub;
    enum cim_err err;

    err = link_server_make(links, pub, ZMQ_XPUB, diag);
    if (err)
        return err;
    link_options(zsock_resolve(pub->sock), options,
                 sizeof options / sizeof *options);
    err = link_server_bind(pub, endpoint, diag);
    if (err)
        return err;
    zloop_reader(links->loop, pub->sock, on_subscription, links);
    zloop_reader_set_tolerant(links->loop, pub->sock);
    return CIM_OK;
}

void
links_publish(struct links *links, struct cim_bytes topic,
              struct cim_bytes frame)
{
    void *sock;

    if (!links->pub.sock)
        return;
    /* One frame over a follower's limit would cut all its links for good;
     * catch-up brings such an event as well. */
    if (frame.len + LINK_CURVE_BYTES > CIM_MSG_SUB_MAX) {
        log_warn("LINK-TOOBIG", "bytes=%zu", frame.len);
        return;
    }
    sock = zsock_resolve(links->pub.sock);
    if (link_frames_send(sock, topic, true))
        (void)link_frames_send(sock, frame, false);
    (void)FAILPOINT(PUB_SENT);
}

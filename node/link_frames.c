/* SPDX-License-Identifier: MPL-2.0 */
#include "node/link_frames.h"

void
link_frames_clear(struct link_frames *f)
{
    for (size_t i = 0; i < f->n; i++)
        zmq_msg_close(&f->v[i]);
    f->n = f->total = 0;
}

bool
link_frames_read(void *sock, struct link_frames *out)
{
    zmq_msg_t rest;
    bool more = true;

    out->n = out->total = 0;
    while (more) {
        bool keep = out->n < LINK_FRAMES_MAX;
        zmq_msg_t *msg = keep ? &out->v[out->n] : &rest;

        zmq_msg_init(msg);
        if (zmq_msg_recv(msg, sock, ZMQ_DONTWAIT) < 0) {
            zmq_msg_close(msg);
            return false;
        }
        more = zmq_msg_more(msg);
        out->total++;
        if (keep)
            out->n++;
        else
            zmq_msg_close(msg);
    }
    return true;
}

struct cim_bytes
link_frames_at(struct link_frames *f, size_t i)
{
    if (i >= f->n)
        return cim_bytes_of(NULL, 0);
    return cim_bytes_of(zmq_msg_data(&f->v[i]), zmq_msg_size(&f->v[i]));
}

const char *
link_frames_user(struct link_frames *f)
{
    const char *user;

    if (f->n == 0)
        return NULL;
    user = zmq_msg_gets(&f->v[f->n - 1], "User-Id");
    return user && *user ? user : NULL;
}

int
link_frames_fd(struct link_frames *f)
{
    return f->n ? zmq_msg_get(&f->v[f->n - 1], ZMQ_SRCFD) : -1;
}

const char *
link_frames_from(struct link_frames *f)
{
    return f->n ? zmq_msg_gets(&f->v[f->n - 1], "Peer-Address") : NULL;
}

bool
link_frames_send(void *sock, struct cim_bytes data, bool more)
{
    int flags = ZMQ_DONTWAIT | (more ? ZMQ_SNDMORE : 0);

    return zmq_send(sock, data.p, data.len, flags) >= 0;
}

/* SPDX-License-Identifier: MPL-2.0 */
/*
 * One event by its name: links name events that lie outside of what is
 * followed, and somebody may want to see one.
 *
 * The community's own nodes are asked first, then all other peers that are
 * up: the next one when the last has answered that it has none, or not at all
 * for a second. A peer has at most one such request, and it counts among the
 * two that may be open. What is found is proven like anything else; it is
 * stored if it is followed, and only shown if not. It moves no cursor.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "node/mem.h"
#include "node/mesh_private.h"

enum search_state { SEARCH_PENDING, SEARCH_ASKED, SEARCH_DONE };

struct search_peer {
    char name[CIM_NODE_MAX + 1];
    enum search_state state;
};

struct mesh_search {
    struct mesh_search *next;
    uint64_t number;
    struct mesh_find *find;    /* owned */
    struct search_peer *peers; /* owned, in the order they are asked */
    size_t n_peers;
    int64_t until_ms, asked_ms; /* mono */
    bool storing;               /* found; the store has it */
};

struct mesh_find *
mesh_find_new(const char *community, const struct cim_uuid *id)
{
    struct mesh_find *find = xcalloc(1, sizeof *find);

    snprintf(find->community, sizeof find->community, "%s", community);
    find->id = *id;
    return find;
}

void
mesh_find_destroy(struct mesh_find **p)
{
    struct mesh_find *find = *p;

    *p = NULL;
    if (!find)
        return;
    for (size_t i = 0; i < CIM_FIND_MAX; i++) {
        cim_buf_clear(&find->found[i].topic);
        cim_buf_clear(&find->found[i].event);
        cim_buf_clear(&find->found[i].slice);
    }
    free(find);
}

/* ---- a search -----------------------------------------------------------*/

static void
add_peers(struct mesh *m, struct mesh_search *s, bool own)
{
    for (size_t i = 0; i < m->n_peers; i++) {
        const struct mesh_peer *peer = m->peers[i];
        struct cim_bytes who = cim_community_of(cim_bytes_str(peer->name));

        if (!peer->up || cim_bytes_is(who, s->find->community) != own)
            continue;
        memcpy(s->peers[s->n_peers++].name, peer->name, sizeof peer->name);
    }
}

static struct mesh_search *
search_find(struct mesh *m, uint64_t number)
{
    struct mesh_search *s = m->searches;

    while (s && s->number != number)
        s = s->next;
    return s;
}

/* Over: takes it out of the list and tells its owner. */
static void
end(struct mesh *m, struct mesh_search *s)
{
    struct mesh_search **at = &m->searches;

    while (*at != s)
        at = &(*at)->next;
    *at = s->next;
    s->find->err = s->find->n ? CIM_OK : CIM_ENOENT;
    m->fx.found(m->fx.ctx, s->find);
    free(s->peers);
    free(s);
}

void
mesh_find_clear(struct mesh *m)
{
    while (m->searches) {
        struct mesh_search *s = m->searches;

        m->searches = s->next;
        mesh_find_destroy(&s->find);
        free(s->peers);
        free(s);
    }
}

/* ---- asking -------------------------------------------------------------*/

static struct mesh_ask *
find_in_flight(struct mesh_peer *peer)
{
    for (size_t i = 0; i < MESH_ASKS_MAX; i++)
        if (peer->asks[i].kind == ASK_FIND)
            return &peer->asks[i];
    return NULL;
}

static void
send_ask(struct mesh *m, struct mesh_search *s, struct mesh_peer *peer,
         struct mesh_ask *ask)
{
    struct cim_find_ask msg = {.rid = m->next_rid++,
                               .community = cim_bytes_str(s->find->community),
                               .id = s->find->id};
    struct cim_buf frame = {0};

    if (cim_find_ask_write(&msg, &frame) != CIM_OK)
        mem_fail();
    *ask = (struct mesh_ask){.kind = ASK_FIND,
                             .state = ASK_SENT,
                             .rid = msg.rid,
                             .sent_ms = mesh_mono(m),
                             .search = s->number};
    s->asked_ms = ask->sent_ms;
    s->find->asked++;
    m->fx.ask(m->fx.ctx, peer->name, cim_buf_bytes(&frame));
    cim_buf_clear(&frame);
}

/* Asks it if that is possible now. */
static void
try_peer(struct mesh *m, struct mesh_search *s, struct search_peer *p)
{
    struct mesh_peer *peer = mesh_peer_find(m, p->name);
    struct mesh_ask *ask = peer ? mesh_ask_free(peer) : NULL;

    if (!peer || !peer->up) {
        p->state = SEARCH_DONE;
    } else if (ask && !find_in_flight(peer) && mesh_share_left(m, peer)) {
        p->state = SEARCH_ASKED;
        send_ask(m, s, peer, ask);
    }
}

/* Requests that ended without an answer. */
static size_t
count_asked(struct mesh *m, struct mesh_search *s)
{
    size_t asked = 0;

    for (size_t i = 0; i < s->n_peers; i++) {
        struct mesh_peer *peer = mesh_peer_find(m, s->peers[i].name);
        const struct mesh_ask *ask = peer ? find_in_flight(peer) : NULL;

        if (s->peers[i].state != SEARCH_ASKED)
            continue;
        if (ask && ask->search == s->number)
            asked++;
        else
            s->peers[i].state = SEARCH_DONE;
    }
    return asked;
}

static void
go_on(struct mesh *m, struct mesh_search *s)
{
    int64_t now = mesh_mono(m);
    size_t asked = count_asked(m, s), open = asked;

    for (size_t i = 0; i < s->n_peers; i++) {
        struct search_peer *p = &s->peers[i];

        if (p->state == SEARCH_PENDING &&
            (asked == 0 || now - s->asked_ms >= MESH_SEARCH_NEXT_MS)) {
            try_peer(m, s, p);
            asked += p->state == SEARCH_ASKED;
        }
        open += p->state == SEARCH_PENDING;
    }
    if (!s->storing && ((!open && !asked) || now >= s->until_ms))
        end(m, s);
}

void
mesh_find(struct mesh *m, struct mesh_find *find)
{
    struct cim_bytes community = cim_bytes_str(find->community);
    struct mesh_search *s;
    size_t n = 0;

    for (s = m->searches; s; s = s->next)
        n++;
    find->err = CIM_OK;
    if (!roster_find(m->roster, community))
        find->err = CIM_EKEY;
    else if (n >= MESH_SEARCHES_MAX)
        find->err = CIM_EQUOTA;
    if (find->err != CIM_OK) {
        m->fx.found(m->fx.ctx, find);
        return;
    }
    s = xcalloc(1, sizeof *s);
    s->number = ++m->last_search;
    s->find = find;
    s->until_ms = mesh_mono(m) + MESH_SEARCH_MS;
    s->peers = xcalloc(m->n_peers, sizeof *s->peers);
    add_peers(m, s, true);
    add_peers(m, s, false);
    s->next = m->searches;
    m->searches = s;
    go_on(m, s);
}

void
mesh_find_tick(struct mesh *m)
{
    struct mesh_search *next;

    for (struct mesh_search *s = m->searches; s; s = next) {
        next = s->next;
        go_on(m, s);
    }
}

/* ---- answers ------------------------------------------------------------*/

/* Followed: to be stored as if it had come live. */
static void
keep(struct mesh *m, struct mesh_keep *kept, struct mesh_peer *peer,
     const struct mesh_found *found)
{
    struct mesh_feed *feed = mesh_feed_find(m, cim_bytes_str(found->log.node));
    struct mesh_asked asked = {
        .peer = peer, .feed = feed, .topic = cim_buf_bytes(&found->topic)};
    struct cim_bytes slice = cim_buf_bytes(&found->slice);

    /* What is our own comes back by catch-up, with all that goes with it. */
    if (!feed || feed->own || !mesh_wants_match(feed, asked.topic) ||
        !mesh_share_room(m, peer, slice.len))
        return;
    enum cim_err err = mesh_keep_slice(m, kept, &asked, xbytes(slice));
    if (err != CIM_OK)
        mesh_refuse(m, peer, NULL, 0, err);
}

static void
copy(struct cim_buf *to, struct cim_bytes from)
{
    if (cim_buf_add_bytes(to, from) != CIM_OK)
        mem_fail();
}

static enum cim_err
take_slice(struct mesh *m, struct mesh_search *s, struct mesh_peer *peer,
           struct cim_bytes frame, struct mesh_keep *kept)
{
    struct mesh_found *found = &s->find->found[s->find->n];
    struct store_event event = {0};
    struct store_log log = {0};
    enum cim_err err = mesh_prove_event(m, peer, frame, &log, &event);

    if (err != CIM_OK)
        return err;
    if (!cim_bytes_is(cim_community_of(event.topic), s->find->community) ||
        memcmp(&event.id, &s->find->id, sizeof event.id) != 0)
        return CIM_EUNASKED;
    snprintf(found->peer, sizeof found->peer, "%s", peer->name);
    found->log = log;
    found->seq = event.seq;
    copy(&found->topic, event.topic);
    copy(&found->event, event.bytes);
    copy(&found->slice, frame);
    s->find->n++;
    keep(m, kept, peer, found);
    return CIM_OK;
}

void
mesh_find_answer(struct mesh *m, struct mesh_peer *peer, struct mesh_ask *ask,
                 const struct cim_sync *msg)
{
    struct mesh_search *s = search_find(m, ask->search);
    struct mesh_keep kept = {0};

    mesh_ask_end(m, peer, ask);
    /* Refused: it may be older than this kind of request. */
    if (msg->kind != CIM_SYNC_FIND && msg->kind != CIM_SYNC_REFUSED)
        mesh_refuse(m, peer, NULL, 0, CIM_EFORM);
    if (!s || s->storing)
        return;
    if (msg->kind == CIM_SYNC_FIND) {
        s->find->answered++;
        for (size_t i = 0; i < msg->u.find.n_slices; i++) {
            enum cim_err err =
                take_slice(m, s, peer, msg->u.find.slices[i], &kept);

            if (err == CIM_EKEY)
                mesh_unknown_key(m, peer, "", 0);
            else if (err != CIM_OK)
                mesh_refuse(m, peer, NULL, 0, err);
        }
    }
    if (kept.job) {
        s->storing = true;
        mesh_share_job(
            mesh_submit(m, kept.job, JOB_FOUND, kept.bytes, s->number), peer);
    } else if (s->find->n) {
        end(m, s);
    } else {
        go_on(m, s);
    }
}

void
mesh_find_stored(struct mesh *m, uint64_t number, const struct store_job *job)
{
    struct mesh_search *s = search_find(m, number);

    if (!s)
        return;
    for (size_t i = 0; i < s->find->n; i++) {
        struct mesh_found *f = &s->find->found[i];
        for (size_t k = 0; k < job->n_batches; k++)
            f->kept |= job->err == CIM_OK && job->batches[k].n_stored > 0 &&
                       job->batches[k].sh.h.epoch == f->log.epoch &&
                       strcmp(job->batches[k].sh.h.node, f->log.node) == 0;
    }
    end(m, s);
}

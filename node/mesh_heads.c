/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Lists of heads: what each peer has of the logs that are wanted here.
 *
 * A list is asked for when a peer comes up, when its beacon shows another
 * header, and every 30 s; with the digest of the last one, so nothing new
 * costs a line. Names are cut into chunks that fit a request, entries into
 * pages. The digest of a list read in pages is remembered only if all of them
 * gave the same one: else the next asking lists everything again.
 */
#include <stdlib.h>
#include <string.h>

#include "node/mem.h"
#include "node/mesh_private.h"

/* ---- names ---------------------------------------------------------------*/

void
mesh_heads_clear(struct mesh_heads *heads)
{
    free(heads->known);
    free(heads->has_known);
    heads->known = NULL;
    heads->has_known = NULL;
}

void
mesh_heads_forget(struct mesh *m)
{
    for (size_t i = 0; i < m->n_peers; i++) {
        struct mesh_heads *h = &m->peers[i]->heads;

        mesh_heads_clear(h);
        h->known = xcalloc(m->n_chunks, sizeof *h->known);
        h->has_known = xcalloc(m->n_chunks, sizeof *h->has_known);
        h->chunk = 0;
        h->after_node[0] = '\0';
        h->paged = h->mixed = h->bad = false;
        h->due = true;
    }
}

static void
cut_chunks(struct mesh *m)
{
    size_t bytes = 0;
    size_t names = 0;

    m->n_chunks = 0;
    free(m->chunks);
    m->chunks = xcalloc(m->n_names + 1, sizeof *m->chunks);
    for (size_t i = 0; i < m->n_names; i++) {
        size_t len = strlen(m->names[i]) + 2;

        if (!i || bytes + len > MESH_NAMES_BYTES || names == CIM_HEADS_NODES) {
            m->chunks[m->n_chunks++] = i;
            bytes = names = 0;
        }
        bytes += len;
        names++;
    }
    m->chunks[m->n_chunks] = m->n_names;
}

/* Feeds are by name already; an answer in flight may speak of the old names,
 * so all asks for heads are dropped. */
void
mesh_names_apply(struct mesh *m)
{
    m->n_names = 0;
    free(m->names);
    m->names = xcalloc(m->n_feeds, sizeof *m->names);
    for (size_t i = 0; i < m->n_feeds; i++)
        if (m->feeds[i]->own || m->feeds[i]->n_wants)
            m->names[m->n_names++] = m->feeds[i]->name;
    cut_chunks(m);
    mesh_heads_forget(m);
    for (size_t i = 0; i < m->n_peers; i++)
        for (size_t k = 0; k < MESH_ASKS_MAX; k++)
            if (m->peers[i]->asks[k].kind == ASK_HEADS)
                mesh_ask_end(m, m->peers[i], &m->peers[i]->asks[k]);
    for (size_t i = 0; i < m->n_peers; i++)
        mesh_heads_ask(m, m->peers[i]);
}

/* ---- asking --------------------------------------------------------------*/

bool
mesh_heads_asked(const struct mesh_peer *peer)
{
    for (size_t i = 0; i < MESH_ASKS_MAX; i++)
        if (peer->asks[i].kind == ASK_HEADS)
            return true;
    return false;
}

static void
send_ask(struct mesh *m, struct mesh_peer *peer, struct mesh_ask *ask)
{
    struct mesh_heads *h = &peer->heads;
    struct cim_heads_ask msg = {.rid = ask->rid,
                                .after_node = cim_bytes_str(h->after_node),
                                .after_epoch = h->after_epoch};
    struct cim_buf frame = {0};
    size_t first = m->chunks[h->chunk];

    msg.n_nodes = m->chunks[h->chunk + 1] - first;
    msg.nodes = xcalloc(msg.n_nodes, sizeof *msg.nodes);
    for (size_t i = 0; i < msg.n_nodes; i++)
        msg.nodes[i] = cim_bytes_str(m->names[first + i]);
    msg.known = !h->paged && h->has_known[h->chunk];
    if (msg.known)
        msg.digest = h->known[h->chunk];
    if (cim_heads_ask_write(&msg, &frame) != CIM_OK)
        mem_fail();
    m->fx.ask(m->fx.ctx, peer->name, cim_buf_bytes(&frame));
    cim_buf_clear(&frame);
    free(msg.nodes);
}

/* Asks when it is due, nothing of the kind is in flight, and a request is
 * free. */
void
mesh_heads_ask(struct mesh *m, struct mesh_peer *peer)
{
    struct mesh_ask *ask;

    if (!m->started || !peer->heads.due || mesh_heads_asked(peer) ||
        !mesh_share_left(m, peer))
        return;
    ask = mesh_ask_free(peer);
    if (!ask)
        return;
    *ask = (struct mesh_ask){.kind = ASK_HEADS,
                             .state = ASK_SENT,
                             .rid = m->next_rid++,
                             .sent_ms = mesh_mono(m)};
    peer->heads.due = false;
    peer->heads.next_ms = ask->sent_ms + CIM_POLL_MS;
    send_ask(m, peer, ask);
}

/* ---- what is told --------------------------------------------------------*/

static uint64_t
entry_mark(const struct cim_heads_entry *entry)
{
    struct cim_hash hash = cim_header_hash(cim_signed_bytes(&entry->head));
    uint64_t mark;

    memcpy(&mark, hash.b, sizeof mark);
    mark += entry->held * UINT64_C(0x9e3779b97f4a7c15);
    return mark ? mark : 1;
}

static void
take_offer(struct mesh_log *log, struct mesh_peer *peer, uint64_t last,
           const struct cim_heads_entry *entry)
{
    struct mesh_offer *offer = mesh_offer_get(log, peer);

    offer->last = last;
    offer->mark = entry_mark(entry);
}

/* Its head is beyond what a retired key may sign; what lies before may be
 * good, and is asked for. */
static void
take_retired(struct mesh *m, struct mesh_peer *peer,
             const struct cim_heads_entry *entry)
{
    const struct cim_header *h = &entry->head.h;
    struct cim_bytes node = cim_bytes_str(h->node);
    struct mesh_feed *feed = mesh_feed_find(m, node);
    uint64_t upto = roster_upto(m->roster, node, &h->key, h->epoch);
    struct mesh_log *log;

    if (!feed || !upto)
        return;
    log = mesh_log_get(m, feed, h->epoch);
    if (!log)
        return;
    take_offer(log, peer, upto, entry);
    if (peer == feed->peer && upto > log->shown)
        log->shown = upto;
}

/* False: what this peer says is not to be read further. */
static bool
take_entry(struct mesh *m, struct mesh_peer *peer, struct mesh_keep *keep,
           const struct cim_heads_entry *entry)
{
    struct mesh_log *log;
    enum cim_err err = mesh_keep_header(m, keep, peer, &entry->head, &log);

    if (err == CIM_EKEY) {
        mesh_unknown_key(m, peer, entry->head.h.node, entry->head.h.epoch);
        return true;
    }
    if (err != CIM_OK) {
        mesh_refuse(m, peer, NULL, 0, err);
        if (err == CIM_ERETIRED)
            take_retired(m, peer, entry);
        return err == CIM_ERETIRED || err == CIM_EQUOTA;
    }
    if (log)
        take_offer(log, peer, cim_header_last(&entry->head.h), entry);
    return true;
}

/* Ascending after what was asked, and of nodes that were asked for. */
static bool
in_order(const struct mesh *m, const struct mesh_heads *h,
         const struct cim_heads_answer *answer)
{
    struct cim_bytes node = cim_bytes_str(h->after_node);
    uint64_t epoch = h->after_epoch;
    struct cim_bytes low = cim_bytes_str(m->names[m->chunks[h->chunk]]);
    struct cim_bytes high =
        cim_bytes_str(m->names[m->chunks[h->chunk + 1] - 1]);

    for (size_t i = 0; i < answer->n_entries; i++) {
        const struct cim_header *head = &answer->entries[i].head.h;
        struct cim_bytes next = cim_bytes_str(head->node);
        int order = cim_bytes_cmp(next, node);

        if (order < 0 || (order == 0 && head->epoch <= epoch) ||
            cim_bytes_cmp(next, low) < 0 || cim_bytes_cmp(next, high) > 0)
            return false;
        node = next;
        epoch = head->epoch;
    }
    return answer->n_entries || !answer->more;
}

static void
note_digest(struct mesh_heads *h, const struct cim_heads_answer *answer)
{
    if (!h->paged)
        h->page = answer->digest;
    else if (!cim_digest_eq(&h->page, &answer->digest))
        h->mixed = true;
    h->paged = true;
}

/* All chunks are through: the peer has said all it has. */
static void
list_done(struct mesh *m, struct mesh_peer *peer)
{
    peer->heads.answered = true;
    if (peer->feed && !peer->heads.bad)
        mesh_wants_start(m, peer->feed);
    if (peer->feed)
        mesh_aim(m, peer->feed);
    peer->heads.bad = false;
    mesh_wake_all(m);
}

static void
chunk_done(struct mesh *m, struct mesh_peer *peer, bool whole)
{
    struct mesh_heads *h = &peer->heads;

    h->bad = h->bad || !whole;
    if (h->paged) {
        h->has_known[h->chunk] = whole && !h->mixed;
        h->known[h->chunk] = h->page;
    }
    h->paged = h->mixed = false;
    h->after_node[0] = '\0';
    h->after_epoch = 0;
    h->chunk++;
    if (h->chunk < m->n_chunks) {
        h->due = true;
        return;
    }
    h->chunk = 0;
    list_done(m, peer);
}

void
mesh_heads_answer(struct mesh *m, struct mesh_peer *peer,
                  const struct cim_heads_answer *answer)
{
    struct mesh_heads *h = &peer->heads;
    struct mesh_keep keep = {0};
    bool good = answer->same || in_order(m, h, answer);

    if (!good)
        mesh_refuse(m, peer, NULL, 0, CIM_EFORM);
    if (good && !answer->same)
        note_digest(h, answer);
    for (size_t i = 0; good && !answer->same && i < answer->n_entries; i++)
        good = take_entry(m, peer, &keep, &answer->entries[i]);
    mesh_keep_submit(m, &keep, peer);
    if (good && !answer->same && answer->more) {
        const struct cim_header *last =
            &answer->entries[answer->n_entries - 1].head.h;

        memcpy(h->after_node, last->node, sizeof h->after_node);
        h->after_epoch = last->epoch;
        h->due = true;
    } else {
        chunk_done(m, peer, good);
    }
}

/* ---- answering -----------------------------------------------------------*/

static int
by_bytes(const void *a, const void *b)
{
    const struct cim_bytes *x = a;
    const struct cim_bytes *y = b;

    return cim_bytes_cmp(*x, *y);
}

struct listing {
    struct cim_digester digest;
    const struct cim_heads_ask *ask;
    struct cim_heads_answer *answer;
};

static void
list_log(struct listing *l, const struct mesh_log *log)
{
    const struct cim_heads_ask *ask = l->ask;
    int order = cim_bytes_cmp(cim_bytes_str(log->feed->name), ask->after_node);

    /* Of our own logs what we hold; of others' what we heard of. */
    if (!log->head.len || (log->feed->own && !mesh_log_head_kept(log)))
        return;
    cim_heads_digest_add(&l->digest, &log->head_hash, log->held);
    if (ask->after_node.len &&
        (order < 0 || (order == 0 && log->epoch <= ask->after_epoch)))
        return;
    if (l->answer->n_entries == MESH_HEADS_PAGE) {
        l->answer->more = true;
        return;
    }
    l->answer->entries[l->answer->n_entries++] =
        (struct cim_heads_entry){.head = log->head, .held = log->held};
}

static void
list_all(const struct mesh *m, struct listing *l)
{
    const struct cim_heads_ask *ask = l->ask;
    struct cim_bytes *names = xcalloc(ask->n_nodes, sizeof *names);

    for (size_t i = 0; i < ask->n_nodes; i++)
        names[i] = ask->nodes[i];
    qsort(names, ask->n_nodes, sizeof *names, by_bytes);
    for (size_t i = 0; i < m->n_feeds; i++) {
        struct cim_bytes name = cim_bytes_str(m->feeds[i]->name);

        if (!bsearch(&name, names, ask->n_nodes, sizeof *names, by_bytes))
            continue;
        for (size_t k = 0; k < m->feeds[i]->n_logs; k++)
            list_log(l, m->feeds[i]->logs[k]);
    }
    free(names);
}

enum cim_err
mesh_heads(struct mesh *mesh, const struct cim_heads_ask *ask,
           struct cim_buf *out)
{
    struct cim_heads_answer answer = {.rid = ask->rid};
    struct listing l = {.ask = ask, .answer = &answer};
    enum cim_err err;

    answer.entries = xcalloc(MESH_HEADS_PAGE, sizeof *answer.entries);
    cim_digester_init(&l.digest);
    list_all(mesh, &l);
    answer.digest = cim_digester_end(&l.digest);
    answer.same = ask->known && cim_digest_eq(&ask->digest, &answer.digest);
    if (answer.same) {
        answer.n_entries = 0;
        answer.more = false;
    }
    err = cim_heads_answer_write(&answer, out);
    free(answer.entries);
    return err;
}

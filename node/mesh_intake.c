/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The one path of every event that was not made here: prove, judge, submit.
 *
 *   proved    form, root and signature hold, under a key the roster has for
 *             that node and position. What fails says nothing about a
 *             position: the peer that sent it is blamed, nothing is kept.
 *   judged    event by event: its form, its topic, the community rule. What
 *             breaks them is kept as a refusal, so it counts as held and is
 *             never asked for again.
 *   submitted one store job for a live slice or a page. What the store holds
 *             already it says; repeats change nothing.
 *
 * A signature is verified once: it is remembered with the header's hash and
 * the roster's generation, so a batch cut into many slices costs one.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "node/mem.h"
#include "node/mesh_private.h"

/* ---- signatures ----------------------------------------------------------*/

static struct mesh_sig *
sig_slot(struct mesh *m, const struct cim_hash *header)
{
    uint32_t at;

    memcpy(&at, header->b, sizeof at);
    return &m->sigs[at % MESH_SIGS];
}

static bool
sig_known(struct mesh *m, const struct cim_signed_header *sh,
          const struct cim_hash *hash)
{
    const struct mesh_sig *sig = sig_slot(m, hash);

    return sig->used && sig->generation == m->roster->generation &&
           cim_hash_eq(&sig->header, hash) &&
           !memcmp(sig->sig.b, sh->sig.b, sizeof sig->sig.b);
}

static void
sig_remember(struct mesh *m, const struct cim_signed_header *sh,
             const struct cim_hash *hash)
{
    struct mesh_sig *sig = sig_slot(m, hash);

    if (sig_known(m, sh, hash))
        return;
    *sig = (struct mesh_sig){.header = *hash,
                             .sig = sh->sig,
                             .generation = m->roster->generation,
                             .used = true};
}

/* A job with headers failed: they have to be given again. */
void
mesh_sigs_unkeep(struct mesh *m)
{
    for (size_t i = 0; i < MESH_SIGS; i++)
        m->sigs[i].kept = false;
}

/* The key that has to have made this. Errors: CIM_EKEY, CIM_ERETIRED. */
static enum cim_err
key_of(const struct mesh *m, const struct cim_header *h,
       struct cim_signkey *key)
{
    struct cim_bytes node = cim_bytes_str(h->node);
    enum cim_err err =
        roster_key(m->roster, node, &h->key, h->epoch, cim_header_last(h), key);

    if (err != CIM_EKEY || !cim_bytes_is(node, m->self) ||
        !cim_keyid_eq(&h->key, &m->key_id))
        return err;
    *key = cim_identity_signkey(m->identity);
    return CIM_OK;
}

/* ---- jobs ----------------------------------------------------------------*/

static struct store_batch *
keep_add(struct mesh *m, struct mesh_keep *keep,
         const struct cim_signed_header *sh, const struct cim_hash *hash,
         const struct cim_signkey *key, const struct mesh_feed *feed)
{
    struct store_batch *batch;

    if (!keep->job) {
        keep->job = store_job_new(STORE_KEEP);
        keep->job->now_ms = mesh_now(m);
    }
    xgrow(&keep->job->batches, &keep->cap, keep->job->n_batches,
          sizeof *keep->job->batches);
    batch = &keep->job->batches[keep->job->n_batches++];
    *batch = (struct store_batch){
        .sh = *sh, .header_hash = *hash, .key = *key, .covered = feed->covered};
    keep->bytes += sizeof *batch;
    sig_slot(m, hash)->kept = true;
    return batch;
}

void
mesh_keep_submit(struct mesh *m, struct mesh_keep *keep, struct mesh_peer *peer)
{
    if (keep->job)
        mesh_share_job(mesh_submit(m, keep->job, JOB_PEERS, keep->bytes, 0),
                       peer);
    *keep = (struct mesh_keep){0};
}

/* ---- headers -------------------------------------------------------------*/

/* True when the store was given this header, as head or of late. */
static bool
header_kept(struct mesh *m, const struct mesh_log *log,
            const struct cim_signed_header *sh, const struct cim_hash *hash)
{
    if (cim_hash_eq(&log->kept_hash, hash))
        return true;
    return sig_known(m, sh, hash) && sig_slot(m, hash)->kept;
}

enum cim_err
mesh_keep_header(struct mesh *m, struct mesh_keep *keep, struct mesh_peer *peer,
                 const struct cim_signed_header *sh, struct mesh_log **out)
{
    struct mesh_feed *feed = mesh_feed_find(m, cim_bytes_str(sh->h.node));
    struct cim_hash hash = cim_header_hash(cim_signed_bytes(sh));
    struct mesh_log *log = feed ? mesh_log_find(feed, sh->h.epoch) : NULL;
    struct cim_signkey key;
    enum cim_err err = key_of(m, &sh->h, &key);

    *out = NULL;
    if (err != CIM_OK)
        return err;
    if (feed && mesh_log_forgotten(feed, sh->h.epoch))
        return CIM_OK;
    /* The same header bytes were proven before: whatever signature came with
     * them now, what they say is true. */
    if (!log || !header_kept(m, log, sh, &hash)) {
        if (!sig_known(m, sh, &hash)) {
            mesh_share_draw(m, peer, MESH_COST_SIGNATURE);
            err = cim_signed_verify(sh, &key);
            if (err != CIM_OK)
                return err;
        }
        sig_remember(m, sh, &hash);
    }
    /* Of a node nobody follows here its newest header is remembered all the
     * same, as long as this runs: should it lose its store, we can tell it. */
    if (!feed && strcmp(sh->h.node, peer->name) == 0)
        feed = mesh_feed_get(m, sh->h.node);
    if (!feed)
        return CIM_OK;
    log = mesh_log_get(m, feed, sh->h.epoch);
    if (!log)
        return CIM_EQUOTA;
    mesh_log_show(m, log, peer, sh, &hash);
    if (feed->n_wants && !header_kept(m, log, sh, &hash)) {
        struct store_batch *batch = keep_add(m, keep, sh, &hash, &key, feed);

        if (cim_frontier_add(&batch->frontier, 0, (uint16_t)sh->h.count,
                             &sh->h.root) != CIM_OK)
            mem_fail();
        mesh_share_draw(m, peer, MESH_COST_HEADER);
    }
    *out = log;
    return CIM_OK;
}

/* ---- events --------------------------------------------------------------*/

static bool
asked_for(const struct mesh_asked *asked, uint64_t seq, struct cim_bytes topic)
{
    if (!asked->log)
        return asked->topic.len && mesh_wants_match(asked->feed, topic);
    if (seq <= asked->after || seq > asked->upto)
        return false;
    for (size_t i = 0; i < asked->n_prefixes; i++)
        if (cim_prefix_match(&asked->prefixes[i], topic))
            return true;
    return false;
}

/*
 * One proven event. False: it was not asked for, and is not kept. An event
 * that cannot be read has no topic to ask by; it is kept as a refusal.
 */
static bool
judge(const struct mesh_asked *asked, struct store_event *event)
{
    struct cim_event parsed;
    struct cim_bytes node = cim_bytes_str(asked->feed->name);

    event->refuse = cim_event_parse(event->bytes, CIM_FOLLOW, &parsed, NULL);
    if (event->refuse != CIM_OK)
        return !asked->log ||
               (event->seq > asked->after && event->seq <= asked->upto);
    event->topic = parsed.topic;
    if (cim_uuid_parse(parsed.id, &event->id) != CIM_OK)
        event->refuse = CIM_EEVENT;
    else
        event->refuse = cim_event_speaks_for(parsed.topic, node);
    if (event->refuse != CIM_OK)
        return !asked->log ||
               (event->seq > asked->after && event->seq <= asked->upto);
    return asked_for(asked, event->seq, parsed.topic);
}

/* Fills the batch's events from the slice; how many were not asked for. */
static size_t
judge_all(const struct mesh_asked *asked, const struct cim_proven *proven,
          struct store_batch *batch)
{
    const struct cim_slice *slice = &proven->slice;
    size_t unasked = 0;

    batch->events = xcalloc(slice->n_events, sizeof *batch->events);
    for (size_t i = 0; i < slice->n_events; i++) {
        struct store_event *event = &batch->events[batch->n_events];

        *event = (struct store_event){.seq = slice->sh.h.first +
                                             cim_slice_index(slice, i),
                                      .bytes = slice->events[i],
                                      .leaf = proven->leaves[i]};
        if (!judge(asked, event)) {
            unasked++;
            continue;
        }
        batch->n_events++;
    }
    return unasked;
}

/* A live slice goes out under one topic, and every event has that topic. */
static bool
topics_agree(const struct mesh_asked *asked, const struct store_batch *batch)
{
    for (size_t i = 0; asked->topic.len && i < batch->n_events; i++)
        if (batch->events[i].topic.len &&
            !cim_bytes_eq(batch->events[i].topic, asked->topic))
            return false;
    return true;
}

/* ---- slices --------------------------------------------------------------*/

/* Under the key that has to have made it, at this peer's expense. Takes slice
 * over on success. */
static enum cim_err
prove(struct mesh *m, struct mesh_peer *peer, struct cim_slice *slice,
      struct cim_signkey *key, struct cim_proven *out)
{
    struct cim_hash hash;
    bool known;
    enum cim_err err = key_of(m, &slice->sh.h, key);

    if (err != CIM_OK)
        return err;
    hash = cim_header_hash(cim_signed_bytes(&slice->sh));
    known = sig_known(m, &slice->sh, &hash);
    if (!known)
        mesh_share_draw(m, peer, MESH_COST_SIGNATURE);
    err = cim_slice_prove(slice, key, known, out);
    if (err == CIM_OK)
        sig_remember(m, &out->slice.sh, &hash);
    return err;
}

static enum cim_err
parse_and_prove(struct mesh *m, const struct mesh_asked *asked,
                struct cim_bytes frame, struct cim_signkey *key,
                struct cim_proven *out)
{
    struct cim_slice slice = {0};
    enum cim_err err = cim_slice_parse(frame, &slice);

    if (err != CIM_OK)
        return err;
    err = CIM_EUNASKED;
    if (!cim_bytes_is(cim_bytes_str(slice.sh.h.node), asked->feed->name) ||
        (asked->log && slice.sh.h.epoch != asked->log->epoch))
        goto out;
    err = CIM_ETOOBIG;
    if (!asked->log && slice.n_events > 1 && frame.len > CIM_SLICE_LIVE)
        goto out;
    err = prove(m, asked->peer, &slice, key, out);
    if (err == CIM_OK)
        return CIM_OK;
out:
    cim_slice_clear(&slice);
    return err;
}

static enum cim_err
judge_found(const struct cim_slice *slice, struct store_log *log,
            struct store_event *event)
{
    struct cim_event parsed;
    struct cim_bytes node = cim_bytes_str(slice->sh.h.node);
    enum cim_err err = cim_event_parse(event->bytes, CIM_FOLLOW, &parsed, NULL);

    if (err == CIM_OK)
        err = cim_uuid_parse(parsed.id, &event->id);
    if (err == CIM_OK)
        err = cim_event_speaks_for(parsed.topic, node);
    if (err != CIM_OK)
        return err;
    event->topic = parsed.topic;
    event->seq = slice->sh.h.first + cim_slice_index(slice, 0);
    snprintf(log->node, sizeof log->node, "%s", slice->sh.h.node);
    log->epoch = slice->sh.h.epoch;
    return CIM_OK;
}

enum cim_err
mesh_prove_event(struct mesh *m, struct mesh_peer *peer, struct cim_bytes frame,
                 struct store_log *log, struct store_event *event)
{
    struct cim_slice slice = {0};
    struct cim_proven proven = {0};
    struct cim_signkey key;
    enum cim_err err = cim_slice_parse(frame, &slice);

    if (err != CIM_OK)
        return err;
    err = slice.n_events == 1 ? prove(m, peer, &slice, &key, &proven)
                              : CIM_EUNASKED;
    if (err == CIM_OK) {
        event->bytes = proven.slice.events[0];
        err = judge_found(&proven.slice, log, event);
        cim_proven_clear(&proven);
    } else {
        cim_slice_clear(&slice);
    }
    return err;
}

/* All of it lies below a cursor, and nothing there is missing. */
static bool
held_already(const struct mesh_asked *asked, const struct mesh_log *log,
             const struct cim_header *h)
{
    if (asked->log || log->gaps.len)
        return false;
    for (size_t i = 0; i < asked->feed->n_wants; i++) {
        const struct mesh_want *want = &asked->feed->wants[i];

        if (cim_prefix_match(want->prefix, asked->topic) &&
            mesh_cursor(log, want->prefix) >= cim_header_last(h))
            return true;
    }
    return false;
}

static enum cim_err
keep_proven(struct mesh *m, struct mesh_keep *keep,
            const struct mesh_asked *asked, struct cim_proven *proven,
            const struct cim_signkey *key, struct cim_bytes *frame)
{
    const struct cim_signed_header *sh = &proven->slice.sh;
    struct mesh_log *log = mesh_log_get(m, asked->feed, sh->h.epoch);
    struct store_batch batch = {0};
    struct store_batch *kept;
    size_t unasked;

    if (!log)
        return CIM_EQUOTA;
    mesh_log_show(m, log, asked->peer, sh, &proven->header_hash);
    /* One that the store has not seen may contradict what it holds. */
    if (held_already(asked, log, &sh->h) &&
        header_kept(m, log, sh, &proven->header_hash))
        return CIM_OK;
    unasked = judge_all(asked, proven, &batch);
    if (!batch.n_events || !topics_agree(asked, &batch)) {
        free(batch.events);
        return unasked ? CIM_EUNASKED : CIM_ETOPIC;
    }
    kept = keep_add(m, keep, sh, &proven->header_hash, key, asked->feed);
    kept->events = batch.events;
    kept->n_events = batch.n_events;
    kept->frontier = proven->frontier;
    kept->frame = (void *)frame->p;
    proven->frontier = (struct cim_frontier){0};
    keep->bytes += frame->len;
    frame->p = NULL;
    return unasked ? CIM_EUNASKED : CIM_OK;
}

enum cim_err
mesh_keep_slice(struct mesh *m, struct mesh_keep *keep,
                const struct mesh_asked *asked, struct cim_bytes frame)
{
    struct cim_proven proven = {0};
    struct cim_signkey key;
    enum cim_err err = parse_and_prove(m, asked, frame, &key, &proven);

    if (err == CIM_OK) {
        err = keep_proven(m, keep, asked, &proven, &key, &frame);
        cim_proven_clear(&proven);
    }
    if (err == CIM_ENOMEM)
        mem_fail();
    free((void *)frame.p);
    return err;
}

/* ---- live ----------------------------------------------------------------*/

void
mesh_live_slice(struct mesh *m, struct mesh_peer *peer, struct cim_bytes topic,
                struct cim_bytes payload)
{
    struct mesh_asked asked = {
        .peer = peer, .feed = peer->feed, .topic = topic};
    struct mesh_keep keep = {0};
    enum cim_err err;

    if (!peer->feed || !peer->feed->n_wants)
        err = CIM_EUNASKED;
    else if (!mesh_share_room(m, peer, payload.len))
        err = CIM_EQUOTA;
    else
        err = mesh_keep_slice(m, &keep, &asked, xbytes(payload));
    mesh_keep_submit(m, &keep, peer);
    if (err == CIM_EKEY)
        mesh_unknown_key(m, peer, peer->feed->name, 0);
    else if (err != CIM_OK)
        mesh_refuse(m, peer, NULL, 0, err);
}

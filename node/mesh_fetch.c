/* SPDX-License-Identifier: MPL-2.0 */
/*
 * One log from one peer, page by page.
 *
 *   digest   the store counts what is held of the range already
 *   sent     the peer answers: slices of what we lack, and how far that goes
 *   storing  slices and, from the author, cursor and gaps: one job, so they
 *            are there together or not at all
 *
 * The next page is asked for when the last one is stored; a slow disk slows
 * the asking down. What a page cannot prove it does not say: then no cursor
 * moves, and the peer is not asked again until its entry changes, or, for a
 * key that is unknown here, the roster.
 */
#include <stdlib.h>
#include <string.h>

#include "node/mem.h"
#include "node/mesh_private.h"

/* ---- asking --------------------------------------------------------------*/

static int
by_cursor(const void *a, const void *b)
{
    const struct mesh_cursor *x = a;
    const struct mesh_cursor *y = b;

    return (x->upto > y->upto) - (x->upto < y->upto);
}

/* Of the author: the prefixes furthest behind, as many as a request takes. */
static void
choose_behind(struct mesh_ask *ask)
{
    const struct mesh_feed *feed = ask->log->feed;
    struct mesh_cursor behind[CIM_FOLLOWS_MAX];
    size_t n = 0;

    for (size_t i = 0; i < feed->n_wants && n < CIM_FOLLOWS_MAX; i++) {
        const struct cim_prefix *p = feed->wants[i].prefix;
        uint64_t upto = mesh_cursor(ask->log, p);

        if (!feed->wants[i].awaits && upto < ask->upto)
            behind[n++] = (struct mesh_cursor){.prefix = p, .upto = upto};
    }
    qsort(behind, n, sizeof *behind, by_cursor);
    for (size_t i = 0; i < n && i < CIM_PREFIXES_MAX; i++)
        ask->prefixes[ask->n_prefixes++] = *behind[i].prefix;
}

/* Of others: all prefixes, 32 at a time, one pass for each. */
static void
choose_chunk(struct mesh_ask *ask, size_t chunk)
{
    const struct mesh_feed *feed = ask->log->feed;
    size_t skip = chunk * CIM_PREFIXES_MAX;

    for (size_t i = 0; i < feed->n_wants; i++) {
        if (feed->wants[i].awaits)
            continue;
        if (skip)
            skip--;
        else if (ask->n_prefixes < CIM_PREFIXES_MAX)
            ask->prefixes[ask->n_prefixes++] = *feed->wants[i].prefix;
    }
}

static struct mesh_pass *
pass_of(struct mesh_peer *peer, const struct mesh_ask *ask)
{
    struct mesh_offer *offer = mesh_offer_get(ask->log, peer);

    return ask->why == WHY_GAPS ? &offer->gaps : &offer->pass;
}

void
mesh_fetch_start(struct mesh *m, struct mesh_peer *peer, struct mesh_ask *ask)
{
    struct mesh_have_ask *have = xcalloc(1, sizeof *have);

    ask->state = ASK_DIGEST;
    ask->rid = m->next_rid++;
    ask->log->fetch = ask->rid;
    ask->upto = ask->end;
    if (ask->upto > ask->after + peer->range)
        ask->upto = ask->after + peer->range;
    ask->prefixes = xcalloc(CIM_PREFIXES_MAX, sizeof *ask->prefixes);
    if (ask->why == WHY_AUTHOR)
        choose_behind(ask);
    else
        choose_chunk(ask, pass_of(peer, ask)->chunk);
    have->token = ask->rid;
    have->log = mesh_log_name(ask->log);
    have->after = ask->after;
    have->upto = ask->upto;
    have->n_prefixes = ask->n_prefixes;
    memcpy(have->prefixes, ask->prefixes,
           ask->n_prefixes * sizeof *ask->prefixes);
    m->fx.have(m->fx.ctx, have);
}

static void
send_ask(struct mesh *m, struct mesh_peer *peer, struct mesh_ask *ask,
         const struct cim_have *have)
{
    struct cim_fetch_ask msg = {.rid = ask->rid,
                                .node = cim_bytes_str(ask->log->feed->name),
                                .epoch = ask->log->epoch,
                                .after = ask->after,
                                .upto = ask->upto,
                                .prefixes = ask->prefixes,
                                .n_prefixes = ask->n_prefixes,
                                .have = *have};
    struct cim_buf frame = {0};

    if (cim_fetch_ask_write(&msg, &frame) != CIM_OK)
        mem_fail();
    ask->state = ASK_SENT;
    ask->sent_ms = mesh_mono(m);
    m->fx.ask(m->fx.ctx, peer->name, cim_buf_bytes(&frame));
    cim_buf_clear(&frame);
}

void
mesh_have_done(struct mesh *mesh, struct mesh_have_ask *have)
{
    struct mesh_peer *peer;
    struct mesh_ask *ask = mesh_ask_find(mesh, have->token, &peer);

    if (ask && ask->kind == ASK_FETCH && ask->state == ASK_DIGEST) {
        if (have->err == CIM_OK)
            send_ask(mesh, peer, ask, &have->have);
        else
            mesh_fetch_give_up(mesh, peer, ask);
    }
    free(have);
    mesh_pump(mesh);
}

/* Nothing can be read or written here just now: quiet for a while. */
void
mesh_fetch_give_up(struct mesh *m, struct mesh_peer *peer, struct mesh_ask *ask)
{
    peer->quiet_ms = mesh_mono(m) + peer->patience_ms;
    mesh_ask_end(m, peer, ask);
}

/* ---- the answer ----------------------------------------------------------*/

/* What a page's slices were worth, together. */
struct page {
    struct mesh_keep keep;
    bool unproven, unknown, retired;
};

static void
take_slices(struct mesh *m, struct mesh_peer *peer, struct mesh_ask *ask,
            const struct cim_fetch_answer *answer, struct page *page)
{
    struct mesh_asked asked = {.peer = peer,
                               .feed = ask->log->feed,
                               .log = ask->log,
                               .after = ask->after,
                               .upto = ask->upto,
                               .prefixes = ask->prefixes,
                               .n_prefixes = ask->n_prefixes};

    for (size_t i = 0; i < answer->n_slices && !page->unproven; i++) {
        enum cim_err err =
            mesh_keep_slice(m, &page->keep, &asked, xbytes(answer->slices[i]));

        if (err == CIM_EKEY)
            page->unknown = true;
        else if (err == CIM_ERETIRED)
            page->retired = true;
        else if (err != CIM_OK && err != CIM_EUNASKED)
            page->unproven = true;
        if (err != CIM_OK && err != CIM_EKEY)
            mesh_refuse(m, peer, ask->log, ask->after, err);
    }
}

static void
take_cover(const struct mesh_ask *ask, const struct cim_fetch_answer *answer,
           struct store_job *job)
{
    struct store_cover *cover = &job->cover;

    *cover = (struct store_cover){.set = true,
                                  .log = mesh_log_name(ask->log),
                                  .n_prefixes = ask->n_prefixes,
                                  .after = ask->after,
                                  .covered = ask->covered,
                                  .n_missing = answer->n_missing};
    cover->prefixes = xcalloc(ask->n_prefixes, sizeof *cover->prefixes);
    memcpy(cover->prefixes, ask->prefixes,
           ask->n_prefixes * sizeof *cover->prefixes);
    cover->missing = xcalloc(answer->n_missing, sizeof *cover->missing);
    if (answer->n_missing)
        memcpy(cover->missing, answer->missing,
               answer->n_missing * sizeof *cover->missing);
}

/* Its head is where it says it is: what it showed before, it lost. */
static void
take_last(struct mesh_log *log, uint64_t last)
{
    if (last < log->shown)
        log->shown = last;
    if (last < log->target)
        log->target = last;
}

/* Retention takes the oldest, so an honest author's gaps are few. */
static bool
gaps_fit(const struct mesh_feed *feed, const struct cim_fetch_answer *answer)
{
    size_t n = answer->n_missing;

    for (size_t i = 0; i < feed->n_logs; i++)
        n += feed->logs[i]->gaps.len;
    return n <= MESH_GAPS_MAX;
}

/* The pass with this peer is over, until its entry changes. */
static void
pass_end(struct mesh_pass *pass)
{
    pass->at = pass->end;
    pass->done = true;
}

/* Many small batches make a page that takes long: fewer positions then. */
static void
fit_range(struct mesh_peer *peer, const struct mesh_ask *ask,
          const struct cim_fetch_answer *answer)
{
    uint64_t n = answer->n_slices;

    if (n > MESH_PAGE_SLICES)
        peer->range = (answer->covered - ask->after) * MESH_PAGE_SLICES / n + 1;
    else if (n <= MESH_PAGE_SLICES / 2)
        peer->range *= 2;
    if (peer->range > CIM_FETCH_RANGE)
        peer->range = CIM_FETCH_RANGE;
}

static enum cim_err
check_answer(const struct mesh_ask *ask, const struct cim_fetch_answer *answer)
{
    if (answer->covered < ask->after || answer->covered > ask->upto)
        return CIM_EFORM;
    if (ask->why != WHY_OTHER && !gaps_fit(ask->log->feed, answer))
        return CIM_EQUOTA;
    return CIM_OK;
}

/* Who has nothing to send speaks for all that was asked, or all it has. */
static bool
stops_short(const struct mesh_ask *ask, const struct cim_fetch_answer *answer)
{
    uint64_t all = answer->last < ask->upto ? answer->last : ask->upto;

    return !answer->n_slices && answer->covered < all;
}

/* Asking goes on, but not as fast as a peer can say that it has nothing. */
static void
nothing_came(struct mesh *m, struct mesh_peer *peer, struct mesh_ask *ask)
{
    mesh_share_draw(m, peer, MESH_COST_EMPTY);
    mesh_fetch_done(m, peer, ask);
}

void
mesh_fetch_answer(struct mesh *m, struct mesh_peer *peer, struct mesh_ask *ask,
                  const struct cim_fetch_answer *answer)
{
    struct page page = {0};
    bool author = ask->why != WHY_OTHER;
    enum cim_err err = check_answer(ask, answer);

    if (err != CIM_OK) {
        mesh_refuse(m, peer, ask->log, ask->after, err);
        pass_end(pass_of(peer, ask));
        mesh_ask_end(m, peer, ask);
        return;
    }
    fit_range(peer, ask, answer);
    take_slices(m, peer, ask, answer, &page);
    ask->covered = answer->covered;
    ask->stop = page.unproven || page.unknown || page.retired ||
                ask->covered <= ask->after || stops_short(ask, answer);
    if (author && !page.unproven)
        take_last(ask->log, answer->last);
    if (page.unknown)
        mesh_unknown_key(m, peer, ask->log->feed->name, ask->log->epoch);
    if (author && !ask->stop) {
        if (!page.keep.job) {
            page.keep.job = store_job_new(STORE_KEEP);
            page.keep.job->now_ms = mesh_now(m);
        }
        take_cover(ask, answer, page.keep.job);
    }
    ask->state = ASK_STORING;
    if (page.keep.job)
        mesh_submit(m, page.keep.job, JOB_PAGE, page.keep.bytes, ask->rid);
    else
        nothing_came(m, peer, ask);
}

/* ---- stored --------------------------------------------------------------*/

static void
pass_advance(struct mesh_pass *pass, const struct mesh_ask *ask)
{
    size_t n_wants = ask->log->feed->n_wants;

    /* The entry changed meanwhile: a new pass is on its way. */
    if (pass->mark != ask->mark || pass->end != ask->end)
        return;
    pass->at = ask->covered;
    if (!ask->stop && ask->covered < ask->end)
        return;
    if ((pass->chunk + 1) * CIM_PREFIXES_MAX >= n_wants) {
        pass_end(pass);
        return;
    }
    pass->chunk++;
    pass->at = pass->from;
}

/*
 * What the author just called missing it need not be asked for again under
 * this entry; older gaps are, once, if that was not done yet.
 */
static void
gaps_told(struct mesh_offer *offer, const struct mesh_ask *ask)
{
    const struct span_set *gaps = &ask->log->gaps;
    struct mesh_pass *pass = &offer->gaps;
    bool told = pass->done && pass->mark == offer->mark;
    uint64_t last;

    if (!gaps->len || offer->mark != ask->mark ||
        (!told && gaps->v[0].first <= ask->after))
        return;
    last = gaps->v[gaps->len - 1].first + gaps->v[gaps->len - 1].n - 1;
    *pass = (struct mesh_pass){
        .mark = offer->mark, .at = last, .end = last, .done = true};
}

void
mesh_fetch_done(struct mesh *m, struct mesh_peer *peer, struct mesh_ask *ask)
{
    struct mesh_offer *offer = mesh_offer_get(ask->log, peer);

    if (ask->why == WHY_OTHER)
        pass_advance(&offer->pass, ask);
    else if (ask->why == WHY_GAPS)
        pass_advance(&offer->gaps, ask);
    else if (ask->stop)
        pass_end(&offer->pass);
    else
        gaps_told(offer, ask);
    mesh_ask_end(m, peer, ask);
}

/* Positions that were not held before. */
static uint64_t
news(const struct store_job *job)
{
    uint64_t n = 0;

    for (size_t i = 0; i < job->n_batches; i++)
        for (size_t k = 0; k < job->batches[i].n_events; k++)
            n += job->batches[i].events[k].stored ||
                 job->batches[i].events[k].refused;
    return n;
}

/* Events of our own that were lost here are back. */
static void
note_recovered(const struct mesh *m, const struct mesh_peer *peer,
               const struct mesh_ask *ask, const struct store_job *job)
{
    uint64_t n = 0;

    for (size_t i = 0; i < job->n_batches; i++)
        n += job->batches[i].n_stored;
    if (n && ask->log->feed->own)
        mesh_note(m, &(struct mesh_note){.kind = MESH_RECOVERED,
                                         .peer = peer->name,
                                         .node = m->self,
                                         .epoch = ask->log->epoch,
                                         .n = n});
}

void
mesh_fetch_stored(struct mesh *m, uint64_t rid, const struct store_job *job)
{
    struct mesh_peer *peer;
    struct mesh_ask *ask = mesh_ask_find(m, rid, &peer);

    if (!ask || ask->kind != ASK_FETCH)
        return;
    note_recovered(m, peer, ask, job);
    if (job->err != CIM_OK)
        mesh_fetch_give_up(m, peer, ask);
    else if (!news(job))
        nothing_came(m, peer, ask);
    else
        mesh_fetch_done(m, peer, ask);
}

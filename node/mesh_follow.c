/* SPDX-License-Identifier: MPL-2.0 */
/*
 * What is wanted of each feed, and where since = now starts.
 *
 * A follow of everything of a community takes the place of its narrower ones,
 * with one cursor on "" that moves by contiguity; only when it starts at the
 * present do they keep cursors of their own.
 *
 * A follow with since = now is accepted once for each community, as soon as
 * both the follow and the community's roster file are here. Of a node heard
 * of before, it starts at the heads known then; of a node never heard of, at
 * the first list of heads it gives itself. Epochs and nodes that come later
 * are followed from their beginning. Two counters in the store remember this
 * over a restart: "since.HASH" 1: accepted for this (prefix, community);
 * "await.HASH" 1: the first list of this (prefix, node) is still to come, 2:
 * it came. They are written after the cursors they speak of, in order, so
 * what is lost in a crash is done again. A follow taken back and set again
 * goes on where it was.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "node/mem.h"
#include "node/mesh_private.h"

const struct cim_prefix *
mesh_intern(struct mesh *m, const struct cim_prefix *prefix)
{
    struct cim_bytes text = cim_prefix_bytes(prefix);

    for (size_t i = 0; i < m->n_prefixes; i++)
        if (cim_bytes_eq(cim_prefix_bytes(m->prefixes[i]), text))
            return m->prefixes[i];
    xgrow(&m->prefixes, &m->cap_prefixes, m->n_prefixes, sizeof *m->prefixes);
    m->prefixes[m->n_prefixes] = xcalloc(1, sizeof **m->prefixes);
    *m->prefixes[m->n_prefixes] = *prefix;
    return m->prefixes[m->n_prefixes++];
}

bool
mesh_wants_match(const struct mesh_feed *feed, struct cim_bytes topic)
{
    for (size_t i = 0; i < feed->n_wants; i++)
        if (cim_prefix_match(feed->wants[i].prefix, topic))
            return true;
    return false;
}

/* ---- marks that outlive a restart ----------------------------------------*/

static void
mark_name(const char *kind, const struct cim_prefix *prefix,
          struct cim_bytes whom, char out[static 48])
{
    struct cim_digester d;
    struct cim_digest digest;
    char hex[2 * CIM_DIGEST_LEN + 1];

    cim_digester_init(&d);
    cim_digester_add(&d, cim_prefix_bytes(prefix));
    cim_digester_add(&d, cim_bytes_of("", 1));
    cim_digester_add(&d, whom);
    digest = cim_digester_end(&d);
    cim_hex_encode(digest.b, sizeof digest.b, hex);
    snprintf(out, 48, "%s.%s", kind, hex);
}

static struct mesh_mark *
mark_find(const struct mesh *m, const char *name)
{
    for (size_t i = 0; i < m->n_marks; i++)
        if (!strcmp(m->marks[i].name, name))
            return &m->marks[i];
    return NULL;
}

void
mesh_mark_add(struct mesh *m, const char *name, uint64_t add)
{
    struct mesh_mark *mark = mark_find(m, name);

    if (!mark) {
        xgrow(&m->marks, &m->cap_marks, m->n_marks, sizeof *m->marks);
        mark = &m->marks[m->n_marks++];
        *mark = (struct mesh_mark){.value = 0};
        snprintf(mark->name, sizeof mark->name, "%s", name);
    }
    mark->value += add;
}

static uint64_t
mark_value(const struct mesh *m, const char *name)
{
    const struct mesh_mark *mark = mark_find(m, name);

    return mark ? mark->value : 0;
}

/* ---- starts --------------------------------------------------------------*/

/* What one change of follows makes the store remember. */
struct starting {
    struct store_job *starts, *marks;
    size_t cap_starts, cap_marks;
};

static void
starting_mark(struct mesh *m, struct starting *s, const char *name)
{
    struct store_job *job = s->marks;

    mesh_mark_add(m, name, 1);
    xgrow(&job->counters, &s->cap_marks, job->n_counters,
          sizeof *job->counters);
    job->counters[job->n_counters] = (struct store_counter){.add = 1};
    snprintf(job->counters[job->n_counters].name, sizeof job->counters->name,
             "%s", name);
    job->n_counters++;
}

static void
starting_log(struct starting *s, struct mesh_log *log,
             const struct cim_prefix *prefix, uint64_t seq)
{
    struct store_job *job = s->starts;

    if (!seq || mesh_cursor_known(log, prefix))
        return;
    mesh_cursor_raise(log, prefix, seq);
    xgrow(&job->starts, &s->cap_starts, job->n_starts, sizeof *job->starts);
    job->starts[job->n_starts++] = (struct store_start){
        .log = mesh_log_name(log), .prefix = *prefix, .seq = seq};
}

static void
starting_open(struct starting *s)
{
    *s = (struct starting){.starts = store_job_new(STORE_STARTS),
                           .marks = store_job_new(STORE_COUNT)};
}

static void
starting_submit(struct mesh *m, struct starting *s)
{
    if (s->starts->n_starts)
        mesh_submit(m, s->starts, JOB_START, 0, 0);
    else
        store_job_destroy(&s->starts);
    if (s->marks->n_counters)
        mesh_submit(m, s->marks, JOB_START, 0, 0);
    else
        store_job_destroy(&s->marks);
}

static void
note_covered(struct mesh_feed *feed, const struct cim_prefix *everything)
{
    feed->covered = false;
    for (size_t i = 0; i < feed->n_wants; i++)
        if (feed->wants[i].prefix == everything && !feed->wants[i].awaits)
            feed->covered = true;
}

void
mesh_wants_start(struct mesh *m, struct mesh_feed *feed)
{
    struct starting s;
    char name[48];

    starting_open(&s);
    for (size_t i = 0; i < feed->n_wants; i++) {
        struct mesh_want *want = &feed->wants[i];

        if (!want->awaits)
            continue;
        for (size_t k = 0; k < feed->n_logs; k++)
            starting_log(&s, feed->logs[k], want->prefix, feed->logs[k]->shown);
        mark_name("await", want->prefix, cim_bytes_str(feed->name), name);
        starting_mark(m, &s, name);
        want->awaits = false;
    }
    starting_submit(m, &s);
    note_covered(feed, m->everything);
}

/* ---- prefixes in force ---------------------------------------------------*/

static void
want_add(struct mesh_feed *feed, const struct cim_prefix *prefix, bool now)
{
    for (size_t i = 0; i < feed->n_wants; i++)
        if (feed->wants[i].prefix == prefix) {
            feed->wants[i].now = feed->wants[i].now && now;
            return;
        }
    feed->wants =
        xrealloc(feed->wants, (feed->n_wants + 1) * sizeof *feed->wants);
    feed->wants[feed->n_wants++] =
        (struct mesh_want){.prefix = prefix, .now = now};
}

static bool
covered_since_all(const struct mesh *m, struct cim_bytes community)
{
    for (size_t i = 0; i < m->follows.n; i++)
        if (!m->follows.v[i].now &&
            cim_prefix_covers(&m->follows.v[i].prefix, community))
            return true;
    return false;
}

static void
wants_of(struct mesh *m, struct mesh_feed *feed)
{
    struct cim_bytes community = cim_community_of(cim_bytes_str(feed->name));

    feed->n_wants = 0;
    if (feed->own || covered_since_all(m, community)) {
        if (feed->own || feed->listed)
            want_add(feed, m->everything, false);
        return;
    }
    for (size_t i = 0; feed->listed && i < m->follows.n; i++) {
        const struct follow *f = &m->follows.v[i];

        if (cim_prefix_covers(&f->prefix, community))
            want_add(feed, m->everything, f->now);
        else if (cim_prefix_touches(&f->prefix, community))
            want_add(feed, mesh_intern(m, &f->prefix), f->now);
    }
}

/* The first time this follow and this node's community meet. */
static void
want_accept(struct mesh *m, struct starting *s, struct mesh_feed *feed,
            const struct cim_prefix *prefix)
{
    char name[48];

    for (size_t i = 0; i < feed->n_logs; i++)
        starting_log(s, feed->logs[i], prefix, mesh_log_last(feed->logs[i]));
    if (feed->n_logs)
        return;
    mark_name("await", prefix, cim_bytes_str(feed->name), name);
    if (!mark_value(m, name))
        starting_mark(m, s, name);
}

static void
wants_accept(struct mesh *m, struct starting *s, struct mesh_feed *feed)
{
    struct cim_bytes community = cim_community_of(cim_bytes_str(feed->name));
    char name[48];

    for (size_t i = 0; i < feed->n_wants; i++) {
        struct mesh_want *want = &feed->wants[i];

        if (!want->now)
            continue;
        mark_name("since", want->prefix, community, name);
        if (!mark_value(m, name))
            want_accept(m, s, feed, want->prefix);
        mark_name("await", want->prefix, cim_bytes_str(feed->name), name);
        want->awaits = mark_value(m, name) == 1;
    }
    note_covered(feed, m->everything);
}

/* After all its nodes: this is accepted for the community. */
static void
wants_accepted(struct mesh *m, struct starting *s, const struct mesh_feed *feed)
{
    struct cim_bytes community = cim_community_of(cim_bytes_str(feed->name));
    char name[48];

    for (size_t i = 0; i < feed->n_wants; i++) {
        if (!feed->wants[i].now)
            continue;
        mark_name("since", feed->wants[i].prefix, community, name);
        if (!mark_value(m, name))
            starting_mark(m, s, name);
    }
}

/* A feed for every node of the roster that some follow touches. */
static void
list_feeds(struct mesh *m)
{
    for (size_t i = 0; i < m->n_feeds; i++)
        m->feeds[i]->listed = false;
    for (size_t i = 0; i < m->roster->n; i++) {
        const struct roster_community *c = m->roster->communities[i];

        if (!follow_touches(&m->follows, cim_bytes_str(c->name)))
            continue;
        for (size_t k = 0; k < c->n_nodes; k++)
            mesh_feed_get(m, c->nodes[k].name)->listed = true;
    }
    for (size_t i = 0; i < m->n_peers; i++)
        m->peers[i]->feed = NULL;
    for (size_t i = 0; i < m->n_feeds; i++) {
        struct mesh_feed *feed = m->feeds[i];

        feed->peer = feed->listed ? mesh_peer_find(m, feed->name) : NULL;
        if (feed->peer)
            feed->peer->feed = feed;
    }
}

void
mesh_wants_apply(struct mesh *m)
{
    struct starting s;

    list_feeds(m);
    starting_open(&s);
    for (size_t i = 0; i < m->n_feeds; i++) {
        wants_of(m, m->feeds[i]);
        wants_accept(m, &s, m->feeds[i]);
    }
    for (size_t i = 0; i < m->n_feeds; i++)
        wants_accepted(m, &s, m->feeds[i]);
    starting_submit(m, &s);
    for (size_t i = 0; i < m->n_feeds; i++)
        for (size_t k = 0; k < m->feeds[i]->n_logs; k++)
            for (size_t o = 0; o < m->feeds[i]->logs[k]->n_offers; o++) {
                struct mesh_offer *offer = &m->feeds[i]->logs[k]->offers[o];

                offer->pass = offer->gaps = (struct mesh_pass){0};
            }
}

/* ---- what links subscribe to ---------------------------------------------*/

size_t
mesh_subscriptions(const struct mesh *mesh, const char *peer,
                   struct cim_prefix *out)
{
    struct cim_bytes community = cim_community_of(cim_bytes_str(peer));
    size_t n = 0;

    for (size_t i = 0; i < mesh->follows.n && n < CIM_FOLLOWS_MAX; i++)
        if (cim_prefix_touches(&mesh->follows.v[i].prefix, community))
            out[n++] = mesh->follows.v[i].prefix;
    return n;
}

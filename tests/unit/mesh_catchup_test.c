/* SPDX-License-Identifier: MPL-2.0 */
/* Catch-up: whom a node asks for what, and what moves a cursor. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/mesh_desk.h"

#define T0 "odl/Ping/t0/"
#define T1 "odl/Ping/t1/"

/* A batch of odl's that its store, and so everybody's, holds. */
static struct sealed *
theirs(struct desk *d, const char *topic, size_t n)
{
    struct sealed *s = desk_seal(&d->odl, topic, n);

    keep_all(d->theirs, s);
    return s;
}

/* The next list of heads of both, at the next poll. */
static void
poll(struct desk *d)
{
    for (int i = 0; i < 7; i++) {
        desk_pass(d, 4500);
        desk_beacon(d, ODL, NULL);
        desk_beacon(d, ONAP, NULL);
    }
}

static void
what_was_missed_is_fetched_from_its_author(void **state)
{
    struct desk *d = *state;
    struct sealed *s;

    desk_follow(d, "odl/", false);
    desk_meet(d);
    s = theirs(d, T0, 5);
    desk_beacon(d, ODL, s);
    desk_heads(d, ODL, &s, 1);
    desk_page(d, ODL);
    assert_int_equal(desk_held(d, &d->odl), 5);
    assert_int_equal(desk_cursor(d, &d->odl, ""), 5);
    assert_false(desk_was_asked(d, ODL, CIM_SYNC_FETCH));
    sealed_free(&s);
}

static void
all_prefixes_of_a_log_go_in_one_fetch(void **state)
{
    struct desk *d = *state;
    struct sealed *s;
    struct cim_sync msg = {0};

    desk_follow(d, T0, false);
    desk_follow(d, T1, false);
    desk_meet(d);
    s = theirs(d, T0, 5);
    desk_beacon(d, ODL, s);
    desk_asked(d, ODL, CIM_SYNC_FETCH, &msg);
    assert_int_equal(msg.u.fetch_ask.n_prefixes, 2);
    assert_int_equal(msg.u.fetch_ask.after, 0);
    assert_int_equal(msg.u.fetch_ask.upto, 5);
    cim_sync_clear(&msg);
    desk_page(d, ODL);
    assert_int_equal(desk_cursor(d, &d->odl, T0), 5);
    assert_int_equal(desk_cursor(d, &d->odl, T1), 5);
    sealed_free(&s);
}

static void
fetch_says_what_is_held_already(void **state)
{
    struct desk *d = *state;
    struct sealed *s[2];
    struct cim_sync msg = {0};

    desk_follow(d, T0, false);
    desk_meet(d);
    s[0] = theirs(d, T1, 2);
    s[1] = theirs(d, T0, 3);
    desk_live(d, s[1], T0);
    desk_beacon(d, ODL, s[1]);
    desk_asked(d, ODL, CIM_SYNC_FETCH, &msg);
    assert_int_equal(msg.u.fetch_ask.have.n, 3);
    cim_sync_clear(&msg);
    desk_page(d, ODL);
    assert_int_equal(desk_held(d, &d->odl), 3);
    assert_int_equal(desk_cursor(d, &d->odl, T0), 5);
    sealed_free(&s[0]);
    sealed_free(&s[1]);
}

static void
filtered_follower_asks_once_a_beacon(void **state)
{
    struct desk *d = *state;
    struct sealed *s[3];

    desk_follow(d, T0, false);
    desk_meet(d);
    for (unsigned i = 0; i < 3; i++) {
        s[i] = theirs(d, T0, 1);
        desk_live(d, s[i], T0);
    }
    assert_false(desk_was_asked(d, ODL, CIM_SYNC_FETCH));
    desk_beacon(d, ODL, s[2]);
    assert_true(desk_was_asked(d, ODL, CIM_SYNC_FETCH));
    for (unsigned i = 0; i < 3; i++)
        sealed_free(&s[i]);
}

static void
follower_of_everything_needs_no_fetch(void **state)
{
    struct desk *d = *state;
    struct sealed *s;

    desk_follow(d, "odl/", false);
    desk_meet(d);
    s = theirs(d, T0, 3);
    desk_live(d, s, T0);
    desk_beacon(d, ODL, s);
    assert_int_equal(desk_cursor(d, &d->odl, ""), 3);
    assert_false(desk_was_asked(d, ODL, CIM_SYNC_FETCH));
    sealed_free(&s);
}

/* odl is away; onap says that it holds this much of its log. */
static void
odl_away(struct desk *d, struct sealed *s)
{
    desk_pass(d, 14000);
    desk_beacon(d, ONAP, NULL);
    desk_pass(d, 2000);
    assert_false(mesh_peer_up(d->mesh, ODL));
    desk_heads(d, ONAP, &s, 1);
}

static void
others_are_asked_while_the_author_is_away(void **state)
{
    struct desk *d = *state;
    struct sealed *s;

    desk_follow(d, "odl/", false);
    desk_meet(d);
    s = theirs(d, T0, 4);
    odl_away(d, s);
    desk_page(d, ONAP);
    assert_int_equal(desk_held(d, &d->odl), 4);
    sealed_free(&s);
}

static void
only_the_authors_word_moves_a_cursor(void **state)
{
    struct desk *d = *state;
    struct sealed *s;

    desk_follow(d, T0, false);
    desk_meet(d);
    s = theirs(d, T0, 4);
    odl_away(d, s);
    desk_page(d, ONAP);
    assert_int_equal(desk_held(d, &d->odl), 4);
    assert_int_equal(desk_cursor(d, &d->odl, T0), 0);
    desk_beacon(d, ODL, s);
    desk_heads(d, ODL, &s, 1);
    desk_page(d, ODL);
    assert_int_equal(desk_cursor(d, &d->odl, T0), 4);
    sealed_free(&s);
}

static void
other_peer_is_asked_once_for_an_entry(void **state)
{
    struct desk *d = *state;
    struct sealed *s;

    desk_follow(d, T0, false);
    desk_meet(d);
    s = theirs(d, T0, 4);
    odl_away(d, s);
    desk_empty_page(d, ONAP, 4, 4);
    assert_false(desk_was_asked(d, ONAP, CIM_SYNC_FETCH));
    for (int i = 0; i < 7; i++) {
        desk_pass(d, 4500);
        desk_beacon(d, ONAP, NULL);
    }
    desk_heads(d, ONAP, &s, 1);
    assert_false(desk_was_asked(d, ONAP, CIM_SYNC_FETCH));
    sealed_free(&s);
}

static void
page_that_leads_no_further_ends_the_pass(void **state)
{
    struct desk *d = *state;
    struct sealed *s;

    desk_follow(d, "odl/", false);
    desk_meet(d);
    s = theirs(d, T0, 4);
    odl_away(d, s);
    desk_empty_page(d, ONAP, 0, 4);
    assert_false(desk_was_asked(d, ONAP, CIM_SYNC_FETCH));
    sealed_free(&s);
}

static void
three_unanswered_requests_mean_away(void **state)
{
    struct desk *d = *state;
    struct sealed *s;

    desk_follow(d, "odl/", false);
    desk_meet(d);
    s = theirs(d, T0, 4);
    desk_beacon(d, ODL, s);
    desk_heads(d, ODL, &s, 1);
    assert_true(desk_was_asked(d, ODL, CIM_SYNC_FETCH));
    for (int i = 0; i < 6; i++) {
        desk_pass(d, 4000);
        desk_beacon(d, ODL, s);
        desk_beacon(d, ONAP, NULL);
    }
    desk_heads(d, ONAP, &s, 1);
    desk_page(d, ONAP);
    assert_int_equal(desk_held(d, &d->odl), 4);
    sealed_free(&s);
}

static void
any_answer_ends_being_away(void **state)
{
    struct desk *d = *state;
    struct sealed *s;

    desk_follow(d, "odl/", false);
    desk_meet(d);
    s = theirs(d, T0, 4);
    desk_beacon(d, ODL, s);
    for (int i = 0; i < 6; i++) {
        desk_pass(d, 4000);
        desk_beacon(d, ODL, s);
    }
    for (size_t i = 0; i < d->n_asked; i++)
        d->asked[i].answered = true;
    desk_pass(d, 14000);
    assert_false(desk_was_asked(d, ODL, CIM_SYNC_FETCH));
    desk_heads(d, ODL, &s, 1);
    desk_page(d, ODL);
    assert_int_equal(desk_held(d, &d->odl), 4);
    sealed_free(&s);
}

/* odl lost its first two events; onap may have them. */
static void
author_misses_two(struct desk *d, struct sealed *s[2])
{
    struct store_job *job = store_job_new(STORE_PURGE);

    s[0] = theirs(d, T0, 2);
    s[1] = theirs(d, T0, 2);
    job->purge.max_bytes = 1;
    commit_ok(d->theirs, &job);
    keep_all(d->theirs, s[1]);
}

/* Answers odl's fetch: all of the second batch, the first is missing. */
static void
page_with_gap(struct desk *d, const struct sealed *second)
{
    struct cim_sync msg = {0};
    struct desk_frame *ask = desk_asked(d, ODL, CIM_SYNC_FETCH, &msg);
    struct cim_span missing = {.first = 1, .n = 2};
    struct cim_buf slice = desk_slice(second);
    struct cim_bytes slices[1] = {cim_buf_bytes(&slice)};
    struct cim_fetch_answer a = {.rid = msg.rid,
                                 .covered = 4,
                                 .last = 4,
                                 .missing = &missing,
                                 .n_missing = 1,
                                 .slices = slices,
                                 .n_slices = 1};
    struct cim_buf out = {0};

    assert_int_equal(cim_fetch_answer_write(&a, &out), CIM_OK);
    ask->answered = true;
    mesh_answer(d->mesh, ODL, cim_buf_bytes(&out));
    desk_disk(d);
    cim_sync_clear(&msg);
    cim_buf_clear(&out);
    cim_buf_clear(&slice);
}

/* Answers a fetch with this batch, as far as it goes. */
static void
page_of(struct desk *d, const char *peer, const struct sealed *s,
        uint64_t covered)
{
    struct cim_sync msg = {0};
    struct desk_frame *ask = desk_asked(d, peer, CIM_SYNC_FETCH, &msg);
    struct cim_buf slice = desk_slice(s);
    struct cim_bytes slices[1] = {cim_buf_bytes(&slice)};
    struct cim_fetch_answer a = {.rid = msg.rid,
                                 .covered = covered,
                                 .last = 4,
                                 .slices = slices,
                                 .n_slices = 1};
    struct cim_buf out = {0};

    assert_int_equal(cim_fetch_answer_write(&a, &out), CIM_OK);
    ask->answered = true;
    mesh_answer(d->mesh, peer, cim_buf_bytes(&out));
    desk_disk(d);
    cim_sync_clear(&msg);
    cim_buf_clear(&out);
    cim_buf_clear(&slice);
}

static void
gap_is_asked_of_others_and_closed_by_a_find(void **state)
{
    struct desk *d = *state;
    struct sealed *s[2];

    desk_follow(d, "odl/", false);
    desk_meet(d);
    author_misses_two(d, s);
    desk_beacon(d, ODL, s[1]);
    page_with_gap(d, s[1]);
    assert_int_equal(desk_noted(d, MESH_GAP), 1);
    assert_int_equal(desk_cursor(d, &d->odl, ""), 4);
    poll(d);
    desk_heads(d, ONAP, &s[1], 1);
    page_of(d, ONAP, s[0], 2);
    assert_int_equal(desk_held(d, &d->odl), 4);
    assert_int_equal(desk_noted(d, MESH_GAP_CLOSED), 1);
    sealed_free(&s[0]);
    sealed_free(&s[1]);
}

/* Answers the last heads ask of odl: this head, so many events held. */
static void
odl_holds(struct desk *d, const struct sealed *s, uint64_t held)
{
    struct cim_sync msg = {0};
    struct desk_frame *ask = desk_asked(d, ODL, CIM_SYNC_HEADS, &msg);
    struct cim_heads_entry entry = {.head = s->sh, .held = held};
    struct cim_heads_answer a = {
        .rid = msg.rid, .entries = &entry, .n_entries = 1};
    struct cim_buf out = {0};

    a.digest.b[0] = (uint8_t)held;
    assert_int_equal(cim_heads_answer_write(&a, &out), CIM_OK);
    ask->answered = true;
    mesh_answer(d->mesh, ODL, cim_buf_bytes(&out));
    desk_disk(d);
    cim_sync_clear(&msg);
    cim_buf_clear(&out);
}

static void
gap_is_asked_of_the_author_again_when_its_entry_changes(void **state)
{
    struct desk *d = *state;
    struct sealed *s[2];

    desk_follow(d, "odl/", false);
    desk_meet(d);
    author_misses_two(d, s);
    poll(d);
    odl_holds(d, s[1], 2);
    page_with_gap(d, s[1]);
    assert_false(desk_was_asked(d, ODL, CIM_SYNC_FETCH));
    poll(d);
    odl_holds(d, s[1], 2);
    assert_false(desk_was_asked(d, ODL, CIM_SYNC_FETCH));
    poll(d);
    odl_holds(d, s[1], 4);
    page_of(d, ODL, s[0], 2);
    assert_int_equal(desk_held(d, &d->odl), 4);
    assert_int_equal(desk_noted(d, MESH_GAP_CLOSED), 1);
    sealed_free(&s[0]);
    sealed_free(&s[1]);
}

static void
event_set_aside_is_fetched_again(void **state)
{
    struct desk *d = *state;
    struct sealed *s;
    struct store_job *job = store_job_new(STORE_ASIDE);

    desk_follow(d, "odl/", false);
    desk_meet(d);
    s = theirs(d, T0, 3);
    desk_live(d, s, T0);
    desk_beacon(d, ODL, s);
    desk_heads(d, ODL, &s, 1);
    job->aside.log = log_of(&d->odl);
    job->aside.seq = 2;
    span_add(&job->gaps, 2, 1); /* as the store does for rot */
    mesh_job_done(d->mesh, job);
    desk_disk(d);
    assert_true(desk_was_asked(d, ODL, CIM_SYNC_FETCH));
    sealed_free(&s);
}

static void
unproven_page_says_nothing_and_the_next_peer_is_asked(void **state)
{
    struct desk *d = *state;
    struct sealed *s;

    desk_follow(d, "odl/", false);
    desk_meet(d);
    s = theirs(d, T0, 4);
    desk_beacon(d, ODL, s);
    desk_heads(d, ODL, &s, 1);
    s->events[0].p[s->events[0].len - 1] ^= 1;
    page_of(d, ODL, s, 4);
    s->events[0].p[s->events[0].len - 1] ^= 1;
    assert_int_equal(desk_held(d, &d->odl), 0);
    assert_int_equal(desk_cursor(d, &d->odl, ""), 0);
    assert_int_equal(desk_refused(d, CIM_EROOT), 1);
    poll(d);
    desk_heads(d, ONAP, &s, 1);
    page_of(d, ONAP, s, 4);
    assert_int_equal(desk_held(d, &d->odl), 4);
    sealed_free(&s);
}

static void
key_nobody_knows_in_a_third_peers_page_blocks_nothing(void **state)
{
    struct desk *d = *state;
    struct sealed *s;

    desk_follow(d, "odl/", false);
    desk_meet(d);
    s = theirs(d, T0, 4);
    odl_away(d, s);
    /* The key id in the header's bytes, after [1, node. */
    s->sh.bytes[2 + 1 + strlen(ODL) + 2] ^= 1;
    page_of(d, ONAP, s, 4);
    s->sh.bytes[2 + 1 + strlen(ODL) + 2] ^= 1;
    assert_int_equal(desk_noted(d, MESH_UNKNOWN_KEY), 1);
    desk_beacon(d, ODL, s);
    desk_heads(d, ODL, &s, 1);
    desk_page(d, ODL);
    assert_int_equal(desk_held(d, &d->odl), 4);
    sealed_free(&s);
}

static void
at_most_two_requests_are_in_flight(void **state)
{
    struct desk *d = *state;
    struct sealed *s[4];
    size_t open = 0;

    desk_follow(d, "odl/", false);
    desk_meet(d);
    for (unsigned i = 0; i < 4; i++) {
        d->odl.epoch++;
        d->odl.last = 0;
        s[i] = theirs(d, T0, 1);
    }
    poll(d);
    for (size_t i = 0; i < d->n_asked; i++)
        d->asked[i].answered =
            strcmp(d->asked[i].to, ODL) != 0 || i + 2 < d->n_asked;
    desk_heads(d, ODL, s, 4);
    for (size_t i = 0; i < d->n_asked; i++)
        open += !d->asked[i].answered;
    assert_int_equal(open, 2);
    for (unsigned i = 0; i < 4; i++)
        desk_page(d, ODL);
    for (unsigned i = 0; i < 4; i++)
        sealed_free(&s[i]);
}

static void
list_that_is_unchanged_costs_a_line(void **state)
{
    struct desk *d = *state;
    struct sealed *s;
    struct cim_heads_ask ask = {.rid = 5};
    struct cim_bytes names[1] = {cim_bytes_str(ODL)};
    struct cim_buf out = {0};
    struct cim_sync msg = {0};

    desk_follow(d, "odl/", false);
    desk_meet(d);
    s = theirs(d, T0, 1);
    desk_live(d, s, T0);
    ask.nodes = names;
    ask.n_nodes = 1;
    assert_int_equal(mesh_heads(d->mesh, &ask, &out), CIM_OK);
    assert_int_equal(cim_sync_parse_answer(cim_buf_bytes(&out), &msg), CIM_OK);
    assert_int_equal(msg.u.heads.n_entries, 1);
    assert_int_equal(msg.u.heads.entries[0].held, 1);
    ask.known = true;
    ask.digest = msg.u.heads.digest;
    cim_sync_clear(&msg);
    cim_buf_reset(&out);
    assert_int_equal(mesh_heads(d->mesh, &ask, &out), CIM_OK);
    assert_true(out.len < 64);
    cim_buf_clear(&out);
    sealed_free(&s);
}

/* Ten communities of 64 nodes more, all followed. */
static void
crowd(struct desk *d)
{
    for (unsigned k = 0; k < 10; k++) {
        char name[CIM_NODE_MAX + 1];
        struct roster_community *c;

        snprintf(name, sizeof name, "c%u", k);
        c = roster_community_new(name);
        for (unsigned i = 0; i < ROSTER_NODES_MAX; i++) {
            snprintf(name, sizeof name, "c%u/ci-%u", k, i);
            (void)roster_community_add(c, name);
        }
        roster_put(d->roster, &c);
    }
    desk_follow(d, "", false);
}

static size_t
names_asked(struct desk *d)
{
    struct cim_sync msg = {0};
    size_t n;

    desk_asked(d, ODL, CIM_SYNC_HEADS, &msg);
    n = msg.u.heads_ask.n_nodes;
    cim_sync_clear(&msg);
    return n;
}

static void
many_names_are_asked_for_in_chunks(void **state)
{
    struct desk *d = *state;

    crowd(d);
    desk_start(d);
    assert_int_equal(names_asked(d), CIM_HEADS_NODES);
    desk_heads(d, ODL, NULL, 0);
    assert_int_equal(names_asked(d), 643 - CIM_HEADS_NODES);
    desk_heads(d, ODL, NULL, 0);
    assert_false(desk_was_asked(d, ODL, CIM_SYNC_HEADS));
}

/* What this node answers to one who has read up to this epoch of odl. */
static struct cim_sync
heads_after(struct desk *d, uint64_t epoch, struct cim_buf *out)
{
    struct cim_bytes names[1] = {cim_bytes_str(ODL)};
    struct cim_heads_ask ask = {.rid = 5, .nodes = names, .n_nodes = 1};
    struct cim_sync msg = {0};

    ask.after_node = epoch ? names[0] : cim_bytes_str("");
    ask.after_epoch = epoch;
    cim_buf_reset(out);
    assert_int_equal(mesh_heads(d->mesh, &ask, out), CIM_OK);
    assert_int_equal(cim_sync_parse_answer(cim_buf_bytes(out), &msg), CIM_OK);
    return msg;
}

static void
long_list_is_answered_in_pages(void **state)
{
    struct desk *d = *state;
    struct store_job *job = store_job_new(STORE_KEEP);
    struct cim_buf out = {0};
    struct cim_sync msg;
    uint64_t last;

    for (unsigned i = 0; i < 1500; i++) {
        struct sealed *s;

        d->odl.epoch++;
        d->odl.last = 0;
        s = desk_seal(&d->odl, T0, 1);
        job_header(job, s);
        sealed_free(&s);
    }
    commit_ok(d->store, &job);
    desk_follow(d, "odl/", false);
    desk_start(d);
    msg = heads_after(d, 0, &out);
    assert_true(msg.u.heads.more);
    last = msg.u.heads.entries[msg.u.heads.n_entries - 1].head.h.epoch;
    cim_sync_clear(&msg);
    msg = heads_after(d, last, &out);
    assert_false(msg.u.heads.more);
    assert_int_equal(msg.u.heads.entries[0].head.h.epoch, last + 1);
    assert_int_equal(
        msg.u.heads.entries[msg.u.heads.n_entries - 1].head.h.epoch,
        d->odl.epoch);
    cim_sync_clear(&msg);
    cim_buf_clear(&out);
}

static void
list_in_pages_is_read_to_its_end(void **state)
{
    struct desk *d = *state;
    struct sealed *s[2];
    struct cim_sync msg = {0};
    struct cim_heads_entry entry;
    struct cim_heads_answer a = {
        .entries = &entry, .n_entries = 1, .more = true};
    struct cim_buf out = {0};
    struct desk_frame *ask;

    desk_follow(d, T0, false);
    desk_start(d);
    s[0] = theirs(d, T0, 1);
    d->odl.epoch++;
    d->odl.last = 0;
    s[1] = theirs(d, T0, 1);
    ask = desk_asked(d, ODL, CIM_SYNC_HEADS, &msg);
    a.rid = msg.rid;
    cim_sync_clear(&msg);
    entry = (struct cim_heads_entry){.head = s[0]->sh, .held = 1};
    assert_int_equal(cim_heads_answer_write(&a, &out), CIM_OK);
    ask->answered = true;
    mesh_answer(d->mesh, ODL, cim_buf_bytes(&out));
    desk_asked(d, ODL, CIM_SYNC_HEADS, &msg);
    assert_int_equal(msg.u.heads_ask.after_epoch, s[0]->sh.h.epoch);
    assert_false(msg.u.heads_ask.known);
    cim_sync_clear(&msg);
    desk_heads(d, ODL, &s[1], 1);
    desk_page(d, ODL);
    desk_page(d, ODL);
    d->odl.epoch--;
    assert_int_equal(desk_held(d, &d->odl), 1);
    cim_buf_clear(&out);
    sealed_free(&s[0]);
    sealed_free(&s[1]);
}

static void
follow_since_now_starts_at_the_first_heads_of_the_author(void **state)
{
    struct desk *d = *state;
    struct sealed *s[2];

    desk_follow(d, T0, true);
    s[0] = theirs(d, T0, 3);
    desk_start(d);
    desk_beacon(d, ODL, s[0]);
    assert_false(desk_was_asked(d, ODL, CIM_SYNC_FETCH));
    desk_heads(d, ODL, &s[0], 1);
    assert_false(desk_was_asked(d, ODL, CIM_SYNC_FETCH));
    assert_int_equal(desk_cursor(d, &d->odl, T0), 3);
    s[1] = theirs(d, T0, 2);
    desk_beacon(d, ODL, s[1]);
    desk_page(d, ODL);
    assert_int_equal(desk_held(d, &d->odl), 2);
    sealed_free(&s[0]);
    sealed_free(&s[1]);
}

static void
follow_since_now_goes_on_after_a_restart(void **state)
{
    struct desk *d = *state;
    struct sealed *s;

    desk_follow(d, T0, true);
    desk_start(d);
    desk_beacon(d, ODL, NULL);
    desk_heads(d, ODL, NULL, 0);
    desk_restart(d);
    /* A new epoch, made while this node was down: from its beginning. */
    s = theirs(d, T0, 3);
    desk_beacon(d, ODL, s);
    desk_heads(d, ODL, &s, 1);
    desk_page(d, ODL);
    assert_int_equal(desk_held(d, &d->odl), 3);
    sealed_free(&s);
}

static void
prefix_added_later_has_a_cursor_of_its_own(void **state)
{
    struct desk *d = *state;
    struct sealed *s[2];

    desk_follow(d, T0, false);
    desk_meet(d);
    s[0] = theirs(d, T1, 2);
    s[1] = theirs(d, T0, 2);
    desk_beacon(d, ODL, s[1]);
    desk_page(d, ODL);
    assert_int_equal(desk_held(d, &d->odl), 2);
    desk_follow(d, T1, false);
    desk_disk(d);
    desk_page(d, ODL);
    assert_int_equal(desk_held(d, &d->odl), 4);
    assert_int_equal(desk_cursor(d, &d->odl, T1), 4);
    sealed_free(&s[0]);
    sealed_free(&s[1]);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, desk_up, desk_down)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_was_missed_is_fetched_from_its_author),
        TEST(all_prefixes_of_a_log_go_in_one_fetch),
        TEST(fetch_says_what_is_held_already),
        TEST(filtered_follower_asks_once_a_beacon),
        TEST(follower_of_everything_needs_no_fetch),
        TEST(others_are_asked_while_the_author_is_away),
        TEST(only_the_authors_word_moves_a_cursor),
        TEST(other_peer_is_asked_once_for_an_entry),
        TEST(page_that_leads_no_further_ends_the_pass),
        TEST(three_unanswered_requests_mean_away),
        TEST(any_answer_ends_being_away),
        TEST(gap_is_asked_of_others_and_closed_by_a_find),
        TEST(gap_is_asked_of_the_author_again_when_its_entry_changes),
        TEST(event_set_aside_is_fetched_again),
        TEST(unproven_page_says_nothing_and_the_next_peer_is_asked),
        TEST(key_nobody_knows_in_a_third_peers_page_blocks_nothing),
        TEST(at_most_two_requests_are_in_flight),
        TEST(list_that_is_unchanged_costs_a_line),
        TEST(many_names_are_asked_for_in_chunks),
        TEST(long_list_is_answered_in_pages),
        TEST(list_in_pages_is_read_to_its_end),
        TEST(follow_since_now_starts_at_the_first_heads_of_the_author),
        TEST(follow_since_now_goes_on_after_a_restart),
        TEST(prefix_added_later_has_a_cursor_of_its_own),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

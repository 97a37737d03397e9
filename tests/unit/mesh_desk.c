/* SPDX-License-Identifier: MPL-2.0 */
#include "tests/unit/mesh_desk.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- effects -------------------------------------------------------------*/

static void
put(struct desk *d, struct desk_frame *frames, size_t *n, struct cim_bytes to,
    struct cim_bytes frame)
{
    struct desk_frame *f = &frames[(*n)++];

    assert_true(*n <= DESK_MAX);
    *f = (struct desk_frame){.order = ++d->order};
    memcpy(f->to, to.p, to.len);
    assert_int_equal(cim_buf_add_bytes(&f->frame, frame), CIM_OK);
}

static void
fx_ask(void *ctx, const char *peer, struct cim_bytes frame)
{
    struct desk *d = ctx;

    put(d, d->asked, &d->n_asked, cim_bytes_str(peer), frame);
}

static void
fx_publish(void *ctx, struct cim_bytes topic, struct cim_bytes frame)
{
    struct desk *d = ctx;

    put(d, d->published, &d->n_published, topic, frame);
}

static void
fx_submit(void *ctx, struct store_job *job)
{
    struct desk *d = ctx;

    assert_true(d->n_jobs < DESK_MAX);
    d->jobs[d->n_jobs++] = job;
}

static void
fx_have(void *ctx, struct mesh_have_ask *ask)
{
    struct desk *d = ctx;

    d->haves[d->n_haves++] = ask;
}

static void
fx_answered(void *ctx, struct mesh_request *request)
{
    struct desk *d = ctx;

    assert_true(d->n_answered < DESK_MAX);
    d->answered_order[d->n_answered] = ++d->order;
    d->answered[d->n_answered++] = request;
}

static void
fx_found(void *ctx, struct mesh_find *find)
{
    struct desk *d = ctx;

    assert_true(d->n_found < DESK_MAX);
    d->found[d->n_found++] = find;
}

static void
fx_stored(void *ctx, uint64_t arrival)
{
    ((struct desk *)ctx)->stored = arrival;
}

static void
fx_note(void *ctx, const struct mesh_note *note)
{
    struct desk *d = ctx;

    assert_true(d->n_notes < DESK_MAX);
    d->notes[d->n_notes++] = *note;
}

static int64_t
fx_now_ms(void *ctx)
{
    return ((struct desk *)ctx)->wall_ms;
}

static int64_t
fx_mono_ms(void *ctx)
{
    return ((struct desk *)ctx)->mono_ms;
}

static void
fx_random(void *ctx, void *out, size_t len)
{
    (void)ctx;
    memset(out, 7, len);
}

/* ---- life ----------------------------------------------------------------*/

static struct roster_node *
add_node(struct desk *d, const struct author *a)
{
    struct cim_bytes name = cim_community_of(cim_bytes_str(a->node));
    char community[CIM_NAME_MAX + 1] = "";
    struct roster_community *c;
    struct roster_node *n;

    memcpy(community, name.p, name.len);
    c = roster_community_new(community);
    n = roster_community_add(c, a->node);
    n->sign = a->key;
    n->curve = cim_identity_curvekey(a->id);
    strcpy(n->events, "tcp://192.0.2.1:7570");
    strcpy(n->sync, "tcp://192.0.2.1:7571");
    c->serial = 1;
    roster_put(d->roster, &c);
    return n;
}

int
desk_up(void **state)
{
    struct desk *d = xcalloc(1, sizeof *d);
    struct cim_diag diag;

    author_open(&d->self, SELF, 500);
    author_open(&d->odl, ODL, 1000);
    author_open(&d->onap, ONAP, 2000);
    d->roster = roster_new();
    add_node(d, &d->self);
    add_node(d, &d->odl);
    add_node(d, &d->onap);
    d->mono_ms = 1;
    d->wall_ms = 5000000;
    assert_int_equal(store_open(":memory:", &d->store, &diag), CIM_OK);
    assert_int_equal(store_open(":memory:", &d->theirs, &diag), CIM_OK);
    d->reader = store_reader_of(d->store);
    d->their_reader = store_reader_of(d->theirs);
    *state = d;
    return 0;
}

static void
stop(struct desk *d)
{
    for (size_t i = 0; i < d->n_jobs; i++)
        store_job_destroy(&d->jobs[i]);
    for (size_t i = 0; i < d->n_haves; i++)
        free(d->haves[i]);
    for (size_t i = 0; i < d->n_asked; i++)
        cim_buf_clear(&d->asked[i].frame);
    for (size_t i = 0; i < d->n_published; i++)
        cim_buf_clear(&d->published[i].frame);
    for (size_t i = 0; i < d->n_answered; i++)
        mesh_request_destroy(&d->answered[i]);
    for (size_t i = 0; i < d->n_found; i++)
        mesh_find_destroy(&d->found[i]);
    d->n_jobs = d->n_haves = d->n_asked = d->n_published = 0;
    d->n_answered = d->n_notes = d->n_found = 0;
    mesh_destroy(&d->mesh);
}

int
desk_down(void **state)
{
    struct desk *d = *state;

    stop(d);
    store_reader_close(&d->reader);
    store_reader_close(&d->their_reader);
    store_close(&d->store);
    store_close(&d->theirs);
    roster_destroy(&d->roster);
    follow_list_clear(&d->follows);
    author_close(&d->self);
    author_close(&d->odl);
    author_close(&d->onap);
    free(d);
    return 0;
}

void
desk_follow(struct desk *d, const char *prefix, bool now)
{
    struct follow_list *list = &d->follows;

    list->v = xrealloc(list->v, (list->n + 1) * sizeof *list->v);
    list->v[list->n++] =
        (struct follow){.prefix = prefix_of(prefix), .now = now};
    if (d->mesh)
        mesh_set_follows(d->mesh, list);
}

static void
load_log(void *ctx, struct store_log_state *state)
{
    mesh_load_log(ctx, state);
}

static void
load_counter(void *ctx, const char *name, uint64_t value)
{
    mesh_load_counter(ctx, name, value);
}

void
desk_start(struct desk *d)
{
    const struct mesh_effects effects = {
        d,        fx_ask,    fx_publish, fx_submit, fx_have,    fx_answered,
        fx_found, fx_stored, fx_note,    fx_now_ms, fx_mono_ms, fx_random};

    d->mesh = mesh_new(SELF, d->self.id, &effects);
    assert_int_equal(store_each_log(d->store, load_log, d->mesh), CIM_OK);
    assert_int_equal(store_each_counter(d->store, load_counter, d->mesh),
                     CIM_OK);
    mesh_set_roster(d->mesh, d->roster);
    mesh_set_follows(d->mesh, &d->follows);
    mesh_start(d->mesh);
}

void
desk_restart(struct desk *d)
{
    stop(d);
    desk_start(d);
}

void
desk_meet(struct desk *d)
{
    desk_start(d);
    desk_beacon(d, ODL, NULL);
    desk_beacon(d, ONAP, NULL);
    desk_heads(d, ODL, NULL, 0);
    desk_heads(d, ONAP, NULL, 0);
    desk_disk(d);
}

/* ---- disk and time -------------------------------------------------------*/

static void
turn(struct desk *d, struct store_job *job)
{
    bool full;

    if (d->full && job->kind != STORE_LOOKUP) {
        job->err = CIM_EIO;
        job->full = true;
    } else {
        assert_int_equal(store_commit(d->store, &job, 1, &full), CIM_OK);
        job->low = d->low;
        d->commits++;
    }
    mesh_job_done(d->mesh, job);
}

static void
count(struct desk *d, struct mesh_have_ask *ask)
{
    ask->err = store_have(d->reader, &ask->log, ask->after, ask->upto,
                          ask->prefixes, ask->n_prefixes, &ask->have);
    mesh_have_done(d->mesh, ask);
}

void
desk_turn(struct desk *d)
{
    struct store_job *job = d->jobs[0];

    memmove(d->jobs, d->jobs + 1, --d->n_jobs * sizeof job);
    turn(d, job);
}

void
desk_disk(struct desk *d)
{
    while (d->n_jobs || d->n_haves)
        if (d->n_jobs)
            desk_turn(d);
        else
            count(d, d->haves[--d->n_haves]);
}

void
desk_pass(struct desk *d, int64_t ms)
{
    for (; ms > 0; ms -= 250) {
        d->mono_ms += 250;
        d->wall_ms += 250;
        mesh_tick(d->mesh);
        desk_disk(d);
    }
}

/* ---- requests ------------------------------------------------------------*/

struct mesh_request *
desk_request(const char *topic, uint64_t id, unsigned given)
{
    struct mesh_request *r = mesh_request_new(1);
    struct cim_draft *draft = &r->drafts[0];
    char url[40];

    snprintf(url, sizeof url, "https://ci/%u", given);
    draft->id = uuid_n(id);
    draft->id_given = true;
    memset(draft->given.b, (int)given, sizeof draft->given.b);
    desk_event(topic, &draft->id, url, &draft->bytes);
    assert_int_equal(cim_event_parse(cim_buf_bytes(&draft->bytes), CIM_PUBLISH,
                                     &draft->event, NULL),
                     CIM_OK);
    return r;
}

/* ---- what became of it ---------------------------------------------------*/

uint64_t
desk_held(struct desk *d, const struct author *a)
{
    struct store_log_state state = state_of(d->store, a);
    uint64_t held = state.held;

    store_log_state_clear(&state);
    return held;
}

uint64_t
desk_cursor(struct desk *d, const struct author *a, const char *prefix)
{
    struct store_log_state state = state_of(d->store, a);
    struct cim_prefix p = prefix_of(prefix);
    uint64_t upto = 0;

    for (size_t i = 0; i < state.n_cursors; i++)
        if (cim_bytes_eq(cim_prefix_bytes(&state.cursors[i].prefix),
                         cim_prefix_bytes(&p)))
            upto = state.cursors[i].upto;
    store_log_state_clear(&state);
    return upto;
}

uint64_t
desk_refused(struct desk *d, enum cim_err reason)
{
    struct view_status v;
    uint64_t n = 0;

    mesh_view_status(d->mesh, &v);
    for (size_t i = 0; i < v.n_refused; i++)
        if (!strcmp(v.refused[i].reason, cim_err_label(reason)))
            n = v.refused[i].n;
    view_status_clear(&v);
    return n;
}

size_t
desk_noted(const struct desk *d, enum mesh_note_kind kind)
{
    size_t n = 0;

    for (size_t i = 0; i < d->n_notes; i++)
        n += d->notes[i].kind == kind;
    return n;
}

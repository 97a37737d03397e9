/* SPDX-License-Identifier: MPL-2.0 */
#include "node/serve.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "node/handoff.h"
#include "node/mem.h"

#define NEXT_CALLS 4 /* scans for one answer: a page never waits long */

struct serve {
    struct handoff *handoff;
    struct store_reader *reader; /* the worker's while it runs */
    char self[CIM_NODE_MAX + 1];
};

struct serve_task *
serve_task_new(enum serve_kind kind)
{
    struct serve_task *task = xcalloc(1, sizeof *task);

    task->kind = kind;
    return task;
}

void
serve_task_destroy(struct serve_task **p)
{
    struct serve_task *task = *p;

    *p = NULL;
    if (!task)
        return;
    free(task->have);
    cim_buf_clear(&task->frame);
    cim_buf_clear(&task->route);
    cim_buf_clear(&task->answer);
    cim_buf_clear(&task->next.bytes);
    free(task);
}

/* ---- kinds --------------------------------------------------------------*/

static void
do_have(struct serve *serve, struct serve_task *task)
{
    struct mesh_have_ask *ask = task->have;

    ask->err = store_have(serve->reader, &ask->log, ask->after, ask->upto,
                          ask->prefixes, ask->n_prefixes, &ask->have);
    task->err = ask->err;
}

/* ---- an event by its name */

struct places {
    struct {
        struct store_log log;
        uint64_t seq;
    } v[CIM_FIND_MAX];
    size_t n;
};

static bool
note_place(void *ctx, const struct store_row *row)
{
    struct places *places = ctx;

    places->v[places->n].log = row->log;
    places->v[places->n].seq = row->seq;
    return ++places->n < CIM_FIND_MAX;
}

/* What cannot be proven is left out, and what does not fit. */
static enum cim_err
answer_find(struct serve *serve, const struct cim_find_ask *ask,
            struct cim_buf *out)
{
    struct cim_buf slices[CIM_FIND_MAX] = {0};
    struct cim_bytes views[CIM_FIND_MAX];
    struct cim_find_answer answer = {.rid = ask->rid, .slices = views};
    struct places places = {.n = 0};
    size_t bytes = 0;
    enum cim_err err = store_find(serve->reader, ask->community, &ask->id,
                                  note_place, &places);

    for (size_t i = 0; i < places.n && err == CIM_OK; i++) {
        struct cim_buf *slice = &slices[answer.n_slices];
        err = store_proof(serve->reader, &places.v[i].log, places.v[i].seq,
                          slice);
        bytes += slice->len + 8;
        if (err == CIM_OK && bytes < CIM_PAGE_MAX - 64) {
            views[answer.n_slices++] = cim_buf_bytes(slice);
            continue;
        }
        cim_buf_clear(slice);
        if (err == CIM_ENOENT || err == CIM_EROOT)
            err = CIM_OK;
    }
    if (err == CIM_OK)
        err = cim_find_answer_write(&answer, out);
    for (size_t i = 0; i < answer.n_slices; i++)
        cim_buf_clear(&slices[i]);
    return err;
}

static void
do_page(struct serve *serve, struct serve_task *task)
{
    struct cim_sync msg = {0};

    task->err = cim_sync_parse_ask(cim_buf_bytes(&task->frame), &msg);
    if (task->err != CIM_OK)
        return;
    if (msg.kind == CIM_SYNC_FETCH)
        task->err = store_page(serve->reader, &msg.u.fetch_ask, serve->self,
                               &task->answer);
    else if (msg.kind == CIM_SYNC_FIND)
        task->err = answer_find(serve, &msg.u.find_ask, &task->answer);
    else
        task->err = CIM_EFORM;
    cim_sync_clear(&msg);
}

/* A row that outlives the read: its bytes are copied into the task. */
struct candidate {
    struct serve_task *task;
    struct store_row row; /* its views are gone */
};

static bool
copy_row(void *ctx, const struct store_row *row)
{
    struct candidate *c = ctx;

    c->row = *row;
    c->task->next.found = true;
    cim_buf_reset(&c->task->next.bytes);
    if (cim_buf_add_bytes(&c->task->next.bytes, row->bytes) != CIM_OK)
        mem_fail();
    return false;
}

/* An event of this id, that the hook was there for already? */
static enum cim_err
had_it(struct serve *serve, const struct candidate *c, bool *had)
{
    uint64_t start;
    enum cim_err err = store_hook_start(serve->reader, c->task->hook, &start);

    return err ? err
               : store_had(serve->reader, &c->row, &c->task->prefix, start,
                           had);
}

/* The next match after *after; found only when the hook has not had it. */
static enum cim_err
next_once(struct serve *serve, struct candidate *c, uint64_t *after)
{
    struct serve_task *task = c->task;
    struct store_query query = {.prefixes = &task->prefix,
                                .n_prefixes = 1,
                                .after = *after,
                                .limit = 1};
    bool had = false;

    task->next.found = false;
    enum cim_err err =
        store_events(serve->reader, &query, copy_row, c, &task->next.scanned);
    if (err != CIM_OK)
        return err;
    bool stuck = task->next.scanned <= *after;
    *after = task->next.scanned;
    if (!task->next.found)
        return stuck ? CIM_ENOENT : CIM_OK;
    if (c->row.repeat)
        err = had_it(serve, c, &had);
    task->next.found = err == CIM_OK && !had;
    return err;
}

static void
do_next(struct serve *serve, struct serve_task *task)
{
    struct candidate c = {.task = task};
    uint64_t after = task->after;
    enum cim_err err = CIM_OK;

    for (int i = 0; i < NEXT_CALLS && err == CIM_OK && !task->next.found; i++)
        err = next_once(serve, &c, &after);
    if (err == CIM_ENOENT)
        err = CIM_OK; /* the end: nothing newer is stored */
    if (err == CIM_OK && task->next.found) {
        task->next.arrival = c.row.arrival;
        task->next.late = c.row.late;
        task->next.log = c.row.log;
        task->next.seq = c.row.seq;
        task->next.received_ms = c.row.received_ms;
        err = store_attempts(serve->reader, task->hook, c.row.arrival,
                             &task->next.attempts);
    }
    task->err = err;
}

static void
do_task(struct serve *serve, struct serve_task *task)
{
    switch (task->kind) {
    case SERVE_HAVE:
        do_have(serve, task);
        break;
    case SERVE_PAGE:
        do_page(serve, task);
        break;
    case SERVE_NEXT:
        do_next(serve, task);
        break;
    case SERVE_TOTALS:
        task->err =
            store_totals(serve->reader, &task->stored, &task->last_arrival);
        break;
    }
    task->rotten = store_reader_rotten(serve->reader, &task->rotten_log,
                                       &task->rotten_seq);
}

/* ---- the thread ---------------------------------------------------------*/

static void
work(struct handoff_side *side, void *ctx)
{
    void *item = NULL;

    while (handoff_next(side, -1, &item) == HANDOFF_ITEM) {
        do_task(ctx, item);
        handoff_back(side, item);
    }
}

static void
drop(void *item)
{
    struct serve_task *task = item;

    serve_task_destroy(&task);
}

enum cim_err
serve_start(const char *data_file, const char *self, struct serve **out,
            struct cim_diag *diag)
{
    struct serve *serve = xcalloc(1, sizeof *serve);
    enum cim_err err = store_reader_open(data_file, &serve->reader, diag);

    *out = NULL;
    if (err != CIM_OK) {
        free(serve);
        return err;
    }
    snprintf(serve->self, sizeof serve->self, "%s", self);
    serve->handoff = handoff_start(work, serve);
    *out = serve;
    return CIM_OK;
}

void
serve_stop(struct serve **p)
{
    struct serve *serve = *p;

    *p = NULL;
    if (!serve)
        return;
    handoff_stop(&serve->handoff, drop);
    store_reader_close(&serve->reader);
    free(serve);
}

void *
serve_pipe(struct serve *serve)
{
    return handoff_pipe(serve->handoff);
}

void
serve_submit(struct serve *serve, struct serve_task *task)
{
    handoff_give(serve->handoff, task);
}

struct serve_task *
serve_take(struct serve *serve)
{
    return handoff_take(serve->handoff);
}

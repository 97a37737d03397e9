/* SPDX-License-Identifier: MPL-2.0 */
/*
 * What people ask: which rules there are, where a subject stands, and what a
 * rule would decide. The same judging as the walk's; nothing is published.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "node/judge_private.h"
#include "node/mem.h"

#define FOUND_MAX 16   /* subjects that one text may mean */
#define ROWS_MAX  2000 /* events looked at in one answer */
#define SHOWN_MAX 1000 /* verdicts in one answer */

/* Judges, and adds it to the answer. */
static enum cim_err
show(struct judge *judge, struct judge_seat *seat,
     const struct ledger_subject *s, struct judge_task *task)
{
    const struct promote_case c = judge_case(judge, seat, s);
    struct promote_judgement j;
    struct view_verdict *v;
    enum cim_err err = promote_judge(&c, &j);

    if (err)
        return err;
    v = view_promote_add(&task->call->promote, &seat->of.rule, s, &j);
    v->expired = promote_expired(&seat->of.rule, &j.verdict, task->now_ms);
    v->overdue = judge_is_overdue(seat, &s->name, task->now_ms);
    promote_judgement_clear(&j);
    return CIM_OK;
}

static bool
take_some(void *ctx, const struct ledger_subject *s)
{
    struct judge_set *set = ctx;

    judge_set_add(set, s);
    return set->n < FOUND_MAX;
}

/* ---- list ---------------------------------------------------------------*/

static void
show_rules(struct judge *judge, struct judge_task *task)
{
    struct view_promote *view = &task->call->promote;

    view->rules =
        xcalloc(judge->n_seats ? judge->n_seats : 1, sizeof *view->rules);
    for (size_t i = 0; i < judge->n_seats; i++) {
        const struct judge_seat *seat = &judge->seats[i];
        struct view_rule *out = &view->rules[view->n_rules++];

        *out = (struct view_rule){.kind = seat->of.rule.kind,
                                  .fresh_ms = seat->of.rule.fresh_ms,
                                  .within_ms = seat->of.rule.within_ms,
                                  .overdue =
                                      judge_count_overdue(seat, task->now_ms)};
        memcpy(out->name, seat->of.rule.name, sizeof out->name);
        memcpy(out->level, seat->of.rule.level, sizeof out->level);
    }
}

struct newest {
    const struct rule *rule;
    struct judge_set set;
    size_t limit;
};

static bool
take_newest(void *ctx, const struct ledger_subject *s)
{
    struct newest *newest = ctx;

    if (rule_concerns(newest->rule, s))
        judge_set_add(&newest->set, s);
    return newest->set.n < newest->limit;
}

static int
newer_first(const void *a, const void *b)
{
    const struct ledger_subject *x = a, *y = b;

    return ledger_order(&y->at, &x->at);
}

/* Of each topic the newest, then of those the newest. */
static enum cim_err
find_newest(struct judge *judge, struct newest *newest)
{
    const struct rule *rule = newest->rule;
    size_t limit = newest->limit;
    struct ledger_query query = {0};
    enum cim_err err = CIM_OK;

    for (size_t i = 0; i < (rule->n_topics ? rule->n_topics : 1) && !err; i++) {
        if (rule->n_topics)
            query.prefix = rule->topics[i];
        newest->limit = newest->set.n + limit;
        err = ledger_newest(judge->reader, &query, take_newest, newest);
    }
    if (newest->set.n)
        qsort(newest->set.v, newest->set.n, sizeof *newest->set.v, newer_first);
    while (newest->set.n > limit)
        ledger_subject_clear(&newest->set.v[--newest->set.n]);
    return err;
}

static enum cim_err
list_one(struct judge *judge, struct judge_seat *seat, struct judge_task *task)
{
    struct newest newest = {.rule = &seat->of.rule,
                            .limit = task->call->promote.limit};
    enum cim_err err = find_newest(judge, &newest);

    for (size_t i = 0; i < newest.set.n && !err; i++)
        if (task->call->promote.n < SHOWN_MAX)
            err = show(judge, seat, &newest.set.v[i], task);
    judge_set_clear(&newest.set);
    return err;
}

static enum cim_err
list(struct judge *judge, struct judge_task *task)
{
    enum cim_err err = CIM_OK;

    for (size_t i = 0; i < judge->n_seats && !err; i++)
        err = list_one(judge, &judge->seats[i], task);
    return err;
}

/* ---- explain ------------------------------------------------------------*/

static enum cim_err
explain(struct judge *judge, struct judge_task *task)
{
    struct view_promote *view = &task->call->promote;
    struct judge_set found = {0};
    enum cim_err err =
        ledger_find(judge->reader, view->text, take_some, &found);

    view->subjects = found.n;
    for (size_t i = 0; i < found.n; i++)
        for (size_t j = 0; j < judge->n_seats && !err; j++) {
            struct judge_seat *seat = &judge->seats[j];

            if (*view->rule && strcmp(view->rule, seat->of.rule.name) != 0)
                continue;
            if (rule_concerns(&seat->of.rule, &found.v[i]))
                err = show(judge, seat, &found.v[i], task);
        }
    judge_set_clear(&found);
    return err == CIM_ENOENT ? CIM_OK : err;
}

/* ---- dry run ------------------------------------------------------------*/

struct dry {
    const struct rule *rule;
    struct ledger_name v[ROWS_MAX]; /* of this rule's kind and topics */
    size_t n, limit;
};

static bool
take_row(void *ctx, const struct store_row *row)
{
    struct dry *dry = ctx;
    struct cim_bytes community = cim_community_of(row->topic);
    const char *type = dry->rule->kind == LEDGER_ARTIFACT ? "ArtifactCreated"
                                                          : "BaselineDefined";
    struct ledger_name *name = &dry->v[dry->n];

    if (row->repeat || community.len > CIM_NAME_MAX ||
        !cim_bytes_is(cim_topic_segment(row->topic, 1), type))
        return true;
    *name = (struct ledger_name){.id = row->id};
    memcpy(name->community, community.p, community.len);
    return ++dry->n < dry->limit;
}

static enum cim_err
dry_one(struct judge *judge, struct judge_seat *seat,
        const struct ledger_name *name, struct judge_task *task)
{
    struct ledger_subject subject;
    enum cim_err err = ledger_get(judge->reader, name, &subject);

    if (err)
        return err == CIM_ENOENT ? CIM_OK : err;
    if (rule_concerns(&seat->of.rule, &subject))
        err = show(judge, seat, &subject, task);
    ledger_subject_clear(&subject);
    return err;
}

static enum cim_err
dry_run(struct judge *judge, struct judge_task *task)
{
    struct view_promote *view = &task->call->promote;
    struct judge_seat *seat = judge_seat_find(judge, view->rule);
    struct dry *dry = xcalloc(1, sizeof *dry);
    const struct store_query query = {.prefixes = seat->of.rule.topics,
                                      .n_prefixes = seat->of.rule.n_topics,
                                      .after = view->after,
                                      .since_ms = view->since_ms,
                                      .limit = ROWS_MAX};
    enum cim_err err;

    dry->rule = &seat->of.rule;
    dry->limit = view->limit;
    view->scanned = view->after;
    err = store_events(judge->reader, &query, take_row, dry, &view->scanned);
    for (size_t i = 0; i < dry->n && !err; i++)
        err = dry_one(judge, seat, &dry->v[i], task);
    view->more = view->scanned > view->after && view->scanned < task->last;
    free(dry);
    return err;
}

/* ---- all ----------------------------------------------------------------*/

void
judge_ask(struct judge *judge, struct judge_task *task)
{
    struct view_promote *view = &task->call->promote;
    uint64_t upto, last;

    if (view->limit == 0 || view->limit > SHOWN_MAX)
        view->limit = SHOWN_MAX;
    show_rules(judge, task);
    view->no_rule = *view->rule && !judge_seat_find(judge, view->rule);
    view->err = ledger_upto(judge->reader, &upto, &last);
    view->building = !view->err && upto < last;
    if (view->err || view->no_rule)
        return;
    switch (view->what) {
    case VIEW_PROMOTE_LIST:
        view->err = list(judge, task);
        break;
    case VIEW_PROMOTE_EXPLAIN:
        view->err = explain(judge, task);
        break;
    case VIEW_PROMOTE_DRY_RUN:
        view->err = dry_run(judge, task);
        break;
    }
}

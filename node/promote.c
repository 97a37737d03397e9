/* SPDX-License-Identifier: MPL-2.0 */
/*
 * What follows from the answers.
 *
 * Every ask is a need with k of n wanted words. It has failed when fewer than
 * k can still hold, and the whole rule with it: that is known however much is
 * missing elsewhere. The rule is fulfilled when all asks hold at one time:
 * with `fresh` there has to be a newest stamp such that k words of every ask
 * are at most `fresh` older than it. All else is open: fails closed, and is
 * neither passed nor failed.
 */
#include "node/promote.h"

#include <stdlib.h>
#include <string.h>

#include "node/mem.h"
#include "node/promote_private.h"

const char *
promote_outcome_text(enum promote_outcome outcome)
{
    static const char *const texts[] = {"open", "fulfilled", "failed"};

    return texts[outcome];
}

int
promote_name_cmp(const struct ledger_name *a, const struct ledger_name *b)
{
    int order = strcmp(a->community, b->community);

    return order ? order : memcmp(a->id.b, b->id.b, sizeof a->id.b);
}

void
promote_verdict_clear(struct promote_verdict *v)
{
    for (size_t i = 0; i < v->n_asks; i++) {
        free(v->asks[i].answers);
        free(v->asks[i].title);
    }
    for (size_t i = 0; i < v->n_loose; i++)
        free(v->loose[i].wanted);
    free(v->asks);
    free(v->loose);
    free(v->used);
    *v = (struct promote_verdict){0};
}

/* ---- one answer ---------------------------------------------------------*/

/* The stamp that an answer rests on. */
static const struct ledger_stamp *
stamp_of(const struct promote_answer *answer)
{
    if (answer->word != PROMOTE_AGAINST && answer->said.state != LEDGER_SUCCESS)
        return &answer->waiver;
    return &answer->said;
}

static enum promote_word
word_of(const struct promote_answer *answer)
{
    if (answer->said.state == LEDGER_SUCCESS ||
        answer->waiver.state == LEDGER_WAIVED)
        return PROMOTE_HOLDS;
    switch (answer->said.state) {
    case LEDGER_FAILURE:
    case LEDGER_UNSTABLE:
    case LEDGER_ABORTED:
        return PROMOTE_AGAINST;
    default:
        return PROMOTE_WAITS;
    }
}

static void
read_ask(struct promote_ask *ask)
{
    ask->holds = ask->against = 0;
    for (size_t i = 0; i < ask->need->n; i++) {
        struct promote_answer *answer = &ask->answers[i];

        answer->used = false;
        answer->word = word_of(answer);
        ask->holds += answer->word == PROMOTE_HOLDS;
        ask->against += answer->word == PROMOTE_AGAINST;
    }
}

static bool
ask_failed(const struct promote_ask *ask)
{
    return ask->need->n - ask->against < ask->need->k;
}

/* ---- freshness ----------------------------------------------------------*/

/* Stamps of [newest - fresh, newest] count. */
struct window {
    int64_t from_ms, upto_ms;
};

static bool
in_window(const struct window *w, const struct promote_answer *answer)
{
    int64_t at = stamp_of(answer)->at.time_ms;

    return answer->word == PROMOTE_HOLDS && at >= w->from_ms &&
           at <= w->upto_ms;
}

static size_t
count_in(const struct window *w, const struct promote_ask *ask)
{
    size_t n = 0;

    for (size_t i = 0; i < ask->need->n; i++)
        n += in_window(w, &ask->answers[i]);
    return n;
}

static bool
window_holds(const struct window *w, const struct promote_verdict *v)
{
    for (size_t i = 0; i < v->n_asks; i++)
        if (count_in(w, &v->asks[i]) < v->asks[i].need->k)
            return false;
    return true;
}

/* The times of all that holds; those without which an ask cannot hold also
 * bound *least, below which no window can start to end. */
static int64_t *
times_of(const struct promote_verdict *v, size_t *n, int64_t *least)
{
    int64_t *times = NULL;
    size_t cap = 0;

    *n = 0;
    *least = INT64_MIN;
    for (size_t i = 0; i < v->n_asks; i++) {
        const struct promote_ask *ask = &v->asks[i];

        for (size_t j = 0; j < ask->need->n; j++) {
            if (ask->answers[j].word != PROMOTE_HOLDS)
                continue;
            int64_t at = stamp_of(&ask->answers[j])->at.time_ms;
            xgrow(&times, &cap, *n, sizeof *times);
            times[(*n)++] = at;
            if (ask->holds == ask->need->k && at > *least)
                *least = at;
        }
    }
    return times;
}

static int
newer_first(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

    return x < y ? 1 : x > y ? -1 : 0;
}

static int64_t
fresh_from(const struct rule *rule, int64_t newest_ms)
{
    return rule->fresh_ms ? newest_ms - rule->fresh_ms : INT64_MIN;
}

/* The newest window in which everything holds. False: none, and *w is the one
 * of the newest stamp, for telling what is stale. */
static bool
find_window(const struct rule *rule, const struct promote_verdict *v,
            struct window *w)
{
    size_t n;
    int64_t least, *times = times_of(v, &n, &least);
    bool found = false;

    if (n)
        qsort(times, n, sizeof *times, newer_first);
    for (size_t i = 0; i < n && !found && times[i] >= least; i++) {
        if (i > 0 && times[i] == times[i - 1])
            continue;
        *w = (struct window){fresh_from(rule, times[i]), times[i]};
        found = window_holds(w, v);
    }
    if (!found && n)
        *w = (struct window){fresh_from(rule, times[0]), times[0]};
    free(times);
    return found;
}

/* ---- the outcome --------------------------------------------------------*/

static int
by_name(const void *a, const void *b)
{
    const struct ledger_stamp *x = a, *y = b;

    return promote_name_cmp(&x->by, &y->by);
}

/* One event may say several of the levels: it is used once. */
static void
list_used(struct promote_verdict *v)
{
    size_t cap = 0, n = 0;

    for (size_t i = 0; i < v->n_asks; i++)
        for (size_t j = 0; j < v->asks[i].need->n; j++) {
            const struct promote_answer *answer = &v->asks[i].answers[j];

            if (!answer->used)
                continue;
            xgrow(&v->used, &cap, v->n_used, sizeof *v->used);
            v->used[v->n_used++] = *stamp_of(answer);
        }
    if (v->n_used)
        qsort(v->used, v->n_used, sizeof *v->used, by_name);
    for (size_t i = 0; i < v->n_used; i++)
        if (n == 0 || by_name(&v->used[n - 1], &v->used[i]) != 0)
            v->used[n++] = v->used[i];
    v->n_used = n;
    for (size_t i = 0; i < n; i++)
        if (i == 0 || ledger_order(&v->newest.at, &v->used[i].at) < 0)
            v->newest = v->used[i];
}

static bool
settle_failed(struct promote_verdict *v)
{
    bool failed = false;

    for (size_t i = 0; i < v->n_asks; i++) {
        struct promote_ask *ask = &v->asks[i];

        if (!ask_failed(ask))
            continue;
        failed = true;
        for (size_t j = 0; j < ask->need->n; j++)
            ask->answers[j].used = ask->answers[j].word == PROMOTE_AGAINST;
    }
    return failed;
}

static bool
settle_fulfilled(const struct rule *rule, struct promote_verdict *v)
{
    struct window w = {0, -1};
    bool found = find_window(rule, v, &w);
    bool whole = v->n_asks && !v->n_loose && !v->no_members && !v->too_much;

    for (size_t i = 0; i < v->n_asks; i++)
        for (size_t j = 0; j < v->asks[i].need->n; j++) {
            struct promote_answer *answer = &v->asks[i].answers[j];

            if (answer->word != PROMOTE_HOLDS)
                continue;
            if (found && whole)
                answer->used = in_window(&w, answer);
            else if (stamp_of(answer)->at.time_ms < w.from_ms)
                answer->word = PROMOTE_STALE;
        }
    return found && whole;
}

void
promote_settle(const struct rule *rule, struct promote_verdict *v)
{
    free(v->used);
    v->used = NULL;
    v->n_used = 0;
    v->newest = (struct ledger_stamp){0};
    for (size_t i = 0; i < v->n_asks; i++)
        read_ask(&v->asks[i]);
    if (settle_failed(v))
        v->outcome = PROMOTE_FAILED;
    else if (settle_fulfilled(rule, v))
        v->outcome = PROMOTE_FULFILLED;
    else
        v->outcome = PROMOTE_OPEN;
    list_used(v);
}

bool
promote_expired(const struct rule *rule, const struct promote_verdict *v,
                int64_t now_ms)
{
    if (!rule->fresh_ms || v->outcome != PROMOTE_FULFILLED)
        return false;
    for (size_t i = 0; i < v->n_used; i++)
        if (v->used[i].at.time_ms < now_ms - rule->fresh_ms)
            return true;
    return false;
}

enum cim_err
promote_evaluate(struct store_reader *reader, const struct rule *rule,
                 const struct ledger_subject *subject,
                 struct promote_verdict *out)
{
    enum cim_err err;

    *out = (struct promote_verdict){0};
    err = promote_gather(reader, rule, subject, out);
    if (err)
        promote_verdict_clear(out);
    else
        promote_settle(rule, out);
    return err;
}

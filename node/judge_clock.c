/* SPDX-License-Identifier: MPL-2.0 */
/*
 * What waits for its first decision.
 *
 * For a rule with `within` the judge keeps the subjects without a decision, by
 * name. It learns them twice: from the ledger at the first look (checked a few
 * at a time, so that nothing waits for a large history), and from every
 * judgement after that. It is a derived list: a restart makes it anew.
 */
#include <stdlib.h>
#include <string.h>

#include "node/judge_private.h"
#include "node/mem.h"

#define OPEN_MAX  100000 /* subjects remembered of a rule: the newest */
#define CHECK_MAX 200    /* looked up at a time */
#define SWEEP_MS  3600000

/* ---- the list -----------------------------------------------------------*/

/* Where it is, or belongs. */
static size_t
place_of(const struct judge_seat *seat, const struct ledger_name *name)
{
    size_t lo = 0, hi = seat->n_open;

    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;

        if (promote_name_cmp(&seat->open[mid].name, name) < 0)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

static struct judge_open *
find(const struct judge_seat *seat, const struct ledger_name *name)
{
    size_t at = place_of(seat, name);

    if (at < seat->n_open && promote_name_cmp(&seat->open[at].name, name) == 0)
        return &seat->open[at];
    return NULL;
}

static void
remove_at(struct judge_seat *seat, size_t at)
{
    seat->n_open--;
    memmove(&seat->open[at], &seat->open[at + 1],
            (seat->n_open - at) * sizeof *seat->open);
    if (seat->next > at)
        seat->next--;
}

static void
insert(struct judge_seat *seat, const struct ledger_subject *s)
{
    size_t at = place_of(seat, &s->name);

    if (seat->n_open == OPEN_MAX)
        return;
    xgrow(&seat->open, &seat->cap_open, seat->n_open, sizeof *seat->open);
    memmove(&seat->open[at + 1], &seat->open[at],
            (seat->n_open - at) * sizeof *seat->open);
    seat->open[at] =
        (struct judge_open){.name = s->name,
                            .due_ms = s->at.time_ms + seat->of.rule.within_ms,
                            .checked = true};
    seat->n_open++;
    if (seat->next > at)
        seat->next++;
}

void
judge_open_note(struct judge_seat *seat, const struct ledger_subject *subject,
                bool decided)
{
    struct judge_open *open;

    if (!seat->of.rule.within_ms || subject->arrival <= seat->of.start)
        return;
    open = find(seat, &subject->name);
    if (decided && open)
        remove_at(seat, (size_t)(open - seat->open));
    else if (!decided && open)
        open->checked = true;
    else if (!decided)
        insert(seat, subject);
}

/* ---- at the start -------------------------------------------------------*/

static bool
take_subject(void *ctx, const struct ledger_subject *s)
{
    struct judge_seat *seat = ctx;

    if (!rule_concerns(&seat->of.rule, s))
        return true;
    if (seat->n_open == OPEN_MAX)
        return false;
    xgrow(&seat->open, &seat->cap_open, seat->n_open, sizeof *seat->open);
    seat->open[seat->n_open++] = (struct judge_open){
        .name = s->name, .due_ms = s->at.time_ms + seat->of.rule.within_ms};
    return true;
}

/* What a judgement noted comes first. */
static int
by_name(const void *a, const void *b)
{
    const struct judge_open *x = a, *y = b;
    int order = promote_name_cmp(&x->name, &y->name);

    return order ? order : y->checked - x->checked;
}

static void
sort(struct judge_seat *seat)
{
    size_t n = 0;

    if (seat->n_open)
        qsort(seat->open, seat->n_open, sizeof *seat->open, by_name);
    for (size_t i = 0; i < seat->n_open; i++) /* topics may overlap */
        if (n == 0 ||
            promote_name_cmp(&seat->open[n - 1].name, &seat->open[i].name) != 0)
            seat->open[n++] = seat->open[i];
    seat->n_open = n;
    seat->next = 0;
}

static enum cim_err
fill(struct judge *judge, struct judge_seat *seat)
{
    const struct rule *rule = &seat->of.rule;
    struct ledger_query query = {.after = seat->of.start};
    enum cim_err err = CIM_OK;

    if (!rule->within_ms || seat->filled)
        return CIM_OK;
    for (size_t i = 0; i < (rule->n_topics ? rule->n_topics : 1) && !err; i++) {
        if (rule->n_topics)
            query.prefix = rule->topics[i];
        err = ledger_newest(judge->reader, &query, take_subject, seat);
    }
    sort(seat);
    seat->filled = !err;
    return err;
}

/* Is it still here, and undecided? */
static enum cim_err
is_undecided(struct judge *judge, const struct judge_seat *seat,
             const struct ledger_name *name, bool *is)
{
    struct ledger_subject subject;
    struct promote_last last;
    enum cim_err err = ledger_get(judge->reader, name, &subject);

    *is = false;
    if (err)
        return err == CIM_ENOENT ? CIM_OK : err;
    const struct promote_case c = judge_case(judge, seat, &subject);
    err = promote_last(&c, &last);
    *is = !err && last.outcome == PROMOTE_OPEN;
    ledger_subject_clear(&subject);
    return err;
}

static enum cim_err
check_some(struct judge *judge, struct judge_seat *seat, int64_t now_ms)
{
    enum cim_err err = CIM_OK;

    if (seat->next == seat->n_open) {
        seat->sweep = now_ms - seat->swept_ms >= SWEEP_MS;
        if (seat->sweep) {
            seat->next = 0;
            seat->swept_ms = now_ms;
        }
    }
    for (size_t i = 0; i < CHECK_MAX && seat->next < seat->n_open && !err;) {
        struct judge_open *open = &seat->open[seat->next];
        bool is = true;

        if (!open->checked || seat->sweep) {
            err = is_undecided(judge, seat, &open->name, &is);
            i++;
        }
        if (err)
            break;
        open->checked = true;
        if (is)
            seat->next++;
        else
            remove_at(seat, seat->next);
    }
    return err;
}

/* ---- overdue ------------------------------------------------------------*/

static bool
overdue(const struct judge_open *open, int64_t now_ms)
{
    return open->checked && open->due_ms <= now_ms;
}

bool
judge_is_overdue(const struct judge_seat *seat, const struct ledger_name *name,
                 int64_t now_ms)
{
    const struct judge_open *open = find(seat, name);

    return open && overdue(open, now_ms);
}

size_t
judge_count_overdue(const struct judge_seat *seat, int64_t now_ms)
{
    size_t n = 0;

    for (size_t i = 0; i < seat->n_open; i++)
        n += overdue(&seat->open[i], now_ms);
    return n;
}

/* Says that it is overdue; *open false when it is decided or gone by now. */
static enum cim_err
draft_overdue(struct judge *judge, const struct judge_seat *seat,
              const struct judge_open *open, struct judge_task *task,
              bool *undecided)
{
    struct cim_draft draft = {0};
    struct ledger_subject subject;
    enum cim_err err = is_undecided(judge, seat, &open->name, undecided);

    if (err || !*undecided)
        return err;
    err = ledger_get(judge->reader, &open->name, &subject);
    if (err)
        return err == CIM_ENOENT ? CIM_OK : err;
    const struct promote_case c = judge_case(judge, seat, &subject);
    err = promote_overdue(&c, &draft);
    if (!err)
        judge_add_draft(task, &draft);
    ledger_subject_clear(&subject);
    return err == CIM_ENOENT ? CIM_OK : err;
}

static enum cim_err
tell_overdue(struct judge *judge, struct judge_seat *seat,
             struct judge_task *task)
{
    enum cim_err err = CIM_OK;

    for (size_t i = 0; i < seat->n_open && !err;) {
        struct judge_open *open = &seat->open[i];
        bool undecided = true;

        if (task->again)
            open->told = false;
        if (!open->told && overdue(open, task->now_ms) &&
            task->n_drafts < JUDGE_DRAFTS_MAX) {
            err = draft_overdue(judge, seat, open, task, &undecided);
            open->told = !err;
        }
        if (undecided)
            i++;
        else
            remove_at(seat, i);
    }
    return err;
}

void
judge_clock(struct judge *judge, struct judge_task *task)
{
    uint64_t last;

    task->err = judge_ledger(judge, &last);
    for (size_t i = 0; i < judge->n_seats && !task->err; i++) {
        struct judge_seat *seat = &judge->seats[i];

        task->err = fill(judge, seat);
        if (!task->err)
            task->err = check_some(judge, seat, task->now_ms);
        if (!task->err)
            task->err = judge_waits(judge, seat, task);
        if (!task->err && seat->of.rule.overdue_event)
            task->err = tell_overdue(judge, seat, task);
        task->overdue += judge_count_overdue(seat, task->now_ms);
    }
}

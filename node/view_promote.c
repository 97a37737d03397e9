/* SPDX-License-Identifier: MPL-2.0 */
#include "node/view_promote.h"

#include <stdlib.h>
#include <string.h>

#include "node/mem.h"

static void
verdict_clear(struct view_verdict *v)
{
    for (size_t i = 0; i < v->n_reasons; i++)
        free(v->reasons[i]);
    free(v->reasons);
    free(v->wants);
    free(v->title);
    free(v->url);
    free(v->may_waive);
}

void
view_promote_clear(struct view_promote *view)
{
    for (size_t i = 0; i < view->n; i++)
        verdict_clear(&view->v[i]);
    free(view->v);
    free(view->rules);
    free(view->text);
    *view = (struct view_promote){0};
}

static void
take_reason(void *ctx, const char *text)
{
    struct view_verdict *v = ctx;

    v->reasons_bytes += strlen(text);
    if (v->reasons_bytes > VIEW_REASONS_MAX)
        return;
    xgrow(&v->reasons, &v->cap_reasons, v->n_reasons, sizeof *v->reasons);
    v->reasons[v->n_reasons++] = xstrdup(text);
}

static void
add_want(struct view_verdict *v, const struct promote_ask *ask,
         const struct promote_answer *a)
{
    struct view_want *w = &v->wants[v->n_wants++];

    *w = (struct view_want){.member = ask->member,
                            .of = ask->of,
                            .word = a->word,
                            .state = a->said.state,
                            .by = a->said.by};
    memcpy(w->need, ask->need->label, sizeof w->need);
    memcpy(w->community, a->want->community, sizeof w->community);
    memcpy(w->level, a->want->level, sizeof w->level);
    w->waived = a->word != PROMOTE_AGAINST && a->word != PROMOTE_WAITS &&
                a->said.state != LEDGER_SUCCESS;
    if (w->waived)
        w->by = a->waiver.by;
}

static void
add_wants(struct view_verdict *v, const struct promote_verdict *verdict)
{
    size_t n = 0;

    for (size_t i = 0; i < verdict->n_asks; i++)
        n += verdict->asks[i].need->n;
    n = n < VIEW_WANTS_MAX ? n : VIEW_WANTS_MAX;
    v->wants = xcalloc(n ? n : 1, sizeof *v->wants);
    for (size_t i = 0; i < verdict->n_asks; i++) {
        const struct promote_ask *ask = &verdict->asks[i];

        for (size_t j = 0; j < ask->need->n; j++)
            if (v->n_wants < n)
                add_want(v, ask, &ask->answers[j]);
    }
}

static char *
waivers_of(const struct rule *rule)
{
    struct cim_buf out = {0};
    char *text;

    for (size_t i = 0; i < rule->n_waivers; i++) {
        cim_buf_add_str(&out, i ? ", " : "");
        cim_buf_add_str(&out, rule->waivers[i]);
    }
    if (out.err)
        mem_fail();
    text = xtext(cim_buf_bytes(&out));
    cim_buf_clear(&out);
    return text;
}

struct view_verdict *
view_promote_add(struct view_promote *view, const struct rule *rule,
                 const struct ledger_subject *subject,
                 const struct promote_judgement *j)
{
    struct view_verdict *v;

    xgrow(&view->v, &view->cap, view->n, sizeof *view->v);
    v = &view->v[view->n++];
    *v = (struct view_verdict){
        .subject = subject->name,
        .kind = subject->kind,
        .title = xtext(cim_buf_bytes(&subject->title)),
        .url = xtext(cim_buf_bytes(&subject->url)),
        .defined_ms = subject->at.time_ms,
        .outcome = j->verdict.outcome,
        .decided = j->last.outcome,
        .decision = j->last.stamp,
        .due = j->due,
        .may_waive = waivers_of(rule),
    };
    memcpy(v->rule, rule->name, sizeof v->rule);
    memcpy(v->level, rule->level, sizeof v->level);
    add_wants(v, &j->verdict);
    promote_reasons(rule, &j->verdict, take_reason, v);
    return v;
}

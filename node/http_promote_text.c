/* SPDX-License-Identifier: MPL-2.0 */
/* Rules and verdicts for people: the outcome first, then why, then what would
 * change it. */
#include <string.h>

#include "node/http_private.h"
#include "node/safe.h"

static void
put_name(struct cim_buf *out, const struct ledger_name *name)
{
    char id[CIM_UUID_TEXT_LEN + 1];

    cim_uuid_text(&name->id, id);
    safe_put(out, "%s:%s", name->community, id);
}

/* "opnfv-odl-1.2.0  opnfv:ID" */
static void
put_subject(struct cim_buf *out, const struct view_verdict *v)
{
    if (*v->title || *v->url) {
        safe_add(out, cim_bytes_str(*v->title ? v->title : v->url));
        safe_put(out, "  ");
    }
    put_name(out, &v->subject);
}

static const char *
outcome(const struct view_verdict *v)
{
    if (v->expired)
        return "expired";
    if (v->overdue)
        return "overdue";
    return promote_outcome_text(v->outcome);
}

static void
put_decision(struct cim_buf *out, const struct view_verdict *v)
{
    char when[CIM_TIME_TEXT_LEN + 1];

    if (v->decided == PROMOTE_OPEN) {
        safe_put(out, "nothing decided yet");
        return;
    }
    cim_time_text(v->decision.at.time_ms, when);
    safe_put(out, "said %s=%s at %s (", v->level,
             v->decided == PROMOTE_FULFILLED ? "SUCCESS" : "FAILURE", when);
    put_name(out, &v->decision.by);
    safe_put(out, ")");
}

/* ---- list ---------------------------------------------------------------*/

static void
put_rule(struct cim_buf *out, const struct view_promote *view,
         const struct view_rule *rule)
{
    size_t n[3] = {0}, shown = 0;

    for (size_t i = 0; i < view->n; i++)
        if (strcmp(view->v[i].rule, rule->name) == 0) {
            n[view->v[i].outcome]++;
            shown++;
        }
    safe_put(out, "%s: says %s of %s; ", rule->name, rule->level,
             rule->kind == LEDGER_ARTIFACT ? "artifacts" : "baselines");
    safe_put(out, "of the newest %zu: %zu fulfilled, %zu failed, %zu open",
             shown, n[PROMOTE_FULFILLED], n[PROMOTE_FAILED], n[PROMOTE_OPEN]);
    if (rule->within_ms)
        safe_put(out, "; %zu overdue", rule->overdue);
    if (rule->waiting)
        safe_put(out, "; %llu events to be looked at",
                 (unsigned long long)rule->waiting);
    safe_put(out, "\n");
    for (size_t i = 0; i < view->n; i++) {
        const struct view_verdict *v = &view->v[i];

        if (strcmp(v->rule, rule->name) != 0)
            continue;
        safe_put(out, "  %-10s ", outcome(v));
        put_subject(out, v);
        safe_put(out, "  ");
        put_decision(out, v);
        safe_put(out, "\n");
    }
}

static void
put_list(struct cim_buf *out, const struct view_promote *view)
{
    for (size_t i = 0; i < view->n_rules; i++)
        put_rule(out, view, &view->rules[i]);
    if (view->n_rules == 0)
        safe_put(out, "no rules; they stand in cimesh.zpl under `promote`\n");
}

/* ---- explain ------------------------------------------------------------*/

/* What becomes of the verdict, where that is not plain. */
static void
put_due(struct cim_buf *out, const struct view_verdict *v)
{
    switch (v->due) {
    case PROMOTE_DUE:
        safe_put(out, "    this is being said now\n");
        break;
    case PROMOTE_DUE_NOT:
        break;
    case PROMOTE_DUE_LATER:
        safe_put(out, "    not said again: the last decision rests on an event "
                      "that has not arrived here\n");
        break;
    case PROMOTE_DUE_CONTESTED:
        safe_put(out,
                 "    not said again: another node of this community decides "
                 "otherwise each time; do both have the same rule?\n");
        break;
    case PROMOTE_DUE_AHEAD:
        safe_put(
            out,
            "    said when this node's clock is past the last decision: "
            "who made it has a clock that is ahead, or this one is slow\n");
        break;
    case PROMOTE_DUE_NEVER:
        safe_put(out,
                 "    it cannot be said: the name is too long for a topic\n");
        break;
    }
}

static void
put_verdict(struct cim_buf *out, const struct view_verdict *v)
{
    safe_put(out, "  %s: %s%s; ", v->rule, v->expired ? "expired, " : "",
             promote_outcome_text(v->outcome));
    put_decision(out, v);
    safe_put(out, "%s\n", v->overdue ? "; overdue" : "");
    for (size_t i = 0; i < v->n_reasons; i++) {
        safe_put(out, "    ");
        safe_add(out, cim_bytes_str(v->reasons[i]));
        safe_put(out, "\n");
    }
    put_due(out, v);
}

static void
put_explained(struct cim_buf *out, const struct view_promote *view)
{
    const struct view_verdict *last = NULL;

    for (size_t i = 0; i < view->n; i++) {
        const struct view_verdict *v = &view->v[i];

        if (!last || promote_name_cmp(&last->subject, &v->subject) != 0) {
            put_subject(out, v);
            safe_put(out, "\n");
        }
        last = v;
        put_verdict(out, v);
    }
    if (view->n == 0)
        safe_put(out,
                 "it is here, and no rule of this node is about it: 'cimesh "
                 "promote list' shows what they are about\n");
    if (view->building)
        safe_put(out,
                 "the ledger is still being built: this is not all of it\n");
}

/* ---- dry run ------------------------------------------------------------*/

static void
put_dry(struct cim_buf *out, const struct view_promote *view)
{
    for (size_t i = 0; i < view->n; i++) {
        const struct view_verdict *v = &view->v[i];

        safe_put(out, "%-10s ", promote_outcome_text(v->outcome));
        put_subject(out, v);
        safe_put(out, "  %s\n",
                 v->due == PROMOTE_DUE        ? "would be said"
                 : v->outcome == PROMOTE_OPEN ? "nothing to be said"
                 : v->outcome == v->decided   ? "is said already"
                                              : "cannot be said");
        for (size_t j = 0; j < v->n_reasons; j++) {
            safe_put(out, "    ");
            safe_add(out, cim_bytes_str(v->reasons[j]));
            safe_put(out, "\n");
        }
    }
}

void
http_text_promote(const struct view_promote *view, struct cim_buf *out)
{
    switch (view->what) {
    case VIEW_PROMOTE_LIST:
        put_list(out, view);
        break;
    case VIEW_PROMOTE_EXPLAIN:
        put_explained(out, view);
        break;
    case VIEW_PROMOTE_DRY_RUN:
        put_dry(out, view);
        break;
    }
}

/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The plan for a group of requests: what is new, what was published before.
 *
 * The store said of each id whether it was published, and with which content;
 * the same id may also come twice within the group. A request is taken whole
 * or not at all: at the first conflict what it added is taken back.
 */
#include <stdlib.h>
#include <string.h>

#include "node/mem.h"
#include "node/mesh_private.h"

/* An id that is new in this group. Open addressing; draft NULL: free. */
struct slot {
    const struct cim_draft *draft;
    struct mesh_place *place; /* NULL: its request was not taken */
};

struct planner {
    struct mesh_plan *plan;
    struct slot *slots;
    size_t mask;
};

static struct slot *
slot_of(struct planner *p, const struct cim_uuid *id)
{
    size_t at;

    memcpy(&at, id->b + sizeof id->b - sizeof at, sizeof at);
    for (at &= p->mask; p->slots[at].draft; at = (at + 1) & p->mask)
        if (!memcmp(&p->slots[at].draft->id, id, sizeof *id))
            break;
    return &p->slots[at];
}

static void
add_new(struct planner *p, const struct mesh_item *item, size_t i)
{
    struct mesh_plan *plan = p->plan;
    struct cim_draft *draft = &item->request->drafts[i];

    *slot_of(p, &draft->id) =
        (struct slot){.draft = draft, .place = &item->request->places[i]};
    plan->drafts[plan->n] = draft;
    plan->places[plan->n] = &item->request->places[i];
    plan->n++;
}

/*
 * Is the stored event what this draft says? The same bytes are; and of one
 * that came back from peers, with the time its first publish filled in.
 */
static bool
says_the_same(const struct cim_draft *draft, const struct store_lookup *found)
{
    struct cim_bytes bytes = cim_buf_bytes(&draft->bytes);
    struct cim_event stored, event;
    struct cim_buf again = {0};

    if (cim_bytes_eq(bytes, found->bytes))
        return true;
    if (found->state != STORE_BACK ||
        cim_event_parse(found->bytes, CIM_FOLLOW, &stored, NULL) != CIM_OK ||
        cim_event_parse(bytes, CIM_PUBLISH, &event, NULL) != CIM_OK)
        return false;
    event.time_ms = stored.time_ms;
    if (cim_event_encode(&event, &again) != CIM_OK)
        mem_fail();
    bool same = cim_bytes_eq(cim_buf_bytes(&again), found->bytes);
    cim_buf_clear(&again);
    return same;
}

/* One draft's place: found, shared, or to be sealed. False: a conflict. */
static bool
plan_draft(struct planner *p, const struct mesh_item *item, size_t i,
           const struct store_lookup *found)
{
    struct mesh_request *r = item->request;
    const struct slot *slot;

    if (found && found->state != STORE_NEW) {
        if (found->state != STORE_SAME && !says_the_same(&r->drafts[i], found))
            return false;
        r->places[i] = (struct mesh_place){
            .epoch = found->epoch, .seq = found->seq, .again = true};
        return true;
    }
    slot = slot_of(p, &r->drafts[i].id);
    if (!slot->place) {
        add_new(p, item, i);
        return true;
    }
    if (!cim_hash_eq(&slot->draft->given, &r->drafts[i].given))
        return false;
    p->plan->shared[p->plan->n_shared++] =
        (struct mesh_shared){.to = &r->places[i], .from = slot->place};
    return true;
}

static void
take_back(struct planner *p, size_t n, size_t n_shared)
{
    for (size_t i = n; i < p->plan->n; i++)
        slot_of(p, &p->plan->drafts[i]->id)->place = NULL;
    p->plan->n = n;
    p->plan->n_shared = n_shared;
}

static void
plan_item(struct planner *p, const struct mesh_item *item,
          const struct store_lookup **lookup)
{
    struct mesh_request *r = item->request;
    size_t n = p->plan->n;
    size_t n_shared = p->plan->n_shared;

    for (size_t i = 0; i < r->n; i++) {
        const struct store_lookup *found =
            r->drafts[i].id_given ? (*lookup)++ : NULL;

        if (r->err == CIM_OK && !plan_draft(p, item, i, found)) {
            r->err = CIM_ECONFLICT;
            r->bad = i;
            take_back(p, n, n_shared);
        }
    }
}

void
mesh_plan_make(struct mesh_plan *plan, struct mesh_item *items,
               const struct store_lookup *lookups)
{
    struct planner p = {.plan = plan};
    size_t n = 0;

    for (const struct mesh_item *i = items; i; i = i->next)
        n += i->request->n;
    for (p.mask = 1; p.mask < 2 * n; p.mask *= 2)
        ;
    p.slots = xcalloc(p.mask, sizeof *p.slots);
    p.mask--;
    *plan = (struct mesh_plan){.drafts = xcalloc(n, sizeof *plan->drafts),
                               .places = xcalloc(n, sizeof *plan->places),
                               .shared = xcalloc(n, sizeof *plan->shared)};
    for (struct mesh_item *i = items; i; i = i->next) {
        i->request->places = xcalloc(i->request->n, sizeof *i->request->places);
        plan_item(&p, i, &lookups);
    }
    free(p.slots);
}

/* Once the new ones have their places. */
void
mesh_plan_share(struct mesh_plan *plan)
{
    for (size_t i = 0; i < plan->n_shared; i++) {
        *plan->shared[i].to = *plan->shared[i].from;
        plan->shared[i].to->again = true;
    }
}

void
mesh_plan_clear(struct mesh_plan *plan)
{
    free(plan->drafts);
    free(plan->places);
    free(plan->shared);
    *plan = (struct mesh_plan){0};
}

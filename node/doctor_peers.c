/* SPDX-License-Identifier: MPL-2.0 */
/* Each peer: is it there, is it the one we know, does it know us? */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "node/clock.h"
#include "node/doctor.h"
#include "node/probe.h"

#define PROBE_MS 3000
#define CLOCK_MS (5 * 60 * 1000) /* clocks may differ by that */

struct peer {
    const struct roster_node *node;
    const char *contact; /* whom to ask */
    char what[CIM_NODE_MAX + 8];
};

static const char *
cause_of(enum probe_result result)
{
    static const char *const causes[] = {
        [PROBE_OK] = "answers",
        [PROBE_NAME] = "the name does not resolve",
        [PROBE_CLOSED] = "port closed: nobody listens there",
        [PROBE_SILENT] = "no answer: a firewall, or the machine is off",
        [PROBE_NO_WAY] = "there is no route to it from here",
        [PROBE_OTHER] = "something answers there that is no node",
        [PROBE_KEY] = ("key mismatch: a node answers there, but not with the "
                       "curve key of our roster")};

    return causes[result];
}

/* What to do next, and whom to ask. */
static void
advise(const struct peer *p, enum probe_result result, char *out, size_t size)
{
    const char *how = "ask them whether their node runs and the port is open";

    if (result == PROBE_NAME)
        how = "look at this machine's DNS (getent hosts NAME), or ask them for "
              "their newest roster file";
    else if (result == PROBE_NO_WAY)
        how = "look at this machine's network (ip route)";
    else if (result == PROBE_OTHER || result == PROBE_KEY)
        how = "get their newest roster file: cimesh roster add FILE";
    snprintf(out, size, "%s%s%s%s", how, p->contact[0] ? " (" : "", p->contact,
             p->contact[0] ? ")" : "");
}

/* True when both ports of it answer as they should. */
static bool
probe_peer(struct doctor *d, const struct peer *p)
{
    const char *const ends[] = {p->node->events, p->node->sync};
    char next[512];
    bool fine = true;

    for (size_t i = 0; i < 2; i++) {
        enum probe_result result = probe(ends[i], &p->node->curve, PROBE_MS);

        if (result == PROBE_KEY && p->node->has_curve_next)
            result = probe(ends[i], &p->node->curve_next, PROBE_MS);
        if (result == PROBE_OK)
            continue;
        fine = false;
        advise(p, result, next, sizeof next);
        doctor_fault(d, (struct doctor_fault){CMD_UNAVAILABLE, p->what, next},
                     "%s: %s", ends[i], cause_of(result));
    }
    return fine;
}

/* It is there; what does our node make of it? */
static void
check_link(struct doctor *d, const struct peer *p)
{
    const struct http_state_peer *s =
        d->runs ? http_state_find(&d->state, p->node->name) : NULL;
    int64_t ahead;
    char next[512];

    if (d->runs && !s) {
        doctor_fault(
            d, (struct doctor_fault){CMD_CONFIG, p->what, "cimesh reload"},
            "it is in the roster, but the running node does not know "
            "it yet");
        return;
    }
    if (s && !s->up) {
        snprintf(next, sizeof next,
                 "give them our roster file again, %s/%s.zpl; they run: cimesh "
                 "roster add",
                 d->settings->roster_dir, d->settings->community);
        doctor_fault(d, (struct doctor_fault){CMD_UNAVAILABLE, p->what, next},
                     "it answers, but does not let this node in: its roster "
                     "lacks us, or has other keys for us");
        return;
    }
    if (s && (s->two_writers || s->equivocation))
        doctor_fault(d,
                     (struct doctor_fault){CMD_DATA, p->what,
                                           "tell its contact; cimesh peers "
                                           "--json has the evidence"},
                     s->two_writers ? "two nodes sign with its key"
                                    : "it signed two histories");
    ahead = s && s->head_ms ? s->head_ms - clock_wall_ms() : 0;
    if (ahead > CLOCK_MS)
        doctor_fault(d,
                     (struct doctor_fault){
                         CMD_SYSTEM, p->what,
                         "look at this machine's clock (timedatectl); when it "
                         "is right, tell them about theirs"},
                     "its clock is %" PRId64 " minutes ahead of ours",
                     ahead / 60000);
    doctor_fine(d, p->what, s ? "is up" : "answers");
}

void
doctor_peers(struct doctor *d)
{
    const struct roster *r = d->roster.roster;

    for (size_t i = 0; i < r->n; i++)
        for (size_t j = 0; j < r->communities[i]->n_nodes; j++) {
            struct peer p = {.node = &r->communities[i]->nodes[j],
                             .contact = r->communities[i]->contact};

            if (strcmp(p.node->name, d->settings->node) == 0)
                continue;
            snprintf(p.what, sizeof p.what, "peer %s", p.node->name);
            if (!p.node->events[0])
                doctor_fine(d, p.what, "follows only, and is not dialled");
            else if (probe_peer(d, &p))
                check_link(d, &p);
        }
}

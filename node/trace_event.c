/* SPDX-License-Identifier: MPL-2.0 */
/* What the events themselves say: names, causes, rules; and whom a text means.
 */
#include <stdio.h>
#include <string.h>

#include "node/mem.h"
#include "node/trace_private.h"
#include "proto/event.h"
#include "proto/wire.h"

/* ---- names --------------------------------------------------------------*/

bool
trace_name(const char *text, struct ledger_name *out)
{
    const char *colon = strchr(text, ':');
    size_t len = colon != NULL ? (size_t)(colon - text) : 0;

    if (len == 0 || !cim_name_valid(cim_bytes_of(text, len)) ||
        cim_uuid_parse(cim_bytes_str(colon + 1), &out->id) != CIM_OK)
        return false;
    snprintf(out->community, sizeof out->community, "%.*s", (int)len, text);
    return true;
}

void
trace_name_text(const struct ledger_name *name,
                char out[static TRACE_NAME_LEN + 1])
{
    char id[CIM_UUID_TEXT_LEN + 1];

    cim_uuid_text(&name->id, id);
    snprintf(out, TRACE_NAME_LEN + 1, "%s:%s", name->community, id);
}

bool
trace_same_name(const struct ledger_name *a, const struct ledger_name *b)
{
    return strcmp(a->community, b->community) == 0 &&
           memcmp(&a->id, &b->id, sizeof a->id) == 0;
}

static void
copy_text(struct cim_buf *to, const struct cim_buf *from)
{
    if (cim_buf_add_bytes(to, cim_buf_bytes(from)) != CIM_OK)
        mem_fail();
}

void
trace_subject_copy(struct ledger_subject *to, const struct ledger_subject *from)
{
    *to = *from;
    to->topic = to->title = to->url = to->branch = (struct cim_buf){0};
    copy_text(&to->topic, &from->topic);
    copy_text(&to->title, &from->title);
    copy_text(&to->url, &from->url);
    copy_text(&to->branch, &from->branch);
}

/* ---- events -------------------------------------------------------------*/

static void
read_rule(struct cim_bytes ext, char out[static CIM_NAME_MAX + 1])
{
    struct cim_reader r = {.data = ext};
    struct cim_bytes key, value;
    uint32_t pairs = 0;

    if (ext.len == 0 || cim_wire_map(&r, &pairs) != CIM_OK)
        return;
    for (; pairs > 0; pairs--) {
        if (cim_wire_str(&r, &key) != CIM_OK)
            return;
        if (!cim_bytes_is(key, "rule")) {
            if (cim_wire_skip(&r, NULL) != CIM_OK)
                return;
            continue;
        }
        if (cim_wire_str(&r, &value) == CIM_OK && cim_name_valid(value))
            snprintf(out, CIM_NAME_MAX + 1, "%.*s", (int)value.len,
                     (const char *)value.p);
        return;
    }
}

static void
read_levels(struct cim_bytes levels, char *out, size_t cap)
{
    struct cim_list list = {.data = levels};
    struct cim_bytes name, result;
    size_t at = 0;

    while (levels.len > 0 && cim_level_next(&list, &name, &result)) {
        int n = snprintf(out + at, cap - at, "%s%.*s=%.*s", at > 0 ? "," : "",
                         (int)name.len, (const char *)name.p, (int)result.len,
                         (const char *)result.p);
        if (n < 0 || (size_t)n >= cap - at) {
            snprintf(out + (at < cap - 4 ? at : cap - 4), 4, "...");
            return;
        }
        at += (size_t)n;
    }
}

static void
read_links(struct cim_bytes links, struct trace_said *said)
{
    struct cim_list list = {.data = links};
    struct cim_bytes rel, of, id;

    while (links.len > 0 && cim_link_next(&list, &rel, &of, &id)) {
        bool cause = cim_bytes_is(rel, "cause");
        if (!cause && !cim_bytes_is(rel, "supersedes"))
            continue;
        if (said->n_links == sizeof said->links / sizeof *said->links) {
            said->more_links = true;
            return;
        }
        struct trace_link *link = &said->links[said->n_links];
        link->rel = cause ? TRACE_CAUSE : TRACE_SUPERSEDES;
        snprintf(link->to.community, sizeof link->to.community, "%.*s",
                 (int)of.len, (const char *)of.p);
        if (cim_uuid_parse(id, &link->to.id) == CIM_OK)
            said->n_links++;
    }
}

void
trace_set(struct cim_buf *buf, struct cim_bytes text)
{
    cim_buf_reset(buf);
    if (cim_buf_add_bytes(buf, text) != CIM_OK)
        mem_fail();
}

static struct cim_bytes
either(struct cim_bytes first, struct cim_bytes second)
{
    return first.len > 0 ? first : second;
}

static bool
read_event(void *ctx, const struct store_row *row)
{
    static const enum trace_kind kinds[] = {TRACE_OTHER, TRACE_ARTIFACT,
                                            TRACE_BASELINE, TRACE_STAMP};
    struct trace_said *said = ctx;
    struct ledger_subject *s = &said->event;
    struct cim_event e;

    if (cim_event_parse(row->bytes, CIM_FOLLOW, &e, NULL) != CIM_OK)
        return true;
    said->found = true;
    said->kind = e.v > 1 ? TRACE_OTHER : kinds[e.type];
    struct cim_bytes who = cim_community_of(e.topic);
    snprintf(s->name.community, sizeof s->name.community, "%.*s", (int)who.len,
             (const char *)who.p);
    s->name.id = row->id;
    s->arrival = row->arrival;
    s->at = (struct ledger_place){.log = row->log, .seq = row->seq};
    s->at.time_ms = e.time_ms; /* as said; ledger subjects have the header's */
    trace_set(&s->topic, e.topic);
    trace_set(&s->branch, e.project_branch);
    bool baseline = said->kind != TRACE_ARTIFACT;
    trace_set(&s->title, baseline ? either(e.baseline_name, e.artifact_name)
                                  : either(e.artifact_name, e.baseline_name));
    trace_set(&s->url, baseline ? either(e.baseline_url, e.artifact_url)
                                : either(e.artifact_url, e.baseline_url));
    read_levels(e.levels, said->levels, sizeof said->levels);
    read_rule(e.ext, said->rule);
    read_links(e.links, said);
    return false;
}

/* The event of this name, or of this arrival when it is known. */
enum cim_err
trace_look_up(struct store_reader *reader, const struct ledger_name *name,
              uint64_t arrival, struct trace_said *said)
{
    struct store_query query = {
        .after = arrival - 1, .upto = arrival, .limit = 1};
    uint64_t scanned;

    *said = (struct trace_said){0};
    if (arrival > 0)
        return store_events(reader, &query, read_event, said, &scanned);
    return store_find(reader, cim_bytes_str(name->community), &name->id,
                      read_event, said);
}

/* ---- where it starts ----------------------------------------------------*/

/* Of one text: more of them change nothing. */
#define FIND_MAX 256

struct finding {
    struct trace_start *out;
    bool baseline, found;
    unsigned seen;
};

static bool
take_start(void *ctx, const struct ledger_subject *s)
{
    struct finding *f = ctx;
    struct trace_start *out = f->out;

    if (++f->seen > FIND_MAX)
        return false;
    if (f->baseline && s->kind != LEDGER_BASELINE)
        return true;
    if (!f->found) {
        f->found = out->subject = true;
        out->name = s->name;
        snprintf(out->others, sizeof out->others, "%s", s->name.community);
        return true;
    }
    if (strcmp(s->name.community, out->name.community) == 0)
        return true;
    size_t len = strlen(out->others);
    out->ambiguous = true;
    if (len + strlen(s->name.community) + 3 < sizeof out->others &&
        strstr(out->others, s->name.community) == NULL)
        snprintf(out->others + len, sizeof out->others - len, ", %s",
                 s->name.community);
    return true;
}

static bool
take_event(void *ctx, const struct store_row *row)
{
    *(uint64_t *)ctx = row->arrival;
    return false;
}

enum cim_err
trace_find(struct store_reader *reader, const char *text, bool baseline,
           struct trace_start *out)
{
    struct finding f = {.out = out, .baseline = baseline};
    struct ledger_name name;
    uint64_t arrival = 0;

    *out = (struct trace_start){0};
    enum cim_err err = ledger_find(reader, text, take_start, &f);
    if ((err != CIM_OK && err != CIM_ENOENT) || f.found)
        return err;
    if (baseline || !trace_name(text, &name))
        return CIM_ENOENT;
    err = store_find(reader, cim_bytes_str(name.community), &name.id,
                     take_event, &arrival);
    out->name = name;
    return err == CIM_OK && arrival == 0 ? CIM_ENOENT : err;
}

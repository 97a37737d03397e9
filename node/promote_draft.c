/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The bytes of what a rule says: decisions, and that one is overdue. All of it
 * comes from the ledger, so the same decision is the same bytes wherever it is
 * made.
 */
#include <stdio.h>
#include <string.h>

#include "node/mem.h"
#include "node/promote_private.h"
#include "proto/wire.h"

#define REASONS_MAX   64 /* in one decision */
#define REASONS_BYTES (16 * 1024)

/* ---- drafts -------------------------------------------------------------*/

/* What an event is made of while it is made. */
struct making {
    struct cim_event event;
    char id[CIM_UUID_TEXT_LEN + 1];
    struct cim_buf topic, levels, links, ext; /* owned */
};

static void
making_clear(struct making *m)
{
    cim_buf_clear(&m->topic);
    cim_buf_clear(&m->levels);
    cim_buf_clear(&m->links);
    cim_buf_clear(&m->ext);
}

static struct cim_bytes
text_or_none(const struct cim_buf *text)
{
    return text->len ? cim_buf_bytes(text) : cim_bytes_of(NULL, 0);
}

static void
set_subject(struct cim_event *event, const struct ledger_subject *subject)
{
    bool artifact = subject->kind == LEDGER_ARTIFACT;

    *(artifact ? &event->artifact_url : &event->baseline_url) =
        text_or_none(&subject->url);
    *(artifact ? &event->artifact_name : &event->baseline_name) =
        text_or_none(&subject->title);
    event->project_branch = text_or_none(&subject->branch);
}

static void
put_text(struct cim_buf *out, const char *text)
{
    cim_wire_put_str(out, cim_bytes_str(text));
}

static void
put_link(struct cim_buf *out, const char *rel, const struct ledger_name *name)
{
    char id[CIM_UUID_TEXT_LEN + 1];

    cim_uuid_text(&name->id, id);
    cim_wire_put_map(out, 3);
    put_text(out, "rel");
    put_text(out, rel);
    put_text(out, "of");
    put_text(out, name->community);
    put_text(out, "id");
    put_text(out, id);
}

struct reasons {
    struct cim_buf text; /* MessagePack texts, one after the other */
    uint32_t n, left_out;
};

static void
take_reason(void *ctx, const char *text)
{
    struct reasons *r = ctx;

    if (r->n >= REASONS_MAX || r->text.len + strlen(text) > REASONS_BYTES) {
        r->left_out++;
        return;
    }
    put_text(&r->text, text);
    r->n++;
}

static void
put_ext(struct cim_buf *out, const struct rule *rule,
        const struct promote_verdict *v)
{
    struct reasons r = {0};

    promote_reasons(rule, v, take_reason, &r);
    if (r.left_out) {
        char more[40];

        snprintf(more, sizeof more, "and %u more", r.left_out);
        put_text(&r.text, more);
        r.n++;
    }
    cim_wire_put_map(out, 2);
    put_text(out, "rule");
    put_text(out, rule->name);
    put_text(out, "reasons");
    cim_wire_put_array(out, r.n);
    if (r.text.err)
        mem_fail();
    cim_buf_add_bytes(out, cim_buf_bytes(&r.text));
    cim_buf_clear(&r.text);
}

static void
put_links(struct cim_buf *out, const struct ledger_subject *subject,
          const struct promote_verdict *v)
{
    size_t n = v->n_used < PROMOTE_CAUSES_MAX ? v->n_used : PROMOTE_CAUSES_MAX;

    cim_wire_put_array(out, (uint32_t)n + 1);
    put_link(out, "subject", &subject->name);
    for (size_t i = 0; i < n; i++)
        put_link(out, "cause", &v->used[i].by);
}

/* Encodes and checks. CIM_ETOPIC: no topic can be made of the names. */
static enum cim_err
finish(struct making *m, const struct cim_uuid *id, struct cim_draft *out)
{
    enum cim_err err;

    if (m->levels.err || m->links.err || m->ext.err)
        mem_fail();
    cim_uuid_text(id, m->id);
    m->event.v = 1;
    m->event.id = cim_bytes_str(m->id);
    m->event.topic = cim_buf_bytes(&m->topic);
    m->event.levels = cim_buf_bytes(&m->levels);
    m->event.links = cim_buf_bytes(&m->links);
    m->event.ext = cim_buf_bytes(&m->ext);
    *out = (struct cim_draft){.id = *id, .id_given = true};
    err = cim_event_encode(&m->event, &out->bytes);
    if (err == CIM_ENOMEM)
        mem_fail();
    if (!err)
        err = cim_event_parse(cim_buf_bytes(&out->bytes), CIM_PUBLISH,
                              &out->event, NULL);
    out->given = cim_hash_bytes(cim_buf_bytes(&out->bytes));
    if (err)
        cim_draft_clear(out);
    return err;
}

/* An artifact may also go without its name; a baseline may not. */
static enum cim_err
set_topic(struct making *m, const char *community)
{
    struct cim_bytes own = cim_bytes_str(community);
    enum cim_err err = cim_event_topic(&m->event, own, &m->topic);

    if (err == CIM_ETOPIC && m->event.artifact_name.p) {
        m->event.artifact_name = cim_bytes_of(NULL, 0);
        cim_buf_reset(&m->topic);
        err = cim_event_topic(&m->event, own, &m->topic);
    }
    if (err == CIM_ENOMEM)
        mem_fail();
    return err;
}

enum cim_err
promote_draft(const struct promote_case *c, const struct promote_verdict *v,
              const struct cim_uuid *id, struct cim_draft *out)
{
    struct making m = {
        .event = {.type = CIM_TYPE_CONFIDENCE,
                  .type_name = cim_bytes_str("ConfidenceLevelModified"),
                  .time_ms = v->newest.at.time_ms}};
    struct promote_stored newest;
    enum cim_err err = promote_read(c->reader, v->newest.arrival, &newest);

    if (err)
        return err;
    m.event.build_url = newest.event.build_url;
    set_subject(&m.event, c->subject);
    err = set_topic(&m, c->community);
    cim_wire_put_map(&m.levels, 1);
    put_text(&m.levels, c->rule->level);
    put_text(&m.levels,
             v->outcome == PROMOTE_FULFILLED ? "SUCCESS" : "FAILURE");
    put_links(&m.links, c->subject, v);
    put_ext(&m.ext, c->rule, v);
    if (!err)
        err = finish(&m, id, out);
    making_clear(&m);
    cim_buf_clear(&newest.bytes);
    return err;
}

/* ---- overdue ------------------------------------------------------------*/

static void
overdue_topic(struct making *m, const char *community, const struct rule *rule)
{
    enum cim_err err = cim_topic_add(&m->topic, cim_bytes_str(community));

    if (!err)
        err = cim_topic_add(&m->topic, m->event.type_name);
    if (!err)
        err = cim_topic_add(&m->topic, cim_bytes_str(rule->name));
    if (err)
        mem_fail(); /* names are short and well spelt */
}

enum cim_err
promote_overdue(const struct promote_case *c, struct cim_draft *out)
{
    struct making m = {
        .event = {.type = CIM_TYPE_OWN,
                  .type_name = cim_bytes_str("VerdictOverdue"),
                  .time_ms = c->subject->at.time_ms + c->rule->within_ms}};
    struct cim_uuid id = promote_overdue_id(c);
    struct promote_stored defined;
    enum cim_err err = promote_read(c->reader, c->subject->arrival, &defined);

    *out = (struct cim_draft){0};
    if (err)
        return err;
    m.event.build_url = defined.event.build_url;
    set_subject(&m.event, c->subject);
    overdue_topic(&m, c->community, c->rule);
    cim_wire_put_array(&m.links, 1);
    put_link(&m.links, "subject", &c->subject->name);
    cim_wire_put_map(&m.ext, 2);
    put_text(&m.ext, "rule");
    put_text(&m.ext, c->rule->name);
    put_text(&m.ext, "level");
    put_text(&m.ext, c->rule->level);
    err = finish(&m, &id, out);
    making_clear(&m);
    cim_buf_clear(&defined.bytes);
    return err == CIM_EIO ? err : err ? CIM_ENOENT : CIM_OK;
}

/* SPDX-License-Identifier: MPL-2.0 */
#include "tests/unit/ledger_desk.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "node/store_private.h"

int
desk_up(void **state)
{
    struct desk *desk = xcalloc(1, sizeof *desk);
    struct cim_diag diag = {""};

    assert_int_equal(store_open(":memory:", &desk->store, &diag), CIM_OK);
    desk->reader = store_reader_of(desk->store);
    *state = desk;
    return 0;
}

int
desk_down(void **state)
{
    struct desk *desk = *state;

    for (size_t i = 0; i < desk->n_authors; i++)
        author_close(&desk->authors[i]);
    store_reader_close(&desk->reader);
    store_close(&desk->store);
    free(desk);
    return 0;
}

struct author *
desk_author(struct desk *desk, const char *node)
{
    for (size_t i = 0; i < desk->n_authors; i++)
        if (strcmp(desk->authors[i].node, node) == 0)
            return &desk->authors[i];
    assert_true(desk->n_authors < DESK_AUTHORS);
    author_open(&desk->authors[desk->n_authors], node, 7);
    return &desk->authors[desk->n_authors++];
}

/* #7 becomes the id; the rest stays. */
static char *
expand(const char *json)
{
    struct cim_buf out = {0};
    char text[CIM_UUID_TEXT_LEN + 1];

    while (*json) {
        size_t plain = strcspn(json, "#");
        char *end = NULL;
        cim_buf_add(&out, json, plain);
        json += plain;
        if (!*json)
            break;
        struct cim_uuid id = uuid_n(strtoul(json + 1, &end, 10));
        cim_uuid_text(&id, text);
        cim_buf_add_str(&out, text);
        json = end;
    }
    cim_buf_add_u8(&out, 0);
    assert_int_equal(out.err, CIM_OK);
    return (char *)out.p;
}

struct sealed *
desk_seal(struct desk *desk, const char *node, int64_t time_ms,
          const char *json)
{
    struct author *author = desk_author(desk, node);
    char *text = expand(json);
    const char *texts[] = {text};

    author->time_ms = time_ms - 1;
    struct sealed *s = author_seal_json(author, texts, 1);
    free(text);
    return s;
}

void
desk_say(struct desk *desk, const char *node, int64_t time_ms, const char *json)
{
    struct sealed *s = desk_seal(desk, node, time_ms, json);

    keep_all(desk->store, s);
    sealed_free(&s);
}

static void
say_type(struct desk *desk, const char *node, int64_t time_ms, char *json)
{
    desk_say(desk, node, time_ms, json);
    free(json);
}

static const char *
unless(const char *more, const char *field, const char *otherwise)
{
    return strstr(more, field) ? "" : otherwise;
}

void
desk_artifact(struct desk *desk, const char *node, int64_t time_ms, unsigned id,
              const char *more)
{
    say_type(desk, node, time_ms,
             xasprintf(
                 "{\"eventType\":\"ArtifactCreated\",\"eventId\":\"#%u\","
                 "\"buildUrl\":\"https://ci/1\"%s%s%s%s}",
                 id,
                 unless(more, "artifactUrl", ",\"artifactUrl\":\"https://a\""),
                 unless(more, "projectBranch", ",\"projectBranch\":\"master\""),
                 unless(more, "confidenceLevel",
                        ",\"confidenceLevel\":{\"BUILT\":\"SUCCESS\"}"),
                 more));
}

void
desk_baseline(struct desk *desk, const char *node, int64_t time_ms, unsigned id,
              const char *more)
{
    say_type(
        desk, node, time_ms,
        xasprintf("{\"eventType\":\"BaselineDefined\",\"eventId\":\"#%u\","
                  "\"buildUrl\":\"https://ci/2\"%s%s%s%s}",
                  id,
                  unless(more, "baselineName", ",\"baselineName\":\"daily\""),
                  unless(more, "baselineUrl", ",\"baselineUrl\":\"https://b\""),
                  unless(more, "consistsOf", ",\"consistsOf\":[]"), more));
}

void
desk_stamp(struct desk *desk, const char *node, int64_t time_ms, unsigned id,
           const char *more)
{
    say_type(
        desk, node, time_ms,
        xasprintf(
            "{\"eventType\":\"ConfidenceLevelModified\",\"eventId\":\"#%u\","
            "\"buildUrl\":\"https://ci/3\"%s%s%s}",
            id, strstr(more, "Url\"") ? "" : ",\"artifactUrl\":\"https://a\"",
            unless(more, "confidenceLevel",
                   ",\"confidenceLevel\":{\"TESTED\":\"SUCCESS\"}"),
            more));
}

void
desk_aside(struct desk *desk, const char *node, uint64_t seq)
{
    struct store_job *job = store_job_new(STORE_ASIDE);
    char *sql = xasprintf("UPDATE event SET bytes = x'80' WHERE seq = %llu"
                          " AND log = (SELECT l.id FROM log l JOIN feed f"
                          " ON f.id = l.feed WHERE f.node = '%s')",
                          (unsigned long long)seq, node);

    assert_true(store_exec(desk->store, sql));
    free(sql);
    job->aside.log = log_of(desk_author(desk, node));
    job->aside.seq = seq;
    commit_ok(desk->store, &job);
}

struct ledger_name
desk_name(const char *text)
{
    struct ledger_name name = {.community = ""};
    const char *colon = strchr(text, ':');

    assert_non_null(colon);
    snprintf(name.community, sizeof name.community, "%.*s", (int)(colon - text),
             text);
    name.id = uuid_n(strtoul(colon + 1, NULL, 10));
    return name;
}

/* ---- answers ------------------------------------------------------------*/

static void
begin(struct desk *desk)
{
    desk->text[0] = '\0';
}

static void
put(struct desk *desk, const char *separator, const char *text)
{
    size_t len = strlen(desk->text);

    snprintf(desk->text + len, sizeof desk->text - len, "%s%s",
             len ? separator : "", text);
}

static void
name_text(const struct ledger_name *name, char out[64])
{
    unsigned long long n = 0;

    for (size_t i = 9; i < 16; i++)
        n = n << 8 | name->id.b[i];
    snprintf(out, 64, "%s:%llu", name->community, n);
}

static bool
get(struct desk *desk, const char *text, struct ledger_subject *s)
{
    struct ledger_name name = desk_name(text);
    enum cim_err err = ledger_get(desk->reader, &name, s);

    begin(desk);
    if (err == CIM_OK)
        return true;
    assert_int_equal(err, CIM_ENOENT);
    put(desk, "", "none");
    return false;
}

static bool
put_stamp(void *ctx, const struct ledger_stamp *stamp)
{
    struct desk *desk = ctx;
    char *text =
        xasprintf("%s %s %s %s", stamp->by.community, stamp->level,
                  ledger_state_text(stamp->state), ledger_how_text(stamp->how));

    put(desk, "; ", text);
    free(text);
    return true;
}

const char *
desk_stamps(struct desk *desk, const char *subject, bool all)
{
    struct ledger_subject s;

    if (get(desk, subject, &s))
        assert_int_equal(ledger_stamps(desk->reader, &s, all, put_stamp, desk),
                         CIM_OK);
    ledger_subject_clear(&s);
    return desk->text;
}

const char *
desk_said(struct desk *desk, const char *subject, const char *community,
          const char *level)
{
    struct ledger_subject s;
    struct ledger_stamp stamp;
    char by[64];

    if (!get(desk, subject, &s))
        return desk->text;
    assert_int_equal(ledger_said(desk->reader, &s, community, level, &stamp),
                     CIM_OK);
    put(desk, "", ledger_state_text(stamp.state));
    if (stamp.state != LEDGER_MISSING) {
        name_text(&stamp.by, by);
        put(desk, " ", ledger_how_text(stamp.how));
        put(desk, " ", by);
    }
    ledger_subject_clear(&s);
    return desk->text;
}

static bool
put_named(void *ctx, enum ledger_how how, const char *wanted,
          const struct ledger_subject *s)
{
    struct desk *desk = ctx;
    char name[64];

    put(desk, "; ", how == LEDGER_CLAIMED ? "claimed" : ledger_how_text(how));
    if (s)
        name_text(&s->name, name);
    put(desk, " ", s ? name : wanted);
    return true;
}

const char *
desk_members(struct desk *desk, const char *baseline)
{
    struct ledger_subject s;

    if (get(desk, baseline, &s))
        assert_int_equal(ledger_members(desk->reader, &s, put_named, desk),
                         CIM_OK);
    ledger_subject_clear(&s);
    return desk->text;
}

static bool
put_baseline(void *ctx, enum ledger_how how, const struct ledger_subject *s)
{
    return put_named(ctx, how, "", s);
}

const char *
desk_part_of(struct desk *desk, const char *subject)
{
    struct ledger_subject s;

    if (get(desk, subject, &s))
        assert_int_equal(ledger_part_of(desk->reader, &s, put_baseline, desk),
                         CIM_OK);
    ledger_subject_clear(&s);
    return desk->text;
}

const char *
desk_stamped(struct desk *desk, const char *stamp)
{
    struct ledger_name name = desk_name(stamp);

    begin(desk);
    enum cim_err err = ledger_stamped(desk->reader, &name, put_named, desk);
    if (err == CIM_ENOENT)
        put(desk, "", "none");
    else
        assert_int_equal(err, CIM_OK);
    return desk->text;
}

static bool
put_subject(void *ctx, const struct ledger_subject *s)
{
    struct desk *desk = ctx;
    char name[64];

    name_text(&s->name, name);
    put(desk, " ", name);
    return true;
}

const char *
desk_find(struct desk *desk, const char *text)
{
    char *full = expand(text);

    begin(desk);
    assert_int_equal(ledger_find(desk->reader, full, put_subject, desk),
                     CIM_OK);
    free(full);
    return desk->text;
}

const char *
desk_touched(struct desk *desk, uint64_t arrival)
{
    begin(desk);
    assert_int_equal(ledger_touched(desk->reader, arrival, put_subject, desk),
                     CIM_OK);
    return desk->text;
}

const char *
desk_newest(struct desk *desk, const struct ledger_query *query)
{
    begin(desk);
    assert_int_equal(ledger_newest(desk->reader, query, put_subject, desk),
                     CIM_OK);
    return desk->text;
}

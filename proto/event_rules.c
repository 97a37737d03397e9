/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Two kinds of rules: what each field may hold, one row of cim_fields with a
 * check of its own, and what the fields have to be together, by event type.
 */
#include "proto/event_rules.h"

#include <string.h>

#include "proto/topic.h"
#include "proto/uuid.h"
#include "proto/wire.h"

static bool
is_letter(uint8_t c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

static bool
is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

static bool
is_one_of(struct cim_bytes word, const char *const *words, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (cim_bytes_is(word, words[i]))
            return true;
    return false;
}

/* No C0, DEL or C1 control; text is valid UTF-8. */
static bool
is_printable(struct cim_bytes text)
{
    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = text.p[i];
        if (c < 0x20 || c == 0x7f)
            return false;
        if (c == 0xc2 && i + 1 < text.len && text.p[i + 1] < 0xa0)
            return false;
    }
    return true;
}

bool
cim_text_valid(struct cim_bytes text)
{
    return text.len >= 1 && text.len <= CIM_TEXT_MAX && is_printable(text);
}

static bool
url_valid(struct cim_bytes url)
{
    size_t i = 0;

    if (url.len > CIM_URL_MAX || !is_printable(url))
        return false;
    while (i < url.len && ((url.p[i] >= 'a' && url.p[i] <= 'z') ||
                           (i > 0 && (is_digit(url.p[i]) || url.p[i] == '+' ||
                                      url.p[i] == '.' || url.p[i] == '-'))))
        i++;
    if (i == 0 || url.len - i < 2 || url.p[i] != ':')
        return false;
    return memchr(url.p, ' ', url.len) == NULL;
}

static bool
id_valid(struct cim_bytes id)
{
    struct cim_uuid uuid;

    return cim_uuid_parse(id, &uuid) == CIM_OK;
}

bool
cim_digest_text_valid(struct cim_bytes text)
{
    static const char start[] = "sha256:";
    size_t n = sizeof start - 1;

    if (text.len != n + 64 || memcmp(text.p, start, n) != 0)
        return false;
    for (size_t i = n; i < text.len; i++)
        if (!is_digit(text.p[i]) && (text.p[i] < 'a' || text.p[i] > 'f'))
            return false;
    return true;
}

bool
cim_type_name_valid(struct cim_bytes name)
{
    if (name.len < 1 || name.len > CIM_TYPE_MAX || !is_letter(name.p[0]))
        return false;
    for (size_t i = 0; i < name.len; i++)
        if (!is_letter(name.p[i]) && !is_digit(name.p[i]))
            return false;
    return true;
}

enum cim_type
cim_type_of(struct cim_bytes name)
{
    if (cim_bytes_is(name, "ArtifactCreated"))
        return CIM_TYPE_ARTIFACT;
    if (cim_bytes_is(name, "BaselineDefined"))
        return CIM_TYPE_BASELINE;
    if (cim_bytes_is(name, "ConfidenceLevelModified"))
        return CIM_TYPE_CONFIDENCE;
    return CIM_TYPE_OWN;
}

const char *
cim_seed_key(struct cim_bytes name)
{
#define SEED_ROW(seed, json) {seed, json},
    static const struct {
        const char *seed, *json;
    } rows[] = {CIM_SEED_KEYS(SEED_ROW)};
#undef SEED_ROW

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (cim_bytes_is(name, rows[i].seed))
            return rows[i].json;
    return NULL;
}

bool
cim_level_name_valid(struct cim_bytes name)
{
    if (name.len < 1 || name.len > CIM_LEVEL_MAX || !is_letter(name.p[0]))
        return false;
    for (size_t i = 0; i < name.len; i++) {
        uint8_t c = name.p[i];
        if (!is_letter(c) && !is_digit(c) && c != '_' && c != '.' && c != '-')
            return false;
    }
    return cim_seed_key(name) == NULL;
}

bool
cim_result_valid(struct cim_bytes result)
{
    static const char *const results[] = {"SUCCESS", "UNSTABLE",     "FAILURE",
                                          "ABORTED", "NOT_BUILT",    "QUEUED",
                                          "RUNNING", "INCONCLUSIVE", "WAIVED"};

    return is_one_of(result, results, sizeof results / sizeof *results);
}

bool
cim_rel_valid(struct cim_bytes rel)
{
    static const char *const rels[] = {"cause", "subject", "element",
                                       "supersedes"};

    return is_one_of(rel, rels, sizeof rels / sizeof *rels);
}

static enum cim_err
refuse(struct cim_diag *diag, const char *text)
{
    cim_diag_set(diag, "%s", text);
    return CIM_EEVENT;
}

static enum cim_err
check_levels(struct cim_bytes raw, struct cim_diag *diag)
{
    struct cim_reader r = {.data = raw};
    struct cim_bytes name = {0}, result = {0};
    uint32_t n;

    if (cim_wire_map(&r, &n) != CIM_OK || n == 0)
        return refuse(diag, "confidenceLevel: has to be a map of at least one "
                            "NAME and its result");
    for (; n > 0; n--) {
        if (cim_wire_str(&r, &name) != CIM_OK || !cim_level_name_valid(name)) {
            cim_diag_set(diag,
                         "confidenceLevel: '%.*s' cannot be a level's name: a "
                         "letter, up to 63 more of A-Z a-z 0-9 _ . -, and no "
                         "key of the seed form",
                         (int)(name.len < 64 ? name.len : 64),
                         (const char *)name.p);
            return CIM_EEVENT;
        }
        if (cim_wire_str(&r, &result) != CIM_OK || !cim_result_valid(result)) {
            cim_diag_set(diag,
                         "confidenceLevel.%.*s: has to be SUCCESS, UNSTABLE, "
                         "FAILURE, ABORTED, NOT_BUILT, QUEUED, RUNNING, "
                         "INCONCLUSIVE or WAIVED",
                         (int)name.len, (const char *)name.p);
            return CIM_EEVENT;
        }
    }
    return CIM_OK;
}

static enum cim_err
check_members(struct cim_bytes raw, struct cim_diag *diag)
{
    struct cim_reader r = {.data = raw};
    struct cim_bytes member;
    uint32_t n;

    if (cim_wire_array(&r, &n) != CIM_OK)
        return refuse(diag, "consistsOf: has to be a list of artifact names, "
                            "baseline names or event ids; it may be empty");
    for (; n > 0; n--)
        if (cim_wire_str(&r, &member) != CIM_OK || !cim_text_valid(member) ||
            memchr(member.p, ',', member.len) != NULL)
            return refuse(diag, "consistsOf: a member has to be text of 1 to "
                                "200 bytes without commas and control "
                                "characters");
    return CIM_OK;
}

static bool
link_valid(struct cim_reader *r)
{
    struct cim_bytes rel = {0}, of = {0}, id = {0}, key;
    uint32_t pairs;

    if (cim_wire_map(r, &pairs) != CIM_OK || pairs != 3)
        return false;
    for (; pairs > 0; pairs--) {
        if (cim_wire_str(r, &key) != CIM_OK)
            return false;
        struct cim_bytes *value = cim_bytes_is(key, "rel")  ? &rel
                                  : cim_bytes_is(key, "of") ? &of
                                  : cim_bytes_is(key, "id") ? &id
                                                            : NULL;
        if (value == NULL || cim_wire_str(r, value) != CIM_OK)
            return false;
    }
    return cim_rel_valid(rel) && cim_name_valid(of) && id_valid(id);
}

static enum cim_err
check_links(struct cim_bytes raw, struct cim_diag *diag)
{
    struct cim_reader r = {.data = raw};
    uint32_t n;

    if (cim_wire_array(&r, &n) != CIM_OK)
        return refuse(diag, "links: has to be a list of {rel, of, id}");
    for (; n > 0; n--)
        if (!link_valid(&r))
            return refuse(diag, "links: a link is {rel, of, id}: rel cause, "
                                "subject, element or supersedes, of a "
                                "community, id an event id");
    return CIM_OK;
}

/* The walk is flat: skimmed bytes hold their containers' values in order. */
static enum cim_err
check_ext(struct cim_bytes raw, struct cim_diag *diag)
{
    struct cim_reader r = {.data = raw};
    struct cim_wire_value value;
    uint32_t n;

    if (cim_wire_map(&r, &n) != CIM_OK)
        return refuse(diag, "ext: has to be a map of a community's own fields");
    for (;;) {
        enum cim_err err = cim_wire_next(&r, &value);
        if (err == CIM_OK && value.kind == CIM_WIRE_END)
            return CIM_OK;
        if (err != CIM_OK || value.kind == CIM_WIRE_NIL ||
            value.kind == CIM_WIRE_BIN ||
            (value.kind == CIM_WIRE_INT && value.integer == INT64_MIN))
            return refuse(diag, "ext: may hold text, integers of 63 bits and "
                                "a sign, booleans, lists and maps only");
    }
}

#define AT(member)  offsetof(struct cim_event, member)
#define NAMED(name) name, sizeof name - 1
#define A_NAME      "text of 1 to 200 bytes without control characters"
#define A_URL                                                                  \
    "a URL: lower-case scheme, ':', at most 2048 bytes, no spaces or control " \
    "characters"

const struct cim_field cim_fields[CIM_FIELDS] = {
    {NAMED("v"), AT(v), CIM_SHAPE_INT, NULL, NULL, "the number 1"},
    {NAMED("eventId"), AT(id), CIM_SHAPE_TEXT, id_valid, NULL,
     "a UUID in lower case (8-4-4-4-12 hex digits)"},
    {NAMED("eventType"), AT(type_name), CIM_SHAPE_TEXT, cim_type_name_valid,
     NULL, "a letter and up to 63 more letters or digits"},
    {NAMED("eventTime"), AT(time_ms), CIM_SHAPE_INT, NULL, NULL,
     "ms since 1970 UTC, 0 to 2^53-1; as JSON also RFC 3339 text with a zone"},
    {NAMED("topic"), AT(topic), CIM_SHAPE_TEXT, NULL, NULL,
     "COMMUNITY/TYPE/SUBJECT/"},
    {NAMED("buildUrl"), AT(build_url), CIM_SHAPE_TEXT, url_valid, NULL, A_URL},
    {NAMED("artifactUrl"), AT(artifact_url), CIM_SHAPE_TEXT, url_valid, NULL,
     A_URL},
    {NAMED("artifactName"), AT(artifact_name), CIM_SHAPE_TEXT, cim_text_valid,
     NULL, A_NAME},
    {NAMED("artifactDigest"), AT(artifact_digest), CIM_SHAPE_TEXT,
     cim_digest_text_valid, NULL, "sha256: and 64 lower-case hex digits"},
    {NAMED("projectBranch"), AT(project_branch), CIM_SHAPE_TEXT, cim_text_valid,
     NULL, A_NAME},
    {NAMED("baselineName"), AT(baseline_name), CIM_SHAPE_TEXT, cim_text_valid,
     NULL, A_NAME},
    {NAMED("baselineUrl"), AT(baseline_url), CIM_SHAPE_TEXT, url_valid, NULL,
     A_URL},
    {NAMED("confidenceLevel"), AT(levels), CIM_SHAPE_RAW, NULL, check_levels,
     NULL},
    {NAMED("consistsOf"), AT(consists_of), CIM_SHAPE_RAW, NULL, check_members,
     NULL},
    {NAMED("links"), AT(links), CIM_SHAPE_RAW, NULL, check_links, NULL},
    {NAMED("ext"), AT(ext), CIM_SHAPE_RAW, NULL, check_ext, NULL},
};

enum cim_field_id
cim_field_find(struct cim_bytes name)
{
    unsigned i = 0;

    while (i < CIM_FIELDS &&
           (name.len != cim_fields[i].len ||
            memcmp(name.p, cim_fields[i].name, name.len) != 0))
        i++;
    return (enum cim_field_id)i;
}

struct cim_bytes *
cim_field_bytes(struct cim_event *event, const struct cim_field *field)
{
    return (struct cim_bytes *)(void *)((char *)event + field->offset);
}

int64_t *
cim_field_int(struct cim_event *event, const struct cim_field *field)
{
    return (int64_t *)(void *)((char *)event + field->offset);
}

struct cim_bytes
cim_event_subject(const struct cim_event *event)
{
    bool stamp = event->type == CIM_TYPE_CONFIDENCE;
    bool baseline = event->type == CIM_TYPE_BASELINE;
    bool artifact = event->type == CIM_TYPE_ARTIFACT;

    if ((stamp || baseline) && event->baseline_name.p != NULL)
        return event->baseline_name;
    if (stamp && event->artifact_name.p != NULL)
        return event->artifact_name;
    if ((stamp || artifact) && event->project_branch.p != NULL)
        return event->project_branch;
    return cim_bytes_str("-");
}

enum cim_err
cim_event_topic(const struct cim_event *event, struct cim_bytes community,
                struct cim_buf *out)
{
    if (!cim_name_valid(community))
        return CIM_ETOPIC;
    enum cim_err err = cim_topic_add(out, community);
    if (err == CIM_OK)
        err = cim_topic_add(out, event->type_name);
    if (err == CIM_OK)
        err = cim_topic_add(out, cim_event_subject(event));
    return err;
}

enum cim_err
cim_event_speaks_for(struct cim_bytes topic, struct cim_bytes node)
{
    struct cim_bytes community = cim_community_of(topic);

    return community.len > 0 && cim_bytes_eq(community, cim_community_of(node))
               ? CIM_OK
               : CIM_ECOMMUNITY;
}

static enum cim_err
check_topic(const struct cim_event *event, struct cim_diag *diag)
{
    struct cim_bytes third = cim_topic_segment(event->topic, 2);
    struct cim_bytes subject = cim_event_subject(event);

    if (!cim_bytes_eq(cim_topic_segment(event->topic, 1), event->type_name)) {
        cim_diag_set(diag, "topic: the second segment has to be '%.*s'",
                     (int)event->type_name.len,
                     (const char *)event->type_name.p);
        return CIM_ETOPIC;
    }
    if (third.len == 0) {
        cim_diag_set(diag, "topic: has to be COMMUNITY/TYPE/SUBJECT/");
        return CIM_ETOPIC;
    }
    if (event->v > 1 || event->type == CIM_TYPE_OWN)
        return CIM_OK;
    if (cim_topic_segment(event->topic, 3).len > 0 ||
        !cim_topic_spells(third, subject)) {
        cim_diag_set(diag,
                     "topic: after the type it has to spell '%.*s' and '/' "
                     "and nothing else",
                     (int)subject.len, (const char *)subject.p);
        return CIM_ETOPIC;
    }
    return CIM_OK;
}

static bool
is_absent(const struct cim_event *event, enum cim_field_id id)
{
    const char *at = (const char *)event + cim_fields[id].offset;

    return ((const struct cim_bytes *)(const void *)at)->p == NULL;
}

static enum cim_err
missing(const char *what, const struct cim_event *event, struct cim_diag *diag)
{
    cim_diag_set(diag, "%s: missing; every %.*s event needs it", what,
                 (int)event->type_name.len, (const char *)event->type_name.p);
    return CIM_EEVENT;
}

static enum cim_err
check_required(const struct cim_event *event, struct cim_diag *diag)
{
    static const struct {
        enum cim_type type;
        enum cim_field_id field;
    } rows[] = {
        {CIM_TYPE_ARTIFACT, CIM_F_ARTIFACT_URL},
        {CIM_TYPE_ARTIFACT, CIM_F_BRANCH},
        {CIM_TYPE_ARTIFACT, CIM_F_LEVELS},
        {CIM_TYPE_BASELINE, CIM_F_BASELINE_NAME},
        {CIM_TYPE_BASELINE, CIM_F_BASELINE_URL},
        {CIM_TYPE_BASELINE, CIM_F_CONSISTS_OF},
        {CIM_TYPE_CONFIDENCE, CIM_F_LEVELS},
    };

    if (is_absent(event, CIM_F_BUILD_URL))
        return missing("buildUrl", event, diag);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (rows[i].type == event->type && is_absent(event, rows[i].field))
            return missing(cim_fields[rows[i].field].name, event, diag);
    if (event->type == CIM_TYPE_CONFIDENCE &&
        is_absent(event, CIM_F_ARTIFACT_URL) &&
        (is_absent(event, CIM_F_BASELINE_NAME) ||
         is_absent(event, CIM_F_BASELINE_URL)))
        return missing("baselineName and baselineUrl, or artifactUrl", event,
                       diag);
    return CIM_OK;
}

enum cim_err
cim_event_rules(const struct cim_event *event, struct cim_diag *diag)
{
    enum cim_err err = CIM_OK;

    if (event->v == 1)
        err = check_required(event, diag);
    return err == CIM_OK ? check_topic(event, diag) : err;
}

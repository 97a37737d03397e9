/* SPDX-License-Identifier: MPL-2.0 */
/*
 * One spelling each: a segment is taken apart into the bytes it stands for,
 * and an escape is refused when the byte could have been written plainly, so
 * decoding and spelling are inverse. A prefix is checked by the same walk,
 * except that its last segment may stop anywhere.
 */
#include "proto/topic.h"

#include <string.h>

#define SEGMENT_MAX CIM_TOPIC_MAX

static const char hex_digits[] = "0123456789ABCDEF";

static bool
is_name_char(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
}

static bool
is_plain(uint8_t c)
{
    return (c >= 'A' && c <= 'Z') || is_name_char(c) || c == '.' || c == '_' ||
           c == '+';
}

static int
hex_value(uint8_t c)
{
    const char *at = c == '\0' ? NULL : strchr(hex_digits, c);

    return at == NULL ? -1 : (int)(at - hex_digits);
}

bool
cim_name_valid(struct cim_bytes name)
{
    if (name.len < 1 || name.len > CIM_NAME_MAX || name.p[0] == '-')
        return false;
    for (size_t i = 0; i < name.len; i++)
        if (!is_name_char(name.p[i]))
            return false;
    return true;
}

struct cim_bytes
cim_community_of(struct cim_bytes node_or_topic)
{
    const uint8_t *slash = node_or_topic.len == 0 ? NULL
                                                  : memchr(node_or_topic.p, '/',
                                                           node_or_topic.len);

    if (slash != NULL)
        node_or_topic.len = (size_t)(slash - node_or_topic.p);
    return node_or_topic;
}

bool
cim_node_valid(struct cim_bytes node)
{
    struct cim_bytes community = cim_community_of(node);

    if (community.len == node.len)
        return false;
    struct cim_bytes second =
        cim_bytes_of(node.p + community.len + 1, node.len - community.len - 1);
    return cim_name_valid(community) && cim_name_valid(second);
}

/* What a segment stands for, and why it stands for nothing. */
struct decoded {
    uint8_t bytes[SEGMENT_MAX];
    size_t len;
    size_t open; /* characters of an unfinished escape at the end: 0, 1, 2 */
    int high;    /* open 2: the digit that is there */
};

/* False with *bad at the first character that cannot stand there. */
static bool
decode(struct cim_bytes segment, struct decoded *out, size_t *bad)
{
    out->len = out->open = 0;
    for (size_t i = 0; i < segment.len; i++) {
        *bad = i;
        uint8_t c = segment.p[i];
        if (is_plain(c)) {
            out->bytes[out->len++] = c;
            continue;
        }
        if (c != '%')
            return false;
        size_t left = segment.len - i;
        out->high = left > 1 ? hex_value(segment.p[i + 1]) : 0;
        int low = left > 2 ? hex_value(segment.p[i + 2]) : 0;
        if (out->high < 0 || low < 0)
            return false;
        if (left < 3) {
            out->open = left;
            return true;
        }
        uint8_t byte = (uint8_t)(out->high << 4 | low);
        if (is_plain(byte) || byte == 0)
            return false;
        out->bytes[out->len++] = byte;
        i += 2;
    }
    return true;
}

static bool
utf8(const struct decoded *d)
{
    return cim_utf8_valid(cim_bytes_of(d->bytes, d->len));
}

/*
 * Can these bytes become UTF-8 when more follow? Each unfinished sequence can
 * be finished by 80 or A0 and then 80s (80 is too low after E0 and F0, A0 too
 * high after ED and F4).
 */
static bool
utf8_start(const struct decoded *d)
{
    static const uint8_t ends[] = {0x80, 0xa0};
    uint8_t text[SEGMENT_MAX + 3];

    if (utf8(d))
        return true;
    memcpy(text, d->bytes, d->len);
    for (size_t e = 0; e < sizeof ends; e++) {
        text[d->len] = ends[e];
        text[d->len + 1] = text[d->len + 2] = 0x80;
        for (size_t n = 1; n <= 3; n++)
            if (cim_utf8_valid(cim_bytes_of(text, d->len + n)))
                return true;
    }
    return false;
}

/* The same with an escape cut short at the end. */
static bool
text_start(struct decoded *d)
{
    if (d->open == 0 || d->len >= SEGMENT_MAX)
        return utf8_start(d);
    for (unsigned byte = 1; byte < 256; byte++) {
        if (is_plain((uint8_t)byte))
            continue;
        if (d->open == 2 && (int)(byte >> 4) != d->high)
            continue;
        d->bytes[d->len] = (uint8_t)byte;
        d->len++;
        bool ok = utf8_start(d);
        d->len--;
        if (ok)
            return true;
    }
    return false;
}

static enum cim_err
bad_character(struct cim_diag *diag, struct cim_bytes segment, size_t at)
{
    uint8_t c = segment.p[at];

    if (c == '%')
        cim_diag_set(diag,
                     "topic: the escape at '%.*s' is no upper-case %%XX of a "
                     "character that needs one",
                     (int)(segment.len - at < 3 ? segment.len - at : 3),
                     (const char *)segment.p + at);
    else
        cim_diag_set(diag,
                     "topic: character '%c' (0x%02X) has to be written as "
                     "%%%02X: only A-Z a-z 0-9 . _ + - stand for themselves",
                     c >= 0x20 && c < 0x7f ? c : '?', c, c);
    return CIM_ETOPIC;
}

static enum cim_err
refuse(struct cim_diag *diag, const char *text)
{
    cim_diag_set(diag, "topic: %s", text);
    return CIM_ETOPIC;
}

static enum cim_err
check_community(struct cim_bytes segment, struct cim_diag *diag)
{
    if (cim_name_valid(segment))
        return CIM_OK;
    cim_diag_set(diag,
                 "topic: '%.*s' is no community: 1 to %d characters of "
                 "a-z 0-9 -, the first no '-'",
                 (int)(segment.len < 40 ? segment.len : 40),
                 (const char *)segment.p, CIM_NAME_MAX);
    return CIM_ETOPIC;
}

/* A segment that a '/' closes. */
static enum cim_err
check_segment(struct cim_bytes segment, struct cim_diag *diag)
{
    struct decoded text;
    size_t bad;

    if (segment.len == 0)
        return refuse(diag, "a segment is empty");
    if (cim_bytes_is(segment, ".") || cim_bytes_is(segment, ".."))
        return refuse(diag, "a segment may not be '.' or '..'");
    if (!decode(segment, &text, &bad))
        return bad_character(diag, segment, bad);
    if (text.open > 0)
        return bad_character(diag, segment, segment.len - text.open);
    if (!utf8(&text))
        return refuse(diag, "the escapes of a segment do not give UTF-8");
    return CIM_OK;
}

/* The last segment of a prefix, which more may follow. */
static enum cim_err
check_start(struct cim_bytes segment, bool community, struct cim_diag *diag)
{
    struct decoded text;
    size_t bad;

    if (segment.len == 0)
        return CIM_OK;
    if (community)
        return check_community(segment, diag);
    if (!decode(segment, &text, &bad))
        return bad_character(diag, segment, bad);
    if (!text_start(&text))
        return refuse(diag, "the escapes of a segment do not give UTF-8");
    return CIM_OK;
}

/*
 * Checks every segment that is closed and counts them; *rest is what follows
 * the last '/'.
 */
static enum cim_err
check_closed(struct cim_bytes topic, unsigned *n, struct cim_bytes *rest,
             struct cim_diag *diag)
{
    if (topic.len > CIM_TOPIC_MAX) {
        cim_diag_set(diag, "topic: %zu bytes long, at most %d are allowed",
                     topic.len, CIM_TOPIC_MAX);
        return CIM_ETOPIC;
    }
    for (*n = 0;; (*n)++) {
        struct cim_bytes segment = cim_community_of(topic);
        if (segment.len == topic.len)
            break;
        enum cim_err err = *n == 0 ? check_community(segment, diag)
                                   : check_segment(segment, diag);
        if (err != CIM_OK)
            return err;
        topic = cim_bytes_of(topic.p + segment.len + 1,
                             topic.len - segment.len - 1);
    }
    *rest = topic;
    return CIM_OK;
}

enum cim_err
cim_topic_check(struct cim_bytes topic, struct cim_diag *diag)
{
    struct cim_bytes rest;
    unsigned n;
    enum cim_err err = check_closed(topic, &n, &rest, diag);

    if (err != CIM_OK)
        return err;
    if (rest.len > 0 || n == 0)
        return refuse(diag, "the last segment has to be closed by '/'");
    if (n < 2)
        return refuse(diag, "at least COMMUNITY/TYPE/ is needed");
    return CIM_OK;
}

/* Spelling of one byte: 1 or 3 characters. */
static size_t
spell(uint8_t byte, char out[static 3])
{
    if (is_plain(byte)) {
        out[0] = (char)byte;
        return 1;
    }
    out[0] = '%';
    out[1] = hex_digits[byte >> 4];
    out[2] = hex_digits[byte & 15];
    return 3;
}

static bool
can_be_segment(struct cim_bytes text)
{
    return text.len > 0 && !cim_bytes_is(text, ".") &&
           !cim_bytes_is(text, "..") && cim_utf8_valid(text) &&
           memchr(text.p, '\0', text.len) == NULL;
}

enum cim_err
cim_topic_add(struct cim_buf *out, struct cim_bytes text)
{
    char segment[CIM_TOPIC_MAX + 3];
    size_t len = 0;

    if (out->err != CIM_OK)
        return out->err;
    if (!can_be_segment(text))
        return CIM_ETOPIC;
    for (size_t i = 0; i < text.len; i++) {
        if (out->len + len + 1 >= CIM_TOPIC_MAX)
            return CIM_ETOPIC;
        len += spell(text.p[i], segment + len);
    }
    segment[len++] = '/';
    if (out->len + len > CIM_TOPIC_MAX)
        return CIM_ETOPIC;
    return cim_buf_add(out, segment, len);
}

bool
cim_topic_spells(struct cim_bytes segment, struct cim_bytes text)
{
    char spelt[3];
    size_t at = 0;

    for (size_t i = 0; i < text.len; i++) {
        size_t n = spell(text.p[i], spelt);
        if (segment.len - at < n || memcmp(segment.p + at, spelt, n) != 0)
            return false;
        at += n;
    }
    return at == segment.len;
}

struct cim_bytes
cim_topic_segment(struct cim_bytes topic, unsigned i)
{
    for (;; i--) {
        struct cim_bytes segment = cim_community_of(topic);
        if (i == 0)
            return segment;
        if (segment.len == topic.len)
            return cim_bytes_of(NULL, 0);
        topic = cim_bytes_of(topic.p + segment.len + 1,
                             topic.len - segment.len - 1);
    }
}

static enum cim_err
prefix_set(struct cim_bytes bytes, struct cim_prefix *out,
           struct cim_diag *diag)
{
    struct cim_bytes rest;
    unsigned n;
    enum cim_err err = check_closed(bytes, &n, &rest, diag);

    if (err == CIM_OK)
        err = check_start(rest, n == 0, diag);
    if (err != CIM_OK)
        return err;
    if (bytes.len > 0)
        memcpy(out->text, bytes.p, bytes.len);
    out->text[bytes.len] = '\0';
    out->len = (uint16_t)bytes.len;
    return CIM_OK;
}

enum cim_err
cim_prefix_parse(struct cim_bytes typed, struct cim_prefix *out,
                 struct cim_diag *diag)
{
    uint8_t closed[CIM_TOPIC_MAX + 1];

    if (typed.len == 0)
        return refuse(diag, "empty: '*' is the prefix of everything");
    if (memchr(typed.p, '*', typed.len - 1) != NULL)
        return refuse(diag, "'*' may stand at the end of a prefix only");
    if (typed.p[typed.len - 1] == '*')
        return prefix_set(cim_bytes_of(typed.p, typed.len - 1), out, diag);
    if (typed.p[typed.len - 1] == '/' || typed.len > CIM_TOPIC_MAX)
        return prefix_set(typed, out, diag);
    memcpy(closed, typed.p, typed.len);
    closed[typed.len] = '/';
    return prefix_set(cim_bytes_of(closed, typed.len + 1), out, diag);
}

enum cim_err
cim_prefix_from_wire(struct cim_bytes bytes, struct cim_prefix *out)
{
    return prefix_set(bytes, out, NULL);
}

struct cim_bytes
cim_prefix_bytes(const struct cim_prefix *prefix)
{
    return cim_bytes_of(prefix->text, prefix->len);
}

static bool
starts_with(struct cim_bytes text, struct cim_bytes start)
{
    return start.len == 0 ||
           (text.len >= start.len && memcmp(text.p, start.p, start.len) == 0);
}

bool
cim_prefix_match(const struct cim_prefix *prefix, struct cim_bytes topic)
{
    return starts_with(topic, cim_prefix_bytes(prefix));
}

bool
cim_prefix_covers(const struct cim_prefix *prefix, struct cim_bytes community)
{
    struct cim_bytes p = cim_prefix_bytes(prefix);

    return p.len == 0 ||
           (p.len == community.len + 1 && starts_with(p, community) &&
            p.p[community.len] == '/');
}

bool
cim_prefix_touches(const struct cim_prefix *prefix, struct cim_bytes community)
{
    struct cim_bytes p = cim_prefix_bytes(prefix);

    if (p.len <= community.len)
        return starts_with(community, p);
    return starts_with(p, community) && p.p[community.len] == '/';
}

void
cim_prefix_show(const struct cim_prefix *prefix,
                char out[static CIM_TOPIC_MAX + 2])
{
    size_t len = prefix->len;

    memcpy(out, prefix->text, len);
    if (len == 0 || out[len - 1] != '/')
        out[len++] = '*';
    out[len] = '\0';
}

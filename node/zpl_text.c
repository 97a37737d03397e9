/* SPDX-License-Identifier: MPL-2.0 */
/*
 *     # a comment, indented like a key
 *     section
 *         name = "value"      # or 'value', or a bare word: yes, 42
 *     end = 1
 *
 * Four spaces a level. A quote cannot stand inside quotes of its own kind.
 * What passes here zconfig takes without a word; it would print to stdout.
 */
#include "node/zpl_text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "node/mem.h"
#include "node/zpl.h"

struct check {
    const char *file;
    struct cim_diag *diag;
    unsigned line;                /* the one being read */
    unsigned keys[ZPL_DEPTH_MAX]; /* so far, in the open section of a depth */
    struct zpl_line *v;
    size_t n, cap;
};

static enum cim_err bad(const struct check *c, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

static enum cim_err
bad(const struct check *c, const char *fmt, ...)
{
    char text[sizeof c->diag->text];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    cim_diag_set(c->diag, "%s:%u: %s", c->file, c->line, text);
    return CIM_EFORM;
}

static enum cim_err
check_bytes(const struct check *c, struct cim_bytes line)
{
    if (line.len > ZPL_LINE_MAX)
        return bad(c, "%zu bytes on one line, at most %d may be; split it",
                   line.len, ZPL_LINE_MAX);
    for (size_t i = 0, n; i < line.len; i += n) {
        uint32_t code;

        if (!(n = cim_utf8_next(line.p + i, line.len - i, &code)))
            return bad(c, "not UTF-8; save the file as UTF-8");
        if (code == '\t')
            return bad(c, "a tab; indent with four spaces a level");
        if (code == '\r')
            return bad(c, "a Windows line end; convert the file: tr -d '\\r'");
        if (code < 0x80 && cim_utf8_unsafe(code))
            return bad(c, "a control character (0x%02x); remove it", code);
        if (cim_utf8_unsafe(code))
            return bad(c,
                       "the invisible character U+%04X, which may show this "
                       "file as another; remove it",
                       code);
    }
    return CIM_OK;
}

static bool
is_word(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
}

static struct cim_bytes
word_at(struct cim_bytes line, size_t at)
{
    size_t end = at;

    while (end < line.len && is_word(line.p[end]))
        end++;
    return cim_bytes_of(line.p + at, end - at);
}

static size_t
skip_spaces(struct cim_bytes line, size_t at)
{
    while (at < line.len && line.p[at] == ' ')
        at++;
    return at;
}

/* The value that starts at line[*at]; moves *at behind it. */
static enum cim_err
read_value(const struct check *c, struct cim_bytes line, size_t *at,
           struct cim_bytes *out)
{
    const uint8_t *end;
    uint8_t quote = *at < line.len ? line.p[*at] : 0;

    if (quote != '"' && quote != '\'') {
        *out = word_at(line, *at);
        *at += out->len;
        return out->len ? CIM_OK
                        : bad(c, "no value after '='; write NAME = \"value\"");
    }
    end = memchr(line.p + *at + 1, quote, line.len - *at - 1);
    if (!end)
        return bad(c, "the value's closing %c is missing", quote);
    *out = cim_bytes_of(line.p + *at + 1, (size_t)(end - line.p) - *at - 1);
    *at = (size_t)(end - line.p) + 1;
    return out->len ? CIM_OK
                    : bad(c, "an empty value; write one, or remove the line");
}

static enum cim_err
check_depth(const struct check *c, const struct zpl_line *item)
{
    const struct zpl_line *last = c->n ? &c->v[c->n - 1] : NULL;
    unsigned deepest = last ? last->depth + 1 : 0;

    if (item->depth > deepest)
        return bad(c, "indented too deep: at most %u spaces here", deepest * 4);
    if (item->depth >= ZPL_DEPTH_MAX)
        return bad(c, "sections within sections: at most %d levels",
                   ZPL_DEPTH_MAX);
    if (last && item->depth > last->depth && last->value.p)
        return bad(c,
                   "indented under '%.*s', which has a value; use %u "
                   "spaces",
                   (int)last->name.len, (const char *)last->name.p,
                   last->depth * 4);
    if (c->n >= ZPL_KEYS_MAX)
        return bad(c, "more than %d keys in one file", ZPL_KEYS_MAX);
    return CIM_OK;
}

/* NAME, or NAME = value, then nothing but a comment. */
static enum cim_err
read_item(const struct check *c, struct cim_bytes line, size_t at,
          struct zpl_line *out)
{
    enum cim_err err;

    out->line = c->line;
    out->depth = (unsigned)at / 4;
    out->name = word_at(line, at);
    out->value = cim_bytes_of(NULL, 0);
    if (out->name.len == 0 || out->name.len > ZPL_NAME_MAX)
        return bad(c,
                   "a line is NAME, NAME = \"value\" or # comment; names "
                   "have 1 to %d letters, digits, '-', '_' and '.'",
                   ZPL_NAME_MAX);
    at = skip_spaces(line, at + out->name.len);
    if (at < line.len && line.p[at] == '=') {
        at = skip_spaces(line, at + 1);
        if ((err = read_value(c, line, &at, &out->value)))
            return err;
        at = skip_spaces(line, at);
    }
    if (at < line.len && line.p[at] != '#')
        return bad(c,
                   "'%.*s' is followed by more text; write NAME = "
                   "\"value\", the value in quotes",
                   (int)out->name.len, (const char *)out->name.p);
    return check_depth(c, out);
}

static enum cim_err
count_key(struct check *c, unsigned depth)
{
    if (depth + 1 < ZPL_DEPTH_MAX)
        c->keys[depth + 1] = 0;
    if (++c->keys[depth] > ZPL_SECTION_MAX)
        return bad(c, "more than %d keys in one section", ZPL_SECTION_MAX);
    return CIM_OK;
}

static bool
is_end(const struct zpl_line *item)
{
    return item->depth == 0 && cim_bytes_is(item->name, "end");
}

static enum cim_err
check_line(struct check *c, struct cim_bytes line)
{
    size_t at = skip_spaces(line, 0);
    struct zpl_line item;
    enum cim_err err = check_bytes(c, line);

    if (err || at == line.len)
        return err;
    if (at % 4 != 0)
        return bad(c, "indented by %zu spaces; four a level", at);
    if (line.p[at] == '#')
        return CIM_OK;
    if ((err = read_item(c, line, at, &item)))
        return err;
    if (c->n && is_end(&c->v[c->n - 1]))
        return bad(c, "'%.*s' stands behind `end = 1`; move it up",
                   (int)item.name.len, (const char *)item.name.p);
    if ((err = count_key(c, item.depth)))
        return err;
    xgrow(&c->v, &c->cap, c->n, sizeof *c->v);
    c->v[c->n++] = item;
    return CIM_OK;
}

static enum cim_err
check_end(const struct check *c)
{
    const struct zpl_line *last = c->n ? &c->v[c->n - 1] : NULL;

    if (last && is_end(last) && last->value.p && cim_bytes_is(last->value, "1"))
        return CIM_OK;
    return bad(c, "the file does not end with `end = 1`; is it complete?");
}

static enum cim_err
check_lines(struct check *c, struct cim_bytes text)
{
    const uint8_t *p = text.p, *eol;
    size_t left = text.len, len;
    enum cim_err err;

    while (left > 0) {
        eol = memchr(p, '\n', left);
        len = eol ? (size_t)(eol - p) : left;
        c->line++;
        if ((err = check_line(c, cim_bytes_of(p, len))))
            return err;
        len += eol ? 1 : 0;
        p += len;
        left -= len;
    }
    return check_end(c);
}

enum cim_err
zpl_text_check(struct cim_bytes text, const char *file, struct zpl_line **out,
               size_t *n, struct cim_diag *diag)
{
    struct check c = {.file = file, .diag = diag};
    enum cim_err err;

    *out = NULL;
    *n = 0;
    if (text.len > ZPL_FILE_MAX) {
        cim_diag_set(diag, "%s: %zu bytes, at most %d may be", file, text.len,
                     ZPL_FILE_MAX);
        return CIM_ETOOBIG;
    }
    if ((err = check_lines(&c, text))) {
        free(c.v);
        return err;
    }
    *out = c.v;
    *n = c.n;
    return CIM_OK;
}

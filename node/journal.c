/* SPDX-License-Identifier: MPL-2.0 */
#include "node/journal.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "node/clock.h"

#define FOLD_MS    60000
#define FOLD_SLOTS 512
#define LINE_MAX_  2048

struct fold {
    uint64_t hash;   /* of code and key; 0: free */
    int64_t mono_ms; /* when its last line went out */
    uint64_t held;   /* lines kept back since */
};

/*
 * The one state of the process that is not in struct node: lines are written
 * from everywhere, and a fold has to outlive its caller.
 */
static struct {
    enum journal_level least;
    struct fold folds[FOLD_SLOTS];
} journal = {.least = LOG_LEVEL_INFO};

void
journal_open(enum journal_level least)
{
    journal.least = least;
}

static size_t
put_head(char *line, enum journal_level level, const char *code)
{
    static const char *const names[] = {"debug", "info", "warn", "fatal"};
    int64_t now = clock_wall_ms();
    time_t seconds = (time_t)(now / 1000);
    struct tm tm;
    char time[32];

    gmtime_r(&seconds, &tm);
    strftime(time, sizeof time, "%Y-%m-%dT%H:%M:%S", &tm);
    return (size_t)snprintf(line, LINE_MAX_, "%s.%03dZ %s %s", time,
                            (int)(now % 1000), names[level], code);
}

/* One line, one write: lines of other processes on the same pipe stay whole. */
__attribute__((format(printf, 3, 0))) static void
put_line(enum journal_level level, const char *code, const char *fmt,
         va_list ap, uint64_t held)
{
    char line[LINE_MAX_];
    size_t at = put_head(line, level, code);
    size_t room = sizeof line - 48; /* of `repeated=` and the newline */
    int n;

    if (*fmt) {
        line[at++] = ' ';
        n = vsnprintf(line + at, room - at, fmt, ap);
        at += n < 0 ? 0 : (size_t)n < room - at ? (size_t)n : room - at - 1;
    }
    if (held)
        at += (size_t)snprintf(line + at, sizeof line - at,
                               " repeated=%" PRIu64, held);
    line[at++] = '\n';
    fwrite(line, 1, at, stderr);
    fflush(stderr);
}

#define LOG_BODY(level, code, fmt)                                             \
    do {                                                                       \
        va_list ap;                                                            \
        if ((level) < journal.least)                                           \
            return;                                                            \
        va_start(ap, fmt);                                                     \
        put_line((level), (code), (fmt), ap, 0);                               \
        va_end(ap);                                                            \
    } while (0)

void
log_debug(const char *code, const char *fmt, ...)
{
    LOG_BODY(LOG_LEVEL_DEBUG, code, fmt);
}

void
log_info(const char *code, const char *fmt, ...)
{
    LOG_BODY(LOG_LEVEL_INFO, code, fmt);
}

void
log_warn(const char *code, const char *fmt, ...)
{
    LOG_BODY(LOG_LEVEL_WARN, code, fmt);
}

void
log_fatal(const char *code, const char *fmt, ...)
{
    LOG_BODY(LOG_LEVEL_FATAL, code, fmt);
}

static uint64_t
fnv(uint64_t h, const char *text)
{
    for (; *text; text++)
        h = (h ^ (uint8_t)*text) * UINT64_C(0x100000001b3);
    return (h ^ 0xff) * UINT64_C(0x100000001b3);
}

/* The slot of this hash, or the least recently used one of its row of 8. */
static struct fold *
fold_of(uint64_t hash)
{
    struct fold *row = &journal.folds[hash % (FOLD_SLOTS / 8) * 8];
    struct fold *oldest = row;

    for (struct fold *f = row; f < row + 8; f++) {
        if (f->hash == hash)
            return f;
        if (f->mono_ms < oldest->mono_ms)
            oldest = f;
    }
    *oldest = (struct fold){.hash = hash};
    return oldest;
}

void
log_folded(enum journal_level level, const char *code, const char *key,
           const char *fmt, ...)
{
    uint64_t hash = fnv(fnv(UINT64_C(0xcbf29ce484222325), code), key) | 1;
    struct fold *fold;
    int64_t now = clock_mono_ms();
    va_list ap;

    if (level < journal.least)
        return;
    fold = fold_of(hash);
    if (fold->mono_ms && now - fold->mono_ms < FOLD_MS) {
        fold->held++;
        return;
    }
    va_start(ap, fmt);
    put_line(level, code, fmt, ap, fold->held);
    va_end(ap);
    fold->mono_ms = now;
    fold->held = 0;
}

const char *
journal_safe(struct cim_bytes text, char *out, size_t cap)
{
    size_t at = 0;

    for (size_t i = 0; i < text.len && at + 5 < cap; i++) {
        uint8_t c = text.p[i];

        if (c > ' ' && c < 0x7f && c != '\\' && c != '"')
            out[at++] = (char)c;
        else
            at += (size_t)snprintf(out + at, cap - at, "\\x%02x", c);
    }
    out[at] = 0;
    return out;
}

/* SPDX-License-Identifier: MPL-2.0 */
/*
 * journal - log lines on stderr: time, level, CODE, key=value.
 *
 * A code is upper case and stable, so a line leads to its source. Values from
 * outside go through journal_safe. Lines of one code and peer are folded: the
 * first goes out, then a count once a minute. Only the loop thread and the
 * start-up write; other threads report through their pipes.
 */
#ifndef CIM_NODE_JOURNAL_H
#define CIM_NODE_JOURNAL_H

#include "keys/bytes.h"

enum journal_level {
    LOG_LEVEL_DEBUG,
    LOG_LEVEL_INFO,
    LOG_LEVEL_WARN,
    LOG_LEVEL_FATAL
};

void journal_open(enum journal_level least);
void log_debug(const char *code, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
void log_info(const char *code, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
void log_warn(const char *code, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
void log_fatal(const char *code, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
/* At most one line a minute for each (code, key); the rest are counted and
 * told with the next. */
void log_folded(enum journal_level level, const char *code, const char *key,
                const char *fmt, ...) __attribute__((format(printf, 4, 5)));

/* Printable ASCII, the rest as \xNN, cut at cap; returns out. */
const char *journal_safe(struct cim_bytes text, char *out, size_t cap);

#endif

/* SPDX-License-Identifier: MPL-2.0 */
#include "node/safe.h"

#include <stdarg.h>
#include <stdio.h>

void
safe_add(struct cim_buf *out, struct cim_bytes text)
{
    char escape[16];
    uint32_t code;

    for (size_t at = 0, n; at < text.len; at += n) {
        n = cim_utf8_next(text.p + at, text.len - at, &code);
        if (n == 0) {
            cim_buf_add_u8(out, '?');
            n = 1;
        } else if (cim_utf8_unsafe(code)) {
            snprintf(escape, sizeof escape, "\\u%04x", (unsigned)code);
            cim_buf_add_str(out, escape);
        } else {
            cim_buf_add(out, text.p + at, n);
        }
    }
}

void
safe_put(struct cim_buf *out, const char *fmt, ...)
{
    char line[1024];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(line, sizeof line, fmt, ap);
    va_end(ap);
    cim_buf_add_str(out, line);
}

/* SPDX-License-Identifier: MPL-2.0 */
#include "node/mem.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void
mem_fail(void)
{
    static const char text[] =
        "fatal: out of memory: the node ends, nothing unwritten was"
        " acknowledged; give it more memory, then start it again\n";

    /* Neither locks nor buffers: whoever holds them may be in the middle. */
    (void)!write(STDERR_FILENO, text, sizeof text - 1);
    _exit(MEM_EXIT);
}

static void *
or_fail(void *p)
{
    if (!p)
        mem_fail();
    return p;
}

void *
xcalloc(size_t n, size_t size)
{
    return or_fail(calloc(n ? n : 1, size ? size : 1));
}

void *
xrealloc(void *p, size_t size)
{
    return or_fail(realloc(p, size ? size : 1));
}

char *
xstrdup(const char *text)
{
    return or_fail(strdup(text));
}

char *
xstrndup(const char *text, size_t len)
{
    return or_fail(strndup(text, len));
}

char *
xtext(struct cim_bytes text)
{
    char *copy = xcalloc(1, text.len + 1);

    if (text.len)
        memcpy(copy, text.p, text.len);
    return copy;
}

struct cim_bytes
xbytes(struct cim_bytes b)
{
    return cim_bytes_of(xtext(b), b.len);
}

char *
xasprintf(const char *fmt, ...)
{
    char *text;
    va_list ap;

    va_start(ap, fmt);
    if (vasprintf(&text, fmt, ap) < 0)
        mem_fail();
    va_end(ap);
    return text;
}

void
xgrow(void *array, size_t *cap, size_t n, size_t item)
{
    void *p;

    if (n < *cap)
        return;
    *cap = *cap ? *cap * 2 : 8;
    if (*cap <= n)
        *cap = n + 1;
    memcpy(&p, array, sizeof p);
    p = or_fail(reallocarray(p, *cap, item));
    memcpy(array, &p, sizeof p);
}

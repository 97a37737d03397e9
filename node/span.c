/* SPDX-License-Identifier: MPL-2.0 */
#include "node/span.h"

#include <stdlib.h>
#include <string.h>

#include "node/mem.h"

void
span_clear(struct span_set *set)
{
    free(set->v);
    *set = (struct span_set){0};
}

/* One past the last position; positions stay below 2^53, so no overflow. */
static uint64_t
end_of(const struct cim_span *span)
{
    return span->first + span->n;
}

/* The first span that ends at or after this position; len when none. */
static size_t
find(const struct span_set *set, uint64_t position)
{
    size_t lo = 0;
    size_t hi = set->len;

    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (end_of(&set->v[mid]) < position)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

/* Puts `with` (n 0, 1 or 2 of them) where v[at..at+gone) were. */
static void
replace(struct span_set *set, size_t at, size_t gone,
        const struct cim_span *with, size_t n)
{
    size_t tail = set->len - at - gone;

    if (n > gone)
        xgrow(&set->v, &set->cap, set->len + 1, sizeof *set->v);
    if (tail)
        memmove(set->v + at + n, set->v + at + gone, tail * sizeof *set->v);
    if (n)
        memcpy(set->v + at, with, n * sizeof *with);
    set->len = at + n + tail;
}

void
span_add(struct span_set *set, uint64_t first, uint64_t n)
{
    if (!n)
        return;
    struct cim_span joined = {first, n};
    uint64_t end = first + n;
    size_t at = find(set, first);
    size_t i = at;

    /* All that overlap or touch become one. */
    for (; i < set->len && set->v[i].first <= end; i++) {
        if (set->v[i].first < joined.first)
            joined.first = set->v[i].first;
        if (end_of(&set->v[i]) > end)
            end = end_of(&set->v[i]);
    }
    joined.n = end - joined.first;
    replace(set, at, i - at, &joined, 1);
}

void
span_remove(struct span_set *set, uint64_t first, uint64_t n)
{
    struct cim_span rest[2];
    size_t n_rest = 0;
    uint64_t end = first + n;
    size_t at = find(set, first + 1);
    size_t i = at;

    for (; n && i < set->len && set->v[i].first < end; i++) {
        struct cim_span s = set->v[i];
        if (s.first < first)
            rest[n_rest++] = (struct cim_span){s.first, first - s.first};
        if (end_of(&s) > end)
            rest[n_rest++] = (struct cim_span){end, end_of(&s) - end};
    }
    if (i > at)
        replace(set, at, i - at, rest, n_rest);
}

bool
span_has(const struct span_set *set, uint64_t position)
{
    size_t at = find(set, position + 1);

    return at < set->len && set->v[at].first <= position;
}

uint64_t
span_count(const struct span_set *set)
{
    uint64_t n = 0;

    for (size_t i = 0; i < set->len; i++)
        n += set->v[i].n;
    return n;
}

void
span_copy(struct span_set *to, const struct span_set *from)
{
    struct span_set copy = {0};

    if (from->len) {
        copy.v = xcalloc(from->len, sizeof *copy.v);
        copy.len = copy.cap = from->len;
        memcpy(copy.v, from->v, from->len * sizeof *copy.v);
    }
    span_clear(to);
    *to = copy;
}

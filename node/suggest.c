/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Edit distance with swaps of neighbours (optimal string alignment): a table
 * of rows, of which only the last three are kept.
 */
#include "node/suggest.h"

#include <stddef.h>
#include <string.h>

#define WORD_MAX_LEN 32

static unsigned
least(unsigned a, unsigned b, unsigned c)
{
    unsigned least_two = a < b ? a : b;

    return c < least_two ? c : least_two;
}

static unsigned
distance(const char *a, size_t n, const char *b, size_t m)
{
    unsigned rows[3][WORD_MAX_LEN + 1];
    unsigned *before = rows[0], *last = rows[1], *now = rows[2], *spare;

    for (size_t j = 0; j <= m; j++)
        last[j] = (unsigned)j;
    for (size_t i = 1; i <= n; i++) {
        now[0] = (unsigned)i;
        for (size_t j = 1; j <= m; j++) {
            now[j] = least(last[j] + 1, now[j - 1] + 1,
                           last[j - 1] + (a[i - 1] != b[j - 1]));
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] &&
                a[i - 2] == b[j - 1] && before[j - 2] + 1 < now[j])
                now[j] = before[j - 2] + 1;
        }
        spare = before;
        before = last;
        last = now;
        now = spare;
    }
    return last[m];
}

/* The one word that starts so, or NULL. */
static const char *
completed(const char *start, size_t len, const char *const *words)
{
    const char *found = NULL;

    if (len < 2)
        return NULL;
    for (; *words; words++) {
        if (strncmp(*words, start, len) != 0)
            continue;
        if (found)
            return NULL;
        found = *words;
    }
    return found;
}

const char *
suggest(const char *word, const char *const *words)
{
    size_t n = strlen(word), m;
    unsigned best = n <= 3 ? 1 : n <= 6 ? 2 : 3, d;
    const char *found = NULL;

    if (n == 0 || n > WORD_MAX_LEN)
        return NULL;
    for (const char *const *w = words; *w; w++) {
        m = strlen(*w);
        if (m > WORD_MAX_LEN)
            continue;
        d = distance(word, n, *w, m);
        /* All letters changed is no likeness. */
        if (d < m && (d < best || (d == best && !found))) {
            best = d;
            found = *w;
        }
    }
    return found ? found : completed(word, n, words);
}

/* SPDX-License-Identifier: MPL-2.0 */
/*
 * chance - repeatable random values for property tests.
 *
 * A run is named by its seed, so a failure can be repeated: every property
 * prints none and starts from a fixed one.
 */
#ifndef CIM_TESTS_CHANCE_H
#define CIM_TESTS_CHANCE_H

#include <stddef.h>
#include <stdint.h>

struct chance {
    uint64_t state; /* not 0 */
};

/* xorshift64*: plain, and good enough to choose test inputs. */
static inline uint64_t
chance_u64(struct chance *c)
{
    c->state ^= c->state >> 12;
    c->state ^= c->state << 25;
    c->state ^= c->state >> 27;
    return c->state * UINT64_C(2685821657736338717);
}

/* 0..n-1 */
static inline size_t
chance_below(struct chance *c, size_t n)
{
    return (size_t)(chance_u64(c) >> 33) % n;
}

/*
 * UTF-8 text of n characters into out, which has room for 4 n bytes; mostly
 * plain ones, '/', '%', '.', and some of every length. Returns its bytes.
 */
static inline size_t
chance_text(struct chance *c, size_t n, char *out)
{
    static const char plain[] = "abzAZ09._+-./%* ,:";
    size_t len = 0;

    for (; n > 0; n--) {
        uint32_t code = 0;
        switch (chance_below(c, 8)) {
        case 0:
            code = 0xa0 + (uint32_t)chance_below(c, 0x700);
            break;
        case 1:
            code = 0xe000 + (uint32_t)chance_below(c, 0x1000);
            break;
        case 2:
            code = 0x10000 + (uint32_t)chance_below(c, 0x1000);
            break;
        default:
            out[len++] = plain[chance_below(c, sizeof plain - 1)];
            continue;
        }
        if (code >= 0x10000) {
            out[len++] = (char)(0xf0 | code >> 18);
            out[len++] = (char)(0x80 | (code >> 12 & 0x3f));
            out[len++] = (char)(0x80 | (code >> 6 & 0x3f));
        } else if (code >= 0x800) {
            out[len++] = (char)(0xe0 | code >> 12);
            out[len++] = (char)(0x80 | (code >> 6 & 0x3f));
        } else {
            out[len++] = (char)(0xc0 | code >> 6);
        }
        out[len++] = (char)(0x80 | (code & 0x3f));
    }
    return len;
}

#endif

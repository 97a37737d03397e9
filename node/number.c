/* SPDX-License-Identifier: MPL-2.0 */
#include "node/number.h"

#include <string.h>

bool
number_parse(struct cim_bytes text, uint64_t max, uint64_t *out)
{
    uint64_t value = 0;

    if (text.len == 0 || (text.len > 1 && text.p[0] == '0'))
        return false;
    for (size_t i = 0; i < text.len; i++) {
        uint64_t digit = (uint64_t)text.p[i] - '0';

        if (digit > 9 || value > (max - digit) / 10 || digit > max)
            return false;
        value = value * 10 + digit;
    }
    *out = value;
    return true;
}

bool
number_with_unit(struct cim_bytes text, const char *letters,
                 const uint64_t *units, uint64_t max, uint64_t *out)
{
    const char *letter = text.len && text.p[text.len - 1]
                             ? strchr(letters, text.p[text.len - 1])
                             : NULL;
    uint64_t unit = letter ? units[letter - letters] : 1;

    if (letter)
        text.len--;
    if (!number_parse(text, max / unit, out))
        return false;
    *out *= unit;
    return true;
}

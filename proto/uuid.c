/* SPDX-License-Identifier: MPL-2.0 */
#include "proto/uuid.h"

#include <string.h>

static bool
is_dash_at(size_t i)
{
    return i == 8 || i == 13 || i == 18 || i == 23;
}

static int
hex_digit(uint8_t c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return -1;
}

enum cim_err
cim_uuid_parse(struct cim_bytes text, struct cim_uuid *out)
{
    struct cim_uuid id = {{0}};
    size_t nibbles = 0;

    if (text.len != CIM_UUID_TEXT_LEN)
        return CIM_EFORM;
    for (size_t i = 0; i < text.len; i++) {
        if (is_dash_at(i)) {
            if (text.p[i] != '-')
                return CIM_EFORM;
            continue;
        }
        int digit = hex_digit(text.p[i]);
        if (digit < 0)
            return CIM_EFORM;
        uint8_t *byte = &id.b[nibbles++ / 2];
        *byte = (uint8_t)(*byte << 4 | digit);
    }
    unsigned version = id.b[6] >> 4;
    if (version < 1 || version > 8 || id.b[8] >> 6 != 2)
        return CIM_EFORM;
    *out = id;
    return CIM_OK;
}

void
cim_uuid_text(const struct cim_uuid *id, char out[static CIM_UUID_TEXT_LEN + 1])
{
    static const char digits[] = "0123456789abcdef";
    size_t nibbles = 0;

    for (size_t i = 0; i < CIM_UUID_TEXT_LEN; i++) {
        if (is_dash_at(i)) {
            out[i] = '-';
            continue;
        }
        uint8_t byte = id->b[nibbles / 2];
        out[i] = digits[nibbles % 2 == 0 ? byte >> 4 : byte & 15];
        nibbles++;
    }
    out[CIM_UUID_TEXT_LEN] = '\0';
}

static void
set_version(struct cim_uuid *id, unsigned version)
{
    id->b[6] = (uint8_t)((id->b[6] & 0x0f) | version << 4);
    id->b[8] = (uint8_t)((id->b[8] & 0x3f) | 0x80);
}

struct cim_uuid
cim_uuid_v7(int64_t time_ms, const uint8_t random[static 10])
{
    struct cim_uuid id;
    uint64_t ms = (uint64_t)time_ms;

    for (size_t i = 0; i < 6; i++)
        id.b[i] = (uint8_t)(ms >> (40 - 8 * i));
    memcpy(id.b + 6, random, 10);
    set_version(&id, 7);
    return id;
}

struct cim_uuid
cim_uuid_v8(const struct cim_hash *content)
{
    struct cim_uuid id;

    memcpy(id.b, content->b, sizeof id.b);
    set_version(&id, 8);
    return id;
}

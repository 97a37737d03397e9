/* SPDX-License-Identifier: MPL-2.0 */
/*
 * One pass over a message, with a small stack of counters: no recursion, no
 * allocation. cim_wire_next checks each head by itself; here is what takes
 * memory of what came before: depth, how many values, which keys.
 */
#include <string.h>

#include "proto/wire.h"

#define DEPTH_MAX 32

/* Keys of all maps that are open at one time; an event has fewer values. */
#define KEYS_MAX 4096

struct level {
    uint32_t left; /* values still to come in this container */
    bool map;      /* keys and values take turns */
    bool key;      /* map: the next value is a key */
    uint32_t keys; /* map: its keys start here in skim.keys */
};

struct skim {
    struct cim_bytes data;
    size_t at;
    struct level level[DEPTH_MAX];
    unsigned depth, max_depth;
    uint32_t keys[KEYS_MAX]; /* offsets of keys, each map's in key order */
    uint32_t n_keys;
};

static bool
text_clean(struct cim_bytes text)
{
    return (text.len == 0 || !memchr(text.p, 0, text.len)) &&
           cim_utf8_valid(text);
}

static struct cim_bytes
key_at(const struct skim *s, uint32_t offset)
{
    struct cim_reader r = {.data = s->data, .at = offset};
    struct cim_bytes key = {0};

    return cim_wire_str(&r, &key) ? (struct cim_bytes){0} : key;
}

/*
 * Puts the key at s->at among those of its map, which are kept in order, so
 * a repeated one is found by bisection however many there are.
 */
static enum cim_err
skim_key(struct skim *s, const struct level *map,
         const struct cim_wire_value *v)
{
    uint32_t lo = map->keys, hi = s->n_keys;

    if (v->kind != CIM_WIRE_STR)
        return CIM_EFORM;
    if (s->n_keys == KEYS_MAX)
        return CIM_ETOOBIG;
    while (lo < hi) {
        uint32_t mid = lo + (hi - lo) / 2;
        int order = cim_bytes_cmp(key_at(s, s->keys[mid]), v->bytes);
        if (order == 0)
            return CIM_EFORM;
        if (order < 0)
            lo = mid + 1;
        else
            hi = mid;
    }
    memmove(&s->keys[lo + 1], &s->keys[lo],
            (s->n_keys - lo) * sizeof s->keys[0]);
    s->keys[lo] = (uint32_t)s->at;
    s->n_keys++;
    return CIM_OK;
}

static enum cim_err
skim_open(struct skim *s, const struct cim_wire_value *v)
{
    bool map = v->kind == CIM_WIRE_MAP;

    if (s->depth == s->max_depth)
        return CIM_EDEPTH;
    s->level[s->depth++] = (struct level){.left = map ? v->n * 2 : v->n,
                                          .map = map,
                                          .key = map,
                                          .keys = s->n_keys};
    return CIM_OK;
}

/* One value: its head, its text, its place in the container it stands in. */
static enum cim_err
skim_value(struct skim *s)
{
    struct level *in = s->depth ? &s->level[s->depth - 1] : NULL;
    struct cim_wire_value v;
    struct cim_reader r = {.data = s->data, .at = s->at};
    enum cim_err err = cim_wire_next(&r, &v);

    if (err)
        return err;
    if (v.kind == CIM_WIRE_END)
        return CIM_ESHORT;
    if (v.kind == CIM_WIRE_STR && !text_clean(v.bytes))
        return CIM_EFORM;
    if (in && in->map && in->key)
        err = skim_key(s, in, &v);
    if (err)
        return err;
    s->at = r.at;
    if (in) {
        in->left--;
        in->key = in->map && !in->key;
    }
    if (v.kind == CIM_WIRE_ARRAY || v.kind == CIM_WIRE_MAP)
        err = skim_open(s, &v);
    return err;
}

enum cim_err
cim_wire_skim(struct cim_bytes data, unsigned max_depth, unsigned max_items)
{
    struct skim s; /* 17 KiB: only what is read is set */
    unsigned items = 0;

    if (data.len == 0) /* and p may be NULL, which takes no offset */
        return CIM_ESHORT;
    s.data = data;
    s.at = 0;
    s.depth = 0;
    s.max_depth = max_depth < DEPTH_MAX ? max_depth : DEPTH_MAX;
    s.n_keys = 0;
    do {
        if (items++ == max_items)
            return CIM_ETOOBIG;
        enum cim_err err = skim_value(&s);
        if (err)
            return err;
        while (s.depth && s.level[s.depth - 1].left == 0)
            s.n_keys = s.level[--s.depth].keys;
    } while (s.depth);
    return s.at == data.len ? CIM_OK : CIM_ETRAIL;
}

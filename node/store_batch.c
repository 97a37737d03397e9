/* SPDX-License-Identifier: MPL-2.0 */
/*
 * How a batch is kept, and how rot in it is told.
 *
 * SQLite finds a torn write but not a flipped bit, so nothing read back is
 * believed: the header by a hash over it and its signature, the frontier by
 * the root in the header, an event by its leaf in the frontier. A frontier
 * that no longer fits is mended from the events, which carry the same hashes.
 *
 * In the column nodes: a byte, then 32 bytes a leaf (0: every leaf is known),
 * or lo, n (16 bits each, big-endian) and hash of each subtree (1).
 */
#include <stdlib.h>
#include <string.h>

#include "node/mem.h"
#include "node/store_private.h"
#include "proto/event.h"

enum { NODES_LEAVES, NODES_SUBTREES };
#define NODE_BYTES (4 + CIM_HASH_LEN)

void
kept_clear(struct kept_batch *b)
{
    cim_frontier_clear(&b->f);
    *b = (struct kept_batch){0};
}

struct cim_digest
kept_sum(const struct cim_signed_header *sh)
{
    struct cim_digester d;

    cim_digester_init(&d);
    cim_digester_add(&d, cim_signed_bytes(sh));
    cim_digester_add(&d, cim_bytes_of(sh->sig.b, sizeof sh->sig.b));
    return cim_digester_end(&d);
}

static bool
all_leaves(const struct cim_frontier *f)
{
    return f->len && f->v[f->len - 1].lo + 1u == f->len &&
           f->v[f->len - 1].n == 1;
}

void
kept_nodes(const struct cim_frontier *f, struct cim_buf *out)
{
    bool leaves = all_leaves(f);

    cim_buf_add_u8(out, leaves ? NODES_LEAVES : NODES_SUBTREES);
    for (size_t i = 0; i < f->len; i++) {
        const struct cim_node *node = &f->v[i];
        uint8_t place[4] = {(uint8_t)(node->lo >> 8), (uint8_t)node->lo,
                            (uint8_t)(node->n >> 8), (uint8_t)node->n};
        if (!leaves)
            cim_buf_add(out, place, sizeof place);
        cim_buf_add(out, node->hash.b, sizeof node->hash.b);
    }
    if (out->err != CIM_OK)
        mem_fail();
}

static void
add_node(struct cim_frontier *f, unsigned lo, unsigned n, const uint8_t *hash)
{
    struct cim_hash h;

    memcpy(h.b, hash, sizeof h.b);
    if (cim_frontier_add(f, (uint16_t)lo, (uint16_t)n, &h) == CIM_ENOMEM)
        mem_fail();
}

static void
read_nodes(struct cim_bytes nodes, struct cim_frontier *f)
{
    if (!nodes.len)
        return;
    const uint8_t *p = nodes.p + 1;
    size_t left = nodes.len - 1;

    if (nodes.p[0] == NODES_LEAVES) {
        for (unsigned i = 0; left >= CIM_HASH_LEN && i < CIM_BATCH_EVENTS;
             i++) {
            add_node(f, i, 1, p);
            p += CIM_HASH_LEN;
            left -= CIM_HASH_LEN;
        }
        return;
    }
    while (left >= NODE_BYTES && f->len < CIM_BATCH_EVENTS) {
        add_node(f, (unsigned)p[0] << 8 | p[1], (unsigned)p[2] << 8 | p[3],
                 p + 4);
        p += NODE_BYTES;
        left -= NODE_BYTES;
    }
}

static bool
gives_root(const struct kept_batch *b)
{
    struct cim_hash root;

    return cim_frontier_root(&b->f, b->sh.h.count, &root) == CIM_OK &&
           cim_hash_eq(&root, &b->sh.h.root);
}

bool
kept_header(sqlite3_stmt *st, int column, struct cim_signed_header *sh)
{
    if (cim_signed_parse(sql_get_bytes(st, column),
                         sql_get_bytes(st, column + 1), sh) == CIM_OK) {
        struct cim_digest sum = kept_sum(sh);
        if (cim_bytes_eq(sql_get_bytes(st, column + 2),
                         cim_bytes_of(sum.b, sizeof sum.b)))
            return true;
    }
    *sh = (struct cim_signed_header){0};
    return false;
}

void
kept_head(struct store_db *db, sqlite3_stmt *st, int column, int64_t log,
          struct cim_signed_header *head)
{
    if (kept_header(st, column, head) ||
        sqlite3_column_type(st, column) == SQLITE_NULL)
        return;
    sqlite3_stmt *last = sql_use(db, SQL_BATCH_LAST);
    sql_int(last, 1, log);
    if (!sql_row(db, last))
        return;
    (void)kept_header(last, 0, head);
    sql_end(last);
}

bool
kept_names(const struct cim_signed_header *head, const struct store_log *log)
{
    return !head->len ||
           (head->h.epoch == log->epoch && !strcmp(head->h.node, log->node));
}

void
kept_read(sqlite3_stmt *st, struct kept_batch *out)
{
    kept_clear(out);
    out->id = sqlite3_column_int64(st, 0);
    out->log = sqlite3_column_int64(st, 1);
    out->held = (uint32_t)sqlite3_column_int64(st, 6);
    if (!kept_header(st, 2, &out->sh))
        return;
    read_nodes(sql_get_bytes(st, 5), &out->f);
    out->sound = gives_root(out);
}

static size_t
leaf_at(const struct cim_frontier *f, uint64_t index)
{
    size_t lo = 0;
    size_t hi = f->len;

    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (f->v[mid].lo < index)
            lo = mid + 1;
        else
            hi = mid;
    }
    if (lo < f->len && f->v[lo].lo == index && f->v[lo].n == 1)
        return lo;
    return SIZE_MAX;
}

const struct cim_hash *
kept_leaf(const struct kept_batch *b, uint64_t seq)
{
    if (seq < b->sh.h.first || seq > cim_header_last(&b->sh.h))
        return NULL;
    size_t i = leaf_at(&b->f, seq - b->sh.h.first);
    return i == SIZE_MAX ? NULL : &b->f.v[i].hash;
}

bool
kept_fits(const struct kept_batch *b, int64_t log, uint64_t seq,
          struct cim_bytes bytes)
{
    const struct cim_hash *leaf = NULL;

    if (b->sound && b->log == log)
        leaf = kept_leaf(b, seq);
    if (!leaf)
        return false;
    struct cim_hash now = cim_hash_leaf(bytes);
    return cim_hash_eq(&now, leaf);
}

bool
kept_columns_fit(struct cim_bytes bytes, struct cim_bytes topic,
                 struct cim_bytes id)
{
    struct cim_event event;
    struct cim_uuid said;

    if (cim_event_parse(bytes, CIM_FOLLOW, &event, NULL) != CIM_OK)
        return true; /* a later version of the rules; the hash is right */
    return cim_bytes_eq(event.topic, topic) &&
           cim_uuid_parse(event.id, &said) == CIM_OK &&
           cim_bytes_eq(id, cim_bytes_of(said.b, sizeof said.b));
}

void
kept_mend(struct store_db *db, struct kept_batch *b)
{
    struct cim_frontier rows = {0};

    if (b->sound || !b->sh.len)
        return;
    sqlite3_stmt *st = sql_use(db, SQL_BATCH_ROWS);
    sql_int(st, 1, b->log);
    sql_u64(st, 2, b->sh.h.first);
    sql_u64(st, 3, cim_header_last(&b->sh.h));
    sql_int(st, 4, b->id);
    while (sql_row(db, st)) {
        struct cim_hash leaf = cim_hash_leaf(sql_get_bytes(st, 2));
        uint64_t index = sql_get_u64(st, 0) - b->sh.h.first;
        size_t i = leaf_at(&b->f, index);
        if (i != SIZE_MAX)
            b->f.v[i].hash = leaf;
        add_node(&rows, (unsigned)index, 1, leaf.b);
    }
    b->sound = gives_root(b);
    if (!b->sound) {
        /* Its shape may be what rotted: are all events here? */
        cim_frontier_clear(&b->f);
        b->f = rows;
        rows = (struct cim_frontier){0};
        b->sound = gives_root(b);
    }
    cim_frontier_clear(&rows);
}

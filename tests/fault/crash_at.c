/* SPDX-License-Identifier: MPL-2.0 */
/*
 * What a crash leaves: the operations replayed, those since the last sync of
 * their file kept, lost, torn or reordered.
 */
#include <stdlib.h>
#include <string.h>

#include "node/mem.h"
#include "tests/fault/crash_private.h"

/* ---- what a crash leaves ------------------------------------------------*/

static const char *const mode_names[CRASH_MODES] = {
    "keep", "drop", "some", "torn", "shuffle", "tail", "any"};

const char *
crash_mode_name(enum crash_mode mode)
{
    return mode_names[mode];
}

/* Building: per file what is durable so far, and operations that are not. */
struct build {
    const struct crash_disk *from;
    struct crash_disk *to; /* files at the same index */
    struct rng rng;
    size_t *waiting; /* indices of ops, all files, in order */
    size_t n_waiting, cap_waiting;
    size_t *names; /* the same for names */
    size_t n_names, cap_names;
};

static void
put_torn(struct build *b, const struct crash_op *op)
{
    struct crash_file *f = &b->to->files[op->file];
    size_t i = 0;

    while (i < op->len) {
        size_t end = i + CRASH_SECTOR - (op->at + i) % CRASH_SECTOR;
        if (end > op->len)
            end = op->len;
        if (rng_below(&b->rng, 2))
            crash_file_put(f, op->at + i, op->data + i, end - i);
        i = end;
    }
}

static void
put_op(struct build *b, const struct crash_op *op, bool torn)
{
    struct crash_file *f = &b->to->files[op->file];

    if (op->kind == CRASH_TRUNCATE)
        crash_file_resize(f, op->at);
    else if (torn)
        put_torn(b, op);
    else
        crash_file_put(f, op->at, op->data, op->len);
}

static void
put_mode(struct build *b, const size_t *ops, size_t n, enum crash_mode mode)
{
    for (size_t i = 0; i < n; i++) {
        const struct crash_op *op = &b->from->ops[ops[i]];
        bool half = rng_below(&b->rng, 2);
        switch (mode) {
        case CRASH_KEEP:
            put_op(b, op, false);
            break;
        case CRASH_TAIL:
            put_op(b, op, i + 1 == n);
            break;
        case CRASH_TORN:
            if (op->kind == CRASH_WRITE || half)
                put_op(b, op, true);
            break;
        case CRASH_SOME:
        case CRASH_SHUFFLE:
            if (half)
                put_op(b, op, false);
            break;
        default: /* CRASH_DROP */
            break;
        }
    }
}

static void
shuffle(struct rng *rng, size_t *v, size_t n)
{
    for (size_t i = n; i > 1; i--) {
        size_t k = rng_below(rng, i);
        size_t t = v[i - 1];
        v[i - 1] = v[k];
        v[k] = t;
    }
}

/* Ends the waiting of one file's operations, in this way. */
static void
settle(struct build *b, size_t file, enum crash_mode mode)
{
    size_t *mine = xcalloc(b->n_waiting + 1, sizeof *mine);
    size_t n = 0;
    size_t left = 0;

    for (size_t i = 0; i < b->n_waiting; i++) {
        if (b->from->ops[b->waiting[i]].file == file)
            mine[n++] = b->waiting[i];
        else
            b->waiting[left++] = b->waiting[i];
    }
    b->n_waiting = left;
    if (mode == CRASH_ANY)
        mode = (enum crash_mode)rng_below(&b->rng, CRASH_ANY);
    if (mode == CRASH_SHUFFLE)
        shuffle(&b->rng, mine, n);
    put_mode(b, mine, n, mode);
    free(mine);
}

static void
settle_names(struct build *b, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const struct crash_op *op = &b->from->ops[b->names[i]];
        crash_name_drop(b->to, op->name);
        if (op->kind == CRASH_LINK)
            crash_name_add(b->to, op->name, op->file);
    }
    b->n_names = 0;
}

static void
step(struct build *b, size_t i)
{
    const struct crash_op *op = &b->from->ops[i];

    switch (op->kind) {
    case CRASH_WRITE:
    case CRASH_TRUNCATE:
        xgrow(&b->waiting, &b->cap_waiting, b->n_waiting, sizeof *b->waiting);
        b->waiting[b->n_waiting++] = i;
        break;
    case CRASH_SYNC:
        settle(b, op->file, CRASH_KEEP);
        break;
    case CRASH_SYNC_FAILED:
        settle(b, op->file, CRASH_ANY);
        break;
    case CRASH_LINK:
    case CRASH_UNLINK:
        xgrow(&b->names, &b->cap_names, b->n_names, sizeof *b->names);
        b->names[b->n_names++] = i;
        break;
    case CRASH_SYNC_NAMES:
        settle_names(b, b->n_names);
        break;
    }
}

/* The names and bytes found become the new disk's first operations. */
static void
make_durable(struct crash_disk *disk)
{
    for (size_t i = 0; i < disk->n_names; i++) {
        const struct crash_name *name = &disk->names[i];
        crash_add_op(disk, CRASH_LINK, name->file)->name = xstrdup(name->text);
        crash_sync(disk, CRASH_SYNC_NAMES, 0);
        struct crash_file *f = &disk->files[name->file];
        struct crash_op *op = crash_add_op(disk, CRASH_WRITE, name->file);
        op->len = f->len;
        op->data = xcalloc(1, f->len + 1);
        if (f->len)
            memcpy(op->data, f->p, f->len);
        crash_sync(disk, CRASH_SYNC, name->file);
    }
}

struct crash_disk *
crash_at(const struct crash_disk *disk, size_t ops, enum crash_mode mode,
         uint64_t seed)
{
    struct build b = {
        .from = disk, .to = crash_disk_new(), .rng = rng_of(seed)};

    for (size_t i = 0; i < disk->n_files; i++)
        crash_add_file(b.to);
    for (size_t i = 0; i < ops && i < disk->n_ops; i++)
        step(&b, i);
    for (size_t i = 0; i < disk->n_files; i++)
        settle(&b, i, mode);
    settle_names(&b, mode == CRASH_KEEP   ? b.n_names
                     : mode == CRASH_DROP ? 0
                                          : rng_below(&b.rng, b.n_names + 1));
    free(b.waiting);
    free(b.names);
    make_durable(b.to);
    return b.to;
}

/* SPDX-License-Identifier: MPL-2.0 */
#include "tests/fault/crash_disk.h"

#include <stdlib.h>
#include <string.h>

#include "node/mem.h"

/* ---- chance -------------------------------------------------------------*/

struct rng
rng_of(uint64_t seed)
{
    return (struct rng){seed * 0x9e3779b97f4a7c15u + 0x632be59bd9b4e019u};
}

uint64_t
rng_next(struct rng *r)
{
    uint64_t z = r->s += 0x9e3779b97f4a7c15u;

    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

uint64_t
rng_below(struct rng *r, uint64_t n)
{
    return rng_next(r) % n;
}

/* ---- bytes --------------------------------------------------------------*/

static void
file_resize(struct crash_file *f, size_t len)
{
    if (len > f->cap) {
        f->cap = len * 2;
        f->p = xrealloc(f->p, f->cap);
    }
    if (len > f->len)
        memset(f->p + f->len, 0, len - f->len);
    f->len = len;
}

static void
file_put(struct crash_file *f, uint64_t at, const uint8_t *p, size_t len)
{
    if (!len)
        return;
    if (at + len > f->len)
        file_resize(f, at + len);
    memcpy(f->p + at, p, len);
}

/* ---- the disk -----------------------------------------------------------*/

struct crash_disk *
crash_disk_new(void)
{
    return xcalloc(1, sizeof(struct crash_disk));
}

void
crash_disk_free(struct crash_disk **p)
{
    struct crash_disk *disk = *p;

    *p = NULL;
    if (!disk)
        return;
    for (size_t i = 0; i < disk->n_files; i++)
        free(disk->files[i].p);
    for (size_t i = 0; i < disk->n_names; i++)
        free(disk->names[i].text);
    for (size_t i = 0; i < disk->n_ops; i++) {
        free(disk->ops[i].data);
        free(disk->ops[i].name);
    }
    free(disk->files);
    free(disk->names);
    free(disk->ops);
    free(disk);
}

static struct crash_op *
add_op(struct crash_disk *disk, enum crash_op_kind kind, size_t file)
{
    xgrow(&disk->ops, &disk->cap_ops, disk->n_ops, sizeof *disk->ops);
    struct crash_op *op = &disk->ops[disk->n_ops++];
    *op = (struct crash_op){.kind = kind, .file = file};
    return op;
}

static size_t
add_file(struct crash_disk *disk)
{
    xgrow(&disk->files, &disk->cap_files, disk->n_files, sizeof *disk->files);
    disk->files[disk->n_files] = (struct crash_file){0};
    return disk->n_files++;
}

static void
name_add(struct crash_disk *disk, const char *text, size_t file)
{
    xgrow(&disk->names, &disk->cap_names, disk->n_names, sizeof *disk->names);
    disk->names[disk->n_names++] = (struct crash_name){xstrdup(text), file};
}

static void
name_drop(struct crash_disk *disk, const char *text)
{
    for (size_t i = 0; i < disk->n_names; i++) {
        if (strcmp(disk->names[i].text, text) != 0)
            continue;
        free(disk->names[i].text);
        disk->names[i] = disk->names[--disk->n_names];
        return;
    }
}

size_t
crash_find(const struct crash_disk *disk, const char *name)
{
    for (size_t i = 0; i < disk->n_names; i++)
        if (strcmp(disk->names[i].text, name) == 0)
            return disk->names[i].file;
    return CRASH_NO_FILE;
}

size_t
crash_create(struct crash_disk *disk, const char *name)
{
    size_t file = add_file(disk);

    if (!name) /* a scratch file: no crash brings it back */
        return file;
    name_add(disk, name, file);
    add_op(disk, CRASH_LINK, file)->name = xstrdup(name);
    return file;
}

void
crash_write(struct crash_disk *disk, size_t file, uint64_t at, const void *p,
            size_t len)
{
    file_put(&disk->files[file], at, p, len);
    struct crash_op *op = add_op(disk, CRASH_WRITE, file);
    op->at = at;
    op->len = len;
    op->data = xcalloc(1, len + 1);
    memcpy(op->data, p, len);
}

void
crash_truncate(struct crash_disk *disk, size_t file, uint64_t len)
{
    file_resize(&disk->files[file], len);
    add_op(disk, CRASH_TRUNCATE, file)->at = len;
}

void
crash_sync(struct crash_disk *disk, enum crash_op_kind kind, size_t file)
{
    add_op(disk, kind, file);
}

void
crash_unlink(struct crash_disk *disk, const char *name)
{
    name_drop(disk, name);
    add_op(disk, CRASH_UNLINK, 0)->name = xstrdup(name);
}

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
            file_put(f, op->at + i, op->data + i, end - i);
        i = end;
    }
}

static void
put_op(struct build *b, const struct crash_op *op, bool torn)
{
    struct crash_file *f = &b->to->files[op->file];

    if (op->kind == CRASH_TRUNCATE)
        file_resize(f, op->at);
    else if (torn)
        put_torn(b, op);
    else
        file_put(f, op->at, op->data, op->len);
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
        name_drop(b->to, op->name);
        if (op->kind == CRASH_LINK)
            name_add(b->to, op->name, op->file);
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
        add_op(disk, CRASH_LINK, name->file)->name = xstrdup(name->text);
        crash_sync(disk, CRASH_SYNC_NAMES, 0);
        struct crash_file *f = &disk->files[name->file];
        struct crash_op *op = add_op(disk, CRASH_WRITE, name->file);
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
        add_file(b.to);
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

void
crash_copy(const struct crash_disk *from, const char *name, size_t len,
           struct crash_disk *to)
{
    size_t at = crash_find(from, name);

    if (at == CRASH_NO_FILE)
        return;
    size_t file = crash_create(to, name);
    crash_sync(to, CRASH_SYNC_NAMES, 0);
    if (len > from->files[at].len)
        len = from->files[at].len;
    if (len)
        crash_write(to, file, 0, from->files[at].p, len);
    crash_sync(to, CRASH_SYNC, file);
}

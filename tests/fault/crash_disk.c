/* SPDX-License-Identifier: MPL-2.0 */
#include <stdlib.h>
#include <string.h>

#include "node/mem.h"
#include "tests/fault/crash_private.h"

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

void
crash_file_resize(struct crash_file *f, size_t len)
{
    if (len > f->cap) {
        f->cap = len * 2;
        f->p = xrealloc(f->p, f->cap);
    }
    if (len > f->len)
        memset(f->p + f->len, 0, len - f->len);
    f->len = len;
}

void
crash_file_put(struct crash_file *f, uint64_t at, const uint8_t *p, size_t len)
{
    if (!len)
        return;
    if (at + len > f->len)
        crash_file_resize(f, at + len);
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

struct crash_op *
crash_add_op(struct crash_disk *disk, enum crash_op_kind kind, size_t file)
{
    xgrow(&disk->ops, &disk->cap_ops, disk->n_ops, sizeof *disk->ops);
    struct crash_op *op = &disk->ops[disk->n_ops++];
    *op = (struct crash_op){.kind = kind, .file = file};
    return op;
}

size_t
crash_add_file(struct crash_disk *disk)
{
    xgrow(&disk->files, &disk->cap_files, disk->n_files, sizeof *disk->files);
    disk->files[disk->n_files] = (struct crash_file){0};
    return disk->n_files++;
}

void
crash_name_add(struct crash_disk *disk, const char *text, size_t file)
{
    xgrow(&disk->names, &disk->cap_names, disk->n_names, sizeof *disk->names);
    disk->names[disk->n_names++] = (struct crash_name){xstrdup(text), file};
}

void
crash_name_drop(struct crash_disk *disk, const char *text)
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
    size_t file = crash_add_file(disk);

    if (!name) /* a scratch file: no crash brings it back */
        return file;
    crash_name_add(disk, name, file);
    crash_add_op(disk, CRASH_LINK, file)->name = xstrdup(name);
    return file;
}

void
crash_write(struct crash_disk *disk, size_t file, uint64_t at, const void *p,
            size_t len)
{
    crash_file_put(&disk->files[file], at, p, len);
    struct crash_op *op = crash_add_op(disk, CRASH_WRITE, file);
    op->at = at;
    op->len = len;
    op->data = xcalloc(1, len + 1);
    memcpy(op->data, p, len);
}

void
crash_truncate(struct crash_disk *disk, size_t file, uint64_t len)
{
    crash_file_resize(&disk->files[file], len);
    crash_add_op(disk, CRASH_TRUNCATE, file)->at = len;
}

void
crash_sync(struct crash_disk *disk, enum crash_op_kind kind, size_t file)
{
    crash_add_op(disk, kind, file);
}

void
crash_unlink(struct crash_disk *disk, const char *name)
{
    crash_name_drop(disk, name);
    crash_add_op(disk, CRASH_UNLINK, 0)->name = xstrdup(name);
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

/* SPDX-License-Identifier: MPL-2.0 */
#include "tests/fault/crash_lock.h"

#include <stdlib.h>
#include <string.h>

#include "node/mem.h"

#define REGIONS_MAX 64

/* What crash_file.open points at while a file has handles. */
struct shared {
    struct crash_handle *handles;
    void *regions[REGIONS_MAX];
    int n_regions;
};

static struct shared *
shared_of(struct crash_handle *h)
{
    return h->disk->files[h->file].open;
}

static void
drop_regions(struct shared *s)
{
    for (int i = 0; i < s->n_regions; i++)
        free(s->regions[i]);
    s->n_regions = 0;
}

void
crash_handle_open(struct crash_handle *h)
{
    struct crash_file *f = &h->disk->files[h->file];

    if (!f->open)
        f->open = xcalloc(1, sizeof(struct shared));
    h->next = shared_of(h)->handles;
    shared_of(h)->handles = h;
}

void
crash_handle_close(struct crash_handle *h)
{
    struct shared *s = shared_of(h);
    struct crash_handle **at = &s->handles;

    while (*at != h)
        at = &(*at)->next;
    *at = h->next;
    if (s->handles)
        return;
    drop_regions(s);
    free(s);
    h->disk->files[h->file].open = NULL;
}

/* ---- locks of the file --------------------------------------------------*/

/* The strongest lock any other handle has. */
static int
others(struct crash_handle *h)
{
    int level = SQLITE_LOCK_NONE;

    for (struct crash_handle *o = shared_of(h)->handles; o; o = o->next)
        if (o != h && o->lock > level)
            level = o->lock;
    return level;
}

int
crash_lock(sqlite3_file *base, int level)
{
    struct crash_handle *h = (struct crash_handle *)base;
    int other = others(h);

    if (h->lock >= level)
        return SQLITE_OK;
    if (level == SQLITE_LOCK_SHARED && other >= SQLITE_LOCK_PENDING)
        return SQLITE_BUSY;
    if (level > SQLITE_LOCK_SHARED && other >= SQLITE_LOCK_RESERVED)
        return SQLITE_BUSY;
    if (level == SQLITE_LOCK_EXCLUSIVE && other >= SQLITE_LOCK_SHARED) {
        h->lock = SQLITE_LOCK_PENDING;
        return SQLITE_BUSY;
    }
    h->lock = level;
    return SQLITE_OK;
}

int
crash_unlock(sqlite3_file *base, int level)
{
    struct crash_handle *h = (struct crash_handle *)base;

    if (h->lock > level)
        h->lock = level;
    return SQLITE_OK;
}

int
crash_reserved(sqlite3_file *base, int *out)
{
    struct crash_handle *h = (struct crash_handle *)base;

    *out = h->lock >= SQLITE_LOCK_RESERVED || others(h) >= SQLITE_LOCK_RESERVED;
    return SQLITE_OK;
}

/* ---- the WAL index ------------------------------------------------------*/

void *
crash_shm_region(struct crash_handle *h, int region)
{
    struct shared *s = shared_of(h);

    h->has_shm = true;
    return region < s->n_regions ? s->regions[region] : NULL;
}

void *
crash_shm_grow(struct crash_handle *h, int region, int size)
{
    struct shared *s = shared_of(h);

    if (region >= REGIONS_MAX)
        mem_fail();
    while (s->n_regions <= region)
        s->regions[s->n_regions++] = xcalloc(1, (size_t)size);
    return s->regions[region];
}

int
crash_shm_lock(sqlite3_file *base, int first, int n, int flags)
{
    struct crash_handle *h = (struct crash_handle *)base;
    unsigned mask = ((1u << n) - 1) << first;

    if (flags & SQLITE_SHM_UNLOCK) {
        h->shared &= ~mask;
        h->exclusive &= ~mask;
        return SQLITE_OK;
    }
    for (struct crash_handle *o = shared_of(h)->handles; o; o = o->next) {
        if (o == h)
            continue;
        if (o->exclusive & mask ||
            (flags & SQLITE_SHM_EXCLUSIVE && o->shared & mask))
            return SQLITE_BUSY;
    }
    if (flags & SQLITE_SHM_EXCLUSIVE)
        h->exclusive |= mask;
    else
        h->shared |= mask;
    return SQLITE_OK;
}

void
crash_shm_barrier(sqlite3_file *base)
{
    (void)base;
}

int
crash_shm_unmap(sqlite3_file *base, int gone)
{
    struct crash_handle *h = (struct crash_handle *)base;

    h->has_shm = false;
    h->shared = h->exclusive = 0;
    for (struct crash_handle *o = shared_of(h)->handles; o; o = o->next)
        if (o->has_shm)
            return SQLITE_OK;
    if (gone)
        drop_regions(shared_of(h));
    return SQLITE_OK;
}

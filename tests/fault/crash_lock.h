/* SPDX-License-Identifier: MPL-2.0 */
/* crash_lock - what the open handles of one file share: locks and the memory
 * of the WAL index. Private to crash_vfs.c. */
#ifndef CIM_TESTS_CRASH_LOCK_H
#define CIM_TESTS_CRASH_LOCK_H

#include "tests/fault/crash_vfs.h"

/* sqlite3_open's file; what SQLite allocates for each. */
struct crash_handle {
    sqlite3_file base;
    struct crash_vfs *vfs;
    struct crash_disk *disk;
    size_t file;
    char *name; /* owned, NULL: a scratch file */
    bool delete_on_close, sync_names;
    int lock; /* SQLITE_LOCK_* */
    bool has_shm;
    unsigned shared, exclusive; /* bits: slots of the WAL index */
    struct crash_handle *next;  /* of the same file */
};

void crash_handle_open(struct crash_handle *h);
void crash_handle_close(struct crash_handle *h);

int crash_lock(sqlite3_file *base, int level);
int crash_unlock(sqlite3_file *base, int level);
int crash_reserved(sqlite3_file *base, int *out);

/* A region; NULL when there is none yet. */
void *crash_shm_region(struct crash_handle *h, int region);
void *crash_shm_grow(struct crash_handle *h, int region, int size);
int crash_shm_lock(sqlite3_file *base, int first, int n, int flags);
void crash_shm_barrier(sqlite3_file *base);
int crash_shm_unmap(sqlite3_file *base, int gone);

#endif

/* SPDX-License-Identifier: MPL-2.0 */
/*
 * crash_vfs - SQLite's files on a crash_disk, with failures on demand.
 *
 * Registered as the default VFS, so the store opens its database through it
 * by path, as ever. Locks and the shared memory of the WAL index work between
 * connections of this thread. What the store does outside of SQLite (its lock
 * file, an empty database file) happens on the real disk.
 *
 * One failure can be armed: the k-th call of some kinds fails, and all after
 * it when it is to last. Calls are counted from arming, so running once with
 * k = 0 (never) tells how many there are.
 */
#ifndef CIM_TESTS_CRASH_VFS_H
#define CIM_TESTS_CRASH_VFS_H

#include <sqlite3.h>

#include "tests/fault/crash_disk.h"

enum {
    FAULT_SYNC = 1,
    FAULT_WRITE = 2, /* and truncations, new files, growing shared memory */
    FAULT_READ = 4,
    FAULT_ALL = 7
};

/* What a failing call answers, as unix files would. */
enum fault_how {
    FAULT_EIO,
    FAULT_ENOSPC, /* writes only; half of what was given is written */
    FAULT_EROFS   /* writes only */
};

struct crash_fault {
    unsigned kinds;
    uint64_t k; /* 1: the next; 0: never */
    bool lasts;
    enum fault_how how;
    uint64_t bad_file; /* with bad_len: only reads that touch these bytes of */
    uint64_t bad_at;   /* file index bad_file are counted */
    uint64_t bad_len;
    /* set by the VFS */
    uint64_t calls; /* of these kinds, since armed */
    uint64_t failed;
};

struct crash_vfs {
    sqlite3_vfs base;
    sqlite3_vfs *real; /* for the clock */
    struct crash_disk *disk;
    struct crash_fault fault;
    int sys_errno;
};

/* Makes it the default; end puts the old one back. */
void crash_vfs_start(struct crash_vfs *vfs);
void crash_vfs_end(struct crash_vfs *vfs);
/* What is opened from now on is on this disk; lent until all is closed. */
void crash_vfs_mount(struct crash_vfs *vfs, struct crash_disk *disk);
void crash_vfs_arm(struct crash_vfs *vfs, unsigned kinds, uint64_t k,
                   bool lasts, enum fault_how how);
void crash_vfs_disarm(struct crash_vfs *vfs);

#endif

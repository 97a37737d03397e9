/* SPDX-License-Identifier: MPL-2.0 */
/*
 * crash_disk - a disk in memory that remembers how it came to be.
 *
 * Every write, truncation, sync and change of a name is an operation in one
 * list, so any state that a power cut can leave is built again from the list:
 * what was synced is there, what was not may be there, or not, or in part.
 * The rules are those SQLite counts on (sqlite.org/atomiccommit.html):
 *   - a sync of a file makes all earlier writes to it durable;
 *   - without one any of them may be missing, in any combination, torn at
 *     sectors of 512 bytes; bytes beside a write are not touched by it;
 *   - names change in order and are durable when the folder was synced;
 *   - after a sync that failed, what it was for may be lost even when a later
 *     one goes well.
 * One thread.
 */
#ifndef CIM_TESTS_CRASH_DISK_H
#define CIM_TESTS_CRASH_DISK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* ---- chance, seeded ------------------------------------------------------*/

struct rng {
    uint64_t s;
};
struct rng rng_of(uint64_t seed);
uint64_t rng_next(struct rng *r);
uint64_t rng_below(struct rng *r, uint64_t n); /* 0 .. n - 1; n >= 1 */

/* ---- the disk ------------------------------------------------------------*/

#define CRASH_SECTOR 512

enum crash_op_kind {
    CRASH_WRITE,
    CRASH_TRUNCATE,
    CRASH_SYNC,
    CRASH_SYNC_FAILED,
    CRASH_LINK,   /* a name for a new file */
    CRASH_UNLINK, /* the name is gone */
    CRASH_SYNC_NAMES
};

struct crash_op {
    enum crash_op_kind kind;
    size_t file;   /* index of files */
    uint64_t at;   /* WRITE: offset; TRUNCATE: the new length */
    uint8_t *data; /* WRITE, owned */
    size_t len;
    char *name; /* LINK, UNLINK, owned */
};

/* A file's bytes; it lives as long as the disk, named or not. */
struct crash_file {
    uint8_t *p;
    size_t len, cap;
    void *open; /* the VFS's: handles and shared memory */
};

struct crash_name {
    char *text;
    size_t file;
};

struct crash_disk {
    struct crash_file *files;
    size_t n_files, cap_files;
    struct crash_name *names;
    size_t n_names, cap_names;
    struct crash_op *ops;
    size_t n_ops, cap_ops;
};

struct crash_disk *crash_disk_new(void);
void crash_disk_free(struct crash_disk **disk);

#define CRASH_NO_FILE SIZE_MAX
size_t crash_find(const struct crash_disk *disk, const char *name);
size_t crash_create(struct crash_disk *disk, const char *name);
void crash_write(struct crash_disk *disk, size_t file, uint64_t at,
                 const void *p, size_t len);
void crash_truncate(struct crash_disk *disk, size_t file, uint64_t len);
/* SYNC, SYNC_FAILED or SYNC_NAMES (file: any). */
void crash_sync(struct crash_disk *disk, enum crash_op_kind kind, size_t file);
void crash_unlink(struct crash_disk *disk, const char *name);

/* ---- what a crash leaves -------------------------------------------------*/

enum crash_mode {
    CRASH_KEEP,    /* the process died: all writes are there */
    CRASH_DROP,    /* nothing that was not synced */
    CRASH_SOME,    /* each write there or not */
    CRASH_TORN,    /* each sector of each write there or not */
    CRASH_SHUFFLE, /* some of the writes, in another order */
    CRASH_TAIL,    /* all, the last one torn */
    CRASH_ANY,     /* every file in its own way */
    CRASH_MODES
};
const char *crash_mode_name(enum crash_mode mode);

/* The disk after its first `ops` operations and a crash: a new one, on which
 * everything is durable. */
struct crash_disk *crash_at(const struct crash_disk *disk, size_t ops,
                            enum crash_mode mode, uint64_t seed);

/* A copy of one file as it is now, durable, on another disk; its length is
 * cut to `len`. */
void crash_copy(const struct crash_disk *from, const char *name, size_t len,
                struct crash_disk *to);

#endif

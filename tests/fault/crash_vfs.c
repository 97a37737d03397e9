/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The methods of the file system. Locks between connections: crash_lock.c.
 */
#include "tests/fault/crash_vfs.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "node/mem.h"
#include "tests/fault/crash_lock.h"

/* ---- failures -----------------------------------------------------------*/

static bool
fails(struct crash_vfs *vfs, unsigned kind)
{
    struct crash_fault *fault = &vfs->fault;

    if (!(fault->kinds & kind))
        return false;
    fault->calls++;
    bool now = fault->k && (fault->lasts ? fault->calls >= fault->k
                                         : fault->calls == fault->k);
    if (!now)
        return false;
    fault->failed++;
    vfs->sys_errno = fault->how == FAULT_ENOSPC  ? ENOSPC
                     : fault->how == FAULT_EROFS ? EROFS
                                                 : EIO;
    return true;
}

static bool
read_fails(struct crash_vfs *vfs, size_t file, uint64_t at, size_t len)
{
    const struct crash_fault *fault = &vfs->fault;

    if (fault->bad_len &&
        (file != fault->bad_file || at + len <= fault->bad_at ||
         at >= fault->bad_at + fault->bad_len))
        return false;
    return fails(vfs, FAULT_READ);
}

/* ---- a file -------------------------------------------------------------*/

static struct crash_file *
file_of(struct crash_handle *h)
{
    return &h->disk->files[h->file];
}

static int
file_close(sqlite3_file *base)
{
    struct crash_handle *h = (struct crash_handle *)base;

    crash_handle_close(h);
    if (h->name && h->delete_on_close)
        crash_unlink(h->disk, h->name);
    free(h->name);
    return SQLITE_OK;
}

static int
file_read(sqlite3_file *base, void *out, int n, sqlite3_int64 at)
{
    struct crash_handle *h = (struct crash_handle *)base;
    const struct crash_file *f = file_of(h);
    size_t want = (size_t)n;
    size_t from = (size_t)at;

    if (read_fails(h->vfs, h->file, from, want))
        return SQLITE_IOERR_READ;
    size_t have = from < f->len ? f->len - from : 0;
    if (have > want)
        have = want;
    if (have)
        memcpy(out, f->p + from, have);
    if (have == want)
        return SQLITE_OK;
    memset((uint8_t *)out + have, 0, want - have);
    return SQLITE_IOERR_SHORT_READ;
}

static int
file_write(sqlite3_file *base, const void *p, int n, sqlite3_int64 at)
{
    struct crash_handle *h = (struct crash_handle *)base;

    if (fails(h->vfs, FAULT_WRITE)) {
        if (h->vfs->fault.how != FAULT_ENOSPC)
            return SQLITE_IOERR_WRITE;
        crash_write(h->disk, h->file, (uint64_t)at, p, (size_t)n / 2);
        return SQLITE_FULL;
    }
    crash_write(h->disk, h->file, (uint64_t)at, p, (size_t)n);
    return SQLITE_OK;
}

static int
file_truncate(sqlite3_file *base, sqlite3_int64 len)
{
    struct crash_handle *h = (struct crash_handle *)base;

    if (fails(h->vfs, FAULT_WRITE))
        return SQLITE_IOERR_TRUNCATE;
    crash_truncate(h->disk, h->file, (uint64_t)len);
    return SQLITE_OK;
}

/* A journal's or WAL's first sync also syncs the folder, as on unix. */
static int
file_sync(sqlite3_file *base, int flags)
{
    struct crash_handle *h = (struct crash_handle *)base;

    (void)flags;
    if (fails(h->vfs, FAULT_SYNC)) {
        crash_sync(h->disk, CRASH_SYNC_FAILED, h->file);
        return SQLITE_IOERR_FSYNC;
    }
    crash_sync(h->disk, CRASH_SYNC, h->file);
    if (h->sync_names)
        crash_sync(h->disk, CRASH_SYNC_NAMES, h->file);
    h->sync_names = false;
    return SQLITE_OK;
}

static int
file_size(sqlite3_file *base, sqlite3_int64 *out)
{
    *out = (sqlite3_int64)file_of((struct crash_handle *)base)->len;
    return SQLITE_OK;
}

static int
file_control(sqlite3_file *base, int op, void *arg)
{
    (void)base;
    (void)op;
    (void)arg;
    return SQLITE_NOTFOUND;
}

static int
sector_size(sqlite3_file *base)
{
    (void)base;
    return 4096;
}

static int
characteristics(sqlite3_file *base)
{
    (void)base;
    return SQLITE_IOCAP_POWERSAFE_OVERWRITE;
}

static int
shm_map(sqlite3_file *base, int region, int size, int extend,
        void volatile **out)
{
    struct crash_handle *h = (struct crash_handle *)base;

    *out = crash_shm_region(h, region);
    if (*out || !extend)
        return SQLITE_OK;
    if (fails(h->vfs, FAULT_WRITE))
        return SQLITE_IOERR_SHMSIZE;
    *out = crash_shm_grow(h, region, size);
    return SQLITE_OK;
}

static const sqlite3_io_methods methods = {
    .iVersion = 2,
    .xClose = file_close,
    .xRead = file_read,
    .xWrite = file_write,
    .xTruncate = file_truncate,
    .xSync = file_sync,
    .xFileSize = file_size,
    .xLock = crash_lock,
    .xUnlock = crash_unlock,
    .xCheckReservedLock = crash_reserved,
    .xFileControl = file_control,
    .xSectorSize = sector_size,
    .xDeviceCharacteristics = characteristics,
    .xShmMap = shm_map,
    .xShmLock = crash_shm_lock,
    .xShmBarrier = crash_shm_barrier,
    .xShmUnmap = crash_shm_unmap,
};

/* ---- the file system ----------------------------------------------------*/

static int
vfs_open(sqlite3_vfs *base, sqlite3_filename name, sqlite3_file *out, int flags,
         int *out_flags)
{
    struct crash_vfs *vfs = (struct crash_vfs *)base;
    struct crash_handle *h = (struct crash_handle *)out;
    size_t file = name ? crash_find(vfs->disk, name) : CRASH_NO_FILE;

    memset(h, 0, sizeof *h);
    if (file == CRASH_NO_FILE) {
        if (!(flags & SQLITE_OPEN_CREATE)) {
            vfs->sys_errno = ENOENT;
            return SQLITE_CANTOPEN;
        }
        if (fails(vfs, FAULT_WRITE))
            return SQLITE_CANTOPEN;
        file = crash_create(vfs->disk, name);
    }
    h->base.pMethods = &methods;
    h->vfs = vfs;
    h->disk = vfs->disk;
    h->file = file;
    h->name = name ? xstrdup(name) : NULL;
    h->delete_on_close = flags & SQLITE_OPEN_DELETEONCLOSE;
    h->sync_names = flags & SQLITE_OPEN_CREATE &&
                    flags & (SQLITE_OPEN_MAIN_JOURNAL | SQLITE_OPEN_WAL);
    crash_handle_open(h);
    if (out_flags)
        *out_flags = flags;
    return SQLITE_OK;
}

static int
vfs_delete(sqlite3_vfs *base, const char *name, int sync_names)
{
    struct crash_vfs *vfs = (struct crash_vfs *)base;

    if (crash_find(vfs->disk, name) == CRASH_NO_FILE)
        return SQLITE_IOERR_DELETE_NOENT;
    if (fails(vfs, FAULT_WRITE))
        return SQLITE_IOERR_DELETE;
    crash_unlink(vfs->disk, name);
    if (!sync_names)
        return SQLITE_OK;
    if (fails(vfs, FAULT_SYNC))
        return SQLITE_IOERR_DIR_FSYNC;
    crash_sync(vfs->disk, CRASH_SYNC_NAMES, 0);
    return SQLITE_OK;
}

/* As unix files: an empty journal is as good as none. */
static int
vfs_access(sqlite3_vfs *base, const char *name, int flags, int *out)
{
    const struct crash_disk *disk = ((struct crash_vfs *)base)->disk;
    size_t file = crash_find(disk, name);

    *out = file != CRASH_NO_FILE &&
           (flags != SQLITE_ACCESS_EXISTS || disk->files[file].len > 0);
    return SQLITE_OK;
}

static int
vfs_full_path(sqlite3_vfs *base, const char *name, int cap, char *out)
{
    size_t len = strlen(name);

    (void)base;
    if (len >= (size_t)cap)
        return SQLITE_CANTOPEN;
    memcpy(out, name, len + 1);
    return SQLITE_OK;
}

static int
vfs_randomness(sqlite3_vfs *base, int n, char *out)
{
    /* The same in every run: salts of the WAL come from it. */
    (void)base;
    memset(out, 7, (size_t)n);
    return n;
}

static int
vfs_sleep(sqlite3_vfs *base, int us)
{
    (void)base;
    return us;
}

static int
vfs_time(sqlite3_vfs *base, double *out)
{
    sqlite3_vfs *real = ((struct crash_vfs *)base)->real;

    return real->xCurrentTime(real, out);
}

static int
vfs_last_error(sqlite3_vfs *base, int n, char *out)
{
    (void)n;
    (void)out;
    return ((struct crash_vfs *)base)->sys_errno;
}

/* ---- begin and end ------------------------------------------------------*/

void
crash_vfs_start(struct crash_vfs *vfs)
{
    *vfs = (struct crash_vfs){.real = sqlite3_vfs_find(NULL)};
    vfs->base = (sqlite3_vfs){.iVersion = 1,
                              .szOsFile = sizeof(struct crash_handle),
                              .mxPathname = 512,
                              .zName = "crash",
                              .xOpen = vfs_open,
                              .xDelete = vfs_delete,
                              .xAccess = vfs_access,
                              .xFullPathname = vfs_full_path,
                              .xRandomness = vfs_randomness,
                              .xSleep = vfs_sleep,
                              .xCurrentTime = vfs_time,
                              .xGetLastError = vfs_last_error};
    if (sqlite3_vfs_register(&vfs->base, 1) != SQLITE_OK)
        mem_fail();
}

void
crash_vfs_end(struct crash_vfs *vfs)
{
    sqlite3_vfs_unregister(&vfs->base);
}

void
crash_vfs_mount(struct crash_vfs *vfs, struct crash_disk *disk)
{
    vfs->disk = disk;
}

void
crash_vfs_arm(struct crash_vfs *vfs, unsigned kinds, uint64_t k, bool lasts,
              enum fault_how how)
{
    vfs->fault = (struct crash_fault){
        .kinds = kinds, .k = k, .lasts = lasts, .how = how};
}

void
crash_vfs_disarm(struct crash_vfs *vfs)
{
    vfs->fault = (struct crash_fault){0};
}

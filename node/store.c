/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The writer: open, lock, commit.
 *
 * A commit is one IMMEDIATE transaction around all jobs given. Failures are
 * of two kinds. Without room (disk full, read-only, another program holds the
 * database) nothing was written and the same may succeed later. Anything else
 * leaves in doubt what reached the disk, and a kernel reports a failed fsync
 * only once: the store refuses everything from then on and the process ends.
 * So it does when its files were deleted or moved: SQLite goes on writing to
 * them without an error, and nobody would ever find what was committed.
 */
#include "node/store.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "node/failpoint.h"
#include "node/mem.h"
#include "node/store_private.h"

#define BUSY_MS          5000 /* for another program's backup, say */
#define CHECKPOINT_PAGES 1024 /* of 4 KiB */

/* ---- jobs ---------------------------------------------------------------*/

struct store_job *
store_job_new(enum store_kind kind)
{
    struct store_job *job = xcalloc(1, sizeof *job);

    job->kind = kind;
    return job;
}

void
store_job_destroy(struct store_job **p)
{
    struct store_job *job = *p;

    *p = NULL;
    if (!job)
        return;
    for (size_t i = 0; i < job->n_batches; i++) {
        cim_frontier_clear(&job->batches[i].frontier);
        free(job->batches[i].events);
        free(job->batches[i].frame);
    }
    free(job->batches);
    free(job->cover.prefixes);
    free(job->cover.missing);
    for (size_t i = 0; i < job->n_lookups; i++)
        free((void *)job->lookups[i].bytes.p);
    free(job->lookups);
    free(job->starts);
    free(job->counters);
    free((void *)job->roster.bytes.p);
    free(job->purge.left);
    span_clear(&job->gaps);
    free(job);
}

/* ---- the lock -----------------------------------------------------------*/

static enum cim_err
cannot_lock(const char *path, int fd, struct cim_diag *diag)
{
    int code = errno;
    char pid[24] = "";

    if (code == EWOULDBLOCK) {
        ssize_t n = pread(fd, pid, sizeof pid - 1, 0);
        pid[n > 0 ? strcspn(pid, "\n") : 0] = '\0';
        cim_diag_set(diag,
                     "another cimesh node (pid %s) holds %s; stop it first, or"
                     " use another site directory",
                     pid[0] ? pid : "unknown", path);
        return CIM_EEXIST;
    }
    cim_diag_set(diag, "%s.lock: %s; the folder must exist and be writable",
                 path, strerror(code));
    return code == EACCES || code == EPERM ? CIM_EPERM : CIM_EIO;
}

/* The lock lives as long as the descriptor; the file stays, empty or not. */
static enum cim_err
lock(const char *path, int *out, struct cim_diag *diag)
{
    char *name = xasprintf("%s.lock", path);
    int fd = open(name, O_RDWR | O_CREAT | O_CLOEXEC, 0640);

    free(name);
    if (fd < 0)
        return cannot_lock(path, fd, diag);
    if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        enum cim_err err = cannot_lock(path, fd, diag);
        close(fd);
        return err;
    }
    if (ftruncate(fd, 0) == 0)
        dprintf(fd, "%ld\n", (long)getpid());
    *out = fd;
    return CIM_OK;
}

/* ---- files --------------------------------------------------------------*/

static struct store_file
file_at(const char *path)
{
    struct stat st;

    if (stat(path, &st) != 0)
        return (struct store_file){0};
    return (struct store_file){.dev = st.st_dev, .ino = st.st_ino};
}

static void
note_files(struct store *store, const char *path)
{
    store->path = xstrdup(path);
    store->lock_path = xasprintf("%s.lock", path);
    store->wal_path = xasprintf("%s-wal", path);
    store->file = file_at(path);
    store->lock_file = file_at(store->lock_path);
}

static bool
same_file(const struct store_file *a, const char *path)
{
    struct store_file b = file_at(path);

    return a->dev == b.dev && a->ino == b.ino;
}

/* Whoever opens these paths later finds what is written here. A WAL is made
 * by the first write, so there is one after each commit. No file at all: the
 * database is in memory, or a test keeps it somewhere else. */
static bool
files_in_place(const struct store *store)
{
    return !store->file.ino ||
           (same_file(&store->file, store->path) &&
            same_file(&store->lock_file, store->lock_path) &&
            access(store->wal_path, F_OK) == 0);
}

/* ---- open and close -----------------------------------------------------*/

static int
note_wal(void *ctx, sqlite3 *h, const char *name, int pages)
{
    struct store *store = ctx;

    (void)h;
    (void)name;
    store->wal_pages = (unsigned)pages;
    return SQLITE_OK;
}

/* SQLite would make the file readable by all. */
static void
make_private(const char *path)
{
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0640);

    if (fd >= 0)
        close(fd);
}

static enum cim_err
cannot_open(struct store *store, const char *path, struct cim_diag *diag)
{
    int sys = store->db.h ? sqlite3_system_errno(store->db.h) : 0;

    cim_diag_set(diag, "%s: %s; check who owns the file and the disk", path,
                 sys ? strerror(sys) : sqlite3_errmsg(store->db.h));
    return sys == EACCES || sys == EPERM ? CIM_EPERM : CIM_EIO;
}

static enum cim_err
connect_writer(struct store *store, const char *path, struct cim_diag *diag)
{
    int flags =
        SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;

    if (sqlite3_open_v2(path, &store->db.h, flags, NULL) != SQLITE_OK)
        return cannot_open(store, path, diag);
    sqlite3_busy_timeout(store->db.h, BUSY_MS);
    if (!store_exec(store, "PRAGMA trusted_schema = OFF;"
                           "PRAGMA cell_size_check = ON;"
                           "PRAGMA temp_store = MEMORY;"
                           "PRAGMA cache_size = -32768;"
                           "PRAGMA journal_mode = WAL;"
                           "PRAGMA synchronous = FULL;"
                           "PRAGMA journal_size_limit = 67108864;"))
        return cannot_open(store, path, diag);
    sqlite3_wal_hook(store->db.h, note_wal, store);
    return CIM_OK;
}

static uint64_t
meta_get(struct store *store, const char *name)
{
    sqlite3_stmt *st = sql_use(&store->db, SQL_META_GET);

    sql_str(st, 1, name);
    return (uint64_t)sql_value(&store->db, st, 0);
}

static void
meta_put(struct store *store, const char *name, uint64_t value)
{
    sqlite3_stmt *st = sql_use(&store->db, SQL_META_PUT);

    sql_str(st, 1, name);
    sql_u64(st, 2, value);
    sql_run(&store->db, st);
}

/* What is kept in memory, as the database has it. */
static void
load_meta(struct store *store)
{
    store_logs_drop(store);
    memset(store->topics, 0, TOPICS_MAX * sizeof *store->topics);
    store->last_arrival = meta_get(store, "last_arrival");
    store->bytes = meta_get(store, "bytes");
    store->next_batch = (int64_t)meta_get(store, "next_batch");
    int64_t least =
        sql_value(&store->db, sql_use(&store->db, SQL_BATCH_NEXT), 1);
    if (store->next_batch < least)
        store->next_batch = least;
    store->meta_dirty = false;
}

enum cim_err
store_open(const char *path, struct store **out, struct cim_diag *diag)
{
    struct store *store = xcalloc(1, sizeof *store);
    bool in_memory = strcmp(path, ":memory:") == 0;
    enum cim_err err = CIM_OK;

    *out = NULL;
    store->lock_fd = -1;
    store->topics = xcalloc(TOPICS_MAX, sizeof *store->topics);
    if (!in_memory)
        err = lock(path, &store->lock_fd, diag);
    if (err == CIM_OK && !in_memory)
        make_private(path);
    if (err == CIM_OK)
        err = connect_writer(store, path, diag);
    if (err == CIM_OK)
        err = store_migrate(&store->db, path, diag);
    if (err == CIM_OK) {
        load_meta(store);
        if (store->db.rc != SQLITE_OK)
            err = cannot_open(store, path, diag);
    }
    if (err == CIM_OK && !in_memory)
        note_files(store, path);
    if (err == CIM_OK)
        *out = store;
    else
        store_close(&store);
    return err;
}

void
store_close(struct store **p)
{
    struct store *store = *p;

    *p = NULL;
    if (!store)
        return;
    store_logs_drop(store);
    sql_close(&store->db);
    if (store->lock_fd >= 0)
        close(store->lock_fd);
    free(store->path);
    free(store->lock_path);
    free(store->wal_path);
    free(store->topics);
    free(store);
}

bool
store_exec(struct store *store, const char *sql)
{
    return sqlite3_exec(store->db.h, sql, NULL, NULL, NULL) == SQLITE_OK;
}

/* ---- commit -------------------------------------------------------------*/

static void
apply(struct store *store, struct store_job *job)
{
    job->err = CIM_OK;
    job->full = false;
    switch (job->kind) {
    case STORE_KEEP:
        job->err = store_keep(store, job);
        break;
    case STORE_LOOKUP:
        store_look_up(store, job);
        break;
    case STORE_STARTS:
        store_starts(store, job);
        break;
    case STORE_ROSTER:
        store_put_roster(store, job);
        break;
    case STORE_HOOK:
        store_put_hook(store, job);
        break;
    case STORE_COUNT:
        store_count(store, job);
        break;
    case STORE_ASIDE:
        store_aside(store, job);
        break;
    case STORE_PURGE:
        store_purge(store, job);
        break;
    }
    job->last_arrival = store->last_arrival;
}

static void
flush(struct store *store)
{
    store_logs_flush(store);
    if (!store->meta_dirty)
        return;
    meta_put(store, "last_arrival", store->last_arrival);
    meta_put(store, "bytes", store->bytes);
    meta_put(store, "next_batch", (uint64_t)store->next_batch);
    store->meta_dirty = false;
}

static bool
no_room(const struct store_db *db)
{
    /* What a sync failed to keep is gone, whatever the reason. */
    if (db->rc == SQLITE_IOERR_FSYNC || db->rc == SQLITE_IOERR_DIR_FSYNC)
        return false;
    switch (db->rc & 0xff) {
    case SQLITE_FULL:
    case SQLITE_READONLY:
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return true;
    case SQLITE_IOERR:
    case SQLITE_CANTOPEN:
        return db->sys == ENOSPC || db->sys == EDQUOT || db->sys == EROFS;
    default:
        return false;
    }
}

static void
checkpoint(struct store *store)
{
    int frames = 0;
    int copied = 0;

    (void)FAILPOINT(STORE_CHECKPOINT);
    int rc = sqlite3_wal_checkpoint_v2(
        store->db.h, NULL, SQLITE_CHECKPOINT_PASSIVE, &frames, &copied);

    (void)FAILPOINT(STORE_CHECKPOINTED);
    if (rc == SQLITE_OK) {
        store->wal_pages = (unsigned)(frames - copied);
        return;
    }
    /* Full or busy: the WAL has it all and grows meanwhile. A failed fsync
     * is told once, so it is not forgotten. */
    sql_clear(&store->db);
    sql_fail(&store->db, sqlite3_extended_errcode(store->db.h));
    store->failed = !no_room(&store->db);
    sql_clear(&store->db);
}

static enum cim_err
fail_all(struct store_job **jobs, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        jobs[i]->err = CIM_EIO;
        jobs[i]->full = false;
    }
    return CIM_EIO;
}

/* Nothing of this transaction happened; says so in every job. */
static enum cim_err
roll_back(struct store *store, struct store_job **jobs, size_t n, bool *full)
{
    *full = no_room(&store->db);
    store->failed = !*full;
    sql_clear(&store->db);
    /* SQLite may have rolled back by itself. */
    if (!sqlite3_get_autocommit(store->db.h))
        sql_run_plain(&store->db, SQL_ROLLBACK);
    load_meta(store);
    if (store->db.rc != SQLITE_OK) {
        store->failed = true;
        *full = false;
    }
    for (size_t i = 0; i < n; i++) {
        jobs[i]->err = CIM_EIO;
        jobs[i]->full = *full;
        jobs[i]->last_arrival = store->last_arrival;
        span_clear(&jobs[i]->gaps);
    }
    /* A WAL copied back starts over: what it takes may be the room missed. */
    if (*full && store->wal_pages)
        checkpoint(store);
    return CIM_EIO;
}

enum cim_err
store_commit(struct store *store, struct store_job **jobs, size_t n, bool *full)
{
    *full = false;
    if (!store->failed) {
        sql_clear(&store->db);
        sql_run_plain(&store->db, SQL_BEGIN_WRITE);
        sql_simulate(&store->db, FAILPOINT(STORE_BEGIN));
        for (size_t i = 0; i < n && store->db.rc == SQLITE_OK; i++)
            apply(store, jobs[i]);
        flush(store);
        sql_simulate(&store->db, FAILPOINT(STORE_COMMIT));
        sql_run_plain(&store->db, SQL_COMMIT);
        if (store->db.rc != SQLITE_OK)
            return roll_back(store, jobs, n, full);
        (void)FAILPOINT(STORE_COMMITTED);
        if (files_in_place(store))
            return CIM_OK;
        store->failed = true;
    }
    return fail_all(jobs, n);
}

void
store_checkpoint(struct store *store)
{
    if (!store->failed && store->wal_pages >= CHECKPOINT_PAGES)
        checkpoint(store);
}

/* ---- the whole database -------------------------------------------------*/

enum cim_err
store_save(struct store *store, struct cim_buf *out)
{
    sqlite3_int64 len = 0;
    unsigned char *p = sqlite3_serialize(store->db.h, "main", &len, 0);

    if (!p)
        return CIM_EIO;
    enum cim_err err = cim_buf_add(out, p, (size_t)len);
    sqlite3_free(p);
    return err;
}

/* Through a second connection and the backup calls, so that the statements of
 * this one notice. */
enum cim_err
store_restore(struct store *store, struct cim_bytes in)
{
    sqlite3 *from = NULL;
    sqlite3_backup *copy = NULL;
    int rc = sqlite3_open(":memory:", &from);

    if (rc == SQLITE_OK)
        rc = sqlite3_deserialize(from, "main", (unsigned char *)in.p,
                                 (sqlite3_int64)in.len, (sqlite3_int64)in.len,
                                 SQLITE_DESERIALIZE_READONLY);
    if (rc == SQLITE_OK)
        copy = sqlite3_backup_init(store->db.h, "main", from, "main");
    if (copy) {
        sqlite3_backup_step(copy, -1);
        rc = sqlite3_backup_finish(copy);
    } else if (rc == SQLITE_OK) {
        rc = SQLITE_ERROR;
    }
    sqlite3_close(from);
    if (rc != SQLITE_OK)
        return CIM_EIO;
    store->failed = false;
    sql_clear(&store->db);
    load_meta(store);
    return store->db.rc == SQLITE_OK ? CIM_OK : CIM_EIO;
}

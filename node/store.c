/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The writer: jobs, open and close. What a commit is: store_commit.c.
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

#include "node/mem.h"
#include "node/store_private.h"

/* ---- jobs ---------------------------------------------------------------*/

struct store_job *
store_job_new(enum store_kind kind)
{
    struct store_job *job = xcalloc(1, sizeof *job);

    job->kind = kind;
    return job;
}

bool
store_job_writes(const struct store_job *job)
{
    return job->kind != STORE_LOOKUP &&
           (job->kind != STORE_COUNT || job->n_counters);
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
    int rc = store->db.h ? sqlite3_errcode(store->db.h) : SQLITE_OK;
    bool rot = rc == SQLITE_CORRUPT || rc == SQLITE_NOTADB;

    cim_diag_set(diag, "%s: %s; %s", path,
                 sys && !rot ? strerror(sys) : sqlite3_errmsg(store->db.h),
                 rot ? "put a backup in its place, or move it away: what was"
                       " said since comes back from the peers"
                     : "check who owns the file and the disk");
    return sys == EACCES || sys == EPERM ? CIM_EPERM : CIM_EIO;
}

static enum cim_err
connect_writer(struct store *store, const char *path, struct cim_diag *diag)
{
    int flags =
        SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;

    if (sqlite3_open_v2(path, &store->db.h, flags, NULL) != SQLITE_OK)
        return cannot_open(store, path, diag);
    sqlite3_busy_timeout(store->db.h, STORE_BUSY_MS);
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

void
store_load_meta(struct store *store)
{
    struct store_counts counts = store_counts_read(&store->db);

    store_logs_drop(store);
    memset(store->topics, 0, TOPICS_MAX * sizeof *store->topics);
    if (!counts.sound) {
        counts.bytes =
            (uint64_t)sql_value(&store->db, sql_use(&store->db, SQL_BYTES), 0);
        counts.next_batch = 0;
    }
    store->last_arrival = counts.last_arrival;
    store->bytes = counts.bytes;
    store->next_batch = (int64_t)counts.next_batch;
    store->ledger_upto =
        counts.ledger_upto <= counts.last_arrival ? counts.ledger_upto : 0;
    store->ledger_again =
        sql_value(&store->db, sql_use(&store->db, SQL_AGAIN_ANY), 0);
    int64_t least =
        sql_value(&store->db, sql_use(&store->db, SQL_BATCH_NEXT), 1);
    if (store->next_batch < least)
        store->next_batch = least;
    store->meta_dirty = !counts.sound;
}

/* The disk has no room to open it: shared memory and a WAL are made first. */
static bool
out_of_room(const struct store *store)
{
    int sys = store->db.sys ? store->db.sys : sql_errno(store->db.h);
    int rc = store->db.rc ? store->db.rc : sqlite3_errcode(store->db.h);

    return (rc & 0xff) == SQLITE_FULL || sys == ENOSPC || sys == EDQUOT;
}

static enum cim_err
open_database(struct store *store, const char *path, struct cim_diag *diag)
{
    enum cim_err err = connect_writer(store, path, diag);

    if (err == CIM_OK)
        err = store_migrate(&store->db, path, diag);
    if (err != CIM_OK)
        return err;
    store_load_meta(store);
    return store->db.rc == SQLITE_OK ? CIM_OK : cannot_open(store, path, diag);
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
        err = store_lock(path, &store->lock_fd, diag);
    if (err == CIM_OK && !in_memory)
        make_private(path);
    if (err == CIM_OK)
        err = open_database(store, path, diag);
    if (err == CIM_EIO && store->db.h && out_of_room(store) &&
        store_room_drop(path)) {
        sql_close(&store->db);
        store->db = (struct store_db){0};
        err = open_database(store, path, diag);
    }
    if (err == CIM_OK && !in_memory)
        store_note_files(store, path);
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
    store_room_clear(store);
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
    store_load_meta(store);
    return store->db.rc == SQLITE_OK ? CIM_OK : CIM_EIO;
}

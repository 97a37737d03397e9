/* SPDX-License-Identifier: MPL-2.0 */
/*
 * A commit: one IMMEDIATE transaction around all jobs given.
 *
 * Failures are of three kinds, told apart by where it failed:
 *   room   A write found the disk full, over quota or read-only, or another
 *          program holds the database. Nothing of the transaction counts and
 *          the same may succeed later. First the WAL is copied back, then the
 *          reserve is given up (store_room.c), and each time it is tried
 *          again.
 *   disk   Anything else the system said. It leaves in doubt what reached the
 *          disk, and a kernel reports a failed fsync only once, whatever its
 *          errno: the store refuses everything from then on and the process
 *          ends. So it does when its files were deleted or moved.
 *   bug    SQLite refused a statement of ours. Final as well: what else is
 *          wrong nobody knows.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "node/failpoint.h"
#include "node/mem.h"
#include "node/store_ledger.h"

#define PAGE_BYTES       4096
#define CHECKPOINT_PAGES 1024
#define WAL_SHARE        4 /* of the room there is: not more than this part */

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
    case STORE_LEDGER:
        store_ledger_build(store, job);
        break;
    }
    job->last_arrival = store->last_arrival;
}

static void
flush(struct store *store)
{
    ledger_again(store);
    store_logs_flush(store);
    if (!store->meta_dirty)
        return;
    store_counts_write(
        &store->db,
        &(struct store_counts){.last_arrival = store->last_arrival,
                               .bytes = store->bytes,
                               .next_batch = (uint64_t)store->next_batch,
                               .ledger_upto = store->ledger_upto});
    store->meta_dirty = false;
}

/* ---- what went wrong ----------------------------------------------------*/

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

/* Why a transaction may go through later. */
struct wait {
    bool full;      /* what the reserve is for */
    bool read_only; /* else somebody else holds the database */
};

static struct wait
wait_of(const struct store_db *db)
{
    int rc = db->rc & 0xff;
    bool held = rc == SQLITE_BUSY || rc == SQLITE_LOCKED;

    return (struct wait){
        .full = !held &&
                (rc == SQLITE_FULL || db->sys == ENOSPC || db->sys == EDQUOT),
        .read_only = !held && (rc == SQLITE_READONLY || db->sys == EROFS)};
}

bool
store_rc_is_bug(int rc)
{
    switch (rc & 0xff) {
    case SQLITE_ERROR:
    case SQLITE_INTERNAL:
    case SQLITE_SCHEMA:
    case SQLITE_TOOBIG:
    case SQLITE_CONSTRAINT:
    case SQLITE_MISMATCH:
    case SQLITE_MISUSE:
    case SQLITE_AUTH:
    case SQLITE_RANGE:
        return true;
    default:
        return false;
    }
}

/* For good. */
static void
fail(struct store *store)
{
    const struct store_db *db = &store->db;

    if (store->failed)
        return;
    store->failed = true;
    store->bug = store_rc_is_bug(db->rc);
    snprintf(store->why, sizeof store->why, "%s%s%s",
             db->why[0] ? db->why : sqlite3_errstr(db->rc), db->sys ? ": " : "",
             db->sys ? strerror(db->sys) : "");
}

/* ---- the WAL ------------------------------------------------------------*/

/*
 * True when all of it is in the main file, so that it starts over.
 *   mode  PASSIVE; TRUNCATE gives its blocks back as well, unless somebody
 *         reads from it just now
 */
static bool
checkpoint(struct store *store, int mode)
{
    int frames = 0;
    int copied = 0;

    (void)FAILPOINT(STORE_CHECKPOINT);
    sqlite3_busy_timeout(store->db.h, 0);
    int rc =
        sqlite3_wal_checkpoint_v2(store->db.h, NULL, mode, &frames, &copied);
    sqlite3_busy_timeout(store->db.h, STORE_BUSY_MS);
    (void)FAILPOINT(STORE_CHECKPOINTED);

    if (rc == SQLITE_OK || (rc == SQLITE_BUSY && frames >= 0)) {
        store->wal_pages = (unsigned)(frames - copied);
        return !store->wal_pages;
    }
    /* Full or busy: the WAL has it all and grows meanwhile. A failed fsync
     * is told once, so it is not forgotten. */
    sql_clear(&store->db);
    sql_fail(&store->db, sqlite3_extended_errcode(store->db.h));
    if (!no_room(&store->db))
        fail(store);
    sql_clear(&store->db);
    return false;
}

bool
store_shrink(struct store *store)
{
    return checkpoint(store, SQLITE_CHECKPOINT_TRUNCATE);
}

/* To copy the WAL back the main file may have to grow: on a small disk the WAL
 * must not take the room for that. */
static bool
is_long(const struct store *store)
{
    return store->wal_pages >= CHECKPOINT_PAGES ||
           (store->path &&
            store->wal_pages > store_room_free(store) / PAGE_BYTES / WAL_SHARE);
}

/* While room is low the WAL is kept short: its blocks may be what is missed. */
void
store_tidy(struct store *store)
{
    if (store->failed)
        return;
    if (store->room.low)
        (void)store_shrink(store);
    else if (store->wal_pages && is_long(store))
        (void)checkpoint(store, SQLITE_CHECKPOINT_PASSIVE);
    if (!store->failed)
        store_room_tidy(store);
}

/* ---- a transaction ------------------------------------------------------*/

static bool
attempt(struct store *store, struct store_job **jobs, size_t n)
{
    sql_clear(&store->db);
    store->ledger_here = 0;
    sql_run_plain(&store->db, SQL_BEGIN_WRITE);
    sql_simulate(&store->db, FAILPOINT(STORE_BEGIN));
    for (size_t i = 0; i < n && store->db.rc == SQLITE_OK; i++)
        apply(store, jobs[i]);
    flush(store);
    sql_simulate(&store->db, FAILPOINT(STORE_COMMIT));
    sql_run_plain(&store->db, SQL_COMMIT);
    return store->db.rc == SQLITE_OK;
}

/* Nothing of the transaction happened. */
static struct wait
roll_back(struct store *store, struct store_job **jobs, size_t n)
{
    struct wait why = wait_of(&store->db);

    if (!no_room(&store->db))
        fail(store);
    sql_clear(&store->db);
    /* SQLite may have rolled back by itself. */
    if (!sqlite3_get_autocommit(store->db.h))
        sql_run_plain(&store->db, SQL_ROLLBACK);
    store_load_meta(store);
    if (store->db.rc != SQLITE_OK)
        fail(store);
    for (size_t i = 0; i < n; i++)
        span_clear(&jobs[i]->gaps);
    return why;
}

/* True when there may be room now. Each way is gone (*shrunk) once it was
 * used. What failed has made the WAL longer, so that comes first. */
static bool
make_room(struct store *store, const struct wait *why, bool *shrunk)
{
    if (store->failed || !why->full)
        return false;
    if (!*shrunk) {
        *shrunk = true;
        if (store_shrink(store))
            return true;
    }
    if (store->failed || !store_room_release(store))
        return false;
    *shrunk = false;
    return true;
}

static enum cim_err
refuse(struct store *store, struct store_job **jobs, size_t n,
       const struct wait *why)
{
    for (size_t i = 0; i < n; i++) {
        jobs[i]->err = CIM_EIO;
        jobs[i]->full = !store->failed;
        jobs[i]->read_only = !store->failed && why->read_only;
        jobs[i]->low = false;
        jobs[i]->bug = store->failed && store->bug;
        jobs[i]->why = store->failed ? store->why : NULL;
        jobs[i]->last_arrival = store->last_arrival;
    }
    return CIM_EIO;
}

enum cim_err
store_commit(struct store *store, struct store_job **jobs, size_t n, bool *full)
{
    struct wait why = {0};
    bool done = false;
    bool shrunk = false;

    *full = false;
    while (!store->failed && !(done = attempt(store, jobs, n))) {
        why = roll_back(store, jobs, n);
        if (!make_room(store, &why, &shrunk))
            break;
    }
    /* What it left of the WAL is room for a smaller one. */
    if (!done && !store->failed && why.full)
        (void)store_shrink(store);
    if (done)
        (void)FAILPOINT(STORE_COMMITTED);
    if (done && !store_in_place(store)) {
        snprintf(store->db.why, sizeof store->db.why,
                 "its files were deleted or moved");
        fail(store);
    }
    *full = !done && !store->failed;
    if (!done || store->failed)
        return refuse(store, jobs, n, &why);
    store_room_regain(store);
    for (size_t i = 0; i < n; i++)
        jobs[i]->low = store->room.low;
    return CIM_OK;
}

/* SPDX-License-Identifier: MPL-2.0 */
#include "node/store_sql.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "node/mem.h"

static const char *const sql_texts[SQL_N] = {
#define STORE_SQL_TEXT(name, text) text,
    STORE_SQL(STORE_SQL_TEXT) STORE_SQL_LEDGER(STORE_SQL_TEXT)
#undef STORE_SQL_TEXT
};

void
sql_close(struct store_db *db)
{
    for (size_t i = 0; i < SQL_N; i++) {
        sqlite3_finalize(db->stmt[i]);
        db->stmt[i] = NULL;
    }
    sqlite3_close(db->h);
    db->h = NULL;
}

void
sql_clear(struct store_db *db)
{
    db->rc = SQLITE_OK;
    db->sys = 0;
    db->why[0] = '\0';
}

/* sqlite3_system_errno would do, but what fails inside COMMIT is not noted
 * there. */
int
sql_errno(sqlite3 *h)
{
    sqlite3_vfs *vfs = NULL;

    if (sqlite3_file_control(h, "main", SQLITE_FCNTL_VFS_POINTER, &vfs) !=
            SQLITE_OK ||
        !vfs || !vfs->xGetLastError)
        return sqlite3_system_errno(h);
    return vfs->xGetLastError(vfs, 0, NULL);
}

void
sql_fail(struct store_db *db, int rc)
{
    if ((rc & 0xff) == SQLITE_NOMEM)
        mem_fail();
    if (db->rc != SQLITE_OK)
        return;
    db->rc = rc;
    db->sys = sql_errno(db->h);
    snprintf(db->why, sizeof db->why, "%s", sqlite3_errmsg(db->h));
}

void
sql_simulate(struct store_db *db, int error)
{
    if (!error || db->rc != SQLITE_OK)
        return;
    db->rc = error == ENOSPC ? SQLITE_FULL : SQLITE_IOERR;
    db->sys = error;
}

sqlite3_stmt *
sql_use(struct store_db *db, enum store_sql which)
{
    if (db->rc != SQLITE_OK)
        return NULL;
    if (!db->stmt[which]) {
        int rc = sqlite3_prepare_v3(db->h, sql_texts[which], -1,
                                    SQLITE_PREPARE_PERSISTENT, &db->stmt[which],
                                    NULL);
        if (rc != SQLITE_OK)
            sql_fail(db, rc);
    }
    return db->stmt[which];
}

void
sql_int(sqlite3_stmt *st, int i, int64_t value)
{
    if (st)
        sqlite3_bind_int64(st, i, value);
}

void
sql_u64(sqlite3_stmt *st, int i, uint64_t value)
{
    sql_int(st, i, (int64_t)value);
}

void
sql_text(sqlite3_stmt *st, int i, struct cim_bytes text)
{
    /* A NULL pointer would bind NULL, not the empty text. */
    if (st)
        sqlite3_bind_text(st, i, text.len ? (const char *)text.p : "",
                          (int)text.len, SQLITE_STATIC);
}

void
sql_str(sqlite3_stmt *st, int i, const char *text)
{
    sql_text(st, i, cim_bytes_str(text));
}

void
sql_blob(sqlite3_stmt *st, int i, struct cim_bytes bytes)
{
    if (st)
        sqlite3_bind_blob(st, i, bytes.len ? (const void *)bytes.p : "",
                          (int)bytes.len, SQLITE_STATIC);
}

void
sql_null(sqlite3_stmt *st, int i)
{
    if (st)
        sqlite3_bind_null(st, i);
}

void
sql_end(sqlite3_stmt *st)
{
    if (st)
        sqlite3_reset(st);
}

bool
sql_row(struct store_db *db, sqlite3_stmt *st)
{
    if (!st)
        return false;
    int rc = sqlite3_step(st);
    if (rc == SQLITE_ROW)
        return true;
    if (rc != SQLITE_DONE)
        sql_fail(db, sqlite3_extended_errcode(db->h));
    sqlite3_reset(st);
    return false;
}

void
sql_run(struct store_db *db, sqlite3_stmt *st)
{
    if (sql_row(db, st))
        sql_end(st);
}

void
sql_run_plain(struct store_db *db, enum store_sql which)
{
    sql_run(db, sql_use(db, which));
}

int64_t
sql_value(struct store_db *db, sqlite3_stmt *st, int64_t otherwise)
{
    if (!sql_row(db, st))
        return otherwise;
    int64_t value = sqlite3_column_int64(st, 0);
    sql_end(st);
    return value;
}

uint64_t
sql_get_u64(sqlite3_stmt *st, int i)
{
    return (uint64_t)sqlite3_column_int64(st, i);
}

struct cim_bytes
sql_get_bytes(sqlite3_stmt *st, int i)
{
    /* The pointer first: asking for it may convert, and change the length. */
    const void *p = sqlite3_column_blob(st, i);

    return cim_bytes_of(p, (size_t)sqlite3_column_bytes(st, i));
}

void
sql_get_str(sqlite3_stmt *st, int i, char *out, size_t cap)
{
    struct cim_bytes text = sql_get_bytes(st, i);
    size_t len = text.len < cap ? text.len : cap - 1;

    if (len)
        memcpy(out, text.p, len);
    out[len] = '\0';
}

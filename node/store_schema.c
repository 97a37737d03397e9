/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The tables, and how older ones become newer ones.
 *
 * A position that counts as held has a row in `position`, in log order: with
 * the arrival of its event, or 0 (purged), or -1 (refused). `event` is in
 * arrival order, so both orders are walked without sorting. A batch row lives
 * as long as one of its events; the newest header of a log is in `log`.
 *
 * PRAGMA user_version counts the steps below. Each step runs once, all that
 * are missing in one transaction, statement by statement: killed anywhere,
 * the database is what it was, and the next start begins anew. A step that was
 * released is never changed: append the next one and raise STORE_SCHEMA.
 */
#include <inttypes.h>
#include <stdio.h>

#include "node/failpoint.h"
#include "node/store_private.h"

static const char step_1[] =
    "CREATE TABLE meta(name TEXT PRIMARY KEY, value INTEGER NOT NULL)"
    " WITHOUT ROWID;"
    "CREATE TABLE community(id INTEGER PRIMARY KEY, name TEXT NOT NULL"
    " UNIQUE);"
    "CREATE TABLE feed(id INTEGER PRIMARY KEY, node TEXT NOT NULL UNIQUE,"
    " community INTEGER NOT NULL);"
    "CREATE TABLE topic(id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);"
    /* high, top: highest position that counts as held, that was stored */
    "CREATE TABLE log(id INTEGER PRIMARY KEY, feed INTEGER NOT NULL,"
    " epoch INTEGER NOT NULL, header BLOB, sig BLOB, sum BLOB,"
    " high INTEGER NOT NULL DEFAULT 0, top INTEGER NOT NULL DEFAULT 0,"
    " held INTEGER NOT NULL DEFAULT 0, floor INTEGER NOT NULL DEFAULT 0,"
    " min_time INTEGER NOT NULL DEFAULT 0,"
    " max_time INTEGER NOT NULL DEFAULT 0, UNIQUE(feed, epoch));"
    "CREATE TABLE equivocation(log INTEGER PRIMARY KEY, a BLOB NOT NULL,"
    " a_sig BLOB NOT NULL, b BLOB NOT NULL, b_sig BLOB NOT NULL);"
    "CREATE TABLE cursor(log INTEGER NOT NULL, prefix TEXT NOT NULL,"
    " upto INTEGER NOT NULL, PRIMARY KEY(log, prefix)) WITHOUT ROWID;"
    "CREATE TABLE gap(log INTEGER NOT NULL, first INTEGER NOT NULL,"
    " n INTEGER NOT NULL, PRIMARY KEY(log, first)) WITHOUT ROWID;"
    "CREATE TABLE key(node TEXT NOT NULL, key BLOB NOT NULL,"
    " PRIMARY KEY(node, key)) WITHOUT ROWID;"
    /* sum: over header and sig; nodes: the frontier, store_batch.c */
    "CREATE TABLE batch(id INTEGER PRIMARY KEY, log INTEGER NOT NULL,"
    " first INTEGER NOT NULL, held INTEGER NOT NULL, header BLOB NOT NULL,"
    " sig BLOB NOT NULL, sum BLOB NOT NULL, nodes BLOB NOT NULL);"
    "CREATE INDEX batch_place ON batch(log, first);"
    "CREATE TABLE position(log INTEGER NOT NULL, seq INTEGER NOT NULL,"
    " topic INTEGER NOT NULL, arrival INTEGER NOT NULL,"
    " PRIMARY KEY(log, seq)) WITHOUT ROWID;"
    /* who: the community, so that an id belongs to one */
    "CREATE TABLE event(arrival INTEGER PRIMARY KEY, log INTEGER NOT NULL,"
    " seq INTEGER NOT NULL, topic INTEGER NOT NULL, batch INTEGER NOT NULL,"
    " who INTEGER NOT NULL, received INTEGER NOT NULL,"
    " flags INTEGER NOT NULL, id BLOB, bytes BLOB NOT NULL);"
    "CREATE INDEX event_id ON event(id, who) WHERE id IS NOT NULL;"
    "CREATE INDEX event_topic ON event(topic);"
    "CREATE TABLE refused(id INTEGER PRIMARY KEY, log INTEGER NOT NULL,"
    " seq INTEGER NOT NULL, leaf BLOB NOT NULL, reason TEXT NOT NULL,"
    " at INTEGER NOT NULL);"
    "CREATE TABLE aside(id INTEGER PRIMARY KEY, log INTEGER NOT NULL,"
    " seq INTEGER NOT NULL, arrival INTEGER NOT NULL, at INTEGER NOT NULL,"
    " bytes BLOB NOT NULL);"
    "CREATE TABLE own(id BLOB PRIMARY KEY, given BLOB NOT NULL,"
    " log INTEGER NOT NULL, seq INTEGER NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE roster(community TEXT PRIMARY KEY, serial INTEGER NOT NULL,"
    " bytes BLOB NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE counter(name TEXT PRIMARY KEY, value INTEGER NOT NULL)"
    " WITHOUT ROWID;"
    "CREATE TABLE hook(name TEXT PRIMARY KEY, cursor INTEGER NOT NULL,"
    " start INTEGER NOT NULL)"
    " WITHOUT ROWID;"
    "CREATE TABLE run(id INTEGER PRIMARY KEY, hook TEXT NOT NULL,"
    " arrival INTEGER NOT NULL, attempt INTEGER NOT NULL,"
    " state INTEGER NOT NULL, status INTEGER NOT NULL,"
    " started INTEGER NOT NULL, ended INTEGER NOT NULL, event TEXT NOT NULL,"
    " output TEXT NOT NULL);"
    "CREATE INDEX run_hook ON run(hook);"
    "CREATE INDEX run_event ON run(hook, arrival);";

/*
 * The ledger (store_ledger.h): empty here, filled by STORE_LEDGER. A key
 * is a tag and a text; at sorts as what was said is ordered.
 */
static const char step_2[] =
    "CREATE TABLE ledger_event(arrival INTEGER PRIMARY KEY,"
    " kind INTEGER NOT NULL, who INTEGER NOT NULL, id BLOB NOT NULL,"
    " at BLOB NOT NULL, topic INTEGER NOT NULL, title TEXT, url TEXT,"
    " branch TEXT, parts BLOB);"
    "CREATE INDEX ledger_event_id ON ledger_event(id, who, at);"
    "CREATE INDEX ledger_event_title ON ledger_event(title)"
    " WHERE title IS NOT NULL;"
    "CREATE TABLE ledger_said(id INTEGER PRIMARY KEY, who INTEGER NOT NULL,"
    " level TEXT NOT NULL, UNIQUE(who, level));"
    "CREATE TABLE ledger_key(key BLOB NOT NULL, who INTEGER NOT NULL,"
    " at BLOB NOT NULL, subject INTEGER NOT NULL,"
    " PRIMARY KEY(key, who, at)) WITHOUT ROWID;"
    "CREATE TABLE ledger_say(key BLOB NOT NULL, said INTEGER NOT NULL,"
    " at BLOB NOT NULL, stamp INTEGER NOT NULL, state INTEGER NOT NULL,"
    " url BLOB, PRIMARY KEY(key, said, at)) WITHOUT ROWID;"
    "CREATE TABLE ledger_member(key BLOB NOT NULL, who INTEGER NOT NULL,"
    " at BLOB NOT NULL, baseline INTEGER NOT NULL,"
    " PRIMARY KEY(key, who, at)) WITHOUT ROWID;"
    "CREATE TABLE ledger_word(subject INTEGER NOT NULL,"
    " said INTEGER NOT NULL, grp INTEGER NOT NULL, state INTEGER NOT NULL,"
    " at BLOB NOT NULL, stamp INTEGER NOT NULL, PRIMARY KEY(subject, said, "
    "grp)) WITHOUT ROWID;"
    "CREATE INDEX ledger_word_newest ON ledger_word(said, state, grp, at);"
    "CREATE TABLE ledger_again(key BLOB NOT NULL, who INTEGER NOT NULL,"
    " what INTEGER NOT NULL, low BLOB NOT NULL, high BLOB NOT NULL,"
    " said INTEGER NOT NULL, turn INTEGER NOT NULL,"
    " PRIMARY KEY(key, who, what)) WITHOUT ROWID;"
    "CREATE INDEX ledger_again_turn ON ledger_again(turn);";

static const char *const steps[STORE_SCHEMA] = {step_1, step_2};

/* One statement after the other; false when one did not run. */
static bool
run(struct store_db *db, const char *sql)
{
    while (db->rc == SQLITE_OK && *sql) {
        sqlite3_stmt *st = NULL;
        int rc = sqlite3_prepare_v2(db->h, sql, -1, &st, &sql);

        while (rc == SQLITE_OK && st && sqlite3_step(st) == SQLITE_ROW)
            ;
        if (sqlite3_finalize(st) != SQLITE_OK || rc != SQLITE_OK)
            sql_fail(db, sqlite3_extended_errcode(db->h));
        sql_simulate(db, FAILPOINT(MIGRATION_STEP));
    }
    return db->rc == SQLITE_OK;
}

static int64_t
pragma(struct store_db *db, const char *sql)
{
    sqlite3_stmt *st = NULL;
    int rc = sqlite3_prepare_v2(db->h, sql, -1, &st, NULL);

    if (rc != SQLITE_OK)
        sql_fail(db, sqlite3_extended_errcode(db->h));
    int64_t value = sql_value(db, st, 0);
    sqlite3_finalize(st);
    return value;
}

/* The version of the schema; *ours false for another program's database. */
static int64_t
version_of(struct store_db *db, bool *ours)
{
    int64_t application = pragma(db, "PRAGMA application_id");
    int64_t version = pragma(db, "PRAGMA user_version");
    int64_t tables = pragma(db, "SELECT count(*) FROM sqlite_schema");

    *ours = (application == STORE_APPLICATION && version > 0) ||
            (!version && !tables);
    return version;
}

static enum cim_err
judge(struct store_db *db, int64_t newest, const char *path,
      struct cim_diag *diag, int64_t *version)
{
    bool ours = false;

    *version = version_of(db, &ours);
    if (db->rc != SQLITE_OK) {
        cim_diag_set(diag, "%s: %s; check the disk, or restore a backup of it",
                     path, sqlite3_errstr(db->rc));
        return CIM_EIO;
    }
    if (!ours) {
        cim_diag_set(diag, "%s: another program's database; name another file",
                     path);
        return CIM_EVERSION;
    }
    if (*version > newest) {
        cim_diag_set(diag,
                     "%s: schema %" PRId64 " was made by a newer cimesh, this"
                     " one knows up to %" PRId64
                     "; run the newer program, or restore a backup made"
                     " before it ran",
                     path, *version, newest);
        return CIM_EVERSION;
    }
    return CIM_OK;
}

enum cim_err
store_schema_check(struct store_db *db, const char *path, struct cim_diag *diag)
{
    int64_t version = 0;
    enum cim_err err = judge(db, STORE_SCHEMA, path, diag, &version);

    if (err == CIM_OK && version < STORE_SCHEMA) {
        cim_diag_set(diag,
                     "%s: made by an older cimesh; start the node once,"
                     " it brings the database up to date",
                     path);
        return CIM_EVERSION;
    }
    return err;
}

static enum cim_err
cannot_migrate(struct store_db *db, int64_t step, const char *path,
               struct cim_diag *diag)
{
    bool bug = store_rc_is_bug(db->rc);

    cim_diag_set(diag,
                 "%s: cannot be brought to schema %" PRId64 ": %s; it is as"
                 " it was%s",
                 path, step, db->why,
                 bug ? ", run the program that made it, and report this"
                     : "; make room, or check the disk");
    return bug ? CIM_ESTATE : CIM_EIO;
}

enum cim_err
store_migrate_to(struct store_db *db, const struct store_schema *schema,
                 const char *path, struct cim_diag *diag)
{
    char pragmas[96];
    int64_t version = 0;
    enum cim_err err = judge(db, schema->n, path, diag, &version);
    int64_t step = version;

    if (err != CIM_OK || version == schema->n)
        return err;
    snprintf(pragmas, sizeof pragmas,
             "PRAGMA application_id = %d; PRAGMA user_version = %" PRId64,
             STORE_APPLICATION, schema->n);
    run(db, "BEGIN IMMEDIATE");
    while (step < schema->n && run(db, schema->steps[step]))
        step++;
    run(db, pragmas);
    run(db, "COMMIT");
    (void)FAILPOINT(MIGRATION_DONE);
    if (db->rc == SQLITE_OK)
        return CIM_OK;
    err = cannot_migrate(db, step < schema->n ? step + 1 : step, path, diag);
    if (!sqlite3_get_autocommit(db->h))
        sqlite3_exec(db->h, "ROLLBACK", NULL, NULL, NULL);
    return err;
}

enum cim_err
store_migrate(struct store_db *db, const char *path, struct cim_diag *diag)
{
    const struct store_schema schema = {steps, STORE_SCHEMA};

    return store_migrate_to(db, &schema, path, diag);
}

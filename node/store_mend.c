/* SPDX-License-Identifier: MPL-2.0 */
/*
 * What a check found, given to the writer: it looks again before it changes
 * anything. Indexes are made anew from their tables.
 */
#include <string.h>

#include "node/mem.h"
#include "node/store_check.h"
#include "node/store_private.h"

struct store_job *
store_mend_job(const struct store_finding *f, int64_t now_ms)
{
    struct store_job *job = store_job_new(STORE_ASIDE);

    job->now_ms = now_ms;
    job->aside.log = f->log;
    job->aside.seq = f->arrival ? 0 : f->seq;
    job->aside.arrival = f->arrival;
    return job;
}

static enum cim_err
mend_one(struct store *store, const struct store_finding *f, int64_t now_ms)
{
    struct store_job *job = store_mend_job(f, now_ms);
    bool full = false;
    enum cim_err err = store_commit(store, &job, 1, &full);

    store_job_destroy(&job);
    return err;
}

static enum cim_err
build_ledger(struct store *store)
{
    enum cim_err err = CIM_OK;
    bool full = false;

    while (err == CIM_OK && store_ledger_behind(store)) {
        struct store_job *job = store_job_new(STORE_LEDGER);
        err = store_commit(store, &job, 1, &full);
        store_job_destroy(&job);
    }
    return err;
}

/* Indexes are told anew by their tables; what else is wrong stays. */
static bool
mend_database(struct store *store)
{
    sqlite3_stmt *st = NULL;
    char text[8] = "";

    if (!store_exec(store, "REINDEX"))
        return false;
    if (sqlite3_prepare_v2(store->db.h, "PRAGMA integrity_check(1)", -1, &st,
                           NULL) == SQLITE_OK &&
        sqlite3_step(st) == SQLITE_ROW)
        sql_get_str(st, 0, text, sizeof text);
    sqlite3_finalize(st);
    return strcmp(text, "ok") == 0;
}

enum cim_err
store_mend(const char *path, const struct store_finding *findings, size_t n,
           int64_t now_ms, size_t *remain, struct cim_diag *diag)
{
    struct store *store = NULL;
    size_t database = 0;
    enum cim_err err = store_open(path, &store, diag);

    *remain = 0;
    for (size_t i = 0; err == CIM_OK && i < n; i++) {
        if (findings[i].what == STORE_ROT_DATABASE)
            database++;
        else if (!store_rot_mendable(findings[i].what))
            (*remain)++;
        else
            err = mend_one(store, &findings[i], now_ms);
        if (err == CIM_OK && findings[i].what == STORE_ROT_LEDGER)
            err = build_ledger(store);
        if (err != CIM_OK)
            cim_diag_set(diag, "%s cannot be written; check room and disk",
                         path);
    }
    if (err == CIM_OK && database && !mend_database(store))
        *remain += database;
    store_close(&store);
    return err;
}

/* SPDX-License-Identifier: MPL-2.0 */
/*
 * cimesh fsck - is all that is stored still what was signed?
 *
 * Reads beside a running node. What is not whole is set aside by the node,
 * which asks its peers for it; without a node it is done here, and the next
 * start asks.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "node/clock.h"
#include "node/cmd_client.h"
#include "node/mem.h"
#include "node/progress.h"
#include "node/settings.h"
#include "node/store_check.h"

const char cmd_fsck_help[] =
    "Examples:\n"
    "    cimesh fsck\n"
    "    cimesh fsck --dry-run --json\n"
    "\n"
    "Checks all that is stored, while the node runs or not: each event "
    "against\n"
    "the root of its batch, each header against the key kept for it, heads,\n"
    "counts, cursors and gaps of each log, the ledger against the events, "
    "and\n"
    "the database's own pages and indexes. A ledger that is wrong is built "
    "anew.\n"
    "Each finding is a line: NODE EPOCH/SEQ WHAT: what is wrong.\n"
    "An event that is not what was signed is set aside, and fetched again "
    "from\n"
    "the peers that have it: at once by a running node, else at its next "
    "start.\n"
    "    --dry-run  changes nothing\n"
    "    --json     an object a line; the last one counts\n"
    "\n"
    "Exit codes: 0 all is whole, or was mended or is to be fetched again; 65\n"
    "findings remain; 66 no store here; 69 a node holds the store and does "
    "not\n"
    "answer; 74 the store cannot be read or written; 78 no site here.\n";

#define FINDINGS_MAX 100000 /* in one run */

struct fsck {
    struct progress progress;
    struct store_finding *v; /* owned */
    size_t n, cap;
    bool json;
};

/* A name that rotted says anything; a terminal gets none of it. */
static void
print_finding(const struct fsck *fsck, const struct store_finding *f)
{
    bool named = cim_node_valid(cim_bytes_str(f->log.node));

    if (fsck->json) {
        printf("{\"what\":\"%s\",\"node\":", store_rot_name(f->what));
        if (named)
            cmd_print_json(f->log.node);
        else
            fputs("null", stdout);
        printf(",\"epoch\":%" PRIu64 ",\"seq\":%" PRIu64 ",\"text\":",
               f->log.epoch, f->seq);
        cmd_print_json(f->text);
        puts("}");
        return;
    }
    if (named && f->seq)
        printf("%s %" PRIu64 "/%" PRIu64 " ", f->log.node, f->log.epoch,
               f->seq);
    else if (named)
        printf("%s %" PRIu64 " ", f->log.node, f->log.epoch);
    printf("%s: %s\n", store_rot_name(f->what), f->text);
}

static bool
found(void *ctx, const struct store_finding *finding)
{
    struct fsck *fsck = ctx;

    progress_clear(&fsck->progress);
    xgrow(&fsck->v, &fsck->cap, fsck->n, sizeof *fsck->v);
    fsck->v[fsck->n++] = *finding;
    print_finding(fsck, finding);
    return fsck->n < FINDINGS_MAX;
}

static bool
go_on(void *ctx, uint64_t done, uint64_t all)
{
    struct fsck *fsck = ctx;

    progress_say(&fsck->progress, done, all);
    return true;
}

static int
check(struct fsck *fsck, const char *path, struct store_check *result)
{
    struct store_reader *reader = NULL;
    struct cim_diag diag = {{0}};
    enum cim_err err = store_reader_open(path, &reader, &diag);

    *result = (struct store_check){.found = found, .go_on = go_on, .ctx = fsck};
    progress_start(&fsck->progress, "fsck", "events");
    if (err == CIM_OK)
        err = store_check(reader, result, &diag);
    progress_clear(&fsck->progress);
    store_reader_close(&reader);
    if (err)
        return cmd_fail(cmd_exit_of(err), "fsck", "%s", diag.text);
    return CMD_OK;
}

/* ---- mending ------------------------------------------------------------ */

static int
ask_node(struct http_client *client, const struct store_finding *f)
{
    struct http_reply reply = {0};
    struct cim_diag diag = {{0}};
    struct cim_buf path = {0};
    char number[24];

    cim_buf_add_str(&path, "/v1/aside");
    if (f->log.node[0])
        cmd_client_query(&path, "node", f->log.node);
    snprintf(number, sizeof number, "%" PRIu64, f->log.epoch);
    cmd_client_query(&path, "epoch", number);
    snprintf(number, sizeof number, "%" PRIu64, f->arrival ? 0 : f->seq);
    cmd_client_query(&path, "seq", number);
    snprintf(number, sizeof number, "%" PRIu64, f->arrival);
    cmd_client_query(&path, "arrival", number);
    cim_buf_add_u8(&path, 0);
    if (path.err)
        mem_fail();
    enum cim_err err =
        http_client_call(client, (const char *)path.p, "application/json",
                         cim_bytes_str("{}"), "text/plain", &reply, &diag);
    int code = CMD_OK;
    if (err)
        code = cmd_client_fail("fsck", err, &diag);
    else if (reply.status / 100 != 2)
        code = cmd_client_refused("fsck", &reply);
    http_reply_clear(&reply);
    cim_buf_clear(&path);
    return code;
}

/* The node mends what its writer can while it runs. */
static int
mend_by_node(const struct cmd_context *ctx, const struct fsck *fsck,
             size_t *remain)
{
    struct http_client *client = NULL;
    int code = cmd_client_open(ctx, "fsck", &client);

    *remain = 0;
    for (size_t i = 0; code == CMD_OK && i < fsck->n; i++) {
        const struct store_finding *f = &fsck->v[i];
        if (store_rot_mendable(f->what) && f->what != STORE_ROT_DATABASE)
            code = ask_node(client, f);
        else
            (*remain)++;
    }
    http_client_close(&client);
    return code;
}

static int
mend(const struct cmd_context *ctx, const struct fsck *fsck, const char *path,
     size_t *remain)
{
    struct cim_diag diag = {{0}};
    enum cim_err err =
        store_mend(path, fsck->v, fsck->n, clock_wall_ms(), remain, &diag);
    if (err == CIM_OK)
        return CMD_OK;
    if (err == CIM_EEXIST)
        return mend_by_node(ctx, fsck, remain);
    return cmd_fail(cmd_exit_of(err), "fsck", "%s", diag.text);
}

static void
summary(const struct fsck *fsck, const struct store_check *result,
        size_t remain)
{
    if (fsck->json) {
        printf("{\"events\":%" PRIu64 ",\"logs\":%" PRIu64
               ",\"findings\":%zu,\"remain\":%zu,\"whole\":%s}\n",
               result->events, result->logs, fsck->n, remain,
               result->ended ? "false" : "true");
        return;
    }
    printf("%" PRIu64 " events in %" PRIu64 " logs: ", result->events,
           result->logs);
    if (!fsck->n)
        puts("all is whole");
    else
        printf("%zu findings, %zu mended or to be fetched again, %zu remain\n",
               fsck->n, fsck->n - remain, remain);
    if (result->ended)
        puts("There are more: run it again.");
}

int
cmd_fsck(const struct cmd_context *ctx, int argc, char **argv)
{
    bool dry = false;
    const struct cmd_option options[] = {{.name = "--dry-run", .flag = &dry},
                                         {0}};
    struct settings *settings = NULL;
    struct fsck fsck = {.json = ctx->json};
    struct store_check result;
    int code = cmd_options("fsck", &argc, argv, options);

    if (code)
        return code;
    if (argc != 1)
        return cmd_usage("fsck", "unexpected argument '%s'", argv[1]);
    if ((code = cmd_site(ctx, "fsck", &settings)))
        return code;
    code = check(&fsck, settings->data_file, &result);
    size_t remain = fsck.n;
    if (code == CMD_OK && fsck.n && !dry)
        code = mend(ctx, &fsck, settings->data_file, &remain);
    if (code == CMD_OK) {
        summary(&fsck, &result, remain);
        code = remain || result.ended ? CMD_DATA : CMD_OK;
    }
    settings_destroy(&settings);
    free(fsck.v);
    return code;
}

/* SPDX-License-Identifier: MPL-2.0 */
/*
 * cimesh bench - how many events a second this node acknowledges.
 *
 * Real events of a type of its own, signed and committed like any other, and
 * sent to whoever follows: a node with peers is measured only when asked to.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "node/clock.h"
#include "node/cmd_client.h"
#include "node/mem.h"
#include "proto/json_template.h"

const char cmd_bench_help[] =
    "Examples:\n"
    "    cimesh bench\n"
    "    cimesh bench --connections 64 --events 100000 --json\n"
    "\n"
    "Publishes events of type CimeshBench and waits for each commit: one\n"
    "event a request on 1 and on 64 connections, then 1,000 a request. They\n"
    "are kept and sent to whoever follows, like all events: use a node made\n"
    "for it.\n"
    "    --connections N  only this row: 1 to 64 requests at a time\n"
    "    --batch N        events in each of its requests, 1 to 1000; else 1\n"
    "    --events N       ends a row after N events; else by time\n"
    "    --seconds S      of each row; else 3\n"
    "    --yes            also on a node that has peers\n"
    "Exit codes: 0; 69 no node runs here; 75; 77 it has peers, without "
    "--yes.\n";

struct row {
    unsigned long connections, batch, events, seconds;
    unsigned long sent, done; /* events */
    int64_t started_us, ended_us;
    struct cim_buf body;
    int64_t *took_us; /* owned, of each request */
    size_t n, cap;
    long refused; /* a status that is not 2xx; 0 none */
};

/* About 300 bytes an event, as real ones have. */
static void
make_body(struct row *row)
{
    static const char line[] =
        "{\"eventType\":\"CimeshBench\",\"buildUrl\":"
        "\"https://jenkins.example.org/job/bench/branch/master/build/4711/\","
        "\"artifactUrl\":\"https://nexus.example.org/content/repositories/"
        "bench/bench-0.1.0-20261122.tar.gz\",\"projectBranch\":\"master\","
        "\"confidenceLevel\":{\"AUTORELEASE\":\"SUCCESS\"}}\n";

    for (unsigned long i = 0; i < row->batch; i++)
        cim_buf_add_str(&row->body, line);
}

static bool
next_body(void *ctx, struct cim_bytes *body)
{
    struct row *row = ctx;

    if (row->refused != 0)
        return false;
    if (row->events > 0 ? row->sent >= row->events
                        : clock_mono_us() - row->started_us >=
                              (int64_t)row->seconds * 1000000)
        return false;
    row->sent += row->batch;
    *body = cim_buf_bytes(&row->body);
    return true;
}

static void
body_done(void *ctx, struct cim_bytes body, long status, int64_t took_us)
{
    struct row *row = ctx;

    (void)body;
    if (status / 100 != 2) {
        row->refused = status;
        return;
    }
    row->done += row->batch;
    xgrow(&row->took_us, &row->cap, row->n, sizeof *row->took_us);
    row->took_us[row->n++] = took_us;
}

static int
compare(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

    return (x > y) - (x < y);
}

static double
percentile_ms(const struct row *row, size_t percent)
{
    return row->n == 0
               ? 0
               : (double)row->took_us[(row->n - 1) * percent / 100] / 1000;
}

static void
print_row(struct row *row, bool json)
{
    double s = (double)(row->ended_us - row->started_us) / 1e6;
    double rate = s > 0 ? (double)row->done / s : 0;

    qsort(row->took_us, row->n, sizeof *row->took_us, compare);
    if (json)
        printf("{\"connections\":%lu,\"batch\":%lu,\"events\":%lu,"
               "\"seconds\":%.3f,\"eventsPerSecond\":%.0f,\"p50Ms\":%.3f,"
               "\"p99Ms\":%.3f}\n",
               row->connections, row->batch, row->done, s, rate,
               percentile_ms(row, 50), percentile_ms(row, 99));
    else
        printf("%11lu %9lu %9lu %10.0f %9.3f %9.3f\n", row->connections,
               row->batch, row->done, rate, percentile_ms(row, 50),
               percentile_ms(row, 99));
    fflush(stdout);
}

static int
run_row(struct http_client *client, struct row *row, bool json)
{
    struct http_load load = {.path = "/v1/events",
                             .type = "application/x-ndjson",
                             .n = (unsigned)row->connections,
                             .next = next_body,
                             .done = body_done,
                             .ctx = row};
    struct cim_diag diag = {0};
    int rc = 0;

    make_body(row);
    row->started_us = clock_mono_us();
    enum cim_err err = http_client_load(client, &load, &diag);
    row->ended_us = clock_mono_us();
    if (err != CIM_OK)
        rc = cmd_client_fail("bench", err, &diag);
    else if (row->refused != 0)
        rc = cmd_fail(CMD_AGAIN, "bench",
                      "the node answered with status %ld; 'cimesh status' "
                      "may say why",
                      row->refused);
    else
        print_row(row, json);
    cim_buf_clear(&row->body);
    free(row->took_us);
    return rc;
}

/* 0, or the exit code: a node with peers would send them all of it. */
static int
check_peers(struct http_client *client)
{
    struct http_reply reply = {0};
    struct cim_buf peers = {0};
    int rc = cmd_client_get(client, "bench", "/v1/status", "application/json",
                            &reply);

    if (rc == 0 &&
        cim_json_template(cim_buf_bytes(&reply.body), "%{peers.all}", &peers) ==
            CIM_OK &&
        !cim_bytes_is(cim_buf_bytes(&peers), "0"))
        rc = cmd_fail(CMD_DENIED, "bench",
                      "this node has peers, which would get every event of "
                      "it; measure another one, or say --yes");
    cim_buf_clear(&peers);
    http_reply_clear(&reply);
    return rc;
}

static int
run_rows(const struct cmd_context *ctx, struct http_client *client,
         const struct row *asked)
{
    static const struct row usual[] = {
        {.connections = 1, .batch = 1},
        {.connections = 64, .batch = 1},
        {.connections = 1, .batch = 1000},
        {.connections = 4, .batch = 1000},
    };
    bool one = asked->connections > 0;
    int rc = 0;

    if (!ctx->json)
        printf("%11s %9s %9s %10s %9s %9s\n", "connections", "a request",
               "events", "events/s", "p50 ms", "p99 ms");
    for (size_t i = 0; rc == 0 && i < (one ? 1 : 4); i++) {
        struct row row = one ? *asked : usual[i];
        row.events = asked->events;
        row.seconds = asked->seconds;
        rc = run_row(client, &row, ctx->json);
    }
    return rc;
}

struct words {
    const char *connections, *batch, *events, *seconds;
    bool yes;
};

static int
read_words(const struct words *words, struct row *row)
{
    int rc = 0;

    row->seconds = 3;
    if (words->connections != NULL || words->batch != NULL)
        row->connections = row->batch = 1;
    if (words->connections != NULL)
        rc = cmd_client_number("bench", "--connections", words->connections, 1,
                               64, &row->connections);
    if (rc == 0 && words->batch != NULL)
        rc = cmd_client_number("bench", "--batch", words->batch, 1, 1000,
                               &row->batch);
    if (rc == 0 && words->events != NULL)
        rc = cmd_client_number("bench", "--events", words->events, 1,
                               1000000000, &row->events);
    if (rc == 0 && words->seconds != NULL)
        rc = cmd_client_number("bench", "--seconds", words->seconds, 1, 3600,
                               &row->seconds);
    return rc;
}

int
cmd_bench(const struct cmd_context *ctx, int argc, char **argv)
{
    struct words words = {0};
    const struct cmd_option options[] = {
        {.name = "--connections", .value = &words.connections},
        {.name = "--batch", .value = &words.batch},
        {.name = "--events", .value = &words.events},
        {.name = "--seconds", .value = &words.seconds},
        {.name = "--yes", .flag = &words.yes},
        {0}};
    struct http_client *client = NULL;
    struct row asked = {0};
    int rc = cmd_options("bench", &argc, argv, options);

    if (rc == 0 && argc > 1)
        rc = cmd_usage("bench", "unexpected argument: %s", argv[1]);
    if (rc == 0)
        rc = read_words(&words, &asked);
    if (rc == 0)
        rc = cmd_client_open(ctx, "bench", &client);
    if (rc == 0 && !words.yes)
        rc = check_peers(client);
    if (rc == 0)
        rc = run_rows(ctx, client, &asked);
    http_client_close(&client);
    return rc;
}

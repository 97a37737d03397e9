/* SPDX-License-Identifier: MPL-2.0 */
/*
 * cimesh latest - the newest artifact or baseline that holds.
 *
 * With --wait it asks, listens to the node's events from where that answer
 * stood, and asks again when something came in that may change it.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "node/clock.h"
#include "node/cmd_client.h"
#include "proto/topic.h"

#define AGAIN_MS 2000 /* asked again at least so often, news or not */
#define PAUSE_US 100000

const char cmd_latest_help[] =
    "Examples:\n"
    "    cimesh latest odl/ArtifactCreated/master\n"
    "    cimesh latest opnfv/BaselineDefined \\\n"
    "        --with opnfv:OPNFV_ACCEPTANCE=SUCCESS\n"
    "    cimesh latest opnfv/BaselineDefined --by onap --wait 3600\n"
    "    cimesh latest odl/ --branch stable/x --with AUTORELEASE=SUCCESS \\\n"
    "        --by odl --template '%{artifactUrl} %{artifactDigest}'\n"
    "\n"
    "Prints the URL of the newest artifact or baseline under PREFIX of which\n"
    "everything asked for holds, as said last by whom it is asked of.\n"
    "    --branch B      of this branch\n"
    "    --name N        of this name; * and ? stand for any characters\n"
    "    --with COMMUNITY:LEVEL=RESULT\n"
    "                    this community says so of it; may be given again\n"
    "    --by COMMUNITY  who says what --with names without a community;\n"
    "                    alone: has promoted it, COMMUNITY:PROMOTED=SUCCESS\n"
    "    --template T    this instead of the URL: %{eventId}, %{topic}, ...\n"
    "    --wait SECONDS  until there is one\n"
    "    --json          subject, stamps and event\n"
    "Exit codes: 0; 66 there is none, and the newest ones lack what is said "
    "on\n"
    "stderr; 69 no node runs here; 75 the ledger is being built; 124 --wait\n"
    "was in vain.\n";

struct latest {
    const char *branch, *name, *by, *template, *wait; /* as given */
    struct cmd_values with;
    bool json;
    unsigned tries;             /* while the ledger is behind */
    struct cim_buf ask, listen; /* paths */
    int64_t until_mono_ms;      /* 0: not waiting */
};

/* What may change the answer: subjects, and words of those asked for. */
static void
make_listen(struct latest *l, const char *prefix)
{
    char topic[CIM_NAME_MAX + 2];

    cim_buf_add_str(&l->listen, "/v1/stream");
    cmd_client_query(&l->listen, "topic", prefix);
    if (l->by != NULL) {
        snprintf(topic, sizeof topic, "%s/", l->by);
        cmd_client_query(&l->listen, "topic", topic);
    }
    for (size_t i = 0; i < l->with.n; i++) {
        const char *colon = strchr(l->with.v[i], ':');
        if (colon == NULL || colon - l->with.v[i] > CIM_NAME_MAX)
            continue;
        snprintf(topic, sizeof topic, "%.*s/", (int)(colon - l->with.v[i]),
                 l->with.v[i]);
        cmd_client_query(&l->listen, "topic", topic);
    }
}

static int
make_paths(struct latest *l, int argc, char **argv)
{
    struct cim_prefix prefix;
    struct cim_diag diag = {0};
    unsigned long wait_s = 0;
    const struct {
        const char *name, *value;
    } plain[] = {{"branch", l->branch},
                 {"name", l->name},
                 {"by", l->by},
                 {"template", l->template}};

    if (argc != 2)
        return cmd_usage("latest", "one topic prefix, such as "
                                   "odl/ArtifactCreated/master");
    if (cim_prefix_parse(cim_bytes_str(argv[1]), &prefix, &diag) != CIM_OK)
        return cmd_usage("latest", "%s", diag.text);
    if (l->wait != NULL &&
        cmd_client_number("latest", "--wait", l->wait, 1, 100000000, &wait_s))
        return CMD_USAGE;
    if (l->json && l->template != NULL)
        return cmd_usage("latest", "either --json or --template");
    if (wait_s > 0)
        l->until_mono_ms = clock_mono_ms() + (int64_t)wait_s * 1000;
    cim_buf_add_str(&l->ask, "/v1/latest");
    cmd_client_query(&l->ask, "topic", argv[1]);
    for (size_t i = 0; i < sizeof plain / sizeof *plain; i++)
        if (plain[i].value != NULL)
            cmd_client_query(&l->ask, plain[i].name, plain[i].value);
    for (size_t i = 0; i < l->with.n; i++)
        cmd_client_query(&l->ask, "with", l->with.v[i]);
    make_listen(l, argv[1]);
    return 0;
}

static bool
stop(void *ctx, const char *text, size_t len)
{
    (void)ctx;
    (void)text;
    (void)len;
    return false;
}

/* Until something came in after this arrival, or for a while; 0 or the exit
 * code. */
static int
listen_after(struct latest *l, struct http_client *client, const char *next)
{
    size_t len = l->listen.len;
    struct http_reply refused = {0};
    struct cim_diag diag = {0};
    enum http_end end = HTTP_END_TIME;
    int64_t left = l->until_mono_ms - clock_mono_ms();
    int rc = 0;

    cmd_client_query(&l->listen, "after", next);
    struct http_stream_ask ask = {.path = cim_buf_cstr(&l->listen),
                                  .wait_ms = left < AGAIN_MS ? left : AGAIN_MS,
                                  .watch_fd = -1,
                                  .line = stop};
    if (ask.wait_ms < 1)
        ask.wait_ms = 1;
    enum cim_err err = http_client_stream(client, &ask, &end, &refused, &diag);
    if (err != CIM_OK)
        rc = cmd_client_fail("latest", err, &diag);
    else if (end == HTTP_END_REFUSED)
        rc = cmd_client_refused("latest", &refused);
    else if (end == HTTP_END_NODE)
        rc = cmd_fail(CMD_UNAVAILABLE, "latest", "the node stopped");
    http_reply_clear(&refused);
    l->listen.len = len;
    usleep(PAUSE_US); /* a busy mesh asks for at most ten answers a second */
    return rc;
}

/* One question. 0 and *done: answered; 0: there is none yet, ask again. */
static int
ask_once(struct latest *l, struct http_client *client, bool *done)
{
    struct http_reply reply = {0};
    struct cim_diag diag = {0};
    enum cim_err err = http_client_call(
        client, cim_buf_cstr(&l->ask), NULL, cim_bytes_of(NULL, 0),
        l->json ? "application/json" : "text/plain", &reply, &diag);
    int rc = 0;

    if (err != CIM_OK)
        return cmd_client_fail("latest", err, &diag);
    *done = reply.status == 200;
    if (cmd_client_behind(&reply, &l->tries)) {
        ;
    } else if (*done) {
        cmd_client_print(reply.body.p, reply.body.len);
    } else if ((reply.status != 404 && reply.status != 503) ||
               l->until_mono_ms == 0) {
        rc = cmd_client_refused("latest", &reply);
    } else if (clock_mono_ms() >= l->until_mono_ms) {
        cmd_client_refused("latest", &reply);
        rc = CMD_TIMEOUT;
    } else {
        rc = listen_after(l, client, *reply.next != '\0' ? reply.next : "0");
    }
    http_reply_clear(&reply);
    return rc;
}

int
cmd_latest(const struct cmd_context *ctx, int argc, char **argv)
{
    struct latest l = {.json = ctx->json};
    const struct cmd_option options[] = {
        {.name = "--branch", .value = &l.branch},
        {.name = "--name", .value = &l.name},
        {.name = "--with", .values = &l.with},
        {.name = "--by", .value = &l.by},
        {.name = "--template", .value = &l.template},
        {.name = "--wait", .value = &l.wait},
        {0}};
    struct http_client *client = NULL;
    bool done = false;
    int rc = cmd_options("latest", &argc, argv, options);

    if (rc == 0)
        rc = make_paths(&l, argc, argv);
    if (rc == 0)
        rc = cmd_client_open(ctx, "latest", &client);
    while (rc == 0 && !done)
        rc = ask_once(&l, client, &done);
    http_client_close(&client);
    cim_buf_clear(&l.ask);
    cim_buf_clear(&l.listen);
    return rc;
}

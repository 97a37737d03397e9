/* SPDX-License-Identifier: MPL-2.0 */
/* cimesh sub - events as they arrive, one a line. */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "node/cmd_client.h"
#include "proto/json_template.h"

const char cmd_sub_help[] =
    "Examples:\n"
    "    cimesh sub odl/\n"
    "    cimesh sub odl/ArtifactCreated/master onap/ --since 1h\n"
    "    cimesh sub 'odl/Art*' -C 1 -W 600 --template '%{artifactUrl}'\n"
    "    cimesh sub '*' --format seed\n"
    "\n"
    "Without --since it shows what arrives from now on; with it, what is\n"
    "stored first, in the order it arrived at this node.\n"
    "    -C N          ends after N events, with 0\n"
    "    -W SECONDS    gives up after that long, with 124\n"
    "    --since WHEN  all, 15m, 1h, 7d, 2026-11-22T12:00:00Z, COMMUNITY:ID\n"
    "    --format F    json or seed\n"
    "    --template T  one line each: %{topic}, %{confidenceLevel.NAME}, ...\n"
    "Exit codes: 0 (also for Ctrl-C and a reader that left); 66 --since names\n"
    "an event that is not here; 69 no node runs here, or it stopped; 124.\n";

struct sub {
    const char *count, *wait, *since, *format, *template; /* as given */
    unsigned long left; /* events to show; 0: no end */
    struct cim_buf text;
    bool closed; /* nobody reads */
};

static void
on_interrupt(int signal_number)
{
    (void)signal_number;
    _exit(CMD_OK); /* every line is flushed */
}

static bool
show(void *ctx, const char *text, size_t len)
{
    struct sub *sub = ctx;

    cim_buf_reset(&sub->text);
    if (sub->template == NULL)
        cim_buf_add(&sub->text, text, len);
    else if (cim_json_template(cim_bytes_of(text, len), sub->template,
                               &sub->text) != CIM_OK)
        return true;
    cim_buf_add_u8(&sub->text, '\n');
    sub->closed = !cmd_client_print(sub->text.p, sub->text.len);
    return !sub->closed && (sub->left == 0 || --sub->left > 0);
}

/* The path of the stream; 0 or the exit code. */
static int
make_path(struct sub *sub, int argc, char **argv, struct cim_buf *path,
          unsigned long *wait_s)
{
    struct cim_diag diag = {0};
    int rc = 0;

    if (argc < 2)
        return cmd_usage("sub", "which topics? '*' is everything");
    if (sub->count != NULL)
        rc = cmd_client_number("sub", "-C", sub->count, 1, 1000000000,
                               &sub->left);
    if (rc == 0 && sub->wait != NULL)
        rc = cmd_client_number("sub", "-W", sub->wait, 1, 100000000, wait_s);
    if (rc != 0)
        return rc;
    if (sub->template != NULL &&
        cim_json_template_check(sub->template, &diag) != CIM_OK)
        return cmd_usage("sub", "--template: %s", diag.text);
    cim_buf_add_str(path, "/v1/stream");
    if (sub->since != NULL)
        cmd_client_query(path, "since", sub->since);
    if (sub->format != NULL)
        cmd_client_query(path, "format", sub->format);
    return cmd_client_topics(path, "sub", argc - 1, argv + 1);
}

static int
stream(struct sub *sub, struct http_client *client,
       const struct http_stream_ask *ask)
{
    struct http_reply refused = {0};
    struct cim_diag diag = {0};
    enum http_end end;
    enum cim_err err = http_client_stream(client, ask, &end, &refused, &diag);
    int rc = CMD_OK;

    (void)sub;
    if (err != CIM_OK)
        rc = cmd_client_fail("sub", err, &diag);
    else if (end == HTTP_END_REFUSED)
        rc = cmd_client_refused("sub", &refused);
    else if (end == HTTP_END_NODE)
        rc = cmd_fail(CMD_UNAVAILABLE, "sub", "the node stopped");
    else if (end == HTTP_END_TIME)
        rc = CMD_TIMEOUT;
    http_reply_clear(&refused);
    return rc;
}

int
cmd_sub(const struct cmd_context *ctx, int argc, char **argv)
{
    struct sub sub = {0};
    const struct cmd_option options[] = {
        {.name = "-C", .value = &sub.count},
        {.name = "-W", .value = &sub.wait},
        {.name = "--since", .value = &sub.since},
        {.name = "--format", .value = &sub.format},
        {.name = "--template", .value = &sub.template},
        {0}};
    struct http_client *client = NULL;
    struct cim_buf path = {0};
    unsigned long wait_s = 0;
    int rc = cmd_options("sub", &argc, argv, options);

    if (rc == 0)
        rc = make_path(&sub, argc, argv, &path, &wait_s);
    if (rc == 0)
        rc = cmd_client_open(ctx, "sub", &client);
    if (rc == 0) {
        signal(SIGINT, on_interrupt);
        struct http_stream_ask ask = {.path = cim_buf_cstr(&path),
                                      .wait_ms = (int64_t)wait_s * 1000,
                                      .watch_fd = STDOUT_FILENO,
                                      .line = show,
                                      .ctx = &sub};
        rc = stream(&sub, client, &ask);
    }
    http_client_close(&client);
    cim_buf_clear(&sub.text);
    cim_buf_clear(&path);
    return rc;
}

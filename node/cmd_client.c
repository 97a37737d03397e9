/* SPDX-License-Identifier: MPL-2.0 */
#include "node/cmd_client.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "node/http_form.h"
#include "proto/topic.h"

/* A ledger that a burst left behind is there again within a second or so. */
#define BEHIND_TRIES 50
#define BEHIND_US    100000

int
cmd_client_open(const struct cmd_context *ctx, const char *cmd,
                struct http_client **out)
{
    struct cim_diag diag = {0};
    enum cim_err err = http_client_open(ctx->dir, out, &diag);

    if (err == CIM_OK)
        return 0;
    /* Without a site no node can run here. */
    return cmd_fail(err == CIM_EPERM    ? CMD_DENIED
                    : err == CIM_ENOENT ? CMD_UNAVAILABLE
                                        : CMD_CONFIG,
                    cmd, "%s", diag.text);
}

int
cmd_client_fail(const char *cmd, enum cim_err err, const struct cim_diag *diag)
{
    return cmd_fail(err == CIM_EPERM ? CMD_DENIED : CMD_UNAVAILABLE, cmd, "%s",
                    diag->text);
}

int
cmd_client_refused(const char *cmd, const struct http_reply *reply)
{
    struct cim_diag diag;
    int rc = http_client_problem(reply, &diag);

    return cmd_fail((enum cmd_exit)rc, cmd, "%s", diag.text);
}

bool
cmd_client_behind(const struct http_reply *reply, unsigned *tries)
{
    struct http_problem_text problem;

    if (reply->status != 503 || *tries >= BEHIND_TRIES)
        return false;
    http_form_problem(cim_buf_bytes(&reply->body), &problem);
    if (strcmp(problem.label, "building") != 0)
        return false;
    ++*tries;
    usleep(BEHIND_US);
    return true;
}

int
cmd_client_get(struct http_client *client, const char *cmd, const char *path,
               const char *accept, struct http_reply *out)
{
    struct cim_diag diag = {0};
    unsigned tries = 0;
    enum cim_err err;

    do {
        http_reply_clear(out);
        err = http_client_call(client, path, NULL, cim_bytes_of(NULL, 0),
                               accept, out, &diag);
    } while (err == CIM_OK && cmd_client_behind(out, &tries));
    if (err != CIM_OK)
        return cmd_client_fail(cmd, err, &diag);
    if (out->status / 100 == 2)
        return 0;
    int rc = cmd_client_refused(cmd, out);
    http_reply_clear(out);
    return rc;
}

int
cmd_client_show(const struct cmd_context *ctx, const char *cmd,
                const char *path)
{
    struct http_client *client = NULL;
    struct http_reply reply = {0};
    int rc = cmd_client_open(ctx, cmd, &client);

    if (rc == 0)
        rc = cmd_client_get(client, cmd, path,
                            ctx->json ? "application/json" : "text/plain",
                            &reply);
    if (rc == 0)
        cmd_client_print(reply.body.p, reply.body.len);
    http_reply_clear(&reply);
    http_client_close(&client);
    return rc;
}

void
cmd_client_query(struct cim_buf *path, const char *name, const char *value)
{
    bool first = memchr(path->p, '?', path->len) == NULL;

    cim_buf_add_u8(path, first ? '?' : '&');
    cim_buf_add_str(path, name);
    cim_buf_add_u8(path, '=');
    http_client_escape(path, cim_bytes_str(value));
}

int
cmd_client_topics(struct cim_buf *path, const char *cmd, int argc, char **argv)
{
    struct cim_prefix prefix;
    struct cim_diag diag = {0};

    if (argc > CIM_PREFIXES_MAX)
        return cmd_usage(cmd, "at most %d topics", CIM_PREFIXES_MAX);
    for (int i = 0; i < argc; i++) {
        if (cim_prefix_parse(cim_bytes_str(argv[i]), &prefix, &diag) != CIM_OK)
            return cmd_usage(cmd, "%s", diag.text);
        cmd_client_query(path, "topic", argv[i]);
    }
    return 0;
}

int
cmd_client_number(const char *cmd, const char *option, const char *text,
                  unsigned long least, unsigned long most, unsigned long *out)
{
    char *end;

    errno = 0;
    *out = strtoul(text, &end, 10);
    if (*text >= '0' && *text <= '9' && *end == '\0' && errno == 0 &&
        *out >= least && *out <= most)
        return 0;
    return cmd_usage(cmd, "%s %s: has to be a number from %lu to %lu", option,
                     text, least, most);
}

bool
cmd_client_print(const void *p, size_t len)
{
    return fwrite(p, 1, len, stdout) == len && fflush(stdout) == 0;
}

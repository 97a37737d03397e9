/* SPDX-License-Identifier: MPL-2.0 */
/* cmd_reload - a running node reads its files again and says what changed. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "node/cmd.h"
#include "node/http_client.h"
#include "node/mem.h"
#include "node/settings.h"

const char cmd_reload_help[] =
    "Examples:\n"
    "    cimesh reload\n"
    "    kill -HUP $(pidof cimesh)    the same; what changed is in the log\n"
    "\n"
    "Reads cimesh.zpl and roster/*.zpl again and applies the difference.\n"
    "A mistake in cimesh.zpl changes nothing; a bad roster file leaves its\n"
    "community as it was, and is named on stderr. Prints what changed, a line\n"
    "each.\n"
    "\n"
    "Exit codes: 0; 69 no node runs here; 78 a mistake in a file.\n";

static enum cim_err
post(const struct cmd_context *ctx, struct http_reply *reply,
     struct cim_diag *diag)
{
    struct http_client *client = NULL;
    enum cim_err err = http_client_open(ctx->dir, &client, diag);

    if (!err)
        err = http_client_call(client, "/v1/reload", "application/json",
                               cim_bytes_str("{}"), "text/plain", reply, diag);
    http_client_close(&client);
    return err;
}

/* Prints what changed to out, the last n lines, refusals, to stderr. */
static void
print(struct cim_bytes text, size_t n, FILE *out)
{
    size_t at = text.len;

    for (; n > 0 && at > 0; n--)
        do
            at--;
        while (at > 0 && text.p[at - 1] != '\n');
    fwrite(text.p, 1, at, out);
    fwrite(text.p + at, 1, text.len - at, stderr);
}

/* What the node answered, or why it took nothing. */
static int
show(const char *cmd, const struct http_reply *reply, FILE *out)
{
    struct cim_diag diag = {{0}};
    int code;

    if (reply->status / 100 != 2) {
        code = http_client_problem(reply, &diag);
        return cmd_fail((enum cmd_exit)code, cmd, "%s", diag.text);
    }
    print(cim_buf_bytes(&reply->body), reply->refused, out);
    return CMD_OK;
}

/* Did the node refuse the file of this community? */
static bool
is_refused(struct http_reply *reply, const char *community)
{
    const char *text = cim_buf_cstr(&reply->body);
    char *line = xasprintf("roster %s: refused", community);
    bool found = text && reply->refused && strstr(text, line);

    free(line);
    return found;
}

int
cmd_apply(const struct cmd_context *ctx, const char *cmd, const char *community)
{
    struct http_reply reply = {0};
    struct cim_diag diag = {{0}};
    enum cim_err err = post(ctx, &reply, &diag);
    int code;

    if (err == CIM_ENOENT) {
        fprintf(stderr, "No node runs here; it reads this when it starts.\n");
        code = CMD_OK;
    } else if (err) {
        code = cmd_fail(cmd_exit_of(err), cmd,
                        "written, but the node could not be told: %s; then: "
                        "cimesh reload",
                        diag.text);
    } else {
        code = show(cmd, &reply, stderr);
        if (!code && community && is_refused(&reply, community))
            code = CMD_CONFIG;
    }
    http_reply_clear(&reply);
    return code;
}

int
cmd_reload(const struct cmd_context *ctx, int argc, char **argv)
{
    static const struct cmd_option none[] = {{0}};
    struct http_reply reply = {0};
    struct cim_diag diag = {{0}};
    struct settings *settings;
    enum cim_err err;
    int code = cmd_options("reload", &argc, argv, none);

    if (code)
        return code;
    if (argc > 1)
        return cmd_usage("reload", "unexpected argument '%s'", argv[1]);
    if ((code = cmd_site(ctx, "reload", &settings)))
        return code;
    settings_destroy(&settings);
    err = post(ctx, &reply, &diag);
    if (err == CIM_ENOENT)
        code = cmd_fail(CMD_UNAVAILABLE, "reload", "%s", diag.text);
    else if (err)
        code = cmd_fail(cmd_exit_of(err), "reload", "%s", diag.text);
    else if (!(code = show("reload", &reply, stdout)) && reply.refused)
        code = CMD_CONFIG;
    http_reply_clear(&reply);
    return code;
}

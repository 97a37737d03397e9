/* SPDX-License-Identifier: MPL-2.0 */
/* cimesh check - the node's state as one line and one of four exit codes. */
#include <stdio.h>
#include <string.h>

#include "node/cmd_client.h"

const char cmd_check_help[] =
    "Examples:\n"
    "    cimesh check\n"
    "    cimesh --dir /srv/odl check --alive\n"
    "\n"
    "For Nagios, Icinga and others that speak their language: a line with "
    "what\n"
    "is wrong first, then numbers behind '|'.\n"
    "    --alive   only whether the node answers: for containers\n"
    "Exit codes, as those systems want them: 0 well; 1 something is missing "
    "or\n"
    "away (peers, gaps, warnings); 2 no node answers, or it cannot publish; 3\n"
    "it could not be found out. --alive: 0 or 1. Usage: 64.\n";

enum { NAGIOS_OK, NAGIOS_WARNING, NAGIOS_CRITICAL, NAGIOS_UNKNOWN };

static int
state_of(const struct http_reply *reply)
{
    static const char *const starts[] = {"CIMESH OK", "CIMESH WARNING",
                                         "CIMESH CRITICAL"};

    for (int i = 0; i < 3; i++)
        if (reply->body.len > strlen(starts[i]) &&
            memcmp(reply->body.p, starts[i], strlen(starts[i])) == 0)
            return i;
    return NAGIOS_UNKNOWN;
}

static int
ask(struct http_client *client, bool alive)
{
    struct http_reply reply = {0};
    struct cim_diag diag = {{0}};
    enum cim_err err =
        http_client_call(client, alive ? "/livez" : "/v1/check", NULL,
                         (struct cim_bytes){0}, "text/plain", &reply, &diag);
    int state = NAGIOS_UNKNOWN;

    if (err) {
        printf("CIMESH CRITICAL - %s\n", diag.text);
        state = NAGIOS_CRITICAL;
    } else if (reply.status != 200) {
        printf("CIMESH UNKNOWN - the node answers %ld\n", reply.status);
    } else if (alive) {
        state = NAGIOS_OK;
    } else {
        cmd_client_print(reply.body.p, reply.body.len);
        state = state_of(&reply);
    }
    http_reply_clear(&reply);
    return state;
}

int
cmd_check(const struct cmd_context *ctx, int argc, char **argv)
{
    bool alive = false;
    const struct cmd_option options[] = {{.name = "--alive", .flag = &alive},
                                         {0}};
    struct http_client *client = NULL;
    struct cim_diag diag = {{0}};
    int state = NAGIOS_UNKNOWN;
    int rc = cmd_options("check", &argc, argv, options);

    if (rc)
        return rc;
    if (argc > 1)
        return cmd_usage("check", "unexpected argument: %s", argv[1]);
    if (http_client_open(ctx->dir, &client, &diag))
        printf("CIMESH UNKNOWN - %s\n", diag.text);
    else
        state = ask(client, alive);
    http_client_close(&client);
    return alive && state ? 1 : state;
}

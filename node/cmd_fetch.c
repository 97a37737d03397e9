/* SPDX-License-Identifier: MPL-2.0 */
/* cimesh fetch - one event that is not here, from any peer that has it. */
#include <stdio.h>

#include "node/cmd_client.h"

const char cmd_fetch_help[] =
    "Examples:\n"
    "    cimesh fetch odl:019aab2c-5f3e-7c61-9f0e-2b1f5a6d7c88\n"
    "    cimesh fetch odl:019aab2c-5f3e-7c61-9f0e-2b1f5a6d7c88 --proof \\\n"
    "        >proof.json\n"
    "\n"
    "For an event that something here names and that is not here: 'cimesh\n"
    "trace' shows such. The nodes of its community are asked, then all other\n"
    "peers, for 5 seconds. What comes is checked against its author's key; it\n"
    "is stored when it lies within what is followed here, else only shown.\n"
    "    --json        one event a line\n"
    "    --format F    json or seed, for --json\n"
    "    --proof       {topic, slice}: what 'cimesh verify' checks\n"
    "Exit codes: 0; 66 nobody who was asked has it; 69 no node runs here; 75\n"
    "too many are being looked for; 77 its community is not in the roster.\n";

static int
fetch(const struct cmd_context *ctx, const char *path, bool raw)
{
    struct http_client *client = NULL;
    struct http_reply reply = {0};
    struct cim_diag diag = {0};
    int rc = cmd_client_open(ctx, "fetch", &client);

    if (rc != 0)
        return rc;
    enum cim_err err = http_client_call(
        client, path, "text/plain", cim_bytes_of(NULL, 0), NULL, &reply, &diag);
    if (err != CIM_OK)
        rc = cmd_client_fail("fetch", err, &diag);
    else if (reply.status != 200)
        rc = cmd_client_refused("fetch", &reply);
    else if (raw)
        cmd_client_print(reply.body.p, reply.body.len);
    else
        cmd_show_print(&reply.body);
    if (rc == 0 && reply.from[0] == '\0')
        fprintf(stderr, "cimesh fetch: it is here already\n");
    else if (rc == 0)
        fprintf(stderr, "cimesh fetch: %s had it; %s\n", reply.from,
                reply.kept ? "it is checked and stored here"
                           : "it is checked, and not stored: it lies outside "
                             "of what is followed here");
    http_reply_clear(&reply);
    http_client_close(&client);
    return rc;
}

int
cmd_fetch(const struct cmd_context *ctx, int argc, char **argv)
{
    static const struct cmd_show_ask ask = {"fetch", "/v1/fetch/",
                                            "COMMUNITY:ID"};
    struct cim_buf path = {0};
    bool raw = ctx->json;
    int rc = cmd_show_line(&ask, argc, argv, &path, &raw);

    if (rc == 0)
        rc = fetch(ctx, cim_buf_cstr(&path), raw);
    cim_buf_clear(&path);
    return rc;
}

/* SPDX-License-Identifier: MPL-2.0 */
/* cimesh diff - what changed from one baseline to another. */
#include "node/cmd_client.h"

const char cmd_diff_help[] =
    "Examples:\n"
    "    cimesh diff opnfv-1.0 opnfv-1.1\n"
    "    cimesh diff opnfv:019aab2c-5f3e-7c61-9f0e-2b1f5a6d7c88 opnfv-1.1 \\\n"
    "        --json\n"
    "\n"
    "Each baseline is a COMMUNITY:ID, a URL or a name. What they consist of "
    "is\n"
    "compared, baselines within them opened: '-' only in the first, '+' only\n"
    "in the second, both together for one whose name differs in its numbers\n"
    "alone; and which stamps differ.\n"
    "    --json        a, b, added, removed, changed, same, stamps\n"
    "Exit codes: 0; 65 a name is claimed by several communities; 66 one is "
    "not\n"
    "here; 69 no node runs here; 75 the ledger is being built.\n";

int
cmd_diff(const struct cmd_context *ctx, int argc, char **argv)
{
    const struct cmd_option options[] = {{0}};
    struct cim_buf path = {0};
    int rc = cmd_options("diff", &argc, argv, options);

    if (rc != 0)
        return rc;
    if (argc != 3 || argv[1][0] == '\0' || argv[2][0] == '\0')
        return cmd_usage("diff", "two baselines, as COMMUNITY:ID, URL or name");
    cim_buf_add_str(&path, "/v1/diff");
    cmd_client_query(&path, "a", argv[1]);
    cmd_client_query(&path, "b", argv[2]);
    rc = cmd_client_show(ctx, "diff", cim_buf_cstr(&path));
    cim_buf_clear(&path);
    return rc;
}

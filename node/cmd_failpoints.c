/* SPDX-License-Identifier: MPL-2.0 */
/* cimesh failpoints - the moments at which a test may stop this build. */
#include <stdio.h>

#include "node/cmd.h"
#include "node/failpoint.h"

const char cmd_failpoints_help[] =
    "Examples:\n"
    "    cimesh failpoints\n"
    "    CIMESH_FAILPOINT='store-commit=crash@7' cimesh node\n"
    "\n"
    "For tests. A line each: the name, a tab, its meaning. Exit codes: 69\n"
    "this build has none.\n";

int
cmd_failpoints(const struct cmd_context *ctx, int argc, char **argv)
{
    (void)ctx;
    if (argc > 1)
        return cmd_usage("failpoints", "unexpected argument: %s", argv[1]);
#ifdef CIM_FAILPOINTS
    for (int i = 0; i < FAILPOINT_N; i++)
        printf("%s\t%s\n", failpoint_label((enum failpoint)i),
               failpoint_meaning((enum failpoint)i));
    return CMD_OK;
#else
    return cmd_fail(CMD_UNAVAILABLE, "failpoints",
                    "this build has none; build with -DCIM_FAILPOINTS=ON");
#endif
}

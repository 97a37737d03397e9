/* SPDX-License-Identifier: MPL-2.0 */
/* cimesh doctor - what is wrong here, and what to do next. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "node/doctor.h"

const char cmd_doctor_help[] =
    "Examples:\n"
    "    cimesh doctor\n"
    "    cimesh --dir /srv/odl doctor --json\n"
    "\n"
    "Looks at the files of the site, its keys, roster and disk, at the "
    "running\n"
    "node, and at each peer as it is seen from here; names the cause of what\n"
    "is wrong and the next command. It changes nothing and may run any time.\n"
    "--json gives an object a finding: check, ok, cause, next.\n"
    "Exit codes: 0 nothing is wrong; else that of the first fault: 69 no node\n"
    "runs or a peer cannot be reached, 74 the disk, 75 the node waits, 77 not\n"
    "allowed, 78 a mistake in the files.\n";

static void
put(const struct doctor *d, const char *what, const char *cause,
    const char *next)
{
    if (!d->ctx->json) {
        printf("%s  %-24s %s\n", next ? "FAULT" : "ok   ", what, cause);
        if (next)
            printf("       %-24s next: %s\n", "", next);
        return;
    }
    printf("{\"check\": ");
    cmd_print_json(what);
    printf(", \"ok\": %s, \"cause\": ", next ? "false" : "true");
    cmd_print_json(cause);
    printf(", \"next\": ");
    if (next)
        cmd_print_json(next);
    else
        printf("null");
    printf("}\n");
}

void
doctor_fine(struct doctor *d, const char *what, const char *fmt, ...)
{
    char text[1024];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    d->fine++;
    put(d, what, text, NULL);
}

void
doctor_fault(struct doctor *d, struct doctor_fault fault, const char *fmt, ...)
{
    char text[1024];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    if (d->faults++ == 0)
        d->code = fault.code;
    put(d, fault.what, text, fault.next);
}

int
cmd_doctor(const struct cmd_context *ctx, int argc, char **argv)
{
    static const struct cmd_option none[] = {{0}};
    struct doctor d = {.ctx = ctx};
    int code = cmd_options("doctor", &argc, argv, none);

    if (code)
        return code;
    if (argc > 1)
        return cmd_usage("doctor", "unexpected argument: %s", argv[1]);
    doctor_site(&d);
    if (d.settings)
        doctor_node(&d);
    if (d.settings && d.roster.roster)
        doctor_peers(&d);
    if (!ctx->json && d.faults)
        printf("%u fault%s\n", d.faults, d.faults == 1 ? "" : "s");
    else if (!ctx->json)
        printf("nothing is wrong: %u checks\n", d.fine);
    http_state_clear(&d.state);
    roster_load_clear(&d.roster);
    cim_identity_close(&d.identity);
    settings_destroy(&d.settings);
    return d.code;
}

/* SPDX-License-Identifier: MPL-2.0 */
/*
 * cmd_help - what `cimesh help`, `help COMMAND` and `--help` print.
 *
 * Examples come first: they answer most questions. A command's text is its
 * examples up to the first empty line, then the rest.
 */
#include <stdio.h>
#include <string.h>

#include "node/cmd.h"

static const char examples[] =
    "Examples:\n"
    "    cimesh init odl/ci-1 --endpoint tcp://ci.example.org:7570\n"
    "    cimesh roster add opnfv.zpl\n"
    "    cimesh follow opnfv/\n"
    "    cimesh node\n"
    "    cimesh publish ArtifactCreated projectBranch=master \\\n"
    "        artifactUrl=https://nexus.example.org/odl-1.2.3.tar.gz \\\n"
    "        confidenceLevel.AUTORELEASE=SUCCESS\n"
    "    cimesh sub opnfv/ --since 1h\n"
    "    cimesh\n";

static const char options[] =
    "Options, before or after the command:\n"
    "    --dir DIR    the site directory; else $CIMESH_DIR, else "
    "/etc/cimesh\n"
    "    --json       output for programs\n"
    "    --help       of a command: its examples and options\n"
    "    --version    the version\n";

static const char exits[] =
    "Exit codes: 0 done, 64 usage, 65 bad data, 66 nothing found, 69 no node\n"
    "answers, 70 bug, 71 system, 74 storage, 75 try again, 77 not allowed,\n"
    "78 configuration, 124 waited too long.\n";

static const char api[] =
    "Examples:\n"
    "    curl --unix-socket run/api.sock http://localhost/v1/status\n"
    "    curl --unix-socket run/api.sock -d @event.json \\\n"
    "        -H 'Content-Type: application/json' \\\n"
    "        http://localhost/v1/events\n"
    "    curl --unix-socket run/api.sock -N \\\n"
    "        'http://localhost/v1/stream?topic=odl/'\n"
    "\n"
    "HTTP on the Unix socket run/api.sock of the site directory; who may\n"
    "open the socket may publish.\n"
    "    POST /v1/events       an object, or NDJSON, in any input form\n"
    "                          201 new, 200 all of them published before\n"
    "    GET  /v1/events       what is stored, in arrival order: topic=PREFIX\n"
    "                          (again), after=ARRIVAL, since=, limit=,\n"
    "                          newest=1, format=json|seed; the header\n"
    "                          Cimesh-Next is the next `after`, Cimesh-More\n"
    "                          says that there is more\n"
    "    GET  /v1/events/ID    ID or COMMUNITY:ID; proof=1 for its proof\n"
    "    GET  /v1/stream       events as they arrive: topic=, after=, since=,\n"
    "                          format=; a line each, or server-sent events\n"
    "                          by Accept, resumed by Last-Event-ID\n"
    "    GET  /v1/check        the node in a line, for Nagios\n"
    "    GET  /v1/latest       the newest that holds: topic=PREFIX, branch=,\n"
    "                          name=, with=COMMUNITY:LEVEL=RESULT (again), "
    "by=,\n"
    "                          template=; JSON, or its URL as text/plain\n"
    "    GET  /v1/trace/WHAT   COMMUNITY:ID, URL or NAME: nodes and edges; "
    "up=1,\n"
    "                          down=1, depth=; text/plain, text/vnd.graphviz\n"
    "    GET  /v1/ledger/WHAT  one artifact or baseline: stamps, members, "
    "what\n"
    "                          it is part of\n"
    "    GET  /v1/diff         a= and b=: two baselines\n"
    "    POST /v1/fetch/COMMUNITY:ID\n"
    "                          one event from any peer; proof=1\n"
    "    GET  /v1/status       the node; /v1/peers, /v1/hooks, /v1/hooks/runs\n"
    "    GET  /v1/promote      rules and their newest subjects: limit=\n"
    "    GET  /v1/promote/explain/SUBJECT   why it is decided so: rule=\n"
    "    GET  /v1/promote/dry-run/RULE      what it would decide: since=,\n"
    "                          after=\n"
    "    POST /v1/reload       reads the files again, answers what changed\n"
    "    POST /v1/aside        node=, epoch=, seq=: an event that rotted is\n"
    "                          fetched again; for cimesh fsck\n"
    "    GET  /livez, /readyz  for supervisors\n"
    "Errors are application/problem+json with a hint.\n";

static int
all(void)
{
    printf("%s\nCommands:\n", examples);
    for (const struct cmd *c = cmd_table; c->name; c++)
        if (!c->hidden)
            printf("    %-9s  %s\n", c->name, c->summary);
    printf("    %-9s  %s\n\n%s\n%s", "help",
           "this; help COMMAND; help api: the local HTTP interface", options,
           exits);
    return CMD_OK;
}

static void
one(const struct cmd *c)
{
    const char *end = strstr(c->help, "\n\n");
    int len = end ? (int)(end - c->help) + 1 : (int)strlen(c->help);

    printf("%.*s\nUsage: cimesh %s%s%s\n    %s\n", len, c->help, c->name,
           *c->usage ? " " : "", c->usage, c->summary);
    if (end)
        fputs(end + 1, stdout);
}

int
cmd_help(const char *word)
{
    const char *names[64] = {"api"};
    size_t n = 1;

    if (!word)
        return all();
    if (strcmp(word, "api") == 0) {
        fputs(api, stdout);
        return CMD_OK;
    }
    for (const struct cmd *c = cmd_table; c->name && n < 63; c++) {
        names[n++] = c->name;
        if (strcmp(c->name, word) == 0) {
            one(c);
            return CMD_OK;
        }
    }
    return cmd_unknown("", "command", word, names);
}

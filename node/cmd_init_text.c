/* SPDX-License-Identifier: MPL-2.0 */
/* The files of a new site, as text: what is said in them is for its owner. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "node/cmd_init.h"
#include "node/mem.h"
#include "node/zpl.h"

/* Where to listen: what only this machine can dial stays on it. */
static void
bind_text(const struct endpoint *dial, char out[static ROSTER_ENDPOINT_MAX + 1])
{
    struct endpoint bind = *dial;

    if (!endpoint_is_loopback(dial))
        bind = (struct endpoint){.host = "*", .port = dial->port};
    else if (strcmp(dial->host, "localhost") == 0)
        snprintf(bind.host, sizeof bind.host, "127.0.0.1");
    endpoint_text(&bind, out);
}

static void
add_endpoints(const struct init *in, struct cim_buf *out)
{
    char events[ROSTER_ENDPOINT_MAX + 1], sync[ROSTER_ENDPOINT_MAX + 1];
    char *text;

    if (!in->dialled) {
        cim_buf_add_str(out, "    # Nobody can dial this node: it follows, "
                             "and listens nowhere.\n");
        return;
    }
    bind_text(&in->events, events);
    bind_text(&in->sync, sync);
    text =
        xasprintf("    # Where it listens; what others dial stands in "
                  "roster/%s.zpl.\n"
                  "    events = \"%s\"\n"
                  "    sync = \"%s\"\n"
                  "    # \"roster\": who is in the roster may read; \"any\": "
                  "everybody.\n"
                  "    readers = \"roster\"\n",
                  in->community, events, sync);
    cim_buf_add_str(out, text);
    free(text);
}

static void
add_path(struct cim_buf *out, const char *name, const char *path)
{
    cim_buf_add_str(out, "    ");
    cim_buf_add_str(out, name);
    cim_buf_add_str(out, " = ");
    if (zpl_quote(cim_bytes_str(path), out))
        mem_fail();
    cim_buf_add_str(out, "\n");
}

static void
add_paths(const struct init *in, struct cim_buf *out)
{
    if (!in->key_file && !in->api && !in->system)
        return;
    cim_buf_add_str(out, "\npaths\n");
    if (in->key_file)
        add_path(out, "key", in->key);
    if (in->api || in->system)
        add_path(out, "api", in->api ? in->api : SYSTEM_RUN "/api.sock");
    if (in->system) {
        add_path(out, "data", SYSTEM_DATA "/cimesh.db");
        add_path(out, "scratch", SYSTEM_DATA "/hooks");
    }
}

void
init_config(const struct init *in, struct cim_buf *out)
{
    cim_buf_add_str(out, "# This node. Four spaces a level. After a change: "
                         "cimesh reload\n"
                         "cimesh = 1\n"
                         "node\n"
                         "    name = \"");
    cim_buf_add_str(out, in->node);
    cim_buf_add_str(out, "\"\n");
    add_endpoints(in, out);
    cim_buf_add_str(
        out,
        "\n"
        "# What to hear from others; `cimesh follow opnfv/` adds it here.\n"
        "follow\n"
        "\n"
        "# What to start when an event arrives; it gets the event as JSON "
        "on stdin.\n"
        "hooks\n"
        "#    test-opnfv\n"
        "#        topic = \"opnfv/ArtifactCreated/master/\"\n"
        "#        exec = \"/usr/local/bin/test-opnfv --verbose\"\n"
        "\n"
        "# What has to be said before something is promoted; cimesh.zpl(5).\n"
        "#promote\n"
        "#    release\n"
        "#        subject = \"BaselineDefined\"\n"
        "#        require\n"
        "#            tested = \"opnfv:OPNFV_ACCEPTANCE=SUCCESS\"\n"
        "\n"
        "# How much to keep; without it, everything for ever. The reserve is\n"
        "# given up when the disk is full; 64M without a word here, 0 for none."
        "\n"
        "#store\n"
        "#    keep-days = \"365\"\n"
        "#    keep-size = \"50G\"\n"
        "#    reserve = \"64M\"\n");
    add_paths(in, out);
    cim_buf_add_str(out, "end = 1\n");
    if (out->err)
        mem_fail();
}

struct roster_community *
init_community(const struct init *in, const struct cim_identity *id)
{
    struct roster_community *c = roster_community_new(in->community);
    struct roster_node *node = roster_community_add(c, in->node);

    c->serial = 1;
    if (in->contact)
        snprintf(c->contact, sizeof c->contact, "%s", in->contact);
    node->sign = cim_identity_signkey(id);
    node->curve = cim_identity_curvekey(id);
    if (in->dialled) {
        endpoint_text(&in->events, node->events);
        endpoint_text(&in->sync, node->sync);
    }
    return c;
}

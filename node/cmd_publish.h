/* SPDX-License-Identifier: MPL-2.0 */
/* cmd_publish - what the files of `cimesh publish` share. Private to them. */
#ifndef CIM_NODE_CMD_PUBLISH_H
#define CIM_NODE_CMD_PUBLISH_H

#include "node/cmd_client.h"
#include "node/http_form.h"

struct publish {
    struct http_client *client;
    const char *cause; /* "odl:ID", or NULL: no cause link is added */
    bool json;         /* print the node's lines, not just the ids */
};

/* What was sent, for the sentence when the node refuses it. */
struct publish_part {
    const char *file; /* NULL: from the command line */
    size_t before;    /* events of the file sent before this part */
};

/*
 * One request; prints a line for each event in input order. Returns 0, or the
 * exit code with the sentence on stderr.
 */
int publish_send(const struct publish *publish, struct cim_bytes body,
                 const struct publish_part *part);

/* cmd_publish_file.c: --file. */
int publish_file(const struct publish *publish, const char *path);

/*
 * cmd_publish_env.c: --from-env. Fills in from the job's environment what the
 * command line left out; type NULL: told from what is there. Returns 0, or
 * the exit code with the sentence on stderr.
 */
int publish_env(struct http_form *form, const char *type);

#endif

/* SPDX-License-Identifier: MPL-2.0 */
/* cmd_client - what the commands that talk to the node have in common. */
#ifndef CIM_NODE_CMD_CLIENT_H
#define CIM_NODE_CMD_CLIENT_H

#include "node/cmd.h"
#include "node/http_client.h"

/* 0, or the exit code with the sentence on stderr. */
int cmd_client_open(const struct cmd_context *ctx, const char *cmd,
                    struct http_client **out);
/* The exit code of a call that failed, with its sentence on stderr. */
int cmd_client_fail(const char *cmd, enum cim_err err,
                    const struct cim_diag *diag);
/* ... of a reply that is not 2xx. */
int cmd_client_refused(const char *cmd, const struct http_reply *reply);

/* Is this a reply of a node whose ledger is a burst behind? Then it waits a
 * moment, at most some seconds in all: *tries starts with 0. */
bool cmd_client_behind(const struct http_reply *reply, unsigned *tries);

/* GET path; 0 with a 2xx in *out, else the exit code and a sentence. Asks
 * again while cmd_client_behind. */
int cmd_client_get(struct http_client *client, const char *cmd,
                   const char *path, const char *accept,
                   struct http_reply *out);

/* The whole of a view: opens, gets as text or JSON, prints. */
int cmd_client_show(const struct cmd_context *ctx, const char *cmd,
                    const char *path);

/* Appends "?name=value" or "&name=value". */
void cmd_client_query(struct cim_buf *path, const char *name,
                      const char *value);

/* Checks prefixes as a person types them and appends them as topics.
 * 0, or 64 with the sentence on stderr. */
int cmd_client_topics(struct cim_buf *path, const char *cmd, int argc,
                      char **argv);

/* A number from least to most; 0, or 64 with the sentence on stderr. */
int cmd_client_number(const char *cmd, const char *option, const char *text,
                      unsigned long least, unsigned long most,
                      unsigned long *out);

/* Writes to stdout and flushes; false when nobody reads it any more. */
bool cmd_client_print(const void *p, size_t len);

/* Events, a JSON line each, field by field for people (cmd_show.c). */
void cmd_show_print(const struct cim_buf *body);

/* One event by its name, --proof, --format: the path to get it at, and whether
 * the body is printed as it is (*raw is kept when it is set). Returns 0, or 64
 * with the sentence on stderr. */
struct cmd_show_ask {
    const char *cmd;   /* "show" */
    const char *path;  /* what the name is put behind */
    const char *names; /* what may stand there, for people */
};
int cmd_show_line(const struct cmd_show_ask *ask, int argc, char **argv,
                  struct cim_buf *path, bool *raw);

#endif

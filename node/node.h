/* SPDX-License-Identifier: MPL-2.0 */
/*
 * node - the running program: one loop, all parts, start and stop order.
 *
 *   store thread --jobs--> | loop: mesh, links, hooks | <--calls-- http thread
 *   serve thread --tasks-> |                          |
 *
 * node.c starts the parts in one visible list and stops them in reverse.
 */
#ifndef CIM_NODE_NODE_H
#define CIM_NODE_NODE_H

/*
 * Runs the node of this site directory until SIGTERM or SIGINT; SIGHUP and
 * POST /v1/reload apply changed files. Returns the exit code (cmd.h): 0, 71
 * (an address in use), 74 (storage), 75 (another node runs here), 77 (key
 * file), 78 (configuration), with the sentence on stderr.
 */
int node_run(const char *dir);

#endif

/* SPDX-License-Identifier: MPL-2.0 */
/*
 * notify - tells the service manager how far the node is; nothing without one.
 *
 * The only door to libsystemd.
 */
#ifndef CIM_NODE_NOTIFY_H
#define CIM_NODE_NOTIFY_H

#include <stdbool.h>
#include <stdint.h>

/* Started, and applying a reload is over: "status" is shown by systemctl. */
void notify_ready(const char *status);
void notify_reloading(void);
void notify_stopping(void);

/* True when it wants to hear notify_alive: at least once in *ms. */
bool notify_watched(int64_t *ms);
void notify_alive(void);

/* A listening Unix stream socket at this path that it made for us, close on
 * exec; -1: none. Its name is its maker's to remove. */
int notify_socket(const char *path);

/* The folder of what it hands us in confidence; NULL: none. */
const char *notify_credentials(void);

#endif

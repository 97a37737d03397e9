/* SPDX-License-Identifier: MPL-2.0 */
/*
 * notify - tells the service manager how far the node is; nothing without one.
 *
 * The only door to libsystemd.
 */
#ifndef CIM_NODE_NOTIFY_H
#define CIM_NODE_NOTIFY_H

/* Started, and applying a reload is over: "status" is shown by systemctl. */
void notify_ready(const char *status);
void notify_reloading(void);
void notify_stopping(void);

#endif

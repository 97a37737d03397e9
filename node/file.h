/* SPDX-License-Identifier: MPL-2.0 */
/*
 * file - small text files, read whole and replaced whole.
 *
 * A reader of PATH sees the old text or the new one, never a part, also after
 * a crash: temporary file beside it, fsync, rename, fsync of the folder.
 */
#ifndef CIM_NODE_FILE_H
#define CIM_NODE_FILE_H

#include <sys/types.h>

#include "keys/bytes.h"

/*
 * Appends a regular file of at most max bytes; "-" is standard input.
 * Errors: CIM_ENOENT, CIM_EPERM, CIM_EIO, CIM_EFORM (a folder, a device),
 * CIM_ETOOBIG, CIM_ENOMEM; diag "path: what, what to do".
 */
CIM_MUST enum cim_err file_read(const char *path, size_t max,
                                struct cim_buf *out, struct cim_diag *diag);

/*
 * Replaces or makes PATH. One that exists keeps its mode and owner; a new one
 * gets mode. Errors: CIM_EPERM, CIM_EIO, CIM_ENOENT (no such folder), diag.
 */
CIM_MUST enum cim_err file_replace(const char *path, struct cim_bytes text,
                                   mode_t mode, struct cim_diag *diag);

/*
 * Makes PATH; one that exists stays as it is: CIM_EEXIST. Other errors as
 * file_replace.
 */
CIM_MUST enum cim_err file_make(const char *path, struct cim_bytes text,
                                mode_t mode, struct cim_diag *diag);

/* The error for errno; diag "path: what the system said". */
enum cim_err file_error(const char *path, int error, struct cim_diag *diag);

/* DIR/NAME, or NAME when it is absolute. The caller's. */
char *file_join(const char *dir, const char *name);

/* The same path from the root on; the caller's. */
char *file_absolute(const char *path);

#endif

/* SPDX-License-Identifier: MPL-2.0 */
/*
 * roster_file - roster/COMMUNITY.zpl: reading, writing, accepting.
 *
 * Files are accepted one by one. The bytes last accepted are kept in the
 * store, so a bad file falls back to its accepted version, loudly, also at
 * start; a missing file means the community left.
 */
#ifndef CIM_NODE_ROSTER_FILE_H
#define CIM_NODE_ROSTER_FILE_H

#include "node/roster.h"

/*
 * One file's bytes to a community. Everything that can be wrong within one
 * file: keys, all-zero keys, sign equal to curve, endpoints, names, serial.
 * Errors: CIM_EFORM with diag "file:line: ...".
 */
CIM_MUST enum cim_err roster_file_parse(struct cim_bytes text, const char *name,
                                        struct roster_community **out,
                                        struct cim_diag *diag);
CIM_MUST enum cim_err roster_file_load(const char *path,
                                       struct roster_community **out,
                                       struct cim_buf *bytes,
                                       struct cim_diag *diag);

/* The file's text, in the one order we write. Errors: CIM_ENOMEM. */
CIM_MUST enum cim_err roster_file_write(const struct roster_community *c,
                                        struct cim_buf *out);

/* Writes PATH atomically (temporary, fsync, rename). Errors: CIM_EIO,
 * CIM_EPERM with diag. */
CIM_MUST enum cim_err roster_file_save(const struct roster_community *c,
                                       const char *path, struct cim_diag *diag);

/*
 * May this community stand beside the others? A key (sign, curve, next or
 * retired) that another community holds, a lower serial, the same serial with
 * other content.
 *   held  the version in force, or NULL
 * Errors: CIM_ECONFLICT, CIM_EVERSION (lower serial), with diag.
 */
CIM_MUST enum cim_err roster_file_fits(const struct roster *others,
                                       const struct roster_community *held,
                                       const struct roster_community *fresh,
                                       struct cim_diag *diag);

/* The same content, whatever comments and order the files have. */
bool roster_file_same(const struct roster_community *a,
                      const struct roster_community *b);

/* The version accepted before, from the store. */
struct roster_accepted {
    char name[CIM_NAME_MAX + 1];
    uint64_t serial;
    struct cim_buf bytes;
};

/* What a load of the folder found: the roster in force, and what changed. */
struct roster_change {
    char name[CIM_NAME_MAX + 1];
    enum { ROSTER_ADDED, ROSTER_CHANGED, ROSTER_REMOVED, ROSTER_REFUSED } what;
    struct cim_diag diag; /* REFUSED: why; the accepted version stays */
    struct cim_buf bytes; /* ADDED, CHANGED: to be kept in the store */
    uint64_t serial;
};
struct roster_load {
    struct roster *roster;         /* owned */
    struct roster_change *changes; /* owned */
    size_t n_changes;
};
void roster_load_clear(struct roster_load *load);

/*
 * Reads every *.zpl of the folder against what was accepted before.
 *   accepted  n versions from the store
 * Errors: CIM_EIO, CIM_ENOENT (no folder), with diag; bad files are changes
 * with ROSTER_REFUSED, not errors.
 */
CIM_MUST enum cim_err roster_dir_load(const char *dir,
                                      const struct roster_accepted *accepted,
                                      size_t n, struct roster_load *out,
                                      struct cim_diag *diag);

#endif

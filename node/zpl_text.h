/* SPDX-License-Identifier: MPL-2.0 */
/* zpl_text - the strict check over the bytes of a ZPL file; for zpl.c. */
#ifndef CIM_NODE_ZPL_TEXT_H
#define CIM_NODE_ZPL_TEXT_H

#include "keys/bytes.h"

#define ZPL_LINE_MAX    1000 /* bytes */
#define ZPL_DEPTH_MAX   8
#define ZPL_KEYS_MAX    8192 /* zconfig takes quadratic time */
#define ZPL_NAME_MAX    64
#define ZPL_SECTION_MAX 1024 /* keys; looking for repeated ones likewise */

/* One key or section; views lent from the text. */
struct zpl_line {
    unsigned line; /* 1.. */
    unsigned depth;
    struct cim_bytes name;
    struct cim_bytes value; /* without quotes; p NULL: a section */
};

/*
 * Checks everything but which keys there are. The last one is `end = 1`.
 *   out  n lines, owned by the caller; NULL on failure
 * Errors: CIM_EFORM, CIM_ETOOBIG; diag "file:line: what, what to do".
 */
CIM_MUST enum cim_err zpl_text_check(struct cim_bytes text, const char *file,
                                     struct zpl_line **out, size_t *n,
                                     struct cim_diag *diag);

#endif

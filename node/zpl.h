/* SPDX-License-Identifier: MPL-2.0 */
/*
 * zpl - strict ZPL text: checked by us, parsed by zconfig, read by a table.
 *
 * zconfig is lenient (repeated keys, half files, even folders load), so a
 * check of our own runs over the bytes first and names the line; then zconfig
 * parses the same bytes and the reader below asks for what it knows. What is
 * left unasked is an unknown key and gets a suggestion. This is the only door
 * to zconfig.
 */
#ifndef CIM_NODE_ZPL_H
#define CIM_NODE_ZPL_H

#include <stdbool.h>

#include "keys/bytes.h"

#define ZPL_FILE_MAX (256 * 1024)

struct zpl; /* a parsed file */

/* One key or section, lent from the file. */
struct zpl_item {
    const char *name;
    const char *value; /* "" when there is none */
    unsigned line;     /* 1.. */
    void *node;        /* zconfig's */
};

/*
 * Reads a regular file of at most ZPL_FILE_MAX bytes.
 * Errors: CIM_ENOENT, CIM_EIO, CIM_ETOOBIG, CIM_EFORM, CIM_EPERM; diag
 * "file:line: what, where, what to do".
 */
CIM_MUST enum cim_err zpl_load(const char *path, struct zpl **out,
                               struct cim_diag *diag);
/* The same from bytes; name stands in diags for the file. */
CIM_MUST enum cim_err zpl_parse(struct cim_bytes text, const char *name,
                                struct zpl **out, struct cim_diag *diag);
void zpl_destroy(struct zpl **zpl);
struct cim_bytes zpl_text(const struct zpl *zpl); /* the bytes, lent */
const char *zpl_name(const struct zpl *zpl);

/* The top, whose children are the file's top-level keys but `end`. */
struct zpl_item zpl_root(const struct zpl *zpl);
/* Child by child: false at the end. Start with *child zeroed. */
bool zpl_next(const struct zpl *zpl, const struct zpl_item *parent,
              struct zpl_item *child);

/* What a section may hold. */
struct zpl_key {
    const char *name; /* NULL ends a table; "*" any label with children */
    bool required, section, repeat;
};
/*
 * Checks a section's children against a table: unknown (with a suggestion),
 * missing, repeated, section where a value is due and the other way round.
 * Errors: CIM_EFORM with diag "file:line: path/key: ...".
 */
CIM_MUST enum cim_err zpl_check(const struct zpl *zpl,
                                const struct zpl_item *section,
                                const struct zpl_key *keys,
                                struct cim_diag *diag);
/* The one child of this name, or false. */
bool zpl_find(const struct zpl *zpl, const struct zpl_item *section,
              const char *name, struct zpl_item *out);

/* "file:line: path: message" for a value that is wrong. Returns CIM_EFORM. */
enum cim_err zpl_bad(const struct zpl *zpl, const struct zpl_item *item,
                     struct cim_diag *diag, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

/*
 * The value as a number min..max. Errors: CIM_EFORM with diag.
 */
CIM_MUST enum cim_err zpl_number(const struct zpl *zpl,
                                 const struct zpl_item *item, uint64_t min,
                                 uint64_t max, uint64_t *out,
                                 struct cim_diag *diag);

/* Appends text in the quotes it can stand in. Errors: CIM_EFORM when it holds
 * both kinds, an unsafe character (cim_utf8_unsafe) or nothing. */
CIM_MUST enum cim_err zpl_quote(struct cim_bytes text, struct cim_buf *out);

#endif

/* SPDX-License-Identifier: MPL-2.0 */
/* settings_private - what the readers of cimesh.zpl's sections share. */
#ifndef CIM_NODE_SETTINGS_PRIVATE_H
#define CIM_NODE_SETTINGS_PRIVATE_H

#include "node/settings.h"
#include "node/zpl.h"

struct settings_in {
    const struct zpl *zpl;
    struct cim_diag *diag;
    struct settings *s; /* being filled */
};

/* Any labels, or none. */
extern const struct zpl_key settings_any_section[];

/* All of these: CIM_EFORM with diag "file:line: ...". */

/* One of two words, *first for the first; absent is the second. */
CIM_MUST enum cim_err settings_choice(const struct settings_in *in,
                                      const struct zpl_item *section,
                                      const char *name,
                                      const char *const words[2], bool *first);
CIM_MUST enum cim_err settings_label(const struct settings_in *in,
                                     const struct zpl_item *section,
                                     char out[static CIM_NAME_MAX + 1]);
CIM_MUST enum cim_err settings_topic(const struct settings_in *in,
                                     const struct zpl_item *item,
                                     struct cim_prefix *out);
CIM_MUST enum cim_err settings_read_hooks(const struct settings_in *in,
                                          const struct zpl_item *section);
CIM_MUST enum cim_err settings_read_promote(const struct settings_in *in,
                                            const struct zpl_item *section);

/* Children of a section. */
size_t settings_count(const struct zpl *zpl, const struct zpl_item *section);

#endif

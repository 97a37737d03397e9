/* SPDX-License-Identifier: MPL-2.0 */
/*
 * json_template - one line of text from an event, by a person's template.
 *
 *   %{topic} %{buildUrl}          a field of the json form
 *   %{confidenceLevel.AUTORELEASE}  of a map; so ext.NAME and deeper
 *   %%  \n  \t  \\                a percent sign, newline, tab, backslash
 *
 * An absent field is empty. Lists are joined by commas, maps are NAME=VALUE
 * joined by commas, anything deeper is JSON. What the event holds never
 * reaches a terminal as a control character: those, and the marks that turn
 * writing direction, come out as \u001b and the like.
 */
#ifndef CIM_PROTO_JSON_TEMPLATE_H
#define CIM_PROTO_JSON_TEMPLATE_H

#include "keys/bytes.h"

/* Is it one? Errors: CIM_EFORM, with diag; check once, before any event. */
CIM_MUST enum cim_err cim_json_template_check(const char *template,
                                              struct cim_diag *diag);

/*
 * Appends the template filled from one JSON object, without a newline of its
 * own. Errors: CIM_EFORM (not an object, not a template), CIM_ENOMEM.
 */
CIM_MUST enum cim_err cim_json_template(struct cim_bytes json,
                                        const char *template,
                                        struct cim_buf *out);

#endif

/* SPDX-License-Identifier: MPL-2.0 */
/*
 * http_form - the command line's words as the JSON of a request, and back.
 *
 * field=value becomes a field of the json form; confidenceLevel.NAME=RESULT
 * and ext.NAME=VALUE an entry of theirs; ext.NAME:=JSON one that is no text.
 */
#ifndef CIM_NODE_HTTP_FORM_H
#define CIM_NODE_HTTP_FORM_H

#include <stdbool.h>

#include "keys/bytes.h"

struct http_form;

struct http_form *http_form_new(void);
void http_form_destroy(struct http_form **form);

/*
 * Sets one field from "field=value".
 * Errors: CIM_EFIELD (no such field, or not of this form), CIM_EEXIST (given
 * twice), CIM_EFORM (ext.NAME:= what is not JSON); diag.
 */
CIM_MUST enum cim_err http_form_word(struct http_form *form, const char *word,
                                     struct cim_diag *diag);

/* Sets a field unless it is there; consistsOf is split at commas. */
void http_form_default(struct http_form *form, const char *field,
                       const char *value);
bool http_form_has(const struct http_form *form, const char *field);
bool http_form_has_levels(const struct http_form *form);
/* NULL when absent; lent. */
const char *http_form_get(const struct http_form *form, const char *field);

/*
 * "REL=[COMMUNITY:]ID"; community where none is given. One that is there
 * already is not added again.
 * Errors: CIM_EFIELD; diag.
 */
CIM_MUST enum cim_err http_form_link(struct http_form *form, const char *text,
                                     const char *community,
                                     struct cim_diag *diag);

/*
 * A version 8 id from what makes a job's retry the same event: build URL,
 * type, what it is about, and the levels in any order.
 */
void http_form_derive_id(struct http_form *form);

/* Appends the object, one line with its newline. */
void http_form_write(const struct http_form *form, struct cim_buf *out);

/*
 * The object of one event in any form with a cause link added, as one line;
 * the text as it is when it is no JSON object, or has that link.
 */
void http_form_add_cause(struct cim_bytes text, const char *cause,
                         struct cim_buf *out);

/* eventId of a line that acknowledges an event; "" when it is none. */
void http_form_id(const char *line, size_t len, char out[static 40]);

/* problem+json; empty texts for what is absent or not JSON at all. */
struct http_problem_text {
    char label[32]; /* of "urn:cimesh:LABEL" */
    struct cim_diag detail, hint;
    size_t index;
};
void http_form_problem(struct cim_bytes text, struct http_problem_text *out);

#endif

/* SPDX-License-Identifier: MPL-2.0 */
/*
 * json - the forms people and other systems read and write.
 *
 * Three input forms, told apart by their keys: json (our field names), seed
 * (the proposal's upper-case keys) and openci (the prototype's examples). All
 * become the same event bytes. Two output forms: json and seed.
 * Source: WIRE.md, "JSON forms".
 */
#ifndef CIM_PROTO_JSON_H
#define CIM_PROTO_JSON_H

#include "proto/event.h"
#include "proto/uuid.h"

enum cim_form { CIM_FORM_JSON, CIM_FORM_SEED, CIM_FORM_OPENCI };

/* What a publisher's node fills in where the caller gave nothing. */
struct cim_fill {
    struct cim_bytes community;
    int64_t now_ms;     /* eventTime; day of receipt of a time without date */
    struct cim_uuid id; /* a fresh version 7 id */
};

/* An event ready to be sealed. Owned; clear frees. */
struct cim_draft {
    struct cim_buf bytes;   /* checked with CIM_PUBLISH */
    struct cim_event event; /* views into bytes */
    struct cim_uuid id;
    struct cim_hash given; /* hash of the fields the caller gave */
    bool id_given;         /* the caller named the id, or it was derived */
    enum cim_form form;
};
void cim_draft_clear(struct cim_draft *draft);

/*
 * given is BLAKE2b-256 over the encoding of only the fields that were given,
 * maps sorted by key: equal however they are written and in whatever form. A
 * topic that the rule would make counts as not given, a time without a date
 * as itself and not as the day it was read on; node, epoch, seq, receivedAt
 * and arrival do not count. A fresh id is not given, a derived one is.
 */

/*
 * One JSON object, of any input form, to an event.
 *   text  UTF-8, one object, at most 256 KiB
 * Errors: CIM_EFORM (not JSON, with line and column), CIM_EFIELD, CIM_EEVENT,
 * CIM_ETOPIC, CIM_ECOMMUNITY, CIM_ETOOBIG, CIM_ENOMEM; diag names the field
 * and what it may hold. out is empty unless CIM_OK.
 * The id of the openci form is the version 8 UUID of BLAKE2b-256 over the
 * object as JSON text with sorted keys and no blanks, its own id included.
 * Out of memory inside jansson may look like CIM_EFORM or, worse, cost a
 * character: a program gives it an allocator that does not return without
 * memory (json_set_alloc_funcs), as node/ does for itself.
 */
CIM_MUST enum cim_err cim_json_read(struct cim_bytes text,
                                    const struct cim_fill *fill,
                                    struct cim_draft *out,
                                    struct cim_diag *diag);

/* Where an event was found; for output only. */
struct cim_place {
    struct cim_bytes node; /* p NULL: not known */
    uint64_t epoch, seq;
    int64_t received_ms; /* 0: not known */
    uint64_t arrival;    /* 0: not known; local order, key "arrival" */
};

/*
 * One line of JSON without a newline, control characters and non-ASCII
 * bidi marks escaped, so it is safe on a terminal.
 *   form  CIM_FORM_JSON or CIM_FORM_SEED
 *   place may be NULL
 * Events of a higher v or with unknown fields keep them in the json form, but
 * for fields named like a part of the place. A time beyond year 9999 is a
 * number; bin is base64url text.
 * Errors: CIM_EFORM (bytes that were not checked), CIM_ENOMEM; then out is as
 * before.
 */
CIM_MUST enum cim_err cim_json_write(struct cim_bytes event,
                                     const struct cim_place *place,
                                     enum cim_form form, struct cim_buf *out);

/* "2026-11-22T12:34:56.789Z", 24 characters and a NUL; the first or last such
 * text for times outside of its years. */
#define CIM_TIME_TEXT_LEN 24
void cim_time_text(int64_t time_ms, char out[static CIM_TIME_TEXT_LEN + 1]);
/* RFC 3339 with a zone, years 1970..9999. Errors: CIM_EFORM. */
CIM_MUST enum cim_err cim_time_parse(struct cim_bytes text, int64_t *time_ms);

#endif

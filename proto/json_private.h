/* SPDX-License-Identifier: MPL-2.0 */
/*
 * json_private - what the files of the JSON forms share.
 *
 * Input: seed and openci are rewritten with the keys of the json form, then
 * read as such. Output: small writers that escape. Private to proto/json*.c.
 */
#ifndef CIM_PROTO_JSON_PRIVATE_H
#define CIM_PROTO_JSON_PRIVATE_H

#include <jansson.h>

#include "proto/json.h"
#include "proto/wire.h"

/*
 * Rewrites a seed or openci object with json keys; *out is the caller's.
 * Values are checked where the rewriting needs it, not otherwise.
 * Errors: CIM_EFIELD, CIM_EEVENT, CIM_ECOMMUNITY (openci), CIM_ENOMEM.
 */
CIM_MUST enum cim_err cim_seed_read(json_t *in, json_t **out,
                                    struct cim_diag *diag);
CIM_MUST enum cim_err cim_openci_read(json_t *in, struct cim_bytes community,
                                      json_t **out, struct cim_diag *diag);

/* The seed form of a skimmed event. Errors: CIM_EFORM, CIM_ENOMEM. */
CIM_MUST enum cim_err cim_seed_write(struct cim_bytes event,
                                     struct cim_buf *out);

/* The known word nearest to key, without case, or NULL when none is near. */
const char *cim_suggest(const char *key, const char *const *known, size_t n);

/* node, epoch, seq, receivedAt, arrival: keys that only output has. */
bool cim_json_place_key(struct cim_bytes name);

/* The string's bytes; p NULL when value is absent or no string. */
struct cim_bytes cim_json_text(const json_t *value);

/* "12:34:56UTC", also with a fraction and Z: ms of the day. */
CIM_MUST enum cim_err cim_day_time_parse(struct cim_bytes text,
                                         int64_t *day_ms);

/* "2018-09-20_12:34:56UTC", as the prototype's jobs wrote it; '_', 'T' or a
 * space between, UTC or Z after. */
CIM_MUST enum cim_err cim_job_time_parse(struct cim_bytes text,
                                         int64_t *time_ms);

#define CIM_TIME_LAST_MS INT64_C(253402300799999) /* end of year 9999 */

/* Writers; errors stay in out->err. Values are skimmed ones. A time is text,
 * or the number of ms when its year has more than four digits. */
void cim_json_put_text(struct cim_buf *out, struct cim_bytes text);
void cim_json_put_key(struct cim_buf *out, bool *first, const char *key);
void cim_json_put_time(struct cim_buf *out, int64_t time_ms);
CIM_MUST enum cim_err cim_json_put_value(struct cim_buf *out,
                                         struct cim_reader *r);

#endif

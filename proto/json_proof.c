/* SPDX-License-Identifier: MPL-2.0 */
#include "proto/json_proof.h"

#include <stdlib.h>

#include <jansson.h>

#include "proto/topic.h"

static enum cim_err
load(struct cim_bytes text, json_t **out, struct cim_diag *diag)
{
    json_error_t error;

    if (text.len > CIM_PROOF_TEXT_MAX) {
        cim_diag_set(diag, "a proof has at most %d bytes, this has %zu",
                     (int)CIM_PROOF_TEXT_MAX, text.len);
        return CIM_ETOOBIG;
    }
    *out = json_loadb((const char *)text.p, text.len, JSON_REJECT_DUPLICATES,
                      &error);
    if (*out)
        return CIM_OK;
    if (json_error_code(&error) == json_error_out_of_memory)
        return CIM_ENOMEM;
    cim_diag_set(diag, "not JSON at column %d: %s", error.column, error.text);
    return CIM_EFORM;
}

static enum cim_err
member(const json_t *object, const char *key, struct cim_bytes *out,
       struct cim_diag *diag)
{
    const json_t *value = json_object_get(object, key);

    if (!json_is_string(value)) {
        cim_diag_set(diag,
                     "'%s' is missing or not a text; a proof is "
                     "{\"topic\": ..., \"slice\": ...}, as `cimesh show "
                     "--proof` writes it",
                     key);
        return CIM_EFORM;
    }
    *out = cim_bytes_of(json_string_value(value), json_string_length(value));
    return CIM_OK;
}

static enum cim_err
decode_slice(struct cim_bytes text, struct cim_buf *slice,
             struct cim_diag *diag)
{
    size_t cap = text.len / 4 * 3 + 3, len;
    uint8_t *raw = malloc(cap);
    enum cim_err err;

    if (!raw)
        return CIM_ENOMEM;
    err = cim_b64_decode((const char *)text.p, text.len, raw, cap, &len);
    if (!err && (len == 0 || len > CIM_SLICE_MAX))
        err = len ? CIM_ETOOBIG : CIM_EFORM;
    if (err)
        cim_diag_set(diag,
                     "'slice' is not unpadded base64url of 1 to %d "
                     "bytes: was the text changed on its way?",
                     CIM_SLICE_MAX);
    else
        err = cim_buf_add(slice, raw, len);
    free(raw);
    return err;
}

static enum cim_err
read_object(const json_t *object, struct cim_buf *topic, struct cim_buf *slice,
            struct cim_diag *diag)
{
    struct cim_bytes t, s;
    enum cim_err err;

    if ((err = member(object, "topic", &t, diag)) ||
        (err = member(object, "slice", &s, diag)))
        return err;
    if (json_object_size(object) != 2) {
        cim_diag_set(diag, "a proof has the keys 'topic' and 'slice' and no "
                           "others");
        return CIM_EFORM;
    }
    if ((err = cim_topic_check(t, diag)) || (err = cim_buf_add_bytes(topic, t)))
        return err;
    return decode_slice(s, slice, diag);
}

enum cim_err
cim_proof_read(struct cim_bytes text, struct cim_buf *topic,
               struct cim_buf *slice, struct cim_diag *diag)
{
    json_t *object = NULL;
    enum cim_err err;

    cim_buf_reset(topic);
    cim_buf_reset(slice);
    if ((err = load(text, &object, diag)))
        return err;
    err = read_object(object, topic, slice, diag);
    json_decref(object);
    return err;
}

enum cim_err
cim_proof_write(struct cim_bytes topic, struct cim_bytes slice,
                struct cim_buf *out)
{
    char *text = malloc(CIM_B64_LEN(slice.len) + 1);

    if (!text)
        return CIM_ENOMEM;
    cim_b64_encode(slice.p, slice.len, text);
    /* Neither a topic nor base64url holds what JSON would escape. */
    cim_buf_add_str(out, "{\"topic\": \"");
    cim_buf_add_bytes(out, topic);
    cim_buf_add_str(out, "\", \"slice\": \"");
    cim_buf_add_str(out, text);
    cim_buf_add_str(out, "\"}");
    free(text);
    return out->err;
}

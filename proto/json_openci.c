/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The prototype's form. Its example files share one id, so its id names no
 * event: it is kept as ext.prototypeId, and eventId is made from the whole
 * content, the id included: the UUIDv8 of BLAKE2b-256 over the object as JSON
 * text with sorted keys and without blanks. The same object is thus the same
 * event on any day, though its time may lack a date.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "proto/json_private.h"

static const struct {
    const char *theirs, *ours; /* ours NULL: handled apart */
} keys[] = {
    {"type", NULL},
    {"id", NULL},
    {"origin", NULL},
    {"scenario", NULL},
    {"time", "eventTime"},
    {"buildUrl", "buildUrl"},
    {"branch", "projectBranch"},
    {"artifactLocation", "artifactUrl"},
    {"compositionName", "baselineName"},
    {"compositionMetadataUrl", "baselineUrl"},
    {"confidenceLevel", "confidenceLevel"},
    {"consistsOf", "consistsOf"},
};
#define KEYS_N (sizeof keys / sizeof *keys)

static const struct {
    const char *theirs, *ours;
} types[] = {
    {"ArtifactPublishedEvent", "ArtifactCreated"},
    {"CompositionDefinedEvent", "BaselineDefined"},
    {"ConfidenceLevelModifiedEvent", "ConfidenceLevelModified"},
};

static enum cim_err
refuse(struct cim_diag *diag, const char *text)
{
    cim_diag_set(diag, "%s", text);
    return CIM_EEVENT;
}

static enum cim_err
unknown(const char *key, struct cim_diag *diag)
{
    const char *names[KEYS_N];

    for (size_t i = 0; i < KEYS_N; i++)
        names[i] = keys[i].theirs;
    const char *near = cim_suggest(key, names, KEYS_N);
    if (near != NULL)
        cim_diag_set(diag, "%.64s: unknown key, did you mean '%s'?", key, near);
    else
        cim_diag_set(diag, "%.64s: unknown key of the prototype's form", key);
    return CIM_EFIELD;
}

static enum cim_err
read_key(const char *key, json_t *value, json_t *out, struct cim_diag *diag)
{
    size_t i = 0;

    while (i < KEYS_N && strcmp(key, keys[i].theirs) != 0)
        i++;
    if (i == KEYS_N)
        return unknown(key, diag);
    if (keys[i].ours == NULL)
        return CIM_OK;
    if (strcmp(key, "confidenceLevel") == 0 && json_is_string(value))
        return refuse(diag, "confidenceLevel: has to be an object of NAME and "
                            "result, not text that looks like one");
    return json_object_set(out, keys[i].ours, value) == 0 ? CIM_OK : CIM_ENOMEM;
}

static enum cim_err
read_type(const json_t *in, json_t *out, struct cim_diag *diag)
{
    const char *type = json_string_value(json_object_get(in, "type"));
    const size_t n = sizeof types / sizeof *types;
    size_t i = 0;

    while (i < n && type != NULL && strcmp(type, types[i].theirs) != 0)
        i++;
    if (i == n || type == NULL)
        return refuse(diag, "type: has to be ArtifactPublishedEvent, "
                            "CompositionDefinedEvent or "
                            "ConfidenceLevelModifiedEvent; our own form names "
                            "it eventType");
    if (json_object_set_new(out, "eventType", json_string(types[i].ours)) != 0)
        return CIM_ENOMEM;
    if (i == 1 && json_object_get(out, "consistsOf") == NULL &&
        json_object_set_new(out, "consistsOf", json_array()) != 0)
        return CIM_ENOMEM;
    return CIM_OK;
}

static enum cim_err
check_origin(const json_t *in, struct cim_bytes community,
             struct cim_diag *diag)
{
    struct cim_bytes origin = cim_json_text(json_object_get(in, "origin"));

    if (origin.len == community.len && origin.p != NULL &&
        strncasecmp((const char *)origin.p, (const char *)community.p,
                    origin.len) == 0)
        return CIM_OK;
    cim_diag_set(diag, "origin: has to be '%.*s', the community of this node",
                 (int)community.len, (const char *)community.p);
    return CIM_ECOMMUNITY;
}

/* What has no field of its own. */
static enum cim_err
read_ext(const json_t *in, json_t *out, struct cim_diag *diag)
{
    static const char *const moved[][2] = {{"id", "prototypeId"},
                                           {"scenario", "scenario"}};
    json_t *ext = json_object();
    enum cim_err err = ext == NULL ? CIM_ENOMEM : CIM_OK;

    for (size_t i = 0; i < 2 && err == CIM_OK; i++) {
        json_t *value = json_object_get(in, moved[i][0]);
        if (value == NULL)
            continue;
        if (!json_is_string(value)) {
            cim_diag_set(diag, "%s: has to be text", moved[i][0]);
            err = CIM_EEVENT;
        } else if (json_object_set(ext, moved[i][1], value) != 0) {
            err = CIM_ENOMEM;
        }
    }
    if (err == CIM_OK && json_object_size(ext) > 0 &&
        json_object_set(out, "ext", ext) != 0)
        err = CIM_ENOMEM;
    json_decref(ext);
    return err;
}

static enum cim_err
read_id(const json_t *in, json_t *out)
{
    char text[CIM_UUID_TEXT_LEN + 1];
    char *canonical = json_dumps(in, JSON_SORT_KEYS | JSON_COMPACT);

    if (canonical == NULL)
        return CIM_ENOMEM;
    struct cim_hash hash = cim_hash_bytes(cim_bytes_str(canonical));
    free(canonical);
    struct cim_uuid id = cim_uuid_v8(&hash);
    cim_uuid_text(&id, text);
    return json_object_set_new(out, "eventId", json_string(text)) == 0
               ? CIM_OK
               : CIM_ENOMEM;
}

enum cim_err
cim_openci_read(json_t *in, struct cim_bytes community, json_t **out,
                struct cim_diag *diag)
{
    json_t *result = json_object(), *value;
    enum cim_err err = result == NULL ? CIM_ENOMEM : CIM_OK;
    const char *key;

    if (err == CIM_OK)
        json_object_foreach(in, key, value)
        {
            err = read_key(key, value, result, diag);
            if (err != CIM_OK)
                break;
        }
    if (err == CIM_OK)
        err = check_origin(in, community, diag);
    if (err == CIM_OK)
        err = read_type(in, result, diag);
    if (err == CIM_OK)
        err = read_ext(in, result, diag);
    if (err == CIM_OK)
        err = read_id(in, result);
    if (err != CIM_OK) {
        json_decref(result);
        result = NULL;
    }
    *out = result;
    return err;
}

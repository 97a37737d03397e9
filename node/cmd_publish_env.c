/* SPDX-License-Identifier: MPL-2.0 */
/*
 * publish --from-env: the fields a CI job has in its environment, by the
 * names of the seed form. What the command line gave comes first. EVENT_ID
 * and EVENT_TYPE are not taken: in a job that was triggered they are those of
 * the event that triggered it.
 */
#include <stdlib.h>
#include <string.h>

#include "node/cmd_publish.h"
#include "proto/event.h"

#define BIT(type) (1u << (type))
#define ALL       ~0u
#define ARTIFACT                                                               \
    (BIT(CIM_TYPE_ARTIFACT) | BIT(CIM_TYPE_CONFIDENCE) | BIT(CIM_TYPE_OWN))
#define BASELINE                                                               \
    (BIT(CIM_TYPE_BASELINE) | BIT(CIM_TYPE_CONFIDENCE) | BIT(CIM_TYPE_OWN))

static const struct {
    const char *name, *field;
    unsigned types; /* it belongs to */
} variables[] = {
    {"BUILD_URL", "buildUrl", ALL},
    {"ARTIFACT_URL", "artifactUrl", ARTIFACT},
    {"ARTIFACT_NAME", "artifactName", ARTIFACT},
    {"ARTIFACT_DIGEST", "artifactDigest", ARTIFACT},
    {"PROJECT_BRANCH", "projectBranch", ALL},
    {"BASELINE_NAME", "baselineName", BASELINE},
    {"BASELINE_URL", "baselineUrl", BASELINE},
    {"CONSIST_OF", "consistsOf", BIT(CIM_TYPE_BASELINE)},
};

static bool
given(const struct http_form *form, const char *field, const char *variable)
{
    const char *value = getenv(variable);

    return http_form_has(form, field) || (value != NULL && *value != '\0');
}

/* As the seed form is told apart. NULL: it cannot be told. */
static const char *
infer_type(const struct http_form *form)
{
    if (given(form, "consistsOf", "CONSIST_OF"))
        return "BaselineDefined";
    if (given(form, "baselineName", "BASELINE_NAME") &&
        http_form_has_levels(form))
        return "ConfidenceLevelModified";
    if (given(form, "artifactUrl", "ARTIFACT_URL") &&
        given(form, "projectBranch", "PROJECT_BRANCH"))
        return "ArtifactCreated";
    return NULL;
}

int
publish_env(struct http_form *form, const char *type)
{
    if (type == NULL && (type = infer_type(form)) == NULL)
        return cmd_usage("publish",
                         "--from-env: the type cannot be told from "
                         "CONSIST_OF, from BASELINE_NAME with a "
                         "confidenceLevel.NAME=RESULT, or from ARTIFACT_URL "
                         "with PROJECT_BRANCH; give it as the first word");
    unsigned bit = BIT(cim_type_of(cim_bytes_str(type)));
    http_form_default(form, "eventType", type);
    for (size_t i = 0; i < sizeof variables / sizeof *variables; i++) {
        const char *value = getenv(variables[i].name);
        bool list = strcmp(variables[i].field, "consistsOf") == 0;
        if (value != NULL && (*value != '\0' || list) &&
            (variables[i].types & bit) != 0)
            http_form_default(form, variables[i].field, value);
    }
    if (!http_form_has(form, "buildUrl"))
        return cmd_usage("publish", "--from-env: BUILD_URL is not set; set "
                                    "it, or give buildUrl=URL");
    http_form_derive_id(form);
    return 0;
}

/* SPDX-License-Identifier: MPL-2.0 */
/* cimesh publish - says what happened; returns when it is signed and kept. */
#include "node/cmd_publish.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/event.h"

const char cmd_publish_help[] =
    "Examples:\n"
    "    cimesh publish ArtifactCreated projectBranch=master \\\n"
    "        artifactUrl=https://nexus.example.org/odl-1.2.3.tar.gz \\\n"
    "        confidenceLevel.AUTORELEASE=SUCCESS\n"
    "    cimesh publish BaselineDefined baselineName=os-odl-nofeature \\\n"
    "        baselineUrl=https://example.org/b/1 consistsOf=odl-1.2.3,os-2026\n"
    "    cimesh publish --from-env confidenceLevel.OPNFV_ACCEPTANCE=SUCCESS\n"
    "    cimesh publish ReviewDone --topic odl/ReviewDone/docs ext.votes:=2\n"
    "    cimesh publish --file events.ndjson\n"
    "\n"
    "Prints the id of each event, in input order, after the commit. Fields:\n"
    "artifactUrl artifactName artifactDigest projectBranch baselineName\n"
    "baselineUrl consistsOf=a,b confidenceLevel.NAME=RESULT eventId eventTime\n"
    "buildUrl (else $BUILD_URL) ext.NAME=TEXT ext.NAME:=JSON.\n"
    "    --link REL=[COMMUNITY:]ID   cause, subject, element, supersedes\n"
    "    --topic TOPIC     of a type of your own; else COMMUNITY/TYPE/-/\n"
    "    --from-env        fields from the job: BUILD_URL ARTIFACT_URL\n"
    "                      ARTIFACT_NAME ARTIFACT_DIGEST PROJECT_BRANCH\n"
    "                      BASELINE_NAME BASELINE_URL CONSIST_OF; TYPE may be\n"
    "                      left out; the id follows from them, so a retry is\n"
    "                      the same event\n"
    "    --file FILE|-     one JSON object, or one a line, in any form: all "
    "or\n"
    "                      nothing for each 1,024 of them\n"
    "    --no-cause        inside a hook: without the link to its event\n"
    "    --json            the whole answer: eventId, node, epoch, seq, again\n"
    "Exit codes: 0; 64; 65 the event is not well formed, or its id was used\n"
    "for another; 69 no node runs here; 75 try again: full, busy or stopping.\n"
    "The same id with the same content may be sent again: it is stored once.\n";

struct words {
    const char *file, *topic; /* as given */
    struct cmd_values links;
    bool from_env, no_cause;
};

/* ---- sending */

static bool
print_ids(const struct publish *publish, const struct http_reply *reply)
{
    const char *p = (const char *)reply->body.p, *end;
    size_t left = reply->body.len;
    struct cim_buf out = {0};
    char id[40];

    if (publish->json)
        return cmd_client_print(p, left);
    while (left > 0 && (end = memchr(p, '\n', left)) != NULL) {
        size_t len = (size_t)(end - p);
        http_form_id(p, len, id);
        cim_buf_add_str(&out, id);
        cim_buf_add_u8(&out, '\n');
        left -= len + 1;
        p = end + 1;
    }
    bool printed = cmd_client_print(out.p, out.len);
    cim_buf_clear(&out);
    return printed;
}

static int
refused(const struct http_reply *reply, const struct publish_part *part)
{
    struct cim_diag diag;
    int rc = http_client_problem(reply, &diag);
    size_t index = http_client_index(reply);

    if (part->file == NULL || index == 0)
        return cmd_fail((enum cmd_exit)rc, "publish", "%s", diag.text);
    if (part->before == 0)
        return cmd_fail((enum cmd_exit)rc, "publish", "%s: event %zu: %s",
                        part->file, index, diag.text);
    return cmd_fail(
        (enum cmd_exit)rc, "publish",
        "%s: event %zu: %s; with the requests before it events 1 to "
        "%zu are published",
        part->file, part->before + index, diag.text, part->before);
}

int
publish_send(const struct publish *publish, struct cim_bytes body,
             const struct publish_part *part)
{
    struct http_reply reply = {0};
    struct cim_diag diag = {0};
    enum cim_err err =
        http_client_call(publish->client, "/v1/events", "application/x-ndjson",
                         body, NULL, &reply, &diag);
    int rc = 0;

    if (err != CIM_OK)
        rc = cmd_client_fail("publish", err, &diag);
    else if (reply.status / 100 != 2)
        rc = refused(&reply, part);
    else if (!print_ids(publish, &reply))
        rc = CMD_OK; /* published, though nobody reads the ids */
    http_reply_clear(&reply);
    return rc;
}

/* ---- from words */

/* A near miss of a known type would be a type of its own, for ever. */
static int
check_type(const char *type, bool own_topic)
{
    static const char *const known[] = {"ArtifactCreated", "BaselineDefined",
                                        "ConfidenceLevelModified", NULL};

    if (!cim_type_name_valid(cim_bytes_str(type)))
        return cmd_usage("publish",
                         "'%s' is no type: a letter and up to 63 more letters "
                         "or digits",
                         type);
    if (cim_type_of(cim_bytes_str(type)) != CIM_TYPE_OWN || own_topic)
        return 0;
    const char *near = suggest(type, known);
    if (near == NULL)
        return 0;
    return cmd_usage("publish",
                     "'%s': did you mean '%s'? If it is a type of your own, "
                     "give --topic as well",
                     type, near);
}

static int
add_links(struct http_form *form, const struct publish *publish,
          const struct words *words)
{
    const char *community = http_client_community(publish->client);
    struct cim_diag diag = {0};
    char cause[160];

    for (size_t i = 0; i < words->links.n; i++)
        if (http_form_link(form, words->links.v[i], community, &diag) != CIM_OK)
            return cmd_usage("publish", "--link: %s", diag.text);
    if (publish->cause == NULL)
        return 0;
    snprintf(cause, sizeof cause, "cause=%s", publish->cause);
    if (http_form_link(form, cause, "", &diag) != CIM_OK)
        return cmd_usage("publish",
                         "CIMESH_EVENT is '%s', not COMMUNITY:ID; unset it or "
                         "use --no-cause",
                         publish->cause);
    return 0;
}

static int
fill_form(struct http_form *form, const struct publish *publish,
          const struct words *words, int argc, char **argv)
{
    const char *build = getenv("BUILD_URL"), *type = NULL;
    struct cim_diag diag = {0};
    int at = 1, rc = 0;

    if (argc > 1 && strchr(argv[1], '=') == NULL)
        type = argv[at++];
    if (type == NULL && !words->from_env)
        return cmd_usage("publish", "which type? It comes first: "
                                    "ArtifactCreated, BaselineDefined, "
                                    "ConfidenceLevelModified or your own");
    if (type != NULL)
        rc = check_type(type, words->topic != NULL);
    for (; rc == 0 && at < argc; at++)
        if (http_form_word(form, argv[at], &diag) != CIM_OK)
            rc = cmd_usage("publish", "%s", diag.text);
    if (rc != 0)
        return rc;
    if (words->topic != NULL)
        http_form_default(form, "topic", words->topic);
    if (build != NULL && *build != '\0')
        http_form_default(form, "buildUrl", build);
    if (words->from_env)
        rc = publish_env(form, type);
    else
        http_form_default(form, "eventType", type);
    return rc != 0 ? rc : add_links(form, publish, words);
}

static int
publish_words(const struct publish *publish, const struct words *words,
              int argc, char **argv)
{
    struct http_form *form = http_form_new();
    struct publish_part part = {0};
    struct cim_buf body = {0};
    int rc = fill_form(form, publish, words, argc, argv);

    if (rc == 0) {
        http_form_write(form, &body);
        rc = publish_send(publish, cim_buf_bytes(&body), &part);
    }
    cim_buf_clear(&body);
    http_form_destroy(&form);
    return rc;
}

int
cmd_publish(const struct cmd_context *ctx, int argc, char **argv)
{
    struct words words = {0};
    const struct cmd_option options[] = {
        {.name = "--file", .value = &words.file},
        {.name = "--topic", .value = &words.topic},
        {.name = "--link", .values = &words.links},
        {.name = "--from-env", .flag = &words.from_env},
        {.name = "--no-cause", .flag = &words.no_cause},
        {0}};
    const char *cause = getenv("CIMESH_EVENT");
    struct publish publish = {.json = ctx->json};
    int rc = cmd_options("publish", &argc, argv, options);

    if (rc != 0)
        return rc;
    if (words.file != NULL && (argc > 1 || words.from_env ||
                               words.topic != NULL || words.links.n > 0))
        return cmd_usage("publish", "--file takes events that are whole: no "
                                    "type, fields, --from-env, --topic or "
                                    "--link beside it");
    if (cause != NULL && *cause != '\0' && !words.no_cause)
        publish.cause = cause;
    rc = cmd_client_open(ctx, "publish", &publish.client);
    if (rc == 0) {
        rc = words.file != NULL ? publish_file(&publish, words.file)
                                : publish_words(&publish, &words, argc, argv);
    }
    http_client_close(&publish.client);
    return rc;
}

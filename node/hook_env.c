/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The environment of a hook's child. An event decides values, never names:
 * a level called LD_PRELOAD is one entry of CIMESH_LEVELS. What does not fit
 * into an environment (a NUL, a field of a later version) is left out; stdin
 * has all of it.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "node/hook_private.h"
#include "node/mem.h"
#include "proto/json.h"

struct env {
    char **v; /* NULL-terminated */
    size_t n, cap;
};

static void
put(struct env *env, const char *name, struct cim_bytes value)
{
    if (value.p == NULL || memchr(value.p, 0, value.len) != NULL)
        return;
    xgrow(&env->v, &env->cap, env->n + 1, sizeof(*env->v));
    env->v[env->n++] = xasprintf("%s=%.*s", name, (int)value.len, value.p);
    env->v[env->n] = NULL;
}

static void
put_text(struct env *env, const char *name, const char *value)
{
    put(env, name, cim_bytes_str(value));
}

static const struct {
    const char *name;
    size_t offset; /* of a struct cim_bytes in struct cim_event */
} text_fields[] = {
    {"CIMESH_EVENT_ID", offsetof(struct cim_event, id)},
    {"CIMESH_EVENT_TYPE", offsetof(struct cim_event, type_name)},
    {"CIMESH_TOPIC", offsetof(struct cim_event, topic)},
    {"CIMESH_BUILD_URL", offsetof(struct cim_event, build_url)},
    {"CIMESH_ARTIFACT_URL", offsetof(struct cim_event, artifact_url)},
    {"CIMESH_ARTIFACT_NAME", offsetof(struct cim_event, artifact_name)},
    {"CIMESH_ARTIFACT_DIGEST", offsetof(struct cim_event, artifact_digest)},
    {"CIMESH_PROJECT_BRANCH", offsetof(struct cim_event, project_branch)},
    {"CIMESH_BASELINE_NAME", offsetof(struct cim_event, baseline_name)},
    {"CIMESH_BASELINE_URL", offsetof(struct cim_event, baseline_url)},
};

static void
put_text_fields(struct env *env, const struct cim_event *event)
{
    for (size_t i = 0; i < sizeof(text_fields) / sizeof(*text_fields); i++)
        put(env, text_fields[i].name,
            *(const struct cim_bytes *)(const void *)((const char *)event +
                                                      text_fields[i].offset));
    if (event->v == 1) {
        char time[CIM_TIME_TEXT_LEN + 1];
        cim_time_text(event->time_ms, time);
        put_text(env, "CIMESH_EVENT_TIME", time);
    }
}

/* "one,two" */
static void
put_members(struct env *env, const struct cim_event *event)
{
    struct cim_list list = {.data = event->consists_of};
    struct cim_bytes member;
    struct cim_buf text = {0};

    if (event->consists_of.len == 0)
        return;
    while (cim_member_next(&list, &member)) {
        if (text.len > 0)
            cim_buf_add_str(&text, ",");
        cim_buf_add_bytes(&text, member);
    }
    if (cim_buf_cstr(&text) == NULL)
        mem_fail();
    put(env, "CIMESH_CONSIST_OF", cim_buf_bytes(&text));
    cim_buf_clear(&text);
}

/* "NAME=RESULT,NAME=RESULT" */
static void
put_levels(struct env *env, const struct cim_event *event)
{
    struct cim_list list = {.data = event->levels};
    struct cim_bytes name, result;
    struct cim_buf text = {0};

    if (event->levels.len == 0)
        return;
    while (cim_level_next(&list, &name, &result)) {
        if (text.len > 0)
            cim_buf_add_str(&text, ",");
        cim_buf_add_bytes(&text, name);
        cim_buf_add_str(&text, "=");
        cim_buf_add_bytes(&text, result);
    }
    if (cim_buf_cstr(&text) == NULL)
        mem_fail();
    put(env, "CIMESH_LEVELS", cim_buf_bytes(&text));
    cim_buf_clear(&text);
}

static void
put_run(struct env *env, const struct hook_place *place,
        const struct hook_event *event)
{
    char attempt[16];

    (void)snprintf(attempt, sizeof(attempt), "%" PRIu32, event->attempt);
    put_text(env, "PATH", place->path);
    put_text(env, "CIMESH_DIR", place->dir);
    put_text(env, "CIMESH_ATTEMPT", attempt);
    put_text(env, "CIMESH_EVENT", event->name);
    put(env, "CIMESH_COMMUNITY",
        cim_community_of(cim_bytes_str(event->log.node)));
    if (event->late)
        put_text(env, "CIMESH_LATE", "1");
}

char **
hook_env_new(const struct hook_place *place, const struct hook_event *event)
{
    struct env env = {0};
    struct cim_event fields;

    put_run(&env, place, event);
    if (cim_event_parse(cim_buf_bytes(&event->bytes), CIM_FOLLOW, &fields,
                        NULL) == CIM_OK) {
        put_text_fields(&env, &fields);
        put_members(&env, &fields);
        put_levels(&env, &fields);
    }
    return env.v;
}

void
hook_env_destroy(char ***env)
{
    if (*env == NULL)
        return;
    for (char **s = *env; *s != NULL; s++)
        free(*s);
    free(*env);
    *env = NULL;
}

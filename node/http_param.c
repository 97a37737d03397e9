/* SPDX-License-Identifier: MPL-2.0 */
/* What may stand behind the '?': each name once, topic and with again. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "node/cmd.h"
#include "node/http_private.h"
#include "node/mem.h"
#include "node/trace.h"
#include "proto/json_template.h"

static bool
parse_number(const char *text, uint64_t max, uint64_t *out)
{
    char *end;

    if (*text < '0' || *text > '9')
        return false;
    errno = 0;
    unsigned long long n = strtoull(text, &end, 10);
    if (errno != 0 || *end != '\0' || n > max)
        return false;
    *out = n;
    return true;
}

bool
http_param_duration(const char *text, int64_t *ms)
{
    static const struct {
        char unit;
        int64_t ms;
    } units[] = {{'s', 1000},
                 {'m', 60000},
                 {'h', 3600000},
                 {'d', 86400000},
                 {'w', 604800000}};
    char digits[12];
    size_t n = strspn(text, "0123456789");
    uint64_t count;

    if (n == 0 || n >= sizeof digits || text[n] == '\0' || text[n + 1] != '\0')
        return false;
    memcpy(digits, text, n);
    digits[n] = '\0';
    if (!parse_number(digits, 1000000000, &count))
        return false;
    for (size_t i = 0; i < sizeof units / sizeof *units; i++)
        if (units[i].unit == text[n]) {
            *ms = (int64_t)count * units[i].ms;
            return true;
        }
    return false;
}

static bool
set_topic(struct http_params *p, const char *value, struct cim_diag *why)
{
    if (p->n_topics == CIM_PREFIXES_MAX) {
        cim_diag_set(why, "at most 32 topics");
        return false;
    }
    xgrow(&p->topics, &p->cap_topics, p->n_topics, sizeof *p->topics);
    return cim_prefix_parse(cim_bytes_str(value), &p->topics[p->n_topics++],
                            why) == CIM_OK;
}

static bool
set_after(struct http_params *p, const char *value, struct cim_diag *why)
{
    cim_diag_set(why, "has to be an arrival number, 0 or more");
    p->has_after = parse_number(value, INT64_MAX, &p->after);
    return p->has_after;
}

static bool
set_since(struct http_params *p, const char *value, struct cim_diag *why)
{
    cim_diag_set(why, "has to be all, now, a duration (90s, 15m, 1h, 7d, 2w), "
                      "a time (2026-11-22T12:34:56Z) or COMMUNITY:ID");
    if (strlen(value) >= sizeof p->since)
        return false;
    memcpy(p->since, value, strlen(value) + 1);
    return *value != '\0';
}

static bool
set_limit(struct http_params *p, const char *value, struct cim_diag *why)
{
    uint64_t n;

    cim_diag_set(why, "has to be a number from 1 to %d", HTTP_LIMIT);
    if (!parse_number(value, HTTP_LIMIT, &n) || n == 0)
        return false;
    p->limit = n;
    return true;
}

static bool
set_form(struct http_params *p, const char *value, struct cim_diag *why)
{
    cim_diag_set(why, "has to be json or seed");
    p->form = strcmp(value, "seed") == 0 ? CIM_FORM_SEED : CIM_FORM_JSON;
    return p->form == CIM_FORM_SEED || strcmp(value, "json") == 0;
}

static bool
set_hook(struct http_params *p, const char *value, struct cim_diag *why)
{
    cim_diag_set(why, "has to be the name of a hook");
    if (!cim_name_valid(cim_bytes_str(value)))
        return false;
    memcpy(p->hook, value, strlen(value) + 1);
    return true;
}

static bool
set_rule(struct http_params *p, const char *value, struct cim_diag *why)
{
    cim_diag_set(why, "has to be the name of a rule");
    if (!cim_name_valid(cim_bytes_str(value)))
        return false;
    memcpy(p->rule, value, strlen(value) + 1);
    return true;
}

static bool
set_node(struct http_params *p, const char *value, struct cim_diag *why)
{
    cim_diag_set(why, "has to be the name of a node");
    if (!cim_node_valid(cim_bytes_str(value)))
        return false;
    memcpy(p->log.node, value, strlen(value) + 1);
    return true;
}

static bool
set_place(uint64_t *place, const char *value, struct cim_diag *why)
{
    cim_diag_set(why, "has to be a number, 0 or more");
    return parse_number(value, INT64_MAX, place);
}

static bool
set_epoch(struct http_params *p, const char *value, struct cim_diag *why)
{
    return set_place(&p->log.epoch, value, why);
}

static bool
set_seq(struct http_params *p, const char *value, struct cim_diag *why)
{
    return set_place(&p->seq, value, why);
}

static bool
set_arrival(struct http_params *p, const char *value, struct cim_diag *why)
{
    return set_place(&p->arrival, value, why);
}

static bool
set_flag(bool *flag, const char *value, struct cim_diag *why)
{
    cim_diag_set(why, "has to be 1 or 0");
    *flag = strcmp(value, "0") != 0;
    return *value == '\0' || strcmp(value, "1") == 0 || !*flag;
}

static bool
set_newest(struct http_params *p, const char *value, struct cim_diag *why)
{
    return set_flag(&p->newest, value, why);
}

static bool
set_proof(struct http_params *p, const char *value, struct cim_diag *why)
{
    return set_flag(&p->proof, value, why);
}

static bool
set_verbose(struct http_params *p, const char *value, struct cim_diag *why)
{
    return set_flag(&p->verbose, value, why);
}

static bool
set_with(struct http_params *p, const char *value, struct cim_diag *why)
{
    if (p->n_with == HTTP_WITH_MAX) {
        cim_diag_set(why, "at most %d of them", HTTP_WITH_MAX);
        return false;
    }
    p->with[p->n_with++] = value;
    return true; /* its form: http_latest.c */
}

static bool
set_by(struct http_params *p, const char *value, struct cim_diag *why)
{
    cim_diag_set(why, "has to be a community");
    p->by = value;
    return cim_name_valid(cim_bytes_str(value));
}

/* Any text that is not empty. */
static bool
set_words(const char **to, const char *value, struct cim_diag *why)
{
    cim_diag_set(why, "needs a value");
    *to = value;
    return *value != '\0';
}

static bool
set_branch(struct http_params *p, const char *value, struct cim_diag *why)
{
    return set_words(&p->branch, value, why);
}

static bool
set_name(struct http_params *p, const char *value, struct cim_diag *why)
{
    return set_words(&p->name, value, why);
}

static bool
set_template(struct http_params *p, const char *value, struct cim_diag *why)
{
    p->template = value;
    return cim_json_template_check(value, why) == CIM_OK;
}

static bool
set_a(struct http_params *p, const char *value, struct cim_diag *why)
{
    return set_words(&p->a, value, why);
}

static bool
set_b(struct http_params *p, const char *value, struct cim_diag *why)
{
    return set_words(&p->b, value, why);
}

static bool
set_up(struct http_params *p, const char *value, struct cim_diag *why)
{
    return set_flag(&p->up, value, why);
}

static bool
set_down(struct http_params *p, const char *value, struct cim_diag *why)
{
    return set_flag(&p->down, value, why);
}

static bool
set_depth(struct http_params *p, const char *value, struct cim_diag *why)
{
    uint64_t n;

    cim_diag_set(why, "has to be a number from 1 to %d", TRACE_DEPTH_MAX);
    if (!parse_number(value, TRACE_DEPTH_MAX, &n) || n == 0)
        return false;
    p->depth = (unsigned)n;
    return true;
}

static const struct {
    const char *name;
    bool (*set)(struct http_params *p, const char *value, struct cim_diag *why);
} setters[] = {
    {"topic", set_topic},
    {"after", set_after},
    {"since", set_since},
    {"limit", set_limit},
    {"format", set_form},
    {"newest", set_newest},
    {"proof", set_proof},
    {"hook", set_hook},
    {"rule", set_rule},
    {"verbose", set_verbose},
    {"node", set_node},
    {"epoch", set_epoch},
    {"seq", set_seq},
    {"arrival", set_arrival},
    {"with", set_with},
    {"by", set_by},
    {"branch", set_branch},
    {"name", set_name},
    {"template", set_template},
    {"a", set_a},
    {"b", set_b},
    {"up", set_up},
    {"down", set_down},
    {"depth", set_depth},
};
#define SETTERS (sizeof setters / sizeof *setters)

struct reading {
    struct http_request *request;
    unsigned seen; /* bit i: setters[i] */
};

static bool
takes(const struct http_route *route, const char *name)
{
    char word[32];

    if (strlen(name) > sizeof word - 3 || strchr(name, ' ') != NULL)
        return false;
    snprintf(word, sizeof word, " %s ", name);
    return strstr(route->params, word) != NULL;
}

static void
unknown(struct http_request *request, const char *name)
{
    const char *names[SETTERS + 1] = {0};
    struct http_problem *p = http_problem_set(request, 400, "parameter");
    size_t n = 0;

    for (size_t i = 0; i < SETTERS; i++)
        if (takes(request->route, setters[i].name))
            names[n++] = setters[i].name;
    const char *near = suggest(name, names);
    const char *list = n > 0 ? request->route->params : " none ";
    cim_diag_set(&p->detail, "%.40s: not a parameter here", name);
    if (near != NULL)
        cim_diag_set(&p->hint, "did you mean '%s'?", near);
    else
        cim_diag_set(&p->hint, "%s takes:%.*s", request->route->path,
                     (int)strlen(list) - 1, list);
}

static enum MHD_Result
read_one(void *cls, enum MHD_ValueKind kind, const char *name,
         const char *value)
{
    struct reading *rd = cls;
    struct http_request *request = rd->request;
    struct cim_diag why = {0};
    size_t i = 0;

    (void)kind;
    while (i < SETTERS && strcmp(setters[i].name, name) != 0)
        i++;
    if (i == SETTERS || !takes(request->route, name)) {
        unknown(request, name);
        return MHD_NO;
    }
    bool many = i == 0 || setters[i].set == set_with;
    bool again = (rd->seen & 1u << i) != 0 && !many;
    rd->seen |= 1u << i;
    if (again)
        cim_diag_set(&why, "given more than once");
    if (!again &&
        setters[i].set(&request->params, value == NULL ? "" : value, &why))
        return MHD_YES;
    struct http_problem *p = http_problem_set(request, 400, "parameter");
    cim_diag_set(&p->detail, "%s=%.80s: %s", name, value == NULL ? "" : value,
                 why.text);
    return MHD_NO;
}

void
http_param_read(struct http_request *request, struct MHD_Connection *mhd)
{
    struct reading rd = {.request = request};

    MHD_get_connection_values(mhd, MHD_GET_ARGUMENT_KIND, read_one, &rd);
}

/* SPDX-License-Identifier: MPL-2.0 */
#include <string.h>

#include "node/cmd.h"
#include "node/http_private.h"
#include "node/mem.h"

static const struct http_route routes[] = {
    {"POST", "/v1/events", " ", http_publish},
    {"GET", "/v1/events", " topic after since limit newest format ",
     http_events},
    {"GET", "/v1/events/", " proof format ", http_event},
    {"GET", "/v1/stream", " topic after since format ", http_stream_start},
    {"GET", "/v1/latest", " topic branch name with by template ", http_latest},
    {"GET", "/v1/trace/", " up down depth ", http_trace},
    {"GET", "/v1/ledger/", " ", http_ledger},
    {"GET", "/v1/diff", " a b ", http_diff},
    {"GET", "/v1/status", " ", http_status},
    {"GET", "/v1/check", " ", http_check},
    {"GET", "/v1/peers", " ", http_peers},
    {"GET", "/v1/hooks", " ", http_hooks},
    {"GET", "/v1/hooks/runs", " hook limit ", http_runs},
    {"POST", "/v1/fetch/", " proof format ", http_find},
    {"GET", "/v1/promote", " limit ", http_promote},
    {"GET", "/v1/promote/explain/", " rule ", http_promote_explain},
    {"GET", "/v1/promote/dry-run/", " since after ", http_promote_dry_run},
    {"POST", "/v1/reload", " ", http_reload},
    {"POST", "/v1/aside", " node epoch seq arrival ", http_aside},
    {"GET", "/livez", " verbose ", http_livez},
    {"GET", "/readyz", " verbose ", http_readyz},
};
#define ROUTES (sizeof routes / sizeof *routes)

bool
http_route_reads(const struct http_route *route)
{
    return route->run == http_events || route->run == http_latest ||
           route->run == http_trace || route->run == http_ledger ||
           route->run == http_diff;
}

/* The part of url after path for one that ends in '/', "" for an equal one,
 * NULL for another. */
static const char *
match(const struct http_route *route, const char *url)
{
    size_t n = strlen(route->path);

    if (strncmp(route->path, url, n) != 0)
        return NULL;
    if (route->path[n - 1] == '/' ? url[n] == '\0' : url[n] != '\0')
        return NULL;
    return url + n;
}

static void
no_route(struct http_request *request, const char *url)
{
    const char *paths[ROUTES + 1] = {0};
    struct http_problem *p = http_problem_set(request, 404, "route");

    for (size_t i = 0; i < ROUTES; i++)
        paths[i] = routes[i].path;
    const char *near = suggest(url, paths);
    cim_diag_set(&p->detail, "there is nothing at '%.100s'", url);
    if (near != NULL && strcmp(near, url) != 0)
        cim_diag_set(&p->hint, "did you mean '%s'?", near);
    else
        cim_diag_set(
            &p->hint,
            "there are /v1/events, /v1/events/ID, "
            "/v1/stream, /v1/latest, /v1/trace/WHAT, "
            "/v1/ledger/WHAT, /v1/diff, /v1/fetch/ID, "
            "/v1/status, /v1/check, /v1/peers, /v1/hooks, /v1/hooks/runs, "
            "/v1/promote, /v1/reload, /v1/aside, /livez, /readyz");
}

static void
no_method(struct http_request *request, const char *method, const char *url,
          const char *allow)
{
    struct http_problem *p = http_problem_set(request, 405, "method");

    request->allow = allow;
    cim_diag_set(&p->detail, "'%.100s' does not take %.20s", url, method);
    cim_diag_set(&p->hint, "use %s", allow);
}

void
http_route_find(struct http_request *request, const char *method,
                const char *url)
{
    unsigned get = 0, post = 0;

    /* The same without its body, which libmicrohttpd leaves out. */
    if (strcmp(method, "HEAD") == 0 && strcmp(url, "/v1/stream") != 0)
        method = "GET";
    for (size_t i = 0; i < ROUTES; i++) {
        const char *rest = match(&routes[i], url);
        if (rest == NULL)
            continue;
        if (strcmp(routes[i].method, method) == 0) {
            request->route = &routes[i];
            request->rest = xstrdup(rest);
            return;
        }
        get |= strcmp(routes[i].method, "GET") == 0;
        post |= strcmp(routes[i].method, "POST") == 0;
    }
    if (get || post)
        no_method(request, method, url,
                  get && post ? "GET, POST"
                  : get       ? "GET"
                              : "POST");
    else
        no_route(request, url);
}

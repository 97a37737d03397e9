/* SPDX-License-Identifier: MPL-2.0 */
/* Calls of the HTTP thread: answered at once, or when a commit is back. */
#include <string.h>

#include "node/journal.h"
#include "node/mem.h"
#include "node/node_private.h"

static void
add_warning(struct view_status *status, const char *text)
{
    if (status->n_warnings < sizeof status->warnings / sizeof(char *))
        status->warnings[status->n_warnings++] = xstrdup(text);
}

static void
view_status(struct node *node, struct view_status *out)
{
    static const char *const names[] = {"ok", "low", "full", "read-only",
                                        "failed"};

    mesh_view_status(node->mesh, out);
    snprintf(out->storage, sizeof out->storage, "%s", names[node->storage]);
    out->ready =
        out->ready && node->storage == NODE_STORAGE_OK && !node->stop_mono_ms;
    out->started_ms = node->started_ms;
    out->overdue = promoter_overdue(node->promoter);
    for (size_t i = 0; i < node->n_warnings; i++)
        add_warning(out, node->warnings[i]);
    if (node->storage == NODE_STORAGE_LOW)
        add_warning(out, "room is nearly gone, the reserve beside data_file "
                         "is in use: no events are taken until there is more; "
                         "make room on its disk");
    if (node->storage == NODE_STORAGE_FULL)
        add_warning(out, "no room to store events: publishing waits until "
                         "there is; make room on the disk of data_file");
    if (node->storage == NODE_STORAGE_READ_ONLY)
        add_warning(out, "the disk of data_file is read-only: no events are "
                         "taken; make it writable again");
}

/* The mesh knows that a peer is down, the links why. */
static void
view_peers(struct node *node, struct view_peers *out)
{
    mesh_view_peers(node->mesh, out);
    for (size_t i = 0; i < out->n; i++) {
        struct view_peer *peer = &out->v[i];
        const char *why = links_trouble(node->links, peer->node);

        if (!peer->up && *why)
            snprintf(peer->state, sizeof peer->state, "down: %s", why);
    }
}

/* The mesh has what it asks for: answered when that is back. */
static void
remember(struct node *node, struct api_call *call)
{
    xgrow(&node->calls, &node->cap_calls, node->n_calls, sizeof *node->calls);
    node->calls[node->n_calls++] = call;
}

static void
publish(struct node *node, struct api_call *call)
{
    struct mesh_request *request = call->request;

    call->request = NULL;
    request->owner = call;
    remember(node, call);
    mesh_publish(node->mesh, request);
}

static void
find(struct node *node, struct api_call *call)
{
    struct mesh_find *find = call->find;

    call->find = NULL;
    find->owner = call;
    remember(node, call);
    mesh_find(node->mesh, find);
}

static void
forget(struct node *node, const struct api_call *call)
{
    for (size_t i = 0; i < node->n_calls; i++) {
        if (node->calls[i] != call)
            continue;
        node->calls[i] = node->calls[--node->n_calls];
        return;
    }
}

static void
give_back(struct node *node, struct api_call *call)
{
    forget(node, call);
    if (node->http)
        http_answer(node->http, call);
    else
        api_call_destroy(&call);
}

void
node_api_answered(struct node *node, struct mesh_request *request)
{
    struct api_call *call = request->owner;

    call->request = request;
    call->err = request->err;
    give_back(node, call);
}

void
node_api_found(struct node *node, struct mesh_find *find)
{
    struct api_call *call = find->owner;

    call->find = find;
    call->err = find->err;
    give_back(node, call);
}

void
node_api_clear(struct node *node)
{
    for (size_t i = 0; i < node->n_calls; i++)
        api_call_destroy(&node->calls[i]);
    free(node->calls);
}

void
node_api(struct node *node, struct api_call *call)
{
    switch (call->kind) {
    case API_PUBLISH:
        publish(node, call);
        return;
    case API_STATUS:
        view_status(node, &call->status);
        break;
    case API_PEERS:
        view_peers(node, &call->peers);
        break;
    case API_HOOKS:
        hooks_view(node->hooks, &call->hooks);
        break;
    case API_PROMOTE:
        promoter_ask(node->promoter, call);
        return;
    case API_FIND:
        find(node, call);
        return;
    case API_RELOAD:
        call->err = node_reload(node, &call->text, &call->refused, &call->diag);
        break;
    case API_ASIDE:
        node_set_aside(node, &call->rotten_log, call->rotten_seq,
                       call->rotten_arrival);
        break;
    case API_ROTTEN:
        node_set_aside(node, &call->rotten_log, call->rotten_seq, 0);
        api_call_destroy(&call);
        return;
    }
    http_answer(node->http, call);
}

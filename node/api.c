/* SPDX-License-Identifier: MPL-2.0 */
#include "node/api.h"

#include <stdlib.h>

#include "node/mem.h"

struct api_call *
api_call_new(enum api_kind kind)
{
    struct api_call *call = xcalloc(1, sizeof *call);

    call->kind = kind;
    return call;
}

void
api_call_destroy(struct api_call **call)
{
    if (*call == NULL)
        return;
    mesh_request_destroy(&(*call)->request);
    mesh_find_destroy(&(*call)->find);
    view_status_clear(&(*call)->status);
    view_peers_clear(&(*call)->peers);
    view_hooks_clear(&(*call)->hooks);
    view_promote_clear(&(*call)->promote);
    cim_buf_clear(&(*call)->text);
    free(*call);
    *call = NULL;
}

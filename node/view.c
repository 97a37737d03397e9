/* SPDX-License-Identifier: MPL-2.0 */
#include "node/view.h"

#include <stdlib.h>

void
view_status_clear(struct view_status *v)
{
    for (size_t i = 0; i < v->n_warnings; i++)
        free(v->warnings[i]);
    *v = (struct view_status){0};
}

void
view_peers_clear(struct view_peers *v)
{
    for (size_t i = 0; i < v->n; i++)
        free(v->v[i].cursors);
    free(v->v);
    *v = (struct view_peers){0};
}

void
view_hooks_clear(struct view_hooks *v)
{
    free(v->v);
    *v = (struct view_hooks){0};
}

/* SPDX-License-Identifier: MPL-2.0 */
#include "node/follow.h"

#include <stdlib.h>
#include <string.h>

#include "node/mem.h"

void
follow_list_clear(struct follow_list *list)
{
    free(list->v);
    *list = (struct follow_list){0};
}

void
follow_list_copy(struct follow_list *to, const struct follow_list *from)
{
    struct follow_list copy = {0};

    if (from->n) {
        copy.v = xcalloc(from->n, sizeof *copy.v);
        copy.n = from->n;
        memcpy(copy.v, from->v, from->n * sizeof *copy.v);
    }
    follow_list_clear(to);
    *to = copy;
}

bool
follow_touches(const struct follow_list *list, struct cim_bytes community)
{
    for (size_t i = 0; i < list->n; i++)
        if (cim_prefix_touches(&list->v[i].prefix, community))
            return true;
    return false;
}

bool
follow_covers(const struct follow_list *list, struct cim_bytes community)
{
    for (size_t i = 0; i < list->n; i++)
        if (cim_prefix_covers(&list->v[i].prefix, community))
            return true;
    return false;
}

bool
follow_match(const struct follow_list *list, struct cim_bytes topic)
{
    for (size_t i = 0; i < list->n; i++)
        if (cim_prefix_match(&list->v[i].prefix, topic))
            return true;
    return false;
}

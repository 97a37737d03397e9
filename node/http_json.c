/* SPDX-License-Identifier: MPL-2.0 */
#include "node/http_json.h"

#include <stdlib.h>

#include <jansson.h>

#include "node/mem.h"

static void *
take(size_t size)
{
    return xrealloc(NULL, size);
}

void
http_json_start(void)
{
    json_set_alloc_funcs(take, free);
}

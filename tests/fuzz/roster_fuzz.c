/* SPDX-License-Identifier: MPL-2.0 */
/* A roster file from outside: what is accepted, written again, is the same. */
#include <string.h>

#include "node/roster_file.h"
#include "proto/topic.h"
#include "tests/fuzz/fuzz.h"

static void
check_node(const struct roster_node *node)
{
    static const struct cim_signkey zero;

    must(cim_node_valid(cim_bytes_str(node->name)));
    must(!node->events[0] == !node->sync[0]);
    must(memcmp(node->sign.b, node->curve.b, CIM_KEY_LEN) != 0);
    must(memcmp(node->sign.b, zero.b, CIM_KEY_LEN) != 0);
    must(node->n_retired <= ROSTER_RETIRED_MAX);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct roster_community *c, *again;
    struct cim_diag diag = {{0}};
    struct cim_buf text = {0};
    enum cim_err err =
        roster_file_parse(cim_bytes_of(data, size), "f.zpl", &c, &diag);

    must(err != CIM_ESTATE && !err == !!c);
    must(!err || diag.text[0]);
    if (err)
        return 0;
    must(c->serial >= 1 && c->n_nodes >= 1 && c->n_nodes <= ROSTER_NODES_MAX);
    for (size_t i = 0; i < c->n_nodes; i++)
        check_node(&c->nodes[i]);
    must(roster_file_write(c, &text) == CIM_OK);
    must(roster_file_parse(cim_buf_bytes(&text), "g.zpl", &again, &diag) ==
         CIM_OK);
    must(roster_file_same(c, again));
    roster_community_destroy(&again);
    roster_community_destroy(&c);
    cim_buf_clear(&text);
    return 0;
}

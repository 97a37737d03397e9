/* SPDX-License-Identifier: MPL-2.0 */
/* The rules at work: what the promoter needs of the node. */
#include "node/clock.h"
#include "node/node_private.h"

static void
publish(void *ctx, struct mesh_request *request)
{
    mesh_publish(((struct node *)ctx)->mesh, request);
}

static void
answer(void *ctx, struct api_call *call)
{
    http_answer(((struct node *)ctx)->http, call);
}

static void
rotten(void *ctx, const struct store_log *log, uint64_t seq)
{
    node_set_aside(ctx, log, seq, 0);
}

static int64_t
now_ms(void *ctx)
{
    (void)ctx;
    return clock_wall_ms();
}

static int64_t
mono_ms(void *ctx)
{
    (void)ctx;
    return clock_mono_ms();
}

int
node_start_promoter(struct node *node, struct cim_diag *diag)
{
    struct promoter_config config = {
        .store = node->store_thread,
        .publish = publish,
        .answer = answer,
        .rotten = rotten,
        .now_ms = now_ms,
        .mono_ms = mono_ms,
        .ctx = node,
    };

    if (judge_start(node->settings->data_file, node->settings->node,
                    &node->judge, diag))
        return CMD_STORAGE;
    config.judge = node->judge;
    node->promoter = promoter_new(&config);
    promoter_apply(node->promoter, node->settings, node->known, node->n_known,
                   node->last_arrival);
    return CMD_OK;
}

/* SPDX-License-Identifier: MPL-2.0 */
/*
 * A catch-up message that parses can be written; what is written parses, and
 * writing that gives the same bytes. The first byte says whether the rest is
 * an ask or an answer.
 */
#include "proto/sync.h"

#include "tests/fuzz/fuzz.h"

static enum cim_err
write_again(const struct cim_sync *msg, bool ask, struct cim_buf *out)
{
    switch (msg->kind) {
    case CIM_SYNC_HEADS:
        return ask ? cim_heads_ask_write(&msg->u.heads_ask, out)
                   : cim_heads_answer_write(&msg->u.heads, out);
    case CIM_SYNC_FETCH:
        return ask ? cim_fetch_ask_write(&msg->u.fetch_ask, out)
                   : cim_fetch_answer_write(&msg->u.fetch, out);
    case CIM_SYNC_FIND:
        return ask ? cim_find_ask_write(&msg->u.find_ask, out)
                   : cim_find_answer_write(&msg->u.find, out);
    case CIM_SYNC_REFUSED:
        return cim_refused_write(msg->rid, CIM_EFORM, out);
    }
    must(false);
    return CIM_ESTATE;
}

static enum cim_err
parse(struct cim_bytes frame, bool ask, struct cim_sync *out)
{
    return ask ? cim_sync_parse_ask(frame, out)
               : cim_sync_parse_answer(frame, out);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cim_buf first = {0}, second = {0};
    struct cim_sync msg, again;
    bool ask = size > 0 && data[0] % 2 == 0;

    if (size == 0 ||
        parse(cim_bytes_of(data + 1, size - 1), ask, &msg) != CIM_OK)
        return 0;
    must(write_again(&msg, ask, &first) == CIM_OK);
    must(parse(cim_buf_bytes(&first), ask, &again) == CIM_OK);
    must(again.kind == msg.kind && again.rid == msg.rid);
    must(write_again(&again, ask, &second) == CIM_OK);
    must(cim_bytes_eq(cim_buf_bytes(&first), cim_buf_bytes(&second)));
    cim_sync_clear(&again);
    cim_sync_clear(&msg);
    cim_buf_clear(&first);
    cim_buf_clear(&second);
    return 0;
}

/* SPDX-License-Identifier: MPL-2.0 */
/*
 * A request's body gives the same drafts, or the same refusal, however it is
 * cut on its way; and a draft is an event that may be published.
 */
#include "node/http_body.h"

#include "tests/fuzz/fuzz.h"

static void
feed(struct http_body *body, const uint8_t *data, size_t size, size_t step)
{
    static struct http_chance chance;

    http_body_init(body, &chance, cim_bytes_str("odl"), INT64_C(1795359600123));
    for (size_t at = 0; at < size; at += step)
        http_body_feed(
            body, cim_bytes_of(data + at, size - at < step ? size - at : step));
    must(http_body_end(body) == body->err);
}

static void
check(const struct cim_draft *draft)
{
    struct cim_event event;

    must(cim_event_parse(cim_buf_bytes(&draft->bytes), CIM_PUBLISH, &event,
                         NULL) == CIM_OK);
    must(cim_bytes_eq(event.id, draft->event.id));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct http_body whole, cut;

    if (size == 0)
        return 0;
    feed(&whole, data, size, size);
    feed(&cut, data, size, 1 + data[size / 2] % 17);
    must(whole.err == cut.err && whole.bad == cut.bad && whole.n == cut.n);
    must(whole.err == CIM_OK ? whole.n > 0 : whole.bad == whole.n + 1);
    for (size_t i = 0; i < whole.n; i++) {
        check(&whole.drafts[i]);
        must(cim_hash_eq(&whole.drafts[i].given, &cut.drafts[i].given));
    }
    http_body_clear(&whole);
    http_body_clear(&cut);
    return 0;
}

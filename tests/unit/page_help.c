/* SPDX-License-Identifier: MPL-2.0 */
#include "tests/unit/page_help.h"

#include "proto/event.h"

void
answer_clear(struct answer *answer)
{
    cim_sync_clear(&answer->msg);
    cim_buf_clear(&answer->frame);
    span_clear(&answer->got);
}

static void
prove_slices(struct answer *answer, const struct author *a, const char *prefix)
{
    const struct cim_fetch_answer *fetch = &answer->msg.u.fetch;
    struct cim_prefix want = prefix_of(prefix);

    for (size_t i = 0; i < fetch->n_slices; i++) {
        struct cim_slice slice;
        struct cim_proven proven;
        assert_int_equal(cim_slice_parse(fetch->slices[i], &slice), CIM_OK);
        assert_int_equal(cim_slice_prove(&slice, &a->key, false, &proven),
                         CIM_OK);
        for (size_t k = 0; k < proven.slice.n_events; k++) {
            uint64_t seq =
                proven.slice.sh.h.first + cim_slice_index(&proven.slice, k);
            struct cim_event event;
            assert_int_equal(cim_event_parse(proven.slice.events[k], CIM_FOLLOW,
                                             &event, NULL),
                             CIM_OK);
            assert_true(cim_prefix_match(&want, event.topic));
            assert_false(span_has(&answer->got, seq));
            span_add(&answer->got, seq, 1);
            answer->n_events++;
        }
        cim_proven_clear(&proven);
    }
}

struct answer
ask_page(struct fixture *f, const char *self, const char *prefix,
         uint64_t after, uint64_t upto, const struct cim_have *have)
{
    struct answer answer = {.n_events = 0};
    struct cim_prefix want = prefix_of(prefix);
    struct cim_fetch_ask ask = {.rid = 77,
                                .node = cim_bytes_str(f->a.node),
                                .epoch = f->a.epoch,
                                .after = after,
                                .upto = upto,
                                .prefixes = &want,
                                .n_prefixes = 1};

    if (have)
        ask.have = *have;
    assert_int_equal(store_page(f->reader, &ask, self, &answer.frame), CIM_OK);
    assert_true(answer.frame.len <= CIM_PAGE_MAX);
    assert_int_equal(
        cim_sync_parse_answer(cim_buf_bytes(&answer.frame), &answer.msg),
        CIM_OK);
    assert_int_equal(answer.msg.kind, CIM_SYNC_FETCH);
    assert_int_equal(answer.msg.rid, 77);
    prove_slices(&answer, &f->a, prefix);
    return answer;
}

size_t
repair(struct fixture *f, struct span_set *gaps)
{
    struct store_log log;
    uint64_t seq;
    size_t n = 0;

    while (store_reader_rotten(f->reader, &log, &seq)) {
        struct store_job *job = store_job_new(STORE_ASIDE);
        assert_string_equal(log.node, f->a.node);
        job->aside.log = log;
        job->aside.seq = seq;
        commit_job(f->store, job);
        assert_int_equal(job->err, CIM_OK);
        span_copy(gaps, &job->gaps);
        store_job_destroy(&job);
        n++;
    }
    return n;
}

/* SPDX-License-Identifier: MPL-2.0 */
#include "node/store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "node/store_private.h"
#include "tests/unit/store_help.h"

static struct store *
open_memory(void)
{
    struct store *store = NULL;
    struct cim_diag diag = {""};

    assert_int_equal(store_open(":memory:", &store, &diag), CIM_OK);
    return store;
}

static void
stored_events_count(void **state)
{
    struct store *store = open_memory();
    struct author a;

    (void)state;
    author_open(&a, "odl/ci-1", 7);
    struct sealed *s = author_seal(&a, 10, 200, topic_each);
    struct store_job *job = store_job_new(STORE_KEEP);
    struct store_batch *batch = job_all(job, s);
    batch->covered = true;
    commit_job(store, job);
    assert_int_equal(job->err, CIM_OK);
    batch = &job->batches[0];
    assert_int_equal(batch->n_stored, 10);
    assert_int_equal(batch->held, 10);
    assert_int_equal(batch->contiguous, 10);
    assert_true(batch->new_header);
    assert_int_equal(batch->events[9].arrival, 10);
    assert_int_equal(job->last_arrival, 10);
    store_job_destroy(&job);
    struct store_log_state st = state_of(store, &a);
    assert_int_equal(st.held, 10);
    assert_int_equal(st.n_cursors, 1);
    store_log_state_clear(&st);
    sealed_free(&s);
    author_close(&a);
    store_close(&store);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stored_events_count),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

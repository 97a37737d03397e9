/* SPDX-License-Identifier: MPL-2.0 */
/* The two threads of the store, and what they share with the loop: nothing. */
#include "node/store_thread.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <czmq.h>

#include "node/serve.h"
#include "node/store_private.h"
#include "tests/unit/store_help.h"

struct threads {
    char *folder, *path;
    struct store_thread *writer;
    struct serve *serve;
    struct author a;
};

static int
set_up(void **state)
{
    struct threads *f = xcalloc(1, sizeof *f);
    struct store *store = NULL;
    struct cim_diag diag;

    f->folder = folder_make();
    f->path = xasprintf("%s/store.db", f->folder);
    author_open(&f->a, "odl/ci-1", 7);
    assert_int_equal(store_open(f->path, &store, &diag), CIM_OK);
    f->writer = store_thread_start(&store);
    assert_null(store);
    assert_int_equal(serve_start(f->path, "odl/ci-1", &f->serve, &diag),
                     CIM_OK);
    *state = f;
    return 0;
}

static int
tear_down(void **state)
{
    struct threads *f = *state;

    serve_stop(&f->serve);
    store_thread_stop(&f->writer);
    author_close(&f->a);
    folder_remove(&f->folder);
    free(f->path);
    free(f);
    return 0;
}

static void
wait_for(void *pipe)
{
    zmq_pollitem_t poll = {zsock_resolve(pipe), 0, ZMQ_POLLIN, 0};

    assert_int_equal(zmq_poll(&poll, 1, 30000), 1);
}

static struct store_job *
next_job(struct threads *f)
{
    struct store_job *job;

    while (!(job = store_thread_take(f->writer)))
        wait_for(store_thread_pipe(f->writer));
    return job;
}

static struct serve_task *
do_task(struct threads *f, struct serve_task *task)
{
    struct serve_task *done;

    serve_submit(f->serve, task);
    while (!(done = serve_take(f->serve)))
        wait_for(serve_pipe(f->serve));
    assert_ptr_equal(done, task);
    return done;
}

static void
submit_all(struct threads *f, const struct sealed *s, void *owner)
{
    struct store_job *job = store_job_new(STORE_KEEP);

    job->owner = owner;
    job->now_ms = 5;
    job_all(job, s)->covered = true;
    store_thread_submit(f->writer, job);
}

static void
jobs_come_back_committed_and_in_order(void **state)
{
    struct threads *f = *state;
    struct sealed *s[300];

    for (size_t i = 0; i < 300; i++) {
        s[i] = author_seal(&f->a, 3, 200, topic_each);
        submit_all(f, s[i], s[i]);
    }
    for (size_t i = 0; i < 300; i++) {
        struct store_job *job = next_job(f);
        assert_ptr_equal(job->owner, s[i]);
        assert_int_equal(job->err, CIM_OK);
        assert_int_equal(job->batches[0].n_stored, 3);
        assert_int_equal(job->batches[0].contiguous, 3 * i + 3);
        store_job_destroy(&job);
        sealed_free(&s[i]);
    }
    assert_null(store_thread_take(f->writer));
    struct serve_task *task = do_task(f, serve_task_new(SERVE_TOTALS));
    assert_int_equal(task->stored, 900);
    serve_task_destroy(&task);
}

static void
stopping_finishes_what_was_given(void **state)
{
    struct threads *f = *state;
    struct store *store = NULL;
    struct cim_diag diag;

    struct sealed *s[50];
    for (int i = 0; i < 50; i++) {
        s[i] = author_seal(&f->a, 2, 200, topic_same);
        submit_all(f, s[i], NULL);
    }
    store_thread_stop(&f->writer);
    for (int i = 0; i < 50; i++)
        sealed_free(&s[i]); /* the jobs only lent them */
    assert_int_equal(store_open(f->path, &store, &diag), CIM_OK);
    assert_int_equal(store_last_arrival(store), 100);
    f->writer = store_thread_start(&store);
}

static void
a_page_is_served_beside_the_writer(void **state)
{
    struct threads *f = *state;
    struct sealed *s = author_seal(&f->a, 10, 200, topic_each);
    struct cim_prefix prefix = prefix_of("odl/Ping/t4/");
    struct cim_fetch_ask ask = {.rid = 5,
                                .node = cim_bytes_str("odl/ci-1"),
                                .epoch = 7,
                                .upto = 10,
                                .prefixes = &prefix,
                                .n_prefixes = 1};
    struct serve_task *task = serve_task_new(SERVE_PAGE);
    struct cim_sync msg;

    submit_all(f, s, NULL);
    struct store_job *job = next_job(f);
    store_job_destroy(&job);
    assert_int_equal(cim_fetch_ask_write(&ask, &task->frame), CIM_OK);
    assert_int_equal(cim_buf_add_str(&task->route, "opaque"), CIM_OK);
    task = do_task(f, task);
    assert_int_equal(task->err, CIM_OK);
    assert_string_equal(cim_buf_cstr(&task->route), "opaque");
    assert_int_equal(cim_sync_parse_answer(cim_buf_bytes(&task->answer), &msg),
                     CIM_OK);
    assert_int_equal(msg.u.fetch.n_slices, 1);
    cim_sync_clear(&msg);
    serve_task_destroy(&task);

    task = serve_task_new(SERVE_PAGE);
    assert_int_equal(cim_buf_add_str(&task->frame, "junk"), CIM_OK);
    task = do_task(f, task);
    assert_int_not_equal(task->err, CIM_OK);
    serve_task_destroy(&task);
    sealed_free(&s);
}

static void
a_digest_is_taken_beside_the_writer(void **state)
{
    struct threads *f = *state;
    struct sealed *s = author_seal(&f->a, 10, 200, topic_each);
    struct serve_task *task = serve_task_new(SERVE_HAVE);

    submit_all(f, s, NULL);
    struct store_job *job = next_job(f);
    store_job_destroy(&job);
    task->have = xcalloc(1, sizeof *task->have);
    task->have->log = log_of(&f->a);
    task->have->upto = 10;
    task->have->prefixes[0] = prefix_of("");
    task->have->n_prefixes = 1;
    task = do_task(f, task);
    assert_int_equal(task->have->err, CIM_OK);
    assert_int_equal(task->have->have.n, 10);
    serve_task_destroy(&task);
    sealed_free(&s);
}

static struct serve_task *
next_task(const char *prefix, uint64_t after)
{
    struct serve_task *task = serve_task_new(SERVE_NEXT);

    task->prefix = prefix_of(prefix);
    task->after = after;
    snprintf(task->hook, sizeof task->hook, "build");
    return task;
}

static void
the_next_event_of_a_hook_is_one_it_has_not_had(void **state)
{
    struct threads *f = *state;
    struct cim_uuid ids[] = {uuid_n(1), uuid_n(1), uuid_n(2)};
    struct sealed *s = author_seal_ids(&f->a, 3, ids);
    struct store_job *job = store_job_new(STORE_HOOK);

    submit_all(f, s, NULL);
    snprintf(job->hook.name, sizeof job->hook.name, "build");
    job->hook.cursor = UINT64_MAX;
    job->hook.run = true;
    job->hook.arrival = 3;
    job->hook.attempt = 4;
    store_thread_submit(f->writer, job);
    for (int i = 0; i < 2; i++) {
        job = next_job(f);
        store_job_destroy(&job);
    }
    struct serve_task *task = do_task(f, next_task("odl/", 0));
    assert_true(task->next.found);
    assert_int_equal(task->next.arrival, 1);
    assert_int_equal(task->next.attempts, 0);
    assert_int_equal(task->next.seq, 1);
    assert_int_equal(task->next.received_ms, 5);
    assert_string_equal(task->next.log.node, "odl/ci-1");
    assert_true(cim_bytes_eq(cim_buf_bytes(&task->next.bytes),
                             cim_buf_bytes(&s->events[0])));
    serve_task_destroy(&task);
    /* Arrival 2 repeats an id. */
    task = do_task(f, next_task("odl/", 1));
    assert_true(task->next.found);
    assert_int_equal(task->next.arrival, 3);
    assert_int_equal(task->next.attempts, 4);
    serve_task_destroy(&task);
    task = do_task(f, next_task("odl/", 3));
    assert_false(task->next.found);
    assert_int_equal(task->next.scanned, 3);
    serve_task_destroy(&task);
    task = do_task(f, next_task("onap/", 0));
    assert_false(task->next.found);
    assert_int_equal(task->next.scanned, 3);
    serve_task_destroy(&task);
    sealed_free(&s);
}

static void
a_hook_gets_a_repeated_id_from_before_it_began(void **state)
{
    struct threads *f = *state;
    struct cim_uuid ids[] = {uuid_n(1), uuid_n(1), uuid_n(1)};
    struct sealed *s = author_seal_ids(&f->a, 3, ids);
    struct store_job *job = store_job_new(STORE_HOOK);

    submit_all(f, s, NULL);
    snprintf(job->hook.name, sizeof job->hook.name, "build");
    job->hook.cursor = 1; /* began after the first of the three */
    store_thread_submit(f->writer, job);
    for (int i = 0; i < 2; i++) {
        job = next_job(f);
        store_job_destroy(&job);
    }
    struct serve_task *task = do_task(f, next_task("odl/", 1));
    assert_true(task->next.found);
    assert_int_equal(task->next.arrival, 2);
    serve_task_destroy(&task);
    /* The cursor moves on; where it began does not. */
    job = store_job_new(STORE_HOOK);
    snprintf(job->hook.name, sizeof job->hook.name, "build");
    job->hook.cursor = 2;
    store_thread_submit(f->writer, job);
    job = next_job(f);
    store_job_destroy(&job);
    task = do_task(f, next_task("odl/", 2));
    assert_false(task->next.found);
    serve_task_destroy(&task);
    sealed_free(&s);
}

static void
rot_is_reported_to_whoever_asked(void **state)
{
    struct threads *f = *state;
    struct sealed *s = author_seal(&f->a, 3, 200, topic_each);
    struct store *store = NULL;
    struct cim_diag diag;

    submit_all(f, s, NULL);
    store_thread_stop(&f->writer);
    assert_int_equal(store_open(f->path, &store, &diag), CIM_OK);
    assert_true(store_exec(store, "UPDATE event SET bytes = zeroblob(9)"
                                  " WHERE seq = 2"));
    f->writer = store_thread_start(&store);
    struct serve_task *task = do_task(f, next_task("odl/", 1));
    assert_true(task->next.found);
    assert_int_equal(task->next.arrival, 3);
    assert_true(task->rotten);
    assert_int_equal(task->rotten_seq, 2);
    assert_string_equal(task->rotten_log.node, "odl/ci-1");
    serve_task_destroy(&task);
    task = do_task(f, next_task("odl/", 2));
    assert_false(task->rotten);
    serve_task_destroy(&task);
    sealed_free(&s);
}

static void
tasks_nobody_took_are_freed(void **state)
{
    struct threads *f = *state;

    for (int i = 0; i < 20; i++) {
        serve_submit(f->serve, serve_task_new(SERVE_TOTALS));
        serve_submit(f->serve, next_task("odl/", 0));
    }
    serve_stop(&f->serve);
    assert_null(f->serve);
}

static void
reading_goes_on_while_writing(void **state)
{
    struct threads *f = *state;
    size_t back = 0;

    for (size_t i = 0; i < 200; i++) {
        struct sealed *s = author_seal(&f->a, 20, 300, topic_each);
        struct store_job *job;
        submit_all(f, s, NULL);
        sealed_free(&s);
        struct serve_task *task = do_task(f, next_task("odl/Ping/t9/", 0));
        assert_int_equal(task->err, CIM_OK);
        assert_false(task->rotten);
        serve_task_destroy(&task);
        while ((job = store_thread_take(f->writer))) {
            assert_int_equal(job->err, CIM_OK);
            store_job_destroy(&job);
            back++;
        }
    }
    for (; back < 200; back++) {
        struct store_job *job = next_job(f);
        assert_int_equal(job->err, CIM_OK);
        store_job_destroy(&job);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(jobs_come_back_committed_and_in_order),
        TEST(stopping_finishes_what_was_given),
        TEST(a_page_is_served_beside_the_writer),
        TEST(a_digest_is_taken_beside_the_writer),
        TEST(the_next_event_of_a_hook_is_one_it_has_not_had),
        TEST(a_hook_gets_a_repeated_id_from_before_it_began),
        TEST(rot_is_reported_to_whoever_asked),
        TEST(tasks_nobody_took_are_freed),
        TEST(reading_goes_on_while_writing),
    };
    zsys_init();
    zsys_set_pipehwm(0);
    return cmocka_run_group_tests(tests, NULL, NULL);
}

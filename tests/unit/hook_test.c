/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Hooks with real children, a real store thread and a real loop. The clock of
 * the hooks is the system's plus an offset, so that back-off and time limits
 * need no waiting. Each script writes what it saw into the site directory.
 */
#include "node/hook.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>
#include <czmq.h>

#include "node/mem.h"
#include "proto/json.h"

#define PATIENCE_MS 60000 /* a condition that is not met by then never is */
#define SCRIPTS     8

struct site {
    char dir[64];
    char data[80], scratch[80];
    zloop_t *loop;
    struct store_thread *store;
    struct serve *serve;
    struct hooks *hooks;
    int sigchld;
    int64_t offset_ms;
    struct cim_identity *id;
    uint64_t epoch, next_seq;
    struct settings settings;
    struct settings_hook hook[SCRIPTS];
    unsigned keeps_out; /* batches given to the store, not back yet */
    bool (*met)(struct site *site);
    int64_t give_up_ms;
};

/* ---- the loop around the hooks ------------------------------------------*/

static int64_t
now_ms(void *ctx)
{
    (void)ctx;
    return zclock_time();
}

static int64_t
mono_ms(void *ctx)
{
    return zclock_mono() + ((struct site *)ctx)->offset_ms;
}

static int
on_store(zloop_t *loop, zsock_t *pipe, void *arg)
{
    struct site *site = arg;
    struct store_job *job;

    (void)loop;
    (void)pipe;
    while ((job = store_thread_take(site->store)) != NULL) {
        assert_int_equal(job->err, CIM_OK);
        if (job->kind == STORE_HOOK) {
            hooks_job_done(site->hooks, job);
            continue;
        }
        site->keeps_out--;
        if (site->hooks)
            hooks_stored(site->hooks, job->last_arrival);
        store_job_destroy(&job);
    }
    return 0;
}

static int
on_serve(zloop_t *loop, zsock_t *pipe, void *arg)
{
    struct site *site = arg;
    struct serve_task *task;

    (void)loop;
    (void)pipe;
    while ((task = serve_take(site->serve)) != NULL)
        hooks_served(site->hooks, task);
    return 0;
}

static int
on_sigchld(zloop_t *loop, zmq_pollitem_t *item, void *arg)
{
    struct site *site = arg;
    struct signalfd_siginfo info;

    (void)loop;
    (void)item;
    while (read(site->sigchld, &info, sizeof(info)) > 0)
        ;
    hooks_children(site->hooks);
    return 0;
}

static int
on_timer(zloop_t *loop, int timer, void *arg)
{
    struct site *site = arg;

    (void)loop;
    (void)timer;
    if (site->hooks)
        hooks_tick(site->hooks);
    return site->met(site) || zclock_mono() > site->give_up_ms ? -1 : 0;
}

static void
run_until(struct site *site, bool (*met)(struct site *site))
{
    site->met = met;
    site->give_up_ms = zclock_mono() + PATIENCE_MS;
    int timer = zloop_timer(site->loop, 5, 0, on_timer, site);
    zloop_start(site->loop);
    zloop_timer_end(site->loop, timer);
    assert_true(met(site));
}

/* ---- a site -------------------------------------------------------------*/

static void
node_start(struct site *site)
{
    struct store *store;
    struct cim_diag diag = {0};
    zmq_pollitem_t item = {.fd = site->sigchld, .events = ZMQ_POLLIN};

    assert_int_equal(store_open(site->data, &store, &diag), CIM_OK);
    uint64_t last = store_last_arrival(store);
    struct hook_known known[SCRIPTS] = {0};
    for (size_t i = 0; i < site->settings.n_hooks; i++) {
        memcpy(known[i].name, site->hook[i].name, sizeof(known[i].name));
        assert_int_equal(store_hook_cursor(store, known[i].name,
                                           &known[i].cursor, &known[i].known),
                         CIM_OK);
    }
    site->loop = zloop_new();
    zloop_set_nonstop(site->loop, true);
    site->store = store_thread_start(&store);
    assert_int_equal(serve_start(site->data, "odl/ci-1", &site->serve, &diag),
                     CIM_OK);
    zloop_reader(site->loop, store_thread_pipe(site->store), on_store, site);
    zloop_reader(site->loop, serve_pipe(site->serve), on_serve, site);
    zloop_poller(site->loop, &item, on_sigchld, site);
    struct hooks_config config = {
        .loop = site->loop,
        .store = site->store,
        .serve = site->serve,
        .dir = site->dir,
        .scratch_dir = site->scratch,
        .community = "odl",
        .now_ms = now_ms,
        .mono_ms = mono_ms,
        .ctx = site,
    };
    site->hooks = hooks_new(&config);
    hooks_apply(site->hooks, &site->settings, known, site->settings.n_hooks,
                last);
}

/* As a crash would end it: nothing is finished, children are gone. */
static void
node_stop(struct site *site)
{
    hooks_destroy(&site->hooks);
    serve_stop(&site->serve);
    store_thread_stop(&site->store);
    zloop_destroy(&site->loop);
}

static int
setup(void **state)
{
    struct site *site = xcalloc(1, sizeof(*site));
    sigset_t set;

    strncpy(site->dir, "/tmp/hook-test-XXXXXX", sizeof(site->dir) - 1);
    assert_non_null(mkdtemp(site->dir));
    (void)snprintf(site->data, sizeof(site->data), "%s/cimesh.db", site->dir);
    (void)snprintf(site->scratch, sizeof(site->scratch), "%s/run/hooks",
                   site->dir);
    site->settings.hooks = site->hook;
    site->epoch = 1000;
    site->next_seq = 1;
    assert_int_equal(cim_identity_make(&site->id), CIM_OK);
    sigemptyset(&set);
    sigaddset(&set, SIGCHLD);
    sigprocmask(SIG_BLOCK, &set, NULL);
    site->sigchld = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
    *state = site;
    return 0;
}

static int
teardown(void **state)
{
    struct site *site = *state;
    char *rm = xasprintf("rm -rf '%s'", site->dir);

    if (site->hooks)
        node_stop(site);
    /* Nobody is left: neither running nor waiting to be collected. */
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
    assert_int_equal(errno, ECHILD);
    for (size_t i = 0; i < site->settings.n_hooks; i++) {
        free(site->hook[i].argv[0]);
        free(site->hook[i].exec);
    }
    cim_identity_close(&site->id);
    close(site->sigchld);
    assert_int_equal(system(rm), 0);
    free(rm);
    free(site);
    return 0;
}

/* ---- files of the site --------------------------------------------------*/

static char *
slurp(struct site *site, const char *name)
{
    char *path = xasprintf("%s/%s", site->dir, name);
    FILE *f = fopen(path, "r");
    struct cim_buf buf = {0};
    char chunk[4096];
    size_t n;

    free(path);
    while (f && (n = fread(chunk, 1, sizeof(chunk), f)) > 0)
        cim_buf_add(&buf, chunk, n);
    if (f)
        fclose(f);
    char *text = xtext(cim_buf_bytes(&buf));
    cim_buf_clear(&buf);
    return text;
}

static bool
exists(struct site *site, const char *name)
{
    char *path = xasprintf("%s/%s", site->dir, name);
    struct stat st;
    bool there = lstat(path, &st) == 0;

    free(path);
    return there;
}

static void
touch(struct site *site, const char *name)
{
    char *path = xasprintf("%s/%s", site->dir, name);
    int fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);

    assert_true(fd >= 0);
    close(fd);
    free(path);
}

static void
assert_file(struct site *site, const char *name, const char *want)
{
    char *text = slurp(site, name);

    assert_string_equal(text, want);
    free(text);
}

/* A hook that runs this shell script, with cwd in $PWD and the site directory
 * in $CIMESH_DIR. */
static struct settings_hook *
add_hook(struct site *site, const char *name, const char *script)
{
    struct settings_hook *hook = &site->hook[site->settings.n_hooks++];
    struct cim_diag diag;
    char *path = xasprintf("%s/%s.sh", site->dir, name);
    FILE *f = fopen(path, "w");

    assert_non_null(f);
    (void)fprintf(f, "#!/bin/sh\n%s\n", script);
    fclose(f);
    assert_int_equal(chmod(path, 0700), 0);
    strncpy(hook->name, name, sizeof(hook->name) - 1);
    assert_int_equal(
        cim_prefix_parse(cim_bytes_str("odl/ArtifactCreated/master/"),
                         &hook->prefix, &diag),
        CIM_OK);
    hook->parallel = 1;
    hook->timeout_s = 3600;
    hook->argv[0] = path;
    hook->exec = xstrdup(path);
    return hook;
}

/* ---- events -------------------------------------------------------------*/

static struct cim_bytes
event_of(const char *json)
{
    uint8_t random[10];
    struct cim_draft draft;
    struct cim_diag diag = {0};

    cim_random(random, sizeof(random));
    struct cim_fill fill = {.community = cim_bytes_str("odl"),
                            .now_ms = zclock_time(),
                            .id = cim_uuid_v7(zclock_time(), random)};
    enum cim_err err = cim_json_read(cim_bytes_str(json), &fill, &draft, &diag);
    if (err != CIM_OK)
        print_error("%s\n", diag.text);
    assert_int_equal(err, CIM_OK);
    struct cim_bytes bytes = xbytes(cim_buf_bytes(&draft.bytes));
    cim_draft_clear(&draft);
    return bytes;
}

static bool
kept(struct site *site)
{
    return site->keeps_out == 0;
}

/* Stores one event at this position of the node's log. */
static void
store_at(struct site *site, uint64_t seq, const char *json)
{
    struct store_job *job = store_job_new(STORE_KEEP);
    struct store_batch *b = xcalloc(1, sizeof(*b));
    struct cim_event event;
    struct cim_signkey key = cim_identity_signkey(site->id);
    struct cim_header h = {.node = "odl/ci-1",
                           .key = cim_keyid_of(&key),
                           .epoch = site->epoch,
                           .first = seq,
                           .time_ms = zclock_time()};

    b->n_events = 1;
    b->events = xcalloc(1, sizeof(*b->events));
    b->events->bytes = event_of(json);
    b->frame = (void *)(uintptr_t)b->events->bytes.p;
    b->events->seq = seq;
    assert_int_equal(
        cim_event_parse(b->events->bytes, CIM_PUBLISH, &event, NULL), CIM_OK);
    b->events->topic = event.topic;
    assert_int_equal(cim_uuid_parse(event.id, &b->events->id), CIM_OK);
    b->events->leaf = cim_hash_leaf(b->events->bytes);
    assert_int_equal(cim_batch_seal(&h, site->id, &b->events->bytes, 1, &b->sh,
                                    &b->frontier),
                     CIM_OK);
    b->header_hash = cim_header_hash(cim_signed_bytes(&b->sh));
    b->key = key;
    job->now_ms = zclock_time();
    job->batches = b;
    job->n_batches = 1;
    site->keeps_out++;
    store_thread_submit(site->store, job);
    run_until(site, kept);
}

static void
store_event(struct site *site, const char *json)
{
    store_at(site, site->next_seq++, json);
}

#define ARTIFACT(name)                                                         \
    "{\"eventType\":\"ArtifactCreated\",\"projectBranch\":\"master\","         \
    "\"artifactName\":\"" name "\",\"buildUrl\":\"http://ci/1\","              \
    "\"artifactUrl\":\"http://files/1\","                                      \
    "\"confidenceLevel\":{\"AUTORELEASE\":\"SUCCESS\"}}"

/* ---- conditions ---------------------------------------------------------*/

static struct view_hook
view_of(struct site *site, size_t i)
{
    struct view_hooks views;

    hooks_view(site->hooks, &views);
    assert_true(i < views.n);
    struct view_hook view = views.v[i];
    view_hooks_clear(&views);
    return view;
}

/* Every hook took everything. */
static bool
quiet(struct site *site)
{
    for (size_t i = 0; i < site->settings.n_hooks; i++) {
        struct view_hook v = view_of(site, i);
        if (v.waiting > 0 || v.attempt > 0)
            return false;
    }
    return true;
}

/* The first hook failed and waits. */
static bool
backing_off(struct site *site)
{
    return view_of(site, 0).retry_ms > zclock_time() + 500;
}

static bool
ready_file(struct site *site)
{
    return exists(site, "ready");
}

static struct store_run last_run;

static void
take_run(void *ctx, const struct store_run *run)
{
    unsigned *n = ctx;

    if ((*n)++ == 0)
        last_run = *run;
}

/* The newest run of a hook, as the store has it. */
static const struct store_run *
newest_run(struct site *site, const char *hook, unsigned *count)
{
    struct store_reader *reader;
    struct cim_diag diag;
    unsigned n = 0;

    assert_int_equal(store_reader_open(site->data, &reader, &diag), CIM_OK);
    assert_int_equal(store_runs(reader, hook, 100, take_run, &n), CIM_OK);
    store_reader_close(&reader);
    assert_true(n > 0);
    if (count)
        *count = n;
    return &last_run;
}

/* ---- tests --------------------------------------------------------------*/

static void
child_gets_the_event_as_json(void **state)
{
    struct site *site = *state;

    add_hook(site, "a", "cat > $CIMESH_DIR/stdin");
    node_start(site);
    store_event(site, ARTIFACT("one"));
    run_until(site, quiet);
    char *text = slurp(site, "stdin");
    assert_non_null(strstr(text, "\"artifactName\":\"one\""));
    assert_non_null(strstr(text, "\"node\":\"odl/ci-1\""));
    assert_non_null(strstr(text, "\"seq\":1"));
    assert_int_equal(text[strlen(text) - 1], '\n');
    free(text);
}

static void
an_event_larger_than_a_pipe_reaches_a_child_that_reads_late(void **state)
{
    struct site *site = *state;
    struct cim_buf json = {0};

    add_hook(site, "a",
             "while [ ! -e $CIMESH_DIR/go ]; do sleep 0.02; done\n"
             "wc -c > $CIMESH_DIR/n");
    cim_buf_add_str(&json, "{\"eventType\":\"ArtifactCreated\","
                           "\"projectBranch\":\"master\","
                           "\"buildUrl\":\"http://ci/1\",\"artifactUrl\":"
                           "\"http://f/1\",\"confidenceLevel\":{\"A\":"
                           "\"SUCCESS\"},\"ext\":{\"big\":\"");
    for (unsigned i = 0; i < 60000; i++)
        cim_buf_add_str(&json, i % 2 ? "\\n" : "x");
    cim_buf_add_str(&json, "\"}}");
    node_start(site);
    store_event(site, cim_buf_cstr(&json));
    touch(site, "go");
    run_until(site, quiet);
    char *text = slurp(site, "n");
    assert_true(atol(text) > 65536);
    free(text);
    cim_buf_clear(&json);
}

static void
environment_has_fixed_names_only(void **state)
{
    struct site *site = *state;

    add_hook(site, "a",
             "tr '\\0' '\\n' </proc/$$/environ | cut -d= -f1 |\n"
             "    sort > $CIMESH_DIR/names\n"
             "tr '\\0' '\\n' </proc/$$/environ > $CIMESH_DIR/env");
    setenv("SECRET_OF_THE_NODE", "1", 1);
    node_start(site);
    store_event(site, "{\"eventType\":\"ArtifactCreated\",\"projectBranch\":"
                      "\"master\",\"buildUrl\":\"http://ci/1\",\"artifactUrl\":"
                      "\"http://files/1\",\"artifactName\":\"n-1\","
                      "\"confidenceLevel\":{\"LD_PRELOAD\":\"SUCCESS\","
                      "\"IFS\":\"FAILURE\"}}");
    run_until(site, quiet);
    assert_file(site, "names",
                "CIMESH_ARTIFACT_NAME\nCIMESH_ARTIFACT_URL\nCIMESH_ATTEMPT\n"
                "CIMESH_BUILD_URL\nCIMESH_COMMUNITY\nCIMESH_DIR\n"
                "CIMESH_EVENT\nCIMESH_EVENT_ID\nCIMESH_EVENT_TIME\n"
                "CIMESH_EVENT_TYPE\nCIMESH_LEVELS\nCIMESH_PROJECT_BRANCH\n"
                "CIMESH_TOPIC\nPATH\n");
    char *env = slurp(site, "env");
    char *dir = xasprintf("CIMESH_DIR=%s\n", site->dir);
    char *path = xasprintf("PATH=%s\n", getenv("PATH"));
    assert_non_null(strstr(env, dir));
    assert_non_null(strstr(env, path));
    assert_non_null(strstr(env, "CIMESH_ATTEMPT=1\n"));
    assert_non_null(
        strstr(env, "CIMESH_LEVELS=LD_PRELOAD=SUCCESS,IFS=FAILURE\n"));
    assert_non_null(strstr(env, "CIMESH_TOPIC=odl/ArtifactCreated/master/\n"));
    assert_non_null(strstr(env, "CIMESH_EVENT=odl:"));
    assert_non_null(strstr(env, "CIMESH_ARTIFACT_NAME=n-1\n"));
    free(env);
    free(dir);
    free(path);
}

static void
baselines_name_their_members(void **state)
{
    struct site *site = *state;
    struct cim_diag diag;
    struct settings_hook *hook =
        add_hook(site, "a",
                 "echo \"$CIMESH_BASELINE_NAME $CIMESH_CONSIST_OF\""
                 " > $CIMESH_DIR/out");

    assert_int_equal(cim_prefix_parse(cim_bytes_str("odl/BaselineDefined/"),
                                      &hook->prefix, &diag),
                     CIM_OK);
    node_start(site);
    store_event(site, ARTIFACT("other"));
    store_event(site, "{\"eventType\":\"BaselineDefined\",\"baselineName\":"
                      "\"b-1\",\"baselineUrl\":\"http://f/b\",\"buildUrl\":"
                      "\"http://ci/1\",\"consistsOf\":[\"x\",\"y 2\"]}");
    run_until(site, quiet);
    assert_file(site, "out", "b-1 x,y 2\n");
}

static void
hostile_values_stay_values(void **state)
{
    struct site *site = *state;

    add_hook(site, "a",
             "printf '%s|' \"$CIMESH_ARTIFACT_NAME\" >> $CIMESH_DIR/out\n"
             "pwd > $CIMESH_DIR/pwd");
    node_start(site);
    store_event(site, ARTIFACT("$(touch x)`touch y`;touch z"));
    store_event(site, ARTIFACT("() { :;}; touch x"));
    store_event(site, ARTIFACT("-rf --config=/etc/passwd %s %n %2e"));
    run_until(site, quiet);
    assert_file(site, "out",
                "$(touch x)`touch y`;touch z|() { :;}; touch x|"
                "-rf --config=/etc/passwd %s %n %2e|");
    assert_false(exists(site, "x"));
    assert_false(exists(site, "y"));
    assert_false(exists(site, "z"));
}

static void
child_has_default_signals_and_no_other_files(void **state)
{
    struct site *site = *state;

    add_hook(site, "a",
             "exec grep -E '^Sig(Blk|Ign)' /proc/self/status >$CIMESH_DIR/sig");
    add_hook(site, "b", "exec ls /proc/self/fd > $CIMESH_DIR/fds");
    signal(SIGUSR1, SIG_IGN);
    node_start(site);
    store_event(site, ARTIFACT("one"));
    run_until(site, quiet);
    signal(SIGUSR1, SIG_DFL);
    assert_file(site, "sig",
                "SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n");
    assert_file(site, "fds", "0\n1\n2\n3\n"); /* 3: ls reads the folder */
}

static void
each_run_has_a_fresh_folder_that_goes_with_it(void **state)
{
    struct site *site = *state;

    add_hook(site, "a",
             "ls -A >> $CIMESH_DIR/found\n"
             "mkdir -p deep/er; touch deep/er/file; pwd >> $CIMESH_DIR/pwd");
    node_start(site);
    store_event(site, ARTIFACT("one"));
    store_event(site, ARTIFACT("two"));
    run_until(site, quiet);
    assert_file(site, "found", "");
    char *text = slurp(site, "pwd");
    char *second = strchr(text, '\n');
    assert_non_null(second);
    *second++ = 0;
    assert_non_null(strstr(text, "/run/hooks/a-"));
    assert_int_not_equal(access(text, F_OK), 0);
    assert_string_not_equal(text, second);
    free(text);
    char *left = xasprintf("rmdir '%s'", site->scratch); /* only if empty */
    assert_int_equal(system(left), 0);
    free(left);
}

static void
a_run_that_takes_the_folder_of_all_runs_stops_nobody(void **state)
{
    struct site *site = *state;

    add_hook(site, "a",
             "rm -rf \"$CIMESH_DIR/run/hooks\"\n"
             "echo $CIMESH_ARTIFACT_NAME-$CIMESH_ATTEMPT >> $CIMESH_DIR/out");
    node_start(site);
    store_event(site, ARTIFACT("1"));
    store_event(site, ARTIFACT("2"));
    run_until(site, quiet);
    assert_file(site, "out", "1-1\n2-1\n");
}

static void
events_run_in_arrival_order(void **state)
{
    struct site *site = *state;

    add_hook(site, "a", "echo $CIMESH_ARTIFACT_NAME >> $CIMESH_DIR/out");
    node_start(site);
    store_event(site, ARTIFACT("1"));
    store_event(site, ARTIFACT("2"));
    store_event(site, ARTIFACT("3"));
    run_until(site, quiet);
    assert_file(site, "out", "1\n2\n3\n");
    assert_int_equal(view_of(site, 0).cursor, 3);
}

static void
a_failed_event_is_tried_again_before_the_next(void **state)
{
    struct site *site = *state;
    unsigned runs;

    add_hook(site, "a",
             "echo $CIMESH_ARTIFACT_NAME-$CIMESH_ATTEMPT >> $CIMESH_DIR/out\n"
             "[ $CIMESH_ARTIFACT_NAME-$CIMESH_ATTEMPT != 1-1 ] || exit 3");
    node_start(site);
    store_event(site, ARTIFACT("1"));
    store_event(site, ARTIFACT("2"));
    run_until(site, backing_off);
    assert_file(site, "out", "1-1\n");
    assert_int_equal(view_of(site, 0).cursor, 0);
    assert_int_equal(newest_run(site, "a", NULL)->status, 3);
    site->offset_ms += 2000;
    run_until(site, quiet);
    assert_file(site, "out", "1-1\n1-2\n2-1\n");
    newest_run(site, "a", &runs);
    assert_int_equal(runs, 3);
}

static void
back_off_grows_from_a_second_to_an_hour(void **state)
{
    struct site *site = *state;
    static const int64_t least_s[] = {1, 5, 30, 120, 600, 1800, 3600, 3600};

    add_hook(site, "a", "exit 1");
    node_start(site);
    store_event(site, ARTIFACT("1"));
    for (size_t i = 0; i < sizeof(least_s) / sizeof(*least_s); i++) {
        run_until(site, backing_off);
        struct view_hook v = view_of(site, 0);
        assert_int_equal(v.attempt, i + 2);
        int64_t wait_ms = v.retry_ms - zclock_time();
        assert_true(wait_ms <= least_s[i] * 1200 + 50);
        assert_true(wait_ms >= least_s[i] * 1000 - 2000);
        site->offset_ms += wait_ms + 50;
    }
}

static void
attempts_outlive_the_node(void **state)
{
    struct site *site = *state;

    add_hook(site, "a",
             "echo $CIMESH_ATTEMPT >> $CIMESH_DIR/out; touch $CIMESH_DIR/ready"
             "\n[ $CIMESH_ATTEMPT = 3 ] || exec sleep 1000");
    node_start(site);
    store_event(site, ARTIFACT("1"));
    for (unsigned i = 0; i < 2; i++) {
        run_until(site, ready_file);
        char *path = xasprintf("%s/ready", site->dir);
        unlink(path);
        free(path);
        node_stop(site);
        node_start(site);
    }
    run_until(site, quiet);
    assert_file(site, "out", "1\n2\n3\n");
}

static void
finished_events_do_not_run_again_after_a_start(void **state)
{
    struct site *site = *state;

    add_hook(site, "a", "echo $CIMESH_ARTIFACT_NAME >> $CIMESH_DIR/out");
    node_start(site);
    store_event(site, ARTIFACT("1"));
    run_until(site, quiet);
    node_stop(site);
    node_start(site);
    store_event(site, ARTIFACT("2"));
    run_until(site, quiet);
    assert_file(site, "out", "1\n2\n");
}

static void
a_new_hook_starts_at_the_present_unless_told(void **state)
{
    struct site *site = *state;

    node_start(site);
    store_event(site, ARTIFACT("1"));
    node_stop(site);
    add_hook(site, "now", "echo $CIMESH_ARTIFACT_NAME >> $CIMESH_DIR/now");
    add_hook(site, "all", "echo $CIMESH_ARTIFACT_NAME >> $CIMESH_DIR/all")
        ->backfill = true;
    node_start(site);
    store_event(site, ARTIFACT("2"));
    run_until(site, quiet);
    assert_file(site, "now", "2\n");
    assert_file(site, "all", "1\n2\n");
}

static void
a_start_of_the_node_does_not_move_the_start_of_a_hook(void **state)
{
    struct site *site = *state;
    struct settings none = {0}, own = site->settings;

    node_start(site);
    store_event(site, ARTIFACT("1"));
    node_stop(site);
    add_hook(site, "a", "echo $CIMESH_ARTIFACT_NAME >> $CIMESH_DIR/out");
    node_start(site); /* its cursor goes to disk here */
    node_stop(site);
    own = site->settings;
    site->settings = none; /* something arrives while it cannot run */
    node_start(site);
    store_event(site, ARTIFACT("2"));
    node_stop(site);
    site->settings = own;
    node_start(site);
    run_until(site, quiet);
    assert_file(site, "out", "2\n");
}

static void
late_events_say_so(void **state)
{
    struct site *site = *state;

    add_hook(site, "a",
             "echo $CIMESH_ARTIFACT_NAME ${CIMESH_LATE:-in order} "
             ">> $CIMESH_DIR/out");
    node_start(site);
    store_at(site, 2, ARTIFACT("two"));
    store_at(site, 1, ARTIFACT("one"));
    run_until(site, quiet);
    assert_file(site, "out", "two in order\none 1\n");
}

static void
an_id_that_comes_twice_runs_once(void **state)
{
    struct site *site = *state;
    static const char twice[] =
        "{\"eventId\":\"01900000-0000-7000-8000-000000000001\","
        "\"eventType\":\"ArtifactCreated\",\"projectBranch\":\"master\","
        "\"buildUrl\":\"http://ci/1\",\"artifactUrl\":\"http://files/1\","
        "\"confidenceLevel\":{\"AUTORELEASE\":\"SUCCESS\"}}";

    add_hook(site, "a", "echo $CIMESH_EVENT >> $CIMESH_DIR/out");
    node_start(site);
    store_event(site, twice);
    store_event(site, twice);
    run_until(site, quiet);
    assert_file(site, "out", "odl:01900000-0000-7000-8000-000000000001\n");
}

static bool
second_done(struct site *site)
{
    return exists(site, "done-2") && exists(site, "started-1") &&
           view_of(site, 0).waiting == 0;
}

static void
parallel_runs_keep_the_cursor_below_the_lowest(void **state)
{
    struct site *site = *state;

    add_hook(
        site, "a",
        "n=$CIMESH_ARTIFACT_NAME\n"
        "touch $CIMESH_DIR/started-$n\n"
        "echo $n-$CIMESH_ATTEMPT >> $CIMESH_DIR/out\n"
        "while [ $n = 1 ] && [ ! -e $CIMESH_DIR/go ]; do sleep 0.02; done\n"
        "touch $CIMESH_DIR/done-$n")
        ->parallel = 2;
    node_start(site);
    store_event(site, ARTIFACT("1"));
    store_event(site, ARTIFACT("2"));
    run_until(site, second_done);
    assert_int_equal(view_of(site, 0).cursor, 0);
    node_stop(site);
    touch(site, "go");
    node_start(site);
    run_until(site, quiet);
    assert_int_equal(view_of(site, 0).cursor, 2);
    char *out = slurp(site, "out");
    assert_non_null(strstr(out, "1-2\n"));
    free(out);
}

static bool
gone(const char *pid_text)
{
    return kill((pid_t)atol(pid_text), 0) != 0 && errno == ESRCH;
}

static bool
member_gone(struct site *site)
{
    char *pid = slurp(site, "member");
    bool is_gone = gone(pid);

    free(pid);
    return is_gone;
}

/* Whoever collects orphans here may take a moment. */
static void
wait_gone(struct site *site, const char *pid_file)
{
    char *pid = slurp(site, pid_file);
    int64_t until = zclock_mono() + PATIENCE_MS;

    assert_true(atol(pid) > 1);
    while (!gone(pid) && zclock_mono() < until)
        zclock_sleep(5);
    assert_true(gone(pid));
    free(pid);
}

static void
a_run_past_its_time_ends_with_all_it_started(void **state)
{
    struct site *site = *state;

    add_hook(site, "a",
             "[ $CIMESH_ATTEMPT = 1 ] || exit 0\n"
             "trap '' TERM; echo $$ > $CIMESH_DIR/leader\n"
             "(echo working; while :; do sleep 1000; done) &\n"
             "echo $! > $CIMESH_DIR/member; touch $CIMESH_DIR/ready; wait\n"
             "while :; do sleep 1000; done")
        ->timeout_s = 60;
    node_start(site);
    store_event(site, ARTIFACT("1"));
    run_until(site, ready_file);
    site->offset_ms += 60 * 1000 + 100; /* asked; it does not listen */
    hooks_tick(site->hooks);
    assert_true(view_of(site, 0).running);
    site->offset_ms += 10 * 1000; /* forced */
    run_until(site, backing_off);
    const struct store_run *run = newest_run(site, "a", NULL);
    assert_int_equal(run->status, -SIGKILL);
    assert_int_equal(run->state, STORE_RUN_FAILED);
    assert_string_equal(run->output, "working");
    wait_gone(site, "leader");
    wait_gone(site, "member");
    site->offset_ms += 2000;
    run_until(site, quiet);
}

static void
what_a_run_leaves_behind_ends_with_it(void **state)
{
    struct site *site = *state;

    add_hook(site, "a", "sleep 1000 & echo $! > $CIMESH_DIR/member");
    node_start(site);
    store_event(site, ARTIFACT("1"));
    run_until(site, quiet);
    wait_gone(site, "member");
}

/* Teardown finds nobody to collect. */
static void
orphans_are_collected_where_they_come_to_the_node(void **state)
{
    struct site *site = *state;

    assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
    add_hook(site, "a", "sleep 1000 & echo $! > $CIMESH_DIR/member");
    node_start(site);
    store_event(site, ARTIFACT("1"));
    run_until(site, quiet);
    run_until(site, member_gone);
    assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 0), 0);
}

static void
a_gigabyte_of_output_is_cut_to_its_end(void **state)
{
    struct site *site = *state;

    add_hook(site, "a", "head -c 1000000000 /dev/zero; echo; echo the end");
    node_start(site);
    store_event(site, ARTIFACT("1"));
    run_until(site, quiet);
    const struct store_run *run = newest_run(site, "a", NULL);
    size_t len = strlen(run->output);
    assert_int_equal(run->state, STORE_RUN_OK);
    assert_true(len > 7 && len < sizeof(run->output));
    assert_string_equal(run->output + len - 7, "the end");
}

static void
a_command_that_is_not_there_is_a_failure_that_says_so(void **state)
{
    struct site *site = *state;
    struct settings_hook *hook = add_hook(site, "a", "");

    unlink(hook->argv[0]);
    node_start(site);
    store_event(site, ARTIFACT("1"));
    run_until(site, backing_off);
    const struct store_run *run = newest_run(site, "a", NULL);
    assert_int_equal(run->status, 127);
    assert_non_null(strstr(run->output, "No such file"));
    assert_non_null(strstr(run->output, hook->argv[0]));
}

/* The lowest number that is free: all that a limit there leaves is taken. */
static void
limit_files(struct rlimit *before)
{
    struct rlimit limit;
    int fd = dup(0);

    assert_true(fd >= 0);
    close(fd);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, before), 0);
    limit = *before;
    limit.rlim_cur = (rlim_t)fd;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
}

static bool
waits(struct site *site)
{
    return view_of(site, 0).retry_ms > 0;
}

static void
what_the_machine_lacks_costs_no_attempt(void **state)
{
    struct site *site = *state;
    struct rlimit before;
    unsigned runs;

    add_hook(site, "a", "echo $CIMESH_ATTEMPT >> $CIMESH_DIR/out");
    node_start(site);
    limit_files(&before);
    store_event(site, ARTIFACT("1"));
    run_until(site, waits);
    assert_int_equal(view_of(site, 0).attempt, 1);
    site->offset_ms += 1000;
    run_until(site, waits);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    site->offset_ms += 1000;
    run_until(site, quiet);
    assert_file(site, "out", "1\n");
    newest_run(site, "a", &runs);
    assert_int_equal(runs, 1);
}

static bool
drained(struct site *site)
{
    return hooks_drain(site->hooks);
}

static void
draining_finishes_what_runs_and_starts_nothing(void **state)
{
    struct site *site = *state;

    add_hook(site, "a",
             "echo $CIMESH_ARTIFACT_NAME >> $CIMESH_DIR/out\n"
             "touch $CIMESH_DIR/ready\n"
             "while [ ! -e $CIMESH_DIR/go ]; do sleep 0.02; done");
    node_start(site);
    store_event(site, ARTIFACT("1"));
    run_until(site, ready_file);
    store_event(site, ARTIFACT("2"));
    assert_false(hooks_drain(site->hooks));
    touch(site, "go");
    run_until(site, drained);
    assert_file(site, "out", "1\n");
    node_stop(site);
    node_start(site);
    run_until(site, quiet);
    assert_file(site, "out", "1\n2\n");
}

static void
a_hook_taken_away_lets_its_run_end(void **state)
{
    struct site *site = *state;
    struct settings none = {0};

    add_hook(site, "a",
             "touch $CIMESH_DIR/ready\n"
             "while [ ! -e $CIMESH_DIR/go ]; do sleep 0.02; done\n"
             "touch $CIMESH_DIR/end");
    node_start(site);
    store_event(site, ARTIFACT("1"));
    run_until(site, ready_file);
    hooks_apply(site->hooks, &none, NULL, 0, 1);
    struct view_hooks views;
    hooks_view(site->hooks, &views);
    assert_int_equal(views.n, 0);
    view_hooks_clear(&views);
    touch(site, "go");
    run_until(site, drained);
    assert_true(exists(site, "end"));
    assert_int_equal(newest_run(site, "a", NULL)->state, STORE_RUN_OK);
}

static void
a_start_ends_what_a_crash_left_running(void **state)
{
    struct site *site = *state;
    char *left = xasprintf("%s/a-left", site->scratch);
    char *mkdirs =
        xasprintf("mkdir -p '%s/sub' && touch '%s/file'", left, left);
    siginfo_t info;

    assert_int_equal(system(mkdirs), 0);
    pid_t pid = fork();
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL); /* should this test fail */
        if (setpgid(0, 0) != 0 || chdir(left) != 0)
            _exit(1);
        execl("/bin/sleep", "sleep", "1000", (char *)NULL);
        _exit(1);
    }
    char *cwd = xasprintf("/proc/%d/cwd", (int)pid);
    char at[256] = "";
    while (strncmp(at, left, strlen(left)) != 0)
        if (readlink(cwd, at, sizeof(at) - 1) < 0)
            break;
    node_start(site);
    info.si_pid = 0;
    int64_t until = zclock_mono() + PATIENCE_MS;
    while (info.si_pid == 0 && zclock_mono() < until) {
        assert_int_equal(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG), 0);
        zclock_sleep(1);
    }
    assert_int_equal(info.si_pid, pid);
    assert_int_equal(info.si_code, CLD_KILLED);
    assert_int_not_equal(access(left, F_OK), 0);
    free(cwd);
    free(left);
    free(mkdirs);
}

/* Has it become the program that it was to be? */
static bool
runs_sleep(pid_t pid)
{
    char path[64], name[16] = "";
    FILE *f;

    (void)snprintf(path, sizeof(path), "/proc/%d/comm", (int)pid);
    f = fopen(path, "r");
    bool read = f && fgets(name, sizeof(name), f);
    if (f)
        fclose(f);
    return read && strcmp(name, "sleep\n") == 0;
}

static pid_t
start_elsewhere(const char *dir, const char *attempt)
{
    char *line = xasprintf("CIMESH_DIR=%s", dir);
    char *env[] = {line, (char *)(uintptr_t)attempt, NULL};
    pid_t pid = fork();

    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL); /* should this test fail */
        if (setpgid(0, 0) == 0 && chdir("/") == 0)
            execle("/bin/sleep", "sleep", "1000", (char *)NULL, env);
        _exit(1);
    }
    while (!runs_sleep(pid))
        zclock_sleep(1);
    free(line);
    return pid;
}

static void
a_start_ends_what_a_hook_left_in_another_folder(void **state)
{
    struct site *site = *state;
    pid_t left = start_elsewhere(site->dir, "CIMESH_ATTEMPT=1");
    pid_t job = start_elsewhere(site->dir, "CIMESH_ATTEMPTS=1");
    pid_t other = start_elsewhere("/nowhere", "CIMESH_ATTEMPT=1");
    siginfo_t info = {0};

    node_start(site);
    assert_int_equal(waitid(P_PID, (id_t)left, &info, WEXITED), 0);
    assert_int_equal(info.si_code, CLD_KILLED);
    assert_int_equal(waitpid(job, NULL, WNOHANG), 0);
    assert_int_equal(waitpid(other, NULL, WNOHANG), 0);
    kill(job, SIGKILL);
    kill(other, SIGKILL);
    assert_int_equal(waitpid(job, NULL, 0), job);
    assert_int_equal(waitpid(other, NULL, 0), other);
}

int
main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(child_gets_the_event_as_json),
        T(an_event_larger_than_a_pipe_reaches_a_child_that_reads_late),
        T(environment_has_fixed_names_only),
        T(baselines_name_their_members),
        T(hostile_values_stay_values),
        T(child_has_default_signals_and_no_other_files),
        T(each_run_has_a_fresh_folder_that_goes_with_it),
        T(a_run_that_takes_the_folder_of_all_runs_stops_nobody),
        T(events_run_in_arrival_order),
        T(a_failed_event_is_tried_again_before_the_next),
        T(back_off_grows_from_a_second_to_an_hour),
        T(attempts_outlive_the_node),
        T(finished_events_do_not_run_again_after_a_start),
        T(a_new_hook_starts_at_the_present_unless_told),
        T(a_start_of_the_node_does_not_move_the_start_of_a_hook),
        T(late_events_say_so),
        T(an_id_that_comes_twice_runs_once),
        T(parallel_runs_keep_the_cursor_below_the_lowest),
        T(a_run_past_its_time_ends_with_all_it_started),
        T(what_a_run_leaves_behind_ends_with_it),
        T(orphans_are_collected_where_they_come_to_the_node),
        T(a_gigabyte_of_output_is_cut_to_its_end),
        T(a_command_that_is_not_there_is_a_failure_that_says_so),
        T(what_the_machine_lacks_costs_no_attempt),
        T(draining_finishes_what_runs_and_starts_nothing),
        T(a_hook_taken_away_lets_its_run_end),
        T(a_start_ends_what_a_crash_left_running),
        T(a_start_ends_what_a_hook_left_in_another_folder),
    };
    zsys_init();
    zsys_handler_set(NULL);
    assert_int_equal(cim_sodium_start(), CIM_OK);
    return cmocka_run_group_tests(tests, NULL, NULL);
}

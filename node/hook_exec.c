/* SPDX-License-Identifier: MPL-2.0 */
/*
 * A hook as a child process.
 *
 * It gets the event on stdin (an unlinked file in memory, so nobody ever
 * waits for a reader), a fixed environment, a scratch folder of its own, and
 * a process group of its own, so that whatever it starts ends with it: the
 * group is killed when the leader has ended, while its unreaped pid still
 * keeps the number from being used again. A child whose node dies is killed
 * by the kernel; what survives that is found at the next start (hook_left.c).
 *
 * All it writes is read, so that it never blocks, and all but the last bytes
 * are thrown away.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "node/failpoint.h"
#include "node/hook_private.h"
#include "node/journal.h"
#include "node/mem.h"
#include "proto/json.h"

#define READ_CHUNK   (16 * 1024) /* bytes a read takes */
#define READS_A_TURN 4           /* so that one child cannot hold the loop */

struct hook_run {
    const struct hook_place *place; /* lent */
    char *dir;                      /* owned: its scratch folder, or NULL */
    pid_t pid;                      /* leader of the group; 0: reaped */
    pid_t rm;                       /* removes dir; 0: not running */
    int out;                        /* read end of its output; -1: closed */
    struct hook_result result;
    char tail[HOOK_OUTPUT_TAIL]; /* a ring of the last bytes */
    size_t written;              /* bytes ever put into the ring */
};

/* ---- output -------------------------------------------------------------*/

static void
tail_add(struct hook_run *run, const char *p, size_t len)
{
    size_t skip = len > sizeof(run->tail) ? len - sizeof(run->tail) : 0;

    run->written += skip;
    for (size_t i = skip; i < len; i++)
        run->tail[run->written++ % sizeof(run->tail)] = p[i];
}

/* The ring as one line of printable ASCII, a '?' for what is not. */
static void
tail_text(const struct hook_run *run, char out[static HOOK_OUTPUT_TAIL])
{
    size_t len = run->written < HOOK_OUTPUT_TAIL - 1 ? run->written
                                                     : HOOK_OUTPUT_TAIL - 1;

    for (size_t i = 0; i < len; i++) {
        char c = run->tail[(run->written - len + i) % sizeof(run->tail)];
        bool blank = c == '\n' || c == '\t' || c == '\r';
        out[i] = blank ? ' ' : c >= ' ' && c <= '~' ? c : '?';
    }
    while (len > 0 && out[len - 1] == ' ')
        len--;
    out[len] = 0;
}

static void
output_close(struct hook_run *run)
{
    zmq_pollitem_t item = {.fd = run->out, .events = ZMQ_POLLIN};

    if (run->out < 0)
        return;
    zloop_poller_end(run->place->loop, &item);
    close(run->out);
    run->out = -1;
}

/* Reads at most `turns` chunks; closes at the end of the output. */
static void
output_read(struct hook_run *run, int turns)
{
    char chunk[READ_CHUNK];

    for (; run->out >= 0 && turns > 0; turns--) {
        ssize_t n = read(run->out, chunk, sizeof(chunk));
        if (n > 0)
            tail_add(run, chunk, (size_t)n);
        else if (n < 0 && (errno == EAGAIN || errno == EINTR))
            return;
        else
            output_close(run);
    }
}

static int
on_output(zloop_t *loop, zmq_pollitem_t *item, void *arg)
{
    (void)loop;
    (void)item;
    output_read(arg, READS_A_TURN);
    return 0;
}

static bool
output_open(struct hook_run *run, int *child_end)
{
    int fds[2];

    if (pipe2(fds, O_CLOEXEC) != 0)
        return false;
    *child_end = fds[1];
    run->out = fds[0];
    /* Only our end: the child's would surprise it. */
    (void)fcntl(run->out, F_SETFL, O_NONBLOCK);
    zmq_pollitem_t item = {.fd = run->out, .events = ZMQ_POLLIN};
    zloop_poller(run->place->loop, &item, on_output, run);
    zloop_poller_set_tolerant(run->place->loop, &item);
    return true;
}

/* ---- the child's side ---------------------------------------------------*/

struct child {
    const char *dir;
    char *const *argv;
    char **env;
    int in, out;
    pid_t parent;
};

/* Only calls that are safe after fork in a process with threads. */
static void
child_signals(void)
{
    struct sigaction act = {.sa_handler = SIG_DFL};
    sigset_t none;

    for (int sig = 1; sig < NSIG; sig++)
        (void)sigaction(sig, &act, NULL);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

static _Noreturn void
child_fail(const char *what, int err)
{
    const char *why = strerrordesc_np(err);
    const char *parts[] = {"cannot run ", what, ": ", why ? why : "?"};

    for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++)
        if (write(STDERR_FILENO, parts[i], strlen(parts[i])) < 0)
            break;
    _exit(err == ENOENT ? 127 : 126);
}

static _Noreturn void
child_main(const struct child *c)
{
    setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != c->parent)
        _exit(126);
    child_signals();
    if (dup2(c->in, STDIN_FILENO) < 0 || dup2(c->out, STDOUT_FILENO) < 0 ||
        dup2(c->out, STDERR_FILENO) < 0)
        _exit(126);
    (void)close_range(3, ~0U, 0);
    if (chdir(c->dir) != 0)
        child_fail(c->dir, errno);
    execve(c->argv[0], c->argv, c->env);
    child_fail(c->argv[0], errno);
}

/* ---- start --------------------------------------------------------------*/

/* What passes by itself and says nothing about the hook or the event. */
static bool
lacks_something(int err)
{
    return err == EMFILE || err == ENFILE || err == EAGAIN || err == ENOMEM ||
           err == ENOSPC || err == EDQUOT;
}

/* The event as JSON, in a file that has no name; -1 when that failed. */
static int
event_file(const struct hook_event *event)
{
    struct cim_buf json = {0};
    struct cim_place place = {
        .node = cim_bytes_str(event->log.node),
        .epoch = event->log.epoch,
        .seq = event->seq,
        .received_ms = event->received_ms,
        .arrival = event->arrival,
    };
    int fd = -1;
    enum cim_err err = cim_json_write(cim_buf_bytes(&event->bytes), &place,
                                      CIM_FORM_JSON, &json);
    if (err == CIM_ENOMEM)
        mem_fail();
    errno = EINVAL;
    if (err != CIM_OK)
        goto out;
    cim_buf_add_str(&json, "\n");
    fd = memfd_create("event", MFD_CLOEXEC);
    if (fd < 0)
        goto out;
    if (json.err != CIM_OK ||
        write(fd, json.p, json.len) != (ssize_t)json.len ||
        lseek(fd, 0, SEEK_SET) != 0) {
        close(fd);
        fd = -1;
    }
out:
    cim_buf_clear(&json);
    return fd;
}

static pid_t
fork_child(struct hook_run *run, char *const *argv, char **env, int in)
{
    struct child c = {
        .dir = run->dir, .argv = argv, .env = env, .in = in, .out = -1};

    if (!output_open(run, &c.out))
        return -1;
    c.parent = getpid();
    int simulated = FAILPOINT(HOOK_LAUNCH);
    pid_t pid = simulated ? -1 : fork();
    if (pid == 0)
        child_main(&c);
    int err = simulated ? simulated : errno;
    if (pid > 0) {
        setpgid(pid, pid); /* whoever of the two is first */
        (void)FAILPOINT(HOOK_FORKED);
    }
    close(c.out);
    errno = err;
    return pid;
}

static void exec_destroy(struct hook_run **run);

/* The folder above may be gone: a run, or somebody tidying up, took it. */
static bool
make_dir(struct hook_run *run, const struct hook_place *place)
{
    size_t at = strlen(run->dir) - 6;

    if (mkdtemp(run->dir) != NULL)
        return true;
    if (errno != ENOENT || mkdir(place->scratch, 0700) != 0)
        return false;
    memcpy(run->dir + at, "XXXXXX", 6); /* a failure may leave anything */
    return mkdtemp(run->dir) != NULL;
}

static struct hook_run *
exec_start(const struct hook_place *place, const char *hook, char *const *argv,
           const struct hook_event *event, struct hook_result *result)
{
    struct hook_run *run = xcalloc(1, sizeof(*run));
    char **env = hook_env_new(place, event);
    int in = event_file(event);
    int error = in < 0 ? errno : 0;

    run->place = place;
    run->out = -1;
    run->dir = xasprintf("%s/%s-XXXXXX", place->scratch, hook);
    if (!make_dir(run, place)) {
        error = error ? error : errno;
        free(run->dir);
        run->dir = NULL;
    } else if (in >= 0) {
        run->pid = fork_child(run, argv, env, in);
        error = errno;
    }
    if (run->pid <= 0) {
        *result = (struct hook_result){.status = 126,
                                       .lacking = lacks_something(error)};
        (void)snprintf(result->output, sizeof(result->output),
                       "cannot start a child in %s: %s", place->scratch,
                       strerrordesc_np(error));
        run->pid = 0;
        exec_destroy(&run);
    }
    if (in >= 0)
        close(in);
    hook_env_destroy(&env);
    return run;
}

/* ---- end ----------------------------------------------------------------*/

pid_t
hook_remove_folders(char *const *dirs, size_t n)
{
    char **argv = xcalloc(n + 4, sizeof(*argv));
    char *env[] = {NULL};
    char rm[] = "/bin/rm", rf[] = "-rf", end[] = "--";
    posix_spawnattr_t attr;
    sigset_t none;
    pid_t pid = 0;

    argv[0] = rm;
    argv[1] = rf;
    argv[2] = end;
    memcpy(argv + 3, dirs, n * sizeof(*dirs));
    sigemptyset(&none);
    posix_spawnattr_init(&attr);
    posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK);
    posix_spawnattr_setsigmask(&attr, &none);
    if (posix_spawn(&pid, rm, NULL, &attr, argv, env) != 0)
        pid = 0;
    posix_spawnattr_destroy(&attr);
    free(argv);
    return pid;
}

/* Most runs leave nothing; a tree is removed by a process of its own. */
static void
dir_remove(struct hook_run *run)
{
    if (run->dir != NULL && rmdir(run->dir) != 0 && errno == ENOTEMPTY)
        run->rm = hook_remove_folders(&run->dir, 1);
    free(run->dir);
    run->dir = NULL;
}

/* The leader has ended but is not reaped: its number is still ours. */
static void
leader_reap(struct hook_run *run, const siginfo_t *info)
{
    kill(-run->pid, SIGKILL);
    while (waitpid(run->pid, NULL, 0) < 0 && errno == EINTR)
        ;
    (void)FAILPOINT(HOOK_REAPED);
    run->pid = 0;
    run->result.status =
        info->si_code == CLD_EXITED ? info->si_status : -info->si_status;
    run->result.ok = run->result.status == 0;
    /* What is left in the pipe; a process that fled the group may hold it
     * open for ever. */
    output_read(run, READS_A_TURN);
    output_close(run);
    tail_text(run, run->result.output);
    dir_remove(run);
}

static bool
exec_ended(struct hook_run *run, struct hook_result *result)
{
    siginfo_t info = {0};

    if (run->pid > 0) {
        if (waitid(P_PID, (id_t)run->pid, &info, WEXITED | WNOHANG | WNOWAIT) !=
                0 ||
            info.si_pid == 0)
            return false;
        leader_reap(run, &info);
    }
    if (run->rm > 0 && waitpid(run->rm, NULL, WNOHANG) == 0)
        return false;
    run->rm = 0;
    *result = run->result;
    return true;
}

static void
exec_stop(struct hook_run *run, bool now)
{
    if (run->pid > 0)
        kill(-run->pid, now ? SIGKILL : SIGTERM);
    else if (run->rm > 0)
        kill(run->rm, SIGKILL);
}

static bool
exec_owns(const struct hook_run *run, pid_t pid)
{
    return run->pid == pid || run->rm == pid;
}

static void
exec_destroy(struct hook_run **run_p)
{
    struct hook_run *run = *run_p;
    siginfo_t info = {0};

    if (run == NULL)
        return;
    if (run->pid > 0) {
        exec_stop(run, true);
        while (waitid(P_PID, (id_t)run->pid, &info, WEXITED | WNOWAIT) != 0 &&
               errno == EINTR)
            ;
        leader_reap(run, &info);
    }
    output_close(run);
    dir_remove(run);
    while (run->rm > 0 && waitpid(run->rm, NULL, 0) < 0 && errno == EINTR)
        ;
    free(run);
    *run_p = NULL;
}

const struct hook_kind hook_exec = {
    .start = exec_start,
    .ended = exec_ended,
    .stop = exec_stop,
    .owns = exec_owns,
    .destroy = exec_destroy,
};

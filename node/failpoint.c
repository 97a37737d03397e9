/* SPDX-License-Identifier: MPL-2.0 */
#include "node/failpoint.h"

#ifdef CIM_FAILPOINTS
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum action { ACTION_NONE, ACTION_CRASH, ACTION_SLEEP, ACTION_ERROR };

struct rule {
    enum action action;
    unsigned long value; /* ms, or errno */
    unsigned long at;    /* 1..: the K-th time */
    bool onwards;
    atomic_ulong passed;
};

/* Of the process: threads of every part pass here. The rules are written
 * before the first thread, the counters are atomic. */
static struct rule rules[FAILPOINT_N];

static const char *const labels[FAILPOINT_N] = {
#define FAILPOINT_LABEL(name, label, meaning) label,
    FAILPOINTS(FAILPOINT_LABEL)
#undef FAILPOINT_LABEL
};

static const char *const meanings[FAILPOINT_N] = {
#define FAILPOINT_MEANING(name, label, meaning) meaning,
    FAILPOINTS(FAILPOINT_MEANING)
#undef FAILPOINT_MEANING
};

const char *
failpoint_label(enum failpoint which)
{
    return labels[which];
}

const char *
failpoint_meaning(enum failpoint which)
{
    return meanings[which];
}

/* ---- the grammar --------------------------------------------------------*/

static const struct {
    const char *name;
    int value;
} errors[] = {{"EIO", EIO},       {"ENOSPC", ENOSPC}, {"EDQUOT", EDQUOT},
              {"EROFS", EROFS},   {"EMFILE", EMFILE}, {"ENFILE", ENFILE},
              {"EAGAIN", EAGAIN}, {"ENOMEM", ENOMEM}, {"EACCES", EACCES},
              {"EPERM", EPERM}};

/* A decimal number, 1.., and what follows it. */
static bool
number(const char **p, unsigned long *out)
{
    char *end;

    if (**p < '0' || **p > '9')
        return false;
    errno = 0;
    *out = strtoul(*p, &end, 10);
    *p = end;
    return errno == 0 && *out >= 1 && *out <= INT_MAX;
}

static bool
word(const char **p, const char *text)
{
    size_t len = strlen(text);

    if (strncmp(*p, text, len) != 0)
        return false;
    *p += len;
    return true;
}

static bool
error_value(const char **p, unsigned long *out)
{
    for (size_t i = 0; i < sizeof errors / sizeof *errors; i++)
        if (word(p, errors[i].name)) {
            *out = (unsigned long)errors[i].value;
            return true;
        }
    return number(p, out);
}

static bool
read_action(const char **p, struct rule *rule)
{
    bool good = true;

    rule->at = 1;
    if (word(p, "crash")) {
        rule->action = ACTION_CRASH;
    } else if (word(p, "sleep:")) {
        rule->action = ACTION_SLEEP;
        good = number(p, &rule->value);
    } else if (word(p, "error:")) {
        rule->action = ACTION_ERROR;
        good = error_value(p, &rule->value);
    } else {
        return false;
    }
    if (good && word(p, "@")) {
        good = number(p, &rule->at);
        rule->onwards = good && word(p, "+");
    }
    return good && (**p == '\0' || **p == ';');
}

static struct rule *
rule_of(const char *name, size_t len)
{
    for (size_t i = 0; i < FAILPOINT_N; i++)
        if (strlen(labels[i]) == len && memcmp(labels[i], name, len) == 0)
            return &rules[i];
    return NULL;
}

enum cim_err
failpoint_start(const char *text, struct cim_diag *diag)
{
    const char *p = text ? text : "";

    for (size_t i = 0; i < FAILPOINT_N; i++)
        rules[i].action = ACTION_NONE;
    while (*p) {
        const char *name = p;
        size_t len = strcspn(p, "=;");
        struct rule *rule = rule_of(name, len);

        p += len;
        if (!rule || rule->action != ACTION_NONE || !word(&p, "=") ||
            !read_action(&p, rule)) {
            cim_diag_set(diag,
                         "CIMESH_FAILPOINT: '%.*s': %s; it is NAME=crash|"
                         "sleep:MS|error:ERRNO[@K[+]], joined by ';'",
                         (int)strcspn(name, ";"), name,
                         rule ? "not an action, or the second of this name"
                              : "no such name, see cimesh failpoints");
            return CIM_EFORM;
        }
        p += *p == ';';
    }
    return CIM_OK;
}

/* ---- passing ------------------------------------------------------------*/

/* One write, past every buffer: the next line may be of another process. */
static void
say(enum failpoint which, unsigned long passed)
{
    char line[128];
    int n = snprintf(line, sizeof line, "FAILPOINT name=%s passed=%lu\n",
                     labels[which], passed);

    if (write(STDERR_FILENO, line, (size_t)n) < 0)
        return;
}

static void
wait_ms(unsigned long ms)
{
    struct timespec t = {.tv_sec = (time_t)(ms / 1000),
                         .tv_nsec = (long)(ms % 1000) * 1000000};

    while (nanosleep(&t, &t) != 0 && errno == EINTR)
        ;
}

int
failpoint_pass(enum failpoint which)
{
    struct rule *rule = &rules[which];

    if (rule->action == ACTION_NONE)
        return 0;
    unsigned long n =
        atomic_fetch_add_explicit(&rule->passed, 1, memory_order_relaxed) + 1;
    if (n != rule->at && !(rule->onwards && n > rule->at))
        return 0;
    if (n == rule->at)
        say(which, n);
    switch (rule->action) {
    case ACTION_CRASH:
        for (;;)
            kill(getpid(), SIGKILL);
    case ACTION_SLEEP:
        wait_ms(rule->value);
        break;
    case ACTION_ERROR:
        return (int)rule->value;
    case ACTION_NONE:
        break;
    }
    return 0;
}
#endif

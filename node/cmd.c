/* SPDX-License-Identifier: MPL-2.0 */
#include "node/cmd.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "node/settings.h"

static void say(const char *cmd, const char *fmt, va_list ap)
    __attribute__((format(printf, 2, 0)));

static void
say(const char *cmd, const char *fmt, va_list ap)
{
    fprintf(stderr, "cimesh%s%s: ", *cmd ? " " : "", cmd);
    vfprintf(stderr, fmt, ap);
    fputc('\n', stderr);
}

int
cmd_usage(const char *cmd, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    say(cmd, fmt, ap);
    va_end(ap);
    fprintf(stderr, "Try: cimesh%s%s --help\n", *cmd ? " " : "", cmd);
    return CMD_USAGE;
}

int
cmd_fail(enum cmd_exit code, const char *cmd, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    say(cmd, fmt, ap);
    va_end(ap);
    return (int)code;
}

int
cmd_unknown(const char *cmd, const char *what, const char *word,
            const char *const *words)
{
    const char *meant = suggest(word, words);

    if (meant)
        return cmd_usage(cmd, "'%s' is no %s, did you mean '%s'?", word, what,
                         meant);
    return cmd_usage(cmd, "'%s' is no %s", word, what);
}

enum cmd_exit
cmd_exit_of(enum cim_err err)
{
    switch (err) {
    case CIM_OK:
        return CMD_OK;
    case CIM_ENOMEM:
        return CMD_SYSTEM;
    case CIM_EIO:
        return CMD_STORAGE;
    case CIM_EEXIST:
        return CMD_CONFIG;
    case CIM_ENOENT:
        return CMD_NOTFOUND;
    case CIM_EPERM:
    case CIM_EKEY:
        return CMD_DENIED;
    case CIM_EQUOTA:
    case CIM_ESTATE:
        return CMD_AGAIN;
    case CIM_ERR_N:
        return CMD_BUG;
    default:
        return CMD_DATA;
    }
}

int
cmd_site(const struct cmd_context *ctx, const char *cmd, struct settings **out)
{
    struct cim_diag diag = {{0}};
    enum cim_err err = settings_load(ctx->dir, out, &diag);

    if (!err)
        return 0;
    return cmd_fail(err == CIM_EPERM ? CMD_DENIED : CMD_CONFIG, cmd, "%s",
                    diag.text);
}

void
cmd_print_json(const char *text)
{
    putchar('"');
    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;
        if (c < 0x20 || c == 0x7f)
            printf("\\u%04x", c);
        else if (c == '"' || c == '\\')
            printf("\\%c", c);
        else
            putchar(c);
    }
    putchar('"');
}

/* ---- options ------------------------------------------------------------ */

#define OPTIONS_MAX 32

/* Length of the option's name in arg: all, up to '=', or "-C" of "-C5". */
static size_t
name_len(const char *arg)
{
    return arg[1] == '-' ? strcspn(arg, "=") : 2;
}

static const struct cmd_option *
find(const char *arg, const struct cmd_option *options)
{
    size_t len = name_len(arg);

    for (; options->name; options++)
        if (strlen(options->name) == len &&
            strncmp(options->name, arg, len) == 0)
            return options;
    return NULL;
}

static int
unknown(const char *cmd, const char *arg, const struct cmd_option *options)
{
    const char *names[OPTIONS_MAX + 4] = {"--dir", "--json", "--help"};
    char name[64];
    size_t n = 3;

    for (; options->name && n < OPTIONS_MAX + 3; options++)
        names[n++] = options->name;
    snprintf(name, sizeof name, "%.*s", (int)name_len(arg), arg);
    return cmd_unknown(cmd, "option", name, names);
}

static int
store(const char *cmd, const struct cmd_option *option, const char *value)
{
    if (option->value) {
        *option->value = value;
    } else if (option->values->n < CMD_VALUES_MAX) {
        option->values->v[option->values->n++] = value;
    } else {
        return cmd_usage(cmd, "%s may be given at most %d times", option->name,
                         CMD_VALUES_MAX);
    }
    return 0;
}

/* Takes argv[*i], an option, and its value if it is the next word. */
static int
take(const char *cmd, char **argv, int *i, const struct cmd_option *options)
{
    const char *arg = argv[*i], *rest = arg + name_len(arg);
    const struct cmd_option *option = find(arg, options);

    if (!option)
        return unknown(cmd, arg, options);
    if (option->flag) {
        if (*rest)
            return cmd_usage(cmd, "%s takes no value", option->name);
        *option->flag = true;
        return 0;
    }
    if (*rest)
        return store(cmd, option, arg[1] == '-' ? rest + 1 : rest);
    if (!argv[*i + 1])
        return cmd_usage(cmd, "%s needs a value", option->name);
    return store(cmd, option, argv[++*i]);
}

int
cmd_options(const char *cmd, int *argc, char **argv,
            const struct cmd_option *options)
{
    int words = 1, rc;
    bool ended = false;

    for (int i = 1; argv[i]; i++) {
        if (ended || argv[i][0] != '-' || !argv[i][1])
            argv[words++] = argv[i];
        else if (strcmp(argv[i], "--") == 0)
            ended = true;
        else if ((rc = take(cmd, argv, &i, options)))
            return rc;
    }
    argv[words] = NULL;
    *argc = words;
    return 0;
}

/* SPDX-License-Identifier: MPL-2.0 */
/* settings: cimesh.zpl read, its mistakes named, and edited in place. */
#include "node/settings.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "node/file.h"
#include "node/mem.h"

#define HEAD                                                                   \
    "cimesh = 1\n"                                                             \
    "node\n"                                                                   \
    "    name = \"opnfv/ci-1\"\n"

static enum cim_err
parse(const char *text, struct settings **out, struct cim_diag *diag)
{
    return settings_parse(cim_bytes_str(text), "cimesh.zpl", "/site", out,
                          diag);
}

static struct settings *
accepted(const char *text)
{
    struct cim_diag diag = {{0}};
    struct settings *s;

    if (parse(text, &s, &diag))
        fail_msg("%s", diag.text);
    return s;
}

static void
refused(const char *text, const char *said)
{
    struct cim_diag diag = {{0}};
    struct settings *s;

    assert_int_equal(parse(text, &s, &diag), CIM_EFORM);
    assert_null(s);
    if (!strstr(diag.text, said))
        fail_msg("'%s' does not say '%s'", diag.text, said);
}

static void
least_file_has_defaults(void **state)
{
    struct settings *s = accepted(HEAD "end = 1\n");

    (void)state;
    assert_string_equal(s->node, "opnfv/ci-1");
    assert_string_equal(s->community, "opnfv");
    assert_string_equal(s->events, "");
    assert_false(s->readers_any);
    assert_string_equal(s->key_file, "/site/keys/node.key");
    assert_string_equal(s->data_file, "/site/data/cimesh.db");
    assert_string_equal(s->roster_dir, "/site/roster");
    assert_string_equal(s->api_socket, "/site/run/api.sock");
    assert_string_equal(s->scratch_dir, "/site/run/hooks");
    assert_int_equal(s->n_follows, 0);
    assert_int_equal(s->keep_days, 0);
    assert_true(s->reserve_bytes == UINT64_C(64) << 20);
    settings_destroy(&s);
    assert_null(s);
}

static void
full_file_is_read(void **state)
{
    struct settings *s =
        accepted(HEAD "    events = \"tcp://*:7570\"\n"
                      "    sync = \"tcp://[::1]:7571\"\n"
                      "    readers = \"any\"\n"
                      "follow\n"
                      "    odl\n"
                      "        topic = \"odl/ArtifactCreated/master\"\n"
                      "        topic = \"odl/C*\"\n"
                      "        since = \"now\"\n"
                      "hooks\n"
                      "    define-baseline\n"
                      "        topic = \"odl/\"\n"
                      "        exec = '/bin/x \"a b\" -v \"\" c\"d\"e'\n"
                      "        backfill = yes\n"
                      "        parallel = 4\n"
                      "        timeout = 10m\n"
                      "store\n"
                      "    keep-days = 30\n"
                      "    keep-size = \"10G\"\n"
                      "    reserve = \"8M\"\n"
                      "paths\n"
                      "    data = \"/var/lib/cimesh/cimesh.db\"\n"
                      "    api = \"run2/api.sock\"\n"
                      "end = 1\n");
    struct follow_list list;

    (void)state;
    assert_string_equal(s->sync, "tcp://[::1]:7571");
    assert_true(s->readers_any);
    assert_int_equal(s->follows[0].n, 2);
    assert_true(s->follows[0].now);
    assert_string_equal(s->hooks[0].argv[1], "a b");
    assert_string_equal(s->hooks[0].argv[3], "");
    assert_string_equal(s->hooks[0].argv[4], "cde");
    assert_null(s->hooks[0].argv[5]);
    assert_true(s->hooks[0].backfill);
    assert_int_equal(s->hooks[0].parallel, 4);
    assert_int_equal(s->hooks[0].timeout_s, 600);
    assert_int_equal(s->keep_days, 30);
    assert_true(s->keep_bytes == UINT64_C(10) << 30);
    assert_int_equal(s->reserve_bytes, 8 << 20);
    assert_string_equal(s->data_file, "/var/lib/cimesh/cimesh.db");
    assert_string_equal(s->api_socket, "/site/run2/api.sock");
    settings_follow_list(s, &list);
    assert_int_equal(list.n, 2);
    assert_string_equal(list.v[1].prefix.text, "odl/C");
    assert_true(list.v[1].now);
    free(list.v);
    settings_destroy(&s);
}

static void
mistakes_in_node_are_named(void **state)
{
    (void)state;
    refused("cimesh = 2\nnode\n    name = \"a/b\"\nend = 1\n",
            "cimesh.zpl:1: cimesh: version '2'");
    refused("cimesh = 1\nend = 1\n", "cimesh.zpl:1: 'node' is missing");
    refused("cimesh = 1\nnode\n    name = \"Odl\"\nend = 1\n",
            "cimesh.zpl:3: node/name: 'Odl' is no node name");
    refused(HEAD "    evnts = \"tcp://*:1\"\nend = 1\n",
            "cimesh.zpl:4: node/evnts: unknown key, did you mean 'events'?");
    refused(HEAD "    events = \"tcp://*:1\"\nend = 1\n",
            "cimesh.zpl:2: node: 'sync' is missing");
    refused(HEAD "    events = \"tcp://*:1\"\n    sync = \"tcp://*:1\"\n"
                 "end = 1\n",
            "the same endpoint");
    refused(HEAD "    readers = \"all\"\nend = 1\n",
            "cimesh.zpl:4: node/readers: 'all' is neither \"any\" nor "
            "\"roster\"");
}

static void
endpoints_are_tcp_host_port(void **state)
{
    static const char *const bad[] = {
        "tcp://*",         "tcp://*:0",      "tcp://*:65536", "tcp://*:07",
        "ipc://x",         "tcp://:7570",    "tcp://a b:1",   "tcp://::1:7570",
        "tcp://[::1:7570", "tcp://[x]:7570", "tcp://1.2.3:1", "tcp://a;b:1",
        "tcp://a..b:1",    "http://a:1"};
    char text[256];

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        snprintf(text, sizeof text,
                 HEAD "    events = \"%s\"\n    sync = \"tcp://*:2\"\n"
                      "end = 1\n",
                 bad[i]);
        refused(text, "cimesh.zpl:4: node/events: '");
    }
}

static void
mistakes_in_follow_are_named(void **state)
{
    (void)state;
    refused(HEAD "follow\n    odl\n        since = \"all\"\nend = 1\n",
            "cimesh.zpl:5: follow/odl: 'topic' is missing");
    refused(HEAD "follow\n    odl\n        topic = \"o*l\"\nend = 1\n",
            "cimesh.zpl:6: follow/odl/topic: ");
    refused(HEAD "follow\n    odl\n        topic = \"odl/\"\n"
                 "        since = \"then\"\nend = 1\n",
            "cimesh.zpl:7: follow/odl/since: 'then' is neither");
    refused(HEAD "follow\n    odl\n        topic = \"odl/\"\n"
                 "    b\n        topic = \"odl\"\nend = 1\n",
            "cimesh.zpl:8: follow/b/topic: followed already under 'odl'");
    refused(HEAD "follow\n    Odl\n        topic = \"odl/\"\nend = 1\n",
            "follow/Odl: a label has");
    refused(HEAD "follow\n    odl = \"odl/\"\nend = 1\n",
            "a section has no value");
}

static void
mistakes_in_hooks_are_named(void **state)
{
    (void)state;
    refused(HEAD "hooks\n    h\n        topic = \"odl/\"\nend = 1\n",
            "cimesh.zpl:5: hooks/h: 'exec' is missing");
    refused(HEAD "hooks\n    h\n        topic = \"odl/\"\n"
                 "        exec = \"echo x\"\nend = 1\n",
            "cimesh.zpl:7: hooks/h/exec: the first word has to be the "
            "absolute path");
    refused(HEAD "hooks\n    h\n        topic = \"odl/\"\n"
                 "        exec = '/bin/echo \"x'\nend = 1\n",
            "a double quote is not closed");
    refused(HEAD "hooks\n    h\n        topic = \"odl/\"\n"
                 "        topic = \"odl/X/\"\n"
                 "        exec = \"/bin/true\"\nend = 1\n",
            "cimesh.zpl:7: hooks/h/topic: given twice, first on line 6");
    refused(HEAD "hooks\n    h\n        topic = \"odl/\"\n"
                 "        exec = \"/bin/true\"\n        timeout = 31d\n"
                 "end = 1\n",
            "cimesh.zpl:8: hooks/h/timeout: '31d' is no time");
    refused(HEAD "hooks\n    h\n        topic = \"odl/\"\n"
                 "        exec = \"/bin/true\"\n        parallel = 17\n"
                 "end = 1\n",
            "hooks/h/parallel: '17' is not a number from 1 to 16");
    refused(HEAD "store\n    keep-size = \"10 GB\"\nend = 1\n",
            "cimesh.zpl:5: store/keep-size: '10 GB' is no size");
}

static void
exec_takes_32_words(void **state)
{
    char text[512] = HEAD "hooks\n    h\n        topic = \"odl/\"\n"
                          "        exec = \"/x";
    struct settings *s;

    (void)state;
    for (int i = 1; i < SETTINGS_ARGS_MAX; i++)
        strncat(text, " a", 3);
    strncat(text, "\"\nend = 1\n", 12);
    s = accepted(text);
    assert_non_null(s->hooks[0].argv[SETTINGS_ARGS_MAX - 1]);
    assert_null(s->hooks[0].argv[SETTINGS_ARGS_MAX]);
    settings_destroy(&s);
    memcpy(strstr(text, " a\"\n"), " a b\"\nend = 1\n", 15);
    refused(text, "more than 32 words");
}

static void
long_socket_paths_are_refused(void **state)
{
    char dir[200];
    struct settings *s;
    struct cim_diag diag;

    (void)state;
    memset(dir, 'd', sizeof dir - 1);
    dir[0] = '/';
    dir[sizeof dir - 1] = '\0';
    assert_int_equal(
        settings_parse(cim_bytes_str(HEAD "end = 1\n"), "c", dir, &s, &diag),
        CIM_EFORM);
    assert_non_null(strstr(diag.text, "longer than 107 bytes"));
}

/* ---- editing ------------------------------------------------------------ */

struct site {
    char dir[64];
    char path[96];
};

static int
setup(void **state)
{
    struct site *site = xcalloc(1, sizeof *site);

    snprintf(site->dir, sizeof site->dir, "/tmp/settings-test-XXXXXX");
    assert_non_null(mkdtemp(site->dir));
    snprintf(site->path, sizeof site->path, "%s/cimesh.zpl", site->dir);
    *state = site;
    return 0;
}

static int
teardown(void **state)
{
    struct site *site = *state;

    unlink(site->path);
    /* Fails when an edit left a temporary file behind. */
    assert_int_equal(rmdir(site->dir), 0);
    free(site);
    return 0;
}

static void
put(const struct site *site, const char *text)
{
    FILE *f = fopen(site->path, "we");

    assert_non_null(f);
    assert_true(fputs(text, f) >= 0);
    assert_int_equal(fclose(f), 0);
}

static void
holds(const struct site *site, const char *text)
{
    struct cim_buf buf = {0};

    assert_int_equal(file_read(site->path, 65536, &buf, NULL), CIM_OK);
    assert_string_equal(cim_buf_cstr(&buf), text);
    cim_buf_clear(&buf);
}

static enum cim_err
add(const struct site *site, const char *typed, bool now, bool *changed)
{
    struct cim_prefix prefix;
    struct cim_diag diag;

    assert_int_equal(cim_prefix_parse(cim_bytes_str(typed), &prefix, NULL),
                     CIM_OK);
    return settings_follow_add(site->dir, &prefix, now, changed, &diag);
}

static enum cim_err
take(const struct site *site, const char *typed)
{
    struct cim_prefix prefix;
    struct cim_diag diag;
    bool changed;

    assert_int_equal(cim_prefix_parse(cim_bytes_str(typed), &prefix, NULL),
                     CIM_OK);
    return settings_follow_remove(site->dir, &prefix, &changed, &diag);
}

static void
follow_makes_its_section(void **state)
{
    const struct site *site = *state;
    bool changed;

    put(site, HEAD "# last words\nend = 1 # really\n# after\n");
    assert_int_equal(add(site, "odl/Art*", false, &changed), CIM_OK);
    assert_true(changed);
    holds(site, HEAD "# last words\n"
                     "follow\n"
                     "    odl\n"
                     "        topic = \"odl/Art*\"\n"
                     "        since = \"all\"\n"
                     "end = 1 # really\n# after\n");
    assert_int_equal(take(site, "odl/Art*"), CIM_OK);
    holds(site, HEAD "# last words\nfollow\nend = 1 # really\n# after\n");
}

static void
follow_keeps_comments_and_order(void **state)
{
    const struct site *site = *state;
    bool changed;

    put(site, HEAD "follow # others\n"
                   "    # them\n"
                   "    odl\n"
                   "        topic = \"odl/A/\" # one\n"
                   "        # between\n"
                   "        since = \"all\"\n"
                   "\n"
                   "# hooks follow\n"
                   "hooks\n"
                   "end = 1\n");
    assert_int_equal(add(site, "odl/B", false, &changed), CIM_OK);
    assert_int_equal(add(site, "odl/C", true, &changed), CIM_OK);
    assert_int_equal(add(site, "*", false, &changed), CIM_OK);
    holds(site, HEAD "follow # others\n"
                     "    # them\n"
                     "    odl\n"
                     "        topic = \"odl/A/\" # one\n"
                     "        topic = \"odl/B/\"\n"
                     "        # between\n"
                     "        since = \"all\"\n"
                     "    odl-now\n"
                     "        topic = \"odl/C/\"\n"
                     "        since = \"now\"\n"
                     "    all\n"
                     "        topic = \"*\"\n"
                     "        since = \"all\"\n"
                     "\n"
                     "# hooks follow\n"
                     "hooks\n"
                     "end = 1\n");
    assert_int_equal(take(site, "odl/A"), CIM_OK);
    assert_int_equal(take(site, "odl/C"), CIM_OK);
    assert_int_equal(take(site, "*"), CIM_OK);
    holds(site, HEAD "follow # others\n"
                     "    # them\n"
                     "    odl\n"
                     "        topic = \"odl/B/\"\n"
                     "        # between\n"
                     "        since = \"all\"\n"
                     "\n"
                     "# hooks follow\n"
                     "hooks\n"
                     "end = 1\n");
}

static void
follow_twice_changes_nothing(void **state)
{
    const struct site *site = *state;
    bool changed;

    put(site, HEAD "end = 1\n");
    assert_int_equal(add(site, "odl", true, &changed), CIM_OK);
    assert_int_equal(add(site, "odl/", true, &changed), CIM_OK);
    assert_false(changed);
    assert_int_equal(add(site, "odl", false, &changed), CIM_ECONFLICT);
    assert_int_equal(take(site, "onap"), CIM_ENOENT);
}

static void
a_bad_file_is_not_edited(void **state)
{
    const struct site *site = *state;
    bool changed;

    put(site, HEAD "folow\nend = 1\n");
    assert_int_equal(add(site, "odl", true, &changed), CIM_EFORM);
    assert_false(changed);
    holds(site, HEAD "folow\nend = 1\n");
}

static void
an_edit_keeps_the_mode(void **state)
{
    const struct site *site = *state;
    struct stat st;
    bool changed;

    put(site, HEAD "end = 1\n");
    assert_int_equal(chmod(site->path, 0640), 0);
    assert_int_equal(add(site, "odl", true, &changed), CIM_OK);
    assert_int_equal(stat(site->path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0640);
}

static void
an_absent_site_says_what_to_do(void **state)
{
    struct cim_diag diag;
    struct settings *s;

    (void)state;
    assert_int_equal(settings_load("/nowhere", &s, &diag), CIM_ENOENT);
    assert_non_null(strstr(diag.text, "cimesh init"));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(least_file_has_defaults),
        cmocka_unit_test(full_file_is_read),
        cmocka_unit_test(mistakes_in_node_are_named),
        cmocka_unit_test(endpoints_are_tcp_host_port),
        cmocka_unit_test(mistakes_in_follow_are_named),
        cmocka_unit_test(mistakes_in_hooks_are_named),
        cmocka_unit_test(exec_takes_32_words),
        cmocka_unit_test(long_socket_paths_are_refused),
        cmocka_unit_test_setup_teardown(follow_makes_its_section, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(follow_keeps_comments_and_order, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(follow_twice_changes_nothing, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_bad_file_is_not_edited, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(an_edit_keeps_the_mode, setup,
                                        teardown),
        cmocka_unit_test(an_absent_site_says_what_to_do),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MPL-2.0 */
/* roster_file, roster_dir: one file read and written, a folder accepted. */
#include "node/roster_file.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "node/file.h"
#include "node/mem.h"

/* Keys are text of 43 letters; the last has no stray bits. */
static const char *
key(char letter)
{
    static char text[8][CIM_KEY_TEXT_LEN + 1];
    static unsigned at;
    char *out = text[at++ % 8];

    memset(out, letter, CIM_KEY_TEXT_LEN - 1);
    out[CIM_KEY_TEXT_LEN - 1] = 'A';
    out[CIM_KEY_TEXT_LEN] = '\0';
    return out;
}

/* A community of one node; more: lines of the node. */
static char *
file(const char *name, unsigned serial, char sign, char curve, const char *more)
{
    return xasprintf("roster = 1\n"
                     "community\n"
                     "    name = \"%s\"\n"
                     "    serial = \"%u\"\n"
                     "nodes\n"
                     "    ci-1\n"
                     "        sign = \"%s\"\n"
                     "        curve = \"%s\"\n"
                     "%s"
                     "end = 1\n",
                     name, serial, key(sign), key(curve), more);
}

static enum cim_err
parse(const char *text, struct roster_community **out, struct cim_diag *diag)
{
    return roster_file_parse(cim_bytes_str(text), "odl.zpl", out, diag);
}

static void
refused(char *text, const char *said)
{
    struct cim_diag diag = {{0}};
    struct roster_community *c;

    assert_int_equal(parse(text, &c, &diag), CIM_EFORM);
    assert_null(c);
    if (!strstr(diag.text, said))
        fail_msg("'%s' does not say '%s'", diag.text, said);
    free(text);
}

static struct roster_community *
accepted(char *text)
{
    struct cim_diag diag = {{0}};
    struct roster_community *c;

    if (parse(text, &c, &diag))
        fail_msg("%s", diag.text);
    free(text);
    return c;
}

#define LINKS                                                                  \
    "        events = \"tcp://ci.example.org:7570\"\n"                         \
    "        sync = \"tcp://[2001:db8::1]:7571\"\n"

static void
a_file_becomes_a_community(void **state)
{
    char *more = xasprintf(LINKS "        sign-next = \"%s\"\n"
                                 "        retired\n"
                                 "            first\n"
                                 "                sign = \"%s\"\n"
                                 "                upto = \"1795350896789/12\"\n"
                                 "    ci-0\n"
                                 "        sign = \"%s\"\n"
                                 "        curve = \"%s\"\n",
                           key('n'), key('r'), key('x'), key('y'));
    struct roster_community *c = accepted(file("odl", 3, 's', 'c', more));

    (void)state;
    free(more);
    assert_string_equal(c->name, "odl");
    assert_true(c->serial == 3);
    assert_int_equal(c->n_nodes, 2);
    assert_string_equal(c->nodes[0].name, "odl/ci-0");
    assert_string_equal(c->nodes[0].events, "");
    assert_string_equal(c->nodes[1].sync, "tcp://[2001:db8::1]:7571");
    assert_true(c->nodes[1].has_sign_next);
    assert_false(c->nodes[1].has_curve_next);
    assert_int_equal(c->nodes[1].n_retired, 1);
    assert_true(c->nodes[1].retired[0].upto_epoch == 1795350896789);
    assert_true(c->nodes[1].retired[0].upto_seq == 12);
    roster_community_destroy(&c);
}

static void
what_is_written_reads_the_same(void **state)
{
    char *more = xasprintf(LINKS "        curve-next = \"%s\"\n"
                                 "        retired\n"
                                 "            a\n"
                                 "                sign = \"%s\"\n"
                                 "                upto = \"0/0\"\n",
                           key('n'), key('r'));
    struct roster_community *c = accepted(file("odl", 3, 's', 'c', more));
    struct roster_community *again;
    struct cim_buf text = {0};

    (void)state;
    free(more);
    snprintf(c->contact, sizeof c->contact, "a \"b\" <c@d>");
    assert_int_equal(roster_file_write(c, &text), CIM_OK);
    again = accepted(xstrdup(cim_buf_cstr(&text)));
    assert_string_equal(again->contact, c->contact);
    assert_int_equal(again->n_nodes, 1);
    assert_memory_equal(&again->nodes[0], &c->nodes[0], sizeof c->nodes[0]);
    assert_true(roster_file_same(c, again));
    again->nodes[0].retired[0].upto_seq++;
    assert_false(roster_file_same(c, again));
    cim_buf_clear(&text);
    roster_community_destroy(&again);
    roster_community_destroy(&c);
}

static void
mistakes_are_named_with_their_line(void **state)
{
    (void)state;
    refused(file("Odl", 1, 's', 'c', ""),
            "odl.zpl:3: community/name: 'Odl' is no name of a community");
    refused(file("odl", 0, 's', 'c', ""),
            "odl.zpl:4: community/serial: '0' is not a number from 1");
    refused(file("odl", 1, 's', 'c', "        sing = 1\n"),
            "odl.zpl:9: nodes/ci-1/sing: unknown key, did you mean 'sign'?");
    refused(file("odl", 1, 's', 'c', "        evnts = \"x\"\n"),
            "odl.zpl:9: nodes/ci-1/evnts: unknown key, did you mean 'events'?");
    refused(file("odl", 1, 's', 'c', "        events = \"tcp://a:1\"\n"),
            "odl.zpl:6: nodes/ci-1: 'sync' is missing");
    refused(file("odl", 1, 's', 'c', "        events = \"tcp://*:1\"\n"),
            "odl.zpl:9: nodes/ci-1/events: 'tcp://*:1' is no endpoint");
    refused(file("odl", 1, 's', 'c', "        events = \"tcp://0.0.0.0:1\"\n"),
            "is no endpoint");
    refused(file("odl", 1, 's', 'c',
                 "        events = \"tcp://a:1\"\n"
                 "        sync = \"tcp://a:1\"\n"),
            "the same endpoint");
    refused(file("odl", 1, 's', 'c', "    CI\n"), "odl.zpl:9: nodes/CI: ");
    refused(xstrdup("roster = 2\ncommunity\nnodes\nend = 1\n"),
            "odl.zpl:1: roster: version '2'");
    refused(xstrdup("roster = 1\ncommunity\n    name = \"odl\"\n"
                    "    serial = 1\nnodes\nend = 1\n"),
            "odl.zpl:5: nodes: is empty");
}

static void
every_key_has_one_use(void **state)
{
    char *more = xasprintf("        sign-next = \"%s\"\n", key('s'));

    (void)state;
    refused(file("odl", 1, 's', 's', ""),
            "odl.zpl:8: nodes/ci-1/curve: the same key as on line 7");
    refused(file("odl", 1, 's', 'c', more),
            "odl.zpl:9: nodes/ci-1/sign-next: the same key as on line 7");
    free(more);
    refused(file("odl", 1, 'A', 'c', ""), "odl.zpl:7: nodes/ci-1/sign: ");
}

static void
retired_keys_need_a_position(void **state)
{
    static const char *const bad[] = {
        "12", "1/", "/1", "1/2/3", "01/2", "9007199254740992/1", "a/b"};
    char *more;

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        more = xasprintf("        retired\n            a\n"
                         "                sign = \"%s\"\n"
                         "                upto = \"%s\"\n",
                         key('r'), bad[i]);
        refused(file("odl", 1, 's', 'c', more), "is no position");
        free(more);
    }
}

/* ---- beside others ------------------------------------------------------ */

static void
fits_or_not(const struct roster *others, const struct roster_community *held,
            char *text, enum cim_err expected, const char *said)
{
    struct roster_community *fresh = accepted(text);
    struct cim_diag diag = {{0}};

    assert_int_equal(roster_file_fits(others, held, fresh, &diag), expected);
    if (!strstr(diag.text, said))
        fail_msg("'%s' does not say '%s'", diag.text, said);
    roster_community_destroy(&fresh);
}

static void
a_key_belongs_to_one_community(void **state)
{
    struct roster *others = roster_new();
    char *more = xasprintf("        retired\n            a\n"
                           "                sign = \"%s\"\n"
                           "                upto = \"1/1\"\n",
                           key('r'));
    struct roster_community *odl = accepted(file("odl", 1, 's', 'c', more));

    (void)state;
    free(more);
    roster_put(others, &odl);
    fits_or_not(others, NULL, file("onap", 1, 'x', 'y', ""), CIM_OK, "");
    fits_or_not(others, NULL, file("onap", 1, 's', 'y', ""), CIM_ECONFLICT,
                "onap/ci-1: a key of it belongs to odl/ci-1");
    fits_or_not(others, NULL, file("onap", 1, 'x', 'c', ""), CIM_ECONFLICT,
                "belongs to odl/ci-1");
    fits_or_not(others, NULL, file("onap", 1, 'r', 'y', ""), CIM_ECONFLICT,
                "belongs to odl/ci-1");
    roster_destroy(&others);
}

static void
the_serial_never_falls(void **state)
{
    struct roster *others = roster_new();
    struct roster_community *held = accepted(file("odl", 2, 's', 'c', ""));

    (void)state;
    fits_or_not(others, held, file("odl", 1, 's', 'c', ""), CIM_EVERSION,
                "serial 1 is older than serial 2");
    fits_or_not(others, held, file("odl", 2, 's', 'c', ""), CIM_OK, "");
    fits_or_not(others, held, file("odl", 2, 's', 'x', ""), CIM_ECONFLICT,
                "serial 2 is in force with other content");
    fits_or_not(others, held, file("odl", 3, 's', 'x', ""), CIM_OK, "");
    roster_community_destroy(&held);
    roster_destroy(&others);
}

/* ---- the folder --------------------------------------------------------- */

struct folder {
    char dir[64];
    struct roster_accepted accepted[8];
    size_t n;
    struct roster_load load;
};

static int
setup(void **state)
{
    struct folder *f = xcalloc(1, sizeof *f);

    snprintf(f->dir, sizeof f->dir, "/tmp/roster-test-XXXXXX");
    assert_non_null(mkdtemp(f->dir));
    *state = f;
    return 0;
}

static int
teardown(void **state)
{
    struct folder *f = *state;
    char command[128];

    for (size_t i = 0; i < f->n; i++)
        cim_buf_clear(&f->accepted[i].bytes);
    roster_load_clear(&f->load);
    snprintf(command, sizeof command, "rm -r %s", f->dir);
    assert_int_equal(system(command), 0);
    free(f);
    return 0;
}

static void
put(const struct folder *f, const char *name, char *text)
{
    char *path = file_join(f->dir, name);

    if (text)
        assert_int_equal(file_replace(path, cim_bytes_str(text), 0644, NULL),
                         CIM_OK);
    else
        assert_int_equal(unlink(path), 0);
    free(path);
    free(text);
}

/* Loads, and remembers as a node does what was accepted. */
static void
load(struct folder *f)
{
    struct cim_diag diag;

    roster_load_clear(&f->load);
    assert_int_equal(
        roster_dir_load(f->dir, f->accepted, f->n, &f->load, &diag), CIM_OK);
}

static void
keep(struct folder *f)
{
    for (size_t i = 0; i < f->load.n_changes; i++) {
        const struct roster_change *c = &f->load.changes[i];
        struct roster_accepted *a = &f->accepted[f->n++];

        assert_int_equal(c->what, ROSTER_ADDED);
        snprintf(a->name, sizeof a->name, "%s", c->name);
        a->serial = c->serial;
        assert_int_equal(cim_buf_add_bytes(&a->bytes, cim_buf_bytes(&c->bytes)),
                         CIM_OK);
    }
}

static void
changed(const struct folder *f, size_t i, const char *name, int what,
        const char *said)
{
    assert_true(i < f->load.n_changes);
    assert_string_equal(f->load.changes[i].name, name);
    assert_int_equal(f->load.changes[i].what, what);
    if (!strstr(f->load.changes[i].diag.text, said))
        fail_msg("'%s' does not say '%s'", f->load.changes[i].diag.text, said);
}

static bool
in_force(const struct folder *f, const char *name, unsigned serial)
{
    const struct roster_community *c =
        roster_find(f->load.roster, cim_bytes_str(name));

    return c && c->serial == serial;
}

static void
new_files_are_added(void **state)
{
    struct folder *f = *state;

    put(f, "odl.zpl", file("odl", 1, 'a', 'b', ""));
    put(f, "onap.zpl", file("onap", 7, 'c', 'd', ""));
    put(f, ".half.zpl.x1", xstrdup("roster = 1\n"));
    put(f, "notes.txt", xstrdup("mine"));
    load(f);
    assert_int_equal(f->load.n_changes, 2);
    changed(f, 0, "odl", ROSTER_ADDED, "");
    changed(f, 1, "onap", ROSTER_ADDED, "");
    assert_true(f->load.changes[1].serial == 7);
    assert_true(in_force(f, "odl", 1) && in_force(f, "onap", 7));
}

static void
unchanged_files_are_no_change(void **state)
{
    struct folder *f = *state;

    put(f, "odl.zpl", file("odl", 1, 'a', 'b', ""));
    load(f);
    keep(f);
    load(f);
    assert_int_equal(f->load.n_changes, 0);
    assert_true(in_force(f, "odl", 1));
}

static void
a_changed_file_comes_into_force(void **state)
{
    struct folder *f = *state;

    put(f, "odl.zpl", file("odl", 1, 'a', 'b', ""));
    load(f);
    keep(f);
    put(f, "odl.zpl", file("odl", 2, 'x', 'b', ""));
    load(f);
    assert_int_equal(f->load.n_changes, 1);
    changed(f, 0, "odl", ROSTER_CHANGED, "");
    assert_true(in_force(f, "odl", 2));
}

static void
a_bad_file_falls_back(void **state)
{
    struct folder *f = *state;

    put(f, "odl.zpl", file("odl", 5, 'a', 'b', ""));
    load(f);
    keep(f);
    put(f, "odl.zpl", xstrdup("roster = 1\n"));
    load(f);
    assert_int_equal(f->load.n_changes, 1);
    changed(f, 0, "odl", ROSTER_REFUSED, "odl.zpl:1: the file does not end");
    assert_true(in_force(f, "odl", 5));
    put(f, "odl.zpl", file("odl", 4, 'a', 'b', ""));
    load(f);
    changed(f, 0, "odl", ROSTER_REFUSED, "serial 4 is older");
    assert_true(in_force(f, "odl", 5));
}

static void
a_missing_file_is_a_removal(void **state)
{
    struct folder *f = *state;

    put(f, "odl.zpl", file("odl", 1, 'a', 'b', ""));
    load(f);
    keep(f);
    put(f, "odl.zpl", NULL);
    /* Whoever comes at the same time may have the keys. */
    put(f, "onap.zpl", file("onap", 1, 'a', 'b', ""));
    load(f);
    assert_int_equal(f->load.n_changes, 2);
    changed(f, 0, "odl", ROSTER_REMOVED, "");
    changed(f, 1, "onap", ROSTER_ADDED, "");
    assert_false(in_force(f, "odl", 1));
}

static void
the_holder_keeps_its_key(void **state)
{
    struct folder *f = *state;

    put(f, "odl.zpl", file("odl", 1, 'a', 'b', ""));
    load(f);
    keep(f);
    /* First by name, and still the newcomer. */
    put(f, "aaa.zpl", file("aaa", 1, 'a', 'z', ""));
    load(f);
    assert_int_equal(f->load.n_changes, 1);
    changed(f, 0, "aaa", ROSTER_REFUSED, "belongs to odl/ci-1");
    assert_true(in_force(f, "odl", 1));
    assert_false(in_force(f, "aaa", 1));
}

static void
a_file_is_called_after_its_community(void **state)
{
    struct folder *f = *state;

    put(f, "onap.zpl", file("odl", 1, 'a', 'b', ""));
    put(f, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab.zpl",
        file("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", 1, 'c', 'd', ""));
    load(f);
    assert_int_equal(f->load.n_changes, 2);
    changed(f, 0, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa~", ROSTER_REFUSED, "");
    changed(f, 1, "onap", ROSTER_REFUSED, "name the file odl.zpl");
    assert_int_equal(f->load.roster->n, 0);
}

static void
no_folder_is_an_error(void **state)
{
    struct roster_load out;
    struct cim_diag diag;

    (void)state;
    assert_int_equal(roster_dir_load("/nowhere", NULL, 0, &out, &diag),
                     CIM_ENOENT);
    roster_load_clear(&out);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_becomes_a_community),
        cmocka_unit_test(what_is_written_reads_the_same),
        cmocka_unit_test(mistakes_are_named_with_their_line),
        cmocka_unit_test(every_key_has_one_use),
        cmocka_unit_test(retired_keys_need_a_position),
        cmocka_unit_test(a_key_belongs_to_one_community),
        cmocka_unit_test(the_serial_never_falls),
        cmocka_unit_test_setup_teardown(new_files_are_added, setup, teardown),
        cmocka_unit_test_setup_teardown(unchanged_files_are_no_change, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_changed_file_comes_into_force, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_bad_file_falls_back, setup, teardown),
        cmocka_unit_test_setup_teardown(a_missing_file_is_a_removal, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(the_holder_keeps_its_key, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_file_is_called_after_its_community,
                                        setup, teardown),
        cmocka_unit_test(no_folder_is_an_error),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

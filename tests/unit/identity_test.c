/* SPDX-License-Identifier: MPL-2.0 */
#include "keys/identity.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define FIRST "cimesh node key 1: keep this file secret\n"
#define ONE   "AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA" /* 1, 2, ... 32 */
#define TWO   "AgIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA"
#define ZERO  "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
#define GOOD  FIRST "sign = " ONE "\ncurve = " TWO "\n"

struct desk {
    char folder[64], path[96];
    struct cim_identity *id, *other;
    struct cim_diag diag;
};

static int
set_up(void **state)
{
    static struct desk desk;

    memset(&desk, 0, sizeof desk);
    strcpy(desk.folder, "/tmp/cimesh-identity-XXXXXX");
    if (!mkdtemp(desk.folder))
        return -1;
    snprintf(desk.path, sizeof desk.path, "%s/node.key", desk.folder);
    *state = &desk;
    return cim_identity_make(&desk.id) == CIM_OK ? 0 : -1;
}

/* Names in the folder; with `away` they are removed. */
static int
count_files(const char *folder, bool away)
{
    DIR *dir = opendir(folder);
    struct dirent *entry;
    int n = 0;

    assert_non_null(dir);
    while ((entry = readdir(dir))) {
        if (entry->d_name[0] == '.')
            continue;
        n++;
        if (away)
            unlinkat(dirfd(dir), entry->d_name, 0);
    }
    closedir(dir);
    return n;
}

static int
tear_down(void **state)
{
    struct desk *desk = *state;

    cim_identity_close(&desk->id);
    cim_identity_close(&desk->other);
    count_files(desk->folder, true);
    return rmdir(desk->folder);
}

static void
write_file(const struct desk *desk, const char *text, mode_t mode)
{
    int fd = open(desk->path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    assert_int_equal(fchmod(fd, mode), 0);
    close(fd);
}

static void
assert_same(const struct cim_identity *a, const struct cim_identity *b)
{
    struct cim_signkey sign_a = cim_identity_signkey(a);
    struct cim_signkey sign_b = cim_identity_signkey(b);
    struct cim_curvekey curve_a = cim_identity_curvekey(a);
    struct cim_curvekey curve_b = cim_identity_curvekey(b);

    assert_memory_equal(sign_a.b, sign_b.b, CIM_KEY_LEN);
    assert_memory_equal(curve_a.b, curve_b.b, CIM_KEY_LEN);
    assert_memory_equal(cim_identity_curve_secret(a),
                        cim_identity_curve_secret(b), CIM_KEY_LEN);
}

/* ---- pairs ---------------------------------------------------------------*/

static void
seeds_give_the_keys_that_others_compute(void **state)
{
    struct desk *desk = *state;
    uint8_t seed[32], secret[32], want[32];
    const char *sign = "9d61b19deffd5a60ba844af492ec2cc4"
                       "4449c5697b326919703bac031cae7f60";

    for (uint8_t i = 0; i < 32; i++)
        secret[i] = (uint8_t)(i + 1);
    assert_int_equal(cim_hex_decode(sign, 64, seed, 32), CIM_OK);
    assert_int_equal(cim_identity_from_seeds(seed, secret, &desk->other),
                     CIM_OK);
    struct cim_signkey key = cim_identity_signkey(desk->other);
    struct cim_curvekey curve = cim_identity_curvekey(desk->other);
    assert_int_equal(cim_hex_decode("d75a980182b10ab7d54bfed3c964073a"
                                    "0ee172f3daa62325af021a68f707511a",
                                    64, want, 32),
                     CIM_OK);
    assert_memory_equal(key.b, want, 32);
    assert_int_equal(cim_hex_decode("07a37cbc142093c8b755dc1b10e86cb4"
                                    "26374ad16aa853ed0bdfc0b2b86d1c7c",
                                    64, want, 32),
                     CIM_OK);
    assert_memory_equal(curve.b, want, 32);
    assert_memory_equal(cim_identity_curve_secret(desk->other), secret, 32);
}

static void
fresh_identities_differ_and_so_do_their_two_pairs(void **state)
{
    struct desk *desk = *state;

    assert_int_equal(cim_identity_make(&desk->other), CIM_OK);
    struct cim_signkey a = cim_identity_signkey(desk->id);
    struct cim_signkey b = cim_identity_signkey(desk->other);
    struct cim_curvekey c = cim_identity_curvekey(desk->id);
    assert_memory_not_equal(a.b, b.b, CIM_KEY_LEN);
    assert_memory_not_equal(a.b, c.b, CIM_KEY_LEN);
}

static void
closing_forgets_and_may_be_repeated(void **state)
{
    struct desk *desk = *state;

    cim_identity_close(&desk->id);
    assert_null(desk->id);
    cim_identity_close(&desk->id);
}

/* ---- save ----------------------------------------------------------------*/

static void
saved_identity_is_loaded_again(void **state)
{
    struct desk *desk = *state;

    assert_int_equal(cim_identity_save(desk->id, desk->path, &desk->diag),
                     CIM_OK);
    assert_int_equal(cim_identity_load(desk->path, &desk->other, &desk->diag),
                     CIM_OK);
    assert_same(desk->id, desk->other);
}

static void
saved_file_is_for_its_owner_and_alone(void **state)
{
    struct desk *desk = *state;
    mode_t before = umask(0);
    struct stat st;

    assert_int_equal(cim_identity_save(desk->id, desk->path, NULL), CIM_OK);
    umask(before);
    assert_int_equal(stat(desk->path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
    assert_int_equal(st.st_nlink, 1);
    assert_int_equal(count_files(desk->folder, false), 1);
}

static void
save_replaces_nothing(void **state)
{
    struct desk *desk = *state;

    assert_int_equal(cim_identity_save(desk->id, desk->path, NULL), CIM_OK);
    assert_int_equal(cim_identity_make(&desk->other), CIM_OK);
    assert_int_equal(cim_identity_save(desk->other, desk->path, &desk->diag),
                     CIM_EEXIST);
    assert_non_null(strstr(desk->diag.text, desk->path));
    assert_int_equal(count_files(desk->folder, false), 1);
    cim_identity_close(&desk->other);
    assert_int_equal(cim_identity_load(desk->path, &desk->other, NULL), CIM_OK);
    assert_same(desk->id, desk->other);
}

static void
save_into_a_missing_folder_names_it(void **state)
{
    struct desk *desk = *state;
    char path[128];

    snprintf(path, sizeof path, "%s/none/node.key", desk->folder);
    assert_int_equal(cim_identity_save(desk->id, path, &desk->diag),
                     CIM_ENOENT);
    assert_non_null(strstr(desk->diag.text, "/none/node.key"));
}

static void
a_bare_name_is_saved_in_the_working_folder(void **state)
{
    struct desk *desk = *state;
    int back = open(".", O_RDONLY | O_DIRECTORY);

    assert_int_equal(chdir(desk->folder), 0);
    enum cim_err err = cim_identity_save(desk->id, "node.key", &desk->diag);
    assert_int_equal(fchdir(back), 0);
    close(back);
    assert_int_equal(err, CIM_OK);
    assert_int_equal(access(desk->path, R_OK), 0);
}

/* ---- load ----------------------------------------------------------------*/

static void
a_file_that_others_may_touch_is_refused(void **state)
{
    static const mode_t loose[] = {0640, 0620, 0610, 0604, 0602, 0601, 0666};
    struct desk *desk = *state;
    char advice[128];

    snprintf(advice, sizeof advice, "chmod 600 %s", desk->path);
    for (size_t i = 0; i < sizeof loose / sizeof *loose; i++) {
        write_file(desk, GOOD, loose[i]);
        assert_int_equal(
            cim_identity_load(desk->path, &desk->other, &desk->diag),
            CIM_EPERM);
        assert_non_null(strstr(desk->diag.text, advice));
        assert_null(desk->other);
    }
}

static void
a_file_that_its_owner_only_reads_is_fine(void **state)
{
    struct desk *desk = *state;

    write_file(desk, GOOD, 0400);
    assert_int_equal(cim_identity_load(desk->path, &desk->other, NULL), CIM_OK);
}

/* Only root can give a file away, and only then there is something to see. */
static void
a_file_of_another_user_is_refused(void **state)
{
    struct desk *desk = *state;

    write_file(desk, GOOD, 0600);
    if (chown(desk->path, 12345, (gid_t)-1) == 0)
        assert_int_equal(
            cim_identity_load(desk->path, &desk->other, &desk->diag),
            CIM_EPERM);
    else
        assert_int_equal(errno, EPERM);
}

static void
a_link_to_the_secret_is_followed(void **state)
{
    struct desk *desk = *state;
    char link[128];

    write_file(desk, GOOD, 0600);
    snprintf(link, sizeof link, "%s/link", desk->folder);
    assert_int_equal(symlink(desk->path, link), 0);
    assert_int_equal(cim_identity_load(link, &desk->other, NULL), CIM_OK);
}

static void
what_is_no_regular_file_is_refused_without_waiting(void **state)
{
    struct desk *desk = *state;

    assert_int_equal(mkfifo(desk->path, 0600), 0);
    assert_int_equal(cim_identity_load(desk->path, &desk->other, &desk->diag),
                     CIM_EFORM);
    assert_int_equal(cim_identity_load(desk->folder, &desk->other, &desk->diag),
                     CIM_EFORM);
    assert_non_null(strstr(desk->diag.text, desk->folder));
}

static void
a_missing_file_is_named(void **state)
{
    struct desk *desk = *state;

    assert_int_equal(cim_identity_load(desk->path, &desk->other, &desk->diag),
                     CIM_ENOENT);
    assert_non_null(strstr(desk->diag.text, desk->path));
}

static void
what_the_system_refuses_is_no_success(void **state)
{
    struct desk *desk = *state;
    char below[128];

    write_file(desk, GOOD, 0600);
    snprintf(below, sizeof below, "%s/below", desk->path);
    assert_int_equal(cim_identity_load(below, &desk->other, &desk->diag),
                     CIM_EIO);
    assert_int_equal(cim_identity_save(desk->id, below, &desk->diag), CIM_EIO);
    assert_non_null(strstr(desk->diag.text, below));
}

static void
a_large_file_is_refused(void **state)
{
    struct desk *desk = *state;
    char text[6000];

    memset(text, '\n', sizeof text);
    memcpy(text, GOOD, sizeof GOOD - 1);
    text[sizeof text - 1] = '\0';
    write_file(desk, text, 0600);
    assert_int_equal(cim_identity_load(desk->path, &desk->other, NULL),
                     CIM_EFORM);
}

/* ---- form ----------------------------------------------------------------*/

static void
text_gives_the_identity(void **state)
{
    struct desk *desk = *state;
    uint8_t first[32], second[32];
    struct cim_identity *want = NULL;

    for (uint8_t i = 0; i < 32; i++)
        first[i] = second[i] = (uint8_t)(i + 1);
    second[0] = 2;
    assert_int_equal(cim_identity_from_seeds(first, second, &want), CIM_OK);
    assert_int_equal(
        cim_identity_parse(cim_bytes_str(GOOD), &desk->other, NULL), CIM_OK);
    assert_same(desk->other, want);
    cim_identity_close(&want);
}

static void
text_of_another_form_is_refused_with_a_reason(void **state)
{
    static const char *const bad[] = {
        "",
        FIRST,
        "sign = " ONE "\ncurve = " TWO "\n",
        "cimesh node key 2: keep this file secret\nsign = " ONE "\ncurve = " TWO
        "\n",
        FIRST "sign = " ONE "\n",
        FIRST "curve = " TWO "\n",
        FIRST "curve = " TWO "\nsign = " ONE "\n",
        FIRST "sign = " ONE "\nsign = " ONE "\n",
        GOOD "curve = " TWO "\n",
        GOOD "\n",
        GOOD "more = " ONE "\n",
        FIRST "\nsign = " ONE "\ncurve = " TWO "\n",
        FIRST "sign = " ONE "\ncurve = " TWO,
        FIRST "sign = " ONE "\r\ncurve = " TWO "\r\n",
        FIRST "sign=" ONE "\ncurve=" TWO "\n",
        FIRST " sign = " ONE "\ncurve = " TWO "\n",
        FIRST "sign = " ONE "=\ncurve = " TWO "\n",
        FIRST "sign = \"" ONE "\"\ncurve = " TWO "\n",
        FIRST "sign = " ZERO "\ncurve = " TWO "\n",
        FIRST "sign = " ONE "\ncurve = " ZERO "\n",
    };
    struct desk *desk = *state;

    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        desk->diag.text[0] = '\0';
        if (cim_identity_parse(cim_bytes_str(bad[i]), &desk->other,
                               &desk->diag) != CIM_EFORM)
            fail_msg("taken: %s", bad[i]);
        assert_true(strlen(desk->diag.text) > 10);
        assert_null(strstr(desk->diag.text, "AgIDBAUG"));
        assert_null(strstr(desk->diag.text, "AQIDBAUG"));
    }
}

static void
text_cut_anywhere_is_refused(void **state)
{
    struct desk *desk = *state;

    for (size_t n = 0; n < sizeof GOOD - 1; n++) {
        char *cut = malloc(n + 1); /* so that a byte read beyond is seen */
        assert_non_null(cut);
        memcpy(cut, GOOD, n);
        assert_int_equal(
            cim_identity_parse(cim_bytes_of(cut, n), &desk->other, NULL),
            CIM_EFORM);
        free(cut);
    }
}

static void
a_bad_file_is_named_with_its_fault(void **state)
{
    struct desk *desk = *state;

    write_file(desk, FIRST "sign = x\n", 0600);
    assert_int_equal(cim_identity_load(desk->path, &desk->other, &desk->diag),
                     CIM_EFORM);
    assert_memory_equal(desk->diag.text, desk->path, strlen(desk->path));
    assert_non_null(strstr(desk->diag.text, "sign"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(seeds_give_the_keys_that_others_compute),
        TEST(fresh_identities_differ_and_so_do_their_two_pairs),
        TEST(closing_forgets_and_may_be_repeated),
        TEST(saved_identity_is_loaded_again),
        TEST(saved_file_is_for_its_owner_and_alone),
        TEST(save_replaces_nothing),
        TEST(save_into_a_missing_folder_names_it),
        TEST(a_bare_name_is_saved_in_the_working_folder),
        TEST(a_file_that_others_may_touch_is_refused),
        TEST(a_file_that_its_owner_only_reads_is_fine),
        TEST(a_file_of_another_user_is_refused),
        TEST(a_link_to_the_secret_is_followed),
        TEST(what_is_no_regular_file_is_refused_without_waiting),
        TEST(a_missing_file_is_named),
        TEST(what_the_system_refuses_is_no_success),
        TEST(a_large_file_is_refused),
        TEST(text_gives_the_identity),
        TEST(text_of_another_form_is_refused_with_a_reason),
        TEST(text_cut_anywhere_is_refused),
        TEST(a_bad_file_is_named_with_its_fault),
    };

    if (cim_sodium_start() != CIM_OK)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}

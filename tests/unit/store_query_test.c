/* SPDX-License-Identifier: MPL-2.0 */
/* Queries whose prefixes select more topics than are asked one by one. */
#include <string.h>

#include "tests/unit/store_help.h"

#define TOPICS 300   /* more than few */
#define OTHERS 21504 /* more than one scan looks at */

struct seen {
    uint64_t arrivals[64];
    size_t n;
};

static bool
see(void *ctx, const struct store_row *row)
{
    struct seen *seen = ctx;

    assert_true(seen->n < 64);
    seen->arrivals[seen->n++] = row->arrival;
    return true;
}

static unsigned
topic_own(size_t i)
{
    return (unsigned)i;
}

/* 300 topics of odl once, and then a long time of onap alone. */
static void
fill(struct fixture *f)
{
    struct sealed *s = author_seal(&f->a, TOPICS, 200, topic_own);

    keep_all(f->store, s);
    sealed_free(&s);
    for (size_t n = 0; n < OTHERS; n += 1024) {
        s = author_seal(&f->b, 1024, 200, topic_same);
        keep_all(f->store, s);
        sealed_free(&s);
    }
}

static struct seen
ask(struct fixture *f, struct cim_prefix *prefixes, size_t n, bool newest,
    uint64_t *scanned)
{
    struct store_query query = {
        .prefixes = prefixes, .n_prefixes = n, .limit = 5, .newest = newest};
    struct seen seen = {.n = 0};

    assert_int_equal(store_events(f->reader, &query, see, &seen, scanned),
                     CIM_OK);
    return seen;
}

static void
the_newest_of_many_quiet_topics_are_found(void **state)
{
    struct cim_prefix p = prefix_of("odl/");
    uint64_t scanned;

    fill(*state);
    struct seen seen = ask(*state, &p, 1, true, &scanned);
    assert_int_equal(seen.n, 5);
    assert_int_equal(seen.arrivals[0], TOPICS - 4);
    assert_int_equal(seen.arrivals[4], TOPICS);
}

static void
the_newest_come_once_though_two_prefixes_select_them(void **state)
{
    struct cim_prefix p[] = {prefix_of("odl/"), prefix_of("odl/Ping/")};
    uint64_t scanned;

    fill(*state);
    struct seen seen = ask(*state, p, 2, true, &scanned);
    assert_int_equal(seen.n, 5);
    assert_int_equal(seen.arrivals[0], TOPICS - 4);
}

static void
an_event_of_few_topics_comes_once_though_two_prefixes_select_it(void **state)
{
    struct cim_prefix p[] = {prefix_of("odl/Ping/t7/"),
                             prefix_of("odl/Ping/t7/")};
    uint64_t scanned;

    fill(*state);
    for (int newest = 0; newest < 2; newest++) {
        struct seen seen = ask(*state, p, 2, newest, &scanned);
        assert_int_equal(seen.n, 1);
        assert_int_equal(seen.arrivals[0], 8);
    }
}

static void
a_scan_that_finds_too_little_says_where_to_go_on(void **state)
{
    struct fixture *f = *state;
    struct cim_prefix p = prefix_of("odl/");
    struct store_query query = {
        .prefixes = &p, .n_prefixes = 1, .limit = 5, .after = TOPICS};
    struct seen seen = {.n = 0};
    uint64_t scanned;

    fill(f);
    assert_int_equal(store_events(f->reader, &query, see, &seen, &scanned),
                     CIM_OK);
    assert_int_equal(seen.n, 0);
    assert_true(scanned > TOPICS && scanned < TOPICS + OTHERS);
}

int
main(void)
{
#define TEST(name)                                                             \
    cmocka_unit_test_setup_teardown(name, fixture_up, fixture_down)
    const struct CMUnitTest tests[] = {
        TEST(the_newest_of_many_quiet_topics_are_found),
        TEST(the_newest_come_once_though_two_prefixes_select_them),
        TEST(an_event_of_few_topics_comes_once_though_two_prefixes_select_it),
        TEST(a_scan_that_finds_too_little_says_where_to_go_on),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MPL-2.0 */
/* zap: which keys are let in, and as whom. */
#include "node/zap.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct fixture {
    zloop_t *loop;
    struct zap *zap;
    struct roster *roster;
    uint8_t odl[CIM_KEY_LEN], next[CIM_KEY_LEN], stranger[CIM_KEY_LEN];
    bool room; /* for one more reader */
};

static bool
admit(void *ctx, const char *user)
{
    struct fixture *f = ctx;

    assert_int_equal(user[0], '?');
    assert_int_equal(strlen(user), 1 + CIM_KEY_TEXT_LEN);
    return f->room;
}

static int
setup(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    struct roster_community *c = roster_community_new("odl");
    struct roster_node *node = roster_community_add(c, "odl/ci-1");
    struct cim_diag diag;
    int tries = 5000;

    assert_non_null(f);
    zsys_handler_set(NULL);
    memset(f->odl, 1, sizeof f->odl);
    memset(f->next, 2, sizeof f->next);
    memset(f->stranger, 3, sizeof f->stranger);
    memcpy(node->curve.b, f->odl, CIM_KEY_LEN);
    memcpy(node->curve_next.b, f->next, CIM_KEY_LEN);
    node->has_curve_next = true;
    f->roster = roster_new();
    roster_put(f->roster, &c);
    f->loop = zloop_new();
    /* The address of the test before is let go by another thread. */
    while (zap_open(f->loop, &f->zap, &diag) != CIM_OK && tries-- > 0)
        zclock_sleep(1);
    assert_non_null(f->zap);
    zap_set_roster(f->zap, f->roster);
    *state = f;
    return 0;
}

static int
teardown(void **state)
{
    struct fixture *f = *state;

    zap_close(&f->zap);
    zloop_destroy(&f->loop);
    roster_destroy(&f->roster);
    free(f);
    return 0;
}

static bool
asks(struct fixture *f, const char *domain, const char *mechanism,
     const uint8_t *key, char user[static ZAP_USER_MAX + 1])
{
    return zap_admits(f->zap, cim_bytes_str(domain), cim_bytes_str(mechanism),
                      cim_bytes_of(key, CIM_KEY_LEN), user);
}

static void
a_key_of_the_roster_is_its_node(void **state)
{
    struct fixture *f = *state;
    char user[ZAP_USER_MAX + 1];

    assert_true(asks(f, ZAP_DOMAIN, "CURVE", f->odl, user));
    assert_string_equal(user, "odl/ci-1");
    assert_true(asks(f, ZAP_DOMAIN, "CURVE", f->next, user));
    assert_string_equal(user, "odl/ci-1");
}

static void
an_unknown_key_is_refused(void **state)
{
    struct fixture *f = *state;
    char user[ZAP_USER_MAX + 1];

    assert_false(asks(f, ZAP_DOMAIN, "CURVE", f->stranger, user));
    zap_set_roster(f->zap, NULL);
    assert_false(asks(f, ZAP_DOMAIN, "CURVE", f->odl, user));
}

static void
other_mechanisms_domains_and_lengths_are_refused(void **state)
{
    struct fixture *f = *state;
    char user[ZAP_USER_MAX + 1];

    assert_false(asks(f, ZAP_DOMAIN, "NULL", f->odl, user));
    assert_false(asks(f, ZAP_DOMAIN, "PLAIN", f->odl, user));
    assert_false(asks(f, "", "CURVE", f->odl, user));
    assert_false(zap_admits(f->zap, cim_bytes_str(ZAP_DOMAIN),
                            cim_bytes_str("CURVE"),
                            cim_bytes_of(f->odl, CIM_KEY_LEN - 1), user));
}

static void
readers_come_in_under_their_key_while_there_is_room(void **state)
{
    struct fixture *f = *state;
    char user[ZAP_USER_MAX + 1];

    zap_set_readers(f->zap, admit, f);
    assert_false(asks(f, ZAP_DOMAIN, "CURVE", f->stranger, user));
    f->room = true;
    assert_true(asks(f, ZAP_DOMAIN, "CURVE", f->stranger, user));
    assert_int_equal(user[0], '?');
    assert_true(asks(f, ZAP_DOMAIN, "CURVE", f->odl, user));
    assert_string_equal(user, "odl/ci-1");
}

static void
a_suspended_member_stays_out_the_others_do_not(void **state)
{
    struct fixture *f = *state;
    char user[ZAP_USER_MAX + 1], reader[ZAP_USER_MAX + 1];

    f->room = true;
    zap_set_readers(f->zap, admit, f);
    assert_true(asks(f, ZAP_DOMAIN, "CURVE", f->stranger, reader));
    zap_suspend(f->zap, "odl/ci-1");
    assert_false(asks(f, ZAP_DOMAIN, "CURVE", f->odl, user));
    assert_false(asks(f, ZAP_DOMAIN, "CURVE", f->next, user));
    assert_true(asks(f, ZAP_DOMAIN, "CURVE", f->stranger, user));
    zap_suspend(f->zap, reader);
    assert_false(asks(f, ZAP_DOMAIN, "CURVE", f->stranger, user));
}

/* ---- the wire: ZeroMQ RFC 27 --------------------------------------------*/

static int
stop(zloop_t *loop, zsock_t *sock, void *arg)
{
    (void)loop;
    (void)sock;
    (void)arg;
    return -1;
}

/* What libzmq would ask about this key, and what it is told. */
static zmsg_t *
request(struct fixture *f, const uint8_t *key, const char *more)
{
    zsock_t *req = zsock_new(ZMQ_REQ);
    zmsg_t *msg = zmsg_new(), *reply;

    assert_int_equal(zsock_connect(req, "inproc://zeromq.zap.01"), 0);
    zmsg_addstr(msg, "1.0");
    zmsg_addstr(msg, "7");
    zmsg_addstr(msg, ZAP_DOMAIN);
    zmsg_addstr(msg, "127.0.0.1");
    zmsg_addstr(msg, "");
    zmsg_addstr(msg, "CURVE");
    zmsg_addmem(msg, key, CIM_KEY_LEN);
    if (more)
        zmsg_addstr(msg, more);
    zmsg_send(&msg, req);
    zloop_reader(f->loop, req, stop, NULL);
    zloop_set_nonstop(f->loop, true);
    zloop_start(f->loop);
    reply = zmsg_recv(req);
    zloop_reader_end(f->loop, req);
    zsock_destroy(&req);
    return reply;
}

static void
expect(zmsg_t *reply, const char *code, const char *user)
{
    const char *want[] = {"1.0", "7", code, "", user, ""};

    assert_int_equal(zmsg_size(reply), 6);
    for (size_t i = 0; i < 6; i++) {
        char *text = zmsg_popstr(reply);
        assert_string_equal(text, want[i]);
        free(text);
    }
    zmsg_destroy(&reply);
}

static void
a_known_key_is_answered_200_with_its_name(void **state)
{
    struct fixture *f = *state;

    expect(request(f, f->odl, NULL), "200", "odl/ci-1");
}

/* 400 would make an honest client give up for good. */
static void
an_unknown_key_is_answered_300(void **state)
{
    struct fixture *f = *state;

    expect(request(f, f->stranger, NULL), "300", "");
}

static void
a_request_with_a_frame_too_many_is_answered_300(void **state)
{
    struct fixture *f = *state;

    expect(request(f, f->odl, "more"), "300", "");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_key_of_the_roster_is_its_node, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(an_unknown_key_is_refused, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(
            other_mechanisms_domains_and_lengths_are_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(
            readers_come_in_under_their_key_while_there_is_room, setup,
            teardown),
        cmocka_unit_test_setup_teardown(
            a_suspended_member_stays_out_the_others_do_not, setup, teardown),
        cmocka_unit_test_setup_teardown(
            a_known_key_is_answered_200_with_its_name, setup, teardown),
        cmocka_unit_test_setup_teardown(an_unknown_key_is_answered_300, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(
            a_request_with_a_frame_too_many_is_answered_300, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

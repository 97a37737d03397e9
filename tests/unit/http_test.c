/* SPDX-License-Identifier: MPL-2.0 */
/* The HTTP actor: publishing and routes. */
#include "node/http.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/unit/http_help.h"

#define ID "018f6b2e-7c4d-7a3b-9e5f-0123456789ab"
#define OWN(more)                                                              \
    "{\"eventType\":\"Weather\",\"buildUrl\":\"https://ci/3\"" more "}"

static struct desk desk;

static int
set_up(void **state)
{
    (void)state;
    desk_open(&desk, false, 0);
    return 0;
}

static int
tear_down(void **state)
{
    (void)state;
    desk_close(&desk);
    return 0;
}

static void
has(const char *text, const char *part)
{
    if (strstr(text, part) == NULL)
        fail_msg("no '%s' in: %s", part, text);
}

/* Publishes; the status and a part of the reply have to be these. */
static void
publishes(const char *body, int status, const char *part)
{
    char *reply = desk_publish(&desk, body, status);

    has(reply, part);
    free(reply);
}

static void
asks(const char *path, const char *header, int status, const char *part)
{
    char *reply = desk_ask(&desk, path, header, status);

    has(reply, part);
    free(reply);
}

/* ---- publish */

static void
a_new_event_is_201(void **state)
{
    (void)state;
    publishes(OWN(",\"eventId\":\"" ID "\""), 201,
              "{\"eventId\":\"" ID "\",\"node\":\"odl/ci-1\",\"epoch\":7,"
              "\"seq\":1,\"again\":false}\n");
}

static void
lines_are_answered_in_order(void **state)
{
    char *reply;

    (void)state;
    reply = desk_publish(
        &desk, OWN(",\"eventId\":\"" ID "\"") "\n\n" OWN("") "\r\n", 201);
    has(reply, "\"" ID "\",\"node\":\"odl/ci-1\",\"epoch\":7,\"seq\":1");
    has(strchr(reply, '\n'), "\"seq\":2");
    free(reply);
    assert_int_equal(desk.published, 2);
}

static void
an_object_may_span_lines(void **state)
{
    (void)state;
    publishes("{\n \"eventType\": \"Weather\",\n \"buildUrl\": "
              "\"https://ci/3\"\n}\n",
              201, "\"seq\":1");
}

static void
published_before_is_200(void **state)
{
    (void)state;
    desk.again = true;
    publishes(OWN(""), 200, "\"again\":true");
}

static void
a_used_id_is_409(void **state)
{
    (void)state;
    desk.err = CIM_ECONFLICT;
    desk.bad = 1;
    char *reply =
        desk_publish(&desk, OWN("") "\n" OWN(",\"eventId\":\"" ID "\""), 409);
    has(reply, "\"urn:cimesh:conflict\"");
    has(reply, ID);
    has(reply, "\"index\":2");
    free(reply);
}

static void
what_is_not_json_is_400(void **state)
{
    (void)state;
    publishes(OWN("") "\n{\"eventType\":", 400, "\"index\":2");
    publishes("", 400, "no event");
    publishes("[]", 400, "one object");
    assert_int_equal(desk.published, 0);
}

static void
a_broken_rule_is_422(void **state)
{
    (void)state;
    publishes("{\"eventType\":\"Weather\"}", 422, "buildUrl");
    publishes(OWN(",\"colour\":1"), 422, "colour");
    publishes(OWN(",\"topic\":\"onap/Weather/-/\""), 422, "odl");
}

static void
another_type_is_415(void **state)
{
    int fd = desk_connect(&desk);

    (void)state;
    desk_post(fd, "/v1/events", "application/x-www-form-urlencoded", OWN(""));
    struct http_answer answer = desk_reply(&desk, fd);
    assert_int_equal(answer.status, 415);
    has(answer.body, "application/json");
    has(answer.head, "application/problem+json");
    http_answer_clear(&answer);
    close(fd);
}

static void
too_much_is_413(void **state)
{
    struct cim_buf body = {0};
    int fd = desk_connect(&desk);

    (void)state;
    for (int i = 0; i < 1025; i++)
        cim_buf_add_str(&body, OWN("") "\n");
    publishes(cim_buf_cstr(&body), 413, "\"index\":1025");
    cim_buf_reset(&body);
    cim_buf_add_str(&body, "{\"ext\":\"");
    while (body.len < 300 * 1024)
        cim_buf_add_str(&body, "xxxxxxxxxxxxxxxx");
    publishes(cim_buf_cstr(&body), 413, "256 KiB");
    cim_buf_clear(&body);
    desk_send(fd, "POST /v1/events HTTP/1.1\r\nHost: x\r\n"
                  "Expect: 100-continue\r\n"
                  "Content-Length: 99999999\r\n\r\n");
    struct http_answer answer = desk_reply(&desk, fd);
    assert_int_equal(answer.status, 413);
    http_answer_clear(&answer);
    close(fd);
    assert_int_equal(desk.published, 0);
}

static void
what_the_mesh_refuses_has_its_status(void **state)
{
    (void)state;
    desk.err = CIM_ESTATE;
    publishes(OWN(""), 503, "cimesh status");
    desk.err = CIM_EIO;
    publishes(OWN(""), 500, "\"urn:cimesh:io\"");
    desk.full = true;
    publishes(OWN(""), 507, "\"urn:cimesh:full\"");
}

static void
a_body_may_come_in_chunks(void **state)
{
    int fd = desk_connect(&desk);

    (void)state;
    desk_send(fd, "POST /v1/events HTTP/1.1\r\nHost: x\r\n"
                  "Transfer-Encoding: chunked\r\n\r\n"
                  "c\r\n{\"eventType\"\r\n");
    desk_send(fd, "2c\r\n:\"Weather\",\"buildUrl\":\"https://ci/3\"}\n"
                  "{\"even\r\n");
    desk_send(fd, "2b\r\ntType\":\"Weather\",\"buildUrl\":\"https://ci/3\"}"
                  "\r\n0\r\n\r\n");
    struct http_answer answer = desk_reply(&desk, fd);
    assert_int_equal(answer.status, 201);
    http_answer_clear(&answer);
    close(fd);
    assert_int_equal(desk.published, 2);
}

static void
publishers_do_not_wait_for_each_other(void **state)
{
    int fds[20];

    (void)state;
    desk.hold = true;
    for (size_t i = 0; i < 20; i++) {
        fds[i] = desk_connect(&desk);
        desk_post(fds[i], "/v1/events", "application/json", OWN(""));
    }
    desk_wait_calls(&desk, 20);
    desk_release(&desk);
    for (size_t i = 0; i < 20; i++) {
        struct http_answer answer = desk_reply(&desk, fds[i]);
        assert_int_equal(answer.status, 201);
        http_answer_clear(&answer);
        close(fds[i]);
    }
}

static void
a_connection_serves_many_requests(void **state)
{
    int fd = desk_connect(&desk);

    (void)state;
    for (int i = 0; i < 100; i++) {
        desk_post(fd, "/v1/events", "application/x-ndjson", OWN(""));
        struct http_answer answer = desk_reply(&desk, fd);
        assert_int_equal(answer.status, 201);
        http_answer_clear(&answer);
    }
    close(fd);
    assert_int_equal(desk.published, 100);
}

static void
a_publisher_that_leaves_harms_nobody(void **state)
{
    int fd = desk_connect(&desk);

    (void)state;
    desk.hold = true;
    desk_post(fd, "/v1/events", "application/json", OWN(""));
    desk_wait_calls(&desk, 1);
    close(fd);
    desk_release(&desk);
    publishes(OWN(""), 201, "\"seq\":2");
}

/* ---- routes */

static void
unknown_things_get_a_suggestion(void **state)
{
    (void)state;
    asks("/v1/event", "", 404, "did you mean '/v1/events'");
    asks("/v1/status?verbos=1", "", 400, "verbos");
    asks("/v1/events?limt=1", "", 400, "did you mean 'limit'");
    asks("/v1/events?limit=0", "", 400, "1 to 1000");
    asks("/v1/events?limit=1&limit=2", "", 400, "more than once");
    asks("/v1/events?topic=a*b", "", 400, "topic=a*b");
    asks("/v1/stream?format=xml", "", 400, "json or seed");
}

static void
another_method_is_405(void **state)
{
    int fd = desk_connect(&desk);

    (void)state;
    desk_send(fd, "DELETE /v1/events HTTP/1.1\r\nHost: x\r\n\r\n");
    struct http_answer answer = desk_reply(&desk, fd);
    assert_int_equal(answer.status, 405);
    has(answer.head, "Allow: GET, POST");
    http_answer_clear(&answer);
    close(fd);
}

static void
head_is_get_without_a_body(void **state)
{
    int fd = desk_connect(&desk);

    (void)state;
    desk_send(fd, "HEAD /livez HTTP/1.1\r\nHost: x\r\n"
                  "Connection: close\r\n\r\n");
    char head[1024] = "";
    size_t n = 0;
    ssize_t got;
    while (n < sizeof head - 1 &&
           (got = read(fd, head + n, sizeof head - 1 - n)) > 0)
        n += (size_t)got;
    has(head, "Content-Type: ");
    assert_string_equal(strstr(head, "\r\n\r\n"), "\r\n\r\n");
    close(fd);
}

static void
status_is_json_or_text(void **state)
{
    (void)state;
    asks("/v1/status", "", 200,
         "{\"node\":\"odl/ci-1\",\"epoch\":7,\"seq\":12,\"stored\":1234567,"
         "\"ready\":true,\"storage\":\"ok\",\"publishing\":\"ok\",\"peers\":{"
         "\"up\":2,\"all\":3},\"gaps\":4,\"overdue\":0,\"twoWriters\":false,"
         "\"refused\":{"
         "\"signature\":5},");
    asks("/v1/status", "Accept: text/plain", 200,
         "odl/ci-1: ready, 2 of 3 peers up");
    asks("/v1/status", "Accept: text/plain", 200, "stored      1,234,567");
    asks("/v1/status", "Accept: text/plain", 200, "warning: the disk is old");
}

static void
check_says_what_is_wrong_and_how_bad_it_is(void **state)
{
    (void)state;
    asks("/v1/check", "", 200,
         "CIMESH WARNING - odl/ci-1: 1 peer is down, 4 positions are missing,"
         " 1 warning, see 'cimesh status' | peers_up=2;;;0;3 gaps=4"
         " stored=1234567c seq=12\n");
}

static void
peers_are_a_list(void **state)
{
    (void)state;
    asks("/v1/peers", "", 200,
         "[{\"node\":\"onap/ci-1\",\"up\":true,\"state\":\"up\",\"lastSeen\":"
         "\"2026-11-22T15:00:00.123Z\",\"head\":{\"epoch\":9,\"seq\":100,"
         "\"time\":null},\"cursors\":[{\"epoch\":9,\"prefix\":\"onap/\","
         "\"upto\":97}]");
    asks("/v1/peers", "Accept: text/plain", 200, "onap/ci-1");
    asks("/v1/hooks", "", 200, "[]");
    asks("/v1/hooks", "Accept: text/plain", 200, "no hooks");
}

static void
readiness_follows_the_loop(void **state)
{
    (void)state;
    asks("/readyz", "", 503, "starting");
    http_health(desk.http, true, NULL);
    asks("/livez", "", 200, "ok"); /* its answer comes after the news */
    asks("/readyz", "", 200, "ok");
    http_health(desk.http, false, "the disk is full");
    asks("/livez?verbose", "", 200, "[+]loop ok");
    asks("/readyz?verbose", "", 503, "[-]ready failed: the disk is full");
}

static void
reload_says_what_changed(void **state)
{
    int fd = desk_connect(&desk);

    (void)state;
    desk_post(fd, "/v1/reload", "text/plain", "");
    struct http_answer answer = desk_reply(&desk, fd);
    assert_int_equal(answer.status, 200);
    assert_string_equal(answer.body, "follow odl/ added\n");
    http_answer_clear(&answer);
    desk.err = CIM_EFORM;
    cim_diag_set(&desk.diag, "cimesh.zpl:3: unknown key");
    desk_post(fd, "/v1/reload", "text/plain", "");
    answer = desk_reply(&desk, fd);
    assert_int_equal(answer.status, 422);
    has(answer.body, "cimesh.zpl:3: unknown key");
    http_answer_clear(&answer);
    close(fd);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_new_event_is_201),
        TEST(lines_are_answered_in_order),
        TEST(an_object_may_span_lines),
        TEST(published_before_is_200),
        TEST(a_used_id_is_409),
        TEST(what_is_not_json_is_400),
        TEST(a_broken_rule_is_422),
        TEST(another_type_is_415),
        TEST(too_much_is_413),
        TEST(what_the_mesh_refuses_has_its_status),
        TEST(a_body_may_come_in_chunks),
        TEST(publishers_do_not_wait_for_each_other),
        TEST(a_connection_serves_many_requests),
        TEST(a_publisher_that_leaves_harms_nobody),
        TEST(unknown_things_get_a_suggestion),
        TEST(another_method_is_405),
        TEST(head_is_get_without_a_body),
        TEST(status_is_json_or_text),
        TEST(check_says_what_is_wrong_and_how_bad_it_is),
        TEST(peers_are_a_list),
        TEST(readiness_follows_the_loop),
        TEST(reload_says_what_changed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

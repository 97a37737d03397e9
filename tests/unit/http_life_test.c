/* SPDX-License-Identifier: MPL-2.0 */
/* The HTTP actor: limits, start and stop. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "node/http.h"
#include "tests/unit/http_help.h"

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

/* ---- limits */

static void
beyond_the_limit_is_503(void **state)
{
    int fds[2];

    (void)state;
    desk_close(&desk);
    desk_open(&desk, false, 2);
    desk.hold = true;
    for (size_t i = 0; i < 2; i++) {
        fds[i] = desk_connect(&desk);
        desk_post(fds[i], "/v1/events", "application/json", OWN(""));
    }
    desk_wait_calls(&desk, 2);
    publishes(OWN(""), 503, "\"urn:cimesh:busy\"");
    desk_release(&desk);
    for (size_t i = 0; i < 2; i++)
        close(fds[i]);
}

/* A request of about 30 MB; its connection. */
static int
send_large(void)
{
    static const char start[] = "{\"eventType\":\"A\",\"buildUrl\":\"a:b\","
                                "\"ext\":{\"a\":\"";
    static char event[30000];
    int fd = desk_connect(&desk);
    char head[128];

    memset(event, 'x', sizeof event);
    memcpy(event, start, sizeof start - 1);
    memcpy(event + sizeof event - 5, "\"}}\n", 5);
    snprintf(head, sizeof head,
             "POST /v1/events HTTP/1.1\r\nHost: x\r\nContent-Length: %zu"
             "\r\n\r\n",
             (sizeof event - 1) * 1024);
    desk_send(fd, head);
    for (int i = 0; i < 1024; i++)
        desk_send(fd, event);
    return fd;
}

static void
memory_in_flight_is_bounded(void **state)
{
    int fds[4];

    (void)state;
    desk.hold = true;
    for (size_t i = 0; i < 3; i++) {
        fds[i] = send_large();
        desk_wait_calls(&desk, i + 1);
    }
    fds[3] = send_large();
    struct http_answer answer = desk_reply(&desk, fds[3]);
    assert_int_equal(answer.status, 503);
    has(answer.body, "\"urn:cimesh:busy\"");
    http_answer_clear(&answer);
    desk_release(&desk);
    answer = desk_reply(&desk, fds[0]);
    assert_int_equal(answer.status, 201);
    http_answer_clear(&answer);
    publishes(OWN(""), 201, "\"seq\":3073");
    for (size_t i = 0; i < 4; i++)
        close(fds[i]);
}

static void
an_idle_connection_gives_up_its_place(void **state)
{
    int idle[10];

    (void)state;
    desk_close(&desk);
    desk_open(&desk, false, 2);
    for (size_t i = 0; i < 10; i++) {
        idle[i] = desk_connect(&desk);
        desk_send(idle[i], "POST /v1/events HTTP/1.1\r\nHo");
    }
    publishes(OWN(""), 201, "\"seq\":1");
    for (size_t i = 0; i < 8; i++)
        assert_true(desk_closed(&desk, idle[i]));
    for (size_t i = 0; i < 10; i++)
        close(idle[i]);
}

static void
headers_have_to_come_in_time(void **state)
{
    int fd = desk_connect(&desk);

    (void)state;
    desk_send(fd, "GET /v1/status HTTP/1.1\r\nHost");
    assert_true(desk_closed(&desk, fd));
    close(fd);
}

/* ---- start and stop */

static void
the_socket_is_for_owner_and_group(void **state)
{
    struct stat st;
    char *folder = xasprintf("%s/run", desk.folder);

    (void)state;
    assert_int_equal(stat(desk.socket, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0660);
    assert_int_equal(stat(folder, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0750);
    free(folder);
}

static enum cim_err
start_again(const char *path, struct cim_diag *diag)
{
    struct http_config config = {
        .socket = path, .data_file = ":none:", .node = "odl/ci-1"};
    struct http *other = NULL;
    enum cim_err err = http_start(&config, &other, diag);

    http_stop(&other);
    return err;
}

static void
a_live_socket_is_not_taken(void **state)
{
    struct cim_diag diag = {""};

    (void)state;
    assert_int_equal(start_again(desk.socket, &diag), CIM_EEXIST);
    has(diag.text, desk.socket);
    publishes(OWN(""), 201, "\"seq\":1");
}

static void
a_stale_socket_is_replaced(void **state)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    struct cim_diag diag = {""};
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);

    (void)state;
    snprintf(address.sun_path, sizeof address.sun_path, "%.80s/stale",
             desk.folder);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
    close(fd);
    assert_int_equal(start_again(address.sun_path, &diag), CIM_OK);
    assert_int_equal(access(address.sun_path, F_OK), -1);
}

static void
what_is_no_socket_stays(void **state)
{
    struct cim_diag diag = {""};
    char *path = xasprintf("%s/file", desk.folder);
    FILE *file = fopen(path, "w");

    (void)state;
    fclose(file);
    assert_int_equal(start_again(path, &diag), CIM_EEXIST);
    assert_int_equal(access(path, F_OK), 0);
    free(path);
}

static void
a_long_path_is_refused(void **state)
{
    struct cim_diag diag = {""};
    char path[200];

    (void)state;
    memset(path, 'x', sizeof path - 1);
    path[0] = '/';
    path[sizeof path - 1] = '\0';
    assert_int_equal(start_again(path, &diag), CIM_ETOOBIG);
    has(diag.text, "107 bytes");
}

static void
stopping_answers_what_waits(void **state)
{
    char text[2048] = "";
    int fd = desk_connect(&desk);
    size_t len = 0;
    ssize_t n;

    (void)state;
    desk.hold = true;
    desk_post(fd, "/v1/events", "application/json", OWN(""));
    desk_wait_calls(&desk, 1);
    http_stop(&desk.http);
    while ((n = recv(fd, text + len, sizeof text - 1 - len, 0)) > 0)
        len += (size_t)n;
    has(text, " 503 ");
    has(text, "urn:cimesh:stopping");
    assert_int_equal(access(desk.socket, F_OK), -1);
    close(fd);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(beyond_the_limit_is_503),
        TEST(memory_in_flight_is_bounded),
        TEST(an_idle_connection_gives_up_its_place),
        TEST(headers_have_to_come_in_time),
        TEST(the_socket_is_for_owner_and_group),
        TEST(a_live_socket_is_not_taken),
        TEST(a_stale_socket_is_replaced),
        TEST(what_is_no_socket_stays),
        TEST(a_long_path_is_refused),
        TEST(stopping_answers_what_waits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

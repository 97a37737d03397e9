/* SPDX-License-Identifier: MPL-2.0 */
/* The HTTP actor over a store: lists, single events, proofs, streams. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "proto/json_proof.h"
#include "tests/unit/http_help.h"

static struct desk desk;

static int
set_up(void **state)
{
    (void)state;
    desk_open(&desk, true, 0);
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

static size_t
lines(const char *text)
{
    size_t n = 0;

    for (; (text = strchr(text, '\n')) != NULL; text++)
        n++;
    return n;
}

/* Asks; that many lines, the first with this part. */
static void
lists(const char *path, size_t n, const char *part)
{
    char *reply = desk_ask(&desk, path, "", 200);

    if (lines(reply) != n)
        fail_msg("%zu lines instead of %zu: %s", lines(reply), n, reply);
    if (n > 0) {
        *strchr(reply, '\n') = '\0';
        has(reply, part);
    }
    free(reply);
}

/* The loop answers after its news, so both are known to the actor. */
static void
settle(void)
{
    free(desk_ask(&desk, "/livez", "", 200));
}

static void
lists_are_in_arrival_order(void **state)
{
    (void)state;
    desk_keep(&desk, 30);
    settle();
    lists("/v1/events", 30, "\"arrival\":1");
    lists("/v1/events?after=10&limit=5", 5, "\"arrival\":11");
    lists("/v1/events?newest=1&limit=5", 5, "\"arrival\":26");
    lists("/v1/events?topic=odl/Ping/t3", 3, "\"arrival\":4");
    lists("/v1/events?topic=odl/Ping/t3&topic=odl/Ping/t5/", 6,
          "\"topic\":\"odl/Ping/t3/\"");
    lists("/v1/events?topic=onap/", 0, "");
    lists("/v1/events?since=all&limit=1", 1, "\"arrival\":1");
    lists("/v1/events?since=now", 0, "");
    lists("/v1/events?format=seed&limit=1", 1, "\"EVENT_ID\"");
}

static void
many_who_want_lists_all_get_theirs(void **state)
{
    int fds[20];

    (void)state;
    desk_keep(&desk, 30);
    settle();
    for (unsigned i = 0; i < 20; i++) {
        fds[i] = desk_connect(&desk);
        desk_get(fds[i], "/v1/events?limit=10", "");
    }
    close(fds[7]); /* one of them leaves while it waits */
    for (unsigned i = 0; i < 20; i++) {
        if (i == 7)
            continue;
        struct http_answer answer = desk_reply(&desk, fds[i]);
        has(answer.head, "Cimesh-Next: 10");
        http_answer_clear(&answer);
        close(fds[i]);
    }
    settle();
}

static void
a_list_says_where_it_goes_on(void **state)
{
    int fd = desk_connect(&desk);

    (void)state;
    desk_keep(&desk, 30);
    settle();
    desk_get(fd, "/v1/events?limit=10", "");
    struct http_answer answer = desk_reply(&desk, fd);
    has(answer.head, "Cimesh-Next: 10");
    has(answer.head, "Cimesh-More: 1");
    http_answer_clear(&answer);
    desk_get(fd, "/v1/events?limit=10&after=20", "");
    answer = desk_reply(&desk, fd);
    has(answer.head, "Cimesh-Next: 30");
    assert_null(strstr(answer.head, "Cimesh-More"));
    http_answer_clear(&answer);
    close(fd);
}

/* The id of the event in a line of JSON. */
static void
id_of(const char *line, char out[37])
{
    const char *at = strstr(line, "\"eventId\":\"");

    assert_non_null(at);
    snprintf(out, 37, "%s", at + 11);
}

static void
events_are_found_by_id(void **state)
{
    char id[37], path[128];

    (void)state;
    desk_keep(&desk, 3);
    char *first = desk_ask(&desk, "/v1/events?limit=1", "", 200);
    id_of(first, id);
    snprintf(path, sizeof path, "/v1/events/%s", id);
    lists(path, 1, "\"seq\":1");
    snprintf(path, sizeof path, "/v1/events/odl:%s", id);
    lists(path, 1, "\"seq\":1");
    snprintf(path, sizeof path, "/v1/events/onap:%s", id);
    free(desk_ask(&desk, path, "", 404));
    free(desk_ask(&desk, "/v1/events/nonsense", "", 400));
    snprintf(path, sizeof path, "/v1/events?since=odl:%s", id);
    lists(path, 2, "\"seq\":2");
    snprintf(path, sizeof path, "/v1/events?since=onap:%s", id);
    free(desk_ask(&desk, path, "", 404));
    free(desk_ask(&desk, "/v1/events?since=yesterday", "", 400));
    free(first);
}

static void
a_proof_proves(void **state)
{
    struct cim_buf topic = {0}, frame = {0};
    struct cim_slice slice;
    struct cim_proven proven;
    struct cim_diag diag;
    char id[37], path[128];

    (void)state;
    desk_keep(&desk, 5);
    char *third = desk_ask(&desk, "/v1/events?limit=1&after=2", "", 200);
    id_of(third, id);
    snprintf(path, sizeof path, "/v1/events/odl:%s?proof=1", id);
    char *proof = desk_ask(&desk, path, "", 200);
    assert_int_equal(
        cim_proof_read(cim_bytes_str(proof), &topic, &frame, &diag), CIM_OK);
    assert_string_equal(cim_buf_cstr(&topic), "odl/Ping/t2/");
    assert_int_equal(cim_slice_parse(cim_buf_bytes(&frame), &slice), CIM_OK);
    assert_int_equal(cim_slice_index(&slice, 0), 2);
    assert_int_equal(cim_slice_prove(&slice, &desk.odl.key, false, &proven),
                     CIM_OK);
    cim_proven_clear(&proven);
    cim_buf_clear(&topic);
    cim_buf_clear(&frame);
    free(proof);
    free(third);
}

/* ---- streams */

static void
a_stream_gives_stored_then_new(void **state)
{
    int fd = desk_connect(&desk);

    (void)state;
    desk_keep(&desk, 3);
    settle();
    desk_get(fd, "/v1/stream?since=all", "");
    char *text = desk_until(&desk, fd, "\"eventId\"", 3);
    has(text, "application/x-ndjson");
    free(text);
    desk_keep(&desk, 2);
    text = desk_until(&desk, fd, "\"eventId\"", 2);
    has(text, "\"arrival\":4");
    free(text);
    close(fd);
}

static void
a_stream_starts_at_the_present(void **state)
{
    int fd = desk_connect(&desk);

    (void)state;
    desk_keep(&desk, 3);
    settle();
    desk_get(fd, "/v1/stream?topic=odl/Ping/t1", "");
    free(desk_until(&desk, fd, "200 OK", 1));
    desk_keep(&desk, 2);
    char *text = desk_until(&desk, fd, "\"eventId\"", 1);
    has(text, "\"arrival\":5");
    free(text);
    close(fd);
}

static void
a_long_stream_comes_whole(void **state)
{
    int fd = desk_connect(&desk);

    (void)state;
    for (int i = 0; i < 4; i++)
        desk_keep(&desk, 1000);
    settle();
    desk_get(fd, "/v1/stream?after=0", "");
    char *text = desk_until(&desk, fd, "\"arrival\":4000", 1);
    has(text, "\"arrival\":1}");
    free(text);
    close(fd);
}

static void
event_streams_resume(void **state)
{
    int fd = desk_connect(&desk);

    (void)state;
    desk_keep(&desk, 10);
    settle();
    desk_get(fd, "/v1/stream", "Accept: text/event-stream\r\nLast-Event-ID: 7");
    char *text = desk_until(&desk, fd, "\n\n", 3);
    has(text, "text/event-stream");
    has(text, "id: 8\ndata: {");
    has(text, "id: 10\ndata: {");
    assert_null(strstr(text, "id: 7"));
    free(text);
    close(fd);
}

static void
many_streams_get_everything(void **state)
{
    int fds[40];

    (void)state;
    for (size_t i = 0; i < 40; i++) {
        fds[i] = desk_connect(&desk);
        desk_get(fds[i], "/v1/stream?after=0", "");
        free(desk_until(&desk, fds[i], "200 OK", 1));
    }
    desk_keep(&desk, 20);
    for (size_t i = 0; i < 40; i++) {
        free(desk_until(&desk, fds[i], "\"eventId\"", 20));
        close(fds[i]);
    }
}

static void
streams_beyond_their_share_are_503(void **state)
{
    int fds[3];

    (void)state;
    desk_close(&desk);
    desk_open(&desk, true, 4);
    for (size_t i = 0; i < 3; i++) {
        fds[i] = desk_connect(&desk);
        desk_get(fds[i], "/v1/stream", "");
        free(desk_until(&desk, fds[i], "200 OK", 1));
    }
    free(desk_ask(&desk, "/v1/stream", "", 503));
    settle();
    for (size_t i = 0; i < 3; i++)
        close(fds[i]);
}

static void
stopping_ends_streams(void **state)
{
    char text[4096];
    int fd = desk_connect(&desk);
    ssize_t n;

    (void)state;
    desk_get(fd, "/v1/stream", "");
    free(desk_until(&desk, fd, "\r\n\r\n", 1));
    http_stop(&desk.http);
    n = recv(fd, text, sizeof text, MSG_WAITALL);
    assert_true(n >= 0);
    text[n] = '\0';
    has(text, "0\r\n\r\n");
    close(fd);
}

static void
a_reader_that_stops_reading_harms_nobody(void **state)
{
    int fd = desk_connect(&desk);

    (void)state;
    for (int i = 0; i < 4; i++)
        desk_keep(&desk, 1000);
    settle();
    desk_get(fd, "/v1/stream?after=0", "");
    lists("/v1/events?limit=1", 1, "\"arrival\":1");
    free(desk_until(&desk, fd, "\"arrival\":4000", 1));
    close(fd);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(lists_are_in_arrival_order),
        TEST(many_who_want_lists_all_get_theirs),
        TEST(a_list_says_where_it_goes_on),
        TEST(events_are_found_by_id),
        TEST(a_proof_proves),
        TEST(a_stream_gives_stored_then_new),
        TEST(a_stream_starts_at_the_present),
        TEST(a_long_stream_comes_whole),
        TEST(event_streams_resume),
        TEST(many_streams_get_everything),
        TEST(streams_beyond_their_share_are_503),
        TEST(stopping_ends_streams),
        TEST(a_reader_that_stops_reading_harms_nobody),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

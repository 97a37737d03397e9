/* SPDX-License-Identifier: MPL-2.0 */
/*
 * rig_publisher SOCKET LEDGER RATE BATCH COUNT BRANCH SEED - a job that keeps
 * books.
 *
 * Publishes events over a node's Unix socket: BATCH of them a request, RATE a
 * second (0: as fast as they are acknowledged), COUNT in all (0: until it is
 * told to stop). After each acknowledgement, and only then, it appends a line
 * an event to LEDGER and syncs it:
 *
 *     COMMUNITY EVENTID NODE EPOCH SEQ
 *
 * No answer, or one that says "later": the same events are sent again, with
 * the same ids, until they are acknowledged. SIGTERM ends it after the request
 * that is under way; one that stays without an answer is in no ledger.
 * Exit 65: the node refused an event for good.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum {
    BATCH_MAX = 1000,
    EVENT_MAX = 1024,    /* bytes of one of ours, as JSON */
    REPLY_MAX = 1 << 20, /* bytes of an answer */
    ANSWER_S = 10,       /* without one for so long, it is sent again */
    LATER_MS = 20,       /* between two tries */
};

struct publisher {
    const char *path, *branch;
    int ledger, sock;
    double rate;
    unsigned batch, count;
    uint64_t random;
    char *request, *reply; /* owned */
    size_t request_len;
};

static volatile sig_atomic_t stopped;

static void
stop(int number)
{
    (void)number;
    stopped = 1;
}

static double
now_s(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void
sleep_s(double s)
{
    struct timespec t = {(time_t)s, (long)((s - (double)(time_t)s) * 1e9)};

    nanosleep(&t, NULL);
}

/* xorshift64* */
static uint64_t
next_random(struct publisher *p)
{
    p->random ^= p->random >> 12;
    p->random ^= p->random << 25;
    p->random ^= p->random >> 27;
    return p->random * UINT64_C(2685821657736338717);
}

/* One event a line; the ids are ours, so that a repeat is the same event. */
static void
write_request(struct publisher *p, unsigned n)
{
    static const char form[] =
        "{\"eventId\":\"%08x-%04x-4%03x-8%03x-%012" PRIx64 "\","
        "\"eventType\":\"ArtifactCreated\",\"eventTime\":%" PRId64 ","
        "\"buildUrl\":\"https://ci.example.org/job/%" PRIx64 "/\","
        "\"artifactUrl\":\"https://nexus.example.org/%" PRIx64 ".zip\","
        "\"projectBranch\":\"%s\","
        "\"confidenceLevel\":{\"AUTORELEASE\":\"SUCCESS\"}}\n";
    char *body = p->request + EVENT_MAX;
    size_t len = 0;

    for (unsigned i = 0; i < n; i++) {
        uint64_t a = next_random(p), b = next_random(p);
        len += (size_t)snprintf(
            body + len, EVENT_MAX, form, (unsigned)(a >> 32),
            (unsigned)(a >> 16) & 0xffff, (unsigned)(a >> 4) & 0xfff,
            (unsigned)(b >> 52), b & 0xffffffffffff, (int64_t)time(NULL) * 1000,
            a, b, p->branch);
    }
    int head = snprintf(p->request, EVENT_MAX,
                        "POST /v1/events HTTP/1.1\r\nHost: localhost\r\n"
                        "Content-Type: application/x-ndjson\r\n"
                        "Content-Length: %zu\r\n\r\n",
                        len);
    memmove(p->request + head, body, len);
    p->request_len = (size_t)head + len;
}

static void
hang_up(struct publisher *p)
{
    if (p->sock >= 0)
        close(p->sock);
    p->sock = -1;
}

static bool
call(struct publisher *p)
{
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    struct timeval limit = {.tv_sec = ANSWER_S};

    if (p->sock >= 0)
        return true;
    snprintf(to.sun_path, sizeof to.sun_path, "%s", p->path);
    p->sock = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    setsockopt(p->sock, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    setsockopt(p->sock, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
    return connect(p->sock, (struct sockaddr *)&to, sizeof to) == 0;
}

static bool
send_all(struct publisher *p)
{
    for (size_t done = 0; done < p->request_len;) {
        ssize_t n = send(p->sock, p->request + done, p->request_len - done,
                         MSG_NOSIGNAL);
        if (n <= 0)
            return false;
        done += (size_t)n;
    }
    return true;
}

/* The body of the answer, all of it; NULL when it broke off. */
static char *
read_reply(struct publisher *p, int *status)
{
    size_t len = 0, want = REPLY_MAX;
    char *body = NULL;

    while (len < want) {
        ssize_t n = recv(p->sock, p->reply + len, REPLY_MAX - 1 - len, 0);
        if (n <= 0)
            return NULL;
        len += (size_t)n;
        p->reply[len] = '\0';
        if (body == NULL && (body = strstr(p->reply, "\r\n\r\n")) != NULL) {
            const char *field = strcasestr(p->reply, "content-length:");
            if (field == NULL || field > body)
                return NULL;
            body += 4;
            want = (size_t)(body - p->reply) + strtoul(field + 15, NULL, 10);
        }
    }
    *status = atoi(p->reply + 9);
    return body;
}

/* What was acknowledged, for good: one write, one fsync. */
static void
enter(struct publisher *p, const char *body, unsigned n)
{
    static char lines[BATCH_MAX * 128];
    size_t len = 0;
    unsigned found = 0;

    for (const char *s = body; (s = strstr(s, "\"eventId\":\"")) != NULL;
         s++, found++) {
        char id[37], node[66];
        uint64_t epoch, seq;
        if (found == n || sscanf(s,
                                 "\"eventId\":\"%36[^\"]\",\"node\":\"%65[^\"]"
                                 "\",\"epoch\":%" SCNu64 ",\"seq\":%" SCNu64,
                                 id, node, &epoch, &seq) != 4)
            break;
        len += (size_t)snprintf(lines + len, sizeof lines - len,
                                "%.*s %s %s %" PRIu64 " %" PRIu64 "\n",
                                (int)strcspn(node, "/"), node, id, node, epoch,
                                seq);
    }
    if (found != n) {
        fprintf(stderr, "%u events, but %u places: %s\n", n, found, body);
        exit(65);
    }
    if (write(p->ledger, lines, len) != (ssize_t)len || fsync(p->ledger) < 0) {
        perror("ledger");
        exit(74);
    }
}

/* True when it is acknowledged, and entered. */
static bool
try_once(struct publisher *p, unsigned n)
{
    int status = 0;
    char *body = NULL;

    if (call(p) && send_all(p))
        body = read_reply(p, &status);
    if (body != NULL && status / 100 == 2) {
        enter(p, body, n);
        return true;
    }
    if (body != NULL && status / 100 == 4 && status != 408 && status != 429) {
        fprintf(stderr, "refused for good: %d %s\n", status, body);
        exit(65);
    }
    hang_up(p);
    return false;
}

static void
publish(struct publisher *p, unsigned n)
{
    write_request(p, n);
    while (!try_once(p, n) && !stopped)
        sleep_s(LATER_MS / 1e3);
}

static void
work(struct publisher *p)
{
    double due = now_s();

    for (unsigned done = 0; !stopped && (!p->count || done < p->count);) {
        unsigned n = p->batch;
        if (p->count && p->count - done < n)
            n = p->count - done;
        publish(p, n);
        done += n;
        if (p->rate > 0) {
            due += n / p->rate;
            double wait = due - now_s();
            if (wait > 0)
                sleep_s(wait);
            else if (wait < -1)
                due = now_s(); /* what was missed is not made up for */
        }
    }
}

int
main(int argc, char **argv)
{
    struct sigaction action = {.sa_handler = stop};

    if (argc != 8) {
        fprintf(stderr, "rig_publisher SOCKET LEDGER RATE BATCH COUNT BRANCH "
                        "SEED\n");
        return 64;
    }
    sigaction(SIGTERM, &action, NULL);
    prctl(PR_SET_PDEATHSIG, SIGTERM); /* a row that died leaves nothing */
    struct publisher p = {.path = argv[1],
                          .branch = argv[6],
                          .sock = -1,
                          .rate = atof(argv[3]),
                          .batch = (unsigned)atoi(argv[4]),
                          .count = (unsigned)atoi(argv[5]),
                          .random = strtoull(argv[7], NULL, 10) *
                                        UINT64_C(0x9e3779b97f4a7c15) |
                                    1};
    p.ledger = open(argv[2], O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    p.request = malloc((size_t)(BATCH_MAX + 2) * EVENT_MAX);
    p.reply = malloc(REPLY_MAX);
    if (p.ledger < 0 || p.request == NULL || p.reply == NULL || p.batch < 1 ||
        p.batch > BATCH_MAX) {
        perror(argv[2]);
        return 74;
    }
    work(&p);
    hang_up(&p);
    close(p.ledger);
    free(p.request);
    free(p.reply);
    return 0;
}

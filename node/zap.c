/* SPDX-License-Identifier: MPL-2.0 */
#include "node/zap.h"

#include <string.h>

#include "node/clock.h"
#include "node/journal.h"
#include "node/link_frames.h"
#include "node/mem.h"

#define ZAP_ENDPOINT  "inproc://zeromq.zap.01"
#define ZAP_PER_TURN  64
#define ZAP_SUSPENDED 64

struct suspended {
    char user[ZAP_USER_MAX + 1];
    int64_t until_mono_ms;
};

struct zap {
    zloop_t *loop;
    zsock_t *sock; /* ROUTER */
    const struct roster *roster;
    bool (*reader)(void *ctx, const char *user);
    void *reader_ctx;
    int64_t line_mono_ms; /* of the last line about a refusal */
    struct suspended suspended[ZAP_SUSPENDED];
};

static bool
is_suspended(struct zap *zap, const char *user)
{
    int64_t now = clock_mono_ms();

    for (size_t i = 0; i < ZAP_SUSPENDED; i++) {
        struct suspended *s = &zap->suspended[i];

        if (s->until_mono_ms > now && strcmp(s->user, user) == 0)
            return true;
    }
    return false;
}

bool
zap_admits(struct zap *zap, struct cim_bytes domain, struct cim_bytes mechanism,
           struct cim_bytes key, char user[static ZAP_USER_MAX + 1])
{
    const struct roster_node *node = NULL;

    user[0] = 0;
    if (!cim_bytes_is(domain, ZAP_DOMAIN) ||
        !cim_bytes_is(mechanism, "CURVE") || key.len != CIM_KEY_LEN)
        return false;
    user[0] = '?';
    cim_key_text(key.p, user + 1);
    if (zap->roster)
        node = roster_by_curve(zap->roster, key.p);
    if (node)
        memcpy(user, node->name, sizeof node->name);
    else if (!zap->reader || !zap->reader(zap->reader_ctx, user))
        return false;
    return !is_suspended(zap, user);
}

/* An answer that cannot be sent is for a connection that went away. */
static void
answer(void *sock, struct link_frames *r, const char *code, const char *user)
{
    struct cim_bytes none = cim_bytes_of("", 0);

    if (!link_frames_send(sock, link_frames_at(r, 0), true))
        return;
    (void)link_frames_send(sock, none, true);
    (void)link_frames_send(sock, cim_bytes_str("1.0"), true);
    (void)link_frames_send(sock, link_frames_at(r, 3), true);
    (void)link_frames_send(sock, cim_bytes_str(code), true);
    (void)link_frames_send(sock, none, true);
    (void)link_frames_send(sock, cim_bytes_str(user), true);
    (void)link_frames_send(sock, none, false);
}

/* Anybody can make these lines: one a second in all, one a minute each. */
static void
tell_refused(struct zap *zap, struct cim_bytes address, const char *user)
{
    int64_t now = clock_mono_ms();
    char from[64];

    if (zap->line_mono_ms && now - zap->line_mono_ms < 1000)
        return;
    zap->line_mono_ms = now;
    if (address.len > 7 && memcmp(address.p, "::ffff:", 7) == 0)
        address = cim_bytes_of(address.p + 7, address.len - 7);
    journal_safe(address, from, sizeof from);
    log_folded(LOG_LEVEL_INFO, "LINK-REFUSED", from,
               "from=%s key=%s why=\"%s\"", from,
               user[0] == '?' ? user + 1
               : user[0]      ? user
                              : "-",
               user[0] == '?' ? "it is not in the roster here"
               : user[0]      ? "it was over its quota, and waits"
                              : "no CURVE key was shown");
}

/* id, "", "1.0", request id, domain, address, identity, mechanism, key */
static void
handle(struct zap *zap, struct link_frames *r)
{
    char user[ZAP_USER_MAX + 1] = "";
    void *sock = zsock_resolve(zap->sock);

    if (r->n < 4)
        return;
    if (r->total == 9 && link_frames_at(r, 1).len == 0 &&
        cim_bytes_is(link_frames_at(r, 2), "1.0") &&
        zap_admits(zap, link_frames_at(r, 4), link_frames_at(r, 7),
                   link_frames_at(r, 8), user)) {
        answer(sock, r, "200", user);
        return;
    }
    tell_refused(zap, link_frames_at(r, 5), user);
    answer(sock, r, "300", "");
}

static int
on_request(zloop_t *loop, zsock_t *sock, void *arg)
{
    struct zap *zap = arg;
    struct link_frames r;

    (void)loop;
    for (int i = 0; i < ZAP_PER_TURN; i++) {
        bool got = link_frames_read(zsock_resolve(sock), &r);

        if (got)
            handle(zap, &r);
        link_frames_clear(&r);
        if (!got)
            break;
    }
    return 0;
}

enum cim_err
zap_open(zloop_t *loop, struct zap **out, struct cim_diag *diag)
{
    struct zap *zap = xcalloc(1, sizeof *zap);

    zap->loop = loop;
    zap->sock = zsock_new(ZMQ_ROUTER);
    if (!zap->sock || zsock_bind(zap->sock, "%s", ZAP_ENDPOINT) < 0 ||
        zloop_reader(loop, zap->sock, on_request, zap) < 0) {
        cim_diag_set(diag, "cannot listen at " ZAP_ENDPOINT ": %s",
                     zmq_strerror(zmq_errno()));
        zap_close(&zap);
        return CIM_EIO;
    }
    zloop_reader_set_tolerant(loop, zap->sock);
    *out = zap;
    return CIM_OK;
}

void
zap_close(struct zap **zap)
{
    if (!*zap)
        return;
    if ((*zap)->sock)
        zloop_reader_end((*zap)->loop, (*zap)->sock);
    zsock_destroy(&(*zap)->sock);
    free(*zap);
    *zap = NULL;
}

void
zap_set_roster(struct zap *zap, const struct roster *roster)
{
    zap->roster = roster;
}

void
zap_set_readers(struct zap *zap, bool (*admit)(void *ctx, const char *user),
                void *ctx)
{
    zap->reader = admit;
    zap->reader_ctx = ctx;
}

void
zap_suspend(struct zap *zap, const char *user)
{
    struct suspended *oldest = &zap->suspended[0];

    for (size_t i = 1; i < ZAP_SUSPENDED; i++)
        if (zap->suspended[i].until_mono_ms < oldest->until_mono_ms)
            oldest = &zap->suspended[i];
    snprintf(oldest->user, sizeof oldest->user, "%s", user);
    oldest->until_mono_ms = clock_mono_ms() + ZAP_SUSPEND_MS;
}

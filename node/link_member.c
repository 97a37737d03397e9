/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Quotas of those who dial us. What a member may cost is bounded here: the
 * subscriptions it holds, the asks it makes, the pages it has in the making.
 *
 * libzmq does not say whose subscription ends when a connection breaks. Such
 * a prefix is taken off only when exactly one member has it; else it stays
 * counted: two keys in one hand could lower each other's count otherwise.
 */
#include <string.h>

#include "node/clock.h"
#include "node/journal.h"
#include "node/link_private.h"
#include "node/mem.h"

#define ASK_RATE         32 /* asks a second, for a long time */
#define ASK_BURST        64
#define ASK_RATE_READER  4
#define ASK_BURST_READER 8
/* Frames on sync that are looked at; an asker of many small logs is fast. */
#define FRAME_RATE  1024
#define FRAME_BURST 2048
/* Subscriptions made and taken back a second: one that flaps makes as many as
 * it holds with each connection. */
#define SUB_RATE         1024
#define SUB_BURST        4096
#define SUB_RATE_READER  64
#define SUB_BURST_READER 256

static struct link_member *
find(const struct link_members *m, const char *user)
{
    for (size_t i = 0; i < m->n; i++)
        if (strcmp(m->v[i]->user, user) == 0)
            return m->v[i];
    return NULL;
}

static struct link_member *
add(struct link_members *m, const char *user)
{
    struct link_member *member = xcalloc(1, sizeof *member);

    snprintf(member->user, sizeof member->user, "%s", user);
    member->reader = user[0] == '?';
    member->tokens = 1000 * (member->reader ? ASK_BURST_READER : ASK_BURST);
    member->sub_tokens = 1000 * (member->reader ? SUB_BURST_READER : SUB_BURST);
    member->frame_tokens = 1000 * FRAME_BURST;
    member->frame_mono_ms = member->sub_mono_ms = member->seen_mono_ms =
        clock_mono_ms();
    m->n_readers += member->reader;
    xgrow(&m->v, &m->cap, m->n, sizeof *m->v);
    m->v[m->n++] = member;
    return member;
}

static void
drop(struct link_members *m, size_t i)
{
    m->n_readers -= m->v[i]->reader;
    free(m->v[i]);
    m->v[i] = m->v[--m->n];
}

void
link_members_clear(struct link_members *m)
{
    while (m->n)
        drop(m, m->n - 1);
    free(m->v);
    *m = (struct link_members){0};
}

bool
link_member_admit(void *ctx, const char *user)
{
    struct links *links = ctx;

    if (find(&links->members, user))
        return true;
    if (links->members.n_readers >= LINK_READERS_MAX)
        return false;
    add(&links->members, user);
    return true;
}

static bool
is_welcome(const struct links *links, const char *user)
{
    if (user[0] == '?')
        return links->readers_any;
    return links->roster && roster_node(links->roster, cim_bytes_str(user));
}

struct link_member *
link_member(struct links *links, const char *user)
{
    struct link_member *m;

    if (!user || !is_welcome(links, user))
        return NULL;
    m = find(&links->members, user);
    if (!m && user[0] == '?' && links->members.n_readers >= LINK_READERS_MAX)
        return NULL;
    if (!m)
        m = add(&links->members, user);
    if (m->until_mono_ms > clock_mono_ms())
        return NULL;
    return m;
}

void
link_members_sweep(struct links *links)
{
    struct link_members *m = &links->members;
    int64_t now = clock_mono_ms();

    for (size_t i = m->n; i-- > 0;) {
        struct link_member *one = m->v[i];
        bool idle = one->reader && now > one->until_mono_ms &&
                    now - one->seen_mono_ms > LINK_READER_IDLE_MS &&
                    now - one->sub_mono_ms > LINK_READER_IDLE_MS;

        if (!one->pages && (idle || !is_welcome(links, one->user)))
            drop(m, i);
    }
}

void
link_members_cut(struct links *links)
{
    for (size_t i = 0; i < links->members.n; i++)
        links->members.v[i]->n_subs = 0;
}

static uint64_t
hash_of(struct cim_bytes prefix)
{
    struct cim_hash full = cim_hash_bytes(prefix);
    uint64_t h;

    memcpy(&h, full.b, sizeof h);
    return h;
}

static size_t
sub_find(const struct link_member *m, uint64_t hash)
{
    size_t i = 0;

    while (i < m->n_subs && m->subs[i] != hash)
        i++;
    return i;
}

/* Tokens a second, and at most. */
struct rate {
    int64_t a_second, most;
};

static bool
token(int64_t *tokens, int64_t *at_mono_ms, struct rate rate)
{
    int64_t now = clock_mono_ms();

    if (now > *at_mono_ms)
        *tokens += (now - *at_mono_ms) * rate.a_second;
    *at_mono_ms = now;
    if (*tokens > 1000 * rate.most)
        *tokens = 1000 * rate.most;
    if (*tokens < 1000)
        return false;
    *tokens -= 1000;
    return true;
}

static bool
sub_token(struct link_member *m)
{
    struct rate rate = m->reader
                           ? (struct rate){SUB_RATE_READER, SUB_BURST_READER}
                           : (struct rate){SUB_RATE, SUB_BURST};

    return token(&m->sub_tokens, &m->sub_mono_ms, rate);
}

bool
link_member_subscribe(struct link_member *m, struct cim_bytes prefix)
{
    uint64_t hash = hash_of(prefix);
    size_t most = m->reader ? LINK_SUBS_READER : LINK_SUBS_MEMBER;

    if (!sub_token(m))
        return false;
    if (sub_find(m, hash) < m->n_subs)
        return true;
    if (m->n_subs >= most)
        return false;
    m->subs[m->n_subs++] = hash;
    return true;
}

static void
sub_drop(struct link_member *m, uint64_t hash)
{
    size_t i = sub_find(m, hash);

    if (i < m->n_subs)
        m->subs[i] = m->subs[--m->n_subs];
}

void
link_member_unsubscribe(struct link_member *m, struct cim_bytes prefix)
{
    sub_drop(m, hash_of(prefix));
}

void
link_members_unsubscribe(struct links *links, struct cim_bytes prefix)
{
    uint64_t hash = hash_of(prefix);
    struct link_member *holder = NULL;

    for (size_t i = 0; i < links->members.n; i++) {
        struct link_member *m = links->members.v[i];

        if (sub_find(m, hash) == m->n_subs)
            continue;
        if (holder)
            return;
        holder = m;
    }
    if (holder)
        sub_drop(holder, hash);
}

bool
link_member_frame(struct link_member *m)
{
    return token(&m->frame_tokens, &m->frame_mono_ms,
                 (struct rate){FRAME_RATE, FRAME_BURST});
}

bool
link_member_ask(struct link_member *m)
{
    struct rate rate = m->reader
                           ? (struct rate){ASK_RATE_READER, ASK_BURST_READER}
                           : (struct rate){ASK_RATE, ASK_BURST};

    return token(&m->tokens, &m->seen_mono_ms, rate);
}

bool
link_page_begin(struct links *links, struct link_member *m)
{
    if (m->pages >= (m->reader ? LINK_PAGES_READER : LINK_PAGES_MEMBER))
        return false;
    if (m->reader && links->members.reader_pages >= LINK_PAGES_READERS)
        return false;
    m->pages++;
    links->members.reader_pages += m->reader;
    return true;
}

void
link_page_end(struct links *links, const char *user)
{
    struct link_member *m = find(&links->members, user);

    if (!m || !m->pages)
        return;
    m->pages--;
    links->members.reader_pages -= m->reader;
}

void
link_member_suspend(struct links *links, struct link_member *m)
{
    m->until_mono_ms = clock_mono_ms() + ZAP_SUSPEND_MS;
    zap_suspend(links->zap, m->user);
    log_warn("LINK-SUSPENDED",
             "member=%s minutes=%d why=\"more than %d subscriptions, or "
             "changed without end\"",
             m->user, ZAP_SUSPEND_MS / 60000,
             m->reader ? LINK_SUBS_READER : LINK_SUBS_MEMBER);
    link_refuse(links, m->user, CIM_EQUOTA);
}

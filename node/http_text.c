/* SPDX-License-Identifier: MPL-2.0 */
/* Status, peers and hooks for people: what is well in one line each, what is
 * not with the next step. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "node/clock.h"
#include "node/http_private.h"

__attribute__((format(printf, 2, 3))) static void
put(struct cim_buf *out, const char *fmt, ...)
{
    char line[1024];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(line, sizeof line, fmt, ap);
    va_end(ap);
    cim_buf_add_str(out, line);
}

/* 1,234,567 */
static const char *
number(uint64_t n, char out[static 32])
{
    char digits[24];
    size_t len = (size_t)snprintf(digits, sizeof digits, "%" PRIu64, n);
    size_t at = 0;

    for (size_t i = 0; i < len; i++) {
        if (i > 0 && (len - i) % 3 == 0)
            out[at++] = ',';
        out[at++] = digits[i];
    }
    out[at] = '\0';
    return out;
}

/* "42 s", "5 min", "3 h", "2 days" */
static const char *
span(int64_t ms, char out[static 32])
{
    int64_t s = ms < 0 ? 0 : ms / 1000;

    if (s < 120)
        snprintf(out, 32, "%" PRId64 " s", s);
    else if (s < 7200)
        snprintf(out, 32, "%" PRId64 " min", s / 60);
    else if (s < 172800)
        snprintf(out, 32, "%" PRId64 " h", s / 3600);
    else
        snprintf(out, 32, "%" PRId64 " days", s / 86400);
    return out;
}

static void
put_refused(const struct view_status *v, struct cim_buf *out)
{
    char n[32];

    for (size_t i = 0; i < v->n_refused; i++)
        put(out, "%s%s %s", i > 0 ? ", " : "  refused     ",
            v->refused[i].reason, number(v->refused[i].n, n));
    if (v->n_refused > 0)
        put(out, "\n");
}

void
http_text_status(const struct view_status *v, struct cim_buf *out)
{
    char n[32];

    put(out, "%s: %s, %u of %u peers up, running for %s\n", v->node,
        v->ready ? "ready" : "not ready", v->peers_up, v->peers_all,
        span(clock_wall_ms() - v->started_ms, n));
    if (v->epoch > 0)
        put(out, "  own log     epoch %" PRIu64 ", %s events\n", v->epoch,
            number(v->seq, n));
    else
        put(out, "  own log     nothing published yet\n");
    put(out, "  stored      %s events\n", number(v->stored, n));
    put(out, "  storage     %s\n", v->storage);
    put(out, "  publishing  %s\n", v->publishing);
    if (v->gaps > 0)
        put(out, "  gaps        %s positions; 'cimesh peers' shows whose\n",
            number(v->gaps, n));
    else
        put(out, "  gaps        none\n");
    if (v->overdue > 0)
        put(out, "  overdue     %s verdict%s; see 'cimesh promote list'\n",
            number(v->overdue, n), v->overdue == 1 ? "" : "s");
    put_refused(v, out);
    if (v->two_writers)
        put(out, "  warning: two nodes sign with this node's key; stop one "
                 "and give it a key of its own\n");
    for (size_t i = 0; i < v->n_warnings; i++)
        put(out, "  warning: %s\n", v->warnings[i]);
}

/* ---- check --------------------------------------------------------------*/

/* Nagios' plugin guidelines: the worst decides, all of it is said. */
struct verdict {
    const char *word;
    struct cim_buf why;
};

static void
critical(struct verdict *v, const char *why, const char *detail)
{
    v->word = "CRITICAL";
    put(&v->why, "%s%s, ", why, detail);
}

static void
warning(struct verdict *v, const char *why, uint64_t n)
{
    char text[32];

    if (v->word[0] == 'O')
        v->word = "WARNING";
    put(&v->why, "%s%s, ", n ? number(n, text) : "", why);
}

static void
judge(const struct view_status *s, struct verdict *v)
{
    bool room = strcmp(s->storage, "ok") == 0;

    if (s->two_writers)
        critical(v, "two nodes sign with this key", "");
    if (!room && strcmp(s->storage, "low") != 0)
        critical(v, "storage is ", s->storage);
    else if (!room)
        warning(v, "storage is nearly full", 0);
    if (strncmp(s->publishing, "stopped", 7) == 0)
        critical(v, "publishing is ", s->publishing);
    else if (!s->ready)
        warning(v, "not ready yet", 0);
    if (s->peers_up < s->peers_all)
        warning(v,
                s->peers_all - s->peers_up == 1 ? " peer is down"
                                                : " peers are down",
                s->peers_all - s->peers_up);
    if (s->gaps)
        warning(v, " positions are missing", s->gaps);
    if (s->overdue)
        warning(v,
                s->overdue == 1 ? " verdict is overdue"
                                : " verdicts are overdue",
                s->overdue);
    if (s->n_warnings)
        warning(v,
                s->n_warnings == 1 ? " warning, see 'cimesh status'"
                                   : " warnings, see 'cimesh status'",
                s->n_warnings);
}

void
http_text_check(const struct view_status *s, struct cim_buf *out)
{
    struct verdict v = {.word = "OK"};

    judge(s, &v);
    put(out, "CIMESH %s - %s: ", v.word, s->node);
    if (v.why.len > 2)
        cim_buf_add(out, v.why.p, v.why.len - 2);
    else
        put(out, "%u of %u peers up, nothing missing", s->peers_up,
            s->peers_all);
    put(out,
        " | peers_up=%u;;;0;%u gaps=%" PRIu64 " stored=%" PRIu64
        "c seq=%" PRIu64 "\n",
        s->peers_up, s->peers_all, s->gaps, s->stored, s->seq);
    cim_buf_clear(&v.why);
}

/* ---- peers ---------------------------------------------------------------*/

struct columns { /* widths in characters */
    int node, state;
};

static int
wider(int width, const char *text)
{
    int len = (int)strlen(text);

    return len > width ? len : width;
}

static void
put_writers(const struct view_peer *p, struct columns w, struct cim_buf *out)
{
    char older[CIM_TIME_TEXT_LEN + 1], younger[CIM_TIME_TEXT_LEN + 1];

    cim_time_text(p->writers[0].time_ms, older);
    cim_time_text(p->writers[1].time_ms, younger);
    put(out,
        "%-*s  two nodes sign with its key: epoch %" PRIu64 " at %s,\n"
        "%-*s  epoch %" PRIu64 " before that, at %s; tell its contact\n",
        w.node, "", p->writers[0].epoch, older, w.node, "", p->writers[1].epoch,
        younger);
}

static void
put_peer(const struct view_peer *p, struct columns w, struct cim_buf *out)
{
    char lag[32], gaps[32], refused[32], held[32], seen[32] = "never";

    if (p->last_seen_ms > 0)
        span(clock_wall_ms() - p->last_seen_ms, seen);
    put(out, "%-*s  %-*s %10s %8s %8s %8s  %s\n", w.node, p->node, w.state,
        p->state, number(p->held, held), number(p->lag, lag),
        number(p->gaps, gaps), number(p->refused, refused), seen);
    if (p->last_reason != NULL)
        put(out, "%-*s  last refusal: %s\n", w.node, "", p->last_reason);
    if (p->two_writers)
        put_writers(p, w, out);
    if (p->equivocation)
        put(out, "%-*s  it signed two histories: tell its contact\n", w.node,
            "");
}

void
http_text_peers(const struct view_peers *v, struct cim_buf *out)
{
    struct columns w = {.node = 4, .state = 20};

    if (v->n == 0) {
        put(out, "no peers: 'cimesh roster add FILE' adds a community\n");
        return;
    }
    for (size_t i = 0; i < v->n; i++) {
        w.node = wider(w.node, v->v[i].node);
        w.state = wider(w.state, v->v[i].state);
    }
    put(out, "%-*s  %-*s %10s %8s %8s %8s  %s\n", w.node, "PEER", w.state,
        "STATE", "HELD", "LAG", "GAPS", "REFUSED", "LAST SEEN");
    for (size_t i = 0; i < v->n; i++)
        put_peer(&v->v[i], w, out);
}

static void
put_hook(const struct view_hook *h, struct cim_buf *out)
{
    char prefix[CIM_TOPIC_MAX + 2], waiting[32], when[32];

    cim_prefix_show(&h->prefix, prefix);
    put(out, "%s  %s\n  runs     %s\n", h->name, prefix, h->exec);
    if (h->running)
        put(out, "  now      %s, attempt %u\n", h->event, h->attempt);
    else if (h->retry_ms > 0)
        put(out, "  failed   %s, attempt %u; again in %s\n", h->event,
            h->attempt, span(h->retry_ms - clock_wall_ms(), when));
    put(out, "  waiting  %s arrivals not looked at\n",
        number(h->waiting, waiting));
}

void
http_text_hooks(const struct view_hooks *v, struct cim_buf *out)
{
    if (v->n == 0)
        put(out, "no hooks: they are added under 'hooks' in cimesh.zpl\n");
    for (size_t i = 0; i < v->n; i++)
        put_hook(&v->v[i], out);
}

void
http_text_run(const struct store_run *run, struct cim_buf *out)
{
    char started[CIM_TIME_TEXT_LEN + 1], how[48] = "running, or cut off";

    cim_time_text(run->started_ms, started);
    if (run->state == STORE_RUN_OK)
        snprintf(how, sizeof how, "ok");
    else if (run->state == STORE_RUN_FAILED && run->status < 0)
        snprintf(how, sizeof how, "killed by signal %d", -run->status);
    else if (run->state == STORE_RUN_FAILED)
        snprintf(how, sizeof how, "failed, exit %d", run->status);
    put(out, "%s  %s  %s  attempt %u  %s\n", started, run->hook, run->event,
        run->attempt, how);
    if (run->output[0] != '\0' && run->state != STORE_RUN_OK)
        put(out, "  %s\n", run->output);
}

/* SPDX-License-Identifier: MPL-2.0 */
/*
 * cmd_verify - is this what a community said? Without a node, from roster/.
 *
 * Each line of the file is a proof (proto/json_proof.h) and gets a verdict of
 * its own: the key is in the roster and was in force at that position, the
 * signature covers the header, the header covers the event, the event keeps
 * the rules, and it stands under its own community's name and this topic.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "node/cmd_roster.h"
#include "proto/event.h"
#include "proto/json.h"
#include "proto/json_proof.h"
#include "proto/slice.h"

const char cmd_verify_help[] =
    "Examples:\n"
    "    cimesh show ID --proof > proof.json\n"
    "    cimesh verify proof.json\n"
    "    cat *.json | cimesh verify -\n"
    "    cimesh --dir ./site verify proof.json     ./site/roster suffices\n"
    "\n"
    "Checks proofs against the roster, without a node and without a network.\n"
    "FILE holds one object a line; each gets a line of its own:\n"
    "    ok NODE EPOCH/SEQ TIME COMMUNITY:ID\n"
    "    refused: REASON: what is wrong\n"
    "TIME is when the node sealed it. REASON is a word of proto/WIRE.md.\n"
    "\n"
    "Exit codes: 0 all are ok; 65 one is refused; 77 a key is not in the\n"
    "roster; 66 no such file; 78 no roster here.\n";

struct verify {
    const struct roster *roster;
    struct cim_buf topic, slice;
    int worst;
};

static void refuse(struct verify *v, enum cim_err err, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

static void
refuse(struct verify *v, enum cim_err err, const char *fmt, ...)
{
    int code = err == CIM_EKEY ? CMD_DENIED : CMD_DATA;
    va_list ap;

    printf("refused: %s: ", cim_err_label(err));
    va_start(ap, fmt);
    vprintf(fmt, ap);
    va_end(ap);
    putchar('\n');
    if (code > v->worst)
        v->worst = code;
}

static bool
prove(struct verify *v, struct cim_slice *slice, struct cim_proven *out)
{
    const struct cim_header *h = &slice->sh.h;
    struct cim_signkey key;
    enum cim_err err = roster_key(v->roster, cim_bytes_str(h->node), &h->key,
                                  h->epoch, cim_header_last(h), &key);

    if (err == CIM_EKEY)
        refuse(v, err,
               "no key of %s in the roster signed this; get its roster file: "
               "cimesh roster add FILE",
               h->node);
    else if (err)
        refuse(v, err,
               "%s signed %" PRIu64 "/%" PRIu64 " with a key that "
               "was retired before",
               h->node, h->epoch, h->first);
    else if ((err = cim_slice_prove(slice, &key, false, out)))
        refuse(v, err, "%s", cim_err_text(err));
    return !err;
}

/* One event of a proven slice; true when it is what it claims to be. */
static bool
check_event(struct verify *v, const struct cim_header *h,
            struct cim_bytes bytes, struct cim_event *out)
{
    struct cim_diag diag = {{0}};
    enum cim_err err = cim_event_parse(bytes, CIM_FOLLOW, out, &diag);

    if (err) {
        refuse(v, err, "%s", diag.text[0] ? diag.text : cim_err_text(err));
        return false;
    }
    if (!cim_bytes_eq(out->topic, cim_buf_bytes(&v->topic))) {
        refuse(v, CIM_ETOPIC, "the event's topic is %.*s, the proof says %.*s",
               (int)out->topic.len, (const char *)out->topic.p,
               (int)v->topic.len, (const char *)v->topic.p);
        return false;
    }
    if ((err = cim_event_speaks_for(out->topic, cim_bytes_str(h->node)))) {
        refuse(v, err, "%s speaks under %.*s", h->node, (int)out->topic.len,
               (const char *)out->topic.p);
        return false;
    }
    return true;
}

static void
check_proven(struct verify *v, const struct cim_slice *slice)
{
    const struct cim_header *h = &slice->sh.h;
    struct cim_bytes community = cim_community_of(cim_bytes_str(h->node));
    char time[CIM_TIME_TEXT_LEN + 1];
    struct cim_event event;

    cim_time_text(h->time_ms, time);
    for (size_t i = 0; i < slice->n_events; i++)
        if (check_event(v, h, slice->events[i], &event))
            printf("ok %s %" PRIu64 "/%" PRIu64 " %s %.*s:%.*s\n", h->node,
                   h->epoch, h->first + cim_slice_index(slice, i), time,
                   (int)community.len, (const char *)community.p,
                   (int)event.id.len, (const char *)event.id.p);
}

static void
check_line(struct verify *v, struct cim_bytes line)
{
    struct cim_diag diag = {{0}};
    struct cim_slice slice;
    struct cim_proven proven;
    enum cim_err err = cim_proof_read(line, &v->topic, &v->slice, &diag);

    if (err) {
        refuse(v, err, "%s", diag.text[0] ? diag.text : cim_err_text(err));
        return;
    }
    if ((err = cim_slice_parse(cim_buf_bytes(&v->slice), &slice))) {
        refuse(v, err, "the slice: %s", cim_err_text(err));
        return;
    }
    if (!prove(v, &slice, &proven)) {
        cim_slice_clear(&slice);
        return;
    }
    check_proven(v, &proven.slice);
    cim_proven_clear(&proven);
}

/* ---- lines -------------------------------------------------------------- */

/*
 * The next line, without its newline, of at most CIM_PROOF_TEXT_MAX bytes;
 * more is read away and leaves one byte too many, which reading refuses.
 */
static bool
next_line(FILE *in, struct cim_buf *line)
{
    bool any = false;
    int c;

    cim_buf_reset(line);
    while ((c = getc_unlocked(in)) != EOF) {
        any = true;
        if (c == '\n')
            break;
        if (line->len <= CIM_PROOF_TEXT_MAX)
            cim_buf_add_u8(line, (uint8_t)c);
    }
    return any;
}

static int
check_all(struct verify *v, FILE *in, const char *name)
{
    struct cim_buf line = {0};
    size_t n = 0;

    while (next_line(in, &line)) {
        if (line.len == 0)
            continue;
        n++;
        check_line(v, cim_buf_bytes(&line));
    }
    cim_buf_clear(&line);
    cim_buf_clear(&v->topic);
    cim_buf_clear(&v->slice);
    if (ferror(in))
        return cmd_fail(CMD_STORAGE, "verify", "%s: %s", name, strerror(errno));
    if (n == 0)
        return cmd_fail(CMD_DATA, "verify",
                        "%s is empty; a proof comes from `cimesh show ID "
                        "--proof`",
                        name);
    return v->worst;
}

int
cmd_verify(const struct cmd_context *ctx, int argc, char **argv)
{
    static const struct cmd_option none[] = {{0}};
    struct cmd_site site = {0};
    struct verify v = {0};
    FILE *in;
    int code = cmd_options("verify", &argc, argv, none);

    if (code)
        return code;
    if (argc != 2)
        return cmd_usage("verify", "one FILE is needed, or '-'");
    in = strcmp(argv[1], "-") == 0 ? stdin : fopen(argv[1], "re");
    if (!in)
        return cmd_fail(errno == EACCES ? CMD_DENIED : CMD_NOTFOUND, "verify",
                        "%s: %s", argv[1], strerror(errno));
    code = cmd_site_open(ctx, "verify", &site);
    v.roster = site.load.roster;
    if (!code)
        code = check_all(&v, in, argv[1]);
    cmd_site_clear(&site);
    if (in != stdin)
        fclose(in);
    return code;
}

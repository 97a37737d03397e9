/* SPDX-License-Identifier: MPL-2.0 */
/*
 * feed - plays a plan of deliveries and prints what the ledger says.
 *
 * Standard input, a command a line; batches and stores count from 0:
 *   batch NODE EPOCH TIME N   a batch of the N lines that follow, JSON each
 *   store N                   go on with this store; made when it is new
 *   give B I...               these events of a batch arrive, in one job
 *   purge N                   retention takes what arrived in jobs before N
 *   aside NODE EPOCH SEQ      the event rots, is found and set aside
 *   anew N                    the ledger goes; the first N events of it again
 *   step N                    the next N
 *   dump                      all of the ledger as a line of JSON
 *   newest PREFIX BRANCH NAME COMMUNITY:LEVEL=STATE...    "-": any
 *   find TEXT
 *   touched                   by the event that arrived last
 *   rules N                   N lines that follow are cimesh.zpl; once
 *   judge                     what its rules decide, as a line of JSON
 * Jobs are numbered from 1 over all stores; `purge` counts them.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "node/ledger.h"
#include "node/store_ledger_reader.h"
#include "tests/ledger/feed_judge.h"
#include "tests/unit/store_help.h"

#define AUTHORS 32
#define BATCHES 1024
#define STORES  4
#define WORDS   64

struct feed {
    struct author authors[AUTHORS];
    size_t n_authors;
    struct sealed *batches[BATCHES];
    char communities[BATCHES][CIM_NAME_MAX + 1];
    size_t n_batches;
    struct store *stores[STORES];
    struct store_reader *readers[STORES];
    size_t at;    /* the store that is played with */
    int64_t jobs; /* done so far */
    const char *separator;
    struct settings *settings; /* with rules; NULL: none */
};

static struct store *
store(struct feed *f)
{
    return f->stores[f->at];
}

static struct store_reader *
reader(struct feed *f)
{
    return f->readers[f->at];
}

static void
must(bool right, const char *what)
{
    if (right)
        return;
    fprintf(stderr, "feed: %s\n", what);
    exit(70);
}

/* ---- what happens -------------------------------------------------------*/

static struct author *
author_of(struct feed *f, const char *node, uint64_t epoch)
{
    for (size_t i = 0; i < f->n_authors; i++)
        if (strcmp(f->authors[i].node, node) == 0 &&
            f->authors[i].epoch == epoch)
            return &f->authors[i];
    must(f->n_authors < AUTHORS, "too many logs");
    author_open(&f->authors[f->n_authors], node, epoch);
    return &f->authors[f->n_authors++];
}

static void
batch(struct feed *f, char **words)
{
    struct author *author =
        author_of(f, words[1], strtoull(words[2], NULL, 10));
    struct cim_bytes community = cim_community_of(cim_bytes_str(author->node));
    size_t n = strtoul(words[4], NULL, 10);
    char *texts[CIM_BATCH_EVENTS] = {NULL};

    must(f->n_batches < BATCHES && n <= CIM_BATCH_EVENTS, "too much");
    for (size_t i = 0; i < n; i++) {
        size_t cap = 0;
        must(getline(&texts[i], &cap, stdin) > 0, "an event is missing");
    }
    author->time_ms = strtoll(words[3], NULL, 10) - 1;
    snprintf(f->communities[f->n_batches], CIM_NAME_MAX + 1, "%.*s",
             (int)community.len, (const char *)community.p);
    f->batches[f->n_batches++] =
        author_seal_json(author, (const char *const *)texts, n);
    for (size_t i = 0; i < n; i++)
        free(texts[i]);
}

static void
choose_store(struct feed *f, char **words)
{
    struct cim_diag diag = {""};

    f->at = strtoul(words[1], NULL, 10);
    must(f->at < STORES, "too many stores");
    if (store(f))
        return;
    must(store_open(":memory:", &f->stores[f->at], &diag) == CIM_OK, diag.text);
    f->readers[f->at] = store_reader_of(store(f));
}

static void
commit(struct feed *f, struct store_job *job)
{
    f->jobs++;
    job->now_ms = f->jobs;
    commit_ok(store(f), &job);
}

static void
give(struct feed *f, char **words, size_t n)
{
    struct store_job *job = store_job_new(STORE_KEEP);
    unsigned indices[WORDS];

    for (size_t i = 2; i < n; i++)
        indices[i - 2] = (unsigned)strtoul(words[i], NULL, 10);
    job_slice(job, f->batches[strtoul(words[1], NULL, 10)], indices, n - 2);
    commit(f, job);
}

static void
purge(struct feed *f, char **words)
{
    struct store_job *job = store_job_new(STORE_PURGE);

    job->purge.before_ms = strtoll(words[1], NULL, 10);
    commit(f, job);
}

static void
aside(struct feed *f, char **words)
{
    struct store_job *job = store_job_new(STORE_ASIDE);
    struct author *author =
        author_of(f, words[1], strtoull(words[2], NULL, 10));
    char *sql = xasprintf("UPDATE event SET bytes = x'80' WHERE seq = %s"
                          " AND log = (SELECT l.id FROM log l JOIN feed f"
                          " ON f.id = l.feed WHERE f.node = '%s'"
                          " AND l.epoch = %s)",
                          words[3], words[1], words[2]);

    must(store_exec(store(f), sql), "cannot rot");
    free(sql);
    job->aside.log = log_of(author);
    job->aside.seq = strtoull(words[3], NULL, 10);
    commit(f, job);
}

static void
build(struct feed *f, char **words, bool anew)
{
    struct store_job *job = store_job_new(STORE_LEDGER);

    job->ledger.anew = anew;
    job->ledger.events = strtoul(words[1], NULL, 10);
    commit(f, job);
}

/* ---- what the ledger says -----------------------------------------------*/

static void
separate(struct feed *f)
{
    printf("%s", f->separator);
    f->separator = ",";
}

static void
print_name(const struct ledger_name *name)
{
    char id[CIM_UUID_TEXT_LEN + 1];

    cim_uuid_text(&name->id, id);
    printf("\"%s:%s\"", name->community, id);
}

static void
print_place(const struct ledger_place *at)
{
    printf("[%" PRId64 ",\"%s\",%" PRIu64 ",%" PRIu64 "]", at->time_ms,
           at->log.node, at->log.epoch, at->seq);
}

static const char *
how_word(enum ledger_how how)
{
    static const char *const words[] = {"link",   "url",     "name",
                                        "itself", "claimed", "absent"};
    return words[how];
}

static bool
print_stamp(void *ctx, const struct ledger_stamp *s)
{
    struct feed *f = ctx;

    separate(f);
    printf("[");
    print_name(&s->by);
    printf(",\"%s\",\"%s\",\"%s\",", s->level, ledger_state_text(s->state),
           how_word(s->how));
    print_place(&s->at);
    printf("]");
    return true;
}

static bool
print_named(void *ctx, enum ledger_how how, const char *wanted,
            const struct ledger_subject *s)
{
    struct feed *f = ctx;

    separate(f);
    printf("[\"%s\",\"%s\",", how_word(how), wanted);
    if (s)
        print_name(&s->name);
    else
        printf("null");
    printf("]");
    return true;
}

static bool
print_part_of(void *ctx, enum ledger_how how, const struct ledger_subject *s)
{
    return print_named(ctx, how, "", s);
}

static void
print_text(const char *key, const struct cim_buf *text)
{
    printf(",\"%s\":\"%.*s\"", key, (int)text->len, (const char *)text->p);
}

static bool
same_stamp(const struct ledger_stamp *a, const struct ledger_stamp *b)
{
    return a->arrival == b->arrival && a->state == b->state &&
           strcmp(a->level, b->level) == 0;
}

struct saids {
    struct feed *f;
    struct ledger_stamp v[256];
    size_t n;
};

static bool
keep_stamp(void *ctx, const struct ledger_stamp *s)
{
    struct saids *saids = ctx;

    must(saids->n < 256, "too many stamps");
    saids->v[saids->n++] = *s;
    return true;
}

/* The short question gives the same as the long one. */
static void
check_said(struct feed *f, const struct ledger_subject *s)
{
    struct saids *saids = xcalloc(1, sizeof *saids);

    must(ledger_stamps(reader(f), s, false, keep_stamp, saids) == CIM_OK,
         "ledger_stamps");
    for (size_t i = 0; i < saids->n; i++) {
        struct ledger_stamp one;
        must(ledger_said(reader(f), s, saids->v[i].by.community,
                         saids->v[i].level, &one) == CIM_OK &&
                 same_stamp(&one, &saids->v[i]),
             "ledger_said says something else than ledger_stamps");
    }
    free(saids);
}

static void
print_subject(struct feed *f, const struct ledger_subject *s)
{
    printf("{\"kind\":%d,\"at\":", (int)s->kind);
    print_place(&s->at);
    print_text("topic", &s->topic);
    print_text("title", &s->title);
    print_text("url", &s->url);
    print_text("branch", &s->branch);
    f->separator = "";
    printf(",\"stamps\":[");
    must(ledger_stamps(reader(f), s, true, print_stamp, f) == CIM_OK,
         "ledger_stamps");
    f->separator = "";
    printf("],\"members\":[");
    must(ledger_members(reader(f), s, print_named, f) == CIM_OK,
         "ledger_members");
    f->separator = "";
    printf("],\"part_of\":[");
    must(ledger_part_of(reader(f), s, print_part_of, f) == CIM_OK,
         "ledger_part_of");
    printf("]}");
    check_said(f, s);
}

static void
print_entry(struct feed *f, const struct ledger_name *name)
{
    struct ledger_subject s;

    if (ledger_get(reader(f), name, &s) == CIM_OK) {
        print_subject(f, &s);
        ledger_subject_clear(&s);
        return;
    }
    f->separator = "";
    printf("[");
    enum cim_err err = ledger_stamped(reader(f), name, print_named, f);
    must(err == CIM_OK || err == CIM_ENOENT, "ledger_stamped");
    printf("]");
}

static void
print_judged(struct feed *f, const struct ledger_name *name)
{
    struct ledger_subject s;

    if (ledger_get(reader(f), name, &s) == CIM_OK)
        feed_judge(reader(f), f->settings, &s);
    else
        printf("null");
    ledger_subject_clear(&s);
}

/* By name, every event that there is: a subject, a stamp or neither. */
static void
each_name(struct feed *f,
          void (*print)(struct feed *f, const struct ledger_name *name))
{
    const char *separator = "";

    printf("{");
    for (size_t b = 0; b < f->n_batches; b++)
        for (size_t i = 0; i < f->batches[b]->n; i++) {
            struct ledger_name name = {.id = f->batches[b]->ids[i]};
            snprintf(name.community, sizeof name.community, "%s",
                     f->communities[b]);
            printf("%s", separator);
            separator = ",";
            print_name(&name);
            printf(":");
            print(f, &name);
        }
    printf("}\n");
}

static bool
print_found(void *ctx, const struct ledger_subject *s)
{
    separate(ctx);
    print_name(&s->name);
    return true;
}

static enum ledger_state
state_named(const char *text)
{
    for (int state = 0; state <= LEDGER_EXPIRED; state++)
        if (strcmp(ledger_state_text((enum ledger_state)state), text) == 0)
            return (enum ledger_state)state;
    must(false, "no such state");
    return LEDGER_MISSING;
}

static const char *
or_any(const char *word)
{
    return strcmp(word, "-") == 0 ? NULL : word;
}

/* The index of words catches up in steps; no job of the plan. */
static void
settle(struct feed *f)
{
    while (store_ledger_behind(store(f))) {
        struct store_job *job = store_job_new(STORE_LEDGER);
        commit_ok(store(f), &job);
    }
}

static bool
go_on(void *ctx, uint64_t done)
{
    (void)ctx;
    (void)done;
    return true;
}

/* Row by row, the index of words as well. */
static void
check_rows(struct feed *f)
{
    bool fits = false;

    must(ledger_check(reader(f), &fits, go_on, NULL) == CIM_OK && fits,
         "the ledger is not what fsck wants it to be");
}

static void
newest(struct feed *f, char **words, size_t n)
{
    struct ledger_want wants[WORDS] = {0};
    struct ledger_query query = {
        .prefix = prefix_of(or_any(words[1]) ? words[1] : ""),
        .branch = or_any(words[2]),
        .name = or_any(words[3]),
        .wants = wants};

    for (size_t i = 4; i < n; i++) {
        struct ledger_want *want = &wants[query.n_wants++];
        char *level = strchr(words[i], ':');
        char *state = strchr(words[i], '=');
        must(level && state, "a want is COMMUNITY:LEVEL=STATE");
        *level = *state = '\0';
        snprintf(want->community, sizeof want->community, "%s", words[i]);
        snprintf(want->level, sizeof want->level, "%s", level + 1);
        want->state = state_named(state + 1);
    }
    settle(f);
    check_rows(f);
    f->separator = "";
    printf("[");
    must(ledger_newest(reader(f), &query, print_found, f) == CIM_OK,
         "ledger_newest");
    printf("]\n");
}

static void
find(struct feed *f, const char *text)
{
    f->separator = "";
    printf("[");
    must(ledger_find(reader(f), text, print_found, f) == CIM_OK, "ledger_find");
    printf("]\n");
}

static void
touched(struct feed *f)
{
    uint64_t upto, last;

    must(ledger_upto(reader(f), &upto, &last) == CIM_OK, "ledger_upto");
    f->separator = "";
    printf("[");
    must(ledger_touched(reader(f), last, print_found, f) == CIM_OK,
         "ledger_touched");
    printf("]\n");
}

/* ---- the plan -----------------------------------------------------------*/

static void
command(struct feed *f, char **words, size_t n)
{
    const char *what = words[0];

    if (strcmp(what, "batch") == 0 && n == 5)
        batch(f, words);
    else if (strcmp(what, "store") == 0 && n == 2)
        choose_store(f, words);
    else if (strcmp(what, "give") == 0 && n > 2)
        give(f, words, n);
    else if (strcmp(what, "purge") == 0 && n == 2)
        purge(f, words);
    else if (strcmp(what, "aside") == 0 && n == 4)
        aside(f, words);
    else if (strcmp(what, "anew") == 0 && n == 2)
        build(f, words, true);
    else if (strcmp(what, "step") == 0 && n == 2)
        build(f, words, false);
    else if (strcmp(what, "dump") == 0)
        each_name(f, print_entry);
    else if (strcmp(what, "rules") == 0 && n == 2)
        f->settings = feed_rules(strtoul(words[1], NULL, 10));
    else if (strcmp(what, "judge") == 0)
        each_name(f, print_judged);
    else if (strcmp(what, "newest") == 0 && n >= 4)
        newest(f, words, n);
    else if (strcmp(what, "find") == 0 && n == 2)
        find(f, words[1]);
    else if (strcmp(what, "touched") == 0)
        touched(f);
    else
        must(false, what);
}

int
main(void)
{
    struct feed *f = xcalloc(1, sizeof *f);
    char *line = NULL;
    size_t cap = 0;

    while (getline(&line, &cap, stdin) > 0) {
        char *words[WORDS];
        size_t n = 0;
        for (char *word = strtok(line, " \n"); word && n < WORDS;
             word = strtok(NULL, " \n"))
            words[n++] = word;
        if (n)
            command(f, words, n);
    }
    free(line);
    for (size_t i = 0; i < STORES; i++) {
        store_reader_close(&f->readers[i]);
        store_close(&f->stores[i]);
    }
    for (size_t i = 0; i < f->n_batches; i++)
        sealed_free(&f->batches[i]);
    for (size_t i = 0; i < f->n_authors; i++)
        author_close(&f->authors[i]);
    settings_destroy(&f->settings);
    free(f);
    return 0;
}

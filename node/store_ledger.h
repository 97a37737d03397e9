/* SPDX-License-Identifier: MPL-2.0 */
/*
 * store_ledger - how the ledger is kept. Private to node/store*.c.
 *
 * For each ArtifactCreated, BaselineDefined and ConfidenceLevelModified a row
 * of ledger_event, and rows under keys: a URL, a name, an exact name. Who has
 * the text: ledger_key. What is said of it: ledger_say. Which baselines list
 * it: ledger_member. A row depends on its own event only, so the order of
 * arrival leaves no trace; whose word counts for whom is found when asked, by
 * ranges of `at`: what names a text means the newest that had it by then, so
 * the words of a subject lie between it and the next one.
 *
 * Several events of one community with one id: only the first in order has
 * rows under keys; `parts` of the others is NULL.
 */
#ifndef CIM_NODE_STORE_LEDGER_H
#define CIM_NODE_STORE_LEDGER_H

#include "node/ledger.h"
#include "node/store_private.h"
#include "proto/event.h"

#define LEDGER_LEVELS_MAX 64   /* of one event count, in its order */
#define LEDGER_LINKS_MAX  16   /* subject links of one stamp */
#define LEDGER_NAME_LOOK  4096 /* words by name, of one level, newest first */
#define LEDGER_STAMP      2    /* kind, after enum ledger_kind */

/* ---- keys and places (store_ledger_key.c) -------------------------------*/

/*
 * A tag and the text itself, so that what comes together lies together; of a
 * long one its end, where builds differ, and a hash. {0} is none.
 */
#define LEDGER_KEY_TEXT 96 /* longer: the last 80 bytes and 16 of a hash */
struct ledger_key {
    uint8_t b[2 + LEDGER_KEY_TEXT];
    uint8_t len;
};
enum ledger_key_of {                          /* the tag */
                     LEDGER_KEY_LINK = 'l',   /* id, community */
                     LEDGER_KEY_ID = 'i',     /* id of a member, whosever */
                     LEDGER_KEY_MEMBER = 'm', /* text of a member */
                     LEDGER_KEY_URL = 'u',    /* + kind */
                     LEDGER_KEY_TITLE = 't'   /* + kind */
};
struct ledger_key ledger_key_text(enum ledger_key_of of, struct cim_bytes text);
struct ledger_key ledger_key_of_kind(enum ledger_key_of of, int kind,
                                     struct cim_bytes text);
struct ledger_key ledger_key_link(struct cim_bytes community,
                                  const struct cim_uuid *id);
struct cim_bytes ledger_key_bytes(const struct ledger_key *key);
struct ledger_key ledger_key_raw(struct cim_bytes bytes);

/* A place as bytes that sort as ledger_order does. */
struct ledger_at {
    uint8_t b[7 + CIM_NODE_MAX + 1 + 14 + 1]; /* one for ledger_at_next */
    uint8_t len;
};
struct ledger_at ledger_at_of(const struct ledger_place *place);
struct ledger_at ledger_at_raw(struct cim_bytes bytes);
struct cim_bytes ledger_at_bytes(const struct ledger_at *at);
int ledger_at_cmp(const struct ledger_at *a, const struct ledger_at *b);
struct ledger_at ledger_at_first(void); /* before and after all others */
struct ledger_at ledger_at_last(void);
/* Right behind it: nothing is between. */
struct ledger_at ledger_at_next(const struct ledger_at *at);
/* False for bytes that are none. */
bool ledger_at_place(struct cim_bytes at, struct ledger_place *out);

/* What the text of a member asks for; the first that fits. */
struct ledger_member_text {
    enum { MEMBER_EXACT, MEMBER_ID, MEMBER_TEXT } form;
    struct cim_bytes community; /* EXACT; lent */
    struct cim_uuid id;         /* EXACT, ID */
};
void ledger_member_read(struct cim_bytes text, struct ledger_member_text *out);

/* What a stamp without subject links names. */
struct ledger_aim {
    int kind;
    struct cim_bytes url, title; /* may be empty */
};
struct ledger_aim ledger_aim_of(const struct cim_event *event);

/* ---- what an event adds (store_ledger_parts.c) --------------------------*/

enum ledger_part_kind {
    LEDGER_PART_OWN = 'o', /* of a subject: the key of its exact name, */
    LEDGER_PART_URL = 'u', /* of its URL, */
    LEDGER_PART_TITLE = 't',
    LEDGER_PART_SAY = 's', /* a word under a key */
    LEDGER_PART_MEMBER = 'm'
};
struct ledger_part {
    enum ledger_part_kind kind;
    struct ledger_key key;
    int64_t said;            /* SAY: of which level */
    enum ledger_state state; /* SAY; not when unpacked */
    struct ledger_key url;   /* SAY: counts while nobody has this; or {0} */
};

/* An event as the ledger sees it; views into its bytes. */
struct ledger_entry {
    struct store_db *db;
    bool intern; /* levels that are new get a number, else 0 */
    int64_t arrival, who, topic;
    int kind;
    struct cim_bytes community, title, url, branch;
    struct cim_uuid id;
    struct ledger_at at;
    struct cim_event event;
    struct ledger_part *v; /* owned */
    size_t n, cap;
};
/* Sets kind and the texts; false for what the ledger has no use for. */
bool ledger_entry_read(struct ledger_entry *e, struct cim_bytes bytes);
void ledger_entry_parts(struct ledger_entry *e);
void ledger_entry_clear(struct ledger_entry *e);
/* As kept in ledger_event; the caller's. */
struct cim_buf ledger_entry_pack(const struct ledger_entry *e);
/* out starts as {0} and is the one before from then on. */
bool ledger_part_next(struct cim_bytes *packed, struct ledger_part *out);

/* ---- whose it is (store_ledger_find.c) ----------------------------------*/

/* A subject by its row. */
struct ledger_hit {
    enum ledger_how how;
    int64_t subject; /* arrival; 0 none */
};

/* Who has this key, as one that names it at `at` means it. */
struct ledger_hit ledger_by_key(struct store_db *db,
                                const struct ledger_key *key,
                                const struct ledger_at *at,
                                enum ledger_how how);
/* URL, else name. */
struct ledger_hit ledger_by_aim(struct store_db *db,
                                const struct ledger_aim *aim,
                                const struct ledger_at *at);
struct ledger_hit ledger_by_link(struct store_db *db,
                                 struct cim_bytes community,
                                 const struct cim_uuid *id);
/* A member of a baseline of this community. */
struct ledger_hit ledger_by_member(struct store_db *db,
                                   struct cim_bytes community,
                                   struct cim_bytes text,
                                   const struct ledger_at *at);
bool ledger_key_held(struct store_db *db, struct cim_bytes key);
/* Where a row of ledger_event stands; len 0 when there is none. */
struct ledger_at ledger_place_of(struct store_db *db, int64_t arrival);
/* 0: none of this name. */
int64_t ledger_who(struct store_db *db, struct cim_bytes community);

/*
 * Where words of a subject are: up to three keys, each with the range in which
 * they are meant for it. A key that is claimed is left out.
 */
struct ledger_source {
    struct ledger_key key;
    struct ledger_at low, high; /* low <= at < high */
    enum ledger_how how;
};
struct ledger_sources {
    struct ledger_source v[3];
    size_t n;
};
/* A subject as rows name it; views lent. */
struct ledger_seed {
    int64_t arrival, who;
    int kind;
    struct cim_bytes community;
    struct cim_uuid id;
    struct ledger_at at;
    struct cim_bytes title, url;
};
void ledger_sources_of(struct store_db *db, const struct ledger_seed *seed,
                       struct ledger_sources *out);

/* A word found: the last of one level, in one source. */
struct ledger_word {
    struct ledger_at at;
    int64_t stamp; /* arrival; 0 none */
    enum ledger_state state;
    enum ledger_how how;
};
/* The number of a level; 0: nobody ever said it. */
int64_t ledger_said_find(struct store_db *db, const char *community,
                         const char *level);
/* The last word of this level; stamp 0 when there is none. */
struct ledger_word ledger_word_in(struct store_db *db,
                                  const struct ledger_source *source,
                                  int64_t said);
struct ledger_word ledger_last_word(struct store_db *db,
                                    const struct ledger_sources *sources,
                                    int64_t said);

/* ---- words, the index (store_ledger_word.c) -----------------------------*/

/* A subject comes: with said 0 that it exists, else its own word. */
void ledger_put_subject(struct store *store, const struct ledger_seed *seed,
                        int64_t topic, int64_t said, enum ledger_state state);
/* A stamp says this of a subject. */
struct ledger_new_word {
    int64_t said, stamp;
    enum ledger_state state;
    const struct ledger_at *at; /* of the stamp */
};
void ledger_say_added(struct store *store, int64_t subject,
                      const struct ledger_new_word *word);
/* What an event at this place said under a key may hold no more. */
void ledger_say_under(struct store *store, const struct ledger_key *key,
                      const struct ledger_at *at, int64_t said);
/* The same for all keys of a stamp but one (store_ledger.c). */
void ledger_say_parts(struct store *store, int64_t stamp,
                      const struct ledger_key *but, int64_t said);
/* A subject of this community came to or left a key; is_url: stamps that have
 * it mean it, or their name. False when nothing is said under it. */
bool ledger_holders_changed(struct store *store, const struct ledger_key *key,
                            int64_t who, const struct ledger_at *at,
                            bool is_url);
/* A step of what has to be looked at again; with each commit. */
void ledger_again(struct store *store);

/* ---- the writer (store_ledger.c) ----------------------------------------*/

struct ledger_news {
    uint64_t arrival;
    int64_t who; /* community */
    int64_t topic;
    bool repeat; /* the community used this id before */
    struct cim_uuid id;
    struct ledger_place at;
    struct cim_bytes bytes;
};
/* An event that was stored. */
void store_ledger_put(struct store *store, const struct ledger_news *news);
/* An event that leaves: before its row does. */
void store_ledger_drop(struct store *store, uint64_t arrival);
/* All of it goes; steps build it again (store_ledger_build.c). */
void store_ledger_forget(struct store *store);
/* STORE_LEDGER. */
void store_ledger_build(struct store *store, struct store_job *job);

#endif

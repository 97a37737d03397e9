/* SPDX-License-Identifier: MPL-2.0 */
/*
 * ledger - which artifact and which baseline is good, and who says so.
 *
 * Derived from the events in the store and from nothing else: rebuildable at
 * any time, the same on every node that holds the same events, in whatever
 * order they came. Kept by the store as it commits (store_ledger*.c); these
 * calls read it. Each is one read transaction, so `each` may not ask the same
 * reader again; what it is given is lent for the call.
 *
 * A subject is an ArtifactCreated or BaselineDefined, named by its community
 * and event id. A stamp is one level that a community says of a subject: with
 * an event ConfidenceLevelModified, or with the artifact's own. Who said it
 * is part of every answer; no time of this node is part of any.
 *
 * How a text finds its subject, always among the events held:
 *   link  {rel subject, of, id}: exactly that one, or nothing;
 *   url   else baselineUrl, artifactUrl: the subject of that kind and URL;
 *   name  else baselineName, artifactName.
 * Subjects of two communities with the same URL or name: nobody's, CLAIMED.
 * Several of one community: the newest that is not later than who names it,
 * else the oldest. One id used twice by a community: the first in order.
 * A stamp has one kind of subject: a baseline when it has a baselineUrl, else
 * an artifact. A URL that nobody has falls to the name; one that is claimed
 * does not. Of one event 64 levels and 16 subject links count, the first ones.
 */
#ifndef CIM_NODE_LEDGER_H
#define CIM_NODE_LEDGER_H

#include "node/store_read.h"

/* Order of everything said: header time, node, epoch, seq; all of it signed. */
struct ledger_place {
    int64_t time_ms; /* of the header the event was sealed under */
    struct store_log log;
    uint64_t seq;
};
/* < 0, 0, > 0 */
int ledger_order(const struct ledger_place *a, const struct ledger_place *b);

/* The exact name of an event: COMMUNITY:ID. */
struct ledger_name {
    char community[CIM_NAME_MAX + 1];
    struct cim_uuid id;
};

enum ledger_kind { LEDGER_ARTIFACT, LEDGER_BASELINE };

struct ledger_subject {
    struct ledger_name name;
    enum ledger_kind kind;
    uint64_t arrival; /* of its event here; differs between nodes */
    struct ledger_place at;
    struct cim_buf topic, title, url, branch; /* owned; title: artifactName or
                                                 baselineName; may be empty */
};
void ledger_subject_clear(struct ledger_subject *subject);

enum ledger_how { /* it was found, or why not */
                  LEDGER_LINKED,
                  LEDGER_BY_URL,
                  LEDGER_BY_NAME,
                  LEDGER_ITSELF,  /* the artifact's own levels */
                  LEDGER_CLAIMED, /* by more than one community */
                  LEDGER_ABSENT   /* no such event is held here */
};
const char *ledger_how_text(enum ledger_how how); /* for people */

/* What a level can be. MISSING, EXPIRED are computed when asked. */
enum ledger_state {
    LEDGER_MISSING,
    LEDGER_QUEUED,
    LEDGER_RUNNING,
    LEDGER_SUCCESS,
    LEDGER_UNSTABLE,
    LEDGER_FAILURE,
    LEDGER_ABORTED,
    LEDGER_INCONCLUSIVE, /* NOT_BUILT too */
    LEDGER_WAIVED,
    LEDGER_EXPIRED
};
const char *ledger_state_text(enum ledger_state state); /* "success" */
enum ledger_state ledger_state_of(struct cim_bytes result);

struct ledger_stamp {
    struct ledger_name by; /* the event that says it */
    uint64_t arrival;
    struct ledger_place at;
    char level[CIM_LEVEL_MAX + 1];
    enum ledger_state state;
    enum ledger_how how;
};

/* ---- subjects -----------------------------------------------------------*/

/* Errors: CIM_ENOENT, CIM_EIO. */
CIM_MUST enum cim_err ledger_get(struct store_reader *reader,
                                 const struct ledger_name *name,
                                 struct ledger_subject *out);

/* Every subject that a person may mean by COMMUNITY:ID, ID, URL or NAME,
 * newest first. Lent for the call; stops when each returns false. */
CIM_MUST enum cim_err
ledger_find(struct store_reader *reader, const char *text,
            bool (*each)(void *ctx, const struct ledger_subject *s), void *ctx);

/* The stamps that hold: for each community and level the last in order. By
 * community, then level. all: the replaced ones too, newest first. */
CIM_MUST enum cim_err
ledger_stamps(struct store_reader *reader, const struct ledger_subject *subject,
              bool all, bool (*each)(void *ctx, const struct ledger_stamp *s),
              void *ctx);

/* One of them: what this community says of it. state MISSING: nothing. */
CIM_MUST enum cim_err ledger_said(struct store_reader *reader,
                                  const struct ledger_subject *subject,
                                  const char *community, const char *level,
                                  struct ledger_stamp *out);

/* What a stamp event stamps; how tells why there is none (subject NULL).
 * Once for each subject link, else once. Errors: CIM_ENOENT (no such stamp),
 * CIM_EIO. */
CIM_MUST enum cim_err
ledger_stamped(struct store_reader *reader, const struct ledger_name *stamp,
               bool (*each)(void *ctx, enum ledger_how how, const char *wanted,
                            const struct ledger_subject *subject),
               void *ctx);

/* The members of a baseline, in its order, then `element` links that name no
 * member yet. wanted: as written; subject NULL when how says so. A member is
 * an event id (its own community's first), COMMUNITY:ID, URL or name. */
CIM_MUST enum cim_err
ledger_members(struct store_reader *reader,
               const struct ledger_subject *baseline,
               bool (*each)(void *ctx, enum ledger_how how, const char *wanted,
                            const struct ledger_subject *member),
               void *ctx);

/* The baselines that this is a direct member of, newest first. */
CIM_MUST enum cim_err
ledger_part_of(struct store_reader *reader,
               const struct ledger_subject *subject,
               bool (*each)(void *ctx, enum ledger_how how,
                            const struct ledger_subject *baseline),
               void *ctx);

/* ---- the newest that holds ----------------------------------------------*/

struct ledger_want {
    char community[CIM_NAME_MAX + 1]; /* who has to say it */
    char level[CIM_LEVEL_MAX + 1];
    enum ledger_state state;
};

struct ledger_query {
    struct cim_prefix prefix;        /* of the subject's topic */
    const char *branch;              /* NULL: any */
    const char *name;                /* NULL: any; a glob over the title */
    const struct ledger_want *wants; /* all have to hold */
    size_t n_wants;
    uint64_t after; /* subjects that arrived later; 0: all */
};

/*
 * Newest first in ledger order; stops when each returns false. Found by an
 * index of what is said, which may be behind for a moment after a subject
 * moved many words: something is then found late, never wrongly.
 */
CIM_MUST enum cim_err
ledger_newest(struct store_reader *reader, const struct ledger_query *query,
              bool (*each)(void *ctx, const struct ledger_subject *s),
              void *ctx);

/* ---- its state ----------------------------------------------------------*/

/* The ledger knows of every event up to *upto of *last; less while it is
 * built anew. */
CIM_MUST enum cim_err ledger_upto(struct store_reader *reader, uint64_t *upto,
                                  uint64_t *last);

/* The subjects that the event with this arrival may have changed the standing
 * of: itself, what it stamps, what names it by URL or name, and every baseline
 * they are in, up to 16 levels. Each subject once; what promotion looks at. */
CIM_MUST enum cim_err
ledger_touched(struct store_reader *reader, uint64_t arrival,
               bool (*each)(void *ctx, const struct ledger_subject *s),
               void *ctx);

#endif

/* SPDX-License-Identifier: MPL-2.0 */
/*
 * store_ledger_reader - what the files that read the ledger share. Private.
 */
#ifndef CIM_NODE_STORE_LEDGER_READER_H
#define CIM_NODE_STORE_LEDGER_READER_H

#include "node/store_ledger.h"
#include "node/store_reader.h"

/* The community of a place. */
void ledger_community(const struct ledger_place *at,
                      char out[CIM_NAME_MAX + 1]);

/* False when there is none. out is the caller's. */
bool ledger_read_subject(struct store_db *db, int64_t arrival,
                         struct ledger_subject *out);
/* Views into the subject. */
struct ledger_seed ledger_seed_of(struct store_db *db,
                                  const struct ledger_subject *s);

/* Rows of ledger_event, by arrival; clear frees. */
struct ledger_list {
    int64_t *v;
    size_t n, cap;
};
void ledger_list_add(struct ledger_list *list, int64_t arrival);
/* Adds the newest subjects of a key, whosever. */
void ledger_list_key(struct store_db *db, const struct ledger_key *key,
                     size_t limit, struct ledger_list *out);
/* Newest first, each once. */
void ledger_list_sort(struct store_db *db, struct ledger_list *list);
void ledger_list_tell(struct store_db *db, const struct ledger_list *list,
                      bool (*each)(void *ctx, const struct ledger_subject *s),
                      void *ctx);
void ledger_list_clear(struct ledger_list *list);

/* What this event stamps, or would if it counted, one after the other; false
 * when it is no stamp. */
bool ledger_each_stamped(struct store_db *db, int64_t arrival,
                         bool (*each)(void *ctx, struct ledger_hit hit,
                                      struct cim_bytes wanted),
                         void *ctx);

/* Whom the name in a stamp means, whatever its URL; 0 nobody. */
int64_t ledger_named_by(struct store_db *db, int64_t stamp);

/*
 * Is the ledger what the events give? In one transaction; a ledger that is
 * behind is not looked at. go_on is asked now and then, with events done.
 * Errors: CIM_EIO.
 */
CIM_MUST enum cim_err ledger_check(struct store_reader *r, bool *fits,
                                   bool (*go_on)(void *ctx, uint64_t done),
                                   void *ctx);

/* Baselines that may have it as a direct member, newest first. */
void ledger_list_part_of(struct store_db *db, const struct ledger_seed *seed,
                         struct ledger_list *out);

#endif

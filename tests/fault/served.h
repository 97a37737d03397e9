/* SPDX-License-Identifier: MPL-2.0 */
/*
 * served - asks a store for everything it has and holds it against the book.
 *
 * Every page of every log, proven slice by slice; every row in arrival order;
 * every event by its id; a proof of every event. A call may refuse (CIM_EIO),
 * name rot, or leave something out: that is counted. Whatever it hands out
 * has to be what the author sealed, and each position once: else it is wrong.
 */
#ifndef CIM_TESTS_SERVED_H
#define CIM_TESTS_SERVED_H

#include "tests/fault/work.h"

struct served {
    size_t pages, rows, found, proofs; /* events handed out, by each way */
    size_t refused;                    /* calls with CIM_EIO */
    size_t rotten;                     /* positions named as rotten */
    size_t missing;                    /* said by `missing` of a page */
    size_t disorder;                   /* rows twice, or not in order */
    char wrong[256];                   /* the first thing that is; or "" */
};

/* All four ways; `books` is what may be served. */
struct served served_all(struct store_reader *reader, const struct book *book);

/* One log over pages of `reader`, as its author's node when `author`. */
void served_pages(struct store_reader *reader, const struct book_log *log,
                  bool author, struct served *out);
void served_rows(struct store_reader *reader, const struct book *book,
                 struct served *out);

/* PRAGMA integrity_check: ok? */
bool integrity_ok(struct store *store);

#endif

/* SPDX-License-Identifier: MPL-2.0 */
/* suggest - the word somebody probably meant. */
#ifndef CIM_NODE_SUGGEST_H
#define CIM_NODE_SUGGEST_H

/*
 * The closest of these words, or NULL when none is close: few letters added,
 * left out, changed or swapped, or the start of just one of them.
 *   words  NULL-terminated
 */
const char *suggest(const char *word, const char *const *words);

#endif

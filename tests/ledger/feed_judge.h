/* SPDX-License-Identifier: MPL-2.0 */
/* feed_judge - what rules decide, as the line of JSON that feed prints. */
#ifndef CIM_TESTS_FEED_JUDGE_H
#define CIM_TESTS_FEED_JUDGE_H

#include "node/promote.h"
#include "node/settings.h"

/* From so many lines of standard input. The caller's. */
struct settings *feed_rules(size_t lines);

/* {"RULE":["outcome","last outcome",EVENT|null|"later"],...} */
void feed_judge(struct store_reader *reader, const struct settings *settings,
                const struct ledger_subject *subject);

#endif

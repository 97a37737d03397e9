/* SPDX-License-Identifier: MPL-2.0 */
/*
 * diff - what two baselines have in common, and what not.
 *
 * Compared is what they consist of, baselines within them opened, and what is
 * said of them. A member of one and a member of the other with the same stem,
 * the name but for its numbers, of the same community, is one that changed.
 */
#ifndef CIM_NODE_DIFF_H
#define CIM_NODE_DIFF_H

#include "node/ledger.h"

#define DIFF_ITEMS_MAX 2048 /* of one baseline, those within it counted */

enum diff_fate {
    DIFF_ALONE,  /* only here: added or removed */
    DIFF_SAME,   /* in both */
    DIFF_CHANGED /* other is its counterpart */
};

struct diff_stamps { /* said differently of the two */
    struct diff_stamp {
        char community[CIM_NAME_MAX + 1];
        char level[CIM_LEVEL_MAX + 1];
        enum ledger_state a, b; /* LEDGER_MISSING: not said */
    } * v;                      /* owned */
    size_t n, cap;
};

struct diff_item {
    bool is_subject;               /* else wanted was found nowhere */
    struct ledger_subject subject; /* owned */
    char *wanted;                  /* owned; as written */
    char *key;                     /* owned; equal for counterparts */
    enum ledger_how how;
    char via[CIM_TEXT_MAX + 1]; /* the baseline within that it is in; "" */
    enum diff_fate fate;
    size_t other;              /* CHANGED: index in the other list */
    struct diff_stamps stamps; /* CHANGED, in b */
};

struct diff_side {
    struct ledger_subject baseline; /* owned */
    struct diff_item *v;            /* owned */
    size_t n, cap;
};

struct diff {
    struct diff_side a, b;
    size_t n_same;
    struct diff_stamps stamps; /* of the baselines themselves */
    bool cut;                  /* one has more than DIFF_ITEMS_MAX members */
};

/* Errors: CIM_ENOENT (not a subject), CIM_EIO. Clear it in any case. */
CIM_MUST enum cim_err diff_make(struct store_reader *reader,
                                const struct ledger_name *a,
                                const struct ledger_name *b, struct diff *out);
void diff_clear(struct diff *diff);

/* For people. */
void diff_text(const struct diff *diff, struct cim_buf *out);

/* The text with its numbers replaced by '#': "odl-1.2.0" is "odl-#". */
void diff_stem(struct cim_bytes text, struct cim_buf *out);

#endif

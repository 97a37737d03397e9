/* SPDX-License-Identifier: MPL-2.0 */
/*
 * settings - cimesh.zpl: this node's own choices, and where its files are.
 *
 * All or nothing: a file with one mistake changes nothing. The keys are one
 * table in settings.c; DESIGN names them, the man page lists them.
 */
#ifndef CIM_NODE_SETTINGS_H
#define CIM_NODE_SETTINGS_H

#include <stdbool.h>

#include "node/follow.h"
#include "node/roster.h"
#include "node/rule.h"

#define SETTINGS_ARGS_MAX 32

struct settings_follow { /* one label under `follow` */
    char label[CIM_NAME_MAX + 1];
    struct cim_prefix *prefixes; /* owned */
    size_t n;
    bool now;
};

struct settings_hook { /* one label under `hooks` */
    char name[CIM_NAME_MAX + 1];
    struct cim_prefix prefix;
    bool backfill;      /* start with what is stored, not at the present */
    unsigned parallel;  /* runs at a time, 1..16; default 1 */
    unsigned timeout_s; /* a run is killed after this; default 3600 */
    char *argv[SETTINGS_ARGS_MAX + 1]; /* owned, NULL-terminated; argv[0]
                                          absolute */
    char *exec;                        /* owned, as written */
};

struct settings {
    char node[CIM_NODE_MAX + 1];
    char community[CIM_NAME_MAX + 1];
    char events[ROSTER_ENDPOINT_MAX + 1]; /* bind; "": a follower */
    char sync[ROSTER_ENDPOINT_MAX + 1];
    bool readers_any;       /* readers = "any" */
    unsigned keep_days;     /* retention by age; 0 for ever */
    uint64_t keep_bytes;    /* retention by size; 0 no limit ("10G" in file) */
    uint64_t reserve_bytes; /* kept for a full disk; default 64 MiB, 0 none */
    char *key_file;         /* owned, absolute; default keys/node.key */
    char *data_file;        /* owned; default data/cimesh.db */
    char *roster_dir;       /* owned; default roster */
    char *api_socket;       /* owned; default run/api.sock */
    char *scratch_dir;      /* owned; default run/hooks */
    struct settings_follow *follows; /* owned */
    size_t n_follows;
    struct settings_hook *hooks; /* owned */
    size_t n_hooks;
    struct rule *rules; /* owned; `promote` */
    size_t n_rules;
};

/* DIR/cimesh.zpl. Errors: as zpl_load; diag says file:line, what to do. */
CIM_MUST enum cim_err settings_load(const char *dir, struct settings **out,
                                    struct cim_diag *diag);
CIM_MUST enum cim_err settings_parse(struct cim_bytes text, const char *name,
                                     const char *dir, struct settings **out,
                                     struct cim_diag *diag);
void settings_destroy(struct settings **settings);

/* Every prefix of every label, as one list. */
void settings_follow_list(const struct settings *settings,
                          struct follow_list *out);

/*
 * Edits DIR/cimesh.zpl in place (temporary file, fsync, rename; comments and
 * order kept): adds or removes a follow of this topic. The label is the
 * topic's community. *changed false when it was so already.
 * Errors: as settings_load, CIM_ENOENT (unfollow: not followed).
 */
CIM_MUST enum cim_err settings_follow_add(const char *dir,
                                          const struct cim_prefix *prefix,
                                          bool now, bool *changed,
                                          struct cim_diag *diag);
CIM_MUST enum cim_err settings_follow_remove(const char *dir,
                                             const struct cim_prefix *prefix,
                                             bool *changed,
                                             struct cim_diag *diag);

#endif

/* SPDX-License-Identifier: MPL-2.0 */
/*
 * hook_private - what the parts of the hooks share.
 *
 * hook_queue.c decides what runs when; a kind runs it. A run is given one
 * event, reports one result, and is asked for it after whatever wakes its
 * kind.
 */
#ifndef CIM_NODE_HOOK_PRIVATE_H
#define CIM_NODE_HOOK_PRIVATE_H

#include "node/hook.h"

#define HOOK_OUTPUT_TAIL 512 /* of what a run wrote, kept with its result */

/* An event to be run: what serve found, and which attempt this is. */
struct hook_event {
    struct store_log log;
    uint64_t seq, arrival;
    uint32_t attempt; /* 1.. */
    bool late;
    int64_t received_ms;
    char name[CIM_NAME_MAX + 1 + CIM_UUID_TEXT_LEN + 1]; /* COMMUNITY:ID */
    struct cim_buf bytes;                                /* owned */
};

/* Where runs happen; lent for the life of the hooks. */
struct hook_place {
    zloop_t *loop;
    char *dir;     /* owned, absolute: CIMESH_DIR */
    char *scratch; /* owned, absolute */
    char *path;    /* owned: PATH of children */
};

struct hook_result {
    bool ok;                       /* accepted: the cursor may move */
    bool lacking;                  /* the machine could not start it now */
    int status;                    /* exit status, or -signal */
    char output[HOOK_OUTPUT_TAIL]; /* printable tail, may be "" */
};

struct hook_run; /* one try, of the kind that started it */

/* A kind of trigger. */
struct hook_kind {
    /* Starts; NULL when that failed, with the result: `lacking` when nothing
     * but descriptors, processes, memory or room were missing. argv and event
     * are lent for the call. */
    struct hook_run *(*start)(const struct hook_place *place, const char *hook,
                              char *const *argv, const struct hook_event *event,
                              struct hook_result *result);
    /* True once it ended, with its result; call destroy then. */
    bool (*ended)(struct hook_run *run, struct hook_result *result);
    /* Ends it: asked the first time, forced when `now`. */
    void (*stop)(struct hook_run *run, bool now);
    /* Is this process one whose end the run waits for? */
    bool (*owns)(const struct hook_run *run, pid_t pid);
    /* Forces an end when there was none yet, and waits for it. */
    void (*destroy)(struct hook_run **run);
};
/* ---- queue: one hook -----------------------------------------------------*/

#define HOOK_SLOTS 16 /* settings allow no more at a time */

enum slot_state {
    SLOT_FREE,
    SLOT_DUE,      /* waits for its time */
    SLOT_STARTING, /* its attempt is being committed */
    SLOT_COUNTED,  /* it was, and waits until the machine can start it */
    SLOT_RUNNING,
    SLOT_SAVING, /* its result is being committed */
    SLOT_UNSAVED /* the store refused the result: again at its time */
};

struct hook_slot {
    struct hook *hook;
    enum slot_state state;
    struct hook_event event;   /* attempt: under way, or the next */
    struct hook_run *run;      /* RUNNING */
    struct hook_result result; /* SAVING, UNSAVED */
    int64_t
        due_mono_ms; /* DUE, COUNTED, UNSAVED; RUNNING: when it is stopped */
    bool asked;      /* RUNNING: was asked to end */
};

struct hook {
    struct hooks *hooks;
    char name[CIM_NAME_MAX + 1];
    struct cim_prefix prefix;
    const struct hook_kind *kind;
    char **argv; /* owned, NULL-terminated */
    char *exec;  /* owned, for people */
    unsigned parallel, timeout_s;
    bool removed;         /* no longer configured: ends when nothing is out */
    uint64_t position;    /* looked at up to here */
    uint64_t saved;       /* the cursor on disk */
    bool save_again;      /* the store refused the cursor */
    int64_t save_mono_ms; /* when to try again */
    unsigned cursor_jobs; /* jobs out that are about no slot */
    bool asked;           /* a serve task is out */
    int64_t ask_mono_ms;  /* no serve task before */
    struct hook_slot slots[HOOK_SLOTS];
};

struct hooks {
    struct hooks_config config;
    struct hook_place place;
    uint64_t last; /* newest arrival known */
    bool draining;
    struct hook **v; /* owned */
    size_t n, cap;
};

int64_t hooks_wall_ms(const struct hooks *hooks);
int64_t hooks_mono_ms(const struct hooks *hooks);

/* Everything up to here is accepted or did not match. */
uint64_t hook_cursor(const struct hook *hook);
/* Commits the cursor as it stands. */
void hook_save_cursor(struct hook *hook);
/* Does what is due: starts, saves, asks for the next event. */
void hook_pump(struct hook *hook);
void hook_poll(struct hook *hook); /* notices runs that ended */
bool hook_owns(const struct hook *hook, pid_t pid); /* of a run under way */
void hook_limit(struct hook *hook); /* ends runs that last too long */
void hook_served(struct hook *hook, struct serve_task *task); /* takes */
void hook_job_done(struct hook *hook, struct store_job *job); /* takes */
/* No run and nothing with the store or serve. */
bool hook_idle(const struct hook *hook);

/* ---- exec: a child process ----------------------------------------------*/

extern const struct hook_kind hook_exec;

/* Kills what an earlier run of the node left behind: processes that work in
 * the scratch folder or have the environment of a hook of this site. Empties
 * the folder. */
void hook_exec_recover(const struct hook_place *place);
/* Removes these n trees; the pid of the process that does, or 0. */
pid_t hook_remove_folders(char *const *dirs, size_t n);

/*
 * The environment of a child: NULL-terminated, every string and the array
 * owned by the caller. Names are fixed, none comes from an event.
 */
char **hook_env_new(const struct hook_place *place,
                    const struct hook_event *event);
void hook_env_destroy(char ***env);

#endif

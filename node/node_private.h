/* SPDX-License-Identifier: MPL-2.0 */
/*
 * node_private - the state of a running node; node*.c share it, nobody else.
 *
 *   node.c        start order, stop order, exit codes
 *   node_loop.c   what the loop wakes up for: pipes, signals, ticks
 *   node_files.c  settings and roster: first load, warnings
 *   node_reload.c what changed, and its application
 *   node_api.c    calls of the HTTP thread
 *   node_promote.c  rules: the judge's thread, and what it needs
 *   node_note.c   what the mesh has to say, as log lines
 */
#ifndef CIM_NODE_NODE_PRIVATE_H
#define CIM_NODE_NODE_PRIVATE_H

#include <czmq.h>

#include "node/cmd.h"
#include "node/hook.h"
#include "node/http.h"
#include "node/link.h"
#include "node/mesh.h"
#include "node/promoter.h"
#include "node/roster_file.h"
#include "node/serve.h"
#include "node/settings.h"
#include "node/store_thread.h"

#define NODE_TICK_MS  100
#define NODE_PURGE_MS 60000

/* Jobs in the store thread: above the first, SUBs are left unread until it
 * is down to the second. Below the 64 at which the mesh drops live slices:
 * what libzmq's queue holds is not lost. */
#define NODE_JOBS_HIGH 48
#define NODE_JOBS_LOW  16

/* Stopping: hooks may end by themselves so long; then all goes. */
#define NODE_HOOKS_MS 2000
#define NODE_STOP_MS  4500

/* Without room: retention, if there is any, is tried this often. */
#define NODE_PURGE_LOW_MS 5000

enum node_storage {
    NODE_STORAGE_OK,
    NODE_STORAGE_LOW, /* the reserve is given up: no more events */
    NODE_STORAGE_FULL,
    NODE_STORAGE_READ_ONLY,
    NODE_STORAGE_FAILED
};

struct node {
    const char *dir;
    zloop_t *loop;
    int signal_fd;
    int exit_code;

    struct settings *settings; /* owned, as all below */
    struct cim_identity *identity;
    struct roster *roster;            /* in force */
    struct roster_accepted *accepted; /* roster files as last accepted */
    size_t n_accepted;
    struct store *store; /* until its thread takes it */
    struct store_thread *store_thread;
    struct serve *serve;
    struct mesh *mesh;
    struct links *links;
    struct hooks *hooks;
    struct hook_known *known; /* where hooks stand, as committed */
    size_t n_known;
    struct judge *judge;
    struct promoter *promoter;
    struct http *http;
    struct api_call **calls; /* the mesh has their requests and searches */
    size_t n_calls, cap_calls;

    enum node_storage storage;
    size_t jobs_out; /* given to the store thread, not back yet */
    uint64_t last_arrival;
    int64_t started_ms, purge_mono_ms;
    char *warnings[16]; /* of files: what somebody should look at */
    size_t n_warnings;
    int health; /* as last told to HTTP: -1 never, 0, 1 */
    bool told_ready;
    int64_t stop_mono_ms; /* asked to stop then; 0 */
    bool stop_now;
};

/* ---- node_files.c -------------------------------------------------------*/

/* What of the settings says: in diag. Each returns an exit code, 0 is fine. */
int node_load_settings(struct node *node, struct cim_diag *diag);
/* Own keys; needs settings. */
int node_load_identity(struct node *node, struct cim_diag *diag);
/* Roster folder against the versions in the store, which it updates; needs
 * settings, identity and the open store. */
int node_load_roster(struct node *node, struct cim_diag *diag);
/* Hands the follows of the settings to the mesh. */
void node_apply_follows(struct node *node);
/* Where each hook stands: a hook taken out and put back goes on there. */
CIM_MUST enum cim_err node_load_hooks(struct node *node);
void node_hook_saved(struct node *node, const struct store_job *job);
/* Our own entry must be there, with the keys we have: others hold the same
 * file and would refuse what we sign otherwise. */
bool node_own_entry_fits(const struct node *node, const struct roster *roster,
                         struct cim_diag *diag);
/* Remembers one change; what the store is to keep of it, or NULL. */
struct store_job *node_accept_change(struct node *node,
                                     const struct roster_change *change);
/* Anew after each load: what was put right is no longer told. */
void node_find_warnings(struct node *node, const struct roster_load *load);
void node_warnings_clear(struct node *node);

/* ---- node_reload.c ------------------------------------------------------*/

/*
 * Reads all files again and applies the difference; out gets a line for each
 * change, and then one for each roster file that was refused, so many in
 * *refused. Errors: CIM_EFORM and others, with diag; then nothing changed.
 */
CIM_MUST enum cim_err node_reload(struct node *node, struct cim_buf *out,
                                  size_t *refused, struct cim_diag *diag);

/* ---- node_loop.c --------------------------------------------------------*/

/* Blocks the signals the loop reads; before any thread starts. -1: errno. */
int node_signals_open(void);
/* Registers everything with the loop, then runs it until the end. */
void node_run_loop(struct node *node);
/* For the store thread; counted, so that it is not fed faster than it eats. */
void node_submit(struct node *node, struct store_job *job);
/* Bytes that rotted on the disk: set aside, fetched again by the mesh. */
void node_set_aside(struct node *node, const struct store_log *log,
                    uint64_t seq, uint64_t arrival);

/* ---- node_promote.c -----------------------------------------------------*/

/* The judge's thread and its half in the loop. Returns an exit code. */
int node_start_promoter(struct node *node, struct cim_diag *diag);

/* ---- node_api.c, node_note.c --------------------------------------------*/

void node_api(struct node *node, struct api_call *call);
/* A request of API_PUBLISH came back from the mesh. */
void node_api_answered(struct node *node, struct mesh_request *request);
/* A search of API_FIND came back from the mesh. */
void node_api_found(struct node *node, struct mesh_find *find);
/* After the mesh is gone: calls that got no answer. */
void node_api_clear(struct node *node);
void node_note(void *ctx, const struct mesh_note *note);

#endif

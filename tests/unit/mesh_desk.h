/* SPDX-License-Identifier: MPL-2.0 */
/*
 * mesh_desk - one mesh with a real store, and the world around it by hand.
 *
 * The node is opnfv/ci-1; its roster has odl/ci-1 and onap/ci-1. The test
 * plays both: it seals their batches, sends their slices, answers what they
 * are asked, from a store of theirs where that is wanted. Nothing happens by
 * itself: time passes and disks turn when the test says so.
 */
#ifndef CIM_TESTS_MESH_DESK_H
#define CIM_TESTS_MESH_DESK_H

#include "node/mesh.h"
#include "tests/unit/store_help.h"

#define DESK_MAX 256
#define ODL      "odl/ci-1"
#define ONAP     "onap/ci-1"
#define SELF     "opnfv/ci-1"

struct desk_frame { /* asked of a peer, or published under a topic */
    char to[CIM_TOPIC_MAX + 1];
    struct cim_buf frame;
    bool answered;
    unsigned order; /* among all that went out */
};

struct desk {
    struct mesh *mesh;
    struct store *store, *theirs;
    struct store_reader *reader, *their_reader;
    struct author self, odl, onap;
    struct roster *roster;
    struct follow_list follows;
    int64_t mono_ms, wall_ms;
    bool full, low; /* the disk */
    struct desk_frame asked[DESK_MAX], published[DESK_MAX];
    size_t n_asked, n_published;
    struct store_job *jobs[DESK_MAX];
    size_t n_jobs;
    struct mesh_have_ask *haves[DESK_MAX];
    size_t n_haves;
    struct mesh_request *answered[DESK_MAX];
    unsigned answered_order[DESK_MAX];
    size_t n_answered;
    struct mesh_find *found[DESK_MAX];
    size_t n_found;
    struct mesh_note notes[DESK_MAX]; /* texts are not kept */
    size_t n_notes;
    unsigned order;
    uint64_t stored;  /* newest arrival told */
    uint64_t commits; /* jobs committed */
};

/* cmocka's set-up and tear-down; *state is a struct desk, not yet started. */
int desk_up(void **state);
int desk_down(void **state);

void desk_follow(struct desk *d, const char *prefix, bool now);
/* Starts, with the roster and the follows as they are. */
void desk_start(struct desk *d);
/* Stops and starts again from what the store holds. */
void desk_restart(struct desk *d);
/* Starts anew, and both peers say that they are there and hold nothing. */
void desk_meet(struct desk *d);
/* Commits the oldest job. */
void desk_turn(struct desk *d);
/* Commits what was submitted and counts what is held, until nothing waits. */
void desk_disk(struct desk *d);
/* Time passes in steps of 250 ms, with the disk turning. */
void desk_pass(struct desk *d, int64_t ms);

/* The bytes of an event of this topic; NULL: of no event. */
void desk_event(const char *topic, const struct cim_uuid *id, const char *url,
                struct cim_buf *out);
/* n events of this topic; topic NULL: bytes that are no event. */
struct sealed *desk_seal(struct author *a, const char *topic, size_t n);
/* A slice of all of it. Owned by the caller. */
struct cim_buf desk_slice(const struct sealed *s);
/* Sends it as its author does, and lets the disk turn. */
void desk_live(struct desk *d, const struct sealed *s, const char *topic);
void desk_beacon(struct desk *d, const char *peer, const struct sealed *s);

/* The newest ask of this kind that has no answer; fails the test if none. */
struct desk_frame *desk_asked(struct desk *d, const char *peer,
                              enum cim_sync_kind kind, struct cim_sync *msg);
bool desk_was_asked(struct desk *d, const char *peer, enum cim_sync_kind kind);
/* Answers a heads ask with these headers, each with all its events held. */
void desk_heads(struct desk *d, const char *peer, struct sealed *const *s,
                size_t n);
/* Answers a fetch from their store; self as that peer. */
void desk_page(struct desk *d, const char *peer);
/* Answers a fetch: no slices, this far. */
void desk_empty_page(struct desk *d, const char *peer, uint64_t covered,
                     uint64_t last);

/* Answers a find with these slices, as this peer. */
void desk_found(struct desk *d, const char *peer, const struct cim_buf *slices,
                size_t n);
/* Answers an ask of this kind as one that does not know it. */
void desk_refuses(struct desk *d, const char *peer, enum cim_sync_kind kind);

/* A request with one event of this topic and id; given tells contents. */
struct mesh_request *desk_request(const char *topic, uint64_t id,
                                  unsigned given);

uint64_t desk_held(struct desk *d, const struct author *a);
uint64_t desk_cursor(struct desk *d, const struct author *a,
                     const char *prefix);
uint64_t desk_refused(struct desk *d, enum cim_err reason);
size_t desk_noted(const struct desk *d, enum mesh_note_kind kind);

/* The i-th request that was answered. */
struct mesh_request *desk_answer(const struct desk *d, size_t i);
/* Slices published, beacons left out. */
size_t desk_slices(const struct desk *d, struct cim_slice *last);
/* What status shows now. */
struct view_status desk_status(const struct desk *d);
/* A batch of odl's that its store, and so everybody's, holds. */
struct sealed *desk_theirs(struct desk *d, const char *topic, size_t n);
/* The next list of heads of both, at the next poll. */
void desk_poll(struct desk *d);

#endif

/* SPDX-License-Identifier: MPL-2.0 */
/*
 * sim - nodes of the real mesh over real stores, in a simulated world.
 *
 * One process, no threads, no sockets, no clock: an event queue decides what
 * happens next, a seed decides everything that is chance, so a seed names a
 * run and a run can be repeated. Up to five communities with a node each (and
 * maybe a clone of one), real signatures, real SQLite in memory. Simulated
 * are the network (loss, delay, partitions), the disk (latency, no room, what
 * was not yet committed is lost in a crash), clocks, operators and liars.
 *
 *   sim_plan.c   what goes wrong when: made from a seed, printed, cut short
 *   sim_case.c   the same, thought out by hand
 *   sim.c        the queue, one run
 *   sim_node.c   a node: start, crash, disk, clock, effects of its mesh
 *   sim_net.c    what its peers get of what it sends, and what liars answer
 *   sim_act.c    faults, one by one
 *   sim_check.c  what must hold, during the run and after it
 *   main.c       many seeds, one seed, the shortest plan that still fails
 */
#ifndef CIM_TESTS_SIM_H
#define CIM_TESTS_SIM_H

#include "keys/identity.h"
#include "node/mesh.h"
#include "node/store.h"
#include "node/store_read.h"
#include "tests/unit/chance.h"

#define SIM_NAMES    5               /* communities "a" to "e" */
#define SIM_NODES    (SIM_NAMES + 1) /* and one clone */
#define SIM_TOPICS   3
#define SIM_ALL      SIM_TOPICS /* the prefix that is everything of a community */
#define SIM_PREFIXES (SIM_TOPICS + 1)
#define SIM_KEYS     6   /* versions of a name's key */
#define SIM_ACTS     400 /* in a plan */

/* ---- plans ---------------------------------------------------------------*/

enum sim_kind {
    SIM_PUB, /* topics[n] */
    SIM_CRASH,
    SIM_START,
    SIM_BACKUP,
    SIM_RESTORE,
    SIM_CLONE, /* mask: who is routed to it from now on */
    SIM_PART,  /* other */
    SIM_UNPART,
    SIM_FOLLOW, /* other: whom; n: prefix; flag: since now */
    SIM_CLOCK,  /* ms */
    SIM_FULL,
    SIM_ROOM,
    SIM_PURGE, /* n: percent */
    SIM_EQUIV, /* n events in the second batch */
    SIM_ROTATE,
    SIM_ROSTER,
    SIM_SYNCDEAD, /* flag */
    SIM_KILL,
    SIM_ROT, /* other: whose events, all of them */
    SIM_KINDS
};

struct sim_act {
    int64_t at_ms;
    enum sim_kind kind;
    unsigned node, other, mask, n;
    int64_t ms;
    bool flag;
    uint8_t topics[6];
};

enum sim_lie { SIM_HONEST, SIM_EMPTY, SIM_STUCK, SIM_STALE, SIM_GARBLED };

struct sim_plan {
    unsigned n_nodes;
    int64_t heal_ms;              /* from here on everything works again */
    unsigned drop_pub, drop_sync; /* percent */
    uint8_t follows[SIM_NAMES][SIM_NAMES]; /* bits: prefixes wanted of whom */
    unsigned liar;
    enum sim_lie lie;
    bool equivocates; /* node a */
    bool cloned[SIM_NAMES];
    struct sim_act acts[SIM_ACTS];
    unsigned n_acts;
};
void sim_plan_make(struct sim_plan *plan, uint64_t seed);
void sim_plan_print(const struct sim_plan *plan);

/* A plan made by hand: what a random one hardly meets. */
struct sim_case {
    const char *name;
    void (*make)(struct sim_plan *plan);
};
extern const struct sim_case sim_cases[];
extern const size_t sim_n_cases;
void sim_act_print(const struct sim_act *act);

/* ---- what a node holds, as the checker sees it ---------------------------*/

struct sim_place {
    uint64_t epoch, seq; /* seq 0: a free slot */
    uint64_t leaf;       /* first bytes of the event's leaf hash */
    int64_t received_ms;
    uint8_t name, topic;
    uint8_t key; /* version that signed it; acked ones only */
    bool stored; /* else refused or purged */
    bool rotted; /* set aside: as if it had never come */
};
/* Open addressing. {0} is empty. */
struct sim_places {
    struct sim_place *v;
    size_t n, cap;
};
struct sim_place *sim_place_find(const struct sim_places *set, unsigned name,
                                 uint64_t epoch, uint64_t seq);
struct sim_place *sim_place_add(struct sim_places *set,
                                const struct sim_place *place);
void sim_places_copy(struct sim_places *to, const struct sim_places *from);

/* Where a follow since now began. */
struct sim_start {
    unsigned name, prefix;
    uint64_t epoch, seq;
};

/* ---- the world -----------------------------------------------------------*/

struct sim;
struct sim_node;

/* Something that will happen. Owns topic and frame. */
struct sim_event {
    int64_t at_ms;
    uint64_t order;
    void (*run)(struct sim *sim, struct sim_event *event);
    unsigned node, gen, from;
    struct cim_buf topic, frame;
    void *p; /* a have ask */
    struct sim_act act;
};

/* What a reply said: for the check that no cursor passes what was there. */
struct sim_reply {
    unsigned name;
    uint64_t epoch, after;
    uint64_t seqs[64];
    uint8_t topics[64];
    unsigned n;
};

struct sim_state { /* all that a backup holds */
    struct cim_buf store;
    struct sim_places places;
    struct sim_start starts[64];
    unsigned n_starts;
    uint64_t last_epoch, last_seq;
};

struct sim_node {
    struct sim *sim;
    unsigned index, name;
    bool up, killed, full, syncdead;
    unsigned gen; /* of its run: what was sent to an older one is lost */
    int64_t off_ms;
    unsigned key;                   /* version it signs with */
    unsigned known_keys[SIM_NAMES]; /* versions its roster knows */
    struct store *store;
    struct store_reader *reader;
    struct mesh *mesh;
    struct follow_list follows;
    struct store_job **jobs; /* given to the disk, not committed */
    size_t n_jobs, cap_jobs;
    bool committing;
    unsigned sealed; /* own jobs among them */
    struct sim_places places;
    struct sim_start starts[64];
    unsigned n_starts;
    uint64_t last_epoch, last_seq; /* newest own position committed */
    struct sim_state backup;
    bool has_backup;
    unsigned equiv; /* events of the second batch to give to some */
    struct sim_reply reply;
    int64_t published_ms;
};

struct sim_count {
    uint64_t events, pubs, heads, fetches, pages, acked, stored;
};

struct sim {
    const struct sim_plan *plan;
    bool trace;
    struct chance chance;
    int64_t now_ms;
    uint64_t order;
    struct sim_event **queue; /* a heap */
    size_t n_queue, cap_queue;
    struct sim_node nodes[SIM_NODES];
    unsigned n_nodes;
    unsigned route[SIM_NODES][SIM_NAMES]; /* who answers to a name */
    bool parted[SIM_NODES][SIM_NODES];
    unsigned drop_pub, drop_sync;
    unsigned keys[SIM_NAMES]; /* newest version */
    uint64_t upto[SIM_NAMES][SIM_KEYS][2];
    struct sim_places oracle, acked;
    uint64_t serial; /* of events */
    struct sim_count count;
    uint64_t quiet_fetches; /* in the window where nothing is new */
    bool quiet;
    bool noticed[SIM_NAMES], alarm[SIM_NAMES];
    unsigned violations;
    char first[200], kind[16]; /* of the first violation */
};

/* Runs a plan; sim is zeroed first, and cleared by sim_clear. */
void sim_run(struct sim *sim, const struct sim_plan *plan, uint64_t seed,
             bool trace);
void sim_clear(struct sim *sim);
/* Puts an event in; its fields are to be filled by the caller. */
struct sim_event *sim_at(struct sim *sim, int64_t in_ms,
                         void (*run)(struct sim *, struct sim_event *));
void sim_violation(struct sim *sim, const char *kind, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
void sim_trace(const struct sim *sim, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
/* 0..n-1 */
unsigned sim_chance(struct sim *sim, unsigned n);

/* ---- nodes ---------------------------------------------------------------*/

void sim_node_init(struct sim *sim, unsigned index, unsigned name);
void sim_node_clear(struct sim_node *node);
void sim_node_start(struct sim_node *node);
void sim_node_crash(struct sim_node *node);
void sim_node_roster(struct sim_node *node);
void sim_node_backup(struct sim_node *node, struct sim_state *out);
void sim_node_restore(struct sim_node *node, const struct sim_state *from);
void sim_state_clear(struct sim_state *state);
void sim_node_publish(struct sim_node *node, const uint8_t *topics, unsigned n);
const struct cim_identity *sim_identity(unsigned name, unsigned key);
void sim_identities_clear(void);
void sim_name(unsigned name, char out[static CIM_NODE_MAX + 1]);
unsigned sim_name_of(const char *node);
unsigned sim_topic_of(struct cim_bytes topic);
void sim_prefix(unsigned name, unsigned prefix, struct cim_prefix *out);

/* ---- network -------------------------------------------------------------*/

void sim_net_publish(struct sim_node *node, struct cim_bytes topic,
                     struct cim_bytes frame);
void sim_net_ask(struct sim_node *node, const char *peer,
                 struct cim_bytes frame);
struct sim_node *sim_peer(struct sim *sim, const struct sim_node *node,
                          unsigned name);
bool sim_connected(const struct sim *sim, const struct sim_node *a,
                   const struct sim_node *b);

/* ---- faults and checks ---------------------------------------------------*/

void sim_act(struct sim *sim, struct sim_event *event);
void sim_heal(struct sim *sim);

void sim_check_job(struct sim_node *node, const struct store_job *job);
void sim_check_purge(struct sim_node *node);
void sim_check_acked(struct sim_node *node, const struct mesh_request *r);
void sim_check_note(struct sim_node *node, const struct mesh_note *note);
void sim_check_end(struct sim *sim);

#endif

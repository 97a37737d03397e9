/* SPDX-License-Identifier: MPL-2.0 */
/*
 * failpoint_list - the moments at which a test may stop, delay or fail a node.
 *
 * X(name, label, meaning): FAILPOINT(name) stands in the code at that moment,
 * the label is what $CIMESH_FAILPOINT and `cimesh failpoints` call it. A row
 * here without a place in the code is found by tests/lint/failpoints.sh.
 */
#ifndef CIM_NODE_FAILPOINT_LIST_H
#define CIM_NODE_FAILPOINT_LIST_H

#define FAILPOINTS(X)                                                          \
    /* start and end */                                                        \
    X(MIGRATION_STEP, "migration-step", "a statement of a new schema ran")     \
    X(MIGRATION_DONE, "migration-done", "the schema was committed")            \
    X(START_STORE, "start-store", "start: the store is open")                  \
    X(START_LINKS, "start-links", "start: the sockets are open")               \
    X(START_HOOKS, "start-hooks", "start: hooks are known, leftovers ended")   \
    X(START_READY, "start-ready", "start: all parts run")                      \
    X(STOP_ASKED, "stop-asked", "a signal asked for the end")                  \
    X(STOP_DRAINED, "stop-drained", "nothing is under way any more")           \
    X(STOP_STORE, "stop-store", "all jobs are committed, not yet closed")      \
    /* a request to publish */                                                 \
    X(REQUEST_READ, "request-read", "a publish request has come in whole")     \
    X(REQUEST_PARSED, "request-parsed", "its events are ready to be signed")   \
    X(BATCH_SIGNED, "batch-signed", "a batch is signed, not yet given away")   \
    X(EPOCH_BEGUN, "epoch-begun", "the first batch of an epoch is signed")     \
    X(OWN_COMMITTED, "own-committed", "a batch is stored, nobody knows")       \
    X(PUB_SENT, "pub-sent", "a message went to the PUB socket")                \
    X(ANSWER_GIVEN, "answer-given", "the loop answered, HTTP has not")         \
    X(REPLY_MADE, "reply-made", "the reply is made, not sent")                 \
    X(REPLY_SENT, "reply-sent", "the reply left for the client")               \
    /* a transaction; error: it fails as SQLite would */                       \
    X(STORE_BEGIN, "store-begin", "a transaction began")                       \
    X(STORE_LOG, "store-log", "a new log has its row")                         \
    X(STORE_EVENT, "store-event", "an event has its row")                      \
    X(STORE_POSITION, "store-position", "a position has its row")              \
    X(STORE_OWN, "store-own", "an own id has its row")                         \
    X(STORE_BATCH, "store-batch", "a header and its tree are written")         \
    X(STORE_HEAD, "store-head", "the state of a log is written")               \
    X(STORE_CURSOR, "store-cursor", "a cursor moved")                          \
    X(STORE_GAP, "store-gap", "a gap has its row")                             \
    X(STORE_REFUSED, "store-refused", "a refused position has its row")        \
    X(STORE_START, "store-start", "a follow has its first cursor")             \
    X(STORE_ROSTER, "store-roster", "a roster file has its row")               \
    X(STORE_COUNTER, "store-counter", "a counter was raised")                  \
    X(STORE_RUN, "store-run", "a run of a hook has its row")                   \
    X(STORE_RUN_END, "store-run-end", "the result of a run is written")        \
    X(STORE_HOOK, "store-hook", "the cursor of a hook moved")                  \
    X(STORE_PURGE, "store-purge", "an event past retention was removed")       \
    X(STORE_ASIDE, "store-aside", "a rotten event was set aside")              \
    X(STORE_COMMIT, "store-commit", "all is written, before COMMIT")           \
    X(STORE_COMMITTED, "store-committed", "COMMIT returned")                   \
    X(STORE_CHECKPOINT, "store-checkpoint", "before the WAL is copied back")   \
    X(STORE_CHECKPOINTED, "store-checkpointed", "the WAL was copied back")     \
    /* between nodes */                                                        \
    X(LIVE_RECEIVED, "live-received", "a live message came in")                \
    X(LIVE_GIVEN, "live-given", "a live message was given to the store")       \
    X(PAGE_ASKED, "page-asked", "a question went to a peer")                   \
    X(PAGE_RECEIVED, "page-received", "an answer of a peer came in")           \
    X(PAGE_GIVEN, "page-given", "an answer of a peer was worked on")           \
    X(PAGE_STORED, "page-stored", "what a peer sent is stored")                \
    X(PAGE_SENT, "page-sent", "a page went to a peer")                         \
    X(HEADS_SENT, "heads-sent", "a list of heads went to a peer")              \
    /* hooks; error at hook-launch: no child can be made */                    \
    X(HOOK_LAUNCH, "hook-launch", "an attempt is counted, before the fork")    \
    X(HOOK_FORKED, "hook-forked", "the child of a hook runs")                  \
    X(HOOK_REAPED, "hook-reaped", "the child of a hook was collected")         \
    X(HOOK_SAVED, "hook-saved", "the result of a run is stored")               \
    /* promotion */                                                            \
    X(JUDGE_WALKED, "judge-walked", "a stretch is judged, nobody knows")       \
    X(PROMOTE_DUE, "promote-due", "decisions are made, not yet published")     \
    X(PROMOTE_SAID, "promote-said", "they are committed, the cursor is not")   \
    /* files */                                                                \
    X(ROSTER_SWAPPED, "roster-swapped", "a new roster is in force")            \
    X(RELOAD_DONE, "reload-done", "all that was reloaded is in force")         \
    X(FILE_WRITTEN, "file-written", "a new file is there, under no name yet")  \
    X(FILE_NAMED, "file-named", "a new file has its name, folder unsynced")    \
    X(BACKUP_STEP, "backup-step", "some pages of a backup are copied")         \
    X(BACKUP_WHOLE, "backup-whole", "a backup is whole, without its name")     \
    X(BACKUP_NAMED, "backup-named", "a backup has its name")

#endif

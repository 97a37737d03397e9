/* SPDX-License-Identifier: MPL-2.0 */
/*
 * store_sql - every statement of the store by name, and how one is run.
 *
 * Private to node/store*.c. A connection keeps each statement it has used
 * prepared. The first failure on a connection sticks: until sql_clear, no
 * statement runs and every look-up finds nothing, so a whole job is written
 * straight down and checked once at its end, as with struct cim_buf.
 */
#ifndef CIM_NODE_STORE_SQL_H
#define CIM_NODE_STORE_SQL_H

#include <stdbool.h>

#include <sqlite3.h>

#include "keys/bytes.h"
#include "node/store_ledger_sql.h"

/* What a row of position says in its column arrival, when it is not one. */
#define PLACE_PURGED  0
#define PLACE_REFUSED (-1)

#define STORE_ROW_COLUMNS                                                      \
    "e.arrival, e.received, f.node, l.epoch, e.seq, t.name, e.id, e.flags,"    \
    " e.bytes, e.log, e.batch"
#define STORE_ROW_FROM                                                         \
    " FROM event e JOIN log l ON l.id = e.log JOIN feed f ON f.id = l.feed"    \
    " LEFT JOIN topic t ON t.id = e.topic "

/* X(name, text) */
#define STORE_SQL(X)                                                           \
    /* transactions */                                                         \
    X(SQL_BEGIN_WRITE, "BEGIN IMMEDIATE")                                      \
    X(SQL_BEGIN_READ, "BEGIN")                                                 \
    X(SQL_COMMIT, "COMMIT")                                                    \
    X(SQL_ROLLBACK, "ROLLBACK")                                                \
    X(SQL_META_GET, "SELECT value FROM meta WHERE name = ?")                   \
    X(SQL_ARRIVAL_LEAST,                                                       \
      "SELECT max((SELECT coalesce(max(arrival), 0) FROM event),"              \
      " (SELECT coalesce(max(cursor), 0) FROM hook),"                          \
      " (SELECT coalesce(max(arrival), 0) FROM run))")                         \
    X(SQL_BYTES, "SELECT coalesce(sum(length(bytes)), 0) FROM event")          \
    X(SQL_META_PUT, "INSERT OR REPLACE INTO meta(name, value) VALUES(?, ?)")   \
    /* interned names */                                                       \
    X(SQL_COMMUNITY_GET, "SELECT id FROM community WHERE name = ?")            \
    X(SQL_COMMUNITY_PUT, "INSERT INTO community(name) VALUES(?)")              \
    X(SQL_FEED_GET, "SELECT id, community FROM feed WHERE node = ?")           \
    X(SQL_FEED_PUT, "INSERT INTO feed(node, community) VALUES(?, ?)")          \
    X(SQL_TOPIC_GET, "SELECT id FROM topic WHERE name = ?")                    \
    X(SQL_TOPIC_PUT, "INSERT INTO topic(name) VALUES(?)")                      \
    X(SQL_TOPIC_NAME, "SELECT name FROM topic WHERE id = ?")                   \
    X(SQL_TOPIC_RANGE, "SELECT id FROM topic WHERE name >= ? AND name < ?")    \
    /* logs */                                                                 \
    X(SQL_LOG_GET,                                                             \
      "SELECT l.id, header, sig, sum, high, top, held, floor,"                 \
      " min_time, max_time, f.community, EXISTS(SELECT 1 FROM equivocation"    \
      " q WHERE q.log = l.id) FROM feed f JOIN log l ON l.feed = f.id"         \
      " WHERE f.node = ? AND l.epoch = ?")                                     \
    X(SQL_LOG_PUT, "INSERT INTO log(feed, epoch) VALUES(?, ?)")                \
    X(SQL_LOG_SET,                                                             \
      "UPDATE log SET header = ?, sig = ?, sum = ?, high = ?, top = ?,"        \
      " held = ?, floor = ?, min_time = ?, max_time = ? WHERE id = ?")         \
    X(SQL_LOG_NAME, "SELECT f.node, l.epoch FROM log l JOIN feed f"            \
                    " ON f.id = l.feed WHERE l.id = ?")                        \
    X(SQL_LOG_FIND, "SELECT l.id, header, sig, sum FROM feed f JOIN log l"     \
                    " ON l.feed = f.id WHERE f.node = ? AND l.epoch = ?")      \
    X(SQL_LOG_EACH,                                                            \
      "SELECT f.node, l.epoch, l.id, l.header, l.sig, l.sum, l.held,"          \
      " l.floor, l.min_time, l.max_time, q.b, q.b_sig FROM feed f JOIN log"    \
      " l ON l.feed = f.id LEFT JOIN equivocation q ON q.log = l.id"           \
      " ORDER BY f.node, l.epoch")                                             \
    X(SQL_EQUIVOCATION_PUT,                                                    \
      "INSERT OR IGNORE INTO equivocation(log, a, a_sig,"                      \
      " b, b_sig) VALUES(?, ?, ?, ?, ?)")                                      \
    X(SQL_CURSOR_GET, "SELECT upto FROM cursor WHERE log = ? AND prefix = ?")  \
    X(SQL_CURSOR_SET, "INSERT OR REPLACE INTO cursor(log, prefix, upto)"       \
                      " VALUES(?, ?, ?)")                                      \
    X(SQL_CURSOR_START, "INSERT OR IGNORE INTO cursor(log, prefix, upto)"      \
                        " VALUES(?, ?, ?)")                                    \
    X(SQL_CURSOR_EACH, "SELECT prefix, upto FROM cursor WHERE log = ?")        \
    X(SQL_GAP_EACH, "SELECT first, n FROM gap WHERE log = ? ORDER BY first")   \
    X(SQL_GAP_DROP, "DELETE FROM gap WHERE log = ?")                           \
    X(SQL_GAP_PUT, "INSERT INTO gap(log, first, n) VALUES(?, ?, ?)")           \
    X(SQL_KEY_PUT, "INSERT OR IGNORE INTO key(node, key) VALUES(?, ?)")        \
    X(SQL_KEY_EACH, "SELECT node, key FROM key ORDER BY node")                 \
    /* batches, positions, events */                                           \
    X(SQL_BATCH_NEXT, "SELECT coalesce(max(id), 0) + 1 FROM batch")            \
    X(SQL_BATCH_AT, "SELECT id, log, header, sig, sum, nodes, held FROM batch" \
                    " WHERE log = ? AND first = ?")                            \
    X(SQL_BATCH_GET, "SELECT id, log, header, sig, sum, nodes, held FROM"      \
                     " batch WHERE id = ?")                                    \
    X(SQL_BATCH_NEAR,                                                          \
      "SELECT header, sig FROM batch WHERE log = ?1 AND first BETWEEN"         \
      " coalesce((SELECT max(first) FROM batch WHERE log = ?1"                 \
      " AND first < ?2), ?2) AND ?3")                                          \
    X(SQL_BATCH_LAST, "SELECT header, sig, sum FROM batch WHERE log = ?"       \
                      " ORDER BY first DESC LIMIT 1")                          \
    X(SQL_BATCH_SET,                                                           \
      "INSERT INTO batch(id, log, first, header, sig, sum,"                    \
      " nodes, held) VALUES(?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT(id) DO"        \
      " UPDATE SET header = excluded.header, sig = excluded.sig, sum ="        \
      " excluded.sum, nodes = excluded.nodes, held = excluded.held")           \
    X(SQL_BATCH_LESS, "UPDATE batch SET held = held - 1 WHERE id = ?")         \
    X(SQL_BATCH_DROP_EMPTY, "DELETE FROM batch WHERE id = ? AND held <= 0")    \
    X(SQL_BATCH_NODES, "UPDATE batch SET nodes = ? WHERE id = ?")              \
    X(SQL_BATCH_ROWS,                                                          \
      "SELECT p.seq, e.arrival, e.bytes FROM position p JOIN"                  \
      " event e ON e.arrival = p.arrival WHERE p.log = ? AND p.seq BETWEEN"    \
      " ? AND ? AND e.batch = ?")                                              \
    X(SQL_PLACE_GET, "SELECT arrival FROM position WHERE log = ? AND seq = ?") \
    X(SQL_PLACE_FROM, "SELECT seq FROM position WHERE log = ? AND seq > ?"     \
                      " ORDER BY seq")                                         \
    X(SQL_PLACE_RANGE, "SELECT seq, topic, arrival FROM position"              \
                       " WHERE log = ? AND seq > ? AND seq <= ? ORDER BY seq") \
    X(SQL_PLACE_PUT, "INSERT INTO position(log, seq, topic, arrival)"          \
                     " VALUES(?, ?, ?, ?)")                                    \
    X(SQL_PLACE_PURGE, "UPDATE position SET arrival = 0 WHERE log = ? AND"     \
                       " seq = ? AND arrival = ?")                             \
    X(SQL_PLACE_DROP, "DELETE FROM position WHERE log = ? AND seq = ?")        \
    X(SQL_EVENT_PUT,                                                           \
      "INSERT INTO event(arrival, log, seq, topic, batch, who,"                \
      " received, flags, id, bytes) VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")     \
    X(SQL_EVENT_GET, "SELECT log, seq, batch, bytes FROM event"                \
                     " WHERE arrival = ?")                                     \
    X(SQL_EVENT_DROP, "DELETE FROM event WHERE arrival = ?")                   \
    X(SQL_EVENT_OLDEST,                                                        \
      "SELECT arrival, log, seq, batch, received,"                             \
      " length(bytes) FROM event WHERE arrival > ? ORDER BY arrival")          \
    X(SQL_CHECK_EVENT,                                                         \
      "SELECT e.log, e.seq, e.batch, e.topic, t.name, e.id, e.bytes FROM"      \
      " event e LEFT JOIN topic t ON t.id = e.topic WHERE e.arrival = ?")      \
    X(SQL_EVENT_LAST, "SELECT coalesce(max(arrival), 0) FROM event")           \
    X(SQL_EVENT_STRAY,                                                         \
      "SELECT e.arrival, e.log, e.seq FROM event e LEFT JOIN position p ON"    \
      " p.log = e.log AND p.seq = e.seq WHERE e.arrival > ? AND"               \
      " e.arrival <= ? AND p.arrival IS NOT e.arrival")                        \
    X(SQL_LOG_COUNT, "SELECT coalesce(sum(arrival > 0), 0),"                   \
                     " coalesce(max(seq), 0) FROM position WHERE log = ?")     \
    X(SQL_PLACE_LOG, "SELECT log FROM position WHERE log > ?"                  \
                     " ORDER BY log LIMIT 1")                                  \
    X(SQL_GAP_HELD,                                                            \
      "SELECT EXISTS(SELECT 1 FROM gap g JOIN position p ON p.log = g.log"     \
      " AND p.seq BETWEEN g.first AND g.first + g.n - 1 WHERE g.log = ?)")     \
    X(SQL_ID_USED, "SELECT 1 FROM event WHERE id = ? AND who = ? LIMIT 1")     \
    X(SQL_REFUSED_PUT, "INSERT INTO refused(log, seq, leaf, reason, at)"       \
                       " VALUES(?, ?, ?, ?, ?)")                               \
    X(SQL_REFUSED_EACH,                                                        \
      "SELECT f.node, l.epoch, r.seq, r.reason FROM refused"                   \
      " r JOIN log l ON l.id = r.log JOIN feed f ON f.id = l.feed"             \
      " ORDER BY r.id DESC LIMIT ?")                                           \
    X(SQL_ASIDE_PUT, "INSERT INTO aside(log, seq, arrival, at, bytes)"         \
                     " VALUES(?, ?, ?, ?, ?)")                                 \
    X(SQL_ASIDE_TRIM, "DELETE FROM aside WHERE id <= ?")                       \
    X(SQL_OWN_GET, "SELECT o.given, o.seq, l.epoch, o.log FROM own o"          \
                   " JOIN log l ON l.id = o.log WHERE o.id = ?")               \
    X(SQL_OWN_EVENT,                                                           \
      "SELECT e.bytes, e.seq, l.epoch FROM event e JOIN log l ON"              \
      " l.id = e.log JOIN feed f ON f.id = l.feed WHERE e.id = ?"              \
      " AND f.node = ? ORDER BY e.arrival LIMIT 1")                            \
    X(SQL_OWN_PUT, "INSERT INTO own(id, given, log, seq) VALUES(?, ?, ?, ?)")  \
    X(SQL_OWN_DROP, "DELETE FROM own WHERE id = ?")                            \
    /* the rest */                                                             \
    X(SQL_ROSTER_PUT,                                                          \
      "INSERT OR REPLACE INTO roster(community, serial, bytes)"                \
      " VALUES(?, ?, ?)")                                                      \
    X(SQL_ROSTER_DROP, "DELETE FROM roster WHERE community = ?")               \
    X(SQL_ROSTER_EACH, "SELECT community, serial, bytes FROM roster"           \
                       " ORDER BY community")                                  \
    X(SQL_COUNTER_ADD, "INSERT INTO counter(name, value) VALUES(?1, ?2)"       \
                       " ON CONFLICT(name) DO UPDATE SET value = value + ?2")  \
    X(SQL_COUNTER_EACH, "SELECT name, value FROM counter ORDER BY name")       \
    X(SQL_HOOK_GET, "SELECT cursor FROM hook WHERE name = ?")                  \
    X(SQL_HOOK_EACH, "SELECT name, cursor FROM hook")                          \
    X(SQL_HOOK_SET, "INSERT INTO hook(name, cursor, start) VALUES(?1, ?2, ?2)" \
                    " ON CONFLICT(name) DO UPDATE SET cursor = ?2")            \
    X(SQL_HOOK_START, "SELECT coalesce(max(start), 0) FROM hook"               \
                      " WHERE name = ?")                                       \
    X(SQL_RUN_PUT,                                                             \
      "INSERT INTO run(hook, arrival, attempt, state, status,"                 \
      " started, ended, event, output) VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?)")     \
    X(SQL_RUN_EVENT, "SELECT c.name, e.id FROM event e JOIN community c"       \
                     " ON c.id = e.who WHERE e.arrival = ?")                   \
    X(SQL_RUN_END,                                                             \
      "UPDATE run SET state = ?4, status = ?5, ended = ?6,"                    \
      " output = ?7 WHERE id = (SELECT max(id) FROM run WHERE hook = ?1 AND"   \
      " arrival = ?2 AND attempt = ?3)")                                       \
    X(SQL_RUN_TRIM,                                                            \
      "DELETE FROM run WHERE hook = ?1 AND id <= (SELECT id FROM"              \
      " run WHERE hook = ?1 ORDER BY id DESC LIMIT 1 OFFSET 1000)")            \
    X(SQL_RUN_EACH,                                                            \
      "SELECT hook, arrival, event, attempt, state, status,"                   \
      " started, ended, output FROM run ORDER BY id DESC LIMIT ?")             \
    X(SQL_RUN_OF,                                                              \
      "SELECT hook, arrival, event, attempt, state, status,"                   \
      " started, ended, output FROM run WHERE hook = ? ORDER BY id DESC"       \
      " LIMIT ?")                                                              \
    X(SQL_RUN_ATTEMPTS, "SELECT coalesce(max(attempt), 0) FROM run"            \
                        " WHERE hook = ? AND arrival = ?")                     \
    /* queries */                                                              \
    X(SQL_STORED, "SELECT coalesce(sum(held), 0) FROM log")                    \
    X(SQL_ROW,                                                                 \
      "SELECT " STORE_ROW_COLUMNS STORE_ROW_FROM "WHERE e.arrival = ?")        \
    X(SQL_ROW_AT,                                                              \
      "SELECT " STORE_ROW_COLUMNS STORE_ROW_FROM                               \
      "WHERE e.arrival = (SELECT arrival FROM position WHERE log = ?"          \
      " AND seq = ?)")                                                         \
    X(SQL_SCAN_UP, "SELECT arrival, topic FROM event WHERE arrival > ? AND"    \
                   " arrival <= ? ORDER BY arrival")                           \
    X(SQL_SCAN_DOWN, "SELECT arrival, topic FROM event WHERE arrival > ? AND"  \
                     " arrival <= ? ORDER BY arrival DESC")                    \
    X(SQL_TOPIC_UP, "SELECT arrival FROM event WHERE topic = ? AND"            \
                    " arrival > ? AND arrival <= ? ORDER BY arrival LIMIT 1")  \
    X(SQL_TOPIC_DOWN,                                                          \
      "SELECT arrival FROM event WHERE topic = ? AND"                          \
      " arrival > ? AND arrival <= ? ORDER BY arrival DESC LIMIT 1")           \
    X(SQL_RECEIVED, "SELECT arrival, received FROM event WHERE arrival >= ?"   \
                    " AND arrival <= ? ORDER BY arrival LIMIT 1")              \
    X(SQL_ID_FIND, "SELECT arrival FROM event WHERE id = ?1 AND (?2 IS NULL"   \
                   " OR who = ?2) ORDER BY arrival LIMIT ?3")                  \
    X(SQL_ID_BEFORE, "SELECT topic FROM event WHERE id = ? AND who = ? AND"    \
                     " arrival > ? AND arrival < ? LIMIT 4096")

enum store_sql {
#define STORE_SQL_ENUM(name, text) name,
    STORE_SQL(STORE_SQL_ENUM) STORE_SQL_LEDGER(STORE_SQL_ENUM)
#undef STORE_SQL_ENUM
        SQL_N
};

/* A connection. {0} is closed. */
struct store_db {
    sqlite3 *h;
    sqlite3_stmt *stmt[SQL_N]; /* prepared at first use */
    int rc;        /* the first failure, extended code; SQLITE_OK none */
    int sys;       /* its errno */
    char why[160]; /* in SQLite's words */
};

void sql_close(struct store_db *db);
void sql_clear(struct store_db *db);        /* forgets the failure */
void sql_fail(struct store_db *db, int rc); /* notes one */
/* As if the system had said this errno just now; 0 changes nothing. */
void sql_simulate(struct store_db *db, int error);
/* What the system said last to this connection's files. */
int sql_errno(sqlite3 *h);

/* The statement, ready to bind; NULL once the connection failed. Every
 * parameter is bound at every use; what is bound is lent until it ends. */
sqlite3_stmt *sql_use(struct store_db *db, enum store_sql which);
void sql_int(sqlite3_stmt *st, int i, int64_t value);
void sql_u64(sqlite3_stmt *st, int i, uint64_t value); /* below 2^63 */
void sql_text(sqlite3_stmt *st, int i, struct cim_bytes text);
void sql_str(sqlite3_stmt *st, int i, const char *text);
void sql_blob(sqlite3_stmt *st, int i, struct cim_bytes bytes);
void sql_null(sqlite3_stmt *st, int i);

/* True when there is a row; ends the statement otherwise. */
bool sql_row(struct store_db *db, sqlite3_stmt *st);
/* Ends it early; a row's views are gone. NULL is fine. */
void sql_end(sqlite3_stmt *st);
/* Runs one that gives no rows. */
void sql_run(struct store_db *db, sqlite3_stmt *st);
void sql_run_plain(struct store_db *db, enum store_sql which);
/* The first column of the only row, or this when there is none; ends it. */
int64_t sql_value(struct store_db *db, sqlite3_stmt *st, int64_t otherwise);

/* Columns. Views live until the statement goes on. */
uint64_t sql_get_u64(sqlite3_stmt *st, int i);
struct cim_bytes sql_get_bytes(sqlite3_stmt *st, int i);
/* Text cut to cap - 1 and terminated. */
void sql_get_str(sqlite3_stmt *st, int i, char *out, size_t cap);

#endif

/* SPDX-License-Identifier: MPL-2.0 */
/*
 * store_ledger_sql - the ledger's statements, part of store_sql.h.
 *
 * What each table holds: store_ledger.h.
 */
#ifndef CIM_NODE_STORE_LEDGER_SQL_H
#define CIM_NODE_STORE_LEDGER_SQL_H

#define LEDGER_SUBJECT                                                         \
    "SELECT s.arrival, s.kind, s.id, s.at, t.name, s.title, s.url, s.branch,"  \
    " s.who FROM ledger_event s LEFT JOIN topic t ON t.id = s.topic "

/* X(name, text) */
#define STORE_SQL_LEDGER(X)                                                    \
    /* events */                                                               \
    X(SQL_LEDGER_PUT,                                                          \
      "INSERT OR REPLACE INTO ledger_event(arrival, kind, who, id, at, "       \
      "topic, title,"                                                          \
      " url, branch, parts) VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")             \
    X(SQL_LEDGER_GET, "SELECT kind, who, id, at, topic, title, url, parts"     \
                      " FROM ledger_event WHERE arrival = ?")                  \
    X(SQL_LEDGER_FIRST, "SELECT arrival, at, parts IS NULL, kind FROM"         \
                        " ledger_event WHERE id = ? AND who = ?"               \
                        " ORDER BY at LIMIT 1")                                \
    X(SQL_LEDGER_SHADOW, "UPDATE ledger_event SET parts = NULL"                \
                         " WHERE arrival = ?")                                 \
    X(SQL_LEDGER_DROP, "DELETE FROM ledger_event WHERE arrival = ?")           \
    X(SQL_LEDGER_NEXT,                                                         \
      "SELECT e.arrival, e.log, e.seq, e.topic, e.batch, e.who, e.flags,"      \
      " e.id, e.bytes FROM event e WHERE e.arrival > ? ORDER BY e.arrival"     \
      " LIMIT ?")                                                              \
    X(SQL_LEDGER_EMPTY_EVENT, "DELETE FROM ledger_event")                      \
    X(SQL_LEDGER_EMPTY_SAID, "DELETE FROM ledger_said")                        \
    X(SQL_LEDGER_EMPTY_KEY, "DELETE FROM ledger_key")                          \
    X(SQL_LEDGER_EMPTY_SAY, "DELETE FROM ledger_say")                          \
    X(SQL_LEDGER_EMPTY_MEMBER, "DELETE FROM ledger_member")                    \
    X(SQL_LEDGER_EMPTY_WORD, "DELETE FROM ledger_word")                        \
    X(SQL_LEDGER_EMPTY_AGAIN, "DELETE FROM ledger_again")                      \
    X(SQL_LEDGER_SUBJECT, LEDGER_SUBJECT "WHERE s.arrival = ?")                \
    X(SQL_LEDGER_NAME, "SELECT kind, id, at FROM ledger_event"                 \
                       " WHERE arrival = ?")                                   \
    X(SQL_LEDGER_KIND, "SELECT kind, parts IS NOT NULL FROM ledger_event"      \
                       " WHERE arrival = ?")                                   \
    X(SQL_LEDGER_WHO, "SELECT who FROM ledger_event WHERE arrival = ?")        \
    X(SQL_LEDGER_SAME,                                                         \
      "SELECT o.arrival FROM ledger_event e JOIN ledger_event o ON"            \
      " o.id = e.id AND o.who = e.who WHERE e.arrival = ? ORDER BY o.at"       \
      " LIMIT ?")                                                              \
    X(SQL_LEDGER_TITLES,                                                       \
      "SELECT arrival FROM ledger_event WHERE title >= ? AND title < ?"        \
      " AND parts IS NOT NULL LIMIT ?")                                        \
    X(SQL_LEDGER_TOPICS,                                                       \
      "SELECT id, name FROM topic WHERE name >= ? AND name < ? LIMIT ?")       \
    X(SQL_COMMUNITY_EACH, "SELECT id, name FROM community")                    \
    X(SQL_LEDGER_OF_ID, "SELECT DISTINCT who FROM ledger_event WHERE id = ?"   \
                        " LIMIT 64")                                           \
    X(SQL_COMMUNITY_NAME, "SELECT name FROM community WHERE id = ?")           \
    /* levels */                                                               \
    X(SQL_SAID_FIND, "SELECT id FROM ledger_said WHERE who = ? AND level = ?") \
    X(SQL_SAID_PUT, "INSERT INTO ledger_said(who, level) VALUES(?, ?)")        \
    X(SQL_SAID_GET, "SELECT c.name, s.level FROM ledger_said s JOIN community" \
                    " c ON c.id = s.who WHERE s.id = ?")                       \
    /* who has a URL or a name */                                              \
    X(SQL_KEYS_PUT, "INSERT OR IGNORE INTO ledger_key(key, who, at, subject)"  \
                    " VALUES(?, ?, ?, ?)")                                     \
    X(SQL_KEYS_DROP, "DELETE FROM ledger_key WHERE key = ? AND who = ?"        \
                     " AND at = ?")                                            \
    X(SQL_KEYS_WHO,                                                            \
      "SELECT (SELECT who FROM ledger_key WHERE key = ?1 ORDER BY who"         \
      " LIMIT 1), (SELECT who FROM ledger_key WHERE key = ?1"                  \
      " ORDER BY who DESC LIMIT 1)")                                           \
    X(SQL_KEYS_TWO, "SELECT who, subject, at FROM ledger_key WHERE key = ?"    \
                    " LIMIT 2")                                                \
    X(SQL_KEYS_UPTO,                                                           \
      "SELECT subject, at FROM ledger_key WHERE key = ? AND who = ?"           \
      " AND at <= ? ORDER BY at DESC LIMIT 1")                                 \
    X(SQL_KEYS_BEFORE,                                                         \
      "SELECT subject, at FROM ledger_key WHERE key = ? AND who = ?"           \
      " AND at < ? ORDER BY at DESC LIMIT 1")                                  \
    X(SQL_KEYS_AFTER, "SELECT subject, at FROM ledger_key WHERE key = ?"       \
                      " AND who = ? AND at > ? ORDER BY at LIMIT 1")           \
    X(SQL_KEYS_NEXT_WHO, "SELECT who FROM ledger_key WHERE key = ?"            \
                         " AND who > ? ORDER BY who LIMIT 1")                  \
    X(SQL_KEYS_BESIDES, "SELECT 1 FROM ledger_key WHERE key = ? AND who = ?"   \
                        " AND at <> ? LIMIT 1")                                \
    X(SQL_KEYS_OLDER, "SELECT 1 FROM ledger_key WHERE key = ? AND who = ?"     \
                      " AND subject < ? LIMIT 1")                              \
    X(SQL_KEYS_RANGE,                                                          \
      "SELECT subject, at FROM ledger_key WHERE key = ? AND who = ?"           \
      " AND at >= ? AND at <= ? ORDER BY at LIMIT 1")                          \
    X(SQL_KEYS_EACH, "SELECT subject FROM ledger_key WHERE key = ?"            \
                     " ORDER BY at DESC LIMIT ?")                              \
    /* what is said */                                                         \
    X(SQL_SAY_PUT,                                                             \
      "INSERT OR IGNORE INTO ledger_say(key, said, at, stamp, state, url)"     \
      " VALUES(?, ?, ?, ?, ?, ?)")                                             \
    X(SQL_SAY_DROP, "DELETE FROM ledger_say WHERE key = ? AND said = ?"        \
                    " AND at = ?")                                             \
    X(SQL_SAY_SAID, "SELECT said FROM ledger_say WHERE key = ? AND said > ?"   \
                    " ORDER BY said LIMIT 1")                                  \
    X(SQL_SAY_WALK,                                                            \
      "SELECT said, at, stamp FROM ledger_say WHERE key = ?1 AND"              \
      " (said, at) >= (?2, ?3) ORDER BY said, at LIMIT 1")                     \
    X(SQL_SAY_STAMPS, "SELECT stamp FROM ledger_say WHERE key = ? LIMIT ?")    \
    X(SQL_SAY_LAST,                                                            \
      "SELECT at, stamp, state, url FROM ledger_say WHERE key = ?"             \
      " AND said = ? AND at >= ? AND at < ? ORDER BY at DESC")                 \
    /* members */                                                              \
    X(SQL_MEMBER_PUT,                                                          \
      "INSERT OR IGNORE INTO ledger_member(key, who, at, baseline)"            \
      " VALUES(?, ?, ?, ?)")                                                   \
    X(SQL_MEMBER_DROP, "DELETE FROM ledger_member WHERE key = ? AND who = ?"   \
                       " AND at = ?")                                          \
    X(SQL_MEMBER_WHO, "SELECT who FROM ledger_member WHERE key = ?"            \
                      " AND who > ? ORDER BY who LIMIT 1")                     \
    X(SQL_MEMBER_OF, "SELECT baseline FROM ledger_member WHERE key = ?"        \
                     " AND who = ? ORDER BY at DESC LIMIT ?")                  \
    /* subjects in order: said 0, or what is said of them */                   \
    X(SQL_WORD_PUT, "INSERT OR REPLACE INTO ledger_word(subject, said, grp,"   \
                    " state, at, stamp) VALUES(?, ?, ?, ?, ?, ?)")             \
    X(SQL_LEDGER_SEED, "SELECT kind, who, id, at, topic, title, url"           \
                       " FROM ledger_event WHERE arrival = ?")                 \
    X(SQL_WORD_GET, "SELECT state, stamp FROM ledger_word WHERE subject = ?"   \
                    " AND said = ? LIMIT 1")                                   \
    X(SQL_WORD_SAID, "SELECT said FROM ledger_word WHERE subject = ?"          \
                     " AND said > ? ORDER BY said LIMIT 1")                    \
    X(SQL_WORD_STAMP, "UPDATE ledger_word SET stamp = ? WHERE subject = ?"     \
                      " AND said = ?")                                         \
    X(SQL_WORD_DROP, "DELETE FROM ledger_word WHERE subject = ? AND said = ?") \
    X(SQL_WORD_DROP_ALL, "DELETE FROM ledger_word WHERE subject = ?")          \
    X(SQL_WORD_NEXT,                                                           \
      "SELECT subject, at FROM ledger_word WHERE said = ? AND state = ?"       \
      " AND grp = ? AND at < ? ORDER BY at DESC LIMIT 1")                      \
    /* words to be looked at again */                                          \
    X(SQL_AGAIN_PUT,                                                           \
      "INSERT INTO ledger_again(key, who, what, low, high, said, turn)"        \
      " VALUES(?, ?, ?, ?, ?, 0, 0) ON CONFLICT(key, who, what) DO UPDATE"     \
      " SET low = min(low, excluded.low), high = max(high, excluded.high),"    \
      " said = 0")                                                             \
    X(SQL_AGAIN_NEXT, "SELECT key, who, what, low, high, said"                 \
                      " FROM ledger_again ORDER BY turn LIMIT 1")              \
    X(SQL_AGAIN_SAVE,                                                          \
      "UPDATE ledger_again SET low = ?, said = ?, turn ="                      \
      " (SELECT max(turn) + 1 FROM ledger_again) WHERE key = ? AND who = ?"    \
      " AND what = ?")                                                         \
    X(SQL_AGAIN_DROP, "DELETE FROM ledger_again WHERE key = ? AND who = ?"     \
                      " AND what = ?")                                         \
    /* is it so: for the check */                                              \
    X(SQL_LEDGER_ROW, "SELECT kind, who, id, at, topic, title, url, branch,"   \
                      " parts FROM ledger_event WHERE arrival = ?")            \
    X(SQL_KEYS_IS, "SELECT 1 FROM ledger_key WHERE key = ? AND who = ?"        \
                   " AND at = ? AND subject = ?")                              \
    X(SQL_SAY_IS, "SELECT 1 FROM ledger_say WHERE key = ? AND said = ?"        \
                  " AND at = ? AND stamp = ? AND state = ? AND url IS ?")      \
    X(SQL_MEMBER_IS, "SELECT 1 FROM ledger_member WHERE key = ? AND who = ?"   \
                     " AND at = ? AND baseline = ?")                           \
    X(SQL_WORD_IS, "SELECT 1 FROM ledger_word WHERE subject = ? AND said = ?"  \
                   " AND grp = ? AND state = ? AND at = ?")                    \
    X(SQL_LEDGER_COUNT, "SELECT count(*) FROM ledger_event")                   \
    X(SQL_KEYS_COUNT, "SELECT count(*) FROM ledger_key")                       \
    X(SQL_SAY_COUNT, "SELECT count(*) FROM ledger_say")                        \
    X(SQL_MEMBER_COUNT, "SELECT count(*) FROM ledger_member")                  \
    X(SQL_WORD_COUNT, "SELECT count(*) FROM ledger_word")                      \
    X(SQL_AGAIN_ANY, "SELECT EXISTS(SELECT 1 FROM ledger_again)")

#endif

# SPDX-License-Identifier: MPL-2.0
"""What must hold in one node's store at any moment, a crash included.

broken(node) looks at the store as a crash left it, before anything repaired or
continued it, with SQLite alone. Each sentence it returns is a promise that
events, counters and cursors change in one transaction, and was not kept.
"""
import os
import sqlite3


def connect(node):
    """Read-only; what is in the WAL is seen, nothing is copied back."""
    path = os.path.join(node.dir, "data", "cimesh.db")
    db = sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=30)
    db.execute("BEGIN")
    return db


# A name, what it means, and a query that finds rows only when it is broken.
RULES = (
    ("position", "a position names an event that is not there",
     "SELECT p.log, p.seq, p.arrival FROM position p LEFT JOIN event e ON e.arrival = p.arrival"
     " WHERE p.arrival > 0 AND (e.arrival IS NULL OR e.log <> p.log OR e.seq <> p.seq)"),
    ("event", "an event that no position names",
     "SELECT e.arrival, e.log, e.seq FROM event e LEFT JOIN position p"
     " ON p.log = e.log AND p.seq = e.seq WHERE p.arrival IS NULL OR p.arrival <> e.arrival"),
    ("held", "a log counts other events than it has",
     "SELECT l.id, l.held, count(e.arrival) FROM log l LEFT JOIN event e ON e.log = l.id"
     " GROUP BY l.id HAVING l.held <> count(e.arrival)"),
    ("high", "a log's highest position is not the highest",
     "SELECT l.id, l.high, max(p.seq) FROM log l JOIN position p ON p.log = l.id"
     " GROUP BY l.id HAVING l.high <> max(p.seq)"),
    ("batch", "a batch counts other events than it has",
     "SELECT b.id, b.held, count(e.arrival) FROM batch b LEFT JOIN event e ON e.batch = b.id"
     " GROUP BY b.id HAVING b.held <> count(e.arrival)"),
    ("header", "an event without its batch",
     "SELECT e.arrival, e.batch FROM event e LEFT JOIN batch b ON b.id = e.batch WHERE b.id IS NULL"),
    ("cursor", "a cursor passed positions that are neither held nor a gap",
     "SELECT c.log, c.upto, l.floor,"
     "  (SELECT count(*) FROM position p WHERE p.log = c.log AND p.seq <= c.upto AND p.seq > l.floor) AS n_held,"
     "  (SELECT coalesce(sum(min(g.first + g.n - 1, c.upto) - g.first + 1), 0) FROM gap g"
     "    WHERE g.log = c.log AND g.first <= c.upto AND g.first > l.floor) AS n_gap"
     " FROM cursor c JOIN log l ON l.id = c.log WHERE c.prefix = ''"
     " AND c.upto > l.floor AND n_held + n_gap < c.upto - l.floor"),
    ("gap", "a gap where there is an event",
     "SELECT g.log, g.first, g.n, p.seq FROM gap g JOIN position p ON p.log = g.log"
     " AND p.seq >= g.first AND p.seq < g.first + g.n"),
    ("arrival", "the newest arrival is newer than the store knows",
     "SELECT value, (SELECT max(arrival) FROM event) AS newest FROM meta"
     " WHERE name = 'last_arrival' AND newest > value"),
    ("bytes", "the store counts other bytes than it has",
     "SELECT value, (SELECT coalesce(sum(length(bytes)), 0) FROM event) AS real FROM meta"
     " WHERE name = 'bytes' AND real <> value"),
    ("own", "an own id leads nowhere",
     "SELECT o.log, o.seq FROM own o LEFT JOIN position p ON p.log = o.log AND p.seq = o.seq"
     " WHERE p.seq IS NULL"),
    ("attempt", "an attempt of a hook is there twice",
     "SELECT hook, arrival, attempt, count(*) FROM run GROUP BY 1, 2, 3 HAVING count(*) > 1"),
    ("hook", "a hook passed an arrival that never was",
     "SELECT hook.name, cursor, value FROM hook JOIN meta ON meta.name = 'last_arrival'"
     " WHERE cursor > value"),
)


def broken(node, whole=False):
    """Sentences, none when all is well. whole: SQLite's own check as well."""
    path = os.path.join(node.dir, "data", "cimesh.db")
    if not os.path.exists(path) or os.path.getsize(path) == 0:
        return []
    db = connect(node)
    try:
        if not db.execute("SELECT 1 FROM sqlite_schema WHERE name = 'event'").fetchone():
            return []
        out = []
        for name, meaning, query in RULES:
            rows = db.execute(query + " LIMIT 3").fetchall()
            if rows:
                out.append(f"{node.name}: {name}: {meaning}: {rows}")
        if whole:
            said = [r[0] for r in db.execute("PRAGMA integrity_check")]
            out += [] if said == ["ok"] else [f"{node.name}: SQLite says {said[:3]}"]
        return out
    finally:
        db.close()

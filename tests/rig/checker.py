# SPDX-License-Identifier: MPL-2.0
"""Reads what all nodes have, and says which promise was broken first.

check() opens every store read-only, without a word of the node's own code:
SQLite, hashes and signatures in Python. It compares them with the ledgers
(what publishers were promised) and the journals (what hooks ran for):

    P1     acknowledged, but not in the publisher's store, or twice there, or at
           another position than the answer said
    P2     acknowledged, but not in a follower's store
    P3     a position that somebody has is missing elsewhere, and no gap says so
    order  two nodes have different events at one position
    P4     an event that its batch's root and signature do not prove
    P5     an event that a hook never got, or got twice under one attempt
"""
import hashlib
import os
import sqlite3
import time
import uuid

import msgpack
import nacl.exceptions
import nacl.signing

SHOWN = 10  # broken promises of a kind that are told one by one


class Store:
    """What one node has, read at one moment."""

    def __init__(self, node):
        self.node = node
        self.db = sqlite3.connect(f"file:{node.dir}/data/cimesh.db?mode=ro", uri=True, timeout=30)
        self.db.execute("BEGIN")

    def places(self):
        """{(node, epoch): {seq: (community, id, topic)}} of the stored events."""
        out = {}
        topics = dict(self.db.execute("SELECT id, name FROM topic"))
        logs = {i: (n, e) for i, n, e in self.db.execute(
            "SELECT log.id, feed.node, log.epoch FROM log JOIN feed ON feed.id = log.feed")}
        for log, seq, topic, raw in self.db.execute("SELECT log, seq, topic, id FROM event"):
            name = logs[log]
            id_ = str(uuid.UUID(bytes=raw)) if raw else None
            out.setdefault(name, {})[seq] = (name[0].split("/")[0], id_, topics[topic])
        return out

    def held(self):
        """{(node, epoch): set of positions} that count as held though there is
        no event: purged or refused."""
        out = {}
        for node, epoch, seq in self.db.execute(
                "SELECT feed.node, log.epoch, position.seq FROM position JOIN log ON log.id = position.log"
                " JOIN feed ON feed.id = log.feed WHERE position.arrival <= 0"):
            out.setdefault((node, epoch), set()).add(seq)
        return out

    def gaps(self):
        """{(node, epoch): [(first, last)]} as recorded."""
        out = {}
        for node, epoch, first, n in self.db.execute(
                "SELECT feed.node, log.epoch, gap.first, gap.n FROM gap JOIN log ON log.id = gap.log"
                " JOIN feed ON feed.id = log.feed ORDER BY 1, 2, 3"):
            out.setdefault((node, epoch), []).append((first, first + n - 1))
        return out

    def counts(self):
        """{(node, epoch, topic): events}"""
        return {(n, e, t): c for n, e, t, c in self.db.execute(
            "SELECT feed.node, log.epoch, topic.name, count(*) FROM event JOIN log ON log.id = event.log"
            " JOIN feed ON feed.id = log.feed JOIN topic ON topic.id = event.topic GROUP BY 1, 2, 3")}

    def close(self):
        self.db.close()


def wants(node, author, topic):
    """Whether this node is to have what that one said under this topic."""
    if author == node.name:
        return True
    if author.split("/")[0] == node.community and not node.follows:
        return False
    for prefix in node.follows:
        if prefix == "*" or (prefix.endswith("*") and topic.startswith(prefix[:-1])):
            return True
        if topic.startswith(prefix if prefix.endswith("/") else prefix + "/"):
            return True
    return False


def most_of(stores):
    """{(node, epoch, topic): events} of who has most of each: what to expect of
    the others. And the counts of each store, by its node's name."""
    counts, most = {s.node.name: s.counts() for s in stores}, {}
    for have in counts.values():
        for place, n in have.items():
            most[place] = max(n, most.get(place, 0))
    return most, counts


def missing(stores, most=None):
    """{node name: number} of events that somebody has, or had when `most` was
    counted, and it should have."""
    now, counts = most_of(stores)
    return {s.node.name: sum(max(0, n - counts[s.node.name].get(p, 0)) for p, n in (most or now).items()
                             if wants(s.node, p[0], p[2])) for s in stores}


def settle(row, mesh, seconds=30, nodes=None):
    """Until every node has all that it follows of what anybody has; the seconds
    it took, or None after so many in vain (check() then says what is missing)."""
    begin = now = time.monotonic()
    while True:
        stores = [Store(n) for n in nodes or mesh.nodes]
        short = {name: n for name, n in missing(stores).items() if n}
        for s in stores:
            s.close()
        if not short:
            return round(time.monotonic() - begin, 2)
        if time.monotonic() - begin > seconds:
            row.say(f"not settled after {seconds} s: {short}")
            return None
        # Large stores take long to count: do not take all the processor.
        time.sleep(max(0.1, 3 * (time.monotonic() - now)))
        now = time.monotonic()


# ---- the promises ----------------------------------------------------------

class Findings:
    """Broken promises: the first of a kind with their event's history."""

    def __init__(self, row, mesh, ledgers, journals):
        self.row, self.mesh, self.ledgers, self.journals = row, mesh, ledgers, journals
        self.kinds = {}

    def add(self, promise, text, id_=None):
        n = self.kinds[promise] = self.kinds.get(promise, 0) + 1
        if n <= SHOWN:
            self.row.violation(promise, text)
            if id_ and n == 1:
                self.history(id_)
        else:
            self.row.violations += 1

    def history(self, id_):
        """Where this event was ever seen."""
        print(f"  history of {id_}:")
        for ledger in self.ledgers:
            for e in ledger.entries():
                if e.id == id_:
                    print(f"    acknowledged by {e.node} as {e.epoch}/{e.seq} ({os.path.basename(ledger.path)})")
        raw = uuid.UUID(id_).bytes
        for node in self.mesh.nodes:
            store = Store(node)
            rows = store.db.execute(
                "SELECT feed.node, log.epoch, event.seq, event.arrival, event.received, event.flags FROM event"
                " JOIN log ON log.id = event.log JOIN feed ON feed.id = log.feed WHERE event.id = ?", (raw,)).fetchall()
            print(f"    {node.name}: " + ("; ".join(
                f"{n} {e}/{s}, arrival {a}, received {r}, flags {f}" for n, e, s, a, r, f in rows) or "not stored"))
            for hook, attempt, state in store.db.execute(
                    "SELECT hook, attempt, state FROM run WHERE event LIKE ?", (f"%{id_}%",)):
                print(f"    {node.name}: hook {hook} attempt {attempt} state {state}")
            store.close()
            with open(node.log, errors="replace") as f:
                for line in [text for text in f if id_ in text][:5]:
                    print(f"    {node.name} said: {line.rstrip()}")
        for journal in self.journals:
            for attempt, event in journal.runs():
                if event.endswith(id_):
                    print(f"    hook {journal.name} of {journal.node.name} ran, attempt {attempt}")


def check_acknowledged(found, stores, places):
    """P1 and P2, ledger by ledger."""
    where = {}  # node name -> {(community, id): [(author, epoch, seq)]}
    for s in stores:
        index = where[s.node.name] = {}
        for log, at in places[s.node.name].items():
            for seq, (community, id_, topic) in at.items():
                index.setdefault((community, id_), []).append((*log, seq))
    for s in stores:
        for (community, id_), at in where[s.node.name].items():
            if id_ and len(at) > 1:
                found.add("P1", f"{s.node.name}: {community}:{id_} is there {len(at)} times: {at}", id_)
    topics = {}
    for at in (at for p in places.values() for at in p.values()):
        topics.update({v[:2]: v[2] for v in at.values()})
    for ledger in found.ledgers:
        for e in ledger.entries():
            for s in stores:
                if s.node.name != e.node and not wants(s.node, e.node, topics.get((e.community, e.id), "")):
                    continue
                at = where[s.node.name].get((e.community, e.id), [])
                promise = "P1" if s.node.name == e.node else "P2"
                if not at:
                    found.add(promise, f"{e.community}:{e.id} was acknowledged by {e.node} as "
                              f"{e.epoch}/{e.seq} and is not at {s.node.name}", e.id)
                elif (e.node, e.epoch, e.seq) not in at:
                    found.add(promise, f"{e.community}:{e.id} was acknowledged as {e.node} {e.epoch}/{e.seq} "
                              f"and is at {s.node.name} as {at}", e.id)


def check_logs(found, stores, places):
    """P3 and order: positions of all logs, compared over all nodes."""
    union = {}
    for s in stores:
        for log, at in places[s.node.name].items():
            known = union.setdefault(log, {})
            for seq, event in at.items():
                if known.setdefault(seq, event) != event:
                    found.add("order", f"{log[0]} {log[1]}/{seq} is {event} at {s.node.name}, "
                              f"elsewhere {known[seq]}", event[1])
    for s in stores:
        held, gaps = s.held(), s.gaps()
        for log, known in union.items():
            have = places[s.node.name].get(log, {}).keys() | held.get(log, set())
            for first, last in gaps.get(log, []):
                have |= set(range(first, last + 1))
            lost = [seq for seq, event in known.items()
                    if seq not in have and wants(s.node, log[0], event[2])]
            for seq in sorted(lost):
                found.add("P3", f"{s.node.name} lacks {log[0]} {log[1]}/{seq} of {len(lost)}, and no gap says so",
                          known[seq][1])
    for log, known in union.items():
        author = next((s for s in stores if s.node.name == log[0]), None)
        if author and known:
            have = places[log[0]].get(log, {}).keys() | author.held().get(log, set())
            have |= {q for f, l in author.gaps().get(log, []) for q in range(f, l + 1)}
            holes = set(range(1, max(known) + 1)) - have
            if holes:
                found.add("P3", f"{log[0]} lacks {sorted(holes)[:5]} ... of its own log {log[1]}, "
                          f"{len(holes)} in all, and no gap says so")


def b2(data):
    return hashlib.blake2b(data, digest_size=32).digest()


def root(leaves):
    """RFC 9162 2.1, with BLAKE2b-256."""
    if len(leaves) == 1:
        return leaves[0]
    k = 1 << ((len(leaves) - 1).bit_length() - 1)
    return b2(b"\1" + root(leaves[:k]) + root(leaves[k:]))


def check_proofs(found, store, most):
    """P4: signatures, and roots of the batches that are complete; at most so
    many batches, spread over the store. The number of events proven."""
    keys = {}
    for node, key in store.db.execute("SELECT node, key FROM key"):
        keys[node, b2(b"cimesh key v1\0" + key)[:8]] = nacl.signing.VerifyKey(key)
    total = store.db.execute("SELECT count(*) FROM batch").fetchone()[0]
    step, proven = max(1, total // most), 0
    batches = store.db.execute("SELECT id, log, first, held, header, sig FROM batch ORDER BY id").fetchall()
    for id_, log, first, held, header, sig in batches[::step]:
        version, node, key, epoch, first_, count, root_, prev, time_ = msgpack.unpackb(header)
        try:
            keys[node, key].verify(b"cimesh batch v1\0" + header, sig)
        except (KeyError, nacl.exceptions.BadSignatureError) as e:
            found.add("P4", f"{store.node.name}: header of {node} {epoch}/{first}: {type(e).__name__}")
            continue
        events = [b for (b,) in store.db.execute(
            "SELECT bytes FROM event WHERE log = ? AND seq >= ? AND seq < ? ORDER BY seq", (log, first, first + count))]
        if len(events) == count and root([b2(b"\0" + e) for e in events]) != root_:
            found.add("P4", f"{store.node.name}: {node} {epoch}/{first}+{count}: not what was signed")
        proven += len(events) if len(events) == count else 0
    return proven


def check_hooks(found, stores, places):
    """P5, journal by journal. Needs the hooks to be done: wait for hooks_done()."""
    for journal in found.journals:
        runs = journal.runs()
        twice = {r for r in runs if runs.count(r) > 1} if len(set(runs)) < len(runs) else set()
        for attempt, event in sorted(twice):
            found.add("P5", f"{journal.node.name}: {event} ran twice as attempt {attempt}", event.split(":")[1])
        ran = {event for _, event in runs}
        for log, at in places[journal.node.name].items():
            for community, id_, topic in at.values():
                if (journal.topic == "*" or topic.startswith(journal.topic)) and f"{community}:{id_}" not in ran:
                    found.add("P5", f"{journal.node.name}: hook {journal.name} never got {community}:{id_}", id_)


def check(row, mesh, ledgers=(), journals=(), nodes=None, proofs=400):
    """Compares everything; broken promises become violations of the row.

    Call it when the mesh had its time to settle (settle()). The nodes may run
    or not. nodes: which stores count, all without it; proofs: batches a store
    whose signature and root are checked. Returns {"events", "acknowledged",
    "proven"}.
    """
    found = Findings(row, mesh, ledgers, journals)
    stores = [Store(n) for n in nodes or mesh.nodes]
    places = {s.node.name: s.places() for s in stores}
    check_acknowledged(found, stores, places)
    check_logs(found, stores, places)
    proven = sum(check_proofs(found, s, proofs) for s in stores)
    check_hooks(found, stores, places)
    for s in stores:
        s.close()
    return {"events": sum(len(at) for at in (at for p in places.values() for at in p.values())),
            "acknowledged": sum(len(ledger) for ledger in ledgers), "proven": proven}

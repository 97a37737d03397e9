#!/usr/bin/env python3
# SPDX-License-Identifier: MPL-2.0
"""A node put back from an older copy (a backup, a snapshot of its disk while
it ran, a log cut short), then publishing at once: no position is used twice,
what was said since the copy comes back from its peers, as far as one of them has
it, nobody sees two writers. Some restarts are at another wall time."""
import os
import shutil
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from rig import Ledger, Mesh, Row, check, settle, wait  # noqa: E402
from checker import Store  # noqa: E402

KINDS = ["backup", "snapshot", "cut", "half"]  # half: no peer has all of the tail
HOUR_MS = 3_600_000


class Kept:
    """A ledger without what was lost with the only copy of it."""

    def __init__(self, ledger, lost):
        self.path, self.lost = ledger.path, lost
        self.kept = [e for e in ledger.entries() if e not in lost]

    def entries(self):
        return self.kept

    def __len__(self):
        return len(self.kept)


def positions_twice(row, entries):
    """Two acknowledged events at one position: (node, epoch, seq)."""
    seen = {}
    for e in entries:
        other = seen.setdefault((e.node, e.epoch, e.seq), e.id)
        if other != e.id:
            row.violation("P1", f"{e.node} {e.epoch}/{e.seq} was given to {other} and to {e.id}")


with Row("B6", "an older copy put back, then publishing", unit="restores", short=4, long=100) as row, \
        Mesh() as mesh:
    odl = mesh.node("odl/ci-1")
    others = [mesh.node(n).follow("odl/") for n in ("opnfv/ci-1", "onap/ci-1")]
    mesh.befriend()
    mesh.start()
    for o in others:
        o.wait_peer(odl)
    ledgers, most = [], 0
    tail = 10_000 if row.long else 1000

    def publish(n):
        """That many acknowledged, and at every node."""
        ledgers.append(Ledger(row, odl, rate=0, batch=50, count=n).start().join())
        if settle(row, mesh, 60) is None:
            row.violation("P2", f"restore {row.reached}: not everywhere after 60 s")

    def half_heard(ledger):
        """The peers die while this goes on; what no peer has by the end, when
        the publisher's own copy is about to be lost as well."""
        wait("some are acknowledged", lambda: len(ledger) > 50)
        for o in others:
            o.kill()
        had = len(ledger)
        wait("more are acknowledged", lambda: len(ledger) > had + 50)
        odl.kill()
        ledger.stop()
        have = set()
        for o in others:
            store = Store(o)
            have |= {i for at in store.places().values() for _, i, _ in at.values()}
            store.close()
        return {e for e in ledger.entries() if e.id not in have}

    def copy(kind):
        """Of the store, as it is now; the function that puts it back."""
        data, old = odl.dir + "/data", odl.dir + "/old"
        shutil.rmtree(old, ignore_errors=True)
        os.mkdir(old)
        if kind == "backup":
            odl.cli("backup", old + "/cimesh.db")
        elif kind == "snapshot":  # of the files, between two writes, as a disk's snapshot has them
            odl.signal(19)
            for name in os.listdir(data):
                shutil.copy(os.path.join(data, name), old)
            odl.signal(18)

        def back():
            shutil.rmtree(data)
            shutil.move(old, data)
        return back

    def cut_wal():
        """Cuts the WAL of the killed node somewhere in what is only there: its
        newest commits are gone. What was copied to the main file already is
        left alone: no disk loses that alone."""
        wal = odl.dir + "/data/cimesh.db-wal"
        if not os.path.exists(wal) or not os.path.getsize(wal):
            return
        with open(wal, "rb") as f, open(odl.dir + "/data/cimesh.db-shm", "rb") as shm:
            page = int.from_bytes(f.read(12)[8:], "big")
            index = shm.read(136)
        copied = int.from_bytes(index[128:132], sys.byteorder)  # frames a checkpoint began to copy
        frames = int.from_bytes(index[16:20], sys.byteorder)
        if frames > copied:
            first, last = (32 + n * (page + 24) for n in (copied, frames))
            os.truncate(wal, row.random.randrange(first, last))
            row.figures["WALs cut"] = row.figures.get("WALs cut", 0) + 1

    said, lost_in_all = [], 0
    for n in mesh.nodes:
        n.clock.wall(0)
    while row.reached < row.target:
        kind = KINDS[row.reached % len(KINDS)]
        publish(row.random.randint(50, 300))
        back = copy("backup" if kind == "half" else kind)
        if kind == "half":
            ledger = Ledger(row, odl, rate=1000, batch=10).start()
            lost = half_heard(ledger)
            ledgers.append(Kept(ledger, lost))
            lost_in_all += len(lost)
            said += ledger.entries()
        else:
            most = tail if row.reached % 20 < len(KINDS) else 300
            publish(row.random.randint(most // 2, most))
            odl.kill()
        store = Store(odl)
        had = sum(store.counts().values()) - (len(lost) if kind == "half" else 0)
        store.close()
        if kind == "cut":
            cut_wal()
        else:
            back()
        away = row.random.random() < 0.15 or kind == "half"
        if away and others[0].process:
            others[0].kill()  # one peer is enough
        if others[1].process is None:
            others[1].start()
        odl.clock.wall(row.random.choice([0, 0, HOUR_MS, -HOUR_MS]))
        odl.start(wait_ready=False)
        ledgers.append(Ledger(row, odl, rate=0, batch=5, count=50).start().join())
        if others[0].process is None:
            others[0].start()
        if settle(row, mesh, 60) is None or odl.status()["stored"] < had:
            row.violation("P2", f"restore {row.reached} ({kind}): had {had} events before it, "
                          f"now {odl.status()['stored']}")
            break
        row.reached += 1
    positions_twice(row, said + [e for ledger in ledgers for e in ledger.entries()])
    positions_twice(row, said + [e for ledger in ledgers for e in ledger.entries()])
    for n in mesh.nodes:
        store = Store(n)
        proofs = store.db.execute("SELECT count(*) FROM equivocation").fetchone()[0]
        store.close()
        if proofs:
            row.violation("P1", f"{n.name} has {proofs} proofs of equivocation")
    if odl.status()["twoWriters"] or any(o.peer("odl/ci-1")["twoWriters"] for o in others):
        row.violation("P3", "two writers are shown")
    result = check(row, mesh, ledgers)
    row.figure("acknowledged", result["acknowledged"])
    row.figure("lost with the only copy", lost_in_all)
    row.figure("epochs", len({e.epoch for ledger in ledgers for e in ledger.entries()}))
    row.note = f"copies up to {tail:,} events old; backup, copied files, WAL cut at any byte, and a tail that no peer has all of, in turn"

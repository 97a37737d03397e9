#!/usr/bin/env python3
# SPDX-License-Identifier: MPL-2.0
"""A node put back from an older copy (a backup, a snapshot of its disk while
it ran, a log cut short), then publishing at once: no position is used twice,
what was said since the copy comes back from its peers, nobody sees two
writers."""
import os
import shutil
import sqlite3
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from rig import Ledger, Mesh, Row, check, settle, wait  # noqa: E402
from checker import Store  # noqa: E402

KINDS = ["backup", "snapshot", "cut"]


def positions_twice(row, ledgers):
    """Two acknowledged events at one position: (node, epoch, seq)."""
    seen = {}
    for ledger in ledgers:
        for e in ledger.entries():
            other = seen.setdefault((e.node, e.epoch, e.seq), e.id)
            if other != e.id:
                row.violation("P1", f"{e.node} {e.epoch}/{e.seq} was given to {other} and to {e.id}")


with Row("B6", "an older copy put back, then publishing", unit="restores", short=3, long=100) as row, \
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
            if kind == "cut":  # the last events of the own log are gone
                db = sqlite3.connect(data + "/cimesh.db")
                db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
                db.close()
                return
            shutil.rmtree(data)
            shutil.move(old, data)
        return back

    def cut_wal():
        """Kills it and cuts its WAL somewhere: the tail of commits is gone."""
        wal = odl.dir + "/data/cimesh.db-wal"
        size = os.path.getsize(wal) if os.path.exists(wal) else 0
        if size:
            os.truncate(wal, row.random.randrange(size))

    while row.reached < row.target:
        kind = KINDS[row.reached % len(KINDS)]
        publish(row.random.randint(50, 300))
        back = copy(kind)
        said = tail if row.reached % 10 < len(KINDS) else 300
        publish(row.random.randint(said // 2, said))
        store = Store(odl)
        had = sum(store.counts().values())
        store.close()
        odl.kill()
        if kind == "cut":
            cut_wal()
        else:
            back()
        if row.random.random() < 0.3:
            others[0].kill()  # one peer is enough
        odl.start(wait_ready=False)
        ledgers.append(Ledger(row, odl, rate=0, batch=5, count=50).start().join())
        if others[0].process is None:
            others[0].start()
        if settle(row, mesh, 60) is None or odl.status()["stored"] < had:
            row.violation("P2", f"restore {row.reached} ({kind}): had {had} events before it, "
                          f"now {odl.status()['stored']}")
            break
        row.reached += 1
    positions_twice(row, ledgers)
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
    row.figure("epochs", len({e.epoch for ledger in ledgers for e in ledger.entries()}))
    row.note = f"copies up to {tail:,} events old; backup, copied files, WAL cut at any byte, in turn"

#!/usr/bin/env python3
# SPDX-License-Identifier: MPL-2.0
"""Backups of a node under load: each holds whole what was acknowledged before it
began. Some are put in the place of the database, after kill -9: the node gets
its tail back from a peer and uses no position again."""
import os
import shutil
import sqlite3
import sys
import uuid

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from rig import Ledger, Mesh, Row, check, settle, wait  # noqa: E402


def look_at(row, path, acked):
    """Whole, and nothing missing that was acknowledged before."""
    db = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    said = db.execute("PRAGMA integrity_check").fetchone()[0]
    if said != "ok":
        row.violation("J3", f"backup {row.reached}: {said}")
    have = {str(uuid.UUID(bytes=i)) for (i,) in db.execute("SELECT id FROM event WHERE id IS NOT NULL")}
    for entry in acked:
        if entry.id not in have:
            row.violation("P1", f"backup {row.reached} lacks {entry.id}, acknowledged before it began")
    db.close()
    return len(have)


def restore(row, mesh, node, backup):
    """B6: as after the loss of a disk, under the eyes of the others."""
    node.kill()
    database = os.path.join(node.dir, "data", "cimesh.db")
    for part in "", "-wal", "-shm":
        if os.path.exists(database + part):
            os.unlink(database + part)
    shutil.copy(backup, database)
    node.start(wait_ready=False)
    wait("the tail is back", lambda: node.alive() and not_short(node, mesh), 60)


def not_short(node, mesh):
    most = max(n.status()["stored"] for n in mesh.nodes if n is not node)
    return node.get("/livez")[0] == 200 and node.status()["stored"] >= most


with Row("J3", "backups under load, and restored", unit="backups", short=10, long=100) as row, \
        Mesh() as mesh:
    odl, opnfv = mesh.node("odl/ci-1"), mesh.node("opnfv/ci-1").follow("odl/")
    onap = mesh.node("onap/ci-1").follow("odl/")
    mesh.befriend()
    mesh.start()
    opnfv.wait_peer(odl)
    onap.wait_peer(odl)
    ledgers, restored, largest, done = [], 0, 0, []
    ledger = Ledger(row, odl, rate=300, batch=4).start()
    while row.reached < row.target:
        wait("some more", lambda: len(ledger) > 40)
        path = os.path.join(row.dir, f"backup-{row.reached}.db")
        before = ledger.entries()
        odl.cli("backup", path)
        largest = max(largest, look_at(row, path, before + done))
        row.reached += 1
        if row.reached % 5 == 0:
            wait("a tail after it", lambda: len(ledger) > len(before) + 40)
            ledgers.append(ledger.stop())
            settle(row, mesh)
            done += ledger.entries()
            restore(row, mesh, odl, path)
            restored += 1
            ledger = Ledger(row, odl, rate=300, batch=4).start()
        os.unlink(path)
    ledgers.append(ledger.stop())
    row.figure("settled s", settle(row, mesh))
    counts = check(row, mesh, ledgers)
    row.figure("restored", restored)
    row.figure("events", counts["acknowledged"])
    row.figure("largest backup, events", largest)

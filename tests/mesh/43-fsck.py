# SPDX-License-Identifier: MPL-2.0
"""Bits that flip in a store at rest: fsck names exactly those events, with a
node and without one, and the peers supply them again."""
import json
import os
import sqlite3

from mesh import Mesh, artifact, wait


def rot(node, *seqs):
    """Flips a bit of these events; (epoch, seq) of each."""
    db = sqlite3.connect(os.path.join(node.dir, "data", "cimesh.db"), timeout=20)
    out = []
    for seq in seqs:
        arrival, epoch, data = db.execute(
            "SELECT arrival, epoch, bytes FROM event JOIN log ON log.id = log WHERE seq = ?",
            (seq,)).fetchone()
        data = bytearray(data)
        data[len(data) // 2] ^= 1
        db.execute("UPDATE event SET bytes = ? WHERE arrival = ?", (bytes(data), arrival))
        out.append((epoch, seq))
    db.commit()
    db.close()
    return out


def fsck(node, *args, code):
    lines = [json.loads(x) for x in node.cli("fsck", "--json", *args, code=code).splitlines()]
    assert all(x["what"] == "event" and x["node"] == "odl/ci-1" for x in lines[:-1]), lines
    assert lines[-1]["findings"] == len(lines) - 1 and lines[-1]["whole"], lines
    return [(x["epoch"], x["seq"]) for x in lines[:-1]], lines[-1]


with Mesh() as m:
    odl, opnfv = m.node("odl/ci-1"), m.node("opnfv/ci-1").follow("odl/")
    m.befriend()
    odl.cli("fsck", code=66)
    m.start()
    opnfv.wait_peer(odl)
    for i in range(5):
        odl.publish(*[artifact(n=i * 20 + k) for k in range(20)])
    wait("all at opnfv", lambda: opnfv.status()["stored"] == 100)
    ids = sorted(odl.ids())
    for n in (odl, opnfv):
        assert n.cli("fsck") == "100 events in 1 logs: all is whole\n"

    # Without a node, at a follower and at the author.
    for n in (opnfv, odl):
        assert n.stop() == 0
        bad = rot(n, 3, 50, 51, 97)
        assert fsck(n, "--dry-run", code=65)[0] == bad
        said, end = fsck(n, code=0)
        assert said == bad and end["remain"] == 0, (said, end)
        assert fsck(n, code=0)[1]["events"] == 96
        n.start()
        wait("they come again", lambda: n.status()["stored"] == 100)
        wait("no gap is left", lambda: n.status()["gaps"] == 0)
        assert fsck(n, code=0) == ([], {"events": 100, "logs": 1, "findings": 0,
                                        "remain": 0, "whole": True})
        assert sorted(n.ids()) == ids

    # Beside the node: it sets them aside, and asks at once.
    opnfv.wait_peer(odl)
    bad = rot(opnfv, 7, 8, 60)
    assert fsck(opnfv, code=0)[0] == bad
    wait("they come again", lambda: opnfv.cli("fsck", code=None).endswith(
        "100 events in 1 logs: all is whole\n"))
    assert sorted(opnfv.ids()) == ids and opnfv.status()["gaps"] == 0

    # An index that does not say what its table says: built anew, when no node
    # has the store open.
    assert opnfv.stop() == 0
    db = sqlite3.connect(os.path.join(opnfv.dir, "data", "cimesh.db"), isolation_level=None)
    db.execute("PRAGMA writable_schema = ON")
    db.execute("UPDATE sqlite_schema SET sql = replace(sql, '(topic)', '(seq)')"
               " WHERE name = 'event_topic'")
    db.close()
    opnfv.start()
    said = opnfv.cli("fsck", code=65)
    assert "database: row" in said and " 0 mended" in said, said
    assert opnfv.stop() == 0
    said = opnfv.cli("fsck", code=0)
    assert "database: row" in said and " 0 remain" in said, said
    assert "all is whole" in opnfv.cli("fsck")
    opnfv.start()

    # The ledger is told anew by the events, by the node while it runs.
    db = sqlite3.connect(os.path.join(opnfv.dir, "data", "cimesh.db"), timeout=20)
    db.execute("UPDATE ledger_say SET state = state + 1")
    db.commit()
    db.close()
    said = opnfv.cli("fsck", code=0)
    assert said.startswith("ledger: "), said
    wait("the ledger is right", lambda: opnfv.cli("fsck", code=None).endswith(
        "all is whole\n"))

    # What cannot be mended says so.
    db = sqlite3.connect(os.path.join(opnfv.dir, "data", "cimesh.db"), timeout=20)
    db.execute("DELETE FROM key")
    db.commit()
    db.close()
    said = opnfv.cli("fsck", code=65)
    assert "odl/ci-1" in said and " key: " in said and "remain" in said, said
    opnfv.cli("fsck", "more", code=64)

#!/usr/bin/env python3
# SPDX-License-Identifier: MPL-2.0
"""One bit of the WAL flips while the node is down: SQLite drops the tail without
a word. In unit form the store then has exactly the content after some earlier
commit; with real nodes a peer remembers the head, so the tail comes back, and
no position is used again."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from rig import Mesh, Row, artifact, check, settle, wait  # noqa: E402
from forms import run_forms  # noqa: E402


def flip(row, path):
    """One bit, somewhere behind the header."""
    with open(path, "r+b") as f:
        size = f.seek(0, os.SEEK_END)
        at = row.random.randrange(32, size)
        f.seek(at)
        byte = f.read(1)[0] ^ 1 << row.random.randrange(8)
        f.seek(at)
        f.write(bytes([byte]))


with Row("B5", "one flipped bit of the WAL", unit="bits", short=304, long=2060) as row, Mesh() as mesh:
    run_forms(row, ("fault_rot_test", "--seed", row.seed % 2**31))
    odl, opnfv = mesh.node("odl/ci-1"), mesh.node("opnfv/ci-1").follow("odl/")
    mesh.befriend()
    mesh.start()
    opnfv.wait_peer(odl)
    acked, shorter, cycles = {}, 0, 60 if row.long else 4
    for cycle in range(cycles):
        for _ in range(10):
            for place in odl.publish(*[artifact(n=row.random.randrange(10**6)) for _ in range(3)]):
                at = (place["epoch"], place["seq"])
                if at in acked:
                    row.violation("P1", f"position {at} was used for {acked[at]} and {place['eventId']}")
                acked[at] = place["eventId"]
        wait("the peer has it", lambda: opnfv.status()["stored"] == len(acked))
        odl.kill()
        flip(row, os.path.join(odl.dir, "data", "cimesh.db-wal"))
        odl.start(wait_ready=False)
        wait("up", lambda: odl.alive() and odl.get("/livez")[0] == 200)
        shorter += odl.status()["stored"] < len(acked)
        odl.wait_up()
        wait("the tail is back", lambda: odl.status()["stored"] == len(acked), 30)
        row.reached += 1
    settle(row, mesh)
    check(row, mesh)
    for node in odl, opnfv:
        if {(e["epoch"], e["seq"]): e["eventId"] for e in node.all()} != acked:
            row.violation("P2", f"{node.name} has not what was acknowledged")
    row.figure("came back shorter", f"{shorter} of {cycles}")

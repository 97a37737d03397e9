#!/usr/bin/env python3
# SPDX-License-Identifier: MPL-2.0
"""Every fsync takes half a second: links stay up, beacons go out, the API and
catch-up answer, jobs are acknowledged late and not refused."""
import os
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from rig import Ledger, Mesh, Row, artifact, check, program, settle, wait  # noqa: E402

SYNC_MS = 500


class Watch(threading.Thread):
    """Asks a node again and again; how long the worst answer took."""

    def __init__(self, ask):
        super().__init__(daemon=True)
        self.ask, self.worst, self.n, self.ended = ask, 0, 0, False

    def run(self):
        while not self.ended:
            begin = time.monotonic()
            self.ask()
            self.worst = max(self.worst, time.monotonic() - begin)
            self.n += 1
            time.sleep(0.05)


with Row("B7", "fsync takes half a second", unit="half seconds", short=16, long=120) as row, \
        Mesh() as mesh:
    os.environ["CIMESH_FAULT_LIB"] = program("libcim_fault.so")
    odl, opnfv = mesh.node("odl/ci-1").follow("onap/"), mesh.node("opnfv/ci-1").follow("odl/")
    onap, late = mesh.node("onap/ci-1").follow("odl/"), mesh.node("late/ci-1").follow("odl/")
    slow = odl.faults() + ".slow"
    mesh.befriend()
    mesh.start(odl, opnfv, onap)
    opnfv.wait_peer(odl)
    onap.wait_peer(odl)
    odl.wait_peer(onap, opnfv)
    odl.publish(*[artifact(n=i) for i in range(500)])

    def lag():
        silence.append(opnfv.peer("odl/ci-1")["up"] and odl.peer("onap/ci-1")["up"])
    silence = []
    open(slow, "w").close()
    ledgers = [Ledger(row, odl, rate=50).start() for _ in range(3)] + [Ledger(row, onap, rate=20).start()]
    watches = [Watch(odl.status), Watch(lag)]
    for w in watches:
        w.start()
    begin, shown = time.monotonic(), odl.peer("onap/ci-1")
    late.start(wait_ready=False)
    wait("catch-up is served meanwhile", lambda: late.get("/livez")[0] == 200
         and late.status()["stored"] >= 500, 40)
    while row.reached < row.target:
        time.sleep(0.5)
        row.reached = int((time.monotonic() - begin) * 1000 / SYNC_MS)
    for ledger in ledgers:
        ledger.stop()
    for w in watches:
        w.ended = True
    os.unlink(slow)
    for w in watches:
        w.join()
    if not all(silence):
        row.violation("B7", f"a peer was down in {silence.count(False)} of {len(silence)} looks")
    for node in odl, opnfv, onap:
        text = node.log_text()
        if "PEER-DOWN" in text:
            row.violation("B7", f"{node.name}: {[s for s in text.splitlines() if 'PEER-DOWN' in s][:3]}")
    row.figure("settled s", settle(row, mesh))
    row.figure("events", check(row, mesh, ledgers)["acknowledged"])
    row.figure("status, worst s", round(watches[0].worst, 2))
    for ledger in ledgers:
        if not len(ledger):
            row.violation("P1", "a publisher got no acknowledgement at all")

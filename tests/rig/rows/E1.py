#!/usr/bin/env python3
# SPDX-License-Identifier: MPL-2.0
"""Members come and go, and follows change, while events flow: who was removed
hears nothing more, who is added is served without a restart, and nobody else
misses anything."""
import os
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from rig import Ledger, Mesh, Row, check, settle, wait  # noqa: E402
from hostile import Stranger, secret_of  # noqa: E402
from measure import lateness_ms, percentile  # noqa: E402

with Row("E1", "roster changes under load", unit="changes", short=24, long=300) as row, Mesh() as mesh:
    odl, opnfv, onap = mesh.node("odl/ci-1"), mesh.node("opnfv/ci-1"), mesh.node("onap/ci-1")
    opnfv.follow("odl/ArtifactCreated/")
    extra = [mesh.node(f"c{i}/ci-1") for i in range(4)]
    odl.trust(opnfv)
    opnfv.trust(odl)
    mesh.start(odl, opnfv)
    opnfv.wait_peer(odl)
    jobs = Ledger(row, odl, rate=200 if row.long else 100).start()
    wait("jobs run", lambda: len(jobs) > 20)
    late, back = [], []
    member = Stranger(odl, secret_of(onap))
    member.sub.rcvhwm = 0
    member.sub.subscribe(b"odl/")

    def hears(ms):
        got = member.sub.poll(ms)
        while member.sub.poll(0):
            member.sub.recv_multipart()
        return got

    while row.reached < row.target:
        if hears(0):
            row.violation("P7", "a key outside the roster was sent an event")
        odl.trust(onap)
        odl.reload()
        begin = time.monotonic()
        wait("the new member is served", lambda: hears(50), 30)
        back.append(time.monotonic() - begin)
        other = row.random.choice(extra)
        odl.trust(other)
        opnfv.follows = ["odl/"] if row.random.random() < 0.5 else ["odl/ArtifactCreated/"]
        opnfv.configure()
        odl.reload()
        opnfv.reload()
        odl.distrust(onap)
        odl.distrust(other)
        odl.reload()
        begin = time.monotonic()
        while hears(300) and time.monotonic() < begin + 5:
            late.append(time.monotonic() - begin)
        if hears(200):
            row.violation("E1", "a removed member still gets events after 5 s")
        row.reached += 6
    member.close()
    jobs.stop()
    row.note = "each addition waits for the new member's next try to connect: 300 of 1,000"
    row.figure("settled s", settle(row, mesh, nodes=[odl, opnfv]))
    row.figure("served after s, most", round(max(back), 2))
    row.figure("last event to a removed member s", round(max(late, default=0), 2))
    row.figure("late ms p99", percentile(lateness_ms(odl, opnfv), 99))
    check(row, mesh, [jobs], nodes=[odl, opnfv])

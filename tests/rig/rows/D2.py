#!/usr/bin/env python3
# SPDX-License-Identifier: MPL-2.0
"""Events that say they are from the far future, or long past: stored, in the
order of their positions, followed by others as if nothing were; one that keeps
events for a day keeps them, for what counts is when they came."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from rig import Mesh, Row, artifact, wait  # noqa: E402

YEAR_MS = 365 * 86400 * 1000

with Row("D2", "event times far from now", unit="events", short=1000, long=20_000) as row:
    with Mesh() as mesh:
        odl, opnfv = mesh.node("odl/ci-1"), mesh.node("opnfv/ci-1").follow("odl/")
        opnfv.extra = 'store\n    keep-days = "1"\n'
        opnfv.configure()
        opnfv.clock.mono(0)
        mesh.befriend()
        mesh.start()
        opnfv.wait_peer(odl)
        said = []
        while row.reached < row.target:
            times = [row.random.choice([-1, 1]) * row.random.randrange(600_000, 40 * YEAR_MS)
                     for _ in range(100)]
            said += odl.publish(*[artifact(n=row.reached + i, eventTime=1_790_000_000_000 + t)
                                  for i, t in enumerate(times)])
            row.reached += 100
        wait("all at opnfv", lambda: opnfv.status()["stored"] == row.reached, 60)
        opnfv.clock.mono(2 * 3600_000)  # a purge is due
        opnfv.wait_peer(odl)
        for node in odl, opnfv:
            got = [(e["epoch"], e["seq"], e["eventId"]) for e in node.all()]
            if got != sorted(got):
                row.violation("order", f"{node.name}: not in the order of positions")
            if [g[2] for g in got] != [s["eventId"] for s in said]:
                row.violation("P2", f"{node.name}: has other events than were acknowledged")

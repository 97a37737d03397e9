#!/usr/bin/python3
# SPDX-License-Identifier: MPL-2.0
"""A burst at one node: acknowledged, and stored at every other member."""
import os
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from rig import Mesh, Row, artifact, wait  # noqa: E402
from load import Talk, audit, full_mesh, memory, start_all  # noqa: E402

BURST, REQUEST = 10_000, 250

with Row("H3", "burst of 10,000 events at one node", unit="events stored",
         short=50_000, long=15 * BURST * 4, alone=True) as row:
    members = 16 if row.long else 6
    with Mesh() as mesh:
        nodes = full_mesh(mesh, members)
        start_all(nodes, 120)
        row.say(f"{members} members see each other")
        said, acked, stored, n = [], [], [], 0
        while n < row.target:
            talk, begin = Talk(nodes[0]), time.monotonic()
            for i in range(0, BURST, REQUEST):
                said += talk.publish(*[artifact(nodes[0].community, "master", n + i + k)
                                       for k in range(REQUEST)])
            acked.append(time.monotonic() - begin)
            for node in nodes[1:]:
                wait(f"{node.name} has all",
                     lambda x=node: x.alive() and x.status()["stored"] == len(said), 120)
            stored.append(time.monotonic() - begin)
            n += BURST * (members - 1)
        for node in nodes:
            audit(row, node, [(nodes[0].community, s) for s in said])
        row.reached = n
        row.figure("bursts", len(acked))
        row.figure("acknowledged within s", round(max(acked), 2))
        row.figure("stored everywhere within s", round(max(stored), 2))
        row.figure("RSS MiB, most", max(memory(x)[1] for x in nodes))
        row.note = f"{members} members on {os.cpu_count()} cores; target all stored < 15 s"

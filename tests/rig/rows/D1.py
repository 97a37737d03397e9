#!/usr/bin/env python3
# SPDX-License-Identifier: MPL-2.0
"""Wall clocks that step by an hour, by ten years, there and back, at each node
by itself, while partitions come and go: nothing is lost, doubled or moved."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from checker import Store  # noqa: E402
from rig import Mesh, Proxy, Row  # noqa: E402
from partition import partitions  # noqa: E402

HOUR_MS = 3_600_000
YEARS_MS = 10 * 365 * 24 * HOUR_MS
STEPS = [HOUR_MS, -HOUR_MS, YEARS_MS, -YEARS_MS, 0]

with Row("D1", "wall clocks step while partitions come and go", unit="cycles", short=8, long=100) as row, \
        Mesh() as mesh, Proxy() as proxy:
    def step(nodes):
        for n in nodes:
            if row.random.random() < 0.7:
                n.clock.wall(row.random.choice(STEPS))
        if row.random.random() < 0.4:  # an epoch that begins at another time
            n = row.random.choice(nodes)
            n.kill()
            n.start(wait_ready=False)

    partitions(row, mesh, proxy, hold=lambda: row.random.uniform(0.1, 0.6),
               prepare=lambda n: n.clock, during=step)
    spread = 0
    for n in mesh.nodes:
        store = Store(n)
        first, last = store.db.execute("SELECT min(received), max(received) FROM event").fetchone()
        spread = max(spread, (last - first) / (365 * 24 * HOUR_MS))
        store.close()
        for o in mesh.nodes:
            if o is not n:
                shown = o.peer(n.name)
                if shown["equivocation"] or shown["twoWriters"]:
                    row.violation("P3", f"{o.name} shows {n.name} as two writers: {shown}")
        if n.status()["twoWriters"]:
            row.violation("P3", f"{n.name} takes itself for two writers")
    row.figure("years between times of receipt", round(spread, 1))
    if row.target > 5 and spread < 5:
        row.violation("row", "no clock stepped")
    row.note = "steps of +-1 h and +-10 years; some nodes killed and started in the other time"

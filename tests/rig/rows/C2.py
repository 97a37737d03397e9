#!/usr/bin/env python3
# SPDX-License-Identifier: MPL-2.0
"""Partitions, both ways and one way, of a pair, of one node, of all: each side
goes on publishing, and after the heal everybody has everything."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from rig import Mesh, Proxy, Row  # noqa: E402
from partition import partitions  # noqa: E402

with Row("C2", "partitions both ways and one way, healed", unit="cycles", short=8, long=100) as row, \
        Mesh() as mesh, Proxy() as proxy:
    away = {"ms": 0}

    def hold():
        """In a long run some outlast the silence that counts as away for real."""
        return 18 if row.long and row.reached % 20 == 19 else row.random.uniform(0.1, 0.6)

    def during(nodes):
        """For a third of the partitions a minute passes, by the nodes' clocks."""
        if row.random.random() < 0.33:
            away["ms"] += 60_000
            for n in nodes:
                n.clock.mono(away["ms"])

    partitions(row, mesh, proxy, hold, prepare=lambda n: n.clock, during=during)
    row.note = "cuts of 0.1 to 0.6 s, a third of them a minute long by the nodes' monotonic clocks" + \
        (", each twentieth 18 s in truth" if row.long else "") + "; half lose what was under way"

#!/usr/bin/env python3
# SPDX-License-Identifier: MPL-2.0
"""Every twentieth packet to every node is lost while all publish: order and
completeness are as on a good line."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from rig import Ledger, Mesh, Row, check, settle  # noqa: E402
from measure import lateness_ms, percentile  # noqa: E402
from netns import Net, possible  # noqa: E402


def main(row, mesh, net):
    nodes = [net.node(mesh, n).follow("*") for n in ("odl/ci-1", "opnfv/ci-1", "onap/ci-1")]
    mesh.befriend()
    mesh.start()
    for n in nodes:
        n.wait_peer(*(o for o in nodes if o is not n))
        net.loss(n, 5)
    count = row.target // 3 + 1
    ledgers = [Ledger(row, n, rate=500, count=count, batch=2).start() for n in nodes]
    for ledger in ledgers:
        ledger.join(600)
        row.reached += len(ledger)
    row.figure("settled s", settle(row, mesh, 60))
    check(row, mesh, ledgers)
    row.figure("packets lost", net.dropped())
    row.figure("late p99 ms", percentile(lateness_ms(nodes[0], nodes[1]), 99))
    row.note = "network namespaces, nft; no netem in every kernel, so no reordering of packets"


with Row("C3N", "5 % of the packets to each node lost", unit="events", short=3000, long=100_000) as row:
    why_not = possible()
    if why_not:
        row.target, row.note = 0, f"not run here: {why_not}"
    else:
        with Net() as net, Mesh() as mesh:
            main(row, mesh, net)

#!/usr/bin/env python3
# SPDX-License-Identifier: MPL-2.0
"""C2 with packets: nodes in network namespaces, cables pulled, packets lost,
nodes that cannot hear or cannot speak, thin lines; then healed."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from rig import Mesh, Row  # noqa: E402
from netns import Net, possible  # noqa: E402
from partition import cycles, publishers, verdict  # noqa: E402


def tear(row, net, nodes):
    kind = row.random.choice(["loss", "deaf", "mute", "apart", "pull", "thin"])
    a, b = row.random.sample(nodes, 2)
    more = {"loss": [row.random.randint(5, 60)], "apart": [b], "thin": [row.random.choice([8, 64])]}
    getattr(net, kind)(a, *more.get(kind, []))
    return kind


def main(row, mesh, net):
    nodes = [net.node(mesh, n).follow("*") for n in ("odl/ci-1", "opnfv/ci-1", "onap/ci-1")]
    mesh.befriend()
    mesh.start()
    for n in nodes:
        n.wait_peer(*(o for o in nodes if o is not n))
    ledgers = publishers(row, nodes)

    def hold():
        return 18 if row.long and row.reached % 10 == 9 else row.random.uniform(0.2, 1)

    took = cycles(row, nodes, ((lambda: tear(row, net, nodes)), net.heal), hold, ledgers=ledgers)
    verdict(row, mesh, ledgers, took)
    row.note = "network namespaces, veth, nft, tbf"


with Row("C2N", "the same with packets: cables, loss, thin lines", unit="cycles", short=5, long=60) as row:
    why_not = possible()
    if why_not:
        row.target, row.note = 0, f"not run here: {why_not}"
    else:
        with Net() as net, Mesh() as mesh:
            main(row, mesh, net)

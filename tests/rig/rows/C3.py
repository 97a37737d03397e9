#!/usr/bin/env python3
# SPDX-License-Identifier: MPL-2.0
"""Long and uneven ways between all nodes: events arrive once, whole, and in
the order of their positions."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from rig import Ledger, Mesh, Proxy, Row, check, settle  # noqa: E402
from checker import Store  # noqa: E402
from measure import lateness_ms, percentile  # noqa: E402

with Row("C3", "200 +- 100 ms on every link", unit="events", short=5000, long=100_000) as row, \
        Mesh() as mesh, Proxy() as proxy:
    nodes = [mesh.node(n).follow("*") for n in ("odl/ci-1", "opnfv/ci-1", "onap/ci-1")]
    mesh.befriend()
    links = proxy.all_pairs(*nodes)
    for link in links.values():
        link.delay(200, 100)
    mesh.start()
    for n in nodes:
        n.wait_peer(*(o for o in nodes if o is not n))
    count, rate = row.target // 3 + 1, 1000 if row.long else 500
    ledgers = [Ledger(row, n, rate=rate, count=count, batch=2).start() for n in nodes]
    for ledger in ledgers:
        ledger.join(600)
        row.reached += len(ledger)
    row.figure("settled s", settle(row, mesh, 60))
    check(row, mesh, ledgers)
    early = 0
    for n in nodes:
        store, last = Store(n), {}
        for log, seq in store.db.execute("SELECT log, seq FROM event ORDER BY arrival"):
            early += seq < last.get(log, 0)
            last[log] = max(seq, last.get(log, 0))
        store.close()
    row.figure("stored before an earlier one", early)
    row.figure("late p99 ms", percentile(lateness_ms(nodes[0], nodes[1]), 99))
    row.note = "TCP makes delay of loss, reordering and duplicates; they cannot reach the node"

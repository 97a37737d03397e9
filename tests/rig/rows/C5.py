#!/usr/bin/env python3
# SPDX-License-Identifier: MPL-2.0
"""Connections that are reset again and again while events flow: everything
arrives, and what the flapping costs an idle node is told."""
import os
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from rig import Ledger, Mesh, Proxy, Row, check, settle  # noqa: E402
from measure import cpu_s  # noqa: E402

with Row("C5", "connections reset again and again", unit="resets", short=30, long=600) as row, \
        Mesh() as mesh, Proxy() as proxy:
    odl, opnfv, onap = mesh.node("odl/ci-1"), mesh.node("opnfv/ci-1"), mesh.node("onap/ci-1")
    opnfv.follow("odl/")
    onap.follow("odl/")
    mesh.befriend()
    links = proxy.all_pairs(odl, opnfv, onap)
    mesh.start()
    ledger = Ledger(row, odl, rate=200).start()
    pause = 0.3 if row.long else 0.1
    while row.reached < row.target:
        time.sleep(pause)
        link = row.random.choice(list(links.values()))
        link.reset()
        row.reached += 1
    ledger.stop()
    before, begin, idle = cpu_s(odl), time.monotonic(), 20 if row.long else 2
    while time.monotonic() < begin + idle:
        time.sleep(1)
        for link in links.values():
            link.reset()
    row.figure("publisher's idle processor %", round((cpu_s(odl) - before) / (time.monotonic() - begin) * 100, 1))
    row.figure("settled s", settle(row, mesh))
    row.figure("events", check(row, mesh, [ledger])["acknowledged"])

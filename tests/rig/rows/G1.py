#!/usr/bin/env python3
# SPDX-License-Identifier: MPL-2.0
"""TCP connections that never speak, as many as the node's descriptors: members
it has are served throughout, a new one gets in, and the node calms down."""
import os
import resource
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from rig import Ledger, Mesh, Row, check, settle, wait  # noqa: E402
from hostile import hang_on, more_descriptors  # noqa: E402
from measure import cpu_s, lateness_ms, percentile  # noqa: E402


def limit_descriptors(node, n):
    resource.prlimit(node.process.pid, resource.RLIMIT_NOFILE, (n, n))


with Row("G1", "silent TCP connections", unit="connections", short=4_000, long=20_000) as row, \
        Mesh() as mesh:
    hard = more_descriptors()
    odl, opnfv, late = mesh.node("odl/ci-1"), mesh.node("opnfv/ci-1"), mesh.node("onap/ci-1")
    opnfv.follow("odl/")
    late.follow("odl/")
    mesh.befriend()
    mesh.start(odl, opnfv)
    opnfv.wait_peer(odl)
    fds = len(os.listdir(f"/proc/{odl.process.pid}/fd")) + 200
    limit_descriptors(odl, fds)
    jobs = Ledger(row, odl, rate=100).start()
    wait("jobs run", lambda: len(jobs) > 20)
    before, wave, join_s, busy = odl.connections(), min(2_000, hard // 2), [], []
    while row.reached < row.target:
        begin, used = time.monotonic(), cpu_s(odl)
        socks = hang_on(odl, min(wave, row.target - row.reached))
        row.reached += len(socks)
        if len(join_s) < 2:
            late.start()
            began = time.monotonic()
            late.wait_peer(odl)
            join_s.append(round(time.monotonic() - began, 2))
            late.stop()
        busy.append((cpu_s(odl) - used) / (time.monotonic() - begin))
        for s in socks:
            s.close()
    for s in socks:
        s.close()
    wait("it is calm", lambda: len(os.listdir(f"/proc/{odl.process.pid}/fd")) < fds - 150, 30)
    jobs.stop()
    if not before <= odl.connections():
        row.violation("P7", "an honest peer lost its connection")
    used, begin = cpu_s(odl), time.monotonic()
    time.sleep(1)
    row.figure("% of a core after", round(100 * (cpu_s(odl) - used) / (time.monotonic() - begin), 1))
    row.figure("% of a core while", round(100 * max(busy), 1))
    row.figure("new member in after s", max(join_s))
    row.figure("settled s", settle(row, mesh, nodes=[odl, opnfv]))
    row.figure("late ms p99", percentile(lateness_ms(odl, opnfv), 99))
    row.note = f"the node has {fds} descriptors, {min(wave, row.target)} connections at a time: 2 s for each {fds - 50} of them"
    check(row, mesh, [jobs], nodes=[odl, opnfv])

#!/usr/bin/env python3
# SPDX-License-Identifier: MPL-2.0
"""CURVE handshakes with keys nobody knows, as fast as they go: none is let in,
members are served on time, and the log stays short."""
import os
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import nacl.utils  # noqa: E402
import zmq  # noqa: E402
from rig import Ledger, Mesh, Row, check, settle, wait  # noqa: E402
from hostile import more_descriptors, public_of  # noqa: E402
from measure import cpu_s, lateness_ms, percentile  # noqa: E402
from wire import base64_z85, curve_public  # noqa: E402

AT_ONCE = 100


def knock(ctx, row, node, server):
    """So many handshakes at once with keys of no roster; who was let in."""
    socks = []
    for i in range(AT_ONCE):
        secret = nacl.utils.random(32)
        s = ctx.socket(zmq.SUB if i % 2 else zmq.DEALER)
        s.linger, s.reconnect_ivl = 0, 60_000
        s.curve_secretkey, s.curve_serverkey = base64_z85(secret), base64_z85(server)
        s.curve_publickey = base64_z85(curve_public(secret))
        if i % 2:
            s.subscribe(b"")
        s.connect(node.events if i % 2 else node.sync)
        socks.append(s)
    time.sleep(0.05)
    inside = sum(1 for s in socks if s.poll(0, zmq.POLLIN))
    for s in socks:
        s.close()
    while len(os.listdir("/proc/self/fd")) > 400:  # libzmq closes them in its own time
        time.sleep(0.01)
    return inside


with Row("G2", "handshakes with unknown keys", unit="handshakes", short=4_000, long=100_000) as row, \
        Mesh() as mesh:
    more_descriptors()
    odl, opnfv = mesh.node("odl/ci-1"), mesh.node("opnfv/ci-1").follow("odl/")
    mesh.befriend()
    mesh.start()
    opnfv.wait_peer(odl)
    jobs = Ledger(row, odl, rate=200).start()
    wait("jobs run", lambda: len(jobs) > 300)
    quiet = percentile(lateness_ms(odl, opnfv), 99)
    before, server, ctx = odl.connections(), public_of(odl), zmq.Context()
    after, begin, used = odl.status()["stored"], time.monotonic(), cpu_s(odl)
    ctx.max_sockets = 4 * AT_ONCE
    while row.reached < row.target:
        inside = knock(ctx, row, odl, server)
        if inside:
            row.violation("P7", f"{inside} strangers got something")
        row.reached += AT_ONCE
    seconds = time.monotonic() - begin
    row.figure("tries a second", round(row.reached / seconds))
    row.figure("% of a core", round(100 * (cpu_s(odl) - used) / seconds, 1))
    jobs.stop()
    ctx.destroy(linger=0)
    if not before <= odl.connections():
        row.violation("P7", "an honest peer lost its connection")
    lines = odl.log_text().count("LINK-REFUSED")
    if lines > seconds + 5:
        row.violation("G8", f"{lines} lines in {seconds:.0f} s about strangers")
    row.figure("log lines", lines)
    row.figure("settled s", settle(row, mesh))
    row.figure("late ms p99, quiet", quiet)
    row.figure("late ms p99", percentile(lateness_ms(odl, opnfv, after), 99))
    check(row, mesh, [jobs])

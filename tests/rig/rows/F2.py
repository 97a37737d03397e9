#!/usr/bin/env python3
# SPDX-License-Identifier: MPL-2.0
"""Frames larger than a socket takes, on all four sockets: libzmq cuts the link
and does not come back by itself; ours does, and the peer's events all arrive."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import zmq  # noqa: E402
from rig import Ledger, Mesh, Row, check, settle, wait  # noqa: E402
from hostile import Publisher, Stranger, secret_of  # noqa: E402
from measure import rss_mib  # noqa: E402

with Row("F2", "oversized frames", unit="frames", short=16, long=400) as row, Mesh() as mesh:
    odl, opnfv, evil = mesh.node("odl/ci-1"), mesh.node("opnfv/ci-1").follow("*"), mesh.node("evil/ci-1")
    mesh.befriend()
    mesh.start(odl, opnfv)
    opnfv.wait_peer(odl)
    jobs = Ledger(row, odl, rate=50).start()
    peer = Publisher(evil, 100)
    peer.huge_pages = row.target // 8
    peer.start()
    wait("its events are there", lambda: opnfv.peer(evil.name)["held"] == 100, 30)
    rss, cuts, before = {n: rss_mib(n) for n in (odl, opnfv)}, 0, odl.connections()
    # What it says as a publisher, to SUB and DEALER: each frame costs the link.
    while cuts < row.target // 8:
        heard = peer.subscribed
        peer.shout(b"x" * row.random.choice([70_000, 200_000, 5_000_000]))
        row.reached += 1
        cuts += 1
        wait("the follower came back", lambda heard=heard: peer.subscribed > heard, 60)
    row.reached += peer.huge_sent
    # What it says as a subscriber and an asker.
    me = Stranger(odl, secret_of(evil))
    while row.reached < row.target:
        me.dealer.send(b"x" * row.random.choice([17_000, 1_000_000]), zmq.DONTWAIT)
        me.sub.subscribe(b"x" * row.random.choice([1_100, 100_000]))
        me.sub.poll(5)
        row.reached += 2
        if row.reached % 16 == 0:
            me.close()
            me = Stranger(odl, secret_of(evil))
    me.close()
    jobs.stop()
    peer.more(100)
    wait("all events are there", lambda: opnfv.peer(evil.name)["held"] == 200, 60)
    grown = max(rss_mib(n) - rss[n] for n in rss)
    row.figure("memory grew by MiB", round(grown, 1))
    row.figure("links made anew", opnfv.log_text().count("LINK-ANEW"))
    row.figure("settled s", settle(row, mesh, nodes=[odl, opnfv]))
    if grown > 32:
        row.violation("F2", f"memory grew by {grown:.0f} MiB")
    if not before <= odl.connections():
        row.violation("P7", "an honest peer lost its connection")
    peer.close()
    check(row, mesh, [jobs], nodes=[odl, opnfv])

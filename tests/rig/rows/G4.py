#!/usr/bin/env python3
# SPDX-License-Identifier: MPL-2.0
"""A member that publishes as fast as a socket takes it, each event a batch and
a signature of its own: other members' events come on time, what the follower
does not read stays with the sender and is fetched later, memory stays."""
import os
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from rig import Ledger, Mesh, Row, check, settle, wait  # noqa: E402
from hostile import Publisher  # noqa: E402
from measure import cpu_s, lateness_ms, percentile, rss_mib  # noqa: E402

with Row("G4", "a member floods valid events", unit="events", short=20_000, long=200_000) as row, \
        Mesh() as mesh:
    odl, opnfv = mesh.node("odl/ci-1"), mesh.node("opnfv/ci-1").follow("*")
    evil = mesh.node("evil/ci-1")
    mesh.befriend()
    mesh.start(odl, opnfv)
    opnfv.wait_peer(odl)
    flood = Publisher(evil, row.target)
    jobs = Ledger(row, odl, rate=100).start()
    wait("jobs run", lambda: len(jobs) > 100)
    quiet = percentile(lateness_ms(odl, opnfv), 99)
    rss, after, begin, used = rss_mib(opnfv), opnfv.status()["stored"], time.monotonic(), cpu_s(opnfv)
    flood.start()
    wait("it floods", flood.flooded, 60)
    row.figure("sent a second", round(row.target / flood.seconds))
    most = rss_mib(opnfv)
    seconds = time.monotonic() - begin
    row.figure("% of a core", round(100 * (cpu_s(opnfv) - used) / seconds))
    row.figure("of them live", opnfv.peer(evil.name)["held"])
    wait("all of the flood is there", lambda: opnfv.peer(evil.name)["held"] == row.target, 300)
    row.figure("all there after s", round(time.monotonic() - begin, 1))
    row.reached = opnfv.peer(evil.name)["held"]
    row.figure("memory grew by MiB", round(max(most, rss_mib(opnfv)) - rss, 1))
    flood.close()
    jobs.stop()
    row.figure("settled s", settle(row, mesh, nodes=[odl, opnfv]))
    late = lateness_ms(odl, opnfv, after)
    row.figure("late ms p99, quiet", quiet)
    row.figure("late ms p99", percentile(late, 99))
    row.figure("late ms most", max(late))
    if opnfv.refused("quota"):
        row.note = f"{opnfv.refused('quota')} live slices refused for want of room"
    check(row, mesh, [jobs], nodes=[odl, opnfv])

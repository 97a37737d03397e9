#!/usr/bin/env python3
# SPDX-License-Identifier: MPL-2.0
"""One peer hears through 8 kbit/s, then is stopped: the publisher's memory is
bounded, the other peer does not notice, the slow one gets all by catch-up."""
import os
import signal
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from rig import Ledger, Mesh, Proxy, Row, check, settle, wait  # noqa: E402
from measure import lateness_ms, percentile, rss_mib  # noqa: E402

RSS_MIB = 32
RATE = 4000

with Row("C1", "a peer at 8 kbit/s, then stopped", unit="events", short=20_000, long=500_000) as row, \
        Mesh() as mesh, Proxy() as proxy:
    odl = mesh.node("odl/ci-1")
    fast, slow = mesh.node("opnfv/ci-1").follow("odl/"), mesh.node("onap/ci-1").follow("odl/")
    mesh.befriend()
    link = proxy.link(slow, odl)
    mesh.start()
    for n in fast, slow:
        n.wait_peer(odl)
    ledgers = []

    def publish(count):
        """At RATE; the most memory the publisher had, and the fast peer's p99."""
        before = odl.status()["stored"]
        ledger = Ledger(row, odl, rate=RATE, batch=50, count=count).start()
        ledgers.append(ledger)
        most = rss_mib(odl)
        while not ledger.done():
            try:
                ledger.process.wait(0.1)
            except Exception:  # noqa: BLE001  (it goes on)
                pass
            most = max(most, rss_mib(odl))
        ledger.join()
        settle(row, mesh, 60, nodes=[odl, fast])
        row.reached += count
        return most, percentile(lateness_ms(odl, fast, after=before), 99)

    def phase(name, share):
        most, p99 = publish(int(row.target * share))
        row.figure(f"fast p99 ms, {name}", p99)
        return most

    base = phase("nobody slow", 0.2)
    link.throttle(1000)
    link.reset()
    most = phase("one at 8 kbit/s", 0.4)
    link.heal()
    link.reset()
    slow.signal(signal.SIGSTOP)
    most = max(most, phase("one stopped", 0.4))
    slow.signal(signal.SIGCONT)
    row.figure("publisher RSS MiB", round(most, 1))
    row.figure("growth MiB", round(most - base, 1))
    if most - base > RSS_MIB:
        row.violation("P7", f"the publisher grew from {base:.0f} to {most:.0f} MiB for a slow peer")
    took = settle(row, mesh, 120 if row.long else 40)
    row.figure("slow one repaired s", took)
    check(row, mesh, ledgers, proofs=200)
    row.note = f"{RATE} ev/s; half of what the slow peer missed was said while it was stopped"

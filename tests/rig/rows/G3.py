#!/usr/bin/env python3
# SPDX-License-Identifier: MPL-2.0
"""Members, and strangers where readers = "any", that subscribe to everything
there is, or subscribe and unsubscribe without end: each loses its connection,
the publisher's memory stays, and nobody else is cut or misses anything."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from rig import Ledger, Mesh, Row, check, settle, wait  # noqa: E402
from hostile import Stranger, secret_of  # noqa: E402
from measure import lateness_ms, percentile, rss_mib  # noqa: E402

BOMB = 20_000  # subscriptions of one attacker


def bomb(row, victim, who, endless):
    """Subscribes to this many topics; the most memory the victim had meanwhile."""
    most = 0
    for n in range(BOMB):
        topic = b"odl/%0190x/" % row.random.getrandbits(760)
        who.sub.subscribe(topic)
        if endless:
            who.sub.unsubscribe(topic)
        if n % 500 == 0:
            who.sub.poll(0)  # libzmq sends subscriptions when the socket is served
            most = max(most, rss_mib(victim))
    return most


with Row("G3", "subscription bombs", unit="subscriptions", short=100_000, long=1_000_000) as row, \
        Mesh() as mesh:
    odl = mesh.node("odl/ci-1", readers="any")
    opnfv = mesh.node("opnfv/ci-1").follow("odl/")
    members = [mesh.node(f"evil-{i}/ci-1") for i in range(2)]
    mesh.befriend()
    mesh.start(odl, opnfv)
    opnfv.wait_peer(odl)
    jobs = Ledger(row, odl, rate=100).start()
    wait("jobs run", lambda: len(jobs) > 50)
    secrets = [secret_of(m) for m in members]
    before, rss, most, attackers = odl.connections(), rss_mib(odl), 0, 0
    while row.reached < row.target:
        who = Stranger(odl, secrets.pop() if secrets else None)
        counted = odl.refused("quota")
        most = max(most, bomb(row, odl, who, endless=attackers % 2 == 1))
        wait("it is counted", lambda: who.sub.poll(20) or odl.refused("quota") > counted)
        who.close()
        row.reached += BOMB
        attackers += 1
        if not before <= odl.connections():
            row.violation("P7", "an honest peer lost its connection")
            before = odl.connections()
    jobs.stop()
    row.figure("settled s", settle(row, mesh, nodes=[odl, opnfv]))
    row.figure("attackers", attackers)
    row.figure("publisher grew by MiB", round(most - rss, 1))
    row.figure("late ms p99", percentile(lateness_ms(odl, opnfv), 99))
    if most - rss > 64:
        row.violation("P7", f"memory grew by {most - rss:.0f} MiB")
    check(row, mesh, [jobs], nodes=[odl, opnfv])

#!/usr/bin/env python3
# SPDX-License-Identifier: MPL-2.0
"""Members that ask for everything without end and never read an answer: the
node's memory is bounded, and an honest follower catches up meanwhile."""
import os
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from rig import Ledger, Mesh, Row, check, settle, wait  # noqa: E402
from hostile import Stranger, secret_of  # noqa: E402
from measure import cpu_s, lateness_ms, percentile, rss_mib  # noqa: E402
from wire import pack  # noqa: E402

ABUSERS = 64
EVENTS = 8_000

with Row("G5", "a storm of fetches nobody reads", unit="asks", short=50_000, long=1_000_000) as row, \
        Mesh() as mesh:
    odl, opnfv, onap = mesh.node("odl/ci-1"), mesh.node("opnfv/ci-1"), mesh.node("onap/ci-1")
    opnfv.follow("odl/")
    onap.follow("odl/")
    evil = [mesh.node(f"evil-{i}/ci-1") for i in range(4 if not row.long else 16)]
    mesh.befriend()
    mesh.start(odl, opnfv)
    opnfv.wait_peer(odl)
    Ledger(row, odl, rate=0, batch=500, count=EVENTS, branch="m" * 150).start().join(60)
    jobs = Ledger(row, odl, rate=50).start()
    wait("all there", lambda: opnfv.status()["stored"] >= EVENTS, 60)
    place = odl.status()
    rss, begin, used, most = rss_mib(odl), time.monotonic(), cpu_s(odl), 0
    after = place["stored"]
    # One key may connect as often as it likes; what it may have in the making is counted once.
    storm = [Stranger(odl, secret_of(evil[i % len(evil)])) for i in range(ABUSERS)]
    def all_in():
        for s in storm:
            s.ask(odl, place["epoch"], 0, 1)
        time.sleep(0.1)
        return all(s.dealer.poll(0) for s in storm)
    wait("they are in", all_in, 30)
    late = None
    while row.reached < row.target:
        for s in storm:
            for _ in range(20):
                s.ask(odl, place["epoch"], 0, 16_384)
                row.reached += 1
        most = max(most, rss_mib(odl))
        late = late or onap.start()
    wait("a late joiner has all", lambda: onap.status()["stored"] >= EVENTS, 60)
    seconds = time.monotonic() - begin
    most = max(most, rss_mib(odl))
    row.figure("asks a second", round(row.reached / seconds))
    row.figure("% of a core", round(100 * (cpu_s(odl) - used) / seconds))
    row.figure("memory grew by MiB", round(most - rss, 1))
    for s in storm:
        s.close()
    jobs.stop()
    honest = [odl, opnfv, onap]
    row.figure("settled s", settle(row, mesh, nodes=honest))
    row.figure("late ms p99", percentile(lateness_ms(odl, opnfv, after), 99))
    row.note = f"{ABUSERS} connections of {len(evil)} members"
    if most > 256:
        row.violation("P7", f"the node took {most:.0f} MiB")
    check(row, mesh, [jobs], nodes=honest)

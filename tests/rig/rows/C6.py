#!/usr/bin/python3
# SPDX-License-Identifier: MPL-2.0
"""A node joins late: a long past to fetch while its peer goes on publishing.
What is live arrives meanwhile, what is past arrives whole."""
import os
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from rig import Mesh, Row, wait  # noqa: E402
from load import Steady, Watch, audit, cpu, memory, ms, names, past, percentile  # noqa: E402

RATE = 200

with Row("C6", "late joiner, 200 events/s meanwhile", unit="events",
         short=30_000, long=1_000_000, alone=True) as row:
    with Mesh() as mesh:
        odl, opnfv = mesh.node("odl/ci-1"), mesh.node("opnfv/ci-1").follow("odl/")
        mesh.befriend()
        past(row, odl, row.target, branches=2000)
        odl.start()
        opnfv.start()
        # Its peer's links wait for each other: nothing of the past came yet,
        # or little; the clock starts with the first page.
        watch = Watch(opnfv, "odl/ArtifactCreated/live/")
        feed = Steady(odl, RATE, "live")
        wait("the first page", lambda: opnfv.status()["stored"], 30)
        used = cpu(opnfv)
        begin, at, most = time.monotonic(), opnfv.status()["stored"], 0
        while opnfv.status()["stored"] - len(watch.seen) < row.target:
            opnfv.alive()
            most = max(most, memory(opnfv)[0])
            time.sleep(0.25)
            if time.monotonic() - begin > 600:
                raise AssertionError(f"{opnfv.status()['stored']:,} stored after ten minutes")
        seconds, used = time.monotonic() - begin, cpu(opnfv) - used
        meanwhile = dict(feed.said)
        feed.stop()
        wait("all live ones", lambda: opnfv.status()["stored"] == row.target + len(feed.said), 60)
        wait("no lag", lambda: opnfv.peer("odl/ci-1")["lag"] == 0, 60)
        row.reached = opnfv.status()["stored"] - len(feed.said)
        row.figure("stored events/s", round((row.target - at) / seconds))
        row.figure("joiner's CPU us an event", round(1e6 * used / (row.target - at), 1))
        lags = watch.lags(meanwhile)
        row.figure("live lag p50 ms", ms(percentile(lags, 50)))
        row.figure("live lag p99 ms", ms(percentile(lags, 99)))
        row.figure("ack p50 ms", ms(percentile(feed.acks, 50)))
        row.figure("ack p99 ms", ms(percentile(feed.acks, 99)))
        row.figure("live events meanwhile", len(meanwhile))
        row.figure("joiner RssAnon MiB", most)
        row.figure("publisher RssAnon MiB", memory(odl)[0])
        row.note = "target >= 5,000 stored/s, live lag p99 < 2 s"
        watch.stop()
        audit(row, odl, names(feed))
        audit(row, opnfv, names(feed))

# SPDX-License-Identifier: MPL-2.0
"""The body of H1 and H2: members that publish at a steady rate."""
import os
import time

from rig import Mesh, wait
from load import (Steady, Watch, audit, cpu, full_mesh, memory, ms, names, percentile, start_all)

PAD = 700  # with the other fields about 1 KiB


def steady(row, members, rate):
    """Publishes row.target events at `rate` in all; counts what every other
    member stored; figures: delay to another member's stream, CPU, memory."""
    with Mesh() as mesh:
        nodes = full_mesh(mesh, members)
        start_all(nodes, 120)
        row.say(f"{members} members see each other")
        watch = Watch(nodes[-1], *nodes[-1].follows)
        time.sleep(0.5)
        before, begin = [cpu(n) for n in nodes], time.monotonic()
        talkers = nodes[:-1]
        feeds = [Steady(n, rate / len(talkers), "live", pad=PAD) for n in talkers]
        wait("all published", lambda: sum(len(f.said) for f in feeds) >= row.target,
             row.target / rate * 3 + 30)
        seconds = time.monotonic() - begin
        used = [cpu(n) - b for n, b in zip(nodes, before)]
        behind = sum(len(f.said) for f in feeds) - nodes[-1].status()["stored"]
        for feed in feeds:
            feed.stop()
        said = names(*feeds)
        for node in nodes:
            wait(f"{node.name} has all", lambda n=node: n.status()["stored"] == len(said), 60)
        wait("the stream has all", lambda: len(watch.seen) == len(said), 60)
        lags = [lag for f in feeds for lag in watch.lags(f.said)]
        acks = [a for f in feeds for a in f.acks]
        row.reached = len(said)
        row.figure("events/s", round(len(said) / seconds, 1))
        row.figure("to another member p50 ms", ms(percentile(lags, 50)))
        row.figure("to another member p99 ms", ms(percentile(lags, 99)))
        row.figure("ack p99 ms", ms(percentile(acks, 99)))
        row.figure("CPU % of a core, mean", round(100 * sum(used) / len(used) / seconds, 1))
        row.figure("CPU % of a core, most", round(100 * max(used) / seconds, 1))
        row.figure("RSS MiB, most", max(memory(n)[1] for n in nodes))
        row.figure("behind when publishing ended", behind)
        watch.stop()
        for node in nodes:
            audit(row, node, said)
        row.note = f"{members} members on {os.cpu_count()} cores, the publishers and checkers too"

#!/usr/bin/env python3
# SPDX-License-Identifier: MPL-2.0
"""A2: kill -9 of any node every 0.2 to 3 s, under 500 events a second.

Three nodes publish, follow each other and run hooks; a killer takes one after
the other at random and starts it again at once, also while it still starts or
while the others are away. In the end all logs are the same everywhere. In the
short run the pauses are shorter.
"""
import os
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from rig import Journal, Ledger, Mesh, Row, check, hooks_done, settle  # noqa: E402
from invariants import broken  # noqa: E402

RATE = 500  # events a second, over all


class Killer(threading.Thread):
    """One node at a time is his; the three overlap."""

    def __init__(self, row, node, stop, pause, looks):
        super().__init__(daemon=True)
        self.row, self.node, self.stop, self.pause = row, node, stop, pause
        self.kills, self.looks = 0, looks  # at its store, after so many of the kills

    def run(self):
        while not self.stop.wait(self.pause()):
            code = self.node.process.poll()
            if code is not None:
                self.row.violation("P9", f"{self.node.name} ended by itself with {code}")
            self.node.kill()
            self.kills += 1
            if self.row.random.random() < self.looks:
                for text in broken(self.node):
                    self.row.violation("P1", text)
            self.node.start(wait_ready=False)


def main():
    with Row("A2", "random kill -9 of any node under load", unit="kills", short=60, long=1000) as row, \
            Mesh() as mesh:
        nodes = [mesh.node(n + "/ci-1") for n in ("odl", "opnfv", "onap")]
        for n in nodes:
            n.follow(*(o.community + "/" for o in nodes if o is not n))
        mesh.befriend()
        journals = [Journal(row, n, topic=f"{o.community}/ArtifactCreated/hooked/", fail_percent=10)
                    for n, o in zip(nodes, nodes[1:] + nodes[:1])]
        for j in journals:
            Journal.install(j)
        mesh.start()
        ledgers = [Ledger(row, n, rate=rate, batch=batch, branch=branch).start() for n in nodes
                   for rate, batch, branch in ((RATE / 3 - 3, 25, "master"), (3, 1, "hooked"))]
        # Three killers: each waits three times as long.
        low, high = (0.2, 2.8) if row.long else (0.1, 1.0)
        stop = threading.Event()
        killers = [Killer(row, n, stop, lambda: row.random.uniform(low, high),
                          0.1 if row.long else 1) for n in nodes]
        if row.long:
            row.note = "every 0.07 to 0.9 s instead of 0.2 to 3 s: 1,000 kills in 9 minutes, not in 27"
        for k in killers:
            k.start()
        told = time.monotonic()
        while sum(k.kills for k in killers) < row.target:
            time.sleep(0.2)
            if time.monotonic() - told > 20:
                told = time.monotonic()
                row.say(f"{sum(k.kills for k in killers)} kills")
        stop.set()
        for k in killers:
            k.join()
        row.reached = sum(k.kills for k in killers)
        begin = time.monotonic()
        for n in nodes:
            n.wait_up()
        row.figure("all ready again s", round(time.monotonic() - begin, 2))
        for ledger in ledgers:
            ledger.stop()
        settled = settle(row, mesh, 60)
        row.figure("converged s after the last restart", round(time.monotonic() - begin, 2))
        if settled is None:
            row.violation("P2", "the stores did not converge within a minute")
        hooks_done(row, *nodes)
        counts = check(row, mesh, ledgers, journals)
        row.figure("acknowledged", counts["acknowledged"])
        row.figure("events in all stores", counts["events"])
        row.figure("hook runs", sum(len(j.runs()) for j in journals))


if __name__ == "__main__":
    main()

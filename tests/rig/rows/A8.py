#!/usr/bin/env python3
# SPDX-License-Identifier: MPL-2.0
"""A8: SIGTERM under load: stop accepting, finish, tell, end with 0.

Publisher and follower are asked to end in turn, with 500 events a second,
hooks under way, a reader of the stream that listens and one that sleeps. A
socket where systemd would be listens for STOPPING=1 (it comes first) and
READY=1 of the next start.
"""
import os
import signal
import socket
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from rig import Journal, Ledger, Mesh, Row, check, hooks_done, settle, wait  # noqa: E402


class Supervisor:
    """What systemd would hear of a node."""

    def __init__(self, node, path):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        self.socket.bind(path)
        node.env["NOTIFY_SOCKET"] = path

    def said(self):
        """The words since the last time, in order."""
        words = []
        while True:
            try:
                words += self.socket.recv(4096).decode().splitlines()
            except BlockingIOError:
                return words


def reader(node):
    """A client of the event stream that reads only what fits its socket."""
    s = socket.socket(socket.AF_UNIX)
    s.settimeout(5)
    s.connect(os.path.join(node.dir, "run", "api.sock"))
    s.sendall(b"GET /v1/stream?topic=odl/ HTTP/1.1\r\nHost: localhost\r\n\r\n")
    return s


def stop(row, node, supervisor):
    """Asks it to end; the seconds that took."""
    row.random.random() < 0.5 and time.sleep(row.random.uniform(0, 0.2))
    supervisor.said()
    readers = [reader(node) for _ in range(2)]
    begin = time.monotonic()
    node.signal(signal.SIGTERM)
    code, node.process = node.process.wait(timeout=60), None
    took = time.monotonic() - begin
    if code != 0:
        row.violation("P9", f"{node.name} ended with {code}")
    if supervisor.said()[:1] != ["STOPPING=1"]:
        row.violation("P9", f"{node.name} did not say STOPPING=1 first")
    for s in readers:
        s.close()
    return took


def main():
    with Row("A8", "SIGTERM under load", unit="stops", short=10, long=100) as row, Mesh() as mesh:
        odl, opnfv = mesh.node("odl/ci-1"), mesh.node("opnfv/ci-1").follow("odl/")
        mesh.befriend()
        journal = Journal(row, opnfv, topic="odl/ArtifactCreated/hooked/", sleep_ms=300)
        Journal.install(journal)
        heard = {n: Supervisor(n, os.path.join(row.dir, n.community + ".notify")) for n in (odl, opnfv)}
        mesh.start()
        ledgers = [Ledger(row, odl, rate=r, batch=b, branch=t).start()
                   for r, b, t in ((248, 1, "master"), (250, 20, "other"), (2, 1, "hooked"))]
        times = []
        while row.reached < row.target:
            node = (odl, opnfv)[row.reached % 2]
            had = len(ledgers[0])
            wait("load", lambda: len(ledgers[0]) > had + 20)
            times.append(stop(row, node, heard[node]))
            row.reached += 1
            node.start()
            wait("READY=1", lambda: "READY=1" in heard[node].said())
        for ledger in ledgers:
            ledger.stop()
        if settle(row, mesh, 60) is None:
            row.violation("P2", "the stores did not converge within a minute")
        hooks_done(row, opnfv)
        counts = check(row, mesh, ledgers, [journal])
        row.figure("acknowledged", counts["acknowledged"])
        row.figure("stop s, worst", round(max(times), 2))
        row.figure("stop s, median", round(sorted(times)[len(times) // 2], 3))


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
# SPDX-License-Identifier: MPL-2.0
"""Slow clients on the API's Unix socket: a byte a second of header or body,
streams nobody reads, requests that end in the middle. Each is ended in time,
and a good client is answered at once."""
import json
import os
import socket
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from rig import Mesh, Row, artifact  # noqa: E402
from measure import percentile, rss_mib  # noqa: E402

BODY = json.dumps(artifact()).encode()
KINDS = {
    "nothing": (b"", False),
    "header": (b"GET /v1/status HTTP/1.1\r\nHost: x\r\nX: ", True),
    "body": (b"POST /v1/events HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
             b"Content-Length: 100000\r\n\r\n" + BODY[:20], True),
    "stream": (b"GET /v1/stream?since=all HTTP/1.1\r\nHost: x\r\n\r\n", False),
    "pages": (b"GET /v1/events?limit=1000 HTTP/1.1\r\nHost: x\r\n\r\n" * 20, False),
}


class Slow:
    """One connection that takes its time."""

    def __init__(self, path, kind):
        self.kind, (first, self.drips) = kind, KINDS[kind]
        self.begin, self.took = time.monotonic(), None
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.setblocking(False)
        try:
            self.sock.connect(path)
            self.sock.send(first)
        except OSError:
            self.took = 0

    def drip(self):
        """One byte more; notes when the node has had enough."""
        try:
            if self.drips:
                self.sock.send(b"x", socket.MSG_NOSIGNAL)
            elif self.kind in ("nothing", "pages") and self.sock.recv(1, socket.MSG_PEEK) == b"":
                self.took = time.monotonic() - self.begin
        except BlockingIOError:
            pass
        except OSError:
            self.took = time.monotonic() - self.begin


def ask(node):
    """How long a good client waits, in ms."""
    begin = time.monotonic()
    node.http("GET", "/v1/status", timeout=10)
    return 1000 * (time.monotonic() - begin)


with Row("G6", "slow clients of the API", unit="clients", short=150, long=1_500) as row, Mesh() as mesh:
    odl = mesh.node("odl/ci-1").start()
    for i in range(20):
        odl.publish(*[artifact(n=1000 * i + k, projectBranch="m" * 150) for k in range(200)])
    path, good, failed, most, held = os.path.join(odl.dir, "run", "api.sock"), [], [], 0, {}
    quiet = [ask(odl) for _ in range(50)]
    while row.reached < row.target:
        slow = [Slow(path, row.random.choice(list(KINDS))) for _ in range(150)]
        end = time.monotonic() + 22
        while time.monotonic() < end and any(s.took is None and s.kind in ("header", "body", "nothing") for s in slow):
            for s in slow:
                if s.took is None:
                    s.drip()
            try:
                good.append(ask(odl))
            except OSError as e:
                failed.append(str(e))
            time.sleep(0.2)
        for s in slow:
            if s.kind in ("header", "body", "nothing"):
                if s.took is None:
                    row.violation("G6", f"a slow {s.kind} was served for 22 s")
                else:
                    held[s.kind] = max(held.get(s.kind, 0), round(s.took, 1))
            s.sock.close()
        most = max(most, rss_mib(odl))
        row.reached += len(slow)
    odl.publish(artifact(n=10**6))
    if failed:
        row.violation("G6", f"{len(failed)} good requests failed: {failed[:3]}")
    row.figure("ended after s", held)
    for p in 50, 99:
        row.figure(f"good answer ms p{p}, quiet", round(percentile(quiet, p)))
        row.figure(f"good answer ms p{p}", round(percentile(good, p)))
    row.figure("memory MiB", round(most))

#!/usr/bin/python3
# SPDX-License-Identifier: MPL-2.0
"""What cimesh does on this machine, in one run, beside what bounds it.

    CIMESH_BIN=build/release/node/cimesh \\
        tests/bench/run.py build/release/tests/bench_machine [--quick]

Real nodes on loopback, their sites in $TMPDIR (put it on the disk to measure).
Machines are noisy: compare figures within one run, and take several runs.
--quick cuts the counts by ten.
"""
import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "mesh"))
from mesh import BIN, Mesh, UnixHTTP, artifact, wait  # noqa: E402

QUICK = "--quick" in sys.argv
SCALE = 10 if QUICK else 1
LOAD = 1000  # events a request


def row(name, value, unit, note=""):
    print(f"{name:<44}{value:>14,.1f} {unit:<10}{note}", flush=True)


def section(title):
    print(f"\n{title}", flush=True)


def body(start, n):
    return "\n".join(json.dumps(artifact(n=i)) for i in range(start, start + n))


def load(node, n):
    """Publishes n events in requests of LOAD over one connection; seconds."""
    bodies = [body(i, min(LOAD, n - i)) for i in range(0, n, LOAD)]
    conn = UnixHTTP(os.path.join(node.dir, "run", "api.sock"), 120)
    begin = time.monotonic()
    for text in bodies:
        conn.request("POST", "/v1/events", text,
                     {"Content-Type": "application/x-ndjson"})
        reply = conn.getresponse()
        assert reply.status == 201, reply.read()
        reply.read()
    conn.close()
    return time.monotonic() - begin


def stored(node):
    return node.status()["stored"]


def machine(program):
    section("this machine")
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([program, folder], check=True)


def pair(mesh):
    a, b = mesh.node("odl/ci-1"), mesh.node("opnfv/ci-1").follow("odl/")
    mesh.befriend()
    return a, b


def publishing():
    section("acknowledged publishes, one node without peers")
    with Mesh() as mesh:
        node = mesh.node("odl/ci-1")
        mesh.start()
        for connections, batch in ((1, 1), (64, 1), (1, 1000)):
            text = node.cli("bench", "--json", "--connections", str(connections),
                            "--batch", str(batch), "--seconds", "1" if QUICK else "5")
            for line in text.splitlines():
                r = json.loads(line)
                row(f"{connections} connections, {batch} a request",
                    r["eventsPerSecond"], "events/s",
                    f"p50 {r['p50Ms']:.2f} ms, p99 {r['p99Ms']:.2f} ms")


def end_to_end():
    section("one node's API to the other node's store, NDJSON of 1,000")
    n = 100_000 // SCALE
    with Mesh() as mesh:
        a, b = pair(mesh)
        mesh.start()
        b.wait_peer(a)
        begin = time.monotonic()
        acked = load(a, n)
        wait("all stored", lambda: stored(b) == n, 120)
        row("acknowledged", n / acked, "events/s")
        row("stored at the peer", n / (time.monotonic() - begin), "events/s")


def latency():
    section("publish to the peer's stream, 100 events a second")
    n = 1000 // SCALE
    arrived, lock = {}, threading.Lock()
    with Mesh() as mesh:
        a, b = pair(mesh)
        mesh.start()
        b.wait_peer(a)
        sub = subprocess.Popen([BIN, "--dir", b.dir, "sub", "odl/", "-C", str(n + 1)],
                               stdout=subprocess.PIPE, text=True)

        def read():
            for line in sub.stdout:
                now = time.monotonic()
                with lock:
                    arrived[json.loads(line)["eventId"]] = now

        reader = threading.Thread(target=read)
        reader.start()
        conn = UnixHTTP(os.path.join(a.dir, "run", "api.sock"), 30)
        sent, acks = {}, []

        def publish(i):
            begin = time.monotonic()
            conn.request("POST", "/v1/events", json.dumps(artifact(n=i)),
                         {"Content-Type": "application/json"})
            event = json.loads(conn.getresponse().read())["eventId"]
            sent[event] = begin
            acks.append(time.monotonic() - begin)
            return event

        time.sleep(1)  # the stream is open
        first = publish(-1)
        wait("the stream", lambda: first in arrived)
        begin = time.monotonic()
        for i in range(n):
            while time.monotonic() < begin + i / 100:
                time.sleep(0.0005)
            publish(i)
        reader.join(60)
        conn.close()
        delay = [arrived[e] - t for e, t in sent.items() if e != first]
    for name, values in (("acknowledged", acks), ("shown at the peer", delay)):
        ms = sorted(1000 * v for v in values)
        row(name + ", median", statistics.median(ms), "ms",
            f"p99 {ms[int(len(ms) * 0.99) - 1]:.1f} ms")


def catch_up():
    n = 100_000 // SCALE
    section(f"catch-up of {n:,} events")
    with Mesh() as mesh:
        a, b = pair(mesh)
        mesh.start(a)
        load(a, n)
        begin = time.monotonic()
        b.start()
        wait("first", lambda: stored(b) > 0, 60)
        first = time.monotonic()
        wait("all", lambda: stored(b) == n, 120)
        end = time.monotonic()
        row("start to the first event", 1000 * (first - begin), "ms")
        row("start to the last", n / (end - begin), "events/s")


def usage(node):
    with open(f"/proc/{node.process.pid}/status") as f:
        anon = next(int(line.split()[1]) for line in f if line.startswith("RssAnon"))
    with open(f"/proc/{node.process.pid}/stat") as f:
        fields = f.read().rsplit(")", 1)[1].split()
    ticks = int(fields[11]) + int(fields[12])
    return anon / 1024, ticks / os.sysconf("SC_CLK_TCK")


def idle():
    section("an idle node with 10 peers")
    with Mesh() as mesh:
        nodes = [mesh.node(f"c{i}/ci-1") for i in range(11)]
        for n in nodes:
            n.follow(*(o.community + "/" for o in nodes if o is not n))
        mesh.befriend()
        mesh.start()
        nodes[0].wait_peer(*nodes[1:])
        time.sleep(5)
        _, before = usage(nodes[0])
        seconds = 60 // SCALE
        time.sleep(seconds)
        anon, after = usage(nodes[0])
        row("RssAnon", anon, "MiB")
        row("CPU", 100 * (after - before) / seconds, "% of a core")


def start():
    n = 1_000_000 // SCALE
    section(f"start with {n:,} events")
    with Mesh() as mesh:
        node = mesh.node("odl/ci-1")
        mesh.start()
        seconds = load(node, n)
        row("loaded", n / seconds, "events/s")
        size = os.path.getsize(os.path.join(node.dir, "data", "cimesh.db"))
        row("database", size / n, "bytes an event")
        node.stop()
        begin = time.monotonic()
        node.start()
        row("ready", 1000 * (time.monotonic() - begin), "ms")
        row("RssAnon", usage(node)[0], "MiB")


def main():
    program = next((a for a in sys.argv[1:] if not a.startswith("-")), None)
    if program:
        machine(program)
    for part in (publishing, end_to_end, latency, catch_up, idle, start):
        part()


if __name__ == "__main__":
    main()

#!/usr/bin/python3
# SPDX-License-Identifier: MPL-2.0
"""What cimesh does on this machine, in one run, beside what bounds it.

    CIMESH_BIN=build/release/node/cimesh \\
        tests/bench/run.py build/release/tests/bench_machine [--quick] [PART...]

Real nodes on loopback, their sites in $TMPDIR (put it on the disk to measure).
bench_store and rig_fill are looked for beside bench_machine. Machines are
noisy: compare figures within one run, and take several runs. --quick cuts the
counts by ten. Parts: machine store publishing end_to_end latency catch_up idle
past; all of them without one named.

What stands in brackets was measured on another machine of two cores with 300
byte events, side by side with these: fdatasync 7,200/s, verify 27,000/s. Of
the brokers none signs or verifies.
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


def beside(name):
    """Another program of the same build, or None."""
    program = next((a for a in sys.argv[1:] if os.path.isfile(a)), "")
    path = os.path.join(os.path.dirname(program), name)
    return path if program and os.path.exists(path) else None


def machine():
    section("this machine")
    if beside("bench_machine"):
        with tempfile.TemporaryDirectory() as folder:
            subprocess.run([beside("bench_machine"), folder], check=True)


def store():
    section("the store alone: commits with fsync, then catch-up pages"
            " [SQLite 7,800 rows/s one by one, 92,000 at 100 a commit]")
    for batch, n in ((1, 20_000), (100, 300_000), (256, 500_000)):
        if beside("bench_store"):
            with tempfile.TemporaryDirectory() as folder:
                subprocess.run([beside("bench_store"), folder, str(n // SCALE), str(batch)],
                               check=True)


def pair(mesh):
    a, b = mesh.node("odl/ci-1"), mesh.node("opnfv/ci-1").follow("odl/")
    mesh.befriend()
    return a, b


def publishing():
    section("acknowledged publishes, one node without peers")
    with Mesh() as mesh:
        node = mesh.node("odl/ci-1")
        mesh.start()
        for connections, batch in ((1, 1), (16, 1), (64, 1), (1, 100), (16, 100), (1, 1000)):
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
        row("stored at the peer", n / (time.monotonic() - begin), "events/s",
            "[Redis streams 69,000, RabbitMQ 23,000 to 33,000; NATS 107,000 without fsync]")


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
        spread(name, values)


def spread(name, values, note=""):
    ms = sorted(1000 * v for v in values)
    row(name + ", median", statistics.median(ms), "ms",
        f"p99 {ms[int(len(ms) * 0.99) - 1]:.1f} ms, most {ms[-1]:.1f} ms{note}")


def fill(node, n, *others):
    """A past of n events, all signed; False when that cannot be made."""
    if not beside("rig_fill"):
        print("rig_fill is not built: cmake --build ... --target rig_fill")
        return False
    os.makedirs(os.path.join(node.dir, "data"), exist_ok=True)
    begin = time.monotonic()
    subprocess.run([beside("rig_fill"), os.path.join(node.dir, "data", "cimesh.db"), str(n),
                    "branches=2000", *(f"{x.name}={x.dir}/keys/node.key" for x in (node, *others))],
                   check=True, stdout=subprocess.DEVNULL)
    row("made, signed and stored", n / (time.monotonic() - begin), "events/s")
    row("database", os.path.getsize(os.path.join(node.dir, "data", "cimesh.db")) / n,
        "bytes an event")
    return True


def catch_up():
    n = 1_000_000 // SCALE
    section(f"catch-up of {n:,} events [NATS 362,000, Redis 215,000, mosquitto 101,000 a second]")
    with Mesh() as mesh:
        a, b = pair(mesh)
        if not fill(a, n):
            return
        mesh.start(a)
        begin = time.monotonic()
        b.start()
        wait("first", lambda: stored(b) > 0, 60)
        first = time.monotonic()
        wait("all", lambda: stored(b) == n, 600)
        end = time.monotonic()
        row("start to the first event", 1000 * (first - begin), "ms")
        row("start to the last", n / (end - begin), "events/s")
        row("RssAnon of who fetched", usage(b)[0], "MiB")
        row("RssAnon of who served", usage(a)[0], "MiB")


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


def answers(node):
    return node.alive() and node.get("/v1/status")[0] == 200


def begun(node, what):
    begin = time.monotonic()
    node.start(wait_ready=False)
    wait("an answer", lambda: answers(node), 60)
    row(what, 1000 * (time.monotonic() - begin), "ms")
    row("RssAnon then", usage(node)[0], "MiB")


def asked(node):
    """What people and dashboards ask, 200 times each over one connection."""
    conn = UnixHTTP(os.path.join(node.dir, "run", "api.sock"), 30)

    def get(path):
        begin = time.monotonic()
        conn.request("GET", path)
        reply = conn.getresponse()
        text = reply.read()
        assert reply.status == 200, text
        return text, time.monotonic() - begin

    newest = "/v1/events?newest=1&limit=20"
    some = [json.loads(line)["eventId"] for line in get("/v1/events?limit=200&after=1000")[0].splitlines()]
    for name, path in (("status", "/v1/status"), ("log -n 20", newest),
                       ("log onap/ -n 20", newest + "&topic=onap/*"),
                       ("log of one quiet branch",
                        newest + "&topic=onap/ArtifactCreated/topic-7/*"),
                       ("log, a page of 1,000", "/v1/events?limit=1000&after=5000&topic=onap/*")):
        spread(name, [get(path)[1] for _ in range(200 // SCALE)])
    spread("show ID", [get("/v1/events/" + i)[1] for i in some])
    spread("show ID --proof", [get(f"/v1/events/{i}?proof=1")[1] for i in some])
    conn.close()


def past():
    n = 1_000_000 // SCALE
    section(f"a node of four communities with {n:,} events")
    with Mesh() as mesh:
        node, *others = [mesh.node(f"{c}/ci-1") for c in ("odl", "onap", "opnfv", "oran")]
        if not fill(node, n, *others):
            return
        begun(node, "start to the first answer")
        asked(node)
        row("RssAnon after that", usage(node)[0], "MiB")
        seconds = load(node, 50_000 // SCALE)
        row("published on top of that", 50_000 / SCALE / seconds, "events/s")
        node.kill()
        begun(node, "start after kill -9")


PARTS = (machine, store, publishing, end_to_end, latency, catch_up, idle, past)


def main():
    wanted = [p for p in PARTS if p.__name__ in sys.argv[1:]] or PARTS
    for part in wanted:
        part()


if __name__ == "__main__":
    main()

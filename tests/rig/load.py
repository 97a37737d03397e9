# SPDX-License-Identifier: MPL-2.0
"""What the rows about load and size share: a long past, a steady stream of
publishes, a watch on what arrives, memory and CPU, and an audit of stores.

    past(row, node, 1_000_000)          before it starts: its own events
    feed = Steady(node, 200, "live")    publishes until feed.stop()
    watch = Watch(other, "odl/ArtifactCreated/live/")
    audit(row, node, expected)          P1, P2 and contiguity, from its store
"""
import json
import os
import sqlite3
import subprocess
import threading
import time

from rig import BIN, artifact, program, wait
from mesh import UnixHTTP


def key_file(node):
    return f"{node.name}={node.dir}/keys/node.key"


def past(row, node, events, *others, **options):
    """A store for this node, as if it and the others had said so much."""
    os.makedirs(os.path.join(node.dir, "data"), exist_ok=True)
    begin = time.monotonic()
    subprocess.run([program("rig_fill"), os.path.join(node.dir, "data", "cimesh.db"), str(events),
                    *[f"{k}={v}" for k, v in options.items()],
                    *map(key_file, (node, *others))], check=True, stdout=subprocess.DEVNULL)
    row.say(f"{events:,} events of the past made in {time.monotonic() - begin:.1f} s")


def percentile(values, p):
    values = sorted(values)
    return values[min(len(values) - 1, int(len(values) * p / 100))] if values else float("nan")


def ms(seconds):
    return round(1000 * seconds, 1)


def memory(node):
    """MiB: (anonymous now, most resident ever)."""
    with open(f"/proc/{node.process.pid}/status") as f:
        lines = dict(line.split(":", 1) for line in f)
    return tuple(round(int(lines[k].split()[0]) / 1024, 1) for k in ("RssAnon", "VmHWM"))


def cpu(node):
    """Seconds of CPU it took so far."""
    with open(f"/proc/{node.process.pid}/stat") as f:
        fields = f.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def alive(node):
    """It answers: reading and serving; publishing may wait for its peers."""
    return node.alive() and node.get("/v1/status")[0] == 200


class Talk:
    """One connection to a node's API, kept open."""

    def __init__(self, node, seconds=60):
        self.node, self.conn = node, UnixHTTP(os.path.join(node.dir, "run", "api.sock"), seconds)

    def publish(self, *events):
        """Names of what was acknowledged."""
        self.conn.request("POST", "/v1/events", "\n".join(json.dumps(e) for e in events),
                          {"Content-Type": "application/x-ndjson"})
        reply = self.conn.getresponse()
        text = reply.read().decode()
        assert reply.status == 201, text
        return [json.loads(line)["eventId"] for line in text.splitlines()]

    def get(self, path):
        self.conn.request("GET", path)
        reply = self.conn.getresponse()
        text = reply.read()
        assert reply.status == 200, text
        return text

    def timed(self, path, n):
        """Seconds of n requests, one after the other."""
        out = []
        for _ in range(n):
            begin = time.monotonic()
            self.get(path)
            out.append(time.monotonic() - begin)
        return out


class Steady(threading.Thread):
    """Publishes at a rate, as single events; what is late goes together, as
    that of many jobs at once would. Notes what was acknowledged."""

    def __init__(self, node, rate, branch, pad=0):
        super().__init__(daemon=True)
        self.talk, self.rate, self.branch = Talk(node), rate, branch
        self.node, self.pad = node, {"ext": {"pad": "x" * pad}} if pad else {}
        self.said, self.acks, self.wrong, self.done = {}, [], None, threading.Event()
        self.start()

    def run(self):
        begin, i = time.monotonic(), 0
        try:
            while not self.done.is_set():
                due = begin + i / self.rate
                while (left := due - time.monotonic()) > 0:
                    if self.done.wait(left):
                        return
                at = time.monotonic()
                n = min(100, max(1, int((at - begin) * self.rate) - i))
                events = [artifact(self.node.community, self.branch, i + k, **self.pad)
                          for k in range(n)]
                for name in self.talk.publish(*events):
                    self.said[name] = at
                self.acks.append(time.monotonic() - at)
                i += n
        except Exception as e:  # told where it is joined
            self.wrong = e

    def stop(self):
        self.done.set()
        self.join()
        if self.wrong:
            raise self.wrong


class Watch(threading.Thread):
    """When which event was shown here: `cimesh sub` of these prefixes."""

    def __init__(self, node, *prefixes):
        super().__init__(daemon=True)
        self.seen = {}
        self.sub = subprocess.Popen([BIN, "--dir", node.dir, "sub", *prefixes],
                                    stdout=subprocess.PIPE, text=True)
        self.start()

    def run(self):
        for line in self.sub.stdout:
            self.seen[json.loads(line)["eventId"]] = time.monotonic()

    def lags(self, said):
        return [self.seen[e] - at for e, at in said.items() if e in self.seen]

    def stop(self):
        self.sub.terminate()
        self.sub.wait()
        self.join()


def database(node):
    path = os.path.join(node.dir, "data", "cimesh.db")
    return sqlite3.connect(f"file:{path}?mode=ro", uri=True)


def audit(row, node, said, whole=True):
    """Everything said is stored once; positions of each log have no hole.

    said: names (COMMUNITY, EVENTID) with an acknowledgement.
    """
    with database(node) as db:
        for epoch, name, n, last, stored in db.execute(
                "SELECT l.epoch, f.node, count(*), max(p.seq), sum(p.arrival > 0) FROM position p"
                " JOIN log l ON l.id = p.log JOIN feed f ON f.id = l.feed GROUP BY p.log"):
            if whole and n != last:
                row.violation("P2", f"{node.name}: {name}/{epoch} has {n} positions of {last}")
        twice = db.execute("SELECT count(*) - count(DISTINCT log || '/' || seq) FROM event").fetchone()[0]
        if twice:
            row.violation("P2", f"{node.name}: {twice} events are stored twice")
        found = db.cursor()
        for community, name in said:
            n = found.execute(
                "SELECT count(*) FROM event e JOIN community c ON c.id = e.who"
                " WHERE e.id = ? AND c.name = ?",
                (bytes.fromhex(name.replace("-", "")), community)).fetchone()[0]
            if n != 1:
                row.violation("P1", f"{node.name}: {community}:{name} is stored {n} times")


def names(*feeds):
    return [(f.node.community, name) for f in feeds for name in f.said]


def full_mesh(mesh, n):
    """n communities with a node each, each of which follows all others."""
    nodes = [mesh.node(f"c{i:02}/ci-1") for i in range(n)]
    for node in nodes:
        node.follow(*[other.community + "/" for other in nodes if other is not node])
    mesh.befriend()
    return nodes


def start_all(nodes, seconds):
    """Starts all, waits until each sees all others."""
    for node in nodes:
        node.start(wait_ready=False)
    for node in nodes:
        wait(f"{node.name} ready", lambda n=node: n.alive() and n.get("/readyz")[0] == 200, seconds)
        wait(f"{node.name} sees all", lambda n=node: n.status()["peers"]["up"] == len(nodes) - 1,
             seconds)

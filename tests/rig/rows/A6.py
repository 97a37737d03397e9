#!/usr/bin/env python3
# SPDX-License-Identifier: MPL-2.0
"""The k-th allocation of a node fails, once or from then on, while it publishes,
receives and starts hooks, catches up, and reloads: the request is refused, or
the node ends with 71 and a line; after the next start everything acknowledged
is there once. The library's own allocations: tests/oom."""
import mmap
import os
import struct
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from rig import Journal, Mesh, Refused, Row, artifact, check, program, settle, wait  # noqa: E402
import mesh as meshes  # noqa: E402

STEP = 41  # of allocations between two tries of a short run


class Heap:
    """What tests/oom/oom_node.c listens to."""

    def __init__(self, path):
        with open(path, "wb") as f:
            f.write(bytes(32))
        self.file = open(path, "r+b")
        self.map = mmap.mmap(self.file.fileno(), 32)

    def arm(self, k, for_good):
        self.map[:] = struct.pack("<QQQQ", 0, 0, k, for_good)
        self.map[:8] = struct.pack("<Q", 1)

    def disarm(self):
        """Whether the allocation was met."""
        armed, calls, k, _ = struct.unpack("<QQQQ", self.map[:])
        self.map[:8] = struct.pack("<Q", 0)
        return calls >= k


class Paths:
    """What the node does while an allocation fails. Each returns when it is
    done, or the node is gone."""

    def __init__(self, row, odl, opnfv):
        self.row, self.odl, self.opnfv = row, odl, opnfv
        self.n, self.acked, self.flip = 0, {}, False

    def gone(self):
        return self.opnfv.process.poll() is not None

    def next_event(self, community):
        self.n += 1
        return artifact(community=community, n=self.n,
                        eventId=f"019a0000-0000-7000-8000-{self.n:012x}")

    def say(self, node, event):
        """False without an answer, or with a refusal."""
        try:
            place = node.publish(event, timeout=10)[0]
        except (Refused, OSError, ValueError, meshes.http.client.HTTPException):
            return False
        self.acked[event["eventId"]] = (node.name, place["epoch"], place["seq"])
        return True

    def publish(self):
        event = self.next_event("opnfv")
        self.say(self.opnfv, event)
        return event

    def receive(self):
        """An event comes, is stored, and a hook runs for it."""
        before = self.have()
        self.say(self.odl, self.next_event("odl"))
        wait("received, or gone", lambda: self.gone() or self.have() > before, 30)
        time.sleep(0.05)

    def catch_up(self):
        """A start, and what came meanwhile. The heap is armed before it."""
        self.opnfv.start(wait_ready=False)
        wait("up and all there, or gone", lambda: self.gone() or self.have() >= len(self.acked), 30)

    def reload(self):
        self.flip = not self.flip
        self.opnfv.follows = ["odl/"] + (["onap/"] if self.flip else [])
        self.opnfv.configure()
        try:
            self.opnfv.reload()
        except (Refused, OSError, meshes.http.client.HTTPException):
            pass

    def have(self):
        try:
            return self.opnfv.status()["stored"]
        except (ValueError, OSError, meshes.http.client.HTTPException):
            return 0


def recover(row, paths, what, k):
    """After a failed allocation: the node goes on, or ended as it should."""
    opnfv = paths.opnfv
    wait("it goes on, or is gone", lambda: paths.gone() or opnfv.get("/livez")[0] == 200)
    if paths.gone():
        code = opnfv.process.wait()
        if code != 71 or "out of memory" not in opnfv.log_text()[-3000:]:
            row.violation("A6", f"{what}, allocation {k}: ended with {code}")
        opnfv.process = None
        opnfv.start()


def walk(row, paths, heap, what, first, budget):
    """Allocation after allocation of one path; how many it has."""
    k = first
    begin = time.monotonic()
    while time.monotonic() - begin < budget:
        if what == "catch_up":
            if opnfv_runs(paths):
                paths.opnfv.stop()
            for _ in range(3):
                paths.say(paths.odl, paths.next_event("odl"))
        for_good = row.random.randrange(2)
        heap.arm(k, for_good)
        event = getattr(paths, what)()
        met = heap.disarm()
        recover(row, paths, what, k)
        if what == "publish" and event["eventId"] not in paths.acked:
            wait("published at last", lambda: paths.say(paths.opnfv, event))
        if not met:
            return k
        row.reached += 1
        k += 1 if row.long else STEP
    return f"over {k}"


def opnfv_runs(paths):
    return paths.opnfv.process is not None and paths.opnfv.process.poll() is None


with Row("A6", "the k-th allocation of a node fails", unit="failed allocations", short=10, long=250) as row, Mesh() as mesh:
    meshes.BIN = program("cimesh_oom")
    odl, opnfv = mesh.node("odl/ci-1"), mesh.node("opnfv/ci-1").follow("odl/")
    journal = Journal(row, opnfv, topic="odl/")
    Journal.install(journal)
    heap = Heap(os.path.join(row.dir, "heap"))
    opnfv.env["CIMESH_OOM"] = os.path.join(row.dir, "heap")
    mesh.befriend()
    mesh.start()
    opnfv.wait_peer(odl)
    paths = Paths(row, odl, opnfv)
    for what in "publish", "receive", "reload", "catch_up":
        first = 1 if row.long else 1 + row.random.randrange(STEP)
        row.figure(f"allocations: {what}", walk(row, paths, heap, what, first, 55 if row.long else 4))
        row.say(f"{what}: {row.figures[f'allocations: {what}']}, {row.reached} failed so far")
    if not opnfv_runs(paths):
        opnfv.start()
    row.figure("settled s", settle(row, mesh))
    wait("hooks are done", lambda: len(set(e for _, e in journal.runs())) >= sum(
        1 for p in paths.acked.values() if p[0] == "odl/ci-1"), 60)
    check(row, mesh, journals=[journal])
    for node in odl, opnfv:
        there = [(e["eventId"], (e["node"], e["epoch"], e["seq"])) for e in node.all()]
        if len(dict(there)) != len(there):
            row.violation("P1", f"{node.name} has an event twice")
        for id_, place in paths.acked.items():
            if (node is opnfv or place[0] == node.name) and dict(there).get(id_) != place:
                row.violation("P1", f"{id_} was acknowledged as {place}, at {node.name} it is {dict(there).get(id_)}")
    opnfv.stop()
    said = opnfv.cli("fsck", code=None)
    if "all is whole" not in said:
        row.violation("P6", said)

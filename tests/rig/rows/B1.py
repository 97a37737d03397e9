#!/usr/bin/env python3
# SPDX-License-Identifier: MPL-2.0
"""A disk that is full and has room again, over and over: publishing is refused
with 507, reading and serving go on, and it takes events again by itself. As
root the database lies on a tmpfs of 3 MB that somebody else fills; elsewhere
its writes fail (tests/mesh/fault.c). The reserve is 512 KB, retention keeps
200 KB; now and then the node is killed, or stopped, and starts while full."""
import os
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from rig import Mesh, Refused, Row, artifact, program, wait  # noqa: E402


class Tmpfs:
    """3 MB that somebody else can use up."""

    def __init__(self, path):
        self.path, self.filler = path, os.path.join(path, "filler")
        os.makedirs(path, exist_ok=True)
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=3m", "none", path],
                       check=True, capture_output=True)

    def fill(self, leave):
        with open(self.filler, "ab", buffering=0) as f:
            try:
                while True:
                    f.write(bytes(65536))
            except OSError:
                pass
            f.truncate(max(0, f.tell() - leave))

    def free(self):
        os.unlink(self.filler)

    def close(self):
        subprocess.run(["umount", "-l", self.path], check=True)


class Preloaded:
    """Without root: every write fails."""

    def __init__(self, node):
        os.environ["CIMESH_FAULT_LIB"] = program("libcim_fault.so")
        self.full = node.faults() + ".full"

    def fill(self, leave):
        open(self.full, "w").close()

    def free(self):
        os.unlink(self.full)

    def close(self):
        pass


def disk_of(node):
    try:
        return Tmpfs(os.path.join(node.dir, "data"))
    except (OSError, subprocess.CalledProcessError):
        return Preloaded(node)


def publish_until_full(row, node, acked, events):
    """Acknowledged events by id; the state it ended in."""
    for _ in range(400):
        try:
            for place in node.publish(*[artifact(n=next(events)) for _ in range(5)]):
                acked[place["eventId"]] = (place["epoch"], place["seq"])
        except Refused as e:
            if e.status != 507:
                row.violation("B1", f"refused with {e}")
            return node.status()["storage"]
    row.violation("B1", "2,000 events found room on a full disk")
    return "ok"


def files(node):
    """What lies there, in KB."""
    data = os.path.join(node.dir, "data")
    return ", ".join(f"{f[9:] or 'db'} {os.stat(os.path.join(data, f)).st_blocks // 2}"
                     for f in sorted(os.listdir(data)))


def again(node, acked, events):
    """Seconds until it takes events."""
    begin = time.monotonic()

    def taken():
        try:
            return node.publish(artifact(n=next(events)))
        except Refused as e:
            assert e.status in (503, 507), e
    place = wait("it takes events again", taken, 60)[0]
    acked[place["eventId"]] = (place["epoch"], place["seq"])
    return time.monotonic() - begin


def start_full(row, node):
    """It is killed or stopped, and starts on the full disk."""
    if row.random.random() < 0.5:
        node.kill()
    elif node.stop() != 0:
        row.violation("B1", "did not end well on a full disk")
    node.start(wait_ready=False)
    wait("alive", lambda: node.alive() and node.get("/livez")[0] == 200)


with Row("B1", "a full disk, and room again", unit="full/free cycles", short=5, long=100) as row, \
        Mesh() as mesh:
    odl, opnfv = mesh.node("odl/ci-1"), mesh.node("opnfv/ci-1").follow("odl/")
    odl.extra = 'store\n    reserve = "512K"\n    keep-size = "200K"\n'
    odl.configure()
    mesh.befriend()
    disk = disk_of(odl)
    row.note = f"disk: {type(disk).__name__}"
    try:
        mesh.start()
        opnfv.wait_peer(odl)
        acked, events, states, waits = {}, iter(range(10**9)), {}, []
        while row.reached < row.target:
            disk.fill(row.random.randrange(40_000))
            state = publish_until_full(row, odl, acked, events)
            if row.random.random() < 0.4:
                disk.fill(0)  # the reserve as well
                state = wait("full", lambda: odl.status()["storage"] == "full", 20) and "full"
            states[state] = states.get(state, 0) + 1
            if row.reached % 5 == 2:
                start_full(row, odl)
            if odl.get("/livez")[0] != 200 or not odl.all():
                row.violation("B1", "cannot be read while full")
            wait("the follower has all", lambda: opnfv.status()["stored"] >= len(acked), 30)
            disk.free()
            row.say(f"{state}; " + files(odl))
            waits.append(again(odl, acked, events))
            row.reached += 1
        wait("the follower has all", lambda: opnfv.status()["stored"] >= len(acked), 30)
        there = [(e["eventId"], (e["epoch"], e["seq"])) for e in opnfv.all()]
        if len(dict(there)) != len(there) or len({p for _, p in there}) != len(there):
            row.violation("P1", "an event or a position is there twice")
        for id_, place in acked.items():
            if dict(there).get(id_) != place:
                row.violation("P1", f"{id_} was acknowledged as {place}, is {dict(there).get(id_)}")
        if opnfv.status()["gaps"] or opnfv.status()["refused"]:
            row.violation("P3", f"the follower says {opnfv.status()}")
        row.figure("events", len(acked))
        row.figure("states", " ".join(f"{k} {v}" for k, v in sorted(states.items())))
        row.figure("again, worst s", round(max(waits), 2))
    finally:
        for node in mesh.nodes:
            if node.process:
                node.stop()
        disk.close()

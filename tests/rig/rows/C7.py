#!/usr/bin/env python3
# SPDX-License-Identifier: MPL-2.0
"""A peer that was away for longer than the publisher keeps events: it gets them
from another peer that has them, or records a gap with exact bounds, which
closes when somebody turns up with the range, and costs next to nothing until
then."""
import os
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from rig import Mesh, Proxy, Row, artifact, check, wait  # noqa: E402
from checker import Store  # noqa: E402

DAY_MS = 86_400_000


def ranges(positions):
    """{(node, epoch): [(first, last)]} of a set of (epoch, seq)."""
    out = {}
    for epoch, seq in sorted(positions):
        found = out.setdefault(("odl/ci-1", epoch), [])
        if found and found[-1][1] == seq - 1:
            found[-1] = (found[-1][0], seq)
        else:
            found.append((seq, seq))
    return out


def gaps(node):
    store = Store(node)
    out = store.gaps()
    store.close()
    return out


def has(node, positions):
    store = Store(node)
    have = {(log[1], seq) for log, at in store.places().items() for seq in at}
    store.close()
    return positions <= have


with Row("C7", "a peer away for longer than retention", unit="absences", short=5, long=100) as row, \
        Mesh() as mesh, Proxy() as proxy:
    odl = mesh.node("odl/ci-1")
    odl.extra = 'store\n    keep-days = "1"\n'
    odl.configure()
    opnfv, onap = mesh.node("opnfv/ci-1").follow("odl/"), mesh.node("onap/ci-1").follow("odl/")
    mesh.befriend()
    link = proxy.link(onap, odl)
    odl.clock.wall(0)
    mesh.start()
    lost = {opnfv.name: set(), onap.name: set()}  # positions that nobody has for it
    said, days, passed, idle = [], 0, 0, 0

    def publish(n):
        global said
        places = odl.publish(*[artifact(n=len(said) + i) for i in range(n)])
        said += places
        return {(p["epoch"], p["seq"]) for p in places}

    def keep_no_longer():
        """Two days pass at the publisher, which keeps events for one."""
        global days, passed
        days, passed = days + 2, passed + 3600_000
        odl.clock.wall(days * DAY_MS)
        odl.clock.mono(passed)
        wait("purged", lambda: odl.status()["stored"] == 0)

    def exact(node, text, seconds=20):
        """Its gaps become just what it lost."""
        want = ranges(lost[node.name])
        end = time.monotonic() + seconds
        while gaps(node) != want:
            if time.monotonic() > end:
                row.violation("P3", f"absence {row.reached}, {text}: {node.name} shows {gaps(node)}, "
                              f"should be {want}")
                return
            time.sleep(0.02)

    while row.reached < row.target:
        for n in opnfv, onap:
            n.wait_peer(odl)
        before = publish(5)
        for n in opnfv, onap:
            wait(f"{n.name} has what was said before", lambda n=n: has(n, before))
        kind = ["other has it", "other comes later", "nobody has it"][row.reached % 3]
        onap.kill()
        if kind == "nobody has it":
            opnfv.kill()
        old = publish(row.random.randint(1, 60))
        if row.random.random() < 0.3:
            odl.stop()
            odl.start()
            old |= publish(row.random.randint(1, 60))
        if kind != "nobody has it":
            wait("opnfv has it", lambda: has(opnfv, old))
        if kind == "other comes later":
            opnfv.kill()
        keep_no_longer()
        new = publish(5)
        lost[onap.name] |= old if kind != "other has it" else set()
        lost[opnfv.name] |= old if kind == "nobody has it" else set()
        onap.start()
        wait("onap has what is new", lambda: has(onap, new))
        exact(onap, kind)
        if kind == "nobody has it":
            opnfv.start()
            exact(opnfv, kind)
            exact(onap, kind + ", both back")
            if row.reached == 2:
                sent, begin = link.count()[1], time.monotonic()
                time.sleep(3)
                idle = (link.count()[1] - sent) / (time.monotonic() - begin)
        if kind == "other comes later":
            lost[onap.name] -= old
            opnfv.start()
            exact(onap, "closed by a latecomer", 60)
        if kind != "nobody has it":
            wait("onap has what was lost", lambda: has(onap, old), 60)
        row.reached += 1
    for n in opnfv, onap:
        shown = n.peer("odl/ci-1")["gaps"]
        if shown != len(lost[n.name]):
            row.violation("P3", f"{n.name} shows {shown} positions in gaps, lacks {len(lost[n.name])}")
    row.figure("positions in gaps", len(lost[onap.name]))
    row.figure("asks about gaps bytes/s", round(idle))
    if idle > 2000:
        row.violation("P7", f"{idle:.0f} bytes/s of asks for what nobody has")
    check(row, mesh)

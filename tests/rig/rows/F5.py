#!/usr/bin/env python3
# SPDX-License-Identifier: MPL-2.0
"""Positions far ahead, position 0, epochs that go back, headers that name the
wrong one before: all signed as they should be. Memory and disk stay, what is
wrong is refused or flagged, and the follower goes on."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from rig import Mesh, Row, wait  # noqa: E402
from hostile import Liar  # noqa: E402
from measure import cpu_s, rss_mib  # noqa: E402
from wire import Author, event  # noqa: E402

TOPIC = "evil/ArtifactCreated/master/"
FAR = 2**53 - 1

with Row("F5", "positions and epochs that jump", unit="batches", short=10_000, long=150_000) as row, Mesh() as mesh:
    opnfv, evil = mesh.node("opnfv/ci-1").follow("*"), mesh.node("evil/ci-1")
    mesh.befriend()
    opnfv.start()
    liar = Liar(opnfv, evil)
    liar.send(TOPIC, liar.author.slice([event(TOPIC)]))
    wait("the first", lambda: opnfv.status()["stored"] == 1)
    rss, used, kinds = rss_mib(opnfv), cpu_s(opnfv), {}
    while row.reached < row.target:
        batch = []
        for _ in range(200):
            kind = row.random.choice(["far", "zero", "back", "prev", "beyond", "time"])
            epoch = liar.author.epoch - row.random.randrange(1, 2**30) if kind == "back" else liar.author.epoch
            a = Author(evil.name, liar.key, epoch)
            wrong = {"far": {"first": row.random.randrange(2**40, FAR - 2)}, "zero": {"first": 0},
                     "back": {}, "prev": {"first": row.random.randrange(2, 1000), "prev": os.urandom(32)},
                     "beyond": {"first": FAR + row.random.randrange(1, 9)},
                     "time": {"first": 2, "time": row.random.randrange(2**53)}}[kind]
            batch.append(a.slice([event(TOPIC)], **wrong))
            kinds[kind] = kinds.get(kind, 0) + 1
        liar.deliver(TOPIC, batch)
        row.reached += len(batch)
        liar.beacon()
    grown = rss_mib(opnfv) - rss
    row.figure("sent", kinds)
    row.figure("refused", opnfv.status()["refused"])
    row.figure("memory grew by MiB", round(grown, 1))
    row.figure("processor s", round(cpu_s(opnfv) - used, 1))
    if grown > 64 + 2 * row.target / 1000:
        row.violation("F5", f"memory grew by {grown:.0f} MiB")
    peer = opnfv.peer(evil.name)
    if not (peer["equivocation"] and peer["twoWriters"]):
        row.violation("F5", f"not flagged: {peer['equivocation']}, {peer['twoWriters']}")
    if opnfv.status()["refused"].get("form", 0) < kinds["zero"] + kinds["beyond"]:
        row.violation("F5", "positions out of range were not refused")
    stored = opnfv.status()["stored"]
    honest = Author(evil.name, liar.key, liar.author.epoch + 1000)
    honest.time = 2**53 - 1
    liar.send(TOPIC, honest.slice([event(TOPIC)]))
    wait("the follower goes on", lambda: opnfv.status()["stored"] == stored + 1)
    liar.close()

#!/usr/bin/env python3
# SPDX-License-Identifier: MPL-2.0
"""I6: the same event delivered again and again runs each hook once.

A publisher that is ours to play with sends slices it sent before, in any
order, and events under ids it used before at another
position. The follower is killed in between. Its hooks keep a journal: each id
is there once, or again under the next attempt when a kill hit its run.
"""
import collections
import os
import sys

import msgpack
import zmq

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from rig import Journal, Mesh, Row, hooks_done, wait  # noqa: E402
from invariants import broken  # noqa: E402
from wire import EvilNode, event  # noqa: E402

TOPIC = "odl/ArtifactCreated/master/"
BATCH = 25


def repeat(row, evil, sent):
    """A batch of new positions whose ids were all used before."""
    ids = [msgpack.unpackb(e)["eventId"] for e in row.random.choice(sent)[1]]
    events = [event(TOPIC, eventId=i) for i in ids]
    return evil.author.slice(events), events


def main():
    with Row("I6", "one run for each hook and event", unit="deliveries", short=10_000, long=100_000) as row, \
            Mesh() as mesh:
        odl, opnfv = mesh.node("odl/ci-1"), mesh.node("opnfv/ci-1").follow("odl/")
        mesh.befriend()
        journals = [Journal(row, opnfv, name=name, topic=TOPIC) for name in ("one", "two")]
        Journal.install(*journals)
        evil = EvilNode(odl)
        evil.pub.setsockopt(zmq.XPUB_NODROP, 1)
        evil.pub.setsockopt(zmq.SNDTIMEO, 20_000)
        opnfv.start(wait_ready=False)
        evil.wait_subscribed("odl/")
        sent, distinct, kills = [], set(), 0
        while row.reached < row.target:
            if len(sent) < 4 or row.reached > (len(sent) * row.target) // 30:
                new = len(sent) % 3 != 2
                events = [event(TOPIC) for _ in range(BATCH)]
                slice_, events = (evil.author.slice(events), events) if new else repeat(row, evil, sent)
                sent.append((slice_, events))
                distinct.update(msgpack.unpackb(e)["eventId"] for e in events)
            for _ in range(40):
                evil.send(TOPIC, row.random.choice(sent)[0])
                row.reached += BATCH
            if kills < row.reached * (10 if row.long else 3) // row.target:
                kills += 1
                arrived(evil, opnfv, sent)
                opnfv.kill()
                for text in broken(opnfv):
                    row.violation("P5", text)
                opnfv.start(wait_ready=False)
                evil.wait_subscribed("odl/")
        arrived(evil, opnfv, sent)
        hooks_done(row, opnfv)
        judge(row, journals, distinct, kills)
        row.figure("events", len(distinct))
        row.figure("kills", kills)
        evil.close()


def arrived(evil, node, sent):
    """All that was sent is stored: the order of a link is kept, so the last."""
    for slice_, _ in sent:
        evil.send(TOPIC, slice_)
    want = sum(len(events) for _, events in sent)

    def stored():
        evil.beacon()
        try:
            return node.status()["stored"] >= want
        except ValueError:
            return False  # it starts
    wait("all that was sent is stored", stored, 60)


def judge(row, journals, distinct, kills):
    for journal in journals:
        ran = collections.Counter(event.split(":")[1] for _, event in journal.runs())
        if set(ran) != distinct:
            row.violation("P5", f"{journal.name}: {len(distinct - set(ran))} events never ran")
        twice = [r for r, n in collections.Counter(journal.runs()).items() if n > 1]
        if twice:
            row.violation("P5", f"{journal.name}: the same attempt twice: {twice[:3]}")
        extra = sum(ran.values()) - len(ran)
        if extra > kills:
            row.violation("P5", f"{journal.name}: {extra} extra runs, {kills} kills")
        row.figure(f"extra runs of hook {journal.name}", extra)


if __name__ == "__main__":
    main()

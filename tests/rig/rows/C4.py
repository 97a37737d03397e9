#!/usr/bin/env python3
# SPDX-License-Identifier: MPL-2.0
"""A peer that sends every frame one to ten times, in any order, again long
after, in pieces that overlap, and answers twice: each event is stored once, at
its position, and nothing is stored for a repeat."""
import os
import random
import sys
import time
import uuid

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, ".."), os.path.join(HERE, "..", "..", "vectors")]
from rig import Mesh, Row, wait  # noqa: E402
from checker import Store  # noqa: E402
import cimesh_wire as wire  # noqa: E402
import client  # noqa: E402
from mesh import free_port  # noqa: E402

SEED, SECRET = bytes([7]) * 32, bytes([8]) * 32
WINDOW = 800  # frames between two looks at what is stored: below every queue's limit
OLD = 5000    # frames kept to be sent again


class Repeater(client.Publisher):
    """Says nothing by itself; keeps frames and answers, and repeats them."""

    def __init__(self, *args):
        super().__init__(*args)
        self.fresh, self.old, self.answers, self.repeated_answers = [], [], [], 0
        self.random = random.Random(1)

    def _live(self, topic, cut):
        self.fresh.append((topic.encode(), cut))


    def _answer(self, frames):
        super()._answer(frames)
        self.answers.append((frames[0], self.feed.answer(frames[1])))
        for rid, data in self.random.sample(self.answers[-50:], min(3, len(self.answers))):
            self.router.send_multipart([rid, data])
            self.repeated_answers += 1

    def pieces(self, batch):
        """Overlapping cuts of a batch, all of one topic."""
        for _ in range(2):
            a, b = sorted(self.random.choices(range(len(batch.events) + 1), k=2))
            if a < b:
                self._live(wire.unpack(batch.events[0])["topic"], batch.cut(list(range(a, b))))

    def window(self):
        """What to send next, in its order: fresh frames 1 to 10 times, old ones."""
        frames = [f for f in self.fresh for _ in range(self.random.randint(1, 10))]
        frames += self.random.choices(self.old or self.fresh, k=WINDOW - min(WINDOW, len(frames)))
        self.old += self.fresh
        if len(self.old) > OLD:
            self.old = self.random.sample(self.old, OLD // 2)
        self.fresh = []
        self.random.shuffle(frames)
        return frames


def event(n):
    e = {"v": 1, "eventId": str(uuid.UUID(int=n + (7 << 76) + (2 << 62))), "eventType": "ArtifactCreated",
         "eventTime": 1795350896789 + n, "buildUrl": f"https://ci.example.org/{n}",
         "artifactUrl": f"https://nexus.example.org/{n}.zip", "projectBranch": "master",
         "confidenceLevel": {"L": "SUCCESS"}}
    return wire.pack({"topic": wire.default_topic("tst", e), **e})


def stored(store):
    return store.db.execute("SELECT count(*), max(seq) FROM position").fetchone()


with Row("C4", "frames repeated 1 to 10 times, in any order, and late", unit="frames",
         short=20_000, long=1_000_000) as row, Mesh() as mesh:
    odl = mesh.node("odl/ci-1").follow("tst/")
    me = client.Peer("tst/py-1", wire.sign_public(SEED), wire.curve_public(SECRET),
                     f"tcp://127.0.0.1:{free_port()}", f"tcp://127.0.0.1:{free_port()}")
    with open(os.path.join(odl.dir, "roster", "tst.zpl"), "w") as f:
        f.write(me.roster())
    feed = client.Feed(me.node, SEED)
    feed.begin()
    with open(odl.roster) as f:
        keys = [p.curve for p in client.read_roster(f.read())]
    publisher = Repeater(feed, SECRET, me.events, me.sync, keys)
    publisher.random = row.random
    odl.start()
    wait("subscribed and up", lambda: publisher.step(0.01) or odl.peer(me.node)["up"])

    said = 0
    db = Store(odl)
    db.db.execute("COMMIT")
    while row.reached < row.target:
        for _ in range(row.random.randint(4, 32)):
            n = row.random.randint(1, 8)
            batch = publisher.publish([event(said + i) for i in range(n)])
            publisher.pieces(batch)
            said += n
        if row.random.random() < 0.01:
            feed.begin()  # a later log, while frames of the earlier ones go on
        for frame in publisher.window():
            publisher.xpub.send_multipart(frame)
            row.reached += 1
        publisher.beacon()
        end = time.monotonic() + 20
        while stored(db)[0] < said and time.monotonic() < end:
            publisher.step(0.002)
        if stored(db)[0] != said:
            row.violation("P2", f"{said} events were said, {stored(db)[0]} positions are held")
            break
    for _ in range(3):  # all frames still at hand, once more
        for frame in publisher.old:
            publisher.xpub.send_multipart(frame)
            row.reached += 1
        wait("a beacon after it", lambda: publisher.step(0.02) or True)
    db.close()

    want = {(b.header.epoch, b.header.first + i): wire.unpack(e)["eventId"]
            for log in feed.logs.values() for b in log for i, e in enumerate(b.events)}
    store = Store(odl)
    got = [((epoch, seq), id_) for (_, epoch), at in store.places().items() for seq, (_, id_, _) in at.items()]
    rows = store.db.execute("SELECT count(*) FROM event").fetchone()[0]
    batches = store.db.execute("SELECT count(*) FROM batch").fetchone()[0]
    if rows != len(want) or dict(got) != want:
        row.violation("P2", f"{len(want)} events were said, {rows} rows are stored, "
                      f"{len(set(got) ^ set(want.items()))} differ")
    if batches != sum(map(len, feed.logs.values())):
        row.violation("P1", f"{batches} batches are stored of {sum(map(len, feed.logs.values()))}")
    if not odl.peer(me.node)["up"] or odl.peer(me.node)["equivocation"]:
        row.violation("P7", f"a peer that repeats itself: {odl.peer(me.node)}")
    row.figure("events", said)
    row.figure("asks", publisher.asked["fetch"])
    row.figure("answers repeated", publisher.repeated_answers)
    row.figure("logs", len(feed.logs))
    row.figure("refused", " ".join(f"{k} {v}" for k, v in odl.status()["refused"].items() if v))
    store.close()
    publisher.close()

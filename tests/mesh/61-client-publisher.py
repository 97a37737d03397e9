#!/usr/bin/python3
# SPDX-License-Identifier: MPL-2.0
"""A node follows a client written from WIRE.md alone: live, and catch-up."""
import os
import pathlib
import sys
import uuid

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../vectors"))
import cimesh_wire as wire
import client
from mesh import Mesh, free_port, wait

SEED, SECRET = bytes([7]) * 32, bytes([8]) * 32
READER = bytes([9]) * 32  # of a follower of the node, in the same community
ME = client.Peer("tst/py-1", wire.sign_public(SEED),
                 wire.curve_public(SECRET),
                 f"tcp://127.0.0.1:{free_port()}",
                 f"tcp://127.0.0.1:{free_port()}")
DESK = client.Peer("tst2/desk-1", wire.sign_public(READER),
                   wire.curve_public(READER))


def event(n, branch="master", **more):
    """The bytes of an event; the same n, the same event."""
    e = {"v": 1, "eventId": str(uuid.UUID(int=n + (7 << 76) + (2 << 62))),
         "eventType": "ArtifactCreated", "eventTime": 1795350896789 + n,
         "buildUrl": f"https://ci.example.org/{n}",
         "artifactUrl": f"https://nexus.example.org/{n}.zip",
         "projectBranch": branch, "confidenceLevel": {"L": "SUCCESS"}, **more}
    return wire.pack({"topic": wire.default_topic("tst", e), **e})


def events(first, n):
    """Some bytes of events, on three branches in turn."""
    return [event(i, ("master", "stable/x", "\u00fc")[i // 10 % 3])
            for i in range(first, first + n)]


class Said:
    """What the client said so far, and whether the node has just that."""

    def __init__(self, node):
        self.node, self.events = node, {}

    def publish(self, publisher, events):
        batch = publisher.publish(events)
        for i, e in enumerate(events):
            self.events[batch.header.epoch, batch.header.first + i] = e
        return batch

    def there(self):
        return self.events.keys() == {
            (e["epoch"], e["seq"]) for e in self.node.all("tst/")}

    def same(self):
        """Field by field."""
        for e in self.node.all("tst/"):
            assert e["node"] == ME.node
            said = wire.unpack(self.events[e["epoch"], e["seq"]])
            for key, value in said.items():
                if key not in ("v", "eventTime"):
                    assert e[key] == value, (key, e)


def serving(publisher, what, condition, seconds=20):
    """Waits while the client answers."""
    wait(what, lambda: publisher.step(0.01) or condition(), seconds)


def roster_of(node):
    return client.read_roster(pathlib.Path(node.roster).read_text())


def bind(feed, node):
    return client.Publisher(feed, SECRET, ME.events, ME.sync,
                            [p.curve for p in roster_of(node)])


def up(publisher, node):
    """The node subscribed, asked for heads, and heard a beacon."""
    serving(publisher, "subscriptions",
            lambda: {b"tst/", wire.head_topic(ME.node)} <=
            publisher.subscriptions)
    serving(publisher, "an ask", lambda: publisher.asked["heads"])
    serving(publisher, "the peer up", lambda: node.peer(ME.node)["up"])


with Mesh() as m:
    odl = m.node("odl/ci-1").follow("tst/")
    for peer in (ME, DESK):
        community = peer.node.split("/")[0]
        with open(os.path.join(odl.dir, "roster", community + ".zpl"),
                  "w") as f:
            f.write(peer.roster())
    feed = client.Feed(ME.node, SEED)
    feed.begin()
    publisher = bind(feed, odl)
    said = Said(odl)
    odl.start()

    # A key that is not admitted waits, and comes in once it is.
    admitted, publisher.admitted = publisher.admitted, set()
    serving(publisher, "the node turned away", lambda: publisher.strangers > 2)
    assert not publisher.subscriptions and not publisher.asked
    publisher.admitted = admitted

    # Live: all there while asks have to wait.
    up(publisher, odl)
    publisher.answer_asks(False)
    said.publish(publisher, events(0, 1))
    said.publish(publisher, events(1, 40))
    serving(publisher, "41 events live", said.there)
    assert publisher.slices_sent == 0
    publisher.answer_asks(True)

    # Catch-up: the node was down, then the client, which begins an epoch.
    assert odl.stop() == 0
    for i in range(3):
        said.publish(publisher, events(100 + i * 50, 50))
    odl.start()
    serving(publisher, "what it missed while it was down", said.there)
    assert publisher.slices_sent > 0, "nothing was fetched"
    publisher.close()
    feed.begin()
    publisher = bind(feed, odl)
    said.publish(publisher, events(300, 1000))
    serving(publisher, "what it missed while the client was down", said.there)
    serving(publisher, "no lag", lambda: odl.peer(ME.node)["lag"] == 0)
    said.same()

    # Some things a follower keeps, some it does not; all count as held.
    said.publish(publisher, [
        event(2000, later="kept"),
        wire.pack({"v": 2, "eventId": str(uuid.UUID(int=(7 << 76) +
                                                    (2 << 62) + 5)),
                   "eventType": "New", "topic": "tst/New/x/", "more": None})])
    publisher.publish([event(2001, topic="odl/ArtifactCreated/master/")])
    publisher.publish([event(2002, buildUrl="no URL"), event(2003, v=0)])
    said.publish(publisher, events(2010, 5))
    serving(publisher, "the good ones among bad ones", said.there)
    serving(publisher, "the bad ones refused",
            lambda: odl.refused("event") >= 2 and odl.refused("community"))
    serving(publisher, "no lag", lambda: odl.peer(ME.node)["lag"] == 0)

    # What the node passes on is what the client sealed.
    reader = client.Follower(roster_of(odl)[0], READER, ["tst/"], author=ME)
    reader.catch_up()
    assert reader.events == said.events, len(reader.events)
    reader.close()
    publisher.close()

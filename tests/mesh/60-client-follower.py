#!/usr/bin/python3
# SPDX-License-Identifier: MPL-2.0
"""A client written from WIRE.md alone follows a node: live, and catch-up."""
import base64
import json
import os
import pathlib
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../vectors"))
import cimesh_wire as wire
import client
from mesh import Mesh, artifact, wait

SEED, SECRET = bytes([7]) * 32, bytes([8]) * 32
PUBLIC = client.Peer("tst/desk-1", wire.sign_public(SEED),
                     wire.curve_public(SECRET))
MASTER = "odl/ArtifactCreated/master/"


def peer_of(node):
    """A node as its roster file says."""
    return client.read_roster(pathlib.Path(node.roster).read_text())[0]


def same(follower, node, topic="*"):
    """The follower has exactly the node's own events, field by field."""
    theirs = {(e["epoch"], e["seq"]): e for e in node.all(topic)}
    assert follower.events.keys() == theirs.keys(), (
        len(follower.events), len(theirs))
    for at, event in follower.events.items():
        for key, value in wire.unpack(event).items():
            if key not in ("v", "eventTime"):
                assert theirs[at][key] == value, (at, key)
    assert not follower.refused and not follower.unproven
    assert not follower.gaps


def live(node, follower):
    """What is said while the client listens comes by itself."""
    wait("a beacon", lambda: follower.step(0.05) or follower.beacon is not None)
    for i in range(5):
        node.publish(*(artifact(n=i * 10 + k, branch="master") for k in
                       range(5)), *(artifact(n=k, branch=f"b/{i}")
                                    for k in range(3)))
    wait("40 events live", lambda: follower.step(0.05) or follower.live == 40)
    assert not follower.unproven, follower.unproven


def whole(node, follower, epochs):
    """Catch-up brings what is missing, then nothing, then says: the same."""
    follower.catch_up()
    same(follower, node)
    assert len(follower.cursors) == epochs
    assert follower.heads() is None, "the list of heads did not change"
    for epoch, last in follower.cursors.items():
        values, slices = follower.fetch(epoch, 0, 16384,
                                        held=follower.held(epoch, 0, 16384))
        assert not slices and values["covered"] == values["last"] == last
        values, slices = follower.fetch(epoch, last - 1, last)
        assert len(slices) == 1 and slices[0].positions()[0][0] == last
        values, slices = follower.fetch(epoch, last, last + 5)
        assert not slices and values["covered"] == last
    values, slices = follower.fetch(5, 3, 9)
    assert not slices and (values["covered"], values["last"]) == (3, 0)


def filtered(node, peer):
    """Of some topics, exactly these: one at a time, each proven."""
    follower = client.Follower(peer, SECRET,
                               [MASTER, "odl/ArtifactCreated/b%2F1"])
    follower.catch_up()
    expected = [e for e in node.all()
                if e.get("projectBranch") in ("master", "b/1")]
    assert {(e["epoch"], e["seq"]) for e in expected} == \
        follower.events.keys()
    epoch, last = max(follower.cursors.items())
    values, slices = follower.fetch(epoch, 0, 16384, ["odl/Nothing/"])
    assert not slices and values["covered"] == values["last"] == last
    held = follower.held(epoch, 0, 16384)
    values, slices = follower.fetch(epoch, 0, 16384, held=held)
    assert not slices and values["covered"] == last
    values, slices = follower.fetch(epoch, 0, 16384, held=held[1:])
    assert held[0] in [p for s in slices for p, _ in s.positions()]
    follower.close()


def found(node, follower):
    """One event by its name, and none of a name that nobody used."""
    for event in node.all()[:3]:
        assert [e["topic"] for e in follower.find(event["eventId"])] == [event["topic"]]
    assert follower.find("019aab2c-5f3e-7c61-9f0e-2b1f5a6d7c88") == []
    assert follower.find(node.all()[0]["eventId"], "onap") == []


def refused(follower):
    """What it cannot take it says so, with the request id."""
    for data, reason, rid in (
            (wire.pack([1, "tails", 77, 1]), "form", 77),
            (wire.pack([2, "heads", 0, [], b"", ["", 0]]), "version", 0),
            (wire.heads_ask(79, ["odl/ci-1"]) + b"\0", "trailing", 0),
            (wire.fetch_ask(80, "odl/ci-1", 5, 9, 9, [""]), "form", 80),
            (wire.pack([1, "find", 81, "odl", b"short"]), "form", 81),
            (b"", "short", 0)):
        follower.dealer.send(data)
        assert follower.dealer.poll(20000), reason
        answer = wire.read_answer(follower.dealer.recv())
        assert answer.kind == "refused" and answer.rid == rid and \
            answer.values["reason"] == reason, (answer, reason)


def proof(node, peer):
    """A proof file is checked by the client."""
    event = node.all()[3]
    p = json.loads(node.cli("show", "odl:" + event["eventId"], "--proof"))
    data = base64.urlsafe_b64decode(p["slice"] + "==")
    s = wire.check_slice(data, peer.sign)
    assert s.header.node == "odl/ci-1"
    assert [seq for seq, _ in s.positions()] == [event["seq"]]
    assert wire.check_event(s.events[0])["topic"] == p["topic"]


with Mesh() as m:
    odl = m.node("odl/ci-1")
    with open(os.path.join(odl.dir, "roster", "tst.zpl"), "w") as f:
        f.write(PUBLIC.roster())
    odl.start()
    them = peer_of(odl)
    odl.publish(*(artifact(n=i, branch=f"b/{i % 7}") for i in range(300)))
    reader = client.Follower(them, SECRET)
    live(odl, reader)
    whole(odl, reader, 1)
    assert odl.stop() == 0
    odl.start()
    odl.publish(*(artifact(n=i, branch="master") for i in range(20)))
    odl.publish({"eventType": "ReviewDone", "buildUrl": "https://e.org/1",
                 "ext": {"votes": 2, "names": ["a", {"b": True}]}})
    whole(odl, reader, 2)
    filtered(odl, them)
    found(odl, reader)
    refused(reader)
    proof(odl, them)
    reader.close()

# SPDX-License-Identifier: MPL-2.0
"""Whatever a bad publisher sends is refused by name and counted; links live on.

An evil node has odl's keys and says things on odl's event socket. Every case
must raise exactly its counter, store nothing, and leave the link usable.
"""
import msgpack

from mesh import Mesh, wait
from wire import EvilNode, Key, event, pack

TOPIC = "odl/ArtifactCreated/master/"


def flip(data, at):
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1:]


def resigned(evil, change):
    """A slice whose header was changed and signed again."""
    s = msgpack.unpackb(evil.author.slice([event()], first=evil.author.next))
    header = msgpack.unpackb(s[0])
    change(header)
    s[0] = pack(header)
    s[1] = evil.key.signature(s[0])
    return pack(s)


def cases(evil, stranger):
    """(reason or reasons that may be given, topic, payload or frames)"""
    good = lambda **w: evil.author.slice([event()], first=evil.author.next, **w)
    part = lambda i, f: (lambda s: pack(s[:i] + [f(s[i])] + s[i + 1:]))(msgpack.unpackb(good()))
    yield "form short", TOPIC, b"\xc1garbage"
    yield "form short", TOPIC, b""
    yield "short", TOPIC, good()[:-1]
    yield "trailing form", TOPIC, good() + b"\0"
    yield "signature", TOPIC, part(1, lambda sig: flip(sig, 5))
    yield "signature", TOPIC, part(1, lambda sig: stranger.signature(b"other"))
    yield "root", TOPIC, part(3, lambda events: [flip(events[0], len(events[0]) - 1)])
    yield "root", TOPIC, part(3, lambda events: [event()])
    yield "root form", TOPIC, part(4, lambda nodes: bytes(32))
    yield "form", TOPIC, part(2, lambda runs: [[0, 2]])
    yield "form root", TOPIC, part(2, lambda runs: [[7, 1]])
    yield "version", TOPIC, resigned(evil, lambda h: h.__setitem__(0, 2))
    yield "form", TOPIC, resigned(evil, lambda h: h.__setitem__(1, "ODL/ci-1"))
    yield "form", TOPIC, resigned(evil, lambda h: h.__setitem__(4, 0))
    yield "form", TOPIC, resigned(evil, lambda h: h.__setitem__(6, bytes(31)))
    yield "too-big form", TOPIC, resigned(evil, lambda h: h.__setitem__(5, 1025))
    yield "unasked", TOPIC, resigned(evil, lambda h: h.__setitem__(1, "onap/ci-1"))
    yield "form topic", "odl/ArtifactCreated/other/", good()
    yield "form", None, [b"odl/ArtifactCreated/master/"]
    yield "form", None, [b"odl/ArtifactCreated/master/", good(), b"more"]
    yield "form", None, [b"odl/ArtifactCreated/master/"] + [b"x"] * 1000
    yield "form short", "!head/odl/ci-1/", b"\x93\0\0\0"
    yield "signature", "!head/odl/ci-1/", pack([msgpack.unpackb(good())[0], bytes(64)])


with Mesh() as m:
    odl, opnfv, onap = m.node("odl/ci-1"), m.node("opnfv/ci-1").follow("*"), m.node("onap/ci-1")
    m.befriend()
    evil = EvilNode(odl)
    opnfv.start()
    evil.wait_subscribed("")
    evil.beacon()
    opnfv.wait_peer(odl)

    stored = 0
    for n, (reasons, topic, payload) in enumerate(cases(evil, Key(onap.dir + "/keys/node.key"))):
        before = opnfv.status()["refused"]
        if topic is None:
            evil.pub.send_multipart(payload)
        else:
            evil.send(topic, payload)

        def counted():
            now = opnfv.status()["refused"]
            return {k: v - before.get(k, 0) for k, v in now.items() if v != before.get(k, 0)}
        got = wait(f"case {n}: refused as {reasons}", counted)
        assert len(got) == 1 and list(got)[0] in reasons.split() and list(got.values()) == [1], \
            (n, reasons, got)
        assert opnfv.peer("odl/ci-1")["lastReason"] in reasons.split()
        assert opnfv.status()["stored"] == 0

    # An honest event still gets through; the same one again changes nothing.
    honest = event()
    slice_ = evil.author.slice([honest])
    before = opnfv.status()["refused"]
    for _ in range(3):
        evil.send(TOPIC, slice_)
    wait("an honest event", lambda: opnfv.status()["stored"] == 1)
    # The younger batch first.
    first, second = evil.author.slice([event()]), evil.author.slice([event()])
    evil.send(TOPIC, second)
    evil.send(TOPIC, first)
    wait("both, in whatever order", lambda: opnfv.status()["stored"] == 3)
    assert sorted(e["seq"] for e in opnfv.all()) == [1, 2, 3]
    assert opnfv.status()["refused"] == before

    # Proven, and against the rules: refused for good, not asked for again.
    for reason, bad in (("community", event("onap/ArtifactCreated/master/")),
                        ("event", event(artifactUrl=None)),
                        ("event form depth", event(ext={"a": [[[[[[1]]]]]]}))):
        before = opnfv.status()["refused"]
        evil.send(msgpack.unpackb(bad)["topic"], evil.author.slice([bad]))
        got = wait(f"refused as {reason}", lambda: {
            k: v - before.get(k, 0) for k, v in opnfv.status()["refused"].items()
            if v != before.get(k, 0)})
        assert set(got) <= set(reason.split()), (reason, got)
    assert opnfv.status()["stored"] == 3

    # A frame over the limit makes libzmq drop the link for good: it is made
    # anew. Nothing is subscribed until then.
    evil.send(TOPIC, b"x" * 80000)
    evil.wait_subscribed("", seconds=30)
    after = event()
    slice_ = evil.author.slice([after])

    def arrived():
        evil.send(TOPIC, slice_)
        return opnfv.status()["stored"] == 4
    wait("the link is back", arrived)
    evil.close()

# SPDX-License-Identifier: MPL-2.0
"""Bad asks and bad answers of catch-up: refused by name, counted, no harm."""
import msgpack
import zmq

from mesh import Mesh, artifact, wait
from wire import EvilNode, event, pack


def counted(node, before):
    now = node.status()["refused"]
    return {k: v - before.get(k, 0) for k, v in now.items() if v != before.get(k, 0)}


def ask_cases():
    yield "form short", b"\xc1"
    yield "form short", b""
    yield "version", pack([2, "heads", 7, [], b"", ["", 0]])
    yield "form", pack([1, "shutdown", 7])
    yield "form too-big", pack([1, "fetch", 7, "odl/ci-1", 1, 0, 100000, ["odl/"], 0, b""])
    yield "form", pack([1, "fetch", 7, "odl/ci-1", 1, 5, 5, ["odl/"], 0, b""])
    yield "form too-big", pack([1, "fetch", 7, "odl/ci-1", 1, 0, 9, ["odl/"] * 33, 0, b""])
    yield "form", pack([1, "find", 7, "odl", "019aab2c-5f3e-7c61-9f0e-2b1f5a6d7c88"])
    yield "form", pack([1, "find", 7, "odl/ci-1", bytes(6) + b"\x70\0\x80" + bytes(7)])
    yield "trailing form", pack([1, "heads", 7, [], b"", ["", 0]]) + b"\0"


def test_asks(odl, evil):
    dealer = evil.dial(zmq.DEALER, odl)
    for n, (reasons, frame) in enumerate(ask_cases()):
        before = odl.status()["refused"]
        dealer.send(frame)
        assert dealer.poll(10000), f"ask {n}: no answer"
        answer = msgpack.unpackb(dealer.recv())
        assert answer[1] == "refused" and answer[3] in reasons.split(), (n, answer)
        assert wait("counted", lambda: counted(odl, before)) == {answer[3]: 1}
    before = odl.status()["refused"]
    dealer.send_multipart([b"two", b"frames"])
    assert wait("two frames", lambda: counted(odl, before)) == {"form": 1}

    # Two pages at a time are served, more are refused. What does not fit the
    # ROUTER's queue then is dropped, so not every answer comes.
    def fetch(rids):
        for rid in rids:
            dealer.send(pack([1, "fetch", rid, "odl/ci-1", 1, 0, 9, ["odl/"], 0, b""]))
        words = []
        while dealer.poll(500):
            words.append(msgpack.unpackb(dealer.recv())[1])
        return words
    assert fetch(range(100, 102)) == ["fetch", "fetch"]
    before = odl.status()["refused"]
    assert "refused" in fetch(range(200, 300))
    assert list(counted(odl, before)) == ["quota"]
    assert fetch(range(300, 302)) == ["fetch", "fetch"]

    # A find counts as a page.
    def find(rids):
        for rid in rids:
            dealer.send(pack([1, "find", rid, "odl", bytes(6) + b"\x70\0\x80" + bytes(7)]))
        words = []
        while dealer.poll(500):
            words.append(msgpack.unpackb(dealer.recv())[1])
        return words
    assert find(range(400, 402)) == ["find", "find"]
    assert "refused" in find(range(500, 600))

    # Over the ROUTER's limit: libzmq drops that connection, nobody else's.
    dealer.send(b"x" * 20000)
    again = evil.dial(zmq.DEALER, odl)
    again.send(pack([1, "heads", 9, ["odl/ci-1"], b"", ["", 0]]))
    assert again.poll(10000) and msgpack.unpackb(again.recv())[1:3] == ["heads", 9]


def test_answers(opnfv, evil):
    """opnfv asks the evil odl; rid: of the ask to be answered."""
    header, signature = evil.author.seal([event()])
    bad = pack([header, bytes(64), [[0, 1]], [event()], b""])
    entry = [[header, signature, 1]]
    unseen = evil.author.seal([event()], first=2)[0]

    def heads(ask):
        return pack([1, "heads", ask[2], bytes(16), False, entry])
    cases = [
        ("form short", "heads", lambda ask: b"\xc1"),
        ("version", "heads", lambda ask: pack([9, "heads", ask[2], bytes(16), False, []])),
        ("unasked", "heads", lambda ask: pack([1, "heads", ask[2] + 1000, bytes(16), False, []])),
        ("unasked form", "heads", lambda ask: pack([1, "fetch", ask[2], 1, 1, [], []])),
        ("signature", "heads", lambda ask: pack(
            [1, "heads", ask[2], bytes(16), False, [[unseen, bytes(64), 1]]])),
        ("root signature", "fetch", lambda ask: pack([1, "fetch", ask[2], 1, 1, [], [bad]])),
    ]
    evil.beacon()
    for n, (reasons, kind, make) in enumerate(cases):
        before = opnfv.status()["refused"]
        evil.cut_sync()

        def answered():
            evil.beacon()
            for rid, ask in evil.asks(200):
                if ask[1] == kind:
                    evil.router.send_multipart([rid, make(ask)])
                    return True
                if ask[1] == "heads":
                    evil.router.send_multipart([rid, heads(ask)])
        wait(f"answer {n}: it asks for {kind}", answered, 60)
        got = wait(f"answer {n}: refused as {reasons}", lambda: counted(opnfv, before))
        assert set(got) <= set(reasons.split()), (n, reasons, got)
    assert opnfv.status()["stored"] == 0


with Mesh() as m:
    odl, opnfv, onap = m.node("odl/ci-1"), m.node("opnfv/ci-1").follow("odl/"), m.node("onap/ci-1")
    m.befriend()
    odl.start()
    odl.publish(*[artifact(n=i) for i in range(5)])
    evil = EvilNode(onap)
    test_asks(odl, evil)
    evil.close()
    assert odl.stop() == 0

    evil = EvilNode(odl)
    opnfv.start()
    test_answers(opnfv, evil)
    evil.close()

    # After all that an honest odl has its events fetched.
    odl.start()
    wait("five events", lambda: opnfv.status()["stored"] == 5, 40)

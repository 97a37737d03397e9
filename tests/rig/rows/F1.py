#!/usr/bin/env python3
# SPDX-License-Identifier: MPL-2.0
"""A valid slice with each of its bits flipped in turn, and forgeries made by
hand: everything is refused, counted, and nothing of it is stored."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from rig import Mesh, Row, wait  # noqa: E402
from hostile import Liar  # noqa: E402
from wire import b2, event, pack, root  # noqa: E402

TOPIC = "evil/ArtifactCreated/master/"
ORDER = 2**252 + 27742317777372353535851937790883648493
SMALL = bytes.fromhex("ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f")


def unpacked(liar, e, **wrong):
    header, signature = liar.author.seal([e], version=1, **wrong)
    return header, signature


def forgeries(liar, other):
    """[(what, slice)] of things that are almost right."""
    e, e2 = event(TOPIC), event(TOPIC)
    h, s = unpacked(liar, e)
    key, wrong = liar.key.sign, other.key.sign
    s_high = s[:32] + ((int.from_bytes(s[32:], "little") + ORDER) % 2**256).to_bytes(32, "little")

    def slice_(header=h, signature=s, runs=((0, 1),), events=(e,), nodes=b""):
        return pack([header, signature, [list(r) for r in runs], list(events), nodes])
    yield "no signature", slice_(signature=bytes(64))
    yield "S not reduced", slice_(signature=s_high)
    yield "R of small order", slice_(signature=SMALL + s[32:])
    yield "R of small order, S 0", slice_(signature=SMALL + bytes(32))
    yield "no context", slice_(signature=key.sign(h).signature)
    yield "another context", slice_(signature=key.sign(b"cimesh batch v2\0" + h).signature)
    yield "context without its zero", slice_(signature=key.sign(b"cimesh batch v1" + h).signature)
    yield "over the hash", slice_(signature=key.sign(b"cimesh batch v1\0" + b2(h)).signature)
    yield "another member's key", slice_(signature=wrong.sign(b"cimesh batch v1\0" + h).signature)
    yield "another member's key id", slice_(*unpacked(liar, e, key=other.key.id))
    yield "another member's name", slice_(*unpacked(liar, e, node=other.name))
    yield "the signature of another header", slice_(signature=unpacked(liar, e2)[1])
    yield "another event", slice_(events=(e2,))
    yield "a root of something else", slice_(*unpacked(liar, e, root=b2(b"x")))
    yield "a leaf for a root", slice_(*unpacked(liar, e, root=b2(b"\1" + e)))
    yield "a count of two", slice_(*unpacked(liar, e, count=2))
    yield "a node too many", slice_(nodes=bytes(32))
    yield "two runs of one", slice_(runs=((0, 1), (0, 1)), events=(e, e))
    yield "an inner node as an event", slice_(*unpacked(liar, e, count=2, root=root([b2(b"\0" + e), b2(b"\0" + e2)])),
                                              events=(b2(b"\0" + e) + b2(b"\0" + e2),))
    yield "a header of a later version", slice_(*liar.author.seal([e], version=2))
    yield "bytes after it", slice_() + b"\0"
    yield "no event", slice_(runs=(), events=())


with Row("F1", "forged and flipped slices", unit="slices", short=5_600, long=60_000) as row, Mesh() as mesh:
    opnfv, evil, other = mesh.node("opnfv/ci-1").follow("*"), mesh.node("evil/ci-1"), mesh.node("odl/ci-1")
    mesh.befriend()
    opnfv.start()
    liar = Liar(opnfv, evil)
    accomplice = Liar(opnfv, other, listen=False)
    crafted = list(forgeries(liar, accomplice))
    for what, frame in crafted:
        if not liar.refused(TOPIC, [frame]):
            row.violation("P4", f"{what}: not refused")
    row.reached += len(crafted)
    while row.reached < row.target:
        good = liar.author.slice([event(TOPIC)], time=liar.author.time + row.reached)
        bits = list(range(8 * len(good)))
        row.random.shuffle(bits)
        bits = bits[:min(len(bits), row.target - row.reached)]
        for part in (bits[i:i + 200] for i in range(0, len(bits), 200)):
            flipped = []
            for bit in part:
                frame = bytearray(good)
                frame[bit // 8] ^= 1 << bit % 8
                flipped.append(bytes(frame))
            n = liar.refused(TOPIC, flipped)
            row.reached += len(part)
            if n != len(part):
                row.violation("P4", f"{len(part) - n} of {len(part)} flipped slices were not refused")
    if opnfv.status()["stored"]:
        row.violation("P4", f"stored: {opnfv.all()[:3]}")
    liar.send(TOPIC, liar.author.slice([event(TOPIC)]))
    wait("what is right is taken", lambda: opnfv.status()["stored"] == 1)
    row.figure("refused", opnfv.status()["refused"])
    row.note = f"{len(crafted)} crafted, the rest flips of one bit"
    liar.close()
    accomplice.close()

#!/usr/bin/env python3
# SPDX-License-Identifier: MPL-2.0
"""MessagePack that means harm at every door of a node: as live slices and
beacons, as asks, as answers. Nesting, lengths that claim gigabytes, cuts,
repeated keys, numbers spelt long, types that may not be. Each is refused, no
memory is reserved for what is only claimed."""
import os
import struct
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import zmq  # noqa: E402
from rig import Mesh, Row, wait  # noqa: E402
from hostile import Liar, Stranger, secret_of  # noqa: E402
from measure import cpu_s, rss_mib  # noqa: E402
from wire import event, pack  # noqa: E402

TOPIC = "evil/ArtifactCreated/master/"


def claims(random):
    """A header that claims up to 2^32 - 1 of something."""
    n = random.choice([1, 15, 0xff, 0x100, 0xffff, 0x10000, 0x0fffffff, 0x7fffffff, 0xffffffff])
    head, size = random.choice([(0xdc, 2), (0xdd, 4), (0xde, 2), (0xdf, 4), (0xd9, 1), (0xda, 2), (0xdb, 4),
                                (0xc4, 1), (0xc5, 2), (0xc6, 4), (0xc7, 1), (0xc8, 2), (0xc9, 4)])
    return bytes([head]) + (n & (2**(8 * size) - 1)).to_bytes(size, "big") + random.randbytes(random.randrange(8))


def nested(random):
    depth = random.choice([1, 7, 9, 33, 100, 1000, 15_000])
    return random.choice([b"\x91", b"\x81\xa1k", b"\xdc\x00\x01"]) * (depth // 4) + b"\xc0"


def odd(random):
    return random.choice([b"\xc1", b"\xcb" + struct.pack(">d", float("nan")), b"\xca" + bytes(4), b"\xd4\x01x",
                          b"\xd6\xff" + bytes(4), b"\xcc\x05", b"\xcd\x00\x05", b"\xcf" + bytes(7) + b"\x05",
                          b"\xd0\x05", b"\xd9\x01a", b"\xdc\x00\x00", b"\xde\x00\x00", b"\x82\xa1a\x01\xa1a\x02",
                          b"\x81\x01\x02", b"\x81\xc0\x02", b"\xa1\xff", b"\xa2\xc0\x80", b"\xa1\x00", b"\xc6\x00\x00\x00\x01x"])


def cut(random, good):
    return good[:random.randrange(len(good))] + random.choice([b"", b"", b"\0", random.randbytes(3)])


def spliced(random, good):
    """Something odd in the middle of what is right."""
    at = random.randrange(len(good))
    return good[:at] + random.choice([claims, odd, nested])(random)[:1000] + good[at + random.randrange(3):]


def hostile(random, good):
    kind = random.randrange(5)
    return [claims, nested, odd][kind](random) if kind < 3 else (cut if kind == 3 else spliced)(random, good)


def peak_mib(node):
    with open(f"/proc/{node.process.pid}/status") as f:
        return next(int(line.split()[1]) for line in f if line.startswith("VmPeak")) / 1024


with Row("F3", "MessagePack that means harm", unit="frames", short=6_000, long=300_000) as row, Mesh() as mesh:
    opnfv, evil = mesh.node("opnfv/ci-1").follow("*"), mesh.node("evil/ci-1")
    mesh.befriend()
    opnfv.start()
    liar = Liar(opnfv, evil)
    asker = Stranger(opnfv, secret_of(evil))
    answers = []
    liar.answers = lambda ask: answers.append(1) or hostile(row.random, pack([1, "heads", ask[2], bytes(16), False, []]))
    good = {"slice": liar.author.slice([event(TOPIC)]), "beacon": pack(list(liar.author.seal([event(TOPIC)]))),
            "fetch": pack([1, "fetch", 7, "evil/ci-1", 5, 0, 9, [""], 0, b""]),
            "heads": pack([1, "heads", 7, ["evil/ci-1"], b"", ["", 0]])}
    wait("asks are answered", lambda: asker.dealer.send(good["heads"]) or asker.dealer.poll(500), 20)
    peak, rss, begin, used = peak_mib(opnfv), rss_mib(opnfv), time.monotonic(), cpu_s(opnfv)
    refused, sent = liar.total(), 0
    while row.reached < row.target:
        batch = [hostile(row.random, good["slice"]) for _ in range(150)]
        n = liar.refused(TOPIC, batch)
        if n < len(batch):
            row.violation("F3", f"{len(batch) - n} of {len(batch)} live frames were not refused")
        n = liar.refused("!head/evil/ci-1/", [hostile(row.random, good["beacon"]) or b"\xc1" for _ in range(50)])
        for _ in range(100):
            asker.dealer.send(hostile(row.random, good[row.random.choice(["fetch", "heads"])])[:16_000], zmq.DONTWAIT)
        sent += 100
        while asker.dealer.poll(0):
            asker.dealer.recv()
        row.reached += 300
    wait("still there", lambda: opnfv.get("/livez")[0] == 200)
    row.reached += len(answers)
    row.figure("answers to its own asks", len(answers))
    row.figure("us of processor a frame", round(1e6 * (cpu_s(opnfv) - used) / row.reached))
    row.figure("VmPeak grew by MiB", round(peak_mib(opnfv) - peak, 1))
    row.figure("memory grew by MiB", round(rss_mib(opnfv) - rss, 1))
    row.figure("refused", opnfv.status()["refused"])
    if peak_mib(opnfv) - peak > 200:
        row.violation("F3", f"address space grew by {peak_mib(opnfv) - peak:.0f} MiB")
    if opnfv.status()["stored"]:
        row.violation("P4", "something of it was stored")
    asker.close()
    liar.close()

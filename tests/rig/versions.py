# SPDX-License-Identifier: MPL-2.0
"""J1's two halves: a node of the next version, played by the client of
tests/vectors, and nodes of the previous program in one mesh with this one."""
import json
import os
import pathlib
import subprocess
import sys
import time
import uuid

from rig import BIN, TOP, Ledger, Mesh, check, settle, wait
from mesh import free_port

sys.path.insert(1, os.path.join(TOP, "tests", "vectors"))
import cimesh_wire as wire  # noqa: E402
import client  # noqa: E402

SEED, SECRET, READER = bytes([7]) * 32, bytes([8]) * 32, bytes([9]) * 32
DESK = client.Peer("desk/desk-1", wire.sign_public(READER), wire.curve_public(READER))


# ---- the next version ------------------------------------------------------

class Next:
    """Events as a later version might have them."""

    def __init__(self, random):
        self.random, self.n = random, 0

    def text(self):
        return "".join(self.random.choice("abcXYZ019 -_./\u00fc\u4e2d") for _ in range(self.random.randrange(1, 20)))

    def value(self, depth=0):
        kind = self.random.randrange(9 if depth < 3 else 6)
        if kind >= 8:
            return {self.text(): self.value(depth + 1) for _ in range(self.random.randrange(4))}
        if kind >= 6:
            return [self.value(depth + 1) for _ in range(self.random.randrange(4))]
        return [None, True, self.random.randrange(-2**63, 2**63), self.random.randrange(200),
                self.text(), self.random.randbytes(self.random.randrange(40))][kind]

    def event(self):
        """Bytes; what every version knows of it is right, the rest is new."""
        self.n += 1
        type_ = self.random.choice(["ArtifactCreated", "DeploymentFinished", "TestSuiteMeasured"])
        e = {"v": self.random.choice([2, 2, 3, 77]),
             "eventId": str(uuid.UUID(int=self.n + (8 << 76) + (2 << 62))),
             "eventType": type_, "topic": f"tst/{type_}/master/"}
        for key in self.random.sample(["buildUrl", "confidenceLevel", "eventTime", "projectBranch"], 2):
            e[key] = self.value()  # fields of today, of another kind
        for _ in range(self.random.randrange(6)):
            e["new" + self.text().replace(" ", "")] = self.value()
        return wire.pack(e)


class Sender:
    """A publisher that is stepped while something is waited for."""

    def __init__(self, publisher):
        self.publisher, self.said = publisher, {}

    def publish(self, events):
        batch = self.publisher.publish(events)
        for i, e in enumerate(events):
            self.said[batch.header.epoch, batch.header.first + i] = e

    def until(self, what, condition, seconds=30):
        wait(what, lambda: self.publisher.step(0.01) or condition(), seconds)


def stored(node):
    """{(epoch, seq): bytes} of tst's events, as its store has them."""
    import sqlite3
    with sqlite3.connect(f"file:{node.dir}/data/cimesh.db?mode=ro", uri=True) as db:
        return {(e, s): b for e, s, b in db.execute(
            "SELECT l.epoch, e.seq, e.bytes FROM event e JOIN log l ON l.id = e.log"
            " JOIN feed f ON f.id = l.feed WHERE f.node = 'tst/py-1'")}


def roster_of(node):
    return client.read_roster(pathlib.Path(node.roster).read_text())


def put_roster(node, peer):
    with open(os.path.join(node.dir, "roster", peer.node.split("/")[0] + ".zpl"), "w") as f:
        f.write(peer.roster())


def same(row, node, said):
    """Byte for byte what was signed."""
    got = stored(node)
    for at in said.keys() | got.keys():
        if said.get(at) != got.get(at):
            row.violation("P2", f"{node.name}: tst/py-1 {at}: {got.get(at)!r} is not {said.get(at)!r}")


def shown(row, node, said, sample):
    """log, show --proof and verify have a form for what they do not know."""
    lines = [json.loads(line) for line in node.cli("log", "tst/", "--json").splitlines()]
    if len(lines) != len(said):
        row.violation("P2", f"{node.name}: log shows {len(lines)} of {len(said)}")
    if len(node.cli("log", "tst/").splitlines()) != len(said):
        row.violation("P2", f"{node.name}: log for people leaves some out")
    for e in sample(lines):
        name = "tst:" + e["eventId"]
        proof = node.cli("show", name, "--proof")
        piece = wire.check_slice(wire.base64.urlsafe_b64decode(json.loads(proof)["slice"] + "=="),
                                 wire.sign_public(SEED))
        if piece.events != [said[e["epoch"], e["seq"]]]:
            row.violation("P4", f"{node.name}: {name}: its proof has other bytes")
        path = os.path.join(node.dir, "proof.json")
        pathlib.Path(path).write_text(proof)
        if not node.cli("verify", path).startswith("ok tst/py-1"):
            row.violation("P4", f"{node.name}: {name} is not verified")


REFUSED = [  # an ask, the reason it gets, the request id it gets it under
    ([1, "tails", 77, 1], "form", 77), ([2, "heads", 78, [], b"", ["", 0]], "version", 78),
    ([2, "tails", 79, {"a": 1}], "version", 79), ([2**40, "fetch", 80], "version", 80),
    ([1, "heads", 81, [], b"", ["", 0], 0], "form", 81)]


def unknown_asks(row, reader):
    """What a later version asks is refused, and what it asks next answered."""
    for data, reason, rid in REFUSED:
        answer = reader.ask(wire.pack(data))
        if (answer.kind, answer.rid, answer.values.get("reason")) != ("refused", rid, reason):
            row.violation("P7", f"{data}: {answer}, not refused with {reason}")


def next_version(row, count):
    """odl follows it; opnfv gets it from odl alone; a client gets it back."""
    with Mesh() as mesh:
        odl, opnfv = mesh.node("odl/ci-1").follow("tst/"), mesh.node("opnfv/ci-1").follow("tst/", "odl/")
        mesh.befriend()
        me = client.Peer("tst/py-1", wire.sign_public(SEED), wire.curve_public(SECRET),
                         f"tcp://127.0.0.1:{free_port()}", f"tcp://127.0.0.1:{free_port()}")
        for node in mesh.nodes:
            put_roster(node, me)
            put_roster(node, DESK)
        feed = client.Feed(me.node, SEED)
        feed.begin()
        publisher = client.Publisher(feed, SECRET, me.events, me.sync,
                                     [p.curve for p in roster_of(odl)])
        sender, new = Sender(publisher), Next(row.random)
        odl.start()
        sender.until("odl's subscription", lambda: b"tst/" in publisher.subscriptions)
        sender.until("the peer up", lambda: odl.peer(me.node)["up"])
        while len(sender.said) < count:
            sender.publish([new.event() for _ in range(row.random.randrange(1, 40))])
            if row.random.random() < 0.1:  # a header of another version; nothing of it counts
                header = wire.pack([2, *wire.msgpack.unpackb(feed.newest.header_bytes)[1:]])
                bad = wire.pack([header, wire.sign(SEED, header), [[0, 1]], [new.event()], b""])
                publisher.xpub.send_multipart([b"tst/ArtifactCreated/master/", bad])
            publisher.step()
        sender.until("all at odl", lambda: len(stored(odl)) == len(sender.said), 60)
        same(row, odl, sender.said)
        publisher.close()
        opnfv.start()
        wait("all at opnfv, from odl", lambda: len(stored(opnfv)) == len(sender.said), 60)
        same(row, opnfv, sender.said)
        shown(row, opnfv, sender.said, lambda lines: row.random.sample(lines, 10))
        reader = client.Follower(roster_of(opnfv)[0], READER, ["tst/"], author=me)
        unknown_asks(row, reader)
        reader.catch_up()
        if reader.events != sender.said:
            row.violation("P2", "what opnfv passes on is not what was signed")
        reader.close()
        return len(sender.said)


# ---- the previous program --------------------------------------------------

def previous():
    """The program of the commit that tests/rig/previous names, built once."""
    commit = pathlib.Path(TOP, "tests", "rig", "previous").read_text().strip()
    place = os.path.join(TOP, "build", "previous", commit[:12])
    binary = os.path.join(place, "build", "node", "cimesh")
    if os.path.exists(binary):
        return commit, binary
    os.makedirs(os.path.join(place, "source"), exist_ok=True)
    archive = subprocess.run(["git", "-C", TOP, "archive", commit], capture_output=True)
    if archive.returncode:
        raise AssertionError(f"the previous program is not in this history: commit {commit} of tests/rig/previous;"
                             " a clone with its whole history has it")
    subprocess.run(["tar", "-x", "-C", os.path.join(place, "source")], input=archive.stdout, check=True)
    subprocess.run(["cmake", "-G", "Ninja", "-S", os.path.join(place, "source"), "-B", os.path.join(place, "build"),
                    "-DCMAKE_BUILD_TYPE=RelWithDebInfo", "-DCIM_TESTS=OFF"], check=True, stdout=subprocess.DEVNULL)
    subprocess.run(["cmake", "--build", os.path.join(place, "build"), "--target", "cimesh"], check=True,
                   stdout=subprocess.DEVNULL)
    return commit, binary


def beside_previous(row, count):
    """Two nodes of each program follow each other and publish while random
    ones are killed; then the old ones go on as new ones."""
    commit, binary = previous()
    row.say(f"the previous program is {binary}")
    with Mesh() as mesh:
        nodes = [mesh.node(f"{c}/ci-1") for c in ("odl", "onap", "opnfv", "oran")]
        for node in nodes:
            node.follow(*[n.community + "/" for n in nodes if n is not node])
        old = nodes[:2]
        for node in old:
            node.bin = binary
        mesh.befriend()
        mesh.start()
        ledgers = [Ledger(row, n, rate=100, batch=2, count=count // 5).start() for n in nodes]
        kills = 0
        while not all(l.done() for l in ledgers):
            time.sleep(row.random.uniform(0.2, 2))
            node = row.random.choice(nodes)
            node.kill()
            kills += 1
            time.sleep(row.random.choice([0, 0, 0.5, 3]))
            node.start(wait_ready=False)
        for node in nodes:
            node.wait_up()
        row.say(f"{kills} kills; {sum(map(len, ledgers))} acknowledged")
        settle(row, mesh, 120)
        check(row, mesh, ledgers, [])
        for node in old:
            node.stop()
            node.bin = BIN
            node.start()
        later = [Ledger(row, n, rate=200, batch=4, count=count // 20).start() for n in nodes]
        for ledger in later:
            ledger.join(120)
        settle(row, mesh, 120)
        check(row, mesh, ledgers + later, [])
        for node in nodes:
            node.cli("fsck")
        row.figure("kills in a mixed mesh", kills)
        row.figure("previous", commit[:12])
        return sum(map(len, ledgers + later))

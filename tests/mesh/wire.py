# SPDX-License-Identifier: MPL-2.0
"""The wire protocol in Python, enough to be a peer, and a bad one.

Written from proto/WIRE.md alone; section numbers are its. Nothing here is
checked: it makes what it is told to make, right or wrong.
"""
import base64
import hashlib
import time
import uuid

import msgpack
import nacl.signing
import zmq


def b2(data):
    return hashlib.blake2b(data, digest_size=32).digest()


def pack(value):
    return msgpack.packb(value, use_bin_type=True)


def unb64(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


class Key:
    """The secrets of a node, out of its key file."""

    def __init__(self, path):
        lines = dict(l.split(" = ") for l in open(path).read().splitlines()[1:])
        self.sign = nacl.signing.SigningKey(unb64(lines["sign"]))
        self.curve = unb64(lines["curve"])

    @property
    def id(self):  # 2
        return b2(b"cimesh key v1\0" + bytes(self.sign.verify_key))[:8]

    def signature(self, header):
        return self.sign.sign(b"cimesh batch v1\0" + header).signature


def curve_public(secret):
    return nacl.public.PrivateKey(secret).public_key.encode()


def event(topic="odl/ArtifactCreated/master/", **more):  # 5
    fields = {"v": 1, "eventId": str(uuid.uuid4()), "eventType": topic.split("/")[1],
              "eventTime": int(time.time() * 1000), "topic": topic,
              "buildUrl": "https://ci.example.org/1",
              "artifactUrl": "https://nexus.example.org/1.zip",
              "projectBranch": topic.split("/")[2],
              "confidenceLevel": {"AUTORELEASE": "SUCCESS"}}
    fields.update(more)
    return pack({k: v for k, v in fields.items() if v is not None})


def root(leaves):  # 6
    if len(leaves) == 1:
        return leaves[0]
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    return b2(b"\1" + root(leaves[:k]) + root(leaves[k:]))


class Author:
    """Seals batches of one log, one after the other."""

    def __init__(self, node, key, epoch=None):
        self.node, self.key = node, key
        self.epoch = epoch or int(time.time() * 1000)
        self.next, self.prev, self.time = 1, bytes(32), self.epoch
        self.batches = []  # (header, signature, events)

    def seal(self, events, **wrong):
        """A batch; wrong: header fields to falsify. (header, signature)"""
        self.time = max(self.time, int(time.time() * 1000))
        h = {"version": 1, "node": self.node, "key": self.key.id, "epoch": self.epoch,
             "first": self.next, "count": len(events),
             "root": root([b2(b"\0" + e) for e in events]), "prev": self.prev,
             "time": self.time}
        h.update(wrong)
        header = pack(list(h.values()))
        signature = self.key.signature(header)
        if not wrong:
            self.next += len(events)
            self.prev = b2(header)
            self.batches.append((header, signature, list(events)))
        return header, signature

    def slice(self, events, **wrong):  # 7: all of a batch
        header, signature = self.seal(events, **wrong)
        return pack([header, signature, [[0, len(events)]], list(events), b""])


class EvilNode:
    """Stands in for a node: its keys, its endpoints, its own idea of manners."""

    def __init__(self, node):
        self.name, self.sync = node.name, node.sync
        self.key = Key(node.dir + "/keys/node.key")
        self.ctx = zmq.Context()
        self.pub = self._bind(zmq.XPUB, node.events)
        self.pub.setsockopt(zmq.XPUB_VERBOSE, 1)
        self.router = self._bind(zmq.ROUTER, node.sync)
        self.author = Author(node.name, self.key)

    def _curve(self, sock):
        sock.curve_secretkey = base64_z85(self.key.curve)
        sock.curve_publickey = base64_z85(curve_public(self.key.curve))
        sock.linger = 0

    def _bind(self, kind, endpoint):
        sock = self.ctx.socket(kind)
        sock.curve_server = True
        self._curve(sock)
        sock.bind(endpoint)
        return sock

    def dial(self, kind, node):
        """A socket to a node, with this one's key."""
        sock = self.ctx.socket(kind)
        self._curve(sock)
        key = Key(node.dir + "/keys/node.key")
        sock.curve_serverkey = base64_z85(curve_public(key.curve))
        sock.connect(node.events if kind in (zmq.SUB, zmq.XSUB) else node.sync)
        return sock

    def wait_subscribed(self, prefix, seconds=10):
        """Until somebody subscribed to this."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if self.pub.poll(50) and self.pub.recv() == b"\1" + prefix.encode():
                return
        raise AssertionError(f"nobody subscribed to {prefix}")

    def send(self, topic, payload):
        self.pub.send_multipart([topic.encode(), payload])

    def beacon(self):
        """An honest one: nothing keeps a link up like it."""
        last = self.author.batches[-1:]
        self.send(f"!head/{self.name}/", pack(list(last[0][:2])) if last else b"")

    def cut_sync(self):
        """Drops every connection to the ROUTER: who comes back asks for heads."""
        self.router.unbind(self.sync)
        while self.router.poll(100):
            self.router.recv_multipart()
        while True:
            try:
                return self.router.bind(self.sync)
            except zmq.ZMQError:
                time.sleep(0.01)

    def asks(self, ms=0):
        """Asks that wait at the ROUTER: [(routing id, ask)]."""
        got = []
        while self.router.poll(ms if not got else 0):
            rid, frame = self.router.recv_multipart()[:2]
            got.append((rid, msgpack.unpackb(frame)))
        return got

    def close(self):
        self.ctx.destroy(linger=0)


def base64_z85(key):
    import zmq.utils.z85 as z85
    return z85.encode(key)

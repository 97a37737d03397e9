# SPDX-License-Identifier: MPL-2.0
"""Those who mean harm: strangers with a key of their own, and what they send."""
import hashlib
import resource
import socket
import threading
import time

import nacl.public
import zmq

from mesh import wait
from wire import EvilNode, Key, b2, base64_z85, curve_public, event, pack


class Stranger:
    """A CURVE client in no roster: a SUB and a DEALER to one node."""

    def __init__(self, node, secret=None):
        self.secret = secret or nacl.public.PrivateKey.generate().encode()
        self.ctx = zmq.Context()
        server = curve_public(Key(node.dir + "/keys/node.key").curve)
        self.sub = self._dial(zmq.SUB, node.events, server)
        self.dealer = self._dial(zmq.DEALER, node.sync, server)

    def _dial(self, kind, endpoint, server):
        sock = self.ctx.socket(kind)
        sock.linger = 0
        sock.sndhwm = 0 if kind == zmq.SUB else 1000
        sock.rcvhwm = 1 if kind == zmq.DEALER else 1000
        sock.curve_secretkey = base64_z85(self.secret)
        sock.curve_publickey = base64_z85(curve_public(self.secret))
        sock.curve_serverkey = base64_z85(server)
        sock.connect(endpoint)
        return sock

    def ask(self, node, epoch, after, upto):
        """A fetch of everything; lost when it cannot be sent."""
        try:
            self.dealer.send(pack([1, "fetch", 1, node.name, epoch, after, upto, [""], 0, b""]), zmq.DONTWAIT)
        except zmq.Again:
            pass

    def close(self):
        self.ctx.destroy(linger=0)


def more_descriptors():
    """As many as this process may have; how many that is."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard


def secret_of(node):
    """A node's CURVE secret: with it one connects as that member."""
    return Key(node.dir + "/keys/node.key").curve


def public_of(node):
    return curve_public(secret_of(node))


class Publisher(threading.Thread):
    """Plays a node that publishes n events in batches of one, at once; then
    answers what it is asked, as an honest one would. So many pages first are
    larger than an answer may be."""

    PAGE = 2_000

    def __init__(self, node, n, topic="evil/Ping/t/"):
        super().__init__(daemon=True)
        self.evil, self.topic, self.n = EvilNode(node), topic, n
        self.slices, self.shouts = [], []
        self.stopping, self.seconds, self.subscribed = threading.Event(), 0, 0
        self.huge_pages = self.huge_sent = 0
        self.more(n)

    def more(self, n):
        """As many events more, found by whoever asks."""
        for _ in range(n):
            e = event(self.topic, artifactUrl=None, projectBranch=None, confidenceLevel=None)
            self.slices.append(self.evil.author.slice([e]))

    def run(self):
        self.evil.wait_subscribed("", 30)
        begin = time.monotonic()
        for i, s in enumerate(self.slices):
            self.evil.send(self.topic, s)
            if i % 1000 == 0:
                self.serve(0)
        self.evil.beacon()
        self.seconds = time.monotonic() - begin
        while not self.stopping.is_set():
            self.serve(100)
            while self.evil.pub.poll(0):
                self.subscribed += self.evil.pub.recv()[:1] == b"\1"
                begin = 0
            while self.shouts:
                self.evil.send(self.topic, self.shouts.pop())
            if time.monotonic() - begin > 4:
                begin = time.monotonic()
                self.evil.beacon()

    def flooded(self):
        return self.seconds

    def shout(self, payload):
        """This goes out as one live message."""
        self.shouts.append(payload)

    def serve(self, ms):
        for rid, ask in self.evil.asks(ms):
            answer = pack(self.answer(ask))
            if ask[1] == "fetch" and self.huge_sent < self.huge_pages:
                self.huge_sent += 1
                answer += b"x" * 2_000_000
            self.evil.router.send_multipart([rid, answer])

    def answer(self, ask):
        kind, number = ask[1], ask[2]
        batches = self.evil.author.batches
        if kind == "heads":
            if self.evil.name not in ask[3] or not batches:
                return [1, "heads", number, b"\0" * 16, False, []]
            header, signature = batches[-1][:2]
            held = len(batches)
            digest = hashlib.blake2b(b2(header) + held.to_bytes(8, "big"), digest_size=16).digest()
            same = digest == ask[4]
            return [1, "heads", number, digest, False, [] if same else [[header, signature, held]]]
        after, upto = ask[5], min(ask[6], len(batches), ask[5] + self.PAGE)
        if ask[4] != self.evil.author.epoch:
            return [1, "fetch", number, after, 0, [], []]
        return [1, "fetch", number, upto, len(batches), [], self.slices[after:upto]]

    def close(self):
        self.stopping.set()
        self.join()
        self.evil.close()


class Liar(EvilNode):
    """A member that sends one follower what it likes, and looks at the counters
    there. It answers every ask with nothing."""

    def __init__(self, follower, node, listen=True):
        super().__init__(node)
        self.follower, self.topics = follower, 0
        if listen:
            self.wait_subscribed("", 30)
            self.beacon()
            wait("it is up", lambda: follower.peer(self.name)["up"])

    def total(self):
        """All refusals the follower ever counted."""
        return sum(self.follower.status()["refused"].values())

    def deliver(self, topic, frames):
        """Sends these and waits until they were read: a frame that must be
        refused goes last, since only refusals are counted."""
        before = self.follower.refused("topic")
        for frame in frames:
            self.send(topic, frame)
        self.send("!head/nobody/", b"")
        wait("all was read", lambda: self.idle() or self.follower.refused("topic") > before, 60)

    def refused(self, topic, frames):
        """How many of these it refused."""
        before = self.total()
        self.deliver(topic, frames)
        return self.total() - before - 1  # the last frame of deliver

    def idle(self):
        """Answers what is asked."""
        for rid, ask in self.asks():
            self.router.send_multipart([rid, self.answers(ask)])

    @staticmethod
    def answers(ask):
        """Nothing, in the right form; a row may put something else here."""
        if ask[1] == "heads":
            return pack([1, "heads", ask[2], b"\0" * 16, False, []])
        return pack([1, "fetch", ask[2], ask[5], ask[5], [], []])


def hang_on(node, n):
    """Silent TCP connections to both ports of a node; close them."""
    socks = []
    for i in range(n):
        s = socket.socket()
        s.setblocking(False)
        try:
            s.connect(("127.0.0.1", int((node.events if i % 2 else node.sync).rsplit(":", 1)[1])))
        except BlockingIOError:
            pass
        except OSError:
            s.close()
            break
        socks.append(s)
    return socks

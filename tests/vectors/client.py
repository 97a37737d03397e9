#!/usr/bin/python3
# SPDX-License-Identifier: MPL-2.0
"""A cimesh client that is not cimesh: follows a node, and is one to follow.

Written from proto/WIRE.md alone; "section N" below is a section of that page.
One thread, no clock but the beacon's: whoever uses it calls serve() or step()
again and again.

    client.py NODE-ROSTER.zpl NODE KEYFILE [PREFIX...]

prints what the node says; the node has to admit the key in KEYFILE (as
`cimesh init` writes it).
"""
import collections
import dataclasses
import json
import pathlib
import sys
import time
import uuid

import zmq

import cimesh_wire as wire
from cimesh_wire import Refused

# Section 9: frames above these cut the connection.
FRAME_SUB, FRAME_DEALER = 69632, 1052672
FRAME_ROUTER, FRAME_XPUB = 16384, 1024
BEACON_S = 5
ANSWER_S = 20
FETCHED = 1000000  # bytes of slices in an answer; the rest is for its frame
PROOF = 2048  # more than the rest of a slice of one run has


@dataclasses.dataclass(frozen=True)
class Peer:
    """A node as its roster file describes it; without endpoints: a reader."""
    node: str
    sign: bytes
    curve: bytes
    events: str = ""
    sync: str = ""

    def roster(self):
        """A roster file with this node alone."""
        community, name = self.node.split("/")
        text = (f'roster = 1\ncommunity\n    name = "{community}"\n'
                f'    serial = "1"\nnodes\n    {name}\n')
        for key, value in (("events", self.events), ("sync", self.sync),
                           ("sign", wire.key_text(self.sign)),
                           ("curve", wire.key_text(self.curve))):
            text += f'        {key} = "{value}"\n' if value else ""
        return text + "end = 1\n"


def read_roster(text):
    """The Peers of a roster file."""
    community, node, nodes = "", "", {}
    for line in text.splitlines():
        level = (len(line) - len(line.lstrip())) // 4
        key, _, value = (part.strip(' "') for part in line.partition("="))
        if level == 1 and not value:
            node = key
        elif level == 1 and key == "name":
            community = value
        elif level == 2 and value:
            nodes.setdefault(node, {})[key] = value
    return [Peer(f"{community}/{node}", wire.key_from_text(n["sign"]),
                 wire.key_from_text(n["curve"]), n.get("events", ""),
                 n.get("sync", "")) for node, n in nodes.items()]


def _socket(context, kind, secret, limit):
    s = context.socket(kind)
    s.linger = 0
    s.maxmsgsize = limit
    s.curve_publickey = wire.curve_public(secret)
    s.curve_secretkey = secret
    return s


# ---- following -------------------------------------------------------------

class Follower:
    """Holds what one node said under some prefixes.

    peer is asked and listened to; author is the peer whose events they are,
    the same one unless it is said.
    """

    def __init__(self, peer, secret, prefixes=("",), author=None):
        self.peer, self.author = peer, author or peer
        self.prefixes = list(prefixes)
        self.events = {}  # (epoch, seq): the event's bytes
        self.refused = {}  # (epoch, seq): why
        self.unproven = collections.Counter()
        self.live = 0  # events that came first by the live socket
        self.beacon = None  # the newest head, b"" of a node that has none
        self.cursors = {}  # epoch: covered
        self.gaps = []  # (epoch, first, n)
        self.digest = b""
        self.rid = time.time_ns() // 1000
        self.context = zmq.Context()
        self.sub = _socket(self.context, zmq.SUB, secret, FRAME_SUB)
        self.dealer = _socket(self.context, zmq.DEALER, secret, FRAME_DEALER)
        for prefix in self.prefixes:
            # The empty prefix would bring the beacons twice: once is enough.
            self.sub.subscribe(prefix.encode())
        if "" not in self.prefixes:
            self.sub.subscribe(wire.head_topic(peer.node))
        for s, endpoint in ((self.sub, peer.events), (self.dealer, peer.sync)):
            s.curve_serverkey = peer.curve
            s.reconnect_ivl = 50
            s.connect(endpoint)

    def close(self):
        self.context.destroy(linger=0)

    # ---- live: section 10 ----

    def step(self, seconds=0.0):
        """Takes what is there on the live socket, waiting so long for it."""
        while self.sub.poll(int(seconds * 1000)):
            self.take(self.sub.recv_multipart())
            seconds = 0.0

    def take(self, frames):
        """One message of the live socket."""
        peer = self.peer
        try:
            if frames[0] == wire.head_topic(peer.node):
                wire.need(len(frames) == 2, "two frames")
                self.beacon = wire.check_beacon(frames[1], peer.sign) or b""
            elif not frames[0].startswith(b"!"):
                s = wire.check_live(frames, peer.node, peer.sign)
                self.live += self.learn(s)
        except Refused as refused:
            self.unproven[refused.reason] += 1

    def learn(self, s):
        """Keeps the events of a proven slice; how many were new."""
        new = 0
        for seq, event in s.positions():
            at = (s.header.epoch, seq)
            if at in self.events or at in self.refused:
                continue
            try:
                topic = wire.check_event(event)["topic"]
                wire.speaks(topic, s.header.node)
            except Refused as refused:
                self.refused[at] = refused.reason
                continue
            if wire.matches(self.prefixes, topic):
                self.events[at] = event
                new += 1
        return new

    # ---- catch-up: section 11 ----

    def ask(self, data):
        """Sends bytes, returns the answer to its request id as a Message."""
        rid = wire.rid_of(data)
        self.dealer.send(data)
        end = time.monotonic() + ANSWER_S
        while (left := end - time.monotonic()) > 0:
            if self.dealer.poll(int(left * 1000) + 1):
                frames = self.dealer.recv_multipart()
                wire.need(len(frames) == 1, "one frame an answer")
                answer = wire.read_answer(frames[0])
                if answer.rid == rid:
                    return answer
        raise TimeoutError(f"{self.peer.node} does not answer")

    def _next(self):
        self.rid += 1
        return self.rid

    def _asked(self, kind, data):
        answer = self.ask(data)
        wire.need(answer.kind == kind, f"{answer.kind} {answer.values}")
        return answer.values

    def heads(self):
        """[(Header, held)] of every log; None if it is the list we had."""
        entries, after = [], ("", 0)
        while True:
            page = self._asked("heads", wire.heads_ask(
                self._next(), [self.author.node], self.digest, after))
            if after == ("", 0):
                digest = page["digest"]
                if digest == self.digest:
                    wire.need(not page["entries"] and not page["more"],
                              "entries of a list that did not change")
                    return None
            wire.need(page["digest"] == digest, "the list changed")
            entries += page["entries"]
            if not page["more"]:
                break
            last = wire.read_header(entries[-1][0])
            after = (last.node, last.epoch)
        wire.need(wire.heads_digest(entries) == digest, "another digest")
        heads = []
        for header, signature, held in entries:
            h = wire.read_header(header)
            wire.need(h.node == self.author.node, "nobody asked for it")
            wire.need(h.key_id == wire.key_id(self.author.sign), h.node,
                      "unknown-key")
            wire.verify(self.author.sign, header, signature)
            heads.append((h, held))
        self.digest = digest
        return heads

    def fetch(self, epoch, after, upto, prefixes=None, held=()):
        """(values of the answer, its Slices), all checked but not kept."""
        prefixes = self.prefixes if prefixes is None else prefixes
        values = self._asked("fetch", wire.fetch_ask(
            self._next(), self.author.node, epoch, after, upto, prefixes,
            held))
        wire.need(after <= values["covered"] <= upto, "covered")
        slices = [wire.check_slice(s, self.author.sign)
                  for s in values["slices"]]
        seq = after
        for s in slices:
            wire.need((s.header.node, s.header.epoch) ==
                      (self.author.node, epoch), "another log")
            for position, event in s.positions():
                wire.need(seq < position <= upto, "order of positions")
                seq = position
                topic = wire.unpack(event).get("topic")
                wire.need(not isinstance(topic, str) or
                          wire.matches(prefixes, topic), "another topic")
        return values, slices

    def find(self, event_id, community=None):
        """Events of this name, as the peer proves them, section 11.3."""
        community = community or self.author.node.split("/")[0]
        values = self._asked("find", wire.find_ask(self._next(), community, event_id))
        found = []
        for s in values["slices"]:
            s = wire.check_slice(s, self.author.sign)
            events = [event for _, event in s.positions()]
            wire.need(len(events) == 1, "one event a slice", "unasked")
            event = wire.check_event(events[0])
            wire.need(event["eventId"] == event_id, "another event", "unasked")
            wire.speaks(event["topic"], s.header.node)
            wire.need(event["topic"].startswith(community + "/"),
                      "another community", "unasked")
            found.append(event)
        return found

    def held(self, epoch, after, upto):
        """Our positions in (after, upto], ascending."""
        return sorted(seq for e, seq in [*self.events, *self.refused]
                      if e == epoch and after < seq <= upto)

    def catch_up(self):
        """Fetches what is missing of every log; how many events were new."""
        new = 0
        for head, _ in self.heads() or []:
            after = self.cursors.get(head.epoch, 0)
            while after < head.last:
                upto = min(after + wire.MAX_POSITIONS, wire.BELOW - 1)
                values, slices = self.fetch(
                    head.epoch, after, upto,
                    held=self.held(head.epoch, after, upto))
                new += sum(map(self.learn, slices))
                self.gaps += [(head.epoch, *m) for m in values["missing"]]
                wire.need(values["covered"] > after or slices, "no progress")
                after = values["covered"]
                self.cursors[head.epoch] = after
        return new


# ---- publishing ------------------------------------------------------------

@dataclasses.dataclass(frozen=True)
class Batch:
    """A sealed batch with all of its events."""
    header: wire.Header
    header_bytes: bytes
    signature: bytes
    events: list

    def cut(self, indices):
        """A slice of these, section 7."""
        return wire.make_slice(self.header_bytes, self.signature, self.events,
                               indices)


class Feed:
    """What a node said: its logs, and the rules of section 8."""

    def __init__(self, node, seed):
        self.node, self.seed = node, seed
        self.logs = {}  # epoch: [Batch]
        self.epoch = 0
        self.newest = None

    def begin(self):
        """A new epoch, as at every start of a node."""
        self.epoch = max(time.time_ns() // 1000000, self.epoch + 1)

    def seal(self, events):
        """The Batch of these events, next in the log."""
        log = self.logs.setdefault(self.epoch, [])
        now = time.time_ns() // 1000000
        header = wire.Header(
            self.node, wire.key_id(wire.sign_public(self.seed)), self.epoch,
            log[-1].header.last + 1 if log else 1, len(events),
            wire.tree_root([wire.leaf(e) for e in events]),
            wire.hash32(self.newest.header_bytes) if self.newest
            else wire.NO_PREV,
            max(now, self.newest.header.time if self.newest else 0))
        data = header.pack()
        self.newest = Batch(header, data, wire.sign(self.seed, data), events)
        log.append(self.newest)
        return self.newest

    def last(self, epoch):
        """The last position of a log, 0 of one that is not there."""
        return self.logs[epoch][-1].header.last if epoch in self.logs else 0

    def selected(self, epoch, after, upto, prefixes):
        """[(Batch, indices)] of a log that an ask is about, section 11.2."""
        out = []
        for batch in self.logs.get(epoch, []):
            indices = [i for i, event in enumerate(batch.events)
                       if after < batch.header.first + i <= upto and
                       wire.matches(prefixes, wire.unpack(event)["topic"])]
            if indices:
                out.append((batch, indices))
        return out

    # ---- answers: section 11 ----

    def heads(self, nodes):
        """[(header, signature, held)] of the nodes asked for."""
        if self.node not in nodes:
            return []
        return [(log[-1].header_bytes, log[-1].signature,
                 log[-1].header.last) for _, log in sorted(self.logs.items())]

    def answer(self, data):
        """The answer to the bytes of an ask."""
        try:
            ask = wire.read_ask(data)
        except Refused as refused:
            return wire.refused_answer(wire.rid_of(data), refused.reason)
        if ask.kind == "heads":
            return self._answer_heads(ask.rid, **ask.values)
        if ask.kind == "find":
            return self._answer_find(ask.rid, **ask.values)
        return self._answer_fetch(ask.rid, **ask.values)

    def _answer_find(self, rid, community, event_id):
        """The event of this name, each as a slice of its own."""
        if community != self.node.split("/")[0]:
            return wire.find_answer(rid, [])
        text = str(uuid.UUID(bytes=event_id))
        return wire.find_answer(rid, [
            batch.cut([i]) for batches in self.logs.values()
            for batch in batches for i, event in enumerate(batch.events)
            if wire.unpack(event).get("eventId") == text][:wire.MAX_FOUND])

    def _answer_heads(self, rid, nodes, digest, after):
        entries = self.heads(nodes)
        now = wire.heads_digest(entries)
        if now == digest and after == ["", 0]:
            return wire.heads_answer(rid, now, False, [])
        left = [e for e in entries if self._order(e[0]) > tuple(after)]
        page = left[:2000]
        return wire.heads_answer(rid, now, len(page) < len(left), page)

    @staticmethod
    def _order(header):
        h = wire.read_header(header)
        return h.node, h.epoch

    def _answer_fetch(self, rid, node, epoch, after, upto, prefixes, n,
                      digest):
        if node != self.node:
            return wire.fetch_answer(rid, after, 0, [], [])
        last = self.last(epoch)
        covered = max(after, min(upto, last))
        selected = self.selected(epoch, after, covered, prefixes)
        own = [b.header.first + i for b, indices in selected for i in indices]
        if n == len(own) and (digest or wire.digest16(b"")) == \
                wire.positions_digest(own):
            return wire.fetch_answer(rid, covered, last, [], [])
        slices, room = [], FETCHED
        for batch, indices in selected:
            took = len(indices)
            while took and len(batch.cut(indices[:took])) > room:
                took = took // 2
            if took:
                slices.append(batch.cut(indices[:took]))
                room -= len(slices[-1]) + 5
            if took < len(indices):
                covered = batch.header.first + indices[took] - 1
                break
        return wire.fetch_answer(rid, covered, last, [], slices)


class Publisher:
    """A Feed on the two sockets of section 9, for the keys it admits."""

    def __init__(self, feed, secret, events, sync, admitted):
        self.feed, self.admitted = feed, set(admitted)
        self.strangers = 0
        self.subscriptions = set()
        self.asked = collections.Counter()  # asks by kind
        self.slices_sent = 0  # in answers
        self.beacon_at = 0
        self.context = zmq.Context()
        self.zap = self.context.socket(zmq.REP)
        self.zap.bind("inproc://zeromq.zap.01")
        self.xpub = _socket(self.context, zmq.XPUB, secret, FRAME_XPUB)
        self.router = _socket(self.context, zmq.ROUTER, secret, FRAME_ROUTER)
        for s, endpoint in ((self.xpub, events), (self.router, sync)):
            s.curve_server = True
            s.zap_domain = b"cimesh"
            s.bind(endpoint)
        self.poller = zmq.Poller()
        for s in (self.zap, self.xpub, self.router):
            self.poller.register(s, zmq.POLLIN)

    def close(self):
        self.context.destroy(linger=0)

    def answer_asks(self, yes):
        """Whether asks are answered; else they wait on their socket."""
        if yes:
            self.poller.register(self.router, zmq.POLLIN)
        else:
            self.poller.unregister(self.router)

    def publish(self, events):
        """Seals these events (bytes) as one batch and sends it; the Batch."""
        batch = self.feed.seal(events)
        run, topic, size = [], None, 0
        for i, event in enumerate(events):
            last, topic = topic, wire.unpack(event)["topic"]
            size += len(event) + 5
            if run and (topic != last or size > wire.MAX_LIVE - PROOF):
                self._live(last, batch.cut(run))
                run, size = [], len(event) + 5
            run.append(i)
        self._live(topic, batch.cut(run))
        self.beacon()
        return batch

    def _live(self, topic, cut):
        self.xpub.send_multipart([topic.encode(), cut])

    def beacon(self):
        """Sends the newest header, section 10."""
        new = self.feed.newest
        frame = wire.make_beacon(new.header_bytes, new.signature) if new \
            else wire.make_beacon()
        self.xpub.send_multipart([wire.head_topic(self.feed.node), frame])
        self.beacon_at = time.monotonic() + BEACON_S

    def step(self, seconds=0.0):
        """Does what is to be done, waiting so long for something."""
        if time.monotonic() >= self.beacon_at:
            self.beacon()
        while ready := dict(self.poller.poll(int(seconds * 1000))):
            seconds = 0.0
            if self.zap in ready:
                self._admit(self.zap.recv_multipart())
            if self.xpub in ready:
                self._subscribed(self.xpub.recv())
            if self.router in ready:
                self._answer(self.router.recv_multipart())

    def _admit(self, frames):
        """ZAP, ZeroMQ RFC 27: a key that is not admitted gets 300."""
        version, request, _, _, _, mechanism, *key = frames
        good = mechanism == b"CURVE" and key and key[0] in self.admitted
        self.strangers += not good
        self.zap.send_multipart([version, request, b"200" if good else b"300",
                                 b"", b"", b""])

    def _subscribed(self, frame):
        if frame[:1] == b"\1":
            self.subscriptions.add(frame[1:])
            if frame[1:] == wire.head_topic(self.feed.node):
                self.beacon()
        elif frame[:1] == b"\0":
            self.subscriptions.discard(frame[1:])

    def _answer(self, frames):
        if len(frames) != 2:
            return
        data = self.feed.answer(frames[1])
        answer = wire.read_answer(data)
        self.asked[answer.kind] += 1
        self.slices_sent += len(answer.values.get("slices", []))
        self.router.send_multipart([frames[0], data])


def main():
    if len(sys.argv) < 4:
        print(__doc__, file=sys.stderr)
        return 64
    roster, node, keys, *prefixes = sys.argv[1:]
    peer = next(p for p in read_roster(pathlib.Path(roster).read_text())
                if p.node == node)
    lines = pathlib.Path(keys).read_text().splitlines()
    secret = next(wire.key_from_text(line[8:]) for line in lines
                  if line.startswith("curve = "))
    follower = Follower(peer, secret, [wire.prefix_of(p) for p in prefixes]
                        or [""])
    shown = set()
    while True:
        follower.catch_up()
        for at in sorted(follower.events.keys() - shown):
            shown.add(at)
            print(*at, json.dumps(wire.unpack(follower.events[at])),
                  flush=True)
        follower.step(BEACON_S)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(0)

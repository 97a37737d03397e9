# SPDX-License-Identifier: MPL-2.0
"""The cimesh wire protocol, version 1, in Python.

Written from proto/WIRE.md alone; "section N" below is a section of that page.
Bytes in, bytes out: no sockets here, those are in client.py. Whatever the
protocol refuses raises Refused with a reason of section 12.
"""
import base64
import dataclasses
import hashlib
import re

import msgpack
import nacl.bindings
import nacl.exceptions
import nacl.signing

# Section 13.
MAX_TOPIC = 200
MAX_EVENT = 65536
MAX_EVENT_DEPTH = 6
MAX_EVENT_VALUES = 4096
MAX_HEADER = 256
MAX_BATCH_EVENTS = 1024
MAX_BATCH_BYTES = 983040
MAX_SLICE = 1048576
MAX_LIVE = 65536
MAX_ASK = 16384
MAX_ANSWER = 1048576
MAX_POSITIONS = 16384
MAX_PREFIXES = 32
MAX_FOUND = 8
MAX_NODES = 512
MAX_DEPTH = 8
BELOW = 1 << 53

# Section 12.
REASONS = ("short", "trailing", "too-big", "depth", "form", "version", "root",
           "signature", "unknown-key", "retired-key", "community", "topic",
           "event", "field", "conflict", "unasked", "quota")


class Refused(Exception):
    """Not what the protocol prescribes; reason is a word of section 12."""

    def __init__(self, reason, why=""):
        assert reason in REASONS
        super().__init__(f"{reason}: {why}" if why else reason)
        self.reason = reason


def need(truth, why, reason="form"):
    """Refuses unless truth holds."""
    if not truth:
        raise Refused(reason, why)


# ---- keys, hashes, signatures: section 2 -----------------------------------

def hash32(data):
    """hash(x) of section 2."""
    return hashlib.blake2b(data, digest_size=32).digest()


def digest16(data):
    """digest(x) of section 2."""
    return hashlib.blake2b(data, digest_size=16).digest()


def leaf(event):
    """leaf(e) of section 2."""
    return hash32(b"\x00" + event)


def inner(left, right):
    """inner(l,r) of section 2."""
    return hash32(b"\x01" + left + right)


def key_id(public):
    """The key id of a signing key, section 2."""
    return hash32(b"cimesh key v1\x00" + public)[:8]


def key_text(public):
    """A public key as text, section 2: unpadded base64url."""
    return base64.urlsafe_b64encode(public).decode().rstrip("=")


def key_from_text(text):
    """The public key of a text, section 2; ValueError if it is none."""
    if not re.fullmatch(r"[A-Za-z0-9_-]{43}", text):
        raise ValueError("not 43 characters of base64url")
    public = base64.urlsafe_b64decode(text + "=")
    if key_text(public) != text or not any(public):
        raise ValueError("not canonical, or all zero")
    return public


def sign_public(seed):
    """The Ed25519 public key of a 32-byte seed, section 2."""
    return bytes(nacl.signing.SigningKey(seed).verify_key)


def curve_public(secret):
    """The Curve25519 public key of a 32-byte secret key, section 2."""
    return nacl.bindings.crypto_scalarmult_base(secret)


def sign(seed, header):
    """The signature over the bytes of a header, section 2."""
    key = nacl.signing.SigningKey(seed)
    return key.sign(b"cimesh batch v1\x00" + header).signature


def verify(public, header, signature):
    """Refuses a signature that does not verify, section 2."""
    need(len(signature) == 64, "a signature has 64 bytes")
    try:
        nacl.signing.VerifyKey(public).verify(
            b"cimesh batch v1\x00" + header, signature)
    except nacl.exceptions.BadSignatureError:
        raise Refused("signature") from None


# ---- MessagePack: section 3 ------------------------------------------------

def pack(value):
    """A value in its shortest form, section 3."""
    return msgpack.packb(value, use_bin_type=True)


class _Reader:
    """Reads one value after the other and believes no declared length."""

    def __init__(self, data, depth, values):
        self.data, self.at = data, 0
        self.depth, self.values = depth, values

    def take(self, n):
        need(n <= len(self.data) - self.at, "cut off", "short")
        self.at += n
        return self.data[self.at - n:self.at]

    def number(self, size, above, signed=False):
        """A number in `size` bytes that would not fit in fewer."""
        n = int.from_bytes(self.take(size), "big", signed=signed)
        need(n < above if signed else n > above, "not the shortest form")
        return n

    def value(self, level=0):
        if self.values is not None:
            self.values -= 1
            need(self.values >= 0, "too many values", "too-big")
        b = self.take(1)[0]
        if b <= 0x7F:
            return b
        if b >= 0xE0:
            return b - 256
        if b <= 0x8F:
            return self.map(b & 15, level)
        if b <= 0x9F:
            return self.array(b & 15, level)
        if b <= 0xBF:
            return self.str(b & 31)
        if b == 0xC0:
            return None
        if b in (0xC2, 0xC3):
            return b == 0xC3
        if b in (0xC4, 0xC5, 0xC6):
            return self.take(self.number(*_LENGTHS[b - 0xC4]))
        if b in (0xCC, 0xCD, 0xCE, 0xCF):
            size = 1 << (b - 0xCC)
            n = self.number(size, (0x7F, 0xFF, 0xFFFF, 0xFFFFFFFF)[b - 0xCC])
            need(n < 1 << 63, "an integer above 2^63-1")
            return n
        if b in (0xD0, 0xD1, 0xD2, 0xD3):
            below = (-0x20, -0x80, -0x8000, -0x80000000)[b - 0xD0]
            return self.number(1 << (b - 0xD0), below, signed=True)
        if b in (0xD9, 0xDA, 0xDB):
            return self.str(self.number(*((1, 31), *_LENGTHS[1:])[b - 0xD9]))
        if b in (0xDC, 0xDD):
            return self.array(self.number(*_COUNTS[b - 0xDC]), level)
        if b in (0xDE, 0xDF):
            return self.map(self.number(*_COUNTS[b - 0xDE]), level)
        raise Refused("form", f"type 0x{b:02x}")

    def str(self, n):
        try:
            text = self.take(n).decode()
        except UnicodeDecodeError:
            raise Refused("form", "not UTF-8") from None
        need("\0" not in text, "U+0000")
        return text

    def open(self, bytes_, level):
        need(bytes_ <= len(self.data) - self.at, "cut off", "short")
        need(level < self.depth, "nested too deep", "depth")

    def array(self, n, level):
        self.open(n, level)
        return [self.value(level + 1) for _ in range(n)]

    def map(self, n, level):
        self.open(2 * n, level)
        out = {}
        for _ in range(n):
            key = self.value(level + 1)
            need(isinstance(key, str), "a map key that is not str")
            need(key not in out, "a map key twice")
            out[key] = self.value(level + 1)
        return out


# (bytes of the length, the largest length that fits in a shorter form)
_LENGTHS = ((1, -1), (2, 0xFF), (4, 0xFFFF))
_COUNTS = ((2, 15), (4, 0xFFFF))


def unpack(data, depth=MAX_DEPTH, values=None):
    """The one value in data, by the rules of section 3."""
    reader = _Reader(bytes(data), depth, values)
    value = reader.value()
    need(reader.at == len(data), "bytes left over", "trailing")
    return value


def _uint(x, least=0, below=BELOW):
    return isinstance(x, int) and not isinstance(x, bool) and \
        least <= x < below


def _bin(x, *sizes):
    return isinstance(x, bytes) and len(x) in sizes


def _array(x, length):
    return isinstance(x, list) and len(x) == length


# ---- names, topics, prefixes: section 4 ------------------------------------

_NAME = "[a-z0-9][a-z0-9-]{0,31}"
_PLAIN = "A-Za-z0-9._+-"
_PLAIN_BYTES = frozenset(
    b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._+-")


def is_community(text):
    """`community` of section 4."""
    return isinstance(text, str) and bool(re.fullmatch(_NAME, text))


def is_node(text):
    """`node` of section 4."""
    return isinstance(text, str) and \
        bool(re.fullmatch(f"{_NAME}/{_NAME}", text))


def _spelt(text):
    """The bytes of a whole number of plain and escape, or None."""
    if not re.fullmatch(f"([{_PLAIN}]|%[0-9A-F]{{2}})*", text):
        return None
    out = bytearray()
    for part in re.findall("%..|.", text):
        byte = int(part[1:], 16) if len(part) == 3 else ord(part)
        if len(part) == 3 and (byte == 0 or byte in _PLAIN_BYTES):
            return None
        out.append(byte)
    return bytes(out)


def _is_segment(text):
    spelt = _spelt(text)
    try:
        return bool(spelt) and text not in (".", "..") and \
            spelt.decode() is not None
    except UnicodeDecodeError:
        return False


def _starts_utf8(data):
    """Are there bytes that make this valid UTF-8?"""
    def valid(data):
        try:
            return data.decode() is not None
        except UnicodeDecodeError:
            return False

    return any(valid(data + second + b"\x80" * n) for n in range(3)
               for second in (b"", b"\x80", b"\x90", b"\xa0"))


def _starts_segment(text):
    """Is this, perhaps cut inside an escape, the start of some segment?"""
    def starts(text):
        spelt = _spelt(text)
        return spelt is not None and _starts_utf8(spelt)

    cut = re.search("%[0-9A-F]?$", text)
    if not cut:
        return starts(text)
    digits = 3 - len(cut[0])
    return any(starts(text + format(n, f"0{digits}X"))
               for n in range(16 ** digits))


def check_topic(text):
    """Refuses what is no topic of section 4; returns its segments."""
    need(isinstance(text, str), "not str", "topic")
    need(len(text.encode()) <= MAX_TOPIC, "too long", "topic")
    need(text.endswith("/"), "no / at the end", "topic")
    first, *rest = text[:-1].split("/")
    need(is_community(first), "no community", "topic")
    need(rest and all(map(_is_segment, rest)), "a bad segment", "topic")
    return [first, *rest]


def spell(text):
    """Any text as a segment with its `/`, section 4."""
    out = "".join(chr(b) if b in _PLAIN_BYTES else f"%{b:02X}"
                  for b in text.encode())
    need(_is_segment(out), "has no spelling", "topic")
    return out + "/"


def check_prefix(text, reason="topic"):
    """Refuses what is no prefix on the wire, section 4."""
    need(isinstance(text, str) and text.isascii(), "not ASCII", reason)
    need(len(text) <= MAX_TOPIC, "too long", reason)
    if text == "":
        return
    *whole, cut = text.split("/")
    need(is_community((whole or [cut])[0]), "no community", reason)
    need(all(map(_is_segment, whole[1:])), "a bad segment", reason)
    need(not whole or _starts_segment(cut), "no start of a segment", reason)


def prefix_of(typed):
    """The prefix that a person means, section 4."""
    if typed.endswith("*"):
        prefix = typed[:-1]
    else:
        prefix = typed if typed.endswith("/") else typed + "/"
    check_prefix(prefix)
    return prefix


def matches(prefixes, topic):
    """Does the topic start with one of the prefixes? Section 4."""
    return any(topic.startswith(p) for p in prefixes)


def speaks(topic, node):
    """Refuses a topic that is not of the node's community, section 5."""
    need(topic.split("/")[0] == node.split("/")[0], "another's name",
         "community")


# ---- event: section 5 ------------------------------------------------------

RESULTS = ("SUCCESS", "UNSTABLE", "FAILURE", "ABORTED", "NOT_BUILT", "QUEUED",
           "RUNNING", "INCONCLUSIVE", "WAIVED")
SEED_KEYS = ("EVENT_ID", "EVENT_TYPE", "EVENT_TIME", "TOPIC", "BUILD_URL",
             "ARTIFACT_URL", "ARTIFACT_NAME", "ARTIFACT_DIGEST",
             "PROJECT_BRANCH", "BASELINE_NAME", "BASELINE_URL", "CONSIST_OF",
             "LINKS", "EXT")
RELATIONS = ("cause", "subject", "element", "supersedes")


def _matches(pattern):
    return lambda x: isinstance(x, str) and bool(re.fullmatch(pattern, x))


_is_id = _matches("[0-9a-f]{8}-[0-9a-f]{4}-[1-8][0-9a-f]{3}-"
                  "[89ab][0-9a-f]{3}-[0-9a-f]{12}")
_is_type = _matches("[A-Za-z][A-Za-z0-9]{0,63}")
_is_level = _matches("[A-Za-z][A-Za-z0-9_.-]{0,63}")
_is_sha256 = _matches("sha256:[0-9a-f]{64}")
_has_scheme = _matches("[a-z][a-z0-9+.-]*:.+")
_CONTROLS = re.compile("[\0-\x1f\x7f-\x9f]")


def _is_text(x):
    return isinstance(x, str) and 1 <= len(x.encode()) <= 200 and \
        not _CONTROLS.search(x)


def _is_url(x):
    return _has_scheme(x) and len(x.encode()) <= 2048 and \
        " " not in x and not _CONTROLS.search(x)


def _is_levels(x):
    return isinstance(x, dict) and len(x) > 0 and all(
        _is_level(k) and k not in SEED_KEYS and v in RESULTS
        for k, v in x.items())


def _is_parts(x):
    return isinstance(x, list) and all(_is_text(m) and "," not in m for m in x)


def _is_link(x):
    return isinstance(x, dict) and x.keys() == {"rel", "of", "id"} and \
        x["rel"] in RELATIONS and is_community(x["of"]) and _is_id(x["id"])


def _is_links(x):
    return isinstance(x, list) and all(map(_is_link, x))


def _is_ext_value(x):
    if isinstance(x, dict):
        return all(map(_is_ext_value, x.values()))
    if isinstance(x, list):
        return all(map(_is_ext_value, x))
    if isinstance(x, int):
        return x > -1 << 63
    return isinstance(x, str)


def _is_ext(x):
    return isinstance(x, dict) and _is_ext_value(x)


_FIELDS = {
    "v": lambda x: _uint(x, 1, 2), "eventId": _is_id, "eventType": _is_type,
    "eventTime": _uint, "topic": lambda x: isinstance(x, str),
    "buildUrl": _is_url, "artifactUrl": _is_url, "projectBranch": _is_text,
    "artifactName": _is_text, "artifactDigest": _is_sha256,
    "confidenceLevel": _is_levels, "baselineName": _is_text,
    "baselineUrl": _is_url, "consistsOf": _is_parts, "links": _is_links,
    "ext": _is_ext}
_REQUIRED = ("v", "eventId", "eventType", "eventTime", "topic", "buildUrl")
# What a type requires: alternatives of fields.
_BY_TYPE = {
    "ArtifactCreated": [("artifactUrl", "projectBranch", "confidenceLevel")],
    "BaselineDefined": [("baselineName", "baselineUrl", "consistsOf")],
    "ConfidenceLevelModified": [
        ("confidenceLevel", "baselineName", "baselineUrl"),
        ("confidenceLevel", "artifactUrl")]}
# The field that the third segment spells: the first of these that is there.
_NAMED_BY = {
    "ArtifactCreated": ("projectBranch",),
    "BaselineDefined": ("baselineName",),
    "ConfidenceLevelModified": ("baselineName", "artifactName",
                                "projectBranch")}


def default_topic(community, event):
    """The topic that an event has by its type, section 5."""
    names = _NAMED_BY.get(event["eventType"], ())
    name = next((event[n] for n in names if n in event), "-")
    return f"{community}/{event['eventType']}/{spell(name)}"


def check_event(data, publish=False):
    """Refuses an event by section 5; returns it as a dict.

    publish: by the rules of a publisher, else by those of a follower.
    """
    need(len(data) <= MAX_EVENT, "event too large", "too-big")
    event = unpack(data, MAX_EVENT_DEPTH, MAX_EVENT_VALUES)
    need(isinstance(event, dict), "not a map")
    later = _uint(event.get("v"), 2, 1 << 63)
    need(not (publish and later), "v above 1", "version")
    fields = ("eventId", "eventType", "topic") if later else _REQUIRED
    for name in fields:
        need(name in event, f"no {name}", "event")
    for name in fields if later else event.keys() & _FIELDS.keys():
        need(_FIELDS[name](event[name]), name, "event")
    unknown = event.keys() - _FIELDS.keys()
    need(not (publish and unknown), f"unknown {sorted(unknown)}", "field")
    _check_type(event, later)
    return event


def _check_type(event, later):
    kind = event["eventType"]
    segments = check_topic(event["topic"])
    need(len(segments) >= 3, "less than three segments", "topic")
    need(segments[1] == kind, "second segment", "topic")
    if later or kind not in _BY_TYPE:
        return
    need(any(all(n in event for n in names) for names in _BY_TYPE[kind]),
         "lacks what its type requires", "event")
    need(event["topic"] == default_topic(segments[0], event),
         "third segment", "topic")


# ---- header, tree: section 6 -----------------------------------------------

NO_PREV = bytes(32)


@dataclasses.dataclass(frozen=True)
class Header:
    """The signed statement about a batch, section 6."""
    node: str
    key_id: bytes
    epoch: int
    first: int
    count: int
    root: bytes
    prev: bytes
    time: int

    @property
    def last(self):
        """The position of its last event."""
        return self.first + self.count - 1

    def pack(self):
        """Its bytes."""
        return pack([1, *dataclasses.astuple(self)])


def read_header(data):
    """The Header in these bytes, section 6."""
    need(len(data) <= MAX_HEADER, "header too large", "too-big")
    h = unpack(data)
    _check_version(h)
    need(len(h) == 9, "a header has 9 elements")
    header = Header(*h[1:])
    need(is_node(header.node), "node")
    need(_bin(header.key_id, 8), "key id")
    need(_uint(header.epoch), "epoch")
    need(_uint(header.first, 1), "first")
    need(_uint(header.count, 1, MAX_BATCH_EVENTS + 1), "count")
    need(header.last < BELOW, "last position")
    need(_bin(header.root, 32) and _bin(header.prev, 32), "root or prev")
    need(_uint(header.time), "time")
    return header


def _check_version(message):
    need(isinstance(message, list) and message, "not an array")
    need(_uint(message[0], 0, 1 << 63), "no version")
    need(message[0] == 1, "another version", "version")


def _split(n):
    """The largest power of two below n, section 6."""
    return 1 << ((n - 1).bit_length() - 1)


def tree_root(leaves):
    """root(0, n) over these leaves, section 6."""
    if len(leaves) == 1:
        return leaves[0]
    k = _split(len(leaves))
    return inner(tree_root(leaves[:k]), tree_root(leaves[k:]))


# ---- slice: section 7 ------------------------------------------------------

def runs_of(indices):
    """Ascending indices as runs, section 7."""
    runs = []
    for i in indices:
        if runs and i == sum(runs[-1]):
            runs[-1][1] += 1
        else:
            runs.append([i, 1])
    return runs


def _nodes(leaves, lo, n, selected):
    """The hashes that check() of section 7 asks for, left to right."""
    if not any(lo <= i < lo + n for i in selected):
        return tree_root(leaves[lo:lo + n])
    if n == 1:
        return b""
    k = _split(n)
    return _nodes(leaves, lo, k, selected) + \
        _nodes(leaves, lo + k, n - k, selected)


def make_slice(header, signature, events, indices):
    """A slice with the events of a batch at these indices, section 7."""
    leaves = [leaf(e) for e in events]
    return pack([header, signature, runs_of(indices),
                 [events[i] for i in indices],
                 _nodes(leaves, 0, len(leaves), indices)])


@dataclasses.dataclass(frozen=True)
class Slice:
    """What a slice holds, section 7."""
    header: Header
    header_bytes: bytes
    signature: bytes
    indices: list
    events: list
    nodes: bytes
    runs: int

    def positions(self):
        """[(position, event bytes)], ascending."""
        return [(self.header.first + i, e)
                for i, e in zip(self.indices, self.events)]

    def root(self):
        """The root that check() of section 7 gives."""
        events = iter(zip(self.indices, self.events))
        nodes = iter(self.nodes[i:i + 32]
                     for i in range(0, len(self.nodes), 32))
        upcoming = next(events, None)

        def check(lo, n):
            nonlocal upcoming
            if upcoming is None or upcoming[0] >= lo + n:
                node = next(nodes, None)
                need(node, "nodes used up", "root")
                return node
            if n == 1:
                event = upcoming[1]
                upcoming = next(events, None)
                return leaf(event)
            k = _split(n)
            left = check(lo, k)
            return inner(left, check(lo + k, n - k))

        root = check(0, self.header.count)
        need(upcoming is None and next(nodes, None) is None,
             "not all used up", "root")
        return root


def read_slice(data):
    """The Slice in these bytes, of good form but not yet proven."""
    need(len(data) <= MAX_SLICE, "slice too large", "too-big")
    s = unpack(data)
    need(_array(s, 5), "a slice has 5 elements")
    header_bytes, signature, runs, events, nodes = s
    need(isinstance(header_bytes, bytes), "header")
    need(_bin(signature, 64), "signature")
    need(isinstance(nodes, bytes) and len(nodes) % 32 == 0, "nodes")
    header = read_header(header_bytes)
    indices = _indices(runs, header.count)
    need(isinstance(events, list) and len(events) == len(indices), "events")
    for event in events:
        need(isinstance(event, bytes) and event, "an event")
        need(len(event) <= MAX_EVENT, "event too large", "too-big")
    need(len(events) == 1 or sum(map(len, events)) <= MAX_BATCH_BYTES,
         "more than a batch holds", "too-big")
    return Slice(header, header_bytes, signature, indices, events, nodes,
                 len(runs))


def _indices(runs, count):
    need(isinstance(runs, list) and runs, "runs")
    indices, free = [], 0
    for run in runs:
        need(_array(run, 2) and _uint(run[0]) and _uint(run[1], 1), "a run")
        first, n = run
        need(first >= free and first + n <= count, "a run out of place")
        indices += range(first, first + n)
        free = first + n + 1
    return indices


def check_slice(data, public):
    """The Slice in these bytes, proven by this public key, section 7."""
    s = read_slice(data)
    need(s.header.key_id == key_id(public), "another key", "unknown-key")
    need(s.root() == s.header.root, "another root", "root")
    verify(public, s.header_bytes, s.signature)
    return s


# ---- live: section 10 ------------------------------------------------------

def head_topic(node):
    """Frame 1 of a node's beacon, section 10."""
    return f"!head/{node}/".encode()


def make_beacon(header=None, signature=None):
    """Frame 2 of a beacon, section 10; header None: never sealed one."""
    return pack([header, signature]) if header else b""


def check_beacon(data, public):
    """(Header, its bytes) of a beacon, or None of the empty one."""
    if not data:
        return None
    need(len(data) <= MAX_LIVE, "beacon too large", "too-big")
    b = unpack(data)
    need(_array(b, 2) and isinstance(b[0], bytes), "a beacon has 2 elements")
    need(_bin(b[1], 64), "signature")
    header = read_header(b[0])
    need(header.key_id == key_id(public), "another key", "unknown-key")
    verify(public, b[0], b[1])
    return header, b[0]


def check_live(frames, node, public):
    """The proven Slice of a slice message on the socket of this node."""
    need(len(frames) == 2, "two frames")
    s = check_slice(frames[1], public)
    need(s.header.node == node, "another node's", "community")
    need(s.runs == 1, "not one run")
    need(len(frames[1]) <= MAX_LIVE or len(s.events) == 1, "too large",
         "too-big")
    for event in s.events:
        topic = unpack(event).get("topic")
        need(isinstance(topic, str) and topic.encode() == frames[0],
             "another topic", "topic")
    return s


# ---- catch-up: section 11 --------------------------------------------------

@dataclasses.dataclass(frozen=True)
class Message:
    """An ask or an answer, section 11; values by the names of the page."""
    kind: str
    rid: int
    values: dict


def heads_ask(rid, nodes, digest=b"", after=("", 0)):
    """Section 11.1."""
    return pack([1, "heads", rid, list(nodes), digest, list(after)])


def heads_answer(rid, digest, more, entries):
    """Section 11.1; entries: (header, signature, held)."""
    return pack([1, "heads", rid, digest, more, [list(e) for e in entries]])


def heads_digest(entries):
    """The digest over the whole list, section 11.1."""
    return digest16(b"".join(hash32(header) + held.to_bytes(8, "big")
                             for header, _, held in entries))


def fetch_ask(rid, node, epoch, after, upto, prefixes, held=()):
    """Section 11.2; held: the asker's own positions in (after, upto]."""
    return pack([1, "fetch", rid, node, epoch, after, upto, list(prefixes),
                 len(held), positions_digest(held)])


def positions_digest(positions):
    """The digest of a fetch ask over ascending positions, section 11.2."""
    return digest16(b"".join(p.to_bytes(8, "big") for p in positions))


def fetch_answer(rid, covered, last, missing, slices):
    """Section 11.2."""
    return pack([1, "fetch", rid, covered, last, [list(m) for m in missing],
                 list(slices)])


def find_ask(rid, community, event_id):
    """Section 11.3; event_id as text."""
    return pack([1, "find", rid, community, bytes.fromhex(event_id.replace("-", ""))])


def find_answer(rid, slices):
    """Section 11.3."""
    return pack([1, "find", rid, list(slices)])


def refused_answer(rid, reason):
    """Section 11."""
    return pack([1, "refused", rid, reason])


def rid_of(data):
    """The request id to refuse with: 0 when it cannot be read, section 11."""
    try:
        message = unpack(data)
    except Refused:
        return 0
    if isinstance(message, list) and len(message) > 2 and _uint(message[2]):
        return message[2]
    return 0


def _message(data, limit, readers):
    need(len(data) <= limit, "message too large", "too-big")
    message = unpack(data)
    _check_version(message)
    need(len(message) >= 3 and isinstance(message[1], str), "kind")
    need(_uint(message[2]), "request id")
    need(message[1] in readers, "unknown kind")
    names, check = readers[message[1]]
    need(len(message) == 3 + len(names), "another length")
    values = dict(zip(names, message[3:]))
    check(**values)
    return Message(message[1], message[2], values)


def _check_heads_ask(nodes, digest, after):
    need(isinstance(nodes, list), "nodes")
    need(len(nodes) <= MAX_NODES, "nodes", "too-big")
    need(all(map(is_node, nodes)), "a node")
    need(_bin(digest, 0, 16), "digest")
    need(_array(after, 2) and _uint(after[1]), "after")
    need(is_node(after[0]) or after == ["", 0], "after")


def _check_fetch_ask(node, epoch, after, upto, prefixes, n, digest):
    need(is_node(node) and _uint(epoch), "log")
    need(_uint(after) and _uint(upto), "positions")
    need(upto > after, "positions")
    need(upto - after <= MAX_POSITIONS, "positions", "too-big")
    need(isinstance(prefixes, list) and prefixes, "prefixes")
    need(len(prefixes) <= MAX_PREFIXES, "prefixes", "too-big")
    for prefix in prefixes:
        check_prefix(prefix, "form")
    need(_uint(n, 0, upto - after + 1), "n")
    need(_bin(digest, 16) or n == 0 and digest == b"", "digest")
    need(n or digest in (b"", digest16(b"")), "digest of nothing")


def _check_find_ask(community, event_id):
    need(isinstance(community, str) and is_node(f"{community}/x"), "community")
    need(_bin(event_id, 16), "event id")
    need(1 <= event_id[6] >> 4 <= 8 and event_id[8] >> 6 == 2, "event id")


def read_ask(data):
    """The Message in an ask, section 11."""
    return _message(data, MAX_ASK, {
        "heads": (("nodes", "digest", "after"), _check_heads_ask),
        "fetch": (("node", "epoch", "after", "upto", "prefixes", "n",
                   "digest"), _check_fetch_ask),
        "find": (("community", "event_id"), _check_find_ask)})


def _check_heads_answer(digest, more, entries):
    need(_bin(digest, 16) and isinstance(more, bool), "digest or more")
    need(isinstance(entries, list), "entries")
    need(entries or not more, "more after nothing")
    before = None
    for entry in entries:
        need(_array(entry, 3) and isinstance(entry[0], bytes), "an entry")
        need(_bin(entry[1], 64) and _uint(entry[2]), "an entry")
        header = read_header(entry[0])
        order = (header.node.encode(), header.epoch)
        need(before is None or before < order, "order of entries")
        before = order


def _check_fetch_answer(covered, last, missing, slices):
    need(_uint(covered) and _uint(last), "covered or last")
    need(isinstance(missing, list), "missing")
    free = 1
    for m in missing:
        need(_array(m, 2) and _uint(m[0], free) and _uint(m[1], 1), "missing")
        need(sum(m) <= covered + 1, "missing beyond covered")
        need(sum(m) - missing[0][0] <= MAX_POSITIONS, "missing")
        free = sum(m) + 1
    need(isinstance(slices, list), "slices")
    need(all(isinstance(s, bytes) and s for s in slices), "a slice")


def _check_find_answer(slices):
    need(isinstance(slices, list), "slices")
    need(len(slices) <= MAX_FOUND, "slices", "too-big")
    need(all(isinstance(s, bytes) and s for s in slices), "a slice")


def _check_refused(reason):
    need(isinstance(reason, str) and re.fullmatch("[a-z-]{1,32}", reason), "a reason")


def read_answer(data):
    """The Message in an answer, section 11; slices are not yet checked."""
    return _message(data, MAX_ANSWER, {
        "heads": (("digest", "more", "entries"), _check_heads_answer),
        "fetch": (("covered", "last", "missing", "slices"),
                  _check_fetch_answer),
        "find": (("slices",), _check_find_answer),
        "refused": (("reason",), _check_refused)})

#!/usr/bin/python3
# SPDX-License-Identifier: MPL-2.0
"""Writes vectors.json, the test vectors of proto/WIRE.md section 16.

The same bytes every time. Each vector that is refused has exactly one thing
wrong; its reason is written down here, and the library has to agree before
the file is written.
"""
import hashlib
import json
import sys

import check_vectors
import cimesh_wire as wire
from cimesh_wire import pack

VECTORS = []
MAX = wire.BELOW - 1
TIME = 1795350896789
NODE = "odl/ci-1"
ID = "018f6b2e-7c4d-7a3b-9e5f-0123456789ab"
ID2 = "01890a5d-ac96-774b-bcce-b302099a8057"
URL = "https://nexus.example.org/a.zip"


def add(kind, name, expect, note, **given):
    """One vector; what is to be found is filled in by the library."""
    given = {k: v.hex() if isinstance(v, bytes) else v
             for k, v in given.items()}
    VECTORS.append({"name": name, "kind": kind, "expect": expect,
                    "note": note, **given})


def text_of(n):
    """Text of n characters that is the same every time."""
    return "".join("abcdefghijklmnopqrstuvwxyz"[i % 26] for i in range(n))


def bytes_of(label, n=32):
    return hashlib.blake2b(label.encode(), digest_size=n).digest()


# ---- section 2 -------------------------------------------------------------

SEEDS = {"key-1": bytes(range(32)), "key-2": bytes(range(32, 64))}
PUBLIC = {name: wire.sign_public(seed) for name, seed in SEEDS.items()}
ORDER = 2**252 + 27742317777372353535851937790883648493


def header(**changes):
    """The elements of a good header, as a list; changes by their names."""
    h = {"version": 1, "node": NODE, "key_id": wire.key_id(PUBLIC["key-1"]),
         "epoch": TIME, "first": 1, "count": 3, "root": bytes_of("root"),
         "prev": wire.NO_PREV, "time": TIME + 1000, **changes}
    return list(h.values())


def keys_and_hashes():
    for i, (name, seed) in enumerate(SEEDS.items()):
        add("key", name, "ok", "all keys of the vectors come from these seeds",
            signSeed=seed, curveSeed=bytes(range(64 + 32 * i, 96 + 32 * i)))
    add("leaf", "leaf-1", "ok", "an event", hex=pack(event()))
    add("leaf", "leaf-2", "ok", "one byte", hex=b"\x80")
    add("leaf", "leaf-3", "ok", "more than a block of the hash",
        hex=bytes(range(256)))
    a, b = bytes_of("left"), bytes_of("right")
    add("inner", "inner-1", "ok", "two hashes", left=a, right=b)
    add("inner", "inner-2", "ok", "the other way round", left=b, right=a)
    good = pack(header())
    other = pack(header(node="onap/ci-1",
                        key_id=wire.key_id(PUBLIC["key-2"])))
    sig = wire.sign(SEEDS["key-1"], good)
    for name, expect, note, key, data, signature in (
        ("1", "ok", "over the bytes of header-1", "key-1", good, sig),
        ("2", "ok", "by another key", "key-2", other,
         wire.sign(SEEDS["key-2"], other)),
        ("bad-other-key", "signature", "by another key", "key-1", good,
         wire.sign(SEEDS["key-2"], good)),
        ("bad-header-bit", "signature", "a bit of the header differs",
         "key-1", good[:-1] + bytes([good[-1] ^ 1]), sig),
        ("bad-first-bit", "signature", "a bit of R differs", "key-1", good,
         bytes([sig[0] ^ 1]) + sig[1:]),
        ("bad-last-bit", "signature", "a bit of S differs", "key-1", good,
         sig[:32] + bytes([sig[32] ^ 1]) + sig[33:]),
        ("bad-order", "signature", "S plus the order of the group", "key-1",
         good, sig[:32] + (int.from_bytes(sig[32:], "little") +
                           ORDER).to_bytes(32, "little")),
        ("bad-context", "signature", "without the context string", "key-1",
         good, wire.nacl.signing.SigningKey(SEEDS["key-1"]).sign(
             good).signature),
        ("bad-no-zero", "signature", "the context without its zero byte",
         "key-1", good, wire.nacl.signing.SigningKey(SEEDS["key-1"]).sign(
             b"cimesh batch v1" + good).signature),
        ("bad-zero", "signature", "64 zero bytes", "key-1", good, bytes(64))):
        add("signature", f"signature-{name}", expect, note, key=key, hex=data,
            signature=signature)


# ---- section 3 -------------------------------------------------------------

def nested(depth):
    return b"\x91" * (depth - 1) + b"\x90"


def messagepack():
    def put(name, expect, note, hex_, depth=8, items=4096):
        data = bytes.fromhex(hex_) if isinstance(hex_, str) else hex_
        add("msgpack", f"msgpack-{name}", expect, note, hex=data, depth=depth,
            items=items)

    for name, note, hex_ in (
        ("nil", "nil", "c0"), ("false", "false", "c2"), ("true", "true", "c3"),
        ("0", "positive fixint", "00"), ("127", "positive fixint", "7f"),
        ("128", "uint 8", "cc80"), ("255", "uint 8", "ccff"),
        ("256", "uint 16", "cd0100"), ("65535", "uint 16", "cdffff"),
        ("65536", "uint 32", "ce00010000"),
        ("2^32-1", "uint 32", "ceffffffff"),
        ("2^32", "uint 64", "cf0000000100000000"),
        ("2^63-1", "uint 64, the largest", "cf7fffffffffffffff"),
        ("minus-1", "negative fixint", "ff"),
        ("minus-32", "negative fixint", "e0"),
        ("minus-33", "int 8", "d0df"), ("minus-128", "int 8", "d080"),
        ("minus-129", "int 16", "d1ff7f"),
        ("minus-32768", "int 16", "d18000"),
        ("minus-32769", "int 32", "d2ffff7fff"),
        ("minus-2^31", "int 32", "d280000000"),
        ("minus-2^31-1", "int 64", "d3ffffffff7fffffff"),
        ("minus-2^63", "int 64, the smallest", "d38000000000000000"),
        ("str-empty", "fixstr", "a0"), ("str-31", "fixstr", "bf" + "61" * 31),
        ("str-32", "str 8", "d920" + "61" * 32),
        ("str-255", "str 8", "d9ff" + "61" * 255),
        ("str-256", "str 16", "da0100" + "61" * 256),
        ("str-2-bytes", "U+0080", "a2c280"),
        ("str-3-bytes", "U+FFFF", "a3efbfbf"),
        ("str-4-bytes", "U+10FFFF", "a4f48fbfbf"),
        ("str-control", "U+0001 is no U+0000", "a101"),
        ("bin-empty", "bin 8", "c400"),
        ("bin-zero", "a bin may hold what a str may not", "c403ff00c0"),
        ("bin-255", "bin 8", "c4ff" + "00" * 255),
        ("bin-256", "bin 16", "c50100" + "00" * 256),
        ("array-empty", "fixarray", "90"),
        ("array-15", "fixarray", "9f" + "00" * 15),
        ("array-16", "array 16", "dc0010" + "00" * 16),
        ("map-empty", "fixmap", "80"),
        ("map-order", "the order of keys is free", "82a16201a16102"),
        ("map-15", "fixmap",
         "8f" + "".join(f"a1{0x61 + i:02x}00" for i in range(15))),
        ("map-16", "map 16",
         "de0010" + "".join(f"a1{0x61 + i:02x}00" for i in range(16))),
        ("map-nested", "a key again in another map", "81a16181a161c0"),
        ("map-case", "keys that differ in case", "82a16101a14102"),
        ("map-empty-key", "the empty key", "81a000")):
        put(name, "ok", note, hex_)
    put("str-65536", "ok", "str 32", b"\xdb\0\1\0\0" + b"a" * 65536)
    put("array-65535", "ok", "array 16, the longest",
        b"\xdc\xff\xff" + b"\0" * 65535, items=65536)
    put("depth-6", "ok", "six arrays", nested(6), depth=6)
    put("depth-8", "ok", "eight arrays", nested(8))
    put("depth-0", "ok", "a scalar has depth 0", "a161", depth=0)
    put("depth-6-maps", "ok", "six maps, the innermost with a scalar",
        b"\x81\xa1a" * 6 + b"\0", depth=6)
    put("depth-siblings", "ok", "depth counts nesting, not containers",
        b"\x94" + b"\x90" * 4, depth=2)
    put("values-4096", "ok", "an array of 4,095",
        b"\xdc\x0f\xff" + b"\0" * 4095)
    put("values-map", "ok", "a map, a key and a value", "81a16100", items=3)

    for name, note, hex_ in (
        ("nothing", "no byte at all", ""),
        ("uint-8", "uint 8 cut", "cc"), ("uint-16", "uint 16 cut", "cd01"),
        ("uint-32", "uint 32 cut", "ce000100"),
        ("uint-64", "uint 64 cut", "cf00000001000000"),
        ("int-8", "int 8 cut", "d0"), ("int-64", "int 64 cut", "d3ffff"),
        ("str", "fixstr cut", "a26a"), ("str-length", "str 8 cut", "d9"),
        ("str-8", "str 8 cut", "d92061"),
        ("str-32", "a str of 4 GiB", "dbffffffff61"),
        ("bin", "bin 8 cut", "c40400ff"), ("bin-length", "bin 16 cut", "c501"),
        ("bin-32", "a bin of 4 GiB", "c6ffffffff00"),
        ("array", "fixarray cut", "920a"),
        ("array-16", "16 declared, 2 there", "dc00100001"),
        ("array-32", "4 billion declared", "ddffffffff0001"),
        ("array-count", "array 32 cut in its count", "dd0001"),
        ("map", "fixmap without its value", "81a161"),
        ("map-16", "a map needs two bytes an entry",
         "de0010" + "a0" * 31),
        ("map-32", "4 billion declared", "dfffffffffa161"),
        ("inside", "an inner array cut", "93000192c0")):
        put("short-" + name, "short", note, hex_)
    for name, note, hex_ in (
        ("byte", "a byte after nil", "c0c0"),
        ("zero", "a zero byte after a map", "8000"),
        ("str", "a byte after a str", "a16161"),
        ("second", "a second array", "909101"),
        ("form", "what follows does not matter", "90c1")):
        put("trailing-" + name, "trailing", note, hex_)
    for name, note, hex_ in (
        ("c1", "0xc1", "c1"), ("float-32", "float 32", "ca3f800000"),
        ("float-64", "float 64", "cb3ff0000000000000"),
        ("fixext-1", "fixext 1", "d40100"),
        ("fixext-8", "fixext 8", "d701" + "00" * 8),
        ("timestamp", "a timestamp is an ext", "d6ff00000000"),
        ("ext-8", "ext 8", "c7020100" + "00"),
        ("c1-inside", "0xc1 in an array", "9200c1"),
        ("uint-8", "127 as uint 8", "cc7f"),
        ("uint-8-0", "0 as uint 8", "cc00"),
        ("uint-16", "255 as uint 16", "cd00ff"),
        ("uint-32", "65,535 as uint 32", "ce0000ffff"),
        ("uint-64", "2^32-1 as uint 64", "cf00000000ffffffff"),
        ("2^63", "above 2^63-1", "cf8000000000000000"),
        ("2^64-1", "above 2^63-1", "cfffffffffffffffff"),
        ("int-8-1", "1 as int 8", "d001"),
        ("int-8", "-32 as int 8", "d0e0"),
        ("int-16", "-128 as int 16", "d1ff80"),
        ("int-16-plus", "128 as int 16", "d10080"),
        ("int-32", "-32,768 as int 32", "d2ffff8000"),
        ("int-64", "-2^31 as int 64", "d3ffffffff80000000"),
        ("int-64-plus", "2^32 as int 64", "d30000000100000000"),
        ("str-8", "31 bytes as str 8", "d91f" + "61" * 31),
        ("str-16", "255 bytes as str 16", "da00ff" + "61" * 255),
        ("str-32", "one byte as str 32", "db0000000161"),
        ("bin-16", "one byte as bin 16", "c5000100"),
        ("bin-32", "one byte as bin 32", "c60000000100"),
        ("array-16", "15 as array 16", "dc000f" + "00" * 15),
        ("array-32", "none as array 32", "dd00000000"),
        ("map-16", "one as map 16", "de0001a16100"),
        ("map-32", "none as map 32", "df00000000"),
        ("utf-8", "0xff in a str", "a1ff"),
        ("utf-8-cut", "a character cut", "a2e282"),
        ("utf-8-long", "/ in two bytes", "a2c0af"),
        ("utf-8-long-3", "U+0080 in three bytes", "a3e08280"),
        ("utf-8-surrogate", "U+D800", "a3eda080"),
        ("utf-8-above", "U+110000", "a4f4908080"),
        ("utf-8-continues", "a continuation byte alone", "a180"),
        ("zero", "U+0000 alone", "a100"),
        ("zero-inside", "U+0000 in a str", "a3610062"),
        ("key-int", "an integer as key", "810000"),
        ("key-bin", "a bin as key", "81c4016100"),
        ("key-nil", "nil as key", "81c000"),
        ("key-array", "an array as key", "819000"),
        ("key-twice", "a key twice", "82a16101a16102"),
        ("key-twice-apart", "a key twice, another between",
         "83a16101a16202a16103"),
        ("key-utf-8", "a key that is not UTF-8", "81a1ff00"),
        ("key-twice-inside", "a key twice in an inner map",
         "9181a16182a162c0a162c0")):
        put("form-" + name, "form", note, hex_)
    put("depth-6-bad", "depth", "seven arrays", nested(7), depth=6)
    put("depth-8-bad", "depth", "nine arrays", nested(9))
    put("depth-0-bad", "depth", "an empty array has depth 1", "90", depth=0)
    put("depth-maps-bad", "depth", "seven maps",
        b"\x81\xa1a" * 7 + b"\0", depth=6)
    put("depth-last-bad", "depth", "only the last one is too deep",
        "93" + "00" + "90" + "9190", depth=2)
    put("depth-4000", "depth", "4,000 arrays", nested(4000))
    put("values-4097", "too-big", "an array of 4,096",
        b"\xdc\x10\x00" + b"\0" * 4096)
    put("values-map-bad", "too-big", "a map, a key and a value", "81a16100",
        items=2)
    put("values-1", "too-big", "the container counts", "9100", items=1)


# ---- section 4 -------------------------------------------------------------

def topics():
    def put(name, expect, note, text):
        add("topic", f"topic-{name}", expect, note, text=text)

    long_ = "odl/Type/" + text_of(190) + "/"
    for name, note, text in (
        ("1", "the usual one", "odl/ArtifactCreated/master/"),
        ("two", "community and one segment", "odl/x/"),
        ("many", "as many segments as fit", "odl/" + "a/" * 98),
        ("short", "the shortest", "0/a/"),
        ("community-32", "32 characters", "a" * 32 + "/x/"),
        ("community-dash", "dashes inside and at the end", "a-b--/x/"),
        ("community-digit", "a digit first", "5g/x/"),
        ("plain", "all kinds of plain", "odl/aZ09._+-/"),
        ("dots", "three dots are neither . nor ..", "odl/.../"),
        ("dot-first", "a dot first", "odl/.hidden/"),
        ("dash", "a dash alone", "odl/Type/-/"),
        ("slash", "a slash in a branch", "odl/Type/stable%2Fx/"),
        ("percent", "a percent sign", "odl/Type/100%25/"),
        ("space", "a space", "odl/Type/a%20b/"),
        ("tilde", "the tilde is not plain", "odl/Type/%7E/"),
        ("bang", "! inside an event's topic", "odl/Type/%21head/"),
        ("control", "U+0001 and U+007F", "odl/Type/%01%7F/"),
        ("two-bytes", "a character of two bytes", "odl/Type/%C3%A4/"),
        ("three-bytes", "of three", "odl/Type/%E2%82%AC/"),
        ("four-bytes", "of four", "odl/Type/%F0%9F%9A%80/"),
        ("last-character", "U+10FFFF", "odl/Type/%F4%8F%BF%BF/"),
        ("200", "200 bytes", long_)):
        put(name, "ok", note, text)
    for name, note, text in (
        ("empty", "nothing", ""), ("bare", "only a slash", "/"),
        ("community", "no segment", "odl/"),
        ("no-slash", "no slash at the end", "odl/Type/x"),
        ("no-slash-short", "no slash at all", "odl"),
        ("slash-first", "an empty community", "/Type/x/"),
        ("empty-segment", "an empty segment", "odl//x/"),
        ("empty-last", "an empty segment at the end", "odl/Type//"),
        ("upper", "an upper-case community", "Odl/Type/x/"),
        ("community-dash", "a dash first", "-odl/Type/x/"),
        ("community-dot", "a dot in a community", "o.dl/Type/x/"),
        ("community-escape", "an escape in a community", "o%20l/Type/x/"),
        ("community-33", "33 characters", "a" * 33 + "/x/"),
        ("bang", "the protocol's own", "!head/odl/ci-1/"),
        ("dot", "the segment .", "odl/./"),
        ("dot-dot", "the segment ..", "odl/Type/../"),
        ("dot-inside", "the segment . before another", "odl/./x/"),
        ("space", "a space", "odl/Type/a b/"),
        ("tilde", "the tilde is not plain", "odl/Type/~/"),
        ("colon", "a colon", "odl/Type/a:b/"),
        ("star", "an asterisk", "odl/Type/*/"),
        ("line", "a line feed", "odl/Type/x\n/"),
        ("line-end", "a line feed at the end", "odl/Type/x/\n"),
        ("umlaut", "a character that is not escaped", "odl/Type/\u00e4/"),
        ("escape-cut", "an escape cut", "odl/Type/a%2/"),
        ("escape-empty", "a percent sign alone", "odl/Type/%/"),
        ("escape-lower", "lower-case hex", "odl/Type/%2f/"),
        ("escape-no-hex", "no hex", "odl/Type/%G0/"),
        ("escape-plain", "an escaped letter", "odl/Type/%41/"),
        ("escape-dot", "an escaped dot", "odl/Type/%2E/"),
        ("escape-dash", "an escaped dash", "odl/Type/a%2Db/"),
        ("escape-plus", "an escaped plus", "odl/Type/a%2Bb/"),
        ("escape-under", "an escaped underscore", "odl/Type/a%5Fb/"),
        ("escape-digit", "an escaped digit", "odl/Type/%30/"),
        ("escape-zero", "U+0000", "odl/Type/%00/"),
        ("utf-8", "0xff", "odl/Type/%FF/"),
        ("utf-8-cut", "a character cut", "odl/Type/%E2%82/"),
        ("utf-8-split", "a character split by a letter",
         "odl/Type/%C3a%A4/"),
        ("utf-8-across", "a character across segments",
         "odl/Type/%C3/%A4/"),
        ("utf-8-long", "/ in two bytes", "odl/Type/%C0%AF/"),
        ("utf-8-surrogate", "U+D800", "odl/Type/%ED%A0%80/"),
        ("utf-8-above", "U+110000", "odl/Type/%F4%90%80%80/"),
        ("201", "201 bytes", "odl/Type/" + text_of(191) + "/")):
        put("bad-" + name, "topic", note, text)

    for name, note, text in (
        ("plain", "as it is", "master"),
        ("all-plain", "all kinds", "aZ09._+-"),
        ("slash", "a slash", "stable/oxygen"), ("space", "a space", "a b"),
        ("percent", "a percent sign", "%2F"), ("tilde", "a tilde", "~"),
        ("dots", "three dots", "..."), ("dash", "a dash", "-"),
        ("colon", "colons", "a:b"), ("bang", "an exclamation mark", "!head"),
        ("umlaut", "two bytes", "M\u00fcnchen"),
        ("euro", "three bytes", "\u20ac"), ("rocket", "four", "\U0001f680"),
        ("last", "U+10FFFF", "\U0010ffff"),
        ("control", "U+0001, U+007F, U+0085", "\x01\x7f\x85"),
        ("quotes", "quotes and a backslash", "'\"\\"),
        ("line", "a line feed", "a\nb"),
        ("nfd", "nothing is normalised", "a\u0308")):
        add("segment", f"segment-{name}", "ok", note, text=text)
    for name, note, text in (
        ("empty", "a segment is not empty", ""),
        ("dot", "the segment . has no spelling", "."),
        ("dot-dot", "the segment .. has no spelling", "..")):
        add("segment", f"segment-bad-{name}", "topic", note, text=text)

    for name, note, typed in (
        ("all", "everything", "*"), ("community", "a community", "odl/"),
        ("community-bare", "the / is added", "odl"),
        ("type", "the / is added", "odl/ArtifactCreated"),
        ("whole", "the / is added", "odl/ArtifactCreated/master"),
        ("whole-slash", "a whole topic", "odl/ArtifactCreated/master/"),
        ("star", "by characters", "odl/Art*"),
        ("star-slash", "an asterisk after a slash", "odl/Type/*"),
        ("star-community", "a part of a community", "od*"),
        ("star-community-32", "a whole community", "a" * 32 + "*"),
        ("star-dot", "the start of .x", "odl/.*"),
        ("star-dots", "the start of ..x", "odl/..*"),
        ("star-escape", "after a percent sign", "odl/Type/a%*"),
        ("star-escape-1", "after one digit of an escape", "odl/Type/a%2*"),
        ("star-character", "after a part of a character", "odl/Type/%E2%82*"),
        ("star-character-1", "inside an escape of a character",
         "odl/Type/%E2%8*"),
        ("star-ed", "%ED may go on with 80 to 9F", "odl/Type/%ED%9*"),
        ("star-escape-7", "%7B to %7F are not plain", "odl/Type/%7*"),
        ("escape", "an escape", "odl/Type/stable%2Foxygen"),
        ("200", "200 bytes with the / that is added",
         "odl/Type/" + text_of(190))):
        add("prefix", f"prefix-{name}", "ok", note, typed=typed)
    for name, note, typed in (
        ("empty", "nothing is not everything", ""),
        ("slash", "no community", "/"), ("upper", "upper case", "Odl/"),
        ("upper-star", "upper case", "O*"),
        ("dash-star", "a dash first", "-*"),
        ("empty-segment", "an empty segment", "odl//x"),
        ("empty-star", "an empty segment", "odl//*"),
        ("star-inside", "an asterisk inside", "odl/*/master/"),
        ("star-star", "two asterisks", "odl/**"),
        ("dot", "the segment .", "odl/."), ("dot-dot", "..", "odl/../"),
        ("dot-star", "the segment . before the asterisk", "odl/./*"),
        ("space", "a space", "odl/a b"),
        ("umlaut", "not escaped", "odl/\u00e4"),
        ("bang", "the protocol's own", "!head/odl/ci-1/"),
        ("escape-cut", "an escape cut by a /", "odl/Type/%2"),
        ("escape-lower", "lower-case hex", "odl/Type/%2f*"),
        ("escape-plain", "an escaped letter", "odl/Type/%41*"),
        ("escape-zero", "U+0000", "odl/Type/%00*"),
        ("utf-8-80", "a continuation byte first", "odl/Type/%80*"),
        ("utf-8-8", "all of %80 to %8F continue", "odl/Type/%8*"),
        ("utf-8-c0", "no character starts so", "odl/Type/%C0*"),
        ("utf-8-ed", "only surrogates start so", "odl/Type/%ED%A*"),
        ("utf-8-e0", "only overlong forms start so", "odl/Type/%E0%8*"),
        ("utf-8-letter", "a letter inside a character", "odl/Type/%C3a*"),
        ("community-33", "33 characters", "a" * 33 + "*"),
        ("201", "201 bytes with the / that is added",
         "odl/Type/" + text_of(191))):
        add("prefix", f"prefix-bad-{name}", "topic", note, typed=typed)


# ---- section 5 -------------------------------------------------------------

LEAVE = object()


def event(**changes):
    """A good ArtifactCreated; LEAVE leaves a key out."""
    e = {"v": 1, "eventId": ID, "eventType": "ArtifactCreated",
         "eventTime": TIME, "topic": "odl/ArtifactCreated/master/",
         "buildUrl": "https://ci.example.org/job/1/",
         "artifactUrl": URL, "projectBranch": "master",
         "confidenceLevel": {"AUTORELEASE": "SUCCESS"}, **changes}
    return {k: v for k, v in e.items() if v is not LEAVE}


def other(**changes):
    """A good event of a type that is the community's own."""
    e = {"v": 1, "eventId": ID, "eventType": "ReviewDone", "eventTime": TIME,
         "topic": "odl/ReviewDone/-/", "buildUrl": "https://ci.example.org/2",
         **changes}
    return {k: v for k, v in e.items() if v is not LEAVE}


def baseline(**changes):
    e = {"v": 1, "eventId": ID, "eventType": "BaselineDefined",
         "eventTime": TIME, "topic": "opnfv/BaselineDefined/os-odl/",
         "buildUrl": "https://ci.example.org/3", "baselineName": "os-odl",
         "baselineUrl": "https://example.org/b/1",
         "consistsOf": ["odl-1.2.3", "os-2026"], **changes}
    return {k: v for k, v in e.items() if v is not LEAVE}


def level(third, **changes):
    return other(eventType="ConfidenceLevelModified",
                 topic=f"onap/ConfidenceLevelModified/{third}/",
                 **{"confidenceLevel": {"ONAP_CSIT": "SUCCESS"}, **changes})


def sized(size):
    """An event of this many bytes."""
    fill = size - len(pack(other(ext={"fill": "x" * 60000}))) + 60000
    data = pack(other(ext={"fill": "x" * fill}))
    assert len(data) == size
    return data


def valued(n):
    """An event of this many values."""
    return other(ext={"fill": [0] * (n - 17)})


def deep(depth):
    """An event of this depth."""
    value = []
    for _ in range(depth - 3):
        value = [value]
    return other(ext={"deep": value})


def events():
    def put(name, expect, note, e, *ways):
        data = e if isinstance(e, bytes) else pack(e)
        for way in ways or ("publish", "follow"):
            add("event", f"event-{name}-{way}" if not ways else
                f"event-{name}", expect, note, hex=data, **{"as": way})

    def good(name, note, e, way="follow"):
        put(name, "ok", note, e, way)

    def bad(name, note, e, reason="event", way="follow"):
        put("bad-" + name, reason, note, e, way)

    put("1", "ok", "ArtifactCreated", event())
    put("other", "ok", "a community's own type", other())
    put("baseline", "ok", "BaselineDefined", baseline())
    put("level", "ok", "ConfidenceLevelModified of an artifact",
        level("-", artifactUrl=URL))
    put("full", "ok", "every key of the table", event(
        artifactName="a-1.zip", artifactDigest="sha256:" + "0f" * 32,
        baselineName="b", baselineUrl="https://example.org/b",
        consistsOf=["x"], links=[{"rel": "cause", "of": "opnfv", "id": ID2}],
        ext={"odl-note": "hello"}))

    # All that differs from the good ones by one thing.
    reverse = dict(reversed(list(event().items())))
    good("order", "the order of keys is free", reverse, "publish")
    for version in range(1, 9):
        good(f"uuid-{version}", f"a UUID of version {version}",
             event(eventId=f"{ID[:14]}{version}{ID[15:]}"))
    for digit in "89ab":
        good(f"uuid-variant-{digit}", "variant 10",
             event(eventId=f"{ID[:19]}{digit}{ID[20:]}"))
    good("time-0", "the earliest time", event(eventTime=0))
    good("time-max", "the latest time", event(eventTime=MAX))
    good("type-64", "a type of 64 characters",
         other(eventType="T" + "9" * 63, topic="odl/T" + "9" * 63 + "/x/"))
    good("type-lower", "a type in lower case",
         other(eventType="review", topic="odl/review/x/"))
    good("other-third", "any third segment",
         other(topic="odl/ReviewDone/what%20ever/"))
    good("other-fourth", "and more after it",
         other(topic="odl/ReviewDone/docs/a/b/"))
    good("other-fields", "keys of the table in any type",
         other(projectBranch="x", consistsOf=[], artifactUrl=URL))
    good("url-short", "a URL of three characters", event(buildUrl="a:b"))
    good("url-scheme", "all that a scheme may have",
         event(buildUrl="z9+.-:x"))
    good("url-2048", "2,048 bytes",
         event(artifactUrl="https://e.org/" + "x" * 2034))
    good("url-unicode", "any character but controls and space",
         event(artifactUrl="https://e.org/\u00e4\u20ac\u00a0\u2028"))
    good("branch-200", "200 bytes, of a type whose topic is free",
         other(projectBranch="x" * 200))
    good("branch-slash", "a slash, escaped in the topic", event(
        projectBranch="stable/x", topic="odl/ArtifactCreated/stable%2Fx/"))
    good("branch-umlaut", "two bytes, escaped in the topic", event(
        projectBranch="\u00fc", topic="odl/ArtifactCreated/%C3%BC/"))
    good("branch-space", "a space is no control character", event(
        projectBranch=" ", topic="odl/ArtifactCreated/%20/"))
    good("branch-percent", "a percent sign is escaped again", event(
        projectBranch="%20", topic="odl/ArtifactCreated/%2520/"))
    good("text-a0", "U+00A0 is no control character",
         event(artifactName="\u00a0"))
    good("digest", "a SHA-256", event(artifactDigest="sha256:" + "a9" * 32))
    for result in wire.RESULTS:
        good("result-" + result, "a result",
             event(confidenceLevel={"L": result}))
    good("level-name-64", "64 characters",
         event(confidenceLevel={"l" + "_.-9" * 15 + "abc": "SUCCESS"}))
    good("level-names", "several levels", event(
        confidenceLevel={"AUTORELEASE": "SUCCESS", "autorelease": "FAILURE"}))
    good("level-seed-lower", "no seed key: case counts",
         event(confidenceLevel={"build_url": "SUCCESS"}))
    good("consists-empty", "of nothing", baseline(consistsOf=[]))
    good("consists-id", "of an event id", baseline(consistsOf=[ID2]))
    good("consists-200", "a member of 200 bytes",
         baseline(consistsOf=["x" * 200]))
    good("level-baseline", "of a baseline", level(
        "b", baselineName="b", baselineUrl="https://example.org/b"))
    good("level-both", "the baseline's name comes first", level(
        "b", baselineName="b", baselineUrl="https://example.org/b",
        artifactUrl=URL, artifactName="a", projectBranch="master"))
    good("level-name", "then the artifact's name", level(
        "a", artifactUrl=URL, artifactName="a", projectBranch="master"))
    good("level-branch", "then the branch",
         level("master", artifactUrl=URL, projectBranch="master"))
    good("level-name-only", "a baseline's name beside an artifact's URL",
         level("b", baselineName="b", artifactUrl=URL))
    for rel in wire.RELATIONS:
        good("link-" + rel, "a relation",
             event(links=[{"rel": rel, "of": "5g-x", "id": ID2}]))
    good("link-order", "keys in another order",
         event(links=[{"id": ID2, "of": "odl", "rel": "cause"}]))
    good("links-two", "two links",
         event(links=[{"rel": "cause", "of": "odl", "id": ID2},
                      {"rel": "subject", "of": "onap", "id": ID}]))
    good("ext-empty", "nothing in it", event(ext={}))
    good("ext-values", "all that ext holds", event(ext={
        "s": "", "i": -1, "b": True, "a": [1, "x", [], {}],
        "m": {"n": False}}))
    good("ext-max", "2^63-1", event(ext={"i": 2**63 - 1}))
    good("ext-min", "-(2^63-1)", event(ext={"i": 1 - 2**63}))
    good("ext-control", "control characters in ext",
         event(ext={"\x01": "\x01\n"}))
    good("ext-long", "a str longer than any text",
         event(ext={"k" * 300: "x" * 3000}))
    good("depth-6", "depth 6", deep(6))
    good("values-4096", "4,096 values", valued(4096))
    good("65536", "65,536 bytes", sized(65536))
    good("community-any", "the community rule is not in the event",
         event(topic="x/ArtifactCreated/master/"))

    # What a later version may bring.
    good("unknown-field", "a follower keeps it", event(color="red"))
    good("unknown-nil", "whatever its type", event(color=None))
    good("unknown-bin", "whatever its type", event(color=b"\0"))
    bad("unknown-field", "a publisher does not send it", event(color="red"),
        "field", "publish")
    bad("unknown-case", "keys differ in case", event(ArtifactName="x"),
        "field", "publish")
    for name in ("node", "epoch", "seq", "receivedAt", "arrival"):
        bad("reserved-" + name, "reserved for the JSON form",
            event(**{name: "x"}), "field", "publish")
        good("reserved-ext-" + name, "reserved at the top level alone",
             event(ext={name: 1}), "publish")
    good("v2", "an event of a later version", event(v=2))
    good("v2-few", "only topic, eventId and eventType are looked at",
         {"v": 2, "eventId": ID, "eventType": "New", "topic": "odl/New/x/"})
    good("v2-third", "the third segment means nothing here",
         event(v=2, topic="odl/ArtifactCreated/other/"))
    good("v2-fields", "other fields mean nothing",
         event(v=2, eventTime="now", buildUrl=None, links=7))
    good("v2-max", "the largest", event(v=2**63 - 1))
    bad("v2", "a publisher speaks version 1", event(v=2), "version",
        "publish")
    bad("v2-id", "no id", event(v=2, eventId=LEAVE))
    bad("v2-id-upper", "an id in upper case", event(v=2, eventId=ID.upper()))
    bad("v2-type", "no type", event(v=2, eventType=LEAVE))
    bad("v2-topic", "no topic", event(v=2, topic=LEAVE))
    bad("v2-topic-form", "not well spelt",
        event(v=2, topic="odl/ArtifactCreated/%41/"), "topic")
    bad("v2-topic-type", "the second segment is another type",
        event(v=2, topic="odl/Other/x/"), "topic")
    bad("v2-topic-two", "no third segment",
        event(v=2, topic="odl/ArtifactCreated/"), "topic")

    # Section 3 and 13.
    raw = pack(event())
    bad("empty", "no byte at all", b"", "short")
    bad("short", "cut", raw[:-1], "short")
    bad("trailing", "a byte after it", raw + b"\0", "trailing")
    bad("65537", "65,537 bytes", sized(65537), "too-big")
    bad("values-4097", "4,097 values", valued(4097), "too-big")
    bad("depth-7", "depth 7", deep(7), "depth")
    bad("float", "a float", event(ext={"f": 1.5}), "form")
    bad("twice", "a key twice",
        b"\x8a" + raw[1:] + pack("projectBranch") + pack("master"), "form")
    bad("key-int", "an integer as key", event(ext={1: "x"}), "form")
    bad("zero", "U+0000", event(ext={"z": "a\0b"}), "form")
    bad("long-form", "1 as uint 8",
        raw.replace(b"\xa1v\x01", b"\xa1v\xcc\x01"), "form")
    bad("above", "2^63", event(ext={"i": 2**63}), "form")
    bad("array", "an array, not a map", [1, 2], "form")
    bad("nil", "nil, not a map", b"\xc0", "form")
    bad("str", "a str, not a map", "x", "form")

    # Required keys and their types.
    for name in ("v", "eventId", "eventType", "eventTime", "topic",
                 "buildUrl"):
        bad("no-" + name, "a required key", event(**{name: LEAVE}))
    for name, note, value in (
        ("0", "0", 0), ("negative", "-1", -1), ("str", "a str", "1"),
        ("bool", "true", True), ("nil", "nil", None)):
        bad("v-" + name, note, event(v=value))
    for name, note, value in (
        ("upper", "upper case", ID.upper()),
        ("version-0", "version 0", f"{ID[:14]}0{ID[15:]}"),
        ("version-9", "version 9", f"{ID[:14]}9{ID[15:]}"),
        ("variant-7", "variant 0", f"{ID[:19]}7{ID[20:]}"),
        ("variant-c", "variant 110", f"{ID[:19]}c{ID[20:]}"),
        ("nil", "the nil UUID", "00000000-0000-0000-0000-000000000000"),
        ("short", "a digit less", ID[:-1]), ("long", "a digit more", ID + "0"),
        ("no-dash", "without dashes", ID.replace("-", "")),
        ("brace", "in braces", "{" + ID + "}"),
        ("g", "no hex", ID[:-1] + "g"),
        ("urn", "as URN", "urn:uuid:" + ID),
        ("line", "a line feed after it", ID + "\n"),
        ("bin", "as bin", bytes(16))):
        bad("id-" + name, note, event(eventId=value))
    for name, note, value in (
        ("digit", "a digit first", "1Type"), ("empty", "nothing", ""),
        ("65", "65 characters", "T" * 65)):
        bad("type-" + name, note,
            other(eventType=value, topic=f"odl/{value or '-'}/x/"))
    bad("type-dash", "a dash", other(eventType="a-b", topic="odl/a-b/x/"))
    bad("type-dot", "a dot", other(eventType="a.b", topic="odl/a.b/x/"))
    bad("type-int", "an integer", other(eventType=1, topic="odl/1/x/"))
    for name, note, value in (
        ("negative", "-1", -1), ("max", "2^53", MAX + 1),
        ("str", "a str", "2026-11-22T12:34:56Z"), ("nil", "nil", None)):
        bad("time-" + name, note, event(eventTime=value))
    for name, note, value in (
        ("empty", "nothing", ""), ("scheme", "no scheme", "//e.org/"),
        ("relative", "no colon", "e.org"),
        ("rest", "nothing after it", "https:"),
        ("upper", "an upper-case scheme", "Https://e.org/"),
        ("scheme-digit", "a digit first", "9p://e.org/"),
        ("scheme-under", "an underscore in a scheme", "a_b://e.org/"),
        ("colon", "an empty scheme", "://e.org/"),
        ("space", "a space", "https://e.org/a b"),
        ("space-first", "a space first", " https://e.org/"),
        ("line", "a line feed at the end", "https://e.org/\n"),
        ("del", "U+007F", "https://e.org/\x7f"),
        ("c1", "U+009F", "https://e.org/\x9f"),
        ("2049", "2,049 bytes", "https://e.org/" + "x" * 2035),
        ("2049-bytes", "2,049 bytes in fewer characters",
         "https://e.org/x" + "\u00e4" * 1017), ("int", "an integer", 5)):
        bad("url-" + name, note, event(buildUrl=value))
    bad("artifact-url", "no URL", event(artifactUrl="nexus"))
    bad("baseline-url", "no URL", event(baselineUrl="nexus"))
    for name, note, value in (
        ("empty", "nothing", ""), ("201", "201 bytes", "x" * 201),
        ("201-bytes", "201 bytes in fewer characters", "\u20ac" * 67),
        ("control", "U+0001", "a\x01b"), ("line", "a line feed", "a\n"),
        ("del", "U+007F", "\x7f"), ("c1", "U+0080", "\x80"),
        ("c1-last", "U+009F", "\x9f"), ("bin", "a bin", b"x"),
        ("int", "an integer", 1), ("list", "an array", ["x"])):
        bad("text-" + name, note, other(projectBranch=value))
    bad("name", "an artifact's name with a tab", event(artifactName="\t"))
    bad("baseline-name", "a baseline's name with a tab",
        event(baselineName="\t"))
    for name, note, value in (
        ("upper", "upper-case hex", "sha256:" + "0F" * 32),
        ("short", "62 digits", "sha256:" + "0f" * 31),
        ("long", "66 digits", "sha256:" + "0f" * 33),
        ("bare", "no name of the hash", "0f" * 32),
        ("sha1", "another hash", "sha1:" + "0f" * 20),
        ("bin", "a bin", bytes(32))):
        bad("digest-" + name, note, event(artifactDigest=value))
    for name, note, value in (
        ("empty", "no level", {}), ("str", "a str", "SUCCESS"),
        ("array", "an array", ["SUCCESS"]),
        ("result", "no result", {"L": "GOOD"}),
        ("result-lower", "a result in lower case", {"L": "success"}),
        ("result-bool", "true", {"L": True}),
        ("result-nil", "nil", {"L": None}),
        ("result-empty", "nothing", {"L": ""}),
        ("second", "the second one is none", {"L": "SUCCESS", "M": "x"}),
        ("name-empty", "a level without a name", {"": "SUCCESS"}),
        ("name-digit", "a digit first", {"1L": "SUCCESS"}),
        ("name-65", "65 characters", {"L" * 65: "SUCCESS"}),
        ("name-space", "a space", {"a b": "SUCCESS"}),
        ("name-umlaut", "an umlaut", {"\u00e4": "SUCCESS"})):
        bad("level-" + name, note, event(confidenceLevel=value))
    for name in wire.SEED_KEYS:
        bad("level-seed-" + name, "a level named as a seed key",
            event(confidenceLevel={name: "SUCCESS"}))
    for name, note, value in (
        ("str", "a str", "odl-1.2.3,os"), ("comma", "a comma", ["a,b"]),
        ("empty", "an empty member", ["a", ""]), ("int", "an integer", [1]),
        ("201", "201 bytes", ["x" * 201]), ("control", "a tab", ["\t"]),
        ("map", "a map", {"a": 1})):
        bad("consists-" + name, note, baseline(consistsOf=value))
    link = {"rel": "cause", "of": "odl", "id": ID2}
    for name, note, value in (
        ("map", "a map, not an array", link),
        ("str", "a str in it", [f"odl:{ID2}"]),
        ("rel", "another relation", [{**link, "rel": "because"}]),
        ("rel-upper", "upper case", [{**link, "rel": "Cause"}]),
        ("of", "no community", [{**link, "of": "Odl"}]),
        ("of-node", "a node", [{**link, "of": "odl/ci-1"}]),
        ("id", "no id", [{**link, "id": "1"}]),
        ("no-id", "a key less", [{"rel": "cause", "of": "odl"}]),
        ("more", "a key more", [{**link, "at": 1}]),
        ("second", "the second one", [link, {**link, "id": ""}])):
        bad("link-" + name, note, event(links=value))
    for name, note, value in (
        ("array", "an array", []), ("str", "a str", "x"),
        ("nil", "nil in it", {"a": None}), ("bin", "a bin in it", {"a": b""}),
        ("nil-inside", "nil in an array in it", {"a": [1, [None]]}),
        ("bin-inside", "a bin in a map in it", {"a": {"b": b"x"}}),
        ("min", "-2^63", {"i": -2**63})):
        bad("ext-" + name, note, event(ext=value))

    # What a type requires.
    for name in ("artifactUrl", "projectBranch", "confidenceLevel"):
        e = event(**{name: LEAVE})
        bad("artifact-no-" + name, "ArtifactCreated requires it", e)
    for name in ("baselineName", "baselineUrl", "consistsOf"):
        bad("baseline-no-" + name, "BaselineDefined requires it",
            baseline(**{name: LEAVE}))
    bad("level-no-level", "ConfidenceLevelModified requires it",
        level("-", artifactUrl=URL, confidenceLevel=LEAVE))
    bad("level-of-nothing", "of no artifact and no baseline", level("-"))
    bad("level-of-name", "a name without its URL",
        level("b", baselineName="b"))
    bad("level-of-url", "a URL without its name",
        level("-", baselineUrl="https://example.org/b"))

    # The topic.
    for name, note, e in (
        ("form", "not well spelt", other(topic="odl/ReviewDone/a b/")),
        ("slash", "no / at the end", other(topic="odl/ReviewDone/-")),
        ("upper", "an upper-case community", other(topic="Odl/ReviewDone/-/")),
        ("bang", "the protocol's own", other(topic="!odl/ReviewDone/-/")),
        ("empty", "nothing", other(topic="")),
        ("201", "201 bytes",
         other(topic="odl/ReviewDone/" + text_of(185) + "/")),
        ("type", "another type", other(topic="odl/ArtifactCreated/-/")),
        ("type-case", "the type in other case",
         other(topic="odl/reviewDone/-/")),
        ("two", "no third segment", other(topic="odl/ReviewDone/")),
        ("third", "another branch", event(topic="odl/ArtifactCreated/main/")),
        ("third-dash", "a dash, though there is a branch",
         event(topic="odl/ArtifactCreated/-/")),
        ("third-case", "the branch in other case",
         event(topic="odl/ArtifactCreated/Master/")),
        ("third-split", "a slash that is not escaped",
         event(projectBranch="stable/x",
               topic="odl/ArtifactCreated/stable/x/")),
        ("fourth", "a fourth segment",
         event(topic="odl/ArtifactCreated/master/x/")),
        ("artifact-two", "no third segment",
         event(topic="odl/ArtifactCreated/")),
        ("baseline-third", "another baseline",
         baseline(topic="opnfv/BaselineDefined/x/")),
        ("level-first", "the baseline's name comes first", level(
            "a", baselineName="b", baselineUrl="https://example.org/b",
            artifactName="a")),
        ("level-dash", "the branch, though there is a name", level(
            "master", artifactUrl=URL, artifactName="a",
            projectBranch="master")),
        ("level-none", "a name where there is none",
         level("a", artifactUrl=URL)),
        ("branch-dot", "a branch that has no spelling", event(
            projectBranch=".", topic="odl/ArtifactCreated/./"))):
        bad("topic-" + name, note, e, "topic")

    def said(name, expect, note, topic, node):
        add("speaks", f"speaks-{name}", expect, note, topic=topic, node=node)

    said("1", "ok", "its own", "odl/ReviewDone/-/", "odl/ci-1")
    said("2", "ok", "another node of it", "odl/ReviewDone/-/", "odl/z")
    said("3", "ok", "the shortest", "0/a/", "0/0")
    said("bad-other", "community", "another's", "opnfv/ReviewDone/-/",
         "odl/ci-1")
    said("bad-longer", "community", "its name is the start of the other",
         "odl2/ReviewDone/-/", "odl/ci-1")
    said("bad-shorter", "community", "the start of its name",
         "od/ReviewDone/-/", "odl/ci-1")
    said("bad-node", "community", "the node's second part",
         "ci-1/ReviewDone/-/", "odl/ci-1")
    said("bad-dash", "community", "the same up to the dash",
         "odl/ReviewDone/-/", "odl-x/ci-1")


# ---- section 6 -------------------------------------------------------------

def headers():
    def put(name, expect, note, h):
        add("header", f"header-{name}", expect, note,
            hex=h if isinstance(h, bytes) else pack(h))

    put("1", "ok", "the first of an epoch", header())
    put("prev", "ok", "with one before it",
        header(first=4, prev=wire.hash32(pack(header()))))
    put("small", "ok", "the smallest numbers",
        header(node="a/b", epoch=0, count=1, time=0))
    put("large", "ok", "the largest numbers",
        header(node="a" * 32 + "/" + "b" * 32, epoch=MAX, first=MAX - 1023,
               count=1024, time=MAX))
    put("first-max", "ok", "the last position there is",
        header(first=MAX, count=1))
    put("root-zero", "ok", "any 32 bytes are a root", header(root=bytes(32)))

    for name, note, changes in (
        ("2", "a later one", {"version": 2}), ("0", "none", {"version": 0}),
        ("max", "a large one", {"version": 2**32 - 1}),
        ("2-32", "a larger one", {"version": 2**32}),
        ("2-63", "the largest integer", {"version": 2**63 - 1})):
        put(f"bad-version-{name}", "version", note, header(**changes))
    put("bad-version-longer", "version", "a later one, of another length",
        [2, *header()[1:], 0])
    for name, note, changes in (
        ("version-str", "a str", {"version": "1"}),
        ("version-bool", "true", {"version": True}),
        ("node-bare", "no second part", {"node": "odl"}),
        ("node-slash", "a slash at the end", {"node": "odl/"}),
        ("node-three", "a third part", {"node": "odl/ci/1"}),
        ("node-upper", "upper case", {"node": "Odl/ci-1"}),
        ("node-upper-2", "upper case", {"node": "odl/CI-1"}),
        ("node-dash", "a dash first", {"node": "odl/-ci"}),
        ("node-33", "33 characters", {"node": "a" * 33 + "/b"}),
        ("node-33-2", "33 characters", {"node": "a/" + "b" * 33}),
        ("node-empty", "nothing", {"node": ""}),
        ("node-line", "a line feed", {"node": "odl/ci-1\n"}),
        ("node-bin", "a bin", {"node": b"odl/ci-1"}),
        ("key-id-7", "7 bytes", {"key_id": bytes(7)}),
        ("key-id-9", "9 bytes", {"key_id": bytes(9)}),
        ("key-id-str", "a str", {"key_id": "12345678"}),
        ("epoch-max", "2^53", {"epoch": MAX + 1}),
        ("epoch-negative", "-1", {"epoch": -1}),
        ("epoch-nil", "nil", {"epoch": None}),
        ("first-0", "0", {"first": 0}),
        ("first-max", "2^53", {"first": MAX + 1, "count": 1}),
        ("first-bool", "true", {"first": True}),
        ("last-max", "the last position is 2^53", {"first": MAX, "count": 2}),
        ("count-0", "0", {"count": 0}),
        ("count-1025", "1,025", {"count": 1025}),
        ("count-negative", "-1", {"count": -1}),
        ("root-31", "31 bytes", {"root": bytes(31)}),
        ("root-33", "33 bytes", {"root": bytes(33)}),
        ("root-str", "a str", {"root": "a" * 32}),
        ("prev-empty", "no byte", {"prev": b""}),
        ("prev-nil", "nil", {"prev": None}),
        ("time-max", "2^53", {"time": MAX + 1}),
        ("time-negative", "-1", {"time": -1})):
        put("bad-" + name, "form", note, header(**changes))
    good = pack(header())
    put("bad-8", "form", "an element less", header()[:-1])
    put("bad-10", "form", "an element more", header() + [0])
    put("bad-map", "form", "a map", {"version": 1})
    put("bad-array-0", "form", "an empty array", [])
    put("bad-int", "form", "an integer", 1)
    put("bad-long-form", "form", "the version as uint 8",
        good[:1] + b"\xcc\x01" + good[2:])
    put("bad-array-16", "form", "9 as array 16", b"\xdc\0\x09" + good[1:])
    put("bad-float", "form", "a float", header(time=1.5))
    put("bad-short", "short", "cut", good[:-1])
    put("bad-nothing", "short", "no byte at all", b"")
    put("bad-trailing", "trailing", "a byte after it", good + b"\0")
    put("bad-257", "too-big", "more than 256 bytes",
        header(prev=bytes(32 + 257 - len(good))))

    batch = [pack(event(eventTime=TIME + i)) for i in range(9)]
    for n in range(1, 10):
        add("tree", f"tree-{n}", "ok", f"events: {n}",
            events=[e.hex() for e in batch[:n]])
    for n in (16, 17, 31, 100):
        add("tree", f"tree-{n}", "ok", f"small events: {n}",
            events=[bytes([i]).hex() for i in range(n)])


# ---- section 7, 10 ---------------------------------------------------------

def seal(events_, key="key-1", **changes):
    """(header, signature) of a batch."""
    leaves = [wire.leaf(e) for e in events_]
    data = pack(header(**{
        "key_id": wire.key_id(PUBLIC[key]), "count": len(events_),
        "root": wire.tree_root(leaves) if leaves else bytes(32), **changes}))
    return data, wire.sign(SEEDS[key], data)


def parts(events_, indices, **changes):
    """The elements of a slice as a list."""
    header_, signature = seal(events_, **changes)
    return wire.unpack(wire.make_slice(header_, signature, events_, indices))


def slices():
    def put(name, expect, note, s, key="key-1"):
        add("slice", name, expect, note, key=key,
            hex=s if isinstance(s, bytes) else pack(s))

    real = [pack(event(eventTime=TIME + i)) for i in range(3)]
    put("slice-1", "ok", "a whole batch", parts(real, [0, 1, 2]))
    put("slice-one", "ok", "a batch of one", parts(real[:1], [0]))
    put("slice-key-2", "ok", "by another key",
        parts(real, [1], key="key-2", node="onap/ci-1"), "key-2")
    put("slice-later", "ok", "in the middle of a log",
        parts(real, [2], first=1000, prev=bytes_of("prev")))
    tiny = [bytes([0x80 + i]) for i in range(5)]
    for bits in range(1, 32):
        indices = [i for i in range(5) if bits >> i & 1]
        put(f"slice-5-{''.join(map(str, indices))}", "ok",
            f"of five events: {indices}", parts(tiny, indices))
    many = [i.to_bytes(2, "big") for i in range(1024)]
    put("slice-1024-last", "ok", "the last of 1,024", parts(many, [1023]))
    put("slice-1024-apart", "ok", "every hundredth of 1,024",
        parts(many, list(range(0, 1024, 100))))
    seven = [bytes([i, i]) for i in range(7)]
    put("slice-7-ends", "ok", "the first and last of 7", parts(seven, [0, 6]))
    put("slice-anything", "ok", "a slice proves bytes, not what they say",
        parts([b"\xc1"], [0]))
    put("live-1", "ok", "two events of one topic, as on the live socket",
        parts(real, [1, 2]))

    good = parts(seven, [1, 2, 5])

    def changed(**changes):
        names = ("header", "signature", "runs", "events", "nodes")
        return [changes.get(n, v) for n, v in zip(names, good)]

    hdr, sig, runs, chosen, nodes = good

    def signed(**changes):
        h, s = seal(seven, **changes)
        return changed(header=h, signature=s)

    for name, reason, note, s in (
        ("signature", "signature", "a bit differs",
         changed(signature=bytes([sig[0] ^ 1]) + sig[1:])),
        ("signature-other", "signature", "by another key than it names",
         changed(signature=wire.sign(SEEDS["key-2"], hdr))),
        ("signature-header", "signature", "the header's time differs",
         changed(header=hdr[:-1] + bytes([hdr[-1] ^ 1]))),
        ("root-event", "root", "an event differs",
         changed(events=[b"\x09\x09", *chosen[1:]])),
        ("root-swapped", "root", "two events swapped",
         changed(events=[chosen[1], chosen[0], chosen[2]])),
        ("root-node", "root", "a node differs",
         changed(nodes=bytes([nodes[0] ^ 1]) + nodes[1:])),
        ("root-node-order", "root", "two nodes swapped",
         changed(nodes=nodes[32:64] + nodes[:32] + nodes[64:])),
        ("root-node-less", "root", "a node less", changed(nodes=nodes[:-32])),
        ("root-no-nodes", "root", "no nodes", changed(nodes=b"")),
        ("root-node-more", "root", "a node more",
         changed(nodes=nodes + bytes(32))),
        ("root-header", "root", "another root, signed",
         signed(root=bytes_of("other"))),
        ("root-count", "root", "a count of 6, signed", signed(count=6)),
        ("root-runs", "root", "other indices",
         changed(runs=[[0, 2], [5, 1]])),
        ("root-leaf", "root", "a leaf as a node of the tree",
         changed(runs=[[1, 2], [6, 1]])),
        ("form-touching", "form", "runs that touch",
         changed(runs=[[1, 1], [2, 1], [5, 1]])),
        ("form-overlap", "form", "runs that overlap",
         changed(runs=[[1, 2], [2, 1]])),
        ("form-same", "form", "a run twice",
         changed(runs=[[1, 1], [1, 1], [5, 1]])),
        ("form-descending", "form", "runs in descending order",
         changed(runs=[[5, 1], [1, 2]])),
        ("form-run-0", "form", "a run of none",
         changed(runs=[[1, 2], [4, 0], [6, 1]])),
        ("form-beyond", "form", "an index that is the count",
         changed(runs=[[1, 2], [7, 1]])),
        ("form-far", "form", "a run far beyond",
         changed(runs=[[1, 2], [2**62, 1]])),
        ("form-wrap", "form", "a run that would wrap",
         changed(runs=[[2**63 - 1, 3]])),
        ("form-negative", "form", "a negative index",
         changed(runs=[[-1, 3]])),
        ("form-run-1", "form", "a run of one element",
         changed(runs=[[1, 2], [5]])),
        ("form-run-3", "form", "a run of three elements",
         changed(runs=[[1, 2], [5, 1, 0]])),
        ("form-run-int", "form", "a run that is an integer",
         changed(runs=[[1, 2], 5])),
        ("form-runs-nil", "form", "nil for runs", changed(runs=None)),
        ("form-nothing", "form", "nothing selected", changed(
            runs=[], events=[], nodes=hdr[-74:-42])),
        ("form-less", "form", "an event less", changed(events=chosen[:-1])),
        ("form-more", "form", "an event more",
         changed(events=[*chosen, b"\x06\x06"])),
        ("form-event-str", "form", "an event as str",
         changed(events=["ab", *chosen[1:]])),
        ("form-event-map", "form", "an event as map",
         changed(events=[{}, *chosen[1:]])),
        ("form-events-map", "form", "a map of events",
         changed(events={"a": b"\x01\x01"})),
        ("form-nodes-31", "form", "31 bytes of nodes",
         changed(nodes=nodes[:31])),
        ("form-nodes-33", "form", "nodes and a byte",
         changed(nodes=nodes + b"\0")),
        ("form-nodes-nil", "form", "nil for nodes", changed(nodes=None)),
        ("form-signature-63", "form", "63 bytes", changed(signature=sig[:63])),
        ("form-signature-65", "form", "65 bytes",
         changed(signature=sig + b"\0")),
        ("form-header-array", "form", "a header that is no bin",
         changed(header=wire.unpack(hdr))),
        ("form-4", "form", "an element less", good[:-1]),
        ("form-6", "form", "an element more", [*good, 0]),
        ("form-map", "form", "a map", {}),
        ("form-long", "form", "an array 16 of five",
         b"\xdc\0\x05" + pack(good)[1:]),
        ("form-node", "form", "the header's node has no second part",
         signed(node="odl")),
        ("form-count", "form", "the header's first is 0", signed(first=0)),
        ("version", "version", "the header's version is 2",
         signed(version=2)),
        ("short", "short", "cut", pack(good)[:-1]),
        ("nothing", "short", "no byte at all", b""),
        ("trailing", "trailing", "a byte after it", pack(good) + b"\0"),
        ("header-short", "short", "the header is cut",
         changed(header=hdr[:-1])),
        ("header-trailing", "trailing", "a byte after the header",
         changed(header=hdr + b"\0"))):
        put(f"slice-bad-{name}", reason, note, s)
    empty = [b"", b"\x01"]
    put("slice-bad-event-empty", "form", "an event of no byte",
        parts(empty, [0, 1]))
    big = [bytes(65537), b"\x01"]
    put("slice-bad-event-65537", "too-big", "an event of 65,537 bytes",
        parts(big, [0]))
    put("slice-bad-unknown-key", "unknown-key",
        "good, but by another key than the one at hand",
        parts(seven, [1], key="key-2"))

    def beacon(name, expect, note, b, key="key-1"):
        add("beacon", f"beacon-{name}", expect, note, key=key,
            hex=b if isinstance(b, bytes) else pack(b))

    beacon("1", "ok", "the newest header", [hdr, sig])
    beacon("2", "ok", "by another key",
           list(seal(real, "key-2", node="onap/ci-1")), "key-2")
    beacon("empty", "ok", "never sealed one", b"")
    VECTORS[-1]["none"] = True
    for name, reason, note, b in (
        ("signature", "signature", "a bit differs",
         [hdr, bytes([sig[0] ^ 1]) + sig[1:]]),
        ("signature-63", "form", "63 bytes", [hdr, sig[:63]]),
        ("header-bit", "signature", "the header's time differs",
         [hdr[:-1] + bytes([hdr[-1] ^ 1]), sig]),
        ("unknown-key", "unknown-key",
         "good, but by another key than the one at hand",
         list(seal(seven, "key-2"))),
        ("1-element", "form", "no signature", [hdr]),
        ("3-elements", "form", "an element more", [hdr, sig, 0]),
        ("array", "form", "an empty array", []),
        ("nil", "form", "nil is not the empty frame", b"\xc0"),
        ("str", "form", "a signature as str", [hdr, "a" * 64]),
        ("version", "version", "the header's version is 2",
         list(seal(seven, version=2))),
        ("header-form", "form", "the header's count is 0",
         list(seal(seven, count=0))),
        ("header-trailing", "trailing", "a byte after the header",
         [hdr + b"\0", sig]),
        ("short", "short", "cut", pack([hdr, sig])[:-1]),
        ("trailing", "trailing", "a byte after it",
         pack([hdr, sig]) + b"\0")):
        beacon("bad-" + name, reason, note, b)


# ---- section 11 ------------------------------------------------------------

def asks():
    def put(name, expect, note, m):
        add("ask", name, expect, note,
            hex=m if isinstance(m, bytes) else pack(m))

    d16 = bytes_of("digest", 16)

    def heads(**changes):
        return list({"v": 1, "kind": "heads", "rid": 7, "nodes": [NODE],
                     "digest": d16, "after": ["", 0], **changes}.values())

    def fetch(**changes):
        return list({"v": 1, "kind": "fetch", "rid": 8, "node": NODE,
                     "epoch": TIME, "after": 0, "upto": 100,
                     "prefixes": ["odl/"], "n": 3,
                     "digest": wire.positions_digest([1, 2, 9]),
                     **changes}.values())

    for name, note, m in (
        ("1", "of one node", heads()),
        ("first", "without a list before it", heads(digest=b"")),
        ("many", "of three nodes", heads(nodes=[NODE, "odl/ci-2", "a/b"])),
        ("after", "the next page", heads(after=[NODE, TIME])),
        ("rid-0", "request id 0", heads(rid=0)),
        ("rid-max", "the largest request id", heads(rid=MAX)),
        ("512", "512 nodes", heads(nodes=[f"a/{i}" for i in range(512)]))):
        put(f"heads-ask-{name}", "ok", note, m)
    for name, note, m in (
        ("nodes-str", "a str for the nodes", heads(nodes=NODE)),
        ("node", "a community for a node", heads(nodes=["odl"])),
        ("node-bin", "a bin for a node", heads(nodes=[b"odl/ci-1"])),
        ("digest-15", "15 bytes", heads(digest=d16[:15])),
        ("digest-32", "32 bytes", heads(digest=bytes(32))),
        ("digest-nil", "nil", heads(digest=None)),
        ("after-1", "an element less", heads(after=[NODE])),
        ("after-3", "an element more", heads(after=[NODE, 1, 2])),
        ("after-node", "no node", heads(after=["odl", 1])),
        ("after-empty", "an epoch of no node", heads(after=["", 1])),
        ("after-epoch", "2^53", heads(after=[NODE, MAX + 1])),
        ("after-nil", "nil", heads(after=None)),
        ("rid-negative", "request id -1", heads(rid=-1)),
        ("rid-max", "request id 2^53", heads(rid=MAX + 1)),
        ("rid-str", "a str for the request id", heads(rid="7")),
        ("kind", "a kind nobody knows", heads(kind="tails")),
        ("kind-case", "upper case", heads(kind="Heads")),
        ("kind-bin", "a bin for the kind", heads(kind=b"heads")),
        ("5", "an element less", heads()[:-1]),
        ("7", "an element more", [*heads(), 0]),
        ("2", "no request id", heads()[:2]), ("1", "only a version", [1]),
        ("0", "an empty array", []), ("map", "a map", {"v": 1}),
        ("version-str", "a str for the version", heads(v="1")),
        ("float", "a float in it", heads(after=["", 0.5])),
        ("refused", "an answer, not an ask", [1, "refused", 7, "form"])):
        put(f"heads-ask-bad-{name}", "form", note, m)
    put("heads-ask-bad-version", "version", "version 2", heads(v=2))
    put("heads-ask-bad-version-alone", "version", "version 2 and no more", [2])
    put("heads-ask-bad-version-kind", "version", "version 2 and a kind", [2, "x"])
    put("heads-ask-bad-version-short", "version", "version 2, cut after rid",
        [2, "heads", 1])
    put("heads-ask-bad-version-0", "version", "version 0", heads(v=0))
    put("heads-ask-bad-version-other", "version", "whatever version 2 has",
        [2, {"a": 1}, "x"])
    put("heads-ask-bad-513", "too-big", "513 nodes",
        heads(nodes=[f"a/{i}" for i in range(513)]))
    put("heads-ask-bad-short", "short", "cut", pack(heads())[:-1])
    put("heads-ask-bad-trailing", "trailing", "a byte after it",
        pack(heads()) + b"\0")
    put("heads-ask-bad-16385", "too-big", "more than 16,384 bytes",
        heads(nodes=["a" * 32 + "/" + f"{i:032d}" for i in range(250)]))

    for name, note, m in (
        ("1", "one prefix", fetch()),
        ("all", "every topic", fetch(prefixes=[""])),
        ("none", "with nothing", fetch(n=0, digest=wire.digest16(b""))),
        ("none-empty", "with nothing, an empty digest",
         fetch(n=0, digest=b"")),
        ("one", "one position", fetch(after=5, upto=6, n=1)),
        ("16384", "16,384 positions", fetch(after=5, upto=16389)),
        ("32", "32 prefixes",
         fetch(prefixes=[f"odl/T{i}/" for i in range(32)])),
        ("inside", "a prefix that stops inside an escape",
         fetch(prefixes=["odl/T/a%2"])),
        ("200", "a prefix of 200 bytes",
         fetch(prefixes=["odl/T/" + text_of(193) + "/"])),
        ("full", "with everything", fetch(upto=3)),
        ("max", "the last positions", fetch(after=MAX - 3, upto=MAX)),
        ("epoch-0", "epoch 0", fetch(epoch=0))):
        put(f"fetch-ask-{name}", "ok", note, m)
    for name, note, m in (
        ("node", "a community for a node", fetch(node="odl")),
        ("node-nil", "nil", fetch(node=None)),
        ("epoch", "2^53", fetch(epoch=MAX + 1)),
        ("after", "-1", fetch(after=-1)),
        ("none", "no position", fetch(after=100)),
        ("backwards", "less than none", fetch(after=101)),
        ("upto", "2^53", fetch(after=MAX - 3, upto=MAX + 1)),
        ("prefixes-0", "no prefix", fetch(prefixes=[])),
        ("prefixes-str", "a str for the prefixes", fetch(prefixes="odl/")),
        ("prefix-bin", "a bin for a prefix", fetch(prefixes=[b"odl/"])),
        ("n-more", "more than there are positions", fetch(n=101)),
        ("n-negative", "-1", fetch(n=-1)),
        ("digest-15", "15 bytes", fetch(digest=d16[:15])),
        ("digest-empty", "empty, though n is 3", fetch(digest=b"")),
        ("digest-nothing", "not the digest of nothing, though n is 0",
         fetch(n=0)),
        ("9", "an element less", fetch()[:-1]),
        ("11", "an element more", [*fetch(), 0])):
        put(f"fetch-ask-bad-{name}", "form", note, m)
    for name, note, prefix in (
        ("upper", "no start of a topic", "Odl/"),
        ("bang", "the protocol's own", "!head/"),
        ("plain", "an escaped letter", "odl/T/%41"),
        ("201", "201 bytes", "odl/T/" + text_of(194) + "/")):
        put(f"fetch-ask-bad-prefix-{name}", "form", note,
            fetch(prefixes=["odl/", prefix]))
    put("fetch-ask-bad-16385", "too-big", "16,385 positions",
        fetch(after=5, upto=16390))
    put("fetch-ask-bad-prefixes-33", "too-big", "33 prefixes",
        fetch(prefixes=[f"odl/T{i}/" for i in range(33)]))
    put("fetch-ask-bad-version", "version", "version 2", fetch(v=2))
    put("fetch-ask-bad-short", "short", "cut", pack(fetch())[:-1])
    put("fetch-ask-bad-trailing", "trailing", "a byte after it",
        pack(fetch()) + b"\0")

    def find(**changes):
        return list({"v": 1, "kind": "find", "rid": 9, "community": "odl",
                     "id": name16, **changes}.values())

    name16 = bytes.fromhex("019aab2c5f3e7c619f0e2b1f5a6d7c88")
    put("find-ask-1", "ok", "one event", find())
    put("find-ask-v8", "ok", "an id of version 8",
        find(id=name16[:6] + b"\x8c" + name16[7:]))
    for name, note, m in (
        ("node", "a node for a community", find(community=NODE)),
        ("community", "upper case", find(community="ODL")),
        ("community-empty", "no community", find(community="")),
        ("community-bin", "a bin for it", find(community=b"odl")),
        ("id-15", "15 bytes", find(id=name16[:15])),
        ("id-17", "17 bytes", find(id=name16 + b"\0")),
        ("id-text", "the id as text",
         find(id="019aab2c-5f3e-7c61-9f0e-2b1f5a6d7c88")),
        ("id-nil", "the nil UUID", find(id=bytes(16))),
        ("id-v9", "version 9", find(id=name16[:6] + b"\x9c" + name16[7:])),
        ("id-variant", "another variant",
         find(id=name16[:8] + b"\xdf" + name16[9:])),
        ("4", "an element less", find()[:-1]),
        ("6", "an element more", [*find(), 0])):
        put(f"find-ask-bad-{name}", "form", note, m)
    put("find-ask-bad-version", "version", "version 2", find(v=2))
    put("find-ask-bad-short", "short", "cut", pack(find())[:-1])
    put("find-ask-bad-trailing", "trailing", "a byte after it",
        pack(find()) + b"\0")


def answers():
    def put(name, expect, note, m):
        add("answer", name, expect, note,
            hex=m if isinstance(m, bytes) else pack(m))

    batch = [pack(event(eventTime=TIME + i)) for i in range(3)]
    one = [*seal(batch), 3]
    two = [*seal(batch, epoch=TIME + 1), 2]
    three = [*seal(batch, "key-2", node="onap/ci-1"), 0]

    def heads(whole, **changes):
        return list({"v": 1, "kind": "heads", "rid": 7,
                     "digest": wire.heads_digest(whole), "more": False,
                     "entries": whole, **changes}.values())

    good = heads([one, two, three])
    for name, note, m in (
        ("1", "three logs of two nodes", good),
        ("one", "one log", heads([one])),
        ("none", "nothing held", heads([])),
        ("same", "the list is unchanged", heads([one], entries=[])),
        ("more", "a page of the list", heads([one], more=True))):
        put(f"heads-{name}", "ok", note, m)
    hdr, sig, held = one
    for name, note, m in (
        ("digest", "15 bytes", heads([one], digest=bytes(15))),
        ("digest-empty", "no digest", heads([one], digest=b"")),
        ("more", "an integer", heads([one], more=0)),
        ("more-none", "more after nothing", heads([], more=True)),
        ("entries", "a map", heads([one], entries={})),
        ("entry-2", "an entry of two", heads([one], entries=[one[:2]])),
        ("entry-4", "an entry of four", heads([one], entries=[one + [0]])),
        ("header-array", "a header that is no bin",
         heads([one], entries=[[wire.unpack(hdr), sig, held]])),
        ("signature", "63 bytes",
         heads([one], entries=[[hdr, sig[:63], held]])),
        ("held", "-1", heads([one], entries=[[hdr, sig, -1]])),
        ("held-nil", "nil", heads([one], entries=[[hdr, sig, None]])),
        ("order", "epochs in descending order",
         heads([one], entries=[two, one])),
        ("order-node", "nodes in descending order",
         heads([one], entries=[three, one])),
        ("twice", "an entry twice", heads([one], entries=[one, one])),
        ("5", "an element less", good[:-1]),
        ("7", "an element more", [*good, 0]),
        ("rid", "no request id", [1, "heads"]),
        ("rid-max", "request id 2^53", heads([one], rid=MAX + 1)),
        ("kind", "a kind nobody knows", heads([one], kind="tails")),
        ("header", "the header's count is 0",
         heads([one], entries=[[*seal(batch, count=0), 3]]))):
        put(f"heads-bad-{name}", "form", note, m)
    put("heads-bad-version", "version", "version 2", heads([one], v=2))
    put("heads-bad-header-version", "version", "the header's version is 2",
        heads([one], entries=[[*seal(batch, version=2), 3]]))
    put("heads-bad-header-trailing", "trailing", "a byte after the header",
        heads([one], entries=[[hdr + b"\0", sig, 3]]))
    put("heads-bad-short", "short", "cut", pack(good)[:-1])
    put("heads-bad-trailing", "trailing", "a byte after it",
        pack(good) + b"\0")

    slice_ = wire.make_slice(hdr, sig, batch, [0, 1, 2])

    def fetch(**changes):
        return list({"v": 1, "kind": "fetch", "rid": 8, "covered": 3,
                     "last": 3, "missing": [], "slices": [slice_],
                     **changes}.values())

    for name, note, m in (
        ("1", "all there is", fetch()),
        ("same", "the asker has it all", fetch(slices=[])),
        ("unknown", "a log the answerer does not know",
         fetch(covered=0, last=0, slices=[])),
        ("part", "more is left", fetch(last=1000)),
        ("missing", "positions that are gone",
         fetch(covered=100, last=100, missing=[[4, 2], [7, 1], [50, 51]])),
        ("missing-16384", "as much as an ask may cover",
         fetch(covered=20000, last=20000, missing=[[9, 16384]])),
        ("two", "two slices of a batch", fetch(slices=[
            wire.make_slice(hdr, sig, batch, [0]),
            wire.make_slice(hdr, sig, batch, [1, 2])])),
        ("max", "the largest position", fetch(covered=MAX, last=MAX))):
        put(f"fetch-{name}", "ok", note, m)
    for name, note, m in (
        ("covered", "-1", fetch(covered=-1)),
        ("covered-nil", "nil", fetch(covered=None)),
        ("last", "2^53", fetch(last=MAX + 1)),
        ("last-str", "a str", fetch(last="3")),
        ("missing", "a map", fetch(missing={})),
        ("missing-int", "an integer in it", fetch(missing=[1])),
        ("missing-1", "one element", fetch(missing=[[1]])),
        ("missing-3", "three elements", fetch(missing=[[1, 1, 1]])),
        ("missing-n", "a run of none", fetch(missing=[[1, 0]])),
        ("missing-first", "position 0", fetch(missing=[[0, 1]])),
        ("missing-covered", "beyond covered", fetch(missing=[[3, 2]])),
        ("missing-last", "beyond covered, up to last",
         fetch(last=5, missing=[[4, 1]])),
        ("missing-16385", "more than an ask may cover",
         fetch(covered=20000, last=20000, missing=[[9, 16385]])),
        ("missing-order", "in descending order",
         fetch(missing=[[3, 1], [1, 1]])),
        ("missing-overlap", "runs that overlap",
         fetch(missing=[[1, 2], [2, 1]])),
        ("missing-touching", "runs that touch",
         fetch(missing=[[1, 1], [2, 1]])),
        ("slices", "a bin for the slices", fetch(slices=slice_)),
        ("slice", "a slice that is no bin",
         fetch(slices=[wire.unpack(slice_)])),
        ("6", "an element less", fetch()[:-1]),
        ("8", "an element more", [*fetch(), 0])):
        put(f"fetch-bad-{name}", "form", note, m)
    put("fetch-bad-version", "version", "version 2", fetch(v=2))
    put("fetch-bad-short", "short", "cut", pack(fetch())[:-1])
    put("fetch-bad-trailing", "trailing", "a byte after it",
        pack(fetch()) + b"\0")

    def find(**changes):
        return list({"v": 1, "kind": "find", "rid": 9,
                     "slices": [wire.make_slice(hdr, sig, batch, [1])],
                     **changes}.values())

    put("find-1", "ok", "one event", find())
    put("find-empty", "ok", "not held", find(slices=[]))
    put("find-8", "ok", "an id that a community used eight times",
        find(slices=[b"slice"] * 8))
    for name, note, m in (
        ("slices", "a bin for the slices", find(slices=b"slice")),
        ("slice", "a slice that is no bin", find(slices=["slice"])),
        ("slice-empty", "an empty one", find(slices=[b""])),
        ("3", "no slices", find()[:-1]),
        ("5", "an element more", [*find(), 0])):
        put(f"find-bad-{name}", "form", note, m)
    put("find-bad-9", "too-big", "nine slices", find(slices=[b"slice"] * 9))
    put("find-bad-version", "version", "version 2", find(v=2))
    put("find-bad-short", "short", "cut", pack(find())[:-1])
    put("find-bad-trailing", "trailing", "a byte after it",
        pack(find()) + b"\0")

    put("refused-1", "ok", "the usual one", [1, "refused", 9, "form"])
    put("refused-0", "ok", "the request id could not be read",
        [1, "refused", 0, "short"])
    for reason in wire.REASONS:
        put(f"refused-{reason}", "ok", "a reason of section 12",
            [1, "refused", 9, reason])
    for name, note, m in (
        ("reason-case", "upper case", [1, "refused", 9, "Form"]),
        ("reason-empty", "nothing", [1, "refused", 9, ""]),
        ("reason-int", "an integer", [1, "refused", 9, 5]),
        ("3", "no reason", [1, "refused", 9]),
        ("5", "an element more", [1, "refused", 9, "form", "x"]),
        ("rid", "nil for the request id", [1, "refused", None, "form"])):
        put(f"refused-bad-{name}", "form", note, m)
    put("refused-bad-version", "version", "version 2",
        [2, "refused", 9, "form"])


def main():
    for make in (keys_and_hashes, messagepack, topics, events, headers,
                 slices, asks, answers):
        make()
    keys = {v["name"]: v for v in VECTORS if v["kind"] == "key"}
    wrong = 0
    for v in VECTORS:
        found = check_vectors.find(v, keys)
        if found["expect"] != v["expect"]:
            print(f"{v['name']}: {v['expect']}, the library finds {found}",
                  file=sys.stderr)
            wrong += 1
        if found.get("none") is False:
            del found["none"]
        v.update(found)
    if wrong:
        return 1
    lines = ",\n".join(json.dumps(v) for v in VECTORS)
    check_vectors.FILE.write_text(f"[\n{lines}\n]\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/python3
# SPDX-License-Identifier: MPL-2.0
"""Does cimesh_wire.py still find what vectors.json says? Prints the count.

check_vectors.py [FILE]: exits 1 when something differs.
"""
import collections
import json
import pathlib
import sys

import cimesh_wire as wire

FILE = pathlib.Path(__file__).parent / "vectors.json"


def _key(v, _):
    seed, secret = bytes.fromhex(v["signSeed"]), bytes.fromhex(v["curveSeed"])
    public = wire.sign_public(seed)
    assert wire.key_from_text(wire.key_text(public)) == public
    return {"sign": public.hex(), "curve": wire.curve_public(secret).hex(),
            "keyId": wire.key_id(public).hex(),
            "signText": wire.key_text(public)}


def _leaf(v, _):
    return {"hash": wire.leaf(bytes.fromhex(v["hex"])).hex()}


def _inner(v, _):
    return {"hash": wire.inner(bytes.fromhex(v["left"]),
                               bytes.fromhex(v["right"])).hex()}


def _signature(v, keys):
    header = bytes.fromhex(v["hex"])
    seed = bytes.fromhex(keys[v["key"]]["signSeed"])
    wire.verify(wire.sign_public(seed), header, bytes.fromhex(v["signature"]))
    return {"signature": wire.sign(seed, header).hex()}


def _msgpack(v, _):
    wire.unpack(bytes.fromhex(v["hex"]), v["depth"], v["items"])
    return {}


def _topic(v, _):
    wire.check_topic(v["text"])
    return {}


def _segment(v, _):
    return {"segment": wire.spell(v["text"])}


def _prefix(v, _):
    return {"prefix": wire.prefix_of(v["typed"])}


def _event(v, _):
    wire.check_event(bytes.fromhex(v["hex"]), v["as"] == "publish")
    return {}


def _speaks(v, _):
    wire.speaks(v["topic"], v["node"])
    return {}


def _header(v, _):
    data = bytes.fromhex(v["hex"])
    h = wire.read_header(data)
    assert h.pack() == data
    return {"node": h.node, "keyId": h.key_id.hex(), "epoch": h.epoch,
            "first": h.first, "count": h.count, "root": h.root.hex(),
            "prev": h.prev.hex(), "time": h.time,
            "hash": wire.hash32(data).hex()}


def _tree(v, _):
    leaves = [wire.leaf(bytes.fromhex(e)) for e in v["events"]]
    return {"root": wire.tree_root(leaves).hex()}


def _slice(v, keys):
    s = wire.check_slice(bytes.fromhex(v["hex"]), _public(v, keys))
    return {"events": [e.hex() for e in s.events], "indices": s.indices}


def _beacon(v, keys):
    found = wire.check_beacon(bytes.fromhex(v["hex"]), _public(v, keys))
    return {"none": found is None}


def _ask(v, _):
    message = wire.read_ask(bytes.fromhex(v["hex"]))
    return {"message": message.kind, "rid": message.rid}


def _answer(v, _):
    message = wire.read_answer(bytes.fromhex(v["hex"]))
    return {"message": message.kind, "rid": message.rid}


def _public(v, keys):
    return wire.sign_public(bytes.fromhex(keys[v["key"]]["signSeed"]))


FIND = {"key": _key, "leaf": _leaf, "inner": _inner, "signature": _signature,
        "msgpack": _msgpack, "topic": _topic, "segment": _segment,
        "prefix": _prefix, "event": _event, "speaks": _speaks,
        "header": _header, "tree": _tree, "slice": _slice, "beacon": _beacon,
        "ask": _ask, "answer": _answer}


def find(vector, keys):
    """What the library finds for a vector: `expect`, and the rest if ok.

    keys: the key vectors by their names.
    """
    try:
        return {"expect": "ok", **FIND[vector["kind"]](vector, keys)}
    except wire.Refused as refused:
        return {"expect": refused.reason}


def differences(vectors):
    """A line for each vector of which something else is found."""
    keys = {v["name"]: v for v in vectors if v["kind"] == "key"}
    for v in vectors:
        for name, value in find(v, keys).items():
            given = v.get(name, False if name == "none" else None)
            if given != value:
                yield f"{v['name']}: {name} is {given!r:.80}, not {value!r:.80}"


def main():
    path = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else FILE
    vectors = json.loads(path.read_text())
    counts = collections.Counter(v["kind"] for v in vectors)
    wrong = list(differences(vectors))
    names = collections.Counter(v["name"] for v in vectors)
    wrong += [f"{name}: twice" for name, n in names.items() if n > 1]
    wrong += [f"no vector of kind {kind}" for kind in FIND if not counts[kind]]
    print(*wrong, sep="\n", end="\n" if wrong else "")
    print(f"{len(vectors)} vectors:",
          ", ".join(f"{kind} {counts[kind]}" for kind in FIND))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())

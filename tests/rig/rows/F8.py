#!/usr/bin/env python3
# SPDX-License-Identifier: MPL-2.0
"""The vectors, and changes of them at random, before two implementations: the
library in C and the one in Python that was written from WIRE.md. Both have to
take the same bytes, find the same in them, and refuse the same."""
import json
import os
import re
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from rig import TOP, Row, program  # noqa: E402
sys.path.insert(0, os.path.join(TOP, "tests", "vectors"))
from check_vectors import differences, find  # noqa: E402

CHANGED = {"msgpack", "event", "header", "slice", "beacon", "ask", "answer"}


def change(random, data):
    """One to three changes of these bytes."""
    data = bytearray(data)
    for _ in range(random.choice([1, 1, 1, 2, 3])):
        at = random.randrange(len(data) + 1)
        kind = random.randrange(6)
        if kind == 0 and at < len(data):
            data[at] ^= 1 << random.randrange(8)
        elif kind == 1 and at < len(data):
            data[at] = random.choice([0, 1, 0x7f, 0x80, 0x90, 0xc0, 0xc1, 0xc4, 0xcc, 0xcf, 0xd3, 0xd9, 0xdc, 0xff])
        elif kind == 2:
            del data[at:at + random.choice([1, 1, 2, 8])]
        elif kind == 3:
            data[at:at] = random.randbytes(random.choice([1, 1, 2, 8]))
        elif kind == 4:
            del data[at:]
        else:
            begin = random.randrange(len(data) + 1)
            data[at:at] = data[begin:begin + random.randrange(1, 40)]
    return bytes(data)


with Row("F8", "two implementations, one verdict", unit="vectors", short=4_000, long=300_000) as row:
    with open(os.path.join(TOP, "tests", "vectors", "vectors.json")) as f:
        tree = json.load(f)
    keys = {v["name"]: v for v in tree if v["kind"] == "key"}
    for line in differences(tree):
        row.violation("F8", f"Python: {line}")
    seeds = [v for v in tree if v["kind"] in CHANGED and v.get("hex")]
    taken, other_word = 0, 0
    while row.reached < row.target:
        vectors = list(tree)
        for i in range(min(20_000, row.target - row.reached - (len(tree) if not row.reached else 0))):
            old = row.random.choice(seeds)
            new = {k: old[k] for k in ("kind", "key", "as", "depth", "items") if k in old}
            new.update(name=f"changed-{i}", note=old["name"], hex=change(row.random, bytes.fromhex(old["hex"])).hex())
            new.update(find(new, keys))
            taken += new["expect"] == "ok"
            vectors.append(new)
        path = os.path.join(row.dir, "vectors.json")
        with open(path, "w") as f:
            json.dump(vectors, f)
        run = subprocess.run([program("vectors_test"), path], capture_output=True, text=True)
        for name, expected, got in re.findall(r"(\S+): expected (\S+), got (\S+)", run.stdout + run.stderr):
            if "ok" in (expected, got) or not name.startswith("changed-"):
                hex_ = next(v["hex"] for v in vectors if v["name"] == name)
                row.violation("F8", f"{name}: Python says {expected}, C says {got}: {hex_[:300]}")
            else:
                other_word += 1
        if f"{len(vectors)} vectors" not in run.stdout + run.stderr:
            row.violation("F8", f"C did not read all: {(run.stdout + run.stderr)[-500:]}")
        row.reached += len(vectors) if not row.reached else len(vectors) - len(tree)
    row.figure("in the tree", len(tree))
    row.figure("changed and still taken", taken)
    row.figure("refused by both, with other words", other_word)

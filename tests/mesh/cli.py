# SPDX-License-Identifier: MPL-2.0
"""cli - what the tests of the command line share: runs, sites, proofs.

The sealing below follows proto/WIRE.md with python3-msgpack and
python3-nacl, and nothing of the program.
"""
import base64
import hashlib
import json
import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest

import msgpack
import nacl.signing

BIN = os.environ["CIMESH_BIN"]
ID = "018f6b2e-7c4d-7a3b-9e5f-0123456789ab"


class Case(unittest.TestCase):
    """A folder of its own, and runs of the program with checked exit codes."""

    def setUp(self):
        self.tmp = pathlib.Path(tempfile.mkdtemp(prefix="cli-"))
        self.addCleanup(shutil.rmtree, self.tmp)
        # No node runs in these tests, and no site of this machine is met.
        self.env = {"PATH": "/usr/bin:/bin", "CIMESH_DIR": str(self.tmp / "no")}
        for name in ("ASAN_OPTIONS", "UBSAN_OPTIONS", "TSAN_OPTIONS"):
            if name in os.environ:
                self.env[name] = os.environ[name]

    def run_bin(self, *args, code=0, input=None, env=None):
        """Runs, expects the exit code or one of some; (stdout, stderr)."""
        if isinstance(input, str):
            input = input.encode()
        p = subprocess.run([BIN, *map(str, args)], input=input or b"",
                           capture_output=True, timeout=120, cwd=self.tmp,
                           env={**self.env, **(env or {})})
        out, err = p.stdout.decode(), p.stderr.decode()
        self.assertIn(p.returncode, code if isinstance(code, tuple) else [code],
                      f"{args}\nstdout: {out}\nstderr: {err}")
        return out, err

    def init(self, node, *args, port=7570):
        """A site in a folder named after the node; returns its path."""
        site = self.tmp / node.replace("/", "-")
        if port:
            args = ("--endpoint", f"tcp://127.0.0.1:{port}", *args)
        self.run_bin("--dir", site, "init", node, *args)
        return site

    def tree(self, folder):
        """Every file below, with its bytes: to see that nothing changed."""
        return {str(p): p.is_file() and p.read_bytes()
                for p in sorted(pathlib.Path(folder).rglob("*"))}


def keys(site):
    """Public keys and fingerprint, as `key show --json` tells them."""
    out = subprocess.run([BIN, "--dir", site, "key", "show", "--json"],
                         capture_output=True, check=True).stdout
    return json.loads(out)


# ---- sealing ---------------------------------------------------------------

def b64(data):
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def unb64(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def blake(data):
    return hashlib.blake2b(data, digest_size=32).digest()


def root(leaves):
    if len(leaves) == 1:
        return leaves[0]
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    return blake(b"\x01" + root(leaves[:k]) + root(leaves[k:]))


def nodes(leaves, wanted, lo=0):
    """What a checker needs beside the wanted leaves, left to right."""
    if not any(lo <= i < lo + len(leaves) for i in wanted):
        return root(leaves)
    if len(leaves) == 1:
        return b""
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    return nodes(leaves[:k], wanted, lo) + nodes(leaves[k:], wanted, lo + k)


def event(community="odl", **more):
    return {"v": 1, "eventId": ID, "eventType": "ArtifactCreated",
            "eventTime": 1795350896789,
            "topic": f"{community}/ArtifactCreated/master/",
            "buildUrl": "https://ci.example.org/1",
            "artifactUrl": "https://nexus.example.org/a.zip",
            "projectBranch": "master",
            "confidenceLevel": {"AUTORELEASE": "SUCCESS"}, **more}


def signer(site):
    for line in (site / "keys/node.key").read_text().splitlines():
        if line.startswith("sign = "):
            return nacl.signing.SigningKey(unb64(line[7:]))
    raise AssertionError("no key")


def proof(site, node, events, pick=0, topic=None, epoch=1795350896789,
          first=1, time=1795350897000):
    """{topic, slice} of one event out of a batch sealed by this site's key."""
    key = signer(site)
    raw = [msgpack.packb(e, use_bin_type=True) for e in events]
    leaves = [blake(b"\x00" + r) for r in raw]
    keyid = blake(b"cimesh key v1\x00" + bytes(key.verify_key))[:8]
    header = msgpack.packb([1, node, keyid, epoch, first, len(raw),
                            root(leaves), bytes(32), time], use_bin_type=True)
    signature = key.sign(b"cimesh batch v1\x00" + header).signature
    cut = msgpack.packb([header, signature, [[pick, 1]], [raw[pick]],
                         nodes(leaves, [pick])], use_bin_type=True)
    return json.dumps({"topic": topic or events[pick]["topic"],
                       "slice": b64(cut)})

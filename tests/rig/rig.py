# SPDX-License-Identifier: MPL-2.0
"""One row of the reliability matrix: a fault, how often it happened, what broke.

    from rig import Row
    with Row("C4", "replayed frames", unit="frames", short=20_000, long=1_000_000) as row:
        row.reached += 1
        row.violation("P1", "odl:0198... was acknowledged and is nowhere")

A row runs alone: `python3 tests/rig/rows/C4.py [--long] [--seed N]`. Its last
line is `RIG {...}`, which run.py makes a table of. It exits 1 when something
was violated, when it could not be run, or when it reached less than it should.
Times are figures, never verdicts.

CIMESH_BIN names the program; without it a build of this tree is taken, `rig`
before `debug`. CIMESH_RIG_DIR is where scratch goes, /var/tmp without it.
CIMESH_KEEP=1 keeps it. Beside Row there are Ledger and Journal (what was
promised, what ran), check and settle (is it all there), Proxy (bad links), and
Mesh, Node, artifact and wait of tests/mesh/mesh.py.
"""
import argparse
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(1, os.path.join(TOP, "tests", "mesh"))


def _program():
    given = os.environ.get("CIMESH_BIN")
    if given:
        return os.path.abspath(given)
    for preset in "rig", "debug":
        path = os.path.join(TOP, "build", preset, "node", "cimesh")
        if os.path.exists(path):
            return path
    sys.exit("no program: cmake --preset rig && cmake --build --preset rig, or set CIMESH_BIN")


BIN = os.environ["CIMESH_BIN"] = _program()


def program(name):
    """A helper program of the same build: build/PRESET/tests/NAME."""
    path = os.path.join(os.path.dirname(os.path.dirname(BIN)), "tests", name)
    if not os.path.exists(path):
        sys.exit(f"{path} is not built: cmake --build --preset rig --target {name}")
    return path


# These find the program in the environment.
from mesh import Mesh, Node, Refused, artifact, wait  # noqa: E402, F401
from checker import check, settle  # noqa: E402, F401
from ledger import Journal, Ledger, hooks_done  # noqa: E402, F401
from proxy import Link, Proxy, cut_from, heal_pair  # noqa: E402, F401


def _scratch(name):
    """A directory on a real disk: what a power cut would keep."""
    for parent in os.environ.get("CIMESH_RIG_DIR", "/var/tmp"), os.path.join(TOP, "build"):
        kind = subprocess.run(["stat", "-f", "-c", "%T", parent], capture_output=True, text=True)
        if kind.returncode == 0 and kind.stdout.strip() != "tmpfs":
            break
    return tempfile.mkdtemp(prefix=f"rig-{name}-", dir=parent)


class Row:
    """with Row(...) as row: the work of one row, its counts and its verdict."""

    def __init__(self, name, what, *, unit, short, long, alone=False):
        parser = argparse.ArgumentParser(description=f"{name}: {what}")
        parser.add_argument("--long", action="store_true", help="the full count")
        parser.add_argument("--seed", type=int, help="repeats a run")
        options = parser.parse_args()
        self.name, self.what, self.unit, self.alone = name, what, unit, alone
        self.long = options.long
        self.target = long if options.long else short
        self.seed = options.seed if options.seed is not None else int(time.time() * 1000) % 2**31
        self.random = random.Random(self.seed)
        self.reached, self.violations, self.note, self.figures = 0, 0, "", {}

    def __enter__(self):
        signal.signal(signal.SIGTERM, self._ended)
        print(f"{self.name}: {self.what}; {self.target:,} {self.unit}, seed {self.seed}", flush=True)
        self.begin = time.monotonic()
        self.dir = _scratch(self.name)
        tempfile.tempdir = self.dir
        return self

    @staticmethod
    def _ended(*_):
        """Told to end: as an exception, so that all that was started ends."""
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        sys.exit(143)

    def violation(self, promise, text):
        """A promise was broken: says which and how, and the row fails."""
        self.violations += 1
        print(f"{self.name}: VIOLATION {promise}: {text}", flush=True)

    def figure(self, name, value):
        """A number for the table."""
        self.figures[name] = value

    def say(self, text):
        """Progress, for who looks on."""
        print(f"{self.name} {time.monotonic() - self.begin:6.1f} s  {text}", flush=True)

    def __exit__(self, kind, value, trace):
        tempfile.tempdir = None
        broken = kind is not None
        if broken:
            traceback.print_exception(kind, value, trace)
            self.note = f"{kind.__name__}: {value}"[:200] + (f"; {self.note}" if self.note else "")
        if not os.environ.get("CIMESH_KEEP"):
            shutil.rmtree(self.dir, ignore_errors=True)
        result = {"row": self.name, "what": self.what, "unit": self.unit, "target": self.target,
                  "reached": self.reached, "violations": self.violations, "broken": broken,
                  "seed": self.seed, "seconds": round(time.monotonic() - self.begin, 1),
                  "figures": self.figures, "note": self.note}
        sys.stderr.flush()
        print("RIG " + json.dumps(result), flush=True)
        if broken or self.violations or self.reached < self.target:
            sys.exit(1)

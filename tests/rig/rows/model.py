#!/usr/bin/python3
# SPDX-License-Identifier: MPL-2.0
"""The decisions under random schedules of faults, with their invariants I1 to
I5 (tests/model/sim_check.c): nothing lost that somebody holds, once each; no
cursor past a hole; one event a position; clones noticed; quiet in the end."""
import os
import re
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from rig import Row, program  # noqa: E402

SECONDS = 300  # of a long run; what fits is what is run
CHUNK = 500


def sim(row, *words):
    """Plans it ran; each one with a violation is one of the row's."""
    run = subprocess.run([program("sim"), *words], capture_output=True, text=True)
    for line in run.stdout.splitlines():
        if re.match(r"seed \d+: ", line) and " in all" in line:
            row.violation(line.split(": ")[1], f"{line}; again: sim {line.split(':')[0].replace('seed', '--seed')} --trace")
    if run.returncode not in (0, 1) or (run.returncode and not row.violations):
        raise AssertionError(f"sim {words}: {run.returncode} {run.stdout[-500:]}{run.stderr[-500:]}")
    ran = re.search(r"^rig model (\d+) plans", run.stdout, re.M)
    return int(ran[1]) if ran else 0


with Row("model", "random fault schedules, I1 to I5", unit="plans",
         short=100, long=2000) as row:
    sim(row, "--regressions")
    sim(row, "--cases")
    seed, begin = row.random.randrange(10**6, 10**9), time.monotonic()
    while row.reached < row.target or (row.long and time.monotonic() - begin < SECONDS):
        n = min(CHUNK, row.target) if not row.long else CHUNK
        row.reached += sim(row, "--seeds", str(seed + row.reached), str(seed + row.reached + n - 1))
    row.figure("plans a minute", round(row.reached / (time.monotonic() - begin) * 60))
    row.figure("first seed", seed)

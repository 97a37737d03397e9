#!/usr/bin/env python3
# SPDX-License-Identifier: MPL-2.0
"""A second start on the same directory, while the first one works: refused with
75 and the pid of the first, which is not disturbed."""
import os
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from rig import BIN, Ledger, Mesh, Row, check  # noqa: E402

with Row("B8", "a second start on one directory", unit="starts", short=20, long=100) as row, Mesh() as mesh:
    odl = mesh.node("odl/ci-1")
    odl.start()
    ledger = Ledger(row, odl, rate=100).start()
    took = []
    while row.reached < row.target:
        begin = time.monotonic()
        run = subprocess.run([BIN, "--dir", odl.dir, "node"], capture_output=True, text=True, timeout=20)
        took.append(time.monotonic() - begin)
        row.reached += 1
        if run.returncode != 75 or f"pid {odl.process.pid}" not in run.stderr:
            row.violation("B8", f"the second start ended with {run.returncode}: {run.stderr}")
    ledger.stop()
    odl.alive()
    row.figure("events meanwhile", check(row, mesh, [ledger])["acknowledged"])
    row.figure("refused after, worst ms", round(max(took) * 1000))

#!/usr/bin/env python3
# SPDX-License-Identifier: MPL-2.0
"""A node with hardly any descriptors, or hardly any memory, while silent
connections and readers take what there is and it is killed now and then: it
never aborts, an acknowledgement always holds, and it says why it cannot."""
import os
import signal
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from rig import Ledger, Mesh, Row, check, settle, wait  # noqa: E402
from hostile import hang_on  # noqa: E402

LIMITS = ["--nofile=64:64", "--nofile=56:56", "--as=268435456", "--as=402653184 --nofile=64:64",
          "--nofile=32:32", "--as=134217728"]


def ended(node):
    return node.process.poll() is not None


def answers(node):
    if ended(node):
        return True
    try:
        return node.http("GET", "/livez", timeout=1)[0] == 200
    except OSError:
        return False


with Row("G7", "few descriptors, little memory", unit="starts", short=6, long=90) as row, Mesh() as mesh:
    odl, opnfv = mesh.node("odl/ci-1"), mesh.node("opnfv/ci-1").follow("odl/")
    mesh.befriend()
    opnfv.start()
    jobs = Ledger(row, odl, rate=100).start()
    gave_up, lived = {}, 0
    while row.reached < row.target:
        limits = LIMITS[row.reached % len(LIMITS)]
        odl.wrap = ["prlimit", *limits.split(), "--"]
        odl.start(wait_ready=False)
        row.reached += 1
        wait("it answers or ends", lambda: answers(odl), 60)
        socks = [] if ended(odl) else hang_on(odl, 300)
        end = time.monotonic() + row.random.uniform(0.5, 2)
        while not ended(odl) and time.monotonic() < end:
            time.sleep(0.1)
            answers(odl)
        if ended(odl):
            code = odl.process.returncode
            gave_up[f"{code} under {limits}"] = gave_up.get(f"{code} under {limits}", 0) + 1
            if code < 0:
                row.violation("G7", f"ended by signal {-code} under {limits}")
        else:
            lived += 1
            odl.signal(signal.SIGKILL if row.random.random() < 0.5 else signal.SIGTERM)
            odl.process.wait(30)
        odl.process = None
        for s in socks:
            s.close()
    odl.wrap = []
    odl.start()
    jobs.stop()
    row.figure("lived until killed", lived)
    row.figure("gave up with", gave_up)
    row.figure("acknowledged", len(jobs))
    row.figure("settled s", settle(row, mesh))
    row.note = "task limits do not bind root and are not tried"
    check(row, mesh, [jobs])

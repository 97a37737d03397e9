#!/usr/bin/env python3
# SPDX-License-Identifier: MPL-2.0
"""The disk becomes read-only and writable again: publishing is refused with
507, status says read-only, reading and serving go on, nothing ends. A system
does that to a disk with errors; for a mount with files open to be written only
a kernel can, so here writes and truncations fail with EROFS (tests/mesh/fault.c).
As root a start on a disk that really is read-only is tried as well."""
import os
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from rig import BIN, Mesh, Refused, Row, artifact, check, program, settle, wait  # noqa: E402


def start_is_refused(row, node):
    """On a mount that is read-only: words, and an exit code of its own."""
    data = os.path.join(node.dir, "data")
    if subprocess.run(["mount", "--bind", data, data], capture_output=True).returncode:
        return "no root: not tried"
    try:
        subprocess.run(["mount", "-o", "remount,bind,ro", data], check=True)
        run = subprocess.run([BIN, "--dir", node.dir, "node"], capture_output=True, text=True, timeout=20)
        if run.returncode != 74 or "Read-only file system" not in run.stderr:
            row.violation("B2", f"start on a read-only disk: {run.returncode} {run.stderr}")
    finally:
        subprocess.run(["umount", "-l", data], check=True)
    return "refused with 74"


with Row("B2", "a disk that becomes read-only and writable again", unit="flips", short=5, long=50) as row, \
        Mesh() as mesh:
    os.environ["CIMESH_FAULT_LIB"] = program("libcim_fault.so")
    odl, opnfv = mesh.node("odl/ci-1"), mesh.node("opnfv/ci-1").follow("odl/")
    readonly = odl.faults() + ".readonly"
    mesh.befriend()
    mesh.start()
    opnfv.wait_peer(odl)
    acked, slowest = 0, 0
    while row.reached < row.target:
        for _ in range(row.random.randrange(1, 5)):
            acked += len(odl.publish(*[artifact(n=acked + i) for i in range(10)]))
        open(readonly, "w").close()
        try:
            odl.publish(artifact(n=acked))
            row.violation("P1", "acknowledged on a read-only disk")
        except Refused as e:
            if e.status != 507:
                row.violation("B2", f"refused with {e}")
        if odl.status()["storage"] != "read-only" or len(odl.all()) != acked:
            row.violation("B2", f"status {odl.status()}")
        wait("it serves", lambda: opnfv.status()["stored"] == acked)
        os.unlink(readonly)
        begin = time.monotonic()

        def taken():
            try:
                return odl.publish(artifact(n=acked))
            except Refused as e:
                assert e.status in (503, 507), e
        acked += len(wait("it goes on", taken))
        slowest = max(slowest, time.monotonic() - begin)
        row.reached += 1
    settle(row, mesh)
    row.figure("events", check(row, mesh)["events"])
    row.figure("again, worst s", round(slowest, 2))
    if len(odl.all()) != acked or opnfv.status()["stored"] != acked:
        row.violation("P2", f"{acked} acknowledged, {len(odl.all())} and {opnfv.status()['stored']} stored")
    if odl.stop() != 0:
        row.violation("B2", "did not end well")
    row.note = "start on a read-only mount: " + start_is_refused(row, odl)

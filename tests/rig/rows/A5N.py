#!/usr/bin/env python3
# SPDX-License-Identifier: MPL-2.0
"""A5N: a write fails in every step of a transaction, in whole nodes under load.

EIO leaves in doubt what the disk has: the node says so and ends with 74,
without an acknowledgement for what was in that transaction. ENOSPC is refused
and over when there is room again: the node lives, says 507, and takes events
again by itself. In the end all that was acknowledged is everywhere, once.
"""
import os
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from rig import Journal, Ledger, Mesh, Row, check, hooks_done, settle, wait  # noqa: E402
from invariants import broken  # noqa: E402

STEPS = ("begin", "log", "event", "position", "own", "batch", "head", "cursor", "run", "run-end",
         "hook", "commit")
RARE = {"log": 1, "run": 3, "run-end": 3, "hook": 3}
WAIT_S = 20


def arm(row, node, step, error):
    at = row.random.randint(1, RARE.get(step, 30))
    node.env["CIMESH_FAILPOINT"] = f"store-{step}=error:{error}@{at}"
    node.start(wait_ready=False)
    del node.env["CIMESH_FAILPOINT"]
    return f"store-{step}=error:{error}@{at}"


def fails(row, node, step):
    """EIO: it ends, and says why."""
    rule = arm(row, node, step, "EIO")
    code = node.process.wait(timeout=WAIT_S)
    node.process = None
    if code != 74:
        row.violation("P1", f"{node.name} ended with {code}, not 74, after {rule}")
    for text in broken(node):
        row.violation("P1", f"after {rule}: {text}")


def is_full(row, node, step, ledgers):
    """ENOSPC, once: it lives and goes on."""
    before = node.log_text().count("FAILPOINT name=")
    rule = arm(row, node, step, "ENOSPC")
    wait(f"{rule} at {node.name}", lambda: node.alive() and
         node.log_text().count("FAILPOINT name=") > before, WAIT_S)
    begin, had = time.monotonic(), [len(ledger) for ledger in ledgers]
    wait(f"{node.name} takes events again after {rule}", lambda: node.alive() and
         all(len(ledger) > n for ledger, n in zip(ledgers, had)), WAIT_S)
    took = time.monotonic() - begin
    node.kill()
    for text in broken(node):
        row.violation("P1", f"after {rule}: {text}")
    return took


def main():
    with Row("A5N", "writes that fail inside every transaction", unit="failures", short=2 * len(STEPS),
             long=20 * len(STEPS)) as row, Mesh() as mesh:
        odl, opnfv = mesh.node("odl/ci-1").follow("opnfv/"), mesh.node("opnfv/ci-1").follow("odl/")
        mesh.befriend()
        journals = [Journal(row, n, topic=f"{o}/ArtifactCreated/hooked/") for n, o in ((odl, "opnfv"), (opnfv, "odl"))]
        for j in journals:
            Journal.install(j)
        mesh.start()
        ledgers = {n: [Ledger(row, n, rate=r, branch=b).start() for r, b in ((80, "master"), (10, "hooked"))]
                   for n in (odl, opnfv)}
        back = []
        todo = [(s, e) for s in STEPS for e in ("EIO", "ENOSPC")] * (row.target // len(STEPS) // 2)
        row.random.shuffle(todo)
        for step, error in todo:
            node = row.random.choice((odl, opnfv))
            if node.process:
                node.kill()
            if error == "EIO":
                fails(row, node, step)
            else:
                back.append(is_full(row, node, step, ledgers[node]))
            node.start(wait_ready=False)
            row.reached += 1
        for n in odl, opnfv:
            n.wait_up()
        for ledger in ledgers[odl] + ledgers[opnfv]:
            ledger.stop()
        if settle(row, mesh, 60) is None:
            row.violation("P2", "the stores did not converge within a minute")
        hooks_done(row, odl, opnfv)
        counts = check(row, mesh, ledgers[odl] + ledgers[opnfv], journals)
        row.figure("acknowledged", counts["acknowledged"])
        row.figure("takes events again s, worst", round(max(back), 2))


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
# SPDX-License-Identifier: MPL-2.0
"""The checker finds what is broken: two good stores, then each promise broken
by hand in the files, one after the other."""
import os
import shutil
import sqlite3
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from rig import Journal, Ledger, Mesh, Row, check, settle, wait  # noqa: E402


class Silent:
    """Takes violations instead of a row."""

    def __init__(self):
        self.kinds, self.violations = set(), 0

    def violation(self, promise, text):
        self.kinds.add(promise)


def sql(path, *statements):
    db = sqlite3.connect(path)
    for s in statements:
        db.execute(s)
    db.commit()
    db.close()


with Row("self", "the checker finds what is broken", unit="faults", short=8, long=8) as row, Mesh() as mesh:
    odl, opnfv = mesh.node("odl/ci-1"), mesh.node("opnfv/ci-1").follow("odl/")
    journal = Journal(row, opnfv, topic="odl/")
    Journal.install(journal)
    mesh.befriend()
    mesh.start()
    opnfv.wait_peer(odl)
    ledger = Ledger(row, odl, rate=0, batch=7, count=70).start().join()
    assert settle(row, mesh) is not None
    wait("hooks ran", lambda: len({e for _, e in journal.runs()}) == 70)
    wait("and are done", lambda: not os.listdir(opnfv.dir + "/run/hooks"))
    odl.kill()  # what a killed node leaves is read as well
    opnfv.stop()
    good = Silent()
    result = check(good, mesh, [ledger], [journal])
    assert not good.kinds and result["events"] == 140 and result["proven"] == 140, (good.kinds, result)

    def broken(promises, change):
        """This change of the files breaks just these promises."""
        files = [odl.dir + "/data", opnfv.dir + "/data", ledger.path, journal.path]
        for f in files:
            (shutil.copytree if os.path.isdir(f) else shutil.copy)(f, f + ".good")
        change()
        said = Silent()
        check(said, mesh, [ledger], [journal])
        if said.kinds != promises:
            row.violation("checker", f"found {said.kinds}, not {promises}")
        for f in files:
            shutil.rmtree(f) if os.path.isdir(f) else os.unlink(f)
            os.rename(f + ".good", f)
        row.reached += 1

    def lines(path, change):
        with open(path) as f:
            old = f.readlines()
        with open(path, "w") as f:
            f.writelines(change(old))

    there, here = odl.dir + "/data/cimesh.db", opnfv.dir + "/data/cimesh.db"
    lose = ["DELETE FROM event WHERE seq = 30", "DELETE FROM position WHERE seq = 30"]
    broken({"P2", "P3"}, lambda: sql(here, *lose))
    broken({"P2"}, lambda: sql(here, *lose, "INSERT INTO gap SELECT id, 30, 1 FROM log"))
    broken({"P1", "P3"}, lambda: sql(there, *lose))
    broken({"P4"}, lambda: sql(here, "UPDATE event SET bytes = zeroblob(9) WHERE seq = 5"))
    broken({"P2", "order", "P5"}, lambda: sql(here, "UPDATE event SET id = zeroblob(16) WHERE seq = 6"))
    broken({"P1", "P2"}, lambda: lines(ledger.path, lambda l: l + [" ".join(l[3].split()[:4] + ["99\n"])]))
    broken({"P5"}, lambda: lines(journal.path, lambda l: l[:20] + l[21:]))
    broken({"P5"}, lambda: lines(journal.path, lambda l: l + l[:1]))

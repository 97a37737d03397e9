#!/usr/bin/env python3
# SPDX-License-Identifier: MPL-2.0
"""Kill -9 at every statement of a change of schema, from nothing and from
schema 1: the next start finds the old database or the new one and goes on. An
older program leaves a newer database alone, with 78 and a sentence. On a disk
that is cut off: tests/fault/migrate_test.c, which this runs as well."""
import os
import re
import signal
import sqlite3
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from rig import BIN, TOP, Mesh, Row, artifact, wait  # noqa: E402
from forms import run_forms  # noqa: E402

FIXTURE = os.path.join(TOP, "tests", "unit", "schema_1.sql")
EVENTS = 5


def database(node):
    return os.path.join(node.dir, "data", "cimesh.db")


def make_old(node):
    """The fixture as this node's database; its peers are not in the roster."""
    clear(node)
    db = sqlite3.connect(database(node))
    with open(FIXTURE) as f:
        db.executescript(f.read())
    db.execute("DELETE FROM roster")
    db.commit()
    db.execute("PRAGMA journal_mode = WAL")
    db.close()


def clear(node):
    folder = os.path.dirname(database(node))
    for name in os.listdir(folder):
        os.unlink(os.path.join(folder, name))


def version(node):
    db = sqlite3.connect(f"file:{database(node)}?mode=ro", uri=True)
    try:
        return (db.execute("PRAGMA user_version").fetchone()[0],
                db.execute("PRAGMA integrity_check").fetchone()[0])
    finally:
        db.close()


def kill_at(row, node, k, old, newest):
    """False when there is no k-th statement. Twice: the second start is killed too."""
    for _ in range(2):
        node.env["CIMESH_FAILPOINT"] = f"migration-step=crash@{k}"
        with open(node.log, "ab") as log:
            run = subprocess.Popen([BIN, "--dir", node.dir, "node"], stdin=subprocess.DEVNULL,
                                   stdout=log, stderr=log, env=dict(os.environ, **node.env))
        wait("it was killed, or is up", lambda: run.poll() is not None or node.get("/livez")[0] == 200)
        if run.poll() is None:
            run.send_signal(signal.SIGTERM)
            run.wait(20)
            return False
        if run.returncode != -signal.SIGKILL:
            row.violation("J2", f"statement {k}: ended with {run.returncode}")
        row.reached += 1
        found, whole = version(node)
        if found not in (old, newest) or whole != "ok":
            row.violation("J2", f"killed after statement {k}: schema {found}, {whole}")
    return True


def goes_on(row, node, events, k):
    node.env.pop("CIMESH_FAILPOINT")
    node.start()
    if len(node.all()) != events:
        row.violation("P1", f"killed after statement {k}: {len(node.all())} of {events} events")
    node.publish(artifact(community=node.community, n=k))
    if node.stop() != 0:
        row.violation("J2", f"killed after statement {k}: did not end well")
    said = node.cli("fsck", code=None)
    if "all is whole" not in said:
        row.violation("J2", f"killed after statement {k}: fsck says {said}")


def older_program(row, node, newest):
    """What this program does with the next one's database an older one does with ours."""
    db = sqlite3.connect(database(node))
    db.execute(f"PRAGMA user_version = {newest + 1}")
    db.close()
    run = subprocess.run([BIN, "--dir", node.dir, "node"], capture_output=True, text=True, timeout=20)
    if run.returncode != 78 or "newer cimesh" not in run.stderr:
        row.violation("J2", f"a newer database: {run.returncode} {run.stderr}")
    if version(node)[0] != newest + 1:
        row.violation("J2", "a newer database was changed")


with Row("J2", "kill -9 in a change of schema", unit="kills and cuts", short=150, long=200) as row, \
        Mesh() as mesh:
    node = mesh.node("late/ci-1")
    run_forms(row, ("fault_migrate_test", "--seed", row.seed % 2**31))
    forms = row.reached
    node.start()
    node.stop()
    newest = version(node)[0]
    for old, events, make in ((0, 0, clear), (1, EVENTS, make_old)):
        step = 1 if row.long else 5
        for k in range(1, 1000, step):
            make(node)
            met = kill_at(row, node, k, old, newest)
            goes_on(row, node, events, k) if met else None
            if not met:
                break
    older_program(row, node, newest)
    row.figure("kills", row.reached - forms)
    row.figure("schema", newest)

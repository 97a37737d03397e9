# SPDX-License-Identifier: MPL-2.0
"""A backup taken under load is of one moment, appears whole or not at all, and
put back reuses no position: what came after it comes back from the peers."""
import os
import shutil
import sqlite3
import threading

from mesh import Mesh, artifact, wait


def load(node, stop, places):
    n = 1000
    while not stop.is_set():
        places += node.publish(*[artifact(n=n + i) for i in range(10)])
        n += 10


with Mesh() as m:
    odl, opnfv = m.node("odl/ci-1"), m.node("opnfv/ci-1").follow("odl/")
    m.befriend()
    file = os.path.join(m.dir, "copy.db")
    odl.cli("backup", file, code=66)  # no node ever ran: nothing to copy
    assert not os.path.exists(file)
    m.start()
    opnfv.wait_peer(odl)
    places = odl.publish(*[artifact(n=i) for i in range(200)])

    stop, more = threading.Event(), []
    thread = threading.Thread(target=load, args=(odl, stop, more), daemon=True)
    thread.start()
    wait("under load", lambda: len(more) > 50)
    acked = len(places) + len(more)
    said = odl.cli("backup", file)
    name, events = said.rstrip().rsplit(": ", 1)
    assert name == file and events.endswith(" events"), said
    events = int(events.split()[0])
    had = len(more)
    wait("more after it", lambda: len(more) > had + 50)
    stop.set()
    thread.join()
    places += more

    # Of one moment: all that was acknowledged before, and whole.
    assert acked <= events < len(places), (acked, events, len(places))
    assert os.stat(file).st_mode & 0o007 == 0
    assert not [f for f in os.listdir(m.dir) if f.startswith("copy.db") and f != "copy.db"]
    shutil.copy(file, file + "-look")
    db = sqlite3.connect(file + "-look")
    assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    assert db.execute("SELECT count(*) FROM event").fetchone() == (events,)
    db.close()

    # Not twice to one name, and not to where there is none.
    before = open(file, "rb").read()
    odl.cli("backup", file, code=78)
    assert open(file, "rb").read() == before
    odl.cli("backup", os.path.join(m.dir, "none", "copy.db"), code=66)
    odl.cli("backup", code=64)

    wait("all at opnfv", lambda: opnfv.status()["stored"] == len(places))
    assert odl.stop() == 0
    again = os.path.join(m.dir, "stopped.db")
    assert f'"events":{len(places)}}}' in odl.cli("backup", again, "--json")

    data = os.path.join(odl.dir, "data", "cimesh.db")
    for end in ("-wal", "-shm"):
        if os.path.exists(data + end):
            os.unlink(data + end)
    shutil.copy(file, data)
    odl.start()
    new = odl.publish(artifact(n=1))[0]
    assert new["epoch"] > max(p["epoch"] for p in places), new
    total = len(places) + 1
    wait("the tail is back", lambda: odl.status()["stored"] == total)
    wait("the new one at opnfv", lambda: opnfv.status()["stored"] == total)
    assert sorted(odl.ids()) == sorted(opnfv.ids())
    assert odl.status()["gaps"] == 0 and not odl.status()["twoWriters"]
    assert not opnfv.peer("odl/ci-1")["equivocation"]

# SPDX-License-Identifier: MPL-2.0
"""A publisher put back from an old copy reuses no position, and gets what it
published since the copy back from its peers."""
import shutil

from mesh import Mesh, artifact, wait

with Mesh() as m:
    odl, opnfv = m.node("odl/ci-1"), m.node("opnfv/ci-1").follow("odl/")
    m.befriend()
    m.start()
    opnfv.wait_peer(odl)
    places = odl.publish(*[artifact(n=i) for i in range(20)])
    assert odl.stop() == 0
    shutil.copytree(odl.dir + "/data", odl.dir + "/old")
    odl.start()
    opnfv.wait_peer(odl)
    for i in range(20, 40):
        places += odl.publish(artifact(n=i))
    wait("all at opnfv", lambda: opnfv.status()["stored"] == 40)
    odl.kill()

    shutil.rmtree(odl.dir + "/data")
    shutil.move(odl.dir + "/old", odl.dir + "/data")
    odl.start()
    new = odl.publish(artifact(n=40))[0]
    assert (new["epoch"], new["seq"]) not in {(p["epoch"], p["seq"]) for p in places}
    assert new["epoch"] > max(p["epoch"] for p in places)
    wait("the tail is back", lambda: odl.status()["stored"] == 41)
    wait("the new one at opnfv", lambda: opnfv.status()["stored"] == 41)
    assert sorted(odl.ids()) == sorted(opnfv.ids())
    assert not odl.status()["twoWriters"]
    assert not opnfv.peer("odl/ci-1")["equivocation"] and not opnfv.peer("odl/ci-1")["twoWriters"]

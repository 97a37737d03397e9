# SPDX-License-Identifier: MPL-2.0
"""A publisher put back from an old copy reuses no position, and gets what it
published since the copy back from its peers: a job that repeats a publish of
that time gets the first answer."""
import shutil

from mesh import Mesh, Refused, artifact, wait

named = artifact(n=99, eventId="0198b6a1-6d5e-7c3a-9b1f-2e4d6c8a0b12")

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
    places += odl.publish(named)
    wait("all at opnfv", lambda: opnfv.status()["stored"] == 41)
    odl.kill()

    shutil.rmtree(odl.dir + "/data")
    shutil.move(odl.dir + "/old", odl.dir + "/data")
    odl.start()
    new = odl.publish(artifact(n=40))[0]
    assert (new["epoch"], new["seq"]) not in {(p["epoch"], p["seq"]) for p in places}
    assert new["epoch"] > max(p["epoch"] for p in places)
    wait("the tail is back", lambda: odl.status()["stored"] == 42)
    wait("the new one at opnfv", lambda: opnfv.status()["stored"] == 42)
    assert sorted(odl.ids()) == sorted(opnfv.ids())
    assert not odl.status()["twoWriters"]
    assert not opnfv.peer("odl/ci-1")["equivocation"] and not opnfv.peer("odl/ci-1")["twoWriters"]

    again = odl.publish(named)[0]
    assert again["again"] and (again["epoch"], again["seq"]) == (
        places[-1]["epoch"], places[-1]["seq"]), again
    try:
        odl.publish(dict(named, projectBranch="other"))
        raise AssertionError("other content under a used id")
    except Refused as e:
        assert e.status == 409, e
    assert odl.status()["stored"] == 42

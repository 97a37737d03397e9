# SPDX-License-Identifier: MPL-2.0
"""The publisher is away: what it said comes from a third community."""
from mesh import Mesh, artifact, wait

with Mesh() as m:
    odl, opnfv, onap = m.node("odl/ci-1"), m.node("opnfv/ci-1"), m.node("onap/ci-1")
    opnfv.follow("odl/ArtifactCreated/master/")
    onap.follow("odl/")
    m.befriend()
    m.start(odl, onap)
    onap.wait_peer(odl)
    places = odl.publish(*[artifact(n=i, branch=["master", "stable"][i % 2]) for i in range(200)])
    wait("onap has all", lambda: onap.status()["stored"] == 200)
    odl.kill()

    opnfv.start()
    wait("opnfv has its half", lambda: opnfv.status()["stored"] == 100, 60)
    assert [e["eventId"] for e in opnfv.all()] == [p["eventId"] for p in places[::2]]
    assert not opnfv.status()["refused"]

    odl.start()
    opnfv.wait_peer(odl)
    wait("complete by the author's word", lambda: opnfv.peer("odl/ci-1")["lag"] == 0)
    assert opnfv.status()["stored"] == 100
